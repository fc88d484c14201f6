"""The experiment ``separation-curve``: from how many items on one head cannot do."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..verify.attention.separation.separate import separate
from ..verify.errors import require_seed
from ..verify.verdict import package_version
from .figures import require_matplotlib
from .finding import Finding, Table, command_of
from .run_plan import Planned, complete
from .store import Run, RunStore
from .transition import Transition, transition

NAME = "separation-curve"
#: Embeddings are multiples of 2^-BITS.
BITS = 10
DEFINITION = (
    "m items get independent Gaussian directions of length 1 in d dimensions, rounded to multiples "
    f"of 2^-{BITS}; the graph is a uniformly random permutation. Is there a matrix M and a "
    "threshold that separate its m edges from the other m^2 - m pairs? That is, can one head of "
    "any width, or a sum of heads, recognise the graph? Every answer was proved in integers; runs "
    "without an answer are undecided"
)
RESULT, FIGURE = "separation.json", "separation"


@dataclass(frozen=True)
class SeparationPlan:
    """What to decide.

    Attributes:
        items: numbers of items by embedding_dim.
        seeds: number of seeds by embedding_dim.
        seconds: limit of the search in one run, about.
    """

    items: dict[int, tuple[int, ...]]
    seeds: dict[int, int]
    seconds: float = 600.0

    @property
    def runs(self) -> int:
        """Number of runs."""
        return sum(len(items) * self.seeds[dim] for dim, items in self.items.items())


QUICK = SeparationPlan(
    items={8: (16, 18, 20, 22, 24), 12: (34, 36, 38, 40, 42), 16: (54, 58, 62)},
    seeds={8: 20, 12: 12, 16: 5},
)
FULL = SeparationPlan(
    items={
        8: (16, 18, 19, 20, 21, 22, 24, 26),
        12: (32, 34, 36, 38, 40, 42, 44),
        16: (52, 54, 56, 58, 60, 62, 64, 66),
        24: (104, 106, 108, 110, 112, 114, 116, 118, 120),
        32: (164, 168, 172, 176, 180, 184, 188, 192),
    },
    seeds={8: 100, 12: 100, 16: 100, 24: 40, 32: 16},
)


@dataclass(frozen=True)
class Count:
    """The answers at one size.

    Attributes:
        embedding_dim, items: d and m.
        separable, impossible, undecided: numbers of seeds.
    """

    embedding_dim: int
    items: int
    separable: int
    impossible: int
    undecided: int

    @property
    def load(self) -> float:
        """m ln m / d^2."""
        return self.items * math.log(self.items) / self.embedding_dim**2


@dataclass(frozen=True)
class CurveResult:
    """All that the experiment found, and the files it wrote.

    ``transitions`` has the half point and its interval by embedding_dim, in m ln m / d^2; None
    where all answers agree.
    """

    seed: int
    plan: SeparationPlan
    runs: tuple[dict[str, Any], ...]
    counts: tuple[Count, ...]
    transitions: dict[int, Transition | None]
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)


def instance(embedding_dim: int, items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rounded Gaussian directions (items, embedding_dim) and a random permutation (items, 2)."""
    rng = np.random.default_rng([seed, embedding_dim, items])
    directions = rng.standard_normal((items, embedding_dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    embeddings = np.rint(directions * (1 << BITS)) / (1 << BITS)
    return embeddings, np.stack([np.arange(items), rng.permutation(items)], axis=1)


def separation_curve(
    out: Path,
    plan: SeparationPlan,
    *,
    seed: int = 0,
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CurveResult:
    """Decide seeded instances below and above the threshold, and fit where half are impossible.

    Writes ``runs.sqlite`` (as runs finish), ``separation.json``, ``separation.svg``,
    ``separation.png`` and ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        resume: keep the runs that the folder holds.
        progress: called with (runs done, runs).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: matplotlib is not installed.
    """
    from .separation_figure import draw_separation

    require_matplotlib()
    require_seed(seed)
    start = time.monotonic()
    planned = [
        Planned(NAME, {"embedding_dim": dim, "items": items, "bits": BITS}, chosen)
        for dim, sizes in sorted(plan.items.items())
        for items in sizes
        for chosen in range(seed, seed + plan.seeds[dim])
    ]

    def do(some: Sequence[Planned]) -> Iterator[Run]:
        for one in some:
            sizes = one.configuration["embedding_dim"], one.configuration["items"]
            begun = time.monotonic()
            measured = measure(*sizes, one.seed, seconds=plan.seconds)
            yield Run(
                NAME, one.configuration, one.seed, result=measured,
                seconds=round(time.monotonic() - begun, 4),
            )  # fmt: skip

    with RunStore(out, resume) as store:
        runs = [dict(run.result) for run in complete(store, planned, do, progress)]
    counts = counted(runs)
    transitions = {dim: _transition(counts, dim) for dim in sorted(plan.items)}
    seconds = time.monotonic() - start
    result = CurveResult(seed, plan, tuple(runs), counts, transitions, seconds)
    result.files["json"] = _write_json(result, out / RESULT)
    result.files["svg"], result.files["png"] = draw_separation(result, out / FIGURE)
    result.files["runs"] = store.path
    result.files["finding"] = _finding(result).write(out)
    return result


def measure(embedding_dim: int, items: int, seed: int, *, seconds: float) -> dict[str, Any]:
    """Decide one instance; the record says how."""
    found = separate(*instance(embedding_dim, items, seed), seconds=seconds)
    return {
        "embedding_dim": embedding_dim,
        "items": items,
        "seed": seed,
        "status": found.status,
        "form": found.form,
        "method": found.method,
        "reason": found.reason,
        "support": found.support,
        "bytes": 0 if found.evidence is None else len(found.certificate()),
        "search_seconds": round(found.search_seconds, 4),
        "proof_seconds": round(found.proof_seconds, 4),
        "sha256": found.problem.sha256,
    }


def counted(runs: Sequence[dict[str, Any]]) -> tuple[Count, ...]:
    """The answers by size, sizes in order."""
    sizes = sorted({(run["embedding_dim"], run["items"]) for run in runs})
    result = []
    for dim, items in sizes:
        here = [r["status"] for r in runs if (r["embedding_dim"], r["items"]) == (dim, items)]
        names = ("separable", "impossible", "undecided")
        result.append(Count(dim, items, *(here.count(name) for name in names)))
    return tuple(result)


def _transition(counts: Sequence[Count], dim: int) -> Transition | None:
    here = [count for count in counts if count.embedding_dim == dim]
    return transition(
        [count.load for count in here],
        [count.separable for count in here],
        [count.impossible for count in here],
    )


def _finding(result: CurveResult) -> Finding:
    halves = [
        [dim, *((None,) * 3 if t is None else (t.half, t.low, t.high))]
        for dim, t in result.transitions.items()
    ]
    counts = [
        [c.embedding_dim, c.items, c.load, c.separable, c.impossible, c.undecided]
        for c in result.counts
    ]
    return Finding(
        NAME,
        "From how many items on one head cannot do",
        DEFINITION + ".",
        command_of(NAME, result.plan is QUICK, result.seed),
        {f"{FIGURE}.svg": "Share of instances that no single head recognises, by m ln m / d^2."},
        [
            Table("Half points of m ln m / d^2, with 95 % intervals",
                  ["dimensions d", "half point", "from", "to"], halves),
            Table("Answers, all proved",
                  ["d", "items m", "m ln m / d^2", "separable", "impossible", "undecided"], counts),
        ],
        ["An impossible instance is impossible for one head of any key dimension with any "
         "threshold, and for any sum of heads (docs/attention-separation.md)."],
        seed=result.seed,
        seconds=result.seconds,
    )  # fmt: skip


def _write_json(result: CurveResult, path: Path) -> Path:
    data = {
        "experiment": NAME,
        "definition": DEFINITION,
        "seed": result.seed,
        "plan": asdict(result.plan),
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "counts": [asdict(count) | {"load": count.load} for count in result.counts],
        "transitions": [
            {"embedding_dim": dim} | ({} if found is None else asdict(found))
            for dim, found in result.transitions.items()
        ],
        "runs": result.runs,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path
