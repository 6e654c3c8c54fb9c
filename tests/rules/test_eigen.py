"""Eigenvalues and eigenvectors: one triangle, phases, equal eigenvalues, defective matrices."""

import mpmath
import numpy as np
import pytest
import scipy.linalg

import dualrev as dr

CLOSE = {"rtol": 1e-10, "atol": 1e-11}
REFUSED = np.linalg.LinAlgError


def turned(values, seed=3, kind=float):
    """Return a Hermitian matrix with these eigenvalues."""
    rng = np.random.default_rng(seed)
    n = len(values)
    q = rng.normal(size=(n, n)) + (1j * rng.normal(size=(n, n)) if kind is complex else 0)
    q = np.linalg.qr(q)[0]
    a = (q * np.array(values)) @ q.conj().T
    return (a + a.conj().T) / 2


EQUAL = {
    "identity": np.eye(3),
    "diagonal": np.diag([1.0, 1.0, 2.0]),
    "zero": np.zeros((2, 2)),
    "turned": turned([1.0, 1.0, 2.0]),
    "two pairs": turned([1.0, 1.0, -2.0, -2.0]),
}


def symmetric(a):
    """Both triangles are read, so that gradients are those of symmetric matrices."""
    return (a + a.T) / 2


def spectral(f):
    def apply(a):
        w, v = np.linalg.eigh(a)
        return (v * f(w)) @ np.conj(v).T

    return apply


# --------------------------------------------------------------------------------------------------
# Equal eigenvalues


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("values", [np.linalg.eigvalsh, np.linalg.eigvals])
@pytest.mark.parametrize("a", EQUAL.values(), ids=EQUAL)
def test_symmetric_functions_of_equal_eigenvalues(a, values, mode):
    # d tr f(A) = tr f'(A) dA, d det f(A) = det f(A) tr f(A)⁻¹ f'(A) dA
    shifted = np.eye(len(a)) + a @ a / 4
    cases = [
        (lambda w: np.sum(w), np.eye(len(a))),
        (lambda w: np.sum(w**3), 3 * a @ a),
        (lambda w: np.sum(np.exp(w)), scipy.linalg.expm(a)),
        (lambda w: np.prod(1 + w**2 / 4), np.linalg.det(shifted) * np.linalg.inv(shifted) @ a / 2),
    ]
    for g, want in cases:
        found = dr.jacobian(lambda a, g=g: g(values(symmetric(a))), mode=mode)(a)
        np.testing.assert_allclose(found, want, **CLOSE)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_sum_over_one_cluster(mode):
    a = EQUAL["turned"]
    v = np.linalg.eigh(a)[1]
    for part, columns in ((slice(0, 2), v[:, :2]), (slice(2, 3), v[:, 2:])):
        found = dr.jacobian(lambda a, p=part: np.linalg.eigvalsh(symmetric(a))[p].sum(), mode=mode)
        np.testing.assert_allclose(found(a), columns @ columns.T, **CLOSE)


@pytest.mark.parametrize("name", ["identity", "diagonal", "turned"])
def test_functions_of_the_matrix_that_leave_equal_eigenvalues_alone(name):
    a = EQUAL[name]
    for f, slope in ((np.exp, np.exp), (np.tanh, lambda w: 1 / np.cosh(w) ** 2)):
        gradient = dr.grad(lambda a, f=f: np.trace(spectral(f)(symmetric(a))))(a)
        w, v = np.linalg.eigh(a)
        np.testing.assert_allclose(gradient, (v * slope(w)) @ v.T, **CLOSE)
    if name == "turned":
        # The projector on an eigenvector that stands alone: dP = Σ (P dA Pₖ + Pₖ dA P)/(w − wₖ).
        e = np.random.default_rng(0).normal(size=(3, 3))
        e = e + e.T
        p = np.outer(v[:, 2], v[:, 2])
        rest = np.eye(3) - p
        found = dr.grad(
            lambda a: np.sum(e * np.outer(*[np.linalg.eigh(symmetric(a))[1][:, 2]] * 2))
        )(a)
        np.testing.assert_allclose(found, p @ e @ rest + rest @ e @ p, **CLOSE)


