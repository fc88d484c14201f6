"""What is not known of the protocol of arXiv 2510.04500, as settings, and the dense arm alone.

The settings are chosen by the accuracy of dense networks only, then frozen; expanded networks
are not looked at before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...verify.network import Network
from ..tasks import DnfTask, random_dnf
from ..training.schedule import Schedule
from .masked_networks import Lesson

#: Points that accuracies are measured on, drawn apart from those of training.
TEST = 10_000


@dataclass(frozen=True)
class Setting:
    """One way to fill the gaps of the published protocol.

    Attributes:
        near: share of the false points that miss a clause by one literal; the rest is background.
        density: probability of a one in the background.
        signed: false feeds -1 instead of 0.
        points: drawn for training, once.
        rows: points a step.
        steps: of every one of the two halves of training.
        learning_rate: at the peak of Adam's schedule. ``decay``: how it falls.
    """

    near: float = 1.0
    density: float = 0.5
    signed: bool = False
    points: int = 10_000
    rows: int = 500
    steps: int = 1500
    learning_rate: float = 0.01
    decay: str = "cosine"

    @property
    def schedule(self) -> Schedule:
        """Of one half."""
        return Schedule(self.steps, self.learning_rate, patience=self.steps, decay=self.decay)

    @property
    def label(self) -> str:
        """In a few words."""
        fed = "-1/1" if self.signed else "0/1"
        return (
            f"near {self.near:g}, p {self.density:g}, {fed}, {self.points:,} by {self.rows}, "
            f"rate {self.learning_rate:g} {self.decay}, 2 x {self.steps:,}"
        )


#: Those that are tried.
SETTINGS = (
    Setting(),
    Setting(steps=300),
    Setting(rows=128, decay="none"),
    Setting(points=2_500, steps=300),
    Setting(near=0.5),
    Setting(near=0.0, density=0.25),
    Setting(signed=True, points=2_500, rows=2_500, steps=600, learning_rate=0.02),
    Setting(signed=True, points=3_000, steps=400, learning_rate=0.03),
)


def task_of(clauses: int, width: int, seed: int) -> DnfTask:
    """Disjoint clauses of positive literals on as many inputs as they have together."""
    return random_dnf(clauses * width, clauses, width, seed, disjoint=True)


def drawn(task: DnfTask, setting: Setting, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points as they are fed, float32 (points, inputs), and their classes, int64 (points,).

    Half are true. The background is drawn bit by bit, and loses a literal of every clause that it
    satisfies; a true point gets all literals of one clause, a near miss all but one.
    """
    rng = np.random.default_rng([task.seed, seed, 33])
    bits = (rng.random((count, task.inputs)) < setting.density).astype(np.uint8)
    clauses = np.array([[index for index, _ in clause] for clause in task.clauses])
    for clause in clauses:
        hit = np.flatnonzero(bits[:, clause].all(axis=1))
        bits[hit, rng.choice(clause, len(hit))] = 0
    true = rng.permutation(count) < count // 2
    near = ~true & (rng.random(count) < setting.near)
    touched = np.flatnonzero(true | near)
    own = clauses[rng.integers(0, len(clauses), len(touched))]
    bits[touched[:, None], own] = 1
    missed = near[touched]
    spared = own[np.arange(len(own)), rng.integers(0, clauses.shape[1], len(own))]
    bits[touched[missed], spared[missed]] = 0
    fed = bits.astype(np.float32)
    return (2 * fed - 1 if setting.signed else fed), true.astype(np.int64)


def lesson_of(task: DnfTask, setting: Setting, network: Network, *, whole: bool) -> Lesson:
    """The setting's points for a network to go on with."""
    points, classes = drawn(task, setting, setting.points, 0)
    return Lesson(network, points, classes, whole)
