"""Local Jacobians: what is carried through any operation in which every result depends on few entries.

The facts of `core/dependence.py` say on which entries; the partial derivatives come from the operation's own rule, with
lanes for the colours of that relation. Products with constants give the same ones in every evaluation and are kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.finite import strong_product
from dualrev.core.shapes import unbroadcast
from dualrev.errors import PatternError
from dualrev.modes.forward import Forward, dual, residuals
from dualrev.sparse.colouring import column_colouring
from dualrev.sparse.flow import flow
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.relations import assemble, positions
from dualrev.sparse.terms import Positions, Term, TooDense, distinct, has_twins

__all__ = ["composed", "through"]

# Results that depend on more entries than this are left to lanes, unless they are few, as of an inner product.
_MOST = 64
_FEW = 16


class _Relation:
    """On which entries of one operand the results depend.

    Attributes
    ----------
    lanes : list of ndarray
        Per result a block of positions in the operand, counted from 1.
    places : list of ndarray
        Per result where the partial derivatives stand in the flattened lanes of the seeds.
    seeds : ndarray or None
        One row of zeros and ones per colour, of the shape of the operand. None if results are few: each is pulled back.
    kept : tuple or None
        The constant operands and partial derivatives of the latest evaluation of a product.
    """

    def __init__(self, lanes: list[np.ndarray], shape: tuple[int, ...]) -> None:
        self.lanes = lanes
        self.kept: Any = None
        self.seeds: Any = None
        size = math.prod(shape)
        whole = [_flat(block) for block in lanes]
        if any(len(block) > _MOST for block in whole):
            self.places = [np.maximum(block, 1) - 1 for block in whole]
            return
        rows, columns, start = [], [], 0
        for block in whole:
            lane, entry = np.nonzero(block)
            rows.append(entry + start)
            columns.append(block[lane, entry] - 1)
            start += block.shape[1]
        found = np.concatenate(rows), np.concatenate(columns)
        colours = column_colouring(Pattern.from_coordinates(*found, (start, size)), "natural")
        count = int(colours.max(initial=-1)) + 1
        seeds = np.zeros((count, size))
        used = np.flatnonzero(colours >= 0)
        seeds[colours[used], used] = 1.0
        self.seeds = seeds.reshape(count, *shape)
        colours = np.append(0, np.maximum(colours, 0))
        self.places = [
            colours[block] * block.shape[1] + np.arange(block.shape[1]) for block in whole
        ]

    @property
    def nbytes(self) -> Any:
        """Bytes of all blocks."""
        seeds = 0 if self.seeds is None else self.seeds.nbytes
        return seeds + sum(b.nbytes for b in (*self.lanes, *self.places))


def through(
    level: Any,
    primitive: Any,
    arrays: Any,
    active: Any,
    primals: Any,
    y: Any,
    params: dict[str, Any],
) -> list[list[Term]]:
    """Return the terms of each result of an operation.

    Raises
    ------
    TooDense
        If a result depends on many entries of an operand.
    """
    known: Positions = level.positions
    if primitive.arguments is None:
        raise TooDense(primitive.name)
    parts = y if isinstance(y, tuple) else (y,)
    # In lanes it would be a product with all operands, whose entries go four times as fast as others.
    level.entries += sum(map(np.size, primals)) // 4
    head = primitive.name, known.frozen(params), tuple([np.shape(p) for p in primals])
    terms: list[list[Term]] = [[] for _ in parts]
    for k in active:
        constants = tuple(
            [
                "followed" if j in active else known.array(_stated(primitive, p))
                for j, p in enumerate(primals)
            ]
        )
        key = "local", head, k, constants
        found = known.recall(key)
        relation = found or known.keep(key, _relation(primitive, k, active, primals, y, params))
        partials = _partials(primitive, relation, k, active, primals, params, parts)
        for own, lanes, partial in zip(terms, relation.lanes, partials, strict=True):
            if len(lanes):
                for term in arrays[k].index:
                    level.afford(len(term.where) * lanes.size)
                    own.append(composed(known, term, lanes, partial))
    return terms


def _flat(block: np.ndarray) -> np.ndarray:
    return block.reshape(len(block), math.prod(block.shape[1:]))


def _stated(primitive: Any, p: Any) -> np.ndarray:
    """Return what a relation may know of a constant operand: only the zeros of a factor."""
    array = np.asarray(p)
    return array != 0 if primitive.flavour == "bilinear" else array


def _relation(primitive: Any, k: int, active: Any, primals: Any, y: Any, params: Any) -> _Relation:
    shape = np.shape(primals[k])
    given: list[Any] = [[] if j in active else None for j in range(len(primals))]
    given[k] = [positions(shape)]
    try:
        found = flow(primitive, given, primals, y, params)
    except PatternError:
        raise TooDense(primitive.name) from None
    several = isinstance(y, tuple)
    parts = zip(found, y, strict=True) if several else ((found, y),)
    lanes = [_even(primitive, blocks, np.shape(part), several) for blocks, part in parts]
    return _Relation(lanes, shape)


def _even(primitive: Any, blocks: Any, shape: tuple[int, ...], several: bool) -> np.ndarray:
    """Return a relation as lanes in which nothing is named twice."""
    if not blocks or not math.prod(shape):
        return np.zeros((0, *shape), np.int32)
    if all(isinstance(b, np.ndarray) for b in blocks) and sum(map(len, blocks)) <= _MOST:
        block = np.concatenate(blocks)
        if not has_twins(block):
            return block[_flat(block).any(axis=1)]
    starts, columns = assemble(blocks, shape)
    counts = np.diff(starts)
    lanes = int(counts.max(initial=0))
    few = len(counts) <= _FEW and not several
    if (lanes > _MOST and not few) or lanes * len(counts) > 8 * len(columns) + 2**10:
        raise TooDense(primitive.name)
    even = np.zeros((len(counts), lanes), columns.dtype)
    even[np.arange(lanes) < counts[:, None]] = columns + 1
    return np.ascontiguousarray(even.T).reshape(lanes, *shape)


def _partials(
    primitive: Any, relation: _Relation, k: int, active: Any, primals: Any, params: Any, parts: Any
) -> list[Any]:
    """Return the partial derivatives on the lanes of each result; numbers, one per lane, where they are alike."""
    constant = len(active) == 1 and primitive.flavour in ("linear", "bilinear")
    made: list[Any]
    others = [np.asarray(p) for j, p in enumerate(primals) if j != k]
    dtype = np.result_type(primals[k])
    if constant and relation.kept is not None:
        before, kind, made = relation.kept
        if kind == dtype and all(
            a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(before, others, strict=True)
        ):
            return made
    if relation.seeds is None:
        found = _pulled(primitive, relation, k, primals, params, parts)
    else:
        found = _pushed(
            primitive, relation.seeds.astype(dtype, copy=False), k, primals, params, parts
        )
        found = [
            np.ascontiguousarray(t).reshape(-1).take(places).reshape(lanes.shape)
            for t, places, lanes in zip(found, relation.places, relation.lanes, strict=True)
        ]
    if constant:
        found = [_alike(v, lanes) for v, lanes in zip(found, relation.lanes, strict=True)]
        relation.kept = [b.copy() for b in others], dtype, found
    return found


def _pushed(
    primitive: Any, seeds: np.ndarray, k: int, primals: Any, params: Any, parts: Any
) -> list[Any]:
    """Return the tangents of all results for lanes of tangents of one operand."""
    level: Any = Forward(len(seeds), careful=True)
    if primitive.flavour == "bilinear":
        pair = (seeds, primals[1]) if k == 0 else (primals[0], seeds)
        t = primitive.batch(primitive, (k == 0, k == 1), pair, params)
        return [level.lanes.unwrap(t, parts[0].shape)]
    given = [dual(p, seeds, level) if j == k else p for j, p in enumerate(primals)]
    out = level.process(primitive, tuple(given), params)
    return [part.tangent for part in (out if isinstance(out, tuple) else (out,))]


def _pulled(
    primitive: Any, relation: _Relation, k: int, primals: Any, params: Any, parts: Any
) -> list[Any]:
    """Return the partial derivatives of few results, each by the transpose."""
    rule = primitive.rule("adjoints", k)
    (y,), (lanes,), (places,) = parts, relation.lanes, relation.places
    kept = residuals(rule.keeps, tuple(primals), y, k)
    values = np.zeros(places.shape, y.dtype)
    for entry in range(y.size):
        ct = np.zeros(y.shape, y.dtype)
        ct.flat[entry] = 1
        pulled = unbroadcast(np.asarray(rule.call(ct, *kept, **params)), np.shape(primals[k]))
        values[:, entry] = pulled.reshape(-1)[places[:, entry]]
    return [values.reshape(lanes.shape)]


def _alike(values: np.ndarray, lanes: np.ndarray) -> Any:
    """Return one number per lane where all that have a position are the same; None if all are 1."""
    numbers = []
    for own, where in zip(values, lanes, strict=True):
        used = own[where > 0]
        if not len(used) or (used != used[0]).any():
            return values
        numbers.append(used[0])
    if all(n == 1 for n in numbers):
        return None
    return np.array(numbers, values.dtype).reshape(-1, *(1,) * (values.ndim - 1))


def composed(known: Positions, term: Term, lanes: np.ndarray, partial: Any) -> Term:
    """Multiply the chain: a term of an operand, and partial derivatives (None: all 1) on lanes of positions in it."""
    shape, count = lanes.shape[1:], len(lanes)

    def gather(block: np.ndarray) -> np.ndarray:
        flat = _flat(block)
        padded = np.concatenate([np.zeros_like(flat, shape=(len(flat), 1)), flat], axis=1)
        return padded[:, lanes]

    def compose() -> tuple[np.ndarray, Any]:
        block = gather(term.where)
        block = block.reshape(len(block) * count, *shape)
        if len(block) > _MOST or not has_twins(block):
            return block, None
        return distinct(block, positions(block.shape)[0], block.size)

    where, joined = known.get("composed", compose, term.where, lanes)
    values, source = term.values, term.source
    if term.uniform and (partial is None or partial.size == count < lanes.size):
        numbers = values.reshape(-1, 1, *(1,) * len(shape))
        if partial is None:
            values = np.repeat(numbers, count, axis=1)
        else:
            values = strong_product(numbers, partial)
    elif partial is None and count == 1 and joined is None:
        # Nothing but movement.
        if source is None:
            source = known.base(term.where.shape)
            if values.shape != term.where.shape:
                values = np.broadcast_to(values, term.where.shape)
        source = known.get("moved", lambda: gather(source)[:, 0], source, lanes)
        return Term(where, values, source)
    else:
        values = term.materialised(known)
        if values.shape != term.where.shape:
            values = np.broadcast_to(values, term.where.shape)
        values = gather(values)
        if partial is not None:
            values = strong_product(values, partial)
    if joined is not None:
        # The same positions in several lanes: their values are added.
        values = np.broadcast_to(values, (len(term.where), *lanes.shape))
        return Term(where, (joined @ values.reshape(-1)).reshape(where.shape))
    return Term(where, values.reshape(len(values) * count, *values.shape[2:]))
