"""The imperative interface: what records, what accumulates, what is freed, and what is refused."""

import copy
import gc
import math
import pickle
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualrev as dr
from dualrev import numpy as dnp
from dualrev.modes.live import is_live

A = np.array([[2.0, 0.3, -0.1], [0.4, 1.5, 0.2], [0.1, -0.2, 1.1]])
X = np.array([0.3, -0.7, 1.2])


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def loop(x):
    y = x
    for k in range(5):
        y = np.where(y > 0.1, np.sin(y) * (k + 1), np.exp(y))
    return y @ y


def writing(x):
    y = x.copy()
    y[0] = y[1] * y[2]
    y[1:] *= 3.0
    row = y[:2]
    row += 1.0
    return np.sum(y**2)


def spectrum(x):
    w, v = np.linalg.eigh(A + A.T + np.outer(x, x))
    return w[0] * v[0, 0] ** 2 + np.sum(np.sqrt(w**2 + 1.0))


def solve(x):
    return np.sum(np.linalg.solve(A + np.diag(x), x) ** 3)


def gather(x):
    return np.sum(x[[0, 0, 2]] * x[::-1]) + np.prod(x) + np.max(x) - np.linalg.norm(x)


FUNCTIONS = [rosenbrock, loop, writing, spectrum, solve, gather]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_backward_gives_the_gradient(f):
    x = dr.variable(X)
    y = f(x)
    assert dr.value(y) == f(X)
    y.backward()
    np.testing.assert_allclose(x.grad, dr.grad(f)(X), rtol=1e-13, atol=1e-14)
    assert type(x.grad) is np.ndarray


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_create_graph_gives_hessian_and_third_order(f):
    x = dr.variable(X)
    f(x).backward(create_graph=True)
    gradient, rows = x.grad, []
    for k in range(3):
        x.zero_grad()
        gradient[k].backward(create_graph=True)
        rows.append(x.grad)
    H = dr.hessian(f)(X)
    np.testing.assert_allclose([dr.value(r) for r in rows], H, rtol=1e-11, atol=1e-11)
    x.zero_grad()
    rows[1][2].backward()
    third = dr.grad(lambda x: dr.grad(lambda x: dr.grad(f)(x)[1])(x)[2])(X)
    np.testing.assert_allclose(x.grad, third, rtol=1e-10, atol=1e-10)


def test_repeated_calls_accumulate_until_zeroed():
    x = dr.variable([1.0, 2.0])
    y = np.sum(x**2)
    assert x.grad is None
    y.backward()
    y.backward()
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])
    np.sum(3.0 * x).backward()
    np.testing.assert_array_equal(x.grad, [7.0, 11.0])
    x.zero_grad()
    assert x.grad is None


def test_backward_from_any_node_with_a_cotangent():
    x = dr.variable([1.0, 2.0])
    h = np.sin(x)
    y = h * x
    h.backward([1.0, 10.0])
    np.testing.assert_allclose(x.grad, np.cos([1.0, 2.0]) * [1.0, 10.0])
    x.zero_grad()
    y.backward(np.ones(2))
    np.testing.assert_allclose(x.grad, np.sin([1.0, 2.0]) + [1.0, 2.0] * np.cos([1.0, 2.0]))
    x.zero_grad()
    x.backward(np.array([5.0, 6.0]))
    np.testing.assert_array_equal(x.grad, [5.0, 6.0])


def test_intermediates_keep_their_gradient_on_request():
    x = dr.variable(2.0)
    h = (x * 3.0).retain_grad()
    other = x + 1.0
    (h * h * other).backward()
    assert h.grad == 2 * 6.0 * 3.0
    assert other.grad is None
    assert x.grad == 36.0 * 3.0 + 36.0
    kept = (np.ones(2) * x).retain_grad()
    kept[0] = 5.0
    np.sum(kept**2).backward()
    np.testing.assert_array_equal(kept.grad, [10.0, 4.0])


def test_the_gradient_is_a_copy_of_its_own():
    x, y = dr.variable([1.0, 2.0]), dr.variable([3.0, 4.0])
    ct = np.ones(2)
    (x + y).backward(ct)
    x.grad[0] = 7.0
    ct[:] = 9.0
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtypes_are_kept(dtype):
    x = dr.variable(np.array([1.0, 2.0], dtype))
    assert x.dtype == dtype
    np.sum(np.abs(x * x) ** 2).backward()
    assert x.grad.dtype == dtype
    want = dr.grad(lambda x: np.sum(np.abs(x * x) ** 2))(np.array([1.0, 2.0], dtype))
    np.testing.assert_allclose(x.grad, want, rtol=1e-6)


