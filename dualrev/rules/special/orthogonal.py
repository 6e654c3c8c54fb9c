"""Orthogonal polynomials (eval_*): the derivative of each is one of lower degree in a neighbouring family."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Refusal, numpy_function
from dualrev.core.ufuncs import special

__all__ = ["IN_DEGREE", "IN_PARAMETER"]

IN_DEGREE = Refusal("SciPy has no derivative in the degree", "a plain degree")
IN_PARAMETER = Refusal("SciPy has no derivative in this parameter", "a plain parameter")

# No rule divides by 1 - x², which would be 0/0 at the ends. Degree 0 is set to 0: there the formulas
# ask for degree -1, which is not always answered.
# Samples keep away from -1 and from high degrees, where SciPy's complex values lose digits.
inside = Domain("(-0.3, 0.9)", lambda rng, shape: rng.uniform(-0.3, 0.9, shape), singular=False)
shifted = Domain("(0.4, 0.9)", lambda rng, shape: rng.uniform(0.4, 0.9, shape), singular=False)


def _degrees(rng: Any) -> Any:
    return rng.permuted(np.array([[0, 1], [2, 3], [4, 3]]))


def _fractions(rng: Any) -> Any:
    return rng.permuted(np.array([[0.0, 1.25], [2.5, 2.0], [0.75, 1.5]], np.float32))


def _complex(rng: Any) -> Any:
    return rng.uniform(0.1, 0.8, (3, 2)) + 1j * rng.uniform(-0.4, 0.4, (3, 2))


def _parameters(shape: tuple[int, ...]) -> Any:
    return lambda rng: rng.permuted(np.array([0.5, 1.25, 2.0, 0.75, 3.0, 1.5], np.float32))[
        : int(np.prod(shape))
    ].reshape(shape)


def _one(domain: Domain, fractions: bool = True) -> list[Any]:
    cases = [
        case(_degrees, domain(3, 2)),
        case(np.arange(3), domain(2, 3)),
        case(np.array(3), domain()),
        case(_degrees, _complex),
    ]
    return [*cases, case(_fractions, domain(3, 2))] if fractions else cases[:3]


def _lower(family: Any, n: Any, *rest: Any) -> Any:
    """Return the polynomial of degree n - 1, and 0 for n = 0."""
    return np.where(n == 0, 0.0, family(np.where(n == 0, 0, n - 1), *rest))


_PLAIN: dict[str, Any] = {"on": _one(inside)}
_SHIFTED: dict[str, Any] = {"on": _one(shifted)}

eval_legendre = elementwise(
    special.eval_legendre,
    IN_DEGREE,
    lambda a, b: _lower(special.eval_gegenbauer, a, 1.5, b),
    formula="∂b = C_{a-1}^(3/2) (DLMF 18.9.19)",
    **_PLAIN,
)
eval_sh_legendre = elementwise(
    special.eval_sh_legendre,
    IN_DEGREE,
    lambda a, b: 2.0 * _lower(special.eval_gegenbauer, a, 1.5, 2.0 * b - 1.0),
    formula="∂b = 2 C_{a-1}^(3/2)(2b - 1) (DLMF 18.9.19)",
    **_SHIFTED,
)
eval_chebyt = elementwise(
    special.eval_chebyt,
    IN_DEGREE,
    lambda a, b: a * _lower(special.eval_chebyu, a, b),
    formula="∂b = a U_{a-1} (DLMF 18.9.21)",
    **_PLAIN,
)
eval_chebyu = elementwise(
    special.eval_chebyu,
    IN_DEGREE,
    lambda a, b: 2.0 * _lower(special.eval_gegenbauer, a, 2.0, b),
    formula="∂b = 2 C_{a-1}^(2) (DLMF 18.9.19)",
    **_PLAIN,
)
eval_chebyc = elementwise(
    special.eval_chebyc,
    IN_DEGREE,
    lambda a, b: a * _lower(special.eval_chebys, a, b),
    formula="∂b = a S_{a-1} (DLMF 18.9.21)",
    **_PLAIN,
)
eval_chebys = elementwise(
    special.eval_chebys,
    IN_DEGREE,
    lambda a, b: _lower(special.eval_gegenbauer, a, 2.0, 0.5 * b),
    formula="∂b = C_{a-1}^(2)(b/2) (DLMF 18.9.19)",
    **_PLAIN,
)
eval_sh_chebyt = elementwise(
    special.eval_sh_chebyt,
    IN_DEGREE,
    lambda a, b: (2.0 * a) * _lower(special.eval_chebyu, a, 2.0 * b - 1.0),
    formula="∂b = 2a U_{a-1}(2b - 1) (DLMF 18.9.21)",
    **_SHIFTED,
)
eval_sh_chebyu = elementwise(
    special.eval_sh_chebyu,
    IN_DEGREE,
    lambda a, b: 4.0 * _lower(special.eval_gegenbauer, a, 2.0, 2.0 * b - 1.0),
    formula="∂b = 4 C_{a-1}^(2)(2b - 1) (DLMF 18.9.19)",
    **_SHIFTED,
)
eval_laguerre = elementwise(
    special.eval_laguerre,
    IN_DEGREE,
    lambda a, b: -_lower(special.eval_genlaguerre, a, 1.0, b),
    formula="∂b = -L_{a-1}^(1) (DLMF 18.9.23)",
    **_PLAIN,
)
eval_hermite = elementwise(
    special.eval_hermite,
    IN_DEGREE,
    lambda a, b: (2.0 * a) * special.eval_hermite(np.maximum(a - 1, 0), b),
    on=_one(inside, fractions=False),
    analytic=False,
    formula="∂b = 2a H_{a-1} (DLMF 18.9.25)",
)
eval_hermitenorm = elementwise(
    special.eval_hermitenorm,
    IN_DEGREE,
    lambda a, b: a * special.eval_hermitenorm(np.maximum(a - 1, 0), b),
    on=_one(inside, fractions=False),
    analytic=False,
    formula="∂b = a He_{a-1} (DLMF 18.9.27)",
)

_TWO = [
    case(_degrees, _parameters((3, 2)), inside(3, 2)),
    case(np.arange(3), _parameters((2, 1)), inside(3)),
    case(np.array(3), np.float32(0.5), inside()),
    case(_degrees, _parameters((2,)), _complex),
    case(_fractions, _parameters((3, 2)), inside(3, 2)),
]
_THREE = [
    case(_degrees, _parameters((3, 2)), _parameters((3, 2)), inside(3, 2)),
    case(np.arange(3), _parameters((2, 1)), np.float32(1.25), inside(3)),
    case(np.array(3), np.float32(0.5), np.float32(1.0), inside()),
    case(_degrees, _parameters((2,)), np.float32(-0.25), _complex),
    case(_fractions, np.float32(0.5), np.float32(0.75), shifted(3, 2)),
]
_SHIFTED_THREE = [
    case(_degrees, np.float32(3.5), _parameters((3, 2)), shifted(3, 2)),
    case(np.arange(3), np.array([[3.0], [4.5]], np.float32), np.float32(1.25), shifted(3)),
    case(np.array(3), np.float32(2.5), np.float32(1.0), shifted()),
    case(_degrees, np.float32(3.5), np.float32(1.25), _complex),
    case(_fractions, np.float32(3.5), _parameters((2,)), shifted(3, 2)),
]

eval_gegenbauer = elementwise(
    special.eval_gegenbauer,
    IN_DEGREE,
    IN_PARAMETER,
    lambda a, b, c: (2.0 * b) * _lower(special.eval_gegenbauer, a, b + 1.0, c),
    on=_TWO,
    formula="∂c = 2b C_{a-1}^(b+1) (DLMF 18.9.19)",
)
eval_genlaguerre = elementwise(
    special.eval_genlaguerre,
    IN_DEGREE,
    IN_PARAMETER,
    lambda a, b, c: -_lower(special.eval_genlaguerre, a, b + 1.0, c),
    on=_TWO,
    formula="∂c = -L_{a-1}^(b+1) (DLMF 18.9.23)",
)
eval_jacobi = elementwise(
    special.eval_jacobi,
    IN_DEGREE,
    IN_PARAMETER,
    IN_PARAMETER,
    lambda a, b, c, d: (
        (0.5 * (a + b + c + 1.0)) * _lower(special.eval_jacobi, a, b + 1.0, c + 1.0, d)
    ),
    on=_THREE,
    formula="∂d = (a+b+c+1)/2 P_{a-1}^(b+1, c+1) (DLMF 18.9.15)",
)
eval_sh_jacobi = elementwise(
    special.eval_sh_jacobi,
    IN_DEGREE,
    IN_PARAMETER,
    IN_PARAMETER,
    lambda a, b, c, d: a * _lower(special.eval_sh_jacobi, a, b + 2.0, c + 1.0, d),
    on=_SHIFTED_THREE,
    formula="∂d = a G_{a-1}^(b+2, c+1) (DLMF 18.9.15 with 18.1.2)",
)


@numpy_function(special.assoc_laguerre, note="in x; plain degree and order")
def assoc_laguerre(x: Any, n: Any, k: Any = 0.0) -> Any:
    return special.eval_genlaguerre(n, k, x)
