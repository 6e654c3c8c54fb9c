"""Contractions: every form of operands, one-sided lanes, empty operands, NumPy's errors."""

import itertools

import numpy as np
import pytest

import dualrev as dr
from dualrev.rules.contraction import _cheapest

MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 2)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((4, 1, 2, 3), (2, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0, 2, 3), (3,)),
]
PAIRS = {
    "dot of numbers": (np.dot, (), ()),
    "dot of a number": (np.dot, (), (2, 3)),
    "dot with a vector": (np.dot, (2, 3, 4), (4,)),
    "dot of stacks": (np.dot, (2, 3, 4), (2, 4, 3)),
    "dot, vector first": (np.dot, (4,), (2, 4, 3)),
    "inner of numbers": (np.inner, (3,), ()),
    "inner of vectors": (np.inner, (3,), (3,)),
    "inner of stacks": (np.inner, (2, 2, 3), (4, 3)),
    "outer": (np.outer, (2, 2), (3,)),
    "linalg.outer": (np.linalg.outer, (2,), (3,)),
    "vdot": (np.vdot, (2, 3), (6,)),
    "vecdot": (np.vecdot, (2, 1, 3), (4, 3)),
    "linalg.vecdot": (lambda a, b: np.linalg.vecdot(a, b, axis=0), (3, 2), (3, 2)),
    "linalg.matmul": (np.linalg.matmul, (2, 3), (3, 2)),
    "tensordot of two axes": (np.tensordot, (2, 3, 4), (3, 4, 2)),
    "tensordot of none": (lambda a, b: np.tensordot(a, b, 0), (2,), (3,)),
    "tensordot of all": (lambda a, b: np.tensordot(a, b, 2), (2, 3), (2, 3)),
    "tensordot of one pair": (lambda a, b: np.tensordot(a, b, (0, -2)), (2, 3), (2, 4)),
    "tensordot, permuted": (
        lambda a, b: np.tensordot(a, b, ([2, 0], [0, 2])),
        (2, 3, 4),
        (4, 3, 2),
    ),
    "linalg.tensordot": (lambda a, b: np.linalg.tensordot(a, b, axes=1), (2, 3), (3, 2)),
    "kron": (np.kron, (2, 3), (2, 2)),
    "kron of vector and matrix": (np.kron, (3,), (2, 2)),
    "kron of a number": (np.kron, (), (2,)),
    "cross": (np.cross, (2, 3), (3,)),
    "cross along axes": (lambda a, b: np.cross(a, b, axisa=0, axisc=0), (3, 2), (2, 3)),
    "linalg.cross": (lambda a, b: np.linalg.cross(a, b, axis=0), (3, 2), (3, 2)),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a[0], b, a.T, b[:2, 0]]), (2, 3), (3, 3)),
}
for _name, _shapes in {"matvec": ((4, 2, 3), (4, 3)), "vecmat": ((4, 3), (4, 3, 2))}.items():
    if hasattr(np, _name):
        PAIRS[_name] = (getattr(np, _name), *_shapes)
