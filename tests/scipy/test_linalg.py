"""The mirror of scipy.linalg: what it passes through, one factorisation, arguments that stay as they are, errors."""

import inspect

import numpy as np
import pytest
import scipy.linalg

import dualrev as dr
from dualrev.core.array import Traced
from dualrev.core.primitive import find
from dualrev.rules.matrices import solutions
from dualrev.scipy import linalg

A = np.array([[4.0, 1.0, 0.5], [1.0, 5.0, 0.3], [0.5, 0.3, 6.0]])
B = np.array([1.0, -2.0, 0.5])
FUNCTIONS = [
    name
    for name in scipy.linalg.__all__
    if callable(getattr(scipy.linalg, name)) and not isinstance(getattr(scipy.linalg, name), type)
]
COMPILED = ("find_best_blas_type", "get_blas_funcs", "get_lapack_funcs")
OLD = np.lib.NumpyVersion(scipy.__version__) < "1.15.0"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_classified(name):
    if name in COMPILED:
        assert getattr(linalg, name) is getattr(scipy.linalg, name)
    else:
        assert find(getattr(scipy.linalg, name)) is not None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_answers_have_the_same_arguments(name):
    entry = find(getattr(scipy.linalg, name))
    if entry is None or entry.kind not in ("rule", "composite"):
        return
    if OLD and name in ("eigh", "eigvalsh", "inv", "pinv"):
        pytest.skip(
            "SciPy before 1.15 has arguments that were removed, and SciPy before 1.17 no inv(assume_a=)"
        )
    want = inspect.signature(getattr(scipy.linalg, name)).parameters
    assert list(inspect.signature(entry.call).parameters) == list(want)


def test_what_is_not_a_function_passes_through():
    assert linalg.LinAlgError is np.linalg.LinAlgError
    assert linalg.blas is scipy.linalg.blas
    assert linalg.LinAlgWarning is scipy.linalg.LinAlgWarning


def test_plain_arguments_are_scipys_own():
    assert np.array_equal(linalg.solve(A, B), scipy.linalg.solve(A, B))
    with pytest.raises(TypeError):
        linalg.solve(A, B, sym_pos=True)


@pytest.mark.parametrize("options", [{}, {"assume_a": "pos"}])
def test_one_factorisation_for_all_derivatives(monkeypatch, options):
    count = []
    one = solutions._factor_one
    monkeypatch.setattr(solutions, "_factor_one", lambda *a: count.append(1) or one(*a))
    f = lambda a: np.sum(linalg.solve(a, B, **options) ** 2)
    dr.grad(f)(A)
    assert len(count) == 1
    dr.hvp(f)(A, np.ones((3, 3)))
    assert len(count) == 2
    dr.jacobian(lambda b: linalg.solve(A * b[0], b, **options))(B)
    assert len(count) == 3


def test_a_factorisation_of_another_matrix_is_not_used():
    c = solutions.factor(A, form="general")
    b = B[:, None]
    np.testing.assert_allclose(
        solutions.solution(2 * A, b, c, trans=False), np.linalg.solve(2 * A, b)
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda a: linalg.solve(a, B, overwrite_a=True, overwrite_b=True),
        lambda a: linalg.solve(a, B, overwrite_a=True, assume_a="pos"),
        lambda a: linalg.cholesky(a, overwrite_a=True),
        lambda a: linalg.lu_factor(a, overwrite_a=True)[0],
        lambda a: linalg.qr(a, overwrite_a=True)[1],
        lambda a: linalg.eigh(a, overwrite_a=True)[0],
        lambda a: linalg.svd(a, overwrite_a=True)[1],
        lambda a: linalg.inv(a, overwrite_a=True),
        lambda a: linalg.det(a, overwrite_a=True),
    ],
)
def test_overwriting_never_happens(f):
    a, b = np.asfortranarray(A), B.copy()
    y, pull = dr.vjp(f, a)
    pull(np.ones_like(y))
    assert np.array_equal(a, A)
    assert np.array_equal(B, b)


