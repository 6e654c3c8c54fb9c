"""The live tape: variables that record while the user's own code runs, and `backward` from any of them.

The same Wengert list as inside a transform, with the same rules and the same sweep; only who holds the nodes differs.
Nobody closes this tape, so it holds none of them: each node hangs on the place of the value that it made, and goes when
the last value computed from it goes. `backward` collects the places that its variable depends on, puts them into the
order in which they ran, and sweeps that list.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import bind, operand
from dualrev.core.buffer import HOLDERS
from dualrev.core.levels import next_depth, open_levels
from dualrev.core.primitive import Primitive
from dualrev.errors import InputError, LeafWriteError, OutputError, describe
from dualrev.modes.lifting import lifted
from dualrev.modes.pausing import paused, recording
from dualrev.modes.places import SHOWN, Place, collected, gradient, renumbered
from dualrev.modes.reverse import Tape
from dualrev.modes.sweep import Part, run, seed_cotangent
from dualrev.modes.trace import raising, watching
from dualrev.modes.variables import LiveArray, LiveScalar, fitting, is_live

__all__ = ["LiveTape", "is_live", "variable"]

_FLOAT64 = np.dtype(np.float64)
_NUMBERS = (float, int, complex, np.float64)


class LiveTape(Tape):
    """A tape that stays open and holds no node: see the head of this file."""

    __slots__ = ()

    def __init__(self, depth: float) -> None:
        super().__init__(watch=False, copying=True)
        self.depth = depth
        self.counter = map(Place, itertools.count())  # type: ignore[assignment]
        self.append = self._attach

    def _attach(self, node: Any) -> None:
        """Hang a node on the place of its value."""
        place, adjoint, parents, kept = node
        place.node = (adjoint, parents, kept)
        if type(parents) is Part:
            bundle: Any = parents.parent
            bundle.parts[parents.position] = weakref.ref(place)

    def variable(self, x: Any) -> Any:
        """Return an independent variable of this tape."""
        out = self.leaf(x)
        key = id(out.index)
        out.index.owner = weakref.ref(out, lambda _: _leaves.pop(key, None))
        out.index.dtype = dtype_of(x)
        _leaves[key] = True
        return out

    def wrap(self, primal: Any, index: Any) -> Any:
        """Make the handle of a value at its place."""
        out = object.__new__(LiveArray if primal.ndim else LiveScalar)
        out.primal = primal
        out.level = self
        out.index = index
        index.shape = primal.shape
        index.plain = not isinstance(primal, Traced) and primal.dtype is _FLOAT64
        if index.plain and primal.size <= SHOWN:
            index.shown = primal
        return out

    def process(self, primitive: Primitive, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate the primal and, unless recording is off, hang a node on the result."""
        if not paused():
            return super().process(primitive, arrays, params)
        primals = tuple(a.primal if getattr(a, "level", None) is self else a for a in arrays)
        y = bind(primitive, primals, params)
        parts = y if isinstance(y, tuple) else (y,)
        for part in parts:
            # A view of a variable's value: a write would change what is recorded, or, into a copy, be lost.
            if type(part) is np.ndarray and any(_shares(part, p) for p in primals):
                part.flags.writeable = False
        return y

    def _record(self, primitive: Any, arrays: Any, primals: Any, *rest: Any) -> None:
        super()._record(primitive, arrays, primals, *rest)
        *_, params, y, place = rest
        place.operands = self._places(arrays)
        if raising():
            place.record = watching(primitive, primals, y, arrays, params)

    def _custom(self, primitive: Any, arrays: Any, primals: Any, active: Any, parents: Any) -> Any:
        out = super()._custom(primitive, arrays, primals, active, parents)
        out[0].index.node[1].parent.operands = (primitive, primals, self._places(arrays))
        return out

    def _places(self, arrays: Any) -> tuple[Any, ...]:
        return tuple(
            a.index if getattr(a, "level", None) is self else a if type(a) in _NUMBERS else None
            for a in arrays
        )

    def written(self, x: Any, new: Any) -> Any:
        """Let a write change the value of a leaf where nothing is recorded, and refuse it elsewhere."""
        own = isinstance(new, Traced) and new.level is self
        if not x.is_leaf:
            if paused() and not own:
                raise LeafWriteError(
                    "a write into a computed value inside `with dualrev.no_grad():`",
                    "write outside of it, where the write is recorded, or into a plain copy (x.detach())",
                )
            if own and x.index.retains and not new.index.retains:
                new.retain_grad()
            return new
        if not paused():
            raise LeafWriteError(
                "a write into a variable that `dualrev.variable` made",
                "write into a copy (y = x.copy()), or, to change its value, inside `with dualrev.no_grad():`",
            )
        return self.wrap(fitting(x, new.primal if own else new), x.index)

    def again(self, view: Any, base: Any) -> Any:
        """Derive a view again, on the tape even where recording is off: it was on it before."""
        with recording():
            return view(base)

    def backward(self, y: Any, ct: Any, retain_graph: bool, create_graph: bool) -> None:
        """Sweep from `y` and accumulate into ``.grad``."""
        if ct is None and dtype_of(y).kind == "c":
            raise OutputError(
                f"backward: {describe(y)} is complex, and has no gradient without a cotangent; "
                "call it on a real number (np.abs, np.real), or pass the cotangent"
            )
        if ct is None and y.size == 1:
            ct = np.ones(y.shape)
        if not create_graph and getattr(ct, "level", None) is self:
            ct = ct.primal
        seed = seed_cotangent(y.primal, ct)
        if type(seed) is np.ndarray:
            seed = seed.copy()
        places = collected(y.index)
        wanted = [p for p in places if p.owner is not None or p.retains]
        numbers = {place: k for k, place in enumerate(places)}
        snapshot = Tape(watch=False)
        snapshot.plain = not create_graph and all(p.plain or p.node is None for p in places)
        snapshot.counter = itertools.count(len(places))
        snapshot.nodes = [
            (numbers[p], *renumbered(lifted(p, self) if create_graph else p.node, numbers))
            for p in places
            if p.node is not None
        ]
        keep = any(p.retains and p.node is not None for p in wanted)
        with recording():
            cts = run(snapshot, {numbers[y.index]: seed}, [numbers[p] for p in wanted], keep=keep)
        if not retain_graph:
            for place in places:
                place.freed = place.node is not None
                place.node = None
        around = is_live(y.primal)
        for place, found in zip(wanted, cts, strict=True):
            if found is not None:
                new = gradient(found, place)
                if around and not create_graph and is_live(new):
                    new = new.primal
                place.grad = new if place.grad is None else place.grad + new
        if around:
            # Variables of two tapes, as one was made inside a transform that has ended: on to those of the other.
            y.primal.backward(ct, retain_graph=retain_graph, create_graph=create_graph)