PAIRS |= {f"matmul of {a} and {b}": (np.matmul, a, b) for a, b in MATMUL}


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("name", PAIRS)
def test_each_operand(name, position, rng, jac, complex_step, central):
    f, *shapes = PAIRS[name]
    operands = [rng.normal(size=s) for s in shapes]

    def g(x):
        return f(*operands[:position], x, *operands[position + 1 :])

    x = operands[position]
    if x.size == 0 or np.size(g(x)) == 0:
        assert jac(g, x).shape == np.shape(g(x)) + x.shape
        assert not np.any(jac(g, x))
        return
    if position == 0 and name.split(".")[-1] in ("vdot", "vecdot", "vecmat"):
        # Conjugated, so not analytic; differences of a linear function are exact to rounding.
        np.testing.assert_allclose(jac(g, x), central(g, x, h=1.0), rtol=1e-12, atol=1e-13)
    else:
        np.testing.assert_allclose(jac(g, x), complex_step(g, x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", PAIRS)
def test_lanes_of_either_or_both(name, rng):
    f, *shapes = PAIRS[name]
    for lanes in ((True, False), (False, True), (True, True)):
        a, b = (
            rng.normal(size=(3, *s) if own else s) for s, own in zip(shapes, lanes, strict=True)
        )
        many = dr.vmap(f, in_axes=tuple(0 if own else None for own in lanes))(a, b)
        loop = [f(a[k] if lanes[0] else a, b[k] if lanes[1] else b) for k in range(3)]
        np.testing.assert_allclose(many, np.stack(loop), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", [n for n in PAIRS if n != "multi_dot"])
def test_second_order_mixes_the_operands(name, rng):
    # For w . f(a, b) the mixed second derivative in the directions s, t is w . f(s, t).
    f, *shapes = PAIRS[name]
    a, b, s, t = (rng.normal(size=shape) for shape in shapes * 2)
    w = rng.normal(size=np.shape(f(a, b)))

    def along_b(a):
        return np.sum(dr.grad(lambda b: np.sum(w * f(a, b)))(b) * t)

    mixed = np.sum(dr.grad(along_b)(a) * s)
    np.testing.assert_allclose(mixed, np.sum(w * f(s, t)), rtol=1e-12, atol=1e-13)


def test_quadratic_form(rng):
    a, x = rng.normal(size=(4, 4)), rng.normal(size=4)

    def f(x):
        return x @ a @ x

    np.testing.assert_allclose(dr.grad(f)(x), (a + a.T) @ x, rtol=1e-13)
    np.testing.assert_allclose(dr.hessian(f)(x), a + a.T, rtol=1e-13)
    np.testing.assert_allclose(dr.grad(lambda a: x @ a @ x)(a), np.outer(x, x), rtol=1e-13)


def test_reflected_operators_and_lists(rng):
    a, x = rng.normal(size=(2, 3)), rng.normal(size=3)
    np.testing.assert_array_equal(dr.jacobian(lambda x: a @ x)(x), a)
    np.testing.assert_array_equal(dr.jacobian(lambda x: np.dot(a.tolist(), x))(x), a)
    np.testing.assert_array_equal(dr.jacobian(lambda x: a @ np.array([x[0], x[1], x[2]]))(x), a)
    np.testing.assert_array_equal(dr.jacobian(lambda x: x.dot(a.T))(x), a)


def test_out_of_a_plain_array_is_refused(rng):
    with pytest.raises(dr.EscapeError, match=r"np\.dot"):
        dr.grad(lambda x: np.dot(x, x, out=np.zeros(())))(rng.normal(size=3))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.matmul(x, x),
        lambda x: x @ 2.0,
        lambda x: np.dot(x, x),
        lambda x: np.tensordot(x, x, 1),
        lambda x: np.tensordot(x, x, ([0], [5])),
        lambda x: np.inner(x, x[:, :2]),
        lambda x: np.linalg.outer(x, x),
        lambda x: np.cross(np.ones(4), x[0]),
        lambda x: np.linalg.cross(x[:, :2], x[:, :2]),
        lambda x: np.linalg.multi_dot([x]),
        lambda x: np.linalg.multi_dot([x, x[0], x]),
    ],
)
def test_numpys_errors(call):
    x = np.ones((2, 3))
    with pytest.raises(Exception) as plain:  # noqa: PT011 - whatever NumPy raises
        call(x)
    with pytest.raises(plain.type):
        dr.jacobian(call)(x)


def test_cheapest_order_of_a_chain():
    # Cormen et al. (2022), Introduction to Algorithms, section 14.2: ((A1 (A2 A3)) ((A4 A5) A6)).
    sizes = [30, 35, 15, 5, 10, 20, 25]
    split = _cheapest(sizes)
    assert (split[0, 6], split[0, 3], split[3, 6]) == (3, 1, 5)


def test_chain_of_five_equals_the_product(rng):
    sizes = [2, 5, 3, 4, 2, 3]
    mats = [rng.normal(size=pair) for pair in itertools.pairwise(sizes)]
    for k, m in enumerate(mats):

        def chain(x, k=k):
            return np.linalg.multi_dot([*mats[:k], x, *mats[k + 1 :]])

        def product(x, k=k):
            y = np.eye(2)
            for a in [*mats[:k], x, *mats[k + 1 :]]:
                y = y @ a
            return y

        np.testing.assert_allclose(
            dr.jacobian(chain)(m), dr.jacobian(product)(m), rtol=1e-12, atol=1e-13
        )
