"""Reads the safetensors format: 8 bytes of header length, a JSON header, then raw little-endian tensors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from .config import SAFETENSORS_HEADER_BYTES_MAX
from .errors import CloudlessError

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "BF16": "<u2",
}  # fmt: skip


def load_safetensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Tensors by name. bfloat16 becomes float32. CloudlessError when the file is not a safetensors file."""
    data = Path(path).read_bytes()
    header_bytes = int.from_bytes(data[:8], "little")
    if len(data) < 8 or header_bytes > min(len(data) - 8, SAFETENSORS_HEADER_BYTES_MAX):
        raise CloudlessError(f"{path} is not a safetensors file: {len(data)} bytes, header of {header_bytes} announced")
    try:
        header = json.loads(data[8 : 8 + header_bytes])
        body = memoryview(data)[8 + header_bytes :]
        return {name: _tensor(body, entry) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CloudlessError(f"{path} is not a sound safetensors file: {error}") from error


def _tensor(body: memoryview, entry: dict) -> np.ndarray:
    start, end = entry["data_offsets"]
    if not 0 <= start <= end <= len(body):
        raise ValueError(f"data_offsets [{start}, {end}] outside the {len(body)} bytes of data")
    values = np.frombuffer(body[start:end], dtype=_DTYPES[entry["dtype"]])
    if entry["dtype"] == "BF16":
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(entry["shape"]).copy()
