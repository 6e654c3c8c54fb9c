"""The main job's fits: right answer, honest counts, a readable table."""

import numpy as np
import pytest

from dualrev.demo import thurber
from dualrev.demo.fit import Counted, agreeing_digits, fit, report


@pytest.fixture(scope="module")
def fits():
    return {source: fit(source, repeats=1) for source in ("2-point", "3-point", "dualrev")}


@pytest.mark.parametrize("source", ["2-point", "3-point", "dualrev"])
def test_every_fit_finds_the_certified_minimum(fits, source):
    found = fits[source]
    np.testing.assert_allclose(found.sum_of_squares, thurber.CERTIFIED_SUM_OF_SQUARES, rtol=1e-10)
    # At the minimum the sum of squares is flat: half of its sixteen digits reach the parameters,
    # less the one that the problem's conditioning takes.
    assert found.digits.min() > 7


def test_the_exact_jacobian_saves_calls_of_the_residuals(fits):
    # Seven parameters: one-sided differences need seven calls for a Jacobian, two-sided fourteen.
    for source, per_jacobian in (("2-point", 7), ("3-point", 14), ("dualrev", 1)):
        found = fits[source]
        assert found.calls == found.nfev + per_jacobian * found.njev


def test_counted_counts_every_call():
    counted = Counted(np.sum)
    assert counted(np.ones(3)) + counted(np.ones(2)) == 5.0
    assert counted.calls == 2


@pytest.mark.parametrize(
    ("value", "certified", "digits"),
    [(1.001, 1.0, 3.0), (-99.0, -100.0, 2.0), (2.0, 2.0, 11.0), (1 + 1e-14, 1.0, 11.0)],
)
def test_agreeing_digits(value, certified, digits):
    np.testing.assert_allclose(agreeing_digits(value, certified), digits, rtol=1e-10)


def test_the_report_shows_each_parameter_beside_its_certified_value(fits):
    text = report(list(fits.values()))
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line}
    for j, certified in enumerate(thurber.CERTIFIED):
        row = rows[f"b{j + 1}"]
        assert float(row[1]) == certified
        assert [float(v) for v in row[2::2]] == pytest.approx(
            [f.parameters[j] for f in fits.values()], rel=1e-10
        )
        assert [float(d) for d in row[3::2]] == pytest.approx(
            [f.digits[j] for f in fits.values()], abs=0.051
        )
    assert [int(n) for n in rows["dualrev"][3:6]] == [
        fits["dualrev"].nfev, fits["dualrev"].njev, fits["dualrev"].calls,
    ]  # fmt: skip
