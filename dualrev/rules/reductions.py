"""Reductions and running totals: sum, prod, max, min, cumsum, cumprod. Axes are tuples counted from the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case, nonzero, reals, spaced
from dualrev.core.flavours import general, linear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import Primitive, function_name, numpy_function
from dualrev.core.protocols import ufunc_method
from dualrev.core.shapes import negative_axes, negative_axis, spread

__all__ = ["fmax_reduce", "fmin_reduce", "recurrence", "shifted", "sum_"]


def _total(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    # The ufunc method skips two Python layers of np.sum.
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def _batch_axes(primitive: Primitive, lanes: Any, arrays: Any, params: dict[str, Any]) -> Any:
    """Reductions over no axis at all are of scalars: nothing is reduced in the lanes either."""
    return primitive.call(arrays[0], **params)


sum_ = linear(
    _total,
    lambda ct, shape, *, axis, keepdims: spread(ct, shape, axis, keepdims),
    on=[
        case((3, 2), axis=(-2, -1), keepdims=False),
        case((3, 2), axis=(-2,), keepdims=False),
        case((2, 3, 2), axis=(-3, -1), keepdims=True),
        case((4,), axis=(-1,), keepdims=False),
        case((0, 2), axis=(-2,), keepdims=False),
        case((), axis=(), keepdims=False),
    ],
    name="sum",
    formula="Σ dx",
    pattern="reduction",
)


def _others(x: Any, axis: tuple[int, ...]) -> Any:
    """The product of all other entries along the axes: right also where entries are zero."""
    if not axis or x.size == 0:
        return np.ones(np.shape(x))
    ndim = np.ndim(x)
    last = tuple(range(-len(axis), 0))
    moved = np.moveaxis(x, axis, last)
    flat = np.reshape(moved, (*moved.shape[: ndim - len(axis)], -1))
    one = np.ones((*flat.shape[:-1], 1))
    before = np.concatenate([one, np.cumprod(flat, axis=-1)[..., :-1]], axis=-1)
    after = np.concatenate([one, np.cumprod(np.flip(flat, -1), axis=-1)[..., :-1]], axis=-1)
    return np.moveaxis(np.reshape(before * np.flip(after, -1), moved.shape), last, axis)


@general(
    lambda x, *, axis, keepdims: np.multiply.reduce(x, axis=axis, keepdims=keepdims),
    on=[
        case((3, 2), axis=(-2, -1), keepdims=False),
        case((2, 3), axis=(-1,), keepdims=True),
        case((2, 2, 3), axis=(-3, -1), keepdims=False),
        case(lambda rng: np.array([1.5, 0.0, -0.7]), axis=(-1,), keepdims=False),
        case(lambda rng: np.array([1.5, 0.0, 0.0, 2.0]), axis=(-1,), keepdims=False),
    ],
    name="prod",
    batch=_batch_axes,
    pattern="reduction",
)
class prod:
    """dy = Σᵢ dxᵢ Π_{j≠i} xⱼ, without division, so zeros are no exception."""

    def tangent(t: Any, x: Any, *, axis: Any, keepdims: Any) -> Any:
        return np.sum(t * _others(x, axis), axis=axis, keepdims=keepdims)

    def adjoint(ct: Any, x: Any, shape: Any, *, axis: Any, keepdims: Any) -> Any:
        return spread(ct, shape, axis, keepdims) * _others(x, axis)


def _extreme(ufunc: np.ufunc, name: str, unattained: float, kinks: str) -> Primitive:
    """Declare ``ufunc.reduce``; `unattained` is the derivative where no entry equals the result, which is NaN then."""

    def share(x: Any, y: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
        hit = x == (y if keepdims or not axis else np.expand_dims(y, axis))
        count = np.sum(hit, axis=axis, keepdims=True) if axis else hit
        return np.where(count == 0, unattained, hit / np.maximum(count, 1))

    class rules:
        """dy = the mean of dx over the entries that attain the extreme."""

        def tangent(t: Any, x: Any, y: Any, *, axis: Any, keepdims: Any) -> Any:
            return np.sum(t * share(x, y, axis, keepdims), axis=axis, keepdims=keepdims)

        def adjoint(ct: Any, x: Any, y: Any, shape: Any, *, axis: Any, keepdims: Any) -> Any:
            return spread(ct, shape, axis, keepdims) * share(x, y, axis, keepdims)

    return general(
        lambda x, *, axis, keepdims: ufunc.reduce(x, axis=axis, keepdims=keepdims),
        on=[
            case(spaced(3, 2), axis=(-2, -1), keepdims=False),
            case(spaced(2, 3), axis=(-1,), keepdims=True),
            case(spaced(2, 2, 3), axis=(-3, -1), keepdims=False),
        ],
        name=name,
        batch=_batch_axes,
        kinks=kinks,
        analytic=False,
        pattern="reduction",
    )(rules)


_SHARE = "ties share equally"
max_, min_ = (
    _extreme(ufunc, name, np.nan, f"{_SHARE}; NaN where the result is NaN")
    for ufunc, name in ((np.maximum, "max"), (np.minimum, "min"))
)
fmax_, fmin_ = (
    _extreme(ufunc, f"{ufunc.__name__}_reduce", 0.0, f"{_SHARE}; 0 for NaN entries")
    for ufunc in (np.fmax, np.fmin)
)


def _reverse_cumsum(ct: Any, *, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(ct, axis), axis=axis), axis)


cumsum_ = linear(
    lambda x, *, axis: np.add.accumulate(x, axis=axis),
    _reverse_cumsum,
    on=[case((4,), axis=-1), case((2, 3), axis=-2), case((0,), axis=-1)],
    name="cumsum",
    formula="running sum of dx",
    pattern="running",
)


def recurrence(a: Any, b: Any) -> Any:
    """Solve s_i = a_i s_{i-1} + b_i along the last axis by doubling, in log₂ n vectorised steps."""
    size, step = b.shape[-1], 1
    while step < size:
        pad = [(0, 0)] * (np.ndim(b) - 1) + [(step, 0)]
        b = b + a * np.pad(b[..., :-step], pad)
        pad = [(0, 0)] * (np.ndim(a) - 1) + [(step, 0)]
        a = a * np.pad(a[..., :-step], pad)
        step *= 2
    return b


def shifted(x: Any, first: float) -> Any:
    """x_{i-1} along the last axis, with `first` in front."""
    return np.concatenate([np.full((*x.shape[:-1], 1), first), x[..., :-1]], axis=-1)


@general(
    lambda x, *, axis: np.multiply.accumulate(x, axis=axis),
    on=[
        case(nonzero(4), axis=-1),
        case(reals(3, 2), axis=-2),
        case(lambda rng: np.array([1.5, 0.0, -0.7, 0.0, 2.0]), axis=-1),
    ],
    name="cumprod",
    batch=_batch_axes,
    pattern="running",
)
class cumprod_:
    """dyᵢ = xᵢ dyᵢ₋₁ + yᵢ₋₁ dxᵢ, a linear recurrence: no division, so zeros are no exception."""

    def tangent(t: Any, x: Any, y: Any, *, axis: Any) -> Any:
        t, x, y = (np.moveaxis(v, axis, -1) for v in (t, x, y))
        return np.moveaxis(recurrence(x, t * shifted(y, 1.0)), -1, axis)

    def adjoint(ct: Any, x: Any, y: Any, *, axis: Any) -> Any:
        # r_j = ct_j + x_{j+1} r_{j+1}, and the cotangent of x_j is y_{j-1} r_j.
        ct, x, y = (np.moveaxis(v, axis, -1) for v in (ct, x, y))
        r = np.flip(recurrence(shifted(np.flip(x, -1), 0.0), np.flip(ct, -1)), -1)
        return np.moveaxis(r * shifted(y, 1.0), -1, axis)


# ---------------------------------------------------------------------------------------------------------------------
# NumPy's signatures


def _given(option: Any) -> bool:
    return option is not None and option is not np._NoValue


def _kept(keepdims: Any) -> bool:
    return bool(_given(keepdims) and keepdims)


def _prepare(
    a: Any, axis: Any, dtype: Any, where: Any, neutral: float
) -> tuple[Any, tuple[int, ...]]:
    x = operand(a)
    if dtype is not None:
        x = x.astype(dtype) if np.ndim(x) or hasattr(x, "level") else np.dtype(dtype).type(x)
    elif dtype_of(x).kind == "b":
        x = x.astype(int)
    if where is not True:
        x = np.where(where, x, neutral)
    return x, negative_axes(axis, np.ndim(x))


def _deliver(y: Any, out: Any, name: str) -> Any:
    if out is None or (isinstance(out, tuple) and out == (None,)):
        return y
    return write_out(out[0] if isinstance(out, tuple) else out, y, (), name)


def _answer_method(ufunc: np.ufunc, method: str, function: Any) -> None:
    """Answer ``ufunc.reduce`` or ``ufunc.accumulate`` by the function of the same meaning; their axis defaults to 0."""

    def answer(a: Any, axis: Any = 0, **options: Any) -> Any:
        return function(a, axis=axis, **options)

    ufunc_method(ufunc, method)(answer)


@numpy_function(np.sum, kind="rule")
def summed(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    if dtype is None and out is None and initial is None and where is True and hasattr(a, "level"):
        kind = dtype_of(a).kind
        if kind != "b":
            return sum_.call(a, axis=negative_axes(axis, a.ndim), keepdims=bool(keepdims))
    x, axes = _prepare(a, axis, dtype, where, 0.0)
    y = sum_(x, axis=axes, keepdims=_kept(keepdims))
    if _given(initial):
        y = y + initial
    return _deliver(y, out, "np.sum")


@numpy_function(np.prod, kind="rule", note="zeros among the factors are no exception")
def product(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    x, axes = _prepare(a, axis, dtype, where, 1.0)
    y = prod(x, axis=axes, keepdims=_kept(keepdims))
    if _given(initial):
        y = y * initial
    return _deliver(y, out, "np.prod")


_answer_method(np.add, "reduce", summed)
_answer_method(np.multiply, "reduce", product)


def _extreme_of(
    primitive: Primitive, ufunc: np.ufunc, worst: float, functions: tuple[Any, ...]
) -> Callable[..., Any]:
    name = function_name(functions[0]) if functions else f"{function_name(ufunc)}.reduce"

    def extreme(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
        dtype: Any = None,
    ) -> Any:
        x, axes = _prepare(a, axis, dtype, where, worst)
        if not _given(initial):
            if any(x.shape[k] == 0 for k in axes):
                raise ValueError(
                    f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
                )
            if where is not True:
                raise ValueError(
                    f"reduction operation '{ufunc.__name__}' does not have an identity, so to use a where mask "
                    "one has to specify 'initial'"
                )
        if _given(initial) and any(x.shape[k] == 0 for k in axes):
            shape = np.empty(x.shape, bool).all(axis=axes, keepdims=_kept(keepdims)).shape
            y = np.broadcast_to(initial, shape).astype(dtype_of(x))
        else:
            y = primitive(x, axis=axes, keepdims=_kept(keepdims))
            if _given(initial):
                y = ufunc(y, initial)
        return _deliver(y, out, name)

    if functions:
        numpy_function(*functions, kind="rule", note="ties share equally")(extreme)
    _answer_method(ufunc, "reduce", extreme)
    return extreme


_extreme_of(max_, np.maximum, -np.inf, (np.max,) if np.max is np.amax else (np.max, np.amax))
_extreme_of(min_, np.minimum, np.inf, (np.min,) if np.min is np.amin else (np.min, np.amin))
fmax_reduce = _extreme_of(fmax_, np.fmax, np.nan, ())
fmin_reduce = _extreme_of(fmin_, np.fmin, np.nan, ())


def _running(a: Any, axis: Any, dtype: Any) -> tuple[Any, int]:
    x = operand(a)
    if dtype is not None:
        x = x.astype(dtype)
    if axis is None:
        return np.reshape(x, (-1,)), -1
    if np.ndim(x) == 0:
        return np.reshape(x, (1,)), -1
    return x, negative_axis(axis, np.ndim(x))


@numpy_function(np.cumsum, kind="rule")
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    x, k = _running(a, axis, dtype)
    return _deliver(cumsum_(x, axis=k), out, "np.cumsum")


@numpy_function(np.cumprod, kind="rule", note="zeros among the factors are no exception")
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    x, k = _running(a, axis, dtype)
    return _deliver(cumprod_(x, axis=k), out, "np.cumprod")


def _cumulative_sum(
    x: Any,
    /,
    *,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    return _cumulative(np.cumsum, x, axis, dtype, out, include_initial, 0.0)


def _cumulative_prod(
    x: Any,
    /,
    *,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    return _cumulative(np.cumprod, x, axis, dtype, out, include_initial, 1.0)


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    numpy_function(np.cumulative_sum)(_cumulative_sum)
    numpy_function(np.cumulative_prod)(_cumulative_prod)


def _cumulative(
    function: Any, x: Any, axis: Any, dtype: Any, out: Any, include_initial: bool, first: float
) -> Any:
    if axis is None:
        if np.ndim(x) > 1:
            raise ValueError(
                "For arrays which have more than one dimension ``axis`` argument is required."
            )
        axis = -1
    y = function(x, axis=axis, dtype=dtype)
    if include_initial:
        shape = list(y.shape)
        shape[axis] = 1
        y = np.concatenate([np.full(shape, first, dtype_of(y)), y], axis=axis)
    return _deliver(y, out, function.__name__)


_answer_method(np.add, "accumulate", cumsum)
_answer_method(np.multiply, "accumulate", cumprod)
