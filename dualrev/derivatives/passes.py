"""The two passes that every derivative is made of: one evaluation under a forward level, one on a tape.

What enters: the user's function and its arguments. What leaves: plain outputs and tangents, or a closed tape that can
be swept. Nothing else in `derivatives/` opens a level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedScalar, dtype_of
from dualrev.core.bind import operand
from dualrev.core.buffer import BufferArray
from dualrev.core.levels import Level
from dualrev.derivatives.containers import flatten, input_leaf, output_leaf, single
from dualrev.derivatives.patched import patch_if_active
from dualrev.errors import CapturedWriteError, LevelError, OutputError, ShapeError, describe
from dualrev.modes.forward import Dual, Forward, dual
from dualrev.modes.reverse import Tape, Variable
from dualrev.modes.sweep import run
from dualrev.modes.trace import has_nan, raising
from dualrev.modes.variables import detached

__all__ = ["Inputs", "ReversePass", "push", "record"]

Argnums = int | Sequence[int]


class Inputs:
    """The arguments that a transform differentiates with respect to, flattened to leaves.

    Attributes
    ----------
    leaves : list
        Primals: copies of the user's arrays, NumPy scalars, or traced values of outer levels.
    """

    __slots__ = ("args", "leaves", "name", "one", "positions", "rebuilds", "sizes")

    leaves: list[Any]
    positions: tuple[Any, ...]
    rebuilds: list[Callable[[list[Any]], Any]]
    sizes: list[int]

    def __init__(self, name: str, args: tuple[Any, ...], argnums: Argnums) -> None:
        self.name = name
        self.args = args
        if type(argnums) is int and 0 <= argnums < len(args):
            x = args[argnums]
            if type(x) is np.ndarray or type(x) is float:
                # The common case, without the machinery of containers.
                self.one = True
                self.positions = (argnums,)
                self.leaves = [input_leaf(x, name, argnums)]
                self.rebuilds = [single]
                self.sizes = [1]
                return
        self.one = isinstance(argnums, int)
        given: Any = (argnums,) if self.one else argnums
        positions = tuple(given) if isinstance(given, Sequence) else ()
        if (
            isinstance(argnums, bool)
            or not positions
            or not all(isinstance(p, int) for p in positions)
        ):
            raise TypeError(
                f"{name}: argnums= is an integer or a sequence of integers, not {argnums!r}"
            )
        count = len(args)
        for p in positions:
            if not -count <= p < count:
                raise TypeError(
                    f"{name}: argnums={argnums!r} asks for positional argument {p}, but the function was called with "
                    f"{count} positional argument{'s' * (count != 1)}; keyword arguments cannot be differentiated"
                )
        self.positions = tuple(p % count for p in positions)
        if len(set(self.positions)) != len(self.positions):
            raise ValueError(f"{name}: argnums={argnums!r} names an argument twice")
        self.leaves = []
        self.rebuilds = []
        self.sizes = []
        for p in self.positions:
            leaves, rebuild = flatten(args[p])
            self.leaves += [input_leaf(leaf, name, p) for leaf in leaves]
            self.rebuilds.append(rebuild)
            self.sizes.append(len(leaves))

    def call(
        self,
        level: Level,
        f: Callable[..., Any],
        traced: list[Any],
        kwargs: dict[str, Any],
        has_aux: bool,
    ) -> tuple[list[Any], Callable[[list[Any]], Any], Any]:
        """Call `f` with the leaves replaced by traced ones, while `level` is open.

        Returns the output's leaves, the function that rebuilds its structure, and the auxiliary result.
        """
        args = list(self.args)
        if self.one and self.rebuilds[0] is single:
            args[self.positions[0]] = traced[0]
        else:
            start = 0
            for p, rebuild, size in zip(self.positions, self.rebuilds, self.sizes, strict=True):
                args[p] = rebuild(traced[start : start + size])
                start += size
        with level:
            try:
                out = patch_if_active(f)(*args, **kwargs)
                aux = None
                if has_aux:
                    out, aux = split_aux(self.name, out)
                    aux = strip(aux, level)
                leaves, rebuild = flatten_output(out, self.name)
                # What variables made inside the function recorded is its own affair.
                return [detached(leaf, level.depth) for leaf in leaves], rebuild, aux
            except ValueError as error:
                cause = error.__cause__
                # NumPy hides an EscapeError of an element behind its own message when a sequence is converted.
                if isinstance(cause, TypeError) and "would lose the derivative" in str(cause):
                    raise cause from None
                if "read-only" in str(error) and isinstance(level, Tape) and level.captures.held:
                    raise CapturedWriteError(error) from error
                raise

    def structure(self, parts: list[Any]) -> Any:
        """Put one part per leaf into the structure of the arguments."""
        if self.one and self.rebuilds[0] is single:
            return parts[0]
        out = []
        start = 0
        for rebuild, size in zip(self.rebuilds, self.sizes, strict=True):
            out.append(rebuild(parts[start : start + size]))
            start += size
        return out[0] if self.one else tuple(out)

    def match(self, tree: Any, word: str) -> list[Any]:
        """Flatten `tree` (tangents) and check that it fits the arguments."""
        parts = [tree] if self.one else list(tree)
        leaves: list[Any] = []
        if len(parts) != len(self.sizes):
            raise TypeError(f"{self.name}: {len(parts)} {word}s for {len(self.sizes)} arguments")
        for part, size in zip(parts, self.sizes, strict=True):
            own, _ = flatten(part)
            if len(own) != size:
                raise TypeError(
                    f"{self.name}: the {word} has {len(own)} leaves, its argument {size}"
                )
            leaves += own
        return [_fit(self.name, x, leaf, word) for leaf, x in zip(leaves, self.leaves, strict=True)]


def _fit(name: str, x: Any, t: Any, word: str) -> Any:
    """Check one tangent against its primal; return it with the primal's dtype."""
    if type(t) is BufferArray or not isinstance(t, Traced):
        t = np.asarray(t)
        if t.dtype.kind not in "iubfc":
            raise TypeError(f"{name}: a {word} is {describe(t)}; it must be an array of numbers")
        kind = dtype_of(x)
        if t.dtype.kind == "c" and kind.kind != "c":
            raise TypeError(f"{name}: the {word} of a real argument must be real, not {t.dtype}")
        t = t.astype(kind)[()]
    if np.shape(t) != np.shape(x):
        raise ShapeError(f"{name}: the {word} has shape {np.shape(t)}, its argument {np.shape(x)}")
    return t


