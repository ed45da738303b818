"""A session without Cloudless: the user's optimizer, this process's data, the same order of samples."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .adapter import Adapter
from .errors import NonFiniteLoss
from .permutation import permutation
from .profile import profiled_steps
from .randomness import Reseed, apply, batch_seed
from .shards import Shard, shards_alone

log = logging.getLogger("cloudless")


class AloneSession:
    """Same face as Session. `evaluations` holds the results at the ends of epochs."""

    is_alone = True
    region = ""

    def __init__(self, adapter: Adapter, epochs: int, seed: int) -> None:
        self._adapter = adapter
        self.epochs = epochs
        self.seed = seed
        self.epoch = 0
        self.steps = 0
        self.evaluations: list[dict[str, float]] = []
        self._after_step = profiled_steps()

    def shards(self, alone: Sequence[str | os.PathLike[str] | Shard] | None = None) -> list[Shard]:
        """The shards given as `alone`."""
        return shards_alone(alone)

    def holdout(self, alone: str | os.PathLike[str] | Shard | None = None) -> Shard | None:
        """The held-out data given as `alone`."""
        return None if alone is None else shards_alone([alone])[0]

    def batches(
        self,
        dataset: Any,
        batch_size: int,
        evaluate: Callable[[], Mapping[str, float]] | None = None,
        collate: Callable[[list], Any] | None = None,
        reseed: Reseed = True,
    ) -> Iterator[Any]:
        """Batches of every epoch; evaluates at each epoch's end. `reseed` as in a job."""
        for self.epoch in range(self.epochs):
            order = permutation(self.seed, self.epoch, len(dataset))
            for start in range(0, len(order), batch_size):
                apply(reseed, self._adapter, batch_seed(self.seed, self.region, self.epoch, start))
                yield self._adapter.fetch(dataset, order[start : start + batch_size], collate)
            if evaluate is not None:
                with self._adapter.evaluating():
                    self.evaluations.append({name: float(value) for name, value in evaluate().items()})
                log.info("epoch %d: %s", self.epoch + 1, self.evaluations[-1])

    def step(self, loss: Any) -> bool:
        """Backward (if the loss has a graph), the optimizer's step, gradients cleared. Always counts."""
        self.steps += 1
        value = self._adapter.loss_value(loss)
        if not math.isfinite(value):
            raise NonFiniteLoss(self.steps, self.epoch, value)
        self._adapter.backward(loss)
        self._adapter.step_alone()
        if self._after_step is not None:
            self._after_step()
        return True

    def leave(self, reason: str = "left") -> None:
        """Nothing to leave."""
