"""What refuses traced values, and what passes through."""

import numpy as np
import pytest
from scipy import integrate as original

import dualrev as dr
from dualrev.core.primitive import ENTRIES
from dualrev.scipy import integrate

REFUSED = {
    "ode": lambda p: integrate.ode(lambda t, y: p * y),
    "ode.set_initial_value": lambda p: integrate.ode(lambda t, y: y).set_initial_value(p),
    "ode.set_f_params": lambda p: integrate.ode(lambda t, y, p: y).set_f_params(p),
    "complex_ode": lambda p: integrate.complex_ode(lambda t, y: p * y),
    "complex_ode.set_initial_value": lambda p: integrate.complex_ode(
        lambda t, y: y
    ).set_initial_value(p),
    "qmc_quad": lambda p: integrate.qmc_quad(lambda x: p * x[0], [0], [1]),
    "newton_cotes": lambda p: integrate.newton_cotes(p * np.arange(3.0)),
}
NEW = {
    "nsum": lambda p: integrate.nsum(lambda x: p**x, 0, 10),
    "tanhsinh": lambda p: integrate.tanhsinh(lambda x: p * x, 0, 1),
    "cubature": lambda p: integrate.cubature(lambda x: p * x[:, 0], [0.0], [1.0]),
}
REFUSED |= {name: call for name, call in NEW.items() if hasattr(original, name)}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    def f(p):
        REFUSED[name](p)
        return p

    with pytest.raises(dr.UnsupportedError, match="Instead: "):
        dr.grad(f)(0.5)


def test_plain_numbers_pass():
    solver = integrate.ode(lambda t, y, r: -r * y).set_integrator("dopri5", rtol=1e-10)
    solver.set_initial_value([1.0], 0.0).set_f_params(2.0)
    assert isinstance(solver, original.ode)
    assert solver.integrate(1.0)[0] == pytest.approx(np.exp(-2), rel=1e-8)
    other = integrate.complex_ode(lambda t, y: 1j * y).set_integrator("dopri5")
    assert other.set_initial_value([1.0]).integrate(1.0)[0] == pytest.approx(np.exp(1j), rel=1e-4)
    weights, _ = integrate.newton_cotes(2, 1)
    np.testing.assert_array_equal(weights, original.newton_cotes(2, 1)[0])
    found = integrate.qmc_quad(lambda x: x[0], [0], [1], n_points=64)
    assert found.integral == pytest.approx(0.5, abs=0.05)


def test_what_is_not_overridden_is_scipys():
    for name in ("RK45", "Radau", "OdeSolution", "IntegrationWarning", "DenseOutput"):
        assert getattr(integrate, name) is getattr(original, name)


# Names of SciPy before 1.14, deprecated there.
GONE = {"cumtrapz", "simps", "trapz", "romberg", "quadrature"}


def test_every_function_is_classified():
    for name in original.__all__:
        found = getattr(original, name)
        if callable(found) and not isinstance(found, type) and name not in GONE:
            assert found in ENTRIES, name
