# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the IBM Cloud Functions entry point of Lithops."""

from lithops import standin_worker


def main(args):
    return standin_worker.metadata() if "get_metadata" in args else standin_worker.run(args)
