"""One copy of a model's weights for all instances of a function on a machine (model sharing, as in FaST-GShare's model storage).

    from cloudless.serve.weights import shared_model

    class Classifier:
        def load(self):
            self.model = shared_model(make=Net, fill=lambda model: model.load_state_dict(torch.load("net.pt")))

The first instance makes the model, fills it and stores its tensors in a file in shared memory; those that come later make only its shape
and map the file, so they start without reading the weights. Whatever is written into a mapped tensor is the writer's own (copy on write): no
instance can change what others compute with. Nothing is shared where no agent says where to (CLOUDLESS_SHARED), or where memory is short.

The file appears whole or not at all, whoever makes it holds a lock that dies with it, and whoever uses it holds another one, so that what
nobody uses can be told from what somebody does: instances remove the former, the agent removes all once the function has no instances.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .errors import HandlerFault
from .gpu_weights import Driver, shared_address, sweep_dead

_ALIGNMENT = 64
_HEADER_BYTES_MAX = 64 * 2**20
_SUFFIX = ".weights"


def shared_model(make: Callable[[], Any], fill: Callable[[Any], object], key: str = "", device: str = "cpu") -> Any:
    """A torch.nn.Module for answering: without gradients, in evaluation mode. `key` tells several models of one handler apart. With
    `device="cuda"` there is one copy in the GPU's memory too (gpu_weights.py); `fill` fills it in the machine's memory all the same."""
    if device not in ("cpu", "cuda"):
        raise HandlerFault(f"shared_model: device is {device!r}; give cpu or cuda, which is the instance's GPU")
    place = _place_of(key)
    if place is None:
        return _ready(_filled(make, fill)).to(device)
    sweep_unused(place.parent, keep=place.name)
    with _locked(place.with_suffix(".lock")):
        mapped = _map(place)
        if mapped is None:
            model = _filled(make, fill)
            try:
                _store(place, model)
            except OSError as error:
                print(f"weights are not shared: {error}", flush=True)
                return _ready(model).to(device)
            mapped = _map(place)
            assert mapped is not None, "what was just stored can be read"
            return _placed(_ready(_adopt(model, mapped)), place, device)
    return _placed(_ready(_shaped(make, mapped)), place, device)


def sweep_unused(folder: Path, keep: str = "") -> None:
    """Removes what no process uses: weights of older versions, and what a crash has left."""
    for path in sorted(folder.glob(f"*{_SUFFIX}*")):
        if path.name == keep:
            continue
        with contextlib.suppress(OSError), _locked(path.with_name(path.name.partition(".")[0] + ".lock"), waits=False):
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def sweep_older() -> None:
    """Weights of older versions, once nobody uses them; this one's are kept by those who do. And what killed holders have left."""
    folder = os.environ.get("CLOUDLESS_SHARED", "")
    if folder != "":
        sweep_unused(Path(folder))
        sweep_dead(Path(folder))


def _placed(model: Any, place: Path, device: str) -> Any:
    """On the GPU its tensors are where the holder of this file's copy has them; on the CPU they are already."""
    if device == "cpu":
        return model
    import torch

    torch.cuda.init()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].replace("/", "-")
    try:
        address = shared_address(place, Driver(), visible or "0")
    except (OSError, AttributeError) as error:
        print(f"weights are not shared on the GPU: {error}", flush=True)
        return model.to(device)
    with place.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = _header(file.fileno(), size)
    assert found is not None, "what is mapped is whole"
    return _adopt(model, _views(torch.as_tensor(_Span(address, size), device=device), *found))


class _Span:
    """Bytes on a GPU, as PyTorch takes them without a copy."""

    def __init__(self, address: int, size: int):
        self.__cuda_array_interface__ = {"shape": (size,), "typestr": "|u1", "data": (address, False), "version": 3}


def _place_of(key: str) -> Path | None:
    folder, base = os.environ.get("CLOUDLESS_SHARED", ""), os.environ.get("CLOUDLESS_SHARED_KEY", "")
    if folder == "" or base == "":
        return None
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.stat(folder)
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        print(f"weights are not shared: {folder} belongs to someone else or is open to others", flush=True)
        return None
    return Path(folder) / (hashlib.sha256(f"{base}\n{key}".encode()).hexdigest()[:32] + _SUFFIX)


