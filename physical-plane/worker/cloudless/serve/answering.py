"""What every protocol asks of an instance: is it ready, what does the model take, and what does it answer. Counts and times what was
asked, however it came, for the status that the agent reads."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from .batcher import Batcher
from .config import ServeConfig
from .errors import Refused, bad_input
from .handler import Handler
from .tokens import most_tokens
from .window import Window


@dataclass(frozen=True)
class Asked:
    arrays: dict
    #: Names of the outputs that the client wants; None for all.
    outputs: list | None
    timeout_seconds: float


@dataclass(frozen=True)
class Answered:
    outputs: dict
    #: Of the longest row; None where the objective is of requests.
    tokens: int | None


class Answering:
    def __init__(self, config: ServeConfig):
        self._config = config
        self._handler = Handler(config.handler, config.bundle_folder, config.is_per_token)
        # How long a request may take follows from an objective per token only once its answer is there: such a one is not kept waiting.
        slo_seconds = None if config.is_per_token else config.slo_seconds
        self.batcher = Batcher(self._handler, config.batch_max, slo_seconds, config.hang_seconds)
        self._window = Window()
        self.is_ready = False
        self.requests = 0
        self._errors = 0
        self._over_slo = 0

    @property
    def inputs(self) -> dict | None:
        """What the model takes, where its handler says so."""
        return self._handler.inputs

    def expect_ready(self) -> None:
        if not self.is_ready:
            raise Refused(503, "the model is being loaded, or the instance is about to end", 1)

    def expect_model(self, name: str, version: str) -> None:
        if name != self._config.name or version not in ("", "1"):
            found = f"{name[:200]!r}" + (f" version {version[:60]!r}" if version else "")
            raise Refused(404, f"model {found} is not here; the model is {self._config.name!r}, version 1")

    def metadata(self) -> dict:
        def listed(declared: dict | None) -> list:
            return [{"name": n, "datatype": d, "shape": s} for n, (d, s) in (declared or {}).items()]

        tensors = {"inputs": listed(self._handler.inputs), "outputs": listed(self._handler.outputs)}
        return {"name": self._config.name, "versions": ["1"], "platform": "cloudless_python", **tensors}

    async def infer(self, read: Callable[[], Asked]) -> Answered:
        """The outputs by name of what `read` finds to be asked."""
        began = time.monotonic()
        try:
            self.expect_ready()
            answered = await self._answer(read())
        except Refused as refused:
            # Who sends nonsense says nothing of how well this answers.
            if refused.status != 400:
                self._count(began, is_error=True)
            raise
        self._count(began, is_error=False, tokens=answered.tokens or 1)
        return answered

    def status(self) -> dict:
        now = time.monotonic()
        return {
            "isReady": self.is_ready,
            "requests": self.requests,
            "errors": self._errors,
            "overSlo": self._over_slo,
            "requestsPerSecond": self._window.rate(now),
            "latencyMs": 1000 * self._window.percentile(now, self._config.slo_percentile),
            "queued": self.batcher.queued,
            "capacityPerSecond": self.batcher.times.capacity(),
        }

    async def _answer(self, asked: Asked) -> Answered:
        seconds = asked.timeout_seconds
        try:
            outputs = await asyncio.wait_for(self.batcher.answer(asked.arrays, seconds), seconds)
        except asyncio.TimeoutError:
            raise Refused(504, f"not answered within {seconds:.3f} s, as long as it was to wait") from None
        tokens = most_tokens(outputs) if self._config.is_per_token else None
        for place, name in enumerate(asked.outputs or ()):
            if name not in outputs:
                raise bad_input(f"outputs[{place}].name", f"{name[:200]!r} is none; the model has {', '.join(outputs)}")
        return Answered(outputs if asked.outputs is None else {name: outputs[name] for name in asked.outputs}, tokens)

    def _count(self, began: float, is_error: bool, tokens: int = 1) -> None:
        now = time.monotonic()
        seconds = (now - began) / tokens
        self.requests += 1
        self._errors += is_error
        slo = self._config.slo_seconds
        self._over_slo += slo is not None and (is_error or seconds > slo)
        self._window.add(now, seconds)
