"""The sweep: walk the Wengert list backwards, apply adjoints, accumulate cotangents.

What enters: the nodes of a tape and seeds. What leaves: cotangents by index. Cotangents are carried conjugated, so that
every rule is a plain transpose (see `core/flavours.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.finite import any_nan, strong_product
from dualrev.core.primitive import Rule
from dualrev.core.shapes import unbroadcast
from dualrev.errors import ShapeError
from dualrev.modes.forward import residuals
from dualrev.modes.trace import has_nan, is_finite, raising, record_error

if TYPE_CHECKING:
    from dualrev.modes.reverse import Tape

__all__ = ["Part", "pull", "pull_custom", "run", "seed_cotangent", "sweep"]

_FLOAT64 = np.dtype(np.float64)


def _add_indexed(
    cts: list[Any], ct: Any, parent: int, kept: Any, owned: set[int], plain: bool
) -> None:
    """Add the adjoint of indexing to the parent's cotangent; plain arrays in place, however often they are indexed."""
    primitive, shape, dtype, params = kept
    old = cts[parent]
    if not plain:
        rule = primitive.adjoints[0]
        g = rule.call(ct, *residuals(rule.keeps, (np.empty(shape, dtype=bool),), None, 0), **params)
        if dtype.kind != "c" and dtype_of(g).kind == "c":
            g = np.real(g)
        cts[parent] = g if old is None else old + g
        return
    # The sum of two cotangents of a scalar is owned, but a NumPy scalar, which cannot be written into.
    if old is None or parent not in owned or type(old) is not np.ndarray:
        cts[parent] = np.zeros(shape, dtype) if old is None else np.array(old)
        owned.add(parent)
    primitive.accumulate(cts[parent], ct, **params)


class Part:
    """The parent of one output of an operation with several: cotangents of the outputs are collected in a list."""

    __slots__ = ("parent", "position", "shapes")

    def __init__(self, parent: int, position: int, shapes: Any) -> None:
        self.parent = parent
        self.position = position
        self.shapes = shapes

    def add(self, cts: list[Any], ct: Any) -> None:
        """Put `ct` in its place of the bundle."""
        bundle = cts[self.parent]
        if bundle is None:
            bundle = cts[self.parent] = tuple(np.zeros(s)[()] for s in self.shapes)
        cts[self.parent] = tuple(ct if k == self.position else c for k, c in enumerate(bundle))


def pull(ct: Any, kept: Any) -> list[Any]:
    """Adjoint of a node recorded without shortcut."""
    primitive, entries, params = kept
    out = []
    broadcasts = primitive.broadcasts
    for _, rule, values, shape, real in entries:
        g = rule.call(ct, *values, **params)
        if g is not None:
            if broadcasts and g.shape != shape:
                g = unbroadcast(g, shape) if g.ndim >= len(shape) else np.broadcast_to(g, shape)
            if real and dtype_of(g).kind == "c":
                g = np.real(g)
        out.append(g)
    return out


def pull_custom(ct: Any, kept: Any) -> list[Any]:
    pull, active = kept
    cts = pull(ct)
    return [cts[k] for k in active]


def _pull_with_strong_zeros(ct: Any, kept: Any) -> list[Any]:
    primitive, entries, params = kept
    if primitive.flavour != "elementwise":
        return pull(ct, kept)
    strong = []
    for k, rule, values, shape, real in entries:
        partial = primitive.partials[k]
        if callable(partial.value):
            strong_rule = Rule(lambda c, *v, _p=partial.at: strong_product(c, _p(*v)), rule.keeps)
            strong.append((k, strong_rule, values, shape, real))
        else:
            strong.append((k, rule, values, shape, real))
    return pull(ct, (primitive, strong, params))


pull.strong = _pull_with_strong_zeros  # type: ignore[attr-defined]


def seed_cotangent(y: Any, ct: Any) -> Any:
    """Check a cotangent against the output it belongs to; return it conjugated, as the sweep carries it."""
    shape = np.shape(y)
    if ct is None:
        if shape:
            raise ShapeError(
                f"a cotangent is needed for an output of shape {shape}; it is 1 for scalars only"
            )
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


