"""A region's data: where its shards lie and how many samples the job declared for each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from .errors import DatasetMismatch, DatasetMissing, Unsupported


@dataclass(frozen=True)
class Shard:
    """Part of a dataset: a local path, and its declared number of samples (None alone, when nothing was declared)."""

    path: str
    samples: int | None = None


def shard_of(uri: str, samples: int) -> Shard:
    """The shard at a `file://` URI. Unsupported for other schemes and for other hosts."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise Unsupported(f"shard {uri}: only file:///path URIs can be read; mount or copy the data into the region first")
    return Shard(unquote(parts.path), samples)


def check_there(kind: str, uri: str, shard: Shard, region: str) -> Shard:
    """The shard itself; DatasetMissing, before a step is trained, when nothing lies at its path.

    Only here can this be seen: whoever submits a job does not see other regions' files. `kind` is `shard` or `holdout`.
    """
    try:
        os.stat(shard.path)
    except (OSError, ValueError) as error:
        is_absent = isinstance(error, (FileNotFoundError, NotADirectoryError))
        because = "does not exist" if is_absent else f"cannot be read ({error})"
        field = "data.holdout.uri" if kind == "holdout" else "data.shards[].uri"
        raise DatasetMissing(
            f"{kind} {uri} of region {region}: {shard.path} {because} on this worker's machine. Put the data there "
            f"(prepare, copy or mount it in {region}), or correct {field} in job.yaml"
        ) from error
    return shard


def shards_alone(paths: Sequence[str | os.PathLike[str] | Shard] | None) -> list[Shard]:
    """What `session.shards(alone=...)` answers without Cloudless."""
    return [path if isinstance(path, Shard) else Shard(os.fspath(path)) for path in paths or ()]


def check_length(length: int, shards: Sequence[Shard], declared: int) -> None:
    """DatasetMismatch, naming both numbers, when the dataset does not hold what the job declared."""
    if length == declared:
        return
    parts = ", ".join(f"{shard.path}: {shard.samples}" for shard in shards)
    raise DatasetMismatch(
        f"dataset has {length} samples but the job declares {declared} for this region ({parts}): "
        "correct data.shards[].samples in job.yaml, or the shard files"
    )
