"""Small plain code networks of every form that is recognised, drawn at random."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from superproof.verify.family import Family
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels, Readout, Threshold
from superproof.verify.specification import Specification


def random_problem(seed: int) -> Problem:
    """A plain code network with scaled rows, any thresholds, tuples of 1 to 3 inputs, v from 0.

    Sets K are subsets of what the members share, and may be empty; about one in seven networks
    is right.
    """
    rng = np.random.default_rng(seed)
    inputs, neurons = int(rng.integers(2, 8)), int(rng.integers(1, 9))
    outputs, active = int(rng.integers(1, 4)), int(rng.integers(0, min(5, inputs) + 1))
    code = rng.random((neurons, inputs)) < rng.choice([0.3, 0.5, 0.8])
    same = bool(rng.integers(0, 2))
    arity = rng.integers(1, min(3, inputs) + 1, neurons + outputs)
    arity[:] = arity[0] if same else arity
    scale = 2.0 ** rng.integers(-3, 4, neurons) * rng.choice([1, 3], neurons)
    readout_weight = np.zeros((outputs, neurons), dtype=object)
    bias, tuples = [], []
    for j in range(outputs):
        members = rng.choice(inputs, arity[neurons + j], replace=False)
        tuples.append(members.tolist())
        fits = [i for i in range(neurons) if code[i, members].all() and arity[i] == len(members)]
        chosen = [i for i in fits if rng.random() < 0.8]
        unit = float(3 * rng.integers(1, 4))
        for i in chosen:
            readout_weight[j, i] = unit / float(scale[i])
        shift = rng.choice([0.0, 0.0, 0.0, 0.5, -0.5, 1.0, -1.0])
        bias.append(unit * (0.5 - len(chosen) + shift))
    weights: list[Any] = [code * scale[:, None], readout_weight.astype(np.float64)]
    if rng.random() < 0.5:
        weights = [csr_array(weight) for weight in weights]
    network = Network.from_arrays(weights, [-(arity[:neurons] - 1) * scale, np.array(bias)])
    readout: Readout = Threshold(Fraction(int(rng.choice([0, 0, 1, -1])), 3))
    if rng.random() < 0.4:
        readout = Levels(
            Fraction(int(rng.integers(0, 2)), 2), Fraction(-1, int(rng.integers(2, 4)))
        )
    domain = f"at most {active}" if active < inputs or rng.random() < 0.5 else "all"
    if len({len(row) for row in tuples}) == 1 and rng.random() < 0.5:
        family = Family("and", np.array(tuples))
        return Problem(
            network, Specification(inputs, family=family, domain=domain, readout=readout)
        )
    formulas = [" & ".join(f"x{c}" for c in row) for row in tuples]
    return Problem(network, Specification(inputs, formulas, domain=domain, readout=readout))
