"""The pages of the site, read as text: all can be found, links lead somewhere, pictures are described, code is run."""

import ast
import itertools
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.md")
    if not {"_build", "generated"} & set(page.relative_to(DOCS).parts)
)
PICTURES = {".png", ".svg", ".jpg", ".gif"}

fence = re.compile(
    r"^(?P<tick>`{3,}|:{3,})(?P<head>.*)\n(?P<body>(?:.*\n)*?)(?P=tick)[ ]*$", re.MULTILINE
)
toctree = re.compile(r"^```\{toctree\}.*\n((?:.*\n)*?)```", re.MULTILINE)
cells = re.compile(r"^```\{code-cell\}.*\n((?:.*\n)*?)```", re.MULTILINE)


@cache
def text(page):
    return (DOCS / page).read_text(encoding="utf-8")


HELD = (
    "grid|div|card|dropdown|tab|note|tip|warning|important|admonition|figure|image|seealso|button"
)


@cache
def prose(page):
    """Return the page without front matter, code and literal text; directives that hold text stay."""
    found = re.sub(r"\A---\n(?:.*\n)*?---\n", "", text(page))
    code = rf"^(`{{3,}})(?!\{{(?:{HELD})).*\n(?:.*\n)*?\1[ ]*$"
    found = re.sub(code, "", found, flags=re.MULTILINE)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", found)


def is_notebook(page):
    return (
        "file_format: mystnb" in text(page).split("---")[1]
        if text(page).startswith("---")
        else False
    )


def slug(heading):
    """Return the anchor that GitHub and MyST give a heading."""
    heading = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


@cache
def anchors(page):
    whole = re.sub(r"^(`{3,}).*\n(?:.*\n)*?\1[ ]*$", "", text(page), flags=re.MULTILINE)
    found = [slug(heading) for heading in re.findall(r"^#{1,4} (.+)$", whole, re.MULTILINE)]
    return {*found, *re.findall(r"^\(([\w-]+)\)=$", whole, re.MULTILINE)}


def entries(page):
    """Return the pages that the tables of contents of a page name."""
    folder = (DOCS / page).parent
    for body in toctree.findall(text(page)):
        for line in body.splitlines():
            entry = re.sub(r".*<(.+)>", r"\1", line.strip())
            if not entry or entry.startswith((":", "---")) or entry in {"glob:", "hidden:"}:
                continue
            hits = sorted(folder.glob(entry + ".md"))
            assert hits, f"{page}: the table of contents names {entry!r}, which is no page"
            for hit in hits:
                yield hit.relative_to(DOCS).as_posix()


def test_there_are_the_four_kinds_of_pages():
    kinds = {page.split("/")[0] for page in PAGES if "/" in page}
    assert kinds == {"tutorials", "how-to", "reference", "explanation"}
    assert set(entries("index.md")) == {f"{kind}/index.md" for kind in kinds}


def test_every_page_is_reached_from_the_first():
    reached, ahead = {"index.md"}, ["index.md"]
    while ahead:
        new = set(entries(ahead.pop())) - reached
        reached |= new
        ahead.extend(new)
    assert reached == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_title_and_it_comes_first(page):
    headings = re.findall(r"^(#+) ", prose(page), re.MULTILINE)
    assert headings[:1] == ["#"], "no title"
    assert headings.count("#") == 1, "more than one title"
    for above, below in itertools.pairwise(headings):
        assert len(below) <= len(above) + 1, "a level of headings is left out"


