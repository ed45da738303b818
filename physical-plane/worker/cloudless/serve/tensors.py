"""Tensors of the Open Inference Protocol in JSON, both ways. What a client sends is checked before any of it is used: every
refusal names the field, the value found and the fix."""

import numpy

from .config import DIMENSIONS_MAX, ELEMENTS_MAX, NAME_CHARACTERS_MAX, TENSORS_MAX
from .errors import bad_input

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
_NAMES = {numpy.dtype(kind): name for name, kind in _TYPES.items()}


def read_inputs(request: object, declared: dict | None) -> dict:
    """The arrays of a request by name; all have the same first dimension."""
    if not isinstance(request, dict):
        raise bad_input("body", f"is a JSON {_kind(request)}; send an object with a list \"inputs\"")
    tensors = request.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise bad_input("inputs", "is missing or no list; send at least one tensor")
    if len(tensors) > TENSORS_MAX:
        raise bad_input("inputs", f"has {len(tensors)} tensors; send at most {TENSORS_MAX}")
    arrays: dict = {}
    for place, tensor in enumerate(tensors):
        name, array = _read_tensor(f"inputs[{place}]", tensor)
        if name in arrays:
            raise bad_input(f"inputs[{place}].name", f"{name!r} is there twice; name each tensor once")
        if declared is not None:
            _check_declared(f"inputs[{place}]", name, array, declared)
        arrays[name] = array
    for name in declared or ():
        if name not in arrays:
            raise bad_input("inputs", f"{name!r} is missing; the model needs {', '.join(sorted(declared))}")
    rows = {array.shape[0] for array in arrays.values()}
    if len(rows) > 1:
        raise bad_input("inputs", f"first dimensions differ ({', '.join(map(str, sorted(rows)))}); give each as many rows")
    return arrays


def read_outputs_asked(request: dict) -> list | None:
    """Names of the outputs that the client wants; None for all."""
    asked = request.get("outputs")
    if asked is None:
        return None
    if not isinstance(asked, list) or len(asked) > TENSORS_MAX:
        raise bad_input("outputs", f"is no list of at most {TENSORS_MAX}; leave it out for all outputs")
    names = [each.get("name") if isinstance(each, dict) else None for each in asked]
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise bad_input(f"outputs[{place}].name", "is missing; name the output")
    return names


def write_outputs(arrays: dict) -> list:
    return [_write_tensor(name, array) for name, array in arrays.items()]


def numpy_type(datatype: str) -> type:
    """Of a name of the protocol; KeyError for any other."""
    return _TYPES[datatype]


def datatype_of(array: numpy.ndarray) -> str | None:
    """None for a type that the protocol has no name for."""
    return "BYTES" if array.dtype.kind in "SU" else _NAMES.get(array.dtype)


def _read_tensor(field: str, tensor: object) -> tuple:
    if not isinstance(tensor, dict):
        raise bad_input(field, f"is a JSON {_kind(tensor)}; send an object with name, shape, datatype and data")
    name = tensor.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise bad_input(f"{field}.name", f"is missing or longer than {NAME_CHARACTERS_MAX} characters; name the tensor")
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in _TYPES:
        raise bad_input(f"{field}.datatype", f"is {_short(datatype)}; use one of {', '.join(_TYPES)}")
    shape = _read_shape(f"{field}.shape", tensor.get("shape"))
    count = _product(shape)
    if "data" not in tensor:
        raise bad_input(f"{field}.data", "is missing; tensors are sent as JSON, binary data is not understood")
    flat = _flatten(f"{field}.data", tensor["data"], count)
    if len(flat) != count:
        raise bad_input(f"{field}.data", f"has {len(flat)} elements, but shape {list(shape)} has {count}; send as many")
    return name, _to_array(f"{field}.data", flat, datatype).reshape(shape)


