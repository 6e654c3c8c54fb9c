"""Clipping without PyTorch: norms that do not overflow, containers, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualrev as dr
from dualrev.errors import InputError, NonFiniteError
from dualrev.nn import optim

vectors = hnp.arrays(np.float64, st.integers(1, 6), elements=st.floats(-1e150, 1e150))
orders = st.sampled_from([1.0, 1.5, 2.0, 3.0, math.inf])


@given(vectors, vectors, orders, st.floats(1e-3, 1e3))
def test_clipped_gradients(a, b, order, max_norm):
    """Never longer than asked, of the same direction, and as they were where they are short enough."""
    tree = {"a": a, "b": [b]}
    before = optim.global_norm(tree, order)
    clipped = optim.clip_norm(tree, max_norm, order, eps=0.0)
    after = optim.global_norm(clipped, order)
    if before <= max_norm:
        assert np.array_equal(clipped["a"], a)
        assert np.array_equal(clipped["b"][0], b)
        return
    # Entries that become subnormal lose digits, but not length.
    assert math.isclose(after, max_norm, rel_tol=1e-12)
    both, short = np.concatenate([a, b]), np.concatenate([clipped["a"], clipped["b"][0]])
    np.testing.assert_allclose(short, both * (max_norm / before), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_norm_of_very_large_and_small_gradients(order, scale):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 2)), rng.normal(size=4)
    expected = np.linalg.norm(np.concatenate([a.ravel(), b]), order) * scale
    found = optim.global_norm([a * scale, b * scale], order)
    assert type(found) is float
    assert math.isclose(found, expected, rel_tol=1e-13)


def test_norm_in_single_precision():
    """Squares would overflow in single precision at 2e19."""
    g = np.full(3, 1e30, np.float32)
    assert math.isclose(optim.global_norm(g), math.sqrt(3) * float(np.float32(1e30)), rel_tol=1e-7)
    clipped = optim.clip_norm(g, 1.0)
    assert clipped.dtype == np.float32
    np.testing.assert_allclose(clipped, 1 / math.sqrt(3), rtol=1e-6)


def test_at_the_limit():
    """As PyTorch, by a factor slightly below 1 from max_norm - eps on; exactly, with eps=0."""
    g = np.array([3.0, 4.0])
    assert np.array_equal(optim.clip_norm(g, 5.0), g * (5 / (5 + 1e-6)))
    assert np.array_equal(optim.clip_norm(g, 5.0, eps=0.0), g)
    assert np.array_equal(optim.clip_norm(g, 5.0 + 2e-6), g)


def test_nothing_to_clip():
    assert optim.global_norm([np.zeros(3), 0.0]) == 0.0
    assert optim.global_norm([]) == 0.0
    assert optim.global_norm(np.zeros((0, 2))) == 0.0
    assert optim.global_norm([np.zeros(0), np.ones(1)], math.inf) == 1.0
    zeros = optim.clip_norm([np.zeros(3)], 0.0)
    assert np.array_equal(zeros[0], np.zeros(3))


def test_complex_gradients():
    z = np.array([3 + 4j, 0])
    assert optim.global_norm(z) == 5.0
    assert np.allclose(optim.clip_norm(z, 1.0, eps=0.0), [0.6 + 0.8j, 0], rtol=1e-15)
    assert np.array_equal(optim.clip_value(z, 3.5), [3 + 3.5j, 0])
    assert optim.clip_norm(z.astype(np.complex64), 1.0).dtype == np.complex64


def test_containers_keep_structure_and_types():
    tree = {"a": 3.0, "b": (np.float32(4.0), np.zeros((2, 0)))}
    for clipped in (optim.clip_norm(tree, 1.0), optim.clip_value(tree, 1.0)):
        assert type(clipped["a"]) is float
        assert type(clipped["b"][0]) is np.float32
        assert clipped["b"][1].shape == (2, 0)
    assert tree["a"] == 3.0


def test_gradients_of_clipped_gradients():
    """Clipping is differentiable, for those who differentiate through training."""
    dr.check_derivatives(lambda g: np.sum(optim.clip_norm(g, 1.0) ** 3), np.array([1.0, -2.0, 3.0]))
    dr.check_derivatives(lambda g: optim.global_norm(g, 3.0), np.array([1.0, -2.0, 3.0]))
    dr.check_derivatives(
        lambda g: np.sum(optim.clip_value(g, 1.5) ** 2), np.array([1.0, -2.0, 3.0])
    )
    # The norm of a clipped gradient is constant.
    constant = lambda g: np.sum(optim.clip_norm(g, 1.0, eps=0.0) ** 2)
    assert np.max(np.abs(dr.grad(constant)(np.array([1.0, -2.0, 3.0])))) < 1e-15


def with_gradients(*gradients):
    out = {}
    for k, g in enumerate(gradients):
        p = out[f"p{k}"] = dr.variable(np.zeros(np.shape(g)))
        if g is not None:
            p.grad = np.array(g, float)
    return out


def test_gradients_of_variables():
    named = with_gradients([3.0, 0.0], None, 4.0)
    held = named["p0"].grad
    assert optim.clip_grad_norm(named, 1.0, eps=0.0) == 5.0
    assert np.allclose(named["p0"].grad, [0.6, 0.0], rtol=1e-15)
    assert named["p1"].grad is None
    assert np.isclose(named["p2"].grad, 0.8, rtol=1e-15)
    # Replaced, not written into.
    assert np.array_equal(held, [3.0, 0.0])
    optim.clip_grad_value(named, 0.5)
    assert np.array_equal(named["p0"].grad, [0.5, 0.0])
    assert optim.clip_grad_norm(named["p0"], 10.0) == 0.5
    assert np.array_equal(named["p0"].grad, [0.5, 0.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad):
    tree = {"a": np.ones(2), "b": np.array([0.0, bad])}
    with pytest.raises(NonFiniteError, match=r"(?s)clip_norm.*gradients\['b'\]: 1 of 2 entries"):
        optim.clip_norm(tree, 1.0)
    with pytest.raises(NonFiniteError, match="global_norm"):
        optim.global_norm(tree)
    named = with_gradients([3.0, bad], 4.0)
    with pytest.raises(NonFiniteError, match=r"(?s)clip_grad_norm.*p0: 1 of 2"):
        optim.clip_grad_norm(named, 1.0)
    assert named["p1"].grad == 4.0
    if np.isnan(bad):
        with pytest.raises(NonFiniteError, match=r"(?s)clip_value.*gradients\['b'\]"):
            optim.clip_value(tree, 1.0)
        with pytest.raises(NonFiniteError, match=r"(?s)clip_grad_value.*p0"):
            optim.clip_grad_value(named, 1.0)
    else:
        assert optim.clip_value(tree, 1.0)["b"][1] == 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optim.clip_norm(np.ones(2), -1.0), "max_norm=-1.0"),
        (lambda: optim.clip_norm(np.ones(2), np.nan), "max_norm=nan"),
        (lambda: optim.clip_norm(np.ones(2), 1.0, 0.5), "order=0.5"),
        (lambda: optim.clip_norm(np.ones(2), 1.0, eps=-1.0), "eps=-1.0"),
        (lambda: optim.clip_value(np.ones(2), -1.0), "limit=-1.0"),
        (lambda: optim.global_norm(np.ones(2), np.nan), "order=nan"),
    ],
)
def test_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_forgotten_backward(clip):
    with pytest.raises(InputError, match="none of the 1 parameters has a gradient"):
        clip([dr.variable(1.0)], 1.0)
    with pytest.raises(InputError, match="there are no parameters"):
        clip([], 1.0)
