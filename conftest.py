"""Before anything is collected: every mirror and all rules are loaded, as the tests go through the whole registry."""

import os

# Read when NumPy is imported: on two busy cores a second thread makes small products a hundred times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Pictures are drawn without a screen.
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest

from dualrev.core.mirror import load_mirrors
from dualrev.core.primitive import PRIMITIVES

# The primitives of NumPy; those that are loaded now are for SciPy.
AT_FIRST = frozenset(PRIMITIVES)
load_mirrors()


# What the ordinary run asks of a primitive for SciPy; the rest of the registry's promises are asked in the slow one.
FIRST = {"value", "tangent", "adjoint", "identity", "jacobian", "second", "holomorphic"}
SLOW = {
    ("rules", "test_mutants.py"),
    ("rules", "test_registry.py"),
    ("testing", "test_registry.py"),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow, of SciPy's primitives: mutants, the shipped checker, and all promises but the first."""
    for item in items:
        if item.path.parts[-2:] in SLOW and hasattr(item, "callspec"):
            params = item.callspec.params
            name = params.get("name")
            late = name in PRIMITIVES and name not in AT_FIRST
            if late and params.get("check") not in FIRST:
                item.add_marker(pytest.mark.slow)
