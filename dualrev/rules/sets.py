"""Sets: distinct entries and the operations on them. Values carry derivatives, positions and counts do not.

A distinct value stands for all entries equal to it: its derivative is the mean of theirs (ties share equally).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.domains import case, spaced
from dualrev.core.flavours import batch_leading, constant, general, linear
from dualrev.core.primitive import numpy_function
from dualrev.errors import EscapeError, UnsupportedError
from dualrev.rules.contraction import array_operand

__all__ = ["decided"]


def decided(x: Any, name: str) -> Any:
    """Return the plain value of `x`, on which the shape of a result depends; lanes of vmap may differ in it."""
    if not isinstance(x, Traced):
        return np.asarray(x)
    try:
        return np.asarray(x._decide(name))
    except EscapeError:
        raise UnsupportedError(
            name,
            "the shape of its result may differ between the lanes of vmap",
            "loop over the lanes in Python",
        ) from None


# --------------------------------------------------------------------------------------------------
# Distinct entries of a vector.


def _means(x: Any, *, group: np.ndarray) -> Any:
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group)
    starts = np.cumsum(counts) - counts
    return (np.add.reduceat(x[..., order], starts, axis=-1) / counts).astype(x.dtype)


def _shares(ct: Any, *, group: np.ndarray) -> Any:
    return np.take(ct / np.bincount(group), group, axis=-1)


group_mean = linear(
    _means,
    _shares,
    on=[case((5,), group=np.array([2, 0, 1, 0, 2])), case((3,), group=np.array([1, 0, 2]))],
    name="group_mean",
    formula="the mean of dx over each group",
    pattern="...a->...b",
)


@general(
    lambda x, *, first, group: x[..., first],
    on=[
        case(spaced(4), first=np.array([2, 0, 3, 1]), group=np.array([1, 3, 0, 2])),
        case(spaced(1), first=np.array([0]), group=np.array([0])),
    ],
    name="distinct",
    pattern="...a->...b",
    batch=batch_leading,
    kinks="entries that are equal share equally",
)
class distinct:
    """dy is the mean of dx over the entries that are equal to y."""

    def tangent(t: Any, *, group: Any) -> Any:
        return group_mean(t, group=group)

    def adjoint(ct: Any, *, group: Any) -> Any:
        return _shares(ct, group=group)


def _distinct(x: Any, plain: np.ndarray, equal_nan: bool = True) -> tuple[Any, np.ndarray]:
    """Return the distinct values of a flat array in order, traced and plain."""
    values, first, group = np.unique(
        plain, return_index=True, return_inverse=True, equal_nan=equal_nan
    )
    return distinct(x, first=first, group=group.reshape(-1)), values


def _places(values: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Return where the entries of `result` stand among sorted values, each once if there are several NaN."""
    order = np.argsort(result, kind="stable")
    places = np.searchsorted(values, result)
    missing = np.isnan(result[order])
    if missing.sum() > 1 and np.isnan(values).sum() == missing.sum():
        places[order[missing]] = np.arange(len(values) - missing.sum(), len(values))
    return places


# --------------------------------------------------------------------------------------------------
# unique


def _rows(x: Any, plain: np.ndarray, axis: int, equal_nan: bool) -> Any:
    """Return the distinct slices along an axis."""
    _, first, group = np.unique(
        plain, return_index=True, return_inverse=True, axis=axis, equal_nan=equal_nan
    )
    moved = np.moveaxis(x, axis, 0)
    width = moved.size // max(moved.shape[0], 1)
    across = np.arange(width)
    y = distinct(
        np.ravel(moved),
        first=(first[:, None] * width + across).ravel(),
        group=(group.reshape(-1)[:, None] * width + across).ravel(),
    )
    return np.moveaxis(np.reshape(y, (len(first), *moved.shape[1:])), 0, axis)


