"""Spherical Bessel functions j, y, i, k and their first derivatives as SciPy gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import case, nonzero
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.bessel import IN_ORDER, away, plane

__all__: list[str] = []


def _degrees(rng: Any) -> Any:
    return rng.permuted(np.array([[0, 1], [2, 3], [1, 5]]))


_ON = [
    case(_degrees, away(3, 2)),
    case(np.arange(3), away(2, 3)),
    case(np.array(2), away()),
    case(_degrees, plane(3, 2)),
    case(_degrees, plane(2)),
]
_SIGNS = case(_degrees, nonzero(3, 2))


def _declare(function: Any, below: int, above: int, pole: bool = False, signs: bool = True) -> None:
    """Declare (2n+1) f_n' = below n f_{n-1} + above (n+1) f_{n+1}, which unlike f_{n-1} - (n+1) f_n/z holds at 0."""
    name = f"special.{function.__name__}"
    text = f"∂b = ({'-' if below < 0 else ''}a f_{{a-1}} {'-' if above < 0 else '+'} (a+1) f_{{a+1}})/(2a+1)"

    def slope(f: Any, a: Any, b: Any) -> Any:
        # a f_{a-1} is 0 for a = 0, where f_{-1} may be infinite.
        down = (below * a) * f(np.maximum(a - 1, 0), b)
        return (down + (above * (a + 1)) * f(a + 1, b)) / (2 * a + 1)

    def partial(a: Any, b: Any, y: Any) -> Any:
        value = slope(plain, a, b)
        return np.where(b == 0, -y, value) if pole else value

    plain = elementwise(
        lambda a, b: function(a, b),
        IN_ORDER,
        partial,
        on=[*_ON, _SIGNS] if signs else _ON,
        name=name,
        analytic=False,
        formula=f"{text} (DLMF 10.51.2, 10.51.5), also for complex b",
        kinks="infinite at b = 0" if pole else "",
    )
    prime = elementwise(
        lambda a, b: function(a, b, derivative=True),
        IN_ORDER,
        lambda a, b: slope(prime, a, b),
        on=[*_ON, _SIGNS] if signs else _ON,
        name=f"{name}'",
        analytic=False,
        formula="as that of the function, differentiated",
    )

    @numpy_function(function, kind="rule", note="in z; a plain order")
    def answer(n: Any, z: Any, derivative: bool = False) -> Any:
        return prime(n, z) if derivative else plain(n, z)


_declare(special.spherical_jn, 1, -1)
_declare(special.spherical_yn, 1, -1, pole=True)
_declare(special.spherical_in, 1, 1)
_declare(special.spherical_kn, -1, -1)
