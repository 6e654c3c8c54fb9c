"""The page's data, against the transforms; what it refuses; and that nothing of the user's becomes markup."""

import dataclasses
import html
import inspect
import json
import re

import numpy as np
import pytest

import dualrev as dr
import dualrev.explore as explorer
from dualrev.explore.evaluation import evaluate
from dualrev.explore.payload import number_data

# Sums of a few products of numbers of order one, in another order than the fast sweep takes them.
EXACT = {"rtol": 1e-13, "atol": 1e-13}


def textbook(x1, x2):
    return x1 * x2 + np.sin(x1)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def network(params, x, y):
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    return np.mean((hidden @ params["W2"] - y) ** 2)


def rng():
    return np.random.default_rng(5)


def weights():
    r = rng()
    return {"W1": r.normal(size=(3, 4)), "b1": r.normal(size=4), "W2": r.normal(size=(4, 2))}


def evaluated(f, *args, argnums=None, tangent=None, cotangent=None, limit=5000):
    return evaluate(
        f,
        args,
        argnums=argnums,
        tangent=tangent,
        cotangent=cotangent,
        limit=limit,
        timing=False,
    )


def gradient(found, sweep=0):
    """Return the adjoints of the inputs."""
    return [
        found.sweeps[sweep].adjoints.get(k + 1, np.zeros(np.shape(found.values[k].value)))
        for k in range(len(found.inputs))
    ]


def test_the_textbook_trace():
    found = evaluated(textbook, 2.0, 5.0)
    assert found.inputs == ["x1", "x2"]
    assert [v.expression for v in found.values] == ["x1", "x2", "v₁ · v₂", "sin(v₁)", "v₃ + v₄"]
    assert [v.value for v in found.values] == [2.0, 5.0, 10.0, np.sin(2.0), 10 + np.sin(2.0)]
    assert [v.output for v in found.values] == ["", "", "", "", "y"]
    product, sine = found.values[2:4]
    assert product.partials == {0: 5.0, 1: 2.0}
    assert sine.partials == {0: np.cos(2.0)}
    (sweep,) = found.sweeps
    assert [p.number for p in sweep.pulls] == [5, 4, 3]
    # Each step says what is added and what the sum is then (Griewank & Walther 2008, table 3.5).
    assert sweep.pulls[1].added == [(1, np.cos(2.0), np.cos(2.0))]
    assert sweep.pulls[2].added == [(1, 5.0, 5.0 + np.cos(2.0)), (2, 2.0, 2.0)]
    assert [d.label for d in found.directions] == ["x1", "x2", "all inputs (direction of ones)"]
    assert found.directions[0].tangents == [1.0, 0.0, 5.0, np.cos(2.0), 5.0 + np.cos(2.0)]


@pytest.mark.parametrize("n", [2, 5, 100])
def test_rosenbrock(n):
    x = np.linspace(-1.2, 1.0, n)
    found = evaluated(rosenbrock, x)
    np.testing.assert_allclose(gradient(found)[0], dr.grad(rosenbrock)(x), **EXACT)
    for k, direction in enumerate(found.directions[:-1]):
        _, t = dr.jvp(rosenbrock, (x,), (np.eye(n)[k],))
        np.testing.assert_allclose(direction.tangents[-1], t, **EXACT)
        assert direction.label == f"x[{k}]"
    assert len(found.directions) == min(n, 12) + 1
    assert bool(found.hints) == (n > 12)


def test_network_with_containers():
    r = rng()
    x, y = r.normal(size=(5, 3)), r.normal(size=(5, 2))
    found = evaluated(network, weights(), x, y, argnums=0)
    assert found.inputs == ["params['W1']", "params['W2']", "params['b1']"]
    exact = dr.grad(network)(weights(), x, y)
    for name, ct in zip(("W1", "W2", "b1"), gradient(found), strict=True):
        np.testing.assert_allclose(ct, exact[name], **EXACT)
    assert found.costs.inputs == 24
    assert found.costs.outputs == 1
    # Of every leaf there is a direction.
    labels = " ".join(d.label for d in found.directions)
    assert all(f"params['{name}'][" in labels for name in weights())


