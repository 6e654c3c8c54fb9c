"""Every primitive of the registry, by the checks that follow from its declaration."""

import pytest

from dualrev.core.primitive import PRIMITIVES
from dualrev.testing import check_primitive

DECLARED = sorted(name for name, primitive in PRIMITIVES.items() if primitive.cases)


@pytest.mark.parametrize("name", DECLARED)
def test_the_declaration_is_right(name):
    check_primitive(PRIMITIVES[name]).raise_if_wrong()


def test_what_has_no_samples_is_locally_constant():
    bare = [p for p in PRIMITIVES.values() if not p.cases]
    assert bare
    assert {p.flavour for p in bare} == {"constant"}
