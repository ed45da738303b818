"""The data and the model that the functions of these tests share: points in a file of float32, or in one
in a folder, and a small network."""

import os

import numpy as np
import torch

FEATURES = 8
CLASSES = 4


class Points:
    """Rows of eight features and a class. A batch also tells which rows it holds, so that a log shows who used what."""

    supports_index_arrays = True

    def __init__(self, shards):
        paths = [os.path.join(shard.path, "points.f32") if os.path.isdir(shard.path) else shard.path for shard in shards]
        rows = np.concatenate([np.fromfile(path, "<f4").reshape(-1, FEATURES + 1) for path in paths])
        self.inputs = torch.from_numpy(rows[:, :FEATURES].copy())
        self.labels = torch.from_numpy(rows[:, FEATURES].astype("i8"))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, indices):
        return self.inputs[indices], self.labels[indices], indices.tolist()


# BatchNorm, so that buffers are part of what must end equal everywhere.
def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(FEATURES, 32), torch.nn.BatchNorm1d(32), torch.nn.Tanh(), torch.nn.Linear(32, CLASSES)
    )
