"""The logistic function and sums of exponentials: tails, masked entries, SciPy's own answers for all options."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.scipy import special as mirror
from tests.rules.tables import check, derivative

INF = np.inf


@pytest.mark.parametrize("x", [-700.0, -40.0, -1.0, 0.0, 1e-9, 3.0, 40.0, 700.0])
@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (special.expit, lambda x: 1 / (1 + mp.exp(-x))),
        (special.log_expit, lambda x: -mp.log1p(mp.exp(-x))),
    ],
)
def test_tails(f, exact, x):
    with mp.workdps(700):
        want = mp.diff(exact, mp.mpf(x))
    np.testing.assert_allclose(derivative(f, (x,), (1,)), float(want), rtol=1e-13)
    if abs(x) < 50:
        for order in (2, 3):
            with mp.workdps(120):
                want = mp.diff(exact, mp.mpf(x), order)
            np.testing.assert_allclose(
                derivative(f, (x,), (order,)), float(want), rtol=1e-12, atol=1e-16
            )


@pytest.mark.parametrize("x", [1e-300, 1e-10, 0.3, 0.45, 1 - 1e-12])
def test_logit(x):
    for order in (1, 2, 3) if x > 1e-100 else (1,):
        check(special.logit, lambda v: mp.log(v / (1 - v)), (x,), (order,), rtol=1e-12)
    with np.errstate(divide="ignore"):
        assert [dr.grad(special.logit)(v) for v in (0.0, 1.0)] == [INF, INF]


def test_infinities():
    for x, slope in [(-INF, 0.0), (INF, 0.0)]:
        assert dr.grad(special.expit)(x) == slope
    assert [dr.grad(special.log_expit)(x) for x in (-INF, INF)] == [1.0, 0.0]


@pytest.mark.skipif(not hasattr(special, "softplus"), reason="SciPy 1.15 has it first")
def test_softplus():
    x = np.array([-800.0, -30.0, 0.0, 2.0, 800.0])
    for f in (special.softplus, mirror.softplus):
        y, t = dr.jvp(f, (x,), (np.ones(5),))
        np.testing.assert_array_equal(y, special.softplus(x))
        np.testing.assert_allclose(t, special.expit(x), rtol=1e-13)


X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
B = np.array([[1.5, -0.2, 0.3], [0.4, 2.0, 1.0]])


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1), (1,)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("return_sign", [False, True])
@pytest.mark.parametrize("b", [None, B, B[:1], 2.0, -B])
def test_logsumexp_options(axis, keepdims, return_sign, b):
    """The traced result is SciPy's own, for every choice of options."""
    options = {"axis": axis, "b": b, "keepdims": keepdims, "return_sign": return_sign}
    want = special.logsumexp(X, **options)
    got = []
    dr.vjp(lambda x: got.append(mirror.logsumexp(x, **options)) or np.sum(x), X)
    found = got[0]
    assert isinstance(found, tuple) == isinstance(want, tuple)
    for one, other in zip(
        found if return_sign else (found,), want if return_sign else (want,), strict=True
    ):
        plain = dr.value(one)
        assert np.shape(plain) == np.shape(other)
        assert plain.dtype == other.dtype
        np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128])
@pytest.mark.parametrize("return_sign", [False, True])
def test_logsumexp_dtypes(dtype, return_sign):
    x = X.astype(dtype)
    want = special.logsumexp(x, axis=0, return_sign=return_sign)
    found = dr.jvp(lambda x: mirror.logsumexp(x, axis=0, return_sign=return_sign), (x,), (x,))
    for part in found:
        for one, other in zip(*(v if return_sign else (v,) for v in (part, want)), strict=True):
            assert one.dtype == other.dtype
            assert one.shape == other.shape


def test_logsumexp_is_stable():
    x = np.array([1000.0, 1001.0, -1e5])
    np.testing.assert_allclose(
        dr.grad(mirror.logsumexp)(x), [1 / (1 + np.e), np.e / (1 + np.e), 0.0], rtol=1e-13
    )
    H = dr.hessian(mirror.logsumexp)(x)
    p = special.softmax(x)
    np.testing.assert_allclose(H, np.diag(p) - np.outer(p, p), rtol=1e-12, atol=1e-300)


