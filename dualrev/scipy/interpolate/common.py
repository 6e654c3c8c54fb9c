"""What the classes of this room share: where traced numbers are kept, and how SciPy checks arguments for them."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from scipy import interpolate as _interpolate

from dualrev.core.array import Traced
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced, plain
from dualrev.errors import UnsupportedError
from dualrev.rules.shaping import lane

__all__ = ["any_traced", "constant_nodes", "description", "hold", "interpolate", "seen"]

# Its classes are subclassed with wider signatures than their stubs allow.
interpolate: Any = _interpolate

# From SciPy 1.17 on classes keep arrays under a name with an underscore, and show them through a conversion.
_HIDDEN = isinstance(vars(interpolate.BSpline).get("t"), property)


def description(original: Any) -> str:
    """Return SciPy's own documentation of what is replaced, without its examples, which import SciPy and draw."""
    return inspect.getdoc(original).partition("\nExamples\n---")[0]  # type: ignore[union-attr]


def any_traced(*arguments: Any) -> bool:
    """Say whether one of the arguments is traced, or a sequence or tuple with traced entries."""
    return any(map(holds_traced, arguments))


def seen(x: Any) -> Any:
    """Return what SciPy's own checks may look at: the plain numbers, of one lane if there are lanes."""
    if isinstance(x, (list, tuple)) and any(isinstance(v, (list, tuple, str)) for v in x):
        return type(x)(seen(v) for v in x)
    if not holds_traced(x):
        return plain(x)
    x = operand(x)
    return lane(x) if isinstance(x, Traced) else np.asarray(x)


def hold(self: Any, **arrays: Any) -> None:
    """Put arrays, of which some are traced, in place of those of a SciPy object."""
    for name, array in arrays.items():
        setattr(self, f"_{name}" if _HIDDEN else name, array)
    if _HIDDEN:
        self._asarray = lambda x, **options: x


def constant_nodes(name: str, *arrays: Any, instead: str) -> None:
    """Refuse traced nodes, knots and weights."""
    if any_traced(*arrays):
        raise UnsupportedError(
            f"scipy.interpolate.{name}",
            "its nodes, knots and weights decide the equations, which are set up in plain numbers",
            instead,
        )
