"""Where a derivative spends its time and memory: operation by operation, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from time import perf_counter
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.derivatives.passes import Argnums, Inputs
from dualrev.errors import InputError, OutputError
from dualrev.modes.reverse import Tape, Variable
from dualrev.modes.sweep import Part, sweep

__all__ = ["Entry", "Profile", "held_bytes", "profile", "seconds", "size"]


class Entry(NamedTuple):
    """What one kind of operation, or one line of source, costs.

    Attributes
    ----------
    name : str
        The primitive, or ``file:line, in function``.
    calls : int
    forward, sweep : float
        Seconds for the values of all calls, and for their adjoints with the accumulation of cotangents.
    held : int
        Bytes that the tape keeps for the sweep. An array that several operations keep counts once, for the first.
    """

    name: str
    calls: int
    forward: float
    sweep: float
    held: int


class Profile(NamedTuple):
    """What a reverse derivative of one function at one point costs; printed as a table.

    Attributes
    ----------
    operations, lines : tuple of Entry
        By primitive and by line of the user's source, the most expensive in time first.
    plain : float
        Seconds of the function without recording.
    forward, sweep : float
        Seconds of the whole recorded evaluation, and of the whole sweep. What they have beyond the sum of `operations`
        is Python, recording, and work on plain arrays.
    held : int
        Bytes that all operations keep.
    """

    operations: tuple[Entry, ...]
    lines: tuple[Entry, ...]
    plain: float
    forward: float
    sweep: float
    held: int

    @property
    def calls(self) -> int:
        """Number of operations on the tape."""
        return sum(entry.calls for entry in self.operations)

    @property
    def rest(self) -> tuple[float, float]:
        """Seconds forward and in the sweep that belong to no operation."""
        return (
            max(self.forward - sum(entry.forward for entry in self.operations), 0.0),
            max(self.sweep - sum(entry.sweep for entry in self.operations), 0.0),
        )

    def rows(self, by: str = "operation") -> tuple[Entry, ...]:
        """Return `operations` or `lines`; `by` is "operation" or "line"."""
        if by not in ("operation", "line"):
            raise ValueError(f"profile: by= is 'operation' or 'line', not {by!r}")
        return self.operations if by == "operation" else self.lines

    def table(self, by: str = "operation") -> str:
        """Return the table as text; `by` is "operation" or "line"."""
        rows: list[tuple[str, ...]] = [("", "calls", "forward", "sweep", "held")]
        for e in self.rows(by):
            rows.append((e.name, str(e.calls), seconds(e.forward), seconds(e.sweep), size(e.held)))
        rows += [
            ("Python, recording", "", *map(seconds, self.rest), ""),
            ("all", str(self.calls), seconds(self.forward), seconds(self.sweep), size(self.held)),
            ("without recording", "", seconds(self.plain), "", ""),
        ]
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        lines = []
        for row in rows:
            cells = [f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join([f"{row[0]:<{widths[0]}}", *cells]).rstrip())
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return (
            f"<Profile of {self.calls} operations: forward {seconds(self.forward)}, "
            f"sweep {seconds(self.sweep)}, {size(self.held)} held>"
        )


def profile(f: Callable[..., Any], *args: Any, argnums: Argnums = 0, repeats: int = 5) -> Profile:
    """Measure where a reverse derivative spends its time, and what it keeps in memory.

    Parameters
    ----------
    f : callable
        Plain NumPy code that does the same at every call, and returns floats: numbers, arrays, containers of them.
    *args
        Where it is evaluated.
    argnums : int or sequence of int
        Positional argument(s) to differentiate, as in `dualrev.grad`.
    repeats : int
        Everything is timed so often; the least time counts.

    Returns
    -------
    Profile

    Raises
    ------
    InputError
        If an argument is traced, or not made of floats.
    OutputError
        If nothing is recorded, or not the same at every call.

    Notes
    -----
    The evaluation is recorded as always, and by a watched tape, which knows names, operands and source lines. An
    operation's forward time is that of its value alone, evaluated anew on the same operands, in the same order. The
    sweep starts from ones, and its times are those between the moments at which it takes nodes off the list. Cost:
    ``3 * repeats + 1`` evaluations of `f` and ``2 * repeats`` sweeps. Memory besides: the values of all operations.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.explore.profile import profile
    >>> found = profile(lambda x: np.sum(np.sin(x) * x), np.ones(1000))
    >>> sorted((e.name, e.calls, e.held) for e in found.operations)
    [('multiply', 1, 8000), ('sin', 1, 8000), ('sum', 1, 0)]
    """
    times: Any = repeats
    if not isinstance(times, int | np.integer) or times < 1:
        raise ValueError(f"profile: repeats= is a positive integer, not {repeats!r}")
    inputs = Inputs("profile", args, argnums)
    if any(isinstance(x, Traced) for x in inputs.leaves):
        raise InputError(
            "profile: an argument is a traced value; pass dualrev.value(x), as plain numbers are timed"
        )
    watched, seen = _recorded(inputs, f, watch=True)
    forward, plain, back, values, whole = [], [], [], [], []
    for _ in range(repeats):
        begin = perf_counter()
        tape, outputs = _recorded(inputs, f)
        forward.append(perf_counter() - begin)
        begin = perf_counter()
        f(*args)
        plain.append(perf_counter() - begin)
    if not outputs:
        raise OutputError(
            "profile: the result does not depend on the arguments, so there is nothing to sweep"
        )
    partners = _partners(tape, watched, outputs, seen)
    for _ in range(repeats):
        values.append(_replayed(watched))
        back.append(_swept(tape, outputs, stamped=True))
        whole += [sum(back[-1]), *_swept(tape, outputs, stamped=False)]

    evaluated = dict(zip(_operations(watched), np.min(values, axis=0).tolist(), strict=True))
    pulled = np.min(back, axis=0)[::-1].tolist()
    rows = _rows(tape, watched, partners, evaluated, pulled)
    operations = _collected(rows, lambda record: record.primitive.name)
    lines = _collected(rows, lambda record: record.where)
    held = sum(entry.held for entry in operations)
    return Profile(operations, lines, min(plain), min(forward), min(whole), held)


# -- passes -----------------------------------------------------------------------------------------------------------


def _recorded(inputs: Inputs, f: Callable[..., Any], watch: bool = False) -> tuple[Tape, list[Any]]:
    """Record `f`; return the tape and those outputs that are on it."""
    tape = Tape(watch=watch)
    traced = [tape.leaf(x) for x in inputs.leaves]
    try:
        leaves, _, _ = inputs.call(tape, f, traced, {}, False)
    finally:
        # Nobody reads a derivative off this tape, so the user may write to the arrays that it keeps.
        tape.captures.release()
    return tape, [y for y in leaves if isinstance(y, Variable) and y.level is tape]


class _Stamped(list[Any]):
    """A list of nodes that notes when one is taken off."""

    def __init__(self, nodes: Iterable[Any]) -> None:
        super().__init__(nodes)
        self.stamps: list[float] = []

    def pop(self, *position: Any) -> Any:
        self.stamps.append(perf_counter())
        return super().pop(*position)


def _swept(tape: Tape, outputs: list[Any], stamped: bool) -> list[float]:
    """Sweep from ones; return the seconds of every node, from the last to the first, or of all together."""
    cts: list[Any] = [None] * next(tape.counter)
    for y in outputs:
        cts[y.index] = np.ones(y.shape, dtype_of(y.primal))[()]
    nodes = _Stamped(tape.nodes) if stamped else tape.nodes.copy()
    with np.errstate(all="ignore"):
        begin = perf_counter()
        sweep(nodes, cts, "" if tape.was_plain else "pure")
        end = perf_counter()
    if isinstance(nodes, _Stamped):
        spent: list[float] = np.diff([*nodes.stamps, end]).tolist()
        return spent
    return [end - begin]


def _operations(watched: Tape) -> list[int]:
    """Return the indices at which operations have their records, those with several outputs that of the first."""
    bundles = _bundles(watched)
    return [node[0] if node[0] in watched.records else bundles[node[0]] for node in watched.nodes
            if not isinstance(node[2], Part)]  # fmt: skip


def _bundles(tape: Tape) -> dict[int, int]:
    """Return the index of the first output of every operation that has several."""
    first: dict[int, int] = {}
    for index, _, parents, _ in tape.nodes:
        if isinstance(parents, Part):
            first.setdefault(parents.parent, index)
    return first


def _replayed(watched: Tape) -> list[float]:
    """Evaluate every operation anew on plain operands, in order; return the seconds of each."""
    out = []
    with np.errstate(all="ignore"):
        for index in _operations(watched):
            record = watched.records[index]
            operands = [value(a) if isinstance(a, Traced) else a for a in record.operands]
            begin = perf_counter()
            record.primitive.fun(*operands, **record.params)
            out.append(perf_counter() - begin)
    return out


# -- what belongs to whom ---------------------------------------------------------------------------------------------


def _partners(tape: Tape, watched: Tape, outputs: list[Any], seen: list[Any]) -> dict[int, int]:
    """Return the index on the watched tape of every node.

    A watched tape keeps views alive, so after a write it follows some that are gone on the other tape. Nothing is
    computed from them: of tapes that differ, those nodes are paired that the results depend on.
    """
    own, other = [n[0] for n in tape.nodes], [n[0] for n in watched.nodes]
    if own != other:
        own, other = _needed(tape, outputs), _needed(watched, seen)
    if len(own) != len(other):
        raise OutputError(
            "profile: the function did not do the same when called again; pass one without random numbers and memory"
        )
    return dict(zip(own, other, strict=True))


def _needed(tape: Tape, outputs: list[Any]) -> list[int]:
    """Return the indices of the nodes that results depend on, in order."""
    needed = {y.index for y in outputs}
    found = []
    for index, _, parents, _ in reversed(tape.nodes):
        if index in needed:
            found.append(index)
            part = isinstance(parents, Part)
            needed.update(
                (parents.parent,) if part else (parents,) if isinstance(parents, int) else parents
            )
    return found[::-1]


def _rows(
    tape: Tape,
    watched: Tape,
    partners: dict[int, int],
    evaluated: dict[int, float],
    pulled: list[float],
) -> list[tuple[Any, Entry]]:
    """Return the record of every node, and what the node costs."""
    bundles = _bundles(watched)
    seen: set[int] = set()
    out = []
    for (index, _, parents, kept), spent in zip(tape.nodes, pulled, strict=True):
        if index not in partners:
            continue
        part = isinstance(parents, Part)
        at = partners[parents.parent if part else index]
        at = bundles.get(at, at)
        # The nodes of its outputs are no operations; the time that they take in the sweep is that of the operation.
        forward = 0.0 if part else evaluated[at]
        out.append(
            (watched.records[at], Entry("", int(not part), forward, spent, sum(_held(kept, seen))))
        )
    return out


def _collected(rows: list[tuple[Any, Entry]], name: Callable[[Any], str]) -> tuple[Entry, ...]:
    """Add up the rows of one name, the most expensive first."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for record, entry in rows:
        groups[name(record)].append(entry)
    sums = [together(word, entries) for word, entries in groups.items()]
    return tuple(sorted(sums, key=lambda entry: -entry.forward - entry.sweep))


