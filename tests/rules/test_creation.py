"""Arrays made like a traced one, copies, conversions of dtype."""

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(-1.0, 2.0, 6).reshape(2, 3)

CONVERT = [np.astype, lambda x, dtype: x.astype(dtype)]

FUNCTIONS = {
    "copy": np.copy,
    "method": lambda x: x.copy(),
    "astype_same": lambda x: x.astype(x.dtype),
    "full_like_traced": lambda x: np.full_like(x, x[0, 1]),
    "full_like_row": lambda x: np.full_like(x, x[0] * 2.0),
    "full_like_shape": lambda x: np.full_like(x, x[0, 1], shape=(4,)),
    "ones_like": lambda x: np.ones_like(x) * x,
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "constant": np.zeros_like,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(moves, name):
    moves(FUNCTIONS[name], X)


@pytest.mark.parametrize(
    "make", [np.zeros_like, np.ones_like, np.empty_like, lambda a, **k: np.full_like(a, 7.0, **k)]
)
@pytest.mark.parametrize(
    "options", [{}, {"shape": (4,)}, {"dtype": np.float32}, {"shape": 2, "dtype": complex}]
)
def test_made_like_a_traced_array_it_can_be_written_to(make, options):
    seen = {}

    def f(x):
        out = make(x, **options)
        seen["made"] = (out.shape, out.dtype)
        out[0] = x[1, 2] * 3.0
        return np.sum(np.real(out[:1]))

    count = np.empty_like(X, **options)[0].size
    expected = np.zeros((2, 3))
    expected[1, 2] = 3.0 * count
    np.testing.assert_allclose(dr.grad(f)(X), expected)
    np.testing.assert_allclose(dr.jacobian(f, mode="forward")(X), expected)
    plain = make(X, **options)
    assert seen["made"] == (plain.shape, plain.dtype)
    many = np.stack([X, 2 * X])
    np.testing.assert_allclose(dr.vmap(dr.grad(f))(many), np.stack([expected, expected]))


@pytest.mark.parametrize("dtype", [int, bool, np.uint8])
def test_integers_and_masks_made_like_a_traced_array_are_plain(dtype):
    def f(x):
        where = np.zeros_like(x, dtype=dtype)
        assert type(where) is np.ndarray
        assert where.dtype == dtype
        return np.sum(x * np.ones_like(x, dtype=dtype))

    np.testing.assert_array_equal(dr.grad(f)(X), np.ones((2, 3)))


def test_numbers():
    assert dr.grad(lambda x: x * np.ones_like(x) + np.zeros_like(x))(2.0) == 1.0
    assert dr.grad(lambda x: np.copy(x) ** 2)(3.0) == 6.0
    assert dr.derivative(lambda x: x * np.full_like(x, x))(3.0) == 6.0


def test_nested_levels():
    def f(x):
        def inner(y):
            out = np.zeros_like(y)
            out[0] = y[0] * x[1]
            out[1] = x[0] * x[0]
            return np.sum(out * out)

        return np.sum(dr.grad(inner)(x))

    # inner = (y0 x1)^2 + x0^4, d/dy0 = 2 y0 x1^2 at y = x.
    np.testing.assert_allclose(dr.grad(f)(np.array([3.0, 5.0])), [2 * 25.0, 4 * 3.0 * 5.0])


@pytest.mark.parametrize("convert", CONVERT)
@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128])
def test_astype_is_linear(dtype, convert):
    weight = np.arange(6.0).reshape(2, 3)
    f = lambda x: np.sum(np.real(x.astype(dtype) * weight.astype(dtype)))
    g = dr.grad(f)(X)
    assert g.dtype == float
    np.testing.assert_allclose(g, weight, rtol=1e-6)
    y, t = dr.jvp(lambda x: convert(x, dtype), (X,), (weight,))
    assert y.dtype == t.dtype == dtype
    np.testing.assert_allclose(t, weight, rtol=1e-6)
    np.testing.assert_allclose(
        dr.hessian(lambda x: np.sum(np.real(x.astype(dtype)) ** 3))(X[0]),
        np.diag(6 * X[0]),
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_real_array_made_complex():
    f = lambda x: np.real(x.astype(complex) * (2 - 1j))
    for mode in ("forward", "reverse"):
        J = dr.jacobian(f, mode=mode)(X)
        np.testing.assert_array_equal(J.reshape(6, 6), 2 * np.eye(6))


def test_astype_to_real_takes_the_real_part():
    z = np.array([1.0 + 2.0j, -3.0 + 0.5j])
    with pytest.warns(np.exceptions.ComplexWarning):
        g = dr.grad(lambda z: np.sum(z.astype(float) ** 2))(z)
    np.testing.assert_array_equal(g, [2.0, -6.0])
    with pytest.warns(np.exceptions.ComplexWarning):
        t = dr.jvp(lambda z: z.astype(np.float32), (z,), (1j * z,))[1]
    np.testing.assert_array_equal(t, [-2.0, -0.5])


@pytest.mark.parametrize("convert", CONVERT)
@pytest.mark.parametrize("dtype", [int, bool])
def test_astype_to_integers_is_locally_constant(dtype, convert):
    f = lambda x: np.sum(x * x.astype(dtype))
    np.testing.assert_array_equal(dr.grad(f)(X), X.astype(dtype))
    np.testing.assert_array_equal(dr.jacobian(f, mode="forward")(X), X.astype(dtype))
    many = np.stack([X, 3 * X])
    np.testing.assert_array_equal(dr.vmap(lambda x: x.astype(dtype))(many), many.astype(dtype))
    assert dr.grad(lambda x: x * convert(x, dtype))(2.5) == dtype(2.5)


def test_astype_to_text_is_refused():
    with pytest.raises(TypeError, match="astype"):
        dr.grad(lambda x: np.sum(x.astype(str)))(X)


def test_comparisons_of_whole_arrays_are_plain():
    def f(x):
        assert np.array_equal(x, X)
        assert not np.array_equal(x, X[:1])
        assert np.array_equiv(x, X)
        assert np.allclose(x, X + 1e-12)
        assert np.allclose(x, X.tolist(), rtol=0, atol=0)
        close = np.isclose(x, x[0], atol=1e-3)
        assert type(close) is np.ndarray
        return np.sum(np.where(close, x, 0.0))

    expected = np.zeros((2, 3))
    expected[0] = 1.0
    np.testing.assert_array_equal(dr.grad(f)(X), expected)
    np.testing.assert_array_equal(dr.jacobian(f, mode="forward")(X), expected)
    many = np.stack([X[0], X[1]])
    np.testing.assert_array_equal(
        dr.vmap(lambda x: np.isclose(x, X[0]))(many), np.isclose(many, X[0])
    )
    np.testing.assert_array_equal(dr.vmap(lambda x: np.allclose(x, X[0]))(many), [True, False])


def test_astype_without_a_copy_is_the_array_itself():
    def f(x):
        x = x * 1.0
        y = x.astype(float, copy=False)
        y[0] = 5.0
        return np.sum(x)

    np.testing.assert_array_equal(dr.grad(f)(np.ones(3)), [0.0, 1.0, 1.0])


def test_astype_obeys_the_casting_rule():
    with pytest.raises(TypeError, match="safe"):
        dr.grad(lambda x: np.sum(x.astype(np.float32, casting="safe")))(np.ones(3))
