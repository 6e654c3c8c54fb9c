"""States of modules: fitting named arrays to places of given shape and dtype; files of them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import value
from dualrev.errors import InputError

__all__ = ["Unmatched", "fit", "read", "write"]


class Unmatched(NamedTuple):
    """Names that a state lacks, and names that it has and the module has not."""

    missing: list[str]
    unexpected: list[str]


def fit(
    module: str,
    wanted: Mapping[str, Any],
    groups: Mapping[str, Any],
    state: Mapping[str, Any],
    strict: bool,
) -> tuple[dict[str, np.ndarray], Unmatched]:
    """Return the arrays of a state in the dtypes that are wanted, and the names that have no counterpart.

    `groups` says which names share one place; of these one is enough, and all that are given must be equal.

    Raises
    ------
    InputError
        Listing all that does not fit.
    """
    fitted: dict[str, np.ndarray] = {}
    first: dict[Any, str] = {}
    problems = []
    given = set(state.keys())
    unexpected = [name for name in state.keys() if name not in wanted]  # noqa: SIM118 - NpzFile iterates, but slowly
    for name, place in wanted.items():
        if name not in given:
            continue
        new = np.asarray(value(state[name]))
        if new.shape != place.shape:
            problems.append(f"{name} has shape {new.shape}, wanted is {place.shape}")
        elif not np.can_cast(new.dtype, place.dtype, "same_kind"):
            problems.append(f"{name} has dtype {new.dtype}, which does not become {place.dtype}")
        else:
            other = first.setdefault(groups[name], name)
            new = np.array(new, place.dtype)
            if other != name:
                if not np.array_equal(new, fitted[other], equal_nan=new.dtype.kind in "fc"):
                    problems.append(f"{name} and {other} are one shared parameter, and differ")
                continue
            fitted[name] = new
    present = {groups[name] for name in wanted if name in given}
    missing = [name for name in wanted if groups[name] not in present]
    if strict:
        problems = [
            *([f"missing: {', '.join(missing)}"] if missing else []),
            *([f"unexpected: {', '.join(unexpected)}"] if unexpected else []),
            *problems,
        ]
    if problems:
        raise InputError(
            f"the state does not fit {module}, which is left as it was:\n  "
            + "\n  ".join(problems)
            + ("\nstrict=False accepts missing and unexpected names." if strict else "")
        )
    return fitted, Unmatched(missing, unexpected)


def write(path: str | PathLike[str], state: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an ``.npz`` file."""
    # np.savez takes names as keywords, and could not take one that is called `file`.
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in state.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(path: str | PathLike[str]) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file; pickled objects are refused."""
    archive = np.load(path, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(f"{path} holds one array; a state is a file .npz of several with names")
    with archive:
        return {name: archive[name] for name in archive.files}
