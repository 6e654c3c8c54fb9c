"""Powers and Box-Cox transforms: accuracy near the removable singularities, limits at the edges."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.rules.special.powers import exponential_moment, log1p_slope
from tests.rules.tables import check, derivative


def _moment(x, order):
    """Return ∫₀¹ sⁿ e^(xs) ds, by Kummer's function."""
    return mp.hyp1f1(order + 1, order + 2, x) / (order + 1)


@pytest.mark.parametrize(
    "x", [-700.0, -40.0, -4.1, -3.9, -0.5, -1e-9, 1e-300, 1e-5, 0.7, 3.9, 4.1, 30.0, 600.0]
)
def test_exprel(x):
    for order in (1, 2, 3):
        with mp.workdps(700 if abs(x) < 1e-100 else 120):
            want = float(_moment(x, order))
        np.testing.assert_allclose(derivative(special.exprel, (x,), (order,)), want, rtol=1e-13)


def test_exprel_at_zero_and_at_the_ends():
    found = [derivative(special.exprel, (0.0,), (n,)) for n in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, [1 / 2, 1 / 3, 1 / 4, 1 / 5], rtol=1e-15)
    assert dr.grad(special.exprel)(-np.inf) == 0.0
    np.testing.assert_array_equal(exponential_moment(np.array([800.0, np.inf]), order=2), np.inf)


@pytest.mark.parametrize("order", range(6))
def test_moments(order):
    """The two functions themselves, on both sides of the seams between their formulas."""
    x = np.array([-50.0, -4.001, -3.999, -1.0, 0.0, 1.0, 3.999, 4.001, 50.0])
    want = [float(_moment(v, order)) for v in x]
    np.testing.assert_allclose(exponential_moment(x, order=order), want, rtol=1e-12)
    x = np.array([-0.9, -0.501, -0.499, -0.1, 0.0, 0.1, 0.499, 0.501, 8.0])
    n = order
    sign = (-1) ** n * float(mp.factorial(n)) / (n + 1)
    want = [sign * float(mp.hyp2f1(n + 1, n + 1, n + 2, -v)) for v in x]
    np.testing.assert_allclose(log1p_slope(x, order=order), want, rtol=1e-11)


def _boxcox(x, lmbda):
    return (x**lmbda - 1) / lmbda if lmbda else mp.log(x)


def _inv_boxcox(y, lmbda):
    return (1 + lmbda * y) ** (1 / lmbda) if lmbda else mp.exp(y)


POWERS = [(0.3, 0.7), (2.5, -1.3), (1e-9, 0.4), (3.0, 1e-9), (1.0 + 1e-10, 2.0), (50.0, -1e-4)]
ORDERS = [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (1, 2), (0, 3)]


@pytest.mark.parametrize("point", POWERS)
@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (special.boxcox, _boxcox),
        (special.boxcox1p, lambda x, lmbda: _boxcox(1 + x, lmbda)),
    ],
)
def test_boxcox(f, exact, point):
    for orders in ORDERS:
        with mp.workdps(80):
            units = [mp.mpf(10) ** -20] * 2
            want = mp.diff(exact, tuple(map(mp.mpf, point)), orders, h=units[0])
        tiny = 1e-13 if f is special.boxcox and point[0] == 1 + 1e-10 else 0.0
        np.testing.assert_allclose(
            derivative(f, point, orders), float(want), rtol=1e-11, atol=tiny, err_msg=str(orders)
        )


@pytest.mark.parametrize(
    "point",
    [(0.3, 0.7), (-0.6, 1.3), (2.5, -0.3), (3.0, 1e-9), (-4.0, 1e-3), (1e-8, 2.0), (1.0, 30.0)],
)
@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (special.inv_boxcox, _inv_boxcox),
        (special.inv_boxcox1p, lambda y, lmbda: _inv_boxcox(y, lmbda) - 1),
    ],
)
def test_inv_boxcox(f, exact, point):
    for orders in ORDERS:
        with mp.workdps(80):
            want = mp.diff(exact, tuple(map(mp.mpf, point)), orders, h=mp.mpf(10) ** -20)
        np.testing.assert_allclose(
            derivative(f, point, orders), float(want), rtol=1e-11, err_msg=str(orders)
        )


