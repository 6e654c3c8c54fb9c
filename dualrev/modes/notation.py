"""Values and operations in a few letters: how a drawing or a page writes v₃ = v₁ · v₂ and its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dualrev.core.array import value

if TYPE_CHECKING:
    from dualrev.modes.trace import Record

__all__ = ["brief", "expression", "index_text", "number", "symbol"]

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# An array of more entries is told by its smallest and largest one.
_SHOWN = 6


def symbol(n: int) -> str:
    """Return the name of the n-th value of an evaluation."""
    return "v" + str(n).translate(_SUBSCRIPTS)


def number(x: Any, digits: int = 6) -> str:
    """Return a number with so many digits; what is not finite is said in words or signs."""
    if isinstance(x, complex | np.complexfloating):
        sign = "-" if x.imag < 0 or (x.imag == 0 and math.copysign(1.0, x.imag) < 0) else "+"
        return f"{number(x.real, digits)}{sign}{number(abs(x.imag), digits)}j"
    x = float(x) + 0.0  # no minus sign before a zero
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{x:.{digits}g}".replace("-", "−")


def brief(x: Any, digits: int = 6) -> str:
    """Return a number, a small array entry by entry, a larger one as its range: ``"−1.2 … 3.4"``."""
    array = np.asarray(value(x))
    if array.dtype.kind not in "biufc":
        return " ".join(str(array).split())[:40]
    if array.ndim == 0:
        return str(array) if array.dtype.kind == "b" else number(array[()], digits)
    if array.size == 0:
        return "empty"
    if array.size <= _SHOWN:
        return _nested(array, min(digits, 4))
    if array.dtype.kind == "c":
        return f"|·| ≤ {number(np.abs(array).max(), 4)}"
    finite = array[np.isfinite(array)]
    lost = array.size - finite.size
    note = ""
    if lost:
        nans = int(np.isnan(array).sum())
        note = f" ({nans} NaN)" if nans == lost else f" ({lost} not finite)"
    if not finite.size:
        return f"none finite{note}"
    low, high = number(finite.min(), 4), number(finite.max(), 4)
    return (low if low == high and lost == 0 else f"{low} … {high}") + note


def _nested(array: Any, digits: int) -> str:
    if array.ndim == 0:
        return number(array[()], digits)
    return "[" + ", ".join(_nested(part, digits) for part in array) + "]"


def index_text(index: Any) -> str:
    """Return an index as it stands between brackets."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index)) or "()"
    if index is Ellipsis:
        return "..."
    if index is None:
        return "None"
    if isinstance(index, slice):
        ends = ["" if end is None else str(end) for end in (index.start, index.stop)]
        return ":".join(ends) + (f":{index.step}" if index.step not in (None, 1) else "")
    text = " ".join(str(np.asarray(index).tolist()).split())
    return text if len(text) <= 18 else f"{text[:14]}...]"


def expression(record: Record, numbers: Mapping[int, int]) -> str:
    """Return how a value was made: an operator between its operands, an index, or a call.

    Parameters
    ----------
    record : Record
    numbers : mapping of int to int
        Position of an operand to the number of the value; the others are constants.
    """
    primitive, params = record.primitive, record.params
    names = [
        symbol(numbers[k]) if k in numbers else _constant(operand)
        for k, operand in enumerate(record.operands)
    ]
    operator = primitive.operator
    if operator:
        for argument, name in zip(primitive.arguments, names, strict=True):
            operator = operator.replace(argument, f"\0{name}", 1)
        for sign, typeset in (("\0", ""), ("**", "^"), ("*", "·"), ("-", "−")):
            operator = operator.replace(sign, typeset)
        return str(operator)
    if primitive.name == "getitem" and len(names) == 1 and "index" in params:
        return f"{names[0]}[{index_text(params['index'])}]"
    dims = np.ndim(value(record.operands[0])) if record.operands else 0
    if primitive.name == "transpose" and params.get("axes") == tuple(range(-1, -dims - 1, -1)):
        return f"{names[0]}ᵀ"
    if primitive.name == "setitem" and len(names) == 2 and "index" in params:
        return f"{names[0]}[{index_text(params['index'])}] ← {names[1]}"
    words = [f"{k}={_setting(v)}" for k, v in params.items() if not _default(k, v, dims)]
    return f"{primitive.name}({', '.join(names + words)})"


def _default(name: str, setting: Any, dims: int) -> bool:
    """Say whether a parameter says nothing: it is switched off, or names all axes."""
    if setting is None or setting is False:
        return True
    return name == "axis" and isinstance(setting, tuple) and len(setting) == dims


def _setting(setting: Any) -> str:
    text = " ".join(str(setting).split())
    return text if len(text) <= 24 else text[:21] + "..."


def _constant(x: Any) -> str:
    array = np.asarray(value(x))
    if array.size <= 3:
        return brief(array, 5)
    return (
        "×".join(map(str, array.shape)) + " constant"
        if array.ndim > 1
        else f"constant[{array.size}]"
    )
