"""Examples of scipy.interpolate: in values (linear, so analytic), in points of evaluation, and in both."""

import numpy as np
from scipy.sparse import linalg as sparse_linalg
from scipy.spatial import Delaunay

from dualrev.scipy import interpolate
from tests.rules.examples import Example

X = np.array([0.0, 0.7, 1.5, 2.1, 3.2, 4.0, 4.6])
Y = np.array([0.3, -1.1, 0.8, 1.7, 0.4, -0.6, 0.9])
ONCE = Y[:6]
Q = np.array([0.31, 2.53, 4.23, 1.23])
WIDE = np.array([[0.35, -0.4], [2.6, 5.1]])
STACK = np.array([Y, Y[::-1] ** 2, 1.3 - 0.2 * Y])
ROUND = np.append(ONCE, ONCE[0])
KNOTS = np.array([0.0, 0.0, 0.0, 0.0, 1.2, 2.7, 4.6, 4.6, 4.6, 4.6])
GX, GY = np.array([0.0, 0.6, 1.5, 2.2, 3.1]), np.array([-1.0, 0.2, 1.1, 1.9])
GRID = np.array(
    [
        [0.3, -1.2, 0.7, 1.1],
        [1.4, 0.2, -0.5, 0.9],
        [-0.8, 0.6, 1.3, -0.1],
        [0.5, -0.3, 0.4, 1.6],
        [1.0, 0.8, -0.9, 0.15],
    ]
)
AT = np.array([[0.4, 0.5], [1.9, -0.3], [2.5, 1.4]])
BEYOND = np.array([[0.4, 0.5], [3.6, -0.3], [2.5, 2.4]])
P = np.random.default_rng(3).uniform(0.0, 1.0, (9, 2))
D = np.sin(5.0 * P[:, 0]) + P[:, 1]
INSIDE = P[Delaunay(P).simplices[:2]].mean(axis=1)


def periodic(y):
    return np.concatenate([y, y[:1]])


def cubic(**options):
    return lambda x, y, q: interpolate.CubicSpline(x, y, **options)(q)


def spline(y):
    return interpolate.make_interp_spline(X, y)


