"""One instance of a function: from loading the handler to the last answer, over HTTP and gRPC, and the status that its agent reads
every second."""

import asyncio
import json
import os
import signal
import sys
import time

from .answering import Answering
from .config import DRAIN_SECONDS, SEND_SECONDS, STATUS_SECONDS, SWEEP_SECONDS, WATCH_SECONDS, ServeConfig
from .errors import Refused
from .grpc_server import GrpcServer
from .errors import HandlerFault
from .http import HttpServer
from .http_routes import HttpRoutes
from .memory import bound_allocations, own_bytes
from .weights import sweep_older


class Instance:
    def __init__(self, config: ServeConfig):
        self._config = config
        self._answering = Answering(config)
        self._batcher = self._answering.batcher
        self._http = HttpServer(HttpRoutes(config, self._answering).answer)
        self._grpc = GrpcServer(self._answering, config.timeout_seconds)
        self._ending = asyncio.Event()
        self._endpoint = ""
        self._grpc_endpoint = ""
        self._beat = 0

    async def run(self) -> None:
        """Until SIGTERM, and then until what was begun is answered. Raises HandlerFault when it can not go on."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._ending.set)
        host, advertised = self._config.bind_host, self._config.advertise_host
        self._endpoint = _address(advertised, await self._http.start(host, self._config.port))
        self._grpc_endpoint = _address(advertised, await self._grpc.start(host, self._config.grpc_port))
        if self._config.memory_bytes is not None:
            bound_allocations(self._config.memory_bytes)
        ending = asyncio.create_task(self._ending.wait())
        works = [self._tell(), self._batcher.run(), self._load(), self._watch()]
        tasks = {asyncio.create_task(each) for each in works}
        try:
            while tasks and not ending.done():
                done, _ = await asyncio.wait({ending, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                for task in done & tasks:
                    task.result()
                tasks -= done
            await self._drain()
        finally:
            for task in tasks:
                task.cancel()
            self._batcher.close()

    async def _load(self) -> None:
        began = time.monotonic()
        limit = self._config.load_seconds
        try:
            await asyncio.wait_for(self._batcher.load(), limit)
        except asyncio.TimeoutError:
            raise HandlerFault(f"load() has not ended within {limit:g} s") from None
        self._answering.is_ready = not self._ending.is_set()
        self._write_status()
        seconds = time.monotonic() - began
        where = f"HTTP on {self._endpoint}, gRPC on {self._grpc_endpoint}"
        print(f"{self._config.name}: loaded in {seconds:.1f} s, answers {where}", flush=True)

    async def _watch(self) -> None:
        """Ends an instance that will answer nothing more, or that holds more than it may: the next one starts anew."""
        memory = self._config.memory_bytes
        swept = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if time.monotonic() - swept > SWEEP_SECONDS:
                swept = time.monotonic()
                sweep_older()
            if self._batcher.hanging_seconds > 0:
                why = f"predict() hangs: it takes twice as long as anybody waits for it, and over {self._config.hang_seconds:g} s"
                await self._give_up(Refused(503, f"{why}; ask another instance", 1))
                raise HandlerFault(why)
            if memory is not None and (held := own_bytes()) > memory:
                why = f"it holds {held / 2**30:.2f} GiB of memory, memory_gib allows {memory / 2**30:.2f}"
                await self._drain()
                raise HandlerFault(f"{why}; does it keep what it need not?")

    async def _give_up(self, why: Refused) -> None:
        self._answering.is_ready = False
        self._batcher.refuse(why)
        self._write_status()
        await asyncio.sleep(SEND_SECONDS)

    async def _drain(self) -> None:
        self._answering.is_ready = False
        self._batcher.drain()
        self._write_status()
        until = time.monotonic() + DRAIN_SECONDS
        while not self._batcher.is_idle and time.monotonic() < until:
            await asyncio.sleep(0.01)
        # The last answers are on their way to their clients.
        await asyncio.sleep(SEND_SECONDS)
        await self._http.stop()
        await self._grpc.stop()
        print(f"{self._config.name}: ends after {self._answering.requests} requests", flush=True)

    async def _tell(self) -> None:
        while True:
            self._write_status()
            await asyncio.sleep(STATUS_SECONDS)

    def _write_status(self) -> None:
        """Whole or not there: the agent reads while this writes."""
        path = self._config.status_path
        if path == "":
            return
        self._beat += 1
        is_ready = self._answering.is_ready
        status = {
            "beat": self._beat,
            "attempt": self._config.attempt,
            "endpoint": self._endpoint if is_ready else "",
            "grpcEndpoint": self._grpc_endpoint if is_ready else "",
            **self._answering.status(),
        }
        try:
            with open(f"{path}.new", "w", encoding="utf8") as file:
                json.dump(status, file)
            os.replace(f"{path}.new", path)
        except OSError as error:
            # A full disk must not end the answering.
            print(f"status could not be written: {error}", file=sys.stderr, flush=True)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
