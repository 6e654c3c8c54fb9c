"""What the rules of scipy.ndimage promise beside the examples: every border and order as SciPy, and true transposes."""

import itertools

import numpy as np
import pytest
import scipy.ndimage as plain

import dualrev as dr
from dualrev.rules.ndimage import prefilter
from dualrev.scipy import ndimage

RNG = np.random.default_rng(4)
IMAGE = RNG.normal(size=(6, 5))
MODES = (
    "reflect",
    "grid-mirror",
    "mirror",
    "nearest",
    "wrap",
    "grid-wrap",
    "constant",
    "grid-constant",
)


def same(name, *args, tol=1e-11, **options):
    """Raise unless a traced image gives what a plain one does."""
    x, *rest = args
    want = getattr(plain, name)(x, *rest, **options)
    found, tangent = dr.jvp(
        lambda v: getattr(ndimage, name)(v, *rest, **options), (x,), (np.zeros_like(x),)
    )
    assert found.dtype == want.dtype
    assert np.allclose(found, want, rtol=tol, atol=tol), name
    assert not np.any(tangent)


@pytest.mark.parametrize("mode", MODES)
def test_filters_with_every_border(mode):
    for size, origin in ((1, 0), (2, -1), (3, 1), (7, 0)):
        w = RNG.normal(size=size)
        for name, axis in itertools.product(("correlate1d", "convolve1d"), (0, -1)):
            shift = origin if name == "correlate1d" or size % 2 else 0
            same(name, IMAGE, w, axis=axis, mode=mode, cval=0.7, origin=shift)
        same("uniform_filter1d", IMAGE, size, mode=mode, cval=0.7)
        same("maximum_filter1d", IMAGE, size, mode=mode, cval=0.7)
    for shape in ((3, 3), (2, 4), (9, 1)):
        same("correlate", IMAGE, RNG.normal(size=shape), mode=mode, cval=0.7)
        same("convolve", IMAGE, RNG.normal(size=shape), mode=mode, cval=0.7)
    for order in (0, 1, 2, (0, 3)):
        same("gaussian_filter", IMAGE, 1.2, order, mode=mode, cval=0.7)
    same("sobel", IMAGE, mode=mode, cval=0.4)
    same("gaussian_laplace", IMAGE, (1.3, 0.7), mode=mode)


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("mode", MODES)
def test_sampling_with_every_border(mode, order):
    at = RNG.uniform(-17.0, 22.0, (2, 40))
    at[:, :3] = [[-1, 0, 5], [0, 4, 4]]
    for prefiltered in (True, False):
        options = {"order": order, "mode": mode, "cval": 0.7, "prefilter": prefiltered}
        same("map_coordinates", IMAGE, at, tol=1e-9, **options)
        same("shift", IMAGE, (-0.4, 2.2), tol=1e-10, **options)
        same("zoom", IMAGE, 1.7, tol=1e-10, **options)
        same(
            "affine_transform",
            IMAGE,
            np.array([[0.9, 0.2], [-0.3, 0.8]]),
            (0.3, 0.7),
            tol=1e-10,
            **options,
        )
        same("rotate", IMAGE, 33.0, tol=1e-10, **options)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize("mode", ["reflect", "mirror", "grid-wrap"])
def test_prefilter_has_the_transpose_of_scipys(mode, order):
    for n in (2, 3, 6, 11):
        map_ = prefilter._inverse(n, order, mode)
        assert np.allclose(map_.forward(np.eye(n)).T, map_.backward(np.eye(n)), atol=1e-11)


def test_gradient_of_an_interpolated_image_is_that_of_its_spline():
    """On a line, the slope of map_coordinates is that of the cubic through mirrored samples."""
    line = IMAGE[:, 0]
    mirrored = np.concatenate([line[:0:-1], line, line[-2::-1]])
    from scipy.interpolate import make_interp_spline

    spline = make_interp_spline(np.arange(-5.0, 11.0), mirrored, bc_type="clamped")
    at = np.array([[1.3, 2.0, 3.6]])
    _, slope = dr.jvp(
        lambda q: ndimage.map_coordinates(line, q, mode="mirror"), (at,), (np.ones_like(at),)
    )
    assert np.allclose(slope, spline(at[0], 1), rtol=1e-12)


def test_ties_share_equally():
    g = dr.grad(lambda x: np.sum(ndimage.maximum_filter1d(x, 3, mode="nearest")[1]))(
        np.array([2.0, 2.0, 1.0])
    )
    assert np.array_equal(g, [0.5, 0.5, 0.0])


BAD = {
    "mode": lambda n, x: n.correlate1d(x, [1.0, 2.0], mode="best"),
    "origin": lambda n, x: n.correlate1d(x, [1.0, 2.0], origin=5),
    "axis": lambda n, x: n.sobel(x, axis=4),
    "weights": lambda n, x: n.correlate(x, [1.0, 2.0]),
    "order": lambda n, x: n.zoom(x, 2.0, order=9),
    "coordinates": lambda n, x: n.map_coordinates(x, np.ones((1, 3))),
    "matrix": lambda n, x: n.affine_transform(x, 2.0 * np.eye(3)),
    "size": lambda n, x: n.uniform_filter1d(x, 0),
    "rank": lambda n, x: n.rank_filter(x, 99, size=3),
    "sigma": lambda n, x: n.gaussian_filter(x, [1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("what", BAD)
def test_scipys_own_errors(what):
    with pytest.raises(Exception) as known:  # noqa: PT011 - whatever SciPy raises
        BAD[what](plain, IMAGE)
    with pytest.raises(known.type):
        dr.jvp(lambda x: BAD[what](ndimage, x), (IMAGE,), (IMAGE,))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ndimage.generic_filter(x, np.mean, 3),
        lambda x: ndimage.geometric_transform(x, lambda at: at),
        lambda x: ndimage.rotate(IMAGE, x[0, 0]),
    ],
)
def test_refused_with_a_way_out(call):
    with pytest.raises(dr.UnsupportedError):
        dr.jvp(call, (IMAGE,), (IMAGE,))


def test_complex_images_as_in_scipy():
    z = RNG.normal(size=(5, 6)) + 1j * RNG.normal(size=(5, 6))
    labels = np.arange(30).reshape(5, 6) % 3
    for name in ("variance", "standard_deviation"):
        same(name, z)
        same(name, z, labels)
    same("gaussian_gradient_magnitude", z, 1.1, mode="nearest")
    same("zoom", z, 0.7, order=1)
    with pytest.raises(dr.UnsupportedError, match="grid_mode"):
        dr.jvp(lambda z: ndimage.zoom(z, 0.7, grid_mode=True, mode="nearest"), (z,), (z,))
