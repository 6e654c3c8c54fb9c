"""Differences, numerical gradients, trapezoidal sums and interpolation."""

import numpy as np
import pytest

import dualrev as dr

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
