"""Tensors as bytes: row-major, little-endian, and of BYTES each element with its length before it. Both the binary extension of the
protocol's HTTP form and its gRPC form send them so."""

import struct

import numpy

from .datatypes import datatype_of, numpy_type
from .errors import bad_input

_LENGTH = struct.Struct("<I")


def read_raw(field: str, data: bytes | memoryview, datatype: str, shape: tuple) -> numpy.ndarray:
    """`shape` has been checked. What comes back may be written to, as what came in JSON."""
    count = int(numpy.prod(shape))
    if datatype == "BYTES":
        return _read_elements(field, bytes(data), count).reshape(shape)
    kind = numpy.dtype(numpy_type(datatype)).newbyteorder("<")
    if len(data) != count * kind.itemsize:
        text = f"has {len(data)} bytes, but {datatype} of shape {list(shape)} has {count * kind.itemsize}; send as many"
        raise bad_input(field, text)
    if datatype == "BOOL":
        return (numpy.frombuffer(data, dtype=numpy.uint8) != 0).reshape(shape)
    return numpy.frombuffer(data, dtype=kind).astype(kind.newbyteorder("=")).reshape(shape)


def write_raw(array: numpy.ndarray) -> bytes:
    if datatype_of(array) == "BYTES":
        return b"".join(part for value in elements_of(array) for part in (_LENGTH.pack(len(value)), value))
    return numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()


def elements_of(array: numpy.ndarray) -> list:
    """Of a tensor of BYTES, whatever the handler made it of."""
    return [value if isinstance(value, bytes) else str(value).encode() for value in array.reshape(-1).tolist()]


def _read_elements(field: str, data: bytes, count: int) -> numpy.ndarray:
    array = numpy.empty(count, dtype=numpy.object_)
    at = 0
    for place in range(count):
        begins = at + _LENGTH.size
        if begins > len(data):
            raise bad_input(field, f"ends at element {place} of {count}; send each with 4 bytes of length before it")
        (length,) = _LENGTH.unpack_from(data, at)
        at = begins + length
        if at > len(data):
            raise bad_input(field, f"ends within element {place}, which says to have {length} bytes; send all of them")
        array[place] = data[begins:at]
    if at != len(data):
        raise bad_input(field, f"has {len(data) - at} bytes after its {count} elements; send no more than the shape has")
    return array
