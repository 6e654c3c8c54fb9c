"""Plain arrays that a derivative still needs must not change it when they are overwritten.

Right, or a `CapturedWriteError` where a copy would cost too much: never another number.
"""

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import CapturedWriteError

SIZES = [3, 200_000]


def right_or_refused(gradient, expected):
    """Return whether the gradient was computed; then it was right."""
    try:
        g = gradient()
    except CapturedWriteError:
        return False
    np.testing.assert_array_equal(g, expected)
    return True


@pytest.mark.parametrize("n", SIZES)
def test_captured_array_overwritten_after_use(n):
    A = np.full(n, 2.0)

    def f(x):
        y = A * x
        A[:] = 0.0
        return np.sum(y)

    computed = right_or_refused(lambda: dr.grad(f)(np.ones(n)), np.full(n, 2.0))
    assert computed or n > 1000
    assert A.flags.writeable


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("through", ["base", "older view"])
def test_captured_array_overwritten_through_another_view(n, through):
    base = np.full(n + 1, 2.0)
    older = base[1:]

    def f(x):
        A = base[1:]
        y = A * x
        if through == "base":
            base[:] = 0.0
        else:
            older[:] = 0.0
        return np.sum(y)

    right_or_refused(lambda: dr.grad(f)(np.ones(n)), np.full(n, 2.0))
    assert base.flags.writeable
    assert older.flags.writeable


@pytest.mark.parametrize("n", SIZES)
def test_work_array_reused_in_a_loop(n):
    work = np.empty(n)

    def f(x):
        total = 0.0
        for k in range(3):
            work[:] = k + 1.0
            total = total + np.sum(work * x)
        return total

    computed = right_or_refused(lambda: dr.grad(f)(np.ones(n)), np.full(n, 6.0))
    assert computed or n > 1000
    assert work.flags.writeable


@pytest.mark.parametrize("n", SIZES)
def test_work_array_reused_as_out(n):
    base, work = np.ones(n), np.empty(n)

    def f(x):
        total = 0.0
        for k in range(3):
            np.multiply(base, k + 1.0, out=work)
            total = total + np.dot(work, x)
        return total

    computed = right_or_refused(lambda: dr.grad(f)(np.ones(n)), np.full(n, 6.0))
    assert computed or n > 1000
    assert work.flags.writeable


@pytest.mark.parametrize("n", SIZES)
def test_captured_arrays_are_given_back_as_they_came(n):
    frozen, free = np.ones(n), np.ones(n)
    frozen.flags.writeable = False

    def f(x):
        return np.sum(frozen * free * x * free)

    def fails(x):
        f(x)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dr.grad(fails)(np.ones(n))
    assert free.flags.writeable
    assert not frozen.flags.writeable
    np.testing.assert_array_equal(dr.grad(f)(np.ones(n)), np.ones(n))
    assert free.flags.writeable
    assert not frozen.flags.writeable


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("what", ["argument", "captured"])
def test_arrays_overwritten_between_vjp_and_pullback(n, what):
    x, A = np.full(n, 3.0), np.full(n, 2.0)

    def gradient():
        _, pullback = dr.vjp(lambda x: A * x * x, x)
        (x if what == "argument" else A)[:] = 0.0
        return pullback(np.ones(n))[0]

    computed = right_or_refused(gradient, np.full(n, 12.0))
    assert computed or n > 1000


@pytest.mark.parametrize("what", ["argument", "captured"])
def test_arrays_overwritten_between_linearize_and_its_use(what):
    x, A = np.full(3, 3.0), np.full(3, 2.0)
    _, push = dr.linearize(lambda x: A * x * x, x)
    (x if what == "argument" else A)[:] = 0.0
    np.testing.assert_array_equal(push(np.ones(3)), np.full(3, 12.0))


def test_argument_overwritten_by_the_caller_inside_the_function():
    x = np.full(3, 3.0)

    def f(traced):
        y = traced * traced
        x[:] = 0.0
        return np.sum(y)

    right_or_refused(lambda: dr.grad(f)(x), np.full(3, 6.0))


