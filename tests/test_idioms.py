"""Idioms of NumPy code: with plain numpy right or an error by name, with dualrev.numpy right; never silently wrong."""

from pathlib import Path

import numpy as np
import pytest
import scipy.special

import dualrev as dr
from benchmarks import conformance
from benchmarks.idioms import NONE, RAISES, RIGHT, collect, judge, quiet, reference
from dualrev import numpy as dnp
from dualrev.scipy import special as mirrored_special

IDIOMS = collect()
NAMESPACES = {"plain": (np, scipy.special), "mirror": (dnp, mirrored_special)}
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "conformance.md"


@pytest.fixture(scope="module")
def wanted():
    """Return the right gradient of an idiom, found once for both namespaces."""
    found = {}

    def get(idiom):
        if idiom.name not in found:
            with quiet():
                found[idiom.name] = reference(idiom.bound(np, scipy.special), idiom.x)
        return found[idiom.name]

    return get


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("name", IDIOMS)
def test_gradient(name, namespace, wanted):
    """As the table says; and the caller's array is as it was."""
    idiom = IDIOMS[name]
    f = idiom.bound(*NAMESPACES[namespace])
    x = idiom.x.copy()
    expected = getattr(idiom, namespace)
    with quiet():
        if expected == RAISES:
            with pytest.raises(TypeError) as caught:
                dr.grad(f)(x)
            assert caught.type.__name__ == idiom.error
        else:
            assert judge(dr.grad(f)(x), wanted(idiom)) == expected
    np.testing.assert_array_equal(x, idiom.x)


@pytest.mark.parametrize("name", [n for n, i in IDIOMS.items() if i.mirror == RIGHT])
def test_forward_mode(name, wanted):
    """The same with a tangent, which is carried through the same code."""
    idiom = IDIOMS[name]
    t = np.cos(np.arange(idiom.x.size)).reshape(idiom.x.shape)
    with quiet():
        slope = dr.jvp(idiom.bound(*NAMESPACES["mirror"]), (idiom.x.copy(),), (t,))[1]
        want = np.sum(wanted(idiom) * t)
    assert judge(slope, want) == RIGHT


def test_table():
    """At least a hundred; none is expected to be wrong; the mirror does all that plain numpy does."""
    assert len(IDIOMS) >= 100
    for idiom in IDIOMS.values():
        assert idiom.plain in (RIGHT, RAISES, NONE)
        assert idiom.mirror in (RIGHT, RAISES)
        assert idiom.mirror == RIGHT or idiom.plain != RIGHT
        assert idiom.about, f"{idiom.name} says nothing about itself"


def test_an_escape_says_what_to_do():
    """Errors name the line of the idiom and the fix."""
    with pytest.raises(dr.EscapeError, match=r"math\.sin.*escapes\.py:\d+, in math_sin.*np\.sin"):
        dr.grad(IDIOMS["math_sin"].bound(np))(IDIOMS["math_sin"].x)
    with pytest.raises(dr.EscapeError, match=r"writing\.py:\d+, in zeros_then_loop"):
        dr.grad(IDIOMS["zeros_then_loop"].bound(np))(IDIOMS["zeros_then_loop"].x)


def test_text_of_traced_values_is_readable(capsys):
    def f(x):
        print(x, x[0], f"{x[1]:.2f}")
        return np.sum(x)

    dr.grad(f)(np.array([0.5, 1.25]))
    assert capsys.readouterr().out == "[0.5  1.25] 0.5 1.25\n"


def test_page_is_up_to_date():
    """The columns of dualrev are what is so now; the peers' are what was so when the page was written."""
    held = conformance.columns(PAGE.read_text(encoding="utf-8"))
    assert list(held) == list(IDIOMS), "write it again: python -m benchmarks.conformance --write"
    for name, idiom in IDIOMS.items():
        # That these are what runs now is what test_gradient finds.
        ours = dict(zip(conformance.OURS, (idiom.plain, idiom.mirror), strict=True))
        assert {k: held[name][k] for k in ours} == ours, name


def test_page_is_read_as_written():
    table = {
        name: {"dualrev": (verdict, ""), "dualrev.numpy": (RIGHT, "")}
        for name, verdict in zip(list(IDIOMS)[:4], conformance._MARKS, strict=True)
    }
    found = conformance.columns(conformance.page(table, ["dualrev", "dualrev.numpy"], ["MyGrad"]))
    assert found == {n: {k: v for k, (v, _) in row.items()} for n, row in table.items()}
