"""Pooling against PyTorch, and by itself: windows written out, ties, borders, errors."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare

# No two entries are equal, so ties do not arise.
X1 = np.random.default_rng(1).permutation(2 * 3 * 11).reshape(2, 3, 11) / 7 - 3
X2 = np.random.default_rng(2).permutation(2 * 3 * 7 * 10).reshape(2, 3, 7, 10) / 7 - 20

WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": 2},
    {"kernel_size": 3, "stride": (1, 2), "padding": 1},
    {"kernel_size": (2, 5), "padding": (1, 2), "stride": 3},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": 2, "stride": 5, "ceil_mode": True},
]


@pytest.mark.parametrize(
    "options", [*WINDOWS, {"kernel_size": 3, "dilation": (2, 3), "padding": 1}], ids=str
)
def test_max_pool2d_is_that_of_pytorch(options):
    compare(nn.MaxPool2d(**options), lambda torch: torch.nn.MaxPool2d(**options), X2)


@pytest.mark.parametrize(
    "more", [{}, {"count_include_pad": False}, {"divisor_override": 3}], ids=str
)
@pytest.mark.parametrize("options", WINDOWS, ids=str)
def test_avg_pool2d_is_that_of_pytorch(options, more):
    options = {**options, **more}
    compare(nn.AvgPool2d(**options), lambda torch: torch.nn.AvgPool2d(**options), X2)


@pytest.mark.parametrize("x", [X1, X1[0]], ids=["batch", "single"])
@pytest.mark.parametrize("name", ["MaxPool1d", "AvgPool1d"])
def test_pooling_along_one_axis_is_that_of_pytorch(name, x):
    options = {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True}
    compare(getattr(nn, name)(**options), lambda torch: getattr(torch.nn, name)(**options), x)


@pytest.mark.parametrize("size", [1, (3, 4), (7, 10), (None, 3), (9, 2)], ids=str)
def test_adaptive_avg_pool2d_is_that_of_pytorch(size):
    compare(nn.AdaptiveAvgPool2d(size), lambda torch: torch.nn.AdaptiveAvgPool2d(size), X2)


@pytest.mark.parametrize("x", [X1, X1[0]], ids=["batch", "single"])
def test_adaptive_avg_pool1d_is_that_of_pytorch(x):
    compare(nn.AdaptiveAvgPool1d(4), lambda torch: torch.nn.AdaptiveAvgPool1d(4), x)


@given(
    n=st.integers(1, 12),
    k=st.integers(1, 5),
    s=st.integers(1, 4),
    half=st.integers(0, 2),
    ceil=st.booleans(),
    seed=st.integers(0, 9),
)
def test_windows_are_those_written_out(n, k, s, half, ceil, seed):
    p = min(half, k // 2)
    x = np.random.default_rng(seed).normal(size=(1, n))
    starts = [a for a in range(-p, n, s) if a + k <= n + p]
    if ceil:
        # One more, which begins inside, if something is left behind the others and less than a stride is missing.
        more = starts[-1] + s if starts else -p
        left = starts[-1] + k < n + p if starts else True
        starts += [more] if left and more < n and more + k - (n + p) < s else []
    inside = [[i for i in range(a, a + k) if 0 <= i < n] for a in starts]
    if not starts:
        with pytest.raises(ShapeError, match="the window spans"):
            nn.max_pool1d(x, k, s, p, ceil_mode=ceil)
        return
    want = [max(x[0, i] for i in window) for window in inside]
    np.testing.assert_array_equal(nn.max_pool1d(x, k, s, p, ceil_mode=ceil), [want])
    want = [np.mean([x[0, i] for i in window]) for window in inside]
    got = nn.avg_pool1d(x, k, s, p, ceil, count_include_pad=False)
    np.testing.assert_allclose(got, [want], rtol=1e-12, atol=1e-14)


def test_ties_share_equally():
    x = np.array([[[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]]])
    g = dr.grad(lambda x: np.sum(nn.max_pool2d(x, 2)))(x)
    np.testing.assert_allclose(g, [[[0.25, 0.25, 1 / 3, 1 / 3], [0.25, 0.25, 1 / 3, 0]]])


def test_padding_is_never_the_largest():
    x = -np.ones((1, 1, 2))
    assert np.all(nn.max_pool1d(x, 2, 1, 1) == -1)
    assert np.all(nn.max_pool1d(x.astype(int), 2, 1, 1) == -1)
    assert dr.grad(lambda x: np.sum(nn.max_pool1d(x, 2, 1, 1)))(x).tolist() == [[[1.5, 1.5]]]


def test_infinite_and_missing_values_stay_in_their_windows():
    x = np.array([[1.0, np.inf, 2.0, 3.0, np.nan, 4.0]])
    assert nn.max_pool1d(x, 2).tolist()[0][:2] == [np.inf, 3.0]
    assert np.isnan(nn.max_pool1d(x, 2)[0, 2])
    y = nn.avg_pool1d(x, 2)
    assert y[0, :2].tolist() == [np.inf, 2.5]
    assert np.isnan(y[0, 2])
    apart = nn.adaptive_avg_pool1d(np.array([[1.0, np.inf, 2.0, 3.0, 4.0]]), 2)
    assert apart.tolist() == [[np.inf, 3.0]]


def test_derivatives_are_those_of_finite_differences(rng):
    x = rng.permutation(2 * 6 * 5).reshape(2, 6, 5) * 0.1
    dr.check_derivatives(lambda x: nn.max_pool2d(x, (3, 2), 2, 1) ** 2, x)
    dr.check_derivatives(lambda x: nn.avg_pool2d(x, (3, 2), 2, 1, True, False) ** 2, x)
    dr.check_derivatives(lambda x: nn.adaptive_avg_pool2d(x, (4, 2)) ** 2, x)


@pytest.mark.parametrize("f", [nn.max_pool2d, nn.avg_pool2d])
def test_lanes_and_dtypes(f, rng):
    x = rng.normal(size=(3, 2, 4, 6)).astype(np.float32)
    y = f(x, 2)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(dr.vmap(lambda x: f(x, 2))(x), y)
    assert dr.grad(lambda x: np.sum(f(x, 2) ** 2))(x).dtype == np.float32


def test_means_of_integers_are_floats():
    assert nn.avg_pool1d(np.array([[1, 2]]), 2).tolist() == [[1.5]]
    assert nn.adaptive_avg_pool1d(np.array([[1, 2, 4]]), 2).tolist() == [[1.5, 3.0]]


def test_text():
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(2, stride=2)"
    assert repr(nn.AvgPool1d(3, 1, 1, count_include_pad=False)) == (
        "AvgPool1d(3, stride=1, padding=1, count_include_pad=False)"
    )
    assert repr(nn.AdaptiveAvgPool2d((1, None))) == "AdaptiveAvgPool2d((1, None))"


ERRORS = [
    (lambda: nn.max_pool2d(np.ones((4, 4)), 2), ShapeError, "has shape (4, 4), wanted is"),
    (
        lambda: nn.max_pool2d(np.ones((1, 4, 4)), 5),
        ShapeError,
        "spans (5, 5), the input of shape (1, 1, 4, 4)",
    ),
    (lambda: nn.avg_pool1d(np.ones((1, 0)), 1), ShapeError, "is smaller"),
    (
        lambda: nn.max_pool2d(np.ones((1, 4, 4)), 2, padding=2),
        InputError,
        "more than half the window (2, 2)",
    ),
    (lambda: nn.MaxPool2d(3, padding=2), InputError, "MaxPool2d: padding (2, 2) is more than half"),
    (lambda: nn.MaxPool2d(0), InputError, "kernel_size is an integer of at least 1"),
    (
        lambda: nn.max_pool1d(np.ones((1, 4)), 2, 0),
        InputError,
        "stride is an integer of at least 1",
    ),
    (lambda: nn.max_pool1d(np.ones((1, 4), complex), 2), InputError, "whose entries have no order"),
    (
        lambda: nn.avg_pool2d(np.ones((1, 4, 4)), 2, divisor_override=0),
        InputError,
        "divisor_override is not zero",
    ),
    (
        lambda: nn.adaptive_avg_pool2d(np.ones((1, 4, 4)), (2, 0)),
        InputError,
        "output_size is an integer of at least 1",
    ),
    (lambda: nn.adaptive_avg_pool2d(np.ones((1, 4, 4)), (1, 2, 3)), InputError, "2 of them"),
    (lambda: nn.adaptive_avg_pool1d(np.ones((1, 0)), 2), ShapeError, "has no places"),
]


@pytest.mark.parametrize(("call", "error", "words"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()
