"""The product's own parts in a measurement: the interposer, built with cc, and the manager, the real one, on Node.

Node is carried along rather than the policy written again in Python: what is measured is then what ships, and cannot drift from it."""

import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .children import Child, ChildFailed
from .machine import find_node

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "physical-plane/interposer"
MANAGER = ROOT / "physical-plane/gpu-sharing/manager-main.ts"
MANAGER_SECONDS = 10


def build_interposer(folder):
    """The library's path; the compiler's own words when it does not build."""
    out = Path(folder) / "libcloudless-interposer.so"
    sources = sorted(str(path) for path in SOURCES.glob("*.c"))
    if not sources:
        raise ChildFailed(f"no C sources in {SOURCES}")
    done = subprocess.run(["cc", *interposer_flags(), "-o", str(out), *sources, "-ldl", "-lpthread"], capture_output=True, text=True)
    if done.returncode != 0:
        raise ChildFailed(f"the interposer does not build: {done.stderr[-3000:]}")
    return out


def interposer_flags():
    """Those with which the agent builds it, out of the file that says them: there is one list."""
    text = (SOURCES / "build-interposer.ts").read_text()
    listed = text.split("interposerFlags = [")[1].split("]")[0]
    return re.findall(r"^\s*'(-[^']+)',$", listed, re.MULTILINE)


class Manager:
    """One device's manager and the programs registered with it: tags count from 1 in the order of the programs."""

    def __init__(self, child, path, library):
        self.child = child
        self.path = path
        self.library = library

    def environment(self, tag, share, memory_bytes=0):
        """What an agent would give a process on a share."""
        return {
            "LD_PRELOAD": str(self.library),
            "CLOUDLESS_GPU_FILES": str(self.path),
            "CLOUDLESS_GPU_TAG": str(tag),
            "CLOUDLESS_GPU_ROLE": share.role,
            **({"CLOUDLESS_GPU_MEMORY_BYTES": str(memory_bytes)} if memory_bytes else {}),
        }

    def latency_of(self, tag):
        """Takes what a server says of its latencies to the manager, as the agent does with what its instances tell it."""

        def heard(lately):
            try:
                if lately["requests"]:
                    self.child.ask({"tag": str(tag), "latency_ms": lately["latency_ms"], "requests": lately["requests"]})
            except ChildFailed:
                pass  # A manager that is gone is noticed where its answer is waited for.

        return heard

    def uses(self):
        self.child.ask({"uses": True})
        return self.child.answer(MANAGER_SECONDS)["uses"]


@contextmanager
def manager(folder, library, registered, device="bench-gpu"):
    """`registered` is a list of (program, share, slo_ms or None, memory_bytes)."""
    node = find_node()
    if node is None:
        raise ChildFailed("no Node 26 or later: run bench/gpu/carry.py before, on a machine that has one")
    config = {
        "device": {"device_id": device, "memory_bytes": 0},
        "instances": [
            {
                "instance_id": f"{index + 1} {program.name}",
                "tag": str(index + 1),
                "role": share.role,
                "work": "training" if program.kind == "train" else "inference",
                "token_by_token": program.model == "decoder-1b",
                "request_milli": share.request_milli,
                "limit_milli": share.limit_milli,
                "memory_bytes": memory_bytes,
                **({} if slo_ms is None else {"slo": {"latency_ms": slo_ms, "percentile": 99}}),
            }
            for index, (program, share, slo_ms, memory_bytes) in enumerate(registered)
        ],
    }
    path = Path(folder) / "manager.json"
    path.write_text(json.dumps(config))
    child = Child("manager", [node, str(MANAGER), "--config", str(path)], dict(os.environ), folder)
    try:
        yield Manager(child, child.answer(MANAGER_SECONDS)["path"], library)
    finally:
        child.close()
