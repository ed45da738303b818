"""Generates advertisement clicks, one shard per region. This is made-up data: no person and no advertisement is behind it.

    python prepare.py --out ../data/click-model --split 3:2:1 [--samples 120000]

A hidden model with pairwise interactions of fields decides each click; regions differ in which users and items are
common. The last line on standard output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

FIELDS = (1000, 500, 200, 50, 24, 7)
HIDDEN = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards, outside of the function's folder")
    parser.add_argument("--split", default="3:2:1", help="share of each region, for example 3:2:1")
    parser.add_argument("--samples", type=int, default=120_000, help="clicks and non-clicks for training")
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
    random = np.random.default_rng(2026)
    hidden = [random.normal(size=(size, HIDDEN)) * 0.8 for size in FIELDS]
    single = [random.normal(size=size) * 0.5 for size in FIELDS]
    arguments.out.mkdir(parents=True, exist_ok=True)
    print("prepare: generated clicks, not real ones", file=sys.stderr)
    shards = []
    for index, share in enumerate(shares):
        count = arguments.samples * share // sum(shares)
        shards.append(save(arguments.out / f"shard-{index}.npz", *clicks(random, count, index, hidden, single)))
    parts = [clicks(random, 3000, index, hidden, single) for index in range(len(shares))]
    fields, clicked = (np.concatenate(column) for column in zip(*parts, strict=True))
    holdout = save(arguments.out / "holdout.npz", fields, clicked)
    print(json.dumps({"dataset": "generated-clicks", "shards": shards, "holdout": holdout}))
    return 0


def clicks(
    random: np.random.Generator, count: int, region: int, hidden: list[np.ndarray], single: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Field values int32 (count, fields) and clicks uint8 (count,); each region's common values lie elsewhere."""
    columns = []
    for size in FIELDS:
        common = (random.beta(0.8, 2.5, count) * size).astype(np.int64)
        columns.append((common + region * size // 5) % size)
    factors = np.stack([table[column] for table, column in zip(hidden, columns, strict=True)])
    pairs = (factors.sum(0) ** 2 - (factors**2).sum(0)).sum(1) / 2
    score = pairs * 0.35 + sum(table[column] for table, column in zip(single, columns, strict=True)) - 1.5
    clicked = random.random(count) < 1 / (1 + np.exp(-score))
    return np.stack(columns, 1).astype(np.int32), clicked.astype(np.uint8)


def save(path: Path, fields: np.ndarray, clicked: np.ndarray) -> dict:
    np.savez(path, fields=fields, clicked=clicked)
    return {"path": str(path.resolve()), "samples": len(clicked)}


if __name__ == "__main__":
    sys.exit(main())
