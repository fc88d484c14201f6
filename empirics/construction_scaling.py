"""The experiment ``construction-scaling``: certified neurons against the number of outputs."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from ..constructions.conjunction import plain_pairwise_and
from ..constructions.construction import Construction
from ..constructions.patterns import pattern
from ..constructions.sizing import first_width
from ..constructions.smallest import Smallest, smallest
from ..constructions.superposed import ENTRY_BITS, superposed_pairwise_and
from ..theory.catalog import lookup, middle
from ..theory.counting import labelled_distinct_ands, neurons_square
from ..verify.errors import InputError, ProofError
from ..verify.verdict import package_version
from .figures import require_matplotlib

NAME = "construction-scaling"
DEFINITION = (
    "n = the least number of hidden neurons at which a seeded construction was proved to compute "
    "m' random pairwise ANDs of m inputs on all inputs with at most 2 ones, m the least number of "
    "inputs with m' pairs; found by bisection, an upper bound on the least width there is"
)
SEARCHES, RESULT = "searches", "scaling.json"
#: The series: what is built.
SERIES = ("plain", "trained", "ternary", "one-bit")
#: Bits of an entry of a trained matrix.
TRAINED_BITS = 14
#: Where bisection begins to look, as shares of the capacity estimate of the method.
BELOW = {"trained": 0.85, "ternary": 1.2, "one-bit": 1.4}


@dataclass(frozen=True)
class ScalingPlan:
    """What to build.

    Attributes:
        sizes: numbers of outputs by series.
        seeds: number of seeds; a seed decides the pairs, the code and the decoder.
        seconds: of a draw, about, by the order of the outputs: (up to so many outputs, seconds).
        resolution: bisection stops at this relative difference.
    """

    sizes: dict[str, tuple[int, ...]]
    seeds: int
    seconds: tuple[tuple[int, float], ...]
    resolution: float = 0.01

    def limit(self, outputs: int) -> float:
        """Seconds for one draw."""
        return next((s for most, s in self.seconds if outputs <= most), self.seconds[-1][1])


QUICK = ScalingPlan(
    sizes={
        "plain": (64, 128, 256, 512, 1024),
        "trained": (64, 128, 256, 512),
        "ternary": (16, 32, 64, 128),
        "one-bit": (16, 32, 64, 128),
    },
    seeds=2,
    seconds=((1 << 30, 2.5),),
    resolution=0.08,
)
FULL = ScalingPlan(
    sizes={
        "plain": (64, 128, 256, 512, 1024, 2048, 4096),
        "trained": (64, 128, 256, 512, 1024, 2048, 4096),
        "ternary": (64, 128, 256, 512, 1024),
        "one-bit": (64, 128, 256, 512, 1024),
    },
    seeds=3,
    seconds=((128, 3.0), (512, 8.0), (1024, 25.0), (1 << 30, 50.0)),
    resolution=0.02,
)


@dataclass(frozen=True)
class Point:
    """The least certified width of one series at one size.

    Attributes:
        series, inputs, outputs: what was built.
        neurons: least n at which a seed was exact.
        reliable: least n from which on all seeds were exact; None if they never were.
        by_seed: plain networks only: the width that each seed came to.
        bits: total bits at ``neurons``.
        bound_bits: counting bound on them.
        search: every attempt and the rate of success by width; None for plain networks.
    """

    series: str
    inputs: int
    outputs: int
    neurons: int
    reliable: int | None
    by_seed: tuple[int, ...]
    bits: int
    bound_bits: int
    search: Smallest | None

    @property
    def constant(self) -> float:
        """c = n / sqrt(m' ln m')."""
        return self.neurons / math.sqrt(self.outputs * math.log(self.outputs))

    @property
    def ratio(self) -> float:
        """Total bits over the counting bound."""
        return self.bits / self.bound_bits


@dataclass(frozen=True)
class Fit:
    """n = scale * m'^slope by least squares of the logarithms, with a 95 % interval of the slope.

    The interval takes deviations from a power law for independent errors; there are few points
    and the law is not a power law, so it says how well a line fits and not more.
    """

    series: str
    slope: float
    low: float
    high: float
    scale: float
    points: int


@dataclass(frozen=True)
class ScalingResult:
    """All that the experiment found, and the files it wrote."""

    seed: int
    plan: ScalingPlan
    points: tuple[Point, ...]
    fits: tuple[Fit, ...]
    lines: dict[str, tuple[tuple[int, float], ...]]
    seconds: float
    missing: tuple[str, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)


def construction_scaling(
    out: Path,
    plan: ScalingPlan,
    *,
    seed: int = 0,
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ScalingResult:
    """Find the least certified widths by size, fit their growth, and draw them.

    Writes ``searches/*.json`` (as attempts finish), ``scaling.json``, ``scaling.svg`` and
    ``scaling.png`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        resume: keep the attempts that the folder holds.
        progress: called with (networks tried, 0).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: matplotlib is not installed.
    """
    from .scaling_figure import draw_scaling

    require_matplotlib()
    if seed < 0:
        raise InputError(f"the seed must be 0 or more, not {seed}")
    searches = out / SEARCHES
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file is in the way; name a folder")
    if searches.exists() and not resume:
        raise InputError(
            f"{searches}: holds the results of an earlier run; add --resume to go on with it, "
            "or name another folder with --out"
        )
    start = time.monotonic()
    seeds = range(seed, seed + plan.seeds)
    tried = 0
    points: list[Point] = []
    missing: list[str] = []

    def step(done: int, _: int) -> None:
        progress(tried + done, 0)

    for series in SERIES:
        for outputs in plan.sizes[series]:
            try:
                point = _measure(series, outputs, seeds, plan, searches, step)
            except ProofError as error:
                missing.append(f"{series}, {outputs} outputs: {error}")
                continue
            tried += len(point.search.attempts) if point.search else len(seeds)
            points.append(point)
    fits = tuple(fit for name in SERIES if (fit := fitted(name, points)) is not None)
    sizes = sorted({point.outputs for point in points})
    seconds = time.monotonic() - start
    result = ScalingResult(seed, plan, tuple(points), fits, lines(sizes), seconds, tuple(missing))
    result.files["json"] = _write_json(result, out / RESULT)
    result.files["svg"], result.files["png"] = draw_scaling(result, out / "scaling")
    result.files["searches"] = searches
    return result


def least_inputs(outputs: int) -> int:
    """The least number of inputs with so many pairs."""
    inputs = (1 + math.isqrt(8 * outputs)) // 2
    while math.comb(inputs, 2) < outputs:
        inputs += 1
    return inputs


def _measure(
    series: str,
    outputs: int,
    seeds: Sequence[int],
    plan: ScalingPlan,
    searches: Path,
    progress: Callable[[int, int], None],
) -> Point:
    seconds = plan.limit(outputs)
    inputs = least_inputs(outputs)
    bound = labelled_distinct_ands(inputs, outputs).bits()
    if series == "plain":
        return _plain_point(inputs, outputs, seeds, bound, progress)
    first = first_width(inputs, outputs, 2, series)
    instance = {"series": series, "outputs": outputs, "seeds": list(seeds), "seconds": seconds}
    found = smallest(
        partial(_superposed, series, inputs, outputs, seconds),
        int(BELOW[series] * first.estimate),
        first.neurons,
        seeds,
        resolution=plan.resolution,
        file=searches / f"{series}-{outputs}.json",
        instance=instance,
        progress=progress,
    )
    bits = next(
        a.bits for a in found.attempts if (a.neurons, a.seed) == (found.neurons, found.seed)
    )
    assert bits is not None
    return Point(series, inputs, outputs, found.neurons, found.reliable, (), bits, bound, found)


def _superposed(
    method: str, inputs: int, outputs: int, seconds: float, neurons: int, seed: int
) -> Construction:
    pairs = pattern("random", inputs, outputs, seed)
    return superposed_pairwise_and(
        inputs, pairs, neurons, 2, seed, method=method, bits=TRAINED_BITS, seconds=seconds
    )


def _plain_point(
    inputs: int,
    outputs: int,
    seeds: Sequence[int],
    bound: int,
    progress: Callable[[int, int], None],
) -> Point:
    """Plain networks look for a small width themselves, and are built again when resumed."""
    built = []
    for done, seed in enumerate(seeds, 1):
        built.append(plain_pairwise_and(inputs, pattern("random", inputs, outputs, seed), 2, seed))
        progress(done, 0)
    best = min(built, key=lambda construction: construction.neurons)
    widths = tuple(construction.neurons for construction in built)
    return Point(
        "plain", inputs, outputs, best.neurons, max(widths), widths, best.total_bits, bound, None
    )


def fitted(series: str, points: Sequence[Point]) -> Fit | None:
    """The power law of a series; None for fewer than four points."""
    from scipy.stats import linregress, t

    chosen = [(p.outputs, p.neurons) for p in points if p.series == series]
    if len(chosen) < 4:
        return None
    x, y = np.log(np.array(chosen, dtype=np.float64)).T
    fit = linregress(x, y)
    half = float(t.ppf(0.975, len(chosen) - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    return Fit(
        series, slope, slope - half, slope + half, math.exp(float(fit.intercept)), len(chosen)
    )


def lines(sizes: Sequence[int]) -> dict[str, tuple[tuple[int, float], ...]]:
    """What the widths are compared with, at the sizes: (outputs, neurons) by name."""
    (estimate,) = lookup("pairwise-and-gardner")

    def counted(outputs: int, bits: int) -> float:
        bound = labelled_distinct_ands(least_inputs(outputs), outputs).bits()
        return float(neurons_square(bound, bits))

    def gardner(outputs: int) -> float:
        value = estimate.evaluate(inputs=least_inputs(outputs), outputs=outputs, active=2)
        return float(middle(value))

    functions: dict[str, Callable[[int], float]] = {
        "sqrt(m' ln m')": lambda k: math.sqrt(k * math.log(k)),
        "sqrt(m') ln m'": lambda k: math.sqrt(k) * math.log(k),
        "m^(2/3), order of arXiv 2408.05451": lambda k: least_inputs(k) ** (2 / 3),
        "capacity estimate": gardner,
        "counting bound, 1 bit": lambda k: counted(k, 1),
        f"counting bound, {TRAINED_BITS} bits": lambda k: counted(k, TRAINED_BITS),
    }
    return {name: tuple((k, f(k)) for k in sizes) for name, f in functions.items()}


def _write_json(result: ScalingResult, path: Path) -> Path:
    data = {
        "experiment": NAME,
        "definition": DEFINITION,
        "seed": result.seed,
        "plan": asdict(result.plan),
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "entry_bits": {"trained": TRAINED_BITS, **ENTRY_BITS, "plain": 1},
        "points": [
            asdict(point) | {"c": point.constant, "bits_over_bound": point.ratio}
            for point in result.points
        ],
        "missing": result.missing,
        "fits": [asdict(fit) for fit in result.fits],
        "lines": result.lines,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path
