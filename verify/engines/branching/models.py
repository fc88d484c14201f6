"""Counting and listing the points of a cube on which no forbidden clause is true."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

Literal = tuple[int, int]
Clauses = frozenset[frozenset[Literal]]
Groups = frozenset[frozenset[int]]


_DEPTH = threading.Lock()


@contextmanager
def _deep(limit: int) -> Iterator[None]:
    """Recursion up to a limit; it belongs to the process, so one thread at a time changes it."""
    with _DEPTH:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, limit))
        try:
            yield
        finally:
            sys.setrecursionlimit(before)


class ModelCounter:
    """Exact counts by branching, connected components and a cache; integers of any size.

    Counts by number of ones are one integer too: a true input multiplies by 2^base, so that the
    number of models with q ones is digit q (Kronecker substitution).

    Args:
        weights: integers that false and true inputs multiply by, default (1, 1) for all inputs.
    """

    def __init__(self, weights: Sequence[tuple[int, int]] | None = None) -> None:
        self._base = 0
        self._cache: dict[tuple[Clauses, Groups], int] = {}
        self._weights = weights
        # no digit is larger than the weight of all assignments
        self._bits = sum((false + true).bit_length() for false, true in weights or ()) + 2

    def count(
        self,
        free: Sequence[int],
        clauses: Sequence[frozenset[Literal]],
        groups: Sequence[frozenset[int]],
        least: int,
        most: int,
    ) -> int:
        """Assignments of the free inputs with between ``least`` and ``most`` ones.

        Args:
            clauses: none may have all its literals true.
            groups: disjoint, of free inputs; exactly one of each is true.
        """
        limited = least > 0 or most < len(free)
        base = (len(free) + 2 if self._weights is None else self._bits) if limited else 0
        if base != self._base:
            self._base, self._cache = base, {}
        unit = 1 << base
        inside = {v for clause in clauses for v, _ in clause}.union(*groups)
        with _deep(10 * len(free) + 1000):  # a chain of clauses is cut input by input
            total = self._models(frozenset(clauses), frozenset(groups))
        total *= self._span([v for v in free if v not in inside], most)
        if not limited:
            return total
        mask = unit - 1
        return sum((total >> (base * q)) & mask for q in range(least, min(most, len(free)) + 1))

    def _span(self, inputs: Collection[int], most: int | None = None) -> int:
        """Weight of all assignments of some inputs, by number of ones up to ``most``."""
        if self._weights is None:
            return int((1 + (1 << self._base)) ** len(inputs))
        total = 1
        times: dict[tuple[int, int], int] = {}
        for v in inputs:
            times[self._weights[v]] = times.get(self._weights[v], 0) + 1
        for (false, true), number in times.items():
            if not self._base:
                total *= (false + true) ** number
                continue
            last = number if most is None else min(most, number)
            total *= sum(
                (math.comb(number, q) * true**q * false ** (number - q)) << (self._base * q)
                for q in range(last + 1)
            )
            if most is not None:
                total &= (1 << (self._base * (most + 1))) - 1
        return total

    def _fixed(self, fixed: Mapping[int, int]) -> int:
        """Weight of some values, apart from their number of ones."""
        if self._weights is None:
            return 1
        return math.prod(self._weights[v][value] for v, value in fixed.items())

    def _models(self, clauses: Clauses, groups: Groups) -> int:
        """Weighted models over the inputs that occur."""
        if frozenset() in clauses or frozenset() in groups:
            return 0
        result = 1
        for part_clauses, part_groups in _components(clauses, groups):
            if not part_clauses:
                (group,) = part_groups
                one = (self._fixed({v: int(v == chosen) for v in group}) for chosen in group)
                result *= sum(one) << self._base
                continue
            key = part_clauses, part_groups
            if key not in self._cache:
                self._cache[key] = self._branch(part_clauses, part_groups)
            result *= self._cache[key]
            if not result:
                break
        return result

    def _branch(self, clauses: Clauses, groups: Groups) -> int:
        times: dict[int, int] = {}
        for clause in clauses:
            for variable, _ in clause:
                times[variable] = times.get(variable, 0) + 1
        variable = max(times, key=lambda v: (times[v], -v))
        group = next((g for g in groups if variable in g), None)
        before = set(times).union(*groups)
        total = 0
        for value in (1, 0):
            fixed = {variable: value}
            rest = groups
            if group is not None:
                rest = groups - {group}
                if value:
                    fixed.update({other: 0 for other in group if other != variable})
                else:
                    rest |= {group - {variable}}
            left = _simplify(clauses, fixed)
            if left is None:
                continue
            after = {v for clause in left for v, _ in clause}.union(*rest)
            loose = before - after - fixed.keys()
            models = self._models(left, rest) * self._fixed(fixed)
            total += models * self._span(loose) << (self._base * value)
        return total


def _simplify(clauses: Clauses, fixed: dict[int, int]) -> Clauses | None:
    left = set()
    for clause in clauses:
        if any(fixed.get(v, value) != value for v, value in clause):
            continue
        rest = frozenset(literal for literal in clause if literal[0] not in fixed)
        if not rest:
            return None
        left.add(rest)
    return frozenset(left)


def _components(clauses: Clauses, groups: Groups) -> Iterator[tuple[Clauses, Groups]]:
    owner: dict[int, int] = {}

    def find(v: int) -> int:
        while owner.setdefault(v, v) != v:
            owner[v] = owner[owner[v]]
            v = owner[v]
        return v

    for inputs in [*([v for v, _ in clause] for clause in clauses), *groups]:
        first, *others = inputs
        for other in others:
            owner[find(other)] = find(first)
    parts: dict[int, tuple[set[frozenset[Literal]], set[frozenset[int]]]] = {}
    for clause in clauses:
        parts.setdefault(find(next(iter(clause))[0]), (set(), set()))[0].add(clause)
    for group in groups:
        parts.setdefault(find(next(iter(group))), (set(), set()))[1].add(group)
    for part_clauses, part_groups in parts.values():
        yield frozenset(part_clauses), frozenset(part_groups)


def list_models(
    free: Sequence[int],
    clauses: Sequence[frozenset[Literal]],
    groups: Sequence[frozenset[int]],
    least: int,
    most: int,
) -> Iterator[dict[int, int]]:
    """The assignments that :meth:`ModelCounter.count` counts, one by one."""
    order = list(free)
    group_of = {v: group for group in groups for v in group}
    chosen: dict[int, int] = {}
    # one entry a decided input: its value, and the clauses that were left before it
    values: list[int] = []
    before: list[Clauses] = []
    left: Clauses | None = frozenset(clauses)
    ones = 0
    if frozenset() in clauses:
        return
    while True:
        k = len(values)
        possible = left is not None and ones <= most and ones + len(order) - k >= least
        if possible and k == len(order):
            yield dict(chosen)
            possible = False
        if possible:
            assert left is not None
            values.append(1)
            before.append(left)
        else:
            # back to the last input that was set to 1
            while values and values[-1] == 0:
                values.pop()
                before.pop()
                del chosen[order[len(values)]]
            if not values:
                return
            values[-1] = 0
            ones -= 1
        variable, value = order[len(values) - 1], values[-1]
        chosen[variable] = value
        ones += value
        left = _simplify(before[-1], {variable: value})
        group = group_of.get(variable)
        if group is not None:
            true = sum(chosen.get(v, 0) for v in group)
            if true > 1 or (not true and all(v in chosen for v in group)):
                left = None
