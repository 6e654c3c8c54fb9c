"""What ``x.data`` gives: the plain value of a variable, which augmented assignment replaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.bind import DECAYING
from dualrev.errors import LeafWriteError

__all__ = ["Contents", "contents"]


class Contents(np.ndarray):
    """The value of a variable as a read-only array.

    ``p.data -= step``, the idiom of the tutorials, is an operation in place. What was recorded keeps the array, so it
    must not be written to: the variable gets a new array instead. Results of all other operations are plain arrays.
    """

    # The variable; derived arrays have none.
    _of: Any = None

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        plain = [_plain(x) for x in inputs]
        if out is None:
            return getattr(ufunc, method)(*plain, **kwargs)
        owner = self._of
        if method == "__call__" and owner is not None and out[0] is self is inputs[0]:
            owner.data = ufunc(*plain, **kwargs)
            return owner.data
        return getattr(ufunc, method)(*plain, out=tuple(map(_plain, out)), **kwargs)

    def __setitem__(self, index: Any, new: Any) -> None:
        raise LeafWriteError(
            "a write into x.data",
            "write into x itself inside `with dualrev.no_grad():`, or replace all of it, x.data = new",
        )

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if type(x) is Contents else x


def contents(x: Any, plain: Any) -> Any:
    """Return the value `plain` of the variable `x`, tied to it if it is an array."""
    if type(plain) is not np.ndarray or not x.is_leaf:
        return plain
    out = plain.view(Contents)
    out._of = x
    return out


DECAYING.add(Contents)
