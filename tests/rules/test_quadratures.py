"""Quadrature nodes and polynomial objects: plain answers inside a transform, refusals of traced parameters."""

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.scipy import special as mirror

INTEGERS = ["laguerre", "hermite", "hermitenorm", "legendre", "sh_legendre"]
INTEGERS += ["chebyt", "chebyu", "chebyc", "chebys", "sh_chebyt", "sh_chebyu"]
PARAMETERS = {
    "jacobi": (0.3, 0.7),
    "sh_jacobi": (1.3, 0.7),
    "gegenbauer": (0.8,),
    "genlaguerre": (0.6,),
}


def test_integral_of_a_traced_function():
    """What quadrature is for: plain nodes and weights, a traced integrand."""

    def f(a):
        x, w = mirror.roots_legendre(12)
        return np.sum(w * np.exp(a * x))

    # ∫ x e^(ax) over [-1, 1]
    a = 0.7
    want = 2 * (a * np.cosh(a) - np.sinh(a)) / a**2
    np.testing.assert_allclose(dr.grad(f)(a), want, rtol=1e-13)


@pytest.mark.parametrize("name", INTEGERS)
def test_integers(name):
    for one, other in zip(
        getattr(mirror, f"roots_{name}")(4, mu=True),
        getattr(special, f"roots_{name}")(4, mu=True),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        getattr(mirror, name)(3).coefficients, getattr(special, name)(3).coefficients
    )
    for function in (getattr(mirror, f"roots_{name}"), getattr(mirror, name)):
        with pytest.raises(dr.UnsupportedError, match=rf"{name}.*plain numbers"):
            dr.grad(lambda n, function=function: function(n)[0])(3.0)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name):
    parameters = PARAMETERS[name]
    x = getattr(mirror, f"roots_{name}")(4, *parameters)[0]
    np.testing.assert_array_equal(x, getattr(special, f"roots_{name}")(4, *parameters)[0])
    for function in (getattr(mirror, f"roots_{name}"), getattr(mirror, name)):
        with pytest.raises(dr.UnsupportedError, match=rf"{name}.*plain numbers"):
            dr.grad(lambda p, function=function: function(4, p, *parameters[1:])[0])(parameters[0])
