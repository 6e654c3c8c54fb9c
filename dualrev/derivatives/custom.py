"""Rules that users attach to NumPy code: custom_jvp and custom_vjp, with containers and keywords (see `joint.py`)."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.bind import operand
from dualrev.derivatives.containers import flatten, output_leaf
from dualrev.derivatives.joint import CustomRule
from dualrev.derivatives.transform import check_callable
from dualrev.errors import EscapeError, OutputError, describe

__all__ = ["WithRule", "custom_jvp", "custom_vjp"]


def _find(module: str, name: str) -> Any:
    return functools.reduce(
        getattr, name.split("."), sys.modules.get(module) or importlib.import_module(module)
    )


def _restore(cls: type, state: dict[str, Any]) -> Any:
    made: Any = object.__new__(cls)
    made.__dict__.update(state)
    return made


def _any_traced(leaves: list[Any]) -> bool:
    return any(isinstance(x, Traced) for x in leaves)


def checked(name: str, what: str, leaves: list[Any], like: Any) -> list[Any]:
    """Check a rule's result leaf by leaf against what it belongs to."""
    if len(leaves) != len(like):
        raise OutputError(
            f"{name}: the rule returned {len(leaves)} {what}s where {len(like)} are needed"
        )
    out = []
    for k, (leaf, x) in enumerate(zip(leaves, like, strict=True)):
        if leaf is None:
            out.append(np.zeros(np.shape(x))[()])
            continue
        found = output_leaf(leaf, name)
        if np.shape(found) != np.shape(x):
            raise OutputError(
                f"{name}: the rule returned a {what} of shape {np.shape(found)} for number {k}, "
                f"which has shape {np.shape(x)}"
            )
        out.append(found)
    return out


