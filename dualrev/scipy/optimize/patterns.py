"""Where solvers take sparse derivatives: where the user asks for them, and where a detected pattern says that they pay.

What enters: a function of a flat vector. What leaves: its sparse Jacobian or Hessian, prepared, or None. Patterns that
were detected are detected anew when a branch changes; one that the user gave has to hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualrev.sparse.detection import hessian_pattern, if_followed, jacobian_pattern
from dualrev.sparse.hessian import SparseHessian, hessian
from dualrev.sparse.jacobian import SparseJacobian, jacobian
from dualrev.sparse.pattern import Pattern

__all__ = [
    "SPARSE",
    "asked_for",
    "hessian_that_pays",
    "jacobian_that_pays",
    "sparse_hessian",
    "sparse_jacobian",
]

# The word that asks for sparse derivatives, in place of jac= or hess=.
SPARSE = "sparse"
# Of fewer variables nothing is detected.
FROM = 100
# Hessians with more entries per row are dense or products. A sparse one costs as much as 5 to 30
# products: with trust-constr it is three times faster where bounds call for hundreds of them at a point, and even where
# there are few; with trust-krylov, trust-ncg and Newton-CG even at best (measured, 100 to 10 000 unknowns).
HESSIAN_ENTRIES = 25


def asked_for(option: Any) -> bool:
    """Say whether an option is the word that asks for sparse derivatives."""
    return isinstance(option, str) and option == SPARSE


def sparse_jacobian(
    f: Callable[..., Any], pattern: Any = None, found: Pattern | None = None
) -> SparseJacobian:
    """Return the Jacobian for a solver: by the pattern that the user gave, by one that was found, or by detection."""
    if pattern is not None:
        return jacobian(f, pattern=pattern)
    return jacobian(f, pattern=found, on_change="detect")


def sparse_hessian(f: Callable[..., Any], found: Pattern | None = None) -> SparseHessian:
    """Return the Hessian for a solver."""
    return hessian(f, pattern=found, on_change="detect")


def jacobian_that_pays(
    f: Callable[..., Any], x: Any, size: float, density: float
) -> SparseJacobian | None:
    """Return the sparse Jacobian if it has at least `size` places, and at most that part `density` of them filled."""
    if x.size < FROM:
        return None
    found = if_followed(jacobian_pattern, f, x)
    if found is None or found.shape[0] * found.shape[1] < size or found.density > density:
        return None
    return sparse_jacobian(f, found=found)


def hessian_that_pays(
    f: Callable[..., Any], x: Any, args: tuple[Any, ...] = ()
) -> SparseHessian | None:
    """Return the sparse Hessian if it is large and has few entries in a row, on average."""
    if x.size < FROM:
        return None
    found = if_followed(hessian_pattern, f, x, *args)
    if found is None or found.nnz > HESSIAN_ENTRIES * x.size or found.density > 0.5:
        return None
    return sparse_hessian(f, found)
