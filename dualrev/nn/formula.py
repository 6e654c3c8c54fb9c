"""Formula: a function with its options fixed, as a module."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from dualrev.errors import InputError
from dualrev.nn.module import Module

__all__ = ["Formula"]


class Formula(Module):
    """The base of modules without parameters: ``class Tanh(Formula, function=tanh)``.

    The keyword-only parameters of the function are the options of the class, also by position, in the same order and
    with the same defaults.
    """

    function: ClassVar[Callable[..., Any]]
    _defaults: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, function: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if function is None:
            return
        cls.function = staticmethod(function)
        options = [
            p.replace(kind=p.POSITIONAL_OR_KEYWORD)
            for p in inspect.signature(function).parameters.values()
            if p.kind is p.KEYWORD_ONLY
        ]
        cls._defaults = {p.name: p.default for p in options}
        cls.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]

    def __init__(self, *args: Any, **options: Any) -> None:
        names = list(self._defaults)
        wrong = [name for name in options if name not in names or name in names[: len(args)]]
        if len(args) > len(names) or wrong:
            raise InputError(
                f"{type(self).__name__}: the options are "
                f"({', '.join(f'{k}={v!r}' for k, v in self._defaults.items())}), and not "
                + (", ".join(wrong) if wrong else f"{len(args)} values")
            )
        self.options = {**self._defaults, **dict(zip(names, args, strict=False)), **options}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the function of the arguments."""
        return type(self).function(*args, **kwargs, **self.options)

    def extra_repr(self) -> str:
        """Return the options that are not the defaults."""
        return ", ".join(
            f"{name}={_short(new)}"
            for name, new in self.options.items()
            if isinstance(new, np.ndarray) or new != self._defaults[name]
        )


def _short(option: Any) -> str:
    return f"<array of shape {option.shape}>" if isinstance(option, np.ndarray) else repr(option)
