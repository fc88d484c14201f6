"""What networks read on many inputs at once, exactly: the inputs of a small domain, or a list."""

from __future__ import annotations

import numpy as np

from ..engines.dense import DenseEvaluator
from ..network import Network
from ..problem import Problem
from ..specification import Specification

#: How readings are written in arrays.
FALSE, TRUE, NEITHER = 0, 1, 2
#: Numbers in the widest array of a chunk; inputs whose exact values are computed at a time.
ELEMENTS, EXACT = 1 << 21, 256


class Readings:
    """Reads all outputs of a network.

    Floats filter with a proven error bound, integers decide what they leave open.

    Args:
        network: the network.
        specification: its domain's values and its read-out are used.
    """

    def __init__(self, network: Network, specification: Specification) -> None:
        self.problem = Problem(network, specification)
        self._evaluator = DenseEvaluator(self.problem)

    @property
    def work(self) -> int:
        """Multiplications an input."""
        return sum(layer.weight.size + 8 * layer.width for layer in self.problem.network.layers)

    @property
    def rows(self) -> int:
        """How many inputs are well read at once."""
        return int(np.clip(ELEMENTS // max(self.problem.network.widths), 16, 1 << 14))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """FALSE, TRUE or NEITHER, int8 (points, outputs), on a 0/1 matrix (points, inputs)."""
        result = np.full((len(points), len(self.problem.specification.outputs)), NEITHER, np.int8)
        values, lost = self._evaluator.values(points)
        unsure = np.zeros(result.shape, dtype=bool)
        for reading in (FALSE, TRUE):
            expected = np.full(result.shape, reading == TRUE)
            signs = self._evaluator.signs(values, lost, expected)
            result[~(signs.wrong | signs.undecided)] = reading
            unsure |= signs.undecided
        # an output that certainly reads true or false is settled, whatever else is unsure
        unsure &= result == NEITHER
        (rows,) = np.nonzero(unsure.any(axis=1))
        for start in range(0, len(rows), EXACT):
            chosen = rows[start : start + EXACT]
            result[chosen] = self._exact(points[chosen])
        return result

    def _exact(self, points: np.ndarray) -> np.ndarray:
        values = self.problem.values(points)
        readout = self.problem.specification.readout
        result = np.full(values.shape, NEITHER, np.int8)
        for reading in (FALSE, TRUE):
            expected = np.full(values.shape, reading == TRUE)
            wrong = readout.violated(readout.margins(values, expected), expected)
            result[~wrong] = reading
        return result
