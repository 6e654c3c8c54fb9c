"""Reverse mode: the tape, a flat Wengert list, and the sweep over it.

What enters: operations with a `Variable` among their operands. Each appends one node, a tuple ``(index, adjoint,
parents, residuals)``, in execution order. A node is appended after its parents, so the list is topologically sorted
even when several threads record on one tape, and the sweep is a loop over it, backwards. Indices come from
``itertools.count``, which is atomic. Shortcuts for the commonest operations: `recording.py`.

The sweep carries conjugated cotangents: then every rule is a plain transpose (see `core/flavours.py`).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of
from dualrev.core.bind import bind
from dualrev.core.capture import Captures
from dualrev.core.flavours import strong_product
from dualrev.core.levels import Level
from dualrev.core.primitive import Primitive, Rule
from dualrev.core.shapes import unbroadcast
from dualrev.errors import LevelError, ShapeError
from dualrev.modes.forward import residuals
from dualrev.modes.trace import Record, is_finite, raising, record_error, trace_text, watching

__all__ = ["Tape", "Variable", "sweep"]

_new = object.__new__
_FLOAT64 = np.dtype(np.float64)


class Variable(Traced):
    """A value on a tape: a primal and its position in the Wengert list. Make one with `Tape.variable`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Variable({self.primal!r})"


class VariableArray(Variable, TracedArray):
    """A recorded array."""

    __slots__ = ()


class VariableScalar(Variable, TracedScalar):
    """A recorded number."""

    __slots__ = ()


class WatchedArray(Variable, TracedArray):
    """A recorded array whose tape also remembers values and source lines; it takes no shortcuts."""

    __slots__ = ()


class WatchedScalar(Variable, TracedScalar):
    """A recorded number whose tape also remembers values and source lines; it takes no shortcuts."""

    __slots__ = ()


def _refuse(node: Any) -> None:
    raise LevelError


