"""The models, of random weights and the published shapes, in torch alone: what they compute does not matter here, what they launch does.
Sources of the shapes: He et al. 2015 (ResNet-152), Devlin et al. 2018 (BERT-large), Radford et al. 2019 (GPT-2)."""

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY = 50257
CLASSES = 1000


class Bottleneck(nn.Module):
    def __init__(self, channels_in, width, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 4 * width, 1, bias=False),
            nn.BatchNorm2d(4 * width),
        )
        is_plain = stride == 1 and channels_in == 4 * width
        self.shortcut = (
            nn.Identity()
            if is_plain
            else nn.Sequential(nn.Conv2d(channels_in, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
        )

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, blocks=(3, 8, 36, 3)):
        super().__init__()
        layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        channels = 64
        for stage, count in enumerate(blocks):
            width = 64 * 2**stage
            for block in range(count):
                layers.append(Bottleneck(channels, width, 2 if block == 0 and stage > 0 else 1))
                channels = 4 * width
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))

    def forward(self, images):
        return self.layers(images)


class Layer(nn.Module):
    """One transformer layer, normalised first."""

    def __init__(self, width, heads, is_causal):
        super().__init__()
        self.heads = heads
        self.is_causal = is_causal
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_feed = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, length, width = x.shape
        qkv = self.qkv(self.norm_attention(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=self.is_causal)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.feed(self.norm_feed(x))


class Transformer(nn.Module):
    """Token ids to logits over the vocabulary (a decoder) or to two classes (an encoder)."""

    def __init__(self, layers, width, heads, length, is_causal, vocabulary=VOCABULARY):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.layers = nn.Sequential(*(Layer(width, heads, is_causal) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary if is_causal else 2, bias=False)
        if is_causal:
            self.head.weight = self.tokens.weight

    def forward(self, ids):
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.norm(self.layers(self.tokens(ids) + self.positions(places))))


# Name -> how it is made, and how long its sequences are (0: it takes images).
SHAPES = {
    "resnet152": (lambda: ResNet(), 0),
    "bert-large": (lambda: Transformer(24, 1024, 16, 512, is_causal=False, vocabulary=30522), 128),
    "gpt2-medium": (lambda: Transformer(24, 1024, 16, 1024, is_causal=True), 512),
    "gpt2-large": (lambda: Transformer(36, 1280, 20, 1024, is_causal=True), 128),
    "decoder-1b": (lambda: Transformer(24, 2048, 16, 2048, is_causal=True), 128),
    # For tests on a CPU.
    "tiny": (lambda: Transformer(2, 32, 2, 16, is_causal=True, vocabulary=64), 16),
}


def make_model(name, device):
    with torch.device(device):
        return SHAPES[name][0]()


def make_batch(name, batch, device, seed=0):
    generator = torch.Generator().manual_seed(seed)
    length = SHAPES[name][1]
    if length == 0:
        return torch.randn(batch, 3, 224, 224, generator=generator).to(device)
    return torch.randint(0, 64, (batch, length), generator=generator).to(device)
