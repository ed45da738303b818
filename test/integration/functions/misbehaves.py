"""A function that does one thing wrong, named by its argument, after two good steps where that makes sense."""

import os
import sys
import time

how = sys.argv[1]
print("about to misbehave:", how, flush=True)

if how == "hangs-before-joining":
    time.sleep(3600)
if how == "leaves-at-once":
    sys.exit(0)

import torch
import torch.nn.functional as F

import cloudless
from points import Points, network

model = network()
optimizers = {"uses-rmsprop": torch.optim.RMSprop}
optimizer = optimizers.get(how, torch.optim.SGD)(model.parameters(), lr=0.05)
session = cloudless.join(model, optimizer)
dataset = Points(session.shards())
steps = 0


def evaluate():
    if how == "hangs-while-evaluating":
        time.sleep(3600)
    return {"accuracy": 0.5}


for inputs, labels, _ in session.batches(dataset, batch_size=16, evaluate=evaluate):
    loss = F.cross_entropy(model(inputs), labels)
    if steps == 2:
        if how == "raises":
            raise RuntimeError("the third batch is upside down")
        if how == "hangs":
            time.sleep(3600)
        if how == "crashes":
            os.abort()
        if how == "leaves-early":
            sys.exit(0)
        if how == "loses-its-loss":
            loss = loss * float("nan")
    session.step(loss)
    steps += 1
