"""The written conventions at kinks, ties and singular points, and for complex numbers.

Every line of the tables is a point where a limit, an average or a choice has to be made.
"""

import numpy as np
import pytest

import dualrev as dr

INF = np.inf

KINKS = {
    # name: (function, x, derivative)
    "abs at 0": (np.abs, 0.0, 0.0),
    "abs at -0.0": (np.abs, -0.0, 0.0),
    "fabs at 0": (np.fabs, 0.0, 0.0),
    "sign at 0": (np.sign, 0.0, 0.0),
    "floor at 1": (np.floor, 1.0, 0.0),
    "sqrt at 0": (np.sqrt, 0.0, INF),
    "cbrt at 0": (np.cbrt, 0.0, INF),
    "square at 0": (np.square, 0.0, 0.0),
    "arcsin at 1": (np.arcsin, 1.0, INF),
    "arccos at 1": (np.arccos, 1.0, -INF),
    "maximum(x, x)": (lambda x: np.maximum(x, x), 2.0, 1.0),
    "maximum tie with a constant": (lambda x: np.maximum(x, 2.0), 2.0, 0.5),
    "minimum tie with a constant": (lambda x: np.minimum(2.0, x), 2.0, 0.5),
    "fmax tie": (lambda x: np.fmax(x, 2.0), 2.0, 0.5),
    "fmin tie": (lambda x: np.fmin(x, 2.0), 2.0, 0.5),
    "fmax with nan": (lambda x: np.fmax(x, np.nan), 2.0, 1.0),
    "relu at 0": (lambda x: np.maximum(x, 0.0), 0.0, 0.5),
    "x**0 at 0": (lambda x: x**0, 0.0, 0.0),
    "x**1 at 0": (lambda x: x**1, 0.0, 1.0),
    "x**2 at 0": (lambda x: x**2, 0.0, 0.0),
    "x**1.0 at 0": (lambda x: x**1.0, 0.0, 1.0),
    "x**0.5 at 0": (lambda x: x**0.5, 0.0, INF),
    "x**1.5 at 0": (lambda x: x**1.5, 0.0, 0.0),
    "x**3 at -2": (lambda x: x**3, -2.0, 12.0),
    "x**-1 at -2": (lambda x: x**-1.0, -2.0, -0.25),
    "0**x at 1": (lambda x: 0.0**x, 1.0, 0.0),
    "0**x at 2": (lambda x: np.power(0.0, x), 2.0, 0.0),
    "1**x": (lambda x: 1.0**x, 3.0, 0.0),
    "hypot(x, 0) at 0": (lambda x: np.hypot(x, 0.0), 0.0, 0.0),
    "where, sqrt": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, 0.0),
    "where, division": (
        lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)),
        0.0,
        0.0,
    ),
    "remainder": (lambda x: np.remainder(x, 3.0), 7.5, 1.0),
    "remainder in the divisor": (lambda x: np.remainder(7.5, x), 2.0, -3.0),
    "floor_divide": (lambda x: x // 2.0, 5.0, 0.0),
    "clip below": (lambda x: np.clip(x, 0.0, 1.0), -1.0, 0.0),
    "clip inside": (lambda x: np.clip(x, 0.0, 1.0), 0.5, 1.0),
    "logaddexp at -inf": (lambda x: np.logaddexp(x, -INF), 1.0, 1.0),
}


def both_modes(f, x):
    """Return the derivative at a scalar by a single tangent and by a single cotangent."""
    return dr.jvp(f, (x,), (1.0,))[1], dr.grad(f)(x)


@pytest.mark.parametrize("name", KINKS)
def test_kink(name):
    f, x, expected = KINKS[name]
    for d in both_modes(f, x):
        np.testing.assert_array_equal(d, expected)


@pytest.mark.parametrize("name", KINKS)
def test_kink_in_an_array_and_in_a_batch_of_directions(name):
    f, x, expected = KINKS[name]
    xs = np.array([x, x])
    for mode in ("forward", "reverse"):
        J = dr.jacobian(f, mode=mode)(xs)
        np.testing.assert_array_equal(J, np.diag([expected, expected]))


