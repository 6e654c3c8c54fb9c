"""Sizes: Python loops over numbers, a million unknowns, patterns too dense to be held."""

import time
import tracemalloc

import numpy as np
import pytest

from dualrev.errors import PatternError
from dualrev.sparse.detection import hessian_pattern, jacobian_pattern


def seconds(f):
    best = np.inf
    for _ in range(2):
        start = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - start)
    return best


def scalar_residual(x):
    n, out = len(x), []
    for i in range(n):
        left = x[i - 1] if i else 0.0
        right = x[i + 1] if i < n - 1 else 0.0
        out.append(left - 2.0 * x[i] + right + x[i] ** 2)
    return np.stack(out)


def buffered_residual(x):
    y = np.zeros_like(x)
    for i in range(1, len(x) - 1):
        y[i] = x[i - 1] - 2.0 * x[i] + x[i + 1] ** 2
    y[0] = np.sum(x)
    for i in range(1, len(x), 2):
        y[i] += x[0]
    return y


def scalar_objective(x):
    s = 0.0
    for i in range(len(x) - 1):
        s = s + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return s


def recurrence(x):
    s = x[0]
    for i in range(1, len(x)):
        s = np.sin(s) * 0.5 + x[i]
    return s


@pytest.mark.parametrize(
    ("detect", "f", "n", "entries", "limit"),
    [
        (jacobian_pattern, scalar_residual, 2000, 5998, 3.0),
        (jacobian_pattern, buffered_residual, 1000, 4493, 3.0),
        (jacobian_pattern, scalar_objective, 1000, 1000, 3.0),
        (jacobian_pattern, recurrence, 2000, 2000, 3.0),
        (hessian_pattern, scalar_objective, 500, 1498, 5.0),
    ],
)
def test_python_loops(detect, f, n, entries, limit):
    x = np.linspace(0.5, 1.5, n)
    start = time.perf_counter()
    assert detect(f, x).nnz == entries
    assert time.perf_counter() - start < limit


@pytest.mark.parametrize("f", [scalar_residual, scalar_objective, recurrence])
def test_python_loops_are_near_linear(f):
    small, large = (
        seconds(lambda n=n: jacobian_pattern(f, np.linspace(0.5, 1.5, n))) for n in (200, 1600)
    )
    assert large < 8 * 3 * small + 0.05


def five_points(u):
    n = round(u.size**0.5)
    u = np.pad(u.reshape(n, n), 1)
    inner = u[1:-1, 1:-1]
    return u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * inner + np.exp(inner)


def test_a_million_unknowns():
    n = 1000
    tracemalloc.start()
    start = time.perf_counter()
    found = jacobian_pattern(five_points, np.ones(n * n))
    assert time.perf_counter() - start < 10
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.nnz == 5 * n * n - 4 * n
    assert found.bandwidth == (n, n)
    # Twenty bytes per entry of the result, and the values of the function.
    assert peak < 30 * found.nnz + 20 * 8 * n * n


def test_a_dense_row_stays_a_view():
    n = 100_000
    tracemalloc.start()
    found = jacobian_pattern(lambda x: np.sum(x) * np.ones(n) @ np.eye(1, n)[0] + x[0], np.ones(n))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.nnz == n
    assert peak < 100 * n


@pytest.mark.slow
def test_ten_million_entries():
    n = 1_000_000
    x = np.linspace(0.5, 1.5, n)
    found = jacobian_pattern(lambda x: sum(np.roll(x, k) * x for k in range(10)), x)
    assert found.nnz == 10 * n
    chain = hessian_pattern(
        lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), x
    )
    assert chain.nnz == 3 * n - 2


def test_too_dense():
    big = np.ones(2**15 + 1)
    start = time.perf_counter()
    with pytest.raises(PatternError, match="entries"):
        jacobian_pattern(lambda x: np.sum(x) * x, big)
    with pytest.raises(PatternError, match="entries"):
        jacobian_pattern(np.cumsum, np.ones(2**15 + 2**14))
    # What is dense only on the way is none of its business.
    assert jacobian_pattern(lambda x: np.sum(np.sum(x) * x), big).nnz == big.size
    assert time.perf_counter() - start < 20
