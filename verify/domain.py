"""The inputs that matter: a finite set of Boolean vectors, known exactly."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .bitprogram import BitProgram
from .formula import And, AtLeast, AtMost, Formula, Not, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Domains whose size has no closed form are counted one by one up to this many candidates.
COUNTABLE = 1 << 22
#: Enumerated vectors are handed over in matrices of at most this many bytes.
CHUNK_BYTES = 1 << 26


@dataclass(frozen=True)
class Ball:
    """All vectors that differ from ``centre`` in at most ``radius`` places."""

    centre: tuple[bool, ...]
    radius: int


@dataclass(frozen=True, eq=False)
class Domain:
    """An intersection of constraints on Boolean input vectors.

    Read one from its notation with :func:`superproof.verify.domain_notation.parse_domain`.

    Attributes:
        names: input names; the order is the order of the network's inputs.
        values: what a false and a true input feed to the network.
        at_least, at_most: bounds on the number of true inputs.
        balls: Hamming balls, all of which must contain the vector.
        one_hot: disjoint groups of input indices, exactly one of each is true.
        where: a formula over the names that must hold.
        points: explicit list, bool (points, inputs) without repetitions, or None for no list.
    """

    names: tuple[str, ...]
    values: tuple[Fraction, Fraction] = (Fraction(0), Fraction(1))
    at_least: int = 0
    at_most: int = -1
    balls: tuple[Ball, ...] = ()
    one_hot: tuple[tuple[int, ...], ...] = ()
    where: Formula | None = None
    points: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.at_most < 0:
            object.__setattr__(self, "at_most", len(self.names))
        exact = tuple(Fraction(int(v.numerator), int(v.denominator)) for v in self.values)
        object.__setattr__(self, "values", exact)

    @property
    def inputs(self) -> int:
        """Number of input bits."""
        return len(self.names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each input name."""
        return {name: i for i, name in enumerate(self.names)}

    @property
    def is_all(self) -> bool:
        """True when every vector belongs to the domain."""
        free = not (self.has_cardinality or self.balls or self.one_hot or self.where is not None)
        return free and self.points is None

    @property
    def has_cardinality(self) -> bool:
        """True when the number of true inputs is restricted."""
        return self.at_least > 0 or self.at_most < self.inputs

    def constraint(
        self, *, cardinality: bool = True, balls: int = 0, one_hot: bool = True
    ) -> Formula | None:
        """The constraints as one formula, None when there is none; the point list is left out.

        An enumeration that respects some constraints by itself leaves them out: the
        cardinality, the first ``balls`` balls, the one-hot groups.
        """
        variables = tuple(Variable(name) for name in self.names)
        parts: list[Formula] = []
        if cardinality and self.at_least > 0:
            parts.append(AtLeast(self.at_least, variables))
        if cardinality and self.at_most < self.inputs:
            parts.append(AtMost(self.at_most, variables))
        for ball in self.balls[balls:]:
            flips = tuple(
                Not(v) if bit else v for v, bit in zip(variables, ball.centre, strict=True)
            )
            parts.append(AtMost(ball.radius, flips))
        if one_hot:
            for group in self.one_hot:
                members = tuple(variables[i] for i in group)
                parts += [AtLeast(1, members), AtMost(1, members)]
        if self.where is not None:
            parts.append(self.where)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    @cached_property
    def _where(self) -> BitProgram | None:
        return None if self.where is None else BitProgram.compile([self.where], self.index)

    def _admitted(self, points: np.ndarray) -> np.ndarray:
        """Which rows meet the constraints, the point list left out."""
        bits = points.astype(bool)
        inside = np.ones(len(bits), dtype=bool)
        if self.has_cardinality:
            true = np.count_nonzero(bits, axis=1)
            inside &= (true >= self.at_least) & (true <= self.at_most)
        for ball in self.balls:
            inside &= np.count_nonzero(bits ^ np.array(ball.centre), axis=1) <= ball.radius
        for group in self.one_hot:
            inside &= np.count_nonzero(bits[:, list(group)], axis=1) == 1
        if self._where is not None:
            inside &= self._where.run_points(bits)[:, 0]
        return inside

    @cached_property
    def _listed(self) -> frozenset[bytes]:
        assert self.points is not None
        return frozenset(row.tobytes() for row in self.points.astype(bool))

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which rows of a 0/1 matrix (points, inputs) belong to the domain, as Booleans."""
        inside = self._admitted(points)
        if self.points is not None:
            listed = [row.tobytes() in self._listed for row in points.astype(bool)]
            inside &= np.array(listed, dtype=bool)
        return inside

    @cached_property
    def candidates(self) -> int:
        """How many vectors :meth:`chunks` visits before filtering: at least the size."""
        if self.points is not None:
            return len(self.points)
        return min(self._product_size(), self._ball_size())

    def _product_size(self) -> int:
        grouped = sum(map(len, self.one_hot))
        return math.prod(map(len, self.one_hot)) << (self.inputs - grouped)

    def _ball_size(self) -> int:
        lowest, highest = self._shell()
        return _subsets(self.inputs, lowest, highest)

    def _shell(self) -> tuple[int, int]:
        """Numbers of flips away from the centre (the first ball's, else zero) to visit."""
        if self.balls and not self.has_cardinality:
            return 0, min(self.balls[0].radius, self.inputs)
        return self.at_least, self.at_most

    @cached_property
    def size(self) -> int | None:
        """Exact number of vectors, or None where it is neither closed-form nor countable."""
        if self._has_closed_form:
            return self._closed_form_size()
        if self.candidates > COUNTABLE:
            return None
        return sum(len(chunk) for chunk in self.chunks())

    def is_empty(self) -> bool:
        """True when the domain is known to hold no vector (False also where nobody knows)."""
        if self._has_closed_form:
            return self.size == 0
        return self.candidates <= COUNTABLE and not any(len(chunk) for chunk in self.chunks())

    @property
    def _has_closed_form(self) -> bool:
        if self.points is not None or self.where is not None:
            return False
        if len(self.balls) + self.has_cardinality <= 1:
            return True
        states = (min(self.at_most, self.inputs) + 1) * math.prod(b.radius + 1 for b in self.balls)
        return states * self.inputs <= COUNTABLE

    def _closed_form_size(self) -> int:
        """Counts vectors by their distance from the centre: one polynomial factor a group."""
        if len(self.balls) + self.has_cardinality > 1:
            return self._size_by_distances()
        if not self.one_hot:
            return self._ball_size()
        if not (self.balls or self.has_cardinality):
            return self._product_size()
        centre = self.balls[0].centre if self.balls else (False,) * self.inputs
        lowest, highest = self._shell()
        counts = [1]
        free = self.inputs
        for group in self.one_hot:
            free -= len(group)
            flips_to_zero = sum(centre[i] for i in group)
            factor = [0] * (len(group) + 2)
            for i in group:
                factor[flips_to_zero + (-1 if centre[i] else 1)] += 1
            counts = _convolve(counts, factor)[: highest + 1]
        # the free inputs take what the groups leave
        return sum(
            count * _subsets(free, lowest - used, highest - used)
            for used, count in enumerate(counts)
            if count
        )

    def _size_by_distances(self) -> int:
        """Counts vectors by the number of ones and the distances from all centres at once."""
        centres = [(False,) * self.inputs, *(ball.centre for ball in self.balls)]
        limits = [self.at_most, *(ball.radius for ball in self.balls)]
        grouped = {i for group in self.one_hot for i in group}
        # a group has one true member, an input by itself may also be false
        parts = [(group, False) for group in self.one_hot]
        parts += [((i,), True) for i in range(self.inputs) if i not in grouped]
        counts = {(0,) * len(centres): 1}
        for members, may_be_false in parts:
            none = [sum(centre[i] for i in members) for centre in centres]
            steps = Counter(
                tuple(n + 1 - 2 * c[i] for n, c in zip(none, centres, strict=True)) for i in members
            )
            if may_be_false:
                steps[tuple(none)] += 1
            following = Counter[tuple[int, ...]]()
            for state, count in counts.items():
                for step, ways in steps.items():
                    reached = tuple(map(int.__add__, state, step))
                    if all(map(int.__le__, reached, limits)):
                        following[reached] += count * ways
            counts = following
        return sum(count for (ones, *_), count in counts.items() if ones >= self.at_least)

    def chunks(self, rows: int = 1 << 14) -> Iterator[np.ndarray]:
        """All vectors of the domain, once each, as uint8 matrices of at most ``rows`` rows.

        A matrix may be empty, so that a caller can look at the clock where few vectors pass.
        """
        rows = max(min(rows, CHUNK_BYTES // max(self.inputs, 1)), 1)
        if self.points is not None:
            source: Iterator[np.ndarray] = (
                self.points[i : i + rows].astype(np.uint8) for i in range(0, len(self.points), rows)
            )
        elif self._product_size() <= self._ball_size():
            source = self._product_chunks(rows)
        else:
            source = self._ball_chunks(rows)
        for chunk in source:
            yield chunk if self.is_all else chunk[self._admitted(chunk)]

    def _product_chunks(self, rows: int) -> Iterator[np.ndarray]:
        """Mixed-radix counting: one digit a one-hot group, one a free input (first is slowest)."""
        grouped = {i for group in self.one_hot for i in group}
        digits: list[tuple[int, ...]] = [*self.one_hot]
        digits += [(i,) for i in range(self.inputs) if i not in grouped]
        digits.sort()
        total = self._product_size()
        for start in range(0, total, rows):
            rank = np.arange(
                start, min(start + rows, total), dtype=object if total > 1 << 62 else np.int64
            )
            chunk = np.zeros((len(rank), self.inputs), dtype=np.uint8)
            line = np.arange(len(rank))
            for digit in reversed(digits):
                if len(digit) == 1 and digit[0] not in grouped:
                    chunk[:, digit[0]] = rank % 2
                    rank = rank // 2
                else:
                    chunk[line, np.array(digit)[(rank % len(digit)).astype(np.int64)]] = 1
                    rank = rank // len(digit)
            yield chunk

    def _ball_chunks(self, rows: int) -> Iterator[np.ndarray]:
        """The centre, then all single flips, all double flips, ..."""
        lowest, highest = self._shell()
        centre = np.zeros(self.inputs, dtype=np.uint8)
        if self.balls and not self.has_cardinality:
            centre[:] = self.balls[0].centre
        for flips in range(lowest, highest + 1):
            combinations = itertools.combinations(range(self.inputs), flips)
            while batch := list(itertools.islice(combinations, rows)):
                chunk = np.tile(centre, (len(batch), 1))
                if flips:
                    where = np.array(batch)
                    chunk[np.arange(len(batch))[:, None], where] ^= 1
                yield chunk

    def canonical(self) -> dict[str, Any]:
        """The constraints as plain JSON data; equal data, equal set of constraints."""
        data: dict[str, Any] = {"values": [str(v) for v in self.values]}
        if self.has_cardinality:
            data["cardinality"] = [self.at_least, self.at_most]
        if self.balls:
            data["within"] = [[_bits(ball.centre), ball.radius] for ball in self.balls]
        if self.one_hot:
            data["one_hot"] = [list(group) for group in self.one_hot]
        if self.where is not None:
            data["where"] = canonical_formula(self.where, self.index)
        if self.points is not None:
            data["points"] = sorted(_bits(row) for row in self.points)
        return data

    def __str__(self) -> str:
        parts = []
        if self.has_cardinality:
            if self.at_least == self.at_most:
                parts.append(f"exactly {self.at_most}")
            elif self.at_least:
                parts.append(f"{self.at_least} to {self.at_most} true")
            else:
                parts.append(f"at most {self.at_most}")
        for ball in self.balls:
            parts.append(f"within {ball.radius} of {_bits(ball.centre)}")
        if self.one_hot:
            plural = "" if len(self.one_hot) == 1 else "s"
            parts.append(f"{len(self.one_hot)} one-hot group{plural}")
        if self.where is not None:
            parts.append(f"where {self.where}")
        if self.points is not None:
            parts.append(f"{len(self.points)} listed")
        text = ", ".join(parts) or "all"
        if self.values != (Fraction(0), Fraction(1)):
            text += f" (values {self.values[0]}, {self.values[1]})"
        return text


def canonical_formula(formula: Formula, index: dict[str, int]) -> Any:
    """The formula in prefix form: an input index, a Boolean, or [connective, operands ...]."""
    from .formula import Constant

    if isinstance(formula, Variable):
        return index[formula.name]
    if isinstance(formula, Constant):
        return formula.truth
    operands = [canonical_formula(operand, index) for operand in formula.operands]
    head: list[Any] = [type(formula).__name__.lower()]
    if isinstance(formula, AtLeast | AtMost):
        head.append(formula.count)
    return head + operands


def _bits(row: Sequence[bool] | np.ndarray) -> str:
    return "".join("1" if bit else "0" for bit in row)


def _subsets(size: int, lowest: int, highest: int) -> int:
    """How many subsets of ``size`` things have ``lowest`` to ``highest`` elements."""
    lowest, highest = max(lowest, 0), min(highest, size)
    if highest - lowest > size // 2:
        rest = _subsets(size, 0, lowest - 1) + _subsets(size, highest + 1, size)
        return (1 << size) - rest
    if lowest > highest:
        return 0
    total, count = 0, math.comb(size, lowest)
    for k in range(lowest, highest + 1):
        total += count
        count = count * (size - k) // (k + 1)
    return total


def _convolve(a: list[int], b: list[int]) -> list[int]:
    result = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result
