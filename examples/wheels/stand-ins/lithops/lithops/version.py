# SPDX-License-Identifier: Apache-2.0
__version__ = "3.7.1+standin"
