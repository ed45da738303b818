"""One copy of a model's weights in a GPU's memory for all instances that answer with them, by CUDA's memory handles between processes.

Memory of a process goes with it, so none of the instances may own what others use: a small process of its own holds it, started by the
first instance, which copies the shared file (weights.py) to the device, gives out a handle, and ends once nobody holds the lock that says
that the handle is in use. The driver is called by its C interface; PyTorch only sees an address. Unlike in the machine's memory, whoever
writes into these weights writes into everybody's. What the holder has on the GPU is outside the instances' shares of it; the agent knows
by the handles' names (agent/shared-weights.ts) and counts it beside them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

_HANDLE_BYTES = 64
_LOOK_SECONDS = 0.5
_START_SECONDS_MAX = 300.0
#: Where the driver's library lies when it is not where the system looks.
_LIBRARY = "CLOUDLESS_LIBCUDA"


class _Handle(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_char * _HANDLE_BYTES),)


class Driver:
    """Of one device, with the context that PyTorch uses in this process as well."""

    def __init__(self, device: int = 0):
        self._library = ctypes.CDLL(os.environ.get(_LIBRARY) or "libcuda.so.1")
        self._call("cuInit", 0)
        found, context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuDeviceGet", ctypes.byref(found), device)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), found)
        self._call("cuCtxSetCurrent", context)

    def upload(self, data: mmap.mmap) -> int:
        """The address of a copy on the device."""
        address = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(len(data)))
        # A private map lends its address without a copy; it is never written to.
        host = ctypes.addressof(ctypes.c_char.from_buffer(data))
        self._call("cuMemcpyHtoD_v2", address, ctypes.c_void_p(host), ctypes.c_size_t(len(data)))
        return address.value

    def handle_of(self, address: int) -> bytes:
        handle = _Handle()
        self._call("cuIpcGetMemHandle", ctypes.byref(handle), ctypes.c_uint64(address))
        return bytes(memoryview(handle).cast("B"))

    def open(self, handle: bytes) -> int:
        """The address, in this process, of what another one has given the handle of."""
        address = ctypes.c_uint64()
        lazy_peer_access = 1
        given = _Handle.from_buffer_copy(handle)
        self._call("cuIpcOpenMemHandle_v2", ctypes.byref(address), given, ctypes.c_uint(lazy_peer_access))
        return address.value

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            raise OSError(f"the GPU's driver answered {name} with error {code}")


def shared_address(place: Path, driver: Driver, device: str) -> int:
    """Where the weights of this file lie on the device. They stay there for as long as this process lives."""
    handle = place.with_suffix(f".on-{device}")
    with _lock_beside(handle).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_held(handle):
            handle.unlink(missing_ok=True)
            _start_holder(place, handle)
        file = os.open(handle, os.O_RDONLY)
        # Kept open, and so in use, until this process ends.
        fcntl.flock(file, fcntl.LOCK_SH)
        return driver.open(os.pread(file, _HANDLE_BYTES, 0))


def sweep_dead(folder: Path) -> None:
    """Removes handles whose holder was killed, once nobody uses what it held: the agent counts what has a handle."""
    for lock in sorted(folder.glob("*-lock")):
        handle = lock.with_name(lock.name.removesuffix("-lock"))
        with contextlib.suppress(OSError), lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_held(handle):
                continue
            with handle.open("rb") as used:
                fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
                handle.unlink()


def _is_held(handle: Path) -> bool:
    """A holder that was killed has let go of its lock, and the handle is of nothing."""
    if not handle.exists():
        return False
    with _holder_lock(handle).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True


def _lock_beside(handle: Path) -> Path:
    return handle.with_name(f"{handle.name}-lock")


def _holder_lock(handle: Path) -> Path:
    return handle.with_name(f"{handle.name}-holder")


def _start_holder(place: Path, handle: Path) -> None:
    # It outlives this instance, and takes nothing from its share: neither marks nor the quota's library are passed on.
    left_out = ("CLOUDLESS_INSTANCE_ID", "CLOUDLESS_ATTEMPT", "LD_PRELOAD")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    command = [sys.executable, "-m", "cloudless.serve.gpu_weights", str(place), str(handle)]
    holder = subprocess.Popen(command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.monotonic() + _START_SECONDS_MAX
    while not handle.exists():
        code = holder.poll()
        if code is not None:
            raise OSError(f"the holder of weights on the GPU ended with code {code}")
        if time.monotonic() > until:
            holder.kill()
            raise OSError(f"the holder of weights on the GPU was not ready within {_START_SECONDS_MAX:.0f} s")
        time.sleep(0.01)


def hold(place: Path, handle: Path, driver: Driver) -> None:
    """Until nobody uses what it holds."""
    with _holder_lock(handle).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with place.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as data:
            address = driver.upload(data)
        new = handle.with_name(f"{handle.name}-new")
        new.write_bytes(driver.handle_of(address))
        with new.open("rb") as used:
            new.rename(handle)
            while _is_used(used, handle):
                time.sleep(_LOOK_SECONDS)


def _is_used(used, handle: Path) -> bool:
    """Whoever takes it up holds the lock beside it meanwhile, so nobody comes between the look and the removal."""
    with _lock_beside(handle).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        handle.unlink(missing_ok=True)
        return False


if __name__ == "__main__":
    hold(Path(sys.argv[1]), Path(sys.argv[2]), Driver())
