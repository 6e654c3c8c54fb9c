"""What of scipy.linalg has no derivative or none that is unique, and what asks only for plain values."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import value
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand

__all__: list[str] = []

_BASIS = "it is one of many bases of a space, of which none is distinguished"
_NOT_UNIQUE = "its factors are not unique: a derivative depends on how LAPACK turns them"
_UPDATE = "updates of a factorisation have no rule"

_REFUSED = {
    "null_space": (_BASIS, "use 1 - linalg.pinv(A) @ A, the projector on the null space"),
    "orth": (_BASIS, "use linalg.qr(A, mode='economic')[0] or A @ linalg.pinv(A), the projector"),
    "schur": (
        _NOT_UNIQUE,
        "use linalg.eig, linalg.eigh or a function of matrices such as linalg.expm",
    ),
    "rsf2csf": (_NOT_UNIQUE, "use linalg.eig"),
    "qz": (_NOT_UNIQUE, "use linalg.eig(a, b)"),
    "ordqz": (_NOT_UNIQUE, "use linalg.eig(a, b)"),
    "hessenberg": (_NOT_UNIQUE, "use linalg.qr or linalg.eig"),
    "cossin": (_NOT_UNIQUE, "use linalg.svd of the blocks"),
    "ldl": (
        "its pivots are blocks of size 1 and 2, which change",
        "use linalg.solve(assume_a='sym'), linalg.cholesky or linalg.lu",
    ),
    "qr_delete": (_UPDATE, "use linalg.qr of the new matrix"),
    "qr_insert": (_UPDATE, "use linalg.qr of the new matrix"),
    "qr_update": (_UPDATE, "use linalg.qr of the new matrix"),
    "clarkson_woodruff_transform": (
        "it draws random numbers",
        "draw the sketching matrix once, as a plain array, and multiply by it",
    ),
}


def _refuse(name: str, reason: str, alternative: str) -> None:
    def answer(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.linalg.{name}", reason, alternative)

    numpy_function(getattr(linalg, name), kind="unsupported", note=reason)(answer)


for _name, (_reason, _alternative) in _REFUSED.items():
    _refuse(_name, _reason, _alternative)


def _asked(function: Any) -> Any:
    def ask(a: Any, *args: Any, **kwargs: Any) -> Any:
        # Compiled code that takes no read-only arrays, which plain values are.
        return function(np.array(value(array_operand(a))), *args, **kwargs)

    return ask


for _name in ("bandwidth", "issymmetric", "ishermitian"):
    _function = getattr(linalg, _name)
    numpy_function(_function, kind="passes", note="a property of the values")(_asked(_function))

for _name in ("dft", "hadamard", "helmert", "hilbert", "invhilbert", "invpascal", "pascal"):
    numpy_function(getattr(linalg, _name), kind="passes", note="of integers")(
        getattr(linalg, _name)
    )