@pytest.mark.parametrize("n", SIZES)
def test_results_share_no_memory(n):
    """Writing into one result changes neither a captured array nor another result."""
    A = np.full(n, 2.0)
    g = dr.grad(lambda x: np.dot(A, x))(np.ones(n))
    g[:] = -1.0
    np.testing.assert_array_equal(A, np.full(n, 2.0))
    ga, gb = dr.grad(lambda a, b: np.sum(a + b), argnums=(0, 1))(np.ones(n), np.ones(n))
    ga[:] = -1.0
    np.testing.assert_array_equal(gb, np.ones(n))


@pytest.mark.parametrize("n", SIZES)
def test_shared_cotangents_are_not_accumulated_in_place(n):
    """The sum gives a and b the same cotangent; adding to one must not add to the other."""
    f = lambda a, b: np.sum(a * 3.0 + (a + b) + np.reshape(a, (n,)))
    ga, gb = dr.grad(f, argnums=(0, 1))(np.ones(n), np.ones(n))
    np.testing.assert_array_equal(ga, np.full(n, 5.0))
    np.testing.assert_array_equal(gb, np.ones(n))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("indexed_first", [True, False])
def test_shared_cotangents_and_indexing(n, indexed_first):
    """Entries of a add to its cotangent in place, which must not be the one that b holds."""

    def f(a, b):
        if indexed_first:
            entries = a[0] * 5.0 + a[n - 1] * 7.0
            return entries + np.sum(a + b)
        total = np.sum(a + b)
        return a[0] * 5.0 + a[n - 1] * 7.0 + total

    ga, gb = dr.grad(f, argnums=(0, 1))(np.ones(n), np.ones(n))
    expected = np.ones(n)
    np.testing.assert_array_equal(gb, expected)
    expected[0], expected[-1] = 6.0, 8.0
    np.testing.assert_array_equal(ga, expected)


@pytest.mark.parametrize("n", SIZES)
def test_pullback_does_not_write_into_its_cotangent(n):
    """The cotangent passes unchanged to x, and an entry of x adds to it in place."""
    ct = np.ones(n)

    def f(x):
        first = x[0] * 5.0
        return x + 0.0, first

    _, pullback = dr.vjp(f, np.ones(n))
    g = pullback((ct, 1.0))[0]
    assert g[0] == 6.0
    np.testing.assert_array_equal(ct, np.ones(n))
    g[:] = -1.0
    np.testing.assert_array_equal(ct, np.ones(n))


def test_seeds_are_not_modified():
    x, t, ct = np.ones(3), np.full(3, 2.0), np.full(3, 5.0)
    dr.jvp(lambda x: x + x * x + x, (x,), (t,))
    _, pullback = dr.vjp(lambda x: x + x * x + x, x)
    first, second = pullback(ct)[0], pullback(ct)[0]
    np.testing.assert_array_equal(first, np.full(3, 20.0))
    np.testing.assert_array_equal(second, first)
    for array, kept in ((x, 1.0), (t, 2.0), (ct, 5.0)):
        np.testing.assert_array_equal(array, np.full(3, kept))


def test_input_arrays_are_never_modified(jac):
    x = np.array([1.0, 2.0, 3.0])
    kept = x.copy()

    def f(x):
        x += 1.0
        x[0] = 7.0
        x *= x
        np.exp(x / 10, out=x)
        return x

    expected = np.diag([0.0, *(2 * (kept[1:] + 1) / 10 * np.exp((kept[1:] + 1) ** 2 / 10))])
    np.testing.assert_allclose(jac(f, x), expected, rtol=1e-14)
    np.testing.assert_array_equal(x, kept)


def test_plain_array_plus_equal_traced(jac):
    """The name is rebound; an alias of the old array must not be read in silence: it is nan."""
    aliases = []

    def f(x):
        g = np.zeros(3)
        aliases.append(g)
        g += x * x
        g *= 2.0
        return g

    np.testing.assert_array_equal(jac(f, np.array([1.0, 2.0, 3.0])), np.diag([4.0, 8.0, 12.0]))
    for alias in aliases:
        assert np.isnan(alias).all()
