"""Files of ``fixed-parameter-expansion``: table, JSON, figure and finding."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...verify.verdict import package_version
from ..finding import Cell, Finding, Table, command_of
from .published import BY_CLAUSES, BY_NEURONS, CLAUSE, DENSE

if TYPE_CHECKING:
    from .sweep import SweepResult

NOTES = (
    "A reconstruction: input distribution, number of points, optimiser and schedule of "
    "arXiv 2510.04500 are not known to us, nor how biases count. They were chosen by the accuracy "
    "of dense networks alone and frozen before any expanded network was trained.",
    "Published numbers are read off figures, about one point either way, and are relative "
    "improvements of means; the number of seeds behind them is not known.",
    "Accuracy is of fresh points of the training distribution. Wrong inputs are counted exactly "
    "over all inputs, which is another distribution.",
)


def arms(result: SweepResult) -> Iterator[tuple[str, int]]:
    """(split, factor) of the expanded networks."""
    yield from sorted({(r["split"], r["factor"]) for r in result.runs if r["split"] != "dense"})


def improvements(result: SweepResult, cell: tuple[int, int], arm: tuple[str, int]) -> np.ndarray:
    """Relative improvement in per cent over the dense network of the same seed, (seeds,)."""
    return np.array(
        [
            100 * (run["accuracy"] / dense["accuracy"] - 1)
            for run, dense in _pairs(result, cell, arm)
        ]
    )


def _pairs(
    result: SweepResult, cell: tuple[int, int], arm: tuple[str, int]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    of = {
        (run["split"], run["factor"], run["seed"]): run
        for run in result.runs
        if (run["clauses"], run["neurons"]) == cell
    }
    for (split, factor, seed), run in of.items():
        if (split, factor) == arm:
            yield run, of["dense", 1, seed]


def published(cell: tuple[int, int], arm: tuple[str, int]) -> float | None:
    """The paper's improvement at a size, where it shows one."""
    clauses, neurons = cell
    if clauses == 8 and neurons in BY_NEURONS.get(arm, {}):
        return BY_NEURONS[arm][neurons]
    return BY_CLAUSES.get(arm, {}).get(clauses) if neurons == 8 else None


def explained(result: SweepResult, arm: tuple[str, int], what: str) -> float | None:
    """R^2 of the mean improvement by size on the mean ratio of a measure to the dense one."""
    ratios, gains = [], []
    for cell in result.plan.cells:
        pairs = list(_pairs(result, cell, arm))
        dense = float(np.mean([abs(d[what]) for _, d in pairs]))
        if dense > 0:
            ratios.append(float(np.mean([abs(r[what]) for r, _ in pairs])) / dense)
            gains.append(float(improvements(result, cell, arm).mean()))
    if len(gains) < 3 or np.std(ratios) == 0 or np.std(gains) == 0:
        return None
    return float(np.corrcoef(ratios, gains)[0, 1] ** 2)


def write_files(result: SweepResult, folder: Path) -> dict[str, Path]:
    """Write ``expansion.csv``, ``.json``, ``.svg``, ``.png`` and ``finding.json``."""
    from .sweep_figure import draw_sweep

    files = {"csv": folder / "expansion.csv", "json": folder / "expansion.json"}
    columns = list(result.runs[0])
    with files["csv"].open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(result.runs)
    data = {
        "experiment": "fixed-parameter-expansion",
        "seed": result.seed,
        "seconds": round(result.seconds, 3),
        "version": package_version(),
        "setting": asdict(result.setting),
        "gaps": result.gaps,
        "dense": {
            label: {f"{c} clauses, {n} neurons": mean for (c, n), mean in means.items()}
            for label, means in result.dense.items()
        },
        "runs": result.runs,
    }
    files["json"].write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    files["svg"], files["png"] = draw_sweep(result, folder / "expansion")
    files["finding"] = _write_finding(result, folder)
    return files


