"""In-place writes: into arrays like x, new arrays, views, by mask and index, with out=."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import NONE, RAISES, idiom

WEIGHTS = numpy.array([0.5, -1.0, 2.0])
WORK = numpy.empty(3)


@idiom()
def empty_like_slices(np, x):
    """out = np.empty_like(x); out[1:-1] = ...; out[0] = ..."""
    out = np.empty_like(x)
    out[1:-1] = x[:-2] * x[2:]
    out[0] = x[0] ** 2
    out[-1] = 1.0
    return np.sum(out**2)


@idiom()
def zeros_like_loop(np, x):
    """out = np.zeros_like(x), filled in a loop."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i] ** i
    return np.sum(out)


@idiom(plain=RAISES)
def zeros_then_loop(np, x):
    """out = np.zeros(n), filled in a loop."""
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] * x[0]
    return np.sum(out**2)


@idiom(plain=RAISES)
def empty_then_slices(np, x):
    """out = np.empty(n), filled by slices."""
    out = np.empty(4)
    out[:3] = np.cos(x)
    out[3] = out[0] * out[1]
    return np.sum(out)


@idiom(plain=RAISES)
def zeros_matrix(np, x):
    """A matrix of np.zeros, filled entry by entry."""
    a = np.zeros((2, 2))
    a[0, 0], a[0, 1] = x[0], x[1]
    a[1, :] = x[1:]
    return np.linalg.det(a) + np.sum(a @ a)


@idiom(plain=RAISES)
def ones_partly_filled(np, x):
    """np.ones(n), partly overwritten."""
    y = np.ones(5)
    y[1:4] = x
    return np.sum(y * y) + y[4]


@idiom(plain=RAISES)
def full_then_filled(np, x):
    """np.full(n, nan), then filled."""
    y = np.full(3, np.nan)
    y[:] = x * x
    return np.sum(y)


@idiom()
def zeros_plus_equals_array(np, x):
    """g = np.zeros(3); g += x * x."""
    g = np.zeros(3)
    for w in (1.0, 0.5):
        g += w * x * x
    return np.sum(g)


@idiom(plain=RAISES)
def zeros_plus_equals_entry(np, x):
    """g = np.zeros(3); g[i] += ..."""
    g = np.zeros(3)
    for i in (0, 1, 1, 2):
        g[i] += x[i] ** 2
    return np.sum(g)


@idiom(plain=RAISES)
def zeros_plus_equals_slice(np, x):
    """g = np.zeros(4); g[1:] += x."""
    g = np.zeros(4)
    g[1:] += x**2
    g[:3] += x
    return np.sum(g**2)


@idiom()
def argument_plus_equals(np, x):
    """x += 1 on the argument."""
    x += 1.0
    return np.sum(x**2)


@idiom()
def argument_entry_written(np, x):
    """x[0] = ... on the argument."""
    x[0] = x[1] * x[2]
    return np.sum(x**2)


@idiom()
def copy_then_recurrence(np, x):
    """y = x.copy(); y[k] -= y[k - 1]."""
    y = x.copy()
    for k in range(1, 3):
        y[k] -= 0.5 * y[k - 1]
    return np.prod(y)


@idiom()
def write_through_a_view(np, x):
    """A slice is kept and written through."""
    y = x * 1.0
    tail = y[1:]
    tail *= 2.0
    tail[0] = x[0]
    return np.sum(y**2)


@idiom()
def write_through_reshape(np, x):
    """A reshaped view is written through."""
    y = np.concatenate([x, x[:1]])
    square = y.reshape(2, 2)
    square[0] = square[1] ** 2
    return np.sum(y * np.arange(4.0))


@idiom()
def write_through_transpose(np, x):
    """a.T[0] = ... writes a column."""
    a = np.outer(x, x)
    a.T[0] = x
    return np.sum(a @ x)


@idiom()
def masked_assignment(np, x):
    """y[y > 1] = 1."""
    y = x**2
    y[y > 1.0] = 1.0
    return np.sum(y * x)


