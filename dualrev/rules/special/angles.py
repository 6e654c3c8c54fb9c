"""Functions of angles in scipy.special: sines and their kin in degrees, cos x - 1, degrees with minutes and seconds."""

from __future__ import annotations

import numpy as np

from dualrev.core.domains import Domain, reals
from dualrev.core.flavours import elementwise
from dualrev.core.ufuncs import special

_DEGREE = float(np.pi / 180)

between_poles = Domain(
    "45 degrees from the poles",
    lambda rng, shape: rng.uniform(0.4, 2.0, shape) * rng.choice([-25.0, 25.0], shape),
)

sindg = elementwise(
    special.sindg,
    lambda x: special.cosdg(x) * _DEGREE,
    on=reals,
    analytic=False,
    formula="cos(πx/180) π/180",
)
cosdg = elementwise(
    special.cosdg,
    lambda x: special.sindg(x) * -_DEGREE,
    on=[*sindg.cases],
    analytic=False,
    formula="-sin(πx/180) π/180",
)
tandg = elementwise(
    special.tandg,
    lambda y: (1 + y * y) * _DEGREE,
    on=between_poles,
    analytic=False,
    formula="(1 + y²) π/180",
)
cotdg = elementwise(
    special.cotdg,
    lambda y: (1 + y * y) * -_DEGREE,
    on=between_poles,
    analytic=False,
    formula="-(1 + y²) π/180",
)
cosm1 = elementwise(special.cosm1, lambda x: -np.sin(x), on=reals, analytic=False, formula="-sin x")
radian = elementwise(
    special.radian,
    _DEGREE,
    _DEGREE / 60,
    _DEGREE / 3600,
    on=(reals, reals, reals),
    analytic=False,
    formula="∂a = π/180, ∂b = π/180/60, ∂c = π/180/3600",
)
