"""Flow: how dependence passes through an operation, from the fact that its primitive states.

What enters: a primitive and the blocks of its operands (`relations.py`). What leaves: the blocks of its result. The
fact is `Primitive.pattern`; nothing here names an operation.
"""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.dependence import Entries, check_size, running
from dualrev.core.shapes import negative_axes
from dualrev.errors import PatternError
from dualrev.sparse.relations import (
    Block,
    Ragged,
    broadcast,
    compose,
    fold,
    gather,
    move,
    ragged,
    settle,
)

__all__ = ["flow"]

Blocks = list[Block]

# Lanes may be filled up to this many entries before rows of different length are kept apart.
_ROOM = 2**16


def flow(
    primitive: Any, given: list[Blocks | None], primals: Any, y: Any, params: dict[str, Any]
) -> Any:
    """Return the blocks of the result, a tuple of them for several results.

    `given` has the blocks of each operand, None where it is a constant.
    """
    fact: Any = primitive.pattern
    if fact == "elementwise" and type(y) is np.float64:
        # Codes that loop over numbers: the union and no more.
        parts = {id(block): block for blocks in given if blocks is not None for block in blocks}
        return settle(list(parts.values()), ())
    if callable(fact):
        if primitive.flavour == "bilinear":
            # Zeros count in a constant, not in what is followed.
            stated = tuple(
                x if blocks is None else np.ones(np.shape(x))
                for x, blocks in zip(primals, given, strict=True)
            )
        else:
            stated = primals
        fact = fact(stated, y, **params)
    if not isinstance(y, tuple):
        return _stated(fact, primitive, given, primals, y, params)
    if isinstance(fact, str):
        terms, _, out = fact.partition("->")
        fact = [f"{terms}->{o}" for o in out.split(",")] if "," in out else [fact] * len(y)
    return tuple(
        _stated(said, primitive, given, primals, part, params)
        for said, part in zip(fact, y, strict=True)
    )


def _stated(
    fact: Any, primitive: Any, given: Any, primals: Any, y: Any, params: dict[str, Any]
) -> Blocks:
    """Follow what is said of one result."""
    if not np.size(y):
        return []
    if not isinstance(fact, str):
        return _local(fact, given, primals, y)
    if "->" in fact:
        return _labelled(fact, given, primals, y, primitive.flavour == "bilinear")
    followed: Blocks = _FLOWS[fact](primitive, given, primals, y, params)
    return followed


def _united(parts: list[Blocks], shape: tuple[int, ...]) -> Blocks:
    return settle([block for blocks in parts for block in blocks], shape)


def _shapes(given: list[Blocks | None], primals: Any) -> Any:
    """Yield the blocks of each operand that has some, with its shape."""
    for blocks, x in zip(given, primals, strict=True):
        if blocks is not None:
            yield blocks, np.shape(x)


def _elementwise(primitive: Any, given: Any, primals: Any, y: Any, params: Any) -> Blocks:
    target = np.shape(y)
    parts = []
    for k, blocks in enumerate(given):
        if blocks is None:
            continue
        spread = broadcast(blocks, np.shape(primals[k]), target)
        dead = _dead(primitive, k, given, primals, y, params)
        parts.append(spread if dead is None else _without(spread, target, dead))
    return _united(parts, target)


def _dead(primitive: Any, k: int, given: Any, primals: Any, y: Any, params: Any) -> Any:
    """Say where the partial derivative is a constant zero, as in a product with a matrix that has zeros."""
    if primitive.flavour != "elementwise":
        return None
    rule = primitive.tangents[k]
    others = rule.keeps
    if not others or any(j < 0 or j == k for j in others):
        return None
    kept = [primals[j] for j in others]
    if any(type(x) is not np.ndarray or x.dtype.kind not in "fc" for x in kept):
        return None
    partial = np.broadcast_to(rule.call(np.ones((), dtype_of(y)), *kept, **params), np.shape(y))
    dead = partial == 0
    # A factor that is zero everywhere is no structure, but a switch that is off: a branch for a number decides so.
    if not dead.any() or dead.all():
        return None
    for j in others:
        if given[j] is not None:
            dead = dead & ~_lively(
                broadcast(given[j], np.shape(primals[j]), np.shape(y)), np.shape(y)
            )
    return dead if dead.any() else None


def _lively(blocks: Blocks, shape: tuple[int, ...]) -> Any:
    """Say which entries depend on anything."""
    alive = np.zeros(shape, bool)
    for block in blocks:
        if isinstance(block, np.ndarray):
            alive |= (block > 0).any(axis=0)
        else:
            alive.reshape(-1)[block.rows] = True
    return alive


def _without(blocks: Blocks, shape: tuple[int, ...], dead: Any) -> Blocks:
    """Take their dependence from some entries."""
    return move(blocks, shape, lambda b: np.where(dead, b.dtype.type(0), b))


