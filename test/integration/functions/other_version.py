"""A function with an SDK of another release than its parameter server."""

import cloudless.session
import torch

from points import network

cloudless.session.PROTOCOL_VERSION = 99
model = network()
cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1))
