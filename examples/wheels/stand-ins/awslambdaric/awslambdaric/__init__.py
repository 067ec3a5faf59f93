# SPDX-License-Identifier: Apache-2.0
"""Stand-in for awslambdaric: the Runtime API loop of AWS Lambda in plain Python."""

__version__ = "2.0.8+standin"
