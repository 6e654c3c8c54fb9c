"""Costs by operation: what is on the tape is what is counted, each array once, and times add up."""

import subprocess
import sys

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import InputError, OutputError
from dualrev.explore.profile import Entry, Profile, profile, seconds, size

N = 1000
X = np.linspace(0.1, 1.0, N)


def counted(found):
    return {e.name: (e.calls, e.held) for e in found.operations}


def two_arrays(x):
    return np.sum(np.sin(x) * x)


A = np.random.default_rng(0).normal(size=(40, 30))

# What each operation keeps follows from its partials: sin its input, multiply both operands, exp its output, tanh its
# output, matmul the other operand, sums and transposes nothing. An array counts for the operation that keeps it first.
HELD = [
    (two_arrays, (X,), {"sin": (1, 8 * N), "multiply": (1, 8 * N), "sum": (1, 0)}),
    (lambda x: np.sum(np.exp(x)), (X,), {"exp": (1, 8 * N), "sum": (1, 0)}),
    (lambda x: np.sum(np.tanh(np.tanh(x))), (X,), {"tanh": (2, 16 * N), "sum": (1, 0)}),
    (lambda x: np.sum(np.sin(x) + np.cos(x)), (X,), {"sin": (1, 8 * N), "cos": (1, 0), "add": (1, 0), "sum": (1, 0)}),
    (lambda x: np.sum(2.0 * x + 1.0), (X,), {"multiply": (1, 0), "add": (1, 0), "sum": (1, 0)}),
    (lambda x: np.sum(A @ x), (X[:30],), {"matmul": (1, A.nbytes), "sum": (1, 0)}),
    # A view keeps all of what it is a view of.
    (lambda x: np.sum(x[:10] * x[10:20]), (X,), {"getitem": (2, 0), "multiply": (1, 8 * N), "sum": (1, 0)}),
    (lambda x: np.sum(np.sin(x)), (X.astype(np.float32),), {"sin": (1, 4 * N), "sum": (1, 0)}),
]  # fmt: skip


@pytest.mark.parametrize(("f", "args", "expected"), HELD)
def test_what_is_held(f, args, expected):
    found = profile(f, *args, repeats=1)
    assert counted(found) == expected
    assert found.held == sum(held for _, held in expected.values())
    assert found.calls == sum(calls for calls, _ in expected.values())


def test_a_loop():
    def f(x):
        for _ in range(7):
            x = np.sin(x)
        return np.sum(x)

    assert counted(profile(f, X, repeats=1)) == {"sin": (7, 7 * 8 * N), "sum": (1, 0)}


def test_several_outputs_are_one_operation():
    matrix = np.eye(5) + 0.1 * A[:5, :5]
    found = profile(lambda a: np.linalg.slogdet(a)[1], matrix, repeats=1)
    assert [(e.name, e.calls) for e in found.operations] == [("slogdet", 1)]
    found = profile(
        lambda a: np.sum(np.linalg.eigh(a @ a.T)[1]) + np.linalg.slogdet(a)[1], matrix, repeats=2
    )
    assert {e.name: e.calls for e in found.operations}["eigh"] == 1
    assert {e.name: e.calls for e in found.operations}["slogdet"] == 1


def test_a_checkpoint_keeps_its_argument_only():
    def step(x):
        return np.sin(np.exp(-x) * x)

    saved = profile(lambda x: np.sum(dr.checkpoint(step)(x)), X, repeats=1)
    assert {e.name: e.calls for e in saved.operations} == {"step": 1, "sum": 1}
    assert saved.held == 8 * N
    # The result of exp, the other factor, and the product.
    assert profile(lambda x: np.sum(step(x)), X, repeats=1).held == 3 * 8 * N


def test_writes_through_views_that_are_gone():
    def f(x):
        y = x * 1.0
        y[0] = y[1] * y[2]
        y *= 2.0
        y[1:] += y[:-1]
        return np.sum(y * y)

    found = profile(f, np.array([1.0, 2.0, 3.0]), repeats=1)
    calls = {entry.name: entry.calls for entry in found.operations}
    # The last line writes twice, into the view and through its name; what it writes is read from the view. A watched
    # tape, which keeps the views alive, takes three of them once more than the result needs.
    assert (calls["setitem"], calls["getitem"], calls["sum"]) == (3, 5, 1)
    # Both factors of the first product, and y of the last, which counts once.
    assert found.held == 2 * 8 + 3 * 8 + np.float64(0).nbytes * 2


def test_in_place_writes():
    def f(x):
        x = x.copy()
        x[0] = 2 * x[1]
        return np.sum(x**2)

    found = counted(profile(f, X, repeats=1))
    assert found["setitem"][0] == 1
    assert found["power"] == (1, 8 * N)


def test_inner_derivatives_are_recorded_too():
    found = profile(lambda x: np.sum(dr.grad(lambda z: np.sum(np.sin(z)))(x)), X, repeats=1)
    assert "cos" in counted(found)


