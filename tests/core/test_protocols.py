"""A traced array stands where an ndarray stands: operators, ufuncs, methods, attributes, dtypes."""

import operator

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import InputError

X = np.array([[0.7, 1.9, 0.4], [1.3, 0.2, 1.1]])
V = np.array([0.7, 1.9, 0.43])
A = np.array([[2.0, 0.5, 1.0], [0.3, 1.5, 0.2], [0.1, 0.4, 3.0]])

BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "matmul": operator.matmul,
}
OTHERS = {
    "ndarray": np.array([1.5, 0.6, 2.3]),
    "np.float64": np.float64(1.5),
    "float": 1.5,
    "int": 2,
    "integer array": np.array([3, 1, 2]),
    "0-d array": np.array(1.5),
    "list": [1.5, 0.6, 2.3],
    "tuple": (1.5, 0.6, 2.3),
    "float32": np.array([1.5, 0.5, 2.25], np.float32),
    "bool array": np.array([True, True, True]),
    "column": np.array([[1.5], [0.6], [2.3]]),
}
PAIRS = [(b, o) for b in BINARY for o in OTHERS if not (b == "matmul" and np.ndim(OTHERS[o]) == 0)]


@pytest.mark.parametrize(("name", "kind"), PAIRS, ids="-".join)
def test_operator_with_a_plain_operand(jac, central, name, kind):
    op, other = BINARY[name], OTHERS[kind]
    f = lambda x: op(x, other)
    if not (name == "matmul" and kind == "column"):
        reflected = lambda x: op(other, x)
        np.testing.assert_allclose(jac(reflected, V), central(reflected, V), rtol=1e-8, atol=1e-9)
        value = dr.jvp(reflected, (V,), (V,))[0]
        np.testing.assert_array_equal(value, reflected(V))
        assert value.dtype == reflected(V).dtype
    np.testing.assert_allclose(jac(f, V), central(f, V), rtol=1e-8, atol=1e-9)
    value = dr.vjp(f, V)[0]
    np.testing.assert_array_equal(value, f(V))
    assert value.dtype == f(V).dtype


@pytest.mark.parametrize("name", BINARY)
def test_operator_between_traced_operands(jac, central, name):
    op = BINARY[name]
    for f in (
        lambda x: op(x, x[::-1]),
        lambda x: op(x[0], x[1]) if name != "matmul" else op(x, A) @ x,
        lambda x: op(x[1], x) if name != "matmul" else op(A, x * x),
        lambda x: op(x, x),
    ):
        np.testing.assert_allclose(jac(f, V), central(f, V), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", [b for b in BINARY if b != "matmul"])
def test_scalars_on_either_side_of_a_zero_dimensional_value(jac, central, name):
    op = BINARY[name]
    for other in (2, 1.5, np.float64(1.5), np.array(1.5), np.array([1.5, 0.6]), [1.5, 0.6]):
        for f in (lambda x, o=other: op(x[1], o), lambda x, o=other: op(o, x[1])):
            if name == "mul" and isinstance(other, list):
                continue  # NumPy's own scalars refuse it
            np.testing.assert_allclose(jac(f, V), central(f, V), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: -x,
        lambda x: +x * 2,
        lambda x: abs(-x),
        lambda x: divmod(x, 0.3)[1],
        lambda x: divmod(5.0, x)[1],
        lambda x: divmod(x[1], x[0])[1],
        lambda x: round(x[0]) * x[1],
        lambda x: pow(x[0], 2) + pow(2, x[0]),
        lambda x: x**2.5 + x**-1 + x**0 + x**1 + x**2 + x**3,
        lambda x: 2.0**x + (x[0]) ** x,
        lambda x: np.float_power(x, 3) + np.float_power(x, x),
    ],
    ids=range(11),
)
def test_unary_and_other_operators(jac, central, f):
    np.testing.assert_allclose(jac(f, V), central(f, V), rtol=1e-8, atol=1e-9)


