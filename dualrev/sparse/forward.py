"""Sparse forward mode: tangents that carry only their own nonzeros, so that one pass gives the Jacobian uncompressed.

The tangent of a value is a list of terms (`terms.py`), each some lanes with a block of positions that says of every
entry with respect to which input each lane is a derivative. What an operation does to positions does not depend on
numbers and is looked up from the evaluation before; only values are computed anew, and after a linear stencil a term
is one number per lane. The pattern is found again in every evaluation, so that none could be out of date.

Bischof, Khademi, Bouaricha & Carle (1996), Efficient computation of gradients and Jacobians by dynamic exploitation of
sparsity in automatic differentiation, Optimization Methods and Software 7(1), carry one sparse vector per number; here
one lane is carried for many entries at once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar
from dualrev.core.finite import without_warnings
from dualrev.core.levels import Level
from dualrev.core.operators import operator_methods
from dualrev.core.primitive import UFUNCS, Primitive, on_register
from dualrev.sparse.carrying import CARRIED, entry_by_entry
from dualrev.sparse.local import through
from dualrev.sparse.terms import Positions, Term, TooDense, merged, packed

__all__ = ["SparseDual", "SparseForward"]

_new = object.__new__
# More terms than this become one; so many of a number, in codes that loop over entries.
_MANY = 8
_SCALARS = 2
# Blocks of up to so many entries are never too large.
_SMALL = 2**18


class SparseDual(Traced):
    """A value with its sparse tangent; ``index`` holds the terms."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"SparseDual({self.primal!r})"


class SparseDualArray(SparseDual, TracedArray):
    """An array with its sparse tangent."""

    __slots__ = ()


class SparseDualScalar(SparseDual, TracedScalar):
    """A number with its sparse tangent."""

    __slots__ = ()


