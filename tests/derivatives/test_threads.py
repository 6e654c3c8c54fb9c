"""Threads, async tasks, generators and callbacks: levels of one never reach another."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.levels import open_levels
from dualrev.errors import LevelError


@pytest.fixture(autouse=True)
def frequent_switches():
    """Let threads interleave inside every operation, not every 5 ms."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def run_together(worker, threads):
    """Run ``worker(k)`` in that many threads that start at once; return their results."""
    barrier = threading.Barrier(threads)

    def start(k):
        barrier.wait()
        result = worker(k)
        assert open_levels() == []
        return result

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(start, range(threads)))


def third_derivative(c):
    """Return d/dx [x d/dy (x y**2 d/dz c x y z**3)] at z = y = x = 1, which is 105 c."""
    # In z: 3 c x y z**2 -> 3 c x y**3; times x y**2: 3 c x**2 y**5; in y: 15 c x**2 y**4, at y = x
    # 15 c x**6; times x: 15 c x**7; in x: 105 c x**6.
    in_z = lambda x, y: dr.grad(lambda z: c * x * y * z**3)(y)
    in_y = lambda x: dr.jvp(lambda y: x * y**2 * in_z(x, y), (x,), (1.0,))[1]
    return dr.grad(lambda x: x * in_y(x))(1.0)


def test_eight_threads_of_nested_gradients():
    results = run_together(lambda k: [third_derivative(k + 1.0) for _ in range(40)], 8)
    for k, values in enumerate(results):
        assert values == [105.0 * (k + 1)] * 40


def test_four_threads_of_three_thousand_nested_gradients():
    def worker(k):
        c = float(k + 1)
        g = dr.grad(lambda x: x * dr.grad(lambda y: c * x * y)(2.0))
        return sum(g(float(i)) != 2 * c * i for i in range(3000))

    assert run_together(worker, 4) == [0, 0, 0, 0]


def test_threads_with_arrays_and_every_mode():
    def worker(k):
        x = np.arange(1.0, 4.0) + k
        f = lambda x: np.sum(x**3)
        for _ in range(15):
            np.testing.assert_array_equal(dr.hessian(f)(x), np.diag(6 * x))
            np.testing.assert_array_equal(
                dr.jacobian(lambda x: x**2, mode="forward")(x), np.diag(2 * x)
            )
            np.testing.assert_array_equal(dr.hvp(f)(x, x), 6 * x * x)
        return k

    assert run_together(worker, 8) == list(range(8))


def test_one_transformed_function_shared_by_threads():
    h = dr.hessian(lambda x: np.sum(x**3))
    results = run_together(lambda k: [h(np.full(2, k + 1.0))[0, 0] for _ in range(40)], 8)
    assert results == [[6.0 * (k + 1)] * 40 for k in range(8)]


def test_one_pullback_shared_by_threads():
    _, pullback = dr.vjp(lambda x: np.sin(x) * x**2, np.array([1.0, 2.0]))
    expected = pullback(np.ones(2))[0]
    results = run_together(lambda k: [pullback(np.full(2, k + 1.0))[0] for _ in range(40)], 8)
    for k, values in enumerate(results):
        for value in values:
            np.testing.assert_allclose(value, (k + 1) * expected, rtol=1e-15)


def test_threads_started_inside_a_derivative():
    """A traced value may be used by helper threads while its level is open."""

    def f(x):
        with ThreadPoolExecutor(2) as pool:
            parts = list(pool.map(lambda k: np.sin(x * k), [1.0, 2.0, 3.0]))
        return parts[0] + parts[1] + parts[2]

    expected = sum(k * np.cos(0.7 * k) for k in (1.0, 2.0, 3.0))
    assert dr.grad(f)(0.7) == pytest.approx(expected, rel=1e-14)
    assert dr.jvp(f, (0.7,), (1.0,))[1] == pytest.approx(expected, rel=1e-14)


def test_gradient_inside_a_callback_inside_a_gradient():
    """A callback-driven Newton iteration differentiated in its parameter: y**2 = x."""

    def newton(residual, y, callback):
        for _ in range(6):
            y = y - residual(y) / dr.grad(residual)(y)
            callback(y)
        return y

    def root(x):
        slopes = []
        y = newton(
            lambda y: y * y - x,
            1.5,
            callback=lambda y: slopes.append(dr.grad(lambda s: s * s * y)(1.0)),
        )
        return y + 0.0 * slopes[-1]

    assert dr.grad(root)(2.0) == pytest.approx(0.5 / np.sqrt(2), rel=1e-13)
    assert dr.grad(dr.grad(root))(2.0) == pytest.approx(-0.25 * 2**-1.5, rel=1e-12)


def test_recursive_function_that_differentiates_itself():
    def f(x, depth):
        return x**4 if depth == 0 else dr.grad(lambda y: f(y, depth - 1))(x) * x

    assert f(2.0, 2) == 16 * 16.0
    assert dr.grad(lambda x: f(x, 2))(2.0) == 4 * 16 * 8.0


def test_generator_suspended_across_levels():
    """Powers of x are drawn from one generator, inside and outside of an inner derivative."""

    def f(x):
        def powers():
            p = x
            while True:
                yield p
                p = p * x

        draw = powers()
        first = next(draw)
        inner = dr.grad(lambda y: y * next(draw))(3.0)
        return first * inner * next(draw)

    assert dr.grad(f)(2.0) == 6 * 2.0**5
    assert dr.jvp(f, (2.0,), (1.0,))[1] == 6 * 2.0**5


def test_generator_that_keeps_a_value_of_a_closed_level():
    def running_product():
        p = 1.0
        while True:
            p = p * (yield p)

    draw = running_product()
    next(draw)
    assert dr.grad(lambda y: draw.send(y))(3.0) == 1.0
    with pytest.raises(LevelError):
        draw.send(2.0)


def test_generator_with_a_derivative_in_progress():
    """A level that a suspended generator holds open stays apart from those around it."""

    def samples():
        with dr.Tape() as tape:
            x = tape.variable(3.0)
            y = x * x
            yield "suspended"
            tape.sweep(y * x)
            yield tape.cotangent(x)

    draw = samples()
    assert next(draw) == "suspended"
    assert dr.grad(lambda x: x * dr.grad(lambda y: x * y)(1.0))(4.0) == 8.0
    assert next(draw) == 27.0
    draw.close()


def test_async_tasks():
    async def worker(k):
        c = float(k + 1)
        _, push = dr.linearize(lambda x: c * x**3, 2.0)
        values = []
        for i in range(20):
            values.append(third_derivative(c))
            await asyncio.sleep(0)
            assert push(float(i)) == 12.0 * c * i
        assert open_levels() == []
        return values

    async def main():
        return await asyncio.gather(*(worker(k) for k in range(8)))

    results = asyncio.run(main())
    assert results == [[105.0 * (k + 1)] * 20 for k in range(8)]


def test_event_loop_inside_a_derivative():
    async def term(x, k):
        await asyncio.sleep(0)
        inner = dr.grad(lambda y: x * y**k)(1.0)
        await asyncio.sleep(0)
        return inner * x

    async def total(x):
        parts = await asyncio.gather(*(term(x, k) for k in (1, 2, 3)))
        return parts[0] + parts[1] + parts[2]

    assert dr.grad(lambda x: asyncio.run(total(x)))(2.0) == 2 * 6 * 2.0


def test_async_worker_threads():
    async def main():
        return await asyncio.gather(
            *(asyncio.to_thread(third_derivative, float(k)) for k in range(8))
        )

    assert asyncio.run(main()) == [105.0 * k for k in range(8)]
