"""Singular vectors, QR and least squares: conventions, equal values, dependent columns, ranks."""

import numpy as np
import pytest

import dualrev as dr

CLOSE = {"rtol": 1e-10, "atol": 1e-11}
REFUSED = np.linalg.LinAlgError


def orthogonal(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def with_values(*values, shape):
    """Return a matrix with these singular values."""
    u, v = orthogonal(shape[0], 1), orthogonal(shape[1], 2)
    return (u[:, : len(values)] * values) @ v[: len(values)]


EQUAL = {
    "identity": np.eye(3),
    "tall": with_values(2.0, 2.0, 1.0, shape=(4, 3)),
    "wide": with_values(2.0, 1.0, 1.0, shape=(3, 4)),
}


# --------------------------------------------------------------------------------------------------
# Singular values


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("a", EQUAL.values(), ids=EQUAL)
def test_symmetric_functions_of_equal_singular_values(a, mode):
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    for f, want in ((lambda s: np.sum(s**2), 2 * a), (np.sum, u @ vh)):
        found = dr.jacobian(lambda a, f=f: f(np.linalg.svdvals(a)), mode=mode)(a)
        np.testing.assert_allclose(found, want, **CLOSE)
    if mode == "reverse":
        found = dr.grad(lambda a: np.sum(np.linalg.svd(a)[1] ** 2))(a)
        np.testing.assert_allclose(found, 2 * a, **CLOSE)


def exponential(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.sum((u * np.exp(s)) @ vh)


def test_what_tells_equal_singular_values_apart_is_refused():
    cases = {
        "svdvals": lambda a: np.linalg.svdvals(a)[0],
        "svd": lambda a: np.linalg.svd(a)[1][1],
    }
    for name, f in cases.items():
        with pytest.raises(
            REFUSED, match=rf"{name}: the singular values at indices \[0, 1\] are eq"
        ):
            dr.grad(f)(EQUAL["tall"])
    for f in (
        lambda a: np.linalg.svd(a)[0][0, 0] ** 2,
        lambda a: np.linalg.svd(a)[2][1, 0] ** 2,
        exponential,
    ):
        with pytest.raises(REFUSED, match=r"indices \[0, 1\]"):
            dr.grad(f)(EQUAL["tall"])
        with pytest.raises(REFUSED, match=r"indices \[0, 1\]"):
            dr.jacobian(f, mode="forward")(EQUAL["tall"])


def test_a_vector_that_stands_alone_has_a_derivative():
    # v₃ of A is the eigenvector of AᵀA that stands alone.
    a = EQUAL["tall"]
    e = np.arange(9.0).reshape(3, 3)

    def by_svd(a):
        v = np.linalg.svd(a, full_matrices=False)[2][2]
        return v @ e @ v

    def by_eigh(a):
        v = np.linalg.eigh(a.T @ a)[1][:, 0]
        return v @ e @ v

    np.testing.assert_allclose(dr.grad(by_svd)(a), dr.grad(by_eigh)(a), **CLOSE)


def test_norms_are_convex_also_at_equal_singular_values(jac):
    # The point of the subdifferential in which equal values share equally, exact or to rounding.
    for a in (np.eye(2), orthogonal(3, 5)):
        u, _, vh = np.linalg.svd(a)
        n = len(a)
        for ord, want in ((2, u @ vh / n), (-2, u @ vh / n), ("nuc", u @ vh)):
            J = jac(lambda a, ord=ord: np.linalg.norm(a, ord), a)
            np.testing.assert_allclose(J, want, **CLOSE)
        np.testing.assert_allclose(jac(np.linalg.cond, a), np.zeros((n, n)), atol=1e-14)


def test_values_of_zero(jac):
    a = np.outer([1.0, 2.0, 2.0], [3.0, 4.0]) / 15
    J = jac(np.linalg.svdvals, a)
    np.testing.assert_allclose(J[0], a, **CLOSE)
    assert not J[1].any()
    # A vector of the value zero may only turn where it is alone.
    with pytest.raises(REFUSED, match="svd: the singular value at index 1 is zero"):
        dr.jacobian(lambda a: np.linalg.svd(a, full_matrices=False)[0][:, 1] ** 2, mode="reverse")(
            a
        )
    found = dr.grad(lambda a: np.linalg.svd(a, full_matrices=False)[2][0, 0] ** 2)(a)
    want = dr.grad(lambda a: np.linalg.eigh(a.T @ a)[1][0, 1] ** 2)(a)
    np.testing.assert_allclose(found, want, **CLOSE)


def test_phases_of_complex_pairs():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
    weights = rng.normal(size=(3, 2)) * (1 - 2j)
    with pytest.raises(REFUSED, match=r"svd: .*phases.* at indices \[0, 1\]"):
        dr.grad(lambda a: np.sum(weights * np.linalg.svd(a, full_matrices=False)[0]).real)(a)
    # A phase that both vectors share drops out of their product.
    found = dr.grad(lambda a: np.sum(weights * np.matmul(*polar(a))).real)(a)
    e = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
    slope = dr.jvp(lambda a: np.sum(weights * np.matmul(*polar(a))).real, (a,), (e,))[1]
    np.testing.assert_allclose(np.sum(np.conj(found) * e).real, slope, rtol=1e-12)
    h = 1e-5
    change = np.sum(weights * (np.matmul(*polar(a + h * e)) - np.matmul(*polar(a - h * e)))).real
    np.testing.assert_allclose(slope, change / (2 * h), rtol=1e-7)


def polar(a):
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return u, vh


@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_columns_that_complete_a_basis(shape):
    a = np.random.default_rng(4).normal(size=shape)

    def added(a):
        u, _, vh = np.linalg.svd(a)
        return u[:, 2:] if shape[0] > 2 else vh[2:].T

    def on_range(a):
        return a @ np.linalg.pinv(a) if shape[0] > 2 else np.linalg.pinv(a) @ a

    found = dr.jacobian(lambda a: added(a) @ added(a).T)(a)
    np.testing.assert_allclose(found, -dr.jacobian(on_range)(a), **CLOSE)
    with pytest.raises(REFUSED, match="svd: the result depends on the columns that complete"):
        dr.grad(lambda a: added(a)[0, 1] ** 2)(a)


OPTIONS = [
    {},
    {"full_matrices": False},
    {"compute_uv": False},
    {"hermitian": True},
    {"hermitian": True, "compute_uv": False},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_of_svd(options):
    for a in (np.diag([1.0, -2.0, 0.0]), orthogonal(3, 7) * [1.0, 2.0, 4.0]):
        want, met = np.linalg.svd(a, **options), []
        dr.vjp(lambda a, met=met: met.append(np.linalg.svd(a, **options)) or np.sum(a), a)
        assert not isinstance(want, tuple) or type(met[0]) is type(want)
        pairs = zip(met[0], want, strict=True) if isinstance(want, tuple) else [(met[0], want)]
        for found, value in pairs:
            np.testing.assert_array_equal(dr.value(found), value)


# --------------------------------------------------------------------------------------------------
# QR


@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3, 3), (2, 4, 2)], ids=str)
def test_modes_of_qr(shape, mode):
    a = np.random.default_rng(6).normal(size=shape)
    want, met = np.linalg.qr(a, mode), []
    dr.vjp(lambda a: met.append(np.linalg.qr(a, mode)) or np.sum(a), a)
    pairs = [(met[0], want)] if mode == "r" else zip(met[0], want, strict=True)
    assert mode == "r" or type(met[0]) is type(want)
    for found, value in pairs:
        np.testing.assert_array_equal(dr.value(found), value)


