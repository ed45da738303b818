"""Kernels on a CUDA device, by its driver API and nothing else, for workers and handlers in tests. Made for the fake GPU, whose
kernels only take time: on a real GPU there is no such machine code. It finds libcuda.so.1 as any program does, so what is preloaded
before it (an interposer) sees every call.

    gpu = FakeCuda()
    train = gpu.kernel("train_kernel", micros=200, demand=1.0)
    for _ in range(300): gpu.launch(train)
    gpu.synchronize()
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable


class CudaError(RuntimeError):
    """A driver call that failed; `code` is its CUresult."""

    def __init__(self, call: str, code: int) -> None:
        super().__init__(f"{call} answered CUDA error {code}")
        self.code = code


class FakeCuda:
    """The primary context of one device. Use it from the thread that made it, or call `use` first."""

    def __init__(self, device: int = 0) -> None:
        self._driver = ctypes.CDLL("libcuda.so.1")
        self._context = ctypes.c_void_p()
        number = ctypes.c_int()
        self._call("cuInit", 0)
        self._call("cuDeviceGet", ctypes.byref(number), device)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), number)
        self.use()

    def use(self) -> None:
        """Makes the context the calling thread's."""
        self._call("cuCtxSetCurrent", self._context)

    def kernel(self, name: str, micros: float, demand: float = 1.0) -> ctypes.c_void_p:
        """A kernel that takes so long alone, and asks for so much of the device; above 1 when its blocks need several waves.
        One whose name begins with ncclDevKernel is taken for communication."""
        if not (micros > 0 and demand > 0):
            raise ValueError(f"kernel {name}: micros {micros} and demand {demand} must be above 0")
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        image = f"{name} {micros * 1000 / self.blocks:.6f} {max(1, round(demand * 1000))}\n".encode()
        self._call("cuModuleLoadData", ctypes.byref(module), image)
        self._call("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
        return function

    #: Of each launch.
    blocks = 100

    def launch(self, kernel: ctypes.c_void_p, times: int = 1, stream: ctypes.c_void_p | None = None) -> None:
        """Returns at once: the device runs what is launched on a stream in order."""
        for _ in range(times):
            self._call("cuLaunchKernel", kernel, self.blocks, 1, 1, 256, 1, 1, 0, stream, None, None)

    def stream(self) -> ctypes.c_void_p:
        made = ctypes.c_void_p()
        self._call("cuStreamCreate", ctypes.byref(made), 0)
        return made

    def synchronize(self, stream: ctypes.c_void_p | None = None) -> None:
        """Waits for one stream, or for all of the context."""
        if stream is None:
            self._call("cuCtxSynchronize")
        else:
            self._call("cuStreamSynchronize", stream)

    def event(self, stream: ctypes.c_void_p | None = None) -> Event:
        """Recorded now: its `synchronize` waits for all that was launched on the stream before, and for nothing later."""
        return Event(self, stream)

    def capture(self, run: Callable[[], None], stream: ctypes.c_void_p) -> Callable[[], None]:
        """What `run` launches on the stream as one graph, which calling the answer launches there."""
        graph, ready = ctypes.c_void_p(), ctypes.c_void_p()
        self._call("cuStreamBeginCapture_v2", stream, 2)
        run()
        self._call("cuStreamEndCapture", stream, ctypes.byref(graph))
        self._call("cuGraphInstantiateWithFlags", ctypes.byref(ready), graph, ctypes.c_ulonglong(0))
        return lambda: self._call("cuGraphLaunch", ready, stream)

    def allocate(self, size: int) -> int:
        """Bytes of device memory; CudaError with code 2 when there is not enough."""
        pointer = ctypes.c_ulonglong()
        self._call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer.value

    def free(self, pointer: int) -> None:
        self._call("cuMemFree_v2", ctypes.c_ulonglong(pointer))

    def memory(self) -> tuple[int, int]:
        """Free and total bytes."""
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value, total.value

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._driver, name)(*arguments)
        if code != 0:
            raise CudaError(name, code)


class Event:
    def __init__(self, gpu: FakeCuda, stream: ctypes.c_void_p | None) -> None:
        self._gpu = gpu
        self._event = ctypes.c_void_p()
        gpu._call("cuEventCreate", ctypes.byref(self._event), 2)
        gpu._call("cuEventRecord", self._event, stream)

    def synchronize(self) -> None:
        """Once: the event is gone then."""
        self._gpu._call("cuEventSynchronize", self._event)
        self._gpu._call("cuEventDestroy_v2", self._event)
