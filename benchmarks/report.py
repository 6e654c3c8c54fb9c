"""Rows of the comparison: what was measured, by whom, against which goal, as text and as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

LABELS = {"hips": "HIPS", "mygrad": "MyGrad", "torch": "PyTorch", "tensors": "its tensors"}
UNITS = {"us": 1e-6, "ms": 1e-3, "MB": 1e6, "x": 1.0, "": 1.0}


@dataclass(frozen=True)
class Goal:
    """``measured`` against ``bound``; ``sense`` says on which side of it the goal is met."""

    text: str
    measured: float
    bound: float
    sense: str
    unit: str = "x"

    @property
    def met(self) -> bool:
        return {
            ">=": self.measured >= self.bound,
            "<=": self.measured <= self.bound,
            "<": self.measured < self.bound,
        }[self.sense]

    def line(self) -> str:
        verdict = "met" if self.met else "MISSED"
        scale = UNITS[self.unit]
        bound, measured = f"{self.bound / scale:.4g}", f"{self.measured / scale:.3g}"
        return (
            f"    {self.text} {self.sense} {bound} {self.unit}: {measured} {self.unit}  {verdict}"
        )


@dataclass(frozen=True)
class Row:
    """One measurement: a figure per library in SI units, and the median where there is one."""

    name: str
    unit: str
    figures: dict[str, float]
    medians: dict[str, float] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def text(self) -> str:
        scale = UNITS[self.unit]
        reference = self.figures.get("dualrev")
        lines = [f"{self.name}  [{self.unit}]"]
        for library, figure in self.figures.items():
            line = f"  {library:<20}{figure / scale:>12.5g}"
            if library in self.medians:
                line += f"  (median {self.medians[library] / scale:.5g})"
            if reference and library != "dualrev":
                line += f"  {figure / reference:.2f} of dualrev"
            lines.append(line)
        return "\n".join(lines + [goal.line() for goal in self.goals])


def as_json(rows: Iterable[Row]) -> list[dict]:
    """The rows as plain data, each goal with its verdict."""
    plain = []
    for row in rows:
        entry = asdict(row)
        entry["goals"] = [{**asdict(goal), "met": bool(goal.met)} for goal in row.goals]
        plain.append(entry)
    return plain


def as_markdown(rows: Iterable[Row]) -> str:
    """One table line per row: dualrev, the others, and each goal with what was measured."""
    lines = ["| measurement | unit | dualrev | others | goals |", "|---|---|---|---|---|"]
    for row in rows:
        scale = UNITS[row.unit]
        figures = {key: f"{figure / scale:.3g}" for key, figure in row.figures.items()}
        mine = figures.pop("dualrev", "")
        others = ", ".join(f"{LABELS.get(key, key)} {figure}" for key, figure in figures.items())
        goals = "; ".join(
            f"{goal.text} {goal.measured / UNITS[goal.unit]:.3g} "
            f"(goal {goal.sense} {goal.bound / UNITS[goal.unit]:.4g}: "
            f"{'met' if goal.met else '**missed**'})"
            for goal in row.goals
        )
        lines.append(f"| {row.name} | {row.unit} | {mine} | {others} | {goals} |")
    return "\n".join(lines)


def written(page: str, section: str) -> str:
    """Return the text of a page with a section, its heading first, in place of the old one or before "A run"."""
    heading = section.partition("\n")[0]
    head, found, rest = page.partition(f"{heading}\n")
    if found:
        _, more, tail = rest.partition("\n## ")
        return head + section + (f"\n## {tail}" if more else "")
    head, found, rest = page.partition("## A run\n")
    return f"{head}{section}\n{found}{rest}" if found else f"{page.rstrip()}\n\n{section}"


def concluded(rows: list[Row], missed: bool = False) -> None:
    """Print how many goals are met, and on request which are not."""
    goals = [goal for row in rows for goal in row.goals]
    print(f"\n{sum(goal.met for goal in goals)} of {len(goals)} goals met")
    for row in rows if missed else ():
        for goal in row.goals:
            if not goal.met:
                print(f"missed: {row.name}\n{goal.line()}")


def put(section: str, page: str | None) -> None:
    """Put a section into a page, if one is named."""
    if page:
        path = Path(page)
        path.write_text(written(path.read_text(encoding="utf-8"), section), encoding="utf-8")
