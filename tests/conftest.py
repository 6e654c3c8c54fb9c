"""Shared fixtures: fixed seeds, a guard against leaked levels, oracles from outside the library."""

import numpy as np
import pytest
from hypothesis import settings

import dualrev as dr
from dualrev.core.levels import open_levels

SEED = 20240607

settings.register_profile("dualrev", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("dualrev")


def pytest_report_header():
    return (
        f"dualrev: NumPy seed {SEED}; hypothesis derandomized (its seed is the test's own source)"
    )


@pytest.fixture(autouse=True)
def no_level_left_open():
    """A level that outlives its transform corrupts every later derivative: each test checks."""
    assert open_levels() == []
    yield
    assert open_levels() == []


@pytest.fixture
def rng():
    """Return a generator with the printed seed, the same for every test."""
    return np.random.default_rng(SEED)


def _basis(x):
    for k in range(x.size):
        e = np.zeros(x.shape, x.dtype)
        e.flat[k] = 1
        yield e


def _by_jvp(f, x):
    x = np.asarray(x)
    columns = [dr.jvp(f, (x,), (e,))[1] for e in _basis(x)]
    if not columns:
        return np.zeros(np.shape(f(x)) + x.shape)
    return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + x.shape)


def _by_vjp(f, x):
    x = np.asarray(x)
    y, pullback = dr.vjp(f, x)
    y = np.asarray(y)
    rows = [pullback(e)[0] for e in _basis(y)]
    if not rows:
        return np.zeros(y.shape + x.shape)
    return np.stack(rows).reshape(y.shape + x.shape)


def _by_forward_jacobian(f, x):
    return dr.jacobian(f, mode="forward")(np.asarray(x))


def _by_reverse_jacobian(f, x):
    return dr.jacobian(f, mode="reverse")(np.asarray(x))


MODES = {
    "jvp": _by_jvp,
    "vjp": _by_vjp,
    "forward": _by_forward_jacobian,
    "reverse": _by_reverse_jacobian,
}


@pytest.fixture(scope="session", params=list(MODES))
def jac(request):
    """Return ``(f, x) -> Jacobian`` (shape ``y.shape + x.shape``) by one way of each mode.

    ``jvp`` and ``vjp`` go one direction at a time, ``forward`` and ``reverse`` carry all the
    directions in one pass.
    """
    return MODES[request.param]


@pytest.fixture(scope="session")
def complex_step():
    """Return the complex-step Jacobian, exact to rounding for analytic code, free of dualrev."""

    def jacobian(f, x, h=1e-30):
        x = np.asarray(x, float)
        columns = [np.asarray(f(x + 1j * h * e)).imag / h for e in _basis(x)]
        return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + x.shape)

    return jacobian


@pytest.fixture(scope="session")
def central():
    """Return the Richardson-extrapolated central difference: fourth order, no complex numbers."""

    def jacobian(f, x, h=1e-3):
        x = np.asarray(x, float)

        def slope(e, s):
            return (np.asarray(f(x + s * e), float) - np.asarray(f(x - s * e), float)) / (2 * s)

        columns = [(4 * slope(e, h / 2) - slope(e, h)) / 3 for e in _basis(x)]
        return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + x.shape)

    return jacobian
