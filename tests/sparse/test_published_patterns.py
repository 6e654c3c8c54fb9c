"""Known answers: the published examples of SparseConnectivityTracer.jl (README, documentation and tests).

Counted from 0; the answers of its global detection, and of the local one where a branch decides.
Hill & Dalle (2025), Sparser, better, faster, stronger, arXiv:2501.17737.
"""

import numpy as np
import pytest
import scipy.special

from dualrev.sparse.detection import hessian_pattern, jacobian_pattern

X3, X4, X5 = (np.array([0.7, 1.3, 0.4, 1.9, 0.8])[:n] for n in (3, 4, 5))


def rows(*lines):
    """A pattern from lines of 0 and 1."""
    return np.array([[c == "1" for c in line] for line in lines])


def zeros(n):
    return np.zeros((n, n), bool)


def ones(n):
    return np.ones((n, n), bool)


JACOBIANS = {
    "readme": (
        lambda x: np.stack([x[0] ** 2, 2 * x[0] * x[1] ** 2, np.sin(x[2])]),
        X3,
        rows("100", "110", "001"),
    ),
    "identity": (lambda x: x, 0.3, ones(1)),
    "constant": (lambda x: 1.0, 0.3, zeros(1)),
    "steps": (
        lambda x: np.stack([x[0] * x[1], np.ceil(x[0] * x[1]), x[0] * np.round(x[1])]),
        X3[:2],
        rows("11", "00", "10"),
    ),
    "product of slices": (lambda x: np.dot(x[:2], x[3:]), X5, rows("11011")),
    "matrix": (lambda x: np.ones((1, 3)) @ x, X3, rows("111")),
    "product, not at a zero": (lambda x: x[0] * x[1], np.zeros(2), rows("11")),
    "times zero": (lambda x: np.stack([0 * x[0], x[0] * 0]), X3[:1], rows("1", "1")),
    "powers": (
        lambda x: np.stack([x ** (2 / 3), (2 / 3) ** x, x**np.e, np.e**x]),
        0.7,
        np.ones((4, 1), bool),
    ),
    "sign": (np.sign, 0.7, zeros(1)),
    "where": (lambda x: np.where(x[1] < x[2], x[0] + x[1], x[2] * x[3]), X4, rows("1111")),
    "where, a constant": (lambda x: np.where(x[1] < x[2], x[0] + x[1], 1.0), X4, rows("1100")),
    "branch": (lambda x: x[2] if x[0] > x[1] else x[3], np.array([1.0, 2, 3, 4]), rows("0001")),
    "other branch": (
        lambda x: x[2] if x[0] > x[1] else x[3],
        np.array([2.0, 1, 3, 4]),
        rows("0010"),
    ),
    "maximum": (lambda x: max(x[0], x[1]), np.array([1.0, 2.0]), rows("01")),
    "both of np.maximum": (lambda x: np.maximum(x[0], x[1]), np.array([1.0, 2.0]), rows("11")),
    "clip": (lambda x: np.clip(x[0], x[1], x[2]), X3, rows("111")),
    "clip, constants": (lambda x: np.clip(x[0], 0.0, x[1]), X3, rows("110")),
    "multiply and add": (lambda x: x[0] * x[1] + x[2], X3, rows("111")),
    "logdet": (
        lambda a: np.linalg.slogdet(a)[1],
        np.array([[1.0, -1.0], [2.0, 2.0]]),
        rows("1111"),
    ),
    "log of det": (
        lambda a: np.log(np.linalg.det(a)),
        np.array([[1.0, -1.0], [2.0, 2.0]]),
        rows("1111"),
    ),
    "sign of det": (
        lambda a: np.linalg.slogdet(a)[0],
        np.array([[1.0, -1.0], [2.0, 2.0]]),
        rows("0000"),
    ),
    "power zero": (lambda a: np.linalg.matrix_power(a, 0), np.eye(2), np.zeros((4, 4), bool)),
    "diagonal": (lambda v: np.linalg.det(np.diag(v)), X3, rows("111")),
    "steps by a list": (
        lambda x: np.stack([x[i + 1] - x[i] for i in range(4)]),
        X5,
        rows("11000", "01100", "00110", "00011"),
    ),
    "mirrored differences": (
        lambda x: np.stack(
            [x[i + 1] ** 2 - x[i] ** 2 + x[4 - i] ** 2 - x[5 - i] ** 2 for i in range(5)]
        ),
        np.array([0.26, 0.61, 1.28, 1.41, 0.18, -1.7]),
        rows("110011", "011110", "001100", "011110", "110011"),
    ),
    "solve": (
        lambda x: np.linalg.solve(np.reshape(x, (2, 2)), np.ones(2)),
        np.array([2.0, 1, 1, 3]),
        np.ones((2, 4), bool),
    ),
}

