"""The tables of ``unlearning``: what each method left behind, in one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .methods import METHODS, REFERENCE, REFERENCES
from .recovery import REGIMES
from .survival import Time, log_rank, median

if TYPE_CHECKING:
    from .unlearning import Outcome, UnlearningResult


@dataclass(frozen=True)
class MethodRow:
    """One method over all networks.

    Attributes:
        name, about: of the method.
        measured: networks that it was measured on. ``refused``: those where it was refused.
        clean: of those measured, proved clean on every input.
        erased: sampled rate at most 0.05.
        stay: share of the target's inputs that stay true, over networks; None for none measured.
        coll: share of all inputs that read differently elsewhere.
        rate: sampled true-positive rate of the target. ``retain``: of the other clauses.
        hidden: networks where the sampled rate is 0 and inputs stay; ``most``: most such inputs.
        literals: fewest literals of a remnant beside the clause, where anything stays.
        jaccard, cosine: of the codes. ``persists``: networks whose soft code is above the null.
        medians: steps of recovery by regime, None where more than half are censored.
        means: steps by regime, censored runs counted with the steps that they were given.
        censored: runs that did not recover, by regime.
        p_values: log-rank test against the reference by regime.
        false_rate: sampled false-positive rate after recovery on the target.
    """

    name: str
    about: str
    measured: int
    refused: int
    clean: int
    erased: int
    stay: Spread | None
    coll: Spread | None
    rate: Spread | None
    retain: Spread | None
    hidden: int
    most: int
    literals: Spread | None
    jaccard: Spread | None
    cosine: Spread | None
    persists: int
    medians: dict[str, int | None]
    means: dict[str, float]
    censored: dict[str, int]
    p_values: dict[str, float | None]
    false_rate: Spread | None


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class DirectionRow:
    """Recoveries of one method under one regime along the direction of its erasure.

    Attributes:
        name, regime: which.
        runs: recoveries that were taken apart.
        reversal, energy, null_energy: see :mod:`.decomposition`; the null is the update of the
            network that lost nothing, in the same training.
        tensors: median energy by tensor.
        along, beside: sampled rate after only the part along the erasure, or only the rest.
    """

    name: str
    regime: str
    runs: int
    reversal: Spread
    energy: Spread
    null_energy: Spread | None
    tensors: dict[str, float]
    along: Spread
    beside: Spread


def times_of(outcomes: Sequence[Outcome], regime: str) -> list[Time]:
    """Recovery times of measured outcomes."""
    found = []
    for outcome in outcomes:
        if outcome.measured:
            run = outcome.result["recovery"][regime]
            found.append(Time(run["steps"], run["recovered"]))
    return found


def method_rows(result: UnlearningResult) -> list[MethodRow]:
    """One row a method, in the order of :data:`.methods.METHODS`."""
    reference = {regime: times_of(result.of(REFERENCE), regime) for regime in REGIMES}
    return [
        _row(method.name, method.about, result.of(method.name), reference) for method in METHODS
    ]


def _row(
    name: str, about: str, outcomes: list[Outcome], reference: dict[str, list[Time]]
) -> MethodRow:
    measured = [outcome.result for outcome in outcomes if outcome.measured]
    hidden = [r["stay"] for r in measured if r["target_rate"] == 0 and r["stay"]]
    codes = [r["code"] for r in measured]
    times = {regime: times_of(outcomes, regime) for regime in REGIMES}

    def over(value: Callable[[dict[str, Any]], float | None]) -> Spread | None:
        return spread([value(r) for r in measured])

    return MethodRow(
        name,
        about,
        len(measured),
        sum(outcome.result["reason"].startswith("refused") for outcome in outcomes),
        sum(r["clean"] for r in measured),
        sum(r["erased"] for r in measured),
        over(lambda r: r["stay"] / r["target_inputs"]),
        over(lambda r: r["coll"] / r["inputs"]),
        over(lambda r: r["target_rate"]),
        over(lambda r: r["retain_rate"]),
        len(hidden),
        max(hidden, default=0),
        over(lambda r: None if not r["remnant"] else r["remnant"]["literals"]),
        spread([code["jaccard"] for code in codes]),
        spread([code["cosine"] for code in codes]),
        sum(code["persists"] for code in codes),
        {regime: median(found) if found else None for regime, found in times.items()},
        {
            regime: float(np.mean([t.steps for t in found])) if found else float("nan")
            for regime, found in times.items()
        },
        {regime: sum(not t.recovered for t in found) for regime, found in times.items()},
        {
            regime: None if name == REFERENCE else log_rank(found, reference[regime])
            for regime, found in times.items()
        },
        spread(
            [r["recovery"]["target"].get("false_rate") for r in measured if r["recovery"]["target"]]
        ),
    )


def faster(row: MethodRow, reference: MethodRow, tests: int) -> list[str]:
    """Regimes under which a method recovers sooner than the reference, at 5 % for all tests.

    Args:
        row, reference: of :func:`method_rows`.
        tests: that the 5 % are divided by.
    """
    return [
        regime
        for regime, p in row.p_values.items()
        if p is not None and p < 0.05 / tests and row.means[regime] < reference.means[regime]
    ]


def answer(row: MethodRow, reference: MethodRow, tests: int) -> str:
    """Removed, or only silenced?

    ``not silenced``: the sampled rate stays above 0.05 on half of the networks. ``silenced``: not
    clean on some network, and back sooner than the reference under some regime; ``not clean``:
    without the latter. ``clean, returns``: clean on all, but back sooner; ``clean``: that was not
    found. ``reference``: unlearns nothing.
    """
    if row.name in REFERENCES:
        return "reference"
    if row.erased * 2 <= row.measured:
        return "not silenced"
    sooner = bool(faster(row, reference, tests))
    if row.clean < row.measured:
        return "silenced" if sooner else "not clean"
    return "clean, returns" if sooner else "clean"


def direction_rows(result: UnlearningResult) -> list[DirectionRow]:
    """Every method and regime of which recoveries were taken apart."""
    rows = []
    for method in METHODS:
        for regime in REGIMES:
            found = [
                outcome.result["recovery"][regime]
                for outcome in result.of(method.name)
                if outcome.measured
                and outcome.result["recovery"][regime]["recovered"]
                and outcome.result["recovery"][regime].get("energy") is not None
            ]
            if not found:
                continue
            spreads = {
                key: spread([run[key] for run in found])
                for key in ("reversal", "energy", "null_energy", "along_rate", "beside_rate")
            }
            tensors = {
                name: spread([run["energy_by_tensor"][name] for run in found])
                for name in found[0]["energy_by_tensor"]
            }
            along, beside = spreads["along_rate"], spreads["beside_rate"]
            reversal, energy = spreads["reversal"], spreads["energy"]
            assert reversal is not None and energy is not None  # noqa: PT018
            assert along is not None and beside is not None  # noqa: PT018
            rows.append(
                DirectionRow(
                    method.name,
                    regime,
                    len(found),
                    reversal,
                    energy,
                    spreads["null_energy"],
                    {name: s.median for name, s in tensors.items() if s is not None},
                    along,
                    beside,
                )
            )
    return rows


def spread(values: Sequence[float | None]) -> Spread | None:
    """Median and quartiles of the values that are there; None for none."""
    there = [float(value) for value in values if value is not None]
    if not there:
        return None
    low, middle, high = np.quantile(there, [0.25, 0.5, 0.75])
    return Spread(float(middle), float(low), float(high))