UFUNC_CALLS = {
    "add.reduce": lambda x: np.add.reduce(x * x),
    "add.reduce axis": lambda x: np.add.reduce(x * x, axis=1, keepdims=True),
    "add.reduce axes": lambda x: np.add.reduce(x * x, axis=(0, 1)),
    "add.reduce None": lambda x: np.add.reduce(x * x, axis=None),
    "add.reduce initial": lambda x: np.add.reduce(x, axis=1, initial=2.0),
    "add.reduce where": lambda x: np.add.reduce(x * x, axis=1, where=np.isfinite(X) & (X.real > 1)),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=1),
    "subtract.reduce": lambda x: np.subtract.reduce(x, axis=1),
    "divide.reduce": lambda x: np.divide.reduce(x, axis=1),
    "add.accumulate": lambda x: np.add.accumulate(x * x, axis=1),
    "multiply.accumulate": lambda x: np.multiply.accumulate(x, axis=0),
    "add.outer": lambda x: np.add.outer(x[0], x[1] * x[1]),
    "subtract.outer": lambda x: np.subtract.outer(V, x),
    "multiply.outer": lambda x: np.multiply.outer(x, x[0]),
    "divide.outer": lambda x: np.divide.outer(x[0], A),
    "power.outer": lambda x: np.power.outer(x[0], x[1]),
    "out=None": lambda x: np.sin(x, out=None),
    "out traced": lambda x: np.sin(x, out=x * 1.0),
    "out tuple": lambda x: np.multiply(x, x, out=(x * 1.0,)),
    "out broadcast": lambda x: np.multiply(x, x[0], out=x * 1.0),
    "where and out": lambda x: np.exp(x, where=X > 1, out=x * 3.0),
    "where traced out": lambda x: np.multiply(x, x[::-1], where=[True, False, True], out=x * 3.0),
    "sum where": lambda x: np.sum(x * x, axis=0, where=[True, False, True]),
    "mean where": lambda x: np.mean(x * x, where=X > 1),
    "prod where": lambda x: np.prod(x, axis=1, where=X > 0.5),
    "sum initial": lambda x: np.sum(x[0], initial=x[1, 0]),
    "np.sum dtype": lambda x: np.sum(x * x, dtype=x.dtype),
    "casting": lambda x: np.multiply(x, 2, casting="same_kind"),
    "add at": lambda x: _at(np.add, x),
    "subtract at": lambda x: _at(np.subtract, x),
    "nested lists": lambda x: np.multiply([[1.0, 2.0, 3.0]], x),
    "clip as ufunc": lambda x: np.sqrt(np.square(x) + np.reciprocal(x)),
}


def _at(ufunc, x):
    out = x * 1.0
    ufunc.at(out, ([0, 0, 1], [1, 1, 2]), x[0] * x[1])
    return out


