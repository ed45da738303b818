"""What a program does on a real GPU: one training step, one batch of inference. Online servers of transformers replay a CUDA graph, as
today's servers do; everything else is eager."""

import torch
from torch.nn import functional as F

from .models import make_batch, make_model


class TorchWork:
    def __init__(self, kind, model, batch, device="cuda"):
        torch.manual_seed(0)
        self.device = device
        self.is_cuda = device.startswith("cuda")
        if self.is_cuda:
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True
        self.inputs = make_batch(model, batch, device)
        self.run = self._training(model) if kind == "train" else self._inference(kind, model)

    def wait(self):
        if self.is_cuda:
            torch.cuda.synchronize()

    def mark(self):
        """Something to wait for: all that was launched until now."""
        if not self.is_cuda:
            return None
        event = torch.cuda.Event(blocking=True)
        event.record()
        return event

    def memory_bytes(self):
        return torch.cuda.max_memory_allocated() if self.is_cuda else 0

    def _training(self, name):
        model = make_model(name, self.device).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=self.is_cuda)
        is_images = self.inputs.dim() == 4
        targets = torch.zeros(len(self.inputs), dtype=torch.long, device=self.device) if is_images else self.inputs

        def step():
            with torch.autocast(self.inputs.device.type, torch.bfloat16):
                answer = model(self.inputs)
            loss = F.cross_entropy(answer.float().flatten(0, -2), targets.flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

        return step

    def _inference(self, kind, name):
        model = make_model(name, self.device).eval()
        if self.is_cuda:
            model = model.to(torch.bfloat16)
        inputs = self.inputs.to(torch.bfloat16) if self.is_cuda and self.inputs.is_floating_point() else self.inputs

        def infer():
            with torch.inference_mode():
                model(inputs)

        return capture(infer) if self.is_cuda and inputs.dim() == 2 else infer


def capture(infer):
    """The same work as one CUDA graph. Warm-up on a side stream first: capture must not meet lazily made handles."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            infer()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        infer()
    return graph.replay
