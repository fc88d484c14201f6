"""Passes over the values of a superposed network on inputs with up to three ones, through pairs.

A product of every row of A = D W2 with every hidden state takes outputs * C(m, 3) * neurons. Here
a product with the C(m, 2) pair states gives the moments of the pairs; the value of a triple is the
sum of three of them less a sum over the few neurons that all three feed. The places that are kept
are a thousandth or less, and steps of training use only these.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .states import Frame, Places
from .value_passes import HostPasses

#: Outputs that are summed side by side.
SIDE_BY_SIDE = 64


class TriplePasses(HostPasses):
    """Passes for three active inputs on the processor; they differ from the dense ones in scans.

    Args:
        frame: what is trained, with three active inputs.
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        first, second = np.triu_indices(frame.inputs, 1)
        #: Hidden states of the pairs: float32 (pairs, neurons).
        self.states = frame.columns[first] * frame.columns[second]
        #: Places of a block of outputs that there is room for.
        self.room = 1 << 16

    @cached_property
    def shared(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the list of a triple begins, and the neurons that all three of it feed."""
        from .kernels.triples import shared_neurons

        triples = np.ascontiguousarray(self.frame.supports[len(self.states) :])
        edges = np.zeros(len(triples) + 1, dtype=np.int64)
        kind = np.uint16 if self.frame.neurons < 1 << 16 else np.int32
        shared_neurons(self.frame.columns, triples, edges, np.empty(0, kind))
        members = np.empty(int(edges[-1]), dtype=kind)
        shared_neurons(self.frame.columns, triples, edges, members)
        return edges, members

    def scan(self, rows: np.ndarray, level: float) -> Places:
        from .kernels.triples import triples_above

        frame, parts = self.frame, []
        edges, members = self.shared
        own = np.sort(frame.pairs, axis=1)
        for start in range(0, frame.outputs, SIDE_BY_SIDE):
            part = slice(start, min(start + SIDE_BY_SIDE, frame.outputs))
            gains = np.zeros((frame.neurons + 1, part.stop - start), dtype=np.float32)
            gains[:-1] = rows[part].T
            moments = self.states @ gains[:-1]
            while True:
                kinds = np.int32, np.int32, np.float32
                found = tuple(np.empty(self.room, dtype=kind) for kind in kinds)
                count = triples_above(
                    moments, gains, edges, members, own[part], frame.inputs, np.float32(level),
                    *found,
                )  # fmt: skip
                if count <= self.room:
                    break
                self.room = 2 * count
            outputs, states, values = (array[:count] for array in found)
            parts.append((outputs + np.int32(start), states.copy(), values.copy()))
        return Places(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
