"""NIST's certified nonlinear regressions: data, both starts, certified parameters, deviations and sums of squares.

Source: NIST Statistical Reference Datasets, Nonlinear Regression, https://www.itl.nist.gov/div898/strd/. All are of
the "higher" level of difficulty but Misra1a and DanWood, which are "lower". Thurber's data are those of the
demonstration.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dualrev.demo import thurber
from tests.problems.collection import column


@dataclass(frozen=True)
class Regression:
    """A fit of y = model(b, x), with what NIST certifies to eleven digits."""

    name: str
    model: Callable
    x: np.ndarray
    y: np.ndarray
    starts: tuple[np.ndarray, np.ndarray]
    parameters: np.ndarray
    deviations: np.ndarray
    sum_of_squares: float

    def residuals(self, b):
        return self.model(b, self.x) - self.y


def _regression(name, model, table, starts, parameters, deviations, sum_of_squares):
    """Enter a problem; the table has a row (y, x) per observation."""
    y, x = column(table).reshape(-1, 2).T
    return Regression(
        name,
        model,
        x.copy(),
        y.copy(),
        tuple(map(column, starts)),
        column(parameters),
        column(deviations),
        sum_of_squares,
    )


MISRA1A = _regression(
    "Misra1a",
    lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
    """
    10.07 77.6   14.73 114.9  17.94 141.1  23.93 190.8  29.61 239.9  35.18 289.0  40.02 332.8
    44.82 378.4  50.76 434.8  55.05 477.3  61.01 536.8  66.40 593.1  75.47 689.1  81.78 760.0
    """,
    ("500 0.0001", "250 0.0005"),
    "2.3894212918E+02 5.5015643181E-04",
    "2.7070075241E+00 7.2668688436E-06",
    1.2455138894e-01,
)

DANWOOD = _regression(
    "DanWood",
    lambda b, x: b[0] * x ** b[1],
    """
    2.138 1.309  3.421 1.471  3.597 1.490  4.340 1.565  4.882 1.611  5.660 1.680
    """,
    ("1 5", "0.7 4"),
    "7.6886226176E-01 3.8604055871E+00",
    "1.8281973860E-02 5.1726610913E-02",
    4.3173084083e-03,
)

MGH09 = _regression(
    "MGH09",
    lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    """
    0.1957 4       0.1947 2     0.1735 1       0.1600 0.5     0.0844 0.25    0.0627 0.167
    0.0456 0.125   0.0342 0.1   0.0323 0.0833  0.0235 0.0714  0.0246 0.0625
    """,
    ("25 39 41.5 39", "0.25 0.39 0.415 0.39"),
    "1.9280693458E-01 1.9128232873E-01 1.2305650693E-01 1.3606233068E-01",
    "1.1435312227E-02 1.9633220911E-01 8.0842031232E-02 9.0025542308E-02",
    3.0750560385e-04,
)

MGH10 = _regression(
    "MGH10",
    lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    """
    34780 50  28610 55  23650 60  19630 65   16370 70   13720 75   11540 80   9744 85
     8261 90   7030 95  6005 100  5147 105   4427 110   3820 115   3307 120  2872 125
    """,
    ("2 400000 25000", "0.02 4000 250"),
    "5.6096364710E-03 6.1813463463E+03 3.4522363462E+02",
    "1.5687892471E-04 2.3309021107E+01 7.8486103508E-01",
    8.7945855171e01,
)

BOXBOD = _regression(
    "BoxBOD",
    lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
    "109 1  149 2  149 3  191 5  213 7  224 10",
    ("1 1", "100 0.75"),
    "2.1380940889E+02 5.4723748542E-01",
    "1.2354515176E+01 1.0455993237E-01",
    1.1680088766e03,
)

RAT42 = _regression(
    "Rat42",
    lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    """
    8.930 9    10.800 14  18.590 21  22.330 28  39.350 42  56.110 57
    61.730 63  64.620 70  67.080 79
    """,
    ("100 1 0.1", "75 2.5 0.07"),
    "7.2462237576E+01 2.6180768402E+00 6.7359200066E-02",
    "1.7340283401E+00 8.8295217536E-02 3.4465663377E-03",
    8.0565229338e00,
)

RAT43 = _regression(
    "Rat43",
    lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    """
    16.08 1    33.83 2    65.80 3    97.20 4    191.55 5   326.20 6   386.87 7   520.53 8
    590.03 9   651.92 10  724.93 11  699.56 12  689.96 13  637.56 14  717.41 15
    """,
    ("100 10 1 1", "700 5 0.75 1.3"),
    "6.9964151270E+02 5.2771253025E+00 7.5962938329E-01 1.2792483859E+00",
    "1.6302297817E+01 2.0828735829E+00 1.9566123451E-01 6.8761936385E-01",
    8.7864049080e03,
)

ECKERLE4 = _regression(
    "Eckerle4",
    lambda b, x: b[0] / b[1] * np.exp(-(((x - b[2]) / b[1]) ** 2) / 2),
    """
    0.0001575 400    0.0001699 405    0.0002350 410    0.0003102 415    0.0004917 420
    0.0008710 425    0.0017418 430    0.0046400 435    0.0065895 436.5  0.0097302 438
    0.0149002 439.5  0.0237310 441    0.0401683 442.5  0.0712559 444    0.1264458 445.5
    0.2073413 447    0.2902366 448.5  0.3445623 450    0.3698049 451.5  0.3668534 453
    0.3106727 454.5  0.2078154 456    0.1164354 457.5  0.0616764 459    0.0337200 460.5
    0.0194023 462    0.0117831 463.5  0.0074357 465    0.0022732 470    0.0008800 475
    0.0004579 480    0.0002345 485    0.0001586 490    0.0001143 495    0.0000710 500
    """,
    ("1 10 500", "1.5 5 450"),
    "1.5543827178E+00 4.0888321754E+00 4.5154121844E+02",
    "1.5408051163E-02 4.6803020753E-02 4.6800518816E-02",
    1.4635887487e-03,
)

THURBER = Regression(
    "Thurber",
    thurber.model,
    thurber.LOG_DENSITY,
    thurber.MOBILITY,
    (thurber.START, column("1300 1500 500 75 1 0.4 0.05")),
    thurber.CERTIFIED,
    column("""
        4.6647963344E+00 3.9571156086E+01 2.8698696102E+01 5.5675370270E+00
        3.1333340687E-02 1.4984928198E-02 6.5842344623E-03
    """),
    thurber.CERTIFIED_SUM_OF_SQUARES,
)

REGRESSIONS = [MISRA1A, DANWOOD, MGH09, MGH10, BOXBOD, RAT42, RAT43, ECKERLE4, THURBER]
