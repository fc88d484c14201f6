"""One small exact network of every kind."""

from __future__ import annotations

from functools import cache

import pytest

from superproof.empirics.floor.form import Form
from superproof.empirics.floor.starts import KINDS, Task, start

TASK = Task(inputs=8, outputs=10, seed=3)


@cache
def exact_form(kind: str) -> Form:
    """Built once, and never changed: every way works on copies."""
    return start(kind, TASK)


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def form(kind: str) -> Form:
    return exact_form(kind)
