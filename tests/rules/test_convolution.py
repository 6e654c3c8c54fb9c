"""Convolution and correlation: modes, lengths and lanes against NumPy."""

import itertools

import numpy as np
import pytest

import dualrev as dr

LENGTHS = [(1, 1), (5, 1), (1, 4), (5, 3), (3, 5), (4, 2), (2, 4), (4, 4), (5, 4), (4, 5)]
MODES = ["full", "same", "valid"]


@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_every_length_and_mode(f, mode, complex_, rng):
    """Values bit by bit; tangents are the function itself, cotangents its transpose."""

    def draw(n):
        return rng.normal(size=n) + (1j * rng.normal(size=n) if complex_ else 0)

    for n, m in LENGTHS:
        a, v = draw(n), draw(m)
        y, pullback = dr.vjp(lambda a, v: f(a, v, mode), a, v)
        np.testing.assert_array_equal(y, f(a, v, mode))
        ct = draw(y.size)
        da, dv = draw(n), draw(m)
        value, t = dr.jvp(lambda a, v: f(a, v, mode), (a, v), (da, dv))
        np.testing.assert_array_equal(value, y)
        np.testing.assert_allclose(t, f(da, v, mode) + f(a, dv, mode), rtol=1e-13, atol=1e-14)
        ga, gv = pullback(ct)
        left = np.vdot(ct, t).real
        right = np.vdot(ga, da).real + np.vdot(gv, dv).real
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_numbers_lists_and_integer_modes(f, jac):
    x = np.array([1.0, -2.0, 0.5])
    cases = [
        lambda x: f(x, [1, 2], 1),
        lambda x: f([1.0, 2.0, 4.0, 8.0], x, 0),
        lambda x: f(x, [3.0], 2),
        lambda x: f(x, [x[0], 1.0], "same"),
    ]
    if f is np.convolve:
        cases += [lambda x: f(x, 3.0), lambda x: f(x[0], [1.0, 2.0])]
    for g in cases:
        np.testing.assert_array_equal(dr.vjp(g, x)[0], g(x))
        e = np.eye(3)
        step = [(g(x + e[k]) - g(x - e[k])) / 2 for k in range(3)]
        np.testing.assert_allclose(jac(g, x), np.stack(step, -1), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_lanes(f, mode, rng):
    """Few and many lanes, on either side or both: they are evaluated in different ways."""
    for lanes, (n, m) in itertools.product((2, 9), ((5, 3), (3, 5))):
        a, v = rng.normal(size=(lanes, n)), rng.normal(size=(lanes, m))

        def g(a, v):
            return f(a, v, mode)

        close = {"rtol": 1e-13, "atol": 1e-14}
        loop = [g(p, q) for p, q in zip(a, v, strict=True)]
        np.testing.assert_allclose(dr.vmap(g)(a, v), loop, **close)
        loop = [g(p, v[0]) for p in a]
        np.testing.assert_allclose(dr.vmap(g, in_axes=(0, None))(a, v[0]), loop, **close)
        loop = [g(a[0], q) for q in v]
        np.testing.assert_allclose(dr.vmap(g, in_axes=(None, 0))(a[0], v), loop, **close)


@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_numpys_errors(f):
    x = np.ones((2, 3))
    for call in (
        lambda x: f(x, [1.0]),
        lambda x: f([1.0], x),
        lambda x: f(x[0, :0], [1.0]),
        lambda x: f(x[0], []),
        lambda x: f(x[0], [1.0], "none"),
        lambda x: f(x[0], [1.0], 3),
        lambda x: f(x[0], [1.0], None),
        *([lambda x: f(x[0], 1.0)] if f is np.correlate else []),
    ):
        with pytest.raises((ValueError, TypeError)) as plain:
            call(x)
        with pytest.raises(plain.type) as traced:
            dr.vjp(call, x)
        assert str(traced.value).startswith(str(plain.value))
