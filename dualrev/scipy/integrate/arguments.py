"""Arguments of the functions of this package: plain numbers for SciPy, refusals of lanes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced
from dualrev.derivatives.closures import guarded
from dualrev.errors import UnsupportedError
from dualrev.modes.batch import Batched

__all__ = ["guarded", "number", "original", "plain_numbers", "refuse_lanes"]

# The stubs of SciPy know the usual calls only.
original: Any = integrate


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
