# SPDX-License-Identifier: Apache-2.0
"""An example of a map function: `f` is applied to each input, on a worker of its own."""

from words import longest


def f(text):
    """What one worker finds out about its piece of text."""
    lengths = [len(word) for word in text.split()]
    return {
        "words": len(lengths),
        "mean": round(sum(lengths) / len(lengths), 2) if lengths else 0,
        "longest": longest(text),
    }
