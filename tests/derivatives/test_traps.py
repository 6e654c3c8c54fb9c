"""Traps that comparable libraries fall into, each silently: here right, or an error.

HIPS is HIPS/autograd; an issue number after it is the report of the trap.
"""

import pickle
import warnings

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.levels import open_levels
from dualrev.errors import EscapeError, InputError, LevelError

SIZES = [3, 200_000]
A3 = np.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0], [0.7, -0.2, 1.5]])


def test_sequential_sum_of_squares():
    """Integer input is refused; floats give 4 x[i] - 2 x[i-1] - 2 x[i+1], also at equal rows.

    HIPS #370 returned -2**63.
    """

    def f(x):
        return np.sum(np.array([np.linalg.norm(x[i] - x[i - 1]) ** 2 for i in range(1, len(x))]))

    x = np.array([[1], [0], [0], [1]])
    with pytest.raises(InputError, match="float"):
        dr.grad(f)(x)
    np.testing.assert_array_equal(dr.grad(f)(x.astype(float)), [[2.0], [-2.0], [-2.0], [2.0]])


NUMPY_2_0 = np.lib.NumpyVersion(np.__version__) < "2.1.0"

KEYWORD_CALLS = {
    "tensordot": lambda x: np.tensordot(a=A3, b=x, axes=1),
    "dot": lambda x: np.dot(a=A3, b=x),
    "outer": lambda x: np.outer(a=x, b=x),
    "sum": lambda x: np.sum(a=x * x),
    "mean": lambda x: np.mean(a=x * x, axis=0),
    "var": lambda x: np.var(a=x),
    "prod": lambda x: np.prod(a=x),
    "cumsum": lambda x: np.cumsum(a=x * x),
    "reshape": lambda x: np.reshape(x, **{"newshape" if NUMPY_2_0 else "shape": (3, 1)}),
    "solve": lambda x: np.linalg.solve(a=A3, b=x),
    "solve, matrix": lambda x: np.linalg.solve(a=A3 * x, b=A3[0]),
    "stack": lambda x: np.stack(arrays=[x, 2 * x], axis=1),
    "concatenate": lambda x: np.concatenate([x, x * x], axis=0),
    "kron": lambda x: np.kron(a=x, b=x),
    "pad": lambda x: np.pad(array=x, pad_width=1),
    "trace": lambda x: np.trace(a=A3 * x),
    "roll": lambda x: np.roll(a=x, shift=1),
}


@pytest.mark.parametrize("name", KEYWORD_CALLS)
def test_traced_arguments_by_keyword(jac, central, name):
    x = np.array([0.7, 1.9, -0.4])
    f = KEYWORD_CALLS[name]
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "min and max",
            marks=pytest.mark.skipif(NUMPY_2_0, reason="np.clip takes min= from NumPy 2.1 on"),
        ),
        "a_min and a_max",
    ],
)
def test_clip_with_traced_bounds_by_keyword(jac, name):
    if name == "min and max":
        f = lambda x: np.clip(np.array([-9.0, 0.5, 9.0]), min=x[0], max=x[1])
    else:
        f = lambda x: np.clip(a=np.array([-9.0, 0.5, 9.0]), a_min=x[0], a_max=x[1])
    np.testing.assert_array_equal(jac(f, np.array([0.0, 1.0])), [[1, 0], [0, 0], [0, 1]])


def test_custom_rule_called_by_keyword():
    """A primitive called as ``f(x=y)``: HIPS #681 ran it on the traced value."""

    @dr.custom_jvp
    def f(x):
        assert type(x) in (float, np.float64, np.ndarray)
        return x**2

    f.defjvp(lambda primals, tangents: (primals[0] ** 2, 3.0 * tangents[0]))
    assert dr.grad(lambda y: f(y))(1.0) == 3.0
    assert dr.grad(lambda y: f(x=y))(1.0) == 3.0


CONSTANTS = [lambda x: 3.0, lambda x: np.array([1.0, 2.0]), lambda x: dr.stop_gradient(x)]


