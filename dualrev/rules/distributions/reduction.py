"""What the statistics of samples share: one dtype, NaN entries, an axis that may be None, axes of length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

__all__ = ["PROPAGATES", "alike", "floating", "kept", "sample"]

PROPAGATES = "NaN entries propagate"


def floating(a: Any) -> Any:
    a = array_operand(a)
    return a if dtype_of(a).kind in "fc" else astype(a, float)


def alike(*arrays: Any) -> tuple[Any, ...]:
    """Return floating arrays of one dtype, in which SciPy computes."""
    floats = tuple(map(floating, arrays))
    dtype = np.result_type(*map(dtype_of, floats))
    return tuple(astype(a, dtype, copy=False) for a in floats)


def sample(name: str, nan_policy: str, axis: Any, *arrays: Any) -> tuple[Any, ...]:
    """Return the axis and floating arrays; raveled and axis 0 where the axis is None."""
    if nan_policy not in ("propagate", "raise", "omit"):
        raise ValueError("nan_policy must be one of {'propagate', 'raise', 'omit'}")
    out = alike(*arrays)
    if nan_policy != "propagate" and any(np.any(np.isnan(value(a))) for a in out):
        if nan_policy == "raise":
            raise ValueError("The input contains nan values")
        raise UnsupportedError(
            f"scipy.stats.{name}", "nan_policy='omit'", "leave the NaN entries out"
        )
    return (0, *map(np.ravel, out)) if axis is None else (axis, *out)


def kept(y: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """Put the axes of length one back."""
    if not keepdims:
        return y
    return np.reshape(y, (1,) * np.ndim(a)) if axis is None else np.expand_dims(y, axis)
