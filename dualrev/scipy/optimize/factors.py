"""Newton's method inside ``root(method="krylov")``: factors of the exact sparse Jacobian, through SciPy's own options.

SciPy's KrylovJacobian takes ``method``, a function with the interface of its iterative solvers, and ``inner_M``, a
preconditioner whose ``update(x, f)`` is called after each step (Knoll & Keyes 2004, Jacobian-free Newton-Krylov
methods). What enters: the function of a flat vector. What leaves: these two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse as _sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.sparse.linalg import LinearOperator, lgmres, spilu, splu

from dualrev.errors import ShapeError
from dualrev.scipy.optimize.derivatives import explain
from dualrev.scipy.optimize.patterns import jacobian_that_pays, sparse_jacobian
from dualrev.sparse.jacobian import SparseJacobian
from dualrev.sparse.pattern import Pattern

__all__ = ["Factors", "factors"]

# Their type stubs state overloads that arguments handed through do not meet.
sparse: Any = _sparse

# If at most this part of the places is filled, exact steps may replace SciPy's differences.
BELOW = 0.1
# So many multiplications, in the envelope of a matrix, are no matter; or up to MOST, so many by the square of its size:
# on grids of two dimensions, but not of three, which are better left to Krylov's method. Who asks for factors has them
# up to MOST (a square of 120 000 unknowns, a cube of 30 000: 0.5 to 3 s), and beyond it incomplete ones (measured).
LITTLE, FLAT, MOST = 1e8, 5.0, 2e10
_INCOMPLETE: dict[str, Any] = {"drop_tol": 1e-2, "fill_factor": 10.0}
# On grids half the fill of SuperLU's default ordering and up to a third of its time; with pivots off the diagonal, as
# in a saddle-point problem, a thousand times as much (measured).
_SYMMETRIC: dict[str, Any] = {
    "permc_spec": "MMD_AT_PLUS_A",
    "diag_pivot_thresh": 0.1,
    "options": {"SymmetricMode": True},
}


class _Known(NamedTuple):
    """The Jacobian at a point and its inverse; None for what there is none of."""

    matrix: Any = None
    solve: Callable[[Any], Any] | None = None
    exact: bool = False


class Factors:
    """The inverse of a sparse Jacobian at the latest iterate, as ``inner_M``; factorised when it is first needed.

    Parameters
    ----------
    jacobian : SparseJacobian
        Of a function from n to n numbers.
    n : int
    asked : bool
        What goes wrong in the Jacobian is raised; else SciPy's differences take over.
    way_out : str
        What an error recommends.

    Attributes
    ----------
    shape, dtype
        Of the matrix.
    njev : int
        Number of Jacobians.
    """

    def __init__(self, jacobian: SparseJacobian, n: int, asked: bool, way_out: str) -> None:
        self.shape, self.dtype = (n, n), np.dtype(float)
        self.njev = 0
        self._jacobian = jacobian
        self._asked, self._way_out = asked, way_out
        self._x: Any = None
        self._known: _Known | None = None
        self._judged: tuple[Pattern, bool] | None = None

    # -- what SciPy calls -------------------------------------------------------------------------------------------

    def setup(self, x: Any, f: Any, func: Any) -> None:
        """Take note of the first iterate."""
        self.update(x, f)

    def update(self, x: Any, f: Any) -> None:
        """Take note of an iterate."""
        self._x, self._known = np.array(x, float).reshape(-1), None

    def matvec(self, v: Any) -> Any:
        """Return J⁻¹ v, or v itself where J has no inverse."""
        v = np.ravel(v)
        solve = self._here().solve
        y = v if solve is None else solve(v)
        return y if np.all(np.isfinite(y)) else v

    def method(self, A: Any, b: Any, *, rtol: float = 1e-5, **options: Any) -> tuple[Any, int]:
        """Solve J x = b, as SciPy's iterative solvers do; `A` multiplies by J through differences."""
        here = self._here()
        if here.solve is not None:
            if here.exact:
                x, info = here.solve(b), 0
            else:
                M = LinearOperator(self.shape, matvec=here.solve, dtype=self.dtype)
                x, info = lgmres(here.matrix, b, M=M, rtol=rtol, atol=0.0, maxiter=20)
            if np.all(np.isfinite(x)):
                return x, info
        x, info = lgmres(
            A if here.matrix is None else here.matrix, b, rtol=rtol, atol=0.0, maxiter=1
        )
        return x, info

    # -- the work ---------------------------------------------------------------------------------------------------

    def _here(self) -> _Known:
        if self._known is None:
            self._known = self._computed()
        return self._known

    def _computed(self) -> _Known:
        try:
            matrix = self._jacobian(self._x)
        except Exception as error:
            if not self._asked:
                return _Known()
            explain(error, "root", self._way_out)
            raise
        self.njev += 1
        if not np.all(np.isfinite(matrix.data)):
            return _Known()
        columns = sparse.csc_array(matrix)
        kept = _SYMMETRIC if _keeps_its_diagonal(matrix) else {}
        try:
            if self._fits(self._jacobian.pattern):
                return _Known(matrix, splu(columns, **kept).solve, True)
            return _Known(matrix, spilu(columns, **_INCOMPLETE, **kept).solve)
        except RuntimeError:  # singular
            return _Known(matrix)

    def _fits(self, pattern: Pattern) -> bool:
        """Say whether the factors of a pattern can be had."""
        if self._judged is None or self._judged[0] is not pattern:
            self._judged = pattern, _work(pattern) <= MOST
        return self._judged[1]


def _keeps_its_diagonal(matrix: Any) -> bool:
    """Say whether pivots may stay on the diagonal, so that rows and columns can be ordered as one."""
    sizes = abs(matrix)
    return bool(np.all(10 * sizes.diagonal() >= sizes.max(axis=0).toarray().ravel()))


def _work(pattern: Pattern) -> float:
    """Return how many multiplications a factorisation takes that fills rows and columns from their first entries on."""
    n = pattern.shape[0]
    order = reverse_cuthill_mckee(sparse.csr_matrix(pattern.symmetrised().tocsr()), True)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    rows, columns = place[pattern.rows], place[pattern.columns]
    first = np.arange(n)
    np.minimum.at(first, np.maximum(rows, columns), np.minimum(rows, columns))
    return float(np.sum((np.arange(n) - first + 1.0) ** 2))


def factors(f: Callable[[Any], Any], x: np.ndarray, asked: bool, way_out: str) -> Factors | None:
    """Return the factors for ``f(x) = 0`` if they are asked for or pay, else None.

    Raises
    ------
    ShapeError
        If they are asked for, and `f` does not return as many numbers as it gets.
    """
    if not asked:
        made = jacobian_that_pays(f, x, 0, BELOW)
    else:
        try:
            made = sparse_jacobian(f).prepare(x)
        except Exception as error:
            explain(error, "root", way_out)
            raise
    if made is None:
        return None
    m, n = made.pattern.shape
    if asked and m != n:
        raise ShapeError(f"root: the function returned {m} values for {n} unknowns")
    if not asked and (m != n or _work(made.pattern) > max(LITTLE, min(FLAT * n**2, MOST))):
        return None
    return Factors(made, n, asked, way_out)
