"""Views of traced arrays: memory layout decides what is a view, and random programs of writes.

The oracle is NumPy itself: the same program run on complex arrays with a complex step.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualrev as dr

X = np.array([0.7, 1.9, -0.4, 1.3, 0.2, -1.1])


def fortran_ravel(m, x):
    m.ravel()[1] = x[0] * 5.0  # a copy of an array in Fortran order, a view in C order


def fortran_reshape(m, x):
    m.reshape(3, 2)[0] = x[0] ** 2


def fortran_view(m, x):
    m.T.ravel()[1] = x[0] * 5.0
    m.reshape(3, 2, order="F")[0] = x[0] ** 2


def copied_to_c_order(m, x):
    c = m.copy()
    c.ravel()[1] = x[0] * 5.0
    m *= c


def copied_in_kept_order(m, x):
    c = np.copy(m)
    c.ravel()[1] = x[0] * 5.0
    z = np.zeros_like(m)
    z.ravel()[1] = x[0]
    m *= c + z


def layout_after_a_write(m, x):
    m[0, 1] = x[0]
    m += x[1]
    m.ravel()[1] = x[0] * 5.0
    m.T.reshape(-1)[2] = x[2] * 7.0


@pytest.mark.parametrize(
    "program",
    [
        fortran_ravel,
        fortran_reshape,
        fortran_view,
        copied_to_c_order,
        copied_in_kept_order,
        layout_after_a_write,
    ],
    ids=lambda f: f.__name__,
)
def test_views_follow_the_memory_layout(jac, complex_step, program):
    """Whether ravel and reshape give a view or a copy depends on the order in memory."""

    def f(x):
        m = x.reshape(3, 2).T * 1.0
        program(m, x)
        return m

    np.testing.assert_array_equal(dr.vjp(f, X)[0], f(X))
    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-12, atol=1e-14)


INDICES = st.one_of(
    st.integers(-6, 5),
    st.builds(
        slice,
        st.one_of(st.none(), st.integers(-6, 6)),
        st.one_of(st.none(), st.integers(-6, 6)),
        st.sampled_from([None, 1, 2, -1, -2]),
    ),
    st.lists(st.integers(-6, 5), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=6, max_size=6).map(lambda m: np.array(m)),
)
SLICES = st.builds(
    slice,
    st.one_of(st.none(), st.integers(-5, 5)),
    st.one_of(st.none(), st.integers(-5, 5)),
    st.sampled_from([None, 1, 2, -1]),
)
STATEMENTS = st.one_of(
    st.tuples(st.just("view"), st.integers(0, 9), SLICES),
    st.tuples(st.just("reshape"), st.integers(0, 9), st.sampled_from([(2, 3), (3, 2), (6,)])),
    st.tuples(st.just("transpose"), st.integers(0, 9), st.none()),
    st.tuples(st.just("copy"), st.integers(0, 9), st.none()),
    st.tuples(
        st.sampled_from(["set", "add", "multiply", "at"]),
        st.integers(0, 9),
        st.tuples(INDICES, st.integers(0, 9), st.integers(0, 5)),
    ),
    st.tuples(st.sampled_from(["out", "constant"]), st.integers(0, 9), INDICES),
)


def run(program, x):
    """Interpret a random program of views and writes, on whatever kind of array x is."""
    arrays = [x.copy()]
    for kind, which, detail in program:
        a = arrays[which % len(arrays)]
        try:
            if kind == "view":
                arrays.append(a[detail])
            elif kind == "reshape":
                arrays.append(a.reshape(detail))
            elif kind == "transpose":
                arrays.append(a.T)
            elif kind == "copy":
                arrays.append(a.copy())
            elif kind == "out":
                np.sin(a, out=a)
            elif kind == "constant":
                a[detail] = 0.5
            else:
                index, source, element = detail
                value = arrays[source % len(arrays)].ravel()[0] * x[element]
                if kind == "set":
                    a[index] = value
                elif kind == "add":
                    a[index] += value
                elif kind == "multiply":
                    a[index] *= value
                else:
                    np.add.at(a, index, value)
        except (IndexError, ValueError):
            # Not a legal statement for these shapes; it is illegal for plain NumPy, too, which the
            # comparison of values below would reveal.
            continue
    return np.concatenate([a.ravel() * (k + 1.0) for k, a in enumerate(arrays)])


@given(st.lists(STATEMENTS, min_size=1, max_size=8))
def test_random_programs(jac, complex_step, program):
    f = lambda x: run(program, x)
    np.testing.assert_allclose(dr.jvp(f, (X,), (X,))[0], f(X), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(dr.vjp(f, X)[0], f(X), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(jac(f, X), complex_step(f, X), rtol=1e-11, atol=1e-13)
