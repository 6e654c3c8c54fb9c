"""Examples of every distribution: density, integrals and their inverses, moments, in argument and all parameters."""

import numpy as np
import scipy.stats

from dualrev.rules.distributions.family import FAMILIES
from dualrev.scipy import stats
from tests.rules.examples import Example

# Shapes of continuous distributions.
SHAPES = {
    "alpha": (1.3,),
    "anglit": (),
    "bradford": (1.7,),
    "exponnorm": (0.8,),
    "fatiguelife": (0.8,),
    "foldnorm": (0.8,),
    "gengamma": (1.7, 0.9),
    "genlogistic": (1.7,),
    "gompertz": (0.7,),
    "halfgennorm": (1.4,),
    "johnsonsb": (0.4, 1.3),
    "johnsonsu": (0.4, 1.3),
    "laplace_asymmetric": (1.4,),
    "levy_l": (),
    "loglaplace": (2.3,),
    "mielke": (2.3, 1.7),
    "moyal": (),
    "powernorm": (1.7,),
    "semicircular": (),
    "truncpareto": (1.7, 4.3),
    "arcsine": (),
    "beta": (1.7, 2.4),
    "betaprime": (1.7, 2.4),
    "burr": (1.7, 0.9),
    "burr12": (1.7, 0.9),
    "cauchy": (),
    "chi": (3.1,),
    "chi2": (3.1,),
    "erlang": (2,),
    "expon": (),
    "exponweib": (1.7, 0.9),
    "f": (3.1, 5.2),
    "fisk": (1.7,),
    "gamma": (1.7,),
    "genextreme": (0.2,),
    "gennorm": (1.4,),
    "genpareto": (0.2,),
    "gumbel_l": (),
    "gumbel_r": (),
    "halfcauchy": (),
    "halflogistic": (),
    "halfnorm": (),
    "hypsecant": (),
    "invgamma": (2.7,),
    "invgauss": (0.7,),
    "invweibull": (1.7,),
    "laplace": (),
    "levy": (),
    "loggamma": (1.7,),
    "logistic": (),
    "lognorm": (0.7,),
    "loguniform": (0.5, 2.3),
    "lomax": (1.7,),
    "maxwell": (),
    "nakagami": (1.7,),
    "norm": (),
    "pareto": (2.7,),
    "powerlaw": (1.7,),
    "rayleigh": (),
    "reciprocal": (0.5, 2.3),
    "rice": (0.8,),
    "skewnorm": (0.8,),
    "t": (3.1,),
    "triang": (0.3,),
    "truncexpon": (1.7,),
    "truncnorm": (-0.8, 1.6),
    "uniform": (),
    "vonmises": (1.3,),
    "wald": (),
    "weibull_max": (1.7,),
    "weibull_min": (1.7,),
}
# Shapes of discrete ones, and how many of them are whole numbers.
MASSES = {
    "bernoulli": ((), (0.3,)),
    "betabinom": ((5,), (1.7, 0.9)),
    "betanbinom": ((5,), (2.7, 0.9)),
    "binom": ((5,), (0.3,)),
    "boltzmann": ((0.7,), (4,)),
    "dlaplace": ((), (0.7,)),
    "geom": ((), (0.3,)),
    "logser": ((), (0.6,)),
    "nbinom": ((), (3.4, 0.3)),
    "planck": ((), (0.7,)),
    "poisson": ((), (2.4,)),
    "zipf": ((), (2.4,)),
}
Q = np.array([0.37, 0.74])
# Moments that are infinite, and those of t, with which SciPy itself fails for float32.
PLAIN_MOMENTS = ("cauchy", "halfcauchy", "levy", "t")
# Shapes that have no derivative in a method.
CONSTANT = {"vonmises": 1}


def _curves(name, methods):
    def f(x, *parameters):
        dist = getattr(stats, name)
        return tuple(getattr(dist, m)(x, *parameters) for m in methods)

    return f


def _frozen(name, methods, argument=True):
    def f(*given):
        dist = getattr(stats, name)(*given[argument:])
        return tuple(getattr(dist, m)(*given[:argument]) for m in methods)

    return f


def continuous(name, shapes):
    family = FAMILIES[name]
    x = getattr(scipy.stats, name).ppf(Q, *shapes, 0.3, 1.4)
    # Broadcasting is the same for all.
    end = (np.array([[0.3], [0.32]]), np.array([1.4, 1.38])) if name == "gamma" else (0.3, 1.4)
    densities, tails = ("logpdf", "pdf"), ("cdf", "sf", "logcdf", "logsf")
    out = []
    if name in CONSTANT:
        out += [
            Example(_frozen(name, densities), x, *shapes, *end),
            Example(lambda x, *end: _curves(name, tails)(x, *shapes, *end), x, *end),
            Example(lambda q: _curves(name, ("ppf",))(q, *shapes), Q),
        ]
    else:
        quantiles = tuple(m for m in ("ppf", "isf") if getattr(family, m))
        out += [
            Example(_curves(name, densities + tails), x, *shapes, *end),
        ]
        if quantiles:
            out.append(Example(_frozen(name, quantiles), Q, *shapes, *end))
    moments = tuple(m for m in ("mean", "var", "entropy") if getattr(family, m))
    if moments and name not in PLAIN_MOMENTS:
        out.append(Example(_frozen(name, moments, False), *shapes, *end))
    return out


def discrete(name, front, back):
    family = FAMILIES[name]
    given = (*front, *back)
    fixed = [k for k, v in enumerate(given) if isinstance(v, int)]
    k = np.array([0, 1, 2]) + int(name in ("geom", "logser", "zipf"))
    k = np.minimum(k, 1 if name == "bernoulli" else 3)
    methods = ("logpmf", "pmf") + (("cdf", "sf", "logcdf", "logsf") if family.cdf else ())

    if name == "bernoulli":
        methods = methods[:-1]

    def whole(*moving):
        moving = iter(moving)
        return tuple(v if j in fixed else next(moving) for j, v in enumerate(given))

    moving = [np.full((1, 1), v) for j, v in enumerate(given) if j not in fixed]
    out = [Example(lambda *p: _curves(name, methods)(k, *whole(*p)), *moving)]
    moments = tuple(m for m in ("mean", "var", "entropy") if getattr(family, m))
    if moments:
        out.append(Example(lambda *p: _frozen(name, moments, False)(*whole(*p)), *moving))
    return out


EXAMPLES = {
    **{f"stats.{name}": continuous(name, shapes) for name, shapes in SHAPES.items()},
    **{f"stats.{name}": discrete(name, *both) for name, both in MASSES.items()},
}
