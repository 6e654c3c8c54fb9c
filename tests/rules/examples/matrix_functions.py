"""Examples of scipy.linalg: functions of matrices, matrix equations, matrices made of vectors."""

import warnings

import numpy as np

from dualrev.scipy import linalg
from tests.rules.examples import Example

RNG = np.random.default_rng(31)


def normal(*shape):
    x = RNG.normal(size=shape)
    return x + 0.3 * np.sign(x)


def positive(*shape):
    a = 0.3 * normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag([2.0, 3.0, 4.0][: shape[-1]])


A, STACK = 0.4 * normal(3, 3), 0.4 * normal(2, 2, 2)
Z = A + 0.3j * normal(3, 3)
ROOTED = positive(3, 3) + 0.2 * normal(3, 3)
ROOTED_Z = ROOTED[:2, :2] + 0.3j * normal(2, 2)
SIGNED = np.diag([2.0, -1.5, 3.0]) + 0.2 * normal(3, 3)
ONE = np.array(0.7)
Q, R, B = positive(2, 2), positive(1, 1), np.array([[1.1], [-0.7]])
STABLE = np.array([[0.3, -0.2], [0.1, -0.4]])
V, W = np.array([1.3, -0.4, 0.8, 2.1]), np.array([0.6, 0.2, -0.9])
EXACT = {"analytic": True}


def weighed(f, **options):
    """A Riccati equation, of whose weights the symmetric part counts."""

    def apply(a, b, q, r):
        q, r = (0.5 * (m + np.swapaxes(m, -1, -2)) for m in (q, r))
        return f(a, b, q, r, **options)

    return apply


def quiet(f):
    """SciPy warns of single precision by the unit of double."""

    def apply(a):
        with warnings.catch_warnings(category=RuntimeWarning, action="ignore"):
            return f(a)

    return apply


def real_form(a):
    """Return the real block diagonal form, and the matrix again."""
    w, v = linalg.cdf2rdf(*linalg.eig(a))
    return w, v @ w @ np.linalg.inv(v)


def balanced(a):
    return linalg.matrix_balance(
        a * np.array([[1.0, 1e3, 1.0], [1e-3, 1.0, 1.0], [1.0, 1.0, 1.0]])
    )[0]


