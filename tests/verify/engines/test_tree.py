"""The tree engine against the Fraction oracle and against enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.check import check
from superproof.verify.engines.branching import pursuit
from superproof.verify.engines.branching.cubes import cubes_of, negated_cubes
from superproof.verify.engines.branching.models import ModelCounter, list_models
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from ... import strategies
from ...oracles import fraction_oracle as oracle
from ...oracles.agreement import disagreements, short_disagreements

profile = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=[0, 2, 10], ids=lambda leaf: f"leaf{leaf}")
def leaf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small leaves make small problems branch."""
    for purpose in pursuit.LEAF:
        monkeypatch.setitem(pursuit.LEAF, purpose, request.param)
    return int(request.param)


def test_tree_agrees_with_the_oracle(leaf: int) -> None:
    @settings(profile, max_examples=400)
    @given(strategies.problems())
    def agrees(problem: Problem) -> None:
        assert disagreements(problem, "tree", oracle.answer(problem)) == []

    agrees()


def test_tree_finds_one_counterexample(leaf: int) -> None:
    @settings(profile, max_examples=300)
    @given(strategies.problems())
    def agrees(problem: Problem) -> None:
        assert short_disagreements(problem, "tree", oracle.answer(problem)) == []

    agrees()


DOMAINS = (
    "all",
    "at most 3",
    {"at_least": 3, "at_most": 6},
    "within 4 of 0101010101",
    {"one_hot": [["x0", "x1", "x2"], ["x3", "x4", "x5", "x6"]]},
    {"one_hot": [["x0", "x1"]], "at_most": 4},
    {"where": "(x0 | x1) & (x2 | ~x3)"},
    {"where": "x0 ^ x1 ^ x2 ^ x3 ^ x4 ^ x5 ^ x6 ^ x7"},
)


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
@pytest.mark.parametrize("hidden", [(12,), (7, 6), (5, 5, 4)], ids=str)
@pytest.mark.parametrize("integer", [True, False])
def test_tree_agrees_with_enumeration(
    domain: object, hidden: tuple[int, ...], integer: bool
) -> None:
    """Ten inputs: table leaves, whole cubes, counted formulas, every domain kind."""
    random = np.random.default_rng(len(hidden) + 10 * integer)

    def matrix(*shape: int) -> np.ndarray:
        if integer:
            return random.integers(-3, 4, size=shape).astype(np.float32)
        return random.normal(size=shape).astype(np.float32)

    sizes = (10, *hidden, 2)
    weights = [matrix(b, a) for a, b in itertools.pairwise(sizes)]
    for activation in ("relu", "step"):
        for shift in (-20, 0, 20):
            biases = [matrix(b) for b in sizes[1:]]
            biases[-1] += shift
            kinds = ["relu"] * (len(hidden) - 1) + [activation, "identity"]
            network = Network.from_arrays(weights, biases, kinds)
            formulas = [
                "x0 & x1 | ~x2 & x3 | x4 & x5 & ~x6",
                "majority(x0, x1, x2, x3, x4, x5, x6, x7, x8)",
            ]
            specification = Specification(10, formulas, domain=domain)
            answers = [
                check(network, specification, engine=engine, count=True, margin=True)
                for engine in ("tree", "enumerate")
            ]
            first, second = (
                (v.status, v.violations, v.violations_by_output, v.margin) for v in answers
            )
            assert first == second


