"""In-place writes on traced arrays mean what they mean in NumPy, also through views.

The oracle is NumPy itself: the same program run on complex arrays with a complex step.
"""

import numpy as np
import pytest

import dualrev as dr

X = np.array([0.7, 1.9, -0.4, 1.3, 0.2, -1.1])
MASK = np.array([True, False, True, True, False, False])


def set_element(y, x):
    y[1] = x[0] * x[2]


def set_constant(y, x):
    y[2] = 5.0
    y[-1] = 0


def set_slice(y, x):
    y[1:4] = x[:3] ** 2


def set_slice_from_scalar(y, x):
    y[::2] = x[1]


def set_slice_broadcast(y, x):
    y.reshape(2, 3)[:] = x[:3] * x[5]


def set_reversed(y, x):
    y[::-1] = x * x


def set_mask(y, x):
    y[MASK] = x[:3] * 2.0


def set_mask_scalar(y, x):
    y[x > 0] = 0.0


def set_fancy(y, x):
    y[[3, 0]] = x[1:3] * x[0]


def set_fancy_twice_last_wins(y, x):
    y[[3, 3]] = x[1:3]


def set_from_list(y, x):
    y[:2] = [x[0] * x[1], 2.0]


def set_all(y, x):
    y[...] = x[::-1]


def set_from_itself(y, x):
    y[1:] = y[:-1]


def set_element_from_itself(y, x):
    y[0] = y[0] * y[1]
    y[1] = y[0] * y[1]


def add_element(y, x):
    y[1] += x[0] * x[2]


def add_slice(y, x):
    y[1:4] += x[:3] ** 2


def add_fancy(y, x):
    y[[0, 2, 2]] += x[:3]


def add_mask(y, x):
    y[MASK] *= x[:3]


def divide_slice(y, x):
    y[2:] /= x[0]


def power_and_subtract(y, x):
    y **= 3
    y -= x * x
    y[0] **= 2


def operators_on_the_whole(y, x):
    y += x
    y *= x
    y -= 1.0
    y /= 2.0


def out_traced(y, x):
    np.multiply(x, x, out=y)
    np.exp(y[:3], out=y[:3])


def out_is_an_operand(y, x):
    np.multiply(y, x, out=y)
    np.sin(y, y)


def out_and_where(y, x):
    np.exp(x, out=y, where=MASK)


def reduce_out(y, x):
    np.sum(x.reshape(2, 3) ** 2, axis=0, out=y[:3])
    np.add.reduce(x.reshape(2, 3), axis=1, out=y[3:5])


def add_at(y, x):
    np.add.at(y, [0, 0, 3], x[:3])


def subtract_at(y, x):
    np.subtract.at(y, [0, 0, 3], x[:3])


def multiply_at(y, x):
    np.multiply.at(y, [1, 3], x[2:4])


def copyto(y, x):
    np.copyto(y, x * x)


def copyto_where(y, x):
    np.copyto(y, x * x, where=MASK)


def put(y, x):
    np.put(y, [0, 4], x[:2] ** 2)


def fill(y, x):
    y[1:3].fill(2.0)


def view_written(y, x):
    v = y[1:]
    v[0] = x[0] * x[1]


def view_sees_base(y, x):
    v = y[1:4]
    y[2] = x[0] ** 2
    y[5] = v[1] * v[0]


def view_of_view(y, x):
    v = y[1:]
    w = v[::2]
    w[1] = x[0] * x[0]
    y[0] = v[2] * 3.0


def two_views(y, x):
    v, w = y[:4], y[2:]
    v[3] = x[0] * x[1]
    w[0] = w[1] * x[2]
    y[5] = v[2] + w[2]


def reshaped_view(y, x):
    m = y.reshape(2, 3)
    m[1] = x[:3] ** 2
    m[:, 0] += x[1]


def transposed_view(y, x):
    m = y.reshape(2, 3).T
    m[0] = x[:2] * x[2]
    y[4] = m[1, 0] * 2.0


def raveled_view(y, x):
    y.reshape(2, 3).ravel()[4] = x[0] ** 3


def numpy_function_views(y, x):
    np.swapaxes(np.reshape(y, (2, 3)), 0, 1)[2] = x[:2] ** 2
    np.expand_dims(y, 0)[0, 1] = x[3]
    np.squeeze(y[np.newaxis])[2] = x[0] * x[4]


def diagonal_by_index(y, x):
    m = y[:4].reshape(2, 2)
    m[np.arange(2), np.arange(2)] = x[:2] * x[2:4]


def row_loop(y, x):
    rows = list(y.reshape(3, 2))
    for k in range(3):
        rows[k] += x[k]


