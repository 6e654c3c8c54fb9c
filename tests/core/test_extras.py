"""What needs an optional package says which extra installs it."""

import sys

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.extras import extra
from dualrev.scipy import optimize


def _f(x):
    return x @ x


USES = {
    "tqdm": ("progress", lambda: optimize.minimize(_f, np.ones(2), progress=True)),
    "matplotlib": ("plot", lambda: dr.sparse.jacobian_pattern(np.sin, np.ones(3)).spy()),
    "cyipopt": ("nlp", lambda: optimize.minimize(_f, np.ones(2), method="ipopt")),
}


@pytest.mark.parametrize("package", USES)
def test_a_missing_package_names_its_extra(package, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    name, use = USES[package]
    with pytest.raises(ImportError, match=rf"{package}, which is .* dualrev\[{name}\]"):
        use()


def test_a_present_package_is_returned():
    assert extra("json", "plot", "nobody") is sys.modules["json"]
