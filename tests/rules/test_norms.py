"""Norms of every order, at zero and at ties; singular values."""

import numpy as np
import pytest

import dualrev as dr

VECTOR = [None, 2, 1, -1, np.inf, -np.inf, 0, 3, 1.5, 0.5, -2]
MATRIX = [None, "fro", 1, -1, 2, -2, np.inf, -np.inf, "nuc"]
NEAR = {"rtol": 1e-7, "atol": 1e-8}


def away(rng, *shape):
    x = rng.normal(size=shape)
    return x + 0.4 * np.sign(x)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("ord", VECTOR, ids=str)
def test_vector_norms(ord, axis, keepdims, rng, jac, central):
    x = away(rng, 4) if axis is None else away(rng, 2, 3)

    def f(x):
        return np.linalg.norm(x, ord, axis, keepdims)

    np.testing.assert_allclose(dr.vjp(f, x)[0], f(x), rtol=1e-14)
    np.testing.assert_allclose(jac(f, x), central(f, x), **NEAR)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, (0, 2), (2, 1), (-1, 0)], ids=str)
@pytest.mark.parametrize("ord", MATRIX, ids=str)
def test_matrix_norms(ord, axis, keepdims, rng, jac, central):
    x = away(rng, 2, 3) if axis is None else away(rng, 2, 3, 2)

    def f(x):
        return np.linalg.norm(x, ord, axis, keepdims)

    np.testing.assert_allclose(dr.vjp(f, x)[0], f(x), rtol=1e-13)
    np.testing.assert_allclose(jac(f, x), central(f, x), **NEAR)


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.norm,
        lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=3),
        lambda x: np.linalg.vector_norm(x, keepdims=True),
        lambda x: np.linalg.matrix_norm(x),
        lambda x: np.linalg.matrix_norm(x, ord="nuc", keepdims=True),
        lambda x: np.linalg.norm(x[0, 0, 0]),
        np.linalg.svdvals,
        lambda x: np.linalg.svd(x, compute_uv=False),
        *(lambda x, p=p: np.linalg.cond(x[:, :2], p) for p in (None, 2, -2, 1, -np.inf, "fro")),
    ],
)
def test_other_forms(f, rng, jac, central):
    x = away(rng, 2, 3, 2)
    np.testing.assert_allclose(jac(f, x), central(f, x), **NEAR)


@pytest.mark.parametrize("ord", [o for o in VECTOR if o != 0], ids=str)
def test_a_vector_norm_at_zero(ord, jac):
    def f(x):
        return np.linalg.norm(x, ord)

    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(jac(f, np.zeros(3)), np.zeros(3))
    if ord in (None, 2):
        np.testing.assert_array_equal(dr.hessian(f)(np.zeros(2)), np.zeros((2, 2)))


@pytest.mark.parametrize("ord", MATRIX, ids=str)
def test_a_matrix_norm_at_zero(ord, jac):
    zero = np.zeros((2, 3))
    np.testing.assert_array_equal(jac(lambda x: np.linalg.norm(x, ord), zero), zero)


@pytest.mark.parametrize(
    ("ord", "slope"), [(None, 1), (1, 1), (np.inf, 1), (3, 1), (0.5, 1), (-np.inf, 0), (-1, 0)]
)
def test_zeros_among_the_entries(ord, slope, jac):
    x = np.array([0.0, 2.0, 0.0])
    with np.errstate(divide="ignore"):
        J = jac(lambda x: np.linalg.norm(x, ord), x)
    np.testing.assert_allclose(J, [0, slope, 0], atol=1e-14)


def test_ties_share_equally(jac):
    x = np.array([2.0, -2.0, 1.0])
    J = jac(lambda x: np.linalg.norm(x, np.inf), x)
    np.testing.assert_array_equal(J, [0.5, -0.5, 0])
    for ord in (1, 2, np.inf):
        J = jac(lambda x, ord=ord: np.linalg.norm(x, ord), np.eye(2))
        np.testing.assert_allclose(J, np.eye(2) / 2, atol=1e-15)


def test_distance_to_a_point_that_is_reached(jac):
    # One point lies on the centre: its distance contributes nothing, and no NaN.
    points = np.array([[3.0, 4.0], [0.0, 0.0]])
    J = jac(lambda c: np.sum(np.linalg.norm(points - c, axis=1)), np.zeros(2))
    np.testing.assert_allclose(J, [-0.6, -0.8], rtol=1e-15)


def test_hessian_of_the_euclidean_norm(rng):
    x = rng.normal(size=3)
    r = np.sqrt(x @ x)
    H = dr.hessian(np.linalg.norm)(x)
    np.testing.assert_allclose(H, (np.eye(3) - np.outer(x, x) / r**2) / r, rtol=1e-13)


def test_second_derivatives_of_singular_values(rng, central):
    a = rng.normal(size=(3, 2))
    for f in (lambda a: np.linalg.norm(a, 2), lambda a: np.linalg.norm(a, "nuc")):
        H = central(dr.grad(f), a)
        np.testing.assert_allclose(dr.hessian(f)(a), H, **NEAR)
        np.testing.assert_allclose(dr.jacobian(dr.grad(f), mode="reverse")(a), H, **NEAR)


def test_orders_that_numpy_refuses():
    calls = [
        (lambda x: np.linalg.norm(x, "fro"), np.ones(3)),
        (lambda x: np.linalg.norm(x, 3), np.ones((2, 2))),
        (lambda x: np.linalg.norm(x, "abc"), np.ones((2, 2))),
        (lambda x: np.linalg.norm(x, 2), np.ones((2, 2, 2))),
        (lambda x: np.linalg.norm(x, 2, (0, 0)), np.ones((2, 2))),
        (lambda x: np.linalg.norm(x, 2, (0, 5)), np.ones((2, 2))),
    ]
    for call, x in calls:
        with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
            call(x)
        with pytest.raises(ValueError, match=r"norm|axes|axis|dimensions"):
            dr.vjp(call, x)
