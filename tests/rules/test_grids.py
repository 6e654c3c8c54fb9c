"""Grids: every option gives NumPy's numbers, traced or plain; special ends; bad input."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import UnsupportedError

A, B = np.array([0.3, 1.2]), np.array([[1.5, -0.4], [2.1, 0.9], [1.0, 7.0]])


def same(f, *arrays):
    """The value is NumPy's to the last bit, dtype and shape included, in both modes."""
    want = f(*arrays)
    for found in (dr.vjp(f, *arrays)[0], dr.jvp(f, arrays, arrays)[0]):
        pairs = zip(found, want, strict=True) if isinstance(want, tuple) else [(found, want)]
        for one, other in pairs:
            assert np.shape(one) == np.shape(other)
            assert np.result_type(one) == np.result_type(other)
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_linspace_values(endpoint, num, axis):
    options = {"num": num, "endpoint": endpoint, "axis": axis}
    same(lambda a, b: np.linspace(a, b, **options), A, B)
    same(lambda b: np.linspace([0, 1], b, **options, dtype=complex), B)
    if num > 1:
        same(lambda a, b: np.linspace(a, b, **options, retstep=True), A, B)


@pytest.mark.parametrize("dtype", [None, float, np.float32, complex, int, np.int8])
@pytest.mark.parametrize("ends", [(0.2, 3.7), (np.float32(0.5), 7), (-1.25, np.float64(2.5))])
def test_linspace_dtypes(dtype, ends):
    start, stop = np.asarray(ends[0]), ends[1]
    f = lambda a: np.linspace(a, stop, 6, dtype=dtype)
    want = f(start)
    y, pullback = dr.vjp(lambda a: f(a) * a, start)
    assert y.dtype == (want * start).dtype
    np.testing.assert_array_equal(y, want * start)
    slope = 0.0 if dtype in (int, np.int8) else np.sum((1 - np.arange(6) / 5) * start)
    g = pullback(np.ones(6, y.dtype))[0]
    np.testing.assert_allclose(g, np.sum(want.real) + slope, rtol=1e-6)


def test_linspace_of_equal_and_tiny_ends():
    """NumPy has another formula where the step is zero; the derivative is the same."""
    for a, b in ((1.0, 1.0), (0.0, 5e-324), (np.array([0.0, 1.0]), np.array([0.0, 3.0]))):
        same(lambda a, b: np.linspace(a, b, 4), np.asarray(a), np.asarray(b))
        J = dr.jacobian(lambda b, a=a: np.linspace(a, b, 4), mode="reverse")(b)
        np.testing.assert_allclose(
            np.sum(J, axis=-1) if np.ndim(b) else J,
            np.outer(np.arange(4) / 3, np.ones(np.shape(b))).reshape((4, *np.shape(b))),
        )


@pytest.mark.parametrize("num", [0, 1])
def test_linspace_without_a_step(num):
    met = []

    def f(a):
        y, step = np.linspace(a, 3.0, num, retstep=True)
        met.append(step)
        return y

    dr.vjp(f, 1.0)
    assert np.isnan(met[0])


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [0, -1])
def test_logspace_and_geomspace_values(endpoint, num, axis):
    options = {"num": num, "endpoint": endpoint, "axis": axis}
    P, Q = np.abs(A), np.abs(B)
    same(lambda a, b: np.logspace(a, b, **options), A, B)
    same(lambda a, p: np.logspace(a, 1, base=p, **options), A, P)
    same(lambda p, q: np.geomspace(p, q, **options), P, Q)
    same(lambda p: np.geomspace(-p, -2, **options), P)
    same(lambda z: np.geomspace(z, 2.0, **options), A + 1j)
    same(lambda p: np.geomspace(p, 2.0, dtype=complex, **options), P)
    same(lambda p: np.geomspace(p, 2.0, **options), P.astype(np.float32))
    same(lambda p: np.geomspace(p, 2.0, dtype=np.float32, **options), P.astype(np.float32))


def test_integers_of_powers_are_locally_constant():
    f = lambda p: np.geomspace(p, 1000, 4, dtype=int) * p
    assert dr.grad(lambda p: np.sum(f(p)))(1.0) == np.sum(np.geomspace(1.0, 1000, 4, dtype=int))
    g = lambda a: np.logspace(a, 2.0, 3, dtype=int) * a
    assert dr.grad(lambda a: np.sum(g(a)))(0.7) == np.sum(np.logspace(0.7, 2.0, 3, dtype=int))


def test_geomspace_between_real_ends_of_one_sign_is_the_mean():
    """The middle of three is the geometric mean; d√(pq)/dp = √(q/p)/2."""
    for sign in (1.0, -1.0):
        g = dr.grad(lambda p, sign=sign: np.geomspace(p, sign * 8.0, 3)[1])(sign * 2.0)
        np.testing.assert_allclose(g, 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: np.linspace(x, 1.0, -1), ValueError, "must be non-negative"),
        (lambda x: np.linspace(x, 1.0, 2.5), TypeError, "integer"),
        (lambda x: np.geomspace(x, 0.0), ValueError, "Geometric sequence cannot include zero"),
        (lambda x: np.geomspace(x - x, 1.0), ValueError, "Geometric sequence cannot include zero"),
        (lambda x: np.ix_(x, [1]), ValueError, "Cross index must be 1 dimensional"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call(0.3)
    with pytest.raises(error, match=words):
        dr.vjp(call, 0.3)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("copy", [False, True])
def test_meshgrid(indexing, sparse, copy):
    options = {"indexing": indexing, "sparse": sparse, "copy": copy}
    for arrays in ((A,), (A, B[:, 0]), (A, B[0], B[:, 1])):
        same(lambda *v: tuple(np.meshgrid(*v, **options)), *arrays)
    same(lambda a: tuple(np.meshgrid(a, [1.0, 2.0], 3.0, **options)), A)
    f = lambda a: np.meshgrid(a * a, A, **options)[0]
    np.testing.assert_array_equal(dr.grad(lambda a: np.sum(f(a)))(A), 2 * A * f(A).size / 2)


def test_ix_picks():
    """Masks and integers among traced sequences become indices as in NumPy."""
    same(lambda a: np.ix_(a, [True, False, True], [0, 2]), A)
    same(lambda a: np.ix_([], a), A)
    x = np.arange(12.0).reshape(3, 4)
    f = lambda x: np.sum(x[np.ix_([0, 2], [True, False, False, True])] ** 2)
    want = np.zeros((3, 4))
    want[np.ix_([0, 2], [0, 3])] = 2 * x[np.ix_([0, 2], [0, 3])]
    np.testing.assert_array_equal(dr.grad(f)(x), want)


@pytest.mark.parametrize("write", [np.save, np.savez, np.savez_compressed, np.savetxt])
def test_files_hold_plain_numbers(write, tmp_path):
    with pytest.raises(UnsupportedError, match="plain numbers"):
        dr.grad(lambda x: write(tmp_path / "file", x))(A)
    assert not list(tmp_path.iterdir())
