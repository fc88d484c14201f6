"""Neural permutation in superposition: m inputs pass through n numbers and come out in order.

e = C x, and output j reads true where row j of D W e is above a common level. The code C and the
decoder D (+-1 both) are drawn by a seed; only the n-by-n matrix W knows the permutation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..theory.counting import neurons_square, permutations
from ..verify.engines.superposition.exact_product import exact_product
from ..verify.errors import InputError, ProofError
from ..verify.family import Family
from ..verify.network import Network
from ..verify.specification import Specification
from .circuit import all_states
from .construction import Construction, Matrix
from .linear_separation import MOST_VALUES, separate
from .superposed import rounded, sign_decoder

#: How the square matrix may be found, and the bits of an entry where they are not a choice.
METHODS = ("trained", "closed-form", "one-bit")
#: Most inputs whose overlaps are looked at.
MOST_INPUTS = 1 << 14


def linear_extremes(matrix: np.ndarray, wanted: np.ndarray, active: int) -> tuple[int, int]:
    """Least value of a linear read-out where it should be true, and largest where it should not.

    Output j should be input ``wanted[j]``, on all inputs with at most v ones. The least value is
    the own entry with the v - 1 least others below 0, the largest the v greatest others above 0:
    both are attained, so the network is right at a level in between, and at no level otherwise.

    Args:
        matrix: integers (outputs, inputs), the value of each output at each single input.
        wanted: input of each output.
        active: v, 1 or more.

    Returns:
        (least true, largest false) over all outputs. Derived in docs/circuits.md.
    """
    outputs, inputs = matrix.shape
    own = matrix[np.arange(outputs), wanted]
    keep = np.ones(matrix.shape, dtype=bool)
    keep[np.arange(outputs), wanted] = False
    others = np.sort(matrix[keep].reshape(outputs, inputs - 1), axis=1)
    least = own + np.minimum(others[:, : active - 1], 0).sum(axis=1)
    largest = np.maximum(others[:, max(inputs - 1 - active, 0) :], 0).sum(axis=1)
    return int(least.min()), int(largest.max())


def superposed_permutation(
    order: Any,
    neurons: int,
    active: int = 2,
    seed: int = 0,
    *,
    method: str = "trained",
    bits: int = 12,
    draws: int = 1,
    seconds: float | None = None,
    progress: Callable[[int, float], None] = lambda step, gap: None,
) -> Construction:
    """A network in superposition whose output j is input ``order[j]``.

    Args:
        order: a permutation of 0 .. m-1, m at least 2.
        neurons: n, the width of the square matrix.
        active: v, the largest number of active inputs.
        seed: of code and decoder.
        method: ``closed-form``: W = sum over j of d_j c_order(j)^T; ``one-bit``: its signs;
            ``trained``: integers of ``bits`` bits, which takes fewer neurons.
        draws: seeds tried, from ``seed`` upwards.
        seconds: training of a draw ends after about so long.
        progress: called with (step, gap) while training.

    Raises:
        InputError: no permutation, or numbers that do not fit.
        ProofError: no draw gave an exact network; it says how far the best one came.
    """
    wanted = _permutation(order)
    inputs = len(wanted)
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'; use one of {', '.join(METHODS)}")
    require_active(active, inputs)
    if neurons < 1 or draws < 1 or seed < 0 or not 2 <= bits <= 24:
        raise InputError(
            "neurons and draws must be 1 or more, the seed 0 or more and bits between 2 and 24, "
            f"not {neurons}, {draws}, {seed} and {bits}"
        )
    _require_feasible(inputs, active, method)
    best, best_draw = -math.inf, seed
    for draw in range(seed, seed + draws):
        code = sign_code(neurons, inputs, draw)
        decoder = sign_decoder(inputs, neurons, draw).astype(np.int64)
        facts: dict[str, Any] = {"method": method, "draw": draw}
        matrix = decoder.T @ code.T[wanted]
        if method == "one-bit":
            matrix = np.where(matrix >= 0, 1, -1)
        elif method == "trained":
            found = _trained(code, decoder, wanted, active, seconds, progress)
            matrix = rounded(found.weights, bits)
            facts["steps"] = found.steps
        low, high = linear_extremes(
            exact_product(exact_product(decoder, matrix), code), wanted, active
        )
        if low > high:
            return _construction(code, matrix, decoder, wanted, active, seed, low, high, facts)
        apart = (low - high) / max(abs(low), abs(high), 1)
        if apart > best:
            best, best_draw = apart, draw
    raise ProofError(
        f"no exact network of {neurons} neurons was found for a permutation of {inputs} inputs at "
        f"{active} active: in the best of {draws} (seed {best_draw}) the sides overlap by "
        f"{abs(best):.1%}; give more neurons, another seed or more draws"
    )


def random_order(inputs: int, seed: int = 0) -> np.ndarray:
    """A random permutation of 0 .. inputs-1: int64 (inputs,). InputError for fewer than two."""
    if inputs < 2 or seed < 0:
        raise InputError(
            f"a permutation needs 2 inputs or more and a seed of 0 or more, not {inputs} and {seed}"
        )
    return np.random.default_rng([seed, 6]).permutation(inputs)


def read_order(path: Path) -> np.ndarray:
    """Read a permutation: the input of every output in turn, by spaces, commas or lines.

    ``#`` starts a comment. Raises InputError with the file and the mend.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; write the input of every output") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    order: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.split("#", 1)[0].replace(",", " ").split():
            if not (word.isascii() and word.isdigit() and len(word) < 10):
                raise InputError(
                    f"{path}: line {number}: expected input numbers such as '2 0 1', found '{word}'"
                )
            order.append(int(word))
    try:
        return _permutation(order)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def sign_code(neurons: int, inputs: int, seed: int) -> np.ndarray:
    """C: seeded +-1 int64 (neurons, inputs)."""
    rng = np.random.default_rng([seed, 3])
    return rng.choice(np.array([-1, 1], dtype=np.int64), (neurons, inputs))