def test_the_gradient_has_the_dtype_of_its_variable():
    x = dr.variable(np.ones(3, np.float32))
    h = (x * np.float32(2.0)).retain_grad()
    (np.sum(h.astype(float) ** 2) + np.sum(x)).backward()
    assert x.grad.dtype == h.grad.dtype == np.float32


def test_integers_become_floats_and_lists_arrays():
    assert dr.variable([1, 2]).dtype == np.float64
    assert dr.variable(True).dtype == np.float64
    assert dr.variable([[1.0], [2.0]]).shape == (2, 1)
    assert dr.variable([1.0], dtype=np.float32).dtype == np.float32


def test_how_a_variable_is_written():
    assert repr(dr.variable(2.0)) == "Variable(2.0)"
    assert repr(dr.variable([1.0, 2.0]) * 2.0) == "Variable(array([2., 4.]))"
    assert repr(dr.variable(np.float32(2.0))) == "Variable(np.float32(2.0))"
    assert f"{dr.variable(2.0):.3f}" == "2.000"


def test_item_is_a_plain_number():
    x = dr.variable([1.0, 2.0])
    loss = np.sum(x**2)
    total = 0.0
    total += loss.item()
    assert type(total) is float
    assert total == 5.0
    assert x.item(1) == 2.0
    with pytest.raises(ValueError, match=r"size 1|one element"):
        x.item()
    assert dr.grad(lambda y: dr.variable(y).item() ** 2)(3.0) == 6.0


def test_a_large_constant_is_copied_once_until_it_changes():
    big = np.ones((100, 100))
    x = dr.variable(np.ones(100))
    tracemalloc.start()
    try:
        y = x
        for _ in range(50):
            y = np.tanh(big @ y)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 3 * big.nbytes
    first = np.sum(big @ x)
    big[0, 0] = 3.0
    second = np.sum(big @ x)
    big[...] = 0.0
    second.backward()
    np.testing.assert_array_equal(x.grad, [102.0, *[100.0] * 99])
    x.zero_grad()
    first.backward()
    np.testing.assert_array_equal(x.grad, np.full(100, 100.0))


def test_the_value_is_copied():
    a = np.ones(3)
    x = dr.variable(a)
    y = np.sum(x * x)
    a[:] = 5.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0] * 3)
    d = x.detach()
    d[:] = 9.0
    np.testing.assert_array_equal(dr.value(x), np.ones(3))


@pytest.mark.parametrize("size", [3, 5000])
def test_constants_may_be_overwritten_between_use_and_backward(size):
    a, x = np.full(size, 3.0), dr.variable(np.ones(size))
    y = np.sum(a * x)
    a[:] = 0.0
    y.backward()
    np.testing.assert_array_equal(x.grad, np.full(size, 3.0))


