"""Jacobians and Hessians in vector mode: many directions in one pass, split into chunks by a memory budget."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.levels import next_depth
from dualrev.derivatives.gradient import Gradient
from dualrev.derivatives.passes import Argnums, Inputs, ReversePass, push, record
from dualrev.derivatives.transform import Transform
from dualrev.errors import OutputError
from dualrev.modes.batch import Batch, batched

__all__ = ["hessian", "jacobian", "value_and_jacobian"]

# One array with all its lanes takes at most this many bytes; beyond, the lanes go in several passes. The processor's
# caches, not its memory, set it: past them wider passes gain nothing (measured on 10⁴ entries: no gain past 64 lanes).
LANE_BYTES = 2**25
_FLOAT64 = np.dtype(np.float64)
# Up to this many directions forward mode is tried without asking for the size of the output first.
FEW = 24


class _Jacobian(Transform):
    name = "jacobian"
    argnums: Argnums
    mode: str
    chunk: int | None
    has_aux: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inputs = Inputs(self.name, args, self.argnums)
        recorded = None
        mode = self.mode
        if mode == "auto":
            directions = _directions(inputs.leaves)
            mode = "forward"
            if directions > FEW:
                recorded = record(self.name, inputs, self.f, kwargs, self.has_aux)
                if _directions(recorded.outputs) < directions:
                    mode = "reverse"
        if mode == "forward":
            if recorded is not None:
                recorded.tape.captures.release()
                recorded = None
            blocks, rebuild, aux = self._forward(inputs, kwargs)
        else:
            recorded = recorded or record(self.name, inputs, self.f, kwargs, self.has_aux)
            try:
                blocks, rebuild, aux = self._reverse(inputs, recorded)
            finally:
                recorded.tape.captures.release()
        result = rebuild([inputs.structure(row) for row in blocks])
        return (result, aux) if self.has_aux else result

    # -- forward --------------------------------------------------------------------------------------------------

    def _forward(self, inputs: Inputs, kwargs: dict[str, Any]) -> Any:
        leaves = inputs.leaves
        x = leaves[0] if leaves else None
        if len(leaves) == 1 and type(x) is np.ndarray and x.dtype is _FLOAT64 and 0 < x.size <= FEW:
            return self._small(inputs, x, kwargs)
        total = _directions(leaves)
        width = self.chunk or max(1, LANE_BYTES // (8 * max(1, total)))
        pieces: list[list[Any]] = []
        ys: list[Any] = []
        rebuild: Any = None
        aux = None
        for start in range(0, max(total, 1), width):
            stop = min(start + width, total)
            seeds = _seeds(leaves, start, stop)
            ys, ts, rebuild, aux = push(
                self.name, inputs, self.f, seeds, kwargs, stop - start, self.has_aux
            )
            pieces.append([_filled(y, t, stop - start) for y, t in zip(ys, ts, strict=True)])
        return self._blocks(leaves, ys, pieces), rebuild, aux

    def _small(self, inputs: Inputs, x: np.ndarray, kwargs: dict[str, Any]) -> Any:
        """Take all directions of one small array at once: what a solver asks for, thousands of times."""
        ys, ts, rebuild, aux = push(
            self.name, inputs, self.f, [_unit(x)], kwargs, x.size, self.has_aux
        )
        if len(ys) == 1 and ts[0] is not None and _is_own(ts[0], x):
            return [[_block(ys[0], ts[0], x)]], rebuild, aux
        pieces = [_filled(y, t, x.size) for y, t in zip(ys, ts, strict=True)]
        return self._blocks([x], ys, [pieces]), rebuild, aux

    def _blocks(self, leaves: list[Any], ys: list[Any], pieces: list[list[Any]]) -> Any:
        """Cut the tangents of all chunks into one block per output and input."""
        if len(ys) == len(leaves) == len(pieces) == 1 and _is_own(pieces[0][0], leaves[0]):
            return [[_block(ys[0], pieces[0][0], leaves[0])]]
        blocks = []
        for k, y in enumerate(ys):
            _check_output(self.name, y)
            columns = pieces[0][k] if len(pieces) == 1 else np.concatenate([p[k] for p in pieces])
            row, start = [], 0
            for x in leaves:
                count = _size(x)
                if dtype_of(x).kind == "c":
                    block = _holomorphic(
                        self.name,
                        columns[start : start + count],
                        columns[start + count : start + 2 * count],
                        y,
                    )
                    start += 2 * count
                else:
                    block = columns[start : start + count]
                    start += count
                # From direction-first to y.shape + x.shape.
                axes = (*range(1, block.ndim), 0)
                row.append(_own(np.reshape(np.transpose(block, axes), (*y.shape, *x.shape)), x, y))
            blocks.append(row)
        return blocks

    # -- reverse --------------------------------------------------------------------------------------------------

    def _reverse(self, inputs: Inputs, recorded: ReversePass) -> Any:
        leaves, ys = inputs.leaves, recorded.outputs
        for y in ys:
            _check_output(self.name, y)
        total = _directions(ys)
        if total == 1 and np.shape(ys[0]) == ():
            pulled = recorded.finish(recorded.pull([dtype_of(ys[0]).type(1.0)]))
            return [pulled], recorded.rebuild, recorded.aux
        largest = max([*(_size(x) for x in leaves), *(_size(y) for y in ys), 1])
        width = self.chunk or max(1, LANE_BYTES // (8 * largest))
        pieces: list[list[Any]] = []
        for start in range(0, max(total, 1), width):
            stop = min(start + width, total)
            lanes = Batch(stop - start, next_depth())
            seeds = [batched(s, lanes) for s in _seeds(ys, start, stop)]
            pulled = recorded.pull(seeds)
            pieces.append(
                [
                    np.zeros((stop - start, *np.shape(x)), dtype_of(x))
                    if g is None
                    else lanes.unwrap(g, np.shape(x))
                    for x, g in zip(leaves, pulled, strict=True)
                ]
            )
        rows = [
            pieces[0][k] if len(pieces) == 1 else np.concatenate([p[k] for p in pieces])
            for k in range(len(leaves))
        ]
        blocks, start = [], 0
        for y in ys:
            count = _size(y)
            row = []
            for x, g in zip(leaves, rows, strict=True):
                block = g[start : start + count]
                if dtype_of(y).kind == "c":
                    other = g[start + count : start + 2 * count]
                    if dtype_of(x).kind == "c":
                        # The sweep carries plain transposes: a seed of i gives i times the row of a holomorphic one.
                        block = _check_holomorphic(self.name, block, other)
                    else:
                        block = np.real(block) - 1j * np.real(other)
                elif dtype_of(x).kind == "c":
                    block = np.conj(block)
                row.append(_own(np.reshape(block, (*np.shape(y), *np.shape(x))), x, y))
            start += count * (2 if dtype_of(y).kind == "c" else 1)
            blocks.append(row)
        return blocks, recorded.rebuild, recorded.aux


def value_and_jacobian(f: Callable[[Any], Any], x: np.ndarray) -> tuple[Any, Any]:
    """Return ``f(x)``, one array, and its Jacobian at a small float64 array, from one forward pass."""
    inputs = Inputs("jacobian", (x,), 0)
    ys, ts, _, _ = push("jacobian", inputs, f, [_unit(x)], {}, x.size, False)
    if len(ys) != 1:
        raise OutputError(f"jacobian: the function returned {len(ys)} arrays in a container")
    y = ys[0]
    t = _filled(y, ts[0], x.size)
    return y, _block(y, t, x)


def _unit(x: np.ndarray) -> np.ndarray:
    """Return all directions of a small array as one seed."""
    eye = _identity(x.size)
    return eye if x.ndim == 1 else eye.reshape(x.size, *x.shape)


def _block(y: Any, t: Any, x: Any) -> Any:
    """Return tangents, which have their directions in front, as a Jacobian, which has them behind."""
    block = t.T if t.ndim <= 2 else t.transpose((*range(1, t.ndim), 0))
    return block if x.ndim == 1 else block.reshape((*y.shape, *x.shape))


def _filled(y: Any, t: Any, count: int) -> Any:
    """Return the tangents of an output, zeros if it does not depend on the inputs."""
    return np.zeros((count, *np.shape(y)), _float_dtype(y)) if t is None else t


def _is_own(t: Any, x: Any) -> bool:
    """Say whether tangents can be handed out without a copy: real, of the right precision, in memory of their own."""
    return (
        type(t) is np.ndarray
        and t.dtype is _FLOAT64
        and t.flags.owndata
        and t.flags.writeable
        and dtype_of(x) is _FLOAT64
    )


@functools.lru_cache(maxsize=32)
def _identity(n: int) -> np.ndarray:
    eye = np.eye(n)
    eye.flags.writeable = False
    return eye


def _float_dtype(y: Any) -> np.dtype[Any]:
    kind = dtype_of(y)
    return kind if kind.kind in "fc" else np.dtype(float)


def _own(block: Any, x: Any, y: Any) -> Any:
    """Return a block in memory of its own, in the argument's precision, complex if anything is."""
    if isinstance(block, Traced):
        return block
    kind = dtype_of(x)
    if _float_dtype(y).kind == "c":
        kind = np.result_type(kind, np.complex64)
    return np.array(block, dtype=kind, order="C")


