"""One instance of a function: from loading the handler to the last answer, over HTTP and gRPC, and the status that its agent reads
every second."""

import asyncio
import json
import os
import signal
import sys
import time

from .answering import Answering
from .config import DRAIN_SECONDS, STATUS_SECONDS, ServeConfig
from .grpc_server import GrpcServer
from .http import HttpServer
from .http_routes import HttpRoutes


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
        """Until SIGTERM, and then until what was begun is answered."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._ending.set)
        host, advertised = self._config.bind_host, self._config.advertise_host
        self._endpoint = _address(advertised, await self._http.start(host, self._config.port))
        self._grpc_endpoint = _address(advertised, await self._grpc.start(host, self._config.grpc_port))
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
        self._answering.is_ready = not self._ending.is_set()
        self._write_status()
        seconds = time.monotonic() - began
        where = f"HTTP on {self._endpoint}, gRPC on {self._grpc_endpoint}"
        print(f"{self._config.name}: loaded in {seconds:.1f} s, answers {where}", flush=True)

    async def _drain(self) -> None:
        self._answering.is_ready = False
        self._batcher.drain()
        self._write_status()
        until = time.monotonic() + DRAIN_SECONDS
        while not self._batcher.is_idle and time.monotonic() < until:
            await asyncio.sleep(0.01)
        # The last answers are on their way to their clients.
        await asyncio.sleep(0.05)
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