@idiom()
def masked_update(np, x):
    """y[mask] *= 2."""
    y = x * x
    mask = y < 1.0
    y[mask] *= 2.0
    y[~mask] = x[~mask]
    return np.sum(y)


@idiom()
def fancy_assignment(np, x):
    """y[[0, 2]] = ..."""
    y = x.copy()
    y[[0, 2]] = x[[2, 1]] ** 2
    return np.sum(y**2)


@idiom()
def swap_entries(np, x):
    """y[0], y[1] = y[1], y[0]."""
    y = x * 1.0
    y[0], y[1] = y[1], y[0]
    return y[0] ** 2 * y[1]


@idiom()
def add_at_like(np, x):
    """np.add.at(np.zeros_like(x), index, x)."""
    y = np.zeros_like(x)
    np.add.at(y, [0, 1, 1], x**2)
    return np.sum(y**2)


@idiom(plain=RAISES)
def add_at_zeros(np, x):
    """np.add.at(np.zeros(4), index, x)."""
    y = np.zeros(4)
    np.add.at(y, [0, 3, 3], x**2)
    return np.sum(y**2)


@idiom()
def out_into_like(np, x):
    """np.multiply(x, x, out=np.empty_like(x))."""
    y = np.empty_like(x)
    np.multiply(x, x, out=y)
    np.add(y, x, out=y)
    return np.sum(y**2)


@idiom(plain=RAISES)
def out_into_work_array(np, x):
    """np.multiply(x, x, out=work) with a new work array."""
    work = np.zeros(3)
    np.multiply(x, x, out=work)
    return np.sum(work**2)


@idiom(plain=RAISES)
def copyto_work_array(np, x):
    """np.copyto(work, x * x)."""
    work = np.empty(3)
    np.copyto(work, x * x)
    return np.sum(work * x)


@idiom(plain=RAISES, mirror=RAISES)
def captured_work_array(np, x):
    """work[:] = x with an array from outside the function."""
    WORK[:] = x * x
    return np.sum(WORK)


@idiom()
def captured_array_reused(np, x):
    """A plain work array that is overwritten after its use."""
    work = WEIGHTS.copy()
    y = np.sum(work * x)
    work[:] = 7.0
    return y + np.sum(work * x**2)


@idiom()
def fill_diagonal_of_product(np, x):
    """np.fill_diagonal(a, 0)."""
    a = np.outer(x, x)
    np.fill_diagonal(a, 0.0)
    return np.sum(a)


@idiom()
def put_entries(np, x):
    """np.put(y, [0, 2], ...)."""
    y = x * 2.0
    np.put(y, [0, 2], x[:2] ** 2)
    return np.sum(y**2)


@idiom()
def ndarray_fill(np, x):
    """y.fill(x[0])."""
    y = np.empty_like(x)
    y.fill(x[0])
    return np.sum(y * x)


@idiom()
def sort_in_place(np, x):
    """y.sort()."""
    y = x * np.array([1.0, -1.0, 1.0])
    y.sort()
    return np.sum(y * np.arange(3.0))


@idiom(plain=NONE)
def alias_of_zeros(np, x):
    """h = g = np.zeros(3); g += x; h is read."""
    g = np.zeros(3)
    h = g
    g += x**2
    return np.sum(h)


@idiom(plain=RAISES)
def zeros_in_a_helper(np, x):
    """A helper makes the array that the caller fills."""

    def table(n):
        return np.zeros((n, 2))

    t = table(3)
    for k, v in enumerate(x):
        t[k] = v, v**2
    return np.sum(t[:, 0] * t[:, 1])


@idiom(plain=RAISES)
def zeros_of_complex(np, x):
    """np.zeros(n, dtype=complex), filled."""
    z = np.zeros(2, dtype=complex)
    z[0] = x[0] + 1j * x[1]
    z[1] = np.exp(1j * x[2])
    return np.sum(np.abs(z + 1.0) ** 2)


@idiom()
def object_zeros(np, x):
    """np.zeros(3, dtype=object), filled."""
    y = np.zeros(3, dtype=object)
    for k in range(3):
        y[k] = x[k] ** 2
    return np.sum(y * x)
