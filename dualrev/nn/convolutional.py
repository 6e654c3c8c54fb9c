"""Convolutional layers: kernels that slide over one, two or three axes, and the transposes of such maps."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from dualrev.errors import InputError
from dualrev.nn.convolution import check_groups, convolve, margins, spread
from dualrev.nn.extents import batched, per_axis
from dualrev.nn.initialisers import torch_uniform
from dualrev.nn.linear import sizes
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np

# How the array is continued, in PyTorch's words and in those of np.pad.
_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class _Kernel(Module):
    """What all of these layers share: sizes, parameters and their text."""

    axes: ClassVar[int]
    transposed: ClassVar[bool] = False

    def _make(
        self,
        channels: tuple[int, int],
        kernel_size: Any,
        stride: Any,
        dilation: Any,
        groups: int,
        bias: bool,
        rng: Any,
        dtype: Any,
    ) -> None:
        name = type(self).__name__
        sizes(name, in_channels=channels[0], out_channels=channels[1], groups=groups)
        check_groups(name, groups, *channels)
        self.in_channels, self.out_channels = channels
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.axes, 1)
        self.stride = per_axis(name, "stride", stride, self.axes, 1)
        self.dilation = per_axis(name, "dilation", dilation, self.axes, 1)
        self.groups = groups
        rng = np.random.default_rng(rng)
        first, second = channels[::-1] if not self.transposed else channels
        shape = (first, second // groups, *self.kernel_size)
        fan_in = math.prod(shape[1:])
        self.weight = Parameter(torch_uniform(shape, rng, fan_in=fan_in), dtype)
        self.bias: Any = (
            Parameter(torch_uniform((channels[1],), rng, fan_in=fan_in), dtype) if bias else None
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the options that are not the usual ones."""
        ones, zeros = (1,) * self.axes, (0,) * self.axes
        usual = {
            "stride": ones,
            "padding": zeros,
            "dilation": ones,
            "output_padding": zeros,
            "groups": 1,
            "padding_mode": "zeros",
        }
        options = [
            f"{key}={getattr(self, key)!r}"
            for key, default in usual.items()
            if hasattr(self, key) and getattr(self, key) != default
        ]
        if self.bias is None:
            options.append("bias=False")
        size = f"kernel_size={self.kernel_size}"
        return ", ".join([f"{self.in_channels}, {self.out_channels}", size, *options])


class _Convolution(_Kernel):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        name = type(self).__name__
        if padding_mode not in _MODES:
            raise InputError(
                f"{name}: padding_mode is one of {tuple(_MODES)}, not {padding_mode!r}"
            )
        self._make(
            (in_channels, out_channels), kernel_size, stride, dilation, groups, bias, rng, dtype
        )
        margins(name, padding, self.kernel_size, self.stride, self.dilation)
        self.padding = (
            padding
            if isinstance(padding, str)
            else per_axis(name, "padding", padding, self.axes, 0)
        )
        self.padding_mode = padding_mode

    def forward(self, x: Any) -> Any:
        """Convolve an input (batch, channels, ...), or (channels, ...)."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            around = margins(
                type(self).__name__, padding, self.kernel_size, self.stride, self.dilation
            )
            x, single = batched(type(self).__name__, x, self.axes, self.in_channels)
            x = _np.pad(x, ((0, 0), (0, 0), *around), mode=_MODES[self.padding_mode])
            x = x[0] if single else x
            padding = 0
        return convolve(
            self.axes, x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class _Transposed(_Kernel):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        name = type(self).__name__
        self._make(
            (in_channels, out_channels), kernel_size, stride, dilation, groups, bias, rng, dtype
        )
        self.padding = per_axis(name, "padding", padding, self.axes, 0)
        self.output_padding = per_axis(name, "output_padding", output_padding, self.axes, 0)

    def forward(self, x: Any) -> Any:
        """Spread an input (batch, channels, ...), or (channels, ...)."""
        return spread(
            self.axes,
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )


class Conv1d(_Convolution):
    """A convolution along one axis: `Conv2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.Conv1d(2, 4, 3, padding="same", rng=0)(np.ones((5, 2, 10))).shape
    (5, 4, 10)
    """

    axes = 1


class Conv2d(_Convolution):
    """A convolution over two axes, with a sum over the channels; `conv2d` is the function.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels.
    kernel_size : int or pair of int
        Height and width of the kernel.
    stride, padding, dilation, groups
        See `conv2d`.
    bias : bool
        Whether a number is added to each output channel.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What is put around the input: zeros, its mirror image, its last entry, or its other end.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: uniform in ±1/√n with n = weight[0].size.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight : Variable
        Of shape (out_channels, in_channels / groups, height, width).
    bias : Variable or None
        Of shape (out_channels,).

    Raises
    ------
    InputError
        If a size or option is none.
    ShapeError
        When called on an input with another number of channels or axes, or smaller than the kernel.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> layer = nn.Conv2d(3, 8, 5, stride=2, padding=2, rng=0)
    >>> layer(np.ones((10, 3, 28, 28))).shape
    (10, 8, 14, 14)
    >>> layer
    Conv2d(3, 8, kernel_size=(5, 5), stride=(2, 2), padding=(2, 2))
    """

    axes = 2


class Conv3d(_Convolution):
    """A convolution over three axes: `Conv2d` for inputs (batch, channels, depth, height, width).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.Conv3d(1, 2, (1, 3, 3), rng=0)(np.ones((1, 4, 8, 8))).shape
    (2, 4, 6, 6)
    """

    axes = 3


class ConvTranspose1d(_Transposed):
    """The transpose of a convolution along one axis: `ConvTranspose2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.ConvTranspose1d(2, 4, 2, stride=2, rng=0)(np.ones((5, 2, 10))).shape
    (5, 4, 20)
    """

    axes = 1


class ConvTranspose2d(_Transposed):
    """The transpose of a convolution over two axes, which makes the places more; `conv_transpose2d` is the function.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels.
    kernel_size : int or pair of int
        Height and width of the kernel.
    stride, padding, output_padding, groups, dilation
        See `conv_transpose2d`.
    bias : bool
        Whether a number is added to each output channel.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: uniform in ±1/√n with n = weight[0].size.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight : Variable
        Of shape (in_channels, out_channels / groups, height, width).
    bias : Variable or None
        Of shape (out_channels,).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1, rng=0)(np.ones((10, 8, 7, 7))).shape
    (10, 3, 14, 14)
    """

    axes = 2


class ConvTranspose3d(_Transposed):
    """The transpose of a convolution over three axes: `ConvTranspose2d` with a depth.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.ConvTranspose3d(2, 1, 2, rng=0)(np.ones((2, 3, 3, 3))).shape
    (1, 4, 4, 4)
    """

    axes = 3
