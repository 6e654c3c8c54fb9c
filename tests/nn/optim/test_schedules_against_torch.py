"""Schedules against PyTorch's, as functions of the step number and stepped by hand."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.nn import optim
from dualrev.nn.optim import schedules as s

torch = pytest.importorskip("torch", reason="PyTorch is the reference; it is in the extra `test`")
lr_scheduler = torch.optim.lr_scheduler

STEPS = 60
# PyTorch multiplies its way from step to step; that is 60 roundings, and a cosine that passes near zero.
TOLERANCE = {"rtol": 1e-12, "atol": 1e-14}


def reference(make, lr=0.3, steps=STEPS, momentum=False):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.9)
    scheduler = make(optimiser)
    found = []
    for _ in range(steps):
        group = optimiser.param_groups[0]
        found.append(group["momentum"] if momentum else group["lr"])
        optimiser.step()
        scheduler.step()
    return np.array(found)


PAIRS = {
    "constant": (
        s.Constant(0.3, factor=0.4, steps=7),
        lambda o: lr_scheduler.ConstantLR(o, 0.4, 7),
    ),
    "constant, defaults": (s.Constant(0.3, factor=1 / 3), lambda o: lr_scheduler.ConstantLR(o)),
    "step": (s.StepDecay(0.3, 7, 0.5), lambda o: lr_scheduler.StepLR(o, 7, 0.5)),
    "step, default": (s.StepDecay(0.3, 20), lambda o: lr_scheduler.StepLR(o, 20)),
    "multi-step": (
        s.MultiStep(0.3, (3, 10, 40), 0.2),
        lambda o: lr_scheduler.MultiStepLR(o, [3, 10, 40], 0.2),
    ),
    "exponential": (s.Exponential(0.3, 0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "linear, defaults": (s.Linear(0.3), lambda o: lr_scheduler.LinearLR(o)),
    "linear, down": (
        s.Linear(0.3, start=1.0, end=0.2, steps=30),
        lambda o: lr_scheduler.LinearLR(o, 1.0, 0.2, 30),
    ),
    "polynomial, defaults": (s.Polynomial(0.3), lambda o: lr_scheduler.PolynomialLR(o)),
    "polynomial": (
        s.Polynomial(0.3, steps=40, power=2.5),
        lambda o: lr_scheduler.PolynomialLR(o, 40, 2.5),
    ),
    "cosine": (s.Cosine(0.3, STEPS), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
    "cosine, minimum": (
        s.Cosine(0.3, STEPS, minimum=0.05),
        lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, 0.05),
    ),
    "restarts": (
        s.CosineRestarts(0.3, 7),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7),
    ),
    "restarts, growing": (
        s.CosineRestarts(0.3, 5, growth=2, minimum=0.01),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 2, 0.01),
    ),
    "one cycle": (s.OneCycle(0.3, STEPS), lambda o: lr_scheduler.OneCycleLR(o, 0.3, STEPS)),
    "one cycle, linear": (
        s.OneCycle(
            0.3, STEPS, warmup=0.4, anneal="linear", div_factor=10.0, final_div_factor=100.0
        ),
        lambda o: lr_scheduler.OneCycleLR(
            o,
            0.3,
            STEPS,
            pct_start=0.4,
            anneal_strategy="linear",
            div_factor=10.0,
            final_div_factor=100.0,
        ),
    ),
    "one cycle, three phases": (
        s.OneCycle(0.3, STEPS, three_phase=True),
        lambda o: lr_scheduler.OneCycleLR(o, 0.3, STEPS, three_phase=True),
    ),
    "sequence": (
        s.Sequence((s.Linear(0.3, start=0.1, steps=10), s.Cosine(0.3, 50)), (10,)),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [lr_scheduler.LinearLR(o, 0.1, 1.0, 10), lr_scheduler.CosineAnnealingLR(o, 50)],
            [10],
        ),
    ),
    "sequence of three": (
        s.Sequence(
            (s.Constant(0.3, 0.1, 5), s.Exponential(0.3, 0.9), s.StepDecay(0.3, 4, 0.5)), (5, 25)
        ),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.ConstantLR(o, 0.1, 5),
                lr_scheduler.ExponentialLR(o, 0.9),
                lr_scheduler.StepLR(o, 4, 0.5),
            ],
            [5, 25],
        ),
    ),
}


@pytest.mark.filterwarnings("ignore:.*epoch parameter.*:UserWarning")
@pytest.mark.parametrize("name", PAIRS)
def test_rates(name):
    schedule, make = PAIRS[name]
    expected = reference(make)
    assert len(set(expected)) > 1
    np.testing.assert_allclose(schedule.values(STEPS), expected, **TOLERANCE)
    # By hand, too.
    optimiser = optim.SGD([dr.variable(0.0)], lr=1.0)
    scheduler = optim.Scheduler(optimiser, schedule)
    found = []
    for _ in range(STEPS):
        found += scheduler.values
        scheduler.step()
    assert np.array_equal(found, schedule.values(STEPS))


@pytest.mark.parametrize("options", [{}, {"three_phase": True}, {"anneal": "linear"}], ids=str)
def test_momentum_of_a_cycle(options):
    schedule = s.OneCycle(0.3, STEPS, **options).momentum(0.7, 0.9)
    theirs = {("anneal_strategy" if k == "anneal" else k): v for k, v in options.items()}
    expected = reference(
        lambda o: lr_scheduler.OneCycleLR(
            o, 0.3, STEPS, base_momentum=0.7, max_momentum=0.9, **theirs
        ),
        momentum=True,
    )
    np.testing.assert_allclose(schedule.values(STEPS), expected, **TOLERANCE)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factor": 0.5, "patience": 2},
        {"factor": 0.5, "patience": 1, "cooldown": 3},
        {"factor": 0.5, "patience": 0, "min_lr": 0.05},
        {"factor": 0.3, "patience": 2, "threshold": 0.05, "threshold_mode": "abs"},
        {"factor": 0.3, "patience": 2, "threshold": 0.05, "mode": "max"},
        {"factor": 0.3, "patience": 2, "threshold": 0.05, "threshold_mode": "abs", "mode": "max"},
        {"factor": 0.5, "patience": 0, "eps": 0.03},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [0, 1])
def test_plateau(options, seed):
    rng = np.random.default_rng(seed)
    # A falling loss that gets stuck again and again, negative in the end.
    metrics = np.repeat(np.linspace(2, -0.5, 15), 6) + 0.02 * rng.normal(size=90)
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = lr_scheduler.ReduceLROnPlateau(theirs, **options)
    mine = optim.SGD([dr.variable(0.0)], lr=0.3)
    ours = {("minimum" if k == "min_lr" else k): v for k, v in options.items()}
    watcher = optim.Scheduler(mine, optim.Plateau(**ours))
    rates = []
    for metric in metrics:
        scheduler.step(metric)
        watcher.step(metric)
        assert mine.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
        rates.append(mine.param_groups[0]["lr"])
    assert len(set(rates)) > 1 or not options


def test_trained_under_a_schedule():
    """The optimiser that counts its own steps is PyTorch's with a scheduler stepped after every step."""
    target = np.array([1.0, -2.0])
    x, t = (
        dr.variable([3.0, 3.0]),
        torch.tensor([3.0, 3.0], dtype=torch.float64, requires_grad=True),
    )
    cycle = s.OneCycle(0.1, 50)
    optimiser = optim.SGD([x], lr=cycle, momentum=cycle.momentum())
    theirs = torch.optim.SGD([t], lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(theirs, 0.1, 50)
    for _ in range(50):
        optimiser.zero_grad()
        np.sum((x - target) ** 2).backward()
        optimiser.step()
        theirs.zero_grad()
        ((t - torch.tensor(target)) ** 2).sum().backward()
        theirs.step()
        scheduler.step()
        assert np.max(np.abs(x.data - t.detach().numpy())) <= 1e-12
