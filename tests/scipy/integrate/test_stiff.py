"""Sensitivities of stiff problems: Robertson over eleven decades, Van der Pol with mu = 1000, a Brusselator."""

import numpy as np
import pytest
from scipy import integrate as original

import dualrev as dr
from dualrev.scipy import integrate
from dualrev.scipy.integrate import flow
from tests.scipy.integrate.test_jacobians import Z0, brusselator

RATES = np.array([0.04, 3e7, 1e4])
TIMES = np.array([0.4, 40.0, 4e4, 4e8, 4e10])


def robertson(t, y, k1, k2, k3):
    a, b, c = k1 * y[0], k3 * y[1] * y[2], k2 * y[1] ** 2
    return np.array([-a + b, a - b - c, c])


def concentrations(rates, method, rtol=1e-9, times=TIMES):
    return integrate.solve_ivp(
        robertson,
        (0, times[-1]),
        [1.0, 0.0, 0.0],
        method,
        t_eval=times,
        args=(rates[0], rates[1], rates[2]),
        rtol=rtol,
        atol=[1e-11, 1e-15, 1e-11],
    ).y


def by_differences(h=1e-3):
    """Return p dy/dp by extrapolated differences of solutions at the smallest tolerances."""

    def jac(t, y, k1, k2, k3):
        return [
            [-k1, k3 * y[2], k3 * y[1]],
            [k1, -k3 * y[2] - 2 * k2 * y[1], -k3 * y[1]],
            [0, 2 * k2 * y[1], 0],
        ]

    def tight(k):
        return original.solve_ivp(
            robertson, (0, 4e10), [1.0, 0, 0], "Radau", t_eval=TIMES, args=tuple(k), jac=jac,
            rtol=3e-12, atol=[1e-15, 1e-19, 1e-15],
        ).y  # fmt: skip

    def difference(e, h):
        return (tight(RATES * (1 + h * e)) - tight(RATES * (1 - h * e))) / (2 * h)

    return np.stack([(4 * difference(e, h / 2) - difference(e, h)) / 3 for e in np.eye(3)], axis=-1)


# What it returns: species, times, rates.
REFERENCE = np.array(
    [
        [
            [-1.4238102639e-02, -4.7495299334e-04, 9.5423814585e-04],
            [-1.6990235097e-01, -6.8650652640e-02, 1.3730807978e-01],
            [-6.2998864361e-02, -3.1437529556e-02, 6.2874940818e-02],
            [-1.0414178788e-05, -5.2070959377e-06, 1.0414171004e-05],
            [-1.0416653682e-07, -5.2083377626e-08, 1.0416652352e-07],
        ],
        [
            [1.5610176215e-05, -1.5870123278e-05, -2.1309610299e-06],
            [1.8364785014e-06, -3.4141785240e-06, -2.3571921108e-06],
            [-1.1047825470e-07, -1.3610073759e-07, 1.1002410408e-07],
            [-2.0826229528e-11, -2.0828599388e-11, 2.0826199695e-11],
            [-2.0833237258e-13, -2.0833353208e-13, 2.0833231951e-13],
        ],
        [
            [1.4222492465e-02, 4.9082311507e-04, -9.5210718288e-04],
            [1.6990051449e-01, 6.8654066817e-02, -1.3730572259e-01],
            [6.2998974839e-02, 3.1437665655e-02, -6.2875050841e-02],
            [1.0414202907e-05, 5.2071155721e-06, -1.0414191454e-05],
            [1.0417259647e-07, 5.2081579790e-08, -1.0416550955e-07],
        ],
    ]
)


@pytest.mark.slow
def test_the_reference():
    largest = np.abs(REFERENCE).max(axis=2, keepdims=True)
    assert np.all(np.abs(by_differences() - REFERENCE) < 1e-4 * largest)


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_robertson(method):
    """Relative to the largest sensitivity of each species at each time; it decays to 1e-14 at the end."""
    J = dr.jacobian(lambda k: concentrations(k, method))(RATES) * RATES
    largest = np.abs(REFERENCE).max(axis=2, keepdims=True)
    error = (np.abs(J - REFERENCE) / largest).max(axis=(0, 2))
    assert np.all(error < [1e-7, 1e-7, 1e-7, 1e-5, 1e-3])


@pytest.mark.parametrize(
    ("method", "species", "time"), [("LSODA", 0, 1), ("BDF", 0, 3), ("Radau", 1, 4)]
)
def test_robertson_by_the_adjoint(method, species, time, monkeypatch):
    monkeypatch.setattr(flow, "MANY_IMPLICIT", 0)
    g = dr.grad(lambda k: concentrations(k, method, 1e-8)[species, time])(RATES) * RATES
    exact = REFERENCE[species, time]
    assert np.max(np.abs(g - exact)) < 1e-3 * np.max(np.abs(exact))


def test_robertson_conserves_mass():
    J = dr.jacobian(lambda k: concentrations(k, "BDF", 1e-6).sum(axis=0))(RATES) * RATES
    assert np.max(np.abs(J)) < 1e-9


def van_der_pol(mu, method, end, rtol=1e-9):
    return integrate.solve_ivp(
        lambda t, y: [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]],
        (0, end), [2.0, 0.0], method, rtol=rtol, atol=1e-11,
    ).y[0, -1]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "rtol", "error"), [("Radau", 1e-7, 1e-3), ("LSODA", 1e-9, 3e-3)]
)
def test_van_der_pol(method, rtol, error):
    """Past two jumps, which magnify; central differences of a solution at rtol 1e-12 give 1.7847945e-3."""
    g = dr.grad(van_der_pol)(1000.0, method, 2000.0, rtol)
    assert g == pytest.approx(1.7847945e-3, rel=error)


@pytest.mark.parametrize("method", ["Radau", "BDF"])
def test_van_der_pol_by_the_adjoint(method, monkeypatch):
    forward = dr.grad(van_der_pol)(1000.0, "Radau", 500.0, 1e-8)
    monkeypatch.setattr(flow, "MANY_IMPLICIT", 0)
    assert dr.grad(van_der_pol)(1000.0, method, 500.0, 1e-7) == pytest.approx(forward, rel=1e-4)


def test_brusselator():
    """The adjoint is taken for 80 states and 3 parameters; no option says so."""

    def end(p, **options):
        sol = integrate.solve_ivp(
            lambda t, z: brusselator(t, z, p[0], p[1], p[2]), (0, 1), Z0, "Radau", **options
        )
        return np.sum(sol.y[3::20, -1] ** 2)

    p = np.array([1.0, 3.0, 0.02])
    g = dr.grad(end)(p, rtol=1e-6, atol=1e-8)
    J = dr.jacobian(end, mode="forward")(p, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(g, J, rtol=1e-4)
