"""Dropout: random masks that switch parts of the input off in training."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.errors import InputError, ShapeError
from dualrev.nn.extents import as_array
from dualrev.nn.module import Module

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "check_probability", "dropout"]


def check_probability(name: str, p: Any) -> None:
    """Raise `InputError` unless `p` is a number between 0 and 1."""
    if not isinstance(p, (int, float, np.number)) or not 0 <= p <= 1:
        raise InputError(f"{name}: the probability p is between 0 and 1, not {p!r}")


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """Set entries to zero at random and scale the others so that the expectation stays.

    Parameters
    ----------
    x : array_like
        Of any shape.
    p : float
        Probability of each entry to become zero.
    training : bool
        False returns `x` as it is.
    rng : None, int or Generator
        Where the random numbers come from; None gives others at every call.

    Returns
    -------
    ndarray
        x · mask / (1 − p), zeros if p = 1. The derivative has the same mask.

    Raises
    ------
    InputError
        If `p` is no probability.

    Notes
    -----
    Srivastava et al. 2014, Dropout, Journal of Machine Learning Research 15. The lanes of `vmap` share one mask.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> nn.dropout(np.ones(6), 0.5, rng=1)
    array([2., 2., 0., 2., 0., 0.])
    """
    check_probability("dropout", p)
    x = as_array(x)
    return _masked(x, p, x.shape, rng) if training and p > 0 else x


def _masked(x: Any, p: float, shape: tuple[int, ...], rng: Any) -> Any:
    dtype = dtype_of(x)
    dtype = dtype if dtype.kind in "fc" else np.dtype(float)
    if p == 1:
        return x * np.zeros(shape, dtype)
    kept = np.random.default_rng(rng).random(shape) >= p
    return x * (kept.astype(dtype) / (1 - p)).astype(dtype, copy=False)


class Dropout(Module):
    """Entries set to zero at random in training, and nothing after ``eval()``; `dropout` is the function.

    Parameters
    ----------
    p : float
        Probability of each entry to become zero.
    rng : None, int or Generator
        The layer keeps a generator, so an integer gives a reproducible sequence of masks, another at each call.

    Notes
    -----
    `functional_call` shares the generator with the layer: two calls have two masks, and a finite difference of them
    means nothing. Copy the layer, or call ``eval()``, to compare.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> layer = nn.Dropout(0.5, rng=1)
    >>> layer(np.ones(6))
    array([2., 2., 0., 2., 0., 0.])
    >>> layer.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        check_probability(type(self).__name__, p)
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        """Switch entries off."""
        return dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"


class _ChannelDropout(Dropout):
    axes: int

    def forward(self, x: Any) -> Any:
        """Switch channels off."""
        x = as_array(x)
        if x.ndim not in (self.axes + 1, self.axes + 2):
            raise ShapeError(
                f"{type(self).__name__}: the input has shape {x.shape}, wanted is (batch, channels, then {self.axes} "
                "axes of places); Dropout takes any shape"
            )
        if not self.training or self.p == 0:
            return x
        lead = x.shape[: -self.axes]
        return _masked(x, self.p, (*lead, *(1,) * self.axes), self.rng)


class Dropout1d(_ChannelDropout):
    """Whole channels of inputs (batch, channels, length) set to zero at random in training, see `Dropout`."""

    axes = 1


class Dropout2d(_ChannelDropout):
    """Whole channels of inputs (batch, channels, height, width) set to zero at random in training, see `Dropout`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> y = nn.Dropout2d(0.5, rng=1)(np.ones((2, 3, 4, 4)))
    >>> y.min(axis=(2, 3)) == y.max(axis=(2, 3))
    array([[ True,  True,  True],
           [ True,  True,  True]])
    """

    axes = 2
