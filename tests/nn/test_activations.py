"""Activations: against PyTorch, at kinks, at ±1000, in both modes and to second order."""

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import Function, compare, same, torch_or_skip

X = np.random.default_rng(3).normal(0.0, 2.0, (3, 4, 6))

# Name of the module, its options, and PyTorch's module with its own.
MODULES = {
    "ReLU": ({}, lambda t: t.nn.ReLU()),
    "ReLU6": ({}, lambda t: t.nn.ReLU6()),
    "LeakyReLU": ({}, lambda t: t.nn.LeakyReLU()),
    "LeakyReLU 0.3": ({"slope": 0.3}, lambda t: t.nn.LeakyReLU(0.3)),
    "ELU": ({}, lambda t: t.nn.ELU()),
    "ELU 0.7": ({"alpha": 0.7}, lambda t: t.nn.ELU(0.7)),
    "CELU": ({}, lambda t: t.nn.CELU()),
    "CELU 2": ({"alpha": 2.0}, lambda t: t.nn.CELU(2.0)),
    "SELU": ({}, lambda t: t.nn.SELU()),
    "GELU": ({}, lambda t: t.nn.GELU()),
    "GELU tanh": ({"approximate": "tanh"}, lambda t: t.nn.GELU("tanh")),
    "SiLU": ({}, lambda t: t.nn.SiLU()),
    "Mish": ({}, lambda t: t.nn.Mish()),
    "Sigmoid": ({}, lambda t: t.nn.Sigmoid()),
    "LogSigmoid": ({}, lambda t: t.nn.LogSigmoid()),
    # PyTorch's threshold replaces the function by x above 20, which is off by 2e-9 there.
    "Softplus": ({}, lambda t: t.nn.Softplus(threshold=500)),
    "Softplus 3": ({"beta": 3.0}, lambda t: t.nn.Softplus(3.0, threshold=500)),
    "Softsign": ({}, lambda t: t.nn.Softsign()),
    "Tanh": ({}, lambda t: t.nn.Tanh()),
    "Hardtanh": ({}, lambda t: t.nn.Hardtanh()),
    "Hardtanh -2 .5": ({"low": -2.0, "high": 0.5}, lambda t: t.nn.Hardtanh(-2.0, 0.5)),
    "Softmax": ({}, lambda t: t.nn.Softmax(-1)),
    "Softmax 1": ({"axis": 1}, lambda t: t.nn.Softmax(1)),
    "LogSoftmax": ({}, lambda t: t.nn.LogSoftmax(-1)),
    "LogSoftmax 0": ({"axis": 0}, lambda t: t.nn.LogSoftmax(0)),
    "GLU": ({}, lambda t: t.nn.GLU()),
    "GLU 1": ({"axis": 1}, lambda t: t.nn.GLU(1)),
}
# PyTorch's derivative at the kinks of these, and around them, entry by entry.
KINKS = {
    "ReLU": [0.0, -0.0],
    "ReLU6": [0.0, 6.0],
    "LeakyReLU": [0.0],
    "LeakyReLU 0.3": [0.0],
    "ELU": [0.0],
    "ELU 0.7": [0.0],
    "CELU 2": [0.0],
    "SELU": [0.0],
    "Softsign": [0.0],
    "Hardtanh": [-1.0, 1.0],
    "Hardtanh -2 .5": [-2.0, 0.5],
}
ENTRYWISE = [name for name in MODULES if name.split()[0] not in ("Softmax", "LogSoftmax", "GLU")]
ALL_FUNCTIONS = {
    **{name: getattr(nn, name.split()[0])(**options) for name, (options, _) in MODULES.items()},
    "PReLU": lambda x: nn.prelu(x, np.array([0.2])),
}


def make(name):
    options, _ = MODULES[name]
    return getattr(nn, name.split()[0])(**options)


@pytest.mark.parametrize("name", MODULES)
def test_against_torch(name):
    compare(make(name), MODULES[name][1], X)


@pytest.mark.parametrize("name", MODULES)
def test_far_out_against_torch(name):
    x = np.array([[-1000.0, -40.0, -20.0, -5.0], [5.0, 20.0, 40.0, 1000.0]])
    compare(make(name), MODULES[name][1], x)


