# SPDX-License-Identifier: Apache-2.0
"""Stand-in for Oracle's fdk, after the Fn project's contract for function containers (http-stream).

    fdk HANDLER.py [FUNCTION]

Listens on the Unix socket FN_LISTENER names, which the platform finds only once it is ready: made
under another name, open to all, then linked. Answers `POST /call`.
"""

import http.server
import importlib.util
import io
import json
import os
import socketserver
import sys
import types


class Call(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = types.SimpleNamespace(CallID=lambda: self.headers.get("Fn-Call-Id"))
        try:
            status, body = 200, json.dumps(self.server.function(call, io.BytesIO(data))).encode()
        except Exception as error:
            status, body = 502, str(error).encode()
        self.send_response(status if self.path == "/call" else 404)
        self.send_header("Fn-Http-Status", str(status))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "platform"


class Server(socketserver.UnixStreamServer):
    def __init__(self, path, function):
        self.function = function
        super().__init__(path + ".phony", Call)
        os.chmod(path + ".phony", 0o666)
        os.symlink(os.path.basename(path) + ".phony", path)


def main():
    if os.environ.get("FN_FORMAT") != "http-stream":
        sys.exit("fdk: FN_FORMAT is not http-stream")
    listener = os.environ["FN_LISTENER"]
    spec = importlib.util.spec_from_file_location("func", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    Server(listener.removeprefix("unix:"), getattr(module, *sys.argv[2:3] or ["handler"])).serve_forever()
