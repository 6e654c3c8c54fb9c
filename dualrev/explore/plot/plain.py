"""What the user passes as data, as plain arrays: variables and lists of them are numbers to a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.errors import ShapeError, describe

__all__ = ["array", "plain"]


def plain(given: Any) -> Any:
    """Strip what is traced, in nested lists too, as a training loop collects it."""
    return [plain(part) for part in given] if isinstance(given, list | tuple) else value(given)


def array(name: str, word: str, given: Any) -> np.ndarray:
    """Return floats.

    Raises
    ------
    ShapeError
        If it is no array of numbers.
    """
    try:
        return np.asarray(plain(given), dtype=float)
    except (TypeError, ValueError):
        raise ShapeError(
            f"plot.{name}: {word} is {describe(given)}, not an array of numbers"
        ) from None
