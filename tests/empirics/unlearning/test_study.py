"""Methods, exact verdicts, remnants, codes and recoveries on one small network."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from superproof import check, compare
from superproof.constructions.editing.target import RefusedError
from superproof.empirics.training.relu_networks import NetworkRun
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.unlearning import recovery
from superproof.empirics.unlearning.case import Case
from superproof.empirics.unlearning.methods import METHODS, Descent, Method, Scratch
from superproof.empirics.unlearning.remnant import cube_text, remnant
from superproof.empirics.unlearning.study import Variant, decide, erase, recover, recover_plainly
from superproof.empirics.unlearning.tuning import Tuning
from superproof.empirics.unlearning.weights import Weights, logits, network_of, read_true

from .small_case import small_case

BY_NAME = {method.name: method for method in METHODS}
CHOSEN = ("ascent + 10 retain", "preference", "delete code", "column, proved", "scratch, exact")


def variants(names: tuple[str, ...]) -> dict[str, Variant]:
    case = small_case()
    return {v.method.name: v for v in erase([(case, BY_NAME[name]) for name in names])}


@pytest.fixture(scope="module")
def erased() -> dict[str, Variant]:
    return variants(CHOSEN)


def weights(variant: Variant) -> Weights:
    assert variant.weights is not None
    return variant.weights


def test_stay_and_coll_agree_between_engines_and_with_a_plain_count(
    erased: dict[str, Variant],
) -> None:
    case = small_case()
    points = np.array(list(itertools.product([0, 1], repeat=10)), dtype=np.uint8)
    truth = case.samples.truth(points)
    region = truth[:, case.clause] & (truth.sum(axis=1) == 1)
    for name, variant in erased.items():
        found = decide(variant)
        network = network_of(weights(variant))
        spec = case.target.specification
        for engine in ("tree", "z3") if name == "ascent + 10 retain" else ("tree",):
            claim = compare(
                case.network, network, spec, forgotten=[case.target.name], engine=engine
            ).claim
            assert claim is not None
            assert (claim.residual, claim.damage) == (found["stay"], found["coll"]), name
        read = (network(points.astype(int)) > 0)[:, 0].astype(bool)
        assert found["stay"] == np.count_nonzero(read & region)
        assert found["coll"] == np.count_nonzero((read != truth.any(axis=1)) & ~region)
        assert found["clean"] == (found["stay"] + found["coll"] == 0)
        assert found["target_inputs"] == np.count_nonzero(region)
        assert found["inputs"] == 1024


def test_methods_do_what_they_say(erased: dict[str, Variant]) -> None:
    case = small_case()
    for name in ("ascent + 10 retain", "preference"):
        assert read_true(weights(erased[name]), case.watched).mean() <= 0.05
        assert erased[name].steps > 1
    assert decide(erased["column, proved"])["clean"]
    assert check(network_of(weights(erased["scratch, exact"])), case.target.remaining).holds
    deleted = weights(erased["delete code"])["1.weight"]
    changed = deleted != case.weights["1.weight"]
    assert (deleted[changed] == 0).all()


def test_every_method_yields_a_network_or_a_reason() -> None:
    case = small_case()
    assert len(BY_NAME) == len(METHODS)
    for variant in erase([(case, method) for method in METHODS]):
        assert variant.weights is not None
        assert all(np.isfinite(array).all() for array in variant.weights.values())
        shapes = {name: array.shape for name, array in variant.weights.items()}
        if variant.method.moves and "proved" not in variant.method.name:
            assert shapes == {name: array.shape for name, array in case.weights.items()}


def test_an_untrained_network_says_false() -> None:
    case = small_case()
    found = BY_NAME["random network"].finish(case, None)
    assert (logits(found, case.watched) > 0).mean() <= 0.05


def test_recovery_is_the_first_step_above_the_level() -> None:
    case = small_case()
    silent = weights(variants(("ascent + 10 retain",))["ascent + 10 retain"])
    variant = Variant(case, BY_NAME["ascent + 10 retain"], silent)
    (row,) = recover([variant], 300)
    assert set(row) == set(recovery.REGIMES)
    target = row["target"]
    assert target["recovered"]
    assert 0 < target["steps"] <= 300
    assert 0 <= target["energy"] <= 1
    assert set(target["energy_by_tensor"]) == set(case.weights)
    kept = Variant(case, BY_NAME["random labels"], case.weights)
    for found in (recover([kept], 300), recover_plainly([kept], 300)):
        assert {(r["steps"], r["recovered"]) for r in found[0].values()} == {(0, True)}
    (plain,) = recover_plainly([variant], 300)
    assert set(plain) == set(recovery.PLAIN_REGIMES)
    assert plain["target"]["recovered"]
    assert 0 < plain["target"]["steps"] <= 300


def test_what_is_watched_is_never_trained_on() -> None:
    case = small_case()
    watched = {bytes(point) for point in case.watched}
    assert case.held(case.watched).all()
    trained = [case.forget, *(recovery.lesson(case, regime)[0] for regime in recovery.REGIMES)]
    for points in trained:
        assert not watched & {bytes(point) for point in points.astype(case.watched.dtype)}
    every = np.array(list(itertools.product([0, 1], repeat=10)), dtype=np.uint8)
    assert 0.1 < case.held(every).mean() < 0.4


@pytest.mark.parametrize("regime", list(recovery.REGIMES))
def test_lessons(regime: str) -> None:
    case = small_case()
    points, truth = recovery.lesson(case, regime)
    clauses = case.samples.truth(points)
    assert (truth == clauses.any(axis=1)).all()
    assert 0.4 < truth.mean() < 0.6
    assert clauses[:, case.clause].any() == (regime in ("target", "all"))
    near = (recovery.missing(case, points) == 1) & ~truth
    assert near.any() == (regime != "unrelated")


def test_a_remnant_is_found_by_brute_force() -> None:
    case = small_case()
    silent = weights(variants(("ascent + 10 retain",))["ascent + 10 retain"])
    network = network_of(silent)
    found = remnant(network, case.target)
    assert found is not None
    assert found.fewest == len(found.cube)
    points = np.array(list(itertools.product([0, 1], repeat=10)), dtype=np.uint8)
    truth = case.samples.truth(points)
    read = (network(points.astype(int)) > 0)[:, 0].astype(bool)
    allowed = read | truth[:, [n for n in range(2) if n != case.clause]].any(axis=1)
    stay = read & truth[:, case.clause] & (truth.sum(axis=1) == 1)
    assert found.stay == np.count_nonzero(stay)
    free = [i for i in range(10) if all(i != lit.input for lit in case.target.literals)]
    inside = truth[:, case.clause]

    def holds(cube: dict[int, int]) -> bool:
        chosen = inside.copy()
        for i, value in cube.items():
            chosen &= points[:, i] == value
        return bool(allowed[chosen].all() and stay[chosen].any())

    every = [
        {i: v for i, v in zip(free, values, strict=True) if v != 2}
        for values in itertools.product([0, 1, 2], repeat=len(free))
    ]
    good = [cube for cube in every if holds(cube)]
    assert min(map(len, good)) == found.fewest
    primes = [
        cube
        for cube in good
        if not any({k: v for k, v in cube.items() if k != i} in good for i in cube)
    ]
    assert len(primes) == found.primes
    shown = cube_text(found.cube, case.target.specification.inputs)
    assert shown.count("&") == len(found.cube) - 1
    assert cube_text((), ()) == "true"
    whole = remnant(case.network, case.target)
    assert whole is not None
    assert (whole.fewest, whole.primes) == (0, 1)


def test_what_cannot_be_measured_is_kept_with_the_reason() -> None:
    class Never(Method):
        name, about = "never", "is always refused"

        def finish(self, case: object, trained: object) -> Weights:
            raise RefusedError("it never works")

    (variant,) = erase([(small_case(), Never())])
    assert variant.weights is None
    assert variant.reason == "refused: it never works"

    class Hasty(Scratch):
        def plan(self, case: Case) -> NetworkRun:
            few = Schedule(1, 0.01)
            return dataclasses.replace(super().plan(case), schedule=few, rounds=0, repair=None)

    class Wild(Descent):
        def plan(self, case: Case) -> Tuning:
            fast = Schedule(200, 1e30, patience=1, decay="none", warm_up=0.0)
            return dataclasses.replace(super().plan(case), schedule=fast)

    hasty, wild = erase(
        [(small_case(), Hasty()), (small_case(), Wild("wild", "", "ascend", stops=False))]
    )
    assert (hasty.weights, hasty.reason) == (None, "it did not become exact")
    assert (wild.weights, wild.reason) == (None, "its training diverged")
