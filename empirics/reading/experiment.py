"""The reading experiment: how often networks are read with proof, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...verify.errors import require_seed
from ..figures import require_matplotlib
from ..run_plan import Planned, complete
from ..store import Run, RunStore
from ..training.program import FinishedRun
from .capacity_law import clause_errors
from .hidden_layer import hidden_layer
from .measurement import chance, measure, permuted
from .obdd import require_dd
from .plan import NAME, ReadingPlan, cell_of
from .stacked_measurement import deep_runs, stacked_runs
from .training import train

#: Networks trained side by side.
TOGETHER = 24


@dataclass(frozen=True)
class ReadingResult:
    """All that the experiment found, and the files it wrote.

    Attributes:
        seed, plan: what was run.
        runs: finished runs of the store, in the order of the plan.
        seconds, device: how.
        files: by kind.
    """

    seed: int
    plan: ReadingPlan
    runs: tuple[Run, ...]
    seconds: float
    device: str
    files: dict[str, Path] = field(default_factory=dict)

    def part(self, name: str) -> list[Run]:
        """The runs of a part: ``read``, ``chance``, ``capacity``, ``stacked`` or ``deep``."""
        return [run for run in self.runs if run.configuration["part"] == name]


def reading(
    out: Path,
    plan: ReadingPlan,
    *,
    quick: bool = False,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ReadingResult:
    """Train networks, read every one of them, and compare with other ways.

    Writes ``runs.sqlite`` (as runs finish), figures, ``reading.csv``, ``stacked.csv`` where there
    are stacked or deep networks, and ``finding.json``.

    Args:
        out: folder.
        plan: what to run.
        quick: the plan is the small one, for the command in the finding.
        seed: the first of the plan's seeds.
        device: of the training.
        resume: keep the runs that the folder holds.
        progress: called with (runs done, runs).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: torch, matplotlib or dd is not installed.
    """
    from .experiment_figure import draw_capacity, draw_questions
    from .experiment_finding import write_finding, write_table
    from .stacked_finding import write_stacked

    require_matplotlib()
    require_dd()
    require_seed(seed)
    start = time.monotonic()
    with RunStore(out, resume) as store:
        runs = complete(
            store, plan.planned(seed), lambda some: _do_all(some, device), progress, TOGETHER
        )
    used = runs[0].device if runs else device
    result = ReadingResult(seed, plan, tuple(runs), time.monotonic() - start, used)
    result.files["runs"] = store.path
    result.files["csv"] = write_table(result, out / "reading.csv")
    if result.part("stacked") or result.part("deep"):
        result.files["stacked"] = write_stacked(result, out / "stacked.csv")
    result.files["questions"], _ = draw_questions(result, out / "questions")
    result.files["capacity"], _ = draw_capacity(result, out / "capacity")
    result.files["finding"] = write_finding(result, out, quick)
    return result


def _do_all(some: Sequence[Planned], device: str) -> Iterator[Run]:
    """Do some runs, each part in its own way."""
    for part, do in (("stacked", stacked_runs), ("deep", deep_runs)):
        yield from do([one for one in some if one.configuration["part"] == part], device)
    shallow = [one for one in some if one.configuration["part"] not in ("stacked", "deep")]
    yield from _do(shallow, device)


def _do(some: Sequence[Planned], device: str) -> Iterator[Run]:
    """Train the networks of some runs together, and measure each as it is finished."""
    cells = [(cell_of(dict(one.configuration)), one.seed) for one in some]
    for place, done in train(cells, device=device):
        one = some[place]
        start = time.monotonic()
        part = one.configuration["part"]
        status = "finished" if done.model is not None else "diverged"
        result: dict[str, Any] = {"exact": done.exact, "rounds": done.rounds, "stop": done.stop}
        if done.model is not None:
            measured = {"read": _read, "chance": _chance, "capacity": _capacity}[part]
            result |= measured(one, done, device)
        yield Run(
            NAME,
            one.configuration,
            one.seed,
            status,
            result,
            None if done.verdict is None else done.verdict.to_json(),
            list(done.curve),
            done.device,
            round(done.seconds + time.monotonic() - start, 4),
        )


def _read(one: Planned, done: FinishedRun, device: str) -> dict[str, Any]:
    task = done.run.task
    score = done.score
    assert task.formula_task is not None
    return {
        "status": None if done.verdict is None else done.verdict.status,
        "wrong": None if score is None else score.wrong,
        **measure(
            done.model,
            task.specification,
            task.formula_task,
            exact=done.exact,
            seed=one.seed,
            timeout=float(one.configuration["timeout"]),
        ),
    }


def _chance(one: Planned, done: FinishedRun, device: str) -> dict[str, Any]:
    """The trained network, its permuted weights, its start, and one with permuted labels."""
    layer = hidden_layer(done.model, 0)
    assert layer is not None
    rng = np.random.default_rng([one.seed, 42])
    random = layer._replace(
        first=rng.standard_normal(layer.first.shape) / 2,
        bias=rng.standard_normal(layer.bias.shape) / 4,
        second=rng.standard_normal(layer.second.shape),
    )
    cell = cell_of(dict(one.configuration))
    (_, nothing), *_ = train([(cell, one.seed)], device=device, shuffled=True)
    layers = {"trained": layer, "permuted": permuted(layer, one.seed), "random": random}
    if nothing.model is not None:
        fitted = hidden_layer(nothing.model, 0)
        assert fitted is not None
        layers["shuffled labels"] = fitted
    return {"layers": {name: chance(found, one.seed) for name, found in layers.items()}}


def _capacity(one: Planned, done: FinishedRun, device: str) -> dict[str, Any]:
    task = done.run.task.formula_task
    assert task is not None
    return {
        "parameters": done.model.parameters,
        **clause_errors(done.model, task.clauses),
    }
