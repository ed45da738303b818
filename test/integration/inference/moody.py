"""Models for tests that take their time or go wrong: what comes is given back, SERVICE_MS later, unless it asks for worse."""

import os
import time

HANG = -1
LEAK = -2


class Moody:
    inputs = {"x": ("FP32", [-1, 1])}

    def load(self):
        self.seconds = float(os.environ.get("SERVICE_MS", "0")) / 1000
        self.kept = []

    def predict(self, batch):
        if (batch["x"] == HANG).any():
            time.sleep(3600)
        if (batch["x"] == LEAK).any():
            self.kept.append(b"x" * 300_000_000)
        time.sleep(self.seconds)
        return {"y": batch["x"], "process": batch["x"] * 0 + os.getpid()}


class Broken:
    def load(self):
        raise FileNotFoundError("weights.npy is not in the bundle")

    def predict(self, batch):
        return batch
