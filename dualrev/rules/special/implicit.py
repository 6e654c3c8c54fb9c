"""Inverse functions y of F(..., y, ...) = p, differentiated by their equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Primitive, Refusal

__all__ = ["implicit"]


def implicit(
    ufunc: Any,
    roles: Sequence[int | None],
    unknown: int,
    partials: Sequence[Callable[..., Any] | Refusal],
    on: Any,
    **more: Any,
) -> Primitive:
    """Declare the ufunc that solves F = p for its argument number `unknown`.

    ``roles[k]`` is the place in F of the ufunc's argument k, None for p; ``partials[i](*arguments of F)`` is ∂F/∂i.
    """

    def arguments(kept: tuple[Any, ...]) -> list[Any]:
        out: list[Any] = [None] * len(partials)
        out[unknown] = kept[-1]
        for value, role in zip(kept, roles, strict=False):
            if role is not None:
                out[role] = value
        return out

    def partial(role: int | None) -> Any:
        bottom, top = partials[unknown], 1.0 if role is None else partials[role]
        for one in (bottom, top):
            if isinstance(one, Refusal):
                return one

        def slope(*kept: Any) -> Any:
            at = arguments(kept)
            return (1.0 if role is None else -top(*at)) / bottom(*at)

        return {
            2: lambda a, b, y: slope(a, b, y),
            3: lambda a, b, c, y: slope(a, b, c, y),
            4: lambda a, b, c, d, y: slope(a, b, c, d, y),
        }[len(roles)]

    return elementwise(ufunc, *map(partial, roles), on=on, analytic=False, **more)
