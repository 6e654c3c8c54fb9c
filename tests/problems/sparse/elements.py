"""Finite elements on the unit square cut into triangles, assembled with np.add.at and np.bincount."""

import numpy as np

from tests.problems.sparse.collection import Problem, blocks, cliques, family


def _mesh(m):
    """Nodes of an m × m grid, and two triangles in each cell, counterclockwise."""
    t = np.linspace(0, 1, m)
    nodes = np.stack(np.meshgrid(t, t, indexing="ij"), axis=-1).reshape(-1, 2)
    number = np.arange(m * m).reshape(m, m)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    triangles = np.concatenate(
        [np.stack(p, axis=-1).reshape(-1, 3) for p in [(a, b, c), (a, c, d)]]
    )
    corners = nodes[triangles]
    edges = corners[:, 1:] - corners[:, :1]
    area = np.linalg.det(edges) / 2
    # Gradients of the linear shape functions, constant in each triangle.
    slopes = np.linalg.solve(
        edges, np.broadcast_to([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]], (len(edges), 2, 3))
    )
    return nodes, triangles, area, slopes.transpose(0, 2, 1)


def _start(n):
    return 1 + 0.3 * np.cos(np.arange(n) ** 2)


@family("jacobian", small=4, large=60)
def nonlinear_poisson(m):
    """-∇·((1 + u²)∇u) = 1 (Langtangen & Logg 2016, Solving PDEs in Python, section 3.2), scattered with np.add.at."""
    _, triangles, area, slopes = _mesh(m)

    def f(u):
        local = u[triangles]
        gradient = np.einsum("ei,eid->ed", local, slopes)
        conductivity = 1 + np.mean(local, axis=1) ** 2
        flux = np.einsum("eid,ed->ei", slopes, gradient) * (conductivity * area)[:, None]
        residual = np.zeros_like(u)
        np.add.at(residual, triangles, flux - area[:, None] / 3)
        return residual

    pattern = cliques(triangles, m * m)
    return Problem(f, _start(m * m), pattern, colours={"columns": 7})


@family("jacobian", small=4, large=60)
def nonlinear_poisson_bincount(m):
    """The same assembled with np.bincount, triangle matrices by matmul, walls fixed with np.where."""
    nodes, triangles, area, slopes = _mesh(m)
    wall = np.any((nodes == 0) | (nodes == 1), axis=1)
    stiffness = slopes @ slopes.transpose(0, 2, 1) * area[:, None, None]

    def f(u):
        local = u[triangles]
        flux = (stiffness @ local[:, :, None])[:, :, 0] * (
            1 + local.mean(axis=1, keepdims=True) ** 2
        )
        residual = np.bincount(triangles.ravel(), weights=flux.ravel(), minlength=len(u))
        return np.where(wall, u, residual)

    pattern = cliques(triangles, m * m).tolil()
    pattern[np.flatnonzero(wall)] = False
    pattern[np.flatnonzero(wall), np.flatnonzero(wall)] = True
    pattern = pattern.tocsr()
    pattern.eliminate_zeros()
    return Problem(f, _start(m * m), pattern, cliques(triangles, m * m), {"columns": 7})


@family("hessian", small=3, large=30)
def neo_hookean(m):
    """Stored energy of rubber (Bonet & Wood 2008, Nonlinear Continuum Mechanics, 6.4), np.linalg.det of stacks."""
    nodes, triangles, area, slopes = _mesh(m)

    def f(x):
        places = x.reshape(-1, 2)
        deformation = np.einsum("eia,eib->eab", places[triangles], slopes)
        volume = np.linalg.det(deformation)
        stretch = np.sum(deformation**2, axis=(1, 2))
        energy = (stretch - 2 - 2 * np.log(volume)) / 2 + 2 * np.log(volume) ** 2
        return energy @ area

    start = 1.2 * nodes + 0.1 / m * np.cos(np.arange(2 * m * m)).reshape(-1, 2)
    pattern = blocks(cliques(triangles, m * m), 2)
    return Problem(f, start.ravel(), pattern, colours={"star": 16, "acyclic": 8}, spread=0.05 / m)


@family("hessian", small=4, large=50)
def total_variation(m):
    """Total variation, smoothed: Rudin, Osher & Fatemi 1992, Physica D 60, 259; one unknown per pixel."""
    noisy = np.sin(np.arange(m * m)).reshape(m, m)

    def f(x):
        u = x.reshape(m, m)
        gx = np.diff(u, axis=0, append=u[-1:])
        gy = np.diff(u, axis=1, append=u[:, -1:])
        return np.sum(np.sqrt(gx**2 + gy**2 + 1e-2)) + np.sum((u - noisy) ** 2)

    number = np.arange(m * m).reshape(m, m)
    cells = np.stack([number[:-1, :-1], number[1:, :-1], number[:-1, 1:]], axis=-1).reshape(-1, 3)
    last = np.concatenate([
        np.stack([number[-1, :-1], number[-1, 1:], number[-1, 1:]], axis=-1),
        np.stack([number[:-1, -1], number[1:, -1], number[1:, -1]], axis=-1),
    ])  # fmt: skip
    pattern = cliques(np.concatenate([cells, last]), m * m)
    return Problem(f, _start(m * m), pattern, colours={"star": 8, "acyclic": 4})
