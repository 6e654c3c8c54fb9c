"""Facts that primitives state of dependence, held against Jacobians, NaN seeding and wrong facts."""

import warnings

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.dependence import Entries
from dualrev.core.primitive import PRIMITIVES, everything
from dualrev.sparse.detection import hessian_pattern, jacobian_pattern
from tests.rules.subjects import variant
from tests.sparse.truths import (
    jacobian_matrix,
    nan_seeding,
    nonzero,
    of_argument,
    resampled,
    subjects,
)

everything()

NAMES = sorted(
    name
    for name, p in PRIMITIVES.items()
    if p.flavour not in ("constant", "custom") and any(m for *_, m in subjects(p))
)

# What is detected beyond what can be nonzero at some point, and why. All others are exact.
DECIDED_BY_VALUES = "what the values of a constant or parameter decide is not looked at"
ORDER = "the order of random samples leaves some places out"
OPTION = "an option or a form of the matrix that is not looked at"
STORAGE = "corners of a band that LAPACK does not read count"
LOOSE = {
    "cofactor_change": "a third derivative of det: rows and columns are not told apart",
    "characteristic_polynomial": "the leading coefficient is 1, the second the trace",
    "dft": "entries that are cut off count",
    "rdft": "entries that are cut off count",
    "irdft_real": "the real part of the first and last entry alone counts",
    "trigonometric_transform": "its matrix has zeros for some types and sizes",
    "eig": "the vector of a one by one matrix is constant",
    "eigh": "the vector of a one by one matrix is constant",
    "matrices.eig": "as eig",
    "matrices.eigh": "as eigh",
    "matrices.triangular": "for stacks that broadcast, all of both matrices",
    "recursion": "for stacks that broadcast, all of a line",
    "matrices.band": STORAGE,
    "matrices.lu": "the pivots are not looked at",
    "pinv": OPTION,
    "sparse_solve": "a triangular matrix is not told from others",
    "matrices.expm": "a diagonal sample",
    "matrices.expm_change": "a diagonal sample",
    "matrices.logm": "a triangular sample",
    "matrices.sqrtm": "a triangular sample",
    "matrices.polar": "a sample of one column",
    "carlson": "at a pole of the function",
    "heaviside": "both sides of the step count",
    "where": "both branches count; masks of samples are few",
    "unwrap": "jumps or none, both count",
    "huber": "both pieces count",
    "cumprod": "zeros in the sample",
    "prod": "zeros in the sample",
    "group_mean": "which entries are equal depends on the values",
    "distinct": "which entries are equal depends on the values",
    "tie_mean": "which entries are equal depends on the values",
    "softmax": "of one entry it is constant",
    "log_softmax": "of one entry it is constant",
    "weighted_logsumexp": "an infinity in the sample",
    **dict.fromkeys(("max", "min", "fmax_reduce", "fmin_reduce"), "any entry may be the largest"),
    **dict.fromkeys(("sort", "partition"), ORDER),
    **dict.fromkeys((f"running_{k}" for k in ("max", "min", "fmax", "fmin")), ORDER),
    **dict.fromkeys(
        (f"channel_{k}" for k in ("convolution", "spread", "correlation")),
        "offsets of the kernel that meet only padding count; channels of other groups too",
    ),
    **dict.fromkeys(("factorial", "diric", "diric_order"), DECIDED_BY_VALUES),
}
# Polynomials and the like: the degree is an integer operand, and degree 0 is constant.
LOOSE |= {
    name: "degree 0 is constant"
    for name in NAMES
    if name.startswith(("eval_", "special.legendre", "special.assoc_", "special.sph_", "sph_harm"))
}
# A NaN in one entry reaches others through decisions (how many turns are added), which are locally constant.
DECIDED = {"unwrap"}


def faults(primitive, tries=8):
    """Yield what is wrong: entries of a Jacobian that the pattern lacks, and where it is never filled.

    At two points at least; at more until all that was detected has been seen.
    """
    for case, arrays, params, moving in subjects(primitive):
        for k in moving:
            found = jacobian_pattern(of_argument(primitive, arrays, params, k), arrays[k]).toarray()
            true = np.zeros_like(found)
            for seed in range(tries):
                drawn = resampled(primitive, case, arrays, seed)
                f = of_argument(primitive, drawn, params, k)
                true |= nonzero(jacobian_matrix(f, drawn[k]))
                if seed and not (found & ~true).any():
                    break
            else:
                yield "loose", case, k, int(found.sum()), int(true.sum())
            if (true & ~found).any():
                yield "missing", case, k, int(found.sum()), int(true.sum())


@pytest.mark.parametrize("name", NAMES)
def test_fact(name):
    """The pattern covers the Jacobian; it is exact, or its excess has a reason."""
    found = list(faults(PRIMITIVES[name]))
    assert [f for f in found if f[0] == "missing"] == []
    assert bool(found) == (name in LOOSE), found


