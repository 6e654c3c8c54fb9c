"""What the explorer shows of custom rules, solvers, empty arrays and extreme numbers, and which settings it refuses."""

import numpy as np
import pytest

import dualrev as dr
import dualrev.explore as explorer
from dualrev.explore.evaluation import evaluate
from dualrev.scipy import optimize
from dualrev.scipy.integrate import quad


def evaluated(f, *args):
    return evaluate(f, args, argnums=None, tangent=None, cotangent=None, limit=5000, timing=False)


def checkpointed(x):
    return np.sum(dr.checkpoint(lambda z: np.sin(z) * z)(x))


def integrated(a):
    return quad(lambda t: np.exp(-a[0] * t), 0.0, 1.0)[0] * a[1]


def reused(x):
    work = np.empty_like(x)  # holds anything until it is written
    np.multiply(x, 2.0, out=work)
    return np.sum(work * x)


def ruled():
    @dr.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, ct: (3 * x**2 * ct,))
    return lambda x: np.sum(cube(x) * x)


@pytest.mark.parametrize("f", [checkpointed, integrated, reused, ruled()])
def test_operations_made_anew_at_every_call_are_shown_in_forward_mode(f):
    x = np.array([0.5, 1.5])
    found = evaluated(f, x)
    assert found.notes == []
    assert len(found.directions) == 3  # both entries, and their sum
    for direction, entry in zip(found.directions, [*np.eye(2), np.ones(2)], strict=True):
        np.testing.assert_allclose(direction.tangents[-1], dr.jvp(f, (x,), (entry,))[1], rtol=1e-13)


def test_a_solver_is_named_where_it_takes_other_steps():
    page = explorer.explore(
        lambda a: optimize.brentq(lambda x, a: x**3 - a, 0.0, 3.0, args=(a,)), 1.5, timing=False
    )
    assert page.data["directions"] == []
    assert "a solver inside" in page.data["notes"][0]


def test_inputs_without_entries():
    found = evaluated(lambda x, a: np.sum(x**2) + a, np.zeros((0, 3)), 2.0)
    assert [d.label for d in found.directions] == ["a"]
    assert evaluated(lambda x: np.sum(x**2), np.zeros((0, 3))).directions == []
    with pytest.raises(dr.OutputError, match="no entries"):
        explorer.explore(lambda x: x**2, np.zeros(0))


def test_what_custom_rules_keep_is_counted():
    x = np.ones(100)
    costs = evaluated(lambda x: np.sum(dr.checkpoint(np.sin)(x)), x).costs
    assert costs.kept == x.nbytes


@pytest.mark.parametrize("limit", [1, 0, -3, 2.5, "5"])
def test_wrong_limits(limit):
    with pytest.raises(ValueError, match="limit= is an integer of at least 2"):
        explorer.explore(np.sin, 1.0, limit=limit)


def test_values_near_the_largest_number():
    page = explorer.explore(np.sum, np.full(30, 1e200), timing=False)
    assert page.data["values"][0]["v"]["f"] == "1e+200, 2-norm 5.47723e+200"


def test_a_title_that_no_file_can_hold(tmp_path):
    page = explorer.explore(np.sin, 1.0, title="half \ud800 pair", timing=False)
    assert "half ? pair" in page.save(tmp_path / "page.html").read_text(encoding="utf-8")
