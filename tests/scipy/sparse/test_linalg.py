"""Systems, eigenvalues and operators of scipy.sparse.linalg: factors shared, failures said, refusals explained."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as plain
import scipy.sparse.linalg as plain_linalg

import dualrev as dr
from dualrev.scipy import sparse
from dualrev.scipy.sparse import linalg

_rng = np.random.default_rng(9)
A = plain.csc_array(
    np.array([[4.0, 0, 0.7, 0], [-0.5, 5, 0, 0.3], [0, 0.9, 3, 0], [0.4, 0, -0.8, 6]])
)
DATA = A.data.copy()
B = _rng.normal(size=4)


def own(d):
    return sparse.csc_array((d, A.indices, A.indptr), shape=(4, 4))


def symmetric(d):
    return own(d) + own(d).T


# --------------------------------------------------------------------------------------------------
# The mirror


def test_plain_calls_are_those_of_scipy():
    assert np.array_equal(linalg.spsolve(A, B), plain.linalg.spsolve(A, B))
    assert np.array_equal(linalg.splu(A).solve(B), plain.linalg.splu(A).solve(B))
    assert np.array_equal(linalg.factorized(A)(B), plain.linalg.factorized(A)(B))
    assert linalg.cg(A @ A.T, B)[0].tolist() == plain.linalg.cg(A @ A.T, B)[0].tolist()
    assert linalg.MatrixRankWarning is plain.linalg.MatrixRankWarning
    assert linalg.ArpackError is plain.linalg.ArpackError
    assert sparse.linalg is linalg


def test_factors_are_still_those_of_scipy():
    lu, theirs = linalg.splu(A), plain.linalg.splu(A)
    assert isinstance(lu, plain.linalg.SuperLU)
    assert lu.shape == (4, 4)
    assert np.array_equal(lu.perm_c, theirs.perm_c)
    assert np.array_equal(lu.L.toarray(), theirs.L.toarray())
    with pytest.raises(AttributeError):
        lu.not_there  # noqa: B018
    with pytest.raises(ValueError, match="trans"):
        dr.grad(lambda b: np.sum(lu.solve(b, "X")))(B)


# --------------------------------------------------------------------------------------------------
# Direct solvers


def test_one_factorisation_for_value_and_all_derivatives(monkeypatch):
    count = []
    original = plain.linalg.splu

    def counted(*args, **kwargs):
        count.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr("scipy.sparse.linalg.splu", counted)
    dr.grad(lambda d: np.sum(linalg.spsolve(own(d), B) ** 2))(DATA)
    assert len(count) == 1
    dr.jacobian(lambda b: linalg.spsolve(A, b))(B)
    assert len(count) == 2
    dr.hessian(lambda d: np.sum(linalg.spsolve(own(d), B) ** 2))(DATA)
    assert len(count) == 3


def test_matrix_written_to_after_its_factorisation():
    a = A.copy()
    solve = linalg.factorized(a)
    want = np.linalg.inv(A.toarray())
    a.data[:] = 1.0
    assert np.allclose(dr.jacobian(solve)(B), want)
    assert np.allclose(dr.jacobian(solve, mode="forward")(B), want)


def test_unsorted_indices_stay_as_they_are():
    """SuperLU's interface sorts them in place, with the entries that it was given."""
    indices, pointers = np.array([2, 0, 1, 1, 0, 2, 1]), np.array([0, 3, 5, 7])

    def f(d):
        a = sparse.csc_array((d, indices, pointers), shape=(3, 3))
        return linalg.spsolve(a + 6 * sparse.eye_array(3), B[:3]) + linalg.splu(a).solve(B[:3])

    def g(d):
        m = np.zeros_like(d[0] * np.ones((3, 3)))
        m[indices, [0, 0, 0, 1, 1, 2, 2]] = d
        return np.linalg.solve(m + 6 * np.eye(3), B[:3]) + np.linalg.solve(m, B[:3])

    d = np.array([1.0, 4.0, 0.5, 3.0, -0.7, 5.0, 0.2])
    assert np.allclose(dr.jacobian(f)(d), dr.jacobian(g)(d))
    assert indices.tolist() == [2, 0, 1, 1, 0, 2, 1]


def test_singular_matrix_warns_as_in_scipy():
    b = np.ones(2)
    singular = plain.csc_array(np.array([[1.0, 2.0], [2.0, 4.0]]))
    with pytest.warns(plain.linalg.MatrixRankWarning, match="singular"):
        y = plain.linalg.spsolve(singular, b)
    assert np.isnan(y).all()
    with pytest.warns(plain.linalg.MatrixRankWarning, match="singular"):
        g = dr.grad(lambda b: np.sum(linalg.spsolve(singular, b)))(b)
    assert np.isnan(g).all()


