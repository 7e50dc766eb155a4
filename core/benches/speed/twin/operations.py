"""Single operations at the shapes that models use."""

import torch
import torch.nn.functional as F
from torch import nn

from attention import attend


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


def depthwise(stride, both=False):
    x = torch.randn(16, 128, 32, 32, requires_grad=both)
    weight = torch.randn(128, 1, 3, 3, requires_grad=both)

    def work():
        x.grad = weight.grad = None
        return F.conv2d(x, weight, None, stride, 1, groups=128)

    return backward(work) if both else no_grad(work)


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


def backward(work):
    def run():
        work().sum().backward()

    return run


def attention(shape, heads, causal=False):
    q, k, v = torch.randn(*shape), torch.randn(*shape), torch.randn(*shape)
    return no_grad(lambda: attend(q, k, v, heads, is_causal=causal))


def attention_both():
    x = torch.randn(16, 256, 128, requires_grad=True)

    def work():
        x.grad = None
        return attend(x, x, x, 4)

    return backward(work)


def nearest_both():
    x = torch.randn(16, 128, 16, 16, requires_grad=True)

    def work():
        x.grad = None
        return F.interpolate(x, scale_factor=2, mode="nearest")

    return backward(work)


def fir():
    taps = torch.tensor([0.25, 0.75, 0.75, 0.25])
    weight = torch.outer(taps, taps).expand(128, 1, 4, 4).contiguous()
    return with_tensor(
        lambda x: F.conv_transpose2d(x, weight, stride=2, padding=1, groups=128), 16, 128, 16, 16
    )


def adamw():
    weights = torch.randn(10_000_000, requires_grad=True)
    weights.grad = torch.randn(10_000_000)
    return torch.optim.AdamW([weights], 1e-3, fused=True).step


CASES = {
    "probe-matmul": lambda: product(1024, 1024, 1024),
    "probe-read": lambda: with_tensor(lambda x: x.sum(), 1 << 26),
    "matmul-4096": lambda: product(4096, 4096, 4096),
    "matmul-128x768x768": lambda: product(128, 768, 768),
    "matmul-1x50257x768": lambda: product(1, 50257, 768),
    "depthwise-128-at-32-y": lambda: depthwise(1),
    "depthwise-128-at-32-both": lambda: depthwise(1, both=True),
    "depthwise-stride-2-y": lambda: depthwise(2),
    "depthwise-stride-2-both": lambda: depthwise(2, both=True),
    "group-norm-silu-both": group_norm_silu,
    "softmax-12288x1024": lambda: with_tensor(lambda x: F.softmax(x, -1), 12288, 1024),
    "layer-norm-4096x768": layer_norm,
    "rms-norm-4096x768": lambda: with_tensor(
        lambda x, norm=nn.RMSNorm(768, 1e-6): norm(x), 4096, 768
    ),
    "attention-1024": lambda: attention((1, 1024, 640), 10),
    "attention-causal-1024": lambda: attention((1, 1024, 768), 12, causal=True),
    "attention-256-both": attention_both,
    "nearest-twice-both": nearest_both,
    "bilinear-twice": lambda: with_tensor(
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), 16, 128, 16, 16
    ),
    "fir-twice": fir,
    "tanh-16m": lambda: elementwise(torch.tanh),
    "sigmoid-16m": lambda: elementwise(torch.sigmoid),
    "silu-16m": lambda: elementwise(F.silu),
    "gelu-16m": lambda: elementwise(lambda x: F.gelu(x, approximate="tanh")),
    "gelu-erf-16m": lambda: elementwise(F.gelu),
    "geglu-4096x5120": lambda: with_tensor(
        lambda x: x[:, :2560] * F.gelu(x[:, 2560:]), 4096, 5120
    ),
    "sum-axis-0-4096": lambda: with_tensor(lambda x: x.sum(0), 4096, 4096),
    "bias-gradient": lambda: with_tensor(lambda x: x.sum((0, 2, 3)), 64, 256, 32, 32),
    "adamw-10m": adamw,
}
for part in ["y", "dx", "dw"]:
    CASES |= {
        f"conv-64-128-at-32-{part}": lambda p=part: convolution(p, 16, 64, 128, 32, 3, 1, 1),
        f"conv-320-at-64-{part}": lambda p=part: convolution(p, 1, 320, 320, 64, 3, 1, 1),
        f"conv-stride-2-{part}": lambda p=part: convolution(p, 64, 64, 128, 32, 4, 2, 1),
        f"conv-transpose-256-128-at-8-{part}": lambda p=part: transposed(p, 64, 256, 128, 8),
        f"conv-transpose-64-3-at-32-{part}": lambda p=part: transposed(p, 64, 64, 3, 32),
    }
