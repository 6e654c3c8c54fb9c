"""quad, quad_vec, fixed_quad: SciPy's values, and Leibniz's rule against closed forms."""

import types

import numpy as np
import pytest
from scipy import integrate as original
from scipy import special

import dualrev as dr
from dualrev.scipy import integrate


def check(f, exact, p, rtol=1e-9, second=True):
    """Compare value, both modes and second order of `f` with those of `exact`."""
    p = np.asarray(p, float)
    np.testing.assert_allclose(f(p), exact(p), rtol=rtol)
    J = dr.jacobian(exact)(p)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(f, mode=mode)(p), J, rtol=rtol, atol=1e-12)
    if second:
        H = dr.jacobian(dr.jacobian(exact))(p)
        for inner in ("forward", "reverse"):
            for outer in ("forward", "reverse"):
                found = dr.jacobian(dr.jacobian(f, mode=inner), mode=outer)(p)
                np.testing.assert_allclose(found, H, rtol=rtol, atol=1e-10)


# -- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"full_output": True},
        {"points": [0.3, 0.7]},
        {"weight": "cos", "wvar": 3.0},
        {"weight": "cauchy", "wvar": 0.4},
        {"weight": "alg", "wvar": (0.5, 0.5)},
        {"epsabs": 1e-4, "limit": 3, "args": (2.0,)},
        {"args": 2.0},
    ],
    ids=str,
)
def test_plain_results_are_scipys(options):
    def f(x, c=1.0):
        return np.exp(-c * x)

    ours, theirs = (m.quad(f, 0, 1, **options) for m in (integrate, original))
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(a, dict):
            assert a.keys() == b.keys()
            assert a["neval"] == b["neval"]
        else:
            assert a == b


def test_complex_functions_and_compiled_ones():
    f = lambda x: np.exp(2j * x)
    assert integrate.quad(f, 0, 1, complex_func=True) == original.quad(f, 0, 1, complex_func=True)
    assert integrate.quad(special.erf, 0, 1) == original.quad(special.erf, 0, 1)


# -- Leibniz's rule ------------------------------------------------------------------------------------------------


def test_parameter_and_limits():
    check(
        lambda v: integrate.quad(lambda x, w: np.sin(w * x), v[0], v[1], args=(v[2],))[0],
        lambda v: (np.cos(v[2] * v[0]) - np.cos(v[2] * v[1])) / v[2],
        [0.2, 1.5, 1.7],
    )


def test_reversed_limits():
    check(
        lambda v: integrate.quad(lambda x: v[1] * x**2, 2.0, v[0])[0],
        lambda v: v[1] * (v[0] ** 3 - 8.0) / 3,
        [0.5, 1.3],
    )


def test_gamma_function_by_closure():
    def gamma(s):
        return integrate.quad(lambda x: x ** (s - 1) * np.exp(-x), 0, np.inf)[0]

    check(gamma, lambda s: special.gamma(s), 2.3, rtol=1e-7)


def test_infinite_limits():
    check(
        lambda v: integrate.quad(lambda x: np.exp(-v[0] * x * x), -np.inf, v[1])[0],
        lambda v: np.sqrt(np.pi / v[0]) * (1 + special.erf(np.sqrt(v[0]) * v[1])) / 2,
        [1.3, 0.4],
        rtol=1e-7,
    )
    # Traced and infinite: the integrand has vanished there.
    f = dr.grad(lambda b: integrate.quad(lambda x: np.exp(-x * x), 0.0, b)[0])
    assert f(np.inf) == 0.0


def test_weights():
    def plain(c):
        return integrate.quad(lambda x: np.exp(-c * x) * np.cos(3 * x), 0, 2)[0]

    check(
        lambda c: integrate.quad(lambda x: np.exp(-c * x), 0, 2, weight="cos", wvar=3.0)[0],
        plain,
        0.7,
    )
    check(
        lambda b: integrate.quad(lambda x: np.exp(-x), 0, b, weight="sin", wvar=3.0)[0],
        lambda b: integrate.quad(lambda x: np.exp(-x) * np.sin(3 * x), 0, b)[0],
        0.7,
    )
    # ∫ x^k √x dx = 1 / (k + 3/2)
    check(
        lambda c: integrate.quad(lambda x: c**2 * x, 0, 1, weight="alg", wvar=(0.5, 0))[0],
        lambda c: c**2 / 2.5,
        0.7,
    )
    # The principal value of ∫ (c x + c²) / (x - 1/2) over [-1, 2] is 3 c, for symmetry.
    check(
        lambda c: integrate.quad(lambda x: c * x + c**2, -1, 2, weight="cauchy", wvar=0.5)[0],
        lambda c: 3 * c,
        0.7,
    )
    check(
        lambda b: integrate.quad(lambda x: 1.0 + 0 * x, 1, b, weight="cauchy", wvar=0.5)[0],
        lambda b: np.log((b - 0.5) / 0.5),
        2.0,
    )


