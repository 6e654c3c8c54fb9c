"""Entropies, divergences and losses: limits at zero, both sides of kinks, wide ranges."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from tests.rules.tables import check, derivative

NAN = np.nan


def _ratio(a, b):
    return a * mp.log(a / b)


PAIRS = {
    "rel_entr": (special.rel_entr, _ratio),
    "kl_div": (special.kl_div, lambda a, b: _ratio(a, b) - a + b),
    "xlogy": (special.xlogy, lambda a, b: a * mp.log(b)),
    "xlog1py": (special.xlog1py, lambda a, b: a * mp.log1p(b)),
}
POINTS = [(0.3, 1.7), (1.0, 1.0 + 1e-9), (2.0, 1e-12), (1e-200, 3.0), (1e150, 1e-150), (5.0, 1e9)]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name, point):
    f, exact = PAIRS[name]
    for orders in [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (1, 2), (0, 3)]:
        if max(map(abs, np.log10(point))) > 100 and sum(orders) > 1:
            continue
        check(f, exact, point, orders, rtol=1e-13)


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_complex(name):
    f, exact = PAIRS[name]
    for orders in [(1, 0), (0, 1), (1, 1), (0, 2)]:
        check(f, exact, (0.3 - 0.8j, -1.7 + 0.4j), orders)


@pytest.mark.parametrize("x", [1e-300, 0.2, 1.0, 1e5])
def test_entr(x):
    for order in (1, 2):
        check(special.entr, lambda v: -v * mp.log(v), (x,), (order,), rtol=1e-14)


# Function, point, its two partials: the limits where there are any, NaN where there is no function.
LIMITS = [
    (special.rel_entr, (0.0, 2.0), (-np.inf, 0.0)),
    (special.rel_entr, (0.0, 0.0), (NAN, 0.0)),
    (special.rel_entr, (2.0, 0.0), (np.inf, -np.inf)),
    (special.rel_entr, (-1.0, 2.0), (NAN, NAN)),
    (special.rel_entr, (-1.0, -2.0), (NAN, NAN)),
    (special.kl_div, (0.0, 2.0), (-np.inf, 1.0)),
    (special.kl_div, (0.0, 0.0), (NAN, 1.0)),
    (special.kl_div, (3.0, 3.0), (0.0, 0.0)),
    (special.kl_div, (1.0, -2.0), (NAN, NAN)),
    (special.xlogy, (0.0, 2.0), (np.log(2.0), 0.0)),
    (special.xlogy, (0.0, 0.0), (-np.inf, 0.0)),
    (special.xlogy, (3.0, 0.0), (-np.inf, np.inf)),
    (special.xlog1py, (0.0, 2.0), (np.log(3.0), 0.0)),
    (special.xlog1py, (0.0, -1.0), (-np.inf, 0.0)),
    (special.huber, (1.0, 1.0), (0.0, 1.0)),
    (special.huber, (1.0, -1.0), (0.0, -1.0)),
    (special.huber, (0.0, 0.0), (0.0, 0.0)),
    (special.huber, (0.0, 3.0), (3.0, 0.0)),
    (special.huber, (-1.0, 0.3), (NAN, NAN)),
    (special.pseudo_huber, (0.0, 0.0), (0.0, 0.0)),
    (special.pseudo_huber, (0.0, -3.0), (3.0, 0.0)),
    (special.pseudo_huber, (2.0, 0.0), (0.0, 0.0)),
    (special.pseudo_huber, (-1.0, 0.3), (NAN, NAN)),
]


@pytest.mark.parametrize(("f", "point", "want"), LIMITS)
def test_limits(f, point, want):
    with np.errstate(divide="ignore", invalid="ignore"):
        found = dr.grad(f, argnums=(0, 1))(*point)
        pushed = [derivative(f, point, (1, 0)), derivative(f, point, (0, 1))]
    np.testing.assert_allclose(found, want, rtol=1e-15)
    np.testing.assert_allclose(pushed, want, rtol=1e-15)


def test_entr_limits():
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_array_equal(
            [dr.grad(special.entr)(x) for x in (0.0, -1.0, np.inf)], [np.inf, NAN, -np.inf]
        )


def test_mixed_partials_at_zero():
    """What holds the limit at x = 0 must not hide the slope along x."""
    for f, shift in [(special.xlogy, 0), (special.xlog1py, 1)]:
        np.testing.assert_allclose(derivative(f, (0.0, 3.0), (1, 1)), 1 / (3.0 + shift))
        np.testing.assert_allclose(derivative(f, (0.0, 3.0), (0, 2)), 0.0)
    for f in (special.rel_entr, special.kl_div):
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(derivative(f, (0.0, 4.0), (1, 1)), -0.25)


def test_zero_weights():
    """A cross entropy whose zero probabilities weigh nothing."""
    p = np.array([0.0, 0.25, 0.75])
    q = np.array([0.0, 0.5, 0.5])
    found = dr.grad(lambda q: np.sum(special.xlogy(p, q)))(q)
    np.testing.assert_allclose(found, [0.0, 0.5, 1.5])
    found = dr.grad(lambda q: np.sum(special.rel_entr(p, q)))(q)
    np.testing.assert_allclose(found, [0.0, -0.5, -1.5])


LOSSES = [(1.3, 0.4), (1.3, -2.0), (1.3, 1e6), (1e-8, 3.0), (1e200, 1e200), (1.0, 1e-5)]


@pytest.mark.parametrize("point", LOSSES)
def test_huber(point):
    def exact(delta, r):
        return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)

    if point[0] == point[1]:
        return
    for orders in [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2)]:
        check(special.huber, exact, point, orders, rtol=1e-14)


@pytest.mark.parametrize("point", LOSSES)
def test_pseudo_huber(point):
    def exact(delta, r):
        return delta**2 * (mp.sqrt(1 + (r / delta) ** 2) - 1)

    for orders in itertools.product(range(3), repeat=2):
        if sum(orders) and (max(point) < 1e100 or sum(orders) == 1):
            check(special.pseudo_huber, exact, point, orders, rtol=1e-11)
