"""Dependence: what rules state of how entries of a result depend on entries of their operands, for sparsity.

`Primitive.pattern` is one of these words, a line of labels, or a function ``(primals, y, **params)`` that returns
labels or, per operand, positions, `Entries`, a function that makes one of them when it is needed, or None:

- ``"elementwise"``: the entry at the same place, under broadcasting;
- ``"movement"``: the operation only moves entries, so it can be applied to their positions;
- ``"reduction"``: all entries along the parameter `axis` (all axes if it is None or missing), which is summed away;
- ``"lines"``: all entries along the parameter `axis`, which stays;
- ``"running"``: the entries up to the same place along `axis`;
- ``"dense"``: all entries of all operands; ``"none"``: nothing;
- labels such as ``"...ab,...ck->...dk"``, one letter per axis: axes that operand and result share go entry by entry,
  over the others everything depends on everything; ``-`` stands for an operand that does not count. Several results
  are separated by commas, if it is not the same for all. A function may return a list with what is said of each.

Positions are an integer array of shape ``(lanes, *y.shape)``: lane after lane the flat position in the operand, counted
from 1, of an entry that the result depends on; 0 for none.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from dualrev.errors import PatternError, RegistrationError

__all__ = [
    "LARGEST",
    "Entries",
    "check_size",
    "per_matrix",
    "places",
    "running",
    "scattered",
    "small",
    "windows",
]

# More entries than this no pattern has.
LARGEST = 2**29


WORDS = ("elementwise", "movement", "reduction", "lines", "running", "dense", "none")


def check_fact(name: str, fact: Any, arity: int | None) -> None:
    """Refuse what is no fact, when a primitive is declared.

    Raises
    ------
    RegistrationError
        If it is no known word, or the labels are not one term per argument.
    """
    if callable(fact):
        return
    if not isinstance(fact, str) or (fact not in WORDS and "->" not in fact):
        raise RegistrationError(
            f"{name}: pattern= is one of {WORDS}, labels such as '...ab,...b->...a', or a function, not {fact!r}"
        )
    terms = fact.partition("->")[0].split(",")
    if "->" in fact and len(terms) != arity:
        raise RegistrationError(
            f"{name}: pattern={fact!r} has labels for {len(terms)} arguments, the operation has {arity}"
        )


def check_size(entries: int) -> None:
    """Refuse a relation of so many entries."""
    if entries > LARGEST:
        raise PatternError(
            f"the pattern has more than {LARGEST} entries: the matrix is all but dense",
            "use products with it (dualrev.jvp, dualrev.vjp, dualrev.hvp), or give the pattern of the part you need",
        )


class Entries(NamedTuple):
    """A relation entry by entry: flat positions, counted from 0, in the result and in the operand."""

    rows: np.ndarray
    columns: np.ndarray


def places(shape: tuple[int, ...]) -> np.ndarray:
    """Return the positions of the entries of an array, counted from 1.

    >>> places((2, 2))
    array([[1, 2],
           [3, 4]])
    """
    return np.arange(1, math.prod(shape) + 1).reshape(shape)


def running(shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Return the positions of a running operation: every entry depends on those up to it along `axis`.

    >>> running((3,), -1)
    array([[1, 1, 1],
           [0, 2, 2],
           [0, 0, 3]])
    """
    along = np.moveaxis(places(shape), axis, 0)
    count = len(along)
    lanes = np.expand_dims(along, axis + len(shape) + 1 if axis < 0 else axis + 1)
    order = np.arange(count).reshape(
        [-1 if k == axis % len(shape) else 1 for k in range(len(shape))]
    )
    earlier = np.arange(count).reshape([-1] + [1] * len(shape)) <= order
    return np.where(earlier, lanes, 0)


def per_matrix(related: np.ndarray, count: int) -> Entries:
    """Return the relation of a stack of `count` matrices, from the table of which entry depends on which in one.

    >>> per_matrix(np.array([[True, False], [True, True]]), 2)
    Entries(rows=array([0, 1, 1, 2, 3, 3]), columns=array([0, 0, 1, 2, 2, 3]))
    """
    rows, columns = np.nonzero(related)
    stack = np.arange(count)[:, None]
    return Entries(
        (stack * related.shape[0] + rows).ravel(), (stack * related.shape[1] + columns).ravel()
    )


def small(shape: tuple[int, ...]) -> bool:
    """Say whether relations between the entries of matrices are worth a table; those of large ones are near dense."""
    return math.prod(shape) * math.prod(shape[-2:]) <= 2**18


def scattered(into: Any) -> Entries:
    """Return the relation in which entry k of the operand goes to position ``into[k]``, counted from 0, of the result.

    >>> scattered(np.array([2, 0, 2]))
    Entries(rows=array([2, 0, 2]), columns=array([0, 1, 2]))
    """
    rows = np.ravel(np.asarray(into, np.intp))
    return Entries(rows, np.arange(len(rows)))


def windows(
    shape: tuple[int, ...], kernel: Any, starts: tuple[int, ...], target: tuple[int, ...]
) -> np.ndarray:
    """Return the positions of a convolution: entry k depends on ``start + k - i`` where ``kernel[i]`` is not 0.

    `starts` has one number for each of the last axes that are convolved.

    >>> windows((4,), np.array([1.0, 0.0, -1.0]), (2,), (2,))
    array([[3, 4],
           [1, 2]])
    """
    own = len(starts)
    lead, core, size = (
        target[: len(target) - own],
        shape[len(shape) - own :],
        target[len(target) - own :],
    )
    kernel = np.asarray(kernel) != 0
    kernel = kernel.any(axis=tuple(range(kernel.ndim - own)))
    stack = shape[: len(shape) - own]
    base = np.broadcast_to((places(stack) - 1) * math.prod(core), lead).reshape(lead + (1,) * own)
    lanes = []
    for offset in np.argwhere(kernel):
        inside: Any = True
        flat: Any = 0
        for k in range(own):
            at = starts[k] + np.arange(size[k]) - offset[k]
            at = at.reshape([-1 if j == k else 1 for j in range(own)])
            inside = inside & (at >= 0) & (at < core[k])
            flat = flat * core[k] + at
        lanes.append(np.where(inside, base + flat + 1, 0))
    return np.stack(lanes) if lanes else np.zeros((0, *target), int)
