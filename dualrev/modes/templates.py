"""Generated source for the shortcuts of both modes: partials with their residuals unpacked by name.

The general path (`Tape.process`, `Forward.process`) handles everything. Most calls of real code are elementwise on real
plain arrays; for these `recording.py` and `pushing.py` generate one function per primitive, without loops over
arguments. This file and those two are the only ones with generated source. It is kept in ``linecache``, so
tracebacks and debuggers show it.
"""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np

from dualrev.core.bind import bind
from dualrev.core.declaration import PartialRule
from dualrev.core.finite import strong_product
from dualrev.core.primitive import Primitive

__all__ = ["compile_function", "names", "packed", "product", "suits", "value_expression"]


def compile_function(title: str, lines: list[str], scope: dict[str, Any]) -> Any:
    """Compile the source of one function and return it."""
    source = "\n".join(lines) + "\n"
    file = f"<dualrev {title}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {
        "bind": bind,
        "ndarray": np.ndarray,
        "float64": np.float64,
        "FLOAT64": np.dtype(np.float64),
        "new": object.__new__,
        "strong": strong_product,
        **scope,
    }
    exec(compile(source, file, "exec"), namespace)
    return namespace[lines[0].split("(")[0].removeprefix("def ")]


def suits(primitive: Primitive) -> bool:
    """Say whether shortcuts are made for a primitive: an elementwise ufunc with rules for its one or two operands."""
    return (
        primitive.flavour == "elementwise"
        and isinstance(primitive.fun, np.ufunc)
        and len(primitive.partials) in (1, 2)
        and all(isinstance(partial, PartialRule) for partial in primitive.partials)
    )


def names(primitive: Primitive, position: int) -> list[str]:
    """Return the names of the residuals of one partial, in the order in which it takes them."""
    arguments = primitive.arguments
    assert arguments is not None
    return ["y" if k < 0 else arguments[k] for k in primitive.partials[position].keeps]


def packed(kept: list[str]) -> str:
    """Return the expression of residuals as stored on the tape: one value as it is, several as a tuple."""
    return kept[0] if len(kept) == 1 else "(" + ", ".join(kept) + ")" if kept else "None"


def value_expression(primitive: Primitive) -> str:
    """Return the expression of the primitive's value; operators are faster than ufuncs on scalars."""
    assert primitive.arguments is not None
    return primitive.operator or f"fun({', '.join(primitive.arguments)})"


def product(primitive: Primitive, position: int, ct: str, variant: str) -> tuple[list[str], str]:
    """Return statements and an expression for the tangent or cotangent `ct` times a partial.

    `variant` is ``"inplace"`` (a partial that is a new array is overwritten by the product), ``"pure"`` or
    ``"strong"``.
    """
    _, _, applied = rule = primitive.partials[position]
    value = rule.value
    if not callable(value):
        if value == 1:
            return [], ct
        return [], f"-{ct}" if value == -1 else f"{ct} * {value!r}"
    kept = names(primitive, position)
    if applied:
        if variant == "strong":
            return [], f"strong({ct}, partial{position}({', '.join(['1.0', *kept])}))"
        return [], f"partial{position}({', '.join([ct, *kept])})"
    call = f"partial{position}({', '.join(kept)})"
    if variant == "strong":
        return [], f"strong({ct}, {call})"
    if variant == "inplace" and _is_fresh(primitive, position):
        return [f"p{position} = {call}", f"p{position} *= {ct}"], f"p{position}"
    return [], f"{ct} * {call}"


def _is_fresh(primitive: Primitive, position: int) -> bool:
    """Say whether a partial returns a new array at every call, which the sweep may then overwrite."""
    rule = primitive.partials[position]
    seen = False
    for arrays, _ in primitive.samples():
        if any(np.shape(a) != np.shape(arrays[0]) or np.ndim(a) == 0 for a in arrays):
            continue
        seen = True
        with np.errstate(all="ignore"):
            y = primitive.fun(*arrays)
            kept = [y if k < 0 else arrays[k] for k in rule.keeps]
            first, second = rule.value(*kept), rule.value(*kept)
        if (
            not isinstance(first, np.ndarray)
            or first.dtype != np.float64
            or first.shape != np.shape(y)
        ):
            return False
        if any(np.may_share_memory(first, k) for k in [second, *kept]):
            return False
    return seen
