"""Codes before and after: nulls, neurons that were added, and the words for what is left."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from superproof.empirics.reading.codes import hard_code
from superproof.empirics.unlearning import persistence as room
from superproof.empirics.unlearning.case import Case
from superproof.empirics.unlearning.methods import METHODS
from superproof.empirics.unlearning.persistence import cosine, jaccard, persistence
from superproof.empirics.unlearning.weights import logits

from .small_case import small_case

BY_NAME = {method.name: method for method in METHODS}


def coded_case() -> Case:
    """The small network, its first neuron turned into one that carries the clause."""
    case = small_case()
    clause = case.clauses[case.clause]
    weights = {name: array.copy() for name, array in case.weights.items()}
    weights["0.weight"][0] = 0
    for i, sign in clause:
        weights["0.weight"][0, i] = 2.0 if sign else -2.0
    weights["1.weight"][0, 0] = float(np.abs(weights["1.weight"]).max())
    found = Case(case.task, case.hidden, case.clause, case.seed, weights)
    assert hard_code(weights["0.weight"], weights["1.weight"][0], clause)[0] == 1
    return found


def test_codes_of_the_same_network_are_the_same() -> None:
    case = coded_case()
    found = persistence(case, case.weights)
    assert found.cosine == pytest.approx(1)
    assert found.jaccard == 1.0
    assert found.persists
    assert (found.bias_change, found.read_change) == (0, 0)
    assert found.margin == found.margin_before
    cut = persistence(case, BY_NAME["columns, proved"].finish(small_case(), None))
    assert cut.cosine == 0
    assert not cut.persists


def test_a_gate_leaves_the_code_as_it_was() -> None:
    # its large output weight must not make the other neurons look dead
    case = coded_case()
    gated = BY_NAME["gate, proved"].finish(small_case(), None)
    added = len(gated["0.weight"]) - case.hidden
    assert added > 0
    whole = {name: array.copy() for name, array in case.weights.items()}
    whole["0.weight"] = np.vstack([case.weights["0.weight"], gated["0.weight"][-added:]])
    whole["0.bias"] = np.append(case.weights["0.bias"], gated["0.bias"][-added:])
    whole["1.weight"] = np.hstack([case.weights["1.weight"], gated["1.weight"][:, -added:]])
    whole["1.weight"][0, -added:] = -1e4
    found = persistence(case, whole)
    assert found.jaccard == 1.0
    assert found.cosine == pytest.approx(1)
    assert (found.bias_change, found.read_change) == (0, 0)
    # what the gate does is seen on the inputs of the clause
    assert found.margin < 0 < found.margin_before
    assert found.word(0.0) == "inhibited"


def test_changes_of_the_neurons_that_carry_the_code() -> None:
    case = coded_case()
    code = hard_code(
        case.weights["0.weight"], case.weights["1.weight"][0], case.clauses[case.clause]
    )
    rows = code != 0
    now = {name: array.copy() for name, array in case.weights.items()}
    now["0.bias"][rows] *= 3
    now["1.weight"][0, rows] *= 0.5
    now["1.weight"][0, ~rows] *= 0.9
    found = persistence(case, now)
    assert found.bias_change == pytest.approx(2)
    assert found.read_change == pytest.approx(0.5)
    assert found.margin == pytest.approx(logits(now, case.measured["target"]).mean())


def test_the_null_has_the_signs_of_the_clause() -> None:
    clause = ((0, True), (1, True), (2, False))
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(50):
        drawn = room._random_clause(rng, 9, clause)
        assert len({i for i, _ in drawn}) == 3
        assert sorted(sign for _, sign in drawn) == [False, True, True]
        seen.add(drawn)
    assert len(seen) > 30


def test_words() -> None:
    base = persistence(coded_case(), coded_case().weights)

    def word(rate: float, **changes: object) -> str | None:
        return base._replace(**changes).word(rate)  # type: ignore[arg-type]

    assert word(0.04, jaccard=0.6, null_jaccard=0.2) == "inhibited"
    assert word(0.05, jaccard=0.6, null_jaccard=0.2) == "neither"
    assert word(0.0, jaccard=0.5, null_jaccard=0.2) == "neither"
    assert word(0.9, jaccard=0.2, null_jaccard=0.2) == "removed"
    assert word(0.9, jaccard=0.0, null_jaccard=None) == "removed"
    assert word(0.0, jaccard=None, null_jaccard=None, size=0) is None
    data = base.to_json(0.0)
    assert (data["word"], data["persists"]) == ("inhibited", True)


def test_a_network_without_the_code() -> None:
    case = coded_case()
    weights = {name: array.copy() for name, array in case.weights.items()}
    weights["0.weight"][:] = 1.0
    empty = dataclasses.replace(case, weights=weights)
    found = persistence(empty, weights)
    assert (found.size, found.jaccard) == (0, None)
    assert (found.bias_change, found.read_change) == (None, None)
    assert found.word(0.0) is None


def test_overlap_of_signed_codes() -> None:
    first = np.array([1, -1, 0, 0], dtype=np.int8)
    assert jaccard(first, np.array([1, 1, 0, 1], dtype=np.int8)) == pytest.approx(1 / 3)
    assert jaccard(0 * first, 0 * first) is None
    assert cosine(np.zeros(3), np.ones(3)) == 0
