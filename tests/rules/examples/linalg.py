"""Examples of linear algebra: every order, mode and axis of `np.linalg`.

Vectors of decompositions have arbitrary signs or phases: most examples ask for what these leave alone.
"""

import numpy as np

from tests.rules.examples import Example

RNG = np.random.default_rng(11)


def normal(*shape):
    x = RNG.normal(size=shape)
    return x + 0.3 * np.sign(x)


def pair(*shape):
    return normal(*shape) + 1j * normal(*shape)


def regular(*shape):
    return 0.4 * normal(*shape) + np.diag([3.0, -2.0, 4.5][: shape[-1]])


def separated(*shape):
    """Return matrices with eigenvalues, and singular values, far apart."""
    n, off = min(shape[-2:]), 0.25 * normal(*shape)
    off[..., :n, :n] += np.diag([1.2, -3.1, 5.0][:n])
    return off


def positive(*shape):
    a = 0.3 * normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag([2.0, 3.0, 4.0][: shape[-1]])


A, B, S, P = regular(3, 3), normal(3, 2), separated(3, 3), positive(3, 3)
STACK, WIDE, TALL = separated(2, 3, 3), separated(2, 3), separated(3, 2)
Z, ZS = regular(3, 3) + 0.3j * normal(3, 3), separated(3, 3) + 0.2j * normal(3, 3)
Z_TALL, Z_WIDE = separated(3, 2) + 0.2j * normal(3, 2), separated(2, 3) + 0.2j * normal(2, 3)
H = positive(3, 3) + 0.3j * np.triu(normal(3, 3), 1) - 0.3j * np.tril(normal(3, 3), -1)
X, CUBE = normal(3), normal(2, 3, 2)
EXACT = {"analytic": True}


def adjoint(m):
    return np.swapaxes(np.conj(m), -1, -2)


def parts(z):
    """Real and imaginary part of a result that is known up to nothing."""
    return np.real(z), np.imag(z)


def spectral(f, uplo="L"):
    """Return V f(w) Vᴴ, which no phase changes."""

    def apply(a):
        w, v = np.linalg.eigh(a, UPLO=uplo)
        return (v * f(w)[..., None, :]) @ adjoint(v)

    return apply


def projectors(v):
    """Return vᵢ vᵢᴴ of every column."""
    return v[..., :, None, :] * np.conj(v)[..., None, :, :]


def recomposed(f, **options):
    """Return U f(s) Vᴴ, which no phase changes."""

    def apply(a):
        u, s, vh = np.linalg.svd(a, **options)
        k = s.shape[-1]
        return (u[..., :k] * f(s)[..., None, :]) @ vh[..., :k, :]

    return apply


