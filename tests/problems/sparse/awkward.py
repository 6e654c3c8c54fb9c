"""What stops tools that read a graph of elementary operations: solves, transforms, sorts, indices that are computed."""

import numpy as np
from scipy import sparse

from tests.problems.sparse.collection import (
    Problem,
    any_of,
    band,
    blocks,
    cliques,
    entries,
    family,
    offsets,
)


@family("jacobian", small=4, large=500)
def implicit_cells(n):
    """A step of the linearly implicit Euler method in each cell: np.linalg.solve on a stack of 3 × 3 matrices."""
    coupling = np.array([[0.0, 1.0, 0.5], [-1.0, 0.0, 0.2], [0.3, 0.1, 0.0]])

    def f(x):
        y = x.reshape(n, 3)
        matrix = np.eye(3) + 0.1 * (y[:, :, None] ** 2 * coupling)
        return np.linalg.solve(matrix, (y * (1 - y))[:, :, None]).ravel()

    pattern = blocks(offsets(n, 0), 3)
    return Problem(f, 0.3 + 0.1 * np.cos(np.arange(3 * n)), pattern, colours={"columns": 3})


@family("jacobian", small=8, large=300)
def solve_and_stencil(n):
    """A solve with a constant full matrix for the first four unknowns, a stencil for the others (substructuring)."""
    matrix = 4 * np.eye(4) + np.cos(np.arange(16)).reshape(4, 4)

    def f(x):
        core = np.linalg.solve(matrix, x[:4] ** 2)
        rest = x[4:] ** 3 - x[3:-1]
        return np.concatenate([core, rest])

    corner = entries(np.arange(4)[:, None], np.arange(4), (n, n))
    i = np.arange(4, n)
    pattern = any_of(corner, entries(i, i, (n, n)), entries(i, i - 1, (n, n)))
    return Problem(f, 1 + 0.1 * np.cos(np.arange(n)), pattern, colours={"columns": 4})


@family("jacobian", small=4, large=300)
def spectral_rows(n):
    """Transport and diffusion by np.fft.rfft along rows of eight (Trefethen 2000, Spectral Methods in MATLAB)."""
    wave = np.fft.rfftfreq(8, 1 / 8)
    operator = 1j * wave - 0.1 * wave**2

    def f(x):
        u = x.reshape(n, 8)
        slope = np.fft.irfft(operator * np.fft.rfft(u, axis=1), n=8, axis=1)
        return (u * slope + np.roll(u, 1, axis=0) ** 2).ravel()

    before = sparse.kron(offsets(n, -1, periodic=True), np.eye(8, dtype=bool), format="csr")
    pattern = any_of(blocks(offsets(n, 0), 8), before)
    return Problem(f, 1.5 + np.cos(np.arange(8 * n)), pattern, colours={"columns": 16})


@family("jacobian", small=9, large=200)
def spectral_line(n):
    """np.fft over all unknowns: nothing is sparse, and nothing may be lost."""
    filtered = 1 / (1 + np.fft.fftfreq(n, 1 / n) ** 2)

    def f(x):
        return x**3 + np.real(np.fft.ifft(filtered * np.fft.fft(x)))

    pattern = entries(np.arange(n)[:, None], np.arange(n), (n, n))
    return Problem(f, np.cos(np.arange(n)), pattern, colours={"columns": n})


@family("jacobian", small=5, large=2_000)
def sorted_groups(n):
    """The smaller two of each four by np.sort (trimmed sums): which ones they are, the data say."""

    def f(x):
        ordered = np.sort(x.reshape(n, 4), axis=1)
        return ordered[:, 0] ** 2 + ordered[:, 1]

    start = np.cos(3.0 * np.arange(4 * n) ** 1.5)
    least = np.argsort(start.reshape(n, 4), axis=1)[:, :2] + 4 * np.arange(n)[:, None]
    pattern = entries(np.arange(n)[:, None], least, (n, 4 * n))
    return Problem(f, start, pattern, blocks(offsets(n, 0), 1, 4), {"columns": 4}, 1e-5)


