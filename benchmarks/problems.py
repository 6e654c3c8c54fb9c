"""The functions that every benchmark differentiates, written once for all libraries.

Each factory takes the array namespace ``xp`` (``numpy`` for dualrev, ``autograd.numpy``, ``mygrad``
or ``torch`` for the peers) and returns the function of the user, so that all libraries run the same
Python text.  Data that is not differentiated goes through ``constant``, the namespace's way of
holding a plain array (the identity except for torch).
The mix of operations in `chain` was fixed before the first measurement.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray
Function = Callable[..., Any]
Convert = Callable[[Array], Any]


def _identity(a: Array) -> Array:
    return a


def vector(n: int, seed: int = 0) -> Array:
    """A point of R^n in [0.5, 1.5], inside the domain of every function here."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, n)


def rosenbrock(xp: Any) -> Function:
    """Rosenbrock's function by slices: R^n -> R, 10 recorded operations."""

    def f(x):
        return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


def chain(xp: Any, n: int, cycles: int = 4, constant: Convert = _identity) -> Function:
    """A chain of ``10 * cycles`` mixed elementwise operations and a sum: R^n -> R.

    Half unary functions, half arithmetic, as in model code; of the arithmetic two operations have
    two traced operands and a third subtracts one, one has an array of data, one a Python number.
    """
    w = constant(vector(n, seed=1) + 0.5)

    def f(x):
        y = x
        for _ in range(cycles):
            y = xp.sin(y)
            y = y * x
            y = xp.tanh(y)
            y = y + x
            y = xp.exp(y)
            y = y / w
            y = xp.sqrt(y)
            y = y * 0.7
            y = y - x
            y = xp.cos(y)
        return xp.sum(y)

    return f


def arithmetic_chain(xp: Any, n: int, cycles: int = 4, constant: Convert = _identity) -> Function:
    """A chain of ``10 * cycles`` arithmetic operations and a sum: R^n -> R.

    Where NumPy's sine costs ten times its product, `chain` measures the sine from n = 1000 on;
    this chain keeps measuring the engine.
    """
    w = constant(vector(n, seed=1) + 0.5)

    def f(x):
        y = x
        for _ in range(cycles):
            y = y * x
            y = y + w
            y = xp.sqrt(y)
            y = y / x
            y = y - 0.5
            y = y**2
            y = y + x
            y = y * w
            y = 1.0 / y
            y = 3.0 - y
        return xp.sum(y)

    return f


def chain_by_hand(n: int, cycles: int = 4) -> Function:
    """The gradient of `chain` written by hand in NumPy: what no tape over NumPy can undercut."""
    w = vector(n, seed=1) + 0.5

    def gradient(x):
        y, kept = x, []
        for _ in range(cycles):
            a = y
            b = np.sin(a)
            c = np.tanh(b * x)
            d = np.exp(c + x)
            e = np.sqrt(d / w)
            h = e * 0.7 - x
            y = np.cos(h)
            kept.append((a, b, c, d, e, h))
        np.sum(y)
        ct, total = np.ones_like(x), np.zeros_like(x)
        for a, b, c, d, e, h in reversed(kept):
            ct = -np.sin(h) * ct
            total = total - ct
            ct = ct * 0.7 * (0.5 / e) / w * d
            total = total + ct
            ct = ct * (1 - c * c)
            total = total + ct * b
            ct = ct * x * np.cos(a)
        return total + ct

    return gradient


def rosenbrock_by_hand(x: Array) -> Array:
    """The gradient of `rosenbrock` written by hand in NumPy."""
    gap = x[1:] - x[:-1] ** 2
    gradient = np.zeros_like(x)
    gradient[1:] = 200.0 * gap
    gradient[:-1] += -400.0 * x[:-1] * gap - 2.0 * (1.0 - x[:-1])
    return gradient


def scalar_loop(xp: Any, turns: int = 70) -> Function:
    """A Python loop over scalars: R -> R, five operations a turn (350 with 70 turns)."""

    def f(x):
        y = x
        for _ in range(turns):
            y = y * x
            y = y + 0.5
            y = xp.sin(y)
            y = y / 1.5
            y = y - x
        return y

    return f


def lorenz_euler(xp: Any, steps: int = 400, build: str = "stack") -> Function:
    """Explicit Euler for the Lorenz system: initial state in R^3 -> sum of the final state.

    ``build`` names the function that assembles the right-hand side from its three components:
    ``"stack"`` or ``"array"``.
    """
    assemble = getattr(xp, build)
    dt = 0.005

    def f(state):
        for _ in range(steps):
            x, y, z = state[0], state[1], state[2]
            rate = assemble([10.0 * (y - x), x * (28.0 - z) - y, x * y - (8.0 / 3.0) * z])
            state = state + dt * rate
        return xp.sum(state)

    return f