def _read_shape(field: str, shape: object) -> tuple:
    if not isinstance(shape, list) or not 1 <= len(shape) <= DIMENSIONS_MAX:
        raise bad_input(field, f"is {_short(shape)}; give 1 to {DIMENSIONS_MAX} dimensions, the first one counts rows")
    for size in shape:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise bad_input(field, f"has dimension {_short(size)}; give whole numbers of at least 1")
    if _product(shape) > ELEMENTS_MAX:
        raise bad_input(field, f"{shape} has more than {ELEMENTS_MAX} elements; send fewer at a time")
    return tuple(shape)


def _product(shape) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def _flatten(field: str, data: object, most: int) -> list:
    """Nested or flat; never more than is looked for, however it is nested."""
    if not isinstance(data, list):
        raise bad_input(field, f"is a JSON {_kind(data)}; send a list")
    if not data or not isinstance(data[0], list):
        return data
    flat = data
    for _ in range(DIMENSIONS_MAX):
        if not flat or not isinstance(flat[0], list):
            return flat
        inner: list = []
        for each in flat:
            if not isinstance(each, list):
                raise bad_input(field, "mixes lists and values; nest it evenly, or send it flat")
            inner.extend(each)
            if len(inner) > most:
                raise bad_input(field, f"has more elements than the shape, which has {most}; send as many")
        flat = inner
    raise bad_input(field, f"is nested more than {DIMENSIONS_MAX} deep; send it flat")


def _to_array(field: str, flat: list, datatype: str) -> numpy.ndarray:
    kind = _TYPES[datatype]
    if datatype == "BYTES":
        if not all(isinstance(value, str) for value in flat):
            raise bad_input(field, "has values that are no text; BYTES are sent as strings")
        array = numpy.empty(len(flat), dtype=numpy.object_)
        array[:] = flat
        return array
    if datatype == "BOOL":
        if not all(isinstance(value, bool) for value in flat):
            raise bad_input(field, "has values that are neither true nor false; send those for BOOL")
        return numpy.array(flat, dtype=kind)
    is_whole = not datatype.startswith("FP")
    for place, value in enumerate(flat):
        is_number = isinstance(value, int) if is_whole else isinstance(value, (int, float))
        if isinstance(value, bool) or not is_number:
            raise bad_input(f"{field}[{place}]", f"is {_short(value)}, no number of type {datatype}; send one")
    if is_whole:
        limits = numpy.iinfo(kind)
        for place, value in enumerate(flat):
            if not limits.min <= value <= limits.max:
                raise bad_input(f"{field}[{place}]", f"is {_short(value)}; {datatype} takes {limits.min} to {limits.max}")
    try:
        with numpy.errstate(over="ignore"):
            array = numpy.array(flat, dtype=kind)
    except OverflowError:
        raise bad_input(field, f"has a number too large for {datatype}; send smaller ones") from None
    if not is_whole and not numpy.isfinite(array).all():
        raise bad_input(field, f"has a number that {datatype} can not hold; send finite, smaller ones")
    return array


def _check_declared(field: str, name: str, array: numpy.ndarray, declared: dict) -> None:
    if name not in declared:
        raise bad_input(f"{field}.name", f"{name!r} is no input of the model; it has {', '.join(sorted(declared))}")
    datatype, shape = declared[name]
    found = datatype_of(array)
    if found != datatype:
        raise bad_input(f"{field}.datatype", f"is {found}; the model takes {datatype}")
    fits = len(shape) == array.ndim and all(want in (-1, size) for want, size in zip(shape, array.shape))
    if not fits:
        raise bad_input(f"{field}.shape", f"is {list(array.shape)}; the model takes {list(shape)}, where -1 is any")


def _write_tensor(name: str, array: numpy.ndarray) -> dict:
    datatype = datatype_of(array)
    flat = array.reshape(-1).tolist()
    if datatype == "BYTES":
        flat = [value.decode("utf8", "replace") if isinstance(value, bytes) else str(value) for value in flat]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": flat}


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {dict: "object", list: "list", str: "string", int: "number", float: "number"}
    return kinds.get(type(value), "value")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