class TestNoGrad:
    def test_gives_plain_arrays(self):
        x = dr.variable([[1.0, 2.0], [3.0, 4.0]])
        with dr.no_grad():
            for plain in (np.sin(x), x.copy(), x * 1.0, x[[0, 1]], np.concatenate([x, x])):
                assert type(plain) is np.ndarray
                plain[...] = -1.0
            assert type(x.sum()) is np.float64
        np.testing.assert_array_equal(x.data, [[1.0, 2.0], [3.0, 4.0]])

    def test_views_are_read_only(self):
        """Written to, they would change what is recorded, or lose the write."""
        x = dr.variable([[1.0, 2.0], [3.0, 4.0]])
        z = dr.variable([1.0 + 2.0j])
        with dr.no_grad():
            for view in (x[0], x.T, x.reshape(-1), x.ravel(), x[0:1], np.split(x, 2)[0], z.real):
                assert type(view) is np.ndarray
                with pytest.raises(ValueError, match="read-only"):
                    view[...] = 5.0
            with pytest.raises(ValueError, match="read-only"):
                x[0][1] = 5.0
            x[0, 1] = 5.0
        assert x.data[0, 1] == 5.0

    def test_ends_also_after_an_error_and_nests(self):
        x = dr.variable(1.0)
        with pytest.raises(ZeroDivisionError), dr.no_grad(), dr.no_grad():
            raise ZeroDivisionError
        assert is_live(x * 2.0)
        with dr.no_grad():
            with dr.no_grad():
                pass
            assert not is_live(x * 2.0)

    def test_decorates(self):
        @dr.no_grad()
        def f(x, depth=2):
            return f(x, depth - 1) if depth else x * x

        x = dr.variable(3.0)
        assert not is_live(f(x))
        assert is_live(x * x)

    def test_holds_for_one_thread(self):
        x, seen = dr.variable(1.0), []
        with dr.no_grad():
            worker = threading.Thread(target=lambda: seen.append(is_live(x * 1.0)))
            worker.start()
            worker.join()
        assert seen == [True]

    def test_leaves_transforms_alone(self):
        with dr.no_grad():
            np.testing.assert_array_equal(dr.grad(lambda x: x @ x)(X), 2 * X)

    def test_a_step_changes_the_leaf_and_not_what_was_recorded(self):
        x = dr.variable([1.0, 2.0])
        old = np.sum(x**3)
        with dr.no_grad():
            x -= 0.5
            x[0] = 7.0
            x *= [1.0, 2.0]
        np.testing.assert_array_equal(x.data, [7.0, 3.0])
        assert x.is_leaf
        old.backward()
        np.testing.assert_array_equal(x.grad, [3.0, 12.0])
        x.zero_grad()
        np.sum(x**2).backward()
        np.testing.assert_array_equal(x.grad, [14.0, 6.0])

    def test_a_number_is_changed_too(self):
        w = dr.variable(2.0)
        same = w
        with dr.no_grad():
            w -= 0.5
            w *= 2.0
        assert w is same
        assert w.is_leaf
        assert dr.value(w) == 3.0
        with dr.no_grad():
            w /= 3.0
            w += 1.0
            w **= 3
        assert dr.value(w) == 8.0

    def test_views_follow_and_stay_on_the_tape(self):
        x = dr.variable([1.0, 2.0, 3.0])
        tail = x[1:]
        with dr.no_grad():
            x += 10.0
        np.testing.assert_array_equal(dr.value(tail), [12.0, 13.0])
        np.sum(tail**2).backward()
        np.testing.assert_array_equal(x.grad, [0.0, 24.0, 26.0])

    def test_a_computed_value_is_not_written(self):
        """The write would not be recorded, and what was before it would be forgotten."""
        x = dr.variable([1.0, 2.0])
        h = x * 2.0
        for write in (_leaf_write, _leaf_augmented, _leaf_through_a_view, _leaf_fill, _leaf_out):
            with (
                pytest.raises((dr.LeafWriteError, ValueError), match=r"outside|read-only"),
                dr.no_grad(),
            ):
                write(h)
        np.sum(h * h).backward()
        np.testing.assert_array_equal(x.grad, [8.0, 16.0])

    def test_results_may_go_into_plain_arrays(self):
        x, plain, mask = dr.variable([1.0, 2.0]), np.zeros(2), np.zeros(2, bool)
        with dr.no_grad():
            np.multiply(x, 2.0, out=plain)
            plain += x
            assert float(x[0] + 1.0) == 2.0
            assert float(dr.variable(3.0)) == 3.0
        np.testing.assert_array_equal(plain, [3.0, 6.0])
        np.greater(x, 1.5, out=mask)
        np.testing.assert_array_equal(mask, [False, True])

    def test_decorates_no_generator(self):
        def numbers():
            yield 1

        async def later():
            return 1

        for function in (numbers, later):
            with pytest.raises(TypeError, match="inside of it"):
                dr.no_grad()(function)

    def test_one_object_serves_several_threads(self):
        shared, x = dr.no_grad(), dr.variable(1.0)
        entered, left = threading.Event(), threading.Event()

        def work():
            with shared:
                entered.set()
                left.wait(5.0)

        worker = threading.Thread(target=work)
        worker.start()
        entered.wait(5.0)
        with shared:
            assert not is_live(x * 1.0)
        assert is_live(x * 1.0)
        left.set()
        worker.join()

    def test_the_dtype_is_kept(self):
        x = dr.variable(np.ones(2, np.float32))
        with dr.no_grad():
            x -= 0.1 * np.ones(2)
        assert x.dtype == np.float32


