# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the AWS Lambda entry point of Lithops."""

from lithops import standin_worker


def lambda_handler(event, context):
    if "get_metadata" in event:
        return standin_worker.metadata()
    return standin_worker.run(event)
