"""Alternating current: the nine-bus system of Anderson & Fouad, its power balance and its optimal power flow.

Anderson & Fouad 1977, Power System Control and Stability, p. 38 (the WSCC system); numbers and costs as in case9 of
MATPOWER (Zimmerman, Murillo-Sánchez & Thomas 2011, IEEE Trans. Power Systems 26, 12-19), on a base of 100 MVA. The
cheapest flow of case9 costs 5296.69 per hour (MATPOWER User's Manual).
"""

import numpy as np
from scipy import sparse

from tests.problems.sparse.collection import Problem, blocks, entries, family, offsets, side_by_side

# Ends, resistance, reactance, charging susceptance.
BRANCHES = np.array([
    [1, 4, 0, 0.0576, 0],
    [4, 5, 0.017, 0.092, 0.158],
    [5, 6, 0.039, 0.17, 0.358],
    [3, 6, 0, 0.0586, 0],
    [6, 7, 0.0119, 0.1008, 0.209],
    [7, 8, 0.0085, 0.072, 0.149],
    [8, 2, 0, 0.0625, 0],
    [8, 9, 0.032, 0.161, 0.306],
    [9, 4, 0.01, 0.085, 0.176],
])  # fmt: skip
LOADS = {5: 0.90 + 0.30j, 7: 1.00 + 0.35j, 9: 1.25 + 0.50j}
# Bus; cost = a P² + b P + c with P in MW; least and largest MW.
GENERATORS = np.array([
    [1, 0.11, 5, 150, 10, 250],
    [2, 0.085, 1.2, 600, 10, 300],
    [3, 0.1225, 1, 335, 10, 270],
])  # fmt: skip
OPTIMUM = 5296.69


class Grid:
    """Copies of the nine buses; bus 5 of each is tied to bus 7 of the next by a line like that from 9 to 4."""

    def __init__(self, copies):
        self.n = n = 9 * copies
        ends = BRANCHES[:, :2].astype(int) - 1
        first = 9 * np.arange(copies)
        self.ends = np.concatenate([
            (ends + first[:, None, None]).reshape(-1, 2),
            np.stack([first[:-1] + 4, first[1:] + 6], axis=1),
        ])  # fmt: skip
        data = np.concatenate(
            [np.tile(BRANCHES[:, 2:], (copies, 1)), np.tile(BRANCHES[-1:, 2:], (copies - 1, 1))]
        )
        self.series = 1 / (data[:, 0] + 1j * data[:, 1])
        self.charging = data[:, 2]
        i, j = self.ends.T
        shunt = self.series + 0.5j * self.charging
        self.admittance = sparse.csr_array(
            (
                np.concatenate([shunt, shunt, -self.series, -self.series]),
                (np.concatenate([i, j, i, j]), np.concatenate([i, j, j, i])),
            ),
            shape=(n, n),
        )
        self.adjacent = entries(np.concatenate([i, j, i, j]), np.concatenate([i, j, j, i]), (n, n))
        self.load = np.zeros(n, complex)
        for bus, power in LOADS.items():
            self.load[first + bus - 1] = power
        self.plants = (GENERATORS[:, 0].astype(int) - 1 + first[:, None]).ravel()
        self.costs = np.tile(GENERATORS[:, 1:4], (copies, 1))

    def split(self, x):
        n, g = self.n, len(self.plants)
        return x[:n], x[n : 2 * n], x[2 * n : 2 * n + g], x[2 * n + g :]

    def start(self):
        """A flat start, a little off, where no sine is zero."""
        n, g = self.n, len(self.plants)
        return np.concatenate([
            0.1 * np.cos(np.arange(n)), 1 + 0.02 * np.sin(np.arange(n)), np.full(g, 1.05), np.full(g, 0.1),
        ])  # fmt: skip

    def balance(self, x):
        """Return P and Q that are missing at each bus, in polar form, branch by branch in real numbers."""
        angle, size, p, q = self.split(x)
        i, j = self.ends.T
        g, b, half = self.series.real, self.series.imag, self.charging / 2
        active, reactive = (
            np.zeros_like(size) - self.load.real,
            np.zeros_like(size) - self.load.imag,
        )
        for here, there in ((i, j), (j, i)):
            turn = angle[here] - angle[there]
            c, s = np.cos(turn), np.sin(turn)
            product = size[here] * size[there]
            np.subtract.at(active, here, size[here] ** 2 * g - product * (g * c + b * s))
            np.subtract.at(
                reactive, here, -(size[here] ** 2) * (b + half) - product * (g * s - b * c)
            )
        np.add.at(active, self.plants, p)
        np.add.at(reactive, self.plants, q)
        return np.concatenate([active, reactive])

    def complex_balance(self, x):
        """Return the same with phasors and the admittance matrix."""
        angle, size, p, q = self.split(x)
        v = size * np.exp(1j * angle)
        made = sparse.csr_array(
            (np.ones(len(self.plants)), (self.plants, np.arange(len(self.plants)))),
            shape=(self.n, len(self.plants)),
        )
        missing = made @ (p + 1j * q) - self.load - v * np.conj(self.admittance @ v)
        return np.concatenate([missing.real, missing.imag])

    def cost(self, x):
        p = 100 * self.split(x)[2]
        a, b, c = self.costs.T
        return np.sum(a * p**2 + b * p + c)

    def jacobian_pattern(self):
        """Each bus sees angle and size of its own voltage and of the neighbours', and its plant."""
        g = len(self.plants)
        made = entries(self.plants, np.arange(g), (self.n, g))
        return side_by_side(
            [[self.adjacent, self.adjacent, made, None], [self.adjacent, self.adjacent, None, made]]
        )


@family("jacobian", small=1, large=100)
def power_balance(copies):
    """The equations by branches."""
    grid = Grid(copies)
    return Problem(grid.balance, grid.start(), grid.jacobian_pattern(), colours={"columns": 8})


@family("jacobian", small=1, large=100)
def power_balance_phasors(copies):
    """The equations with complex numbers and a sparse complex matrix."""
    grid = Grid(copies)
    # Who follows real and imaginary part as one sees p + iq in both.
    g = len(grid.plants)
    made = entries(grid.plants, np.arange(g), (grid.n, g))
    half = [grid.adjacent, grid.adjacent, made, made]
    cover = side_by_side([half, half])
    return Problem(
        grid.complex_balance, grid.start(), grid.jacobian_pattern(), cover, {"columns": 8}
    )


@family("hessian", small=1, large=60)
def power_lagrangian(copies):
    """The Lagrangian in the unknowns, multipliers fixed: what an interior-point method factorises."""
    grid = Grid(copies)
    multipliers = 20 + np.cos(np.arange(2 * grid.n))

    def lagrangian(x):
        return grid.cost(x) + multipliers @ grid.balance(x)

    g = len(grid.plants)
    quadratic = offsets(g, 0)
    none = sparse.csr_array((g, g), dtype=bool)
    pattern = side_by_side([
        [blocks_of_kinds(grid.adjacent), None, None],
        [None, quadratic, None],
        [None, None, none],
    ])  # fmt: skip
    return Problem(lagrangian, grid.start(), pattern, colours={"star": 8, "acyclic": 6})


def blocks_of_kinds(adjacent):
    """Angles first, then sizes: what meets in a block for one bus, in the order of the unknowns."""
    n = adjacent.shape[0]
    swap = np.arange(2 * n).reshape(n, 2).T.ravel()
    return blocks(adjacent, 2)[swap][:, swap]
