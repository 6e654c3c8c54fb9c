"""Convolution and correlation over any number of axes: convolve, correlate, fftconvolve, oaconvolve, convolve2d.

A convolution is bilinear, and both adjoints are windows of convolutions with the other operand reversed.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from scipy import signal

from dualrev.core.array import dtype_of
from dualrev.core.dependence import windows
from dualrev.core.domains import case
from dualrev.core.flavours import bilinear
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes
from dualrev.rules.contraction import array_operand
from dualrev.rules.convolution import batch_aligned
from dualrev.rules.padding import pad
from dualrev.rules.shaping import lane

__all__ = ["convolved", "window"]

Sizes = tuple[int, ...]


def _plain(a: Any, b: Any, mode: str, method: str) -> Any:
    dtype = np.result_type(a, b)
    return signal.convolve(a.astype(dtype, copy=False), b.astype(dtype, copy=False), mode, method)


def _stacked(a: Any, b: Any, mode: str, method: str, ndim: int) -> Any:
    """Convolve the last axes of two plain arrays whose other axes broadcast."""
    lead = [v.shape[: v.ndim - ndim] for v in (a, b)]
    if not any(lead):
        return _plain(a, b, mode, method)
    for v, w, own in ((a, b, lead[0]), (b, a, lead[1])):
        larger = np.all(np.greater_equal(v.shape[v.ndim - ndim :], w.shape[w.ndim - ndim :]))
        if math.prod(w.shape[: w.ndim - ndim]) == 1 and (mode == "full" or larger):
            one = w.reshape((1,) * len(own) + w.shape[w.ndim - ndim :])
            y = _plain(v, one, mode, method)
            shape = np.broadcast_shapes(*lead)
            return y.reshape(shape + y.shape[len(own) :])
    shape = np.broadcast_shapes(*lead)
    a, b = (np.broadcast_to(v, shape + v.shape[v.ndim - ndim :]) for v in (a, b))
    return np.stack([_plain(a[k], b[k], mode, method) for k in np.ndindex(shape)]).reshape(
        shape + _plain(a[(0,) * len(shape)], b[(0,) * len(shape)], mode, method).shape
    )


def _value(a: Any, b: Any, *, starts: Sizes, sizes: Sizes, method: str) -> Any:
    ndim = len(starts)
    n, m = a.shape[a.ndim - ndim :], b.shape[b.ndim - ndim :]
    nested = all(map(operator.ge, n, m)) or all(map(operator.ge, m, n))
    if nested and (starts, sizes) == window("valid", n, m):
        return _stacked(a, b, "valid", method, ndim)
    full = _stacked(a, b, "full", method, ndim)
    cut: list[Any] = [...]
    missing = [(0, 0)] * (full.ndim - ndim)
    for start, size, whole in zip(starts, sizes, full.shape[full.ndim - ndim :], strict=True):
        stop = start + size
        cut.append(slice(max(start, 0), max(stop, 0)))
        missing.append((max(-start, 0), max(stop - max(whole, start), 0)))
    y = full[tuple(cut)]
    return np.pad(y, missing) if any(map(any, missing)) else y


def window(mode: str, n: Sizes, m: Sizes) -> tuple[Sizes, Sizes]:
    """Return starts and sizes of what a mode of SciPy keeps of the full convolution of shapes `n` and `m`."""
    if mode == "full":
        return (0,) * len(n), tuple(p + q - 1 for p, q in zip(n, m, strict=True))
    if mode == "same":
        return tuple((q - 1) // 2 for q in m), n
    pairs = [sorted(pair) for pair in zip(n, m, strict=True)]
    return tuple(p - 1 for p, _ in pairs), tuple(q - p + 1 for p, q in pairs)


def _reversed(x: Any, ndim: int) -> Any:
    return x[(..., *(slice(None, None, -1),) * ndim)]


def _other(ct: Any, v: Any, shape: Sizes, starts: Sizes, method: str) -> Any:
    ndim = len(starts)
    m = v.shape[v.ndim - ndim :]
    back = tuple(q - 1 - start for q, start in zip(m, starts, strict=True))
    own = shape[len(shape) - ndim :]
    return convolved(ct, _reversed(v, ndim), starts=back, sizes=own, method=method)


def _left(ct: Any, b: Any, shape: Sizes, *, starts: Sizes, sizes: Sizes, method: str) -> Any:
    return _other(ct, b, shape, starts, method)


def _right(ct: Any, a: Any, shape: Sizes, *, starts: Sizes, sizes: Sizes, method: str) -> Any:
    return _other(ct, a, shape, starts, method)


def _dependence(primals: Any, y: Any, *, starts: Sizes, sizes: Sizes, method: str) -> Any:
    a, b = primals
    return (
        lambda: windows(a.shape, b, starts, y.shape),
        lambda: windows(b.shape, a, starts, y.shape),
    )


convolved = bilinear(
    _value,
    _left,
    _right,
    on=[
        case((4,), (3,), starts=(0,), sizes=(6,), method="direct"),
        case((2,), (5,), starts=(1,), sizes=(4,), method="fft"),
        case((3, 4), (2, 2), starts=(0, 0), sizes=(4, 5), method="direct"),
        case((3, 4), (2, 3), starts=(1, 2), sizes=(2, 2), method="direct"),
        case((3, 4), (3, 3), starts=(1, 1), sizes=(3, 4), method="fft"),
        case((2, 3, 3), (2, 2), starts=(0, 1), sizes=(4, 2), method="direct"),
        case((2, 1, 3), (3, 2), starts=(-1,), sizes=(6,), method="direct"),
    ],
    name="convolution_nd",
    batch=batch_aligned,
    broadcasts=True,
    formula="a window of Σ a_i b_{k−i} over several axes; the adjoints convolve with the other operand reversed",
    pattern=_dependence,
)


# --------------------------------------------------------------------------------------------------
# SciPy's functions


def _swapped(mode: str, n: Sizes, m: Sizes) -> bool:
    if mode != "valid" or not n:
        return False
    first = all(p >= q for p, q in zip(n, m, strict=True))
    if not first and not all(q >= p for p, q in zip(n, m, strict=True)):
        raise ValueError(
            "For 'valid' mode, one must be at least as large as the other in every dimension"
        )
    return not first


def _check_mode(mode: Any) -> None:
    if mode not in ("full", "same", "valid"):
        raise ValueError("Acceptable mode flags are 'valid', 'same', or 'full'.")


@numpy_function(signal.convolve, kind="rule")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Answer ``scipy.signal.convolve``."""
    a, b = array_operand(in1), array_operand(in2)
    if a.ndim == b.ndim == 0:
        return a * b
    if a.ndim != b.ndim:
        raise ValueError("volume and kernel should have the same dimensionality")
    _check_mode(mode)
    _swapped(mode, a.shape, b.shape)
    if method == "auto":
        method = signal.choose_conv_method(lane(a), lane(b), mode=mode)
    if method not in ("direct", "fft"):
        raise ValueError("Acceptable method flags are 'auto', 'direct', or 'fft'.")
    starts, sizes = window(mode, a.shape, b.shape)
    return convolved(a, b, starts=starts, sizes=sizes, method=method)


