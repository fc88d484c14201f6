"""Networks that compute ANDs of inputs in the plain form, delivered with their proof."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..theory.concentration import intruders, plain_code_density, plain_code_neurons
from ..theory.counting import labelled_distinct_ands, neurons_free, neurons_square
from ..verify.engines.engine import Progress
from ..verify.errors import InputError, ProofError
from ..verify.formula import And, Variable
from ..verify.network import Network
from ..verify.specification import Specification
from .codes import Code, repaired_code
from .construction import Construction
from .criterion import shared_neurons, slacks
from .patterns import as_pairs, require_feasible

#: The search for a small width stops at this relative difference.
RESOLUTION = 0.02


def plain_pairwise_and(
    inputs: int,
    pairs: Any,
    active: int = 2,
    seed: int = 0,
    neurons: int | None = None,
    density: float | None = None,
    progress: Progress = lambda done, total: None,
) -> Construction:
    """A network of one hidden layer that computes the AND of every given pair exactly.

    Form: h = ReLU(Tx - 1) with a 0/1 code T, and output j is the sum of h over the neurons K_j
    that both members feed, minus |K_j| - 1/2; it reads true above 0. Exact on all inputs with
    at most ``active`` ones, by the complete criterion (docs/theory.md, section 4), which is
    checked on the stored numbers of the network before it is handed over.

    Args:
        inputs: number of inputs.
        pairs: (outputs, 2) distinct pairs of different input indices.
        active: v, from 2 to ``inputs``.
        seed: of the code; the same arguments give the same network.
        neurons: hidden neurons; None searches for a small width, and settles for one neuron an
            output where no narrower code is found.
        density: share of ones in the code; None for the best one in theory.
        progress: called with (rounds of repair done, 0), as nobody knows how many it takes.

    Raises:
        InputError: pairs or numbers that do not fit.
        ProofError: no exact code with so many neurons was found (there may be one).
    """
    tuples = as_pairs(pairs, inputs)
    require_feasible(inputs, len(tuples))
    if not 2 <= active <= inputs:
        raise InputError(
            f"active must lie between 2 and the {inputs} inputs, not {active}: "
            "with fewer active inputs no AND is ever true"
        )
    if seed < 0:
        raise InputError(f"the seed must be 0 or more, not {seed}")
    if neurons is not None and neurons < 1:
        raise InputError(f"neurons must be 1 or more, not {neurons}")
    if density is not None and not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    share = _default_density(inputs, active) if density is None else density
    rounds = itertools.count(1)
    draw = partial(
        repaired_code,
        inputs=inputs,
        tuples=tuples,
        active=active,
        density=share,
        seed=seed,
        tick=lambda: progress(next(rounds), 0),
    )
    direct = _one_neuron_each(inputs, tuples, seed)
    if neurons is not None:
        code = _code_of_width(neurons, draw, direct)
    else:
        theory = _theory_neurons(inputs, len(tuples), active)
        code = _small_code(theory, draw, direct)
    network = plain_network(code.matrix, tuples)
    slack = certify_plain(network, tuples, active)
    one_each = bool((code.matrix.sum(axis=1) == 2).all()) and code.neurons == len(tuples)
    bits = labelled_distinct_ands(inputs, len(tuples)).bits()
    return Construction(
        kind="pairwise-and",
        form="plain",
        network=network,
        specification=and_specification(inputs, tuples, active),
        active=active,
        seed=seed,
        weight_bits=1,
        total_bits=code.neurons * (inputs + len(tuples)),
        lower_bound={
            "bits": bits,
            "neurons": neurons_free(bits, inputs, len(tuples)),
            "networks": "one hidden layer, every weight may depend on the function",
            "neurons_superposed": neurons_square(bits),
        },
        certified_how="complete criterion on the stored 0/1 weights (docs/theory.md, section 4)",
        parameters={
            "code": "one neuron an output" if one_each else "random, repaired",
            "density": float(code.density),
            "rounds": code.rounds,
            "redrawn_columns": code.redrawn,
            "least_slack": slack,
            "theory_neurons": _theory_neurons(inputs, len(tuples), active),
        },
    )


def plain_network(code: np.ndarray, tuples: np.ndarray) -> Network:
    """The plain network of a 0/1 code (neurons, inputs) for ANDs of ``tuples`` (outputs, arity).

    All numbers are integers or half-integers, held exactly in float32; outputs read true
    strictly above 0.
    """
    shared = shared_neurons(np.asarray(code).astype(bool), tuples)
    neurons, arity = code.shape[0], tuples.shape[1]
    # an integer sum is at least |K_j| exactly when the sum minus |K_j| - 1/2 is positive
    return Network.from_arrays(
        [code.astype(np.float32), shared.astype(np.float32)],
        [
            np.full(neurons, 1 - arity, dtype=np.float32),
            (0.5 - shared.sum(axis=1)).astype(np.float32),
        ],
    )


def certify_plain(network: Network, tuples: np.ndarray, active: int) -> int:
    """Prove that a network in the plain form computes the ANDs of ``tuples``; see Theorem 1.

    Works on the stored numbers, whatever made them. Returns the least slack (1 or more).
    Raises ProofError when the network is not in the plain form for these tuples, or when the
    criterion, which is complete, finds outputs that some input gets wrong.
    """
    if [layer.activation for layer in network.layers] != ["relu", "identity"]:
        raise ProofError("not a plain network: it needs one ReLU layer and a linear read-out")
    hidden, readout = network.layers
    code = hidden.weight.astype(np.float64)
    if not np.isin(code, (0, 1)).all():
        raise ProofError("not a plain network: the code holds other weights than 0 and 1")
    expected = plain_network(code, tuples)
    parts = (
        ("hidden bias", hidden.bias, expected.layers[0].bias),
        ("read-out weight", readout.weight, expected.layers[1].weight),
        ("read-out bias", readout.bias, expected.layers[1].bias),
    )
    for name, has, wants in parts:
        if not np.array_equal(has.astype(np.float64), wants.astype(np.float64)):
            raise ProofError(f"not a plain network for these tuples: the {name} differs")
    slack = slacks(code, tuples, active)
    if slack.min() < 1:
        raise ProofError(
            f"{int((slack < 1).sum())} of {len(tuples)} outputs are wrong on some input with at "
            f"most {active} active, first output {int(np.flatnonzero(slack < 1)[0])}"
        )
    return int(slack.min())


def and_specification(inputs: int, tuples: np.ndarray, active: int) -> Specification:
    """Output j is the AND of ``tuples[j]``, on all inputs with at most ``active`` ones."""
    variables = [Variable(f"x{i}") for i in range(inputs)]
    formulas = [And(tuple(variables[i] for i in row)) for row in tuples.tolist()]
    return Specification(inputs, formulas, domain={"at_most": active})


def _code_of_width(neurons: int, draw: Callable[[int], Code], direct: Code) -> Code:
    """A code of exactly this width, or ProofError with what would help."""
    try:
        return draw(neurons)
    except ProofError as error:
        if neurons == direct.neurons:
            return direct
        if neurons < direct.neurons:
            raise
        raise ProofError(
            f"{error}; {direct.neurons} neurons always suffice, one an output"
        ) from None


def _small_code(theory: int, draw: Callable[[int], Code], direct: Code) -> Code:
    """The narrowest exact code that bisection over seeded draws comes to.

    The upper end is what theory promises or one neuron fewer than outputs, whatever is less.
    Success is not monotone in the width, so the result is small, not smallest.
    """
    high = min(theory, direct.neurons - 1)
    if high < 1:
        return direct
    try:
        best = draw(high)
    except ProofError:
        return direct
    low = 0  # the widest width known to fail
    while best.neurons - low > max(1, int(RESOLUTION * best.neurons)):
        middle = (low + best.neurons) // 2
        try:
            best = draw(middle)
        except ProofError:
            low = middle
    return best


def _one_neuron_each(inputs: int, tuples: np.ndarray, seed: int) -> Code:
    """One neuron an output: exact for every number of active inputs (docs/theory.md, 4.3)."""
    code = np.zeros((len(tuples), inputs), dtype=bool)
    code[np.arange(len(tuples))[:, None], tuples] = True
    return Code(code, float(code.mean()), seed, 0, 0)


def _default_density(inputs: int, active: int) -> float:
    return float(plain_code_density(max(1, intruders(inputs, active))))


def _theory_neurons(inputs: int, outputs: int, active: int) -> int:
    """What a random draw needs by the union bound; one neuron where two inputs are all."""
    return plain_code_neurons(inputs, outputs, active) if inputs > 2 else 1
