"""Statistics: mean, variance, standard deviation, weighted averages, range, covariance.

The derivative of the standard deviation at zero is zero, as it is for every norm.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, constant, general, linear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, spread
from dualrev.rules.contraction import array_operand
from dualrev.rules.norms import across, over_length

__all__ = ["alarm", "mean_", "root", "std_", "var_", "weights_along"]


def _count(shape: tuple[int, ...], axis: tuple[int, ...]) -> int:
    return math.prod(shape[k] for k in axis)


mean_ = linear(
    lambda x, *, axis, keepdims: np.mean(x, axis=axis, keepdims=keepdims),
    lambda ct, shape, *, axis, keepdims: spread(
        ct / max(_count(shape, axis), 1), shape, axis, keepdims
    ),
    on=[
        case((3, 2), axis=(-2, -1), keepdims=False),
        case((3, 2), axis=(-2,), keepdims=False),
        case((2, 3, 2), axis=(-3, -1), keepdims=True),
        case((), axis=(), keepdims=False),
    ],
    name="mean",
    formula="Σ dx / n",
    pattern="reduction",
)


def _centred(x: Any, axis: tuple[int, ...]) -> Any:
    """The conjugated deviations from the mean."""
    d = x - mean_(x, axis=axis, keepdims=True)
    return np.conjugate(d) if dtype_of(x).kind == "c" else d


def _per_freedom(shape: tuple[int, ...], axis: tuple[int, ...], ddof: float) -> float:
    freedom = _count(shape, axis) - ddof
    # NumPy's variance is NaN or infinite without a degree of freedom, and has no derivative.
    return 1 / freedom if freedom > 0 else math.nan


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


_SPREADS = [
    case((3, 2), axis=(-2, -1), keepdims=False, ddof=0),
    case((3, 2), axis=(-2,), keepdims=True, ddof=1),
    case((2, 3, 2), axis=(-3, -1), keepdims=False, ddof=0.5),
    case(_complex(4), axis=(-1,), keepdims=False, ddof=0),
]


@general(
    lambda x, *, axis, keepdims, ddof: np.var(x, axis=axis, keepdims=keepdims, ddof=ddof),
    on=_SPREADS,
    name="var",
    batch=batch_leading,
    analytic=False,
    pattern="reduction",
)
class var_:
    """dy = 2/(n − ddof) Σ Re(conj(xᵢ − x̄) dxᵢ)."""

    def tangent(t: Any, x: Any, shape: Any, *, axis: Any, keepdims: Any, ddof: Any) -> Any:
        total = np.sum(np.real(_centred(x, axis) * t), axis=axis, keepdims=keepdims)
        return total * (2 * _per_freedom(shape, axis, ddof))

    def adjoint(ct: Any, x: Any, shape: Any, *, axis: Any, keepdims: Any, ddof: Any) -> Any:
        ct = np.real(ct) * (2 * _per_freedom(shape, axis, ddof))
        return across(ct, len(shape), axis, keepdims) * _centred(x, axis)


@general(
    lambda x, *, axis, keepdims, ddof: np.std(x, axis=axis, keepdims=keepdims, ddof=ddof),
    on=_SPREADS,
    name="std",
    batch=batch_leading,
    analytic=False,
    kinks="0 at 0",
    pattern="reduction",
)
class std_:
    """dy = Σ Re(conj(xᵢ − x̄) dxᵢ) / ((n − ddof) y), zero where y is zero."""

    def tangent(t: Any, x: Any, y: Any, shape: Any, *, axis: Any, keepdims: Any, ddof: Any) -> Any:
        total = np.sum(np.real(_centred(x, axis) * t), axis=axis, keepdims=keepdims)
        return over_length(total * _per_freedom(shape, axis, ddof), y)

    def adjoint(ct: Any, x: Any, y: Any, shape: Any, *, axis: Any, keepdims: Any, ddof: Any) -> Any:
        ct = over_length(np.real(ct) * _per_freedom(shape, axis, ddof), y)
        return across(ct, len(shape), axis, keepdims) * _centred(x, axis)


# --------------------------------------------------------------------------------------------------
# NumPy's signatures


def _prepare(a: Any, axis: Any, dtype: Any) -> tuple[Any, tuple[int, ...]]:
    x = array_operand(a)
    if dtype is not None:
        x = x.astype(dtype)
    return x, negative_axes(axis, x.ndim)


def _deliver(y: Any, out: Any, name: str) -> Any:
    return y if out is None else write_out(out, y, (), name)


def _alarm(bad: Any, *, message: str) -> Any:
    if np.any(bad):
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    return bad


# Returns its argument, and warns where it holds: also inside vmap, where nothing else can be decided.
(alarm,) = constant(_alarm, batch=batch_leading, answers=False)


def _selected(x: Any, where: Any, axes: tuple[int, ...], keepdims: bool) -> tuple[Any, Any]:
    """Return the sum of the selected entries and their number."""
    chosen = np.broadcast_to(where, x.shape)
    number = np.sum(np.where(chosen, 1, 0), axis=axes, keepdims=keepdims)
    total = np.sum(np.where(chosen, x, 0), axis=axes, keepdims=keepdims)
    return total, number.astype(np.finfo(dtype_of(total)).dtype)


@numpy_function(np.mean, kind="rule")
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    """Answer ``np.mean``."""
    x, axes = _prepare(a, axis, dtype)
    if where is True:
        y = mean_(x, axis=axes, keepdims=bool(keepdims))
    else:
        total, number = _selected(x, where, axes, bool(keepdims))
        alarm(number == 0, message="Mean of empty slice")
        y = total / number
    return _deliver(y, out, "np.mean")


def _variance(
    x: Any, axes: tuple[int, ...], ddof: float, keepdims: bool, where: Any, mean: Any
) -> Any:
    """The variance of selected entries, or about a given mean."""
    total, number = _selected(x, where, axes, True)
    alarm(number <= ddof, message="Degrees of freedom <= 0 for slice")
    d = np.where(where, x - (total / number if mean is None else mean), 0)
    squares = np.real(d * np.conjugate(d)) if dtype_of(d).kind == "c" else d * d
    y = np.sum(squares, axis=axes, keepdims=True) / np.maximum(number - ddof, 0)
    return y if keepdims else np.squeeze(y, axis=axes)


@numpy_function(np.var, kind="rule")
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """Answer ``np.var``."""
    x, axes = _prepare(a, axis, dtype)
    ddof = _one_of(ddof, correction)
    if where is True and mean is None:
        y = var_(x, axis=axes, keepdims=bool(keepdims), ddof=ddof)
    else:
        y = _variance(x, axes, ddof, bool(keepdims), where, mean)
    return _deliver(_as_asked(y, dtype), out, "np.var")


@numpy_function(np.std, kind="rule", note="0 at 0")
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """Answer ``np.std``."""
    x, axes = _prepare(a, axis, dtype)
    ddof = _one_of(ddof, correction)
    y: Any
    if where is True and mean is None:
        y = std_(x, axis=axes, keepdims=bool(keepdims), ddof=ddof)
    else:
        y = root(_variance(x, axes, ddof, bool(keepdims), where, mean))
    return _deliver(_as_asked(y, dtype), out, "np.std")


def _as_asked(y: Any, dtype: Any) -> Any:
    """A complex dtype is that of the result, too, which has no imaginary part."""
    return y if dtype is None or np.dtype(dtype).kind != "c" else y.astype(dtype)


def root(v: Any) -> Any:
    """The square root, with the derivative zero at zero."""
    zero = v == 0
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, v)))


def _one_of(ddof: Any, correction: Any) -> Any:
    if correction is None:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return correction


def weights_along(x: Any, weights: Any, axis: Any, axes: tuple[int, ...]) -> Any:
    """Return weights in a shape that broadcasts against `x`, as NumPy understands them."""
    w = array_operand(weights)
    if w.shape == x.shape:
        return w
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if w.shape != tuple(x.shape[k] for k in axes):
        raise ValueError(
            "Shape of weights must be consistent with shape of a along specified axis."
        )
    w = np.transpose(w, sorted(range(len(axes)), key=axes.__getitem__))
    return np.reshape(w, tuple(x.shape[k] if k in axes else 1 for k in range(-x.ndim, 0)))


@numpy_function(np.average, note="the weights may be traced too")
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """Answer ``np.average``; the weights may be traced too."""
    x, axes = _prepare(a, axis, None)
    if weights is None:
        y = mean_(x, axis=axes, keepdims=bool(keepdims))
        if not returned:
            return y
        return y, np.full(y.shape, _count(x.shape, axes), dtype_of(y))[()]
    w = weights_along(x, weights, axis, axes)
    # NumPy adds the weights in the dtype of the result.
    dtype = np.result_type(dtype_of(x), dtype_of(w), *(["f8"] if dtype_of(x).kind in "biu" else []))
    total = np.sum(np.broadcast_to(w, x.shape), axis=axes, dtype=dtype, keepdims=bool(keepdims))
    if np.any(value(total) == 0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    y = np.sum(x * w, axis=axes, keepdims=bool(keepdims)) / total
    return (y, total) if returned else y


@numpy_function(np.ptp, note="ties share equally")
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Answer ``np.ptp``, maximum minus minimum."""
    y = np.max(a, axis=axis, keepdims=bool(keepdims)) - np.min(
        a, axis=axis, keepdims=bool(keepdims)
    )
    return _deliver(y, out, "np.ptp")


