"""Problems 16 to 20 of Moré, Garbow and Hillstrom: fits of four to twelve unknowns to data."""

import numpy as np

from tests.problems.collection import add, column


def brown_dennis(x):
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


OSBORNE_1 = column("""
    .844 .908 .932 .936 .925 .908 .881 .850 .818 .784 .751 .718 .685 .658 .628 .603 .580 .558
    .538 .522 .506 .490 .478 .467 .457 .448 .438 .431 .424 .420 .414 .411 .406
""")


def osborne_1(x):
    t = 10 * np.arange(33)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs_exp6(x):
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


OSBORNE_2 = column("""
    1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602
    .626 .651 .724 .649 .649 .694 .644 .624 .661 .612 .558 .533 .495 .500 .423 .395 .375 .372
    .391 .396 .405 .428 .429 .523 .562 .607 .653 .672 .708 .633 .668 .645 .632 .591 .559 .597
    .625 .739 .710 .729 .720 .636 .581 .428 .292 .162 .098 .054
""")


def osborne_2(x):
    t = np.arange(65) / 10
    peaks = x[1:4] * np.exp(-((t[:, None] - x[8:11]) ** 2) * x[5:8])
    return OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + np.sum(peaks, axis=1))


def watson(x):
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(1, x.size)
    slope = np.sum(j * x[1:] * t ** (j - 1), axis=1)
    series = x[0] + np.sum(x[1:] * t**j, axis=1)
    return np.concatenate([slope - series**2 - 1, x[:1], x[1:2] - x[:1] ** 2 - 1])


add(16, "Brown and Dennis", brown_dennis, [25, 5, -5, -1], minima=(85822.2,))
add(17, "Osborne 1", osborne_1, [0.5, 1.5, -1, 0.01, 0.02], minima=(5.46489e-5,))
add(
    18,
    "Biggs EXP6",
    biggs_exp6,
    [1, 2, 1, 1, 1, 1],
    minima=(0, 5.65565e-3),
    solutions=(((1, 10, 1, 5, 4, 3), 0),),
)
add(
    19,
    "Osborne 2",
    osborne_2,
    [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5],
    minima=(4.01377e-2,),
)
for n, f in ((6, 2.28767e-3), (9, 1.39976e-6), (12, 4.72238e-10)):
    add(20, "Watson", watson, np.zeros(n), minima=(f,))
