"""A small convolutional network on Fashion-MNIST (or padded handwritten digits), trained where the images are.

Under Cloudless: `cloudless submit job.yaml`. Alone: `python train.py shard-0.npz shard-1.npz --holdout holdout.npz`.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import cloudless


class Images:
    """Images (uint8, n × 28 × 28) and labels of some shards; indexed by an array, it gives a whole batch."""

    supports_index_arrays = True

    def __init__(self, shards: list[cloudless.Shard]) -> None:
        parts = [np.load(shard.path) for shard in shards]
        self.images = np.concatenate([part["images"] for part in parts])
        self.labels = np.concatenate([part["labels"] for part in parts]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: np.ndarray | slice) -> tuple[torch.Tensor, torch.Tensor]:
        pixels = torch.from_numpy(self.images[indices]).unsqueeze(1)
        return pixels.float().sub_(73).div_(90), torch.from_numpy(self.labels[indices])


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def accuracy(model: nn.Module, data: Images) -> float:
    """Share of the images whose most likely class is the right one."""
    right = 0
    for start in range(0, len(data), 1000):
        images, labels = data[slice(start, start + 1000)]
        right += int((model(images).argmax(1) == labels).sum())
    return right / len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", nargs="*", help="alone: the training shards")
    parser.add_argument("--holdout", help="alone: the held-out images")
    parser.add_argument("--epochs", type=int, default=3, help="alone: passes over the images")
    arguments = parser.parse_args()

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)

    session = cloudless.join(model, optimizer, epochs=arguments.epochs)
    dataset = Images(session.shards(alone=arguments.shards))
    holdout = session.holdout(alone=arguments.holdout)
    evaluate = None
    if holdout is not None:
        held_out = Images([holdout])
        evaluate = lambda: {"accuracy": accuracy(model, held_out)}  # noqa: E731
    for images, labels in session.batches(dataset, batch_size=64, evaluate=evaluate):
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        # Updates of other regions arrive late and many steps at a time; short ones can not throw the model off its course.
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        session.step(loss.item())


if __name__ == "__main__":
    main()
