"""One question of the experiment: a network that computes its formula, and a clause to unlearn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from ...constructions.editing.target import Target
from ...verify.network import Network
from ..tasks import Clause, CnfTask, DnfTask
from ..training.boolean_task import BooleanTask, Sampling
from ..training.relu_networks import NetworkRun
from ..training.schedule import Schedule
from .samples import Samples
from .weights import Weights, network_of

#: Inputs drawn for training: of the target, of each other group; and for measuring.
DRAWN, MEASURED, WATCHED = 512, 500, 128
#: One in so many inputs of the target, by chance, may be watched; the others are trained on.
HELD = 4


@dataclass(frozen=True)
class TaskWithout(BooleanTask):
    """A DNF task that has lost a clause.

    Attributes:
        without: number of the clause.
    """

    without: int = 0

    @cached_property
    def formula_task(self) -> DnfTask | CnfTask | None:
        """The clauses that are left."""
        whole = cast(Any, BooleanTask.formula_task).func(self)
        kept = tuple(c for n, c in enumerate(whole.clauses) if n != self.without)
        left: DnfTask = replace(whole, clauses=kept)
        return left


def base_run(task: BooleanTask, hidden: int, seed: int) -> NetworkRun:
    """The recipe by which a task is learned until no input of the domain is wrong."""
    return NetworkRun(
        task,
        (hidden,),
        seed=seed,
        schedule=Schedule(800, 0.03),
        sampling=Sampling("near", 4096, 512),
        rounds=15,
        repair=Schedule(300, 0.01),
    )


@dataclass(frozen=True, eq=False)
class Case:
    """A network that is proved to compute a DNF, and the clause to unlearn.

    Attributes:
        task: the DNF.
        hidden: neurons.
        clause: number of the clause.
        seed: of all samples.
        weights: of the network, ``0.weight`` (out, in), ``0.bias`` (out,), ...
    """

    task: BooleanTask
    hidden: int
    clause: int
    seed: int
    weights: Weights

    @cached_property
    def target(self) -> Target:
        """The clause as edits and verdicts take it."""
        return Target.parse(f"y0:{self.clause}", self.task.specification)

    @cached_property
    def network(self) -> Network:
        """The network, taken exactly."""
        return network_of(self.weights)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses of the task."""
        found = self.task.formula_task
        assert found is not None
        return found.clauses

    @cached_property
    def samples(self) -> Samples:
        """The source of inputs."""
        return Samples(self.target)

    def random(self, purpose: int) -> np.random.Generator:
        """A source of randomness for one purpose."""
        return np.random.default_rng([self.seed, 40, purpose])

    @cached_property
    def _weighed(self) -> np.ndarray:
        return self.random(9).integers(0, 1 << 64, self.task.inputs, dtype=np.uint64)

    def held(self, points: np.ndarray) -> np.ndarray:
        """Which inputs are kept for watching, Booleans (points,)."""
        # sums of random numbers modulo 2^64: as good as chance, and alike for equal inputs
        sums = points.astype(np.uint64) @ self._weighed
        chosen: np.ndarray = sums < np.uint64((1 << 64) // HELD)
        return chosen

    def learnt(self, points: np.ndarray) -> np.ndarray:
        """Which inputs of the clause may be trained on: all others."""
        return ~self.held(points)

    @cached_property
    def forget(self) -> np.ndarray:
        """Inputs where only the clause is true, to unlearn on: (DRAWN, inputs)."""
        return self.samples.only([self.clause], DRAWN, self.random(0), self.learnt)

    @cached_property
    def retain(self) -> np.ndarray:
        """Inputs where only another clause is true: (DRAWN, inputs)."""
        return self.samples.only(self.samples.others, DRAWN, self.random(1))

    @cached_property
    def quiet(self) -> np.ndarray:
        """Inputs where no clause is true, half of them near some clause: (2 DRAWN, inputs)."""
        return self.samples.none(list(self.samples.drawable), 2 * DRAWN, self.random(2))

    @cached_property
    def watched(self) -> np.ndarray:
        """Inputs where only the clause is true, looked at in every step: (WATCHED, inputs)."""
        return self.samples.only([self.clause], WATCHED, self.random(3), self.held)

    @cached_property
    def measured(self) -> dict[str, np.ndarray]:
        """Inputs for sampled rates: ``target``, ``retain`` and ``quiet``, MEASURED of each."""
        rng = self.random(4)
        return {
            "target": self.samples.only([self.clause], MEASURED, rng),
            "retain": self.samples.only(self.samples.others, MEASURED, rng),
            "quiet": self.samples.none(list(self.samples.drawable), MEASURED, rng),
        }

    def fresh(self, purpose: int) -> Weights:
        """Weights of an untrained network of the same size."""
        rng = np.random.default_rng([self.seed, 41, purpose])
        inputs = self.weights["0.weight"].shape[1]
        shapes = {
            "0.weight": ((self.hidden, inputs), inputs**-0.5),
            "0.bias": ((self.hidden,), inputs**-0.5),
            "1.weight": ((1, self.hidden), self.hidden**-0.5),
            "1.bias": ((1,), 0.0),
        }
        return {
            name: (scale * rng.standard_normal(shape)).astype(np.float32)
            for name, (shape, scale) in shapes.items()
        }
