"""Convolution and correlation of vectors: np.convolve, np.correlate.

Both adjoints of a convolution are convolutions again, of which another window is wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.bind import operand
from dualrev.core.dependence import places, windows
from dualrev.core.domains import case
from dualrev.core.flavours import bilinear
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import lift
from dualrev.rules.contraction import array_operand

__all__ = ["batch_aligned", "convolution"]

_MODES = {"valid": "valid", "same": "same", "full": "full", 0: "valid", 1: "same", 2: "full"}


def _window(mode: str, n: int, m: int) -> tuple[int, int]:
    """Return start and size of what a mode of NumPy keeps of the full convolution."""
    short, long = sorted((n, m))
    if mode == "full":
        return 0, n + m - 1
    if mode == "same":
        return (short - 1) // 2, long
    return short - 1, long - short + 1


def _of_stacks(a: Any, b: Any) -> Any:
    """Convolve along the last axis, over the other axes of two plain arrays that broadcast."""
    n, m = a.shape[-1], b.shape[-1]
    if m > n:
        a, b, n, m = b, a, m, n
    stack = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    y = np.zeros((*stack, n + m - 1), np.result_type(a, b))
    if np.prod(stack, dtype=int) > m:
        for k in range(m):
            y[..., k : k + n] += a * b[..., k : k + 1]
    else:
        a, b = np.broadcast_to(a, (*stack, n)), np.broadcast_to(b, (*stack, m))
        for lane in np.ndindex(*stack):
            y[lane] = np.convolve(a[lane], b[lane])
    return y


def _convolve(a: Any, b: Any, *, start: int, size: int) -> Any:
    n, m = a.shape[-1], b.shape[-1]
    if a.ndim == b.ndim == 1:
        for mode in ("full", "valid", "same"):
            if (start, size) == _window(mode, n, m):
                return np.convolve(a, b, mode)
        full = np.convolve(a, b)
    else:
        full = _of_stacks(a, b)
    stop = start + size
    y = full[..., max(start, 0) : max(stop, 0)]
    missing = max(-start, 0), max(stop - max(n + m - 1, start), 0)
    return np.pad(y, [(0, 0)] * (y.ndim - 1) + [missing]) if any(missing) else y


def _flip(x: Any) -> Any:
    return x[..., ::-1]


def _dependence(primals: Any, y: Any, *, start: int, size: int) -> Any:
    a, b = primals
    return (
        lambda: windows(a.shape, b, (start,), y.shape),
        lambda: windows(b.shape, a, (start,), y.shape),
    )


def _window_left(ct: Any, b: Any, shape: tuple[int, ...], *, start: int, size: int) -> Any:
    return convolution(ct, _flip(b), start=b.shape[-1] - 1 - start, size=shape[-1])


def _window_right(ct: Any, a: Any, shape: tuple[int, ...], *, start: int, size: int) -> Any:
    return _window_left(ct, a, shape, start=start, size=size)


def batch_aligned(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    """Evaluate all lanes at once, each operand with as many axes behind its lanes."""
    ndim = max(v.ndim - lane for v, lane in zip(arrays, lanes, strict=True))
    arrays = tuple(lift(v, ndim) if lane else v for v, lane in zip(arrays, lanes, strict=True))
    return primitive.call(*arrays, **params)


convolution = bilinear(
    _convolve,
    _window_left,
    _window_right,
    on=[
        case((4,), (3,), start=0, size=6),
        case((2,), (5,), start=0, size=6),
        case((5,), (3,), start=1, size=5),
        case((4,), (2,), start=1, size=3),
        case((3,), (3,), start=2, size=1),
        case((3,), (4,), start=-1, size=9),
        case((3,), (2,), start=1, size=2),
        case((2, 1, 3), (3, 2), start=1, size=3),
    ],
    name="convolution",
    batch=batch_aligned,
    broadcasts=True,
    formula="yₖ = Σᵢ aᵢ bₖ₋ᵢ for k of a window; both adjoints convolve with the other operand reversed",
    pattern=_dependence,
)


def _correlate(a: Any, b: Any, *, mode: str) -> Any:
    if a.ndim == b.ndim == 1:
        # NumPy conjugates its second argument.
        return np.correlate(a, b.conj(), mode)
    start, size = _correlation_window(mode, a.shape[-1], b.shape[-1])
    return _convolve(a, _flip(b), start=start, size=size)


def _correlation_window(mode: str, n: int, m: int) -> tuple[int, int]:
    """As `_window`; NumPy reverses the result if the second operand is the longer one."""
    start, size = _window(mode, n, m)
    return (start if n >= m else n + m - 1 - start - size), size


def _correlation_left(ct: Any, b: Any, shape: tuple[int, ...], *, mode: str) -> Any:
    start, _ = _correlation_window(mode, shape[-1], b.shape[-1])
    return convolution(ct, b, start=b.shape[-1] - 1 - start, size=shape[-1])


def _correlation_right(ct: Any, a: Any, shape: tuple[int, ...], *, mode: str) -> Any:
    start, _ = _correlation_window(mode, a.shape[-1], shape[-1])
    return _flip(convolution(ct, _flip(a), start=a.shape[-1] - 1 - start, size=shape[-1]))


def _correlation_dependence(primals: Any, y: Any, *, mode: str) -> Any:
    a, b = primals
    start, _ = _correlation_window(mode, a.shape[-1], b.shape[-1])
    # Position by position of what was reversed.
    reversed_places = np.append(0, _flip(places(b.shape)))
    return (
        lambda: windows(a.shape, _flip(b), (start,), y.shape),
        lambda: reversed_places[windows(b.shape, a, (start,), y.shape)],
    )


correlation = bilinear(
    _correlate,
    _correlation_left,
    _correlation_right,
    on=[
        case((4,), (3,), mode="full"),
        case((2,), (5,), mode="full"),
        case((5,), (3,), mode="same"),
        case((5,), (4,), mode="same"),
        case((2,), (5,), mode="same"),
        case((4,), (2,), mode="valid"),
        case((2,), (4,), mode="valid"),
        case((2, 1, 3), (3, 2), mode="same"),
    ],
    name="correlation",
    batch=batch_aligned,
    broadcasts=True,
    formula="a convolved with b reversed; the adjoints are windows of convolutions",
    pattern=_correlation_dependence,
)


def _operands(a: Any, v: Any, mode: Any) -> tuple[Any, Any, str]:
    """Return two vectors and a mode, with NumPy's errors."""
    a, v = array_operand(a), array_operand(v)
    for x in (a, v):
        if x.ndim != 1:
            depth = "too deep" if x.ndim else "of too small depth"
            raise ValueError(f"object {depth} for desired array")
    try:
        mode = _MODES[mode]
    except (KeyError, TypeError):
        np.convolve([1.0], [1.0], mode)
        raise
    return a, v, mode


@numpy_function(np.convolve, kind="rule")
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """Answer ``np.convolve``."""
    a, v, mode = _operands(*(np.atleast_1d(operand(x)) for x in (a, v)), mode)
    for x, name in ((a, "a"), (v, "v")):
        if x.shape[0] == 0:
            raise ValueError(f"{name} cannot be empty")
    start, size = _window(mode, a.shape[0], v.shape[0])
    return convolution(a, v, start=start, size=size)


@numpy_function(np.correlate, kind="rule", note="conjugates the second argument")
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """Answer ``np.correlate``."""
    a, v, mode = _operands(a, v, mode)
    for x, name in ((a, "first"), (v, "second")):
        if x.shape[0] == 0:
            raise ValueError(f"{name} array argument cannot be empty")
    return correlation(a, np.conjugate(v) if dtype_of(v).kind == "c" else v, mode=mode)
