"""Activation functions as modules; what they compute is in `activations.py` and `rectifiers.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.nn import activations, rectifiers
from dualrev.nn.formula import Formula
from dualrev.nn.linear import sizes
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class ReLU(Formula, function=rectifiers.relu):
    """`relu` as a module: max(x, 0).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """


class ReLU6(Formula, function=rectifiers.relu6):
    """`relu6` as a module: x clipped to [0, 6]."""


class LeakyReLU(Formula, function=rectifiers.leaky_relu):
    """`leaky_relu` as a module: x, or slope · x where it is negative.

    Examples
    --------
    >>> import dualrev.nn as nn
    >>> nn.LeakyReLU(0.2)
    LeakyReLU(slope=0.2)
    """


class ELU(Formula, function=rectifiers.elu):
    """`elu` as a module: x, or alpha (eˣ − 1) where it is negative."""


class CELU(Formula, function=rectifiers.celu):
    """`celu` as a module: x, or alpha (exp(x/alpha) − 1) where it is negative."""


class SELU(Formula, function=rectifiers.selu):
    """`selu` as a module: the self-normalising unit."""


class GELU(Formula, function=activations.gelu):
    """`gelu` as a module: x Φ(x), or the approximation by tanh."""


class SiLU(Formula, function=activations.silu):
    """`silu` as a module: x/(1 + e⁻ˣ), also called swish."""


class Mish(Formula, function=activations.mish):
    """`mish` as a module: x tanh(softplus(x))."""


class Sigmoid(Formula, function=activations.sigmoid):
    """`sigmoid` as a module: 1/(1 + e⁻ˣ)."""


class LogSigmoid(Formula, function=activations.log_sigmoid):
    """`log_sigmoid` as a module: −log(1 + e⁻ˣ)."""


class Softplus(Formula, function=activations.softplus):
    """`softplus` as a module: log(1 + exp(beta x))/beta."""


class Softsign(Formula, function=activations.softsign):
    """`softsign` as a module: x/(1 + |x|)."""


class Tanh(Formula, function=activations.tanh):
    """`tanh` as a module."""


class Hardtanh(Formula, function=rectifiers.hardtanh):
    """`hardtanh` as a module: x clipped to [low, high]."""


class Softmax(Formula, function=activations.softmax):
    """`softmax` along an axis, as a module."""


class LogSoftmax(Formula, function=activations.log_softmax):
    """`log_softmax` along an axis, as a module."""


class GLU(Formula, function=activations.glu):
    """`glu` as a module: one half of an axis times the sigmoid of the other."""


class PReLU(Module):
    """`prelu` with slopes that are learned.

    Parameters
    ----------
    num_parameters : int
        1, or the number of channels (axis 1).
    init : float
        Initial slope.
    dtype : dtype
        Of the slopes.

    Attributes
    ----------
    weight : Variable
        The slopes, of shape (num_parameters,).

    References
    ----------
    He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, section 2.1.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.PReLU().eval()(np.array([-2.0, 3.0])).detach()
    array([-0.5,  3. ])
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = float) -> None:
        sizes("PReLU", num_parameters=num_parameters)
        self.weight = Parameter(np.full(num_parameters, float(init)), dtype)

    def forward(self, x: Any) -> Any:
        """Return `prelu` of `x`."""
        return rectifiers.prelu(x, self.weight)

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return str(self.weight.shape[0])
