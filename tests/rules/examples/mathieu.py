"""Examples: functions that come with their derivative, as pairs."""

import numpy as np
from scipy import special as plain

from dualrev.scipy import special
from tests.rules.examples import Example

X = np.array([[2.4, 3.1], [2.7, 3.6]])
PAIRS = {
    "mathieu_cem": ((2, 1.5), 20.0 * X),
    "mathieu_sem": ((3, 4.0), 20.0 * X),
    "mathieu_modcem1": ((1, 0.5), 0.3 * X),
    "mathieu_modcem2": ((2, 3.0), 0.3 * X),
    "mathieu_modsem1": ((1, 2.0), 0.3 * X),
    "mathieu_modsem2": ((2, 0.7), 0.3 * X),
    "pro_ang1": ((1, 2, 1.5), 0.2 * X),
    "pro_rad1": ((0, 1, 2.5), X),
    "pro_rad2": ((1, 2, 3.0), X),
    "obl_ang1": ((0, 3, 2.0), 0.2 * X),
    "obl_rad1": ((1, 1, 2.5), X),
    "obl_rad2": ((1, 3, 3.0), X),
    "pbdv": ((1.3,), X - 3.0),
    "pbvv": ((-0.7,), X - 3.0),
    "pbwa": ((0.6,), X - 3.0),
}


def _pair(name, parameters, x):
    # In single precision SciPy gives NaN for some: the parameters are of double precision.
    f, fixed = getattr(plain, name), tuple(np.array(p)[()] for p in parameters)
    return [Example(lambda x: f(*fixed, x), x)]


def _given(name, parameters, x):
    value = getattr(plain, f"{name[:3]}_cv")(*parameters)
    return _pair(f"{name}_cv", (*parameters, value), x)


V = np.array([0.9])
EXAMPLES = {
    **{f"special.{name}": _pair(name, *use) for name, use in PAIRS.items()},
    **{
        f"special.{name}_cv": _given(name, *use)
        for name, use in PAIRS.items()
        if name[:3] in ("pro", "obl")
    },
    "special.pbdv_seq": [Example(lambda v: special.pbdv_seq(2.5, v[0]), V)],
    "special.pbvv_seq": [Example(lambda v: special.pbvv_seq(1.5, v[0]), V)],
}
