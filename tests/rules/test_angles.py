"""Angles in degrees: exact where a radian is not."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from tests.rules.tables import check


def _of_degrees(f):
    return lambda x: f(x * mp.pi / 180)


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (special.sindg, mp.sin),
        (special.cosdg, mp.cos),
        (special.tandg, mp.tan),
        (special.cotdg, mp.cot),
    ],
)
@pytest.mark.parametrize("x", [17.3, -123.0, 1e3])
def test_degrees(f, exact, x):
    for order in (1, 2, 3):
        check(f, _of_degrees(exact), (x,), (order,))


def test_right_angles():
    """No rounding of π shows: the slope at a crest is zero."""
    assert dr.grad(special.sindg)(90.0) == 0.0
    assert dr.grad(special.cosdg)(180.0) == 0.0
    np.testing.assert_allclose(dr.grad(special.cosdg)(270.0), np.pi / 180, rtol=1e-15)


@pytest.mark.parametrize("x", [1e-9, 0.7, 20.0])
def test_cosm1(x):
    for order in (1, 2, 3):
        check(special.cosm1, lambda v: mp.cos(v) - 1, (x,), (order,))


def test_radian():
    d, m, s = (np.array([30.0, -4.0]), np.array([[12.0]]), 45.0)
    y, pullback = dr.vjp(special.radian, d, m, s)
    np.testing.assert_array_equal(y, special.radian(d, m, s))
    degree = np.pi / 180
    for found, count, unit in zip(pullback(np.ones((1, 2))), (1, 2, 2), (1, 60, 3600), strict=True):
        np.testing.assert_allclose(found, count * degree / unit * np.ones_like(found), rtol=1e-15)
