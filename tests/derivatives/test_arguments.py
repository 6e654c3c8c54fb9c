"""What the operators accept and return: argnums, keywords, auxiliary values, containers, errors."""

from collections import namedtuple

import numpy as np
import optree
import pytest

import dualrev as dr
from dualrev.errors import DualrevError, InputError, OutputError, ShapeError

X = np.array([0.7, -1.2, 2.0])
A = np.array([[2.0, 0.5, 1.0], [0.3, 1.5, 0.2]])


def test_several_arguments():
    f = lambda a, b, c: a * np.sum(b * c)
    a, b, c = 2.0, np.array([1.0, 2.0]), np.array([3.0, 5.0])
    y, t = dr.jvp(f, (a, b, c), (1.0, np.ones(2), np.zeros(2)))
    assert (y, t) == (26.0, 13.0 + 16.0)
    ga, gb, gc = dr.vjp(f, a, b, c)[1](1.0)
    assert ga == 13.0
    np.testing.assert_array_equal(gb, 2 * c)
    np.testing.assert_array_equal(gc, 2 * b)
    assert dr.linearize(f, a, b, c)[1](1.0, np.ones(2), np.zeros(2)) == 29.0


def test_argnums():
    f = lambda a, b, *, c=1.0: np.sum(a**2 * b) * c
    a, b = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    np.testing.assert_array_equal(dr.grad(f)(a, b), 2 * a * b)
    np.testing.assert_array_equal(dr.grad(f, 1)(a, b), a**2)
    np.testing.assert_array_equal(dr.grad(f, argnums=-1)(a, b), a**2)
    both = dr.grad(f, argnums=(1, 0))(a, b, c=2.0)
    assert isinstance(both, tuple)
    np.testing.assert_array_equal(both[0], 2 * a**2)
    np.testing.assert_array_equal(both[1], 4 * a * b)
    (single,) = dr.grad(f, argnums=(0,))(a, b)
    np.testing.assert_array_equal(single, 2 * a * b)
    value, both = dr.value_and_grad(f, argnums=(0, 1))(a, b)
    assert value == 23.0
    np.testing.assert_array_equal(both[1], a**2)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_argnums_of_jacobian_and_hessian(mode):
    f = lambda a, b: a * np.array([1.0, 2.0, 3.0]) * b
    J = dr.jacobian(f, argnums=1, mode=mode)(2.0, 5.0)
    np.testing.assert_array_equal(J, [2.0, 4.0, 6.0])
    Ja, Jb = dr.jacobian(f, argnums=(0, 1), mode=mode)(2.0, np.ones(3))
    np.testing.assert_array_equal(Ja, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(Jb, 2 * np.diag([1.0, 2.0, 3.0]))
    H = dr.hessian(lambda a, b: np.sum(a * b**2), argnums=1)(3.0, X)
    np.testing.assert_array_equal(H, 6 * np.eye(3))


def test_hessian_in_several_arguments():
    H = dr.hessian(lambda a, b: a**2 * np.sum(b), argnums=(0, 1))(3.0, np.array([1.0, 2.0]))
    assert H[0][0] == 6.0
    np.testing.assert_array_equal(H[0][1], [6.0, 6.0])
    np.testing.assert_array_equal(H[1][0], [6.0, 6.0])
    np.testing.assert_array_equal(H[1][1], np.zeros((2, 2)))


@pytest.mark.parametrize("argnums", [2, -3, (0, 5), "a", 0.5])
def test_wrong_argnums(argnums):
    with pytest.raises((DualrevError, TypeError, ValueError, IndexError), match=r"argnum|argument"):
        dr.grad(lambda a, b: a * b, argnums=argnums)(1.0, 2.0)


def test_keyword_arguments_pass_through():
    def f(x, *, scale, flag=False):
        assert flag is True
        return np.sum(x**2) * scale

    np.testing.assert_array_equal(dr.grad(f)(X, scale=3.0, flag=True), 6 * X)
    np.testing.assert_array_equal(dr.jacobian(f)(X, scale=3.0, flag=True), 6 * X)
    np.testing.assert_array_equal(dr.hessian(f)(X, scale=3.0, flag=True), 6 * np.eye(3))
    np.testing.assert_array_equal(dr.hvp(f)(X, X, scale=3.0, flag=True), 6 * X)


def test_arguments_that_are_not_differentiated_may_be_anything():
    f = lambda x, name, table, n: np.sum(x) * table[name] * n
    np.testing.assert_array_equal(dr.grad(f)(X, "k", {"k": 2.0}, 3), np.full(3, 6.0))


def test_has_aux():
    f = lambda x: (np.sum(x**2), {"twice": 2 * x, "name": "aux", "n": 3})
    g, aux = dr.grad(f, has_aux=True)(X)
    np.testing.assert_array_equal(g, 2 * X)
    assert aux["name"] == "aux"
    assert type(aux["twice"]) is np.ndarray
    np.testing.assert_array_equal(aux["twice"], 2 * X)
    (value, aux), g = dr.value_and_grad(f, has_aux=True)(X)
    assert value == np.sum(X**2)
    np.testing.assert_array_equal(aux["twice"], 2 * X)
    y, t, aux = dr.jvp(f, (X,), (X,), has_aux=True)
    assert y == np.sum(X**2)
    assert t == 2 * np.sum(X**2)
    assert type(aux["twice"]) is np.ndarray
    _, pullback, aux = dr.vjp(f, X, has_aux=True)
    np.testing.assert_array_equal(pullback(1.0)[0], 2 * X)
    assert type(aux["twice"]) is np.ndarray
    for mode in ("forward", "reverse"):
        J, aux = dr.jacobian(f, mode=mode, has_aux=True)(X)
        np.testing.assert_array_equal(J, 2 * X)
        assert type(aux["twice"]) is np.ndarray
        np.testing.assert_array_equal(aux["twice"], 2 * X)
    H, aux = dr.hessian(f, has_aux=True)(X)
    np.testing.assert_array_equal(H, 2 * np.eye(3))
    np.testing.assert_array_equal(aux["twice"], 2 * X)


def test_aux_of_an_inner_transform_stays_differentiable():
    def f(x):
        g, aux = dr.grad(lambda y: (x * y**2, x * y), has_aux=True)(3.0)
        return g * aux

    assert f(2.0) == 12.0 * 6.0
    assert dr.grad(f)(2.0) == 2 * 18.0 * 2.0


Point = namedtuple("Point", ["u", "v"])


@optree.dataclasses.dataclass(namespace="")
class Registered:
    w: np.ndarray
    b: float


CONTAINERS = {
    "tuple": (2.0, np.array([1.0, 3.0])),
    "list": [2.0, np.array([1.0, 3.0])],
    "dict": {"a": 2.0, "b": np.array([1.0, 3.0])},
    "nested": {"w": [np.ones((2, 2)), (2.0,)], "b": {"c": np.array([1.0, 3.0])}},
    "namedtuple": Point(2.0, np.array([1.0, 3.0])),
    "dataclass": Registered(np.ones((2, 2)), 0.5),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name):
    p = CONTAINERS[name]

    def f(p):
        leaves = optree.tree_leaves(p)
        return sum(np.sum(leaf**3) for leaf in leaves)

    g = dr.grad(f)(p)
    assert optree.tree_structure(g) == optree.tree_structure(p)
    leaves = zip(optree.tree_leaves(g), optree.tree_leaves(p), strict=True)
    for got, leaf in leaves:
        np.testing.assert_array_equal(got, 3 * leaf**2)
        assert np.shape(got) == np.shape(leaf)
    ones = optree.tree_map(np.ones_like, p)
    expected = sum(np.sum(3 * leaf**2) for leaf in optree.tree_leaves(p))
    assert dr.jvp(f, (p,), (ones,))[1] == pytest.approx(expected, rel=1e-15)
    pulled = dr.vjp(f, p)[1](1.0)[0]
    assert optree.tree_structure(pulled) == optree.tree_structure(p)
    product = dr.hvp(f)(p, ones)
    for got, leaf in zip(optree.tree_leaves(product), optree.tree_leaves(p), strict=True):
        np.testing.assert_array_equal(got, 6 * leaf)


def test_container_outputs():
    f = lambda x: {"sum": np.sum(x), "parts": (x * 2, [x[0] * x[1]])}
    y, t = dr.jvp(f, (X,), (X,))
    assert y["sum"] == np.sum(X)
    np.testing.assert_array_equal(t["parts"][0], 2 * X)
    assert t["parts"][1][0] == 2 * X[0] * X[1]
    y, pullback = dr.vjp(f, X)
    ct = {"sum": 1.0, "parts": (np.zeros(3), [1.0])}
    np.testing.assert_array_equal(pullback(ct)[0], [1 + X[1], 1 + X[0], 1.0])
    for mode in ("forward", "reverse"):
        J = dr.jacobian(f, mode=mode)(X)
        np.testing.assert_array_equal(J["sum"], np.ones(3))
        np.testing.assert_array_equal(J["parts"][0], 2 * np.eye(3))
        np.testing.assert_array_equal(J["parts"][1][0], [X[1], X[0], 0.0])


def test_jacobian_in_a_container():
    f = lambda p: A @ p["x"] * p["s"]
    p = {"s": 2.0, "x": X}
    for mode in ("forward", "reverse", "auto"):
        J = dr.jacobian(f, mode=mode)(p)
        np.testing.assert_allclose(J["x"], 2 * A, rtol=1e-15)
        np.testing.assert_allclose(J["s"], A @ X, rtol=1e-15)


def test_a_structure_that_does_not_fit():
    f = lambda p: p["a"] * p["b"]
    p = {"a": 1.0, "b": 2.0}
    with pytest.raises((DualrevError, ValueError, TypeError)):
        dr.jvp(f, (p,), ({"a": 1.0},))
    with pytest.raises((DualrevError, ValueError, TypeError)):
        dr.jvp(lambda x: x, (X,), ((X, X),))
    with pytest.raises(ShapeError):
        dr.jvp(lambda x: x, (X,), (np.ones(2),))
    with pytest.raises(ShapeError):
        dr.vjp(lambda x: x, X)[1](np.ones(2))
    with pytest.raises((DualrevError, TypeError, ValueError)):
        dr.jvp(lambda x, y: x, (X, X), (X,))


def test_an_unregistered_object_is_refused():
    class Plain:
        x = 2.0

    with pytest.raises(InputError, match="Plain"):
        dr.grad(lambda p: p.x)(Plain())


WRONG_OUTPUTS = {
    "vector": (lambda x: x, "jacobian"),
    "matrix": (lambda x: np.outer(x, x), "jacobian"),
    "one-element array": (lambda x: x[:1], "shape|scalar"),
    "None": (lambda x: None, "None"),
    "integer": (lambda x: 3, "int"),
    "integer array": (lambda x: np.argmax(x), "int"),
    "boolean": (lambda x: x[0] > 0, "bool"),
    "complex": (lambda x: x[0] * 1j, "complex|real"),
    "string": (lambda x: "text", "str"),
    "object": (lambda x: object(), "object"),
    "tuple": (lambda x: (x[0], x[1]), "tuple|has_aux"),
    "dict": (lambda x: {"a": x[0]}, "dict|scalar"),
}


@pytest.mark.parametrize("name", WRONG_OUTPUTS)
def test_grad_of_something_that_is_no_real_scalar(name):
    f, words = WRONG_OUTPUTS[name]
    for transform in (dr.grad, dr.value_and_grad, dr.hessian):
        with pytest.raises(OutputError, match=words):
            transform(f)(X)


@pytest.mark.parametrize("f", [lambda x: None, lambda x: "text", lambda x: object()])
def test_other_operators_refuse_what_is_no_array(f):
    for operator in (
        lambda: dr.jvp(f, (X,), (X,)),
        lambda: dr.vjp(f, X),
        lambda: dr.linearize(f, X),
        lambda: dr.jacobian(f)(X),
        lambda: dr.jacobian(f, mode="forward")(X),
        lambda: dr.derivative(f)(1.0),
    ):
        with pytest.raises(OutputError):
            operator()


def test_aux_that_is_missing():
    with pytest.raises(OutputError, match=r"has_aux|pair|two"):
        dr.grad(lambda x: np.sum(x), has_aux=True)(X)


def test_things_that_are_not_functions():
    for transform in (dr.grad, dr.jacobian, dr.hessian, dr.derivative, dr.hvp):
        with pytest.raises(TypeError):
            transform(3.0)(X)
    with pytest.raises((DualrevError, ValueError), match="mode"):
        dr.jacobian(np.sin, mode="sideways")(X)


class Model:
    """Transforms work on bound methods and as decorators of functions with defaults."""

    def __init__(self, k):
        self.k = k

    def energy(self, x, power=2):
        return self.k * np.sum(x**power)


def test_bound_methods_and_callables():
    m = Model(3.0)
    np.testing.assert_array_equal(dr.grad(m.energy)(X), 6 * X)
    np.testing.assert_allclose(dr.grad(m.energy)(X, power=3), 9 * X**2, rtol=1e-15)
    np.testing.assert_array_equal(dr.grad(Model.energy, argnums=1)(m, X), 6 * X)
    np.testing.assert_array_equal(dr.jacobian(np.sin)(X), np.diag(np.cos(X)))
