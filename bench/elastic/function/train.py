"""A small model whose step takes as long as it would on an accelerator that this machine does not have: it sleeps.

So as many workers as the benchmark needs train at their own speed on a machine with fewer cores.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F

import cloudless

FEATURES = 8

parser = argparse.ArgumentParser()
parser.add_argument("--step-ms", type=float, required=True)
parser.add_argument("--batch", type=int, required=True)
arguments = parser.parse_args()


class Points:
    """Rows of eight features and a class, as float32."""

    supports_index_arrays = True

    def __init__(self, shards):
        rows = np.concatenate([np.fromfile(shard.path, "<f4").reshape(-1, FEATURES + 1) for shard in shards])
        self.inputs = torch.from_numpy(rows[:, :FEATURES].copy())
        self.labels = torch.from_numpy(rows[:, FEATURES].astype("i8"))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, indices):
        return self.inputs[indices], self.labels[indices]


torch.manual_seed(1)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(FEATURES, 32), torch.nn.Tanh(), torch.nn.Linear(32, 4))
session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9))
due = time.monotonic()
for inputs, labels in session.batches(Points(session.shards()), batch_size=arguments.batch):
    loss = F.cross_entropy(model(inputs), labels)
    # What a step takes besides is part of it, as long as it is less.
    due = max(due + arguments.step_ms / 1000, time.monotonic())
    time.sleep(max(0.0, due - time.monotonic()))
    session.step(loss)
