"""NVIDIA's Multi-Process Service, for one setting at a time: a control daemon of our own, in folders of our own."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 20


class MpsRefused(Exception):
    pass


@contextmanager
def mps(folder):
    """The environment that makes a process a client of the daemon; the daemon ends with the block."""
    control = shutil.which("nvidia-cuda-mps-control")
    if control is None:
        raise MpsRefused("nvidia-cuda-mps-control is not on PATH")
    places = {"CUDA_MPS_PIPE_DIRECTORY": str(Path(folder) / "mps-pipe"), "CUDA_MPS_LOG_DIRECTORY": str(Path(folder) / "mps-log")}
    for place in places.values():
        Path(place).mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **places}
    try:
        started = subprocess.run([control, "-d"], env=environment, capture_output=True, text=True, timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        raise MpsRefused(f"nvidia-cuda-mps-control -d did not return in {START_SECONDS} s") from None
    if started.returncode != 0:
        raise MpsRefused(f"nvidia-cuda-mps-control -d: {(started.stderr or started.stdout).strip()}")
    try:
        yield places
    finally:
        try:
            subprocess.run([control], input="quit -t 5\n", env=environment, capture_output=True, text=True, timeout=30)
        except subprocess.TimeoutExpired:
            print("the MPS daemon did not quit in 30 s")
