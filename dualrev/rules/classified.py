"""Functions that nothing is to be differentiated of: texts, types, dates, settings, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError

# Of integers, names, types, settings; no traced value reaches them, so NumPy's own are the answers.
_TABLE = {
    "of integers": """
        base_repr binary_repr broadcast_shapes diag_indices mask_indices tril_indices triu_indices
    """,
    "of types": "isdtype issubdtype promote_types mintypecode typename datetime_data",
    "settings of NumPy": """
        get_printoptions set_printoptions printoptions geterr seterr geterrcall seterrcall
        getbufsize setbufsize get_include info show_config show_runtime
    """,
    "reads plain numbers": "fromfile fromregex fromstring genfromtxt load loadtxt",
    "calls functions that have rules": "row_stack nested_iters",
}

for _note, _names in _TABLE.items():
    for _name in _names.split():
        if (_function := getattr(np, _name, None)) is not None:
            numpy_function(_function, kind="passes", note=_note)(_function)

# These dispatch; floats are NumPy's own TypeError.
for _function in (
    np.busday_count,
    np.busday_offset,
    np.is_busday,
    np.datetime_as_string,
    np.packbits,
    np.unpackbits,
):
    _note = "of integers" if _function in (np.packbits, np.unpackbits) else "of dates"
    (_primitive,) = constant(_function, answers=False)
    numpy_function(_function, kind="passes", note=_note)(_primitive.call)


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(name, "it writes plain numbers", "save dualrev.value(x)")

    return refuse


for _function in (np.save, np.savez, np.savez_compressed, np.savetxt):
    numpy_function(
        _function, kind="unsupported", note="writes plain numbers; save dualrev.value(x)"
    )(_refusal(f"np.{_function.__name__}"))
