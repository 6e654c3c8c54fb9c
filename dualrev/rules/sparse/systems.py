"""Linear systems with a sparse, dense or matrix-free A: one primitive, whose derivatives are systems with A and Aᵀ.

How a system is solved, by a factorisation or by iteration, is an object beside the primitive: `direct.py` and
`iterative.py` have them. Right-hand sides are vectors along the last axis, so that lanes lead.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from scipy.sparse import linalg

from dualrev.core.batching import batch_loop
from dualrev.core.domains import case
from dualrev.core.flavours import general
from dualrev.core.primitive import Primitive
from dualrev.rules.sparse.products import Pattern, outer_at, sparse_product

__all__ = ["DenseMatrix", "Direct", "SparseMatrix", "System", "Triangular", "sparse_solve"]


class SparseMatrix:
    """A sparse matrix of given entries."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern

    def matrix(self, a: Any) -> Any:
        """Return it for plain entries."""
        return self.pattern.matrix(a)

    def product(self, a: Any, x: Any, transposed: bool) -> Any:
        """Return A x or Aᵀ x."""
        return sparse_product(a, x, pattern=self.pattern.T if transposed else self.pattern)

    def outer(self, left: Any, right: Any) -> Any:
        """Return the cotangent of the entries in leftᵀ A right."""
        return outer_at(left, right, pattern=self.pattern)


class DenseMatrix:
    """A dense matrix, its own entries."""

    def matrix(self, a: Any) -> Any:
        """Return it."""
        return a

    def product(self, a: Any, x: Any, transposed: bool) -> Any:
        """Return A x or Aᵀ x."""
        return np.matmul(x, a if transposed else a.T)

    def outer(self, left: Any, right: Any) -> Any:
        """Return the cotangent of the entries in leftᵀ A right."""
        rows, n = math.prod(left.shape[:-1]), left.shape[-1]
        return np.matmul(np.reshape(left, (rows, n)).T, np.reshape(right, (rows, n)))


