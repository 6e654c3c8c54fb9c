"""Timing calls against each other on a machine that does other things too.

In every round each call is timed once, so that a busy second hits all of them; the minimum over the
rounds is the figure reported and the median tells how disturbed the run was.
"""

import gc
import resource
import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds per call: the least and the median of the rounds."""

    least: float
    median: float


def repetitions(call: Call, seconds: float) -> int:
    """How often ``call`` fits into ``seconds``, at least once; runs it to warm up."""
    call()
    number = 1
    while True:
        took = timeit.timeit(call, number=number)
        if took >= seconds / 4 or number >= 1_000_000:
            return max(1, round(number * seconds / max(took, 1e-9)))
        number *= 4


def interleaved(calls: dict[str, Call], rounds: int, seconds: float = 0.01) -> dict[str, Timing]:
    """Time every call once per round, each batch about ``seconds`` long."""
    numbers = {key: repetitions(call, seconds) for key, call in calls.items()}
    samples: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(rounds):
        for key, call in calls.items():
            # A tape that one library leaves to the cycle collector must not be charged to the next.
            gc.collect()
            samples[key].append(timeit.Timer(call).timeit(numbers[key]) / numbers[key])
    return {key: Timing(min(taken), median(taken)) for key, taken in samples.items()}


def _status(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith(field))
    return 1024 * int(line.split()[1])


def peak_bytes() -> int:
    """The largest resident set of this process so far.

    On Linux from ``VmHWM``: ``ru_maxrss`` of a fresh interpreter starts at what its parent held.
    """
    if sys.platform == "linux":
        return _status("VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def resident_bytes() -> int:
    """The resident set of this process now, or its peak where only that is known."""
    return _status("VmRSS") if sys.platform == "linux" else peak_bytes()
