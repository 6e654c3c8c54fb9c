"""The paper: citations, numbers, figures and code are what the files say, without TeX."""

import json
import re
from importlib import import_module

import numpy as np
import pytest

from benchmarks import saving
from paper import build, quantities
from paper.quantities import QUANTITIES
from paper.results import COMMANDS, FOLDER, ROOT, Missing, Results

SOURCE = build.text()
BODY = SOURCE.split("\n---\n", 1)[1]
BIBLIOGRAPHY = (build.PAPER / "paper.bib").read_text(encoding="utf-8")
ENTRIES = {
    match[2]: (match[1], match[3])
    for match in re.finditer(r"^@(\w+)\{(\w+),\n(.*?)^\}", BIBLIOGRAPHY, re.DOTALL | re.MULTILINE)
}
RESULTS = Results()
PRESENT = list(RESULTS.present())


def cited(text):
    """Return the keys of citations, in code none."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    return set(re.findall(r"(?<![\w.])@(\w+)", text))


# --------------------------------------------------------------------------------------------------
# Citations.


def test_every_citation_has_an_entry_and_every_entry_is_cited():
    assert len(ENTRIES) == BIBLIOGRAPHY.count("@")
    assert cited(BODY) == set(ENTRIES)


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_entries_are_whole(key):
    kind, text = ENTRIES[key]
    fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", text, flags=re.MULTILINE))
    needed = {"author", "title", "year"}
    needed |= {
        "article": {"journal"},
        "inproceedings": {"booktitle"},
        "phdthesis": {"school"},
        "book": {"publisher"},
    }.get(kind, set())
    assert needed <= set(fields)
    if kind not in ("phdthesis", "inproceedings"):
        assert fields.get("doi") or fields.get("url")
    if "doi" in fields:
        assert re.fullmatch(r"10\.\d{4,}/\S+", fields["doi"])
    # A key that has a year has the right one.
    stated = re.search(r"\d{4}$", key)
    assert stated is None or stated[0] == fields["year"]


# --------------------------------------------------------------------------------------------------
# Numbers.


def test_every_placeholder_is_known_and_every_quantity_is_used():
    assert set(build.placeholders(SOURCE)) == set(QUANTITIES)


@pytest.mark.parametrize("name", COMMANDS)
def test_results_are_there(name):
    """All that the paper shows has been measured, on the whole sizes."""
    assert name in PRESENT, str(Missing(name))


@pytest.mark.parametrize("name", PRESENT)
def test_results_say_where_they_come_from(name):
    found = RESULTS[name]
    where = found["environment"]
    assert found["command"] == COMMANDS[name]
    assert where["processor"]
    assert where["cores"] >= 1
    assert re.fullmatch(r"3\.\d+\.\d+", where["python"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", where["date"])
    assert {"dualrev", "numpy", "scipy"} <= set(where["versions"])


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_number(name):
    try:
        text = QUANTITIES[name](RESULTS)
    except Missing as why:
        if why.name in PRESENT:
            raise
        pytest.skip(str(why))
    assert text
    assert "nan" not in text
    assert "inf" not in text


def test_numbers_of_the_text_are_measured_or_part_of_a_set_up():
    """A literal number in the prose is a size, a version or a name, never a result."""
    text = re.sub(
        r"```.*?```|`[^`]*`|\$[^$]*\$|\{\{\w+\}\}|\\\w+\{[^}]*\}", "", BODY, flags=re.DOTALL
    )
    text = re.sub(r"@\w+", "", text)
    allowed = {
        "Python 3.11": 1, "NumPy 2": 1, "0.1 %": 1, "all 35": 1, "1000 variables": 1,
        "1000 residuals in 4 parameters": 1, "50 variables": 1, "100 variables": 1,
        "40 operations": 1, "1000 unknowns": 1,
    }  # fmt: skip
    text = " ".join(text.split())
    for phrase, times in allowed.items():
        assert text.count(phrase) == times, phrase
        text = text.replace(phrase, "")
    assert re.findall(r"\S*\d\S*", text) == []


def test_without_results_the_text_says_what_is_missing(tmp_path):
    whole, missing = build.filled(SOURCE, Results(tmp_path))
    assert "{{" not in whole
    assert len(missing) == len(build.PLACEHOLDER.findall(SOURCE))
    assert {why.name for why in missing} == set(COMMANDS)
    assert r"\missing{own error}" in whole


def test_results_of_two_machines_are_refused(tmp_path):
    here = saving.environment()
    for name, change in (("counts", {}), ("accuracy", {"processor": "another"})):
        content = json.dumps({"environment": here | change})
        (tmp_path / f"{name}.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="another machine"):
        quantities.machine(Results(tmp_path))


def test_quick_runs_are_not_results():
    assert saving.command("benchmarks.peers", ["--quick", "--json", "file"]) == (
        "python -m benchmarks.peers --quick --json"
    )
    assert saving.command("benchmarks.peers", ["--json", "--quick"]) == (
        "python -m benchmarks.peers --json --quick"
    )
    assert all("--quick" not in command for command in COMMANDS.values())


@pytest.mark.parametrize(
    ("x", "text"),
    [(0, "0"), (0.0091, "0.0091"), (0.66, "0.66"), (1.04, "1.0"), (9.96, "10"), (12.34, "12"),
     (987.6, "990"), (12345.0, "12\u202f000")],
)  # fmt: skip
def test_digits(x, text):
    assert quantities.digits(x) == text


def test_ways_of_writing():
    assert quantities.between([5.04, 1.6, 2.0]) == "1.6 to 5.0"
    assert quantities.between([2.01, 2.03]) == "2.0"
    assert quantities.power(8.9e-8) == r"$9\times 10^{-8}$"
    assert quantities.seconds(0.00351) == "3.5\u202fms"
    assert quantities.seconds(1.8e-5) == "18\u202fµs"


# --------------------------------------------------------------------------------------------------
# Figures, code, length.


def test_every_figure_has_its_script_and_is_spoken_of():
    names = build.figures(SOURCE)
    scripts = {path.stem for path in (build.PAPER / "figures").glob("*.py")}
    assert set(names) == scripts - {"__init__", "style"}
    labels = set(re.findall(r"\\label\{([\w:]+)\}", BODY))
    assert labels == {f"fig:{name}" for name in names} | {"tab:solvers"}
    assert set(re.findall(r"\\autoref\{([\w:]+)\}", BODY)) == labels


@pytest.mark.parametrize("name", build.figures(SOURCE))
def test_figures_are_drawn_or_say_what_is_missing(name, tmp_path):
    style = import_module("paper.figures.style")
    draw = import_module(f"paper.figures.{name}").draw
    why = style.save(draw, RESULTS, tmp_path / "one.pdf")
    assert why is None or why.name not in PRESENT
    style.save(draw, RESULTS, tmp_path / "two.pdf")
    drawn = (tmp_path / "one.pdf").read_bytes()
    assert drawn.startswith(b"%PDF")
    assert drawn == (tmp_path / "two.pdf").read_bytes()
    assert isinstance(style.save(draw, Results(tmp_path), tmp_path / "none.pdf"), Missing)


def test_the_code_runs_and_agrees_with_nist():
    (code,) = re.findall(r"```python\n(.*?)```", BODY, flags=re.DOTALL)
    found = {}
    exec(code, found)
    # Certified for BoxBOD: parameters and their standard deviations. The default ftol of 1e-8 leaves
    # half as many digits of the parameters.
    np.testing.assert_allclose(found["fit"].x, [2.1380940889e2, 5.4723748542e-1], rtol=1e-4)
    np.testing.assert_allclose(found["errors"], [1.2354515176e1, 1.0455993237e-1], rtol=1e-4)
    np.testing.assert_allclose(found["half_life"].value, np.log(2) / found["fit"].x[1], rtol=1e-14)


def test_length():
    assert 1000 <= build.words(SOURCE) <= 1800


def test_words_are_those_of_the_body():
    sample = (
        "---\ntitle: no\n---\n# Yes\n\nTwo words {{n}} + and.\n\n```python\nno\n```\n\n"
        "![no no](figures/a.pdf)\n\n: no\nno\n\nlast\n"
    )
    assert build.words(sample) == 6


def test_tables_float():
    tex = (
        "\\begin{longtable}[]{@{}lr@{}}\n\\caption{A.\\label{t}}\\tabularnewline\n\\toprule\nx \\\\\n\\midrule\n"
        "\\endfirsthead\n\\toprule\nx \\\\\n\\midrule\n\\endhead\n1 \\\\\n\\bottomrule\n\\end{longtable}\nafter"
    )
    made = build.floated(tex)
    assert made.count("\\toprule") == 1
    assert "\\caption{A.\\label{t}}" in made
    assert made.startswith("\\begin{table}")
    assert made.endswith("\\bottomrule\n\\end{tabular}\n\\end{table}\nafter")
    with pytest.raises(SystemExit, match="floated"):
        build.floated("\\begin{longtable}{l}\\end{longtable}")


def test_readme_gives_the_commands():
    text = (build.PAPER / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS.values():
        assert f"$ {command}\n" in text


def test_results_hold_no_path_of_a_machine():
    assert FOLDER == ROOT / "benchmarks" / "results"
    for path in FOLDER.glob("*.json"):
        assert str(ROOT) not in path.read_text(encoding="utf-8")
