"""Matrices made of vectors and blocks: Toeplitz, Hankel, circulant, companion, block diagonal and their kin."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.matrices.arguments import each, squared
from dualrev.rules.matrices.solutions import toeplitz_of

__all__: list[str] = []


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    # SciPy before 1.17 takes an array of several vectors for one long one.
    _STACKS = linalg.circulant(np.ones((1, 2))).ndim == 3


def _vector(a: Any) -> Any:
    return np.atleast_1d(array_operand(a))


def _line(a: Any) -> Any:
    a = _vector(a)
    return a if _STACKS else np.ravel(a)


def _wide(*vectors: Any) -> list[Any]:
    lead = np.broadcast_shapes(*(v.shape[:-1] for v in vectors))
    return [np.broadcast_to(v, lead + v.shape[-1:]) for v in vectors]


# --------------------------------------------------------------------------------------------------
# Constant along diagonals


@numpy_function(linalg.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    """Answer ``scipy.linalg.toeplitz``."""
    c = _line(c)
    r = np.conjugate(c) if r is None else _line(r)
    c, r = _wide(c, r)
    return toeplitz_of(np.concatenate([r[..., :0:-1], c], axis=-1), c.shape[-1], r.shape[-1])


@numpy_function(linalg.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    """Answer ``scipy.linalg.hankel``."""
    c = array_operand(c)
    r = np.zeros(c.shape, dtype_of(c)) if r is None else array_operand(r)
    if c.ndim > 1 or r.ndim > 1:
        warnings.warn(
            "Beginning in SciPy 1.19, multidimensional input will be treated as a batch, not `ravel`ed. To preserve "
            "the existing behavior and silence this warning, `ravel` arguments before passing them to `hankel`.",
            FutureWarning,
            stacklevel=2,
        )
    c, r = np.ravel(c), np.ravel(r)
    values = np.concatenate([c, r[1:]])
    return values[np.arange(c.size)[:, None] + np.arange(r.size)]


@numpy_function(linalg.circulant)
def circulant(c: Any) -> Any:
    """Answer ``scipy.linalg.circulant``."""
    c = _line(c)
    k = np.arange(c.shape[-1])
    return c[..., (k[:, None] - k) % max(c.shape[-1], 1)]


@numpy_function(linalg.convolution_matrix)
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """Answer ``scipy.linalg.convolution_matrix``."""
    if n <= 0:
        raise ValueError("n must be a positive integer.")
    a = array_operand(a)
    if a.size == 0:
        raise ValueError("len(a) must be at least 1.")
    if mode not in ("full", "valid", "same"):
        raise ValueError("'mode' argument must be one of ('full', 'valid', 'same')")
    # Shape and place of every row, from SciPy's own matrix of indices.
    length = a.shape[-1]
    index = linalg.convolution_matrix(np.arange(1, length + 1), n, mode)
    return np.where(index > 0, a[..., np.maximum(index - 1, 0)], 0)


# --------------------------------------------------------------------------------------------------
# Companions of polynomials and populations


def _shifts(n: int) -> Any:
    return np.eye(n, k=-1, dtype=bool)


@numpy_function(linalg.companion)
def companion(a: Any) -> Any:
    """Answer ``scipy.linalg.companion``."""
    a = _vector(a)
    n = a.shape[-1]
    if n < 2:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    if np.any(value(a)[..., 0] == 0):
        raise ValueError(
            "The first coefficient(s) of `a` (i.e. elements of `a[..., 0]`) must not be zero."
        )
    first = -a[..., 1:] / (1.0 * a[..., 0:1])
    rest = np.broadcast_to(_shifts(n - 1)[1:], (*a.shape[:-1], n - 2, n - 1))
    return np.concatenate([first[..., None, :], rest], axis=-2)


@numpy_function(linalg.fiedler_companion)
def fiedler_companion(a: Any) -> Any:
    """Answer ``scipy.linalg.fiedler_companion``."""
    a = _vector(a)
    n = a.shape[-1] - 1
    if n < 1:
        return np.array([], dtype_of(a))
    if np.any(value(a)[..., 0] == 0):
        raise ValueError("Leading coefficient is zero.")
    a = a / a[..., :1]
    # SciPy's own matrix of 2, 3, 5, 6, ... says which coefficient is where.
    marks = -linalg.fiedler_companion(np.arange(1.0, n + 2.0)) if n > 1 else np.array([[2.0]])
    index = np.maximum(np.rint(marks).astype(int) - 1, 0)
    return np.where(marks > 0, -a[..., index], marks == -1)


@numpy_function(linalg.leslie)
def leslie(f: Any, s: Any) -> Any:
    """Answer ``scipy.linalg.leslie``."""
    f, s = _wide(_vector(f), _vector(s))
    if f.shape[-1] != s.shape[-1] + 1:
        raise ValueError(
            "Incorrect lengths for f and s. The length of s along the last axis must be one less than the length of f."
        )
    if s.shape[-1] == 0:
        raise ValueError("The length of s must be at least 1.")
    below = s[..., :, None] * np.eye(s.shape[-1], f.shape[-1], dtype=bool)
    return np.concatenate([f[..., None, :], below], axis=-2)


@numpy_function(linalg.fiedler, note="0 where two entries are equal")
def fiedler(a: Any) -> Any:
    """Answer ``scipy.linalg.fiedler``."""
    a = _vector(a)
    if a.size <= 1:
        return np.zeros((a.size,) * 2 if a.size else 0)
    return np.abs(a[..., :, None] - a[..., None, :])


# --------------------------------------------------------------------------------------------------
# Blocks and products


@numpy_function(linalg.block_diag)
def block_diag(*arrs: Any) -> Any:
    """Answer ``scipy.linalg.block_diag``."""
    blocks = [np.atleast_2d(array_operand(a)) for a in arrs]
    lead = np.broadcast_shapes(*(b.shape[:-2] for b in blocks))
    columns = sum(b.shape[-1] for b in blocks)
    rows, before = [], 0
    for block in blocks:
        b = np.broadcast_to(block, lead + block.shape[-2:])
        beside = (before, columns - before - b.shape[-1])
        rows.append(np.pad(b, [(0, 0)] * (b.ndim - 1) + [beside]))
        before += b.shape[-1]
    return np.concatenate(rows, axis=-2)


@numpy_function(linalg.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    """Answer ``scipy.linalg.khatri_rao``."""
    a, b = array_operand(a), array_operand(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError("The both arrays should be 2-dimensional.")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError("The number of columns for both arrays should be equal.")
    y = a[..., :, None, :] * b[..., None, :, :]
    return np.reshape(y, (*y.shape[:-3], a.shape[-2] * b.shape[-2], y.shape[-1]))


if hasattr(linalg, "kron"):  # removed from SciPy 1.17 at the latest

    @numpy_function(linalg.kron)
    def kron(a: Any, b: Any) -> Any:
        """Answer ``scipy.linalg.kron``."""
        return np.kron(array_operand(a), array_operand(b))


@numpy_function(linalg.diagsvd)
def diagsvd(s: Any, M: int, N: int) -> Any:
    """Answer ``scipy.linalg.diagsvd``."""
    s = array_operand(s)
    k = s.shape[-1]
    if k not in (M, N):
        raise ValueError("Length of s must be M or N.")
    y = s[..., :, None] * np.eye(k, N, dtype=bool)
    return y if k == M else np.pad(y, [(0, 0)] * (y.ndim - 2) + [(0, M - k), (0, 0)])


def _pairs(w: Any, v: Any) -> Any:
    """Return 1 and 2 for the first and the second of a pair of complex eigenvalues, 0 for real ones."""
    linalg.cdf2rdf(w, v)  # raises for what is no such pair
    varied = w.imag != 0
    return varied * (2 - np.cumsum(varied, axis=-1) % 2)


(pairs_of,) = constant(_pairs, answers=False)


@numpy_function(linalg.cdf2rdf, note="which eigenvalues are complex is a constant")
def cdf2rdf(w: Any, v: Any) -> Any:
    """Answer ``scipy.linalg.cdf2rdf``."""
    w, v = array_operand(w), array_operand(v)
    n = w.shape[-1]
    marks = pairs_of(w, v)
    first, second = marks == 1, marks == 2
    eye, after, before = (np.eye(n, k=k, dtype=bool) for k in (0, 1, -1))
    im = np.imag(w)[..., :, None]
    wr = np.real(w)[..., :, None] * eye + im * np.where(
        first[..., None], after, second[..., None] * before
    )
    one, two = first[..., None, :], second[..., None, :]
    u = np.where(one, 0.5j * eye - 0.5j * before, np.where(two, 0.5 * eye + 0.5 * after, eye))
    return wr, np.real(np.matmul(v, u))


def _balance(a: Any, *, permute: bool, scale: bool) -> Any:
    """Return which row comes where and by how much it is scaled."""

    def one(m: Any) -> Any:
        _, (sizes, order) = linalg.matrix_balance(m, permute=permute, scale=scale, separate=True)
        return np.stack([sizes, order])

    return each(one, a)


(balance_of,) = constant(_balance, answers=False)


@numpy_function(linalg.matrix_balance, note="scales and permutation are constants")
def matrix_balance(
    A: Any,
    permute: bool = True,
    scale: bool = True,
    separate: bool = False,
    overwrite_a: bool = False,
) -> Any:
    """Answer ``scipy.linalg.matrix_balance``."""
    A = squared(A)
    found = balance_of(A, permute=bool(permute), scale=bool(scale))
    real = np.zeros(0, dtype_of(A)).real.dtype
    sizes, order = found[..., 0, :], found[..., 1, :].astype(int)
    chosen = order[..., :, None] == np.arange(A.shape[-1])
    turn, back = chosen.mT * sizes[..., None, :], chosen / sizes[..., :, None]
    B = np.matmul(back.astype(real), np.matmul(A, turn.astype(real)))
    return B, ((sizes, order) if separate else turn)
