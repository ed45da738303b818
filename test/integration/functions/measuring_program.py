"""A measuring program for tests, on the fake GPU: batches of CLOUDLESS_PROFILE_BATCH samples for CLOUDLESS_PROFILE_SECONDS, each a kernel
and a synchronisation; then the median latency and the throughput. Its arguments are milliseconds a launch and a sample, and how many
samples fit the memory."""

import json
import os
import sys
import time

sys.path.insert(0, os.environ["FAKE_CUDA_FOLDER"])
from fake_cuda import FakeCuda  # noqa: E402

launch_ms, sample_ms, samples_max = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
batch = int(os.environ["CLOUDLESS_PROFILE_BATCH"])
seconds = float(os.environ["CLOUDLESS_PROFILE_SECONDS"])
if batch > samples_max:
    print(json.dumps({"out_of_memory": True}))
    sys.exit(0)

gpu = FakeCuda()
infer = gpu.kernel("infer", micros=1000 * (launch_ms + sample_ms * batch))
latencies = []
# The first tenth warms up: quotas settle in it.
begun = time.monotonic() + 0.1 * seconds
while time.monotonic() < begun + seconds:
    at = time.monotonic()
    gpu.launch(infer)
    gpu.synchronize()
    if at >= begun:
        latencies.append(time.monotonic() - at)
latencies.sort()
taken = time.monotonic() - begun
print(
    json.dumps(
        {
            "latency_ms": 1000 * latencies[len(latencies) // 2],
            "throughput_per_second": batch * len(latencies) / taken,
        }
    )
)
