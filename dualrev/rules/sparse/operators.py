"""Products with constant linear operators, which are known by what they do to plain vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import linalg

from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.errors import UnsupportedError

__all__ = ["operator_product"]


def _value(x: Any, *, operator: Any, transposed: bool) -> Any:
    flat = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    try:
        if transposed:
            y = [np.conj(operator.rmatvec(np.conj(row))) for row in flat]
        else:
            y = [operator.matvec(row) for row in flat]
    except NotImplementedError:
        raise UnsupportedError(
            "scipy.sparse.linalg.LinearOperator",
            "reverse mode needs products with its adjoint",
            "give it rmatvec=, or use forward mode",
        ) from None
    m = operator.shape[1 if transposed else 0]
    out = np.reshape(y, (*x.shape[:-1], m))
    if out.dtype.hasobject:
        raise UnsupportedError(
            "scipy.sparse.linalg.LinearOperator",
            "its matvec uses traced values itself",
            "call that function instead of the operator",
        )
    return out


def _transpose(ct: Any, *, operator: Any, transposed: bool) -> Any:
    return operator_product(ct, operator=operator, transposed=not transposed)


_A = np.array([[1.0, 2.0, -0.5], [0.25, -1.5, 3.0]])
_SAMPLE = linalg.LinearOperator(
    (2, 3), matvec=lambda v: _A @ v, rmatvec=lambda v: _A.T @ v, dtype=float
)

operator_product = linear(
    _value,
    _transpose,
    on=[
        case((3,), operator=_SAMPLE, transposed=False),
        case((4, 3), operator=_SAMPLE, transposed=False),
        case((2, 2, 2), operator=_SAMPLE, transposed=True),
    ],
    name="operator_product",
    pattern="...a->...b",
    formula="A x; the adjoint is Aᵀ ct = conj(Aᴴ conj(ct)), by the operator's own rmatvec",
)
