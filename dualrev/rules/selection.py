"""Selection and comparison: where, clip, comparisons, tests and index functions (the latter locally constant)."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import TracedArray, dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import constant, general
from dualrev.core.inplace import write, write_out
from dualrev.core.primitive import numpy_function
from dualrev.rules.complexes import from_parts
from dualrev.rules.creation import astype

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


_NOT_GIVEN: Any = getattr(np, "_NoValue", None)


@numpy_function(np.clip, note="ties with a bound share equally, as in maximum and minimum")
def clip(
    a: Any,
    a_min: Any = _NOT_GIVEN,
    a_max: Any = _NOT_GIVEN,
    out: Any = None,
    *,
    min: Any = _NOT_GIVEN,
    max: Any = _NOT_GIVEN,
    **options: Any,
) -> Any:
    lower, upper = a_min, a_max
    if a_min is _NOT_GIVEN and a_max is _NOT_GIVEN:
        lower, upper = min, max
    elif min is not _NOT_GIVEN or max is not _NOT_GIVEN:
        raise ValueError(
            "Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden."
        )
    # The options of a ufunc, which maximum and minimum obey; an entry left out keeps its value.
    y, mask = operand(a), options.pop("where", True)
    for bound, limit in ((lower, np.maximum), (upper, np.minimum)):
        if bound is not None and bound is not _NOT_GIVEN:
            y = limit(y, bound, **options) if options else limit(y, bound)
    if mask is not True:
        y = np.where(mask, y, operand(a) if out is None else out)
    return y if out is None else write_out(out, y, (), "np.clip")


def _numbered(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    limits = np.finfo(dtype_of(x))
    upper = float(limits.max) if posinf is None else posinf
    lower = float(limits.min) if neginf is None else neginf
    y = np.where(np.isnan(x), nan, x)
    y = np.where(np.equal(x, np.inf), upper, np.where(np.equal(x, -np.inf), lower, y))
    # What is put in has the dtype of where it is put.
    return y if dtype_of(y) == dtype_of(x) else astype(y, dtype_of(x))


@numpy_function(np.nan_to_num, note="0 where it replaces; what it puts there may be traced")
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    a = operand(x)
    kind = dtype_of(a).kind
    if kind == "c":
        y = from_parts(*(_numbered(part, nan, posinf, neginf) for part in (np.real(a), np.imag(a))))
    else:
        y = _numbered(a, nan, posinf, neginf) if kind == "f" else a
    if copy or not isinstance(x, TracedArray):
        return y.copy() if y is x and np.ndim(y) else y
    write(x, y)
    return x


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
