"""The experiment ``boolean-capacity``: trained networks against bounds and constructions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...verify.errors import require_seed
from ..figures import require_matplotlib
from ..store import RunStore
from ..training.device import choose_device, require_torch
from .families import FAMILIES
from .laws import LawFit, fitted_laws
from .plan import QUICK, CapacityPlan
from .references import Built, Line, allowed, constructions, lines
from .search import Capacity, CapacitySearch

#: What is counted, as figures and files state it.
DEFINITION = (
    "m* = the number m' of random pairwise ANDs at which training computes all of them in half of "
    "the trials, by a logistic curve fitted to the trials; m is the least number of inputs with "
    "m' pairs. A trial draws the pairs and the start and trains once. It succeeds when no input "
    "with at most 2 ones is wrong at any output, or, by the second criterion, at most a given "
    "share of these inputs is; inputs are counted exactly by the verifier, all of them"
)
#: Widths at which bounds and estimate are drawn.
LINE_WIDTHS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384)
RESULT, TABLE, SUCCESS = "capacity.json", "capacity.csv", "success.csv"


@dataclass(frozen=True)
class CapacityResult:
    """All that the experiment found, and the files it wrote.

    Attributes:
        seed, device, plan, quick: how it ran.
        capacities: by family, width and criterion.
        lines: bounds and an estimate.
        bounds: by family and width, the most ANDs that the counting bound of its form and bits
            allows; None beyond a million.
        built: certified constructions.
        missing: a sentence on every construction that was not found.
        fits: laws of growth.
        runs: number of networks decided; ``trained``: of them now.
        seconds: in all, this time.
        files: what was written, by kind.
    """

    seed: int
    device: str
    plan: CapacityPlan
    quick: bool
    capacities: tuple[Capacity, ...]
    lines: tuple[Line, ...]
    bounds: dict[str, dict[int, int | None]]
    built: tuple[Built, ...]
    missing: tuple[str, ...]
    fits: tuple[LawFit, ...]
    runs: int
    trained: int
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)

    def exact(self, family: str) -> list[Capacity]:
        """Capacities of a family without any error, by width."""
        return [c for c in self.capacities if c.family == family and not c.tolerance]

    def tolerant(self, family: str) -> list[Capacity]:
        """Capacities of a family by the second criterion, by width."""
        return [c for c in self.capacities if c.family == family and c.tolerance]


def boolean_capacity(
    out: Path,
    plan: CapacityPlan,
    *,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    threads: int = 1,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> CapacityResult:
    """Search the capacity of every family and width, decide every network exactly, and draw.

    Writes ``runs.sqlite`` (as runs finish, their weights in ``weights``), ``capacity.json``,
    ``capacity.csv``, ``success.csv``, four figures and ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`.plan.QUICK`, :data:`.plan.FULL` or another.
        seed: of all tasks, starts and constructions.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: keep the runs that the folder holds.
        threads: processor threads of the trainer.
        progress: called with training examples (points x steps) done, and about how many in all.

    Raises:
        InputError: no such device, a negative seed, or earlier results without ``resume``.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .capacity_figure import draw_capacity
    from .capacity_files import write_csv, write_finding, write_json, write_success
    from .success_figure import draw_success

    require_torch()
    require_matplotlib()
    require_seed(seed)
    place = choose_device(device)
    begin = time.monotonic()
    with RunStore(out, resume) as store:
        search = CapacitySearch(store, plan, seed, place, threads, progress)
        capacities = tuple(search.capacities())
        built, missing = constructions(store, plan, seed)
    result = CapacityResult(
        seed,
        place,
        plan,
        plan == QUICK,
        capacities,
        lines(LINE_WIDTHS),
        {
            name: {n: allowed(FAMILIES[name].bound, n, FAMILIES[name].bits) for n in widths}
            for name, widths in plan.widths.items()
        },
        built,
        missing,
        fitted_laws(capacities, plan.resamples, seed),
        len(search.runs),
        search.trained,
        time.monotonic() - begin,
    )
    files = result.files
    files["json"] = write_json(result, out / RESULT)
    files["csv"] = write_csv(result, out / TABLE)
    write_success(result, out / SUCCESS)
    files["svg"], files["png"] = draw_capacity(result, "neurons", out / "capacity")
    for cost in ("parameters", "bits"):
        draw_capacity(result, cost, out / cost)
    draw_success(result, out / "success")
    files["finding"] = write_finding(result, out)
    files["runs"] = store.path
    return result
