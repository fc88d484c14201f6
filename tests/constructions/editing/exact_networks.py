"""Networks that compute a DNF, with noise neurons, so that edits meet weights without structure."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from superproof import Network, Specification, check
from superproof.constructions.editing.literals import literals
from superproof.constructions.editing.target import Target
from superproof.empirics.tasks import random_dnf

NOISE = 5


def exact_network(spec: Specification, seed: int, dtype: type = np.float32) -> Network:
    """One scaled neuron a clause, and noise; it computes the specification, which is checked."""
    rng = np.random.default_rng(seed)
    low, high = (float(value) for value in spec.domain.values)
    rows, biases, reads = [], [], []
    for output, formula in enumerate(spec.formulas):
        for clause in formula.clauses():
            found = literals(clause, spec.domain.index)
            assert found is not None
            row, bias, scale = np.zeros(len(spec.inputs)), 1.0, rng.uniform(0.5, 2)
            for literal in found:
                sign = 1 if literal.positive else -1
                row[literal.input] = sign / (high - low)
                bias -= 1 + (sign * low / (high - low) if literal.positive else 0)
                bias += (high / (high - low)) if not literal.positive else 0
            rows.append(row * scale)
            biases.append(bias * scale)
            reads.append((output, 2 / scale))
    first = np.vstack([*rows, rng.normal(size=(NOISE, len(spec.inputs)))])
    second = rng.normal(size=(len(spec.outputs), len(first))) * 0
    for neuron, (output, weight) in enumerate(reads):
        second[output, neuron] = weight
    second[:, len(reads) :] = rng.uniform(-0.01, 0.01, (len(spec.outputs), NOISE))
    offsets = np.concatenate([biases, rng.normal(size=NOISE)])
    final = np.full(len(spec.outputs), -0.5) + float(getattr(spec.readout, "threshold", 0))
    network = Network.from_arrays(
        [first.astype(dtype), second.astype(dtype)], [offsets.astype(dtype), final.astype(dtype)]
    )
    assert check(network, spec).holds
    return network


def specifications() -> list[Specification]:
    """Disjoint and overlapping, positive and mixed."""
    return [
        random_dnf(12, 3, 3, 0).specification,
        random_dnf(12, 3, 4, 1, mixed=True).specification,
        random_dnf(8, 4, 3, 2, disjoint=False).specification,
        random_dnf(9, 4, 3, 4, disjoint=False, mixed=True).specification,
        Specification(
            6,
            {"y0": "x0 & x1 | x1 & ~x2 | x3", "y1": "x1 & x4 | ~x5 & ~x2"},
            values=[-1, 1],
            readout=Fraction(1, 4),
        ),
    ]


def targets(spec: Specification) -> list[Target]:
    """Every clause of every output."""
    return [
        Target.parse(f"{name}:{number}", spec)
        for name, formula in zip(spec.outputs, spec.formulas, strict=True)
        for number in range(len(formula.clauses()))
    ]
