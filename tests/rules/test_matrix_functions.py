"""Functions of matrices against mpmath and closed forms, and where they have no derivative."""

import mpmath
import numpy as np
import pytest
import scipy.linalg

import dualrev as dr
from dualrev.scipy import linalg

RNG = np.random.default_rng(5)
A = np.array([[1.1, 0.4, -0.3], [0.2, 1.9, 0.5], [-0.4, 0.1, 2.7]])
E = RNG.normal(size=(3, 3))
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def derivative(f, a, e):
    """The directional derivative with 60 digits, by a difference of which 20 are lost."""
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        a, e = mpmath.matrix(a.tolist()), mpmath.matrix(e.tolist())
        d = (f(a + h * e) - f(a - h * e)) / (2 * h)
        return np.array([[complex(v).real for v in row] for row in d.tolist()])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (linalg.expm, mpmath.expm),
        (linalg.logm, mpmath.logm),
        (linalg.sqrtm, mpmath.sqrtm),
        (linalg.cosm, mpmath.cosm),
        (linalg.sinm, mpmath.sinm),
        (
            lambda a: linalg.fractional_matrix_power(a, 0.3),
            lambda a: mpmath.powm(a, mpmath.mpf(0.3)),
        ),
    ],
    ids=["expm", "logm", "sqrtm", "cosm", "sinm", "power"],
)
def test_against_mpmath(ours, theirs):
    want = derivative(theirs, A, E)
    _, found = dr.jvp(ours, (A,), (E,))
    np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-13)
    ct = RNG.normal(size=(3, 3))
    (back,) = dr.vjp(ours, A)[1](ct)
    np.testing.assert_allclose(np.sum(back * E), np.sum(ct * want), rtol=1e-11)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_expm_in_directions_of_any_size(size):
    _, found = dr.jvp(linalg.expm, (A,), (size * E,))
    want = scipy.linalg.expm_frechet(A, E, compute_expm=False)
    np.testing.assert_allclose(found, size * want, rtol=1e-12, atol=1e-13 * size)


def test_expm_of_a_large_matrix():
    a = -30.0 * A
    _, found = dr.jvp(linalg.expm, (a,), (E,))
    np.testing.assert_allclose(found, derivative(mpmath.expm, a, E), rtol=1e-9)


def test_third_derivative_of_expm():
    f = lambda t: linalg.expm(t * np.array([[0.0, 1.0], [-1.0, 0.0]]))[0, 1]
    third = dr.grad(dr.grad(dr.grad(f)))
    assert third(0.4) == pytest.approx(-np.cos(0.4), rel=1e-12)


def test_expm_at_zero_is_the_identity():
    e = RNG.normal(size=(2, 2))
    np.testing.assert_allclose(dr.jvp(linalg.expm, (np.zeros((2, 2)),), (e,))[1], e, rtol=1e-14)


def test_logm_undoes_expm():
    f = lambda a: linalg.logm(linalg.expm(a))
    np.testing.assert_allclose(dr.jvp(f, (0.3 * A,), (E,))[1], E, rtol=1e-11, atol=1e-12)


def test_real_root_of_a_matrix_with_a_negative_eigenvalue_is_complex():
    a = np.array([[-1.0, 0.3], [0.2, 2.0]])
    f = lambda a: linalg.sqrtm(a)
    y, change = dr.jvp(f, (a,), (E[:2, :2],))
    np.testing.assert_allclose(y @ change + change @ y, E[:2, :2], atol=1e-13)
    gradient = dr.grad(lambda a: np.sum(np.imag(linalg.sqrtm(a))))(a)
    assert gradient.dtype == float
    np.testing.assert_allclose(np.sum(gradient * E[:2, :2]), np.sum(change.imag), rtol=1e-12)


@pytest.mark.filterwarnings(
    "ignore:Matrix is singular", "ignore:logm result", "ignore:The logm input matrix"
)
@pytest.mark.parametrize(
    "f",
    [
        lambda a: linalg.logm(a),
        lambda a: linalg.sqrtm(a),
        lambda a: linalg.signm(a),
        lambda a: linalg.fractional_matrix_power(a, 0.5),
        lambda a: linalg.polar(a)[0],
    ],
    ids=["logm", "sqrtm", "signm", "power", "polar"],
)
def test_singular_matrices_raise(f, capsys):
    with pytest.raises(np.linalg.LinAlgError):
        dr.grad(lambda a: np.sum(np.real(f(a))))(SINGULAR)
    with pytest.raises(np.linalg.LinAlgError):
        dr.jvp(f, (SINGULAR,), (np.ones((2, 2)),))


def test_sign_of_a_definite_matrix_is_constant():
    assert not dr.jvp(linalg.signm, (np.diag([1.0, 2.0, 3.0]),), (E,))[1].round(13).any()


@pytest.mark.parametrize("n", [0.5, 3, -2, 0])
def test_power_of_any_kind(n):
    f = lambda a: linalg.fractional_matrix_power(a, n)
    h = 1e-5
    want = (f(A + h * E) - f(A - h * E)) / (2 * h)
    np.testing.assert_allclose(dr.jvp(f, (A,), (E,))[1], want, rtol=1e-7, atol=1e-9)


def test_power_with_respect_to_the_exponent():
    f = lambda t: linalg.fractional_matrix_power(A, t)
    want = scipy.linalg.logm(A) @ scipy.linalg.fractional_matrix_power(A, 0.7)
    np.testing.assert_allclose(dr.jvp(f, (0.7,), (1.0,))[1], want, rtol=1e-11)


def test_riccati_solutions_solve():
    b, q, r = np.array([[0.3], [1.0], [0.5]]), np.diag([1.0, 2.0, 3.0]), np.array([[2.0]])
    e, s = np.eye(3) + 0.1 * E, np.array([[0.1], [0.2], [0.1]])

    def residual(a, x):
        k = (b.T @ x @ e + s.T) / 2.0
        return a.T @ x @ e + e.T @ x @ a - (e.T @ x @ b + s) @ k + q

    x, change = dr.jvp(lambda a: linalg.solve_continuous_are(a, b, q, r, e, s), (-A,), (E,))
    np.testing.assert_allclose(residual(-A, x), 0, atol=1e-12)
    whole = dr.jvp(residual, (-A, x), (E, change))[1]
    np.testing.assert_allclose(whole, 0, atol=1e-12)


def test_singular_sylvester_raises():
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        dr.grad(lambda a: np.sum(linalg.solve_sylvester(a, -np.eye(2), np.ones((2, 2)))))(np.eye(2))


@pytest.mark.parametrize(
    "name", ["funm", "expm_cond", "null_space", "orth", "schur", "qz", "ldl", "hessenberg"]
)
def test_refused(name):
    extra = {"funm": (np.exp,), "qz": (np.eye(2),)}.get(name, ())
    with pytest.raises(dr.UnsupportedError, match=f"scipy.linalg.{name}"):
        dr.grad(lambda a: np.sum(getattr(linalg, name)(a, *extra)[0]))(np.eye(2))
