"""Partial differential equations on grids, by slices, np.roll, np.pad, masks and convolutions."""

import numpy as np

from dualrev import numpy as dnp
from dualrev.scipy import ndimage
from tests.problems.sparse.collection import (
    CROSS,
    Problem,
    any_of,
    band,
    blocks,
    entries,
    family,
    offsets,
    side_by_side,
    stencil,
)


def _forcing(m):
    """The disc in which Hairer & Wanner's Brusselator is fed."""
    x = np.arange(m) / m
    return 5.0 * ((x[:, None] - 0.3) ** 2 + (x - 0.6) ** 2 <= 0.01)


def _two_species(shape, periodic):
    cross, local = stencil(shape, CROSS, periodic), stencil(shape, CROSS[:1])
    return side_by_side([[cross, local], [local, cross]])


def _brusselator_start(m):
    x = np.arange(m) / m
    u = 22 * (x[:, None] * (1 - x[:, None])) ** 1.5 + 0 * x
    v = 27 * (x * (1 - x)) ** 1.5 + 0 * x[:, None]
    return 0.3 + np.concatenate([u.ravel(), v.ravel()])


@family("jacobian", small=5, large=64)
def brusselator_periodic(m):
    """Hairer & Wanner 1996, Solving Ordinary Differential Equations II, BRUSS-2D (p. 151), 2m² unknowns.

    With i + 2j mod 6 for the first species and 3 more for the second, 6 colours do on a torus of 6k × 6k, as many as
    a row has entries; with i + 3j mod 8 and 2 more, 8 do on one of 8k × 8k.
    """
    fed, alpha = _forcing(m), 0.1 * m**2

    def laplacian(u):
        return (
            np.roll(u, 1, axis=0)
            + np.roll(u, -1, axis=0)
            + np.roll(u, 1, axis=1)
            + np.roll(u, -1, axis=1)
            - 4 * u
        )

    def f(y):
        u, v = y.reshape(2, m, m)
        du = 1 + u**2 * v - 4.4 * u + alpha * laplacian(u) + fed
        dv = 3.4 * u - u**2 * v + alpha * laplacian(v)
        return np.concatenate([du.ravel(), dv.ravel()])

    pattern = _two_species((m, m), periodic=True)
    most = 6 if m % 6 == 0 else 8 if m % 8 == 0 else 12
    return Problem(f, _brusselator_start(m), pattern, colours={"columns": most, "rows": most})


@family("jacobian", small=4, large=64)
def brusselator_neumann(m):
    """Hairer, Nørsett & Wanner 1993, Solving Ordinary Differential Equations I, section II.10: no flow at the walls."""
    alpha = 2e-3 * (m - 1) ** 2

    def laplacian(u):
        p = np.pad(u, 1, mode="reflect")
        return p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * u

    def f(y):
        u, v = np.split(y, 2)
        u, v = u.reshape(m, m), v.reshape(m, m)
        du = 1 + u**2 * v - 4.4 * u + alpha * laplacian(u)
        dv = 3.4 * u - u**2 * v + alpha * laplacian(v)
        return np.stack([du, dv]).ravel()

    pattern = _two_species((m, m), periodic=False)
    return Problem(f, _brusselator_start(m), pattern, colours={"columns": 6})


