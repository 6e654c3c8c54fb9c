"""Arrays made of traced values: np.array of lists, joining, growing."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import RAISES, idiom

TIMES = numpy.array([0.0, 0.5, 1.0, 1.5])


@idiom()
def asarray_first(np, x):
    """np.asarray(x) as the first line."""
    x = np.asarray(x)
    return np.sum(x**2)


@idiom(plain=RAISES)
def asarray_float(np, x):
    """np.asarray(x, dtype=float)."""
    x = np.asarray(x, dtype=float)
    return np.sum(x**2)


@idiom()
def asarray_then_sin(np, x):
    """np.asarray(x), then functions of it."""
    x = np.asarray(x)
    return np.sum(np.sin(x) * np.exp(-x))


@idiom()
def array_copy(np, x):
    """np.array(x) to get a copy, which is written to."""
    y = np.array(x)
    y[0] = y[1] * y[2]
    return np.sum(y * y)


@idiom()
def atleast_1d_first(np, x):
    """np.atleast_1d(x) as the first line."""
    x = np.atleast_1d(x)
    return np.sum(x * np.cos(x))


@idiom()
def atleast_2d_product(np, x):
    """np.atleast_2d(x) and a matrix product."""
    row = np.atleast_2d(x)
    return (row @ row.T)[0, 0]


@idiom()
def array_of_comprehension(np, x):
    """np.array([f(v) for v in x])."""
    y = np.array([v * np.sin(v) for v in x])
    return np.sum(y**2)


@idiom()
def rotation_matrix(np, x):
    """np.array([[c, -s], [s, c]]) @ p."""
    c, s = np.cos(x[0]), np.sin(x[0])
    p = np.array([[c, -s], [s, c]]) @ x[1:]
    return p[0] ** 2 * p[1]


@idiom(plain=RAISES, error="TypeError")
def array_with_constants_then_sin(np, x):
    """np.array([x[0], 1.0]) beside a constant, then np.sin."""
    return np.sum(np.sin(np.array([x[0], 1.0, x[1] * x[2]])))


@idiom()
def array_with_constants_product(np, x):
    """np.array([x[0], 1.0, 0.0]) beside constants, then arithmetic."""
    v = np.array([x[0], 1.0, 0.0])
    return np.sum(v * x)


@idiom()
def array_of_residuals(np, x):
    """A list of residuals, np.array of it."""
    r = [x[0] * np.exp(-x[1] * t) - x[2] for t in TIMES]
    return np.sum(np.array(r) ** 2)


@idiom(plain=RAISES)
def array_with_dtype(np, x):
    """np.array([...], dtype=float)."""
    return np.sum(np.array([x[0] * x[1], x[2]], dtype=float) ** 2)


@idiom()
def stack_of_list(np, x):
    """np.stack of a list of results."""
    return np.sum(np.stack([x * x, np.sin(x)]) ** 2)


@idiom()
def concatenate_pieces(np, x):
    """np.concatenate of pieces and constants."""
    return np.sum(np.concatenate([x[1:], [1.0, 2.0], x[:1] * x[1]]) ** 3)


@idiom()
def concatenate_nested_list(np, x):
    """np.concatenate(([x[0]], [1.0, 2.0])): the traced value one list deeper."""
    return np.sum(np.concatenate(([x[0]], [1.0, 2.0], x[1:])) ** 3)


@idiom()
def hstack_scalars(np, x):
    """np.hstack of numbers and arrays."""
    return np.sum(np.hstack([1.0, x[0], x]) ** 2)


@idiom()
def vstack_rows(np, x):
    """np.vstack of rows."""
    return np.sum(np.vstack([x, x**2, np.ones(3)]) @ x)


@idiom()
def column_stack_design(np, x):
    """np.column_stack for a design matrix."""
    return np.sum((np.column_stack([np.ones(3), x, x**2]) @ np.array([1.0, 2.0, 3.0])) ** 2)


@idiom()
def block_matrix(np, x):
    """np.block of pieces."""
    a = np.reshape(x[:1], (1, 1))
    return np.sum(np.block([[a, a * 2.0], [np.ones((1, 1)), a**2]]) ** 2) * x[1]


@idiom()
def r_of_numbers_and_slices(np, x):
    """np.r_[x[0], x[1:]]."""
    return np.sum(np.r_[x[0] * 2.0, x[1:], 1.0] ** 2)


@idiom()
def c_of_columns(np, x):
    """np.c_[x, x**2]."""
    return np.sum(np.c_[x, x**2] * np.c_[x, x])


@idiom(plain=RAISES, error="TypeError")
def r_then_sin(np, x):
    """np.r_[0.0, x], then np.sin."""
    return np.sum(np.sin(np.r_[0.0, x[:2], 1.0]))


@idiom()
def append_in_a_loop(np, x):
    """y = np.append(y, ...) in a loop."""
    y = x[:1]
    for k in range(1, 3):
        y = np.append(y, y[-1] * x[k])
    return np.sum(y)


@idiom()
def list_append_then_array(np, x):
    """Results collected in a list, np.array at the end."""
    path = [x]
    for _ in range(3):
        path.append(path[-1] * 0.9 + 0.1 * np.sin(path[-1]))
    return np.sum(np.array(path)[-1] ** 2)


@idiom(plain=RAISES)
def fromiter_floats(np, x):
    """np.fromiter(generator, float)."""
    return np.sum(np.fromiter((v * v for v in x), float))


@idiom()
def insert_entry(np, x):
    """np.insert of a computed value."""
    return np.sum(np.insert(x, 1, x[0] * x[2]) ** 2)


@idiom()
def diag_of_vector(np, x):
    """np.diag(x) @ matrix."""
    return np.sum(np.diag(x) @ np.arange(9.0).reshape(3, 3) @ x)


@idiom()
def meshgrid_of_traced(np, x):
    """np.meshgrid(x, grid)."""
    a, b = np.meshgrid(x, TIMES)
    return np.sum(np.sin(a * b))


@idiom()
def linspace_traced_ends(np, x):
    """np.linspace(x[0], x[1], 5)."""
    return np.sum(np.linspace(x[0], x[1], 5) ** 2) * x[2]


@idiom(plain=RAISES)
def arange_traced_ends(np, x):
    """np.arange(x[0], 3.0, 0.5)."""
    return np.sum(np.arange(x[0], 3.0, 0.5) ** 2)


@idiom()
def full_of_traced(np, x):
    """np.full(4, x[0])."""
    return np.sum(np.full(4, x[0]) * TIMES) ** 2


@idiom()
def eye_times_scalar(np, x):
    """np.eye(3) * x[0] + np.outer(x, x)."""
    return np.sum((np.eye(3) * x[0] + np.outer(x, x)) ** 2)


@idiom()
def ones_times_traced(np, x):
    """np.ones(3) * x[0]."""
    return np.sum(np.ones(3) * x[0] * x)


@idiom(plain=RAISES)
def fromfunction_of_traced(np, x):
    """np.fromfunction(lambda i, j: x[i] * j, shape) as a float array."""
    table = np.fromfunction(np.vectorize(lambda i, j: x[int(i)] * j, otypes=[float]), (3, 2))
    return np.sum(table**2)


@idiom()
def object_array_beside_traced(np, x):
    """x[0] * np.array([x[1], x[2]])."""
    return np.sum(x[0] * np.array([x[1], x[2]]))


@idiom()
def tile_and_repeat(np, x):
    """np.tile and np.repeat."""
    return np.sum(np.tile(x, 2) * np.repeat(x, 2))