def _turned(b: Any) -> Any:
    b = _reversed(b, b.ndim)
    return np.conjugate(b) if dtype_of(b).kind == "c" else b


@numpy_function(signal.correlate, kind="rule", note="conjugates the second argument")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Answer ``scipy.signal.correlate``."""
    a, b = array_operand(in1), array_operand(in2)
    if a.ndim == b.ndim == 0:
        return a * _turned(b)
    if a.ndim != b.ndim:
        raise ValueError("in1 and in2 should have the same dimensionality")
    _check_mode(mode)
    return convolve(a, _turned(b), mode, method)


def _over_axes(in1: Any, in2: Any, mode: str, axes: Any) -> Any:
    a, b = array_operand(in1), array_operand(in2)
    if a.ndim == b.ndim == 0:
        return a * b
    if a.ndim != b.ndim:
        raise ValueError("in1 and in2 should have the same dimensionality")
    _check_mode(mode)
    if a.size == 0 or b.size == 0:
        return np.array([])
    over = negative_axes(axes, a.ndim)
    if not over:
        raise ValueError("when provided, axes cannot be empty")
    for k in range(-a.ndim, 0):
        if k not in over and a.shape[k] != b.shape[k] and 1 not in (a.shape[k], b.shape[k]):
            raise ValueError(f"incompatible shapes for in1 and in2: {a.shape} and {b.shape}")
    # Along an axis of length 1 there is nothing to transform; SciPy broadcasts it.
    over = tuple(k for k in over if a.shape[k] != 1 and b.shape[k] != 1)
    n, m = (tuple(v.shape[k] for k in over) for v in (a, b))
    _swapped(mode, n, m)
    if over:
        starts, sizes = window(mode, n, m)
        last = tuple(range(-len(over), 0))
        moved = (np.moveaxis(v, over, last) for v in (a, b))
        y = np.moveaxis(convolved(*moved, starts=starts, sizes=sizes, method="fft"), last, over)
    else:
        y = a * b
    if mode == "same" and y.shape != a.shape:
        cut = [((q - p) // 2, p) for p, q in zip(a.shape, y.shape, strict=True)]
        y = y[tuple(slice(start, start + size) for start, size in cut)]
    return y


@numpy_function(signal.fftconvolve, kind="rule")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Answer ``scipy.signal.fftconvolve``."""
    return _over_axes(in1, in2, mode, axes)


