"""Windows that slide over the last axes of an array with strides and gaps, and their overlapping sum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from dualrev.core.dependence import places, scattered
from dualrev.core.domains import case
from dualrev.core.flavours import linear

__all__ = ["offsets", "padded", "places_of", "slide", "sliding", "steps", "summed"]

Ints = tuple[int, ...]


def steps(length: int, size: int, stride: int, dilation: int) -> int:
    """Return how many windows of `size` entries, `dilation` apart, fit into `length` at every `stride`."""
    return (length - dilation * (size - 1) - 1) // stride + 1


def padded(x: Any, padding: tuple[tuple[int, int], ...], fill: Any = 0) -> Any:
    """Return a plain array with constant entries around its last axes; itself if there are none to add."""
    if not any(map(any, padding)):
        return x
    lead = x.ndim - len(padding)
    core = [n + before + after for n, (before, after) in zip(x.shape[lead:], padding, strict=True)]
    y = np.full((*x.shape[:lead], *core), fill, x.dtype)
    y[(..., *(slice(b, b + n) for n, (b, _) in zip(x.shape[lead:], padding, strict=True)))] = x
    return y


def slide(x: Any, size: Ints, stride: Ints, dilation: Ints) -> Any:
    """Return a view of a plain array: the last axes become offsets in a window, then places of windows."""
    lead = x.ndim - len(size)
    count = tuple(map(steps, x.shape[lead:], size, stride, dilation))
    strides = x.strides[lead:]
    return as_strided(
        x,
        (*x.shape[:lead], *size, *count),
        (
            *x.strides[:lead],
            *(a * b for a, b in zip(strides, dilation, strict=True)),
            *(a * b for a, b in zip(strides, stride, strict=True)),
        ),
        writeable=False,
    )


def places_of(offset: Ints, count: Ints, stride: Ints, dilation: Ints) -> tuple[Any, ...]:
    """Return the index of the entries that lie at one offset in their windows."""
    return (
        ...,
        *(
            slice(k * d, k * d + s * (n - 1) + 1, s)
            for k, n, s, d in zip(offset, count, stride, dilation, strict=True)
        ),
    )


def offsets(size: Ints) -> Iterator[Ints]:
    """Yield the offsets in a window, in C order."""
    return iter(np.ndindex(*size))


def _windows(x: Any, *, size: Ints, stride: Ints, dilation: Ints) -> Any:
    view = slide(x, size, stride, dilation)
    lead = x.ndim - len(size)
    return view.reshape(*x.shape[:lead], math.prod(size), *view.shape[lead + len(size) :])


def _sum(x: Any, *, size: Ints, stride: Ints, dilation: Ints, target: Ints) -> Any:
    own = len(size)
    y = np.zeros((*x.shape[: x.ndim - own - 1], *target), x.dtype)
    count = x.shape[x.ndim - own :]
    if math.prod(count):
        for k, offset in enumerate(offsets(size)):
            y[places_of(offset, count, stride, dilation)] += x[(..., k, *[slice(None)] * own)]
    return y


def _windows_adjoint(ct: Any, shape: Ints, *, size: Ints, stride: Ints, dilation: Ints) -> Any:
    target = shape[len(shape) - len(size) :]
    return summed(ct, size=size, stride=stride, dilation=dilation, target=target)


sliding = linear(
    _windows,
    _windows_adjoint,
    on=[
        case((2, 5), size=(3,), stride=(1,), dilation=(1,)),
        case((6,), size=(2,), stride=(3,), dilation=(2,)),
        case((2, 4, 5), size=(2, 3), stride=(2, 1), dilation=(1, 1)),
        case((3, 2), size=(1, 2), stride=(1, 1), dilation=(1, 1)),
        case((0, 3), size=(2,), stride=(1,), dilation=(1,)),
    ],
    name="sliding_windows",
    pattern="movement",
    formula="an axis of offsets in the window, then the places of windows; the adjoint adds what overlaps",
)


def _sum_pattern(
    primals: Any, y: Any, *, size: Ints, stride: Ints, dilation: Ints, target: Ints
) -> Any:
    into = _windows(places(y.shape), size=size, stride=stride, dilation=dilation)
    return (scattered(into - 1),)


summed = linear(
    _sum,
    lambda ct, *, size, stride, dilation, target: sliding(
        ct, size=size, stride=stride, dilation=dilation
    ),
    on=[
        case((2, 3, 3), size=(3,), stride=(1,), dilation=(1,), target=(5,)),
        case((2, 2), size=(2,), stride=(3,), dilation=(2,), target=(6,)),
        case((2, 6, 2, 3), size=(2, 3), stride=(2, 1), dilation=(1, 1), target=(4, 5)),
        case((0, 2, 2), size=(2,), stride=(1,), dilation=(1,), target=(3,)),
    ],
    name="overlapping_sum",
    pattern=_sum_pattern,
    formula="every entry of a window added to the place it came from; the adjoint slides",
)
