"""Plain arrays that become traced: they answer as NumPy's arrays do, before and after."""

import copy
import math
import pickle

import numpy as np
import pytest

import dualrev as dr
from dualrev import numpy as dnp
from dualrev.core.buffer import BufferArray

X = np.array([0.6, 1.7, 2.3])


def inside(f, x=X):
    """Call `f` with a traced argument and return what it returned as auxiliary result."""
    return dr.vjp(lambda x: (np.sum(x), f(x)), x, has_aux=True)[2]


def agree(f, x=X):
    """`f(np, x)` has the same values and exact derivatives through the mirror, in both modes."""
    want = f(np, x)
    J = np.stack(
        [
            (
                np.asarray(f(np, x + 1e-30j * e)).imag / 1e-30
                if np.iscomplexobj(f(np, x + 0j))
                else 0
            )
            for e in np.eye(x.size)
        ],
        axis=-1,
    )
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(lambda x: f(dnp, x), mode=mode)(x), J, rtol=1e-13)
    np.testing.assert_allclose(dr.vjp(lambda x: f(dnp, x), x)[0], want, rtol=1e-15)
    np.testing.assert_allclose(
        dr.vmap(lambda x: f(dnp, x))(np.stack([x, 2 * x])),
        np.stack([want, f(np, 2 * x)]),
        rtol=1e-14,
    )


def kind(np, x):
    """The dtype that plain NumPy needs so that the complex step goes through."""
    return complex if np is not dnp and np.iscomplexobj(x) else float


def filled(np, x):
    out = np.zeros((2, 3), dtype=kind(np, x))
    for k in range(3):
        out[0, k] = x[k] * x[0]
        out[1, k] = k
    return out


def through_views(np, x):
    out = np.ones(6, dtype=kind(np, x))
    square, last = out.reshape(2, 3), out[4:]
    row = square[1]
    out[0] = 7.0
    row[0] = x[1] ** 2
    last[...] = x[:2]
    square.T[2, 0] = x[2]
    return np.stack([out, square.reshape(-1), np.concatenate([out[:3], row])])


def arithmetic_first(np, x):
    weights = np.ones(3, dtype=kind(np, x)) * 0.5 + 1
    table = np.arange(9.0).reshape(3, 3).astype(kind(np, x))
    weights[1] = x[0]
    table[1] += x
    table[:, 0] *= 2.0
    return table @ weights


def from_lists(np, x):
    a = np.array([1.0, 2.0, 3.0], dtype=kind(np, x))
    b = np.asarray([0.0, 0.0], dtype=kind(np, x))
    c = np.full(2, 4.0, dtype=kind(np, x))
    a[0], b[1] = x[2], x[0] * x[1]
    c[:] = b + a[:2]
    return np.concatenate([a, b, c])


def like_and_copy(np, x):
    base = np.linspace(0.0, 1.0, 4).astype(kind(np, x))
    one, two = np.zeros_like(base), base.copy()
    three = np.eye(2, dtype=kind(np, x))
    one[1:] = x
    two[0] = x[0]
    three[0, 1] = x[1]
    return np.concatenate([one, two, base, three.ravel()])


def added_at(np, x):
    out = np.zeros(4, dtype=kind(np, x))
    np.add.at(out, [0, 0, 2], x)
    np.add.at(out, [1], 2.0)
    np.copyto(out[3:], x[:1])
    np.put(out, [1], x[1] * out[1])
    return out


@pytest.mark.parametrize(
    "f",
    [filled, through_views, arithmetic_first, from_lists, like_and_copy, added_at],
    ids=lambda f: f.__name__,
)
def test_written(f):
    agree(f)


def test_only_where_something_may_be_traced():
    with dr.no_grad():
        assert type(dnp.zeros(3)) is np.ndarray
    x = dr.variable(1.0)
    assert type(dnp.zeros(3)) is BufferArray
    del x
    assert inside(lambda x: type(dnp.zeros(3)) is BufferArray)
    # Integers and masks carry no derivative, and numbers cannot be written into.
    for make in (
        lambda: dnp.zeros(3, dtype=int),
        lambda: dnp.ones(2, dtype=bool),
        lambda: dnp.array([1, 2]),
        lambda: dnp.zeros(()),
    ):
        assert inside(lambda x, make=make: type(make()) is np.ndarray)


