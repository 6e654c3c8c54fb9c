"""Terms: the parts of a sparse tangent, and the positions that they share from one evaluation to the next."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from scipy import sparse

from dualrev.rules.sparse.products import Pattern
from dualrev.sparse.relations import positions

__all__ = [
    "Positions",
    "Term",
    "TooDense",
    "distinct",
    "form_of",
    "has_twins",
    "joined_values",
    "merged",
    "packed",
    "sources",
]

# So many blocks are kept, of so many bytes, or three times what the first evaluation made; more of them mean that the
# function does something else every time.
_MOST = 20_000
_BYTES = 2**28
# At most so many lanes of numbers are kept as one term.
_LANES = 64
# Arrays up to so many bytes are a key by their bytes.
_SHORT = 256
_PLAIN = (int, str, bool, type(None), type(Ellipsis))


class TooDense(Exception):
    """The function has an operation through which tangents are carried better in lanes of all inputs."""


class Term:
    """Some lanes of a tangent.

    Attributes
    ----------
    where : ndarray of int
        Positions of inputs, of shape ``(lanes, *shape)``, counted from 1; where it is 0 there is no value.
    values : ndarray
        One value per position, or fewer that broadcast.
    source : ndarray of int or None
        Values that have been moved stay in their array: the place of each in it, counted from 1, of the shape of
        `where`. None if they have not.
    uniform : bool
        There is one value per lane, for many entries.
    """

    __slots__ = ("source", "uniform", "values", "where")

    def __init__(self, where: np.ndarray, values: np.ndarray, source: Any = None) -> None:
        self.where = where
        self.values = values
        self.source = source
        self.uniform = source is None and len(where) == values.size < where.size

    def materialised(self, known: Positions) -> np.ndarray:
        """Return the values in their places, moved there at the first call."""
        source = self.source
        if source is not None:
            # What has no position gets any value: no one reads it.
            places = known.get("places", lambda: np.maximum(source, 1).astype(np.intp) - 1, source)
            # Another thread may do the same: the values are set last, and hold for both.
            self.values, self.source = self.values.reshape(-1).take(places, mode="wrap"), None
        return self.values


class Positions:
    """Blocks of positions that were made once, by what was done to which block.

    Attributes
    ----------
    leaves : list of ndarray
        One block per leaf of the arguments.
    made : int
        Number of blocks made so far.
    """

    def __init__(self, shapes: list[tuple[int, ...]]) -> None:
        total = sum(math.prod(shape) for shape in shapes)
        self._made: dict[Hashable, Any] = {}
        self._known: dict[Hashable, list[tuple[np.ndarray, object]]] = {}
        self._tokens: dict[Hashable, object] = {}
        self._bytes = 0
        self._limits: tuple[float, float] = math.inf, math.inf
        self.made = 0
        self.leaves = []
        start = 0
        for shape in shapes:
            block = positions(shape, total)
            self.leaves.append(block + block.dtype.type(start))
            start += math.prod(shape)

    def token(
        self,
        primitive: Any,
        params: dict[str, Any],
        shapes: tuple[Any, ...],
        result: tuple[int, ...],
    ) -> object:
        """Return what stands for an operation with its static parameters, for shapes of operands and result."""
        key: Any = primitive, shapes, result, *params.items()
        try:
            found = self._tokens.get(key)
        except TypeError:
            # A slice or an array.
            key = primitive, shapes, result, self.frozen(params)
            found = self._tokens.get(key)
            return self._tokens.setdefault(key, object()) if found is None else found
        if found is None:
            self.frozen(params)
            found = self._tokens.setdefault(key, object())
        return found

    def recall(self, key: Hashable) -> Any:
        """Return what was kept under a key, or None."""
        found = self._made.get(key)
        return None if found is None else found[0]

    def keep(self, key: Hashable, made: Any, *blocks: Any) -> Any:
        """Keep what was made of blocks whose identities are in the key."""
        self._count(made)
        return self._made.setdefault(key, (made, blocks))[0]

    def get(self, key: Hashable, make: Callable[[], Any], *blocks: np.ndarray) -> Any:
        """Return what `make` returns, made once for a key and blocks."""
        full = (key, *map(id, blocks))
        found = self._made.get(full)
        # The blocks are kept, so that no other gets their identity.
        return self.keep(full, make(), *blocks) if found is None else found[0]

    def _count(self, new: Any) -> None:
        self.made += 1
        self._bytes += _size(new)
        if len(self._made) > self._limits[0] or self._bytes > self._limits[1]:
            self._made.clear()
            self._known.clear()
            self._tokens.clear()
            self._bytes = 0

    def bound(self) -> None:
        """Let three times what has been made so far be kept, after the first evaluation."""
        if self._limits[0] == math.inf:
            self._limits = max(_MOST, 3 * len(self._made)), max(_BYTES, 3 * self._bytes)

    def base(self, shape: tuple[int, ...]) -> Any:
        """Return the places of values that have not been moved."""
        return self.get(("base", shape), lambda: positions(shape)[0])

    def frozen(self, value: Any) -> Hashable:
        """Return static parameters as a key, which equal ones have in common, whoever owns them.

        Raises
        ------
        TooDense
            If there is an object among them whose state nobody knows.
        """
        kind = type(value)
        if kind in _PLAIN or isinstance(value, np.generic):
            return kind, value
        if kind is tuple or kind is list:
            return kind, *[self.frozen(v) for v in value]
        if kind is slice:
            parts = value.start, value.stop, value.step
            return slice, *[v if v is None else operator.index(v) for v in parts]
        if kind is dict:
            return dict, *[(k, self.frozen(v)) for k, v in value.items()]
        if kind is float:
            return float, value.hex()
        if kind is np.ndarray:
            return self.array(value)
        if kind is Pattern:
            # Of a sparse operand, made anew in every call.
            entries = self.array(value.first), self.array(value.second)
            return Pattern, value.shape, value.layout, *entries
        if isinstance(value, np.dtype):
            return np.dtype, value
        raise TooDense(f"a parameter of type {kind.__name__}")

    def array(self, value: np.ndarray) -> Hashable:
        """Return an array as a key."""
        if value.dtype.hasobject:
            raise TooDense("an array of objects")
        head = value.shape, value.dtype
        flat = value.reshape(-1)
        if value.nbytes <= _SHORT:
            return *head, flat.tobytes()
        # A few entries tell most arrays apart.
        few = *head, flat[:: max(1, len(flat) // 16)].tobytes()
        for other, token in self._known.get(few, ()):
            if _same_bytes(other, flat):
                return token
        own, token = flat.copy(), object()
        self._count(own)
        self._known.setdefault(few, []).append((own, token))
        return token


def _same_bytes(a: np.ndarray, b: np.ndarray) -> bool:
    """Say whether two flat arrays of one dtype are the same; zeros of either sign differ, and NaN equals itself."""
    if a.dtype.kind in "fc":
        b = np.ascontiguousarray(b)
        return bool(np.array_equal(a.view(np.uint8), b.view(np.uint8)))
    return bool(np.array_equal(a, b))


def _size(new: Any) -> Any:
    if isinstance(new, np.ndarray):
        return 0 if new.base is not None else new.nbytes
    if isinstance(new, tuple):
        return sum(map(_size, new))
    if isinstance(new, sparse.csr_array):
        return sum(part.nbytes for part in (new.data, new.indices, new.indptr))
    return getattr(new, "nbytes", 0)


def merged(known: Positions, terms: list[Term]) -> list[Term]:
    """Add what belongs to the same positions; the terms whose values are numbers become one."""
    sums: dict[Any, Term] = {}
    count = 0
    for term in terms:
        key = id(term.where) if term.source is None else (id(term.where), id(term.source))
        other = sums.get(key)
        if other is None:
            sums[key] = term
            if term.uniform:
                count += 1
        else:
            sums[key] = total = Term(term.where, other.values + term.values, term.source)
            count += total.uniform - other.uniform
    if len(sums) < len(terms):
        terms = list(sums.values())
    if count < 2:
        return terms
    uniform = [t for t in terms if t.uniform]
    joined_key = "joined", *[id(t.where) for t in uniform]
    found = known.recall(joined_key)
    if found is None:
        blocks = [t.where for t in uniform]
        if sum(map(len, blocks)) > _LANES:
            return terms
        found = known.keep(joined_key, _joined(blocks), *blocks)
    where, adding = found
    values = np.concatenate([t.values for t in uniform])
    if adding is not None:
        values = (adding @ values.reshape(-1)).reshape(-1, *values.shape[1:])
    joined = Term(where, values)
    if len(uniform) == len(terms):
        return [joined]
    return [joined, *[t for t in terms if not t.uniform]]


def joined_values(terms: list[Term]) -> np.ndarray:
    """Return the values of some terms, one after the other."""
    return np.concatenate([t.values.reshape(-1) for t in terms])


def sources(terms: list[Term]) -> list[np.ndarray]:
    """Return where the values of each term are among `joined_values`: from 1, of the shape of its positions."""
    found, start = [], 1
    for t in terms:
        if t.source is not None:
            found.append(np.where(t.source > 0, t.source.astype(np.int64) + (start - 1), 0))
        else:
            places = np.arange(start, start + t.values.size).reshape(t.values.shape)
            found.append(np.broadcast_to(places, t.where.shape))
        start += t.values.size
    return found


def form_of(terms: list[Term]) -> tuple[Hashable, list[np.ndarray]]:
    """Return what `sources` depends on, as a key and blocks."""
    form = tuple([(t.values.shape, t.source is None) for t in terms])
    return form, [b for t in terms for b in (t.where, t.source)]


def packed(known: Positions, terms: list[Term]) -> Term:
    """Return many terms as one, without the positions that are none or are there twice."""
    form, blocks = form_of(terms)

    def pack() -> tuple[np.ndarray, Any]:
        where = np.concatenate([t.where for t in terms])
        return distinct(where, np.concatenate(sources(terms)), sum([t.values.size for t in terms]))

    where, source = known.get(("packed", form), pack, *blocks)
    values = joined_values(terms)
    if isinstance(source, np.ndarray):
        return Term(where, values, source)
    return Term(where, (source @ values).reshape(where.shape))


def distinct(where: np.ndarray, source: np.ndarray, count: int) -> tuple[np.ndarray, Any]:
    """Return positions with none of an entry twice, and where their values are in an array of `count`, or their sums.

    Both `where` and `source` count from 1. The second result is an array like `source` or, if values are to be added,
    the matrix that does so.
    """
    lanes, shape = len(where), where.shape[1:]
    size = math.prod(shape)
    where, source = where.reshape(lanes, size), source.reshape(lanes, size)
    order = np.argsort(where, axis=0, kind="stable")
    where = np.take_along_axis(where, order, 0)
    source = np.take_along_axis(source, order, 0)
    new = where > 0
    given = np.nonzero(new)
    new[1:] &= where[1:] != where[:-1]
    slot = np.cumsum(new, axis=0, dtype=np.int32) - 1
    depth = max(int(slot.max(initial=0)) + 1, 1)
    kept = np.zeros((depth, size), where.dtype)
    first = np.nonzero(new)
    kept[slot[first], first[1]] = where[first]
    kept = kept.reshape(depth, *shape)
    if len(first[0]) == len(given[0]):
        into = np.zeros((depth, size), source.dtype)
        into[slot[first], first[1]] = source[first]
        return kept, into.reshape(depth, *shape)
    rows, columns = slot[given].astype(np.int64) * size + given[1], source[given] - 1
    ones = np.ones(len(rows))
    return kept, sparse.csr_array((ones, (rows, columns)), shape=(depth * size, count))


def has_twins(where: np.ndarray) -> bool:
    """Say whether a position is named twice for an entry."""
    ordered = np.sort(where, axis=0)
    return bool(((ordered[1:] == ordered[:-1]) & (ordered[1:] > 0)).any())


def _joined(blocks: list[np.ndarray]) -> tuple[np.ndarray, Any]:
    """Return the distinct lanes of some blocks as one, and the matrix that adds their numbers (None: all differ)."""
    lanes = [lane for block in blocks for lane in block]
    index = _numbered(lanes)
    count = len(set(index))
    if count == len(lanes):
        return np.concatenate(blocks), None
    first = [index.index(k) for k in range(count)]
    return np.stack([lanes[k] for k in first]), (np.arange(count)[:, None] == index).astype(float)


def _numbered(lanes: list[np.ndarray]) -> list[int]:
    """Number the distinct ones of some arrays of one shape."""
    found: dict[bytes, list[int]] = {}
    numbers: list[int] = []
    for lane in lanes:
        # Along each axis a few entries; the same of equal lanes.
        few = lane[tuple(slice(None, None, max(1, n // 4)) for n in lane.shape)].tobytes()
        own = found.setdefault(few, [])
        same = next((k for k in own if np.array_equal(lanes[numbers.index(k)], lane)), None)
        if same is None:
            same = max(numbers, default=-1) + 1
            own.append(same)
        numbers.append(same)
    return numbers
