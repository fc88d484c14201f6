"""Gates on a few inputs in full superposition: AND, OR, AND-NOT, majority, XOR, any formula.

The same form and training as for pairwise ANDs, with other targets: h = ReLU(T x + b), and output
j reads true where row j of D W h is above a common level. Biases are 0 at a share of the neurons,
which see single inputs, and -1 at the others. Code, biases and decoder are fixed before the
gates are known; they live in the square matrix and the level alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..theory.counting import neurons_square
from ..verify.check import check
from ..verify.engines.superposition.exact_product import exact_product
from ..verify.errors import InputError, ProofError, require_seed
from ..verify.formula import And, AtLeast, Formula, Not, Or, Variable, Xor
from ..verify.network import Network
from ..verify.readout import Threshold
from ..verify.specification import Specification
from ..verify.verdict_text import amount
from .balanced_code import balanced_code
from .construction import Construction, Matrix
from .linear_separation import MOST_VALUES, separate
from .patterns import MOST_INPUTS
from .stack import rearrangements
from .superposed import rounded, sign_decoder

#: Share of ones of the code, and of the neurons without bias.
DENSITY, UNBIASED = 0.4, 0.25
#: Kinds of random gates: inputs of one gate, whether their order matters, and its formula.
KINDS: dict[str, tuple[int, bool, Callable[[Sequence[Formula]], Formula]]] = {
    "and2": (2, False, lambda x: And(tuple(x))),
    "and3": (3, False, lambda x: And(tuple(x))),
    "or2": (2, False, lambda x: Or(tuple(x))),
    "and-not": (2, True, lambda x: And((x[0], Not(x[1])))),
    "majority3": (3, False, lambda x: AtLeast(2, tuple(x))),
    "xor2": (2, False, lambda x: Xor(tuple(x))),
    "dnf3x2": (6, True, lambda x: Or(tuple(And((x[k], x[k + 1])) for k in (0, 2, 4)))),
}
#: What may be written with any number of inputs behind it, such as ``and4``.
STEMS: dict[str, Callable[[Sequence[Formula]], Formula]] = {
    "and": lambda x: And(tuple(x)),
    "or": lambda x: Or(tuple(x)),
    "xor": lambda x: Xor(tuple(x)),
    "majority": lambda x: AtLeast(len(x) // 2 + 1, tuple(x)),
}


def random_gates(kind: str, inputs: int, outputs: int, seed: int = 0) -> list[Formula]:
    """Random different gates of one kind over x0, x1, ...; see :data:`KINDS` and :data:`STEMS`.

    Args:
        kind: for example ``and-not``, ``xor4``, or ``dnf3x2``: an OR of three ANDs of two.
        inputs, outputs: number of inputs and of gates.
        seed: of the choice.

    Raises:
        InputError: an unknown kind, or more gates than there are.
    """
    arity, ordered, gate = _kind(kind)
    require_seed(seed)
    if inputs > MOST_INPUTS:
        raise InputError(f"{inputs:,} inputs are too many; at most {MOST_INPUTS:,} can be handled")
    if inputs < arity or outputs < 1:
        raise InputError(
            f"{kind} gates need {arity} inputs or more, and one output, not {inputs} and {outputs}"
        )
    available = _available(kind, inputs)
    if outputs > available:
        raise InputError(f"{inputs} inputs have {available} {kind} gates, not {outputs}")
    rng = np.random.default_rng(seed)
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < outputs:
        places = rng.permutation(inputs)[:arity].tolist()
        if kind == "dnf3x2":
            terms = sorted(sorted(places[k : k + 2]) for k in (0, 2, 4))
            places = [place for term in terms for place in term]
        elif not ordered:
            places.sort()
        chosen[tuple(places)] = None
    return [gate([Variable(f"x{i}") for i in places]) for places in chosen]


def superposed_gates(
    inputs: int,
    gates: Sequence[str | Formula],
    neurons: int,
    active: int = 3,
    seed: int = 0,
    *,
    bits: int = 14,
    density: float = DENSITY,
    unbiased: float = UNBIASED,
    draws: int = 1,
    seconds: float | None = None,
    progress: Callable[[int, float], None] = lambda step, gap: None,
) -> Construction:
    """A network in full superposition that computes any gates on all inputs with few ones.

    Args:
        inputs: number of inputs, m.
        gates: a formula over x0 .. x(m-1) an output, or its text.
        neurons: n, the width of the square matrix. Where a gate is true without active inputs,
            one of them is constant.
        active: v.
        seed: of code, biases and decoder.
        bits: of an entry of the square matrix.
        density: share of ones in the code.
        unbiased: share of the neurons without bias; they are never more than the inputs.
        draws: seeds tried, from ``seed`` upwards.
        seconds: training of a draw ends after about so long.
        progress: called with (step, gap) while training.

    Raises:
        InputError: formulas or numbers that do not fit.
        ProofError: no draw gave an exact network; it says how far the best one came.
    """
    if not 1 <= active <= inputs:
        raise InputError(f"active must lie between 1 and the {inputs} inputs, not {active}")
    return superposed_formulas(
        Specification(inputs, list(gates), domain={"at_most": active}),
        neurons, seed, bits=bits, density=density, unbiased=unbiased, draws=draws,
        seconds=seconds, progress=progress,
    )  # fmt: skip


def superposed_formulas(
    specification: Specification,
    neurons: int,
    seed: int = 0,
    *,
    bits: int = 14,
    density: float = DENSITY,
    unbiased: float = UNBIASED,
    draws: int = 1,
    seconds: float | None = None,
    progress: Callable[[int, float], None] = lambda step, gap: None,
) -> Construction:
    """A network in full superposition for any specification whose domain can be listed.

    Args:
        specification: formulas read above 0, of inputs that are fed as 0 and 1.

    The other arguments and errors are those of :func:`superposed_gates`.
    """
    _require_fitting(neurons, seed, bits, density, unbiased, draws)
    points = listed_inputs(specification, neurons)
    active = int(points.sum(axis=1).max())
    inputs, outputs = len(specification.inputs), len(specification.outputs)
    targets = specification.expected(points).astype(bool)
    best, best_draw = -math.inf, seed
    for draw in range(seed, seed + draws):
        code = balanced_code(neurons, inputs, density, draw).astype(np.int64)
        # neurons without bias are linear: more of them than inputs add nothing
        linear = min(round(unbiased * neurons), inputs)
        bias = np.where(np.arange(neurons) < linear, 0, -1)
        bias = np.random.default_rng([draw, 4]).permutation(bias)
        if targets[~points.any(axis=1)].any():
            code[0], bias[0] = 0, 1
        decoder = sign_decoder(outputs, neurons, draw).astype(np.int64)
        hidden = np.maximum(exact_product(points.astype(np.int64), code.T) + bias, 0)
        found = separate(hidden, targets, decoder, gap=0.06, weight=2.0, seconds=seconds,
                         tick=progress)  # fmt: skip
        matrix = rounded(found.weights, bits)
        values = exact_product(hidden, exact_product(decoder, matrix).T)
        low = int(values[targets].min(initial=np.iinfo(np.int64).max))
        high = int(values[~targets].max(initial=np.iinfo(np.int64).min))
        if not targets.any():
            low = high + 2
        elif targets.all():
            high = low - 2
        if low > high:
            network = _network(code, bias, matrix, decoder, (low + high) / 2)
            facts = {"density": density, "unbiased": unbiased, "draw": draw, "steps": found.steps}
            facts |= {"least_true": low, "largest_false": high}
            return _construction(network, specification, targets, active, seed, bits, facts)
        apart = (low - high) / max(abs(low), abs(high), 1)
        if apart > best:
            best, best_draw = apart, draw
    raise ProofError(
        f"no exact network of {neurons} neurons was found for {outputs} gates at {active} "
        f"active inputs: in the best of {draws} (seed {best_draw}) the sides overlap by "
        f"{abs(best):.1%}; give more neurons, another seed or more draws"
    )


def listed_inputs(specification: Specification, neurons: int) -> np.ndarray:
    """All inputs of the domain: uint8 (points, inputs).

    Raises InputError where they are too many to train ``neurons`` on, and for a read-out or
    values of inputs that :func:`superposed_formulas` does not serve.
    """
    domain = specification.domain
    if specification.readout != Threshold(Fraction(0)):
        raise InputError("the network reads true above 0; leave [readout] out")
    if domain.values != (Fraction(0), Fraction(1)):
        raise InputError("the network is fed 0 and 1; leave values out")
    specification.require_formulas()
    outputs = len(specification.outputs)
    if domain.candidates * max(outputs, neurons, domain.inputs) > MOST_VALUES:
        raise InputError(
            f"domain {domain} of {domain.inputs:,} inputs is too large to train {neurons:,} "
            f"neurons and {amount(outputs, 'output')} on"
        )
    return np.concatenate(list(domain.chunks()))


def _kind(name: str) -> tuple[int, bool, Callable[[Sequence[Formula]], Formula]]:
    """Inputs of a gate, whether their order matters, and its formula."""
    if name in KINDS:
        return KINDS[name]
    found = re.fullmatch(r"(and|or|xor|majority)([2-9])", name)
    if found is None:
        raise InputError(
            f"unknown kind '{name}'; use one of {', '.join(KINDS)}, or {', '.join(STEMS)} with a "
            "number of inputs from 2 to 9 behind it"
        )
    return int(found[2]), False, STEMS[found[1]]


def _available(kind: str, inputs: int) -> int:
    arity, ordered, _ = _kind(kind)
    sets = math.comb(inputs, arity)
    if kind == "dnf3x2":
        return 15 * sets  # ways to pair six inputs
    return sets * math.factorial(arity) if ordered else sets


def _network(
    code: np.ndarray, bias: np.ndarray, matrix: np.ndarray, decoder: np.ndarray, level: float
) -> Network:
    kind = np.float32 if max(abs(level), np.abs(matrix).max()) < 1 << 23 else np.float64
    return Network.from_arrays(
        [array.astype(kind) for array in (code, matrix, decoder)],
        [
            bias.astype(kind),
            np.zeros(len(matrix), dtype=kind),
            np.full(len(decoder), -level, dtype=kind),
        ],
        ["relu", "identity", "identity"],
    )


def _construction(
    network: Network,
    specification: Specification,
    targets: np.ndarray,
    active: int,
    seed: int,
    bits: int,
    facts: dict[str, Any],
) -> Construction:
    """The network, proved on its stored numbers by visiting the whole domain."""
    verdict = check(network, specification, engine="enumerate", margin=True, dtypes=())
    if not verdict.holds:
        raise ProofError(f"the stored network does not compute its gates: {verdict.status}")
    neurons, outputs = network.widths[1], network.output_size
    least = rearrangements(targets).bits()
    level = facts["least_true"] + facts["largest_false"]
    of_level = max(level.bit_length(), 1)
    matrices = (
        Matrix("code T", (neurons, network.input_size), "seed", 1, 0),
        Matrix("square matrix W", (neurons, neurons), "function", bits, bits * neurons**2),
        Matrix("decoder D", (outputs, neurons), "seed", 1, 0),
        Matrix("level", (), "function", of_level, of_level),
    )
    total = sum(matrix.bits for matrix in matrices)
    return Construction(
        kind="gates",
        form="superposition",
        network=network,
        specification=specification,
        active=active,
        seed=seed,
        weight_bits=bits,
        total_bits=total,
        lower_bound={
            "bits": least,
            "neurons": neurons_square(least, bits),
            "networks": "code, biases and decoder fixed before the function; serves every order "
            "of the gates",
        },
        certified_how="enumeration of the domain on the stored integers",
        parameters=facts
        | {
            "bits_over_bound": total / max(least, 1),
            "c": neurons / math.sqrt(outputs * math.log(max(outputs, 2))),
            "margin": str(verdict.margin),
            "function_in": "the square matrix and one level",
        },
        matrices=matrices,
    )


def _require_fitting(
    neurons: int,
    seed: int,
    bits: int,
    density: float,
    unbiased: float,
    draws: int,
) -> None:
    if neurons < 2:
        raise InputError(f"neurons must be 2 or more, not {neurons}")
    require_seed(seed)
    if not 2 <= bits <= 24:
        raise InputError(f"bits must lie between 2 and 24, not {bits}")
    if not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    if not 0 <= unbiased <= 1:
        raise InputError(f"unbiased must lie between 0 and 1, not {unbiased}")
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
