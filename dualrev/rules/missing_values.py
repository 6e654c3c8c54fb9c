"""Missing values: sums, moments and extremes without NaN.

An entry that is left out has the derivative zero; where nothing is left, the value is NumPy's, with its warning.
Medians and quantiles: `quantiles.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes
from dualrev.rules.contraction import array_operand
from dualrev.rules.reductions import fmax_reduce, fmin_reduce
from dualrev.rules.statistics import alarm, root

__all__: list[str] = []

_NOTE = "0 for NaN entries"
_UNSET: Any = np._NoValue


def _given(**options: Any) -> dict[str, Any]:
    return {name: option for name, option in options.items() if option is not _UNSET}


def _replaced(a: Any, fill: int) -> Any:
    x = array_operand(a)
    return np.where(np.isnan(x), fill, x) if dtype_of(x).kind in "fc" else x


# --------------------------------------------------------------------------------------------------
# Sums and products.


@numpy_function(np.nansum, note=_NOTE)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = _UNSET,
    initial: Any = _UNSET,
    where: Any = _UNSET,
) -> Any:
    """Answer ``np.nansum``."""
    options = _given(keepdims=keepdims, initial=initial, where=where)
    return np.sum(_replaced(a, 0), axis=axis, dtype=dtype, out=out, **options)


@numpy_function(np.nanprod, note=_NOTE)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = _UNSET,
    initial: Any = _UNSET,
    where: Any = _UNSET,
) -> Any:
    """Answer ``np.nanprod``."""
    options = _given(keepdims=keepdims, initial=initial, where=where)
    return np.prod(_replaced(a, 1), axis=axis, dtype=dtype, out=out, **options)


@numpy_function(np.nancumsum, note=_NOTE)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Answer ``np.nancumsum``."""
    return np.cumsum(_replaced(a, 0), axis=axis, dtype=dtype, out=out)


@numpy_function(np.nancumprod, note=_NOTE)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Answer ``np.nancumprod``."""
    return np.cumprod(_replaced(a, 1), axis=axis, dtype=dtype, out=out)


# --------------------------------------------------------------------------------------------------
# Moments.


def _deliver(y: Any, out: Any, name: str) -> Any:
    return y if out is None else write_out(out, y, (), name)


def _check_inexact(dtype: Any) -> None:
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise TypeError("If a is inexact, then dtype must be inexact")


def _count(x: Any, where: Any, axes: tuple[int, ...], like: Any) -> Any:
    """Return the number of entries that count, with ``keepdims``, in the real dtype of `like`."""
    present = np.where(np.isnan(x), 0, 1)
    number = np.sum(
        present if where is True else np.where(where, present, 0), axis=axes, keepdims=True
    )
    return number.astype(np.finfo(dtype_of(like)).dtype)


def _total(x: Any, where: Any, axes: tuple[int, ...], dtype: Any) -> Any:
    return np.sum(x, axis=axes, dtype=dtype, keepdims=True, where=where)


def _options(a: Any, axis: Any, keepdims: Any, where: Any) -> tuple[Any, Any, bool, Any]:
    x = array_operand(a)
    keep = keepdims is not _UNSET and bool(keepdims)
    return x, negative_axes(axis, x.ndim), keep, True if where is _UNSET else where


def _squeezed(y: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return y if keepdims else np.squeeze(y, axis=axes)


@numpy_function(np.nanmean, note=_NOTE)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = _UNSET,
    *,
    where: Any = _UNSET,
) -> Any:
    """Answer ``np.nanmean``."""
    _check_inexact(dtype)
    x, axes, keep, where = _options(a, axis, keepdims, where)
    total = _total(_replaced(x, 0), where, axes, dtype)
    number = _count(x, where, axes, total)
    none = alarm(number == 0, message="Mean of empty slice")
    y = np.where(none, np.nan, total / np.where(none, 1, number))
    return _deliver(_squeezed(y, axes, keep), out, "np.nanmean")


def _variance(
    x: Any, axes: tuple[int, ...], dtype: Any, ddof: Any, where: Any, mean: Any, correction: Any
) -> Any:
    _check_inexact(dtype)
    if correction is not _UNSET:
        if ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    filled = _replaced(x, 0)
    total = _total(filled, where, axes, dtype)
    number = _count(x, where, axes, total)
    if mean is _UNSET:
        mean = total / np.where(number == 0, 1, number)
    d = np.where(np.isnan(x), 0, filled - mean).astype(dtype_of(x))
    squares = np.real(d * np.conjugate(d)) if dtype_of(d).kind == "c" else d * d
    freedom = number - ddof
    none = alarm(freedom <= 0, message="Degrees of freedom <= 0 for slice.")
    total = _total(squares, where, axes, dtype)
    # NaN as a divisor makes derivatives NaN, too.
    return total / np.where(none, np.nan, freedom).astype(dtype_of(number))


@numpy_function(np.nanvar, note=f"{_NOTE}; NaN without a degree of freedom")
def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = _UNSET,
    *,
    where: Any = _UNSET,
    mean: Any = _UNSET,
    correction: Any = _UNSET,
) -> Any:
    """Answer ``np.nanvar``."""
    x, axes, keep, where = _options(a, axis, keepdims, where)
    y = _variance(x, axes, dtype, ddof, where, mean, correction)
    return _deliver(_squeezed(y, axes, keep), out, "np.nanvar")


@numpy_function(np.nanstd, note=f"{_NOTE}; 0 at 0; NaN without a degree of freedom")
def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = _UNSET,
    *,
    where: Any = _UNSET,
    mean: Any = _UNSET,
    correction: Any = _UNSET,
) -> Any:
    """Answer ``np.nanstd``."""
    x, axes, keep, where = _options(a, axis, keepdims, where)
    y = root(_variance(x, axes, dtype, ddof, where, mean, correction))
    return _deliver(_squeezed(y, axes, keep), out, "np.nanstd")


# --------------------------------------------------------------------------------------------------
# Extremes.


def _answer(function: Any, reduce: Any) -> None:
    name = f"np.{function.__name__}"

    @numpy_function(function, note=f"ties share equally; {_NOTE}")
    def extreme(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = _UNSET,
        initial: Any = _UNSET,
        where: Any = _UNSET,
    ) -> Any:
        y = reduce(a, axis=axis, **_given(keepdims=keepdims, initial=initial, where=where))
        alarm(np.isnan(y), message="All-NaN slice encountered")
        return _deliver(y, out, name)


_answer(np.nanmax, fmax_reduce)
_answer(np.nanmin, fmin_reduce)
