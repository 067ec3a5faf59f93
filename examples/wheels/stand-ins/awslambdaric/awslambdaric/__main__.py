# SPDX-License-Identifier: Apache-2.0
"""python -m awslambdaric MODULE.FUNCTION: serves invocations of $AWS_LAMBDA_RUNTIME_API for ever."""

import http.client
import importlib
import json
import os
import sys
import traceback
import types

API = "/2018-06-01/runtime"


def request(connection, method, path, body=None, headers=None):
    connection.request(method, API + path, body, headers or {})
    reply = connection.getresponse()
    return reply, reply.read()


def problem(error):
    return json.dumps({
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    })


def find_handler(name):
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def serve_one(connection, handler):
    reply, event = request(connection, "GET", "/invocation/next")
    request_id = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    context = types.SimpleNamespace(
        aws_request_id=request_id,
        function_name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        invoked_function_arn=reply.headers.get("Lambda-Runtime-Invoked-Function-Arn"),
        deadline_ms=int(reply.headers.get("Lambda-Runtime-Deadline-Ms", 0)))
    try:
        answer = json.dumps(handler(json.loads(event), context))
    except Exception as error:
        traceback.print_exc()
        request(connection, "POST", f"/invocation/{request_id}/error", problem(error),
                {"Lambda-Runtime-Function-Error-Type": f"Function.{type(error).__name__}"})
        return
    request(connection, "POST", f"/invocation/{request_id}/response", answer)


def main(argv):
    if len(argv) != 2:
        sys.exit("usage: python -m awslambdaric MODULE.FUNCTION")
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    if not address:
        sys.exit("awslambdaric: AWS_LAMBDA_RUNTIME_API is not set: this runs inside AWS Lambda or its emulator")
    sys.path.insert(0, os.getcwd())
    connection = http.client.HTTPConnection(address)
    try:
        handler = find_handler(argv[1])
    except Exception as error:
        request(connection, "POST", "/init/error", problem(error),
                {"Lambda-Runtime-Function-Error-Type": f"Runtime.{type(error).__name__}"})
        raise
    while True:
        serve_one(connection, handler)


if __name__ == "__main__":
    main(sys.argv)
