"""How fast a function is with what it has been given: what the profiler (physical-plane/gpu-sharing/profiler) starts for each probe.

    python -m cloudless.profile --handler module:Class --bundle FOLDER --percentile 99 --per request

answers batches of CLOUDLESS_PROFILE_BATCH for CLOUDLESS_PROFILE_SECONDS, after a warm-up. A training script needs nothing: where
CLOUDLESS_PROFILE_SECONDS is set and no parameter server is, its session measures its steps and ends it. Either prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

#: So much of the time, and at least so many turns, are not counted: kernels are compiled and quotas settle in them.
WARM_UP_PART = 0.2
WARM_UP_TURNS = 3
TURNS_MAX = 1_000_000


class Stopwatch:
    """Counts turns of a loop for so long; `turn` answers True once there is enough."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._started: float | None = None
        self._begun: float | None = None
        self._last = 0.0
        self._warm_turns = 0
        self._turns: list[float] = []
        self._latencies: list[float] = []

    def turn(self, parts: int = 1) -> bool:
        """A turn whose latency is that of so many parts, one after the other."""
        now = self._clock()
        if self._started is None:
            self._started = now
        if self._begun is None:
            self._warm_turns += 1
            is_warm = now - self._started >= WARM_UP_PART * self._seconds and self._warm_turns > WARM_UP_TURNS
            if is_warm:
                self._begun = now
        else:
            self._turns.append(now - self._last)
            self._latencies.append((now - self._last) / parts)
        self._last = now
        if self._begun is None or not self._turns:
            return False
        return now - self._begun >= self._seconds or len(self._turns) >= TURNS_MAX

    def answer(self, percentile: float, per_turn: int) -> str:
        """`per_turn` requests or samples are done in each turn."""
        ordered = sorted(self._latencies)
        at = min(len(ordered) - 1, math.ceil(percentile / 100 * len(ordered)) - 1)
        return json.dumps(
            {
                "latency_ms": 1000 * ordered[max(0, at)],
                "throughput_per_second": per_turn * len(self._turns) / sum(self._turns),
            }
        )


def out_of_memory() -> str:
    return json.dumps({"out_of_memory": True})


def is_out_of_memory(error: BaseException) -> bool:
    """PyTorch's own error, or the driver's by its code or its words."""
    kind = type(error).__name__
    return kind == "OutOfMemoryError" or (kind == "CudaError" and getattr(error, "code", 0) == 2) or (
        isinstance(error, RuntimeError) and "out of memory" in str(error)
    )


def end_with(line: str) -> None:
    """The last line of all: nothing that the script prints at its exit comes after it."""
    print(line, flush=True)
    sys.stderr.flush()
    os._exit(0)


def profiled_steps() -> Callable[[], None] | None:
    """What a session that runs alone calls after each step; None where nobody profiles."""
    given = os.environ.get("CLOUDLESS_PROFILE_SECONDS")
    if given is None:
        return None
    stopwatch = Stopwatch(_positive("CLOUDLESS_PROFILE_SECONDS", given))
    others = sys.excepthook

    def on_error(kind: Any, error: BaseException, trace: Any) -> None:
        if is_out_of_memory(error):
            end_with(out_of_memory())
        others(kind, error, trace)

    sys.excepthook = on_error

    def after_step() -> None:
        if stopwatch.turn():
            end_with(stopwatch.answer(percentile=50, per_turn=1))

    return after_step


def profile_handler(named: str, folder: str, batch: int, seconds: float, percentile: float, is_per_token: bool) -> str:
    from .serve.handler import Handler
    from .serve.tokens import most_tokens

    handler = Handler(named, folder, is_per_token)
    try:
        handler.load()
        inputs = example(handler, batch)
        stopwatch = Stopwatch(seconds)
        stopwatch.turn()
        while True:
            outputs = handler.predict(inputs)
            if stopwatch.turn(most_tokens(outputs) if is_per_token else 1):
                return stopwatch.answer(percentile, per_turn=batch)
    except Exception as error:
        if is_out_of_memory(error):
            return out_of_memory()
        raise


def example(handler: Any, rows: int) -> dict:
    """Zeros of what the handler declares as its inputs, in so many rows."""
    import numpy

    from .serve.errors import HandlerFault
    from .serve.datatypes import numpy_type

    if handler.inputs is None:
        raise HandlerFault('to be profiled the class must declare its inputs, like inputs = {"images": ("FP32", [-1, 784])}')
    arrays = {}
    for name, (datatype, shape) in handler.inputs.items():
        open_sizes = [place for place, size in enumerate(shape) if size < 0 and place > 0]
        if open_sizes:
            raise HandlerFault(f"input {name!r} has shape {shape}; to be profiled only its first size may be open")
        arrays[name] = numpy.zeros([rows, *shape[1:]], dtype=numpy_type(datatype))
    return arrays


def _positive(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} is {text!r}; it must be a positive number")
    return value


def main() -> int:
    parser = argparse.ArgumentParser(prog="cloudless.profile")
    parser.add_argument("--handler", required=True, help="module:Class")
    parser.add_argument("--bundle", required=True, help="folder of the user's code")
    parser.add_argument("--percentile", type=float, default=99, help="of the latency")
    parser.add_argument("--per", choices=("request", "token"), default="request", help="what the latency is of")
    options = parser.parse_args()
    batch = int(_positive("CLOUDLESS_PROFILE_BATCH", os.environ.get("CLOUDLESS_PROFILE_BATCH", "1")))
    seconds = _positive("CLOUDLESS_PROFILE_SECONDS", os.environ.get("CLOUDLESS_PROFILE_SECONDS", "5"))
    is_per_token = options.per == "token"
    print(profile_handler(options.handler, options.bundle, batch, seconds, options.percentile, is_per_token), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
