"""Eigenvalues and eigenvectors of Hermitian and of general matrices, in stacks.

With A V = V diag(w) and M = V⁻¹ dA V: dw = diag M and dV = V K, Kᵢⱼ = Mᵢⱼ/(wⱼ − wᵢ), K's diagonal by the vectors'
normalisation (Magnus 1985, "On differentiating eigenvalues and eigenvectors"; Giles 2008, sections 3.1 and 3.2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.dependence import per_matrix, small
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.rules.degeneracy import (
    alike,
    check_clear,
    check_phase,
    diagonal,
    divided,
    equal_pairs,
    kept,
    none,
    pairs_within,
    rounding,
    scalar_blocks,
    shared,
    size_of,
    skew,
)
from dualrev.rules.linalg import fold, hermitian, square, whole

__all__ = ["eigh", "eigvalsh"]

_LEVELS = np.array([-3.0, 0.4, 2.6, 5.2])


def _separated(*shape: int) -> Any:
    """Return a maker of matrices, not symmetric, of which both triangles have eigenvalues far apart."""

    def make(rng: np.random.Generator) -> Any:
        # Entries near zero would be where LAPACK turns the sign of a vector.
        off = rng.uniform(0.2, 0.5, shape) * rng.choice([-1.0, 1.0], shape)
        return np.diag(_LEVELS[: shape[-1]]) + off

    return make


def _conj(x: Any) -> Any:
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


def _on_diagonal(d: Any) -> Any:
    return d[..., None, :] * np.eye(d.shape[-1], dtype=bool)


def _triangle_dependence(primals: Any, y: Any, *, uplo: str, **_: Any) -> Any:
    """All results of a matrix depend on one of its triangles."""
    (x,) = primals
    if not small(x.shape):
        return ["...ab->...c", "...ab->...de"]
    lower = np.tri(x.shape[-1], dtype=bool)
    used = (lower if uplo == "L" else lower.T).reshape(-1)
    count = math.prod(x.shape[:-2])
    sizes = (x.shape[-1], x.shape[-1] ** 2)
    return [
        (per_matrix(np.broadcast_to(used, (n, used.size)), count),)
        for n, _ in zip(sizes, y, strict=False)
    ]


_HERMITIAN = [
    case(_separated(3, 3), uplo="L"),
    case(_separated(2, 2, 2), uplo="U"),
    case(_separated(4, 4), uplo="U"),
    case(_separated(1, 1), uplo="L"),
]
_TIES = "equal eigenvalues: what tells them apart raises LinAlgError"


@general(
    lambda x, *, uplo: tuple(np.linalg.eigh(x, uplo)),
    on=_HERMITIAN,
    name="eigh",
    pattern=_triangle_dependence,
    batch=batch_leading,
    analytic=False,
    kinks="vᴴdv = 0; the cotangent of the other triangle is zero; " + _TIES,
)
class eigh_:
    """With M = Vᴴ dA V: dw = diag M, dV = V K, Kᵢⱼ = Mᵢⱼ/(wⱼ − wᵢ), Kᵢᵢ = 0 (Giles 2008, 3.1)."""

    def tangent(t: Any, y: Any, *, uplo: str) -> Any:
        w, v = y
        tied = equal_pairs(w)
        m = np.matmul(hermitian(v), np.matmul(whole(t, uplo), v))
        m = scalar_blocks(m, tied, w, m, "eigh")
        return np.real(diagonal(m)), np.matmul(v, divided(m, w, tied))

    def adjoint(ct: Any, y: Any, *, uplo: str) -> Any:
        (ct_w, ct_v), (w, v) = ct, y
        ct_w, tied = np.real(ct_w), equal_pairs(w)
        m = np.matmul(v.mT, ct_v)
        if dtype_of(m).kind == "c":
            check_phase(m, size_of(ct_v), what="eigh")
        if not none(tied):
            check_clear(ct_w, m, size_of(ct_v), tied, w, what="eigh")
        m, ct_w = scalar_blocks(m, tied, w, ct_v, "eigh"), alike(ct_w, tied, w, "eigh")
        # A is Hermitian, so only the skew part counts; dividing it alone keeps the digits of small gaps.
        m = _on_diagonal(ct_w) + divided(skew(m), w, tied)
        return fold(np.matmul(np.matmul(_conj(v), m), v.mT), uplo)


def _vectors(x: Any, uplo: str) -> Any:
    w, v = eigh_(x, uplo=uplo)
    return kept(v, w, equal_pairs(w), "eigvalsh")


@general(
    lambda x, *, uplo: np.linalg.eigvalsh(x, uplo),
    on=_HERMITIAN,
    name="eigvalsh",
    pattern=lambda primals, y, *, uplo: _triangle_dependence(primals, (y,), uplo=uplo)[0],
    batch=batch_leading,
    analytic=False,
    kinks="equal eigenvalues share a tangent equally; a cotangent that tells them apart raises",
)
class eigvalsh_:
    """dwᵢ = vᵢᴴ dA vᵢ (Magnus 1985, theorem 1)."""

    def tangent(t: Any, x: Any, y: Any, *, uplo: str) -> Any:
        v = _vectors(x, uplo)
        d = np.real(np.sum(_conj(v) * np.matmul(whole(t, uplo), v), axis=-2))
        return shared(d, equal_pairs(y))

    def adjoint(ct: Any, x: Any, y: Any, *, uplo: str) -> Any:
        v = _vectors(x, uplo)
        ct = alike(np.real(ct), equal_pairs(y), y, "eigvalsh")
        return fold(np.matmul(_conj(v) * ct[..., None, :], v.mT), uplo)


def _triangle(uplo: str) -> str:
    uplo = uplo.upper()
    if uplo not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return uplo


_EighResult = type(np.linalg.eigh(np.eye(1)))
_EigResult = type(np.linalg.eig(np.eye(1)))


@numpy_function(
    np.linalg.eigh,
    kind="rule",
    note="reads one triangle, the cotangent of the other is zero; vectors with vᴴdv = 0, a result that depends on "
    "their phases raises; where eigenvalues are equal, what tells them apart raises",
)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Answer ``np.linalg.eigh``."""
    w, v = eigh_(square(a, "eigh"), uplo=_triangle(UPLO))
    return _EighResult(w, kept(v, w, equal_pairs(w), "eigh"))


