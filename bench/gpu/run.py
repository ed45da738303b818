#!/usr/bin/env python3
"""GPU sharing on a real GPU: python3 bench/gpu/run.py. What it does and how to read it: README.md beside this file."""

import argparse
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gpu_bench import matrix  # noqa: E402
from gpu_bench.steps import START_ESTIMATE_SECONDS, STEPS, Options, Steps  # noqa: E402

CALL_AGAIN = 75  # EX_TEMPFAIL: the time of this call is used up, nothing is wrong
ROOT = Path(__file__).resolve().parents[2]


def main(arguments):
    options = parse(arguments)
    if options.plan:
        print(plan(options))
        return 0
    start = time.monotonic()
    fake = None
    if options.fake:
        from gpu_bench.fake_gpu import FakeGpu

        fake = FakeGpu()
    steps = Steps(
        Options(
            results=options.results,
            pairs=options.pairs,
            seeds=options.seeds,
            window_seconds=options.window_seconds,
            device="fake" if fake else "cuda",
            seconds_left=lambda: options.budget_seconds - (time.monotonic() - start),
            fake=fake,
        )
    )
    try:
        is_done = steps.run(options.steps or STEPS)
        found = steps.report()
    finally:
        shutil.rmtree(steps.folder, ignore_errors=True)
        if fake:
            fake.close()
    print((options.results / "report.md").read_text())
    if not is_done:
        return CALL_AGAIN if "skipped" not in (found.get("probe") or {}) and "skipped" not in (found.get("build") or {}) else 1
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], help="these steps only; all by default")
    parser.add_argument("--results", type=Path, help="where the JSON files and the report go, and where what is done is remembered: .gpu-bench/results")
    parser.add_argument("--budget-seconds", type=float, default=450, help="nothing is begun that would not end within so long")
    parser.add_argument("--quick", action="store_true", help="two pairs, one seed, short windows")
    parser.add_argument("--pairs", type=int, help="the first so many pairs only")
    parser.add_argument("--window-seconds", type=float, help=f"of each seed: {matrix.WINDOW_SECONDS}, with --quick {matrix.QUICK_WINDOW_SECONDS}")
    parser.add_argument("--plan", action="store_true", help="print what would be measured, and how long it takes; needs no GPU")
    parser.add_argument("--fake", action="store_true", help="on the fake GPU of test/fake-gpu: tries the script, measures nothing real")
    options = parser.parse_args(arguments)
    if options.window_seconds is None:
        options.window_seconds = matrix.QUICK_WINDOW_SECONDS if options.quick else matrix.WINDOW_SECONDS
    options.pairs = matrix.PAIRS[: options.pairs or (matrix.QUICK_PAIRS if options.quick else len(matrix.PAIRS))]
    options.seeds = matrix.SEEDS[:1] if options.quick else matrix.SEEDS
    if options.results is None:
        name = "fake-results" if options.fake else "results"
        options.results = ROOT / ".gpu-bench" / (f"{name}-quick" if options.quick else name)
    return options


def plan(options):
    cell = matrix.cell_seconds(options.seeds, options.window_seconds, START_ESTIMATE_SECONDS)
    cells = matrix.cells(options.pairs, may_use_mps=True)
    programs = matrix.programs(options.pairs)
    lines = [f"alone, {len(programs)} programs, about {cell:.0f} s each:"]
    lines += [f"  {program.name}, batch {program.batch}" for program in programs]
    lines.append(f"pairs, {len(cells)} cells, about {cell:.0f} s each, {len(options.seeds)} seeds of {options.window_seconds:g} s:")
    lines += [f"  {pair.name}, {setting.name}" for pair, setting in cells]
    lines.append(f"with the checks about {((len(cells) + len(programs) + 5) * cell + 120) / 60:.0f} minutes in all")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
