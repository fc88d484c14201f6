"""Files of ``attention-capacity``: all numbers as JSON and CSV, and the finding."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...verify.verdict import package_version
from ..finding import Cell as Entry
from ..finding import Finding, Table, command_of
from .laws import bits_a_freedom
from .plan import CRITERIA, FULL, LARGE, QUICK, RECIPES, Criterion
from .thresholds import best

if TYPE_CHECKING:
    from .capacity import AttentionResult
    from .plan import Cell
    from .thresholds import Threshold

NOTES = (
    "A size that training misses proves nothing: all measured sizes are upper bounds on what is "
    "possible, and they depend on the recipe.",
    "The bounds are about families: layers that can recognise every permutation. A single random "
    "permutation may need less.",
    "The counting bound at one bit a weight is a yardstick only; real weights may pass below it.",
    "The law of degrees of freedom (one for 1.4 to 2.2 bits of lg C(m^2, m)) is an observation of "
    "earlier training, no theorem.",
)


def write_files(result: AttentionResult, out: Path) -> dict[str, Path]:
    """All but the figures; paths by kind."""
    files = {
        "json": out / "attention.json",
        "thresholds": out / "thresholds.csv",
        "success": out / "success.csv",
        "trade_off": out / "heads.csv",
    }
    text = json.dumps(_data(result), indent=1, allow_nan=False)
    files["json"].write_text(text + "\n", encoding="utf-8")
    _csv(
        files["thresholds"],
        ("items", "embedding_dim", "recipe", "heads", "criterion", "least", "half", "half_low",
         "half_high", "every_seed", "seeds"),
        (_threshold_row(t) for t in result.thresholds),
    )  # fmt: skip
    _csv(
        files["success"],
        ("items", "embedding_dim", "recipe", "heads", "criterion", "total_key_dim", "successes",
         "tried", "low", "high"),
        (
            (t.cell.items, t.cell.embedding_dim, t.recipe, t.heads, t.criterion, rate.size,
             rate.successes, rate.tried, round(rate.low, 6), round(rate.high, 6))
            for t in result.thresholds
            for rate in t.found.curve
        ),
    )  # fmt: skip
    _csv(files["trade_off"], SHARE_COLUMNS, _share_rows(result))
    files["finding"] = _finding(result).write(out)
    return files


SHARE_COLUMNS = (
    *("items", "embedding_dim", "total_key_dim", "recipe", "heads", "median_f1", "least_f1"),
    *("largest_f1", "without_error", "tried", "low", "high"),
)


def _share_rows(result: AttentionResult) -> list[tuple[Entry, ...]]:
    return [
        (s.trade_off.cell.items, s.trade_off.cell.embedding_dim, s.trade_off.total_key_dim,
         s.recipe, s.heads, round(s.median, 5), round(float(s.micro_f1[0]), 5),
         round(float(s.micro_f1[-1]), 5), s.successes, s.tried, round(s.low, 5), round(s.high, 5))
        for s in result.shares
    ]  # fmt: skip


def _threshold_row(t: Threshold) -> tuple[Entry, ...]:
    fit = t.found.fit
    ends: tuple[float | None, ...] = (None, None, None)
    if fit is not None:
        ends = tuple(round(math.exp(place), 3) for place in (fit.half, fit.low, fit.high))
    return (
        t.cell.items, t.cell.embedding_dim, t.recipe, t.heads, t.criterion, t.least, *ends,
        t.reliable, t.cell.seeds,
    )  # fmt: skip


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


def _data(result: AttentionResult) -> dict[str, Any]:
    from .capacity import DEFINITION, NAME

    return {
        "experiment": NAME,
        "definition": DEFINITION,
        "criteria": CRITERIA,
        "recipes": {name: asdict(recipe) for name, recipe in RECIPES.items()},
        "seed": result.seed,
        "device": result.device,
        "plan": asdict(result.plan),
        "layers": result.layers,
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "thresholds": [
            {
                "items": t.cell.items,
                "embedding_dim": t.cell.embedding_dim,
                "recipe": t.recipe,
                "heads": t.heads,
                "criterion": t.criterion,
                "least": t.least,
                "half": t.found.half,
                "every_seed": t.reliable,
                "curve": [asdict(rate) for rate in t.found.curve],
            }
            for t in result.thresholds
        ],
        "certified": [
            {"items": c.cell.items, "embedding_dim": c.cell.embedding_dim}
            | {key: value for key, value in asdict(c).items() if key != "cell"}
            for c in result.certified
        ],
        "laws": [
            {"items": cell.items, "embedding_dim": cell.embedding_dim} | asdict(result.laws(cell))
            for cell in result.plan.cells
        ],
        "heads": [dict(zip(SHARE_COLUMNS, row, strict=True)) for row in _share_rows(result)],
        "beside_earlier": [
            asdict(c) | {"steps": c.steps, "verdict": c.verdict} for c in result.comparisons
        ],
    }


def size_text(least: int | None, reliable: int | None) -> str:
    """``12`` or ``12 (10)``: with every seed, and with some seed where that is less."""
    if reliable is None:
        return "-" if least is None else f"- ({least})"
    return str(reliable) if least in (reliable, None) else f"{reliable} ({least})"


SIZE_COLUMNS = (
    *("m, d", "u = m lg m / d", "m ln m / d^2", "F1 >= .99", "heads", "no error", "heads"),
    *("hinge, no error", "heads", "certified"),
)
LAW_COLUMNS = (
    *("m, d", "least", "heads", "over u", "bits a degree of freedom", "law of freedom"),
    *("counting, 1 bit", "counting, 32 bits", "real weights"),
)


def size_rows(result: AttentionResult) -> list[list[Entry]]:
    """A row a cell: sizes by recipe and criterion with the best number of heads, certified."""
    wanted: tuple[tuple[str, Criterion], ...] = (
        ("logistic", "f1"), ("logistic", "zero"), ("hinge", "zero"),
    )  # fmt: skip
    rows: list[list[Entry]] = []
    for cell in result.plan.cells:
        row: list[Entry] = [cell.name, round(cell.unit, 1), round(cell.load, 2)]
        for recipe, criterion in wanted:
            found = best(result.thresholds, cell, recipe, criterion)
            row += (
                ["-", None]
                if found is None
                else [size_text(found.least, found.reliable), found.heads]
            )
        rows.append([*row, certified_text(result, cell)])
    return rows


def law_rows(result: AttentionResult) -> list[list[Entry]]:
    """A row a cell: the least reliable size without an error of all recipes, beside laws."""
    rows: list[list[Entry]] = []
    for cell in result.plan.cells:
        zero, about = result.best_zero(cell), result.laws(cell)
        measured: list[Entry] = [None, None, None, None]
        if zero is not None and zero.reliable is not None:
            held = bits_a_freedom(cell, zero.heads, zero.reliable)
            measured = [
                zero.reliable, zero.heads, round(zero.reliable / cell.unit, 3), round(held, 2),
            ]  # fmt: skip
        low, high = about.freedom
        law = f"{low} to {high}"
        rows.append([cell.name, *measured, law, about.one_bit, about.stored, about.real])
    return rows


def certified_text(result: AttentionResult, cell: Cell) -> str:
    """Least certified sizes of the seeds: ``10`` or ``10-12``."""
    sizes = sorted(
        c.total_key_dim for c in result.certified if c.cell == cell and c.total_key_dim is not None
    )
    if not sizes:
        return "-"
    return str(sizes[0]) if sizes[0] == sizes[-1] else f"{sizes[0]}-{sizes[-1]}"


def _finding(result: AttentionResult) -> Finding:
    from .capacity import DEFINITION, NAME

    words = command_of(NAME, result.plan == QUICK, result.seed)
    words += ["--device", "cuda"] if result.plan == LARGE else []
    words += ["--device", "cpu"] if result.plan == FULL else []
    near = [c for c in result.comparisons if c.verdict == "within one step"]
    constants = [
        (zero.reliable or 0) / cell.unit
        for cell in result.plan.cells
        if (zero := result.best_zero(cell)) is not None
    ]
    reached = (
        f" Every seed is without an error from {min(constants):.2f} to {max(constants):.2f} times "
        "m lg m / d on, by cell, with the best recipe and number of heads."
        if constants
        else ""
    )
    heads = [
        [t.cell.name, t.recipe, CRITERIA[t.criterion], t.heads,
         size_text(t.least, t.reliable),
         None if t.found.half is None else round(t.found.half, 2), t.cell.seeds]
        for t in result.thresholds
    ]  # fmt: skip
    beside = [
        [f"{c.items}, {c.embedding_dim}", c.about, c.heads, c.earlier,
         size_text(c.least, c.reliable), c.steps, c.verdict]
        for c in result.comparisons
    ]  # fmt: skip
    return Finding(
        name=NAME,
        title="How much key dimension trained attention needs",
        summary=f"{DEFINITION}.{reached} {len(near)} of {len(result.comparisons)} sizes of an "
        "earlier implementation came out within one step of D_K.",
        command=words,
        figures={
            "attention.svg": "Least D_K of trained layers and of certified constructions, against "
            "the unit m lg m / d and the bounds.",
            "success.svg": "Share of seeds that succeeded by D_K, with 95 % intervals, at the best "
            "number of heads of every cell.",
            "heads.svg": "One total key dimension shared out among heads, and the least D_K by "
            "number of heads.",
        },
        tables=[
            Table(
                "Least D_K from which on every seed succeeded (some seed); F1 and no error: "
                "logistic training",
                SIZE_COLUMNS,
                size_rows(result),
            ),
            Table("Least D_K without an error, beside laws and bounds", LAW_COLUMNS,
                  law_rows(result)),
            Table(
                "Beside the earlier implementation",
                ("m, d", "recipe", "heads", "earlier", "ours: every seed (some)", "steps",
                 "verdict"),
                beside,
            ),
            Table(
                "Every search",
                ("m, d", "recipe", "criterion", "heads", "D_K: every seed (some)", "half of seeds",
                 "seeds"),
                heads,
            ),
            Table("One total key dimension by number of heads", SHARE_COLUMNS, _share_rows(result)),
        ],
        notes=(
            *NOTES,
            *(f"{name}: {RECIPES[name].about}." for name in RECIPES),
            *(
                f"At ({cell.name}) training takes {cell.stretch} times as many steps."
                for cell in result.plan.cells
                if cell.stretch > 1
            ),
        ),
        seed=result.seed,
        seconds=round(result.seconds, 3),
        device=result.device,
    )  # fmt: skip
