"""Functions that write in place; programs of views and writes: ``tests/core/test_inplace.py``."""

import numpy as np
import pytest

import dualrev as dr

X = np.array([0.7, 1.9, -0.4, 1.3, 0.2, -1.1])


def put(y, x):
    np.put(y, [0, -1, 2], x[:3] * x[3])


def put_cycled(y, x):
    y.put([0, 1, 2, 3, 4], x[:2])


def put_wrap_and_clip(y, x):
    np.put(y, [7, -8], x[:2] ** 2, mode="wrap")
    np.put(y, [9, -9], x[2:4] ** 2, mode="clip")


def put_matrix(y, x):
    np.put(y.reshape(2, 3), [[1, 4]], x[0] ** 3)


def place(y, x):
    np.place(y, x > 0, x[:2] ** 2)


def putmask(y, x):
    np.putmask(y, x > 0, x * x)


def putmask_cycled(y, x):
    np.putmask(y, x > 0, x[:4] ** 2)


def fill_diagonal(y, x):
    np.fill_diagonal(y[:4].reshape(2, 2), x[4:] * x[0])


def fill_diagonal_number(y, x):
    np.fill_diagonal(y.reshape(2, 3), x[3] ** 2)


def fill_diagonal_wrapped(y, x):
    np.fill_diagonal(y.reshape(6, 1), x[1] ** 2, wrap=True)


def put_along_axis(y, x):
    np.put_along_axis(y.reshape(2, 3), np.array([[2], [0]]), x[:2, None] ** 2, axis=1)


def put_along_axis_flat(y, x):
    np.put_along_axis(y.reshape(2, 3), np.array([4, 1]), x[:2] ** 2, axis=None)


def copyto(y, x):
    np.copyto(y[1:], x[0] ** 2)


def copyto_where(y, x):
    np.copyto(y, x[::-1] ** 2, where=x > 0)


def copyto_matrix(y, x):
    np.copyto(y.reshape(2, 3), x[:3], where=np.array([[True], [False]]))


def separated_arrays(y, x):
    z = np.stack([y.reshape(2, 3), y.reshape(2, 3) * 2])
    z[[0, 1], :, [2, 0]] = x[:2] * x[2:4]
    y[:] = z[0].ravel() + z[1].ravel()


def repeated_positions(y, x):
    y[[1, 1, 2, 1]] = x[:4] ** 2


def repeated_grid(y, x):
    y.reshape(2, 3)[np.array([[0, 0], [0, 1]]), np.array([[1, 1], [1, 2]])] = x[:4].reshape(2, 2)


def extra_axes(y, x):
    y[1:3] = (x[:2] * x[0]).reshape(1, 1, 2)


def single_of_one(y, x):
    y[2:3] = x[4] * x[0]


def mask_of_a_part(y, x):
    y.reshape(2, 3)[np.array([False, True])] = x[:3] ** 2


def new_axis(y, x):
    y[None, 1:3] = x[:2] ** 2


def nothing(y, x):
    y[[]] = x[0]
    y[5:1] = x[:0]


def list_of_traced(y, x):
    y[[0, 4]] = [x[0] * x[1], 3.0]


PROGRAMS = [f for f in list(globals().values()) if getattr(f, "__code__", None) is not None]
PROGRAMS = [f for f in PROGRAMS if f.__code__.co_varnames[:2] == ("y", "x")]


