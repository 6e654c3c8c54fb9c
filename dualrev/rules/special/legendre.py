"""Legendre functions and spherical harmonics; in angles by ladder operators, which are regular at the poles."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import Domain, case
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.contraction import array_operand
from dualrev.rules.special.bessel import IN_ORDER, beside, whole_number
from dualrev.rules.special.orthogonal import IN_DEGREE, inside

__all__: list[str] = []

_NOTE = "in the argument; plain degree and order"
polar = Domain("(0.2, 2.9)", lambda rng, shape: rng.uniform(0.2, 2.9, shape), singular=False)
outside = Domain("(1.3, 3)", lambda rng, shape: rng.uniform(1.3, 3.0, shape))


# --------------------------------------------------------------------------------------------------
# The ufunc lpmv.


def _derivative_of_p(v: Any, k: Any, x: Any) -> Any:
    """Return the k-th derivative of P_v, (v+1)_k 2^-k P_{v-k}^(k,k) (DLMF 18.9.15, 18.7.9)."""
    vanishes = (v - k < 0) & (v == np.floor(v))
    degree = np.where(vanishes, 0, v - k)
    p = special.eval_jacobi(degree, k, k, x)
    return np.where(vanishes, 0.0, special.poch(v + 1.0, k) * 0.5**k) * p


def _lpmv_slope(a: Any, b: Any, c: Any) -> Any:
    """Differentiate (-1)^m (1-x²)^{m/2} P_v^{(m)}(x) as a product, which has the right limits at ±1."""
    a, b = beside(a, c), beside(b, c)
    m = np.absolute(a)
    v = np.where(b < 0, -b - 1, b)
    square = 1.0 - c * c
    falling = m * c * square ** np.where(m == 0, 0.0, 0.5 * m - 1.0) * _derivative_of_p(v, m, c)
    slope = square ** (0.5 * m) * _derivative_of_p(v, m + 1, c) - falling
    # P_v^{-m} = (-1)^m Γ(v-m+1)/Γ(v+m+1) P_v^m (DLMF 14.9.3), which cancels the sign.
    negative = 1.0 / special.poch(np.where(a < 0, v - m + 1.0, 1.0), 2 * m)
    return np.where(a < 0, negative, 1 - 2 * (m % 2)) * slope


lpmv = elementwise(
    special.lpmv,
    IN_ORDER,
    IN_DEGREE,
    _lpmv_slope,
    on=[
        case(np.array([[0, 1], [2, 0], [3, -2]]), np.array([[3, 4], [3, 4], [5, 3]]), inside(3, 2)),
        case(np.array([[0], [1], [-1]]), np.array([[1.5, 2.25]] * 3, np.float32), inside(3, 2)),
        case(np.array(2), np.array(3), inside()),
    ],
    analytic=False,
    formula="∂c of (-1)^a (1-c²)^{a/2} P_b^{(a)}(c) (DLMF 14.6.1), P_b^{(k)} ∝ P_{b-k}^{(k,k)}",
    kinks="infinite at ±1 for a = ±1",
)

# --------------------------------------------------------------------------------------------------
# Spherical harmonics and their first and second derivatives, in angles.


def _up(n: Any, m: Any) -> Any:
    return np.sqrt(np.maximum((n - m) * (n + m + 1), 0))


def _as_narrow(y: Any, *operands: Any) -> Any:
    """Return `y` in single precision if all operands are: an array of degrees has made it double."""
    if any(dtype_of(x) not in (np.dtype(np.float32), np.dtype(np.complex64)) for x in operands):
        return y
    return y.astype(np.complex64 if dtype_of(y).kind == "c" else np.float32)


def _half(theta: Any) -> Any:
    """Return ½, and -½ outside [0, π], where SciPy continues by |sin θ|."""
    return np.where(np.sin(theta) < 0, -0.5, 0.5)


def _picked(values: Any, order: int, i: int, j: int) -> Any:
    """Return the entry ∂θⁱ ∂φʲ of what sph_harm_y gives with diff_n = order."""
    if order == 0:
        return values
    if i + j == 0:
        return values[0]
    if i + j == 1:
        return values[1][..., j]
    return values[2][..., 0 if i else 1, 1 if j else 0]


def _harmonics() -> None:
    def value(a: Any, b: Any, c: Any, d: Any, *, order: int, i: int, j: int) -> Any:
        return _picked(special.sph_harm_y(a, b, c, d, diff_n=order), order, i, j)[()]

    def along_polar(n: Any, m: Any, theta: Any, phi: Any, i: int, j: int) -> Any:
        # The factor in the precision of both angles.
        turn = np.exp(1j * (phi + 0.0 * theta))
        above, below = (harmonic(n, m + k, theta, phi, order=i, i=i, j=0) for k in (1, -1))
        slope = _half(theta) * (_up(n, m) * above / turn - _up(n, -m) * below * turn)
        return slope * (1j * m) ** j if j else slope

    degrees, orders = np.array([[0, 1], [2, 3], [2, 3]]), np.array([[0, 1], [-1, 2], [0, -3]])
    points = (degrees, orders, polar(3, 2), polar(3, 2))

    @general(
        value,
        arguments=("a", "b", "c", "d"),
        refused={"a": IN_DEGREE, "b": IN_ORDER},
        on=[
            case(*points, order=0, i=0, j=0),
            case(np.arange(2), np.array([[0], [1]]), polar(2), (2, 1), order=1, i=0, j=0),
            *(case(*points, order=1, i=i, j=1 - i) for i in (0, 1)),
            *(case(*points, order=2, i=i, j=2 - i) for i in (0, 1, 2)),
            case(np.array(2), np.array(1), polar(), (), order=2, i=1, j=0),
        ],
        name="special.sph_harm_y",
        broadcasts=True,
        analytic=False,
        pattern="elementwise",
    )
    class harmonic:
        """2 ∂θ Yₙᵐ = √((n-m)(n+m+1)) e^{-iφ} Yₙᵐ⁺¹ - √((n+m)(n-m+1)) e^{iφ} Yₙᵐ⁻¹, ∂φ Yₙᵐ = im Yₙᵐ (Edmonds 2.5)."""

        def tangent_c(t: Any, a: Any, b: Any, c: Any, d: Any, *, i: int, j: int) -> Any:
            return t * along_polar(a, b, c, d, i, j)

        def adjoint_c(ct: Any, a: Any, b: Any, c: Any, d: Any, *, i: int, j: int) -> Any:
            return ct * along_polar(a, b, c, d, i, j)

        def tangent_d(t: Any, b: Any, y: Any) -> Any:
            return t * (1j * np.real(b) * y)

        def adjoint_d(ct: Any, b: Any, y: Any) -> Any:
            return ct * (1j * np.real(b) * y)

    @numpy_function(special.sph_harm_y, kind="rule", note=_NOTE)
    def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
        order = _diff(diff_n)

        def one(i: int, j: int) -> Any:
            return harmonic(n, m, theta, phi, order=order, i=i, j=j)

        gradient = [one(1, 0), one(0, 1)] if order else []
        if order == 0:
            return one(0, 0)
        if order == 1:
            return one(0, 0), np.stack(gradient, axis=-1)
        mixed = one(1, 1)
        rows = [[one(2, 0), mixed], [mixed, one(0, 2)]]
        hessian = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
        return one(0, 0), np.stack(gradient, axis=-1), hessian

    @numpy_function(special.sph_harm_y_all, note=_NOTE)
    def sph_harm_y_all(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
        ndim = max(np.ndim(theta), np.ndim(phi))
        y = sph_harm_y(*_grid(n, abs(m), ndim), theta, phi, diff_n=diff_n)
        if not isinstance(y, tuple):
            return _as_narrow(y, theta, phi)
        return tuple(_as_narrow(part, theta, phi) for part in y)


def _diff(diff_n: Any) -> int:
    diff_n = whole_number(diff_n, "diff_n")
    if diff_n > 2:
        raise ValueError(
            f"diff_n is currently only implemented for orders 0, 1, and 2, received: {diff_n}."
        )
    return diff_n


def _grid(n: Any, m: Any, ndim: int) -> tuple[Any, Any]:
    """Return all degrees, and all orders 0, 1, ..., m, -m, ..., -1, in two leading axes."""
    degrees = np.arange(whole_number(n) + 1)
    orders = np.concatenate([np.arange(m + 1), np.arange(-whole_number(m, "m"), 0)])
    return np.reshape(degrees, (-1, 1, *(1,) * ndim)), np.reshape(orders, (-1, *(1,) * ndim))


# --------------------------------------------------------------------------------------------------
# Legendre polynomials and their first and second derivatives.


def _row(function: Any) -> Any:
    """Return the derivative of order `k` as SciPy gives it with all up to `order`."""

    def value(*operands: Any, order: int, k: int, **options: Any) -> Any:
        return function(*operands, diff_n=order, **options)[k][()]

    return value


def _stacked(primitive: Any, order: int, *operands: Any, **options: Any) -> Any:
    rows = [primitive(*operands, order=order, k=k, **options) for k in range(order + 1)]
    return np.stack(rows)


_ALL = [(order, k) for order in range(3) for k in range(order + 1)]


def _legendre_family() -> None:
    def polynomial_slope(n: Any, x: Any, k: int) -> Any:
        # P_n^{(k)} = (2k-1)!! C_{n-k}^{(k+1/2)} (DLMF 18.9.19)
        low = n < k + 1
        c = special.eval_gegenbauer(np.where(low, 0, n - k - 1), k + 1.5, x)
        return np.where(low, 0.0, (1.0, 3.0, 15.0)[k]) * c

    @general(
        _row(special.legendre_p),
        arguments=("a", "b"),
        refused={"a": IN_DEGREE},
        on=[case(np.array([[0, 1], [2, 3], [4, 3]]), inside(3, 2), order=o, k=k) for o, k in _ALL]
        + [
            case(np.arange(3), inside(2, 1), order=1, k=0),
            case(np.array(3), inside(), order=0, k=0),
        ],
        name="special.legendre_p",
        broadcasts=True,
        analytic=False,
        pattern="elementwise",
    )
    class plain:
        """The k-th derivative of Pₙ is (2k-1)!! C_{n-k}^{(k+½)} (DLMF 18.9.19)."""

        def tangent_b(t: Any, a: Any, b: Any, *, k: int) -> Any:
            return t * polynomial_slope(a, b, k)

        def adjoint_b(ct: Any, a: Any, b: Any, *, k: int) -> Any:
            return ct * polynomial_slope(a, b, k)

    def associated_slope(n: Any, m: Any, x: Any, cut: Any, k: int, norm: bool) -> Any:
        if k < 2:
            return associated(n, m, x, cut, order=k + 1, k=k + 1, norm=norm)
        p, p1, p2 = (associated(n, m, x, cut, order=2, k=j, norm=norm) for j in range(3))
        square = 1.0 - x * x
        q = m * m / square
        return (4.0 * x * p2 - (n * (n + 1.0) - 2.0 - q) * p1 + 2.0 * x * q / square * p) / square

    def associated_value(a: Any, b: Any, c: Any, d: Any, *, order: int, k: int, norm: bool) -> Any:
        return special.assoc_legendre_p(a, b, c, branch_cut=d, norm=norm, diff_n=order)[k][()]

    degrees, orders = np.array([[0, 1], [2, 3], [2, 3]]), np.array([[0, 1], [-1, 2], [0, -3]])

    @general(
        associated_value,
        arguments=("a", "b", "c", "d"),
        refused={"a": IN_DEGREE, "b": IN_ORDER},
        constant=("d",),
        on=[
            case(degrees, orders, inside(3, 2), np.array(2), order=o, k=k, norm=o == 1)
            for o, k in _ALL
        ]
        + [
            case(degrees, orders, outside(3, 2), np.array(3), order=0, k=0, norm=False),
            case(
                np.arange(3),
                np.array([[0], [1]]),
                inside(3),
                np.array([[2], [2]]),
                order=0,
                k=0,
                norm=True,
            ),
            case(np.array(2), np.array(1), inside(), np.array(2), order=1, k=1, norm=True),
            case(
                degrees,
                orders,
                lambda rng: rng.uniform(-1, 1, (3, 2)) + 1j,
                np.array(2),
                order=1,
                k=0,
                norm=False,
            ),
        ],
        name="special.assoc_legendre_p",
        broadcasts=True,
        analytic=False,
        pattern="elementwise",
        kinks="at ±1 SciPy's limits, of the third derivative NaN",
    )
    class associated:
        """(1-x²) P'' = 2x P' - (n(n+1) - m²/(1-x²)) P (DLMF 14.2.2)."""

        def tangent_c(t: Any, a: Any, b: Any, c: Any, d: Any, *, k: int, norm: bool) -> Any:
            return t * associated_slope(a, b, c, d, k, norm)

        def adjoint_c(ct: Any, a: Any, b: Any, c: Any, d: Any, *, k: int, norm: bool) -> Any:
            return ct * associated_slope(a, b, c, d, k, norm)

    def polar_slope(n: Any, m: Any, theta: Any, order: int, k: int) -> Any:
        above, below = (spherical(n, m + j, theta, order=order, k=k) for j in (1, -1))
        return _half(theta) * (_up(n, m) * above - _up(n, -m) * below)

    @general(
        _row(special.sph_legendre_p),
        arguments=("a", "b", "c"),
        refused={"a": IN_DEGREE, "b": IN_ORDER},
        on=[case(degrees, orders, polar(3, 2), order=o, k=k) for o, k in _ALL]
        + [
            case(np.arange(3), np.array([[0], [1]]), polar(3), order=1, k=0),
            case(np.array(2), np.array(1), polar(), order=0, k=0),
        ],
        name="special.sph_legendre_p",
        broadcasts=True,
        analytic=False,
        pattern="elementwise",
    )
    class spherical:
        """2 dPₙᵐ/dθ = √((n-m)(n+m+1)) Pₙᵐ⁺¹ - √((n+m)(n-m+1)) Pₙᵐ⁻¹, as of spherical harmonics at φ = 0."""

        def tangent_c(t: Any, a: Any, b: Any, c: Any, *, order: int, k: int) -> Any:
            return t * polar_slope(a, b, c, order, k)

        def adjoint_c(ct: Any, a: Any, b: Any, c: Any, *, order: int, k: int) -> Any:
            return ct * polar_slope(a, b, c, order, k)

    @numpy_function(special.legendre_p, kind="rule", note=_NOTE)
    def legendre_p(n: Any, z: Any, *, diff_n: int = 0) -> Any:
        return _stacked(plain, _diff(diff_n), n, z)

    @numpy_function(special.legendre_p_all, note=_NOTE)
    def legendre_p_all(n: Any, z: Any, *, diff_n: int = 0) -> Any:
        degrees = np.arange(whole_number(n) + 1)
        y = legendre_p(np.reshape(degrees, (-1, *(1,) * np.ndim(z))), z, diff_n=diff_n)
        return _as_narrow(y, z)

    @numpy_function(special.assoc_legendre_p, kind="rule", note=_NOTE)
    def assoc_legendre_p(
        n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: bool = False, diff_n: int = 0
    ) -> Any:
        return _stacked(associated, _diff(diff_n), n, m, z, branch_cut, norm=norm)

    @numpy_function(special.assoc_legendre_p_all, note=_NOTE)
    def assoc_legendre_p_all(
        n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: bool = False, diff_n: int = 0
    ) -> Any:
        grid = _grid(n, m, max(np.ndim(z), np.ndim(branch_cut)))
        return assoc_legendre_p(*grid, z, branch_cut=branch_cut, norm=norm, diff_n=diff_n)

    @numpy_function(special.sph_legendre_p, kind="rule", note=_NOTE)
    def sph_legendre_p(n: Any, m: Any, theta: Any, *, diff_n: int = 0) -> Any:
        return _stacked(spherical, _diff(diff_n), n, m, theta)

    @numpy_function(special.sph_legendre_p_all, note=_NOTE)
    def sph_legendre_p_all(n: Any, m: Any, theta: Any, *, diff_n: int = 0) -> Any:
        y = sph_legendre_p(*_grid(n, abs(m), np.ndim(theta)), theta, diff_n=diff_n)
        return _as_narrow(y, theta)


