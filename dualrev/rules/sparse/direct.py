"""spsolve, spsolve_triangular, factorized, splu and inv with traced entries or right-hand sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csc_array, linalg

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.arrays import TracedSparse, is_sparse, sparse_of, varies
from dualrev.rules.sparse.systems import Direct, System, Triangular, sparse_solve

__all__ = ["Factors"]

_FITS = "matrix - rhs dimension mismatch ({} - {})"


def square_sparse(A: Any, name: str) -> TracedSparse:
    """Return `A` as a square sparse matrix; dense ones are refused, as SciPy advises against them."""
    if not is_sparse(A):
        raise UnsupportedError(
            name, "its matrix is dense", "use scipy.linalg.solve, or csc_array(A) for its entries"
        )
    a = sparse_of(A).merged()
    if a.shape[0] != a.shape[1]:
        raise ValueError(f"matrix must be square (has shape {a.shape})")
    return a


def _floats(entries: Any) -> Any:
    kind = entries.dtype.kind
    return entries if kind in "fc" else entries.astype(float)


def solved(system: System, entries: Any, b: Any, transposed: bool = False, **first: Any) -> Any:
    """Solve for a vector, or for the columns of a matrix."""
    entries = _floats(entries)
    if b.ndim == 1:
        return sparse_solve(entries, b, system=system, transposed=transposed, **first)
    return sparse_solve(entries, b.T, system=system, transposed=transposed, **first).T


@numpy_function(
    linalg.spsolve,
    kind="rule",
    note="one factorisation serves the value and all derivatives; the pattern of A is fixed",
)
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """Answer ``scipy.sparse.linalg.spsolve``."""
    a = square_sparse(A, "scipy.sparse.linalg.spsolve")
    if is_sparse(b):
        if isinstance(b, TracedSparse):
            raise UnsupportedError(
                "scipy.sparse.linalg.spsolve",
                "its right-hand side is a sparse array with traced entries",
                "pass b.toarray(): the solution is dense anyway",
            )
        b = b.toarray()
    b = operand(b)
    if a.shape[0] != b.shape[0]:
        raise ValueError(_FITS.format(a.shape, b.shape[0]))
    if b.ndim == 2 and b.shape[1] == 1:
        b = np.ravel(b)
    return solved(Direct(a.pattern, {"permc_spec": permc_spec}), a._data, b)


@numpy_function(linalg.spsolve_triangular, kind="rule", note="the pattern of A is fixed")
def spsolve_triangular(
    A: Any,
    b: Any,
    lower: bool = True,
    overwrite_A: bool = False,
    overwrite_b: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    """Answer ``scipy.sparse.linalg.spsolve_triangular``; entries that it does not read have derivative zero."""
    a, b = square_sparse(A, "scipy.sparse.linalg.spsolve_triangular"), operand(b)
    if b.ndim not in (1, 2):
        raise ValueError(f"b must have 1 or 2 dims but its shape is {b.shape}.")
    if a.shape[0] != b.shape[0]:
        raise ValueError(
            "The size of the dimensions of A must be equal to the size of the first dimension of b "
            f"but the shape of A is {a.shape} and the shape of b is {b.shape}."
        )
    entries = a._data
    if unit_diagonal:
        entries = np.where(a.row == a.col, np.ones(1, a.dtype), entries)
    return solved(Triangular(a.pattern, bool(lower), bool(unit_diagonal)), entries, b)


class Factors:
    """What ``splu`` returns: SciPy's SuperLU object, whose ``solve`` also takes traced right-hand sides.

    The factors are those of the entries at that time. Where these are traced, derivatives flow to them.
    """

    def __init__(
        self, a: TracedSparse, options: dict[str, Any], lu: Any = None, incomplete: bool = False
    ) -> None:
        self._lu = lu
        self._entries = a._data if lu is None else _floats(a._data).copy()
        self._system = Direct(a.pattern, options, lu, incomplete)

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """Solve A x = rhs, with ``trans="T"`` Aᵀ x = rhs, with ``trans="H"`` Aᴴ x = rhs."""
        if self._lu is not None and not varies(rhs):
            return self._lu.solve(rhs, trans)
        if trans not in ("N", "T", "H"):
            raise ValueError("trans must be N, T, or H")
        b = operand(rhs)
        if b.shape[0] != self._system.structure.pattern.shape[0]:
            raise ValueError("b is of incompatible size")
        if trans == "H":
            return np.conjugate(solved(self._system, self._entries, np.conjugate(b), True))
        return solved(self._system, self._entries, b, trans == "T")

    @property
    def __class__(self) -> type:
        # For isinstance(lu, SuperLU).
        return linalg.SuperLU

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._lu is None and name in ("L", "U"):
            raise UnsupportedError(
                f"scipy.sparse.linalg.splu(A).{name}",
                "the factors themselves have no derivative rule",
                "use its solve, or scipy.linalg.lu(A.toarray())",
            )
        return getattr(self._lu or self._system.factors(value(self._entries)), name)


@numpy_function(linalg.splu, kind="rule", note="its solve takes traced right-hand sides")
def splu(A: Any, **options: Any) -> Factors:
    """Answer ``scipy.sparse.linalg.splu``; the mirror calls it for plain matrices too."""
    if isinstance(A, TracedSparse):
        a = square_sparse(A, "scipy.sparse.linalg.splu")
        return Factors(a._with(_floats(a._data)), options)
    return Factors(
        sparse_of(A if is_sparse(A) else csc_array(A)), options, linalg.splu(A, **options)
    )


@numpy_function(linalg.factorized, kind="rule")
def factorized(A: Any) -> Callable[[Any], Any]:
    """Answer ``scipy.sparse.linalg.factorized``; the mirror calls it for plain matrices too."""
    return splu(A).solve


@numpy_function(
    linalg.spilu, kind="rule", note="of constant matrices; its solve takes traced right-hand sides"
)
def spilu(A: Any, **options: Any) -> Factors:
    """Answer ``scipy.sparse.linalg.spilu``; the mirror calls it for plain matrices too."""
    if isinstance(A, TracedSparse):
        raise UnsupportedError(
            "scipy.sparse.linalg.spilu",
            "what an incomplete factorisation drops depends on the entries",
            "give it the plain matrix: a preconditioner does not change the solution",
        )
    lu = linalg.spilu(A, **options)
    return Factors(sparse_of(A if is_sparse(A) else csc_array(A)), options, lu, True)


@numpy_function(linalg.inv, kind="unsupported", note="the inverse of a sparse matrix is dense")
def inv(A: Any) -> Any:
    """Refuse ``scipy.sparse.linalg.inv``."""
    raise UnsupportedError(
        "scipy.sparse.linalg.inv",
        "the inverse of a sparse matrix is dense",
        "use spsolve(A, b), or np.linalg.inv(A.toarray())",
    )
