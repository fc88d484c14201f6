"""The experiment ``boolean-capacity``: how many ANDs a trained network of n neurons computes."""

from __future__ import annotations

import csv
import json
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..verify.errors import InputError
from ..verify.problem import canonical_network, digest
from ..verify.verdict import package_version
from .batch import Schedule, choose_device, require_torch
from .capacity_lines import Line, counting_line, plain_construction_line
from .figures import require_matplotlib
from .run_log import RunLog
from .tasks import random_pairwise_and
from .train import DomainRecipe, train_pairwise_and

NAME = "boolean-capacity"
#: What is counted, as figure and files state it.
DEFINITION = (
    "features computed exactly = the largest m' on the ladder for which a trained network of n "
    "hidden neurons computes all m' random pairwise ANDs of m = m' inputs without a single error "
    "on the domain of all inputs with at most 2 ones (decided exactly)"
)
#: The form of the trained networks, which decides what bounds apply to them.
FORM = "plain: every weight, the read-out included, may depend on the function; float32"
RESULTS_FILE = "results.jsonl"
#: Neurons at which the bounds are drawn.
LINE_WIDTHS = (3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96)


@dataclass(frozen=True)
class CapacityPlan:
    """What to train.

    Attributes:
        widths: hidden neurons.
        ladder: numbers of outputs, climbed until no seed is exact any more.
        seeds: number of random tasks at every step of the ladder.
        recipe: of the trainer; its restarts are the least number of starts a task.
        most_starts: small tasks are cheap and get up to so many starts.
        start_points: so many domain points in all starts of a task decide how many it gets.
        construction_sizes: outputs at which the plain construction is built.
    """

    widths: tuple[int, ...]
    ladder: tuple[int, ...]
    seeds: int
    recipe: DomainRecipe
    most_starts: int = 8
    start_points: int = 4096
    construction_sizes: tuple[int, ...] = (16, 32, 64, 128)

    def __post_init__(self) -> None:
        for name, values in (("widths", self.widths), ("ladder", self.ladder)):
            if not values or list(values) != sorted(set(values)):
                raise InputError(f"the plan's {name} must increase, not {values}")
        if self.widths[0] < 1 or self.ladder[0] < 3 or self.seeds < 1:
            raise InputError("a plan needs widths from 1, outputs from 3 and a seed or more")

    def first_rung(self, width: int) -> int:
        """Where the climb begins: the largest rung that one neuron an output would reach."""
        return max(0, sum(rung <= width for rung in self.ladder) - 1)

    def starts(self, outputs: int) -> int:
        """Initialisations a task of so many outputs gets."""
        wanted = self.start_points // domain_points(outputs)
        return max(self.recipe.restarts, min(self.most_starts, wanted))

    def identity(self, seed: int) -> str:
        """Short digest of all that decides the outcome of one rung at one width."""
        data = {
            "experiment": NAME,
            "seed": seed,
            "seeds": self.seeds,
            "starts": [self.most_starts, self.start_points],
            # as text: the canonical form has no floats
            "recipe": json.dumps(asdict(self.recipe), sort_keys=True),
        }
        return digest(data)[:16]


def domain_points(inputs: int) -> int:
    """Number of inputs with at most 2 ones."""
    return 1 + inputs + math.comb(inputs, 2)


QUICK = CapacityPlan(
    widths=(3, 4, 6, 8, 12),
    ladder=(4, 6, 8, 12, 16, 24, 32, 48, 64, 96),
    seeds=3,
    recipe=DomainRecipe(Schedule(600, 0.2), restarts=2),
)
FULL = CapacityPlan(
    widths=(3, 4, 5, 6, 8, 10, 12),
    ladder=(4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128),
    seeds=5,
    recipe=DomainRecipe(Schedule(1000, 0.2), restarts=2),
    start_points=16384,
    construction_sizes=(16, 32, 64, 128, 256, 512),
)


@dataclass(frozen=True)
class Capacity:
    """Measured capacity at one width.

    Attributes:
        width: hidden neurons.
        by_seed: the largest m' computed exactly, a number a seed; 0 when none was.
        at_top: which of them were at the top of the ladder, so that they are only lower bounds.
    """

    width: int
    by_seed: tuple[int, ...]
    at_top: tuple[bool, ...]

    @property
    def median(self) -> float:
        """Median over the seeds."""
        return float(statistics.median(self.by_seed))


@dataclass(frozen=True)
class CapacityResult:
    """All that the experiment found, and the files it wrote."""

    seed: int
    device: str
    plan: CapacityPlan
    capacities: tuple[Capacity, ...]
    lines: tuple[Line, ...]
    runs: tuple[dict[str, Any], ...]
    trained: int
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)


