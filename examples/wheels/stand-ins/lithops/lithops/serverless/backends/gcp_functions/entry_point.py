# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Google Cloud Functions entry point of Lithops: Pub/Sub events and requests."""

import base64
import json

from lithops import standin_worker


def main(data, context=None):
    event = isinstance(data, dict) and "data" in data
    message = json.loads(base64.b64decode(data["data"])) if event else data.get_json(force=True)
    return standin_worker.metadata() if "get_metadata" in message else standin_worker.run(message)
