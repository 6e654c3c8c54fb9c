"""Examples of scipy.linalg: systems, inverses and the triangular factors that solve them."""

import numpy as np

from dualrev.scipy import linalg
from tests.rules.examples import Example

RNG = np.random.default_rng(23)


def normal(*shape):
    x = RNG.normal(size=shape)
    return x + 0.3 * np.sign(x)


def regular(*shape):
    return 0.4 * normal(*shape) + np.diag([3.0, -2.0, 4.5][: shape[-1]])


def positive(*shape):
    a = 0.3 * normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag([2.0, 3.0, 4.0][: shape[-1]])


def hermitian(a):
    return np.swapaxes(np.conj(a), -1, -2)


A, B, V, P = regular(3, 3), normal(3, 2), normal(3), positive(3, 3)
STACK, STACK_B = regular(2, 3, 3), normal(2, 3, 2)
Z, ZB = A + 0.3j * normal(3, 3), B + 0.5j * normal(3, 2)
H = P + 0.2j * (np.triu(normal(3, 3), 1) - np.tril(normal(3, 3), -1))
AB = normal(4, 5) + np.array([[0.0], [6.0], [0.0], [0.0]])
AB_B = normal(5, 2)
HB = 0.3 * normal(3, 4) + np.array([[4.0], [0.0], [0.0]])
HB_Z = HB[::-1] + np.array([[0.2j], [0.3j], [0.0]])
C, R = np.array([4.0, 0.7, -0.4, 0.9]), np.array([4.0, -0.6, 0.5, 0.3])
TALL, WIDE = normal(4, 2), normal(2, 4)
EXACT = {"analytic": True}
ASSUMED = (
    "sym",
    "pos",
    "tridiagonal",
    "banded",
    "diagonal",
    "upper triangular",
    "lower triangular",
    "gen",
)


def assumed(name, **options):
    return lambda a, b: linalg.solve(a, b, assume_a=name, **options)


def packed(lower):
    """Return c of cho_factor, and with it the solution."""

    def apply(a, b):
        c = linalg.cho_factor(a, lower=lower)
        return c[0], linalg.cho_solve(c, b)

    return apply


def through_lu(trans=0):
    def apply(a, b):
        factors = linalg.lu_factor(a)
        return factors[0], linalg.lu_solve(factors, b, trans=trans)

    return apply


