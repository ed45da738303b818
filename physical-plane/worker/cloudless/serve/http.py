"""HTTP/1.1 for this one purpose: requests with a known length over connections that stay open. Everything is bounded: headers,
bodies, time and connections; what is not understood is refused and the connection closed."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Awaitable, Callable

from .config import BODY_BYTES_MAX, CONNECTIONS_MAX, HEADER_BYTES_MAX, IDLE_SECONDS, RECEIVE_SECONDS
from .errors import Refused

_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict
    body: bytes


@dataclass(frozen=True)
class Answer:
    content: dict
    #: Sent behind the JSON, as the protocol's binary extension says.
    parts: list[bytes] = field(default_factory=list)
    headers: dict = field(default_factory=dict)


Route = Callable[[Request], Awaitable[Answer]]


class HttpServer:
    def __init__(self, route: Route):
        self._route = route
        self._connections: set = set()
        self._server: asyncio.AbstractServer | None = None
        self.is_closing = False

    async def start(self, host: str, port: int) -> int:
        """The port that it listens on."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=HEADER_BYTES_MAX, backlog=CONNECTIONS_MAX)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.is_closing = True
        if self._server is not None:
            self._server.close()
        for writer in list(self._connections):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        coming: asyncio.Task | None = None
        try:
            if len(self._connections) >= CONNECTIONS_MAX:
                refused = Answer({"error": f"{CONNECTIONS_MAX} connections are open; close some"})
                await _write(writer, 503, refused, True, 1)
                return
            self._connections.add(writer)
            coming = asyncio.create_task(_first_byte(reader))
            while not self.is_closing:
                await asyncio.wait({coming}, timeout=IDLE_SECONDS)
                if not coming.done() or coming.result() == b"":
                    return
                coming = await self._serve_one(coming.result(), reader, writer)
                if coming is None:
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            if coming is not None:
                coming.cancel()
            self._connections.discard(writer)
            writer.close()

    async def _serve_one(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> asyncio.Task | None:
        """What the next request begins with, once it comes; None when the connection is over."""
        coming: asyncio.Task | None = None
        try:
            request = await _read(first, reader, writer)
            # Waited for while this one is answered: that is how a client that has gone is noticed.
            coming = asyncio.create_task(_first_byte(reader))
            answer = await self._answer(request, coming)
            if answer is None:
                return None
            closes = self.is_closing or request.headers.get("connection", "").lower() == "close"
            await _write(writer, 200, answer, closes)
        except Refused as refused:
            closes = refused.closes or self.is_closing
            await _write(writer, refused.status, Answer({"error": refused.text}), closes, refused.retry_after_seconds)
        if closes and coming is not None:
            coming.cancel()
        return None if closes else coming or asyncio.create_task(_first_byte(reader))

    async def _answer(self, request: Request, coming: asyncio.Task) -> Answer | None:
        """None, and what was begun is given up, when the client goes before it is answered."""
        routing = asyncio.ensure_future(self._route(request))
        try:
            await asyncio.wait({routing, coming}, return_when=asyncio.FIRST_COMPLETED)
            if not routing.done() and coming.result() == b"":
                return None
            return await routing
        finally:
            routing.cancel()


async def _first_byte(reader: asyncio.StreamReader) -> bytes:
    """Empty when the client has gone."""
    try:
        return await reader.read(1)
    except ConnectionError:
        return b""


async def _read(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    try:
        return await asyncio.wait_for(_read_rest(first, reader, writer), RECEIVE_SECONDS)
    except asyncio.TimeoutError:
        raise Refused(408, f"the request did not arrive within {RECEIVE_SECONDS:.0f} s", closes=True) from None


async def _read_rest(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Refused(431, f"headers are longer than {HEADER_BYTES_MAX} bytes; send fewer", closes=True) from None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Refused(400, "this is no HTTP/1.1 request", closes=True)
    headers: dict = {}
    for line in lines[1:]:
        if line == "":
            break
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or name == "":
            raise Refused(400, f"header {line[:60]!r} is no header", closes=True)
        name = name.lower()
        if name == "content-length" and name in headers:
            raise Refused(400, "content-length is there twice", closes=True)
        headers[name] = value.strip()
    if words[2] == "HTTP/1.0":
        headers["connection"] = "close"
    return Request(words[0], words[1].partition("?")[0], headers, await _read_body(reader, writer, headers))


async def _read_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict) -> bytes:
    if "transfer-encoding" in headers:
        raise Refused(501, "bodies in chunks are not understood; send a content-length", closes=True)
    if headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "compressed bodies are not understood; send them as they are", closes=True)
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Refused(400, f"content-length {text[:60]!r} is no number", closes=True)
    length = int(text)
    if length > BODY_BYTES_MAX:
        raise Refused(413, f"the body has {length} bytes; send at most {BODY_BYTES_MAX}", closes=True)
    if length > 0 and headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return await reader.readexactly(length)


async def _write(
    writer: asyncio.StreamWriter, status: int, answer: Answer, closes: bool, retry_after_seconds: int | None = None
) -> None:
    parts = answer.parts
    # A number that JSON can not say would make the answer unreadable for most clients.
    try:
        head = json.dumps(answer.content, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        status = 500
        parts = []
        head = b'{"error":"the model answered with a number that is not finite, which JSON can not say; ask for binary data"}'
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}",
        f"content-type: application/{'octet-stream' if parts else 'json'}",
        f"content-length: {len(head) + sum(map(len, parts))}",
        f"connection: {'close' if closes else 'keep-alive'}",
    ]
    if parts:
        lines.append(f"inference-header-content-length: {len(head)}")
    lines.extend(f"{name}: {value}" for name, value in answer.headers.items())
    if retry_after_seconds is not None:
        lines.append(f"retry-after: {retry_after_seconds}")
    writer.write(b"".join(["\r\n".join(lines).encode(), b"\r\n\r\n", head, *parts]))
    await writer.drain()
