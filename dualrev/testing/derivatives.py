"""check_derivatives: every derivative of a function at a point, against what differences say.

`check.py` plans the comparisons; `coordinates.py`, `claims.py`, `differences.py`, `ladder.py` and
`comparison.py` are their parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.errors import InputError
from dualrev.testing.check import MODES, Check
from dualrev.testing.report import DerivativeReport

__all__ = ["check_derivatives"]


def check_derivatives(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    argnums: int | Sequence[int] | None = None,
    modes: Sequence[str] | None = None,
    jac: Callable[..., Any] | None = None,
    hess: Callable[..., Any] | None = None,
    directions: int | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> DerivativeReport:
    """Check the derivatives of `f` at a point against finite differences and the complex step.

    Parameters
    ----------
    f : callable
        Function of numbers, arrays and containers of them, returning the same.
    *args
        The point. Floating-point numbers in them are varied; integers and other values are held.
    order : {1, 2}
        2 also checks second derivatives, of ⟨ct, f⟩ with a fixed random ct when f is not scalar.
    argnums : int or sequence of int, optional
        Which arguments to vary; all by default.
    modes : sequence of {"forward", "reverse"}, optional
        Which modes to check; both by default, none if `jac` or `hess` is given.
    jac : callable, optional
        ``jac(*args)``, a derivative written by hand: the gradient, or the Jacobian of shape
        ``y.shape + x.shape`` (dense or SciPy sparse); a tuple of them for several arguments. `f`
        need not be written in NumPy then. For complex arguments see Notes.
    hess : callable, optional
        ``hess(*args)``, a Hessian written by hand, compared with differences of `jac` if that is
        given, else of the gradient by reverse mode.
    directions : int, optional
        Compare along this many random directions instead of in every entry. By default every
        entry is compared up to 4096 inputs and 4 million entries (Hessians: up to 128 inputs), and
        8 directions are used above.
    rtol, atol : float, optional
        A derivative within ``atol + rtol * |difference|`` passes whatever the difference's error.
        By default 1e-7 and 0. The rest of the tolerance is ten times the expected error of the
        difference, and depends on nothing else: not on the size of the arrays.
    seed : int
        Of the random directions and cotangents.

    Returns
    -------
    DerivativeReport
        True if every derivative was verified. ``print`` it for the worst entry; ``verdict`` is

        - ``"correct"``;
        - ``"wrong"``: some derivative differs by more than the difference can be off;
        - ``"non-finite"``: a derivative, or the function on both sides of the point, is not finite;
        - ``"kink"``: the function has no derivative there, and the value lies between its one-sided
          derivatives;
        - ``"ill-conditioned"``: no contradiction, but rounding in `f` makes the difference too
          inaccurate to show an error of 0.1 % in some entry.

    Raises
    ------
    InputError
        If no argument holds a floating-point number.
    OutputError
        If `f` returns None or something that is not floating-point, or different results for
        the same arguments.

    Notes
    -----
    Differences are `scipy.differentiate.derivative` of order 8 (Richardson-extrapolated
    `scipy.optimize.approx_fprime` before SciPy 1.15). Where they disagree or cannot decide, 21
    steps on each side tell a kink, a jump, an edge of the domain and rounding noise from a wrong
    derivative. The complex step can confirm a derivative where rounding hides it from differences;
    it never condemns one. An entry counts as verified if the tolerance is below 0.1 % of it or
    below 1e-9 of the largest slope of its output; zero counts as verified below 1e-6 of that.

    float32 arguments are checked in float64, and the float32 derivatives against those.

    Complex numbers are two real coordinates each. A complex `jac` is ∂f/∂u + i ∂f/∂v of a real
    function of u + iv, and the holomorphic derivative of a complex one.

    Along random directions (entries ±|x_j|, so that an error e in the derivative with respect to
    x_j changes each of them by ``|e x_j|``) a single wrong entry is seen when ``|e x_j|`` exceeds the
    tolerance of the directional derivative, printed in the report; it is then located by halving
    the direction. Errors in several entries can cancel in one direction, hardly in eight.

    Costs about 12 evaluations of `f` per input coordinate, one forward pass per input and one
    reverse sweep per output; for second derivatives the same with the gradient in place of `f`.

    References
    ----------
    Squire & Trapp (1998), "Using complex variables to estimate derivatives of real functions".
    Griewank & Walther (2008), "Evaluating Derivatives", section 3.2 for the adjoint identity.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> report = dr.check_derivatives(lambda x: np.sum(np.sin(x) * x), np.array([0.3, 1.2]))
    >>> report.verdict, bool(report)
    ('correct', True)
    >>> report = dr.check_derivatives(np.square, 3.0, jac=lambda x: 2.01 * x)
    >>> report.verdict, round(report.worst.derivative, 6), round(report.worst.difference, 6)
    ('wrong', 6.03, 6.0)
    >>> dr.check_derivatives(np.abs, 0.0).verdict
    'kink'
    """
    if order not in (1, 2):
        raise InputError(f"order={order!r}: first (1) and second (2) derivatives can be checked")
    if directions is not None and directions < 1:
        raise InputError(f"directions={directions!r}: a positive number, or None for every entry")
    by_hand = jac is not None or hess is not None
    chosen = tuple(modes) if modes is not None else () if by_hand else MODES
    if not set(chosen) <= set(MODES) or not (chosen or by_hand):
        raise InputError(f"modes={modes!r}: one or both of {MODES}")
    with np.errstate(all="ignore"):
        check = Check(f, args, argnums, chosen, directions, rtol, atol, seed)
        check.first(jac)
        if order == 2 and (chosen or hess is not None):
            check.second(jac, hess)
        return check.report()
