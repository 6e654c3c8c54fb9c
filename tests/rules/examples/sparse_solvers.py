"""scipy.sparse.linalg: systems, least squares and eigenvalues, with respect to entries and right-hand sides."""

import numpy as np
import scipy.sparse as plain

from dualrev.scipy import sparse
from dualrev.scipy.sparse import linalg
from tests.rules.examples import Example

_rng = np.random.default_rng(32)
PATTERN = plain.csr_array(
    np.array([[4.0, 0, 0.7, 0], [-0.5, 5, 0, 0.3], [0, 0.9, 3, 0], [0.4, 0, -0.8, 6]])
)
DATA = PATTERN.data.copy()
B = _rng.normal(size=4)
COLUMNS = _rng.normal(size=(4, 2))
TALL = _rng.normal(size=5)
START = np.array([1.0, 0.3, -0.2, 0.5])


def matrix(d):
    """Return a sparse array of these entries."""
    return sparse.csr_array((d, PATTERN.indices, PATTERN.indptr), shape=(4, 4))


def wide(d, b):
    """Return one of a precision that SuperLU has for both."""
    return matrix(d.astype(np.result_type(d.dtype, b.dtype)))


def symmetric(d):
    """Return a symmetric one."""
    a = matrix(d)
    return a + a.T


def tall(d):
    """Return one of five rows."""
    return sparse.vstack([matrix(d), matrix(d)[1:2] * 0.5])[:, :3]


EXAMPLES = {
    "sparse.linalg.spsolve": [
        Example(lambda d, b: linalg.spsolve(matrix(d), b), DATA, B),
        Example(lambda d, b: linalg.spsolve(matrix(d).tocsc(), b), DATA, COLUMNS),
        Example(lambda b: linalg.spsolve(PATTERN, b[:, None], permc_spec="NATURAL"), B),
    ],
    "sparse.linalg.spsolve_triangular": [
        Example(
            lambda d, b: linalg.spsolve_triangular(sparse.tril(matrix(d), format="csr"), b), DATA, B
        ),
        Example(
            lambda d, b: linalg.spsolve_triangular(
                sparse.triu(matrix(d), format="csr"), b, lower=False, unit_diagonal=True
            ),
            DATA,
            COLUMNS,
        ),
    ],
    "sparse.linalg.factorized": [
        Example(lambda d, b: linalg.factorized(wide(d, b).tocsc())(b), DATA, B),
        Example(linalg.factorized(PATTERN.tocsc()), B),
    ],
    "sparse.linalg.splu": [
        Example(lambda d, b: linalg.splu(wide(d, b).tocsc()).solve(b), DATA, B),
        Example(lambda d, b: linalg.splu(wide(d, b).tocsc()).solve(b, "T"), DATA, COLUMNS),
        Example(lambda b: linalg.splu(PATTERN.tocsc(), permc_spec="NATURAL").solve(b, "H"), B),
    ],
    "sparse.linalg.spilu": [
        Example(lambda b: linalg.spilu(PATTERN.tocsc(), drop_tol=0.1).solve(b), B),
        Example(lambda b: linalg.spilu(PATTERN.tocsc(), drop_tol=0.1).solve(b, "T"), COLUMNS),
    ],
    "sparse.linalg.eigsh": [
        Example(lambda d: linalg.eigsh(symmetric(d), 2, v0=START)[0], DATA),
        Example(lambda d: linalg.eigsh(symmetric(d), 2, sigma=5.5, v0=START)[1] ** 2, DATA),
        Example(
            lambda d: linalg.eigsh(
                symmetric(d),
                2,
                plain.diags_array([1.0, 2.0, 1.5, 1.0]).tocsc().astype(d.dtype),
                which="SA",
                v0=START,
                return_eigenvectors=False,
            ),
            DATA,
        ),
    ],
    "sparse.linalg.eigs": [
        Example(lambda d: linalg.eigs(matrix(d), 2, v0=START)[0], DATA),
        Example(lambda d: np.abs(linalg.eigs(matrix(d), 1, None, 3.5, v0=START)[1]), DATA),
    ],
    "sparse.linalg.svds": [
        Example(lambda d: linalg.svds(tall(d), 2, v0=START[:3])[1], DATA),
        Example(lambda d: linalg.svds(tall(d), 1, v0=START[:3])[0] ** 2, DATA),
        Example(
            lambda d: linalg.svds(tall(d), 1, v0=START[:3], return_singular_vectors=False), DATA
        ),
    ],
    "sparse.linalg.lsqr": [
        Example(lambda d, b: linalg.lsqr(tall(d), b, **least(d, b))[0], DATA, TALL),
        Example(lambda d, b: linalg.lsqr(tall(d), b, 0.7, **least(d, b))[0], DATA, TALL),
    ],
    "sparse.linalg.lsmr": [
        Example(lambda d, b: lsmr(tall(d), b, **least(d, b)), DATA, TALL),
        Example(lambda d, b: lsmr(tall(d), b, 0.7, **least(d, b)), DATA, TALL),
    ],
    "sparse.linalg.expm_multiply": [
        Example(lambda b: linalg.expm_multiply(PATTERN * 0.3, b), B),
        Example(
            lambda b: linalg.expm_multiply(PATTERN * 0.3, b, start=0.0, stop=1.0, num=3), COLUMNS
        ),
    ],
}


def tight(*arrays):
    """Return a tolerance at which iterations still converge."""
    return 20 * float(np.finfo(np.result_type(*(a.dtype for a in arrays))).eps)


def least(*arrays):
    """Return the tolerances of lsqr and lsmr."""
    return {"atol": tight(*arrays), "btol": tight(*arrays)}


def lsmr(*args, **kwargs):
    """Return the solution; SciPy starts from 1e100, which overflows in single precision."""
    with np.errstate(over="ignore"):
        return linalg.lsmr(*args, **kwargs)[0]


def _iterative(name, make):
    solve = getattr(linalg, name)
    more = {} if name == "minres" else {"atol": 0.0}
    diagonal = plain.linalg.aslinearoperator(plain.diags_array(1 / PATTERN.diagonal()))
    # SciPy's tfqmr says that it has converged, far from the solution, if it is given a preconditioner.
    second = {"qmr": {"M1": diagonal, "M2": diagonal}, "tfqmr": {}}.get(name, {"M": diagonal})
    return [
        Example(lambda d, b: solve(make(d), b, rtol=tight(d, b), **more)[0], DATA, B),
        Example(
            lambda b: solve(make(DATA), b[:, None], x0=B, rtol=tight(b), **more, **second)[0], B
        ),
        Example(lambda a, b: solve(a, b, rtol=tight(a, b), **more)[0], make(DATA).toarray(), B),
    ]


for _name in ("bicg", "bicgstab", "cgs", "gcrotmk", "gmres", "lgmres", "qmr", "tfqmr"):
    EXAMPLES[f"sparse.linalg.{_name}"] = _iterative(_name, matrix)
for _name in ("cg", "minres"):
    EXAMPLES[f"sparse.linalg.{_name}"] = _iterative(_name, symmetric)
