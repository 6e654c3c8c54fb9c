"""L-BFGS: it finds minima, says what SciPy said, and leaves the parameters at the best point, whatever happens."""

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, NonFiniteError, OutputError
from dualrev.nn import optim


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def closure_of(optimiser, loss):
    def closure():
        closure.calls += 1
        optimiser.zero_grad()
        found = loss()
        found.backward()
        return found

    closure.calls = 0
    return closure


@pytest.mark.parametrize("n", [2, 5, 20])
def test_rosenbrock(n):
    start = np.tile([-1.2, 1.0], n)[:n]
    x = dr.variable(start)
    optimiser = optim.LBFGS([x], tolerance_change=0.0, tolerance_grad=1e-8)
    closure = closure_of(optimiser, lambda: rosenbrock(x))
    loss = optimiser.step(closure)
    # From this start, for n > 3, there is a second minimum; either has a gradient of zero.
    assert np.max(np.abs(dr.grad(rosenbrock)(x.data))) <= 1e-7
    assert optimiser.result.success
    assert type(loss) is float
    assert loss == optimiser.result.fun == rosenbrock(x.data)
    assert np.array_equal(optimiser.result.x, x.data)
    assert optimiser.result.nfev == closure.calls
    if n == 2:
        assert np.allclose(x.data, 1.0, rtol=0, atol=1e-7)


def test_the_path_is_scipys():
    """Parameters in several variables are one vector to the solver, and the path is that of SciPy on it."""
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(10, 4)), rng.normal(size=10)
    w, c = dr.variable(np.zeros((2, 2))), dr.variable(0.5)
    loss = lambda w, c: np.sum((A @ w.reshape(-1) + c - b) ** 4)
    optimiser = optim.LBFGS({"w": w, "c": c}, max_iter=7, history_size=3)
    optimiser.step(closure_of(optimiser, lambda: loss(w, c)))
    flat = lambda x: loss(x[:4].reshape(2, 2), x[4])
    expected = optimize.minimize(
        flat,
        [0, 0, 0, 0, 0.5],
        jac=dr.grad(flat),
        method="L-BFGS-B",
        options={"maxiter": 7, "maxcor": 3, "gtol": 1e-7, "ftol": 1e-9},
    )
    assert optimiser.result.nit == expected.nit == 7
    assert not optimiser.result.success
    assert np.allclose([*w.data.reshape(-1), c.data], expected.x, rtol=1e-9)


def test_least_squares_to_full_precision():
    rng = np.random.default_rng(1)
    A, b = rng.normal(size=(12, 5)), rng.normal(size=12)
    x = dr.variable(np.zeros(5))
    optimiser = optim.LBFGS(x, tolerance_change=0.0)
    optimiser.step(closure_of(optimiser, lambda: np.sum((A @ x - b) ** 2)))
    assert np.allclose(x.data, np.linalg.lstsq(A, b)[0], rtol=0, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128])
def test_dtypes(dtype):
    target = np.array([1 - 2j, 0.5j]) if np.dtype(dtype).kind == "c" else np.array([1.0, 2.0])
    x = dr.variable(np.zeros(2, dtype))
    optimiser = optim.LBFGS([x])
    optimiser.step(closure_of(optimiser, lambda: np.sum(np.abs(x - target.astype(dtype)) ** 2)))
    assert x.data.dtype == dtype
    assert np.allclose(x.data, target, rtol=0, atol=1e-3 if dtype != np.complex128 else 1e-6)


def test_gradients_do_not_pile_up():
    """A closure that forgets zero_grad is a classic; its gradients would be sums over all calls."""
    x = dr.variable([-1.2, 1.0])
    optimiser = optim.LBFGS([x])

    def closure():
        loss = rosenbrock(x)
        loss.backward()
        return loss

    assert optimiser.step(closure) < 1e-8


def test_a_parameter_that_plays_no_part():
    x, y = dr.variable([-1.2, 1.0]), dr.variable(3.0)
    optimiser = optim.LBFGS([x, y])
    assert optimiser.step(closure_of(optimiser, lambda: rosenbrock(x))) < 1e-8
    assert y.data == 3.0


