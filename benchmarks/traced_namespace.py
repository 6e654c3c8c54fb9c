"""`dualrev.numpy` inside a transform that stays open, for the run of the conformance suite on traced arrays."""

import dualrev as dr
from dualrev import numpy as xp
from dualrev.core.array import Traced

__all__ = ["xp"]

tape = dr.Tape(watch=False)
tape.__enter__()
# The suite reads results by float(x), which otherwise raises: it would lose a derivative.
for kind in (float, int, complex):
    setattr(Traced, f"__{kind.__name__}__", lambda self, kind=kind: kind(dr.value(self)))