def rational_residuals(xp: Any, m: int = 1000, constant: Convert = _identity) -> Function:
    """Residuals of the rational model of NIST's MGH09: R^4 -> R^m."""
    x_data = np.linspace(0.1, 4.0, m)
    y_data = 0.19 * (x_data**2 + 0.19 * x_data) / (x_data**2 + 0.12 * x_data + 0.13)
    x, y = constant(x_data), constant(y_data)

    def f(b):
        return y - b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])

    return f


def growth_residuals(xp: Any, m: int = 1000, constant: Convert = _identity) -> Function:
    """Residuals of the growth curve of NIST's Rat43 (exponential and power): R^4 -> R^m."""
    x_data = np.linspace(1.0, 15.0, m)
    y_data = 699.6 / (1.0 + np.exp(5.277 - 0.7596 * x_data)) ** (1.0 / 1.279)
    x, y = constant(x_data), constant(y_data)

    def f(b):
        return y - b[0] / (1.0 + xp.exp(b[1] - b[2] * x)) ** (1.0 / b[3])

    return f


RESIDUALS = {
    "rational": (rational_residuals, np.array([0.25, 0.39, 0.415, 0.39])),
    "growth": (growth_residuals, np.array([700.0, 5.0, 0.75, 1.3])),
}


def sine_squared(xp: Any) -> Function:
    """The equations of HIPS autograd's issue 254, sin(x)^2 = 0: R^n -> R^n, start at ones."""

    def f(x):
        return xp.sin(x) ** 2

    return f


def broyden_tridiagonal(xp: Any) -> Function:
    """Broyden's tridiagonal equations (More, Garbow, Hillstrom 1981, no. 30), start at -ones."""

    def f(x):
        zero = np.zeros(1)
        left = xp.concatenate([zero, x[:-1]])
        right = xp.concatenate([x[1:], zero])
        return (3.0 - 2.0 * x) * x - left - 2.0 * right + 1.0

    return f


def sine_squared_jacobian(x: Array) -> Array:
    """The Jacobian of `sine_squared` written by hand."""
    return np.diag(2.0 * np.sin(x) * np.cos(x))


def broyden_jacobian(x: Array) -> Array:
    """The Jacobian of `broyden_tridiagonal` written by hand."""
    n = len(x)
    return np.diag(3.0 - 4.0 * x) - np.eye(n, k=-1) - 2.0 * np.eye(n, k=1)


ROOTS = {
    "sine_squared": (sine_squared, sine_squared_jacobian, 1.0),
    "broyden": (broyden_tridiagonal, broyden_jacobian, -1.0),
}
"""Equations, their Jacobian by hand, and the entries of the start vector."""


def dense_map(xp: Any, n: int = 50, constant: Convert = _identity) -> Function:
    """A map R^n -> R^n whose Jacobian has no zero entry."""
    rng = np.random.default_rng(2)
    a = constant(rng.normal(size=(n, n)) / np.sqrt(n))
    b = constant(rng.normal(size=(n, n)) / np.sqrt(n))

    def f(x):
        return b @ xp.tanh(a @ x) + xp.sin(x) * x

    return f


def dense_objective(xp: Any, n: int = 50, constant: Convert = _identity) -> Function:
    """A function R^n -> R whose Hessian has no zero entry."""
    residual = dense_map(xp, n, constant)

    def f(x):
        return xp.sum(residual(x) ** 2)

    return f


STEPS = {
    "sin": lambda x, y: np.sin(y),
    "tanh": lambda x, y: np.tanh(y),
    "sqrt": lambda x, y: np.sqrt(y),
    "negate": lambda x, y: -y,
    "power": lambda x, y: y**0.9,
    "add number": lambda x, y: y + 0.5,
    "multiply number": lambda x, y: y * 0.99,
    "add": lambda x, y: y + x,
    "multiply": lambda x, y: y * x,
    "divide": lambda x, y: y / x,
    "index": lambda x, y: y[::-1],
    "reshape": lambda x, y: y.reshape((3, 1) if y.ndim == 1 else 3),
    "matmul": lambda x, y: ROTATION @ y,
}
"""Single operations of ``(x, y)`` returning the next ``y`` of a chain, for `operation_chain`."""

OPERATION_POINT = np.array([0.98, 1.0, 1.01])
ROTATION = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])


def operation_chain(name: str, length: int) -> Function:
    """One operation of `STEPS` applied ``length`` times to a 3-vector: R^3 -> R^3."""
    step = STEPS[name]

    def f(x):
        y = x
        for _ in range(length):
            y = step(x, y)
        return y

    return f
