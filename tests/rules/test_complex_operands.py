"""Complex operands of contractions, linear algebra, norms and statistics, as pairs of reals.

The oracle is a central difference along a complex direction, which needs no analyticity; the
adjoint is tied to it by Re(conj(ct) J t) = Re(conj(Jᴴ ct) t).
"""

import numpy as np
import pytest

import dualrev as dr


def usual(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def regular(rng, *shape):
    return usual(rng, *shape) + 3 * np.eye(shape[-1])


def singular(rng, n):
    return usual(rng, n, n - 1) @ usual(rng, n - 1, n)


def positive(rng, *shape):
    a = usual(rng, *shape)
    return a @ np.conj(np.swapaxes(a, -1, -2)) + 2 * np.eye(shape[-1])


REAL = np.arange(6.0).reshape(2, 3) - 2
CASES = {
    "matmul": (lambda a, b: a @ b, lambda r: (usual(r, 2, 3), usual(r, 3, 2))),
    "matmul, real left": (lambda b: REAL @ b, lambda r: (usual(r, 3),)),
    "matmul of stacks": (np.matmul, lambda r: (usual(r, 2, 1, 2, 3), usual(r, 2, 3, 2))),
    "dot": (np.dot, lambda r: (usual(r, 3), usual(r, 3))),
    "vdot": (np.vdot, lambda r: (usual(r, 2, 3), usual(r, 6))),
    "vecdot": (np.vecdot, lambda r: (usual(r, 2, 3), usual(r, 3))),
    "inner": (np.inner, lambda r: (usual(r, 2, 3), usual(r, 2, 3))),
    "tensordot": (np.tensordot, lambda r: (usual(r, 2, 3, 2), usual(r, 3, 2, 2))),
    "kron": (np.kron, lambda r: (usual(r, 2), usual(r, 2, 2))),
    "einsum": (
        lambda a, b: np.einsum("iij,kj->ki", a, b),
        lambda r: (usual(r, 2, 2, 3), usual(r, 2, 3)),
    ),
    "solve": (np.linalg.solve, lambda r: (regular(r, 3, 3), usual(r, 3))),
    "solve, real right": (lambda a: np.linalg.solve(a, np.eye(3)), lambda r: (regular(r, 3, 3),)),
    "inv": (np.linalg.inv, lambda r: (regular(r, 3, 3),)),
    "det": (np.linalg.det, lambda r: (usual(r, 2, 3, 3),)),
    "det of a singular matrix": (np.linalg.det, lambda r: (singular(r, 3),)),
    "logabsdet": (lambda a: np.linalg.slogdet(a)[1], lambda r: (usual(r, 2, 3, 3),)),
    "sign of det": (lambda a: np.linalg.slogdet(a)[0], lambda r: (usual(r, 3, 3),)),
    "slogdet": (
        lambda a: np.linalg.slogdet(a)[0] * np.exp(np.linalg.slogdet(a)[1]),
        lambda r: (usual(r, 3, 3),),
    ),
    "cholesky": (np.linalg.cholesky, lambda r: (positive(r, 3, 3),)),
    "cholesky, upper": (
        lambda a: np.linalg.cholesky(a, upper=True),
        lambda r: (positive(r, 2, 2, 2),),
    ),
    "pinv, tall": (np.linalg.pinv, lambda r: (usual(r, 3, 2),)),
    "pinv, wide": (np.linalg.pinv, lambda r: (usual(r, 2, 3),)),
    "norm": (np.linalg.norm, lambda r: (usual(r, 3),)),
    "norm along an axis": (lambda x: np.linalg.norm(x, axis=0), lambda r: (usual(r, 3, 2),)),
    "norm 1": (lambda x: np.linalg.norm(x, 1), lambda r: (usual(r, 3),)),
    "norm inf": (lambda x: np.linalg.norm(x, np.inf), lambda r: (usual(r, 3, 2),)),
    "norm 3": (lambda x: np.linalg.norm(x, 3), lambda r: (usual(r, 3),)),
    "spectral norm": (lambda x: np.linalg.norm(x, 2), lambda r: (usual(r, 3, 2),)),
    "nuclear norm": (lambda x: np.linalg.norm(x, "nuc"), lambda r: (usual(r, 2, 3),)),
    "svdvals": (np.linalg.svdvals, lambda r: (usual(r, 2, 3, 2),)),
    "mean": (lambda x: np.mean(x, axis=0), lambda r: (usual(r, 3, 2),)),
    "var": (lambda x: np.var(x, axis=0, ddof=1), lambda r: (usual(r, 3, 2),)),
    "var where": (lambda x: np.var(x, where=[True, True, False]), lambda r: (usual(r, 3),)),
    "std": (np.std, lambda r: (usual(r, 3, 2),)),
    "average": (lambda x: np.average(x, weights=[1.0, 2.0, 3.0]), lambda r: (usual(r, 3),)),
    "cov": (np.cov, lambda r: (usual(r, 2, 4),)),
    "trapezoid": (np.trapezoid, lambda r: (usual(r, 4),)),
}


def _slope(f, x, t, h=1e-3):
    """Fourth-order difference of f along t."""

    def central(h):
        return (np.asarray(f(x + h * t)) - np.asarray(f(x - h * t))) / (2 * h)

    return (4 * central(h / 2) - central(h)) / 3


@pytest.mark.parametrize("name", CASES)
def test_first_order(name, rng):
    f, make = CASES[name]
    operands = make(rng)
    for k, x in enumerate(operands):

        def g(x, k=k):
            return f(*operands[:k], x, *operands[k + 1 :])

        t = usual(rng, *x.shape)
        expected = _slope(g, x, t)
        y, push = dr.jvp(g, (x,), (t,))
        np.testing.assert_allclose(y, g(x), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(push, expected, rtol=1e-8, atol=1e-9)
        ct = usual(rng, *np.shape(y)) if np.iscomplexobj(y) else rng.normal(size=np.shape(y))
        (pulled,) = dr.vjp(g, x)[1](ct)
        assert pulled.dtype == x.dtype
        left, right = np.vdot(ct, expected).real, np.vdot(pulled, t).real
        np.testing.assert_allclose(right, left, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_second_order(name, rng):
    f, make = CASES[name]
    operands = make(rng)
    x, t = operands[0], usual(rng, *operands[0].shape)

    def energy(x):
        y = f(x, *operands[1:])
        return np.sum(np.real(y * np.conj(y)))

    expected = _slope(dr.grad(energy), x, t)
    over_reverse = dr.jvp(dr.grad(energy), (x,), (t,))[1]
    np.testing.assert_allclose(over_reverse, expected, rtol=1e-7, atol=1e-7)
    over_forward = dr.grad(lambda x: dr.jvp(energy, (x,), (t,))[1])(x)
    np.testing.assert_allclose(over_forward, expected, rtol=1e-7, atol=1e-7)
