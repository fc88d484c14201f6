"""Files of ``boolean-capacity``: all numbers as JSON, tables as CSV, and the finding."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...verify.verdict import package_version
from ..finding import Cell, Finding, Table, command_of
from ..training.device import require_torch
from .experiment import DEFINITION, RESULT, TABLE
from .families import FAMILIES
from .plan import NAME
from .references import CONSTRUCTIONS, MOST_OUTPUTS, counted_bits

if TYPE_CHECKING:
    from .experiment import CapacityResult
    from .laws import LawFit
    from .search import Capacity

#: Laws whose AIC differs by less are not told apart.
TOLD_APART = 2.0

COLUMNS = (
    *("series", "kind", "tolerance", "neurons", "ands", "ands_low", "ands_high", "every_seed"),
    *("some_seed", "seeds", "parameters", "bits", "bound_bits", "bound_ands"),
)
NOTES = (
    "A capacity of training is a lower bound on what the form can do: another recipe, more steps "
    "or more starts may find networks with more ANDs, and most failures near the threshold are a "
    "single start that did not find a network.",
    "In superposition the loss is convex in the trained matrix, so a failure is one of the drawn "
    "code and decoder, or of the number of steps.",
    "Counting bounds are about the family of all labelled choices of m' pairs. The one for free "
    f"weights of 32 bits allows more than {MOST_OUTPUTS:,} ANDs at every width here, and so does "
    "not bind the plain networks; beside constructions with 0/1 weights the one for 1 bit is "
    "drawn.",
    "P counts the numbers that may depend on the function. For plain networks it grows with m' "
    "itself, so that laws in P are partly a law of what is on both sides; in superposition "
    "P = n^2 + 1, and a P / log P and a n^2 / log n differ by a constant only.",
)


def write_json(result: CapacityResult, path: Path) -> Path:
    """Everything, with the trials of every width and size."""
    data = {
        "experiment": NAME,
        "definition": DEFINITION,
        "seed": result.seed,
        "device": result.device,
        "seconds": round(result.seconds, 3),
        "versions": {"superproof": package_version(), "torch": str(require_torch().__version__)},
        "plan": _plain(asdict(result.plan)),
        "families": {
            name: {**asdict(FAMILIES[name]), "title": FAMILIES[name].title,
                   "weights": FAMILIES[name].weights, "bound": FAMILIES[name].bound}
            for name in result.plan.widths
        },
        "capacities": [
            _plain(asdict(c)) | {"parameters": c.parameters, "bits": c.bits,
                                 "bound_ands": result.bounds[c.family][c.width]}
            for c in result.capacities
        ],
        "fits": [asdict(fit) for fit in result.fits],
        "constructions": [asdict(built) for built in result.built],
        "not_found": result.missing,
        "lines": [asdict(line) for line in result.lines],
        "networks_decided": result.runs,
    }  # fmt: skip
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def write_csv(result: CapacityResult, path: Path) -> Path:
    """One row a point of the figures."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(_points(result))
    return path


