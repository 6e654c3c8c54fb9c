"""least_squares: SciPy's own results with exact Jacobians, compressed ones, and derivatives of the minimum."""

import inspect
import pickle
import types

import numpy as np
import pytest
from scipy import optimize as original
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.scipy import optimize
from dualrev.scipy.optimize import losses

T = np.linspace(0.0, 1.0, 9)
Y = 2.0 * np.exp(-3.0 * T) + 0.05 * np.random.default_rng(0).standard_normal(9)
LOSSES = ("linear", "huber", "soft_l1", "cauchy", "arctan")
TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}


def decay(p, y=Y):
    return p[0] * np.exp(-p[1] * T) - y


def decay_jac(p, y=Y):
    e = np.exp(-p[1] * T)
    return np.stack([e, -p[0] * T * e], axis=1)


def smooth(z):
    """SciPy's form of a loss of one's own: soft_l1."""
    t = 1 + z
    return np.stack([2 * (t**0.5 - 1), t**-0.5, -0.5 * t**-1.5])


def refusal(solve, *args, **kwargs):
    """Return kind and words of the error that a call ends in."""
    try:
        solve(*args, **kwargs)
    except (ValueError, TypeError, RuntimeError) as error:
        return type(error), str(error)
    return None


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.f(*args, **kwargs)


# -- the same results as by hand ----------------------------------------------------------------------------------

COMBINATIONS = [(m, loss) for m in ("trf", "dogbox") for loss in (*LOSSES, smooth)] + [
    ("lm", "linear")
]


@pytest.mark.parametrize("x_scale", [None, "jac", [1.0, 2.0]])
@pytest.mark.parametrize(("method", "loss"), COMBINATIONS)
def test_is_scipys_with_the_jacobian_by_hand(method, loss, x_scale):
    f = Counted(decay)
    options = {"method": method, "loss": loss, "f_scale": 0.05}
    if x_scale is not None:
        options["x_scale"] = x_scale
    own = optimize.least_squares(f, [1.0, 1.0], **options)
    theirs = original.least_squares(decay, [1.0, 1.0], decay_jac, **options)
    assert own.keys() == theirs.keys()
    for key in ("x", "cost", "fun", "jac", "grad", "optimality"):
        np.testing.assert_allclose(own[key], theirs[key], rtol=1e-7, atol=1e-13, err_msg=key)
    for key in ("nfev", "njev", "status", "message", "success"):
        assert own[key] == theirs[key], key
    assert f.calls <= theirs.nfev
    assert own.jac.flags.c_contiguous


@pytest.mark.parametrize(
    "x0", [[1, 1], np.float32([1, 1]), (1, 1), np.array([[1], [1]]), np.array([1, 1])]
)
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_every_kind_of_guess(method, x0):
    reference = original.least_squares(decay, [1.0, 1.0], decay_jac, method=method)
    own = optimize.least_squares(decay, x0, method=method)
    np.testing.assert_array_equal(own.x, optimize.least_squares(decay, np.ones(2), method=method).x)
    np.testing.assert_allclose(own.x, reference.x, rtol=1e-9)
    assert own.x.shape == (2,)


@pytest.mark.parametrize("y", [Y.astype(np.float32), list(Y), Y[:, None][:, 0]])
def test_every_kind_of_residual(y):
    own = optimize.least_squares(lambda p: decay(p, np.asarray(y)), [1.0, 1.0])
    np.testing.assert_allclose(own.x, optimize.least_squares(decay, [1.0, 1.0]).x, rtol=1e-6)
    as_list = optimize.least_squares(lambda p: list(decay(p)), [1.0, 1.0])
    np.testing.assert_allclose(as_list.x, optimize.least_squares(decay, [1.0, 1.0]).x, rtol=1e-12)
    assert optimize.least_squares(lambda x: x[0] ** 2 - 2, 1.0).x[0] == pytest.approx(2**0.5)


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_differences_where_they_are_asked_for(jac):
    own = optimize.least_squares(decay, [1.0, 1.0], jac)
    theirs = original.least_squares(decay, [1.0, 1.0], jac)
    np.testing.assert_array_equal(own.x, theirs.x)
    assert own.nfev == theirs.nfev


