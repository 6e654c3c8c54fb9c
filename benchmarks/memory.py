"""Memory of one library in a process of its own.

``python -m benchmarks.memory peak hips 1000000`` prints one JSON object.  The process must be fresh
because the peak of a process never falls again.
"""

import gc
import json
import os
import subprocess
import sys

from . import problems
from .libraries import MAKERS
from .timing import peak_bytes, resident_bytes

CYCLES = 10


def peak(key: str, n: int) -> dict[str, float]:
    """Bytes that a gradient of a chain of 100 operations adds to the process with its input."""
    library = MAKERS[key]()
    small = library.gradient(problems.chain(library.xp, 10, CYCLES, library.constant))
    small(library.prepare(problems.vector(10)))
    gradient = library.gradient(problems.chain(library.xp, n, CYCLES, library.constant))
    x = library.prepare(problems.vector(n))
    before = resident_bytes()
    gradient(x)
    return {"bytes": peak_bytes() - before}


def growth(key: str, calls: int) -> dict[str, float]:
    """What ``calls`` gradients leave behind: peak bytes, allocated blocks, and cyclic garbage."""
    library = MAKERS[key]()
    gradient = library.gradient(problems.rosenbrock(library.xp))
    x = library.prepare(problems.vector(100))
    for _ in range(1000):
        gradient(x)
    gc.collect()
    blocks, before = sys.getallocatedblocks(), peak_bytes()
    for _ in range(calls):
        gradient(x)
    gc.collect()
    found = {"bytes": peak_bytes() - before, "blocks": sys.getallocatedblocks() - blocks}
    gc.disable()
    for _ in range(100):
        gradient(x)
    found["cyclic_objects_per_call"] = gc.collect() / 100
    return found


def in_fresh_process(task: str, key: str, size: int) -> dict[str, float]:
    """Run `peak` or `growth` in a new interpreter."""
    command = [sys.executable, "-m", "benchmarks.memory", task, key, str(size)]
    # Peaks are taken under the allocator's own settings (see `STEADY` in `peers`).
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    task, key, size = sys.argv[1:]
    print(json.dumps({"peak": peak, "growth": growth}[task](key, int(size))))