if hasattr(special, "sph_harm_y"):
    _harmonics()
    _legendre_family()

# --------------------------------------------------------------------------------------------------
# Legendre functions of the second kind, all degrees (and orders) at once, with their derivatives.


def _second_kind(function: Any, name: str) -> Any:
    def second(x: Any, y: Any, sizes: tuple[int, ...]) -> Any:
        """Return Q'' by Legendre's equation (DLMF 14.2.2)."""
        axes = (1,) * np.ndim(x)
        degree = np.reshape(np.arange(sizes[-1] + 1), (-1, *axes))
        square = 1.0 - x * x
        eigen: Any = degree * (degree + 1.0)
        if len(sizes) == 2:
            order = np.reshape(np.arange(sizes[0] + 1), (-1, 1, *axes))
            eigen = eigen - order * order / square
        return (2.0 * x * y[1] - eigen * y[0]) / square

    sizes = [(3,), (0,)] if function is special.lqn else [(2, 3), (0, 1)]

    @general(
        lambda x, sizes: tuple(function(*sizes, x)),
        on=[
            case(inside(2, 3), sizes=sizes[0]),
            case(inside(), sizes=sizes[0]),
            case(outside(3), sizes=sizes[0]),
            case(inside(3), sizes=sizes[1]),
            case(lambda rng: outside(2)(rng) + 0.5j, sizes=sizes[0]),
        ],
        name=name,
        analytic=False,
        pattern="...->mn..." if len(sizes[0]) == 2 else "...->n...",
    )
    class rule:
        """dQ = Q' dx, (1-x²) dQ' = (2x Q' - (n(n+1) - m²/(1-x²)) Q) dx (DLMF 14.2.2)."""

        def tangent(t: Any, x: Any, y: Any, *, sizes: tuple[int, ...]) -> Any:
            return t * y[1], t * second(x, y, sizes)

        def adjoint(ct: Any, x: Any, y: Any, *, sizes: tuple[int, ...]) -> Any:
            both = ct[0] * y[1] + ct[1] * second(x, y, sizes)
            return np.sum(both, axis=tuple(range(len(sizes))))

    return rule


