"""The training loop: what it computes, what it reports, what it refuses; batches and the progress bar."""

import sys
import types
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, NonFiniteError, OutputError, ShapeError
from dualrev.nn import optim


class Bar:
    """What of tqdm is used."""

    made: ClassVar[list] = []

    def __init__(self, items, desc="", total=None):
        self.items, self.desc, self.total = items, desc, total
        self.texts, self.closed = [], False
        Bar.made.append(self)

    def __iter__(self):
        return iter(self.items)

    def set_postfix_str(self, text, refresh=True):
        self.texts.append(text)

    def close(self):
        self.closed = True


@pytest.fixture
def bars(monkeypatch):
    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    monkeypatch.setattr(Bar, "made", [])
    return Bar.made


@pytest.fixture
def no_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)


def mse(p, y):
    return np.mean((p - y) ** 2)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3


# -- batches ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.integers(0, 3), st.booleans())
def test_every_example_once(n, size, shuffle, seed, drop_last):
    a = np.arange(n)
    b = np.stack([a, -a], axis=1)
    if drop_last and size > n:
        with pytest.raises(ValueError, match="leaves no batch"):
            nn.batches(a, b, size=size, drop_last=True)
        return
    data = nn.batches(a, b, size=size, shuffle=shuffle, rng=seed, drop_last=drop_last)
    for _ in range(2):
        parts = list(data)
        assert len(parts) == len(data)
        assert all(len(p) == size for p, _ in parts[:-1])
        assert all(np.array_equal(q, np.stack([p, -p], axis=1)) for p, q in parts)
        seen = np.concatenate([p for p, _ in parts])
        assert len(set(seen)) == len(seen) == (n - n % size if drop_last else n)
        assert shuffle or np.array_equal(seen, a[: len(seen)])


def test_orders():
    data = nn.batches(np.arange(100), size=None, rng=3)
    (first,), (second,) = data, data
    assert not np.array_equal(first, second)
    (again,) = nn.batches(np.arange(100), size=None, rng=np.random.default_rng(3))
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.batches(), InputError, "pass the arrays"),
        (lambda: nn.batches(np.ones(3), np.ones(4)), ShapeError, "array 1 is ndarray of shape"),
        (lambda: nn.batches(np.ones(3), 1.0), ShapeError, "array 1"),
        (lambda: nn.batches(np.float64(3)), ShapeError, "array 0"),
        (lambda: nn.batches(np.ones(3), size=0), ValueError, "size=0"),
        (lambda: nn.batches(np.ones(3), size=1.5), ValueError, "size=1.5"),
    ],
)
def test_batches_that_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_lists_and_traced_arrays():
    (part,) = nn.batches([1, 2, 3], size=3, shuffle=False)
    assert np.array_equal(part, [1, 2, 3])
    total = lambda x: sum(np.sum(p) ** 2 for p in nn.batches(x, size=2, shuffle=False))
    assert np.array_equal(dr.grad(total)(np.array([1.0, 2.0, 3.0])), [6.0, 6.0, 6.0])
    assert list(nn.batches(np.zeros((0, 2)))) == []


# -- the bar ------------------------------------------------------------------------------------------------------


def test_a_bar(bars):
    bar = nn.progress([1, 2, 3], "training")
    assert len(bar) == 3
    for k in bar:
        bar.report(loss=dr.variable(0.5 * k), rate=1e-5)
    (made,) = bars
    assert made.desc == "training"
    assert made.texts == ["loss=0.5, rate=1e-05", "loss=1, rate=1e-05", "loss=1.5, rate=1e-05"]
    assert made.closed
    assert bar.reported == {"loss": 1.5, "rate": 1e-5}


def test_a_bar_is_closed_after_a_break_and_an_error(bars):
    def run(stop):
        for _ in nn.progress(iter(range(5)), total=5):
            stop()

    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)
    for _ in nn.progress(range(5)):
        break
    assert [bar.closed for bar in bars] == [True, True]
    assert bars[0].total == 5


def test_the_real_bar(capsys):
    pytest.importorskip("tqdm", reason="the bar is drawn by tqdm, of the extra `progress`")
    bar = nn.progress(range(3), "epochs")
    for _ in bar:
        bar.report(loss=0.25)
    text = capsys.readouterr().err
    assert "epochs" in text
    assert "3/3" in text
    assert "loss=0.25" in text


def test_without_tqdm(no_tqdm):
    with pytest.raises(ImportError, match=r"pip install dualrev\[progress\]"):
        nn.progress(range(3))
    bar = nn.progress(range(3), show=False)
    assert [*bar] == [0, 1, 2]
    bar.report(loss=1.0)
    assert bar.reported == {"loss": 1.0}


# -- fit ----------------------------------------------------------------------------------------------------------


