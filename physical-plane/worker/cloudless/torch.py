"""PyTorch's adapter: a module's parameters and buffers as views on the flat replica, so that nothing is copied twice.

Rules: parameters of the optimizer with requires_grad are trained and synchronised, tied ones once; frozen parameters
and integer buffers stay local; floating-point buffers (BatchNorm statistics) are synchronised by their change.
float32 tensors on the CPU become views; other dtypes, devices and strides are cast and copied at each step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .errors import CloudlessError, Unsupported
from .layout import GroupSpec, Layout, TensorSpec
from .randomness import seed_python_and_numpy
from .safetensors import load_safetensors

_OPTIMISERS = {torch.optim.SGD: "sgd", torch.optim.AdamW: "adamw"}


@dataclass
class _Slot:
    """A tensor of the model and its places in the two flat arrays; `is_view`: it lives in the parameter array."""

    spec: TensorSpec
    tensor: torch.Tensor
    is_view: bool
    value: torch.Tensor
    gradient: torch.Tensor


class TorchAdapter:
    """A torch.nn.Module with SGD or AdamW. Unsupported names what cannot be synchronised."""

    def __init__(self, model: torch.nn.Module, optimizer: Any, is_alone: bool = False, threads: int = 0) -> None:
        self._model = model
        self._optimizer = optimizer
        self._slots: list[_Slot] = []
        self._has_mps = hasattr(torch, "mps") and torch.backends.mps.is_available()
        if threads > 0:
            torch.set_num_threads(threads)
        if is_alone:
            return
        tensors, self._tensors = _tensors_of(model, optimizer)
        self.layout = Layout(tensors, _kind_of(optimizer), tuple(_group_of(group) for group in optimizer.param_groups))

    def bind(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """See Adapter.bind; both arrays float32 of shape (layout.elements,)."""
        values, gradients = torch.from_numpy(parameters), torch.from_numpy(gradient)
        self._gradients = gradients
        self._buffers_at = self.layout.parameter_elements
        self._buffers = values[self._buffers_at :]
        self._slots = []
        for spec, tensor in zip(self.layout.tensors, self._tensors, strict=True):
            part = slice(spec.offset, spec.offset + spec.length)
            value, place = values[part].view(spec.shape), gradients[part].view(spec.shape)
            value.copy_(tensor.detach())
            is_view = tensor.dtype == torch.float32 and tensor.device.type == "cpu" and tensor.is_contiguous()
            if is_view:
                tensor.data = value
            self._slots.append(_Slot(spec, tensor, is_view, value, place))
        self._buffers_before = self._buffers.clone()

    def release(self) -> None:
        """See Adapter.release."""
        for slot in self._slots:
            if slot.is_view:
                slot.tensor.data = slot.tensor.detach().clone()
            slot.tensor.grad = None
        self._slots = []

    def collect(self) -> None:
        """See Adapter.collect. Unsupported for sparse gradients."""
        for slot in self._slots:
            if slot.spec.is_buffer:
                if not slot.is_view:
                    slot.value.copy_(slot.tensor)
                continue
            gradient = slot.tensor.grad
            if gradient is None:
                slot.gradient.zero_()
            elif gradient.layout != torch.strided:
                raise Unsupported(f"gradient of {slot.spec.name} is sparse: use sparse=False in its embedding")
            elif gradient.data_ptr() != slot.gradient.data_ptr():
                slot.gradient.copy_(gradient)
        if self._buffers.numel() > 0:
            torch.sub(self._buffers, self._buffers_before, out=self._gradients[self._buffers_at :])

    def spread(self) -> None:
        """See Adapter.spread."""
        # Backward adds into these views. Measured against letting it allocate and copying afterwards: 40 % less time
        # for a step of an 11 M-parameter network (no page faults), no difference for a small one.
        self._gradients.zero_()
        for slot in self._slots:
            if not slot.is_view:
                slot.tensor.data.copy_(slot.value)
            if not slot.spec.is_buffer:
                slot.tensor.grad = slot.gradient if slot.is_view else None
        self._buffers_before.copy_(self._buffers)
        # Schedulers warn unless they have seen the optimizer step; the parameter server steps for it.
        self._optimizer._opt_called = True

    def learning_rates(self) -> list[float]:
        """See Adapter.learning_rates. Unsupported when another hyperparameter changed since the join."""
        rates = []
        for index, (group, joined) in enumerate(zip(self._optimizer.param_groups, self.layout.groups, strict=True)):
            rate = float(group["lr"])
            now = _group_of(group, rate=joined.learning_rate)
            if now != joined:
                raise Unsupported(f"parameter group {index} changed from {joined} to {now}: only lr may change")
            rates.append(rate)
        return rates

    def loss_value(self, loss: Any) -> float:
        """See Adapter.loss_value; a tensor of one element, or a number."""
        return float(loss.detach()) if isinstance(loss, torch.Tensor) else float(loss)

    def backward(self, loss: Any) -> None:
        """See Adapter.backward."""
        if isinstance(loss, torch.Tensor) and loss.requires_grad:
            loss.backward()

    def step_alone(self) -> None:
        """See Adapter.step_alone."""
        self._optimizer.step()
        self._optimizer.zero_grad()

    def fetch(self, dataset: Any, indices: np.ndarray, collate: Callable[[list], Any] | None) -> Any:
        """See Adapter.fetch. One indexing operation where the dataset can, else sample by sample and collated."""
        if collate is None and isinstance(dataset, torch.utils.data.TensorDataset):
            chosen = torch.from_numpy(indices)
            return tuple(tensor[chosen] for tensor in dataset.tensors)
        if collate is None and getattr(dataset, "supports_index_arrays", False):
            return dataset[indices]
        samples = [dataset[int(index)] for index in indices]
        return (collate or torch.utils.data.default_collate)(samples)

    def reseed(self, seed: int) -> None:
        """See Adapter.reseed; torch's generators of the devices in use."""
        seed_python_and_numpy(seed)
        # torch.manual_seed asks every kind of device in turn: 90 microseconds a batch, where this takes two.
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
        if self._has_mps:
            torch.mps.manual_seed(seed)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """See Adapter.evaluating; modules that were in evaluation mode before stay in it."""
        training = [module for module in self._model.modules() if module.training]
        self._model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for module in training:
                module.training = True


