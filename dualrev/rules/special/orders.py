"""Families of functions numbered by an order: what a derivative of order n needs is its neighbour n + 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["by_order"]

_HIGHEST = 40


def by_order(orders: int = 1) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function of whole numbers and flat double-precision arrays take any shape and precision.

    The first `orders` arguments are orders, rounded to whole numbers; NaN beyond 0 to 40.
    """

    def wrap(evaluate: Callable[..., Any]) -> Callable[..., Any]:
        def call(*operands: Any) -> Any:
            numbers, points = operands[:orders], operands[orders:]
            dtype = np.result_type(*points)
            dtype = dtype if dtype.kind in "fc" else np.dtype(float)
            wide = np.dtype(complex if dtype.kind == "c" else float)
            shape = np.broadcast_shapes(*map(np.shape, operands))
            exact = [
                np.broadcast_to(
                    np.asarray(p, complex if np.iscomplexobj(p) else float), shape
                ).ravel()
                for p in points
            ]
            y = np.full(exact[0].shape, np.nan, wide)
            with np.errstate(all="ignore"):
                if not orders:
                    return np.asarray(evaluate(*exact), dtype).reshape(shape)[()]
                ks = [np.broadcast_to(k, shape).ravel() for k in numbers]
                rows = np.rint(np.stack(ks, axis=-1))
                for row in np.unique(rows, axis=0):
                    if all(map(_valid, row)):
                        here = np.all(rows == row, axis=-1)
                        y[here] = evaluate(*map(int, row), *(p[here] for p in exact))
                return y.reshape(shape).astype(dtype)[()]

        call.__name__ = evaluate.__name__.lstrip("_")
        return call

    return wrap


def _valid(k: float) -> bool:
    return 0 <= k <= _HIGHEST