def boolean_capacity(
    out: Path,
    plan: CapacityPlan,
    *,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CapacityResult:
    """Measure, decide exactly, and draw features against neurons.

    Writes ``results.jsonl`` (as runs finish), ``capacity.json``, ``capacity.csv``,
    ``capacity.svg`` and ``capacity.png`` into ``out``.

    Args:
        out: folder.
        plan: widths, ladder, seeds and recipe; :data:`QUICK` or :data:`FULL`.
        seed: of all tasks and initialisations.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: skip the runs that ``results.jsonl`` holds already.
        threads: processor threads of the trainer.
        progress: called with training examples (points x networks x steps) done, and to do at
            most.

    Raises:
        InputError: no such device, a negative seed, or earlier results without ``resume``.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .capacity_figure import draw_capacity

    require_torch()
    require_matplotlib()
    if seed < 0:
        raise InputError(f"the seed must be 0 or more, not {seed}")
    place = choose_device(device)
    start = time.monotonic()
    log = RunLog(out / RESULTS_FILE, resume)
    climb = _Climb(plan, seed, place, threads, log, progress)
    capacities = tuple(climb.measure(width) for width in plan.widths)
    lines = (
        counting_line("superposed", 32, LINE_WIDTHS),
        counting_line("free", 1, LINE_WIDTHS),
        counting_line("free", 32, plan.widths),
        plain_construction_line(plan.construction_sizes, seed),
    )
    result = CapacityResult(
        seed,
        place,
        plan,
        capacities,
        lines,
        tuple(climb.runs),
        climb.trained,
        time.monotonic() - start,
    )
    result.files["results"] = log.path
    result.files["json"] = _write_json(result, out / "capacity.json")
    result.files["csv"] = _write_csv(result, out / "capacity.csv")
    result.files["svg"], result.files["png"] = draw_capacity(result, out / "capacity")
    return result


class _Climb:
    """Trains rung after rung, and remembers what is done."""

    def __init__(
        self,
        plan: CapacityPlan,
        seed: int,
        device: str,
        threads: int,
        log: RunLog,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.plan, self.seed, self.device, self.threads = plan, seed, device, threads
        self.log, self.report = log, progress or (lambda done, total: None)
        self.identity = plan.identity(seed)
        self.known = {
            (run["width"], run["outputs"], run["seed_index"]): run
            for run in log.runs
            if run.get("identity") == self.identity
        }
        self.runs: list[dict[str, Any]] = []
        self.trained = 0
        self.done = 0
        self.left = {
            (width, outputs): self._examples(outputs)
            for width in plan.widths
            for outputs in plan.ladder[plan.first_rung(width) :]
        }

    def _examples(self, outputs: int, steps: int | None = None) -> int:
        """Training examples of a rung: points x networks x steps."""
        networks = self.plan.seeds * self.plan.starts(outputs)
        steps = self.plan.recipe.schedule.steps if steps is None else steps
        return domain_points(outputs) * networks * steps

    def measure(self, width: int) -> Capacity:
        """Climb until no seed is exact."""
        best = [0] * self.plan.seeds
        for outputs in self.plan.ladder[self.plan.first_rung(width) :]:
            runs = self._rung(width, outputs)
            self.runs += runs
            for run in runs:
                if run["exact"]:
                    best[run["seed_index"]] = outputs
            if not any(run["exact"] for run in runs):
                break
        # the rungs that were not needed are no work any more
        for key in [key for key in self.left if key[0] == width]:
            del self.left[key]
        top = self.plan.ladder[-1]
        return Capacity(width, tuple(best), tuple(value == top for value in best))

    def _rung(self, width: int, outputs: int) -> list[dict[str, Any]]:
        keys = [(width, outputs, index) for index in range(self.plan.seeds)]
        del self.left[width, outputs]
        if all(key in self.known for key in keys):
            return [self.known[key] for key in keys]
        seeds = [
            int(np.random.SeedSequence([self.seed, outputs, index]).generate_state(1)[0])
            for index in range(self.plan.seeds)
        ]
        tasks = [random_pairwise_and(outputs, outputs, seed) for seed in seeds]
        start, before = time.monotonic(), self.done
        rest = sum(self.left.values())

        def progress(step: int) -> None:
            self.done = before + self._examples(outputs, step)
            self.report(self.done, before + self._examples(outputs) + rest)

        recipe = replace(self.plan.recipe, restarts=self.plan.starts(outputs))
        found = train_pairwise_and(tasks, width, seeds, self.device, recipe, self.threads, progress)
        seconds = time.monotonic() - start
        runs = [
            {
                "identity": self.identity,
                "width": width,
                "outputs": outputs,
                "inputs": outputs,
                "active": 2,
                "seed_index": index,
                "seed": seed,
                "exact": result.verdict.holds,
                "exact_outputs": result.exact_outputs,
                "violations": result.verdict.violations,
                "domain_size": result.verdict.domain_size,
                "engine": result.verdict.engine,
                "steps": result.steps,
                "restarts": result.starts,
                "rung_seconds": round(seconds, 3),
                "device": self.device,
                "network_sha256": digest(canonical_network(result.network)),
            }
            for index, (seed, result) in enumerate(zip(seeds, found, strict=True))
        ]
        self.trained += len(runs)
        self.log.add(runs)
        return runs


def _write_json(result: CapacityResult, path: Path) -> Path:
    data = {
        "experiment": NAME,
        "definition": DEFINITION,
        "form": FORM,
        "seed": result.seed,
        "device": result.device,
        "seconds": round(result.seconds, 3),
        "versions": {"superproof": package_version(), "torch": str(require_torch().__version__)},
        "plan": asdict(result.plan),
        "capacities": [
            {
                "width": c.width,
                "by_seed": c.by_seed,
                "least": min(c.by_seed),
                "median": c.median,
                "most": max(c.by_seed),
                "at_top_of_ladder": c.at_top,
            }
            for c in result.capacities
        ],
        "lines": [asdict(line) for line in result.lines],
        "runs": result.runs,
    }
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _write_csv(result: CapacityResult, path: Path) -> Path:
    """One row a point of the figure."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["series", "neurons", "features", "seed_index", "at_top_of_ladder"])
        for c in result.capacities:
            for index, (value, top) in enumerate(zip(c.by_seed, c.at_top, strict=True)):
                table.writerow(["trained", c.width, value, index, str(top).lower()])
        for line in result.lines:
            for neurons, features in line.points:
                table.writerow([line.name, neurons, features, "", ""])
    return path
