"""One mechanism for every first-order method, with two faces: containers in and out, or variables and `step`.

A method is a pure function ``rule(g, slot, **hyper) -> (step, slot)``: from one gradient, what is remembered about one
parameter (a dict of arrays, empty at first) and the hyper-parameters to the step and what is remembered next. The
mechanism does what is the same for all: signs, weight decay, complex numbers, dtypes, and the refusal of numbers that
are not finite. Rules are plain NumPy and write into nothing, so `dualrev.grad` passes through them too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import optree

from dualrev.core.array import Traced, dtype_of, value
from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError, NonFiniteError, ShapeError, describe, user_location
from dualrev.modes.variables import detached
from dualrev.nn.optim.limits import FLAG, NONNEGATIVE, is_off
from dualrev.nn.optim.optimiser import Optimiser

__all__ = ["COMMON", "FirstOrder", "State", "as_complex", "as_pairs", "leaf_names", "not_finite"]

# The hyper-parameters that every method has.
COMMON = {"lr": NONNEGATIVE, "weight_decay": NONNEGATIVE, "maximize": FLAG}

# What a rule remembers as a Python number.
_NUMBERS = ("step", "mu_product")


class State(NamedTuple):
    """What a method remembers between two calls of `update`.

    Attributes
    ----------
    step : int
        Steps taken.
    slots : tuple of dict
        Arrays by name, per array of the weights in the order of optree.
    """

    step: int
    slots: tuple[dict[str, Any], ...]


class FirstOrder(Optimiser):
    """Base of the methods that move by a function of the gradient; a method states `rule`, ranges and defaults."""

    # Whether weight decay shrinks the weight itself, instead of adding to the gradient.
    decoupled: ClassVar[bool] = False
    # The method: a static function of a gradient, a slot and hyper-parameters.
    rule: Callable[..., tuple[Any, dict[str, Any]]]

    def __init__(self, parameters: Any, nonfinite: str, **defaults: Any) -> None:
        if nonfinite not in ("raise", "skip"):
            raise ValueError(f"{self.name}: nonfinite={nonfinite!r} must be 'raise' or 'skip'")
        self.nonfinite = nonfinite
        self.skipped = 0
        self._slots: dict[int, dict[str, Any]] = {}
        super().__init__(parameters, **defaults)

    # -- containers in and out --------------------------------------------------------------------------------------

    def init(self, weights: Any) -> State:
        """Return the state before the first `update`.

        Parameters
        ----------
        weights : array_like or container
            Of floats or complex numbers.
        """
        leaves, _ = flatten(weights)
        for name, x in zip(leaf_names(weights, "weights"), leaves, strict=True):
            _array(self.name, name, x)
        return State(0, tuple({} for _ in leaves))

    def update(self, gradients: Any, state: State, weights: Any, **hyper: Any) -> tuple[Any, State]:
        """Return new weights and a new state; nothing that is passed is changed.

        Parameters
        ----------
        gradients, weights : array_like or container
            Of the same structure and shapes, for instance of `dualrev.grad` and of `Module.weights`.
        state : State
            Of `init`, or of the call before.
        **hyper
            Hyper-parameters that differ in this call, such as ``lr=schedule(k)``. They may be traced: a derivative with
            respect to a learning rate goes through any number of updates.

        Returns
        -------
        weights : container
            Of the structure and dtypes of `weights`.
        state : State

        Raises
        ------
        ShapeError
            If structures or shapes do not fit.
        NonFiniteError
            If a gradient, or a weight after the step, is not finite (unless ``nonfinite="skip"``).
        """
        unknown = [k for k in hyper if k not in self.limits]
        if unknown:
            raise TypeError(
                f"{self.name}.update: {', '.join(map(repr, unknown))} is unknown; the hyper-parameters are "
                f"{', '.join(self.limits)}"
            )
        values, restore = flatten(weights)
        directions, _ = flatten(gradients)
        if _structure(gradients) != _structure(weights):
            raise ShapeError(
                f"{self.name}.update: gradients and weights are different containers: {_structure(gradients)} and "
                f"{_structure(weights)}"
            )
        if len(state.slots) != len(values):
            raise ShapeError(
                f"{self.name}.update: the state is of {len(state.slots)} arrays, the weights have {len(values)}; make "
                "it with init(weights)"
            )
        names = leaf_names(weights, "weights")
        values = [_array(self.name, n, x) for n, x in zip(names, values, strict=True)]
        directions = [
            _array(self.name, f"the gradient of {n}", g)
            for n, g in zip(names, directions, strict=True)
        ]
        found = self.hyper({**self.defaults, **hyper}, state.step)
        moved = self._moved(
            f"{self.name}.update", names, values, directions, state.slots, [found] * len(values)
        )
        if moved is None:
            return weights, state
        return restore(moved[0]), State(state.step + 1, tuple(moved[1]))

    # -- variables --------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient.

        Parameters
        ----------
        closure : callable, optional
            Called first; it calls `zero_grad` and ``backward`` and returns the loss.

        Returns
        -------
        number or None
            The loss of `closure`, without its tape.

        Raises
        ------
        InputError
            If no parameter has a gradient; parameters without one stay where they are.
        NonFiniteError
            If a gradient, or a weight after the step, is not finite (unless ``nonfinite="skip"``, which then moves
            nothing and counts in ``skipped``). No weight has been changed.
        """
        loss = None if closure is None else value(closure())
        gradients = self.gradients()
        pairs = self.named_parameters()
        chosen = [k for k, g in enumerate(gradients) if g is not None]
        groups = [self.hyper(group, self.count) for group in self.param_groups]
        of_parameter = [
            h for h, g in zip(groups, self.param_groups, strict=True) for _ in g["params"]
        ]
        moved = self._moved(
            f"{self.name}.step",
            [pairs[k][0] for k in chosen],
            [pairs[k][1].data for k in chosen],
            [detached(gradients[k]) for k in chosen],
            [self._slots.get(k, {}) for k in chosen],
            [of_parameter[k] for k in chosen],
        )
        if moved is None:
            self.skipped += 1
            return loss
        for k, x, slot in zip(chosen, *moved, strict=True):
            pairs[k][1].data = x
            self._slots[k] = slot
        self.count += 1
        return loss

    # -- the mechanism ----------------------------------------------------------------------------------------------

    def _moved(
        self,
        where: str,
        names: Sequence[str],
        values: Sequence[Any],
        gradients: Sequence[Any],
        slots: Sequence[dict[str, Any]],
        hypers: Sequence[dict[str, Any]],
    ) -> tuple[list[Any], list[dict[str, Any]]] | None:
        """Return all weights and slots after one step; None for a step that is left out."""
        for name, x, g in zip(names, values, gradients, strict=True):
            _match(where, name, x, g)
        if not all(map(_finite, gradients)):
            self._refuse("gradient", where, not_finite(names, gradients))
            return None
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            pairs = [
                self._one(x, g, slot, hyper)
                for x, g, slot, hyper in zip(values, gradients, slots, hypers, strict=True)
            ]
        if not all(_finite(x) and all(map(_finite, slot.values())) for x, slot in pairs):
            bad = not_finite(names, [x for x, _ in pairs])
            for name, (_, slot) in zip(names, pairs, strict=True):
                bad += not_finite([f"{key} of {name}" for key in slot], list(slot.values()))
            self._refuse("weight after the step", where, bad)
            return None
        return [x for x, _ in pairs], [slot for _, slot in pairs]

    def _one(
        self, x: Any, g: Any, slot: dict[str, Any], hyper: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Return one weight and its slot after the step."""
        dtype = dtype_of(x)
        if dtype_of(g) != dtype:
            g = g.astype(dtype)
        if dtype.kind == "c":
            x, g = as_pairs(x), as_pairs(g)
        hyper = dict(hyper)
        decay, maximize = hyper.pop("weight_decay"), hyper.pop("maximize")
        decoupled = hyper.pop("decoupled_weight_decay", self.decoupled)
        if maximize:
            g = -g
        if not is_off(decay):
            if decoupled:
                x = x * (1 - hyper["lr"] * decay)
            else:
                g = g + decay * x
        step, slot = self.rule(g, slot, **hyper)
        x = x + step
        if dtype.kind == "c":
            x = as_complex(x)
        return (x if dtype_of(x) == dtype else x.astype(dtype)), slot

    def _refuse(self, kind: str, where: str, bad: list[str]) -> None:
        """Raise for numbers that are not finite, unless such steps are left out."""
        if self.nonfinite == "skip":
            return
        raise NonFiniteError(
            kind,
            where,
            "\n".join(f"  {line}" for line in bad)
            + "\n  No weight was changed. dualrev.debug(nan='raise') finds the operation that a NaN comes from; a "
            "smaller lr may prevent it; nonfinite='skip' leaves such steps out.",
            user_location(),
        )

    # -- state ------------------------------------------------------------------------------------------------------

    def _memory(self) -> dict[str, Any]:
        return {f"{k}.{key}": held for k, slot in self._slots.items() for key, held in slot.items()}

    def _unfit(self, memory: dict[str, np.ndarray]) -> list[str]:
        pairs = self.named_parameters()
        wrong = []
        for place, held in memory.items():
            number, _, key = place.partition(".")
            if not number.isdigit() or int(number) >= len(pairs):
                wrong.append(f"state.{place} is of no parameter here ({len(pairs)} parameters)")
                continue
            name, p = pairs[int(number)]
            shape = () if key in _NUMBERS else p.shape + ((2,) if dtype_of(p).kind == "c" else ())
            if held.shape != shape:
                wrong.append(f"state.{place} has shape {held.shape}, {name!r} needs {shape}")
        return wrong

    def _remember(self, memory: dict[str, np.ndarray]) -> None:
        pairs = self.named_parameters()
        self._slots = {}
        for place, held in memory.items():
            number, _, key = place.partition(".")
            k = int(number)
            # A copy, in the precision of the weights; scalars as NumPy's numbers, counts as Python's.
            real = np.zeros(0, dtype_of(pairs[k][1])).real.dtype
            self._slots.setdefault(k, {})[key] = (
                held.item() if key in _NUMBERS else held.astype(real)[()]
            )


def as_pairs(z: Any) -> Any:
    """Return complex numbers as pairs of real ones, along a last axis."""
    return np.stack((np.real(z), np.imag(z)), axis=-1)


def as_complex(pairs: Any) -> Any:
    """Undo `as_pairs`."""
    return pairs[..., 0] + 1j * pairs[..., 1]


def _finite(x: Any) -> bool:
    return bool(np.isfinite(value(x)).all())


def not_finite(names: Sequence[str], arrays: Sequence[Any], nan_only: bool = False) -> list[str]:
    """Return a line for each array that holds NaN or infinity: how many, and the first."""
    lines = []
    for name, x in zip(names, arrays, strict=True):
        plain = np.asarray(value(x))
        finite = ~np.isnan(plain) if nan_only else np.isfinite(plain)
        if finite.all():
            continue
        if plain.ndim:
            at = tuple(int(k) for k in np.argwhere(~finite)[0])
            n = int(np.sum(~finite))
            lines.append(
                f"{name}: {n} of {plain.size} entries, the first at {list(at)}: {plain[at]}"
            )
        else:
            lines.append(f"{name}: {plain}")
    return lines


def _structure(tree: Any) -> Any:
    return optree.tree_structure(tree, namespace="dualrev")


def leaf_names(tree: Any, root: str) -> list[str]:
    """Return a name for every leaf of a container, as it would be written."""
    flatten(tree)  # registers dataclasses
    paths = optree.treespec_paths(_structure(tree))
    return [root + "".join(f"[{key!r}]" for key in path) for path in paths]


def _array(method: str, name: str, x: Any) -> Any:
    """Return one leaf of a container as an array or NumPy number."""
    if type(x) is float or type(x) is complex:
        return np.float64(x) if type(x) is float else np.complex128(x)
    if isinstance(x, (np.ndarray, np.generic, Traced)) and dtype_of(x).kind in "fc":
        return x
    raise InputError(f"{method}: {name} is {describe(x)}; it must be of floats or complex numbers")


def _match(where: str, name: str, x: Any, g: Any) -> None:
    """Refuse a gradient that is not of its weight's shape, or complex where that is real."""
    if np.shape(g) != np.shape(x):
        raise ShapeError(f"{where}: {name} has shape {np.shape(x)}, its gradient {np.shape(g)}")
    if dtype_of(g).kind == "c" and dtype_of(x).kind != "c":
        raise ShapeError(f"{where}: {name} is real, its gradient complex")
