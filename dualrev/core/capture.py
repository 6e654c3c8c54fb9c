"""Captured arrays: plain arrays that the sweep will read again must not change in between.

Small ones are copied when an operation keeps them. Large ones are made read-only, they and the arrays they are views
of, until the level closes; a write then raises NumPy's "read-only" error, to which the transform adds the reason. A
lock is counted, as several levels and threads may hold the same array.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

__all__ = ["Captures"]

# Copying 2048 doubles takes about 1 us, the price of one small NumPy call.
COPY_LIMIT = 2048

_guard = threading.Lock()
_locked: dict[int, list[Any]] = {}


class Captures:
    """The arrays that one level keeps for its sweep."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held: dict[int, np.ndarray] = {}

    def keep(self, array: np.ndarray) -> np.ndarray:
        """Return `array`, or a copy, such that the numbers in it stay as they are until `release`."""
        if array.size <= COPY_LIMIT:
            return array.copy()
        chain = [array]
        while isinstance(chain[-1].base, np.ndarray):
            chain.append(chain[-1].base)
        if chain[-1].base is not None:
            # Memory of somebody else (a buffer, a memory map): NumPy cannot lock it.
            return array.copy()
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

    def release(self) -> None:
        """Give back the right to write."""
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
