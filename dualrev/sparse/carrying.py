"""Carrying: what the commonest operations do to the terms of a sparse tangent.

What enters: a level of sparse forward mode, an operation, its operands and its value. What leaves: the terms of its
result. Every other operation is carried by its local Jacobian (`local.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.finite import strong_product
from dualrev.core.primitive import Refusal, Y
from dualrev.core.shapes import lift
from dualrev.modes.forward import promote, residuals, varies
from dualrev.sparse.local import through
from dualrev.sparse.terms import Term, form_of, joined_values, sources

__all__ = ["CARRIED", "entry_by_entry"]

_FLOAT64 = np.dtype(float)
_NUMBERS = (float, int, np.float64)
# Joins of up to so many operands keep the terms of each apart, with nothing elsewhere.
_FEW = 4


def entry_by_entry(
    level: Any, primitive: Any, arrays: Any, active: Any, primals: Any, y: Any
) -> list[Term]:
    """Carry through an operation whose rule multiplies by a partial derivative, entry by entry."""
    terms = []
    target, ndim = y.shape, y.ndim + 1
    # The transpose of an entrywise operation is itself, here in its form without strong zeros.
    rules = primitive.tangents if level.careful else primitive.adjoints
    for k in active:
        rule = rules[k]
        if type(rule) is Refusal:
            raise rule.error(primitive, k)
        call, keeps = rule
        kept = _kept(primitive, keeps, primals, y, k) if keeps else ()
        for term in arrays[k].index:
            where = term.where
            if where.shape[1:] != target:
                where = _spread(level, where, target)
            t = term.values if term.source is None else term.materialised(level.positions)
            if t.ndim != ndim:
                t = lift(t, ndim - 1)
            terms.append(Term(where, call(t, *kept)))
    return terms


def _kept(primitive: Any, keeps: Any, primals: Any, y: Any, k: int) -> list[Any]:
    """Return the residuals of an entrywise rule, none of them less precise than the result."""
    kept = []
    for j in keeps:
        if j >= 0:
            v = primals[j]
        elif j == Y:
            v = y
        else:
            return residuals(keeps, tuple(primals), y, k)
        kind = type(v)
        if not (kind is np.ndarray and v.dtype is _FLOAT64) and kind not in _NUMBERS:
            v = promote(v, y.dtype) if varies(primitive, j, v) else v
        kept.append(v)
    return kept


def _spread(level: Any, where: np.ndarray, target: tuple[int, ...]) -> np.ndarray:
    """Broadcast positions to the shape of a result."""
    level.afford(len(where) * math.prod(target))
    return level.positions.get(  # type: ignore[no-any-return]
        target,
        lambda: np.broadcast_to(lift(where, len(target)), (len(where), *target)),
        where,
    )


def _elementwise(
    level: Any,
    primitive: Any,
    arrays: Any,
    active: Any,
    primals: Any,
    y: Any,
    params: Any,
) -> list[Term]:
    """Carry through any other operation that acts entry by entry."""
    terms = []
    target, ndim = y.shape, y.ndim
    for k in active:
        rule = primitive.tangents[k]
        if type(rule) is Refusal:
            raise rule.error(primitive, k)
        partial = _entrywise(level, primitive, rule, arrays[k].primal, primals, y, k, params)
        for term in arrays[k].index:
            where = term.where
            if where.shape[1:] != target:
                where = _spread(level, where, target)
            if partial is None and term.source is not None and where is term.where:
                # Moved values stay where they are, if the result has the same places.
                terms.append(Term(where, term.values, term.source))
                continue
            t = lift(term.materialised(level.positions), ndim)
            terms.append(Term(where, t if partial is None else strong_product(t, partial)))
    return terms


def _entrywise(
    level: Any,
    primitive: Any,
    rule: Any,
    x: Any,
    primals: Any,
    y: Any,
    k: int,
    params: Any,
) -> Any:
    """Return the partial derivatives of an operation entry by entry; None if all are 1, as of a conversion."""

    def pushed() -> Any:
        kept = residuals(rule.keeps, tuple(primals), y, k)
        partial = np.asarray(rule.call(np.ones(np.shape(x), y.dtype), *kept, **params))
        return np.broadcast_to(partial, y.shape)

    if primitive.flavour != "linear":
        return pushed()
    key = "entrywise", primitive.name, level.positions.frozen(params), np.shape(x), y.dtype
    # In a tuple, as the memo takes None for what is not known.
    return level.positions.get(key, lambda: (_unless_one(pushed()),))[0]


def _unless_one(partial: Any) -> Any:
    return None if (partial == 1).all() else partial


def _movement(
    level: Any,
    primitive: Any,
    arrays: Any,
    active: Any,
    primals: Any,
    y: Any,
    params: Any,
) -> list[Term]:
    """Move positions; values stay where they are until they are needed."""
    known = level.positions
    shapes = tuple([np.shape(p) for p in primals])
    token = known.token(primitive, params, shapes, y.shape)
    if len(active) > _FEW and len(arrays) > 1:

        def moved(blocks: dict[int, Any], lanes: int) -> np.ndarray:
            return _moved(primitive, params, shapes, blocks, lanes)

        return [_paired(level, token, arrays, active, y, moved)]
    terms = []
    for k in active:
        for term in arrays[k].index:
            where, source, uniform = term.where, term.source, term.uniform
            key = token, k, id(where), id(source), uniform
            found = known.recall(key)
            if found is None:
                if len(arrays) > 1:
                    level.afford(len(where) * y.size)
                sides = [where]
                if not uniform:
                    sides.append(known.base(where.shape) if source is None else source)
                made = [_moved(primitive, params, shapes, {k: b}, len(b)) for b in sides]
                found = known.keep(key, (made[0], None if uniform else made[1]), where, source)
            values = term.values
            if uniform:
                # Where nothing comes in there is no position, and the value does not matter.
                if values.ndim != y.ndim + 1:
                    values = values.reshape(len(values), *(1,) * y.ndim)
            elif source is None and values.shape != where.shape:
                values = np.broadcast_to(values, where.shape)
            terms.append(Term(found[0], values, found[1]))
    return terms


def _moved(
    primitive: Any, params: Any, shapes: Any, blocks: dict[int, np.ndarray], lanes: int
) -> np.ndarray:
    """Apply an operation to blocks in place of its operands, with zeros for the others."""
    kind = next(iter(blocks.values())).dtype
    whole = [
        blocks[k] if k in blocks else np.zeros((lanes, *shape), kind)
        for k, shape in enumerate(shapes)
    ]
    return np.asarray(primitive.batch(primitive, (True,) * len(whole), tuple(whole), params))


def _paired(level: Any, token: Any, arrays: Any, active: Any, y: Any, moved: Any) -> Term:
    """Join many operands lane by lane: the values of all, one after the other, and where each comes from."""
    terms = [term for k in active for term in arrays[k].index]
    depth = max(sum([len(t.where) for t in arrays[k].index]) for k in active)
    level.afford(depth * y.size)

    def pair() -> tuple[np.ndarray, ...]:
        def filled(blocks: list[np.ndarray]) -> np.ndarray:
            block = np.concatenate(blocks)
            rest = np.zeros((depth - len(block), *block.shape[1:]), block.dtype)
            return np.concatenate([block, rest])

        both = []
        for side in ([t.where for t in terms], sources(terms)):
            rest = iter(side)
            parts = {k: filled([next(rest) for _ in arrays[k].index]) for k in active}
            both.append(moved(parts, depth))
        return tuple(both)

    form, blocks = form_of(terms)
    counts = tuple([(k, len(arrays[k].index)) for k in active])
    where, source = level.positions.get(("paired", token, counts, form), pair, *blocks)
    return Term(where, joined_values(terms), source)


def _reduction(
    level: Any,
    primitive: Any,
    arrays: Any,
    active: Any,
    primals: Any,
    y: Any,
    params: Any,
) -> list[Term]:
    if len(primals) > 1:
        (terms,) = through(level, primitive, arrays, active, primals, y, params)
        return terms
    known = level.positions
    shape = np.shape(primals[0])
    axes = params.get("axis")
    axes = range(len(shape)) if axes is None else (axes if isinstance(axes, tuple) else (axes,))
    gone = tuple(sorted(k % len(shape) for k in axes))
    kept = tuple(k for k in range(len(shape)) if k not in gone)
    order = (0, *(k + 1 for k in gone), *(k + 1 for k in kept))
    length = math.prod(shape[k] for k in gone)

    def folded(block: np.ndarray) -> np.ndarray:
        return block.transpose(order).reshape(len(block) * length, *y.shape)

    def pushed() -> Any:
        # The transpose of an operation that sends each entry to one place, at ones, is the partial derivatives.
        rule = primitive.adjoints[0]
        kept = residuals(rule.keeps, tuple(primals), y, 0)
        return np.asarray(rule.call(np.ones(y.shape, y.dtype), *kept, **params))

    partial: Any
    if primitive.flavour == "linear":
        own = "sum", primitive.name, known.frozen(params), shape, y.dtype
        partial = known.get(own, lambda: _one_number(pushed()))
    else:
        partial = pushed()
    number = np.ndim(partial) == 0
    terms = []
    for term in arrays[0].index:
        where = known.get((gone, y.shape), lambda w=term.where: folded(w), term.where)
        if term.uniform and number:
            values = term.values.reshape(-1)
            if partial != 1:
                values = strong_product(values, partial)
            values = np.repeat(values, length).reshape(-1, *(1,) * y.ndim)
        else:
            values = term.materialised(known)
            if not number or partial != 1:
                values = strong_product(values, partial)
            if values.shape != term.where.shape:
                values = np.broadcast_to(values, term.where.shape)
            values = folded(values)
        terms.append(Term(where, values))
    return terms


def _one_number(partial: np.ndarray) -> Any:
    """Return one number if all are the same."""
    first = partial.flat[0] if partial.size else partial.dtype.type(1)
    return first if (partial == first).all() else partial


CARRIED: dict[str, Callable[..., list[Term]]] = {
    "elementwise": _elementwise,
    "movement": _movement,
    "reduction": _reduction,
}
