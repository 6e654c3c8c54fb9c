"""What the tests of several solvers share."""

import sys
import types

import pytest


@pytest.fixture
def bar_texts(monkeypatch):
    """What a progress bar is told, in order: its description, the texts of its steps, and "closed"."""
    texts = []

    class Bar:
        def __init__(self, **kwargs):
            texts.append(kwargs["desc"])

        def set_postfix_str(self, text, refresh):
            texts.append(text)

        def update(self, n):
            assert n == 1

        def close(self):
            texts.append("closed")

    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    return texts
