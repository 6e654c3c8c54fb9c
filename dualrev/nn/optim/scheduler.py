"""Schedules stepped by hand, and the one that looks at the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dualrev.errors import InputError
from dualrev.nn.optim.optimiser import Optimiser

__all__ = ["Plateau", "PlateauState", "Scheduler"]


class Scheduler:
    """Sets a hyper-parameter of an optimiser, by `step`, to what a schedule says.

    Parameters
    ----------
    optimiser : Optimiser
    schedule : Schedule, callable, Plateau, or a list with one of them per group
        A schedule sets the rate of its step 0 at once; a `Plateau` starts from the rates that the groups have.
    name : str
        The hyper-parameter.

    Raises
    ------
    InputError
        If the optimiser has no such hyper-parameter, it is a schedule already, or the number of schedules is not
        that of the groups.

    Notes
    -----
    Counts its own steps, so it may run per epoch. For a rate that changes with every step of the optimiser, give the
    schedule to the optimiser itself: ``SGD(parameters, lr=schedule)``.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.nn import optim
    >>> optimiser = optim.SGD([dr.variable(1.0)])
    >>> scheduler = optim.Scheduler(optimiser, optim.schedules.Exponential(0.4, 0.5))
    >>> scheduler.values
    [0.4]
    >>> scheduler.step()
    >>> optimiser.param_groups[0]["lr"]
    0.2
    """

    def __init__(
        self,
        optimiser: Optimiser,
        schedule: Callable[[int], Any] | Plateau | Sequence[Callable[[int], Any] | Plateau],
        name: str = "lr",
    ) -> None:
        groups = optimiser.param_groups
        given: list[Any] = (
            list(schedule) if isinstance(schedule, (list, tuple)) else [schedule] * len(groups)
        )
        if not groups or len(given) != len(groups):
            raise InputError(
                f"Scheduler: {len(given)} schedules for {len(groups)} groups of parameters of {optimiser.name}"
            )
        for k, group in enumerate(groups):
            if name not in optimiser.limits:
                raise InputError(
                    f"Scheduler: {optimiser.name} has no hyper-parameter {name!r}, but "
                    + ", ".join(optimiser.limits)
                )
            if callable(group[name]):
                raise InputError(
                    f"Scheduler: {name} of group {k} is a schedule already ({group[name]!r}), which the optimiser "
                    "steps itself; give the optimiser a number instead"
                )
        self.optimiser = optimiser
        self.schedules = given
        self.name = name
        self.count = 0
        self.memory = [PlateauState() for _ in given]
        self._set()

    @property
    def values(self) -> list[Any]:
        """The value of every group now."""
        return [group[self.name] for group in self.optimiser.param_groups]

    def step(self, metric: Any = None) -> None:
        """Go on by one step.

        Parameters
        ----------
        metric : float
            For a `Plateau`: the loss, or what else is watched.
        """
        if any(isinstance(s, Plateau) for s in self.schedules):
            if metric is None:
                raise InputError(
                    "Scheduler.step: a Plateau watches a number: step(validation_loss)"
                )
            self._watch(float(metric))
        self.count += 1
        self._set()

    def _set(self) -> None:
        for group, schedule in zip(self.optimiser.param_groups, self.schedules, strict=True):
            if not isinstance(schedule, Plateau):
                group[self.name] = schedule(self.count)

    def _watch(self, metric: float) -> None:
        new = [
            s.watch(m, metric) if isinstance(s, Plateau) else m
            for s, m in zip(self.schedules, self.memory, strict=True)
        ]
        for group, schedule, memory in zip(
            self.optimiser.param_groups, self.schedules, new, strict=True
        ):
            if isinstance(schedule, Plateau) and memory.reduce:
                group[self.name] = schedule.reduced(group[self.name])
        self.memory = new

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the state as a flat dict of arrays; rates are in the optimiser's."""
        return {
            "count": np.array(self.count),
            "memory": np.array([tuple(m) for m in self.memory], float),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`; the rates of schedules are set accordingly."""
        memory = np.array(state["memory"], float)
        if memory.shape != (len(self.memory), len(PlateauState._fields)):
            raise InputError(
                f"Scheduler.load_state_dict: the state is of {len(memory)} groups, here are {len(self.memory)}"
            )
        self.count = int(np.array(state["count"]))
        self.memory = [
            PlateauState(
                None if math.isnan(best) else float(best), int(bad), int(cooling), bool(reduce)
            )
            for best, bad, cooling, reduce in memory
        ]
        self._set()


class PlateauState(NamedTuple):
    """What a `Plateau` remembers.

    Attributes
    ----------
    best : float or None
        The best number seen.
    bad : int
        Steps since then.
    cooling : int
        Steps still to wait after a reduction.
    reduce : bool
        Whether the rate is to be reduced now.
    """

    best: float | None = None
    bad: int = 0
    cooling: int = 0
    reduce: bool = False


@dataclass(frozen=True)
class Plateau:
    """Lower the rate when a number, such as the validation loss, stops improving (PyTorch: ReduceLROnPlateau).

    Parameters
    ----------
    factor : float
        Below 1: the new rate is ``factor * rate``.
    patience : int
        Steps without improvement that are let pass.
    threshold : float
        What counts as an improvement.
    threshold_mode : {"rel", "abs"}
        Whether `threshold` is a part of the best number or a difference to it.
    cooldown : int
        Steps after a reduction in which nothing is counted.
    minimum : float
        The rate does not go below.
    eps : float
        A smaller reduction than this is left out.
    mode : {"min", "max"}
        Whether smaller or larger is better.

    Notes
    -----
    ``watch(state, number) -> state`` and ``reduced(rate) -> rate`` are pure; `Scheduler` does both to an optimiser.

    Examples
    --------
    >>> from dualrev.nn import optim
    >>> plateau = optim.Plateau(patience=1)
    >>> state = optim.PlateauState()
    >>> for loss in (1.0, 0.5, 0.5, 0.5):
    ...     state = plateau.watch(state, loss)
    ...     print(state.bad, state.reduce)
    0 False
    0 False
    1 False
    0 True
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: str = "rel"
    cooldown: int = 0
    minimum: float = 0.0
    eps: float = 1e-8
    mode: str = "min"

    def __post_init__(self) -> None:
        """Check the fields."""
        for name, holds, words in (
            ("factor", 0 <= self.factor < 1, "at least 0 and below 1"),
            ("patience", self.patience >= 0, "not negative"),
            ("threshold", self.threshold >= 0, "not negative"),
            ("threshold_mode", self.threshold_mode in ("rel", "abs"), "'rel' or 'abs'"),
            ("cooldown", self.cooldown >= 0, "not negative"),
            ("minimum", self.minimum >= 0, "not negative"),
            ("mode", self.mode in ("min", "max"), "'min' or 'max'"),
        ):
            if not holds:
                raise ValueError(f"Plateau: {name}={getattr(self, name)!r} must be {words}")

    def watch(self, state: PlateauState, metric: float) -> PlateauState:
        """Return what is remembered after another number.

        Raises
        ------
        ValueError
            If it is NaN.
        """
        if math.isnan(metric):
            raise ValueError("Plateau: the number that is watched is NaN: training has diverged")
        better = self._better(metric, state.best)
        bad = 0 if better or state.cooling else state.bad + 1
        cooling = max(state.cooling - 1, 0)
        best = metric if better else state.best
        if bad > self.patience:
            return PlateauState(best, 0, self.cooldown, True)
        return PlateauState(best, bad, cooling, False)

    def _better(self, new: float, best: float | None) -> bool:
        if best is None:
            return math.isfinite(new)
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            bound = best * (1 - sign * self.threshold)
        else:
            bound = best - sign * self.threshold
        return sign * new < sign * bound

    def reduced(self, rate: float) -> float:
        """Return the rate after a reduction."""
        new = max(rate * self.factor, self.minimum)
        return new if rate - new > self.eps else rate
