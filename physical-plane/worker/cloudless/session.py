"""A worker's membership in a partition: leases of samples in, gradients out, fresh parameters back.

The server keeps the books: which samples were used is decided by the steps it applied. So whenever anything is in
doubt (bell closed, server restarted, lease lost) this side drops the batch in flight, joins again and asks for more.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import wire
from .adapter import Adapter
from .client import WorkerClient
from .config import PROTOCOL_VERSION, REJOIN_SECONDS, RETRY_FIRST_SECONDS, SDK_VERSION, START_SECONDS
from .errors import CloudlessError, NonFiniteLoss, ParameterServerUnavailable, SessionLost, Unsupported
from .exchange import Exchange, SharedExchange, StepReport, StreamExchange
from .permutation import permutation
from .randomness import Reseed, apply, batch_seed
from .settings import Settings
from .shards import Shard, check_length, check_there, shard_of

log = logging.getLogger("cloudless")


class _Lease:
    """Positions [start, end) of an epoch's order, and how many of them went into steps."""

    def __init__(self, answer: Any) -> None:
        self.id = answer.lease_id
        self.start = answer.start
        self.end = answer.end
        self.used = 0
        # Samples of the batch that the user holds; 0 between a step and the next batch.
        self.in_flight = 0
        self.is_lost = False