def test_complex_systems():
    a = A * (1 + 0.3j)
    z = B + 1j * B[::-1]
    want = dr.grad(lambda z: np.sum(np.abs(np.linalg.solve(a.toarray(), z)) ** 2))
    for rhs in (B, z):
        found = dr.grad(lambda z: np.sum(np.abs(linalg.spsolve(a, z)) ** 2))(rhs)
        assert np.allclose(found, want(rhs))
        found = dr.grad(lambda z: np.sum(np.abs(linalg.splu(A).solve(z, "H")) ** 2))(z)
        dense = dr.grad(lambda z: np.sum(np.abs(np.linalg.solve(A.toarray().T, z)) ** 2))(z)
        assert np.allclose(found, dense)
    own_entries = dr.grad(lambda d: np.sum(np.abs(linalg.spsolve(own(d), z)) ** 2))(
        DATA * (1 + 0.3j)
    )
    dense = dr.grad(lambda m: np.sum(np.abs(np.linalg.solve(m, z)) ** 2))(a.toarray())
    assert np.allclose(own_entries, dense[A.tocoo().coords])


def test_bad_systems():
    for f, match in (
        (lambda b: linalg.spsolve(A[:, :3], b), "must be square"),
        (lambda b: linalg.spsolve(A, b[:2]), "dimension mismatch"),
        (lambda b: linalg.spsolve_triangular(plain.tril(A).tocsr(), b[:2]), "shape of b"),
        (lambda b: linalg.splu(A).solve(b[:2]), "incompatible"),
        (lambda b: linalg.cg(A, b[:2])[0], "incompatible"),
    ):
        with pytest.raises(ValueError, match=match):
            dr.grad(lambda b, f=f: np.sum(f(b)))(B)
    with pytest.raises(dr.UnsupportedError, match="dense"):
        dr.grad(lambda b: np.sum(linalg.spsolve(A.toarray(), b)))(B)
    with pytest.raises(dr.UnsupportedError, match="factors themselves"):
        dr.grad(lambda d: np.sum(linalg.splu(own(d)).L.toarray()))(DATA)


# --------------------------------------------------------------------------------------------------
# Iterative solvers


def test_guess_preconditioner_and_callback_are_passed_on():
    a = plain.csr_array(A @ A.T)
    met = []

    def f(b):
        # A preconditioner and a guess do not change the solution, so traced ones are taken as values.
        x, info = linalg.cg(
            a,
            b,
            b * 0.01,
            rtol=1e-13,
            M=sparse.diags_array([b * 0 + 2.0], offsets=[0]),
            callback=met.append,
        )
        assert info == 0
        return np.sum(x**2)

    want = dr.grad(lambda b: np.sum(np.linalg.solve(a.toarray(), b) ** 2))(B)
    assert np.allclose(dr.grad(f)(B), want, rtol=1e-10)
    assert len(met) == 4


def test_not_converged():
    a = plain.csr_array(A @ A.T)
    with pytest.raises(dr.SolutionError, match=r"info = 1"):
        dr.grad(lambda b: np.sum(linalg.cg(a, b, maxiter=1)[0]))(B)
    assert linalg.cg(a, B, maxiter=1)[1] == 1
    # SciPy's tfqmr says that it has converged here.
    m = plain.diags_array(1 / A.diagonal())
    x, info = linalg.tfqmr(A, B, rtol=1e-13, atol=0.0, M=m)
    if info == 0 and np.linalg.norm(B - A @ x) > 1e-3:
        with pytest.raises(dr.SolutionError, match="far from the solution"):
            dr.grad(lambda b: np.sum(linalg.tfqmr(A, b, rtol=1e-13, atol=0.0, M=m)[0]))(B)


def test_breakdown_at_unit_vectors():
    """The cotangent of one entry is a unit vector, on which two-sided methods may break down."""
    want = np.linalg.inv(A.toarray())
    for name in ("bicg", "bicgstab", "cgs", "qmr", "gmres"):
        solve = getattr(linalg, name)
        found = dr.jacobian(lambda b, solve=solve: solve(A, b, rtol=1e-13)[0])(B)
        assert np.allclose(found, want, rtol=1e-9, atol=1e-11)


def test_operators_without_adjoint():
    a = A @ A.T
    bare = linalg.LinearOperator((4, 4), matvec=lambda v: a @ v, dtype=float)
    want = np.linalg.inv(a.toarray())
    # Symmetric methods need no transpose.
    assert np.allclose(dr.jacobian(lambda b: linalg.cg(bare, b, rtol=1e-13)[0])(B), want)
    forward = dr.jacobian(lambda b: linalg.gmres(bare, b, rtol=1e-13)[0], mode="forward")
    assert np.allclose(forward(B), want)
    with pytest.raises(dr.UnsupportedError, match="rmatvec"):
        dr.grad(lambda b: np.sum(linalg.gmres(bare, b, rtol=1e-13)[0]))(B)
    with pytest.raises(dr.UnsupportedError, match="rmatvec"):
        dr.grad(lambda x: np.sum(bare @ x))(B)
    assert np.allclose(dr.jacobian(lambda x: bare @ x, mode="forward")(B), a.toarray())


