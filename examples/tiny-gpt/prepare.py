"""Cuts the text of this machine's own Python standard library into windows of bytes, one shard per region.

    python prepare.py --out data --split 3:2:1 [--megabytes 4]

Every twentieth window is held out. The last line on standard output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import sysconfig
from pathlib import Path

import numpy as np

CONTEXT_BYTES = 128


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--split", default="3:2:1", help="share of each region, for example 3:2:1")
    parser.add_argument("--megabytes", type=float, default=4.0, help="most text to take")
    arguments = parser.parse_args()
    try:
        shares = [int(part) for part in arguments.split.split(":")]
    except ValueError:
        shares = []
    if not shares or min(shares) < 1:
        print(f"prepare: --split is {arguments.split!r}: numbers of at least 1 with colons, as 3:2:1", file=sys.stderr)
        return 1

    library = Path(sysconfig.get_paths()["stdlib"])
    windows = windows_of(library, int(arguments.megabytes * 1e6))
    if len(windows) < 20 * len(shares):
        print(f"prepare: {library} has {len(windows)} windows of text; {20 * len(shares)} are needed", file=sys.stderr)
        return 1
    print(f"prepare: {len(windows)} windows of {CONTEXT_BYTES} bytes from {library}", file=sys.stderr)
    order = np.argsort(np.random.PCG64(2026).random_raw(len(windows)), kind="stable")
    held_out, rest = order[: len(order) // 20], order[len(order) // 20 :]
    ends = [len(rest) * sum(shares[: i + 1]) // sum(shares) for i in range(len(shares))]
    arguments.out.mkdir(parents=True, exist_ok=True)
    shards = [
        save(arguments.out / f"shard-{index}.npy", windows[rest[start:end]])
        for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
    ]
    holdout = save(arguments.out / "holdout.npy", windows[held_out])
    print(json.dumps({"dataset": "python-standard-library", "shards": shards, "holdout": holdout}))
    return 0


def windows_of(library: Path, bytes_max: int) -> np.ndarray:
    """uint8, shape (windows, CONTEXT_BYTES + 1): each window and the byte after it, in order of the files' names."""
    text = bytearray()
    for path in sorted(library.glob("*.py")) + sorted(library.glob("*/*.py")):
        if "site-packages" not in path.parts:
            text += path.read_bytes()
        if len(text) >= bytes_max:
            break
    count = (min(len(text), bytes_max) - 1) // CONTEXT_BYTES
    starts = np.arange(count)[:, None] * CONTEXT_BYTES
    return np.frombuffer(bytes(text), np.uint8)[starts + np.arange(CONTEXT_BYTES + 1)]


def save(path: Path, windows: np.ndarray) -> dict:
    np.save(path, windows)
    return {"path": str(path.resolve()), "samples": len(windows)}


if __name__ == "__main__":
    sys.exit(main())
