"""Steps on variables inside a transform."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.nn import optim

RULES = {
    "SGD": lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9),
    "Adam": lambda p, lr: optim.Adam(p, lr=lr),
}


@pytest.mark.parametrize("name", RULES)
def test_steps_on_variables_are_differentiated_by_a_transform_around_them(name):
    """Only the variables' own tape is stripped: the derivative with respect to the rate is that of the pure rule."""

    def trained(lr):
        w = dr.variable([1.0, 2.0])
        optimiser = RULES[name]([w], lr)
        for _ in range(3):
            optimiser.zero_grad()
            np.sum((w - 3.0) ** 2).backward()
            optim.clip_grad_norm([w], 2.0)
            optimiser.step()
        return np.sum(w.data**2)

    exact = dr.grad(trained)(0.1)
    step = 1e-5
    difference = (trained(0.1 + step) - trained(0.1 - step)) / (2 * step)
    np.testing.assert_allclose(exact, difference, rtol=1e-7)
    np.testing.assert_allclose(dr.derivative(trained)(0.1), exact, rtol=1e-12)
