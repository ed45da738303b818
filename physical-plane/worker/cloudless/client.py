"""WorkerService over gRPC by method path: every call has a deadline, and the ones that may come early are retried.

Failures that mean "this session is over" (the server went away, or restarted and does not know us) become SessionLost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any

import grpc

from . import wire
from .config import (
    CALL_SECONDS,
    LEASE_SECONDS,
    LEAVE_SECONDS,
    MESSAGE_BYTES_MAX,
    RETRY_FIRST_SECONDS,
    RETRY_MAX_SECONDS,
    STEP_SECONDS,
    TELL_SECONDS,
    WINDOW_BYTES,
)
from .errors import CloudlessError, JoinRefused, ParameterServerUnavailable, SessionLost, StepRefused

log = logging.getLogger("cloudless")

_LOST = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
_NOT_THERE_YET = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}


class WorkerClient:
    """Calls to the parameter server at `address` (`unix:/path` or `host:port`)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.http2.lookahead_bytes", WINDOW_BYTES),
                ("grpc.initial_reconnect_backoff_ms", int(RETRY_FIRST_SECONDS * 1000)),
                ("grpc.min_reconnect_backoff_ms", int(RETRY_FIRST_SECONDS * 1000)),
                ("grpc.max_reconnect_backoff_ms", int(RETRY_MAX_SECONDS * 1000)),
                # The parameter server is in the same region: never through an egress proxy.
                ("grpc.enable_http_proxy", 0),
                # A new client must not inherit the back-off of one that met a dead server.
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        self._join = self._unary("Join")
        self._lease = self._unary("LeaseSamples")
        self._report = self._unary("ReportEvaluation")
        self._leave = self._unary("Leave")
        path, request, response = wire.method("PushGradient")
        self._push = self._channel.stream_unary(path, request.SerializeToString, response.FromString)
        path, request, response = wire.method("PullParameters")
        self._pull = self._channel.unary_stream(path, request.SerializeToString, response.FromString)

    def join(self, request: Any, within_seconds: float) -> Any:
        """JoinResponse. Waits up to `within_seconds` for a server; JoinRefused when it does not take this worker."""
        end = time.monotonic() + within_seconds
        pause = RETRY_FIRST_SECONDS
        told_at = time.monotonic()
        while True:
            try:
                return self._join(request, timeout=CALL_SECONDS)
            except grpc.RpcError as error:
                if error.code() not in _NOT_THERE_YET:
                    raise JoinRefused(f"parameter server at {self.address} refused: {_text(error)}") from error
                now = time.monotonic()
                if now >= end:
                    raise ParameterServerUnavailable(
                        f"no parameter server at {self.address} after {within_seconds:.0f} s: {_text(error)}"
                    ) from error
                if now - told_at >= TELL_SECONDS:
                    told_at = now
                    log.info("waiting for the parameter server at %s, up to %.0f s more", self.address, end - now)
            time.sleep(min(pause, max(0.0, end - time.monotonic())))
            pause = min(2 * pause, RETRY_MAX_SECONDS)

    def lease(self, session_id: str) -> Any:
        """LeaseSamplesResponse; blocks until the server has an outcome."""
        request = wire.message("LeaseSamplesRequest")(session_id=session_id)
        return _call(lambda: self._lease(request, timeout=LEASE_SECONDS))

    def report(self, session_id: str, epoch: float, metrics: dict[str, float], is_final: bool) -> None:
        """Hands in the result of the user's evaluation."""
        request = wire.message("ReportEvaluationRequest")(
            session_id=session_id, epoch=epoch, metrics=metrics, is_final=is_final
        )
        try:
            _call(lambda: self._report(request, timeout=CALL_SECONDS))
        except StepRefused as refused:
            raise CloudlessError(f"the parameter server refused the evaluation {metrics}: {refused}") from refused

    def push(self, requests: Iterable[Any]) -> Any:
        """PushGradientResponse for a stream of PushGradientRequest. StepRefused when the step is not taken."""
        return _call(lambda: self._push(iter(requests), timeout=STEP_SECONDS))

    def pull(self, session_id: str) -> Iterator[Any]:
        """The stream of PullParametersResponse."""
        request = wire.message("PullParametersRequest")(session_id=session_id)
        stream = self._pull(request, timeout=STEP_SECONDS)
        try:
            yield from stream
        except grpc.RpcError as error:
            raise _translated(error) from error

    def leave(self, session_id: str, reason: str) -> None:
        """Says goodbye. A server that is gone needs none."""
        try:
            self._leave(wire.message("LeaveRequest")(session_id=session_id, reason=reason), timeout=LEAVE_SECONDS)
        except grpc.RpcError as error:
            log.debug("leave: %s", _text(error))

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _unary(self, name: str) -> Any:
        path, request, response = wire.method(name)
        return self._channel.unary_unary(path, request.SerializeToString, response.FromString)


def _call(call: Any) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        raise _translated(error) from error


def _translated(error: grpc.RpcError) -> Exception:
    if error.code() in _LOST:
        return SessionLost(_text(error))
    if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
        return StepRefused(error.details())
    return CloudlessError(f"parameter server answered {_text(error)}")


def _text(error: grpc.RpcError) -> str:
    return f"{error.code().name}: {error.details()}"
