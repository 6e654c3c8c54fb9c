"""Before anything is collected: every mirror and all rules are loaded, as the tests go through the whole registry."""

import os

# Read when NumPy is imported: on two busy cores a second thread makes small products a hundred times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

from dualrev.core.mirror import load_mirrors
from dualrev.core.primitive import PRIMITIVES

# The primitives of NumPy; those that are loaded now are for SciPy.
AT_FIRST = frozenset(PRIMITIVES)
load_mirrors()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow what tests the tests with a function of SciPy: mutants of its rules, and the shipped checker."""
    for item in items:
        if item.path.parts[-2:] in (("rules", "test_mutants.py"), ("testing", "test_registry.py")):
            name = item.callspec.params.get("name") if hasattr(item, "callspec") else None
            if name in PRIMITIVES and name not in AT_FIRST:
                item.add_marker(pytest.mark.slow)
