"""Convolutional layers against PyTorch, and by themselves: shapes, transposes, borders, errors, lanes."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare

X1 = np.random.default_rng(1).normal(size=(3, 4, 9))
X2 = np.random.default_rng(2).normal(size=(3, 4, 7, 8))
X3 = np.random.default_rng(3).normal(size=(2, 2, 4, 5, 4))

CONV2D = [
    {},
    {"stride": 2},
    {"stride": (2, 3), "padding": (1, 2)},
    {"padding": "same"},
    {"padding": "same", "dilation": (1, 2)},
    {"padding": "valid", "dilation": 2},
    {"groups": 2},
    {"groups": 4, "padding": 1},
    {"bias": False},
    {"padding": 1, "padding_mode": "reflect"},
    {"padding": (2, 1), "padding_mode": "replicate", "stride": 2},
    {"padding": (2, 1), "padding_mode": "circular"},
    {"padding": "same", "padding_mode": "circular"},
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("options", CONV2D, ids=str)
@pytest.mark.parametrize("kernel", [1, 3, (2, 3)], ids=str)
def test_conv2d_is_that_of_pytorch(options, kernel):
    compare(
        nn.Conv2d(4, 8, kernel, **options, rng=0),
        lambda torch: torch.nn.Conv2d(4, 8, kernel, **options),
        X2,
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2, "padding": 3}, {"padding": "same", "dilation": 3}, {"groups": 2}],
    ids=str,
)
@pytest.mark.parametrize("x", [X1, X1[0]], ids=["batch", "single"])
def test_conv1d_is_that_of_pytorch(options, x):
    compare(
        nn.Conv1d(4, 6, 3, **options, rng=0), lambda torch: torch.nn.Conv1d(4, 6, 3, **options), x
    )


def test_conv3d_is_that_of_pytorch():
    options = {"stride": (1, 2, 1), "padding": (0, 1, 1)}
    compare(
        nn.Conv3d(2, 3, (2, 3, 2), **options, rng=0),
        lambda torch: torch.nn.Conv3d(2, 3, (2, 3, 2), **options),
        X3,
    )


TRANSPOSED = [
    {},
    {"stride": 2, "padding": 1, "output_padding": 1},
    {"stride": (3, 2), "output_padding": (2, 1)},
    {"stride": 3, "padding": 1, "output_padding": 2},
    {"dilation": 3, "padding": 1, "output_padding": 2},
    {"groups": 2, "bias": False},
    {"padding": 2},
]


@pytest.mark.parametrize("options", TRANSPOSED, ids=str)
def test_conv_transpose2d_is_that_of_pytorch(options):
    compare(
        nn.ConvTranspose2d(4, 6, (3, 2), **options, rng=0),
        lambda torch: torch.nn.ConvTranspose2d(4, 6, (3, 2), **options),
        X2,
    )


@pytest.mark.parametrize("x", [X1, X1[0]], ids=["batch", "single"])
def test_conv_transpose1d_is_that_of_pytorch(x):
    compare(
        nn.ConvTranspose1d(4, 2, 4, 2, 1, rng=0),
        lambda torch: torch.nn.ConvTranspose1d(4, 2, 4, 2, 1),
        x,
    )


def test_conv_transpose3d_is_that_of_pytorch():
    compare(
        nn.ConvTranspose3d(2, 1, 2, stride=2, rng=0),
        lambda torch: torch.nn.ConvTranspose3d(2, 1, 2, stride=2),
        X3,
    )


def test_functions_are_what_the_layers_compute(rng):
    x, w, b = rng.normal(size=(2, 4, 6, 6)), rng.normal(size=(6, 2, 3, 3)), rng.normal(size=6)
    layer = nn.Conv2d(4, 6, 3, 2, 1, groups=2)
    layer.load_state_dict({"weight": w, "bias": b})
    np.testing.assert_array_equal(dr.value(layer(x)), nn.conv2d(x, w, b, 2, 1, groups=2))
    back = nn.ConvTranspose2d(6, 4, 3, 2, 1, groups=2, bias=False)
    back.load_state_dict({"weight": w})
    y = rng.normal(size=(2, 6, 3, 3))
    np.testing.assert_array_equal(
        dr.value(back(y)), nn.conv_transpose2d(y, w, None, 2, 1, groups=2)
    )


@given(
    n=st.integers(1, 12),
    k=st.integers(1, 4),
    s=st.integers(1, 3),
    p=st.integers(0, 3),
    d=st.integers(1, 3),
)
def test_lengths_follow_the_formula_or_are_refused(n, k, s, p, d):
    x, w = np.ones((1, 1, n)), np.ones((1, 1, k))
    length = (n + 2 * p - d * (k - 1) - 1) // s + 1
    if length < 1:
        with pytest.raises(ShapeError, match="the kernel spans"):
            nn.conv1d(x, w, None, s, p, d)
    else:
        y = nn.conv1d(x, w, None, s, p, d)
        assert y.shape == (1, 1, length)
        assert np.all((y >= 0) & (y <= k))


@given(n=st.integers(1, 9), k=st.integers(1, 6), d=st.integers(1, 3))
def test_same_keeps_the_length(n, k, d):
    assert nn.conv1d(np.ones((2, n)), np.ones((3, 2, k)), padding="same", dilation=d).shape == (
        3,
        n,
    )


def test_the_transpose_belongs_to_the_convolution(rng):
    x, w = rng.normal(size=(2, 4, 7, 8)), rng.normal(size=(6, 4, 3, 2))
    options = {"stride": (2, 3), "padding": (1, 0)}
    y = nn.conv2d(x, w, **options)
    ct = rng.normal(size=y.shape)
    back = nn.conv_transpose2d(ct, w, **options, output_padding=(0, 0))
    assert back.shape[2:] == (7, 8)
    np.testing.assert_allclose(np.sum(y * ct), np.sum(x * back), rtol=1e-12)


def test_derivatives_are_those_of_finite_differences(rng):
    x, w = rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(4, 1, 2, 2))
    dr.check_derivatives(
        lambda x, w: nn.conv2d(x, w, stride=(2, 1), padding=1, groups=2) ** 2, x, w
    )
    dr.check_derivatives(
        lambda x, w: np.sin(nn.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)),
        rng.normal(size=(1, 4, 2, 3)),
        w,
    )


def test_per_sample_gradients_by_vmap(rng):
    model = nn.Conv2d(2, 3, 3, padding="same", rng=0)
    x = rng.normal(size=(4, 2, 5, 5))

    def loss(weights, x):
        return np.sum(np.tanh(nn.functional_call(model, weights, x)))

    weights = model.weights()
    got = dr.vmap(dr.grad(loss), in_axes=(None, 0))(weights, x)
    for k in range(4):
        want = dr.grad(loss)(weights, x[k])
        for name in want:
            np.testing.assert_allclose(got[name][k], want[name], rtol=1e-11, atol=1e-12)


def test_jacobian_of_a_convolution_is_its_matrix():
    w = np.array([[[1.0, 2.0, 3.0]]])
    j = dr.jacobian(lambda x: nn.conv1d(x, w)[0])(np.zeros((1, 5)))
    assert j[:, 0].tolist() == [[1, 2, 3, 0, 0], [0, 1, 2, 3, 0], [0, 0, 1, 2, 3]]
    sparse = dr.sparse.jacobian(lambda x: nn.conv1d(x[None], w)[0])(np.zeros(5))
    assert sparse.toarray().tolist() == j[:, 0].tolist()


@pytest.mark.parametrize("make", [nn.Conv2d, nn.ConvTranspose2d])
def test_initial_values_are_bounded_by_the_fan(make):
    layer = make(4, 8, (3, 5), groups=2, rng=0)
    bound = 1 / np.sqrt(layer.weight[0].size)
    for p in layer.parameters():
        assert np.abs(p.data).max() <= bound
    assert np.abs(layer.weight.data).max() > 0.9 * bound
    again = make(4, 8, (3, 5), groups=2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(layer.weight.data, again.weight.data)


def test_float32_stays_float32(rng):
    model = nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect", rng=0, dtype=np.float32)
    x = rng.normal(size=(1, 2, 5, 5)).astype(np.float32)
    assert model(x).dtype == np.float32
    g = dr.grad(lambda w: np.sum(nn.functional_call(model, w, x) ** 2))(model.weights())
    assert {v.dtype for v in g.values()} == {np.dtype(np.float32)}


def test_text_shows_what_is_unusual():
    assert repr(nn.Conv1d(2, 4, 3, padding="same", bias=False)) == (
        "Conv1d(2, 4, kernel_size=(3,), padding='same', bias=False)"
    )
    assert repr(nn.ConvTranspose2d(2, 4, 3, 2, 1, 1)) == (
        "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))"
    )


def image(*shape):
    return np.ones(shape)


ERRORS = [
    (
        lambda: nn.conv2d(image(2, 3, 5, 5), image(4, 2, 3, 3)),
        ShapeError,
        "has 3 channels, wanted are 2",
    ),
    (lambda: nn.conv2d(image(2, 5, 5, 3), image(4, 3, 3, 3)), ShapeError, "np.moveaxis(x, -1, -3)"),
    (lambda: nn.conv2d(image(5, 5), image(4, 3, 3, 3)), ShapeError, "has shape (5, 5), wanted is"),
    (lambda: nn.conv1d(image(2, 3, 5, 5), image(4, 3, 3)), ShapeError, "(batch, channels, length)"),
    (
        lambda: nn.conv2d(image(1, 5, 5), image(1, 3, 3)),
        ShapeError,
        "the weight has shape (1, 3, 3)",
    ),
    (lambda: nn.conv2d(image(1, 5, 5), image(1, 1, 0, 3)), ShapeError, "the weight has shape"),
    (lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 5, 3)), ShapeError, "spans (5, 3)"),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), dilation=2),
        ShapeError,
        "the padded input only (4, 4)",
    ),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(2, 1, 3, 3), image(3)),
        ShapeError,
        "wanted is one per output channel",
    ),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), padding="full"),
        InputError,
        "'valid' or 'same', not 'full'",
    ),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), padding=-1),
        InputError,
        "padding is an integer of at least 0",
    ),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), padding=(1, 2, 3)),
        InputError,
        "2 of them",
    ),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), stride=0),
        InputError,
        "stride is an integer of at least 1",
    ),
    (lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), stride=1.5), InputError, "not 1.5"),
    (
        lambda: nn.conv2d(image(1, 4, 4), image(1, 1, 3, 3), stride=2, padding="same"),
        InputError,
        "padding='same' needs stride 1",
    ),
    (
        lambda: nn.conv2d(image(2, 4, 4), image(3, 1, 3, 3), groups=2),
        InputError,
        "groups=2 should divide",
    ),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), InputError, "the 3 input channels"),
    (lambda: nn.Conv2d(0, 4, 3), InputError, "in_channels is a positive integer"),
    (
        lambda: nn.Conv2d(1, 4, (3, 3, 3)),
        InputError,
        "kernel_size is an integer of at least 1, or 2 of them",
    ),
    (lambda: nn.Conv2d(1, 4, 3, padding_mode="mirror"), InputError, "padding_mode is one of"),
    (lambda: nn.Conv2d(1, 4, 3, 2, "same"), InputError, "needs stride 1"),
    (lambda: nn.Conv2d(1, 4, 3, padding=1, padding_mode="wrap"), InputError, "not 'wrap'"),
    (
        lambda: nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular")(image(2, 5, 5)),
        ShapeError,
        "has 2 channels, wanted are 1",
    ),
    (
        lambda: nn.conv_transpose1d(image(2, 4), image(3, 1, 2)),
        ShapeError,
        "has 2 channels, wanted are 3",
    ),
    (
        lambda: nn.conv_transpose1d(image(1, 4), image(1, 1, 2), stride=2, output_padding=2),
        InputError,
        "output_padding (2,) should be smaller",
    ),
    (
        lambda: nn.conv_transpose1d(image(1, 1), image(1, 1, 3), padding=2),
        ShapeError,
        "cuts off everything",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()
