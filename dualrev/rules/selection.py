"""Selection and comparison: where, clip, comparisons, tests and index functions (the latter locally constant)."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import constant, general
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function

_MASK = np.array([[True, False, True], [False, False, True]])


@general(
    np.where,
    arguments=("c", "a", "b"),
    constant=("c",),
    broadcasts=True,
    pattern="elementwise",
    on=[case(_MASK, (2, 3), (2, 3)), case(_MASK, (3,), ()), case(_MASK[0], (2, 1), (3,))],
)
class where:
    """y = a where c holds, b elsewhere; the branch not taken contributes nothing, whatever its derivative."""

    def tangent_a(t: Any, c: Any) -> Any:
        return np.where(c, t, 0)

    def tangent_b(t: Any, c: Any) -> Any:
        return np.where(c, 0, t)

    def adjoint_a(ct: Any, c: Any) -> Any:
        return np.where(c, ct, 0)

    def adjoint_b(ct: Any, c: Any) -> Any:
        return np.where(c, 0, ct)


@numpy_function(np.where, kind="rule")
def select_where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.nonzero(condition)
    return where(operand(condition), operand(x), operand(y))


@numpy_function(np.clip, note="ties with a bound share equally, as in maximum and minimum")
def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **kwargs: Any,
) -> Any:
    lower, upper = (a_min if min is None else min), (a_max if max is None else max)
    y = operand(a)
    if lower is not None:
        y = np.maximum(y, lower)
    if upper is not None:
        y = np.minimum(y, upper)
    return y if out is None else write_out(out, y, (), "np.clip")


constant(
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.logical_not,
    np.isfinite,
    np.isinf,
    np.isnan,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.invert,
    np.spacing,
)
constant(
    np.argmax,
    np.argmin,
    np.argsort,
    np.argpartition,
    np.argwhere,
    np.nonzero,
    np.flatnonzero,
    np.count_nonzero,
    np.searchsorted,
    np.any,
    np.all,
    np.isposinf,
    np.isneginf,
    np.digitize,
    np.nanargmax,
    np.nanargmin,
)