def _write_finding(result: SweepResult, folder: Path) -> Path:
    command = command_of("fixed-parameter-expansion", result.quick, result.seed)
    return Finding(
        name="fixed-parameter-expansion",
        title="More neurons with the same number of weights",
        summary=_summary(result),
        command=command,
        figures={
            "expansion.svg": "Relative improvement in accuracy over the dense network with as many "
            "nonzeros: lines and bars are means and standard errors over seeds, hollow "
            "marks the published numbers."
        },
        tables=tuple(_tables(result)),
        notes=NOTES,
        seed=result.seed,
        seconds=round(result.seconds, 3),
        device=result.device,
    ).write(folder)


def _summary(result: SweepResult) -> str:
    parts = []
    for arm in arms(result):
        gains = [float(improvements(result, cell, arm).mean()) for cell in result.plan.cells]
        known = [
            (float(improvements(result, cell, arm).mean()), value)
            for cell in result.plan.cells
            if (value := published(cell, arm)) is not None
        ]
        text = f"{arm[0]} split by {arm[1]}: {min(gains):+.0f} to {max(gains):+.0f} %"
        if known:
            off = float(np.mean([ours - theirs for ours, theirs in known]))
            text += f" (ours minus published {off:+.0f} points on average)"
        parts.append(text)
    budgets = all(run["nonzeros"] <= run["budget"] for run in result.runs)
    return (
        f"{len(result.runs)} networks, {result.plan.seeds} seeds a size. Settings chosen by dense "
        f"networks alone: {result.setting.label} (mean gap to the published dense accuracies "
        f"{result.gaps[result.setting.label]:.3f}). Relative improvement by size: "
        + "; ".join(parts)
        + ". "
        + ("No expanded network has more nonzeros than its dense one." if budgets else "")
    )


def _tables(result: SweepResult) -> Iterator[Table]:
    rows: list[Sequence[Cell]] = [["published", *DENSE.values(), 0.0, None]]
    for label, means in result.dense.items():
        accuracies = [means[cell] for cell in DENSE]
        rows.append([label, *accuracies, result.gaps[label], label == result.setting.label])
    yield Table(
        "Dense networks by setting: mean accuracies beside the published ones",
        ("setting", *(f"{c} clauses, {n} neurons" for c, n in DENSE), "mean gap", "chosen"),
        rows,
    )
    yield Table(
        "Relative improvement, per cent",
        (
            *("clauses", "neurons", "dense accuracy", "split", "factor"),
            *("improvement", "standard error", "published", "wrong inputs, dense / split"),
        ),
        [row for cell in result.plan.cells for row in _rows(result, cell)],
    )
    yield Table(
        "How much of the improvement interference explains (R^2 over sizes)",
        ("split", "factor", "feature capacity", "absolute cosine", "cosine of strangers"),
        [
            [
                *arm,
                *(
                    explained(result, arm, what)
                    for what in ("capacity", "absolute_cosine", "stranger_cosine")
                ),
            ]
            for arm in arms(result)
        ],
    )


def _rows(result: SweepResult, cell: tuple[int, int]) -> Iterator[Sequence[Any]]:
    dense = [r for r in result.runs if (r["clauses"], r["neurons"]) == cell]
    before = float(np.mean([r["accuracy"] for r in dense if r["split"] == "dense"]))
    for arm in arms(result):
        gains = improvements(result, cell, arm)
        error = float(gains.std(ddof=1) / len(gains) ** 0.5) if len(gains) > 1 else None
        counted = [
            (d["wrong"], r["wrong"])
            for r, d in _pairs(result, cell, arm)
            if d["wrong"] is not None and r["wrong"] is not None
        ]
        wrong = None
        if counted:
            share = [float(np.median([c[side] for c in counted])) for side in (0, 1)]
            total = 2 ** (CLAUSE * cell[0])
            wrong = (
                f"{share[0] / total:.4f} / {share[1] / total:.4f} of all, {len(counted)} counted"
            )
        yield [*cell, before, *arm, float(gains.mean()), error, published(cell, arm), wrong]