def split_aux(name: str, out: Any) -> tuple[Any, Any]:
    """Separate the auxiliary result that a function returns beside its value."""
    if not isinstance(out, tuple) or len(out) != 2:
        raise OutputError(
            f"{name}: with has_aux=True the function must return (y, aux), not {describe(out)}"
        )
    return out


def strip(tree: Any, level: Level) -> Any:
    """Replace this level's traced values in an auxiliary result by their primals."""
    leaves, rebuild = flatten(tree)
    return rebuild(
        [
            x.primal
            if type(x) is BufferArray or (isinstance(x, Traced) and x.level is level)
            else x
            for x in leaves
        ]
    )


def check_outer(y: Any, level: Level) -> None:
    """Raise if an output belongs to a level inside this one: that level has closed."""
    if isinstance(y, Traced) and y.level.depth > level.depth:
        raise LevelError("of an inner transform that was returned")


def push(
    name: str,
    inputs: Inputs,
    f: Callable[..., Any],
    tangents: list[Any],
    kwargs: dict[str, Any],
    directions: int | None,
    has_aux: bool,
) -> tuple[list[Any], list[Any], Callable[[list[Any]], Any], Any]:
    """Evaluate `f` under a forward level.

    `tangents` holds one array per leaf, with a leading axis of `directions` lanes if that is given. Returns primals and
    tangents of the outputs, the function that rebuilds the output's structure, and the auxiliary result.
    """
    for careful in (False, True):
        level = Forward(directions, careful=careful)
        traced = [dual(x, t, level) for x, t in zip(inputs.leaves, tangents, strict=True)]
        leaves, rebuild, aux = inputs.call(level, f, traced, kwargs, has_aux)
        ys, ts = [], []
        for leaf in leaves:
            if isinstance(leaf, Dual) and leaf.level is level:
                ys.append(leaf.primal)
                ts.append(leaf.tangent)
            else:
                check_outer(leaf, level)
                ys.append(leaf)
                ts.append(_constant_tangent(leaf, directions))
        # The shortcuts multiply 0 by inf to NaN. If a NaN has come out, the function runs again with strong zeros.
        if level.watch or all(t is None or not has_nan(t) for t in ts):
            break
    return ys, ts, rebuild, aux


def _constant_tangent(y: Any, directions: int | None) -> Any:
    """Return the tangent of an output that does not depend on the inputs: zero (None), but NaN where it is NaN.

    The old buffer of ``a += t`` is filled with NaN, and a function that returns another name of it must not get zeros.
    """
    if not has_nan(y):
        return None
    t = np.where(np.isnan(y), np.nan, 0.0)
    return t if directions is None else np.broadcast_to(t, (directions, *t.shape))


