"""Smooth activation functions of arrays, stable for large arguments; `units.py` has the same as modules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import operand
from dualrev.core.ufuncs import special
from dualrev.errors import InputError, ShapeError
from dualrev.rules.special import logistic

__all__ = [
    "floats",
    "gelu",
    "glu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def floats(name: str, x: Any) -> Any:
    """Return the input as an array of real floats; NumPy's functions give float16 for small integers."""
    x = operand(x)
    kind = dtype_of(x).kind
    if kind == "f":
        return x
    if kind == "c":
        raise InputError(
            f"{name}: the input is complex; apply it to real and imaginary part, or to np.abs(x)"
        )
    return x.astype(float) if isinstance(x, Traced) else np.asarray(x, float)[()]


def gelu(x: Any, *, approximate: str = "none") -> Any:
    """Return x Φ(x), Φ the normal distribution function.

    Parameters
    ----------
    x : array
    approximate : {"none", "tanh"}
        With ``"tanh"`` Φ is replaced by (1 + tanh u)/2, u = √(2/π) (x + 0.044715 x³), computed as the logistic function
        of 2u, which loses no digits on the negative side.

    References
    ----------
    Hendrycks & Gimpel (2016), arXiv:1606.08415.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.gelu(np.array([-1.0, 2.0])).round(4)
    array([-0.1587, 1.9545])
    """
    x = floats("gelu", x)
    if approximate == "none":
        return x * special.ndtr(x)
    if approximate == "tanh":
        return x * special.expit((2.0 * math.sqrt(2.0 / math.pi)) * (x + 0.044715 * x**3))
    raise InputError(f"gelu: approximate= is 'none' or 'tanh', not {approximate!r}")


def sigmoid(x: Any) -> Any:
    """Return 1/(1 + e⁻ˣ).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return special.expit(floats("sigmoid", x))


def log_sigmoid(x: Any) -> Any:
    """Return −log(1 + e⁻ˣ), without overflow.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.log_sigmoid(np.array([-1000.0, 0.0])).round(4)
    array([-1.000e+03, -6.931e-01])
    """
    return special.log_expit(floats("log_sigmoid", x))


def silu(x: Any) -> Any:
    """Return x/(1 + e⁻ˣ), also called swish.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.silu(np.array([-1.0, 2.0])).round(4)
    array([-0.2689, 1.7616])
    """
    x = floats("silu", x)
    return x * special.expit(x)


def softplus(x: Any, *, beta: float = 1.0) -> Any:
    """Return log(1 + exp(beta x))/beta, without overflow and without PyTorch's threshold.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.softplus(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    if not beta > 0:
        raise InputError(f"softplus: beta is positive, not {beta}")
    return -special.log_expit(-beta * floats("softplus", x)) / beta


def tanh(x: Any) -> Any:
    """Return ``np.tanh``.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.tanh(np.array([0.0, 1.0])).round(4)
    array([0. , 0.7616])
    """
    return _np.tanh(floats("tanh", x))


def softsign(x: Any) -> Any:
    """Return x/(1 + |x|).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.softsign(np.array([-1.0, 3.0]))
    array([-0.5 , 0.75])
    """
    x = floats("softsign", x)
    size = _np.abs(x)
    side = _np.sign(x)
    # The derivative of the quotient is a difference, which loses all digits far out.
    return _np.where(size > 1, side - side / (1.0 + size), x / (1.0 + size))


def mish(x: Any) -> Any:
    """Return x tanh(softplus(x)).

    References
    ----------
    Misra (2020), arXiv:1908.08681.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.mish(np.array([-1.0, 2.0])).round(4)
    array([-0.3034, 1.944 ])
    """
    x = floats("mish", x)
    return x * _np.tanh(softplus(x))


def softmax(x: Any, *, axis: int | tuple[int, ...] = -1) -> Any:
    """Return exp(x) divided by its sum along an axis, without overflow; 0 for entries of −inf.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.softmax(np.array([0.0, 1000.0, 1000.0]))
    array([0. , 0.5, 0.5])
    """
    return logistic.softmax(floats("softmax", x), axis)


def log_softmax(x: Any, *, axis: int | tuple[int, ...] = -1) -> Any:
    """Return x − log Σ exp(x) along an axis, without overflow.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.log_softmax(np.array([0.0, 1000.0]))
    array([-1000., 0.])
    """
    return logistic.log_softmax(floats("log_softmax", x), axis)


def glu(x: Any, *, axis: int = -1) -> Any:
    """Return a · sigmoid(b), where a and b are the halves of `x` along an axis.

    Raises
    ------
    ShapeError
        If the axis has an odd length.

    References
    ----------
    Dauphin, Fan, Auli & Grangier (2017), arXiv:1612.08083.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.glu(np.array([1.0, 2.0, 0.0, 1000.0]))
    array([0.5, 2. ])
    """
    x = floats("glu", x)
    length = np.shape(x)[axis] if np.shape(x) else 1
    if length % 2:
        raise ShapeError(
            f"glu: the halves of axis {axis} are needed, and its length in shape {np.shape(x)} is odd"
        )
    a, b = _np.split(x, 2, axis=axis)
    return a * special.expit(b)