def links(page):
    for target in re.findall(r"\]\(<?([^)\s>]+)>?\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            yield target
    yield from re.findall(r"^```\{button-ref\} (\S+)", text(page), re.MULTILINE)


def linked_pages(page):
    """Return the targets of cards and buttons, which are written without a suffix."""
    return re.findall(r"^:link: (\S+)\n:link-type: doc$", text(page), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_anchors_lead_somewhere(page):
    folder = (DOCS / page).parent
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (folder / path).resolve() if path else DOCS / page
        if not file.suffix:
            file = file.with_suffix(".md")
        assert file.exists(), f"{target} does not exist"
        assert DOCS in file.parents, f"{target} is not part of the site"
        if anchor:
            assert anchor in anchors(file.relative_to(DOCS).as_posix()), f"no heading for {target}"
    for target in linked_pages(page):
        assert (folder / f"{target}.md").exists(), (
            f"the card leads to {target}, which does not exist"
        )


def test_the_links_of_the_readme_lead_somewhere():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)\s]+)\)", readme) if not re.match(r"[a-z]+:", t)]
    assert len(targets) > 5
    for target in targets:
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        assert not anchor or anchor in anchors(Path(path).relative_to("docs").as_posix()), target


@pytest.mark.parametrize("page", PAGES)
def test_pictures_exist_and_are_described(page):
    folder = (DOCS / page).parent
    for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text(page)):
        assert alt.strip(), f"{target} has no description"
        assert re.match(r"[a-z]+:", target) or (folder / target).exists(), target
    for target, options in re.findall(
        r"^[`:]{3,}\{(?:figure|image)\} (\S+)\n((?::[\w-]+:.*\n)*)", text(page), re.MULTILINE
    ):
        assert (folder / target).exists(), target
        assert re.search(r"^:alt: \S", options, re.MULTILINE), f"{target} has no description"
    for cell in cells.findall(text(page)):
        if "plt.show()" in cell or ".to_graph(" in cell:
            assert re.search(r"^ +alt: \S", cell, re.MULTILINE), (
                f"no description of the figure of\n{cell}"
            )


def test_every_picture_is_shown_somewhere():
    used = "\n".join(text(page) for page in PAGES) + (DOCS / "conf.py").read_text(encoding="utf-8")
    for picture in DOCS.rglob("*"):
        if picture.suffix in PICTURES and "_build" not in picture.parts:
            assert picture.name in used, f"{picture.name} is on no page"


@pytest.mark.parametrize("page", PAGES)
def test_code_is_run(page):
    """By the build, in a notebook, or by pytest, as a doctest; never half of each."""
    examples = ">>> " in "".join(
        m["body"] for m in fence.finditer(text(page)) if m["head"] == "pycon"
    )
    if is_notebook(page):
        front = text(page).split("---")[1]
        assert "kernelspec:" in front, "not run without a kernel"
        assert "name: python3" in front
        assert cells.search(text(page))
        assert not examples, "the build does not run >>>"
    else:
        assert not cells.search(text(page)), (
            "cells are only run in a page whose front matter says mystnb"
        )


@pytest.mark.parametrize("page", [page for page in PAGES if is_notebook(page)])
def test_cells_are_python_and_check_what_the_page_says(page):
    sources = [
        re.sub(r"\A(?:---\n(?:.*\n)*?---\n|(?::[\w-]+:.*\n)+)", "", cell)
        for cell in cells.findall(text(page))
    ]
    trees = [ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.MULTILINE)) for source in sources]
    asserts = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert asserts, "nothing on the page checks its numbers"


@pytest.mark.parametrize(
    "file",
    [*PAGES, "conf.py", "_static/dualrev.css", "_static/matplotlibrc"],
)
def test_no_path_of_a_machine(file):
    assert not re.search(r"(?<![\w.:/])/(?:home|tmp|root|Users|work|usr|opt|var)/\w", text(file))


def test_the_extra_for_the_docs_has_what_the_configuration_loads():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = " ".join(project["optional-dependencies"]["docs"]).replace("-", "_")
    conf = ast.parse((DOCS / "conf.py").read_text(encoding="utf-8"))
    values = {
        node.targets[0].id: node.value
        for node in conf.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    loaded = [*ast.literal_eval(values["extensions"]), ast.literal_eval(values["html_theme"])]
    assert len(loaded) > 5
    for name in loaded:
        if not name.startswith("sphinx.ext."):
            assert name.replace(".", "_") in extra, f"{name} is not in the extra"
