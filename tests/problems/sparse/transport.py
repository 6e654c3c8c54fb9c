"""Transport in one dimension: the stencil leans against the wind, limiters and weights depend on the data."""

import numpy as np

from tests.problems.sparse.collection import Problem, band, family, offsets


@family("jacobian", small=9, large=10_000)
def burgers_upwind(n):
    """LeVeque 2002, Finite Volume Methods for Hyperbolic Problems, section 4.9: by np.where; the ends are walls."""

    def f(u):
        left = np.concatenate([[0.0], u[:-1]])
        right = np.append(u[1:], 0.0)
        return -u * np.where(u > 0, u - left, right - u)

    start = 1.5 * np.sin(np.arange(n) + 0.5)
    wind = start > 0
    pattern = offsets(n, 0).tolil()
    i = np.arange(n)
    pattern[i[1:][wind[1:]], i[:-1][wind[1:]]] = True
    pattern[i[:-1][~wind[:-1]], i[1:][~wind[:-1]]] = True
    return Problem(f, start, pattern.tocsr(), band(n, 1, 1), {"columns": 3}, 0.01)


@family("jacobian", small=9, large=10_000)
def burgers_godunov(n):
    """Godunov's flux by maxima and minima (LeVeque 2002, section 12.2), periodic."""

    def flux(left, right):
        return np.maximum(np.maximum(left, 0) ** 2, np.minimum(right, 0) ** 2) / 2

    def f(u):
        through = flux(u, np.roll(u, -1))
        return np.roll(through, 1) - through

    start = 1.5 * np.sin(2 * np.pi * np.arange(n) / n + 0.2)
    return Problem(f, start, None, offsets(n, -1, 0, 1, periodic=True), {"columns": 4}, 0.01)


@family("jacobian", small=9, large=10_000)
def minmod(n):
    """Second order with a minmod limiter (Harten 1983), positive wind: LeVeque 2002, section 6.9; five points."""

    def f(u):
        p = np.concatenate([u[:1], u[:1], u, u[-1:]])
        a, b = np.diff(p)[:-1], np.diff(p)[1:]
        slope = np.where(a * b > 0, np.sign(a) * np.minimum(abs(a), abs(b)), 0.0)
        face = p[1:-1] + slope / 2
        return face[:-1] - face[1:]

    start = np.cos(np.linspace(0, 7, n)) + 0.1 * np.arange(n) / n
    return Problem(f, start, None, band(n, 2, 1), {"columns": 4}, 1e-6)


@family("jacobian", small=9, large=10_000)
def weno(n):
    """Jiang & Shu 1996, J. Comput. Phys. 126, 202: the third-order weights, smooth, periodic; offsets -2 to 1."""

    def face(a, b, c):
        up, down = 1e-2 + (b - a) ** 2, 1e-2 + (c - b) ** 2
        w = (1 / 3 / up**2) / (1 / 3 / up**2 + 2 / 3 / down**2)
        return w * (3 * b - a) / 2 + (1 - w) * (b + c) / 2

    def f(u):
        right = face(np.roll(u, 1), u, np.roll(u, -1))
        return -(right - np.roll(right, 1)) * n

    start = 2 + np.sin(2 * np.pi * np.arange(n) / n)
    return Problem(
        f,
        start,
        offsets(n, -2, -1, 0, 1, periodic=True),
        colours={"columns": 4 if n % 4 == 0 else 6},
    )


@family("jacobian", small=8, large=1_000)
def cascade_of_tanks(n):
    """Each tank of a row overflows into the next (Torricelli's law): filled entry by entry in an array made before."""

    def f(h):
        outflow = np.sqrt(h)
        rate = np.empty_like(h)
        rate[0] = 1 - outflow[0]
        for i in range(1, n):
            rate[i] = outflow[i - 1] - outflow[i]
        return rate

    return Problem(f, 1 + np.arange(n) / n, band(n, 1, 0), colours={"columns": 2})
