"""The documentation speaks of what there is: every public name, every error, the two commands."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import dualrev as dr
from dualrev.scipy import integrate, optimize

ROOT = Path(__file__).parents[1]


def public():
    return {
        name: thing
        for name, thing in vars(dr).items()
        if not name.startswith("_") and not inspect.ismodule(thing)
    }


def reference():
    """Return the names of the reference by the module under which they stand."""
    listed = {}
    for page in sorted((ROOT / "docs" / "reference").glob("api*.md")):
        text = page.read_text(encoding="utf-8")
        parts = re.split(r"\.\. currentmodule:: ([\w.]+)", text)[1:]
        for module, part in zip(parts[::2], parts[1::2], strict=True):
            listed.setdefault(module, []).extend(re.findall(r"^   (\w+)$", part, re.MULTILINE))
    return listed


def test_the_reference_lists_every_public_name_and_no_other():
    assert sorted(reference()["dualrev"]) == sorted(public())


@pytest.mark.parametrize(
    "module",
    [
        dr.sparse,
        dr.sparse.check,
        dr.nn,
        dr.nn.initialisers,
        dr.nn.optim,
        dr.nn.optim.schedules,
        dr.explore,
        dr.explore.plot,
    ],
    ids=lambda m: m.__name__,
)
def test_the_reference_lists_all_of_a_package_once(module):
    names = {
        name
        for name in (getattr(module, "__all__", None) or vars(module))
        if not name.startswith("_") and not inspect.ismodule(getattr(module, name))
    }
    listed = reference().get(module.__name__, [])
    assert len(set(listed)) == len(listed)
    assert set(listed) == names


@pytest.mark.parametrize("module", [optimize, integrate], ids=lambda m: m.__name__)
def test_the_reference_lists_what_is_not_scipy_s_own(module):
    listed = reference()[module.__name__]
    assert len(set(listed)) == len(listed)
    for name in listed:
        assert vars(module)[name].__module__.startswith(module.__name__), name
    missing = {
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(thing)
        if getattr(thing, "__module__", "").startswith(module.__name__)
        if not hasattr(scipy_of(module), name)
    }
    assert missing <= set(listed)


def scipy_of(module):
    return importlib.import_module(module.__name__.removeprefix("dualrev."))


def test_the_page_of_errors_has_each_with_the_builtin_that_it_is():
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` *\| `(\w+)`", page, re.MULTILINE))
    assert listed == {
        name: error.__bases__[-1].__name__
        for name, error in public().items()
        if inspect.isclass(error) and issubclass(error, dr.DualrevError)
        if error is not dr.DualrevError
    }


def test_the_readme_opens_with_five_lines_of_code_and_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    opening = re.search(r"```pycon\n(.*?)```", readme, re.DOTALL)[1]
    assert len(re.findall(r"^(?:>>>|\.\.\.) ", opening, re.MULTILINE)) == 5
    commands = re.findall(r"```bash\n(.*?)```", readme, re.DOTALL)
    assert [len(c.splitlines()) for c in commands] == [1, 1]
    assert "python -m dualrev demo" in commands[0]
    assert "python -m pytest" in commands[1]


def test_every_name_that_the_readme_calls_is_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(hasattr(dr, name) for name in re.findall(r"\bdr\.(\w+)", readme))
