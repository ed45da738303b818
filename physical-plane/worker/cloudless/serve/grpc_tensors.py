"""Tensors of the protocol's gRPC form, both ways: in the field of their datatype, or all of a message as raw bytes. What a client
sends is checked as what comes in JSON is."""

from typing import Any

import numpy

from .config import TENSORS_MAX
from .datatypes import datatype_of, numpy_type
from .errors import bad_input
from .raw import elements_of, read_raw, write_raw
from .tensors import collect, read_datatype, read_name, read_shape

_FIELDS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def read_message(request: Any, declared: dict | None) -> dict:
    """The arrays of a ModelInferRequest by name."""
    if not 0 < len(request.inputs) <= TENSORS_MAX:
        raise bad_input("inputs", f"has {len(request.inputs)} tensors; send 1 to {TENSORS_MAX}")
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise bad_input("raw_input_contents", f"has {len(raw)} tensors, inputs has {len(request.inputs)}; send one for each")
    tensors = [_read(place, each, raw[place] if raw else None) for place, each in enumerate(request.inputs)]
    return collect(tensors, declared)


def write_message(response: Any, outputs: dict, is_raw: bool) -> None:
    """Into a ModelInferResponse. The protocol has no field for FP16, and raw bytes are of all tensors or of none."""
    is_raw = is_raw or any(datatype_of(array) not in _FIELDS for array in outputs.values())
    for name, array in outputs.items():
        datatype = datatype_of(array)
        tensor = response.outputs.add(name=name, datatype=datatype, shape=array.shape)
        if is_raw:
            response.raw_output_contents.append(write_raw(array))
        else:
            values = elements_of(array) if datatype == "BYTES" else array.reshape(-1).tolist()
            getattr(tensor.contents, _FIELDS[datatype]).extend(values)


def _read(place: int, tensor: Any, raw: bytes | None) -> tuple:
    field = f"inputs[{place}]"
    name = read_name(f"{field}.name", tensor.name)
    datatype = read_datatype(f"{field}.datatype", tensor.datatype)
    shape = read_shape(f"{field}.shape", list(tensor.shape))
    if raw is not None:
        if tensor.HasField("contents"):
            raise bad_input(f"{field}.contents", "is there beside raw_input_contents; send one of both")
        return name, read_raw(f"raw_input_contents[{place}]", raw, datatype, shape)
    return name, _read_contents(f"{field}.contents", tensor.contents, datatype, shape)


def _read_contents(field: str, contents: Any, datatype: str, shape: tuple) -> numpy.ndarray:
    if datatype not in _FIELDS:
        raise bad_input(field, f"can not hold {datatype}; send it in raw_input_contents")
    for found, _ in contents.ListFields():
        if found.name != _FIELDS[datatype]:
            raise bad_input(f"{field}.{found.name}", f"is not for {datatype}; send {_FIELDS[datatype]}")
    values = getattr(contents, _FIELDS[datatype])
    count = int(numpy.prod(shape))
    if len(values) != count:
        raise bad_input(field, f"has {len(values)} elements, but shape {list(shape)} has {count}; send as many")
    if datatype == "BYTES":
        array = numpy.empty(count, dtype=numpy.object_)
        array[:] = list(values)
        return array.reshape(shape)
    kind = numpy_type(datatype)
    array = numpy.array(values, dtype=numpy.int64 if datatype in ("INT8", "INT16", "UINT8", "UINT16") else kind)
    if array.dtype != kind:
        limits = numpy.iinfo(kind)
        if array.min() < limits.min or array.max() > limits.max:
            text = f"has numbers from {array.min()} to {array.max()}; {datatype} takes {limits.min} to {limits.max}"
            raise bad_input(field, text)
    return array.astype(kind).reshape(shape)
