"""Every name of the mirrored namespaces looks like SciPy's: the same arguments, and a text of help."""

import importlib
import inspect
import types

import pytest

NAMESPACES = (
    *("fft", "integrate", "interpolate", "linalg", "ndimage", "signal", "sparse", "sparse.linalg"),
    *("spatial", "spatial.distance", "stats"),
)


def _parameters(x):
    return [(p.name, p.kind) for p in inspect.signature(x).parameters.values()]


def _known(x):
    try:
        inspect.signature(x)
    except (TypeError, ValueError):  # written in C
        return False
    return True


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_names_look_like_scipys(namespace):
    plain = importlib.import_module(f"scipy.{namespace}")
    own = importlib.import_module(f"dualrev.scipy.{namespace}")
    for name in plain.__all__ if hasattr(plain, "__all__") else dir(plain):
        original = getattr(plain, name)
        stand_in = getattr(own, name)
        if stand_in is original or isinstance(original, types.ModuleType):
            continue
        assert (inspect.getdoc(stand_in) or "").strip(), name
        if _known(original):
            assert _parameters(stand_in) == _parameters(original), name
        if inspect.isclass(original) and inspect.isclass(stand_in):
            assert issubclass(stand_in, original), name
