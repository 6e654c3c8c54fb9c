"""Variables: recording, `backward`, steps of a small network."""

from . import imperative


class Recording:
    """One operation on an array of n numbers."""

    params = (["x * x", "sin(x)", "x + 1"], [3, 1000])
    param_names = ("operation", "n")

    def setup(self, operation, n):
        self.call = imperative.operations(imperative.libraries()["dualrev"], n)[operation]

    def time_record(self, operation, n):
        self.call()


class Backward:
    """Evaluation and sweep."""

    params = ("chain", "scalars", "network", "convolution")
    param_names = ("function",)

    def setup(self, function):
        library = imperative.libraries()["dualrev"]
        self.call = {
            "chain": lambda: imperative.chain(library, 1000),
            "scalars": lambda: imperative.scalars(library),
            "network": lambda: imperative.network("dualrev", library, 64),
            "convolution": lambda: imperative.convolution("dualrev", library),
        }[function]()

    def time_backward(self, function):
        self.call()
