"""Determinants, also of singular matrices, where inverses have nothing to say."""

import itertools

import numpy as np
import pytest

import dualrev as dr


def of_rank(rng, n, rank):
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))


def cofactors(a):
    """The minors, one by one."""
    n = len(a)
    minors = [
        [np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(n)] for i in range(n)
    ]
    return np.array(minors) * (-1.0) ** np.add.outer(np.arange(n), np.arange(n))


def mixed(s, t, a):
    """The second derivative of a 3 × 3 determinant: its multilinear form, by permutations."""
    orders = itertools.permutations((s, t, a))
    return sum(np.linalg.det(np.stack([p[0][0], p[1][1], p[2][2]])) for p in orders)


@pytest.mark.parametrize(("n", "rank"), [(n, rank) for n in (1, 2, 3, 5) for rank in range(n + 1)])
def test_gradient_is_the_cofactor_matrix(n, rank, rng, jac):
    a = of_rank(rng, n, rank)
    np.testing.assert_allclose(jac(np.linalg.det, a), cofactors(a), rtol=1e-9, atol=1e-11)
    if rank < n - 1:
        np.testing.assert_allclose(jac(np.linalg.det, a), np.zeros((n, n)), atol=1e-11)


@pytest.mark.parametrize("condition", [1e0, 1e3, 1e5, 1e8, 1e12, np.inf])
def test_second_derivative_at_every_condition(condition, rng):
    u, _, vh = np.linalg.svd(rng.normal(size=(3, 3)))
    a = u @ np.diag([1.0, 0.7, 1 / condition]) @ vh
    s, t = rng.normal(size=(2, 3, 3))
    along = dr.jvp(lambda a: np.sum(dr.grad(np.linalg.det)(a) * t), (a,), (s,))[1]
    np.testing.assert_allclose(along, mixed(s, t, a), rtol=1e-10, atol=1e-11)
    along = np.sum(dr.grad(lambda a: dr.jvp(np.linalg.det, (a,), (t,))[1])(a) * s)
    np.testing.assert_allclose(along, mixed(s, t, a), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_hessian_by_differences(rank, rng, central):
    a = of_rank(rng, 4, rank)
    H = dr.hessian(np.linalg.det)(a)
    np.testing.assert_allclose(H, central(cofactors, a), rtol=1e-8, atol=1e-8)


def test_third_derivative(rng):
    # That of a 3 × 3 determinant is the constant multilinear form.
    a, s, t, w = rng.normal(size=(4, 3, 3))
    a = a + 3 * np.eye(3)

    def along(direction, f):
        return lambda x: dr.jvp(f, (x,), (direction,))[1]

    third = along(s, along(t, along(w, np.linalg.det)))
    np.testing.assert_allclose(third(a), mixed(s, t, w), rtol=1e-9)
    reverse = np.sum(dr.grad(along(t, along(w, np.linalg.det)))(a) * s)
    np.testing.assert_allclose(reverse, mixed(s, t, w), rtol=1e-9)
    with pytest.raises(np.linalg.LinAlgError):
        third(of_rank(rng, 3, 2))
    with pytest.raises(np.linalg.LinAlgError, match="condition number"):
        third(np.diag([1.0, 1.0, 1e-9]))


def test_a_stack_of_every_rank(rng, jac):
    stack = np.stack([of_rank(rng, 3, rank) for rank in (3, 2, 1, 0)])
    J = jac(np.linalg.det, stack)
    for i, a in enumerate(stack):
        np.testing.assert_allclose(J[i, i], cofactors(a), rtol=1e-9, atol=1e-12)
    assert not np.any(J[0, 1:])
    lanes = dr.vmap(dr.grad(np.linalg.det))(stack)
    np.testing.assert_allclose(lanes, [cofactors(a) for a in stack], rtol=1e-9, atol=1e-12)
    many = dr.vmap(dr.hessian(np.linalg.det))(stack)
    one = np.stack([dr.hessian(np.linalg.det)(a) for a in stack])
    np.testing.assert_allclose(many, one, rtol=1e-9, atol=1e-12)


def test_empty_and_not_finite():
    assert dr.grad(np.linalg.det)(np.zeros((0, 0))).shape == (0, 0)
    a = np.eye(2)
    a[0, 0] = np.nan
    with pytest.warns(RuntimeWarning, match="det"):
        np.linalg.det(a)
    with pytest.warns(RuntimeWarning, match="det"):
        gradient = dr.grad(np.linalg.det)(a)
    assert np.isnan(gradient).any()


def test_slogdet_is_a_named_pair(rng, jac, complex_step):
    a = rng.normal(size=(2, 3, 3)) + 3 * np.eye(3)

    def f(a):
        pair = np.linalg.slogdet(a)
        assert type(pair) is type(np.linalg.slogdet(np.eye(1)))
        return pair.sign * np.exp(pair.logabsdet)

    np.testing.assert_allclose(jac(f, a), complex_step(np.linalg.det, a), rtol=1e-10, atol=1e-11)
    sign = jac(lambda a: np.linalg.slogdet(a)[0], a)
    np.testing.assert_array_equal(sign, np.zeros((2, 2, 3, 3)))


def test_hessian_where_the_logarithm_is_zero():
    # d²(log det)² = 2 (tr dA)² at the identity, although the outer cotangent is zero there.
    H = dr.hessian(lambda a: np.linalg.slogdet(a)[1] ** 2)(np.eye(2))
    np.testing.assert_allclose(H.reshape(4, 4), 2 * np.outer(np.eye(2), np.eye(2)), atol=1e-14)


def test_slogdet_of_a_singular_matrix():
    a = np.ones((2, 2))

    def sign_only(a):
        return np.linalg.slogdet(a).sign + a[0, 1]

    np.testing.assert_array_equal(dr.grad(sign_only)(a), [[0, 1], [0, 0]])
    assert np.isnan(dr.grad(lambda a: np.linalg.slogdet(a)[1])(a)).all()
    pair = dr.vjp(lambda a: tuple(np.linalg.slogdet(a)), a)[0]
    assert pair == (0.0, -np.inf)
