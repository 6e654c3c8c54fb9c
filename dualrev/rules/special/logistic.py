"""The logistic function and its kin: expit, logit, softplus, logarithms of sums of exponentials, softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.batching import batch_leading
from dualrev.core.bind import operand
from dualrev.core.domains import Domain, case, reals
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import negative_axes, spread
from dualrev.core.ufuncs import special
from dualrev.rules.contraction import array_operand

expit = elementwise(
    special.expit,
    lambda x: special.expit(x) * special.expit(-x),
    on=reals,
    analytic=False,
    formula="y (1 - y)",
)
log_expit = elementwise(
    special.log_expit,
    lambda x: special.expit(-x),
    on=reals,
    analytic=False,
    formula="1/(1 + eˣ)",
)
logit = elementwise(
    special.logit,
    lambda x: 1 / (x * (1 - x)),
    on=Domain("(0, 1)", lambda rng, shape: rng.uniform(0.15, 0.85, shape)),
    analytic=False,
    formula="1/(x (1 - x))",
    kinks="+inf at 0 and 1",
)

if hasattr(special, "softplus"):  # SciPy 1.15

    @numpy_function(special.softplus)
    def softplus(x: Any, **kwargs: Any) -> Any:
        """Answer ``special.softplus``."""
        return np.logaddexp(0, operand(x), **kwargs)


def _softmax_change(t: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
    return y * (t - np.sum(y * t, axis=axis, keepdims=True))


@general(
    lambda x, *, axis: special.softmax(x, axis=axis),
    on=[
        case((4,), axis=(-1,)),
        case((3, 2), axis=(-2,)),
        case((2, 3, 2), axis=(-3, -1)),
        case((), axis=()),
    ],
    name="softmax",
    pattern="lines",
    batch=batch_leading,
)
class softmax_:
    """dy = y (dx - Σ y dx), which is its own transpose."""

    def tangent(t: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return _softmax_change(t, y, axis=axis)

    def adjoint(ct: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return _softmax_change(ct, y, axis=axis)


@general(
    lambda x, *, axis: special.log_softmax(x, axis=axis),
    on=[
        case((4,), axis=(-1,)),
        case((3, 2), axis=(-2,)),
        case((2, 3, 2), axis=(-3, -1)),
        case((), axis=()),
    ],
    name="log_softmax",
    pattern="lines",
    batch=batch_leading,
)
class log_softmax_:
    """dy = dx - Σ e^y dx."""

    def tangent(t: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return t - np.sum(np.exp(y) * t, axis=axis, keepdims=True)

    def adjoint(ct: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return ct - np.exp(y) * np.sum(ct, axis=axis, keepdims=True)


def _over(x: Any, axis: Any) -> tuple[Any, dict[str, Any]]:
    x = array_operand(x)
    if dtype_of(x).kind not in "fc":
        x = x.astype(float)
    return x, {"axis": negative_axes(axis, x.ndim)}


@numpy_function(special.softmax, kind="rule", note="0 for entries of -inf")
def softmax(x: Any, axis: Any = None) -> Any:
    """Answer ``special.softmax``."""
    x, over = _over(x, axis)
    return softmax_(x, **over)


@numpy_function(special.log_softmax, kind="rule")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """Answer ``special.log_softmax``."""
    x, over = _over(x, axis)
    return log_softmax_(x, **over)


# ---------------------------------------------------------------------------------------------------------------------
# logsumexp


def _weights(a: Any, y: Any, axis: tuple[int, ...]) -> Any:
    """Return e^(a - y), and 0 where a = -inf: such an entry stays there under any finite change."""
    gone = a == -np.inf
    return np.where(gone, 0, np.exp(np.where(gone, 0, a) - np.expand_dims(y, axis)))


def _wide_batch(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    """Give both operands lanes, as the rules want them of one shape."""
    count = next(a.shape[0] for a, lane in zip(arrays, lanes, strict=True) if lane)
    return primitive.call(
        *(
            a if lane else np.broadcast_to(a, (count, *a.shape))
            for a, lane in zip(arrays, lanes, strict=True)
        ),
        **params,
    )


@general(
    lambda x, *, axis: special.logsumexp(x, axis=axis),
    on=[case((4,), axis=(-1,)), case((3, 2), axis=(-2,)), case((2, 3, 2), axis=(-3, -1))],
    name="logsumexp",
    batch=batch_leading,
    kinks="0 for entries of -inf",
    pattern="reduction",
)
class logsumexp_:
    """dy = Σ e^(x - y) dx."""

    def tangent(t: Any, x: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return np.sum(t * _weights(x, y, axis), axis=axis)

    def adjoint(ct: Any, x: Any, y: Any, shape: Any, *, axis: tuple[int, ...]) -> Any:
        return spread(ct, shape, axis, False) * _weights(x, y, axis)


def _positive(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.3, 2.0, shape)


@general(
    lambda a, b, *, axis: special.logsumexp(a, axis=axis, b=b),
    arguments=("a", "b"),
    on=[
        case((4,), _positive(4), axis=(-1,)),
        case((3, 2), _positive(3, 2), axis=(-2,)),
        case((2, 3, 2), _positive(2, 3, 2), axis=(-3, -1)),
        case(np.array([0.4, -1.0, 0.9]), np.array([3.0, 0.0, 2.0]), axis=(-1,)),
    ],
    name="weighted_logsumexp",
    batch=_wide_batch,
    kinks="0 for entries of -inf",
    pattern="reduction",
)
class weighted_logsumexp:
    """dy = Σ e^(a - y) (b da + db)."""

    def tangent_a(t: Any, a: Any, b: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return np.sum(t * b * _weights(a, y, axis), axis=axis)

    def adjoint_a(ct: Any, a: Any, b: Any, y: Any, shape: Any, *, axis: tuple[int, ...]) -> Any:
        return spread(ct, shape, axis, False) * b * _weights(a, y, axis)

    def tangent_b(t: Any, a: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return np.sum(t * _weights(a, y, axis), axis=axis)

    def adjoint_b(ct: Any, a: Any, y: Any, shape: Any, *, axis: tuple[int, ...]) -> Any:
        return spread(ct, shape, axis, False) * _weights(a, y, axis)


def _signed_change(z: Any, sign: Any) -> tuple[Any, Any]:
    """Return the changes of log|s| and of the sign, where ds = s z."""
    if dtype_of(sign).kind != "c":
        return z, np.zeros(np.shape(z), dtype_of(sign))[()]
    return np.real(z), 1j * sign * np.imag(z)


def _signed_weights(a: Any, y: Any, axis: tuple[int, ...]) -> Any:
    """Return e^a / s."""
    log, sign = y
    return _weights(a, log, axis) * np.conjugate(np.expand_dims(sign, axis))


def _signed_pull(ct: Any, y: Any, shape: Any, axis: tuple[int, ...]) -> Any:
    ct_log, ct_sign = ct
    _, sign = y
    if dtype_of(sign).kind == "c":
        ct_log = np.real(ct_log) + 1j * np.imag(ct_sign * sign)
    return spread(ct_log, shape, axis, False)


def _any_sign(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.3, 2.0, shape) * np.resize([1.0, -1.0, 1.0], shape)


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


@general(
    lambda a, b, *, axis: special.logsumexp(a, axis=axis, b=b, return_sign=True),
    arguments=("a", "b"),
    on=[
        case((4,), np.array([0.4, 2.0, -3.0, 0.7]), axis=(-1,)),
        case((3, 2), _any_sign(3, 2), axis=(-2,)),
        case((2, 3, 2), _any_sign(2, 3, 2), axis=(-3, -1)),
        case(_complex(3), _complex(3), axis=(-1,)),
    ],
    name="signed_logsumexp",
    pattern=lambda primals, y, *, axis: [
        "reduction",
        "reduction" if y[1].dtype.kind == "c" else "none",
    ],
    batch=_wide_batch,
    kinks="0 for entries of -inf; the sign of a real sum is locally constant",
    analytic=False,
)
class signed_logsumexp:
    """With s = Σ b eᵃ and z = Σ eᵃ (b da + db)/s: dlog|s| = Re z, dsign = i sign Im z (zero for real s)."""

    def tangent_a(t: Any, a: Any, b: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return _signed_change(np.sum(t * b * _signed_weights(a, y, axis), axis=axis), y[1])

    def adjoint_a(ct: Any, a: Any, b: Any, y: Any, shape: Any, *, axis: tuple[int, ...]) -> Any:
        return _signed_pull(ct, y, shape, axis) * b * _signed_weights(a, y, axis)

    def tangent_b(t: Any, a: Any, y: Any, *, axis: tuple[int, ...]) -> Any:
        return _signed_change(np.sum(t * _signed_weights(a, y, axis), axis=axis), y[1])

    def adjoint_b(ct: Any, a: Any, y: Any, shape: Any, *, axis: tuple[int, ...]) -> Any:
        return _signed_pull(ct, y, shape, axis) * _signed_weights(a, y, axis)


@numpy_function(
    special.logsumexp,
    kind="rule",
    note="derivative 0 for entries of -inf, also if all are; the sign of a real sum is locally constant",
)
def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Answer ``special.logsumexp``; the results for no dimensions and for one are alike."""
    a = array_operand(a)
    b = None if b is None else array_operand(b)
    dtype = np.result_type(dtype_of(a), *(() if b is None else (dtype_of(b),)))
    dtype = dtype if dtype.kind in "fc" else np.dtype(float)
    if b is not None:
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = (np.broadcast_to(v, shape) for v in (a, b))
    if a.ndim == 0:
        a, b = np.reshape(a, (1,)), b if b is None else np.reshape(b, (1,))
    a, b = (v if v is None or dtype_of(v) == dtype else v.astype(dtype) for v in (a, b))
    axes = negative_axes(axis, a.ndim)
    if return_sign:
        weight = np.ones(a.shape, dtype) if b is None else b
        pair = signed_logsumexp(a, weight, axis=axes)
        return tuple(np.expand_dims(v, axes) for v in pair) if keepdims else pair
    y = logsumexp_(a, axis=axes) if b is None else weighted_logsumexp(a, b, axis=axes)
    return np.expand_dims(y, axes) if keepdims else y
