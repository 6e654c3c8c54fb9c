"""Examples of scipy.ndimage: linear in the image; weights, border values and coordinates vary too."""

import numpy as np

from dualrev.scipy import ndimage
from tests.rules.examples import Example

RNG = np.random.default_rng(11)
IMAGE = RNG.normal(size=(4, 5))
LINE = RNG.normal(size=6)
W = RNG.normal(size=3)
KERNEL = RNG.normal(size=(2, 3))
AT = np.array([[0.4, 2.3, 1.7], [3.3, 0.6, 2.2]])
BEYOND = np.array([[-0.7, 4.2, 1.7], [3.3, -2.4, 6.2]])
MODES = ("reflect", "mirror", "nearest", "wrap")
LABELS = np.array([[1, 1, 2, 2, 0], [1, 3, 3, 2, 0], [1, 3, 2, 2, 2], [0, 1, 1, 3, 3]])


def one(name, *arrays, **options):
    return Example(lambda *a: getattr(ndimage, name)(*a, **options), *arrays)


def regions(name):
    return [
        one(name, IMAGE),
        one(name, IMAGE, labels=LABELS),
        one(name, IMAGE, labels=LABELS, index=[1, 3]),
        one(name, IMAGE, labels=LABELS, index=2),
    ]


EXAMPLES = {
    "ndimage.correlate1d": [
        one("correlate1d", IMAGE, W),
        Example(
            lambda x, w, c: ndimage.correlate1d(x, w, 0, None, "constant", c, 1), IMAGE, W, 0.4
        ),
        *(one("correlate1d", IMAGE, W[:2], axis=0, mode=m, origin=-1) for m in MODES),
    ],
    "ndimage.convolve1d": [
        one("convolve1d", IMAGE, W),
        *(one("convolve1d", IMAGE, W[:2], axis=0, mode=m) for m in MODES),
    ],
    "ndimage.correlate": [
        one("correlate", IMAGE, KERNEL),
        Example(
            lambda x, w, c: ndimage.correlate(x, w, None, "constant", c, (0, 1)), IMAGE, KERNEL, 0.4
        ),
        *(one("correlate", IMAGE, KERNEL, mode=m) for m in MODES),
    ],
    "ndimage.convolve": [
        one("convolve", IMAGE, KERNEL),
        *(one("convolve", IMAGE, KERNEL, mode=m, origin=(-1, 0)) for m in MODES),
    ],
    "ndimage.gaussian_filter1d": [
        one("gaussian_filter1d", LINE, 0.9),
        one("gaussian_filter1d", IMAGE, 0.6, axis=0, order=1, mode="mirror"),
        one("gaussian_filter1d", LINE, 0.9, order=3, radius=2, mode="wrap"),
    ],
    "ndimage.gaussian_filter": [
        Example(lambda x, s: ndimage.gaussian_filter(x, s, truncate=2.0), IMAGE, 0.7),
        Example(
            lambda x, s, c: ndimage.gaussian_filter(x, (s, 0.8), (0, 2), None, "constant", c),
            IMAGE,
            0.7,
            0.3,
        ),
        one("gaussian_filter", IMAGE, np.array([0.5, 0.9]), mode=["nearest", "wrap"]),
    ],
    "ndimage.gaussian_laplace": [
        one("gaussian_laplace", IMAGE, 0.8),
        one("gaussian_laplace", IMAGE, np.array([0.55, 0.9]), mode="nearest", truncate=3.0),
    ],
    "ndimage.gaussian_gradient_magnitude": [
        one("gaussian_gradient_magnitude", IMAGE, 0.8),
        one("gaussian_gradient_magnitude", IMAGE, np.array([0.5, 0.9]), mode="wrap"),
    ],
    "ndimage.sobel": [one("sobel", IMAGE), one("sobel", IMAGE, axis=0, mode="wrap")],
    "ndimage.prewitt": [
        one("prewitt", IMAGE),
        one("prewitt", IMAGE, axis=0, mode="constant", cval=0.7),
    ],
    "ndimage.laplace": [one("laplace", IMAGE), one("laplace", IMAGE, mode="nearest")],
    "ndimage.uniform_filter1d": [
        one("uniform_filter1d", IMAGE, size=3),
        one("uniform_filter1d", IMAGE, size=4, axis=0, mode="wrap", origin=1),
    ],
    "ndimage.uniform_filter": [
        one("uniform_filter", IMAGE),
        one("uniform_filter", IMAGE, size=(2, 3), mode="constant", cval=0.5),
    ],
    "ndimage.spline_filter1d": [
        *(
            one("spline_filter1d", IMAGE, order=k, axis=0, mode=m)
            for k in (2, 3, 5)
            for m in ("mirror", "reflect", "grid-wrap")
        ),
    ],
    "ndimage.spline_filter": [one("spline_filter", IMAGE), one("spline_filter", IMAGE, order=4)],
    "ndimage.map_coordinates": [
        one("map_coordinates", IMAGE, AT),
        one("map_coordinates", IMAGE, AT, order=1),
        *(one("map_coordinates", IMAGE, BEYOND, order=3, mode=m) for m in MODES),
        *(
            one("map_coordinates", IMAGE, BEYOND, order=2, mode=m)
            for m in ("grid-wrap", "grid-constant")
        ),
        *(one("map_coordinates", IMAGE, AT, order=k, prefilter=k == 5) for k in (0, 4, 5)),
        Example(lambda x, q, c: ndimage.map_coordinates(x, q, cval=c), IMAGE, BEYOND, 0.3),
        Example(lambda x: ndimage.map_coordinates(x, AT), IMAGE),
    ],
    "ndimage.shift": [
        one("shift", IMAGE, np.array([0.7, -1.4])),
        one("shift", LINE, 0.6, mode="wrap", order=2),
        Example(lambda x, s, c: ndimage.shift(x, s, cval=c), IMAGE, 0.3, 0.8),
        one("shift", LINE, 0.6, mode="grid-constant", order=1),
    ],
    "ndimage.zoom": [
        one("zoom", IMAGE, zoom=1.7),
        one("zoom", IMAGE, zoom=(0.5, 2), order=1, mode="nearest", grid_mode=True),
        one("zoom", IMAGE, zoom=1.0),
    ],
    "ndimage.affine_transform": [
        one(
            "affine_transform",
            IMAGE,
            np.array([[0.9, 0.2], [-0.3, 0.8]]),
            np.array([0.31, 0.47]),
            mode="nearest",
        ),
        one("affine_transform", IMAGE, np.array([0.83, 0.72]), np.array([0.31, 0.47]), order=2),
        one(
            "affine_transform",
            IMAGE,
            np.array([[0.9, 0.2, 0.13], [-0.3, 0.8, 1.07]]),
            mode="mirror",
        ),
    ],
    "ndimage.rotate": [
        one("rotate", IMAGE, angle=33.0),
        one("rotate", IMAGE, 33.0, reshape=False, mode="nearest"),
        one("rotate", np.stack([IMAGE, IMAGE**2]), angle=20.0, axes=(2, 1), order=1),
    ],
    "ndimage.maximum_filter": [
        one("maximum_filter", IMAGE, size=2),
        one("maximum_filter", IMAGE, footprint=np.eye(3), mode="wrap"),
    ],
    "ndimage.minimum_filter": [
        one("minimum_filter", IMAGE, size=(1, 3), mode="constant", cval=0.2),
        one("minimum_filter", IMAGE, footprint=np.eye(2), origin=(0, -1)),
    ],
    "ndimage.maximum_filter1d": [one("maximum_filter1d", IMAGE, size=3, axis=0)],
    "ndimage.minimum_filter1d": [one("minimum_filter1d", IMAGE, size=2, origin=-1)],
    "ndimage.rank_filter": [
        one("rank_filter", IMAGE, rank=1, size=2),
        one("rank_filter", IMAGE, rank=-2, footprint=np.eye(3), mode="nearest"),
    ],
    "ndimage.median_filter": [
        one("median_filter", IMAGE, size=3),
        one("median_filter", LINE, size=3),
    ],
    "ndimage.percentile_filter": [one("percentile_filter", IMAGE, percentile=30, size=(2, 3))],
    **{
        f"ndimage.{name}": regions(name)
        for name in (
            "sum",
            "sum_labels",
            "mean",
            "variance",
            "standard_deviation",
            "maximum",
            "minimum",
            "median",
        )
    },
    "ndimage.center_of_mass": [
        Example(lambda x: np.stack(ndimage.center_of_mass(x)), IMAGE**2),
        Example(lambda x: np.array(ndimage.center_of_mass(x, LABELS, [1, 2])), IMAGE**2),
    ],
    **{
        f"ndimage.{name}": [
            Example(lambda x, name=name: getattr(ndimage, name)(x, 1.3), IMAGE),
            Example(lambda x, name=name: getattr(ndimage, name)(x, (0.7, 1.1)), IMAGE + 1j),
        ]
        for name in ("fourier_gaussian", "fourier_uniform", "fourier_ellipsoid")
    },
    "ndimage.fourier_shift": [Example(lambda x: ndimage.fourier_shift(x, (0.7, 1.1)), IMAGE + 1j)],
}

CONSTANTS = {
    "ndimage.label": [lambda x: ndimage.label(x)[0]],
    "ndimage.histogram": [lambda x: ndimage.histogram(x, 0.0, 1.0, 3)],
    "ndimage.value_indices": [lambda x: list(ndimage.value_indices(np.ones((2, 2), int)))],
    "ndimage.generate_binary_structure": [lambda x: ndimage.generate_binary_structure(2, 1)],
    "ndimage.iterate_structure": [lambda x: ndimage.iterate_structure(np.ones((3, 3), int), 2)],
    "ndimage.find_objects": [lambda x: ndimage.find_objects(np.eye(2, dtype=int))],
    "ndimage.maximum_position": [ndimage.maximum_position],
    "ndimage.minimum_position": [ndimage.minimum_position],
    **{
        f"ndimage.{name}": [getattr(ndimage, name)]
        for name in (
            "binary_closing",
            "binary_dilation",
            "binary_erosion",
            "binary_fill_holes",
            "binary_hit_or_miss",
            "binary_opening",
            "binary_propagation",
            "distance_transform_bf",
            "distance_transform_cdt",
            "distance_transform_edt",
        )
    },
}