@pytest.mark.parametrize("name", KINKS)
def test_kinks_against_torch(name):
    compare(make(name), MODULES[name][1], np.array(KINKS[name]))


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (nn.relu, 0.0, 0.0),
        (nn.relu6, 0.0, 0.0),
        (nn.relu6, 6.0, 0.0),
        (nn.leaky_relu, 0.0, 0.01),
        (lambda x: nn.prelu(x, 0.3), 0.0, 0.3),
        (lambda x: nn.elu(x, alpha=0.7), 0.0, 0.7),
        (lambda x: nn.celu(x, alpha=3.0), 0.0, 1.0),
        (nn.selu, 0.0, 1.6732632423543772 * 1.0507009873554805),
        (nn.hardtanh, 1.0, 0.0),
        (nn.hardtanh, -1.0, 0.0),
        (nn.softsign, 0.0, 1.0),
    ],
)
def test_kinks(f, at, slope):
    """What the docstrings state, without PyTorch, in both modes."""
    assert dr.grad(f)(at) == slope
    assert dr.jvp(f, (at,), (1.0,))[1] == slope


# Value, slope and curvature at -1000 and at 1000.
LIMITS = {
    "ReLU": ((0, 0, 0), (1000, 1, 0)),
    "ReLU6": ((0, 0, 0), (6, 0, 0)),
    "LeakyReLU": ((-10, 0.01, 0), (1000, 1, 0)),
    "ELU": ((-1, 0, 0), (1000, 1, 0)),
    "CELU 2": ((-2, np.exp(-500.0), np.exp(-500.0) / 2), (1000, 1, 0)),
    "SELU": ((-1.7580993408473766, 0, 0), (1050.7009873554805, 1.0507009873554805, 0)),
    "GELU": ((0, 0, 0), (1000, 1, 0)),
    "GELU tanh": ((0, 0, 0), (1000, 1, 0)),
    "SiLU": ((0, 0, 0), (1000, 1, 0)),
    "Mish": ((0, 0, 0), (1000, 1, 0)),
    "Sigmoid": ((0, 0, 0), (1, 0, 0)),
    "LogSigmoid": ((-1000, 1, 0), (0, 0, 0)),
    "Softplus": ((0, 0, 0), (1000, 1, 0)),
    "Softplus 3": ((0, 0, 0), (1000, 1, 0)),
    "Softsign": (
        (-1000 / 1001, 1001.0**-2, 2 * 1001.0**-3),
        (1000 / 1001, 1001.0**-2, -2 * 1001.0**-3),
    ),
    "Tanh": ((-1, 0, 0), (1, 0, 0)),
    "Hardtanh": ((-1, 0, 0), (1, 0, 0)),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_far_out(name, dtype):
    """Finite, without a warning (which would be an error), in value and two derivatives."""
    f = make(name)
    tolerance = {"rtol": 64 * np.finfo(dtype).eps, "atol": np.finfo(dtype).tiny}
    for x, (y, slope, curvature) in zip(dtype([-1000, 1000]), LIMITS[name], strict=True):
        np.testing.assert_allclose(f(x), y, **tolerance)
        np.testing.assert_allclose(dr.grad(f)(x), slope, **tolerance)
        np.testing.assert_allclose(dr.jvp(f, (x,), (dtype(1),))[1], slope, **tolerance)
        np.testing.assert_allclose(dr.hvp(f)(x, dtype(1)), curvature, **tolerance)


def test_limits_are_of_all():
    assert {name.split()[0] for name in LIMITS} == {name.split()[0] for name in ENTRYWISE}


@pytest.mark.parametrize("f", [nn.softmax, nn.log_softmax])
def test_softmax_far_out(f):
    x = np.array([-1000.0, 0.0, 1000.0])
    wanted = [0.0, 0.0, 1.0] if f is nn.softmax else [-2000.0, -1000.0, 0.0]
    np.testing.assert_array_equal(f(x), wanted)
    assert np.isfinite(dr.jacobian(f)(x)).all()
    np.testing.assert_array_equal(dr.hessian(lambda x: f(x)[0])(x), np.zeros((3, 3)))


@pytest.mark.parametrize("name", ALL_FUNCTIONS)
def test_derivatives(name):
    """Both modes, and second order, against differences, away from kinks."""
    f = ALL_FUNCTIONS[name]
    x = np.array([[-3.3, -1.4, -0.3, 0.25], [0.6, 1.7, 4.2, 7.5]])
    dr.check_derivatives(lambda x: np.sum(np.sin(f(x))), x, order=2)


@pytest.mark.parametrize("name", ALL_FUNCTIONS)
def test_dtype_and_nan(name):
    f = ALL_FUNCTIONS[name]
    x = np.array([[0.5, -0.5], [2.0, -2.0]], np.float32)
    weight_is_double = name == "PReLU"
    assert f(x).dtype == (np.float64 if weight_is_double else np.float32)
    assert dr.grad(lambda x: np.sum(f(x)))(x).dtype == np.float32
    assert np.isnan(f(np.full((1, 2), np.nan))).all()


@pytest.mark.parametrize(
    "name", [name for name in ALL_FUNCTIONS if "axis" not in MODULES.get(name, ({},))[0]]
)
def test_batched(name):
    f = ALL_FUNCTIONS[name]
    x = X[0]
    np.testing.assert_array_equal(dr.vmap(f)(x), np.stack([f(row) for row in x]))


@pytest.mark.parametrize(
    "f", [nn.relu, nn.elu, nn.gelu, nn.sigmoid, nn.softplus, nn.softmax, nn.mish, nn.hardtanh]
)
def test_lists_and_integers(f):
    wanted = f(np.array([1.0, 200.0, 3.0]))
    np.testing.assert_array_equal(f([1, 200, 3]), wanted)
    # Of small integers NumPy's own functions give float16.
    np.testing.assert_array_equal(f(np.array([1, 200, 3], np.uint8)), wanted)
    if f is not nn.softmax:
        assert f(2) == f(2.0)


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 5, 3), (2, 5, 3, 2)])
@pytest.mark.parametrize("slopes", [1, 5])
def test_prelu(shape, slopes):
    x = np.random.default_rng(0).normal(size=shape)
    x.flat[0] = 0.0
    layer = nn.PReLU(slopes, 0.3)
    layer.weight.data = np.linspace(-0.5, 0.7, slopes)
    if len(shape) == 1 and slopes == 5:
        # PyTorch takes one channel for a vector, whatever its length.
        np.testing.assert_array_equal(
            layer(x).detach(), np.where(x > 0, x, np.linspace(-0.5, 0.7, 5) * x)
        )
        return
    compare(layer, lambda t: t.nn.PReLU(slopes), x)


