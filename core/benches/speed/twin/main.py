"""PyTorch's side of `just bench --against-pytorch`: the same work under the same names.

A line on standard input, `NAME SECONDS`, asks for a block of runs of one case that takes at least
so long; a line of JSON on standard output answers with the milliseconds of each run and the
processor seconds of the block. The first line out says which PyTorch this is.
"""

import json
import sys
import time

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


def main():
    print(json.dumps({"version": torch.__version__}), flush=True)
    name, work = None, None
    for line in sys.stdin:
        asked, seconds = line.split()
        if asked != name:
            # One case at a time, so that the memory of the last one is free again.
            name, work = asked, None
            work = CASES[name]()
            work()
            work()
        print(json.dumps(block(work, float(seconds))), flush=True)


main()
