"""Threshold functions: neurons that count literals, and outputs that do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from ...verify.domain import Domain
from ...verify.formula import And, AtLeast, Constant, Formula, Not, Or, Variable
from ...verify.network import Network
from ..tasks import Clause
from .decoders import gradient_and_curvature
from .hidden_layer import HiddenLayer
from .target import Target

#: Samples at which a count is compared with the output, in all and for every number of literals.
ROWS, EACH = 8192, 64
#: Samples at which a counting neuron must make the output true.
NEURON_ROWS = 256


def count_formula(count: int, literals: Clause, names: Sequence[str]) -> Formula:
    """``atleast(count, ...)``; a conjunction or disjunction where it is one."""
    parts = tuple(Variable(names[i]) if sign else Not(Variable(names[i])) for i, sign in literals)
    if count <= 0:
        return Constant(True)
    if count > len(parts):
        return Constant(False)
    if len(parts) == 1:
        return parts[0]
    if count == len(parts):
        return And(parts)
    return Or(parts) if count == 1 else AtLeast(count, parts)


def counted_literals(
    weights: Sequence[Fraction], bias: Fraction, values: tuple[Fraction, Fraction]
) -> tuple[int, Clause] | None:
    """The literals that an affine threshold counts, and how many must be true, exactly.

    ``bias + weights @ x > 0`` on all inputs if and only if at least ``count`` of the literals are
    true, decided in exact arithmetic: the smallest sum of so many literals must suffice whatever
    the other inputs are, the largest sum of one fewer must not.

    Args:
        weights, bias: exact.
        values: what a false and a true input feed.

    Returns:
        The count and the literals, the fewest that work; None where there are none such.
        A count of 0 is always true, one above the number of literals always false.
    """
    false, true = values
    span = true - false
    base = bias + false * sum(weights, Fraction(0))
    slopes = [weight * span for weight in weights]
    order = sorted(range(len(slopes)), key=lambda i: (-abs(slopes[i]), i))
    # value with every literal false: inputs of negative slope are then true
    lowest = base + sum((slope for slope in slopes if slope < 0), Fraction(0))
    if lowest > 0:
        return 0, ()
    if lowest + sum(map(abs, slopes), Fraction(0)) <= 0:
        return 1, ()
    rest = sum(map(abs, slopes), Fraction(0))
    for number in range(1, len(order) + 1):
        chosen = order[:number]
        rest -= abs(slopes[order[number - 1]])
        sums = [Fraction(0)]
        for i in reversed(chosen):
            sums.append(sums[-1] + abs(slopes[i]))
        count = next((k for k, total in enumerate(sums) if lowest + total > 0), None)
        if count is None or count == 0:
            continue
        largest = sum((abs(slopes[i]) for i in chosen[: count - 1]), Fraction(0))
        if lowest + largest + rest <= 0:
            return count, tuple(sorted((i, slopes[i] > 0) for i in chosen))
    return None


def neuron_formulas(network: Network, domain: Domain) -> list[Formula | None]:
    """When each neuron of the first layer is active, where it counts literals; proved exactly.

    A formula holds on all inputs, also outside the domain. None for a neuron that does not count.
    """
    layer = network.dense.layers[0]
    weight, bias = layer.exact_weight, layer.exact_bias
    unit, offset = Fraction(2) ** weight.exponent, Fraction(2) ** bias.exponent
    found: list[Formula | None] = []
    for row, shift in zip(weight.mantissa, bias.mantissa, strict=True):
        slopes = [int(mantissa) * unit for mantissa in row]
        counted = counted_literals(slopes, int(shift) * offset, domain.values)
        found.append(None if counted is None else count_formula(*counted, domain.names))
    return found


def propose_count(target: Target, layer: HiddenLayer, seed: int = 0) -> Formula | None:
    """A formula ``atleast(k, literals)`` that agrees with the output on samples, or None.

    Literals are the inputs with the largest expected gradients; where the neurons count, the or
    of the counts that make the output true is tried as well.
    """
    rng = np.random.default_rng([seed, 3])
    points = _stratified(target, rng)
    if not len(points):
        return None
    reads = target.truth(points)
    if reads.all() or not reads.any():
        return None
    names = target.domain.names
    for literals in _nested(layer):
        index = [i for i, _ in literals]
        signs = np.array([sign for _, sign in literals])
        number = (points[:, index].astype(bool) == signs).sum(axis=1)
        count = int(number[reads].min())
        if number[~reads].max() < count and 1 < count < len(literals):
            return count_formula(count, literals, names)
    return _of_neurons(target, layer, points, reads, rng)


def _nested(layer: HiddenLayer) -> Iterator[Clause]:
    gradient, _ = gradient_and_curvature(layer)
    order = np.argsort(-np.abs(gradient), kind="stable")
    literals = [(int(i), bool(gradient[i] > 0)) for i in order]
    for number in range(3, len(literals) + 1):
        yield tuple(sorted(literals[:number]))


def _of_neurons(
    target: Target,
    layer: HiddenLayer,
    points: np.ndarray,
    reads: np.ndarray,
    rng: np.random.Generator,
) -> Formula | None:
    """The or of what counting neurons count, where each makes the output true."""
    terms: dict[Formula, None] = {}
    covered = np.zeros(len(points), dtype=bool)
    counting = False
    for r in np.flatnonzero(layer.second > 0):
        slopes = [Fraction(float(weight)) for weight in layer.first[r]]
        found = counted_literals(slopes, Fraction(float(layer.bias[r])), (Fraction(0), Fraction(1)))
        if found is None or not found[1]:
            continue
        count, literals = found
        index = [i for i, _ in literals]
        signs = np.array([sign for _, sign in literals])
        drawn = target.sample((), NEURON_ROWS, rng)
        order = rng.random((len(drawn), len(index))).argsort(axis=1)
        wanted = np.where(order < count, signs, drawn[:, index])
        drawn[:, index] = wanted
        drawn = drawn[target.domain.contains(drawn)]
        if not len(drawn) or not target.truth(drawn).all():
            continue
        terms[count_formula(count, literals, target.domain.names)] = None
        covered |= (points[:, index].astype(bool) == signs).sum(axis=1) >= count
        counting = counting or 1 < count < len(literals)
    if not counting or not (covered == reads).all():
        return None
    parts = tuple(terms)
    return parts[0] if len(parts) == 1 else Or(parts)


def _stratified(target: Target, rng: np.random.Generator) -> np.ndarray:
    """Points of the domain with every number of ones."""
    points = target.sample((), ROWS, rng)
    n = target.inputs
    density = rng.random((EACH * (n + 1), 1))
    spread = (rng.random((len(density), n)) < density).astype(np.uint8)
    return np.concatenate([points, spread[target.domain.contains(spread)]])
