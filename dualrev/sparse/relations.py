"""Relations: which inputs each entry of a value depends on, as blocks of positions that cannot cancel.

A block is an integer array with lanes in front, of shape ``(k, *shape)`` for a value of `shape`: lane after lane, the
position, counted from 1, of an input that the entry depends on, 0 for none. What moves entries moves a block as it
moves lanes, mostly by a view. Where rows differ too much in length a block is `Ragged`, a list of pairs. The dependence
of a value is the union of its blocks; they are merged when they become many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dualrev.core.dependence import LARGEST, Entries, check_size

__all__ = [
    "Block",
    "Ragged",
    "assemble",
    "broadcast",
    "compose",
    "fold",
    "gather",
    "move",
    "positions",
    "ragged",
    "settle",
]

Block = Any  # an ndarray of integers, or Ragged

# So many blocks, or lanes of them, are left as they are: merging costs a sort.
_MANY_BLOCKS = 24
_MANY_LANES = 24
# Lanes may be filled up to this many entries before they are pairs.
_ROOM = 64
# So many entries are sorted at once: what fits the cache.
_AT_ONCE = 2**18


class Ragged:
    """Pairs of positions counted from 0: of an entry of a value, in C order, and of an input that it depends on."""

    __slots__ = ("columns", "ordered", "rows")

    def __init__(self, rows: np.ndarray, columns: np.ndarray, ordered: bool = False) -> None:
        self.rows = rows
        self.columns = columns
        self.ordered = ordered

    def order(self) -> None:
        """Sort the pairs by row, in place: they mean the same."""
        if not self.ordered:
            by = np.argsort(self.rows, kind="stable")
            self.rows, self.columns, self.ordered = self.rows[by], self.columns[by], True


def positions(shape: tuple[int, ...], total: int | None = None) -> np.ndarray:
    """Return the positions of the entries of an array, counted from 1, as a block of one lane."""
    size = math.prod(shape)
    kind = np.int32 if max(size, total or 0) < 2**31 - 1 else np.int64
    return np.arange(1, size + 1, dtype=kind).reshape(1, *shape)


def gather(block: Ragged, where: np.ndarray) -> Ragged:
    """Return the rows at flat positions counted from 1; 0 gives an empty row."""
    block.order()
    wanted = where.reshape(-1) - 1
    starts = np.searchsorted(block.rows, wanted, "left")
    counts = np.searchsorted(block.rows, wanted, "right") - starts
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    check_size(total)
    inside = np.arange(total) - np.repeat(ends - counts - starts, counts)
    return Ragged(np.repeat(np.arange(len(wanted)), counts), block.columns[inside], True)


def move(
    blocks: list[Block], shape: tuple[int, ...], mover: Callable[[np.ndarray], np.ndarray]
) -> list[Block]:
    """Apply `mover`, which takes arrays with lanes in front, to all blocks of a value of `shape`."""
    return [
        mover(block) if isinstance(block, np.ndarray) else gather(block, mover(positions(shape)))
        for block in blocks
    ]


def broadcast(blocks: list[Block], shape: tuple[int, ...], target: tuple[int, ...]) -> list[Block]:
    """Broadcast the blocks of a value of `shape` to `target`, by views where they can be."""
    if shape == target:
        return blocks
    missing = (1,) * (len(target) - len(shape))
    return move(
        blocks,
        shape,
        lambda b: np.broadcast_to(
            b.reshape(b.shape[:1] + missing + b.shape[1:]), (len(b), *target)
        ),
    )


def fold(blocks: list[Block], shape: tuple[int, ...], axes: tuple[int, ...]) -> list[Block]:
    """Let each entry of what remains without `axes` (not negative) depend on all that is along them."""
    if not axes:
        return blocks
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    rest = tuple(shape[k] for k in kept)
    folded: list[Block] = []
    for block in blocks:
        if isinstance(block, np.ndarray):
            # Along an axis that was broadcast all entries are the same.
            thin = block[(slice(None), *_same([block], shape, axes))]
            ordered = thin.transpose(0, *(k + 1 for k in axes), *(k + 1 for k in kept))
            lanes = math.prod(ordered.shape[: len(axes) + 1])
            folded.append(_compact(ordered.reshape(lanes, *rest), rest))
        else:
            # One position per entry of what remains, spread over the axes.
            places = np.arange(math.prod(rest)).reshape(
                [n if k in kept else 1 for k, n in enumerate(shape)]
            )
            into = np.broadcast_to(places, shape).reshape(-1)
            folded += _merged([Ragged(into[block.rows], block.columns)], rest)
    return settle(folded, rest)


def compose(
    local: Any, blocks: list[Block], shape: tuple[int, ...], result: tuple[int, ...]
) -> list[Block]:
    """Return what depends through a `local` relation on a value of `shape`.

    `local` is a block of positions in that value, counted from 1, or `Entries`.
    """
    if isinstance(local, Entries):
        local = _even(Ragged(local.rows, local.columns), result)
    composed: list[Block] = []
    for block in blocks:
        if isinstance(block, np.ndarray):
            # What was broadcast is kept once, however often it is named.
            thin = block[(slice(None), *_same([block], shape))]
            own = thin.shape[1:]
            through = local
            if own != shape:
                numbers = np.arange(1, math.prod(own) + 1).reshape(own)
                places = np.append(0, np.broadcast_to(numbers, shape))
                if isinstance(local, Ragged):
                    through = Ragged(local.rows, places[local.columns + 1] - 1)
                else:
                    through = places[local]
            composed += _taken(thin.reshape(len(thin), math.prod(own)), through, result)
        else:
            pairs = local if isinstance(local, Ragged) else ragged(local, result)
            found = gather(block, pairs.columns + 1)
            composed += _merged([Ragged(pairs.rows[found.rows], found.columns)], result)
    return composed


def _taken(flat: np.ndarray, local: Any, result: tuple[int, ...]) -> list[Block]:
    """Return what the rows of a flat block that `local` names depend on."""
    if isinstance(local, Ragged):
        check_size(len(flat) * len(local.rows) // 8)
        columns = flat[:, local.columns]
        rows = np.broadcast_to(local.rows, columns.shape)
        keep = columns > 0
        return [Ragged(rows[keep], columns[keep] - 1)]
    if flat.shape[1] == 1 and len(local) and (local > 0).any(axis=0).all():
        return broadcast([flat.reshape(len(flat))], (), result)
    check_size(len(flat) * math.prod(result) // 8)
    padded = np.concatenate([np.zeros_like(flat, shape=(len(flat), 1)), flat], axis=1)
    # Few lanes at a time, so that what is there twice is never all in memory.
    step = max(1, 16 * _AT_ONCE // max(1, len(flat) * math.prod(result)))
    parts: list[Block] = []
    for start in range(0, len(local), step):
        taken = padded[:, local[start : start + step]]
        lanes = taken.shape[0] * taken.shape[1]
        parts.append(_compact(taken.reshape(lanes, *result), result))
        if len(parts) > 1:
            parts = _merged(parts, result)
    return parts


def _compact(block: np.ndarray, shape: tuple[int, ...]) -> Block:
    """Merge the lanes of one block if they are many."""
    return block if len(block) <= _MANY_LANES else _merged([block], shape)[0]


def _key(block: Block) -> Any:
    if isinstance(block, np.ndarray) and block.ndim > 1:
        return block.__array_interface__["data"][0], block.shape, block.strides
    return id(block)


def settle(blocks: list[Block], shape: tuple[int, ...]) -> list[Block]:
    """Drop blocks that are there twice; merge those of like size if they are many.

    As in a binary counter a block is merged with what is together at least its size, so that a long sum of numbers
    costs n log n.
    """
    if len(blocks) < 2 or (not shape and len(blocks) <= _MANY_BLOCKS):
        return blocks
    blocks = list({_key(block): block for block in blocks}.values())
    groups: dict[Any, list[tuple[int, int]]] = {}
    size, lanes = math.prod(shape), 0
    for k, block in enumerate(blocks):
        # What was broadcast along an axis stays apart: it would be multiplied.
        if isinstance(block, np.ndarray):
            thin = tuple(
                step == 0 and n > 1 for step, n in zip(block.strides[1:], shape, strict=True)
            )
            weight = len(block) * math.prod(
                n for n, same in zip(shape, thin, strict=True) if not same
            )
            lanes += len(block)
        else:
            thin, weight = (False,) * len(shape), len(block.rows)
        groups.setdefault(thin, []).append((weight, k))
    if len(blocks) <= _MANY_BLOCKS and lanes <= _MANY_LANES:
        return blocks
    settled: list[Block] = []
    for group in groups.values():
        group.sort()
        total, count = 0, 0
        for weight, _ in group:
            if count and weight > max(total, 64):
                break
            total, count = total + weight, count + 1
        like = [blocks[k] for _, k in group[:count]]
        if count > 1 and (count > _MANY_BLOCKS // 2 or total > _MANY_LANES * size):
            like = _merged(like, shape)
        settled += like + [blocks[k] for _, k in group[count:]]
    return settled


def _same(arrays: list[np.ndarray], shape: tuple[int, ...], axes: Any = None) -> tuple[slice, ...]:
    """Return an index that takes one entry along those axes (all by default) along which all arrays were broadcast."""
    return tuple(
        slice(0, 1)
        if (axes is None or k in axes) and all(b.strides[k + 1] == 0 for b in arrays)
        else slice(None)
        for k in range(len(shape))
    )


def _merged(blocks: list[Block], shape: tuple[int, ...]) -> list[Block]:
    """Return the union of blocks as one."""
    arrays = [block for block in blocks if isinstance(block, np.ndarray)]
    if len(arrays) == len(blocks):
        # What was broadcast along an axis in every block is merged once.
        same = _same(arrays, shape)
        if any(s.stop for s in same):
            small = [b[(slice(None), *same)].copy() for b in arrays]
            thin = small[0].shape[1:]
            if math.prod(thin) < math.prod(shape):
                return broadcast(_merged(small, thin), thin, shape)
        if math.prod(shape):
            counts, columns = _rows_of(arrays, shape)
            if _is_even(counts, len(columns)):
                return [_spread(counts, columns, shape)]
            return [Ragged(np.repeat(np.arange(len(counts)), counts), columns, True)]
    return [_even(_union(blocks, shape), shape)]


def _is_even(counts: np.ndarray, entries: int) -> bool:
    """Say whether rows are of about the same length."""
    return int(counts.max(initial=0)) * len(counts) <= 4 * entries + _ROOM


def _spread(counts: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return rows, one after the other, as lanes."""
    longest = int(counts.max(initial=0))
    lanes = np.zeros((len(counts), longest), columns.dtype)
    lanes[np.arange(longest) < counts[:, None]] = columns + 1
    return np.ascontiguousarray(lanes.T).reshape(longest, *shape)


