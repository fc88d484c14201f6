"""The experiment ``fixed-parameter-expansion``: dense networks against split ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...verify.check import check
from ...verify.errors import require_seed
from ...verify.formula import Formula
from ...verify.network import Network
from ...verify.specification import Specification
from ..figures import require_matplotlib
from ..run_plan import Planned, complete
from ..store import Run, RunStore
from ..training.device import choose_device, require_torch
from .expand import Expanded, expand, nonzeros
from .interference import interference
from .masked_networks import (
    ClassifierRun,
    Lesson,
    accuracy,
    fresh_classifier,
    train_classifiers,
)
from .protocol import SETTINGS, TEST, Setting, drawn, lesson_of, task_of
from .published import CLAUSE, DENSE

NAME = "fixed-parameter-expansion"
#: Runs of the store that are trained together.
TOGETHER = 48
#: Expansions: (split, factor).
ARMS = (
    *(("clause", 2), ("clause", 4), ("random", 2), ("random", 4)),
    *(("gram", 2), ("gram", 4)),
)
#: Wrong inputs are counted up to so many inputs.
COUNTED = 32


@dataclass(frozen=True)
class SweepPlan:
    """What is trained.

    Attributes:
        neurons: hidden neurons, for 8 clauses.
        clauses: numbers of clauses, for 8 neurons.
        seeds: tasks and starts, for every size.
        settings: of the protocol that are tried on dense networks.
        patience: seconds for counting the wrong inputs of one network.
    """

    neurons: tuple[int, ...]
    clauses: tuple[int, ...]
    seeds: int
    settings: tuple[Setting, ...] = SETTINGS
    patience: float = 5.0

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(clauses, neurons) of all sizes."""
        found = [(8, neurons) for neurons in self.neurons]
        found += [(clauses, 8) for clauses in self.clauses]
        return sorted(set(found))


QUICK = SweepPlan((4, 8, 16), (8, 14), 2, SETTINGS[:2], patience=0.5)
FULL = SweepPlan(
    (4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32), (6, 8, 10, 12, 14, 16, 20, 24, 28, 32), 5
)


@dataclass(frozen=True)
class SweepResult:
    """What came out.

    Attributes:
        seed: the first one. ``plan``, ``quick``, ``seconds``, ``device``: how it ran.
        setting: that was chosen, by dense networks alone.
        gaps: mean distance to the published dense accuracies, by setting.
        dense: mean accuracies of dense networks by setting and (clauses, neurons).
        runs: all of the chosen setting, as :func:`arm_of` describes them.
        files: what was written.
    """

    seed: int
    plan: SweepPlan
    quick: bool
    setting: Setting
    gaps: dict[str, float]
    dense: dict[str, dict[tuple[int, int], float]]
    runs: tuple[dict[str, Any], ...]
    seconds: float
    device: str
    files: dict[str, Path] = field(default_factory=dict)


