"""Does every execution in a number type read the same bits as the exact function?

Two proofs (docs/float32.md): nothing is rounded, or no output comes as near to its level as
rounding can move it. The second is asked of an engine: the same network with the levels of its
read-out moved apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..dyadic import power_of_two
from ..engines.engine import Outcome, Request
from ..errors import InputError
from ..problem import Problem
from ..readout import Argmax
from ..verdict import Counterexample, OutputReading, Verdict
from .error_bound import ErrorBound, lattice_gap
from .execution import Execution, short
from .level_scan import Nearness, exact_distances, levels_of, scan_levels, scan_seconds
from .number_type import NumberType
from .variants import prefix, read_before_activation, restricted, shifted
from .whole_numbers import never_rounded

#: An extra query may take this many seconds more than the verdict did.
ALLOWANCE = 0.25
#: Weights a second that the bound takes in, and seconds that it may take in any case.
BOUND_RATE, BOUND_SECONDS = 4e6, 2.0
#: Seconds that visiting every input may take where an engine could be asked instead.
AT_ONCE = 0.04

#: Asks the engine that decided the verdict.
Solve = Callable[[Problem, Request], Outcome]


class Guarantee:
    """Statements about executing the network of a problem, after its verdict.

    Args:
        problem: the problem that was decided.
        verdict: its verdict.
        request: what was asked for: threads, device and deadline count.
        solve: decides a problem, as far as its request allows.
    """

    def __init__(self, problem: Problem, verdict: Verdict, request: Request, solve: Solve) -> None:
        with suppress(InputError):  # where the weights are too large, no statement is made
            problem = problem.dense
        self.original, self.verdict, self.solve = problem, verdict, solve
        self.problem = read_before_activation(problem)
        self.request = Request(threads=request.threads, device=request.device, stop=request.stop)
        self.deadline = request.deadline

    def state(self, kind: NumberType) -> Execution:
        """The statement for a number type. Never raises for a problem that has a verdict."""
        start = time.monotonic()
        until = start + ALLOWANCE + self.verdict.seconds
        if self.deadline is not None:
            until = min(until, max(self.deadline, start + ALLOWANCE))
        if self.verdict.interrupted:
            until = start
        try:
            execution = self._decide(kind, replace(self.request, deadline=until))
        except KeyboardInterrupt:
            execution = Execution(kind.name, False, "interrupted before this was decided")
        except Exception as error:  # a finished verdict must not fail for what is said beside it
            why = " ".join(str(error).split()) or type(error).__name__
            execution = Execution(kind.name, False, f"this was not decided: {why}")
        return replace(execution, seconds=time.monotonic() - start)

    def _decide(self, kind: NumberType, request: Request) -> Execution:
        problem = self.problem
        if problem.network.merged:
            why = "the graph computes some layer in several affine steps, each rounded by itself"
            return Execution(kind.name, False, why)
        spent = problem.network.parameters / BOUND_RATE
        if problem.network.sparse or spent > max(BOUND_SECONDS, self.verdict.seconds):
            spec = problem.specification
            if never_rounded(problem.network, spec.domain, spec.readout, kind):
                return Execution(kind.name, True, "no sum is ever rounded", Fraction(0))
            return Execution(kind.name, False, "not decided in the time: the network is too large")
        bound = ErrorBound.of(problem.network, problem.specification.domain, kind)
        tolerance = tolerances(problem, bound, kind)
        if bound.overflow or tolerance is None:
            return Execution(kind.name, False, f"a number may leave the range of {kind.name}")
        if not bound.steps and not any(tolerance):
            return Execution(kind.name, True, "no sum is ever rounded", Fraction(0))
        error = max(tolerance)
        moved = f"rounding moves a value by at most {short(error)}"
        result = Execution(kind.name, False, "", error)
        for steps in bound.steps:
            part = prefix(problem, steps.layer, steps.neurons)
            gaps = [Fraction(e) for e in steps.error]
            near = self._scan(part, gaps, request)
            if near.apart is not True:
                named = f"neuron {steps.neurons[0]} of layer {steps.layer}"
                more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
                what = f"the step of {named}{more} may be rounded across its jump"
                return replace(result, reason=what, error=None)
        kept = _near_outputs(problem, bound, tolerance)
        if not kept:
            why = f"{moved}, less than their distance from every level"
            return replace(result, guaranteed=True, reason=why)
        if len(tolerance) > 1:
            tolerance = [tolerance[j] for j in kept]
        near = self._nearness(restricted(problem, kept), tolerance, request)
        result = replace(result, margin=near.distance, nearest=self._reading(near.point))
        if near.apart:
            why = f"{moved}, and none comes so near to its level"
            return replace(result, guaranteed=True, reason=why)
        if near.apart is None:
            why = "whether one comes so near to its level was not decided in the time"
            return replace(result, reason=f"rounding may move a value by {short(error)}; {why}")
        assert near.distance is not None
        why = f"one is only {short(near.distance)} from its level"
        return replace(result, reason=f"rounding may move a value by {short(error)}, and {why}")

    def _nearness(self, part: Problem, tolerance: Sequence[Fraction], request: Request) -> Nearness:
        """Whether every distance exceeds its tolerance, by the cheapest way."""
        worst = max(tolerance)
        margin = self._known_margin()
        if margin is not None and margin > worst:
            return Nearness(True, margin)
        price = scan_seconds(part)
        if price <= AT_ONCE or (not self.verdict.holds and self._affordable(part, request)):
            return scan_levels(part, tolerance, request)
        if self.verdict.holds:
            # a margin of other outputs, or after a relu, is only a lower bound here
            exact = margin if part is self.original else None
            return self._asked(part, worst, exact, request)
        return self._at_counterexamples()

    def _asked(
        self, part: Problem, worst: Fraction, margin: Fraction | None, request: Request
    ) -> Nearness:
        """Ask an engine; ``margin`` is the exact one where it is known, at most ``worst``."""
        if isinstance(part.specification.readout, Argmax):
            outcome = self.solve(part, replace(request, margin=True))
            if outcome.margin is None:
                return Nearness(None)
            return Nearness(outcome.margin > worst, outcome.margin)
        shift = _above(worst)
        if margin is not None:
            # any input found is then one of the nearest
            shift = min(shift, max(margin * (1 + power_of_two(-20)), worst * power_of_two(-20)))
        outcome = self.solve(shifted(part, shift), request)
        if outcome.status == "holds" and margin is None:
            return Nearness(True)
        if outcome.status != "violated" or not outcome.points:
            return Nearness(None if margin is None else False, margin)
        point = np.asarray(outcome.points[0], dtype=np.uint8)
        distance = exact_distances(part, point[None, :]).min()
        return Nearness(False if distance <= worst else None, distance, point)

    def _scan(self, part: Problem, gaps: Sequence[Fraction], request: Request) -> Nearness:
        if not self._affordable(part, request):
            return Nearness(None)
        return scan_levels(part, gaps, request)

    def _affordable(self, part: Problem, request: Request) -> bool:
        assert request.deadline is not None
        return scan_seconds(part) <= request.deadline - time.monotonic()

    def _known_margin(self) -> Fraction | None:
        """The verdict's exact margin where it is a distance from the levels used here."""
        steps = self.original.network.layers[-1].activation == "step"
        if not self.verdict.holds or (steps and self.problem is not self.original):
            return None
        return self.verdict.margin

    def _at_counterexamples(self) -> Nearness:
        """The nearest of the inputs that the verdict shows."""
        if not self.verdict.counterexamples:
            return Nearness(None)
        points = np.array([e.bits for e in self.verdict.counterexamples], dtype=np.uint8)
        distances = exact_distances(self.problem, points).min(axis=1)
        row = int(distances.argmin())
        return Nearness(None, distances[row], points[row])

    def _reading(self, point: np.ndarray | None) -> Counterexample | None:
        """An input with what every output should read, does read, and its value."""
        if point is None:
            return None
        spec = self.original.specification
        expected = spec.expected(point[None, :])[0]
        values = self.original.values(point[None, :])[0]
        outputs = {
            name: OutputReading(bool(wanted), read, value)
            for name, wanted, read, value in zip(
                spec.outputs, expected, spec.readout.reads(values), values, strict=True
            )
        }
        return Counterexample(spec.inputs, tuple(map(bool, point)), outputs)


