"""The order in which an epoch visits the samples: the same on every worker, machine and numpy version.

Sample i gets the i-th 64-bit output of PCG64 seeded with (seed, epoch); sorting by it is the order. Generator's own
`permutation` is not used because numpy may change it between versions; the raw stream of a bit generator it may not.
"""

from __future__ import annotations

import numpy as np


def permutation(seed: int, epoch: int, samples: int) -> np.ndarray:
    """Order of `epoch` (from 0) over `samples` samples: int64, shape (samples,)."""
    keys = np.random.PCG64(np.random.SeedSequence([seed, epoch])).random_raw(samples)
    return np.argsort(keys, kind="stable")
