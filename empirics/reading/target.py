"""One output of a network as a Boolean function: tried on samples in floats, decided exactly."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...verify.check import check
from ...verify.comparison.regions import narrowed
from ...verify.domain import Domain
from ...verify.engines.leaves import wrong_cubes
from ...verify.errors import InputError
from ...verify.formula import Constant, Formula
from ...verify.network import Network
from ...verify.problem import Problem
from ...verify.product import outputs_of, read_bits
from ...verify.readout import Argmax, Levels, Readout, Threshold
from ...verify.specification import Specification
from ...verify.verdict import Verdict
from ..tasks import Clause
from .dnf import dnf_formula

#: Attempts to draw points of a domain by rejection, in batches of the size that is wanted.
ATTEMPTS = 20
#: Cubes and search nodes of an answer that is no.
CUBES, NODES = 32, 40_000


@dataclass
class Usage:
    """What the exact engines were asked.

    Attributes:
        verify: questions whether the output is a formula.
        cube: questions whether it is true on a cube.
        nodes: search nodes of all answers.
        seconds: of all answers.
    """

    verify: int = 0
    cube: int = 0
    nodes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Wrong:
    """A cube on which the output is not what a formula says.

    Attributes:
        clause: its literals; all inputs where only a point is known.
        truth: what the output reads there.
    """

    clause: Clause
    truth: bool


@dataclass(frozen=True)
class Answer:
    """What the exact engine says about a formula.

    Attributes:
        verdict: on the problem.
        wrong: some cubes, disjoint, where it is violated.
        undecided: an input on which the output reads as neither true nor false, or None.
    """

    verdict: Verdict
    wrong: tuple[Wrong, ...] = ()
    undecided: str | None = None


@dataclass(frozen=True)
class Target:
    """One output on a domain.

    Attributes:
        network: with this output alone.
        name: of the output.
        domain: whose names are the inputs.
        readout: a threshold or two levels.
        usage: of the exact engines, counted along.
        threads: of the exact engines.
    """

    network: Network
    name: str
    domain: Domain
    readout: Readout
    usage: Usage = field(default_factory=Usage)
    threads: int | None = 1

    @classmethod
    def of(
        cls,
        network: Network,
        specification: Specification,
        output: int,
        threads: int | None = 1,
    ) -> Target:
        """The output of a network as a specification reads it.

        With argmax the output is true where it is strictly the largest.
        """
        readout: Readout = specification.readout
        if isinstance(readout, Argmax):
            alone = outputs_of(read_bits(network, readout), [2 * output])
            readout = Threshold()
        else:
            alone = outputs_of(network, [output])
        return cls(
            alone, specification.outputs[output], specification.domain, readout, threads=threads
        )

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self.domain.names)

    @cached_property
    def _arrays(self) -> list[tuple[np.ndarray, np.ndarray, str]]:
        return [
            (np.asarray(x.weight, np.float64).T, np.asarray(x.bias, np.float64), x.activation)
            for x in self.network.dense.layers
        ]

    def values(self, points: np.ndarray) -> np.ndarray:
        """Values of the output at 0/1 points in floats, which decide nothing."""
        false, true = map(float, self.domain.values)
        z = false + (true - false) * points.astype(np.float64)
        for weight, bias, activation in self._arrays:
            z = z @ weight + bias
            if activation == "relu":
                z = np.maximum(z, 0.0)
            elif activation == "step":
                z = (z > 0).astype(np.float64)
        return z[:, 0]

    def truth(self, points: np.ndarray) -> np.ndarray:
        """What the output reads at 0/1 points, in floats; neither counts as false."""
        values = self.values(points)
        if isinstance(self.readout, Levels):
            return values >= float(self.readout.true_at_least)
        assert isinstance(self.readout, Threshold)
        return values > float(self.readout.threshold)

    def sample(self, clause: Clause, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Points of the domain in a cube, uint8 (points, inputs): fewer than asked where rare."""
        if self.domain.is_all:
            return _fixed(rng.integers(0, 2, (rows, self.inputs), dtype=np.uint8), clause)
        if self.domain.points is not None:
            listed = self.domain.points.astype(np.uint8)
            for i, sign in clause:
                listed = listed[listed[:, i] == sign]
            return listed[rng.integers(0, len(listed), rows)] if len(listed) else listed
        kept: list[np.ndarray] = []
        for _ in range(ATTEMPTS):
            points = _fixed(self._drawn(rows, clause, rng), clause)
            kept.append(points[self.domain.contains(points)])
            if sum(map(len, kept)) >= rows:
                break
        return np.concatenate(kept)[:rows]

    def _drawn(self, rows: int, clause: Clause, rng: np.random.Generator) -> np.ndarray:
        """Points that the domain's shape makes likely, within its cardinality or a ball."""
        n, domain = self.inputs, self.domain
        fixed = dict(clause)
        free = np.array([i for i in range(n) if i not in fixed], dtype=np.int64)
        points = np.zeros((rows, n), dtype=np.uint8)
        least, most = domain.at_least, domain.at_most
        if domain.balls and not domain.has_cardinality:
            points[:] = np.array(domain.balls[0].centre, dtype=np.uint8)
            most = domain.balls[0].radius - sum(points[0, i] != s for i, s in clause)
        elif domain.has_cardinality:
            ones = sum(fixed.values())
            least, most = max(least - ones, 0), most - ones
        else:
            points[:] = rng.integers(0, 2, points.shape)
            least = most = 0
        if len(free) and most > 0:
            order = rng.random((rows, len(free))).argsort(axis=1)
            flips = rng.integers(min(least, len(free)), min(most, len(free)) + 1, (rows, 1))
            points[:, free] ^= (order < flips).astype(np.uint8)
        for group in domain.one_hot:
            chosen = next((i for i in group if fixed.get(i)), None)
            open_ = [i for i in group if i not in fixed] if chosen is None else [chosen]
            points[:, list(group)] = 0
            if open_:
                points[np.arange(rows), rng.choice(open_, rows)] = 1
        return points

    def problem(self, formula: Formula, within: Domain | None = None) -> Problem:
        """The question whether the output is a formula, on all of the domain or on a part."""
        domain = self.domain if within is None else within
        specification = Specification(
            self.domain.names, {self.name: formula}, domain=domain, readout=self.readout
        )
        return Problem(self.network, specification)

    def verify(
        self, formula: Formula, *, timeout: float | None = None, leaves: bool = True
    ) -> Answer:
        """Decide exactly whether the output is the formula; where not, on which cubes.

        The tree decides; its leaves on which the output is certainly wrong are the cubes.
        Without ``leaves``, a single input is returned instead.
        """
        start = time.monotonic()
        problem = self.problem(formula)
        verdict = decided(problem, timeout, self.threads)
        wrong: list[Wrong] = []
        undecided: str | None = None
        nodes = verdict.nodes
        for example in verdict.counterexamples:
            reading = example.outputs[self.name]
            if reading.read is None:
                undecided = undecided or example.text
            clause = tuple(enumerate(example.bits))
            wrong.append(Wrong(clause, not reading.expected))
        if verdict.status == "violated" and leaves:
            try:
                deadline = None if timeout is None else time.monotonic() + timeout
                found = wrong_cubes(problem, most=CUBES, nodes=NODES, deadline=deadline)
            except InputError:  # weights that float64 cannot bound: points must do
                found = None
            if found is not None and found.cubes:
                wrong = [Wrong(cube.literals, not cube.expected) for cube in found.cubes]
                nodes += found.nodes
        self._asked(verify=1, nodes=nodes, start=start)
        return Answer(verdict, tuple(wrong), undecided)

    def _asked(self, nodes: int, start: float, verify: int = 0, cube: int = 0) -> None:
        self.usage.verify += verify
        self.usage.cube += cube
        self.usage.nodes += nodes
        self.usage.seconds += time.monotonic() - start

    def holds_on(self, clause: Clause, truth: bool = True) -> bool:
        """Decide exactly whether the output reads ``truth`` on all of a cube of the domain."""
        start = time.monotonic()
        within = narrowed(self.domain, dnf_formula([clause], self.domain.names))
        verdict = decided(self.problem(Constant(truth), within), None, self.threads)
        self._asked(verdict.nodes, start, cube=1)
        return verdict.holds


def decided(problem: Problem, timeout: float | None, threads: int | None) -> Verdict:
    """The tree's verdict, or that of any engine where the tree cannot take the weights."""
    try:
        return _check(problem, "tree", timeout, threads)
    except InputError:
        return _check(problem, "auto", timeout, threads)


def _check(problem: Problem, engine: str, timeout: float | None, threads: int | None) -> Verdict:
    verdict = check(
        problem.network,
        problem.specification,
        engine=engine,
        counterexamples=1,
        timeout=timeout,
        threads=threads,
        dtypes=(),
    )
    if verdict.interrupted:  # otherwise the reading would go on with its next question
        raise KeyboardInterrupt
    return verdict


def _fixed(points: np.ndarray, clause: Clause) -> np.ndarray:
    for i, sign in clause:
        points[:, i] = sign
    return points
