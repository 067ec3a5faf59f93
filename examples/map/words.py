# SPDX-License-Identifier: Apache-2.0
"""A helper of map.py, baked with it because map.py imports it from its own directory."""


def longest(text):
    """The longest word; the first of several."""
    return max(text.split(), key=len, default="")