def test_a_network():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(60, 1))
    y = np.sin(2 * X)
    net = nn.Sequential(nn.Linear(1, 12, rng=1), nn.Tanh(), nn.Linear(12, 1, rng=2))
    optimiser = optim.LBFGS(net, max_iter=400, tolerance_change=0.0)
    start = float(dr.value(np.mean((net(X) - y) ** 2)))
    loss = optimiser.step(closure_of(optimiser, lambda: np.mean((net(X) - y) ** 2)))
    assert loss < 1e-4 * start
    assert np.isclose(dr.value(np.mean((net(X) - y) ** 2)), loss, rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_on_the_way(bad):
    """The best point is kept."""
    x = dr.variable([-1.2, 1.0])
    optimiser = optim.LBFGS([x])
    seen = []

    def loss():
        found = rosenbrock(x)
        if len(seen) == 6:
            return found * bad
        seen.append((float(dr.value(found)), x.detach()))
        return found

    with pytest.raises(NonFiniteError, match=r"(?s)LBFGS.step.*loss: .*best point evaluated"):
        optimiser.step(closure_of(optimiser, loss))
    assert len(seen) == 6
    best = min(seen, key=lambda pair: pair[0])
    assert best[0] < seen[0][0]
    assert np.array_equal(x.data, best[1])
    assert optimiser.result is None
    assert optimiser.count == 0


def test_not_finite_from_the_start():
    x = dr.variable([1.0, 0.0])
    optimiser = optim.LBFGS({"x": x})
    with (
        np.errstate(divide="ignore"),
        pytest.raises(NonFiniteError, match=r"(?s)x: 1 of 2 entries"),
    ):
        optimiser.step(closure_of(optimiser, lambda: np.sum(np.sqrt(x))))
    assert np.array_equal(x.data, [1.0, 0.0])


def test_where_the_line_search_finds_nothing():
    """With gradients of the wrong sign SciPy gives up and goes back; so do the parameters."""
    x = dr.variable([-1.2, 1.0])
    optimiser = optim.LBFGS([x])
    points = []

    def closure():
        points.append(x.detach())
        loss = rosenbrock(x)
        (-loss).backward()
        return loss

    loss = optimiser.step(closure)
    assert not optimiser.result.success
    assert len(points) > 2
    assert np.array_equal(x.data, optimiser.result.x)
    assert loss == rosenbrock(x.data)


def test_interrupted():
    x = dr.variable([-1.2, 1.0])
    optimiser = optim.LBFGS([x])
    losses = []

    def loss():
        if len(losses) == 5:
            raise KeyboardInterrupt
        found = rosenbrock(x)
        losses.append(float(dr.value(found)))
        return found

    with pytest.raises(KeyboardInterrupt):
        optimiser.step(closure_of(optimiser, loss))
    assert rosenbrock(x.data) == min(losses)


x0 = dr.variable([1.0, 2.0])


@pytest.mark.parametrize(
    ("closure", "error", "words"),
    [
        (None, InputError, "pass a closure"),
        (lambda: None, OutputError, "returned NoneType"),
        (lambda: "1.0", OutputError, "returned str"),
        (lambda: np.ones(2), OutputError, "returned ndarray of shape"),
        (lambda: 1.0, InputError, "none of the 1 parameters has a gradient"),
        (lambda: np.sum(x0**2), InputError, "none of the 1 parameters has a gradient"),
    ],
)
def test_closures_that_are_refused(closure, error, words):
    with pytest.raises(error, match=words):
        optim.LBFGS([x0]).step(closure)
    assert np.array_equal(x0.data, [1.0, 2.0])


@pytest.mark.parametrize(
    "options",
    [
        {"max_iter": 0},
        {"max_eval": 0},
        {"history_size": 1.5},
        {"tolerance_grad": -1.0},
        {"tolerance_change": np.nan},
    ],
)
def test_ranges(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"LBFGS: {name}="):
        optim.LBFGS([x0], **options)


def test_one_group_only():
    with pytest.raises(InputError, match="one group of parameters only"):
        optim.LBFGS([{"params": [x0]}, {"params": [dr.variable(1.0)]}])
    optimiser = optim.LBFGS([x0])
    with pytest.raises(InputError, match="one group of parameters only"):
        optimiser.add_param_group({"params": [dr.variable(1.0)]})


def test_settings_are_saved():
    optimiser = optim.LBFGS([x0], max_iter=17, tolerance_grad=1e-3)
    other = optim.LBFGS([x0])
    other.load_state_dict(optimiser.state_dict())
    assert other.param_groups[0]["max_iter"] == 17
    assert other.param_groups[0]["tolerance_grad"] == 1e-3
    assert type(other.param_groups[0]["max_iter"]) is int
