"""Gradients made shorter: by their norm over all parameters, or entry by entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError, NonFiniteError, user_location
from dualrev.modes.variables import detached
from dualrev.nn.optim.first_order import as_complex, as_pairs, leaf_names, not_finite
from dualrev.nn.optim.groups import named_leaves

__all__ = ["clip_grad_norm", "clip_grad_value", "clip_norm", "clip_value", "global_norm"]


def global_norm(gradients: Any, order: float = 2.0) -> Any:
    """Return the norm of all entries of a container, as if it were one vector.

    Parameters
    ----------
    gradients : array_like or container
    order : float
        1 or more; ``inf`` for the largest absolute value.

    Returns
    -------
    float
        It neither overflows nor underflows where the norm itself does not. A plain number for plain gradients.

    Raises
    ------
    NonFiniteError
        If an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import optim
    >>> optim.global_norm({"a": np.array([3.0, 0.0]), "b": -4.0})
    5.0
    """
    leaves, _ = flatten(gradients)
    return _norm("global_norm", leaf_names(gradients, "gradients"), leaves, order)


def clip_norm(gradients: Any, max_norm: float, order: float = 2.0, *, eps: float = 1e-6) -> Any:
    """Return gradients scaled down together so that their norm is at most `max_norm`.

    Parameters
    ----------
    gradients : array_like or container
    max_norm : float
    order : float
        Of the norm, as in `global_norm`.
    eps : float
        The factor is ``min(1, max_norm / (norm + eps))``; PyTorch's number. 0 makes the clipped norm exactly
        `max_norm`.

    Returns
    -------
    container
        Of the same structure, shapes and dtypes.

    Raises
    ------
    NonFiniteError
        If an entry is not finite: no factor could mend that.

    References
    ----------
    Pascanu, Mikolov & Bengio (2013), ICML, arXiv:1211.5063, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import optim
    >>> optim.clip_norm({"a": np.array([3.0, 0.0]), "b": -4.0}, 1.0, eps=0.0)
    {'a': array([0.6, 0. ]), 'b': -0.8}
    """
    leaves, restore = flatten(gradients)
    norm = _norm("clip_norm", leaf_names(gradients, "gradients"), leaves, order)
    return restore(_scaled("clip_norm", leaves, norm, max_norm, eps))


def clip_value(gradients: Any, limit: float) -> Any:
    """Return gradients with every entry clipped to the interval from -limit to limit.

    Parameters
    ----------
    gradients : array_like or container
        Of complex entries both parts are clipped.
    limit : float

    Raises
    ------
    NonFiniteError
        If an entry is NaN. (Infinite entries are clipped.)

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import optim
    >>> optim.clip_value(np.array([3.0, -0.5]), 1.0)
    array([ 1. , -0.5])
    """
    leaves, restore = flatten(gradients)
    return restore(_bounded("clip_value", leaf_names(gradients, "gradients"), leaves, limit))


def clip_grad_norm(
    parameters: Any, max_norm: float, order: float = 2.0, *, eps: float = 1e-6
) -> float:
    """Scale the gradients of variables down together, and return the norm that they had.

    Parameters
    ----------
    parameters : Module, list or dict of variables
        Those without a gradient are passed over.
    max_norm, order, eps
        As in `clip_norm`.

    Raises
    ------
    NonFiniteError
        If a gradient is not finite; it names the parameter. Nothing has been changed.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.nn import optim
    >>> x = dr.variable([3.0, 4.0])
    >>> np.sum(x**2).backward()
    >>> optim.clip_grad_norm([x], 5.0)
    10.0
    >>> x.grad.round(4)
    array([3., 4.])
    """
    chosen = _with_gradient("clip_grad_norm", parameters)
    leaves = [detached(p.grad) for p in chosen.values()]
    norm = _norm("clip_grad_norm", list(chosen), leaves, order)
    for p, g in zip(
        chosen.values(), _scaled("clip_grad_norm", leaves, norm, max_norm, eps), strict=True
    ):
        p.grad = g
    return _number(norm)  # type: ignore[no-any-return]


def clip_grad_value(parameters: Any, limit: float) -> None:
    """Clip every entry of the gradients of variables to the interval from -limit to limit.

    Parameters
    ----------
    parameters : Module, list or dict of variables
        Those without a gradient are passed over.
    limit : float

    Raises
    ------
    NonFiniteError
        If an entry is NaN. Nothing has been changed.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.nn import optim
    >>> x = dr.variable([3.0, 0.25])
    >>> np.sum(x**2).backward()
    >>> optim.clip_grad_value([x], 1.0)
    >>> x.grad
    array([1. , 0.5])
    """
    chosen = _with_gradient("clip_grad_value", parameters)
    leaves = [detached(p.grad) for p in chosen.values()]
    for p, g in zip(
        chosen.values(), _bounded("clip_grad_value", list(chosen), leaves, limit), strict=True
    ):
        p.grad = g


def _with_gradient(where: str, parameters: Any) -> dict[str, Any]:
    named = named_leaves(where, parameters)
    chosen = {name: p for name, p in named.items() if p.grad is not None}
    if not chosen:
        raise InputError(
            f"{where}: none of the {len(named)} parameters has a gradient; call it after loss.backward()"
        )
    return chosen


def _norm(where: str, names: list[str], leaves: list[Any], order: float) -> Any:
    if not order >= 1:
        raise ValueError(f"{where}: order={order!r} must be 1 or more, or inf")
    _refuse(where, names, leaves, not_finite(names, leaves))
    sizes = [np.abs(g) for g in leaves]
    # A constant that keeps powers in range; it cancels.
    largest = max((float(np.max(value(s), initial=0.0)) for s in sizes), default=0.0)
    if largest == 0:
        return 0.0
    if math.isinf(order):
        tops = [np.max(s) for s in sizes if np.size(s)]
        return _number(np.max(np.stack(tops)))
    # In double precision, also for gradients in single.
    total = sum(np.sum((s.astype(float) / largest) ** order) for s in sizes)
    return _number(largest * total ** (1 / order))


def _number(x: Any) -> Any:
    """Return a plain number as a Python float, a traced one as it is."""
    return float(x) if value(x) is x else x


def _scaled(where: str, leaves: list[Any], norm: Any, max_norm: float, eps: float) -> list[Any]:
    if not 0 <= max_norm < math.inf:
        raise ValueError(f"{where}: max_norm={max_norm!r} must be a finite number, not negative")
    if not 0 <= eps < math.inf:
        raise ValueError(f"{where}: eps={eps!r} must be a finite number, not negative")
    # Not by max_norm / (norm + eps) < 1, which is 0 / 0 where all is zero.
    if value(norm) + eps <= max_norm:
        return leaves
    factor = max_norm / (norm + eps)
    return [_like(g, g * factor) for g in leaves]


def _like(g: Any, new: Any) -> Any:
    """Return a result in the dtype of the gradient; Python's numbers stay such."""
    if type(g) in (float, complex):
        return type(g)(new)
    return new if dtype_of(new) == dtype_of(g) else new.astype(dtype_of(g))


def _bounded(where: str, names: list[str], leaves: list[Any], limit: float) -> list[Any]:
    if not 0 <= limit < math.inf:
        raise ValueError(f"{where}: limit={limit!r} must be a finite number, not negative")
    _refuse(where, names, leaves, not_finite(names, leaves, nan_only=True))
    return [_like(g, _clip(g, limit)) for g in leaves]


def _clip(g: Any, limit: float) -> Any:
    if dtype_of(g).kind == "c":
        return as_complex(np.clip(as_pairs(g), -limit, limit))
    return np.clip(g, -limit, limit)


def _refuse(where: str, names: list[str], leaves: list[Any], bad: list[str]) -> None:
    if bad:
        raise NonFiniteError(
            "gradient",
            where,
            "\n".join(f"  {line}" for line in bad)
            + "\n  Nothing was changed. dualrev.debug(nan='raise') finds the operation that a NaN comes from.",
            user_location(),
        )
