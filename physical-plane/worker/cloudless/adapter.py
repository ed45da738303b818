"""What a training framework must offer so that sessions can drive it; cloudless/torch.py is PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from .layout import Layout


class Adapter(Protocol):
    """A model and its optimizer, seen as one flat replica."""

    layout: Layout

    def bind(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """Copies the model's values into `parameters` and lets the model live in these arrays where it can."""

    def release(self) -> None:
        """Gives the model memory of its own again."""

    def collect(self) -> None:
        """Completes the gradient array: gradients that lie elsewhere, and the change of the buffers."""

    def spread(self) -> None:
        """After fresh parameters arrived: copies those that lie elsewhere, and clears the gradients."""

    def learning_rates(self) -> list[float]:
        """The current rate of each parameter group."""

    def loss_value(self, loss: Any) -> float:
        """The loss as a number."""

    def backward(self, loss: Any) -> None:
        """Computes gradients, if `loss` is still attached to a graph."""

    def step_alone(self) -> None:
        """The user's own optimizer step, and gradients cleared."""

    def fetch(self, dataset: Any, indices: np.ndarray, collate: Callable[[list], Any] | None) -> Any:
        """The batch of these sample numbers (int64)."""

    def reseed(self, seed: int) -> None:
        """Seeds every generator that a training function may draw from: Python's, numpy's, the framework's."""

    def evaluating(self) -> AbstractContextManager[None]:
        """Evaluation mode, without gradients."""
