"""norm, matrix_power, expm_multiply and what has no rule in scipy.sparse.linalg."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.arrays import TracedSparse, is_sparse, sparse_of, varies

__all__ = ["exponential_product"]


def _lengths(a: Any, axis: int) -> Any:
    """Return the Euclidean lengths of rows or columns; where it is zero, so is the derivative."""
    squares = a._with(np.real(a._data * np.conjugate(a._data))).sum(axis)
    none = squares == 0
    return np.where(none, 0, np.sqrt(np.where(none, 1, squares)))


@numpy_function(linalg.norm, note="ties of ord=1 and inf share equally; the derivative at 0 is 0")
def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    """Answer ``scipy.sparse.linalg.norm``."""
    a = sparse_of(x).merged()
    a = TracedSparse(a._data, a.pattern, a.format)
    if axis is None and ord in (None, "fro", "f"):
        return np.linalg.norm(a._data)
    axes = (0, 1) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(operator.index(k) for k in axes)
    if any(not -2 <= k < 2 for k in axes):
        raise ValueError(f"Invalid axis {axis!r} for an array with shape {a.shape!r}")
    axes = tuple(k % 2 for k in axes)
    sizes = abs(a)
    if len(axes) == 2:
        row, column = axes
        if row == column:
            raise ValueError("Duplicate axes given.")
        if ord in (1, -1):
            return (np.max if ord > 0 else np.min)(sizes.sum(row))
        if ord in (np.inf, -np.inf):
            return (np.max if ord > 0 else np.min)(sizes.sum(column))
        if ord in (None, "fro", "f"):
            return np.linalg.norm(a._data)
        if ord in (2, -2):
            raise UnsupportedError(
                "scipy.sparse.linalg.norm",
                f"ord={ord} is a singular value",
                "use svds(A, k=1)[1][0]",
            )
        raise ValueError("Invalid norm order for matrices.")
    (k,) = axes
    if ord in (None, 2):
        return _lengths(a, k)
    if ord == 1:
        return sizes.sum(k)
    if ord == 0:
        return value(a._with(a._data != 0).sum(k))
    if ord in (np.inf, -np.inf):
        dense = sizes.toarray()
        return np.max(dense, axis=k) if ord > 0 else np.min(dense, axis=k)
    try:
        ord + 1
    except TypeError:
        raise ValueError("Invalid norm order.") from None
    return np.power(sizes.power(ord).sum(k), 1 / ord)


if hasattr(linalg, "matrix_power"):

    @numpy_function(linalg.matrix_power)
    def matrix_power(A: Any, power: int) -> Any:
        """Answer ``scipy.sparse.linalg.matrix_power``."""
        a = sparse_of(A)
        if a.shape[0] != a.shape[1]:
            raise TypeError("sparse matrix is not square")
        power = operator.index(power)
        if power < 0:
            raise ValueError("exponent must be >= 0")
        if power == 0:
            return sparse.eye_array(a.shape[0], dtype=a.dtype)
        out = a
        for _ in range(power - 1):
            out = out @ a
        return out


def _exponential(x: Any, *, matrix: Any, time: float, transposed: bool, options: Any) -> Any:
    flat = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    scaled = time * (matrix.T if transposed else matrix)
    return linalg.expm_multiply(scaled, flat.T, **options).T.reshape(x.shape)


def _exponential_transpose(
    ct: Any, *, matrix: Any, time: float, transposed: bool, options: Any
) -> Any:
    return exponential_product(
        ct, matrix=matrix, time=time, transposed=not transposed, options=options
    )


_SAMPLE = sparse.csr_array(np.array([[0.5, 1.0, 0.0], [0.0, -0.75, 2.0], [0.25, 0.0, 0.5]]))

exponential_product = linear(
    _exponential,
    _exponential_transpose,
    on=[
        case((3,), matrix=_SAMPLE, time=1.0, transposed=False, options={}),
        case((2, 3), matrix=_SAMPLE, time=0.5, transposed=True, options={}),
    ],
    name="exponential_product",
    pattern="...a->...b",
    formula="exp(t A) x for a constant A; the adjoint is exp(t Aᵀ) ct",
)


@numpy_function(linalg.expm_multiply, kind="rule", note="with respect to B; A must be constant")
def expm_multiply(
    A: Any,
    B: Any,
    start: Any = None,
    stop: Any = None,
    num: Any = None,
    endpoint: Any = None,
    traceA: Any = None,
) -> Any:
    """Answer ``scipy.sparse.linalg.expm_multiply``."""
    if varies(A) or varies(start) or varies(stop):
        raise UnsupportedError(
            "scipy.sparse.linalg.expm_multiply",
            "derivatives with respect to A and the times have no rule",
            "use scipy.linalg.expm(A.toarray()) @ B, or solve the differential equation",
        )
    b = operand(B)
    if b.shape[0] != A.shape[1]:
        raise ValueError(f"shapes of matrices A {A.shape} and B {b.shape} are incompatible")
    columns = b if b.ndim == 1 else b.T
    if not is_sparse(A) and not isinstance(A, linalg.LinearOperator):
        A = np.asarray(A)

    def at(time: float) -> Any:
        options = {} if traceA is None else {"traceA": traceA * time}
        y = exponential_product(columns, matrix=A, time=time, transposed=False, options=options)
        return y if b.ndim == 1 else y.T

    if all(v is None for v in (start, stop, num, endpoint)):
        return at(1.0)
    given = {"num": num, "endpoint": endpoint}
    times = np.linspace(start, stop, **{k: v for k, v in given.items() if v is not None})
    return np.stack([at(float(t)) for t in times])


_REFUSED = {
    "expm": (
        "the exponential of a sparse matrix is dense",
        "use expm_multiply(A, B) for a constant A, or scipy.linalg.expm(A.toarray())",
    ),
    "funm_multiply_krylov": (
        "it calls a function of matrices on what a Krylov space makes of A",
        "use expm_multiply, or dense functions of scipy.linalg",
    ),
    "lobpcg": (
        "its vectors depend on where the iteration starts and stops",
        "use eigsh, whose derivative is that of the exact eigenvalues",
    ),
    "onenormest": (
        "it is an estimate, found by a search over columns",
        "use norm(A, 1), which is exact",
    ),
}


def _refuse(name: str) -> None:
    reason, alternative = _REFUSED[name]

    @numpy_function(getattr(linalg, name), kind="unsupported", note=reason)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.sparse.linalg.{name}", reason, alternative)


for _name in _REFUSED:
    if hasattr(linalg, _name):
        _refuse(_name)


def _question(function: Any) -> None:
    @numpy_function(function, kind="constant")
    def ask(A: Any) -> Any:
        a = sparse_of(A)
        return function(a._like(np.ones(a.nnz)))


for _name in ("is_sptriangular", "spbandwidth"):
    if hasattr(linalg, _name):
        _question(getattr(linalg, _name))