def test_leaves_as_plain_array():
    z = inside(lambda x: dnp.zeros(3))
    assert type(z) is np.ndarray
    y, pullback = dr.vjp(lambda x: {"sum": np.sum(x), "constant": dnp.ones(2)}, X)
    assert type(y["constant"]) is np.ndarray
    np.testing.assert_array_equal(pullback({"sum": 1.0, "constant": np.ones(2)})[0], np.ones(3))
    assert type(dr.jacobian(lambda x: dnp.ones(2))(X)) is np.ndarray
    np.testing.assert_array_equal(dr.vmap(lambda x: dnp.ones(2))(X), np.ones((3, 2)))


READS = [
    lambda z: z + 1,
    lambda z: 2 - z,
    lambda z: z @ z.T,
    lambda z: z > 1,
    lambda z: -z,
    lambda z: divmod(z, 2.0),
    lambda z: z**2,
    lambda z: abs(z),
    lambda z: z.sum(axis=0),
    lambda z: z.mean(),
    lambda z: z.reshape(-1)[2:4],
    lambda z: z.T,
    lambda z: z[0],
    lambda z: z[:, 1:],
    lambda z: z[[1, 0]],
    lambda z: z[z > 2],
    lambda z: z[1, 1],
    lambda z: z.dot(np.ones(3)),
    lambda z: z.astype(int),
    lambda z: z.tolist(),
    lambda z: z.item(3),
    lambda z: z.shape,
    lambda z: z.dtype,
    lambda z: z.ndim,
    lambda z: z.size,
    lambda z: len(z),
    lambda z: list(z),
    lambda z: 3.0 in z,
    lambda z: z.max(),
    lambda z: z.argmax(axis=1),
    lambda z: z.flatten(),
    lambda z: z.copy(order="F"),
    lambda z: z.real,
    lambda z: z.imag,
    lambda z: np.sin(z),
    lambda z: np.add.reduce(z, axis=1),
    lambda z: np.multiply.outer(z[0], z[1]),
    lambda z: np.concatenate([z, z]),
    lambda z: np.split(z, 3, axis=1),
    lambda z: np.where(z > 1, z, 0.0),
    lambda z: np.linalg.svd(z)[1],
    lambda z: np.linalg.qr(z),
    lambda z: np.histogram(z, bins=3),
    lambda z: np.sum([z[0], z[1]], axis=0),
    lambda z: np.asarray(z),
    lambda z: np.array(z, dtype=np.float32),
    lambda z: np.isscalar(z[0, 0]),
    lambda z: float(z[0, 0]) + int(z[0, 1]) + math.sin(z[1, 0]),
    lambda z: f"{z[0, 0]:.3f} {z}",
    lambda z: repr(z),
    lambda z: np.allclose(z, z + 1e-12),
    lambda z: np.mean(z, out=np.empty(())),
    lambda z: np.save.__name__,
]


@pytest.mark.parametrize("k", range(len(READS)))
def test_read(k):
    """As long as nothing traced is written, everything is what NumPy makes of the plain array."""
    read = READS[k]
    plain = np.arange(6.0).reshape(2, 3)
    want = read(plain)
    found = inside(lambda x: dr.value(read(dnp.array(np.arange(6.0).reshape(2, 3)))))

    def same(one, other):
        if isinstance(other, (tuple, list)):
            assert len(one) == len(other)
            for p, q in zip(one, other, strict=True):
                same(p, q)
        elif isinstance(other, (np.ndarray, np.generic)):
            assert np.asarray(one).dtype == other.dtype
            np.testing.assert_array_equal(np.asarray(one), other)
        else:
            assert one == other

    same(found, want)


@pytest.mark.parametrize(
    "write",
    [
        lambda z: z.__setitem__((0, 1), 9.0),
        lambda z: z.fill(3.0),
        lambda z: z.sort(axis=0),
        lambda z: z.put([0, 5], 8.0),
        lambda z: np.copyto(z, 5.0),
        lambda z: np.fill_diagonal(z, -1.0),
        lambda z: np.add(z, 1.0, out=z),
        lambda z: np.add.at(z, (0, [1, 1]), 1.0),
        lambda z: np.cumsum(z, axis=1, out=z),
        lambda z: z.__iadd__(np.ones(3)),
        lambda z: z[1].__imul__(3.0),
        lambda z: z.T.__setitem__((2, 0), 4.0),
        lambda z: z[z > 2].__iadd__(1.0),
        lambda z: setattr(z, "real", 2.0),
    ],
)
def test_plain_write(write):
    """Writes of plain numbers go to the memory, seen through views, and stay plain."""
    plain = np.arange(6.0).reshape(2, 3)
    view = plain.reshape(-1)
    write(plain)

    def f(x):
        z = dnp.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
        seen = z.reshape(-1)
        write(z)
        assert type(z) is type(seen) is BufferArray
        return z, seen

    for found, want in zip(inside(f), (plain, view), strict=True):
        np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("n", [3, 5000])
