"""Recursive filters: lfilter, sosfilt, filtfilt, sosfiltfilt, and the initial states that go with them.

A filter with numerator b and denominator a is a convolution with b, followed by the recursion of 1/a. The recursion
is the primitive; its transpose runs backwards in time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from dualrev.core.array import dtype_of, value
from dualrev.core.batching import batch_elementwise
from dualrev.core.dependence import running
from dualrev.core.domains import Domain, case
from dualrev.core.flavours import general
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.convolution import convolution
from dualrev.rules.creation import astype
from dualrev.rules.shaping import lane

__all__ = ["filtered", "flip", "promoted", "steady_state"]


def flip(x: Any) -> Any:
    """Reverse the last axis."""
    return x[..., ::-1]


def _recursion(a: Any, b: Any) -> Any:
    dtype = np.result_type(a, b)
    a = np.concatenate([np.ones((*a.shape[:-1], 1)), a], axis=-1).astype(dtype)
    b = b.astype(dtype, copy=False)
    one = np.ones(1, dtype)
    if a.size == a.shape[-1]:
        shape = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
        b = np.broadcast_to(b, (*shape, b.shape[-1]))
        return signal.lfilter(one, a.reshape(-1), b) if b.size else b.copy()
    shape = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    a, b = (np.broadcast_to(v, (*shape, v.shape[-1])) for v in (a, b))
    y = np.empty(b.shape, dtype)
    for k in np.ndindex(shape):
        y[k] = signal.lfilter(one, a[k], b[k])
    return y


def _lagged(a: Any, y: Any) -> Any:
    """Return the sums of a_k y_{n-k} for k = 1, 2, ..."""
    return convolution(y, a, start=-1, size=y.shape[-1])


def _dependence(primals: Any, y: Any) -> Any:
    a, b = primals
    if a.size != a.shape[-1] or b.shape != y.shape:
        return "...a,...b->...c"
    # Coefficient k is met first k steps after the start.
    late = np.arange(1, a.size + 1).reshape(-1, *[1] * y.ndim) <= np.arange(y.shape[-1])
    lags = np.arange(1, a.size + 1).reshape(-1, *[1] * y.ndim)
    return np.where(late, lags, 0) * np.ones(y.shape, int), running(y.shape, -1)


_stable = Domain("small coefficients", lambda rng, shape: rng.uniform(-0.4, 0.4, shape))


@general(
    _recursion,
    arguments=("a", "b"),
    on=[
        case(_stable(2), (5,)),
        case(_stable(3), (2, 4)),
        case(_stable(1), (3,)),
        case(_stable(2, 1, 2), (3, 4)),
        case(_stable(4), (2,)),
    ],
    name="recursion",
    pattern=_dependence,
    batch=batch_elementwise,
    broadcasts=True,
)
class recursion:
    """yₙ = bₙ − Σ a_k yₙ₋ₖ;  dy solves the recursion of db − Σ da_k yₙ₋ₖ, the adjoint runs backwards in time."""

    def tangent_a(t: Any, a: Any, y: Any) -> Any:
        return -recursion(a, _lagged(t, y))

    def tangent_b(t: Any, a: Any) -> Any:
        return recursion(a, t)

    def adjoint_a(ct: Any, a: Any, y: Any) -> Any:
        back = recursion(a, flip(ct))
        return -convolution(back, y, start=y.shape[-1] - 1 - a.shape[-1], size=a.shape[-1])[
            ..., ::-1
        ]

    def adjoint_b(ct: Any, a: Any) -> Any:
        return flip(recursion(a, flip(ct)))


def promoted(*arrays: Any) -> Any:
    """Return operands in their common dtype, which is inexact."""
    found = [array_operand(v) for v in arrays if v is not None]
    dtype = np.result_type(*(dtype_of(v) for v in found))
    if dtype.kind not in "fc":
        dtype = np.dtype(float)
    if dtype.char not in "fdFD":
        raise NotImplementedError(f"input type '{dtype}' not supported")
    rest = iter(astype(v, dtype, copy=False) for v in found)
    return tuple(None if v is None else next(rest) for v in arrays)


def _end(x: Any, count: int) -> Any:
    """Put zeros behind the last axis."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, count)]) if count else x


def filtered(b: Any, a: Any, x: Any, zi: Any = None) -> Any:
    """Filter along the last axis; with an initial state, return also the final one."""
    b, a = b / a[0], a / a[0]
    n, order = x.shape[-1], max(a.shape[0], b.shape[0]) - 1
    full = convolution(x, b, start=0, size=n + order)
    if zi is not None:
        full = full + (_end(zi, n) if n else zi)
    y = full[..., :n]
    if a.shape[0] > 1:
        y = recursion(a[1:], y)
    if zi is None:
        return y
    fed_back = convolution(y, a, start=0, size=n + order)
    return y, (full - fed_back)[..., n:]