@family("hessian", small=9, large=2_000)
def ranked_gaps(n):
    """Gaps between neighbours in order of size: x[np.argsort(x)], indices that are computed from x."""
    start = np.cos(np.arange(n) * 2.4)
    order = np.argsort(start)

    def f(x):
        y = x[np.argsort(x)]
        return np.sum(np.diff(y) ** 4)

    pattern = cliques(np.stack([order[:-1], order[1:]], axis=1), n)
    return Problem(
        f,
        start,
        pattern,
        entries(np.arange(n)[:, None], np.arange(n), (n, n)),
        {"star": 3, "acyclic": 2},
        1e-9,
    )


@family("jacobian", small=8, large=5_000)
def deposited_charge(n):
    """Particle in cell (Hockney & Eastwood 1988): np.add.at on the two grid points around each particle."""
    cells = 2 * n

    def f(x):
        left = np.floor(x).astype(int)
        part = x - left
        density = np.zeros_like(x, shape=cells)
        np.add.at(density, left, (1 - part) ** 2)
        np.add.at(density, left + 1, part**2)
        return density

    start = 1.9 * np.arange(n) * (n > 0) % (cells - 2) + 0.37
    left = np.floor(start).astype(int)
    i = np.arange(n)
    pattern = any_of(entries(left, i, (cells, n)), entries(left + 1, i, (cells, n)))
    return Problem(f, start, pattern, colours={"columns": 2}, spread=1e-3)


@family("jacobian", small=8, large=5_000)
def table_lookup(n):
    """A table that is unknown, read at places that are unknown: np.searchsorted, then linear between two entries."""
    grid = np.arange(n) * 1.0

    def f(z):
        table, places = z[:n], z[n:]
        k = np.clip(np.searchsorted(grid, places) - 1, 0, n - 2)
        w = places - grid[k]
        return (1 - w) * table[k] + w * table[k + 1]

    places = (np.arange(n) * 0.77 + 0.31) % (n - 1)
    k = np.clip(np.searchsorted(grid, places) - 1, 0, n - 2)
    i = np.arange(n)
    shape = (n, 2 * n)
    pattern = any_of(entries(i, k, shape), entries(i, k + 1, shape), entries(i, n + i, shape))
    return Problem(
        f, np.concatenate([np.cos(i * i), places]), pattern, colours={"columns": 3}, spread=1e-3
    )


@family("jacobian", small=8, large=1_000)
def nearest_neighbour(n):
    """Flocking: each looks at the nearest of the others, found by np.argmin over all distances."""
    start = np.cumsum(1 + 0.5 * np.cos(np.arange(n) * 2.0))

    def f(x):
        d = np.abs(x[:, None] - x[None, :]) + np.where(np.eye(n), np.inf, 0.0)
        nearest = np.argmin(d, axis=1)
        return np.tanh(x[nearest] - x)

    d = np.abs(start[:, None] - start) + np.where(np.eye(n), np.inf, 0.0)
    i = np.arange(n)
    pattern = any_of(entries(i, d.argmin(axis=1), (n, n)), entries(i, i, (n, n)))
    return Problem(f, start, pattern, colours={"columns": 2}, spread=1e-3)


@family("jacobian", small=4, large=400)
def principal_stresses(n):
    """Eigenvalues of the symmetric 2 × 2 stress of each point, np.linalg.eigvalsh on a stack."""

    def f(x):
        a, b, c = x.reshape(n, 3).T
        stress = np.stack([np.stack([a, c], axis=-1), np.stack([c, b], axis=-1)], axis=-2)
        return np.linalg.eigvalsh(stress).ravel()

    pattern = blocks(offsets(n, 0), 2, 3)
    start = np.column_stack([np.ones(n), np.full(n, 3.0), 0.5 + 0.1 * np.cos(np.arange(n))])
    return Problem(f, start.ravel(), pattern, colours={"columns": 3})


@family("jacobian", small=9, large=3_000)
def interpolated_load(n):
    """np.interp of constant data at x, and a difference: the places are unknown, the table is not."""
    grid, heights = np.arange(20.0), np.cos(np.arange(20.0))

    def f(x):
        load = np.interp(x, grid, heights)
        return np.diff(x, prepend=0.0) - 0.1 * load

    start = np.linspace(0.4, 18.6, n)
    return Problem(f, start, band(n, 1, 0), colours={"columns": 2}, spread=1e-3)
