"""Mapping: functions that NumPy calls for the user, over slices, axes, pieces and entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced, plain
from dualrev.core.levels import open_levels
from dualrev.core.mirror import stands_for
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

__all__ = ["vectorize"]


def _fitted(y: Any, like: Any) -> Any:
    """Return `y` as it is when it is written into an array of the shape and dtype of `like`."""
    y = operand(y)
    if dtype_of(y) != dtype_of(like):
        y = astype(y, dtype_of(like))
    return y if np.shape(y) == np.shape(like) else np.broadcast_to(y, np.shape(like))


@numpy_function(np.apply_along_axis, note="the function sees traced slices; a loop")
def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """Answer ``np.apply_along_axis``; shape and dtype of the first result hold for all."""
    x = array_operand(arr)
    axis = negative_axis(axis, x.ndim)
    lead = np.moveaxis(x, axis, -1)
    places = list(np.ndindex(lead.shape[:-1]))
    if not places:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    first = array_operand(func1d(lead[(*places[0], ...)], *args, **kwargs))
    results = [first]
    for place in places[1:]:
        results.append(_fitted(func1d(lead[(*place, ...)], *args, **kwargs), first))
    y = np.reshape(np.stack(results), lead.shape[:-1] + first.shape)
    # The axes of a result take the place of the axis that was used up.
    free, own = x.ndim - 1, first.ndim
    axis += x.ndim
    order = [*range(axis), *range(free, free + own), *range(axis, free)]
    return np.transpose(y, order)


@numpy_function(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """Answer ``np.apply_over_axes``; the function keeps or drops each axis."""
    y = array_operand(a)
    ndim = y.ndim
    for axis in axes if np.ndim(axes) else (axes,):
        k = int(axis) + ndim if axis < 0 else int(axis)
        result = func(y, k)
        if result.ndim != y.ndim:
            result = np.expand_dims(result, k)
        if result.ndim != y.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        y = result
    return y


def _conditions(condlist: Any, x: Any, count: int) -> list[Any]:
    """Return one plain mask per function; a missing last one is that no other holds."""
    if np.isscalar(condlist) or (
        not isinstance(condlist[0], (list, np.ndarray, Traced)) and np.ndim(x) != 0
    ):
        condlist = [condlist]
    conditions = [operand(c) for c in condlist]
    if any(isinstance(c, Traced) for c in conditions):
        raise UnsupportedError(
            "np.piecewise",
            "its conditions differ between the lanes of vmap, so the pieces have no common shape",
            "use np.where or np.select, which evaluate every piece everywhere",
        )
    masks = list(np.asarray(conditions, bool))
    if len(masks) == count - 1:
        masks.append(~np.any(masks, axis=0))
    elif len(masks) != count:
        raise ValueError(
            f"with {len(masks)} condition(s), either {len(masks)} or {len(masks) + 1} functions are expected"
        )
    return masks


@numpy_function(np.piecewise, note="each function sees its entries only; not in vmap over them")
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Answer ``np.piecewise``: the entries where a condition holds are those of its function, the last one wins."""
    x = operand(x)
    masks = _conditions(condlist, x, len(funclist))
    shape = np.shape(x)
    if not shape:
        x, masks = np.reshape(x, (1,)), [np.reshape(m, (1,)) for m in masks]
    kind = dtype_of(x)
    # Each piece goes to the end of a list of values, and `source` says where in it an entry is.
    values = [np.zeros(1, kind)]
    source = np.zeros(np.shape(x), np.intp)
    start = 1
    for mask, function in zip(masks, funclist, strict=True):
        piece = function
        if callable(function):
            entries = x[mask]
            if not entries.size:
                continue
            piece = function(entries, *args, **kw)
        count = int(np.count_nonzero(np.broadcast_to(mask, np.shape(x)[: mask.ndim])))
        rest = np.shape(x)[mask.ndim :]
        new = np.broadcast_to(astype(operand(piece), kind), (count, *rest))
        values.append(np.reshape(new, (-1,)))
        size = new.size
        source[mask] = np.arange(start, start + size).reshape(new.shape)
        start += size
    return np.reshape(np.concatenate(values)[source], shape)


# --------------------------------------------------------------------------------------------------
# Functions of single entries. NumPy converts their results to plain numbers, so the mirror has these.


