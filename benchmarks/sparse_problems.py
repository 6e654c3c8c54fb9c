"""Functions with sparse derivatives, written once for NumPy, ``jax.numpy`` and CasADi's SX.

Each factory takes the array namespace, like those of ``problems.py``.  Broyden's tridiagonal
equations and Rosenbrock's function, which are sparse too, are in that file.
"""

from typing import Any

import numpy as np

from .problems import Function


def brusselator(xp: Any, side: int, diffusion: float = 0.02) -> Function:
    """The 2-D Brusselator on a periodic grid: two species, ``2 * side**2`` unknowns, six entries a row."""
    cells = side * side
    scale = diffusion * (side - 1) ** 2
    first, second = np.meshgrid(*2 * [np.linspace(0.0, 1.0, side)], indexing="ij")
    source = 5.0 * ((first - 0.3) ** 2 + (second - 0.6) ** 2 <= 0.01)

    def laplacian(a):
        rows = xp.roll(a, 1, 0) + xp.roll(a, -1, 0)
        return rows + xp.roll(a, 1, 1) + xp.roll(a, -1, 1) - 4.0 * a

    def f(x):
        u = xp.reshape(x[:cells], (side, side))
        v = xp.reshape(x[cells:], (side, side))
        reaction = u * u * v
        du = 1.0 + reaction - 4.4 * u + scale * laplacian(u) + source
        dv = 3.4 * u - reaction + scale * laplacian(v)
        return xp.concatenate([xp.ravel(du), xp.ravel(dv)])

    return f


def arrow(xp: Any) -> Function:
    """Residuals R^n -> R^n whose Jacobian has a full first row, a full first column and a diagonal."""

    def f(x):
        return xp.concatenate([xp.reshape(xp.sum(x**2), (1,)), x[1:] ** 2 + x[0] * x[1:]])

    return f


def minimal_surface(xp: Any, side: int) -> Function:
    """Area of a surface over a square grid with free boundary: R^(side**2) -> R, a nine-point Hessian."""

    def f(x):
        z = xp.reshape(x, (side, side))
        falling = z[1:, 1:] - z[:-1, :-1]
        rising = z[1:, :-1] - z[:-1, 1:]
        return xp.sum(xp.sqrt(1.0 + 0.5 * side**2 * (falling * falling + rising * rising)))

    return f
