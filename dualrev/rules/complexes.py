"""Complex numbers as pairs of reals: parts, conjugate, angle.

A real output y of a complex argument has dy = Re(p dx); the rules give p, and the engine takes the real part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import elementwise, linear
from dualrev.core.primitive import numpy_function


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


conjugate = linear(
    np.conjugate,
    lambda ct: np.conjugate(ct),
    on=[case(_complex(3)), case(_complex())],
    formula="conj(dx)",
    pattern="elementwise",
)
real_part = elementwise(
    np.real,
    1,
    on=[case(_complex(3)), case(_complex())],
    analytic=False,
    name="real",
    formula="Re dx",
)
imaginary_part = elementwise(
    np.imag,
    -1j,
    on=[case(_complex(3)), case(_complex())],
    analytic=False,
    name="imag",
    formula="Im dx",
)
phase = elementwise(
    np.angle,
    lambda x: -1j / x,
    on=[case(_complex(3)), case(_complex())],
    analytic=False,
    name="angle",
    formula="Im(dx/x)",
    kinks="NaN at 0",
)


def _is_complex(x: Any) -> bool:
    return dtype_of(x).kind == "c"


@numpy_function(np.conjugate, kind="rule")
def conj(x: Any) -> Any:
    return conjugate(x) if _is_complex(operand(x)) else x


@numpy_function(np.real, kind="rule")
def real(val: Any) -> Any:
    return real_part(val) if _is_complex(operand(val)) else val


@numpy_function(np.imag, kind="rule")
def imag(val: Any) -> Any:
    return imaginary_part(val) if _is_complex(operand(val)) else np.zeros(np.shape(val))[()]


@numpy_function(np.angle, kind="rule", note="locally constant for real arguments")
def angle(z: Any, deg: bool = False) -> Any:
    y = phase(z) if _is_complex(operand(z)) else np.where(z < 0, np.pi, 0.0)
    return y * (180 / np.pi) if deg else y
