"""Networks to read: trained on Boolean tasks until the exact engine finds no error, or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from ...verify.check import check
from ...verify.network import Network
from ...verify.specification import Specification
from ...verify.verdict import Verdict
from ..tasks import Clause, CnfTask, DnfTask
from ..training.boolean_task import BooleanTask, Sampling
from ..training.program import Arrays, FinishedRun, Layout, Start
from ..training.relu_networks import NetworkRun, ReluNetworks
from ..training.schedule import Schedule
from ..training.trainer import train_runs
from .pattern import pattern_task

#: Forms of task: BooleanTask knows the first two; the others are DNFs of a special shape.
FORMS = ("dnf", "cnf", "pattern", "atleast")
#: Rounds of counterexamples before a network is given up.
ROUNDS = 12
#: Seconds of an exact answer while training and for the count of errors at the end.
PATIENCE, COUNTING = 20.0, 10.0


@dataclass(frozen=True)
class Cell:
    """One kind of network.

    Attributes:
        form: of the task.
        inputs, clauses, arity, hidden: sizes. A pattern has ``arity`` bits and ``clauses`` is not
            used; ``atleast`` counts to ``arity`` among ``clauses`` literals.
        disjoint, mixed: of the clauses of a DNF or CNF.
        l1: weight of the absolute weights in the loss.
        rounds: of counterexamples before a network is given up.
    """

    form: str
    inputs: int
    clauses: int
    arity: int
    hidden: int
    disjoint: bool = True
    mixed: bool = False
    l1: float = 1e-3
    rounds: int = ROUNDS

    def formula_task(self, seed: int) -> DnfTask | None:
        """The clauses of a pattern or a count, drawn by the seed; None for DNF and CNF."""
        rng = np.random.default_rng([seed, 31])
        if self.form == "pattern":
            bits = rng.integers(0, 2, self.arity)
            return pattern_task(self.inputs, "".join(map(str, bits)))
        if self.form == "atleast":
            chosen = np.sort(rng.permutation(self.inputs)[: self.clauses])
            signs = rng.random(self.clauses) < 0.5 if self.mixed else np.ones(self.clauses, bool)
            literals = [(int(i), bool(s)) for i, s in zip(chosen, signs, strict=True)]
            clauses: tuple[Clause, ...] = tuple(combinations(literals, self.arity))
            return DnfTask(self.inputs, clauses, seed)
        return None

    def run(self, seed: int) -> NetworkRun:
        """The training run of a seed. Raises InputError for sizes that do not fit."""
        own = self.formula_task(seed)
        task: BooleanTask
        if own is not None:
            task = GivenTask("dnf", self.inputs, clauses=1, seed=seed, given=own.clauses)
        else:
            task = BooleanTask(
                self.form,
                self.inputs,
                clauses=self.clauses,
                arity=self.arity,
                disjoint=self.disjoint,
                mixed=self.mixed,
                seed=seed,
            )
        points = 1 << (14 if self.inputs <= 24 else 16)
        return NetworkRun(
            task,
            (self.hidden,),
            seed=seed,
            schedule=Schedule(1500, 0.02, l1=self.l1, patience=50),
            sampling=Sampling("near", points=points, rows=256),
            spread=0.5,
            positive_power=0.0,
            margin=0.95,
            rounds=self.rounds,
            repair=Schedule(400, 0.005, l1=self.l1, patience=50),
        )


@dataclass(frozen=True)
class GivenTask(BooleanTask):
    """A DNF whose clauses are given instead of drawn.

    Attributes:
        given: the clauses.
    """

    given: tuple[Clause, ...] = ()

    @cached_property
    def formula_task(self) -> DnfTask | CnfTask | None:
        """The clauses."""
        return DnfTask(self.inputs, self.given, self.seed)


class PatientNetworks(ReluNetworks):
    """Networks whose exact answers have a time limit; what is not decided ends its training.

    With ``shuffled`` the labels of the points are permuted: a network without anything to read.
    """

    def __init__(self, shuffled: bool = False) -> None:
        self.shuffled = shuffled

    def start(self, run: NetworkRun, layout: Layout) -> Start:
        """Weights and points of the run, labels permuted if asked for."""
        start = super().start(run, layout)
        if self.shuffled:
            rng = np.random.default_rng([run.seed, 32])
            signs = start.data["signs"]
            order = rng.permutation(signs.size)
            for name in ("signs", "weights"):
                flat = start.data[name].ravel()[order]
                start.data[name] = np.ascontiguousarray(flat.reshape(signs.shape))
        return start

    def revise(
        self, run: NetworkRun, parameters: Arrays, data: Arrays, rounds: int
    ) -> Arrays | None:
        """As without a limit, unless the exact engine takes too long, or labels mean nothing."""
        if self.shuffled:
            return None
        network = self.model(run, parameters)
        status = check(
            network, run.task.specification, engine="tree", timeout=PATIENCE, threads=1, dtypes=()
        ).status
        return super().revise(run, parameters, data, rounds) if status == "violated" else None

    def verdict(self, run: Any, model: Network) -> Verdict:
        """Decided; the wrong inputs are counted if that does not take long."""
        return decided(model, run.task.specification)


def decided(network: Network, specification: Specification) -> Verdict:
    """The verdict of the tree, with a count where there is time for it."""
    plain = check(network, specification, engine="tree", timeout=PATIENCE, threads=1, dtypes=())
    if plain.status != "violated":
        return plain
    return check(
        network, specification, engine="tree", count=True, timeout=COUNTING, threads=1, dtypes=()
    )


def train(
    cells: Sequence[tuple[Cell, int]], *, device: str = "cpu", shuffled: bool = False
) -> Iterator[tuple[int, FinishedRun]]:
    """Train one network a (cell, seed) side by side; yields the place in the list with each.

    Raises MissingExtraError when torch is not installed.
    """
    runs = [cell.run(seed) for cell, seed in cells]
    places = {id(run): place for place, run in enumerate(runs)}
    program = PatientNetworks(shuffled)
    for done in train_runs(program, runs, device=device):
        yield places[id(done.run)], done
