"""Convolutions over one, two and three axes as functions: what `Conv2d` and its kin compute.

As everywhere in this field the kernel is not reversed: what is computed is a cross-correlation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.errors import InputError, ShapeError
from dualrev.nn.extents import as_array, batched, per_axis
from dualrev.rules.channels import channel_convolution, channel_spread
from dualrev.rules.patches import steps

__all__ = [
    "check_groups",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolve",
    "margins",
    "spread",
]

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def margins(name: str, padding: Any, kernel: Ints, stride: Ints, dilation: Ints) -> Pairs:
    """Return the padding before and after each axis.

    Raises
    ------
    InputError
        If it is neither a number, one per axis, ``"valid"`` nor ``"same"``, or ``"same"`` with a stride.
    """
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * len(kernel)
        if padding != "same":
            raise InputError(
                f"{name}: padding is a number, one per axis, 'valid' or 'same', not {padding!r}"
            )
        if any(s != 1 for s in stride):
            raise InputError(
                f"{name}: padding='same' needs stride 1, not {stride}; give the padding as numbers"
            )
        around = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        # Of an odd number the larger part goes behind, as in PyTorch.
        return tuple((n // 2, n - n // 2) for n in around)
    return tuple((n, n) for n in per_axis(name, "padding", padding, len(kernel), 0))


def check_groups(name: str, groups: int, inside: int, outside: int) -> None:
    """Raise `InputError` unless both numbers of channels are multiples of `groups`."""
    if groups < 1 or inside % groups or outside % groups:
        raise InputError(
            f"{name}: groups={groups} should divide the {inside} input channels and the {outside} output channels"
        )


def _biased(name: str, y: Any, bias: Any, axes: int) -> Any:
    if bias is None:
        return y
    bias = as_array(bias)
    channels = y.shape[-axes - 1]
    if bias.shape != (channels,):
        raise ShapeError(
            f"{name}: the bias has shape {bias.shape}, wanted is one per output channel, ({channels},)"
        )
    return y + _np.reshape(bias, (channels, *(1,) * axes))


def _kernel(name: str, weight: Any, axes: int, layout: str) -> Any:
    weight = as_array(weight)
    if weight.ndim != axes + 2 or 0 in weight.shape:
        raise ShapeError(
            f"{name}: the weight has shape {weight.shape}, wanted is ({layout}, then {axes} sizes of the kernel)"
        )
    return weight


def convolve(
    axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """Compute `conv1d`, `conv2d` or `conv3d`, by the number of axes."""
    name = f"conv{axes}d"
    weight = _kernel(name, weight, axes, "output channels, input channels / groups")
    stride = per_axis(name, "stride", stride, axes, 1)
    dilation = per_axis(name, "dilation", dilation, axes, 1)
    (groups,) = per_axis(name, "groups", groups, 1, 1)
    kernel = tuple(weight.shape[2:])
    around = margins(name, padding, kernel, stride, dilation)
    x, single = batched(name, x, axes, weight.shape[1] * groups)
    check_groups(name, groups, x.shape[1], weight.shape[0])
    wide = tuple(n + sum(pair) for n, pair in zip(x.shape[2:], around, strict=True))
    if any(
        steps(n, k, s, d) < 1 for n, k, s, d in zip(wide, kernel, stride, dilation, strict=True)
    ):
        span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        raise ShapeError(
            f"{name}: the kernel spans {span} (size {kernel}, dilation {dilation}), the padded input only {wide} "
            f"(shape {x.shape}, padding {around}); choose a smaller kernel or more padding"
        )
    y = channel_convolution(
        x, weight, stride=stride, padding=around, dilation=dilation, groups=groups
    )
    y = _biased(name, y, bias, axes)
    return y[0] if single else y


def spread(
    axes: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    """Compute `conv_transpose1d`, ... , by the number of axes."""
    name = f"conv_transpose{axes}d"
    weight = _kernel(name, weight, axes, "input channels, output channels / groups")
    stride = per_axis(name, "stride", stride, axes, 1)
    dilation = per_axis(name, "dilation", dilation, axes, 1)
    extra = per_axis(name, "output_padding", output_padding, axes, 0)
    before = per_axis(name, "padding", padding, axes, 0)
    (groups,) = per_axis(name, "groups", groups, 1, 1)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise InputError(
            f"{name}: output_padding {extra} should be smaller than the stride {stride} or the dilation {dilation}; "
            "np.pad adds more"
        )
    x, single = batched(name, x, axes, weight.shape[0])
    check_groups(name, groups, x.shape[1], weight.shape[1] * groups)
    # Additional entries are taken from what the padding cuts off, as far as that goes; others get no contribution.
    after = tuple(max(p - e, 0) for p, e in zip(before, extra, strict=True))
    beyond = tuple(max(e - p, 0) for p, e in zip(before, extra, strict=True))
    size = tuple(
        (n - 1) * s + d * (k - 1) + 1 - p - q
        for n, s, d, k, p, q in zip(
            x.shape[2:], stride, dilation, weight.shape[2:], before, after, strict=True
        )
    )
    if any(n < 1 for n in size):
        raise ShapeError(
            f"{name}: an input of shape {x.shape} would give places {size}: the padding {before} cuts off everything"
        )
    y = channel_spread(
        x,
        weight,
        size=size,
        stride=stride,
        padding=tuple(zip(before, after, strict=True)),
        dilation=dilation,
        groups=groups,
    )
    if any(beyond):
        y = _np.pad(y, ((0, 0), (0, 0), *((0, n) for n in beyond)))
    y = _biased(name, y, bias, axes)
    return y[0] if single else y


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Slide a kernel along one axis: `conv2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> x = np.array([[[1.0, 2.0, 4.0, 8.0]]])
    >>> nn.conv1d(x, np.array([[[-1.0, 1.0]]]))
    array([[[1., 2., 4.]]])
    """
    return convolve(1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Slide a kernel over two axes and sum over the channels.

    Parameters
    ----------
    x : array_like
        Of shape (batch, input channels, height, width), or without the batch axis.
    weight : array_like
        Of shape (output channels, input channels / groups, kernel height, kernel width).
    bias : array_like, optional
        One number for each output channel.
    stride, dilation : int or pair of int
        Distance between places of the kernel, and between entries under it.
    padding : int or pair of int or {"valid", "same"}
        Zeros added on both sides of each axis; ``"same"`` adds as many as keep the size, and needs stride 1.
    groups : int
        Into how many groups the channels are split, which do not see each other.

    Returns
    -------
    ndarray
        Of shape (batch, output channels, ...), with (n + 2 · padding − dilation · (kernel − 1) − 1) // stride + 1
        places along an axis of n. Its dtype is that of NumPy's promotion.

    Raises
    ------
    InputError
        If stride, padding, dilation or groups are none.
    ShapeError
        If the shapes do not fit each other, or the kernel is larger than the padded input.

    Notes
    -----
    One operation on the tape, which keeps `x` and `weight`. Its value and both adjoints are products of matrices over
    blocks of windows (Chellapilla, Puri & Simard 2006), so a gradient costs about three times the value, and beside the
    results a block of 2 MB in double precision.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> nn.conv2d(x, np.full((1, 1, 3, 3), 1 / 9)).round(6)
    array([[[[ 5.,  6.],
             [ 9., 10.]]]])
    """
    return convolve(2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Slide a kernel over three axes: `conv2d` for inputs (batch, channels, depth, height, width).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.conv3d(np.ones((1, 2, 3, 3, 3)), np.ones((4, 2, 2, 2, 2))).shape
    (1, 4, 2, 2, 2)
    """
    return convolve(3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Apply the transpose of `conv1d`: `conv_transpose2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.conv_transpose1d(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 3.0]]]), stride=2)
    array([[[1., 3., 2., 6.]]])
    """
    return spread(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Apply the transpose of `conv2d` in its input: every entry adds a multiple of the kernel to the result.

    Parameters
    ----------
    x : array_like
        Of shape (batch, input channels, height, width), or without the batch axis.
    weight : array_like
        Of shape (input channels, output channels / groups, kernel height, kernel width).
    bias : array_like, optional
        One number for each output channel.
    stride, padding, dilation, groups
        Of the convolution whose transpose this is; `padding` is cut off here.
    output_padding : int or pair of int
        By how much the result is longer at its ends; a convolution with a stride loses the size of its input.

    Returns
    -------
    ndarray
        With (n − 1) · stride − 2 · padding + dilation · (kernel − 1) + output_padding + 1 places along an axis of n.

    Raises
    ------
    InputError, ShapeError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))
    array([[[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]]])
    """
    return spread(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Apply the transpose of `conv3d`: `conv_transpose2d` for inputs (batch, channels, depth, height, width).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.conv_transpose3d(np.ones((1, 2, 3, 3, 3)), np.ones((2, 4, 2, 2, 2))).shape
    (1, 4, 4, 4, 4)
    """
    return spread(3, x, weight, bias, stride, padding, output_padding, groups, dilation)