class TestData:
    def test_is_read_only(self):
        x = dr.variable([1.0, 2.0])
        with pytest.raises(dr.LeafWriteError, match="no_grad"):
            x.data[0] = 3.0
        with pytest.raises(ValueError, match="read-only"):
            x.data.fill(3.0)
        with pytest.raises(ValueError, match="read-only"):
            np.add(1.0, x.data, out=x.data)
        np.testing.assert_array_equal(x.data, [1.0, 2.0])

    def test_augmented_assignment_replaces_the_value(self):
        x = dr.variable([1.0, 2.0])
        old = np.sum(x**2)
        x.data -= 0.5
        x.data *= x.data
        other = x.data
        other += 1.0
        np.testing.assert_array_equal(x.data, [1.25, 3.25])
        np.testing.assert_array_equal(other, x.data)
        old.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 4.0])

    def test_a_keepsake_of_an_earlier_value_is_no_handle(self):
        x = dr.variable([1.0, 2.0])
        old = x.data
        x.data = [7.0, 8.0]
        old -= 1.0
        np.testing.assert_array_equal(old, [0.0, 1.0])
        np.testing.assert_array_equal(x.data, [7.0, 8.0])

    def test_is_an_array_like_any_other(self):
        x = dr.variable([[1.0, 2.0], [3.0, 4.0]])
        d = x.data
        assert repr(d) == repr(np.array([[1.0, 2.0], [3.0, 4.0]]))
        assert str(d) == str(np.array([[1.0, 2.0], [3.0, 4.0]]))
        for plain in (d + 1.0, d.sum(axis=0), np.sin(d), d @ d, np.asarray(d), np.array(d), -d):
            assert type(plain) is np.ndarray
        writable = [
            d.copy(), d.flatten(), d.astype(np.float32), d[[0, 1]], d[d > 0.0], np.sort(d, axis=0),
            np.zeros_like(d), np.empty_like(d), np.take(d, [0]), copy.copy(d), copy.deepcopy(d),
            pickle.loads(pickle.dumps(d)), np.concatenate([d, d]),
        ]  # fmt: skip
        for plain in writable:
            assert type(plain) is np.ndarray
            plain[0] = 5.0
        for view in (d[0], d.T, d.reshape(-1), next(iter(d)), d[None]):
            assert type(view) is np.ndarray
            with pytest.raises(ValueError, match="read-only"):
                view[0] = 5.0
        np.testing.assert_array_equal(np.concatenate([d, d.T]).shape, (4, 2))
        for y in (d * x, x * d, np.where(d > 2.0, x, d), np.concatenate([x, d]), d @ x):
            assert is_live(y)
        np.testing.assert_array_equal(dr.grad(lambda a: np.sum(a * d))(d), d)
        np.testing.assert_array_equal(dr.variable(d).data, d)
        assert d.tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert (d.shape, d.size, d.ndim, len(d)) == ((2, 2), 4, 2, 2)

    def test_assignment_replaces_the_value_of_a_leaf(self):
        x = dr.variable([1.0, 2.0])
        x.data = [5.0, 6.0]
        x.data = x.data - 1.0
        np.sum(x**2).backward()
        np.testing.assert_array_equal(x.grad, [8.0, 10.0])

    def test_of_a_number(self):
        w = dr.variable(1.0)
        w.data -= 0.25
        assert dr.value(w) == 0.75

    @pytest.mark.parametrize("new", [[1.0], 3.0, np.ones((2, 1))])
    def test_keeps_its_shape(self, new):
        x = dr.variable([1.0, 2.0])
        with pytest.raises(dr.InputError, match="keeps its shape"):
            x.data = new

    def test_views_follow(self):
        x = dr.variable([1.0, 2.0])
        last = x[1:]
        x.data = [5.0, 6.0]
        (last[0] ** 2).backward()
        np.testing.assert_array_equal(x.grad, [0.0, 12.0])

    def test_keeps_its_dtype(self):
        x = dr.variable(np.ones(2, np.float32))
        x.data = np.array([1.0, 2.0])
        assert x.dtype == np.float32
        with pytest.raises(dr.InputError, match="cannot take values of complex128"):
            x.data = [1j, 2.0]
        with pytest.raises(TypeError, match="same_kind"), dr.no_grad():
            x *= 1j

    def test_of_a_computed_value_is_refused(self):
        y = dr.variable([1.0]) * 2.0
        with pytest.raises(dr.LeafWriteError, match="computed"):
            y.data = [1.0]