def together(name: str, entries: Iterable[Entry]) -> Entry:
    """Add up entries under a new name."""
    _, *columns = zip(*entries, strict=True)
    return Entry(name, *(sum(column) for column in columns))


def held_bytes(tape: Tape) -> int:
    """Return the bytes of all arrays and numbers that a tape keeps for the sweep, each counted once."""
    seen: set[int] = set()
    return sum(sum(_held(node[3], seen)) for node in tape.nodes)


def _held(kept: Any, seen: set[int]) -> Iterable[int]:
    """Yield the bytes of every array in what a node keeps, each once: a view holds all of what it is a view of."""
    if isinstance(kept, Traced):
        kept = value(kept)
    while isinstance(kept, np.ndarray) and isinstance(kept.base, np.ndarray):
        kept = kept.base
    if isinstance(kept, np.ndarray | np.generic | tuple | list | dict | FunctionType):
        if id(kept) in seen:
            return
        seen.add(id(kept))
    if isinstance(kept, np.ndarray | np.generic):
        yield kept.nbytes
    elif isinstance(kept, tuple | list):
        for part in kept:
            yield from _held(part, seen)
    elif isinstance(kept, dict):
        for part in kept.values():
            yield from _held(part, seen)
    elif isinstance(kept, FunctionType):
        # The pullback of a rule of the user's holds what its closure names, once that is bound.
        for cell in kept.__closure__ or ():
            try:
                found = cell.cell_contents
            except ValueError:
                continue
            yield from _held(found, seen)


# -- units ------------------------------------------------------------------------------------------------------------


def seconds(t: float) -> str:
    """Write a time with three digits and a unit."""
    return _written(t, ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s")))


def size(count: float) -> str:
    """Write a number of bytes with three digits and a decimal unit."""
    return _written(count, ((1, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")))


def _written(amount: float, units: tuple[tuple[float, str], ...]) -> str:
    # The rounded number decides: 999.7 ns are 1 µs.
    written = [(float(f"{amount / unit:.3g}"), word) for unit, word in units]
    number, word = next((pair for pair in written if pair[0] < 1000), written[-1])
    return f"{number:g} {word}"
