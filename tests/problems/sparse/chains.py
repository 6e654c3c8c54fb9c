"""Chains of unknowns: each term of the sum, or each residual, sees a few neighbours."""

import numpy as np
from scipy import sparse

from tests.problems.sparse.collection import Problem, any_of, band, cliques, entries, family

# What Lukšan & Vlček 1999 (Sparse and partially separable test problems for unconstrained and equality constrained
# optimization, report V-767, Institute of Computer Science, Prague) calls problems 1 to 3.
FOREST = {"star": 3, "acyclic": 2}


def _rosenbrock_start(n):
    return np.where(np.arange(n) % 2 == 0, -1.2, 1.0)


def _wood_start(n):
    return np.where(np.arange(n) % 2 == 0, -2.0, 0.0) - (np.arange(n) < 4)


def _powell_start(n):
    return np.resize([3.0, -1.0, 0.0, 1.0], n)


def _pairs(n, *steps, every=2):
    """Residuals in rows, one after the other for each step (i, j): row k sees k·every + i and k·every + j."""
    count = (n - 2) // every if every == 2 else n // every
    parts = [np.arange(count) * every + np.array(step)[:, None] for step in steps]
    columns = np.concatenate([np.stack([p[0], p[-1]], axis=1) for p in parts])
    rows = np.arange(len(columns))[:, None]
    return entries(rows, columns, (len(columns), n))


@family("hessian", small=9, large=20_000)
def chained_rosenbrock(n):
    """Lukšan & Vlček 1999, problem 1."""

    def f(x):
        return np.sum(100 * (x[:-1] ** 2 - x[1:]) ** 2 + (x[:-1] - 1) ** 2)

    return Problem(f, _rosenbrock_start(n), band(n, 1, 1), colours=FOREST)


@family("hessian", small=7, large=150)
def chained_rosenbrock_loop(n):
    """The same, one term after the other, as a first version is written."""

    def f(x):
        total = 0.0
        for i in range(1, len(x)):
            total += 100 * (x[i - 1] ** 2 - x[i]) ** 2
            total += (x[i - 1] - 1) ** 2
        return total

    return Problem(f, _rosenbrock_start(n), band(n, 1, 1), colours=FOREST)


@family("jacobian", small=9, large=20_000)
def chained_rosenbrock_residuals(n):
    """The terms of problem 1 without their squares."""

    def f(x):
        return np.concatenate([10 * (x[:-1] ** 2 - x[1:]), x[:-1] - 1])

    i = np.arange(n - 1)
    first = entries(i[:, None], np.stack([i, i + 1], axis=1), (n - 1, n))
    pattern = sparse.csr_array(sparse.vstack([first, entries(i, i, (n - 1, n))]), dtype=bool)
    return Problem(f, _rosenbrock_start(n), pattern, colours={"columns": 2})


def _wood_terms(x):
    a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
    return [
        10 * (a**2 - b),
        a - 1,
        np.sqrt(90) * (c**2 - d),
        c - 1,
        np.sqrt(10) * (b + d - 2),
        (b - d) / np.sqrt(10),
    ]