def _dense(given: Any, primals: Any, y: Any) -> Blocks:
    target = np.shape(y)
    return _united(
        [
            broadcast(fold(blocks, shape, tuple(range(len(shape)))), (), target)
            for blocks, shape in _shapes(given, primals)
        ],
        target,
    )


def _reduction(primitive: Any, given: Any, primals: Any, y: Any, params: Any) -> Blocks:
    whole = np.broadcast_shapes(*(np.shape(x) for x in primals))
    axes = params.get("axis")
    gone = tuple(sorted(k + len(whole) for k in negative_axes(axes, len(whole))))
    rest = tuple(n for k, n in enumerate(whole) if k not in gone)
    target = np.shape(y)
    parts = [
        fold(broadcast(blocks, shape, whole), whole, gone)
        for blocks, shape in _shapes(given, primals)
    ]
    return [
        block.reshape(len(block), *target) if isinstance(block, np.ndarray) else block
        for block in _united(parts, rest)
    ]


def _lines(primitive: Any, given: Any, primals: Any, y: Any, params: Any) -> Blocks:
    target = np.shape(y)
    parts = []
    for blocks, shape in _shapes(given, primals):
        gone = tuple(sorted(k + len(shape) for k in negative_axes(params.get("axis"), len(shape))))
        thin = tuple(1 if k in gone else n for k, n in enumerate(shape))
        folded = fold(blocks, shape, gone)
        upright = [b.reshape(len(b), *thin) if isinstance(b, np.ndarray) else b for b in folded]
        parts.append(broadcast(upright, thin, target))
    return _united(parts, target)


def _movement(primitive: Any, given: Any, primals: Any, y: Any, params: Any) -> Blocks:
    """Apply the operation to the positions, as its batching rule does to lanes."""
    if len(given) == 1:
        alone = move(
            given[0], np.shape(primals[0]), lambda b: _applied(primitive, (b,), params, np.shape(y))
        )
        return settle(alone, np.shape(y))
    shapes = [np.shape(x) for x in primals]
    target, sizes = np.shape(y), [math.prod(shape) for shape in shapes]
    lanes = [_lanes(blocks or []) for blocks in given]
    limit = 4 * sum(k * n for k, n in zip(lanes, sizes, strict=True)) + _ROOM
    # Rows that are much longer than most are kept apart.
    deep = max((k for k in lanes if k * math.prod(target) <= limit), default=0)
    even: list[Blocks] = [[] for _ in given]
    pairs: list[Ragged] = []
    starts = np.cumsum([0, *sizes])
    for k, blocks in enumerate(given):
        for block in blocks or ():
            if isinstance(block, np.ndarray) and lanes[k] <= deep:
                even[k].append(block)
            else:
                own = ragged(block, shapes[k])
                pairs.append(Ragged(own.rows + starts[k], own.columns))
    moved: Blocks = []
    if deep:
        filled = [_deepened(b, s, deep) for b, s in zip(even, shapes, strict=True)]
        kind = np.result_type(*filled)
        filled = [f.astype(kind, copy=False) for f in filled]
        moved.append(_applied(primitive, tuple(filled), params, target))
    if pairs:
        # All operands below each other, and a choice of rows.
        numbers = tuple(
            np.arange(start + 1, start + size + 1).reshape(1, *shape)
            for shape, size, start in zip(shapes, sizes, starts[:-1], strict=True)
        )
        chosen = _applied(primitive, numbers, params, target)
        tall = Ragged(
            np.concatenate([p.rows for p in pairs]), np.concatenate([p.columns for p in pairs])
        )
        moved.append(gather(tall, chosen))
    return settle(moved, target)


def _applied(
    primitive: Any, blocks: tuple[Any, ...], params: dict[str, Any], target: tuple[int, ...]
) -> np.ndarray:
    """Apply an operation to positions."""
    moved = np.asarray(primitive.batch(primitive, (True,) * len(blocks), blocks, params))
    if moved.dtype.kind not in "iu" or moved.shape[1:] != target:
        raise PatternError(
            f'{primitive.name} is declared with pattern="movement", but computes with its entries',
            "leave pattern= out, or say what depends on what",
        )
    return moved


def _lanes(blocks: Blocks) -> int:
    return sum(len(b) for b in blocks if isinstance(b, np.ndarray))


def _deepened(blocks: Blocks, shape: tuple[int, ...], lanes: int) -> Any:
    """Return blocks as one with a given number of lanes."""
    have = _lanes(blocks)
    if len(blocks) == 1 and have == lanes:
        return blocks[0]
    fill = np.zeros((lanes - have, *shape), np.int32 if not blocks else blocks[0].dtype)
    return np.concatenate([*blocks, fill])


def _local(facts: Any, given: Any, primals: Any, y: Any) -> Blocks:
    """Compose with what a rule says itself: per operand positions, `Entries`, or None for no dependence."""
    target = np.shape(y)
    parts = [
        compose(fact() if callable(fact) else fact, blocks, np.shape(x), target)
        for fact, blocks, x in zip(facts, given, primals, strict=True)
        if blocks is not None and fact is not None
    ]
    return _united(parts, target)


