"""Shortcuts of reverse mode: operations on one or two variables of one tape, specialised at registration.

Measured on 3-vectors (CPython 3.11): recording ``x * y`` takes about 0.8 us with NumPy's 0.3 us in it; the general
path takes five times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.operators import operator_methods
from dualrev.core.primitive import Primitive, on_register
from dualrev.core.protocols import apply_ufunc
from dualrev.core.shapes import unbroadcast
from dualrev.modes.reverse import VariableArray, VariableScalar
from dualrev.modes.templates import compile_function, names, packed, product, suits, value_expression

__all__ = ["recorders"]

# ufunc -> shortcut
recorders: dict[Any, Callable[..., Any]] = {}
_OPERATORS = operator_methods()


def _adjoint(primitive: Primitive, positions: tuple[int, ...], shapes: bool = False) -> tuple[Any, list[str]]:
    """Generate the adjoint for the active `positions`; return it and the names of the residuals that it unpacks.

    With `shapes` the operands were broadcast, and the cotangents are summed back to the operands' shapes.
    """
    kept = sorted({n for k in positions for n in names(primitive, k)}) + (["shapes"] if shapes else [])
    scope = {f"partial{k}": primitive.partials[k].value for k in positions} | {"unbroadcast": unbroadcast}
    made: dict[str, Any] = {}
    for variant in ("inplace", "pure", "strong"):
        lines = ["def adjoint(ct, kept):", *([f"    {packed(kept)} = kept"] if kept else [])]
        results = []
        for j, k in enumerate(positions):
            # A broadcast partial may be smaller than the cotangent, so it is not worked on in place.
            before, result = product(primitive, k, "ct", "pure" if shapes and variant == "inplace" else variant)
            lines += [f"    {line}" for line in before]
            results.append(f"unbroadcast({result}, shapes[{j}])" if shapes else result)
        lines.append(f"    return {', '.join(results)}")
        made[variant] = compile_function(f"{variant} adjoint of {primitive.name} {positions}", lines, scope)
    made["inplace"].pure, made["inplace"].strong = made["pure"], made["strong"]
    return made["inplace"], kept


def _append(indent: str, adjoint: str, parents: str, kept: str) -> list[str]:
    return [f"{indent}tape.append((index, {adjoint}, {parents}, {kept}))"]


def _variable(indent: str, cls: str) -> list[str]:
    return [
        f"{indent}out = new({cls})",
        f"{indent}out.primal = y",
        f"{indent}out.level = tape",
        f"{indent}out.index = index",
        f"{indent}return out",
    ]


def _unary(primitive: Primitive) -> Callable[[Any], Any]:
    adjoint, kept = _adjoint(primitive, (0,))
    lines = [
        "def record(v):",
        "    tape = v.level",
        "    x = v.primal",
        f"    y = {value_expression(primitive)}",
        "    index = next(tape.counter)",
        *_append("    ", "adjoint", "v.index", packed(kept)),
        *_variable("    ", "v.__class__"),
    ]
    return compile_function(f"recording of {primitive.name}", lines, {"fun": primitive.fun, "adjoint": adjoint})


def _binary(primitive: Primitive) -> Callable[[Any, Any], Any]:
    both, kept_both = _adjoint(primitive, (0, 1))
    spread, kept_spread = _adjoint(primitive, (0, 1), shapes=True)
    left, kept_left = _adjoint(primitive, (0,))
    right, kept_right = _adjoint(primitive, (1,))
    value = f"y = {value_expression(primitive)}"
    index = "index = next(tape.counter)"

    def with_constant(own: str, other: str, adjoint: str, kept: list[str]) -> list[str]:
        """The branch in which one operand is a variable and the other a constant named `other`."""
        keep = [f"            {other} = tape.captures.keep({other})"] if other in kept else []
        return [
            "        if kind is float or kind is int or kind is float64:",
            f"            {value}",
            f"            {index}",
            *_append("            ", adjoint, f"{own}.index", packed(kept)),
            *_variable("            ", f"{own}.__class__"),
            f"        if kind is ndarray and {other}.dtype is FLOAT64 and a.shape == b.shape and {other}.ndim:",
            f"            {value}",
            f"            {index}",
            *keep,
            *_append("            ", adjoint, f"{own}.index", packed(kept)),
            *_variable("            ", f"{own}.__class__"),
            "        return bind(primitive, (p, q), {})",
        ]

    lines = [
        "def record(p, q):",
        "    first = p.__class__",
        "    kind = q.__class__",
        "    if first is Array or first is Scalar:",
        "        tape = p.level",
        "        if not tape.float64:",
        "            return bind(primitive, (p, q), {})",
        "        a = p.primal",
        "        if kind is Array or kind is Scalar:",
        "            if q.level is not tape:",
        "                return bind(primitive, (p, q), {})",
        "            b = q.primal",
        f"            {value}",
        f"            {index}",
        "            if first is Scalar is kind or a.shape == b.shape:",
        *_append("                ", "both", "(p.index, q.index)", packed(kept_both)),
        "            else:",
        "                shapes = a.shape, b.shape",
        *_append("                ", "spread", "(p.index, q.index)", packed(kept_spread)),
        *_variable("            ", "Scalar if first is Scalar is kind else Array"),
        "        b = q",
        *with_constant("p", "b", "left", kept_left),
        "    if kind is Array or kind is Scalar:",
        "        tape = q.level",
        "        if not tape.float64:",
        "            return bind(primitive, (p, q), {})",
        "        a = p",
        "        b = q.primal",
        "        kind = first",
        *with_constant("q", "a", "right", kept_right),
        "    return bind(primitive, (p, q), {})",
    ]
    scope = {
        "fun": primitive.fun,
        "primitive": primitive,
        "Array": VariableArray,
        "Scalar": VariableScalar,
        "both": both,
        "spread": spread,
        "left": left,
        "right": right,
    }
    return compile_function(f"recording of {primitive.name}", lines, scope)


def install_operators(ufunc: Any, shortcut: Callable[..., Any], classes: tuple[type, ...]) -> None:
    """Give classes the shortcut under the names of the ufunc's operators."""
    methods = _OPERATORS.get(ufunc, ())
    for cls in classes:
        if methods:
            setattr(cls, methods[0], shortcut)
        if len(methods) == 2:
            setattr(cls, methods[1], lambda own, other: shortcut(other, own))


def protocol(table: dict[Any, Callable[..., Any]]) -> Callable[..., Any]:
    """Return an ``__array_ufunc__`` that looks for a shortcut in `table` first."""

    def __array_ufunc__(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":
            shortcut = table.get(ufunc)
            if shortcut is not None:
                return shortcut(*inputs)
        return apply_ufunc(ufunc, method, inputs, kwargs)

    return __array_ufunc__


def _specialise(primitive: Primitive) -> None:
    if suits(primitive) and isinstance(primitive.fun, np.ufunc):
        shortcut = _unary(primitive) if len(primitive.partials) == 1 else _binary(primitive)
        recorders[primitive.fun] = shortcut
        install_operators(primitive.fun, shortcut, (VariableArray, VariableScalar))


for _cls in (VariableArray, VariableScalar):
    _cls.__array_ufunc__ = protocol(recorders)  # type: ignore[method-assign]
on_register(_specialise)