@pytest.mark.parametrize("name", UFUNC_CALLS)
def test_ufunc_protocol(jac, complex_step, name):
    f = UFUNC_CALLS[name]
    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dr.vjp(f, X)[0], f(X), rtol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.maximum.reduce(x, axis=1),
        lambda x: np.minimum.reduce(x, axis=0),
        lambda x: np.maximum.accumulate(x, axis=1),
        lambda x: np.minimum.outer(x, V),
        lambda x: np.logaddexp.reduce(x, axis=1),
        lambda x: np.hypot.reduce(x, axis=1),
        lambda x: np.arctan2.outer(x[0], x[1]),
    ],
    ids=range(7),
)
def test_ufunc_methods_without_a_complex_step(jac, central, f):
    """Right, or refused with a reason."""
    try:
        J = jac(f, X)
    except (dr.errors.MissingRuleError, dr.errors.UnsupportedError):
        return
    np.testing.assert_allclose(J, central(f, X), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ufunc_dtype_argument(dtype):
    f = lambda x: np.multiply(x, x, dtype=dtype)
    y, pullback = dr.vjp(f, V)
    assert y.dtype == dtype
    ct = pullback(np.ones(3, dtype))[0]
    assert ct.dtype == np.float64
    np.testing.assert_allclose(ct, 2 * V, rtol=1e-6)
    y, t = dr.jvp(f, (V,), (np.ones(3),))
    assert y.dtype == t.dtype == dtype


METHODS = {
    "sum": lambda x: x.sum(),
    "sum axis": lambda x: x.sum(axis=1, keepdims=True),
    "sum positional axis": lambda x: x.sum(0),
    "mean": lambda x: (x * x).mean(axis=0),
    "prod": lambda x: x.prod(axis=1),
    "cumsum": lambda x: (x * x).cumsum(axis=1),
    "cumprod": lambda x: x.cumprod(),
    "T": lambda x: x.T * x.T[0],
    "mT": lambda x: x.mT @ x,
    "transpose": lambda x: x.reshape(2, 3, 1).transpose(2, 0, 1),
    "transpose tuple": lambda x: x.reshape(2, 3, 1).transpose((2, 0, 1)),
    "transpose none": lambda x: x.transpose(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "reshape": lambda x: x.reshape(3, 2) * 2,
    "reshape tuple": lambda x: x.reshape((3, 2)),
    "reshape -1": lambda x: x.reshape(-1) ** 2,
    "reshape order": lambda x: x.reshape((3, 2), order="F"),
    "ravel": lambda x: x.ravel() * x.ravel()[::-1],
    "ravel order": lambda x: x.ravel(order="F"),
    "flatten": lambda x: x.flatten(),
    "flat": lambda x: x.flat[2] * x.flat[1],
    "squeeze": lambda x: x[:1].squeeze(),
    "squeeze axis": lambda x: x[:1].squeeze(axis=0),
    "dot": lambda x: x.dot(A),
    "dot traced": lambda x: x.dot(x[0]),
    "ndarray dot": lambda x: A.dot(x.T),
    "diagonal": lambda x: x.diagonal(),
    "trace": lambda x: x.trace(),
    "take": lambda x: x.take([0, 2], axis=1),
    "repeat": lambda x: x.repeat(2, axis=0),
    "copy": lambda x: x.copy() * 2,
    "astype": lambda x: x.astype(x.dtype) * 2,
    "compress": lambda x: x.compress([True, False], axis=0),
}


@pytest.mark.parametrize("name", METHODS)
def test_method(jac, complex_step, name):
    f = METHODS[name]
    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.max(),
        lambda x: x.min(axis=1),
        lambda x: x.max(axis=0, keepdims=True),
        lambda x: x.clip(0.5, 1.2),
        lambda x: x.clip(min=0.5),
        lambda x: x.real * 2 + x.imag,
        lambda x: x.conj() * x + x.conjugate(),
        lambda x: x.var(axis=1, ddof=1),
        lambda x: x.std(),
        lambda x: x.round(0) * x,
        lambda x: x.flat[x.argmax()] * x.flat[x.argmin()],
        lambda x: x[x.nonzero()],
        lambda x: x * x.any() * x.all(),
        lambda x: x.ptp() if hasattr(X, "ptp") else np.ptp(x),
    ],
    ids=range(14),
)
def test_method_without_a_complex_step(jac, central, f):
    np.testing.assert_allclose(jac(f, X), central(f, X), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_attributes_are_those_of_the_primal(mode):
    names = ["shape", "ndim", "size", "dtype", "itemsize", "nbytes"]

    def f(x):
        for name in names:
            assert getattr(x, name) == getattr(X, name)
        assert len(x) == 2
        assert x[0].shape == (3,)
        assert x[0, 0].shape == ()
        assert x[0, 0].ndim == 0
        assert x[0, 0].size == 1
        assert x.T.shape == (3, 2)
        assert [row.shape for row in x] == [(3,), (3,)]
        with pytest.raises(TypeError, match=r"unsized|len"):
            len(x[0, 0])
        with pytest.raises(TypeError, match="itera"):
            iter(x[0, 0])
        with pytest.raises(AttributeError):
            x.no_such_method()
        with pytest.raises(TypeError):
            hash(x)
        return np.sum(x)

    np.testing.assert_array_equal(dr.jacobian(f, mode=mode)(X), np.ones((2, 3)))


def test_zero_dimensional_values_behave_as_numpy_scalars(jac, complex_step):
    def f(x):
        s = x[0, 0]
        t = s.sum() + s.reshape(1)[0] + s.ravel()[0]
        return t * s.mean() + s.max() * s.T + np.reshape(s, (1, 1))[0, 0] * s.prod()

    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-13)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_empty_arrays(jac, shape):
    x = np.zeros(shape)
    assert jac(lambda x: x * 2.0, x).shape == shape + shape
    assert jac(lambda x: np.sum(np.sin(x)), x).shape == shape
    assert dr.grad(lambda x: np.prod(x))(x).shape == shape
    assert jac(lambda x: np.concatenate([x, x]), x).shape == (2 * shape[0], *shape[1:], *shape)
    with pytest.raises(ValueError, match="zero-size"):
        jac(lambda x: np.max(x), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtypes_are_those_of_what_is_differentiated(dtype):
    x = V.astype(dtype)
    t = np.ones(3, dtype)
    for f in (
        lambda x: np.sin(x) * 2.0 + x**2 - 3,
        lambda x: x / np.float64(2.0) if np.result_type(x) == np.float64 else x / 2.0,
        lambda x: np.exp(x) @ x + x.sum(),
        lambda x: np.concatenate([x, x[:1]]) * np.arange(4, dtype=np.int8),
        lambda x: np.where([True, False, True], x, 0.0),
        lambda x: np.mean(x) * np.sqrt(x),
        lambda x: np.linalg.solve(A.astype(dtype), x),
    ):
        y, push = dr.jvp(f, (x,), (t,))
        assert y.dtype == push.dtype == f(x).dtype == dtype
        y, pullback = dr.vjp(f, x)
        assert pullback(np.ones_like(y))[0].dtype == dtype
        for mode in ("forward", "reverse"):
            assert dr.jacobian(f, mode=mode)(x).dtype == dtype
    g = dr.grad(lambda x: np.real(np.sum(np.conj(x) * x)))(x)
    assert g.dtype == dtype
    np.testing.assert_allclose(g, 2 * x, rtol=1e-6)


def test_float32_input_in_a_float64_computation():
    x = V.astype(np.float32)
    y, pullback = dr.vjp(lambda x: A @ x, x)
    assert y.dtype == np.float64
    assert pullback(np.ones(3))[0].dtype == np.float32
    y, t = dr.jvp(lambda x: A @ x, (x,), (np.ones(3, np.float32),))
    assert y.dtype == t.dtype == np.float64


@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.array(2.0), np.float32(2.0)])
def test_scalar_inputs(x):
    for g in (dr.grad(lambda x: x**3)(x), dr.jacobian(lambda x: x**3)(x)):
        assert np.shape(g) == ()
        assert g == 12.0
        assert np.asarray(g).dtype == np.asarray(x).dtype
    assert dr.grad(lambda z: np.real(z * np.conj(z)))(1.0 + 2.0j) == 2.0 + 4.0j


