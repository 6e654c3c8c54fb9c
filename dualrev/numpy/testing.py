"""numpy.testing, whose assertions compare the plain numbers of traced values."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy.testing

from dualrev.core.array import value
from dualrev.core.mirror import mirror, stands_for


def _on_values(check: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(check)
    def call(*args: Any, **kwargs: Any) -> Any:
        return check(*map(value, args), **{k: value(v) for k, v in kwargs.items()})

    return call


for _name, _check in vars(numpy.testing).items():
    if _name.startswith("assert_") and not _name.startswith(("assert_raises", "assert_warns")):
        stands_for(_check)(_on_values(_check))

__getattr__, __dir__ = mirror(sys.modules[__name__], numpy.testing)
