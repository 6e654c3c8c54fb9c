"""Recurrent cells and layers against PyTorch, and by themselves: cells in a loop, states, directions, errors."""

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
X, H, C = R.normal(size=(5, 3)), R.normal(size=(5, 4)), R.normal(size=(5, 4))
CELLS = [
    ("RNNCell", {}),
    ("RNNCell", {"nonlinearity": "relu"}),
    ("RNNCell", {"bias": False}),
    ("GRUCell", {}),
    ("GRUCell", {"bias": False}),
    ("LSTMCell", {}),
    ("LSTMCell", {"bias": False}),
]


@pytest.mark.parametrize("given", ["zero", "state", "single"])
@pytest.mark.parametrize(("name", "options"), CELLS, ids=str)
def test_cells_are_those_of_pytorch(name, options, given):
    h = (H, C) if name == "LSTMCell" else H
    inputs = {"zero": (X,), "state": (X, h), "single": (X[0],)}[given]
    compare(
        getattr(nn, name)(3, 4, **options, rng=0),
        lambda torch: getattr(torch.nn, name)(3, 4, **options),
        *inputs,
    )


SEQUENCE = R.normal(size=(6, 2, 3))
OPTIONS = [
    {},
    {"num_layers": 3},
    {"batch_first": True, "bias": False},
    {"bidirectional": True},
    {"bidirectional": True, "num_layers": 2, "batch_first": True},
]


def states(name, options, batch):
    rows = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    shape = (rows, 4) if batch is None else (rows, batch, 4)
    rng = np.random.default_rng(8)
    h, c = rng.normal(size=shape), rng.normal(size=shape)
    return (h, c) if name == "LSTM" else h


