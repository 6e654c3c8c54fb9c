"""NumPy's ufunc protocol: calls with out=, where=, dtype=, and the methods reduce, accumulate, outer, at, reduceat."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.bind import operand
from dualrev.core.inplace import write, write_out
from dualrev.core.primitive import UFUNCS, Primitive, find, function_name
from dualrev.core.shapes import negative_axis
from dualrev.errors import EscapeError, MissingRuleError, UnsupportedError

__all__ = ["UFUNC_METHODS", "apply_ufunc", "ufunc_method"]

UFUNC_METHODS: dict[tuple[np.ufunc, str], Callable[..., Any]] = {}


def ufunc_method(ufunc: np.ufunc, method: str) -> Callable[[Any], Any]:
    """Answer ``ufunc.method`` by the decorated function; others go entry by entry."""

    def attach(answer: Any) -> Any:
        UFUNC_METHODS[ufunc, method] = answer
        return answer

    return attach


def apply_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Answer a call of a ufunc or of one of its methods with a traced operand."""
    rule = UFUNCS.get(ufunc)
    if rule is None and find(ufunc) is not None:
        rule = UFUNCS[ufunc]
    if rule is None:
        if all(set(loop) <= set("O->") for loop in ufunc.types):
            return _entry_by_entry(ufunc, method, inputs, kwargs)
        raise MissingRuleError(function_name(ufunc))
    if method == "__call__" and not kwargs:
        return rule(*inputs)
    name = function_name(ufunc)
    out = kwargs.pop("out", None)
    if method == "at":
        return _at(ufunc, rule, *inputs)
    if method == "__call__":
        result = _call(name, rule, inputs, kwargs, out)
    elif (special := UFUNC_METHODS.get((ufunc, method))) is not None:
        result = special(*inputs, **kwargs)
    else:
        result = _METHODS[method](name, rule, *inputs, **kwargs)
    if out is None or all(o is None for o in out):
        return result
    if isinstance(result, tuple):
        return tuple(write_out(o, r, inputs, name) for o, r in zip(out, result, strict=True))
    return write_out(out[0], result, inputs, name)


def _entry_by_entry(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Answer a ufunc made of a Python function (``np.frompyfunc``): NumPy calls that on every entry."""

    def boxed(x: Any) -> Any:
        if not hasattr(x, "level"):
            return x
        box = np.empty(x.shape, dtype=object)
        for k in np.ndindex(x.shape):
            box[k] = x[k]
        return box

    y = getattr(ufunc, method)(*map(boxed, inputs), **kwargs)
    return tuple(map(operand, y)) if isinstance(y, tuple) else operand(y)


def _options(rule: Any) -> set[str]:
    """Return the options that an answer takes beside its operands; a primitive takes none."""
    if isinstance(rule, Primitive):
        return set()
    return {p.name for p in inspect.signature(rule).parameters.values() if p.kind is p.KEYWORD_ONLY}


def _call(name: str, rule: Any, inputs: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
    where = kwargs.pop("where", True)
    dtype = kwargs.pop("dtype", None)
    casting = kwargs.pop("casting", "same_kind")
    kwargs.pop("order", None)
    kwargs.pop("subok", None)
    # `a @= t` on a plain array names the axes that matmul uses anyhow.
    if kwargs.get("axes") in ([(-2, -1)] * 3, [(-2, -1), -1, -1], [(-2, -1), (-1,), (-1,)]):
        del kwargs["axes"]
    unknown = sorted(set(kwargs) - _options(rule)) if kwargs else []
    if unknown:
        raise UnsupportedError(name, f"the options {unknown} have no rule", "call it without them")
    if dtype is not None:
        dtype = np.dtype(dtype)
        if dtype.kind in "iub" or not all(
            np.can_cast(np.result_type(a), dtype, casting) for a in inputs
        ):
            raise TypeError(
                f"{name}: cannot compute in dtype {dtype} from operands with casting rule {casting!r}"
            )
        inputs = tuple((a if hasattr(a, "level") else np.asarray(a)).astype(dtype) for a in inputs)
    result = rule(*inputs, **kwargs)
    if where is not True:
        # NumPy leaves the other entries as they are in out=, and undefined without it: zero here.
        bases = out or (None,)
        parts = result if isinstance(result, tuple) else (result,)
        parts = tuple(
            np.where(where, part, 0.0 if base is None else base)
            for part, base in zip(parts, itertools.cycle(bases), strict=False)
        )
        result = parts if isinstance(result, tuple) else parts[0]
    return result


def _reduce(
    name: str,
    rule: Any,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    if where is not True:
        raise UnsupportedError(
            f"{name}.reduce", "where= has no rule here", "select the entries first: x[mask]"
        )
    axes = tuple(range(x.ndim)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    axes = tuple(sorted(negative_axis(a, x.ndim) for a in axes))
    if dtype is not None:
        x = x.astype(dtype)
    moved = np.reshape(
        np.moveaxis(x, axes, range(len(axes))),
        (-1, *(n for k, n in enumerate(x.shape) if k - x.ndim not in axes)),
    )
    if moved.shape[0] == 0 and initial is None:
        raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    entries = [moved[k] for k in range(moved.shape[0])]
    total = entries.pop(0) if initial is None else initial
    for entry in entries:
        total = rule(total, entry)
    return np.expand_dims(total, axes) if keepdims else total


def _accumulate(name: str, rule: Any, x: Any, axis: int = 0, dtype: Any = None) -> Any:
    if dtype is not None:
        x = x.astype(dtype)
    moved = np.moveaxis(x, axis, 0)
    if moved.shape[0] == 0:
        return x.copy()
    totals = [moved[0]]
    for k in range(1, moved.shape[0]):
        totals.append(rule(totals[-1], moved[k]))
    return np.moveaxis(np.stack(totals), 0, axis)


def _outer(name: str, rule: Any, a: Any, b: Any, **kwargs: Any) -> Any:
    a, b = (v if hasattr(v, "level") else np.asarray(v) for v in (a, b))
    return _call(name, rule, (np.reshape(a, a.shape + (1,) * b.ndim), b), kwargs, None)


def _reduceat(name: str, rule: Any, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    moved = np.moveaxis(x, axis, 0)
    starts = [int(i) for i in indices]
    parts = []
    for k, start in enumerate(starts):
        stop = starts[k + 1] if k + 1 < len(starts) else moved.shape[0]
        parts.append(_reduce(name, rule, moved[start : max(stop, start + 1)], axis=0, dtype=dtype))
    return np.moveaxis(np.stack(parts), 0, axis)


def _at(ufunc: np.ufunc, rule: Any, x: Any, index: Any, *others: Any) -> None:
    if not hasattr(x, "level"):
        raise EscapeError(
            f"{ufunc.__name__}.at with a traced value into a plain array",
            "make that array with np.zeros_like(x) of a traced x, or use np.bincount-like sums of traced arrays",
        )
    special = UFUNC_METHODS.get((ufunc, "at"))
    if special is not None:
        write(x, special(x, index, *others))
        return
    positions = np.arange(x.size).reshape(x.shape)[index]
    flat = x.reshape(-1).copy()
    values = [np.broadcast_to(o, positions.shape).reshape(-1) for o in others]
    # One entry after the other: an index that occurs twice is updated twice, as ufunc.at promises.
    for k, p in enumerate(positions.ravel().tolist()):
        flat[p] = rule(flat[p], *(v[k] for v in values))
    write(x, flat.reshape(x.shape))


_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "reduceat": _reduceat,
}
