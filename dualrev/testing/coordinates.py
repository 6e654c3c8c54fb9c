"""Real coordinates: a user's function of containers, complex and single numbers as F: ℝⁿ → ℝᵐ.

Enters: a function and its arguments. Leaves: vectors of float64, and the name of every entry.
Complex numbers are two coordinates. Next: `differences.py`, which moves along lines of this space.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import optree

from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError, OutputError, ShapeError, describe

# Containers are those of the transforms, dataclasses included.
_NAMESPACE = "dualrev"

# What a function may raise at a displaced point because it has left its domain (LinAlgError is a
# ValueError); anything else is a defect of the function and is passed on.
_OUTSIDE = (ArithmeticError, ValueError)


class Leaf(NamedTuple):
    """One number or array of a container: how it is called, what it is, where its values lie."""

    label: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    python: bool
    start: int

    @property
    def complex(self) -> bool:
        return self.dtype.kind == "c"

    @property
    def entries(self) -> int:
        return math.prod(self.shape)

    @property
    def stop(self) -> int:
        return self.start + self.entries * (2 if self.complex else 1)


class Space:
    """The real coordinates of a list of leaves, real parts before imaginary parts in each leaf.

    Parameters
    ----------
    labels : sequence of str
        Name of each leaf, for messages.
    values : sequence
        Real or complex numbers and arrays.
    """

    def __init__(self, labels: Sequence[str], values: Sequence[Any]) -> None:
        self.leaves: list[Leaf] = []
        start = 0
        for label, value in zip(labels, values, strict=True):
            array = np.asarray(value)
            python = isinstance(value, (float, complex)) and not isinstance(value, np.generic)
            leaf = Leaf(label, array.shape, array.dtype, python, start)
            self.leaves.append(leaf)
            start = leaf.stop
        self.size = start

    @property
    def real(self) -> bool:
        return not any(leaf.complex for leaf in self.leaves)

    def pack(self, values: Sequence[Any]) -> np.ndarray:
        """Return the coordinates of values that have the shapes of the leaves."""
        vector = np.zeros(self.size)
        for leaf, value in zip(self.leaves, values, strict=True):
            array = np.asarray(value)
            if array.shape != leaf.shape:
                raise ShapeError(
                    f"the derivative with respect to or of {leaf.label} has shape {array.shape}, "
                    f"but {leaf.label} has shape {leaf.shape}"
                )
            flat = array.ravel()
            if not leaf.complex and np.iscomplexobj(flat):
                # Python's (-1.0) ** 0.5 is complex: the real function has left its domain.
                flat = np.where(flat.imag == 0, flat.real, np.nan)
            middle = leaf.start + leaf.entries
            vector[leaf.start : middle] = flat.real
            if leaf.complex:
                vector[middle : leaf.stop] = flat.imag
        return vector

    def unpack(self, vector: np.ndarray, *, single: bool = False) -> list[Any]:
        """Return fresh values at these coordinates, in double precision unless `single`.

        Imaginary coordinates (a complex step) make the values complex.
        """
        values: list[Any] = []
        for leaf in self.leaves:
            middle = leaf.start + leaf.entries
            block = vector[leaf.start : middle].copy()
            if leaf.complex:
                block = block + 1j * vector[middle : leaf.stop]
            if single:
                block = block.astype(leaf.dtype)
            if leaf.python:
                values.append(block[0].item())
            else:
                values.append(block.reshape(leaf.shape))
        return values

    def label(self, k: int) -> str:
        """Return the name of coordinate `k`, such as ``params['w'][2, 0].imag``."""
        leaf = next(leaf for leaf in self.leaves if leaf.start <= k < leaf.stop)
        part, k = divmod(k - leaf.start, leaf.entries)
        index = ", ".join(str(int(i)) for i in np.unravel_index(k, leaf.shape))
        suffix = (".imag" if part else ".real") if leaf.complex else ""
        return leaf.label + (f"[{index}]" if leaf.shape else "") + suffix

    def moduli(self, vector: np.ndarray) -> np.ndarray:
        """Return the size of the number that each coordinate belongs to: of both parts of a complex one."""
        sizes: np.ndarray = np.abs(vector)
        for leaf in self.leaves:
            if leaf.complex:
                parts = sizes[leaf.start : leaf.stop].reshape(2, -1)
                parts[:] = np.hypot(*parts)
        return sizes

    def scales(self, vector: np.ndarray) -> np.ndarray:
        """Return a typical size of every coordinate, a power of two so that steps are exact.

        It is |x|, but no less than a thousandth of the largest entry of its leaf, and one where the
        leaf is zero.
        """
        sizes = np.ones(self.size)
        for leaf in self.leaves:
            part = slice(leaf.start, leaf.stop)
            block = np.abs(vector[part])
            finite = block[np.isfinite(block)]
            top = finite.max() if finite.size else 0.0
            sizes[part] = np.maximum(np.where(np.isfinite(block), block, 1.0), 1e-3 * top)
        sizes[sizes == 0] = 1.0
        powers: np.ndarray = np.exp2(np.clip(np.round(np.log2(sizes)), -1000, 1000))
        return powers


class RealFunction:
    """F: ℝⁿ → ℝᵐ of a user's function near one point.

    Attributes
    ----------
    inputs, outputs : Space
        Coordinates of the floating-point arguments (others are held) and of the result.
    x, y : ndarray
        The point and the value there, as vectors of float64.
    rounding : ndarray
        Machine epsilon of each output coordinate.
    evaluations : int
        How often the function was called.
    outside : int
        How many of these calls raised an arithmetic or value error, counted as NaN.
    """

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int] | None
    ) -> None:
        self.f = f
        self.evaluations = 0
        self.outside = 0
        leaves, self._structure = _flatten(args)
        self._leaves = list(leaves)
        self.wrt = _differentiable(f, args, self._leaves, self._structure, argnums)
        self._held = [
            k for k, v in enumerate(leaves) if isinstance(v, np.ndarray) and k not in self.wrt
        ]
        names = _argument_names(f, len(args))
        accessors = self._structure.accessors()
        labels = [names[a.path[0]] + a.codify("")[len(f"[{a.path[0]}]") :] for a in accessors]
        self.inputs = Space([labels[k] for k in self.wrt], [self._leaves[k] for k in self.wrt])
        self.x = self.inputs.pack([self._leaves[k] for k in self.wrt])
        values, self._out_labels = self._first_value()
        self.outputs = Space(self._out_labels, values)
        self.y = self.outputs.pack(values)
        self.rounding = np.ones(self.outputs.size)
        for leaf in self.outputs.leaves:
            self.rounding[leaf.start : leaf.stop] = np.finfo(leaf.dtype).eps
        again = self._outputs(self.inputs.unpack(self.x))
        if [np.shape(v) for v in again] != [leaf.shape for leaf in self.outputs.leaves] or not (
            np.array_equal(self.outputs.pack(again), self.y, equal_nan=True)
        ):
            raise OutputError(
                f"{_name(f)} gave two different results at the same point. Differences of such a "
                "function say nothing: fix its random numbers (seed the generator inside the "
                "function) and let it not keep state between calls."
            )

    @property
    def single(self) -> bool:
        """Whether a floating-point argument has less than double precision."""
        return any(leaf.dtype.char in "efF" for leaf in self.inputs.leaves)

    def arguments(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """Return the arguments with the differentiable leaves replaced."""
        every = list(self._leaves)
        for k in self._held:
            # A copy, so that a function which writes into its arguments cannot change the point.
            every[k] = every[k].copy()
        for k, leaf in zip(self.wrt, leaves, strict=True):
            every[k] = leaf
        arguments: tuple[Any, ...] = optree.tree_unflatten(self._structure, every)  # type: ignore[assignment]
        return arguments

    def traceable(self, *leaves: Any) -> tuple[Any, ...]:
        """Return the leaves of the result, as a function of the leaves alone: what is traced."""
        return tuple(flatten(self.f(*self.arguments(leaves)))[0])

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Return F at a point; NaN where the function raises because it left its domain."""
        try:
            values = self._outputs(self.inputs.unpack(vector))
        except _OUTSIDE:
            self.outside += 1
            return np.full(self.outputs.size, np.nan)
        return self.outputs.pack(values)

    def complex_step(self, direction: np.ndarray) -> np.ndarray:
        """Return Im F(x + i h v) / h along a direction, exact to rounding if F is analytic.

        Raises whatever the function raises on complex arguments, and ValueError where the real part
        is not the value or the result is not complex: the caller reports the reason.
        """
        if not (self.inputs.real and self.outputs.real):
            raise ValueError("arguments or results are complex")
        h = 2.0**-100
        values = self._outputs(self.inputs.unpack(self.x + 1j * h * direction))
        if [np.shape(v) for v in values] != [leaf.shape for leaf in self.outputs.leaves]:
            raise ValueError("complex arguments change the shape of the result")
        if not any(np.iscomplexobj(v) for v in values):
            raise ValueError("the result stays real on complex arguments")
        vector = np.concatenate([np.ravel(v) for v in values])
        if not np.allclose(vector.real, self.y, rtol=1e-9, atol=0, equal_nan=True):
            raise ValueError("the real part differs from the value")
        slope: np.ndarray = np.imag(vector) / h
        return slope

    def _outputs(self, leaves: Sequence[Any]) -> list[Any]:
        self.evaluations += 1
        return flatten(self.f(*self.arguments(leaves)))[0]

    def _first_value(self) -> tuple[list[Any], list[str]]:
        try:
            self.evaluations += 1
            result = self.f(*self.arguments(self.inputs.unpack(self.x)))
        except Exception as error:
            error.add_note(f"raised by {_name(self.f)} itself, before any derivative was taken")
            raise
        values, structure = _flatten(result)
        if result is None or not values:
            raise OutputError(
                f"{_name(self.f)} returned {result!r}; return the numbers to be differentiated "
                "(is a return statement missing?)"
            )
        labels = [a.codify("f") for a in structure.accessors()]
        for label, value in zip(labels, values, strict=True):
            array = np.asarray(value)
            if array.dtype.kind not in "fc":
                hint = (
                    "multiply by 1.0 if it should vary smoothly, or leave it out"
                    if array.dtype.kind in "biu"
                    else "return numbers, arrays of them, or containers of these"
                )
                raise OutputError(
                    f"{_name(self.f)} returned {describe(value)} in {label}, which has no "
                    f"derivative: {hint}"
                )
        return list(values), labels


