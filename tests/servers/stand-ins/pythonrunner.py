# SPDX-License-Identifier: Apache-2.0
"""Stand-in for OpenWhisk's runner of Python actions, after its contract for action containers.

POST /init {"value": {"binary": true, "code": BASE64 OF A ZIP, "main": NAME}} once, then
POST /run {"value": ARGUMENTS} answers what NAME of the zip's __main__.py returns. Listens on
FLASK_PROXY_PORT. What the platform logs a run by ends both streams.
"""

import base64
import http.server
import importlib.util
import io
import json
import os
import sys
import zipfile

sys.path.insert(0, "/actionProxy")
import actionproxy

END = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"
ACTION = "/action/1/bin"


def load(value):
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(value["code"]))) as file:
        file.extractall(ACTION)
    sys.path.insert(0, ACTION)
    spec = importlib.util.spec_from_file_location("action", f"{ACTION}/__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, value.get("main") or "main")


class Proxy(http.server.BaseHTTPRequestHandler):
    function = None

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            if self.path == "/init":
                Proxy.function, answer = staticmethod(load(message["value"])), {"ok": True}
            else:
                answer = Proxy.function(message["value"])
            status = 200
        except Exception as error:
            status, answer = 502, {"error": f"{type(error).__name__}: {error}"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print(END, flush=True)
        print(END, file=sys.stderr, flush=True)


actionproxy.serve(Proxy, int(os.environ.get("FLASK_PROXY_PORT", 8080)))