@family("jacobian", small=4, large=64)
def brusselator_dirichlet(m):
    """The same in two arrays of species last, with u = 1 and v = 3 at the walls, by slices written in place."""
    alpha = 2e-3 * (m + 1) ** 2

    def f(y):
        w = y.reshape(m, m, 2)
        u, v = w[..., 0], w[..., 1]
        d = -4 * alpha * w
        d[1:] += alpha * w[:-1]
        d[:-1] += alpha * w[1:]
        d[:, 1:] += alpha * w[:, :-1]
        d[:, :-1] += alpha * w[:, 1:]
        walls = alpha * np.array([1.0, 3.0])
        d[0] += walls
        d[-1] += walls
        d[:, 0] += walls
        d[:, -1] += walls
        d[..., 0] += 1 + u * u * v - 4.4 * u
        d[..., 1] += 3.4 * u - u * u * v
        return d.ravel()

    cells = m * m
    same = blocks(stencil((m, m)), 2).tocoo()
    keep = (same.coords[0] % 2 == same.coords[1] % 2) | (same.coords[0] // 2 == same.coords[1] // 2)
    pattern = entries(same.coords[0][keep], same.coords[1][keep], (2 * cells, 2 * cells))
    start = _brusselator_start(m).reshape(2, cells).T.ravel()
    return Problem(f, start, pattern, colours={"columns": 6})


@family("jacobian", small=8, large=5_000)
def brusselator_line(n):
    """Hairer & Wanner 1996, BRUSS (p. 148): one dimension, species in turn, so that the matrix is a band.

    Four colours: i mod 4 for the first species of cell i, i + 2 mod 4 for the second.
    """
    alpha = (n + 1) ** 2 / 50

    def f(y):
        u = np.concatenate([[1.0], y[::2], [1.0]])
        v = np.concatenate([[3.0], y[1::2], [3.0]])
        out = np.zeros_like(y)
        out[::2] = 1 + u[1:-1] ** 2 * v[1:-1] - 4 * u[1:-1] + alpha * np.diff(u, 2)
        out[1::2] = 3 * u[1:-1] - u[1:-1] ** 2 * v[1:-1] + alpha * np.diff(v, 2)
        return out

    i = np.arange(0, 2 * n, 2)
    pattern = any_of(
        offsets(2 * n, -2, 0, 2),
        entries(i, i + 1, (2 * n, 2 * n)),
        entries(i + 1, i, (2 * n, 2 * n)),
    )
    x = np.arange(1, n + 1) / (n + 1)
    start = np.stack([1 + np.sin(2 * np.pi * x), np.full(n, 3.0)], axis=1).ravel()
    return Problem(f, start, pattern, colours={"columns": 4})


def _hat(m):
    x = np.arange(1, m + 1) / (m + 1)
    return np.minimum(x[:, None], 1 - x[:, None]) * np.minimum(x, 1 - x)


@family("jacobian", small=5, large=100)
def bratu(m):
    """Solid fuel ignition: Averick, Carter, Moré & Xue 1992, The MINPACK-2 test problem collection, SFI.

    i + 2j mod 5 is a column colouring of the five-point stencil with the five colours that each inner row needs.
    """
    h = 1 / (m + 1)

    def f(x):
        u = np.pad(x.reshape(m, m), 1)
        inner = u[1:-1, 1:-1]
        around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
        return (4 * inner - around - 5 * h**2 * np.exp(inner)).ravel()

    return Problem(f, _hat(m).ravel(), stencil((m, m)), colours={"columns": 5, "rows": 5})


# Two triangles in each cell of the grid; the diagonals that they share with a neighbour go one way only.
HEXAGON = (*CROSS, (1, -1), (-1, 1))


@family("hessian", small=4, large=60)
def minimal_surface(m):
    """Averick, Carter, Moré & Xue 1992, MSA, with linear elements; the frame is x² - y²."""
    h = 1 / (m + 1)
    t = np.linspace(-0.5, 0.5, m + 2)
    frame = t[:, None] ** 2 - t**2

    def f(x):
        v = dnp.array(frame)
        v[1:-1, 1:-1] = x.reshape(m, m)
        dx, dy = np.diff(v, axis=0) / h, np.diff(v, axis=1) / h
        lower = np.sqrt(1 + dx[:, :-1] ** 2 + dy[:-1, :] ** 2)
        upper = np.sqrt(1 + dx[:, 1:] ** 2 + dy[1:, :] ** 2)
        return h**2 / 2 * (lower + upper).sum()

    pattern = stencil((m, m), HEXAGON)
    return Problem(f, frame[1:-1, 1:-1].ravel(), pattern, colours={"star": 8, "acyclic": 4})


@family("hessian", small=5, large=80)
def obstacle(m):
    """A membrane over a hill: Averick, Carter, Moré & Xue 1992, EPT, with a soft penalty in place of the bound.

    Star colourings of a grid need 5 colours from 4 × 4 on (Fertin, Raspaud & Reed 2004), acyclic ones 3.
    """
    h, stiffness = 1 / (m + 1), 20.0
    hill = 0.3 * _hat(m) * np.pi

    def f(x):
        v = np.pad(x.reshape(m, m), 1)
        stretch = np.sum((v[1:, :] - v[:-1, :]) ** 2) + np.sum((v[:, 1:] - v[:, :-1]) ** 2)
        depth = hill - v[1:-1, 1:-1]
        return stretch / 2 + h**2 * np.sum(np.logaddexp(0, stiffness * depth)) + h**2 * np.sum(v)

    pattern = stencil((m, m))
    return Problem(f, _hat(m).ravel(), pattern, colours={"star": 5, "acyclic": 4})


@family("jacobian", small=5, large=80)
def obstacle_complementarity(m):
    """The same as an equation by Fischer & Burmeister: √(a² + b²) = a + b where a ≥ 0, b ≥ 0 and ab = 0."""
    hill = 0.3 * _hat(m)

    def f(x):
        v = x.reshape(m, m)
        load = 4 * v - ndimage.convolve(v, [[0, 1, 0], [1, 0, 1], [0, 1, 0]], mode="constant")
        gap = v - hill
        return (np.hypot(gap, load) - gap - load).ravel()

    return Problem(f, 1 + _hat(m).ravel(), stencil((m, m)), colours={"columns": 5})


@family("jacobian", small=5, large=80)
def obstacle_minimum(m):
    """The same by the smaller of the two, as semismooth Newton methods take it: each row an equation or a bound."""
    hill = 0.3 * _hat(m)

    def f(x):
        v = x.reshape(m, m)
        w = np.pad(v, 1)
        load = 4 * v - w[:-2, 1:-1] - w[2:, 1:-1] - w[1:-1, :-2] - w[1:-1, 2:] + 0.05
        return np.minimum(v - hill, load).ravel()

    start = (hill + 0.06 + 0.02 * np.cos(np.arange(m * m)).reshape(m, m)).ravel()
    return Problem(f, start, None, stencil((m, m)), {"columns": 5}, 1e-3)


@family("jacobian", small=7, large=80)
def masked_diffusion(m):
    """Fisher's equation in a disc (Fisher 1937, Annals of Eugenics 7, 355): the unknowns are the grid points inside."""
    t = np.linspace(-1, 1, m)
    inside = t[:, None] ** 2 + t**2 < 0.9
    number = np.full((m, m), -1)
    number[inside] = np.arange(inside.sum())
    start = 0.3 + 0.2 * np.cos(np.arange(inside.sum()))

    def f(x):
        u = dnp.zeros((m, m))
        u[inside] = x
        d = np.zeros_like(u)
        d[1:-1, 1:-1] = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        return (d + u * (1 - u))[inside]

    cross = stencil((m, m)).tocoo()
    rows, columns = (number.ravel()[part] for part in cross.coords)
    keep = (rows >= 0) & (columns >= 0)
    pattern = entries(rows[keep], columns[keep], (start.size, start.size))
    return Problem(f, start, pattern, colours={"columns": 7})


@family("jacobian", small=6, large=80)
def allen_cahn(m):
    """Allen & Cahn 1979, Acta Metallurgica 27, 1085, with the Laplacian of scipy.ndimage on a torus."""

    def f(x):
        u = x.reshape(m, m)
        return (ndimage.laplace(u, mode="wrap") + u - u**3).ravel()

    start = np.cos(np.arange(m * m))
    return Problem(
        f, start, stencil((m, m), CROSS, True), colours={"columns": 5 if m % 5 == 0 else 9}
    )


@family("jacobian", small=9, large=5_000)
def beam(n):
    """A clamped beam of large deflection, by np.convolve with the biharmonic stencil: five diagonals."""

    def f(w):
        bending = np.convolve(w, [1.0, -4.0, 6.0, -4.0, 1.0])[2:-2]
        return bending + 0.1 * w**3 - 1 / n

    return Problem(f, np.sin(np.linspace(0, 3, n)), band(n, 2, 2), colours={"columns": 5})
