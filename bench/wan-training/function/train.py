"""What the benchmark trains: a convolutional network of a million parameters on Fashion-MNIST, at a GPU-like pace.

A step takes the real computation or the time that the worker's `--paces` entry gives it, whichever is longer, so that a
few cores can stand for several regions. Accuracy over time is measured beside training, by a thread that evaluates
copies of the parameters on a part of the held-out images. Every line on standard output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import cloudless

# Of the held-out images: enough for a resolution of half a point, few enough for a spare core.
WATCHED_IMAGES = 2000
# Share of a worker's samples after which its learning rate falls, linearly, to LAST_RATE of what it was.
CONSTANT_SHARE = 0.6
LAST_RATE = 0.02


class Images:
    """Images (uint8, n × 28 × 28) and labels of some shards; indexed by an array or slice, it gives a whole batch."""

    supports_index_arrays = True

    def __init__(self, shards: list[cloudless.Shard]) -> None:
        parts = [np.load(shard.path) for shard in shards]
        self.images = np.concatenate([part["images"] for part in parts])
        self.labels = np.concatenate([part["labels"] for part in parts]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: np.ndarray | slice) -> tuple[torch.Tensor, torch.Tensor]:
        pixels = torch.from_numpy(self.images[indices]).unsqueeze(1)
        return pixels.float().sub_(73).div_(90), torch.from_numpy(self.labels[indices])


def network() -> nn.Module:
    """1,018,858 parameters, most of them where they cost little computation."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 7 * 7, 1280), nn.ReLU(), nn.Linear(1280, 10),
    )  # fmt: skip


def measured(model: nn.Module, data: Images, count: int) -> dict[str, float]:
    """Loss and accuracy on the first `count` images."""
    loss, right = 0.0, 0
    with torch.no_grad():
        for start in range(0, count, 500):
            images, labels = data[slice(start, min(count, start + 500))]
            scores = model(images)
            loss += F.cross_entropy(scores, labels, reduction="sum").item()
            right += int((scores.argmax(1) == labels).sum())
    return {"accuracy": right / count, "loss": loss / count}


class Watcher:
    """Evaluates copies of the model in a thread of its own, so that no step waits for it."""

    def __init__(self, data: Images, every_seconds: float) -> None:
        self._data = data
        self._every = every_seconds
        self._model = network().eval()
        self._due = 0.0
        self._asked = threading.Semaphore(0)
        self._is_idle = True
        self.newest: dict[str, float] | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def stepped(self, model: nn.Module, samples: int) -> None:
        """Copies the parameters when an evaluation is due and the one before has ended."""
        if time.monotonic() < self._due or not self._is_idle:
            return
        self._due = time.monotonic() + self._every
        self._is_idle = False
        with torch.no_grad():
            for mine, theirs in zip(self._model.parameters(), model.parameters(), strict=True):
                mine.copy_(theirs)
        self._at, self._samples = time.time(), samples
        self._asked.release()

    def _run(self) -> None:
        torch.set_num_threads(1)
        while True:
            self._asked.acquire()
            self.newest = measured(self._model, self._data, min(WATCHED_IMAGES, len(self._data)))
            say("evaluation", atMs=round(self._at * 1000), samples=self._samples, **self.newest)
            self._is_idle = True


class Pace:
    """Makes a step's computation last as long as it is to, and keeps the account of it."""

    def __init__(self, worker: str, paced_seconds: float) -> None:
        self._worker = worker
        self._paced = paced_seconds
        self._started: float | None = None
        self._batch_at = 0.0
        self._steps = 0
        self._real = 0.0
        self._busy = 0.0
        self._over = 0
        self._told = 0.0

    def batch(self) -> None:
        """A step's computation begins."""
        self._batch_at = time.monotonic()
        if self._started is None:
            self._started = self._batch_at

    def computed(self) -> None:
        """It is done: waits for the rest of its time."""
        real = time.monotonic() - self._batch_at
        if real < self._paced:
            time.sleep(self._paced - real)
        self._steps += 1
        self._real += real
        self._over += real > self._paced
        self._busy += max(real, self._paced)

    def stepped(self) -> None:
        """The parameters are back. Tells the account every two seconds."""
        if time.monotonic() - self._told >= 2:
            self.tell()

    def tell(self) -> None:
        """Steps, seconds of (emulated) computation, of real computation and of the clock since the first batch."""
        self._told = time.monotonic()
        if self._started is None:
            return
        say(
            "pace",
            worker=self._worker,
            atMs=round(time.time() * 1000),
            steps=self._steps,
            stepsOverPace=self._over,
            busySeconds=self._busy,
            realSeconds=self._real,
            wallSeconds=self._told - self._started,
        )


def say(kind: str, **values: object) -> None:
    print(json.dumps({"kind": kind, **values}), flush=True)


def own_entry(paces: dict[str, float], instance: str) -> tuple[str, float, float]:
    """This worker's key ("onprem/lab/worker-0"), seconds per step, and share of its region's samples."""
    key = next(key for key in paces if instance.endswith(key))
    region = key.rsplit("/", 1)[0]
    speeds = {other: 1 / ms for other, ms in paces.items() if other.rsplit("/", 1)[0] == region}
    return key, paces[key] / 1000, speeds[key] / sum(speeds.values())


def rate_at(share_done: float) -> float:
    """Factor on the learning rate: constant, then falling, so that the final model is not a matter of the last batch."""
    if share_done <= CONSTANT_SHARE:
        return 1.0
    falling = min(1.0, (share_done - CONSTANT_SHARE) / (1 - CONSTANT_SHARE))
    return 1.0 + (LAST_RATE - 1.0) * falling


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paces", type=json.loads, required=True, help="milliseconds per step, by REGION/worker-N, as JSON")
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True, help="of the first parameters")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--evaluate-seconds", type=float, required=True)
    arguments = parser.parse_args()

    worker, paced_seconds, share = own_entry(arguments.paces, os.environ["CLOUDLESS_INSTANCE_ID"])
    torch.manual_seed(arguments.seed)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.learning_rate)
    session = cloudless.join(model, optimizer)
    dataset = Images(session.shards())
    holdout = session.holdout()
    held_out = Images([holdout]) if holdout is not None else None
    watches = held_out is not None and worker.endswith("/worker-0")
    watcher = Watcher(held_out, arguments.evaluate_seconds) if watches else None
    own_samples = share * len(dataset) * session.epochs
    samples = 0

    def evaluate() -> dict[str, float]:
        # Where an epoch ends in the middle the thread has a value; the final model is tried on all images.
        if samples >= 0.9 * own_samples:
            return measured(model, held_out, len(held_out))
        newest = watcher.newest if watcher is not None else None
        return newest or measured(model, held_out, min(WATCHED_IMAGES, len(held_out)))

    pace = Pace(worker, paced_seconds)
    batches = session.batches(dataset, arguments.batch, evaluate=evaluate if held_out is not None else None)
    for images, labels in batches:
        pace.batch()
        optimizer.param_groups[0]["lr"] = arguments.learning_rate * rate_at(samples / own_samples)
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        # Updates of other regions arrive late and many steps at a time; short ones can not throw the model off its course.
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        pace.computed()
        session.step(loss.item())
        samples += len(labels)
        pace.stepped()
        if watcher is not None:
            watcher.stepped(model, samples)
        if samples >= own_samples - arguments.batch:
            pace.tell()


if __name__ == "__main__":
    main()
