# SPDX-License-Identifier: Apache-2.0
"""Runs the function baked into an image, in the way the worker of Lithops finds it.

    python3 -m lithops.standin_worker '[1, 2, [3, 4], {"x": 5}]'

applies the function of /opt/lithops/func.pickle to each input of the JSON list (of stdin without
an argument) and prints the JSON list of results. As in Lithops an object is passed as keyword
arguments, a list as positional ones, anything else as the only argument.
"""

import base64
import json
import os
import pickle
import pkgutil
import sys
import tempfile

from lithops.version import __version__

FUNCTION_FILE = "/opt/lithops/func.pickle"


def load_function(path=FUNCTION_FILE):
    """The baked function: a pickled dict, in it the pickled function and perhaps its modules."""
    with open(path, "rb") as file:
        baked = pickle.loads(file.read())
    if baked.get("module_data"):
        folder = tempfile.mkdtemp(prefix="lithops-modules-")
        for name, text in baked["module_data"].items():
            target = os.path.join(folder, name.lstrip("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(base64.b64decode(text))
        sys.path.append(folder)
    return pickle.loads(baked["func"])


def call(function, value):
    if isinstance(value, dict):
        return function(**value)
    if isinstance(value, list):
        return function(*value)
    return function(value)


def run(payload):
    """{"inputs": [...]} -> {"results": [...]}"""
    function = load_function()
    return {"results": [call(function, value) for value in payload["inputs"]]}


def metadata():
    """What Lithops asks of a new runtime."""
    return {
        "lithops_version": __version__,
        "python_version": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "preinstalls": sorted([module.name, module.ispkg] for module in pkgutil.iter_modules()),
    }


def main(argv):
    text = argv[1] if len(argv) > 1 else sys.stdin.read()
    print(json.dumps(run({"inputs": json.loads(text)})["results"]))


if __name__ == "__main__":
    main(sys.argv)
