"""Filters of scipy.ndimage that pick one of the entries around each: maximum, minimum, rank, median, percentile."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
from scipy import ndimage

from dualrev.core.array import dtype_of
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.rules.ndimage.edges import check_axes, delivered, each, extended, image

__all__: list[str] = []


def _real(x: Any) -> Any:
    x = image(x)
    if dtype_of(x).kind == "c":
        raise TypeError("Complex type not supported")
    return x


def _around(x: Any, footprint: Any, modes: Any, cval: Any, origins: Any) -> list[Any]:
    """Return the shifted copies of an array that a footprint takes in."""
    wide = x
    for axis, (n, mode, origin) in enumerate(zip(footprint.shape, modes, origins, strict=True)):
        if not 0 <= n // 2 + origin < n:
            raise ValueError("invalid origin")
        before = n // 2 + origin
        wide = extended(wide, axis, before, n - 1 - before, mode, cval)
    return [
        wide[tuple(slice(k, k + n) for k, n in zip(at, x.shape, strict=True))]
        for at in itertools.product(*map(range, footprint.shape))
        if footprint[at]
    ]


def _along(x: Any, size: int, axis: int, mode: str, cval: Any, origin: int, pick: Any) -> Any:
    if size < 1:
        raise RuntimeError("incorrect filter size")
    shape, origins = [1] * x.ndim, [0] * x.ndim
    shape[axis], origins[axis] = size, origin
    return pick(np.stack(_around(x, np.ones(shape, bool), [mode] * x.ndim, cval, origins)), axis=0)


def _full(footprint: Any, axes: tuple[int, ...], ndim: int) -> Any:
    """Return a footprint with an axis of length 1 where none is filtered."""
    if footprint.ndim != len(axes):
        raise RuntimeError(f"footprint.ndim ({footprint.ndim}) must match len(axes) ({len(axes)})")
    return np.expand_dims(
        np.transpose(footprint, np.argsort(axes)), tuple(k for k in range(ndim) if k not in axes)
    )


def _per_axis(given: Any, axes: tuple[int, ...], ndim: int, other: Any) -> list[Any]:
    found = [other] * ndim
    for axis, v in zip(axes, each(given, len(axes)), strict=True):
        found[axis] = v
    return found


def _extreme(
    name: str,
    pick: Any,
    input: Any,
    size: Any,
    footprint: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
) -> Any:
    x = _real(input)
    axes = check_axes(axes, x.ndim)
    if footprint is not None:
        footprint = np.asarray(footprint, bool)
        if not footprint.any():
            raise ValueError("All-zero footprint is not supported.")
        if footprint.all():
            size, footprint = footprint.shape, None
    elif size is None:
        raise RuntimeError("no footprint provided")
    if footprint is None:
        given = (each(v, len(axes)) for v in (size, origin, mode))
        y = x
        for axis, n, o, m in zip(axes, *given, strict=True):
            if n > 1:
                y = _along(y, int(n), axis, m, cval, o, pick)
        return delivered(y * 1.0 if y is x else y, x, output, name)
    whole = _full(footprint, axes, x.ndim)
    modes = _per_axis(mode, axes, x.ndim, "reflect")
    parts = _around(x, whole, modes, cval, _per_axis(origin, axes, x.ndim, 0))
    return delivered(pick(np.stack(parts), axis=0), x, output, name)


_TIES = "ties share equally, axis by axis"


def _extreme_filters(name: str, pick: Any) -> None:
    @numpy_function(getattr(ndimage, f"{name}_filter"), note=_TIES)
    def call(
        input: Any,
        size: Any = None,
        footprint: Any = None,
        output: Any = None,
        mode: Any = "reflect",
        cval: Any = 0.0,
        origin: Any = 0,
        *,
        axes: Any = None,
    ) -> Any:
        return _extreme(
            f"{name}_filter", pick, input, size, footprint, output, mode, cval, origin, axes
        )

    @numpy_function(getattr(ndimage, f"{name}_filter1d"), note="ties share equally")
    def call_1d(
        input: Any,
        size: int,
        axis: int = -1,
        output: Any = None,
        mode: str = "reflect",
        cval: Any = 0.0,
        origin: int = 0,
    ) -> Any:
        x = _real(input)
        axis = negative_axis(axis, x.ndim) % x.ndim
        y = _along(x, size, axis, mode, cval, origin, pick)
        return delivered(y, x, output, f"{name}_filter1d")


_extreme_filters("maximum", np.max)
_extreme_filters("minimum", np.min)


def _ranked(
    name: str,
    rank_of: Any,
    input: Any,
    size: Any,
    footprint: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
) -> Any:
    x = _real(input)
    axes = check_axes(axes, x.ndim)
    if footprint is None:
        if size is None:
            raise RuntimeError("no footprint or filter size provided")
        footprint = np.ones(each(size, len(axes)), bool)
    whole = _full(np.asarray(footprint, bool), axes, x.ndim)
    count = int(whole.sum())
    rank = rank_of(count)
    rank = rank + count if rank < 0 else rank
    if not 0 <= rank < count:
        raise RuntimeError("rank not within filter footprint size")
    modes = _per_axis(mode, axes, x.ndim, "constant")
    parts = _around(x, whole, modes, cval, _per_axis(origin, axes, x.ndim, 0))
    return delivered(np.sort(np.stack(parts), axis=0)[rank], x, output, name)


@numpy_function(ndimage.rank_filter, note="ties share equally")
def rank_filter(
    input: Any,
    rank: int,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.rank_filter``."""
    given = size, footprint, output, mode, cval, origin, axes
    rank = operator.index(rank)
    return _ranked("rank_filter", lambda count: rank, input, *given)


@numpy_function(ndimage.median_filter, note="ties share equally")
def median_filter(
    input: Any,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.median_filter``."""
    given = size, footprint, output, mode, cval, origin, axes
    return _ranked("median_filter", lambda count: count // 2, input, *given)


@numpy_function(ndimage.percentile_filter, note="ties share equally")
def percentile_filter(
    input: Any,
    percentile: float,
    size: Any = None,
    footprint: Any = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.percentile_filter``."""
    p = percentile + 100.0 if percentile < 0.0 else percentile
    if not 0 <= p <= 100:
        raise RuntimeError("invalid percentile")
    given = size, footprint, output, mode, cval, origin, axes
    return _ranked(
        "percentile_filter",
        lambda count: count - 1 if p == 100.0 else int(float(count) * p / 100.0),
        input,
        *given,
    )
