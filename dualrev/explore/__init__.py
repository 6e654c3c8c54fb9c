"""Seeing a computation: the tape as table, graph and page, and pictures.

The module is a function too: ``dualrev.explore(f, x)`` makes the page of one evaluation (see `explore`), and
``dualrev.explore.plot`` draws with matplotlib.
"""

import importlib as _importlib
import inspect as _inspect
import sys as _sys
from types import ModuleType as _ModuleType
from typing import Any as _Any

from dualrev.explore.page import Page as Page
from dualrev.explore.page import explore as explore

__all__ = ["Page", "explore"]


class _Explorer(_ModuleType):
    """A module that can be called."""

    def __call__(self, *args: _Any, **kwargs: _Any) -> Page:
        return explore(*args, **kwargs)

    def __getattr__(self, name: str) -> _Any:
        # Loaded when first asked for: drawing needs matplotlib, the page does not.
        if name == "plot":
            return _importlib.import_module("dualrev.explore.plot")
        raise AttributeError(f"module 'dualrev.explore' has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), "plot"})


_Explorer.__call__.__doc__ = explore.__doc__
_signature = _inspect.signature(explore)
_Explorer.__call__.__signature__ = _signature.replace(  # type: ignore[attr-defined]
    parameters=[
        _inspect.Parameter("self", _inspect.Parameter.POSITIONAL_ONLY),
        *_signature.parameters.values(),
    ]
)
_sys.modules[__name__].__class__ = _Explorer
