"""Static decoders: clauses proposed from the weights of a hidden layer, no input is looked at.

Reconstructions: the decoder of arXiv 2504.08842 is not known. None is reliable by itself; what
they propose is tested, repaired and proved elsewhere (:mod:`.learn`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..tasks import Clause
from .codes import LARGEST, row_scales, witnesses
from .hidden_layer import HiddenLayer

#: Cliques are listed up to this many.
CLIQUES = 4096
#: Ratios below this are no gap.
EVEN = 1 + 1e-9
#: ``sweep``: gaps that are tried, largest clause, clauses that are returned.
GAPS, LARGEST_CLIQUE, SWEPT = 12, 5, 200
#: ``prefixes``: the longest list of literals of a neuron.
LONGEST = 10
#: ``cos``: permutations, and the quantile of their largest cosine that is the threshold.
PERMUTATIONS, QUANTILE = 200, 0.99

Decoder = Callable[[HiddenLayer], tuple[Clause, ...]]


def gradient_and_curvature(
    layer: HiddenLayer, density: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Expected gradient (inputs,) and second derivative (inputs, inputs) of the output.

    The value of a neuron before its activation is taken to be normal, with the mean and variance
    that independent inputs with this probability of a one give it. Derived for relu: the
    expected slope is Phi(mu/sigma), the expected curvature phi(mu/sigma)/sigma; for step these
    are phi(mu/sigma)/sigma and -(mu/sigma) phi(mu/sigma)/sigma^2.
    """
    from scipy.special import ndtr

    mean = layer.bias + density * layer.first.sum(axis=1)
    deviation = np.sqrt(density * (1 - density) * (layer.first**2).sum(axis=1))
    alive = deviation > 0
    deviation = np.where(alive, deviation, 1.0)
    ratio = mean / deviation
    bell = np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi)
    if layer.step:
        slope, bend = bell / deviation, -ratio * bell / deviation**2
    else:
        slope, bend = ndtr(ratio), bell / deviation
    weight = np.where(alive, layer.second, 0.0)
    gradient: np.ndarray = (weight * slope) @ layer.first
    curvature: np.ndarray = (layer.first * (weight * bend)[:, None]).T @ layer.first
    return gradient, curvature


