"""The experiment ``attention-capacity``: least key dimensions of trained attention, and its law."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...verify.errors import require_seed
from ..figures import require_matplotlib
from ..store import RunStore
from ..training.device import choose_device
from .certified import Certified, certified_sizes
from .earlier import Comparison, comparisons
from .laws import Laws, laws
from .plan import FULL, LARGE, QUICK, RECIPES, AttentionPlan, Cell
from .thresholds import Threshold, best, search, searches
from .trade_off import Share, share_out
from .trained import NAME, TrainedLayers

DEFINITION = (
    "m items have independent Gaussian directions in d dimensions (multiples of 2^-12); the "
    "graph is a uniformly random permutation pi. A layer of h heads of key dimension d_k reports "
    "a pair when its largest score over the heads exceeds the threshold; all m^2 pairs count. "
    "D_K = h d_k. "
    "Wrong pairs and micro-F1 are exact counts of the verifier for the float32 weights that "
    "training left; a size counts as reached where every seed succeeded from it on"
)

__all__ = ["DEFINITION", "FULL", "LARGE", "NAME", "QUICK", "AttentionResult", "attention_capacity"]


@dataclass(frozen=True)
class AttentionResult:
    """All that the experiment found, and the files it wrote.

    Attributes:
        seed, plan, device: what was run. ``trained``: layers trained in this call.
        layers: decided layers in all.
        thresholds: least sizes by cell, recipe, heads and criterion.
        certified: least certified constructions.
        shares: the seeds of one total key dimension by number of heads.
        comparisons: beside an earlier implementation.
        seconds: what it took.
    """

    seed: int
    plan: AttentionPlan
    device: str
    trained: int
    layers: int
    thresholds: tuple[Threshold, ...]
    certified: tuple[Certified, ...]
    shares: tuple[Share, ...]
    comparisons: tuple[Comparison, ...]
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)

    def laws(self, cell: Cell) -> Laws:
        """Of a cell, at the number of heads that was best there without an error."""
        found = self.best_zero(cell)
        return laws(cell, min(cell.heads) if found is None else found.heads)

    def best_zero(self, cell: Cell) -> Threshold | None:
        """The least reliable size without an error, over all recipes and numbers of heads."""
        found = [best(self.thresholds, cell, recipe, "zero") for recipe in RECIPES]
        return min(
            (one for one in found if one is not None), key=lambda t: t.reliable or 0, default=None
        )


def attention_capacity(
    out: Path,
    plan: AttentionPlan,
    *,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AttentionResult:
    """Search least key dimensions of trained layers, and draw them against bounds and laws.

    Writes ``runs.sqlite`` (as runs finish), ``attention.json``, ``thresholds.csv``,
    ``success.csv``, ``heads.csv``, the figures ``attention``, ``success`` and ``heads`` (SVG,
    PNG) and ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK`, :data:`FULL` or :data:`LARGE`.
        seed: the first of the plan's seeds.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: keep the runs that the folder holds.
        threads: processor threads.
        progress: called with work done and in all, an estimate in millions of scored pairs.

    Raises:
        InputError: a negative seed, an unknown device, or earlier results without ``resume``.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .capacity_figure import draw_capacity
    from .capacity_files import write_files
    from .heads_figure import draw_heads
    from .success_figure import draw_success

    require_matplotlib()
    place = choose_device(device)
    require_seed(seed)
    start = time.monotonic()
    work = _work(plan)
    done = 0
    thresholds, certified, shares = [], [], []  # type: ignore[var-annotated]

    def advance(cost: int) -> None:
        nonlocal done
        done += cost
        progress(done, sum(work.values()))

    with RunStore(out, resume) as store:
        layers = TrainedLayers(store, place, threads)
        for cell, recipe, heads, criterion in searches(plan):
            thresholds.append(search(layers, cell, recipe, heads, criterion, seed))
            advance(work["search", cell, recipe, heads, criterion])
        for cell in plan.cells:
            certified += certified_sizes(store, cell, seed, plan.certified_seconds)
            advance(work["certified", cell])
        for trade_off in plan.trade_offs:
            shares += share_out(layers, trade_off, seed)
            advance(work["heads", trade_off])
    result = AttentionResult(
        seed,
        plan,
        place,
        layers.trained,
        len(layers.known),
        tuple(thresholds),
        tuple(certified),
        tuple(shares),
        comparisons(thresholds),
        time.monotonic() - start,
    )
    result.files["runs"] = store.path
    result.files["svg"], result.files["png"] = draw_capacity(result, out / "attention")
    result.files["heads"], _ = draw_heads(result, out / "heads")
    result.files["chances"], _ = draw_success(result, out / "success")
    result.files.update(write_files(result, out))
    return result


def _work(plan: AttentionPlan) -> dict[tuple[object, ...], int]:
    """A guess at the millions of pairs that are scored, by part of the plan."""
    work: dict[tuple[object, ...], int] = {}
    for cell, recipe, heads, criterion in searches(plan):
        steps = RECIPES[recipe].schedule.steps
        # half of about eight sizes fail and take all steps; the second criterion finds most runs
        share = 1 if criterion == "f1" or recipe != "logistic" else 4
        pairs = cell.items**2 * cell.seeds * steps * 5 // share
        work["search", cell, recipe, heads, criterion] = max(pairs // 10**6, 1)
    for cell in plan.cells:
        pairs = cell.items**2 * cell.certified * 20_000
        work["certified", cell] = max(pairs // 10**6, 1)
    for trade_off in plan.trade_offs:
        cell = trade_off.cell
        pairs = cell.items**2 * cell.seeds * 1000 * len(trade_off.heads)
        work["heads", trade_off] = max(pairs // 10**6, 1)
    return work