def test_containers_and_several_arguments():
    def f(weights, x, factor):
        return {
            "loss": factor * np.mean((x @ weights["w"] + weights["b"]) ** 2),
            "norm": np.sum(weights["w"] ** 2),
        }

    weights = {"w": np.ones(30), "b": 0.5}
    found = profile(f, weights, A, 2.0, argnums=(0, 2), repeats=1)
    assert {"matmul", "add", "power", "mean", "multiply", "sum"} == set(counted(found))


def test_lines():
    found = profile(two_arrays, X, repeats=1)
    (line,) = found.lines
    code = two_arrays.__code__
    assert line.name == f"{__file__}:{code.co_firstlineno + 1}, in two_arrays"
    assert (line.calls, line.held) == (3, found.held)


def test_times_are_those_of_the_operations():
    """A matrix product of 8 million multiplications takes longer than a thousand additions."""
    large = np.ones((200, 200))
    found = profile(lambda a: np.sum(a @ large) + np.sum(a[0] + 1.0), large)
    first = found.operations[0]
    assert first.name == "matmul"
    assert first.forward > 0
    # Its adjoint is another product of the same size.
    assert first.sweep > first.forward / 10
    assert found.forward >= first.forward
    assert found.sweep >= first.sweep * 0.5
    assert found.plain > 0


def test_what_is_left_is_not_negative():
    found = Profile((Entry("sin", 1, 2.0, 3.0, 8),), (), 1.0, 2.5, 1.0, 8)
    assert found.rest == (0.5, 0.0)


def test_the_table():
    found = Profile(
        (Entry("matmul", 12, 1.234e-3, 5e-6, 8_000_000), Entry("sin", 1, 9.996e-7, 2.0, 24)),
        (Entry("model.py:3, in f", 13, 1.2e-3, 2.0, 8_000_024),),
        1e-3, 2.5e-3, 2.5, 8_000_024,
    )  # fmt: skip
    assert str(found).splitlines() == [
        "                   calls  forward   sweep  held",
        "matmul                12  1.23 ms    5 µs  8 MB",
        "sin                    1     1 µs     2 s  24 B",
        "Python, recording         1.27 ms  500 ms",
        "all                   13   2.5 ms   2.5 s  8 MB",
        "without recording            1 ms",
    ]
    assert "model.py:3, in f" in found.table("line")
    assert repr(found) == "<Profile of 13 operations: forward 2.5 ms, sweep 2.5 s, 8 MB held>"


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (0.0, "0 ns"), (3.2e-9, "3.2 ns"), (9.994e-7, "999 ns"), (9.996e-7, "1 µs"), (0.5, "500 ms"),
        (12.3456, "12.3 s"), (4000.0, "4000 s"),
    ],
)  # fmt: skip
def test_seconds(t, text):
    assert seconds(t) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_600, "1 MB"),
        (1_234_567, "1.23 MB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_size(count, text):
    assert size(count) == text


def test_functions_that_write_into_their_own_arrays():
    """Recording makes large arrays read-only for as long as it lasts, and no longer."""
    work = np.zeros(5000)

    def f(x):
        work[:] = 2.0
        return np.sum(work * x)

    found = profile(f, np.ones(5000), repeats=2)
    assert counted(found) == {"multiply": (1, work.nbytes), "sum": (1, 0)}
    work[0] = 1.0


def stochastic():
    rng = np.random.default_rng(0)

    def f(x):
        for _ in range(rng.integers(1, 10_000)):
            x = x + 1.0
        return np.sum(x)

    return f


WRONG = [
    (lambda: profile(lambda x: 3.0, X), OutputError, "does not depend on the arguments"),
    (lambda: profile(np.floor, X), OutputError, "does not depend on the arguments"),
    (lambda: profile(stochastic(), np.ones(2), repeats=1), OutputError, "did not do the same when called again"),
    (lambda: profile(np.sum, np.arange(3)), InputError, "a derivative with respect to integers does not exist"),
    (lambda: profile(np.sum, dr.variable(X)), InputError, "an argument is a traced value"),
    (lambda: profile(np.sum, X, repeats=0), ValueError, "repeats= is a positive integer, not 0"),
    (lambda: profile(np.sum, X, repeats=1.5), ValueError, "repeats= is a positive integer"),
    (lambda: profile(np.sum, X, argnums=1), TypeError, "argnums=1"),
    (lambda: profile(lambda x: "text", X), OutputError, "the function returned str"),
    (lambda: profile(two_arrays, X, repeats=1).table("function"), ValueError, "by= is 'operation' or 'line'"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_cannot_be_measured(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_error_of_the_function_leaves_arrays_writable():
    work = np.zeros(5000)

    def f(x):
        y = work * x
        raise KeyError(y.shape)

    with pytest.raises(KeyError):
        profile(f, np.ones(5000))
    work[0] = 1.0


def test_the_module_is_loaded_without_matplotlib():
    code = "import sys, dualrev.explore.profile; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