def test_jacobian_by_hand_and_arguments():
    hand = Counted(decay_jac)
    own = optimize.least_squares(decay, [1.0, 1.0], hand, args=(Y,))
    np.testing.assert_array_equal(
        own.x, original.least_squares(decay, [1.0, 1.0], decay_jac, args=(Y,)).x
    )
    assert hand.calls == own.njev
    starred = optimize.least_squares(lambda p, s, y: s * decay(p, y), [1.0, 1.0], args=[2.0, Y])
    np.testing.assert_allclose(starred.x, own.x, rtol=1e-7)
    named = optimize.least_squares(decay, [1.0, 1.0], kwargs={"y": Y})
    np.testing.assert_allclose(named.x, own.x, rtol=1e-12)


@pytest.mark.parametrize("method", ["trf", "dogbox"])
@pytest.mark.parametrize(
    "bounds",
    [([0, 0], [5, 2.5]), (0, [np.inf, 2.5]), original.Bounds([0, 0], [5, 2.5]), (-np.inf, 2.5)],
)
def test_bounds(method, bounds):
    own = optimize.least_squares(decay, [1.0, 1.0], bounds=bounds, method=method)
    theirs = original.least_squares(decay, [1.0, 1.0], decay_jac, bounds=bounds, method=method)
    np.testing.assert_allclose(own.x, theirs.x, rtol=1e-10)
    np.testing.assert_array_equal(own.active_mask, theirs.active_mask)
    assert own.nfev == theirs.nfev


def test_results_remember_their_function():
    res = optimize.least_squares(decay, [1.0, 1.0], kwargs={"y": Y})
    J = res.jac
    expected = np.linalg.inv(J.T @ J) * 2 * res.cost / 7
    np.testing.assert_allclose(optimize.covariance(res), expected, rtol=1e-9)


def test_containers():
    f = lambda d: {"r": d["a"] * np.exp(-d["b"][0] * T) - Y, "prior": 0.1 * d["b"]}
    flat = lambda p: np.r_[decay(p), 0.1 * p[1]] if type(p) is np.ndarray else None
    bounds = ({"a": 0.0, "b": -np.inf}, {"a": 1.5, "b": [10.0]})
    own = optimize.least_squares(
        f, {"a": 1, "b": [1.0]}, bounds=bounds, x_scale={"a": 1.0, "b": [2.0]}, trajectory=True
    )
    theirs = original.least_squares(
        flat, [1.0, 1.0], bounds=([0, -np.inf], [1.5, 10]), x_scale=[1.0, 2.0]
    )
    assert own.x["a"] == pytest.approx(theirs.x[0], rel=1e-7)
    np.testing.assert_allclose(own.x["b"], theirs.x[1:], rtol=1e-5)
    assert own.trajectory[0]["a"] == 1.0
    slope = dr.grad(
        lambda y: optimize.least_squares(
            lambda d: d["a"] * np.exp(-d["b"] * T) - y, {"a": 1.0, "b": 1.0}
        ).x["b"]
    )(Y)
    vector = dr.grad(lambda y: optimize.least_squares(decay, [1.0, 1.0], args=(y,)).x[1])(Y)
    np.testing.assert_allclose(slope, vector, rtol=1e-10)


def test_memory_is_nobody_elses():
    """A function may write into x and return one buffer for ever; results may be written into."""
    buffer = np.empty(9)

    def f(x):
        y = decay(x)
        x[:] = 7.0
        if type(y) is np.ndarray:
            buffer[:] = y
            return buffer
        return y

    expected = optimize.least_squares(decay, [1.0, 1.0])
    for n in (1, 30):  # few variables, and many
        wide = lambda x, n=n: np.concatenate([f(x[:2].copy()), x[2:] - 1.0])
        res = optimize.least_squares(wide, np.ones(1 + n))
        np.testing.assert_allclose(res.x[:2], expected.x, rtol=1e-7)
    x0 = np.ones(2)
    res = optimize.least_squares(f, x0)
    np.testing.assert_array_equal(x0, 1.0)
    np.testing.assert_allclose(res.x, expected.x, rtol=1e-12)


# -- NIST: the limit of double precision --------------------------------------------------------------------------


