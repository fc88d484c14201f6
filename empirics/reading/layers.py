"""Stacked layers, read one after the other where the units between them are Boolean."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...verify.domain import Domain
from ...verify.formula import (
    And,
    AtLeast,
    AtMost,
    Constant,
    Formula,
    Implies,
    Not,
    Or,
    Variable,
    Xor,
)
from ...verify.network import Layer, Network
from ...verify.problem import Problem
from ...verify.product import outputs_of
from ...verify.readout import Levels, Threshold
from ...verify.specification import Specification
from .hidden_layer import hidden_layer
from .output import Reader, read_output
from .target import Target, Usage, decided
from .threshold import neuron_formulas

#: Layers with more units than this are not read one by one.
UNITS = 256
#: Samples at which all units must be 0 or 1 before anything is decided.
ROWS = 2048
#: Share of the time limit that the layers before the last may take.
SHARE = 0.5
#: Characters of a composed formula at most.
LONGEST = 20_000


@dataclass(frozen=True)
class Stage:
    """Layers whose units are Boolean functions of the Boolean units before them; proved.

    Attributes:
        first, last: numbers of the layers.
        inputs: names of what they are fed.
        units: names of their own units, ``h<layer>_<number>``.
        formulas: one a unit, over ``inputs``; every unit is 1 where it is true and 0 elsewhere.
        usage: of the exact engines.
        seconds: of the reading.
    """

    first: int
    last: int
    inputs: tuple[str, ...]
    units: tuple[str, ...]
    formulas: tuple[Formula, ...]
    usage: Usage
    seconds: float


def read_stages(
    network: Network, specification: Specification, reader: Reader
) -> tuple[Stage, ...]:
    """Cut a network where all units of a layer are 0 or 1 on every input, and read the pieces.

    Args:
        network: of three layers or more; others have no layers to stack.
        specification: names and domain of the inputs.
        reader: settings.

    Returns:
        The stages from the inputs on; the output layer belongs to none.
    """
    stages: list[Stage] = []
    if len(network.layers) < 3:
        return ()
    domain, begin = specification.domain, 0
    seconds = reader.limits.timeout
    deadline = None if seconds is None else time.monotonic() + SHARE * seconds
    network = network.dense
    for last in range(len(network.layers) - 1):
        if network.layers[last].width > UNITS:
            continue
        part = Network(network.layers[begin : last + 1])
        start, usage = time.monotonic(), Usage()
        formulas = _boolean_units(part, domain, reader, usage, deadline)
        if formulas is None:
            continue
        units = tuple(f"h{last}_{j}" for j in range(len(formulas)))
        spent = time.monotonic() - start
        stages.append(Stage(begin, last, domain.names, units, tuple(formulas), usage, spent))
        domain, begin = Domain(units), last + 1
    return tuple(stages)


def composed(
    network: Network,
    specification: Specification,
    output: int,
    stages: Sequence[Stage],
    reader: Reader,
    usage: Usage | None = None,
) -> Formula | None:
    """The formula of an output over the network's inputs, read behind the last stage.

    None where the output has no proved formula over the last units, or a very long one. The
    exact questions are counted in ``usage``.
    """
    rest = Network(network.dense.layers[stages[-1].last + 1 :])
    names = stages[-1].units
    behind = Specification(
        names, dict.fromkeys(specification.outputs), readout=specification.readout
    )
    target = Target.of(rest, behind, output, reader.threads)
    target = target if usage is None else replace(target, usage=usage)
    one, _ = read_output(target, hidden_layer(rest, output), reader)
    formula = one.formula
    for stage in reversed(stages):
        if formula is None or len(str(formula)) > LONGEST:
            return None
        formula = substituted(formula, dict(zip(stage.units, stage.formulas, strict=True)))
    return formula if formula is not None and len(str(formula)) <= LONGEST else None


def _boolean_units(
    part: Network, domain: Domain, reader: Reader, usage: Usage, deadline: float | None
) -> list[Formula] | None:
    """Formulas of the last layer's units, None unless all are exactly 0 or 1 on the domain.

    None as well where some unit was not read in time.
    """
    *before, last = part.layers
    if last.activation not in ("step", "relu"):
        return None
    bare = Network((*before, Layer(last.weight, last.bias, "identity")))
    rng = np.random.default_rng([reader.seed, 5])
    # a unit is active where its value before the activation is above 0
    targets = [
        Target(outputs_of(bare, [j]), f"u{j}", domain, Threshold(), usage, reader.threads)
        for j in range(last.width)
    ]
    for target in targets if last.activation != "step" else ():
        values = target.values(target.sample((), ROWS, rng))
        if not np.isin(np.maximum(values, 0.0), (0.0, 1.0)).all():
            return None  # before any unit is read
    counted = neuron_formulas(bare, domain) if not before else [None] * last.width
    formulas: list[Formula] = []
    for j, target in enumerate(targets):
        formula = counted[j]
        if formula is None:
            if deadline is not None and time.monotonic() > deadline:
                return None
            own = reader.within(deadline, last.width - j)
            fed = float(domain.values[0]), float(domain.values[1])
            formula = read_output(target, hidden_layer(bare, j, fed), own)[0].formula
        if formula is None:
            return None
        formulas.append(formula)
    if last.activation == "step":
        return formulas
    return formulas if _exactly_boolean(part, domain, formulas, reader, usage) else None


def _exactly_boolean(
    part: Network, domain: Domain, formulas: Sequence[Formula], reader: Reader, usage: Usage
) -> bool:
    """Whether the units are 1 where their formulas are true and 0 elsewhere.

    A relu is never negative; that a unit is at most 1 is the output 2 - unit, at least 1.
    """
    width = len(formulas)
    both = np.concatenate([np.eye(width, dtype=np.int64), -np.eye(width, dtype=np.int64)])
    offset = np.repeat(np.array([0, 2], dtype=np.int64), width)
    network = Network((*part.layers, Layer(both, offset, "identity")))
    wanted = [*formulas, *[Constant(True)] * width]
    specification = Specification(
        domain.names, wanted, domain=domain, readout=Levels(Fraction(1), Fraction(0))
    )
    start = time.monotonic()
    verdict = decided(Problem(network, specification), reader.limits.timeout, reader.threads)
    usage.verify += 1
    usage.nodes += verdict.nodes
    usage.seconds += time.monotonic() - start
    return verdict.holds


def _negated(formula: Formula) -> Formula:
    """The opposite, with the negation moved inwards over and, or."""
    if isinstance(formula, Not):
        return formula.operand
    if isinstance(formula, Constant):
        return Constant(not formula.truth)
    if isinstance(formula, And | Or):
        other = Or if isinstance(formula, And) else And
        return other(tuple(map(_negated, formula.parts)))
    return Not(formula)


def substituted(formula: Formula, by: Mapping[str, Formula]) -> Formula:
    """The formula with formulas for some of its inputs."""
    if isinstance(formula, Variable):
        return by.get(formula.name, formula)
    if isinstance(formula, Constant):
        return formula
    parts = tuple(substituted(operand, by) for operand in formula.operands)
    if isinstance(formula, Not):
        return _negated(parts[0])
    if isinstance(formula, And | Or):
        kind = type(formula)
        flat = [p for part in parts for p in (part.parts if isinstance(part, kind) else (part,))]
        return kind(tuple(flat))
    if isinstance(formula, Xor):
        return Xor(parts)
    if isinstance(formula, Implies):
        return Implies(parts[0], parts[1])
    if isinstance(formula, AtLeast | AtMost):
        return type(formula)(formula.count, parts)
    raise TypeError(f"unknown formula node {type(formula).__name__}")