EXAMPLES = {
    "linalg.expm": [Example(linalg.expm, A, **EXACT), Example(linalg.expm, STACK, **EXACT)],
    "linalg.expm_frechet": [
        Example(linalg.expm_frechet, A, normal(3, 3)),
        Example(lambda a, e: linalg.expm_frechet(a, e, compute_expm=False), A, normal(3, 3)),
    ],
    "linalg.logm": [Example(quiet(linalg.logm), ROOTED), Example(quiet(linalg.logm), ROOTED_Z)],
    "linalg.sqrtm": [Example(linalg.sqrtm, ROOTED), Example(linalg.sqrtm, ROOTED_Z)],
    "linalg.signm": [Example(linalg.signm, SIGNED)],
    "linalg.fractional_matrix_power": [
        Example(lambda a: linalg.fractional_matrix_power(a, 0.4), ROOTED),
        Example(lambda a: linalg.fractional_matrix_power(a, -2), ROOTED),
        Example(linalg.fractional_matrix_power, ROOTED[:2, :2], ONE, lanes=False),
    ],
    "linalg.cosm": [Example(linalg.cosm, A), Example(linalg.cosm, Z)],
    "linalg.sinm": [Example(linalg.sinm, A), Example(linalg.sinm, Z)],
    "linalg.tanm": [Example(linalg.tanm, A), Example(linalg.tanm, Z)],
    "linalg.coshm": [Example(linalg.coshm, A), Example(linalg.coshm, Z)],
    "linalg.sinhm": [Example(linalg.sinhm, A), Example(linalg.sinhm, Z)],
    "linalg.tanhm": [Example(linalg.tanhm, A), Example(linalg.tanhm, Z)],
    "linalg.solve_sylvester": [
        Example(linalg.solve_sylvester, ROOTED, Q, normal(3, 2)),
        Example(linalg.solve_sylvester, ROOTED_Z, Q, normal(2, 2)),
    ],
    "linalg.solve_continuous_lyapunov": [
        Example(linalg.solve_continuous_lyapunov, ROOTED, normal(3, 3)),
        Example(linalg.solve_continuous_lyapunov, ROOTED_Z, Q),
    ],
    "linalg.solve_discrete_lyapunov": [
        Example(linalg.solve_discrete_lyapunov, STABLE, Q),
        Example(lambda a, q: linalg.solve_discrete_lyapunov(a, q, "bilinear"), STABLE + 0.2j, Q),
    ],
    "linalg.solve_continuous_are": [
        Example(weighed(linalg.solve_continuous_are), STABLE, B, Q, R),
        Example(
            weighed(
                linalg.solve_continuous_are, balanced=False, e=np.eye(2) + 0.2 * STABLE, s=0.1 * B
            ),
            STABLE,
            B,
            Q,
            R,
        ),
    ],
    "linalg.solve_discrete_are": [
        Example(weighed(linalg.solve_discrete_are), STABLE, B, Q, R),
        Example(
            weighed(
                linalg.solve_discrete_are, balanced=False, e=np.eye(2) + 0.2 * STABLE, s=0.1 * B
            ),
            STABLE,
            B,
            Q,
            R,
        ),
        Example(
            lambda e, s: linalg.solve_discrete_are(STABLE, B, Q, R, e, s, False),
            np.eye(2) + 0.2 * STABLE,
            0.1 * B,
        ),
    ],
    "linalg.toeplitz": [
        Example(linalg.toeplitz, V),
        Example(linalg.toeplitz, V, W, **EXACT),
        Example(linalg.toeplitz, V + 0.5j),
        Example(lambda c: linalg.toeplitz(c, W), np.stack([V, -V])),
    ],
    "linalg.hankel": [Example(linalg.hankel, V, **EXACT), Example(linalg.hankel, V, W)],
    "linalg.circulant": [
        Example(linalg.circulant, V),
        Example(linalg.circulant, np.stack([V, -V])),
    ],
    "linalg.convolution_matrix": [
        *(
            Example(lambda a, m=m: linalg.convolution_matrix(a, 3, m), V)
            for m in ("full", "same", "valid")
        ),
        Example(lambda a: linalg.convolution_matrix(a, 6, "same"), W),
    ],
    "linalg.companion": [Example(linalg.companion, V, **EXACT), Example(linalg.companion, V[:2])],
    "linalg.fiedler_companion": [
        Example(linalg.fiedler_companion, np.array([1.3, -0.4, 0.8, 2.1, 0.7, 0.2])),
        Example(linalg.fiedler_companion, W),
        Example(linalg.fiedler_companion, W[:2]),
    ],
    "linalg.leslie": [Example(linalg.leslie, V, W)],
    "linalg.fiedler": [Example(linalg.fiedler, V)],
    "linalg.block_diag": [
        Example(lambda a, v, t: linalg.block_diag(a, v, t), normal(2, 3), W, ONE, **EXACT),
        Example(lambda a, b: linalg.block_diag(a, b, [[1.0, 2.0]]), STACK, Q),
    ],
    "linalg.khatri_rao": [Example(linalg.khatri_rao, normal(2, 3), normal(4, 3), **EXACT)],
    **({"linalg.kron": [Example(linalg.kron, Q, B)]} if hasattr(linalg, "kron") else {}),
    "linalg.diagsvd": [
        Example(lambda s: linalg.diagsvd(s, 3, 5), W),
        Example(lambda s: linalg.diagsvd(s, 5, 3), W),
    ],
    "linalg.cdf2rdf": [
        Example(
            real_form,
            np.diag([0.5, 1.0, 1.0, -2.0])
            + np.diag([0.1, 2.0, 0.2], 1)
            - np.diag([0.1, 3.0, 0.2], -1),
        ),
    ],
    "linalg.matrix_balance": [Example(balanced, normal(3, 3))],
}
