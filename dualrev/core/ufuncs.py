"""scipy.special as NumPy's protocols know it: its ufuncs themselves, imported when first asked for.

Importing SciPy's special functions takes longer than all of dualrev, and many users never call one. With
``SCIPY_ARRAY_API=1`` the public functions are wrappers around the ufuncs, which the registry must not take for them.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

__all__ = ["special"]


class _Special:
    """The attributes of `scipy.special`, a wrapped ufunc as the ufunc."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module("scipy.special"), name)
        inner = getattr(found, "__wrapped__", None)
        if isinstance(inner, np.ufunc):
            found = inner
        setattr(self, name, found)
        return found


special: Any = _Special()