def test_misra1a_to_ten_digits():
    """NIST StRD, Misra1a, of lower difficulty; certified to 11 digits."""
    x = np.array(
        [
            77.6,
            114.9,
            141.1,
            190.8,
            239.9,
            289.0,
            332.8,
            378.4,
            434.8,
            477.3,
            536.8,
            593.1,
            689.1,
            760.0,
        ]
    )
    y = np.array(
        [
            10.07,
            14.73,
            17.94,
            23.93,
            29.61,
            35.18,
            40.02,
            44.82,
            50.76,
            55.05,
            61.01,
            66.40,
            75.47,
            81.78,
        ]
    )
    for start in ([500.0, 1e-4], [250.0, 5e-4]):
        res = optimize.least_squares(
            lambda b: b[0] * (1 - np.exp(-b[1] * x)) - y, start, x_scale="jac", **TIGHT
        )
        np.testing.assert_allclose(res.x, [2.3894212918e2, 5.5015643181e-4], rtol=2e-10)


# -- sparse and matrix-free ---------------------------------------------------------------------------------------


def broyden(x):
    """Broyden's tridiagonal function (Moré, Garbow & Hillstrom 1981, number 30)."""
    y = (3 - 2 * x) * x + 1
    return y - np.concatenate([[0.0], x[:-1]]) - 2 * np.concatenate([x[1:], [0.0]])


def tridiagonal(n):
    return sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))


@pytest.mark.parametrize("method", ["trf", "dogbox"])
@pytest.mark.parametrize("n", [10, 200])
def test_sparse_jacobian(method, n):
    f = Counted(broyden)
    own = optimize.least_squares(f, -np.ones(n), jac_sparsity=tridiagonal(n), method=method)
    assert sparse.issparse(own.jac)
    assert own.jac.nnz <= 3 * n - 2
    np.testing.assert_allclose(
        own.jac.toarray(), dr.jacobian(broyden)(own.x), rtol=1e-13, atol=1e-14
    )
    assert f.calls <= own.nfev
    assert own.optimality < 1e-8
    theirs = original.least_squares(
        broyden, -np.ones(n), lambda x: sparse.csr_array(dr.jacobian(broyden)(x)), method=method
    )
    np.testing.assert_allclose(own.x, theirs.x, rtol=1e-9)


def test_a_wrong_pattern_raises():
    with pytest.raises(PatternError, match="pattern lacks entries"):
        optimize.least_squares(broyden, -np.ones(10), jac_sparsity=sparse.eye_array(10))


def test_sparsity_with_differences_is_scipys():
    own = optimize.least_squares(broyden, -np.ones(9), "2-point", jac_sparsity=tridiagonal(9))
    theirs = original.least_squares(broyden, -np.ones(9), "2-point", jac_sparsity=tridiagonal(9))
    np.testing.assert_array_equal(own.x, theirs.x)


@pytest.mark.parametrize("method", ["trf", "dogbox"])
@pytest.mark.parametrize("n", [10, 60])
def test_lsmr(method, n):
    f = Counted(broyden)
    own = optimize.least_squares(f, -np.ones(n), tr_solver="lsmr", method=method)
    assert own.success
    np.testing.assert_allclose(broyden(own.x), 0, atol=1e-7)
    assert isinstance(own.jac, LinearOperator if n > 24 else np.ndarray)
    assert f.calls <= own.nfev
    scaled = optimize.least_squares(
        broyden, -np.ones(n), tr_solver="lsmr", x_scale="jac", method=method
    )
    assert isinstance(scaled.jac, np.ndarray)