def test_complex_hermitian():
    h = plain.csr_array(A @ A.T + 0.5j * (A - A.T))
    z = B + 1j * B[::-1]
    want = dr.grad(lambda z: np.sum(np.abs(np.linalg.solve(h.toarray(), z)) ** 4))(z)
    m = linalg.aslinearoperator(plain.diags_array(1 / np.abs(h.diagonal())))
    operator = linalg.LinearOperator((4, 4), matvec=lambda v: h @ v, dtype=complex)
    for a in (h, operator):
        found = dr.grad(lambda z, a=a: np.sum(np.abs(linalg.cg(a, z, rtol=1e-14, M=m)[0]) ** 4))(z)
        assert np.allclose(found, want)


# --------------------------------------------------------------------------------------------------
# Linear operators


def test_operators_of_operators():
    op = linalg.LinearOperator((4, 4), matvec=lambda v: A @ v, rmatvec=lambda v: A.T @ v)
    assert isinstance(op, plain.linalg.LinearOperator)
    assert isinstance(plain.linalg.aslinearoperator(A), linalg.LinearOperator)
    d = A.toarray()
    for made, want in (
        (op, d),
        (op.T, d.T),
        (op.H, d.T),
        (2 * op - op.T, 2 * d - d.T),
        (op @ op.T, d @ d.T),
        (op**2, d @ d),
        (-op, -d),
        (linalg.aslinearoperator(A), d),
        (linalg.aslinearoperator(d.copy()), d),
    ):
        assert np.allclose(made @ B, want @ B)
        for f in (lambda x, m=made: m @ x, lambda x, m=made: m(x), made.matvec):
            assert np.allclose(dr.jacobian(f)(B), want)
        assert np.allclose(dr.jacobian(made.rmatvec)(B), want.T)
        assert np.allclose(
            dr.grad(lambda x, m=made: np.sum(m @ np.outer(x, x)))(B),
            dr.grad(lambda x, w=want: np.sum(w @ np.outer(x, x)))(B),
        )
    with pytest.raises(ValueError, match="dimension mismatch"):
        dr.grad(lambda x: np.sum(op @ x[:3]))(B)
    with pytest.raises(ValueError, match="Scalar"):
        dr.grad(lambda x: np.sum(op @ x))(2.0)


def test_own_operators():
    class Shift(linalg.LinearOperator):
        def __init__(self):
            super().__init__(float, (4, 4))

        def _matvec(self, x):
            return np.roll(x, 1)

        def _rmatvec(self, x):
            return np.roll(x, -1)

    assert np.array_equal(dr.jacobian(lambda x: Shift() @ x)(B), np.roll(np.eye(4), 1, 0))


def test_operators_of_traced_matrices():
    def f(d):
        op = linalg.aslinearoperator(own(d))
        return np.sum(op @ B) + np.sum(op.T @ B**2) + np.sum(linalg.gmres(op, B, rtol=1e-13)[0])

    def g(d):
        a = own(d).toarray()
        return np.sum(a @ B) + np.sum(a.T @ B**2) + np.sum(np.linalg.solve(a, B))

    assert np.allclose(dr.grad(f)(DATA), dr.grad(g)(DATA), rtol=1e-9)


def test_an_operator_that_closes_over_traced_values():
    def f(s):
        op = linalg.LinearOperator((4, 4), matvec=lambda v: s * v, dtype=float)
        return np.sum(op @ (s * B))

    with pytest.raises(TypeError):
        dr.grad(f)(2.0)


# --------------------------------------------------------------------------------------------------
# Eigenvalues


def test_equal_eigenvalues():
    d = np.array([1.0, 2.0, 2.0, 3.0])
    make = lambda d: sparse.diags_array([d], offsets=[0], format="csr")
    v0 = np.ones(4)

    def f(d):
        return linalg.eigsh(make(d), 1, which="LA", v0=v0)[0][0]

    assert np.allclose(dr.grad(f)(d), [0, 0, 0, 1], atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError, match="equal to another"):
        dr.grad(lambda d: linalg.eigsh(make(d), 2, which="LA", v0=v0)[1][1, 0] ** 2)(d)


