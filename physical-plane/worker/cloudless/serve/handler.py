"""The user's class: found by its name in the bundle, loaded once, and asked for answers of a whole batch at a time."""

import importlib
import os
import sys
from collections.abc import Callable

import numpy

from .datatypes import datatype_of
from .errors import HandlerFault
from .tokens import fault_of


class Handler:
    def __init__(self, named: str, bundle_folder: str, is_per_token: bool = False):
        """`is_per_token`: its answers say how many tokens they have."""
        self._is_per_token = is_per_token
        # As a script of the bundle would find its files and modules; what is ours is loaded already.
        os.chdir(bundle_folder)
        sys.path.insert(0, bundle_folder)
        self._handler = _made(named)
        for method in ("load", "predict"):
            if not callable(getattr(self._handler, method, None)):
                raise HandlerFault(f"{named} has no method {method}; it needs load() and predict(batch)")
        self._named = named
        self.inputs = _declared(self._handler, "inputs", named)
        self.outputs = _declared(self._handler, "outputs", named)

    def load(self) -> None:
        _run(self._handler.load, "load()")
        # Some know what they take only now.
        self.inputs = _declared(self._handler, "inputs", self._named)
        self.outputs = _declared(self._handler, "outputs", self._named)

    def predict(self, batch: dict) -> dict:
        rows = next(iter(batch.values())).shape[0]
        answer = _run(lambda: self._handler.predict(batch), "predict()")
        if not isinstance(answer, dict) or not answer:
            raise HandlerFault(f"predict() answered with {type(answer).__name__}; it must be a dictionary of arrays by name")
        arrays = {}
        for name, value in answer.items():
            # A copy: the handler may use its own again for the next batch, while this one is still being sent.
            array = numpy.array(_on_host(value))
            if array.ndim == 0 or array.shape[0] != rows:
                raise HandlerFault(f"output {name!r} has shape {list(array.shape)}; it must have {rows} rows, as the input")
            if datatype_of(array) is None:
                raise HandlerFault(f"output {name!r} has type {array.dtype}, for which the protocol has no name")
            if array.dtype.hasobject and not all(isinstance(each, (str, bytes)) for each in array.reshape(-1)):
                raise HandlerFault(f"output {name!r} has objects that are neither text nor bytes; give numbers, text or bytes")
            arrays[str(name)] = array
        fault = fault_of(arrays, rows) if self._is_per_token else None
        if fault is not None:
            raise HandlerFault(fault)
        return arrays


def _made(named: str):
    module_name, _, class_name = named.partition(":")
    if module_name == "onnx":
        from .onnx import OnnxModel

        return OnnxModel(class_name)
    made = getattr(importlib.import_module(module_name), class_name, None)
    if made is None:
        raise HandlerFault(f"module {module_name} has no {class_name}; handler names module:Class")
    return made()


def _run(work: Callable, named: str):
    """What would end the thread, or the process, is a fault like any other."""
    try:
        return work()
    except Exception:
        raise
    except BaseException as error:
        raise HandlerFault(f"{named} ended with {type(error).__name__}: {error}"[:2_000]) from error


def _on_host(value):
    """A PyTorch tensor may live on a GPU and know its gradient."""
    detach = getattr(value, "detach", None)
    return detach().cpu() if callable(detach) else value


def _declared(handler, which: str, named: str) -> dict | None:
    given = getattr(handler, which, None)
    if given is None:
        return None
    try:
        return {str(name): (str(datatype), [int(size) for size in shape]) for name, (datatype, shape) in given.items()}
    except (AttributeError, TypeError, ValueError):
        text = f'{named}.{which} must be like {{"images": ("FP32", [-1, 784])}}'
        raise HandlerFault(text) from None
