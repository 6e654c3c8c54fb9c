"""Sparse forward mode: tangents that carry only their own nonzeros, so that one pass gives the Jacobian uncompressed.

The tangent of a value is a list of terms. A term has a block of positions (`relations.py`), which says of every entry
with respect to which input each lane is a derivative, and the values, one per position, or fewer where they are the
same along an axis: after a linear stencil a term is one number. Positions do not depend on values, so they are looked
up from the evaluation before; only values are computed anew. What an operation does to dependence is found again in
every evaluation: there is no pattern that could be out of date.

Bischof, Khademi, Bouaricha & Carle (1996), Efficient computation of gradients and Jacobians by dynamic exploitation of
sparsity in automatic differentiation, Optimization Methods and Software 7(1), carry one sparse vector per number; here
one lane is carried for many entries at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of
from dualrev.core.bind import bind
from dualrev.core.dependence import Entries
from dualrev.core.finite import strong_product, without_warnings
from dualrev.core.levels import Level
from dualrev.core.primitive import Refusal
from dualrev.core.shapes import lift
from dualrev.modes.forward import promote, residuals, varies
from dualrev.sparse.relations import positions

__all__ = ["Positions", "SparseForward", "Term", "TooDense", "is_uniform"]

_new = object.__new__
_ONE = np.float64(1.0)
# At most so many lanes of numbers are kept as one term.
_LANES = 64
# Operations on up to so many operands keep the terms of each apart, with zeros elsewhere.
_FEW = 4


class TooDense(Exception):
    """The function has an operation through which tangents are carried better in lanes of all inputs."""


class Term(NamedTuple):
    """Some lanes of a tangent: `where` of shape ``(k, *shape)``, `values` broadcasting to it."""

    where: np.ndarray
    values: np.ndarray


class SparseDual(Traced):
    """A value with its sparse tangent; ``tangent`` is None for NaN finders, ``index`` holds the terms."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"SparseDual({self.primal!r})"


class SparseDualArray(SparseDual, TracedArray):
    """An array with its sparse tangent."""

    __slots__ = ()


class SparseDualScalar(SparseDual, TracedScalar):
    """A number with its sparse tangent."""

    __slots__ = ()


class Positions:
    """Blocks of positions that were made once, by what was done to which block."""

    def __init__(self, shapes: list[tuple[int, ...]]) -> None:
        total = sum(math.prod(shape) for shape in shapes)
        self._made: dict[Hashable, Any] = {}
        self.leaves = []
        start = 0
        for shape in shapes:
            block = positions(shape, total)
            self.leaves.append(block + block.dtype.type(start))
            start += math.prod(shape)

    def get(self, key: Hashable, make: Callable[[], Any], *blocks: np.ndarray) -> Any:
        """Return what `make` returns, made once for a key and blocks."""
        full = (key, *map(id, blocks))
        found = self._made.get(full)
        if found is None:
            if len(self._made) > _MOST:
                self._made.clear()
            # The blocks are kept, so that no other gets their identity.
            found = self._made.setdefault(full, (make(), blocks))
        return found[0]


# More blocks than this mean that the function does something else every time.
_MOST = 20_000