@pytest.mark.parametrize("assume_a", ["sym", "her", "pos"])
@pytest.mark.parametrize("lower", [True, False])
def test_one_triangle_is_read(assume_a, lower):
    f = lambda a: np.sum(linalg.solve(a, B, assume_a=assume_a, lower=lower) ** 2)
    gradient = dr.grad(f)(A)
    assert not (np.triu(gradient, 1) if lower else np.tril(gradient, -1)).any()
    whole = dr.grad(lambda a: np.sum(np.linalg.solve(a, B) ** 2))(A)
    both = whole + whole.T - np.diag(np.diagonal(whole))
    np.testing.assert_allclose(gradient, np.tril(both) if lower else np.triu(both), rtol=1e-12)


def test_cholesky_of_scipy_and_numpy_have_one_convention():
    want = dr.jacobian(np.linalg.cholesky)(A)
    assert np.array_equal(dr.jacobian(lambda a: linalg.cholesky(a, lower=True))(A), want)


@pytest.mark.parametrize(
    ("f", "a", "error"),
    [
        (lambda a: linalg.solve(a, B), np.ones((3, 2)), ValueError),
        (lambda a: linalg.solve(a, B[:2]), A, ValueError),
        (lambda a: linalg.solve(a, B, assume_a="round"), A, ValueError),
        (lambda a: linalg.solve(a, B), np.full((3, 3), np.nan), ValueError),
        (lambda a: linalg.solve(a, B), np.ones((3, 3)), np.linalg.LinAlgError),
        (lambda a: linalg.solve(a, B, assume_a="pos"), -A, np.linalg.LinAlgError),
        pytest.param(
            lambda a: linalg.solve(a, B, assume_a="diagonal"),
            0 * A,
            np.linalg.LinAlgError,
            marks=pytest.mark.skipif(OLD, reason="SciPy before 1.15 knows no diagonal matrices"),
        ),
        (lambda a: linalg.solve(a + 0j, B, transposed=True), A, NotImplementedError),
        (lambda a: linalg.solve_triangular(a, B), np.zeros((3, 3)), np.linalg.LinAlgError),
        (lambda a: linalg.solve_triangular(a, B[:2]), A, ValueError),
        (lambda a: linalg.solve_banded((1, 0), a, B), A, ValueError),
        (lambda a: linalg.solve_banded((1, 1), a, B), 0 * A, np.linalg.LinAlgError),
        (lambda a: linalg.solveh_banded(a, B), -A, np.linalg.LinAlgError),
        (lambda a: linalg.solve_circulant(a, B), np.ones(3), np.linalg.LinAlgError),
        (lambda a: linalg.solve_toeplitz((a, B[:2]), B), B, ValueError),
        (lambda a: linalg.cholesky(a), -A, np.linalg.LinAlgError),
        (lambda a: linalg.cho_factor(a), np.ones((3, 2)), ValueError),
        (lambda a: linalg.det(a), B, ValueError),
        (lambda a: linalg.inv(a), np.ones((3, 3)), np.linalg.LinAlgError),
        (lambda a: linalg.pinv(a, atol=-1.0), A, ValueError),
        (lambda a: linalg.lstsq(a, B[:2])[0], A, ValueError),
        (lambda a: linalg.lstsq(a, B, lapack_driver="gels")[0], A, ValueError),
        (lambda a: linalg.qr(a, mode="thin")[0], A, ValueError),
        (lambda a: linalg.rq(a, mode="thin")[0], A, ValueError),
        (lambda a: linalg.svd(a, lapack_driver="gesxx")[1], A, ValueError),
        (lambda a: linalg.eigh(a, subset_by_index=(1, 5))[0], A, ValueError),
        (lambda a: linalg.eigh(a, subset_by_value=(2.0, 1.0))[0], A, ValueError),
        (lambda a: linalg.eigh(a, A, type=4)[0], A, ValueError),
        (lambda a: linalg.eigh(a, driver="fast")[0], A, ValueError),
        (lambda a: linalg.eigh(a, -A)[0], A, np.linalg.LinAlgError),
        (lambda a: linalg.eigh(a, A, driver="ev")[0], A, ValueError),
        (lambda a: linalg.eigvalsh(a, driver="gv"), A, ValueError),
        (lambda a: linalg.eigh_tridiagonal(a, B)[0], B, ValueError),
        (lambda a: linalg.eig_banded(a, select="x")[0], A, ValueError),
        (lambda a: linalg.polar(a, side="up")[0], A, ValueError),
        (lambda a: linalg.expm(a), np.ones((3, 2)), ValueError),
        (lambda a: linalg.expm_frechet(a, np.eye(2))[0], A, ValueError),
        (lambda a: linalg.solve_discrete_lyapunov(a, A, method="x"), A, ValueError),
        (lambda a: linalg.companion(a), np.array([0.0, 1.0]), ValueError),
        (lambda a: linalg.companion(a), np.array([1.0]), ValueError),
        (lambda a: linalg.leslie(a, B), B, ValueError),
        (lambda a: linalg.diagsvd(a, 4, 5), B, ValueError),
        (lambda a: linalg.convolution_matrix(a, 0), B, ValueError),
        (lambda a: linalg.khatri_rao(a, np.ones((2, 2))), A, ValueError),
        (lambda a: linalg.orthogonal_procrustes(a, np.ones((2, 2)))[0], A, ValueError),
        (lambda a: linalg.subspace_angles(a, np.ones((2, 2))), A, ValueError),
    ],
)
def test_bad_input_is_scipys_error(f, a, error):
    with pytest.raises(error):
        f(np.array(a))
    with pytest.raises(error) as caught:
        dr.vjp(f, np.array(a))
    assert not isinstance(caught.value, dr.DualrevError)


