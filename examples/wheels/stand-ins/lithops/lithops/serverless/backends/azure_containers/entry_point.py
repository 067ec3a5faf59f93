# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Azure Container Apps entry point of Lithops: one message, from $MESSAGE here."""

import json
import os

from lithops import standin_worker

queue_name = os.environ["QueueName"]
message = json.loads(os.environ["MESSAGE"])
answer = standin_worker.metadata() if message["action"] == "get_metadata" else standin_worker.run(message)
print(json.dumps({"queue": queue_name, **answer}))
