"""Inputs that are wrong in several outputs count once, listed or not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from superproof.verify.check import check
from superproof.verify.engines import tree
from superproof.verify.engines.branching import pursuit
from superproof.verify.engines.branching.findings import Findings
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from .... import strategies
from ....oracles import fraction_oracle as oracle


@pytest.fixture
def unlisted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Nothing is listed beyond what was asked for; how often violations had to be united."""
    monkeypatch.setattr(Findings, "LARGEST_LIST", 0)
    calls: list[int] = []
    plain = tree.Decision._unite

    def unite(self: tree.Decision, counts: list[int]) -> None:
        calls.append(sum(counts))
        plain(self, counts)

    monkeypatch.setattr(tree.Decision, "_unite", unite)
    return calls


@pytest.mark.parametrize("leaf", [0, 2, 10])
def test_unions_agree_with_the_oracle(
    unlisted: list[int], leaf: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for purpose in pursuit.LEAF:
        monkeypatch.setitem(pursuit.LEAF, purpose, leaf)

    @settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
    @given(strategies.problems())
    def agrees(problem: Problem) -> None:
        verdict = check(
            problem.network, problem.specification, engine="tree", count=True, threads=1
        )
        truth = oracle.answer(problem)
        assert verdict.violations == truth.violations
        assert tuple((verdict.violations_by_output or {}).values()) == truth.violations_by_output

    agrees()
    assert unlisted


DOMAINS = ["all", "at most 4", {"one_hot": [["x0", "x1", "x2"]]}, {"where": "x0 ^ x1 | x2"}]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
@pytest.mark.parametrize("hidden", [(12,), (6, 5)], ids=str)
def test_unions_agree_with_enumeration(
    unlisted: list[int], domain: object, hidden: tuple[int, ...]
) -> None:
    """Three outputs, shifted so that whole cubes are wrong."""
    random = np.random.default_rng(0)
    sizes = (10, *hidden, 3)
    formulas = ["x0 & x1 | ~x2 & x3", "x0 ^ x4 ^ x5", "majority(x1, x2, x3, x6, x7)"]
    for shift in (0, 6, 40):
        weights = [random.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
        biases = [random.normal(size=b) for b in sizes[1:]]
        biases[-1] += shift
        network = Network.from_arrays(weights, biases)
        specification = Specification(10, formulas, domain=domain)
        counts = [
            check(network, specification, engine=engine, count=True).violations
            for engine in ("tree", "enumerate")
        ]
        assert counts[0] == counts[1]
    assert unlisted


def test_a_union_beyond_any_list() -> None:
    """Two outputs are true everywhere; one should be x0, the other x1: 3/4 of 2^80 are wrong."""
    network = Network.from_arrays([np.zeros((2, 80))], [np.ones(2)])
    verdict = check(network, Specification(80, ["x0", "x1"]), engine="tree", count=True)
    assert verdict.violations == 3 << 78
    assert verdict.violations_by_output == {"y0": 1 << 79, "y1": 1 << 79}
