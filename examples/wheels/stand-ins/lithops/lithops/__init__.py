# SPDX-License-Identifier: Apache-2.0
"""Stand-in for Lithops: the entry points of three backends and a worker that runs a baked function.

It has the file layout rtbuild needs of the real package and none of its client.
"""

from lithops.version import __version__

__all__ = ["__version__"]
