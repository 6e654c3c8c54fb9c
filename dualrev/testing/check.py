"""One run of `check_derivatives`: which lines, which derivatives, which comparisons.

Enters: a function, its arguments, what was asked. Leaves: a `DerivativeReport`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.testing.claims import Gradient, Handwritten, Traced, columns_of
from dualrev.testing.comparison import SAFETY, Judge
from dualrev.testing.coordinates import RealFunction, Space
from dualrev.testing.differences import FIRST_STEP, Lines
from dualrev.testing.precision import single_precision
from dualrev.testing.report import Adjoint, Comparison, DerivativeReport

__all__ = ["MODES", "Check"]

# Every entry is compared up to these sizes; above them, random directions.
FULL_INPUTS = 4096
FULL_ENTRIES = 4_000_000
FULL_HESSIAN = 128
DIRECTIONS = 8
MODES = ("forward", "reverse")
SCALAR = Space(["slope"], [np.zeros(())])


class Check:
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
        self.rtol, self.atol = rtol, atol
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.comparisons: list[Comparison] = []
        self.adjoint: Adjoint | None = None
        self.complex_step = ""
        self.notes: list[str] = []
        self.scales = self.real.inputs.scales(self.real.x)
        # Weights that let every output count in second derivatives; filled by `first`.
        self.weights = np.ones(self.real.outputs.size)
        self.variation = self._variation()
        self.size = 0.0

    def first(self, jac: Callable[..., Any] | None) -> None:
        """Compare first derivatives, and forward with reverse mode."""
        real = self.real
        n, m = real.inputs.size, real.outputs.size
        if not n * m:
            self.notes.append("no inputs or no outputs: there was nothing to compare")
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
        self.size = np.max(
            np.where(usable, self.weights * np.fmax(top, np.abs(real.y)), self.variation),
            initial=0.0,
        )
        traced = Traced(real.traceable, real.inputs, real.outputs, real.x)
        if "forward" in self.modes:
            forward = traced.forward(vectors)
            self._add(judge.compare(1, "forward", forward, lambda v: traced.forward([v])[:, 0]))
            if real.single:
                self._add(single_precision(real, "forward", forward, vectors, self.scales))
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
                rtol=self.rtol,
                atol=self.atol,
            )
        self._add(judge.compare(1, "reverse", lines.apply(rows), lambda v: rows @ v))
        if real.single and full:
            self._add(single_precision(real, "reverse", rows, list(np.eye(m)), self.scales))

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
                combined: np.ndarray = ct @ written.jacobian(jac, vector)
                return combined

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
                self._add(judge.compare(2, "reverse over forward", self._slopes(gradient, vectors)))
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

    def _forward_only(self, gradient: Gradient, lines: Lines, vectors: list[np.ndarray]) -> None:
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
            rtol=self.rtol,
            atol=self.atol,
        )
        rows = [
            Traced(gradient.slope(w), real.inputs, SCALAR, real.x).forward(vectors)[0]
            for w in vectors
        ]
        self._add(judge.compare(2, "forward over forward", columns_of(rows, len(vectors)).T))

    def _adjoint(self, traced: Traced) -> Adjoint:
        """Compare ⟨ct, J t⟩ with ⟨Jᵀ ct, t⟩."""
        t = self.rng.normal(size=self.real.inputs.size) * self.scales
        ct = self.rng.normal(size=self.real.outputs.size) * self.weights
        pushed, pulled = traced.forward([t])[:, 0], traced.reverse([ct])[0]
        size = np.sum(np.abs(ct * pushed)) + np.sum(np.abs(pulled * t))
        rounding = 64 * self.real.rounding.max(initial=0.0)
        loss = max(1e-9, rounding)
        # How much rounding in the arguments alone moves the product: a badly conditioned function
        # has no more digits to compare.
        near = self.real.x * (1 + 4 * np.finfo(float).eps * self.rng.choice([-1, 1], t.size))
        moved = Traced(traced.function, traced.inputs, traced.outputs, near).forward([t])[:, 0]
        tolerance = loss * size + 64 * abs(ct @ moved - ct @ pushed)
        # What cancels in one mode may leave rounding in the other.
        tolerance += rounding * np.sum(np.abs(ct) * self.variation)
        return Adjoint(float(ct @ pushed), float(pulled @ t), float(tolerance))

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
        variation = self.size / self.scales if gradient else self.variation
        return Judge(
            F,
            y,
            lines,
            rounding,
            labels,
            rtol=self.rtol,
            atol=self.atol,
            exact=exact,
            variation=variation,
        )

    def _variation(self) -> np.ndarray:
        """Return the size of the outputs where every input is displaced a little."""
        moduli = self.real.outputs.moduli
        size = moduli(self.real.y)
        for _ in range(4):
            step = FIRST_STEP * self.scales * self.rng.choice([-1.0, 1.0], self.real.x.size)
            size = np.fmax(size, moduli(self.real(self.real.x + step)))
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
                f"the function raised at {real.outside} displaced points, taken to lie outside its "
                "domain"
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
