"""What ``construction-scaling`` found, as files: all numbers, a table, and the finding."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..constructions.superposed import ENTRY_BITS
from ..verify.verdict import package_version
from .construction_scaling import DEFINITION, FIGURE, NAME, QUICK, TRAINED_BITS
from .finding import Cell, Finding, Table, command_of
from .scaling_figure import TITLES

if TYPE_CHECKING:
    from .construction_scaling import Point, ScalingResult

COLUMNS = (
    *("series", "inputs", "outputs", "neurons", "all seeds exact from", "least by seed"),
    *("c", "bits", "bound, bits", "bits / bound"),
)
NOTES = (
    "Every width is an upper bound: a network of that width was proved exact on its stored "
    "integers, and bisection tried some narrower ones. A draw that failed proves nothing.",
    "Training ends after some seconds (see the plan in scaling.json), so the widths of few-valued "
    "matrices depend on the machine and on what else it does.",
    "The interval of a slope takes the deviations from a straight line for independent errors. The "
    "laws have logarithms and there are few sizes: it says how well a line fits, and no more. The "
    "slopes by seed show the spread that other draws of pairs, code and decoder make.",
    "Lines of an order (sqrt(m' ln m'), sqrt(m') ln m', m^(2/3)) are drawn with the constant 1; "
    "the capacity estimate is no bound. The counting bounds are for the superposed form.",
    "Networks for all pairs have no function in them, so no bound on bits; they are an own "
    "reconstruction of the task of arXiv 2408.05451, exact instead of up to an error.",
)


def write_json(result: ScalingResult, path: Path) -> Path:
    """Write all numbers."""
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
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def write_csv(result: ScalingResult, path: Path) -> Path:
    """Write a line a point."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows(_row(point) for point in result.points)
    return path


def write_finding(result: ScalingResult, folder: Path) -> Path:
    """Write what reports are drawn from."""
    fits: list[list[Cell]] = [
        [TITLES[f.series], f.slope, f.low, f.high, " ".join(f"{s:.3f}" for s in f.by_seed),
         f.scale, f.points]
        for f in result.fits
    ]  # fmt: skip
    curves: list[list[Cell]] = [
        [TITLES[p.series], p.outputs, rate.neurons, rate.exact, rate.tried, rate.low, rate.high]
        for p in result.points
        if p.search is not None
        for rate in p.search.curve
    ]
    return Finding(
        name=NAME,
        title="How many neurons proved constructions need, by number of ANDs",
        summary=summary(result),
        command=command_of(NAME, result.plan is QUICK, result.seed),
        figures={
            f"{FIGURE}.svg": "Least neurons of certified constructions against the number of ANDs, "
            "beside the orders of the papers, the capacity estimate and the counting bounds."
        },
        tables=[
            Table("Least certified widths", COLUMNS, [_row(point) for point in result.points]),
            Table(
                "Growth: n = scale * m'^slope",
                ("series", "slope", "from", "to", "slopes by seed", "scale", "sizes"),
                fits,
            ),
            Table(
                "How often a width was exact, with 95 % intervals of the chance",
                ("series", "outputs", "neurons", "exact", "tried", "from", "to"),
                curves,
            ),
        ],
        notes=(*NOTES, *(f"Not found: {reason}" for reason in result.missing)),
        seed=result.seed,
        seconds=round(result.seconds, 3),
    ).write(folder)


def summary(result: ScalingResult) -> str:
    """What was measured and what came out, in sentences."""
    tried = sum(len(p.search.attempts) if p.search else len(p.by_seed) for p in result.points)
    last = result.seed + result.plan.seeds - 1
    text = f"{DEFINITION}. {tried:,} networks were decided, with seeds {result.seed} to {last}."
    for fit in result.fits:
        seeds = f"; {min(fit.by_seed):.3f} to {max(fit.by_seed):.3f} by seed" if fit.by_seed else ""
        text += (
            f" {TITLES[fit.series]}: n grows like m'^{fit.slope:.3f} (95 % interval {fit.low:.3f} "
            f"to {fit.high:.3f}, {fit.points} sizes{seeds})."
        )
    superposed = [p for p in result.points if p.series in (*ENTRY_BITS, "trained")]
    if superposed:
        best = min(superposed, key=lambda p: p.bits / p.bound_bits)
        text += (
            f" The fewest bits over the counting bound are {best.ratio:.2f} times as many: "
            f"{best.neurons:,} neurons for {best.outputs:,} ANDs ({TITLES[best.series]})."
        )
    return text


def _row(point: Point) -> list[Cell]:
    by_seed = " ".join("-" if width is None else str(width) for width in point.by_seed)
    return [
        *(TITLES[point.series], point.inputs, point.outputs, point.neurons, point.reliable),
        *(by_seed, round(point.constant, 4), point.bits, point.bound_bits),
        None if point.ratio is None else round(point.ratio, 4),
    ]
