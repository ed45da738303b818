"""Chance that repeats: what a training function draws (dropout, augmentation) depends on the place in the data alone.

Before each batch the generators are seeded from (seed, region, epoch, position of the batch's first sample). So a
worker that starts again, or another one that takes over its samples, draws what the first one would have drawn, and
a run that went on from a checkpoint equals one that was never interrupted. Regions draw differently.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Union

import numpy as np

from .adapter import Adapter

# True: every generator known of; False: none; a function: called with the 64-bit seed instead.
Reseed = Union[bool, Callable[[int], None]]


def batch_seed(seed: int, region: str, epoch: int, position: int) -> int:
    """The 64-bit seed of the batch that begins at `position` of `epoch`'s order."""
    place = f"{seed}\n{epoch}\n{position}\n{region}".encode()
    return int.from_bytes(hashlib.sha256(place).digest()[:8], "little")


def seed_python_and_numpy(seed: int) -> None:
    """`random` and numpy's global generator."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def apply(reseed: Reseed, adapter: Adapter, seed: int) -> None:
    """Does what the user of `batches` asked for."""
    if reseed is True:
        adapter.reseed(seed)
    elif reseed is not False:
        reseed(seed)
