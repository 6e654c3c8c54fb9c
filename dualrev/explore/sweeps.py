"""Reverse sweeps for the explorer, step by step: what each adjoint rule adds to which adjoint."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError
from dualrev.explore.values import Pull, Sweep
from dualrev.modes.notation import index_text
from dualrev.modes.reverse import Tape, Variable
from dualrev.modes.sweep import seed_cotangent, sweep
from dualrev.modes.trace import has_nan

__all__ = ["is_on", "pull_back", "seeds"]


class _Sparse(dict[int, Any]):
    """Cotangents by index, None where nothing has arrived."""

    def __missing__(self, index: int) -> None:
        return None


def is_on(leaf: Any, tape: Tape) -> bool:
    """Say whether a result was recorded on `tape`."""
    return isinstance(leaf, Variable) and leaf.level is tape


def seeds(
    results: list[tuple[str, Any]], tape: Tape, cotangent: Any, choices: int, hints: list[str]
) -> Iterator[tuple[str, dict[int, Any]]]:
    """Yield the cotangents that the page offers: the given one, every entry of the result, all of them."""
    traced = [(name, leaf) for name, leaf in results if is_on(leaf, tape)]
    if cotangent is not None:
        parts, _ = flatten(cotangent)
        if len(parts) != len(results):
            raise InputError(
                f"explore: cotangent= has {len(parts)} parts, the result {len(results)}"
            )
        yield (
            "the given cotangent",
            _joined(
                (leaf, seed_cotangent(leaf.primal, ct))
                for (_, leaf), ct in zip(results, parts, strict=True)
                if is_on(leaf, tape)
            ),
        )
    total = sum(leaf.size for _, leaf in traced)
    shown = 0
    for name, leaf in traced:
        for position in itertools.islice(np.ndindex(*leaf.shape), max(1, choices // len(traced))):
            shown += 1
            ct = np.zeros(leaf.shape, dtype_of(leaf))
            ct[position] = 1.0
            word = f"{name}[{index_text(position)}]" if leaf.shape else name
            yield word, {leaf.index: ct[()]}
    if shown < total:
        hints.append(f"Of {total} entries of the result, {shown} can be chosen for a sweep.")
    if total > 1:
        yield (
            "sum of all entries",
            _joined((leaf, np.ones(leaf.shape, dtype_of(leaf))[()]) for _, leaf in traced),
        )


def _joined(pairs: Any) -> dict[int, Any]:
    seeds: dict[int, Any] = {}
    for leaf, ct in pairs:
        seeds[leaf.index] = ct if leaf.index not in seeds else seeds[leaf.index] + ct
    return seeds


def pull_back(tape: Tape, numbers: dict[int, int], label: str, seeds: dict[int, Any]) -> Sweep:
    """Sweep node by node; once more with strong zeros if a NaN came out, as every sweep does."""
    firsts = _first_parts(tape, numbers)
    cts = _Sparse()
    pulls: list[Pull] = []
    with np.errstate(all="ignore"):
        for variant in ("pure", "strong"):
            cts, pulls = _Sparse(seeds), []
            for node in reversed(tape.nodes):
                index, _, parents, _ = node
                if cts[index] is None:
                    continue
                own: Any = _Sparse({index: cts[index]})
                sweep([node], own, variant, keep=True)
                sweep([node], cts, variant, keep=True)  # type: ignore[arg-type]
                if not isinstance(parents, int | tuple):
                    continue  # one of several outputs: its cotangent waits for the others
                targets = dict.fromkeys((parents,) if isinstance(parents, int) else parents)
                added = [(numbers[p], _plain(own[p]), _plain(cts[p])) for p in targets]
                pulls.append(Pull(firsts.get(index, numbers.get(index, 0)), added))
            if not any(c is not None and type(c) is not tuple and has_nan(c) for c in cts.values()):
                break
    swept = {numbers[i]: _plain(c) for i, c in cts.items() if c is not None and i in numbers}
    return Sweep(label, [(numbers[i], _plain(c)) for i, c in seeds.items()], pulls, swept)


def _first_parts(tape: Tape, numbers: dict[int, int]) -> dict[int, int]:
    """Return, for every operation with several outputs, the number of the first of them."""
    firsts: dict[int, int] = {}
    for index, adjoint, parents, _ in tape.nodes:
        if adjoint is None and not isinstance(parents, int):
            firsts.setdefault(parents.parent, numbers[index])
    return firsts


def _plain(ct: Any) -> Any:
    """Undo the conjugation under which cotangents are carried."""
    return None if ct is None else np.conj(value(ct))