def _even(block: Ragged, shape: tuple[int, ...]) -> Block:
    """Return a block as lanes if its rows are of about the same length."""
    size = math.prod(shape)
    if not size or size > 4 * len(block.rows) + _ROOM:
        return block
    counts = np.bincount(block.rows, minlength=size)
    if not _is_even(counts, len(block.rows)):
        return block
    block.order()
    return _spread(counts, block.columns, shape)


def ragged(block: Block, shape: tuple[int, ...]) -> Ragged:
    """Return a block as pairs."""
    if not isinstance(block, np.ndarray):
        own: Ragged = block
        return own
    if not shape:
        kept = block[block > 0] - 1
        return Ragged(np.zeros(len(kept), np.intp), kept, True)
    return _union([block], shape)


def _pieces(arrays: list[np.ndarray], shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield the lanes of all blocks behind their entries, some entries at a time."""
    lanes = sum(len(block) for block in arrays)
    if not shape:
        yield np.concatenate(arrays)[None]
        return
    slab = lanes * math.prod(shape[1:])
    if slab > _AT_ONCE and len(shape) > 1:
        for k in range(shape[0]):
            yield from _pieces([block[:, k] for block in arrays], shape[1:])
        return
    step = max(1, _AT_ONCE // max(1, slab))
    for start in range(0, shape[0], step):
        parts = [block[:, start : start + step] for block in arrays]
        yield np.concatenate(
            [part.reshape(len(part), math.prod(part.shape[1:])) for part in parts]
        ).T


def _rows_of(arrays: list[np.ndarray], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many inputs each entry depends on, and their positions, counted from 0, entry by entry."""
    counts, columns, entries = [], [], 0
    for piece in _pieces(arrays, shape):
        ordered = np.ascontiguousarray(piece)
        if piece.shape[1] > 1:
            ordered = np.sort(ordered, axis=1)
        keep = np.empty(piece.shape, bool)
        keep[:, :1] = ordered[:, :1] > 0
        np.not_equal(ordered[:, 1:], ordered[:, :-1], out=keep[:, 1:])
        counts.append(np.count_nonzero(keep, axis=1))
        found = ordered[keep]
        found -= 1
        columns.append(found)
        entries += len(columns[-1])
        check_size(entries)
    return np.concatenate(counts), np.concatenate(columns)


def _union(blocks: list[Block], shape: tuple[int, ...]) -> Ragged:
    """Return the union of blocks, ordered and without repetitions."""
    arrays = [block for block in blocks if isinstance(block, np.ndarray)]
    pairs: list[Ragged] = [block for block in blocks if not isinstance(block, np.ndarray)]
    size = math.prod(shape)
    if arrays and size:
        counts, columns = _rows_of(arrays, shape)
        pairs.append(Ragged(np.repeat(np.arange(size), counts), columns, True))
        if len(pairs) == 1:
            return pairs[0]
    if not pairs:
        return Ragged(np.zeros(0, np.intp), np.zeros(0, np.int32), True)
    rows = np.concatenate([block.rows for block in pairs]).astype(np.int64, copy=False)
    columns = np.concatenate([block.columns for block in pairs])
    width = int(columns.max(initial=0)) + 1
    keys = np.sort(rows * width + columns)
    if len(keys):
        keys = keys[np.append(True, keys[1:] != keys[:-1])]
    check_size(len(keys))
    rows, inside = np.divmod(keys, width)
    return Ragged(rows, inside.astype(columns.dtype, copy=False), True)


def assemble(blocks: list[Block], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the union of blocks as CSR: ``indptr`` and column indices, sorted and without repetitions."""
    size = math.prod(shape)
    if not blocks or not size:
        return np.zeros(size + 1, np.int64), np.zeros(0, np.int32)
    if not all(isinstance(block, np.ndarray) for block in blocks):
        union = _union(blocks, shape)
        counts, columns = np.bincount(union.rows, minlength=size), union.columns
    else:
        for block in blocks:
            if len(block) * size > LARGEST and block.strides[-1] == 0:
                # Too much is said before it is sorted.
                one = block[(slice(None), *_same([block], shape))]
                check_size(len(_rows_of([one], one.shape[1:])[1]) * (size // one[0].size))
        # What was broadcast along an axis in every block is sorted once, and repeated.
        thin = [block[(slice(None), *_same(blocks, shape))] for block in blocks]
        own = thin[0].shape[1:]
        counts, columns = _rows_of(thin, own)
        if own != shape:
            places = np.broadcast_to(np.arange(len(counts)).reshape(own), shape).reshape(-1)
            starts = (np.cumsum(counts) - counts)[places]
            counts = counts[places]
            check_size(int(counts.sum()))
            ends = np.cumsum(counts)
            columns = columns[np.arange(ends[-1]) - np.repeat(ends - counts - starts, counts)]
    return np.concatenate([[0], np.cumsum(counts)]), columns
