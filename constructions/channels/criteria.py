"""Certificates for channels that need no search: bounds on the noise, in exact integers.

docs/channels.md, section 4, states and proves them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .form import Channel
from .reading import reading

#: Numbers of a block of noise.
ELEMENTS = 1 << 24


@dataclass(frozen=True)
class NoiseBound:
    """What the noise bound says of a one-shot channel at two active inputs, in units of 1/(k n).

    Attributes:
        largest: max over outputs of the sum of the two largest noise sums over its set.
        overlap: most neurons of a set that listen to both inputs of another pair.
        true_from: the bound on values that should read true.
        false_to: the bound on the others.
    """

    largest: int
    overlap: int
    true_from: int
    false_to: int

    @property
    def proves(self) -> bool:
        """Whether a common level lies between the bounds."""
        return self.true_from > self.false_to


def noise_bound(channel: Channel, bias: int) -> NoiseBound:
    """Bound all reads at v = 2 by overlaps and sums of noise magnitudes.

    Sound, not complete: a channel that it does not prove may be right. Needs n <= bias < 2n, and
    sets of equal size.
    """
    n, sets = channel.neurons, channel.sets
    if not n <= bias < 2 * n:
        raise ValueError(f"the bias must lie from {n} to below {2 * n}, not {bias}")
    gain = 2 * n - bias
    sums = np.zeros(channel.outputs, dtype=np.int64)
    magnitudes = np.abs(channel.noise)
    step = max(ELEMENTS // max(channel.inputs * int(sets.sizes.max()), 1), 1)
    for start in range(0, channel.outputs, step):
        rows = range(start, min(start + step, channel.outputs))
        totals = np.stack([magnitudes[sets.row(j)].sum(axis=0) for j in rows])
        top = min(2, totals.shape[1])
        sums[rows.start : rows.stop] = np.partition(totals, -top, axis=1)[:, -top:].sum(axis=1)
    overlaps = reading(channel.feeds, sets, channel.pairs, 1, 2).high
    low = int((sets.sizes * gain - sums).min())
    high = int((overlaps * gain + sums).max())
    return NoiseBound(int(sums.max()), int(overlaps.max()), low, high)


@dataclass(frozen=True)
class CleanBound:
    """What is known of a clean channel on all inputs with at most v ones.

    Attributes:
        least: least W e at a neuron that at least two active inputs feed.
        most: largest W e at a neuron that at most one feeds; the step must lie between.
        overlap: bound on the neurons of a set that are on when its pair is not active;
            attained at two active inputs.
        size: neurons of a set.
    """

    least: int
    most: int
    overlap: int
    size: int

    def proves(self, limit: int) -> bool:
        """Whether z = [W e > limit] is [at least two fed] everywhere, and every read right."""
        return self.most <= limit < self.least and self.overlap < self.size


def clean_bound(products: np.ndarray, channel: Channel, active: int) -> CleanBound:
    """Exact extremes of W e at every neuron, and the largest overlap of the sets.

    Complete for the states at any v. At v = 2 complete for the reads too; above, an active set
    of outputs is bounded by counts of pairs.

    Args:
        products: P, as stored: int64 (neurons, inputs).
        channel: which inputs feed which neurons, sets and pairs.
        active: v, 2 or more.
    """
    feeds = channel.feeds.astype(bool)
    least, most = None, 0
    for row, fed in zip(products, feeds, strict=True):
        inside, outside = np.sort(row[fed]), np.sort(row[~fed])
        loud = np.maximum(outside[::-1][:active], 0)
        best = int(loud.sum())
        if inside.size:
            best = max(best, int(inside[-1] + loud[: active - 1].sum()))
        most = max(most, best)
        if inside.size >= 2:
            others = np.sort(np.concatenate([inside[2:], outside]))[: active - 2]
            value = int(inside[:2].sum() + np.minimum(others, 0).sum())
            least = value if least is None else min(least, value)
    overlap = int(reading(channel.feeds, channel.sets, channel.pairs, 1, active).high.max())
    size = int(channel.sets.sizes.min())
    return CleanBound(2 * most + 1 if least is None else least, most, overlap, size)
