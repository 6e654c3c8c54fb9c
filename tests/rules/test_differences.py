"""Differences, numerical gradients, trapezoidal sums and interpolation."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import ENTRIES

STEPS = np.array([0.0, 0.4, 1.1, 1.5])
FUNCTIONS = {
    "diff": np.diff,
    "diff twice": lambda x: np.diff(x, 2, axis=1),
    "diff none": lambda x: np.diff(x, 0),
    "diff, extended": lambda x: np.diff(x, axis=0, prepend=1.0, append=x[:1]),
    "ediff1d": np.ediff1d,
    "ediff1d, extended": lambda x: np.ediff1d(x, to_end=[1.0, 2.0], to_begin=x[0, 0]),
    "gradient": lambda x: np.stack(np.gradient(x)),
    "gradient, second-order ends": lambda x: np.stack(np.gradient(x, edge_order=2)),
    "gradient, uniform": lambda x: np.gradient(x, 0.5, axis=1),
    "gradient on a grid": lambda x: np.stack(np.gradient(x, STEPS[:3], 0.5)),
    "gradient on a grid, second-order ends": (
        lambda x: np.gradient(x, STEPS, axis=1, edge_order=2)
    ),
    "gradient of two points": lambda x: np.gradient(x[:, :2], STEPS[:2], axis=1),
    "gradient over the grid": lambda x: np.gradient(x[0] ** 2, STEPS + 0.1 * x[1]),
    "gradient over a step": lambda x: np.gradient(x[0] ** 2, x[1, 0]),
    "trapezoid": np.trapezoid,
    "trapezoid on a grid": lambda x: np.trapezoid(x, STEPS),
    "trapezoid over the grid": lambda x: np.trapezoid(x[0], x[1] ** 2),
    "trapezoid along rows": lambda x: np.trapezoid(x, x**2, axis=0),
    "trapezoid over a step": lambda x: np.trapezoid(x, dx=x[0, 0]),
    "interp, points": lambda x: np.interp(x, STEPS - 0.5, [1.0, 3.0, -2.0, 0.5]),
    "interp, values": lambda x: np.interp([-1.0, 0.2, 0.4, 1.3, 1.5, 9.0], STEPS, x[0]),
    "interp, knots": lambda x: np.interp([0.25, 0.7, 1.2], STEPS + 0.1 * x[0], x[1]),
    "interp, ends": lambda x: np.interp([-9.0, 0.3, 9.0], STEPS, x[0], left=x[1, 0], right=2.0),
    "interp, periodic": lambda x: np.interp(x, STEPS, x[1], period=1.7),
    "interp, one knot": lambda x: np.interp([-1.0, 0.0, 2.0], [0.0], x[0, :1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_differences(name, rng, jac, central):
    f = FUNCTIONS[name]
    x = rng.normal(size=(3, 4))
    np.testing.assert_allclose(dr.vjp(f, x)[0], f(x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lanes(name, rng):
    f = FUNCTIONS[name]
    x = rng.normal(size=(2, 3, 4))
    loop = np.stack([f(v) for v in x])
    np.testing.assert_allclose(dr.vmap(f)(x), loop, rtol=1e-12, atol=1e-13)


def test_the_slope_at_a_knot_is_that_to_its_right(jac):
    J = jac(lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 2.0, 1.0]), np.array([0.0, 1.0, 5.0]))
    np.testing.assert_array_equal(J, np.diag([2.0, -1.0, 0.0]))


def test_numpys_errors():
    x = np.ones((2, 3))
    calls = [
        lambda x: np.diff(x, -1),
        lambda x: np.diff(x[0, 0]),
        lambda x: np.gradient(x, np.ones(5), axis=1),
        lambda x: np.gradient(x, np.ones((2, 2)), axis=1),
        lambda x: np.gradient(x, edge_order=3),
        lambda x: np.gradient(x, edge_order=2),
        lambda x: np.interp(x, [0.0, 1.0], [0.0]),
        lambda x: np.interp(x, [[0.0]], [[0.0]]),
        lambda x: np.interp(x, [], []),
        lambda x: np.interp(x, [0.0, 1.0], [0.0, 1.0], period=0),
    ]
    for call in calls:
        with pytest.raises(ValueError) as plain:  # noqa: PT011 - NumPy's own words
            call(x)
        with pytest.raises(plain.type):
            dr.vjp(call, x)
    with pytest.raises(TypeError, match="number of arguments"):
        dr.vjp(lambda x: np.gradient(x, 1.0, 1.0, 1.0), x)


# --------------------------------------------------------------------------------------------------
# Every option gives what NumPy gives, bit by bit

X = np.random.default_rng(31).normal(size=(4, 5))
UNEVEN = np.array([0.0, 0.3, 0.8, 1.0, 1.9])
OPTIONS = {
    "diff": [
        lambda x: np.diff(x, 3, 0),
        lambda x: np.diff(x, 7),
        lambda x: np.diff(x, axis=-2, prepend=x, append=[[2] * 5]),
        lambda x: np.diff(np.arange(3), prepend=x[0, 0]),
    ],
    "ediff1d": [
        lambda x: np.ediff1d(x, to_end=np.array([[1.0, 2.0]]), to_begin=0),
        lambda x: np.ediff1d(x, to_end=x, to_begin=np.zeros(0)),
        lambda x: np.ediff1d(x[0, 0], to_begin=x[0]),
        lambda x: np.ediff1d(x[:0]),
    ],
    "gradient": [
        lambda x: np.gradient(x, np.float64(0.3), edge_order=2),
        lambda x: np.gradient(x, 0.1, np.array(0.2), axis=(1, 0)),
        lambda x: np.gradient(x, 0.1, axis=(-1,)),
        lambda x: np.gradient(x, 0.3 * np.arange(5), axis=1, edge_order=2),
        lambda x: np.gradient(x, UNEVEN[:4], UNEVEN, edge_order=2),
        lambda x: np.gradient(x, np.array([9, 7, 4, 3, 1], np.uint8), axis=1),
        lambda x: np.gradient(x, [4, 3, 2, 1], axis=0, edge_order=2),
        lambda x: np.gradient(np.array([3, 1, 2], np.uint8), np.real(x[0, 0])),
        lambda x: np.gradient(x, axis=()),
    ],
    "trapezoid": [
        lambda x: np.trapezoid(x, dx=np.float64(0.1), axis=0),
        lambda x: np.trapezoid(x, dx=[0.1, 0.2, 0.3, 0.4]),
        lambda x: np.trapezoid(x, [0, 1, 3, 4], axis=0),
        lambda x: np.trapezoid([1, 2, 4], x[0, :3]),
        lambda x: np.trapezoid(x[None], x + 1.0, axis=-1),
    ],
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("name", OPTIONS)
def test_values_and_dtypes(name, dtype):
    x = (X * (1 + 0.5j)).astype(dtype) if dtype is np.complex128 else X.astype(dtype)
    for f in OPTIONS[name]:
        want = f(x)
        found = dr.vjp(f, x)[0]
        assert isinstance(found, tuple) == isinstance(want, tuple)
        pairs = zip(found, want, strict=True) if isinstance(want, tuple) else [(found, want)]
        for one, other in pairs:
            assert np.asarray(one).dtype == np.asarray(other).dtype
            np.testing.assert_array_equal(one, other)


KNOTS, LEVELS = np.array([0.0, 0.4, 1.1, 1.5]), np.array([1.0, 3.0, -2.0, 0.5])
EVERYWHERE = np.concatenate([np.linspace(-1.0, 2.5, 23), KNOTS, [np.nan, np.inf, -np.inf]])


@pytest.mark.parametrize(
    "options",
    [{}, {"left": -5.0}, {"left": 0, "right": 1.0}, {"period": 1.3}, {"period": -2, "left": 3}],
)
def test_interp_values_and_dtypes(options):
    def same(f, x):
        found, want = dr.vjp(f, x)[0], f(x)
        assert np.asarray(found).dtype == np.asarray(want).dtype
        np.testing.assert_array_equal(found, want)

    with np.errstate(invalid="ignore"):
        for dtype in (np.float64, np.float32):
            same(lambda x: np.interp(x, KNOTS, LEVELS, **options), EVERYWHERE.astype(dtype))
            same(lambda f: np.interp(EVERYWHERE, KNOTS, f, **options), LEVELS.astype(dtype))
            same(lambda k: np.interp(EVERYWHERE, k, LEVELS, **options), KNOTS.astype(dtype))
            same(lambda x: np.interp(EVERYWHERE, x[:1], x[1:], **options), KNOTS[:2].astype(dtype))
        same(lambda x: np.interp(x, KNOTS, LEVELS, **options), 0.3)


def test_interp_of_complex_values(rng):
    """The real and the imaginary part by themselves."""
    f = LEVELS + 1j * rng.normal(size=4)
    x = EVERYWHERE[:20]
    value, t = dr.jvp(lambda f: np.interp(x, KNOTS, f), (f,), (f,))
    np.testing.assert_allclose(value, np.interp(x, KNOTS, f), rtol=1e-14)
    np.testing.assert_allclose(t, value, rtol=1e-14)


def test_interp_over_what_numpy_does_not_dispatch_on(jac, central):
    interp = ENTRIES[np.interp].call
    x = np.array([-0.9, 0.1, 0.9, 2.2])
    calls = {
        "left": lambda p, f: f(x, KNOTS, LEVELS, left=p),
        "right": lambda p, f: f(x, KNOTS, LEVELS, right=2 * p),
        "period": lambda p, f: f(x, KNOTS, LEVELS, period=p),
    }
    for call in calls.values():
        p = np.array(1.7)
        want = central(lambda p, call=call: call(float(p), np.interp), p)
        np.testing.assert_allclose(jac(lambda p, call=call: call(p, interp), p), want, atol=1e-9)
    periods = np.array([1.3, 1.7])
    found = dr.vmap(lambda p: interp(x, KNOTS, LEVELS, period=p))(periods)
    np.testing.assert_array_equal(found, [np.interp(x, KNOTS, LEVELS, period=p) for p in periods])


def test_interp_across_jumps_and_infinite_values():
    """Values as NumPy's; finite slopes stay what they are."""
    tables = [
        ([0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 3.0, 4.0]),
        ([0.0, 1.0, 1.0], [0.0, 1.0, 3.0]),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, np.inf, 1.0, -np.inf, -np.inf]),
    ]
    x = np.array([-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0])
    with np.errstate(all="ignore"):
        for xp, fp in tables:
            f = lambda x, xp=xp, fp=fp: np.interp(x, xp, fp)
            np.testing.assert_array_equal(dr.vjp(f, x)[0], f(x))
        f = lambda x: np.interp(x, *tables[1])
        np.testing.assert_array_equal(dr.grad(lambda x: np.sum(f(x)))(x[1:3]), [1.0, 1.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.ediff1d([1, 2], to_end=x[0]),
        lambda x: np.ediff1d(x, to_begin=1j),
        lambda x: np.interp(1j * x, KNOTS, LEVELS),
        lambda x: np.interp(x, 1j * KNOTS, LEVELS),
    ],
)
def test_numpys_errors_of_types(call):
    x = np.ones((2, 3))
    with pytest.raises(TypeError):
        call(x)
    with pytest.raises(TypeError):
        dr.vjp(call, x)
