"""A training loop: epochs over batches, with a progress bar and a history."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dualrev.core.array import value
from dualrev.errors import InputError, NonFiniteError, OutputError, describe, user_location
from dualrev.modes.live import is_live
from dualrev.modes.pausing import no_grad
from dualrev.nn.loop import Batches, batches
from dualrev.nn.loop import progress as with_bar
from dualrev.nn.module import Module
from dualrev.nn.optim import LBFGS, Optimiser, Scheduler, clip_grad_norm

__all__ = ["History", "fit"]


@dataclass
class History:
    """What a training loop has seen, per epoch.

    Attributes
    ----------
    loss : list of float
        Mean over the examples, each taken when its batch was trained on.
    validation : list of float
        Loss on the validation data after the epoch; empty without.
    seconds : list of float
        Time since the start.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __repr__(self) -> str:
        if not self.loss:
            return "History of 0 epochs"
        text = f"History of {len(self.loss)} epochs in {self.seconds[-1]:.3g} s: loss {self.loss[0]:.6g}"
        text += f" → {self.loss[-1]:.6g}"
        if self.validation:
            text += f", validation {self.validation[0]:.6g} → {self.validation[-1]:.6g}"
        return text


def fit(
    model: Callable[[Any], Any],
    loss: Callable[[Any, Any], Any],
    X: Any,
    y: Any,
    optimiser: Optimiser,
    *,
    epochs: int = 10,
    size: int | None = 32,
    shuffle: bool = True,
    rng: Any = None,
    validation: tuple[Any, Any] | None = None,
    scheduler: Scheduler | None = None,
    max_norm: float | None = None,
    callback: Callable[[int, History], Any] | None = None,
    progress: bool = False,
) -> History:
    """Train a model: for every batch, compute the loss, call ``backward``, and let the optimiser step.

    Parameters
    ----------
    model : Module or callable
        ``model(X)`` gives predictions. A module is in training mode meanwhile, and left in the mode it was in.
    loss : callable
        ``loss(prediction, y)``, the mean over the examples.
    X, y : array_like
        With the examples along the first axis.
    optimiser : Optimiser
        Made with the model's parameters.
    epochs : int
        Times to run over the data.
    size : int, optional
        Examples per batch; None for all in one, which is what `LBFGS` needs.
    shuffle : bool
    rng : None, int or numpy.random.Generator
        What shuffles the examples.
    validation : tuple of array_like, optional
        ``(X, y)`` on which the loss is computed after every epoch, in evaluation mode.
    scheduler : Scheduler, optional
        Stepped after every epoch; a `Plateau` watches the validation loss, or else the loss.
    max_norm : float, optional
        Clip the norm of the gradient.
    callback : callable
        ``callback(epoch, history)`` after every epoch; training ends if it returns True.
    progress : bool
        Whether to draw a bar (needs tqdm).

    Returns
    -------
    History
        Losses per epoch.

    Raises
    ------
    NonFiniteError
        If the loss or a gradient is not finite; the weights are those before that batch.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> y = 3 * X + 1
    >>> model = nn.Linear(1, 1, rng=0)
    >>> optimiser = nn.optim.SGD(model.parameters(), lr=0.2)
    >>> history = nn.fit(
    ...     model, lambda p, y: np.mean((p - y) ** 2), X, y, optimiser, epochs=30, rng=0
    ... )
    >>> history.loss[-1] < 1e-4, model.weight.data.round(2), model.bias.data.round(2)
    (True, array([[3.]]), array([1.]))
    """
    data = batches(X, y, size=size, shuffle=shuffle, rng=rng)
    if data.n == 0:
        raise InputError("fit: there are no examples")
    if max_norm is not None and isinstance(optimiser, LBFGS):
        raise InputError(
            "fit: max_norm= would give LBFGS gradients that are not those of the loss; leave it out"
        )
    history = History()
    mode = model.training if isinstance(model, Module) else None
    start = time.perf_counter()
    bar = with_bar(range(epochs), "epochs", show=progress)
    try:
        for epoch in bar:
            history.loss.append(_epoch(model, loss, data, optimiser, max_norm, epoch))
            numbers = {"loss": history.loss[-1]}
            if validation is not None:
                history.validation.append(_validate(model, loss, *validation))
                numbers["validation"] = history.validation[-1]
            history.seconds.append(time.perf_counter() - start)
            bar.report(**numbers)
            if scheduler is not None:
                scheduler.step(
                    history.validation[-1] if validation is not None else history.loss[-1]
                )
            if callback is not None and callback(epoch, history):
                break
    finally:
        if isinstance(model, Module) and mode is not None:
            model.train(mode)
    return history


def _epoch(
    model: Callable[[Any], Any],
    loss: Callable[[Any, Any], Any],
    data: Batches,
    optimiser: Optimiser,
    max_norm: float | None,
    epoch: int,
) -> float:
    """Train on every batch once, and return the mean loss."""
    if isinstance(model, Module):
        model.train()
    total = 0.0
    for k, (a, b) in enumerate(data):

        def closure(a: Any = a, b: Any = b, k: int = k) -> Any:
            optimiser.zero_grad()
            found = loss(model(a), b)
            _check(found, epoch, k)
            found.backward()
            if max_norm is not None:
                clip_grad_norm([p for _, p in optimiser.named_parameters()], max_norm)
            return found

        total += float(value(optimiser.step(closure))) * len(a)
    return total / (len(data) * data.size if data.drop_last else data.n)


def _check(found: Any, epoch: int, batch: int) -> None:
    """Refuse a loss that cannot be trained on."""
    if not is_live(found) or found.shape != ():
        raise OutputError(
            f"fit: the loss is {describe(found)}, where a number computed from the model's parameters is needed. Take "
            "the mean over the examples; compute with NumPy functions, and not under no_grad()"
        )
    if not math.isfinite(value(found)):
        raise NonFiniteError(
            "value",
            "fit",
            f"  the loss of epoch {epoch}, batch {batch} is {value(found)}. The weights are those before this batch. "
            "dualrev.debug(nan='raise') finds the operation; a smaller lr or max_norm= may prevent it.",
            user_location(),
        )


def _validate(
    model: Callable[[Any], Any], loss: Callable[[Any, Any], Any], X: Any, y: Any
) -> float:
    """Return the loss on the validation data, in evaluation mode."""
    if isinstance(model, Module):
        model.eval()
    with no_grad():
        return float(value(loss(model(X), y)))