HESSIANS = {
    "readme": (
        lambda x: x[0] + x[1] * x[2] + 1 / x[3],
        X4,
        rows("0000", "0010", "0100", "0001"),
    ),
    "identity": (lambda x: x, 0.3, zeros(1)),
    "square root": (np.sqrt, 0.3, ones(1)),
    "times one": (lambda x: 1 * x + x * 1, 0.3, zeros(1)),
    "sign": (np.sign, 0.3, zeros(1)),
    "constant": (lambda x: 1.0 + 0.0 * np.floor(x), 0.3, zeros(1)),
    **{
        f"power {k}": (f, 0.7, ones(1))
        for k, f in enumerate(
            (lambda x: x ** (2 / 3), lambda x: (2 / 3) ** x, lambda x: x**np.e, lambda x: np.e**x)
        )
    },
    "sine and cosine": (lambda x: np.sin(np.deg2rad(x)) + np.cos(x), 1.0, ones(1)),
    "cubes of differences": (
        lambda x: np.sum(np.diff(x) ** 3),
        X4,
        rows("1100", "1110", "0111", "0011"),
    ),
    "rounding": (lambda x: np.round(x, 3) + np.rint(x), 1.1, zeros(1)),
    "clip": (lambda x: np.clip(x[0], x[1], x[2]), X3, zeros(3)),
    "first times clip": (lambda x: x[0] * np.clip(x[0], x[1], x[2]), X3, rows("111", "100", "100")),
    "second times clip": (
        lambda x: x[1] * np.clip(x[0], x[1], x[2]),
        X3,
        rows("010", "111", "010"),
    ),
    "third times clip": (lambda x: x[2] * np.clip(x[0], x[1], x[2]), X3, rows("001", "001", "111")),
    "multiply and add": (lambda x: x[0] * x[1] + x[2], X3, rows("010", "100", "000")),
    "quotients": (
        lambda x: x[0] / x[1] + x[2] / 1 + 1 / x[3],
        X4,
        rows("0100", "1100", "0000", "0001"),
    ),
    "products": (
        lambda x: x[0] * x[1] + x[2] * 1 + 1 * x[3],
        X4,
        rows("0100", "1000", "0000", "0000"),
    ),
    "product of all": (
        lambda x: (x[0] * x[1]) * (x[2] * x[3]),
        X4,
        ones(4) & ~np.eye(4, dtype=bool),
    ),
    "product of sums": (
        lambda x: (x[0] + x[1]) * (x[2] + x[3]),
        X4,
        rows("0011", "0011", "1100", "1100"),
    ),
    "square of a sum": (lambda x: (x[0] + x[1] + x[2] + x[3]) ** 2, X4, ones(4)),
    "reciprocal of a sum": (lambda x: 1 / (x[0] + x[1] + x[2] + x[3]), X4, ones(4)),
    "linear": (lambda x: (x[0] - x[1]) + (x[2] - 1) + (1 - x[3]), X4, zeros(4)),
    "foo": (
        lambda x: x[0] + x[1] * x[2] + 1 / x[3] + 1 * x[4],
        X5,
        rows("00000", "00100", "01000", "00010", "00000"),
    ),
    "bar": (
        lambda x: x[0] + x[1] * x[2] + 1 / x[3] + 1 * x[4] + x[1] ** x[4],
        X5,
        rows("00000", "01101", "01000", "00010", "01001"),
    ),
    "copysign": (
        lambda x: np.copysign(x[0] * x[1], x[2] * x[3]),
        X4,
        rows("0100", "1000", "0000", "0000"),
    ),
    "floor division": (lambda x: (x[0] * x[1]) // (x[2] * x[3]) + 0.0 * x[0], X4, zeros(4)),
    "dead end": (lambda x: (x[0] * x[1], x[2] * x[3])[1], X4, rows("0000", "0000", "0001", "0010")),
    "where": (
        lambda x: np.where(x[0] > 0, x[0] ** x[1], x[2] * x[3]),
        X4,
        rows("1100", "1100", "0001", "0010"),
    ),
    "where, a constant": (
        lambda x: np.where(x[0] > 0, x[0] ** x[1], 1.0),
        X4,
        rows("1100", "1100", "0000", "0000"),
    ),
    "branch": (
        lambda x: x[0] * x[1] if x[1] < x[2] else x[2] * x[3],
        np.array([1.0, 3, 2, 4]),
        rows("0000", "0000", "0001", "0010"),
    ),
    "ampgo07": (
        lambda x: (
            (x[0] <= 0) * 1e300
            + np.sin(x[0])
            + np.sin(10 / 3 * x[0])
            + np.log(abs(x[0]))
            - 0.84 * x[0]
            + 3
        ),
        np.array([1.0]),
        ones(1),
    ),
    "times zero": (lambda x: 0 * x[0] ** 2 + x[1] ** 2 * 0, X3[:2], np.eye(2, dtype=bool)),
    "error function": (lambda x: scipy.special.erf(x[0]), X3[:2], rows("10", "00")),
    "beta": (lambda x: scipy.special.beta(x[0], x[1]), X3, rows("110", "110", "000")),
    "norm 1": (lambda a: np.sum(np.abs(a)), X4, zeros(4)),
    "norm 2": (np.linalg.norm, X4, ones(4)),
    "norm inf": (lambda a: np.max(np.abs(a)), X4, zeros(4)),
    "logdet": (
        lambda a: np.linalg.slogdet(np.reshape(a, (2, 2)))[1],
        np.array([2.0, 1, 1, 3]),
        ones(4),
    ),
    "sum of an inverse": (
        lambda a: np.sum(np.linalg.inv(np.reshape(a, (2, 2)))),
        np.array([2.0, 1, 1, 3]),
        ones(4),
    ),
    "eigenvalue": (
        lambda a: np.linalg.eigvals(np.reshape(a, (2, 2))).real[0],
        np.array([2.0, 1, 1, 4]),
        ones(4),
    ),
    "power three": (
        lambda a: np.sum(np.linalg.matrix_power(np.reshape(a, (2, 2)), 3)),
        np.array([2.0, 1, 1, 3]),
        ones(4),
    ),
    # Its answer for det is a full matrix; entries in one row or column do not interact.
    "det": (
        lambda a: np.linalg.det(np.reshape(a, (2, 2))),
        np.array([2.0, 1, 1, 3]),
        rows("0001", "0010", "0100", "1000"),
    ),
}

# Where ours has more than the peer: an entry per name, with the reason.
WIDER = {}


@pytest.mark.parametrize("name", JACOBIANS)
def test_published_jacobians(name):
    f, x, true = JACOBIANS[name]
    assert jacobian_pattern(f, x).toarray().tolist() == true.tolist()


@pytest.mark.parametrize("name", HESSIANS)
def test_published_hessians(name):
    f, x, true = HESSIANS[name]
    found = hessian_pattern(f, x).toarray()
    assert (found & ~true).any() == (name in WIDER)
    assert not (true & ~found).any()
