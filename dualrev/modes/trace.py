"""The evaluation trace: what a watched tape remembers of each operation, printed as textbooks do; the NaN finder."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.core.finite import all_finite, any_nan
from dualrev.errors import NonFiniteError, user_location
from dualrev.modes.nodes import operand_sources
from dualrev.modes.notation import expression, symbol

if TYPE_CHECKING:
    from dualrev.modes.reverse import Tape

__all__ = [
    "Record",
    "debug",
    "has_nan",
    "is_finite",
    "raising",
    "record_error",
    "trace_text",
    "watching",
]

_nan: ContextVar[str] = ContextVar("dualrev_debug_nan", default="ignore")


class Record(NamedTuple):
    """One operation as it ran: primitive, operands, parameters, value and source line."""

    primitive: Any
    operands: tuple[Any, ...]
    params: dict[str, Any]
    value: Any
    where: str


class debug:
    """Find the first non-finite number of a derivative and the line that made it.

    Parameters
    ----------
    nan : {"raise", "ignore"}
        With ``"raise"``, every transform that is called inside the ``with`` block checks each primal, tangent and
        cotangent, and stops at the first NaN or infinity.

    Raises
    ------
    NonFiniteError
        Naming the operation, the values of its operands, and file and line of the user's code.

    Notes
    -----
    Inside, each operation takes the general path and is checked: five to ten times slower. Outside it costs nothing.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> try:
    ...     with dr.debug(nan="raise"):
    ...         dr.grad(lambda x: np.sqrt(x) * 2.0)(0.0)
    ... except dr.NonFiniteError as error:
    ...     print(error.kind, error.operation)
    cotangent sqrt
    """

    def __init__(self, nan: str = "raise") -> None:
        if nan not in ("raise", "ignore"):
            raise ValueError(f"debug: nan= is 'raise' or 'ignore', not {nan!r}")
        self.nan = nan
        self._tokens: list[Any] = []

    def __enter__(self) -> Self:
        self._tokens.append(_nan.set(self.nan))
        return self

    def __exit__(self, *error: object) -> None:
        _nan.reset(self._tokens.pop())


def raising() -> bool:
    """Say whether ``debug(nan="raise")`` is on in this thread or task."""
    return _nan.get() == "raise"


def is_finite(x: Any) -> bool:
    """Say whether all of an array is finite, at all levels."""
    while isinstance(x, Traced):
        tangent = getattr(x, "tangent", None)
        if tangent is not None and not is_finite(tangent):
            return False
        x = x.primal
    return all_finite(x)


def has_nan(x: Any) -> bool:
    """Say whether an array, or a tangent inside it, has a NaN."""
    while isinstance(x, Traced):
        tangent = getattr(x, "tangent", None)
        if tangent is not None and has_nan(tangent):
            return True
        x = x.primal
    return any_nan(x)


def record_error(kind: str, record: Record, found: Any) -> NonFiniteError:
    """Build the error of the NaN finder."""
    lines = [f"  operand {k}: {_short(v)}" for k, v in enumerate(record.operands)]
    lines.append(f"  result: {_short(record.value)}")
    if kind != "primal":
        lines.append(f"  {kind}: {_short(found)}")
    return NonFiniteError(kind, record.primitive.name, "\n".join(lines), record.where)


def watching(
    primitive: Any,
    primals: list[Any],
    y: Any,
    arrays: tuple[Any, ...] | None = None,
    params: dict[str, Any] | None = None,
    part: int | None = None,
) -> Record:
    """Describe an operation that has just run; under ``debug(nan="raise")`` check its value."""
    name = tuple(primals) if arrays is None else arrays
    record = Record(primitive, name, params or {}, y, user_location())
    if raising() and not isinstance(y, tuple):
        with np.errstate(all="ignore"):
            if np.asarray(value(y)).dtype.kind in "fc" and not np.isfinite(value(y)).all():
                raise record_error("primal", record._replace(operands=tuple(primals)), y)
    return record


def _short(x: Any) -> str:
    with np.printoptions(precision=6, threshold=8, edgeitems=3, linewidth=10_000):
        text = str(value(x))
    text = " ".join(text.split())
    return text if len(text) <= 72 else text[:69] + "..."


def trace_text(tape: Tape) -> str:
    """Return the evaluation trace of a watched tape, with adjoints after a sweep."""
    if not tape.records:
        return f"Tape of {len(tape.nodes)} operations"
    swept = tape.cotangents
    rows: list[tuple[str, ...]] = [
        ("", "operation", "value", "shape", *(("adjoint",) if swept is not None else ()))
    ]
    # An operation with several outputs takes an index for their bundle, which is no value; so values are counted.
    numbers = {index: k for k, index in enumerate(sorted(tape.records), 1)}
    sources = operand_sources(tape)
    for index, number in numbers.items():
        record = tape.records[index]
        own = {k: numbers[s] for k, s in sources[index].items()}
        what = "input" if record.primitive is None else expression(record, own)
        row: tuple[str, ...] = (
            symbol(number),
            what,
            _short(record.value),
            str(np.shape(record.value)),
        )
        if swept is not None:
            ct = swept[index] if index < len(swept) else None
            row = (*row, "0" if ct is None else _short(ct))
        rows.append(row)
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = f"{row[0]:<{widths[0]}} = " if row[0] else " " * (widths[0] + 3)
        lines.append(
            (
                first + "  ".join(f"{c:<{w}}" for c, w in zip(row[1:], widths[1:], strict=True))
            ).rstrip()
        )
    return "\n".join(lines)
