"""Distances of truth values; of numbers SciPy takes 1 − u for "not u" and sums, which is a quotient of polynomials."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial import distance

from dualrev.core.array import dtype_of, value
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

__all__: list[str] = []


def _vector(x: Any) -> Any:
    x = array_operand(x)
    if x.ndim != 1:
        raise ValueError("Input vector should be 1-D.")
    if dtype_of(x).kind == "c":
        raise TypeError("distances are of real numbers")
    return astype(x, float, copy=False)


def _dice(ff: Any, ft: Any, tf: Any, tt: Any, n: Any) -> Any:
    return (tf + ft) / (2.0 * tt + tf + ft)


def _kulczynski1(ff: Any, ft: Any, tf: Any, tt: Any, n: Any) -> Any:
    return tt / (tf + ft)


def _rogerstanimoto(ff: Any, ft: Any, tf: Any, tt: Any, n: Any) -> Any:
    return 2.0 * (tf + ft) / (tt + ff + 2.0 * (tf + ft))


def _russellrao(ff: Any, ft: Any, tf: Any, tt: Any, n: Any) -> Any:
    return (n - tt) / n


def _sokalsneath(ff: Any, ft: Any, tf: Any, tt: Any, n: Any) -> Any:
    low = tt + 2.0 * (tf + ft)
    if np.any(value(low) == 0):
        raise ValueError(
            "Sokal-Sneath dissimilarity is not defined for vectors that are entirely false."
        )
    return 2.0 * (tf + ft) / low


def _yule(ff: Any, ft: Any, tf: Any, tt: Any, n: Any) -> Any:
    half = tf * ft
    both = tt * ff + half
    # SciPy calls 0 / 0 zero, which has no slope unless `half` stays zero.
    return 2.0 * half / np.where((half == 0) & (both == 0), 5e-324, both)


def _answer(name: str, quotient: Callable[..., Any]) -> None:
    original = getattr(distance, name, None)
    if original is None:
        return  # not in this SciPy

    def call(u: Any, v: Any, w: Any = None) -> Any:
        u, v = _vector(u), _vector(v)
        not_u, not_v, n = 1.0 - u, 1.0 - v, float(u.size)
        if w is not None:
            w = _vector(w)
            if np.any(value(w) < 0):
                raise ValueError("Input weights should be all non-negative")
            u, not_u, n = w * u, w * not_u, np.sum(w)
        sums = (np.sum(a * b) for a, b in ((not_u, not_v), (not_u, v), (u, not_v), (u, v)))
        return quotient(*sums, n)

    call.__signature__ = inspect.signature(original)
    numpy_function(original, note="of numbers as SciPy's polynomials in them")(call)


for _name, _quotient in (
    ("dice", _dice),
    ("kulczynski1", _kulczynski1),
    ("rogerstanimoto", _rogerstanimoto),
    ("russellrao", _russellrao),
    ("sokalmichener", _rogerstanimoto),
    ("sokalsneath", _sokalsneath),
    ("yule", _yule),
):
    _answer(_name, _quotient)
