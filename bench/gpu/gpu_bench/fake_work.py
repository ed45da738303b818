"""What a program does on the fake GPU: about the shape of the real one, in kernels that only take time."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test/fake-gpu"))

# Kind -> (milliseconds alone, kernels, demand for multiprocessors, is it one graph).
SHAPES = {
    "train": (40, 200, 1.0, False),
    "serve": (2, 10, 0.4, False),
    "fill": (8, 20, 1.0, True),
}


class FakeWork:
    def __init__(self, kind):
        from fake_cuda import FakeCuda

        milliseconds, self.kernels, demand, is_graph = SHAPES[kind]
        self.device = FakeCuda()
        self.stream = self.device.stream()
        kernel = self.device.kernel(f"{kind}_kernel", milliseconds * 1000 / self.kernels, demand)

        def run():
            self.device.launch(kernel, self.kernels, self.stream)

        self.run = self.device.capture(run, self.stream) if is_graph else run

    def wait(self):
        self.device.synchronize(self.stream)

    def mark(self):
        return self.device.event(self.stream)

    def memory_bytes(self):
        free, total = self.device.memory()
        return total - free
