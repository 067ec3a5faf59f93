# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Code Engine entry point of Lithops: a server for gunicorn, or a job."""

import base64
import json
import os

import flask

from lithops import standin_worker

proxy = flask.Flask(__name__)


@proxy.route("/", methods=["POST"])
def run():
    return flask.jsonify(standin_worker.run(flask.request.get_json(force=True))), 202


@proxy.route("/metadata", methods=["GET", "POST"])
def metadata():
    return flask.jsonify(standin_worker.metadata())


if __name__ == "__main__" and "JOB_INDEX" in os.environ:
    payload = json.loads(base64.b64decode(os.environ["PAYLOAD"]))
    known = {"get_metadata": lambda _: standin_worker.metadata(), "run_job": standin_worker.run}
    print(json.dumps(known[os.environ["ACTION"]](payload)))