def _observations(m: Any, rowvar: bool, dtype: Any) -> Any:
    """Return variables in rows, as NumPy reads them."""
    x = (
        (m if m.dtype == dtype else m.astype(dtype))
        if m.ndim
        else np.reshape(m, (1,)).astype(dtype)
    )
    if x.ndim < 2:
        return np.reshape(x, (1, x.size))
    return x if rowvar else x.T


def _sample_weights(weights: Any, samples: int, name: str) -> Any:
    w = array_operand(weights).astype(float)
    if name == "fweights" and not np.all(value(w) == np.around(value(w))):
        raise TypeError("fweights must be integer")
    if w.ndim > 1:
        raise RuntimeError(f"cannot handle multidimensional {name}")
    if w.shape[0] != samples:
        raise RuntimeError(f"incompatible numbers of samples and {name}")
    if np.any(value(w) < 0):
        raise ValueError(f"{name} cannot be negative")
    return w


@numpy_function(np.cov, note="the weights may be traced too")
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """Answer ``np.cov``."""
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    given = {"m": array_operand(m)} | ({} if y is None else {"y": array_operand(y)})
    for name, operand in given.items():
        if operand.ndim > 2:
            raise ValueError(f"{name} has more than 2 dimensions")
    if dtype is None:
        dtype = np.result_type(*map(dtype_of, given.values()), np.float64)
    x = _observations(given["m"], rowvar, dtype)
    if x.shape[0] == 0:
        return np.zeros((0, 0))
    if y is not None:
        other = given["y"]
        rows = rowvar or other.ndim < 2 or other.shape[0] == 1
        x = np.concatenate([x, _observations(other, rows, dtype)], axis=0)
    freedom = (0 if bias else 1) if ddof is None else ddof
    number = x.shape[1]
    fw, aw = (
        None if w is None else _sample_weights(w, number, name)
        for w, name in ((fweights, "fweights"), (aweights, "aweights"))
    )
    w = aw if fw is None else fw if aw is None else fw * aw
    if w is None:
        mean, scale = np.mean(x, axis=1, keepdims=True), np.float64(number - freedom)
    else:
        mean, total = np.average(x, axis=1, weights=w, returned=True, keepdims=True)
        total = np.real(total[0, 0])
        lost = freedom if aw is None else freedom * np.sum(w * aw) / total
        scale = total if freedom == 0 else total - lost
    none = alarm(scale <= 0, message="Degrees of freedom <= 0 for slice")
    d = x - mean
    dt = (d if w is None else d * w).T
    factor = np.true_divide(1, np.where(none, 0.0, scale)).astype(dtype_of(np.real(d)))
    return np.squeeze(np.matmul(d, np.conjugate(dt)) * factor)


@numpy_function(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Answer ``np.corrcoef``."""
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    c = c / deviation[:, None] / deviation[None, :]
    if dtype_of(c).kind != "c":
        return np.clip(c, -1, 1)
    return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1)