def test_the_product_of_the_factors_is_the_matrix():
    for shape in ((3, 2), (2, 3)):
        rng = np.random.default_rng(7)
        a, e = (rng.normal(size=shape) + 1j * rng.normal(size=shape) for _ in range(2))
        (q, r), (dq, dr_) = dr.jvp(lambda a: tuple(np.linalg.qr(a)), (a,), (e,))
        np.testing.assert_allclose(dq @ r + q @ dr_, e, **CLOSE)
        np.testing.assert_allclose(dq.conj().T @ q + q.conj().T @ dq, 0, atol=1e-14)
        assert not np.tril(dr_, -1).any()
        np.testing.assert_allclose(np.diagonal(dr_).imag, 0, atol=1e-13)


def test_completed_q_counts_by_its_space():
    a = np.random.default_rng(8).normal(size=(4, 2))

    def added(a):
        return np.linalg.qr(a, "complete").Q[:, 2:]

    found = dr.jacobian(lambda a: added(a) @ added(a).T)(a)
    np.testing.assert_allclose(found, dr.jacobian(lambda a: -a @ np.linalg.pinv(a))(a), **CLOSE)
    with pytest.raises(REFUSED, match="qr: the result depends on the columns that complete"):
        dr.grad(lambda a: added(a)[0, 0] ** 2)(a)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_dependent_columns_are_refused(mode):
    a = np.outer([1.0, 2.0, 3.0], [1.0, 0.5])
    with pytest.raises(REFUSED, match=r"qr: columns \[1\] depend"):
        dr.jacobian(lambda a: np.linalg.qr(a)[1], mode=mode)(a)
    # Columns to the right of a regular square may depend on it.
    dr.jacobian(lambda a: np.linalg.qr(a)[1], mode=mode)(
        np.array([[1.0, 2.0, 3.0], [0.5, 3.0, 3.5]])
    )


def test_errors_of_qr():
    with pytest.raises(dr.UnsupportedError, match="raw"):
        dr.vjp(lambda a: np.linalg.qr(a, "raw"), np.eye(2))
    with pytest.raises(ValueError, match="Unrecognized mode"):
        dr.vjp(lambda a: np.linalg.qr(a, "other"), np.eye(2))
    for f in (np.linalg.qr, np.linalg.svd):
        with pytest.raises(np.linalg.LinAlgError):
            dr.vjp(f, np.ones(3))


# --------------------------------------------------------------------------------------------------
# Least squares


