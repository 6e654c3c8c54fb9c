"""What every optimiser has: groups of parameters with hyper-parameters, `zero_grad`, and a state to save."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from dualrev.errors import InputError
from dualrev.nn.optim.groups import as_groups, check_distinct
from dualrev.nn.optim.limits import Limit

__all__ = ["Optimiser"]

_HELD = ("params", "param_names")


class Optimiser(abc.ABC):
    """Base of all optimisers: groups of parameters, each with its hyper-parameters.

    Attributes
    ----------
    param_groups : list of dict
        Per group ``"params"``, ``"param_names"`` and the hyper-parameters, which may be changed between steps. A
        hyper-parameter may also be a function of the number of steps taken, such as a schedule.
    defaults : dict
        Hyper-parameters of groups that state none.
    count : int
        Steps taken.
    """

    # The range of every hyper-parameter, by name.
    limits: ClassVar[dict[str, Limit]]

    def __init__(self, parameters: Any, **defaults: Any) -> None:
        self.defaults = defaults
        self.count = 0
        self.param_groups: list[dict[str, Any]] = []
        self.hyper(defaults, 0)
        if parameters is not None:
            self._add(as_groups(self.name, parameters))

    @property
    def name(self) -> str:
        """The method's name, as errors say it."""
        return type(self).__name__

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add a group: a dict with variables under ``"params"``, and hyper-parameters that differ from the defaults."""
        self._add(as_groups(self.name, [group]))

    def _add(self, groups: list[dict[str, Any]]) -> None:
        new = []
        for group in groups:
            unknown = [k for k in group if k not in self.defaults and k not in _HELD]
            if unknown:
                raise InputError(
                    f"{self.name}: a group states {', '.join(map(repr, unknown))}; the hyper-parameters are "
                    f"{', '.join(self.defaults)}"
                )
            complete = {**self.defaults, **group}
            self.hyper(complete, self.count)
            new.append(complete)
        check_distinct(self.name, self.param_groups + new)
        self.param_groups += new

    def hyper(self, given: Mapping[str, Any], step: int) -> dict[str, Any]:
        """Return the hyper-parameters of a group at a step, checked, schedules evaluated."""
        found = {}
        for key, limit in self.limits.items():
            v = given[key]
            found[key] = limit.check(self.name, key, v(step) if callable(v) else v)
        return self.check(found)

    def check(self, hyper: dict[str, Any]) -> dict[str, Any]:
        """Return hyper-parameters, or refuse those that do not go together; methods with such override this."""
        return hyper

    def named_parameters(self) -> list[tuple[str, Any]]:
        """Return names and variables of all groups.

        Raises
        ------
        InputError
            If the optimiser was made without any.
        """
        if not self.param_groups:
            raise InputError(
                f"{self.name} was made without parameters: pass them first, {self.name}(model.parameters(), ...), or "
                "use update(gradients, state, weights), which needs none"
            )
        return [
            pair
            for group in self.param_groups
            for pair in zip(group["param_names"], group["params"], strict=True)
        ]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: ``.grad`` is None again."""
        for _, p in self.named_parameters():
            p.zero_grad()

    @abc.abstractmethod
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move the parameters once."""

    def gradients(self) -> list[Any]:
        """Return the gradients of all parameters, None where there is none.

        Raises
        ------
        InputError
            If no parameter has one.
        """
        found = [p.grad for _, p in self.named_parameters()]
        if all(g is None for g in found):
            raise InputError(
                f"{self.name}.step: none of the {len(found)} parameters has a gradient. Call loss.backward() between "
                "zero_grad() and step(); if it was called, the loss was computed from other variables, from plain "
                "numbers, or under no_grad()"
            )
        return found

    # -- state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the state as a flat dict of plain arrays, which ``np.savez(path, **state)`` writes without pickle.

        Keys are ``"count"``, ``"groups.<number>.<hyper-parameter>"``, ``"groups.<number>.parameters"`` (how many), and
        what a method remembers, ``"state.<number of the parameter>.<name>"``, with PyTorch's names (``exp_avg``,
        ``momentum_buffer``, ...).
        Schedules are functions and not written; the count that they start from again is.
        """
        state = {"count": np.array(self.count)}
        for k, group in enumerate(self.param_groups):
            state[f"groups.{k}.parameters"] = np.array(len(group["params"]))
            for key in self.limits:
                if not callable(group[key]):
                    state[f"groups.{k}.{key}"] = np.array(group[key])
        for key, held in self._memory().items():
            state[f"state.{key}"] = np.array(held)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`, or ``np.load`` of it; if anything does not fit, nothing is changed.

        Raises
        ------
        InputError
            Naming what is missing, unexpected, or of another shape: the state is of another optimiser or other
            parameters.
        """
        required = self._required()
        known = {f"groups.{k}.{key}" for k in range(len(self.param_groups)) for key in self.limits}
        # A state with one group less would otherwise leave that group as it is.
        wrong = [f"{k} is missing" for k in required if k not in state]
        wrong += [
            f"{k} is unexpected"
            for k in state
            if k not in required and k not in known and not k.startswith("state.")
        ]
        for k, group in enumerate(self.param_groups):
            key, n = f"groups.{k}.parameters", len(group["params"])
            if key in state and int(np.array(state[key])) != n:
                wrong.append(f"{key} is {int(np.array(state[key]))}, group {k} has {n}")
        memory = {
            k.removeprefix("state."): np.array(state[k]) for k in state if k.startswith("state.")
        }
        wrong += self._unfit(memory)
        if wrong:
            raise InputError(
                f"{self.name}.load_state_dict: the state is of another optimiser or of other parameters: "
                + "; ".join(wrong)
            )
        groups = []
        for k, group in enumerate(self.param_groups):
            loaded = dict(group)
            for key in self.limits:
                if f"groups.{k}.{key}" in state and not callable(group[key]):
                    new = np.array(state[f"groups.{k}.{key}"])
                    loaded[key] = tuple(new.tolist()) if new.ndim else new.item()
            self.hyper(loaded, self.count)
            groups.append(loaded)
        for group, loaded in zip(self.param_groups, groups, strict=True):
            group.update(loaded)
        self.count = int(np.array(state["count"]))
        self._remember(memory)

    def _required(self) -> list[str]:
        """Return the keys without which a state cannot be of this optimiser."""
        sizes = [f"groups.{k}.parameters" for k in range(len(self.param_groups))]
        return ["count", *sizes] + [
            f"groups.{k}.{key}"
            for k, group in enumerate(self.param_groups)
            for key in self.limits
            if not callable(group[key])
        ]

    def _memory(self) -> dict[str, Any]:
        """Return what the method remembers, by ``"<number of the parameter>.<name>"``."""
        return {}

    def _unfit(self, memory: dict[str, np.ndarray]) -> list[str]:
        """Say what in a loaded memory does not fit."""
        return [f"state.{key} is unexpected" for key in memory]

    def _remember(self, memory: dict[str, np.ndarray]) -> None:
        """Replace what the method remembers."""
        assert not memory

    def __repr__(self) -> str:
        groups = self.param_groups or [self.defaults]
        parts = []
        for group in groups:
            stated = ", ".join(f"{k}={group[k]!r}" for k in self.limits)
            n = len(group.get("params", ()))
            parts.append(f"{stated}" + (f"; {n} parameters" if n else ""))
        return f"{self.name}(" + " | ".join(parts) + ")"
