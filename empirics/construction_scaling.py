"""The experiment ``construction-scaling``: certified neurons against the number of outputs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..constructions.channels.universal import universal_and
from ..constructions.conjunction import plain_pairwise_and
from ..constructions.patterns import pattern
from ..constructions.sizing import first_width
from ..constructions.smallest import Attempt, Smallest, search_widths, tried
from ..constructions.superposed import superposed_pairwise_and
from ..theory.catalog import lookup, middle
from ..theory.counting import labelled_distinct_ands, neurons_square
from ..verify.errors import ProofError, require_seed
from .figures import require_matplotlib
from .run_plan import Planned, complete
from .store import Run, RunStore

NAME = "construction-scaling"
DEFINITION = (
    "n = the least number of hidden neurons at which a seeded construction was proved to compute "
    "m' random pairwise ANDs of m inputs on all inputs with at most 2 ones, m the least number of "
    "inputs with m' pairs; found by bisection, an upper bound on the least width there is"
)
RESULT, FIGURE = "scaling.json", "scaling"
#: The series: what is built. ``all-pairs`` is the task of arXiv 2408.05451, rebuilt: one network
#: without any function in it, for all pairs of its inputs.
SERIES = ("plain", "trained", "ternary", "one-bit", "all-pairs")
#: Bits of an entry of a trained matrix.
TRAINED_BITS = 14
#: Where bisection begins to look, as shares of the capacity estimate of the method.
BELOW = {"trained": 0.85, "ternary": 1.2, "one-bit": 1.4}
#: Where the search for all pairs begins, in m^(2/3); and where it ends, relatively.
ALL_PAIRS, COARSE = 70, 0.1


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
        "all-pairs": (120, 496),
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
        "all-pairs": (120, 496, 2016, 8128),
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
        by_seed: the least n at which each seed was exact; None where it never was.
        bits: total bits at ``neurons``.
        bound_bits: counting bound on them.
        search: every attempt and the rate of success by width; None for plain networks.
    """

    series: str
    inputs: int
    outputs: int
    neurons: int
    reliable: int | None
    by_seed: tuple[int | None, ...]
    bits: int
    bound_bits: int
    search: Smallest | None

    @property
    def constant(self) -> float:
        """c = n / sqrt(m' ln m')."""
        return self.neurons / math.sqrt(self.outputs * math.log(self.outputs))

    @property
    def ratio(self) -> float | None:
        """Total bits over the counting bound; None where there is nothing to choose."""
        return self.bits / self.bound_bits if self.bound_bits else None


