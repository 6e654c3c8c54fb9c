"""Variables of the imperative interface: handles with `backward`, ``grad`` and ``data``, made by `dualrev.variable`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.inplace import refresh
from dualrev.core.primitive import UFUNCS
from dualrev.errors import EscapeError, InputError, LeafWriteError, conversion
from dualrev.modes.contents import contents
from dualrev.modes.pausing import paused
from dualrev.modes.places import SHOWN, Place
from dualrev.modes.reverse import Variable

if TYPE_CHECKING:
    from dualrev.modes.graph import Graph

__all__ = ["Live", "LiveArray", "LiveScalar", "detached", "fitting", "is_live"]


def is_live(x: Any) -> bool:
    """Say whether `x` is a value of the imperative interface: a variable, or computed from one."""
    return issubclass(type(x), Live)


def detached(x: Any, depth: float = -1.0) -> Any:
    """Return `x` without what variables recorded, those of tapes that are no deeper than `depth` excepted.

    With the default, all of them: what a transform around differentiates stays traced.
    """
    while is_live(x) and x.level.depth > depth:
        x = x.primal
    return x


class Live(Variable):
    """A value of the imperative interface: a primal, and its place. Make one with `variable`."""

    __slots__ = ()

    index: Place

    @property
    def grad(self) -> Any:
        """The accumulated derivative of what `backward` was called on; None before."""
        return self.index.grad

    @grad.setter
    def grad(self, new: Any) -> None:
        if new is not None:
            if np.shape(new) != self.shape:
                raise InputError(
                    f"x.grad = ...: x has shape {self.shape}, the new gradient {np.shape(new)}"
                )
            if not isinstance(new, Traced):
                new = np.array(new, dtype_of(self))[()]
        self.index.grad = new

    @property
    def is_leaf(self) -> bool:
        """Whether this is an independent variable, made by `variable`."""
        owner = self.index.owner
        return owner is not None and owner() is self

    @property
    def data(self) -> Any:
        """The value, read-only; assigning (also ``x.data -= step``) replaces a leaf's, and records nothing."""
        return self.primal if isinstance(self.primal, Traced) else contents(self, value(self))

    @data.setter
    def data(self, new: Any) -> None:
        if not self.is_leaf:
            raise LeafWriteError("x.data = ... on a value that was computed", "compute it anew")
        new = operand(new)
        if np.shape(new) != self.shape:
            raise InputError(
                f"x.data = ...: x has shape {self.shape}, the new value {np.shape(new)}; a variable keeps its shape"
            )
        self.primal = fitting(
            self, new.primal if getattr(new, "level", None) is self.level else new
        )
        self.index.shown = self.primal if self.size <= SHOWN else None
        refresh(self)

    def detach(self) -> Any:
        """Return a copy of the value that does not record: no derivative of variables flows through it.

        It is a plain array; inside a transform such as `dualrev.grad`, what that differentiates stays traced by it.
        """
        primal = self.primal
        return primal.copy() if isinstance(primal, np.ndarray) else primal

    def item(self, *index: int) -> Any:
        """Return one entry as a Python number, for records of the loss and the like: as `detach`, it does not record.

        Inside transforms, values that these trace stay traced: there `item` is an operation like any other.
        """
        return self.primal.item(*index)

    def _leave(self, kind: str) -> Any:
        if paused():
            return self.detach()
        operation, remedy = conversion(kind)
        if "math." not in operation:
            remedy = (
                "x.item() is the plain number, x.detach() the plain array, and inside `with dualrev.no_grad():` all "
                "results are plain"
            )
        raise EscapeError(operation, remedy)

    def retain_grad(self) -> Self:
        """Let `backward` fill ``.grad`` of this computed value too; returns it."""
        self.index.retains = True
        self.index.dtype = dtype_of(self)
        return self

    def zero_grad(self) -> None:
        """Forget the accumulated gradient: ``.grad`` is None again."""
        self.index.grad = None

    def backward(
        self, ct: Any = None, *, retain_graph: bool = True, create_graph: bool = False
    ) -> None:
        """Add the derivatives of this value to ``.grad`` of every leaf that it was computed from.

        Inside a transform those from outside of it are constants, as they are to the transform.

        Parameters
        ----------
        ct : array_like, optional
            Cotangent, of the shape of this value; left out where this is one real number, for which it is 1.
        retain_graph : bool
            With False the residuals are freed, and a second call raises. (In PyTorch that is the default.)
        create_graph : bool
            Record the sweep itself, so that the gradients can be differentiated again.

        Raises
        ------
        ShapeError
            If `ct` is missing for an array, or has another shape.
        OutputError
            If this value is complex and `ct` is missing.
        FreedTapeError
            If residuals were freed by an earlier call.

        Notes
        -----
        Cost: one sweep, 2 to 4 times the operations recorded; the memory of the residuals stays with the variables.

        Examples
        --------
        >>> import numpy as np, dualrev as dr
        >>> x = dr.variable([1.0, 2.0])
        >>> y = np.sum(x**3)
        >>> y.backward()
        >>> x.grad
        array([ 3., 12.])
        """
        self.level.backward(self, ct, retain_graph, create_graph)

    def to_graph(
        self, *, names: Mapping[str, Any] | None = None, collapse: str = "auto", title: str = ""
    ) -> Graph:
        """Return the drawn graph of what this value was computed from; see `dualrev.Tape.to_graph`.

        Values of up to four entries are shown, and the gradients that have been accumulated.

        Parameters
        ----------
        names : mapping of str to Variable
            Names for some of the values.
        collapse, title : str
            As for a tape.

        Examples
        --------
        >>> import dualrev as dr
        >>> x = dr.variable(2.0)
        >>> (x * x + 3.0).to_graph(names={"x": x})
        <Graph of 3 values>
        """
        from dualrev.modes.history import history

        return history(self, names or {}, collapse, title)

    def copy(self, order: str = "C") -> Any:
        """Return an independent handle of the same value; inside `no_grad` a plain copy."""
        return self.detach() if paused() else super().copy(order)

    def __deepcopy__(self, memo: Any) -> Any:
        return self.level.variable(self.detach()) if self.is_leaf else self.copy()

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            return super().__reduce__()
        from dualrev.modes.live import variable

        return variable, (self.detach(),)


def fitting(x: Live, new: Any) -> Any:
    """Return a new value of a leaf, of its dtype and in memory of its own."""
    if isinstance(new, Traced):
        if new.level.depth >= x.level.depth:
            raise EscapeError(
                "keeping a value of a running transform in a variable from outside of it",
                "keep dualrev.value(...) of it, the plain number",
            )
        return new
    new = np.asarray(new)
    if not np.can_cast(new.dtype, dtype_of(x), "same_kind"):
        raise InputError(f"a variable of dtype {dtype_of(x)} cannot take values of {new.dtype}")
    return new.astype(dtype_of(x))[()]


class LiveArray(Live, TracedArray):
    """A variable with one dimension or more."""

    __slots__ = ()


class LiveScalar(Live, TracedScalar):
    """A variable that is a number.

    As with NumPy's scalars, ``x += 1`` makes a new value; inside `no_grad` it changes a leaf, as it does an array.
    """

    __slots__ = ()


def _augmented(ufunc: np.ufunc) -> Any:
    def method(self: Any, other: Any) -> Any:
        if not (paused() and self.is_leaf):
            return NotImplemented
        self.data = UFUNCS[ufunc](self, other)
        return self

    return method


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "pow": np.power,
}.items():
    setattr(LiveScalar, f"__i{_name}__", _augmented(_ufunc))
