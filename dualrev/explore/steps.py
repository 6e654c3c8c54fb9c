"""The error of finite differences against the step: truncation on one side, rounding on the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import value
from dualrev.derivatives.products import derivative, jvp
from dualrev.errors import DualrevError, ShapeError, describe

__all__ = ["SCHEMES", "StepErrors", "quotient", "step_errors"]

SCHEMES = ("forward", "central", "complex")


class StepErrors(NamedTuple):
    """Errors of difference quotients, with what theory says of them.

    Attributes
    ----------
    steps : ndarray of shape (k,)
    exact : float
        What the quotients are compared with.
    errors : dict of str to ndarray of shape (k,)
        |quotient - exact|, divided by |exact| if `relative`; NaN where the step is lost in rounding or the quotient is
        not finite.
    automatic : float or None
        The error of dualrev's derivative, if it was compared with another one.
    truncation : dict of str to ndarray of shape (k,)
        Leading term of the error of the formula: |f''| h / 2 (forward), |f'''| h² / 6 (central, complex step). Left out
        where `f` has no such derivative, or it is zero.
    rounding : dict of str to ndarray of shape (k,)
        ε |f| / h for values that are right to the last digit (central: half of it); a complex step has none.
    relative : bool
        False if `exact` is zero.
    epsilon : float
        Spacing of floating-point numbers at 1, of the precision of `f`.
    """

    steps: np.ndarray
    exact: float
    errors: dict[str, np.ndarray]
    automatic: float | None
    truncation: dict[str, np.ndarray]
    rounding: dict[str, np.ndarray]
    relative: bool
    epsilon: float

    def best(self, scheme: str) -> tuple[float, float]:
        """Return the step of least error, the largest one of equals, and that error."""
        errors = self.errors[scheme]
        if np.isnan(errors).all():
            raise ValueError(f"best: all steps of the {scheme} scheme fail")
        k = int(np.flatnonzero(errors == np.nanmin(errors))[-1])
        return float(self.steps[k]), float(errors[k])


def quotient(
    f: Callable[[Any], Any], x: Any, direction: Any, step: float, scheme: str = "forward"
) -> Any:
    """Return the difference quotient of a function along a direction.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns a number or an array.
    x, direction : array_like
        Of one shape.
    step : float
    scheme : {"forward", "central", "complex"}
        ``(f(x + h d) - f(x)) / h``, ``(f(x + h d) - f(x - h d)) / 2h``, ``Im f(x + i h d) / h``. In the first two, h is
        the step that was made, not the one that was asked for: ``x + h d`` is rounded.

    Returns
    -------
    float or ndarray
        NaN if rounding leaves nothing of the step.

    Notes
    -----
    The complex step (Squire & Trapp 1998, SIAM Review 40, 110-112) has no cancellation; it needs a function that is
    analytic as it is written, without abs or conjugation.

    Examples
    --------
    >>> from dualrev.explore.steps import quotient
    >>> float(quotient(lambda x: x**2, 1.0, 1.0, 0.5)), float(quotient(lambda x: x**2, 1.0, 1.0, 0.5, "central"))
    (2.5, 2.0)
    """
    x, d = _floats(x), np.asarray(direction)
    if scheme == "complex":
        # NumPy's double step must not raise the precision in which f is evaluated.
        beside = (x + 1j * step * d).astype(np.result_type(x.dtype, np.complex64))
        return np.imag(value(f(beside[()]))) / step
    above = (x + step * d).astype(x.dtype)
    below = (x - step * d).astype(x.dtype) if scheme == "central" else x
    # For one entry of x this is above - below; for several, whose roundings differ, its part along d.
    made = np.vdot(above - below, d) / np.vdot(d, d)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (value(f(above[()])) - value(f(below[()]))) / (made or np.nan)


def step_errors(
    f: Callable[[Any], Any],
    x: Any,
    direction: Any = None,
    *,
    steps: Any = None,
    schemes: Sequence[str] | None = None,
    exact: float | None = None,
) -> StepErrors:
    """Compare difference quotients of a function with its derivative, over many steps.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns one real number.
    x : float or array_like
        Of floats.
    direction : array_like, optional
        Of the shape of `x`; by default all entries are equal and the length is one.
    steps : array_like of float, optional
        By default 65 from 1 down to 10⁻¹⁶ (10⁻⁸ in single precision).
    schemes : sequence of {"forward", "central", "complex"}, optional
        By default all three, the complex step only where `f` takes complex numbers. It is wrong, and seen to be, where
        `f` is not analytic as it is written.
    exact : float, optional
        The derivative, if it is known from elsewhere; by default what dualrev computes.

    Returns
    -------
    StepErrors

    Raises
    ------
    ShapeError
        If the direction does not have the shape of `x`, or `f` does not return one real number.
    ValueError
        If steps are not positive, schemes unknown, or the derivative is not finite.

    Notes
    -----
    Cost: up to four evaluations of `f` a step, and its first three derivatives once.

    References
    ----------
    Gill, Murray, Saunders & Wright (1983), Computing forward-difference intervals for numerical optimization, SIAM J.
    Sci. Stat. Comput. 4, 310-321.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.explore.steps import step_errors
    >>> found = step_errors(np.exp, 1.0, steps=[1e-2, 1e-4, 1e-8])
    >>> found.best("forward")[0], found.best("central")[0]
    (1e-08, 0.0001)
    """
    x = _floats(x)
    d = np.full(x.shape, x.size**-0.5) if direction is None else np.asarray(direction)
    d = d.astype(x.dtype)
    if d.shape != x.shape:
        raise ShapeError(f"step_errors: the direction has shape {d.shape}, x {x.shape}")
    if not d.any():
        raise ValueError("step_errors: the direction is zero")
    y, slope = (np.asarray(value(v)) for v in jvp(f, (x[()],), (d[()],)))
    if y.shape or y.dtype.kind != "f":
        raise ShapeError(f"step_errors: f returned {describe(y)}, where one real number is needed")
    epsilon = float(np.finfo(y.dtype).eps)
    if steps is None:
        steps = np.logspace(round(np.log10(epsilon)), 0, 65)
    h = np.asarray(steps, float)
    if h.ndim != 1 or not h.size or not (np.isfinite(h) & (h > 0)).all():
        raise ValueError("step_errors: steps= is a vector of positive numbers")
    known = float(slope) if exact is None else float(exact)
    if not np.isfinite(known):
        raise ValueError(f"step_errors: the derivative is {known} at this point")
    scale = abs(known) or 1.0
    errors = {}
    for scheme in SCHEMES if schemes is None else schemes:
        if scheme not in SCHEMES:
            raise ValueError(f"step_errors: schemes are {', '.join(SCHEMES)}, not {scheme!r}")
        if scheme == "complex" and schemes is None and not _takes_complex(f, x, d):
            continue
        with np.errstate(all="ignore"):
            found = np.array([float(quotient(f, x, d, step, scheme)) for step in h])
        errors[scheme] = np.where(np.isfinite(found), np.abs(found - known) / scale, np.nan)
    powers = {"forward": (2, h / 2), "central": (3, h**2 / 6), "complex": (3, h**2 / 6)}
    truncation, rounding = {}, {}
    for scheme in errors:
        order, factor = powers[scheme]
        high = _higher(f, x, d, order)
        if high:
            truncation[scheme] = high * factor / scale
        if scheme != "complex":
            share = 1.0 if scheme == "forward" else 0.5
            rounding[scheme] = share * epsilon * abs(float(y)) / h / scale
    automatic = None if exact is None else abs(float(slope) - known) / scale
    return StepErrors(h, known, errors, automatic, truncation, rounding, known != 0, epsilon)


def _floats(x: Any) -> np.ndarray:
    array = np.asarray(value(x))
    return array.astype(float) if array.dtype.kind in "iub" else array


def _takes_complex(f: Any, x: Any, d: Any) -> bool:
    """Say whether `f` takes complex numbers and returns them."""
    try:
        with np.errstate(all="ignore"):
            return np.iscomplexobj(value(f((x + 1e-20j * d)[()])))
    except Exception:
        # math.sin, comparisons, float(x): such a function is for real numbers.
        return False


def _higher(f: Any, x: Any, d: Any, order: int) -> float | None:
    """Return the size of a higher derivative along `d`, None if there is none."""
    try:
        with np.errstate(all="ignore"):
            found = float(value(derivative(lambda t: f(x[()] + t * d[()]), order)(0.0)))
    except DualrevError:
        return None
    return abs(found) if np.isfinite(found) else None
