"""Forward mode: dual numbers. A `Dual` carries a tangent beside its primal; every operation pushes it on at once.

In vector mode the tangents of a level have a lane axis in front (one lane per direction). Elementwise rules broadcast
over it by themselves; for all others the tangent is wrapped as a batched value, so their batching rules apply.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of, literal
from dualrev.core.bind import bind
from dualrev.core.finite import without_warnings
from dualrev.core.levels import Level, next_depth, open_levels
from dualrev.core.primitive import SHAPE, SHAPES, Refusal, Rule, Y
from dualrev.core.shapes import lift
from dualrev.errors import InputError, ShapeError, describe
from dualrev.modes.batch import Batch, Batched, batched
from dualrev.modes.trace import is_finite, raising, record_error, watching

__all__ = ["Dual", "Forward"]

_new = object.__new__
_PLAIN = (np.ndarray, np.float64)
_FLOAT64 = np.dtype(np.float64)


class Dual(Traced):
    """A dual number or array: a primal and its tangent.

    Parameters
    ----------
    primal, tangent : float, complex, ndarray or Dual
        Of the same shape (the tangent may be a number that broadcasts). A `Dual` inside a `Dual` gives second order.

    Raises
    ------
    InputError
        If a part is no number or array of floats.
    ShapeError
        If the tangent does not fit the primal.

    Notes
    -----
    Duals made by hand live on a level of their own that never closes: all of them share one perturbation, as in the
    textbooks. Transforms (`jvp`, `jacobian`) open fresh levels instead. Cost: one evaluation carries both parts, about
    two to three times the operations of the primal.

    References
    ----------
    Clifford, W. K. (1871), Preliminary sketch of biquaternions; Wengert, R. E. (1964), A simple automatic derivative
    evaluation program, CACM 7(8).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> x = dr.Dual(2.0, 1.0)
    >>> y = x * np.sin(x)
    >>> float(y.primal), float(y.tangent)
    (1.8185948536513634, 0.0770037537313969)
    """

    __slots__ = ()

    def __new__(cls, primal: Any, tangent: Any = 0.0) -> Any:
        primal, tangent = _part(primal, "primal"), _part(tangent, "tangent")
        if tangent.shape != primal.shape:
            try:
                tangent = np.broadcast_to(tangent, primal.shape)
            except ValueError:
                raise ShapeError(
                    f"Dual: the tangent of shape {tangent.shape} does not fit the primal of shape {primal.shape}"
                ) from None
        return dual(primal, tangent, _level_by_hand(primal, tangent))

    def __repr__(self) -> str:
        return f"Dual({literal(self.primal)}, {literal(self.tangent)})"


class DualArray(Dual, TracedArray):
    """A dual array."""

    __slots__ = ()


class DualScalar(Dual, TracedScalar):
    """A dual number."""

    __slots__ = ()


class WatchedDualArray(Dual, TracedArray):
    """A dual array of a level that checks every result; it takes no shortcuts."""

    __slots__ = ()


class WatchedDualScalar(Dual, TracedScalar):
    """A dual number of a level that checks every result; it takes no shortcuts."""

    __slots__ = ()


def _part(x: Any, word: str) -> Any:
    if isinstance(x, Traced):
        return x
    array = np.asarray(x)
    if array.dtype.kind in "iub":
        array = array.astype(float)
    if array.dtype.kind not in "fc":
        raise InputError(
            f"Dual: the {word} must be a number or an array of numbers, not {describe(x)}"
        )
    return array[()] if array.ndim == 0 else array.copy()


def _level_by_hand(*parts: Any) -> Forward:
    """Return the level of duals made by hand: just inside what is open now, one deeper per dual in the parts."""
    order = 1
    for part in parts:
        x, depth = part, 0
        while isinstance(x, Traced):
            depth = max(depth, x.level.order if isinstance(x, Dual) else 0)
            x = x.primal
        order = max(order, depth + 1)
    opened = open_levels()
    levels = _by_hand.setdefault(opened[-1], []) if opened else _outermost
    while len(levels) < order:
        base = opened[-1].depth if opened else -1.0
        levels.append(Forward(depth=base + 1 - 0.5 ** (len(levels) + 1), order=len(levels) + 1))
    return levels[order - 1]


def dual(primal: Any, tangent: Any, level: Forward) -> Any:
    """Make a dual value of `level`."""
    if level.float64 and dtype_of(primal) is not _FLOAT64:
        level.float64 = False
    out: Any
    if level.watch:
        out = _new(WatchedDualArray if primal.ndim else WatchedDualScalar)
    else:
        out = _new(DualArray if primal.ndim else DualScalar)
    out.primal = primal
    out.tangent = tangent
    out.level = level
    return out


class Forward(Level):
    """A level of forward mode.

    Attributes
    ----------
    lanes : Batch or None
        In vector mode the level of the directions; tangents then have the lane axis in front.
    float64 : bool
        True while every dual of the level is real and of double precision; shortcuts need not look at dtypes then.
    watch : bool
        Take no shortcuts: `debug` checks every result, and the general path applies strong zeros.
    order : int
        For duals made by hand, how many of them are nested; zero for a transform.
    """

    __slots__ = ("errors", "float64", "lanes", "order", "watch")

    def __init__(
        self,
        directions: int | None = None,
        depth: float | None = None,
        order: int = 0,
        careful: bool = False,
    ) -> None:
        super().__init__(depth)
        self.lanes = None if directions is None else Batch(directions, next_depth())
        self.order = order
        self.float64 = True
        self.watch = careful or order > 0 or raising()
        self.errors: Any = None

    def __enter__(self) -> Forward:
        # Tangents make floating-point noise that the user's code does not: warnings are held back while the level is
        # open; errors that the user asked for with np.errstate(...="raise") are not.
        self.errors = without_warnings()
        self.errors.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.errors.__exit__(*error)

    def constant(self, value: Any) -> Any:
        """Return `value` with a tangent of zero."""
        value = value if isinstance(value, Traced) else np.asarray(value)[()]
        shape = value.shape if self.lanes is None else (self.lanes.count, *value.shape)
        return dual(value, np.zeros(shape, dtype_of(value))[()], self)

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate the primal and push the tangents forward."""
        if self.closed:
            return self.ended(primitive, arrays, params)
        if primitive.arguments is None and self.float64 and primitive.flavour == "linear":
            out = self._joined(primitive, arrays, params)
            if out is not None:
                return out
        active = tuple(isinstance(a, Dual) and a.level is self for a in arrays)
        primals = tuple(a.primal if own else a for a, own in zip(arrays, active, strict=True))
        if primitive.flavour == "custom":
            return self._custom(primitive, arrays, primals, active)
        y = bind(primitive, primals, params)
        if primitive.flavour == "constant":
            return y
        if primitive.arguments is None:
            # Linear in all arguments together: one call with zeros for those that do not move.
            lead = () if self.lanes is None else (self.lanes.count,)
            tangents = tuple(
                a.tangent if own else np.zeros(lead + np.shape(a), dtype_of(a))
                for a, own in zip(arrays, active, strict=True)
            )
            if self.lanes is None:
                t = primitive.call(*tangents, **params)
            else:
                t = primitive.batch(primitive, (True,) * len(tangents), tangents, params)
            return self._watched(primitive, primals, self._finish(y, t))
        total = None
        for k, own in enumerate(active):
            rule = primitive.tangents[k] if own else None
            if rule is None:
                continue
            if type(rule) is Refusal:
                raise rule.error(primitive, k)
            kept = residuals(rule.keeps, primals, y, k)
            t = arrays[k].tangent
            if primitive.flavour == "elementwise":
                kept = [
                    promote(v, dtype_of(y)) if varies(primitive, k, v) else v
                    for k, v in zip(rule.keeps, kept, strict=True)
                ]
            if self.lanes is None:
                t = rule.call(t, *kept, **params)
            elif primitive.flavour == "elementwise":
                t = rule.call(lift(t, y.ndim), *kept)
            elif primitive.flavour == "linear":
                t = primitive.batch(primitive, (True,), (t,), params)
            elif primitive.flavour == "bilinear":
                pair, lanes = (t, kept[0]), (True, False)
                t = primitive.batch(
                    primitive, *((lanes, pair) if k == 0 else (lanes[::-1], pair[::-1])), params
                )
            else:
                t = self._unlane(rule.call(batched(t, self.lanes), *kept, **params), y)
            if isinstance(t, tuple):
                total = t if total is None else tuple(p + q for p, q in zip(total, t, strict=True))
            else:
                total = t if total is None else total + t
        return self._watched(primitive, primals, y if total is None else self._finish(y, total))

    def _joined(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Join plain duals of this level, all of float64: the commonest call of np.concatenate and np.stack."""
        primals, tangents = [], []
        for a in arrays:
            kind = type(a)
            if (kind is not DualArray and kind is not DualScalar) or a.level is not self:
                return None
            p, t = a.primal, a.tangent
            if type(p) not in _PLAIN or type(t) not in _PLAIN:
                return None
            primals.append(p)
            tangents.append(t)
        y = primitive.fun(*primals, **params)
        if self.lanes is None:
            return dual(y, primitive.fun(*tangents, **params), self)
        return dual(
            y, primitive.batch(primitive, (True,) * len(tangents), tuple(tangents), params), self
        )

    def _watched(self, primitive: Any, primals: tuple[Any, ...], out: Any) -> Any:
        if self.watch and raising():
            for part in out if isinstance(out, tuple) else (out,):
                if isinstance(part, Dual) and part.level is self:
                    record = watching(primitive, list(primals), part.primal)
                    if not is_finite(part.tangent):
                        raise record_error("tangent", record, part.tangent)
        return out

    def _custom(self, primitive: Any, arrays: Any, primals: Any, active: Any) -> Any:
        """Push through a rule that the user wrote for all arguments together."""
        tangents = [
            self._wrap(a.tangent) if own else np.zeros(np.shape(a), dtype_of(a))[()]
            for a, own in zip(arrays, active, strict=True)
        ]
        ys, ts = primitive.jvp(primals, tangents)
        primitive.check_closure(ys, self)
        return tuple(
            self._watched(primitive, primals, self._finish(y, t))
            for y, t in zip(ys, ts, strict=True)
        )

    def _wrap(self, tangent: Any) -> Any:
        return tangent if self.lanes is None else batched(tangent, self.lanes)

    def _unlane(self, t: Any, y: Any) -> Any:
        assert self.lanes is not None
        if isinstance(t, tuple):
            return tuple(self.lanes.unwrap(p, np.shape(q)) for p, q in zip(t, y, strict=True))
        return self.lanes.unwrap(t, np.shape(y))

    def _finish(self, y: Any, t: Any) -> Any:
        if isinstance(y, tuple):
            return tuple(self._finish(p, q) for p, q in zip(y, t, strict=True))
        have, want = dtype_of(t), dtype_of(y)
        if have is not want and have != want:
            if have.kind == "c" and want.kind != "c":
                t = np.real(t)
            t = t.astype(want) if isinstance(t, Traced) else np.asarray(t).astype(want)[()]
        if self.lanes is None:
            if t.shape != y.shape:
                t = np.broadcast_to(t, y.shape)
        elif isinstance(t, Batched) or np.shape(t) != (self.lanes.count, *y.shape):
            t = self.lanes.unwrap(t, y.shape)
        return dual(y, t, self)


_outermost: list[Forward] = []
_by_hand: WeakKeyDictionary[Level, list[Forward]] = WeakKeyDictionary()


def residuals(keeps: tuple[int, ...], primals: tuple[Any, ...], y: Any, position: int) -> list[Any]:
    """Pick what a rule asked to keep."""
    kept = []
    for k in keeps:
        if k >= 0:
            kept.append(primals[k])
        elif k == Y:
            kept.append(y)
        elif k == SHAPE:
            kept.append(np.shape(primals[position]))
        elif k == SHAPES:
            kept.append(tuple(np.shape(p) for p in primals))
        else:
            kept.append(position)
    return kept


def varies(primitive: Any, k: int, x: Any) -> bool:
    """Say whether the residual `x` at `k` is a number like others; an order or a degree stays the integer it is."""
    return k < 0 or isinstance(primitive.tangents[k], Rule) or dtype_of(x).kind in "fc"


def promote(x: Any, dtype: np.dtype[Any]) -> Any:
    """Give a residual at least the precision of the output, so that a partial of it is not rounded to less."""
    if type(x) in (float, int, bool):
        return x
    own = x.dtype if type(x) is np.ndarray else dtype_of(x)
    if own is dtype or own.kind == "c" or (own.itemsize >= dtype.itemsize and own.kind == "f"):
        return x
    real = np.empty(0, dtype).real.dtype
    return x.astype(real)
