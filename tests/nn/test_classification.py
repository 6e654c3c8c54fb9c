"""Losses of classes: every option against PyTorch, known values, lanes, the class axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as array_strategy

import dualrev as dr
from dualrev import nn
from tests.nn.against_torch import compare, functional

RNG = np.random.default_rng(12)
SCORES = RNG.normal(0.0, 3.0, (5, 4))
IMAGE = RNG.normal(0.0, 3.0, (2, 4, 3, 2))
LABELS = np.array([0, 3, 1, 1, 2])
SOME = np.array([0, -100, 1, -100, 2])
PIXELS = RNG.integers(0, 4, (2, 3, 2))
SOFT = RNG.dirichlet(np.ones(4), 5)
WEIGHT = np.array([0.5, 2.0, 1.0, 0.25])
REDUCTIONS = ["mean", "sum", "none"]
FAR = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 0.0]])
CLASSES = [
    (loss, {**options, **({"label_smoothing": s} if s else {})}, name, (scores, target))
    for loss, name in [(nn.CrossEntropyLoss, "cross_entropy"), (nn.NLLLoss, "nll_loss")]
    for options in [{}, {"weight": WEIGHT}, {"ignore_index": 1}]
    for scores, target in [
        (SCORES, LABELS),
        (SCORES, SOME),
        (SCORES[0], np.array(2)),
        (IMAGE, PIXELS),
        (SCORES, SOFT),
    ]
    for s in (0.0, 0.3)
    if not (target is SOFT and name == "nll_loss")
    and not (target is SOFT and "ignore_index" in options)
    and not (target is SOME and "ignore_index" in options)
    and not (s and name == "nll_loss")
] + [
    (nn.MultiMarginLoss, options, "multi_margin_loss", (SCORES, LABELS))
    for options in [{}, {"p": 2}, {"margin": 0.4}, {"weight": WEIGHT}]
]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", CLASSES, ids=lambda c: f"{c[2]} {list(c[1])} {c[3][1].shape}")
def test_classes_against_torch(case, reduction):
    loss, options, name, args = case
    compare(
        loss(reduction=reduction, **options),
        functional(name, reduction=reduction, **options),
        *args,
    )


def test_cross_entropy_of_uniform_logits_is_log_n():
    for n in (2, 3, 10):
        assert nn.cross_entropy(np.zeros((2, n)), np.array([0, n - 1])) == pytest.approx(np.log(n))


def test_gradient_of_cross_entropy_is_softmax_minus_target():
    one_hot = np.eye(4)[LABELS]
    g = dr.grad(nn.cross_entropy)(SCORES, LABELS)
    np.testing.assert_allclose(g, (nn.softmax(SCORES) - one_hot) / 5, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        dr.grad(nn.cross_entropy)(SCORES, one_hot), g, rtol=1e-12, atol=1e-15
    )


def test_cross_entropy_far_out():
    labels = np.array([0, 0])
    np.testing.assert_array_equal(nn.cross_entropy(FAR, labels, reduction="none"), [0, 2000])
    g = dr.grad(lambda x: nn.cross_entropy(x, labels, reduction="sum"))(FAR)
    np.testing.assert_array_equal(g, [[0, 0, 0], [-1, 1, 0]])
    assert np.isfinite(dr.hessian(lambda x: nn.cross_entropy(x, labels))(FAR)).all()


def test_a_masked_class_costs_nothing():
    """Logits of -inf: a class that is ruled out; also an ignored label may have an infinite loss."""
    logits = np.array([[0.0, -np.inf, 0.0], [0.0, -np.inf, 1.0]])
    assert nn.cross_entropy(logits, np.array([0, -100])) == pytest.approx(np.log(2.0))
    losses = nn.cross_entropy(logits, np.array([0, 1]), ignore_index=1, reduction="none")
    np.testing.assert_allclose(losses, [np.log(2.0), 0.0])


@pytest.mark.parametrize("options", [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}])
@pytest.mark.parametrize("labels", [LABELS, np.array([0, -100, 1, 3, 2])])
def test_per_sample_labels(options, labels):
    f = lambda x, t: nn.cross_entropy(x, t, reduction="sum", **options)
    lanes = dr.vmap(dr.grad(f))(SCORES, labels)
    one_by_one = [dr.grad(f)(x, t) for x, t in zip(SCORES, labels, strict=True)]
    np.testing.assert_allclose(lanes, one_by_one, rtol=1e-13, atol=1e-15)


@given(
    array_strategy(np.float64, (3, 4), elements=st.floats(-50, 50)),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
def test_cross_entropy_is_invariant(logits, labels):
    """To a constant added to the logits of a row; and it is never negative."""
    labels = np.array(labels)
    losses = nn.cross_entropy(logits, labels, reduction="none")
    assert (losses >= 0).all()
    shifted = nn.cross_entropy(logits + 7.0, labels, reduction="none")
    # The sum rounds logits up to 57 by half a unit in the last place: 57 * 2**-53 each.
    np.testing.assert_allclose(shifted, losses, rtol=1e-13, atol=1e-13)


def test_class_axis():
    """Sequences with classes last, as NumPy code has them."""
    last = np.moveaxis(IMAGE, 1, -1)
    assert nn.cross_entropy(last, PIXELS, axis=-1) == pytest.approx(nn.cross_entropy(IMAGE, PIXELS))
    smooth = {"label_smoothing": 0.2, "weight": WEIGHT}
    assert nn.cross_entropy(last, PIXELS, axis=-1, **smooth) == pytest.approx(
        nn.cross_entropy(IMAGE, PIXELS, **smooth)
    )
