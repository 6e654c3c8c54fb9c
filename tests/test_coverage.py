"""No function without an answer: every public function has exactly one class, and the page says it."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.core.catalogue import (
    BY_HAND,
    NAMESPACES,
    coverage_page,
    coverage_rows,
    public_functions,
)
from dualrev.core.primitive import ENTRIES, KINDS, public_name

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "coverage.md"
FUNCTIONS = dict(public_functions())


def test_the_list_is_not_made_by_us():
    """The names come from the namespaces: nothing public that can be called is left out."""
    for prefix, namespace in NAMESPACES.items():
        for name in dir(namespace):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = getattr(namespace, name)
            wanted = isinstance(found, np.ufunc) if namespace is special else callable(found)
            if wanted and not isinstance(found, type) and not name.startswith("_"):
                assert FUNCTIONS[f"{prefix}.{name}"] is found
    assert len(FUNCTIONS) > 600


@pytest.mark.parametrize("name", FUNCTIONS)
def test_classified(name):
    entry = ENTRIES.get(FUNCTIONS[name])
    assert entry is not None, (
        f"{name} is new to dualrev: give it a rule, a composite, or a class with its reason "
        "(dualrev/core/primitive.py, numpy_function)"
    )
    assert entry.kind in KINDS
    assert callable(entry.call)


@pytest.mark.parametrize(
    "function", [f for f, e in ENTRIES.items() if e.kind == "unsupported"], ids=public_name
)
def test_unsupported_says_why(function):
    """Each names the function, the reason and an alternative."""
    met = []

    def f(x):
        for arguments in (*((x,) * n for n in range(1, 8)), ("file", x), ("file",)):
            try:
                ENTRIES[function].call(*arguments)
            except dr.UnsupportedError as error:
                met.append(error)
                break
            except TypeError:
                continue
        return np.sum(x)

    dr.grad(f)(np.array([[0.3, 0.1], [0.2, 0.4]]))
    assert met, "does not raise UnsupportedError"
    assert public_name(function).rpartition(".")[2].lstrip("_") in str(met[0])
    assert "Instead:" in str(met[0])
    assert ENTRIES[function].note, "the table does not say why"


def rows_of(page):
    section, rows = "", {}
    for line in page.partition(BY_HAND)[0].splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| `"):
            cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            for name in cells[0].split(", "):
                rows[f"{section}.{name.strip('`')}"] = cells[1:]
    return rows


def test_page_is_up_to_date():
    """What the page says of a function that is installed here is what the registry says."""
    text = PAGE.read_text(encoding="utf-8")
    written, found = rows_of(text), rows_of(coverage_page())
    remedy = "generate it again: python -m dualrev coverage --write docs/reference/coverage.md"
    assert set(FUNCTIONS) <= set(found)
    for name in set(written) & set(found):
        assert written[name] == found[name], f"{name}: {remedy}"
    if f"with NumPy {np.__version__};" in text and set(written) != set(found):
        raise AssertionError(f"{set(written) ^ set(found)}: {remedy}")


def test_rows_are_distinct():
    rows = coverage_rows()
    assert len({row.function for row in rows}) == len(rows)
    behind = [f for f in ENTRIES if public_name(f).rpartition(".")[2].startswith("_")]
    assert len(rows) == len(ENTRIES) - len(behind)
