"""From rows of few bits to an exact answer: whatever a solver finds is looked at exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from superproof.verify.engines.branching.cubes import Cube

from .answer import Answer, Limit, NotEncodableError, Problem, breaks, clauses_of
from .linear import BITS, LinearNetwork, linear_network


class UnfinishedError(Exception):
    """The solver gave up; the text says why."""


#: Finds a possibly wrong input that is none of those excluded, or None when there is none.
Search = Callable[[LinearNetwork, list[Cube], list[np.ndarray], Limit], np.ndarray | None]


def refine(problem: Problem, limit: Limit, search: Search) -> Answer:
    """Ask about the exact rows where they fit, else about rounded ones, finer and finer.

    Every input found that is right after all brings on rows with more bits; those with most are
    asked until the time is up. "None" is a proof with any number of bits. Raises
    NotEncodableError when no rows fit. (Rounding rows that fit was measured too: it gains nothing
    on 8-bit networks and loses on noisy ones.)
    """
    clauses = clauses_of(problem)
    excluded: list[np.ndarray] = []
    kinds: list[int | None] = [None, *BITS]
    network, how = None, ""
    while not limit.over:
        if kinds:
            bits = kinds.pop(0)
            try:
                network = linear_network(problem, bits)
            except NotEncodableError:
                if network is None and not kinds:
                    raise
                continue
            how = "exact rows" if network.exact else f"{bits} bits"
        assert network is not None
        detail = f"{how}, {len(excluded)} spurious inputs"
        try:
            point = search(network, clauses, excluded, limit)
        except UnfinishedError as stop:
            return Answer("unknown", f"{detail}{': ' * bool(str(stop))}{stop}")
        if point is None:
            return Answer("holds", detail)
        if breaks(problem, point):
            return Answer("violated", detail)
        if network.exact:
            raise AssertionError("exact rows, and an input that breaks nothing")
        excluded.append(point)
    return Answer("unknown", f"{how}, {len(excluded)} spurious inputs")