class SparseForward(Level):
    """A level of sparse forward mode.

    Attributes
    ----------
    work, entries, count : int
        Values of tangents and of primals computed so far, and operations, by which the mode is compared with others.
    limit : int
        Work that is not worth it; `TooDense` is raised beyond.
    """

    __slots__ = ("count", "entries", "errors", "limit", "positions", "work")

    def __init__(self, known: Positions, limit: float) -> None:
        super().__init__()
        self.positions = known
        self.work = self.entries = self.count = 0
        self.limit = limit
        self.errors: Any = None

    def __enter__(self) -> SparseForward:
        self.errors = without_warnings()
        self.errors.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.errors.__exit__(*error)

    def wrap(self, primal: Any, terms: list[Term]) -> Any:
        """Make the handle of a value."""
        out = _new(SparseDualArray if primal.ndim else SparseDualScalar)
        out.primal = primal
        out.level = self
        out.index = terms
        return out

    def constant(self, value: Any) -> Any:
        """Wrap a value with no tangent."""
        return self.wrap(np.asarray(value)[()], [])

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate the primal and carry the terms on."""
        if self.closed:
            return self.ended(primitive, arrays, params)
        own = [isinstance(a, SparseDual) and a.level is self for a in arrays]
        primals = tuple(a.primal if mine else a for a, mine in zip(arrays, own, strict=True))
        if primitive.flavour == "custom" or any(isinstance(p, Traced) for p in primals):
            raise TooDense
        y = bind(primitive, primals, params)
        if primitive.flavour == "constant":
            return y
        if isinstance(y, tuple):
            raise TooDense
        y = np.asarray(y)[()]
        rules = primitive.tangents
        active = [
            k
            for k, mine in enumerate(own)
            if mine and arrays[k].index and rules[0 if primitive.arguments is None else k] is not None
        ]
        for k in active:
            rule = rules[0 if primitive.arguments is None else k]
            if type(rule) is Refusal:
                raise rule.error(primitive, k)
        carry = _CARRIED.get("" if callable(primitive.pattern) else primitive.pattern)
        if not active:
            return self.constant(y)
        if carry is None:
            raise TooDense
        terms = carry(self, primitive, arrays, active, primals, y, params)
        self.count += 1
        self.entries += y.size
        for term in terms:
            self.work += term.values.size
        if self.work > self.limit:
            raise TooDense
        return self.wrap(y, terms)


def _merged(level: SparseForward, terms: list[Term]) -> list[Term]:
    """Add what belongs to the same positions; the terms whose values are numbers become one."""
    if len(terms) == 1:
        return terms
    sums: dict[int, Term] = {}
    for term in terms:
        other = sums.get(id(term.where))
        sums[id(term.where)] = (
            term if other is None else Term(term.where, other.values + term.values)
        )
    terms = list(sums.values())
    uniform = [t for t in terms if is_uniform(t)]
    if len(uniform) < 2 or sum(len(t.where) for t in uniform) > _LANES:
        return terms
    blocks = [t.where for t in uniform]
    where, lanes = level.positions.get("joined", lambda: _joined(blocks), *blocks)
    values = np.concatenate([t.values for t in uniform])
    if lanes is not None:
        summed = np.zeros((len(where), *values.shape[1:]), values.dtype)
        np.add.at(summed, lanes, values)
        values = summed
    return [Term(where, values), *(t for t in terms if not is_uniform(t))]


def _joined(blocks: list[np.ndarray]) -> tuple[np.ndarray, Any]:
    """Return the distinct lanes of some blocks as one block, and to which of them each belongs (None: all differ)."""
    places: dict[bytes, int] = {}
    lanes = [lane for block in blocks for lane in block]
    index = [places.setdefault(lane.tobytes(), len(places)) for lane in lanes]
    if len(places) == len(lanes):
        return np.concatenate(blocks), None
    first = [index.index(k) for k in range(len(places))]
    return np.stack([lanes[k] for k in first]), np.array(index)


def _elementwise(
    level: SparseForward, primitive: Any, arrays: Any, active: Any, primals: Any, y: Any, params: Any
) -> list[Term]:
    terms = []
    target, ndim = y.shape, y.ndim
    for k in active:
        rule = primitive.tangents[k]
        kept = residuals(rule.keeps, primals, y, k)
        partial: Any = None
        if primitive.flavour == "elementwise":
            kept = [
                promote(v, dtype_of(y)) if varies(primitive, j, v) else v
                for j, v in zip(rule.keeps, kept, strict=True)
            ]
        elif primitive.flavour == "linear":
            # A conversion of numbers, entry by entry.
            partial = _ONE
        else:
            partial = rule.call(np.ones(target, y.dtype), *kept, **params)
        for where, values in arrays[k].index:
            t = lift(values, ndim)
            if partial is None:
                t = rule.call(t, *kept, **params)
            elif partial is not _ONE:
                t = strong_product(t, partial)
            terms.append(Term(_broadcast(level, where, target), t))
    return _merged(level, terms)


def _broadcast(level: SparseForward, where: np.ndarray, target: tuple[int, ...]) -> np.ndarray:
    if where.shape[1:] == target:
        return where
    return level.positions.get(  # type: ignore[no-any-return]
        target,
        lambda: np.broadcast_to(lift(where, len(target)), (len(where), *target)),
        where,
    )


def is_uniform(term: Term) -> bool:
    """Say whether there is one value per lane, for many entries."""
    lanes = len(term.where)
    return lanes == term.values.size < term.where.size


def _movement(
    level: SparseForward, primitive: Any, arrays: Any, active: Any, primals: Any, y: Any, params: Any
) -> list[Term]:
    key = (primitive.name, frozen(params), tuple(np.shape(p) for p in primals))
    if len(active) > _FEW:
        raise TooDense
    flags = (True,) * len(arrays)
    terms = []
    for k in active:
        for term in arrays[k].index:
            where, values = term
            lanes = len(where)

            def moved(x: Any, zero: Any, at: int = k, lanes: int = lanes) -> Any:
                others = (
                    x if j == at else np.broadcast_to(zero, (lanes, *np.shape(p)))
                    for j, p in enumerate(primals)
                )
                return primitive.batch(primitive, flags, tuple(others), params)

            index = level.positions.get(
                (key, k), lambda m=moved, w=where: np.asarray(m(w, w.dtype.type(0))), where
            )
            if is_uniform(term):
                # Where zeros come in there is no position, and the value does not matter.
                out = values.reshape(lanes, *(1,) * y.ndim)
            else:
                full = np.broadcast_to(values, where.shape)
                out = moved(full, values.dtype.type(0))
            terms.append(Term(index, out))
    return _merged(level, terms)


def _reduction(
    level: SparseForward, primitive: Any, arrays: Any, active: Any, primals: Any, y: Any, params: Any
) -> list[Term]:
    if len(primals) > 1:
        raise TooDense
    (x,) = primals
    rule = primitive.adjoints[0]
    # Each entry goes into one result, so the cotangent of ones is the partial derivative, entry by entry.
    partial = rule.call(np.ones(y.shape, y.dtype), *residuals(rule.keeps, primals, y, 0), **params)
    partial = np.asarray(partial)
    first = partial.flat[0] if partial.size else 1.0
    if primitive.flavour == "linear" and (partial == first).all():
        partial = first
    shape = np.shape(x)
    axes = params.get("axis")
    axes = range(len(shape)) if axes is None else (axes if isinstance(axes, tuple) else (axes,))
    gone = tuple(sorted(k % len(shape) for k in axes))
    kept = tuple(k for k in range(len(shape)) if k not in gone)
    order = (0, *(k + 1 for k in gone), *(k + 1 for k in kept))
    length = math.prod(shape[k] for k in gone)

    def folded(block: np.ndarray) -> np.ndarray:
        return block.transpose(order).reshape(len(block) * length, *y.shape)

    terms = []
    for where, values in arrays[0].index:
        t = values if np.ndim(partial) == 0 and partial == 1 else strong_product(values, partial)
        index = level.positions.get((gone, y.shape), lambda w=where: folded(w), where)
        if is_uniform(Term(where, t)):
            out = np.repeat(t.reshape(-1), length).reshape(len(t) * length, *(1,) * y.ndim)
        else:
            out = folded(np.broadcast_to(t, where.shape))
        terms.append(Term(index, out))
    return _merged(level, terms)


def _scattered(
    level: SparseForward, primitive: Any, arrays: Any, active: Any, primals: Any, y: Any, params: Any
) -> list[Term]:
    """Carry through an operation whose first operand is sent, entry by entry, to places of the result and added."""
    if active != [0] or primitive.flavour == "bilinear":
        raise TooDense
    x = primals[0]
    shape = np.shape(x)
    others = tuple(frozen(np.asarray(p)) for p in primals[1:])
    key = (primitive.name, frozen(params), shape, others)
    sources, gathered = level.positions.get(
        key, lambda: _sources(primitive.pattern(primals, y, **params), x.size, y)
    )
    rule = primitive.adjoints[0]
    ones = np.ones(y.shape, y.dtype)
    partial = np.asarray(rule.call(ones, *residuals(rule.keeps, primals, y, 0), **params))
    first = partial.flat[0] if partial.size else _ONE
    if (partial == first).all():
        partial = first
    terms = []
    for where, values in arrays[0].index:
        t = values if np.ndim(partial) == 0 and partial == 1 else strong_product(values, partial)
        index = level.positions.get(key, lambda w=where: gathered(w), where)
        if is_uniform(Term(where, t)):
            out = np.repeat(t.reshape(-1), len(sources)).reshape(-1, *(1,) * y.ndim)
        else:
            out = gathered(np.broadcast_to(t, where.shape))
        terms.append(Term(index, out))
    return _merged(level, terms)


def _sources(fact: Any, size: int, y: Any) -> Any:
    """Return which entries each place of the result gets, counted from 1 and padded with 0, and the gathering of them.

    Raises
    ------
    TooDense
        If some places get far more than others, or an entry goes to several.
    """
    relation = fact[0]
    if not isinstance(relation, Entries) or len(np.unique(relation.columns)) < len(relation.columns):
        raise TooDense
    order = np.argsort(relation.rows, kind="stable")
    rows, columns = relation.rows[order], relation.columns[order]
    counts = np.bincount(rows, minlength=y.size)
    lanes = int(counts.max(initial=0))
    if lanes * y.size > 4 * max(size, y.size):
        raise TooDense
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    sources = np.zeros((lanes, y.size), np.intp)
    sources[rank, rows] = columns + 1

    def gathered(block: np.ndarray) -> np.ndarray:
        flat = block.reshape(len(block), size)
        padded = np.concatenate([np.zeros_like(flat, shape=(len(flat), 1)), flat], axis=1)
        return padded[:, sources].reshape(len(flat) * lanes, *y.shape)

    return sources, gathered


_CARRIED: dict[str, Callable[..., list[Term]]] = {
    "": _scattered,
    "elementwise": _elementwise,
    "movement": _movement,
    "reduction": _reduction,
}


def frozen(value: Any) -> Hashable:
    """Return static parameters as a key."""
    kind = type(value)
    if kind is slice:
        return slice, frozen(value.start), frozen(value.stop), frozen(value.step)
    if kind is dict:
        return tuple((k, frozen(v)) for k, v in value.items())
    if kind is tuple or kind is list:
        return kind, tuple(map(frozen, value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes()
    return kind, value
