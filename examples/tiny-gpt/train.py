"""A small byte-level GPT on the text of Python's standard library, trained where the text is.

Under Cloudless: `cloudless submit job.yaml`. Alone: `python train.py shard-0.npy --holdout holdout.npy`.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import cloudless

CONTEXT_BYTES = 128
WIDTH = 96
HEADS = 4
LAYERS = 3


class Windows:
    """Windows of text: inputs and the next byte at each place, int64 (batch, CONTEXT_BYTES)."""

    supports_index_arrays = True

    def __init__(self, shards: list[cloudless.Shard]) -> None:
        self.bytes = np.concatenate([np.load(shard.path) for shard in shards])

    def __len__(self) -> int:
        return len(self.bytes)

    def __getitem__(self, indices: np.ndarray | slice) -> tuple[torch.Tensor, torch.Tensor]:
        window = torch.from_numpy(self.bytes[indices].astype(np.int64))
        return window[:, :-1], window[:, 1:]


class Block(nn.Module):
    """Attention to the bytes before, then a two-layer network, each added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.before_network = nn.LayerNorm(WIDTH)
        self.network = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        heads = self.queries_keys_values(self.before_attention(x)).view(batch, length, 3, HEADS, -1).transpose(1, 3)
        queries, keys, values = heads.unbind(2)
        attended = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        x = x + self.project(attended.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.network(self.before_network(x))


class Gpt(nn.Module):
    """Bytes in, logits of the next byte out; the embedding is also the output layer."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = nn.Embedding(256, WIDTH)
        self.places = nn.Embedding(CONTEXT_BYTES, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH)
        for embedding in (self.bytes, self.places):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        x = self.bytes(text) + self.places(torch.arange(text.shape[1]))
        return self.norm(self.blocks(x)) @ self.bytes.weight.T


def loss_of(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())


def evaluation(model: nn.Module, data: Windows) -> dict[str, float]:
    """Bits per byte, and how often the most likely byte is the right one."""
    loss, right = 0.0, 0
    for start in range(0, len(data), 100):
        inputs, targets = data[slice(start, start + 100)]
        logits = model(inputs)
        loss += float(F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum"))
        right += int((logits.argmax(2) == targets).sum())
    count = len(data) * CONTEXT_BYTES
    return {"bits_per_byte": loss / count / math.log(2), "accuracy": right / count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", nargs="*", help="alone: the training shards")
    parser.add_argument("--holdout", help="alone: the held-out windows")
    parser.add_argument("--epochs", type=int, default=1, help="alone: passes over the windows")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    model = Gpt()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1)

    session = cloudless.join(model, optimizer, epochs=arguments.epochs)
    dataset = Windows(session.shards(alone=arguments.shards))
    holdout = session.holdout(alone=arguments.holdout)
    held_out = Windows([holdout]) if holdout is not None else None
    evaluate = None if held_out is None else lambda: evaluation(model, held_out)
    for inputs, targets in session.batches(dataset, batch_size=32, evaluate=evaluate):
        loss = loss_of(model, inputs, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        session.step(loss.item())


if __name__ == "__main__":
    main()
