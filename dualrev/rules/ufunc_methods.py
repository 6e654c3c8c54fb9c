"""Methods of ufuncs that have rules of their own: running extremes, sums over parts, log-sum-exp.

All other methods of ufuncs go entry by entry (`core/protocols.py`). Sums and products: `reductions.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.dependence import Entries, places
from dualrev.core.domains import case, reals, spaced
from dualrev.core.flavours import batch_leading, general, linear
from dualrev.core.inplace import cast
from dualrev.core.primitive import Primitive
from dualrev.core.protocols import ufunc_method
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.rules.contraction import array_operand
from dualrev.rules.indexing import parse, refuse, scatter_add
from dualrev.rules.norms import across
from dualrev.rules.reductions import recurrence, shifted

__all__: list[str] = []


def _prepare(a: Any, axis: Any, dtype: Any) -> tuple[Any, int]:
    x = array_operand(a)
    if x.ndim == 0:
        raise TypeError("cannot accumulate on a scalar")
    return (x if dtype is None else x.astype(dtype)), negative_axis(axis, x.ndim)


# --------------------------------------------------------------------------------------------------
# Running extremes.


def _runs(x: Any, y: Any) -> tuple[Any, Any]:
    """Say which entries attain the running extreme, and where it stays what it was (last axis)."""
    first = np.zeros((*y.shape[:-1], 1), bool)
    stays = np.concatenate([first, y[..., 1:] == y[..., :-1]], axis=-1)[..., : y.shape[-1]]
    return np.where(x == y, 1.0, 0.0), np.where(stays, 1.0, 0.0)


def _over(total: Any, hit: Any, stays: Any) -> Any:
    """Divide by the number of entries that have attained the extreme so far: none does where it is NaN."""
    return total / np.maximum(recurrence(stays, hit), 1)


def _running_extreme(ufunc: np.ufunc, name: str) -> Primitive:
    class rules:
        """dyᵢ = the mean of dxⱼ over the j ≤ i with xⱼ = yᵢ, by a segmented running sum."""

        def tangent(t: Any, x: Any, y: Any, *, axis: int) -> Any:
            t, x, y = (np.moveaxis(v, axis, -1) for v in (t, x, y))
            hit, stays = _runs(x, y)
            total = recurrence(stays, np.where(hit == 0, 0, t))
            return np.moveaxis(_over(total, hit, stays), -1, axis)

        def adjoint(ct: Any, x: Any, y: Any, *, axis: int) -> Any:
            ct, x, y = (np.moveaxis(v, axis, -1) for v in (ct, x, y))
            hit, stays = _runs(x, y)
            back = shifted(np.flip(stays, -1), 0.0)
            total = recurrence(back, np.flip(_over(ct, hit, stays), -1))
            return np.moveaxis(np.flip(total, -1) * hit, -1, axis)

    primitive = general(
        lambda x, *, axis: ufunc.accumulate(x, axis=axis),
        on=[
            case(spaced(6), axis=-1),
            case(spaced(4, 2), axis=-2),
            case(lambda rng: np.array([-2.0, 1.5, 0.5, 1.0, 3.0, -3.0]), axis=-1),
        ],
        name=name,
        batch=batch_leading,
        kinks="the entries that tie so far share equally; 0 where the result is NaN",
        analytic=False,
        pattern="running",
    )(rules)

    @ufunc_method(ufunc, "accumulate")
    def accumulate(array: Any, axis: int = 0, dtype: Any = None) -> Any:
        x, k = _prepare(array, axis, dtype)
        return primitive(x, axis=k)

    return primitive


for _ufunc, _name in (
    (np.maximum, "running_max"),
    (np.minimum, "running_min"),
    (np.fmax, "running_fmax"),
    (np.fmin, "running_fmin"),
):
    _running_extreme(_ufunc, _name)


# --------------------------------------------------------------------------------------------------
# Sums over parts of an axis.


def _members(indices: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of all parts that ``reduceat`` names, and to which part each belongs."""
    stops = np.append(indices[1:], n)
    sizes = np.maximum(stops - indices, 1)
    parts = np.repeat(np.arange(len(indices)), sizes)
    positions = np.arange(len(parts)) + np.repeat(indices - np.cumsum(sizes) + sizes, sizes)
    return positions, parts


