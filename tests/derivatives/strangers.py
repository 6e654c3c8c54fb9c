"""A package of somebody else's, as text: every way of meeting NumPy and math that code has."""

__all__ = ["FILES"]

FILES = {
    "__init__.py": '''
        """A package of somebody else's."""
        from .solver import simulate, Model
        from . import basics
    ''',
    "basics.py": '''
        import functools
        import math
        from contextlib import contextmanager
        from math import sin, sqrt as root
        import numpy as np
        from numpy import zeros, array as make
        from numpy.linalg import norm
        import scipy.special

        calls = 0
        last = None
        TABLE = {"k": 2.0}
        MISSING = type("Missing", (), {})()

        def counted(f):
            @functools.wraps(f)
            def wrapper(*args, **kwargs):
                global calls
                calls += 1
                return f(*args, **kwargs)
            return wrapper

        @contextmanager
        def scaled(factor):
            buffer = zeros(1)
            buffer[0] = factor
            yield buffer

        @counted
        def fill(x, n=3, *, power=2):
            """Fill."""
            out = zeros(n)
            for i in range(n):
                out[i] = x[i] ** power + sin(x[i])
            return out

        def length(x):
            return root(sum(math.pow(v, 2) for v in x))

        def rows(x):
            return make([[x[0], 1.0], [x[1], x[2]]]) @ np.ones(2)

        def recursive(x, n):
            return x[0] if n == 0 else math.cos(x[n]) * recursive(x, n - 1)

        def even(n, x): return 1.0 if n == 0 else odd(n - 1, x) * x
        def odd(n, x): return math.exp(x) if n == 0 else even(n - 1, x) + x

        @functools.lru_cache(maxsize=None)
        def weights(n):
            return np.arange(1.0, n + 1)

        @functools.cache
        def slow_sine(x):
            return math.sin(x)

        def local_import(x):
            import math as m
            from numpy import empty
            from .basics import length as size
            from . import solver
            import numpy.linalg as la
            out = empty(2)
            out[0] = m.tanh(x[0]) + la.norm(x)
            out[1] = size(x) * solver.SCALE
            return out

        def remember(x):
            global last
            last = math.sin(x)
            return last * 2 if last is not None else 0.0

        def default_function(x, f=fill, *, g=length):
            return f(x).sum() + g(x)

        def make_counter():
            count = 0
            def step(x):
                nonlocal count
                count += 1
                return math.sin(x) * count
            return step

        counter = make_counter()

        def local_class(x):
            class Local:
                gain = TABLE["k"] * np.ones(1)
                def apply(self, v):
                    return math.log(v) * self.gain[0]
            return Local().apply(x[0])

        def sentinel(x, y=MISSING):
            return x * 2.0 if y is MISSING else x

        def special(x):
            return scipy.special.erf(x).sum() + math.erf(x[0])

        def managed(x):
            with scaled(x[0]) as b:
                return b[0] * math.sin(x[1])

        async def waits(x):
            return math.sin(x)

        def generates(x):
            def steps():
                for v in x:
                    yield math.sqrt(v)
            return sum(steps())

        def fails(x):
            global calls
            calls += 100
            raise ArithmeticError("as it should")

        def declared(x):
            globals()["calls"] = math.floor(x)
            return globals()["sin"](x) + len([k for k in globals() if k == "sin"])
    ''',
    "solver.py": """
        import dataclasses
        import enum
        import functools
        import math
        import numpy as np
        from . import basics
        from .basics import fill

        SCALE = 3.0

        class Kind(enum.Enum):
            SINE = 1

        class Failure(ValueError):
            pass

        class Base:
            registry = []
            gain = 2.0

            def __init__(self, weights):
                self.weights = np.array(weights)
                self.function = math.sin

            def apply(self, x):
                out = np.zeros(len(x))
                for i, v in enumerate(x):
                    out[i] = self.function(v) * self.weights[i]
                return out * self.gain

            def __call__(self, x):
                return self.apply(x).sum() + self.norm

            @property
            def norm(self):
                return math.fsum(self.weights)

            @norm.setter
            def norm(self, value):
                self.weights = np.full(3, value)

            @staticmethod
            def shift(v):
                return math.exp(v)

            @classmethod
            def default(cls, x):
                return cls(x)

            @functools.cached_property
            def total(self):
                return math.fsum(self.weights)

        class Model(Base):
            def __init__(self, weights, kind=Kind.SINE):
                super().__init__(weights)
                self.kind = kind
                self.calls = 0

            def apply(self, x):
                self.calls += 1
                Model.registry.append(self.kind)
                if not isinstance(self, Base) or not isinstance(self, Model):
                    raise TypeError
                if self.kind is not Kind.SINE:
                    raise Failure("kind")
                return super().apply(x) + self.shift(x[0])

            def __add__(self, other):
                return type(self)(self.weights + other.weights)

            def clone(self):
                return self.__class__(self.weights)

        class Layer:
            def __init__(self, activation, inner):
                self.activation = activation
                self.inner = inner

            def forward(self, x):
                return self.activation(x[0]) + self.inner(x)

        @dataclasses.dataclass
        class Point:
            x: object
            y: float = 1.0

            def length(self):
                return math.hypot(self.x, self.y)

        MODEL = Model([1.0, 2.0, 3.0])
        LAYER = Layer(math.tanh, MODEL)
        partial = functools.partial(basics.fill, power=3)

        def simulate(x):
            return fill(x).sum() * basics.length(x) + MODEL(x) + LAYER.forward(x)

        def builds(x):
            model = Model.default(x)
            return (model + model).clone()(x) + Point(x[0]).length()

        def catches(x):
            try:
                Model(x, kind=None)(x)
            except Failure:
                return math.sin(x[0])

        def sets(x):
            model = Model([1.0, 1.0, 1.0])
            model.norm = 2.0
            return model(x) + model.total

        def returns(x):
            return Model(x), MODEL, [Point(x[0])], basics.fill
    """,
}
