"""The loop of decoding, proving and repairing, against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.reading.decoders import candidates
from superproof.empirics.reading.dnf import equivalent, minimised, satisfied
from superproof.empirics.reading.hidden_layer import hidden_layer
from superproof.empirics.reading.learn import Learner, Limits, learn
from superproof.empirics.reading.target import Target
from superproof.empirics.tasks import Clause, random_dnf
from superproof.verify.network import Network
from superproof.verify.specification import Specification

from .built import all_points, dnf_network, reads


def target_of(network: Network, **options: object) -> Target:
    names = dict.fromkeys([f"y{j}" for j in range(network.output_size)])
    return Target.of(network, Specification(network.input_size, names, **options), 0)


def noisy(network: Network, noise: float, seed: int) -> Network:
    """The network with noise on its first weights."""
    rng = np.random.default_rng(seed)
    first, second = network.layers
    return Network.from_arrays(
        [first.weight + noise * rng.normal(size=first.weight.shape), second.weight],
        [first.bias, second.bias],
    )


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("disjoint", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_read_is_proved_and_right(seed: int, disjoint: bool, mixed: bool) -> None:
    task = random_dnf(12, 4, 3, seed, disjoint=disjoint, mixed=mixed)
    network = noisy(dnf_network(12, task.clauses), 0.02, seed)
    target, layer = target_of(network), hidden_layer(network, 0)
    assert layer is not None
    found = learn(target, candidates(layer), seed=seed)
    assert found.proved
    points = all_points(12)
    said = satisfied(found.clauses, points).any(axis=1)
    assert (said == reads(network, points)).all()
    assert equivalent(found.clauses, task.clauses)
    assert target.usage.verify <= 2


@pytest.mark.parametrize("sampled", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_any_small_network_is_read_without_a_decoder(seed: int, sampled: bool) -> None:
    rng = np.random.default_rng(seed)
    network = Network.from_arrays(
        [rng.normal(size=(4, 7)), rng.normal(size=(1, 4))], [rng.normal(size=4), [0.1]]
    )
    for truth in (True, False):
        found = learn(target_of(network), truth=truth, limits=Limits(sampled=sampled))
        assert found.proved, found.why
        points = all_points(7)
        said = satisfied(found.clauses, points).any(axis=1)
        assert ((said == truth) == reads(network, points)).all()
        assert minimised(found.clauses) == found.clauses
        # every clause is needed, and every literal of it
        assert all(
            not (
                reads(network, points[satisfied([clause[:k] + clause[k + 1 :]], points)[:, 0]])
                == truth
            ).all()
            for clause in found.clauses
            for k in range(len(clause))
        )


def test_exact_cubes_prove_every_clause_as_it_is_shortened() -> None:
    task = random_dnf(10, 3, 3, 5, disjoint=True)
    target = target_of(dnf_network(10, task.clauses))
    found = learn(target, limits=Limits(cubes=True, sampled=False))
    assert found.proved
    assert equivalent(found.clauses, task.clauses)
    assert target.usage.cube > 0
    assert target.holds_on(task.clauses[0])
    assert not target.holds_on(task.clauses[0][1:])


def test_a_clause_that_is_not_prime_comes_out_shorter() -> None:
    # the consensus of the two shortens the second
    written: tuple[Clause, ...] = (
        ((1, False), (7, False)),
        ((1, True), (4, False), (7, False), (9, True)),
    )
    network = dnf_network(10, written)
    layer = hidden_layer(network, 0)
    assert layer is not None
    found = learn(target_of(network), candidates(layer))
    assert found.proved
    assert found.clauses == (((1, False), (7, False)), ((4, False), (7, False), (9, True)))
    assert equivalent(found.clauses, written)


def test_wrong_candidates_do_no_harm() -> None:
    task = random_dnf(10, 3, 3, 2, disjoint=True)
    wrong: list[Clause] = [((0, True),), (), ((1, True), (2, False)), *task.clauses]
    found = learn(target_of(dnf_network(10, task.clauses)), wrong)
    assert found.proved
    assert equivalent(found.clauses, task.clauses)


@pytest.mark.parametrize(
    "domain",
    ["at most 3", {"one_hot": [["x0", "x1", "x2"], ["x3", "x4"]]}, {"where": "x0 >> x5"},
     "within 3 of 0101010101", {"points": ["0000000000", "1110000000", "1111111111"]}],
    ids=str,
)  # fmt: skip
def test_a_formula_is_complete_on_its_domain(domain: object) -> None:
    task = random_dnf(10, 3, 3, 8, mixed=True)
    network = dnf_network(10, task.clauses)
    target = target_of(network, domain=domain)
    found = learn(target)
    assert found.proved
    points = all_points(10)
    points = points[target.domain.contains(points)]
    assert (satisfied(found.clauses, points).any(axis=1) == reads(network, points)).all()


def test_refuted_clauses_go_and_stay_away() -> None:
    task = random_dnf(9, 2, 3, 1, disjoint=True)
    target = target_of(dnf_network(9, task.clauses))
    learner = Learner(target, limits=Limits(sampled=False))
    too_short = task.clauses[0][:2]
    learner.clauses = (too_short, task.clauses[1])
    learner.repair(target.verify(learner.prove().formula(target.domain.names)))
    assert too_short not in learner.clauses
    assert equivalent(learner.clauses, task.clauses)


def test_limits_end_without_a_formula() -> None:
    rng = np.random.default_rng(0)
    network = Network.from_arrays(
        [rng.normal(size=(8, 10)), rng.normal(size=(1, 8))], [rng.normal(size=8), [0.0]]
    )
    few = learn(target_of(network), limits=Limits(clauses=3))
    assert (few.proved, few.why) == (False, "more than 3 clauses")
    short = learn(target_of(network), limits=Limits(rounds=1, sampled=False))
    assert (short.proved, short.why) == (False, "not proved in 1 exact answers")
    late = learn(target_of(network), limits=Limits(timeout=1e-9))
    assert (late.proved, late.why) == (False, "the time was up")


def test_an_output_that_reads_as_neither_has_no_formula() -> None:
    from superproof.verify.readout import Levels

    network = Network.from_arrays([[[1.0, 1.0, 1.0]]])
    found = learn(target_of(network, readout=Levels(3, 0)))  # type: ignore[arg-type]
    assert not found.proved
    assert found.why.startswith("the output reads as neither true nor false at ")
