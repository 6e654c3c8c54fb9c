"""Examples: padding, every mode that has a derivative."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47, 0.35])

EXAMPLES = {
    "pad": [
        Example(lambda x: np.pad(x, ((1, 0), (0, 2))), X, analytic=True),
        Example(lambda x: np.pad(x, 1, constant_values=2.5), X),
        Example(lambda x: np.pad(x, 1, constant_values=x[0, 1]), X),
        Example(lambda x: np.pad(x, 1, constant_values=((x[0, 0], 1.0), (2.0, x[1, 1]))), X),
        Example(lambda x: np.pad(x, 1, mode="edge"), X, analytic=True),
        Example(lambda x: np.pad(x, (1, 2), mode="wrap"), X),
        Example(lambda x: np.pad(x, ((1, 1), (2, 0)), mode="reflect"), X),
        Example(lambda v: np.pad(v, 2, mode="reflect", reflect_type="odd"), V),
        Example(lambda v: np.pad(v, (1, 3), mode="symmetric"), V),
        Example(lambda x: np.pad(x, 2, mode="linear_ramp", end_values=1.5), X),
        Example(lambda v: np.pad(v, 2, mode="mean", stat_length=3), V),
    ],
}
