"""Weights that a process of their own holds on a GPU, with a driver of files for want of one: who starts it, who uses it, when it ends."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving_process import SDK

USER = """
import ctypes, sys
from pathlib import Path
from cloudless.serve.gpu_weights import Driver, shared_address
place = Path(sys.argv[1])
address = shared_address(place, Driver(), "GPU-1")
print(ctypes.string_at(address, place.stat().st_size).decode(), flush=True)
sys.stdin.readline()
print(ctypes.string_at(address, 7).decode(), flush=True)
"""


@pytest.fixture
def machine(tmp_path):
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler (cc)")
    library = tmp_path / "libcuda.so.1"
    source = Path(__file__).parent / "fake_ipc_cuda.c"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE=", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    (tmp_path / "device").mkdir()
    (tmp_path / "a.weights").write_bytes(b"weights of a model")
    yield tmp_path
    for pid in holders(tmp_path):
        os.kill(pid, 9)


def user(machine: Path) -> subprocess.Popen:
    environment = {
        **os.environ,
        "PYTHONPATH": str(SDK),
        "CLOUDLESS_LIBCUDA": str(machine / "libcuda.so.1"),
        "FAKE_CUDA": str(machine / "device"),
        "CLOUDLESS_INSTANCE_ID": "f-1/a/0",
    }
    started = subprocess.Popen(
        [sys.executable, "-c", USER, str(machine / "a.weights")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout.readline() == "weights of a model\n"
    return started


def still_reads(one: subprocess.Popen) -> bool:
    return one.communicate("\n", timeout=20)[0] == "weights\n"


def holders(machine: Path) -> list[int]:
    """Those that live: of one that was killed its parent may not have taken notice yet."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"cloudless.serve.gpu_weights" in command and str(machine / "a.weights").encode() in command:
            found.append(int(path.name))
    return found


def until(is_so) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_holder_serves_all_and_outlives_whoever_started_it(machine):
    first, second = user(machine), user(machine)
    (holder,) = holders(machine)
    # By this name the agent knows that the copy is there, on which GPU, and how large (agent/shared-weights.ts).
    assert [path.name for path in machine.glob("a.on-*") if not path.name.endswith(("-lock", "-holder"))] == ["a.on-GPU-1"]
    # Of the instance that started it nothing is left, nor is it marked as a part of it.
    assert b"CLOUDLESS_INSTANCE_ID" not in Path(f"/proc/{holder}/environ").read_bytes()
    first.kill()
    first.communicate()
    third = user(machine)
    assert holders(machine) == [holder]
    assert still_reads(second) and still_reads(third)
    until(lambda: holders(machine) == [])
    assert list(machine.glob("*.on-GPU-1")) == []


def test_a_holder_that_was_killed_is_replaced(machine):
    first = user(machine)
    (holder,) = holders(machine)
    os.kill(holder, 9)
    until(lambda: holders(machine) == [])
    second = user(machine)
    assert len(holders(machine)) == 1 and holders(machine) != [holder]
    first.kill()
    first.communicate()
    assert still_reads(second)
    until(lambda: holders(machine) == [])


def test_what_a_killed_holder_has_left_goes_with_the_last_that_uses_it(machine):
    from cloudless.serve.gpu_weights import sweep_dead

    handle = machine / "a.on-GPU-1"
    first = user(machine)
    sweep_dead(machine)
    assert handle.exists()
    (holder,) = holders(machine)
    os.kill(holder, 9)
    until(lambda: holders(machine) == [])
    sweep_dead(machine)
    assert handle.exists()
    first.kill()
    first.communicate()
    sweep_dead(machine)
    assert not handle.exists()
    sweep_dead(machine)
    second = user(machine)
    assert len(holders(machine)) == 1
    second.kill()
    second.communicate()


def test_where_the_driver_refuses_it_is_said(machine):
    (machine / "device").rmdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(SDK),
        "CLOUDLESS_LIBCUDA": str(machine / "libcuda.so.1"),
        "FAKE_CUDA": str(machine / "device"),
    }
    ended = subprocess.run(
        [sys.executable, "-c", USER, str(machine / "a.weights")], env=environment, capture_output=True, text=True, timeout=60
    )
    assert "OSError: the holder of weights on the GPU ended with code 1" in ended.stderr
    assert "the GPU's driver answered cuMemAlloc_v2 with error 201" in ended.stderr
