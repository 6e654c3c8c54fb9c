"""Losses: every option against PyTorch, values that are known, shapes and labels that are wrong."""

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError
from tests.nn.against_torch import compare, functional, torch_or_skip

RNG = np.random.default_rng(11)
A = RNG.normal(size=(4, 3))
B = RNG.normal(size=(4, 3))
P = RNG.uniform(0.05, 0.95, (4, 3))
Q = RNG.dirichlet(np.ones(3), 4)
HARD = (A > 0).astype(float)
SCORES = RNG.normal(0.0, 3.0, (5, 4))
LABELS = np.array([0, 3, 1, 1, 2])
SIGNS = np.where(B > 0, 1.0, -1.0)
REDUCTIONS = ["mean", "sum", "none"]


# A loss with options, PyTorch's function with its own, and the arguments.
REGRESSIONS = [
    (nn.MSELoss, {}, "mse_loss", {}, (A, B)),
    (nn.L1Loss, {}, "l1_loss", {}, (A, B)),
    (nn.L1Loss, {}, "l1_loss", {}, (A, A.copy())),
    (nn.HuberLoss, {}, "huber_loss", {}, (A, B)),
    (nn.HuberLoss, {"delta": 0.3}, "huber_loss", {"delta": 0.3}, (A, B)),
    (nn.HuberLoss, {"delta": 0.5}, "huber_loss", {"delta": 0.5}, (A, A + 0.5)),
    (nn.SmoothL1Loss, {}, "smooth_l1_loss", {}, (A, B)),
    (nn.SmoothL1Loss, {"beta": 0.3}, "smooth_l1_loss", {"beta": 0.3}, (A, B)),
    (nn.SmoothL1Loss, {"beta": 0.0}, "smooth_l1_loss", {"beta": 0.0}, (A, B)),
    (nn.GaussianNLLLoss, {}, "gaussian_nll_loss", {}, (A, B, P)),
    (nn.GaussianNLLLoss, {"full": True}, "gaussian_nll_loss", {"full": True}, (A, B, P)),
    (nn.PoissonNLLLoss, {}, "poisson_nll_loss", {"log_input": True}, (A, P)),
    (
        nn.PoissonNLLLoss,
        {"log_input": False},
        "poisson_nll_loss",
        {"log_input": False},
        (P, P[::-1].copy()),
    ),
    (nn.KLDivLoss, {}, "kl_div", {}, (nn.log_softmax(A), Q)),
    (
        nn.KLDivLoss,
        {"log_target": True},
        "kl_div",
        {"log_target": True},
        (nn.log_softmax(A), np.log(Q)),
    ),
]
BINARY = [
    (nn.BCEWithLogitsLoss, {}, "binary_cross_entropy_with_logits", {}, (10 * A, P)),
    (
        nn.BCEWithLogitsLoss,
        {"pos_weight": np.array([0.5, 2.0, 3.0])},
        "binary_cross_entropy_with_logits",
        {"pos_weight": np.array([0.5, 2.0, 3.0])},
        (A, P),
    ),
    (
        nn.BCEWithLogitsLoss,
        {"weight": P[:, :1], "pos_weight": np.array([2.0])},
        "binary_cross_entropy_with_logits",
        {"weight": P[:, :1], "pos_weight": np.array([2.0])},
        (A, P),
    ),
    (nn.BCELoss, {}, "binary_cross_entropy", {}, (P, Q)),
    (nn.BCELoss, {"weight": P}, "binary_cross_entropy", {"weight": P}, (P, Q)),
]


# PyTorch says of kl_div that "mean" is not the mean over the batch.
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    "case", REGRESSIONS + BINARY, ids=lambda c: f"{c[0].__name__} {list(c[1])}"
)
def test_numbers_against_torch(case, reduction):
    loss, options, name, theirs, args = case
    compare(
        loss(reduction=reduction, **options), functional(name, reduction=reduction, **theirs), *args
    )