class System:
    """A way to solve A x = b; a class that derives from this has `columns`."""

    def __init__(self, structure: Any) -> None:
        self.structure = structure

    def solve(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for plain numbers: all vectors along the last axis of `b`."""
        flat = b.reshape(math.prod(b.shape[:-1]), b.shape[-1])
        if flat.dtype.kind == "c" and not self.is_complex(a):
            # SciPy's real factors and some of its iterations take real vectors only.
            x = self.columns(a, flat.real, transposed, **first) + 1j * self.columns(
                a, flat.imag, transposed, **first
            )
            x = x.astype(np.result_type(x.real.dtype, flat.dtype))
        else:
            x = self.columns(a, flat, transposed, **first)
        return x.reshape(b.shape)

    def is_complex(self, a: Any) -> bool:
        """Say whether A is complex."""
        return bool(a.dtype.kind == "c")

    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for the rows of `b`; each way of solving defines it."""
        raise TypeError(f"{type(self).__name__} is abstract")


class Direct(System):
    """By SuperLU, with the factors kept for the entries seen last; value and derivatives share them."""

    def __init__(
        self, pattern: Pattern, options: dict[str, Any], lu: Any = None, incomplete: bool = False
    ) -> None:
        super().__init__(SparseMatrix(pattern))
        self.incomplete = incomplete
        self.options = options
        self.lu = lu
        self._kept: Any = None

    def factors(self, a: Any) -> Any:
        """Return the factors, or None if A is singular."""
        if self.lu is not None and (a.dtype == self.lu.L.dtype or self.incomplete):
            return self.lu
        kept = self._kept
        if kept is None or kept[0].dtype != a.dtype or not np.array_equal(kept[0], a):
            try:
                # A copy, as SciPy sorts indices in place.
                lu = linalg.splu(self.structure.matrix(a).tocsc(copy=True), **self.options)
            except RuntimeError as error:
                if "singular" not in str(error):
                    raise
                lu = None
            self._kept = kept = a.copy(), lu
        return kept[1]

    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for the rows of `b`."""
        dtype = a.dtype if self.incomplete else np.result_type(a, b, np.float32)
        lu = self.factors(a.astype(dtype, copy=False))
        if lu is None:
            warnings.warn("Matrix is exactly singular", linalg.MatrixRankWarning, stacklevel=4)
            return np.full(b.shape, np.nan, dtype)
        return lu.solve(np.ascontiguousarray(b.T, dtype=dtype), "T" if transposed else "N").T


class Triangular(System):
    """By substitution."""

    def __init__(self, pattern: Pattern, lower: bool, unit: bool) -> None:
        super().__init__(SparseMatrix(pattern))
        self.lower = lower
        self.unit = unit

    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for the rows of `b`."""
        matrix = self.structure.matrix(a)
        matrix = (matrix.T if transposed else matrix).tocsr(copy=True)
        x = linalg.spsolve_triangular(
            matrix, b.T, lower=self.lower != transposed, unit_diagonal=self.unit
        )
        return x.T


def _solve_value(a: Any, b: Any, *, system: System, transposed: bool, **first: Any) -> Any:
    return system.solve(a, b, transposed, **first)


def _batch_solve(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    if lanes[0]:
        return batch_loop(primitive, lanes, arrays, params)
    return primitive.call(*arrays, **params)


_FULL = Pattern((3, 3), "csr", np.array([0, 1, 0, 1, 2, 1, 2]), np.array([0, 2, 5, 7]))
_LOWER = Pattern((3, 3), "csr", np.array([0, 0, 1, 1, 2]), np.array([0, 1, 3, 5]))


def _entries(*where: int) -> Any:
    """Return a maker of entries that are larger at some places: a matrix far from singular."""

    def draw(rng: np.random.Generator) -> Any:
        a = rng.normal(size=7 if len(where) == 3 and where[-1] == 6 else 5)
        a[list(where)] = rng.uniform(2.5, 4.0, len(where))
        return a

    return draw


def _dominant(rng: np.random.Generator) -> Any:
    return rng.normal(size=(3, 3)) + 4 * np.eye(3)


class _Dense(System):
    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        return np.linalg.solve(a.T if transposed else a, b.T).T


@general(
    _solve_value,
    arguments=("a", "b"),
    on=[
        case(_entries(0, 3, 6), (3,), system=Direct(_FULL, {}), transposed=False),
        case(_entries(0, 3, 6), (2, 3), system=Direct(_FULL, {}), transposed=True),
        case(_entries(0, 3, 6), (2, 1, 3), system=Direct(_FULL.T, {}), transposed=False),
        case(_entries(0, 2, 4), (3,), system=Triangular(_LOWER, True, False), transposed=False),
        case(_entries(0, 2, 4), (2, 3), system=Triangular(_LOWER.T, False, False), transposed=True),
        case(_dominant, (3,), system=_Dense(DenseMatrix()), transposed=False),
        case(_dominant, (2, 3), system=_Dense(DenseMatrix()), transposed=True),
    ],
    name="sparse_solve",
    pattern=lambda primals, y, **_: f"{'ad'[: np.ndim(primals[0])]},...b->...c",
    batch=_batch_solve,
)
class sparse_solve:
    """A y = b;  dy = A⁻¹ (db − dA y);  ct_b = A⁻ᵀ ct,  ct_A = −ct_b yᵀ at the entries; likewise for Aᵀ.

    Giles (2008), section 2.3.1.
    """

    def tangent_a(t: Any, a: Any, y: Any, *, system: System, transposed: bool) -> Any:
        change = system.structure.product(t, y, transposed)
        return -sparse_solve(a, change, system=system, transposed=transposed)

    def tangent_b(t: Any, a: Any, *, system: System, transposed: bool) -> Any:
        return sparse_solve(a, t, system=system, transposed=transposed)

    def adjoint_a(ct: Any, a: Any, y: Any, *, system: System, transposed: bool) -> Any:
        ct_b = sparse_solve(a, ct, system=system, transposed=not transposed)
        pair = (y, ct_b) if transposed else (ct_b, y)
        return -system.structure.outer(*pair)

    def adjoint_b(ct: Any, a: Any, *, system: System, transposed: bool) -> Any:
        return sparse_solve(a, ct, system=system, transposed=not transposed)
