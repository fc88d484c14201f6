"""The families of networks whose capacity is measured: what is trained at a width, and its cost."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ...theory.catalog import lookup, middle
from ..construction_scaling import least_inputs
from ..training.boolean_task import BooleanTask
from ..training.program import Program
from ..training.relu_networks import NetworkRun, ReluNetworks
from ..training.schedule import Schedule
from ..training.superposed_networks import SuperposedNetworks, SuperposedRun

#: The smallest number of ANDs that is asked for, and the largest that a run can be trained on.
LEAST_OUTPUTS, MOST_OUTPUTS = 3, 7500
#: Active inputs, v.
ACTIVE = 2
#: Bits of the one level at which a superposed network is read.
LEVEL_BITS = 32


def and_task(outputs: int, seed: int) -> BooleanTask:
    """So many random pairs of the least number of inputs that has so many, at most 2 active."""
    return BooleanTask("and", least_inputs(outputs), outputs, active=ACTIVE, seed=seed)


def domain_points(outputs: int) -> int:
    """Points of the domain of such a task: inputs with at most 2 ones."""
    inputs = least_inputs(outputs)
    return 1 + inputs + math.comb(inputs, 2)


@dataclass(frozen=True)
class Family(ABC):
    """Networks of one form, trained in one way.

    Attributes:
        steps, learning_rate: of the training; it ends when all is learned in floats.
        name: short and unique.
        title: as figures and tables say it.
        weights: what may depend on the function, in words.
        resolution: sizes closer than this, relatively, are not told apart.
        tolerant: about so many times as many ANDs where a few points may be wrong.
        bound: name of the counting bound of the catalogue for its form.
        bits: of a weight.
    """

    steps: int
    learning_rate: float

    name: ClassVar[str]
    title: ClassVar[str]
    weights: ClassVar[str]
    resolution: ClassVar[float]
    tolerant: ClassVar[float]
    bound: ClassVar[str]
    bits: ClassVar[int]

    @property
    @abstractmethod
    def program(self) -> Program:
        """That trains the runs."""

    @abstractmethod
    def run(self, width: int, outputs: int, seed: int) -> NetworkRun | SuperposedRun:
        """What is trained for so many ANDs; the seed is of the pairs and of the start."""

    @abstractmethod
    def guess(self, width: int) -> float:
        """About how many ANDs a width computes; where the search begins."""

    @abstractmethod
    def parameters(self, width: int, outputs: float) -> float:
        """P: how many numbers may depend on the function."""

    @abstractmethod
    def total_bits(self, width: int, outputs: float) -> float:
        """Bits of these numbers."""


@dataclass(frozen=True)
class Plain(Family):
    """One hidden layer of relu neurons, every weight trained by the squared hinge."""

    steps: int = 800
    learning_rate: float = 0.2

    name = "plain"
    title = "trained, all weights free"
    weights = "all n (m + m' + 1) + m' weights and biases, float32"
    resolution = 0.2
    tolerant = 1.6
    bound = "pairwise-and-neurons-free"
    bits = 32

    @property
    def program(self) -> Program:
        """Plain relu networks."""
        return ReluNetworks()

    def run(self, width: int, outputs: int, seed: int) -> NetworkRun:
        """See :meth:`Family.run`."""
        schedule = Schedule(self.steps, self.learning_rate)
        return NetworkRun(and_task(outputs, seed), (width,), seed, schedule)

    def guess(self, width: int) -> float:
        """About what short training reaches."""
        return max(float(LEAST_OUTPUTS), 2.2 * (width - 1) ** 2)

    def parameters(self, width: int, outputs: float) -> float:
        """n (m + m' + 1) + m'."""
        inputs = least_inputs(max(round(outputs), 1))
        return width * (inputs + outputs + 1) + outputs

    def total_bits(self, width: int, outputs: float) -> float:
        """All weights as they are stored."""
        return self.bits * self.parameters(width, outputs)


@dataclass(frozen=True)
class Superposed(Family):
    """Code and decoder drawn before the function is known; one square matrix is trained."""

    steps: int = 600
    learning_rate: float = 0.02

    name = "superposed"
    title = "trained, in superposition"
    weights = "one n x n matrix, 14 bits an entry, and one level"
    resolution = 0.1
    tolerant = 1.1
    bound = "pairwise-and-neurons"
    bits = 14

    @property
    def program(self) -> Program:
        """Square matrices between fixed codes."""
        return SuperposedNetworks()

    def run(self, width: int, outputs: int, seed: int) -> SuperposedRun:
        """See :meth:`Family.run`."""
        schedule = Schedule(
            self.steps, self.learning_rate, patience=10, decay="linear", momenta=(0.9, 0.99)
        )
        return SuperposedRun(and_task(outputs, seed), width, seed, schedule, bits=self.bits)

    def guess(self, width: int) -> float:
        """By the measured law n = c sqrt(m' ln m') of the catalogue, with its middle c."""
        (law,) = lookup("pairwise-and-trained")
        low, high = LEAST_OUTPUTS, MOST_OUTPUTS
        while high - low > 1:
            outputs = (low + high) // 2
            fits = middle(law.evaluate(outputs=outputs, active=ACTIVE)) <= width
            low, high = (outputs, high) if fits else (low, outputs)
        return float(low)

    def parameters(self, width: int, outputs: float) -> float:
        """n^2 entries and the level."""
        return width**2 + 1

    def total_bits(self, width: int, outputs: float) -> float:
        """The entries as they are rounded, and the level."""
        return self.bits * width**2 + LEVEL_BITS


#: The families by name.
FAMILIES: dict[str, Family] = {family.name: family for family in (Plain(), Superposed())}
