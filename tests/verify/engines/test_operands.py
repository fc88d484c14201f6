"""Counting formulas split by which operands are true."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.engines.branching.operands import counted_regions
from superproof.verify.grammar import parse_formula
from superproof.verify.network import Network
from superproof.verify.specification import Specification

from ...oracles import fraction_oracle as oracle

NAMES = tuple("abcdef")


@pytest.mark.parametrize(
    "text",
    [
        "atleast(2, a & b, c & ~d, e & f & a)",
        "atleast(1, a & b, c)",
        "atmost(1, a & b, ~a & c, d, ~d & e)",
        "~atleast(3, a & b, c & d, e, f)",
        "atleast(2, a & b, a & b, b & a)",
        "atleast(2, a, a & b, ~a & b)",
    ],
)
def test_regions_are_disjoint_and_cover_everything(text: str) -> None:
    formula = parse_formula(text)
    regions = counted_regions(formula, {name: i for i, name in enumerate(NAMES)})
    assert regions is not None
    for bits in itertools.product((0, 1), repeat=len(NAMES)):

        def true(cube: dict[int, int], bits: tuple[int, ...] = bits) -> bool:
            return all(bits[v] == b for v, b in cube.items())

        values = [
            value
            for value, cube, others in regions
            if true(cube) and not any(true(other) for other in others)
        ]
        truth = oracle.truth(formula, dict(zip(NAMES, map(bool, bits), strict=True)))
        assert values == [truth]


@pytest.mark.parametrize(
    "text",
    [
        "a & b",
        "majority(a, b, c)",
        "atleast(2, a | b, c & d, e)",
        "atleast(0, a & b, c & d)",
        "atleast(20, " + ", ".join(f"a & b{i}" for i in range(40)) + ")",
    ],
)
def test_other_formulas_are_not_split(text: str) -> None:
    formula = parse_formula(text)
    index = {name: i for i, name in enumerate(sorted(formula.names()))}
    assert counted_regions(formula, index) is None


def test_two_of_many_pairs_need_one_node_a_region() -> None:
    weight = np.kron(np.eye(16), [[1.0, 1.0]])
    network = Network.from_arrays([weight, np.ones((1, 16))], [-np.ones(16), [-1.5]])
    pairs = ", ".join(f"x{2 * k} & x{2 * k + 1}" for k in range(16))
    verdict = check(network, Specification(32, [f"atleast(2, {pairs})"]), engine="tree")
    assert verdict.status == "holds"
    assert verdict.nodes == 1 + 16 + 120
    # every input with exactly two true pairs is wrong for the next formula
    wrong = check(network, Specification(32, [f"atleast(3, {pairs})"]), engine="tree", count=True)
    assert wrong.violations == 120 * 3**14
