"""Recurrent layers over whole sequences: RNN, LSTM and GRU."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.errors import ShapeError
from dualrev.nn.cells import check_nonlinearity, gru_step, lstm_step, rnn_step
from dualrev.nn.extents import as_array
from dualrev.nn.initialisers import torch_uniform
from dualrev.nn.linear import sizes
from dualrev.nn.masks import check_probability, dropout
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter

__all__ = ["GRU", "LSTM", "RNN"]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


class _Recurrent(Module):
    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("h_0",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        name = type(self).__name__
        sizes(name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        check_probability(name, dropout)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.rng = rng = np.random.default_rng(rng)
        rows = self.gates * hidden_size
        for layer, suffix in self._lines():
            width = input_size if layer == 0 else hidden_size * (1 + bidirectional)
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, width),
                "weight_hh": (rows, hidden_size),
            }
            if bias:
                shapes.update(bias_ih=(rows,), bias_hh=(rows,))
            for kind, shape in shapes.items():
                drawn = torch_uniform(shape, rng, fan_in=hidden_size)
                setattr(self, f"{kind}_{suffix}", Parameter(drawn, dtype))

    def _lines(self) -> list[tuple[int, str]]:
        """Return layer and suffix of the names of parameters, for each layer and direction."""
        ways = ("", "_reverse")[: 1 + self.bidirectional]
        return [(layer, f"l{layer}{way}") for layer in range(self.num_layers) for way in ways]

    def _step(self, x: Any, state: tuple[Any, ...], weight: Any, bias: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def _line(self, x: Any, state: tuple[Any, ...], suffix: str) -> tuple[Any, tuple[Any, ...]]:
        """Go along the sequence in one direction."""
        weight = getattr(self, f"weight_hh_{suffix}")
        inputs = x @ getattr(self, f"weight_ih_{suffix}").T
        bias = None
        if self.bias:
            inputs = inputs + getattr(self, f"bias_ih_{suffix}")
            bias = getattr(self, f"bias_hh_{suffix}")
        outputs = [None] * x.shape[0]
        order = range(x.shape[0])
        for k in reversed(order) if suffix.endswith("_reverse") else order:
            state = self._step(inputs[k], state, weight, bias)
            outputs[k] = state[0]
        return _np.stack(outputs), state

    def _forward(self, x: Any, initial: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """Return the output and the last states, from initial states (or None)."""
        name = type(self).__name__
        x = as_array(x)
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            axes = "batch, length" if self.batch_first else "length, batch"
            raise ShapeError(
                f"{name}: the input has shape {x.shape}, wanted is ({axes}, {self.input_size}) or "
                f"(length, {self.input_size})"
            )
        single = x.ndim == 2
        if single:
            x = x[:, np.newaxis]
        elif self.batch_first:
            x = _np.swapaxes(x, 0, 1)
        if x.shape[0] == 0:
            raise ShapeError(f"{name}: the input is a sequence of length 0")
        lines = self._lines()
        shape = (len(lines), *(() if single else (x.shape[1],)), self.hidden_size)
        states = []
        for what, given in zip(self.states, initial, strict=True):
            if given is None:
                dtype = np.result_type(dtype_of(x), dtype_of(self.weight_hh_l0))
                states.append(np.zeros((len(lines), x.shape[1], self.hidden_size), dtype))
                continue
            h = as_array(given)
            if h.shape != shape:
                raise ShapeError(
                    f"{name}: the initial state {what} has shape {h.shape}, wanted is {shape}: one row for each layer"
                    " and direction, then the batch, which batch_first does not move"
                )
            states.append(h[:, np.newaxis] if single else h)
        last = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = dropout(x, self.dropout, self.training, rng=self.rng)
            ways = []
            for k, (of, suffix) in enumerate(lines):
                if of == layer:
                    y, state = self._line(x, tuple(h[k] for h in states), suffix)
                    ways.append(y)
                    last.append(state)
            x = ways[0] if len(ways) == 1 else _np.concatenate(ways, axis=-1)
        finals = tuple(_np.stack(parts) for parts in zip(*last, strict=True))
        if single:
            return x[:, 0], tuple(h[:, 0] for h in finals)
        return (_np.swapaxes(x, 0, 1) if self.batch_first else x), finals

    def forward(self, x: Any, h: Any = None) -> tuple[Any, Any]:
        """Return the states of the last layer at all times, and those of all layers at the end."""
        y, (last,) = self._forward(x, (h,))
        return y, last

    def extra_repr(self) -> str:
        """Return sizes, and the options that are not the usual ones."""
        usual = {
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        options = [
            f"{key}={getattr(self, key)!r}"
            for key, default in usual.items()
            if getattr(self, key) != default
        ]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *options])


class RNN(_Recurrent):
    """A simple recurrent network over sequences, see `RNNCell`.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of inputs and states.
    num_layers : int
        Layers on top of each other, each of which reads the states of the one below.
    nonlinearity : {"tanh", "relu"}
        The function of the cell.
    bias : bool
        Whether there are summands.
    batch_first : bool
        Whether sequences are (batch, length, features) instead of (length, batch, features).
    dropout : float
        Probability with which what goes from layer to layer is switched off in training.
    bidirectional : bool
        Whether each layer also runs backwards, with parameters of its own; the features of both stand side by side.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: uniform in ±1/√hidden_size; and for `dropout`.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_ih_l0_reverse, ... : Variable
        As those of the cell, for each layer and direction.

    Raises
    ------
    ShapeError
        When called on an input or initial state of another shape, or on an empty sequence.

    Notes
    -----
    A call ``rnn(x, h)`` returns ``(output, h_n)`` of shapes (length, batch, D · hidden_size) and
    (D · num_layers, batch, hidden_size), where D = 2 if `bidirectional`, else 1. Sequences without a batch axis are
    taken too. Products with the inputs are one for the whole sequence; each step is then about five operations on the
    tape.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> y, h = nn.RNN(3, 4, num_layers=2, batch_first=True, rng=0)(np.ones((5, 7, 3)))
    >>> y.shape, h.shape
    ((5, 7, 4), (2, 5, 4))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        check_nonlinearity("RNN", nonlinearity)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            rng=rng,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity

    def _step(self, x: Any, state: tuple[Any, ...], weight: Any, bias: Any) -> tuple[Any, ...]:
        return (rnn_step(x, state[0], weight, bias, self.nonlinearity),)


