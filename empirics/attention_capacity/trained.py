"""Layers of attention trained side by side, decided exactly and kept in the run store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..run_plan import Planned, complete
from ..store import Run, RunStore
from ..training.attention_layers import AttentionLayers, AttentionRun
from ..training.program import FinishedRun, run_json
from ..training.trainer import train_runs
from .plan import Criterion

NAME = "attention-capacity"
#: Micro-F1 that counts as recognised.
TARGET = Fraction(99, 100)
#: Points of a loss curve that are kept.
CURVE = 20


@dataclass(frozen=True)
class Measured:
    """A trained layer, as the store holds it.

    Attributes:
        run: what was trained.
        wrong: pairs of items that are wrong, counted exactly; None for a run that diverged.
        micro_f1: of the reported pairs, from exact counts; None likewise.
        steps: taken.
        status: ``finished`` or ``diverged``.
    """

    run: AttentionRun
    wrong: int | None
    micro_f1: Fraction | None
    steps: int
    status: str

    def reaches(self, criterion: Criterion) -> bool:
        """Whether the layer counts as a success."""
        if criterion == "zero":
            return self.wrong == 0
        return self.micro_f1 is not None and self.micro_f1 >= TARGET


class TrainedLayers:
    """Trains what the store does not hold yet.

    Args:
        store: of the runs.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: processor threads.
    """

    def __init__(self, store: RunStore, device: str = "auto", threads: int = 1) -> None:
        self.store, self.device, self.threads = store, device, threads
        self.known: dict[str, Measured] = {}
        self.trained = 0

    def measure(self, runs: Sequence[AttentionRun]) -> list[Measured]:
        """The layers of these runs, in their order."""
        planned = [Planned(NAME, run_json(run), run.seed) for run in runs]
        by_key = dict(zip((one.key for one in planned), runs, strict=True))
        missing = [one for one in planned if one.key not in self.known]

        def do(some: Sequence[Planned]) -> Iterator[Run]:
            chosen = [by_key[one.key] for one in some]
            for finished in train_runs(
                AttentionLayers(), chosen, device=self.device, threads=self.threads
            ):
                self.trained += 1
                yield self._kept(finished)

        for run in complete(self.store, missing, do, together=max(len(missing), 1)):
            self.known[run.key] = _measured(by_key[run.key], run.result, run.status)
        return [self.known[one.key] for one in planned]

    def _kept(self, finished: FinishedRun) -> Run:
        """The run for the store; weights of layers without an error are kept beside it."""
        run: AttentionRun = finished.run
        verdict = finished.verdict
        every = max(1, -(-len(finished.curve) // CURVE))
        return Run(
            NAME,
            run_json(run),
            run.seed,
            status="diverged" if finished.stop == "diverged" else "finished",
            result=_numbers(finished),
            verdict=None if verdict is None else verdict.to_json(),
            curve=[*finished.curve[::every], *finished.curve[-1:]],
            device=finished.device,
            seconds=round(finished.seconds, 4),
            arrays=finished.parameters if finished.exact else None,
        )


def _numbers(finished: FinishedRun) -> dict[str, Any]:
    score = finished.score
    f1 = None if score is None else score.micro_f1
    return {
        "wrong_pairs": None if score is None else score.wrong,
        "micro_f1": None if f1 is None else float(f1),
        "micro_f1_exact": None if f1 is None else str(f1),
        "total_key_dim": finished.run.total_key_dim,
        "steps": finished.steps,
        "stop": finished.stop,
    }


def _measured(run: AttentionRun, result: Mapping[str, Any], status: str) -> Measured:
    f1 = result["micro_f1_exact"]
    exact = None if f1 is None else Fraction(f1)
    return Measured(run, result["wrong_pairs"], exact, result["steps"], status)
