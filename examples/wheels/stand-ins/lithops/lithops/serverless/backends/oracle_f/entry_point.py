# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Oracle Functions entry point of Lithops."""

import json

from lithops import standin_worker


def handler(ctx, data=None):
    message = json.loads(data.getvalue())
    return standin_worker.metadata() if "get_metadata" in message else standin_worker.run(message)