def test_batchmean_against_torch():
    compare(
        nn.KLDivLoss(reduction="batchmean"),
        functional("kl_div", reduction="batchmean"),
        nn.log_softmax(A),
        Q,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cosine_against_torch(reduction):
    target = np.array([1.0, -1.0, 1.0, -1.0])
    compare(
        lambda a, b: nn.cosine_embedding_loss(a, b, target, margin=0.1, reduction=reduction),
        lambda t: (
            lambda a, b: t.nn.functional.cosine_embedding_loss(
                a, b, t.from_numpy(target), margin=0.1, reduction=reduction
            )
        ),
        A,
        B,
    )
    compare(nn.cosine_similarity, functional("cosine_similarity", dim=-1), A, B)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_hinge_against_torch(squared, reduction):
    """PyTorch has no hinge of this form; its clamp has the derivative that is stated, except at the margin itself."""

    def theirs(torch):
        def f(scores):
            terms = torch.nn.functional.relu(0.8 - torch.from_numpy(SIGNS) * scores)
            terms = terms**2 if squared else terms
            return {"mean": terms.mean, "sum": terms.sum, "none": terms.clone}[reduction]()

        return f

    compare(
        lambda s: nn.hinge_loss(s, SIGNS, margin=0.8, squared=squared, reduction=reduction),
        theirs,
        A,
    )


def test_the_names_of_torch():
    """Class and function names that both have mean the same."""
    torch = torch_or_skip()
    for (
        name
    ) in """MSELoss L1Loss HuberLoss SmoothL1Loss GaussianNLLLoss PoissonNLLLoss KLDivLoss BCELoss
            BCEWithLogitsLoss CrossEntropyLoss NLLLoss MultiMarginLoss CosineEmbeddingLoss""".split():
        assert getattr(nn, name).__mro__[1].__name__ == "Formula"
        assert hasattr(torch.nn, name)


# -- known values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "x", "target", "values", "slopes"),
    [
        (
            nn.bce_with_logits,
            [1000.0, 1000.0, -1000.0, -1000.0],
            [1, 0, 1, 0],
            [0, 1000, 1000, 0],
            [0, 1, -1, 0],
        ),
        (nn.mse_loss, [1000.0, -1000.0], [0.0, 0.0], [1e6, 1e6], [2000, -2000]),
        (nn.huber_loss, [1000.0, -1000.0], [0.0, 0.0], [999.5, 999.5], [1, -1]),
        (nn.huber_loss, [1e200, 0.0], [0.0, 0.0], [1e200, 0], [1, 0]),
        (nn.smooth_l1_loss, [1000.0, -1000.0], [0.0, 0.0], [999.5, 999.5], [1, -1]),
        (nn.hinge_loss, [1000.0, -1000.0, 1.0], [1, 1, 1], [0, 1001, 0], [0, -1, 0]),
        (nn.kl_div, [-1000.0, 0.0], [0.0, 1.0], [0, 0], [0, -1]),
    ],
)
def test_far_out(loss, x, target, values, slopes):
    x, target = np.array(x), np.array(target)
    np.testing.assert_array_equal(loss(x, target, reduction="none"), values)
    np.testing.assert_array_equal(dr.grad(lambda x: loss(x, target, reduction="sum"))(x), slopes)
    h = dr.hessian(lambda x: loss(x, target, reduction="sum"))(x)
    assert np.isfinite(h).all()
    np.testing.assert_array_equal(h, np.diag(np.diag(h)))


def test_certain_and_right():
    """Probabilities of 0 and 1, where PyTorch has the slope 0 instead of 1/(1 - p)."""
    x = np.array([0.0, 1.0])
    np.testing.assert_array_equal(nn.bce(x, x, reduction="none"), [0, 0])
    np.testing.assert_array_equal(dr.grad(nn.bce)(x, x), [0.5, -0.5])


def test_curvature_of_huber():
    """Squares have the second derivative 1 also at 0, where |d|² by way of |d| would have none."""
    f = lambda x: nn.huber_loss(x, np.zeros(3), reduction="sum")
    np.testing.assert_array_equal(
        np.diag(dr.hessian(f)(np.array([0.0, 0.5, 3.0]))), [1.0, 1.0, 0.0]
    )


