"""Global searches: SciPy's, with exact derivatives in the local steps and none in the sampling."""

import inspect
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import optimize as scipy_optimize

import dualrev as dr
from dualrev.errors import EscapeError
from dualrev.scipy import optimize

SEARCHES = ["basinhopping", "dual_annealing", "shgo", "differential_evolution"]
BOX = [(-5.12, 5.12)] * 2


def rastrigin(x):
    return np.sum(x * x - 10 * np.cos(2 * np.pi * x)) + 10 * np.size(x)


def gradient(x):
    return 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)


def bowl(x, a):
    return np.sum((x - a) ** 2) + x[0] ** 4


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def seeded(function):
    """SciPy's name for the seed, which has changed."""
    names = inspect.signature(function).parameters
    return {"rng": 3} if "rng" in names else {"seed": 3}


@pytest.mark.parametrize("name", SEARCHES)
def test_signatures(name):
    theirs = inspect.signature(getattr(scipy_optimize, name)).parameters
    ours = inspect.signature(getattr(optimize, name)).parameters
    added = {"progress", "trajectory", "rng", "seed"}
    assert [n for n in ours if n not in added] == [n for n in theirs if n not in added]
    for n in set(ours) - added:
        assert ours[n].default == theirs[n].default


def test_basinhopping():
    f, pair = Counted(rastrigin), Counted(lambda x: (rastrigin(x), gradient(x)))
    res = optimize.basinhopping(f, [1.0, 0.3], niter=10, rng=3)
    theirs = scipy_optimize.basinhopping(
        pair,
        [1.0, 0.3],
        niter=10,
        minimizer_kwargs={"jac": True},
        **seeded(scipy_optimize.basinhopping),
    )
    assert np.allclose(res.x, theirs.x, atol=1e-6)
    assert f.calls <= pair.calls
    assert res.nfev == theirs.nfev


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "trust-exact", "SLSQP", "Nelder-Mead"])
def test_local_methods_of_basinhopping(method):
    options = {"method": method, "args": (0.5,)}
    if method == "SLSQP":
        options["constraints"] = {"type": "ineq", "fun": lambda x: x[1] - 0.75}
    if method == "L-BFGS-B":
        options["bounds"] = [(None, None), (0.75, None)]
    res = optimize.basinhopping(bowl, [1.0, 1.0], niter=2, minimizer_kwargs=options, rng=1)
    bounded = method in ("SLSQP", "L-BFGS-B")
    assert np.allclose(res.x, [0.3855, 0.75 if bounded else 0.5], atol=1e-3)


def test_basinhopping_of_containers():
    seen = []
    res = optimize.basinhopping(
        lambda p: rastrigin(p["a"]) + p["b"] ** 2,
        {"a": np.array([0.3]), "b": 1.0},
        niter=3,
        callback=lambda p, f, accept: seen.append(p["a"].shape),
        trajectory=True,
        rng=1,
    )
    assert abs(res.x["b"]) < 1e-4
    assert set(seen) == {(1,)}
    assert [*res.trajectory[-1]] == ["a", "b"]


def test_dual_annealing_pays_for_gradients_in_local_steps_only():
    f, g = Counted(rastrigin), Counted(rastrigin)
    res = optimize.dual_annealing(f, BOX, maxiter=100, rng=3)
    theirs = scipy_optimize.dual_annealing(
        g, BOX, maxiter=100, **seeded(scipy_optimize.dual_annealing)
    )
    assert res.fun == pytest.approx(theirs.fun, abs=1e-9)
    assert res.nfev < theirs.nfev
    assert f.calls <= res.nfev + 10


def test_options_of_dual_annealing():
    seen = []
    res = optimize.dual_annealing(
        bowl,
        [(-2, 2)] * 2,
        (0.5,),
        maxiter=20,
        minimizer_kwargs={"method": "trust-exact"},
        callback=lambda x, f, context: seen.append(f),
        x0=[1.0, 1.0],
        rng=1,
    )
    assert np.allclose(res.x, [0.3855, 0.5], atol=1e-3)
    assert seen
    only = optimize.dual_annealing(
        lambda x: math.fsum(x**2), BOX, maxiter=5, no_local_search=True, rng=1
    )
    assert only.nfev > 0
    box = scipy_optimize.Bounds([-2, -2], [2, 2])
    assert optimize.dual_annealing(bowl, box, (0.0,), maxiter=5, rng=1).fun < 1e-6


def test_shgo():
    f, g = Counted(rastrigin), Counted(rastrigin)
    options = {"n": 64, "sampling_method": "sobol"}
    res = optimize.shgo(f, BOX, **options)
    theirs = scipy_optimize.shgo(g, BOX, **options)
    assert np.allclose(res.x, theirs.x, atol=1e-5)
    assert len(res.xl) == len(theirs.xl)
    assert f.calls <= res.nfev + len(res.xl) < theirs.nfev


def test_constraints_of_shgo():
    def f(x, a):
        return np.sum((x - a) ** 2)

    for c in (
        {"type": "ineq", "fun": lambda x: x[0] + x[1] - 3},
        {"type": "ineq", "fun": lambda x, s: x[0] + x[1] - s, "args": (3,)},
        optimize.NonlinearConstraint(lambda x: x[0] + x[1], 3, np.inf),
    ):
        res = optimize.shgo(f, [(0, 5)] * 2, (1.0,), constraints=c)
        assert np.allclose(res.x, 1.5, atol=1e-5)


