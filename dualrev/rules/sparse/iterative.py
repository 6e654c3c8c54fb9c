"""cg, gmres and other iterative solvers: a derivative is one more system, solved the same way, as precisely."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import linalg

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.primitive import numpy_function
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.rules.sparse.arrays import TracedSparse, is_sparse, sparse_of, varies
from dualrev.rules.sparse.direct import solved
from dualrev.rules.sparse.systems import DenseMatrix, SparseMatrix, System

__all__ = ["plain_matrix"]

_NOTE = (
    "derivatives are as accurate as the solver's tolerance; a solve that has not converged raises"
)
# Methods for symmetric (Hermitian) matrices, which need no Aᵀ: Aᵀ = conj(A).
_SYMMETRIC = ("cg", "minres")


class _Operator:
    """A constant matrix known by its products."""

    def __init__(self, known: Any) -> None:
        self.known = known

    def matrix(self, a: Any) -> Any:
        return self.known


class Iterative(System):
    """By one of SciPy's iterative solvers."""

    def __init__(self, structure: Any, solver: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(structure)
        self.solver = solver
        self.options = options
        self.symmetric = solver.__name__ in _SYMMETRIC
        self.name = f"scipy.sparse.linalg.{solver.__name__}"

    def is_complex(self, a: Any) -> bool:
        """Say whether A is complex."""
        return bool(np.dtype(getattr(self.structure.matrix(a), "dtype", None) or float).kind == "c")

    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for the rows of `b`; `first` has the guess and the callback of the user's own call."""
        matrix, options = self.structure.matrix(a), dict(self.options)
        if transposed:
            matrix, options = self._transposed(matrix, options)
        where = ", in the transposed system" if transposed else ""
        rows = []
        for row in b:
            try:
                x, info = self.solver(matrix, row, **options, **first)
                if info != 0 and not first:
                    # Two-sided methods break down on right-hand sides such as unit vectors, unless started elsewhere.
                    guess = np.random.default_rng(0).normal(size=len(row)) * np.linalg.norm(row)
                    guess = guess.astype(row.real.dtype)
                    x, info = self.solver(matrix, row, x0=guess, **options)
            except NotImplementedError:
                raise UnsupportedError(
                    self.name,
                    "its derivative needs products with the transpose, which the operator does not have",
                    "give the LinearOperator (and a preconditioner) an rmatvec",
                ) from None
            if info != 0:
                raise self._failure(f"the iteration has not converged (info = {info}){where}")
            if self.solver.__name__ != "minres":
                self._check(matrix, row, x, where)
            rows.append(x)
        return np.stack(rows) if rows else np.zeros(b.shape)

    def _failure(self, reason: str) -> SolutionError:
        return SolutionError(self.name, reason, "raise maxiter, or give a preconditioner M")

    def _transposed(self, matrix: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return Aᵀ, and the options with preconditioners for it."""
        turn = _conjugated if self.symmetric else operator.attrgetter("T")
        for key in ("M", "M1", "M2"):
            if options.get(key) is not None:
                options[key] = turn(options[key])
        if "M1" in options or "M2" in options:
            options["M1"], options["M2"] = options.get("M2"), options.get("M1")
        if isinstance(self.structure, _Operator):
            return turn(matrix), options
        return matrix.T, options

    def _check(self, matrix: Any, b: Any, x: Any, where: str) -> None:
        """Refuse what a solver calls converged and is not, after a breakdown."""
        scale = np.linalg.norm(b)
        limit = max(self.options.get("rtol", 1e-5) * scale, self.options.get("atol") or 0.0)
        limit = 1e3 * max(limit, float(np.finfo(x.dtype).eps) * scale)
        if np.linalg.norm(b - linalg.aslinearoperator(matrix).matvec(x)) > limit:
            raise self._failure(f"the iteration has stopped far from the solution{where}")


def _conjugated(a: Any) -> Any:
    """Return conj(A), which is Aᵀ for a Hermitian operator."""
    return linalg.LinearOperator(
        a.shape, matvec=lambda v: np.conj(a.matvec(np.conj(v))), dtype=a.dtype
    )


def plain_matrix(A: Any) -> Any:
    """Return the values of a matrix, or an operator as it is."""
    if isinstance(A, TracedSparse):
        return A._like(value(A._data))
    return value(A)


def _structured(A: Any) -> tuple[Any, Any]:
    """Return the entries of a matrix and their structure."""
    if is_sparse(A):
        a = sparse_of(A).merged()
        return a._data, SparseMatrix(a.pattern)
    if isinstance(A, linalg.LinearOperator) or hasattr(A, "matvec"):
        if varies(getattr(A, "A", None)):
            return _structured(A.A)
        return np.zeros(0), _Operator(A)
    a = operand(A)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"expected square matrix, but got shape={a.shape}")
    return a, DenseMatrix()


def _answer(function: Any) -> None:
    first_words = ("x0", "callback", "show", "CU", "outer_v", "store_outer_Av")

    @numpy_function(function, kind="rule", note=_NOTE)
    def solve(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:
        entries, structure = _structured(A)
        b = operand(b)
        if b.ndim == 2 and b.shape[1] == 1:
            b = np.ravel(b)
        n = b.shape[-1] if isinstance(structure, _Operator) else structure_size(A)
        if b.shape != (n,):
            raise ValueError(
                f"shapes of A {np.shape(A) or A.shape} and b {b.shape} are incompatible"
            )
        first = {k: options.pop(k) for k in first_words if k in options}
        if x0 is not None and not isinstance(x0, str):
            x0 = value(operand(x0))
        first["x0"] = x0
        for key in ("M", "M1", "M2"):
            if options.get(key) is not None:
                options[key] = linalg.aslinearoperator(plain_matrix(options[key]))
        options = {key: value(option) for key, option in options.items()}
        system = Iterative(structure, function, options)
        return solved(system, entries, b, False, **first), 0

    solve.__name__ = function.__name__


def structure_size(A: Any) -> int:
    """Return the number of columns of a matrix."""
    return int(A.shape[1]) if hasattr(A, "shape") else len(A)


for _name in "bicg bicgstab cg cgs gcrotmk gmres lgmres minres qmr tfqmr".split():
    _answer(getattr(linalg, _name))