def test_exact_factorial():
    """PyTorch has Stirling's approximation here."""
    losses = nn.poisson_nll_loss(np.zeros(4), np.arange(4.0), full=True, reduction="none")
    np.testing.assert_allclose(losses, [1.0, 1.0, 1.0 + np.log(2.0), 1.0 + np.log(6.0)], rtol=1e-14)


def test_least_variance():
    f = lambda v: nn.gaussian_nll_loss(np.zeros(2), np.zeros(2), v, reduction="sum")
    assert f(np.array([0.0, 1.0])) == pytest.approx(0.5 * np.log(1e-6))
    np.testing.assert_array_equal(dr.grad(f)(np.array([0.0, 1.0])), [0.0, 0.5])


# -- derivatives of the other kind -------------------------------------------------------------------------------------

SMOOTH = {
    "mse": (nn.mse_loss, B),
    "huber": (nn.huber_loss, B),
    "cross_entropy": (
        lambda x, t: nn.cross_entropy(x, t, label_smoothing=0.1),
        np.array([0, 2, 1, 1]),
    ),
    "soft cross_entropy": (nn.cross_entropy, Q),
    "bce_with_logits": (nn.bce_with_logits, HARD),
    "hinge": (lambda x, t: nn.hinge_loss(x, t, squared=True), SIGNS),
    "multi_margin": (lambda x, t: nn.multi_margin_loss(x, t, p=2), np.array([0, 2, 1, 1])),
    "kl": (lambda x, t: nn.kl_div(nn.log_softmax(x), t), Q),
    "poisson": (nn.poisson_nll_loss, P),
    "cosine": (lambda x, t: nn.cosine_embedding_loss(x, B, t), np.array([1, -1, 1, -1])),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives(name):
    f, target = SMOOTH[name]
    dr.check_derivatives(lambda x: f(x, target), A, order=2)


@pytest.mark.parametrize("name", ["mse", "huber", "bce_with_logits", "poisson"])
def test_per_sample(name):
    """Lanes of vmap over predictions and targets are the rows one by one."""
    f, target = SMOOTH[name]
    lanes = dr.vmap(dr.grad(f))(A, target)
    np.testing.assert_allclose(
        lanes, [dr.grad(f)(a, t) for a, t in zip(A, target, strict=True)], rtol=1e-13
    )


def test_targets_may_be_traced():
    """Both sides of a symmetric loss have derivatives."""
    ga, gb = dr.grad(nn.mse_loss, argnums=(0, 1))(A, B)
    np.testing.assert_array_equal(ga, -gb)


# -- what is wrong -----------------------------------------------------------------------------------------------------

TWO_SIDED = [
    nn.mse_loss,
    nn.l1_loss,
    nn.huber_loss,
    nn.smooth_l1_loss,
    nn.bce_with_logits,
    nn.bce,
    nn.hinge_loss,
    nn.kl_div,
    nn.poisson_nll_loss,
]


@pytest.mark.parametrize("loss", TWO_SIDED)
def test_what_numpy_would_broadcast(loss):
    with pytest.raises(ShapeError, match=r"\(5,\).*\(5, 1\).*target\[:, 0\]"):
        loss(np.ones(5), np.ones((5, 1)))
    with pytest.raises(ShapeError, match=r"\(5, 1\).*\(5,\).*prediction\[\.\.\., 0\]"):
        loss(np.ones((5, 1)), np.ones(5))
    with pytest.raises(ShapeError, match="make the shapes equal"):
        loss(np.ones(5), np.float64(1.0))


@pytest.mark.parametrize("loss", TWO_SIDED)
def test_wrong_reduction(loss):
    with pytest.raises(InputError, match="'mean', 'sum' or 'none'"):
        loss(np.ones(3), np.ones(3), reduction="average")
    with pytest.raises(InputError, match="nothing to take the mean of"):
        loss(np.ones((0, 2)), np.ones((0, 2)))
    assert loss(np.ones((0, 2)), np.ones((0, 2)), reduction="sum") == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: nn.cross_entropy(SCORES, LABELS[:, None]),
            ShapeError,
            r"shape \(5,\), not \(5, 1\)",
        ),
        (lambda: nn.cross_entropy(SCORES, np.eye(4, dtype=int)[LABELS]), ShapeError, "one-hot"),
        (lambda: nn.cross_entropy(SCORES, LABELS.astype(float)), ShapeError, "astype"),
        (
            lambda: nn.cross_entropy(SCORES, LABELS + 1),
            InputError,
            r"index 4 at \(1,\) is not in 0 .. 3",
        ),
        (lambda: nn.cross_entropy(SCORES, LABELS - 1), InputError, r"index -1 at \(0,\)"),
        (lambda: nn.cross_entropy(SCORES, LABELS > 1), InputError, "indices are integers"),
        (lambda: nn.cross_entropy(SCORES, LABELS, weight=np.ones(3)), ShapeError, r"shape \(4,\)"),
        (
            lambda: nn.cross_entropy(SCORES, LABELS, label_smoothing=1.5),
            InputError,
            "between 0 and 1",
        ),
        (lambda: nn.cross_entropy(SCORES, LABELS, axis=2), ShapeError, "no axis 2"),
        (lambda: nn.cross_entropy(np.float64(1.0), np.array(0)), ShapeError, "axis of classes"),
        (lambda: nn.cross_entropy(SCORES, np.full(5, -100)), InputError, "every label is ignored"),
        (lambda: nn.bce_with_logits(A, SIGNS), InputError, r"\(y \+ 1\) / 2"),
        (lambda: nn.bce(A, HARD), InputError, "use bce_with_logits"),
        (
            lambda: nn.bce_with_logits(A, HARD, weight=np.ones((2, 4, 3))),
            ShapeError,
            "weight= of shape",
        ),
        (lambda: nn.bce_with_logits(A, HARD, pos_weight=np.ones(4)), ShapeError, "pos_weight="),
        (lambda: nn.hinge_loss(A, HARD), InputError, r"2 \* y - 1"),
        (lambda: nn.multi_margin_loss(SCORES, LABELS, p=3), InputError, "p is 1 or 2"),
        (lambda: nn.gaussian_nll_loss(A, B, -P), InputError, "negative"),
        (lambda: nn.gaussian_nll_loss(A, B, np.ones((2, 4, 3))), ShapeError, "variances of shape"),
        (lambda: nn.gaussian_nll_loss(A, B, np.ones(5)), ShapeError, "variances of shape"),
        (lambda: nn.huber_loss(A, B, delta=0.0), InputError, "delta is positive"),
        (lambda: nn.smooth_l1_loss(A, B, beta=-1.0), InputError, "beta is not negative"),
        (
            lambda: nn.kl_div(np.float64(-1.0), np.float64(1.0), reduction="batchmean"),
            InputError,
            "batch axis",
        ),
        (lambda: nn.cosine_embedding_loss(A, B, np.ones(3)), ShapeError, r"\(4,\).*\(3,\)"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.huber_loss, nn.bce_with_logits, nn.l1_loss])
def test_single_precision(loss):
    x, target = A.astype(np.float32), HARD.astype(np.float32)
    assert loss(x, target).dtype == np.float32
    assert dr.grad(loss)(x, target).dtype == np.float32


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.l1_loss, nn.huber_loss])
def test_unsigned_integers_do_not_wrap_around(loss):
    a, b = np.array([0, 255], np.uint8), np.array([1, 0], np.uint8)
    assert loss(a, b) == loss(a.astype(float), b.astype(float))
    assert loss(a[0], b[0]) == loss(0.0, 1.0)


def test_arguments_by_name():
    assert nn.MSELoss()(prediction=A, target=B) == nn.mse_loss(A, B)
