"""Exponentials and logarithms."""

from __future__ import annotations

import numpy as np

from dualrev.core.domains import Domain, positive, reals
from dualrev.core.flavours import elementwise

_LN2, _LN10 = float(np.log(2.0)), float(np.log(10.0))
above_minus_one = Domain("(-1, inf)", lambda rng, shape: rng.uniform(-0.7, 2.0, shape))

exp = elementwise(np.exp, lambda y: y, on=reals, formula="y")
exp2 = elementwise(np.exp2, lambda y: y * _LN2, on=reals, analytic=False, formula="y ln 2")
# y + 1 would lose all digits where y is near -1.
expm1 = elementwise(np.expm1, lambda x: np.exp(x), on=reals, formula="exp x")
log = elementwise(np.log, lambda x: 1 / x, on=positive, formula="1/x")
log2 = elementwise(np.log2, lambda x: 1 / (x * _LN2), on=positive, formula="1/(x ln 2)")
log10 = elementwise(np.log10, lambda x: 1 / (x * _LN10), on=positive, formula="1/(x ln 10)")
log1p = elementwise(np.log1p, lambda x: 1 / (1 + x), on=above_minus_one, formula="1/(1+x)")
logaddexp = elementwise(
    np.logaddexp,
    lambda a, y: np.exp(a - y),
    lambda b, y: np.exp(b - y),
    on=(reals, reals),
    analytic=False,
    formula="∂a = exp(a-y), ∂b = exp(b-y)",
)
logaddexp2 = elementwise(
    np.logaddexp2,
    lambda a, y: np.exp2(a - y),
    lambda b, y: np.exp2(b - y),
    on=(reals, reals),
    analytic=False,
    formula="∂a = 2^(a-y), ∂b = 2^(b-y)",
)
