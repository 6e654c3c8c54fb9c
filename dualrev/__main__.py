"""The command line: `python -m dualrev demo | check | coverage | primitives`.

Enters: words typed by a user. Leaves: text, a figure, an exit code (0 done, 1 the answer is no,
2 the command could not be carried out). What is heavy is imported by the command that uses it.
"""

import argparse
import ast
import importlib
import importlib.util
import io
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dualrev as dr


class CommandError(Exception):
    """The command line asks for something that cannot be had; the message says what and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe on Windows may not know the letters of mathematics; a "?" is better than a crash.
        sys.stdout.reconfigure(errors="replace")
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
    except CommandError as error:
        print(f"dualrev {arguments.name}: error: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dualrev", description="Exact derivatives of plain NumPy code."
    )
    parser.add_argument("--version", action="version", version=dr.__version__)
    commands = parser.add_subparsers(dest="name", required=True, metavar="command")

    demo = commands.add_parser(
        "demo", help="fit a certified NIST problem, with and without dualrev"
    )
    demo.add_argument("--output", type=Path, default=Path(), help="folder for thurber.png")
    demo.add_argument("--no-figure", action="store_true", help="print only, needs no matplotlib")
    demo.set_defaults(command=_demo)

    check = commands.add_parser("check", help="check the derivatives of a function of yours")
    check.add_argument("function", metavar="module:function")
    check.add_argument(
        "--at",
        required=True,
        metavar="POINT",
        help='"3.0" a number, "1.0, 2.0" or "[1.0, 2.0]" an array, ";" between arguments',
    )
    check.add_argument("--order", type=int, choices=(1, 2), default=2, help="default: 2")
    check.set_defaults(command=_check)

    coverage = commands.add_parser("coverage", help="list every NumPy function that is classified")
    coverage.add_argument("--write", type=Path, metavar="FILE", help="write the page there instead")
    coverage.set_defaults(command=_coverage)

    primitives = commands.add_parser("primitives", help="print the catalogue of rules as Markdown")
    primitives.add_argument("--write", type=Path, metavar="FILE", help="write it there instead")
    primitives.set_defaults(command=_primitives)
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    from dualrev.demo.fit import fit, report

    fits = [fit("2-point"), fit("3-point"), fit("dualrev")]
    print(report(fits))
    if arguments.no_figure:
        return 0
    if importlib.util.find_spec("matplotlib") is None:
        raise CommandError(
            "the figure needs matplotlib, from the extra `plot`: "
            'python -m pip install -e ".[plot]" (or leave the figure out with --no-figure)'
        )
    from dualrev.demo.figure import draw

    path = arguments.output / "thurber.png"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(path, fits[-1].parameters)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
    print(f"\nfigure: {path}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    function = load_function(arguments.function)
    point = parse_point(arguments.at)
    try:
        report = dr.check_derivatives(function, *point, order=arguments.order)
    except dr.DualrevError as error:
        print(f"{arguments.function} has no derivative that could be checked:\n{error}")
        return 1
    print(report)
    return 0 if report.ok else 1


def _coverage(arguments: argparse.Namespace) -> int:
    from dualrev.core.catalogue import BY_HAND, coverage_page, coverage_rows

    if arguments.write is not None:
        path = arguments.write
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        return _write(path, coverage_page(old.partition(BY_HAND + "\n")[2]))
    rows = [tuple(row) for row in coverage_rows()]
    head = ("function", "class", "flavour", "complex", "note")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
    counts = Counter(row[1] for row in rows)
    print(f"\n{len(rows)} functions: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()))
    return 0


def _primitives(arguments: argparse.Namespace) -> int:
    from dualrev.core.catalogue import primitives_page

    if arguments.write is None:
        sys.stdout.write(primitives_page())
        return 0
    return _write(arguments.write, primitives_page())


def _write(path: Path, page: str) -> int:
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
    return 0


def load_function(name: str) -> Callable[..., Any]:
    """Return the callable that `name`, written "module:function" or "module:object.method", means.

    Raises
    ------
    CommandError
        If there is no such module, no such name in it, or what has that name cannot be called.
        An exception inside the module itself passes through: its traceback is what helps.

    Examples
    --------
    >>> load_function("math:hypot")(3, 4)
    5.0
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise CommandError(f"{name!r} is not of the form module:function")
    # `python -m` puts the current folder on the path, a console script does not.
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise CommandError(f"there is no module {error.name!r} here or installed") from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise CommandError(f"module {module_name!r} has no {path!r}")
        found = getattr(found, part)
    if not callable(found):
        raise CommandError(f"{name} is a {type(found).__name__}, not a function")
    function: Callable[..., Any] = found
    return function


def parse_point(text: str) -> tuple[Any, ...]:
    """Return the arguments that `text` writes down: arrays and floats, separated by semicolons.

    Raises
    ------
    CommandError
        If a part is not a number or a (nested, rectangular) list of numbers.

    Examples
    --------
    >>> parse_point("1, 2; 3")
    (array([1., 2.]), 3.0)
    >>> parse_point("[[1.0, 2j]]")
    (array([[1.+0.j, 0.+2.j]]),)
    """
    values: list[Any] = []
    for part in text.split(";"):
        try:
            array = np.array(ast.literal_eval(part.strip()))
        except (ValueError, SyntaxError) as error:
            raise CommandError(
                f"{part.strip()!r} is not a number or a list of numbers; "
                'write "3.0", "1.0, 2.0" or "[[1.0, 2.0], [3.0, 4.0]]"'
            ) from error
        if array.dtype.kind not in "iufc":
            raise CommandError(f"{part.strip()!r} holds something that is not a number")
        # Written without a decimal point or not: a derivative needs floats.
        array = array.astype(np.result_type(array.dtype, float))
        values.append(array if array.ndim else array.item())
    return tuple(values)


if __name__ == "__main__":
    raise SystemExit(main())
