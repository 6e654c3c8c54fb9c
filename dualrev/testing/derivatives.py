"""check_derivatives: every derivative of a function at a point, against what differences say.

Read `coordinates.py`, `differences.py`, `ladder.py`, `comparison.py` for the parts; this file only
chooses what to compare.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.errors import InputError
from dualrev.testing.claims import Gradient, Handwritten, Traced, columns_of
from dualrev.testing.comparison import SAFETY, Judge
from dualrev.testing.coordinates import RealFunction, Space
from dualrev.testing.differences import FIRST_STEP, Lines
from dualrev.testing.report import Adjoint, Comparison, DerivativeReport, Entry

__all__ = ["check_derivatives"]

# Every entry is compared up to these sizes; above them, random directions.
FULL_INPUTS = 4096
FULL_ENTRIES = 4_000_000
FULL_HESSIAN = 128
DIRECTIONS = 8
MODES = ("forward", "reverse")
SCALAR = Space(["slope"], [np.zeros(())])


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
        ``y.shape + x.shape`` (dense or SciPy sparse); a tuple of them for several arguments. `f` then
        need not be written in NumPy.
    hess : callable, optional
        ``hess(*args)``, a Hessian written by hand, compared with differences of `jac` if that is
        given, else of the gradient by reverse mode.
    directions : int, optional
        Compare along this many random directions instead of in every entry. By default every entry is
        compared up to 4096 inputs and 4 million entries (Hessians: up to 128 inputs), and 8
        directions are used above.
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
    `scipy.optimize.approx_fprime` before SciPy 1.15). Where they disagree or cannot decide, 21 steps
    on each side tell a kink, a jump, an edge of the domain and rounding noise from a wrong derivative.
    float32 arguments are checked in float64, and then the float32 derivatives against those.

    Along random directions (entries ±|x_j|, so that an error e in the derivative with respect to
    x_j changes each of them by |e x_j|) a single wrong entry is seen when |e x_j| exceeds the
    tolerance of the directional derivative, printed in the report; it is then located by halving the
    direction. Errors in several entries can cancel in one direction, hardly in eight.

    Costs about 12 evaluations of `f` per input coordinate, one forward pass per input and one reverse
    sweep per output; for second derivatives the same with the gradient in place of `f`.

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
    >>> report.verdict, report.worst.derivative, round(report.worst.difference, 6)
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
        check = _Check(f, args, argnums, chosen, directions, rtol, atol, seed)
        check.first(jac)
        if order == 2 and (chosen or hess is not None):
            check.second(jac, hess)
        return check.report()


class _Check:
    """One run of `check_derivatives`: what was asked, and the comparisons so far."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        argnums: int | Sequence[int] | None,
        modes: tuple[str, ...],
        directions: int | None,
        rtol: float | None,
        atol: float | None,
        seed: int,
    ) -> None:
        self.real = RealFunction(f, args, argnums)
        self.name = str(getattr(f, "__name__", type(f).__name__))
        self.modes = modes
        self.directions = directions
        self.tolerances = {"rtol": rtol, "atol": atol}
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.comparisons: list[Comparison] = []
        self.adjoint: Adjoint | None = None
        self.complex_step = ""
        self.notes: list[str] = []
        self.scales = self.real.inputs.scales(self.real.x)
        # Weights that let every output count in second derivatives; filled by `first`.
        self.weights = np.ones(self.real.outputs.size)
        self.size = 0.0

    def first(self, jac: Callable[..., Any] | None) -> None:
        """Compare first derivatives, and forward with reverse mode."""
        real = self.real
        n, m = real.inputs.size, real.outputs.size
        if not np.all(np.isfinite(real.y)):
            self.notes.append("the function is not finite at the point")
        full = n <= FULL_INPUTS and n * m <= FULL_ENTRIES
        lines = self._lines(full)
        vectors = [lines.vector(s) for s in range(lines.count)]
        exact = self._complex_step(vectors)
        judge = self._judge(real, real.y, lines, real.rounding, exact)
        if exact is not None:
            self._report_complex_step(judge)
        # An output whose slopes are lost in their errors keeps weight one.
        seen = np.abs(judge.slopes.value) > SAFETY * judge.slopes.error
        top = np.max(np.where(seen, np.abs(judge.slopes.value), 0.0), axis=1, initial=0.0)
        usable = np.isfinite(top) & (top > 0)
        self.weights[usable] = np.exp2(-np.round(np.log2(top[usable])))
        self.size = np.max(self.weights * np.fmax(top, np.abs(real.y)), initial=0.0)
        traced = Traced(real.traceable, real.inputs, real.outputs, real.x)
        if "forward" in self.modes:
            forward = traced.forward(vectors)
            self._add(
                judge.compare(1, "forward", forward, lambda v: traced.forward([v])[:, 0])
            )
            if real.single:
                self._single("forward", forward, vectors)
        if "reverse" in self.modes:
            self._reverse(traced, judge, lines, m <= FULL_INPUTS and n * m <= FULL_ENTRIES)
        if set(MODES) <= set(self.modes):
            self.adjoint = self._adjoint(traced)
        if jac is not None:
            table = Handwritten(real).jacobian(jac, real.x)
            self._add(judge.compare(1, "jac", lines.apply(table), lambda v: table @ v))

    def _reverse(self, traced: Traced, judge: Judge, lines: Lines, full: bool) -> None:
        real = self.real
        m = real.outputs.size
        if full:
            rows = traced.reverse(list(np.eye(m)))
        else:
            # Too many outputs for a sweep each: random combinations of them.
            mix = self.rng.choice([-1.0, 1.0], (DIRECTIONS, m))
            rows = traced.reverse(list(mix))
            rounding = np.full(len(mix), real.rounding.max(initial=0.0))
            judge = Judge(
                lambda v: mix @ real(v),
                mix @ real.y,
                lines,
                rounding,
                (real.inputs.label, lambda i: f"random sum {i} of the outputs"),
                **self.tolerances,
            )
        self._add(judge.compare(1, "reverse", lines.apply(rows), lambda v: rows @ v))
        if real.single and full:
            self._single("reverse", rows, list(np.eye(m)))

    def second(self, jac: Callable[..., Any] | None, hess: Callable[..., Any] | None) -> None:
        """Compare derivatives of the gradient with differences of the gradient, already checked."""
        real = self.real
        bad = [c.verdict for c in self.comparisons if c.verdict in ("wrong", "non-finite")]
        if bad:
            self.notes.append(f"second derivatives were not checked, as first ones are {bad[0]}")
            return
        n, m = real.inputs.size, real.outputs.size
        ct = np.ones(1) if m == 1 else self.weights * self.rng.choice([-1.0, 1.0], m)
        lines = self._lines(n <= FULL_HESSIAN)
        vectors = [lines.vector(s) for s in range(lines.count)]
        gradient = Gradient(real, ct)
        if self.modes == ("forward",) and hess is None:
            self._forward_only(gradient, lines, vectors)
            return
        base: Callable[[np.ndarray], np.ndarray] = gradient
        if jac is not None:
            written = Handwritten(real)

            def base(vector: np.ndarray) -> np.ndarray:
                return ct @ written.jacobian(jac, vector)

        rounding = np.full(n, real.rounding.max(initial=0.0))
        judge = self._judge(base, base(real.x), lines, rounding, None, gradient=True)
        if self.modes:
            traced = Traced(gradient.leaves, real.inputs, real.inputs, real.x)
            if "forward" in self.modes:
                self._add(
                    judge.compare(
                        2,
                        "forward over reverse",
                        traced.forward(vectors),
                        lambda v: traced.forward([v])[:, 0],
                    )
                )
                self._add(
                    judge.compare(2, "reverse over forward", self._slopes(gradient, vectors))
                )
            # The Hessian is symmetric: its rows times v are its columns times v.
            self._add(judge.compare(2, "reverse over reverse", traced.reverse(vectors).T))
        if hess is not None:
            table = Handwritten(real).hessian(hess, ct)
            self._add(judge.compare(2, "hess", lines.apply(table), lambda v: table @ v))

    def _slopes(self, gradient: Gradient, vectors: list[np.ndarray]) -> np.ndarray:
        """Return H v for every v, as the gradient of x ↦ ⟨ct, J(x) v⟩."""
        real = self.real
        columns = [
            Traced(gradient.slope(v), real.inputs, SCALAR, real.x).reverse([np.ones(1)])[0]
            for v in vectors
        ]
        return columns_of(columns, real.inputs.size)

    def _forward_only(
        self, gradient: Gradient, lines: Lines, vectors: list[np.ndarray]
    ) -> None:
        """Compare wᵀ H v for pairs of lines, where reverse mode is not wanted."""
        real = self.real
        base = gradient.by_slopes(vectors)
        rounding = np.full(len(vectors), real.rounding.max(initial=0.0))
        judge = Judge(
            base,
            base(real.x),
            lines,
            rounding,
            (
                real.inputs.label,
                lambda i: f"slope along {real.inputs.label(i) if lines.directions is None else i}",
            ),
            **self.tolerances,
        )
        rows = [
            Traced(gradient.slope(w), real.inputs, SCALAR, real.x).forward(vectors)[0]
            for w in vectors
        ]
        self._add(judge.compare(2, "forward over forward", columns_of(rows, len(vectors)).T))

    def _single(self, mode: str, table: np.ndarray, seeds: list[np.ndarray]) -> None:
        """Compare derivatives in the precision of the arguments with those in double precision."""
        real = self.real
        traced = Traced(real.traceable, real.inputs, real.outputs, real.x, single=True)
        single = real.inputs.unpack(real.x, single=True)
        if mode == "forward":
            results = [traced.push(v) for v in seeds]
            like = real.traceable(*single)
            space, exact = real.outputs, table
        else:
            results = traced.pull(seeds)
            like = tuple(single)
            space, exact = real.inputs, table.T
        found = columns_of([space.pack(r) for r in results], space.size)
        # Half the digits of the coarsest type may go; the size that counts is the largest of the
        # derivatives of the same output, since smaller ones come of cancellation.
        epsilon = max(np.finfo(leaf.dtype).eps for leaf in real.inputs.leaves)
        axis = 1 if mode == "forward" else 0
        size = np.abs(exact) * (1.0 if mode == "forward" else self.scales[:, None])
        tolerance = np.sqrt(epsilon) * np.max(size, axis=axis, keepdims=True, initial=0.0)
        tolerance = np.broadcast_to(tolerance, exact.shape)
        if mode == "reverse":
            tolerance = tolerance / self.scales[:, None]
        gap = np.abs(found - exact)
        verdict, why = "correct", ""
        if not np.all(np.isfinite(found)):
            verdict, why = "non-finite", "not finite in the precision of the arguments"
        elif np.any(gap > tolerance):
            verdict, why = "ill-conditioned", "right in float64, inaccurate in the given precision"
        if found.size == 0:
            return
        for result, model, leaf in zip(results[0], like, space.leaves, strict=True):
            if np.asarray(result).dtype != np.asarray(model).dtype:
                verdict = "wrong"
                why = (
                    f"the derivative of {leaf.label} has dtype {np.asarray(result).dtype}, "
                    f"not {np.asarray(model).dtype}"
                )
        off = np.where(np.isfinite(gap), gap / np.maximum(tolerance, 1e-300), np.inf)
        i, s = np.unravel_index(int(np.argmax(off)), off.shape)
        places = (space.label(int(i)), f"seed {int(s)}")
        self._add(
            Comparison(
                1,
                f"{mode} in {', '.join(sorted({str(leaf.dtype) for leaf in real.inputs.leaves}))}",
                verdict,
                Entry(
                    places[1] if mode == "forward" else places[0],
                    places[0] if mode == "forward" else places[1],
                    verdict,
                    float(found[i, s]),
                    float(exact[i, s]),
                    0.0,
                    float(tolerance[i, s]),
                    explanation=why,
                ),
                found.size,
                int(np.sum(~(gap <= tolerance))),
                None,
                float(tolerance.max(initial=0.0)),
            )
        )

    def _adjoint(self, traced: Traced) -> Adjoint:
        """Compare ⟨ct, J t⟩ with ⟨Jᵀ ct, t⟩."""
        t = self.rng.normal(size=self.real.inputs.size) * self.scales
        ct = self.rng.normal(size=self.real.outputs.size) * self.weights
        pushed, pulled = traced.forward([t])[:, 0], traced.reverse([ct])[0]
        size = np.sum(np.abs(ct * pushed)) + np.sum(np.abs(pulled * t))
        loss = max(1e-9, 64 * self.real.rounding.max(initial=0.0))
        return Adjoint(float(ct @ pushed), float(pulled @ t), float(loss * size))

    def _lines(self, full: bool) -> Lines:
        """Return the axes, or random directions ±scales where there are too many or as asked."""
        x = self.real.x
        if full and self.directions is None:
            return Lines(x, self.scales)
        signs = self.rng.choice([-1.0, 1.0], (x.size, self.directions or DIRECTIONS))
        return Lines(x, self.scales, signs * self.scales[:, None])

    def _judge(
        self,
        F: Callable[[np.ndarray], np.ndarray],
        y: np.ndarray,
        lines: Lines,
        rounding: np.ndarray,
        exact: np.ndarray | None,
        *,
        gradient: bool = False,
    ) -> Judge:
        inputs, outputs = self.real.inputs.label, self.real.outputs.label
        labels = (inputs, (lambda i: f"(d f / d {inputs(i)})") if gradient else outputs)
        # What cancels exactly in the difference may leave rounding in the derivative.
        floor = 64 * rounding * (self.size / self.scales if gradient else self._variation())
        return Judge(F, y, lines, rounding, labels, exact=exact, floor=floor, **self.tolerances)

    def _variation(self) -> np.ndarray:
        """Return the size of the outputs where every input is displaced a little."""
        size = np.abs(self.real.y)
        for tau in (-FIRST_STEP, FIRST_STEP):
            step = tau * self.scales * self.rng.uniform(0.5, 1.0, self.real.x.size)
            size = np.fmax(size, np.abs(self.real(self.real.x + step)))
        return size

    def _complex_step(self, vectors: list[np.ndarray]) -> np.ndarray | None:
        """Return complex-step derivatives along the lines, or None and remember why."""
        try:
            with warnings.catch_warnings():
                # Code that drops the imaginary part warns; here that means "not available".
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                columns = [self.real.complex_step(v) for v in vectors]
        except Exception as error:  # user code may refuse complex numbers in any way
            reason = " ".join(str(error).split())[:100]
            self.complex_step = f"not available ({type(error).__name__}: {reason})"
            return None
        return columns_of(columns, self.real.outputs.size)

    def _report_complex_step(self, judge: Judge) -> None:
        off = judge.contradicted()
        if not np.any(off):
            self.complex_step = "agrees with the differences in every entry"
        elif judge.exact is not None:
            self.complex_step = (
                f"disagrees with the differences in {int(np.sum(off))} of {off.size} entries: the "
                "function is not analytic there, and its complex step is not relied on"
            )
            judge.exact = np.where(off, np.nan, judge.exact)

    def _add(self, comparison: Comparison) -> None:
        self.comparisons.append(comparison)

    def report(self) -> DerivativeReport:
        """Return what was found."""
        real = self.real
        if real.outside:
            self.notes.append(
                f"the function raised at {real.outside} displaced points, taken as outside its domain"
            )
        return DerivativeReport(
            self.name,
            real.inputs.size,
            real.outputs.size,
            tuple(self.comparisons),
            self.adjoint,
            self.complex_step,
            real.evaluations,
            self.seed,
            tuple(self.notes),
        )