@pytest.mark.parametrize(
    ("f", "word"),
    [
        (lambda a: linalg.eig(a, homogeneous_eigvals=True)[0], "homogeneous"),
        (lambda a: linalg.eig(a, A, left=True, right=False)[1], "only the first"),
        (lambda a: linalg.qr(a, mode="raw")[0][0], "raw"),
        (
            lambda a: dr.vmap(lambda m: linalg.eigh(m, subset_by_value=(0.0, 9.0))[0])(a[None]),
            "interval",
        ),
    ],
)
def test_refused_options(f, word):
    with pytest.raises(dr.UnsupportedError, match=word):
        dr.vjp(f, A)


def test_ill_conditioned_systems_warn():
    a = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-16 * 4]])
    with pytest.warns(linalg.LinAlgWarning, match="Ill-conditioned|ill-conditioned"):
        dr.vjp(lambda a: linalg.solve(a, B[:2]), a)


def test_equal_eigenvalues_raise_unless_summed():
    np.testing.assert_allclose(dr.grad(lambda a: np.sum(linalg.eigvalsh(a)))(np.eye(2)), np.eye(2))
    with pytest.raises(np.linalg.LinAlgError, match="equal"):
        dr.grad(lambda a: linalg.eigh(a)[0][0])(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        dr.grad(lambda a: np.sum(np.imag(linalg.eigh(a)[1])))(A + 1j * (np.tri(3) - np.tri(3).T))


@pytest.mark.parametrize("type", [1, 2, 3])
@pytest.mark.parametrize("lower", [True, False])
def test_generalised_vectors_are_scipys(type, lower):
    a, b = np.array([[1.0, 0.5, 0.1], [0.5, -2.0, 0.3], [0.1, 0.3, 4.0]]), A
    found, _ = dr.vjp(lambda a: linalg.eigh(a, b, type=type, lower=lower), a)
    want = scipy.linalg.eigh(a, b, type=type, lower=lower)
    for one, other in zip(found, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_traced_and_plain_factors_agree():
    z = A + 0.3j * np.array([[0.0, 1.0, 2.0], [0.5, 0.0, -1.0], [1.0, 0.2, 0.0]])
    calls = [
        lambda a: linalg.rq(a),
        lambda a: linalg.qr(a[:, :2]),
        lambda a: linalg.qr(a, pivoting=True),
        lambda a: linalg.svd(a[:2], lapack_driver="gesvd", full_matrices=False),
        lambda a: linalg.eig(a, left=True),
        lambda a: linalg.eig(a, A, left=True),
        lambda a: linalg.rq(a[:2]),
        lambda a: linalg.lu(a),
        lambda a: linalg.lu(a[:, :2], p_indices=True),
        lambda a: linalg.lu_factor(a),
        lambda a: linalg.matrix_balance(a, separate=False),
        lambda a: linalg.pinv(a, return_rank=True),
    ]
    for f in calls:
        met = []
        dr.jvp(lambda a, f=f, met=met: met.append(f(a)) or a, (z,), (z,))
        for found, want in zip(met[0], f(z), strict=True):
            assert isinstance(found, Traced) or np.result_type(found).kind in "iufc"
            np.testing.assert_allclose(dr.value(found), want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 2), (2, 0)])