def _labelled(fact: str, given: Any, primals: Any, y: Any, bilinear: bool = False) -> Blocks:
    """Follow labelled axes: what the result lacks is summed over, what both have goes entry by entry."""
    terms, out = fact.split("->")
    target = np.shape(y)
    named = terms.split(",")
    letters = [
        [] if term == "-" else _expanded(term, np.ndim(x))
        for term, x in zip(named, primals, strict=True)
    ]
    wanted = _expanded(out, len(target))
    parts = []
    for k, blocks in enumerate(given):
        if blocks is None or named[k] == "-":
            continue
        labels, shape = letters[k], np.shape(primals[k])
        if bilinear and given[1 - k] is None:
            local = _by_constant(letters[1 - k], primals[1 - k], labels, shape, wanted, target)
            if local is not None:
                parts.append(compose(local, blocks, shape, target))
                continue
        parts.append(_along(blocks, labels, shape, wanted, target))
    return _united(parts, target)


def _along(blocks: Blocks, labels: list[str], shape: Any, wanted: list[str], target: Any) -> Blocks:
    """Sum over the axes that the result lacks, and bring the others into its order."""
    if len(set(labels)) < len(labels):
        blocks, labels, shape = _diagonal(blocks, labels, shape)
    gone = tuple(a for a, c in enumerate(labels) if c not in wanted)
    rest = tuple(n for a, n in enumerate(shape) if a not in gone)
    left = [c for c in labels if c in wanted]
    axes = (0, *(a + 1 for a in sorted(range(len(left)), key=lambda a: wanted.index(left[a]))))
    sizes = dict(zip(left, rest, strict=True))
    full = tuple(sizes.get(c, 1) for c in wanted)
    folded = fold(blocks, shape, gone)
    moved = move(folded, rest, lambda b: b.transpose(axes).reshape(len(b), *full))
    return broadcast(moved, full, target)


def _expanded(term: str, ndim: int) -> list[str]:
    """Return one label per axis; the dots stand for capital letters counted from the end."""
    named = term.replace("...", "")
    extra = ndim - len(named)
    at = term.find("...")
    dots = [string.ascii_uppercase[k] for k in reversed(range(extra))]
    return [*named] if at < 0 else [*named[:at], *dots, *named[at:]]


def _diagonal(blocks: Blocks, labels: list[str], shape: tuple[int, ...]) -> Any:
    once = list(dict.fromkeys(labels))
    taken = tuple(shape[labels.index(c)] for c in once)
    subscripts = f"...{''.join(labels)}->...{''.join(once)}"
    return move(blocks, shape, lambda b: np.einsum(subscripts, b)), once, taken


def _by_constant(
    fixed: list[str], constant: Any, labels: list[str], shape: Any, wanted: list[str], target: Any
) -> Any:
    """Return the relation through a product with a constant that has zeros, or None."""
    if isinstance(constant, Traced) or np.ndim(constant) == 0:
        return None
    nonzero = np.asarray(constant) != 0
    # What is zero everywhere says nothing, and a mask is another one at another point.
    if not nonzero.any() or np.asarray(constant).dtype.kind == "b":
        return None
    if nonzero.all() or len(set(fixed)) < len(fixed) or len(set(labels)) < len(labels):
        return None
    sizes = dict(zip(labels, shape, strict=True))
    known = dict(zip(fixed, nonzero.shape, strict=True))
    if any(sizes[c] != known[c] for c in sizes if c in known):
        return None
    places = dict(zip(fixed, np.nonzero(nonzero), strict=True))
    free = [c for c in labels if c not in places]
    repeat = math.prod(sizes[c] for c in free)
    count = len(next(iter(places.values())))
    grid = np.unravel_index(np.arange(repeat), tuple(sizes[c] for c in free)) if free else ()
    spots = {c: np.repeat(p, repeat) for c, p in places.items()}
    spots |= {c: np.tile(g, count) for c, g in zip(free, grid, strict=True)}

    def flat(names: list[str], extent: Any) -> Any:
        if not names:
            return np.zeros(count * repeat, int)
        return np.ravel_multi_index(tuple(spots[c] for c in names), extent)

    return Entries(flat(wanted, target), flat(labels, shape))


def _running(primitive: Any, given: Any, primals: Any, y: Any, params: Any) -> Blocks:
    (x,) = primals
    check_size(x.size * x.shape[params["axis"]] // 2)
    return _local((running(x.shape, params["axis"]),), given, primals, y)


_FLOWS: dict[str, Any] = {
    "none": lambda primitive, given, primals, y, params: [],
    "running": _running,
    "elementwise": _elementwise,
    "reduction": _reduction,
    "lines": _lines,
    "movement": _movement,
    "dense": lambda primitive, given, primals, y, params: _dense(given, primals, y),
}
