"""Provisional arrays: plain numbers that hold at this point only, so that a zero among them is no zero for good.

Comparisons of followed values, and plain arguments of the function, differ from call to call. A pattern that dropped
what is multiplied by their zeros would change with every switch of ``x > 0``, and with multipliers that start at zero.
What is computed from a provisional array with NumPy is provisional too; next to a followed value it becomes one itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced

__all__ = ["Provisional", "provisional"]


class Provisional(np.ndarray):
    """An array whose zeros do not count as zeros of a pattern."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Traced) for x in inputs):
            return NotImplemented
        out = kwargs.get("out", ())
        if out:
            kwargs["out"] = tuple(_plain(x) for x in out)
        result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        return out[0] if len(out) == 1 else provisional(result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, Traced) for kind in types):
            return NotImplemented
        plain = {k: _plain(v) for k, v in kwargs.items()}
        return provisional(func(*map(_plain, args), **plain))


def _plain(x: Any) -> Any:
    if isinstance(x, Provisional):
        return x.view(np.ndarray)
    if type(x) in (list, tuple):
        return type(x)(map(_plain, x))
    return x


def provisional(x: Any) -> Any:
    """Return arrays, also those in a list or tuple, as provisional ones; numbers as they are."""
    if type(x) is np.ndarray and x.ndim and x.dtype.kind in "fcbiu":
        return x.view(Provisional)
    if type(x) in (list, tuple):
        return type(x)(map(provisional, x))
    return x
