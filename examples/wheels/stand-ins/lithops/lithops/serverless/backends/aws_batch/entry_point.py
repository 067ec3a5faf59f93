# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the AWS Batch entry point of Lithops: $__LITHOPS_ACTION on $__LITHOPS_PAYLOAD."""

import json
import os

from lithops import standin_worker

payload = json.loads(os.environ["__LITHOPS_PAYLOAD"])
if os.environ["__LITHOPS_ACTION"] == "get_metadata":
    print(json.dumps(standin_worker.metadata()))
else:
    print(json.dumps(standin_worker.run(payload)))
