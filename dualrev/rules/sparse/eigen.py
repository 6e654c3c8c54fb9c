"""eigsh, eigs and svds with traced entries: a few eigenpairs, whose derivatives solve bordered systems.

[[A − w M, M v], [(M v)ᴴ, 0]] is regular where the eigenvalue w is simple, although A − w M is not; it has one more row
than A and is as sparse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import general
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.degeneracy import alike, check_phase, equal_pairs, shared, size_of
from dualrev.rules.sparse.arrays import TracedSparse, is_sparse, rearranged, sparse_of, varies
from dualrev.rules.sparse.products import Pattern, outer_at, sparse_product
from dualrev.rules.sparse.systems import Direct, sparse_solve

__all__ = ["OPTIONS", "Bordered", "Eigenproblem", "eigenpairs", "matrix_of", "plain_options"]

_NOTE = (
    "vᴴdv = 0; the cotangent is that of the Hermitian part; equal eigenvalues: what tells them apart raises, "
    "and one of them that was not asked for makes the vectors raise"
)


class Bordered(Direct):
    """A bordered system; where it is singular to rounding, the eigenvalue is not simple."""

    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for the rows of `b`."""
        if not np.any(b):
            return np.zeros(b.shape, np.result_type(a, b))
        x = super().columns(a, b, transposed)
        if np.isnan(a).any() or np.isnan(b).any():
            return x
        limit = 16 * np.sqrt(len(x.T)) * np.finfo(x.dtype).eps * np.abs(a).max(initial=0)
        if not np.abs(x).max(initial=0) * limit < np.abs(b).max(initial=0):
            raise np.linalg.LinAlgError(
                "a derivative of the vector of an eigenvalue (or singular value) that is equal to another one, to "
                "rounding: it has none. Use functions of the whole group, by dense np.linalg.eigh."
            )
        return x


class Eigenproblem:
    """A v = w M v for Hermitian A; the other part of A is ignored.

    Parameters
    ----------
    pattern : Pattern
        Of A.
    pairs : callable
        ``pairs(matrix)`` returns eigenvalues and vectors (as columns) of a plain sparse array.
    mass : sparse array, optional
        M.
    """

    def __init__(self, pattern: Pattern, pairs: Callable[[Any], Any], mass: Any = None) -> None:
        self.pattern = pattern
        self.pairs = pairs
        n = pattern.shape[0]
        self.mass = sparse.coo_array(sparse.eye_array(n) if mass is None else mass)
        self.is_general = mass is not None
        every, last = np.arange(n), np.full(n, n)
        rows = [pattern.rows, pattern.columns, self.mass.row, every, last]
        columns = [pattern.columns, pattern.rows, self.mass.col, last, every]
        self.bordered = Pattern((n + 1, n + 1), "coo", *map(np.concatenate, (rows, columns)))

    def value(self, a: Any) -> Any:
        """Return eigenvalues and vectors for plain entries."""
        matrix = self.pattern.matrix(a)
        w, v = self.pairs((matrix + matrix.conj().T) * a.real.dtype.type(0.5))
        return w.astype(np.finfo(a.dtype).dtype), v.astype(a.dtype)

    def change(self, t: Any, x: Any) -> Any:
        """Return dA x for the rows of `x`."""
        y = sparse_product(t, x, pattern=self.pattern)
        z = sparse_product(t, np.conjugate(x), pattern=self.pattern.T)
        return (y + np.conjugate(z)) / 2

    def outer(self, left: Any, right: Any) -> Any:
        """Return the cotangent of the entries of A in Σ leftᵀ A right."""
        g = outer_at(left, right, pattern=self.pattern)
        return (g + outer_at(np.conjugate(right), np.conjugate(left), pattern=self.pattern)) / 2

    def weigh(self, v: Any) -> Any:
        """Return M v for the rows of `v`."""
        if not self.is_general:
            return v
        pattern = Pattern(self.mass.shape, "coo", self.mass.row, self.mass.col)
        return sparse_product(self.mass.data, v, pattern=pattern)

    def solve(self, a: Any, w: Any, v: Any, b: Any, transposed: bool) -> Any:
        """Solve the bordered system of each pair for the rows of `b`, with a last entry of zero."""
        mv = self.weigh(v)
        zero = np.zeros(1, dtype_of(b))
        system = Bordered(self.bordered, {})
        rows = []
        for k in range(v.shape[0]):
            entries = [
                a / 2,
                np.conjugate(a) / 2,
                -w[k] * self.mass.data,
                mv[k],
                np.conjugate(mv[k]),
            ]
            x = sparse_solve(
                np.concatenate(entries),
                np.concatenate([b[k], zero]),
                system=system,
                transposed=transposed,
            )
            rows.append(x[:-1])
        return np.stack(rows)


def _dense(matrix: Any) -> Any:
    return np.linalg.eigh(matrix.toarray())


def _generalised(matrix: Any) -> Any:
    root = np.sqrt(_MASS.data)
    w, v = np.linalg.eigh(matrix.toarray() / root / root[:, None])
    return w[:2], v[:, :2] / root[:, None]


def _symmetric(rng: np.random.Generator) -> Any:
    return rng.normal(size=7) * 0.5 + np.array([1.0, 0.3, 0.3, 3.0, 0.4, 0.4, 6.0])


