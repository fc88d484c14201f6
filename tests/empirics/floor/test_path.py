"""Paths: every network decided, the end at the first violation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from superproof import check
from superproof.empirics.floor.form import Form
from superproof.empirics.floor.path import Candidate, in_turn, walk
from superproof.empirics.floor.pruning import by_magnitude, one_by_one
from superproof.verify.errors import ContradictionError

from .conftest import exact_form


def _nothing(form: Form) -> Form:
    return form.with_arrays({name: np.zeros_like(array) for name, array in form.arrays.items()})


def test_a_path_ends_at_the_first_violation(form: Form) -> None:
    path = walk(form, by_magnitude(form))
    assert [step.exact for step in path.steps] == [True] * (len(path.steps) - 1) + [False]
    assert path.first_wrong is not None
    wrong, verdict = path.first_wrong
    again = check(wrong.network(), wrong.specification, count=True)
    assert path.steps[-1].violations == verdict.violations == again.violations
    found = path.steps[-1].counterexample
    assert found is not None
    point = np.array([int(bit) for bit in found["input"]])
    values = wrong.network().evaluate(point)
    reads = [value > 0 for value in values]
    expected = [bool(point[a] and point[b]) for a, b in wrong.pairs]
    names = {f"y{j}" for j, (read, want) in enumerate(zip(reads, expected, strict=True))
             if read != want}  # fmt: skip
    assert set(found["outputs"]) == names
    assert names


def test_any_of_the_others_saves_a_step() -> None:
    form = exact_form("plain")
    path = walk(form, [Candidate(_nothing(form), "one", 1, others=[_nothing(form), form])])
    assert path.first_wrong is None
    assert path.steps[-1].exact


def test_a_wrong_start_is_refused() -> None:
    nothing = _nothing(exact_form("plain"))
    with pytest.raises(ContradictionError, match="begins at an exact network, and this is viol"):
        walk(nothing, [])


def test_a_broken_promise_is_an_error() -> None:
    form = exact_form("plain")
    with pytest.raises(ContradictionError, match="less: the verifier says violated"):
        walk(form, [Candidate(_nothing(form), "less", 1, promised=True)])


def test_ways_in_turn_begin_at_the_last_exact_network() -> None:
    form = exact_form("free")
    seen: list[int] = []

    def way(begin: Form) -> Iterator[Candidate]:
        seen.append(begin.nonzeros)
        return one_by_one(begin)

    path = in_turn(form, [way, way])
    assert seen[0] == form.nonzeros
    assert seen[1] == path.last[0].nonzeros < seen[0]
    # nothing can go in the second: its first candidate is the network itself
    assert path.last[1].holds
