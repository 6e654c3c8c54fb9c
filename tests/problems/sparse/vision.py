"""Cameras, points, poses and clusters: blocks that lists of indices place."""

import numpy as np

from tests.problems.sparse.collection import Problem, blocks, entries, family, offsets, side_by_side


def _scene(cameras):
    """Synthetic: cameras in a row before a cloud of points, each point seen by its own camera and the next two."""
    rng = np.random.default_rng(42)
    points = 4 * cameras
    seen_by = np.arange(points)[:, None] // 4 + np.arange(3)
    camera, point = (
        seen_by[seen_by < cameras],
        np.broadcast_to(np.arange(points)[:, None], seen_by.shape)[seen_by < cameras],
    )
    pose = np.column_stack([
        0.2 * rng.standard_normal((cameras, 3)),
        0.3 * rng.standard_normal((cameras, 3)) - [0, 0, 8],
        rng.uniform(400, 500, cameras),
        1e-2 * rng.standard_normal((cameras, 2)),
    ])  # fmt: skip
    cloud = rng.standard_normal((points, 3))
    pixels = 50 * rng.standard_normal((camera.size, 2))
    return camera, point, pixels, np.concatenate([pose.ravel(), cloud.ravel()])


def rotate(points, vectors):
    """Rodrigues' formula, as in SciPy's cookbook."""
    theta = np.linalg.norm(vectors, axis=1)[:, np.newaxis]
    v = vectors / theta
    dot = np.sum(points * v, axis=1)[:, np.newaxis]
    cos, sin = np.cos(theta), np.sin(theta)
    return cos * points + sin * np.cross(v, points) + dot * (1 - cos) * v


def project(points, cameras):
    p = rotate(points, cameras[:, :3]) + cameras[:, 3:6]
    p = -p[:, :2] / p[:, 2, np.newaxis]
    f, k1, k2 = cameras[:, 6], cameras[:, 7], cameras[:, 8]
    n = np.sum(p**2, axis=1)
    return p * ((1 + k1 * n + k2 * n**2) * f)[:, np.newaxis]


def _adjustment(cameras):
    camera, point, pixels, start = _scene(cameras)

    def residuals(x):
        pose, cloud = x[: 9 * cameras].reshape(-1, 9), x[9 * cameras :].reshape(-1, 3)
        return (project(cloud[point], pose[camera]) - pixels).ravel()

    return residuals, start, camera, point


@family("jacobian", small=3, large=150)
def bundle_adjustment(cameras):
    """Agarwal, Snavely, Seitz & Szeliski 2010, Bundle adjustment in the large, ECCV: its camera model.

    Twelve colours, nine for the cameras and three for the points: no residual sees two of either.
    """
    residuals, start, camera, point = _adjustment(cameras)
    i = np.arange(camera.size)
    left = entries(i, camera, (camera.size, cameras))
    right = entries(i, point, (camera.size, 4 * cameras))
    pattern = side_by_side([[blocks(left, 2, 9), blocks(right, 2, 3)]])
    return Problem(residuals, start, pattern, colours={"columns": 12}, spread=0.02)


@family("hessian", small=2, large=40)
def bundle_adjustment_objective(cameras):
    """The sum of squares: blocks of cameras, blocks of points, and a block for each time that they meet."""
    residuals, start, camera, point = _adjustment(cameras)

    def f(x):
        return 0.5 * np.sum(residuals(x) ** 2)

    met = blocks(entries(camera, point, (cameras, 4 * cameras)), 9, 3)
    pattern = side_by_side([
        [blocks(offsets(cameras, 0), 9), met],
        [met.T.tocsr(), blocks(offsets(4 * cameras, 0), 3)],
    ])  # fmt: skip
    return Problem(f, start, pattern, colours={"star": 30, "acyclic": 30}, spread=0.02)


@family("jacobian", small=6, large=2_000)
def pose_graph(n):
    """Poses in the plane with measured steps and closed loops: Grisetti et al. 2010, A tutorial on graph-based SLAM."""
    i = np.arange(n)
    one = np.r_[i[:-1], i[:-4]]
    other = np.r_[i[1:], i[4:]]
    measured = 0.1 * np.cos(np.arange(3 * one.size)).reshape(-1, 3)

    def f(x):
        pose = x.reshape(n, 3)
        a, b = pose[one], pose[other]
        c, s = np.cos(a[:, 2]), np.sin(a[:, 2])
        d = b[:, :2] - a[:, :2]
        turned = np.stack([c * d[:, 0] + s * d[:, 1], c * d[:, 1] - s * d[:, 0]], axis=1)
        angle = b[:, 2] - a[:, 2] - measured[:, 2]
        angle = (angle + np.pi) % (2 * np.pi) - np.pi
        return np.column_stack([turned - measured[:, :2], angle]).ravel()

    k = 3 * np.arange(one.size)[:, None]
    a, b = 3 * one[:, None], 3 * other[:, None]
    shape = (3 * one.size, 3 * n)
    rows = np.concatenate(
        [np.repeat(k, 5, 1), np.repeat(k + 1, 5, 1), np.repeat(k + 2, 2, 1)], axis=1
    )
    seen = np.concatenate([a, a + 1, a + 2, b, b + 1], axis=1)
    columns = np.concatenate([seen, seen, a + 2, b + 2], axis=1)
    start = np.column_stack([i, np.sin(i), 0.3 * np.cos(i)]).ravel() * 1.0
    return Problem(f, start, entries(rows, columns, shape), colours={"columns": 6})


@family("hessian", small=5, large=200)
def k_means(k):
    """Lloyd 1982 as an optimisation over centres: each point feels the nearest only, so the Hessian is diagonal."""
    rng = np.random.default_rng(5)
    centres = 10 * np.column_stack([np.arange(k) % 20, np.arange(k) // 20]).astype(float)
    points = np.repeat(centres, 6, axis=0) + rng.standard_normal((6 * k, 2))

    def f(c):
        c = c.reshape(-1, 2)
        d2 = ((points[:, None, :] - c[None, :, :]) ** 2).sum(axis=-1)
        return np.min(d2, axis=1).sum()

    return Problem(f, centres.ravel(), offsets(2 * k, 0), colours={"star": 1, "acyclic": 1})
