"""Fixed points: SciPy's own, and their derivatives."""

import inspect

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize


@pytest.mark.parametrize("method", ["del2", "iteration"])
@pytest.mark.parametrize("x0", [1.0, [1.0, 1.2], np.ones((2, 2)), np.float64(1.0)])
def test_values_are_scipys(method, x0):
    own = optimize.fixed_point(np.cos, x0, method=method)
    theirs = original.fixed_point(np.cos, x0, method=method)
    np.testing.assert_array_equal(own, theirs)
    assert np.shape(own) == np.shape(x0)


def test_integers_are_no_reason_to_round():
    assert optimize.fixed_point(lambda x: 0.5 * x + 0.25, 1) == pytest.approx(0.5, rel=1e-8)


@pytest.mark.parametrize("method", ["del2", "iteration"])
def test_derivatives_of_a_number(method):
    # x = a cos x: x' = cos x / (1 + a sin x)
    point = lambda a: optimize.fixed_point(lambda x: a * np.cos(x), 0.7, method=method)
    a = 0.9
    x = original.brentq(lambda x: a * np.cos(x) - x, 0, 1, xtol=1e-15)
    first = np.cos(x) / (1 + a * np.sin(x))
    assert dr.grad(point)(a) == pytest.approx(first, rel=1e-12)
    # (1 + a sin x) x'' = -2 sin x x' - a cos x x'²
    second = (-2 * np.sin(x) * first - x * first**2) / (1 + a * np.sin(x))
    assert dr.grad(dr.grad(point))(a) == pytest.approx(second, rel=1e-11)
    assert dr.jvp(point, (a,), (2.0,))[1] == pytest.approx(2 * first, rel=1e-12)


def test_complex_numbers():
    z = optimize.fixed_point(lambda z: 0.5 * z + 1j, 1.0 + 0j)
    assert abs(z - 2j) < 1e-8
    slope = dr.grad(lambda a: optimize.fixed_point(lambda z: 0.5 * z + 1j * a, 1.0 + 0j).imag)(1.0)
    assert slope == pytest.approx(2.0, rel=1e-12)


def test_arguments_are_starred_as_by_scipy():
    f = lambda x, a, b: a * np.cos(x) + b
    for args in ((0.5, 0.1), [0.5, 0.1], np.array([0.5, 0.1])):
        assert optimize.fixed_point(f, 1.0, args) == original.fixed_point(f, 1.0, args)


def test_derivatives_of_a_vector():
    A = np.array([[0.2, 0.3], [0.1, -0.4]])
    inverse = np.linalg.inv(np.eye(2) - A)
    b = np.array([1.0, 2.0])
    point = lambda A, b: optimize.fixed_point(
        lambda x, b: A @ x + b, np.zeros(2), (b,), 1e-12, method="iteration"
    )
    by_A, by_b = dr.jacobian(point, (0, 1))(A, b)
    np.testing.assert_allclose(by_b, inverse, rtol=1e-12)
    np.testing.assert_allclose(by_A, np.einsum("ij,k->ijk", inverse, inverse @ b), rtol=1e-10)
    np.testing.assert_allclose(dr.jacobian(point, 1, mode="reverse")(A, b), inverse, rtol=1e-12)


def test_containers():
    def point(a):
        step = lambda d: {"u": a * np.cos(d["u"]), "v": 0.5 * d["v"] + d["u"][:1]}
        return optimize.fixed_point(step, {"u": np.ones(2), "v": np.ones(1)}, method="iteration")

    x = point(1.0)
    assert x.keys() == {"u", "v"}
    assert x["v"][0] == pytest.approx(2 * x["u"][0], rel=1e-6)
    slope = np.cos(x["u"][0]) / (1 + np.sin(x["u"][0]))
    assert dr.grad(lambda a: point(a)["v"][0])(1.0) == pytest.approx(2 * slope, rel=1e-6)


def test_errors():
    with pytest.raises(RuntimeError, match="Failed to converge"):
        optimize.fixed_point(lambda x: x + 1, 1.0, method="iteration")
    with pytest.raises(dr.SolutionError, match="singular"):
        dr.grad(lambda a: optimize.fixed_point(lambda x: x + 0 * a, 1.0))(1.0)
    with pytest.raises(dr.UnsupportedError, match="vmap"):
        dr.vmap(lambda a: optimize.fixed_point(lambda x: a * np.cos(x), 1.0))(np.ones(2))
    with pytest.raises(dr.ShapeError, match="result"):
        optimize.fixed_point(lambda d: {"u": d["u"], "v": d["u"]}, {"u": np.ones(2)})


def test_signature():
    own, theirs = (inspect.signature(m.fixed_point).parameters for m in (optimize, original))
    assert [(p.name, p.default) for p in own.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]
