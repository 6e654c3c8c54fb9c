"""What a user's function returned, as the numbers that a solver takes: read as SciPy reads it, traced or plain."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.bind import operand
from dualrev.derivatives.closures import refuse_traced
from dualrev.errors import OutputError, describe

__all__ = ["NotScalarError", "as_array", "one_number", "plain_number", "real_array"]


class NotScalarError(ValueError):
    """An objective function returned several numbers; in SciPy's words."""

    def __init__(self, y: Any) -> None:
        super().__init__(
            "The user-provided objective function must return a scalar value, "
            f"and this one returned {describe(y)}."
        )


def one_number(y: Any, name: str) -> Any:
    """Return what a function of SciPy's returns as one real number, traced if it was.

    Raises
    ------
    ValueError
        In SciPy's words, if it has several entries.
    OutputError
        If it is complex or no number.
    """
    y = as_array(y, name)
    if np.size(y) != 1:
        raise NotScalarError(y)
    if isinstance(y, Traced):
        whole: Any = y
        return np.reshape(whole, ()) if np.ndim(whole) else whole
    return plain_number(y, name)


def as_array(y: Any, name: str) -> Any:
    """Return a function's result as an array, traced if a part is; lists and tuples are stacked, as by SciPy."""
    if isinstance(y, (Traced, np.ndarray, np.generic, float, int, list, tuple)):
        return operand(y)
    if y is None:
        raise OutputError(
            f"{name}: the function returned None, where a number or an array is needed. Does it lack a return "
            "statement?"
        )
    if isinstance(y, (str, bytes, dict)):
        raise OutputError(f"{name}: the function returned {describe(y)}, where numbers are needed")
    return operand(np.asarray(y))


def plain_number(y: Any, name: str) -> np.float64:
    if np.size(y) != 1:
        raise NotScalarError(y)
    return np.float64(real_array(y, name).item())


def real_array(y: Any, name: str) -> np.ndarray:
    """Return a value as a float64 array in memory of its own."""
    refuse_traced(name, y)
    y = np.asarray(as_array(y, name))
    if y.dtype.kind not in "fiub":
        raise OutputError(
            f"{name}: the function returned {describe(y)}, and a solver needs real numbers"
            + (". Return real and imaginary parts." if y.dtype.kind == "c" else "")
        )
    return np.array(np.atleast_1d(y), dtype=float, order="C")
