"""Sorting and partial sorting. Ties share equally. Quantiles: `quantiles.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, spaced
from dualrev.core.flavours import batch_elementwise, batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.rules.contraction import array_operand

__all__ = ["sort_", "tie_mean"]


def _mean_of_ties(a: Any, b: Any, *, axis: int) -> Any:
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = (np.moveaxis(np.broadcast_to(v, shape), axis, -1) for v in (a, b))
    first = np.concatenate([np.ones((*b.shape[:-1], 1), bool), b[..., 1:] != b[..., :-1]], -1)
    if first.all() or a.size == 0:
        return np.moveaxis(a, -1, axis)
    group = np.cumsum(first.ravel()) - 1
    parts = (a.real, a.imag) if a.dtype.kind == "c" else (a,)
    sums = [np.bincount(group, weights=p.ravel()) for p in parts]
    means = (sums[0] if len(parts) == 1 else sums[0] + 1j * sums[1]) / np.bincount(group)
    return np.moveaxis(means.astype(a.dtype)[group].reshape(a.shape), -1, axis)


@general(
    _mean_of_ties,
    arguments=("a", "b"),
    constant=("b",),
    on=[
        case((4,), np.array([1.0, 1.0, 2.0, 3.0]), axis=-1),
        case((3, 2), np.array([[1.0, 2.0], [1.0, 3.0], [4.0, 3.0]]), axis=-2),
    ],
    name="tie_mean",
    pattern="lines",
    batch=batch_elementwise,
    broadcasts=True,
)
class tie_mean:
    """The mean of `a` over each run of equal entries of the sorted `b`; its own transpose."""

    def tangent_a(t: Any, b: Any, *, axis: int) -> Any:
        return tie_mean(t, b, axis=axis)

    def adjoint_a(ct: Any, b: Any, *, axis: int) -> Any:
        return tie_mean(ct, b, axis=axis)


@general(
    lambda x, *, axis: np.sort(x, axis=axis),
    on=[case(spaced(4), axis=-1), case(spaced(3, 2), axis=-2), case(spaced(2, 2, 3), axis=-1)],
    name="sort",
    batch=batch_leading,
    kinks="ties share equally",
    analytic=False,
    pattern="lines",
)
class sort_:
    """dy is dx in sorted order, averaged over equal entries."""

    def tangent(t: Any, x: Any, y: Any, *, axis: int) -> Any:
        return tie_mean(np.take_along_axis(t, np.argsort(x, axis=axis), axis), y, axis=axis)

    def adjoint(ct: Any, x: Any, y: Any, *, axis: int) -> Any:
        rank = np.argsort(np.argsort(x, axis=axis), axis=axis)
        return np.take_along_axis(tie_mean(ct, y, axis=axis), rank, axis)


@numpy_function(np.sort, kind="rule", note="ties share equally")
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """Answer ``np.sort``; all kinds sort numbers alike."""
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
    x = array_operand(a)
    if axis is None:
        x, axis = np.ravel(x), -1
    return sort_(x, axis=negative_axis(axis, x.ndim))


# --------------------------------------------------------------------------------------------------
# Partitions.


def _ranks(x: Any, axis: int) -> Any:
    """Return the place of each entry in sorted order."""
    return np.argsort(np.argsort(x, axis=axis), axis=axis)


@general(
    lambda x, *, kth, axis: np.partition(x, kth, axis=axis),
    on=[
        case(spaced(7), kth=2, axis=-1),
        case(spaced(5, 2), kth=(1, 3), axis=-2),
        case(spaced(2, 2, 4), kth=-2, axis=-1),
    ],
    name="partition",
    batch=batch_leading,
    kinks="ties share equally",
    analytic=False,
    pattern="lines",
)
class partition_:
    """dy is dx in the order that NumPy leaves behind, averaged over equal entries."""

    def tangent(t: Any, x: Any, y: Any, *, axis: int) -> Any:
        t = np.take_along_axis(t, np.argsort(x, axis=axis), axis)
        t = tie_mean(t, np.sort(y, axis=axis), axis=axis)
        return np.take_along_axis(t, _ranks(y, axis), axis)

    def adjoint(ct: Any, x: Any, y: Any, *, axis: int) -> Any:
        ct = np.take_along_axis(ct, np.argsort(y, axis=axis), axis)
        ct = tie_mean(ct, np.sort(y, axis=axis), axis=axis)
        return np.take_along_axis(ct, _ranks(x, axis), axis)


@numpy_function(np.partition, kind="rule", note="ties share equally")
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """Answer ``np.partition``."""
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
    if kind != "introselect":
        raise ValueError(f"select kind must be 'introselect', not {kind!r}")
    x = array_operand(a)
    if axis is None:
        x, axis = np.ravel(x), -1
    kth = np.array(kth)
    return partition_(
        x, kth=tuple(kth.tolist()) if kth.ndim else kth.item(), axis=negative_axis(axis, x.ndim)
    )


@numpy_function(np.sort_complex, note="ties share equally")
def sort_complex(a: Any) -> Any:
    """Answer ``np.sort_complex``."""
    y = sort(a)
    return y if dtype_of(y).kind == "c" else y.astype(complex)


# --------------------------------------------------------------------------------------------------
# Index functions.

constant(np.lexsort, np.unravel_index, np.ravel_multi_index)