def _run(program):
    def f(x):
        y = np.sin(x)
        program(y, x)
        return y * np.arange(1.0, 7.0)

    return f


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program(complex_step, program):
    f = _run(program)
    J = complex_step(f, X)
    np.testing.assert_array_equal(dr.vjp(f, X)[0], f(X))
    np.testing.assert_array_equal(dr.jvp(f, (X,), (X,))[0], f(X))
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(f, mode=mode)(X), J, rtol=1e-13, atol=1e-14)
    h = lambda x: np.sum(f(x) ** 2)
    H = [(dr.grad(h)(X + 1e-5 * e) - dr.grad(h)(X - 1e-5 * e)) / 2e-5 for e in np.eye(6)]
    np.testing.assert_allclose(dr.hessian(h)(X), H, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(dr.jacobian(dr.grad(h), mode="reverse")(X), H, rtol=1e-6, atol=1e-7)


BY_MASK = (place, putmask, putmask_cycled)


@pytest.mark.parametrize(
    "program", [f for f in PROGRAMS if f not in BY_MASK], ids=lambda f: f.__name__
)
def test_program_for_many(program):
    f = _run(program)
    many = np.stack([X, 2 * X, X[::-1]])
    np.testing.assert_allclose(dr.vmap(f)(many), [f(x) for x in many], rtol=1e-15)
    h = lambda x: np.sum(f(x) ** 2)
    np.testing.assert_allclose(
        dr.vmap(dr.grad(h))(many), [dr.grad(h)(x) for x in many], rtol=1e-13, atol=1e-15
    )


def test_there_are_programs():
    assert len(PROGRAMS) == 24


@pytest.mark.parametrize("program", BY_MASK, ids=lambda f: f.__name__)
def test_masks_that_differ_between_lanes(program):
    with pytest.raises(dr.UnsupportedError, match=r"np\.where"):
        dr.vmap(_run(program))(np.stack([X, -X]))


INTO_PLAIN = [
    lambda y, x: np.put(y, [0], x[0]),
    lambda y, x: np.place(y, X > 0, x[:1]),
    lambda y, x: np.putmask(y, X > 0, x),
    lambda y, x: np.copyto(y, x),
    lambda y, x: np.put_along_axis(y, np.array([0]), x[:1], 0),
    lambda y, x: np.add.at(y, [0], x[0]),
    lambda y, x: np.concatenate([x], out=y),
    lambda y, x: np.take(x, np.arange(6), out=y),
]


@pytest.mark.parametrize("k", range(len(INTO_PLAIN)))
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_traced_values_into_plain_arrays_raise(k, mode):
    plain = np.ones(6)

    def f(x):
        INTO_PLAIN[k](plain, x)
        return np.sum(x)

    with pytest.raises(dr.EscapeError, match="zeros_like"):
        dr.jacobian(f, mode=mode)(X)
    np.testing.assert_array_equal(plain, np.ones(6))


REFUSED = {
    "shape": (lambda y: np.copyto(y, np.ones(5)), ValueError),
    "casting": (lambda y: np.copyto(y, 1j), TypeError),
    "bounds": (lambda y: np.put(y, [9], 1.0), IndexError),
    "put_mode": (lambda y: np.put(y, [0], 1.0, mode="no"), ValueError),
    "place": (lambda y: np.place(y, X > 0, []), ValueError),
    "putmask": (lambda y: np.putmask(y, [True], 1.0), ValueError),
    "diagonal": (lambda y: np.fill_diagonal(y, 1.0), ValueError),
    "element": (lambda y: y.__setitem__(0, y[:2]), ValueError),
    "broadcast": (lambda y: y.__setitem__(slice(3), np.ones((2, 3))), ValueError),
    "index": (lambda y: y.__setitem__(1.5, 1.0), IndexError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused(name):
    write, error = REFUSED[name]
    with pytest.raises(error):
        write(X.copy())

    def f(x):
        y = x * 1.0
        write(y)
        return np.sum(y)

    for transform in (dr.grad(f), dr.jacobian(f, mode="forward")):
        with pytest.raises(error):
            transform(X)


def test_a_complex_number_into_a_real_array_warns_as_in_numpy():
    def f(x):
        y = x * 1.0
        y[1:] = x[1:] * (2.0 + 3.0j)
        return np.sum(y)

    with pytest.warns(np.exceptions.ComplexWarning):
        g = dr.grad(f)(np.ones(3))
    np.testing.assert_array_equal(g, [1.0, 2.0, 2.0])


def test_real_into_complex():
    z = np.array([1.0 + 2.0j, 3.0 - 1.0j])

    def f(z, x):
        y = z * 1.0
        y[0] = x
        return np.sum(np.abs(y) ** 2)

    gz, gx = dr.grad(f, argnums=(0, 1))(z, 2.0)
    np.testing.assert_allclose(gz, [0.0, 2 * z[1]])
    assert gx == 4.0
    assert gx.dtype == float