class SparseForward(Level):
    """A level of sparse forward mode.

    Parameters
    ----------
    known : Positions
        What earlier evaluations have made.
    largest : float
        No term may have more positions.
    limit : float
        Work, in values of tangents, that is not worth it. Where either is exceeded, `TooDense` is raised.
    careful : bool
        Apply strong zeros; without, 0 times infinity may leave a NaN, after which the function runs again.

    Attributes
    ----------
    work, entries, count : int
        Values of tangents and of primals computed so far, and operations, by which the mode is compared with others.
    stopped : TooDense or None
        What has been raised, which the user's function may have caught.
    """

    __slots__ = (
        *("careful", "count", "entries", "errors", "largest", "limit", "positions", "stopped"),
        "work",
    )

    def __init__(
        self, known: Positions, largest: float, limit: float = math.inf, careful: bool = False
    ) -> None:
        super().__init__()
        self.positions = known
        self.work = self.entries = self.count = 0
        self.largest = max(largest, _SMALL)
        self.limit = limit
        self.careful = careful
        self.errors: Any = None
        self.stopped: TooDense | None = None

    def __enter__(self) -> SparseForward:
        self.errors = without_warnings()
        self.errors.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.errors.__exit__(*error)

    def wrap(self, primal: Any, terms: list[Term]) -> Any:
        """Make the handle of a value."""
        out = _new(SparseDualArray if primal.ndim else SparseDualScalar)
        out.primal = primal
        out.level = self
        out.index = terms
        return out

    def constant(self, value: Any) -> Any:
        """Wrap a value with no tangent."""
        return self.wrap(np.asarray(value)[()], [])

    def afford(self, positions: int) -> None:
        """Raise if a term would have too many positions."""
        if positions > self.largest or self.work + positions > self.limit:
            raise TooDense("its amount of work")

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate the primal and carry the terms on."""
        if self.closed:
            return self.ended(primitive, arrays, params)
        try:
            return self._process(primitive, arrays, params)
        except TooDense as stop:
            self.stopped = stop
            raise

    def _process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        primals, active = [], []
        for k, a in enumerate(arrays):
            kind = type(a)
            if kind is SparseDualArray or kind is SparseDualScalar:
                if a.level is not self:
                    return self._stranger(primitive, arrays, a, params)
                if a.index:
                    active.append(k)
                primals.append(a.primal)
            elif isinstance(a, Traced):
                return self._stranger(primitive, arrays, a, params)
            else:
                primals.append(a)
        flavour = primitive.flavour
        if flavour == "custom":
            raise TooDense(primitive.name)
        y = primitive.fun(*primals, **params)
        if flavour == "constant":
            return y
        if type(y) is not np.ndarray and type(y) is not tuple:
            y = np.asarray(y)[()]
        several = type(y) is tuple
        rules = primitive.tangents
        if None in rules:
            active = [
                k for k in active if rules[0 if primitive.arguments is None else k] is not None
            ]
        if not active:
            return tuple(map(self.constant, y)) if several else self.constant(y)
        self.count += 1
        if several:
            return self._several(primitive, arrays, active, primals, y, params)
        if y.dtype.kind == "c":
            raise TooDense(f"{primitive.name} of complex numbers")
        fact = primitive.pattern
        carry = CARRIED.get(fact) if type(fact) is str else None
        if flavour == "elementwise":
            terms = entry_by_entry(self, primitive, arrays, active, primals, y)
        elif carry is None:
            (terms,) = through(self, primitive, arrays, active, primals, y, params)
        else:
            terms = carry(self, primitive, arrays, active, primals, y, params)
        return self._made(y, terms)

    def _stranger(self, primitive: Any, arrays: Any, a: Traced, params: dict[str, Any]) -> Any:
        """Answer an operation with a value of another level: one that has ended, or one of a transform around this."""
        if a.level.closed:
            return a.level.ended(primitive, arrays, params)
        raise TooDense(f"a traced operand of {primitive.name}")

    def _several(
        self, primitive: Any, arrays: Any, active: Any, primals: Any, y: Any, params: Any
    ) -> tuple[Any, ...]:
        """Carry the terms to several results."""
        if any(np.iscomplexobj(part) for part in y):
            raise TooDense(f"{primitive.name} of complex numbers")
        y = tuple([np.asarray(part)[()] for part in y])
        found = through(self, primitive, arrays, active, primals, y, params)
        return tuple([self._made(p, t) for p, t in zip(y, found, strict=True)])

    def _made(self, y: Any, terms: list[Term]) -> Any:
        """Wrap a result and its terms, in its precision."""
        if len(terms) > 1:
            terms = merged(self.positions, terms)
            if len(terms) > (_MANY if y.ndim else _SCALARS):
                terms = [packed(self.positions, terms)]
        dtype = y.dtype
        work = 0
        for term in terms:
            values = term.values
            work += values.size
            if values.dtype is not dtype and values.dtype != dtype:
                term.values = values.astype(dtype)
        self.work += work
        self.entries += y.size
        if self.work > self.limit:
            raise TooDense("its amount of work")
        return self.wrap(y, terms)


def _quick(primitive: Primitive, reflected: bool, otherwise: Any) -> Any:
    """Return an operator's method that asks no questions where both operands are the commonest."""

    def method(self: Any, other: Any, *modulo: Any) -> Any:
        kind, level = type(other), self.level
        if kind is np.ndarray:
            plain = other.dtype.kind in "fiub"
        elif kind is SparseDualArray or kind is SparseDualScalar:
            plain = other.level is level
        else:
            plain = kind is float or kind is int
        if not plain or modulo:
            return otherwise(self, other, *modulo)
        return level.process(primitive, (other, self) if reflected else (self, other), {})

    method.__name__ = method.__qualname__ = otherwise.__name__
    return method


def _install() -> None:
    for ufunc, names in operator_methods().items():
        primitive = UFUNCS[ufunc]
        if isinstance(primitive, Primitive) and primitive.arity == 2:
            for name, reflected in zip(names, (False, True), strict=True):
                otherwise = getattr(SparseDual, name)
                setattr(SparseDual, name, _quick(primitive, reflected, otherwise))


def _alone(primitive: Primitive) -> None:
    """Let an operation of one operand go to its level at once."""
    if primitive.flavour == "linear" and primitive.arity == 1:
        for kind in (SparseDualArray, SparseDualScalar):
            primitive.shortcuts[kind] = lambda x, params: x.level.process(primitive, (x,), params)


_install()
on_register(_alone)