def test_singular_ends():
    check(
        lambda c: integrate.quad(lambda x: np.log(x) * x**c, 0, 1)[0],
        lambda c: -1 / (1 + c) ** 2,
        0.5,
        rtol=1e-7,
    )


def test_points():
    def bent(c):
        return integrate.quad(lambda x: np.abs(x - 0.3) * c, 0, 1, points=[0.3])[0]

    check(bent, lambda c: c * (0.3**2 + 0.7**2) / 2, 1.3)


def test_complex_function():
    def f(w):
        y = integrate.quad(lambda x: np.exp(1j * w * x), 0, 1, complex_func=True)[0]
        return np.stack([y.real, y.imag])

    check(f, lambda w: np.stack([np.sin(w), 1 - np.cos(w)]) / w, 1.3)


def test_complex_parameter():
    def f(z):
        return abs(integrate.quad(lambda x: np.exp(z * x), 0, 1, complex_func=True)[0]) ** 2

    z = 0.3 + 1.1j
    exact = dr.grad(lambda z: abs((np.exp(z) - 1) / z) ** 2)(z)
    np.testing.assert_allclose(dr.grad(f)(z), exact, rtol=1e-10)


def test_many_parameters_at_once():
    """Beyond a few the gradient is integrated as one vector."""
    p = np.linspace(0.1, 1, 40)
    calls = []

    def f(p):
        def integrand(x):
            calls.append(x)
            return np.sum(np.exp(-p * x))

        return integrate.quad(integrand, 0, 1)[0]

    np.testing.assert_allclose(dr.grad(f)(p), ((1 + p) * np.exp(-p) - 1) / p**2, rtol=1e-10)
    assert len(calls) < 200


def test_full_output():
    y, pull = dr.vjp(lambda c: integrate.quad(lambda x: c * x, 0, 1, full_output=True)[0], 2.0)
    assert (y, pull(1.0)[0]) == (1.0, 0.5)

    def infos(c):
        out = integrate.quad(lambda x: c * x, 0, 1, full_output=True)
        assert len(out) == 3
        assert out[2]["neval"] == 21
        return out[0]

    dr.grad(infos)(2.0)


def test_vectors():
    p = np.linspace(0.1, 1, 5)
    check(
        lambda p: integrate.quad_vec(lambda x: np.exp(-p * x), 0, 1)[0],
        lambda p: (1 - np.exp(-p)) / p,
        p,
        rtol=1e-7,
    )
    check(
        lambda v: integrate.quad_vec(lambda x: np.outer([1.0, x], [x, v[1]]), v[0], 1.0)[0],
        lambda v: np.stack(
            [
                np.stack([(1 - v[0] ** 2) / 2, v[1] * (1 - v[0])]),
                np.stack([(1 - v[0] ** 3) / 3, v[1] * (1 - v[0] ** 2) / 2]),
            ]
        ),
        [0.2, 1.4],
    )
    f = lambda x: np.array([x, x**2])
    for a, b in zip(integrate.quad_vec(f, 0, 1), original.quad_vec(f, 0, 1), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gauss():
    f = lambda x, w: np.sin(w * x)
    assert integrate.fixed_quad(f, 0, 1, (2.0,), 7) == original.fixed_quad(f, 0, 1, (2.0,), 7)
    check(
        lambda v: integrate.fixed_quad(f, v[0], v[1], (v[2],), n=12)[0],
        lambda v: (np.cos(v[2] * v[0]) - np.cos(v[2] * v[1])) / v[2],
        [0.2, 1.5, 1.7],
    )
    check(
        lambda c: integrate.fixed_quad(lambda x: np.stack([x, c * x**2]), 0, 1)[0],
        lambda c: np.stack([0.5 + 0 * c, c / 3]),
        1.3,
    )
    with pytest.raises(ValueError, match="finite limits"):
        integrate.fixed_quad(np.sin, 0, np.inf)


# -- refusals ------------------------------------------------------------------------------------------------------


def test_refusals():
    with pytest.raises(dr.UnsupportedError, match="wvar"):
        dr.grad(lambda w: integrate.quad(np.cos, 0, 1, weight="cos", wvar=w)[0])(1.0)
    with pytest.raises(dr.UnsupportedError, match="'alg' depends on the limits"):
        dr.grad(lambda b: integrate.quad(np.cos, 0, b, weight="alg", wvar=(0, 0))[0])(1.0)
    with pytest.raises(dr.UnsupportedError, match="inside vmap"):
        dr.vmap(lambda b: integrate.quad(np.cos, 0, b)[0])(np.ones(2))


def test_a_hidden_value_names_the_way_out():
    holder = types.ModuleType("holder")

    def f(p):
        holder.p = p
        return integrate.quad(lambda x: holder.p * x, 0, 1)[0]

    with pytest.raises(dr.EscapeError, match="pass that value in args="):
        dr.grad(f)(1.0)
