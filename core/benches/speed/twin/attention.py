"""Attention between linear maps, with PyTorch's own fused operation."""

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, context, heads, size):
        super().__init__()
        self.heads = heads
        self.queries = nn.Linear(width, heads * size, bias=False)
        self.keys = nn.Linear(context, heads * size, bias=False)
        self.values = nn.Linear(context, heads * size, bias=False)
        self.out = nn.Linear(heads * size, width)

    def forward(self, x, context):
        q, k, v = self.queries(x), self.keys(context), self.values(context)
        return self.out(attend(q, k, v, self.heads))


def attend(q, k, v, heads, **options):
    q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, **options).transpose(1, 2).flatten(2)
