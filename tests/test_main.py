"""The command line: every command, its exit code, and its message when it cannot be carried out."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dualrev as dr
from dualrev.__main__ import CommandError, load_function, main, parse_point

ROOT = Path(__file__).parents[1]

USER_MODULE = """
import math
import numpy as np
import dualrev as dr

def smooth(x):
    return np.sum(np.sin(x) * x[0])

def two(x, scale):
    return scale * np.sum(x**2)

class Model:
    @staticmethod
    def energy(x):
        return np.prod(x)

def escaping(x):
    return math.sin(x[0])

wrong = dr.custom_jvp(lambda x: np.sum(x**2))
wrong.defjvp(lambda primals, tangents: (
    np.sum(primals[0] ** 2), np.sum(2.001 * primals[0] * tangents[0])))

number = 3
"""


@pytest.fixture
def user_module(tmp_path, monkeypatch):
    (tmp_path / "user_functions.py").write_text(USER_MODULE)
    (tmp_path / "user_broken.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("user_functions", None)


@pytest.mark.usefixtures("user_module")
class TestCheck:
    @pytest.mark.parametrize(
        ("function", "point"),
        [
            ("smooth", "1.0, 2.0"),
            ("smooth", "[1, 2, 3]"),
            ("two", "[1.0, 2.0]; 3.0"),
            ("Model.energy", "[1.5, 2.0]"),
        ],
    )
    def test_a_right_derivative_passes(self, capsys, function, point):
        assert main(["check", f"user_functions:{function}", "--at", point]) == 0
        assert capsys.readouterr().out

    def test_a_wrong_derivative_fails(self, capsys):
        assert main(["check", "user_functions:wrong", "--at", "1.0, 2.0"]) == 1
        assert capsys.readouterr().out

    def test_a_derivative_that_cannot_be_had_fails_with_the_line(self, capsys):
        assert main(["check", "user_functions:escaping", "--at", "1.0, 2.0"]) == 1
        assert "user_functions.py:18" in capsys.readouterr().out

    def test_order_is_passed_on(self):
        assert main(["check", "user_functions:smooth", "--at", "1.0, 2.0", "--order", "1"]) == 0

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            ("user_functions", "not of the form module:function"),
            (":smooth", "not of the form module:function"),
            ("user_functions:", "not of the form module:function"),
            ("no_such_module:f", "no module 'no_such_module'"),
            ("user_functions.inner:f", "no module 'user_functions.inner'"),
            ("user_functions:missing", "has no 'missing'"),
            ("user_functions:Model.missing", "has no 'Model.missing'"),
            ("user_functions:number", "is a int, not a function"),
        ],
    )
    def test_what_is_not_a_function_is_named(self, capsys, function, message):
        assert main(["check", function, "--at", "1.0"]) == 2
        assert message in capsys.readouterr().err

    def test_an_import_that_fails_inside_the_module_shows_itself(self):
        with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
            load_function("user_broken:f")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", (3.0,)),
        ("-2.5e-3", (-0.0025,)),
        ("1+2j", (1 + 2j,)),
        ("1.0, 2.0", (np.array([1.0, 2.0]),)),
        ("[1.0]", (np.array([1.0]),)),
        ("[[1, 2], [3, 4]]", (np.array([[1.0, 2.0], [3.0, 4.0]]),)),
        ("[1.0, 2.0]; 3.0", (np.array([1.0, 2.0]), 3.0)),
    ],
)
def test_points(text, expected):
    found = parse_point(text)
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        assert type(value) is type(wanted)
        assert np.asarray(value).dtype == np.asarray(wanted).dtype
        np.testing.assert_array_equal(value, wanted, strict=isinstance(wanted, np.ndarray))


@pytest.mark.parametrize("text", ["", "x", "1.0;", "[1, [2, 3]]", "'a'", "True", "None", "f()"])
def test_what_is_not_a_point_is_refused(text):
    with pytest.raises(CommandError, match="number"):
        parse_point(text)


def test_demo_prints_and_draws(tmp_path, capsys):
    assert main(["demo", "--output", str(tmp_path / "new" / "folder")]) == 0
    assert "certified" in capsys.readouterr().out
    assert (tmp_path / "new" / "folder" / "thurber.png").stat().st_size > 10_000


def test_demo_without_a_figure_draws_none(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--no-figure"]) == 0
    assert "certified" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_demo_without_matplotlib_prints_and_names_the_extra(tmp_path, capsys, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find_spec(name)
    )
    assert main(["demo", "--output", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "certified" in printed.out
    assert ".[plot]" in printed.err
    assert not list(tmp_path.iterdir())


def test_demo_says_where_it_cannot_write(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["demo", "--output", str(tmp_path / "file")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_coverage_lists_the_classified_functions(capsys):
    assert main(["coverage"]) == 0
    *rows, blank, total = capsys.readouterr().out.splitlines()
    names = [row.split()[0] for row in rows[1:]]
    assert {"numpy.sin", "numpy.matmul", "numpy.argmax"} <= set(names)
    assert blank == ""
    assert total.startswith(f"{len(names)} functions: ")


def test_primitives_are_printed_and_written(tmp_path, capsys):
    assert main(["primitives"]) == 0
    page = capsys.readouterr().out
    assert "| tanh |" in page
    path = tmp_path / "primitives.md"
    assert main(["primitives", "--write", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == page
    assert main(["primitives", "--write", str(tmp_path / "no" / "folder.md")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_the_module_runs_as_a_program_and_answers_with_an_exit_code(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "dualrev", "check", "nowhere:f", "--at", "1.0"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("dualrev check: error: there is no module 'nowhere'")


def test_import_leaves_the_heavy_modules_alone(tmp_path):
    heavy = ("matplotlib", "scipy.optimize", "scipy.linalg", "argparse", "fractions")
    code = f"import sys, dualrev; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_one_version_everywhere(capsys):
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == dr.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == dr.__version__
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == dr.__version__
