"""Parameters as an optimiser holds them: groups of leaf variables with hyper-parameters of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dualrev.errors import InputError, describe
from dualrev.modes.live import is_live
from dualrev.nn.module import Module

__all__ = ["as_groups", "check_distinct", "named_leaves"]


def as_groups(method: str, parameters: Any) -> list[dict[str, Any]]:
    """Return groups ``{"params": [...], "param_names": [...], **options}``.

    `parameters` is a module, a dict of names and variables, variables in any iterable, one variable, or a list of
    groups, whose ``"params"`` is any of the others.
    """
    if isinstance(parameters, Mapping) and "params" in parameters:
        parameters = [parameters]
    if not is_live(parameters) and not isinstance(parameters, (Module, Mapping)):
        parameters = _listed(method, parameters)
        if any(isinstance(p, Mapping) for p in parameters):
            return _given(method, parameters)
    leaves = named_leaves(method, parameters)
    return [{"params": list(leaves.values()), "param_names": list(leaves)}]


def _given(method: str, groups: list[Any]) -> list[dict[str, Any]]:
    """Return groups that the user wrote."""
    found: list[dict[str, Any]] = []
    start = 0
    for k, group in enumerate(groups):
        if not isinstance(group, Mapping) or "params" not in group:
            raise InputError(
                f"{method}: group {k} is {describe(group)}; each is a dict with its variables under 'params': "
                "[{'params': encoder.parameters()}, {'params': head.parameters(), 'lr': 0.1}]"
            )
        leaves = named_leaves(method, group["params"], start)
        start += len(leaves)
        found.append({**group, "params": list(leaves.values()), "param_names": list(leaves)})
    return found


def _listed(method: str, parameters: Any) -> list[Any]:
    if isinstance(parameters, Iterable) and getattr(parameters, "shape", None) is None:
        return list(parameters)
    raise InputError(
        f"{method}: parameters are variables (nn.Parameter, dualrev.variable) or a module, not "
        f"{describe(parameters)}. For plain arrays use {method}(lr=...).init and .update, which return new weights"
    )


def named_leaves(method: str, parameters: Any, start: int = 0) -> dict[str, Any]:
    """Return leaf variables by name; those in a list are called by their number, counted from `start`.

    Raises
    ------
    InputError
        If there is none, or what is given is no leaf variable.
    """
    if isinstance(parameters, Module):
        named: dict[str, Any] = parameters.named_parameters()
    elif isinstance(parameters, Mapping):
        named = {str(name): p for name, p in parameters.items()}
    else:
        listed = [parameters] if is_live(parameters) else _listed(method, parameters)
        named = {str(start + k): p for k, p in enumerate(listed)}
    for name, p in named.items():
        if not is_live(p):
            raise InputError(
                f"{method}: parameter {name!r} is {describe(p)}, not a variable: make it with nn.Parameter or "
                f"dualrev.variable. For plain arrays use {method}(lr=...).init and .update, which return new weights"
            )
        if not p.is_leaf:
            raise InputError(
                f"{method}: parameter {name!r} was computed from other variables, so its value cannot be set. Pass "
                "the variables it was computed from"
            )
    if not named:
        raise InputError(
            f"{method}: there are no parameters; does the module make them in __init__?"
        )
    return named


def check_distinct(method: str, groups: list[dict[str, Any]]) -> None:
    """Refuse a parameter that is listed twice, since it would be moved twice.

    Raises
    ------
    InputError
        Naming both places.
    """
    seen: dict[int, str] = {}
    for k, group in enumerate(groups):
        for name, p in zip(group["param_names"], group["params"], strict=True):
            place = f"{name!r} of group {k}"
            if id(p) in seen:
                raise InputError(
                    f"{method}: {place} is the same variable as {seen[id(p)]} and would be moved twice a step; "
                    "list it once"
                )
            seen[id(p)] = place
