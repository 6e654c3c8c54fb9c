"""The convolution of networks against sums written out, its lanes, blocks and patterns."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev.rules import channels
from dualrev.rules.channels import channel_convolution, channel_correlation, channel_spread
from dualrev.rules.patches import sliding, steps, summed

# Sums of some hundred products in double precision, in another order.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def written_out(x, k, y, *, stride, padding, dilation, groups):
    """Return the three contractions of the trilinear form, each as its definition says."""
    outputs, inputs, kernels = np.zeros(y.shape), np.zeros(x.shape), np.zeros(k.shape)
    inside, outside = k.shape[1], k.shape[0] // groups
    for n, o in np.ndindex(y.shape[:2]):
        for p in np.ndindex(y.shape[2:]):
            for i, *w in np.ndindex(k.shape[1:]):
                at = [
                    a * s + b * d - before
                    for a, b, s, d, (before, _) in zip(p, w, stride, dilation, padding, strict=True)
                ]
                if all(0 <= a < m for a, m in zip(at, x.shape[2:], strict=True)):
                    c = o // outside * inside + i
                    there, kernel, here = (n, c, *at), (o, i, *w), (n, o, *p)
                    outputs[here] += k[kernel] * x[there]
                    inputs[there] += k[kernel] * y[here]
                    kernels[kernel] += x[there] * y[here]
    return outputs, inputs, kernels


@st.composite
def problems(draw):
    axes = draw(st.integers(1, 3))
    each = lambda low, high: st.tuples(*[st.integers(low, high)] * axes)
    groups = draw(st.integers(1, 3))
    kernel, stride, dilation = draw(each(1, 3)), draw(each(1, 3)), draw(each(1, 2))
    padding = tuple(zip(draw(each(0, 2)), draw(each(0, 2)), strict=True))
    size = tuple(
        max(d * (k - 1) + 1 - sum(p), 1) + more
        for k, d, p, more in zip(kernel, dilation, padding, draw(each(0, 3)), strict=True)
    )
    n, i, o = draw(st.tuples(*[st.integers(1, 2)] * 3))
    count = tuple(
        steps(m + sum(p), k, s, d)
        for m, p, k, s, d in zip(size, padding, kernel, stride, dilation, strict=True)
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.normal(size=(n, i * groups, *size))
    k = rng.normal(size=(o * groups, i, *kernel))
    y = rng.normal(size=(n, o * groups, *count))
    return x, k, y, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@given(problems())
def test_values_are_the_sums_of_the_definition(problem):
    x, k, y, params = problem
    outputs, inputs, kernels = written_out(x, k, y, **params)
    np.testing.assert_allclose(channel_convolution(x, k, **params), outputs, **CLOSE)
    np.testing.assert_allclose(channel_spread(y, k, size=x.shape[2:], **params), inputs, **CLOSE)
    np.testing.assert_allclose(
        channel_correlation(y, x, size=k.shape[2:], **params), kernels, **CLOSE
    )


def sample(groups, rng):
    x = rng.normal(size=(3, 2 * groups, 5, 4))
    k = rng.normal(size=(2 * groups, 2, 2, 3))
    params = {"stride": (2, 1), "padding": ((1, 0), (1, 1)), "dilation": (1, 1), "groups": groups}
    return x, k, channel_convolution(x, k, **params), params


def maps(x, k, y, params):
    return {
        "convolution": (lambda a, b: channel_convolution(a, b, **params), (x, k)),
        "spread": (lambda a, b: channel_spread(a, b, size=x.shape[2:], **params), (y, k)),
        "correlation": (lambda a, b: channel_correlation(a, b, size=k.shape[2:], **params), (y, x)),
    }


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", ["convolution", "spread", "correlation"])
@pytest.mark.parametrize("block", [1, 30, 2**18])
def test_blocks_do_not_change_the_value(name, groups, block, rng, monkeypatch):
    f, arrays = maps(*sample(groups, rng))[name]
    want = f(*arrays)
    monkeypatch.setattr(channels, "_BLOCK", block)
    np.testing.assert_allclose(f(*arrays), want, **CLOSE)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("lanes", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("name", ["convolution", "spread", "correlation"])
def test_lanes_are_folded_and_not_looped_over(name, lanes, groups, rng, monkeypatch):
    f, arrays = maps(*sample(groups, rng))[name]
    arrays = [
        np.stack([a * c for c in (1.0, -2.0, 0.5, 3.0)]) + lane * rng.normal(size=(4, *a.shape))
        if lane
        else a
        for a, lane in zip(arrays, lanes, strict=True)
    ]
    want = [
        f(*(a[k] if lane else a for a, lane in zip(arrays, lanes, strict=True))) for k in range(4)
    ]

    def loop(*args):
        raise AssertionError("a loop over lanes")

    monkeypatch.setattr(channels, "batch_loop", loop)
    got = dr.vmap(f, in_axes=tuple(0 if lane else None for lane in lanes))(*arrays)
    np.testing.assert_allclose(got, np.stack(want), **CLOSE)


def test_no_lanes_give_an_empty_stack(rng):
    f, (x, k) = maps(*sample(2, rng))["convolution"]
    want = f(x, k).shape
    assert dr.vmap(f, in_axes=(0, None))(np.zeros((0, *x.shape)), k).shape == (0, *want)
    assert dr.vmap(f, in_axes=(0, 0))(np.zeros((0, *x.shape)), np.zeros((0, *k.shape))).shape == (
        0,
        *want,
    )


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("name", ["convolution", "spread", "correlation"])
def test_patterns_cover_what_is_read(name, position, groups, rng):
    f, arrays = maps(*sample(groups, rng))[name]
    x = arrays[position]

    def g(v):
        return f(*(v if k == position else a for k, a in enumerate(arrays))).ravel()

    dense = dr.jacobian(g)(x).reshape(-1, x.size)
    pattern = dr.sparse.jacobian_pattern(g, x).toarray().astype(bool)
    assert np.all(pattern | (dense == 0))
    extra = pattern & (dense == 0)
    if name == "correlation":
        # Stated channel by channel; groups of the input have no axis of their own to be stated by.
        assert pattern.all() == (position == 1 and groups == 2)
    elif position == 0:
        assert not extra.any()
    else:
        # What is left: entries of the kernel that hang over the border meet no entry of the input.
        assert pattern.mean() < 0.6


def test_integers_and_mixed_dtypes_promote_as_in_numpy():
    x, k = np.arange(6).reshape(1, 1, 6), np.array([[[1, -1]]])
    plain = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
    y = channel_convolution(x, k, **plain)
    assert y.dtype == np.int64
    assert y.tolist() == [[[-1] * 5]]
    assert (
        channel_convolution(x.astype(np.uint8), k.astype(np.float32), **plain).dtype == np.float32
    )


def test_a_transposed_input_is_read_as_it_stands(rng):
    f, (x, k) = maps(*sample(2, rng))["convolution"]
    other = np.asfortranarray(x)
    assert not other.flags.c_contiguous
    np.testing.assert_array_equal(f(other, k), f(x, k))


def test_windows_are_those_of_numpy(rng):
    x = rng.normal(size=(2, 6, 7))
    y = sliding(x, size=(2, 3), stride=(2, 1), dilation=(1, 1))
    want = np.lib.stride_tricks.sliding_window_view(x, (2, 3), (-2, -1))[:, ::2]
    np.testing.assert_array_equal(y, np.moveaxis(want.reshape(*want.shape[:3], 6), -1, 1))


def test_an_overlapping_sum_counts_the_windows_that_cover_an_entry():
    ones = np.ones((2, 3))
    y = summed(ones, size=(2,), stride=(1,), dilation=(1,), target=(5,))
    assert y.tolist() == [1, 2, 2, 1, 0]


def test_the_hessian_of_a_network_of_two_convolutions_is_symmetric(rng):
    x, k, _, params = sample(1, rng)
    plain = {**params, "stride": (1, 1)}

    def f(pair):
        a, b = pair
        hidden = np.tanh(channel_convolution(x, a, **plain))
        return np.sum(channel_convolution(hidden, b, **params) ** 2)

    point, direction, other = (tuple(rng.normal(size=k.shape) for _ in range(2)) for _ in range(3))
    products = [
        sum(np.sum(a * b) for a, b in zip(dr.hvp(f)(point, u), v, strict=True))
        for u, v in itertools.permutations([direction, other])
    ]
    np.testing.assert_allclose(*products, rtol=1e-10)