def _shares(y: np.ndarray, x: Any) -> bool:
    return isinstance(x, np.ndarray) and np.may_share_memory(y, x)


# The leaves that exist, by the identity of their places: while there are any, new arrays of the mirror can hold them.
_leaves: dict[int, bool] = {}
HOLDERS.append(lambda: _leaves and not paused())

_outermost = LiveTape(0.0)
_inside: weakref.WeakKeyDictionary[Any, LiveTape] = weakref.WeakKeyDictionary()


def _tape_for(x: Any) -> LiveTape:
    """Return the tape of a new variable: deeper than every transform that is running and than `x` itself."""
    around = [*open_levels(), *([x.level] if isinstance(x, Traced) else ())]
    if not around:
        return _outermost
    innermost = max(around, key=lambda level: level.depth)
    tape = _inside.get(innermost)
    return _inside.setdefault(innermost, LiveTape(next_depth())) if tape is None else tape


def variable(x: Any, dtype: Any = None) -> Any:
    """Return an independent variable: operations on it are recorded as they run, for ``backward()``.

    Parameters
    ----------
    x : array_like of floats, complex numbers or integers
        The value; copied. Integers and booleans become float64.
    dtype : dtype, optional
        Another floating or complex dtype.

    Returns
    -------
    Variable
        An array of the same shape on which all of NumPy works. Beside that it has ``backward()``, ``grad``,
        ``zero_grad()``, ``retain_grad()``, ``detach()``, ``data`` and ``is_leaf``.

    Raises
    ------
    InputError
        If `x` is no array of numbers, or is a variable already.

    See Also
    --------
    dualrev.grad : the same derivative from a function, faster and with nothing to zero.
    no_grad : compute without recording.

    Notes
    -----
    Cost: 1 to 5 microseconds and some 300 bytes per operation beside NumPy's own, and the residuals that its rule
    names. All is freed when the values computed from the variable are. What is computed from a variable inside a
    transform such as `dualrev.grad` is recorded too, as if the transform were one more operation; `backward` inside a
    transform fills the variables that were made there, and those from outside are constants to it.

    References
    ----------
    Wengert (1964), CACM 7(8); Griewank & Walther (2008), Evaluating Derivatives, chapters 3 and 4.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> x = dr.variable([1.0, 2.0])
    >>> y = x @ x + np.sin(x[0])
    >>> y.backward()
    >>> x.grad.round(4)
    array([2.5403, 4.    ])
    """
    if is_live(x):
        raise InputError(
            "variable: the argument is a variable already. Use it as it is, or variable(x.detach()) for an independent "
            "copy"
        )
    array = operand(x)
    if not isinstance(array, Traced):
        array = np.array(array)
    have = dtype_of(array)
    want = np.dtype(dtype if dtype is not None else (np.float64 if have.kind in "iub" else have))
    if want.kind not in "fc" or have.kind not in "iubfc":
        raise InputError(
            f"variable: {describe(x)} has no derivative in dtype {want}; give floats or complex numbers"
        )
    if have != want:
        array = array.astype(want)
    return _tape_for(array).variable(array if isinstance(array, Traced) else array[()])
