"""The Python side of bench/worker-exchange.ts: joins a partition, measures, and prints one JSON line of seconds.

`exchange`: session.step without a backward pass (gradient up, optimizer, parameters down, gradients cleared) in turns
with a numpy copy of the model's bytes. `steps`: training steps of the image model, blocks of them in turns with blocks
of a plain PyTorch loop over the same kind of batches.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import cloudless

BATCH = 64


class Nothing:
    """Samples without content: only the exchange is measured."""

    supports_index_arrays = True

    def __init__(self, samples: int) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        return indices


def exchange(samples: int) -> dict:
    """Seconds of each step and of each copy; the model has 11.2 M parameters in 62 tensors, as ResNet-18."""
    shapes = [(512, 512 * 9)] * 4 + [(256, 256 * 9)] * 2 + [(256, 128)] * 2 + [(64, 64)] * 18 + [(64,)] * 36
    model = torch.nn.ParameterList([torch.randn(shape) * 0.01 for shape in shapes])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    parameters = sum(p.numel() for p in model)
    session = cloudless.join(model, optimizer)
    source, target = np.ones(parameters, "f4"), np.zeros(parameters, "f4")
    steps, copies = [], []
    for _ in session.batches(Nothing(samples), batch_size=BATCH):
        start = time.perf_counter()
        session.step(0.5)
        middle = time.perf_counter()
        np.copyto(target, source)
        steps.append(middle - start)
        copies.append(time.perf_counter() - middle)
    return {"parameters": parameters, "steps": steps, "copies": copies}


def steps(samples: int, example: Path, block: int) -> dict:
    """Seconds of blocks of `block` steps: with a session, and plain."""
    spec = importlib.util.spec_from_file_location("train", example / "train.py")
    train = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train)

    images = train.Images.__new__(train.Images)
    random = np.random.default_rng(1)
    images.images = random.integers(0, 256, (samples, 28, 28), dtype=np.uint8)
    images.labels = random.integers(0, 10, samples)

    model, plain = train.network(), train.network()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.01)
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.01))
    batches = session.batches(images, batch_size=BATCH)

    def session_steps() -> None:
        for _ in range(block):
            inputs, labels = next(batches)
            session.step(F.cross_entropy(model(inputs), labels))

    def plain_steps(order: np.ndarray) -> None:
        for at in range(0, block * BATCH, BATCH):
            inputs, labels = images[order[at : at + BATCH]]
            optimizer.zero_grad()
            F.cross_entropy(plain(inputs), labels).backward()
            optimizer.step()

    with_session, without = [], []
    for index in range(samples // (block * BATCH)):
        order = random.permutation(samples)
        # Turns change places, so that neither always runs in the other's wake.
        for is_session in (True, False) if index % 2 == 0 else (False, True):
            start = time.perf_counter()
            if is_session:
                session_steps()
                with_session.append(time.perf_counter() - start)
            else:
                plain_steps(order)
                without.append(time.perf_counter() - start)
    return {"session": with_session, "plain": without}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("exchange", "steps"))
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--example", type=Path)
    parser.add_argument("--block", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.what == "exchange":
        result = exchange(arguments.samples)
    else:
        result = steps(arguments.samples, arguments.example, arguments.block)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
