"""Trains on a share of a GPU: each step's kernels take so long of the device, the exchange with the parameter server is its bubble. The
gradient is computed on the CPU: the fake GPU of test/fake-gpu, for which this is made, computes nothing."""

import argparse
import json
import os

import torch
import torch.nn.functional as F

import cloudless
from fake_cuda import FakeCuda
from points import Points, network

parser = argparse.ArgumentParser()
parser.add_argument("--compute-ms", type=float, default=20)
parser.add_argument("--kernels", type=int, default=100)
parser.add_argument("--until", help="once this file is there, steps launch nothing")
parser.add_argument("--allocate-gib", type=float, default=0)
arguments = parser.parse_args()

gpu = FakeCuda()
if arguments.allocate_gib:
    gpu.allocate(int(arguments.allocate_gib * 2**30))
kernel = gpu.kernel("train_kernel", micros=arguments.compute_ms * 1000 / arguments.kernels)
model = network()
session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.05))
dataset = Points(session.shards())
steps = 0
for inputs, labels, _ in session.batches(dataset, batch_size=16):
    if not (arguments.until and os.path.exists(arguments.until)):
        gpu.launch(kernel, arguments.kernels)
        gpu.synchronize()
    if session.step(F.cross_entropy(model(inputs), labels)):
        steps += 1
print(json.dumps({"steps": steps, "visible": os.environ["CUDA_VISIBLE_DEVICES"]}), flush=True)
