"""One instance of a function: the routes of the Open Inference Protocol, from loading the handler to the last answer, and the
status that its agent reads every second."""

import asyncio
import json
import math
import os
import signal
import sys
import time

from .batcher import Batcher
from .config import DRAIN_SECONDS, STATUS_SECONDS, TIMEOUT_SECONDS_DEFAULT, TIMEOUT_SECONDS_MAX, ServeConfig
from .errors import Refused, bad_input
from .handler import Handler
from .http import HttpServer, Request
from .tensors import read_inputs, read_outputs_asked, write_outputs
from .tokens import most_tokens
from .window import Window


class Instance:
    def __init__(self, config: ServeConfig):
        self._config = config
        self._handler = Handler(config.handler, config.bundle_folder, config.is_per_token)
        # How long a request may take follows from an objective per token only once its answer is there: such a one is not kept waiting.
        self._batcher = Batcher(self._handler, config.batch_max, None if config.is_per_token else config.slo_seconds)
        self._http = HttpServer(self._route)
        self._window = Window()
        self._is_ready = False
        self._ending = asyncio.Event()
        self._endpoint = ""
        self._requests = 0
        self._errors = 0
        self._over_slo = 0
        self._beat = 0

    async def run(self) -> None:
        """Until SIGTERM, and then until what was begun is answered."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._ending.set)
        port = await self._http.start(self._config.bind_host, self._config.port)
        self._endpoint = _address(self._config.advertise_host, port)
        telling = asyncio.create_task(self._tell())
        batching = asyncio.create_task(self._batcher.run())
        loading = asyncio.create_task(self._load())
        ending = asyncio.create_task(self._ending.wait())
        await asyncio.wait({loading, ending, telling, batching}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
            await asyncio.wait({ending, telling, batching}, return_when=asyncio.FIRST_COMPLETED)
        for task in (telling, batching):
            if task.done():
                task.result()
        await self._drain()
        telling.cancel()
        batching.cancel()
        self._batcher.close()

    async def _load(self) -> None:
        began = time.monotonic()
        await self._batcher.load()
        self._is_ready = not self._ending.is_set()
        self._write_status()
        seconds = time.monotonic() - began
        print(f"{self._config.name}: loaded in {seconds:.1f} s, answers on {self._endpoint}", flush=True)

    async def _drain(self) -> None:
        self._is_ready = False
        self._batcher.drain()
        self._write_status()
        until = time.monotonic() + DRAIN_SECONDS
        while not self._batcher.is_idle and time.monotonic() < until:
            await asyncio.sleep(0.01)
        # The last answers are on their way to their clients.
        await asyncio.sleep(0.05)
        await self._http.stop()
        print(f"{self._config.name}: ends after {self._requests} requests", flush=True)

    async def _route(self, request: Request) -> dict:
        path = request.path.rstrip("/")
        model = f"/v2/models/{self._config.name}"
        if path == f"{model}/infer":
            _expect(request, "POST")
            return await self._infer(request)
        known = ("/v2", "/v2/health/live", "/v2/health/ready", model, f"{model}/ready")
        if path not in known:
            raise Refused(404, f"{request.path[:200]} is not here; the model is {model}")
        _expect(request, "GET")
        if path == "/v2":
            return {"name": "cloudless", "version": "0.1.0", "extensions": []}
        if path == "/v2/health/live":
            return {"live": True}
        if path == model:
            return self._metadata()
        if not self._is_ready:
            raise Refused(503, "the model is being loaded, or the instance is about to end", 1)
        return {"ready": True} if path.startswith("/v2/health") else {"name": self._config.name, "ready": True}

    def _metadata(self) -> dict:
        def listed(declared: dict | None) -> list:
            return [{"name": n, "datatype": d, "shape": s} for n, (d, s) in (declared or {}).items()]

        tensors = {"inputs": listed(self._handler.inputs), "outputs": listed(self._handler.outputs)}
        return {"name": self._config.name, "versions": ["1"], "platform": "cloudless_python", **tensors}

    async def _infer(self, request: Request) -> dict:
        began = time.monotonic()
        try:
            answer, tokens = await self._answer(request)
        except Refused as refused:
            # Who sends nonsense says nothing of how well this answers.
            if refused.status != 400:
                self._count(began, is_error=True)
            raise
        self._count(began, is_error=False, tokens=tokens)
        return answer

    async def _answer(self, request: Request) -> tuple:
        """The answer, and what its latency is divided by."""
        if not self._is_ready:
            raise Refused(503, "the model is being loaded, or the instance is about to end", 1)
        content = _read_json(request.body)
        arrays = read_inputs(content, self._handler.inputs)
        asked = read_outputs_asked(content)
        timeout = _timeout_of(request, content)
        try:
            outputs = await asyncio.wait_for(self._batcher.answer(arrays, timeout), timeout)
        except asyncio.TimeoutError:
            raise Refused(504, f"not answered within {timeout:.3f} s, as long as it was to wait") from None
        tokens = most_tokens(outputs) if self._config.is_per_token else 1
        if asked is not None:
            for place, name in enumerate(asked):
                if name not in outputs:
                    raise bad_input(f"outputs[{place}].name", f"{name[:200]!r} is none; the model has {', '.join(outputs)}")
            outputs = {name: outputs[name] for name in asked}
        answer = {"model_name": self._config.name, "model_version": "1", "outputs": write_outputs(outputs)}
        named = content.get("id")
        return ({"id": named, **answer} if isinstance(named, str) else answer), tokens

    def _count(self, began: float, is_error: bool, tokens: int = 1) -> None:
        now = time.monotonic()
        seconds = (now - began) / tokens
        self._requests += 1
        self._errors += is_error
        slo = self._config.slo_seconds
        self._over_slo += slo is not None and (is_error or seconds > slo)
        self._window.add(now, seconds)

    async def _tell(self) -> None:
        while True:
            self._write_status()
            await asyncio.sleep(STATUS_SECONDS)

    def _write_status(self) -> None:
        """Whole or not there: the agent reads while this writes."""
        path = self._config.status_path
        if path == "":
            return
        now = time.monotonic()
        self._beat += 1
        status = {
            "beat": self._beat,
            "attempt": self._config.attempt,
            "endpoint": self._endpoint if self._is_ready else "",
            "isReady": self._is_ready,
            "requests": self._requests,
            "errors": self._errors,
            "overSlo": self._over_slo,
            "requestsPerSecond": self._window.rate(now),
            "latencyMs": 1000 * self._window.percentile(now, self._config.slo_percentile),
            "queued": self._batcher.queued,
            "capacityPerSecond": self._batcher.times.capacity(),
        }
        try:
            with open(f"{path}.new", "w", encoding="utf8") as file:
                json.dump(status, file)
            os.replace(f"{path}.new", path)
        except OSError as error:
            # A full disk must not end the answering.
            print(f"status could not be written: {error}", file=sys.stderr, flush=True)


def _expect(request: Request, method: str) -> None:
    if request.method != method:
        raise Refused(405, f"{request.method[:20]} is not for {request.path[:200]}; use {method}")


def _read_json(body: bytes) -> dict:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_input("body", f"is no JSON ({str(error)[:100]}); send an inference request") from None
    if not isinstance(content, dict):
        raise bad_input("body", 'is no JSON object; send one with a list "inputs"')
    return content


def _timeout_of(request: Request, content: dict) -> float:
    """Header x-request-timeout-ms, or the request's parameter timeout_ms."""
    parameters = content.get("parameters")
    given = request.headers.get("x-request-timeout-ms")
    if given is None and isinstance(parameters, dict):
        given = parameters.get("timeout_ms")
    if given is None:
        return TIMEOUT_SECONDS_DEFAULT
    try:
        seconds = float(given) / 1000
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds <= TIMEOUT_SECONDS_MAX:
        raise bad_input("timeout_ms", f"is {str(given)[:60]!r}; give a number up to {TIMEOUT_SECONDS_MAX * 1000:.0f}")
    return seconds


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
