"""Equal eigenvalues and singular values: which are equal, what is then defined, and the refusal of the rest.

Where eigenvalues coincide, their sum has a derivative and each alone has none; their vectors are any basis of a space.
A rule divides by differences of eigenvalues. Where that is 0/0, the numerators say whether the quantity that was asked
for is defined (Magnus 1985, Econometric Theory 1(2); Lewis 1996, Mathematics of Operations Research 21(3)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, nonzero
from dualrev.core.flavours import batch_elementwise, batch_leading, constant, general

__all__ = [
    "alike",
    "check_clear",
    "check_phase",
    "divided",
    "equal_pairs",
    "kept",
    "none",
    "scalar_blocks",
    "shared",
    "size_of",
    "skew",
    "vanish",
]

# Equal eigenvalues come out of LAPACK 10 to 20 rounding units apart (measured, dimensions 2 to 150).
_WIDTH = 16.0


def pairs_within(w: Any, width: Any) -> Any:
    """Return where two entries, i ≠ j, are linked by steps of at most `width`."""
    n = w.shape[-1]
    eye = np.eye(n, dtype=bool)
    near = np.abs(w[..., :, None] - w[..., None, :]) <= np.expand_dims(width, (-2, -1))
    if np.count_nonzero(near) == near.size // max(n, 1):
        return near & ~eye
    while True:
        links = near.astype(np.float32)
        wider = links @ links > 0
        if (wider == near).all():
            return near & ~eye
        near = wider


def rounding(w: Any) -> Any:
    """Return how far equal eigenvalues may be apart."""
    unit = _WIDTH * np.sqrt(w.shape[-1]) * np.finfo(w.dtype).eps
    return unit * np.abs(w).max(-1, initial=0)


def equal_eigenvalues(w: Any) -> Any:
    return pairs_within(w, rounding(w))


(equal_pairs,) = constant(equal_eigenvalues, batch=batch_leading, answers=False)


def none(mask: Any) -> bool:
    """Say whether a mask is known to have no entry that is set."""
    return type(mask) is np.ndarray and not mask.any()


def _text(what: str, indices: Any, values: Any, problem: str, advice: str) -> str:
    kind = "singular values" if what in ("svd", "svdvals", "lstsq") else "eigenvalues"
    listed = ", ".join(f"{v:.6g}" for v in values)
    if len(indices) == 1 and kind == "singular values":
        where = f"the singular value at index {indices[0]} is zero to rounding ({listed})."
        return f"{what}: {where} Its vectors have no derivative here. {advice}"
    return f"{what}: the {kind} at indices {list(indices)} are equal ({listed}). {problem} {advice}"


_APART = "Each of them alone, and each of their vectors, has no derivative here."
_ADVICE = "Ask for what does not tell them apart (their sum, a trace), or perturb the matrix."


def _confined(a: Any, b: Any, c: Any, *, what: str, vectors: bool) -> Any:
    shape = np.broadcast_shapes(a.shape, b.shape, c.shape)
    shut = np.broadcast_to(b == 0, shape)
    if shut.any():
        scale = np.abs(a).max((-2, -1), keepdims=True, initial=0)
        bad = shut & (np.abs(a) > np.sqrt(np.finfo(a.dtype).eps) * scale)
        if bad.any():
            values = np.broadcast_to(c, bad.shape)
            place = tuple(np.argwhere(bad)[0][:-2])
            n = bad.shape[-1] // 3
            columns = np.nonzero(bad[place])[-1]
            found = {int(k) for k in columns % n}
            # An entry off the diagonal names two eigenvalues, one on it those that it differs from.
            w = values[place][0, :n]
            same = equal_eigenvalues(w) | np.eye(n, dtype=bool)
            indices = np.flatnonzero(same[sorted(found)].any(0))
            raise np.linalg.LinAlgError(_text(what, indices.tolist(), w[indices], _APART, _ADVICE))
    y = a * b
    return y if y.shape == shape else np.broadcast_to(y, shape).copy()


@general(
    _confined,
    arguments=("a", "b", "c"),
    constant=("c",),
    on=[
        case((2, 6), nonzero(2, 6), np.arange(6.0)[None], what="eigh", vectors=False),
        case((2, 3, 4), nonzero(3, 4), np.arange(4.0)[None], what="svd", vectors=True),
    ],
    name="confined",
    batch=batch_elementwise,
    broadcasts=True,
    pattern="elementwise",
    kinks="raises where b is 0 and a is not, to half the digits",
)
class confined:
    """y = a b, refused where b = 0 and a ≠ 0; `c` are eigenvalues, for the message."""

    def tangent_a(t: Any, b: Any, c: Any, *, what: str, vectors: bool) -> Any:
        return confined(t, b, c, what=what, vectors=vectors)

    def adjoint_a(ct: Any, b: Any, c: Any, *, what: str, vectors: bool) -> Any:
        if vectors:
            check_asked(ct, c, what=what)
            return ct * b
        return confined(ct, b, c, what=what, vectors=vectors)

    def tangent_b(t: Any, a: Any) -> Any:
        return a * t

    def adjoint_b(ct: Any, a: Any) -> Any:
        return a * ct


# --------------------------------------------------------------------------------------------------
# Checks on plain values


def _size_of(x: Any) -> Any:
    return np.abs(x).max((-2, -1), initial=0)


(size_of,) = constant(_size_of, batch=batch_leading, answers=False)


def _check_asked(ct: Any, c: Any, *, what: str) -> bool:
    w = c[..., 0, :]
    tied = equal_eigenvalues(w)
    silent = tied.any((-2, -1)) & (ct == 0).all((-2, -1))
    if silent.any():
        _refuse_unclear(tied, w, silent[..., None] & tied.any(-1), what)
    return True


def _check_clear(ct_w: Any, m: Any, size: Any, tied: Any, w: Any, *, what: str) -> bool:
    used = np.expand_dims(size != 0, -1)
    inside = np.abs(np.where(tied | np.eye(w.shape[-1], dtype=bool), m, 0)).max(-1, initial=0)
    small = np.sqrt(np.finfo(m.dtype).eps) * np.expand_dims(size, -1)
    unclear = used & tied.any(-1) & (ct_w != 0) & (inside <= small)
    if unclear.any():
        _refuse_unclear(tied, w, unclear, what)
    return True


def _refuse_unclear(tied: Any, w: Any, unclear: Any, what: str) -> None:
    place = tuple(np.argwhere(unclear)[0])
    same = np.flatnonzero(tied[place])
    indices = sorted({*same.tolist(), int(place[-1])})
    raise np.linalg.LinAlgError(
        _text(
            what,
            indices,
            w[place[:-1]][indices],
            "Values and vectors were used, and the vectors' cotangent does not say how: "
            "trace(log A) and sum(log A) leave the same here.",
            "Take values that are used alone from eigvalsh, eigvals or svdvals, or perturb the matrix.",
        )
    )


def _check_phase(m: Any, size: Any, *, what: str) -> Any:
    turned = np.abs(np.diagonal(m, axis1=-2, axis2=-1).imag)
    bad = turned > np.sqrt(np.finfo(m.dtype).eps) * np.expand_dims(size, -1)
    if bad.any():
        raise np.linalg.LinAlgError(
            f"{what}: the result depends on the phases of the complex vectors at indices "
            f"{np.flatnonzero(bad[tuple(np.argwhere(bad)[0][:-1])]).tolist()}, which are arbitrary. "
            "Use what a phase does not change (abs(v), v @ v.conj().T, U @ Vh)."
        )
    return bad


(check_asked,) = constant(_check_asked, answers=False)
(check_clear,) = constant(_check_clear, answers=False)
(check_phase,) = constant(_check_phase, answers=False)


# --------------------------------------------------------------------------------------------------
# What rules are written with. `tied` says which pairs are equal; without any nothing is done.


def _real(x: Any) -> Any:
    return np.zeros(0, dtype_of(x)).real.dtype


def diagonal(m: Any) -> Any:
    """Return the diagonals of a stack of matrices."""
    return np.diagonal(m, axis1=-2, axis2=-1)


def skew(m: Any) -> Any:
    """Return the skew-Hermitian part."""
    return (m - (np.conjugate(m).mT if dtype_of(m).kind == "c" else m.mT)) / 2


def shared(d: Any, tied: Any) -> Any:
    """Return the mean of `d` over equal eigenvalues: ties share equally."""
    if none(tied):
        return d
    n, real = d.shape[-1], _real(d)
    same = tied | np.eye(n, dtype=bool)
    count = np.sum(np.where(same, np.ones((), real), np.zeros((), real)), axis=-1)
    return np.sum(np.where(same, d[..., None, :], 0), axis=-1) / count


def vanish(x: Any, shut: Any, c: Any, like: Any, what: str) -> Any:
    """Return `x`, refused where `shut` and not zero beside `like`; `c` has one value per column."""
    if none(shut):
        return x
    return _without(x, np.where(shut, x, 0), c, like, what)


def _without(x: Any, forbidden: Any, c: Any, like: Any, what: str) -> Any:
    n, ones = x.shape[-1], np.ones(x.shape[-2:], _real(x))
    # Side by side, so that what must vanish is measured by the size of the whole.
    scale = np.expand_dims(size_of(like), (-2, -1)) * ones
    wide = np.concatenate([x, scale, forbidden], axis=-1)
    b = np.repeat(np.array([[1, 1, 0]], _real(x)), n, axis=-1)
    c = np.concatenate([c, c, c], axis=-1)[..., None, :]
    return confined(wide, b, c, what=what, vectors=False)[..., :n]


def scalar_blocks(m: Any, tied: Any, w: Any, like: Any, what: str) -> Any:
    """Return `m`, refused if its block over equal eigenvalues is no multiple of the identity, beside `like`."""
    if none(tied):
        return m
    d = diagonal(m)
    off = np.expand_dims(d - shared(d, tied), -1) * np.eye(d.shape[-1], dtype=bool)
    return _without(m, np.where(tied, m, 0) + off, w, like, what)


def alike(ct: Any, tied: Any, w: Any, what: str) -> Any:
    """Return `ct`, refused if it tells equal eigenvalues apart."""
    if none(tied):
        return ct
    mean = shared(ct, tied)
    row = ct[..., None, :]
    refused = _without(row, (ct - mean)[..., None, :], w, row, what)
    return shared(refused[..., 0, :], tied)


def divided(m: Any, w: Any, tied: Any) -> Any:
    """Return mᵢⱼ / (wⱼ − wᵢ), zero on the diagonal and where eigenvalues are equal."""
    closed = np.eye(w.shape[-1], dtype=bool)
    closed = closed if none(tied) else closed | tied
    gap = w[..., None, :] - w[..., :, None]
    return np.where(closed, 0, m / np.where(closed, 1, gap))


def kept(v: Any, w: Any, tied: Any, what: str) -> Any:
    """Return the vectors `v`; where eigenvalues are equal, a cotangent of zero is refused too."""
    if none(tied):
        return v
    return confined(v, np.ones((1, 1), _real(v)), w[..., None, :], what=what, vectors=True)
