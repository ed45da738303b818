"""A real network for the benchmark: ten convolutions over an image, in PyTorch on one thread."""

import torch


class Images:
    inputs = {"image": ("FP32", [-1, 3, 8, 8])}

    def load(self):
        torch.set_num_threads(1)
        torch.manual_seed(0)
        layers = [torch.nn.Upsample(size=(88, 88)), torch.nn.Conv2d(3, 48, 3, padding=1)]
        for _ in range(8):
            layers += [torch.nn.ReLU(), torch.nn.Conv2d(48, 48, 3, padding=1)]
        layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(48, 10)]
        self.network = torch.nn.Sequential(*layers).eval()
        with torch.inference_mode():
            self.network(torch.zeros(1, 3, 8, 8))

    def predict(self, batch):
        with torch.inference_mode():
            return {"scores": self.network(torch.from_numpy(batch["image"])).numpy()}
