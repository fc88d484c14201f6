"""Pairwise AND in full superposition: the function lives in one square matrix, and nowhere else.

h = ReLU(T x - 1), and output j reads true where row j of D W2 h is above a common level. The code T
(0/1) and the decoder D (+-1) are drawn by a seed before the function is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..theory.counting import labelled_distinct_ands, neurons_square
from ..verify.check import check
from ..verify.engines.superposition.exact_product import exact_product
from ..verify.engines.superposition.extremes import extremes, gain_form
from ..verify.errors import InputError, ProofError, require_seed
from ..verify.family import Family
from ..verify.network import Network
from ..verify.specification import Specification
from .balanced_code import balanced_code
from .construction import Construction, Matrix
from .key_value import key_value
from .key_value_training import Whitening, least_squares, train
from .patterns import as_pairs, require_feasible
from .quantised import quantised
from .states import Frame, require_trainable

#: How the square matrix may be found.
METHODS = ("trained", "key-value", "least-squares", "ternary", "one-bit")
#: Bits of an entry by method; None where the caller chooses.
ENTRY_BITS = {"ternary": math.log2(3), "one-bit": 1.0}
#: Share of ones of the code by number of active inputs; at three, with no more than twice as many
#: outputs as inputs, the second: few triples make anything true.
DENSITY, SPARSE_DENSITY = {2: 0.4, 3: 0.28}, {3: 0.44}
#: Codes of more inputs take minutes to draw.
MOST_INPUTS = 1 << 14


def superposed_pairwise_and(
    inputs: int,
    pairs: Any,
    neurons: int,
    active: int = 2,
    seed: int = 0,
    *,
    method: str = "trained",
    bits: int = 14,
    density: float | None = None,
    draws: int = 1,
    seconds: float | None = None,
    device: str | None = None,
    progress: Callable[[int, float], None] = lambda step, gap: None,
) -> Construction:
    """A network in full superposition that computes the AND of every given pair exactly.

    Args:
        inputs: number of inputs, m.
        pairs: (outputs, 2) distinct pairs of different input indices.
        neurons: n, the width of the square matrix.
        active: v, 2 or more. Training looks at all sets of so many inputs.
        seed: of code and decoder; the same arguments give the same network on the processor.
        method: one of :data:`METHODS`; all but the two key-value forms in closed form train.
        bits: of an entry of the rounded matrix, sign included; the last two methods have their own.
        density: share of ones in the code; None for one that does well.
        draws: seeds tried, from ``seed`` upwards.
        seconds: training of a draw ends after about so long.
        device: torch device for training; None for the processor.
        progress: called with (step, gap between the two sides) while training.

    Raises:
        InputError: pairs or numbers that do not fit.
        ProofError: no draw gave an exact network; it says how far the best one came.
    """
    tuples = as_pairs(pairs, inputs)
    require_feasible(inputs, len(tuples))
    _require_fitting(inputs, neurons, active, seed, method, bits, density, draws)
    if inputs > MOST_INPUTS:
        raise InputError(
            f"{inputs:,} inputs are too many for the superposed form: all overlaps of their "
            f"codewords are evened out, at most {MOST_INPUTS:,} can be handled; use the plain form"
        )
    # the proof takes the values of all pairs, whatever was trained
    require_trainable(inputs, len(tuples), 2 if method == "key-value" else active)
    share = code_density(inputs, len(tuples), active) if density is None else density
    best: tuple[float, int] | None = None
    for draw in range(seed, seed + draws):
        frame = Frame(
            balanced_code(neurons, inputs, share, draw),
            sign_decoder(len(tuples), neurons, draw),
            tuples,
            active,
        )
        matrix, facts = _matrix(frame, method, bits, seconds, device, draw, progress)
        low, high = value_extremes(frame, matrix)
        if low > high:
            facts |= {"density": share, "method": method, "draw": draw}
            return _construction(frame, matrix, low, high, seed, method, bits, facts)
        apart = (low - high) / max(abs(low), abs(high), 1)
        best = max(best, (apart, draw)) if best else (apart, draw)
    assert best is not None
    raise ProofError(
        f"no exact network of {neurons} neurons was found for {len(tuples)} ANDs at {active} "
        f"active inputs: in the best of {draws} (seed {best[1]}) the sides overlap by "
        f"{abs(best[0]):.1%}; give more neurons, another seed or more draws"
    )


def code_density(inputs: int, outputs: int, active: int) -> float:
    """A share of ones that does well; it depends on the sizes alone, never on the function."""
    sparse = SPARSE_DENSITY if outputs <= 2 * inputs else {}
    return sparse.get(active, DENSITY.get(active, 2 / (active + 2)))


def sign_decoder(outputs: int, neurons: int, seed: int) -> np.ndarray:
    """D: seeded +-1 int8 (outputs, neurons), independent of the code of the same seed."""
    rng = np.random.default_rng([seed, 1])
    return rng.choice(np.array([-1, 1], dtype=np.int8), (outputs, neurons))


def rounded(matrix: np.ndarray, bits: int) -> np.ndarray:
    """The matrix scaled and rounded to integers of so many bits, sign included: int64."""
    largest = float(np.abs(matrix).max())
    scale = (2 ** (bits - 1) - 1) / max(largest, 1e-300)
    return np.asarray(np.rint(matrix * scale).astype(np.int64))


def value_extremes(frame: Frame, matrix: np.ndarray) -> tuple[int, int]:
    """Least D W2 h where outputs should read true, largest elsewhere, over all inputs, exactly.

    Args:
        frame: code, decoder, pairs, active inputs.
        matrix: W2, integers (neurons, neurons).
    """
    gain = exact_product(frame.decoder.astype(np.int64), matrix)
    return extremes(gain_form(frame.code, gain, frame.pairs, frame.active))


def superposed_network(
    code: np.ndarray, matrix: np.ndarray, decoder: np.ndarray, level: float
) -> Network:
    """The network (T, -1, relu), (W2, 0, identity), (D, -level, identity), read above 0.

    All numbers are integers or half-integers, held exactly in float32 below 2^24.
    """
    kind = np.float32 if max(abs(level), np.abs(matrix).max()) < 1 << 23 else np.float64
    neurons = len(code)
    return Network.from_arrays(
        [code.astype(kind), matrix.astype(kind), decoder.astype(kind)],
        [
            np.full(neurons, -1, dtype=kind),
            np.zeros(neurons, dtype=kind),
            np.full(len(decoder), -level, dtype=kind),
        ],
        ["relu", "identity", "identity"],
    )


def _matrix(
    frame: Frame,
    method: str,
    bits: int,
    seconds: float | None,
    device: str | None,
    seed: int,
    progress: Callable[[int, float], None],
) -> tuple[np.ndarray, dict[str, Any]]:
    """The integer matrix of a method, and what is worth recording about it."""
    if method == "key-value":
        return rounded(key_value(frame), bits), {}
    if method == "least-squares":
        whitening = Whitening(frame)
        return rounded(whitening.matrix(least_squares(frame, whitening)), bits), {}
    if method in ENTRY_BITS:
        result = quantised(frame, 2 if method == "one-bit" else 3, seconds=seconds,
                           seed=seed, tick=progress)  # fmt: skip
        return result.matrix, {"steps": result.steps}
    trained = train(frame, seconds=seconds, device=device, tick=progress)
    return rounded(trained.matrix, bits), {"steps": trained.steps, "gap": trained.gap}


def _construction(
    frame: Frame,
    matrix: np.ndarray,
    low: int,
    high: int,
    seed: int,
    method: str,
    bits: int,
    facts: dict[str, Any],
) -> Construction:
    """The network, proved on its stored numbers."""
    level = (low + high) / 2
    network = superposed_network(frame.code, matrix, frame.decoder, level)
    specification = Specification(
        frame.inputs, family=Family("and", frame.pairs), domain={"at_most": frame.active}
    )
    verdict = check(network, specification, engine="superposed", margin=True, dtypes=())
    if not verdict.holds:
        raise ProofError(f"the stored network does not compute its ANDs: {verdict.status}")
    entry = ENTRY_BITS.get(method, float(bits))
    # the level is a number of its own; code and decoder follow from the seed
    width, of_level = frame.neurons, max(round(2 * level).bit_length(), 1)
    matrices = (
        Matrix("code T", (width, frame.inputs), "seed", 1, 0),
        Matrix("square matrix W", (width, width), "function", entry, math.ceil(entry * width**2)),
        Matrix("decoder D", (frame.outputs, width), "seed", 1, 0),
        Matrix("level", (), "function", of_level, of_level),
    )
    total = sum(matrix.bits for matrix in matrices)
    least = labelled_distinct_ands(frame.inputs, frame.outputs).bits()
    return Construction(
        kind="pairwise-and",
        form="superposition",
        network=network,
        specification=specification,
        active=frame.active,
        seed=seed,
        weight_bits=math.ceil(entry),
        total_bits=total,
        lower_bound={
            "bits": least,
            "neurons": neurons_square(least, math.ceil(entry)),
            "networks": "code and decoder fixed before the function, which one square matrix holds",
        },
        certified_how="complete criterion on the stored integers (docs/constructions.md)",
        parameters=facts
        | {
            "bits_an_entry": entry,
            "bits_over_bound": total / least,
            "c": frame.neurons / math.sqrt(frame.outputs * math.log(max(frame.outputs, 2))),
            "least_true": low,
            "largest_false": high,
            "margin": str(verdict.margin),
            "function_in": "the square matrix and one level",
        },
        matrices=matrices,
        proved_by="superposed",
    )


def _require_fitting(
    inputs: int,
    neurons: int,
    active: int,
    seed: int,
    method: str,
    bits: int,
    density: float | None,
    draws: int,
) -> None:
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(METHODS)}")
    if not 2 <= active <= inputs:
        raise InputError(
            f"active must lie between 2 and the {inputs} inputs, not {active}: "
            "with fewer active inputs no AND is ever true"
        )
    if neurons < 2:
        raise InputError(f"neurons must be 2 or more, not {neurons}")
    require_seed(seed)
    if not 2 <= bits <= 24:
        raise InputError(f"bits must lie between 2 and 24, not {bits}")
    if density is not None and not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
