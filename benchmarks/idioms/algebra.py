"""Linear algebra: products in all spellings, systems, decompositions."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import RAISES, idiom

A = numpy.array([[2.0, -1.0, 0.5], [0.3, 1.5, -0.7], [0.9, 0.2, 1.1]])
B = numpy.array([1.0, -0.5, 2.0])
SQUARE = ((2.1, 0.3, -0.4), (0.5, 1.7, 0.2), (-0.1, 0.6, 2.4))


@idiom()
def quadratic_form(np, x):
    """x.T @ A @ x."""
    return x.T @ A @ x


@idiom()
def plain_matrix_dot_method(np, x):
    """A.dot(x) with a plain A."""
    y = A.dot(x)
    return np.sum(y * y)


@idiom()
def dot_function(np, x):
    """np.dot(A, x), np.dot(x, x)."""
    return np.dot(np.dot(A, x), x) + np.dot(x, B)


@idiom()
def dot_method(np, x):
    """x.dot(A).dot(x)."""
    return x.dot(A).dot(x)


@idiom()
def plain_matmul_traced(np, x):
    """np.sum((A @ x - b) ** 2)."""
    return np.sum((A @ x - B) ** 2)


@idiom()
def outer_products(np, x):
    """np.outer(x, x)."""
    return np.sum(np.outer(x, x**2) * A)


@idiom()
def einsum_forms(np, x):
    """np.einsum("i,ij,j", x, A, x)."""
    return np.einsum("i,ij,j", x, A, x) + np.einsum("i,i->", x, B)


@idiom()
def tensordot_kron(np, x):
    """np.tensordot, np.kron."""
    return np.tensordot(np.kron(x, x).reshape(3, 3), A, 2)


@idiom()
def cross_product(np, x):
    """np.cross(x, b)."""
    return np.sum(np.cross(x, B) ** 2)


@idiom()
def solve_system(np, x):
    """np.linalg.solve(A + np.diag(x), b)."""
    return np.sum(np.linalg.solve(A + np.diag(x), B) ** 2)


@idiom(SQUARE)
def inverse(np, x):
    """np.linalg.inv(x) @ b."""
    return np.sum((np.linalg.inv(x) @ B) ** 2)


@idiom(SQUARE)
def determinant(np, x):
    """np.linalg.det, slogdet."""
    return np.linalg.det(x) + np.linalg.slogdet(x)[1]


@idiom(plain=RAISES, error="UFuncTypeError")
def determinant_of_array(np, x):
    """np.linalg.det(np.array([[...], [...]]))."""
    return np.linalg.det(np.array([[x[0], x[1]], [x[2], 1.0]]))


@idiom(plain=RAISES, error="UFuncTypeError")
def solve_array_of_lists(np, x):
    """np.linalg.solve(np.array([[...]]), b)."""
    return np.sum(np.linalg.solve(np.array([[x[0], 1.0], [0.5, x[1]]]), np.array([1.0, x[2]])))


@idiom(plain=RAISES, error="UFuncTypeError")
def inverse_of_nested_list(np, x):
    """np.linalg.inv([[...], [...]]): lists, no array."""
    return np.sum(np.linalg.inv([[x[0], 0.2], [x[2], x[1]]]))


@idiom(SQUARE)
def cholesky_loglikelihood(np, x):
    """np.linalg.cholesky, log of its diagonal."""
    L = np.linalg.cholesky(x @ x.T)
    return np.sum(np.log(np.diag(L))) + np.sum(np.linalg.solve(L, B) ** 2)


@idiom(SQUARE)
def eigenvalues_symmetric(np, x):
    """np.linalg.eigvalsh(x + x.T)."""
    return np.sum(np.linalg.eigvalsh(x + x.T) ** 3)


@idiom(SQUARE)
def eigh_projection(np, x):
    """np.linalg.eigh: a vector of it, squared."""
    w, v = np.linalg.eigh(x + x.T)
    return w[0] * (v[:, 0] @ B) ** 2


@idiom(SQUARE)
def singular_values(np, x):
    """np.linalg.svd(x, compute_uv=False)."""
    return np.sum(np.linalg.svd(x, compute_uv=False) ** 3)


@idiom(SQUARE)
def qr_diagonal(np, x):
    """np.linalg.qr(x)."""
    _, r = np.linalg.qr(x)
    return np.sum(np.abs(np.diag(r)))


@idiom(SQUARE)
def least_squares(np, x):
    """np.linalg.lstsq(x, b)[0]."""
    return np.sum(np.linalg.lstsq(x[:, :2], B, rcond=None)[0] ** 2)


@idiom(SQUARE)
def pseudo_inverse(np, x):
    """np.linalg.pinv(x[:, :2]) @ b."""
    return np.sum((np.linalg.pinv(x[:, :2]) @ B) ** 2)


@idiom(SQUARE)
def matrix_power_trace(np, x):
    """np.trace(np.linalg.matrix_power(x, 3))."""
    return np.trace(np.linalg.matrix_power(x, 3))


@idiom(SQUARE)
def norms_of_matrix(np, x):
    """np.linalg.norm(x), by axis, and of a difference."""
    return np.linalg.norm(x) + np.sum(np.linalg.norm(x, axis=1)) + np.linalg.norm(x[0] - x[1], 1)


@idiom(SQUARE)
def iadd_matmul(np, x):
    """y = y @ x in a loop, y += ..."""
    y = np.eye(3)
    for _ in range(2):
        y = y @ x
        y += 0.1 * x.T
    return np.sum(y**2)


@idiom()
def matmul_into_plain(np, x):
    """A @ np.array([x[0], x[1], 1.0])."""
    return np.sum((A @ np.array([x[0], x[1] * x[2], 1.0])) ** 2)
