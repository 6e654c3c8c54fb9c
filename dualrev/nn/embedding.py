"""Embedding: a row of a table for each integer."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.derivatives.checkpoint import stop_gradient
from dualrev.errors import InputError, describe
from dualrev.nn.initialisers import normal
from dualrev.nn.linear import sizes
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter
from dualrev.rules.taking import take

__all__ = ["Embedding", "integers"]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def integers(name: str, x: Any, n: int, ignored: int | None = None) -> Any:
    """Return indices as an integer array; raise `InputError` unless all are in ``0 .. n - 1`` or `ignored`."""
    x = x if isinstance(x, Traced) else np.asarray(x)
    if dtype_of(x).kind not in "iu":
        raise InputError(
            f"{name}: indices are integers, and these are {describe(x)}; convert them with x.astype(int)"
        )
    plain = value(x)
    wrong = (plain < 0) | (plain >= n)
    if ignored is not None:
        wrong = wrong & (plain != ignored)
    if wrong.any():
        where = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise InputError(
            f"{name}: index {int(plain[where])} at {where} is not in 0 .. {n - 1}"
            + ("" if ignored is None else f", and is not {ignored}, which is ignored")
        )
    return x


class Embedding(Module):
    """A table of vectors, looked up by integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Rows of the table, and their length.
    padding_idx : int, optional
        A row that is zero at first and gets no gradient; negative counts from the end.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: standard normal.
    dtype : dtype
        Of the table.

    Attributes
    ----------
    weight : Variable
        Of shape (num_embeddings, embedding_dim).

    Raises
    ------
    InputError
        When called on anything but integers from 0 to ``num_embeddings - 1``. (NumPy's negative indices, counted from
        the end, are refused: in a batch of tokens they are a mistake.)

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.Embedding(10, 3, rng=0)(np.array([[1, 2], [9, 1]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise InputError(
                    f"Embedding: padding_idx {padding_idx} is no row of {num_embeddings}"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        table = normal((num_embeddings, embedding_dim), rng)
        if padding_idx is not None:
            table[padding_idx] = 0.0
        self.weight = Parameter(table, dtype)

    def forward(self, indices: Any) -> Any:
        """Return the rows; the result has one axis more than the indices, of length ``embedding_dim``."""
        indices = integers("Embedding", indices, self.num_embeddings)
        rows = take(self.weight, indices, axis=0)
        if self.padding_idx is None:
            return rows
        padding = (indices == self.padding_idx)[..., np.newaxis]
        return _np.where(padding, stop_gradient(rows), rows)

    def extra_repr(self) -> str:
        """Return the sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
