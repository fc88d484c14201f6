"""Stacked and deep networks to read: trained blocks put on each other, and two hidden layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...verify.errors import InputError
from ...verify.formula import Formula
from ...verify.network import Layer, Network
from ..tasks import CnfTask, DnfTask
from ..training.relu_networks import NetworkRun
from .layers import substituted
from .training import ROUNDS, Cell

#: Literals of the clauses of a block, one number drawn for each block.
ARITIES = (2, 3)
#: Seeds of the blocks of one stack follow each other; those of two stacks do not meet.
APART = 1000


@dataclass(frozen=True)
class StackedCell:
    """One kind of stack: trained units over the inputs, and a trained network over the units.

    Attributes:
        form: of the upper block, ``dnf`` or ``cnf``. Units are DNFs.
        inputs, units, clauses, hidden: inputs, number of units, clauses of each and neurons.
        upper_clauses, upper_hidden: of the upper block.
        l1: weight of the absolute weights in the loss.
        rounds: of counterexamples before a block is given up.
    """

    form: str
    inputs: int
    units: int
    clauses: int = 2
    hidden: int = 8
    upper_clauses: int = 2
    upper_hidden: int = 16
    l1: float = 1e-3
    rounds: int = ROUNDS

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> StackedCell:
        """The cell of a planned run."""
        return cls(**_sizes(configuration))

    def blocks(self, seed: int) -> list[tuple[Cell, int]]:
        """What is trained for a seed, each with a seed of its own: the units, then the upper one.

        Clauses overlap, and half of their literals are negated.
        """
        arities = np.random.default_rng([seed, 33]).choice(ARITIES, self.units + 1)
        sizes = [("dnf", self.inputs, self.clauses, self.hidden)] * self.units
        sizes.append((self.form, self.units, self.upper_clauses, self.upper_hidden))
        cells = [
            Cell(form, n, clauses, int(arity), hidden, False, True, self.l1, self.rounds)
            for (form, n, clauses, hidden), arity in zip(sizes, arities, strict=True)
        ]
        return [(cell, APART * seed + number) for number, cell in enumerate(cells)]


@dataclass(frozen=True)
class DeepCell:
    """One kind of network with several hidden layers, trained end to end on a DNF.

    Attributes:
        inputs, clauses, arity: of the DNF; its clauses overlap.
        hidden: widths of the hidden layers.
        mixed: half of the literals are negated.
        l1: weight of the absolute weights in the loss.
        rounds: of counterexamples before a network is given up.
    """

    inputs: int
    clauses: int
    arity: int
    hidden: tuple[int, ...]
    mixed: bool = False
    l1: float = 1e-3
    rounds: int = ROUNDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> DeepCell:
        """The cell of a planned run."""
        return cls(**_sizes(configuration))

    def run(self, seed: int) -> NetworkRun:
        """The training run of a seed. Raises InputError for sizes that do not fit."""
        cell = Cell(
            "dnf", self.inputs, self.clauses, self.arity, 1, False, self.mixed, self.l1, self.rounds
        )
        return replace(cell.run(seed), hidden=self.hidden)


def _sizes(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in configuration.items() if k not in ("part", "timeout")}


@dataclass(frozen=True, eq=False)
class Block:
    """A trained network of two layers.

    Attributes:
        network: one output, true above 0.
        task: what it was trained on.
        exact: it is known to compute that on every input.
    """

    network: Network
    task: DnfTask | CnfTask
    exact: bool


def stacked(units: Sequence[Network], upper: Network) -> Network:
    """Units side by side, each made 0 or 1 by a step, and a network over them.

    The first weights stand below each other, the second ones on a block diagonal; no number is
    changed. A step is 1 above 0, where the unit alone reads true.

    Args:
        units: two layers, one output each, the same inputs.
        upper: as many inputs as there are units.

    Returns:
        Four layers: relu, step, relu, identity, where all blocks have relus.

    Raises InputError for blocks that do not fit.
    """
    for number, unit in enumerate(units):
        if len(unit.layers) != 2 or unit.output_size != 1:
            raise InputError(
                f"a unit is a network of two layers and one output; unit {number} has "
                f"{len(unit.layers)} and {unit.output_size}"
            )
    kinds = {unit.layers[0].activation for unit in units}
    if len({unit.input_size for unit in units}) != 1 or len(kinds) != 1:
        raise InputError("units need the same inputs and the same activation")
    if upper.input_size != len(units):
        raise InputError(f"the upper block has {upper.input_size} inputs for {len(units)} units")
    lower = [unit.dense.layers[0] for unit in units]
    read = [unit.dense.layers[1] for unit in units]
    ends = np.cumsum([layer.width for layer in lower])
    joined = np.zeros((len(units), ends[-1]), dtype=np.result_type(*(r.weight for r in read)))
    for row, (end, layer) in enumerate(zip(ends, read, strict=True)):
        joined[row, end - layer.fan_in : end] = np.asarray(layer.weight)[0]
    first = np.concatenate([np.asarray(layer.weight) for layer in lower])
    return Network(
        (
            Layer(first, np.concatenate([layer.bias for layer in lower]), kinds.pop()),
            Layer(joined, np.concatenate([layer.bias for layer in read]), "step"),
            *upper.dense.layers,
        )
    )


def stacked_formula(units: Sequence[DnfTask | CnfTask], upper: DnfTask | CnfTask) -> Formula:
    """What a stack of exact blocks computes, over the inputs x0, x1, ..."""
    by = {f"x{number}": unit.formula for number, unit in enumerate(units)}
    return substituted(upper.formula, by)