def fixed_parameter_expansion(
    out: Path,
    plan: SweepPlan,
    *,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SweepResult:
    """Choose the unknown settings by dense networks, then train every arm from the same ones.

    A dense network is trained for half of the steps; then it goes on as it is, and in every arm
    split and pruned to its own number of nonzeros, for the other half.

    Args:
        out: folder for the run store, figure, tables and the finding.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: keep the runs that the folder holds.
        progress: called with (runs done, runs in all).

    Raises:
        InputError: a negative seed, an unknown device, or earlier results without ``resume``.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .sweep_files import write_files

    require_matplotlib()
    require_torch()
    require_seed(seed)
    place = choose_device(device)
    begin = time.monotonic()
    seeds = range(seed, seed + plan.seeds)
    dense_cells = list(DENSE)
    calibrations = len(plan.settings) * len(dense_cells) * len(seeds)
    arms = len(plan.cells) * len(seeds) * (1 + len(ARMS))
    with RunStore(out, resume) as store:

        def done(before: int) -> Callable[[int, int], None]:
            return lambda count, _: progress(before + count, calibrations + arms)

        def do(wanted: Sequence[Planned]) -> Iterator[Run]:
            return _trained(wanted, place, plan.patience)

        tried = complete(
            store,
            [
                _planned(setting, cell, "dense", 1, own)
                for setting in plan.settings
                for cell in dense_cells
                for own in seeds
            ],
            do,
            done(0),
            TOGETHER,
        )
        dense = _dense_means(tried)
        gaps = {
            label: float(np.mean([abs(means[cell] - DENSE[cell]) for cell in dense_cells]))
            for label, means in dense.items()
        }
        setting = min(plan.settings, key=lambda one: gaps[one.label])
        wanted = [
            _planned(setting, cell, kind, factor, own)
            for cell in plan.cells
            for own in seeds
            for kind, factor in (("dense", 1), *ARMS)
        ]
        runs = complete(store, wanted, do, done(calibrations), TOGETHER * (1 + len(ARMS)))
    result = SweepResult(
        seed,
        plan,
        plan == QUICK,
        setting,
        gaps,
        dense,
        tuple(arm_of(run) for run in runs),
        time.monotonic() - begin,
        place,
    )
    result.files.update(write_files(result, out))
    return result


def arm_of(run: Run) -> dict[str, Any]:
    """What a run is and what it came to, in one flat dictionary."""
    return {
        **{key: run.configuration[key] for key in ("clauses", "neurons", "split", "factor")},
        "seed": run.seed,
        **run.result,
    }


def _planned(setting: Setting, cell: tuple[int, int], kind: str, factor: int, seed: int) -> Planned:
    clauses, neurons = cell
    about = {"clauses": clauses, "neurons": neurons, "split": kind, "factor": factor}
    return Planned(NAME, about | {"setting": asdict(setting)}, seed)


def _dense_means(runs: Sequence[Run]) -> dict[str, dict[tuple[int, int], float]]:
    found: dict[str, dict[tuple[int, int], list[float]]] = {}
    for run in runs:
        about = run.configuration
        cells = found.setdefault(Setting(**about["setting"]).label, {})
        cell = (about["clauses"], about["neurons"])
        cells.setdefault(cell, []).append(run.result["accuracy"])
    return {
        label: {cell: float(np.mean(values)) for cell, values in cells.items()}
        for label, cells in found.items()
    }


def _trained(wanted: Sequence[Planned], device: str, patience: float) -> Iterator[Run]:
    """Both halves of the training of some runs; those of one size and seed share the first."""
    starts: dict[str, tuple[Setting, int, int, int]] = {}
    for planned in wanted:
        about = planned.configuration
        own = (Setting(**about["setting"]), about["clauses"], about["neurons"], planned.seed)
        starts[repr(own)] = own
    first: dict[str, Lesson] = {}
    for name, (setting, clauses, neurons, seed) in starts.items():
        task = task_of(clauses, CLAUSE, seed)
        first[name] = lesson_of(
            task, setting, fresh_classifier(task.inputs, [neurons], 1, seed), whole=True
        )
    halfway = dict(_descend(first, {name: own[0] for name, own in starts.items()}, 0, device))
    second: dict[str, Lesson] = {}
    splits: dict[str, Expanded | None] = {}
    settings: dict[str, Setting] = {}
    for planned in wanted:
        about = planned.configuration
        setting = Setting(**about["setting"])
        own = (setting, about["clauses"], about["neurons"], planned.seed)
        begin, task = halfway[repr(own)][0], task_of(about["clauses"], CLAUSE, planned.seed)
        split = None
        if about["split"] != "dense":
            split = expand(
                begin,
                about["factor"],
                about["split"],
                seed=planned.seed,
                clauses=[[index for index, _ in clause] for clause in task.clauses],
            )
        settings[planned.key], splits[planned.key] = setting, split
        second[planned.key] = lesson_of(
            task, setting, begin if split is None else split.network, whole=split is None
        )
    by_key = {planned.key: planned for planned in wanted}
    for key, (network, seconds) in _descend(second, settings, 1, device):
        run = _finished(by_key[key], network, splits[key], settings[key], patience)
        yield replace(run, device=device, seconds=round(seconds, 3))


def _descend(
    lessons: Mapping[str, Lesson], settings: Mapping[str, Setting], half: int, device: str
) -> Iterator[tuple[str, tuple[Network, float]]]:
    runs = [
        ClassifierRun(name, half, settings[name].schedule, settings[name].rows) for name in lessons
    ]
    for finished in train_classifiers(lessons, runs, device):
        assert finished.model is not None
        yield finished.run.name, (finished.model, finished.seconds)


def _finished(
    planned: Planned,
    network: Network,
    split: Expanded | None,
    setting: Setting,
    patience: float,
) -> Run:
    """Accuracy on fresh points, exact errors as far as they can be counted, and interference."""
    about = planned.configuration
    task = task_of(about["clauses"], CLAUSE, planned.seed)
    points, classes = drawn(task, setting, TEST, 1)
    weight = network.dense.layers[0].weight
    parents = None if split is None else split.parents[0]
    met = interference(weight, parents)
    result: dict[str, Any] = {
        "accuracy": accuracy(network, points, classes),
        "nonzeros": nonzeros(network),
        "budget": nonzeros(network) if split is None else split.budget,
        "wrong": _wrong(network, task.formula, task.inputs, setting, patience),
        "inputs": task.inputs,
        "capacity": met.capacity,
        "cosine": met.signed,
        "absolute_cosine": met.absolute,
        "stranger_cosine": met.strangers,
    }
    return Run(NAME, dict(about), planned.seed, result=result)


def _wrong(
    network: Network, formula: Formula, inputs: int, setting: Setting, patience: float
) -> int | None:
    """Wrong inputs of all 2^inputs, counted exactly; None where that takes too long."""
    if inputs > COUNTED:
        return None
    asked = Specification(inputs, {"y0": formula}, values=(-1, 1) if setting.signed else None)
    return check(network, asked, count=True, threads=1, dtypes=(), timeout=patience).violations
