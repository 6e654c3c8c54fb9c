"""Parameters: leaf variables of the imperative interface."""

from __future__ import annotations

from typing import Any

from dualrev.modes.live import is_live, variable

__all__ = ["Parameter", "is_parameter"]


def Parameter(x: Any, dtype: Any = None) -> Any:
    """Return a leaf variable, which as an attribute of a `Module` is one of its parameters.

    Parameters
    ----------
    x : array_like
        The value; copied. Integers become float64.
    dtype : dtype, optional
        Another floating or complex dtype.

    Returns
    -------
    Variable
        The same as ``dualrev.variable(x, dtype)``.

    Examples
    --------
    >>> import dualrev.nn as nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         self.factor = nn.Parameter([1.0, 2.0])
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> Scale().weights()
    {'factor': array([1., 2.])}
    """
    return variable(x, dtype)


def is_parameter(x: Any) -> bool:
    """Say whether a value is a leaf variable; the results of operations on such are not."""
    return is_live(x) and bool(x.is_leaf)
