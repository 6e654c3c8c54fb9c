"""The collection of sparse problems: patterns against mathematics, matrices against dense ones and differences.

Every family is asked the same at a small size, where all can be compared entry by entry, and at a large one, where the
pattern and the colours are known in closed form and the matrix is held against products with a random direction.
"""

import functools
import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize

import dualrev as dr
from tests.problems.sparse import FAMILIES, power_flow

SEED = 20240607
JACOBIANS = [name for name, family in FAMILIES.items() if family.kind == "jacobian"]
HESSIANS = [name for name, family in FAMILIES.items() if family.kind == "hessian"]


def _transform(name, problem, **options):
    kind = dr.sparse.jacobian if FAMILIES[name].kind == "jacobian" else dr.sparse.hessian
    return kind(problem.function, **options)


def _detect(name, problem, x):
    kind = (
        dr.sparse.jacobian_pattern
        if FAMILIES[name].kind == "jacobian"
        else dr.sparse.hessian_pattern
    )
    return kind(problem.function, x)


@functools.cache
def small(name):
    return FAMILIES[name].at(FAMILIES[name].small)


@functools.cache
def large(name):
    return FAMILIES[name].at(FAMILIES[name].large)


@functools.cache
def points(name):
    """Two points, and the dense derivatives there, each in one dense pass of the engine."""
    problem = small(name)
    rng = np.random.default_rng(SEED)
    dense = dr.jacobian if FAMILIES[name].kind == "jacobian" else dr.hessian
    xs = [problem.point(rng) for _ in range(2)]
    return [(x, dense(problem.function)(x)) for x in xs]


def differences(f, x, h):
    """Central differences, extrapolated once (Richardson); of what f returns, by the last axis."""

    def slope(e, s):
        return (np.asarray(f(x + s * e)) - np.asarray(f(x - s * e))) / (2 * s)

    return np.stack([(4 * slope(e, h / 2) - slope(e, h)) / 3 for e in np.eye(x.size)], axis=-1)


def contained(inner, outer):
    """Whether each entry of one pattern is one of the other; both are sparse and hold nothing but entries."""
    inner, outer = (sparse.csr_array(p, dtype=np.int8) for p in (inner, outer))
    return (inner - inner.multiply(outer)).count_nonzero() == 0


def equal_to_rounding(found, wanted):
    scale = np.max(np.abs(wanted), initial=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13 * scale + 1e-300)


# -- the collection itself, without the package's sparse half ----------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
def test_truth(name):
    """Dense derivatives agree with differences to 1e-6, and are nonzero exactly where mathematics says."""
    problem = small(name)
    f = problem.function if name in JACOBIANS else dr.grad(problem.function)
    h = min(1e-3, problem.spread / 10)
    seen = False
    for x, wanted in points(name):
        found = differences(f, x, h)
        assert np.max(np.abs(found - wanted)) <= 1e-6 * np.max(np.abs(wanted))
        if name in HESSIANS:
            slope = differences(problem.function, x, h)
            assert np.max(np.abs(slope - f(x))) <= 1e-6 * np.max(np.abs(slope))
        seen = seen | (np.asarray(wanted) != 0)
    assert not seen.all() or name == "spectral_line"
    if problem.pattern is not None:
        np.testing.assert_array_equal(seen, problem.pattern.toarray())
    if problem.cover is not None:
        assert not (seen & ~problem.cover.toarray()).any()


# SLSQP of older SciPy steps over a bound by a rounding error.
@pytest.mark.filterwarnings("ignore:Values in x were outside bounds:RuntimeWarning")
def test_optimal_power_flow():
    """The nine buses were entered right: their cheapest flow costs what MATPOWER's manual says."""
    grid = power_flow.Grid(1)
    x = grid.start()
    np.testing.assert_allclose(grid.balance(x), grid.complex_balance(x), rtol=0, atol=1e-12)
    bounds = (
        [(0, 0)]
        + [(-1, 1)] * 8
        + [(0.9, 1.1)] * 9
        + [tuple(row) for row in power_flow.GENERATORS[:, 4:] / 100]
        + [(-3, 3)] * 3
    )
    balance = {"type": "eq", "fun": grid.balance, "jac": dr.jacobian(grid.balance)}
    x = np.clip(x, *np.transpose(bounds))
    found = minimize(
        grid.cost, x, jac=dr.grad(grid.cost), bounds=bounds, constraints=balance, method="SLSQP"
    )
    assert found.success
    assert found.fun == pytest.approx(power_flow.OPTIMUM, abs=0.01)


