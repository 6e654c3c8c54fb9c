"""Reverse mode: the tape, a flat Wengert list, and the variables on it.

What enters: operations with a `Variable` among their operands. Each appends one node, a tuple ``(index, adjoint,
parents, residuals)``, in execution order. A node is appended after its parents, so the list is topologically sorted
even when several threads record on one tape, and the sweep is a loop over it, backwards. Indices come from
``itertools.count``, which is atomic. Shortcuts for the commonest operations: `recording.py`; next: `sweep.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of, literal
from dualrev.core.bind import bind
from dualrev.core.capture import Captures
from dualrev.core.levels import Level
from dualrev.core.primitive import SHAPE, SHAPES, Primitive, Refusal, Rule, Y
from dualrev.errors import InputError, LevelError, ShapeError
from dualrev.modes.forward import promote, varies
from dualrev.modes.sweep import Part, pull, pull_custom, run, seed_cotangent
from dualrev.modes.trace import Record, trace_text, watching

if TYPE_CHECKING:
    from dualrev.modes.graph import Graph

__all__ = ["Tape", "Variable"]

_new = object.__new__
_FLOAT64 = np.dtype(np.float64)


class Variable(Traced):
    """A value on a tape: a primal and its position in the Wengert list. Make one with `Tape.variable`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Variable({literal(self.primal)})"


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
    float64 : bool
        True while everything on the tape is real and of double precision; shortcuts need not look at dtypes then.
    plain : bool
        True while, besides, nothing on it belongs to an outer level; the sweep may then work in place.

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

    __slots__ = (
        "append",
        "captures",
        "cotangents",
        "counter",
        "float64",
        "nodes",
        "plain",
        "records",
        "was_plain",
        "watch",
    )

    def __init__(self, watch: bool = True, copying: bool = False) -> None:
        super().__init__()
        self.nodes: list[Any] = []
        self.append = self.nodes.append
        self.counter = itertools.count()
        self.captures = Captures(copying)
        self.plain = True
        self.float64 = True
        self.watch = watch
        self.records: dict[int, Record] = {}
        self.cotangents: list[Any] | None = None

    def close(self) -> None:
        """Stop recording; a later operation raises `LevelError`. The nodes stay for sweeps."""
        self.closed = True
        self.append = _refuse
        self.was_plain = self.plain
        if self.decays:
            # Shortcuts do not look whether a tape is closed; these send them to `process`, which does.
            self.float64 = self.plain = False

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
        self._note(primal, dtype_of(primal))
        out = self.wrap(primal, next(self.counter))
        if self.watch:
            self.records[out.index] = Record(None, (), {}, primal, "")
        return out

    def _note(self, primal: Any, dtype: np.dtype[Any]) -> None:
        """Keep the flags true to what is on the tape."""
        if dtype is not _FLOAT64:
            self.float64 = self.plain = False
        elif self.plain and isinstance(primal, Traced):
            self.plain = False

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
            return self.ended(primitive, arrays, params)
        adjoints = primitive.adjoints
        variadic = primitive.arguments is None
        active: list[int] = []
        primals = list(arrays)
        outer = False
        for k, a in enumerate(arrays):
            if isinstance(a, Traced):
                if a.level is self:
                    primals[k] = a.primal
                    outer = outer or isinstance(a.primal, Traced)
                    rule = adjoints[0 if variadic else k]
                    if type(rule) is Refusal:
                        raise rule.error(primitive, k)
                    if rule is not None:
                        active.append(k)
                else:
                    outer = True
        parents = tuple(arrays[k].index for k in active)
        if primitive.flavour == "custom":
            return self._custom(primitive, arrays, tuple(primals), active, parents)
        y = bind(primitive, tuple(primals), params) if outer else primitive.fun(*primals, **params)
        if primitive.flavour == "constant" or not active:
            if self.watch and primitive.flavour != "constant":
                watching(primitive, primals, y)
            return y
        if isinstance(y, tuple):
            bundle = next(self.counter)
            self._record(primitive, arrays, primals, active, parents, params, y, bundle)
            return self._parts(primitive, arrays, primals, params, y, bundle)
        index = next(self.counter)
        self._record(primitive, arrays, primals, active, parents, params, y, index)
        if self.watch:
            self.records[index] = watching(primitive, primals, y, arrays, params)
        return self.wrap(y, index)

    def _record(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        primals: list[Any],
        active: list[int],
        parents: tuple[int, ...],
        params: dict[str, Any],
        y: Any,
        index: int,
    ) -> None:
        """Append the node, with what the rules of the active arguments keep."""
        dtype = dtype_of(y[0] if isinstance(y, tuple) else y)
        self._note(y, dtype)
        if primitive.accumulate is not None:
            x = primals[0]
            self.append((index, None, parents[0], (primitive, x.shape, dtype_of(x), params)))
            return
        adjoints = primitive.adjoints
        variadic = primitive.arguments is None
        elementwise = primitive.flavour == "elementwise"
        entries = []
        safe: dict[int, Any] = {}
        shapes: Any = None
        for k in active:
            rule = adjoints[0 if variadic else k]
            assert isinstance(rule, Rule)
            x = primals[k]
            kept = []
            for j in rule.keeps:
                if j >= 0:
                    value = safe.get(j)
                    if value is None:
                        value = primals[j]
                        if type(value) is np.ndarray and arrays[j] is value:
                            value = self.captures.keep(value)
                        safe[j] = value
                elif j == Y:
                    value = y
                elif j == SHAPE:
                    value = x.shape
                elif j == SHAPES:
                    value = shapes = shapes or tuple(np.shape(p) for p in primals)
                else:
                    value = k
                if elementwise and varies(primitive, j, value):
                    value = promote(value, dtype)
                kept.append(value)
            real = dtype.kind == "c" and dtype_of(x).kind != "c"
            entries.append((k, rule, kept, x.shape, real))
        self.append((index, pull, parents, (primitive, entries, params)))

    def _custom(
        self,
        primitive: Any,
        arrays: tuple[Any, ...],
        primals: tuple[Any, ...],
        active: list[int],
        parents: tuple[int, ...],
    ) -> Any:
        """Record a rule that the user wrote for all arguments together."""
        y, pullback = primitive.vjp(primals)
        primitive.check_closure(y, self)
        for part in y:
            self._note(part, dtype_of(part))
        self.plain = False
        bundle = next(self.counter)
        self.append((bundle, pull_custom, parents, (pullback, active)))
        return self._parts(primitive, arrays, list(primals), {}, y, bundle)

    def _parts(
        self, primitive: Any, arrays: Any, primals: Any, params: Any, y: Any, bundle: int
    ) -> Any:
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
        # Where an operation has several outputs, the index of their bundle holds a tuple, which nobody asks for.
        self.cotangents = [None if c is None or type(c) is tuple else np.conj(c) for c in cts]

    def cotangent(self, x: Any) -> Any:
        """Return the cotangent of `x` after a sweep (zeros where `y` does not depend on it)."""
        if self.cotangents is None:
            raise LevelError("of a tape that has not been swept")
        ct = self.cotangents[x.index] if x.index < len(self.cotangents) else None
        return np.zeros(x.shape)[()] if ct is None else ct

    def to_graph(
        self, *, names: Sequence[str] = (), collapse: str = "auto", title: str = ""
    ) -> Graph:
        """Return the drawn graph of the evaluation: values, and adjoints after a sweep.

        Parameters
        ----------
        names : sequence of str
            Names of the inputs, in the order in which they were put on the tape.
        collapse : {"auto", "none", "line", "function"}
            What is drawn as one box: each value, all that one line of the source made, or all of one function;
            ``"auto"`` takes the finest with at most 40 boxes.
        title : str
            Written above the drawing.

        Returns
        -------
        Graph
            Shown in a notebook; ``.dot`` is its text in the DOT language, ``.svg()`` and ``.save(path)`` its picture.

        Raises
        ------
        InputError
            If the tape did not watch, so that it knows operations but no values.

        Notes
        -----
        Pictures need Graphviz and the extra ``plot``. Cost: linear in the number of operations.

        Examples
        --------
        >>> import numpy as np, dualrev as dr
        >>> tape = dr.Tape()
        >>> x, y = tape.variable(2.0), tape.variable(3.0)
        >>> z = x * y + np.sin(x)
        >>> tape.to_graph(names=["x", "y"])
        <Graph of 5 values>
        """
        from dualrev.modes.graph import tape_graph

        if not self.watch:
            raise InputError(
                "Tape.to_graph: this tape was made with watch=False and knows operations but no values; make it with "
                "dualrev.Tape()"
            )
        return tape_graph(self, names=names, collapse=collapse, title=title)

    def __len__(self) -> int:
        return len(self.nodes)

    def __str__(self) -> str:
        return trace_text(self)

    def __repr__(self) -> str:
        return f"<Tape of {len(self.nodes)} operations>"
