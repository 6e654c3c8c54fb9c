"""vmap: evaluate a function for many arguments at once, written for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.bind import operand
from dualrev.derivatives.containers import flatten, output_leaf
from dualrev.derivatives.passes import check_outer
from dualrev.derivatives.patched import patch_if_active
from dualrev.derivatives.transform import Transform
from dualrev.errors import InputError, ShapeError, describe
from dualrev.modes.batch import Batch, Batched, batched
from dualrev.modes.variables import detached

__all__ = ["vmap"]


class _Map(Transform):
    name = "vmap"
    in_axes: Any
    out_axes: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        axes = (
            self.in_axes if isinstance(self.in_axes, (tuple, list)) else (self.in_axes,) * len(args)
        )
        if len(axes) != len(args):
            raise ShapeError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        moved: list[Any] = []
        count: int | None = None
        for position, (arg, axis) in enumerate(zip(args, axes, strict=True)):
            leaves, rebuild = flatten(arg)
            lanes = []
            for leaf, own in zip(leaves, _axes(axis, arg, len(leaves)), strict=True):
                if own is None:
                    lanes.append((leaf, False))
                    continue
                array = (
                    operand(leaf) if isinstance(leaf, (list, tuple, np.ndarray, Traced)) else leaf
                )
                if not np.ndim(array):
                    raise InputError(
                        f"vmap: argument {position} is {describe(leaf)} and has no axis to map over; "
                        "give None for it in in_axes="
                    )
                array = np.moveaxis(array, own, 0)
                if count is not None and array.shape[0] != count:
                    raise ShapeError(
                        f"vmap: argument {position} has {array.shape[0]} lanes along axis {own}, others have {count}"
                    )
                count = int(array.shape[0])
                lanes.append((array, True))
            moved.append((lanes, rebuild))
        if count is None:
            raise ShapeError("vmap: in_axes= maps no argument, so the number of lanes is unknown")
        level = Batch(count)
        call = [
            rebuild(
                [
                    batched(x if isinstance(x, Traced) else x.copy("K"), level) if own else x
                    for x, own in lanes
                ]
            )
            for lanes, rebuild in moved
        ]
        with level:
            out = patch_if_active(self.f)(*call, **kwargs)
        leaves, rebuild = ([out], lambda v: v[0]) if isinstance(out, Traced) else flatten(out)
        return rebuild([self._collect(leaf, level) for leaf in leaves])

    def _collect(self, leaf: Any, level: Batch) -> Any:
        y = detached(output_leaf(leaf, "vmap"), level.depth)
        if not (isinstance(y, Batched) and y.level is level):
            check_outer(y, level)
        whole = level.unwrap(y, np.shape(y))
        if type(whole) is np.ndarray and not whole.flags.writeable:
            whole = whole.copy()
        return np.moveaxis(whole, 0, self.out_axes)


def _axes(axes: Any, arg: Any, count: int) -> list[int | None]:
    """Return one lane axis per leaf; `axes` is one for all, or has the argument's structure."""
    if axes is None or isinstance(axes, int):
        return [axes] * count
    spread: list[int | None] = []
    if isinstance(arg, dict) and isinstance(axes, dict) and arg.keys() == axes.keys():
        pairs = [(axes[k], arg[k]) for k in sorted(arg)]
    elif (
        isinstance(arg, (tuple, list)) and isinstance(axes, (tuple, list)) and len(arg) == len(axes)
    ):
        pairs = list(zip(axes, arg, strict=True))
    else:
        raise ShapeError(
            f"vmap: in_axes entry {axes!r} does not have the structure of its argument, {describe(arg)}"
        )
    for own, part in pairs:
        spread += _axes(own, part, len(flatten(part)[0]))
    return spread


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """Return the function that evaluates `f` for every lane of its arguments in one pass.

    Parameters
    ----------
    f : callable
        Plain NumPy code written for one lane; decisions on batched values are errors.
    in_axes : int, None or tuple of them
        Axis of each positional argument that holds the lanes; None for arguments that all lanes share. An entry may
        have the structure of its argument.
    out_axes : int
        Where the lane axis goes in the results.

    Returns
    -------
    callable
        Called like `f`, with one more axis.

    Raises
    ------
    ShapeError
        If the numbers of lanes differ.
    EscapeError
        If `f` branches on a batched value.

    Notes
    -----
    Every operation runs once for all lanes by the batching rule of its primitive; operations without one are
    evaluated lane by lane.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> per_sample = dr.vmap(dr.grad(lambda w, x: np.tanh(w @ x)), in_axes=(None, 0))
    >>> per_sample(np.ones(2), np.zeros((3, 2))).shape
    (3, 2)
    """
    return _Map(f, in_axes=in_axes, out_axes=out_axes)
