"""What a training loop runs over: batches of the data, and a bar that shows how far it has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.core.extras import extra
from dualrev.errors import InputError, ShapeError, describe

__all__ = ["Batches", "Progress", "batches", "progress"]


class Progress:
    """An iterable with a progress bar; see `progress`.

    Attributes
    ----------
    reported : dict
        The numbers shown last.
    """

    def __init__(
        self, items: Iterable[Any], description: str, total: int | None, show: bool
    ) -> None:
        self._items = items
        self._options: dict[str, Any] = {"desc": description}
        if total is not None:
            self._options["total"] = total
        self._draw = (
            extra(
                "tqdm.auto",
                "progress",
                "nn.progress (show=True, in nn.fit progress=True) draws with tqdm",
            ).tqdm
            if show
            else None
        )
        self._bar: Any = None
        self.reported: dict[str, float] = {}

    def __iter__(self) -> Iterator[Any]:
        if self._draw is None:
            yield from self._items
            return
        bar = self._bar = self._draw(self._items, **self._options)
        try:
            yield from bar
        finally:
            # Also after a break or an error in the loop.
            bar.close()
            self._bar = None

    def __len__(self) -> int:
        return self._options.get("total") or len(self._items)  # type: ignore[arg-type]

    def report(self, **numbers: Any) -> None:
        """Show numbers behind the bar, such as ``report(loss=loss)``; variables are shown by their value."""
        self.reported = {name: float(value(number)) for name, number in numbers.items()}
        if self._bar is not None:
            text = ", ".join(f"{name}={number:.4g}" for name, number in self.reported.items())
            self._bar.set_postfix_str(text, refresh=False)


def progress(
    items: Iterable[Any], description: str = "", *, total: int | None = None, show: bool = True
) -> Progress:
    """Return an iterable over `items` that draws a progress bar, in a terminal or a notebook.

    Parameters
    ----------
    items : iterable
    description : str
        In front of the bar.
    total : int, optional
        Number of items, where ``len(items)`` does not know it.
    show : bool
        With False there is no bar, and nothing else differs.

    Returns
    -------
    Progress
        Its method ``report(loss=loss)`` shows numbers behind the bar.

    Raises
    ------
    ImportError
        If tqdm is missing: ``pip install dualrev[progress]``.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> x = dr.variable(1.0)
    >>> bar = nn.progress(range(3), show=False)
    >>> for _ in bar:
    ...     loss = x**2
    ...     bar.report(loss=loss)
    >>> bar.reported
    {'loss': 1.0}
    """
    return Progress(items, description, total, show)


class Batches:
    """An iterable over batches, which may be run over again and again; see `batches`."""

    def __init__(
        self, arrays: tuple[Any, ...], size: int | None, shuffle: bool, rng: Any, drop_last: bool
    ) -> None:
        if not arrays:
            raise InputError("batches: pass the arrays, batches(X, y, size=32)")
        self.arrays: tuple[Any, ...] = tuple(
            a if isinstance(a, (np.ndarray, Traced)) else np.asarray(a) for a in arrays
        )
        for k, a in enumerate(self.arrays):
            if a.ndim == 0 or len(a) != len(self.arrays[0]):
                raise ShapeError(
                    f"batches: array {k} is {describe(a)}; all need the first axis of array 0, "
                    f"{describe(self.arrays[0])}"
                )
        self.n = len(self.arrays[0])
        if size is not None and (size != int(size) or size < 1):
            raise ValueError(
                f"batches: size={size!r} must be a positive integer, or None for all data"
            )
        self.size = self.n if size is None else int(size)
        if drop_last and self.size > self.n:
            raise ValueError(
                f"batches: size={self.size} of {self.n} examples with drop_last=True leaves no batch at all"
            )
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rng = np.random.default_rng(rng)

    def __len__(self) -> int:
        return self.n // self.size if self.drop_last else -(-self.n // max(self.size, 1))

    def __iter__(self) -> Iterator[Any]:
        order = self.rng.permutation(self.n) if self.shuffle else None
        for k in range(len(self)):
            part: Any = slice(k * self.size, (k + 1) * self.size)
            if order is not None:
                part = order[part]
            chosen = tuple(a[part] for a in self.arrays)
            yield chosen if len(chosen) > 1 else chosen[0]


def batches(
    *arrays: Any,
    size: int | None = 32,
    shuffle: bool = True,
    rng: Any = None,
    drop_last: bool = False,
) -> Batches:
    """Return an iterable over batches of examples, in a new random order each time it is run over.

    Parameters
    ----------
    *arrays : array_like
        With the examples along the first axis, and of the same length.
    size : int, optional
        Examples per batch; the last batch may have fewer. None for all in one.
    shuffle : bool
    rng : None, int or numpy.random.Generator
        What shuffles.
    drop_last : bool
        Leave out a last batch with fewer examples.

    Returns
    -------
    iterable
        Of tuples with a part of every array, or of parts if there is one array only. ``len`` is the number of batches.

    Raises
    ------
    ShapeError
        If the arrays differ in length.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> for a, b in nn.batches(X, y, size=2, shuffle=False):
    ...     print(a.shape, b)
    (2, 2) [0 1]
    (2, 2) [2 3]
    (1, 2) [4]
    """
    return Batches(arrays, size, shuffle, rng, drop_last)
