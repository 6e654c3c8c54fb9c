"""dualrev: exact derivatives of plain NumPy code, in forward and reverse mode, from one registry of rules."""

import importlib as _importlib
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from dualrev import numpy as numpy
from dualrev import rules as _rules
from dualrev import scipy as scipy
from dualrev.core import allocation as _allocation
from dualrev.core import buffer as _buffer
from dualrev.core import operators as _operators
from dualrev.core.array import value as value
from dualrev.core.domains import above_one as above_one
from dualrev.core.domains import case as case
from dualrev.core.domains import nonzero as nonzero
from dualrev.core.domains import positive as positive
from dualrev.core.domains import positive_definite as positive_definite
from dualrev.core.domains import reals as reals
from dualrev.core.domains import unit as unit
from dualrev.core.flavours import bilinear as bilinear
from dualrev.core.flavours import constant as constant
from dualrev.core.flavours import elementwise as elementwise
from dualrev.core.flavours import general as general
from dualrev.core.flavours import linear as linear
from dualrev.core.primitive import Refusal as Refusal
from dualrev.derivatives.blackbox import primitive as primitive
from dualrev.derivatives.checkpoint import checkpoint as checkpoint
from dualrev.derivatives.checkpoint import stop_gradient as stop_gradient
from dualrev.derivatives.custom import custom_jvp as custom_jvp
from dualrev.derivatives.custom import custom_vjp as custom_vjp
from dualrev.derivatives.gradient import grad as grad
from dualrev.derivatives.gradient import value_and_grad as value_and_grad
from dualrev.derivatives.jacobian import hessian as hessian
from dualrev.derivatives.jacobian import jacobian as jacobian
from dualrev.derivatives.mapping import vmap as vmap
from dualrev.derivatives.patched import patched as patched
from dualrev.derivatives.products import derivative as derivative
from dualrev.derivatives.products import gauss_newton_product as gauss_newton_product
from dualrev.derivatives.products import hvp as hvp
from dualrev.derivatives.products import jvp as jvp
from dualrev.derivatives.products import linearize as linearize
from dualrev.derivatives.products import vjp as vjp
from dualrev.errors import CapturedWriteError as CapturedWriteError
from dualrev.errors import DualrevError as DualrevError
from dualrev.errors import EscapeError as EscapeError
from dualrev.errors import FlatDirectionError as FlatDirectionError
from dualrev.errors import FreedTapeError as FreedTapeError
from dualrev.errors import InputError as InputError
from dualrev.errors import LeafWriteError as LeafWriteError
from dualrev.errors import LevelError as LevelError
from dualrev.errors import MissingRuleError as MissingRuleError
from dualrev.errors import NonFiniteError as NonFiniteError
from dualrev.errors import OutputError as OutputError
from dualrev.errors import PatternError as PatternError
from dualrev.errors import RegistrationError as RegistrationError
from dualrev.errors import ShapeError as ShapeError
from dualrev.errors import SolutionError as SolutionError
from dualrev.errors import SplitWarning as SplitWarning
from dualrev.errors import UnsupportedError as UnsupportedError
from dualrev.modes import pushing as _pushing
from dualrev.modes import recording as _recording
from dualrev.modes.forward import Dual as Dual
from dualrev.modes.live import variable as variable
from dualrev.modes.pausing import no_grad as no_grad
from dualrev.modes.reverse import Tape as Tape
from dualrev.modes.reverse import Variable as Variable
from dualrev.modes.trace import debug as debug
from dualrev.testing.derivatives import check_derivatives as check_derivatives
from dualrev.testing.primitives import check_primitive as check_primitive

if _TYPE_CHECKING:
    from dualrev import nn as nn
    from dualrev import sparse as sparse
    from dualrev.explore.page import explore as explore

__version__ = "0.1.0"

# Imported for what they install or do: memory kept, operators, shortcuts of the modes, and the catalogue.
del _allocation, _buffer, _operators, _pushing, _recording, _rules


_LATER = ("explore", "nn", "sparse")


def __getattr__(name: str) -> _Any:
    # Loaded when first asked for: scipy.sparse takes longer than all of dualrev.
    if name in _LATER:
        return _importlib.import_module(f"dualrev.{name}")
    raise AttributeError(f"module 'dualrev' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*vars(_sys.modules[__name__]), *_LATER})
