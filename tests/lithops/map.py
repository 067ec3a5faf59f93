# SPDX-License-Identifier: Apache-2.0
"""A map by the configuration that is named: the client's side of the tests."""
import sys

import lithops


def add(x):
    return x + 10


if __name__ == "__main__":
    with lithops.FunctionExecutor(config_file=sys.argv[1]) as executor:
        executor.map(add, [1, 2, 3])
        print("RESULT", executor.get_result())