_PATTERN = Pattern((3, 3), "coo", np.array([0, 0, 1, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 1, 2]))
_MASS = sparse.coo_array((np.array([1.0, 2.0, 1.5]), (np.arange(3), np.arange(3))))


@general(
    lambda x, *, problem: problem.value(x),
    on=[
        case(_symmetric, problem=Eigenproblem(_PATTERN, _dense)),
        case(_symmetric, problem=Eigenproblem(_PATTERN, _generalised, _MASS)),
    ],
    name="eigenpairs",
    analytic=False,
    kinks="vᴴdv = 0; equal eigenvalues: what tells them apart raises LinAlgError",
)
class eigenpairs:
    """dw = vᴴ dA v,  (A − w M) dv = −(dA − dw M) v with vᴴ M dv = 0, by a bordered system.

    Nelson (1976), Simplified calculation of eigenvector derivatives, AIAA Journal 14(9).
    """

    def tangent(t: Any, x: Any, y: Any, *, problem: Eigenproblem) -> Any:
        w, v = y
        change = problem.change(t, v.T)
        dw = np.real(np.sum(np.conjugate(v).T * change, axis=-1))
        dv = -problem.solve(x, w, v.T, change, False)
        return shared(dw, equal_pairs(w)), dv.T

    def adjoint(ct: Any, x: Any, y: Any, *, problem: Eigenproblem) -> Any:
        (ct_w, ct_v), (w, v) = ct, y
        ct_w = alike(np.real(ct_w), equal_pairs(w), w, "eigsh")
        if dtype_of(v).kind == "c":
            check_phase(np.matmul(v.T, ct_v), size_of(ct_v), what="eigsh")
        left = ct_w[:, None] * np.conjugate(v).T - problem.solve(x, w, v.T, ct_v.T, True)
        return problem.outer(left, v.T)


def matrix_of(A: Any, name: str) -> TracedSparse:
    """Return a sparse or dense matrix with traced entries."""
    if isinstance(A, linalg.LinearOperator):
        raise UnsupportedError(
            name, "the derivative needs the entries of the matrix", "give it the sparse array"
        )
    if not is_sparse(A):
        A = rearranged(sparse.coo_array, operand(A))
    return sparse_of(A).merged()


def plain_options(name: str, options: dict[str, Any], *matrices: str) -> dict[str, Any]:
    for key in matrices:
        if varies(options.get(key)):
            raise UnsupportedError(
                name,
                f"derivatives with respect to {key} have no rule",
                f"solve the standard problem, or pass the values of {key}",
            )
    return {k: value(v) for k, v in options.items()}


# The options that ARPACK's two functions have in common, in their order.
OPTIONS = ("sigma", "which", "v0", "ncv", "maxiter", "tol", "return_eigenvectors", "Minv", "OPinv")


@numpy_function(linalg.eigsh, kind="rule", note=_NOTE)
def eigsh(A: Any, k: int = 6, M: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Answer ``scipy.sparse.linalg.eigsh``."""
    name = "scipy.sparse.linalg.eigsh"
    given = dict(zip((*OPTIONS, "mode", "rng"), args, strict=False)) | kwargs
    options = plain_options(name, given | {"M": M}, "M", "sigma")
    vectors = options.pop("return_eigenvectors", True)
    mass = options["M"]
    if mass is not None and isinstance(mass, linalg.LinearOperator):
        raise UnsupportedError(name, "M is an operator", "give M as a sparse array")
    a = matrix_of(A, name)

    def pairs(matrix: Any) -> Any:
        w, v = linalg.eigsh(matrix, k, **options)
        if not vectors:
            # ARPACK may order them otherwise.
            alone = linalg.eigsh(matrix, k, return_eigenvectors=False, **options)
            order = np.argsort(w)[np.argsort(np.argsort(alone))]
            w, v = w[order], v[:, order]
        return w, v

    w, v = eigenpairs(a._data, problem=Eigenproblem(a.pattern, pairs, mass))
    return (w, v) if vectors else w


@numpy_function(
    linalg.svds,
    kind="rule",
    note="the phase is shared between u and v; singular values that are equal, or zero, have no vectors' derivative",
)
def svds(A: Any, k: int = 6, *args: Any, **kwargs: Any) -> Any:
    """Answer ``scipy.sparse.linalg.svds`` as an eigenvalue problem of [[0, A], [Aᴴ, 0]]."""
    name = "scipy.sparse.linalg.svds"
    names = ("ncv", "tol", "which", "v0", "maxiter", "return_singular_vectors", "solver")
    options = plain_options(name, dict(zip(names, args, strict=False)) | kwargs)
    wanted = options.pop("return_singular_vectors", True)
    a = matrix_of(A, name)
    m, n = a.shape
    shape = (m + n, m + n)

    def pairs(matrix: Any) -> Any:
        u, s, vh = linalg.svds(matrix.tocsr()[:m, m:], k, **options)
        return s, np.concatenate([u, vh.conj().T]) / np.sqrt(np.array(2, s.dtype))

    problem = Eigenproblem(Pattern(shape, "coo", a.row, a.col + m), pairs)
    s, z = eigenpairs(2 * a._data, problem=problem)
    if wanted is False:
        return s
    z = z * np.sqrt(np.array(2, dtype_of(s)))
    u, vh = z[:m], np.conjugate(z[m:]).T
    return (
        u if wanted in (True, "u") else None,
        s,
        vh if wanted in (True, "vh") else None,
    )
