"""A DeepFM-style click model on generated data: embeddings, their pairwise products, and a small deep network.

Under Cloudless: `cloudless submit job.yaml`. Alone: `python train.py shard-0.npz --holdout holdout.npz`.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import cloudless

FIELDS = (1000, 500, 200, 50, 24, 7)
WIDTH = 8


class Clicks:
    """Field values (int64, batch × fields; each field's values after those of the fields before) and clicks."""

    supports_index_arrays = True

    def __init__(self, shards: list[cloudless.Shard]) -> None:
        parts = [np.load(shard.path) for shard in shards]
        starts = np.concatenate([[0], np.cumsum(FIELDS)[:-1]])
        self.fields = np.concatenate([part["fields"] for part in parts]).astype(np.int64) + starts
        self.clicked = np.concatenate([part["clicked"] for part in parts]).astype(np.float32)

    def __len__(self) -> int:
        return len(self.clicked)

    def __getitem__(self, indices: np.ndarray | slice) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(self.fields[indices]), torch.from_numpy(self.clicked[indices])


class ClickModel(nn.Module):
    """Log-odds of a click: single values + pairs of values (factorisation machine) + a deep network."""

    def __init__(self) -> None:
        super().__init__()
        self.single = nn.Embedding(sum(FIELDS), 1)
        self.factors = nn.Embedding(sum(FIELDS), WIDTH)
        nn.init.zeros_(self.single.weight)
        nn.init.normal_(self.factors.weight, std=0.1)
        self.deep = nn.Sequential(
            nn.Linear(len(FIELDS) * WIDTH, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1),
        )  # fmt: skip

    def forward(self, fields: torch.Tensor) -> torch.Tensor:
        factors = self.factors(fields)
        pairs = (factors.sum(1) ** 2 - (factors**2).sum(1)).sum(1) / 2
        return self.single(fields).sum((1, 2)) + pairs + self.deep(factors.flatten(1)).squeeze(1)


def area_under_curve(scores: torch.Tensor, clicked: torch.Tensor) -> float:
    """Chance that a click scores above a non-click, by the ranks of the clicks."""
    ranks = torch.empty_like(scores)
    ranks[scores.argsort()] = torch.arange(1, len(scores) + 1, dtype=scores.dtype)
    clicks, others = int(clicked.sum()), int((1 - clicked).sum())
    return float((ranks[clicked == 1].double().sum() - clicks * (clicks + 1) / 2) / (clicks * others))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", nargs="*", help="alone: the training shards")
    parser.add_argument("--holdout", help="alone: the held-out clicks")
    parser.add_argument("--epochs", type=int, default=2, help="alone: passes over the clicks")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    model = ClickModel()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)

    session = cloudless.join(model, optimizer, epochs=arguments.epochs)
    dataset = Clicks(session.shards(alone=arguments.shards))
    holdout = session.holdout(alone=arguments.holdout)
    held_out = Clicks([holdout]) if holdout is not None else None

    def evaluate() -> dict[str, float]:
        fields, clicked = held_out[slice(None)]
        scores = model(fields)
        loss = F.binary_cross_entropy_with_logits(scores, clicked)
        return {"auc": area_under_curve(scores, clicked), "log_loss": float(loss)}

    for fields, clicked in session.batches(dataset, batch_size=256, evaluate=evaluate if held_out else None):
        loss = F.binary_cross_entropy_with_logits(model(fields), clicked)
        session.step(loss)


if __name__ == "__main__":
    main()