ASYMMETRIC = {
    "one of them": lambda a: np.linalg.eigvalsh(a)[0],
    "a difference": lambda a: np.linalg.eigvalsh(a)[1] - np.linalg.eigvalsh(a)[0],
    "one of eigh": lambda a: np.linalg.eigh(a)[0][1],
    "one of eigvals": lambda a: np.linalg.eigvals(a)[0],
    "one of eig": lambda a: np.linalg.eig(a)[0][1],
    "a vector": lambda a: np.linalg.eigh(a)[1][0, 0] ** 2,
    "a vector of eig": lambda a: np.linalg.eig(a)[1][0, 1] ** 2,
    "an entry of exp(A)": lambda a: spectral(np.exp)(a)[0, 0],
    "the sum of exp(A)": lambda a: np.sum(spectral(np.exp)(a)),
    "the sum of log(A)": lambda a: np.sum(spectral(np.log)(a)),
    "an entry of log(A)": lambda a: spectral(np.log)(a)[0, 1],
}


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_what_tells_equal_eigenvalues_apart_is_refused(name):
    for a in (np.eye(2), np.diag([1.0, 1.0])[None] * np.ones((1, 1, 1))):
        f = ASYMMETRIC[name]
        with pytest.raises(REFUSED, match=r"indices \[0, 1\] are equal \(1, 1\)"):
            dr.grad(lambda a, f=f: f(a.reshape(2, 2)))(a)


@pytest.mark.parametrize("a", [EQUAL["diagonal"], EQUAL["turned"]], ids=["diagonal", "turned"])
def test_refusals_name_the_cluster(a):
    for f in (lambda a: np.sum(spectral(np.log)(a)), lambda a: np.linalg.eigvalsh(a)[0]):
        with pytest.raises(REFUSED, match=r"eig\w+: the eigenvalues at indices \[0, 1\]"):
            dr.grad(f)(a)


@pytest.mark.parametrize(
    "f",
    [lambda a: np.linalg.eigh(a)[0].sum(), lambda a: np.trace(spectral(np.exp)(a))],
    ids=["values", "function"],
)
def test_vectors_of_equal_eigenvalues_have_tangents_only_if_these_move_together(f):
    a, e = EQUAL["turned"], np.random.default_rng(5).normal(size=(3, 3))
    with pytest.raises(REFUSED, match="eigh: the eigenvalues at indices"):
        dr.jvp(f, (a,), (e + e.T,))
    together = a @ a  # the same change for both
    gradient = dr.grad(lambda a: f(symmetric(a)))(a)
    np.testing.assert_allclose(
        dr.jvp(f, (a,), (together,))[1], np.sum(gradient * together), **CLOSE
    )


@pytest.mark.parametrize("values", [np.linalg.eigvalsh, np.linalg.eigvals])
def test_tangents_of_equal_eigenvalues_are_shared_equally(values):
    t = np.array([[3.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 7.0]])
    np.testing.assert_allclose(dr.jvp(values, (EQUAL["diagonal"],), (t,))[1], [2, 2, 7], rtol=1e-14)


def test_second_derivatives_at_equal_eigenvalues_are_refused():
    for f in (
        lambda a: np.sum(np.linalg.eigvalsh(a) ** 2),
        lambda a: np.sum((np.linalg.eigvalsh(a) - 1) ** 2),
    ):
        for outer in ("forward", "reverse"):
            with pytest.raises(REFUSED, match="indices"):
                dr.jacobian(dr.grad(f), mode=outer)(np.eye(2))