def write_success(result: CapacityResult, path: Path) -> Path:
    """One row a width, criterion and number of ANDs: trials, successes and the interval."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ["series", "tolerance", "neurons", "ands", "successes", "tried", "low", "high"]
        )
        for c in result.capacities:
            for s in c.curve:
                where = [c.family, float(c.tolerance), c.width, s.outputs]
                ends = [round(s.low, 4), round(s.high, 4)]
                table.writerow([*where, s.successes, s.tried, *ends])
    return path


def _points(result: CapacityResult) -> Iterator[dict[str, Any]]:
    for c in result.capacities:
        t = c.threshold
        yield {
            "series": c.family,
            "kind": "trained",
            "tolerance": float(c.tolerance),
            "neurons": c.width,
            "ands": t and round(t.outputs, 2),
            "ands_low": t and round(t.low, 2),
            "ands_high": t and round(t.high, 2),
            "every_seed": c.every,
            "some_seed": c.some,
            "seeds": result.plan.seeds,
            "parameters": c.parameters and round(c.parameters),
            "bits": c.bits and round(c.bits),
            "bound_bits": t and counted_bits(max(round(t.outputs), 3)),
            "bound_ands": result.bounds[c.family][c.width],
        }
    for built in result.built:
        yield {
            "series": built.construction,
            "kind": "certified construction",
            "tolerance": 0.0,
            "neurons": built.neurons,
            "ands": built.outputs,
            "seeds": built.seeds,
            "parameters": built.parameters,
            "bits": built.bits,
            "bound_bits": built.bound_bits,
        }
    for line in result.lines:
        for neurons, outputs in line.points:
            yield {"series": line.name, "kind": "line", "neurons": neurons, "ands": outputs}


def capacity_rows(result: CapacityResult, family: str) -> list[list[Cell]]:
    """The table of a family: a row a width."""
    tolerant = {c.width: c for c in result.tolerant(family)}
    rows: list[list[Cell]] = []
    for c in result.exact(family):
        t, other = c.threshold, tolerant.get(c.width)
        bound = result.bounds[family][c.width]
        rows.append(
            [
                c.width,
                *((None,) * 3 if t is None else (t.outputs, t.low, t.high)),
                c.every,
                c.some,
                None if other is None or other.threshold is None else other.threshold.outputs,
                None if c.parameters is None else round(c.parameters),
                None if c.bits is None else round(c.bits),
                _over_bound(c),
                f"over {MOST_OUTPUTS:,}" if bound is None else bound,
            ]
        )
    return rows


def capacity_columns(tolerance: Fraction) -> list[str]:
    """Headings of :func:`capacity_rows`."""
    share = f"{float(tolerance):.0%}".replace("%", " %")
    return [
        *("neurons n", "m*, no error", "from", "to", "every seed up to", "some seed up to"),
        *(f"m*, up to {share} wrong", "P at m*", "bits at m*", "bits / bound"),
        "bound allows",
    ]


def _over_bound(c: Capacity) -> float | None:
    if c.bits is None or c.threshold is None:
        return None
    return c.bits / counted_bits(max(round(c.threshold.outputs), 3))


def fit_rows(result: CapacityResult) -> list[list[Cell]]:
    """The table of laws."""
    return [
        [
            FAMILIES[fit.family].title,
            "no error" if not fit.tolerance else f"up to {fit.tolerance:.0%} wrong",
            fit.law,
            fit.scale,
            f"{fit.scale_low:.3g} to {fit.scale_high:.3g}",
            fit.exponent,
            None
            if fit.exponent_low is None
            else f"{fit.exponent_low:.3f} to {fit.exponent_high:.3f}",
            fit.spread,
            fit.aic,
            fit.excess,
            f"{fit.best:.0%}",
        ]
        for fit in result.fits
    ]


FIT_COLUMNS = (
    *("networks", "criterion", "law m* =", "a", "95 % interval", "b", "95 % interval "),
    *("typical factor off", "AIC", "above the best", "best in draws"),
)


def write_finding(result: CapacityResult, folder: Path) -> Path:
    """What reports are drawn from."""
    seeds, tolerance = result.plan.seeds, result.plan.tolerance
    command = command_of(NAME, result.quick, result.seed)
    tables = [
        Table(
            f"{FAMILIES[name].title[0].upper()}{FAMILIES[name].title[1:]}: ANDs by neurons",
            capacity_columns(tolerance),
            capacity_rows(result, name),
        )
        for name in result.plan.widths
    ]
    tables.append(Table("Laws of growth", FIT_COLUMNS, fit_rows(result)))
    tables.append(
        Table(
            "Certified constructions, least width found",
            ("construction", "ANDs m'", "inputs m", "neurons n", "P", "bits", "bits / bound"),
            [
                [CONSTRUCTIONS[b.construction].removeprefix("certified: "), b.outputs, b.inputs,
                 b.neurons, b.parameters, b.bits, b.bits / b.bound_bits]
                for b in result.built
            ],
        )
    )  # fmt: skip
    return Finding(
        NAME,
        "How many ANDs networks compute exactly, by neurons, parameters and bits",
        " ".join([f"{DEFINITION}.", *sentences(result)]),
        [*command, "--out", str(folder)],
        {
            "capacity.svg": "ANDs computed without any error by number of neurons: trained "
            "networks with 95 % intervals, certified constructions, counting bounds.",
            "parameters.svg": "The same by the number of parameters that may depend on the "
            "function.",
            "bits.svg": "The same by the bits of these parameters; one counting bound for all.",
            "success.svg": "Share of trials without any error by number of ANDs, with "
            "Clopper-Pearson intervals and the fitted curves.",
        },
        tables,
        [
            f"{result.runs:,} networks were trained and decided exactly, {seeds} trials at every "
            "width and number of ANDs. Intervals of m*: 95 %, profile likelihood. Intervals of "
            "the laws: 95 % over draws of the trials with replacement.",
            *NOTES,
            *(f"Not found: {reason}" for reason in result.missing),
            f"All numbers: {RESULT}, {TABLE}; networks: runs.sqlite and the folder weights.",
        ],
        seed=result.seed,
        seconds=round(result.seconds, 3),
        device=result.device,
    ).write(folder)


def sentences(result: CapacityResult) -> list[str]:
    """What came out, a sentence a family."""
    found = []
    for name in result.plan.widths:
        known = [c for c in result.exact(name) if c.threshold is not None]
        if not known:
            found.append(f"{FAMILIES[name].title}: no threshold was found.")
            continue
        values = ", ".join(
            f"{c.threshold.outputs:.0f} with {c.width} neurons" for c in known if c.threshold
        )
        law = law_sentence([f for f in result.fits if f.family == name and not f.tolerance])
        title = FAMILIES[name].title
        found.append(f"{title[0].upper()}{title[1:]}, m* is {values}.{law}")
    return found


def law_sentence(fits: Sequence[LawFit]) -> str:
    """The best law, and those that the measurement does not tell from it."""
    if not fits:
        return ""
    ranked = sorted(fits, key=lambda fit: fit.excess)
    close = [f"m* = {fit.law}" for fit in ranked[1:] if fit.excess < TOLD_APART]
    but = f"; {' and '.join(close)} cannot be told from it, within {TOLD_APART:g}" if close else ""
    return f" Of the laws, m* = {ranked[0].law} has the least AIC{but}."


def _plain(data: Any) -> Any:
    """Fractions as text, keys as text, for JSON."""
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [_plain(value) for value in data]
    return str(data) if isinstance(data, Fraction) else data
