"""A training function for the SDK's tests: what it does is told by arguments, what happened is told as JSON lines.

Each counted step prints {"epoch", "samples": [...]}; with --compare the last line holds the largest difference from a
plain PyTorch loop over the same batches, relative to the largest value.
"""

import argparse
import json
import os
import signal

import numpy as np
import torch
import torch.nn.functional as F

import cloudless
import cloudless.torch

parser = argparse.ArgumentParser()
parser.add_argument("--optimizer", choices=("sgd", "momentum", "adamw"), default="sgd")
parser.add_argument("--compare", action="store_true")
parser.add_argument("--model", help="the trained model, with --compare")
parser.add_argument("--samples", type=int, default=200)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--die-at", type=int, default=0, help="kill -9 myself with the n-th batch in hand")
parser.add_argument("--nan-at", type=int, default=0, help="make the n-th loss NaN")
parser.add_argument("--raise-at", type=int, default=0, help="raise in the n-th batch")
parser.add_argument("--pause-ms", type=float, default=0, help="a step's least time")
parser.add_argument("--ask-for", choices=("shards", "holdout"), help="the job's data, which these tests never write")
arguments = parser.parse_args()


class Numbers:
    """Sample i and its own number, so that a log of the steps shows who used what."""

    supports_index_arrays = True

    def __init__(self):
        random = np.random.default_rng(5)
        self.inputs = torch.from_numpy(random.normal(size=(arguments.samples, 6)).astype("f4"))
        self.labels = torch.from_numpy(random.integers(0, 4, arguments.samples))

    def __len__(self):
        return arguments.samples

    def __getitem__(self, indices):
        return self.inputs[indices], self.labels[indices], indices.tolist()


# No bias before BatchNorm: its gradient is rounding noise, which AdamW would blow up to full steps.
def a_model():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(6, 32, bias=False), torch.nn.BatchNorm1d(32), torch.nn.Tanh(), torch.nn.Linear(32, 4)
    )


def an_optimizer(model):
    groups = [{"params": model[0].parameters(), "lr": 0.05}, {"params": [*model[1].parameters(), *model[3].parameters()]}]
    if arguments.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=0.1)
    if arguments.optimizer == "momentum":
        return torch.optim.SGD(groups, lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-3)
    return torch.optim.AdamW(groups, lr=0.01, weight_decay=0.05)


def tell(**line):
    print(json.dumps(line), flush=True)


model = a_model()
optimizer = an_optimizer(model)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10, gamma=0.7)
session = cloudless.join(model, optimizer)
if arguments.ask_for:
    getattr(session, arguments.ask_for)()
dataset = Numbers()
used = []


def evaluate():
    assert not model.training
    accuracy = (model(dataset.inputs).argmax(1) == dataset.labels).float().mean()
    tell(evaluated=session.epoch + 1)
    return {"accuracy": accuracy}


count = 0
for inputs, labels, samples in session.batches(dataset, batch_size=arguments.batch, evaluate=evaluate):
    count += 1
    loss = F.cross_entropy(model(inputs), labels)
    if count == arguments.die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    if count == arguments.raise_at:
        raise RuntimeError("the function's own mistake")
    if count == arguments.nan_at:
        loss = loss * float("nan")
    if arguments.pause_ms:
        signal.sigtimedwait([], arguments.pause_ms / 1000)
    if session.step(loss):
        used.append(samples)
        tell(epoch=session.epoch, samples=samples)
    schedule.step()

if arguments.compare:
    plain = a_model()
    optimizer = an_optimizer(plain)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10, gamma=0.7)
    for samples in used:
        optimizer.zero_grad()
        F.cross_entropy(plain(dataset.inputs[samples]), dataset.labels[samples]).backward()
        optimizer.step()
        schedule.step()
    floats = {name: value for name, value in plain.state_dict().items() if value.is_floating_point()}
    difference = max(
        float((value - model.state_dict()[name]).abs().max() / value.abs().max()) for name, value in floats.items()
    )
    tell(difference=difference)
    # What the region published is what this worker ended with.
    fresh = a_model()
    cloudless.torch.load_model(fresh, arguments.model)
    for name, value in fresh.named_parameters():
        assert torch.equal(value, dict(model.named_parameters())[name]), name
tell(done=True)