@pytest.mark.parametrize(("m", "n"), [(60, 40), (30, 40), (40, 40)])
def test_many_variables(m, n):
    """More variables than forward mode takes in one go, with fewer and with more residuals."""
    A = np.random.default_rng(1).standard_normal((m, n)) / n
    f = Counted(lambda x: np.tanh(A @ x + x[0]) - 0.1)
    g = lambda x: np.tanh(A @ x + x[0]) - 0.1
    own = optimize.least_squares(f, np.zeros(n), max_nfev=4)
    theirs = original.least_squares(g, np.zeros(n), lambda x: dr.jacobian(g)(x), max_nfev=4)
    np.testing.assert_allclose(own.x, theirs.x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(own.jac, dr.jacobian(g)(own.x), rtol=1e-12, atol=1e-15)
    assert own.jac.flags.c_contiguous
    assert f.calls == own.nfev


# -- derivatives of the minimum -----------------------------------------------------------------------------------


def tight(y, loss="linear", start=None):
    """The minimum as a root of its gradient, by SciPy."""
    cost = lambda p: losses.cost(decay(p, y), loss, 0.05)
    start = (
        optimize.least_squares(decay, [1.0, 1.0], loss=loss, f_scale=0.05, args=(y,)).x
        if start is None
        else start
    )
    return original.root(dr.grad(cost), start, jac=dr.hessian(cost), tol=1e-15).x


def differences(f, x, h=1e-4):
    """Fourth order."""
    return np.stack(
        [
            (8 * (f(x + h * e) - f(x - h * e)) - f(x + 2 * h * e) + f(x - 2 * h * e)) / (12 * h)
            for e in np.eye(x.size)
        ],
        axis=-1,
    )


@pytest.mark.parametrize(("method", "loss"), [c for c in COMBINATIONS if c[1] != "huber"])
def test_derivatives_against_differences(method, loss):
    solve = lambda y: (
        optimize.least_squares(
            decay, [1.0, 1.0], method=method, loss=loss, f_scale=0.05, args=(y,)
        ).x
    )
    J = dr.jacobian(solve)(Y)
    np.testing.assert_allclose(dr.jacobian(solve, mode="reverse")(Y), J, rtol=1e-10, atol=1e-12)
    x = solve(Y)
    expected = differences(lambda y: tight(y, loss, x), Y)
    np.testing.assert_allclose(J, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(dr.jvp(solve, (Y,), (Y,))[0], x)


def test_second_derivatives():
    slope = lambda y: optimize.least_squares(decay, [1.0, 1.0], args=(y,)).x[1]
    H = dr.hessian(slope)(Y)
    np.testing.assert_allclose(H, H.T, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(H, differences(dr.grad(slope), Y), rtol=1e-7, atol=1e-8)


def test_linear_problems_have_the_textbook_derivative():
    A = np.random.default_rng(4).standard_normal((7, 3))
    y = np.arange(7.0)
    for ridge in (0.0, 2.0):
        solve = lambda y, k, ridge=ridge: (
            optimize.least_squares(lambda x: np.concatenate([A @ x - y, k * x]), np.zeros(3)).x
        )
        N = np.linalg.inv(A.T @ A + ridge**2 * np.eye(3))
        by_y, by_k = dr.jacobian(solve, (0, 1))(y, ridge)
        np.testing.assert_allclose(by_y, N @ A.T, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(by_k, -2 * ridge * N @ N @ A.T @ y, rtol=1e-9, atol=1e-11)


def test_cost_residuals_and_jacobian_have_derivatives():
    res = lambda y: optimize.least_squares(decay, [1.0, 1.0], args=(y,), **TIGHT)
    # The envelope theorem: x moves at no cost.
    np.testing.assert_allclose(dr.grad(lambda y: res(y).cost)(Y), -res(Y).fun, rtol=1e-7)
    J = dr.jacobian(lambda y: res(y).x)(Y)
    by_fun = dr.jacobian(lambda y: res(y).fun)(Y)
    np.testing.assert_allclose(by_fun, res(Y).jac @ J - np.eye(9), rtol=1e-9, atol=1e-10)
    by_jac = dr.jacobian(lambda y: res(y).jac[:, 0])(Y)
    np.testing.assert_allclose(
        by_jac, np.outer(-T * np.exp(-res(Y).x[1] * T), J[1]), rtol=1e-9, atol=1e-10
    )


def test_jacobian_of_a_robust_cost():
    for loss in (*LOSSES, smooth):
        options = {"loss": loss, "f_scale": 0.05}
        plain = original.least_squares(decay, [1.0, 1.0], decay_jac, **options)
        traced = dr.jvp(
            lambda y, o=options: optimize.least_squares(decay, [1.0, 1.0], args=(y,), **o).jac,
            (Y,),
            (Y,),
        )
        np.testing.assert_allclose(traced[0], plain.jac, rtol=1e-6)
        assert np.isfinite(traced[1]).all()


@pytest.mark.parametrize("method", ["trf", "dogbox"])
def test_active_bounds(method):
    solve = lambda y, b: (
        optimize.least_squares(
            decay, [1.0, 1.0], bounds=([0, 0], [5, b]), method=method, args=(y,)
        ).x
    )
    by_y, by_b = dr.jacobian(solve, (0, 1))(Y, 2.5)
    e = np.exp(-2.5 * T)
    np.testing.assert_allclose(by_y, [e / (e @ e), np.zeros(9)], rtol=1e-9, atol=1e-13)
    a = e @ Y / (e @ e)
    slope = -(T * e) @ Y / (e @ e) + 2 * a * (T * e) @ e / (e @ e)
    np.testing.assert_allclose(by_b, [slope, 1.0], rtol=1e-8)


def test_inactive_bounds():
    free = dr.jacobian(lambda y: optimize.least_squares(decay, [1.0, 1.0], args=(y,)).x)(Y)
    held = dr.jacobian(
        lambda y: optimize.least_squares(decay, [1.0, 1.0], bounds=(0, 50), args=(y,)).x
    )(Y)
    np.testing.assert_allclose(held, free, rtol=1e-9)


def test_the_scale_of_a_loss_has_derivatives():
    solve = lambda s: optimize.least_squares(decay, [1.0, 1.0], loss="cauchy", f_scale=s).x
    cost = lambda p, s: losses.cost(decay(p), "cauchy", s)
    root = lambda s: (
        original.root(dr.grad(cost), solve(0.05), (s,), jac=dr.hessian(cost), tol=1e-15).x
    )
    expected = (root(0.0501) - root(0.0499)) / 2e-4
    np.testing.assert_allclose(dr.jacobian(solve)(0.05), expected, rtol=1e-4)


def test_sparse_results_drop_what_would_pass_for_constant():
    def g(a):
        res = optimize.least_squares(
            lambda x: broyden(x) - a, -np.ones(10), jac_sparsity=tridiagonal(10)
        )
        assert "jac" not in res
        return res.x[0]

    dense = dr.grad(lambda a: optimize.least_squares(lambda x: broyden(x) - a, -np.ones(10)).x[0])(
        0.1
    )
    assert dr.grad(g)(0.1) == pytest.approx(dense, rel=1e-9)


def test_nested_fits():
    """The outer fit moves the weight of the inner one until its parameter is as asked for."""

    def inner(w):
        return optimize.least_squares(
            lambda p: np.concatenate([decay(p), w * (p - 1)]), [1.0, 1.0]
        ).x[1]

    def outer(target):
        return optimize.least_squares(lambda w: inner(w[0]) - target, [0.3]).x[0]

    w = outer(2.0)
    assert inner(w) == pytest.approx(2.0, rel=1e-6)
    assert dr.grad(outer)(2.0) == pytest.approx(1 / dr.grad(inner)(w), rel=1e-5)


@pytest.mark.parametrize(
    ("solve", "words"),
    [
        (
            lambda y: optimize.least_squares(decay, [1.0, 1.0], max_nfev=2, args=(y,)),
            "did not converge",
        ),
        (lambda y: optimize.least_squares(lambda p: (p[0] + p[1]) * T - y, [1.0, 1.0]), "singular"),
        (
            lambda y: optimize.least_squares(
                lambda p: p - y[:2] + Y[:2] - 1, [1.0, 2.0], bounds=(1.0, 5.0)
            ),
            "weakly active",
        ),
    ],
)
def test_ill_posed(solve, words):
    with pytest.raises(dr.SolutionError, match=words):
        dr.jacobian(lambda y: solve(y).x)(Y)


def test_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="least_squares inside vmap"):
        dr.vmap(lambda y: optimize.least_squares(decay, [1.0, 1.0], args=(y,)).x)(np.stack([Y, Y]))


def test_traced_values_that_cannot_be_found():
    """They are neither in the closure nor in args: an error, and no unrolled iterations."""
    hidden = types.ModuleType("hidden")

    def cost(a, n):
        hidden.a = a
        return optimize.least_squares(lambda x: x**2 - hidden.a, np.ones(n)).x[0]

    for n in (1, 30):
        with pytest.raises(dr.EscapeError, match="args="):
            dr.grad(cost)(2.0, n)


# -- errors and watching ------------------------------------------------------------------------------------------

BAD = [
    {"method": "nonsense"},
    {"jac": "nonsense"},
    {"loss": "nonsense"},
    {"method": "lm", "loss": "huber"},
    {"method": "lm", "bounds": (0, 5)},
    {"bounds": (0, 1, 2)},
    {"bounds": (2, 1)},
    {"bounds": (3, 4)},
    {"bounds": ([0, 0, 0], 5)},
    {"tr_solver": "nonsense"},
    {"x_scale": "nonsense"},
    {"x_scale": [-1.0, 1.0]},
    {"max_nfev": 0},
    {"verbose": 7},
    {"x0": [np.nan, 1.0]},
]


@pytest.mark.parametrize("kwargs", BAD, ids=str)
def test_errors_are_scipys(kwargs):
    given = {"x0": [1.0, 1.0], **kwargs}
    theirs = refusal(original.least_squares, decay, **{"jac": decay_jac, **given})
    assert theirs is not None
    assert refusal(optimize.least_squares, decay, **given) == theirs


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (lambda p: np.array([float(p[0])]), dr.EscapeError, 'jac="2-point"'),
        (lambda p: None, dr.OutputError, "return statement"),
        (lambda p: p + 1j, dr.OutputError, "complex128"),
        (lambda p: np.outer(p, p), ValueError, "at most 1-d"),
    ],
)
def test_bad_functions(f, error, words):
    with pytest.raises(error, match=words):
        optimize.least_squares(f, [1.0, 1.0])


def test_sparsity_and_lm():
    with pytest.raises(ValueError, match="does not support `jac_sparsity`"):
        optimize.least_squares(decay, [1.0, 1.0], method="lm", jac_sparsity=np.ones((9, 2)))
    with pytest.raises(dr.ShapeError, match="pattern has 3 columns"):
        optimize.least_squares(decay, [1.0, 1.0], jac_sparsity=np.ones((9, 3)))


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
@pytest.mark.parametrize("jac", [None, decay_jac, "2-point"])
def test_trajectory(method, jac):
    res = optimize.least_squares(decay, [1.0, 1.0], jac, method=method, trajectory=True)
    path = res.trajectory
    np.testing.assert_array_equal(path[0], [1.0, 1.0])
    np.testing.assert_array_equal(path[-1], res.x)
    if jac != "2-point":
        cost = [0.5 * decay(p) @ decay(p) for p in path]
        assert (np.diff(cost) <= 0).all()
        assert len(path) in (res.njev, res.njev + 1)
    assert "trajectory" not in optimize.least_squares(decay, [1.0, 1.0], jac, method=method)


def test_progress(bar_texts):
    f = Counted(decay)
    res = optimize.least_squares(f, [1.0, 1.0], progress=True)
    assert f.calls == res.nfev
    assert bar_texts[0] == "least_squares"
    assert bar_texts[-1] == "closed"
    assert all(t.startswith("f=") and "|g|=" in t for t in bar_texts[1:-1])
    assert len(bar_texts) >= res.njev
    del bar_texts[:]
    with pytest.raises(ZeroDivisionError):
        optimize.least_squares(lambda p: 1 / 0, [1.0], progress=True)
    assert bar_texts == ["least_squares", "closed"]


@pytest.mark.skipif(
    "callback" not in inspect.signature(original.least_squares).parameters,
    reason="since SciPy 1.16",
)
def test_callback_gets_the_structure():
    seen = []
    optimize.least_squares(
        lambda d: decay([d["a"], d["b"]]), {"a": 1.0, "b": 1.0}, callback=lambda x: seen.append(x)
    )
    assert seen
    assert all(x.keys() == {"a", "b"} for x in seen)


def test_signature():
    own, theirs = (inspect.signature(m.least_squares).parameters for m in (optimize, original))
    names = [n for n, p in own.items() if p.kind != p.KEYWORD_ONLY]
    assert names[: len(theirs)] == list(theirs)
    assert [n for n, p in own.items() if p.kind == p.KEYWORD_ONLY] == ["progress", "trajectory"]
    for n in (
        "bounds",
        "method",
        "ftol",
        "xtol",
        "gtol",
        "loss",
        "f_scale",
        "max_nfev",
        "verbose",
        "args",
    ):
        assert own[n].default == theirs[n].default


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_scipys(loss):
    from scipy.optimize._lsq.least_squares import construct_loss_function

    f = np.array([-3.0, -0.4, 0.0, 0.2, 0.5, 2.0])
    if loss == "linear":
        assert losses.cost(f, loss, 0.7) == 0.5 * f @ f
        return
    theirs = construct_loss_function(f.size, loss, 0.7)(f)
    np.testing.assert_allclose(losses.rows(f, loss, 0.7), theirs, rtol=1e-14, atol=1e-15)


def test_what_workers_get_can_be_pickled():
    """Processes are sent the function; a local one cannot be."""
    sent = []

    def workers(f, points):
        sent.append(pickle.loads(pickle.dumps(f)))
        return map(f, points)

    if "workers" in inspect.signature(original.least_squares).parameters:
        res = optimize.least_squares(original.rosen_der, [0.5, 0.5], jac="2-point", workers=workers)
        assert res.success
        assert sent