def _leaf_write(x):
    x[0] = 1.0


def _leaf_augmented(x):
    x += 1.0


def _leaf_through_a_view(x):
    x[:1][...] = 4.0


def _leaf_fill(x):
    x.fill(0.0)


def _leaf_out(x):
    np.add(x, 1.0, out=x)


@pytest.mark.parametrize(
    "write", [_leaf_write, _leaf_augmented, _leaf_through_a_view, _leaf_fill, _leaf_out]
)
def test_a_leaf_is_not_written_while_recording(write):
    x = dr.variable([1.0, 2.0])
    with pytest.raises(dr.LeafWriteError, match=r"no_grad"):
        write(x)
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.sum(x**2).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_a_copy_of_a_leaf_is_written_as_any_value():
    x = dr.variable([1.0, 2.0])
    y = x.copy()
    assert x.is_leaf
    assert not y.is_leaf
    y[0] = x[1] ** 2
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 5.0])


class TestErrors:
    def test_a_freed_graph(self):
        x = dr.variable([1.0, 2.0])
        h = np.sin(x)
        y = np.sum(h)
        y.backward(retain_graph=False)
        for value in (y, h[0], y * 2.0):
            with pytest.raises(dr.FreedTapeError, match="retain_graph"):
                value.backward()
        np.testing.assert_allclose(x.grad, np.cos([1.0, 2.0]))

    def test_one_entry_needs_no_cotangent(self):
        x = dr.variable([[2.0]])
        (x * x).backward()
        np.testing.assert_array_equal(x.grad, [[4.0]])

    def test_a_cotangent_that_is_a_variable(self):
        x, ct = dr.variable([1.0, 2.0]), dr.variable([3.0, 4.0])
        (x * x).backward(ct)
        assert type(x.grad) is np.ndarray
        x.zero_grad()
        (x * x).backward(ct, create_graph=True)
        np.sum(x.grad).backward()
        np.testing.assert_array_equal(ct.grad, [2.0, 4.0])

    def test_a_missing_cotangent(self):
        with pytest.raises(dr.ShapeError, match="cotangent is needed"):
            dr.variable([1.0, 2.0]).backward()

    def test_a_cotangent_of_another_shape(self):
        y = dr.variable([1.0, 2.0]) * 2.0
        with pytest.raises(dr.ShapeError, match=r"\(3,\)"):
            y.backward(np.ones(3))

    def test_a_complex_value(self):
        z = dr.variable(1.0 + 2.0j)
        with pytest.raises(dr.OutputError, match="complex"):
            (z * z).backward()
        (z * z).backward(1.0)
        assert z.grad == np.conj(2 * (1.0 + 2.0j))

    def test_a_variable_of_a_variable(self):
        with pytest.raises(dr.InputError, match="detach"):
            dr.variable(dr.variable(1.0))

    @pytest.mark.parametrize("bad", ["text", None, [None], {"a": 1.0}, [[1.0], [1.0, 2.0]]])
    def test_no_numbers(self, bad):
        with pytest.raises((dr.InputError, ValueError, TypeError)):
            dr.variable(bad)

    @pytest.mark.parametrize("dtype", [int, bool, "datetime64[s]"])
    def test_a_dtype_without_derivatives(self, dtype):
        with pytest.raises(dr.InputError, match="no derivative"):
            dr.variable([1.0], dtype=dtype)

    @pytest.mark.parametrize("lose", [float, int, complex])
    def test_conversions_would_lose_the_derivative(self, lose):
        with pytest.raises(dr.EscapeError, match=r"detach\(\)"):
            lose(dr.variable(1.0) * 2.0)

    def test_functions_of_math_are_named(self):
        with pytest.raises(dr.EscapeError, match=r"np\.sin"):
            math.sin(dr.variable(1.0))

    def test_a_list_of_variables_is_no_array_of_floats(self):
        losses = [dr.variable(1.0) * k for k in range(3)]
        with pytest.raises(ValueError, match="sequence") as caught:
            np.array(losses, float)
        assert isinstance(caught.value.__cause__, dr.EscapeError)

    def test_a_gradient_of_another_shape(self):
        x = dr.variable([1.0, 2.0])
        with pytest.raises(dr.InputError, match="shape"):
            x.grad = np.ones(3)
        x.grad = [1.0, 1.0]
        np.sum(x).backward()
        np.testing.assert_array_equal(x.grad, [2.0, 2.0])

    def test_debug_names_the_operation(self):
        x = dr.variable(-1.0)
        with dr.debug(), pytest.raises(dr.NonFiniteError, match="sqrt"), np.errstate(all="ignore"):
            np.sqrt(x)


