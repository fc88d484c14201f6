"""The experiment ``attention-constructions``: certified key dimensions against the bounds."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

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
from ..verify.errors import InputError, ProofError
from ..verify.verdict import package_version
from .figures import require_matplotlib

NAME = "attention-constructions"
DEFINITION = (
    "D_K = total key dimension of a layer of attention that was proved, in exact integers, to "
    "report exactly the pairs (i, pi(i)) of a random permutation of m items with Gaussian vectors "
    "in d dimensions, among all m^2 pairs; 'least' is the smallest size at which training "
    "succeeded by bisection, an upper bound on the least there is"
)
RESULT, POINTS = "attention.json", "points"
#: The series: what is built.
SERIES = ("least", "rule", "pseudo-inverse", "paper")
#: Bits a weight for the counting line.
LINE_BITS = 8


@dataclass(frozen=True)
class AttentionPlan:
    """What to build.

    Attributes:
        sizes: (items, embedding_dim).
        seeds: number of seeds; a seed decides vectors and permutation.
        seconds: of training at one size of a search.
    """

    sizes: tuple[tuple[int, int], ...]
    seeds: int
    seconds: float


QUICK = AttentionPlan(((64, 32), (128, 64), (128, 32), (256, 64)), 2, 3.0)
FULL = AttentionPlan(
    (
        (64, 32), (128, 64), (128, 32), (256, 128), (256, 64), (512, 256), (512, 128), (512, 64),
        (1024, 256), (1024, 128), (2048, 512), (2048, 256),
    ),
    3,
    60.0,
)  # fmt: skip


@dataclass(frozen=True)
class AttentionPoint:
    """One layer of one series.

    Attributes:
        series, items, embedding_dim, seed: what was built.
        total_key_dim: None where nothing was proved; ``reason`` says why.
        heads, weight_bits, ratio, relative_gap: of the layer; ratio is bits over the bound.
        seconds: what it took.
    """

    series: str
    items: int
    embedding_dim: int
    seed: int
    total_key_dim: int | None
    heads: int | None
    weight_bits: int | None
    ratio: float | None
    relative_gap: float | None
    seconds: float
    reason: str = ""

    @property
    def unit(self) -> float:
        """u = m lg m / d."""
        return unit(self.items, self.embedding_dim)


@dataclass(frozen=True)
class AttentionResult:
    """All that the experiment found, and the files it wrote."""

    seed: int
    plan: AttentionPlan
    points: tuple[AttentionPoint, ...]
    lines: dict[str, tuple[tuple[float, float], ...]]
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)

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

    Writes ``points/*.json`` (as they are finished), ``attention.json``, ``attention.svg`` and
    ``attention.png`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        resume: keep the points that the folder holds.
        device: torch device for training; None for the processor.
        progress: called with (layers done, their number).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: matplotlib is not installed.
    """
    from .attention_figure import draw_attention

    require_matplotlib()
    if seed < 0:
        raise InputError(f"the seed must be 0 or more, not {seed}")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file is in the way; name a folder")
    folder = out / POINTS
    if folder.exists() and not resume:
        raise InputError(
            f"{folder}: holds the results of an earlier run; add --resume to go on with it, "
            "or name another folder with --out"
        )
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    asked = [(s, *size, k) for size in plan.sizes for s in SERIES
             for k in range(seed, seed + plan.seeds)]  # fmt: skip
    points: list[AttentionPoint] = []
    for done, (series, items, dim, number) in enumerate(asked, 1):
        points.append(_kept(folder, plan, series, items, dim, number, device))
        progress(done, len(asked))
    seconds = time.monotonic() - start
    result = AttentionResult(seed, plan, tuple(points), lines(plan), seconds)
    result.files["json"] = _write_json(result, out / RESULT)
    result.files["svg"], result.files["png"] = draw_attention(result, out / "attention")
    result.files["points"] = folder
    return result


def _kept(
    folder: Path, plan: AttentionPlan, series: str, items: int, dim: int, seed: int,
    device: str | None,
) -> AttentionPoint:  # fmt: skip
    """The point of an earlier run, or a new one."""
    file = folder / f"{series}-{items}-{dim}-{seed}.json"
    instance = {"seconds": plan.seconds, "version": package_version()}
    if file.exists():
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            point, about = AttentionPoint(**data["point"]), data["instance"]
        except (ValueError, LookupError, TypeError):
            raise InputError(f"{file}: not a point of this experiment; remove it") from None
        if about == instance:
            return point
    point = measure(series, items, dim, seed, plan.seconds, device)
    text = json.dumps({"instance": instance, "point": asdict(point)}, indent=1)
    new = file.with_name(file.name + ".new")
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(file)
    return point


def measure(
    series: str, items: int, embedding_dim: int, seed: int, seconds: float, device: str | None
) -> AttentionPoint:
    """Build and prove one layer."""
    start = time.monotonic()
    built: AttentionConstruction | None = None
    reason = ""
    points = embeddings("gaussian", items, embedding_dim, seed)
    edges = graph("permutation", items, seed)
    try:
        if series == "least":
            built = smallest_attention(points, edges, seconds=seconds, device=device)
        elif series == "rule":
            built = construct_attention(points, edges, seconds=seconds, device=device)
        else:
            built = construct_attention(points, edges, method=series, seed=seed)
    except (ProofError, InputError) as error:
        reason = str(error)
    taken = round(time.monotonic() - start, 3)
    if built is None:
        return AttentionPoint(
            series, items, embedding_dim, seed, None, None, None, None, None, taken, reason
        )
    return AttentionPoint(
        series, items, embedding_dim, seed, built.total_key_dim, built.heads, built.weight_bits,
        built.ratio, built.relative_gap, taken,
    )  # fmt: skip


def lines(plan: AttentionPlan) -> dict[str, tuple[tuple[float, float], ...]]:
    """Bounds and laws at the plan's sizes: (u, key dimension) by name, by rising u."""
    sizes = sorted(plan.sizes, key=lambda size: unit(*size))

    def along(value: Callable[[int, int], float]) -> tuple[tuple[float, float], ...]:
        return tuple((unit(m, d), value(m, d)) for m, d in sizes)

    return {
        "u = m lg m / d": along(unit),
        "one edge a head": along(lambda m, d: m),
        f"counting bound, {LINE_BITS} bits": along(
            lambda m, d: key_dim(permutations(m), d, LINE_BITS)
        ),
        "sign patterns, real weights": along(
            lambda m, d: sign_patterns.key_dim(permutations(m), m, d, 1)
        ),
    }


def _write_json(result: AttentionResult, path: Path) -> Path:
    data: dict[str, Any] = {
        "experiment": NAME,
        "definition": DEFINITION,
        "seed": result.seed,
        "plan": asdict(result.plan),
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "points": [
            asdict(point)
            | {"u": point.unit, "c": point.total_key_dim and point.total_key_dim / point.unit}
            for point in result.points
        ],
        "missing": result.missing,
        "lines": result.lines,
    }
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path