def test_empty_matrices_have_empty_factors(shape):
    if OLD:
        pytest.skip("SciPy before 1.15 takes no stacks, and LAPACK refuses its empty matrices")
    for f in (linalg.lu, linalg.lu_factor):
        met = []
        dr.jvp(
            lambda a, f=f, met=met: met.append(f(a)) or a * 1, (np.ones(shape),), (np.ones(shape),)
        )
        found = [np.asarray(dr.value(part)) for part in met[0]]
        assert [part.dtype for part in found] == [part.dtype for part in f(np.ones(shape))]
        if shape != (2, 0):  # SciPy gives a permutation of nothing
            assert [part.shape for part in found] == [part.shape for part in f(np.ones(shape))]


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_residuals_have_the_dtype_of_the_solution_where_there_are_none(rows):
    a, b = A[:rows] if rows < 4 else np.vstack([A, B]), np.arange(1.0, rows + 1) + 0.5j
    met = []
    dr.jvp(lambda a: met.append(linalg.lstsq(a, b)) or a, (a,), (a,))
    for found, want in zip(met[0], linalg.lstsq(a, b), strict=True):
        if np.result_type(want).kind in "fc":
            assert np.result_type(dr.value(found)) == np.result_type(want)
        np.testing.assert_allclose(dr.value(found), want, rtol=1e-12)


def test_systems_are_solved_one_of_three_ways():
    factor = scipy.linalg.lu_factor(A)
    with pytest.raises(ValueError, match="trans is 0, 1 or 2"):
        dr.vjp(lambda b: linalg.lu_solve(factor, b, trans=3), B)


def test_a_solve_inside_a_model():
    """Marginal likelihood of a Gaussian process, by cho_factor and by slogdet."""
    x = np.linspace(0.0, 1.0, 5)
    y = np.sin(3 * x)

    def covariance(p):
        return np.exp(-((x[:, None] - x) ** 2) / p[0] ** 2) + p[1] ** 2 * np.eye(5)

    def by_cholesky(p):
        c = linalg.cho_factor(covariance(p), lower=True)
        return y @ linalg.cho_solve(c, y) / 2 + np.sum(np.log(np.diagonal(c[0])))

    def by_determinant(p):
        k = covariance(p)
        return y @ np.linalg.solve(k, y) / 2 + np.linalg.slogdet(k)[1] / 2

    p = np.array([0.4, 0.3])
    np.testing.assert_allclose(dr.grad(by_cholesky)(p), dr.grad(by_determinant)(p), rtol=1e-10)
    np.testing.assert_allclose(dr.hessian(by_cholesky)(p), dr.hessian(by_determinant)(p), rtol=1e-9)
