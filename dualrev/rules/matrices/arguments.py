"""What the rules of scipy.linalg share: operands with SciPy's own errors, and stacks of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.rules.contraction import array_operand

__all__ = [
    "alike_in_precision",
    "conj",
    "double",
    "each",
    "floating",
    "matrix",
    "mirrored",
    "real_if",
    "squared",
    "with_columns",
]


def floating(a: Any, check_finite: bool = True) -> Any:
    """Return `a` as an array of floats, refused if it holds infinities or NaNs and `check_finite`."""
    a = array_operand(a)
    if dtype_of(a).kind in "biu":
        a = np.asarray(a, dtype=float)
    if check_finite and not np.all(np.isfinite(value(a))):
        raise ValueError("array must not contain infs or NaNs")
    return a


def matrix(a: Any, check_finite: bool = True) -> Any:
    """Return `a` as a stack of matrices."""
    a = floating(a, check_finite)
    if a.ndim < 2:
        raise ValueError("The input array must be at least two-dimensional.")
    return a


def squared(a: Any, check_finite: bool = True) -> Any:
    """Return `a` as a stack of square matrices."""
    a = matrix(a, check_finite)
    if a.shape[-1] != a.shape[-2]:
        raise ValueError(f"expected square matrix, got shape {a.shape}")
    return a


def with_columns(b: Any) -> tuple[Any, bool]:
    """Return a right-hand side as columns, and whether it was a vector."""
    return (b[..., None], True) if b.ndim == 1 else (b, False)


def double(a: Any) -> Any:
    """Return `a` in double precision, where SciPy has no other."""
    kind = dtype_of(a).char
    return a.astype("d" if kind == "f" else "D") if kind in "fF" else a


def alike_in_precision(*arrays: Any) -> tuple[Any, ...]:
    """Return the arrays in double precision if one of them is."""
    single = all(dtype_of(a).char in "fF" for a in arrays)
    return arrays if single else tuple(map(double, arrays))


def conj(x: Any) -> Any:
    """Return the complex conjugate; a real array is returned as it is."""
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


def real_if(x: Any, *of: Any) -> Any:
    """Return the real part if all of `of` are real."""
    return np.real(x) if all(dtype_of(v).kind != "c" for v in of) else x


def mirrored(a: Any, lower: bool, hermitian: bool = True) -> Any:
    """Return the symmetric or Hermitian matrix with one triangle of `a`."""
    triangle = np.tril(a) if lower else np.triu(a)
    other = np.tril(a, -1) if lower else np.triu(a, 1)
    if not hermitian or dtype_of(a).kind != "c":
        return triangle + other.mT
    # LAPACK takes the diagonal of a Hermitian matrix for real.
    off = other + np.conjugate(other).mT
    return off + np.real(a) * np.eye(a.shape[-1], dtype=bool)


def each(f: Callable[..., Any], *arrays: Any, core: int = 2) -> Any:
    """Apply `f` to every matrix of plain stacks, which broadcast against each other."""
    lead = np.broadcast_shapes(*(a.shape[: a.ndim - core] for a in arrays))
    if not lead:
        return f(*arrays)
    wide = [np.broadcast_to(a, lead + a.shape[a.ndim - core :]) for a in arrays]
    if 0 in lead:
        # Nothing to evaluate: identities tell shapes and dtypes.
        one = f(*(np.eye(*a.shape[-core:], dtype=a.dtype) if core == 2 else a for a in wide))
        parts = one if isinstance(one, tuple) else (one,)
        empty = tuple(np.empty(lead + np.shape(p), np.result_type(p)) for p in parts)
        return empty if isinstance(one, tuple) else empty[0]
    out = [f(*(a[k] for a in wide)) for k in np.ndindex(*lead)]
    if isinstance(out[0], tuple):
        return tuple(
            np.stack([o[i] for o in out]).reshape(lead + np.shape(out[0][i]))
            for i in range(len(out[0]))
        )
    return np.stack(out).reshape(lead + np.shape(out[0]))
