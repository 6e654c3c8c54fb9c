"""Normalisation as functions: mean and variance of features, channels, groups or a batch are taken out."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.errors import InputError, ShapeError
from dualrev.nn.extents import as_array

__all__ = [
    "batch_norm",
    "channelled",
    "checked_shape",
    "group_norm",
    "layer_norm",
    "moments",
    "normalised",
    "rms_norm",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def checked_shape(name: str, given: Any) -> tuple[int, ...]:
    """Return the shape of what is normalised, from an integer or a sequence.

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        shape = (
            tuple(operator.index(n) for n in given)
            if isinstance(given, (tuple, list))
            else (operator.index(given),)
        )
    except TypeError:
        shape = ()
    if not shape or any(n < 1 for n in shape):
        raise InputError(
            f"{name}: normalized_shape is a positive integer or a tuple of them, the last axes of the input, "
            f"not {given!r}"
        )
    return shape


def _features(name: str, x: Any, shape: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Return the input and the axes that are normalised."""
    x = as_array(x)
    if x.shape[-len(shape) :] != shape:
        raise ShapeError(
            f"{name}: the input has shape {x.shape}, and should end with the normalised shape {shape}"
        )
    return x, tuple(range(-len(shape), 0))


def _affine(name: str, y: Any, weight: Any, bias: Any, shape: tuple[int, ...], tail: int) -> Any:
    """Scale and shift; `tail` axes of length 1 stand behind the weights."""
    for what, part in (("weight", weight), ("bias", bias)):
        if part is not None and np.shape(part) != shape:
            raise ShapeError(f"{name}: the {what} has shape {np.shape(part)}, wanted is {shape}")
    ones = (1,) * tail
    if weight is not None:
        y = y * (_np.reshape(weight, (*shape, *ones)) if tail else weight)
    if bias is not None:
        y = y + (_np.reshape(bias, (*shape, *ones)) if tail else bias)
    return y


def moments(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Return mean, deviations and variance (of the sample, with n below) over some axes, which stay."""
    mean = _np.mean(x, axis=axes, keepdims=True)
    deviation = x - mean
    return mean, deviation, _np.mean(_np.square(deviation), axis=axes, keepdims=True)


def layer_norm(
    x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Give the last axes mean 0 and variance 1, separately for each index of the others.

    Parameters
    ----------
    x : array_like
        Its last axes have the shape `normalized_shape`.
    normalized_shape : int or tuple of int
        Shape of what is normalised.
    weight, bias : array_like, optional
        Of that shape: factors and summands afterwards.
    eps : float
        Added to the variance under the root.

    Returns
    -------
    ndarray
        (x − mean) / √(variance + eps) · weight + bias, of the shape and dtype of `x`.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    Notes
    -----
    Ba, Kiros & Hinton 2016, Layer normalization, arXiv:1607.06450.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.layer_norm(np.array([[1.0, 2.0, 3.0]]), 3).round(3)
    array([[-1.225,  0.   ,  1.225]])
    """
    shape = checked_shape("layer_norm", normalized_shape)
    x, axes = _features("layer_norm", x, shape)
    _, deviation, variance = moments(x, axes)
    return _affine("layer_norm", deviation / _np.sqrt(variance + eps), weight, bias, shape, 0)


def rms_norm(x: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """Divide the last axes by their root mean square, separately for each index of the others.

    Parameters
    ----------
    x, normalized_shape, weight
        See `layer_norm`.
    eps : float, optional
        Added to the mean square; by default the distance from 1 to the next number of the dtype.

    Notes
    -----
    Zhang & Sennrich 2019, Root mean square layer normalization, arXiv:1910.07467.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.rms_norm(np.array([3.0, 4.0]), 2).round(3)
    array([0.849, 1.131])
    """
    shape = checked_shape("rms_norm", normalized_shape)
    x, axes = _features("rms_norm", x, shape)
    if eps is None:
        dtype = dtype_of(x)
        eps = float(np.finfo(dtype if dtype.kind in "fc" else float).eps)
    square = _np.mean(_np.square(x), axis=axes, keepdims=True)
    return _affine("rms_norm", x / _np.sqrt(square + eps), weight, None, shape, 0)


def group_norm(
    x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Give groups of channels mean 0 and variance 1, sample by sample.

    Parameters
    ----------
    x : array_like
        Of shape (batch, channels, ...).
    num_groups : int
        Into how many groups the channels are split; one group is all of a sample, and as many as channels is known as
        instance normalisation.
    weight, bias : array_like, optional
        One number for each channel.
    eps : float
        Added to the variance under the root.

    Raises
    ------
    InputError
        If the groups do not divide the channels.

    Notes
    -----
    Wu & He 2018, Group normalization, arXiv:1803.08494.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.group_norm(np.array([[1.0, 3.0, 10.0, 30.0]]), 2).round(3)
    array([[-1.,  1., -1.,  1.]])
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ShapeError(
            f"group_norm: the input has shape {x.shape}, wanted is (batch, channels, ...)"
        )
    channels = x.shape[1]
    if num_groups < 1 or channels % num_groups:
        raise InputError(
            f"group_norm: {num_groups} groups do not divide the {channels} channels of the input of shape {x.shape}"
        )
    flat = _np.reshape(x, (x.shape[0], num_groups, channels // num_groups * math.prod(x.shape[2:])))
    _, deviation, variance = moments(flat, (-1,))
    y = _np.reshape(deviation / _np.sqrt(variance + eps), x.shape)
    return _affine("group_norm", y, weight, bias, (channels,), x.ndim - 2)


def channelled(name: str, x: Any, channels: int, ndims: tuple[int, ...]) -> Any:
    """Return a batch with so many channels; raise `ShapeError` if it is none."""
    x = as_array(x)
    if x.ndim not in ndims or x.shape[1] != channels:
        names = ("batch", "channels", "depth", "height", "width")
        layouts = {
            2: names[:2],
            3: (*names[:2], "length"),
            4: (*names[:2], *names[3:]),
            5: names,
        }
        wanted = " or ".join(f"({', '.join(layouts[n])})" for n in ndims)
        raise ShapeError(
            f"{name}: the input has shape {x.shape}, wanted is {wanted} with {channels} channels"
        )
    return x


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    eps: float = 1e-5,
) -> Any:
    """Give each channel mean 0 and variance 1 over the batch and all places, or go by known moments.

    Parameters
    ----------
    x : array_like
        Of shape (batch, channels, ...).
    running_mean, running_var : array_like or None
        Moments of the channels, used unless `training`; they are never changed, which is what `BatchNorm2d` is for.
    weight, bias : array_like, optional
        One number for each channel.
    training : bool
        Whether the moments of this batch are used, through which derivatives then flow.
    eps : float
        Added to the variance under the root.

    Raises
    ------
    InputError
        If the moments are missing.
    ShapeError
        If a channel has a single entry in training, of which there is no variance.

    Notes
    -----
    Ioffe & Szegedy 2015, Batch normalization, arXiv:1502.03167.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> nn.batch_norm(x, None, None, training=True).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ShapeError(
            f"batch_norm: the input has shape {x.shape}, wanted is (batch, channels, ...)"
        )
    return normalised(x, running_mean, running_var, weight, bias, training, eps)[0]


def normalised(
    x: Any, mean: Any, variance: Any, weight: Any, bias: Any, training: bool, eps: float
) -> tuple[Any, Any, Any]:
    """Return the result of `batch_norm` with the mean and variance that it used."""
    channels, tail = x.shape[1], x.ndim - 2
    column = (channels, *(1,) * tail)
    if training:
        if math.prod(x.shape) <= channels:
            raise ShapeError(
                f"batch_norm: an input of shape {x.shape} has less than two entries per channel to take a variance of; "
                "use a larger batch, or eval() after training"
            )
        mean, deviation, variance = moments(x, (0, *range(2, x.ndim)))
    else:
        for what, part in (("running_mean", mean), ("running_var", variance)):
            if part is None:
                raise InputError(
                    f"batch_norm: {what} is None: give it, or training=True for the batch's own"
                )
            if np.shape(part) != (channels,):
                raise ShapeError(
                    f"batch_norm: {what} has shape {np.shape(part)}, wanted is ({channels},)"
                )
        mean, variance = _np.reshape(mean, column), _np.reshape(variance, column)
        deviation = x - mean
    y = _affine("batch_norm", deviation / _np.sqrt(variance + eps), weight, bias, (channels,), tail)
    return y, mean, variance