def _coefficients(name: str, v: Any) -> Any:
    v = np.atleast_1d(v)
    if v.ndim != 1 or v.size == 0:
        raise ValueError(
            f"Parameter {name} is not a non-empty 1d array, since {name}.shape={v.shape}!"
        )
    return v


@numpy_function(signal.lfilter, note="in x, b, a and zi")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Answer ``scipy.signal.lfilter``."""
    b, a, x, zi = promoted(b, a, x, zi)
    b, a = _coefficients("b", b), _coefficients("a", a)
    if x.ndim == 0:
        raise ValueError("x must be at least 1-D")
    if a.shape[0] > 1 and np.any(value(a)[..., 0] == 0):
        raise ValueError("filter coefficient a[0] == 0 not supported")
    x = np.moveaxis(x, axis, -1)
    if zi is None:
        return np.moveaxis(filtered(b, a, x), -1, axis)
    order = max(a.shape[0], b.shape[0]) - 1
    if zi.ndim != x.ndim:
        raise ValueError(
            f"Dimensions of parameters x and zi must match, but {x.ndim=}, {zi.ndim=}!"
        )
    zi = np.moveaxis(zi, axis, -1)
    want = (*x.shape[:-1], order)
    if any(p not in (1, q) for p, q in zip(zi.shape[:-1], want[:-1], strict=True)) or (
        zi.shape[-1] != order
    ):
        raise ValueError(f"Unexpected shape for parameter zi: expected {want}, found {zi.shape}.")
    y, zf = filtered(b, a, x, np.broadcast_to(zi, want))
    return np.moveaxis(y, -1, axis), np.moveaxis(zf, -1, axis)


@numpy_function(signal.lfiltic, note="in b, a, y and x")
def lfiltic(b: Any, a: Any, y: Any, x: Any = None) -> Any:
    """Answer ``scipy.signal.lfiltic``."""
    b, a, y, x = promoted(b, a, y, x)
    b, a, y = np.atleast_1d(b), np.atleast_1d(a), np.atleast_1d(y)
    for v, name in ((a, "a"), (b, "b")):
        if v.ndim > 1:
            raise ValueError(f"Filter coefficients `{name}` must be 1-D.")
    n, m = a.shape[0] - 1, b.shape[0] - 1
    order = max(m, n)
    y = _end(y[:n], n - min(n, y.shape[0]))
    zi = -_end(convolution(flip(y), a, start=n, size=n) if n else y, order - n)
    if x is not None and m:
        x = np.atleast_1d(x)
        x = _end(x[:m], m - min(m, x.shape[0]))
        zi = zi + _end(convolution(flip(x), b, start=m, size=m), order - m)
    return zi / a[0]


@numpy_function(signal.lfilter_zi, note="in b and a")
def lfilter_zi(b: Any, a: Any) -> Any:
    """Answer ``scipy.signal.lfilter_zi``."""
    b, a = promoted(b, a)
    b, a = np.atleast_1d(b), np.atleast_1d(a)
    if b.ndim != 1:
        raise ValueError("Numerator b must be 1-D.")
    if a.ndim != 1:
        raise ValueError("Denominator a must be 1-D.")
    while a.shape[0] > 1 and lane(a)[0] == 0.0:
        a = a[1:]
    if a.size < 1:
        raise ValueError("There must be at least one nonzero `a` coefficient.")
    return steady_state(b, a)


def steady_state(b: Any, a: Any) -> Any:
    """Return the state of a filter after a long run of ones: partial sums of the equation of its steady state."""
    b, a = b / a[0], a / a[0]
    n = max(a.shape[0], b.shape[0])
    a, b = _end(a, n - a.shape[0]), _end(b, n - b.shape[0])
    rest = b - a * (np.sum(b) / np.sum(a))
    return flip(np.cumsum(flip(rest[1:])))


@numpy_function(signal.sosfilt_zi, note="in sos")
def sosfilt_zi(sos: Any) -> Any:
    """Answer ``scipy.signal.sosfilt_zi``."""
    (sos,) = promoted(sos)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos must be shape (n_sections, 6)")
    states: list[Any] = []
    scale: Any = 1.0
    for k in range(sos.shape[0]):
        b, a = sos[k, :3], sos[k, 3:]
        states.append(scale * steady_state(b, a))
        scale = scale * (np.sum(b) / np.sum(a))
    return np.stack(states)


def _sections(sos: Any) -> Any:
    sos = np.atleast_2d(sos)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    if not np.all(value(sos[:, 3]) == 1):
        raise ValueError("sos[:, 3] should be all ones")
    return sos


def _cascade(sos: Any, x: Any, zi: Any = None) -> Any:
    """Filter along the last axis by one section after the other; states have shape (sections, ..., 2)."""
    states = []
    for k in range(sos.shape[0]):
        b, a = sos[k, :3], sos[k, 3:]
        if zi is None:
            x = filtered(b, a, x)
        else:
            x, zf = filtered(b, a, x, zi[k])
            states.append(zf)
    return x if zi is None else (x, np.stack(states))


@numpy_function(signal.sosfilt, note="in x, sos and zi; the leading denominators are 1")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Answer ``scipy.signal.sosfilt``."""
    sos, x, zi = promoted(sos, x, zi)
    sos = _sections(sos)
    if x.ndim == 0:
        raise ValueError("x must be at least 1-D")
    axis = axis % x.ndim
    x = np.moveaxis(x, axis, -1)
    if zi is None:
        return np.moveaxis(_cascade(sos, x), -1, axis)
    want = (sos.shape[0], *x.shape[:-1], 2)
    zi = np.moveaxis(zi, axis + 1, -1) if zi.ndim == len(want) else zi
    if zi.shape != want:
        raise ValueError(f"Invalid zi shape: must be {want} with the axis last, got {zi.shape}.")
    y, zf = _cascade(sos, x, zi)
    return np.moveaxis(y, -1, axis), np.moveaxis(zf, -1, axis + 1)


