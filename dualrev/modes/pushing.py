"""Shortcuts of forward mode: elementwise operations on duals of one level, specialised at registration.

They serve plain duals and vector mode alike: tangents have the lane axis in front, so equal shapes need no care, and a
scalar's lanes are given the axes of the array that they meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.batching import batch_leading
from dualrev.core.bind import bind
from dualrev.core.primitive import Primitive, on_register
from dualrev.modes.forward import DualArray, DualScalar, Forward
from dualrev.modes.recording import install_lazily, protocol
from dualrev.modes.templates import compile_function, product, suits, value_expression

__all__ = ["pushers"]

# ufunc -> shortcut
pushers: dict[Any, Callable[..., Any]] = {}
new = object.__new__
FLOAT64 = np.dtype(np.float64)
_PLAIN = (np.ndarray, np.float64)


def widen(t: Any, x: Any, y: Any) -> Any:
    """Give the tangent of an operand `x` the axes that the result `y` has more, behind its lanes."""
    extra = y.ndim - x.ndim
    if extra == 0:
        return t
    shape = t.shape
    lead = len(shape) - x.ndim
    return t.reshape(shape[:lead] + (1,) * extra + shape[lead:])


def fill(t: Any, y: Any, level: Forward) -> Any:
    """Repeat a tangent until it has the shape of the result, behind its lanes."""
    shape = y.shape if level.lanes is None else (level.lanes.count, *y.shape)
    if t.shape == shape:
        return t
    if type(t) is not np.ndarray:
        return np.broadcast_to(t, shape)
    full = np.empty(shape, t.dtype)
    full[...] = t
    return full


def _dual(indent: str, cls: str) -> list[str]:
    return [
        f"{indent}out = new({cls})",
        f"{indent}out.primal = y",
        f"{indent}out.tangent = t",
        f"{indent}out.level = level",
        f"{indent}return out",
    ]


def _pushed(primitive: Primitive, position: int, tangent: str) -> str:
    """Expression of one operand's contribution to the tangent."""
    return product(primitive, position, tangent, "pure")[1]


def _unary(primitive: Primitive) -> Any:
    lines = [
        "def push(v):",
        "    level = v.level",
        "    if level.closed or not level.float64:",
        "        return bind(primitive, (v,), {})",
        "    x = v.primal",
        f"    y = {value_expression(primitive)}",
        f"    t = {_pushed(primitive, 0, 'v.tangent')}",
        *_dual("    ", "type(v)"),
    ]
    return compile_function(f"pushing of {primitive.name}", lines, _scope(primitive))


def _scope(primitive: Primitive) -> dict[str, Any]:
    partials = {f"partial{k}": p.value for k, p in enumerate(primitive.partials)}
    return {
        **partials,
        "fun": primitive.fun,
        "primitive": primitive,
        "Array": DualArray,
        "Scalar": DualScalar,
        "widen": widen,
        "fill": fill,
    }


def _sum(primitive: Primitive, p: str, q: str, indent: str) -> list[str]:
    """Lines that add both operands' contributions, in the memory of the first where that is a new array."""
    first, second = _pushed(primitive, 0, p), _pushed(primitive, 1, q)
    if callable(primitive.partials[0].value):
        return [f"{indent}t = {first}", f"{indent}t += {second}"]
    return [f"{indent}t = {first} + {second}"]


def _binary(primitive: Primitive) -> Any:
    value = f"y = {value_expression(primitive)}"

    def with_constant(own: str, mine: str, other: str, position: int) -> list[str]:
        """The branch in which one operand is dual and the other a constant named `other`."""
        return [
            "        if kind is float or kind is int or kind is float64:",
            f"            {value}",
            f"            t = {_pushed(primitive, position, f'{own}.tangent')}",
            *_dual("            ", f"type({own})"),
            f"        if kind is ndarray and {other}.dtype is FLOAT64 and {other}.ndim:",
            f"            {value}",
            "            if a.shape == b.shape:",
            f"                t = {_pushed(primitive, position, f'{own}.tangent')}",
            "            else:",
            f"                t = widen({own}.tangent, {mine}, y)",
            f"                t = fill({_pushed(primitive, position, 't')}, y, level)",
            *_dual("            ", "Array"),
            "        return bind(primitive, (p, q), {})",
        ]

    lines = [
        "def push(p, q):",
        "    first = type(p)",
        "    kind = type(q)",
        "    if first is Array or first is Scalar:",
        "        level = p.level",
        "        if level.closed or not level.float64:",
        "            return bind(primitive, (p, q), {})",
        "        a = p.primal",
        "        if kind is Array or kind is Scalar:",
        "            if q.level is not level:",
        "                return bind(primitive, (p, q), {})",
        "            b = q.primal",
        f"            {value}",
        "            if first is Scalar is kind or a.shape == b.shape:",
        *_sum(primitive, "p.tangent", "q.tangent", "                "),
        "            else:",
        "                t, u = widen(p.tangent, a, y), widen(q.tangent, b, y)",
        f"                t = fill({_pushed(primitive, 0, 't')} + {_pushed(primitive, 1, 'u')}, y, level)",
        *_dual("            ", "Scalar if first is Scalar is kind else Array"),
        "        b = q",
        *with_constant("p", "a", "b", 0),
        "    if kind is Array or kind is Scalar:",
        "        level = q.level",
        "        if level.closed or not level.float64:",
        "            return bind(primitive, (p, q), {})",
        "        a = p",
        "        b = q.primal",
        "        kind = first",
        *with_constant("q", "b", "a", 1),
        "    return bind(primitive, (p, q), {})",
    ]
    return compile_function(f"pushing of {primitive.name}", lines, _scope(primitive))


def _linear(primitive: Primitive) -> Callable[[Any, dict[str, Any]], Any]:
    """Return the shortcut of a linear operation on one dual; lanes go through the batching rule."""
    fun, batch = primitive.fun, primitive.batch
    leading = batch is batch_leading

    def push(v: Any, params: dict[str, Any]) -> Any:
        level, x, t = v.level, v.primal, v.tangent
        if level.closed or not level.float64 or type(x) not in _PLAIN or type(t) not in _PLAIN:
            return bind(primitive, (v,), params)
        y = fun(x, **params)
        if y.dtype is not FLOAT64:
            return bind(primitive, (v,), params)
        out = new(DualArray if y.ndim else DualScalar)
        out.primal = y
        out.tangent = (
            fun(t, **params)
            if leading or level.lanes is None
            else batch(primitive, (True,), (t,), params)
        )
        out.level = level
        return out

    return push


def _specialise(primitive: Primitive) -> None:
    classes = (DualArray, DualScalar)
    if suits(primitive):
        install_lazily(primitive, pushers, classes, (_unary, _binary))
    elif primitive.flavour == "linear" and primitive.arity == 1:
        primitive.shortcuts.update(dict.fromkeys(classes, _linear(primitive)))


for _cls in (DualArray, DualScalar):
    _cls.__array_ufunc__ = protocol(pushers)  # type: ignore[method-assign]
on_register(_specialise)
