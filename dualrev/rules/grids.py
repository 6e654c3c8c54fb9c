"""Grids: evenly spaced numbers between ends that may be traced, on three scales, and open meshes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.dependence import places
from dualrev.core.domains import case
from dualrev.core.flavours import general
from dualrev.core.primitive import numpy_function
from dualrev.rules.arithmetic import real_sign
from dualrev.rules.creation import astype

__all__ = ["linspace"]


def _weights(t: Any, num: int, endpoint: bool, away: bool) -> Any:
    """Return the share of the stop (of the start, if `away`) in each of the numbers."""
    w = np.arange(num) / max(num - 1 if endpoint else num, 1)
    return (1 - w if away else w).astype(dtype_of(t))


def _dependence(primals: Any, y: Any, *, num: int, endpoint: bool) -> Any:
    found = []
    for x, away in zip(primals, (True, False), strict=True):
        at = np.broadcast_to(places(np.shape(x)), y.shape[:-1])[..., None]
        found.append(np.where(_weights(y, num, endpoint, away) != 0, at, 0)[None])
    return tuple(found)


@general(
    lambda a, b, *, num, endpoint: np.linspace(a, b, num, endpoint, axis=-1),
    arguments=("a", "b"),
    broadcasts=True,
    pattern=_dependence,
    name="linspace",
    on=[
        case((2, 3), (2, 3), num=4, endpoint=True),
        case((3,), (2, 1), num=3, endpoint=False),
        case((), (2,), num=2, endpoint=True),
        case((), (), num=5, endpoint=True),
        case((2,), (), num=1, endpoint=True),
        case((2,), (), num=1, endpoint=False),
        case((2,), (2,), num=0, endpoint=True),
    ],
)
class between:
    """y_k = (1 − w_k) a + w_k b along a new last axis, with w_k = k/(num − 1), or k/num without the endpoint."""

    def tangent_a(t: Any, *, num: int, endpoint: bool) -> Any:
        return t[..., None] * _weights(t, num, endpoint, True)

    def tangent_b(t: Any, *, num: int, endpoint: bool) -> Any:
        return t[..., None] * _weights(t, num, endpoint, False)

    def adjoint_a(ct: Any, *, num: int, endpoint: bool) -> Any:
        return np.matmul(ct, _weights(ct, num, endpoint, True))

    def adjoint_b(ct: Any, *, num: int, endpoint: bool) -> Any:
        return np.matmul(ct, _weights(ct, num, endpoint, False))


def _end(x: Any) -> Any:
    x = operand(x)
    if not isinstance(x, Traced) and isinstance(x, (int, float, complex)):
        return x * 1.0
    return x if dtype_of(x).kind in "fc" else astype(x, np.float64)


def _placed(y: Any, axis: int) -> Any:
    """Move the samples, which are along the last axis, to `axis`, as a new array in C order."""
    return y if y.ndim == 1 else np.moveaxis(y, -1, axis).copy()


@numpy_function(np.linspace, kind="rule", note="an integer dtype is locally constant")
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """Answer ``np.linspace``; the step is that of the samples, NaN if there is none."""
    count = operator.index(num)
    if count < 0:
        raise ValueError(f"Number of samples, {count}, must be non-negative.")
    start, stop = _end(start), _end(stop)
    y = _placed(between(start, stop, num=count, endpoint=bool(endpoint)), axis)
    if dtype is not None:
        y = astype(np.floor(y) if np.dtype(dtype).kind in "iu" else y, dtype)
    if not retstep:
        return y
    gaps = count - 1 if endpoint else count
    return y, ((stop - start) / gaps if gaps > 0 else np.nan)


@numpy_function(np.logspace, note="the base may be traced; an integer dtype is locally constant")
def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Answer ``np.logspace``: powers of `base` with evenly spaced exponents."""
    start, stop, base = operand(start), operand(stop), operand(base)
    if np.ndim(base):
        # An array of bases shares the axes of the ends, which `axis` counts.
        shapes = [np.shape(v) for v in (start, stop, base)]
        ndim = max(map(len, shapes))
        start, stop, base = (
            np.reshape(v, (1,) * (ndim - len(shape)) + shape)
            for v, shape in zip((start, stop, base), shapes, strict=True)
        )
        base = np.expand_dims(base, axis)
    y = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else astype(y, dtype)


@numpy_function(np.geomspace, note="real ends of equal sign, or complex ones: the shorter spiral")
def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Answer ``np.geomspace``: each number is a fixed multiple of the one before."""
    start, stop = operand(start), operand(stop)
    if np.any(value(start) == 0) or np.any(value(stop) == 0):
        raise ValueError("Geometric sequence cannot include zero")
    count = operator.index(num)
    common = np.result_type(dtype_of(start), dtype_of(stop), float(count), np.zeros((), dtype))
    start, stop = astype(start, common), astype(stop, common)
    # The result is that of the ends divided by the sign of the first, times that sign. It does not
    # vary with the sign, which is therefore a constant, also for complex numbers.
    sign = real_sign(start)
    start, stop = start / sign, stop / sign
    y = logspace(np.log10(start), np.log10(stop), count, endpoint, axis=-1)
    inner = [y[..., 1:-1] if endpoint else y[..., 1:]] if count else []
    ends = [start, stop] if endpoint and count > 1 else [start] if count else []
    columns = [np.broadcast_to(v, y.shape[:-1])[..., None] for v in ends]
    y = np.concatenate([*columns[:1], *inner, *columns[1:]], -1) if count else y
    y = _placed(y * np.expand_dims(sign, -1), axis)
    return astype(y, common if dtype is None else dtype)


@numpy_function(np.ix_, note="of traced values only their shape changes")
def ix_(*args: Any) -> tuple[Any, ...]:
    """Answer ``np.ix_``: each sequence along an axis of its own; masks become indices."""
    out = []
    for k, arg in enumerate(args):
        x = operand(arg)
        if np.ndim(x) != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if not isinstance(x, Traced):
            x = x.astype(np.intp) if x.size == 0 and not isinstance(arg, np.ndarray) else x
            (x,) = x.nonzero() if x.dtype.kind == "b" else (x,)
        out.append(np.reshape(x, (1,) * k + (-1,) + (1,) * (len(args) - k - 1)))
    return tuple(out)
