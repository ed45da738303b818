"""Cuts the text of this machine's own Python standard library into windows of bytes, one shard per region.

    python prepare.py --out ../data/tiny-gpt --split 3:2:1 [--samples 18000]

The number of windows is the same on every machine, so that job.yaml's counts always hold; the text itself depends on
the version of Python. Further windows, an eighteenth as many, are held out. The last line on standard output is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import sysconfig
from pathlib import Path

import numpy as np

CONTEXT_BYTES = 128
TRAINING_PER_HELD_OUT = 18


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards, outside of the function's folder")
    parser.add_argument("--split", default="3:2:1", help="share of each region, for example 3:2:1")
    parser.add_argument("--samples", type=int, default=18_000, help="windows for training")
    arguments = parser.parse_args()
    try:
        shares = [int(part) for part in arguments.split.split(":")]
    except ValueError:
        shares = []
    if not shares or min(shares) < 1 or arguments.samples < sum(shares):
        print(
            f"prepare: --split is {arguments.split!r} and --samples {arguments.samples}: numbers of at least 1 with "
            "colons, as 3:2:1, and at least as many samples as their sum",
            file=sys.stderr,
        )
        return 1

    library = Path(sysconfig.get_paths()["stdlib"])
    held_out_count = max(1, arguments.samples // TRAINING_PER_HELD_OUT)
    windows = windows_of(library, arguments.samples + held_out_count)
    missing = arguments.samples + held_out_count - len(windows)
    if missing > 0:
        print(
            f"prepare: {library} has text for {len(windows)} windows, {missing} too few for --samples "
            f"{arguments.samples}: take another Python, or fewer --samples and correct the counts in job.yaml",
            file=sys.stderr,
        )
        return 1
    print(f"prepare: {len(windows)} windows of {CONTEXT_BYTES} bytes from {library}", file=sys.stderr)
    order = np.argsort(np.random.PCG64(2026).random_raw(len(windows)), kind="stable")
    held_out, rest = order[:held_out_count], order[held_out_count:]
    ends = [len(rest) * sum(shares[: i + 1]) // sum(shares) for i in range(len(shares))]
    arguments.out.mkdir(parents=True, exist_ok=True)
    shards = [
        save(arguments.out / f"shard-{index}.npy", windows[rest[start:end]])
        for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
    ]
    holdout = save(arguments.out / "holdout.npy", windows[held_out])
    print(json.dumps({"dataset": "python-standard-library", "shards": shards, "holdout": holdout}))
    return 0


def windows_of(library: Path, count_max: int) -> np.ndarray:
    """uint8, shape (windows, CONTEXT_BYTES + 1): each window and the byte after it, in order of the files' names."""
    bytes_max = count_max * CONTEXT_BYTES + 1
    text = bytearray()
    for path in sorted(library.glob("*.py")) + sorted(library.glob("*/*.py")):
        if "site-packages" not in path.parts:
            text += path.read_bytes()
        if len(text) >= bytes_max:
            break
    count = max(0, min(len(text), bytes_max) - 1) // CONTEXT_BYTES
    starts = np.arange(count)[:, None] * CONTEXT_BYTES
    return np.frombuffer(bytes(text), np.uint8)[starts + np.arange(CONTEXT_BYTES + 1)]


def save(path: Path, windows: np.ndarray) -> dict:
    np.save(path, windows)
    return {"path": str(path.resolve()), "samples": len(windows)}


if __name__ == "__main__":
    sys.exit(main())
