"""Declarations: what a flavour reads from a rule's signature and from ``on=``, and how a primitive becomes callable."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from dualrev.core.bind import bind
from dualrev.core.domains import Domain
from dualrev.core.primitive import _WORDS, Case, Primitive, Refusal, Rule
from dualrev.errors import RegistrationError

__all__ = [
    "Batch",
    "Partial",
    "PartialRule",
    "callable_primitive",
    "declared_name",
    "read_domain",
    "read_rule",
]

Partial = Callable[..., Any] | complex | Refusal | None
Batch = Callable[[Primitive, tuple[bool, ...], tuple[Any, ...], dict[str, Any]], Any]
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class PartialRule(NamedTuple):
    """A partial derivative of an elementwise primitive.

    `value` is a number or a function of the residuals in `keeps`; if `applied`, it is a function of a tangent or
    cotangent ``t`` and the residuals that returns their product.
    """

    value: Any
    keeps: tuple[int, ...]
    applied: bool = False

    def at(self, *kept: Any) -> Any:
        """Return the partial itself."""
        return self.value(1.0, *kept) if self.applied else self.value(*kept)


def read_rule(
    name: str, rule: Callable[..., Any], arguments: tuple[str, ...] | None, skip: int
) -> Rule:
    """Read a rule's signature: which residuals it keeps, and which static parameters it takes."""
    parameters = list(inspect.signature(rule).parameters.values())
    keeps = []
    for p in [p for p in parameters if p.kind in _POSITIONAL][skip:]:
        if arguments is not None and p.name in arguments:
            keeps.append(arguments.index(p.name))
        elif p.name in _WORDS:
            keeps.append(_WORDS[p.name])
        else:
            raise RegistrationError(
                f"{name}: a rule asks for {p.name!r}, which is neither an argument {arguments} nor one of "
                f"{sorted(_WORDS)}; static parameters are keyword-only"
            )
    wanted = frozenset(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)

    if takes_all:
        return Rule(rule, tuple(keeps))

    def call(*values: Any, **params: Any) -> Any:
        return (
            rule(*values, **{k: v for k, v in params.items() if k in wanted})
            if params
            else rule(*values)
        )

    call.__name__ = getattr(rule, "__name__", "rule")
    return Rule(call, tuple(keeps))


def declared_name(fun: Any, name: str | None) -> str:
    return name or fun.__name__


def read_domain(name: str, on: Any, arity: int | None) -> tuple[tuple[Case, ...], bool]:
    """Return the samples and whether any of their domains is singular."""
    if on is None:
        raise RegistrationError(
            f"{name}: on= is missing; it says where the rule holds, and the tests sample it"
        )
    if isinstance(on, Domain):
        on = (on,) * (arity or 1)
    on = tuple(on) if isinstance(on, (tuple, list)) else ()
    if on and all(isinstance(domain, Domain) for domain in on):
        domains = on
        if arity is not None and len(domains) != arity:
            raise RegistrationError(
                f"{name}: on= names {len(domains)} domains for {arity} arguments"
            )
        shapes: list[tuple[tuple[int, ...], ...]] = [((3, 2),) * len(domains), ((),) * len(domains)]
        if len(domains) > 1:
            shapes += [
                ((2, 3),) + ((3,),) * (len(domains) - 1),
                ((1, 3),) + ((2, 1),) * (len(domains) - 1),
            ]

        def maker(shape: tuple[tuple[int, ...], ...]) -> Case:
            return Case(
                lambda rng: tuple(d.draw(rng, s) for d, s in zip(domains, shape, strict=True)), {}
            )

        return tuple(maker(s) for s in shapes), any(d.singular for d in domains)
    if not on or not all(isinstance(c, Case) for c in on):
        raise RegistrationError(
            f"{name}: on= takes domains, one per argument, or a list of case(...)"
        )
    return on, False


def callable_primitive(primitive: Primitive) -> Primitive:
    """Give the primitive its ``call``, of fixed arity where modes may have shortcuts for it."""
    shortcuts = primitive.shortcuts

    def call_any(*arrays: Any, **params: Any) -> Any:
        return bind(primitive, arrays, params)

    def call_one(x: Any, **params: Any) -> Any:
        shortcut = shortcuts.get(type(x))
        return bind(primitive, (x,), params) if shortcut is None else shortcut(x, params)

    def call_two(a: Any, b: Any, **params: Any) -> Any:
        shortcut = shortcuts.get(type(a)) or shortcuts.get(type(b))
        return bind(primitive, (a, b), params) if shortcut is None else shortcut(a, b, params)

    if primitive.flavour == "linear" and primitive.arity == 1:
        primitive.call = call_one
    elif primitive.flavour == "bilinear":
        primitive.call = call_two
    else:
        primitive.call = call_any
    return primitive