def _variant(adjoint: Any, variant: str) -> Any:
    """Return an adjoint's variant, made when it is first wanted; most have only one form."""
    made = getattr(adjoint, variant, None)
    if made is None:
        make = getattr(adjoint, "make", None)
        made = adjoint if make is None else make(variant)
        setattr(adjoint, variant, made)
    return made


def sweep(nodes: list[Any], cts: list[Any], variant: str = "", keep: bool = False) -> list[Any]:
    """Walk the Wengert list backwards and accumulate cotangents (Griewank & Walther 2008, table 3.5).

    Parameters
    ----------
    nodes : list of tuple
        The list; it is empty afterwards.
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
    pop = nodes.pop
    for _ in range(len(nodes)):
        # Taken off the list, a node's residuals are freed as soon as its adjoint has used them.
        index, adjoint, parents, kept = pop()
        ct = cts[index]
        if ct is None:
            continue
        if not keep:
            cts[index] = None
        if adjoint is None:
            if type(parents) is int:
                _add_indexed(cts, ct, parents, kept, owned, plain)
            else:
                parents.add(cts, ct)
            continue
        if not plain:
            adjoint = _variant(adjoint, variant)
        # Accumulation is written out for one parent and for several: this loop runs for every operation there was.
        if type(parents) is int:
            g = adjoint(ct, kept)
            old = cts[parents]
            if old is None:
                cts[parents] = g
            elif parents in owned:
                old += g
                cts[parents] = old
            else:
                cts[parents] = old + g
                if plain:
                    owned.add(parents)
        else:
            for parent, g in zip(parents, adjoint(ct, kept)):  # noqa: B905 - strict costs, lengths agree by construction
                if g is not None:
                    old = cts[parent]
                    if old is None:
                        cts[parent] = g
                    elif parent in owned:
                        old += g
                        cts[parent] = old
                    else:
                        cts[parent] = old + g
                        if plain:
                            owned.add(parent)
    return cts


def run(
    tape: Tape, seeds: dict[int, Any], leaves: Any = None, keep: bool = False, once: bool = False
) -> Any:
    """Sweep a tape from the seeds, and once more with strong zeros if a NaN came out, which may be 0 * inf.

    Returns the cotangents of `leaves` (of all values if None). With `once` the tape is used up, and None is returned if
    it would have to be swept again.
    """
    tape.captures.verify()
    size = next(tape.counter)
    plain = tape.was_plain if tape.closed else tape.plain
    for s in seeds.values():
        plain = plain and not isinstance(s, Traced) and s.dtype is _FLOAT64
    with np.errstate(all="ignore"):
        for variant in ("" if plain else "pure", "strong"):
            cts: list[Any] = [None] * size
            for index, seed in seeds.items():
                cts[index] = seed
            if tape.watch and raising():
                sweep_watched(tape, cts, keep)
            else:
                sweep(tape.nodes if once else tape.nodes.copy(), cts, variant, keep)
            wanted = cts if leaves is None else [cts[k] for k in leaves]
            for c in wanted:
                if c is None or type(c) is tuple:
                    continue
                if any_nan(c) if type(c) is np.ndarray else has_nan(c):
                    break
            else:
                return wanted
            if once:
                return None
    return wanted


def sweep_watched(tape: Tape, cts: list[Any], keep: bool) -> None:
    """Sweep node by node and raise at the first cotangent that is not finite, naming operation and source line."""
    for node in reversed(tape.nodes):
        index, _, parents, _ = node
        if cts[index] is None:
            continue
        sweep([node], cts, "strong", keep)
        for p in (
            (parents,)
            if isinstance(parents, int)
            else (parents if isinstance(parents, tuple) else (parents.parent,))
        ):
            if isinstance(cts[p], tuple) or cts[p] is None or is_finite(cts[p]):
                continue
            raise record_error("cotangent", tape.records[index], cts[p])
