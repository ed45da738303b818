"""Cloudless worker SDK: an ordinary PyTorch loop becomes one part of a job over many regions.

    session = cloudless.join(model, optimizer)
    for images, labels in session.batches(dataset, batch_size=64, evaluate=lambda: {"accuracy": accuracy(model)}):
        loss = F.cross_entropy(model(images), labels)
        session.step(loss)

The same script runs alone, without Cloudless, where CLOUDLESS_PARAMETER_SERVER is not set.
"""

from .errors import (
    CloudlessError,
    DatasetMismatch,
    DatasetMissing,
    JoinRefused,
    NonFiniteLoss,
    ParameterServerUnavailable,
    StepRefused,
    Unsupported,
)
from .join import join
from .permutation import permutation
from .safetensors import load_safetensors
from .shards import Shard

__version__ = "0.1.0"

__all__ = [
    "CloudlessError",
    "DatasetMismatch",
    "DatasetMissing",
    "JoinRefused",
    "NonFiniteLoss",
    "ParameterServerUnavailable",
    "Shard",
    "StepRefused",
    "Unsupported",
    "join",
    "load_safetensors",
    "permutation",
]
