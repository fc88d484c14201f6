"""Families and plans: sizes, costs, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from superproof.empirics.capacity.families import FAMILIES, and_task, domain_points
from superproof.empirics.capacity.plan import CapacityPlan, planned, recorded, within
from superproof.empirics.training.program import FinishedRun
from superproof.empirics.training.trainer import train_runs
from superproof.verify.check import check
from superproof.verify.errors import InputError
from superproof.verify.network import Network

from .conftest import TINY


@pytest.mark.parametrize("outputs", [3, 6, 7, 45])
def test_tasks_have_the_least_number_of_inputs(outputs: int) -> None:
    task = and_task(outputs, 5)
    inputs = task.inputs
    assert math.comb(inputs, 2) >= outputs > math.comb(inputs - 1, 2)
    assert task.specification.domain.size == domain_points(outputs)
    assert len({tuple(pair) for pair in task.members.tolist()}) == outputs


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_are_those_of_the_network(name: str) -> None:
    family = FAMILIES[name]
    run = family.run(12, 10, 3)
    assert run.seed == run.task.seed == 3
    (found,) = train_runs(family.program, [replace_steps(run)], device="cpu")
    network = found.model
    assert isinstance(network, Network)
    if name == "plain":
        held = sum(layer.weight.size + layer.bias.size for layer in network.layers)
        assert family.parameters(12, 10) == held == network.parameters
        assert family.total_bits(12, 10) == 32 * held
    else:
        assert network.layers[1].weight.shape == (12, 12)
        assert abs(network.layers[1].weight).max() < 2 ** (family.bits - 1)
        assert family.parameters(12, 10) == 145
        assert family.total_bits(12, 10) == 14 * 144 + 32


def replace_steps(run):  # type: ignore[no-untyped-def]
    return replace(run, schedule=replace(run.schedule, steps=5))


@pytest.mark.parametrize("name", FAMILIES)
def test_guesses_rise_with_the_width(name: str) -> None:
    guesses = [FAMILIES[name].guess(width) for width in (4, 8, 16, 64)]
    assert guesses == sorted(guesses)
    assert guesses[0] >= 3


def test_the_guess_in_superposition_is_the_measured_law() -> None:
    outputs = FAMILIES["superposed"].guess(100)
    assert 1.116 < 100 / math.sqrt(outputs * math.log(outputs)) < 1.22


def test_a_record_holds_exact_counts_and_weights() -> None:
    family = FAMILIES["plain"]
    run = family.run(2, 12, 0)
    (found,) = train_runs(family.program, [replace_steps(run)], device="cpu")
    row = recorded("plain", found)
    verdict = check(found.model, run.task.specification, count=True)
    assert row.key == planned("plain", found.run).key
    assert row.key != planned("superposed", found.run).key
    assert row.result["wrong"] == verdict.violations
    assert row.result["points"] == domain_points(12)
    assert not row.result["exact"]
    assert row.result["exact_outputs"] < 12
    assert row.verdict is not None
    assert row.verdict["violations"] == verdict.violations
    assert row.arrays is not None
    assert set(row.arrays) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    assert not within(row, Fraction(0))
    assert within(row, Fraction(verdict.violations or 0, domain_points(12)))


def test_a_diverged_run_is_recorded_as_such() -> None:
    run = FAMILIES["plain"].run(2, 4, 0)
    diverged = FinishedRun(
        run, FAMILIES["plain"].program, "diverged", 20, 0, None, (), {}, 0.1, "cpu", "float32"
    )
    row = recorded("plain", diverged)
    assert (row.status, row.verdict, row.result["wrong"]) == ("diverged", None, None)
    assert not within(row, Fraction(1, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"widths": {"deep": (3,)}}, "unknown family 'deep'; use one of plain, superposed"),
        ({"widths": {"plain": (4, 3)}}, "the widths of 'plain' must rise from 1 or more"),
        ({"widths": {"plain": ()}}, "the widths of 'plain' must rise"),
        ({"seeds": 0}, "a plan needs one seed or more"),
        ({"construction_seeds": 0}, "a plan needs one seed or more"),
        ({"tolerance": Fraction(1)}, "the tolerance must lie from 0 to below 1, not 1"),
        ({"most_outputs": 2}, "most_outputs must lie between 3 and 7,500, not 2"),
    ],
)
def test_bad_plans(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(TINY, **change)  # type: ignore[arg-type]


def test_a_plan_without_tolerance_has_one_criterion() -> None:
    plan = CapacityPlan({"plain": (3,)}, 1, {}, tolerance=Fraction(0))
    assert plan.criteria == (Fraction(0),)
    assert TINY.criteria == (Fraction(0), Fraction(1, 20))