@contextlib.contextmanager
def _locked(path: Path, waits: bool = True) -> Iterator[None]:
    """Another process's lock ends with it, however it ends."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _filled(make: Callable[[], Any], fill: Callable[[Any], object]) -> Any:
    model = make()
    fill(model)
    return model


def _ready(model: Any) -> Any:
    return model.requires_grad_(False).eval()


def _named(model: Any) -> dict:
    """Parameters and buffers, those too that a state_dict leaves out; tied ones under each of their names."""
    return {
        **dict(model.named_parameters(remove_duplicate=False)),
        **dict(model.named_buffers(remove_duplicate=False)),
    }


def _store(place: Path, model: Any) -> None:
    import torch

    entries, parts, seen, at = {}, [], {}, 0
    for name, tensor in _named(model).items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise HandlerFault(f"{name} is no plain tensor in the machine's memory; fill the model there, or do not share it")
        # Tied ones are stored once, and are tied again.
        known = seen.get(id(tensor))
        if known is None:
            known = seen[id(tensor)] = at
            parts.append((at, tensor))
            at += -(-tensor.numel() * tensor.element_size() // _ALIGNMENT) * _ALIGNMENT
        entries[name] = {"at": known, "shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
    header = json.dumps({"tensors": entries, "bytes": at}).encode()
    begins = _begins(len(header))
    new = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        with new.open("xb", buffering=0) as file:
            # Memory that is not there is told now, not by a signal later.
            os.posix_fallocate(file.fileno(), 0, begins + max(at, 1))
            os.pwrite(file.fileno(), len(header).to_bytes(8, "little") + header, 0)
            for offset, tensor in parts:
                _write_all(file.fileno(), _bytes_of(tensor), begins + offset)
        os.rename(new, place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _bytes_of(tensor: Any) -> memoryview:
    import torch

    return memoryview(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy())


def _write_all(file: int, data: memoryview, at: int) -> None:
    while len(data) > 0:
        written = os.pwrite(file, data[: 2**30], at)
        data, at = data[written:], at + written


def _map(place: Path) -> dict | None:
    """Tensors by name; None where there is no whole file. The file stays open, and in use, for as long as this process lives."""
    import torch

    try:
        file = os.open(place, os.O_RDONLY)
    except FileNotFoundError:
        return None
    size = os.fstat(file).st_size
    found = _header(file, size)
    if found is None:
        os.close(file)
        return None
    fcntl.flock(file, fcntl.LOCK_SH)
    _allow(size)
    return _views(torch.frombuffer(mmap.mmap(file, size, access=mmap.ACCESS_COPY), dtype=torch.uint8), *found)


def _header(file: int, size: int) -> tuple[dict, int] | None:
    """What tensors it has, and where they begin; None where it is not whole."""
    length = int.from_bytes(os.pread(file, 8, 0), "little")
    if not 0 < length <= min(_HEADER_BYTES_MAX, size - 8):
        return None
    header = json.loads(os.pread(file, length, 8))
    begins = _begins(length)
    return (header["tensors"], begins) if size >= begins + header["bytes"] else None


def _views(all_bytes: Any, entries: dict, begins: int) -> dict:
    """Tensors by name on these bytes, wherever those are; tied ones are one."""
    import torch

    views: dict = {}
    for entry in entries.values():
        dtype, shape = getattr(torch, entry["dtype"]), entry["shape"]
        at = begins + entry["at"]
        count = dtype.itemsize * int(torch.Size(shape).numel())
        known = (entry["at"], entry["dtype"], tuple(shape))
        if known not in views:
            own = torch.empty(shape, dtype=dtype, device=all_bytes.device)
            views[known] = all_bytes[at : at + count].view(dtype).view(shape) if count > 0 else own
    return {name: views[(each["at"], each["dtype"], tuple(each["shape"]))] for name, each in entries.items()}


def _begins(header_bytes: int) -> int:
    return -(-(8 + header_bytes) // _ALIGNMENT) * _ALIGNMENT


def _allow(size: int) -> None:
    """A mapping that may be written to counts as this process's own, though it takes nothing of its own until it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft != resource.RLIM_INFINITY:
        wished = soft + size
        resource.setrlimit(resource.RLIMIT_DATA, (wished if hard == resource.RLIM_INFINITY else min(wished, hard), hard))


def _shaped(make: Callable[[], Any], tensors: dict) -> Any:
    """Made without memory for its tensors where its code allows that."""
    import torch

    try:
        with torch.device("meta"):
            model = _adopt(make(), tensors)
        if not _has_meta(model):
            return model
    except (RuntimeError, NotImplementedError):
        pass
    return _adopt(make(), tensors)


def _has_meta(model: Any) -> bool:
    """Tensors that are no parameters and no buffers were not stored."""
    import torch

    values = [value for module in model.modules() for value in vars(module).values()]
    return any(isinstance(value, torch.Tensor) and value.is_meta for value in values)


def _adopt(model: Any, tensors: dict) -> Any:
    import torch

    found = _named(model)
    if found.keys() != tensors.keys():
        odd = ", ".join(sorted(found.keys() ^ tensors.keys())[:5])
        raise HandlerFault(f"shared_model: make() does not always give the same model ({odd} differ); give each model its own key")
    parameters: dict = {}
    for name, tensor in tensors.items():
        path, _, last = name.rpartition(".")
        module = model.get_submodule(path)
        if list(found[name].shape) != list(tensor.shape):
            text = f"shared_model: {name} has shape {list(found[name].shape)}, stored is {list(tensor.shape)}"
            raise HandlerFault(f"{text}; give each model its own key")
        if last in module._parameters:
            # What was tied stays one parameter.
            module._parameters[last] = parameters.setdefault(id(tensor), torch.nn.Parameter(tensor, requires_grad=False))
        else:
            module._buffers[last] = tensor
    return model
