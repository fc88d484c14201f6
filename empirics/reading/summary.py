"""Numbers of the reading experiment: shares with their denominators, questions, error rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..store import Run
from .capacity_law import Law, Regression, capacity, laws, regression
from .decoders import DECODERS

Result = dict[str, Any]


def share(part: int, whole: int) -> str:
    """``12 of 13 (92.3 %)``; ``0 of 0`` where there is nothing."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "0 of 0"


def form_of(run: Run) -> str:
    """The kind of network that a run is about, without its sizes."""
    c = run.configuration
    if c["form"] not in ("dnf", "cnf"):
        return str(c["form"])
    signs = "mixed" if c["mixed"] else "positive"
    return f"{c['form']}, {'disjoint' if c['disjoint'] else 'overlapping'}, {signs}"


@dataclass(frozen=True)
class Tally:
    """Networks that were read.

    Attributes:
        trained: all, finished or not.
        exact: proved to compute their task.
        proved: of the exact ones, those with a proved formula.
        certified: of these, those with an accepted certificate.
        static: of the exact ones read as clauses, those where the decode alone was right.
        questions: exact questions of every exact network with a proved formula.
        described: networks with errors whose errors are known exactly.
    """

    trained: int
    exact: int
    proved: int
    certified: int
    static: int
    questions: tuple[int, ...]
    described: int


def tally(runs: Sequence[Run]) -> Tally:
    """Counts over runs of the part ``read``."""
    exact = [run.result for run in runs if run.result["exact"]]
    others = [run.result for run in runs if not run.result["exact"] and "proved" in run.result]
    proved = [r for r in exact if r["proved"]]
    return Tally(
        len(runs),
        len(exact),
        len(proved),
        sum(bool(r["certified"]) for r in proved),
        sum(bool(r["static_right"]) for r in exact),
        tuple(int(r["verify_calls"]) for r in proved),
        sum(bool(r["proved"]) for r in others),
    )


def by_form(runs: Sequence[Run]) -> dict[str, Tally]:
    """The same by kind of network."""
    forms = list(dict.fromkeys(form_of(run) for run in runs))
    return {form: tally([run for run in runs if form_of(run) == form]) for form in forms}


def decoder_rows(runs: Sequence[Run]) -> list[list[Any]]:
    """Exact formulas, recall and precision of every static decoder on exact networks.

    Precision is the mean over networks where the decoder returned anything.
    """
    exact = [run.result["decoders"] for run in runs if run.result["exact"]]
    rows: list[list[Any]] = []
    for name in DECODERS:
        mine = [found[name] for found in exact]
        precise = [m["precision"] for m in mine if m["precision"] is not None]
        rows.append(
            [
                name,
                sum(bool(m["equivalent"]) for m in mine),
                len(mine),
                _mean([m["recall"] for m in mine]),
                _mean(precise),
            ]
        )
    return rows


def learner_rows(runs: Sequence[Run]) -> list[list[Any]]:
    """What other ways to a proved formula need on the same exact networks."""
    mine = [run.result for run in runs if run.result["exact"] and "learners" in run.result]
    names = {
        "queries": "membership and equivalence queries, points",
        "leaves": "leaf cubes, sampled shortening, no decode",
        "decode": "decode and leaf cubes, no search on samples",
    }
    rows: list[list[Any]] = []
    for key, text in names.items():
        rows.append(_learner(text, [r["learners"][key] for r in mine]))
    whole = [
        {"proved": r["proved"], "verify_calls": r["verify_calls"], "cube_calls": 0,
         "nodes": r["nodes"], "seconds": r["seconds"]}
        for r in mine
    ]  # fmt: skip
    rows.append(_learner("decode, search on samples, leaf cubes (read)", whole))
    return rows


def diagram_row(runs: Sequence[Run]) -> list[Any]:
    """Networks compiled into diagrams: tried, finished, nodes, partial inputs, seconds."""
    found = [run.result.get("diagram") for run in runs if run.result["exact"]]
    tried = [one for one in found if one is not None]
    done = [one for one in tried if one["nodes"] is not None]
    return [
        len(tried),
        len(done),
        sum(bool(one["as_formula"]) for one in done),
        _median([one["nodes"] for one in done]),
        _median([one["visited"] for one in tried]),
        _median([one["seconds"] for one in tried]),
    ]


def chance_rows(runs: Sequence[Run]) -> list[list[Any]]:
    """How often decoders return clauses, and significant ones, on layers of every kind."""
    layers = [run.result["layers"] for run in runs if "layers" in run.result]
    kinds = list(dict.fromkeys(kind for found in layers for kind in found))
    rows: list[list[Any]] = []
    for kind in kinds:
        for name in next(iter(layers[0].values())):
            mine = [found[kind][name] for found in layers if kind in found]
            rows.append(
                [
                    kind,
                    name,
                    len(mine),
                    _mean([m["found"] for m in mine]),
                    sum(m["significant"] > 0 for m in mine),
                    _mean([m["significant"] for m in mine]),
                ]
            )
    return rows


@dataclass(frozen=True)
class Capacities:
    """Measured capacities and what explains the errors.

    Attributes:
        errors: exact errors of the seeds by (neurons, clauses).
        points: (neurons, parameters, capacity).
        at_top: neurons whose capacity is the largest number of clauses that was tried.
        laws: fitted to the capacities below the top.
        regression: of per-clause true-positive rates.
        overlap: measured mean overlap of two codes, and that of random codes of the same sizes.
    """

    errors: dict[tuple[int, int], tuple[float, ...]]
    points: tuple[tuple[int, int, int], ...]
    at_top: tuple[int, ...]
    laws: tuple[Law, ...]
    regression: Regression | None
    overlap: tuple[float, float]


def capacities(runs: Sequence[Run]) -> Capacities:
    """From runs of the part ``capacity``."""
    errors: dict[tuple[int, int], list[float]] = {}
    parameters: dict[int, int] = {}
    kept = [run for run in runs if "error" in run.result]
    for run in kept:
        c = run.configuration
        errors.setdefault((c["hidden"], c["clauses"]), []).append(run.result["error"])
        parameters[c["hidden"]] = run.result["parameters"]
    points, at_top = [], []
    for neurons in sorted(parameters):
        mine = {m: found for (n, m), found in errors.items() if n == neurons}
        best = capacity(mine)
        points.append((neurons, parameters[neurons], best))
        if best == max(mine):
            at_top.append(neurons)
    below = [point for point in points if point[0] not in at_top]
    several = [run.result for run in kept if len(run.result["clauses"]) > 1]
    return Capacities(
        {key: tuple(found) for key, found in sorted(errors.items())},
        tuple(points),
        tuple(at_top),
        laws(below),
        regression([run.result["clauses"] for run in kept]),
        (
            _mean([r["mean_overlap"] for r in several]) or 0.0,
            _mean([r["random_overlap"] for r in several]) or 0.0,
        ),
    )


def _learner(text: str, mine: Sequence[Result]) -> list[Any]:
    return [
        text,
        sum(bool(m["proved"]) for m in mine),
        len(mine),
        _mean([m["verify_calls"] for m in mine]),
        max((m["verify_calls"] for m in mine), default=None),
        _mean([m["cube_calls"] for m in mine]),
        _median([m["nodes"] for m in mine]),
        _median([m["seconds"] for m in mine]),
    ]


def _mean(values: Sequence[float]) -> float | None:
    return _of(np.mean, values)


def _median(values: Sequence[float]) -> float | None:
    return _of(np.median, values)


def _of(function: Callable[[Any], Any], values: Sequence[float]) -> float | None:
    return round(float(function(values)), 4) if len(values) else None