# At lmbda = 0 the transforms are log x and exp y, and their slopes by lmbda ½ log² x and -½ y² eʸ.
@pytest.mark.parametrize("v", [-0.4, 0.3, 2.0])
def test_zero_exponent(v):
    x, e = np.exp(v), np.exp(v)
    for f, at in [(special.boxcox, x), (special.boxcox1p, np.expm1(v))]:
        np.testing.assert_allclose(
            dr.grad(f, argnums=(0, 1))(at, 0.0), (1 / x, v * v / 2), rtol=1e-14
        )
        np.testing.assert_allclose(derivative(f, (at, 0.0), (0, 2)), v**3 / 3, rtol=1e-14)
    for f in (special.inv_boxcox, special.inv_boxcox1p):
        np.testing.assert_allclose(
            dr.grad(f, argnums=(0, 1))(v, 0.0), (e, -v * v / 2 * e), rtol=1e-14
        )
        np.testing.assert_allclose(
            derivative(f, (v, 0.0), (0, 2)), e * (v**4 / 4 + 2 * v**3 / 3), rtol=1e-13
        )


@pytest.mark.parametrize(
    ("f", "point", "want"),
    [
        (special.boxcox, (0.0, 2.0), (0.0, 0.25)),
        (special.boxcox, (0.0, 1.0), (1.0, 1.0)),
        (special.boxcox, (0.0, 0.5), (np.inf, 4.0)),
        (special.boxcox, (0.0, 0.0), (np.inf, np.inf)),
        (special.boxcox1p, (-1.0, 2.0), (0.0, 0.25)),
        (special.inv_boxcox, (-1.0, 1.0), (1.0, -1.0)),
        (special.inv_boxcox, (-2.0, 0.5), (0.0, 0.0)),
        (special.inv_boxcox1p, (-1.0, 1.0), (1.0, -1.0)),
        (special.powm1, (0.0, 2.0), (0.0, 0.0)),
        (special.powm1, (0.0, 1.0), (1.0, 0.0)),
        (special.powm1, (-2.0, 2.0), (-4.0, np.nan)),
        (special.powm1, (3.0, 0.0), (0.0, np.log(3.0))),
    ],
)
def test_limits(f, point, want):
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_allclose(dr.grad(f, argnums=(0, 1))(*point), want, rtol=1e-14)


def test_mean_slope_beside_the_edge():
    """At x = 0 the slope by lmbda is that of -1/lmbda, to all orders."""
    np.testing.assert_allclose(derivative(special.boxcox, (0.0, 2.0), (0, 2)), -0.25, rtol=1e-14)


@pytest.mark.parametrize("point", [(1.0 + 1e-12, 3.0), (0.4, -2.2), (5.0, 1e-9)])
def test_powm1(point):
    for orders in ORDERS:
        check(special.powm1, lambda x, y: x**y - 1, point, orders, rtol=1e-10)


@pytest.mark.parametrize(
    ("f", "exact", "points"),
    [
        (special.cbrt, mp.cbrt, (0.3, 1e-200, 1e30)),
        (special.exp2, lambda x: 2**x, (-3.0, 0.0, 200.0)),
        (special.exp10, lambda x: mp.mpf(10) ** x, (-3.0, 0.0, 200.0)),
        (special.expm1, mp.expm1, (-30.0, 1e-12, 5.0, 0.3 + 2.0j)),
        (special.log1p, mp.log1p, (-0.99, 1e-12, 5e8, 0.3 + 2.0j)),
    ],
)
def test_namesakes(f, exact, points):
    for point in points:
        for order in (1, 2, 3) if abs(point) < 1e3 and abs(point) > 1e-100 else (1,):
            check(f, exact, (point,), (order,))


def test_round():
    x = np.array([-1.5, -0.2, 0.5, 2.6])
    y, t = dr.jvp(special.round, (x,), (np.ones(4),))
    np.testing.assert_array_equal(y, special.round(x))
    np.testing.assert_array_equal(t, 0.0)
