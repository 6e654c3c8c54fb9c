"""Lifting: give the residuals of a node their place on the tape again, so that a sweep over them is itself recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualrev.core.primitive import Y
from dualrev.modes.places import Place
from dualrev.modes.sweep import Part, pull, pull_custom

if TYPE_CHECKING:
    from dualrev.modes.live import LiveTape

__all__ = ["lifted"]


def lifted(place: Place, tape: LiveTape) -> tuple[Any, Any, Any]:
    """Return the node of a place with variables of `tape` where it kept their primals.

    A node keeps plain numbers: to a first sweep its partials are constants. They do depend on the operands, and which
    residual is which operand is written in the rule. Rules written by the user for all arguments together are run
    again on variables, since what they keep is their own.
    """
    adjoint, parents, kept = place.node
    if adjoint is pull:
        primitive, entries, params = kept
        return pull, parents, (primitive, [_entry(e, place, tape) for e in entries], params)
    if adjoint is pull_custom:
        primitive, primals, operands = place.operands
        again = [
            tape.wrap(primal, own) if type(own) is Place else primal
            for primal, own in zip(primals, operands, strict=True)
        ]
        return pull_custom, parents, (primitive.vjp(tuple(again))[1], kept[1])
    names = getattr(adjoint, "kept", ())
    if not names:
        return place.node  # type: ignore[no-any-return]
    values = kept if len(names) > 1 else (kept,)
    new = tuple(_named(n, v, place, tape) for n, v in zip(names, values, strict=True))
    return adjoint, parents, new if len(names) > 1 else new[0]


def _named(name: str, value: Any, place: Place, tape: LiveTape) -> Any:
    """Lift what a shortcut kept, which is known by its name."""
    if name == "y":
        return tape.wrap(value, place)
    arguments = place.node[0].primitive.arguments
    own = place.operands[arguments.index(name)] if name in arguments else None
    return tape.wrap(value, own) if type(own) is Place else value


def _entry(entry: Any, place: Place, tape: LiveTape) -> Any:
    k, rule, values, shape, real = entry
    new = []
    for j, value in zip(rule.keeps, values, strict=True):
        if j == Y:
            new.append(_output(value, place, tape))
        elif j >= 0 and type(place.operands[j]) is Place:
            new.append(tape.wrap(value, place.operands[j]))
        else:
            new.append(value)
    return k, rule, new, shape, real


def _output(y: Any, place: Place, tape: LiveTape) -> Any:
    if not isinstance(y, tuple):
        return tape.wrap(y, place)
    shapes = tuple(part.shape for part in y)
    out = []
    for k, part in enumerate(y):
        # One place per output at any time: the sweep collects each output's cotangent once.
        index: Any = place.parts[k]()
        if index is None:
            index = next(tape.counter)
            tape.append((index, None, Part(place, k, shapes), None))  # type: ignore[arg-type]
        out.append(tape.wrap(part, index))
    return tuple(out)
