"""The steps, each one JSON file: done again only when its file is gone. `pairs` goes on where it stopped."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from . import matrix
from .arithmetic import median, quota_error, slo_of
from .bars import evaluate
from .cells import Bench, clean_environment, measure_alone, measure_pair
from .children import ChildFailed
from .machine import probe
from .mps import MpsRefused
from .sharing import build_interposer, manager
from .table import report

STEPS = ("probe", "build", "verify", "memory", "exclusive", "quota", "pairs")
START_ESTIMATE_SECONDS = 25  # two processes that import torch and make their models
CASE_SECONDS = 180
MEMORY_LIMIT_BYTES = 4 << 30
FATAL = ("probe", "build")
WHOLE_DEVICE = matrix.Share("confined", 1000, 1000)
VERIFY_CASES = ("eager", "graph", "compile", "triton")
FAKE_VERIFY_CASES = ("eager", "graph")
FAKE_MEMORY_CASES = {"cuMemAlloc": {}}
MEMORY_CASES = {
    "cudaMalloc": {},
    "expandable segments": {"PYTORCH_ALLOC_CONF": "expandable_segments:True", "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"},
    "cudaMallocAsync": {"PYTORCH_ALLOC_CONF": "backend:cudaMallocAsync", "PYTORCH_CUDA_ALLOC_CONF": "backend:cudaMallocAsync"},
}


@dataclass(frozen=True)
class Options:
    results: Path
    pairs: tuple
    seeds: tuple
    window_seconds: float
    device: str  # cuda | fake
    seconds_left: object  # () -> float
    fake: object = None  # what stands in for a GPU: see fake_gpu.py


class OutOfTime(Exception):
    """The time of this call is used up; what was measured is kept, and the next call goes on."""


class Steps:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="cloudless-gpu-bench-")
        options.results.mkdir(parents=True, exist_ok=True)

    def run(self, names):
        """Whether everything asked for is done."""
        for name in names:
            if self.is_done(name):
                print(f"{name}: done before", flush=True)
                continue
            print(f"{name} ...", flush=True)
            try:
                found = getattr(self, name)()
                if found is not None:
                    self.write(name, found)
            except OutOfTime as late:
                print(f"{name}: {late}", flush=True)
                return False
            except (ChildFailed, MpsRefused) as failed:
                self.write(name, {"skipped": str(failed)})
                print(f"{name}: not run: {failed}", flush=True)
                if name in FATAL:
                    return False
        return True

    def read(self, name):
        path = self.options.results / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def write(self, name, value):
        """Whole or not there."""
        path = self.options.results / f"{name}.json"
        scratch = path.with_suffix(".tmp")
        scratch.write_text(json.dumps(value, indent=1))
        os.replace(scratch, path)

    def is_done(self, name):
        found = self.read(name)
        return found is not None and found.get("is_partial") is not True and "skipped" not in found

    def report(self):
        steps = {name: self.read(name) for name in STEPS}
        (self.options.results / "report.md").write_text(report(steps))
        self.write("report", {"date": (steps["probe"] or {}).get("date"), "bars": [asdict(bar) for bar in evaluate(steps)]})
        return steps

    # The steps.

    def probe(self):
        found = probe(self.options.device == "fake")
        if found.get("gpu") is None:
            raise ChildFailed(f"no GPU: {found.get('because')}")
        return found

    def build(self):
        """The library is of this call: nothing of it is remembered, but that it could not be built."""
        self.library = build_interposer(self.folder)
        (self.options.results / "build.json").unlink(missing_ok=True)

    def verify(self):
        is_fake = self.options.fake is not None
        module = "fake_checks" if is_fake else "verify_counts"
        cases = []
        for case in FAKE_VERIFY_CASES if is_fake else VERIFY_CASES:
            if case == "triton" and not self.read("probe").get("triton"):
                cases.append({"name": case, "holds": None, "because": "no Triton here"})
                continue
            try:
                cases += counts_of(case, self.under_interposer(module, [case], 0, {}))
            except ChildFailed as failed:
                cases.append({"name": case, "holds": None, "because": str(failed)})
        return {"cases": cases}

    def exclusive(self):
        done = (self.read("exclusive") or {}).get("programs", [])
        for program in matrix.programs(self.options.pairs):
            if any(entry["name"] == program.name for entry in done):
                continue
            self.need(self.cell_seconds())
            entry = measure_alone(self.bench(), program)
            done.append(with_figures(entry))
            self.write("exclusive", {"is_partial": True, "programs": done})
        return {"programs": done}

    def quota(self):
        """A job of graphs alone under a quota, against the same job without the library; and under the library with the whole device, which is
        what the library costs."""
        self.need(5 * self.cell_seconds())
        job = matrix.GRAPH_JOB
        bench = replace(self.bench(), seeds=(1,))
        alone = measure_alone(bench, job)["windows"][0]["per_s"]
        quotas = []
        for milli in (1000, *matrix.QUOTAS_MILLI):
            share = replace(WHOLE_DEVICE, request_milli=milli, limit_milli=milli)
            with manager(self.folder, self.library, [(job, share, None, 0)]) as sharing:
                environment = bench.base_environment | sharing.environment(1, share)
                done = measure_alone(replace(bench, base_environment=environment), job)["windows"][0]["per_s"]
                uses = sharing.uses()
            quotas.append({"quota_milli": milli, "per_s": done, "error": quota_error(done, alone, milli), "uses": uses})
        return {"alone_per_s": alone, "overhead": -quotas[0]["error"], "quotas": quotas[1:]}

    def memory(self):
        is_fake = self.options.fake is not None
        program = ("fake_checks", ["memory"]) if is_fake else ("memory_case", [])
        cases = []
        for name, environment in (FAKE_MEMORY_CASES if is_fake else MEMORY_CASES).items():
            try:
                arguments = [*program[1], str(MEMORY_LIMIT_BYTES)]
                found = self.under_interposer(program[0], arguments, MEMORY_LIMIT_BYTES, environment)
                shows = found["total_bytes"] <= MEMORY_LIMIT_BYTES
                because = f"refused: {found['was_refused']}; the process is told of {found['total_bytes'] / 2**30:.1f} GiB"
                cases.append({"name": name, "holds": found["was_refused"] and found["is_had_again"] and shows, "because": because})
            except ChildFailed as failed:
                cases.append({"name": name, "holds": False, "because": str(failed)})
        return {"cases": cases}

    def pairs(self):
        exclusive = self.read("exclusive") or {}
        if "programs" not in exclusive or exclusive.get("is_partial"):
            raise ChildFailed("the step exclusive has not measured what the pairs are compared with")
        alone = {entry["name"]: entry for entry in exclusive["programs"]}
        # What failed before is tried again: a machine that is lent anew may be without the trouble.
        done = [cell for cell in (self.read("pairs") or {}).get("cells", []) if "failed" not in cell]
        may_use_mps = self.read("probe")["mps"]["runs"]
        for pair, setting in matrix.cells(self.options.pairs, may_use_mps):
            if any(cell["pair"] == pair.name and cell["setting"] == setting.name for cell in done):
                continue
            self.need(self.cell_seconds())
            try:
                done.append(measure_pair(self.bench(), pair, setting, alone))
            except (ChildFailed, MpsRefused) as failed:
                done.append({"pair": pair.name, "setting": setting.name, "failed": str(failed)})
                print(f"  {pair.name}, {setting.name}: failed: {failed}", flush=True)
            else:
                print(f"  {pair.name}, {setting.name}", flush=True)
            self.write("pairs", {"is_partial": True, "cells": done})
        return {"cells": done}

    # What they stand on.

    def bench(self):
        base = clean_environment()
        options = self.options
        bench = Bench(
            folder=self.folder,
            device=options.device,
            library=self.library,
            seeds=options.seeds,
            window_seconds=options.window_seconds,
            base_environment=base,
        )
        return bench if options.fake is None else options.fake.adapt(bench)

    def cell_seconds(self):
        start = START_ESTIMATE_SECONDS if self.options.fake is None else 1
        return matrix.cell_seconds(self.options.seeds, self.options.window_seconds, start)

    def need(self, seconds):
        left = self.options.seconds_left()
        if left < seconds:
            raise OutOfTime(f"{left:.0f} s are left and the next needs about {seconds:.0f}: call again")

    def under_interposer(self, module, arguments, memory_bytes, environment):
        """A program of this package under the library, with the whole device and this much memory: its line of JSON."""
        self.need(60)
        program = matrix.Program("train", module, 1, WHOLE_DEVICE)
        with manager(self.folder, self.library, [(program, WHOLE_DEVICE, None, memory_bytes)]) as sharing:
            every = self.bench().base_environment | environment | sharing.environment(1, WHOLE_DEVICE, memory_bytes)
            command = [sys.executable, "-m", f"gpu_bench.{module}", *arguments]
            here = Path(__file__).resolve().parents[1]
            try:
                done = subprocess.run(command, env=every, cwd=here, capture_output=True, text=True, timeout=CASE_SECONDS)
            except subprocess.TimeoutExpired:
                raise ChildFailed(f"{module} {' '.join(arguments)} did not end in {CASE_SECONDS} s") from None
        if done.returncode != 0:
            raise ChildFailed(f"{module} {' '.join(arguments)}: {done.stderr.strip()[-600:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])


def counts_of(case, found):
    """Kernel launches and graph launches are told apart: a graph that is counted as one kernel would look right in their sum."""
    cases = []
    for what in ("kernels", "graphs"):
        expected, counted = found[f"expected_{what}"], found[f"counted_{what}"]
        if expected or counted:
            cases.append({"name": f"{case}, {what}", "expected": expected, "counted": counted, "holds": expected == counted})
    return cases or [{"name": case, "holds": False, "because": "the profiler saw no launches at all"}]


def with_figures(entry):
    """Medians over the seeds beside the windows; for a server the objective that follows from them."""
    figures = {"per_s": median([window["per_s"] for window in entry["windows"]])}
    if entry["kind"] == "serve":
        for name in ("p50_ms", "p95_ms", "p99_ms"):
            figures[name] = median([window[name] for window in entry["windows"]])
        figures["slo_ms"] = slo_of(figures)
    return {**entry, **figures}
