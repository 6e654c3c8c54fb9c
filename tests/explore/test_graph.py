"""The graph of a tape: nodes and edges as data, the text of the drawing, and what Graphviz makes of it."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import dualrev as dr
from dualrev.modes.graph import Graph, GraphNode, tape_graph
from dualrev.modes.nodes import operand_sources, source_line, tape_nodes
from dualrev.modes.notation import brief, index_text, number

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None, reason="the program dot of Graphviz is not installed"
)


def recorded(f, *xs):
    """Return the closed tape of f, swept, and its variables."""
    tape = dr.Tape()
    variables = [tape.variable(x) for x in xs]
    tape.sweep(f(*variables))
    return tape, variables


def small():
    return recorded(lambda x1, x2: x1 * x2 + np.sin(x1), 2.0, 5.0)[0]


def cell(h, w):
    a = w @ h
    return np.tanh(a)


def readout(h):
    return np.sum(h**2)


def chain(w, steps):
    h = np.ones(3)
    for _ in range(steps):
        h = cell(h, w)
    return readout(h)


def looped(steps):
    w = np.random.default_rng(0).normal(size=(3, 3))
    return recorded(lambda w: chain(w, steps), w)[0]


def edges(dot):
    """Return (tail, head) -> label of a DOT text."""
    found = {}
    for tail, head, rest in re.findall(r"^\s*n(\d+) -> n(\d+)(.*);$", dot, re.MULTILINE):
        label = re.search(r'label=" (\d+)×"', rest)
        found[int(tail), int(head)] = int(label[1]) if label else 1
    return found


def test_nodes_of_the_textbook_example():
    x1, x2, product, sine, y = tape_nodes(small(), ["x1", "x2"])
    assert [n.number for n in (x1, x2, product, sine, y)] == [1, 2, 3, 4, 5]
    assert (x1.name, x1.expression, x1.parents) == ("", "x1", ())
    assert (product.name, product.expression, product.parents) == ("multiply", "v₁ · v₂", (1, 2))
    assert (sine.name, sine.expression, sine.parents) == ("sin", "sin(v₁)", (1,))
    assert (y.expression, y.parents, y.output) == ("v₃ + v₄", (3, 4), True)
    assert not any(n.output for n in (x1, x2, product, sine))
    assert x1.adjoint == 5.0 + np.cos(2.0)
    assert x2.adjoint == 2.0
    assert y.value == 10.0 + np.sin(2.0)
    assert source_line(y.where).function == "<lambda>"
    assert source_line(y.where).file == __file__


def test_without_a_sweep_there_are_no_adjoints():
    tape = dr.Tape()
    np.sin(tape.variable(1.0))
    assert [n.adjoint for n in tape_nodes(tape)] == [None, None]


def test_operands_are_those_of_the_time_of_reading():
    """A write in place gives the handle another value; what was read before keeps its parent."""
    tape = dr.Tape()
    x = tape.variable(np.array([1.0, 2.0, 3.0]))
    y = 2.0 * x
    z = np.sin(y)
    y[0] = x[1]
    total = np.sum(y * z)
    expressions = [(n.expression, n.parents) for n in tape_nodes(tape)[1:5]]
    assert expressions == [
        ("2 · v₁", (1,)),
        ("sin(v₂)", (2,)),
        ("v₁[1]", (1,)),
        ("v₂[0] ← v₄", (2, 4)),
    ]
    assert tape_nodes(tape)[5].parents == (5, 3)
    tape.sweep(total)
    assert (
        tape_nodes(tape)[1].adjoint.tolist()
        == (
            np.array([0.0, *np.sin([4.0, 6.0])])
            + np.array([2.0, 4.0, 6.0]) * np.cos([2.0, 4.0, 6.0])
        ).tolist()
    )


def test_several_outputs_share_their_parents():
    tape = dr.Tape()
    a = tape.variable(np.array([[2.0, 1.0], [1.0, 3.0]]))
    q, r = np.linalg.qr(a)
    nodes = tape_nodes(tape)
    assert [n.name for n in nodes] == ["", "qr", "qr"]
    assert [n.parents for n in nodes] == [(), (1,), (1,)]
    assert set(operand_sources(tape)[q.index].values()) == {a.index}
    tape.sweep(np.sum(r))
    assert np.array_equal(tape_nodes(tape)[1].adjoint, np.zeros((2, 2)))


def test_the_same_value_twice():
    tape = dr.Tape()
    x = tape.variable(3.0)
    tape.sweep(x * x)
    assert tape_nodes(tape)[1].parents == (1, 1)
    assert list(edges(tape_graph(tape).dot)) == [(0, 1)]


def test_rules_of_the_users_own():
    @dr.custom_vjp
    def scale(a, b):
        return a * b

    scale.defvjp(lambda a, b: (a * b, (a, b)), lambda kept, ct: (ct * kept[1], ct * kept[0]))
    tape = dr.Tape()
    x = tape.variable(2.0)
    y = scale(3.0, x)
    tape.sweep(y)
    *_, last = tape_nodes(tape)
    assert last.parents == (1,)
    assert last.value == 6.0


def test_dot_text_states_values_and_adjoints():
    graph = tape_graph(small(), names=["x1", "x2"], title='say "f"')
    assert graph.collapse == "none"
    for text in ("v₁ = x1", "v₃ = v₁ · v₂", "v₅ = v₃ + v₄", "10.9093", "adjoint 4.58385"):
        assert text in graph.dot
    assert r'label="say \"f\""' in graph.dot
    assert edges(graph.dot) == {(0, 2): 1, (1, 2): 1, (0, 3): 1, (2, 4): 1, (3, 4): 1}


def test_names_are_escaped():
    graph = Graph([GraphNode(1, "", "<b>&", (), 1.0)], title='a"\\')
    assert "v₁ = &lt;b&gt;&amp;" in graph.dot
    assert '"a\\"\\\\"' in graph.dot


@pytest.mark.parametrize(("how", "boxes"), [("function", 3), ("line", 4), ("none", 203)])
def test_collapse(how, boxes):
    """w, and 100 times the two lines of cell, and the one of readout."""
    graph = tape_graph(looped(100), names=["w"], collapse=how)
    assert len(re.findall(r"^\s*n\d+ \[label", graph.dot, re.MULTILINE)) == boxes
    assert graph.collapse == how


def test_counts_on_collapsed_edges_and_boxes():
    dot = tape_graph(looped(100), names=["w"], collapse="line").dot
    # w is read by the first line of the cell 100 times; the second line feeds it back 99 times.
    assert edges(dot) == {(0, 1): 100, (1, 2): 100, (2, 1): 99, (2, 3): 1}
    assert "100 operations: matmul 100×" in dot
    assert "constraint=false" in dot
    functions = tape_graph(looped(100), names=["w"], collapse="function").dot
    assert edges(functions) == {(0, 1): 100, (1, 2): 1}
    assert "200 operations: matmul 100×, tanh 100×" in functions
    assert len(re.findall("subgraph cluster", dot)) == 2
    assert "subgraph" not in functions


@pytest.mark.parametrize(("steps", "how"), [(3, "none"), (100, "line")])
def test_auto_takes_the_finest_that_can_be_read(steps, how):
    assert tape_graph(looped(steps)).collapse == how


def test_wrong_collapse():
    with pytest.raises(ValueError, match="collapse= is one of"):
        tape_graph(small(), collapse="lines")


@needs_dot
@pytest.mark.parametrize("how", ["function", "line", "none"])
def test_dot_parses(how):
    dot = tape_graph(looped(10), names=["w"], collapse=how, title="<ü>").dot
    done = subprocess.run(
        ["dot", "-Tplain"], input=dot.encode(), capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    drawn = [line.split()[1] for line in done.stdout.decode().splitlines() if line[:5] == "node "]
    assert len(drawn) == {"function": 3, "line": 4, "none": 23}[how]


@needs_dot
def test_pictures(tmp_path):
    pytest.importorskip("graphviz", reason="needs the Python package graphviz")
    graph = tape_graph(small(), names=["x1", "x2"])
    assert "<svg" in graph.svg()
    assert "v₃ = v₁ · v₂" in graph._repr_svg_()
    assert set(graph._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
    for suffix, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")):
        path = graph.save(tmp_path / f"graph{suffix}")
        assert path.read_bytes().startswith(start)


def test_saved_text(tmp_path):
    graph = tape_graph(small())
    assert graph.save(tmp_path / "graph.dot").read_text("utf-8") == graph.dot
    with pytest.raises(ValueError, match=r"graph\.jpg.*should end in"):
        graph.save(tmp_path / "graph.jpg")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    graph = tape_graph(small())
    with pytest.raises(ImportError, match=r"pip install dualrev\[plot\]"):
        graph.svg()
    bundle = graph._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "dualrev[plot]" in bundle["text/plain"]
    assert graph._repr_svg_() is None
    assert graph.dot.startswith("digraph")


def test_without_the_program(monkeypatch, tmp_path):
    pytest.importorskip("graphviz", reason="needs the Python package graphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="apt install graphviz"):
        tape_graph(small()).svg()


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (2.0, "2"),
        (-0.0, "0"),
        (-1.5, "−1.5"),
        (np.nan, "NaN"),
        (-np.inf, "−∞"),
        (1 - 2j, "1-2j"),
        (np.array([1.0, -2.0]), "[1, −2]"),
        (np.array([[1.0], [2.0]]), "[[1], [2]]"),
        (np.arange(10.0), "0 … 9"),
        (np.ones(10), "1"),
        (np.r_[np.nan, np.arange(9.0)], "0 … 8 (1 NaN)"),
        (np.r_[np.inf, np.nan, np.arange(9.0)], "0 … 8 (2 not finite)"),
        (np.full(9, np.nan), "none finite (9 NaN)"),
        (np.zeros((0, 3)), "empty"),
    ],
)
def test_brief(x, text):
    assert brief(x) == text


def test_index_text():
    assert index_text((slice(1, None), 0, Ellipsis, None, slice(None, None, 2))) == (
        "1:, 0, ..., None, ::2"
    )
    assert index_text(np.arange(20)).endswith("...]")
    assert number(1e-300) == "1e−300"