@numpy_function(np.unique, note="equal entries share equally; positions and counts are constant")
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    **options: Any,
) -> Any:
    """Answer ``np.unique``; in `options` is ``sorted`` (NumPy 2.3)."""
    x = array_operand(ar)
    plain = decided(x, "np.unique")
    found = np.unique(
        plain, return_index, return_inverse, return_counts, axis, equal_nan=equal_nan, **options
    )
    values, *others = found if isinstance(found, tuple) else (found,)
    if axis is None or x.ndim == 1:
        y, distinct_values = _distinct(np.ravel(x), plain.ravel(), equal_nan)
        if not options.get("sorted", True):
            y = np.take(y, _places(distinct_values, values))
    else:
        y = _rows(x, plain, range(x.ndim)[axis], equal_nan)
    return (y, *others) if others else y


@numpy_function(np.unique_all, note="as unique")
def unique_all(x: Any) -> Any:
    """Answer ``np.unique_all``."""
    fields = unique(x, True, True, True, equal_nan=False)
    return type(np.unique_all(np.zeros(1)))(*fields)


@numpy_function(np.unique_counts, note="as unique")
def unique_counts(x: Any) -> Any:
    """Answer ``np.unique_counts``."""
    return type(np.unique_counts(np.zeros(1)))(*unique(x, return_counts=True, equal_nan=False))


@numpy_function(np.unique_inverse, note="as unique")
def unique_inverse(x: Any) -> Any:
    """Answer ``np.unique_inverse``."""
    return type(np.unique_inverse(np.zeros(1)))(*unique(x, return_inverse=True, equal_nan=False))


@numpy_function(np.unique_values, note="as unique; in the order of NumPy, which may not be sorted")
def unique_values(x: Any) -> Any:
    """Answer ``np.unique_values``."""
    x = array_operand(x)
    plain = decided(x, "np.unique_values")
    y, values = _distinct(np.ravel(x), plain.ravel(), equal_nan=False)
    return np.take(y, _places(values, np.unique_values(plain)))


# --------------------------------------------------------------------------------------------------
# Operations on two sets.


def _gathered(x: Any, result: np.ndarray, name: str) -> Any:
    """Return `result`, whose values occur in the flat `x`, with the derivatives of `x`."""
    y, values = _distinct(x, decided(x, name))
    return np.take(y, _places(values, result))


def _both(ar1: Any, ar2: Any, name: str) -> tuple[Any, np.ndarray, np.ndarray]:
    a, b = array_operand(ar1), array_operand(ar2)
    together = np.concatenate([np.ravel(a), np.ravel(b)])
    return together, decided(a, name), decided(b, name)


@numpy_function(np.intersect1d, note="equal entries of both share equally")
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """Answer ``np.intersect1d``."""
    x, a, b = _both(ar1, ar2, "np.intersect1d")
    found = np.intersect1d(a, b, assume_unique, return_indices)
    if not return_indices:
        return _gathered(x, found, "np.intersect1d")
    return _gathered(x, found[0], "np.intersect1d"), *found[1:]


@numpy_function(np.union1d, note="equal entries of both share equally")
def union1d(ar1: Any, ar2: Any) -> Any:
    """Answer ``np.union1d``."""
    return unique(np.concatenate([np.ravel(array_operand(ar1)), np.ravel(array_operand(ar2))]))


@numpy_function(np.setdiff1d, note="equal entries share equally")
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """Answer ``np.setdiff1d``."""
    _, a, b = _both(ar1, ar2, "np.setdiff1d")
    x = np.ravel(array_operand(ar1))
    return _gathered(x, np.setdiff1d(a, b, assume_unique), "np.setdiff1d")


@numpy_function(np.setxor1d, note="equal entries share equally")
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """Answer ``np.setxor1d``."""
    x, a, b = _both(ar1, ar2, "np.setxor1d")
    return _gathered(x, np.setxor1d(a, b, assume_unique), "np.setxor1d")


constant(*(f for n in ("isin", "in1d") if (f := vars(np).get(n)) is not None))
