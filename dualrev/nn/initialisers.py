"""Initial values of parameters: functions of a shape and a random generator.

The fans of a shape are those of PyTorch's layout: ``(out, in, *kernel)``, with ``fan_in = in * prod(kernel)`` and
``fan_out = out * prod(kernel)``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.ufuncs import special
from dualrev.errors import InputError

__all__ = [
    "constant",
    "fans",
    "gain",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "normal",
    "ones",
    "orthogonal",
    "torch_uniform",
    "truncated_normal",
    "uniform",
    "zeros",
]

Shape = tuple[int, ...]


def fans(shape: Shape) -> tuple[int, int]:
    """Return ``(fan_in, fan_out)`` of a weight of shape ``(out, in, *kernel)``.

    Raises
    ------
    InputError
        If the shape has fewer than two axes: a vector has no fans.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.fans((16, 3, 5, 5))
    (75, 400)
    """
    if len(shape) < 2:
        raise InputError(
            f"fans: a weight has the shape (out, in, *kernel), and {shape} has fewer than two axes; "
            "choose uniform, normal, zeros or constant for it"
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def gain(activation: str, slope: float = 0.01) -> float:
    """Return the factor by which an activation asks for larger weights, so that variances stay the same.

    Parameters
    ----------
    activation : {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"}
        What follows the layer.
    slope : float
        Of leaky_relu on the negative side.

    Returns
    -------
    float
        1, 1, 5/3, √2, √(2 / (1 + slope²)), 3/4: the values of PyTorch. That of relu is derived in He et al. (2015).

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.gain("tanh")
    1.6666666666666667
    """
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5.0 / 3.0,
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0 / (1.0 + slope**2)),
        "selu": 0.75,
    }
    if activation not in gains:
        raise InputError(f"gain: {activation!r} is none of {', '.join(gains)}")
    return gains[activation]


def zeros(shape: Shape, rng: Any = None) -> np.ndarray:
    """Return zeros.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.zeros((2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def ones(shape: Shape, rng: Any = None) -> np.ndarray:
    """Return ones.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.ones((2,))
    array([1., 1.])
    """
    return np.ones(shape)


def constant(shape: Shape, rng: Any = None, *, value: float) -> np.ndarray:
    """Return an array of one value.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.constant((2,), value=0.1)
    array([0.1, 0.1])
    """
    return np.full(shape, float(value))


def uniform(shape: Shape, rng: Any = None, *, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Draw from the uniform distribution on ``[low, high)``.

    Parameters
    ----------
    shape : tuple of int
    rng : None, int or Generator
        Passed to ``np.random.default_rng``, here and in the other functions.
    low, high : float

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.uniform((1000,), 0, low=-1.0).mean().round(1)
    np.float64(0.0)
    """
    return np.random.default_rng(rng).uniform(low, high, shape)


def normal(shape: Shape, rng: Any = None, *, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """Draw from the normal distribution.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.normal((1000,), 0, std=2.0).std().round(1)
    np.float64(2.0)
    """
    return np.random.default_rng(rng).normal(mean, std, shape)


def truncated_normal(
    shape: Shape, rng: Any = None, *, mean: float = 0.0, std: float = 1.0, bound: float = 2.0
) -> np.ndarray:
    """Draw from the normal distribution, of which only what is within ``bound * std`` of the mean is kept.

    The standard deviation of what is drawn is smaller than `std` (0.88 of it for ``bound=2``). By inversion of
    the distribution function, so that every draw costs one random number.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> bool(abs(initialisers.truncated_normal((1000,), 0)).max() <= 2)
    True
    """
    edge = special.ndtr(-bound)
    u = np.random.default_rng(rng).uniform(edge, 1.0 - edge, shape)
    return np.asarray(mean + std * np.clip(special.ndtri(u), -bound, bound))


def glorot_uniform(shape: Shape, rng: Any = None, *, gain: float = 1.0) -> np.ndarray:
    """Draw from U(−a, a), a = gain √(6 / (fan_in + fan_out)).

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, equation 16.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> bool(abs(initialisers.glorot_uniform((2, 4), 0)).max() <= 1)
    True
    """
    fan_in, fan_out = fans(shape)
    a = gain * math.sqrt(6.0 / (fan_in + fan_out))
    return uniform(shape, rng, low=-a, high=a)


def glorot_normal(shape: Shape, rng: Any = None, *, gain: float = 1.0) -> np.ndarray:
    """Draw from N(0, σ²), σ = gain √(2 / (fan_in + fan_out)).

    References
    ----------
    Glorot & Bengio (2010), equation 12.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.glorot_normal((50, 50), 0).std().round(2)
    np.float64(0.14)
    """
    fan_in, fan_out = fans(shape)
    return normal(shape, rng, std=gain * math.sqrt(2.0 / (fan_in + fan_out)))


def he_uniform(shape: Shape, rng: Any = None, *, gain: float = math.sqrt(2.0)) -> np.ndarray:
    """Draw from U(−a, a), a = gain √(3 / fan_in); the default gain is that of relu.

    References
    ----------
    He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, equation 10.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> bool(abs(initialisers.he_uniform((2, 6), 0)).max() <= 1)
    True
    """
    a = gain * math.sqrt(3.0 / fans(shape)[0])
    return uniform(shape, rng, low=-a, high=a)


def he_normal(shape: Shape, rng: Any = None, *, gain: float = math.sqrt(2.0)) -> np.ndarray:
    """Draw from N(0, σ²), σ = gain / √fan_in; the default gain is that of relu.

    References
    ----------
    He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, equation 10.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.he_normal((50, 50), 0).std().round(1)
    np.float64(0.2)
    """
    return normal(shape, rng, std=gain / math.sqrt(fans(shape)[0]))


def lecun_normal(shape: Shape, rng: Any = None) -> np.ndarray:
    """Draw from N(0, 1 / fan_in), which keeps the variance of a linear layer, and of selu.

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, equation 16;
    Klambauer et al. (2017), Self-normalizing neural networks.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> initialisers.lecun_normal((50, 50), 0).std().round(2)
    np.float64(0.14)
    """
    return he_normal(shape, rng, gain=1.0)


def torch_uniform(shape: Shape, rng: Any = None, *, fan_in: int) -> np.ndarray:
    """Draw from U(−a, a), a = 1 / √fan_in: the default of PyTorch's layers, for weights and biases alike.

    It is `he_uniform` with gain 1/√3. A layer without inputs gets zeros.

    Examples
    --------
    >>> from dualrev.nn import initialisers
    >>> bool(abs(initialisers.torch_uniform((2, 4), 0, fan_in=4)).max() <= 0.5)
    True
    """
    a = 1.0 / math.sqrt(fan_in) if fan_in else 0.0
    return uniform(shape, rng, low=-a, high=a)


def orthogonal(shape: Shape, rng: Any = None, *, gain: float = 1.0) -> np.ndarray:
    """Draw a matrix with orthonormal rows or columns, whichever are fewer, from the uniform (Haar) distribution.

    Parameters
    ----------
    shape : tuple of int
        Two axes or more; all but the first are taken together.
    rng : None, int or Generator
    gain : float
        Factor.

    References
    ----------
    Saxe, McClelland & Ganguli (2014), arXiv:1312.6120; Mezzadri (2007), Notices of the AMS 54(5), on the signs.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import initialisers
    >>> q = initialisers.orthogonal((3, 3), 0)
    >>> bool(np.allclose(q @ q.T, np.eye(3)))
    True
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    tall = normal((max(rows, columns), min(rows, columns)), rng)
    q, r = np.linalg.qr(tall)
    q = q * np.copysign(1.0, np.diagonal(r))
    return np.ascontiguousarray(gain * (q if rows >= columns else q.T)).reshape(shape)