@pytest.mark.parametrize("given", ["zero", "state"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_layers_are_those_of_pytorch(name, options, given):
    batch = 6 if options.get("batch_first") else 2
    inputs = (SEQUENCE,) if given == "zero" else (SEQUENCE, states(name, options, batch))
    compare(
        getattr(nn, name)(3, 4, **options, rng=0),
        lambda torch: getattr(torch.nn, name)(3, 4, **options),
        *inputs,
    )


def test_the_other_function_is_that_of_pytorch():
    compare(nn.RNN(3, 4, 2, "relu", rng=0), lambda torch: torch.nn.RNN(3, 4, 2, "relu"), SEQUENCE)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_sequences_without_a_batch_are_those_of_pytorch(name):
    options = {"num_layers": 2, "bidirectional": True}
    compare(
        getattr(nn, name)(3, 4, **options, rng=0),
        lambda torch: getattr(torch.nn, name)(3, 4, **options),
        SEQUENCE[:, 0],
        states(name, options, None),
    )


@pytest.mark.parametrize(
    "options", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}], ids=str
)
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_names_and_their_order_are_those_of_pytorch(name, options):
    torch = torch_or_skip()
    ours = getattr(nn, name)(3, 4, **options)
    theirs = getattr(torch.nn, name)(3, 4, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_layer_is_its_cell_in_a_loop(name, rng):
    layer, cell = getattr(nn, name)(3, 4, rng=0), getattr(nn, f"{name}Cell")(3, 4)
    cell.load_state_dict({key.removesuffix("_l0"): v for key, v in layer.state_dict().items()})
    y, last = layer(SEQUENCE)
    state = None
    for k, x in enumerate(SEQUENCE):
        state = cell(x, state)
        h = state[0] if name == "LSTM" else state
        np.testing.assert_allclose(dr.value(y[k]), dr.value(h), rtol=1e-12, atol=1e-14)
    last = last if name == "LSTM" else (last,)
    state = state if name == "LSTM" else (state,)
    for a, b in zip(last, state, strict=True):
        np.testing.assert_allclose(dr.value(a)[0], dr.value(b), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_sequence_may_be_cut_in_two(name):
    layer = getattr(nn, name)(3, 4, num_layers=2, rng=0)
    y, last = layer(SEQUENCE)
    first, state = layer(SEQUENCE[:2])
    second, end = layer(SEQUENCE[2:], state)
    joined = np.concatenate([dr.value(first), dr.value(second)])
    np.testing.assert_allclose(joined, dr.value(y), rtol=1e-12, atol=1e-14)
    pairs = zip(last, end, strict=True) if name == "LSTM" else [(last, end)]
    for a, b in pairs:
        np.testing.assert_allclose(dr.value(a), dr.value(b), rtol=1e-12, atol=1e-14)


@given(
    name=st.sampled_from(["RNN", "LSTM", "GRU"]),
    length=st.integers(1, 4),
    batch=st.integers(0, 3),
    layers=st.integers(1, 3),
    both=st.booleans(),
    first=st.booleans(),
)
def test_shapes(name, length, batch, layers, both, first):
    layer = getattr(nn, name)(2, 3, layers, bidirectional=both, batch_first=first, rng=0)
    x = np.ones((batch, length, 2) if first else (length, batch, 2))
    y, last = layer(x)
    assert y.shape == (*x.shape[:2], 3 * (1 + both))
    for h in last if name == "LSTM" else (last,):
        assert h.shape == (layers * (1 + both), batch, 3)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_derivatives_are_those_of_finite_differences(name):
    layer = getattr(nn, name)(2, 1, bidirectional=True, rng=0)
    weights = layer.weights()
    keys = list(weights)

    def f(x, *parts):
        return nn.functional_call(layer, dict(zip(keys, parts, strict=True)), x)[0]

    dr.check_derivatives(f, SEQUENCE[:2, :1, :2], *weights.values())


def test_dropout_is_between_layers_and_in_training_only():
    layer = nn.GRU(3, 4, num_layers=2, dropout=1.0, rng=0)
    y, _ = layer(SEQUENCE)
    without, _ = layer(np.zeros_like(SEQUENCE))
    # Nothing of the input comes through.
    np.testing.assert_array_equal(dr.value(y), dr.value(without))
    assert np.any(dr.value(layer.eval()(SEQUENCE)[0]) != dr.value(y))
    single = nn.GRU(3, 4, dropout=1.0, rng=0)
    assert np.any(dr.value(single(SEQUENCE)[0]) != dr.value(single(np.zeros_like(SEQUENCE))[0]))


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_float32_stays_float32_and_lanes_agree(name):
    layer = getattr(nn, name)(3, 4, rng=0, dtype=np.float32)
    x = SEQUENCE.astype(np.float32)
    y, _ = layer(x)
    assert y.dtype == np.float32
    weights = layer.weights()
    lanes = dr.vmap(lambda x: nn.functional_call(layer, weights, x)[0], in_axes=1, out_axes=1)(x)
    # Sixteen roundings of single precision at values below one.
    np.testing.assert_allclose(lanes, dr.value(y), atol=1e-6)


def test_initial_values_are_bounded():
    layer = nn.LSTM(3, 100, rng=0)
    for p in layer.parameters():
        assert 0.09 < np.abs(p.data).max() <= 0.1


def test_text():
    assert (
        repr(nn.LSTM(3, 4, 2, bidirectional=True)) == "LSTM(3, 4, num_layers=2, bidirectional=True)"
    )
    assert repr(nn.GRUCell(3, 4, bias=False)) == "GRUCell(3, 4, bias=False)"


ERRORS = [
    (lambda: nn.RNNCell(3, 0), InputError, "hidden_size is a positive integer"),
    (lambda: nn.RNNCell(3, 4, nonlinearity="sin"), InputError, "'tanh' or 'relu', not 'sin'"),
    (lambda: nn.RNNCell(3, 4)(np.ones((5, 2))), ShapeError, "its last axis should have 3 entries"),
    (lambda: nn.RNNCell(3, 4)(np.ones((2, 5, 3))), ShapeError, "the cell takes one step"),
    (
        lambda: nn.GRUCell(3, 4)(X, np.ones((5, 3))),
        ShapeError,
        "the state h has shape (5, 3), wanted is (5, 4)",
    ),
    (lambda: nn.LSTMCell(3, 4)(X, (H, H[0])), ShapeError, "the state c has shape (4,)"),
    (lambda: nn.GRU(3, 4, dropout=2), InputError, "p is between 0 and 1, not 2"),
    (lambda: nn.RNN(3, 4, nonlinearity="sin"), InputError, "'tanh' or 'relu'"),
    (
        lambda: nn.GRU(3, 4)(np.ones((5, 2, 2))),
        ShapeError,
        "wanted is (length, batch, 3) or (length, 3)",
    ),
    (
        lambda: nn.GRU(3, 4, batch_first=True)(np.ones(3)),
        ShapeError,
        "wanted is (batch, length, 3)",
    ),
    (lambda: nn.GRU(3, 4)(np.ones((0, 2, 3))), ShapeError, "a sequence of length 0"),
    (
        lambda: nn.GRU(3, 4)(SEQUENCE, np.ones((2, 4))),
        ShapeError,
        "h_0 has shape (2, 4), wanted is (1, 2, 4)",
    ),
    (lambda: nn.LSTM(3, 4)(SEQUENCE, (np.ones((1, 2, 4)), H)), ShapeError, "c_0 has shape (5, 4)"),
]


@pytest.mark.parametrize(("call", "error", "words"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()
