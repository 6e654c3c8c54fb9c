"""Problems 1 to 15 of Moré, Garbow and Hillstrom: two, three or four unknowns."""

import numpy as np

from tests.problems.collection import add, column


def rosenbrock(x):
    return np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def freudenstein_roth(x):
    return np.stack([
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ])  # fmt: skip


def powell_badly_scaled(x):
    return np.stack([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled(x):
    return np.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def beale(x):
    i = np.arange(1, 4)
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** i)


def jennrich_sampson(x):
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    turns = np.arctan(x[1] / x[0]) / (2 * np.pi) + np.where(x[0] < 0, 0.5, 0.0)
    radius = np.sqrt(x[0] ** 2 + x[1] ** 2)
    return np.stack([10 * (x[2] - 10 * turns), 10 * (radius - 1), x[2]])


BARD = column(".14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.10 4.39")


def bard(x):
    u = np.arange(1, 16)
    v = 16 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


GAUSS = column(
    ".0009 .0044 .0175 .0540 .1295 .2420 .3521 .3989 .3521 .2420 .1295 .0540 .0175 .0044 .0009"
)


def gaussian(x):
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - GAUSS


MEYER = column(
    "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872"
)


def meyer(x):
    t = 45 + 5 * np.arange(1, 17)
    return x[0] * np.exp(x[1] / (t + x[2])) - MEYER


def gulf_research(x):
    # The paper prints "y m i x₂" for y − x₂. The power of the square is the power of the absolute value.
    t = np.arange(1, 100) / 100
    d = 25 + (-50 * np.log(t)) ** (2 / 3) - x[1]
    return np.exp(-((d * d) ** (x[2] / 2)) / x[0]) - t


def box(x):
    t = 0.1 * np.arange(1, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):
    return np.stack([
        x[0] + 10 * x[1],
        np.sqrt(5) * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        np.sqrt(10) * (x[0] - x[3]) ** 2,
    ])  # fmt: skip


def wood(x):
    return np.stack([
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        np.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        np.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / np.sqrt(10),
    ])  # fmt: skip


KOWALIK = column(".1957 .1947 .1735 .1600 .0844 .0627 .0456 .0342 .0323 .0235 .0246")
KOWALIK_AT = column("4 2 1 .5 .25 .167 .125 .1 .0833 .0714 .0625")


def kowalik_osborne(x):
    u = KOWALIK_AT
    return KOWALIK - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3])


add(1, "Rosenbrock", rosenbrock, [-1.2, 1], solutions=(((1, 1), 0),))
add(
    2,
    "Freudenstein and Roth",
    freudenstein_roth,
    [0.5, -2],
    minima=(0, 48.9842),
    solutions=(((5, 4), 0), ((11.4128, -0.896805), 48.9842)),
)
add(3, "Powell badly scaled", powell_badly_scaled, [0, 1])
add(4, "Brown badly scaled", brown_badly_scaled, [1, 1], solutions=(((1e6, 2e-6), 0),))
add(5, "Beale", beale, [1, 1], solutions=(((3, 0.5), 0),))
add(
    6,
    "Jennrich and Sampson",
    jennrich_sampson,
    [0.3, 0.4],
    minima=(124.362,),
    solutions=(((0.257825, 0.257825), 124.362),),
)
add(7, "helical valley", helical_valley, [-1, 0, 0], solutions=(((1, 0, 0), 0),))
add(8, "Bard", bard, [1, 1, 1], minima=(8.21487e-3, 17.4286))
add(9, "Gaussian", gaussian, [0.4, 1, 0], minima=(1.12793e-8,))
add(10, "Meyer", meyer, [0.02, 4000, 250], minima=(87.9458,))
add(11, "Gulf research", gulf_research, [5, 2.5, 0.15], solutions=(((50, 25, 1.5), 0),))
add(
    12,
    "Box three-dimensional",
    box,
    [0, 10, 20],
    solutions=(((1, 10, 1), 0), ((10, 1, -1), 0), ((2, 2, 0), 0)),
)
add(13, "Powell singular", powell_singular, [3, -1, 0, 1], solutions=(((0, 0, 0, 0), 0),))
add(14, "Wood", wood, [-3, -1, -3, -1], solutions=(((1, 1, 1, 1), 0),))
add(
    15,
    "Kowalik and Osborne",
    kowalik_osborne,
    [0.25, 0.39, 0.415, 0.39],
    minima=(3.07505e-4, 1.02734e-3),
)
