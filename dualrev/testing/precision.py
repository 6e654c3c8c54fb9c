"""Derivatives in the precision of the user's arguments, against the same in double precision.

Enters: derivatives that differences have verified in float64. Leaves: a `Comparison` that says
whether they survive float32, in dtype and in digits.
"""

from __future__ import annotations

import numpy as np

from dualrev.testing.claims import Traced, columns_of
from dualrev.testing.coordinates import RealFunction
from dualrev.testing.report import Comparison, Entry

__all__ = ["single_precision"]


def single_precision(
    real: RealFunction, mode: str, exact: np.ndarray, seeds: list[np.ndarray], scales: np.ndarray
) -> Comparison:
    """Compare one mode's derivatives at the original arguments with those in double precision.

    Parameters
    ----------
    real : RealFunction
    mode : {"forward", "reverse"}
    exact : ndarray
        Verified derivatives: a column per direction (forward) or a row per cotangent (reverse).
    seeds : list of ndarray
        These directions or cotangents.
    scales : ndarray
        Typical size of each input.

    Notes
    -----
    Half the digits of the coarsest dtype may go. The size that counts is the largest of the
    derivatives of the same output, since smaller ones come of cancellation.
    """
    traced = Traced(real.traceable, real.inputs, real.outputs, real.x, single=True)
    arguments = real.inputs.unpack(real.x, single=True)
    if mode == "forward":
        results, like, space = (
            [traced.push(v) for v in seeds],
            real.traceable(*arguments),
            real.outputs,
        )
        unit = np.ones((1, len(seeds)))
    else:
        results, like, space = traced.pull(seeds), tuple(arguments), real.inputs
        unit = scales[None, :]
    found = columns_of([space.pack(leaves) for leaves in results], space.size)
    found = found if mode == "forward" else found.T
    epsilon = max(float(np.finfo(leaf.dtype).eps) for leaf in real.inputs.leaves)
    largest = real.outputs.moduli(np.max(np.abs(exact) * unit, axis=1, initial=0.0))[:, None]
    tolerance = np.sqrt(epsilon) * largest / unit
    gap = np.abs(found - exact)

    verdict, why = "correct", ""
    if not np.all(np.isfinite(found)):
        verdict, why = "non-finite", "not finite in the precision of the arguments"
    elif np.any(gap > tolerance):
        verdict, why = "ill-conditioned", "right in float64, inaccurate in the given precision"
    for leaves in results[:1]:
        for result, model, leaf in zip(leaves, like, space.leaves, strict=True):
            dtype, expected = np.asarray(result).dtype, np.asarray(model).dtype
            if dtype != expected:
                verdict = "wrong"
                why = f"the derivative of or by {leaf.label} has dtype {dtype}, not {expected}"

    worst = None
    if gap.size:
        off = np.where(np.isfinite(gap), gap / np.maximum(tolerance, 1e-300), np.inf)
        i, s = (int(k) for k in np.unravel_index(int(np.argmax(off)), off.shape))
        worst = Entry(
            f"(direction {s})" if mode == "forward" else real.inputs.label(s),
            real.outputs.label(i),
            verdict,
            float(found[i, s]),
            float(exact[i, s]),
            0.0,
            float(tolerance[i, s]),
            explanation=why or "against the derivative in float64",
        )
    dtypes = sorted({str(leaf.dtype) for leaf in real.inputs.leaves})
    return Comparison(
        1,
        f"{mode} in {', '.join(dtypes)}",
        verdict,
        worst,
        found.size,
        int(np.sum(~(gap <= tolerance))),
        None,
        float(np.max(tolerance, initial=0.0)),
    )
