"""Progress bars and trajectories: they see everything, evaluate nothing and change no path."""

import sys
import types

import numpy as np
import pytest
from scipy import optimize as scipy_optimize

from dualrev.scipy import optimize
from dualrev.scipy.optimize.methods import METHODS
from dualrev.scipy.optimize.monitor import Monitor
from dualrev.scipy.optimize.points import Point

METHODS_OF_SCIPY = sorted(m.lower() for m in scipy_optimize._minimize.MINIMIZE_METHODS)
START = [1.05, 1.1]


class Bar:
    """What of tqdm is used."""

    def __init__(self, total=None, desc="", unit="it"):
        self.total, self.desc, self.steps, self.closed, self.texts = total, desc, 0, False, []

    def set_postfix_str(self, text, refresh=True):
        self.texts.append(text)

    def update(self, n):
        self.steps += n

    def close(self):
        self.closed = True


@pytest.fixture
def bars(monkeypatch):
    made = []

    def tqdm(**options):
        made.append(Bar(**options))
        return made[-1]

    module = types.ModuleType("tqdm.auto")
    module.tqdm = tqdm
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    return made


@pytest.fixture
def no_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)


def counted():
    def f(x):
        f.calls += 1
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    f.calls = 0
    return f


@pytest.mark.parametrize("method", METHODS_OF_SCIPY)
def test_nothing_changes(method, bars):
    plain, watched = counted(), counted()
    options = {"maxiter": 40} if method in ("cobyla", "nelder-mead") else {}
    expected = optimize.minimize(plain, START, method=method, options=options)
    res = optimize.minimize(
        watched, START, method=method, options=options, progress=True, trajectory=True
    )
    assert np.array_equal(res.x, expected.x)
    assert res.nfev == expected.nfev
    assert watched.calls == plain.calls
    (bar,) = bars
    assert bar.closed
    assert bar.steps == len(res.trajectory) - 1 > 0
    assert res.trajectory.shape[1] == 2
    assert np.array_equal(res.trajectory[0], START)
    assert all(text.startswith("f=") for text in bar.texts)
    if METHODS[method].gradient:
        assert "|g|=" in bar.texts[-1]
        assert np.allclose(res.trajectory[-1], res.x)


def test_containers():
    res = optimize.minimize(lambda p: p["a"] @ p["a"], {"a": np.ones(2)}, trajectory=True)
    assert [*res.trajectory[0]] == ["a"]
    assert len(res.trajectory) == res.nit + 1


def test_the_users_callback_is_called_too(bars):
    seen = []
    optimize.minimize(counted(), START, progress=True, callback=seen.append)
    assert len(seen) == bars[0].steps

    def callback(intermediate_result):
        seen.append(intermediate_result.fun)
        raise StopIteration

    res = optimize.minimize(counted(), START, progress=True, callback=callback)
    assert not res.success
    assert bars[1].steps == 1
    res = optimize.minimize(
        counted(), START, method="trust-constr", callback=lambda x, s: True, progress=True
    )
    assert res.nit == 1


def test_the_bar_is_closed_after_an_error(bars):
    def broken(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        optimize.minimize(broken, START, progress=True)
    assert bars[0].closed


def test_missing_tqdm(no_tqdm):
    with pytest.raises(ImportError, match=r"pip install dualrev\[progress\]"):
        optimize.minimize(counted(), START, progress=True)
    assert optimize.minimize(counted(), START).success


def test_no_trajectory_unless_asked():
    assert "trajectory" not in optimize.minimize(counted(), START)


def test_solvers_without_callback(bars):
    monitor = Monitor(True, True, Point([1.0, 2.0]), "hybr", total=3)
    f = monitor.fun(lambda x: x**2, iterates=True)
    for k in range(3):
        assert np.array_equal(f(np.full(2, k)), np.full(2, k) ** 2)
    res = monitor.finish(scipy_optimize.OptimizeResult())
    assert np.array_equal(res.trajectory, [[1, 2], [0, 0], [1, 1], [2, 2]])
    assert bars[0].texts == ["|f|=0", "|f|=1.41421", "|f|=5.65685"]
    assert bars[0].total == 3


def test_an_idle_monitor_is_no_burden():
    monitor = Monitor(False, False, Point([1.0]))
    f = counted()
    assert monitor.fun(f) is f
    assert monitor.callback(f) is f
    assert monitor.callback(None) is None


SEARCHES = {
    "basinhopping": lambda f, **more: optimize.basinhopping(f, START, niter=3, rng=1, **more),
    "dual_annealing": lambda f, **more: optimize.dual_annealing(
        f, [(-2, 2)] * 2, maxiter=20, rng=1, **more
    ),
    "shgo": lambda f, **more: optimize.shgo(f, [(-2, 2)] * 2, **more),
    "differential_evolution": lambda f, **more: optimize.differential_evolution(
        f, [(-2, 2)] * 2, maxiter=5, rng=1, **more
    ),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_global_searches(search, bars):
    plain, watched = counted(), counted()
    expected = search(plain)
    res = search(watched, progress=True, trajectory=True)
    assert np.array_equal(res.x, expected.x)
    assert res.nfev == expected.nfev
    assert watched.calls == plain.calls
    (bar,) = bars
    assert bar.closed
    assert bar.steps == len(res.trajectory) - 1 > 0
    if search is not SEARCHES["shgo"]:  # its callback is given points only
        assert all(text.startswith("f=") for text in bar.texts)


def test_the_real_bar(capsys):
    res = optimize.minimize(counted(), START, method="BFGS", progress=True)
    shown = capsys.readouterr().err
    assert "minimize (BFGS)" in shown
    assert f"{res.nit}it" in shown
