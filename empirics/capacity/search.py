"""Measured capacity: how many ANDs a width computes, searched where success gives way to failure.

Failures are searched by :mod:`..size_search`: they set in as the number of ANDs grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..run_plan import Planned, complete
from ..size_search import SizeRate, Sufficient, search_sizes
from ..store import Run, RunStore
from ..training.trainer import train_runs
from .families import FAMILIES, LEAST_OUTPUTS, Family, domain_points
from .plan import CapacityPlan, planned, recorded, within

#: Runs that one process claims at once; others that share the store take the next ones.
TOGETHER = 64
#: Sizes that a search tries, about; for the time left.
SIZES = 8

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Success:
    """How often training computed so many ANDs, with the Clopper-Pearson interval of the chance."""

    outputs: int
    successes: int
    tried: int
    low: float
    high: float


@dataclass(frozen=True)
class Threshold:
    """The number of ANDs at which the fitted chance of success is one half.

    Attributes:
        outputs: that number.
        low, high: ends of its 95 % interval, by profile likelihood.
        width: scale of the logistic curve, in the natural logarithm of the number.
    """

    outputs: float
    low: float
    high: float
    width: float


@dataclass(frozen=True)
class Capacity:
    """How many ANDs a width of a family computes.

    Attributes:
        family, width: which networks.
        tolerance: share of the domain that may be wrong.
        every: the largest number of ANDs up to which every seed succeeded; None where none was.
        some: the largest number with a success at all; None without one.
        threshold: where the fitted chance is one half; None where all seeds agree everywhere.
        curve: success by number of ANDs, rising.
        outcomes: success by number of ANDs and seed.
    """

    family: str
    width: int
    tolerance: Fraction
    every: int | None
    some: int | None
    threshold: Threshold | None
    curve: tuple[Success, ...]
    outcomes: Mapping[int, tuple[bool, ...]]

    @property
    def parameters(self) -> float | None:
        """P at the threshold."""
        return self._cost(FAMILIES[self.family].parameters)

    @property
    def bits(self) -> float | None:
        """Bits of these parameters."""
        return self._cost(FAMILIES[self.family].total_bits)

    def _cost(self, count: Callable[[int, float], float]) -> float | None:
        return None if self.threshold is None else count(self.width, self.threshold.outputs)


def measured_capacity(
    family: str, width: int, tolerance: Fraction, found: Sufficient, outcomes: Mapping[int, Any]
) -> Capacity:
    """What a search of failures says about success."""
    curve = tuple(_success(rate) for rate in found.curve)
    fit = found.fit
    threshold = None
    if fit is not None:
        half, low, high = (float(np.exp(end)) for end in (fit.half, fit.low, fit.high))
        threshold = Threshold(half, low, high, fit.width)
    every = [s.outputs for s in curve if found.least is None or s.outputs < found.least]
    some = [s.outputs for s in curve if s.successes]
    return Capacity(
        family,
        width,
        tolerance,
        max(every, default=None),
        max(some, default=None),
        threshold,
        curve,
        {size: tuple(outcomes[size]) for size in sorted(outcomes)},
    )


def _success(failures: SizeRate) -> Success:
    """The same trials from the other side."""
    return Success(
        failures.size,
        failures.tried - failures.successes,
        failures.tried,
        1 - failures.high,
        1 - failures.low,
    )


class CapacitySearch:
    """Trains what the searches ask for, keeps it in a store, and says how far it is.

    Args:
        store: of the runs; what it holds is not trained again.
        plan: widths, seeds, criteria.
        seed: the first of the seeds.
        device: where to train.
        threads: processor threads.
        progress: called with training examples (points x steps) done, and about how many in all.
    """

    def __init__(
        self,
        store: RunStore,
        plan: CapacityPlan,
        seed: int = 0,
        device: str = "cpu",
        threads: int = 1,
        progress: Progress = lambda done, total: None,
    ) -> None:
        self.store, self.plan, self.seed = store, plan, seed
        self.device, self.threads = device, threads
        self.progress = progress
        self.trained = 0
        self.runs: dict[str, Run] = {}
        self.done = 0
        self.left = {
            (name, width, share): self._expected(FAMILIES[name], width, share)
            for name, widths in plan.widths.items()
            for width in widths
            for share in plan.criteria
        }

    def capacities(self) -> Iterator[Capacity]:
        """Of every family and width, by both criteria."""
        for name, width, share in list(self.left):
            yield self.measure(name, width, share)
        if self.done:
            # what a search found in the store was expected too
            self.progress(self.done, self.done)

    def measure(self, name: str, width: int, share: Fraction) -> Capacity:
        """Search the numbers of ANDs at which a width gives up."""
        family = FAMILIES[name]
        outcomes: dict[int, list[bool]] = {}
        self.left.pop((name, width, share), None)

        def failures(sizes: Sequence[int]) -> dict[int, list[bool]]:
            for size, runs in self._trained(family, width, sizes).items():
                outcomes[size] = [within(run, share) for run in runs]
            return {size: [not right for right in outcomes[size]] for size in sizes}

        found = search_sizes(
            failures,
            family.guess(width) * (family.tolerant if share else 1.0),
            low=LEAST_OUTPUTS,
            high=self.plan.most_outputs,
            resolution=family.resolution,
        )
        return measured_capacity(name, width, share, found, outcomes)

    def seeds(self, width: int, outputs: int) -> list[int]:
        """The seeds of a size: others at every one, so that all trials are independent."""
        drawn = np.random.SeedSequence([self.seed, width, outputs])
        return [int(value) for value in drawn.generate_state(self.plan.seeds)]

    def _trained(self, family: Family, width: int, sizes: Sequence[int]) -> dict[int, list[Run]]:
        runs = {
            planned(family.name, run).key: (size, run)
            for size in sizes
            for run in (family.run(width, size, own) for own in self.seeds(width, size))
        }
        wanted = [planned(family.name, run) for _, run in runs.values()]

        def do(some: Sequence[Planned]) -> Iterator[Run]:
            asked = [runs[one.key] for one in some]
            todo = sum(domain_points(size) * run.schedule.steps for size, run in asked)
            steps = sum(run.schedule.steps for _, run in asked)
            rest, before = sum(self.left.values()), self.done

            def tell(done: int, total: int) -> None:
                # as examples: the sizes of a round differ, and are not told apart here
                self.done = before + todo * done // max(steps, 1)
                self.progress(self.done, before + todo + rest)

            for finished in train_runs(
                family.program,
                [run for _, run in asked],
                device=self.device,
                threads=self.threads,
                progress=tell,
            ):
                self.trained += 1
                yield recorded(family.name, finished)
            self.done = before + todo

        found: dict[int, list[Run]] = {size: [] for size in sizes}
        for one, run in zip(
            wanted, complete(self.store, wanted, do, together=TOGETHER), strict=True
        ):
            self.runs[run.key] = run
            found[runs[one.key][0]].append(run)
        return found

    def _expected(self, family: Family, width: int, share: Fraction) -> int:
        """Examples of a search, about; the second criterion finds many of its runs in the store."""
        outputs = min(round(family.guess(width)), self.plan.most_outputs)
        sizes = SIZES if not share else SIZES // 2
        return sizes * self.plan.seeds * domain_points(outputs) * family.steps
