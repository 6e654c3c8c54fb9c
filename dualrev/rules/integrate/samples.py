"""Integrals of sampled functions: trapezoid, simpson, romb and the cumulative ones, with respect to values and grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

from dualrev.core.array import dtype_of, value
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.differences import diff

__all__ = ["romberg_weights"]


def _along(axis: int, start: int | None = None, stop: int | None = None, step: int = 1) -> Any:
    return (..., slice(start, stop, step), *(slice(None),) * (-axis - 1))


def _at(axis: int, k: int) -> Any:
    return (..., k, *(slice(None),) * (-axis - 1))


def _floating(y: Any) -> Any:
    """Return samples as an array of floats; integers and booleans become double precision."""
    y = array_operand(y)
    return y if dtype_of(y).kind in "fc" else astype(y, float)


def _on_grid(x: Any, y: Any, axis: int) -> Any:
    """Return the abscissae with as many axes as the samples, or say that they do not fit."""
    x = array_operand(x)
    if x.ndim == 1:
        x = np.reshape(x, (x.shape[0], *(1,) * (-axis - 1)))
    elif x.ndim != y.ndim:
        raise ValueError("If given, shape of x must be 1-D or the same as y.")
    if x.shape[axis] != y.shape[axis]:
        raise ValueError("If given, length of x along axis must be the same as y.")
    return x


@numpy_function(integrate.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Answer ``scipy.integrate.trapezoid``; the abscissae may be traced too."""
    y = array_operand(y)
    axis = negative_axis(axis, y.ndim)
    if x is None:
        d = dx
    else:
        x = array_operand(x)
        if x.ndim == 1:
            d = np.reshape(diff(x), (x.shape[0] - 1, *(1,) * (-axis - 1)))
        else:
            x = np.broadcast_to(x, y.shape)
            d = x[_along(axis, 1)] - x[_along(axis, stop=-1)]
    out = np.sum(d * (y[_along(axis, 1)] + y[_along(axis, stop=-1)]) / 2.0, axis=axis)
    kind = dtype_of(y) if dtype_of(y).kind in "fc" else np.dtype(float)
    return astype(out, kind, copy=False) if dtype_of(out).kind == kind.kind else out


@numpy_function(integrate.cumulative_trapezoid)
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """Answer ``scipy.integrate.cumulative_trapezoid``; the abscissae may be traced too."""
    y = array_operand(y)
    axis = negative_axis(axis, y.ndim)
    if y.shape[axis] == 0:
        raise ValueError("At least one point is required along `axis`.")
    if x is None:
        d = dx
    else:
        x = _on_grid(x, y, axis)
        d = x[_along(axis, 1)] - x[_along(axis, stop=-1)]
    out = np.cumsum(d * (y[_along(axis, 1)] + y[_along(axis, stop=-1)]) / 2.0, axis=axis)
    if initial is not None:
        if value(initial) != 0:
            raise ValueError("`initial` must be `None` or `0`.")
        if not np.isscalar(value(initial)):
            raise ValueError("`initial` parameter should be a scalar.")
        out = np.concatenate([np.zeros_like(out[_along(axis, stop=1)]), out], axis=axis)
        if out.shape[axis] == 0:  # one sample: there was no interval to be like
            shape = list(y.shape)
            out = np.zeros(shape, dtype_of(out))
    return out


def _quotient(a: Any, b: Any) -> Any:
    """Divide with 0 for a zero divisor, as SciPy does where abscissae coincide."""
    some = b != 0
    return np.where(some, a / np.where(some, b, 1.0), 0.0)


def _double(h: Any) -> Any:
    """Return intervals in double precision, in which SciPy computes, whatever it is given."""
    return astype(h, float, copy=False)


def _pairs(y: Any, h: Any, dx: Any, axis: int, stop: int) -> Any:
    """Sum Simpson's rule over pairs of intervals, the first of them starting before sample `stop`."""
    y0, y1, y2 = (y[_along(axis, k, stop + k, 2)] for k in range(3))
    if h is None:
        return np.sum(y0 + 4.0 * y1 + y2, axis=axis) * (dx / 3.0)
    h0, h1 = (_double(h[_along(axis, k, stop + k, 2)]) for k in range(2))
    total, ratio = h0 + h1, _quotient(h0, h1)
    return np.sum(
        total
        / 6.0
        * (
            y0 * (2.0 - _quotient(1.0, ratio))
            + y1 * (total * _quotient(total, h0 * h1))
            + y2 * (2.0 - ratio)
        ),
        axis=axis,
    )


@numpy_function(
    integrate.simpson, note="where abscissae coincide, SciPy's convention, derivative 0"
)
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """Answer ``scipy.integrate.simpson``; the abscissae may be traced too."""
    y = array_operand(y)
    axis = negative_axis(axis, y.ndim)
    n = y.shape[axis]
    h = None
    if x is not None:
        x = _on_grid(x, y, axis)
        h = x[_along(axis, 1)] - x[_along(axis, stop=-1)]
    if n % 2:
        return _pairs(y, h, dx, axis, n - 2)
    last, middle = y[_at(axis, -1)], y[_at(axis, -2)]
    if n == 2:
        step = dx if h is None else h[_at(axis, -1)]
        return 0.5 * step * (last + middle)
    out = _pairs(y, h, dx, axis, n - 3)
    # The last interval, by the parabola through the last three samples (Cartwright 2017, equation 8).
    h0, h1 = (dx, dx) if h is None else (_double(h[_at(axis, k)]) for k in (-2, -1))
    alpha = _quotient(2.0 * h1**2 + 3.0 * h0 * h1, 6.0 * (h1 + h0))
    beta = _quotient(h1**2 + 3.0 * h0 * h1, 6.0 * h0)
    eta = _quotient(h1**3, 6.0 * h0 * (h0 + h1))
    return out + (alpha * last + beta * middle - eta * y[_at(axis, -3)])