def test_dataclass_and_tuple_arguments():
    @dataclasses.dataclass
    class Pair:
        left: float
        right: np.ndarray

    found = evaluated(
        lambda p, q: p.left * np.sum(p.right) * q[0], Pair(2.0, np.ones(3)), (3.0, "unused")[:1]
    )
    assert found.inputs == ["p.left", "p.right", "q[0]"]
    left, right, q = gradient(found)
    assert (left, right.tolist(), q) == (9.0, [6.0] * 3, 6.0)


def test_array_results_are_chosen_by_entry():
    a = np.array([[1.0, 2.0], [3.0, 4.0]])

    def f(x):
        return a @ np.exp(x)

    x = np.array([0.1, 0.2])
    found = evaluated(f, x, cotangent=np.array([1.0, -1.0]))
    assert [s.label for s in found.sweeps] == [
        "the given cotangent",
        "y[0]",
        "y[1]",
        "sum of all entries",
    ]
    jacobian = dr.jacobian(f)(x)
    rows = [np.array([1.0, -1.0]) @ jacobian, jacobian[0], jacobian[1], jacobian.sum(axis=0)]
    for k, row in enumerate(rows):
        np.testing.assert_allclose(gradient(found, k)[0], row, **EXACT)


def test_given_direction():
    t = np.array([0.5, -2.0])
    x = np.array([1.0, 2.0])
    found = evaluated(rosenbrock, x, tangent=t)
    assert found.directions[0].label == "the given direction"
    _, exact = dr.jvp(rosenbrock, (x,), (t,))
    np.testing.assert_allclose(found.directions[0].tangents[-1], exact, **EXACT)


def test_two_results_of_which_one_is_constant():
    found = evaluated(lambda x: {"a": x**2, "b": 1.0}, 3.0)
    assert found.values[-1].output == "y['a']"
    assert found.notes == ["y['b'] does not depend on the inputs and is not shown."]


def test_control_flow_is_what_ran():
    def f(x, n):
        y = x
        for _ in range(n):
            y = y * x if y < 10.0 else y + x
        return y

    found = evaluated(f, 3.0, 4)
    assert [v.expression for v in found.values] == ["x", "v₁ · v₁", "v₂ · v₁", "v₃ + v₁", "v₄ + v₁"]
    assert gradient(found) == [dr.grad(f)(3.0, 4)]


def test_complex_values():
    def f(z):
        return np.abs(z**2)

    z = 1.0 + 2.0j
    found = evaluated(f, z)
    np.testing.assert_allclose(gradient(found)[0], dr.grad(f)(z), **EXACT)


def test_several_outputs_of_one_operation():
    def f(a):
        sign, logdet = np.linalg.slogdet(a)
        return sign * logdet

    a = np.array([[2.0, 1.0], [0.5, 3.0]])
    np.testing.assert_allclose(gradient(evaluated(f, a))[0], dr.grad(f)(a), **EXACT)


def test_strong_zeros_as_in_every_sweep():
    def f(x):
        return np.sum(np.where(x > 0, np.log(x), 0.0))

    x = np.array([0.0, 2.0])
    with np.errstate(divide="ignore"):
        found = evaluated(f, x)
    np.testing.assert_array_equal(gradient(found)[0], [0.0, 0.5])
    assert found.directions[0].tangents[-1] == 0.0


def test_arguments_are_not_written_to():
    def f(x):
        x[0] = x[0] * 2.0
        return np.sum(x**2)

    x = np.array([1.0, 2.0])
    page = explorer.explore(f, x)
    assert x.tolist() == [1.0, 2.0]
    assert page.data["costs"]["seconds_value"] > 0