def test_masked_entries():
    """An entry at -inf has the derivative 0, and none of the others is spoilt, to second order."""
    x = np.array([-INF, 0.3, 1.0])
    p = special.softmax(x)
    np.testing.assert_allclose(dr.grad(mirror.logsumexp)(x), p, rtol=1e-14)
    np.testing.assert_allclose(dr.hessian(mirror.logsumexp)(x), np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(
        dr.jacobian(mirror.softmax)(x), np.diag(p) - np.outer(p, p), rtol=1e-14
    )
    np.testing.assert_allclose(dr.jacobian(mirror.log_softmax)(x)[1:], np.eye(3)[1:] - p)
    everything = np.full(3, -INF)
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(dr.jacobian(mirror.logsumexp, mode=mode)(everything), 0.0)
    # Rows of a masked matrix: one of them has nothing left.
    rows = np.array([[0.5, -INF], [-INF, -INF]])
    found = dr.grad(lambda x: mirror.logsumexp(x, axis=1)[0])(rows)
    np.testing.assert_array_equal(found, [[1.0, 0.0], [0.0, 0.0]])


def test_cancelled_sum():
    """Weights whose sum is zero: the logarithm is -inf, and its slopes are infinite, not 1."""
    x, b = np.zeros(2), np.array([1.0, -1.0])
    with np.errstate(over="ignore"):
        found = dr.grad(lambda x: mirror.logsumexp(x, b=b))(x)
    np.testing.assert_array_equal(found, [INF, -INF])


def test_weights():
    """∂b is e^(a - y), also at b = 0, where SciPy leaves the entry out."""
    a, b = np.array([0.4, -1.0, 0.9]), np.array([3.0, 0.0, 2.0])
    y = special.logsumexp(a, b=b)
    ga, gb = dr.grad(lambda a, b: mirror.logsumexp(a, b=b), argnums=(0, 1))(a, b)
    np.testing.assert_allclose(ga, b * np.exp(a - y), rtol=1e-14)
    np.testing.assert_allclose(gb, np.exp(a - y), rtol=1e-14)
    # A weight for all entries takes the sum of their slopes.
    one = dr.grad(lambda b: mirror.logsumexp(a, b=b))(2.0)
    np.testing.assert_allclose(one, 0.5, rtol=1e-14)


def test_sign():
    """A negative sum: log|s| moves, its sign does not."""
    a, b = np.array([0.4, -1.0]), np.array([-3.0, 1.0])
    s = np.sum(b * np.exp(a))
    (y, sign), (t, t_sign) = dr.jvp(
        lambda a: mirror.logsumexp(a, b=b, return_sign=True), (a,), (np.ones(2),)
    )
    assert (sign, t_sign) == (-1.0, 0.0)
    np.testing.assert_allclose(y, np.log(-s))
    np.testing.assert_allclose(t, 1.0)
    g = dr.grad(lambda a: mirror.logsumexp(a, b=b, return_sign=True)[0])(a)
    np.testing.assert_allclose(g, b * np.exp(a) / s)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("x", [X, X[0], X[:, None, :]], ids=["2", "1", "3"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_options(name, axis, x):
    f, own = getattr(special, name), getattr(mirror, name)
    axis = 0 if axis == (0, 1) and x.ndim == 1 else axis
    y, t = dr.jvp(lambda x: own(x, axis=axis), (x,), (np.ones_like(x),))
    np.testing.assert_array_equal(y, f(x, axis=axis))
    # A shift of all entries changes neither.
    np.testing.assert_allclose(t, 0.0, atol=1e-15)


def test_softmax_of_large_numbers():
    x = np.array([1e4, 1e4 + 1, -1e4])
    p = special.softmax(x)
    np.testing.assert_allclose(dr.jacobian(mirror.softmax)(x), np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(dr.jacobian(mirror.log_softmax)(x), np.eye(3) - p)


def test_bad_axis():
    for f in (mirror.logsumexp, mirror.softmax, mirror.log_softmax):
        with pytest.raises(np.exceptions.AxisError):
            dr.grad(lambda x, f=f: np.sum(f(x, axis=5)))(X)
    with pytest.raises(ValueError, match="broadcast"):
        dr.grad(lambda x: np.sum(mirror.logsumexp(x, b=np.ones(4))))(X)
