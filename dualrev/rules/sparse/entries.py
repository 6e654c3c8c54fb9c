"""What a sparse array with traced entries does entry by entry, and the methods of SciPy's that it does not have."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.facts import Described

__all__ = ["Entrywise"]

# SciPy's list: these are zero at zero, so that the pattern stays.
_FIXING_ZERO = (
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "ceil",
    "deg2rad",
    "expm1",
    "floor",
    "log1p",
    "rad2deg",
    "rint",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
)
_DENSE = "its result would be a sparse array of another pattern, which depends on the entries"
_IN_PLACE = "its pattern and entries are fixed"
_REFUSED = {
    "argmax": (_DENSE, "use A.toarray()"),
    "argmin": (_DENSE, "use A.toarray()"),
    "maximum": (_DENSE, "use np.maximum of A.toarray()"),
    "minimum": (_DENSE, "use np.minimum of A.toarray()"),
    "nanmax": (_DENSE, "use np.nanmax of A.toarray()"),
    "nanmin": (_DENSE, "use np.nanmin of A.toarray()"),
    "eliminate_zeros": (_IN_PLACE, "leave it out: entries that are zero do no harm"),
    "resize": (_IN_PLACE, "slice it, or stack it with zeros"),
    "setdiag": (_IN_PLACE, "add a diags_array to it"),
    "sort_indices": (_IN_PLACE, "convert it: A.tocsc().tocsr()"),
}


class Entrywise(Described):
    """Functions of the entries; see `TracedSparse`."""

    __slots__ = ()

    def max(self, axis: Any = None, out: Any = None, *, explicit: bool = False) -> Any:
        """Return the largest entry; the places without one count as zeros, unless `explicit`."""
        return self._extreme("max", axis, explicit)

    def min(self, axis: Any = None, out: Any = None, *, explicit: bool = False) -> Any:
        """Return the smallest entry; the places without one count as zeros, unless `explicit`."""
        return self._extreme("min", axis, explicit)

    def _extreme(self, name: str, axis: Any, explicit: bool) -> Any:
        if axis is not None:
            raise UnsupportedError(
                f"{name} of a sparse array along an axis", _DENSE, "use A.toarray()"
            )
        merged = self.merged()
        entries = merged._data
        if merged.nnz < merged.shape[0] * merged.shape[1] and not explicit:
            entries = np.concatenate([entries, np.zeros(1, merged.dtype)])
        return getattr(np, name)(entries)


def _entrywise(name: str) -> None:
    ufunc = getattr(np, name)

    def method(self: Any) -> Any:
        merged = self.merged()
        return merged._with(ufunc(merged._data))

    method.__name__ = name
    method.__doc__ = f"Return ``np.{name}`` of each entry."
    setattr(Entrywise, name, method)


def _refuse(name: str) -> None:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"{name} of a sparse array", *_REFUSED[name])

    method.__name__ = name
    method.__doc__ = f"Refuse {name}."
    setattr(Entrywise, name, method)


for _name in _FIXING_ZERO:
    _entrywise(_name)
for _name in _REFUSED:
    _refuse(_name)