def _flatten(tree: Any) -> tuple[list[Any], Any]:
    flatten(tree)  # registers dataclasses
    return optree.tree_flatten(tree, namespace=_NAMESPACE)


def _name(f: Callable[..., Any]) -> str:
    return str(getattr(f, "__name__", repr(f)))


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    fallback = ["x"] if count == 1 else [f"args[{k}]" for k in range(count)]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return fallback
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in positional][:count]
    return names + fallback[len(names) :]


def _differentiable(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    leaves: list[Any],
    structure: Any,
    argnums: int | Sequence[int] | None,
) -> list[int]:
    """Return the positions of the floating-point leaves among the chosen arguments."""
    if argnums is None:
        chosen = set(range(len(args)))
    else:
        given = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if any(not -len(args) <= k < len(args) for k in given):
            raise InputError(f"argnums={argnums} but {_name(f)} was given {len(args)} arguments")
        chosen = {k % len(args) for k in given}
    owners = [path[0] for path in structure.paths()]
    wrt = [
        k
        for k, (leaf, owner) in enumerate(zip(leaves, owners, strict=True))
        if owner in chosen and np.asarray(leaf).dtype.kind in "fc"
    ]
    missing = sorted(chosen - {owners[k] for k in wrt})
    if argnums is not None and missing:
        raise InputError(
            f"argument {missing[0]} of {_name(f)} holds no floating-point number; pass floats "
            "(2.0 instead of 2) to differentiate with respect to it"
        )
    if not wrt:
        raise InputError(
            f"no argument of {_name(f)} holds a floating-point number; pass floats (2.0 instead of "
            "2): integers are held constant"
        )
    return wrt