@dataclass(frozen=True)
class Fit:
    """n = scale * m'^slope by least squares of the logarithms, with a 95 % interval of the slope.

    The interval takes deviations from a power law for independent errors; there are few points
    and the law is not a power law, so it says how well a line fits and not more. ``by_seed`` has
    the slope through the least widths of each seed, for those that were exact at every size.
    """

    series: str
    slope: float
    low: float
    high: float
    scale: float
    points: int
    by_seed: tuple[float, ...] = ()


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

    Writes ``runs.sqlite`` (every network as it is decided), ``scaling.json``, ``scaling.csv``,
    ``scaling.svg``, ``scaling.png`` and ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        resume: keep the networks that the folder's store knows of.
        progress: called with (networks decided, about how many there will be).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: matplotlib is not installed.
    """
    from .scaling_figure import draw_scaling
    from .scaling_files import write_csv, write_finding, write_json

    require_matplotlib()
    require_seed(seed)
    start = time.monotonic()
    seeds = range(seed, seed + plan.seeds)
    points: list[Point] = []
    missing: list[str] = []
    wanted = [(series, outputs) for series in SERIES for outputs in plan.sizes[series]]
    with RunStore(out, resume) as store:
        bench = _Bench(store, plan, seeds, len(wanted), progress)
        for series, outputs in wanted:
            try:
                points.append(bench.measure(series, outputs))
            except ProofError as error:
                missing.append(f"{series}, {outputs} outputs: {error}")
    fits = tuple(fit for name in SERIES if (fit := fitted(name, points)) is not None)
    sizes = sorted({point.outputs for point in points})
    seconds = time.monotonic() - start
    result = ScalingResult(seed, plan, tuple(points), fits, lines(sizes), seconds, tuple(missing))
    result.files["svg"], result.files["png"] = draw_scaling(result, out / FIGURE)
    result.files["csv"] = write_csv(result, out / f"{FIGURE}.csv")
    result.files["json"] = write_json(result, out / RESULT)
    result.files["finding"] = write_finding(result, out)
    result.files["runs"] = store.path
    return result


def least_inputs(outputs: int) -> int:
    """The least number of inputs with so many pairs."""
    inputs = (1 + math.isqrt(8 * outputs)) // 2
    while math.comb(inputs, 2) < outputs:
        inputs += 1
    return inputs


class _Bench:
    """Builds networks, or takes them from the store, and tells how far it is."""

    def __init__(
        self,
        store: RunStore,
        plan: ScalingPlan,
        seeds: Sequence[int],
        sizes: int,
        progress: Callable[[int, int], None],
    ) -> None:
        self.store, self.plan, self.seeds, self.progress = store, plan, seeds, progress
        self.decided, self.left = 0, sizes

    def measure(self, series: str, outputs: int) -> Point:
        """The least width of a series at a size. Raises ProofError where none was found."""
        self.left -= 1
        inputs = least_inputs(outputs)
        bound = 0 if series == "all-pairs" else labelled_distinct_ands(inputs, outputs).bits()
        sizes = {"series": series, "inputs": inputs, "outputs": outputs}
        if series == "plain":
            built = [self._done(sizes, seed) for seed in self.seeds]
            best = min(built, key=lambda one: int(one["neurons"]))
            widths = tuple(int(one["neurons"]) for one in built)
            return Point(series, inputs, outputs, best["neurons"], max(widths), widths,
                         best["bits"], bound, None)  # fmt: skip

        def attempt(neurons: int, seed: int) -> Attempt:
            limit = {} if series == "all-pairs" else {"seconds": self.plan.limit(outputs)}
            return Attempt(**self._done(sizes | limit | {"neurons": neurons}, seed))

        low, high = _range(series, inputs, outputs)
        resolution = max(COARSE if series == "all-pairs" else 0.0, self.plan.resolution)
        found = search_widths(attempt, low, high, self.seeds, resolution=resolution)
        bits = {(a.neurons, a.seed): a.bits for a in found.attempts}[found.neurons, found.seed]
        assert bits is not None
        exact = [(a.seed, a.neurons) for a in found.attempts if a.exact]
        by_seed = (min((n for s, n in exact if s == seed), default=None) for seed in self.seeds)
        return Point(series, inputs, outputs, found.neurons, found.reliable, tuple(by_seed), bits,
                     bound, found)  # fmt: skip

    def _done(self, configuration: Mapping[str, Any], seed: int) -> dict[str, Any]:
        (run,) = complete(self.store, [Planned(NAME, configuration, seed)], _decide)
        self.decided += 1
        # five widths are about what a search takes
        self.progress(self.decided, self.decided + 5 * len(self.seeds) * self.left)
        return dict(run.result)


def _range(series: str, inputs: int, outputs: int) -> tuple[int | None, int]:
    """Widths between which a search begins."""
    if series == "all-pairs":
        return None, math.ceil(ALL_PAIRS * inputs ** (2 / 3))
    first = first_width(inputs, outputs, 2, series)
    return int(BELOW[series] * first.estimate), first.neurons


def _decide(some: Sequence[Planned]) -> Iterator[Run]:
    for one in some:
        begun = time.monotonic()
        result = decided(**one.configuration, seed=one.seed)
        yield Run(NAME, one.configuration, one.seed, result=result,
                  seconds=round(time.monotonic() - begun, 3))  # fmt: skip


def decided(
    series: str,
    inputs: int,
    outputs: int,
    seed: int,
    neurons: int | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Build and prove one network; plain ones find a small width themselves.

    Returns the fields of :class:`.Attempt`. Raises ProofError only where no plain network is found.
    """
    if series == "all-pairs":
        assert neurons is not None
        return asdict(
            tried(lambda: universal_and(inputs, neurons, 2, seed, draws=1), neurons, seed)
        )
    pairs = pattern("random", inputs, outputs, seed)
    if series == "plain":
        begun = time.monotonic()
        built = plain_pairwise_and(inputs, pairs, 2, seed)
        took = round(time.monotonic() - begun, 3)
        return asdict(Attempt(built.neurons, seed, True, took, built.total_bits))
    assert neurons is not None
    return asdict(
        tried(
            lambda: superposed_pairwise_and(
                inputs, pairs, neurons, 2, seed, method=series, bits=TRAINED_BITS, seconds=seconds
            ),
            neurons,
            seed,
        )
    )


def fitted(series: str, points: Sequence[Point]) -> Fit | None:
    """The power law of a series; None for fewer than four points."""
    from scipy.stats import linregress, t

    chosen = [p for p in points if p.series == series]
    if len(chosen) < 4:
        return None
    x = np.log([p.outputs for p in chosen])
    fit = linregress(x, np.log([p.neurons for p in chosen]))
    half = float(t.ppf(0.975, len(chosen) - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    seeds = [row for row in zip(*(p.by_seed for p in chosen), strict=True) if None not in row]
    slopes = tuple(float(linregress(x, np.log(row)).slope) for row in seeds)
    scale = math.exp(float(fit.intercept))
    return Fit(series, slope, slope - half, slope + half, scale, len(chosen), slopes)


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
        "sqrt(m') ln m', order of arXiv 2409.15318": lambda k: math.sqrt(k) * math.log(k),
        "m^(2/3), order of arXiv 2408.05451": lambda k: least_inputs(k) ** (2 / 3),
        "capacity estimate": gardner,
        "counting bound, 1 bit": lambda k: counted(k, 1),
        f"counting bound, {TRAINED_BITS} bits": lambda k: counted(k, TRAINED_BITS),
    }
    return {name: tuple((k, f(k)) for k in sizes) for name, f in functions.items()}
