"""Results of the benchmarks as the paper reads them; what is not there raises `Missing` and names the command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / "results"

COMMANDS = {
    "accuracy": "python -m benchmarks.accuracy --json",
    "conformance": "python -m benchmarks.conformance --json",
    "counts": "python -m benchmarks.counts --json",
    "optimizer_problems": "python -m benchmarks.optimizer_problems --json",
    "peers": "python -m benchmarks.peers --steady-memory --only gradient --only loops "
    "--only jacobian --only dense --json",
    "sparse_peers": "python -m benchmarks.sparse_peers --steady-memory --json",
    "optimizers": "python -m benchmarks.optimizers --json",
}
"""What the paper is made from, and how each is renewed."""


class Missing(Exception):
    """A result that the paper needs and that has not been measured."""

    def __init__(self, name: str, what: str = "") -> None:
        self.name = name
        self.what = what
        entry = f" with {what!r}" if what else ""
        super().__init__(f"no {name}.json{entry}; run: {COMMANDS[name]}")


class Results:
    """The results in a folder, read when first asked for."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._read:
            path = self.folder / f"{name}.json"
            if not path.exists():
                raise Missing(name)
            self._read[name] = json.loads(path.read_text(encoding="utf-8"))
        return self._read[name]

    def present(self) -> Iterator[str]:
        """The names of the results that are there."""
        return (name for name in COMMANDS if (self.folder / f"{name}.json").exists())

    def row(self, name: str, title: str) -> dict[str, float]:
        """The figures of one row, in SI units."""
        for row in self[name]["rows"]:
            if row["name"] == title:
                return dict(row["figures"])
        raise Missing(name, title)

    def figure(self, name: str, title: str, who: str) -> float:
        """One figure of one row."""
        figures = self.row(name, title)
        if who not in figures:
            raise Missing(name, f"{title}: {who}")
        return figures[who]
