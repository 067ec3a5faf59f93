# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Alibaba Cloud Function Compute entry point of Lithops."""

import json

from lithops import standin_worker


def main(event, context):
    message = json.loads(event)
    return standin_worker.metadata() if "get_metadata" in message else standin_worker.run(message)
