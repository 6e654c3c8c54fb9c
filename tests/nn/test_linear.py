"""Linear, Bilinear, Identity, Flatten, Embedding, Sequential."""

from collections import OrderedDict

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare

RNG = np.random.default_rng(5)
TOKENS = np.array([[0, 3, 2], [2, 2, 4]])


# -- against PyTorch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
def test_linear_against_torch(shape, bias):
    compare(nn.Linear(3, 4, bias, rng=0), lambda t: t.nn.Linear(3, 4, bias), RNG.normal(size=shape))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(), (5,), (2, 5)])
def test_bilinear_against_torch(batch, bias):
    compare(
        nn.Bilinear(2, 3, 4, bias, rng=0),
        lambda t: t.nn.Bilinear(2, 3, 4, bias),
        RNG.normal(size=(*batch, 2)),
        RNG.normal(size=(*batch, 3)),
    )


@pytest.mark.parametrize("padding_idx", [None, 2, -1])
@pytest.mark.parametrize("indices", [TOKENS, TOKENS[0], np.array(2), np.zeros((0,), int)])
def test_embedding_against_torch(indices, padding_idx):
    compare(
        nn.Embedding(5, 3, padding_idx, rng=0),
        lambda t: t.nn.Embedding(5, 3, padding_idx),
        indices,
    )


@pytest.mark.parametrize("axes", [(1, -1), (0, -1), (1, 2), (-2, -1), (2, 2)])
def test_flatten_against_torch(axes):
    compare(nn.Flatten(*axes), lambda t: t.nn.Flatten(*axes), RNG.normal(size=(2, 3, 4, 5)))


def test_network_against_torch():
    ours = nn.Sequential(
        nn.Flatten(), nn.Linear(6, 5, rng=0), nn.GELU(), nn.Identity(), nn.Linear(5, 2, rng=1)
    )
    compare(
        ours,
        lambda t: t.nn.Sequential(
            t.nn.Flatten(), t.nn.Linear(6, 5), t.nn.GELU(), t.nn.Identity(), t.nn.Linear(5, 2)
        ),
        RNG.normal(size=(4, 2, 3)),
    )


# -- initial values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "bound"),
    [
        (lambda rng: nn.Linear(16, 400, rng=rng), 0.25),
        (lambda rng: nn.Bilinear(16, 20, 40, rng=rng), 0.25),
    ],
)
def test_initial_values_are_uniform(layer, bound):
    """As PyTorch's: uniform in ±1/√fan_in, weights and biases."""
    a = layer(3)
    for p in a.parameters():
        values = p.data.ravel()
        assert abs(values).max() < bound
        # Mean and variance of n uniform numbers: 5 standard errors of each.
        n = values.size
        assert abs(values.mean()) < 5 * bound / np.sqrt(3 * n)
        assert abs(values.var() - bound**2 / 3) < 5 * bound**2 * np.sqrt(4 / 45 / n)


@pytest.mark.parametrize(
    "make",
    [
        lambda **kw: nn.Linear(3, 4, **kw),
        lambda **kw: nn.Bilinear(2, 3, 4, **kw),
        lambda **kw: nn.Embedding(5, 3, **kw),
    ],
)
def test_seeds_and_dtypes(make):
    a, b = make(rng=1), make(rng=np.random.default_rng(1))
    for name, w in a.weights().items():
        np.testing.assert_array_equal(w, b.weights()[name])
        assert w.dtype == np.float64
        assert not np.array_equal(w, make(rng=2).weights()[name])
        assert not np.array_equal(w, make().weights()[name])
    assert all(p.dtype == np.float32 for p in make(dtype=np.float32).parameters())


def test_padding_starts_at_zero_and_stays():
    layer = nn.Embedding(5, 3, padding_idx=-3, rng=0)
    assert layer.padding_idx == 2
    assert not layer.weight.data[2].any()
    np.sum(layer(TOKENS)).backward()
    np.testing.assert_array_equal(layer.weight.grad[:, 0], [1, 0, 0, 1, 1])


def test_lanes_of_indices():
    layer = nn.Embedding(5, 3, padding_idx=2, rng=0)
    w = layer.weights()
    f = lambda w, k: np.sum(nn.functional_call(layer, w, k) ** 2)
    lanes = dr.vmap(dr.grad(f), in_axes=(None, 0))(w, TOKENS)["weight"]
    for lane, k in zip(lanes, TOKENS, strict=True):
        np.testing.assert_array_equal(lane, dr.grad(f)(w, k)["weight"])
    plain = dr.vmap(lambda k: nn.functional_call(layer, w, k))(TOKENS)
    np.testing.assert_array_equal(plain, w["weight"][TOKENS])


