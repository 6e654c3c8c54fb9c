"""What a check found, as frozen values that print themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["Adjoint", "Comparison", "DerivativeReport", "Entry", "severest"]

# From the worst to the best; a report has the worst verdict of its parts.
VERDICTS = ("wrong", "non-finite", "kink", "ill-conditioned", "correct")


def severest(verdicts: list[str]) -> str:
    """Return the worst of several verdicts, ``"correct"`` if there are none."""
    return min(verdicts, key=VERDICTS.index, default="correct")


@dataclass(frozen=True)
class Entry:
    """One derivative beside its difference.

    Attributes
    ----------
    input, output : str
        Where it is: ``"params['w'][2, 0]"`` and ``"f[3]"``.
    verdict : str
        ``"correct"``, ``"wrong"``, ``"kink"``, ``"ill-conditioned"`` or ``"non-finite"``.
    derivative, difference : float
        The value under test, and that of the difference formula.
    expected_error, tolerance : float
        What the difference may be off by, and what it was allowed to be off by.
    complex_step : float or None
        The complex-step derivative, where the function allows it.
    sides : tuple of float or None
        Backward and forward differences, at a kink.
    explanation : str
        Why the verdict is what it is.
    """

    input: str
    output: str
    verdict: str
    derivative: float
    difference: float
    expected_error: float
    tolerance: float
    complex_step: float | None = None
    sides: tuple[float, float] | None = None
    explanation: str = ""

    @property
    def relative_error(self) -> float:
        """|derivative - difference| / |difference|; the absolute error where that is zero."""
        gap = abs(self.derivative - self.difference)
        return gap / abs(self.difference) if self.difference else gap

    def __str__(self) -> str:
        text = (
            f"d {self.output} / d {self.input} = {self.derivative:.12g}, "
            f"by differences {self.difference:.12g} ± {self.expected_error:.1e}"
        )
        if self.sides is not None:
            text += f" (from the left {self.sides[0]:.6g}, from the right {self.sides[1]:.6g})"
        if self.complex_step is not None:
            text += f", by complex step {self.complex_step:.12g}"
        if abs(self.derivative) <= self.tolerance and abs(self.difference) <= self.tolerance:
            text += "; both zero within the tolerance"
        else:
            text += f"; relative error {self.relative_error:.1e}"
        return text + (f": {self.explanation}" if self.explanation else "")


@dataclass(frozen=True)
class Comparison:
    """One way to compute derivatives, compared with differences in every entry or direction.

    Attributes
    ----------
    order : int
        1 for first derivatives, 2 for second.
    source : str
        ``"forward"``, ``"reverse"``, ``"jac"``, ``"forward over reverse"``, ``"hess"``, ...
    verdict : str
        The worst verdict of its entries.
    worst : Entry or None
        The entry of that verdict that is furthest off; None if there are no entries.
    entries : int
        How many numbers were compared.
    disagreeing : int
        How many of them lie outside their tolerance.
    directions : int or None
        Number of random directions; None if every entry was compared.
    threshold : float
        The largest tolerance met, as a change of the output when a coordinate changes by its own
        size. An error in a single entry is seen when, times the size of its coordinate, it is
        larger.
    """

    order: int
    source: str
    verdict: str
    worst: Entry | None
    entries: int
    disagreeing: int
    directions: int | None
    threshold: float

    @property
    def headline(self) -> str:
        """What was compared and the verdict, in one line."""
        how = f"{self.entries} entries"
        if self.directions is not None:
            how = (
                f"{self.directions} random directions (a single wrong entry is seen above "
                f"{self.threshold:.1e} / |x|)"
            )
        line = f"order {self.order}, {self.source}: {self.verdict}; {how}"
        if self.verdict == "wrong" and self.disagreeing:
            line += f", {self.disagreeing} of {self.entries} comparisons disagree"
        return line

    def __str__(self) -> str:
        return self.headline + ("" if self.worst is None else f"\n    worst: {self.worst}")


@dataclass(frozen=True)
class Adjoint:
    """Whether forward and reverse mode are transposes: ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩, t and ct random."""

    forward: float
    reverse: float
    tolerance: float

    @property
    def agree(self) -> bool:
        # Written so that a NaN disagrees.
        return abs(self.forward - self.reverse) <= self.tolerance

    @property
    def verdict(self) -> str:
        if self.agree:
            return "correct"
        finite = abs(self.forward) < float("inf") and abs(self.reverse) < float("inf")
        return "wrong" if finite else "non-finite"

    def __str__(self) -> str:
        word = (
            "agree"
            if self.agree
            else "DISAGREE"
            if self.verdict == "wrong"
            else "cannot be compared"
        )
        return (
            f"forward and reverse {word}: <ct, J t> = {self.forward:.15g}, "
            f"<J^T ct, t> = {self.reverse:.15g}"
        )


@dataclass(frozen=True)
class DerivativeReport:
    """What `check_derivatives` found; true if and only if everything was verified as correct.

    Attributes
    ----------
    name : str
        The function.
    inputs, outputs : int
        Real coordinates on each side.
    comparisons : tuple of Comparison
        One per order and way of computing.
    adjoint : Adjoint or None
        Forward against reverse; None unless both were checked.
    complex_step : str
        What the complex step said, or why there is none.
    evaluations : int
        Calls of the function without derivatives.
    seed : int
        Of the random directions.
    notes : tuple of str
        What else a reader should know.
    """

    name: str
    inputs: int
    outputs: int
    comparisons: tuple[Comparison, ...]
    adjoint: Adjoint | None = None
    complex_step: str = ""
    evaluations: int = 0
    seed: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> str:
        """The worst verdict of the parts, see `check_derivatives`."""
        verdicts = [c.verdict for c in self.comparisons]
        if self.adjoint is not None:
            verdicts.append(self.adjoint.verdict)
        return severest(verdicts)

    @property
    def ok(self) -> bool:
        return self.verdict == "correct"

    def __bool__(self) -> bool:
        return self.ok

    @property
    def worst(self) -> Entry | None:
        """The entry that is furthest off among those with the worst verdict."""
        entries = [c.worst for c in self.comparisons if c.worst is not None]
        if not entries:
            return None
        word = severest([e.verdict for e in entries])
        return max(
            (e for e in entries if e.verdict == word),
            key=lambda e: _size(abs(e.derivative - e.difference) / max(e.tolerance, 1e-300)),
        )

    def raise_if_wrong(self) -> DerivativeReport:
        """Raise AssertionError with this report if a derivative is wrong or not finite.

        Otherwise return it. A kink and an ill-conditioned difference pass: they say that the check
        could not decide. Use ``assert report`` to demand a verified derivative.
        """
        if self.verdict in ("wrong", "non-finite"):
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        lines = [
            f"derivatives of {self.name} (ℝ^{self.inputs} to ℝ^{self.outputs}): {self.verdict}"
        ]
        shown: set[object] = set()
        for c in self.comparisons:
            # Entries that two ways of computing have in common are printed once.
            lines.append(c.headline if c.worst in shown else str(c))
            shown.add(c.worst)
        if self.adjoint is not None:
            lines.append(str(self.adjoint))
        if self.complex_step:
            lines.append(f"complex step: {self.complex_step}")
        lines += [f"note: {note}" for note in self.notes]
        lines.append(f"{self.evaluations} evaluations of the function, seed {self.seed}")
        return "\n  ".join(lines)


def _size(ratio: float) -> float:
    return ratio if not math.isnan(ratio) else float("inf")
