"""Stacked and deep networks, trained and read without any formula."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from ...verify.comparison.formula_count import RegionSizes
from ...verify.domain import Domain
from ...verify.formula import Formula, Xor
from ...verify.network import Network
from ...verify.specification import Specification
from ...verify.verdict import Verdict
from ..run_plan import Planned
from ..store import Run
from ..training.program import FinishedRun
from ..training.trainer import train_runs
from .interpretation import Interpretation
from .layers import Stage, substituted
from .learn import Limits
from .output import Reader
from .read import read_network
from .stacked import Block, DeepCell, StackedCell, stacked, stacked_formula
from .training import PatientNetworks, decided, train

#: Number of the layer of steps, where the units end and the upper block begins.
SEAM = 1


def stacked_runs(some: Sequence[Planned], device: str = "cpu") -> Iterator[Run]:
    """Train the blocks of one stack after the other, put them together and read the stack."""
    for one in some:
        start = time.monotonic()
        cell = StackedCell.of(one.configuration)
        trained: dict[int, FinishedRun] = dict(train(cell.blocks(one.seed), device=device))
        runs = [trained[number] for number in sorted(trained)]
        result: dict[str, Any] = {
            "units": cell.units,
            "blocks": len(runs),
            "exact_blocks": sum(run.exact for run in runs),
            "exact": False,
            "rounds": sum(run.rounds for run in runs),
        }
        verdict: Verdict | None = None
        blocks = [_block(run) for run in runs if run.model is not None]
        if len(blocks) == len(runs):
            *units, upper = blocks
            measured, verdict = measure_stack(
                units, upper, seed=one.seed, timeout=float(one.configuration["timeout"])
            )
            result |= measured
        yield Run(
            one.experiment,
            one.configuration,
            one.seed,
            "diverged" if verdict is None else "finished",
            result,
            None if verdict is None else verdict.to_json(),
            [],
            runs[0].device,
            round(time.monotonic() - start, 4),
        )


def deep_runs(some: Sequence[Planned], device: str = "cpu") -> Iterator[Run]:
    """Train networks with several hidden layers, those of one kind together, and read each."""
    runs = [DeepCell.of(one.configuration).run(one.seed) for one in some]
    places = {id(run): place for place, run in enumerate(runs)}
    for done in train_runs(PatientNetworks(), runs, device=device):
        one = some[places[id(done.run)]]
        start = time.monotonic()
        result: dict[str, Any] = {"exact": done.exact, "rounds": done.rounds, "stop": done.stop}
        verdict = done.verdict
        if isinstance(verdict, Verdict):
            result |= {"status": verdict.status, "wrong": verdict.violations}
            task = done.run.task.formula_task
            found, measured = _read(
                done.model, task.formula, one.seed, float(one.configuration["timeout"])
            )
            result |= measured | {"stages": len(found.stages)}
        yield Run(
            one.experiment,
            one.configuration,
            one.seed,
            "diverged" if done.model is None else "finished",
            result,
            None if verdict is None else verdict.to_json(),
            list(done.curve),
            done.device,
            round(done.seconds + time.monotonic() - start, 4),
        )


def measure_stack(
    units: Sequence[Block], upper: Block, *, seed: int, timeout: float
) -> tuple[dict[str, Any], Verdict]:
    """Put blocks on each other, read the stack without any formula, and score by equivalence.

    Args:
        units, upper: trained blocks, exact or not.
        seed: of all samples.
        timeout: seconds of the reading; the certificate has as many again.

    Returns:
        JSON values, and the verdict whether the stack computes the composed tasks. ``cut_right``:
        some stage ends where the units do; neurons of a unit that are Boolean themselves make a
        stage of their own before it. ``units_read`` counts units with a proved formula over the
        inputs, ``units_right`` those of them that are the unit's task, which units with errors
        cannot be.
    """
    network = stacked([unit.network for unit in units], upper.network)
    formula = stacked_formula([unit.task for unit in units], upper.task)
    verdict = decided(network, Specification(network.input_size, {"y0": formula}))
    found, result = _read(network, formula, seed, timeout)
    formulas = _units(found.stages)
    right = [
        same(read, unit.task.formula, network.input_size)
        for read, unit in zip(formulas or (), units if formulas else (), strict=True)
    ]
    # blocks that are exact make an exact stack, whether or not the tree decides it in time
    exact = verdict.holds or (all(unit.exact for unit in units) and upper.exact)
    return {
        "units": len(units),
        "exact_units": sum(unit.exact for unit in units),
        "exact": exact,
        "status": verdict.status,
        "wrong": verdict.violations,
        "stages": len(found.stages),
        "cut_right": formulas is not None,
        "units_read": len(formulas or ()),
        "units_right": sum(one is True for one in right),
        **result,
    }, verdict


def _units(stages: Sequence[Stage]) -> tuple[Formula, ...] | None:
    """Formulas over the inputs of the units of a stack; None where it was not cut behind them."""
    before = [stage for stage in stages if stage.last <= SEAM]
    if not before or before[-1].last != SEAM:
        return None
    formulas = before[-1].formulas
    for stage in reversed(before[:-1]):
        by = dict(zip(stage.units, stage.formulas, strict=True))
        formulas = tuple(substituted(formula, by) for formula in formulas)
    return formulas


def same(one: Formula, other: Formula, inputs: int) -> bool | None:
    """Whether two formulas over x0, x1, ... are equivalent; None where diagrams get too large."""
    names = Specification(inputs, {"y0": None}).inputs
    different = RegionSizes(Domain(names)).size(Xor((one, other)))
    return None if different is None else different == 0


def _read(
    network: Network, formula: Formula, seed: int, timeout: float
) -> tuple[Interpretation, dict[str, Any]]:
    """Read without a formula; the one given scores what came out."""
    reader = Reader(Limits(timeout=timeout), seed)
    found = read_network(network, Specification(network.input_size, {"y0": None}), reader=reader)
    one = found.outputs[0]
    asked = [one.usage, *(stage.usage for stage in found.stages)]
    read = one.formula
    return found, {
        "kind": one.kind,
        "proved": one.decided,
        "certified": found.complete,
        "certificate": None if found.certificate is None else found.certificate.content,
        "as_specified": None if read is None else same(read, formula, network.input_size),
        "verify_calls": sum(usage.verify for usage in asked),
        "nodes": sum(usage.nodes for usage in asked),
        "seconds": round(found.seconds - found.certificate_seconds, 4),
        "certificate_seconds": round(found.certificate_seconds, 4),
        "why": one.why,
    }


def _block(run: FinishedRun) -> Block:
    task = run.run.task.formula_task
    assert task is not None
    return Block(run.model, task, run.exact)
