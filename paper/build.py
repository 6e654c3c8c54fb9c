"""Build the paper: numbers from benchmarks/results, figures, pandoc, XeLaTeX.

    python -m paper.build              paper/build/paper.pdf; says which results are missing
    python -m paper.build --strict     fails if a result is missing or a line does not fit
    python -m paper.build --results FOLDER --output FOLDER

Run it from the root of the checkout. It needs pandoc and XeLaTeX with the TeX Gyre fonts, and matplotlib; on Debian:
pandoc, texlive-xetex, texlive-latex-extra, fonts-texgyre, fonts-texgyre-math, fonts-dejavu, fonts-liberation.
"""

import argparse
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from .quantities import QUANTITIES
from .results import FOLDER, ROOT, Missing, Results

PAPER = ROOT / "paper"
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
IMAGE = re.compile(r"\]\(figures/(\w+)\.pdf\)")


def text() -> str:
    """The paper with its placeholders."""
    return (PAPER / "paper.md").read_text(encoding="utf-8")


def placeholders(source: str) -> list[str]:
    """The names of the numbers that a text asks for, in its order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(source)))


def figures(source: str) -> list[str]:
    """The names of the figures that a text shows, in its order."""
    return IMAGE.findall(source)


def filled(source: str, results: Results) -> tuple[str, list[Missing]]:
    """Put numbers for placeholders; a missing one becomes a red mark."""
    missing: list[Missing] = []

    def value(match: re.Match[str]) -> str:
        try:
            return QUANTITIES[match[1]](results)
        except Missing as why:
            missing.append(why)
            return rf"\missing{{{match[1].replace('_', ' ')}}}"

    return PLACEHOLDER.sub(value, source), missing


def words(source: str) -> int:
    """Words of the body: no header, code, captions, tables or references."""
    body = re.sub(r"\A---\n.*?\n---\n", "", source, flags=re.DOTALL)
    body = re.sub(r"^```.*?^```", "", body, flags=re.DOTALL | re.MULTILINE)
    body = re.sub(r"^(!\[|: ).*?(\n\n|\Z)", "\n", body, flags=re.DOTALL | re.MULTILINE)
    body = body.replace("{{solvers_table}}", "")
    return sum(bool(re.search(r"\w", word)) for word in body.split())


def floated(tex: str) -> str:
    """Make pandoc's table, which may break between pages, one that floats."""
    table = re.compile(
        r"\\begin\{longtable\}\[\]\{(?P<columns>.*?)\}\n(?P<caption>\\caption\{.*?\})\\tabularnewline\n"
        r"(?P<head>.*?)\\endfirsthead\n.*?\\endhead\n(?P<body>.*?)\\end\{longtable\}",
        flags=re.DOTALL,
    )
    made, found = table.subn(
        lambda match: (
            f"\\begin{{table}}[tb]\n{match['caption']}\n\\centering\\sffamily\\small\n"
            f"\\begin{{tabular}}{{{match['columns']}}}\n{match['head']}{match['body']}"
            "\\end{tabular}\n\\end{table}"
        ),
        tex,
    )
    if found != tex.count(r"\begin{longtable}"):
        raise SystemExit(
            "a table is not as pandoc used to write it; see `floated` in paper/build.py"
        )
    return made


def run(command: list[str], folder: Path) -> str:
    """Run a program and give what it says; raise with its last lines if it fails."""
    if shutil.which(command[0]) is None:
        raise SystemExit(
            f"{command[0]} is not installed; the head of paper/build.py says what is needed"
        )
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n" + "\n".join(said.splitlines()[-30:]))
    return said


def complaints(log: str) -> list[str]:
    """What is not well in TeX's log: lines too long, undefined references, missing characters."""
    return [
        line
        for line in log.splitlines()
        if line.startswith(("Overfull", "Missing character"))
        or re.search(r"Warning: .*(undefined|multiply)", line)
    ]


def build(results: Results, output: Path) -> tuple[list[Missing], list[str]]:
    """Make ``paper.pdf``; return what was missing, and what TeX complained of."""
    from .figures import style

    (output / "figures").mkdir(parents=True, exist_ok=True)
    source = text()
    whole, missing = filled(source, results)
    for name in figures(source):
        draw = import_module(f"paper.figures.{name}").draw
        why = style.save(draw, results, output / "figures" / f"{name}.pdf")
        missing += [why] if why else []
    (output / "paper.md").write_text(whole, encoding="utf-8")
    shutil.copy(PAPER / "paper.bib", output)
    run(
        [
            "pandoc",
            "paper.md",
            "--from=markdown-auto_identifiers+smart",
            "--to=latex",
            "--citeproc",
            f"--template={PAPER / 'template.tex'}",
            "--columns=1000",
            "--highlight-style=tango",
            "--metadata=link-citations:true",
            "--output=paper.tex",
        ],
        output,
    )
    tex = output / "paper.tex"
    tex.write_text(floated(tex.read_text(encoding="utf-8")), encoding="utf-8")
    for _ in range(2):
        run(["xelatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"], output)
    log = (output / "paper.log").read_text(encoding="utf-8", errors="replace")
    return missing, complaints(log)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m paper.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--strict", action="store_true", help="fail if anything is missing")
    parser.add_argument("--results", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=PAPER / "build", metavar="FOLDER")
    options = parser.parse_args(arguments)
    missing, said = build(Results(options.results), options.output.absolute())
    for line in sorted({str(why) for why in missing}):
        print(f"missing: {line}")
    for line in said:
        print(f"TeX: {line}")
    print(f"{options.output / 'paper.pdf'}: {words(text())} words")
    return int(options.strict and bool(missing or said))


if __name__ == "__main__":
    sys.exit(main())
