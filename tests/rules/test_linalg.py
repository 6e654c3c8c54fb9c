"""Systems, inverses and Cholesky factors: shapes of the right-hand side, one triangle, errors."""

import numpy as np
import pytest

import dualrev as dr

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def regular(rng, *shape):
    return rng.normal(size=shape) + 3 * np.eye(shape[-1])


def positive(rng, *shape):
    a = rng.normal(size=shape)
    return a @ np.swapaxes(a, -1, -2) + 2 * np.eye(shape[-1])


SYSTEMS = [
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((2, 3, 3), (3,)),
    ((2, 3, 3), (3, 2)),
    ((2, 3, 3), (2, 3, 2)),
    ((2, 1, 2, 2), (3, 2, 1)),
    ((2, 2), (3, 2, 4)),
    ((1, 1), (1,)),
]
OTHERS = {
    "inv": (np.linalg.inv, (3, 3)),
    "inv of a stack": (np.linalg.inv, (2, 2, 2)),
    "power 0": (lambda a: np.linalg.matrix_power(a, 0), (3, 3)),
    "power 1": (lambda a: np.linalg.matrix_power(a, 1), (3, 3)),
    "power 5": (lambda a: np.linalg.matrix_power(a, 5) / 100, (3, 3)),
    "power -3": (lambda a: np.linalg.matrix_power(a, -3), (2, 2, 2)),
    "tensorinv": (lambda a: np.linalg.tensorinv(a.reshape(4, 2, 2), 1), (4, 4)),
    "tensorsolve": (lambda a: np.linalg.tensorsolve(a.reshape(2, 2, 4), np.eye(2)), (4, 4)),
    "tensorsolve along axes": (
        lambda a: np.linalg.tensorsolve(a.reshape(2, 2, 4), np.ones(4), axes=(0, 1)),
        (4, 4),
    ),
}


@pytest.mark.parametrize("shapes", SYSTEMS, ids=str)
def test_solve(shapes, rng, jac, complex_step):
    a, b = regular(rng, *shapes[0]), rng.normal(size=shapes[1])
    for f, x in ((lambda a: np.linalg.solve(a, b), a), (lambda b: np.linalg.solve(a, b), b)):
        np.testing.assert_allclose(jac(f, x), complex_step(f, x), **CLOSE)


@pytest.mark.parametrize("shapes", SYSTEMS, ids=str)
def test_solve_with_lanes_on_one_side(shapes, rng):
    a, b = regular(rng, 3, *shapes[0]), rng.normal(size=(3, *shapes[1]))
    solve = np.linalg.solve
    cases = [
        (dr.vmap(solve)(a, b), [solve(p, q) for p, q in zip(a, b, strict=True)]),
        (dr.vmap(lambda p: solve(p, b[0]))(a), [solve(p, b[0]) for p in a]),
        (dr.vmap(lambda q: solve(a[0], q))(b), [solve(a[0], q) for q in b]),
    ]
    for many, loop in cases:
        np.testing.assert_allclose(many, np.stack(loop), **CLOSE)


@pytest.mark.parametrize("name", OTHERS)
def test_others(name, rng, jac, complex_step):
    f, shape = OTHERS[name]
    a = regular(rng, *shape)
    np.testing.assert_allclose(jac(f, a), complex_step(f, a), **CLOSE)


def test_quadratic_form_of_an_inverse(rng):
    # d/dA bᵀ A⁻¹ b = -(A⁻ᵀ b)(A⁻¹ b)ᵀ; the second derivative along E is 2 bᵀ (A⁻¹E)² A⁻¹ b.
    a, b, e = regular(rng, 3, 3), rng.normal(size=3), rng.normal(size=(3, 3))

    def f(a):
        return b @ np.linalg.solve(a, b)

    inverse = np.linalg.inv(a)
    np.testing.assert_allclose(dr.grad(f)(a), -np.outer(inverse.T @ b, inverse @ b), **CLOSE)
    second = dr.derivative(lambda s: f(a + s * e), order=2)(0.0)
    np.testing.assert_allclose(second, 2 * b @ inverse @ e @ inverse @ e @ inverse @ b, **CLOSE)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3)], ids=str)
def test_cholesky_reads_one_triangle(shape, upper, rng, jac, central):
    a = positive(rng, *shape)
    a = a + (np.tril(rng.normal(size=shape), -1) if upper else np.triu(rng.normal(size=shape), 1))

    def f(a):
        return np.linalg.cholesky(a, upper=upper)

    J = jac(f, a)
    np.testing.assert_allclose(J, central(f, a), rtol=1e-8, atol=1e-9)
    unread = np.tril(np.ones(shape), -1) if upper else np.triu(np.ones(shape), 1)
    assert not np.any(J[..., unread == 1])


