"""The experiment ``attention-constructions``: certified key dimensions against the bounds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from ..constructions.attention import (
    AttentionConstruction,
    construct_attention,
    embeddings,
    graph,
    smallest_attention,
)
from ..theory import sign_patterns
from ..theory.attention import key_dim
from ..theory.counting import permutations
from ..verify.errors import InputError, ProofError, require_seed
from .figures import require_matplotlib
from .run_plan import Planned, complete
from .store import Run, RunStore

NAME = "attention-constructions"
DEFINITION = (
    "D_K = total key dimension of a layer of attention that was proved, in exact integers, to "
    "report exactly the pairs (i, pi(i)) of a random permutation of m items with Gaussian vectors "
    "in d dimensions, among all m^2 pairs; 'least' is the smallest size at which training "
    "succeeded, searched downwards, an upper bound on the least there is; u = m lg m / d"
)
RESULT, FIGURE = "attention.json", "attention"
#: The series: what is built.
SERIES = ("paper", "pseudo-inverse", "rule", "least")
#: Bits a weight for the counting line.
LINE_BITS = 8


@dataclass(frozen=True)
class AttentionPlan:
    """What to build.

    Attributes:
        dims: embedding dimensions by number of items.
        seeds: number of seeds; a seed decides vectors and permutation.
    """

    dims: dict[int, tuple[int, ...]]
    seeds: int

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """(items, embedding_dim), smaller ones first."""
        return tuple(
            (items, dim) for items in sorted(self.dims) for dim in sorted(self.dims[items])
        )


QUICK = AttentionPlan({64: (16, 32, 64), 128: (32, 64, 128)}, 2)
FULL = AttentionPlan(
    {
        128: (16, 32, 64, 128),
        256: (32, 64, 128, 256),
        512: (64, 128, 256, 512),
        1024: (128, 256, 512),
    },
    2,
)


@dataclass(frozen=True)
class AttentionPoint:
    """One layer of one series.

    Attributes:
        series, items, embedding_dim, seed: what was built.
        total_key_dim: None where nothing was proved; ``reason`` says why.
        heads, weight_bits, total_bits, bound_bits, relative_gap: of the layer, and of the counting
            bound.
        sha256: of the problem that was proved.
        tried: sizes of the search: heads, key dimension, whether a layer was found.
    """

    series: str
    items: int
    embedding_dim: int
    seed: int
    total_key_dim: int | None = None
    heads: int | None = None
    weight_bits: int | None = None
    total_bits: int | None = None
    bound_bits: int | None = None
    relative_gap: float | None = None
    sha256: str | None = None
    tried: tuple[tuple[int, int, bool], ...] = ()
    reason: str = ""

    @property
    def unit(self) -> float:
        """u = m lg m / d."""
        return unit(self.items, self.embedding_dim)

    @property
    def share(self) -> float | None:
        """c = D_K / u."""
        return None if self.total_key_dim is None else self.total_key_dim / self.unit

    @property
    def ratio(self) -> float | None:
        """Total bits over those of the counting bound."""
        if self.total_bits is None or not self.bound_bits:
            return None
        return self.total_bits / self.bound_bits


@dataclass(frozen=True)
class Law:
    """D_K = scale * u^slope by least squares of the logarithms, over sizes with d < m.

    ``low`` and ``high`` are a 95 % interval of the slope for independent errors.
    """

    series: str
    slope: float
    low: float
    high: float
    scale: float
    points: int


@dataclass(frozen=True)
class AttentionResult:
    """All that the experiment found, and the files it wrote."""

    seed: int
    plan: AttentionPlan
    points: tuple[AttentionPoint, ...]
    laws: tuple[Law, ...]
    lines: dict[str, dict[tuple[int, int], float]]
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def quick(self) -> bool:
        """Whether the plan is :data:`QUICK`."""
        return self.plan is QUICK

    def built(self, series: str, items: int, embedding_dim: int) -> list[int]:
        """Total key dimensions that were proved, by seed."""
        return [
            p.total_key_dim
            for p in self.points
            if (p.series, p.items, p.embedding_dim) == (series, items, embedding_dim)
            and p.total_key_dim is not None
        ]

    def middle(self, series: str, items: int, embedding_dim: int) -> float | None:
        """The median over the seeds; None where nothing was proved."""
        found = self.built(series, items, embedding_dim)
        return float(median(found)) if found else None

    @property
    def missing(self) -> tuple[str, ...]:
        """What was not proved."""
        return tuple(
            f"{p.series}, {p.items} items in {p.embedding_dim} dimensions, seed {p.seed}: "
            f"{p.reason}"
            for p in self.points
            if p.total_key_dim is None
        )


def unit(items: int, embedding_dim: int) -> float:
    """m lg m / d."""
    return items * math.log2(items) / embedding_dim


def attention_scaling(
    out: Path,
    plan: AttentionPlan,
    *,
    seed: int = 0,
    resume: bool = False,
    device: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AttentionResult:
    """Build layers of several sizes, and draw their key dimensions against the bounds.

    Writes ``runs.sqlite`` (as layers are finished), ``attention.json``, ``attention.csv``,
    ``attention.svg``, ``attention.png`` and ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        resume: keep the layers that the folder holds.
        device: torch device for training; None for the processor.
        progress: called with (layers done, their number).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: matplotlib is not installed.
    """
    from .attention_figure import draw_attention
    from .attention_finding import write_csv, write_finding, write_json

    require_matplotlib()
    require_seed(seed)
    start = time.monotonic()
    planned = [
        Planned(NAME, {"series": series, "items": items, "embedding_dim": dim}, chosen)
        for items, dim in plan.sizes
        for series in SERIES
        for chosen in range(seed, seed + plan.seeds)
    ]

    def do(some: Sequence[Planned]) -> Iterator[Run]:
        for one in some:
            begun = time.monotonic()
            result = measure(one.configuration, one.seed, device)
            yield Run(
                NAME, one.configuration, one.seed, result=result, device=device or "cpu",
                seconds=round(time.monotonic() - begun, 4),
            )  # fmt: skip

    with RunStore(out, resume) as store:
        points = tuple(_point(run) for run in complete(store, planned, do, progress))
    laws = tuple(law for series in SERIES if (law := fitted(series, points)) is not None)
    seconds = time.monotonic() - start
    result = AttentionResult(seed, plan, points, laws, lines(plan), seconds)
    result.files["json"] = write_json(result, out / RESULT)
    result.files["csv"] = write_csv(result, out / f"{FIGURE}.csv")
    result.files["svg"], result.files["png"] = draw_attention(result, out / FIGURE)
    result.files["finding"] = write_finding(result, out)
    result.files["runs"] = store.path
    return result


def _point(run: Run) -> AttentionPoint:
    found = dict(run.result)
    found["tried"] = tuple((h, k, bool(ok)) for h, k, ok in found.get("tried", ()))
    return AttentionPoint(**run.configuration, seed=run.seed, **found)


def measure(asked: Any, seed: int, device: str | None) -> dict[str, Any]:
    """Build and prove one layer; the fields of :class:`AttentionPoint` that say how it went.

    Training ends after a number of steps, never by the clock, so that runs can be repeated.
    """
    built: AttentionConstruction
    items, dim = asked["items"], asked["embedding_dim"]
    points, edges = embeddings("gaussian", items, dim, seed), graph("permutation", items, seed)
    try:
        if asked["series"] == "least":
            built = smallest_attention(points, edges, seconds=None, device=device)
        elif asked["series"] == "rule":
            built = construct_attention(points, edges, device=device)
        else:
            built = construct_attention(points, edges, method=asked["series"], seed=seed)
    except (ProofError, InputError) as error:
        return {"reason": str(error)}
    return {
        "total_key_dim": built.total_key_dim,
        "heads": built.heads,
        "weight_bits": built.weight_bits,
        "total_bits": built.total_bits,
        "bound_bits": built.lower_bound["bits"],
        "relative_gap": built.relative_gap,
        "sha256": built.problem.sha256,
        "tried": [
            [size["heads"], size["key_dim"], size["found"]]
            for size in built.parameters.get("tried", ())
        ],
    }


def fitted(series: str, points: Sequence[AttentionPoint]) -> Law | None:
    """The power law of a series; None for fewer than four layers or all at one u."""
    from scipy.stats import linregress, t

    chosen = [
        (p.unit, p.total_key_dim)
        for p in points
        if p.series == series and p.total_key_dim is not None and p.embedding_dim < p.items
    ]
    if len(chosen) < 4 or len({u for u, _ in chosen}) < 2:
        return None
    x, y = np.log(np.array(chosen, dtype=np.float64)).T
    fit = linregress(x, y)
    half = float(t.ppf(0.975, len(chosen) - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    return Law(
        series, slope, slope - half, slope + half, math.exp(float(fit.intercept)), len(chosen)
    )


def lines(plan: AttentionPlan) -> dict[str, dict[tuple[int, int], float]]:
    """Bounds and the unit at the plan's sizes: key dimension by (items, embedding_dim), by name."""
    functions: dict[str, Callable[[int, int], float]] = {
        "one edge a head": lambda m, d: m,
        "u = m lg m / d": unit,
        f"counting bound, {LINE_BITS} bits a weight": lambda m, d: key_dim(
            permutations(m), d, LINE_BITS
        ),
        "sign patterns, one head, real weights": lambda m, d: sign_patterns.key_dim(
            permutations(m), m, d, 1
        ),
    }
    return {name: {size: f(*size) for size in plan.sizes} for name, f in functions.items()}
