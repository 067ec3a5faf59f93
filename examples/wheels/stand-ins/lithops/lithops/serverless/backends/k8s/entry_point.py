# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Kubernetes entry point of Lithops: lithopsentry.py ACTION BASE64_OF_JSON."""

import base64
import json
import sys

from lithops import standin_worker


def main(action, encoded):
    payload = json.loads(base64.b64decode(encoded))
    if action == "get_metadata":
        print(json.dumps(standin_worker.metadata()))
    elif action == "run_job":
        print(json.dumps(standin_worker.run(payload)))
    else:
        sys.exit(f"lithopsentry: the stand-in knows get_metadata and run_job, not {action!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