def test_strong_zeros():
    x = dr.variable([0.0, 2.0])
    with np.errstate(all="ignore"):
        np.sum(np.where(x > 0, np.log(x), 0.0)).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.5])


class TestMemory:
    def test_nodes_go_with_the_values(self):
        x = dr.variable(np.ones(1000))
        h = np.exp(x)
        y = np.sum(h * h)
        places = [weakref.ref(h.index), weakref.ref(y.index)]
        gc.disable()
        try:
            del h
            assert places[0]() is not None
            del y
            assert [p() for p in places] == [None, None]
        finally:
            gc.enable()

    def test_a_loop_keeps_its_memory(self):
        x = dr.variable(np.ones(1000))
        tracemalloc.start()
        try:
            for k in range(30):
                loss = np.sum(np.sin(x * 1.1) ** 2)
                loss.backward()
                x.zero_grad()
                if k == 4:
                    before = tracemalloc.get_traced_memory()[0]
            after = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert after < before + 20_000  # one more graph has 40 000 bytes

    def test_a_long_chain_neither_recurses_forward_nor_backward_nor_when_freed(self):
        x = dr.variable(1.0)
        y = x
        for _ in range(50_000):
            y = y * 1.0
        y.backward()
        assert x.grad == 1.0
        del y


class TestOtherFaces:
    def test_a_transform_around_a_variable(self):
        w = dr.variable([0.5, 2.0])
        y = dr.grad(lambda x: np.sum(w * x**3))(np.array([1.0, 2.0]))
        assert is_live(y)
        y.backward([1.0, 1.0])
        np.testing.assert_array_equal(w.grad, [3.0, 12.0])

    def test_a_variable_as_argument_of_a_transform(self):
        x = dr.variable([1.0, 2.0])
        g = dr.grad(lambda x: np.sum(x**3))(x)
        np.sum(g).backward()
        np.testing.assert_array_equal(x.grad, [6.0, 12.0])

    def test_hessians_and_lanes_around_a_variable(self):
        w = dr.variable(2.0)
        H = dr.hessian(lambda x: w * np.sum(x**3))(np.array([1.0, 2.0]))
        np.sum(H).backward()
        assert w.grad == 18.0
        w.zero_grad()
        np.sum(dr.vmap(lambda x: x * w)(np.arange(3.0))).backward()
        assert w.grad == 3.0

    def test_backward_inside_a_transform(self):
        def f(x):
            v = dr.variable(x)
            np.sum(v**3).backward()
            return np.sum(v.grad * x)

        np.testing.assert_allclose(dr.grad(f)(X), 9 * X**2, rtol=1e-14)
        np.testing.assert_allclose(dr.jacobian(dr.grad(f), mode="forward")(X), np.diag(18 * X))

    def test_a_variable_made_inside_a_transform_and_one_from_outside(self):
        w = dr.variable(3.0)

        def f(x):
            v = dr.variable(x)
            (w * v**2).backward()
            return v.grad * x

        g = dr.grad(f)(2.0)
        assert dr.value(g) == 2 * 3.0 * 2 * 2.0
        g.backward()
        assert w.grad == 8.0

    def test_an_inner_training_loop_is_differentiated(self):
        """Steps by `data`, by `no_grad` and by hand leave the same derivative with respect to the outer variable."""

        def loss(w, penalty):
            return np.sum((w - 3.0) ** 2) + penalty * np.sum(w**2)

        def by_data(penalty):
            w = dr.variable([1.0, 2.0])
            for _ in range(3):
                w.zero_grad()
                loss(w, penalty).backward()
                w.data = w.data - 0.1 * w.grad
            return np.sum(w.data**2)

        def by_augmented(penalty):
            w = dr.variable([1.0, 2.0])
            for _ in range(3):
                w.zero_grad()
                loss(w, penalty).backward()
                w.data -= 0.1 * w.grad
            return np.sum(w.detach() ** 2)

        def by_no_grad(penalty):
            w = dr.variable([1.0, 2.0])
            for _ in range(3):
                w.zero_grad()
                loss(w, penalty).backward()
                with dr.no_grad():
                    w -= 0.1 * w.grad
            return np.sum(w**2)

        def by_hand(penalty):
            w = np.array([1.0, 2.0])
            for _ in range(3):
                w = w - 0.1 * (2.0 * (w - 3.0) + 2.0 * penalty * w)
            return np.sum(w**2)

        want = dr.grad(by_hand)(0.5)
        for f in (by_data, by_augmented, by_no_grad):
            np.testing.assert_allclose(dr.grad(f)(0.5), want, rtol=1e-13)
            np.testing.assert_allclose(dr.derivative(f)(0.5), want, rtol=1e-13)
        lanes = dr.vmap(by_data)(np.array([0.1, 0.5]))
        np.testing.assert_allclose(lanes, [by_hand(0.1), by_hand(0.5)], rtol=1e-13)

    def test_a_variable_may_be_returned_from_a_transform(self):
        assert dr.grad(lambda x: dr.variable(x) ** 2)(2.0) == 4.0
        assert dr.derivative(lambda x: dr.variable(x) ** 2)(2.0) == 4.0
        np.testing.assert_array_equal(
            dr.vmap(lambda x: dr.variable(x) ** 2)(np.ones(2)), [1.0, 1.0]
        )

    def test_variables_of_two_tapes(self):
        w, made = dr.variable(3.0), []
        dr.grad(lambda x: made.append(dr.variable(2.0)) or x)(1.0)
        (v,) = made
        (v * w * v).backward()
        assert v.grad == 12.0
        assert type(v.grad) is np.float64
        assert w.grad == 4.0

    def test_arrays_of_the_mirror_hold_variables(self):
        def f(x):
            y = dnp.zeros(3)
            y[0] = x[0] * x[1]
            y[1:] = x
            return np.sum(y**2)

        def third_party(x):
            y = np.zeros(3)
            y[0] = math.sin(x[0])
            y[1:] = x
            return np.sum(y**2)

        for g in (f, dr.patched(third_party)):
            x = dr.variable([1.0, 2.0])
            g(x).backward()
            np.testing.assert_allclose(x.grad, dr.grad(g)(np.array([1.0, 2.0])), rtol=1e-15)
        with dr.no_grad():
            assert type(dnp.zeros(3)) is np.ndarray

    def test_a_traced_value_is_not_kept_in_an_outer_variable(self):
        w = dr.variable([2.0, 1.0])

        def paused(x):
            with dr.no_grad():
                w[0] = x
            return x

        def assigned(x):
            w.data = np.stack([x, x])
            return x

        for f in (paused, assigned):
            with pytest.raises(dr.EscapeError, match="from outside"):
                dr.grad(f)(3.0)
        np.testing.assert_array_equal(w.data, [2.0, 1.0])

    def test_backward_belongs_to_variables(self):
        w = dr.variable(2.0)
        for transform in (dr.grad, dr.vmap, dr.derivative):
            with pytest.raises(dr.InputError, match=r"dualrev\.variable"):
                transform(lambda x: (w * x).backward() or x)(
                    np.ones(2)[0] if transform is not dr.vmap else np.ones(2)
                )

    def test_a_solver_around_a_variable(self):
        from dualrev.scipy import optimize

        a = dr.variable(2.0)
        root = optimize.root(lambda x: x**2 - a, np.array([1.0])).x
        root[0].backward()
        np.testing.assert_allclose(a.grad, 0.5 / np.sqrt(2.0), rtol=1e-10)

    def test_custom_rules_and_checkpoints(self):
        @dr.custom_vjp
        def f(x):
            return x**3

        f.defvjp(lambda x: (x**3, x), lambda x, ct: (3.0 * x**2 * ct,))
        x = dr.variable(2.0)
        (f(x) * x).backward(create_graph=True)
        g = x.grad
        assert dr.value(g) == 32.0
        x.zero_grad()
        g.backward()
        assert x.grad == 48.0
        y = dr.variable([1.0, 2.0])
        dr.checkpoint(lambda y: np.sum(np.sin(y) * y))(y).backward()
        np.testing.assert_allclose(
            y.grad, dr.grad(lambda y: np.sum(np.sin(y) * y))(np.array([1.0, 2.0]))
        )


