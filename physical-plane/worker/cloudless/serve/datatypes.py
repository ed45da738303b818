"""Names of the protocol for types of tensors, and what numpy calls them."""

import numpy

_TYPES = {
    "BOOL": numpy.bool_,
    "UINT8": numpy.uint8,
    "UINT16": numpy.uint16,
    "UINT32": numpy.uint32,
    "UINT64": numpy.uint64,
    "INT8": numpy.int8,
    "INT16": numpy.int16,
    "INT32": numpy.int32,
    "INT64": numpy.int64,
    "FP16": numpy.float16,
    "FP32": numpy.float32,
    "FP64": numpy.float64,
    "BYTES": numpy.object_,
}
_NAMES_OF = {numpy.dtype(kind): name for name, kind in _TYPES.items()}
NAMES = tuple(_TYPES)


def numpy_type(datatype: str) -> type:
    """Of a name of the protocol; KeyError for any other."""
    return _TYPES[datatype]


def datatype_of(array: numpy.ndarray) -> str | None:
    """None for a type that the protocol has no name for."""
    return "BYTES" if array.dtype.kind in "SU" else _NAMES_OF.get(array.dtype)
