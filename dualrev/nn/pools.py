"""Pooling layers: the largest entry or the mean of windows."""

from __future__ import annotations

from typing import Any, ClassVar

from dualrev.nn.module import Module
from dualrev.nn.pooling import adaptive_mean, largest, mean, window

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "MaxPool1d",
    "MaxPool2d",
]


class _Pool(Module):
    """A function with its options as attributes, which are checked when it is made."""

    axes: ClassVar[int]
    usual: ClassVar[dict[str, Any]] = {
        "padding": 0,
        "dilation": 1,
        "ceil_mode": False,
        "count_include_pad": True,
        "divisor_override": None,
    }

    def _windows(self, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> None:
        window(type(self).__name__, self.axes, kernel_size, stride, padding, dilation)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding

    def extra_repr(self) -> str:
        """Return the options that are not the usual ones."""
        options = [
            f"{key}={getattr(self, key)!r}"
            for key, default in self.usual.items()
            if getattr(self, key, default) != default
        ]
        return ", ".join([repr(self.kernel_size), f"stride={self.stride!r}", *options])


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> None:
        self._windows(kernel_size, stride, padding, dilation)
        self.dilation = dilation
        self.ceil_mode = ceil_mode

    def forward(self, x: Any) -> Any:
        """Return the largest entries of the windows."""
        return largest(
            self.axes,
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
        )


class MaxPool1d(_MaxPool):
    """The largest entries of windows, see `max_pool1d`."""

    axes = 1


class MaxPool2d(_MaxPool):
    """The largest entries of windows; parameters and conventions are those of `max_pool2d`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.MaxPool2d(2)(np.ones((5, 8, 28, 28))).shape
    (5, 8, 14, 14)
    """

    axes = 2


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: float | None = None,
    ) -> None:
        self._windows(kernel_size, stride, padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, x: Any) -> Any:
        """Return the means of the windows."""
        return mean(
            self.axes,
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool1d(_AvgPool):
    """The means of windows, see `avg_pool1d`."""

    axes = 1


class AvgPool2d(_AvgPool):
    """The means of windows; parameters are those of `avg_pool2d`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.AvgPool2d(2)(np.ones((5, 8, 28, 28))).shape
    (5, 8, 14, 14)
    """

    axes = 2


class _AdaptiveAvgPool(Module):
    axes: ClassVar[int]

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Return the means of the windows."""
        return adaptive_mean(self.axes, x, self.output_size)

    def extra_repr(self) -> str:
        """Return the size."""
        return repr(self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of as many windows as asked for, see `adaptive_avg_pool1d`."""

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of as many windows as asked for, see `adaptive_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.AdaptiveAvgPool2d((1, None))(np.ones((5, 8, 7, 9))).shape
    (5, 8, 1, 9)
    """

    axes = 2