def test_it_is_the_loop_that_one_would_write():
    one, two = nn.Linear(3, 1, rng=0), nn.Linear(3, 1, rng=0)
    ours, by_hand = (optim.Adam(m.parameters(), lr=0.05) for m in (one, two))
    history = nn.fit(one, mse, X, Y, ours, epochs=4, size=16, rng=1, max_norm=0.5, progress=False)
    data = nn.batches(X, Y, size=16, rng=1)
    losses = []
    for _ in range(4):
        total = 0.0
        for x, y in data:
            by_hand.zero_grad()
            loss = mse(two(x), y)
            loss.backward()
            optim.clip_grad_norm(two, 0.5)
            by_hand.step()
            total += float(dr.value(loss)) * len(x)
        losses.append(total / len(X))
    assert history.loss == losses
    assert len(history.seconds) == 4
    assert history.validation == []
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert np.array_equal(a.data, b.data)


def test_it_converges_and_reports(bars):
    model = nn.Linear(3, 1, rng=0)
    history = nn.fit(
        model,
        mse,
        X[:40],
        Y[:40],
        optim.SGD(model, lr=0.1),
        epochs=40,
        validation=(X[40:], Y[40:]),
        rng=0,
        progress=True,
    )
    assert history.loss[-1] < 1e-4
    assert history.validation[-1] < 1e-4
    assert np.allclose(model.weight.data, [[1.0, -2.0, 0.5]], atol=0.02)
    (bar,) = bars
    assert bar.closed
    assert len(bar.texts) == 40
    assert bar.texts[-1] == f"loss={history.loss[-1]:.4g}, validation={history.validation[-1]:.4g}"
    assert repr(history).startswith("History of 40 epochs in ")
    assert repr(nn.History()) == "History of 0 epochs"


def test_by_lbfgs():
    model = nn.Linear(3, 1, rng=0)
    history = nn.fit(model, mse, X, Y, optim.LBFGS(model), epochs=1, size=None, progress=False)
    assert history.loss[0] < 1e-8
    with pytest.raises(InputError, match="max_norm= would give LBFGS"):
        nn.fit(model, mse, X, Y, optim.LBFGS(model), max_norm=1.0, progress=False)


class Watching(nn.Module):
    """Notes the mode in which it is called."""

    def __init__(self):
        self.w = nn.Parameter(np.zeros((3, 1)))
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return x @ self.w


@pytest.mark.parametrize("mode", [True, False])
def test_modes(mode):
    model = Watching().train(mode)
    nn.fit(model, mse, X, Y, optim.SGD(model), epochs=2, size=25, validation=(X, Y), progress=False)
    assert model.modes == [True, True, False] * 2
    assert model.training is mode


def test_a_plain_function_is_a_model():
    w = dr.variable(np.zeros((3, 1)))
    history = nn.fit(
        lambda x: x @ w + 0.3, mse, X, Y, optim.SGD([w], lr=0.1), epochs=30, progress=False, rng=0
    )
    assert history.loss[-1] < 1e-5


def test_scheduler_and_callback():
    model = nn.Linear(3, 1, rng=0)
    optimiser = optim.SGD(model, lr=0.1)
    scheduler = optim.Scheduler(optimiser, optim.schedules.Exponential(0.1, 0.5))
    seen = []

    def callback(epoch, history):
        seen.append((epoch, len(history.loss), scheduler.values[0]))
        return epoch == 2

    history = nn.fit(
        model,
        mse,
        X,
        Y,
        optimiser,
        epochs=9,
        scheduler=scheduler,
        callback=callback,
        progress=False,
    )
    assert seen == [(0, 1, 0.05), (1, 2, 0.025), (2, 3, 0.0125)]
    assert len(history.loss) == 3


def test_a_plateau_watches_the_validation():
    model = Watching()
    optimiser = optim.SGD(model, lr=0.0)
    scheduler = optim.Scheduler(optimiser, optim.Plateau(patience=0))
    bad = (X, Y + 1.0)
    history = nn.fit(
        model, mse, X, Y, optimiser, epochs=2, scheduler=scheduler, validation=bad, progress=False
    )
    assert scheduler.memory[0].best == history.validation[0] != history.loss[0]


def test_divergence_is_an_error():
    """The weights are those before the batch; the mode is put back."""
    model = Watching().eval()
    optimiser = optim.SGD(model, lr=1e3)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(NonFiniteError) as error:
        nn.fit(model, mse, X, Y, optimiser, epochs=1000, progress=False, rng=0)
    assert np.all(np.isfinite(model.w.data))
    assert not model.training
    assert "test_training.py" in str(error.value)


@pytest.mark.parametrize(
    ("loss", "error", "words"),
    [
        (lambda p, y: (p - y) ** 2, OutputError, r"the loss is .*mean over the examples"),
        (lambda p, y: float(np.mean(dr.value(p) - y)), OutputError, "the loss is float"),
        (lambda p, y: None, OutputError, "the loss is NoneType"),
        (lambda p, y: mse(p, y) * np.nan, NonFiniteError, "epoch 0, batch 0 is nan"),
    ],
)
def test_losses_that_are_refused(loss, error, words):
    model = Watching()
    with pytest.raises(error, match=words):
        nn.fit(model, loss, X, Y, optim.SGD(model), progress=False)
    assert np.all(model.w.data == 0)


def test_no_examples():
    model = Watching()
    with pytest.raises(InputError, match="there are no examples"):
        nn.fit(model, mse, X[:0], Y[:0], optim.SGD(model), progress=False)
