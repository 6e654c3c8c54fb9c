"""Sparse forward mode, operation by operation: it refuses, or gives what the dense Jacobian is."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES, everything
from dualrev.errors import UnsupportedError
from tests.sparse.truths import jacobian_matrix, of_argument, subjects

everything()

NAMES = sorted(
    name
    for name, p in PRIMITIVES.items()
    if p.flavour not in ("constant", "custom") and any(m for *_, m in subjects(p))
)


def direct(f, x, **options):
    return dr.sparse.jacobian(f, mode="direct", **options)(x)


def same(found, wanted, dtype):
    """Equal to rounding, NaN and infinities in the same places."""
    finite = np.abs(wanted[np.isfinite(wanted)])
    resolution = np.finfo(dtype).eps
    np.testing.assert_allclose(
        found,
        wanted,
        rtol=1e4 * resolution,
        atol=400 * resolution * finite.max(initial=0.1),
    )


def compare(f, x, dtype=float):
    """Return whether the mode went through; the numbers must be those of the dense Jacobian."""
    try:
        found = direct(f, x)
    except UnsupportedError:
        return False
    same(found.toarray(), jacobian_matrix(f, x), dtype)
    return True


def carried(primitive, before=lambda x: x, most=None):
    out = []
    for _, arrays, params, moving in list(subjects(primitive))[:most]:
        for k in moving:
            if not any(np.iscomplexobj(a) for a in arrays):
                f = of_argument(primitive, arrays, params, k)
                dtype = np.float32 if params.get("dtype") == np.float32 else arrays[k].dtype
                out.append(compare(lambda x, f=f: f(before(x)), arrays[k], dtype))
    return out


def stirred(x):
    """The same values, with a tangent of several terms: of numbers, moved, of arrays, with places in common."""
    flat = np.reshape(x, (-1,))
    far = np.roll(flat, 1)
    moved = np.roll(flat * flat, -1)
    more = (
        0.3 * (far - dr.value(far))
        + 0.1 * (moved - dr.value(moved))
        + (flat - dr.value(flat)) * dr.value(flat)
    )
    return x + np.reshape(more, np.shape(x))


@pytest.mark.parametrize("name", NAMES)
def test_primitive(name):
    assert all(carried(PRIMITIVES[name])) == (name not in REFUSED)


@pytest.mark.parametrize("name", NAMES)
def test_after_other_operations(name):
    carried(PRIMITIVES[name], stirred, 4)


@pytest.mark.parametrize("name", [n for n in NAMES if PRIMITIVES[n].arguments != ("x",)])
def test_all_arguments_together(name):
    primitive = PRIMITIVES[name]
    for _, arrays, params, moving in list(subjects(primitive))[:3]:
        if len(moving) < 2 or any(np.iscomplexobj(a) for a in arrays):
            continue
        sizes = np.cumsum([0, *(arrays[k].size for k in moving)])

        def f(x, arrays=arrays, params=params, moving=moving, sizes=sizes):
            given = list(arrays)
            for j, k in enumerate(moving):
                given[k] = np.reshape(x[sizes[j] : sizes[j + 1]], arrays[k].shape)
            return primitive(*given, **params)

        together = np.concatenate([arrays[k].ravel() for k in moving])
        compare(lambda x, f=f: f(stirred(x)), together)


COMPLEX = "complex numbers"
OPAQUE = "an operator or another object among the parameters"
REFUSED = {
    **dict.fromkeys(
        ("astype", "dft", "rdft", "eig", "eigvals", "eigenpairs", "matrices.eig"), COMPLEX
    ),
    **dict.fromkeys(("from_parts", "general_eigenpairs", "roots", "kelvin", "lambertw"), COMPLEX),
    **dict.fromkeys(("faddeeva", "hankel1", "hankel1e", "hankel2", "hankel2e"), COMPLEX),
    **dict.fromkeys((f"modfresnel{k}_{j}" for k in "mp" for j in "fk"), COMPLEX),
    "special.sph_harm_y": COMPLEX,
    **dict.fromkeys(("constant_map", "operator_product", "exponential_product"), OPAQUE),
    "sparse_solve": OPAQUE,
    "channel_correlation": "stated as dense where there are groups",
}
