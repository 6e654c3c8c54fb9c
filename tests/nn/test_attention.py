"""Attention against PyTorch, and by itself: weights, masks, rows without keys, causality, errors."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare, torch_or_skip

R = np.random.default_rng(1)
N, L, S, E = 3, 4, 5, 6
Q, K, V = R.normal(size=(N, L, E)), R.normal(size=(N, S, E)), R.normal(size=(N, S, 7))
# Each query keeps a key.
MASK = R.random((L, S)) < 0.6
MASK[:, 0] = True
EACH = R.random((2 * N, L, S)) < 0.4
EACH[..., 1] = False
ADDED = np.where(MASK, R.normal(size=(L, S)), -np.inf)


def sdpa(torch):
    return torch.nn.functional.scaled_dot_product_attention


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": 0.7},
        {"is_causal": True},
        {"attn_mask": MASK},
        {"attn_mask": ADDED},
        {"attn_mask": np.broadcast_to(MASK, (N, L, S)).copy()},
    ],
    ids=["plain", "scale", "causal", "mask", "added", "stack"],
)
def test_attention_is_that_of_pytorch(options):
    compare(nn.scaled_dot_product_attention, sdpa, Q, K, V, **options)


def test_the_added_mask_has_a_derivative():
    finite = R.normal(size=(L, S))
    compare(nn.scaled_dot_product_attention, sdpa, Q, K, V, finite)


def test_heads_and_broadcasting_are_those_of_pytorch():
    q, k = R.normal(size=(2, 3, L, E)), R.normal(size=(2, 3, S, E))
    compare(nn.scaled_dot_product_attention, sdpa, q, k, k)


def layers(**options):
    return (
        nn.MultiheadAttention(E, 2, **options, rng=0),
        lambda torch: torch.nn.MultiheadAttention(E, 2, **options),
    )


def moved(*arrays, options):
    return arrays if options.get("batch_first") else tuple(np.swapaxes(a, 0, 1) for a in arrays)


OPTIONS = [
    {},
    {"bias": False},
    {"batch_first": True},
    {"kdim": 3, "vdim": 7},
    {"kdim": E, "vdim": 7, "batch_first": True},
]
PADDING = np.array(
    [[False, False, False, True, True], [False] * 5, [False, True, False, True, False]]
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_multihead_attention_is_that_of_pytorch(options):
    rng = np.random.default_rng(3)
    k = rng.normal(size=(N, S, options.get("kdim", E)))
    v = rng.normal(size=(N, S, options.get("vdim", E)))
    compare(*layers(**options), *moved(Q, k, v, options=options))


MASKS = {
    "attn": {"attn_mask": ~MASK},
    "added": {"attn_mask": ADDED},
    "each head": {"attn_mask": EACH},
    "padding": {"key_padding_mask": PADDING},
    "both": {"attn_mask": ~MASK, "key_padding_mask": PADDING & [False, True, True, True, True]},
    "weights of heads": {"average_attn_weights": False},
    "no weights": {"need_weights": False, "attn_mask": ~MASK},
}


@pytest.mark.parametrize("kwargs", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("options", [{}, {"batch_first": True}], ids=str)
def test_masks_are_those_of_pytorch(options, kwargs):
    rng = np.random.default_rng(3)
    k, v = rng.normal(size=(2, N, S, E))
    compare(*layers(**options), *moved(Q, k, v, options=options), **kwargs)


def test_numbers_as_padding_are_those_of_pytorch():
    added = np.where(PADDING, -np.inf, 0.0)
    k = np.random.default_rng(3).normal(size=(N, S, E))
    compare(*layers(batch_first=True), Q, k, k, key_padding_mask=added, attn_mask=ADDED)


def test_self_attention_without_a_batch_is_that_of_pytorch():
    class Itself(nn.Module):
        def __init__(self, layer):
            self.layer = layer

        def forward(self, x, mask):
            return self.layer(x, x, x, attn_mask=mask, is_causal=True)

    def make(torch):
        class Itself(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.MultiheadAttention(E, 3)

            def forward(self, x, mask):
                return self.layer(x, x, x, attn_mask=mask)

        return Itself()

    above = ~np.tri(L, dtype=bool)
    compare(Itself(nn.MultiheadAttention(E, 3, rng=0)), make, Q[0], mask=above)


def test_state_is_that_of_pytorch():
    torch = torch_or_skip()
    for options in OPTIONS:
        ours, make = layers(**options)
        theirs = make(torch)
        # PyTorch lists the weights it does not have first or last, depending on the options: compare as sets.
        assert {n: v.shape for n, v in ours.state_dict().items()} == {
            n: tuple(v.shape) for n, v in theirs.state_dict().items()
        }


@given(
    length=st.integers(1, 5), keys=st.integers(1, 5), seed=st.integers(0, 99), share=st.floats(0, 1)
)
def test_weights_are_a_mean_of_what_is_allowed(length, keys, seed, share):
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(length, 3)), rng.normal(size=(keys, 3))
    mask = rng.random((length, keys)) < share
    # With the unit matrix as values the result is the weights.
    w = nn.scaled_dot_product_attention(q, k, np.eye(keys), mask)
    assert np.all(w[~mask] == 0)
    assert np.all(w[mask] > 0)
    np.testing.assert_allclose(w.sum(-1), mask.any(-1), rtol=1e-14)


def test_a_query_without_keys_gets_zeros_and_no_derivative():
    mask = MASK.copy()
    mask[1] = False
    for given_mask in (mask, np.where(mask, 0.0, -np.inf)):
        y = nn.scaled_dot_product_attention(Q, K, V, given_mask)
        assert np.all(y[:, 1] == 0)
        g = dr.grad(
            lambda q, k, v, m=given_mask: np.sum(nn.scaled_dot_product_attention(q, k, v, m) ** 2),
            argnums=(0, 1, 2),
        )(Q, K, V)
        assert all(np.all(np.isfinite(part)) for part in g)
        assert np.all(g[0][:, 1] == 0)
    layer = nn.MultiheadAttention(E, 2, batch_first=True, rng=0)
    y, w = layer(Q, K, K, key_padding_mask=np.ones((N, S), bool))
    assert np.all(dr.value(w) == 0)
    np.testing.assert_array_equal(dr.value(y), np.broadcast_to(layer.out_proj.bias.data, (N, L, E)))


def test_what_is_masked_has_no_influence_even_if_it_is_nan():
    k, v = K.copy(), V.copy()
    k[:, 3], v[:, 3] = np.nan, 1e300
    mask = np.array([True, True, True, False, True])
    want = nn.scaled_dot_product_attention(Q, K[:, mask], V[:, mask])
    np.testing.assert_allclose(
        nn.scaled_dot_product_attention(Q, k, v, mask), want, rtol=1e-12, atol=1e-14
    )
    g = dr.grad(lambda q: np.sum(nn.scaled_dot_product_attention(q, K, V, mask)))(Q)
    wanted = dr.grad(lambda q: np.sum(nn.scaled_dot_product_attention(q, K[:, mask], V[:, mask])))(
        Q
    )
    np.testing.assert_allclose(g, wanted, rtol=1e-11, atol=1e-13)


def test_large_scores_do_not_overflow():
    q = np.array([[1e4, 0.0], [0.0, -1e4]])
    y = nn.scaled_dot_product_attention(q, q, np.eye(2))
    assert y.tolist() == [[1, 0], [0, 1]]


def test_a_causal_layer_sees_nothing_of_the_future(rng):
    layer = nn.MultiheadAttention(E, 2, batch_first=True, rng=0)
    weights = layer.weights()

    def f(x):
        return nn.functional_call(layer, weights, x, x, x, is_causal=True)[0]

    j = dr.jacobian(f)(Q[:1])
    # Axes: result (1, L, E), input (1, L, E).
    reach = np.abs(j[0, :, :, 0]).max(axis=(1, 3)) > 0
    np.testing.assert_array_equal(reach, np.tri(L, dtype=bool))


def test_derivatives_are_those_of_finite_differences():
    dr.check_derivatives(
        lambda q, k, v: nn.scaled_dot_product_attention(q, k, v, MASK) ** 2, Q[:1], K[:1], V[:1]
    )
    layer = nn.MultiheadAttention(E, 2, kdim=3, batch_first=True, rng=0)
    weights = layer.weights()
    keys, k = list(weights), R.normal(size=(1, S, 3))
    v = R.normal(size=(1, S, E))

    def f(x, *parts):
        weights = dict(zip(keys, parts, strict=True))
        return nn.functional_call(layer, weights, x, k, v, key_padding_mask=PADDING[:1])

    dr.check_derivatives(f, Q[:1], *weights.values())


def test_lanes():
    got = dr.vmap(lambda q, k, v: nn.scaled_dot_product_attention(q, k, v, MASK))(Q, K, V)
    want = nn.scaled_dot_product_attention(Q, K, V, MASK)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    masks = np.stack([MASK, ~MASK, np.zeros_like(MASK)])
    got = dr.vmap(nn.scaled_dot_product_attention)(Q, K, V, masks)
    want = nn.scaled_dot_product_attention(Q, K, V, masks)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_float32_stays_float32():
    q, k, v = (x.astype(np.float32) for x in (Q, K, V))
    for mask in (None, MASK, ADDED.astype(np.float32)):
        assert nn.scaled_dot_product_attention(q, k, v, mask).dtype == np.float32
    layer = nn.MultiheadAttention(E, 2, batch_first=True, rng=0, dtype=np.float32)
    y, w = layer(q, k, k, attn_mask=~MASK)
    assert (y.dtype, w.dtype) == (np.float32, np.float32)


def test_dropout_switches_weights_off_in_training():
    layer = nn.MultiheadAttention(E, 2, dropout=1.0, batch_first=True, rng=0)
    y, w = layer(Q, K, K)
    assert np.all(dr.value(w) == 0)
    assert np.all(dr.value(y) == layer.out_proj.bias.data)
    np.testing.assert_allclose(dr.value(layer.eval()(Q, K, K)[1]).sum(-1), 1, rtol=1e-12)
    y = nn.scaled_dot_product_attention(Q, K, np.eye(S), dropout_p=0.5, rng=0)
    plain = nn.scaled_dot_product_attention(Q, K, np.eye(S))
    assert np.any(y == 0)
    np.testing.assert_allclose(y[y != 0], 2 * plain[y != 0], rtol=1e-12)


@given(st.integers(1, 9), st.integers(1, 9))
def test_encoding_is_the_formula(length, features):
    y = nn.sinusoidal_encoding(length, features, base=50.0)
    assert y.shape == (length, features)
    for i, j in np.ndindex(y.shape):
        angle = i / 50 ** ((j - j % 2) / features)
        np.testing.assert_allclose(y[i, j], np.cos(angle) if j % 2 else np.sin(angle), atol=1e-14)


def test_text():
    text = repr(nn.MultiheadAttention(8, 2, batch_first=True))
    assert text.startswith("MultiheadAttention(8, 2, batch_first=True\n  (out_proj): Linear(8, 8)")


def layer(**options):
    return nn.MultiheadAttention(E, 2, batch_first=True, rng=0, **options)


ERRORS = [
    (
        lambda: nn.scaled_dot_product_attention(Q, K[..., :3], V),
        ShapeError,
        "(3, 4, 6), (3, 5, 3), (3, 5, 7)",
    ),
    (lambda: nn.scaled_dot_product_attention(Q, K, V[:, :3]), ShapeError, "wanted are (..., L, E)"),
    (lambda: nn.scaled_dot_product_attention(Q[0, 0], K, V), ShapeError, "wanted are (..., L, E)"),
    (
        lambda: nn.scaled_dot_product_attention(Q, K, V, MASK.T),
        ShapeError,
        "attn_mask has shape (5, 4)",
    ),
    (
        lambda: nn.scaled_dot_product_attention(Q, K, V, MASK * 1),
        InputError,
        "wanted are booleans, or floats",
    ),
    (
        lambda: nn.scaled_dot_product_attention(Q, K, V, dropout_p=2),
        InputError,
        "p is between 0 and 1",
    ),
    (lambda: nn.MultiheadAttention(6, 4), InputError, "4 heads do not divide 6 features"),
    (lambda: nn.MultiheadAttention(6, 2, dropout=-1), InputError, "p is between 0 and 1"),
    (lambda: nn.MultiheadAttention(6, 0), InputError, "num_heads is a positive integer"),
    (lambda: layer()(Q, K, V), ShapeError, "(batch, S, 6) and (batch, S, 6). batch_first=True"),
    (lambda: layer()(Q, K[:2], K[:2]), ShapeError, "query, key and value have the shapes"),
    (
        lambda: layer()(Q, K, K, attn_mask=MASK.T),
        ShapeError,
        "attn_mask has shape (5, 4), wanted is (4, 5), or (6, 4, 5)",
    ),
    (
        lambda: layer()(Q, K, K, key_padding_mask=MASK),
        ShapeError,
        "key_padding_mask has shape (4, 5), wanted is (3, 5)",
    ),
    (lambda: layer()(Q, K, K, attn_mask=MASK * 1), InputError, "wanted are booleans, or floats"),
    (lambda: nn.sinusoidal_encoding(0, 3), InputError, "length is a positive integer"),
]


@pytest.mark.parametrize(("call", "error", "words"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()
