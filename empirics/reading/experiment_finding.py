"""What the reading experiment found, as sentences, tables and a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..finding import Finding, Table, command_of
from .plan import NAME
from .stacked_finding import stacked_sentences, stacked_table
from .summary import (
    Capacities,
    Tally,
    by_form,
    capacities,
    chance_rows,
    decoder_rows,
    diagram_row,
    form_of,
    learner_rows,
    share,
    tally,
)

if TYPE_CHECKING:
    from .experiment import ReadingResult

#: Columns of the CSV file that come from a run's result.
COLUMNS = (
    "exact", "wrong", "rounds", "kind", "proved", "certified", "static_right", "same_clauses",
    "clauses", "verify_calls", "nodes", "seconds", "certificate_seconds", "why",
)  # fmt: skip


def write_table(result: ReadingResult, path: Path) -> Path:
    """One line for each network that was read."""
    sizes = ("inputs", "clauses", "arity", "hidden", "l1")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["form", *(f"task_{name}" for name in sizes), "seed", *COLUMNS])
        for run in result.part("read"):
            task = [run.configuration[name] for name in sizes]
            found = [run.result.get(name) for name in COLUMNS]
            writer.writerow([form_of(run), *task, run.seed, *found])
    return path


def sentences(result: ReadingResult) -> list[str]:
    """What came out, one fact a sentence."""
    whole = tally(result.part("read"))
    calls = np.array(whole.questions or (0,))
    said = [
        f"{share(whole.exact, whole.trained)} trained networks computed their task without any "
        "error.",
        f"Of the exact ones {share(whole.proved, whole.exact)} got a formula that the exact "
        f"engine proved on every input, and {share(whole.certified, whole.exact)} a certificate "
        "that the independent checker accepted.",
        f"That took {calls.mean():.2f} exact questions on average, at most {calls.max()}.",
        f"The decode from weights alone, shortened on samples, was the formula already for "
        f"{share(whole.static, whole.exact)}.",
    ]
    if whole.trained > whole.exact:
        errors = share(whole.described, whole.trained - whole.exact)
        said.append(f"{errors} networks with errors are known exactly all the same.")
    said += stacked_sentences(result)
    found = capacities(result.part("capacity"))
    if found.regression is not None:
        parts = ", ".join(
            f"{c.name} {c.value:+.2f} [{c.low:+.2f}, {c.high:+.2f}]"
            for c in found.regression.coefficients
        )
        said.append(
            f"Log odds of a clause being read right, over {found.regression.clauses} clauses of "
            f"{found.regression.networks} networks: {parts}; R^2 {found.regression.r_squared:.2f}."
        )
    else:
        said.append("Too few networks with codes for the regression of errors.")
    if found.laws:
        said.append(f"Capacities fit {found.laws[0].name} best of three laws by AIC.")
    return said


def write_finding(result: ReadingResult, out: Path, quick: bool) -> Path:
    """Write ``finding.json``."""
    read = result.part("read")
    found = capacities(result.part("capacity"))
    tables = [
        Table(
            "Networks read, by task",
            ["task", "trained", "exact", "proved", "certified", "decode alone right",
             "exact questions, mean", "errors known exactly"],
            [_tally_row(form, one) for form, one in by_form(read).items()],
        ),
        *stacked_table(result),
        Table(
            "Static decoders alone, on exact networks",
            ["decoder", "right formula", "of", "recall", "precision"],
            decoder_rows(read),
        ),
        Table(
            "Ways to a proved formula, on the same exact networks",
            ["way", "proved", "of", "exact questions, mean", "most", "cube questions, mean",
             "nodes, median", "seconds, median"],
            learner_rows(read),
        ),
        Table(
            "Compiling into an ordered decision diagram (dd), exact DNF networks up to 24 inputs",
            ["tried", "finished", "equal to the task", "nodes, median",
             "partial inputs, median", "seconds, median"],
            [diagram_row(read)],
        ),
        Table(
            "Decoding layers with and without structure, family-wise error 0.05 by shuffled "
            "weights",
            ["layer", "decoder", "layers", "clauses, mean", "layers with a significant clause",
             "significant clauses, mean"],
            chance_rows(result.part("chance")),
        ),
        *_capacity_tables(found),
    ]  # fmt: skip
    finding = Finding(
        NAME,
        "Reading trained networks with proof",
        " ".join(sentences(result)),
        command_of(NAME, quick, result.seed),
        {
            "questions.svg": "Exact questions until a formula is proved.",
            "capacity.svg": "Exact errors by number of clauses, and capacity by parameters.",
        },
        tables,
        notes(result),
        seed=result.seed,
        seconds=result.seconds,
        device=result.device,
    )
    return finding.write(out)


def notes(result: ReadingResult) -> list[str]:
    """What a reader should know."""
    return [
        "A reconstruction: definitions, tasks and training of arXiv 2504.08842 are not known in "
        "full; codes and decoders follow docs/reading.md.",
        "A formula is scored by equivalence, which the exact engine decides, never by its text; "
        "recall and precision of static decoders compare clauses literal by literal.",
        "Networks were trained with rounds of counterexamples of the exact engine, so that exact "
        "ones are selected; those that stayed wrong are in the denominators and described.",
        "A question is one call of the exact engine about a formula. The certificate is built "
        "from the last answer; its time is in the CSV file.",
        "Blocks of a stack are trained one by one and joined by steps; in a network trained end to "
        "end the hidden units are not Boolean, and it is read through.",
        "The regression leaves out clauses without a code, which are many, and is unstable in "
        "small runs: the quick one has a handful of networks.",
        "A certificate is written in Python within "
        f"{result.plan.timeout:g} s and fails where the proof tree is large; that says nothing "
        "against the proof.",
    ]


def _tally_row(form: str, one: Tally) -> list[Any]:
    calls = round(float(np.mean(one.questions)), 3) if one.questions else None
    return [
        form, one.trained, one.exact, one.proved, one.certified, one.static, calls, one.described,
    ]  # fmt: skip


def _capacity_tables(found: Capacities) -> list[Table]:
    rows: list[list[Any]]
    tables = [
        Table(
            "Exact error by size: mean of misses and false positives, 16 inputs, 4 literals",
            ["neurons", "clauses", "seeds", "median error", "least", "largest"],
            [
                [n, m, len(e), round(float(np.median(e)), 5), round(min(e), 5), round(max(e), 5)]
                for (n, m), e in found.errors.items()
            ],
        ),
        Table(
            "Largest number of clauses with a median error up to 5 %",
            ["neurons", "parameters", "clauses", "the largest tried"],
            [[n, p, c, n in found.at_top] for n, p, c in found.points],
        ),
        Table(
            "Laws for these below the largest tried, by AIC",
            ["law", "fitted", "AIC"],
            [
                [law.name, ", ".join(f"{v:.4g}" for v in law.parameters), round(law.aic, 3)]
                for law in found.laws
            ],
        ),
        Table(
            "Mean overlap of the codes of two clauses",
            ["measured", "random codes of the same sizes"],
            [[round(value, 4) for value in found.overlap]],
        ),
    ]
    if found.regression is not None:
        rows = [
            [c.name, round(c.value, 4), round(c.low, 4), round(c.high, 4)]
            for c in found.regression.coefficients
        ]
        tables.append(
            Table("Log odds that a clause is read right, 95 % intervals, networks as clusters",
                  ["column", "coefficient", "from", "to"], rows)
        )  # fmt: skip
    return tables
