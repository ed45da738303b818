"""Requests that wait are answered together, as many as fit into a batch and as are worth waiting for (release.py). The model runs on one
thread, so that health and refusals are answered meanwhile; what waits is bounded, and who comes in vain is told when to come again."""

import asyncio
import math
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy

from .batch_time import BatchTime
from .config import HANG_TIMES, QUEUED_BATCHES_MAX, QUEUED_BYTES_MAX, QUEUED_MIN
from .errors import HandlerFault, Refused
from .handler import Handler
from .release import Waits, wait_for_more
from .window import BatchTimes


@dataclass
class Waiting:
    arrays: dict
    # Requests that are answered together agree in this.
    kind: tuple
    bytes: int
    came: float
    deadline: float
    answer: asyncio.Future


class Batcher:
    def __init__(self, handler: Handler, batch_max: int, slo_seconds: float | None, hang_seconds: float):
        self._handler = handler
        self._batch_max = batch_max
        self._slo_seconds = slo_seconds
        self._hang_seconds = hang_seconds
        self._queue: deque[Waiting] = deque()
        self._queued_bytes = 0
        self._queue_max = max(QUEUED_MIN, QUEUED_BATCHES_MAX * batch_max)
        self._came = asyncio.Event()
        self._is_draining = False
        self._is_busy = False
        # Of the present batch, if there is one: when it should have been answered even by a slow model.
        self._hangs_at = math.inf
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._gap = math.inf
        self._last_came = -math.inf
        self._time = BatchTime()
        self.times = BatchTimes()

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def is_idle(self) -> bool:
        return not self._queue and not self._is_busy

    @property
    def hanging_seconds(self) -> float:
        """How long the model has been over the time in which even a slow one would have answered; not above 0 while all is well."""
        return time.monotonic() - self._hangs_at

    async def load(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._handler.load)

    def answer(self, arrays: dict, timeout_seconds: float) -> asyncio.Future:
        """Resolves with the outputs; refuses at once what can not be taken."""
        now = time.monotonic()
        if self._is_draining:
            raise Refused(503, "this instance is about to end; ask another one", 1)
        size = sum(array.nbytes for array in arrays.values())
        if len(self._queue) >= self._queue_max or self._queued_bytes + size > QUEUED_BYTES_MAX:
            batches = math.ceil((len(self._queue) + 1) / self._batch_max)
            seconds = max(1, math.ceil(batches * self.times.expected(self._batch_max)))
            raise Refused(429, f"{len(self._queue)} requests wait already; come again later", seconds)
        # Who comes while nobody is here is answered at once: a client that asks one after another would wait for itself.
        self._gap = math.inf if self.is_idle else _average(self._gap, now - self._last_came)
        self._last_came = now
        kind = tuple(sorted((name, array.dtype.str, array.shape[1:]) for name, array in arrays.items()))
        future = asyncio.get_running_loop().create_future()
        self._queue.append(Waiting(arrays, kind, size, now, now + timeout_seconds, future))
        self._queued_bytes += size
        self._came.set()
        return future

    def drain(self) -> None:
        """Takes nothing more; what waits is answered."""
        self._is_draining = True
        self._came.set()

    def refuse(self, why: Refused) -> None:
        """Takes nothing more, and what waits is told why; what runs is told when it ends, if it does."""
        self._is_draining = True
        for each in self._queue:
            if not each.answer.done():
                each.answer.set_exception(why)
        self._queue.clear()
        self._queued_bytes = 0

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def run(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            while self._queue:
                await self._wait_for_more()
                batch = self._take()
                if batch:
                    await self._run_batch(batch)

    async def _wait_for_more(self) -> None:
        while self._queue and not self._is_draining:
            seconds = wait_for_more(self._waits())
            if seconds <= 0:
                return
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), seconds)
            except asyncio.TimeoutError:
                return

    def _waits(self) -> Waits:
        now = time.monotonic()
        first = self._queue[0]
        return Waits(
            requests=sum(each.kind == first.kind and not each.answer.done() for each in self._queue),
            most=self._batch_max,
            oldest_waited=now - first.came,
            gap=self._gap,
            since_last=now - self._last_came,
            line=self._time.line(),
            slo=self._slo_seconds,
            deadline=first.deadline - first.came,
        )

    def _take(self) -> list[Waiting]:
        """The oldest, and those behind it that go with it."""
        now = time.monotonic()
        batch: list[Waiting] = []
        kept: deque[Waiting] = deque()
        while self._queue:
            each = self._queue.popleft()
            if each.answer.done():
                self._queued_bytes -= each.bytes
            elif each.deadline <= now:
                self._queued_bytes -= each.bytes
                each.answer.set_exception(Refused(504, f"waited {now - each.came:.3f} s, as long as it was to wait"))
            elif len(batch) < self._batch_max and (not batch or batch[0].kind == each.kind):
                self._queued_bytes -= each.bytes
                batch.append(each)
            else:
                kept.append(each)
        self._queue = kept
        return batch

    async def _run_batch(self, batch: list[Waiting]) -> None:
        self._is_busy = True
        began = time.monotonic()
        patience = max(each.deadline for each in batch) - began
        self._hangs_at = began + max(self._hang_seconds, HANG_TIMES * patience)
        try:
            loop = asyncio.get_running_loop()
            answers = await loop.run_in_executor(self._thread, self._predict, [each.arrays for each in batch])
            seconds = time.monotonic() - began
            self.times.add(len(batch), seconds)
            self._time.add(len(batch), seconds)
            for each, answer in zip(batch, answers):
                if not each.answer.done():
                    each.answer.set_result(answer)
        except Exception as error:
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(_as_refusal(error))
        finally:
            self._is_busy = False
            self._hangs_at = math.inf

    def _predict(self, requests: list[dict]) -> list[dict]:
        rows = [next(iter(arrays.values())).shape[0] for arrays in requests]
        joined = {name: _join([arrays[name] for arrays in requests]) for name in requests[0]}
        outputs = self._handler.predict(joined)
        ends = numpy.cumsum(rows).tolist()
        return [
            {name: array[end - count : end] for name, array in outputs.items()} for count, end in zip(rows, ends)
        ]


def _join(arrays: list) -> numpy.ndarray:
    return arrays[0] if len(arrays) == 1 else numpy.concatenate(arrays)


def _average(before: float, seconds: float) -> float:
    return seconds if math.isinf(before) else before + 0.2 * (seconds - before)


def _as_refusal(error: Exception) -> Refused:
    if isinstance(error, HandlerFault):
        return Refused(500, str(error))
    return Refused(500, f"the model failed: {type(error).__name__}: {error}"[:2_000])
