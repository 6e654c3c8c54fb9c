"""The built site in a real browser, as wide as a desk and as a phone: nothing sticks out, fails or is fetched.

sphinx-build -q -W --keep-going docs OUT && DUALREV_SITE=OUT python -m pytest tests/docs/test_pages.py
"""

import functools
import http.server
import os
import re
import shutil
import threading
from pathlib import Path

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="a browser is driven with the extra browser"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SITE = os.environ.get("DUALREV_SITE")

pytestmark = [
    pytest.mark.skipif(SITE is None, reason="DUALREV_SITE names no folder with the built site"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(
    page.relative_to(DOCS).with_suffix("").as_posix()
    for page in DOCS.rglob("*.md")
    if not {"_build", "generated"} & set(page.relative_to(DOCS).parts)
)
# Of the generated pages, those with the longest name and with members.
PAGES += [
    f"reference/generated/dualrev.{name}"
    for name in ("sparse.bidirectional_colouring", "Tape", "nn.Module")
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site():
    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """Return a function that opens a page of the site, and what went wrong on it."""
    contexts = []

    def visit(page, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme)
        contexts.append(context)
        tab, wrong = context.new_page(), []
        tab.on(
            "console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None
        )
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        # A request is aborted where the test itself leaves a page that is still loading.
        tab.on(
            "requestfailed",
            lambda r: None if r.failure == "net::ERR_ABORTED" else wrong.append(f"failed: {r.url}"),
        )
        tab.on(
            "request",
            lambda r: (
                None if r.url.startswith((site, "data:")) else wrong.append(f"fetched: {r.url}")
            ),
        )
        tab.goto(f"{site}/{page}.html", wait_until="load")
        return tab, wrong

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_and_needs_nobody_else(visit, page, width):
    tab, wrong = visit(page, width)
    assert tab.locator("h1").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []


def test_no_path_of_the_machine_that_built_it():
    for page in PAGES:
        text = (Path(SITE) / f"{page}.html").read_text(encoding="utf-8")
        found = re.search(r"(?<![\w.:/])/(?:home|tmp|root|Users|work|var)/\w.{0,40}", text)
        assert not found, f"{page}: {found[0]}"


def test_formulas_are_drawn(visit):
    tab, wrong = visit("tutorials/autograd-from-scratch")
    tab.wait_for_selector("math")
    assert tab.locator("math").count() == tab.locator(".math").count() > 20
    assert tab.locator(".katex-error").count() == 0
    assert wrong == []


def brightness(tab):
    colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.strip("rgba()").split(",")[:3])


def test_the_site_is_dark_where_the_reader_s_system_is(visit):
    light, _ = visit("index", scheme="light")
    dark, wrong = visit("index", scheme="dark")
    assert brightness(light) > 600
    assert brightness(dark) < 200
    assert wrong == []


def test_the_search_finds_a_function(visit):
    tab, wrong = visit("search")
    tab.goto(tab.url + "?q=gauss_newton_product")
    tab.wait_for_selector("#search-results li a")
    assert "gauss_newton_product" in tab.locator("#search-results").inner_text()
    assert wrong == []


def test_the_four_kinds_are_one_click_away(visit):
    tab, wrong = visit("index")
    kinds = tab.locator(".navbar-header-items__center .nav-link").all_inner_texts()
    assert [kind.strip() for kind in kinds] == [
        "Tutorials",
        "How-to guides",
        "Reference",
        "Explanation",
    ]
    tab.locator(".navbar-header-items__center .nav-link", has_text="Reference").click()
    assert tab.locator("h1").inner_text().startswith("Reference")
    assert wrong == []
