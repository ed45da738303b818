"""The checks of counts and of memory limits on the fake GPU, where what is launched is known: `python3 -m gpu_bench.fake_checks eager`,
`... graph`, `... memory LIMIT_BYTES`."""

import json
import os
import sys

from .fake_work import FakeWork
from .shared_file import slot_of

TIMES = 20
OUT_OF_MEMORY = 2


def main(case, *arguments):
    print(json.dumps(memory(int(arguments[0])) if case == "memory" else counts(case)))


def counts(case):
    work = FakeWork("serve" if case == "eager" else "fill")
    work.run()
    work.wait()
    path = os.environ["CLOUDLESS_GPU_FILES"].split(":")[0]
    before = slot_of(path, os.getpid())
    if before is None:
        raise SystemExit("this process has no slot in the shared file: the interposer was not loaded or saw no launch")
    for _ in range(TIMES):
        work.run()
    work.wait()
    after = slot_of(path, os.getpid())
    graphs = after["graph_launches"] - before["graph_launches"]
    return {
        "expected_kernels": TIMES * work.kernels if case == "eager" else 0,
        "expected_graphs": TIMES if case == "graph" else 0,
        "counted_kernels": after["launches"] - before["launches"] - graphs,
        "counted_graphs": graphs,
    }


def memory(limit_bytes):
    from fake_cuda import CudaError, FakeCuda

    device = FakeCuda()
    half = device.allocate(limit_bytes // 2)
    free_bytes, total_bytes = device.memory()
    try:
        device.allocate(limit_bytes)
        was_refused = False
    except CudaError as error:
        was_refused = error.code == OUT_OF_MEMORY
    device.free(half)
    device.allocate(limit_bytes // 2)
    return {"was_refused": was_refused, "is_had_again": True, "total_bytes": total_bytes, "free_bytes": free_bytes}


if __name__ == "__main__":
    main(*sys.argv[1:])
