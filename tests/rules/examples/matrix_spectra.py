"""Examples of scipy.linalg: orthogonal factors, eigenvalues and eigenvectors.

LAPACK chooses signs, which may differ next to a sample: most examples ask for what signs and phases leave alone.
"""

import numpy as np

from dualrev.scipy import linalg
from tests.rules.examples import Example
from tests.rules.examples.linalg import projectors, separated

RNG = np.random.default_rng(29)


def normal(*shape):
    x = RNG.normal(size=shape)
    return x + 0.3 * np.sign(x)


def positive(*shape):
    a = 0.3 * normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag([2.0, 3.0, 4.0][: shape[-1]])


S, T, Q = separated(3, 3), separated(3, 3), positive(3, 3)
SZ, QZ = S + 0.2j * normal(3, 3), Q + 0.1j * (np.triu(normal(3, 3), 1) - np.tril(normal(3, 3), -1))
TALL, WIDE, STACK = separated(4, 2), separated(2, 4), separated(2, 3, 3)
TALL_Z = TALL + 0.3j * normal(4, 2)
TURN = S + np.array([[0.0, 5.0, 0.0], [-6.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
APART = np.diag([1.2, -3.1, 5.0]) + 0.1 * normal(3, 3) + 0.1j * normal(3, 3)
BAND = np.array([[1.2, -3.1, 5.0, 8.3], [0.4, 0.5, -0.3, 0.0], [0.2, -0.3, 0.0, 0.0]])
D, E = np.array([1.2, -3.1, 5.0, 8.3]), np.array([0.4, 0.7, -0.5])


def modulus(v):
    return np.real(np.conj(v) * v)


def values_and_projectors(f):
    def apply(*arrays):
        w, v = f(*arrays)
        return w, projectors(v)

    return apply


def generalised(**options):
    return values_and_projectors(lambda a, b: linalg.eigh(a, b, **options))


def recomposed(f, **options):
    """Return U f(s) Vᴴ."""

    def apply(a):
        u, s, vh = linalg.svd(a, **options)
        return (u * f(s)) @ vh

    return apply


def pairs(f=modulus, **options):
    """Return eigenvalues and what phases (or signs) leave alone of their vectors."""

    def apply(*arrays):
        w, *vectors = linalg.eig(*arrays, **options)
        return w, *map(f, vectors)

    return apply


def signs(**options):
    return pairs(np.square, **options)


def unordered(**options):
    """Return what the order does not change either: that of the QZ algorithm depends on the precision."""

    def apply(a, b):
        w, *vectors = linalg.eig(a, b, **options)
        return np.sum(w**2), *(np.sum(w * modulus(v), axis=-1) for v in vectors)

    return apply


def rows_and_rest(a, **options):
    """Return R and Q without what a phase of each row changes."""
    r, q = linalg.rq(a, **options)
    return modulus(r), r @ q


def pivoted(mode):
    return lambda a: tuple(linalg.qr(a, mode=mode, pivoting=True)[:-1])


EXAMPLES = {
    "scipy.linalg.qr": [
        Example(lambda a: linalg.qr(a, mode="economic"), TALL),
        Example(lambda a: linalg.qr(a, mode="economic"), TALL_Z),
        Example(lambda a: linalg.qr(a, mode="r")[0], TALL),
        Example(linalg.qr, WIDE),
        Example(lambda a: linalg.qr(a)[1], TALL),
        Example(pivoted("economic"), TALL),
        Example(lambda a: linalg.qr(a, mode="r", pivoting=True)[0], STACK),
    ],
    "linalg.qr_multiply": [
        Example(linalg.qr_multiply, TALL, normal(2, 4)),
        Example(lambda a, c: linalg.qr_multiply(a, c, mode="left"), TALL_Z, normal(2)),
        Example(
            lambda a, c: linalg.qr_multiply(a, c, conjugate=True, pivoting=True)[:2],
            TALL_Z,
            normal(4),
        ),
    ],
    "linalg.rq": [
        Example(linalg.rq, S),
        Example(rows_and_rest, SZ),
        Example(lambda a: linalg.rq(a, mode="economic"), WIDE),
        Example(lambda a: linalg.rq(a, mode="r"), WIDE),
        Example(lambda a: linalg.rq(a, mode="r"), TALL),
        Example(lambda a: rows_and_rest(a, mode="economic"), TALL_Z),
    ],
    "scipy.linalg.svd": [
        Example(recomposed(np.square, full_matrices=False), TALL),
        Example(recomposed(np.square, full_matrices=False, lapack_driver="gesvd"), SZ),
        Example(lambda a: modulus(linalg.svd(a)[0][..., :2]), TALL),
        Example(lambda a: linalg.svd(a, compute_uv=False), STACK),
    ],
    "scipy.linalg.svdvals": [Example(linalg.svdvals, TALL), Example(linalg.svdvals, SZ)],
    "linalg.polar": [
        Example(linalg.polar, S),
        Example(lambda a: linalg.polar(a, side="left"), TALL_Z),
        Example(lambda a: linalg.polar(a, side="left"), WIDE),
        Example(linalg.polar, WIDE),
        Example(linalg.polar, np.eye(2)),
    ],
    "linalg.orthogonal_procrustes": [
        Example(linalg.orthogonal_procrustes, TALL, normal(4, 2)),
        Example(linalg.orthogonal_procrustes, TALL_Z, normal(4, 2)),
    ],
    "linalg.subspace_angles": [
        Example(linalg.subspace_angles, normal(4, 2), normal(4, 2)),
        Example(linalg.subspace_angles, TALL_Z, normal(4, 1)),
        Example(linalg.subspace_angles, normal(4, 1), TALL),
    ],
    "scipy.linalg.eigh": [
        Example(values_and_projectors(linalg.eigh), S),
        Example(values_and_projectors(lambda a: linalg.eigh(a, lower=False)), SZ),
        Example(lambda a: linalg.eigh(a, eigvals_only=True), STACK),
        Example(values_and_projectors(lambda a: linalg.eigh(a, subset_by_index=(1, 2))), S),
        Example(
            values_and_projectors(lambda a: linalg.eigh(a, subset_by_value=(0.0, 9.0))),
            S,
            lanes=False,
        ),
        Example(generalised(), S, Q),
        Example(generalised(lower=False, type=2), S, Q),
        Example(generalised(type=3), SZ, QZ),
        Example(generalised(subset_by_index=(0, 1)), S, QZ),
        Example(lambda a, b: linalg.eigh(a, b, driver="gv", eigvals_only=True), S, Q),
    ],
    "scipy.linalg.eigvalsh": [
        Example(linalg.eigvalsh, S),
        Example(linalg.eigvalsh, SZ, QZ),
        Example(lambda a: linalg.eigvalsh(a, lower=False, subset_by_index=(0, 1)), S),
    ],
    "linalg.eig_banded": [
        Example(values_and_projectors(lambda a: linalg.eig_banded(a, lower=True)), BAND),
        Example(
            values_and_projectors(linalg.eig_banded), BAND[::-1, ::-1] + [[0.2j], [0.1j], [0.0]]
        ),
        Example(
            values_and_projectors(
                lambda a: linalg.eig_banded(
                    a, lower=True, select="i", select_range=(1, 2), max_ev=2
                )
            ),
            BAND,
        ),
    ],
    "linalg.eigvals_banded": [Example(lambda a: linalg.eigvals_banded(a, lower=True), BAND)],
    "linalg.eigh_tridiagonal": [
        Example(values_and_projectors(linalg.eigh_tridiagonal), D, E),
        Example(
            values_and_projectors(
                lambda d, e: linalg.eigh_tridiagonal(d, e, select="v", select_range=(0.0, 6.0))
            ),
            D,
            E,
            lanes=False,
        ),
        Example(lambda d: linalg.eigh_tridiagonal(d, E, True, select="i", select_range=(1, 2)), D),
    ],
    "linalg.eigvalsh_tridiagonal": [Example(linalg.eigvalsh_tridiagonal, D, E)],
    "scipy.linalg.eig": [
        Example(pairs(), S),
        Example(pairs(), TURN),
        Example(signs(left=True), APART),
        Example(signs(left=True, right=False), TURN),
        Example(unordered(left=True), S, Q),
        Example(unordered(), SZ, QZ),
    ],
    "scipy.linalg.eigvals": [
        Example(linalg.eigvals, TURN),
        Example(lambda a, b: np.sum(linalg.eigvals(a, b) ** 3), S, Q),
        Example(linalg.eigvals, STACK),
    ],
}
