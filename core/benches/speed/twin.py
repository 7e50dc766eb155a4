"""PyTorch's side of `just bench --against-pytorch`: the same work under the same names.

A line on standard input, `NAME SECONDS`, asks for a block of runs of one case that takes at least
so long; a line of JSON on standard output answers with the milliseconds of each run and the
processor seconds of the block. The first line out says which PyTorch this is.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
torch.manual_seed(0)


def no_grad(work):
    def run():
        with torch.inference_mode():
            work()

    return run


def product(rows, outputs, inputs):
    x, weight = torch.randn(rows, inputs), torch.randn(outputs, inputs)
    return no_grad(lambda: F.linear(x, weight))


def convolution(part, batch, inputs, outputs, size, kernel, stride, padding):
    x = torch.randn(batch, inputs, size, size)
    weight = torch.randn(outputs, inputs, kernel, kernel)
    if part == "y":
        return no_grad(lambda: F.conv2d(x, weight, None, stride, padding))
    gradient = torch.ones_like(F.conv2d(x, weight, None, stride, padding))
    mask = [part == "dx", part == "dw", False]
    return no_grad(
        lambda: torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask
        )
    )


def transposed(part, batch, inputs, outputs, size):
    x = torch.randn(batch, inputs, size, size)
    weight = torch.randn(inputs, outputs, 4, 4)
    if part == "y":
        return no_grad(lambda: F.conv_transpose2d(x, weight, None, 2, 1))
    gradient = torch.ones(batch, outputs, 2 * size, 2 * size)
    mask = [part == "dx", part == "dw", False]
    return no_grad(
        lambda: torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [2, 2], [1, 1], [1, 1], True, [0, 0], 1, mask
        )
    )


def group_norm_silu():
    x = torch.randn(16, 128, 32, 32, requires_grad=True)
    norm = nn.GroupNorm(32, 128)

    def run():
        x.grad = None
        norm.zero_grad()
        F.silu(norm(x)).sum().backward()

    return run


def elementwise(function):
    x = torch.randn(1 << 24)
    return no_grad(lambda: function(x))


def with_tensor(function, *shape):
    x = torch.randn(*shape)
    return no_grad(lambda: function(x))


def layer_norm():
    x, norm = torch.randn(4096, 768), nn.LayerNorm(768)
    return no_grad(lambda: norm(x))


def adamw():
    weights = torch.randn(10_000_000, requires_grad=True)
    weights.grad = torch.randn(10_000_000)
    return torch.optim.AdamW([weights], 1e-3, fused=True).step


def training(parameters, loss):
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimizer.step()
        value.item()

    return step


def evidence_bound(y, x, mean, log_var):
    kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum()
    return ((y - x).square().sum() + kl) / x.shape[0]


def sampled(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn_like(mean)


class ConvVae(nn.Module):
    def __init__(self, size, channels, widths, latent):
        super().__init__()
        first, second, third = widths
        self.coarse = size // 8
        self.third = third
        features = third * self.coarse**2
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, first, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(first, second, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(second, third, 4, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.mean = nn.Linear(features, latent)
        self.log_var = nn.Linear(features, latent)
        self.widen = nn.Linear(latent, features)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(third, second, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(second, first, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(first, channels, 4, 2, 1),
        )  # fmt: skip

    def loss(self, x):
        hidden = self.encoder(x).flatten(1)
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        hidden = F.relu(self.widen(sampled(mean, log_var)))
        y = torch.sigmoid(self.decoder(hidden.view(-1, self.third, self.coarse, self.coarse)))
        return evidence_bound(y, x, mean, log_var)


def conv_vae(size, channels, widths):
    model = ConvVae(size, channels, widths, 64)
    x = torch.rand(64, channels, size, size)
    return training(model.parameters(), lambda: model.loss(x))


def mlp_vae():
    encoder = nn.Sequential(nn.Linear(140, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
    mean, log_var = nn.Linear(64, 16), nn.Linear(64, 16)
    decoder = nn.Sequential(
        nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 140)
    )
    x = torch.randn(256, 140)

    def loss():
        hidden = encoder(x)
        m, v = mean(hidden), log_var(hidden)
        return evidence_bound(decoder(sampled(m, v)), x, m, v)

    parts = [encoder, mean, log_var, decoder]
    return training([weight for part in parts for weight in part.parameters()], loss)


def gru():
    model, head = nn.GRU(24, 24, 3, batch_first=True), nn.Linear(24, 24)
    x = torch.rand(128, 24, 24)
    parameters = [*model.parameters(), *head.parameters()]
    return training(
        parameters, lambda: (torch.sigmoid(head(model(x)[0])) - x).square().mean()
    )


CASES = {
    "probe-matmul": lambda: product(1024, 1024, 1024),
    "probe-read": lambda: with_tensor(lambda x: x.sum(), 1 << 26),
    "matmul-4096": lambda: product(4096, 4096, 4096),
    "matmul-128x768x768": lambda: product(128, 768, 768),
    "matmul-1x50257x768": lambda: product(1, 50257, 768),
    "group-norm-silu-both": group_norm_silu,
    "softmax-12288x1024": lambda: with_tensor(lambda x: F.softmax(x, -1), 12288, 1024),
    "layer-norm-4096x768": layer_norm,
    "tanh-16m": lambda: elementwise(torch.tanh),
    "sigmoid-16m": lambda: elementwise(torch.sigmoid),
    "silu-16m": lambda: elementwise(F.silu),
    "gelu-16m": lambda: elementwise(lambda x: F.gelu(x, approximate="tanh")),
    "sum-axis-0-4096": lambda: with_tensor(lambda x: x.sum(0), 4096, 4096),
    "bias-gradient": lambda: with_tensor(lambda x: x.sum((0, 2, 3)), 64, 256, 32, 32),
    "adamw-10m": adamw,
    "conv-vae-32": lambda: conv_vae(32, 1, (32, 64, 128)),
    "conv-vae-64": lambda: conv_vae(64, 3, (64, 128, 256)),
    "mlp-vae": mlp_vae,
    "gru": gru,
}
for part in ["y", "dx", "dw"]:
    CASES |= {
        f"conv-64-128-at-32-{part}": lambda p=part: convolution(p, 16, 64, 128, 32, 3, 1, 1),
        f"conv-320-at-64-{part}": lambda p=part: convolution(p, 1, 320, 320, 64, 3, 1, 1),
        f"conv-stride-2-{part}": lambda p=part: convolution(p, 64, 64, 128, 32, 4, 2, 1),
        f"conv-transpose-256-128-at-8-{part}": lambda p=part: transposed(p, 64, 256, 128, 8),
        f"conv-transpose-64-3-at-32-{part}": lambda p=part: transposed(p, 64, 64, 3, 32),
    }


def block(work, seconds):
    times = []
    started, processor = time.perf_counter(), time.process_time()
    while len(times) < 3 or time.perf_counter() - started < seconds:
        before = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - before))
    return {"times": times, "cpu": time.process_time() - processor}


def main():
    print(json.dumps({"version": torch.__version__}), flush=True)
    name, work = None, None
    for line in sys.stdin:
        asked, seconds = line.split()
        if asked != name:
            # One case at a time, so that the memory of the last one is free again.
            name, work = asked, None
            work = CASES[name]()
            work()
            work()
        print(json.dumps(block(work, float(seconds))), flush=True)


main()
