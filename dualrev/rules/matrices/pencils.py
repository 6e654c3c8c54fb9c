"""Eigenvalues and eigenvectors of general matrices, also generalised ones, which B⁻¹ makes standard."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of
from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules import eigen
from dualrev.rules.degeneracy import kept
from dualrev.rules.linalg import hermitian
from dualrev.rules.linalg import inv as inverse
from dualrev.rules.matrices import twins
from dualrev.rules.matrices.arguments import alike_in_precision, conj, each, squared
from dualrev.rules.matrices.spectra import aligned
from dualrev.rules.matrices.systems import solve

__all__: list[str] = []

_TIES = "where eigenvalues are equal, what tells them apart raises"


def _places(w: Any, a: Any, b: Any) -> Any:
    """Return where the eigenvalues of B⁻¹A are among SciPy's, in SciPy's order."""
    from scipy.optimize import linear_sum_assignment

    def one(mine: Any, m: Any, n: Any) -> Any:
        theirs = linalg.eigvals(m, n, check_finite=False)
        far = np.abs(theirs[:, None] - mine[0]).astype(float)
        return linear_sum_assignment(np.where(np.isfinite(far), far, 1e300))[1]

    return each(one, w[..., None, :], a, b)


(order_of,) = constant(_places, answers=False)


def _generalised(a: Any, b: Any) -> tuple[Any, Any, Any]:
    if b is None:
        return a, None, None
    if a.shape[-1] != b.shape[-1]:
        raise ValueError("a and b must have the same shape")
    a, b = alike_in_precision(a, b)
    return solve(b, a, check_finite=False), a, b


def _homogeneous(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"scipy.linalg.{name}",
        "homogeneous eigenvalues are defined up to a common factor",
        "use homogeneous_eigvals=False",
    )


def _unit(v: Any) -> Any:
    return v / np.sqrt(np.sum(np.real(conj(v) * v), axis=-2, keepdims=True))


def _left(v: Any) -> Any:
    """Return the left eigenvectors, of length one with the largest component real, as LAPACK has them."""
    u = _unit(hermitian(inverse(v)))
    if dtype_of(u).kind != "c":
        return u
    anchor = np.sum(np.where(eigen.anchors(u), u, 0), axis=-2, keepdims=True)
    return u * np.conjugate(anchor) / np.abs(anchor)


@numpy_function(
    linalg.eig,
    kind="rule",
    note="vectors of length one with the largest component real; generalised problems by B⁻¹A, which must exist, the "
    "phase of complex vectors is then a constant times that; "
    + _TIES
    + "; a defective matrix raises",
)
def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """Answer ``scipy.linalg.eig``."""
    if homogeneous_eigvals:
        raise _homogeneous("eig")
    if not left and not right:
        return eigvals(a, b, check_finite=check_finite)
    if b is not None and not right:
        raise UnsupportedError(
            "scipy.linalg.eig",
            "of the left eigenvectors of two matrices alone SciPy gives only the first the length one",
            "ask for both: left=True, right=True",
        )
    a = squared(a, check_finite)
    m, a, b = _generalised(a, None if b is None else squared(b, check_finite))
    w, v = twins.eig(m)
    v = kept(v, w, eigen.equal_in_basis(w, v), "eig")
    pencil: tuple[Any, ...] = (m,)
    if b is not None:
        pencil = (a, b)
        order = order_of(w, a, b)
        w = np.take_along_axis(w, order, axis=-1)
        v = np.take_along_axis(v, np.broadcast_to(order[..., None, :], v.shape), axis=-1)
    out = [w if dtype_of(w).kind == "c" else w.astype(np.result_type(dtype_of(w), np.complex64))]
    if left:
        # uᴴ A = w uᴴ B: the rows of (B V)⁻¹.
        u = _left(v if b is None else np.matmul(b, v))
        out.append(aligned(u, *pencil, function="eig", left=True, right=False))
    if right:
        out.append(v if b is None else aligned(v, *pencil, function="eig"))
    return tuple(out)


@numpy_function(
    linalg.eigvals,
    kind="rule",
    note="generalised problems by B⁻¹A, which must exist; " + _TIES + "; a defective matrix raises",
)
def eigvals(
    a: Any,
    b: Any = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """Answer ``scipy.linalg.eigvals``."""
    if homogeneous_eigvals:
        raise _homogeneous("eigvals")
    a = squared(a, check_finite)
    m, a, b = _generalised(a, None if b is None else squared(b, check_finite))
    w: Any = eigen.eigvals(m)
    if b is not None:
        w = np.take_along_axis(w, order_of(w, a, b), axis=-1)
    return w if dtype_of(w).kind == "c" else w.astype(np.result_type(dtype_of(w), np.complex64))
