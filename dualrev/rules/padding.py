"""Padding: ``np.pad`` in the modes that copy, continue or summarise the array."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.creation import astype
from dualrev.rules.indexing import gather
from dualrev.rules.joining import concatenate
from dualrev.rules.shaping import copied

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]
# Each padded entry is a copy of one entry: NumPy's function on positions says of which.
_COPYING = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _inner(ct: Any, *, widths: Widths) -> Any:
    n = ct.ndim - len(widths)
    return ct[(Ellipsis, *(slice(b, ct.shape[n + k] - a) for k, (b, a) in enumerate(widths)))]


_zero_pad = linear(
    lambda x, *, widths: np.pad(x, ((0, 0),) * (x.ndim - len(widths)) + widths),
    _inner,
    on=[
        case((3,), widths=((1, 2),)),
        case((2, 3), widths=((0, 1), (2, 0))),
        case((0, 2), widths=((1, 1), (0, 0))),
    ],
    name="pad",
    pattern="movement",
    formula="y = x with zeros around; the adjoint cuts them off",
)


def _pairs(widths: Any, ndim: int) -> Widths:
    """Return the widths before and after, per axis."""
    if isinstance(widths, dict):
        full = np.zeros((ndim, 2), int)
        for axis, width in widths.items():
            full[axis] = width
        widths = full
    array = np.asarray(widths)
    if array.dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    if np.any(array < 0):
        raise ValueError("index can't contain negative values")
    return tuple((int(b), int(a)) for b, a in np.broadcast_to(array, (ndim, 2)))


@numpy_function(
    np.pad,
    note="every mode but empty and functions; ties of maximum, minimum and median share equally",
)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    x = operand(array)
    widths = _pairs(pad_width, x.ndim)
    if mode == "constant":
        values = operand(kwargs.pop("constant_values", 0))
        if kwargs:
            raise ValueError(f"unsupported keyword arguments for mode 'constant': {set(kwargs)}")
        return _constant(x, widths, values)
    if mode in _COPYING and kwargs.get("reflect_type", "even") == "even":
        positions = np.arange(x.size).reshape(x.shape)
        return copied(gather(x, np.pad(positions, widths, mode, **kwargs)), x)
    if mode in _COPYING or mode == "linear_ramp":
        return _by_matrices(x, widths, mode, kwargs)
    if mode in _STATISTICS:
        return _by_statistics(x, widths, _STATISTICS[mode], **kwargs)
    raise UnsupportedError(
        f"np.pad with mode={mode!r}",
        "NumPy leaves its entries undefined, or lets a function write them into a plain array",
        "np.concatenate with the values that are wanted",
    )


def _constant(x: Any, widths: Widths, values: Any) -> Any:
    if isinstance(values, Traced):
        # NumPy pads axis after axis, so a corner has the value of the last one.
        each = astype(np.broadcast_to(values, (len(widths), 2)), dtype_of(x))
        for k, width in enumerate(widths):
            parts = [
                np.broadcast_to(each[k, side], (*x.shape[:k], n, *x.shape[k + 1 :]))
                for side, n in enumerate(width)
            ]
            x = concatenate((parts[0], x, parts[1]), k)
        return x
    y = _zero_pad.call(x, widths=widths)
    if np.any(values):
        y = y + np.pad(np.zeros(x.shape, dtype_of(x)), widths, constant_values=values)
    return copied(y, x)


def _by_statistics(x: Any, widths: Widths, statistic: Any, stat_length: Any = None) -> Any:
    """Pad axis after axis with a statistic of the entries next to either end."""
    start = x
    lengths = np.broadcast_to(np.asarray(stat_length, dtype=object), (len(widths), 2))
    for k, width in enumerate(widths):
        n = x.shape[k]
        counts = [n if length is None else min(int(length), n) for length in lengths[k]]
        if 0 in counts and statistic in (np.max, np.min):
            raise ValueError("stat_length of 0 yields no value for padding")
        front = (slice(None),) * k
        chunks = x[(*front, slice(counts[0]))], x[(*front, slice(n - counts[1], n))]
        sides = [
            np.broadcast_to(
                statistic(chunk, axis=k, keepdims=True), (*x.shape[:k], size, *x.shape[k + 1 :])
            )
            for chunk, size in zip(chunks, width, strict=True)
        ]
        x = concatenate((sides[0], x, sides[1]), k)
    return copied(x, start)


def _by_matrices(x: Any, widths: Widths, mode: str, options: dict[str, Any]) -> Any:
    """Pad axis after axis with the matrix of NumPy's function, which is affine."""
    start, dtype = x, dtype_of(x)
    constant = np.pad(np.zeros(x.shape, dtype), widths, mode, **options)
    homogeneous = {k: v for k, v in options.items() if k != "end_values"}
    for k, width in enumerate(widths):
        if width == (0, 0):
            continue
        matrix = np.pad(np.eye(x.shape[k], dtype=dtype), (width, (0, 0)), mode, **homogeneous)
        x = np.moveaxis(np.matmul(np.moveaxis(x, k, -1), matrix.T), -1, k)
    return copied(x + constant if np.any(constant) else x, start)