@pytest.mark.parametrize(
    "shapes",
    [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((3, 3), (3, 2)), ((4, 2), (4, 0))],
    ids=str,
)
@pytest.mark.parametrize("rcond", [None, 1e-9, -1])
def test_outputs_of_lstsq(shapes, rcond):
    rng = np.random.default_rng(9)
    a, b = (rng.normal(size=s) for s in shapes)
    want, met = np.linalg.lstsq(a, b, rcond), []
    dr.vjp(lambda a, b: met.append(np.linalg.lstsq(a, b, rcond)) or np.sum(a), a, b)
    found = met[0]
    assert type(found[2]) is type(want[2])
    for one, other in zip(found, want, strict=True):
        np.testing.assert_array_equal(dr.value(one), other)
    range(found[2])  # the rank is a plain number


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_least_squares_by_normal_equations(mode):
    rng = np.random.default_rng(10)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))

    def rest(a, x):
        return np.sum((b - a @ x) ** 2, axis=0)

    def normal(a):
        return np.linalg.solve(a.T @ a, a.T @ b)

    for k, other in ((0, normal), (1, lambda a: rest(a, normal(a))), (3, np.linalg.svdvals)):
        found = dr.jacobian(lambda a, k=k: np.linalg.lstsq(a, b)[k], mode=mode)(a)
        np.testing.assert_allclose(found, dr.jacobian(other, mode=mode)(a), **CLOSE)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_least_squares_at_constant_rank(mode):
    # (u vᵀ)⁺ b = v uᵀb / |u|²|v|²
    rng = np.random.default_rng(11)
    u, v, b = rng.normal(size=4), rng.normal(size=3), rng.normal(size=4)
    found = dr.jacobian(lambda u: np.linalg.lstsq(np.outer(u, v), b)[0], mode=mode)(u)
    want = dr.jacobian(lambda u: v * (u @ b) / (u @ u) / (v @ v), mode=mode)(u)
    np.testing.assert_allclose(found, want, **CLOSE)
    met = []
    dr.vjp(lambda u: met.append(np.linalg.lstsq(np.outer(u, v), b)) or np.sum(u), u)
    assert met[0][2] == 1
    assert met[0][1].shape == (0,)


def test_a_cutoff_that_drops_more_than_rounding_is_refused():
    a, b = np.array([[1.0, 0.2], [0.0, 0.1]]), np.ones(2)
    for f in (lambda a: np.linalg.pinv(a, 0.5), lambda a: np.linalg.lstsq(a, b, 0.5)[0]):
        for mode in ("forward", "reverse"):
            with pytest.raises(REFUSED, match="cutoff"):
                dr.jacobian(f, mode=mode)(a)


def test_ranks_in_lanes():
    rng = np.random.default_rng(12)
    a, b = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 4))
    np.testing.assert_array_equal(dr.vmap(lambda a, b: np.linalg.lstsq(a, b)[2])(a, b), [2, 2, 2])


def test_errors_of_lstsq():
    for a, b in (
        (np.ones(3), np.ones(3)),
        (np.ones((3, 2)), np.ones((3, 2, 2))),
        (np.ones((3, 2)), np.ones(2)),
    ):
        with pytest.raises(np.linalg.LinAlgError):
            np.linalg.lstsq(a, b)
        with pytest.raises(np.linalg.LinAlgError):
            dr.vjp(np.linalg.lstsq, a, b)


# --------------------------------------------------------------------------------------------------
# Pseudoinverses and condition numbers


@pytest.mark.parametrize(
    "options",
    [{}, {"rcond": np.array([1e-12, 1e-3])}, {"rtol": None}, {"rtol": 1e-9}, {"hermitian": True}],
    ids=str,
)
def test_options_of_pinv(options):
    rng = np.random.default_rng(13)
    a = rng.normal(size=(2, 3, 3)) + np.diag([3.0, 4.0, -3.0])
    y, pullback = dr.vjp(lambda a: np.linalg.pinv(a, **options), a)
    np.testing.assert_array_equal(y, np.linalg.pinv(a, **options))
    (g,) = pullback(np.ones_like(y))
    assert not options.get("hermitian") or not np.triu(g, 1).any()


def test_singular_matrices_have_an_infinite_condition():
    a = np.ones((2, 2))
    for p in (1, -1, np.inf, "fro"):
        assert dr.vjp(lambda a, p=p: np.linalg.cond(a, p), a)[0] == np.linalg.cond(a, p) == np.inf
    both = np.stack([a, np.diag([1.0, 4.0])])
    value, pullback = dr.vjp(lambda a: np.linalg.cond(a, 1), both)
    np.testing.assert_array_equal(value, np.linalg.cond(both, 1))
    np.testing.assert_allclose(
        pullback(np.array([0.0, 1.0]))[0][1], np.diag([-4.0, 1.0]), rtol=1e-14
    )
    for p in (None, 1):
        with pytest.raises(np.linalg.LinAlgError, match="empty"):
            dr.vjp(lambda a, p=p: np.linalg.cond(a, p), np.ones((2, 0, 0)))
