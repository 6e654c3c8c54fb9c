"""Every operator inside every mode, closing over the outer variable and evaluated at it.

The oracle is a central difference of the same function on plain arrays.
"""

import numpy as np
import pytest

import dualrev as dr

X = np.array([0.7, -0.4, 1.2])
A = np.array([[3.0, 0.5, -1.0], [0.3, 2.5, 0.2], [0.1, 0.4, 3.0]])


def written(y, x):
    z = y * 1.0
    z[0] = x[1] * y[2]
    v = z[1:]
    v += x[:2] * y[0]
    return np.sum(z * z * x)


@dr.custom_jvp
def cube(x):
    return x**3


cube.defjvp(lambda primals, tangents: (primals[0] ** 3, 3 * primals[0] ** 2 * tangents[0]))


@dr.custom_vjp
def quartic(x):
    return x**4


quartic.defvjp(lambda x: (x**4, x), lambda x, ct: (4 * x**3 * ct,))


INNER = {
    "grad": lambda x: dr.grad(lambda y: np.sum(x * y**3))(x),
    "grad of two": lambda x: dr.grad(lambda y, z: np.sum(x * y**2 * z), argnums=1)(x, np.sin(x)),
    "value_and_grad": lambda x: np.multiply(*dr.value_and_grad(lambda y: np.sum(x * y**2))(x)),
    "jvp": lambda x: dr.jvp(lambda y: np.sin(x * y), (x,), (x[::-1],))[1],
    "vjp": lambda x: dr.vjp(lambda y: np.sin(x * y), x)[1](x[::-1])[0],
    "linearize": lambda x: dr.linearize(lambda y: np.sin(x * y), x)[1](x[::-1]),
    "forward": lambda x: dr.jacobian(lambda y: x[0] * y[::-1] ** 2, mode="forward")(x) @ x,
    "reverse": lambda x: dr.jacobian(lambda y: x[0] * y[::-1] ** 2, mode="reverse")(x) @ x,
    "chunks": lambda x: dr.jacobian(lambda y: np.outer(x, y), mode="forward", chunk=2)(x)[0] @ x,
    "hessian": lambda x: dr.hessian(lambda y: np.sum(np.sin(x * y)) * y[0])(x) @ x,
    "hvp": lambda x: dr.hvp(lambda y: np.sum(np.exp(x * y)))(x, x * 2),
    "gauss_newton_product": lambda x: dr.gauss_newton_product(lambda y: np.sin(x * y))(x, x),
    "derivative": lambda x: dr.derivative(lambda t: np.sin(t * x), order=2)(x[0]),
    "vmap": lambda x: dr.vmap(lambda a: np.sin(a * x))(x)[1],
    "vmap of grad": lambda x: dr.vmap(dr.grad(lambda a: np.sum(a**2 * x)))(x),
    "grad of vmap": lambda x: dr.grad(lambda y: np.sum(dr.vmap(lambda a: a * x * y)(x)))(x),
    "checkpoint": lambda x: dr.checkpoint(lambda y: np.sin(y) * y)(x * x),
    "grad of checkpoint": lambda x: dr.grad(lambda y: np.sum(dr.checkpoint(np.sin)(x * y)))(x),
    "in place": lambda x: dr.grad(lambda y: written(y, x))(x),
    "in place, forward": lambda x: dr.jvp(lambda y: written(y, x), (x,), (x,))[1] * x,
    "custom_jvp": lambda x: dr.grad(lambda y: np.sum(cube(x * y)))(x),
    "custom_vjp": lambda x: dr.jvp(lambda y: quartic(x * y), (x,), (x,))[1],
    "object array": lambda x: dr.grad(lambda y: np.sum(np.array([x[0] * y[1], y[2]]) ** 2))(x),
    "solve": lambda x: dr.grad(lambda y: np.linalg.solve(np.diag(y) + A, x) @ y)(x),
    "has_aux": lambda x: np.add(*dr.grad(lambda y: (np.sum(x * y**2), x * y), has_aux=True)(x)),
    "dual": lambda x: (dr.Dual(x, x[::-1]) ** 3 * x).tangent,
    "dict": lambda x: dr.grad(lambda p: np.sum(p["a"] * p["b"] ** 2 * x))({"a": x, "b": x})["b"],
}


@pytest.mark.parametrize("name", INNER)
def test_first_order(jac, central, name):
    f = INNER[name]
    np.testing.assert_allclose(jac(f, X), central(f, X), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("outer", ["grad of grad", "hessian", "forward", "reverse", "vmap"])
@pytest.mark.parametrize("name", INNER)
def test_second_order(central, outer, name):
    """Three levels: two around the inner operator's own."""
    f = lambda x: np.sum(INNER[name](x) * np.sin(x))
    g = dr.grad(f)
    second = {
        "grad of grad": lambda x: np.stack([dr.grad(lambda x, k=k: g(x)[k])(x) for k in range(3)]),
        "hessian": dr.hessian(f),
        "forward": dr.jacobian(dr.jacobian(f, mode="forward"), mode="forward"),
        "reverse": dr.jacobian(dr.jacobian(f, mode="reverse"), mode="reverse"),
        "vmap": lambda x: dr.vmap(lambda v: dr.hvp(f)(x, v))(np.eye(3)),
    }[outer]
    np.testing.assert_allclose(second(X), central(g, X), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", INNER)
def test_batch(name):
    """``vmap`` around it equals a loop."""
    xs = np.stack([X, X[::-1], 2 * X])
    f = INNER[name]
    np.testing.assert_allclose(dr.vmap(f)(xs), np.stack([f(x) for x in xs]), rtol=1e-12)
