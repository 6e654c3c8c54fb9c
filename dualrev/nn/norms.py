"""Normalising layers: LayerNorm, RMSNorm, GroupNorm and BatchNorm."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dualrev.core.array import value
from dualrev.errors import InputError, ShapeError
from dualrev.nn.linear import sizes
from dualrev.nn.module import Module
from dualrev.nn.normalisation import (
    channelled,
    checked_shape,
    group_norm,
    layer_norm,
    normalised,
    rms_norm,
)
from dualrev.nn.parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "LayerNorm", "RMSNorm"]


class LayerNorm(Module):
    """The last axes with mean 0 and variance 1, then scaled and shifted; `layer_norm` is the function.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        Shape of the last axes of the input.
    eps : float
        Added to the variance.
    elementwise_affine : bool
        Whether there are parameters.
    bias : bool
        Whether there is a summand among them.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight, bias : Variable or None
        Of shape `normalized_shape`; ones and zeros at first.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.LayerNorm(8)(np.ones((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = float,
    ) -> None:
        self.normalized_shape = shape = checked_shape("LayerNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight: Any = Parameter(np.ones(shape), dtype) if elementwise_affine else None
        self.bias: Any = Parameter(np.zeros(shape), dtype) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        """Normalise the last axes."""
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return shape and options."""
        return f"{self.normalized_shape}, eps={self.eps}" + (
            "" if self.elementwise_affine else ", elementwise_affine=False"
        )


class RMSNorm(Module):
    """The last axes divided by their root mean square, then scaled; `rms_norm` is the function.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        Shape of the last axes of the input.
    eps : float, optional
        Added to the mean square; by default the dtype's own.
    elementwise_affine : bool
        Whether there is a weight.
    dtype : dtype
        Of the weight.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.RMSNorm(8)(np.ones((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = float,
    ) -> None:
        self.normalized_shape = shape = checked_shape("RMSNorm", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight: Any = Parameter(np.ones(shape), dtype) if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        """Normalise the last axes."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return shape and options."""
        return f"{self.normalized_shape}, eps={self.eps}" + (
            "" if self.elementwise_affine else ", elementwise_affine=False"
        )


class GroupNorm(Module):
    """Groups of channels with mean 0 and variance 1, then scaled and shifted; `group_norm` is the function.

    Parameters
    ----------
    num_groups, num_channels : int
        The channels are a multiple of the groups.
    eps : float
        Added to the variance.
    affine : bool
        Whether there are parameters.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.GroupNorm(2, 6)(np.ones((5, 6, 4, 4))).shape
    (5, 6, 4, 4)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: Any = float,
    ) -> None:
        sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise InputError(
                f"GroupNorm: {num_groups} groups do not divide {num_channels} channels"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.weight: Any = Parameter(np.ones(num_channels), dtype) if affine else None
        self.bias: Any = Parameter(np.zeros(num_channels), dtype) if affine else None

    def forward(self, x: Any) -> Any:
        """Normalise an input (batch, channels, ...)."""
        x = channelled("GroupNorm", x, self.num_channels, (2, 3, 4, 5))
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return sizes and options."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}" + (
            "" if self.weight is not None else ", affine=False"
        )


class _BatchNorm(Module):
    ndims: ClassVar[tuple[int, ...]]
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = float,
    ) -> None:
        name = type(self).__name__
        sizes(name, num_features=num_features)
        if momentum is not None and not 0 <= momentum <= 1:
            raise InputError(
                f"{name}: momentum is between 0 and 1, or None for the mean of all batches, not {momentum!r}"
            )
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.track_running_stats = track_running_stats
        self.weight: Any = Parameter(np.ones(num_features), dtype) if affine else None
        self.bias: Any = Parameter(np.zeros(num_features), dtype) if affine else None
        tracked = track_running_stats
        self.register_buffer("running_mean", np.zeros(num_features, dtype) if tracked else None)
        self.register_buffer("running_var", np.ones(num_features, dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", np.array(0) if tracked else None)

    def forward(self, x: Any) -> Any:
        """Normalise a batch, and in training remember its moments."""
        x = channelled(type(self).__name__, x, self.num_features, self.ndims)
        own = self.training or not self.track_running_stats
        y, mean, variance = normalised(
            x, self.running_mean, self.running_var, self.weight, self.bias, own, self.eps
        )
        if self.training and self.track_running_stats:
            self._remember(value(mean), value(variance), x)
        return y

    def _remember(self, mean: Any, variance: Any, x: Any) -> None:
        name, channels = type(self).__name__, self.num_features
        if mean.ndim != x.ndim:
            raise ShapeError(
                f"{name}: in training inside dualrev.vmap every lane would leave other running moments behind; "
                "call eval() first, or make the layer with track_running_stats=False"
            )
        mean, variance = mean.reshape(channels), variance.reshape(channels)
        count = x.size // channels
        seen = self.num_batches_tracked + 1
        share = 1 / float(seen) if self.momentum is None else self.momentum
        # The running variance is unbiased, that of the batch itself is not.
        unbiased = variance * (count / (count - 1))
        self.running_mean = (1 - share) * self.running_mean + share * mean
        self.running_var = (1 - share) * self.running_var + share * unbiased
        self.num_batches_tracked = seen

    def extra_repr(self) -> str:
        """Return sizes and options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
            + ("" if self.weight is not None else ", affine=False")
            + ("" if self.track_running_stats else ", track_running_stats=False")
        )


class BatchNorm1d(_BatchNorm):
    """`BatchNorm2d` for inputs (batch, channels) or (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.BatchNorm1d(3).eval()(np.ones((5, 3))).shape
    (5, 3)
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Channels with mean 0 and variance 1 over batch and places, then scaled and shifted.

    In training the moments are those of the batch, and running means of them are kept; after ``eval()`` these are used.

    Parameters
    ----------
    num_features : int
        Number of channels of inputs (batch, channels, height, width).
    eps : float
        Added to the variance.
    momentum : float or None
        Share of the latest batch in the running moments; None for the mean of all batches.
    affine : bool
        Whether there are parameters.
    track_running_stats : bool
        Whether running moments are kept; without them the moments are always those of the batch.
    dtype : dtype
        Of parameters and buffers.

    Attributes
    ----------
    weight, bias : Variable or None
        Of shape (num_features,); ones and zeros at first.
    running_mean, running_var, num_batches_tracked : ndarray or None
        Buffers, always plain numbers. The running variance has n − 1 below, as PyTorch's.

    Raises
    ------
    ShapeError
        If the input has another shape; in training also if a channel has a single entry, and inside `vmap`, where each
        lane would leave other moments behind.

    Notes
    -----
    Ioffe & Szegedy 2015, Batch normalization, arXiv:1502.03167. Derivatives flow through the moments of the batch, not
    into the running ones. A transform that has to evaluate the function twice, as `dualrev.grad` does where 0 times
    infinity has come out, updates those twice.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> layer = nn.BatchNorm2d(3)
    >>> x = np.random.default_rng(0).normal(2.0, 1.0, (50, 3, 8, 8))
    >>> y = layer(x)
    >>> layer.running_mean.round(2)
    array([0.2, 0.2, 0.2])
    """

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm2d` for inputs (batch, channels, depth, height, width).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.BatchNorm3d(3).eval()(np.ones((5, 3, 2, 2, 2))).shape
    (5, 3, 2, 2, 2)
    """

    ndims = (5,)
