"""A model file instead of a class (`handler: onnx:model.onnx`): ONNX Runtime answers with it, where it is installed. What it takes and gives
is read from the file, so requests are checked and clients told without a line of code. The first dimension must count rows."""

import os

import numpy

from .errors import HandlerFault

_TYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}


class OnnxModel:
    """A handler as any other."""

    def __init__(self, path: str):
        self._path = path
        # Models are often exported for one row.
        self._is_one_by_one = False
        self.inputs: dict | None = None
        self.outputs: dict | None = None

    def load(self) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise HandlerFault(f"onnx:{self._path} needs ONNX Runtime ({error}); pip install onnxruntime") from None
        if not os.path.isfile(self._path):
            raise HandlerFault(f"{self._path} is no file of the folder; handler names onnx:PATH, relative to it")
        options = onnxruntime.SessionOptions()
        # As many as the slice has; the agent says so in the environment.
        options.intra_op_num_threads = max(1, int(os.environ.get("OMP_NUM_THREADS") or 1))
        providers = [each for each in _providers() if each in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(self._path, options, providers=providers)
        except Exception as error:
            raise HandlerFault(f"{self._path} can not be loaded: {str(error)[:1_000]}") from error
        self.inputs = {each.name: self._declared(each) for each in self._session.get_inputs()}
        self.outputs = {each.name: self._declared(each) for each in self._session.get_outputs()}

    def predict(self, batch: dict) -> dict:
        given = {name: _as_text(array) if array.dtype.hasobject else array for name, array in batch.items()}
        names = list(self.outputs or {})
        if not self._is_one_by_one:
            return dict(zip(names, self._session.run(names, given)))
        rows = range(len(next(iter(given.values()))))
        answers = [self._session.run(names, {name: array[row : row + 1] for name, array in given.items()}) for row in rows]
        return {name: numpy.concatenate([answer[place] for answer in answers]) for place, name in enumerate(names)}

    def _declared(self, tensor) -> tuple[str, list[int]]:
        datatype = _TYPES.get(tensor.type)
        if datatype is None:
            raise HandlerFault(f"{self._path}: {tensor.name!r} has type {tensor.type}, for which the protocol has no name")
        # Free dimensions have a name, or none.
        shape = [size if isinstance(size, int) and size > 0 else -1 for size in tensor.shape or []]
        if not shape or shape[0] not in (-1, 1):
            raise HandlerFault(f"{self._path}: {tensor.name!r} has shape {shape}; the first dimension counts rows, it must be free or 1")
        self._is_one_by_one = self._is_one_by_one or shape[0] == 1
        return datatype, [-1, *shape[1:]]


def _providers() -> list[str]:
    on_gpu = ["CUDAExecutionProvider"] if os.environ.get("CUDA_VISIBLE_DEVICES") else []
    return [*on_gpu, "CPUExecutionProvider"]


def _as_text(array: numpy.ndarray) -> numpy.ndarray:
    """ONNX strings are text."""
    return numpy.array([value.decode("utf8", "replace") for value in array.reshape(-1)], dtype=object).reshape(array.shape)
