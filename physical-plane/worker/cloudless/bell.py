"""The bell: one small frame up and one down per step, while tensors lie in a shared file.

The format is proto/worker-exchange.md. The socket blocks: a worker has nothing else to do until its answer is there.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

from .config import ANSWER_TEXT_BYTES_MAX, GROUPS_MAX, PROTOCOL_VERSION, SESSION_ID_BYTES_MAX, STEP_SECONDS
from .errors import SessionLost, StepRefused, Unsupported

MAGIC = 0x4C424C43
HELLO, STEP, PULL, INITIAL = 1, 2, 3, 4
DONE, LEASE_LOST, UNKNOWN_SESSION, REFUSED = 0, 1, 2, 3

_REQUEST = struct.Struct("<IHHQIIdI28s")
_ANSWER = struct.Struct("<IHHQIId")


class Answer(NamedTuple):
    """Status (DONE or LEASE_LOST once checked), parameter version, and whether training is over."""

    status: int
    version: int
    is_over: bool
    text: str


def encode_request(
    op: int,
    lease_id: int = 0,
    lease_used: int = 0,
    samples: int = 0,
    loss: float = 0.0,
    learning_rates: Sequence[float] = (),
    session_id: bytes = b"",
) -> bytes:
    """A request frame. Unsupported for more than 64 groups or an id over 28 bytes."""
    if len(learning_rates) > GROUPS_MAX:
        raise Unsupported(f"{len(learning_rates)} parameter groups; at most {GROUPS_MAX} are supported")
    if len(session_id) > SESSION_ID_BYTES_MAX:
        raise Unsupported(f"session id of {len(session_id)} bytes; at most {SESSION_ID_BYTES_MAX} fit a frame")
    head = _REQUEST.pack(
        MAGIC, PROTOCOL_VERSION, op, lease_id, lease_used, samples, loss, len(learning_rates), session_id
    )
    return head + struct.pack(f"<{len(learning_rates)}d", *learning_rates)


def decode_answer(head: bytes | bytearray) -> tuple[int, int, int, int]:
    """(status, version, text bytes that follow, flags) of the 32-byte head; ValueError for another protocol."""
    magic, protocol, status, version, text_bytes, flags, _ = _ANSWER.unpack(head)
    if magic != MAGIC or protocol != PROTOCOL_VERSION:
        raise ValueError(f"bell answers with magic {magic:#x} version {protocol}, expected {MAGIC:#x} version 1")
    if text_bytes > ANSWER_TEXT_BYTES_MAX:
        raise ValueError(f"bell announces {text_bytes} bytes of text; at most {ANSWER_TEXT_BYTES_MAX} are expected")
    return status, version, text_bytes, flags


class Bell:
    """A connected bell socket, bound to a session. SessionLost when it cannot be reached or breaks."""

    def __init__(self, path: str, session_id: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(STEP_SECONDS)
        self._head = bytearray(_ANSWER.size)
        try:
            self._socket.connect(path)
        except OSError as error:
            self.close()
            raise SessionLost(f"bell socket {path}: {error}") from error
        self.ring(encode_request(HELLO, session_id=session_id.encode("ascii")))

    def ring(self, frame: bytes) -> Answer:
        """Sends a request and waits for its answer. StepRefused with the server's reason when it is refused."""
        try:
            self._socket.sendall(frame)
            self._receive(memoryview(self._head))
            status, version, text_bytes, flags = decode_answer(self._head)
            text = bytearray(text_bytes)
            self._receive(memoryview(text))
        except (OSError, ValueError) as error:
            self.close()
            raise SessionLost(f"bell socket broke: {error}") from error
        reason = text.decode("utf-8", errors="replace")
        if status == UNKNOWN_SESSION:
            raise SessionLost(reason or "the parameter server does not know this session")
        if status == REFUSED:
            raise StepRefused(reason)
        return Answer(status, version, bool(flags & 1), reason)

    def close(self) -> None:
        """Closes the socket; the server then takes this session's leases back."""
        self._socket.close()

    def _receive(self, view: memoryview) -> None:
        while len(view) > 0:
            count = self._socket.recv_into(view)
            if count == 0:
                raise ConnectionError("closed by the parameter server")
            view = view[count:]
