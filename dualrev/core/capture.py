"""Captured arrays: plain arrays that the sweep will read again must not change in between.

Small ones are copied when an operation keeps them. Large ones are made read-only, they and the arrays they are views
of, until the level closes; a write then raises NumPy's "read-only" error, to which the transform adds the reason. A
lock is counted, as several levels and threads may hold the same array. A view that the user made before the lock stays
writable, which NumPy gives no means to see; a fingerprint, taken at the lock and compared before the sweep, finds such
writes (for more than 2¹⁷ entries it samples, so a write to few entries of a very large array through an older view
is the one case that can pass).
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np

from dualrev.errors import CapturedWriteError

__all__ = ["Captures"]

# Copying 2048 doubles takes about 0.5 us, less than two small NumPy calls.
COPY_LIMIT = 2048

# Entries up to which the fingerprint reads all of an array (about 30 us), and the size of its sample beyond.
FULL_LIMIT = 2**17
SAMPLE = 2**14

_guard = threading.Lock()
_locked: dict[int, list[Any]] = {}


class Captures:
    """The arrays that one level keeps for its sweep."""

    __slots__ = ("copies", "copying", "held", "prints")

    def __init__(self, copying: bool = False) -> None:
        self.copying = copying
        # Of large arrays, by identity: the array and its last copy, both held weakly.
        self.copies: dict[int, tuple[Any, Any]] = {}
        self.held: dict[int, np.ndarray] = {}
        self.prints: dict[int, tuple[np.ndarray, tuple[int, int]]] = {}

    def keep(self, array: np.ndarray) -> np.ndarray:
        """Return `array`, or a copy, such that the numbers in it stay as they are until `release`."""
        if array.size <= COPY_LIMIT:
            return array.copy()
        if self.copying:
            return self._copied(array)
        chain = [array]
        while isinstance(chain[-1].base, np.ndarray):
            chain.append(chain[-1].base)
        owner: Any = chain[-1].base
        if owner is not None:
            # Memory of somebody else (a buffer, a memory map): NumPy cannot lock it.
            return array.copy()
        if id(array) not in self.prints:
            self.prints[id(array)] = array, _fingerprint(array)
        with _guard:
            for link in chain:
                if id(link) in self.held:
                    continue
                entry = _locked.get(id(link))
                if entry is None:
                    if not link.flags.writeable:
                        continue
                    entry = _locked[id(link)] = [link, 0]
                    link.flags.writeable = False
                entry[1] += 1
                self.held[id(link)] = link
        return array

    def _copied(self, array: np.ndarray) -> np.ndarray:
        """Return a copy: the last one, if it still has the same bits, as when one matrix is used again and again."""
        if not array.flags.c_contiguous or array.itemsize % 8:
            return array.copy()
        source, last = self.copies.get(id(array), (None, None))
        if source is not None and source() is array:
            copy: np.ndarray | None = last()
            if copy is not None and np.array_equal(copy.view(np.uint64), array.view(np.uint64)):
                return copy
        copy = array.copy()
        key = id(array)
        self.copies[key] = (
            weakref.ref(array),
            weakref.ref(copy, lambda gone: self._forget(key, gone)),
        )
        return copy

    def _forget(self, key: int, gone: Any) -> None:
        if self.copies.get(key, (None, None))[1] is gone:
            del self.copies[key]

    def verify(self) -> None:
        """Raise `CapturedWriteError` if a kept array has changed since."""
        for array, fingerprint in self.prints.values():
            if _fingerprint(array) != fingerprint:
                raise CapturedWriteError(
                    f"an array of shape {array.shape} was written to after its use, through a view made before"
                )

    def release(self) -> None:
        """Give back the right to write."""
        self.prints.clear()
        if not self.held:
            return
        with _guard:
            # Owners before their views: NumPy refuses to make a view of a read-only array writable.
            for key in sorted(self.held, key=lambda k: self.held[k].base is not None):
                entry = _locked[key]
                entry[1] -= 1
                if entry[1] == 0:
                    del _locked[key]
                    entry[0].flags.writeable = True
            self.held.clear()


def _fingerprint(array: np.ndarray) -> tuple[int, int]:
    """Two sums over the bits of the entries, which tell writes and reorderings."""
    flat = array.ravel() if array.flags.c_contiguous else array.ravel("K")
    if flat.size > FULL_LIMIT:
        flat = flat[:: flat.size // SAMPLE].copy()
    bits = flat.view(np.uint8 if flat.itemsize < 8 else np.uint64)
    return int(np.add.reduce(bits, dtype=np.uint64)), int(np.add.reduce(bits[::3], dtype=np.uint64))
