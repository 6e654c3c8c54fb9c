"""NaN and infinity: questions asked after every sweep, so they are cheap, and the product in which zero is strong."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["all_finite", "any_nan", "strong_product", "without_warnings"]

# The sum of squares is the quickest for small arrays (0.5 us); for large ones BLAS would start threads.
_SMALL = 4096
_DEFAULT = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def _witness(x: Any) -> Any:
    """Return a number that is NaN if an entry is, and not finite if an entry is not (or where it overflows)."""
    return np.vdot(x, x) if x.size <= _SMALL else np.add.reduce(x, axis=None)


def any_nan(x: Any) -> bool:
    """Say whether a plain array may have a NaN (infinities of both signs count too)."""
    number = _witness(x)
    return bool(number != number)  # noqa: PLR0124 - only NaN differs from itself


def all_finite(x: Any) -> bool:
    """Say whether a plain array is finite; an overflow in the check counts as not finite."""
    number = _witness(x)
    return bool(number - number == 0)


def strong_product(c: Any, p: Any) -> Any:
    """Return ``c * p`` with the convention that zero times what is not finite is zero, on either side."""
    product = c * p
    kind = type(product)
    if (kind is np.float64 or kind is np.ndarray) and not any_nan(product):
        return product
    strong = ((c == 0) & ~np.isfinite(p)) | ((p == 0) & ~np.isfinite(c))
    return np.where(strong, 0, c) * np.where(strong, 0, p)


def without_warnings() -> Any:
    """Return an ``np.errstate`` that holds floating-point warnings back and keeps what the user made an error."""
    state: Any = np.geterr()
    if state == _DEFAULT:
        return np.errstate(divide="ignore", over="ignore", invalid="ignore")
    quiet: Any = {k: "ignore" if v == "warn" else v for k, v in state.items()}
    return np.errstate(**quiet)
