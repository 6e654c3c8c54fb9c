"""Initialisers: moments and bounds of what is drawn, fans, orthogonality, PyTorch's gains and fans."""

import math

import numpy as np
import pytest
from scipy import stats

from dualrev.errors import InputError
from dualrev.nn import initialisers
from tests.nn.against_torch import torch_or_skip

SHAPE = (80, 50, 3)
FAN_IN, FAN_OUT = 150, 240
# Name, options, and the distribution that is meant.
DISTRIBUTIONS = [
    ("uniform", {}, stats.uniform(0, 1)),
    ("uniform", {"low": -2.0, "high": 3.0}, stats.uniform(-2, 5)),
    ("normal", {}, stats.norm()),
    ("normal", {"mean": 1.0, "std": 0.1}, stats.norm(1.0, 0.1)),
    ("truncated_normal", {}, stats.truncnorm(-2, 2)),
    ("truncated_normal", {"mean": 3.0, "std": 0.5, "bound": 1.0}, stats.truncnorm(-1, 1, 3.0, 0.5)),
    ("glorot_uniform", {}, stats.uniform(-math.sqrt(6 / 390), 2 * math.sqrt(6 / 390))),
    ("glorot_normal", {}, stats.norm(0, math.sqrt(2 / 390))),
    ("glorot_normal", {"gain": 3.0}, stats.norm(0, 3 * math.sqrt(2 / 390))),
    ("he_uniform", {}, stats.uniform(-math.sqrt(6 / 150), 2 * math.sqrt(6 / 150))),
    ("he_normal", {}, stats.norm(0, math.sqrt(2 / 150))),
    ("he_normal", {"gain": 1.0}, stats.norm(0, math.sqrt(1 / 150))),
    ("lecun_normal", {}, stats.norm(0, math.sqrt(1 / 150))),
    ("torch_uniform", {"fan_in": 150}, stats.uniform(-math.sqrt(1 / 150), 2 * math.sqrt(1 / 150))),
]


@pytest.mark.parametrize(
    ("name", "options", "distribution"),
    DISTRIBUTIONS,
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_distribution(name, options, distribution):
    """Kolmogorov and Smirnov's distance of 12 000 draws: below 1.95/√n with probability 0.999; seeds are fixed."""
    draws = getattr(initialisers, name)(SHAPE, 7, **options)
    assert draws.shape == SHAPE
    assert draws.dtype == np.float64
    flat = draws.ravel()
    assert stats.kstest(flat, distribution.cdf).statistic < 1.95 / math.sqrt(flat.size)
    low, high = distribution.support()
    assert (flat >= low).all()
    assert (flat <= high).all()


@pytest.mark.parametrize("name", sorted({name for name, _, _ in DISTRIBUTIONS} | {"orthogonal"}))
def test_seeds(name):
    options = {"fan_in": 4} if name == "torch_uniform" else {}
    draw = lambda rng: getattr(initialisers, name)((4, 3), rng, **options)
    np.testing.assert_array_equal(draw(3), draw(np.random.default_rng(3)))
    assert not np.array_equal(draw(3), draw(4))
    assert not np.array_equal(draw(None), draw(None))
    rng = np.random.default_rng(0)
    assert not np.array_equal(draw(rng), draw(rng))


def test_constants():
    np.testing.assert_array_equal(initialisers.zeros((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initialisers.ones((2,)), np.ones(2))
    np.testing.assert_array_equal(initialisers.constant((2, 1), value=3), [[3.0], [3.0]])


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (5, 2, 3), (8, 3, 2)])
def test_orthogonal(shape):
    w = initialisers.orthogonal(shape, 0, gain=2.0)
    assert w.shape == shape
    m = w.reshape(shape[0], -1)
    gram = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
    np.testing.assert_allclose(gram, 4.0 * np.eye(len(gram)), atol=1e-13)


def test_orthogonal_is_uniform():
    """Without Mezzadri's signs the diagonal would have one sign; Haar's first entry is symmetric."""
    rng = np.random.default_rng(0)
    signs = np.sign([initialisers.orthogonal((3, 3), rng)[k % 3, k % 3] for k in range(400)])
    assert abs(signs.mean()) < 5 / math.sqrt(400)


def test_variance_is_kept():
    """What he_normal is for: the second moment of a wide relu network neither grows nor dies."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 256))
    for _ in range(8):
        x = np.maximum(x @ initialisers.he_normal((256, 256), rng).T, 0.0)
    # Eight layers of width 256: relative fluctuations of √(5/256) each, of the mean square.
    assert 0.25 < np.mean(x**2) < 4.0


def test_fans_and_gains_are_those_of_torch():
    torch = torch_or_skip()
    for shape in [(4, 3), (4, 3, 5), (2, 6, 3, 3)]:
        theirs = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
        assert initialisers.fans(shape) == theirs
    for name in ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert initialisers.gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert initialisers.gain("leaky_relu", 0.3) == pytest.approx(
        torch.nn.init.calculate_gain("leaky_relu", 0.3)
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: initialisers.fans((3,)), "fewer than two axes"),
        (lambda: initialisers.glorot_uniform((3,)), "fewer than two axes"),
        (lambda: initialisers.he_normal(()), "fewer than two axes"),
        (lambda: initialisers.orthogonal((3,)), "fewer than two axes"),
        (lambda: initialisers.gain("swish"), "none of linear"),
    ],
)
def test_errors(call, words):
    with pytest.raises(InputError, match=words):
        call()