def tolerances(problem: Problem, bound: ErrorBound, kind: NumberType) -> list[Fraction] | None:
    """How far rounding can move each output relative to its level; None beyond the range.

    The level may be rounded to the type as well. One number for argmax: what rounding can do
    to the difference of two outputs.
    """
    if not np.isfinite(bound.error).all():
        return None
    errors = [Fraction(e) for e in bound.error]
    if isinstance(problem.specification.readout, Argmax):
        return [sum(sorted(errors)[-2:], Fraction(0))]
    level_error = Fraction(0)
    for level in levels_of(problem.specification.readout):
        nearest = kind.storage.nearest(level)
        if nearest is None:
            return None
        error = abs(nearest - level)
        if 0 < abs(level) < power_of_two(kind.storage.smallest):
            error += Fraction(kind.storage.flush)
        level_error = max(level_error, error)
    return [error + level_error for error in errors]


def _near_outputs(problem: Problem, bound: ErrorBound, tolerance: Sequence[Fraction]) -> list[int]:
    """Outputs that are rounded and whose values may come near to a level.

    An output is the bias plus a multiple of its unit: that alone can keep it apart.
    """
    levels = levels_of(problem.specification.readout)
    if not levels:
        return list(range(len(problem.specification.outputs)))
    last = problem.network.layers[-1]
    bias = last.exact_bias.fractions()
    near = []
    for j, error in enumerate(tolerance):
        if error == 0:
            continue
        gap = Fraction(0)
        if last.activation == "identity":
            gap = min(lattice_gap(bias[j] - level, int(bound.unit[j])) for level in levels)
        if gap <= error:
            near.append(j)
    return near


def _above(number: Fraction) -> Fraction:
    """A dyadic number of few bits strictly above the positive number."""
    exponent = number.numerator.bit_length() - number.denominator.bit_length()
    unit = power_of_two(exponent - 12)
    return (number // unit + 1) * unit