TIES = {
    "max": (np.max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    "min": (np.min, [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0]),
    "max, one": (np.max, [1.0, 3.0], [0, 1]),
    "maximum.reduce": (lambda x: np.maximum.reduce(x), [3.0, 3.0], [0.5, 0.5]),
    "norm at 0": (np.linalg.norm, [0.0, 0.0], [0, 0]),
    "1-norm": (lambda x: np.linalg.norm(x, 1), [0.0, -2.0], [0, -1]),
    "inf-norm tie": (lambda x: np.linalg.norm(x, INF), [2.0, -2.0, 1.0], [0.5, -0.5, 0]),
    "std of equal values": (np.std, [2.0, 2.0], [0, 0]),
    "hypot at 0": (lambda x: np.hypot(x[0], x[1]), [0.0, 0.0], [0, 0]),
    "arctan2 on an axis": (lambda x: np.arctan2(x[0], x[1]), [0.0, -2.0], [-0.5, 0]),
    "logaddexp tie": (lambda x: np.logaddexp(x[0], x[1]), [1.0, 1.0], [0.5, 0.5]),
    "prod with one zero": (np.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
    "prod with two zeros": (np.prod, [0.0, 0.0, 3.0], [0, 0, 0]),
    "maximum of two": (lambda x: np.maximum(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]),
    "minimum with -0.0": (lambda x: np.minimum(x[0], x[1]), [0.0, -0.0], [0.5, 0.5]),
    "power, both zero": (lambda x: x[0] ** x[1], [0.0, 2.0], [0, 0]),
    "power, base 1": (lambda x: x[0] ** x[1], [1.0, 5.0], [5, 0]),
    "power, negative base, integer exponent": (lambda x: x[0] ** 3.0 * x[1], [-2.0, 1.0], [12, -8]),
}


@pytest.mark.parametrize("name", TIES)
def test_tie(jac, name):
    f, x, expected = TIES[name]
    np.testing.assert_allclose(jac(f, np.array(x)), expected, rtol=1e-15, atol=0)


def test_ties_of_max_along_an_axis(jac):
    x = np.array([[1.0, 1.0], [0.0, 2.0]])
    J = jac(lambda x: np.max(x, axis=1), x)
    np.testing.assert_array_equal(J, [[[0.5, 0.5], [0, 0]], [[0, 0], [0, 1]]])


def test_zero_cotangent_times_infinite_partial():
    """Only entries whose cotangent is zero are zero: the derivative there stays infinite."""
    d = np.array([0.0, 4.0])
    _, pullback = dr.vjp(np.sqrt, d)
    np.testing.assert_array_equal(pullback(np.array([0.0, 1.0]))[0], [0.0, 0.25])
    np.testing.assert_array_equal(pullback(np.array([1.0, 1.0]))[0], [INF, 0.25])
    np.testing.assert_array_equal(dr.jvp(np.sqrt, (d,), (np.array([0.0, 1.0]),))[1], [0.0, 0.25])
    with np.errstate(divide="ignore", invalid="ignore"):
        for f in (np.log, np.reciprocal, lambda x: x**-0.5, lambda x: 1.0 / x, np.log2, np.log10):
            _, pullback = dr.vjp(f, d)
            assert pullback(np.array([0.0, 1.0]))[0][0] == 0.0
            assert dr.jvp(f, (d,), (np.array([0.0, 1.0]),))[1][0] == 0.0


def test_safe_where_with_logarithm(jac):
    x = np.array([0.0, 2.0])
    with np.errstate(divide="ignore"):
        J = jac(lambda x: np.where(x > 0, np.log(x), 0.0), x)
    np.testing.assert_array_equal(J, np.diag([0.0, 0.5]))


def test_lower_triangle_of_square_roots(jac):
    """A common case: zeros on the diagonal of a distance matrix."""
    p = np.array([0.0, 3.0])

    def distances(p):
        return np.sum(np.tril(np.sqrt((p[:, None] - p[None, :]) ** 2), -1))

    np.testing.assert_array_equal(jac(distances, p), [-1.0, 1.0])


def test_nan_is_not_hidden_by_a_zero_partial():
    """A NaN in the primal reaches the derivative where the function depends on it."""
    g = dr.grad(lambda x: np.sum(x**2))(np.array([np.nan, 1.0]))
    assert np.isnan(g[0])
    assert g[1] == 2.0


# Complex numbers are pairs of reals. Tangents of holomorphic functions are f'(z) t; cotangents are
# conj(f'(z)) ct; the gradient of a real function of u + iv is df/du + i df/dv.
Z = np.array([0.7 - 0.4j, -1.2 + 0.9j])

HOLOMORPHIC = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda z: 1 / z),
    "sqrt": (np.sqrt, lambda z: 0.5 / np.sqrt(z)),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "cube": (lambda z: z**3, lambda z: 3 * z**2),
    "complex power": (lambda z: z ** (1 + 2j), lambda z: (1 + 2j) * z ** (2j)),
    "reciprocal": (lambda z: (2 - 1j) / z, lambda z: -(2 - 1j) / z**2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "times i": (lambda z: 1j * z, lambda z: np.full_like(z, 1j)),
}


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_function(name):
    f, slope = HOLOMORPHIC[name]
    t, ct = np.array([1.0 + 2.0j, 0.5 - 1.0j]), np.array([-0.3 + 0.2j, 1.0 + 1.0j])
    np.testing.assert_allclose(dr.jvp(f, (Z,), (t,))[1], slope(Z) * t, rtol=1e-13)
    np.testing.assert_allclose(dr.vjp(f, Z)[1](ct)[0], np.conj(slope(Z)) * ct, rtol=1e-13)


REAL_OF_COMPLEX = {
    "abs squared": (lambda z: np.sum(np.real(z * np.conj(z))), lambda z: 2 * z),
    "abs": (lambda z: np.sum(np.abs(z)), lambda z: z / np.abs(z)),
    "real": (lambda z: np.sum(np.real(z)), lambda z: np.ones_like(z)),
    "imag": (lambda z: np.sum(np.imag(z)), lambda z: np.full_like(z, 1j)),
    "z.real": (lambda z: np.sum(z.real**2), lambda z: 2 * z.real + 0j),
    "z.imag": (lambda z: np.sum(z.imag**2), lambda z: 2j * z.imag),
    "angle": (lambda z: np.sum(np.angle(z)), lambda z: 1j * z / np.abs(z) ** 2),
    "real of square": (lambda z: np.sum(np.real(z**2)), lambda z: 2 * np.conj(z)),
    "norm": (np.linalg.norm, lambda z: z / np.linalg.norm(z)),
    "vdot": (lambda z: np.real(np.vdot(z, z)), lambda z: 2 * z),
    "real of exp": (lambda z: np.sum(np.real(np.exp(z))), lambda z: np.conj(np.exp(z))),
}


@pytest.mark.parametrize("name", REAL_OF_COMPLEX)
def test_gradient_of_a_real_function_of_complex_numbers(name):
    f, gradient = REAL_OF_COMPLEX[name]
    np.testing.assert_allclose(dr.grad(f)(Z), gradient(Z), rtol=1e-13, atol=1e-15)
    h = 1e-6
    for k in range(2):
        e = np.eye(2)[k]
        numeric = (f(Z + h * e) - f(Z - h * e) + 1j * (f(Z + 1j * h * e) - f(Z - 1j * h * e))) / (
            2 * h
        )
        assert abs(dr.grad(f)(Z)[k] - numeric) < 1e-8
        for direction, part in ((e, np.real), (1j * e, np.imag)):
            t = dr.jvp(f, (Z,), (direction.astype(complex),))[1]
            assert t == pytest.approx(part(gradient(Z)[k]), rel=1e-12, abs=1e-14)


def test_real_functions_through_complex_intermediates(jac, central):
    """The cotangent of a real input is real."""
    x = np.array([0.7, -0.4])
    for f in (
        lambda x: np.abs(np.exp(1j * x) + x) ** 2,
        lambda x: np.real((x + 2j) / (1 - 1j * x)),
        lambda x: np.imag(np.log(x + 1j)),
        lambda x: np.real(np.conj(x * (1 + 1j)) * np.array([1j, 2.0])),
    ):
        J = jac(f, x)
        assert J.dtype == np.float64
        np.testing.assert_allclose(J, central(f, x), rtol=1e-9, atol=1e-10)
    assert dr.grad(lambda x: np.sum(np.abs(x * 1j)))(x).dtype == np.float64


def test_grad_of_a_complex_output_is_refused():
    with pytest.raises(dr.errors.OutputError, match="real"):
        dr.grad(lambda z: z**2)(1.0 + 1.0j)


def test_abs_of_complex_zero_and_of_real_axis():
    assert dr.grad(np.abs)(0j) == 0j
    assert dr.grad(np.abs)(-2.0 + 0j) == -1.0
    assert dr.jvp(np.abs, (0j,), (1.0 + 0j,))[1] == 0.0