def test_a_function_that_changes_is_not_shown_in_forward_mode():
    calls = []

    def f(x):
        calls.append(1)
        return x * len(calls)

    found = evaluated(f, 2.0)
    assert found.directions == []
    assert "recorded something else" in found.notes[0]
    assert gradient(found) == [1.0]


def test_a_function_that_fails_the_second_time_is_shown_in_reverse_mode():
    calls = []

    def f(x):
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("once is enough")
        return x**2

    page = explorer.explore(f, 3.0)
    assert page.data["directions"] == []
    assert page.data["notes"] == ["Forward mode is not shown: once is enough"]
    number, ((parent, added, total),) = page.data["sweeps"][0]["pulls"][0]
    assert (number, parent, added["s"], float(total["f"])) == (2, 1, "6", 6.0)
    assert page.data["costs"]["seconds_tangent"] is None


def test_costs_are_counted_on_the_tape():
    costs = evaluated(textbook, 2.0, 5.0).costs
    assert (costs.inputs, costs.outputs, costs.operations, costs.edges) == (2, 1, 3, 5)
    # The product keeps both factors and the sine its argument, which is one of them.
    assert costs.kept == 16
    assert costs.seconds_value is None


def test_long_computations_are_shown_from_both_ends():
    def f(x):
        for _ in range(100):
            x = np.sin(x)
        return x

    page = explorer.explore(f, 1.0, limit=20, timing=False)
    numbers = [row["n"] for row in page.data["values"]]
    assert numbers == [*range(1, 11), 0, *range(92, 102)]
    gap = page.data["values"][10]
    assert gap["e"] == "81 values not shown"
    assert gap["p"] == [[0, 10]]
    assert page.data["values"][11]["p"] == [[0, 0]]
    assert "101 values were computed" in page.data["notes"][0]
    pulls = page.data["sweeps"][0]["pulls"]
    assert [p[0] for p in pulls] == [*range(101, 91, -1), 0, *range(10, 1, -1)]
    adjoint = float(pulls[-1][1][0][2]["f"])
    np.testing.assert_allclose(adjoint, dr.grad(f)(1.0), rtol=1e-14)


def test_endless_computations_are_refused():
    def f(x):
        while True:
            x = x + 1.0

    with pytest.raises(dr.InputError, match="more than 400 operations"):
        explorer.explore(f, 1.0, limit=10)


@pytest.mark.parametrize(
    ("f", "args", "error", "words"),
    [
        (lambda x: 3.0, (1.0,), dr.OutputError, "does not depend on the arguments"),
        (lambda x: dr.value(x) ** 2, (1.0,), dr.OutputError, "nothing to show"),
        (lambda x: None, (1.0,), dr.OutputError, "return statement"),
        (lambda x: x, (1,), dr.InputError, "no argument holds floats"),
        (lambda x: x, ("a",), dr.InputError, "no argument holds floats"),
    ],
)
def test_errors(f, args, error, words):
    with pytest.raises(error, match=words):
        explorer.explore(f, *args)


def test_wrong_cotangent():
    with pytest.raises(dr.ShapeError, match="cotangent has shape"):
        explorer.explore(np.sin, np.ones(3), cotangent=np.ones(2))
    with pytest.raises(dr.InputError, match="has 2 parts, the result 1"):
        explorer.explore(np.sin, np.ones(3), cotangent=(1.0, 2.0))


def test_values_that_are_not_finite_are_said():
    with np.errstate(all="ignore"):
        page = explorer.explore(lambda x: np.log(x) - np.log(x), 0.0, timing=False)
    shown = [row["v"] for row in page.data["values"]]
    assert [v if isinstance(v, str) else v["s"] for v in shown] == ["0", "−∞", "−∞", "NaN"]
    # JSON has no NaN; numbers are text.
    assert "NaN" in json.dumps(page.data, allow_nan=False)


# -- data of numbers --------------------------------------------------------------------------------------------------