def _check_output(name: str, y: Any) -> None:
    if dtype_of(y).kind not in "fciub":
        raise OutputError(
            f"{name}: the function returned dtype {dtype_of(y)}; it must return floats"
        )


def _size(x: Any) -> int:
    return int(x.size)


def _directions(leaves: list[Any]) -> int:
    """Number of real directions in the leaves; a complex number has two."""
    return sum(_size(x) * (2 if dtype_of(x).kind == "c" else 1) for x in leaves)


def _seeds(leaves: list[Any], start: int, stop: int) -> list[Any]:
    """Rows `start` to `stop` of the identity over all directions, cut into the leaves; complex leaves get 1, then i."""
    width = stop - start
    seeds = []
    first = 0
    for x in leaves:
        count = _size(x)
        kind = dtype_of(x)
        kind = kind if kind.kind in "fc" else np.dtype(float)
        seed = np.zeros((width, count), kind)
        for unit in (1.0, 1j) if kind.kind == "c" else (1.0,):
            low, high = max(start, first), min(stop, first + count)
            if low < high:
                seed[range(low - start, high - start), range(low - first, high - first)] = unit
            first += count
        seeds.append(seed.reshape(width, *np.shape(x)))
    return seeds


def _holomorphic(name: str, real: Any, imaginary: Any, y: Any) -> Any:
    """Combine the tangents for the directions 1 and i of a complex argument."""
    if dtype_of(y).kind != "c":
        return real + 1j * imaginary
    return _check_holomorphic(name, real, imaginary)