def test_single_precision():
    layer = nn.Linear(3, 2, rng=0, dtype=np.float32)
    y = layer(np.ones((4, 3), np.float32))
    assert y.dtype == np.float32
    np.sum(y).backward()
    assert layer.weight.grad.dtype == np.float32


# -- Sequential --------------------------------------------------------------------------------------------------------


def test_sequential_as_a_list():
    layers = [nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1)]
    net = nn.Sequential(*layers)
    assert len(net) == 3
    assert list(net) == layers
    assert net[0] is layers[0]
    assert net[-1] is layers[2]
    assert net[1:][0] is layers[1]
    assert list(net[:2].named_parameters()) == ["0.weight", "0.bias"]
    net[1] = nn.ReLU()
    assert repr(net[1]) == "ReLU()"
    assert net.append(np.squeeze) is net
    assert repr(net[3]) == "Function(squeeze)"
    assert net(np.ones((5, 2))).shape == (5,)
    with pytest.raises(IndexError, match="4 layers, and none at 4"):
        net[4]


def test_sequential_with_names():
    net = nn.Sequential(OrderedDict(a=nn.Linear(2, 3, rng=0), b=np.tanh), c=nn.Linear(3, 1, rng=1))
    assert list(net.named_parameters()) == ["a.weight", "a.bias", "c.weight", "c.bias"]
    assert net["c"] is net.c is net[2]
    with pytest.raises(KeyError, match="it has a, b, c"):
        net["d"]


def test_sequential_passes_arguments_to_the_first():
    net = nn.Sequential(nn.Bilinear(2, 3, 4, rng=0), nn.Tanh())
    assert net(np.ones((5, 2)), np.ones((5, 3))).shape == (5, 4)
    assert nn.Sequential()(1.0) == 1.0


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Linear(3, 4)(np.ones((5, 2))), ShapeError, r"\(5, 2\).*should have 3"),
        (lambda: nn.Linear(1, 4)(np.ones(5)), ShapeError, "np.newaxis"),
        (lambda: nn.Linear(1, 4)(2.0), ShapeError, r"shape \(\)"),
        (lambda: nn.Linear(0, 4), InputError, "in_features is a positive integer, not 0"),
        (lambda: nn.Linear(3, 4.0), InputError, "out_features is a positive integer, not 4.0"),
        (lambda: nn.Linear(3, 4, dtype=int), InputError, "dtype int64"),
        (
            lambda: nn.Bilinear(2, 3, 4)(np.ones((5, 2)), np.ones((1, 3))),
            ShapeError,
            "broadcast_to",
        ),
        (lambda: nn.Bilinear(2, 3, 4)(np.ones((5, 3)), np.ones((5, 3))), ShapeError, "first input"),
        (
            lambda: nn.Bilinear(2, 3, 4)(np.ones((5, 2)), np.ones((5, 2))),
            ShapeError,
            "second input",
        ),
        (lambda: nn.Embedding(5, 3)(np.array([1.0])), InputError, "astype"),
        (lambda: nn.Embedding(5, 3)(np.array([True])), InputError, "indices are integers"),
        (
            lambda: nn.Embedding(5, 3)(np.array([[1, 5]])),
            InputError,
            r"index 5 at \(0, 1\) is not in 0 .. 4",
        ),
        (lambda: nn.Embedding(5, 3)(np.array([-1])), InputError, "index -1"),
        (lambda: nn.Embedding(5, 3, padding_idx=5), InputError, "padding_idx 5 is no row of 5"),
        (lambda: nn.Flatten(2)(np.ones((2, 3))), ShapeError, "no axes 2 to -1"),
        (
            lambda: nn.Sequential(nn.ReLU, nn.Linear(1, 1)),
            InputError,
            "'0' is ReLU.*make an instance",
        ),
        (lambda: nn.Sequential(np.ones(3)), InputError, "no module or function"),
        (lambda: nn.Sequential({"a.b": nn.ReLU()}), InputError, "'a.b' cannot be the name"),
        (lambda: nn.Sequential(forward=nn.ReLU()), InputError, "'forward' cannot be the name"),
        (lambda: nn.Sequential()(1.0, 2.0), InputError, "without layers"),
        (lambda: nn.Sequential(nn.ReLU()).__setitem__(0, 1.0), InputError, "no module or function"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
