"""What a decision of a superposed problem has found: wrong inputs, counts, extreme values."""

from __future__ import annotations

import itertools
import math
from typing import Protocol

import numpy as np

from ..engine import Request
from .form import SuperposedForm

#: Inputs are marked one by one where the domain has at most so many; a count needs the marks.
MARKED = 1 << 28


class Record:
    """Violating inputs as sets of true inputs, and the extremes of each output.

    Args:
        form: the problem.
        count: whether the number of violating inputs is wanted.
        wanted: how many violating inputs to list.

    Attributes:
        by_output: violating inputs of each output found so far, int64.
        low, high: least F_j where output j is true and largest where it is false, int64, beyond
            the form's bound where no input was seen.
        supports: listed violating inputs, sorted tuples of true inputs.
    """

    def __init__(self, form: SuperposedForm, count: bool, wanted: int) -> None:
        self.form, self.wanted = form, wanted
        self.by_output = np.zeros(form.outputs, dtype=np.int64)
        self.low = np.full(form.outputs, form.bound + 1, dtype=np.int64)
        self.high = np.full(form.outputs, -form.bound - 1, dtype=np.int64)
        self.supports: dict[tuple[int, ...], None] = {}
        sizes = [math.comb(form.inputs, size) for size in range(form.active + 1)]
        self.marks: list[np.ndarray] | None = None
        if count and sum(sizes) <= MARKED:
            self.marks = [np.zeros(size, dtype=bool) for size in sizes]

    @property
    def enough(self) -> bool:
        """All violating inputs that were to be listed are listed."""
        return len(self.supports) >= self.wanted

    def done(self, request: Request) -> bool:
        """Nothing more is wanted."""
        return self.enough and not (request.count or request.margin)

    @property
    def violations(self) -> int | None:
        """Number of violating inputs, once all are entered; None where they were not marked."""
        if self.marks is not None:
            return sum(int(np.count_nonzero(marks)) for marks in self.marks)
        wrong = np.count_nonzero(self.by_output)
        return int(self.by_output.sum()) if wrong <= 1 else None

    def add(self, supports: np.ndarray) -> None:
        """Enter violating inputs of one size: sorted indices (inputs, size), repeated or not."""
        if not len(supports):
            return
        size = supports.shape[1]
        if self.marks is not None:
            self.marks[size][ranks(supports)] = True
        for row in supports:
            if self.enough:
                return
            self.supports[tuple(map(int, row))] = None

    def add_below_two(self) -> None:
        """Enter all inputs with fewer than two ones; no neuron is active on them."""
        form = self.form
        sizes = range(min(form.active, 1) + 1)
        wrong = form.most_false < 0
        self.high = np.maximum(self.high, 0)
        self.by_output += wrong * sum(math.comb(form.inputs, size) for size in sizes)
        if wrong.any():
            for size in sizes:
                every = list(itertools.combinations(range(form.inputs), size))
                self.add(np.array(every, dtype=np.int64).reshape(len(every), size))

    def points(self) -> list[np.ndarray]:
        """The listed inputs as 0/1 uint8 arrays (inputs,)."""
        points = []
        for support in self.supports:
            point = np.zeros(self.form.inputs, dtype=np.uint8)
            point[list(support)] = 1
            points.append(point)
        return points


class Scan(Protocol):
    """Visits every input with two and more ones that can matter, entering what it finds."""

    #: Sets or nodes visited.
    nodes: int

    def run(self) -> None:
        """Visit all, or until nothing more is wanted. Raises DeadlineError at the deadline."""
        ...


def ranks(supports: np.ndarray) -> np.ndarray:
    """Numbers of sorted index sets (sets, size) among all of their size: sum of C(c_k, k + 1)."""
    rank = np.zeros(len(supports), dtype=np.int64)
    for place, column in enumerate(supports.T.astype(np.int64)):
        term = np.ones(len(supports), dtype=np.int64)
        for k in range(place + 1):
            term = term * (column - k) // (k + 1)
        rank += np.where(column >= place + 1, term, 0)
    return rank