def _entries(x: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return the entries of `x` broadcast to `shape`, in order: Python numbers, or traced scalars."""
    if not isinstance(x, Traced):
        return np.broadcast_to(np.asarray(x, dtype=object), shape).ravel().tolist()
    flat = np.reshape(x, (-1,))
    places = np.arange(flat.size).reshape(np.shape(x))
    return [flat[k] for k in np.broadcast_to(places, shape).ravel().tolist()]


def _collected(values: list[Any], shape: tuple[int, ...], otype: str | None) -> Any:
    """Return results, one per place of `shape`, as one array of the dtype of the first, or of `otype`."""
    first = values[0] if isinstance(values[0], Traced) else np.asarray(values[0])
    dtype = dtype_of(first) if otype is None else np.dtype(otype)
    if not any(isinstance(v, Traced) for v in values):
        y = np.empty((len(values), *first.shape), dtype)
        for k, v in enumerate(values):
            y[k] = v
        return y.reshape(shape + first.shape)
    y = np.stack([np.broadcast_to(operand(v), first.shape) for v in values])
    y = y if dtype.kind == "O" or dtype == dtype_of(y) else astype(y, dtype)
    return np.reshape(y, shape + first.shape)


def _core_axes(signature: str) -> list[list[tuple[str, ...]]]:
    """Return the names of the core axes of the arguments, and of the results.

    >>> _core_axes("(m, n),(n)->(m),()")
    [[('m', 'n'), ('n',)], [('m',), ()]]
    """
    return [
        [tuple(re.findall(r"\w+", part)) for part in re.findall(r"\(([^()]*)\)", side)]
        for side in signature.split("->")
    ]


def _match(sizes: dict[str, int], shape: tuple[int, ...], names: tuple[str, ...]) -> None:
    """Note the sizes of core axes; raise if one differs from what it was."""
    if len(shape) < len(names):
        raise ValueError(
            f"{len(shape)}-dimensional argument does not have enough dimensions for all core dimensions {names!r}"
        )
    for name, size in zip(names, shape[len(shape) - len(names) :], strict=True):
        if sizes.setdefault(name, size) != size:
            raise ValueError(
                f"inconsistent size for core dimension {name!r}: {size!r} vs {sizes[name]!r}"
            )


class vectorize(np.vectorize):
    """``np.vectorize`` whose function may take and return traced numbers; it is a loop, as NumPy's is."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = plain(args), plain(kwargs)
        traced = holds_traced(args) or holds_traced(tuple(kwargs.values()))
        if not (traced or open_levels()) or not callable(self.pyfunc):
            return super().__call__(*args, **kwargs)
        places = [k for k in range(len(args)) if k not in self.excluded]
        names = [name for name in kwargs if name not in self.excluded]

        def call(*entries: Any) -> Any:
            own, named = list(args), dict(kwargs)
            for k, entry in zip(places, entries, strict=False):
                own[k] = entry
            named.update(zip(names, entries[len(places) :], strict=True))
            return self.pyfunc(*own, **named)

        arrays = [operand(v) for v in (*(args[k] for k in places), *(kwargs[n] for n in names))]
        if self.signature is not None:
            return self._slices(call, arrays, self.signature)
        if not arrays:
            return call()
        shape = np.broadcast_shapes(*map(np.shape, arrays))
        results = [
            call(*entries) for entries in zip(*(_entries(a, shape) for a in arrays), strict=True)
        ]
        if not results:
            return super().__call__(*(np.empty(np.shape(a)) for a in arrays))
        return self._joined(results, shape)

    def _joined(self, results: list[Any], shape: tuple[int, ...]) -> Any:
        otypes = self.otypes
        if not isinstance(results[0], tuple):
            return _collected(results, shape, otypes[0] if otypes else None)
        return tuple(
            _collected(list(column), shape, otypes[k] if otypes else None)
            for k, column in enumerate(zip(*results, strict=True))
        )

    def _slices(self, call: Callable[..., Any], arrays: Sequence[Any], signature: str) -> Any:
        """Loop over the axes in front of the core axes that the signature names."""
        inputs, outputs = _core_axes(signature)
        if len(arrays) != len(inputs):
            raise TypeError(
                f"wrong number of positional arguments: expected {len(inputs)!r}, got {len(arrays)!r}"
            )
        sizes: dict[str, int] = {}
        for a, names in zip(arrays, inputs, strict=True):
            _match(sizes, np.shape(a), names)
        loops = [
            np.shape(a)[: np.ndim(a) - len(names)] for a, names in zip(arrays, inputs, strict=True)
        ]
        shape = np.broadcast_shapes(*loops)
        whole = [
            np.broadcast_to(a, shape + tuple(sizes[n] for n in names))
            for a, names in zip(arrays, inputs, strict=True)
        ]
        results = []
        for place in np.ndindex(shape):
            result = call(*(a[place] for a in whole))
            parts = result if isinstance(result, tuple) else (result,)
            if len(parts) != len(outputs):
                raise ValueError(
                    f"wrong number of outputs from pyfunc: expected {len(outputs)!r}, got {len(parts)!r}"
                )
            for part, names in zip(parts, outputs, strict=True):
                _match(sizes, np.shape(operand(part)), names)
            results.append(result)
        if not results:
            return super().__call__(*(np.empty(np.shape(a)) for a in arrays))
        return self._joined(results, shape)


stands_for(np.vectorize)(vectorize)


numpy_function(np.frompyfunc, kind="passes", note="the ufunc it makes takes traced values")(
    np.frompyfunc
)
