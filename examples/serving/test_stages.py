import numpy

from stages import Describe, Edges, Shrink


def answer(image):
    stages = [Shrink(), Edges(), Describe()]
    for stage in stages:
        stage.load()
    small = stages[0].predict({"image": image})["small"]
    edges = stages[1].predict({"small": small})["edges"]
    return list(stages[2].predict({"edges": edges})["word"])


def test_stripes_are_told_from_each_other():
    across = numpy.repeat((numpy.arange(32) % 8 < 4).astype(numpy.float32)[:, None], 32, axis=1)
    assert answer(numpy.stack([across, across.T])) == ["stripes across", "stripes upright"]