def flatten_output(out: Any, name: str) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Flatten the function's result; a list of traced scalars stays a list of leaves, an object array is stacked."""
    if isinstance(out, Traced):
        return [output_leaf(out, name)], single
    if out is None:
        output_leaf(out, name)
    if isinstance(out, list) and _is_nested_numbers(out):
        # A list of numbers is an array to NumPy and to SciPy's solvers, and so it is here; tuples stay containers.
        return [output_leaf(operand(out), name)], single
    leaves, rebuild = flatten(out)
    return [output_leaf(leaf, name) for leaf in leaves], rebuild


def _is_nested_numbers(out: Any) -> bool:
    if isinstance(out, list):
        return bool(out) and all(_is_nested_numbers(v) for v in out)
    return isinstance(out, (TracedScalar, np.generic, float, int, complex))


class ReversePass:
    """One recorded evaluation: outputs, and a tape that can be swept as often as wanted.

    Attributes
    ----------
    outputs : list
        Primal of every output leaf.
    """

    __slots__ = ("_indices", "_nan", "_out", "aux", "inputs", "outputs", "rebuild", "tape")

    def __init__(
        self, inputs: Inputs, tape: Tape, out: list[Any], rebuild: Any, indices: list[int], aux: Any
    ) -> None:
        self.inputs = inputs
        self.tape = tape
        self.rebuild = rebuild
        self.aux = aux
        self._indices = indices
        self._nan = False
        self._out: list[int | None] = []
        self.outputs: list[Any] = []
        for leaf in out:
            if isinstance(leaf, Variable) and leaf.level is tape:
                self.outputs.append(leaf.primal)
                self._out.append(leaf.index)
            else:
                check_outer(leaf, tape)
                self.outputs.append(leaf)
                self._out.append(None)
                # As for tangents: a constant NaN has no derivative of zero.
                self._nan = self._nan or has_nan(leaf)

    def pull(self, seeds: list[Any], once: bool = False) -> Any:
        """Sweep from one (conjugated) cotangent per output; return one cotangent per input leaf, None for zero.

        With `once` the tape is used up, and the result is None if the sweep has to be repeated with strong zeros.
        """
        start: dict[int, Any] = {}
        for index, seed in zip(self._out, seeds, strict=True):
            if index is not None and seed is not None:
                start[index] = seed if index not in start else start[index] + seed
        if self._nan:
            return [np.full(np.shape(x), np.nan)[()] for x in self.inputs.leaves]
        if not start:
            return [None] * len(self._indices)
        return run(self.tape, start, self._indices, once=once)

    def finish(self, cts: list[Any]) -> list[Any]:
        """Turn swept cotangents into results: conjugated back, of the inputs' dtypes, in memory of their own."""
        out: list[Any] = []
        for x, ct in zip(self.inputs.leaves, cts, strict=True):
            own = (
                type(ct) is np.ndarray
                and type(x) is np.ndarray
                and ct.dtype is x.dtype
                and ct.dtype.kind == "f"
                and ct.base is None
                and not any(ct is other for other in out)
            )
            out.append(ct if own else _result(x, ct))
        return out


def _result(x: Any, ct: Any) -> Any:
    kind = dtype_of(x)
    if ct is None:
        return np.zeros(np.shape(x), kind)[()]
    if isinstance(ct, Traced):
        if dtype_of(ct).kind == "c":
            ct = np.conj(ct) if kind.kind == "c" else np.real(ct)
        return ct if dtype_of(ct) == kind else ct.astype(kind)
    if kind.kind == "c":
        ct = np.conj(ct)
    elif dtype_of(ct).kind == "c":
        ct = np.real(ct)
    if np.ndim(ct) == 0:
        return kind.type(ct)
    return np.array(ct, dtype=kind)


def record(
    name: str,
    inputs: Inputs,
    f: Callable[..., Any],
    kwargs: dict[str, Any],
    has_aux: bool = False,
    keep: bool = False,
) -> ReversePass:
    """Evaluate `f` on a tape; with `keep` the tape outlives the call, so plain arrays are copied, not locked."""
    tape = Tape(watch=raising(), copying=keep)
    traced = [tape.leaf(x) for x in inputs.leaves]
    indices = [v.index for v in traced]
    try:
        leaves, rebuild, aux = inputs.call(tape, f, traced, kwargs, has_aux)
    except BaseException:
        tape.captures.release()
        raise
    return ReversePass(inputs, tape, leaves, rebuild, indices, aux)
