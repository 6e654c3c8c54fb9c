"""What importing costs, in fresh interpreters."""


class Import:
    """``import dualrev`` after, and together with, NumPy and SciPy."""

    def timeraw_after_numpy_and_scipy(self):
        return "import dualrev", "import numpy, scipy"

    def timeraw_numpy_and_scipy_alone(self):
        return "import numpy, scipy"

    def timeraw_everything(self):
        return "import numpy, scipy, dualrev"
