"""One program of a pair, a process of its own: `python3 -m gpu_bench.worker KIND MODEL BATCH DEVICE`. It makes its model, says so in one
line of JSON, and then does a window for each line of JSON that it reads. The end of its input ends it."""

import json
import sys
import time

from .arithmetic import percentile
from .loops import calibrate, fill, serve, train


def main(arguments):
    kind, model, batch, device = arguments
    work = make_work(kind, model, int(batch), device)
    say({"ready": True, "seconds_each": calibrate(work, time.monotonic), "memory_bytes": work.memory_bytes()})
    for line in sys.stdin:
        say(window(work, kind, json.loads(line)))


def make_work(kind, model, batch, device):
    if device == "fake":
        from .fake_work import FakeWork

        return FakeWork(kind)
    from .torch_work import TorchWork

    return TorchWork(kind, model, batch, device)


def window(work, kind, asked):
    # Both programs of a pair begin at the same moment: CLOCK_MONOTONIC is one clock for the machine.
    time.sleep(max(0, asked.get("start_at_s", 0) - time.monotonic()))
    if kind == "train":
        return train(work, asked["seconds"], asked.get("bubble_seconds", 0), time.monotonic, time.sleep)
    if kind == "serve":
        slo_ms = asked.get("slo_ms")
        return serve(work, asked["seconds"], asked["seed"], asked["rate_per_s"], slo_ms, time.monotonic, time.sleep, say_lately)
    return fill(work, asked["seconds"], time.monotonic)


def say_lately(latencies_ms):
    say({"lately": {"latency_ms": percentile(latencies_ms, 0.99), "requests": len(latencies_ms)}})


def say(message):
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
