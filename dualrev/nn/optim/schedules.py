"""Learning rates as functions of the step number: frozen values that can be called, printed and drawn.

A schedule may stand wherever an optimiser takes a number (``SGD(parameters, lr=Cosine(0.1, 500))``); the optimiser then
counts its own steps. `Scheduler` steps it by hand instead, once an epoch for instance.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "Linear",
    "MultiStep",
    "OneCycle",
    "Opposite",
    "Polynomial",
    "Schedule",
    "Sequence",
    "StepDecay",
]


class Schedule(abc.ABC):
    """Base of all schedules: a function of the number of steps taken, from 0 on."""

    @abc.abstractmethod
    def rate(self, step: int) -> float:
        """Return the value at a step."""

    def __call__(self, step: int) -> float:
        """Return the value at a step.

        Raises
        ------
        ValueError
            If `step` is negative or no integer.
        """
        if step != int(step) or step < 0:
            raise ValueError(
                f"{type(self).__name__}: step={step!r} must be an integer, not negative"
            )
        return self.rate(int(step))

    def values(self, steps: int) -> np.ndarray:
        """Return the values at the first steps, for a table or a plot."""
        return np.array([self.rate(k) for k in range(steps)])

    def __post_init__(self) -> None:
        """Check the fields, which are named alike in all schedules."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = getattr(self, field.name)
            test, words = _FIELDS.get(field.name, (None, ""))
            if test is not None and not _holds(test, given):
                raise ValueError(f"{type(self).__name__}: {field.name}={given!r} must be {words}")


def _holds(test: Any, given: Any) -> bool:
    try:
        return bool(test(given))
    except (TypeError, ValueError):
        return False


def _count(v: Any) -> bool:
    return bool(v == int(v) and v > 0)


def _not_negative(v: Any) -> bool:
    return bool(0 <= v < math.inf)


