"""Counts and weights at up to 64 inputs against the model counter Ganak; small ones by tables.

Ganak's wheel (``pip install pyganak``) is not there for all platforms; without it the large
cases are skipped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from benchmarks.problem_set import pair_problem
from superproof.verify.check import check
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from ...oracles.clauses import Clauses

Pairs = list[tuple[int, ...]]


def counted(problem: Problem, **options: Any) -> int | None:
    """Violations by the tree."""
    spec = problem.specification
    return check(
        problem.network, spec, engine="tree", count=True, threads=1, dtypes=(), **options
    ).violations


def text(pairs: Pairs) -> str:
    return " | ".join(" & ".join(f"x{i}" for i in pair) for pair in pairs)


def pairs_of(problem: Problem) -> Pairs:
    """The conjunctions that the neurons of a network of conjunctions compute."""
    return [tuple(np.flatnonzero(row)) for row in problem.network.layers[0].weight]


def differing(inputs: int, first: Pairs, second: Pairs) -> Clauses:
    """Where one disjunction of conjunctions is true and the other is not."""
    cnf = Clauses(inputs)
    sides = [
        cnf.disjunction([cnf.conjunction([int(i) + 1 for i in pair]) for pair in pairs])
        for pairs in (first, second)
    ]
    cnf.clauses.append([cnf.exclusive(*sides)])
    return cnf


def ganak(cnf: Clauses) -> int:
    counter = pytest.importorskip("pyganak").Counter()
    counter.new_vars(cnf.variables)
    counter.add_clauses(cnf.clauses)
    return int(counter.count())


def ganak_weight(cnf: Clauses, p: Sequence[Fraction]) -> float:
    """Probability of the models when inputs are true independently; 128 bits of precision."""
    counter = pytest.importorskip("pyganak").WeightedCounter()
    counter.new_vars(cnf.variables)
    counter.add_clauses(cnf.clauses)
    for variable in range(1, cnf.variables + 1):
        chance = p[variable - 1] if variable <= cnf.inputs else None
        counter.set_lit_weight(variable, 1.0 if chance is None else float(chance))
        counter.set_lit_weight(-variable, 1.0 if chance is None else float(1 - chance))
    return float(counter.count())


def edited(inputs: int, neurons: int, lost: Sequence[int], extra: Pairs) -> tuple[Problem, Clauses]:
    """A network of conjunctions against a formula without some of them and with others."""
    whole = pair_problem(inputs, neurons)
    computed = pairs_of(whole)
    wanted = [pair for j, pair in enumerate(computed) if j not in lost] + extra
    problem = Problem(whole.network, Specification(inputs, [text(wanted)]))
    return problem, differing(inputs, computed, wanted)


EDITS = [
    (24, 24, [0], []),
    (32, 32, [3, 4], [(0, 9, 17)]),
    (48, 48, [], [(1, 5, 9), (2, 30, 41)]),
    (64, 64, [0], []),
    (64, 64, [7, 31, 32], [(0, 20, 40)]),
    (64, 32, [5], [(1, 3, 60, 62)]),
]


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_lost_and_added_conjunctions(edit: tuple[int, int, list[int], Pairs]) -> None:
    problem, cnf = edited(*edit)
    assert counted(problem) == ganak(cnf)


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_probability_of_lost_and_added_conjunctions(
    edit: tuple[int, int, list[int], Pairs],
) -> None:
    """Sixteenths are exact in the counter's numbers; only its sums are rounded."""
    problem, cnf = edited(*edit)
    p = [Fraction(1 + 5 * i % 7, 16) for i in range(edit[0])]
    law = {"p": {f"x{i}": chance for i, chance in enumerate(p)}}
    verdict = check(problem.network, problem.specification, probability=law, dtypes=())
    assert verdict.probability is not None
    assert math.isclose(float(verdict.probability.error), ganak_weight(cnf, p), rel_tol=1e-12)


