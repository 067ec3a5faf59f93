# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Singularity entry point of Lithops: lithopsentry.py AMQP_URL."""

import json
import sys

from lithops import standin_worker

if __name__ == "__main__":
    print(json.dumps({"url": sys.argv[1], **standin_worker.metadata()}))