@pytest.mark.parametrize(
    "x",
    [
        3,
        np.int64(3),
        np.array([1, 2]),
        True,
        np.array([True]),
        "text",
        object(),
        np.ma.array([1.0]),
    ],
)
def test_inputs_that_cannot_be_differentiated(x):
    for operator_ in (
        lambda: dr.grad(lambda x: x)(x),
        lambda: dr.jacobian(lambda x: x)(x),
        lambda: dr.hessian(lambda x: x)(x),
        lambda: dr.vjp(lambda x: x, x),
        lambda: dr.jvp(lambda x: x, (x,), (1.0,)),
    ):
        with pytest.raises(InputError):
            operator_()


def test_lists_and_foreign_containers_as_operands(jac, complex_step):
    f = lambda x: [1.0, 2.0, 3.0] * x + (4.0, 5.0, 6.0) - [x[0, 0], 1.0, x[1, 1]] * x
    g = lambda x: (
        np.array([1.0, 2.0, 3.0]) * x
        + np.array([4.0, 5.0, 6.0])
        - (np.array([x[0, 0], 1.0, x[1, 1]]) * x)
    )
    np.testing.assert_allclose(jac(f, X), complex_step(g, X), rtol=1e-13, atol=1e-14)


def test_operands_that_no_operation_accepts():
    for f in (lambda x: x + None, lambda x: x * "a", lambda x: {} - x, lambda x: x @ object()):
        with pytest.raises(TypeError):
            dr.grad(lambda x, f=f: np.sum(f(x)))(V)


def test_masked_arrays_keep_their_mask_or_are_refused():
    m = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    for f in (lambda x: np.sum(m * x), lambda x: np.sum(x * m), lambda x: np.sum(np.sin(m) + x)):
        try:
            g = dr.grad(f)(V)
        except TypeError:
            continue
        assert g[1] == 0.0


def test_comparison_operators_give_plain_booleans():
    def f(x):
        for op in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
            for other in (1.0, V, np.array([0.7, 1.0, 1.0]), x[::-1]):
                result, plain = op(x, other), op(V, dr.value(other))
                assert type(result) is np.ndarray
                np.testing.assert_array_equal(result, plain)
                np.testing.assert_array_equal(op(other, x), op(dr.value(other), V))
        assert not np.any(x == None)  # noqa: E711
        return np.sum(x)

    dr.grad(f)(V)
    dr.jvp(f, (V,), (V,))
