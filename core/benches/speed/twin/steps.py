"""Whole training steps."""

import torch
import torch.nn.functional as F
from torch import nn

from attention import Attention


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


class CausalBlock(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.reach = 2 * dilation
        self.first = nn.Conv1d(width, width, 3, dilation=dilation)
        self.second = nn.Conv1d(width, width, 3, dilation=dilation)

    def forward(self, x):
        hidden = F.relu(self.first(F.pad(x, (self.reach, 0))))
        hidden = F.relu(self.second(F.pad(hidden, (self.reach, 0))))
        return F.relu(x + hidden)


def tcn():
    blocks = [CausalBlock(64, 2**index) for index in range(6)]
    model = nn.Sequential(nn.Conv1d(8, 64, 1), *blocks, nn.Conv1d(64, 8, 1))
    series = torch.randn(32, 8, 257)
    past, following = series[:, :, :-1].contiguous(), series[:, :, 1:].contiguous()
    return training(model.parameters(), lambda: (model(past) - following).square().mean())


class Modulated(nn.Module):
    def __init__(self, outputs, kernel):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, 128, kernel, kernel) / (128 * kernel**2) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.style = nn.Linear(128, 128)
        self.kernel = kernel

    def forward(self, x, latent):
        style = self.style(latent)
        scaled = x * style[:, :, None, None]
        if self.kernel == 1:
            return F.conv2d(scaled, self.weight, self.bias)
        y = F.conv2d(scaled, self.weight, padding=self.kernel // 2)
        power = style.square() @ self.weight.square().sum((2, 3)).t()
        y = y * torch.rsqrt(power + 1e-8)[:, :, None, None] + self.bias[None, :, None, None]
        return F.leaky_relu(y, 0.2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.mapping = nn.ModuleList([nn.Linear(128, 128) for _ in range(2)])
        self.start = nn.Parameter(torch.randn(1, 128, 4, 4))
        self.convolutions = nn.ModuleList([Modulated(128, 3) for _ in range(7)])
        self.colour = Modulated(3, 1)

    def forward(self, latent):
        for layer in self.mapping:
            latent = F.leaky_relu(layer(latent), 0.2)
        x = self.convolutions[0](self.start.expand(latent.shape[0], -1, -1, -1), latent)
        for level in range(3):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = self.convolutions[1 + 2 * level](x, latent)
            x = self.convolutions[2 + 2 * level](x, latent)
        return self.colour(x, latent)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.colour = nn.Conv2d(3, 128, 1)
        self.convolutions = nn.ModuleList([nn.Conv2d(128, 128, 3, 1, 1) for _ in range(6)])
        self.dense, self.score = nn.Linear(2048, 128), nn.Linear(128, 1)

    def forward(self, x):
        x = F.leaky_relu(self.colour(x), 0.2)
        for level in range(3):
            x = F.leaky_relu(self.convolutions[2 * level](x), 0.2)
            x = F.leaky_relu(self.convolutions[2 * level + 1](x), 0.2)
            x = F.avg_pool2d(x, 2)
        return self.score(F.leaky_relu(self.dense(x.flatten(1)), 0.2))


def style_step():
    generator, critic = Generator(), Critic()
    of_generator = torch.optim.AdamW(generator.parameters(), lr=1e-3, fused=True)
    of_critic = torch.optim.AdamW(critic.parameters(), lr=1e-3, fused=True)
    real = torch.randn(16, 3, 32, 32)

    def step():
        with torch.no_grad():
            fake = generator(torch.randn(16, 128))
        of_critic.zero_grad(set_to_none=True)
        loss = F.softplus(critic(fake)).mean() + F.softplus(-critic(real)).mean()
        loss.backward()
        of_critic.step()
        of_generator.zero_grad(set_to_none=True)
        critic.requires_grad_(False)
        F.softplus(-critic(generator(torch.randn(16, 128)))).mean().backward()
        of_generator.step()
        critic.requires_grad_(True)

    return step


class TimedBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(32, inputs), nn.GroupNorm(32, outputs)])
        self.first = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.time = nn.Linear(256, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, time):
        hidden = self.first(F.silu(self.norms[0](x))) + self.time(time)[:, :, None, None]
        return self.skip(x) + self.second(F.silu(self.norms[1](hidden)))


class PlaceAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(32, channels)
        self.own = Attention(channels, channels, 4, channels // 4)

    def forward(self, x):
        rows = self.norm(x).flatten(2).transpose(1, 2)
        return x + self.own(rows, rows).transpose(1, 2).reshape(x.shape)


class DenoisingNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU())
        self.enter = nn.Conv2d(3, 64, 3, 1, 1)
        self.fine = TimedBlock(64, 64)
        self.down = nn.ModuleList([nn.Conv2d(64, 64, 3, 2, 1), nn.Conv2d(128, 128, 3, 2, 1)])
        self.middle, self.middle_attention = TimedBlock(64, 128), PlaceAttention(128)
        self.coarse, self.coarse_attention = TimedBlock(128, 128), PlaceAttention(128)
        self.up = nn.ModuleList([nn.Conv2d(128, 128, 3, 1, 1) for _ in range(2)])
        self.up_middle, self.up_fine = TimedBlock(256, 128), TimedBlock(192, 64)
        self.leave = nn.Sequential(nn.GroupNorm(32, 64), nn.SiLU(), nn.Conv2d(64, 3, 3, 1, 1))

    def forward(self, x, waves):
        time = self.time(waves)
        fine = self.fine(self.enter(x), time)
        middle = self.middle_attention(self.middle(self.down[0](fine), time))
        coarse = self.coarse_attention(self.coarse(self.down[1](middle), time))
        x = self.up[0](F.interpolate(coarse, scale_factor=2, mode="nearest"))
        x = self.up_middle(torch.cat([x, middle], 1), time)
        x = self.up[1](F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.leave(self.up_fine(torch.cat([x, fine], 1), time))


def diffusion_step():
    model, noisy = DenoisingNetwork(), torch.randn(16, 3, 32, 32)
    angles = torch.arange(0, 16 * 61, 61)[:, None] * 10_000 ** (-torch.arange(32) / 32)
    waves = torch.cat([angles.sin(), angles.cos()], 1)

    def loss():
        return (model(noisy, waves) - torch.randn(16, 3, 32, 32)).square().mean()

    return training(model.parameters(), loss)


CASES = {
    "conv-vae-32": lambda: conv_vae(32, 1, (32, 64, 128)),
    "conv-vae-64": lambda: conv_vae(64, 3, (64, 128, 256)),
    "mlp-vae": mlp_vae,
    "gru": gru,
    "tcn": tcn,
    "stylegan2-32": style_step,
    "diffusion-unet-32": diffusion_step,
}
