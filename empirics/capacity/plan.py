"""What the capacity experiment trains and builds, and how the outcome of a run is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...verify.errors import InputError
from ...verify.verdict import Verdict
from ..run_plan import Planned
from ..store import Run
from ..training.program import FinishedRun, run_json
from .families import FAMILIES, LEAST_OUTPUTS, MOST_OUTPUTS

NAME = "boolean-capacity"
#: What is kept of a verdict.
KEPT = ("status", "engine", "domain_size", "violations", "sha256", "version")


@dataclass(frozen=True)
class CapacityPlan:
    """What to train and to build.

    Attributes:
        widths: numbers of neurons by family, rising.
        seeds: number of seeds at every size; a seed is a task and a start.
        tolerance: the second criterion: so large a share of the domain may be wrong.
        construction_sizes: numbers of ANDs by construction.
        construction_seeds: number of seeds of the constructions.
        most_outputs: largest number of ANDs that is tried.
        resamples: draws of seeds for the intervals of the fits.

    Raises InputError for a plan that cannot be done.
    """

    widths: dict[str, tuple[int, ...]]
    seeds: int
    construction_sizes: dict[str, tuple[int, ...]]
    construction_seeds: int = 1
    tolerance: Fraction = Fraction(1, 20)
    most_outputs: int = MOST_OUTPUTS
    resamples: int = 1000

    def __post_init__(self) -> None:
        for name, widths in self.widths.items():
            if name not in FAMILIES:
                raise InputError(f"unknown family '{name}'; use one of {', '.join(FAMILIES)}")
            if not widths or list(widths) != sorted(set(widths)) or widths[0] < 1:
                raise InputError(f"the widths of '{name}' must rise from 1 or more, not {widths}")
        if self.seeds < 1 or self.construction_seeds < 1:
            raise InputError("a plan needs one seed or more")
        if not 0 <= self.tolerance < 1:
            raise InputError(f"the tolerance must lie from 0 to below 1, not {self.tolerance}")
        if not LEAST_OUTPUTS <= self.most_outputs <= MOST_OUTPUTS:
            raise InputError(
                f"most_outputs must lie between {LEAST_OUTPUTS} and {MOST_OUTPUTS:,}, "
                f"not {self.most_outputs}"
            )

    @property
    def criteria(self) -> tuple[Fraction, ...]:
        """Shares of the domain that may be wrong: none, then the tolerance."""
        return (Fraction(0), self.tolerance) if self.tolerance else (Fraction(0),)


QUICK = CapacityPlan(
    widths={"plain": (4, 5, 6, 8), "superposed": (20, 24, 28, 32)},
    seeds=5,
    construction_sizes={
        "plain-code": (16, 32, 64, 128, 256, 512),
        "key-value": (64, 128, 256),
        "least-squares": (32, 64, 128, 256),
    },
    resamples=400,
)
FULL = CapacityPlan(
    widths={"plain": (4, 5, 6, 7, 8, 10, 12), "superposed": (20, 24, 28, 32, 40, 48)},
    seeds=8,
    construction_sizes={
        "plain-code": (16, 32, 64, 128, 256, 512, 1024),
        "key-value": (64, 128, 256, 512, 1024),
        "least-squares": (32, 64, 128, 256, 512, 1024),
    },
    construction_seeds=3,
)


def planned(family: str, run: Any) -> Planned:
    """A training run as the store knows it."""
    return Planned(NAME, {"family": family, **run_json(run)}, run.seed)


def recorded(family: str, finished: FinishedRun) -> Run:
    """A finished run with the exact counts of what is wrong, its curve and its weights."""
    verdict, score = finished.verdict, finished.score
    decided, right = None, None
    if isinstance(verdict, Verdict):
        # without what lists every output: a store holds many runs
        decided = {name: verdict.to_json()[name] for name in KEPT}
        counts = verdict.violations_by_output
        right = None if counts is None else sum(count == 0 for count in counts.values())
    one = planned(family, finished.run)
    return Run(
        NAME,
        one.configuration,
        one.seed,
        "diverged" if finished.stop == "diverged" else "finished",
        {
            "exact": finished.exact,
            "wrong": None if score is None else score.wrong,
            "points": None if score is None else score.total,
            "exact_outputs": right,
            "steps": finished.steps,
            "stop": finished.stop,
            "loss": finished.loss,
        },
        decided,
        [list(point) for point in finished.curve],
        finished.device,
        round(finished.seconds, 4),
        arrays=finished.parameters,
    )


def within(run: Run, share: Fraction) -> bool:
    """Whether at most this share of the domain is wrong, by the exact counts of a run."""
    wrong, points = run.result["wrong"], run.result["points"]
    return wrong is not None and wrong <= share * points
