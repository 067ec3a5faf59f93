# SPDX-License-Identifier: Apache-2.0
"""Stand-in for Alibaba's custom-container entry point of Lithops: `app` is what gunicorn serves."""

import flask

from lithops import standin_worker

app = flask.Flask(__name__)


@app.route("/initialize", methods=["POST"])
def initialize():
    return "OK"


@app.route("/invoke", methods=["POST"])
def invoke():
    message = flask.request.get_json(force=True)
    answer = standin_worker.metadata() if "get_metadata" in message else standin_worker.run(message)
    return flask.jsonify(answer)
