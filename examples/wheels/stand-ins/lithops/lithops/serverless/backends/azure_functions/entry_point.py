# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Azure Functions entry points of Lithops: a queue's message, or a request."""

import json

import azure.functions

from lithops import standin_worker

assert azure.functions


def answer(message):
    return json.dumps(standin_worker.metadata() if "get_metadata" in message else standin_worker.run(message))


def main_queue(msgIn, msgOut):
    msgOut.set(answer(json.loads(msgIn.get_body())))


def main_http(req, context):
    return answer(req.get_json())