def test_lanes_and_linearisations_at_equal_eigenvalues():
    stack = np.stack([np.eye(3), np.diag([1.0, 2.0, 4.0])])
    lanes = dr.vmap(dr.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2)))(stack)
    np.testing.assert_allclose(lanes, 2 * stack, **CLOSE)
    lanes = dr.vmap(dr.grad(lambda a: np.trace(spectral(np.exp)(a))))(stack)
    np.testing.assert_allclose(lanes, [scipy.linalg.expm(a) for a in stack], **CLOSE)
    _, line = dr.linearize(lambda a: np.sum(np.linalg.eigvalsh(a)), np.eye(3))
    np.testing.assert_allclose(line(np.arange(9.0).reshape(3, 3)), 12.0, rtol=1e-14)
    # One matrix of a stack with equal eigenvalues does not touch the others.
    J = dr.jacobian(lambda a: np.linalg.eigvalsh(a)[1, 0], mode="reverse")(stack)
    np.testing.assert_allclose(J, np.stack([np.zeros((3, 3)), np.diag([1.0, 0.0, 0.0])]), **CLOSE)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_close_eigenvalues_keep_their_digits(gap):
    a = turned([1.0, 1.0 + gap, 2.0])
    g = np.random.default_rng(1).normal(size=(3, 3))
    found = dr.grad(lambda a: np.sum(g * spectral(np.exp)(symmetric(a))))(a)
    want = scipy.linalg.expm_frechet(a, symmetric(g), compute_expm=False)
    np.testing.assert_allclose(found, want, atol=1e-14 / gap)


# --------------------------------------------------------------------------------------------------
# Hermitian matrices


@pytest.mark.parametrize("uplo", ["L", "U", "l", "u"])
@pytest.mark.parametrize("kind", [float, complex])
def test_one_triangle_is_read(kind, uplo):
    rng = np.random.default_rng(2)
    a = np.diag([1.0, 4.0, -3.0]) + 0.5 * rng.normal(size=(3, 3)).astype(kind)
    if kind is complex:
        a = a + 0.5j * rng.normal(size=(3, 3))
    for f in (np.linalg.eigvalsh, lambda a, **o: np.linalg.eigh(a, **o)[0]):
        y, pullback = dr.vjp(lambda a, f=f: f(a, UPLO=uplo), a)
        np.testing.assert_array_equal(y, f(a, UPLO=uplo))
        (g,) = pullback(np.array([1.0, -2.0, 0.5]))
        assert g.dtype == a.dtype
        other = np.triu(g, 1) if uplo in "lL" else np.tril(g, -1)
        assert not other.any()
        assert not np.diag(g).imag.any()


def test_results_are_numpys_own():
    a = turned([1.0, 2.0, 4.0])
    met = []
    dr.vjp(lambda a: met.extend([np.linalg.eigh(a), np.linalg.eig(a)]) or met[0][0], a)
    for found, want in zip(met, (np.linalg.eigh(a), np.linalg.eig(a)), strict=True):
        assert type(found) is type(want)
        np.testing.assert_array_equal(dr.value(found.eigenvalues), want.eigenvalues)
        np.testing.assert_array_equal(dr.value(found.eigenvectors), want.eigenvectors)


def test_single_precision_stays():
    a = turned([1.0, 2.0, 4.0]).astype(np.float32)
    for f in (
        np.linalg.eigvalsh,
        lambda a: np.linalg.eigh(a)[0],
        lambda a: np.linalg.eigh(a)[1],
        lambda a: np.linalg.eig(a)[0],
        np.linalg.eigvals,
    ):
        assert dr.grad(lambda a, f=f: f(a).ravel()[0])(a).dtype == np.float32
        assert dr.jvp(f, (a,), (a,))[1].dtype == np.float32


def test_second_order_perturbation_theory():
    # λᵢ(A + tE)'' = 2 Σⱼ |vⱼᵀ E vᵢ|² / (λᵢ − λⱼ)
    a, e = turned([1.0, 2.0, 4.0]), symmetric(np.random.default_rng(4).normal(size=(3, 3)))
    w, v = np.linalg.eigh(a)
    m = (v.T @ e @ v) ** 2
    want = [2 * sum(m[i, j] / (w[i] - w[j]) for j in range(3) if j != i) for i in range(3)]
    found = dr.derivative(lambda t: np.linalg.eigvalsh(a + t * e), order=2)(0.0)
    np.testing.assert_allclose(found, want, **CLOSE)


def test_a_result_that_depends_on_phases_is_refused():
    a = turned([1.0, 2.0, 4.0], kind=complex)
    weights = np.random.default_rng(6).normal(size=(3, 3)) * (1 + 2j)
    with pytest.raises(REFUSED, match=r"eigh: .*phases.* at indices \[0, 1, 2\]"):
        dr.grad(lambda a: np.sum(weights * np.linalg.eigh(a)[1]).real)(a)
    with pytest.raises(REFUSED, match=r"indices \[1\]"):
        dr.grad(lambda a: np.sum(weights[:, 1] * np.linalg.eigh(a)[1][:, 1]).real)(a)


