"""The fake GPU of test/fake-gpu in the place of a real one: tries the script from its first step to its last, measures nothing real. Its
model of processor sharing stands for MPS, slices in turn for time slicing."""

import os
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .children import ChildFailed

ROOT = Path(__file__).resolve().parents[3]
DRIVER = ROOT / "test/fake-gpu/driver"
MODELS = {"round-robin": 1, "processor-sharing": 2}
MADE_BYTES = 192
MEMORY_BYTES = 16 << 30
MULTIPROCESSORS = 100
QUANTUM_US = 2000


class FakeGpu:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="cloudless-fake-gpu-")
        self.device = Path("/dev/shm" if os.path.isdir("/dev/shm") else self.folder.name) / f"cloudless-bench-gpu-{os.getpid()}"
        self._compile()
        self._make("round-robin")

    def close(self):
        self.device.unlink(missing_ok=True)
        self.folder.cleanup()

    def adapt(self, bench):
        """The same measurements on the fake device."""
        places = {"FAKE_GPU_FILE": str(self.device), "LD_LIBRARY_PATH": self.folder.name, "CUDA_VISIBLE_DEVICES": "0"}
        return replace(bench, base_environment=bench.base_environment | places, mps=self._mps)

    @contextmanager
    def _mps(self, _folder):
        """Between two pairs nothing runs on the device, so it is made anew with the other model."""
        self._make("processor-sharing")
        try:
            yield {}
        finally:
            self._make("round-robin")

    def _compile(self):
        sources = sorted(str(path) for path in DRIVER.glob("*.c"))
        if not sources:
            raise ChildFailed(f"no fake GPU in {DRIVER}")
        library = Path(self.folder.name) / "libcuda.so.1"
        flags = ["-std=c11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-Bsymbolic", "-Wl,-soname,libcuda.so.1"]
        done = subprocess.run(["cc", *flags, "-o", str(library), *sources, "-lm", "-lpthread"], capture_output=True, text=True)
        if done.returncode != 0:
            raise ChildFailed(f"the fake GPU does not build: {done.stderr[-2000:]}")

    def _make(self, model):
        """As test/fake-gpu/fake-gpu.ts makes one; driver/device.h says where the fields are and how long the file is."""
        self.device.unlink(missing_ok=True)
        made = bytearray(MADE_BYTES)
        struct.pack_into("<QIIQIIIII", made, 0, 0x31555047454B4146, 1, MODELS[model], MEMORY_BYTES, QUANTUM_US, MULTIPROCESSORS, 0, 0, 13000)
        made[48:64] = bytes(range(16))
        made[64:72] = b"Fake GPU"
        with self.device.open("wb") as file:
            file.write(made)
            file.truncate(file_bytes())


def file_bytes():
    """The length that the driver checks, out of its header."""
    text = (DRIVER / "device.h").read_text()
    return int(text.split("sizeof(struct fake_gpu) == ")[1].split(",")[0])