@numpy_function(signal.oaconvolve, kind="rule")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Answer ``scipy.signal.oaconvolve``, by whole transforms."""
    return _over_axes(in1, in2, mode, axes)


_BOUNDARIES = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap"}
_BOUNDARIES |= {"symm": "symmetric", "symmetric": "symmetric"}


def _planar(a: Any, b: Any, mode: str, boundary: str, fill: Any, same: Any) -> Any:
    """Convolve images beyond whose borders there is something; `same` is where mode same starts."""
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError("convolve2d inputs must both be 2-D arrays")
    _check_mode(mode)
    if boundary not in _BOUNDARIES:
        raise ValueError(
            "Acceptable boundary flags are 'fill', 'circular' (or 'wrap'), and 'symmetric' (or 'symm')."
        )
    if _swapped(mode, a.shape, b.shape):
        a, b = b, a
    starts, sizes = window(mode, a.shape, b.shape)
    if mode == "same":
        starts = tuple(same(q) for q in b.shape)
    edge = _BOUNDARIES[boundary]
    if mode == "valid" or (edge == "constant" and not np.any(lane(array_operand(fill)))):
        return convolved(a, b, starts=starts, sizes=sizes, method="direct")
    widths = [(q - 1, q - 1) for q in b.shape]
    options = {"constant_values": fill} if edge == "constant" else {}
    a = pad(a, widths, edge, **options)
    starts = tuple(start + q - 1 for start, q in zip(starts, b.shape, strict=True))
    return convolved(a, b, starts=starts, sizes=sizes, method="direct")


@numpy_function(signal.convolve2d, kind="rule", note="every boundary; the fill value may vary too")
def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """Answer ``scipy.signal.convolve2d``."""
    a, b = array_operand(in1), array_operand(in2)
    return _planar(a, b, mode, boundary, fillvalue, lambda q: (q - 1) // 2)


@numpy_function(signal.correlate2d, kind="rule", note="conjugates the second argument")
def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """Answer ``scipy.signal.correlate2d``."""
    a, b = array_operand(in1), array_operand(in2)
    if b.ndim == 2 and a.ndim == 2 and _swapped(mode, a.shape, b.shape):
        # SciPy exchanges them and turns the result.
        return _reversed(_planar(b, _turned(a), mode, boundary, fillvalue, None), 2)
    return _planar(a, _turned(b), mode, boundary, fillvalue, lambda q: q // 2)


for _function in (signal.choose_conv_method, signal.correlation_lags):
    numpy_function(_function, kind="passes", note="of sizes")(_function)
