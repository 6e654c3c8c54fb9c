"""Optional packages, each an extra of dualrev, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["extra"]


def extra(module: str, name: str, use: str) -> Any:
    """Return an optional module.

    Parameters
    ----------
    module : str
        Its dotted name.
    name : str
        The extra that installs it.
    use : str
        Who needs it for what, ending with the package's name: the head of the error message.

    Raises
    ------
    ImportError
        If it is not installed, naming the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{use}, which is not installed: pip install dualrev[{name}]") from error
