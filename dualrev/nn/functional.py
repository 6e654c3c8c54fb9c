"""functional_call: a module as a pure function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MethodType
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.bind import operand
from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError, ShapeError, describe
from dualrev.modes.pausing import paused, recording
from dualrev.modes.places import Place, collected
from dualrev.modes.variables import detached, is_live
from dualrev.nn.module import PLAIN, Module, _parameters
from dualrev.nn.parameter import is_parameter

__all__ = ["functional_call"]


def functional_call(module: Module, weights: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Evaluate a module with other values in place of its parameters.

    Parameters
    ----------
    module : Module
        Its parameters stay as they are, and so do attributes that ``forward`` sets, except buffers: what a module in
        training makes of them is stored in it.
    weights : mapping of str to array
        By the names of ``module.weights()``: plain arrays, or traced values of any transform. Parameters that are not
        named keep their values, as constants.
    *args, **kwargs
        Passed to the module.

    Returns
    -------
    Any
        What the module returns, recorded only as far as `weights` and the arguments are traced.

    Raises
    ------
    InputError
        If a name is no parameter's, or if the module uses a parameter that is replaced in a way that cannot be
        followed: through a closure, a view of it, or an object that is no module.
    ShapeError
        If a value has another shape than the parameter.

    Notes
    -----
    The module is evaluated on a shallow copy, so that threads may share it. Making the copy takes some microseconds per
    submodule.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> model = nn.Linear(2, 1, rng=0)
    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> g = dr.grad(lambda w: np.sum(nn.functional_call(model, w, x)))(model.weights())
    >>> g["weight"], g["bias"]
    (array([[4., 6.]]), array([2.]))
    """
    if not isinstance(weights, Mapping):
        raise InputError(
            "functional_call: weights are a mapping of names to arrays, such as module.weights(), and not "
            f"{describe(weights)}"
        )
    names: dict[str, Any] = {}
    for name, parameter in _parameters(module):
        names.setdefault(name, parameter)
    swap: dict[int, Any] = {}
    for name, given in weights.items():
        if name not in names:
            raise InputError(
                f"functional_call: {type(module).__name__} has no parameter {name!r}; it has {', '.join(names)}"
            )
        parameter = names[name]
        if id(parameter) in swap:
            raise InputError(f"functional_call: {name!r} is a shared parameter and is given twice")
        new = operand(given)
        if np.shape(new) != parameter.shape:
            raise ShapeError(
                f"functional_call: {name} has shape {np.shape(new)}, wanted is {parameter.shape}"
            )
        swap[id(parameter)] = new
    copies: dict[int, tuple[Module, Module]] = {}
    plain = paused()
    replaced = {p.index: n for n, p in names.items() if id(p) in swap}
    given = {x.index for x in flatten((dict(weights), args, kwargs))[0] if is_live(x)}
    # Recorded in any case: it shows whether a parameter was used that should not have been.
    with recording():
        y = _replica(module, swap, copies)(*args, **kwargs)
    leaves, rebuild = flatten(y)
    _check_unused(module, replaced, given, leaves)
    if plain:
        y = rebuild([detached(leaf) for leaf in leaves])
    for original, used in copies.values():
        if original.training:
            for name in original._buffers:
                vars(original)[name] = vars(used)[name]
    return y


def _check_unused(
    module: Module, replaced: dict[Place, str], given: set[Place], leaves: list[Any]
) -> None:
    """Raise if a result was computed from a parameter itself, where another value was to stand in its place.

    What was given, as weights or arguments, may depend on the parameters: the search ends there.
    """
    for leaf in leaves:
        inner = leaf
        while isinstance(inner, Traced):
            for place in collected(inner.index, given) if is_live(inner) else ():
                if place in replaced and place not in given:
                    raise InputError(
                        f"functional_call: {type(module).__name__} used its parameter {replaced[place]!r} itself, not "
                        "the value that was given for it: it is reached through a closure, a view kept as an "
                        "attribute, or an object that is no Module. Let forward read it as an attribute of a module"
                    )
            inner = inner.primal


def _replica(
    module: Module, swap: dict[int, Any], copies: dict[int, tuple[Module, Module]]
) -> Module:
    """Return a copy of a module that shares everything but parameters, submodules and buffers in training."""
    if id(module) in copies:
        return copies[id(module)][1]
    new = object.__new__(type(module))
    copies[id(module)] = (module, new)
    held = {
        name: part if type(part) in PLAIN else _replaced(part, swap, copies)
        for name, part in vars(module).items()
    }
    for name, part in held.items():
        # Methods kept as attributes belong to a module of the tree.
        if isinstance(part, MethodType) and id(part.__self__) in copies:
            held[name] = MethodType(part.__func__, copies[id(part.__self__)][1])
    for name in module._buffers:
        if held[name] is not None:
            # In training an update may be written in place; otherwise that would change the module itself.
            held[name] = held[name].copy() if module.training else _locked(held[name])
    new.__dict__.update(held)
    return new


def _locked(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def _replaced(part: Any, swap: dict[int, Any], copies: dict[int, tuple[Module, Module]]) -> Any:
    if isinstance(part, Module):
        return _replica(part, swap, copies)
    if is_parameter(part):
        return swap.get(id(part), part.data)
    if isinstance(part, (list, tuple)):
        new = [_replaced(p, swap, copies) for p in part]
        if all(a is b for a, b in zip(new, part, strict=True)):
            return part
        return type(part)(*new) if hasattr(part, "_fields") else type(part)(new)
    if isinstance(part, dict):
        items = {key: _replaced(p, swap, copies) for key, p in part.items()}
        if all(items[key] is p for key, p in part.items()):
            return part
        return type(part)(items)
    return part
