"""Where a solver starts: the user's x0, of any structure, as the flat float64 vector that SciPy's codes take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optree

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError, ShapeError, describe

__all__ = ["Point"]

_FLOAT64 = np.dtype(np.float64)
_NUMBERS = (int, float, complex, np.generic, Traced)


class Point:
    """An initial guess, and the way between its structure and the flat vector.

    Parameters
    ----------
    x0 : number, array, or container of them
        A number, and an array or a list of numbers of which at most one axis is longer than 1 (a column, a row), is a
        vector: the user's function receives the flat vector itself, as from SciPy. A matrix keeps its shape. Dicts,
        dataclasses, named tuples, and lists and tuples that hold arrays are containers; a list of numbers in them is an
        array. All entries become float64.
    name : str
        The solver, for messages.

    Attributes
    ----------
    flat : ndarray
        A fresh float64 vector, C-contiguous.
    is_vector : bool
        The function receives the flat vector as it is.

    Raises
    ------
    InputError
        If an entry is complex or no number.
    """

    __slots__ = ("_ends", "_shapes", "_structure", "flat", "is_vector", "name")

    flat: np.ndarray
    _shapes: list[tuple[int, ...]]
    _ends: list[int]
    _structure: Any

    def __init__(self, x0: Any, name: str = "minimize") -> None:
        self.name = name
        if isinstance(x0, Point):
            x0 = x0.restore(x0.flat)
        one = self._one_array(x0)
        if one is not None and max(one.shape, default=1) == one.size:
            self.is_vector = True
            self.flat = one.reshape(-1)
            self._structure, self._shapes, self._ends = None, [self.flat.shape], [one.size]
            return
        self.is_vector = False
        if one is None:
            leaves, self._structure = optree.tree_flatten(x0, is_leaf=_is_list, namespace="dualrev")
        else:
            leaves, self._structure = [one], None
        arrays = [self._array(leaf) for leaf in leaves]
        self._shapes = [a.shape for a in arrays]
        self._ends = np.cumsum([a.size for a in arrays], dtype=int).tolist()
        self.flat = np.concatenate([a.reshape(-1) for a in arrays]) if arrays else np.zeros(0)

    def _one_array(self, x0: Any) -> np.ndarray | None:
        """Return `x0` as one array, None if it is a container."""
        if type(x0) in (list, tuple):
            return self._array(x0) if _is_numbers(x0) else None
        if x0 is None or isinstance(x0, (np.ndarray, *_NUMBERS)) or hasattr(x0, "__array__"):
            return self._array(x0)
        leaves: list[Any] = flatten(x0)[0]
        if len(leaves) == 1 and leaves[0] is x0:
            return self._array(x0)  # what is no number is refused there
        return None

    def _array(self, leaf: Any) -> np.ndarray:
        """Return one leaf as a fresh float64 array."""
        try:
            a: np.ndarray = np.asarray(value(_plain(leaf)))
        except ValueError as error:  # lists of unequal lengths
            raise InputError(f"{self.name}: x0 is no array of numbers: {error}") from error
        if a.dtype.kind == "c":
            raise InputError(
                f"{self.name}: x0 is complex, and only real numbers are ordered. Optimise over the real and the "
                'imaginary parts, for instance x0 = {"re": z.real, "im": z.imag}.'
            )
        if a.dtype.kind not in "fiub":
            raise InputError(
                f"{self.name}: x0 is or holds {describe(leaf)}; it is made of numbers, arrays of numbers, and "
                "containers (dict, tuple, list, dataclass) of these"
            )
        return np.array(a, dtype=_FLOAT64, order="C")

    @property
    def size(self) -> int:
        """Number of variables."""
        return self.flat.size

    def restore(self, flat: Any) -> Any:
        """Return what the user's function receives for a flat vector, which may be traced.

        A vector is returned as it is; otherwise arrays are copies, so that writing into them leaves `flat` alone.
        """
        if self.is_vector:
            return flat
        parts = []
        start = 0
        for shape, end in zip(self._shapes, self._ends, strict=True):
            if shape:
                part = flat[start:end].reshape(shape)
                parts.append(part if isinstance(flat, Traced) else part.copy())
            else:
                parts.append(flat[start])
            start = end
        return (
            parts[0] if self._structure is None else optree.tree_unflatten(self._structure, parts)
        )

    def ravel(self, tree: Any, word: str = "gradient") -> Any:
        """Return a tree of the structure of x0 as a flat vector; traced if a leaf is.

        Raises
        ------
        ShapeError
            If structure or shapes differ from those of x0.
        """
        if self.is_vector:
            flat = np.ravel(tree)
            if flat.shape != self.flat.shape:
                raise self._misfit(word, f"has {flat.size} entries, x0 has {self.size}")
            return flat
        leaves = self.leaves_of(tree, word)
        for leaf, shape in zip(leaves, self._shapes, strict=True):
            if np.shape(leaf) != shape:
                raise self._misfit(
                    word, f"has a leaf of shape {np.shape(leaf)} where x0 has {shape}"
                )
        if len(leaves) == 1:
            return np.ravel(leaves[0])
        return np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.zeros(0)

    def spread(self, tree: Any, word: str, default: float = 0.0, dtype: Any = float) -> Any:
        """Return a tree of the structure of x0, or of less, as a flat vector.

        A leaf (and the whole tree) may be a scalar for all entries below it, and None stands for `default`.
        """
        if isinstance(tree, (np.ndarray, Traced)) and np.shape(tree) == self.flat.shape:
            return np.ravel(_filled(tree, default, dtype))
        out = []
        for leaf, shape in zip(self.leaves_of(tree, word), self._shapes, strict=True):
            part = _filled(leaf, default, dtype)
            size = math.prod(shape)
            if np.size(part) == size:
                out.append(np.ravel(part))
                continue
            try:
                out.append(np.ravel(np.broadcast_to(part, shape)))
            except ValueError:
                raise self._misfit(
                    word, f"has a leaf of shape {np.shape(part)} where x0 has {shape}"
                ) from None
        return np.concatenate(out) if out else np.zeros(0, dtype)

    def leaves_of(self, tree: Any, word: str) -> list[Any]:
        """Return one part of `tree` per leaf of x0; the parts may be of any structure themselves."""
        if self._structure is None:
            return [tree]
        if np.isscalar(tree) or tree is None:
            return [tree] * len(self._shapes)
        try:
            return list(self._structure.flatten_up_to(tree))
        except (ValueError, TypeError) as error:
            raise self._misfit(word, f"has not the structure of x0: {error}") from None

    def slices(self) -> list[slice]:
        """Return where each leaf stands in the flat vector."""
        starts = [0, *self._ends[:-1]]
        return [slice(a, b) for a, b in zip(starts, self._ends, strict=True)]

    def _misfit(self, word: str, what: str) -> ShapeError:
        return ShapeError(f"{self.name}: the {word} {what}")


def _is_list(x: Any) -> bool:
    """Say whether a part of a container is an array, written as a list; tuples are containers."""
    return type(x) is list and bool(x) and _is_numbers(x)


def _plain(leaf: Any) -> Any:
    """Strip traced entries of nested lists."""
    if type(leaf) in (list, tuple):
        return [_plain(v) for v in leaf]
    return value(leaf)


def _is_numbers(x: Any) -> bool:
    """Say whether a list is made of numbers (or of None, by mistake) and lists of them, and so is an array."""
    if type(x) in (list, tuple):
        return all(_is_numbers(v) for v in x)
    return x is None or isinstance(x, _NUMBERS) or (isinstance(x, np.ndarray) and not x.ndim)


def _filled(leaf: Any, default: Any, dtype: Any) -> Any:
    """Return a part with `default` in place of None; traced values stay."""
    if leaf is None:
        return np.array(default)
    if isinstance(leaf, (list, tuple)):
        leaf = [default if v is None else v for v in leaf]
    array = operand(leaf)
    return array if isinstance(array, Traced) else np.asarray(array, dtype)