def _extended(x: Any, padtype: Any, padlen: Any, taps: int) -> tuple[int, Any]:
    """Return the width of the padding at either end of the last axis, and the padded signal."""
    if padtype not in ("even", "odd", "constant", None):
        raise ValueError(
            f"Unknown value '{padtype}' given to padtype. padtype must be 'even', 'odd', 'constant', or None."
        )
    edge = 0 if padtype is None else taps * 3 if padlen is None else padlen
    if x.shape[-1] <= edge:
        raise ValueError(
            f"The length of the input vector x must be greater than padlen, which is {edge}."
        )
    if padtype is None or edge == 0:
        return edge, x
    if padtype == "constant":
        shape = (*x.shape[:-1], edge)
        before, after = (np.broadcast_to(v, shape) for v in (x[..., :1], x[..., -1:]))
    else:
        n = x.shape[-1]
        before, after = flip(x[..., 1 : edge + 1]), flip(x[..., n - edge - 1 : n - 1])
        if padtype == "odd":
            before, after = 2 * x[..., :1] - before, 2 * x[..., -1:] - after
    return edge, np.concatenate([before, x, after], axis=-1)


@numpy_function(signal.filtfilt, note="in x, b and a; not by Gustafsson's method")
def filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: Any = "odd",
    padlen: Any = None,
    method: str = "pad",
    irlen: Any = None,
) -> Any:
    """Answer ``scipy.signal.filtfilt``."""
    if method not in ("pad", "gust"):
        raise ValueError("method must be 'pad' or 'gust'.")
    if method == "gust":
        raise UnsupportedError(
            "scipy.signal.filtfilt with method='gust'",
            "SciPy finds the initial states of least disagreement in plain numbers",
            "method='pad'",
        )
    b, a, x = promoted(b, a, x)
    b, a = np.atleast_1d(b), np.atleast_1d(a)
    x = np.moveaxis(x, axis, -1)
    edge, x = _extended(x, padtype, padlen, max(len(a), len(b)))
    zi = steady_state(b, a)
    y, _ = filtered(b, a, x, zi * x[..., :1])
    y, _ = filtered(b, a, flip(y), zi * y[..., -1:])
    y = flip(y)
    return np.moveaxis(y[..., edge : y.shape[-1] - edge] if edge else y, -1, axis)


@numpy_function(signal.sosfiltfilt, note="in x and sos")
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    """Answer ``scipy.signal.sosfiltfilt``."""
    sos, x = promoted(sos, x)
    sos = _sections(sos)
    taps = 2 * sos.shape[0] + 1
    plain = lane(sos)
    taps -= min(int(np.sum(plain[:, 2] == 0)), int(np.sum(plain[:, 5] == 0)))
    x = np.moveaxis(x, axis, -1)
    edge, x = _extended(x, padtype, padlen, taps)
    zi = np.reshape(sosfilt_zi(sos), (sos.shape[0], *(1,) * (x.ndim - 1), 2))
    y, _ = _cascade(sos, x, zi * x[..., :1])
    y, _ = _cascade(sos, flip(y), zi * y[..., -1:])
    y = flip(y)
    return np.moveaxis(y[..., edge : y.shape[-1] - edge] if edge else y, -1, axis)


@numpy_function(signal.deconvolve, note="in both")
def deconvolve(signal: Any, divisor: Any) -> Any:
    """Answer ``scipy.signal.deconvolve``."""
    num, den = promoted(signal, divisor)
    num, den = np.atleast_1d(num), np.atleast_1d(den)
    for v, name in ((num, "signal"), (den, "divisor")):
        if v.ndim != 1 or v.size == 0:
            raise ValueError(
                f"Parameter {name} must be non-empty 1d array, but its shape is {v.shape}!"
            )
    n, m = num.shape[0], den.shape[0]
    if m > n:
        return [], num
    num = astype(num, np.result_type(dtype_of(num), float), copy=False)
    quotient = num[: n - m + 1] / den[0]
    if m > 1:
        quotient = recursion(den[1:] / den[0], quotient)
    return quotient, num - convolution(den, quotient, start=0, size=n)