@pytest.mark.parametrize("name", [n for n in NAMES if PRIMITIVES[n].arguments != ("x",)])
def test_all_arguments_together(name):
    """Operands that are all followed: no zeros of one of them may count."""
    primitive = PRIMITIVES[name]
    for _, arrays, params, moving in list(subjects(primitive))[:3]:
        if len(moving) < 2:
            continue

        def f(*own, arrays=arrays, params=params, moving=moving):
            given = list(arrays)
            for k, x in zip(moving, own, strict=True):
                given[k] = x
            return primitive(*given, **params)

        own = [np.zeros_like(arrays[k]) for k in moving]
        if primitive.flavour != "bilinear":
            own = [arrays[k] for k in moving]
        found = jacobian_pattern(f, *own, argnums=tuple(range(len(own)))).toarray()
        true = [
            nonzero(jacobian_matrix(of_argument(primitive, arrays, params, k), arrays[k]))
            for k in moving
        ]
        assert not (np.concatenate(true, axis=1) & ~found).any()


WORDS = ("elementwise", "movement", "reduction", "lines", "running")


def bears_nan(primitive):
    """Say whether it may be given NaN: LAPACK and some of SciPy's special functions do not survive it."""
    fun = primitive.fun
    if isinstance(fun, np.ufunc):
        return getattr(np, fun.__name__, None) is fun
    return primitive.pattern in WORDS and "special" not in str(fun.__module__)


@pytest.mark.parametrize("name", [n for n in NAMES if bears_nan(PRIMITIVES[n])])
def test_covers_nan_seeding(name):
    primitive = PRIMITIVES[name]
    for _, arrays, params, moving in subjects(primitive):
        for k in moving:
            f = of_argument(primitive, arrays, params, k)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                seen = nan_seeding(f, arrays[k])
            found = jacobian_pattern(f, arrays[k]).toarray()
            assert not (seen & ~found).any() or name in DECIDED


# --------------------------------------------------------------------------------------------------
# Second order


def weighted(f):
    """A weighted sum of all that f returns, a real number."""

    def total(x):
        rng = np.random.default_rng(5)
        y, s = f(x), 0.0
        for part in y if isinstance(y, tuple) else (y,):
            complex_ = dr.value(part).dtype.kind == "c"
            real = np.real(part) + 2.0 * np.imag(part) if complex_ else part
            s = s + np.sum(rng.uniform(0.5, 1.5, np.shape(part)) * real)
        return s

    return total


@pytest.mark.parametrize("name", NAMES)
def test_covers_the_hessian(name):
    primitive = PRIMITIVES[name]
    for _, arrays, params, moving in list(subjects(primitive))[:2]:
        for k in moving:
            f, x = weighted(of_argument(primitive, arrays, params, k)), arrays[k]
            if not 0 < x.size <= 24:
                continue
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                second = np.asarray(dr.hessian(f)(x)).reshape(x.size, x.size)
            found = hessian_pattern(f, x).toarray()
            true = nonzero(second)
            assert not (true & true.T & ~found).any()


# --------------------------------------------------------------------------------------------------
# Wrong facts are found


def entries(f, x):
    return np.nonzero(nonzero(jacobian_matrix(f, x)))


def told(change):
    """A fact from the true relation of every operand, changed."""

    def make(primitive):
        def fact(primals, y, **params):
            said = []
            for k, x in enumerate(map(np.asarray, primals)):
                if x.dtype.kind != "f":
                    said.append(None)
                    continue
                f = of_argument(primitive, [np.asarray(p) for p in primals], params, k)
                rows, columns = entries(f, x)
                said.append(Entries(*change(rows, columns, np.size(y))))
            return tuple(said)

        return fact

    return make


CHANGES = {
    "none": lambda primitive: "none",
    "an entry less": told(lambda i, j, n: (i[1:], j[1:])),
    "rows moved": told(lambda i, j, n: ((i + 1) % max(n, 1), j)),
    "operand reversed": told(lambda i, j, n: (i, j[::-1])),
}
MUTATED = (
    "add multiply arctan2 logaddexp sum cumsum getitem concatenate transpose roll triu setitem matmul tensordot "
    "solve cholesky convolution dft einsum_two scatter_add recursion softmax linspace vandermonde polyval det"
).split()


@pytest.mark.parametrize("name", [n for n in MUTATED if n in PRIMITIVES])
def test_wrong_facts_are_found(name):
    primitive = PRIMITIVES[name]
    true = told(lambda i, j, n: (i, j))(primitive)
    assert "missing" not in {f[0] for f in faults(variant(primitive, pattern=true), 2)}
    for label, change in CHANGES.items():
        if label == "operand reversed" and primitive.pattern in ("elementwise", "dense", "lines"):
            continue
        mutant = variant(primitive, pattern=change(primitive))
        assert any(f[0] == "missing" for f in faults(mutant, 2)), label


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cumsum", "elementwise"),
        ("sort", "elementwise"),
        ("dft", "running"),
        ("softmax", "elementwise"),
        ("roll", "elementwise"),
        ("matmul", lambda primals, y: "...ik,...kj->...ij" if y.ndim > 1 else "none"),
        (
            "solve",
            lambda primals, y, vector: "...ac,...c->...c" if vector else "...ac,...ck->...ck",
        ),
        ("sum", lambda primals, y, axis, keepdims=False: (np.zeros((0, *np.shape(y)), int),)),
    ],
)
def test_facts_that_say_too_little_are_found(name, word):
    mutant = variant(PRIMITIVES[name], pattern=word)
    assert any(f[0] == "missing" for f in faults(mutant, 2))
