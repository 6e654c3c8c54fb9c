"""Examples of answered functions, one file per room of the catalogue; `test_examples.py` runs every check on them.

A file holds ``EXAMPLES``: the dotted name of a function under its public module (``"fft.rfft"`` for
``np.fft.rfft``, ``"special.logsumexp"`` for ``scipy.special.logsumexp``) to a list of `Example`. It may hold
``CONSTANTS``: the names of locally constant functions and queries to calls ``f(x)`` with a 2 x 3 array that a
traced one must answer with the same plain value (by default the function is called with ``x``, a ufunc of two
arguments with ``x`` and a number).
"""

import importlib
import pkgutil

import numpy as np

__all__ = ["Example", "collect"]


class Example:
    """A use of a function at a point.

    Parameters
    ----------
    f : callable
        Of the arrays below, written in plain NumPy; it returns an array or a tuple of them.
    *arrays : array_like
        Those of floats vary (real, complex or float32); others are passed as they are.
    analytic : bool
        Whether it is complex-analytic: complex step is then an oracle for it at real arrays, and it is
        checked at complex ones.
    lanes : bool
        Whether it can be batched (False where the result's shape depends on values).
    """

    def __init__(self, f, *arrays, analytic=False, lanes=True):
        self.f = f
        self.arrays = tuple(np.asarray(a) for a in arrays)
        self.analytic = analytic
        self.lanes = lanes


def collect(table="EXAMPLES"):
    """Return the examples (or the other table) of all files, by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        held = getattr(importlib.import_module(f"{__name__}.{module.name}"), table, {})
        for name, examples in held.items():
            assert name not in found, f"{name} has {table} in two files"
            found[name] = examples
    return found
