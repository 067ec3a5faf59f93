# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Google Cloud Run entry point of Lithops: `proxy` is what gunicorn serves."""

import os

import flask

from lithops import standin_worker

proxy = flask.Flask(__name__)


@proxy.route("/", methods=["POST"])
def run():
    message = flask.request.get_json(force=True, silent=True)
    if not isinstance(message, dict):
        return flask.jsonify({"error": "the request body is not a JSON object"}), 404
    return flask.jsonify(standin_worker.run(message)), 202


@proxy.route("/metadata", methods=["GET", "POST"])
def metadata():
    return flask.jsonify(standin_worker.metadata())


if __name__ == "__main__":
    proxy.run(host="0.0.0.0", port=int(os.getenv("PORT", "8080")))