def test_derivatives_by_hand_in_shgo():
    jac = Counted(gradient)
    optimize.shgo(rastrigin, BOX, options={"jac": jac})
    by_kwargs = Counted(gradient)
    optimize.shgo(rastrigin, BOX, minimizer_kwargs={"method": "L-BFGS-B", "jac": by_kwargs})
    assert jac.calls > 0
    assert by_kwargs.calls > 0
    res = optimize.shgo(lambda x: (x @ x, 2 * x), BOX, options={"jac": True})
    assert np.allclose(res.x, 0)


def test_workers_of_shgo():
    with ThreadPoolExecutor(2) as pool:
        res = optimize.shgo(optimize.rosen, [(0, 2)] * 2, workers=pool.map)
    assert np.allclose(res.x, 1, atol=1e-4)


def test_differential_evolution():
    options = {"maxiter": 20, "popsize": 5, "tol": 1e-9}
    res = optimize.differential_evolution(rastrigin, BOX, rng=3, **options)
    theirs = scipy_optimize.differential_evolution(
        rastrigin, BOX, **options, **seeded(scipy_optimize.differential_evolution)
    )
    assert np.allclose(res.x, theirs.x, atol=1e-6)
    assert res.fun <= theirs.fun + 1e-12
    assert np.allclose(res.jac, gradient(res.x))
    assert res.nfev < theirs.nfev


def test_the_population_is_evaluated_plainly():
    kinds = set()

    def f(x):
        kinds.add(type(x))
        return np.sum(x**2)

    optimize.differential_evolution(f, BOX, maxiter=3, polish=False, rng=1)
    assert kinds == {np.ndarray}


def test_options_of_differential_evolution():
    line = optimize.NonlinearConstraint(lambda x: x[0] + x[1], 1, np.inf)
    res = optimize.differential_evolution(
        lambda x: x @ x, [(-3, 3)] * 2, constraints=line, rng=1, maxiter=30
    )
    assert np.allclose(res.x, 0.5, atol=1e-3)
    assert res.maxcv < 1e-8
    whole = optimize.differential_evolution(
        lambda x: (x[0] - 0.3) ** 2 + (x[1] - 0.3) ** 2,
        [(-3, 3)] * 2,
        integrality=[True, False],
        rng=1,
    )
    assert whole.x[0] == 0
    assert whole.x[1] == pytest.approx(0.3, abs=1e-6)
    columns = optimize.differential_evolution(
        lambda x: np.sum((x - 0.5) ** 2, axis=0),
        [(-3, 3)] * 2,
        vectorized=True,
        updating="deferred",
        rng=1,
    )
    assert np.allclose(columns.x, 0.5, atol=1e-6)
    seen = []
    optimize.differential_evolution(
        bowl,
        [(-2, 2)] * 2,
        (0.5,),
        callback=lambda x, convergence: len(seen) == 2 or seen.append(x),
        trajectory=True,
        rng=1,
    )
    assert len(seen) == 2


def test_workers_of_differential_evolution():
    with ThreadPoolExecutor(2) as pool:
        res = optimize.differential_evolution(
            optimize.rosen, [(0, 2)] * 2, workers=pool.map, updating="deferred", rng=1
        )
    assert np.allclose(res.x, 1, atol=1e-6)


def test_polishing_what_has_no_derivative():
    def f(x):
        return math.cos(x[0]) + x[0] ** 2

    with pytest.warns(scipy_optimize.OptimizeWarning, match="polished with finite differences"):
        res = optimize.differential_evolution(f, [(-3, 2)], rng=1)
    assert abs(res.x[0]) < 1e-2


@pytest.mark.parametrize("name", ["basinhopping", "dual_annealing", "shgo"])
def test_the_way_out_is_named(name):
    start = [1.0] if name == "basinhopping" else [(-3, 2)]
    with pytest.raises(EscapeError, match="2-point"):
        getattr(optimize, name)(lambda x: math.cos(x[0]) + x[0] ** 2, start)
    way = {"minimizer_kwargs": {"method": "L-BFGS-B", "jac": "2-point"}}
    if name == "dual_annealing":
        way["maxiter"] = 5
    res = getattr(optimize, name)(lambda x: math.cos(x[0]) + x[0] ** 2, start, **way)
    assert np.isfinite(res.fun)


def solved(name, a):
    if name == "basinhopping":
        return optimize.basinhopping(lambda x: bowl(x, a), [0.0, 0.0], niter=2, rng=1)
    options = {"dual_annealing": {"maxiter": 10, "rng": 1}, "differential_evolution": {"rng": 1}}
    box = [(-2, 2)] * 2
    return getattr(optimize, name)(bowl, box, args=(a,), **options.get(name, {}))


@pytest.mark.parametrize("name", SEARCHES)
def test_derivatives_of_the_minimum(name):
    x = np.roots([4, 0, 2, -1])
    x = x[np.abs(x.imag) < 1e-9].real[0]
    assert np.allclose(dr.jacobian(lambda a: solved(name, a).x)(0.5), [2 / (2 + 12 * x**2), 1])
    assert dr.grad(lambda a: solved(name, a).fun)(0.5) == pytest.approx(-2 * (x - 0.5), abs=1e-6)


def test_unknown_options():
    with pytest.raises(TypeError, match="nonsense"):
        optimize.dual_annealing(rastrigin, BOX, nonsense=1)
