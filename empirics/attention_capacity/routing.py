"""The experiment ``value-routing``: how often the output of attention is nearest to its target."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...verify.errors import require_seed
from ..figures import require_matplotlib
from ..run_plan import Planned, complete
from ..store import Run, RunStore
from ..training.device import choose_device
from ..training.program import FinishedRun, run_json
from ..training.trainer import train_runs
from .frozen_embeddings import FILE, file_shape, frozen, spectrum
from .routing_check import SAMPLED
from .value_routing import RoutingLayers, RoutingRun

NAME = "value-routing"
#: Sampled accuracy that counts as routed.
TARGET = 0.99
DEFINITION = (
    "m items have frozen vectors; item i of a context of l items attends to its items by softmax, "
    "and the output is read as the item of the context with the largest inner product. Right is "
    f"pi(i), pi a random permutation; ties are wrong. Accuracy is sampled: {SAMPLED} random "
    "contexts an item that hold item and target, evaluated in float64 (one where the context is "
    "everything)"
)


@dataclass(frozen=True)
class Series:
    """One way to make the output.

    Attributes:
        name: as in tables.
        output: see :mod:`.value_routing`.
        whiten: queries, keys and values from coordinates of equal second moments.
        everything: contexts are all items, not the plan's number of them.
        hidden: neurons of the network in a block, or alone.
    """

    name: str
    output: str
    whiten: bool = False
    everything: bool = False
    hidden: int = 128

    @property
    def attends(self) -> bool:
        """Whether there are heads; a network alone is the control for the block around it."""
        return self.output != "network"


#: Blocks see entries of size 1, and sums over more of these than this take smaller steps.
STEADY_DIM = 16
#: Neurons of the small block: too few to hold the permutation without attention.
FEW = 4
SERIES = (
    Series("identity", "identity"),
    Series("identity, whitened", "identity", whiten=True),
    Series("identity, all items", "identity", whiten=True, everything=True),
    Series("values", "values"),
    Series("values, whitened", "values", whiten=True),
    Series(f"block, {FEW} neurons", "block", hidden=FEW),
    Series("block, 128 neurons", "block"),
    Series(f"{FEW} neurons alone", "network", hidden=FEW),
    Series("128 neurons alone", "network"),
)


@dataclass(frozen=True)
class RoutingPlan:
    """What to train.

    Attributes:
        items: numbers of items m; of given vectors those that there are rows for.
        embedding_dim: d; of given vectors their own.
        context: items of a context, l.
        kinds: of the vectors.
        heads: numbers of heads.
        sizes: total key dimensions; each number of heads takes its multiples.
        seeds: number of seeds; a seed decides vectors, permutation, contexts and start.
        steps: of training at most.
        shown: the number of items in the figure of single sizes.
        digest: of given vectors.
    """

    items: tuple[int, ...]
    embedding_dim: int
    context: int
    kinds: tuple[str, ...]
    heads: tuple[int, ...]
    sizes: tuple[int, ...]
    seeds: int
    steps: int
    shown: int
    digest: str = ""

    def sizes_of(self, heads: int) -> tuple[int, ...]:
        """Total key dimensions for so many heads, 0 alone for none."""
        if not heads:
            return (0,)
        return tuple(sorted(size for size in self.sizes if size % heads == 0))


_KINDS = ("gaussian", "signs", "power-law", "common-mean")
_SIZES = (1, 2, 4, 8, 16)
QUICK = RoutingPlan((24, 48), 16, 12, _KINDS, (1, 4), _SIZES, 1, 300, 48)
FULL = RoutingPlan((16, 32, 48, 64), 16, 12, _KINDS, (1, 4), _SIZES, 3, 800, 48)


@dataclass(frozen=True)
class Routed:
    """A trained layer, as the store holds it.

    Attributes:
        kind, series, items, heads, total_key_dim, seed: what was trained; no heads and no key
            dimension for a network alone.
        right, sampled: counts in random contexts; ``low`` and ``high`` of the interval.
        hard_right, hard: in the contexts of the keys that score highest, one an item.
        always: items that are right in every context; None where nothing is decided exactly.
        undecided: items of which that is open; None likewise.
        steps: taken.
    """

    kind: str
    series: str
    items: int
    heads: int
    total_key_dim: int
    seed: int
    right: int
    sampled: int
    low: float
    high: float
    hard_right: int
    hard: int
    always: int | None
    undecided: int | None
    steps: int

    @property
    def accuracy(self) -> float:
        """Share of the sampled contexts."""
        return self.right / self.sampled


@dataclass(frozen=True)
class RoutingResult:
    """All that the experiment found, and the files it wrote."""

    seed: int
    plan: RoutingPlan
    quick: bool
    given: Path | None
    device: str
    trained: int
    routed: tuple[Routed, ...]
    spectra: dict[str, dict[str, float]]
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)

    def seeds_of(self, kind: str, series: str, items: int, heads: int, size: int) -> list[Routed]:
        """The runs of one place in the figures."""
        wanted = (kind, series, items, heads, size)
        return [
            r
            for r in self.routed
            if (r.kind, r.series, r.items, r.heads, r.total_key_dim) == wanted
        ]

    def least(self, kind: str, series: str, items: int, heads: int) -> int | None:
        """The least size from which on all seeds together route at least 99 % of their samples."""
        found = None
        for size in reversed(self.plan.sizes_of(heads)):
            here = self.seeds_of(kind, series, items, heads, size)
            if not here or sum(r.right for r in here) < TARGET * sum(r.sampled for r in here):
                break
            found = size
        return found


def value_routing(
    out: Path,
    plan: RoutingPlan,
    *,
    embeddings: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RoutingResult:
    """Train attention with values and blocks on frozen vectors, and measure where they route.

    Writes ``runs.sqlite`` (as runs finish), ``routing.json``, ``routing.csv``, ``routing.svg``,
    ``least.svg`` (and both as ``.png``) and ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        embeddings: a matrix in ``.npy`` or ``.safetensors`` to take the vectors from, in place of
            the drawn ones; of more rows than a run has items, a sample by the seed.
        seed: the first of the plan's seeds.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: keep the runs that the folder holds.
        progress: called with (runs done, runs).

    Raises:
        InputError: a negative seed, an unknown device, vectors that do not fit, or earlier results
            without ``resume``.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .routing_figure import draw_routing
    from .routing_files import write_routing_files
    from .routing_least_figure import draw_least

    require_matplotlib()
    place = choose_device(device)
    require_seed(seed)
    quick = plan == QUICK
    if embeddings is not None:
        plan = given_plan(plan, embeddings)
    start = time.monotonic()
    planned = _planned(plan, seed)
    by_key = {one.key: (series, run) for series, run, one in planned}
    trained = 0

    def do(some: Sequence[Planned]) -> Iterator[Run]:
        nonlocal trained
        for finished in train_runs(
            RoutingLayers(), [by_key[one.key][1] for one in some], device=place
        ):
            trained += 1
            yield _kept(finished)

    with RunStore(out, resume) as store:
        # so many at once that a killed process leaves little, and a GPU is filled
        together = 32 if place == "cpu" else 512
        runs = complete(store, [one for *_, one in planned], do, progress, together)
    routed = [
        _routed(series, run, kept)
        for (series, run, _), kept in zip(planned, runs, strict=True)
        if kept.status == "finished"
    ]
    result = RoutingResult(
        seed,
        plan,
        quick,
        embeddings,
        place,
        trained,
        tuple(routed),
        {kind: spectrum(frozen(kind, plan.shown, plan.embedding_dim, seed)) for kind in plan.kinds},
        time.monotonic() - start,
    )
    result.files["runs"] = store.path
    result.files["svg"], result.files["png"] = draw_routing(result, out / "routing")
    result.files["least svg"], result.files["least png"] = draw_least(result, out / "least")
    result.files.update(write_routing_files(result, out))
    return result


