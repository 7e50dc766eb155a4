"""What pretrained models do without gradients, at their published sizes."""

import torch
import torch.nn.functional as F
from torch import nn

from attention import Attention, attend


class Gpt2Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attend, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, cache):
        q, k, v = self.attend(self.norms[0](x)).chunk(3, 2)
        if cache is not None:
            k, v = torch.cat([cache[0], k], 1), torch.cat([cache[1], v], 1)
        x = x + self.project(attend(q, k, v, self.heads, is_causal=cache is None))
        hidden = F.gelu(self.widen(self.norms[1](x)), approximate="tanh")
        return x + self.narrow(hidden), (k, v)


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(50257, 768), nn.Embedding(1024, 768)
        self.layers = nn.ModuleList([Gpt2Layer(768, 12) for _ in range(12)])
        self.norm = nn.LayerNorm(768)

    def forward(self, ids, cache=None):
        before = 0 if cache is None else cache[0][0].shape[1]
        x = self.words(ids) + self.places(torch.arange(before, before + ids.shape[1]))
        kept = []
        for index, layer in enumerate(self.layers):
            x, both = layer(x, None if cache is None else cache[index])
            kept.append(both)
        return F.linear(self.norm(x[:, -1]), self.words.weight), kept


def no_grad(work):
    def run():
        with torch.inference_mode():
            work()

    return run


def prefill():
    model, ids = Gpt2().eval(), torch.arange(2, 130)[None]
    return no_grad(lambda: model(ids))


def decode():
    model, ids = Gpt2().eval(), torch.arange(2, 130)[None]
    with torch.inference_mode():
        _, cache = model(ids)
    following = torch.tensor([[5]])
    return no_grad(lambda: model(following, cache))


class T5Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.RMSNorm(width, 1e-6), nn.RMSNorm(width, 1e-6)])
        self.projections = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(4)])
        self.widen = nn.Linear(width, 4 * width, bias=False)
        self.narrow = nn.Linear(4 * width, width, bias=False)

    def forward(self, x, bias):
        normed = self.norms[0](x)
        q, k, v = (projection(normed) for projection in self.projections[:3])
        x = x + self.projections[3](attend(q, k, v, self.heads, attn_mask=bias, scale=1.0))
        return x + self.narrow(F.relu(self.widen(self.norms[1](x))))


class T5Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.distances = nn.Embedding(32128, 512), nn.Embedding(32, 8)
        self.layers = nn.ModuleList([T5Layer(512, 8) for _ in range(6)])
        self.norm = nn.RMSNorm(512, 1e-6)

    def forward(self, ids):
        places = torch.arange(ids.shape[1])
        apart = places[None] - places[:, None]
        far = 8 + (apart.abs().clamp(min=1) / 8).log() / torch.log(torch.tensor(16.0)) * 8
        size = torch.where(apart.abs() < 8, apart.abs(), far.long().clamp(max=15))
        bias = self.distances(size + 16 * (apart > 0)).permute(2, 0, 1)[None]
        x = self.words(ids)
        for layer in self.layers:
            x = layer(x, bias)
        return self.norm(x)


def t5_encode():
    model, ids = T5Encoder().eval(), torch.arange(2, 66)[None]
    return no_grad(lambda: model(ids))


class ResnetBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(32, 640, 1e-6) for _ in range(2)])
        self.convolutions = nn.ModuleList([nn.Conv2d(640, 640, 3, 1, 1) for _ in range(2)])
        self.time = nn.Linear(1280, 640)

    def forward(self, x, time):
        hidden = self.convolutions[0](F.silu(self.norms[0](x)))
        hidden = hidden + self.time(F.silu(time))[:, :, None, None]
        return x + self.convolutions[1](F.silu(self.norms[1](hidden)))


def resnet_block():
    block, x, time = ResnetBlock().eval(), torch.randn(1, 640, 32, 32), torch.randn(1, 1280)
    return no_grad(lambda: block(x, time))


class TransformerBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.enter = nn.GroupNorm(32, 640, 1e-6), nn.Linear(640, 640)
        self.norms = nn.ModuleList([nn.LayerNorm(640) for _ in range(3)])
        self.own, self.cross = Attention(640, 640, 10, 64), Attention(640, 2048, 10, 64)
        self.widen, self.narrow = nn.Linear(640, 2 * 2560), nn.Linear(2560, 640)
        self.leave = nn.Linear(640, 640)

    def forward(self, x, words):
        rows = self.enter(self.norm(x).flatten(2).transpose(1, 2))
        normed = self.norms[0](rows)
        rows = rows + self.own(normed, normed)
        rows = rows + self.cross(self.norms[1](rows), words)
        values, gate = self.widen(self.norms[2](rows)).chunk(2, 2)
        rows = rows + self.narrow(values * F.gelu(gate))
        return x + self.leave(rows).transpose(1, 2).reshape(x.shape)


def transformer_block():
    block, x, words = TransformerBlock().eval(), torch.randn(1, 640, 32, 32), torch.randn(1, 77, 2048)
    return no_grad(lambda: block(x, words))


CASES = {
    "gpt2-prefill-128": prefill,
    "gpt2-decode": decode,
    "t5-small-encode-64": t5_encode,
    "sdxl-resnet-640": resnet_block,
    "sdxl-cross-attention-640": transformer_block,
}
