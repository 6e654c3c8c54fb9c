"""The page in a real browser: what it shows at each step, in both modes, by keyboard, on a phone, without a network."""

import json
import re
import shutil
import zlib

import numpy as np
import pytest

import dualrev as dr
from dualrev.explore import explore

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the page is tested with playwright, which is not installed"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the page is tested in Chromium, which is not installed"
)

FLAGS = """
    --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync
""".split()


def textbook(x1, x2):
    return x1 * x2 + np.sin(x1)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def looped(x):
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100 * (x[i + 1] - x[i] ** 2) ** 2
        total = total + (1 - x[i]) ** 2
    return total


def layer(w, b, x):
    return np.tanh(x @ w + b)


def network(params, x, y):
    hidden = layer(params["W1"], params["b1"], x)
    return np.mean((hidden @ params["W2"] - y) ** 2)


def network_arguments():
    r = np.random.default_rng(1)
    params = {"W1": r.normal(size=(3, 8)), "b1": r.normal(size=8), "W2": r.normal(size=(8, 2))}
    return params, r.normal(size=(20, 3)), r.normal(size=(20, 2))


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Return a function that shows a page; afterwards check that it loaded nothing and complained of nothing."""
    contexts, complaints = [], []

    def show(page, width=1280, height=860, **settings):
        path = page.save(tmp_path / "page.html")
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on(
            "request",
            lambda request: (
                None if request.url == path.as_uri() else complaints.append(request.url)
            ),
        )
        contexts.append(context)
        tab.goto(path.as_uri())
        return tab

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def status(tab):
    return tab.inner_text("#status")


def press(tab, key, times=1):
    for _ in range(times):
        tab.keyboard.press(key)


def cell(tab, n, column):
    return tab.inner_text(f'tr[data-n="{n}"] td.{column}')


def term(tab, name):
    """Return what the rule panel says of a term."""
    terms, words = tab.locator("#rule dt").all_inner_texts(), tab.locator("#rule dd").all()
    return words[terms.index(name)].inner_text()


def box(tab, text):
    return tab.locator(".node", has_text=text)


def lines(box):
    """Return the lines of text in a box of the graph."""
    return box.evaluate("e => [...e.querySelectorAll('text')].map(t => t.textContent)")


def test_values_then_adjoints(visit):
    tab = visit(explore(textbook, 2.0, 5.0))
    assert tab.title() == "textbook · dualrev"
    assert status(tab).startswith("Step 0 of 9")
    assert cell(tab, 3, "value") == ""
    press(tab, "ArrowRight", 3)
    assert status(tab) == "Step 3 of 9, evaluation: v₃ = v₁ · v₂ = 10."
    assert [cell(tab, n, "value") for n in (1, 2, 3, 4)] == ["2", "5", "10", ""]
    assert tab.locator("tr.now").get_attribute("data-n") == "3"
    assert term(tab, "a = v₁").split() == ["2", "∂v₃/∂v₁", "=", "5.0"]
    press(tab, "ArrowRight", 3)
    assert status(tab) == "Step 6 of 9, the reverse sweep begins: v̄₅ = 1."
    assert cell(tab, 1, "derivative") == ""
    press(tab, "End")
    press(tab, "ArrowLeft")
    # Two operations read x1; after the first of them its adjoint is a part of the sum.
    assert cell(tab, 1, "derivative") == f"{np.cos(2.0):.6g}".replace("-", "−")
    press(tab, "ArrowRight")
    exact = dr.grad(textbook, argnums=(0, 1))(2.0, 5.0)
    for n, g in zip((1, 2), exact, strict=True):
        tab.locator(f'tr[data-n="{n}"]').hover()
        assert float(term(tab, "adjoint").split(" = ")[1]) == pytest.approx(float(g), rel=1e-14)
        assert cell(tab, n, "derivative") == f"{g:.6g}"
    press(tab, "Home")
    assert status(tab).startswith("Step 0 of 9")
    assert cell(tab, 1, "derivative") == cell(tab, 1, "value") == ""


def test_tangents_in_forward_mode(visit):
    tab = visit(explore(textbook, 2.0, 5.0))
    tab.get_by_label("Forward", exact=True).check()
    assert tab.inner_text("#derivative-head") == "tangent"
    for k, seeds in enumerate([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]):
        tab.get_by_label("Direction").select_option(str(k))
        tab.locator("h1").click()
        press(tab, "End")
        y, t = dr.jvp(textbook, (2.0, 5.0), seeds)
        tab.locator('tr[data-n="5"]').hover()
        assert float(term(tab, "tangent").split(" = ")[-1]) == pytest.approx(float(t), rel=1e-14)
        assert float(term(tab, "value")) == y
        assert [cell(tab, n, "derivative") for n in (1, 2)] == [f"{s:g}" for s in seeds]
    press(tab, "ArrowLeft")
    assert cell(tab, 5, "derivative") == ""
    assert "forward mode" in status(tab)
    assert tab.locator("#costs td.on").first.get_attribute("data-mode") == "forward"


def test_array_results_by_entry(visit):
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = np.array([0.1, 0.2])

    def f(x):
        return a @ np.exp(x)

    tab = visit(explore(f, x))
    jacobian = dr.jacobian(f)(x)
    for k, label in enumerate(["y[0]", "y[1]", "sum of all entries"]):
        tab.get_by_label("Derivative of").select_option(label=label)
        tab.locator("h1").click()
        press(tab, "End")
        tab.locator('tr[data-n="1"]').hover()
        shown = json.loads(term(tab, "adjoint").split(" = ")[1].replace("−", "-"))
        row = jacobian.sum(axis=0) if k == 2 else jacobian[k]
        np.testing.assert_allclose(shown, row, rtol=1e-7)  # eight digits are shown


def test_the_slider_and_the_buttons(visit):
    tab = visit(explore(textbook, 2.0, 5.0))
    tab.get_by_role("button", name="Last step").click()
    assert status(tab).startswith("Step 9 of 9")
    assert tab.get_by_role("button", name="Step forward").is_disabled()
    tab.get_by_role("button", name="Step back").click()
    tab.get_by_role("button", name="First step").click()
    slider = tab.get_by_role("slider", name="Step")
    slider.focus()
    press(tab, "ArrowRight", 2)
    assert status(tab).startswith("Step 2 of 9")
    assert slider.get_attribute("aria-valuetext") == status(tab)
    slider.fill("7")
    assert "reverse sweep through v₅" in status(tab)


def test_playing(visit):
    tab = visit(explore(textbook, 2.0, 5.0))
    tab.clock.install()
    press(tab, "Space")
    assert tab.get_by_role("button", name="Pause").is_visible()
    tab.clock.run_for(2000)
    assert status(tab).startswith("Step 2 of 9")
    press(tab, "Space")
    tab.clock.run_for(2000)
    assert status(tab).startswith("Step 2 of 9")
    press(tab, "Space")
    tab.clock.run_for(60_000)
    assert status(tab).startswith("Step 9 of 9")
    assert tab.get_by_role("button", name="Play").is_visible()


def test_the_graph_shows_what_the_table_shows(visit):
    page = explore(rosenbrock, np.array([-1.2, 1.0]))
    tab = visit(page)
    press(tab, "End")
    assert tab.locator(".node").count() == 12
    g = dr.grad(rosenbrock)(np.array([-1.2, 1.0]))
    adjoint = f"[{g[0]:.4g}, {g[1]:.4g}]".replace("-", "−")
    assert lines(box(tab, "v₁ = x")) == ["v₁ = x", "[−1.2, 1]", adjoint]
    assert cell(tab, 1, "derivative") == adjoint
    # One edge for every pair of an operation and an operand that varies.
    assert tab.locator(".edge path").count() == page.data["costs"]["edges"] == 13
    tab.locator(".node").nth(5).focus()
    name = tab.locator(".node").nth(5).get_attribute("aria-label")
    assert re.match(r"v₆ = v₅ \^ 2, value \[0\.1936\], adjoint", name)
    press(tab, "ArrowDown")
    assert tab.evaluate("document.activeElement.dataset.key") == "v7"
    assert tab.inner_text("#rule .title") == "v₇ = 100 · v₆"


def test_no_boxes_overlap(visit):
    tab = visit(explore(network, *network_arguments(), argnums=0))
    sizes = tab.eval_on_selector_all(
        ".node .box",
        "found => found.map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])",
    )
    assert len(sizes) == 10
    for i, a in enumerate(sizes):
        for b in sizes[:i]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


def test_words_fit_their_boxes(visit):
    tab = visit(explore(network, *network_arguments(), argnums=0))
    press(tab, "End")
    wide = tab.eval_on_selector_all(
        ".node",
        """found => found.map(e => {
            const box = e.querySelector(".box").getBoundingClientRect();
            return Math.max(...[...e.querySelectorAll("text")].map(t => t.getBoundingClientRect().width)) - box.width;
        })""",
    )
    assert max(wide) < 0


def test_a_network_has_heat_maps_and_shapes(visit):
    tab = visit(explore(network, *network_arguments(), argnums=0))
    press(tab, "End")
    assert cell(tab, 1, "shape") == "3×8"
    assert tab.locator('tr[data-n="1"] canvas').count() == 2
    assert "heat map, 3 by 8 cells" in tab.locator('tr[data-n="1"] canvas').first.get_attribute(
        "aria-label"
    )
    painted = tab.evaluate(
        """() => {
            const c = document.querySelector('tr[data-n="1"] canvas');
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            return new Set(Array.from({length: 24}, (_, k) => d.slice(4 * k, 4 * k + 4).join())).size;
        }"""
    )
    assert painted > 10
    exact = dr.grad(network)(*network_arguments())["b1"]
    tab.locator('tr[data-n="3"]').hover()
    shown = json.loads(term(tab, "adjoint").split(" = ")[1].replace("−", "-"))
    np.testing.assert_allclose(shown, exact, rtol=1e-7)


def test_large_graphs_are_collapsed_and_open(visit):
    tab = visit(explore(looped, np.linspace(-1.0, 1.0, 100), timing=False))
    assert tab.locator("#rows tr").count() == 1090
    assert tab.locator("#detail").input_value() == "line"
    assert tab.locator(".node").count() == 3
    assert lines(box(tab, "line ").nth(0))[2] == "693 operations"
    tab.locator("#detail").select_option("function")
    assert tab.locator(".node").count() == 2
    box(tab, "looped").focus()
    assert "1089 operations, 0 of them evaluated" in tab.inner_text("#rule")
    press(tab, "Enter")
    assert tab.locator(".node").count() == 3
    press(tab, "End")
    assert status(tab).startswith("Step 2180 of 2180")
    done, whole = tab.eval_on_selector_all(
        ".node.group .bar-done, .node.group .bar-ground",
        "found => found.slice(0, 2).map(e => Number(e.getAttribute('width')))",
    )
    assert done == pytest.approx(whole, rel=1e-12)
    g = dr.grad(looped)(np.linspace(-1.0, 1.0, 100))
    assert cell(tab, 1, "derivative") == f"{g.min():.4g} … {g.max():.4g}".replace("-", "−")


def test_opening_and_closing_a_small_group(visit):
    tab = visit(explore(network, *network_arguments(), argnums=0))
    tab.locator("#detail").select_option("function")
    assert tab.locator(".node").count() == 5
    box(tab, "layer").focus()
    tab.get_by_role("button", name="Open: show its operations").click()
    assert tab.locator(".node").count() == 7
    tab.get_by_role("button", name="Close layer").click()
    assert tab.locator(".node").count() == 5


def test_what_the_user_writes_is_text(visit):
    nasty = "<img src=x onerror=alert(1)></script>"

    def f(params):
        return params[nasty] ** 2

    tab = visit(explore(f, {nasty: 2.0}, title=nasty))
    assert tab.inner_text("h1") == nasty
    assert nasty in tab.inner_text('tr[data-n="1"]')
    assert tab.locator("img").count() == 0


def test_values_that_are_not_finite(visit):
    with np.errstate(all="ignore"):
        page = explore(lambda x: np.log(x) * 2.0, np.zeros(3))
    tab = visit(page)
    press(tab, "End")
    assert cell(tab, 2, "value") == "[−∞, −∞, −∞]"
    assert "∞" in cell(tab, 1, "derivative")


CONTRAST = """() => {
    const ink = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgb = colour => {
        ink.clearRect(0, 0, 1, 1);
        ink.fillStyle = colour;
        ink.fillRect(0, 0, 1, 1);
        return [...ink.getImageData(0, 0, 1, 1).data];
    };
    const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = colour => {
        const [r, g, b] = colour.map(v => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = e => {
        for (; e; e = e.parentElement) {
            const colour = rgb(getComputedStyle(e).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255];
    };
    const words = "h1, h2, p, td, th, dt, dd, button, select, label span, kbd, .row, .tag";
    const found = [];
    for (const e of document.querySelectorAll(words)) {
        if (!e.textContent.trim() || !e.checkVisibility() || e.disabled) continue;
        if (e.closest(".hidden, .skip")) continue;
        const pair = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (ratio < 4.5) found.push([e.tagName, e.className, e.textContent.slice(0, 30), ratio]);
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_contrast(visit, scheme, mode):
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    tab = visit(explore(network, *network_arguments(), argnums=0), color_scheme=scheme)
    tab.get_by_label(mode.title(), exact=True).check()
    tab.locator("h1").click()
    press(tab, "End")
    press(tab, "ArrowLeft", 2)
    assert tab.evaluate(CONTRAST) == []


def test_themes(visit):
    tab = visit(explore(textbook, 2.0, 5.0), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)
    tab.get_by_role("button", name="Light colours").click()
    light = tab.evaluate(ground)
    assert (sum(map(int, re.findall(r"\d+", dark))), dark) < (150, dark)
    assert sum(map(int, re.findall(r"\d+", light))) > 600
    tab.get_by_role("button", name="Dark colours").click()
    assert tab.evaluate(ground) == dark


@pytest.mark.parametrize("f", ["textbook", "network", "looped"])
def test_a_phone(visit, f):
    page = {
        "textbook": lambda: explore(textbook, 2.0, 5.0),
        "network": lambda: explore(network, *network_arguments(), argnums=0),
        "looped": lambda: explore(looped, np.linspace(-1.0, 1.0, 12)),
    }[f]()
    tab = visit(page, width=390, height=844, has_touch=True)
    press(tab, "End")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("First step", "Step back", "Play", "Step forward", "Last step"):
        size = tab.get_by_role("button", name=name, exact=True).bounding_box()
        # WCAG 2.2, 2.5.8: 24 pixels at least.
        assert min(size["width"], size["height"]) >= 24
        assert size["x"] >= 0
        assert size["x"] + size["width"] <= 390


NAMELESS = """() => {
    const controls = "button, select, input, [role=button], [role=slider], [tabindex='0']";
    const named = e => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
        || e.labels?.length || e.textContent.trim();
    return [...document.querySelectorAll(controls)]
        .filter(e => e.checkVisibility() && !named(e)).map(e => e.outerHTML.slice(0, 80));
}"""


def test_every_control_has_a_name_and_ids_are_unique(visit):
    tab = visit(explore(network, *network_arguments(), argnums=0))
    press(tab, "End")
    assert tab.evaluate(NAMELESS) == []
    ids = tab.eval_on_selector_all("[id]", "found => found.map(e => e.id)")
    assert len(ids) == len(set(ids))
    named = tab.eval_on_selector_all(
        "[aria-labelledby]", "found => found.map(e => e.getAttribute('aria-labelledby'))"
    )
    assert set(named) <= set(ids)
    assert tab.get_attribute("html", "lang") == "en"
    assert tab.locator("h1").count() == 1
    assert tab.get_attribute("#status", "aria-live") == "polite"


def test_the_order_of_tab_is_short_and_visible(visit):
    """One stop each for the table and the graph, however many values there are; each shows its focus."""
    tab = visit(explore(looped, np.linspace(-1.0, 1.0, 12), timing=False))
    press(tab, "ArrowRight")
    stops = []
    for _ in range(40):
        press(tab, "Tab")
        tag = tab.evaluate(
            "document.activeElement.id || document.activeElement.className.baseVal || document.activeElement.tagName"
        )
        if tag == "BODY":
            break
        stops.append(tag)
    assert stops[0] == "A"  # to the trace, past everything else
    assert stops.count("TR") == 1
    assert len([s for s in stops if "node" in s]) == 1
    assert len(stops) < 25
    for target in ("#pick", "#play", 'tr[tabindex="0"]'):
        tab.locator("#theme").focus()
        press(tab, "Tab")
        tab.locator(target).focus()
        assert tab.evaluate(
            f"getComputedStyle(document.querySelector('{target}')).outlineStyle"
        ) in (
            "solid",
            "auto",
        )


def test_reduced_motion(visit):
    tab = visit(explore(textbook, 2.0, 5.0), reduced_motion="reduce")
    press(tab, "End")
    assert tab.locator(".edge.reverse path").count() > 0
    assert (
        tab.eval_on_selector(".edge.reverse path", "e => getComputedStyle(e).animationName")
        == "none"
    )


def test_values_and_adjoints_are_in_sight(visit):
    """A matrix of six entries is written in full; its adjoint must not be pushed out of the panel."""
    rng = np.random.default_rng(0)
    weights = {"W": rng.normal(size=(3, 2)), "b": np.zeros(3), "v": rng.normal(size=3)}

    def small(weights, x, target):
        hidden = np.tanh(weights["W"] @ x + weights["b"])
        return (weights["v"] @ hidden - target) ** 2

    tab = visit(explore(small, weights, np.array([0.5, -1.0]), 1.0, argnums=0, timing=False))
    press(tab, "End")
    wide = "e => e.scrollWidth - e.clientWidth"
    assert tab.eval_on_selector("#trace", wide) == 0
    tab.emulate_media(media="print")
    assert tab.eval_on_selector("#trace", wide) == 0


def test_fit_shows_all(visit):
    def deep(x):
        for _ in range(25):
            x = np.sin(x)
        return x

    tab = visit(explore(deep, 1.0, timing=False))
    inside = """() => {
        const room = document.getElementById("graph").getBoundingClientRect();
        return [...document.querySelectorAll(".node .box")].map(e => e.getBoundingClientRect())
            .filter(r => r.top < room.top || r.bottom > room.bottom || r.left < room.left || r.right > room.right)
            .length;
    }"""
    # At first only as much of it as can be read.
    assert tab.evaluate(inside) > 0
    tab.get_by_role("button", name="Fit").click()
    assert tab.evaluate(inside) == 0
    press(tab, "+", 3)
    assert tab.evaluate(inside) > 0
    press(tab, "0")
    assert tab.evaluate(inside) == 0


def test_zoom_and_pan(visit):
    tab = visit(explore(textbook, 2.0, 5.0))
    where = "document.getElementById('scene').getAttribute('transform')"
    before = tab.evaluate(where)
    press(tab, "+")
    larger = tab.evaluate(where)
    assert larger != before
    press(tab, "0")
    assert tab.evaluate(where) == before
    size = tab.locator("#graph").bounding_box()
    tab.mouse.move(size["x"] + 20, size["y"] + 20)
    tab.mouse.down()
    tab.mouse.move(size["x"] + 60, size["y"] + 50, steps=4)
    tab.mouse.up()
    moved = tab.evaluate(where)
    x0, y0 = map(float, re.findall(r"translate\((\S+) (\S+)\)", before)[0])
    x1, y1 = map(float, re.findall(r"translate\((\S+) (\S+)\)", moved)[0])
    assert (x1 - x0, y1 - y0) == pytest.approx((40, 30), abs=0.02)


def test_in_a_notebook_frame(visit, browser, tmp_path):
    page = explore(textbook, 2.0, 5.0)
    outer = tmp_path / "notebook.html"
    outer.write_text(f"<!doctype html><title>n</title>{page._repr_html_()}", encoding="utf-8")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(outer.as_uri())
    frame = tab.frame_locator("iframe")
    frame.get_by_role("button", name="Last step").click()
    assert frame.locator("#status").inner_text().startswith("Step 9 of 9")
    context.close()


def pixels(png):
    """Return the raw bytes of an 8-bit PNG, filters and all: enough to see that it is no blank."""
    data, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    return zlib.decompress(data)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_is_not_blank(visit, scheme):
    tab = visit(explore(rosenbrock, np.linspace(-1.0, 1.0, 5)), color_scheme=scheme)
    press(tab, "End")
    raw = np.frombuffer(pixels(tab.locator(".graph").screenshot()), np.uint8)
    # A blank has one filter byte per line and zeros: boxes, lines and letters are a few percent of the ground.
    assert np.count_nonzero(raw) > 0.02 * raw.size