def _pairs(neurons: int) -> tuple[Network, list[str]]:
    weight = np.zeros((neurons, 64), dtype=np.float32)
    clauses = []
    for j in range(neurons):
        a, b = j % 64, (j // 64 + 1 + j) % 64
        weight[j, [a, b]] = 1
        clauses.append(f"x{a} & x{b}")
    biases = [-np.ones(neurons, dtype=np.float32), np.zeros(1, dtype=np.float32)]
    return Network.from_arrays([weight, np.ones((1, neurons))], biases), clauses


def test_pair_networks_need_one_node_a_clause() -> None:
    network, clauses = _pairs(64)
    verdict = check(network, Specification(64, [" | ".join(clauses)]), engine="tree", margin=True)
    assert verdict.status == "holds"
    assert verdict.margin == 0
    verdict = check(network, Specification(64, [" | ".join(clauses)]), engine="tree")
    assert verdict.status == "holds"
    assert verdict.nodes == 65


def test_counts_beyond_64_bits_by_formula_work() -> None:
    """A missing clause of the ring x_i & x_{i+1}: the wrong inputs are counted in closed form.

    With both ends of the missing pair true, the path of the other 62 inputs loses its two end
    inputs; what stays is a path of 60 without two neighbours true: Fibonacci.
    """
    network, clauses = _pairs(64)
    fibonacci = [1, 2]
    while len(fibonacci) <= 60:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    verdict = check(
        network, Specification(64, [" | ".join(clauses[1:])]), engine="tree", count=True
    )
    assert verdict.violations == fibonacci[60]


def test_everything_wrong_on_a_thousand_inputs() -> None:
    network = Network.from_arrays([np.ones((1, 1000))], [np.ones(1)])
    verdict = check(network, Specification(1000, ["false"]), engine="tree", count=True)
    assert verdict.violations == 1 << 1000
    verdict = check(
        network, Specification(1000, ["false"], domain="at most 2"), engine="tree", count=True
    )
    assert verdict.violations == 1 + 1000 + 499500


def test_ties_over_many_inputs_are_closed_by_signs() -> None:
    """Both neurons are off on 2^39 inputs, where the value is exactly 0, which reads false."""
    weight = np.zeros((2, 40), dtype=np.float32)
    weight[:, 0] = (0.1, 0.7)
    network = Network.from_arrays([weight, [[0.3, 1e-9]]], [np.full(2, -0.05), np.zeros(1)])
    verdict = check(network, Specification(40, ["x0"]), engine="tree", timeout=20)
    assert verdict.status == "holds"


@settings(profile, max_examples=300)
@given(strategies.formulas(("a", "b", "c", "d", "e")))
def test_cubes_mean_the_formula(formula: object) -> None:
    index = {name: i for i, name in enumerate("abcde")}
    names = tuple(index)
    for bits in np.ndindex(*(2,) * 5):
        truth = oracle.truth(formula, dict(zip(names, map(bool, bits), strict=True)))
        for cubes, value in (
            (cubes_of(formula, index, 64), truth),
            (negated_cubes(formula, index, 64), not truth),
        ):
            if cubes is not None:
                assert value is any(all(bits[v] == b for v, b in c.items()) for c in cubes)


literals = st.frozensets(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=1, max_size=3)


@settings(profile, max_examples=300)
@given(st.lists(literals, max_size=6), st.integers(0, 7), st.integers(0, 7), st.booleans())
def test_models_are_counted_and_listed(
    clauses: list[frozenset[tuple[int, int]]], least: int, most: int, grouped: bool
) -> None:
    groups = [frozenset({0, 1, 2}), frozenset({5, 6})] if grouped else []
    expected = set()
    for bits in np.ndindex(*(2,) * 7):
        fine = least <= sum(bits) <= most and all(sum(bits[i] for i in g) == 1 for g in groups)
        if fine and not any(all(bits[v] == b for v, b in c) for c in clauses):
            expected.add(bits)
    proper = [c for c in clauses if len({v for v, _ in c}) == len(c)]
    assert ModelCounter().count(range(7), proper, groups, least, most) == len(expected)
    listed = [
        tuple(m[i] for i in range(7)) for m in list_models(range(7), proper, groups, least, most)
    ]
    assert len(listed) == len(expected)
    assert set(listed) == expected


def test_long_chains_of_clauses_are_counted() -> None:
    """Strings of length n without two neighbouring ones: Fibonacci."""
    chain = [frozenset({(i, 1), (i + 1, 1)}) for i in range(1999)]
    first, second = 1, 2
    for _ in range(1999):
        first, second = second, first + second
    assert ModelCounter().count(range(2000), chain, [], 0, 2000) == second


def test_leaves_whose_terms_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values far below their terms: single precision decides no point, double precision all."""
    monkeypatch.setitem(pursuit.LEAF, pursuit.COUNT, 12)
    random = np.random.default_rng(4)
    weight, bias = random.integers(-9, 10, size=(6, 16)), random.integers(-9, 10, size=6)
    large = random.integers(1 << 26, 1 << 27, size=(1, 16)) * random.choice([-1, 1], size=(1, 16))
    weights = [np.concatenate([weight, large, large]), [[1, -2, 1, 1, -1, 2, 1, -1]]]
    network = Network.from_arrays(weights, [[*bias, 5, 5], [0]])
    specification = Specification(16, ["x0 & x1 & x2 | x3 & ~x4"])
    counts = [
        check(network, specification, engine=engine, count=True).violations
        for engine in ("tree", "enumerate")
    ]
    assert counts[0] == counts[1]
    assert counts[0]


@pytest.mark.parametrize("hidden", [0, 1])
def test_a_network_that_is_zero_everywhere_is_wrong_on_whole_cubes(hidden: int) -> None:
    """Its sums are multiples of every unit; 0 does not read true."""
    layers = [np.zeros((2, 40), np.int64), np.ones((1, 2), np.int64)] if hidden else None
    network = Network.from_arrays(layers or [np.zeros((1, 40), np.int64)])
    verdict = check(network, Specification(40, ["x0"]), count=True, engine="tree", dtypes=())
    assert verdict.violations == 1 << 39
    assert verdict.nodes < 10