def test_functions_of_torch():
    """The functions answer like torch.nn.functional's of the same name."""
    torch = torch_or_skip()
    functional = torch.nn.functional
    for ours, theirs in [
        (nn.relu, functional.relu),
        (nn.silu, functional.silu),
        (nn.log_sigmoid, functional.logsigmoid),
        (nn.mish, functional.mish),
        (nn.relu6, functional.relu6),
    ]:
        same(ours(X), theirs(torch.from_numpy(X)).numpy(), ours.__name__)


def test_modules_are_their_functions():
    for name in MODULES:
        module = make(name)
        assert module.parameters() == []
        np.testing.assert_array_equal(
            module(X), Function(type(module).function)(X, **module.options)
        )


def test_options_by_position_and_in_repr():
    assert nn.LeakyReLU(0.3).options == {"slope": 0.3}
    assert repr(nn.LeakyReLU(0.3)) == "LeakyReLU(slope=0.3)"
    assert repr(nn.GELU("tanh")) == "GELU(approximate='tanh')"
    assert repr(nn.ReLU()) == "ReLU()"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.GELU(approximate="erf")(X), InputError, "'none' or 'tanh'"),
        (lambda: nn.hardtanh(X, low=1.0, high=1.0), InputError, "not below"),
        (lambda: nn.celu(X, alpha=0.0), InputError, "alpha is positive"),
        (lambda: nn.softplus(X, beta=-1.0), InputError, "beta is positive"),
        (lambda: nn.glu(np.zeros((2, 3))), ShapeError, "odd"),
        (lambda: nn.glu(np.float64(1.0)), ShapeError, "odd"),
        (lambda: nn.prelu(np.zeros((2, 3)), np.zeros(2)), ShapeError, "axis 1"),
        (lambda: nn.ReLU(0.1), InputError, "options are"),
        (lambda: nn.ELU(slope=0.1), InputError, "alpha=1.0"),
        (lambda: nn.ELU(0.1, alpha=0.1), InputError, "not alpha"),
        (lambda: nn.PReLU(0), InputError, "positive integer"),
        (lambda: nn.relu("text"), InputError, "str"),
        (lambda: nn.relu(X * 1j), InputError, "relu: the input is complex"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