def copy_is_no_view(y, x):
    c = y.copy()
    c[0] = x[0] * 100.0
    f = y.flatten()
    f[1] = 0.0
    y[2] = c[0] + f[1]


def fancy_read_is_no_view(y, x):
    c = y[[0, 1]]
    c[0] = 100.0 * x[1]
    y[2] = c[0]


def saved_before_overwritten(y, x):
    a = y * y
    y[:] = 0.0
    y[0] = a[1]


def work_array(y, x):
    for k in range(1, 6):
        y[0] = y[0] * y[k]
        y[k] = np.sin(y[0])


PROGRAMS = [f for f in list(globals().values()) if getattr(f, "__code__", None) is not None]
PROGRAMS = [f for f in PROGRAMS if f.__code__.co_varnames[:2] == ("y", "x")]


def from_copy(program):
    """Run the program on a copy of x; return the array and a value that was read before."""

    def f(x):
        y = x.copy()
        program(y, x)
        return y * np.arange(1.0, 7.0)

    return f


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program(jac, complex_step, program):
    f = from_copy(program)
    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dr.jvp(f, (X,), (X,))[0], f(X), rtol=1e-15)
    np.testing.assert_allclose(dr.vjp(f, X)[0], f(X), rtol=1e-15)


def test_there_are_programs():
    assert len(PROGRAMS) > 40


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program_on_the_argument_itself(jac, complex_step, program):
    """The same, written into the argument: the caller's array stays as it was."""

    def f(x):
        start = x * 1.0
        program(x, start)
        return x * start

    def on_copy(x):
        return f(x.copy())

    x = X.copy()
    np.testing.assert_allclose(jac(f, x), complex_step(on_copy, X), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_second_order(program):
    """Hessians of in-place programs: a difference of the first order, itself tested above."""

    def f(x):
        y = x * 1.0
        program(y, x)
        return np.sum(y * np.sin(x))

    H = dr.hessian(f)(X)
    columns = [(dr.grad(f)(X + 1e-5 * e) - dr.grad(f)(X - 1e-5 * e)) / 2e-5 for e in np.eye(X.size)]
    np.testing.assert_allclose(H, np.stack(columns), rtol=2e-6, atol=2e-8)


@pytest.mark.parametrize(
    "make", [np.zeros_like, np.empty_like, np.ones_like], ids=lambda f: f.__name__
)
def test_result_array_made_like_the_argument(jac, complex_step, make):
    def f(x):
        out = make(x)
        out[0] = x[0] * x[1]
        for i in range(1, 6):
            out[i] = out[i - 1] * x[i]
        return out

    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-12, atol=1e-14)


def test_a_write_to_an_inner_level_into_an_outer_array():
    """An inner traced value written into an array of the outer level: right, or an error."""

    def f(x):
        y = x * 1.0

        def inner(t):
            z = y * 1.0
            z[0] = t * x[1]
            return np.sum(z * z)

        return dr.grad(inner)(x[2])

    # inner = (t x1)**2 + ...; in t: 2 t x1**2 at t = x2; so 2 x2 x1**2.
    x = np.array([0.7, 1.9, -0.4])
    np.testing.assert_allclose(dr.grad(f)(x), [0.0, 4 * x[2] * x[1], 2 * x[1] ** 2], rtol=1e-14)


def test_writes_that_numpy_refuses_are_refused():
    def wrong_shape(x):
        y = x * 1.0
        y[:2] = x[:3]
        return np.sum(y)

    def out_of_bounds(x):
        y = x * 1.0
        y[6] = 1.0
        return np.sum(y)

    def into_broadcast(x):
        y = np.broadcast_to(x, (2, 6))
        y[0] = 1.0
        return np.sum(y)

    for f, error in ((wrong_shape, ValueError), (out_of_bounds, IndexError)):
        for operator in (dr.grad(f), dr.jacobian(f, mode="forward")):
            with pytest.raises(error):
                operator(X)
    for operator in (dr.grad(into_broadcast), dr.jacobian(into_broadcast, mode="forward")):
        with pytest.raises(ValueError, match="read-only"):
            operator(X)


def test_dtype_of_the_array_is_kept(jac):
    """Complex into real is an error in NumPy; float64 into float32 is rounded."""

    def f(x):
        y = x.astype(np.float32)
        y[0] = x[0] * 2.0
        return y

    J = jac(f, X)
    assert J.shape == (6, 6)
    np.testing.assert_allclose(J, np.diag([2.0, 1, 1, 1, 1, 1]), rtol=1e-6)
    value = dr.jvp(f, (X,), (X,))[0]
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, f(X))
