# SPDX-License-Identifier: Apache-2.0
"""Stand-in for OpenWhisk's action proxy: the part pythonrunner.py imports."""

import http.server


def serve(handler, port):
    server = http.server.HTTPServer(("", port), handler)
    print(f"Listening at {server.server_port}", flush=True)
    server.serve_forever()
