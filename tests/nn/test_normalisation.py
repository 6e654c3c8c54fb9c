"""Normalising layers against PyTorch, and by themselves: moments, running statistics, modes, errors."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare, torch_or_skip

X2 = np.random.default_rng(1).normal(1.0, 2.0, size=(5, 6))
X3 = np.random.default_rng(2).normal(1.0, 2.0, size=(4, 6, 5))
X4 = np.random.default_rng(3).normal(1.0, 2.0, size=(3, 6, 4, 5))
X5 = np.random.default_rng(4).normal(1.0, 2.0, size=(2, 6, 2, 3, 2))


def lively(layer):
    """Give parameters and running moments values that are not ones and zeros."""
    rng = np.random.default_rng(9)
    state = {
        name: rng.uniform(0.5, 1.5, v.shape) if v.dtype.kind == "f" else v + 3
        for name, v in layer.state_dict().items()
    }
    layer.load_state_dict(state)
    return layer


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("shape", [6, (5,), (4, 5), (6, 4, 5)], ids=str)
def test_layer_norm_is_that_of_pytorch(shape, eps):
    x = X4 if shape != 6 else X2
    compare(lively(nn.LayerNorm(shape, eps)), lambda torch: torch.nn.LayerNorm(shape, eps), x)


def test_layer_norm_without_parameters_is_that_of_pytorch():
    compare(nn.LayerNorm(6, bias=False), lambda torch: torch.nn.LayerNorm(6, bias=False), X2)
    compare(
        nn.LayerNorm(6, elementwise_affine=False),
        lambda torch: torch.nn.LayerNorm(6, elementwise_affine=False),
        X2,
    )


@pytest.mark.parametrize("eps", [None, 0.1])
def test_rms_norm_is_that_of_pytorch(eps):
    compare(lively(nn.RMSNorm((4, 5), eps)), lambda torch: torch.nn.RMSNorm((4, 5), eps), X4)


@pytest.mark.parametrize("x", [X2, X3, X4, X5], ids=lambda x: f"{x.ndim} axes")
@pytest.mark.parametrize("groups", [1, 2])
def test_group_norm_is_that_of_pytorch(groups, x):
    compare(lively(nn.GroupNorm(groups, 6)), lambda torch: torch.nn.GroupNorm(groups, 6), x)


BATCHES = [("BatchNorm1d", X2), ("BatchNorm1d", X3), ("BatchNorm2d", X4), ("BatchNorm3d", X5)]
OPTIONS = [
    {},
    {"momentum": 0.3, "eps": 0.1},
    {"momentum": None},
    {"affine": False},
    {"track_running_stats": False},
]


@pytest.mark.parametrize("eval_mode", [False, True], ids=["train", "eval"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("name", "x"), BATCHES, ids=[f"{n}, {x.ndim} axes" for n, x in BATCHES])
def test_batch_norm_is_that_of_pytorch(name, x, options, eval_mode):
    compare(
        lively(getattr(nn, name)(6, **options)),
        lambda torch: getattr(torch.nn, name)(6, **options),
        x,
        eval_mode=eval_mode,
    )


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_moments_over_many_batches_are_those_of_pytorch(momentum, rng):
    torch = torch_or_skip()
    ours, theirs = (
        nn.BatchNorm1d(3, momentum=momentum),
        torch.nn.BatchNorm1d(3, momentum=momentum).double(),
    )
    for _ in range(7):
        x = rng.normal(2.0, 3.0, size=(8, 3))
        ours(x)
        theirs(torch.from_numpy(x))
    for name, b in theirs.named_buffers():
        np.testing.assert_allclose(ours.named_buffers()[name], b.numpy(), rtol=1e-12)


@given(st.integers(2, 20), st.integers(1, 4), st.integers(0, 99))
def test_moments_after_normalisation(n, channels, seed):
    x = np.random.default_rng(seed).normal(3.0, 2.0, size=(n, channels))
    for y, axis in (
        (nn.batch_norm(x, None, None, training=True, eps=0.0), 0),
        (nn.layer_norm(x, channels, eps=0.0) if channels > 1 else None, 1),
    ):
        if y is not None:
            # Rounding of the mean is divided by the deviation, which a few samples leave not far below 1e-3.
            np.testing.assert_allclose(y.mean(axis), 0, atol=1e-10)
            np.testing.assert_allclose((y**2).mean(axis), 1, rtol=1e-10)


def test_the_mean_of_all_batches_is_kept_without_momentum(rng):
    layer = nn.BatchNorm1d(2, momentum=None)
    batches = rng.normal(size=(3, 6, 2))
    for x in batches:
        layer(x)
    np.testing.assert_allclose(layer.running_mean, batches.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, batches.var(1, ddof=1).mean(0), rtol=1e-12)
    assert layer.num_batches_tracked == 3


def test_evaluation_uses_and_keeps_the_running_moments(rng):
    layer = nn.BatchNorm1d(2)
    layer(rng.normal(size=(6, 2)))
    before = layer.state_dict()
    x = rng.normal(size=(1, 2))
    y = layer.eval()(x)
    want = (x - before["running_mean"]) / np.sqrt(before["running_var"] + 1e-5)
    np.testing.assert_allclose(dr.value(y), want, rtol=1e-12)
    for name, v in layer.state_dict().items():
        np.testing.assert_array_equal(v, before[name])


def test_buffers_are_plain_whatever_is_traced(rng):
    layer = nn.BatchNorm1d(2)
    x = rng.normal(size=(5, 2))

    def loss(w, x):
        return np.sum(nn.functional_call(layer, w, x) ** 3)

    want = nn.BatchNorm1d(2)
    want(x)
    dr.grad(loss, argnums=(0, 1))(layer.weights(), x)
    np.testing.assert_allclose(layer.running_mean, want.running_mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, want.running_var, rtol=1e-12)
    dr.hvp(lambda x: loss(layer.weights(), x))(x, x)
    dr.jvp(lambda x: loss(layer.weights(), x), (x,), (x,))
    for b in layer.named_buffers().values():
        assert type(b) is np.ndarray
    assert layer.num_batches_tracked == 3


def test_state_has_the_buffers_and_goes_round(rng, tmp_path):
    layer = nn.BatchNorm1d(2)
    layer(rng.normal(size=(5, 2)))
    assert list(layer.state_dict()) == [
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]
    layer.save(tmp_path / "state.npz")
    other = nn.BatchNorm1d(2)
    other.load(tmp_path / "state.npz")
    for name, v in other.state_dict().items():
        np.testing.assert_array_equal(v, layer.state_dict()[name])
    assert list(nn.BatchNorm1d(2, track_running_stats=False).state_dict()) == ["weight", "bias"]


def test_a_single_channel_has_running_moments_too(rng):
    x = rng.normal(size=(5, 1))
    layer = nn.BatchNorm1d(1, momentum=1.0)
    layer(x)
    np.testing.assert_allclose(layer.running_mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, x.var(0, ddof=1), rtol=1e-12)


def test_derivatives_are_those_of_finite_differences(rng):
    x, w, b = rng.normal(size=(5, 4, 2)), rng.normal(size=4), rng.normal(size=4)
    dr.check_derivatives(
        lambda x, w, b: nn.batch_norm(x, None, None, w, b, training=True) ** 2, x, w, b
    )
    dr.check_derivatives(lambda x, w, b: nn.group_norm(x, 2, w, b) ** 2, x, w, b)
    flat = rng.normal(size=(3, 4))
    dr.check_derivatives(lambda x, w, b: nn.layer_norm(x, 4, w, b) ** 2, flat, w, b)
    dr.check_derivatives(lambda x, w: nn.rms_norm(x, 4, w) ** 2, flat, w)


def test_constant_features_have_finite_derivatives():
    x = np.full((2, 3), 7.0)
    for f in (lambda x: nn.layer_norm(x, 3), lambda x: nn.batch_norm(x, None, None, training=True)):
        assert np.all(f(x) == 0)
        assert np.all(np.isfinite(dr.jacobian(f)(x)))


def test_moments_may_be_traced(rng):
    x, m, v = rng.normal(size=(4, 3)), rng.normal(size=3), rng.uniform(1, 2, 3)
    dr.check_derivatives(lambda m, v: nn.batch_norm(x, m, v), m, v)


def test_lanes(rng):
    x = rng.normal(size=(3, 5, 4))
    np.testing.assert_allclose(
        dr.vmap(lambda x: nn.layer_norm(x, 4))(x), nn.layer_norm(x, 4), rtol=1e-12
    )
    layer = nn.BatchNorm1d(4)
    weights = layer.weights()
    with pytest.raises(ShapeError, match="every lane would leave other running moments"):
        dr.vmap(lambda x: nn.functional_call(layer, weights, x))(x)
    assert layer.num_batches_tracked == 0
    got = dr.vmap(lambda x: nn.functional_call(layer.eval(), weights, x))(x)
    np.testing.assert_allclose(got, x / np.sqrt(1 + 1e-5), rtol=1e-12)


def test_float32_stays_float32(rng):
    x = rng.normal(size=(5, 4)).astype(np.float32)
    for layer in (
        nn.LayerNorm(4, dtype=np.float32),
        nn.RMSNorm(4, dtype=np.float32),
        nn.GroupNorm(2, 4, dtype=np.float32),
        nn.BatchNorm1d(4, dtype=np.float32),
    ):
        assert layer(x).dtype == np.float32
        assert {v.dtype for v in layer.named_buffers().values()} <= {np.dtype("f4"), np.dtype(int)}


def test_text():
    assert (
        repr(nn.LayerNorm(4, elementwise_affine=False))
        == "LayerNorm((4,), eps=1e-05, elementwise_affine=False)"
    )
    assert (
        repr(nn.BatchNorm2d(3, affine=False))
        == "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=False)"
    )
    assert repr(nn.GroupNorm(2, 4)) == "GroupNorm(2, 4, eps=1e-05)"


def ones(*shape):
    return np.ones(shape)


ERRORS = [
    (lambda: nn.LayerNorm(0), InputError, "normalized_shape is a positive integer or a tuple"),
    (lambda: nn.LayerNorm(2.5), InputError, "not 2.5"),
    (
        lambda: nn.LayerNorm(4)(ones(2, 3)),
        ShapeError,
        "has shape (2, 3), and should end with the normalised shape (4,)",
    ),
    (lambda: nn.layer_norm(ones(4), (2, 4)), ShapeError, "should end with"),
    (
        lambda: nn.layer_norm(ones(4), 4, ones(3)),
        ShapeError,
        "the weight has shape (3,), wanted is (4,)",
    ),
    (lambda: nn.GroupNorm(2, 5), InputError, "2 groups do not divide 5 channels"),
    (lambda: nn.group_norm(ones(2, 5), 2), InputError, "do not divide the 5 channels"),
    (lambda: nn.group_norm(ones(5), 1), ShapeError, "(batch, channels, ...)"),
    (lambda: nn.GroupNorm(2, 4)(ones(2, 5)), ShapeError, "with 4 channels"),
    (
        lambda: nn.BatchNorm1d(3)(ones(2, 4)),
        ShapeError,
        "(batch, channels) or (batch, channels, length) with 3 channels",
    ),
    (
        lambda: nn.BatchNorm2d(3)(ones(2, 3)),
        ShapeError,
        "wanted is (batch, channels, height, width)",
    ),
    (lambda: nn.BatchNorm1d(3)(ones(1, 3)), ShapeError, "less than two entries per channel"),
    (lambda: nn.BatchNorm1d(3)(ones(0, 3)), ShapeError, "less than two entries per channel"),
    (lambda: nn.BatchNorm1d(3, momentum=2), InputError, "momentum is between 0 and 1, or None"),
    (lambda: nn.BatchNorm1d(0), InputError, "num_features is a positive integer"),
    (lambda: nn.batch_norm(ones(2, 3), None, ones(3)), InputError, "running_mean is None"),
    (
        lambda: nn.batch_norm(ones(2, 3), ones(2), ones(3)),
        ShapeError,
        "running_mean has shape (2,)",
    ),
    (lambda: nn.batch_norm(ones(3), None, None), ShapeError, "(batch, channels, ...)"),
]


@pytest.mark.parametrize(("call", "error", "words"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_was_wrong(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()