def test_captured_then_written(n):
    """What an operation has read stays as it was, whatever is written into the buffer afterwards."""

    def f(x, np):
        work, total = np.zeros(n), 0.0
        for k in range(3):
            work[:] = k + 1.0
            total = total + np.sum(work * x**2)
        work[0] = x[0]
        return total + work[0] + np.sum(work[1:] * x[1:])

    x = np.linspace(1.0, 2.0, n)
    want = 12 * x + np.r_[1.0, np.full(n - 1, 3.0)]
    np.testing.assert_allclose(dr.grad(lambda x: f(x, dnp))(x), want, rtol=1e-14)


def test_alias_by_numpy_is_spoilt():
    """An alias that NumPy made cannot be kept up to date, so it is not left with old numbers."""

    def f(x):
        z = dnp.zeros(3)
        alias = np.asarray(z)
        z[0] = 1.0
        assert alias[0] == 1.0
        with pytest.raises(ValueError, match="read-only"):
            alias[0] = 2.0
        z[1] = x[0]
        assert np.isnan(alias).all()
        return np.sum(z)

    np.testing.assert_array_equal(dr.grad(f)(X), [1.0, 0.0, 0.0])


def test_nested_levels():
    """A buffer takes values of any level, and of several."""

    def f(x):
        z = dnp.zeros(2)
        z[0] = x

        def g(t):
            w = dnp.zeros(2)
            w[0] = t * x
            w[1] = t**2
            z[1] = x**2
            return w @ w

        return dr.grad(g)(2.0) + z[1]

    # g' = 2 t x² + 4 t³ at t = 2, so f = 4 x² + 32 + x².
    assert dr.grad(f)(3.0) == pytest.approx(30.0, rel=1e-14)
    assert dr.derivative(f)(3.0) == pytest.approx(30.0, rel=1e-14)


def test_differentiated_with_respect_to_a_buffer():
    def f(x):
        point = dnp.array([2.0, 3.0])
        return np.sum(dr.grad(lambda p: p[0] * p[1] * x[0])(point))

    np.testing.assert_array_equal(dr.grad(f)(X), [5.0, 0.0, 0.0])
    y, t = inside(lambda x: dr.jvp(np.sin, (dnp.zeros(2),), (dnp.ones(2),)))
    np.testing.assert_array_equal((y, t), (np.zeros(2), np.ones(2)))


def test_copies():
    for twin in (copy.copy, copy.deepcopy, lambda z: z.copy(), lambda z: z[...].copy()):

        def f(x, twin=twin):
            z = dnp.zeros(2)
            other = twin(z)
            z[0] = x[0]
            assert not np.any(other)
            other[1] = x[1]
            return z[0] * other[1]

        np.testing.assert_allclose(dr.grad(f)(X), [1.7, 0.6, 0.0])
    z = inside(lambda x: pickle.loads(pickle.dumps(dnp.ones(2))))
    assert type(z) is np.ndarray


def test_refused_writes():
    def broadcast(x):
        np.broadcast_to(dnp.zeros(3), (2, 3))[0, 0] = 1.0

    def outside(x):
        dnp.zeros(3)[5] = x[0]

    def shape(x):
        dnp.zeros(3)[:2] = x

    for f, error in ((broadcast, ValueError), (outside, IndexError), (shape, ValueError)):
        with pytest.raises(error):
            inside(f)


def test_checkpoint_and_custom_rules_take_buffers():
    square = dr.custom_jvp(lambda x: x * x)
    square.defjvp(lambda primals, tangents: (primals[0] ** 2, 2 * primals[0] * tangents[0]))

    def f(x):
        a, b = dnp.ones(3), dnp.zeros(3)
        b[0] = x[0]
        kept = dr.checkpoint(lambda u, v: np.sum(u * np.sin(v)))(a, x)
        return kept + np.sum(square(a)) + np.sum(square(b)) + np.sum(dr.stop_gradient(a))

    np.testing.assert_allclose(dr.grad(f)(X), np.cos(X) + np.array([1.2, 0.0, 0.0]), rtol=1e-14)
