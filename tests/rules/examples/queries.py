"""Uses of the functions that ask about an array: its shape, its dtype, its text."""

import numpy as np

EXAMPLES = {}

CONSTANTS = {
    "size": [np.size, lambda x: np.size(x, 1)],
    "result_type": [np.result_type, lambda x: np.result_type(x, np.float32(1.0), 2j)],
    "can_cast": [lambda x: np.can_cast(x.dtype, np.float32)],
    "common_type": [np.common_type, lambda x: np.common_type(x, np.ones(2, complex))],
    "shares_memory": [lambda x: np.shares_memory(x, x), lambda x: np.shares_memory(x, x + 1.0)],
    "may_share_memory": [
        lambda x: np.may_share_memory(x, x[0]),
        lambda x: np.may_share_memory(x, x + 1.0),
    ],
    # The words around the numbers may differ: NumPy writes array(...).
    "array_repr": [lambda x: "[0.62" in np.array_repr(x)],
    "array2string": [np.array2string, lambda x: np.array2string(x, precision=1, separator=";")],
}
