"""Integrals over several variables, with limits that are functions."""

import numpy as np
import pytest
from scipy import integrate as original

import dualrev as dr
from dualrev.scipy import integrate


def check(f, first, second, p):
    for mode in ("forward", "reverse"):
        assert dr.jacobian(f, mode=mode)(p) == pytest.approx(first, rel=1e-8)
    assert dr.derivative(f, order=2)(p) == pytest.approx(second, rel=1e-8)
    assert dr.grad(dr.grad(f))(p) == pytest.approx(second, rel=1e-8)


def test_triangle():
    """∫∫ r x y over x, y >= 0, x + y <= r is r⁵ / 24."""

    def f(r):
        return integrate.dblquad(lambda y, x: r * x * y, 0, r, 0, lambda x: r - x)[0]

    r = 1.5
    check(f, 5 * r**4 / 24, 20 * r**3 / 24, r)


def test_args_and_ranges():
    def f(r):
        ranges = [lambda x, c: (0, c - x), lambda c: (0, c)]
        return integrate.nquad(
            lambda y, x, c: c * x * y, ranges, args=(r,), opts={"epsabs": 1e-10}
        )[0]

    r = 1.5
    check(f, 5 * r**4 / 24, 20 * r**3 / 24, r)


def test_tetrahedron():
    """∫∫∫ r x y z over the corner x + y + z <= r is r⁷ / 720."""

    def f(r):
        return integrate.tplquad(
            lambda z, y, x, c: c * x * y * z,
            0,
            r,
            0,
            lambda x: r - x,
            0,
            lambda x, y: r - x - y,
            args=(r,),
        )[0]

    r = 1.5
    assert dr.grad(f)(r) == pytest.approx(7 * r**6 / 720, rel=1e-8)


def test_points_and_full_output():
    opts = [lambda x, c: {"points": [c * x]}, {}]

    def f(c):
        out = integrate.nquad(
            lambda y, x, c: np.abs(y - c * x),
            [(0, 1), (0, 1)],
            args=(c,),
            opts=opts,
            full_output=True,
        )
        assert len(out) == 3
        assert out[2]["neval"] > 400
        return out[0]

    # ∫∫ |y - c x| = ½ - c/2 + c²/3 for c <= 1
    assert dr.grad(f)(0.6) == pytest.approx(-0.5 + 0.4, rel=1e-8)


def test_plain_results_are_scipys():
    f = lambda y, x: np.exp(-x * y)
    g = lambda z, y, x: x + y * z
    assert integrate.dblquad(f, 0, 1, 0, lambda x: x) == original.dblquad(f, 0, 1, 0, lambda x: x)
    assert integrate.tplquad(g, 0, 1, 0, 1, 0, 2) == original.tplquad(g, 0, 1, 0, 1, 0, 2)
    assert integrate.nquad(f, [(0, 1), (0, 2)], full_output=True) == original.nquad(
        f, [(0, 1), (0, 2)], full_output=True
    )
