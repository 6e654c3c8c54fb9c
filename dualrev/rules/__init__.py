"""The catalogue of rules, by the mathematics; importing it fills the registry."""

import importlib

from dualrev.core.primitive import answer_later
from dualrev.rules import arithmetic as arithmetic
from dualrev.rules import channels as channels
from dualrev.rules import classified as classified
from dualrev.rules import complexes as complexes
from dualrev.rules import contraction as contraction
from dualrev.rules import convolution as convolution
from dualrev.rules import creation as creation
from dualrev.rules import degeneracy as degeneracy
from dualrev.rules import determinants as determinants
from dualrev.rules import diagonals as diagonals
from dualrev.rules import differences as differences
from dualrev.rules import eigen as eigen
from dualrev.rules import einsum as einsum
from dualrev.rules import exponential as exponential
from dualrev.rules import factorisations as factorisations
from dualrev.rules import fitting as fitting
from dualrev.rules import floats as floats
from dualrev.rules import fourier as fourier
from dualrev.rules import fourier_axes as fourier_axes
from dualrev.rules import grids as grids
from dualrev.rules import histograms as histograms
from dualrev.rules import indexing as indexing
from dualrev.rules import joining as joining
from dualrev.rules import linalg as linalg
from dualrev.rules import mapping as mapping
from dualrev.rules import missing_values as missing_values
from dualrev.rules import norms as norms
from dualrev.rules import padding as padding
from dualrev.rules import patches as patches
from dualrev.rules import polynomials as polynomials
from dualrev.rules import quantiles as quantiles
from dualrev.rules import queries as queries
from dualrev.rules import reductions as reductions
from dualrev.rules import roots as roots
from dualrev.rules import selection as selection
from dualrev.rules import sets as sets
from dualrev.rules import shaping as shaping
from dualrev.rules import singular as singular
from dualrev.rules import sorting as sorting
from dualrev.rules import statistics as statistics
from dualrev.rules import taking as taking
from dualrev.rules import trigonometric as trigonometric
from dualrev.rules import ufunc_methods as ufunc_methods
from dualrev.rules import windows as windows
from dualrev.rules import writing as writing

answer_later("scipy.integrate", lambda: importlib.import_module("dualrev.rules.integrate"))
answer_later("scipy.special", lambda: importlib.import_module("dualrev.rules.special"))
answer_later("scipy.linalg", lambda: importlib.import_module("dualrev.rules.matrices"))
answer_later("scipy.fft", lambda: importlib.import_module("dualrev.rules.transforms"))
answer_later("scipy.sparse", lambda: importlib.import_module("dualrev.rules.sparse"))
answer_later("scipy.interpolate", lambda: importlib.import_module("dualrev.rules.splines"))
answer_later("scipy.ndimage", lambda: importlib.import_module("dualrev.rules.ndimage"))
answer_later("scipy.signal", lambda: importlib.import_module("dualrev.rules.signal"))
answer_later("scipy.stats", lambda: importlib.import_module("dualrev.rules.distributions"))
answer_later("scipy.spatial", lambda: importlib.import_module("dualrev.rules.distances"))