def test_complex_vectors_have_no_phase():
    def f(x):
        a = symmetric(x)
        h = a + 1j * (own(x) - own(x).T)
        w, v = linalg.eigsh(h, 2, v0=np.ones(4, complex))
        return np.sum(np.abs(v) ** 4 * w)

    def g(x):
        a = own(x).toarray()
        w, v = np.linalg.eigh(a + a.T + 1j * (a - a.T))
        return np.sum(np.abs(v[:, -2:]) ** 4 * w[-2:])

    assert np.isclose(f(DATA), g(DATA))
    assert np.allclose(dr.grad(f)(DATA), dr.grad(g)(DATA))

    def phase(x):
        return np.real(
            linalg.eigsh(symmetric(x) * (1 + 0j), 1, v0=np.ones(4, complex))[1][0, 0] * 1j
        )

    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        dr.grad(phase)(DATA)


def test_matrix_that_is_not_symmetric_counts_by_its_symmetric_part():
    g = dr.grad(lambda d: linalg.eigsh(symmetric(d), 1, v0=np.ones(4))[0][0])(DATA)
    v = np.linalg.eigh((A + A.T).toarray())[1][:, -1]
    r, c = A.tocoo().coords
    assert np.allclose(g, 2 * v[r] * v[c])


def test_least_squares_without_full_rank():
    tall = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    with pytest.raises(dr.SolutionError, match="rank"):
        dr.grad(lambda a: np.sum(linalg.lsqr(sparse.csr_array(a), np.ones(3))[0]))(tall)
    damped = dr.grad(
        lambda a: np.sum(linalg.lsqr(sparse.csr_array(a), np.ones(3), 0.5, 1e-14, 1e-14)[0])
    )
    dense = dr.grad(lambda a: np.sum(np.linalg.solve(a.T @ a + 0.25 * np.eye(2), a.T @ np.ones(3))))
    assert np.allclose(damped(tall), dense(tall))


# --------------------------------------------------------------------------------------------------
# What has no rule


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda a: linalg.inv(a), "spsolve"),
        (lambda a: linalg.expm(a), "expm_multiply"),
        (lambda a: linalg.expm_multiply(a, B), "constant|no rule"),
        (lambda a: linalg.onenormest(a), "norm"),
        (lambda a: linalg.lobpcg(a, np.ones((4, 1))), "eigsh"),
        (lambda a: linalg.spilu(a), "preconditioner"),
        (lambda a: linalg.norm(a, 2), "svds"),
        (lambda a: linalg.eigsh(A, 1, a), "derivatives with respect to M"),
        (lambda a: linalg.eigs(a, 1, A), "generalised"),
        (lambda a: linalg.spsolve(A, a), "right-hand side"),
        (lambda a: linalg.lsqr(a, B, a.sum()), "damp"),
    ],
)
def test_refusals(f, words):
    with pytest.raises(dr.UnsupportedError, match=words):
        dr.vjp(lambda d: (f(own(d)), np.sum(d))[1], DATA)


def test_conductivities():
    """Sensitivities of a stationary temperature with respect to conductivities: A(k) u = q, adjoint against dense."""
    n = 30

    def temperature(k):
        main = k[:-1] + k[1:]
        a = sparse.diags_array([main, -k[1:-1], -k[1:-1]], offsets=[0, 1, -1], format="csc")
        return linalg.spsolve(a, np.ones(n))

    k = 1 + 0.5 * _rng.uniform(size=n + 1)

    def dense(k):
        a = np.diag(k[:-1] + k[1:]) - np.diag(k[1:-1], 1) - np.diag(k[1:-1], -1)
        return np.linalg.solve(a, np.ones(n))

    assert np.allclose(dr.jacobian(temperature)(k), dr.jacobian(dense)(k), rtol=1e-10)
    assert np.allclose(temperature(k), dense(k), rtol=1e-12)


@pytest.mark.parametrize("which", ["LM", "SM", "LR", "SR", "LI"])
@pytest.mark.parametrize("vectors", [True, False])
def test_eigenvalues_in_the_order_of_scipy(which, vectors):
    """Which is another one without vectors."""
    rng = np.random.default_rng(3)
    a = plain.csr_array(rng.normal(size=(12, 12)) + 4 * np.diag(np.arange(12)))
    options = {"k": 4, "which": which, "v0": np.ones(12), "return_eigenvectors": vectors}
    want = plain_linalg.eigs(a, **options)
    change = rng.normal(size=a.data.size)

    def f(d):
        y = linalg.eigs(sparse.csr_array((d, a.indices, a.indptr), shape=a.shape), **options)
        return y[0] if vectors else y

    found, slope = dr.jvp(f, (a.data,), (change,))
    assert np.allclose(found, want[0] if vectors else want, rtol=1e-9)
    w, left, right = scipy.linalg.eig(a.toarray(), left=True)
    b = plain.csr_array((change, a.indices, a.indptr), shape=a.shape).toarray()
    slopes = np.diagonal(left.conj().T @ b @ right) / np.sum(left.conj() * right, axis=0)
    nearest = np.argmin(np.abs(w - found[:, None]), axis=1)
    assert np.allclose(slope, slopes[nearest], rtol=1e-7)