def _float_operand(z: Any) -> Any:
    z = array_operand(z)
    return z if dtype_of(z).kind in "fc" else z.astype(float)


_lqn, _lqmn = (_second_kind(getattr(special, n), f"special.{n}") for n in ("lqn", "lqmn"))


@numpy_function(special.lqn, kind="rule", note=_NOTE)
def lqn(n: int, z: Any) -> Any:
    return _lqn(_float_operand(z), sizes=(whole_number(n),))


@numpy_function(special.lqmn, kind="rule", note=_NOTE)
def lqmn(m: int, n: int, z: Any) -> Any:
    return _lqmn(_float_operand(z), sizes=(whole_number(m, "m"), whole_number(n)))


# --------------------------------------------------------------------------------------------------
# The ufunc sph_harm(m, n, azimuth, polar angle) of SciPy before 1.17.


def _next_order(m: Any, n: Any, azimuth: Any, angle: Any, step: int) -> Any:
    """Return √((n∓m)(n±m+1)) e^{∓iθ} Y_n^{m±1}, zero where there is no such order."""
    there = np.absolute(m + step) <= n
    factor = np.where(there, (n - step * m) * (n + step * m + 1.0), 0.0)
    y = special.sph_harm(np.where(there, m + step, m), n, azimuth, angle)
    return np.sqrt(factor) * np.exp(-step * 1j * azimuth) * y


if hasattr(special, "sph_harm"):
    sph_harm = elementwise(
        special.sph_harm,
        IN_ORDER,
        IN_DEGREE,
        lambda a, b, c, d: 1j * a * special.sph_harm(a, b, c, d),
        lambda a, b, c, d: 0.5 * (_next_order(a, b, c, d, 1) - _next_order(a, b, c, d, -1)),
        on=[
            case(np.array([0, 1, -2]), np.array([2, 3, 4]), polar(3), polar(3)),
            case(2, 4, polar(2, 3), polar(3)),
        ],
        analytic=False,
        formula="∂θ = i m Y, ∂φ = ½(L₊ − L₋)Y, ladder operators (DLMF 14.10, 14.30)",
    )