@pytest.mark.parametrize("f", CONSTANTS, ids=["float", "array", "stopped"])
def test_output_independent_of_the_input(jac, f):
    x = np.array([1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        J = jac(f, x)
    np.testing.assert_array_equal(J, np.zeros((*np.shape(f(x)), 2)))


def test_output_independent_of_the_input_in_every_operator():
    x = np.array([1.0, 2.0])
    f = lambda x: 3.0
    np.testing.assert_array_equal(dr.grad(f)(x), np.zeros(2))
    assert dr.value_and_grad(f)(x)[0] == 3.0
    np.testing.assert_array_equal(dr.hessian(f)(x), np.zeros((2, 2)))
    np.testing.assert_array_equal(dr.hvp(f)(x, x), np.zeros(2))
    assert dr.linearize(f, x)[1](x) == 0.0
    assert dr.derivative(f, order=3)(1.0) == 0.0
    gx, gz = dr.grad(lambda x, z: np.sum(x), argnums=(0, 1))(x, {"a": x})
    np.testing.assert_array_equal(gx, np.ones(2))
    np.testing.assert_array_equal(gz["a"], np.zeros(2))


def test_closure_mutated_between_calls():
    c = [2.0]
    A = np.array([1.0, 2.0])
    g, J = dr.grad(lambda x: c[0] * x), dr.jacobian(lambda x: A * x)
    assert g(1.0) == 2.0
    np.testing.assert_array_equal(J(np.ones(2)), np.diag([1.0, 2.0]))
    c[0] = 3.0
    A[:] = [5.0, 7.0]
    assert g(1.0) == 3.0
    np.testing.assert_array_equal(J(np.ones(2)), np.diag([5.0, 7.0]))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_exceptions_leave_no_open_level(error):
    """An exception inside ``grad`` leaked a level for ever in HIPS."""

    def f(x):
        dr.grad(lambda y: np.sum(x * y))(2.0)
        raise error("the user's")

    operators = [
        lambda: dr.grad(f)(1.0),
        lambda: dr.jvp(f, (1.0,), (1.0,)),
        lambda: dr.vjp(f, 1.0),
        lambda: dr.jacobian(f, mode="forward")(np.ones(2)),
        lambda: dr.jacobian(f, mode="reverse")(np.ones(2)),
        lambda: dr.hessian(f)(np.ones(2)),
        lambda: dr.linearize(f, 1.0),
        lambda: dr.vmap(f)(np.ones(2)),
        lambda: dr.grad(lambda x: dr.jvp(f, (x,), (1.0,))[1])(1.0),
        lambda: dr.grad(lambda x: dr.checkpoint(f)(x))(1.0),
    ]
    for operator in operators:
        with pytest.raises(error, match="the user's"):
            operator()
        assert open_levels() == []
        assert dr.grad(lambda x: x * x)(3.0) == 6.0


USES = {
    "operator": lambda x: x * 2.0,
    "ufunc": lambda x: np.sin(x),
    "function": lambda x: np.sum(x),
    "index": lambda x: x[0],
    "itself": lambda x: x + x,
    "write": lambda x: x.__setitem__(0, 1.0),
    "another level": lambda x: dr.grad(lambda z: z * np.sum(x))(1.0),
    "plain array": lambda x: np.ones(2) @ x,
}


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_traced_array_used_after_its_level(mode, name):
    escaped = []

    def f(x):
        escaped.append(x * 1.0)
        return np.sum(x)

    x = np.array([1.0, 2.0])
    if mode == "forward":
        dr.jvp(f, (x,), (x,))
    else:
        dr.grad(f)(x)
    assert "1." in repr(escaped[0])
    with pytest.raises(LevelError, match="test_traps"):
        USES[name](escaped[0])


def test_traced_array_kept_between_calls():
    """A cache that the function fills with traced values: stale, not silently constant."""
    cache = {}

    def f(x):
        return x * cache.setdefault("y", x * x)

    assert dr.grad(f)(2.0) == 12.0
    with pytest.raises(LevelError):
        dr.grad(f)(2.0)


def test_nan_and_inf_propagate(jac):
    x = np.array([np.nan, np.inf, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(jac(lambda x: np.sum(x * x), x), [np.nan, np.inf, 2.0])
        np.testing.assert_array_equal(jac(lambda x: np.sum(x), x), np.ones(3))
        np.testing.assert_array_equal(
            jac(lambda x: np.sum(np.exp(-x)), x), [np.nan, 0.0, -np.exp(-1.0)]
        )


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.sqrt, 0.0, np.inf),
        (np.cbrt, 0.0, np.inf),
        (np.arcsin, 1.0, np.inf),
        (np.arccosh, 1.0, np.inf),
        (lambda x: x**0.5, 0.0, np.inf),
        (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, 0.0),
        (np.hypot, (0.0, 0.0), 0.0),
        (np.linalg.norm, np.zeros(3), np.zeros(3)),
        (np.exp, -np.inf, 0.0),
        (np.log, np.inf, 0.0),
        (np.tanh, np.inf, 0.0),
        (np.square, 1e150, 2e150),
    ],
)
def test_no_warning_that_numpy_would_not_give(f, x, expected):
    """Each value is computed by NumPy without a warning, so its derivative is, too."""
    args = x if isinstance(x, tuple) else (x,)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f(*args)
        np.testing.assert_array_equal(dr.grad(f)(*args), expected)
        _, pullback = dr.vjp(f, *args)
        np.testing.assert_array_equal(pullback(1.0)[0], expected)
        if np.ndim(args[0]) == 0:
            rest = tuple(0.0 for _ in args[1:])
            assert dr.jvp(f, args, (1.0, *rest))[1] == expected or f is np.hypot


def test_the_warnings_that_numpy_gives():
    """log(0) warns in NumPy, and exactly as often under ``grad``."""
    with warnings.catch_warnings(record=True) as plain:
        warnings.simplefilter("always")
        np.log(np.zeros(2))
    with warnings.catch_warnings(record=True) as traced:
        warnings.simplefilter("always")
        dr.grad(lambda x: np.sum(np.log(x)))(np.zeros(2))
    assert [str(w.message) for w in traced] == [str(w.message) for w in plain]


def module_level(x):
    return np.sum(np.sin(x) * x)


def module_level_vector(x):
    return np.sin(x) * x


@dr.custom_jvp
def module_level_custom(x):
    return x**2


module_level_custom.defjvp(lambda primals, tangents: (primals[0] ** 2, 3.0 * tangents[0]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: dr.grad(module_level),
        lambda: dr.value_and_grad(module_level),
        lambda: dr.jacobian(module_level_vector, mode="forward"),
        lambda: dr.jacobian(module_level_vector, mode="reverse"),
        lambda: dr.hessian(module_level),
        lambda: dr.grad(dr.checkpoint(module_level)),
        lambda: dr.vmap(dr.grad(module_level)),
        lambda: dr.jacobian(dr.grad(module_level)),
        lambda: dr.vmap(dr.derivative(module_level_vector, order=2)),
        lambda: dr.vmap(module_level_custom),
        lambda: dr.jacobian(module_level_custom),
    ],
)
def test_pickle(make):
    """Transformed functions survive pickling, for process pools: HIPS #38."""
    f = make()
    g = pickle.loads(pickle.dumps(f))
    x = np.array([0.3, 1.2])
    for a, b in zip(np.atleast_1d(*f(x)), np.atleast_1d(*g(x)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_pickle_of_products():
    x, v = np.array([0.3, 1.2]), np.array([1.0, -1.0])
    for f in (dr.hvp(module_level), dr.gauss_newton_product(module_level_vector)):
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(f))(x, v), f(x, v))


def test_plain_array_filled_element_by_element():
    def f(x):
        g = np.zeros(3)
        for i in range(3):
            g[i] = x[i]
        return np.sum(g)

    line = f.__code__.co_firstlineno + 3
    with pytest.raises(EscapeError, match=rf"test_traps\.py:{line}\b"):
        dr.grad(f)(np.ones(3))


def test_numbers_that_peers_get_wrong(jac):
    """Values that HIPS got wrong or could not compute, in one mode or in both."""
    x = np.array([[1.0, 0.0, 3.0], [2.0, 5.0, 4.0]])
    np.testing.assert_array_equal(
        jac(lambda x: np.prod(x, axis=1), x)[0], [[0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]
    )
    J = jac(lambda x: np.diag(x), x)
    assert J.shape == (2, 2, 3)
    assert J[0, 0, 0] == J[1, 1, 1] == 1.0
    assert J.sum() == 2.0
    np.testing.assert_allclose(
        jac(lambda x: np.var(x, axis=(0, 1)), x), 2 * (x - x.mean()) / 6, rtol=1e-14
    )
    np.testing.assert_allclose(
        jac(lambda x: np.hypot(x[:, 0], x[:, 2]), x)[1, 1], np.array([1, 0, 2]) / np.sqrt(5)
    )
    assert dr.grad(np.sqrt)(0.0) == np.inf


def test_in_place_matmul(jac):
    """``x @= y`` left None behind in a peer."""

    def f(x):
        x = x * 1.0
        x @= A3
        return x

    J = jac(f, np.eye(3))
    np.testing.assert_array_equal(J, np.einsum("ik,lj->ijkl", np.eye(3), A3))
