"""Functions that NumPy calls for the user: what they see, what becomes of their results, bad input."""

import numpy as np
import pytest

import dualrev as dr
from dualrev import numpy as mirror
from dualrev.errors import EscapeError, UnsupportedError

X = np.array([[0.62, 0.21, 0.47], [0.35, 0.83, 0.56]])
V = np.array([0.62, -0.21, 1.47, -0.35])
CUBE = np.linspace(0.3, 2.0, 24).reshape(2, 3, 4)


def same(f, *arrays):
    """Values, shapes and dtypes are those of the function on plain arrays."""
    want = f(*arrays)
    for found in (dr.vjp(f, *arrays)[0], dr.jvp(f, arrays, arrays)[0]):
        pairs = zip(found, want, strict=True) if isinstance(want, tuple) else [(found, want)]
        for one, other in pairs:
            assert np.shape(one) == np.shape(other)
            assert np.result_type(one) == np.result_type(other)
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize(
    "func1d",
    [
        np.sum,
        np.cumsum,
        lambda v: np.outer(v, v),
        lambda v: np.ones((2, 1, 3)) * v[0],
        lambda v: [v[0], 1.0],
        lambda v: 3,
    ],
)
def test_apply_along_axis(func1d, axis):
    same(lambda x: np.apply_along_axis(func1d, axis, x), CUBE)


def test_apply_along_axis_shape_and_dtype_of_the_first_result_hold():
    """NumPy writes all results into an array made for the first."""
    f = lambda v: [v[0], np.sum(v)] if v[0] < 0.5 else v[1]
    same(lambda x: np.apply_along_axis(f, 0, x), np.array([[0.3, 0.7], [1.0, 2.0]]))
    first = lambda v: 1 if v[0] < 0.5 else 2.7 * v[0]
    x = np.array([[0.3, 0.7], [1.0, 2.0]])
    want = np.apply_along_axis(first, 0, x)
    assert want.dtype.kind == "i"
    y, pullback = dr.vjp(lambda x: np.apply_along_axis(first, 0, x) * x[0], x)
    np.testing.assert_array_equal(y, want * x[0])
    np.testing.assert_array_equal(pullback(np.ones(2))[0], [want, [0, 0]])


def test_apply_along_axis_calls_once_per_slice():
    seen = []
    dr.vjp(lambda x: np.apply_along_axis(lambda v: seen.append(v.shape) or v[0], 1, x), CUBE)
    assert seen == [(3,)] * 8


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: np.apply_along_axis(np.sum, 3, x), IndexError, "out of bounds"),
        (
            lambda x: np.apply_along_axis(np.sum, 0, x[:, :0]),
            ValueError,
            "iteration dimensions are 0",
        ),
        (
            lambda x: np.apply_over_axes(lambda a, k: np.sum(a), x, [0, 1]),
            ValueError,
            "correct shape",
        ),
        (
            lambda x: np.piecewise(x, [x > 0], [1, 2, 3]),
            ValueError,
            "1 or 2 functions are expected",
        ),
        (
            lambda x: np.piecewise(x, [x > 0], [lambda v: v[0] * np.ones(9)]),
            ValueError,
            "values|broadcast",
        ),
    ],
)
def test_bad_input(call, error, words):
    for run in (call, lambda x: dr.vjp(call, x)):
        with pytest.raises(error, match=words):
            run(X)