@numpy_function(
    np.linalg.eigvalsh,
    kind="rule",
    note="reads one triangle, the cotangent of the other is zero; equal eigenvalues: their sum has a derivative, "
    "a cotangent that tells them apart raises, tangents are shared equally",
)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Answer ``np.linalg.eigvalsh``."""
    return eigvalsh_(square(a, "eigvalsh"), uplo=_triangle(UPLO))


# --------------------------------------------------------------------------------------------------
# General matrices


def _condition(v: Any) -> Any:
    """Return the condition numbers of plain matrices; infinite for singular ones."""
    s = np.linalg.svd(v, compute_uv=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(s.max(-1, initial=1) / s.min(-1, initial=1), nan=np.inf)


def _equal_in_basis(w: Any, v: Any) -> Any:
    # Rounding moves an eigenvalue the more, the less independent the vectors are (Bauer & Fike 1960).
    condition = _condition(v)
    limit = max(1e3, 0.1 * float(np.finfo(w.dtype).eps) ** -0.5)
    if np.any(condition > limit):
        place = tuple(np.argwhere(condition > limit)[0])
        raise np.linalg.LinAlgError(
            f"eig: the eigenvectors are no basis (condition number {condition[place]:.1e}): the matrix is defective, "
            f"or nearly, and its eigenvalues {w[place]} change like roots, not linearly. Use np.trace or np.linalg.det "
            "where they are what is wanted, or perturb the matrix."
        )
    return pairs_within(w, rounding(w) * np.minimum(condition, 1e3))


def _anchors(v: Any) -> Any:
    """Return where each vector has the component that LAPACK makes real: the largest."""
    size = np.where(v.imag == 0, np.abs(v), -1)
    size = np.where((size < 0).all(-2, keepdims=True), np.abs(v), size)
    return np.arange(v.shape[-2])[:, None] == size.argmax(-2)[..., None, :]


(equal_in_basis,) = constant(_equal_in_basis, batch=batch_leading, answers=False)
(anchors,) = constant(_anchors, batch=batch_leading, answers=False)


def _turning(*shape: int) -> Any:
    """Return a maker of real matrices with a pair of complex eigenvalues."""

    def make(rng: np.random.Generator) -> Any:
        a = _separated(*shape)(rng)
        a[..., 0, 1] += 4.0
        a[..., 1, 0] -= 5.0
        return a

    return make


def _complex(*shape: int) -> Any:
    return lambda rng: _separated(*shape)(rng) + 0.3j * rng.normal(size=shape)


_GENERAL = [
    case(_separated(3, 3)),
    case(_turning(3, 3)),
    case(_separated(2, 2, 2)),
    case(_complex(3, 3)),
    case(_separated(1, 1)),
]


def _unit(dv: Any, v: Any) -> Any:
    """Return the change of unit vectors that change by `dv` but for length and phase."""
    dv = dv - v * np.real(np.sum(_conj(v) * dv, axis=-2))[..., None, :]
    if dtype_of(v).kind == "c":
        at = anchors(v)
        turn = np.imag(np.sum(np.where(at, dv, 0), axis=-2))
        size = np.real(np.sum(np.where(at, v, 0), axis=-2))
        dv = dv - 1j * v * (turn / size)[..., None, :]
    return dv


def _unit_transposed(ct: Any, v: Any) -> Any:
    along = np.sum(v * ct, axis=-2)
    out = ct - _conj(v) * np.real(along)[..., None, :]
    if dtype_of(v).kind == "c":
        at = anchors(v)
        size = np.real(np.sum(np.where(at, v, 0), axis=-2))
        out = out - np.where(at, 1j * (np.imag(along) / size)[..., None, :], 0)
    return out


def _pull(g: Any, v: Any) -> Any:
    """Return V⁻ᵀ G Vᵀ."""
    return np.linalg.solve(v.mT, np.matmul(g, v.mT))


@general(
    lambda x: tuple(np.linalg.eig(x)),
    on=_GENERAL,
    name="eig",
    pattern="...ab->...c,...de",
    batch=batch_leading,
    analytic=False,
    kinks="vectors of length one whose largest component is real; " + _TIES,
)
class eig_:
    """With M = V⁻¹ dA V: dw = diag M, dV = V K, Kᵢⱼ = Mᵢⱼ/(wⱼ − wᵢ), less the change of length and phase."""

    def tangent(t: Any, y: Any) -> Any:
        w, v = y
        tied = equal_in_basis(w, v)
        m = np.linalg.solve(v, np.matmul(t, v))
        m = scalar_blocks(m, tied, w, m, "eig")
        return diagonal(m), _unit(np.matmul(v, divided(m, w, tied)), v)

    def adjoint(ct: Any, y: Any) -> Any:
        (ct_w, ct_v), (w, v) = ct, y
        tied = equal_in_basis(w, v)
        m = np.matmul(v.mT, _unit_transposed(ct_v, v))
        if not none(tied):
            check_clear(ct_w, m, size_of(ct_v), tied, w, what="eig")
        m, ct_w = scalar_blocks(m, tied, w, ct_v, "eig"), alike(ct_w, tied, w, "eig")
        return _pull(_on_diagonal(ct_w) + divided(m, w, tied), v)


def _general_vectors(x: Any) -> tuple[Any, Any]:
    w, v = eig_(x)
    tied = equal_in_basis(w, v)
    return kept(v, w, tied, "eigvals"), tied


@general(
    np.linalg.eigvals,
    on=_GENERAL,
    batch=batch_leading,
    analytic=False,
    kinks="equal eigenvalues share a tangent equally; a cotangent that tells them apart raises",
    pattern="...ab->...c",
)
class eigvals:
    """dwᵢ = (V⁻¹ dA V)ᵢᵢ (Magnus 1985, theorem 2)."""

    def tangent(t: Any, x: Any) -> Any:
        v, tied = _general_vectors(x)
        return shared(diagonal(np.linalg.solve(v, np.matmul(t, v))), tied)

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        v, tied = _general_vectors(x)
        return _pull(_on_diagonal(alike(ct, tied, y, "eigvals")), v)


@numpy_function(
    np.linalg.eig,
    kind="rule",
    note="vectors as NumPy has them, of length one with the largest component real; where eigenvalues are equal, "
    "what tells them apart raises; a defective matrix raises",
)
def eig(a: Any) -> Any:
    """Answer ``np.linalg.eig``."""
    w, v = eig_(square(a, "eig"))
    return _EigResult(w, kept(v, w, equal_in_basis(w, v), "eig"))


@numpy_function(
    np.linalg.eigvals,
    kind="rule",
    note="equal eigenvalues: their sum has a derivative, a cotangent that tells them apart raises, tangents are shared "
    "equally; a defective matrix raises",
)
def general_eigenvalues(a: Any) -> Any:
    """Answer ``np.linalg.eigvals``."""
    return eigvals(square(a, "eigvals"))