@family("hessian", small=10, large=20_000)
def chained_wood(n):
    """Lukšan & Vlček 1999, problem 2; the graph is a comb, a tree."""

    def f(x):
        return sum(np.sum(term**2) for term in _wood_terms(x))

    i = 2 * np.arange((n - 2) // 2)
    pairs = np.concatenate(
        [np.stack(p, axis=1) for p in [(i, i + 1), (i + 2, i + 3), (i + 1, i + 3)]]
    )
    return Problem(f, _wood_start(n), cliques(pairs, n), colours=FOREST)


@family("jacobian", small=10, large=20_000)
def chained_wood_residuals(n):
    """The terms of problem 2 without their squares."""

    def f(x):
        return np.concatenate(_wood_terms(x))

    pattern = _pairs(n, (0, 1), (0, 0), (2, 3), (2, 2), (1, 3), (1, 3))
    return Problem(f, _wood_start(n), pattern, colours={"columns": 2})


@family("hessian", small=10, large=20_000)
def chained_powell_singular(n):
    """Lukšan & Vlček 1999, problem 3.

    The graph is a ladder. Star colourings of the 2 × m grid need 4 colours from m = 4 on (Fertin, Raspaud & Reed
    2004, Star coloring of graphs, J. Graph Theory 47, 163-182), acyclic ones 3.
    """

    def f(x):
        a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
        return (
            np.sum((a + 10 * b) ** 2)
            + 5 * np.sum((c - d) ** 2)
            + np.sum((b - 2 * c) ** 4)
            + 10 * np.sum((a - d) ** 4)
        )

    i = 2 * np.arange((n - 2) // 2)
    steps = [(0, 1), (2, 3), (1, 2), (0, 3)]
    pairs = np.concatenate([np.stack([i + p, i + q], axis=1) for p, q in steps])
    return Problem(f, _powell_start(n), cliques(pairs, n), colours={"star": 4, "acyclic": 3})


@family("hessian", small=12, large=20_000)
def extended_powell_singular(n):
    """Powell 1962 in groups of four; Moré, Garbow & Hillstrom 1981, problem 22; the graph is a heap of squares."""

    def f(x):
        a, b, c, d = x.reshape(-1, 4).T
        terms = (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4
        return terms.sum()

    i = 4 * np.arange(n // 4)
    steps = [(0, 1), (2, 3), (1, 2), (0, 3)]
    pairs = np.concatenate([np.stack([i + p, i + q], axis=1) for p, q in steps])
    return Problem(f, _powell_start(n), cliques(pairs, n), colours={"star": 3, "acyclic": 3})


@family("jacobian", small=12, large=20_000)
def extended_powell_singular_residuals(n):
    """Moré, Garbow & Hillstrom 1981, problem 22."""

    def f(x):
        return np.concatenate([
            x[::4] + 10 * x[1::4],
            np.sqrt(5) * (x[2::4] - x[3::4]),
            (x[1::4] - 2 * x[2::4]) ** 2,
            np.sqrt(10) * (x[::4] - x[3::4]) ** 2,
        ])  # fmt: skip

    pattern = _pairs(n, (0, 1), (2, 3), (1, 2), (0, 3), every=4)
    return Problem(f, _powell_start(n), pattern, colours={"columns": 2})


@family("jacobian", small=12, large=120)
def broyden_banded(n):
    """Moré, Garbow & Hillstrom 1981, problem 31, in the loops of the Fortran original."""

    def f(x):
        n = len(x)
        r = []
        for i in range(n):
            s = 0.0
            for j in range(max(0, i - 5), min(n, i + 2)):
                if j != i:
                    s += x[j] * (1 + x[j])
            r.append(x[i] * (2 + 5 * x[i] ** 2) + 1 - s)
        return np.array(r)

    # Entries of the 7 diagonals meet in each row.
    return Problem(f, np.full(n, -1.0), band(n, 5, 1), colours={"columns": 7, "rows": 7})


@family("jacobian", small=10, large=10_000)
def tridiagonal_with_branch(n):
    """Broyden's tridiagonal function (Moré, Garbow & Hillstrom 1981, problem 30), stiffer where the data are large."""

    def f(x):
        r = (3 - 2 * x) * x + 1
        r[1:] -= x[:-1]
        r[:-1] -= 2 * x[1:]
        if np.max(np.abs(x)) > 5:
            r = r * (1 + x**2)
        elif x[0] > 0:
            r += np.sin(x)
        return r

    return Problem(f, np.full(n, -1.0), band(n, 1, 1), colours={"columns": 3, "rows": 3})


@family("jacobian", small=9, large=1000)
def arrow(n):
    """An arrow, the textbook case for rows and columns together: Coleman & Verma 1998, SIAM J. Sci. Comput. 19, 1210.

    The first row goes in one direction in reverse, the first column and the diagonal in two forward.
    """

    def f(x):
        first = np.sum(x**2)
        rest = x[1:] ** 3 + x[0] * np.sin(x[1:])
        return np.concatenate([[first], rest])

    i = np.arange(n)
    pattern = any_of(entries(0, i, (n, n)), entries(i, 0, (n, n)), entries(i, i, (n, n)))
    colours = {"columns": n, "rows": n, "both": 3}
    return Problem(f, 0.5 + i / n, pattern, colours=colours)


@family("hessian", small=9, large=1000)
def arrow_objective(n):
    """One unknown meets all the others, which do not meet: the graph is a star, two colours."""

    def f(x):
        return np.sum(np.cosh(x[1:] - x[0]) + x[1:] ** 4)

    i = np.arange(n)
    pattern = any_of(entries(0, i, (n, n)), entries(i, 0, (n, n)), entries(i, i, (n, n)))
    return Problem(f, 0.5 + i / n, pattern, colours={"star": 2, "acyclic": 2})
