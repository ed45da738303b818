"""Tensors of the Open Inference Protocol in JSON, both ways. What a client sends is checked before any of it is used: every
refusal names the field, the value found and the fix. Elements of BYTES are bytes to a handler, however they came; text is UTF-8."""

from collections.abc import Iterable

import numpy

from .config import DIMENSIONS_MAX, ELEMENTS_MAX, NAME_CHARACTERS_MAX, TENSORS_MAX
from .datatypes import NAMES, datatype_of, numpy_type
from .errors import bad_input
from .raw import read_raw

def read_inputs(request: dict, declared: dict | None, tail: memoryview | None = None) -> dict:
    """The arrays of a request by name. `tail` is what lies behind the JSON: tensors as bytes, in the order in which they are named."""
    tensors = request.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise bad_input("inputs", "is missing or no list; send at least one tensor")
    if len(tensors) > TENSORS_MAX:
        raise bad_input("inputs", f"has {len(tensors)} tensors; send at most {TENSORS_MAX}")
    read = []
    at = 0
    for place, tensor in enumerate(tensors):
        name, array, size = _read_tensor(f"inputs[{place}]", tensor, None if tail is None else tail[at:])
        read.append((name, array))
        at += size
    if tail is not None and at != len(tail):
        raise bad_input("body", f"has {len(tail) - at} bytes behind its tensors; give each one's binary_data_size")
    return collect(read, declared)


def collect(tensors: Iterable[tuple], declared: dict | None) -> dict:
    """Arrays by name, once they fit each other and what the model says to take; all have the same first dimension."""
    arrays: dict = {}
    for place, (name, array) in enumerate(tensors):
        if name in arrays:
            raise bad_input(f"inputs[{place}].name", f"{name!r} is there twice; name each tensor once")
        if declared is not None:
            _check_declared(f"inputs[{place}]", name, array, declared)
        arrays[name] = array
    for name in declared or ():
        if name not in arrays:
            raise bad_input("inputs", f"{name!r} is missing; the model needs {', '.join(sorted(declared or ()))}")
    rows = {array.shape[0] for array in arrays.values()}
    if len(rows) > 1:
        raise bad_input("inputs", f"first dimensions differ ({', '.join(map(str, sorted(rows)))}); give each as many rows")
    return arrays


def write_tensor(name: str, array: numpy.ndarray) -> dict:
    flat = array.reshape(-1).tolist()
    if datatype_of(array) == "BYTES":
        flat = [value.decode("utf8", "replace") if isinstance(value, bytes) else str(value) for value in flat]
    return {**write_tensor_head(name, array), "data": flat}


def write_tensor_head(name: str, array: numpy.ndarray) -> dict:
    return {"name": name, "shape": list(array.shape), "datatype": datatype_of(array)}


def read_name(field: str, name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise bad_input(field, f"is missing or longer than {NAME_CHARACTERS_MAX} characters; name the tensor")
    return name


def read_datatype(field: str, datatype: object) -> str:
    if not isinstance(datatype, str) or datatype not in NAMES:
        raise bad_input(field, f"is {_short(datatype)}; use one of {', '.join(NAMES)}")
    return datatype


def read_shape(field: str, shape: object) -> tuple:
    if not isinstance(shape, list) or not 1 <= len(shape) <= DIMENSIONS_MAX:
        raise bad_input(field, f"is {_short(shape)}; give 1 to {DIMENSIONS_MAX} dimensions, the first one counts rows")
    for size in shape:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise bad_input(field, f"has dimension {_short(size)}; give whole numbers of at least 1")
    if _product(shape) > ELEMENTS_MAX:
        raise bad_input(field, f"{shape} has more than {ELEMENTS_MAX} elements; send fewer at a time")
    return tuple(shape)


def _read_tensor(field: str, tensor: object, tail: memoryview | None) -> tuple:
    """Its name, its values, and how many bytes of the tail are its own."""
    if not isinstance(tensor, dict):
        raise bad_input(field, f"is a JSON {_kind(tensor)}; send an object with name, shape, datatype and data")
    name = read_name(f"{field}.name", tensor.get("name"))
    datatype = read_datatype(f"{field}.datatype", tensor.get("datatype"))
    shape = read_shape(f"{field}.shape", tensor.get("shape"))
    size = _binary_size(f"{field}.parameters", tensor, tail)
    if size is not None and tail is not None:
        return name, read_raw(f"{field}.parameters.binary_data_size", tail[:size], datatype, shape), size
    count = _product(shape)
    if "data" not in tensor:
        raise bad_input(f"{field}.data", "is missing; send data, or bytes behind the JSON and parameters.binary_data_size")
    flat = _flatten(f"{field}.data", tensor["data"], count)
    if len(flat) != count:
        raise bad_input(f"{field}.data", f"has {len(flat)} elements, but shape {list(shape)} has {count}; send as many")
    return name, _to_array(f"{field}.data", flat, datatype).reshape(shape), 0


def _binary_size(field: str, tensor: dict, tail: memoryview | None) -> int | None:
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None:
        return None
    if tail is None:
        raise bad_input(f"{field}.binary_data_size", "is there without a header Inference-Header-Content-Length; send both")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(tail):
        raise bad_input(f"{field}.binary_data_size", f"is {_short(size)}; {len(tail)} bytes are left of the body")
    if "data" in tensor:
        raise bad_input(f"{field}.binary_data_size", "is there beside data; send one of both")
    return size


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
    kind = numpy_type(datatype)
    if datatype == "BYTES":
        if not all(isinstance(value, str) for value in flat):
            raise bad_input(field, "has values that are no text; BYTES are sent as strings")
        array = numpy.empty(len(flat), dtype=numpy.object_)
        # A lone surrogate, which JSON can say and UTF-8 can not, is replaced.
        array[:] = [value.encode("utf8", "replace") for value in flat]
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
