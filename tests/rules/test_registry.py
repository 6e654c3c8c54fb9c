"""Every primitive of the registry against oracles from outside; no operation is named here."""

import pytest

from dualrev.core.primitive import PRIMITIVES
from tests.rules.registry import CHECKS, run, subjects

SEEDS = (0, 1)
NAMES = sorted(name for name, p in PRIMITIVES.items() if p.flavour != "constant")
_STORES = {}


@pytest.mark.parametrize("check", list(CHECKS))
@pytest.mark.parametrize("name", NAMES)
def test_promise(name, check):
    primitive = PRIMITIVES[name]
    count = 0
    for seed in SEEDS:
        for subject in subjects(primitive, seed, _STORES):
            run(check, subject)
            count += 1
    assert count, f"{name} declares no sample"
