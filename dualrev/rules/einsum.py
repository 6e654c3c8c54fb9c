"""einsum: subscripts are made explicit once, then operands are contracted two at a time.

Two primitives do the work. `einsum_one` takes diagonals, sums and transposes of one operand;
`einsum_two` contracts two operands, neither of which has a label twice or a summed label of its
own. The second form is closed under differentiation: its adjoints are the same contraction with
the three terms exchanged.
"""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.domains import case
from dualrev.core.flavours import bilinear, linear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.views import as_view
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand

__all__ = ["einsum"]

# Above this product of operand sizes, NumPy saves more with BLAS than the 20 us of planning.
_PLANNED = 1_000_000


def _batch(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    """The lanes are one more label."""
    subscripts = params["subscripts"]
    lane = next(c for c in string.ascii_letters if c not in subscripts)
    terms, out = subscripts.split("->")
    batched = ",".join(
        lane + t if own else t for t, own in zip(terms.split(","), lanes, strict=True)
    )
    return primitive.call(*arrays, subscripts=f"{batched}->{lane}{out}")


def _spread_labels(ct: Any, shape: tuple[int, ...], *, subscripts: str) -> Any:
    """Transpose of a sum over labels and of a diagonal: repeat, and put onto the diagonal."""
    term, out = subscripts.split("->")
    order = [out.index(c) for c in dict.fromkeys(term) if c in out]
    if order != sorted(order):
        ct = np.transpose(ct, order)
    first = [term.index(c) == k for k, c in enumerate(term)]
    ct = np.reshape(
        ct, tuple(n if f and c in out else 1 for n, c, f in zip(shape, term, first, strict=True))
    )
    for k, c in enumerate(term):
        if not first[k]:
            diagonal = [1] * len(term)
            diagonal[term.index(c)] = diagonal[k] = shape[k]
            ct = ct * np.eye(shape[k], dtype=bool).reshape(diagonal)
    return np.broadcast_to(ct, shape)


einsum_one = linear(
    lambda x, *, subscripts: np.einsum(subscripts, x),
    _spread_labels,
    on=[
        case((2, 3), subscripts="ab->ba"),
        case((2, 3, 4), subscripts="abc->ca"),
        case((3, 3), subscripts="aa->a"),
        case((3, 3), subscripts="aa->"),
        case((2, 3, 2, 2), subscripts="abaa->ba"),
        case((0, 2), subscripts="ab->b"),
        case((), subscripts="->"),
    ],
    name="einsum_one",
    batch=_batch,
    formula="sums, diagonals and transposes of dx",
    pattern=lambda primals, y, *, subscripts: subscripts,
)


def _contract(a: Any, b: Any, *, subscripts: str) -> Any:
    return np.einsum(subscripts, a, b, optimize=np.size(a) * np.size(b) > _PLANNED)


@lru_cache(maxsize=512)
def _exchange(subscripts: str, position: int) -> str:
    terms, out = subscripts.split("->")
    a, b = terms.split(",")
    return f"{out},{b}->{a}" if position == 0 else f"{out},{a}->{b}"


einsum_two = bilinear(
    _contract,
    lambda ct, b, *, subscripts: einsum_two(ct, b, subscripts=_exchange(subscripts, 0)),
    lambda ct, a, *, subscripts: einsum_two(ct, a, subscripts=_exchange(subscripts, 1)),
    on=[
        case((2, 3), (3, 4), subscripts="ab,bc->ac"),
        case((2, 3), (2, 3), subscripts="ab,ab->a"),
        case((2, 3), (3, 2), subscripts="ab,ba->"),
        case((2, 3), (4,), subscripts="ab,c->cab"),
        case((2, 3, 4), (2, 4, 2), subscripts="abc,acd->dba"),
        case((), (3,), subscripts=",a->a"),
        case((0, 2), (2, 3), subscripts="ab,bc->ac"),
    ],
    name="einsum_two",
    batch=_batch,
    formula="dA·B + A·dB over the same labels",
    pattern=lambda primals, y, *, subscripts: subscripts,
)


class Plan(NamedTuple):
    """An einsum with explicit letters; `squeezed`: axes of length 1 that meet longer ones."""

    terms: tuple[str, ...]
    out: str
    squeezed: tuple[tuple[int, ...], ...]


def _tokens(term: str) -> tuple[Any, ...]:
    """Split the subscripts of one term; an ellipsis is one token."""
    head, dots, tail = term.partition("...")
    for c in head + tail:
        if c not in string.ascii_letters:
            raise ValueError(
                f"invalid subscript {c!r} in einstein sum subscripts string, "
                "subscripts must be letters"
            )
    return (*head, Ellipsis, *tail) if dots else tuple(head)


def _parse(text: str) -> tuple[tuple[Any, ...], Any]:
    """Return the terms and the output term (None if implicit) of a string."""
    inputs, arrow, out = text.replace(" ", "").partition("->")
    return tuple(_tokens(t) for t in inputs.split(",")), _tokens(out) if arrow else None


def _split(operands: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return the subscripts, a string or the terms with the output term, and the arrays."""
    if not operands:
        raise ValueError("must provide at least an operand and a subscripts list to einsum")
    if isinstance(operands[0], str):
        return operands[0], operands[1:]
    explicit = operands[-1] if len(operands) % 2 else None
    pairs = operands[: len(operands) - len(operands) % 2]
    for sub in (*pairs[1::2], *(() if explicit is None else (explicit,))):
        if not all(c is Ellipsis or (hasattr(c, "__index__") and 0 <= c < 52) for c in sub):
            raise TypeError("each subscript must be either an integer from 0 to 51 or an ellipsis")
    terms = tuple(tuple(c if c is Ellipsis else int(c) for c in sub) for sub in pairs[1::2])
    out = None if explicit is None else tuple(c if c is Ellipsis else int(c) for c in explicit)
    return (terms, out), pairs[::2]


def _expand(term: tuple[Any, ...], ndim: int, number: int) -> list[Any]:
    """Replace the ellipsis by labels counted from the end: ``(-2,)``, ``(-1,)``."""
    named = len(term) - (Ellipsis in term)
    if named > ndim:
        raise ValueError(
            f"einstein sum subscripts string contains too many subscripts for operand {number}"
        )
    if Ellipsis not in term:
        if named < ndim:
            raise ValueError(
                f"operand {number} has more dimensions than subscripts given in einstein sum, "
                "but no '...' ellipsis provided to broadcast the extra dimensions."
            )
        return list(term)
    at = term.index(Ellipsis)
    return [*term[:at], *((k,) for k in range(named - ndim, 0)), *term[at + 1 :]]


@lru_cache(maxsize=512)
def _plan(given: Any, shapes: tuple[tuple[int, ...], ...]) -> Plan:
    terms, out = _parse(given) if isinstance(given, str) else given
    if len(terms) != len(shapes):
        word = "more" if len(shapes) > len(terms) else "fewer"
        raise ValueError(
            f"{word} operands provided to einstein sum function than specified in the "
            "subscripts string"
        )
    full = [_expand(t, len(s), k) for k, (t, s) in enumerate(zip(terms, shapes, strict=True))]
    labels = [c for t in full for c in t]
    dots = sorted({c for c in labels if isinstance(c, tuple)})
    named = [c for c in labels if not isinstance(c, tuple)]
    if out is None:
        target = [*dots, *sorted(c for c in set(named) if named.count(c) == 1)]
    else:
        if dots and Ellipsis not in out:
            raise ValueError(
                "output has more dimensions than subscripts given in einstein sum, "
                "but no '...' ellipsis provided to broadcast the extra dimensions."
            )
        target = [c for label in out for c in (dots if label is Ellipsis else [label])]
    for c in target:
        if c not in labels:
            raise ValueError(
                f"einstein sum subscripts string included output subscript {c!r} "
                "which never appeared in an input"
            )
        if target.count(c) > 1:
            raise ValueError(
                f"einstein sum subscripts string includes output subscript {c!r} multiple times"
            )
    sizes: dict[Any, int] = {}
    for t, s in zip(full, shapes, strict=True):
        for c, n in zip(t, s, strict=True):
            known = sizes.setdefault(c, n)
            if known != n and 1 not in (known, n):
                raise ValueError(
                    f"operands could not be broadcast together: label {c!r} is {known} and {n} long"
                )
            sizes[c] = n if known == 1 else known
    letter = dict(zip(sizes, string.ascii_letters, strict=False))
    kept = [
        [k for k, (c, n) in enumerate(zip(t, s, strict=True)) if n == sizes[c]]
        for t, s in zip(full, shapes, strict=True)
    ]
    return Plan(
        tuple("".join(letter[t[k]] for k in ks) for t, ks in zip(full, kept, strict=True)),
        "".join(letter[c] for c in target),
        tuple(
            tuple(k for k in range(len(t)) if k not in ks) for t, ks in zip(full, kept, strict=True)
        ),
    )


@lru_cache(maxsize=512)
def _path(plan: Plan, shapes: tuple[tuple[int, ...], ...], optimize: Any) -> list[tuple[int, ...]]:
    """Return the order of contraction, as NumPy plans it; greedy unless another is asked for."""
    dummies = [np.broadcast_to(0.0, s) for s in shapes]
    explicit = isinstance(optimize, tuple) and optimize[0] == "einsum_path"
    subscripts = f"{','.join(plan.terms)}->{plan.out}"
    how = list(optimize) if explicit else optimize or "greedy"
    path = np.einsum_path(subscripts, *dummies, optimize=how)[0]
    return [tuple(step) for step in path[1:]]


@lru_cache(maxsize=512)
def _reduction(ta: str, tb: str, wanted: str) -> tuple[str, str, str]:
    """Return what to do to each operand alone (nothing: an empty string), then to both."""
    shared = [
        "".join(c for c in dict.fromkeys(mine) if c in other or c in wanted)
        for mine, other in ((ta, tb), (tb, ta))
    ]
    alone = ["" if s == t else f"{t}->{s}" for s, t in zip(shared, (ta, tb), strict=True)]
    return alone[0], alone[1], f"{shared[0]},{shared[1]}->{wanted}"


def _pair(a: Any, ta: str, b: Any, tb: str, wanted: str) -> Any:
    """Contract two operands after summing what only one of them has."""
    alone_a, alone_b, both = _reduction(ta, tb, wanted)
    a = einsum_one(a, subscripts=alone_a) if alone_a else a
    b = einsum_one(b, subscripts=alone_b) if alone_b else b
    return einsum_two(a, b, subscripts=both)


@numpy_function(np.einsum, kind="rule")
def einsum(
    *operands: Any,
    out: Any = None,
    optimize: Any = False,
    dtype: Any = None,
    order: str = "K",
    casting: str = "safe",
) -> Any:
    """Answer ``np.einsum``, with subscripts as a string or as sublists."""
    if order not in ("K", "C", "A"):
        raise UnsupportedError(
            "np.einsum", f"order={order!r} has no meaning for traced arrays", "leave order= out"
        )
    subscripts, given = _split(operands)
    arrays = [array_operand(a) for a in given]
    plan = _plan(subscripts, tuple(a.shape for a in arrays))
    if dtype is not None:
        for a in arrays:
            if not np.can_cast(np.result_type(a), dtype, casting):  # type: ignore[arg-type]
                raise TypeError(
                    f"Cannot cast an operand of einsum to {np.dtype(dtype)} "
                    f"according to the rule {casting!r}"
                )
        arrays = [a.astype(dtype) for a in arrays]
    if len(arrays) == 1:
        y = _single(arrays[0], plan)
    else:
        y = _several(arrays, plan, tuple(optimize) if isinstance(optimize, list) else optimize)
    return y if out is None else write_out(out, y, (), "np.einsum")


def _single(x: Any, plan: Plan) -> Any:
    subscripts = f"{plan.terms[0]}->{plan.out}"
    y = einsum_one(x, subscripts=subscripts)
    if set(plan.terms[0]) == set(plan.out):
        return as_view(y, x, lambda v: np.einsum(subscripts, v), writable=True)
    return y


def _several(arrays: list[Any], plan: Plan, optimize: Any) -> Any:
    if any(plan.squeezed):
        arrays = [
            np.squeeze(a, axis=axes) if axes else a
            for a, axes in zip(arrays, plan.squeezed, strict=True)
        ]
    if len(arrays) == 2:
        return _pair(arrays[0], plan.terms[0], arrays[1], plan.terms[1], plan.out)
    left = list(zip(arrays, plan.terms, strict=True))
    for step in _path(plan, tuple(a.shape for a in arrays), optimize):
        chosen = [left.pop(k) for k in sorted(step, reverse=True)]
        while len(chosen) > 1:
            (a, ta), (b, tb) = chosen.pop(), chosen.pop()
            others = plan.out + "".join(t for _, t in left + chosen)
            wanted = (
                plan.out
                if not left and not chosen
                else "".join(c for c in dict.fromkeys(ta + tb) if c in others)
            )
            chosen.append((_pair(a, ta, b, tb, wanted), wanted))
        left.append(chosen[0])
    return left[0][0]


@numpy_function(np.einsum_path, kind="passes")
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """Answer ``np.einsum_path``, which depends on shapes only."""
    traced = [hasattr(a, "level") for a in operands]
    plain = [
        np.broadcast_to(0.0, a.shape) if t else a for a, t in zip(operands, traced, strict=True)
    ]
    return np.einsum_path(*plain, optimize=optimize, einsum_call=einsum_call)  # type: ignore[arg-type]
