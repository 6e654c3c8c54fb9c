"""Sparse Jacobians against dense ones; preparation, the probe, nested use, and everything that can be wrong."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.scipy.sparse.linalg import spsolve
from dualrev.sparse import Pattern
from dualrev.sparse.jacobian import jacobian
from tests.sparse.functions import arrow, band, branching, first_column, function_of, tridiagonal

RNG = np.random.default_rng(3)
MODES = ["auto", "forward", "reverse", "both"]


PATTERNS = {
    "diagonal": (np.eye(7), 1),
    "tridiagonal": (band(9, 1, 1), 3),
    "band": (band(12, 2, 1), 4),
    "column and diagonal": (first_column(8), 2),
    "row": (np.ones((1, 5)), 5),
    "column": (np.ones((5, 1)), 1),
    "empty": (np.zeros((3, 4)), 0),
    "wide": (np.eye(3, 8) + np.eye(3, 8, 4), 2),
    "tall": (np.repeat(np.eye(3), 4, axis=0), 1),
}


# -- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("mode", MODES)
def test_equals_the_dense_jacobian(name, mode):
    where, fewest = PATTERNS[name]
    f = function_of(where)
    x = RNG.standard_normal(where.shape[1])
    made = jacobian(f, pattern=where, mode=mode)
    J = made(x)
    assert isinstance(J, sparse.csr_array)
    assert J.has_canonical_format
    assert J.dtype == np.float64
    np.testing.assert_allclose(J.toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-15)
    assert np.count_nonzero(where) == J.nnz
    if mode == "auto":
        assert made.n_passes == fewest


@pytest.mark.parametrize("f", [tridiagonal, arrow, np.sin, lambda x: x[np.array([3, 1, 1])] * x[0]])
@pytest.mark.parametrize("mode", MODES)
def test_detected(f, mode):
    x = RNG.standard_normal(12)
    J = jacobian(f, mode=mode)
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-15)
    assert J(x).nnz == np.count_nonzero(dr.jacobian(f)(x))


def test_an_arrow_takes_rows_and_columns():
    x = RNG.standard_normal(300)
    J = jacobian(arrow)
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(arrow)(x), rtol=1e-13)
    assert J.mode == "both"
    assert J.n_passes <= 4
    rows, columns = J.colours
    assert rows.shape == columns.shape == (300,)


@pytest.mark.parametrize("seed", range(4))
def test_random_patterns(seed):
    where = np.random.default_rng(seed).random((30, 20)) < 0.1
    f = function_of(where, seed)
    x = np.random.default_rng(seed).standard_normal(20)
    for mode in MODES:
        J = jacobian(f, pattern=where, mode=mode)(x)
        np.testing.assert_allclose(J.toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-15)


def test_values_of_a_pattern_do_not_cancel():
    f = lambda x: np.stack([x[0] * x[1], x[0] - x[1]])
    J = jacobian(f, pattern=np.array([[1.0, 1.0], [1.0, -1.0]]))(np.array([2.0, 3.0]))
    np.testing.assert_array_equal(J.toarray(), [[3.0, 2.0], [1.0, -1.0]])


@pytest.mark.parametrize(
    "convert", [np.asarray, sparse.csr_array, sparse.coo_array, sparse.csc_matrix, list, Pattern]
)
def test_forms_of_a_pattern(convert):
    J = jacobian(lambda x: x**2, pattern=convert(np.eye(3)))(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(J.toarray(), np.diag([2.0, 4.0, 6.0]))


def test_a_pattern_with_more_than_there_is():
    J = jacobian(lambda x: x**2, pattern=np.ones((3, 3)))(np.ones(3))
    assert J.nnz == 9
    np.testing.assert_array_equal(J.toarray(), 2 * np.eye(3))


@pytest.mark.parametrize("order", ["natural", "largest_first", "smallest_last", range(8)[::-1]])
def test_orders(order):
    x = RNG.standard_normal(8)
    J = jacobian(np.cumsum, order=order, mode="forward")
    np.testing.assert_array_equal(J(x).toarray(), np.tri(8))


# -- arguments and results of all kinds -------------------------------------------------------------------------------


@dataclasses.dataclass
class State:
    u: np.ndarray
    v: float


@pytest.mark.parametrize("mode", MODES)
def test_containers(mode):
    def f(state, scale):
        return {"a": state.u[:, 1:] * state.v, "b": (np.sum(state.u, axis=1) * scale, state.v**2)}

    state = State(RNG.standard_normal((2, 3)), 1.5)

    def flat(z):
        out = f(State(z[:6].reshape(2, 3), z[6]), 2.0)
        return np.concatenate([out["a"].ravel(), out["b"][0], [out["b"][1]]])

    y, J = jacobian(f, mode=mode).with_value(state, 2.0)
    z = np.append(state.u.ravel(), state.v)
    np.testing.assert_allclose(J.toarray(), dr.jacobian(flat)(z), rtol=1e-14)
    np.testing.assert_allclose(y["b"][0], 2 * state.u.sum(axis=1))
    assert y["a"].shape == (2, 2)


@pytest.mark.parametrize("mode", MODES)
def test_matrices_in_c_order(mode):
    f = lambda x: (x[:, ::-1] ** 2).T
    x = np.asfortranarray(RNG.standard_normal((3, 2)))
    J = jacobian(f, mode=mode)(x)
    np.testing.assert_array_equal(J.toarray(), dr.jacobian(f)(x).reshape(6, 6))


@pytest.mark.parametrize("mode", MODES)
def test_numbers(mode):
    np.testing.assert_allclose(jacobian(lambda x: x**2, mode=mode)(3.0).toarray(), [[6.0]])
    np.testing.assert_array_equal(
        jacobian(np.sum, mode=mode)(np.ones(3)).toarray(), np.ones((1, 3))
    )


def test_several_arguments():
    f = lambda x, k, y: k * x * y[::-1]
    x, y = RNG.standard_normal((2, 4))
    J = jacobian(f, argnums=(2, 0))(x, 3.0, y)
    np.testing.assert_allclose(J.toarray(), np.hstack(dr.jacobian(f, argnums=(2, 0))(x, 3.0, y)))
    J = jacobian(f, argnums=-1)(x, 3.0, y)
    np.testing.assert_allclose(J.toarray(), dr.jacobian(f, argnums=2)(x, 3.0, y))


def test_keywords_and_constants_are_passed_on():
    J = jacobian(lambda x, a, *, b=1: x * a["w"] * b)
    np.testing.assert_array_equal(J(np.ones(2), {"w": 3.0}, b=2).toarray(), 6 * np.eye(2))


@pytest.mark.parametrize("mode", MODES)
def test_single_precision(mode):
    x = np.linspace(1, 2, 9, dtype=np.float32)
    y, J = jacobian(tridiagonal, mode=mode).with_value(x)
    assert J.dtype == y.dtype == np.float32
    np.testing.assert_allclose(J.toarray(), dr.jacobian(tridiagonal)(x), rtol=1e-5)
    assert jacobian(lambda x: x * np.ones(9), mode=mode)(x).dtype == np.float32


@pytest.mark.parametrize("mode", ["auto", "forward"])
def test_complex_results(mode):
    f = lambda x: np.array([np.sum(x) * (1 + 2j), x @ x])
    x = RNG.standard_normal(400)
    J = jacobian(f, mode=mode)(x)
    np.testing.assert_allclose(J.toarray(), [np.full(400, 1 + 2j), 2 * x])


def test_integer_results_have_derivative_zero():
    assert (
        not jacobian(lambda x: np.sign(x).astype(int), pattern=np.eye(3))(np.ones(3))
        .toarray()
        .any()
    )


@pytest.mark.parametrize("probe", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("f", "x", "shape"),
    [
        (lambda x: x, np.ones(0), (0, 0)),
        (lambda x: x[:0], np.ones(3), (0, 3)),
        (lambda x: np.ones(2), np.ones(0), (2, 0)),
        (lambda x: np.ones(2), np.ones(3), (2, 3)),
        (lambda x: (), np.ones(3), (0, 3)),
        (lambda x: np.ones(2), [], (2, 0)),
    ],
)
def test_nothing_to_compute(f, x, shape, mode, probe):
    J = jacobian(f, mode=mode, probe=probe)
    y, matrix = J.with_value(x)
    assert matrix.shape == J(x).shape == shape
    assert matrix.nnz == J.n_passes == 0
    assert np.size(y) == shape[0]


# -- nested use -------------------------------------------------------------------------------------------------------


def graded(x, p):
    return p * x**3 + np.concatenate([x[1:] * p**2, [0.0]])


@pytest.mark.parametrize("mode", MODES)
def test_inside_other_transforms(mode):
    x = np.linspace(1, 2, 6)
    J = jacobian(graded, mode=mode)
    sparse_one = lambda x, p: J(x, p).toarray()
    dense_one = lambda x, p: dr.jacobian(graded)(x, p)
    for outer in (
        dr.jacobian,
        lambda f, k: dr.jacobian(f, k, "forward"),
        lambda f, k: dr.jacobian(f, k, "reverse"),
    ):
        for k in (0, 1):
            np.testing.assert_allclose(
                outer(sparse_one, k)(x, 2.0), outer(dense_one, k)(x, 2.0), rtol=1e-13, atol=1e-13
            )
    second = dr.grad(dr.grad(lambda p: np.sum(J(x, p).data ** 2)))(2.0)
    reference = dr.grad(dr.grad(lambda p: np.sum(dense_one(x, p) ** 2)))(2.0)
    np.testing.assert_allclose(second, reference)


@pytest.mark.parametrize("mode", MODES)
def test_a_newton_step_is_differentiated(mode):
    x = np.linspace(1, 2, 6)
    J = jacobian(graded, mode=mode)
    step = lambda p: np.sum(spsolve(J(x, p).tocsc(), graded(x, p)))
    dense_step = lambda p: np.sum(np.linalg.solve(dr.jacobian(graded)(x, p), graded(x, p)))
    np.testing.assert_allclose(dr.grad(step)(2.0), dr.grad(dense_step)(2.0))
    np.testing.assert_allclose(dr.derivative(step)(2.0), dr.grad(dense_step)(2.0))


def test_parameters_in_a_closure():
    x = np.linspace(1, 2, 6)
    loss = lambda p: jacobian(lambda x: graded(x, p))(x).sum()
    np.testing.assert_allclose(dr.grad(loss)(2.0), np.sum(3 * x**2) + 20)


def test_inside_vmap():
    J = jacobian(graded)
    xs = RNG.standard_normal((3, 5))
    found = dr.vmap(lambda x: J(x, 2.0) @ np.arange(5.0))(xs)
    np.testing.assert_allclose(found, [J(x, 2.0) @ np.arange(5.0) for x in xs])


def test_a_function_without_a_pattern():
    rng = np.random.default_rng(0)
    J = jacobian(lambda x: x[rng.permutation(20)], on_change="detect").prepare(np.ones(20))
    with pytest.raises(PatternError, match="This is so after detection too"):
        J(np.ones(20))


def test_inside_the_probe_looks():
    J = jacobian(lambda x, p: p * branching(x)).prepare(np.ones(4), 1.0)
    with pytest.raises(PatternError, match="4 of 4 rows"):
        dr.grad(lambda p: J(-np.ones(4), p).sum())(1.0)


# -- misuse -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "pattern", "x", "message"),
    [
        (lambda x: x, np.eye(3), np.ones(4), r"3 columns, but the argument has 4 values"),
        (lambda x: x[:2], np.eye(3), np.ones(3), r"3 rows, but the function returned 2 values"),
        (lambda x: (x, x), np.eye(3), np.ones(3), r"returned 6 values \(of shape \(3,\), \(3,\)\)"),
        (lambda x: x, np.eye(4), np.ones((3, 2)), r"4 columns.* 6 values \(of shape \(3, 2\)\)"),
        (lambda x: x, np.eye(3), np.arange(3), "with respect to integers"),
        (lambda x: x, None, np.arange(3), "with respect to integers"),
        (lambda x: x, None, np.ones(3) + 0j, "sparse derivatives are with respect to real floats"),
        (lambda x: x, None, "x", "argument 0 is str"),
        (lambda x: None, None, np.ones(3), "sparse.jacobian: .*lack a return"),
        (lambda x: np.array(["y", "z"]), np.eye(2, 3), np.ones(3), "numbers"),
        (lambda x: "y", None, np.ones(3), "the function returned str"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_misfits(f, pattern, x, message, mode):
    with pytest.raises(dr.DualrevError, match=message):
        jacobian(f, pattern=pattern, mode=mode)(x)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: jacobian(3), TypeError, r"expects a function.*Write sparse.jacobian\(f\)\(x\)"),
        (lambda: jacobian(arrow, mode="backward"), ValueError, "mode= is 'auto', 'direct', "),
        (lambda: jacobian(arrow, mode=None), ValueError, "mode= is"),
        (lambda: jacobian(arrow, order="random"), ValueError, "order= is 'natural', "),
        (lambda: jacobian(arrow, order=3), ValueError, "a word or a permutation, not 3"),
        (lambda: jacobian(arrow, on_change="ignore"), ValueError, "on_change= is 'raise' or 'det"),
        (lambda: jacobian(arrow, format="dense"), ValueError, "format= is 'csr', "),
        (lambda: jacobian(arrow, pattern=np.ones(3)), dr.ShapeError, "a pattern is a matrix"),
        (lambda: jacobian(arrow, argnums=1)(np.ones(3)), TypeError, "positional argument 1"),
        (lambda: jacobian(arrow, argnums="x")(np.ones(3)), TypeError, "argnums="),
        (lambda: jacobian(arrow)(), TypeError, "0 positional arguments"),
        (
            lambda: jacobian(lambda x: np.sum(x) * (1 + 1j), mode="reverse")(np.ones(3)),
            dr.OutputError,
            'complex numbers.*mode="forward"',
        ),
    ],
)
def test_misuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_errors_of_the_function_pass_through():
    def f(x):
        raise RuntimeError("mine")

    for pattern in (None, np.eye(3)):
        with pytest.raises(RuntimeError, match="mine"):
            jacobian(f, pattern=pattern)(np.ones(3))
