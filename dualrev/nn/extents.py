"""What windowed layers check about their sizes and inputs, with errors that name shapes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from dualrev.errors import InputError, ShapeError, describe

__all__ = ["as_array", "batched", "per_axis"]

Ints = tuple[int, ...]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def as_array(x: Any) -> Any:
    """Return an input as something with a shape."""
    return x if hasattr(x, "shape") else np.asarray(x)


def per_axis(name: str, what: str, given: Any, axes: int, least: int) -> Ints:
    """Return one integer per axis, from one for all or a sequence.

    Raises
    ------
    InputError
        If it is neither, or one is less than `least`.
    """
    parts = given if isinstance(given, (tuple, list)) else (given,) * axes
    try:
        numbers = tuple(operator.index(part) for part in parts)
    except TypeError:
        numbers = ()
    if len(numbers) != axes or any(n < least for n in numbers):
        each = "" if axes == 1 else f", or {axes} of them, one for each axis"
        got = repr(given) if isinstance(given, (int, float, tuple, list, str)) else describe(given)
        raise InputError(f"{name}: {what} is an integer of at least {least}{each}, not {got}")
    return numbers


def batched(name: str, x: Any, axes: int, channels: int | None) -> tuple[Any, bool]:
    """Return an input with a batch axis in front, and whether that has been added.

    Raises
    ------
    ShapeError
        If it has another number of axes, or of channels.
    """
    x = as_array(x)
    places = ("length", "height, width", "depth, height, width")[axes - 1]
    if x.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"{name}: the input has shape {x.shape}, wanted is (batch, channels, {places}) or (channels, {places}). "
            "A missing channel axis is added by x[:, np.newaxis]."
        )
    single = x.ndim == axes + 1
    if channels is not None and x.shape[-axes - 1] != channels:
        remedy = (
            f"np.moveaxis(x, -1, {-axes - 1}) moves channels that stand last."
            if x.shape[-1] == channels
            else "Axes are (batch, channels, places)."
        )
        raise ShapeError(
            f"{name}: the input of shape {x.shape} has {x.shape[-axes - 1]} channels, wanted are {channels}. {remedy}"
        )
    return (x[np.newaxis] if single else x), single
