"""Nodes and weights of quadratures, and orthogonal polynomials as objects: made of plain numbers only."""

from __future__ import annotations

import functools
from typing import Any

from dualrev.core.buffer import holds_traced
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError

__all__: list[str] = []

_INTEGERS = (
    "laguerre",
    "hermite",
    "hermitenorm",
    "legendre",
    "sh_legendre",
    "chebyt",
    "chebyu",
    "chebyc",
    "chebys",
    "sh_chebyt",
    "sh_chebyu",
)
_PARAMETERS = ("jacobi", "sh_jacobi", "gegenbauer", "genlaguerre")


def _of_plain_numbers(function: Any, alternative: str) -> Any:
    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if any(map(holds_traced, (*args, *kwargs.values()))):
            raise UnsupportedError(
                f"scipy.special.{function.__name__}",
                "its parameters are plain numbers, as SciPy solves an eigenvalue problem of them",
                alternative,
            )
        return function(*args, **kwargs)

    return answer


for _kind, _families, _note in (
    ("passes", _INTEGERS, "of plain numbers"),
    ("unsupported", _PARAMETERS, "of plain parameters only"),
):
    for _family in _families:
        _nodes, _polynomial = getattr(special, f"roots_{_family}"), getattr(special, _family)
        numpy_function(_nodes, kind=_kind, note=_note)(
            _of_plain_numbers(_nodes, "pass dualrev.value(...) of the parameters")
        )
        numpy_function(_polynomial, kind=_kind, note=_note)(
            _of_plain_numbers(_polynomial, f"call scipy.special.eval_{_family}")
        )
