"""The files of ``unlearning``: the table, the figures and the finding."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ..finding import Cell, Finding, Table, command_of
from .case import HELD, WATCHED
from .decomposition import isotropic_energy
from .methods import METHODS, REFERENCE, REFERENCES
from .persistence import KEPT, NULL, RATE
from .recovery import PLAIN_RATE, PLAIN_REGIMES, RECOVERED, REGIMES
from .unlearning_figure import draw_hidden, draw_recovery
from .unlearning_table import (
    RETAINED,
    DirectionRow,
    MethodRow,
    Spread,
    answer,
    direction_rows,
    least_p,
    method_rows,
    rank_correlation,
)

if TYPE_CHECKING:
    from .unlearning import UnlearningResult

CSV, RECOVERY, HIDDEN = "unlearning.csv", "recovery", "hidden"
#: Of more than one number, in which a direction says something.
TENSORS = ("0.weight", "0.bias", "1.weight")
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
    f"One in {HELD} inputs of the clause, by chance, is held back, and the watched inputs are of "
    "these: no training looks at them but that which must end exact, though stopping rules do. "
    "A method silences where at most 5 % of the watched inputs stay true on more than half of the "
    "networks; the sampled rate beside it is over all inputs of the clause.",
    f"Check of Adam: the same recoveries by plain gradient descent at rate {PLAIN_RATE}, chosen on "
    "other networks as the one of 0.001, 0.003, 0.01, 0.03 and 0.1 whose median recovery on the "
    "target, after training from scratch, is closest in ratio to Adam's.",
    "The code of a clause is compared neuron by neuron on the neurons of the given network, which "
    f"says nothing of fresh networks. Its null: {NULL} random sets of as many literals with the "
    "same signs, 95 % quantile; beside it the largest overlap with the code of another clause. "
    f"Inhibited: Jaccard above {KEPT} and a sampled rate below {RATE}; removed: Jaccard within the "
    "null; counted where the hard code before was not empty, since it is undefined otherwise. A "
    "hard code asks for every literal, so that cutting one off empties it.",
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
            "an exact network that never saw it. "
        )
    least = least_p(max(row.measured for row in rows), reference.measured)
    if least is None or least >= 0.05 / TESTS:
        text += (
            f"With {reference.measured} networks no recovery can be shown to be sooner than the "
            "reference's."
        )
    return text.strip()


def plain_order(rows: list[MethodRow]) -> str:
    """Whether plain descent orders the methods as Adam does, in a sentence."""
    found = []
    for regime in PLAIN_REGIMES:
        value, number = rank_correlation(rows, regime)
        found.append(f"{'undefined' if value is None else f'{value:.2f}'} trained on {regime}")
    return (
        f"Rank correlation of the medians of {number} methods and references, Adam against plain "
        f"descent: {', '.join(found)}."
    )


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
                *("retained rate", f"retained below {RETAINED}"),
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
            f"The same by plain gradient descent at rate {PLAIN_RATE}, beside Adam: medians "
            f"(censored runs). {plain_order(rows)}",
            (
                "method",
                *(
                    f"{regime}, {way}"
                    for regime in PLAIN_REGIMES
                    for way in ("Adam", "plain descent")
                ),
            ),
            [_plain_row(row) for row in rows],
        ),
        Table(
            "The code of the clause in the weights, before and after; hard codes where there was "
            "one before, lengths of changes in lengths of what was there",
            (
                *("method", "cosine of soft codes", "above the null", "had a hard code"),
                *("Jaccard of hard codes", "null: random", "null: other clauses"),
                *("inhibited", "removed", "output on the clause, of before"),
                *("change of b1, code", "change of w2, code"),
            ),
            [_code_row(row) for row in rows],
        ),
        Table(
            "Recoveries along the direction of the erasure, where the method moved the weights",
            (
                *("method", "trained on", "runs", "undone", "energy", "energy, null"),
                *("1 / parameters", "rate, along only", "rate, beside only"),
            ),
            [_direction_row(row, result) for row in directions],
        ),
        Table(
            "The same energy by tensor, and by rows: the neurons in the hard code before against "
            "all others, where there was one; shares of squared length in the rows of the code",
            (
                *("method", "trained on", "runs", *TENSORS, "runs with a code"),
                *("energy, code", "energy, code, null", "energy, others", "energy, others, null"),
                *("recovery in code", "erasure in code", "weights in code"),
            ),
            [_block_row(row) for row in directions],
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
        row.spoilt,
    ]


def _recovery_row(row: MethodRow) -> list[Cell]:
    cells: list[Cell] = [row.name]
    for regime in REGIMES:
        middle, censored = row.medians[regime], row.censored[regime]
        cells.append(_steps(middle, censored) if row.measured else None)
        p = row.p_values[regime]
        cells.append(None if p is None else float(f"{p:.2g}"))
    return [*cells, _text(row.false_rate)]


def _plain_row(row: MethodRow) -> list[Cell]:
    cells: list[Cell] = [row.name]
    for regime in PLAIN_REGIMES:
        for middles, censored in (
            (row.medians, row.censored),
            (row.plain_medians, row.plain_censored),
        ):
            cells.append(_steps(middles[regime], censored[regime]) if row.measured else None)
    return cells


def _steps(middle: int | None, censored: int) -> str:
    return f"{'more than given' if middle is None else f'{middle:,}'} ({censored})"


def _code_row(row: MethodRow) -> list[Cell]:
    return [
        *(row.name, _text(row.cosine), f"{row.persists}/{row.measured}"),
        *(f"{row.coded}/{row.measured}", _text(row.jaccard)),
        *(_text(row.null_jaccard), _text(row.other_jaccard)),
        *(f"{count}/{row.coded}" for count in (row.inhibited, row.removed)),
        *(_text(found) for found in (row.margin, row.bias_change, row.read_change)),
    ]


def _block_row(row: DirectionRow) -> list[Cell]:
    shares = [row.blocks["code", name] for name in ("recovery", "erasure", "weights")]
    energies = [
        found
        for place in ("code", "others")
        for found in (row.blocks[place, "energy"], row.null_blocks[place])
    ]
    tensors = [f"{row.tensors[name]:.3g}" if name in row.tensors else None for name in TENSORS]
    return [row.name, row.regime, row.runs, *tensors, row.coded, *map(_text, energies + shares)]


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
            *(f"plain {r} {what}" for r in PLAIN_REGIMES for what in ("steps", "recovered")),
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
                for regime in PLAIN_REGIMES:
                    line += [r["plain"][regime]["steps"], r["plain"][regime]["recovered"]]
            else:
                line += [None] * (len(names) - len(line) - 1)
            table.writerow([*line, r["reason"]])
    return path
