"""All ANDs of two inputs at once, from compressed inputs: the task of arXiv 2408.05451, rebuilt.

A neuron listens to a random set of inputs through their sign codes, and the AND of two inputs is
read from all neurons that listen to both. No array depends on a function: there is only one.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from ...verify.engines.plain_code import Rows
from ...verify.errors import InputError, ProofError
from ...verify.family import Family
from ...verify.specification import Specification
from ..balanced_code import balanced_code
from ..construction import Construction, Matrix
from ..permutation import sign_code
from ..sizing import require_width
from .form import Channel, one_shot_network
from .pairwise import prover
from .reading import Reading, reading, stored_reading

#: Levels are so many parts of a true value.
PARTS = 1 << 10
#: Outputs times inputs that a search goes through in about a minute.
MOST_READS = 1 << 30


def universal_and(
    inputs: int,
    neurons: int,
    active: int = 2,
    seed: int = 0,
    *,
    density: float | None = None,
    draws: int = 3,
) -> Construction:
    """A network with compressed inputs that computes the AND of every pair of inputs exactly.

    h = max(T C^T C x - n, 0) with signs C and a 0/1 code T, both from the seed, and the pair
    {a, b} is read from the set T_a & T_b: true where the mean of h over it is above a common
    share of n. An own reconstruction of the task and the order of arXiv 2408.05451 (O~(m^(2/3))
    neurons), of which summaries were available only; exact instead of up to an error.

    Args:
        inputs: number of inputs, m; output number j is pair j of the upper triangle, row by row.
        neurons: n.
        active: v, 2 or more.
        seed: of signs and code; the same arguments give the same network.
        density: share of ones in the code; None for :func:`universal_density`.
        draws: seeds tried, from ``seed`` upwards.

    Raises:
        InputError: numbers that do not fit.
        ProofError: no draw gave an exact network; it says how far the best one came.
    """
    share = _fitting(inputs, neurons, active, seed, density, draws)
    best, best_draw = -math.inf, seed
    for draw in range(seed, seed + draws):
        channel = universal_channel(inputs, neurons, share, draw)
        found = reading(channel.products, channel.sets, channel.pairs, neurons, active)
        low, high = _shares(channel, found)
        level = _level(low, high)
        if level is not None:
            return _construction(channel, found, level, active, seed, draw, share)
        if low - high > best:
            best, best_draw = float(low - high), draw
    raise ProofError(
        f"no exact network of {neurons} neurons was found for all pairs of {inputs} inputs at "
        f"{active} active: in the best of {draws} (seed {best_draw}) the sides overlap by "
        f"{max(-best, 0):.1%} of a true value; give more neurons, another density or more draws"
    )


def universal_density(inputs: int, neurons: int) -> float:
    """The density at which overlaps and noise are about equal.

    The noise of a neuron has the variance v p m / n and an intersection n p^2 neurons; both are
    served by p of the order sqrt(n^-1 k), until p m / n is no longer small: docs/channels.md, 7.
    """
    crowded = math.sqrt(24 / neurons)
    return min(max(crowded, 0.05), 0.3, max(0.06 * neurons / inputs, 0.02))


def universal_channel(inputs: int, neurons: int, density: float, seed: int) -> Channel:
    """Signs, balanced code and intersections for all pairs; nothing depends on a function."""
    code = balanced_code(neurons, inputs, density, seed)
    pairs = np.stack(np.triu_indices(inputs, 1), axis=1).astype(np.int64)
    columns = code.T
    sets = Rows.of(np.flatnonzero(columns[a] & columns[b]) for a, b in pairs)
    return Channel(sign_code(neurons, inputs, seed), code.astype(np.int64), sets, pairs)


def _shares(channel: Channel, found: Reading) -> tuple[Fraction, Fraction]:
    """Least true and largest false value as shares of n times the size of the set."""
    sizes = [int(size) * channel.neurons for size in channel.sets.sizes]
    if min(sizes) == 0:
        return Fraction(0), Fraction(1)
    low = min(Fraction(value, size) for value, size in zip(found.low.tolist(), sizes, strict=True))
    high = max(
        Fraction(value, size) for value, size in zip(found.high.tolist(), sizes, strict=True)
    )
    return low, high


def _level(low: Fraction, high: Fraction) -> Fraction | None:
    """A multiple of 1/PARTS from ``high`` to below ``low``; None where there is none."""
    level = Fraction(round((low + high) / 2 * PARTS), PARTS)
    return level if high <= level < low else None


def _construction(
    channel: Channel, found: Reading, level: Fraction, active: int, seed: int, draw: int,
    density: float,
) -> Construction:  # fmt: skip
    n, inputs, outputs = channel.neurons, channel.inputs, channel.outputs
    # values are integers, so a level and a half less says the same as the level itself
    levels = np.array([math.floor(level * n * int(size)) + 0.5 for size in channel.sets.sizes])
    network = one_shot_network(channel, n, levels)
    if min(stored_reading(network, channel.pairs, active)) <= 0:
        raise ProofError("the stored network does not compute its ANDs")
    low, high = _shares(channel, found)
    domain = {"at_most": active}
    points = sum(math.comb(inputs, ones) for ones in range(active + 1))
    level_bits = PARTS.bit_length() - 1
    # the compressed input must tell all inputs of the domain apart
    state_bits = (points - 1).bit_length()
    return Construction(
        kind="universal-and",
        form="superposition",
        network=network,
        specification=Specification(
            inputs, family=Family("and", channel.pairs), domain=domain
        ),
        active=active,
        seed=seed,
        weight_bits=1,
        # one function, so nothing but the level is a choice
        total_bits=level_bits,
        lower_bound={
            "bits": 0,
            "state_bits": state_bits,
            "neurons": math.ceil(state_bits / math.log2(2 * active + 1)),
            "networks": f"compressed inputs tell all inputs apart, {2 * active + 1} values each",
        },
        certified_how="complete search on the stored integers (docs/channels.md, section 3)",
        parameters={
            "method": "universal channel",
            "reconstruction": "own, of the task and order of arXiv 2408.05451",
            "draw": draw,
            "density": density,
            "set_sizes": [int(channel.sets.sizes.min()), int(channel.sets.sizes.max())],
            "reads": [float(low), float(high)],
            "least_true": int(found.low.min()),
            "largest_false": int(found.high.max()),
            "level": str(level),
            "bits_an_entry": 1,
            "sets_searched": found.visited,
            "neurons_over_order": n / inputs ** (2 / 3),
            "neurons_over_outputs": n / outputs,
            "function_in": "nothing: the task is one function",
        },
        matrices=(
            Matrix("code C", (n, inputs), "seed", 1, 0),
            Matrix("listening code T", (n, inputs), "seed", 1, 0),
            Matrix("read-out: intersections", (outputs, n), "seed", 1, 0),
            Matrix("level", (), "function", level_bits, level_bits),
        ),
        proved_by=prover(network, active),
    )  # fmt: skip


def _fitting(
    inputs: int, neurons: int, active: int, seed: int, density: float | None, draws: int
) -> float:
    if not 2 <= active <= inputs:
        raise InputError(
            f"active must lie between 2 and the {inputs} inputs, not {active}: "
            "with fewer active inputs no AND is ever true"
        )
    if neurons < 2 or seed < 0 or draws < 1:
        raise InputError(
            "neurons must be 2 or more, the seed 0 or more and draws 1 or more, not "
            f"{neurons}, {seed} and {draws}"
        )
    require_width(neurons)
    if math.comb(inputs, 2) * inputs > MOST_READS:
        raise InputError(
            f"all pairs of {inputs:,} inputs are too many to be proved; at most "
            f"{MOST_READS:,} outputs times inputs can be handled"
        )
    if density is not None and not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    return universal_density(inputs, neurons) if density is None else density