# -- patterns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("name", FAMILIES)
def test_pattern(name, size):
    """What is detected is the true pattern; at most the cover where a tool may know less than mathematics."""
    problem = small(name) if size == "small" else large(name)
    found = _detect(name, problem, problem.start)
    assert isinstance(found, dr.sparse.Pattern)
    csr = found.tocsr()
    if problem.pattern is not None:
        assert csr.shape == problem.pattern.shape
        assert contained(problem.pattern, csr)
    assert contained(csr, problem.pattern if problem.cover is None else problem.cover)
    if size == "small":
        for _, wanted in points(name):
            assert contained(np.asarray(wanted) != 0, csr)


BANDWIDTHS = {
    "control_saddle": (8, 8),
    "control_kkt": (8, 8),
    "brusselator_line": (2, 2),
    "beam": (2, 2),
    "broyden_banded": (5, 1),
    "minmod": (2, 1),
    "hidden_states": (1, 1),
    "k_means": (0, 0),
}


@pytest.mark.parametrize("name", BANDWIDTHS)
def test_bandwidth(name):
    """Bands are found as bands: states, controls and multipliers of a node together make the saddle one."""
    problem = large(name)
    assert _detect(name, problem, problem.start).bandwidth == BANDWIDTHS[name]


# -- matrices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
def test_matrix(name):
    """The sparse matrix is the dense one, at two points with one preparation, with few colours."""
    problem = small(name)
    transform = _transform(name, problem)
    for x, wanted in points(name):
        found = transform(x)
        assert isinstance(found, sparse.csr_array)
        assert found.shape == np.shape(wanted)
        assert found.nnz == transform.pattern.nnz
        equal_to_rounding(found.toarray(), wanted)
    if name in HESSIANS:
        found, again = transform.with_gradient(x)
        equal_to_rounding(found, dr.grad(problem.function)(x))
    else:
        found, again = transform.with_value(x)
        np.testing.assert_allclose(found, problem.function(x), rtol=1e-14, atol=1e-300)
    equal_to_rounding(again.toarray(), wanted)


COLOURINGS = {
    "columns": {"mode": "forward"},
    "rows": {"mode": "reverse"},
    "both": {"mode": "both"},
    "star": {"colouring": "star"},
    "acyclic": {"colouring": "acyclic"},
}
WAYS = [(name, way) for name in FAMILIES for way in small(name).colours]


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_colouring(name, way):
    """Each kind of colouring gives the same matrix, in at most as many directions as are known to suffice."""
    problem = small(name)
    transform = _transform(name, problem, **COLOURINGS[way])
    x, wanted = points(name)[0]
    equal_to_rounding(transform(x).toarray(), wanted)
    assert transform.n_passes <= problem.colours[way]
    assert transform.mode == COLOURINGS[way].get("mode", "forward")


# A dense matrix at the large size would waste the tests' time.
LARGE = [name for name in FAMILIES if name != "spectral_line"]


@pytest.mark.parametrize("name", LARGE)
def test_large(name):
    """At the large size: few directions, and right along a random direction."""
    problem = large(name)
    x = problem.point(np.random.default_rng(SEED))
    transform = _transform(name, problem)
    found = transform(x)
    v = np.random.default_rng(SEED + 1).standard_normal(x.size)
    if name in JACOBIANS:
        wanted = dr.jvp(problem.function, (x,), (v,))[1]
    else:
        wanted = dr.hvp(problem.function)(x, v)
        assert (found != found.T).nnz == 0
    size = abs(found) @ np.abs(v)
    assert np.all(np.abs(found @ v - wanted) <= 1e-11 * size + 1e-14 * np.max(size))
    least = min(problem.colours[way] for way in problem.colours if way != "acyclic")
    assert transform.n_passes <= least


# -- the two of the goal -----------------------------------------------------------------------------------------------


def test_arrow_takes_four_directions():
    """Dense first row and column, n = 1000, where columns alone, or rows alone, take a thousand."""
    problem = FAMILIES["arrow"].at(1000)
    transform = dr.sparse.jacobian(problem.function)
    x = problem.start
    found = transform(x)
    assert transform.mode == "both"
    assert transform.n_passes <= 4
    wanted = np.diag(3 * x**2 + x[0] * np.cos(x))
    wanted[:, 0] = np.sin(x)
    wanted[0] = 2 * x
    equal_to_rounding(found.toarray(), wanted)