class TestGraph:
    def test_operations_constants_values_and_gradients(self):
        x, w = dr.variable(2.0), dr.variable(np.ones((3, 3)))
        h = x * 3.0
        y = h + np.sum(np.arange(9.0).reshape(3, 3) @ w)
        y.backward()
        nodes = y.to_graph(names={"x": x, "h": h}).nodes
        assert [n.expression for n in nodes] == [
            "x",
            "",
            "h = v₁ · 3",
            "constant @ v₂",
            "sum(v₄)",
            "v₃ + v₅",
        ]
        assert [n.parents for n in nodes] == [(), (), (1,), (2,), (4,), (3, 5)]
        assert nodes[0].value == 2.0
        assert nodes[0].adjoint == 3.0
        assert nodes[1].value is None
        assert nodes[1].shape == (3, 3)
        assert nodes[-1].output

    def test_several_outputs_custom_rules_and_indexing(self):
        @dr.custom_vjp
        def f(x):
            return x * 2.0

        f.defvjp(lambda x: (x * 2.0, None), lambda _, ct: (2.0 * ct,))
        x = dr.variable([[2.0, 0.5], [0.5, 1.0]])
        w, v = np.linalg.eigh(x)
        nodes = (w[0] * v[0, 1] + np.sum(f(x))).to_graph().nodes
        names = [n.name for n in nodes]
        assert names.count("eigh") == 2
        assert "f" in names
        assert any(n.expression.endswith("[0, 1]") for n in nodes)
        assert {p for n in nodes for p in n.parents} <= {n.number for n in nodes}

    def test_writes_freed_graphs_and_wrong_names(self):
        x = dr.variable([1.0, 2.0])
        h = x.copy()
        h[1:] = x[0] ** 2
        y = np.sum(h)
        assert any(n.expression == "v₁[1:] ← v₃" for n in y.to_graph().nodes)
        for names in (["x"], {"x": 1.0}):
            with pytest.raises(dr.InputError, match="mapping of names"):
                y.to_graph(names=names)
        y.backward(retain_graph=False)
        with pytest.raises(dr.FreedTapeError, match="to_graph"):
            y.to_graph()

    def test_lines_are_known_where_debugging(self):
        x = dr.variable(2.0)
        with dr.debug():
            y = np.sin(x) * 2.0
        assert all("test_live.py" in n.where for n in y.to_graph().nodes[1:])

    def test_of_a_tape_that_did_not_watch(self):
        with pytest.raises(dr.InputError, match="watch=False"):
            dr.Tape(watch=False).to_graph()


