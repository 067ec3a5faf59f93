# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ps_mem: the three functions the worker of Lithops calls, with its return shapes."""

import os
import sys

__version__ = "3.14+standin"


def verify_environment(pids_to_show):
    if not os.path.isdir("/proc/self"):
        sys.exit("ps_mem: /proc is not mounted")


def get_memory_usage(pids_to_show, split_args, discriminate_by_pid, include_self=False, only_self=False):
    """Returns (sorted commands, shared, count, total KiB, swaps, total swap) of all processes."""
    commands, count, total = {}, {}, 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if pids_to_show and int(pid) not in pids_to_show:
            continue
        if int(pid) == os.getpid() and not include_self:
            continue
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                pss = sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                command = file.read().strip()
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
        commands[command] = commands.get(command, 0) + pss
        count[command] = count.get(command, 0) + 1
        total += pss
    return sorted(commands.items(), key=lambda item: item[1]), {}, count, total, {}, 0


def human(num, power="Ki", units=None):
    """Text for num in units of power; in plain bytes when units is 1."""
    if units is not None:
        return f"{num * 1024 / units:.0f}"
    powers = ["Ki", "Mi", "Gi", "Ti"]
    while num >= 1000 and power != powers[-1]:
        num /= 1024
        power = powers[powers.index(power) + 1]
    return f"{num:.1f} {power}B"
