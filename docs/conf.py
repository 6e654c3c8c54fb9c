"""Sphinx configuration.

One command builds the site, and a warning is an error: `sphinx-build -q -W --keep-going docs OUT`. Nothing
on the pages comes from another server: scripts, fonts and formulas are in OUT.
"""

import os
import re
import tempfile
from pathlib import Path

import dualrev

project = "dualrev"
author = "The dualrev developers"
copyright = "The dualrev developers"  # the name Sphinx reads
version = release = dualrev.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.katex",
]
# Links into the manuals of NumPy and SciPy need the network, which a build on a laptop or in a
# container may not have; where the pages are published, it is there.
if os.environ.get("READTHEDOCS") == "True":
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

exclude_patterns = ["_build", "_templates", "**.ipynb_checkpoints"]

# Reference
templates_path = ["_templates"]
autosummary_generate = True
# Not every file system tells dualrev.nn.tanh from dualrev.nn.Tanh.
autosummary_filename_map = {
    f"{module.__name__}.{name}": f"{module.__name__}.{name}-function"
    for module in (dualrev, dualrev.nn)
    for name in vars(module)
    if name.islower() and any(name == other.lower() != other for other in vars(module))
}
autodoc_typehints = "none"
default_role = "py:obj"  # `name` in a docstring: code, and a link if there is such a thing
numpydoc_show_class_members = False

# Pages
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
highlight_options = {
    "pycon": {"stripnl": True}
}  # doctests need a blank line at the end, readers do not
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# Every page with code cells is run at each build: a cache of outputs would not know that dualrev itself has
# changed. While a page is written, `-D nb_execution_mode=cache` runs only what was edited.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_execution_in_temp = True
nb_merge_streams = True
# The kernels inherit these: figures look alike on all pages, small matrix products do not wait for threads, and
# nobody's own start-up files of IPython take part. They need not warn of being reached by TCP, from this machine alone.
os.environ["MATPLOTLIBRC"] = str(Path(__file__).parent / "_static" / "matplotlibrc")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ipython = tempfile.TemporaryDirectory(prefix="dualrev-docs-", ignore_cleanup_errors=True)
profile = Path(ipython.name) / "profile_default"
profile.mkdir()
(profile / "ipython_kernel_config.py").write_text('c.IPKernelApp.log_level = "ERROR"\n')
os.environ["IPYTHONDIR"] = ipython.name

# Formulas become MathML, which browsers draw with their own fonts.
html_math_renderer = "katex"
katex_options = 'output: "mathml", throwOnError: true'
katex_css_path = (
    "katex-math.css"  # the package's own: MathML needs no other, and none from a distant server
)

html_theme = "pydata_sphinx_theme"
html_title = "dualrev"
html_static_path = ["_static"]
html_css_files = ["dualrev.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_copy_source = False
html_theme_options = {
    "logo": {"text": "dualrev", "alt_text": "dualrev, the first page"},
    "github_url": "https://github.com/dualrev/dualrev",
    "header_links_before_dropdown": 5,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}
html_context = {"default_mode": "auto"}

# `sphinx-build -b linkcheck docs OUT`, where there is a network.
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]  # made by a script there
linkcheck_ignore = [
    r"https://doi\.org/.*",  # publishers turn robots away
    r"https://github\.com/dualrev/dualrev.*",
]


def escape_bars(app, what, name, obj, options, lines):
    """Docstrings are read as text first: |x| is an absolute value there, not a substitution of reStructuredText."""
    for k, line in enumerate(lines):
        literal = re.split(r"(``.*?``)", line)
        literal[::2] = [part.replace("|", r"\|") for part in literal[::2]]
        lines[k] = "".join(literal)


def setup(app):
    app.connect("autodoc-process-docstring", escape_bars, priority=100)  # before numpydoc
