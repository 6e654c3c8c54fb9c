"""Event times and states as functions of parameters."""

import numpy as np
import pytest
from scipy import integrate as original

import dualrev as dr
from dualrev.scipy import integrate

Q = np.array([3.0, 2.0, 9.81])
TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def hit(t, y):
    return y[0]


hit.terminal = True
hit.direction = -1


def ball(q, **options):
    """Height, speed and gravity of a ball that is thrown up; it stops on the ground."""
    return integrate.solve_ivp(
        lambda t, y: [y[1], -q[2] + 0 * y[0]],
        (0, 10),
        [q[0], q[1]],
        events=[hit, lambda t, y: y[1]],
        **{**TIGHT, **options},
    )


def impact(q):
    return (q[1] + np.sqrt(q[1] ** 2 + 2 * q[2] * q[0])) / q[2]


def speed(q):
    return -np.sqrt(q[1] ** 2 + 2 * q[2] * q[0])


CASES = {
    "t_events": (lambda q: ball(q).t_events[0][0], impact),
    "y_events": (lambda q: ball(q).y_events[0][0, 1], speed),
    "t": (lambda q: ball(q).t[-1], impact),
    "y": (lambda q: ball(q).y[1, -1], speed),
    "top": (lambda q: ball(q).t_events[1][0], lambda q: q[1] / q[2]),
    "height": (lambda q: ball(q).y_events[1][0, 0], lambda q: q[0] + q[1] ** 2 / (2 * q[2])),
}


@pytest.mark.parametrize("case", CASES)
def test_bouncing_ball(case):
    f, exact = CASES[case]
    assert f(Q) == pytest.approx(exact(Q), rel=1e-10)
    for mode in ("forward", "reverse"):
        J = dr.jacobian(f, mode=mode)(Q)
        np.testing.assert_allclose(J, dr.grad(exact)(Q), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(dr.hessian(f)(Q), dr.hessian(exact)(Q), rtol=1e-7, atol=1e-9)


def test_two_bounces():
    def second(q):
        one = ball(q)
        two = ball(np.stack([0.0 * q[0], -0.8 * one.y[1, -1], q[2]]))
        return one.t[-1] + two.t[-1]

    def exact(q):
        return impact(q) - 1.6 * speed(q) / q[2]

    np.testing.assert_allclose(dr.grad(second)(Q), dr.grad(exact)(Q), rtol=1e-8)


def test_states_before_a_terminal_event_are_ordinary():
    times = np.linspace(0, 2, 9)

    def heights(q):
        sol = ball(q, t_eval=times)
        # Constants, and so they are no traced values.
        assert type(sol.t) is np.ndarray
        return sol.y[0]

    t = times[times < impact(Q)]
    J = np.stack([np.ones_like(t), t, -(t**2) / 2], axis=1)
    np.testing.assert_allclose(dr.jacobian(heights)(Q), J, atol=1e-9)


def test_the_event_depends_on_parameters_too():
    """exp(-r t) falls to the level c, which the event closes over, or gets through args."""

    def crossing(p):
        return integrate.solve_ivp(
            lambda t, y: -p[0] * y,
            (0, 5),
            [1.0],
            "DOP853",
            events=lambda t, y: y[0] - p[1],
            **TIGHT,
        ).t_events[0][0]

    def by_args(p):
        return integrate.solve_ivp(
            lambda t, y, r, c: -r * y, (0, 5), [1.0], "DOP853", events=lambda t, y, r, c: y[0] - c,
            args=(p[0], p[1]), **TIGHT,
        ).t_events[0][0]  # fmt: skip

    p = np.array([0.7, 0.4])
    exact = lambda p: -np.log(p[1]) / p[0]
    for f in (crossing, by_args):
        np.testing.assert_allclose(dr.grad(f)(p), dr.grad(exact)(p), rtol=1e-8)
        np.testing.assert_allclose(dr.hessian(f)(p), dr.hessian(exact)(p), rtol=1e-7)


def test_an_event_of_time_alone():
    f = dr.grad(
        lambda c: integrate.solve_ivp(
            lambda t, y: -y, (0, 5), [1.0], "DOP853", events=lambda t, y: t - c, **TIGHT
        ).y_events[0][0, 0]
    )
    assert f(1.5) == pytest.approx(-np.exp(-1.5), rel=1e-8)


def test_all_periods_of_an_oscillator():
    def zeros(w):
        return integrate.solve_ivp(
            lambda t, y: [y[1], -(w**2) * y[0]], (0, 5), [1.0, 0.0], "DOP853",
            events=lambda t, y: y[0], **TIGHT,
        ).t_events[0]  # fmt: skip

    w = 2.0
    count = len(zeros(w))
    assert count == 3
    exact = -(np.arange(count) + 0.5) * np.pi / w**2
    np.testing.assert_allclose(dr.jacobian(zeros)(w), exact, rtol=1e-8)


def test_no_event_occurs():
    sol, _ = dr.jvp(
        lambda p: integrate.solve_ivp(
            lambda t, y: p * y, (0, 1), [1.0], events=lambda t, y: y[0] + 1, **TIGHT).y[0, -1],
        (1.0,), (1.0,),
    )  # fmt: skip
    assert sol == pytest.approx(np.e)


def test_an_event_that_touches_zero_has_no_derivative():
    def touching(p):
        # The top of the throw: the height touches its greatest value and does not cross it.
        return integrate.solve_ivp(
            lambda t, y: [y[1], -1.0], (0, 3), [0.0, p], events=lambda t, y: y[0] * 0 + t**3 * 0,
        ).t_events[0].sum()  # fmt: skip

    with pytest.raises(dr.SolutionError, match="does not cross zero"):
        dr.grad(touching)(1.0)


def test_plain_results_are_scipys():
    ours = ball(Q)
    theirs = original.solve_ivp(
        lambda t, y: [y[1], -Q[2]], (0, 10), [3.0, 2.0], events=[hit, lambda t, y: y[1]], **TIGHT
    )
    np.testing.assert_array_equal(ours.y, theirs.y)
    np.testing.assert_array_equal(ours.t_events[0], theirs.t_events[0])
