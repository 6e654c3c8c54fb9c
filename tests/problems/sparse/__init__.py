"""Problems whose Jacobians or Hessians are sparse, as users write them: slices, loops, index lists, scatter, stacks.

`FAMILIES` maps names to families; `FAMILIES["bratu"].at(8)` is the problem of size 8.
"""

from tests.problems.sparse import (
    awkward,
    chains,
    collocation,
    elements,
    fitting,
    grids,
    networks,
    particles,
    power_flow,
    transport,
    vision,
)
from tests.problems.sparse.collection import FAMILIES, Family, Problem

__all__ = [
    "FAMILIES",
    "Family",
    "Problem",
    "awkward",
    "chains",
    "collocation",
    "elements",
    "fitting",
    "grids",
    "networks",
    "particles",
    "power_flow",
    "transport",
    "vision",
]
