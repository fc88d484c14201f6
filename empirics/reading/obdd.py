"""A baseline: compiling an output into an ordered binary decision diagram, with ``dd``.

As for binarised networks in the literature: inputs are decided in a fixed order, and a branch ends
where exact bounds on what the other inputs can do decide the output. Weights are the stored ones,
as integers. The diagram is canonical, so that an equal formula is the same node; it is no short
formula, and its size depends on the order.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...verify.errors import InputError, MissingExtraError
from ...verify.network import Network
from ..tasks import Clause


@dataclass(frozen=True)
class Compiled:
    """A network of one output as a diagram.

    Attributes:
        nodes: of the reduced diagram; None where it was not finished.
        visited: partial assignments looked at.
        models: inputs on which it is true.
        as_formula: it is the diagram of the clauses it was compared with; None if unfinished.
        seconds: of compiling.
    """

    nodes: int | None
    visited: int
    models: int | None
    as_formula: bool | None
    seconds: float


def require_dd() -> Any:
    """A manager class of dd: of its pure Python diagrams. Raises MissingExtraError."""
    try:
        from dd import autoref
    except ImportError:
        raise MissingExtraError("dd", "reading", "compiling decision diagrams") from None
    return autoref.BDD


class TooLongError(Exception):
    """The time was up."""


def compile_obdd(network: Network, clauses: Sequence[Clause], *, timeout: float = 20.0) -> Compiled:
    """Compile a two-layer relu network that reads true above 0, and compare it with a DNF.

    Args:
        network: one output, inputs 0 and 1.
        clauses: of the DNF.
        timeout: give up after so many seconds.

    Raises:
        InputError: another network.
        MissingExtraError: dd is not installed.
    """
    manager = require_dd()()
    compiler = _Compiler(network, manager, time.monotonic() + timeout)
    start = time.monotonic()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 10_000))
    try:
        root = compiler.compiled()
        formula = manager.false
        for clause in clauses:
            cube = {f"x{i}": sign for i, sign in clause}
            formula = manager.apply("or", formula, manager.cube(cube))
        same = bool(root == formula)
        models = int(manager.count(root, nvars=network.input_size))
        return Compiled(len(root), compiler.visited, models, same, time.monotonic() - start)
    except TooLongError:
        return Compiled(None, compiler.visited, None, None, time.monotonic() - start)
    finally:
        sys.setrecursionlimit(limit)


class _Compiler:
    """Depth first over the inputs, those that matter most first."""

    def __init__(self, network: Network, manager: Any, deadline: float) -> None:
        if (
            len(network.layers) != 2
            or network.output_size != 1
            or network.layers[0].activation != "relu"
            or network.layers[1].activation != "identity"
        ):
            raise InputError("a decision diagram is compiled from two layers of relu, one output")
        network = network.dense
        hidden, last = network.layers
        unit = min(hidden.exact_weight.exponent, hidden.exact_bias.exponent)
        self._first = hidden.exact_weight.integers(unit).astype(object)
        self._bias = hidden.exact_bias.integers(unit).astype(object)
        self._second = last.exact_weight.mantissa[0].astype(object)
        scale = last.exact_weight.exponent + unit
        # a level that the integer sum must exceed: sum * 2**scale + offset > 0
        offset = Fraction(int(last.exact_bias.mantissa[0])) * Fraction(2) ** (
            last.exact_bias.exponent
        )
        self._level = -offset / Fraction(2) ** scale
        influence = np.abs(self._first.astype(np.float64)).T @ np.abs(
            self._second.astype(np.float64)
        )
        self._order = [int(i) for i in np.argsort(-influence, kind="stable")]
        self._manager, self._deadline = manager, deadline
        manager.declare(*(f"x{i}" for i in self._order))
        # what the inputs from a place of the order on can add to every neuron, least and most
        columns = self._first[:, self._order]
        zero = np.zeros((len(columns), 1), dtype=object)
        low = np.minimum(columns, 0)[:, ::-1].cumsum(axis=1)[:, ::-1]
        high = np.maximum(columns, 0)[:, ::-1].cumsum(axis=1)[:, ::-1]
        self._low = np.concatenate([low, zero], axis=1)
        self._high = np.concatenate([high, zero], axis=1)
        self._known: dict[tuple[int, tuple[int | None, ...]], Any] = {}
        self.visited = 0

    def compiled(self) -> Any:
        return self._branch(0, self._bias)

    def _branch(self, place: int, value: np.ndarray) -> Any:
        self.visited += 1
        if self.visited % 256 == 0 and time.monotonic() > self._deadline:
            raise TooLongError
        low = np.maximum(value + self._low[:, place], 0)
        high = np.maximum(value + self._high[:, place], 0)
        positive = np.maximum(self._second, 0)
        negative = np.minimum(self._second, 0)
        if positive.dot(low) + negative.dot(high) > self._level:
            return self._manager.true
        if positive.dot(high) + negative.dot(low) <= self._level:
            return self._manager.false
        # neurons that stay off are all the same, whatever their value
        key = place, tuple(v if h > 0 else None for v, h in zip(value, high, strict=True))
        if key not in self._known:
            i = self._order[place]
            off = self._branch(place + 1, value)
            on = self._branch(place + 1, value + self._first[:, i])
            self._known[key] = self._manager.ite(self._manager.var(f"x{i}"), on, off)
        return self._known[key]
