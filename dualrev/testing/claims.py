"""The derivatives under test, in real coordinates: by forward, by reverse mode, by hand.

Enters: a `RealFunction` and directions. Leaves: tables of numbers for `comparison.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.derivatives.containers import flatten
from dualrev.derivatives.products import jvp, vjp
from dualrev.errors import InputError, ShapeError
from dualrev.testing.coordinates import RealFunction, Space

__all__ = ["Gradient", "Handwritten", "Traced", "columns_of"]


class Traced:
    """Forward and reverse products of a function of leaves.

    Parameters
    ----------
    function : callable
        Leaves to a tuple of leaves.
    inputs, outputs : Space
    x : ndarray
        Coordinates of the point.
    single : bool
        Use the precision of the user's arguments instead of double.
    """

    def __init__(
        self,
        function: Callable[..., tuple[Any, ...]],
        inputs: Space,
        outputs: Space,
        x: np.ndarray,
        *,
        single: bool = False,
    ) -> None:
        self.function = function
        self.inputs = inputs
        self.outputs = outputs
        self.x = x
        self.single = single

    def push(self, v: np.ndarray) -> list[Any]:
        """Return J v as leaves, by forward mode."""
        primals = tuple(self.inputs.unpack(self.x, single=self.single))
        tangents = tuple(self.inputs.unpack(v, single=self.single))
        return list(jvp(self.function, primals, tangents)[1])

    def forward(self, vectors: Sequence[np.ndarray]) -> np.ndarray:
        """Return J V, one forward pass per column."""
        columns = [self.outputs.pack(self.push(v)) for v in vectors]
        return columns_of(columns, self.outputs.size)

    def pull(self, cotangents: Sequence[np.ndarray]) -> list[list[Any]]:
        """Return Jᵀ ct as leaves for each cotangent, by one recording and a sweep for each."""
        _, pullback = vjp(self.function, *self.inputs.unpack(self.x, single=self.single))
        return [
            list(pullback(tuple(self.outputs.unpack(ct, single=self.single)))) for ct in cotangents
        ]

    def reverse(self, cotangents: Sequence[np.ndarray]) -> np.ndarray:
        """Return the rows ctᵀ J."""
        rows = [self.inputs.pack(leaves) for leaves in self.pull(cotangents)]
        return columns_of(rows, self.inputs.size).T


class Gradient:
    """x ↦ ∇⟨ct, F(x)⟩ as a function of leaves, and in coordinates, for second derivatives."""

    def __init__(self, real: RealFunction, ct: np.ndarray) -> None:
        self.real = real
        self.ct = ct

    def leaves(self, *leaves: Any) -> tuple[Any, ...]:
        """Return the gradient by reverse mode."""
        _, pullback = vjp(self.real.traceable, *leaves)
        gradient: tuple[Any, ...] = pullback(tuple(self.real.outputs.unpack(self.ct)))
        return gradient

    def slope(self, w: np.ndarray) -> Callable[..., tuple[Any, ...]]:
        """Return the function x ↦ (⟨ct, J(x) w⟩,) of leaves, by forward mode."""
        cts, tangents = self.real.outputs.unpack(self.ct), tuple(self.real.inputs.unpack(w))

        def slope(*leaves: Any) -> tuple[Any, ...]:
            _, pushed = jvp(self.real.traceable, leaves, tangents)
            terms = [np.sum(np.real(np.conj(ct) * t)) for ct, t in zip(cts, pushed, strict=True)]
            return (sum(terms[1:], terms[0]),)

        return slope

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Return the gradient at a point, NaN where the function has left its domain."""
        try:
            leaves = self.leaves(*self.real.inputs.unpack(vector))
        except (ArithmeticError, ValueError):
            self.real.outside += 1
            return np.full(self.real.inputs.size, np.nan)
        return self.real.inputs.pack(leaves)

    def by_slopes(self, vectors: Sequence[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        """Return x ↦ (⟨ct, J(x) w⟩ for w in vectors) in coordinates, without reverse mode."""
        slopes = [self.slope(w) for w in vectors]

        def value(vector: np.ndarray) -> np.ndarray:
            leaves = self.real.inputs.unpack(vector)
            try:
                return np.array([float(slope(*leaves)[0]) for slope in slopes])
            except (ArithmeticError, ValueError):
                self.real.outside += 1
                return np.full(len(slopes), np.nan)

        return value


class Handwritten:
    """A Jacobian or Hessian that the user wrote, brought to real coordinates.

    A gradient or Jacobian has shape ``y.shape + x.shape`` (axes of length one do not matter), one
    per floating-point leaf of the arguments, in their structure. With complex arguments, a real
    function's is ∂f/∂u + i ∂f/∂v, a complex function's is its holomorphic derivative.
    """

    def __init__(self, real: RealFunction) -> None:
        self.real = real
        if len(real.outputs.leaves) != 1:
            raise InputError(
                "jac= and hess= are for functions that return one number or array; wrap the "
                "function so that it returns np.concatenate of its results"
            )

    def jacobian(self, jac: Callable[..., Any], vector: np.ndarray) -> np.ndarray:
        """Return the Jacobian, shape (m, n), at a point."""
        real = self.real
        given = jac(*real.arguments(real.inputs.unpack(vector)))
        blocks = [given] if len(real.wrt) == 1 and not _nested(given) else flatten(given)[0]
        if len(blocks) != len(real.wrt):
            raise ShapeError(
                f"jac= returned {len(blocks)} arrays for {len(real.wrt)} floating-point arguments "
                f"({', '.join(leaf.label for leaf in real.inputs.leaves)}); choose some by argnums="
            )
        y = real.outputs.leaves[0]
        columns = []
        for leaf, block in zip(real.inputs.leaves, blocks, strict=True):
            table = _table(
                block, y.shape + leaf.shape, (y.entries, leaf.entries), f"jac of {leaf.label}"
            )
            re, im = table.real, table.imag
            if leaf.complex and y.complex:
                columns.append(np.block([[re, -im], [im, re]]))
            elif leaf.complex:
                columns.append(np.concatenate([re, im], axis=1))
            elif y.complex:
                columns.append(np.concatenate([re, im], axis=0))
            elif np.iscomplexobj(table):
                raise InputError(f"jac of {leaf.label} is complex, but the function is real")
            else:
                columns.append(table)
        return np.concatenate(columns, axis=1).astype(float)

    def hessian(self, hess: Callable[..., Any], ct: np.ndarray) -> np.ndarray:
        """Return Σ ctᵢ ∇²fᵢ, shape (n, n), at the point; `hess` gives ``y.shape + 2 x.shape``."""
        real = self.real
        y, x = real.outputs.leaves[0], real.inputs.leaves[0]
        if len(real.inputs.leaves) != 1 or x.complex or y.complex:
            raise InputError("hess= is for one real array argument (choose it by argnums=)")
        given = hess(*real.arguments(real.inputs.unpack(real.x)))
        table = _table(
            given,
            y.shape + x.shape + x.shape,
            (y.entries, x.entries * x.entries),
            f"hess of {x.label}",
        )
        contracted: np.ndarray = (ct @ table).reshape(x.entries, x.entries)
        return contracted


def columns_of(vectors: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return vectors of one size, possibly none of them, as the columns of a matrix."""
    return np.reshape(np.array(vectors, float), (len(vectors), size)).T


def _nested(value: Any) -> bool:
    return isinstance(value, (tuple, dict))


def _table(block: Any, shape: tuple[int, ...], flat: tuple[int, int], what: str) -> np.ndarray:
    """Return a derivative as a table of output by input, after a look at its shape."""
    array = np.asarray(block.toarray() if hasattr(block, "toarray") else block)
    if array.dtype.kind not in "biufc":
        raise InputError(f"{what} is not an array of numbers but {type(block).__name__}")
    if [d for d in array.shape if d != 1] != [d for d in shape if d != 1]:
        raise ShapeError(f"{what} has shape {array.shape}; it should be {shape}")
    return array.reshape(flat)