def given_plan(plan: RoutingPlan, path: Path) -> RoutingPlan:
    """The plan for vectors from a file. Raises InputError that names the file."""
    rows, dim, digest = file_shape(path)
    items = tuple(number for number in plan.items if number <= rows) or (rows,)
    sizes = tuple(size for size in plan.sizes if size <= dim * min(plan.heads))
    return replace(
        plan,
        items=items,
        embedding_dim=dim,
        context=min(plan.context, *items),
        kinds=(f"{FILE}{path}",),
        sizes=sizes or plan.sizes[:1],
        shown=plan.shown if plan.shown in items else items[-1],
        digest=digest,
    )


def _planned(plan: RoutingPlan, seed: int) -> list[tuple[Series, RoutingRun, Planned]]:
    places = [
        (items, kind, series, heads, size)
        for items in plan.items
        for kind in plan.kinds
        for series in SERIES
        for heads in (plan.heads if series.attends else (0,))
        for size in plan.sizes_of(heads)
    ]
    found = []
    for items, kind, series, heads, size in places:
        for own in range(seed, seed + plan.seeds):
            run = _run(plan, items, kind, series, heads, size, own)
            found.append((series, run, Planned(NAME, run_json(run), own)))
    return found


def _run(
    plan: RoutingPlan, items: int, kind: str, series: Series, heads: int, size: int, seed: int
) -> RoutingRun:
    # a network alone has no heads; one of one dimension stands in for them
    shape = (heads, size // heads) if heads else (1, 1)
    default = RoutingRun(items, plan.embedding_dim, *shape, context=plan.context)
    rate = default.schedule.learning_rate
    if series.output in ("block", "network"):
        rate *= min(1.0, STEADY_DIM / plan.embedding_dim)
    return replace(
        default,
        output=series.output,
        context=items if series.everything else plan.context,
        embeddings=kind,
        digest=plan.digest,
        hidden=series.hidden,
        task_seed=seed,
        seed=seed,
        whiten=series.whiten,
        schedule=replace(default.schedule, steps=plan.steps, learning_rate=rate),
    )


def _kept(finished: FinishedRun) -> Run:
    run: RoutingRun = finished.run
    verdict: Any = finished.verdict
    return Run(
        NAME,
        run_json(run),
        run.seed,
        status="diverged" if verdict is None else "finished",
        result={"steps": finished.steps, "stop": finished.stop}
        | ({} if verdict is None else verdict.to_json()),
        curve=list(finished.curve),
        device=finished.device,
        seconds=round(finished.seconds, 4),
        arrays=None if verdict is None else finished.parameters,
    )


def _routed(series: Series, run: RoutingRun, kept: Run) -> Routed:
    result = kept.result
    exact = result["exact"]
    counts = {
        key: result[key]
        for key in ("right", "sampled", "low", "high", "hard_right", "hard", "steps")
    }
    return Routed(
        kind=run.embeddings,
        series=series.name,
        items=run.items,
        heads=run.heads if series.attends else 0,
        total_key_dim=run.total_key_dim if series.attends else 0,
        seed=run.seed,
        always=None if exact is None else exact["right"],
        undecided=None if exact is None else exact["open"],
        **counts,
    )
