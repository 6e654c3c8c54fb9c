"""Hypergeometric functions and the inverses of w e^w: against mpmath, branches, refusals."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from tests.rules.tables import check, derivative

Z = [-30.0, -0.7, 0.0, 1e-9, 0.4, 6.0]
COMPLEX = [0.3 + 0.4j, -1.2 - 2.0j]


@pytest.mark.parametrize("v", [0.7, 3.0, -0.6])
@pytest.mark.parametrize("z", [*Z, *COMPLEX])
def test_hyp0f1(v, z):
    for order in (1, 2, 3):
        check(lambda z: special.hyp0f1(v, z), lambda z: mp.hyp0f1(v, z), (z,), (order,), rtol=1e-11)


@pytest.mark.parametrize(("a", "b"), [(0.7, 1.9), (-3.0, 2.5), (2.5, 0.4), (0.0, 1.0)])
@pytest.mark.parametrize("z", [*Z, *COMPLEX])
def test_hyp1f1(a, b, z):
    for order in (1, 2, 3):
        check(
            lambda z: special.hyp1f1(a, b, z),
            lambda z: mp.hyp1f1(a, b, z),
            (z,),
            (order,),
            rtol=1e-10,
        )


@pytest.mark.parametrize(("a", "b", "c"), [(0.7, 1.9, 2.3), (-3.0, 0.5, 1.5), (1.0, 2.0, 3.5)])
@pytest.mark.parametrize("z", [-20.0, -0.6, 0.0, 1e-9, 0.45, 0.97, 0.3 + 0.4j])
def test_hyp2f1(a, b, c, z):
    for order in (1, 2, 3):
        check(
            lambda z: special.hyp2f1(a, b, c, z),
            lambda z: mp.hyp2f1(a, b, c, z),
            (z,),
            (order,),
            rtol=1e-10,
        )


@pytest.mark.parametrize(("a", "b"), [(0.5, 2.0), (1.0, 2.5), (1.25, 3.0), (-2.0, 1.5)])
@pytest.mark.parametrize("z", [0.3, 2.0, 5.0])
def test_hyperu(a, b, z):
    for order in (1, 2):
        check(
            lambda z: special.hyperu(a, b, z),
            lambda z: mp.hyperu(a, b, z),
            (z,),
            (order,),
            rtol=1e-9,
        )


def test_gauss_at_one():
    """Finite while c - a - b > 1, infinite where the value's own tangent is vertical."""
    assert dr.grad(special.hyp2f1, argnums=3)(0.5, 0.5, 1.2, 1.0) == np.inf
    want = 0.25 / 3 * special.hyp2f1(1.5, 1.5, 4.0, 1.0)
    np.testing.assert_allclose(dr.grad(special.hyp2f1, argnums=3)(0.5, 0.5, 3.0, 1.0), want)


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (special.hyp0f1, (0.7, 0.3)),
        (special.hyp1f1, (0.7, 1.2, 0.3)),
        (special.hyp2f1, (0.7, 1.2, 1.9, 0.3)),
        (special.hyperu, (0.7, 1.2, 0.3)),
    ],
)
def test_parameters_are_refused_by_name(f, point):
    words = ("first", "second", "third")
    for k in range(len(point) - 1):
        with pytest.raises(dr.UnsupportedError, match=rf"{f.__name__}.*its {words[k]} argument"):
            dr.grad(f, argnums=k)(*point)
        with pytest.raises(dr.UnsupportedError, match=f.__name__):
            dr.jvp(lambda p, k=k: f(*point[:k], p, *point[k + 1 :]), (point[k],), (1.0,))


@pytest.mark.parametrize("z", [-700.0, -5.0, 0.0, 1.0, 1e6, 2.0 + 3.0j, -3.0 + 1.0j])
def test_wrightomega(z):
    def exact(z):
        # ω(z) = W_k(e^z) with the branch of the strip that z lies in.
        return mp.lambertw(mp.exp(z), int(mp.ceil((mp.im(z) - mp.pi) / (2 * mp.pi))))

    for order in (1, 2, 3):
        check(special.wrightomega, exact, (z,), (order,), rtol=1e-11)


def test_wrightomega_branch_point():
    with np.errstate(divide="ignore", invalid="ignore"):
        z = -1 + np.pi * 1j
        t = dr.jvp(special.wrightomega, (z,), (1.0 + 0j,))[1]
    assert special.wrightomega(z) == -1
    assert not np.isfinite(t)


BRANCHES = [
    (0, 1.3),
    (0, 1e-200),
    (0, 1e8),
    (0, -0.36),
    (0, -2.0),
    (-1, -0.2),
    (-1, -1e-80),
    (2, 0.7),
    (0, 0.3 + 2.0j),
    (-3, -5.0 + 1.0j),
    (1, 1e-9 + 1e-9j),
]


@pytest.mark.parametrize(("k", "z"), BRANCHES)
def test_lambertw(k, z):
    for order in (1, 2, 3) if abs(z) > 1e-50 else (1,):
        found = derivative(lambda z: special.lambertw(z, k), (complex(z),), (order,))
        with mp.workdps(60):
            unit = abs(mp.mpc(z)) * mp.mpf(10) ** -15
            want = complex(
                mp.diff(
                    lambda z: mp.lambertw(z, k),
                    mp.mpc(z),
                    order,
                    h=unit,
                    method="step",
                    direction=0,
                )
            )
        np.testing.assert_allclose(found, want, rtol=1e-9)


def test_lambertw_at_zero():
    """W₀ = z - z² + 3/2 z³ - ..."""
    found = [derivative(lambda z: special.lambertw(z), (0j,), (n,)) for n in (1, 2, 3)]
    np.testing.assert_allclose(found, [1, -2, 9], rtol=1e-14)


def test_lambertw_of_real_arguments():
    """The cotangent of a real argument is real; the mirror and SciPy's own function agree."""
    z = np.array([0.3, 2.0, 1e3])
    for f in (special.lambertw, dr.scipy.special.lambertw):
        w = special.lambertw(z).real
        g = dr.grad(lambda z, f=f: np.sum(np.real(f(z))))(z)
        np.testing.assert_allclose(g, w / (z * (1 + w)), rtol=1e-14)
        assert g.dtype == float
    # A list of traced numbers, other branches, a tolerance.
    y, t = dr.jvp(lambda z: dr.scipy.special.lambertw([z, 2 * z], [0, -1], 1e-9), (0.4,), (1.0,))
    np.testing.assert_array_equal(y, special.lambertw([0.4, 0.8], [0, -1], 1e-9))
    np.testing.assert_allclose(t, [1, 2] * (y / ([0.4, 0.8] * (1 + y))), rtol=1e-14)
    with pytest.raises(dr.UnsupportedError, match=r"lambertw.*third"):
        dr.grad(lambda tol: np.real(special.lambertw(0.3, 0, tol)))(1e-8)
