"""Measures one cell: one pair under one setting, all seeds in one run of its two processes."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass

from .children import Child, running, worker_command
from .matrix import LOAD
from .mps import mps
from .sharing import manager

START_SECONDS = 150  # cuDNN and the compiler may search for long when they are first used
START_TOGETHER_SECONDS = 0.3
ANSWER_GRACE_SECONDS = 60


@dataclass(frozen=True)
class Bench:
    """What all measurements share."""

    folder: str
    device: str  # cuda | fake | cpu
    library: str | None
    seeds: tuple
    window_seconds: float
    base_environment: dict
    mps: object = mps  # how MPS is turned on; the fake GPU has a model instead


def measure_alone(bench, program):
    """A program with the device to itself: how fast it is, and for a server also its latencies at the load, from which its SLO follows."""
    child = Child(program.name, worker_command(program, bench.device), dict(bench.base_environment), bench.folder)
    with running([child]):
        ready = child.answer(START_SECONDS)
        each = ready["seconds_each"]
        bubble_seconds = each * program.bubble / (1 - program.bubble)
        rate_per_s = LOAD / each
        windows = []
        for seed in bench.seeds:
            child.ask({"seconds": bench.window_seconds, "seed": seed, "rate_per_s": rate_per_s, "bubble_seconds": bubble_seconds})
            windows.append(child.answer(bench.window_seconds + ANSWER_GRACE_SECONDS))
        return {
            "name": program.name,
            "kind": program.kind,
            "seconds_each": each,
            "memory_bytes": ready["memory_bytes"],
            "rate_per_s": rate_per_s,
            "bubble_seconds": bubble_seconds,
            "windows": windows,
        }


def measure_pair(bench, pair, setting, alone):
    """`alone` maps a program's name to what `measure_alone` found, with the server's `slo_ms`."""
    programs = (pair.primary, pair.other)
    with ExitStack() as stack:
        environment = {**bench.base_environment}
        if setting.uses_mps:
            environment |= stack.enter_context(bench.mps(bench.folder))
        if setting.thread_percentage:
            environment["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = str(setting.thread_percentage)
        sharing = None
        if setting.uses_interposer:
            registered = [(program, program.share, alone[program.name].get("slo_ms"), 0) for program in programs]
            sharing = stack.enter_context(manager(bench.folder, bench.library, registered))
        children = []
        stack.enter_context(running(children))
        for index, program in enumerate(programs):
            own = sharing.environment(index + 1, program.share) if sharing else {}
            name = f"{program.name} {'primary' if index == 0 else 'other'}"
            on_lately = sharing.latency_of(index + 1) if sharing else None
            children.append(Child(name, worker_command(program, bench.device), {**environment, **own}, bench.folder, on_lately))
        for child in children:
            child.answer(START_SECONDS)
        windows = [measure_window(bench, children, programs, seed, alone) for seed in bench.seeds]
        uses = sharing.uses() if sharing else None
    return {
        "pair": pair.name,
        "primary": pair.primary.name,
        "other": pair.other.name,
        "setting": setting.name,
        "windows": windows,
        "uses": uses,
    }


def measure_window(bench, children, programs, seed, alone):
    start_at_s = time.monotonic() + START_TOGETHER_SECONDS
    for child, program in zip(children, programs, strict=True):
        known = alone[program.name]
        child.ask(
            {
                "start_at_s": start_at_s,
                "seconds": bench.window_seconds,
                "seed": seed,
                "rate_per_s": known["rate_per_s"],
                "bubble_seconds": known["bubble_seconds"],
                "slo_ms": known.get("slo_ms"),
            }
        )
    wait = bench.window_seconds + ANSWER_GRACE_SECONDS
    primary, other = (child.answer(wait) for child in children)
    return {"seed": seed, "primary": primary, "other": other}


def clean_environment():
    """Nothing of an earlier setting reaches a process."""
    removed = ("LD_PRELOAD", "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY", "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")
    kept = {name: value for name, value in os.environ.items() if name not in removed and not name.startswith("CLOUDLESS_GPU_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "CUDA_VISIBLE_DEVICES": kept.get("CUDA_VISIBLE_DEVICES", "0")}
