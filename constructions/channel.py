"""The plain channel: few ones, many neurons, for tasks in which no input has much influence.

Every output listens to a random set of ``size`` neurons, and every input feeds the sets of the
outputs that it belongs to. The result is a plain code like any other, and proved by the same
criterion (docs/theory.md, section 4); its number of ones does not grow with the neurons.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..verify.engines.criterion import shared_rows
from ..verify.engines.plain_code import PlainCode, Rows
from ..verify.errors import InputError, ProofError
from .codes import PATIENCE, ROUNDS, Code

#: A size of the sets is taken when fewer than this share of the outputs is expected to fail.
FAILING = 0.01
#: Sizes that are tried.
SIZES = range(2, 65)


def channel_code(
    neurons: int,
    inputs: int,
    tuples: np.ndarray,
    active: int,
    seed: int = 0,
    *,
    tick: Callable[[], None] = lambda: None,
) -> Code:
    """Draw a set of neurons for every output, and draw those of violated outputs again.

    Args:
        neurons, inputs: shape of the code.
        tuples: distinct input indices (outputs, arity).
        active: v, the largest number of active inputs.
        seed: the same seed gives the same code.
        tick: called after every round.

    Raises:
        InputError: so few neurons that no size of the sets is expected to work.
        ProofError: no exact code was reached.
    """
    size = channel_size(neurons, inputs, tuples, active)
    if size is None:
        least = channel_neurons(inputs, tuples, active)
        raise InputError(
            f"--code channel: {neurons} neurons are too few for {len(tuples)} outputs on {inputs} "
            f"inputs; give about {least} or more, or use --code random"
        )
    rng = np.random.default_rng(seed)
    sets = _sets(rng, len(tuples), neurons, size)
    redrawn, best, best_round = 0, len(tuples) + 1, 0
    for done in range(ROUNDS + 1):
        plain = _plain(sets, tuples, neurons, inputs)
        top, _ = plain.imitations(active)
        tick()
        violated = np.flatnonzero(top >= plain.shared.sizes)
        if not violated.size:
            density = len(plain.code.items) / (neurons * inputs)
            return Code(plain, density, seed, done, redrawn, f"channel, sets of {size}")
        if len(violated) < best:
            best, best_round = len(violated), done
        if done - best_round >= PATIENCE:
            break
        sets[violated] = _sets(rng, len(violated), neurons, size)
        redrawn += len(violated)
    raise ProofError(
        f"no exact channel of {neurons} neurons was found for {len(tuples)} ANDs at {active} "
        f"active inputs: the best draw left {best} violated after {best_round} rounds of repair "
        f"(sets of {size}, seed {seed}); give more neurons or another seed"
    )


def channel_size(neurons: int, inputs: int, tuples: np.ndarray, active: int) -> int | None:
    """The least size of the sets with which few outputs are expected to fail; None for none.

    An estimate for inputs of average influence: it only decides where to begin.
    """
    for size in SIZES:
        if size <= neurons and _expected(size, neurons, inputs, tuples, active) < FAILING:
            return size
    return None


def channel_neurons(inputs: int, tuples: np.ndarray, active: int) -> int:
    """The least number of neurons, about, at which some size of the sets is expected to work."""
    low, high = 0, 1
    while channel_size(high, inputs, tuples, active) is None:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if channel_size(middle, inputs, tuples, active) is None:
            low = middle
        else:
            high = middle
    return high


def _expected(size: int, neurons: int, inputs: int, tuples: np.ndarray, active: int) -> float:
    """Expected sets of other inputs that imitate the missing member of one output.

    With density p of an input's column, each neuron of K is met X times by r others, and a sum
    of X - 1 over ``size`` neurons reaches 0 with probability at most rho^size, with
    rho = min over l of E exp(l (X - 1)) as in docs/theory.md, section 5.
    """
    arity = tuples.shape[1]
    r = max(0, min(active - arity + 1, inputs - arity))
    if not r:
        return 0.0
    influence = tuples.size / inputs
    density = 1 - (1 - size / neurons) ** influence
    if density >= 1 / r:
        return math.inf
    rho = density if r == 1 else r * density * (r * (1 - density) / (r - 1)) ** (r - 1)
    subsets = math.lgamma(inputs - arity + 1) - math.lgamma(r + 1)
    subsets -= math.lgamma(inputs - arity - r + 1)
    return math.exp(min(subsets + size * math.log(rho), 700.0))


def _sets(rng: np.random.Generator, count: int, neurons: int, size: int) -> np.ndarray:
    """Random sets of different neurons: int64 (count, size)."""
    sets = rng.integers(0, neurons, (count, size))
    while True:
        ordered = np.sort(sets, axis=1)
        twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not twice.size:
            return sets
        # dense sets would be drawn again for long
        sets[twice] = [rng.choice(neurons, size, replace=False) for _ in twice]


def _plain(sets: np.ndarray, tuples: np.ndarray, neurons: int, inputs: int) -> PlainCode:
    """The code in which every input feeds the sets of its outputs."""
    pairs = [(sets * inputs + member[:, None]).ravel() for member in tuples.T]
    code = np.unique(np.concatenate(pairs))
    feeds, fed = np.divmod(code, inputs)
    starts = np.searchsorted(feeds, np.arange(neurons + 1))
    # columns with a bit a neuron: their intersections are the sets K
    columns = np.zeros((inputs, -(-neurons // 8)), dtype=np.uint8)
    np.bitwise_or.at(columns, (fed, feeds >> 3), (128 >> (feeds & 7)).astype(np.uint8))
    return PlainCode(
        inputs, Rows(starts, fed), shared_rows(columns, tuples, neurons), Rows.table(tuples)
    )
