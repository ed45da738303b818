"""Three functions that answer together: an image is made small, looked at by two, and described by who is surer."""

import numpy


class Shrink:
    """Means over squares: 32 by 32 becomes 8 by 8."""

    inputs = {"image": ("FP32", [-1, 32, 32])}

    def load(self):
        pass

    def predict(self, batch):
        rows = len(batch["image"])
        return {"small": batch["image"].reshape(rows, 8, 4, 8, 4).mean(axis=(2, 4))}


class Edges:
    """How much of a small image lies across, and how much upright."""

    inputs = {"small": ("FP32", [-1, 8, 8])}

    def load(self):
        pass

    def predict(self, batch):
        small = batch["small"]
        across = numpy.abs(numpy.diff(small, axis=1)).mean(axis=(1, 2))
        upright = numpy.abs(numpy.diff(small, axis=2)).mean(axis=(1, 2))
        return {"edges": numpy.stack([across, upright], axis=1)}


class Describe:
    """A word for what was found."""

    inputs = {"edges": ("FP32", [-1, 2])}

    def load(self):
        self.words = numpy.array(["stripes across", "stripes upright"])

    def predict(self, batch):
        return {"word": self.words[batch["edges"].argmax(axis=1)]}
