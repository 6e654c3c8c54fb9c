"""Schedules without PyTorch: bounds, limits, composition, the imperative face."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev.errors import InputError
from dualrev.nn import optim
from dualrev.nn.optim import schedules as s

rates = st.floats(1e-6, 10.0)
counts = st.integers(1, 50)
factors = st.floats(0.0, 1.0)


@st.composite
def falling(draw):
    """A schedule that never rises."""
    lr, n, factor = draw(rates), draw(counts), draw(factors)
    return draw(
        st.sampled_from(
            [
                s.Constant(lr),
                s.StepDecay(lr, n, factor),
                s.MultiStep(lr, tuple(sorted({n, 2 * n, n + 3})), factor),
                s.Exponential(lr, factor),
                s.Linear(lr, start=1.0, end=factor, steps=n),
                s.Polynomial(lr, n, 3 * factor),
                s.Cosine(lr, n, minimum=factor * lr),
            ]
        )
    )


@st.composite
def any_schedule(draw):
    lr, n = draw(rates), draw(st.integers(10, 50))
    return draw(
        st.sampled_from(
            [
                draw(falling()),
                s.Linear(lr, start=draw(factors), end=draw(factors), steps=n),
                s.CosineRestarts(lr, n, growth=draw(st.integers(1, 3)), minimum=lr * draw(factors)),
                s.OneCycle(lr, n, anneal=draw(st.sampled_from(["cos", "linear"]))),
                s.OneCycle(lr, n, warmup=0.3, three_phase=True),
            ]
        )
    )


# A convex combination of two numbers is rounded twice.
ROUNDING = 1 + 4 * np.finfo(float).eps


@given(any_schedule(), st.integers(0, 10_000))
def test_bounds(schedule, step):
    rate = schedule(step)
    assert type(rate) is float
    assert 0 <= rate <= schedule.lr * ROUNDING
    assert schedule(step) == rate


@given(falling(), st.integers(0, 200))
def test_falling(schedule, step):
    assert schedule(step + 1) <= schedule(step) * ROUNDING


@given(any_schedule())
def test_values_are_calls(schedule):
    assert np.array_equal(schedule.values(30), [schedule(k) for k in range(30)])


@given(any_schedule(), any_schedule(), any_schedule(), counts, counts)
def test_sequence(first, second, third, n, m):
    whole = s.Sequence((first, second, third), (n, n + m))
    expected = [*first.values(n), *second.values(m), *third.values(10)]
    assert np.array_equal(whole.values(n + m + 10), expected)


@given(any_schedule(), st.floats(0.1, 10.0))
def test_proportional_to_the_rate(schedule, factor):
    names = {f.name for f in dataclasses.fields(schedule)}
    new = {k: factor * getattr(schedule, k) for k in ("lr", "minimum") if k in names}
    scaled = dataclasses.replace(schedule, **new)
    np.testing.assert_allclose(
        scaled.values(40), factor * schedule.values(40), rtol=1e-12, atol=1e-14
    )


ENDS = {
    "constant": (s.Constant(2.0, factor=0.5, steps=3), [1, 1, 1, 2, 2]),
    "cosine": (s.Cosine(2.0, 2, minimum=1.0), [2, 1.5, 1, 1, 1]),
    "linear": (s.Linear(2.0, start=0.0, steps=2), [0, 1, 2, 2, 2]),
    "polynomial": (s.Polynomial(2.0, 2), [2, 1, 0, 0, 0]),
    "one cycle": (
        s.OneCycle(2.0, 5, warmup=0.4, anneal="linear", div_factor=2.0, final_div_factor=1.0),
        [1, 2, 2 - 1 / 3, 2 - 2 / 3, 1, 1, 1],
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_known_values(name):
    schedule, expected = ENDS[name]
    np.testing.assert_allclose(schedule.values(len(expected)), expected, rtol=1e-15, atol=1e-15)


def test_restarts_far_out():
    """The length of the cycles is known without walking through them all."""
    assert s.CosineRestarts(1.0, 10)(10**12) == 1.0
    # Cycles of 1, 2, 4, ...: cycle k begins at 2ᵏ - 1.
    assert s.CosineRestarts(1.0, 1, growth=2)(2**40 - 1) == 1.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: s.Constant(-1.0), "Constant: lr=-1.0"),
        (lambda: s.Constant(np.nan), "Constant: lr=nan"),
        (lambda: s.StepDecay(0.1, 0), "StepDecay: size=0 must be a positive integer"),
        (lambda: s.StepDecay(0.1, 2.5), "size=2.5"),
        (
            lambda: s.MultiStep(0.1, (5, 3)),
            "milestones=(5, 3) must be positive integers in ascending",
        ),
        (lambda: s.MultiStep(0.1, 3), "milestones=3"),
        (lambda: s.Exponential(0.1, -0.5), "factor=-0.5"),
        (lambda: s.Linear(0.1, start=np.inf), "start=inf"),
        (lambda: s.Linear(0.1, steps=0), "steps=0"),
        (lambda: s.Polynomial(0.1, power=-1.0), "power=-1.0"),
        (lambda: s.Cosine(0.1, 10, minimum=-0.1), "minimum=-0.1"),
        (lambda: s.Cosine(0.1, "10"), "steps='10'"),
        (lambda: s.CosineRestarts(0.1, 10, growth=0), "growth=0"),
        (lambda: s.OneCycle(0.1, 100, warmup=1.0), "warmup=1.0"),
        (lambda: s.OneCycle(0.1, 3), "leaves a phase without a step"),
        (lambda: s.OneCycle(0.1, 100, warmup=0.6, three_phase=True), "without a step"),
        (lambda: s.OneCycle(0.1, 100, anneal="cosine"), "'cos' or 'linear'"),
        (lambda: s.OneCycle(0.1, 100, div_factor=0.0), "div_factor=0.0"),
        (lambda: s.Sequence((s.Constant(1.0),), (3,)), "1 schedules need 0 milestones, not 1"),
        (lambda: s.Constant(0.1)(-1), "step=-1"),
        (lambda: s.Constant(0.1)(0.5), "step=0.5"),
        (lambda: optim.Plateau(factor=1.0), "Plateau: factor=1.0"),
        (lambda: optim.Plateau(patience=-1), "patience=-1"),
        (lambda: optim.Plateau(mode="least"), "'min' or 'max'"),
        (lambda: optim.Plateau(threshold_mode="relative"), "'rel' or 'abs'"),
        (lambda: optim.Plateau().watch(optim.PlateauState(), np.nan), "NaN"),
    ],
)
def test_refused(make, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


def test_values_that_print_and_do_not_change():
    schedule = s.Cosine(0.1, 50)
    assert repr(schedule) == "Cosine(lr=0.1, steps=50, minimum=0.0)"
    assert schedule == s.Cosine(0.1, 50)
    with pytest.raises(AttributeError):
        schedule.lr = 0.2


# -- by hand ------------------------------------------------------------------------------------------------------


def sgd(**options):
    return optim.SGD(
        [{"params": [dr.variable(1.0)]}, {"params": [dr.variable(1.0)], "lr": 0.5}], **options
    )


def test_one_schedule_for_all_groups_or_one_each():
    optimiser = sgd(lr=0.1)
    scheduler = optim.Scheduler(optimiser, s.Exponential(0.4, 0.5))
    assert scheduler.values == [0.4, 0.4]
    scheduler.step()
    assert scheduler.values == [0.2, 0.2]
    scheduler = optim.Scheduler(optimiser, [s.Exponential(0.4, 0.5), s.Constant(0.3)])
    scheduler.step()
    assert scheduler.values == [0.2, 0.3]
    momentum = optim.Scheduler(optimiser, s.Linear(0.9, start=0.5, steps=2), name="momentum")
    momentum.step()
    assert np.allclose(momentum.values, 0.675, rtol=1e-15)
    assert scheduler.values == [0.2, 0.3]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optim.Scheduler(sgd(), [s.Constant(0.1)]), "1 schedules for 2 groups"),
        (lambda: optim.Scheduler(optim.SGD(), s.Constant(0.1)), "0 groups"),
        (
            lambda: optim.Scheduler(sgd(), s.Constant(0.1), name="betas"),
            "no hyper-parameter 'betas'",
        ),
        (
            lambda: optim.Scheduler(sgd(lr=s.Constant(0.1)), s.Constant(0.1)),
            "is a schedule already",
        ),
        (lambda: optim.Scheduler(sgd(), optim.Plateau()).step(), "a Plateau watches a number"),
    ],
)
def test_refused_by_hand(make, words):
    with pytest.raises(InputError, match="Scheduler") as error:
        make()
    assert words in str(error.value)


def test_a_plateau_by_hand():
    optimiser = sgd(lr=0.1)
    scheduler = optim.Scheduler(optimiser, [optim.Plateau(factor=0.5, patience=1), s.Constant(0.3)])
    for loss in (1.0, 0.5, 0.5, 0.5, 0.5, 0.5):
        scheduler.step(loss)
    assert scheduler.values == [0.025, 0.3]
    # NaN is an error, and has changed nothing.
    with pytest.raises(ValueError, match="NaN"):
        scheduler.step(np.nan)
    assert scheduler.values == [0.025, 0.3]


def test_the_first_number_may_be_infinite():
    state = optim.Plateau(patience=0).watch(optim.PlateauState(), np.inf)
    assert state.reduce
    assert state.best is None
    assert optim.Plateau().watch(state, 5.0).best == 5.0


def test_saved_and_loaded():
    losses = [1.0, 0.9, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2, 0.2]
    make = lambda o: optim.Scheduler(
        o, [optim.Plateau(factor=0.5, patience=1, cooldown=1), s.Exponential(0.4, 0.9)]
    )
    whole = make(sgd(lr=0.1))
    for loss in losses:
        whole.step(loss)
    first = make(sgd(lr=0.1))
    for k, loss in enumerate(losses):
        if k in (0, 3, 5):
            optimiser = sgd(lr=0.1)
            second = make(optimiser)
            optimiser.load_state_dict(first.optimiser.state_dict())
            second.load_state_dict(first.state_dict())
            first = second
        first.step(loss)
    assert first.values == whole.values
    assert first.memory == whole.memory
    with pytest.raises(InputError, match="the state is of 2 groups, here are 1"):
        optim.Scheduler(optim.SGD([dr.variable(1.0)]), s.Constant(0.1)).load_state_dict(
            first.state_dict()
        )