def linear_network(matrices: list[np.ndarray], active: int, level: float) -> Network:
    """Linear layers with a common level behind them, as a network with n hidden ReLU neurons.

    The compressed numbers are at least -v, so h = ReLU(C x + v) is C x + v, and the next bias
    takes v away again. Outputs read true above 0. Held exactly, or ProofError.

    Args:
        matrices: integers: the code (neurons, inputs), and one or two behind it.
        active: v.
        level: what true values lie above.
    """
    shift = active if matrices[0].min() < 0 else 0
    biases = [np.zeros(len(matrix)) for matrix in matrices]
    biases[0] += shift
    biases[1] -= shift * matrices[1].sum(axis=1)
    biases[-1] -= level
    largest = max(float(np.abs(array).max()) for array in (*matrices, *biases))
    if largest >= 1 << 52:
        raise ProofError("the network's weights are too large to be stored exactly")
    kind = np.float32 if largest < 1 << 23 else np.float64
    return Network.from_arrays(
        [matrix.astype(kind) for matrix in matrices],
        [bias.astype(kind) for bias in biases],
        ["relu"] + ["identity"] * (len(matrices) - 1),
    )


def require_active(active: int, inputs: int) -> None:
    """Raise InputError where so many inputs cannot be active."""
    if not 1 <= active <= inputs:
        raise InputError(f"active must lie between 1 and the {inputs} inputs, not {active}")


def _permutation(order: Any) -> np.ndarray:
    array = np.asarray(order)
    if array.ndim != 1 or len(array) < 2 or array.dtype.kind not in "iu":
        raise InputError("order: give a list of two or more input numbers")
    if not np.array_equal(np.sort(array), np.arange(len(array))):
        raise InputError(
            f"order: every number from 0 to {len(array) - 1} must stand in it exactly once"
        )
    return array.astype(np.int64)


def _require_feasible(inputs: int, active: int, method: str) -> None:
    if inputs > MOST_INPUTS:
        raise InputError(
            f"{inputs:,} inputs are too many: all overlaps are looked at, at most "
            f"{MOST_INPUTS:,} can be handled"
        )
    count = sum(math.comb(inputs, size) for size in range(active + 1))
    if method == "trained" and count * inputs > MOST_VALUES:
        raise InputError(
            f"{count:,} inputs with at most {active} of {inputs} ones are too many to train on; "
            "use --method closed-form, or fewer inputs"
        )


def _trained(
    code: np.ndarray,
    decoder: np.ndarray,
    wanted: np.ndarray,
    active: int,
    seconds: float | None,
    progress: Callable[[int, float], None],
) -> Any:
    points = all_states(len(wanted), active)
    states = points.astype(np.float64) @ code.T
    return separate(
        states, points[:, wanted], decoder, gap=0.02, weight=4.0, seconds=seconds, tick=progress
    )


def _construction(
    code: np.ndarray,
    matrix: np.ndarray,
    decoder: np.ndarray,
    wanted: np.ndarray,
    active: int,
    seed: int,
    low: int,
    high: int,
    facts: dict[str, Any],
) -> Construction:
    level = (low + high) / 2
    network = linear_network([code, matrix, decoder], active, level)
    inputs, neurons = len(wanted), len(code)
    entry = 1 if facts["method"] == "one-bit" else int(np.abs(matrix).max()).bit_length() + 1
    least = permutations(inputs).bits()
    of_level = max(round(2 * level).bit_length(), 1)
    matrices = (
        Matrix("code C", (neurons, inputs), "seed", 1, 0),
        Matrix("square matrix W", (neurons, neurons), "function", entry, entry * neurons**2),
        Matrix("decoder D", (inputs, neurons), "seed", 1, 0),
        Matrix("level", (), "function", of_level, of_level),
    )
    total = sum(held.bits for held in matrices)
    return Construction(
        kind="permutation",
        form="superposition",
        network=network,
        specification=Specification(
            inputs, family=Family("and", wanted[:, None]), domain={"at_most": active}
        ),
        active=active,
        seed=seed,
        weight_bits=entry,
        total_bits=total,
        lower_bound={
            "bits": least,
            "neurons": neurons_square(least, entry),
            "networks": "code and decoder fixed before the function, which one square matrix holds",
        },
        certified_how="complete criterion for linear read-outs on the stored integers "
        "(docs/circuits.md)",
        parameters=facts
        | {
            "bits_over_bound": total / least,
            "c": neurons / math.sqrt(inputs * math.log(inputs)),
            "least_true": low,
            "largest_false": high,
            "function_in": "the square matrix and one level",
        },
        matrices=matrices,
    )
