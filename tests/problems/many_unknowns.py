"""Problems 21 to 35 of Moré, Garbow and Hillstrom, whose number of unknowns may be chosen."""

import numpy as np

from tests.problems.collection import add


def extended_rosenbrock(x):
    return np.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


def extended_powell_singular(x):
    a, b, c, d = x[::4], x[1::4], x[2::4], x[3::4]
    return np.concatenate([
        a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2,
    ])  # fmt: skip


def penalty_1(x):
    return np.concatenate([np.sqrt(1e-5) * (x - 1), np.sum(x * x, keepdims=True) - 0.25])


def penalty_2(x):
    i = np.arange(2, x.size + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    weights = np.arange(x.size, 0, -1)
    return np.concatenate([
        x[:1] - 0.2,
        np.sqrt(1e-5) * (np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - y),
        np.sqrt(1e-5) * (np.exp(x[1:] / 10) - np.exp(-0.1)),
        np.sum(weights * x * x, keepdims=True) - 1,
    ])  # fmt: skip


def variably_dimensioned(x):
    s = np.sum(np.arange(1, x.size + 1) * (x - 1), keepdims=True)
    return np.concatenate([x - 1, s, s**2])


def trigonometric(x):
    i = np.arange(1, x.size + 1)
    return x.size - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    return np.concatenate([
        x[:-1] + np.sum(x) - (x.size + 1),
        np.prod(x, keepdims=True) - 1,
    ])  # fmt: skip


def _nodes(n):
    return np.arange(1, n + 1) / (n + 1)


def discrete_boundary_value(x):
    h = 1 / (x.size + 1)
    y = np.pad(x, 1)
    return 2 * x - y[:-2] - y[2:] + h**2 * (x + _nodes(x.size) + 1) ** 3 / 2


def discrete_integral_equation(x):
    t = _nodes(x.size)
    kernel = np.where(t[:, None] >= t, (1 - t[:, None]) * t, t[:, None] * (1 - t))
    return x + kernel @ (x + t + 1) ** 3 / (2 * (x.size + 1))


def broyden_tridiagonal(x):
    y = np.pad(x, 1)
    return (3 - 2 * x) * x - y[:-2] - 2 * y[2:] + 1


def broyden_banded(x):
    offset = np.arange(x.size)[:, None] - np.arange(x.size)
    near = ((offset <= 5) & (offset >= -1) & (offset != 0)).astype(float)
    return x * (2 + 5 * x**2) + 1 - near @ (x * (1 + x))


def linear_full_rank(m):
    def residuals(x):
        rest = -2 / m * np.sum(x) - 1
        return np.concatenate([x + rest, np.full(m - x.size, 1.0) * rest])

    return residuals


def linear_rank_1(m):
    def residuals(x):
        return np.arange(1, m + 1) * np.sum(np.arange(1, x.size + 1) * x) - 1

    return residuals


def linear_rank_1_with_zeros(m):
    # Zero columns are the first and the last, zero rows too.
    rows = np.concatenate([[0], np.arange(1, m - 1), [0]])

    def residuals(x):
        return rows * np.sum(np.arange(2, x.size) * x[1:-1]) - 1

    return residuals


def chebyquad(x):
    # Shifted Chebyshev polynomials by recurrence; the integral over [0, 1] of the i-th is -1/(i² - 1), i even.
    previous, current = np.ones_like(x), 2 * x - 1
    rows = []
    for i in range(1, x.size + 1):
        rows.append(np.mean(current) + (1 / (i * i - 1) if i % 2 == 0 else 0))
        previous, current = current, 2 * (2 * x - 1) * current - previous
    return np.stack(rows)


add(21, "extended Rosenbrock", extended_rosenbrock, [-1.2, 1] * 5, solutions=(((1,) * 10, 0),))
add(
    22,
    "extended Powell singular",
    extended_powell_singular,
    [3, -1, 0, 1] * 3,
    solutions=(((0,) * 12, 0),),
)
for n, f in ((4, 2.24997e-5), (10, 7.08765e-5)):
    add(23, "penalty I", penalty_1, np.arange(1, n + 1), minima=(f,))
for n, f in ((4, 9.37629e-6), (10, 2.93660e-4)):
    add(24, "penalty II", penalty_2, np.full(n, 0.5), minima=(f,))
add(
    25,
    "variably dimensioned",
    variably_dimensioned,
    1 - np.arange(1, 11) / 10,
    solutions=(((1,) * 10, 0),),
)
add(26, "trigonometric", trigonometric, np.full(10, 0.1), others=(2.79506e-5,))
add(
    27,
    "Brown almost linear",
    brown_almost_linear,
    np.full(10, 0.5),
    minima=(0, 1),
    solutions=(((1,) * 10, 0), ((0,) * 9 + (11,), 1)),
)
START = _nodes(10) * (_nodes(10) - 1)
add(28, "discrete boundary value", discrete_boundary_value, START)
add(29, "discrete integral equation", discrete_integral_equation, START)
add(30, "Broyden tridiagonal", broyden_tridiagonal, np.full(10, -1))
add(31, "Broyden banded", broyden_banded, np.full(10, -1))
add(
    32,
    "linear, full rank",
    linear_full_rank(20),
    np.ones(10),
    minima=(10,),
    solutions=(((-1,) * 10, 10),),
)
add(33, "linear, rank 1", linear_rank_1(20), np.ones(10), minima=(20 * 19 / (2 * 41),))
add(
    34,
    "linear, rank 1, zero columns and rows",
    linear_rank_1_with_zeros(20),
    np.ones(10),
    minima=((400 + 60 - 6) / (2 * 37),),
)
for n, f, others in ((7, 0, ()), (8, 3.51687e-3, ()), (9, 0, ()), (10, 6.50395e-3, (4.77271e-3,))):
    add(35, "Chebyquad", chebyquad, _nodes(n), minima=(f,), others=others)
