"""Modules that several tests use."""

import numpy as np

import dualrev as dr
from dualrev import nn


class Net(nn.Module):
    """Parameters of its own, children, and containers of both."""

    def __init__(self, rng=0):
        rng = np.random.default_rng(rng)
        self.hidden = nn.Linear(3, 4, rng=rng)
        self.blocks = [nn.Linear(4, 4, rng=rng), (nn.Linear(4, 2, rng=rng), nn.ReLU())]
        self.scales = {"in": nn.Parameter([1.0, 2.0, 3.0]), "out": nn.Parameter(0.5)}
        self.register_buffer("count", np.array(0))
        self.register_buffer("scratch", np.zeros(2), persistent=False)
        self.title = "net"

    def forward(self, x):
        if self.training:
            self.count = self.count + 1
        x = np.tanh(self.hidden(x * self.scales["in"]))
        linear, relu = self.blocks[1]
        return self.scales["out"] * relu(linear(np.tanh(self.blocks[0](x))))


NAMES = """scales.in scales.out hidden.weight hidden.bias blocks.0.weight blocks.0.bias
    blocks.1.0.weight blocks.1.0.bias""".split()


class Tied(nn.Module):
    def __init__(self):
        self.encoder = nn.Linear(3, 3, rng=0)
        self.decoder = nn.Linear(3, 3, rng=1)
        self.decoder.weight = self.encoder.weight
        self.again = self.encoder

    def forward(self, x):
        return self.decoder(np.tanh(self.encoder(x)))


class Mean(nn.Module):
    """A running mean, as in batch normalisation."""

    def __init__(self, n):
        self.register_buffer("mean", np.zeros(n))

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * dr.value(np.mean(x, axis=0))
        return x - self.mean


def same_states(a, b):
    a, b = a.state_dict(), b.state_dict()
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name])