def step_network(
    inputs: int, neurons: int, fan_in: int, seed: int, shared: int
) -> tuple[Problem, Clauses]:
    """Step neurons with weights -3 .. 3, each on ``fan_in`` inputs of which some are shared.

    The output is a threshold on the neurons; the formula asks that two inputs agree or a third
    one is true.
    """
    rng = np.random.default_rng(seed)
    weight = np.zeros((neurons, inputs), dtype=np.int64)
    for j in range(neurons):
        own = [(j * (fan_in - shared) + k) % inputs for k in range(fan_in)]
        weight[j, own] = rng.choice([-3, -2, -1, 1, 2, 3], size=fan_in)
    bias = rng.integers(-2, 3, size=neurons)
    out = rng.choice([-2, -1, 1, 2, 3], size=neurons)
    level = int(out[out > 0].sum()) // 2
    network = Network.from_arrays([weight, out[None, :]], [bias, [-level]], ["step", "identity"])
    cnf = Clauses(inputs)
    hidden = []
    for row, offset in zip(weight.tolist(), bias.tolist(), strict=True):
        used = [i for i, w in enumerate(row) if w]
        hidden.append(cnf.above([row[i] for i in used], [i + 1 for i in used], -offset))
    said = cnf.above(out.tolist(), hidden, level)
    wanted = cnf.disjunction([-cnf.exclusive(1, 2), 3])
    cnf.clauses.append([cnf.exclusive(said, wanted)])
    problem = Problem(network, Specification(inputs, ["~(x0 ^ x1) | x2"]))
    return problem, cnf


STEPS = [
    (16, 8, 5, 0, 3),
    (20, 8, 5, 2, 2),
    (48, 6, 4, 3, 0),
    (64, 6, 4, 4, 0),
    (64, 6, 5, 5, 1),
    (64, 7, 4, 6, 0),
]


@pytest.mark.parametrize("shape", STEPS, ids=str)
def test_step_networks(shape: tuple[int, int, int, int, int]) -> None:
    problem, cnf = step_network(*shape)
    assert counted(problem) == ganak(cnf)


def all_vectors(inputs: int) -> np.ndarray:
    return (np.arange(1 << inputs)[:, None] >> np.arange(inputs)) & 1


def tables() -> Iterator[tuple[tuple[int, ...], list[str], Any, Any]]:
    """Shapes, activations, domains and the same domains as functions of all vectors."""
    domains: list[tuple[Any, Any]] = [
        ("all", lambda x: np.ones(len(x), dtype=bool)),
        ("at most 5", lambda x: x.sum(axis=1) <= 5),
        ("within 4 of 01101001101001", lambda x: (x != _CENTRE).sum(axis=1) <= 4),
        ({"one_hot": [["x0", "x3", "x9"]]}, lambda x: x[:, [0, 3, 9]].sum(axis=1) == 1),
        ({"where": "x1 ^ x2 | x13"}, lambda x: (x[:, 1] != x[:, 2]) | (x[:, 13] == 1)),
    ]
    for hidden, kinds in (((12,), ["relu"]), ((12,), ["step"]), ((7, 6, 5), ["relu"] * 3)):
        for domain, member in domains:
            yield hidden, [*kinds, "identity"], domain, member


_CENTRE = np.array([int(bit) for bit in "01101001101001"])


@pytest.mark.parametrize(("hidden", "kinds", "domain", "member"), list(tables()))
def test_counts_against_a_table_of_all_values(
    hidden: tuple[int, ...], kinds: list[str], domain: Any, member: Any
) -> None:
    """Fourteen inputs, integer weights: numpy evaluates all of them."""
    rng = np.random.default_rng(len(hidden))
    sizes = (14, *hidden, 2)
    weights = [rng.integers(-3, 4, size=(b, a)) for a, b in itertools.pairwise(sizes)]
    biases = [rng.integers(-3, 4, size=b) for b in sizes[1:]]
    points = all_vectors(14)
    values = points
    for weight, bias, kind in zip(weights, biases, kinds, strict=True):
        values = values @ weight.T + bias
        values = {"relu": np.maximum(values, 0), "step": values > 0, "identity": values}[kind]
        values = values.astype(np.int64)
    first = points[:, 0] & points[:, 1] | (1 - points[:, 4])
    second = points[:, 5:].sum(axis=1) >= 5
    wrong = (values > 0) != np.stack([first == 1, second], axis=1)
    wrong &= member(points)[:, None]
    names = ", ".join(f"x{i}" for i in range(5, 14))
    formulas = ["x0 & x1 | ~x4", f"atleast(5, {names})"]
    spec = Specification(14, formulas, domain=domain)
    verdict = check(Network.from_arrays(weights, biases, kinds), spec, engine="tree", count=True)
    assert verdict.violations == wrong.any(axis=1).sum()
    assert list((verdict.violations_by_output or {}).values()) == wrong.sum(axis=0).tolist()