class WithRule:
    """A function, its attached rule, and the plumbing of containers."""

    def __init__(self, f: Callable[..., Any]) -> None:
        check_callable(self.kind, f)
        self.f = f
        self.__name__ = getattr(f, "__name__", "f")
        self.__doc__ = f.__doc__
        self.__wrapped__ = f

    kind = ""

    def __repr__(self) -> str:
        return f"<dualrev.{self.kind} of {self.__name__}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> Any:
        # A decorated function is found by name, as a function is; anything else travels by its parts.
        holder: Any = sys.modules.get(getattr(self.f, "__module__", None) or "")
        name = getattr(self.f, "__qualname__", "")
        if (
            "<" not in name
            and functools.reduce(lambda o, k: getattr(o, k, None), name.split("."), holder) is self
        ):
            return _find, (self.f.__module__, name)
        return _restore, (type(self), self.__dict__)

    def _by_position(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Move traced keyword arguments to their positions, where the rule sees them."""
        if not any(isinstance(leaf, Traced) for leaf in flatten(kwargs)[0]):
            return args, kwargs
        bound = inspect.signature(self.f).bind(*args, **kwargs)
        bound.apply_defaults()
        for leaf in flatten(bound.kwargs)[0]:
            if isinstance(leaf, Traced):
                raise EscapeError(
                    f"{self.kind}: a traced keyword-only argument of {self.__name__}, which its rule does not see,",
                    "make it a positional argument of the function",
                )
        return bound.args, bound.kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args, kwargs = self._by_position(args, kwargs)
        leaves, rebuild = flatten(args)
        leaves = [operand(x) if isinstance(x, (np.ndarray, Traced)) else x for x in leaves]
        if not _any_traced(leaves):
            return self.f(*args, **kwargs)
        numeric = [
            k
            for k, x in enumerate(leaves)
            if isinstance(x, (np.ndarray, np.generic, float, complex, Traced))
        ]
        out: dict[str, Any] = {}

        def full(values: Any) -> tuple[Any, ...]:
            whole = list(leaves)
            for k, v in zip(numeric, values, strict=True):
                whole[k] = v
            return rebuild(whole)  # type: ignore[no-any-return]

        def fun(*values: Any) -> tuple[Any, ...]:
            y, out["rebuild"] = flatten(self.f(*full(values), **kwargs))
            return tuple(output_leaf(v, self.__name__) for v in y)

        rule = self._rule(full, fun, kwargs, out)
        ys = rule.call(*(leaves[k] for k in numeric))
        return out["rebuild"](list(ys))

    def _rule(self, full: Any, fun: Any, kwargs: Any, out: dict[str, Any]) -> CustomRule:
        raise TypeError(f"{type(self).__name__} defines _rule")


class custom_jvp(WithRule):
    """Give a function a tangent rule of its own.

    Parameters
    ----------
    f : callable
        Plain NumPy code; positional arguments may be containers.

    Raises
    ------
    OutputError
        If the rule's result does not have the output's shape.
    EscapeError
        If `f` closes over a traced value, or gets one by keyword.

    Notes
    -----
    ``f.defjvp(rule)`` with ``rule(primals, tangents) -> (y, t)``, which must be linear in the tangents. The adjoint is
    the transpose of the rule; written in NumPy, the rule is itself differentiated for higher orders. Can be used
    as a decorator.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> @dr.custom_jvp
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return log1pexp(x), t / (1 + np.exp(-x))
    >>> float(dr.grad(log1pexp)(100.0))
    1.0
    """

    kind = "custom_jvp"
    _jvp_rule: Callable[..., Any] | None = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Attach ``rule(primals, tangents) -> (y, t)``; returns the rule."""
        check_callable("defjvp", rule)
        self._jvp_rule = rule
        return rule

    def _rule(self, full: Any, fun: Any, kwargs: Any, out: dict[str, Any]) -> CustomRule:
        rule = self._jvp_rule
        if rule is None:
            raise TypeError(
                f"custom_jvp: {self.__name__} has no rule yet; attach one with {self.__name__}.defjvp(rule)"
            )

        def jvp(primals: Any, tangents: Any) -> tuple[Any, Any]:
            result = rule(full(primals), full(tangents), **kwargs)
            if not isinstance(result, tuple) or len(result) != 2:
                raise OutputError(
                    f"custom_jvp: the rule of {self.__name__} must return (y, t), not {describe(result)}"
                )
            ys, out["rebuild"] = flatten(result[0])
            ys = [output_leaf(y, self.__name__) for y in ys]
            return tuple(ys), tuple(checked(self.__name__, "tangent", flatten(result[1])[0], ys))

        return CustomRule(self.__name__, fun, jvp=jvp)


class custom_vjp(WithRule):
    """Give a function a pullback of its own.

    Parameters
    ----------
    f : callable
        Plain NumPy code; positional arguments may be containers.

    Raises
    ------
    OutputError
        If the rule returns the wrong number or shape of cotangents.
    EscapeError
        If `f` closes over a traced value, or gets one by keyword.

    Notes
    -----
    ``f.defvjp(fwd, bwd)`` with ``fwd(*args) -> (y, residuals)`` and ``bwd(residuals, ct) -> cotangents``, one per
    argument (None for zero). Cotangents follow the convention of `vjp`, Re(conj(a)·b). Forward mode uses the transpose
    of `bwd`, and higher orders differentiate `fwd` and `bwd`, so both modes and Hessians work.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> @dr.custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda residuals, ct: (np.clip(ct, -1.0, 1.0),))
    >>> float(dr.grad(lambda x: 5.0 * clipped(x))(2.0))
    1.0
    """

    kind = "custom_vjp"
    _rules: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Attach the two halves of the rule."""
        check_callable("defvjp", fwd)
        check_callable("defvjp", bwd)
        self._rules = (fwd, bwd)

    def _rule(self, full: Any, fun: Any, kwargs: Any, out: dict[str, Any]) -> CustomRule:
        rules = self._rules
        if rules is None:
            raise TypeError(
                f"custom_vjp: {self.__name__} has no rule yet; attach one with {self.__name__}.defvjp(fwd, bwd)"
            )
        forward, backward = rules

        def vjp(primals: Any) -> tuple[Any, Any]:
            args = full(primals)
            result = forward(*args, **kwargs)
            if not isinstance(result, tuple) or len(result) != 2:
                raise OutputError(
                    f"custom_vjp: fwd of {self.__name__} must return (y, residuals), not {describe(result)}"
                )
            leaves, rebuild = flatten(result[0])
            out["rebuild"] = rebuild
            ys = [output_leaf(y, self.__name__) for y in leaves]

            def pull(cts: Any) -> list[Any]:
                got = backward(result[1], rebuild([np.conj(c) for c in cts]))
                if not isinstance(got, (tuple, list)) or len(got) != len(args):
                    raise OutputError(
                        f"custom_vjp: bwd of {self.__name__} must return a tuple of {len(args)} cotangents, one per "
                        f"argument (None for zero), not {describe(got)}"
                    )
                found: list[Any] = []
                for g, a in zip(got, args, strict=True):
                    own = flatten(a)[0]
                    found += [None] * len(own) if g is None else flatten(g)[0]
                every = flatten(args)[0]
                kept = [g for g, a in zip(found, every, strict=True) if _is_numeric(a)]
                return [np.conj(g) for g in checked(self.__name__, "cotangent", kept, primals)]

            return tuple(ys), pull

        return CustomRule(self.__name__, fun, vjp=vjp)


def _is_numeric(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic, float, complex, Traced))
