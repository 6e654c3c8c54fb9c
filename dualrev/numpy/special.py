"""The ufuncs of scipy.special, where SciPy's array API looks for special functions of a namespace.

Under ``SCIPY_ARRAY_API=1`` the public functions of `scipy.special` ask the namespace of their arguments for a function
of the same name; these are the ufuncs themselves, which dispatch on traced arrays.
"""

from typing import Any

import numpy as np

from dualrev.core.primitive import UFUNCS

_ufuncs = {
    ufunc.__name__: ufunc
    for ufunc in UFUNCS
    if isinstance(ufunc, np.ufunc) and getattr(np, ufunc.__name__, None) is not ufunc
}


def __getattr__(name: str) -> Any:
    try:
        return _ufuncs[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted(_ufuncs)
