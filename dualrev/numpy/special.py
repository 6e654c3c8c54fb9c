"""The ufuncs of scipy.special, where SciPy's array API looks for special functions of a namespace.

Under ``SCIPY_ARRAY_API=1`` the public functions of `scipy.special` ask the namespace of their arguments for a function
of the same name; these are the ufuncs themselves, which dispatch on traced arrays.
"""

from typing import Any

import numpy as np

from dualrev.core.ufuncs import special


def __getattr__(name: str) -> Any:
    found = None if name.startswith("_") else getattr(special, name, None)
    if not isinstance(found, np.ufunc):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