def _first_halves(y: Any, h: Any, equal: bool) -> Any:
    """Integrate over the first of each two consecutive intervals, along the last axis (Cartwright, eqs. 8 and 10)."""
    f1, f2, f3 = y[..., :-2], y[..., 1:-1], y[..., 2:]
    a, b = h[..., :-1], h[..., 1:]
    if equal:
        return a / 3 * (5 * f1 / 4 + 2 * f2 - f3 / 4)
    near, far = a / (a + b), a / b
    both = near * far
    return a / 6 * ((3 - near) * f1 + (3 + both + near) * f2 - both * f3)


@numpy_function(integrate.cumulative_simpson)
def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """Answer ``scipy.integrate.cumulative_simpson``; the abscissae may be traced too."""
    y = _floating(y)
    try:
        axis = negative_axis(axis, y.ndim)
    except IndexError as error:
        raise ValueError(f"`axis={axis}` is not valid for `y` with `y.ndim={y.ndim}`.") from error
    one = (*y.shape[:axis], 1, *y.shape[y.ndim + axis + 1 :])
    n = y.shape[axis]
    if n < 3:
        out = np.moveaxis(cumulative_trapezoid(y, x, dx=dx, axis=axis), axis, -1)
    else:
        last = np.moveaxis(y, axis, -1)
        if x is not None:
            x = _floating(x)
            if x.shape != y.shape and not (x.ndim == 1 and x.shape[0] == n):
                raise ValueError(
                    "If given, shape of `x` must be the same as `y` or 1-D with the same length as `y` along `axis`."
                )
            h = diff(x if x.ndim == 1 else np.moveaxis(x, axis, -1))
            if np.any(value(h) <= 0):
                raise ValueError("Input x must be strictly increasing.")
        else:
            h = _one_along(dx, y, one, axis, "dx")
        h = np.broadcast_to(h, (*last.shape[:-1], n - 1))
        first = _first_halves(last, h, x is None)
        second = _first_halves(last[..., ::-1], h[..., ::-1], x is None)[..., ::-1]
        # Even intervals are the first of a pair, odd ones the second; so is the last one, for want of a next.
        k = np.arange(n - 1)
        odd = (k % 2 == 1) | (k == n - 2)
        parts = np.where(
            odd,
            np.take(second, np.maximum(k - 1, 0), axis=-1),
            np.take(first, np.minimum(k, n - 3), axis=-1),
        )
        out = np.cumsum(parts, axis=-1)
    if initial is not None:
        start = _one_along(initial, y, one, axis, "initial")
        out = np.concatenate([np.broadcast_to(start, (*out.shape[:-1], 1)), out + start], axis=-1)
    return np.moveaxis(out, -1, axis)


def _one_along(v: Any, y: Any, one: tuple[int, ...], axis: int, word: str) -> Any:
    """Return a step or a first value as an array whose last axis, the one of integration, has length one."""
    v = _floating(v)
    if v.ndim == 0:
        return np.reshape(v, (1,) * y.ndim)
    if v.shape != one:
        raise ValueError(
            f"If provided, `{word}` must either be a scalar or have the same shape as `y` but with only 1 point "
            "along `axis`."
        )
    return np.moveaxis(v, axis, -1)


def romberg_weights(n: int) -> np.ndarray:
    """Return the weights that Romberg's extrapolation gives to `n` samples at distance 1."""
    return np.asarray(integrate.romb(np.eye(n), axis=-1))


def _romberg(y: Any, *, axis: int) -> Any:
    return integrate.romb(y, axis=axis)


def _romberg_transpose(ct: Any, shape: Any, *, axis: int) -> Any:
    weights = romberg_weights(shape[axis])
    ct = np.reshape(ct, (*shape[:axis], 1, *shape[len(shape) + axis + 1 :]))
    return ct * np.reshape(weights, (-1, *(1,) * (-axis - 1))).astype(dtype_of(ct))


_romb = linear(
    _romberg,
    _romberg_transpose,
    name="integrate.romb",
    on=[
        case((5,), axis=-1),
        case((2, 9), axis=-1),
        case((3, 2), axis=-2),
        case((3, 5, 2), axis=-2),
    ],
    pattern="reduction",
    formula="Σᵢ wᵢ yᵢ, with the weights of Romberg's extrapolation",
)


@numpy_function(integrate.romb, kind="rule", note="show= prints nothing for traced samples")
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: Any = False) -> Any:
    """Answer ``scipy.integrate.romb``."""
    y = _floating(y)
    n = y.shape[axis] - 1
    if n < 1 or n & (n - 1):
        raise ValueError("Number of samples must be one plus a non-negative power of 2.")
    return _romb(y, axis=negative_axis(axis, y.ndim)) * dx


@numpy_function(
    integrate.newton_cotes, kind="unsupported", note="weights of traced positions: not implemented"
)
def newton_cotes(rn: Any, equal: Any = 0) -> Any:
    """Refuse ``scipy.integrate.newton_cotes`` of traced positions."""
    raise UnsupportedError(
        "scipy.integrate.newton_cotes",
        "the weights of a rule are constants of the method",
        "call it on dualrev.value(rn), or solve for the weights with np.linalg.solve on np.vander(rn)",
    )