def test_cholesky_of_a_product(rng):
    # log det(B Bᵀ) = 2 Σ log Lᵢᵢ has the gradient 2 B⁻ᵀ, and the Hessian of a regular log det.
    b = regular(rng, 3, 3)

    def by_factor(b):
        return 2 * np.sum(np.log(np.diagonal(np.linalg.cholesky(b @ b.T))))

    np.testing.assert_allclose(dr.grad(by_factor)(b), 2 * np.linalg.inv(b).T, **CLOSE)
    by_sign = dr.hessian(lambda b: 2 * np.linalg.slogdet(b)[1])(b)
    np.testing.assert_allclose(dr.hessian(by_factor)(b), by_sign, **CLOSE)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (2, 3, 2)], ids=str)
def test_pseudoinverse(shape, rng, jac, central):
    a = rng.normal(size=shape)
    np.testing.assert_allclose(jac(np.linalg.pinv, a), central(np.linalg.pinv, a), atol=1e-7)


def test_pseudoinverse_of_a_singular_matrix_at_constant_rank(rng):
    # (v vᵀ)⁺ = v vᵀ / |v|⁴
    v = rng.normal(size=3)
    J = dr.jacobian(lambda v: np.linalg.pinv(np.outer(v, v)))(v)
    exact = dr.jacobian(lambda v: np.outer(v, v) / np.sum(v * v) ** 2)(v)
    np.testing.assert_allclose(J, exact, rtol=1e-10, atol=1e-12)
    y, _ = dr.vjp(lambda v: np.linalg.pinv(np.outer(v, v), rtol=None), v)
    np.testing.assert_allclose(y, np.linalg.pinv(np.outer(v, v), rtol=None), rtol=1e-13)


def test_rank_is_a_constant(rng):
    a = rng.normal(size=(3, 3))
    gradient = dr.grad(lambda a: np.linalg.matrix_rank(a) * a[0, 1])(a)
    np.testing.assert_array_equal(gradient, [[0, 3, 0], [0, 0, 0], [0, 0, 0]])


def test_empty_matrices():
    empty = np.zeros((0, 0))
    assert dr.jacobian(np.linalg.inv)(empty).shape == (0, 0, 0, 0)
    assert dr.jacobian(lambda b: np.linalg.solve(empty, b))(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    np.testing.assert_array_equal(
        dr.jacobian(lambda x: np.linalg.inv(x[:0, :0]).sum())(np.eye(2)), np.zeros((2, 2))
    )


@pytest.mark.parametrize(
    ("call", "x"),
    [
        (lambda a: np.linalg.solve(a, np.ones(2)), np.zeros((2, 2))),
        (np.linalg.inv, np.zeros((2, 2))),
        (np.linalg.inv, np.ones((2, 3))),
        (np.linalg.inv, np.ones(3)),
        (np.linalg.det, np.ones((2, 3))),
        (np.linalg.slogdet, np.ones(3)),
        (np.linalg.cholesky, -np.eye(2)),
        (np.linalg.cholesky, np.ones((2, 3))),
        (np.linalg.svdvals, np.ones(3)),
        (lambda a: np.linalg.matrix_power(a, 2), np.ones((2, 3))),
        (lambda a: np.linalg.tensorsolve(a, np.ones(2)), np.ones((2, 3))),
    ],
)
def test_linalg_errors(call, x):
    with pytest.raises(np.linalg.LinAlgError):
        call(x)
    for transform in (dr.jacobian(call, mode="forward"), dr.jacobian(call, mode="reverse")):
        with pytest.raises(np.linalg.LinAlgError):
            transform(x)


def test_other_errors():
    with pytest.raises(TypeError, match="integer"):
        dr.vjp(lambda a: np.linalg.matrix_power(a, 0.5), np.eye(2))
    with pytest.raises(ValueError, match="ind"):
        dr.vjp(lambda a: np.linalg.tensorinv(a, 0), np.eye(2))
    with pytest.raises(ValueError, match="both set"):
        dr.vjp(lambda a: np.linalg.pinv(a, 1e-3, rtol=1e-3), np.eye(2))
    with pytest.raises(dr.EscapeError, match="cutoff"):
        dr.vmap(lambda a: np.linalg.pinv(np.eye(2) * 2.0 + a, a))(np.array([0.1, 0.2]))


def test_traced_cutoff():
    """The cutoff decides the rank, which is locally constant: pinv(a I) = I / a."""
    for mode in (dr.grad, dr.derivative):
        slope = mode(lambda a: np.sum(np.linalg.pinv(a * np.eye(2), a)))(0.1)
        np.testing.assert_allclose(slope, -200.0, rtol=1e-13)