def load_model(model: torch.nn.Module, path: str | os.PathLike[str]) -> None:
    """Copies a model that Cloudless trained (safetensors) into `model`.

    CloudlessError naming tensors that are missing on either side or have another shape. Frozen parameters, integer
    buffers and non-persistent buffers are not in the file and keep their values.
    """
    tensors = load_safetensors(path)
    targets = {_plain(name): tensor for name, tensor in model.named_parameters(remove_duplicate=False)}
    targets |= {_plain(name): tensor for name, tensor in model.named_buffers(remove_duplicate=False)}
    unknown = sorted(set(tensors) - set(targets))
    needed = {_plain(name) for name, tensor in model.named_parameters() if tensor.requires_grad}
    missing = sorted(needed - set(tensors))
    if unknown or missing:
        raise CloudlessError(f"{path} is of another model: unknown tensors {unknown}, missing tensors {missing}")
    for name, values in tensors.items():
        if tuple(targets[name].shape) != values.shape:
            shapes = f"{values.shape} in the file, {tuple(targets[name].shape)} in the model"
            raise CloudlessError(f"{path} is of another model: tensor {name} has shape {shapes}")
    with torch.no_grad():
        for name, values in tensors.items():
            targets[name].copy_(torch.from_numpy(values))


def _plain(name: str) -> str:
    """The name without what torch.compile adds."""
    return name.replace("_orig_mod.", "")


def _tensors_of(model: torch.nn.Module, optimizer: Any) -> tuple[tuple[TensorSpec, ...], list[torch.Tensor]]:
    group_of = {id(p): index for index, group in enumerate(optimizer.param_groups) for p in group["params"]}
    named = [(_plain(name), p) for name, p in model.named_parameters() if p.requires_grad and id(p) in group_of]
    strangers = set(group_of) - {id(p) for p in model.parameters()}
    if strangers:
        raise Unsupported(f"optimizer holds {len(strangers)} parameters that are not of the model: join both together")
    persistent = set(model.state_dict(keep_vars=True))
    buffers = [
        (_plain(name), buffer)
        for name, buffer in model.named_buffers()
        if buffer.is_floating_point() and name in persistent
    ]
    specs: list[TensorSpec] = []
    offset = 0
    for name, tensor in named + buffers:
        if tensor.is_complex() or tensor.layout != torch.strided:
            raise Unsupported(f"{name} is {tensor.dtype}, {tensor.layout}: only dense real tensors can be synchronised")
        specs.append(
            TensorSpec(
                name=name,
                shape=tuple(tensor.shape),
                offset=offset,
                length=tensor.numel(),
                group=group_of.get(id(tensor), 0),
                is_buffer=id(tensor) not in group_of,
                dtype=str(tensor.dtype).removeprefix("torch."),
            )
        )
        offset += tensor.numel()
    return tuple(specs), [tensor for _, tensor in named + buffers]


def _kind_of(optimizer: Any) -> str:
    # The exact type: AdamW is a subclass of Adam in newer versions, and a user's subclass may step otherwise.
    kind = _OPTIMISERS.get(type(optimizer))
    if kind is None:
        raise Unsupported(f"optimizer {type(optimizer).__name__} is not supported: use torch.optim.SGD or torch.optim.AdamW")
    for group in optimizer.param_groups:
        for option in ("maximize", "amsgrad"):
            if group.get(option):
                raise Unsupported(f"{type(optimizer).__name__}({option}=True) is not supported: use {option}=False")
    return kind


def _group_of(group: dict[str, Any], rate: float | None = None) -> GroupSpec:
    beta1, beta2 = group.get("betas", (0.0, 0.0))
    return GroupSpec(
        learning_rate=float(group["lr"]) if rate is None else rate,
        weight_decay=float(group["weight_decay"]),
        momentum=float(group.get("momentum", 0.0)),
        dampening=float(group.get("dampening", 0.0)),
        nesterov=bool(group.get("nesterov", False)),
        beta1=float(beta1),
        beta2=float(beta2),
        epsilon=float(group.get("eps", 0.0)),
    )
