"""Are all launches counted? `python3 -m gpu_bench.verify_counts CASE` runs under the interposer, does the same work twice, once watched by
the interposer's own counters and once by torch's profiler (NVIDIA's CUPTI, below any library of ours), and prints both counts."""

import json
import os
import sys

import torch
from torch import nn

from .shared_file import slot_of

TIMES = 50
LAUNCHES = {"cudaLaunchKernel", "cudaLaunchKernelExC", "cudaLaunchCooperativeKernel", "cuLaunchKernel", "cuLaunchKernelEx", "cuLaunchCooperativeKernel"}
GRAPH_LAUNCHES = {"cudaGraphLaunch", "cuGraphLaunch"}


def main(case):
    run = {"eager": eager, "compile": compiled, "triton": triton_kernel, "graph": graph}[case]()
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    kernels, graphs = profiled(run)
    path = os.environ["CLOUDLESS_GPU_FILES"].split(":")[0]
    before = slot_of(path, os.getpid())
    if before is None:
        raise SystemExit("this process has no slot in the shared file: the interposer was not loaded or saw no launch")
    for _ in range(TIMES):
        run()
    torch.cuda.synchronize()
    after = slot_of(path, os.getpid())
    counted_graphs = after["graph_launches"] - before["graph_launches"]
    print(
        json.dumps(
            {
                "expected_kernels": kernels,
                "expected_graphs": graphs,
                "counted_kernels": after["launches"] - before["launches"] - counted_graphs,
                "counted_graphs": counted_graphs,
                "spent_ns": after["spent_ns"] - before["spent_ns"],
                "gpu_ns": after["gpu_ns"] - before["gpu_ns"],
            }
        )
    )


def profiled(run):
    """(kernel launches, graph launches) that TIMES of the work make, as CUPTI sees them."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(TIMES):
            run()
        torch.cuda.synchronize()
    names = [event.name for event in profile.events()]
    return sum(name in LAUNCHES for name in names), sum(name in GRAPH_LAUNCHES for name in names)


def network():
    torch.manual_seed(0)
    layers = [layer for _ in range(4) for layer in (nn.Linear(1024, 1024), nn.GELU(), nn.LayerNorm(1024))]
    return nn.Sequential(*layers).cuda().half().eval(), torch.randn(64, 1024, device="cuda", dtype=torch.half)


def eager():
    model, x = network()

    def run():
        with torch.inference_mode():
            model(x)

    return run


def compiled():
    model, x = network()
    fast = torch.compile(model, mode="reduce-overhead")

    def run():
        with torch.inference_mode():
            torch.compiler.cudagraph_mark_step_begin()
            fast(x)

    return run


def graph():
    from .torch_work import capture

    return capture(eager())


def triton_kernel():
    from .triton_add import add

    x = torch.randn(1 << 20, device="cuda")
    return lambda: add(x, x)


if __name__ == "__main__":
    main(sys.argv[1])