_FIELDS: dict[str, Any] = {
    "lr": (_not_negative, "a finite number, not negative"),
    "minimum": (_not_negative, "a finite number, not negative"),
    "factor": (_not_negative, "a finite number, not negative"),
    "start": (_not_negative, "a finite number, not negative"),
    "end": (_not_negative, "a finite number, not negative"),
    "power": (_not_negative, "a finite number, not negative"),
    "steps": (_count, "a positive integer"),
    "size": (_count, "a positive integer"),
    "growth": (_count, "a positive integer"),
    "warmup": (lambda v: 0 < v < 1, "between 0 and 1"),
    "div_factor": (lambda v: 0 < v < math.inf, "a finite number above 0"),
    "final_div_factor": (lambda v: 0 < v < math.inf, "a finite number above 0"),
    "anneal": (lambda v: v in ("cos", "linear"), "'cos' or 'linear'"),
    "milestones": (
        lambda v: all(_count(m) for m in v) and all(a < b for a, b in pairwise(v)),
        "positive integers in ascending order",
    ),
}


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate throughout, or ``factor * lr`` for the first `steps` (PyTorch: ConstantLR).

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.Constant(0.1, factor=0.5, steps=2).values(4)
    array([0.05, 0.05, 0.1 , 0.1 ])
    """

    lr: float
    factor: float = 1.0
    steps: int = 5

    def rate(self, step: int) -> float:
        """Lr times `factor`, then lr."""
        return self.lr * self.factor if step < self.steps else self.lr


@dataclass(frozen=True)
class StepDecay(Schedule):
    """lr · factor^⌊step / size⌋ (PyTorch: StepLR).

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.StepDecay(1.0, size=2, factor=0.5).values(5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """

    lr: float
    size: int
    factor: float = 0.1

    def rate(self, step: int) -> float:
        """Return lr · factor^⌊step / size⌋."""
        return float(self.lr * self.factor ** (step // self.size))


@dataclass(frozen=True)
class MultiStep(Schedule):
    """lr · factor^k after the k-th milestone (PyTorch: MultiStepLR).

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.MultiStep(1.0, (1, 3), factor=0.5).values(5)
    array([1.  , 0.5 , 0.5 , 0.25, 0.25])
    """

    lr: float
    milestones: tuple[int, ...]
    factor: float = 0.1

    def rate(self, step: int) -> float:
        """Return lr · factor^(milestones passed)."""
        return float(self.lr * self.factor ** bisect_right(self.milestones, step))


@dataclass(frozen=True)
class Exponential(Schedule):
    """lr · factor^step (PyTorch: ExponentialLR).

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.Exponential(1.0, 0.5).values(3)
    array([1.  , 0.5 , 0.25])
    """

    lr: float
    factor: float

    def rate(self, step: int) -> float:
        """Return lr · factor^step."""
        return float(self.lr * self.factor**step)


@dataclass(frozen=True)
class Linear(Schedule):
    """From ``start * lr`` to ``end * lr`` in `steps` steps, then constant: a warm-up (PyTorch: LinearLR).

    References
    ----------
    Goyal et al. (2017), arXiv:1706.02677, section 2.2.

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.Linear(1.0, start=0.5, steps=2).values(4)
    array([0.5 , 0.75, 1.  , 1.  ])
    """

    lr: float
    start: float = 1 / 3
    end: float = 1.0
    steps: int = 5

    def rate(self, step: int) -> float:
        """Return lr · (start + (end - start) · step / steps)."""
        part = min(step, self.steps) / self.steps
        return self.lr * (self.start + (self.end - self.start) * part)


@dataclass(frozen=True)
class Polynomial(Schedule):
    """lr · (1 - step / steps)^power, then 0 (PyTorch: PolynomialLR).

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.Polynomial(1.0, steps=4, power=2).values(5)
    array([1.    , 0.5625, 0.25  , 0.0625, 0.    ])
    """

    lr: float
    steps: int = 5
    power: float = 1.0

    def rate(self, step: int) -> float:
        """Return lr · (1 - step / steps)^power."""
        return float(self.lr * (1 - min(step, self.steps) / self.steps) ** self.power)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine wave from lr to `minimum` in `steps` steps, then `minimum` (PyTorch: CosineAnnealingLR).

    PyTorch's rises again after `steps`; for that use `CosineRestarts`.

    References
    ----------
    Loshchilov & Hutter (2017), ICLR, arXiv:1608.03983, equation (5).

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.Cosine(1.0, steps=4).values(6).round(3)
    array([1.   , 0.854, 0.5  , 0.146, 0.   , 0.   ])
    """

    lr: float
    steps: int
    minimum: float = 0.0

    def rate(self, step: int) -> float:
        """Return minimum + (lr - minimum) · (1 + cos(π · step / steps)) / 2."""
        return _cosine(self.lr, self.minimum, min(step / self.steps, 1.0))


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """`Cosine` again and again, each time `growth` times as long (PyTorch: CosineAnnealingWarmRestarts).

    References
    ----------
    Loshchilov & Hutter (2017), ICLR, arXiv:1608.03983, section 3.

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.CosineRestarts(1.0, steps=2, growth=2).values(7).round(3)
    array([1.   , 0.5  , 1.   , 0.854, 0.5  , 0.146, 1.   ])
    """

    lr: float
    steps: int
    growth: int = 1
    minimum: float = 0.0

    def rate(self, step: int) -> float:
        """Return the cosine's value within the cycle."""
        length = self.steps
        if self.growth == 1:
            step %= length
        while step >= length:
            step -= length
            length *= self.growth
        return _cosine(self.lr, self.minimum, step / length)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from ``lr / div_factor`` to lr, and down to ``lr / div_factor / final_div_factor`` (PyTorch: OneCycleLR).

    Parameters
    ----------
    lr : float
        The largest rate.
    steps : int
        Steps of the whole cycle; later the rate stays where it ended.
    warmup : float
        Part of the steps in which the rate grows.
    anneal : {"cos", "linear"}
    div_factor, final_div_factor : float
    three_phase : bool
        Down as fast as up, and then from ``lr / div_factor`` to the end.

    References
    ----------
    Smith & Topin (2018), arXiv:1708.07120.

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.OneCycle(1.0, steps=10, anneal="linear").values(10).round(3)
    array([0.04 , 0.52 , 1.   , 0.857, 0.714, 0.571, 0.429, 0.286, 0.143, 0.   ])
    """

    lr: float
    steps: int
    warmup: float = 0.3
    anneal: str = "cos"
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    three_phase: bool = False

    def __post_init__(self) -> None:
        """Refuse a cycle whose phases have no length."""
        super().__post_init__()
        ends = [end for end, _, _ in self.phases()]
        if not all(a < b for a, b in pairwise([0.0, *ends])):
            raise ValueError(
                f"OneCycle: steps={self.steps} with warmup={self.warmup} leaves a phase without a step"
            )

    def phases(self) -> list[tuple[float, float, float]]:
        """Return the table of phases: last step, value at its start, value at its end."""
        low, last = self.lr / self.div_factor, self.lr / self.div_factor / self.final_div_factor
        up = self.warmup * self.steps - 1
        if self.three_phase:
            down = 2 * self.warmup * self.steps - 2
            return [(up, low, self.lr), (down, self.lr, low), (self.steps - 1, low, last)]
        return [(up, low, self.lr), (self.steps - 1, self.lr, last)]

    def rate(self, step: int) -> float:
        """Return the value within its phase."""
        return _along(self.phases(), self.anneal, step)

    def momentum(self, low: float = 0.85, high: float = 0.95) -> Opposite:
        """Return the schedule for a momentum that falls while the rate grows, and the other way round."""
        return Opposite(self, low, high)


@dataclass(frozen=True)
class Opposite(Schedule):
    """The momentum that goes with a `OneCycle`: from `high` to `low` and back.

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> schedules.OneCycle(1.0, steps=10, anneal="linear").momentum().values(5).round(3)
    array([0.95 , 0.9  , 0.85 , 0.864, 0.879])
    """

    cycle: OneCycle
    low: float = 0.85
    high: float = 0.95

    def rate(self, step: int) -> float:
        """Return the value within the phase of the cycle."""
        ends = [end for end, _, _ in self.cycle.phases()]
        values = [self.high, self.low, self.high, self.high]
        phases = list(zip(ends, values, values[1:], strict=False))
        return _along(phases, self.cycle.anneal, step)


@dataclass(frozen=True)
class Sequence(Schedule):
    """One schedule after the other, each counting from 0 where it begins (PyTorch: SequentialLR).

    Parameters
    ----------
    schedules : tuple of Schedule
    milestones : tuple of int
        Where the second begins, the third, and so on.

    Examples
    --------
    >>> from dualrev.nn.optim import schedules
    >>> warm_up = schedules.Linear(1.0, start=0.5, steps=2)
    >>> schedules.Sequence((warm_up, schedules.Exponential(1.0, 0.5)), (2,)).values(5)
    array([0.5 , 0.75, 1.  , 0.5 , 0.25])
    """

    schedules: tuple[Schedule, ...]
    milestones: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse another number of milestones than there are changes."""
        super().__post_init__()
        if len(self.milestones) != len(self.schedules) - 1:
            raise ValueError(
                f"Sequence: {len(self.schedules)} schedules need {len(self.schedules) - 1} milestones, "
                f"not {len(self.milestones)}"
            )

    def rate(self, step: int) -> float:
        """Return the value of the schedule whose turn it is."""
        k = bisect_right(self.milestones, step)
        return self.schedules[k](step - (self.milestones[k - 1] if k else 0))


def _cosine(start: float, end: float, part: float) -> float:
    """Return the value of half a cosine wave from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def _along(phases: list[tuple[float, float, float]], anneal: str, step: int) -> float:
    """Return the value at a step of a table of phases; after the last, its end."""
    begin = 0.0
    for last, start, end in phases:
        if step <= last:
            part = (step - begin) / (last - begin)
            return _cosine(start, end, part) if anneal == "cos" else start + (end - start) * part
        begin = last
    return phases[-1][2]
