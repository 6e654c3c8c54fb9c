"""Linear and bilinear maps of the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.errors import InputError, ShapeError
from dualrev.nn.initialisers import torch_uniform
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter

__all__ = ["Bilinear", "Flatten", "Identity", "Linear", "features", "sizes"]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def sizes(name: str, **given: Any) -> None:
    """Raise `InputError` unless all sizes of a layer are positive integers."""
    for what, n in given.items():
        if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or n < 1:
            raise InputError(f"{name}: {what} is a positive integer, not {n!r}")


def features(name: str, x: Any, wanted: int) -> Any:
    """Return an input as an array; raise `ShapeError` unless its last axis has `wanted` entries."""
    x = x if hasattr(x, "shape") else np.asarray(x)
    shape = x.shape
    if not shape or shape[-1] != wanted:
        remedy = (
            f"A single feature is an axis of length 1: x[..., np.newaxis] has shape {(*shape, 1)}."
            if wanted == 1
            else f"The layer was made for {wanted} features; batch axes stand in front of them."
        )
        raise ShapeError(
            f"{name}: the input has shape {shape}, and its last axis should have {wanted} entries. {remedy}"
        )
    return x


class Linear(Module):
    """The affine map ``y = x Wᵀ + b`` of the last axis.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of the last axis of input and output.
    bias : bool
        Whether there is a `b`.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: uniform in ±1/√in_features.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight : Variable
        Of shape (out_features, in_features).
    bias : Variable or None
        Of shape (out_features,).

    Raises
    ------
    ShapeError
        When called on an input whose last axis has another length.

    Notes
    -----
    Cost: 2 · in · out operations per row, twice that in the sweep.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> layer = nn.Linear(3, 2, rng=0)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    >>> layer
    Linear(3, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        rng = np.random.default_rng(rng)
        self.weight = Parameter(
            torch_uniform((out_features, in_features), rng, fan_in=in_features), dtype
        )
        self.bias: Any = (
            Parameter(torch_uniform((out_features,), rng, fan_in=in_features), dtype)
            if bias
            else None
        )

    def forward(self, x: Any) -> Any:
        """Map the last axis; any axes may stand in front of it."""
        x = features("Linear", x, self.in_features)
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.in_features}, {self.out_features}" + (
            ", bias=False" if self.bias is None else ""
        )


class Bilinear(Module):
    """The map ``y[k] = aᵀ W[k] b + bias[k]`` of the last axes of two inputs.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Lengths of the last axes.
    bias : bool
        Whether there is a bias.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: uniform in ±1/√in1_features.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight : Variable
        Of shape (out_features, in1_features, in2_features).
    bias : Variable or None
        Of shape (out_features,).

    Raises
    ------
    ShapeError
        When called on inputs of other sizes, or of different batch axes.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.Bilinear(2, 3, 4, rng=0)(np.ones((5, 2)), np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        sizes(
            "Bilinear",
            in1_features=in1_features,
            in2_features=in2_features,
            out_features=out_features,
        )
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        rng = np.random.default_rng(rng)
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(torch_uniform(shape, rng, fan_in=in1_features), dtype)
        self.bias: Any = (
            Parameter(torch_uniform((out_features,), rng, fan_in=in1_features), dtype)
            if bias
            else None
        )

    def forward(self, a: Any, b: Any) -> Any:
        """Map the last axes of two inputs whose other axes agree."""
        a = features("Bilinear (first input)", a, self.in1_features)
        b = features("Bilinear (second input)", b, self.in2_features)
        if a.shape[:-1] != b.shape[:-1]:
            raise ShapeError(
                f"Bilinear: the batch axes differ, {a.shape[:-1]} and {b.shape[:-1]}; "
                "make them equal with np.broadcast_to"
            )
        y = _np.einsum("...i,kij,...j->...k", a, self.weight, b)
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.in1_features}, {self.in2_features}, {self.out_features}" + (
            ", bias=False" if self.bias is None else ""
        )


class Identity(Module):
    """Return the input: a place holder where a layer may or may not be."""

    def forward(self, x: Any) -> Any:
        """Return `x`."""
        return x


class Flatten(Module):
    """Take the axes from `start_axis` to `end_axis` together, in C order.

    Parameters
    ----------
    start_axis, end_axis : int
        First and last of them; by default all but the batch axis.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.Flatten()(np.ones((5, 2, 3))).shape
    (5, 6)
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        self.start_axis = start_axis
        self.end_axis = end_axis

    def forward(self, x: Any) -> Any:
        """Return `x` with those axes as one."""
        shape = np.shape(x)
        n = len(shape)
        first = self.start_axis + n if self.start_axis < 0 else self.start_axis
        last = self.end_axis + n if self.end_axis < 0 else self.end_axis
        if not 0 <= first <= last < n:
            raise ShapeError(
                f"Flatten: an input of shape {shape} has no axes {self.start_axis} to {self.end_axis}"
            )
        size = int(np.prod(shape[first : last + 1]))
        return _np.reshape(x, (*shape[:first], size, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        """Return the axes."""
        return f"start_axis={self.start_axis}, end_axis={self.end_axis}"
