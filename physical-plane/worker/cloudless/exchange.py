"""How a gradient goes up and parameters come down: through a shared file with a bell, or as streams of chunks.

Both ways have the same face: two flat float32 arrays (`gradient`, `parameters`) and `step`, `pull`, `initial`.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from . import bell, wire
from .bell import Bell
from .client import WorkerClient
from .config import CHUNK_BYTES
from .errors import SessionLost


class StepReport(NamedTuple):
    """Progress that goes with a gradient; `lease_used` counts this step's samples too."""

    lease_id: int
    lease_used: int
    samples: int
    loss: float
    learning_rates: Sequence[float]


class Outcome(NamedTuple):
    """What became of a step."""

    is_lease_lost: bool
    is_over: bool


class Exchange(Protocol):
    """Both arrays are float32 of shape (layout.elements,)."""

    gradient: np.ndarray
    parameters: np.ndarray

    def step(self, report: StepReport) -> Outcome:
        """Pushes `gradient`; `parameters` then holds fresh values, unless the lease was lost."""

    def pull(self) -> None:
        """Refreshes `parameters`."""

    def initial(self) -> None:
        """Offers `parameters` as the partition's first values."""

    def close(self) -> None:
        """Ends the exchange; the arrays stay readable."""


class SharedExchange:
    """Tensors in a file that the parameter server made. OSError when it is not to be had: another machine."""

    def __init__(self, elements: int, joined: Any) -> None:
        needed = joined.parameters_offset + 4 * elements
        if joined.shared_bytes < needed:
            raise ValueError(f"shared file of {joined.shared_bytes} bytes; {needed} are needed")
        with open(joined.shared_path, "r+b") as file:
            flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
            shared = mmap.mmap(file.fileno(), joined.shared_bytes, flags=flags)
        self.gradient = np.frombuffer(shared, dtype="<f4", count=elements)
        self.parameters = np.frombuffer(shared, dtype="<f4", count=elements, offset=joined.parameters_offset)
        self._bell = Bell(joined.bell_path, joined.session_id)

    def step(self, report: StepReport) -> Outcome:
        answer = self._bell.ring(bell.encode_request(bell.STEP, *report))
        return Outcome(answer.status == bell.LEASE_LOST, answer.is_over)

    def pull(self) -> None:
        self._bell.ring(bell.encode_request(bell.PULL))

    def initial(self) -> None:
        self._bell.ring(bell.encode_request(bell.INITIAL))

    def close(self) -> None:
        # The map itself lives as long as an array or tensor looks into it.
        self._bell.close()


class StreamExchange:
    """Tensors as chunks over gRPC, for a parameter server on another machine."""

    def __init__(self, elements: int, client: WorkerClient, session_id: str) -> None:
        self.gradient = np.zeros(elements, dtype="<f4")
        self.parameters = np.zeros(elements, dtype="<f4")
        self._client = client
        self._session_id = session_id

    def step(self, report: StepReport) -> Outcome:
        header = wire.message("StepHeader")(session_id=self._session_id, **report._asdict())
        answer = self._client.push(self._requests(header, self.gradient))
        if not answer.lease_lost:
            self.pull()
        return Outcome(answer.lease_lost, False)

    def pull(self) -> None:
        target = memoryview(self.parameters).cast("B")
        received = 0
        for response in self._client.pull(self._session_id):
            chunk = response.chunk
            end = chunk.offset + len(chunk.data)
            if chunk.offset != received or end > len(target) or zlib.crc32(chunk.data) != chunk.crc32:
                raise SessionLost(f"parameters damaged on the way: chunk at {chunk.offset} of {len(chunk.data)} bytes")
            target[chunk.offset : end] = chunk.data
            received = end
        if received != len(target):
            raise SessionLost(f"parameters ended after {received} of {len(target)} bytes")

    def initial(self) -> None:
        header = wire.message("StepHeader")(session_id=self._session_id, is_initial=True)
        self._client.push(self._requests(header, self.parameters))

    def close(self) -> None:
        """Nothing to close: the channel belongs to the session."""

    @staticmethod
    def _requests(header: Any, values: np.ndarray) -> Iterator[Any]:
        request, chunk = wire.message("PushGradientRequest"), wire.message("Chunk")
        yield request(header=header)
        data = memoryview(values).cast("B")
        for offset in range(0, len(data), CHUNK_BYTES):
            part = bytes(data[offset : offset + CHUNK_BYTES])
            yield request(chunk=chunk(offset=offset, data=part, crc32=zlib.crc32(part)))
