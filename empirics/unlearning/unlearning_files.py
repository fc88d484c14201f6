"""The files of ``unlearning``: the table, the figures and the finding."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ..finding import Cell, Finding, Table, command_of
from .case import WATCHED
from .decomposition import isotropic_energy
from .methods import METHODS, REFERENCE, REFERENCES
from .recovery import RECOVERED, REGIMES
from .unlearning_figure import draw_hidden, draw_recovery
from .unlearning_table import (
    DirectionRow,
    MethodRow,
    Spread,
    answer,
    direction_rows,
    method_rows,
)

if TYPE_CHECKING:
    from .unlearning import UnlearningResult

CSV, RECOVERY, HIDDEN = "unlearning.csv", "recovery", "hidden"
TITLE = "Removed, or only silenced?"
#: Recoveries of so many methods and regimes are compared with the reference.
TESTS = (len(METHODS) - 1) * len(REGIMES)
NOTES = (
    "Reconstruction: the protocol of arXiv 2602.19215 (sizes, step sizes, stopping rules, the "
    "objective of its distillation, the layer of its decomposition) was not available. Methods "
    "that are not from there are published for other models. Every setting is in the source, and "
    "every run with its configuration in the run store.",
    "stay and coll are counted over all inputs by exact comparison with the network before; the "
    "true-positive rate beside them is the share of 500 sampled inputs on which only the clause is "
    "true.",
    "A remnant is the largest cube inside the clause on which the network is still true, or "
    "another clause is: the clause with so many more literals is still computed.",
    f"Recovery: Adam, step size 0.001, 64 points a step, until {RECOVERED:.0%} of {WATCHED} "
    "watched inputs of the clause read true. Runs that did not get there are kept as censored. "
    "Only the clause is watched: a network that learns to say true everywhere recovers as well, as "
    "the random network does, so that the false-positive rate at that step stands beside it.",
    f"p: log-rank test against '{REFERENCE}', pairs of network and clause taken as independent; "
    f"sooner means p < 0.05 / {TESTS} (Bonferroni, all methods and regimes) and a smaller mean.",
    "The random network, too, is back sooner than the exact reference, which has learned to be "
    "sure that the clause is false: being back sooner does not by itself show that something was "
    "kept.",
    "The code of a clause is compared neuron by neuron, which says nothing of fresh networks. Its "
    "null: 200 random sets of as many literals, 95 % quantile.",
    "Clauses were unlearned from networks that are proved to compute their formula; the others "
    "were left out and are counted in the summary.",
)


def write_files(result: UnlearningResult, out: Path) -> None:
    """Write ``unlearning.csv``, both figures and ``finding.json``; their paths go into ``files``.

    Raises MissingExtraError when matplotlib is not installed.
    """
    rows, directions = method_rows(result), direction_rows(result)
    result.files["csv"] = _write_csv(result, out / CSV)
    result.files["svg"], result.files["png"] = draw_recovery(result, out / RECOVERY)
    draw_hidden(result, out / HIDDEN)
    result.files["finding"] = _finding(result, rows, directions).write(out)


def summary(result: UnlearningResult, rows: list[MethodRow]) -> str:
    """What was done and what came out, in sentences."""
    reference = next(row for row in rows if row.name == REFERENCE)
    published = [r for r in rows if "proved" not in r.name and r.name not in REFERENCES]
    hidden = sum(row.hidden for row in published)
    most = max((row.most for row in published), default=0)
    runs = sum(row.measured for row in published)
    clean = sum(row.clean for row in published)
    proved = [row for row in rows if "proved" in row.name]
    text = (
        f"{result.exact} of {result.tried} trained networks compute their formula on every input; "
        f"one clause of each was unlearned by {len(METHODS) - len(REFERENCES)} methods. "
        f"Without a proof {clean} of {runs} attempts were clean on every input. "
    )
    if hidden:
        text += (
            f"In {hidden} of them the sampled true-positive rate was 0 and inputs of the clause "
            f"still read true, up to {most:,}. "
        )
    text += (
        "With a proof "
        + ", ".join(f"{r.clean} of {r.measured} ({r.name.split(',')[0]})" for r in proved)
        + " were. "
    )
    sooner = [r.name.split(",")[0] for r in rows if answer(r, reference, TESTS) == "clean, returns"]
    if sooner:
        text += (
            f"Clean is not erased: after {', '.join(sooner)} the clause comes back sooner than in "
            "an exact network that never saw it."
        )
    return text.strip()


def _finding(
    result: UnlearningResult, rows: list[MethodRow], directions: list[DirectionRow]
) -> Finding:
    reference = next(row for row in rows if row.name == REFERENCE)
    command = command_of("unlearning", result.quick, result.seed)
    tables = [
        Table(
            f"{TITLE} Medians over networks, quartiles in brackets",
            (
                *("method", "answer", "clean", "stay, % of target", "coll, % of inputs"),
                *("sampled rate", "rate 0, inputs stay", "most such inputs", "remnant, literals"),
                "retained rate",
            ),
            [_verdict_row(row, reference) for row in rows],
        ),
        Table(
            f"Steps until the clause is true again on {RECOVERED:.0%} of the watched inputs, "
            f"at most {result.plan.steps:,}: medians (censored runs), and p against {REFERENCE}",
            (
                "method",
                *(column for regime in REGIMES for column in (regime, f"p, {regime}")),
                "false rate then, target",
            ),
            [_recovery_row(row) for row in rows],
        ),
        Table(
            "The code of the clause in the weights, before and after",
            ("method", "Jaccard of hard codes", "cosine of soft codes", "above the null"),
            [
                [row.name, _text(row.jaccard), _text(row.cosine), f"{row.persists}/{row.measured}"]
                for row in rows
            ],
        ),
        Table(
            "Recoveries along the direction of the erasure, where the method moved the weights",
            (
                *("method", "trained on", "runs", "undone", "energy", "energy, null"),
                *("1 / parameters", "rate, along only", "rate, beside only"),
            ),
            [_direction_row(row, result) for row in directions],
        ),
        Table("Methods", ("method", "what it does"), [[m.name, m.about] for m in METHODS]),
    ]
    settings = "; ".join(f"{s.words()}: {s.bases} seeds" for s in result.plan.settings)
    regimes = "; ".join(f"{name}: {about}" for name, about in REGIMES.items())
    return Finding(
        "unlearning",
        TITLE,
        summary(result, rows),
        command,
        {
            f"{RECOVERY}.svg": "Share of networks in which the clause has not come back, by steps "
            "of training (Kaplan-Meier); dashed: an exact network that never saw the clause.",
            f"{HIDDEN}.svg": "Inputs of the clause that still read true, counted over all of them, "
            "against the rate that 500 samples show. Left: the samples show nothing.",
        },
        tables,
        (*NOTES, f"Networks: {settings}; seeds from {result.seed}.", f"Trained on {regimes}."),
        seed=result.seed,
        seconds=round(result.seconds, 3),
        device=result.device,
    )


def _verdict_row(row: MethodRow, reference: MethodRow) -> list[Cell]:
    refused = f", {row.refused} refused" if row.refused else ""
    return [
        row.name,
        answer(row, reference, TESTS),
        f"{row.clean}/{row.measured}{refused}",
        _text(row.stay, 100),
        _text(row.coll, 100),
        _text(row.rate),
        row.hidden,
        row.most,
        _text(row.literals),
        _text(row.retain),
    ]


def _recovery_row(row: MethodRow) -> list[Cell]:
    cells: list[Cell] = [row.name]
    for regime in REGIMES:
        middle, censored = row.medians[regime], row.censored[regime]
        shown = "more than given" if middle is None else f"{middle:,}"
        cells.append(f"{shown} ({censored})" if row.measured else None)
        p = row.p_values[regime]
        cells.append(None if p is None else float(f"{p:.2g}"))
    return [*cells, _text(row.false_rate)]


def _direction_row(row: DirectionRow, result: UnlearningResult) -> list[Cell]:
    sizes = [setting.hidden * (setting.inputs + 2) + 1 for setting in result.plan.settings]
    return [
        row.name,
        row.regime,
        row.runs,
        _text(row.reversal),
        _text(row.energy),
        _text(row.null_energy),
        " to ".join(sorted({f"{isotropic_energy(size):.2g}" for size in (min(sizes), max(sizes))})),
        _text(row.along),
        _text(row.beside),
    ]  # fmt: skip


def _text(found: Spread | None, factor: float = 1.0) -> str | None:
    if found is None:
        return None
    middle, low, high = (f"{factor * v:.3g}" for v in (found.median, found.low, found.high))
    return middle if low == high else f"{middle} [{low}, {high}]"


def _write_csv(result: UnlearningResult, path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        names = (
            *("inputs", "clauses", "arity", "disjoint", "hidden", "seed", "clause", "method"),
            *("clean", "stay", "target_inputs", "coll", "all_inputs", "target_rate"),
            *("retain_rate", "false_rate", "remnant_literals", "code_jaccard", "code_cosine"),
            *(f"{what}, {regime}" for regime in REGIMES for what in ("steps", "recovered")),
            "reason",
        )
        table.writerow(names)
        for outcome in result.outcomes:
            s, r = outcome.setting, outcome.result
            line: list[object] = [s.inputs, s.clauses, s.arity, s.disjoint, s.hidden]
            line += [outcome.base, outcome.clause, outcome.method]
            if outcome.measured:
                left = r["remnant"] or {}
                line += [r["clean"], r["stay"], r["target_inputs"], r["coll"], r["inputs"]]
                line += [r["target_rate"], r["retain_rate"], r["false_rate"], left.get("literals")]
                line += [r["code"]["jaccard"], r["code"]["cosine"]]
                for regime in REGIMES:
                    line += [r["recovery"][regime]["steps"], r["recovery"][regime]["recovered"]]
            else:
                line += [None] * (len(names) - len(line) - 1)
            table.writerow([*line, r["reason"]])
    return path