def _check_holomorphic(name: str, one: Any, other: Any) -> Any:
    if not np.allclose(other, 1j * one, rtol=1e-6, atol=1e-12, equal_nan=True):
        raise OutputError(
            f"{name}: the function is not holomorphic, so its derivative with respect to a complex argument is no "
            "complex matrix. Use dualrev.jvp or dualrev.vjp, or differentiate real and imaginary parts."
        )
    return one


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    mode: str = "auto",
    chunk: int | None = None,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """Return the function that computes the Jacobian.

    Parameters
    ----------
    f : callable
        Plain NumPy code that returns an array, or a container of arrays.
    argnums : int or sequence of int
        Positional argument(s) to differentiate.
    mode : {"auto", "forward", "reverse"}
        Forward mode costs one lane per input, reverse mode one per output; "auto" takes the smaller number.
    chunk : int, optional
        Lanes per pass; by default as many as keep one array with its lanes within 32 MiB.
    has_aux : bool
        `f` returns ``(y, aux)``; the result is then ``(jacobian, aux)``.

    Returns
    -------
    callable
        Called like `f`; returns an array of shape ``y.shape + x.shape`` (containers: the output's structure, with the
        arguments' structure in each leaf).

    Raises
    ------
    OutputError, InputError
        If the output or an argument is not made of floats, or `f` of complex arguments is not holomorphic.
    ValueError
        If `mode` or `chunk` is unknown.

    Notes
    -----
    Vector mode: all directions of a chunk go through `f` in one pass with a lane axis. With more than 24 inputs
    "auto" runs `f` once to see the size of its output (Griewank & Walther 2008, section 3.5 and chapter 7).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dr.jacobian(lambda x: np.array([x[0] * x[1], x[1] ** 2]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [0., 6.]])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ValueError(f"jacobian: mode= is 'auto', 'forward' or 'reverse', not {mode!r}")
    given: Any = chunk
    if given is not None and (not isinstance(given, int) or given < 1):
        raise ValueError(f"jacobian: chunk= is a positive integer or None, not {chunk!r}")
    return _Jacobian(f, argnums=argnums, mode=mode, chunk=chunk, has_aux=has_aux)


class _Hessian(_Jacobian):
    name = "hessian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        gradient = Gradient(
            self.f, name=self.name, argnums=self.argnums, has_aux=self.has_aux, with_value=False
        )
        outer = _Jacobian(
            gradient, argnums=self.argnums, mode="forward", chunk=self.chunk, has_aux=self.has_aux
        )
        return outer(*args, **kwargs)


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, chunk: int | None = None, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the function that computes the Hessian, forward over reverse.

    Parameters
    ----------
    f : callable
        Returns one real float.
    argnums, chunk, has_aux
        As in `jacobian`.

    Returns
    -------
    callable
        Called like `f`; returns an array of shape ``x.shape + x.shape``.

    Raises
    ------
    OutputError, InputError
        As in `grad`.

    Notes
    -----
    One gradient evaluation on dual numbers with one lane per input: about n times the operations of a gradient in few
    Python calls. `hvp` multiplies by the Hessian without forming it.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dr.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return _Hessian(f, argnums=argnums, mode="forward", chunk=chunk, has_aux=has_aux)
