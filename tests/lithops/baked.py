# SPDX-License-Identifier: Apache-2.0
"""A map whose function is baked into the runtime: `baked.py CONFIG EXTENDED-IMAGE`.

Knative is stood in for by containers: what its backend would ask a cluster for (deploying a runtime,
invoking it) is done by `rtbuild run`. All else is Lithops' own.
"""


def f(x):
    return x + 100


if __name__ == "__main__":
    import json
    import subprocess
    import sys
    import threading

    import lithops
    from lithops.serverless.backends.knative.knative import KnativeServingBackend as Backend

    config, extended, socket = sys.argv[1:4]

    def run(image, code, text=""):
        words = ["rtbuild", "run", "-q", "-i", "-v", socket + ":" + socket, image, "python3", "-c", code]
        done = subprocess.run(words, input=text, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stderr)
        return done.stdout

    def deploy_runtime(self, runtime_name, memory, timeout):
        code = "import json; from lithops.worker.utils import get_runtime_metadata as g; print(json.dumps(g()))"
        return json.loads(run(runtime_name, code).strip().splitlines()[-1])

    def invoke(self, runtime_name, memory, payload, return_result=False):
        code = "import json, sys; from lithops.worker import function_handler as h; h(json.load(sys.stdin))"
        assert runtime_name == extended, runtime_name
        text = json.dumps(payload, default=str)
        threading.Thread(target=run, args=(runtime_name, code, text)).start()
        return "activation"

    Backend.deploy_runtime = deploy_runtime
    Backend.invoke = invoke

    # What `lithops runtime deploy EXTENDED` does: its metadata is in the storage from then on.
    with lithops.FunctionExecutor(config_file=config, runtime=extended) as executor:
        executor.invoker.select_runtime("A000", None)
    with lithops.FunctionExecutor(config_file=config) as executor:
        executor.map(f, [1, 2, 3])
        print("RESULT", executor.get_result())
