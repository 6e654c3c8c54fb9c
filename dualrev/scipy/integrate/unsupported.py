"""What of scipy.integrate has no derivative here: step-by-step classes, sampling, summation; plain numbers pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import integrate

from dualrev.core.buffer import holds_traced
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed
from dualrev.errors import UnsupportedError

__all__ = ["complex_ode", "ode", "refusing"]


def refusing(name: str, *given: Any, reason: str, alternative: str) -> None:
    """Raise if anything in `given`, functions with their closures among it, holds a traced value."""
    if any(holds_traced(x) for x in given) or closed(_nothing, given).values:
        raise UnsupportedError(f"scipy.integrate.{name}", reason, alternative)


def _nothing(*args: Any) -> None:
    return None


def _refused(name: str, reason: str, alternative: str) -> None:
    """Replace a function of SciPy's by one that refuses traced values and is the same otherwise."""
    original = getattr(integrate, name, None)
    if original is None:  # newer than this SciPy
        return

    def call(*args: Any, **kwargs: Any) -> Any:
        refusing(name, *args, *kwargs.values(), reason=reason, alternative=alternative)
        return original(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Call ``scipy.integrate.{name}``; traced values are refused."
    call.__wrapped__ = original  # type: ignore[attr-defined]
    replaces(original, kind="unsupported", note=reason)(call)


_refused(
    "qmc_quad",
    "its points are random",
    "write the average over points of your own, as NumPy code, or use nquad",
)
_refused("nsum", "series have no rule", "sum enough terms with np.sum")
_refused("tanhsinh", "its levels of refinement have no rule", "use integrate.quad or quad_vec")
_refused("cubature", "its subdivisions have no rule", "use integrate.nquad")
_refused("lebedev_rule", "it depends on an integer only", "pass a plain integer")

_REASON = "its steps are taken one by one"
_INSTEAD = "use integrate.solve_ivp, whose solution is differentiable"


@replaces(integrate.ode, kind="unsupported", note=_REASON)
class ode(integrate.ode):
    """`scipy.integrate.ode`, which refuses traced values."""

    def __init__(self, f: Callable[..., Any], jac: Any = None) -> None:
        refusing("ode", f, jac, reason=_REASON, alternative=_INSTEAD)
        super().__init__(f, jac)

    def set_initial_value(self, y: Any, t: Any = 0.0) -> Any:
        """Set initial conditions ``y(t) = y``."""
        refusing("ode", y, t, reason=_REASON, alternative=_INSTEAD)
        return super().set_initial_value(y, t)

    def set_f_params(self, *args: Any) -> Any:
        """Set extra parameters for the right-hand side."""
        refusing("ode", *args, reason=_REASON, alternative=_INSTEAD)
        return super().set_f_params(*args)


@replaces(integrate.complex_ode, kind="unsupported", note=_REASON)
class complex_ode(integrate.complex_ode):
    """`scipy.integrate.complex_ode`, which refuses traced values."""

    def __init__(self, f: Callable[..., Any], jac: Any = None) -> None:
        refusing("complex_ode", f, jac, reason=_REASON, alternative=_INSTEAD)
        super().__init__(f, jac)

    def set_initial_value(self, y: Any, t: Any = 0.0) -> Any:
        """Set initial conditions ``y(t) = y``."""
        refusing("complex_ode", y, t, reason=_REASON, alternative=_INSTEAD)
        return super().set_initial_value(y, t)
