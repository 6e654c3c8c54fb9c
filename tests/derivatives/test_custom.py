"""Rules of the user's own: ``custom_jvp`` and ``custom_vjp`` in every operator, and wrong ones."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import DualrevError

X = np.array([0.7, -1.2, 2.0])


def test_custom_jvp():
    @dr.custom_jvp
    def log1pexp(x):
        return np.log1p(np.exp(x))

    @log1pexp.defjvp
    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return log1pexp(x), t / (1 + np.exp(-x))

    assert log1pexp(0.0) == np.log(2)
    sigmoid = 1 / (1 + np.exp(-X))
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(log1pexp, mode=mode)(X), np.diag(sigmoid))
    with np.errstate(over="raise"):
        assert dr.grad(lambda x: log1pexp(x))(30.0) == pytest.approx(1.0)
    H = dr.hessian(lambda x: np.sum(log1pexp(x)))(X)
    np.testing.assert_allclose(H, np.diag(sigmoid * (1 - sigmoid)), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(dr.vmap(dr.grad(log1pexp))(X), sigmoid, rtol=1e-15)


def test_custom_jvp_of_several_arguments_and_outputs():
    @dr.custom_jvp
    def polar(r, phi):
        return r * np.cos(phi), r * np.sin(phi)

    def rule(primals, tangents):
        (r, phi), (tr, tphi) = primals, tangents
        c, s = np.cos(phi), np.sin(phi)
        return (r * c, r * s), (tr * c - r * s * tphi, tr * s + r * c * tphi)

    polar.defjvp(rule)
    f = lambda p: np.stack(polar(p[0], p[1]))
    p = np.array([2.0, 0.3])
    c, s = np.cos(0.3), np.sin(0.3)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(
            dr.jacobian(f, mode=mode)(p), [[c, -2 * s], [s, 2 * c]], rtol=1e-15
        )
    # Only one argument traced: the other's tangent is zero.
    assert dr.grad(lambda r: polar(r, 0.3)[0])(2.0) == pytest.approx(c, rel=1e-15)


def test_custom_vjp():
    @dr.custom_vjp
    def clipped(x, limit):
        return x * 1.0

    def forward(x, limit):
        return clipped(x, limit), limit

    def backward(limit, ct):
        return np.clip(ct, -limit, limit), 0.0 * limit

    clipped.defvjp(forward, backward)
    g = dr.grad(lambda x: np.sum(clipped(x, 1.0) ** 2))(X)
    np.testing.assert_array_equal(g, np.clip(2 * X, -1, 1))
    assert clipped(3.0, 1.0) == 3.0


def test_custom_vjp_in_every_operator():
    @dr.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, ct: (3 * x**2 * ct,))
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(cube, mode=mode)(X), np.diag(3 * X**2), rtol=1e-14)
    np.testing.assert_allclose(dr.hessian(lambda x: np.sum(cube(x)))(X), np.diag(6 * X), rtol=1e-14)
    np.testing.assert_allclose(dr.vmap(dr.grad(cube))(X), 3 * X**2, rtol=1e-15)


def test_custom_rules_that_are_wrong_say_so():
    @dr.custom_jvp
    def no_rule(x):
        return x

    with pytest.raises((DualrevError, TypeError, AttributeError), match=r"no_rule|defjvp"):
        dr.grad(no_rule)(1.0)

    @dr.custom_jvp
    def one_output(x):
        return x * 1.0

    one_output.defjvp(lambda primals, tangents: primals[0])
    with pytest.raises((DualrevError, TypeError, ValueError)):
        dr.grad(one_output)(1.0)

    @dr.custom_jvp
    def wrong_shape(x):
        return x * 1.0

    wrong_shape.defjvp(lambda primals, tangents: (primals[0], np.ones(2)))
    with pytest.raises((DualrevError, ValueError)):
        dr.jvp(wrong_shape, (X,), (X,))

    @dr.custom_vjp
    def too_few(x, y):
        return x * y

    too_few.defvjp(lambda x, y: (x * y, (x, y)), lambda res, ct: (res[1] * ct,))
    with pytest.raises((DualrevError, ValueError)):
        dr.grad(too_few)(1.0, 2.0)

    @dr.custom_vjp
    def wrong_cotangent(x):
        return np.sum(x)

    wrong_cotangent.defvjp(lambda x: (np.sum(x), None), lambda res, ct: (np.ones(7),))
    with pytest.raises((DualrevError, ValueError)):
        dr.grad(wrong_cotangent)(X)