EXAMPLES = {
    "scipy.linalg.solve": [
        Example(linalg.solve, A, B, **EXACT),
        Example(linalg.solve, Z, V),
        Example(linalg.solve, STACK, V, **EXACT),
        Example(linalg.solve, A, STACK_B, **EXACT),
        Example(lambda a, b: linalg.solve(a, b, transposed=True), A, V),
        *(Example(assumed(name), P, B) for name in ASSUMED),
        *(Example(assumed(name, lower=True), STACK, B) for name in ("sym", "her", "general")),
        Example(assumed("sym"), Z, B),
        Example(assumed("her"), H, B),
        Example(assumed("pos", lower=True), H, ZB),
        Example(assumed("tridiagonal", transposed=True), A, B),
        Example(assumed("upper triangular", transposed=True), A, B),
    ],
    "linalg.solve_triangular": [
        Example(linalg.solve_triangular, A, B, **EXACT),
        Example(lambda a, b: linalg.solve_triangular(a, b, trans=1, lower=True), Z, V),
        Example(lambda a, b: linalg.solve_triangular(a, b, trans="C", unit_diagonal=True), Z, B),
        Example(lambda a, b: linalg.solve_triangular(a, b, lower=True), STACK, STACK_B),
    ],
    "linalg.solve_banded": [
        Example(lambda a, b: linalg.solve_banded((2, 1), a, b), AB, AB_B, **EXACT),
        Example(lambda a, b: linalg.solve_banded((1, 1), a, b), AB[:3], AB_B[:, 0], **EXACT),
        Example(
            lambda a, b: linalg.solve_banded((1, 1), a, b), np.stack([AB[:3], AB[:3] + 0.1]), AB_B
        ),
    ],
    "linalg.solveh_banded": [
        Example(lambda a, b: linalg.solveh_banded(a, b, lower=True), HB, normal(4)),
        Example(linalg.solveh_banded, HB[::-1], normal(4, 2)),
        Example(linalg.solveh_banded, HB_Z, normal(4, 2)),
        Example(linalg.solveh_banded, HB[1::-1], normal(4, 2)),
    ],
    "linalg.solve_toeplitz": [
        Example(lambda c, r, b: linalg.solve_toeplitz((c, r), b), C, R, normal(4), **EXACT),
        Example(linalg.solve_toeplitz, C, normal(4, 2)),
        Example(linalg.solve_toeplitz, C + 0.1j * R, normal(4, 2)),
    ],
    "linalg.matmul_toeplitz": [
        Example(lambda c, r, x: linalg.matmul_toeplitz((c, r), x), C, R[:3], normal(3)),
        Example(linalg.matmul_toeplitz, C + 0.1j * R, normal(4, 2)),
        Example(lambda c, x: linalg.matmul_toeplitz(np.tile(c, 10), x), C, normal(40, 1)),
    ],
    "linalg.solve_circulant": [
        Example(linalg.solve_circulant, C, normal(4)),
        Example(linalg.solve_circulant, C + 0.1j * R, normal(4, 2)),
        Example(
            lambda c, b: linalg.solve_circulant(
                c, b, singular="lstsq", tol=4.0, baxis=-1, outaxis=-1
            ),
            C,
            normal(2, 4),
        ),
    ],
    "scipy.linalg.inv": [
        Example(linalg.inv, A, **EXACT),
        Example(linalg.inv, STACK, **EXACT),
        Example(lambda a: linalg.inv(a, assume_a="pos", lower=True), P),
        Example(lambda a: linalg.inv(a, assume_a="her"), H),
        Example(lambda a: linalg.inv(a, assume_a="upper triangular"), A),
        Example(lambda v: linalg.inv(v[:, None] * np.eye(3), assume_a="diagonal"), V),
    ],
    "scipy.linalg.det": [Example(linalg.det, A, **EXACT), Example(linalg.det, STACK)],
    "scipy.linalg.norm": [
        Example(linalg.norm, A),
        Example(lambda a: linalg.norm(a, 2), Z),
        Example(lambda a: linalg.norm(a, 1, axis=-1, keepdims=True), STACK),
        Example(lambda a: linalg.norm(a, "nuc"), TALL),
    ],
    "scipy.linalg.pinv": [
        Example(linalg.pinv, TALL),
        Example(lambda a: linalg.pinv(a, atol=1e-9, rtol=1e-10), WIDE + 0.1j * TALL.T),
        Example(lambda a: linalg.pinv(a, atol=1e-9, return_rank=True)[0], STACK),
    ],
    "linalg.pinvh": [
        Example(linalg.pinvh, H),
        Example(lambda a: linalg.pinvh(a, lower=False, return_rank=True)[0], P),
    ],
    "scipy.linalg.lstsq": [
        Example(lambda a, b: linalg.lstsq(a, b)[0], TALL, normal(4)),
        Example(lambda a, b: linalg.lstsq(a, b)[:2], TALL, normal(4, 2)),
        Example(lambda a, b: linalg.lstsq(a, b, lapack_driver="gelsy")[0], WIDE, normal(2)),
        Example(lambda a, b: linalg.lstsq(a, b)[0], STACK[..., :2], normal(3)),
        Example(lambda a, b: linalg.lstsq(a, b)[1], TALL, normal(2, 4, 3)),
    ],
    "scipy.linalg.cholesky": [
        Example(linalg.cholesky, P),
        Example(lambda a: linalg.cholesky(a, lower=True), H),
    ],
    "linalg.cho_factor": [Example(packed(True), P, V), Example(packed(False), H, ZB)],
    "linalg.cho_solve": [Example(packed(False), P, B), Example(packed(True), H, B)],
    "linalg.cholesky_banded": [
        Example(lambda a: linalg.cholesky_banded(a, lower=True), HB),
        Example(linalg.cholesky_banded, HB_Z),
    ],
    "linalg.cho_solve_banded": [
        Example(
            lambda a, b: linalg.cho_solve_banded((linalg.cholesky_banded(a, lower=True), True), b),
            HB,
            normal(4),
        ),
        Example(
            lambda a, b: linalg.cho_solve_banded((linalg.cholesky_banded(a), False), b),
            HB_Z,
            normal(4, 2),
        ),
    ],
    "linalg.lu": [
        Example(lambda a: linalg.lu(a)[1:], A),
        Example(lambda a: linalg.lu(a, permute_l=True), normal(4, 3)),
        Example(lambda a: linalg.lu(a, p_indices=True)[1:], normal(2, 4)),
        Example(lambda a: linalg.lu(a)[1:], Z),
        Example(lambda a: linalg.lu(a, permute_l=True), STACK),
    ],
    "linalg.lu_factor": [
        Example(lambda a: linalg.lu_factor(a)[0], Z),
        Example(lambda a: linalg.lu_factor(a)[0], normal(4, 3)),
    ],
    "linalg.lu_solve": [
        Example(through_lu(), A, V),
        Example(through_lu(1), STACK, STACK_B),
        Example(through_lu(2), Z, ZB),
    ],
}
CONSTANTS = {
    "linalg.bandwidth": [linalg.bandwidth],
    "linalg.issymmetric": [lambda x: linalg.issymmetric(x @ x.T)],
    "linalg.ishermitian": [lambda x: linalg.ishermitian(x @ x.T)],
}