class Tape(Level):
    """A Wengert list: the operations of one evaluation, in the order in which they ran.

    Transforms make their own tapes. Made by hand, a tape records until it is closed, remembers every value, and prints
    as the evaluation trace of the textbooks.

    Attributes
    ----------
    nodes : list of tuple
        ``(index, adjoint, parents, residuals)`` per recorded operation.
    plain : bool
        True while everything on the tape is a real plain array; the sweep may then work in place.

    Notes
    -----
    Memory: 100 to 200 bytes per operation, and the residuals that its rule names.

    References
    ----------
    Wengert (1964), CACM 7(8); Speelpenning (1980), thesis, UIUC; Griewank & Walther (2008), Evaluating Derivatives,
    chapters 3 and 4.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> tape = dr.Tape()
    >>> x, y = tape.variable(2.0), tape.variable(3.0)
    >>> z = x * y + np.sin(x)
    >>> tape.sweep(z)
    >>> float(tape.cotangent(y))
    2.0
    """

    __slots__ = ("append", "captures", "counter", "cotangents", "nodes", "plain", "records", "watch")

    def __init__(self, watch: bool = True, copying: bool = False) -> None:
        super().__init__()
        self.nodes: list[Any] = []
        self.append = self.nodes.append
        self.counter = itertools.count()
        self.captures = Captures(copying)
        self.plain = True
        self.watch = watch
        self.records: dict[int, Record] = {}
        self.cotangents: list[Any] | None = None

    def close(self) -> None:
        """Stop recording; a later operation raises `LevelError`. The nodes stay for sweeps."""
        self.closed = True
        self.append = _refuse

    def variable(self, x: Any) -> Any:
        """Return an independent variable of this tape.

        Parameters
        ----------
        x : float, complex, ndarray or traced value
            Copied; numbers become float64.
        """
        self.check()
        if not isinstance(x, Traced):
            x = np.array(x)
            x = (x.astype(float) if x.dtype.kind in "iub" else x)[()]
        return self.leaf(x)

    def leaf(self, primal: Any) -> Any:
        """Put a value on the tape that no operation made."""
        if isinstance(primal, Traced) or primal.dtype is not _FLOAT64:
            self.plain = False
        out = self.wrap(primal, next(self.counter))
        if self.watch:
            self.records[out.index] = Record(None, (), {}, primal, "")
        return out

    def wrap(self, primal: Any, index: int) -> Any:
        """Make the handle of a value at a position of the list."""
        if self.watch:
            out = _new(WatchedArray if primal.ndim else WatchedScalar)
        else:
            out = _new(VariableArray if primal.ndim else VariableScalar)
        out.primal = primal
        out.level = self
        out.index = index
        return out

    def constant(self, value: Any) -> Any:
        """Return `value` as a handle that no input influences."""
        return self.leaf(value if isinstance(value, Traced) else np.array(value)[()])

    def process(self, primitive: Primitive, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate the primal and append a node."""
        if self.closed:
            raise LevelError
        parents: list[int] = []
        active: list[int] = []
        primals = list(arrays)
        for k, a in enumerate(arrays):
            if isinstance(a, Variable) and a.level is self:
                primals[k] = a.primal
                if primitive.rule("adjoints", k) is not None:
                    active.append(k)
                    parents.append(a.index)
        if primitive.flavour == "custom":
            return self._custom(primitive, tuple(primals), active, parents)
        y = bind(primitive, tuple(primals), params)
        if primitive.flavour == "constant" or not active:
            if self.watch and primitive.flavour != "constant":
                watching(primitive, primals, y)
            return y
        if isinstance(y, tuple):
            return self._record_tuple(primitive, arrays, primals, active, parents, params, y)
        index = next(self.counter)
        self._record(primitive, arrays, primals, active, parents, params, y, index)
        if self.watch:
            self.records[index] = watching(primitive, primals, y, arrays, params)
        return self.wrap(y, index)

    def _record(
        self, primitive: Primitive, arrays: Any, primals: list[Any], active: list[int], parents: list[int], params: Any, y: Any, index: int
    ) -> None:
        dtype = dtype_of(y[0] if isinstance(y, tuple) else y)
        if dtype is not _FLOAT64 or isinstance(y, Traced):
            self.plain = False
        if primitive.accumulate is not None:
            shape = np.shape(primals[0])
            own = dtype_of(primals[0])
            into = Into(parents[0], primitive, shape, own, params)
            self.append((index, None, into, None))
            return
        entries = []
        safe: dict[int, Any] = {}
        for k in active:
            rule = primitive.rule("adjoints", k)
            assert rule is not None
            for j in rule.keeps:
                if j >= 0 and j not in safe and primals[j].__class__ is np.ndarray and arrays[j] is primals[j]:
                    safe[j] = self.keep(primals[j])
            kept = residuals(rule.keeps, tuple(safe.get(j, p) for j, p in enumerate(primals)), y, k)
            shape = np.shape(primals[k])
            real = dtype.kind == "c" and dtype_of(primals[k]).kind != "c"
            entries.append((k, rule, kept, shape, real))
        self.append((index, _pull, tuple(parents), (primitive, entries, params)))

    def keep(self, operand: np.ndarray) -> np.ndarray:
        """Return a plain array of the user's such that its numbers stay until the sweep."""
        return operand.astype(float) if operand.dtype.kind in "iub" else self.captures.keep(operand)

    def _record_tuple(
        self, primitive: Primitive, arrays: Any, primals: list[Any], active: list[int], parents: list[int], params: Any, y: Any
    ) -> Any:
        """Record an operation with several outputs: one node, and one projection per output."""
        bundle = next(self.counter)
        self._record(primitive, arrays, primals, active, parents, params, y, bundle)
        return self._parts(primitive, arrays, primals, params, y, bundle)

    def _custom(self, primitive: Any, primals: tuple[Any, ...], active: list[int], parents: list[int]) -> Any:
        """Record a rule that the user wrote for all arguments together."""
        y, pull = primitive.vjp(primals)
        primitive.check_closure(y, self)
        self.plain = False
        bundle = next(self.counter)
        self.append((bundle, _pull_custom, tuple(parents), (pull, active)))
        return self._parts(primitive, primals, list(primals), {}, y, bundle)

    def _parts(self, primitive: Any, arrays: Any, primals: Any, params: Any, y: Any, bundle: int) -> Any:
        """Make the handles of several outputs; their cotangents are collected at the index `bundle`."""
        out = []
        for k, part in enumerate(y):
            index = next(self.counter)
            self.append((index, None, Part(bundle, k, tuple(np.shape(p) for p in y)), None))
            out.append(self.wrap(part, index))
            if self.watch:
                self.records[index] = watching(primitive, primals, part, arrays, params, part=k)
        return tuple(out)

    # -- by hand --------------------------------------------------------------------------------------------------

    def sweep(self, y: Any, ct: Any = None) -> None:
        """Propagate a cotangent of `y` backwards; `cotangent` then reads the others.

        Parameters
        ----------
        y : Variable
            A value of this tape.
        ct : array_like, optional
            Its cotangent, of the same shape; 1 for a scalar.

        Raises
        ------
        ShapeError
            If `ct` is missing for an array, or has another shape.
        """
        if not isinstance(y, Variable) or y.level is not self:
            raise ShapeError("Tape.sweep: y is no value of this tape")
        seed = seed_cotangent(y.primal, ct)
        cts = run(self, {y.index: seed}, keep=True)
        self.cotangents = [None if c is None else np.conj(c) for c in cts]

    def cotangent(self, x: Any) -> Any:
        """Return the cotangent of `x` after a sweep (zeros where `y` does not depend on it)."""
        if self.cotangents is None:
            raise LevelError("of a tape that has not been swept")
        ct = self.cotangents[x.index] if x.index < len(self.cotangents) else None
        return np.zeros(x.shape)[()] if ct is None else ct

    def __len__(self) -> int:
        return len(self.nodes)

    def __str__(self) -> str:
        return trace_text(self)

    def __repr__(self) -> str:
        return f"<Tape of {len(self.nodes)} operations>"


class Into:
    """The parent of an indexing node: its cotangent is added in place into one array, however often it is indexed."""

    __slots__ = ("dtype", "params", "parent", "primitive", "shape")

    def __init__(self, parent: int, primitive: Primitive, shape: Any, dtype: Any, params: Any) -> None:
        self.parent = parent
        self.primitive = primitive
        self.shape = shape
        self.dtype = dtype
        self.params = params

    def add(self, cts: list[Any], ct: Any, owned: set[int], plain: bool) -> None:
        """Add the transpose of `ct` to the parent's cotangent."""
        p = self.parent
        old = cts[p]
        if not plain:
            rule = self.primitive.rule("adjoints", 0)
            assert rule is not None
            g = rule.call(ct, *residuals(rule.keeps, (np.empty(self.shape, dtype=bool),), None, 0), **self.params)
            if self.dtype.kind != "c" and dtype_of(g).kind == "c":
                g = np.real(g)
            cts[p] = g if old is None else old + g
            return
        if p not in owned or old is None:
            cts[p] = np.zeros(self.shape, self.dtype) if old is None else np.array(old)
            owned.add(p)
        self.primitive.accumulate(cts[p], ct, **self.params)  # type: ignore[misc]


class Part:
    """The parent of one output of an operation with several: cotangents of the outputs are collected in a list."""

    __slots__ = ("parent", "position", "shapes")

    def __init__(self, parent: int, position: int, shapes: Any) -> None:
        self.parent = parent
        self.position = position
        self.shapes = shapes

    def add(self, cts: list[Any], ct: Any, owned: set[int], plain: bool) -> None:
        """Put `ct` in its place of the bundle."""
        bundle = cts[self.parent]
        if bundle is None:
            bundle = cts[self.parent] = tuple(np.zeros(s)[()] for s in self.shapes)
        cts[self.parent] = tuple(ct if k == self.position else c for k, c in enumerate(bundle))


def _pull(ct: Any, kept: Any) -> list[Any]:
    """Adjoint of a node recorded without shortcut."""
    primitive, entries, params = kept
    out = []
    broadcasts = primitive.broadcasts
    for _, rule, values, shape, real in entries:
        g = rule.call(ct, *values, **params)
        if g is not None:
            if broadcasts and np.shape(g) != shape:
                g = unbroadcast(g, shape) if np.ndim(g) >= len(shape) else np.broadcast_to(g, shape)
            if real and dtype_of(g).kind == "c":
                g = np.real(g)
        out.append(g)
    return out


def _pull_custom(ct: Any, kept: Any) -> list[Any]:
    pull, active = kept
    cts = pull(ct)
    return [cts[k] for k in active]


def _pull_strong(ct: Any, kept: Any) -> list[Any]:
    primitive, entries, params = kept
    if primitive.flavour != "elementwise":
        return _pull(ct, kept)
    strong = []
    for k, rule, values, shape, real in entries:
        partial = primitive.partials[k].value
        if callable(partial):
            rule = Rule(lambda c, *v, _p=partial: strong_product(c, _p(*v)), rule.keeps)
        strong.append((k, rule, values, shape, real))
    return _pull(ct, (primitive, strong, params))


_pull.strong = _pull_strong  # type: ignore[attr-defined]


def seed_cotangent(y: Any, ct: Any) -> Any:
    """Check a cotangent against the output it belongs to; return it conjugated, as the sweep carries it."""
    shape = np.shape(y)
    if ct is None:
        if shape:
            raise ShapeError(f"a cotangent is needed for an output of shape {shape}; it is 1 for scalars only")
        return dtype_of(y).type(1.0)
    if not isinstance(ct, Traced):
        ct = np.asarray(ct)
        kind = dtype_of(y)
        if ct.dtype != kind and (ct.dtype.kind != "c" or kind.kind == "c"):
            ct = ct.astype(kind)
        ct = ct[()]
    if np.shape(ct) != shape:
        raise ShapeError(f"the cotangent has shape {np.shape(ct)}, the output {shape}")
    if dtype_of(ct).kind == "c":
        return np.conj(ct) if dtype_of(y).kind == "c" else np.real(ct)
    return ct


def sweep(nodes: list[Any], cts: list[Any], variant: str = "", keep: bool = False) -> list[Any]:
    """Walk the Wengert list backwards and accumulate cotangents (Griewank & Walther 2008, table 3.5).

    Parameters
    ----------
    nodes : list of tuple
        The list.
    cts : list
        Cotangents by index, None where nothing has arrived; seeded by the caller, filled in place.
    variant : str
        ``""`` for real plain arrays (rules may work in place), ``"pure"`` for anything, ``"strong"`` to let a zero
        cotangent times a non-finite partial be zero.
    keep : bool
        Keep the cotangents of intermediate values.
    """
    owned: set[int] = set()
    plain = variant == ""
    for index, adjoint, parents, kept in reversed(nodes):
        ct = cts[index]
        if ct is None:
            continue
        if not keep:
            cts[index] = None
        if adjoint is None:
            parents.add(cts, ct, owned, plain)
            continue
        if not plain:
            adjoint = getattr(adjoint, variant, adjoint)
        if parents.__class__ is int:
            g = adjoint(ct, kept)
            old = cts[parents]
            cts[parents] = g if old is None else old + g
        else:
            for parent, g in zip(parents, adjoint(ct, kept)):  # noqa: B905 - strict costs, lengths agree by construction
                if g is not None:
                    old = cts[parent]
                    cts[parent] = g if old is None else old + g
    return cts


def run(tape: Tape, seeds: dict[int, Any], leaves: Any = None, keep: bool = False) -> list[Any]:
    """Sweep a tape from the seeds, and once more with strong zeros if something came out that is not finite."""
    tape.captures.verify()
    size = max(itertools.chain((next(tape.counter),), seeds)) + 1
    plain = tape.plain and not any(isinstance(s, Traced) or s.dtype is not _FLOAT64 for s in seeds.values())
    with np.errstate(all="ignore"):
        for variant in ("" if plain else "pure", "strong"):
            cts: list[Any] = [None] * size
            for index, seed in seeds.items():
                cts[index] = seed
            if tape.watch and raising():
                sweep_watched(tape, cts, keep)
            else:
                sweep(tape.nodes, cts, variant, keep)
            wanted = cts if leaves is None else [cts[k] for k in leaves]
            if all(is_finite(c) for c in wanted if c is not None and not isinstance(c, tuple)):
                break
    return wanted


def sweep_watched(tape: Tape, cts: list[Any], keep: bool) -> None:
    """Sweep node by node and raise at the first cotangent that is not finite, naming operation and source line."""
    for node in reversed(tape.nodes):
        index, _, parents, _ = node
        if cts[index] is None:
            continue
        sweep([node], cts, "strong", keep)
        for p in (parents,) if isinstance(parents, int) else (parents if isinstance(parents, tuple) else (parents.parent,)):
            if isinstance(cts[p], tuple) or cts[p] is None or is_finite(cts[p]):
                continue
            raise record_error("cotangent", tape.records[index], cts[p])