def test_copies_and_pickles_of_leaves_are_independent():
    x = dr.variable([1.0, 2.0])
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.is_leaf
        twin.data = twin.data + 1.0
        np.sum(twin).backward()
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    assert x.grad is None
    with pytest.raises(dr.EscapeError):
        pickle.dumps(x * 2.0)


def test_threads_share_a_leaf():
    w = dr.variable(np.ones(4))
    rows = [np.arange(4.0) + k for k in range(16)]
    losses = [None] * 16

    def work(k):
        losses[k] = np.sum((w * rows[k]) ** 2)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for loss in losses:
        loss.backward()
    np.testing.assert_allclose(w.grad, sum(2 * r**2 for r in rows))


OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: np.sin(a) - b,
    lambda a, b: a / (1.0 + b * b),
    lambda a, b: a[::-1] + b[0],
    lambda a, b: np.where(a > b, a, 2.0 * b),
    lambda a, b: np.tanh(a) @ b * a,
]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, len(OPERATIONS) - 1), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=8,
    )
)
def test_random_programs_agree_with_grad(program):
    def f(x):
        values = [x, x * 0.5]
        for op, i, j in program:
            values.append(np.tanh(OPERATIONS[op](values[i % len(values)], values[j % len(values)])))
        return np.sum(values[-1] * values[len(values) // 2])

    x = dr.variable(X)
    f(x).backward(create_graph=True)
    want = dr.grad(f)(X)
    np.testing.assert_allclose(dr.value(x.grad), want, rtol=1e-12, atol=1e-13)
    g = x.grad
    x.zero_grad()
    if is_live(g):
        np.sum(g * g).backward()
    second = 2.0 * dr.hessian(f)(X) @ want
    found = np.zeros(3) if x.grad is None else x.grad
    np.testing.assert_allclose(found, second, rtol=1e-9, atol=1e-10)