def signed_interactions(layer: HiddenLayer, density: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Polarity of every input (Booleans) and the interaction of the two literals of every pair.

    Positive for literals that are needed together, negative for alternatives.
    """
    gradient, curvature = gradient_and_curvature(layer, density)
    sign = np.where(gradient >= 0, 1.0, -1.0)
    interactions = curvature * sign[:, None] * sign
    np.fill_diagonal(interactions, 0.0)
    return gradient >= 0, interactions


def hess(layer: HiddenLayer) -> tuple[Clause, ...]:
    """Maximal cliques of the interactions above their largest ratio gap."""
    polarity, interactions = signed_interactions(layer)
    cuts = _gaps(interactions, 1)
    if not cuts:
        return ()
    cliques = maximal_cliques(interactions > cuts[0])
    return tuple(_clause(clique, polarity) for clique in cliques if len(clique) > 1)


def sweep(layer: HiddenLayer) -> tuple[Clause, ...]:
    """Cliques at the twelve largest gaps, those that persist over most of them first."""
    polarity, interactions = signed_interactions(layer)
    times: dict[tuple[int, ...], int] = {}
    for cut in _gaps(interactions, GAPS):
        for clique in maximal_cliques(interactions > cut):
            if 2 <= len(clique) <= LARGEST_CLIQUE:
                times[clique] = times.get(clique, 0) + 1
    order = sorted(times, key=lambda clique: (-times[clique], clique))
    return tuple(_clause(clique, polarity) for clique in order[:SWEPT])


def row(layer: HiddenLayer) -> tuple[Clause, ...]:
    """The literals of every positive witness down to the largest ratio among its first four."""
    found: dict[Clause, None] = {}
    for literals, magnitude in _rows(layer):
        ends = min(LARGEST, len(magnitude) - 1)
        if ends < 1:
            continue
        following = np.maximum(magnitude[1 : ends + 1], 1e-300)
        cut = min(int(np.argmax(magnitude[:ends] / following)) + 1, len(literals))
        found[tuple(sorted(literals[:cut]))] = None
    return tuple(found)


def prefixes(layer: HiddenLayer) -> tuple[Clause, ...]:
    """The largest 2 to 10 literals of every positive witness: generous, meant to be shortened."""
    found: dict[Clause, None] = {}
    lists = [literals for literals, _ in _rows(layer)]
    for length in range(2, LONGEST + 1):
        for literals in lists:
            if length <= len(literals):
                found[tuple(sorted(literals[:length]))] = None
    return tuple(found)


def cos(layer: HiddenLayer, seed: int = 0) -> tuple[Clause, ...]:
    """Groups of inputs whose columns point the same way, beyond what permuted rows do.

    A baseline. Columns are weighted by the root of the second weights' magnitude; the threshold
    is a quantile of the largest cosine of 200 matrices whose rows have been permuted, which
    bounds the probability of any edge without structure.
    """
    rng = np.random.default_rng(seed)
    matrix = layer.first * np.sqrt(np.abs(layer.second))[:, None]
    largest = [
        np.abs(_cosines(rng.permuted(matrix, axis=1))).max(initial=0.0) for _ in range(PERMUTATIONS)
    ]
    threshold = float(np.quantile(largest, QUANTILE))
    gradient, _ = gradient_and_curvature(layer)
    groups = _components(np.abs(_cosines(matrix)) > threshold)
    return tuple(_clause(group, gradient >= 0) for group in groups if len(group) > 1)


#: The decoders whose quality is measured, by name.
DECODERS: dict[str, Decoder] = {"cos": cos, "hess": hess, "row": row, "sweep": sweep}


def candidates(layer: HiddenLayer) -> tuple[Clause, ...]:
    """What is handed to the tests: rows and swept cliques, then longer lists of every neuron."""
    return tuple(dict.fromkeys([*row(layer), *sweep(layer), *prefixes(layer)]))


def maximal_cliques(adjacent: np.ndarray) -> list[tuple[int, ...]]:
    """Maximal cliques of a graph (Bron and Kerbosch, with a pivot), at most 4,096 of them."""
    neighbours = [set(np.flatnonzero(line).tolist()) - {i} for i, line in enumerate(adjacent)]
    found: list[tuple[int, ...]] = []
    for clique in _grown((), {i for i, near in enumerate(neighbours) if near}, set(), neighbours):
        found.append(tuple(sorted(clique)))
        if len(found) >= CLIQUES:
            break
    return sorted(found)


def _grown(
    clique: tuple[int, ...], open_: set[int], closed: set[int], neighbours: Sequence[set[int]]
) -> Iterator[tuple[int, ...]]:
    if not open_ and not closed:
        if clique:
            yield clique
        return
    if not open_:
        return
    pivot = max(open_ | closed, key=lambda v: len(neighbours[v] & open_))
    for v in sorted(open_ - neighbours[pivot]):
        yield from _grown((*clique, v), open_ & neighbours[v], closed & neighbours[v], neighbours)
        open_ = open_ - {v}
        closed = closed | {v}


def _gaps(interactions: np.ndarray, number: int) -> list[float]:
    """Cuts between neighbouring positive interactions, largest ratio first.

    Interactions of exactly 0 are below all others by an infinite ratio.
    """
    upper = interactions[np.triu_indices(len(interactions), 1)]
    positive = np.sort(upper[upper > 0])[::-1]
    if len(positive) == 0:
        return []
    ratios = positive[:-1] / positive[1:]
    cuts: list[float] = []
    if (upper == 0).any() or ratios.max(initial=1.0) < EVEN:
        cuts.append(float(positive[-1]) / 2)
    order = np.argsort(-ratios, kind="stable")
    cuts += [float(np.sqrt(positive[i] * positive[i + 1])) for i in order]
    return cuts[:number]


def _rows(layer: HiddenLayer) -> Iterator[tuple[list[tuple[int, bool]], np.ndarray]]:
    """Literals of every positive witness, and all magnitudes of its row, largest first."""
    scales = row_scales(layer.first)
    for r in np.flatnonzero((witnesses(layer.second) > 0) & (scales > 0)):
        weights = layer.first[r]
        order = np.argsort(-np.abs(weights), kind="stable")
        literals = [(int(i), bool(weights[i] > 0)) for i in order if weights[i] != 0]
        yield literals, np.abs(weights[order])


def _clause(inputs: Sequence[int], polarity: np.ndarray) -> Clause:
    return tuple((int(i), bool(polarity[i])) for i in sorted(inputs))


def _cosines(matrix: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(matrix, axis=0)
    unit = matrix / np.where(length > 0, length, 1.0)
    cosines: np.ndarray = unit.T @ unit
    np.fill_diagonal(cosines, 0.0)
    return cosines


def _components(adjacent: np.ndarray) -> list[tuple[int, ...]]:
    left, found = set(range(len(adjacent))), []
    while left:
        group, waiting = set(), [left.pop()]
        while waiting:
            i = waiting.pop()
            group.add(i)
            near = left & set(np.flatnonzero(adjacent[i]).tolist())
            left -= near
            waiting += near
        found.append(tuple(sorted(group)))
    return sorted(found)
