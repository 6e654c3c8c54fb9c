"""What stands in for the distributions of scipy.stats: SciPy's own on plain arguments, our formulas on traced ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from dualrev.core.array import value
from dualrev.core.buffer import any_traced, plain
from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.distributions.family import FAMILIES, Family
from dualrev.rules.distributions.standard import METHODS, answer, methods
from dualrev.rules.distributions.vectors import VECTORS

__all__ = ["Distribution", "Frozen"]


_OWN = {
    "original",
    "family",
    "dotted",
    "methods",
    "distribution",
    "args",
    "kwds",
    "traced",
    "__doc__",
}


class Distribution:
    """A distribution of scipy.stats whose methods take traced arguments; all else is the original's."""

    def __init__(self, original: Any, name: str, family: Family | None) -> None:
        self.original = original
        self.family = family
        self.dotted = name
        self.__doc__ = original.__doc__

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self.original)

    def __getattr__(self, name: str) -> Any:
        if name == "original":  # asked for before it is there, as by copy
            raise AttributeError(name)
        return getattr(self.original, name)

    def __setattr__(self, name: str, to: Any) -> None:
        # SciPy's own attributes, such as random_state, are set where its methods look for them.
        if name in _OWN:
            object.__setattr__(self, name, to)
        else:
            setattr(self.original, name, to)

    def __repr__(self) -> str:
        return f"<{self.dotted} with derivatives>"

    def __reduce__(self) -> Any:
        return _named, (self.dotted,)

    def __dir__(self) -> list[str]:
        return dir(self.original)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Freeze: hold parameters."""
        if not self.rules() and any_traced(args, kwargs):
            raise self._unknown()
        return Frozen(self, args, kwargs)

    freeze = __call__

    def rules(self) -> bool:
        """Say whether any method has derivatives."""
        return self.family is not None

    def _unknown(self, method: str = "") -> UnsupportedError:
        return UnsupportedError(
            self.dotted + method,
            "the distribution has no rules",
            "write its density with NumPy and dualrev.scipy.special",
        )

    def answer(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer a method with a traced argument."""
        if self.family is None:
            raise self._unknown(f".{method}")
        names = self.original.shapes
        shapes = tuple(names.replace(" ", "").split(",")) if names else ()
        return answer(self.family, shapes, method, args, kwargs)


def _in_lanes(x: Any) -> bool:
    return np.ndim(value(x)) != np.ndim(x)


class Frozen:
    """A distribution with parameters; what is not written here is that of SciPy's frozen distribution."""

    def __init__(self, dist: Distribution, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.distribution = dist
        self.args = args
        self.kwds = kwargs
        self.traced = any_traced(args, kwargs)
        self.original: Any = None
        if not self.traced:
            self.original = dist.original(*plain(args), **plain(kwargs))
        elif not any(map(_in_lanes, (*args, *kwargs.values()))):
            fixed = {name: value(v) for name, v in kwargs.items()}
            self.original = dist.original(*map(value, args), **fixed)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return Frozen if self.original is None else type(self.original)

    def __getattr__(self, name: str) -> Any:
        if name == "original":
            raise AttributeError(name)
        if self.traced and not name.startswith("__"):
            raise UnsupportedError(
                f"{self.distribution.dotted}(...).{name}",
                "the distribution has traced parameters",
                "its methods that the coverage table names",
            )
        return getattr(self.original, name)

    def __setattr__(self, name: str, to: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, to)
        else:
            setattr(self.original, name, to)

    def __repr__(self) -> str:
        return f"<frozen {self.distribution.dotted} with derivatives>"

    def __reduce__(self) -> Any:
        return Frozen, (self.distribution, self.args, self.kwds)

    def __dir__(self) -> list[str]:
        return dir(self.original)


class Vectors(Distribution):
    """A distribution of vectors or matrices."""

    def __init__(self, original: Any, name: str, methods: dict[str, Callable[..., Any]]) -> None:
        super().__init__(original, name, None)
        self.methods = methods

    def rules(self) -> bool:
        """Say whether any method has derivatives."""
        return bool(self.methods)

    def answer(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer a method with a traced argument."""
        if method not in self.methods:
            raise UnsupportedError(
                f"{self.dotted}.{method}",
                "it has no rule",
                f"{', '.join(self.methods)} of the same distribution",
            )
        return self.methods[method](*args, **kwargs)


def _method(name: str) -> Any:
    def of_distribution(self: Distribution, *args: Any, **kwargs: Any) -> Any:
        if any_traced(args, kwargs):
            return self.answer(name, args, kwargs)
        return getattr(self.original, name)(*plain(args), **plain(kwargs))

    def of_frozen(self: Frozen, *args: Any, **kwargs: Any) -> Any:
        if self.traced or any_traced(args, kwargs):
            return self.distribution.answer(name, (*args, *self.args), {**self.kwds, **kwargs})
        return getattr(self.original, name)(*plain(args), **plain(kwargs))

    for function in (of_distribution, of_frozen):
        function.__name__ = function.__qualname__ = name
        function.__doc__ = f"Answer ``{name}`` of SciPy's distributions."
    return of_distribution, of_frozen


for _name in METHODS:
    _own, _frozen = _method(_name)
    setattr(Distribution, _name, _own)
    setattr(Frozen, _name, _frozen)


def _named(dotted: str) -> Distribution:
    return _DISTRIBUTIONS[dotted]


_DISTRIBUTIONS: dict[str, Distribution] = {}
_NO_FORM = "no closed form of its own here"
# The base of SciPy's distributions of vectors has no public name.
_KINDS_OF_VECTORS = type(scipy.stats.multivariate_normal).__mro__[1]


def _shown(own: Any) -> Any:
    own.__signature__ = inspect.signature(own.original)
    return own


def _replace() -> None:
    """Put a stand-in in place of every distribution of scipy.stats."""
    for name in sorted(vars(scipy.stats)):
        original = getattr(scipy.stats, name)
        if not isinstance(original, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
            continue
        family = FAMILIES.get(name)
        dotted = f"scipy.stats.{name}"
        own = _DISTRIBUTIONS[dotted] = Distribution(original, dotted, family)
        if family is None:
            note = _NO_FORM
        else:
            note = methods(family) + (f"; {family.note}" if family.note else "")
        kind = "unsupported" if family is None else "composite"
        replaces(original, kind=kind, note=note, name=dotted)(_shown(own))
    for name in sorted(vars(scipy.stats)):
        original = getattr(scipy.stats, name)
        if not isinstance(original, _KINDS_OF_VECTORS):
            continue
        dotted = f"scipy.stats.{name}"
        rules = VECTORS.get(name, {})
        vectors = _DISTRIBUTIONS[dotted] = Vectors(original, dotted, rules)
        kind = "composite" if rules else "unsupported"
        replaces(original, kind=kind, note=", ".join(rules) or _NO_FORM, name=dotted)(
            _shown(vectors)
        )


_replace()