EXAMPLES = {
    "interpolate.CubicSpline": [
        Example(cubic(), X, Y, Q),
        Example(lambda y: interpolate.CubicSpline(X, y)(Q), Y, analytic=True),
        Example(cubic(bc_type="natural"), X, Y, Q),
        Example(cubic(bc_type="clamped", extrapolate=False), X, Y, Q),
        Example(
            lambda x, y: interpolate.CubicSpline(x, periodic(y), bc_type="periodic")(WIDE), X, ONCE
        ),
        Example(cubic(), X[:3], Y[:3], Q[:1]),
        Example(cubic(), X[:2], Y[:2], Q[:1]),
        Example(
            lambda x, y: interpolate.CubicSpline(x, np.append(y, y[:1]), bc_type="periodic")(Q[:2]),
            X[:3],
            Y[:2],
        ),
        Example(
            lambda y, a, b: interpolate.CubicSpline(X, y, bc_type=((1, a), (2, b)))(Q),
            Y,
            0.4,
            -0.7,
            analytic=True,
        ),
        Example(lambda y, q: interpolate.CubicSpline(X, y, axis=1)(q), STACK, WIDE),
        Example(lambda y, q: interpolate.CubicSpline(X, y)(q, 2), Y, Q),
        Example(lambda y, q: interpolate.CubicSpline(X, y).derivative()(q), Y, Q),
        Example(lambda y, q: interpolate.CubicSpline(X, y).antiderivative(2)(q), Y, Q),
        Example(lambda y, a, b: interpolate.CubicSpline(X, y).integrate(a, b), Y, 0.3, 5.2),
        Example(
            lambda y, a, b: interpolate.CubicSpline(X, periodic(y), bc_type="periodic").integrate(
                a, b
            ),
            ONCE,
            -3.1,
            11.7,
        ),
        Example(lambda y: interpolate.CubicSpline(X, y).roots(extrapolate=False), Y, lanes=False),
    ],
    "interpolate.CubicHermiteSpline": [
        Example(lambda x, y, d, q: interpolate.CubicHermiteSpline(x, y, d)(q), X, Y, Y[::-1], Q),
        Example(
            lambda y, d: interpolate.CubicHermiteSpline(X, y, d, axis=1)(Q),
            STACK,
            STACK[::-1],
            analytic=True,
        ),
    ],
    "interpolate.PchipInterpolator": [
        Example(lambda x, y, q: interpolate.PchipInterpolator(x, y)(q), X, Y, Q),
        Example(lambda y: interpolate.PchipInterpolator(X, y, axis=-1)(WIDE), STACK),
        Example(lambda x, y: interpolate.PchipInterpolator(x, y)(0.3), X[:2], Y[:2]),
        Example(lambda y, q: interpolate.PchipInterpolator(X, np.cumsum(y**2))(q, 1), Y, Q),
    ],
    "interpolate.pchip_interpolate": [
        Example(interpolate.pchip_interpolate, X, Y, Q),
        Example(lambda y: interpolate.pchip_interpolate(X, y, Q, der=1), Y),
    ],
    "interpolate.Akima1DInterpolator": [
        Example(lambda x, y, q: interpolate.Akima1DInterpolator(x, y)(q), X, Y, Q),
        Example(lambda x, y: interpolate.Akima1DInterpolator(x, y, method="makima")(Q), X, Y),
        Example(lambda y: interpolate.Akima1DInterpolator(X[:2], y)(0.3), Y[:2]),
    ],
    "interpolate.PPoly": [
        Example(lambda c, x, q: interpolate.PPoly(c, x)(q), GRID[:3], GX, Q / 1.6),
        Example(
            lambda c: interpolate.PPoly(c, GX, extrapolate="periodic")(WIDE),
            GRID[:3],
            analytic=True,
        ),
        Example(lambda c, q: interpolate.PPoly(c, GX[::-1])(q), GRID[:3], WIDE / 3.0),
        Example(lambda c, q: interpolate.PPoly(c, GX)(q, 3), GRID[:3], Q / 1.6),
        Example(lambda c: interpolate.PPoly(np.stack([c, c]), GX[:3], axis=1)(0.5), GRID[:3, :2]),
    ],
    "interpolate.BPoly": [
        Example(lambda c, x, q: interpolate.BPoly(c, x)(q), GRID[:3], GX, Q / 1.6),
        Example(lambda c: interpolate.BPoly(c, GX)(WIDE, 1), GRID[:4], analytic=True),
        Example(lambda c, q: interpolate.BPoly(c, GX).derivative()(q), GRID[:3], Q / 1.6),
        Example(lambda c, q: interpolate.BPoly(c, GX).antiderivative(2)(q), GRID[:3], Q / 1.6),
        Example(lambda c, a, b: interpolate.BPoly(c, GX).integrate(a, b), GRID[:3], 0.3, 2.8),
    ],
    "interpolate.BSpline": [
        Example(lambda t, c, q: interpolate.BSpline(t, c, 2)(q), np.arange(10.0), Y, Q + 1.9),
        Example(lambda c: interpolate.BSpline(KNOTS, c, 3)(WIDE), ONCE, analytic=True),
        Example(
            lambda c, q: interpolate.BSpline(KNOTS, c, 3, extrapolate="periodic")(q), ONCE, WIDE
        ),
        Example(lambda c, q: interpolate.BSpline(KNOTS, c, 3)(q, 2), ONCE, Q),
        Example(lambda c, q: interpolate.BSpline(KNOTS, c, 3).derivative(2)(q), ONCE, Q),
        Example(lambda c, q: interpolate.BSpline(KNOTS, c, 3).antiderivative()(q), ONCE, Q),
        Example(lambda c, a, b: interpolate.BSpline(KNOTS, c, 3).integrate(a, b), ONCE, 0.3, 5.0),
        Example(
            lambda c, a, b: interpolate.BSpline(KNOTS, c, 3, extrapolate="periodic").integrate(
                a, b
            ),
            ONCE,
            -3.1,
            11.7,
        ),
    ],
    "interpolate.make_interp_spline": [
        Example(lambda y, q: spline(y)(q), Y, Q),
        Example(lambda y: spline(y)(WIDE), Y, analytic=True),
        Example(
            lambda y: interpolate.make_interp_spline(X, y, k=5, axis=1)(Q), STACK, analytic=True
        ),
        Example(lambda y: interpolate.make_interp_spline(X, y, k=2)(Q, 1), Y, analytic=True),
        Example(lambda y: interpolate.make_interp_spline(X, y, k=1)(Q), Y, analytic=True),
        Example(lambda y: interpolate.make_interp_spline(X, y, bc_type="natural")(Q), Y),
        Example(
            lambda y: interpolate.make_interp_spline(X, periodic(y), bc_type="periodic")(WIDE), ONCE
        ),
        Example(
            lambda y, a, b: interpolate.make_interp_spline(X, y, bc_type=([(1, a)], [(2, b)]))(Q),
            Y,
            0.4,
            -0.7,
        ),
    ],
    "interpolate.make_lsq_spline": [
        Example(lambda y, q: interpolate.make_lsq_spline(X, y, KNOTS)(q), Y, Q),
        Example(lambda y: interpolate.make_lsq_spline(X, y, KNOTS, w=1.0 + X, axis=1)(Q), STACK),
    ],
    "interpolate.make_smoothing_spline": [
        Example(lambda q: interpolate.make_smoothing_spline(X, Y, lam=0.1)(q), Q),
    ],
    "interpolate.splrep": [
        Example(lambda y: interpolate.splrep(X, y)[1][:7], Y),
        Example(lambda y: interpolate.splrep(X, y, w=1.0 + X, t=[1.2, 2.7])[1][:6], Y),
        Example(lambda y: interpolate.splrep(X, y, k=2, s=0)[1][:7], Y),
    ],
    "interpolate.splev": [
        Example(lambda c, q: interpolate.splev(q, (KNOTS, c, 3)), ONCE, Q),
        *(
            Example(lambda c, q, ext=ext: interpolate.splev(q, (KNOTS, c, 3), 1, ext), ONCE, WIDE)
            for ext in (0, 1, 3)
        ),
        Example(lambda q: np.stack(interpolate.splev(q, (KNOTS, [ONCE, -ONCE], 3))), Q),
        Example(lambda q: interpolate.splev(q, spline(Y)), Q),
    ],
    "interpolate.splint": [
        Example(lambda a, b, c: interpolate.splint(a, b, (KNOTS, c, 3)), 0.3, 3.9, ONCE),
        Example(lambda y: interpolate.splint(0.3, 3.9, spline(y)), Y),
    ],
    "interpolate.splder": [
        Example(lambda c: interpolate.splder((KNOTS, c, 3))[1], np.append(ONCE, np.zeros(4))),
        Example(lambda y: interpolate.splder(spline(y), 2)(Q), Y),
    ],
    "interpolate.splantider": [
        Example(lambda c: interpolate.splantider((KNOTS, c, 3))[1], np.append(ONCE, np.zeros(4))),
        Example(lambda y: interpolate.splantider(spline(y), 2)(Q), Y),
    ],
    "interpolate.spalde": [
        Example(lambda c: interpolate.spalde(1.3, (KNOTS, c, 3)), np.append(ONCE, np.zeros(4))),
        Example(lambda q: np.stack(interpolate.spalde(q, interpolate.splrep(X, Y))), Q),
    ],
    "interpolate.UnivariateSpline": [
        Example(lambda y, q: interpolate.UnivariateSpline(X, y, s=0)(q), Y, Q),
        Example(lambda q: interpolate.UnivariateSpline(X, Y, s=1.0, ext=3)(q), WIDE),
        Example(lambda y: interpolate.UnivariateSpline(X, y, k=2, s=0).derivative()(Q), Y),
        Example(lambda y: interpolate.UnivariateSpline(X, y, s=0).antiderivative()(Q), Y),
        Example(lambda y: interpolate.UnivariateSpline(X, y, s=0).integral(0.2, 6.0), Y),
        Example(lambda y: interpolate.UnivariateSpline(X, y, s=0).derivatives(1.3), Y),
    ],
    "interpolate.InterpolatedUnivariateSpline": [
        Example(lambda y, q: interpolate.InterpolatedUnivariateSpline(X, y, ext=1)(q), Y, WIDE),
        Example(lambda y: interpolate.InterpolatedUnivariateSpline(X, y, k=4)(Q, 1), Y),
    ],
    "interpolate.LSQUnivariateSpline": [
        Example(lambda y, q: interpolate.LSQUnivariateSpline(X, y, [1.2, 2.7])(q), Y, Q),
        Example(lambda y: interpolate.LSQUnivariateSpline(X, y, [2.0], w=1.0 + X, k=2)(Q), Y),
    ],
    "interpolate.interp1d": [
        Example(lambda x, y, q: interpolate.interp1d(x, y)(q), X, Y, Q),
        Example(
            lambda y: interpolate.interp1d(X, y, fill_value="extrapolate")(WIDE), Y, analytic=True
        ),
        *(
            Example(lambda y, q, kind=kind: interpolate.interp1d(X, y, kind=kind)(q), Y, Q)
            for kind in ("zero", "slinear", "quadratic", "cubic", 4)
        ),
        *(
            Example(lambda y, kind=kind: interpolate.interp1d(X, y, kind=kind, axis=1)(Q), STACK)
            for kind in ("nearest", "nearest-up", "previous", "next", "cubic")
        ),
        Example(
            lambda y, a, b: interpolate.interp1d(X, y, bounds_error=False, fill_value=(a, b))(WIDE),
            Y,
            0.3,
            0.8,
        ),
        Example(
            lambda y: interpolate.interp1d(X, y, kind="previous", fill_value="extrapolate")(
                Q + 1.0
            ),
            Y,
        ),
        Example(lambda x, y: interpolate.interp1d(x, y)(Q), X[::-1].copy(), Y),
    ],
    "interpolate.RegularGridInterpolator": [
        Example(lambda v, q: interpolate.RegularGridInterpolator((GX, GY), v)(q), GRID, AT),
        Example(
            lambda v: interpolate.RegularGridInterpolator((GX[::-1], GY), v)(AT),
            GRID,
            analytic=True,
        ),
        *(
            Example(
                lambda v, q, m=m: interpolate.RegularGridInterpolator((GX, GY), v, method=m)(q),
                GRID,
                AT,
            )
            for m in ("nearest", "slinear", "pchip", "cubic_legacy")
        ),
        Example(
            lambda v, q: interpolate.RegularGridInterpolator(
                (GX, GY), v, method="cubic", solver=sparse_linalg.spsolve
            )(q),
            GRID,
            AT,
        ),
        Example(
            lambda v, q: interpolate.RegularGridInterpolator(
                (GX, GY), v, method="cubic", solver=sparse_linalg.spsolve
            )(q, nu=(1, 2)),
            GRID,
            AT,
        ),
        Example(
            lambda v, fill: interpolate.RegularGridInterpolator(
                (GX, GY), v, bounds_error=False, fill_value=fill
            )(BEYOND),
            GRID,
            0.5,
        ),
        Example(
            lambda v, q: interpolate.RegularGridInterpolator(
                (GX, GY), v, bounds_error=False, fill_value=None
            )(q),
            np.stack([GRID, GRID**2], axis=-1),
            BEYOND,
        ),
    ],
    "interpolate.interpn": [
        Example(lambda v, q: interpolate.interpn((GX, GY), v, q), GRID, AT),
        Example(lambda v, q: interpolate.interpn((GX, GY), v, q, method="splinef2d"), GRID, AT),
        Example(lambda q: interpolate.interpn((GX, GY), GRID, (q, q / 2.0)), Q / 2.0),
    ],
    "interpolate.NdBSpline": [
        Example(
            lambda c, q: interpolate.NdBSpline((KNOTS, KNOTS), c, 3)(q),
            np.outer(ONCE, ONCE),
            AT + 1.0,
        ),
        Example(
            lambda c: interpolate.NdBSpline((KNOTS, KNOTS), c, 3, extrapolate=True)(
                AT - 1.0, nu=(1, 0)
            ),
            np.outer(ONCE, ONCE),
        ),
    ],
    "interpolate.RectBivariateSpline": [
        Example(lambda z, a, b: interpolate.RectBivariateSpline(GX, GY, z).ev(a, b), GRID, *AT.T),
        Example(lambda z, a: interpolate.RectBivariateSpline(GX, GY, z)(a, GY[:2]), GRID, AT[:, 0]),
        Example(
            lambda z, a, b: interpolate.RectBivariateSpline(GX, GY, z).ev(a, b, 1, 2), GRID, *AT.T
        ),
        Example(lambda z: interpolate.RectBivariateSpline(GX, GY, z, kx=1, ky=2)(GX, GY), GRID),
        Example(
            lambda z, a: interpolate.RectBivariateSpline(GX, GY, z).integral(a, 2.0, 0.0, 3.0),
            GRID,
            0.3,
        ),
        Example(
            lambda z: interpolate.RectBivariateSpline(GX, GY, z).partial_derivative(1, 1).ev(*AT.T),
            GRID,
        ),
        Example(
            lambda z, a: interpolate.RectBivariateSpline(GX, GY, z).ev(a, 0.3), GRID, BEYOND[:, 0]
        ),
    ],
    "interpolate.SmoothBivariateSpline": [
        Example(
            lambda a, b: interpolate.SmoothBivariateSpline(*P.T, D, kx=1, ky=1, s=3.0).ev(a, b),
            *INSIDE.T,
        ),
    ],
    "interpolate.LSQBivariateSpline": [
        Example(
            lambda a, b: interpolate.LSQBivariateSpline(*P.T, D, [], [], kx=1, ky=1).ev(a, b),
            *INSIDE.T,
        ),
    ],
    "interpolate.bisplev": [
        Example(
            lambda c: interpolate.bisplev(AT[:, 0], GY[1:3], (KNOTS, KNOTS, c, 3, 3)),
            np.outer(ONCE, ONCE).ravel(),
        ),
        Example(
            lambda a: interpolate.bisplev(
                a, 0.3, (KNOTS, KNOTS, np.outer(ONCE, Y[:6]).ravel(), 3, 3), 1, 1
            ),
            0.7,
        ),
    ],
    "interpolate.KroghInterpolator": [
        Example(lambda x, y, q: interpolate.KroghInterpolator(x, y)(q), X[:4], Y[:4], Q / 2.0),
        Example(
            lambda y: interpolate.KroghInterpolator(X[:4], y, axis=1).derivatives(WIDE),
            STACK[:, :4],
            analytic=True,
        ),
        Example(
            lambda y, q: interpolate.KroghInterpolator([0, 0, 1], y).derivative(q, 2), Y[:3], Q
        ),
    ],
    "interpolate.krogh_interpolate": [
        Example(interpolate.krogh_interpolate, X[:4], Y[:4], Q / 2.0),
        Example(lambda y: interpolate.krogh_interpolate(X[:4], y, Q, der=[1, 2]), Y[:4]),
    ],
    "interpolate.BarycentricInterpolator": [
        Example(lambda y, q: interpolate.BarycentricInterpolator(X[:4], y)(q), Y[:4], X[:3]),
        Example(
            lambda y: interpolate.BarycentricInterpolator(X[:4], y, axis=1).derivatives(Q / 2.2),
            STACK[:, :4],
            analytic=True,
        ),
        Example(
            lambda y, q: interpolate.BarycentricInterpolator(X[:4], y).derivative(q), Y[:4], Q / 2.2
        ),
    ],
    "interpolate.barycentric_interpolate": [
        Example(lambda y, q: interpolate.barycentric_interpolate(X[:4], y, q), Y[:4], Q / 2.0),
        Example(lambda y: interpolate.barycentric_interpolate(X[:4], y, Q / 2.2, der=1), Y[:4]),
    ],
    "interpolate.RBFInterpolator": [
        Example(lambda p, d, q: interpolate.RBFInterpolator(p, d)(q), P, D, INSIDE),
        Example(lambda d: interpolate.RBFInterpolator(P, d, neighbors=5)(INSIDE), D, analytic=True),
        *(
            Example(
                lambda p, q, e, k=k: interpolate.RBFInterpolator(p, D, kernel=k, epsilon=e)(q),
                P,
                INSIDE,
                4.0,
            )
            for k in ("linear", "cubic", "multiquadric", "inverse_multiquadric")
        ),
        *(
            Example(
                lambda d, e, s, k=k: interpolate.RBFInterpolator(
                    P, d, kernel=k, epsilon=e, smoothing=s
                )(INSIDE),
                D,
                2.0,
                0.3,
            )
            for k in ("quintic", "inverse_quadratic", "gaussian")
        ),
        Example(lambda d, q: interpolate.RBFInterpolator(P, d, neighbors=4)(q), D, INSIDE),
    ],
    "interpolate.NearestNDInterpolator": [
        Example(lambda v, q: interpolate.NearestNDInterpolator(P, v)(q), D, INSIDE),
        Example(
            lambda v: interpolate.NearestNDInterpolator(P, v, rescale=True)(0.4, 0.6),
            np.stack([D, P[:, 1]], axis=-1),
        ),
    ],
    "interpolate.LinearNDInterpolator": [
        Example(lambda v, q: interpolate.LinearNDInterpolator(P, v)(q), D, INSIDE),
        Example(
            lambda v: interpolate.LinearNDInterpolator(P, v, fill_value=0.5, rescale=True)(
                0.4, [0.6, 3.0]
            ),
            np.stack([D, P[:, 1]], axis=-1),
        ),
    ],
    "interpolate.griddata": [
        *(
            Example(lambda v, q, m=m: interpolate.griddata(P, v, q, method=m), D, INSIDE)
            for m in ("nearest", "linear")
        ),
        Example(lambda v, q: interpolate.griddata(X, v, q, method="cubic"), Y, Q),
        Example(lambda v: interpolate.griddata(X[::-1], v, Q, method="linear"), Y),
        Example(lambda v: interpolate.griddata(P, v, (0.4, 0.5)), D),
    ],
}