@pytest.mark.parametrize("axes", [0, -1, [0, 2], (1,), [2, 0, 1], np.array([0, 1])])
@pytest.mark.parametrize("func", [np.sum, np.cumsum, lambda a, k: np.max(a, k, keepdims=True)])
def test_apply_over_axes(func, axes):
    same(lambda x: np.apply_over_axes(func, x, axes), CUBE)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: np.piecewise(v, [v > 0, v > 1], [lambda u: u * 2, lambda u: u * u]),
        lambda v: np.piecewise(v, [v > 0, v > 1], [lambda u: u * 2, 4, -1]),
        lambda v: np.piecewise(v, v > 0, [np.exp]),
        lambda v: np.piecewise(v, v > 0, [np.exp, np.sin]),
        lambda v: np.piecewise(v, [[True, False, True, False]], [np.exp, np.sin]),
        lambda v: np.piecewise(v, [v > 9], [np.exp, np.sin]),
        lambda v: np.piecewise(v, [v > 9, v > 8], [np.exp, np.sin]),
        lambda v: np.piecewise(v, [v > 0], [lambda u, p, *, q: u**p * q, 0.0], 2, q=3.0),
        lambda v: np.piecewise(v, [v > 0], [2j.__abs__()]),
        lambda v: np.piecewise(v[0], v[0] > 0, [np.exp, np.sin]),
        lambda v: np.piecewise(v[1], [v[1] > 0, v[1] < -9], [np.exp, 1, np.sin]),
        lambda v: np.piecewise(v.astype(np.float32), [v > 0], [np.exp, 0.5]),
        lambda v: np.piecewise(np.stack([v, v]), [[True, False]], [np.exp, 0.5]),
    ],
)
def test_piecewise(f):
    same(f, V)


def test_piecewise_sees_its_entries_only():
    """No warning of a logarithm of negative numbers; a function without entries is not called."""
    seen = []
    f = lambda v: np.piecewise(v, [v > 0, v > 9], [np.log, seen.append, lambda u: -u * u])
    g = dr.grad(lambda v: np.sum(f(v)))(V)
    np.testing.assert_array_equal(g, np.where(V > 0, 1 / V, -2 * V))
    assert not seen


def test_piecewise_in_lanes():
    masks = np.array([[True, False, True, False]])
    f = lambda v: np.piecewise(v, masks, [np.exp, np.sin])
    lanes = np.stack([V, V + 1])
    np.testing.assert_array_equal(dr.vmap(f)(lanes), np.stack([f(v) for v in lanes]))
    with pytest.raises(UnsupportedError, match=r"np\.where or np\.select"):
        dr.vmap(lambda v: np.piecewise(v, [v > 0], [np.exp, np.sin]))(lanes)


# --------------------------------------------------------------------------------------------------
# The mirror's vectorize, and frompyfunc.


def branch(x, k=2):
    return x * x * k if x > 0.5 else k * x


def several(x):
    return x * x, 2.0 * x, 3


MAKES = {
    "plain": lambda np_: np_.vectorize(branch),
    "otypes": lambda np_: np_.vectorize(branch, otypes=[float]),
    "complex": lambda np_: np_.vectorize(branch, otypes="D"),
    "single": lambda np_: np_.vectorize(branch, otypes=[np.float32]),
    "cache": lambda np_: np_.vectorize(branch, cache=True),
    "keyword": lambda np_: lambda x: np_.vectorize(branch)(x, k=3.0),
    "keywords": lambda np_: lambda x: np_.vectorize(branch)(k=[[1.0], [2.0], [3.0], [4.0]], x=x),
    "excluded": lambda np_: (
        lambda x: np_.vectorize(lambda x, p: x * p[0], excluded=[1])(x, [3.0, 1])
    ),
    "named": lambda np_: lambda x: np_.vectorize(lambda x, p: x * p[0], excluded={"p"})(x, p=[3.0]),
    "several": lambda np_: np_.vectorize(several),
    "types": lambda np_: np_.vectorize(several, otypes="ddd"),
    "inner": lambda np_: (
        lambda x: np_.vectorize(np.dot, signature="(n),(n)->()")(x, [1.0, 2.0, 3.0, 4.0])
    ),
    "matrix": lambda np_: (
        lambda x: np_.vectorize(np.outer, signature="(n),(m)->(n,m)")(np.stack([x, x]), x[:2])
    ),
    "pairs": lambda np_: np_.vectorize(lambda v: (v[::2], v.sum()), signature="(n)->(k),()"),
    "signed": lambda np_: np_.vectorize(lambda v: v * 2, signature="()->()", otypes=[float]),
}


