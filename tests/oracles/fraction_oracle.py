"""The slow oracle: decides a problem with plain Fractions, one input vector at a time.

It reads the stored weights, the formula tree and the fields of the domain and the read-out,
and shares no code with the package: its own forward pass, its own connectives, its own
membership test, its own meaning of each read-out. Exponential and simple on purpose.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Bits = tuple[bool, ...]


@dataclass(frozen=True)
class Answer:
    """Everything there is to know about a small problem.

    Attributes:
        status: ``holds`` or ``violated``.
        domain_size: number of input vectors in the domain.
        violations: number of vectors with at least one wrong output.
        violations_by_output: number of wrong vectors of each output, in order.
        margin: least signed distance over inputs and outputs; None for an empty domain.
        violating: the wrong vectors as strings of 0 and 1.
    """

    status: str
    domain_size: int
    violations: int
    violations_by_output: tuple[int, ...]
    margin: Fraction | None
    violating: frozenset[str]


def exact(number: Any) -> Fraction:
    """The stored number as a Fraction: every binary float and every integer is one."""
    if isinstance(number, int | Fraction):
        return Fraction(number)
    if getattr(getattr(number, "dtype", None), "kind", "") in "iub":
        return Fraction(int(number))
    return Fraction(float(number))


def forward(network: Any, inputs: Sequence[Fraction]) -> list[Fraction]:
    """The outputs of the network at one input vector."""
    values = list(inputs)
    for layer in network.layers:
        following = []
        for row, offset in zip(layer.weight, layer.bias, strict=True):
            total = exact(offset)
            for weight, value in zip(row, values, strict=True):
                if value:
                    total += exact(weight) * value
            if layer.activation == "relu":
                total = total if total > 0 else Fraction(0)
            elif layer.activation == "step":
                total = Fraction(1) if total > 0 else Fraction(0)
            else:
                assert layer.activation == "identity"
            following.append(total)
        values = following
    return values


def truth(formula: Any, assignment: Mapping[str, bool]) -> bool:
    """The value of a formula under a total assignment, by the name of each connective."""
    kind = type(formula).__name__
    if kind == "Constant":
        return bool(formula.truth)
    if kind == "Variable":
        return assignment[formula.name]
    if kind == "Not":
        return not truth(formula.operand, assignment)
    if kind == "Implies":
        return truth(formula.conclusion, assignment) or not truth(formula.premise, assignment)
    parts = [truth(part, assignment) for part in formula.parts]
    if kind == "And":
        return all(parts)
    if kind == "Or":
        return any(parts)
    if kind == "Xor":
        return parts.count(True) % 2 == 1
    if kind == "AtLeast":
        return parts.count(True) >= formula.count
    if kind == "AtMost":
        return parts.count(True) <= formula.count
    raise AssertionError(f"the oracle does not know {kind}")


def belongs(domain: Any, bits: Bits) -> bool:
    """Whether the domain contains the vector: every constraint in turn."""
    if not domain.at_least <= sum(bits) <= domain.at_most:
        return False
    for ball in domain.balls:
        differences = sum(a != b for a, b in zip(ball.centre, bits, strict=True))
        if differences > ball.radius:
            return False
    for group in domain.one_hot:
        if sum(bits[i] for i in group) != 1:
            return False
    if domain.where is not None and not truth(
        domain.where, dict(zip(domain.names, bits, strict=True))
    ):
        return False
    if domain.points is not None:
        listed = {tuple(bool(bit) for bit in row) for row in domain.points}
        return bits in listed
    return True


def members(domain: Any) -> list[Bits]:
    """All vectors of the domain."""
    every = itertools.product((False, True), repeat=len(domain.names))
    return [bits for bits in every if belongs(domain, bits)]


def reading(readout: Any, values: Sequence[Fraction], output: int) -> bool | None:
    """What one output reads as, given the values of all: True, False, or None for neither."""
    kind, value = type(readout).__name__, values[output]
    if kind == "Threshold":
        return value > readout.threshold
    if kind == "Levels":
        if value >= readout.true_at_least:
            return True
        return False if value <= readout.false_at_most else None
    assert kind == "Argmax"
    largest = max(v for i, v in enumerate(values) if i != output)
    if value == largest:
        return None
    return value > largest


def distance(readout: Any, values: Sequence[Fraction], output: int, expected: bool) -> Fraction:
    """Signed distance of one output to the side on which it must lie."""
    kind, value = type(readout).__name__, values[output]
    if kind == "Levels":
        return value - readout.true_at_least if expected else readout.false_at_most - value
    if kind == "Threshold":
        border = readout.threshold
    else:
        border = max(v for i, v in enumerate(values) if i != output)
    return Fraction(value - border if expected else border - value)


def text(bits: Bits) -> str:
    """The vector as 0s and 1s."""
    return "".join("1" if bit else "0" for bit in bits)


def outputs(problem: Any, bits: Bits) -> list[Fraction]:
    """The values of the problem's network at a vector of its domain."""
    false, true = problem.specification.domain.values
    return forward(problem.network, [Fraction(true if bit else false) for bit in bits])


def answer(problem: Any) -> Answer:
    """Decide the problem by visiting every vector of its domain."""
    specification = problem.specification
    by_output = [0] * len(specification.formulas)
    margin: Fraction | None = None
    violating = []
    domain = members(specification.domain)
    for bits in domain:
        assignment = dict(zip(specification.inputs, bits, strict=True))
        values = outputs(problem, bits)
        wrong_somewhere = False
        for j, formula in enumerate(specification.formulas):
            expected = truth(formula, assignment)
            if reading(specification.readout, values, j) is not expected:
                by_output[j] += 1
                wrong_somewhere = True
            signed = distance(specification.readout, values, j, expected)
            margin = signed if margin is None else min(margin, signed)
        if wrong_somewhere:
            violating.append(text(bits))
    return Answer(
        status="violated" if violating else "holds",
        domain_size=len(domain),
        violations=len(violating),
        violations_by_output=tuple(by_output),
        margin=margin,
        violating=frozenset(violating),
    )
