"""What lies where in the flat float32 replica: parameters first, then floating-point buffers, without gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import wire
from .config import GROUPS_MAX
from .errors import Unsupported


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of the replica: `offset` and `length` in float32 elements; `group` of the optimizer."""

    name: str
    shape: tuple[int, ...]
    offset: int
    length: int
    group: int
    is_buffer: bool
    dtype: str


@dataclass(frozen=True)
class GroupSpec:
    """Hyperparameters of one parameter group, as torch names them; unused ones are 0."""

    learning_rate: float
    weight_decay: float
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False
    beta1: float = 0.0
    beta2: float = 0.0
    epsilon: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Tensors in replica order and the optimizer that the parameter server shall apply ("sgd" or "adamw")."""

    tensors: tuple[TensorSpec, ...]
    optimiser: str
    groups: tuple[GroupSpec, ...]

    def __post_init__(self) -> None:
        if len(self.groups) > GROUPS_MAX:
            raise Unsupported(f"optimizer has {len(self.groups)} parameter groups; at most {GROUPS_MAX} are supported")
        if not any(not tensor.is_buffer for tensor in self.tensors):
            raise Unsupported("nothing to train: the optimizer holds no parameter with requires_grad=True")

    @property
    def elements(self) -> int:
        """Float32 elements of the whole replica."""
        last = self.tensors[-1]
        return last.offset + last.length

    @property
    def parameter_elements(self) -> int:
        """Float32 elements before the first buffer."""
        return sum(tensor.length for tensor in self.tensors if not tensor.is_buffer)

    def to_message(self) -> Any:
        """The wire form, `cloudless.v1.TensorLayout`."""
        result = wire.message("TensorLayout")()
        for tensor in self.tensors:
            result.tensors.add(
                name=tensor.name,
                shape=tensor.shape,
                length=tensor.length,
                group=tensor.group,
                is_buffer=tensor.is_buffer,
                dtype=tensor.dtype,
            )
        result.optimiser.kind = self.optimiser
        for group in self.groups:
            result.optimiser.groups.add(**vars(group))
        return result
