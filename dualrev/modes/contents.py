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
    must not be written to: the variable gets a new array instead. Everything else is asked of the plain array inside,
    so that no result is tied to the variable.
    """

    # The variable; arrays that NumPy derives by itself have none.
    _of: Any = None

    def __getattribute__(self, name: str) -> Any:
        if name[0] == "_" or name == "view":
            return super().__getattribute__(name)
        return getattr(self.view(np.ndarray), name)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        plain = [_plain(x) for x in inputs]
        if out is None:
            return getattr(ufunc, method)(*plain, **kwargs)
        if method == "__call__" and out[0] is self is inputs[0]:
            new = ufunc(*plain, **kwargs)
            if self._of is None or not np.may_share_memory(plain[0], self._of.primal):
                # A keepsake of an earlier value: the variable has another one by now.
                return new
            self._of.data = new
            return self._of.data
        return getattr(ufunc, method)(*plain, out=tuple(map(_plain, out)), **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*_plain(args), **_plain(kwargs))

    def __setitem__(self, index: Any, new: Any) -> None:
        raise LeafWriteError(
            "a write into x.data",
            "write into x itself inside `with dualrev.no_grad():`, or replace all of it, x.data = new",
        )

    def __getitem__(self, index: Any) -> Any:
        return self.view(np.ndarray)[index]

    def __iter__(self) -> Any:
        return iter(self.view(np.ndarray))

    def __copy__(self) -> Any:
        return self.view(np.ndarray).copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.view(np.ndarray).copy()

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).__reduce__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.view(np.ndarray).__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __str__(self) -> str:
        return str(self.view(np.ndarray))


def _plain(x: Any) -> Any:
    """Return `x` with plain arrays in place of contents, also in lists, tuples and dicts."""
    if type(x) is Contents:
        return x.view(np.ndarray)
    if type(x) in (list, tuple):
        return type(x)(map(_plain, x))
    return {k: _plain(v) for k, v in x.items()} if type(x) is dict else x


def contents(x: Any, plain: Any) -> Any:
    """Return the value `plain` of the variable `x`, tied to it if it is an array."""
    if type(plain) is not np.ndarray or not x.is_leaf:
        return plain
    out = plain.view(Contents)
    out._of = x
    return out


DECAYING.add(Contents)