@pytest.mark.parametrize("name", MAKES)
def test_vectorize(name):
    """The mirror's class gives NumPy's results, and its derivatives are those of the function."""
    ours, theirs = MAKES[name](mirror), MAKES[name](np)
    want = theirs(V)
    f = lambda x: ours(x)
    for found in (ours(V), dr.vjp(f, V)[0], dr.jvp(f, (V,), (V,))[0]):
        pairs = zip(found, want, strict=True) if isinstance(want, tuple) else [(found, want)]
        for one, other in pairs:
            assert np.shape(one) == np.shape(other)
            assert np.result_type(one) == np.result_type(other)
            np.testing.assert_array_equal(one, other)

    def total(g):
        def sums(x):
            y = g(x)
            return sum(np.sum(np.real(part)) for part in (y if isinstance(y, tuple) else (y,)))

        return sums

    h = 1e-3 if name == "single" else 1e-6
    steps = h * np.eye(4)
    slope = [(total(theirs)(V + e) - total(theirs)(V - e)) / (2 * h) for e in steps]
    np.testing.assert_allclose(
        dr.grad(total(ours))(V), slope, rtol=2e-4 if name == "single" else 1e-7
    )


def test_vectorize_traced_only_inside_the_function():
    f = lambda a: np.sum(mirror.vectorize(lambda x: a * x if x > 0 else 0.0)(V))
    assert dr.grad(f)(2.0) == V[V > 0].sum()
    with pytest.raises(EscapeError):
        dr.grad(lambda a: np.sum(np.vectorize(lambda x: a * x, otypes=[float])(V)))(2.0)


def test_vectorize_is_numpys_class():
    @mirror.vectorize(otypes=[float], doc="words")
    def f(x):
        return x * x

    assert isinstance(f, np.vectorize)
    assert f.__doc__ == "words"
    np.testing.assert_array_equal(dr.grad(lambda x: np.sum(f(x)))(V), 2 * V)
    assert type(f(2.0)) is type(np.vectorize(lambda x: x * x)(2.0))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda np_: lambda x: np_.vectorize(branch)(x[:0]), "size 0 inputs"),
        (
            lambda np_: np_.vectorize(lambda v: v, signature="(n,m)->()"),
            "does not have enough dimensions",
        ),
        (
            lambda np_: lambda x: np_.vectorize(np.dot, signature="(n),(n)->()")(x, x[:2]),
            "inconsistent size for core dimension 'n'",
        ),
        (
            lambda np_: np_.vectorize(lambda v: (v, v), signature="(n)->(n)"),
            "wrong number of outputs",
        ),
        (
            lambda np_: np_.vectorize(lambda v, w: v, signature="(n),(n)->(n)"),
            "wrong number of positional",
        ),
    ],
)
def test_vectorize_bad_input(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make(np)(V)
    with pytest.raises((ValueError, TypeError), match=words):
        dr.vjp(make(mirror), V)


def test_vectorize_of_nothing_with_types():
    f = mirror.vectorize(branch, otypes=[float])
    y, pullback = dr.vjp(lambda x: f(x[:0]) * x[:0], V)
    assert y.shape == (0,)
    np.testing.assert_array_equal(pullback(np.zeros(0))[0], np.zeros(4))


def test_frompyfunc():
    f = np.frompyfunc(lambda a, b: a * b if a > 0 else b, 2, 1, identity=1)
    pairs = np.frompyfunc(lambda a: (a * a, 2 * a), 1, 2)
    assert isinstance(f, np.ufunc)
    assert f(V, 2.0).dtype == object
    np.testing.assert_array_equal(
        dr.grad(lambda x: np.sum(f(x, 2.0)))(V), np.where(V > 0, 2.0, 0.0)
    )
    np.testing.assert_array_equal(
        dr.grad(lambda x: np.sum(pairs(x)[0] + pairs(x)[1]))(V), 2 * V + 2
    )
    W = np.abs(V)
    product = dr.grad(lambda x: f.reduce(x))(W)
    np.testing.assert_allclose(product, np.prod(W) / W, rtol=1e-15)
    np.testing.assert_allclose(dr.grad(lambda x: np.sum(f.outer(x, x)))(W), np.full(4, 2 * W.sum()))
