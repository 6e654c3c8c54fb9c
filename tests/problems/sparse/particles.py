"""Particles and springs: positions in rows, pairs as lists of indices, forces scattered."""

import numpy as np

from tests.problems.sparse.collection import Problem, blocks, cliques, entries, family, symmetric


def _lattice(n):
    """A zigzag of n particles a little out of place, and who is near whom: the next and the one after."""
    i = np.arange(n)
    rng = np.random.default_rng(3)
    places = np.stack([0.6 * i, 0.9 * (i % 2)], axis=1) + 0.02 * rng.standard_normal((n, 2))
    gaps = np.linalg.norm(places[:, None] - places[None, :], axis=2) if n <= 200 else None
    near = np.r_[i[:-1], i[:-2]], np.r_[i[1:], i[2:]]
    if gaps is not None:
        assert {tuple(p) for p in np.argwhere(np.triu(gaps < 1.5, 1)).tolist()} == set(
            zip(*(part.tolist() for part in near), strict=True)
        )
    return places, near


@family("hessian", small=7, large=1_500)
def lennard_jones(n):
    """Jones 1924, Proc. R. Soc. A 106, 463, with a list of neighbours made beforehand (Verlet 1967)."""
    places, (one, other) = _lattice(n)

    def f(x):
        r = x.reshape(-1, 2)
        d2 = np.sum((r[one] - r[other]) ** 2, axis=1)
        s6 = 1 / d2**3
        return np.sum(4 * (s6**2 - s6))

    pattern = blocks(symmetric(entries(one, other, (n, n))), 2)
    return Problem(f, places.ravel(), pattern, colours={"star": 10, "acyclic": 6}, spread=0.02)


@family("hessian", small=7, large=60)
def lennard_jones_cutoff(n):
    """The same where the neighbours are found from the positions at each call, by a mask of all pairs."""
    places, (one, other) = _lattice(n)
    every = np.triu_indices(n, 1)

    def f(x):
        r = x.reshape(-1, 2)
        gap = r[every[0]] - r[every[1]]
        d2 = np.sum(gap**2, axis=1)
        d2 = d2[d2 < 1.5**2]
        s6 = 1 / d2**3
        return np.sum(4 * (s6**2 - s6))

    pattern = blocks(symmetric(entries(one, other, (n, n))), 2)
    return Problem(f, places.ravel(), pattern, colours={"star": 10, "acyclic": 6}, spread=0.02)


def _net(m):
    """Springs of an m × m net with one diagonal in each mesh."""
    number = np.arange(m * m).reshape(m, m)
    tails = [number[:, :-1], number[:-1], number[:-1, :-1]]
    heads = [number[:, 1:], number[1:], number[1:, 1:]]
    places = np.stack(np.meshgrid(np.arange(m), np.arange(m), indexing="ij"), axis=-1) * 1.1
    return (
        np.concatenate([t.ravel() for t in tails]),
        np.concatenate([h.ravel() for h in heads]),
        places.reshape(-1, 2),
    )


@family("jacobian", small=3, large=40)
def spring_net(m):
    """Baraff & Witkin 1998, Large steps in cloth simulation, in the plane: forces scattered with np.add.at."""
    tail, head, places = _net(m)
    rest = np.linalg.norm(places[head] - places[tail], axis=1) / 1.1

    def f(x):
        r = x.reshape(-1, 2)
        d = r[head] - r[tail]
        length = np.linalg.norm(d, axis=1, keepdims=True)
        pull = (length - rest[:, None]) * d / length
        force = np.zeros_like(r)
        np.add.at(force, tail, pull)
        np.add.at(force, head, -pull)
        force -= 0.1 * r
        return force.ravel()

    n = m * m
    pattern = blocks(symmetric(entries(tail, head, (n, n))), 2)
    start = places + 0.1 * np.sin(np.arange(2 * n)).reshape(n, 2)
    return Problem(f, start.ravel(), pattern, colours={"columns": 14})


@family("hessian", small=3, large=25)
def spring_net_energy(m):
    """The potential of the same net, in three dimensions, one spring after the other where the net is small."""
    tail, head, places = _net(m)
    rest = np.linalg.norm(places[head] - places[tail], axis=1) / 1.1
    n = m * m

    def f(x):
        r = x.reshape(n, 3)
        energy = 0.0
        if n < 20:
            for i, j, length in zip(tail, head, rest, strict=True):
                energy = energy + (np.sqrt(np.sum((r[i] - r[j]) ** 2)) - length) ** 2 / 2
        else:
            energy = np.sum((np.sqrt(np.sum((r[tail] - r[head]) ** 2, axis=1)) - rest) ** 2) / 2
        return energy + 9.81 * r[:, 2].sum()

    pattern = blocks(symmetric(entries(tail, head, (n, n))), 3)
    bent = 0.2 * np.sin(np.arange(n) ** 2)
    start = np.column_stack([places + 0.1 * np.cos(np.arange(2 * n)).reshape(n, 2), bent])
    return Problem(f, start.ravel(), pattern, colours={"star": 24, "acyclic": 12})


@family("jacobian", small=6, large=2_000)
def pendulum_chain(n):
    """Links of a hanging chain: constraints on the lengths with np.diff, forces with the multipliers; one saddle."""
    gravity = np.array([0.0, -1.0])

    def f(z):
        r, tension = z[: 2 * n].reshape(n, 2), z[2 * n :]
        anchored = np.vstack([np.zeros((1, 2)), r])
        d = np.diff(anchored, axis=0)
        pull = tension[:, None] * d
        balance = gravity - pull
        balance[:-1] += pull[1:]
        return np.concatenate([balance.ravel(), np.sum(d**2, axis=1) - 1])

    i = np.arange(n)
    size = (3 * n, 3 * n)
    rows, columns = [], []
    for c in (0, 1):
        for shift in (-1, 0, 1):
            k = i[(i + shift >= 0) & (i + shift < n)]
            rows.append(2 * k + c)
            columns.append(2 * (k + shift) + c)
            if shift >= 0:  # tensions of the link above and of the one below
                rows.append(2 * k + c)
                columns.append(2 * n + k + shift)
            if shift <= 0:
                rows.append(2 * n + k)
                columns.append(2 * (k + shift) + c)
    pattern = entries(np.concatenate(rows), np.concatenate(columns), size)
    start = np.concatenate(
        [np.cumsum(np.full((n, 2), [0.3, -0.9]), axis=0).ravel(), np.arange(n, 0, -1.0)]
    )
    return Problem(f, start, pattern, colours={"columns": 6})


@family("hessian", small=8, large=5_000)
def fermi_pasta_ulam(n):
    """Fermi, Pasta & Ulam 1955, Los Alamos report LA-1940: the α + β chain between walls."""

    def f(x):
        stretch = np.diff(x, prepend=0.0, append=0.0)
        return np.sum(stretch**2 / 2 + stretch**3 / 4 + stretch**4 / 4)

    return Problem(
        f,
        np.sin(np.arange(n) * 1.0),
        cliques(np.stack([np.arange(n - 1), np.arange(1, n)], axis=1), n),
        colours={"star": 3, "acyclic": 2},
    )
