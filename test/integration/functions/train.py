"""A good function, slow enough to be disturbed: each step takes --pause-ms at least, until the file --hurry is there, and
says as JSON which rows it used. In --stall-in its first attempt stays in the step after --stall-after until it is killed.

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
parser.add_argument("--stall-in", help="the region whose worker stalls")
parser.add_argument("--stall-after", type=int, default=0, help="steps that are counted before")
parser.add_argument("--print", help="a file whose bytes go to standard output before training")
arguments = parser.parse_args()

attempt = int(os.environ["CLOUDLESS_ATTEMPT"])
print(json.dumps({"attempt": attempt}), flush=True)
if arguments.print:
    with open(arguments.print, "rb") as file:
        sys.stdout.buffer.write(file.read())
        sys.stdout.buffer.flush()

model = network()
session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9))
dataset = Points(session.shards())
steps = 0
for inputs, labels, rows in session.batches(dataset, batch_size=16):
    while attempt == 1 and arguments.stall_in == os.environ["CLOUDLESS_REGION"] and steps == arguments.stall_after:
        time.sleep(1)
    loss = F.cross_entropy(model(inputs), labels)
    if not (arguments.hurry and os.path.exists(arguments.hurry)):
        time.sleep(arguments.pause_ms / 1000)
    epoch = session.epoch
    steps += 1
    if session.step(loss):
        print(json.dumps({"counted": rows, "epoch": epoch}), flush=True)
