"""Dropout: shares, scales, modes, generators, edges; no oracle has the same random numbers."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare


@given(st.floats(0.05, 0.95), st.integers(0, 99))
def test_entries_are_zero_or_scaled_and_so_many_as_p_says(p, seed):
    n = 4000
    y = nn.dropout(np.ones(n), p, rng=seed)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - p), rtol=1e-15)
    # Six standard deviations of a binomial share.
    assert abs(kept.mean() - (1 - p)) < 6 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("p", [0, 0.0, 0.5, 1.0])
def test_evaluation_returns_the_input(p):
    x = np.array([1.0, np.inf, np.nan])
    assert nn.dropout(x, p, training=False) is x
    assert nn.Dropout(p).eval()(x) is x


def test_edges():
    x = np.array([1.0, 2.0])
    assert nn.dropout(x, 0.0) is x
    assert nn.dropout(x, 1.0).tolist() == [0, 0]
    assert dr.grad(lambda x: np.sum(nn.dropout(x, 1.0)))(x).tolist() == [0, 0]
    assert nn.dropout(x, 1).tolist() == [0, 0]


@pytest.mark.parametrize("p", [0.0, 1.0])
@pytest.mark.parametrize("name", ["Dropout", "Dropout2d"])
def test_edges_are_those_of_pytorch(name, p):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4))
    compare(getattr(nn, name)(p), lambda torch: getattr(torch.nn, name)(p), x)


def test_the_derivative_has_the_mask_of_the_value(rng):
    x = rng.normal(size=(20, 30))
    layer = nn.Dropout(0.3, rng=5)
    y, g = dr.value_and_grad(lambda x: np.sum(layer(x)), has_aux=False)(x)
    mask = nn.dropout(np.ones(x.shape), 0.3, rng=5)
    np.testing.assert_array_equal(g, mask)
    np.testing.assert_allclose(y, np.sum(x * mask), rtol=1e-12)
    dr.check_derivatives(lambda x: nn.dropout(x, 0.3, rng=5) ** 2, x[:2, :3])


def test_an_integer_gives_a_sequence_of_masks_and_a_generator_is_shared():
    x = np.ones(50)
    a, b = nn.Dropout(rng=3), nn.Dropout(rng=3)
    first, second = a(x), a(x)
    assert np.any(first != second)
    np.testing.assert_array_equal(b(x), first)
    np.testing.assert_array_equal(b(x), second)
    g = np.random.default_rng(3)
    np.testing.assert_array_equal(nn.Dropout(rng=g)(x), first)
    np.testing.assert_array_equal(nn.Dropout(rng=g)(x), second)
    assert np.any(nn.dropout(x) != nn.dropout(x))


def test_a_copy_draws_the_same():
    from copy import deepcopy

    layer, x = nn.Dropout(rng=3), np.ones(50)
    twin = deepcopy(layer)
    np.testing.assert_array_equal(layer(x), twin(x))


def test_a_model_switches_all_its_layers():
    model = nn.Sequential(nn.Dropout(0.5, rng=0), nn.Sequential(nn.Dropout(0.5, rng=1)))
    x = np.ones(30)
    assert np.any(model(x) == 0)
    np.testing.assert_array_equal(model.eval()(x), x)
    assert np.any(model.train()(x) == 0)


def test_lanes_share_a_mask():
    y = dr.vmap(lambda x: nn.dropout(x, 0.5, rng=2))(np.ones((3, 20)))
    assert 0 in y
    np.testing.assert_array_equal(y, np.stack([nn.dropout(np.ones(20), 0.5, rng=2)] * 3))


@pytest.mark.parametrize(
    ("make", "shape"), [(nn.Dropout1d, (8, 9, 5)), (nn.Dropout2d, (8, 9, 5, 4))]
)
def test_whole_channels(make, shape):
    layer = make(0.5, rng=0)
    y = layer(np.ones(shape)).reshape(72, -1)
    assert set(y.ravel()) == {0.0, 2.0}
    assert np.all(y == y[:, :1])
    single = layer(np.ones(shape[1:]))
    assert single.shape == shape[1:]
    assert np.all(single.reshape(9, -1) == single.reshape(9, -1)[:, :1])


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_dtype_stays(dtype):
    x = np.ones(9, dtype)
    assert nn.dropout(x, 0.3, rng=0).dtype == dtype
    assert nn.dropout(x, 1.0).dtype == dtype
    assert nn.dropout(np.arange(3), 0.3, rng=0).dtype == float


ERRORS = [
    (lambda: nn.Dropout(1.5), InputError, "p is between 0 and 1, not 1.5"),
    (lambda: nn.dropout(np.ones(2), -0.1), InputError, "not -0.1"),
    (lambda: nn.Dropout(np.nan), InputError, "not nan"),
    (lambda: nn.Dropout("half"), InputError, "not 'half'"),
    (lambda: nn.Dropout2d()(np.ones((2, 3))), ShapeError, "Dropout takes any shape"),
]


@pytest.mark.parametrize(("call", "error", "words"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()
