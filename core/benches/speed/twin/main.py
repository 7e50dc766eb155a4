"""PyTorch's side of `just bench --against-pytorch`: the same work under the same names.

A line on standard input, `NAME SECONDS`, asks for a block of runs of one case that takes at least
so long; a line of JSON on standard output answers with the milliseconds of each run and the
processor seconds of the block. `NAME memory` asks for the growth of the memory, see `grown`. The
first line out says which PyTorch this is.
"""

import gc
import json
import sys
import time
from pathlib import Path

import torch

import inference
import operations
import steps

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)

CASES = operations.CASES | steps.CASES | inference.CASES


def block(work, seconds):
    times = []
    started, processor = time.perf_counter(), time.process_time()
    while len(times) < 3 or time.perf_counter() - started < seconds:
        before = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - before))
    return {"times": times, "cpu": time.process_time() - processor}


STEPS = 3


def memory(line):
    """MiB that Linux gives for this process, `VmRSS` now or `VmHWM` at the peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(line + ":")[1].split()[0]) / 2**10


def grown(work):
    """Peak over some steps beyond what the model, made but not yet run, and the moments of its
    optimizer take, MiB. PyTorch makes the moments in the first step."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory("VmRSS")
    for _ in range(STEPS):
        work()
    peak = memory("VmHWM")
    moments = sum(
        moment.numel() * moment.element_size()
        for thing in gc.get_objects()
        if issubclass(type(thing), torch.optim.Optimizer)
        for state in thing.state.values()
        for moment in state.values()
    )
    return peak - before - moments / 2**20


def main():
    print(json.dumps({"version": torch.__version__}), flush=True)
    name, work = None, None
    for line in sys.stdin:
        asked, seconds = line.split()
        if seconds == "memory":
            print(json.dumps({"grown": grown(CASES[asked]())}), flush=True)
            continue
        if asked != name:
            # One case at a time, so that the memory of the last one is free again.
            name, work = asked, None
            work = CASES[name]()
            work()
            work()
        print(json.dumps(block(work, float(seconds))), flush=True)


main()