def test_scalars_keep_all_digits():
    assert number_data(1 / 3) == {"s": "0.333333", "f": "0.3333333333333333"}
    assert float(number_data(np.float64(np.pi))["f"]) == np.pi


def test_heat_map():
    x = np.array([[1.0, -2.0], [0.0, np.nan]])
    rows, columns, letters, largest = number_data(x)["h"]
    assert (rows, columns, largest) == (2, 2, "2")
    # Half of the strongest, the strongest negative, zero, and one that is lost.
    assert letters[1:] == "a0!"
    assert letters[0] in "FG"


def test_heat_map_of_a_large_array_shows_its_strongest_entries():
    x = np.zeros((100, 50))
    x[99, 0] = -7.0
    rows, columns, letters, largest = number_data(x)["h"]
    assert (rows, columns, largest) == (12, 12, "7")
    assert letters == "0" * 132 + "a" + "0" * 11


def test_no_heat_map_of_zeros():
    assert "h" not in number_data(np.zeros(20))


# -- the page ---------------------------------------------------------------------------------------------------------


def embedded(page):
    """Return the data as a browser reads it."""
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.html, re.DOTALL
    )
    return json.loads(found[1])


def test_html_holds_the_data():
    page = explorer.explore(textbook, 2.0, 5.0, timing=False)
    assert embedded(page) == page.data
    assert page.html.count("<script") == 2
    assert page.title == "textbook"


def test_nothing_is_loaded():
    text = explorer.explore(textbook, 2.0, 5.0, timing=False).html
    assert "default-src 'none'" in text
    namespaces = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= namespaces
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)", text)


def test_what_the_user_writes_is_text():
    nasty = "</script><img src=x onerror=alert(1)>&<!--\u2028"

    def f(params):
        return params[nasty] ** 2

    page = explorer.explore(f, {nasty: 2.0}, title=nasty, timing=False)
    assert page.html.count("</script>") == 2
    assert "<img" not in page.html
    assert f"<title>{html.escape(nasty)}" in page.html
    assert embedded(page)["title"] == nasty
    assert embedded(page)["values"][0]["e"] == f"params[{nasty!r}]"


def test_notebook_frame():
    page = explorer.explore(textbook, 2.0, 5.0, timing=False)
    frame = page._repr_html_()
    assert frame.startswith("<iframe ")
    inner = re.search(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(inner[1]) == page.html


def test_saving_and_opening(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    path = tmp_path / "page.html"
    page = explorer.explore(textbook, 2.0, 5.0, path=path, timing=False, open_browser=True)
    assert path.read_text("utf-8") == page.html
    assert len(shown) == 1
    assert shown[0].startswith("file://")


def test_source_and_lines():
    data = explorer.explore(textbook, 2.0, 5.0, timing=False).data
    (block,) = data["source"]
    lines, start = inspect.getsourcelines(textbook)
    assert block["lines"] == [line.rstrip("\n") for line in lines]
    assert block["start"] == start
    assert data["where"][0]["line"] == start + 1
    assert data["where"][0]["text"] == "return x1 * x2 + np.sin(x1)"
    # Folders are nobody's business.
    assert "/" not in data["where"][0]["file"]


def test_the_module_is_a_function():
    page = explorer(textbook, 2.0, 5.0, timing=False)
    assert type(page) is explorer.Page
    assert inspect.signature(explorer) == inspect.signature(explorer.explore)
    assert type(explorer).__call__.__doc__ == explorer.explore.__doc__
    assert "plot" in dir(explorer)
    with pytest.raises(AttributeError, match="no attribute 'plots'"):
        _ = explorer.plots


def test_rules_are_described():
    rules = explorer.explore(textbook, 2.0, 5.0, timing=False).data["rules"]
    assert rules["sin"]["formula"] == "cos x"
    assert rules["multiply"]["arguments"] == ["a", "b"]
    assert rules["multiply"]["function"] == "numpy.multiply"
