"""Carlson's integrals: equal arguments, zeros, wide ranges, principal values, complex numbers."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.rules.special.carlson import carlson, carlson_value
from tests.rules.tables import check, derivative

FUNCTIONS = {
    "elliprc": (special.elliprc, mp.elliprc, 2),
    "elliprd": (special.elliprd, mp.elliprd, 3),
    "elliprf": (special.elliprf, mp.elliprf, 3),
    "elliprg": (special.elliprg, mp.elliprg, 3),
    "elliprj": (special.elliprj, mp.elliprj, 4),
}
POINTS = [
    (0.3, 1.7, 2.2, 0.9),
    (1.1, 1.1, 1.1, 1.1),
    (1.0, 1.0 + 1e-9, 1.0 - 1e-7, 1.0 + 1e-12),
    (2.0, 2.0, 0.5, 0.5),
    (1e-5, 3.0, 1e4, 0.2),
    (1e150, 2e150, 3e150, 4e150),
]
COMPLEX = [
    (0.3 + 0.4j, 1.7 - 0.2j, 2.2 + 0.0j, 0.9 + 1.1j),
    (-0.7 + 0.4j, 1.7 - 0.2j, 0.6 + 2.0j, 0.3 + 0.1j),
]


def _pure(count, order):
    return [tuple(order * (j == k) for j in range(count)) for k in range(count)]


def _alone(f, point, k):
    return lambda v: f(*point[:k], v, *point[k + 1 :])


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_first(name, point):
    f, exact, count = FUNCTIONS[name]
    for orders in _pure(count, 1):
        check(f, exact, point[:count], orders)


@pytest.mark.parametrize("point", COMPLEX)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_complex(name, point):
    f, exact, count = FUNCTIONS[name]
    for orders in _pure(count, 1):
        check(f, exact, point[:count], orders)


@pytest.mark.parametrize("point", [*POINTS[:4], COMPLEX[0]])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_higher(name, point):
    f, exact, count = FUNCTIONS[name]
    for j, k in itertools.combinations_with_replacement(range(count), 2):
        check(f, exact, point[:count], tuple((i == j) + (i == k) for i in range(count)), rtol=1e-11)
    for orders in _pure(count, 3):
        check(f, exact, point[:count], orders, rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("elliprf", (0.0, 1.3, 0.4)),
        ("elliprd", (0.0, 1.3, 0.4)),
        ("elliprg", (0.0, 1.3, 0.4)),
        ("elliprj", (0.0, 1.3, 0.4, 2.0)),
        ("elliprc", (0.0, 1.3)),
    ],
)
def test_zero_argument(name, point):
    """The others' partials are finite there; its own is infinite, except that of R_G."""
    f, exact, count = FUNCTIONS[name]
    for orders in _pure(count, 1)[1:]:
        found = derivative(f, point, orders)
        with mp.workdps(40):
            k = orders.index(1)
            want = float(mp.diff(_alone(exact, point, k), point[k]))
        np.testing.assert_allclose(found, want, rtol=1e-12)
    with np.errstate(divide="ignore"):
        own = dr.grad(f)(*point)
    if name == "elliprg":
        np.testing.assert_allclose(own, special.elliprf(*point) / 4, rtol=1e-14)
    else:
        assert own == -np.inf


@pytest.mark.parametrize("point", [(0.7, -0.4), (2.0, -3.0), (1e-3, -5.0), (1.0, -1e-2)])
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2)])
def test_principal_value_of_the_first_kind(point, orders):
    # R_C(x, y) = √(x/(x-y)) R_C(x-y, -y) for y < 0 (DLMF 19.2.20)
    def exact(x, y):
        return mp.sqrt(x / (x - y)) * mp.elliprc(x - y, -y)

    check(special.elliprc, exact, point, orders, rtol=1e-11)


@pytest.mark.parametrize("point", [(0.3, 0.7, 2.0, -0.4), (1.0, 1.5, 2.5, -6.0)])
def test_principal_value_of_the_third_kind(point):
    # DLMF 19.20.14, for x ≤ y ≤ z
    def exact(x, y, z, p):
        q = -p
        r = (z - y) * (y - x) / (y + q) + y
        total = (r - y) * mp.elliprj(x, y, z, r) - 3 * mp.elliprf(x, y, z)
        root = mp.sqrt(x * y * z / (x * z + r * q))
        return (total + 3 * root * mp.elliprc(x * z + r * q, r * q)) / (y + q)

    for k in (1, 2):
        for orders in _pure(4, k):
            check(special.elliprj, exact, point, orders, rtol=1e-11)


def test_integral():
    """The integral itself: closed forms, wide ranges, zeros, and where there is none."""
    np.testing.assert_allclose(
        carlson_value(2.0, 1.0, 1.0, 1.0, halves=(3, 0, 0, 0)), 2 / np.sqrt(2.0), rtol=1e-14
    )
    np.testing.assert_allclose(
        carlson_value(1e-200, 1.0, 1e200, 1.0, halves=(1, 1, 1, 0)),
        2 * special.elliprf(1e-200, 1.0, 1e200),
        rtol=1e-13,
    )
    np.testing.assert_allclose(
        carlson_value(0.0, 1.0, 3.0, 1.0, halves=(1, 1, 1, 0)),
        2 * special.elliprf(0.0, 1.0, 3.0),
        rtol=1e-14,
    )
    assert carlson_value(0.0, 1.0, 3.0, 1.0, halves=(3, 1, 1, 0)) == np.inf
    assert carlson_value(0.0, 0.0, 3.0, 1.0, halves=(1, 1, 1, 0)) == np.inf
    for bad in (-1.0, np.nan, np.inf):
        assert np.isnan(carlson_value(bad, 1.0, 3.0, 1.0, halves=(1, 1, 1, 0)))
    # On both sides of the cut no ray is clear of the poles.
    assert np.isnan(carlson_value(-1 + 1e-3j, -1 - 1e-3j, 3.0, 1.0, halves=(1, 1, 1, 0)))


def test_many_entries():
    """More entries than are summed at once, in single precision too, and none."""
    x = np.linspace(0.1, 5.0, 3001)
    y = carlson(x, 1.0, 2.0, 1.0, halves=(1, 1, 1, 0))
    np.testing.assert_allclose(y, 2 * special.elliprf(x, 1.0, 2.0), rtol=1e-14)
    x = x.astype(np.float32)
    one, two = np.float32(1), np.float32(2)
    y = carlson(x, one, two, one, halves=(1, 1, 1, 0))
    assert y.dtype == np.float32
    assert carlson(x[:0], one, two, one, halves=(1, 1, 1, 0)).shape == (0,)
