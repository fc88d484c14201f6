"""Stacked and deep networks: built, read without a formula, and counted."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.reading import layers
from superproof.empirics.reading.experiment import ReadingResult
from superproof.empirics.reading.layers import read_stages
from superproof.empirics.reading.output import Reader
from superproof.empirics.reading.plan import FULL, NAME, QUICK
from superproof.empirics.reading.read import LAYERED
from superproof.empirics.reading.stacked import (
    Block,
    DeepCell,
    StackedCell,
    stacked,
    stacked_formula,
)
from superproof.empirics.reading.stacked_finding import (
    COLUMNS,
    layered_tally,
    stacked_sentences,
    stacked_table,
    write_stacked,
)
from superproof.empirics.reading.stacked_measurement import measure_stack, same, stacked_runs
from superproof.empirics.run_plan import Planned
from superproof.empirics.store import Run
from superproof.empirics.tasks import Clause, CnfTask, DnfTask, random_cnf, random_dnf
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.specification import Specification

from .built import all_points, dnf_network, reads


def cnf_network(task: CnfTask) -> Network:
    """The negation of the network of the opposite DNF."""
    first, second = dnf_network(task.inputs, task.opposite.clauses).layers
    return Network.from_arrays([first.weight, -second.weight], [first.bias, -second.bias])


def tall(network: Network) -> Network:
    """The same function with neurons that are 0 or 1.5 and more, so that they are not Boolean."""
    first, second = network.layers
    return Network.from_arrays([first.weight * 1.5, second.weight], [first.bias * 1.5, second.bias])


def blocks(seed: int, units: int = 3, inputs: int = 9) -> tuple[list[Block], Block]:
    """Units that compute random DNFs, and above them one for a random CNF."""
    tasks = [random_dnf(inputs, 2, 3, seed + j, disjoint=False, mixed=True) for j in range(units)]
    above = random_cnf(units, 2, 2, seed, disjoint=False, mixed=True)
    made = [Block(tall(dnf_network(inputs, task.clauses, j + 1)), task, True)
            for j, task in enumerate(tasks)]  # fmt: skip
    return made, Block(tall(cnf_network(above)), above, True)


def flipped(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """The same with the sign of the first literal changed."""
    ((i, sign), *rest), *others = clauses
    return (((i, not sign), *rest), *others)


def test_a_stack_computes_the_composed_formula() -> None:
    for seed in range(3):
        units, upper = blocks(seed)
        network = stacked([unit.network for unit in units], upper.network)
        assert [layer.activation for layer in network.layers] == [
            "relu",
            "step",
            "relu",
            "identity",
        ]
        assert [layer.width for layer in network.layers] == [
            12,
            3,
            upper.network.layers[0].width,
            1,
        ]
        formula = stacked_formula([unit.task for unit in units], upper.task)
        points = all_points(9)
        expected = Specification(9, {"y0": formula}).expected(points)[:, 0]
        assert 0 < expected.sum() < len(points)
        assert (reads(network, points) == expected).all()


def test_blocks_that_do_not_fit_are_refused() -> None:
    (unit, *_), upper = blocks(0)
    with pytest.raises(InputError, match="the upper block has 3 inputs for 1 units"):
        stacked([unit.network], upper.network)
    with pytest.raises(InputError, match="the same inputs and the same activation"):
        stacked([unit.network, upper.network], upper.network)
    flat = Network.from_arrays([np.ones((2, 9))])
    with pytest.raises(InputError, match="one output; unit 1 has 1 and 2"):
        stacked([unit.network, flat], upper.network)


def test_a_stack_is_read_as_what_its_blocks_are() -> None:
    units, upper = blocks(1)
    found, verdict = measure_stack(units, upper, seed=0, timeout=20.0)
    assert verdict.holds
    assert found["exact"]
    assert (found["stages"], found["cut_right"]) == (1, True)
    assert (found["units"], found["exact_units"]) == (3, 3)
    assert (found["units_read"], found["units_right"]) == (3, 3)
    assert (found["kind"], found["proved"], found["certified"]) == ("layers", True, True)
    assert found["as_specified"] is True
    # one a unit, one for the output over the units, one for the whole
    assert found["verify_calls"] == 5
    json.dumps(found, allow_nan=False)
    pieces = {**found, "certified": False, "certificate": LAYERED}
    runs = [Run(NAME, {"part": "stacked"}, k, result=r) for k, r in enumerate((found, pieces))]
    tally = layered_tally(runs)
    assert (tally.trained, tally.exact, tally.proved) == (2, 2, 2)
    assert (tally.whole, tally.certified, tally.as_specified) == (1, 1, 2)
    assert tally.questions == (5, 5)


def test_boolean_neurons_are_a_stage_of_their_own() -> None:
    tasks = [random_dnf(9, 2, 3, 10 + j, mixed=True) for j in range(3)]
    above = random_dnf(3, 2, 2, 10, disjoint=False, mixed=True)
    units = [Block(dnf_network(9, task.clauses), task, True) for task in tasks]
    upper = Block(tall(dnf_network(3, above.clauses)), above, True)
    found, _ = measure_stack(units, upper, seed=0, timeout=20.0)
    assert (found["stages"], found["cut_right"]) == (2, True)
    assert (found["units_read"], found["units_right"]) == (3, 3)
    assert found["certified"]


def test_a_unit_that_is_wrong_by_one_literal_is_told_as_it_is() -> None:
    # the upper block is false wherever unit 0 is true, so that all units matter
    clauses: tuple[Clause, ...] = (((0, False), (1, True)), ((0, False), (2, False)))
    units, _ = blocks(4)
    task = units[1].task
    assert isinstance(task, DnfTask)
    units[1] = Block(tall(dnf_network(9, flipped(task.clauses))), task, False)
    above = DnfTask(3, clauses, 0)
    upper = Block(dnf_network(3, clauses), above, True)
    found, verdict = measure_stack(units, upper, seed=0, timeout=20.0)
    network = stacked([unit.network for unit in units], upper.network)
    formula = stacked_formula([unit.task for unit in units], above)
    points = all_points(9)
    expected = Specification(9, {"y0": formula}).expected(points)[:, 0]
    wrong = int((reads(network, points) != expected).sum())
    assert verdict.status == found["status"] == "violated"
    assert found["wrong"] == wrong > 0
    assert not found["exact"]
    assert found["cut_right"]
    assert (found["units"], found["exact_units"]) == (3, 2)
    assert (found["units_read"], found["units_right"]) == (3, 2)
    # what the network computes is known all the same, and it is not the task
    assert (found["proved"], found["certified"], found["as_specified"]) == (True, True, False)
    run = Run(NAME, {"part": "stacked"}, 0, result={"blocks": 4, "exact_blocks": 3, **found})
    tally = layered_tally([run])
    assert (tally.trained, tally.exact, tally.proved, tally.wrong_but_proved) == (1, 0, 0, 1)
    assert (tally.blocks, tally.exact_blocks) == (4, 3)
    assert (tally.units, tally.units_right) == (2, 2)


def test_units_are_scored_by_equivalence() -> None:
    x0, x1, x2 = (0, True), (1, True), (2, True)
    task = DnfTask(9, ((x0, x1), (x0, (1, False), x2)), 0)
    shorter = DnfTask(9, ((x0, x1), (x0, x2)), 0)
    assert same(task.formula, shorter.formula, 9) is True
    assert same(task.formula, DnfTask(9, ((x0, x1),), 0).formula, 9) is False
    units, upper = blocks(2)
    units[2] = Block(tall(dnf_network(9, shorter.clauses)), task, True)
    found, _ = measure_stack(units, upper, seed=0, timeout=20.0)
    assert found["units_right"] == 3
    assert found["as_specified"] is True


def test_a_unit_is_not_right_because_another_one_is() -> None:
    units, upper = blocks(3)
    swapped = [replace_task(units[1], units[0]), replace_task(units[0], units[1]), units[2]]
    found, _ = measure_stack(swapped, upper, seed=0, timeout=20.0)
    assert (found["units_read"], found["units_right"]) == (3, 1)


def replace_task(task: Block, network: Block) -> Block:
    """A block of one network that was meant to be another."""
    return Block(network.network, task.task, False)


def test_a_network_without_boolean_units_is_not_cut() -> None:
    task = random_dnf(8, 2, 3, 0, mixed=True)
    first, second = dnf_network(8, task.clauses).layers
    network = Network.from_arrays(
        [first.weight, np.eye(2) * 1.5, second.weight / 1.5],
        [first.bias, [0.25, 0.25], second.bias],
    )
    assert read_stages(network, Specification(8, {"y0": None}), Reader()) != ()
    scaled = Network.from_arrays(
        [first.weight * 1.5, np.eye(2), second.weight],
        [first.bias * 1.5, [0.25, 0.25], second.bias],
    )
    assert read_stages(scaled, Specification(8, {"y0": None}), Reader()) == ()


def test_no_unit_is_read_unless_all_are_boolean(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a unit was read in vain")

    monkeypatch.setattr(layers, "read_output", never)
    monkeypatch.setattr(layers, "neuron_formulas", never)
    rng = np.random.default_rng(0)
    # the first unit is never active, the second is not Boolean
    first = np.stack([-np.abs(rng.normal(size=6)), np.abs(rng.normal(size=6))])
    for activation in ("relu", "identity"):
        network = Network.from_arrays(
            [first, np.eye(2), [[1.0, 1.0]]],
            [np.zeros(2), [0.1, 0.1], [-0.5]],
            [activation, "relu", "identity"],
        )
        assert read_stages(network, Specification(6, {"y0": None}), Reader()) == ()


def test_configurations_lead_back_to_their_cells() -> None:
    for plan in (QUICK, FULL):
        assert plan.stacks
        assert plan.deep
        for one in plan.planned(2):
            kept = json.loads(json.dumps(dict(one.configuration)))
            if kept["part"] == "stacked":
                cell = StackedCell.of(kept)
                assert cell in plan.stacks
                drawn = cell.blocks(one.seed)
                assert len(drawn) == len({seed for _, seed in drawn}) == cell.units + 1
                assert [block.inputs for block, _ in drawn] == (
                    [cell.inputs] * cell.units + [cell.units]
                )
                assert {block.form for block, _ in drawn[:-1]} == {"dnf"}
                assert drawn[-1][0].form == cell.form
                for block, seed in drawn:
                    block.run(seed)  # sizes fit
            elif kept["part"] == "deep":
                deep = DeepCell.of(kept)
                assert deep in plan.deep
                run = deep.run(one.seed)
                assert run.hidden == deep.hidden
                assert run.task.formula_task is not None
            else:
                assert not {"units", "upper_hidden"} & set(kept)
    seeds = [seed for s in range(5) for _, seed in FULL.stacks[-1].blocks(s)]
    assert len(set(seeds)) == len(seeds)


def planned(cell: StackedCell | DeepCell, part: str, seed: int = 0) -> Planned:
    """A run of a cell, read for 10 s at most."""
    return Planned(NAME, {"part": part, "timeout": 10.0, **asdict(cell)}, seed)


def test_blocks_with_errors_stay_in_the_denominators(tmp_path: Path) -> None:
    # one neuron cannot compute two clauses, and no round of counterexamples mends that
    cell = StackedCell("dnf", 6, 3, hidden=1, upper_hidden=8, rounds=0)
    (run,) = stacked_runs([planned(cell, "stacked")])
    assert run.status == "finished"
    assert run.result["blocks"] == 4
    assert run.result["exact_blocks"] == run.result["exact_units"] + 1 < 4
    assert not run.result["exact"]
    assert run.verdict is not None
    assert run.verdict["violations"] == run.result["wrong"] > 0
    assert run.result["units_read"] == 3
    assert run.result["proved"]
    assert run.result["as_specified"] is False
    result = ReadingResult(0, replace(QUICK, cells=()), (run,), 1.0, "cpu")
    (table,) = stacked_table(result)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["networks"] == "stacked: 6 inputs, 3 units, dnf above"
    assert (row["trained"], row["networks exact"], row["certified"]) == (1, 0, 0)
    assert row["blocks exact"] == f"{run.result['exact_blocks']} of 4"
    assert row["with errors, proved all the same"] == "1 of 1"
    assert row["exact questions, mean"] is None
    (said,) = stacked_sentences(result)
    assert said.startswith("Of stacks of trained blocks, 0 of 1 (0.0 %) were exact")
    assert "0 of 0 exact stacks got a proved formula" in said
    lines = write_stacked(result, tmp_path / "stacked.csv").read_text(encoding="utf-8")
    (line,) = csv.DictReader(lines.splitlines())
    assert list(line) == ["networks", "seed", *COLUMNS]
    assert line["exact"] == "False"
    empty = ReadingResult(0, QUICK, (), 1.0, "cpu")
    assert stacked_table(empty) == []
    assert stacked_sentences(empty) == []
