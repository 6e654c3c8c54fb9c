"""Activation functions in pieces: rectifiers and what is clipped; `units.py` has the same as modules.

Derivatives at kinks are PyTorch's, one member of the subdifferential each, and the docstrings state them. Note that
``np.maximum(x, 0)`` shares a tie, and has the derivative 1/2 at 0 where `relu` has 0. Every branch of ``np.where`` gets
arguments at which it is finite, so that values and all derivatives are, and no warning is given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.bind import operand
from dualrev.errors import InputError, ShapeError
from dualrev.nn.activations import floats

__all__ = [
    "celu",
    "elu",
    "hardtanh",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "selu",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def relu(x: Any) -> Any:
    """Return max(x, 0). Derivative at 0: 0.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> dr.grad(lambda x: np.sum(nn.relu(x)))(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])
    """
    x = floats("relu", x)
    # Not (x > 0, x, 0): a NaN stays one.
    return _np.where(x <= 0, 0, x)


def relu6(x: Any) -> Any:
    """Return min(max(x, 0), 6). Derivative at 0 and 6: 0.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.relu6(np.array([-1.0, 2.0, 9.0]))
    array([0., 2., 6.])
    """
    return hardtanh(x, low=0.0, high=6.0)


def hardtanh(x: Any, *, low: float = -1.0, high: float = 1.0) -> Any:
    """Return `x` clipped to ``[low, high]``. Derivative at both ends: 0.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.hardtanh(np.array([-3.0, 0.5, 2.0]))
    array([-1. , 0.5, 1. ])
    """
    if not low < high:
        raise InputError(f"hardtanh: low={low} is not below high={high}")
    x = floats("hardtanh", x)
    return _np.where(x <= low, low, _np.where(x >= high, high, x))


def leaky_relu(x: Any, *, slope: float = 0.01) -> Any:
    """Return x where it is positive, else slope · x. Derivative at 0: slope.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.leaky_relu(np.array([-2.0, 3.0]), slope=0.1)
    array([-0.2, 3. ])
    """
    x = floats("leaky_relu", x)
    return _np.where(x > 0, x, slope * x)


def prelu(x: Any, weight: Any) -> Any:
    """Return x where it is positive, else weight · x, with a slope per channel or one for all. Derivative at 0: weight.

    Parameters
    ----------
    x : array
        Channels are axis 1 (axis 0 of a vector), as in PyTorch.
    weight : array
        Of shape (1,) or (channels,).

    Raises
    ------
    ShapeError
        If there are neither one nor as many slopes as channels.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.prelu(np.array([[-2.0, -2.0]]), np.array([0.1, 0.5]))
    array([[-0.2, -1. ]])
    """
    x, weight = floats("prelu", x), operand(weight)
    shape, slopes = np.shape(x), np.shape(weight)
    axis = 1 if len(shape) > 1 else 0
    if slopes not in ((), (1,)):
        if len(slopes) != 1 or not shape or shape[axis] != slopes[0]:
            raise ShapeError(
                f"prelu: slopes of shape {slopes} for an input of shape {shape}; give one slope, or one for each "
                f"entry of axis {axis}"
            )
        weight = _np.reshape(weight, slopes + (1,) * (len(shape) - 1 - axis))
    elif slopes:
        weight = weight[0]
    return _np.where(x > 0, x, weight * x)


def elu(x: Any, *, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else alpha (eˣ − 1). Derivative at 0: alpha.

    References
    ----------
    Clevert, Unterthiner & Hochreiter (2016), arXiv:1511.07289.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321, 2. ])
    """
    x = floats("elu", x)
    return _np.where(x > 0, x, alpha * _np.expm1(_np.where(x > 0, 0, x)))


def celu(x: Any, *, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else alpha (exp(x/alpha) − 1), whose derivative is continuous.

    References
    ----------
    Barron (2017), arXiv:1704.07483.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.celu(np.array([-1.0, 2.0]), alpha=2.0).round(4)
    array([-0.7869, 2. ])
    """
    if not alpha > 0:
        raise InputError(f"celu: alpha is positive, not {alpha}")
    x = floats("celu", x)
    return _np.where(x > 0, x, alpha * _np.expm1(_np.where(x > 0, 0, x) / alpha))


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def selu(x: Any) -> Any:
    """Return scale · elu(x, alpha), with constants that keep mean 0 and variance 1. Derivative at 0: scale · alpha.

    References
    ----------
    Klambauer, Unterthiner, Mayr & Hochreiter (2017), Self-normalizing neural networks, equation 2.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.selu(np.array([-1.0, 2.0])).round(4)
    array([-1.1113, 2.1014])
    """
    return _SELU_SCALE * elu(x, alpha=_SELU_ALPHA)
