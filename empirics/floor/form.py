"""Integer networks of a known form: which arrays hold the function, and what a change leaves.

A form is a network whose arrays are split into those that hold the function and those that were
drawn before it was known. Levels of the read-out are not chosen: they follow from the exact values,
so that an array can be pruned or rounded without moving them by hand.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from ...constructions.conjunction import and_specification
from ...constructions.states import Frame
from ...constructions.superposed import superposed_network
from ...verify.engines.superposition.exact_product import exact_product
from ...verify.network import Network
from ...verify.specification import Specification

#: Beyond this, halves are not held exactly in float32.
SINGLE = 1 << 22


def signed_values(bits: int) -> int:
    """Nonzero integers of so many bits, sign included, as many above as below 0."""
    return int(2**bits) - 2


def states(inputs: int, active: int) -> np.ndarray:
    """All inputs with at most ``active`` ones: uint8 (states, inputs), fewest ones first."""
    rows = [c for count in range(active + 1) for c in combinations(range(inputs), count)]
    points = np.zeros((len(rows), inputs), dtype=np.uint8)
    for row, ones in enumerate(rows):
        points[row, list(ones)] = 1
    return points


class Form(ABC):
    """A network of integers for pairwise ANDs, and what of it holds the function.

    Attributes:
        pairs: int64 (outputs, 2).
        active: v, the most ones of an input.
        arrays: those that hold the function, int64, by name.
        values: by the same names, how many nonzero numbers an entry may be.
    """

    pairs: np.ndarray
    active: int
    values: Mapping[str, int]

    @property
    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]: ...

    @property
    @abstractmethod
    def inputs(self) -> int: ...

    @property
    @abstractmethod
    def neurons(self) -> int: ...

    @abstractmethod
    def with_arrays(
        self, arrays: Mapping[str, np.ndarray], values: Mapping[str, int] | None = None
    ) -> Form:
        """The same form with other arrays, entries of other ranges where ``values`` says so."""

    @abstractmethod
    def network(self) -> Network:
        """The network, its levels in the middle between the values of both sides."""

    @property
    @abstractmethod
    def separated(self) -> bool:
        """Whether levels exist at which every output is right on every input of the domain."""

    @property
    @abstractmethod
    def side_bits(self) -> float:
        """Bits of the numbers beside the arrays: levels, and biases that are no constants."""

    @cached_property
    def specification(self) -> Specification:
        """What the network is to compute."""
        return and_specification(self.inputs, self.pairs, self.active, compact=True)

    @cached_property
    def points(self) -> np.ndarray:
        """Every input of the domain: uint8 (states, inputs)."""
        return states(self.inputs, self.active)

    @cached_property
    def true(self) -> np.ndarray:
        """Which outputs should read true: Booleans (outputs, states)."""
        points = self.points.astype(bool)
        return np.asarray((points[:, self.pairs[:, 0]] & points[:, self.pairs[:, 1]]).T)

    @property
    def places(self) -> int:
        """Entries of the arrays that hold the function."""
        return sum(array.size for array in self.arrays.values())

    @property
    def nonzeros(self) -> int:
        """Those of them that are not 0."""
        return sum(int(np.count_nonzero(array)) for array in self.arrays.values())


@dataclass(frozen=True, eq=False)
class SquareForm(Form):
    """Full superposition: one square matrix holds the function; code and decoder do not.

    h = ReLU(Tx - 1), and output j reads true where row j of D W h is above one common level.

    Attributes:
        frame: code T, decoder D, pairs and active inputs.
        matrix: W, int64 (neurons, neurons).
    """

    frame: Frame
    matrix: np.ndarray
    values: Mapping[str, int]

    @property
    def pairs(self) -> np.ndarray:  # type: ignore[override]
        return self.frame.pairs

    @property
    def active(self) -> int:  # type: ignore[override]
        return self.frame.active

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"W": self.matrix}

    @property
    def inputs(self) -> int:
        return self.frame.inputs

    @property
    def neurons(self) -> int:
        return self.frame.neurons

    def with_arrays(
        self, arrays: Mapping[str, np.ndarray], values: Mapping[str, int] | None = None
    ) -> SquareForm:
        """The same code and decoder around another matrix."""
        return replace(self, matrix=arrays["W"], values=self.values if values is None else values)

    @cached_property
    def hidden(self) -> np.ndarray:
        """Hidden neurons on every input: int64 (neurons, states)."""
        fed = self.frame.code.astype(np.int64) @ self.points.T.astype(np.int64)
        return np.maximum(fed - 1, 0)

    @cached_property
    def scores(self) -> np.ndarray:
        """D W h on every input: int64 (outputs, states)."""
        gain = exact_product(self.frame.decoder.astype(np.int64), self.matrix)
        return np.asarray(exact_product(gain, self.hidden))

    @cached_property
    def sides(self) -> tuple[int, int]:
        """Least value that should read true, largest other one."""
        return int(self.scores[self.true].min()), int(self.scores[~self.true].max())

    @property
    def separated(self) -> bool:
        low, high = self.sides
        return low > high

    @property
    def level(self) -> float:
        """The common level, in the middle."""
        return sum(self.sides) / 2

    def network(self) -> Network:
        """The network of three layers, exact in float32 where the numbers are small enough."""
        return superposed_network(self.frame.code, self.matrix, self.frame.decoder, self.level)

    @property
    def side_bits(self) -> float:
        return max(abs(round(2 * self.level)).bit_length(), 1)


@dataclass(frozen=True, eq=False)
class FreeForm(Form):
    """One hidden layer, all of whose weights may hold the function: h = ReLU(Tx + c), read K h.

    Every output has a level of its own. Where it can be one half less than the sum of its row of
    K (as in plain networks) for all outputs, it takes no bits.

    Attributes:
        pairs, active: the task.
        first: T, int64 (neurons, inputs).
        shift: c, int64 (neurons,).
        second: K, int64 (outputs, neurons).
        constant_shift: c is the same for every function.
    """

    pairs: np.ndarray
    active: int
    first: np.ndarray
    shift: np.ndarray
    second: np.ndarray
    values: Mapping[str, int]
    constant_shift: bool = True

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"T": self.first, "K": self.second}

    @property
    def inputs(self) -> int:
        return int(self.first.shape[1])

    @property
    def neurons(self) -> int:
        return int(self.first.shape[0])

    def with_arrays(
        self, arrays: Mapping[str, np.ndarray], values: Mapping[str, int] | None = None
    ) -> FreeForm:
        """The same biases with other weights."""
        return replace(
            self,
            first=arrays["T"],
            second=arrays["K"],
            values=self.values if values is None else values,
        )

    @cached_property
    def fed(self) -> np.ndarray:
        """Tx + c on every input: int64 (neurons, states)."""
        fed = exact_product(self.first, self.points.T.astype(np.int64))
        return np.asarray(np.asarray(fed) + self.shift[:, None])

    @cached_property
    def scores(self) -> np.ndarray:
        """K h on every input: int64 (outputs, states)."""
        return np.asarray(exact_product(self.second, np.maximum(self.fed, 0)))

    @cached_property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """By output: least value that should read true, largest other one."""
        low = np.where(self.true, self.scores, np.iinfo(np.int64).max).min(axis=1)
        high = np.where(self.true, np.iinfo(np.int64).min, self.scores).max(axis=1)
        return low, high

    @property
    def separated(self) -> bool:
        low, high = self.sides
        return bool((low > high).all())

    @cached_property
    def _levels(self) -> tuple[np.ndarray, float]:
        """Levels times 2, and the bits that they take."""
        low, high = self.sides
        by_rule = self.second.sum(axis=1)
        if ((high < by_rule) & (by_rule <= low)).all():
            return 2 * by_rule - 1, 0.0
        if not (low > high).all():
            # where no level is right, the middle
            return low + high, _list_bits(low + high)
        # the coarsest grid with a point above the one side and at most at the other, everywhere
        step = 1 << int(low.max() - high.min()).bit_length()
        while True:
            ticks = low // step
            if (ticks * step > high).all():
                return 2 * ticks * step - 1, _list_bits(ticks)
            step //= 2

    def network(self) -> Network:
        """The network of two layers, exact in float32 where the numbers are small enough."""
        levels = self._levels[0]
        most = max(int(np.abs(a).max()) for a in (self.first, self.shift, self.second, levels))
        kind = np.float32 if most < SINGLE else np.float64
        return Network.from_arrays(
            [self.first.astype(kind), self.second.astype(kind)],
            [self.shift.astype(kind), (-levels / 2).astype(kind)],
        )

    @property
    def side_bits(self) -> float:
        return self._levels[1] + (0.0 if self.constant_shift else _list_bits(self.shift))


def _list_bits(numbers: np.ndarray) -> float:
    """Bits of integers, each from a range whose two ends are written before them."""
    low, high = int(numbers.min()), int(numbers.max())
    ends = sum(abs(end).bit_length() + 1 for end in (low, high))
    return ends + len(numbers) * math.log2(high - low + 1)
