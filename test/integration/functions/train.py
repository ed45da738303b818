"""A good function, slow enough to be disturbed: each step takes --pause-ms at least, until the file --hurry is there, and
says as JSON which rows it used.

A line says "counted" only after the parameter server took the step, so rows that are counted twice were used twice.
"""

import argparse
import json
import os
import sys
import time

import torch
import torch.nn.functional as F

import cloudless
from points import Points, network

parser = argparse.ArgumentParser()
parser.add_argument("--pause-ms", type=float, default=0)
parser.add_argument("--hurry", help="once this file is there, steps take as long as they take")
parser.add_argument("--print", help="a file whose bytes go to standard output before training")
arguments = parser.parse_args()

print(json.dumps({"attempt": int(os.environ["CLOUDLESS_ATTEMPT"])}), flush=True)
if arguments.print:
    with open(arguments.print, "rb") as file:
        sys.stdout.buffer.write(file.read())
        sys.stdout.buffer.flush()

model = network()
session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9))
dataset = Points(session.shards())
for inputs, labels, rows in session.batches(dataset, batch_size=16):
    loss = F.cross_entropy(model(inputs), labels)
    if not (arguments.hurry and os.path.exists(arguments.hurry)):
        time.sleep(arguments.pause_ms / 1000)
    epoch = session.epoch
    if session.step(loss):
        print(json.dumps({"counted": rows, "epoch": epoch}), flush=True)
