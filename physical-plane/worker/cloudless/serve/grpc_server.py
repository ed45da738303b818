"""The Open Inference Protocol over gRPC, beside HTTP: the same model, limits and refusals. A call that its client has cancelled, or whose
deadline has passed, is given up where it waits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from .answering import Answering, Asked
from .config import BODY_BYTES_MAX, CALLS_MAX, IDLE_SECONDS, TENSORS_MAX, TIMEOUT_SECONDS_MAX
from .errors import Refused, bad_input
from .grpc_tensors import read_message, write_message
from .protocol import SERVER_METADATA, read_timeout_ms
from .tokens import TOKENS_HEADER
from .wire import SERVICE, methods

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}

_OPTIONS = [
    ("grpc.max_receive_message_length", BODY_BYTES_MAX),
    # What a model answers is as long as it is, as over HTTP.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", CALLS_MAX),
    # Two instances on one port would each get half of the requests.
    ("grpc.so_reuseport", 0),
    # Whoever has gone without a word is noticed.
    ("grpc.keepalive_time_ms", int(IDLE_SECONDS * 1000)),
]

Answer = Callable[[Any, Any, grpc.aio.ServicerContext], Awaitable[None]]


class GrpcServer:
    def __init__(self, answering: Answering, timeout_seconds: float):
        self._answering = answering
        self._timeout_seconds = timeout_seconds
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """The port that it listens on."""
        answers: dict[str, Answer] = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._model_infer,
        }
        handlers = {name: _handler(answers[name], *types) for name, types in methods().items()}
        self._server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=CALLS_MAX)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        bound = self._server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        await self._server.start()
        return bound

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(grace=None)

    async def _server_live(self, request: Any, response: Any, context: grpc.aio.ServicerContext) -> None:
        response.live = True

    async def _server_ready(self, request: Any, response: Any, context: grpc.aio.ServicerContext) -> None:
        response.ready = self._answering.is_ready

    async def _model_ready(self, request: Any, response: Any, context: grpc.aio.ServicerContext) -> None:
        self._answering.expect_model(request.name, request.version)
        response.ready = self._answering.is_ready

    async def _server_metadata(self, request: Any, response: Any, context: grpc.aio.ServicerContext) -> None:
        response.name = SERVER_METADATA["name"]
        response.version = SERVER_METADATA["version"]
        response.extensions.extend(SERVER_METADATA["extensions"])

    async def _model_metadata(self, request: Any, response: Any, context: grpc.aio.ServicerContext) -> None:
        self._answering.expect_model(request.name, request.version)
        found = self._answering.metadata()
        response.name = found["name"]
        response.versions.extend(found["versions"])
        response.platform = found["platform"]
        for which in ("inputs", "outputs"):
            for tensor in found[which]:
                getattr(response, which).add(**tensor)

    async def _model_infer(self, request: Any, response: Any, context: grpc.aio.ServicerContext) -> None:
        self._answering.expect_model(request.model_name, request.model_version)
        asked = [each.name for each in request.outputs]

        def read() -> Asked:
            if len(asked) > TENSORS_MAX:
                raise bad_input("outputs", f"asks for {len(asked)} tensors; ask for at most {TENSORS_MAX}")
            return Asked(read_message(request, self._answering.inputs), asked or None, self._timeout_of(request, context))

        answered = await self._answering.infer(read)
        if answered.tokens is not None:
            context.set_trailing_metadata(((TOKENS_HEADER, str(answered.tokens)),))
        response.model_name = request.model_name
        response.model_version = "1"
        response.id = request.id
        write_message(response, answered.outputs, is_raw=len(request.raw_input_contents) > 0)

    def _timeout_of(self, request: Any, context: grpc.aio.ServicerContext) -> float:
        """The call's deadline, or the parameter timeout_ms; the shorter of both."""
        left = context.time_remaining()
        seconds = self._timeout_seconds if left is None else max(0.001, min(left, TIMEOUT_SECONDS_MAX))
        if "timeout_ms" not in request.parameters:
            return seconds
        chosen = request.parameters["timeout_ms"]
        which = chosen.WhichOneof("parameter_choice")
        given = read_timeout_ms(None if which is None else getattr(chosen, which))
        return given if left is None else min(seconds, given)


def _handler(answer: Answer, request_type: Any, response_type: Any) -> grpc.RpcMethodHandler:
    async def serve(request: Any, context: grpc.aio.ServicerContext) -> Any:
        response = response_type()
        try:
            await answer(request, response, context)
        except Refused as refused:
            seconds = refused.retry_after_seconds
            more = () if seconds is None else (("retry-after", str(seconds)),)
            await context.abort(_CODES.get(refused.status, grpc.StatusCode.UNKNOWN), refused.text, more)
        except asyncio.CancelledError:
            raise
        return response

    return grpc.unary_unary_rpc_method_handler(
        serve, request_deserializer=request_type.FromString, response_serializer=response_type.SerializeToString
    )
