"""The house has floors: imports point down, files are short, public names are stated one by one."""

import ast
from pathlib import Path

import pytest

import dualrev

ROOT = Path(dualrev.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST = 450

# From the ground up. A room may import from itself and from rooms below; rooms on one floor do not
# know each other.
FLOORS = (
    {"errors"},
    {"core"},
    {"rules"},
    {"modes"},
    {"derivatives"},
    {"sparse"},
    {"scipy", "numpy", "compile", "nn", "explore", "testing"},
    {"__init__"},
    # These use the package as a user does.
    {"demo"},
    {"__main__"},
)
# Rules are mathematics: they know arrays and errors, nothing else.
ONLY = {"rules": {"rules", "core", "errors"}}


def room(path):
    """Return the room of a file: its folder, or its own name at the top."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def floor(name):
    for height, rooms in enumerate(FLOORS):
        if name in rooms:
            return height
    raise AssertionError(f"dualrev/{name} has no floor yet: give it one in FLOORS")


def imports(path):
    """Yield ``(line, module)`` of every import, wherever it stands in the file."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides the floor"
            if node.module == "dualrev":
                for alias in node.names:
                    yield node.lineno, f"dualrev.{alias.name}"
            else:
                yield node.lineno, node.module


def rooms_imported(path):
    for line, module in imports(path):
        parts = module.split(".")
        if parts[0] == "dualrev":
            yield line, parts[1] if len(parts) > 1 else "__init__"


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_point_down(path):
    own = room(path)
    for line, other in rooms_imported(path):
        where = f"{path}:{line}: {own} imports {other}"
        if other == own:
            continue
        known = other if any(other in rooms for rooms in FLOORS) else "__init__"
        assert floor(known) < floor(own), f"{where}, which is not below it"
        assert own not in ONLY or other in ONLY[own], f"{where}; it may import {ONLY[own]} only"


def test_imports_are_seen():
    """The test above would pass if it saw nothing."""
    seen = {(room(path), other) for path in FILES for _, other in rooms_imported(path)}
    assert {
        ("rules", "core"),
        ("modes", "core"),
        ("derivatives", "modes"),
        ("core", "errors"),
    } <= seen


def test_errors_stand_alone():
    assert not list(rooms_imported(ROOT / "errors.py"))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_length(path):
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST, f"{path} has {lines} lines: it is two files"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_names_are_explicit(path):
    """No star imports, no injected names; ``__all__`` lists names that exist."""
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), f"{path}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "globals", (
                f"{path}:{node.lineno}: names are written, not injected"
            )
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            listed = ast.literal_eval(node.value)
            assert len(set(listed)) == len(listed), f"{path}: a name is listed twice"
            assert set(listed) <= defined(tree), f"{path}: {set(listed) - defined(tree)}"


def defined(tree):
    """Return the names that a module binds at its top level."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def reexports():
    """Return the names that ``dualrev/__init__.py`` re-exports, each ``from ... import x as x``."""
    names = []
    tree = ast.parse((ROOT / "__init__.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if not (alias.asname or "").startswith("_"):
                    assert alias.asname == alias.name, f"line {node.lineno}: {alias.name}"
                    names.append(alias.name)
    return names


def test_public_names():
    """What ``dualrev`` shows are its re-exports, its version, and its rooms."""
    names = reexports()
    assert len(set(names)) == len(names)
    rooms = {room(path) for path in FILES}
    shown = {name for name in vars(dualrev) if not name.startswith("_")}
    assert shown - rooms == set(names) - rooms
    assert dualrev.__version__


PROMISED = """
    grad value_and_grad jvp vjp linearize jacobian hessian hvp gauss_newton_product derivative vmap
    stop_gradient checkpoint patched custom_jvp custom_vjp value debug check_derivatives Dual Tape Variable
    variable no_grad
    elementwise linear bilinear general constant primitive
    DualrevError EscapeError LevelError MissingRuleError UnsupportedError RegistrationError
    InputError OutputError PatternError ShapeError SolutionError FlatDirectionError NonFiniteError CapturedWriteError
    FreedTapeError LeafWriteError
""".split()


@pytest.mark.parametrize("name", PROMISED)
def test_promised(name):
    assert name in reexports()
    assert (getattr(dualrev, name).__doc__ or "").strip(), f"{name} has no docstring"