def triple(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return projectors(u), s, projectors(adjoint(vh))


def completed(a):
    """Return the projectors on what `full_matrices` adds."""
    u, s, vh = np.linalg.svd(a)
    k = s.shape[-1]
    more_u, more_v = u[..., k:], adjoint(vh)[..., k:]
    return more_u @ adjoint(more_u), more_v @ adjoint(more_v)


def complement(a):
    q, r = np.linalg.qr(a, "complete")
    more = q[..., r.shape[-1] :]
    return more @ adjoint(more), r


def least(a, b, **options):
    x, rest, _, s = np.linalg.lstsq(a, b, **options)
    return (x, rest, s) if rest.size else (x, s)


ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
VECTOR_ORDERS = [None, 0.5, 1, -1, 2, 3, -2.5, np.inf, -np.inf]

EXAMPLES = {
    "linalg.solve": [
        Example(np.linalg.solve, A, X, **EXACT),
        Example(np.linalg.solve, A, B, **EXACT),
        Example(np.linalg.solve, STACK, B, **EXACT),
        Example(np.linalg.solve, Z, B),
    ],
    "linalg.inv": [Example(np.linalg.inv, A, **EXACT), Example(np.linalg.inv, Z)],
    "linalg.pinv": [
        Example(np.linalg.pinv, TALL),
        Example(np.linalg.pinv, Z_WIDE),
        Example(lambda a: np.linalg.pinv(a, rtol=None), WIDE),
        Example(lambda a: np.linalg.pinv(a, np.array([1e-12, 1e-3])), separated(2, 3, 2)),
        Example(lambda a: np.linalg.pinv(a, hermitian=True), S),
        Example(lambda a: np.linalg.pinv(a, hermitian=True, rtol=1e-9), H),
        Example(lambda x: np.linalg.pinv(x[:, None] * x, 1e-5), X),
    ],
    "linalg.lstsq": [
        Example(least, separated(4, 2), normal(4)),
        Example(least, separated(4, 2), normal(4, 2)),
        Example(least, WIDE, normal(2)),
        Example(lambda x, b: least(x[:, None] * x[:2], b, rcond=1e-5)[0], X, normal(3)),
        Example(least, Z_TALL, pair(3)),
        Example(lambda b: least(TALL, b), normal(3, 2)),
        Example(lambda a: least(a, np.ones(3)), Z_TALL),
    ],
    "linalg.det": [Example(np.linalg.det, A, **EXACT), Example(np.linalg.det, Z)],
    "linalg.slogdet": [
        Example(lambda a: np.linalg.slogdet(a).logabsdet, STACK),
        Example(np.linalg.slogdet, Z),
    ],
    "linalg.norm": [
        *(Example(lambda x, p=p: np.linalg.norm(x, p), CUBE[0]) for p in ORDERS),
        *(
            Example(lambda x, p=p: np.linalg.norm(x, p, axis=0), normal(3, 2))
            for p in VECTOR_ORDERS
        ),
        Example(lambda x: np.linalg.norm(x, 3, axis=1, keepdims=True), CUBE),
        Example(lambda x: np.linalg.norm(x, 2, axis=(2, 0), keepdims=True), CUBE),
        Example(lambda x: np.linalg.norm(x, np.inf, axis=(0, 1)), CUBE),
        Example(np.linalg.norm, pair(3)),
        Example(lambda x: np.linalg.norm(x, 1.5), pair(3)),
        Example(lambda x: np.linalg.norm(x, "nuc"), Z_TALL),
    ],
    "linalg.matrix_norm": [
        *(Example(lambda x, p=p: np.linalg.matrix_norm(x, ord=p), CUBE) for p in ORDERS[1:]),
        Example(lambda x: np.linalg.matrix_norm(x, keepdims=True), Z_TALL),
    ],
    "linalg.vector_norm": [
        *(Example(lambda x, p=p: np.linalg.vector_norm(x, ord=p), CUBE) for p in VECTOR_ORDERS[1:]),
        Example(lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=3, keepdims=True), CUBE),
        Example(lambda x: np.linalg.vector_norm(x, axis=0), pair(3, 2)),
    ],
    "linalg.cholesky": [
        Example(np.linalg.cholesky, P),
        Example(lambda a: np.linalg.cholesky(a, upper=True), positive(2, 2, 2)),
        Example(np.linalg.cholesky, H),
        Example(lambda a: np.linalg.cholesky(a, upper=True), H),
    ],
    "linalg.qr": [
        Example(np.linalg.qr, TALL),
        Example(np.linalg.qr, separated(2, 2, 3)),
        Example(lambda a: np.linalg.qr(a, "complete"), TALL),
        Example(complement, separated(4, 2)),
        Example(complement, Z_TALL),
        Example(lambda a: np.linalg.qr(a, "r"), WIDE),
        Example(lambda a: np.linalg.qr(a, mode="r"), Z_TALL),
        Example(np.linalg.qr, Z_WIDE),
        Example(lambda a: np.linalg.qr(a, "complete"), ZS),
    ],
    "linalg.svd": [
        Example(triple, TALL),
        Example(triple, separated(2, 2, 3)),
        Example(triple, Z_TALL),
        Example(triple, Z_WIDE),
        Example(recomposed(np.exp), ZS),
        Example(recomposed(np.sqrt, full_matrices=False), Z_TALL),
        Example(recomposed(np.sqrt), Z_WIDE),
        Example(completed, TALL),
        Example(completed, separated(2, 4)),
        Example(completed, Z_TALL),
        Example(completed, Z_WIDE),
        Example(lambda a: np.linalg.svd(a, compute_uv=False), Z_TALL),
        Example(recomposed(np.exp, hermitian=True), S),
        Example(recomposed(np.exp, hermitian=True), H),
        Example(lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True), S),
    ],
    "linalg.svdvals": [Example(np.linalg.svdvals, STACK), Example(np.linalg.svdvals, Z_TALL)],
    "linalg.eigh": [
        Example(lambda a: np.linalg.eigh(a).eigenvalues, S),
        Example(lambda a: projectors(np.linalg.eigh(a)[1]), S),
        Example(lambda a: projectors(np.linalg.eigh(a, "U").eigenvectors), STACK),
        Example(spectral(np.exp), H),
        Example(spectral(np.tanh, "U"), ZS),
        Example(lambda a: projectors(np.linalg.eigh(a)[1]), ZS),
        Example(lambda a: np.abs(np.linalg.eigh(a)[1]), ZS),
    ],
    "linalg.eigvalsh": [
        Example(np.linalg.eigvalsh, S),
        Example(lambda a: np.linalg.eigvalsh(a, UPLO="u"), STACK),
        Example(np.linalg.eigvalsh, H),
        Example(lambda a: np.sum(np.linalg.eigvalsh(a, "U") ** 3), ZS),
    ],
    "linalg.eig": [
        Example(np.linalg.eig, S),
        Example(np.linalg.eig, ZS),
        Example(lambda a: np.linalg.eig(a).eigenvalues, STACK),
        Example(lambda a: np.linalg.eig(a + np.array([[0, 2.0], [-3.0, 0]])), separated(2, 2) / 4),
        Example(lambda a: projectors(np.linalg.eig(a)[1]), separated(3, 3)),
    ],
    "linalg.eigvals": [
        Example(np.linalg.eigvals, S),
        Example(np.linalg.eigvals, STACK),
        Example(np.linalg.eigvals, ZS),
        Example(
            lambda a: parts(np.linalg.eigvals(a + np.array([[0, 2.0], [-3.0, 0]]))),
            separated(2, 2) / 4,
        ),
    ],
    "linalg.matrix_power": [
        *(Example(lambda a, n=n: np.linalg.matrix_power(a, n), A / 3, **EXACT) for n in (1, 5, -2)),
        Example(lambda a: np.linalg.matrix_power(a, 3), Z / 3),
        Example(lambda a: np.linalg.matrix_power(a, -1), STACK, **EXACT),
    ],
    "linalg.tensorsolve": [
        Example(
            lambda a, b: np.linalg.tensorsolve(a.reshape(2, 2, 4), b),
            normal(4, 4) + 3 * np.eye(4),
            normal(2, 2),
            **EXACT,
        ),
        Example(
            lambda a: np.linalg.tensorsolve(a.reshape(2, 2, 4), np.ones(4), axes=(0, 1)),
            normal(4, 4) + 3 * np.eye(4),
            **EXACT,
        ),
    ],
    "linalg.tensorinv": [
        Example(
            lambda a: np.linalg.tensorinv(a.reshape(4, 2, 2), ind=1),
            normal(4, 4) + 3 * np.eye(4),
            **EXACT,
        ),
        Example(
            lambda a: np.linalg.tensorinv(a.reshape(2, 2, 1, 4)),
            normal(4, 4) + 3 * np.eye(4),
            **EXACT,
        ),
    ],
    "linalg.cond": [
        *(
            Example(lambda a, p=p: np.linalg.cond(a, p), S)
            for p in (None, 1, -1, 2, -2, np.inf, "fro")
        ),
        Example(np.linalg.cond, TALL),
        Example(lambda a: np.linalg.cond(a, -np.inf), STACK),
        Example(lambda a: np.linalg.cond(a, "nuc"), Z),
    ],
}
