"""Arguments of the functions of this package: plain numbers for SciPy, refusals of lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced
from dualrev.core.levels import open_levels
from dualrev.derivatives.closures import refuse_traced
from dualrev.errors import UnsupportedError
from dualrev.modes.batch import Batched

__all__ = ["guarded", "number", "original", "plain_numbers", "refuse_lanes"]

# The stubs of SciPy know the usual calls only.
original: Any = integrate


def guarded(name: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f` such that a traced value that was not found raises, and names the way out."""

    def call(*args: Any) -> Any:
        y = f(*args)
        refuse_traced(name, *(y if isinstance(y, (list, tuple)) else (y,)))
        return y

    return call if open_levels() else f


def plain_numbers(x: Any) -> Any:
    """Return numbers, or sequences of them, without what is traced."""
    if type(x) in (list, tuple):
        return type(x)(plain_numbers(v) for v in x)
    return value(operand(x)) if holds_traced(x) else x


def refuse_lanes(name: str, *values: Any) -> None:
    """Raise if a value has lanes of `vmap`."""
    for given in values:
        v = given
        while isinstance(v, Traced):
            if isinstance(v, Batched):
                raise UnsupportedError(
                    f"{name} inside vmap",
                    "every lane would take steps of its own",
                    "loop over the lanes in Python and stack the results",
                )
            v = v.primal


def number(t: Any) -> Any:
    """Return a time or a limit as one float, traced or not."""
    x: Any = operand(t)
    return np.float64(x) if not isinstance(x, Traced) else x.reshape(()) * 1.0
