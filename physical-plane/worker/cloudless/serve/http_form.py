"""The protocol's HTTP form: requests in JSON, with tensors in it or, by the binary extension, behind it; answers likewise.

The header Inference-Header-Content-Length says how many bytes of a body are JSON. Behind it lie the tensors whose parameter
`binary_data_size` says how many bytes are theirs, in the order in which they are named. A client asks for outputs in that form with
`binary_data` for one of them, or `binary_data_output` for all.
"""

import json
from dataclasses import dataclass

from .answering import Answered, Asked
from .config import TENSORS_MAX
from .errors import bad_input
from .http import Answer, Request
from .protocol import read_timeout_ms
from .raw import write_raw
from .tensors import read_inputs, write_tensor, write_tensor_head
from .tokens import TOKENS_HEADER

_HEADER = "inference-header-content-length"


@dataclass(frozen=True)
class Form:
    """How the answer is to look."""

    id: str | None
    #: Of the outputs that were asked for by name: which are sent as bytes.
    binary: dict
    is_all_binary: bool


def read_request(request: Request, declared: dict | None, timeout_seconds: float) -> tuple[Asked, Form]:
    head, tail = _split(request)
    content = _read_json(head)
    parameters = _parameters("parameters", content)
    arrays = read_inputs(content, declared, tail)
    names, binary = _outputs_asked(content)
    given = request.headers.get("x-request-timeout-ms", parameters.get("timeout_ms"))
    timeout = timeout_seconds if given is None else read_timeout_ms(given)
    named = content.get("id")
    form = Form(
        id=named if isinstance(named, str) else None,
        binary=binary,
        is_all_binary=_flag("parameters.binary_data_output", parameters.get("binary_data_output"), False),
    )
    return Asked(arrays, names, timeout), form


def write_answer(model: str, answered: Answered, form: Form) -> Answer:
    tensors = []
    parts: list[bytes] = []
    for name, array in answered.outputs.items():
        if form.binary.get(name, form.is_all_binary):
            data = write_raw(array)
            parts.append(data)
            tensors.append({**write_tensor_head(name, array), "parameters": {"binary_data_size": len(data)}})
        else:
            tensors.append(write_tensor(name, array))
    named = {} if form.id is None else {"id": form.id}
    headers = {} if answered.tokens is None else {TOKENS_HEADER: answered.tokens}
    return Answer({**named, "model_name": model, "model_version": "1", "outputs": tensors}, parts, headers)


def _split(request: Request) -> tuple[bytes, memoryview | None]:
    body = request.body
    text = request.headers.get(_HEADER)
    if text is None:
        return body, None
    if not text.isascii() or not text.isdigit() or len(text) > 15 or int(text) > len(body):
        raise bad_input(_HEADER, f"is {text[:60]!r}; give how many of the body's {len(body)} bytes are JSON")
    return body[: int(text)], memoryview(body)[int(text) :]


def _read_json(body: bytes) -> dict:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_input("body", f"is no JSON ({str(error)[:100]}); send an inference request") from None
    if not isinstance(content, dict):
        raise bad_input("body", 'is no JSON object; send one with a list "inputs"')
    return content


def _outputs_asked(content: dict) -> tuple[list | None, dict]:
    """Names of the outputs that the client wants, None for all; and which of them it wants as bytes."""
    asked = content.get("outputs")
    if asked is None:
        return None, {}
    if not isinstance(asked, list) or len(asked) > TENSORS_MAX:
        raise bad_input("outputs", f"is no list of at most {TENSORS_MAX}; leave it out for all outputs")
    names = [each.get("name") if isinstance(each, dict) else None for each in asked]
    binary = {}
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise bad_input(f"outputs[{place}].name", "is missing; name the output")
        wished = _parameters(f"outputs[{place}].parameters", asked[place]).get("binary_data")
        if wished is not None:
            binary[name] = _flag(f"outputs[{place}].parameters.binary_data", wished, False)
    return names, binary


def _parameters(field: str, content: dict) -> dict:
    found = content.get("parameters")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise bad_input(field, "is no JSON object; leave it out, or send one")
    return found


def _flag(field: str, value: object, default: bool) -> bool:
    if value is None:
        return default
    if not isinstance(value, bool):
        raise bad_input(field, f"is {str(value)[:60]!r}; send true or false")
    return value
