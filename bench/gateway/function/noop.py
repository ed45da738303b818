"""Functions that do nothing, so that what is around them can be measured."""

import time


class Noop:
    inputs = {"x": ("FP32", [-1, 4])}

    def load(self):
        pass

    def predict(self, batch):
        return {"y": batch["x"]}


class Takes20Ms(Noop):
    """However many are in the batch, as on a GPU that is not full."""

    def predict(self, batch):
        time.sleep(0.02)
        return super().predict(batch)
