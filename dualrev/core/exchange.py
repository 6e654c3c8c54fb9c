"""Exchange: what other libraries ask of arrays: the array API standard, DLPack, views as another type."""

from __future__ import annotations

from typing import Any, NoReturn

from dualrev.core.array import Traced, TracedArray
from dualrev.errors import EscapeError, UnsupportedError

__all__ = ["NAMESPACE"]

# The namespace of traced arrays, filled by dualrev.numpy, which sits above this file.
NAMESPACE: list[Any] = []


def _namespace(self: Any, *, api_version: str | None = None) -> Any:
    """Return the module `dualrev.numpy`."""
    return NAMESPACE[0]


def _to_device(self: Any, device: Any, /, *, stream: Any = None) -> Any:
    """Return the traced value itself; there is no device but the CPU."""
    if device != "cpu" or stream is not None:
        raise ValueError(f"to_device: the only device is 'cpu', without streams, not {device!r}")
    return self


def _export(
    self: Any,
    *,
    stream: Any = None,
    max_version: Any = None,
    dl_device: Any = None,
    copy: bool | None = None,
) -> NoReturn:
    """Refuse to hand out the memory: no other library could carry the derivative on."""
    raise EscapeError("from_dlpack(x)", "export dualrev.value(x), the plain array")


def _dlpack_device(self: Any) -> tuple[int, int]:
    """Return the number of the CPU in DLPack's table of devices."""
    return 1, 0


def _view(self: Any, dtype: Any = None, type: Any = None) -> Any:
    """Return a view of the whole array; its bytes cannot be read as something else."""
    if dtype is not None or type is not None:
        raise UnsupportedError(
            "ndarray.view to another dtype or class (as np.matrix and np.ma do)",
            "a traced array has no bytes of its own",
            "use arrays with the operator @, np.where for masks, and astype to convert numbers",
        )
    return self[...]


def _install() -> None:
    for name, method in (
        ("__array_namespace__", _namespace),
        ("to_device", _to_device),
        ("__dlpack__", _export),
        ("__dlpack_device__", _dlpack_device),
    ):
        method.__name__ = name
        setattr(Traced, name, method)
    TracedArray.view = _view  # type: ignore[attr-defined]
    Traced.device = property(lambda self: "cpu", doc="Where the numbers are.")  # type: ignore[attr-defined]


_install()