class Session:
    """Made by `cloudless.join`. Not thread-safe: one loop, one session."""

    is_alone = False

    def __init__(self, adapter: Adapter, settings: Settings) -> None:
        self._adapter = adapter
        self._settings = settings
        self._client = WorkerClient(settings.address)
        self._exchange: Exchange | None = None
        self._lease: _Lease | None = None
        self._initial: np.ndarray | None = None
        self._needs_pull = True
        self._has_left = False
        self._order: tuple[int, int, np.ndarray] | None = None
        self.region = settings.region
        self.epoch = 0
        self.steps = 0
        self._connect(START_SECONDS)
        self.epochs: int = self._joined.epochs
        self.seed: int = self._joined.seed

    def shards(self, alone: Sequence[str | os.PathLike[str] | Shard] | None = None) -> list[Shard]:
        """This region's shards with their declared numbers of samples. `alone` is used only without Cloudless.

        DatasetMissing when one of them does not exist here.
        """
        del alone
        uris = self._joined.shard_uris
        return [
            check_there("shard", uri, shard, self.region)
            for uri, shard in zip(uris, self._declared_shards(), strict=True)
        ]

    def holdout(self, alone: str | os.PathLike[str] | Shard | None = None) -> Shard | None:
        """The held-out data, on workers of the region where it lies; None on others, which never evaluate.

        DatasetMissing when it does not exist here.
        """
        del alone
        uri = self._joined.holdout_uri
        if not uri:
            return None
        return check_there("holdout", uri, shard_of(uri, self._joined.holdout_samples), self.region)

    def batches(
        self,
        dataset: Any,
        batch_size: int,
        evaluate: Callable[[], Mapping[str, float]] | None = None,
        collate: Callable[[list], Any] | None = None,
        reseed: Reseed = True,
    ) -> Iterator[Any]:
        """Batches of the samples leased to this worker, until training is over in every region.

        Call `step` once per batch. `evaluate` runs at epoch ends on the worker that was chosen for it, in evaluation
        mode. Before each batch random, numpy and torch are seeded from its place in the data, so that a restart repeats
        what it drew; `reseed=False` leaves them alone, a function is called with the seed instead. DatasetMismatch when the dataset does not have the declared number of samples.
        """
        if batch_size < 1:
            raise CloudlessError(f"batch_size is {batch_size}: it must be at least 1")
        check_length(len(dataset), self._declared_shards(), self._joined.samples)
        outcomes = wire.enum("LeaseOutcome")
        while True:
            answer = self._next_lease()
            if answer.outcome == outcomes["LEASE_OUTCOME_FINISHED"]:
                self.leave("training is over")
                return
            if answer.outcome == outcomes["LEASE_OUTCOME_EVALUATE"]:
                self._evaluate(evaluate, answer.is_final)
            elif answer.outcome == outcomes["LEASE_OUTCOME_GRANTED"]:
                self._lease = _Lease(answer)
                self.epoch = answer.epoch
                yield from self._batches_of(self._lease, dataset, batch_size, collate, reseed)
            else:
                raise CloudlessError(f"parameter server answers a lease with outcome {answer.outcome}")

    def step(self, loss: Any) -> bool:
        """Backward, push the gradient, take fresh parameters, clear gradients.

        Call it with the loss, or after your own backward (and clipping) with `loss.item()`. Returns whether the step was
        counted; it is not when the lease was lost, and its samples then go to another worker.
        NonFiniteLoss before anything is pushed; StepRefused with the server's reason.
        """
        lease = self._lease
        if lease is None or lease.in_flight == 0:
            raise CloudlessError("session.step() without a batch: call it once for each batch of session.batches(...)")
        value = self._adapter.loss_value(loss)
        if not math.isfinite(value):
            raise NonFiniteLoss(self.steps + 1, self.epoch, value)
        self._adapter.backward(loss)
        self._adapter.collect()
        samples, lease.in_flight = lease.in_flight, 0
        rates = self._adapter.learning_rates()
        try:
            outcome = self._exchange.step(StepReport(lease.id, lease.used + samples, samples, value, rates))
        except SessionLost as lost:
            self._rejoin(lost)
            return False
        if outcome.is_lease_lost:
            lease.is_lost = True
            self._needs_pull = True
            self._adapter.spread()
            return False
        lease.used += samples
        lease.is_lost = outcome.is_over
        self.steps += 1
        self._adapter.spread()
        return True

    def leave(self, reason: str = "left") -> None:
        """Gives unused samples back and the model memory of its own. Called at the end and at exit."""
        if self._has_left:
            return
        self._has_left = True
        self._lease = None
        self._adapter.release()
        self._client.leave(self._joined.session_id, reason)
        self._exchange.close()
        self._client.close()

    def _declared_shards(self) -> list[Shard]:
        """Unchecked: a function that makes its own data never opens them."""
        return [
            shard_of(uri, samples)
            for uri, samples in zip(self._joined.shard_uris, self._joined.shard_samples, strict=True)
        ]

    def _batches_of(
        self, lease: _Lease, dataset: Any, batch_size: int, collate: Callable[[list], Any] | None, reseed: Reseed
    ) -> Iterator[Any]:
        order = self._order_of(self.epoch, len(dataset))
        for start in range(lease.start, lease.end, batch_size):
            indices = order[start : min(start + batch_size, lease.end)]
            apply(reseed, self._adapter, batch_seed(self.seed, self.region, self.epoch, start))
            batch = self._adapter.fetch(dataset, indices, collate)
            lease.in_flight = len(indices)
            yield batch
            if lease.in_flight > 0:
                raise CloudlessError(
                    "the loop asks for the next batch before session.step(): step once per batch "
                    "(to accumulate gradients, take a larger batch and split it inside the loop)"
                )
            if lease.is_lost:
                return

    def _next_lease(self) -> Any:
        while True:
            self._lease = None
            try:
                answer = self._client.lease(self._joined.session_id)
                outcomes = wire.enum("LeaseOutcome")
                if answer.outcome == outcomes["LEASE_OUTCOME_WAIT"]:
                    continue
                # Before an evaluation and at the end the parameters must be the newest there are.
                if self._needs_pull or answer.outcome != outcomes["LEASE_OUTCOME_GRANTED"]:
                    self._exchange.pull()
                    self._adapter.spread()
                    self._needs_pull = False
                return answer
            except SessionLost as lost:
                self._rejoin(lost)

    def _evaluate(self, evaluate: Callable[[], Mapping[str, float]] | None, is_final: bool) -> None:
        metrics: dict[str, float] = {}
        if evaluate is not None:
            with self._adapter.evaluating():
                metrics = {name: float(value) for name, value in evaluate().items()}
        try:
            self._client.report(self._joined.session_id, self.epoch + 1, metrics, is_final)
        except SessionLost as lost:
            self._rejoin(lost)

    def _order_of(self, epoch: int, samples: int) -> np.ndarray:
        if self._order is None or self._order[:2] != (epoch, samples):
            self._order = (epoch, samples, permutation(self.seed, epoch, samples))
        return self._order[2]

    def _rejoin(self, lost: SessionLost) -> None:
        log.warning("lost the parameter server (%s); joining again, the batch in flight goes back", lost)
        if self._lease is not None:
            self._lease.is_lost = True
        self._connect(REJOIN_SECONDS)

    def _connect(self, within_seconds: float) -> None:
        """Joins, again and again until it worked. ParameterServerUnavailable after `within_seconds`."""
        end = time.monotonic() + within_seconds
        while True:
            if self._exchange is not None:
                self._exchange.close()
            try:
                self._join_once(max(1.0, end - time.monotonic()))
                return
            except SessionLost as lost:
                if time.monotonic() >= end:
                    raise ParameterServerUnavailable(
                        f"parameter server at {self._client.address} lost again and again for {within_seconds:.0f} s: {lost}"
                    ) from lost
                log.warning("lost the parameter server while joining: %s", lost)
                time.sleep(RETRY_FIRST_SECONDS)

    def _join_once(self, within_seconds: float) -> None:
        """Joins and opens the exchange; offers this worker's values where the partition has none."""
        self._joined = self._client.join(self._request(self._settings.is_same_machine), within_seconds)
        try:
            self._exchange = self._open()
        except OSError as error:
            log.warning("%s: tensors go over the network instead", error)
            self._client.leave(self._joined.session_id, "cannot open the shared file")
            self._joined = self._client.join(self._request(False), within_seconds)
            self._exchange = StreamExchange(self._adapter.layout.elements, self._client, self._joined.session_id)
        self._adapter.bind(self._exchange.parameters, self._exchange.gradient)
        if self._joined.wants_initial:
            # A server that lost everything before its first checkpoint starts again from the very same values.
            if self._initial is None:
                self._initial = self._exchange.parameters.copy()
            self._exchange.parameters[:] = self._initial
            self._exchange.initial()
        self._adapter.spread()
        self._needs_pull = True

    def _open(self) -> Exchange:
        if not self._joined.shared_path:
            return StreamExchange(self._adapter.layout.elements, self._client, self._joined.session_id)
        try:
            return SharedExchange(self._adapter.layout.elements, self._joined)
        except ValueError as error:
            raise Unsupported(f"{self._joined.shared_path}: {error}") from error

    def _request(self, is_same_machine: bool) -> Any:
        return wire.message("JoinRequest")(
            job_id=self._settings.job_id,
            instance_id=self._settings.instance_id,
            attempt=self._settings.attempt,
            protocol_version=PROTOCOL_VERSION,
            sdk_version=SDK_VERSION,
            layout=self._adapter.layout.to_message(),
            same_machine=is_same_machine,
        )