def test_branching_tridiagonal_stays_small():
    """n = 10⁴, slices and an `if` on the data: 3 directions, no n × n array (which would take 800 MB)."""
    problem = FAMILIES["tridiagonal_with_branch"].at(10_000)
    transform = dr.sparse.jacobian(problem.function)
    x = problem.point(np.random.default_rng(SEED))
    tracemalloc.start()
    try:
        found = transform(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200e6
    assert transform.n_passes <= 3
    equal_to_rounding(found.diagonal(), 3 - 4 * x)
    equal_to_rounding(found.diagonal(-1), np.full(x.size - 1, -1.0))
    equal_to_rounding(found.diagonal(1), np.full(x.size - 1, -2.0))
    assert found.nnz == 3 * x.size - 2


# -- branches that change the pattern ----------------------------------------------------------------------------------


def _switching(x):
    """Diagonal below the threshold; above it each looks two further on."""
    r = x**2
    if np.max(np.abs(x)) > 2:
        r[2:] += np.sin(x[:-2])
    return r


def _switching_energy(x):
    energy = np.sum(x**4)
    if x[0] > 1:
        energy = energy + np.sum(x[1:] * x[:-1] ** 2)
    return energy


def _lennard_jones_moved():
    """Neighbours found from the positions: a particle that comes near brings its entries along."""
    problem = FAMILIES["lennard_jones_cutoff"].at(9)
    moved = problem.start.copy()
    moved[-2:] = moved[:2] + np.array([0.0, 1.2])
    return problem.function, problem.start, moved


def _ranked_moved():
    problem = FAMILIES["ranked_gaps"].at(9)
    return problem.function, problem.start, problem.start[::-1] ** 3


def _charge_moved():
    problem = FAMILIES["deposited_charge"].at(8)
    return problem.function, problem.start, problem.start[::-1] * 0.9


SWITCHES = {
    "switching": (dr.sparse.jacobian, dr.jacobian, (_switching, np.ones(7), np.arange(7.0))),
    "switching_energy": (
        dr.sparse.hessian,
        dr.hessian,
        (_switching_energy, np.ones(7), np.arange(2.0, 9)),
    ),
    "ranked_gaps": (dr.sparse.hessian, dr.hessian, _ranked_moved()),
    "deposited_charge": (dr.sparse.jacobian, dr.jacobian, _charge_moved()),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_changed_pattern_is_noticed(name):
    """It raises and says what to do; after `prepare` it goes on; and `on_change="detect"` does so by itself."""
    kind, dense, (f, before, after) = SWITCHES[name]
    transform = kind(f)
    equal_to_rounding(transform(before).toarray(), dense(f)(before))
    with pytest.raises(dr.PatternError, match=r"prepare\(x\).*on_change"):
        transform(after)
    # The old pattern still serves the old branch.
    equal_to_rounding(transform(before).toarray(), dense(f)(before))
    assert transform.prepare(after) is transform
    equal_to_rounding(transform(after).toarray(), dense(f)(after))

    patient = kind(f, on_change="detect")
    for x in (before, after, before, after):
        equal_to_rounding(patient(x).toarray(), dense(f)(x))


def test_neighbours_from_positions():
    """A mask that is computed from distances: pairs enter and leave, and nothing is silently wrong."""
    f, before, after = _lennard_jones_moved()
    transform = dr.sparse.hessian(f, on_change="detect")
    for x in (before, after, before):
        equal_to_rounding(transform(x).toarray(), dr.hessian(f)(x))


SIDES = ["sorted_groups", "burgers_upwind", "obstacle_minimum", "minmod", "squared_hinge"]


@pytest.mark.parametrize("name", SIDES)
def test_either_side_is_in_the_pattern(name):
    """Sides of `where`, `minimum` and sorts may change without a new detection."""
    problem = small(name)
    dense = dr.jacobian if name in JACOBIANS else dr.hessian
    transform = _transform(name, problem)
    transform(problem.start)
    passes = transform.n_passes
    for x in (-problem.start, problem.start[::-1].copy(), 1.3 * problem.start + 0.1):
        equal_to_rounding(transform(x).toarray(), dense(problem.function)(x))
    assert transform.n_passes == passes


def test_arguments_that_start_at_zero():
    """Multipliers at zero, a force that is zero at the start: the pattern is that of any multipliers, of any time."""

    def lagrangian(x, multipliers):
        return np.sum(x**2) + multipliers @ (x[1:] * x[:-1])

    transform = dr.sparse.hessian(lagrangian)
    x = np.arange(1.0, 6)
    for multipliers in (np.zeros(4), np.ones(4)):
        wanted = dr.hessian(lagrangian)(x, multipliers)
        equal_to_rounding(transform(x, multipliers).toarray(), wanted)
        assert transform.pattern.nnz == 13

    wave = np.linspace(1, 2, 5)

    def rate(x, t):
        return -x + np.sin(t * wave) * np.roll(x, 1) ** 2

    transform = dr.sparse.jacobian(rate)
    for t in (0.0, 1.0):
        equal_to_rounding(transform(x, t).toarray(), dr.jacobian(rate)(x, t))
    assert transform.pattern.nnz == 10