class LSTM(_Recurrent):
    """A network with long short-term memory over sequences, see `LSTMCell`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype
        See `RNN`.

    Notes
    -----
    A call ``lstm(x, (h, c))`` returns ``(output, (h_n, c_n))``, with shapes as for `RNN`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> y, (h, c) = nn.LSTM(3, 4, rng=0)(np.ones((7, 5, 3)))
    >>> y.shape, h.shape, c.shape
    ((7, 5, 4), (1, 5, 4), (1, 5, 4))
    """

    gates = 4
    states = ("h_0", "c_0")

    def _step(self, x: Any, state: tuple[Any, ...], weight: Any, bias: Any) -> tuple[Any, ...]:
        h, c = state
        return lstm_step(x, h, c, weight, bias)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, tuple[Any, Any]]:
        """Return the states of the last layer at all times, and (h, c) of all layers at the end."""
        y, (h, c) = self._forward(x, (None, None) if state is None else tuple(state))
        return y, (h, c)


class GRU(_Recurrent):
    """A network of gated recurrent units over sequences, see `GRUCell`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng, dtype
        See `RNN`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> y, h = nn.GRU(3, 4, bidirectional=True, rng=0)(np.ones((7, 5, 3)))
    >>> y.shape, h.shape
    ((7, 5, 8), (2, 5, 4))
    """

    gates = 3

    def _step(self, x: Any, state: tuple[Any, ...], weight: Any, bias: Any) -> tuple[Any, ...]:
        return (gru_step(x, state[0], weight, bias),)
