"""The tables of ``unlearning``: what each method left behind, in one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .decomposition import Block
from .methods import METHODS, REFERENCE, REFERENCES
from .recovery import PLAIN_REGIMES, REGIMES
from .survival import Time, log_rank, median

if TYPE_CHECKING:
    from .unlearning import Outcome, UnlearningResult

#: Least rate of the other clauses; below, an erasure has spoilt the network.
RETAINED = 0.9


@dataclass(frozen=True)
class MethodRow:
    """One method over all networks.

    Attributes:
        name, about: of the method.
        measured: networks that it was measured on. ``refused``: those where it was refused.
        clean: of those measured, proved clean on every input.
        erased: at most 0.05 of the watched inputs read true, which stopping rules look at, too.
        stay: share of the target's inputs that stay true, over networks; None for none measured.
        coll: share of all inputs that read differently elsewhere.
        rate: sampled true-positive rate of the target. ``retain``: of the other clauses.
        hidden: networks where the sampled rate is 0 and inputs stay; ``most``: most such inputs.
        literals: fewest literals of a remnant beside the clause, where anything stays.
        spoilt: networks where less than 0.9 of the sampled inputs of other clauses read true.
        coded: networks that had a hard code of the clause before.
        jaccard: of the hard codes, where there was one before. null_jaccard: of random ones,
            other_jaccard: of other clauses'. cosine: of the soft codes, everywhere.
        persists: networks whose soft code is above the null.
        inhibited, removed: of ``coded``, see :meth:`.persistence.Persistence.word`.
        margin: mean output on the clause after, in units of that before.
        bias_change, read_change: of the neurons in the hard code, see :class:`.Persistence`.
        medians: steps of recovery by regime, None where more than half are censored.
        means: steps by regime, censored runs counted with the steps that they were given.
        censored: runs that did not recover, by regime.
        p_values: log-rank test against the reference by regime.
        plain_medians, plain_censored: the same by plain gradient descent.
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
    spoilt: int
    hidden: int
    most: int
    literals: Spread | None
    coded: int
    jaccard: Spread | None
    null_jaccard: Spread | None
    other_jaccard: Spread | None
    cosine: Spread | None
    persists: int
    inhibited: int
    removed: int
    margin: Spread | None
    bias_change: Spread | None
    read_change: Spread | None
    medians: dict[str, int | None]
    means: dict[str, float]
    censored: dict[str, int]
    p_values: dict[str, float | None]
    plain_medians: dict[str, int | None]
    plain_censored: dict[str, int]
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
        coded: those runs whose network had a hard code of the clause before.
        blocks: numbers of :class:`.decomposition.Block` by rows (``code`` or ``others``) and name,
            over these runs. ``null_blocks``: energy of the update of the network that lost nothing.
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
    coded: int
    blocks: dict[tuple[str, str], Spread | None]
    null_blocks: dict[str, Spread | None]


def times_of(outcomes: Sequence[Outcome], regime: str, kind: str = "recovery") -> list[Time]:
    """Recovery times of measured outcomes; those of ``plain`` descent, too."""
    found = []
    for outcome in outcomes:
        if outcome.measured:
            run = outcome.result[kind][regime]
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
    coded = [code for code in codes if code["size"]]
    plain = {regime: times_of(outcomes, regime, "plain") for regime in PLAIN_REGIMES}
    times = {regime: times_of(outcomes, regime) for regime in REGIMES}

    def over(value: Callable[[dict[str, Any]], float | None]) -> Spread | None:
        return spread([value(r) for r in measured])

    return MethodRow(
        name=name,
        about=about,
        measured=len(measured),
        refused=sum(outcome.result["reason"].startswith("refused") for outcome in outcomes),
        clean=sum(r["clean"] for r in measured),
        erased=sum(r["erased"] for r in measured),
        stay=over(lambda r: r["stay"] / r["target_inputs"]),
        coll=over(lambda r: r["coll"] / r["inputs"]),
        rate=over(lambda r: r["target_rate"]),
        retain=over(lambda r: r["retain_rate"]),
        spoilt=sum(r["retain_rate"] < RETAINED for r in measured),
        hidden=len(hidden),
        most=max(hidden, default=0),
        literals=over(lambda r: None if not r["remnant"] else r["remnant"]["literals"]),
        coded=len(coded),
        jaccard=spread([code["jaccard"] for code in coded]),
        null_jaccard=spread([code["null_jaccard"] for code in coded]),
        other_jaccard=spread([code["other_jaccard"] for code in coded]),
        cosine=spread([code["cosine"] for code in codes]),
        persists=sum(code["persists"] for code in codes),
        inhibited=sum(code["word"] == "inhibited" for code in coded),
        removed=sum(code["word"] == "removed" for code in coded),
        margin=spread([code["margin"] / code["margin_before"] for code in codes]),
        bias_change=spread([code["bias_change"] for code in coded]),
        read_change=spread([code["read_change"] for code in coded]),
        medians={regime: median(found) if found else None for regime, found in times.items()},
        means={
            regime: float(np.mean([t.steps for t in found])) if found else float("nan")
            for regime, found in times.items()
        },
        censored={regime: _censored(found) for regime, found in times.items()},
        p_values={
            regime: None if name == REFERENCE else log_rank(found, reference[regime])
            for regime, found in times.items()
        },
        plain_medians={r: median(found) if found else None for r, found in plain.items()},
        plain_censored={regime: _censored(found) for regime, found in plain.items()},
        false_rate=spread(
            [r["recovery"]["target"].get("false_rate") for r in measured if r["recovery"]["target"]]
        ),
    )


def _censored(times: list[Time]) -> int:
    return sum(not time.recovered for time in times)


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


def least_p(first: int, second: int) -> float | None:
    """The smallest p-value that the log-rank test can give for groups of these sizes."""
    all_soon = [Time(1 + step, True) for step in range(first)]
    return log_rank(all_soon, [Time(first + 1, False)] * second)


def rank_correlation(rows: Sequence[MethodRow], regime: str) -> tuple[float | None, int]:
    """Spearman's, of the median recoveries by Adam and by plain descent; and of how many methods.

    A median that was not reached is above all others. None where one of both is constant.
    """
    from scipy.stats import spearmanr

    measured = [row for row in rows if row.measured]
    adam, plain = (
        [np.inf if middles[regime] is None else middles[regime] for middles in of]
        for of in ([r.medians for r in measured], [r.plain_medians for r in measured])
    )
    if len(set(adam)) < 2 or len(set(plain)) < 2:
        return None, len(measured)
    return float(spearmanr(adam, plain).statistic), len(measured)


def answer(row: MethodRow, reference: MethodRow, tests: int) -> str:
    """Removed, or only silenced?

    ``not silenced``: more than 0.05 of the watched inputs stay true on half of the networks.
    ``silenced``: not clean on some network, and back sooner than the reference under some regime;
    ``not clean``: without the latter. ``clean, returns``: clean on all, but back sooner;
    ``clean``: that was not found. ``reference``: unlearns nothing.
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
            blocks = [run["blocks"] for run in found if run["blocks"]]
            nulls = [run["null_blocks"] for run in found if run["null_blocks"]]
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
                    len(blocks),
                    {
                        (place, key): spread([block[place][key] for block in blocks])
                        for place in ("code", "others")
                        for key in Block._fields
                    },
                    {
                        place: spread([null[place]["energy"] for null in nulls])
                        for place in ("code", "others")
                    },
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
