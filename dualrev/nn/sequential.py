"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dualrev.errors import InputError, describe
from dualrev.nn.module import Module

__all__ = ["Sequential"]


class Function(Module):
    """A function as a layer."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f

    def forward(self, *args: Any) -> Any:
        return self.f(*args)

    def extra_repr(self) -> str:
        return getattr(self.f, "__name__", repr(self.f))


class Sequential(Module):
    """Modules and functions, each called on what the one before returned.

    Parameters
    ----------
    *layers : Module or callable
        Named ``"0"``, ``"1"``, ...; or one mapping of names to layers, as in PyTorch.
    **named : Module or callable
        Further layers with names.

    Raises
    ------
    InputError
        If a layer cannot be called.

    Notes
    -----
    Layers are found by position, slice (which gives a `Sequential` that shares them) or name; ``len`` and iteration
    work. A layer that appears twice shares its parameters.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> net = nn.Sequential(nn.Linear(2, 8, rng=0), np.tanh, nn.Linear(8, 1, rng=1))
    >>> net(np.ones((5, 2))).shape
    (5, 1)
    >>> list(net.weights())
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    _names: tuple[Any, ...]

    def __init__(self, *layers: Any, **named: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            items = dict(layers[0])
        else:
            items = {str(k): layer for k, layer in enumerate(layers)}
        items.update(named)
        self._names = ()
        for name, layer in items.items():
            self._add(name, layer)

    def _add(self, name: Any, layer: Any) -> None:
        if not callable(layer) or isinstance(layer, type):
            hint = ": make an instance of it" if isinstance(layer, type) else ""
            what = layer.__name__ if isinstance(layer, type) else describe(layer)
            raise InputError(f"Sequential: layer {name!r} is {what}, no module or function{hint}")
        if not isinstance(name, str) or "." in name or hasattr(Module, name) or name in vars(self):
            raise InputError(f"Sequential: {name!r} cannot be the name of a layer")
        setattr(self, name, layer if isinstance(layer, Module) else Function(layer))
        self._names = (*self._names, name)

    def append(self, layer: Any) -> Sequential:
        """Add a layer at the end, named by its position, and return the whole."""
        self._add(str(len(self)), layer)
        return self

    def forward(self, *args: Any) -> Any:
        """Call the first layer on the arguments, and each further one on the result."""
        for k, layer in enumerate(self):
            args = (layer(*args) if k == 0 else layer(args[0]),)
        if len(args) != 1:
            raise InputError("Sequential: without layers it takes one argument")
        return args[0]

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Any]:
        return (vars(self)[name] for name in self._names)

    def __getitem__(self, index: int | slice | str) -> Any:
        if isinstance(index, slice):
            return Sequential({name: vars(self)[name] for name in self._names[index]})
        return vars(self)[self._name(index)]

    def __setitem__(self, index: int | str, layer: Any) -> None:
        if not callable(layer):
            raise InputError(f"Sequential: {describe(layer)} is no module or function")
        setattr(self, self._name(index), layer if isinstance(layer, Module) else Function(layer))

    def _name(self, index: Any) -> Any:
        if isinstance(index, str):
            if index not in self._names:
                raise KeyError(
                    f"Sequential has no layer {index!r}; it has {', '.join(self._names)}"
                )
            return index
        try:
            return self._names[index]
        except IndexError:
            raise IndexError(f"Sequential has {len(self)} layers, and none at {index}") from None