def test_tangents_of_vectors_turn_no_phase():
    a, e = (turned([1.0, 2.0, 4.0], seed, complex) for seed in (3, 4))
    v, dv = dr.jvp(lambda a: np.linalg.eigh(a)[1], (a,), (e,))
    np.testing.assert_allclose(np.sum(v.conj() * dv, axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(dv.conj().T @ v + v.conj().T @ dv, 0, atol=1e-14)


# --------------------------------------------------------------------------------------------------
# General matrices


def test_eigenvalues_of_a_matrix_that_is_not_normal():
    # dλ = yᴴ dA x / yᴴx, with left and right vectors from mpmath.
    rng = np.random.default_rng(8)
    a, e = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    with mpmath.workdps(30):
        values, left, right = mpmath.eig(mpmath.matrix(a.tolist()), left=True, right=True)
        change = left * mpmath.matrix(e.tolist()) * right
        scale = left * right
        pairs = [(complex(values[i]), complex(change[i, i] / scale[i, i])) for i in range(4)]
    for f in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]):
        w, dw = dr.jvp(f, (a,), (e,))
        assert np.iscomplexobj(w)
        for value, slope in zip(w, dw, strict=True):
            near = min(pairs, key=lambda p: abs(p[0] - value))
            assert abs(near[1] - slope) < 1e-12
        row = np.array([1.0, 2.0, 0.5j, -1.0])
        (g,) = dr.vjp(f, a)[1](row)
        assert g.dtype == a.dtype
        np.testing.assert_allclose(np.sum(g * e), np.sum(np.conj(row) * dw).real, rtol=1e-12)


def test_real_spectra_stay_real():
    a = np.array([[1.0, 2.0], [0.5, -3.0]])
    for f in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0], lambda a: np.linalg.eig(a)[1]):
        y, t = dr.jvp(f, (a,), (a @ a,))
        assert y.dtype == t.dtype == np.float64


def test_vectors_of_eig_keep_length_and_phase():
    turn = np.array([[0.0, 3.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    a, e = (np.random.default_rng(k).normal(size=(3, 3)) + turn for k in (9, 10))
    v, dv = dr.jvp(lambda a: np.linalg.eig(a)[1], (a,), (e,))
    assert np.iscomplexobj(v)
    np.testing.assert_allclose(np.sum(v.conj() * dv, axis=0).real, 0, atol=1e-13)
    largest = np.abs(v).argmax(0), np.arange(3)
    np.testing.assert_array_equal(v[largest].imag, 0)
    np.testing.assert_allclose(dv[largest].imag, 0, atol=1e-13)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_defective_matrices_are_refused(mode):
    block = np.array([[1.0, 1.0, 0.3], [0.0, 1.0, 0.2], [0.0, 0.0, 3.0]])
    p = np.random.default_rng(12).normal(size=(3, 3))
    for a in (block, p @ block @ np.linalg.inv(p)):
        for f in (
            np.linalg.eigvals,
            lambda a: np.linalg.eig(a)[0],
            lambda a: np.linalg.eigvals(a)[:1],
        ):
            with pytest.raises(REFUSED, match="defective"):
                dr.jacobian(lambda a, f=f: np.sum(f(a) ** 2).real, mode=mode)(a)


def test_errors():
    for f in (np.linalg.eigh, np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals):
        for x in (np.ones((2, 3)), np.ones(3)):
            with pytest.raises(np.linalg.LinAlgError):
                dr.vjp(f, x)
    for f in (np.linalg.eigh, np.linalg.eigvalsh):
        with pytest.raises(ValueError, match="UPLO"):
            dr.vjp(lambda a, f=f: f(a, "X"), np.eye(2))


def test_empty_matrices():
    for f in (np.linalg.eigvalsh, np.linalg.eigvals, lambda a: np.linalg.eigh(a)[1]):
        assert dr.vjp(f, np.zeros((0, 0)))[1](f(np.zeros((0, 0))))[0].shape == (0, 0)