def _spread_parts(ct: Any, shape: tuple[int, ...], *, indices: np.ndarray, axis: int) -> Any:
    positions, parts = _members(indices, shape[axis])
    index = (Ellipsis, positions, *(slice(None),) * (-axis - 1))
    return scatter_add.call(np.take(ct, parts, axis=axis), index=index, shape=tuple(shape))


def _summed(primals: Any, y: Any, *, indices: np.ndarray, axis: int) -> Any:
    (x,) = primals
    positions, parts = _members(indices, np.shape(x)[axis])
    kept = np.take(places(np.shape(x)), positions, axis=axis) - 1
    into = np.take(places(np.shape(y)), parts, axis=axis) - 1
    return (Entries(into.ravel(), kept.ravel()),)


reduceat = linear(
    lambda x, *, indices, axis: np.add.reduceat(x, indices, axis=axis),
    _spread_parts,
    on=[
        case((6,), indices=np.array([0, 2, 3]), axis=-1),
        case((5, 2), indices=np.array([3, 1, 1, 0]), axis=-2),
        case((2, 4), indices=np.array([0, 3]), axis=-1),
    ],
    name="add_reduceat",
    formula="sums of dx over parts of an axis",
    pattern=_summed,
)


@ufunc_method(np.add, "reduceat")
def add_reduceat(array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Answer ``np.add.reduceat``."""
    x, k = _prepare(array, axis, dtype)
    return reduceat(x, indices=np.array(indices), axis=k)


# --------------------------------------------------------------------------------------------------
# Sums by index.


def _add_at(x: Any, index: Any, values: Any, sign: float) -> Any:
    parsed = parse(index)
    traced = next((item for item in parsed if isinstance(item, Traced)), None)
    if traced is not None:
        raise refuse(traced)
    shape = np.broadcast_to(0, x.shape)[parsed].shape
    values = cast(array_operand(values), dtype_of(x), "ufunc.at")
    total = scatter_add(np.broadcast_to(values, shape), index=parsed, shape=x.shape)
    return x + total if sign > 0 else x - total


@ufunc_method(np.add, "at")
def add_at(x: Any, index: Any, values: Any) -> Any:
    """Answer ``np.add.at``."""
    return _add_at(x, index, values, 1.0)


@ufunc_method(np.subtract, "at")
def subtract_at(x: Any, index: Any, values: Any) -> Any:
    """Answer ``np.subtract.at``."""
    return _add_at(x, index, values, -1.0)


# --------------------------------------------------------------------------------------------------
# Sums in logarithms.


def _log_sum(ufunc: np.ufunc, name: str, exponential: np.ufunc) -> None:
    def weights(x: Any, y: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
        # Infinite sums have no weights: NaN without the warning of inf - inf.
        y = np.where(np.isinf(y), np.nan, y)
        return exponential(x - across(y, np.ndim(x), axis, keepdims))

    class rules:
        """dy = Σ wᵢ dxᵢ with the weights w = exp(x − y), powers of 2 for logaddexp2."""

        def tangent(t: Any, x: Any, y: Any, *, axis: Any, keepdims: Any) -> Any:
            return np.sum(t * weights(x, y, axis, keepdims), axis=axis, keepdims=keepdims)

        def adjoint(ct: Any, x: Any, y: Any, *, axis: Any, keepdims: Any) -> Any:
            return across(ct, np.ndim(x), axis, keepdims) * weights(x, y, axis, keepdims)

    primitive = general(
        lambda x, *, axis, keepdims: ufunc.reduce(x, axis=axis, keepdims=keepdims),
        on=[
            case(reals(4), axis=(-1,), keepdims=False),
            case(reals(2, 3), axis=(-2,), keepdims=True),
            case(reals(2, 3), axis=(-2, -1), keepdims=False),
        ],
        name=name,
        batch=batch_leading,
        analytic=False,
        kinks="NaN where the result is infinite",
        pattern="reduction",
    )(rules)

    @ufunc_method(ufunc, "reduce")
    def reduce(
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        x = array_operand(array)
        if dtype is not None:
            x = x.astype(dtype)
        if where is not True:
            x = np.where(where, x, np.full((), -np.inf, dtype_of(x)))
        y = primitive(x, axis=negative_axes(axis, x.ndim), keepdims=bool(keepdims))
        return y if initial is None else ufunc(initial, y)


_log_sum(np.logaddexp, "logaddexp_reduce", np.exp)
_log_sum(np.logaddexp2, "logaddexp2_reduce", np.exp2)
