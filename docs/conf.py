"""Sphinx configuration."""

import os

import dualrev

project = "dualrev"
author = "The dualrev developers"
copyright = "The dualrev developers"  # the name Sphinx reads
version = release = dualrev.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
]
# Links into NumPy's and SciPy's manuals need the network, which a build on a laptop or in a
# container may not have; where the pages are published, it is there.
if os.environ.get("READTHEDOCS") == "True":
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
    }

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "pydata_sphinx_theme"
html_title = "dualrev"
html_theme_options = {
    "github_url": "https://github.com/dualrev/dualrev",
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
}
