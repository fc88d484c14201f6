"""The network in float64 with a proven bound on every error that the search can make.

Two regimes. *Exact*: all weights are multiples of one unit a layer and every number that the
search computes from them is a multiple of a unit and below 2^53 units, so that float64 holds
it without rounding, in any order of summation; all errors are 0. *Margin*: anything else; an
error bound follows from the magnitudes. The full derivation is in docs/tree.md, section
"The tree: proven margin"; in short (u = 2^-53, N = inputs, neurons, clauses and 256, g = 8 N u):

1. ``reach`` M_kj bounds the magnitude of the pre-activation z_kj. The terms of a backward
   linear bound (weights times line slopes in [0, 1], line offsets of at most max(|l|, u))
   have magnitudes of at most T_1 = M_1 and T_k = |W_k| A_{k-1} + |b_k| in sum, where a relu
   neuron adds A = 3 T (its slope part, its offset, the shift of a leaf's tables), an identity
   T, a step 1 + STEEPEST T / M (slopes are at most STEEPEST / M). Any order of at most N
   additions and products, the weights' own rounding included, is off by at most g T.
2. A relaxation that is right on the computed interval [l, u] of z is off by at most 2 d when
   z itself may leave the interval by d (relu is 1-Lipschitz, slopes are at most 1). Replacing
   a relu by its line and bounding the line further back costs at most e = 3 d, an identity
   d; step neurons use intervals widened by d, which leaves the error of slope * z, at
   most e = STEEPEST d / M.
3. So ``error`` d_1 = g M_1 + h and d_k = |W_k| e_{k-1} + g T_k + h, and a linear form V.a + c of
   the last activations is off by sum_j (|V_j| (e_j + g A_j) + h) + g |c| + h.
4. h (``underflow``) pays for numbers below the normal range: a weight, or a coefficient of a
   backward bound, that underflows is off by 2^-1074 and is multiplied by an activation, so h
   is UNDERFLOW (1 + the largest T or A of any layer).
5. Nothing overflows: coefficients of backward bounds stay below a ``growth`` that is computed
   beforehand; where it or a magnitude is beyond LARGEST, all errors are infinite. Exact units
   and their quotients stay within the normal range as well.
6. A relu neuron with u < -d_j is off for certain: it contributes nothing, whatever was
   computed. If all contribute nothing the form is c, and c is correctly rounded, so its sign is
   exact (a constant that would underflow is moved to +-TINIEST, far below the slack of any
   other case).

Assumed: IEEE round-to-nearest and gradual underflow (refused otherwise), no reassociation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ...dyadic import Dyadic, bit_width, power_of_two
from ...problem import Problem
from ..integer_network import IntegerNetwork

RELU, IDENTITY, STEP = 0, 1, 2
_KINDS = {"relu": RELU, "identity": IDENTITY, "step": STEP}
ROUNDOFF = 2.0**-53
#: Line slopes are multiples of 1 / SLOPES.
SLOPES = 16
#: Bound on the slope of a step neuron's line, times its reach.
STEEPEST = 64.0
#: Reaches below this count as this much where a step neuron's slope is limited.
SMALLEST_REACH = 2.0**-300
#: Covers the underflow of all products with factors of at most 1, many times.
UNDERFLOW = 2.0**-900
#: Magnitudes and coefficients beyond this are not bounded at all.
LARGEST = 2.0**400
#: Units of the exact regime are between 2**-300 and 2**300.
LARGEST_EXPONENT = 300
#: Constants are kept at least this far from 0, so that their signs are exact.
TINIEST = 2.0**-950


class Layers(NamedTuple):
    """Arrays of the hidden layers, padded to the widest one (H); n inputs, K layers.

    Attributes:
        columns, rise, fall, magnitude: (n, H) first weight by input: W, max(W, 0), min(W, 0), |W|.
        rows: (H, n) first weight by neuron.
        inner: (max(K - 1, 1), H, H) the later weights, (out, in).
        bias: (K, H).
        kind, width: (K,) int64.
        error: (K, H) bound d on the error of any computed bound of a pre-activation.
        reach: (K, H) bound on its magnitude.
    """

    columns: np.ndarray
    rise: np.ndarray
    fall: np.ndarray
    magnitude: np.ndarray
    rows: np.ndarray
    inner: np.ndarray
    bias: np.ndarray
    kind: np.ndarray
    width: np.ndarray
    error: np.ndarray
    reach: np.ndarray


class Forms(NamedTuple):
    """Linear forms of the last hidden activations; a point is right where they are low.

    Attributes:
        weight: (R, H). constant: (R,).
        loss: (R, H) error that neuron j brings unless it is certainly off.
        slack: (R,) error of the constant when anything else is not zero.
        unit: (1,) in the exact regime all values of the forms are multiples of it, else 0.
    """

    weight: np.ndarray
    constant: np.ndarray
    loss: np.ndarray
    slack: np.ndarray
    unit: np.ndarray


@dataclass(frozen=True)
class FloatNetwork:
    """Float data of a problem's network over flipped 0/1 inputs.

    Attributes:
        layers: hidden layers (the output layer too if it has an activation).
        outputs: (O, H) float rows and exact constants (Fractions) of the read-out values.
        scale: real value = float value * scale.
        exact: the exact regime holds.
        unit: in the exact regime every value is a multiple of it (a power of two).
        roundoff: g, relative to the sum of the terms' magnitudes.
        underflow: h, what underflow can do to any form.
        activation_error, terms: (H,) errors e and magnitudes A of the last activations.
    """

    layers: Layers
    outputs: np.ndarray
    output_constants: list[Fraction]
    scale: Fraction
    exact: bool
    unit: Fraction
    roundoff: float
    underflow: float
    activation_error: np.ndarray
    terms: np.ndarray

    def form(
        self, plus: int, minus: int, level: Fraction, zero_is_right: bool
    ) -> tuple[np.ndarray, float, np.ndarray, float, Fraction]:
        """The form f[plus] - f[minus] + level (an index of -1 leaves an output out).

        Args:
            level: in real units.
            zero_is_right: decides how the constant is moved to the unit in the exact regime:
                form <= 0 (or form < 0) keeps its truth.

        Returns:
            weight, constant, loss, slack and the exact real value of form minus computed form.
        """
        weight = np.zeros(self.outputs.shape[1])
        size = np.zeros(self.outputs.shape[1])
        constant = level / self.scale
        for index, sign in ((plus, 1), (minus, -1)):
            if index >= 0:
                weight = weight + sign * self.outputs[index]
                size = size + np.abs(self.outputs[index])
                constant += sign * self.output_constants[index]
        with np.errstate(over="ignore", invalid="ignore"):
            loss = size * (self.activation_error + self.roundoff * self.terms)
            bound = 4 * (float(size @ self.terms) + float(self.unit))
        loss = np.where(size == 0, 0.0, loss * (1 + 2.0**-20) + self.underflow)
        loss = np.where(np.isnan(loss), np.inf, loss)
        if self.exact:
            loss = np.zeros_like(loss)
            steps = constant / self.unit
            used = (math.ceil(steps) if zero_is_right else math.floor(steps)) * self.unit
        else:
            used = constant
        if plus < 0 or minus < 0:
            # a level beyond twice the reach decides the sign alone: it may be moved nearer
            # (several forms of one output must not be moved apart: they share the cut)
            limit = Fraction(bound) if math.isfinite(bound) else Fraction(2) ** 1000
            limit = max(limit // self.unit, 1) * self.unit
            used = min(max(used, -limit), limit)
        value = float(used)
        if not self.exact and used and abs(value) < TINIEST:
            # underflow must not lose the sign: move the constant, within the slack
            value = math.copysign(TINIEST, used)
            used = Fraction(value)
        slack = 0.0 if self.exact else self.roundoff * abs(value) + self.underflow
        shift = Fraction(0) if not self.exact and used == constant else constant - used
        return weight, value, loss, slack, shift * self.scale


def float_network(problem: Problem, flips: np.ndarray, clauses: int) -> FloatNetwork:
    """The float data of a problem.

    Args:
        flips: (inputs,) bool, inputs that the search sees negated.
        clauses: largest number of clauses of a search, for the rounding of clause penalties.

    Raises InputError where the processor flushes subnormal numbers to zero.
    """
    # a network may have been read before another library changed the mode of the processor
    Dyadic.from_array(np.zeros(1), "weight")
    weights, biases, constants, scale, units = _weights(problem, flips)
    activations = [layer.activation for layer in problem.network.layers]
    if activations[-1] == "identity" and len(weights) > 1:
        outputs, output_bias, hidden = weights[-1], constants[-1], len(weights) - 1
    else:
        hidden = len(weights)
        outputs = np.eye(weights[-1].shape[0])
        output_bias = [Fraction(0)] * len(outputs)
        units = None if units is None else [*units, (0, 0)]
    kinds = [_KINDS[a] for a in activations[:hidden]]
    width = [w.shape[0] for w in weights[:hidden]]
    inputs, widest = weights[0].shape[1], max(1, *width)
    columns = np.zeros((inputs, widest))
    columns[:, : width[0]] = weights[0].T
    inner = np.zeros((max(hidden - 1, 1), widest, widest))
    bias = np.zeros((hidden, widest))
    for k in range(hidden):
        bias[k, : width[k]] = biases[k]
        if k:
            inner[k - 1, : width[k], : width[k - 1]] = weights[k]
    roundoff = 8.0 * ROUNDOFF * (inputs + sum(width) + clauses + 256)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = _propagate(columns, inner, bias, kinds, roundoff, units)
    errors, reaches, terms = spread.errors, spread.reaches, spread.terms
    activation_error, underflow = spread.activation_error, UNDERFLOW * (1 + spread.largest)
    growth = spread.growth * max(1.0, 2 * float(np.abs(outputs).max(initial=0.0)))
    exact, unit = False, Fraction(1)
    if not (growth < LARGEST and spread.largest < LARGEST):
        activation_error, errors = np.full(widest, np.inf), np.full_like(errors, np.inf)
        underflow = math.inf
    elif units is not None and spread.tame:
        out_weight, out_bias = units[hidden]
        smallest = spread.exponent
        exponent = min(smallest + out_weight, out_bias if outputs is weights[-1] else smallest)
        # only where all is 0 is it larger, and 0 is a multiple of every unit
        exponent = min(exponent, LARGEST_EXPONENT)
        padded = np.abs(outputs).max(axis=0, initial=0.0)
        total = 2 * float(padded @ terms[: len(padded)]) if len(padded) else 0.0
        total += max((abs(float(c)) for c in output_bias), default=0.0) * 2
        bits = math.log2(max(total, 1e-300)) + 4 * hidden + 3 - exponent
        # inner sums are held to the same limit
        inner_bits = math.log2(max(float(terms.max()), 1e-300)) + 4 * hidden + 3 - smallest
        exact = max(bits, inner_bits) < 53 and abs(exponent) <= LARGEST_EXPONENT
        if exact:
            unit = power_of_two(exponent)
    if exact:
        errors = np.zeros_like(errors)
    rows = np.zeros((len(outputs), widest))
    rows[:, : outputs.shape[1]] = outputs
    layers = Layers(
        columns,
        np.maximum(columns, 0.0),
        np.minimum(columns, 0.0),
        np.abs(columns),
        np.ascontiguousarray(columns.T),
        inner,
        bias,
        np.array(kinds, dtype=np.int64),
        np.array(width, dtype=np.int64),
        errors,
        reaches,
    )
    return FloatNetwork(
        layers,
        rows,
        output_bias,
        scale,
        exact,
        unit,
        roundoff,
        underflow,
        activation_error,
        terms,
    )


class _Spread(NamedTuple):
    """What the layers can do to magnitudes and errors.

    Attributes:
        errors, reaches: (K, H), see :class:`Layers`.
        activation_error, terms: (H,) of the last activations.
        largest: bound on all magnitudes T and A.
        growth: bound on the coefficients of backward bounds, for forms with weights up to 1.
        exponent: of the unit of the last activations. tame: no unit leaves its range.
    """

    errors: np.ndarray
    reaches: np.ndarray
    activation_error: np.ndarray
    terms: np.ndarray
    largest: float
    growth: float
    exponent: int
    tame: bool


def _propagate(
    columns: np.ndarray,
    inner: np.ndarray,
    bias: np.ndarray,
    kinds: list[int],
    roundoff: float,
    units: list[tuple[int, int]] | None,
) -> _Spread:
    """Errors and magnitudes layer by layer."""
    errors, reaches = np.zeros_like(bias), np.zeros_like(bias)
    reach_in: np.ndarray = np.ones(len(columns))
    terms_in, error_in = reach_in, np.zeros(len(columns))
    exponent, tame = 0, True
    largest = growth = 1.0
    for k, kind in enumerate(kinds):
        weight = np.abs(columns.T if k == 0 else inner[k - 1])
        offset = np.abs(bias[k])
        reach = (weight @ reach_in + offset) * (1 + 2.0**-20)
        terms = (weight @ terms_in + offset) * (1 + 2.0**-20)
        error = (weight @ error_in + roundoff * terms) * (1 + 2.0**-20)
        error += UNDERFLOW * (1 + largest)
        errors[k], reaches[k] = error, reach
        slope = np.ones_like(reach)
        if units is not None:
            exponent = min(units[k][0] + exponent, units[k][1])
            tame = tame and (abs(exponent) <= LARGEST_EXPONENT or not terms.any())
        if kind == STEP:
            divisor = np.maximum(reach, SMALLEST_REACH)
            reach_in = np.ones_like(reach)
            terms_in = 1 + STEEPEST * terms / divisor
            error_in = STEEPEST * error / divisor + roundoff
            slope = np.where(reach > 0, STEEPEST / divisor, 0.0)
            # slopes are powers of two of at least 1 / (4 reach): so fine is the unit of slope * z
            most = float(reach.max(initial=0.0))
            if units is not None and most > 0:
                tame = tame and most > SMALLEST_REACH
                exponent = min(0, exponent - math.frexp(most)[1] - 2)
                tame = tame and abs(exponent) <= LARGEST_EXPONENT
        else:
            factor = 3.0 if kind == RELU else 1.0
            reach_in, terms_in, error_in = reach, factor * terms, factor * error
            if units is not None and tame and abs(exponent) <= LARGEST_EXPONENT:
                # a coefficient of the neuron is a multiple of its unit times this much
                terms_in = np.where(terms_in > 0, np.maximum(terms_in, 2.0**exponent), 0.0)
        largest = float(np.max([largest, terms.max(initial=0.0), terms_in.max(initial=0.0)]))
        # no row is steeper than `slope`, no column gathers more than its sum
        gathered = (slope[:, None] * weight).sum(axis=0).max(initial=0.0)
        steepest = np.max([1.0, slope.max(initial=0.0)])
        growth *= float(steepest * np.max([1.0, weight.max(initial=0.0), gathered]))
    return _Spread(errors, reaches, error_in, terms_in, largest, growth, exponent, tame)


def _weights(
    problem: Problem, flips: np.ndarray
) -> tuple[
    list[np.ndarray],
    list[np.ndarray],
    list[list[Fraction]],
    Fraction,
    list[tuple[int, int]] | None,
]:
    """Float weights and biases, exact biases, scale, and the exponents of the units if any."""
    layers = problem.network.layers
    plain = problem.specification.domain.values == (Fraction(0), Fraction(1)) and not flips.any()
    if plain and all(_tame(layer.weight) and _tame(layer.bias) for layer in layers):
        weights = [layer.weight.astype(np.float64) for layer in layers]
        biases = [layer.bias.astype(np.float64) for layer in layers]
        last = [Fraction(float(b)) for b in biases[-1]]
        constants = [[Fraction(0)]] * (len(layers) - 1) + [last]
        units = [(_unit(layer.exact_weight), _unit(layer.exact_bias)) for layer in layers]
        return weights, biases, constants, Fraction(1), units
    integer = IntegerNetwork.of(problem)
    weights, biases, constants = [], [], []
    shift = 0
    narrow = True
    for index, layer in enumerate(integer.layers):
        weight, bias = layer.weight, layer.bias
        if index == 0 and flips.any():
            weight, bias = weight.astype(object), bias.astype(object)
            bias = bias + weight[:, flips].sum(axis=1)
            weight = np.where(flips, -weight, weight)
        narrow = narrow and max(bit_width(weight), bit_width(bias)) <= 53
        own = 0 if narrow else max(bit_width(weight), bit_width(bias) - shift, 1)
        weights.append(_divide(weight, own))
        biases.append(_divide(bias, own + shift))
        shift += own
        constants.append([Fraction(int(b), 1 << shift) for b in bias.flat])
        if layer.activation == "step":
            shift = 0
    # a read-out weight that underflows would look like no weight at all: nothing is known then
    nonzero = np.asarray(integer.layers[-1].weight != 0, dtype=bool)
    weights[-1] = np.where(nonzero & (np.abs(weights[-1]) < UNDERFLOW), np.nan, weights[-1])
    last_unit = integer.unit * (1 << shift)
    return weights, biases, constants, last_unit, [(0, 0)] * len(weights) if narrow else None


def _unit(array: object) -> int:
    """Exponent of the unit of an exact array; a high one for zeros, which are multiples of all."""
    mantissa, exponent = array.mantissa, array.exponent  # type: ignore[attr-defined]
    return int(exponent) if mantissa.size and mantissa.any() else 1000


def _tame(array: np.ndarray) -> bool:
    """True when conversion to float64 is exact and no product of a few entries leaves its range."""
    if array.dtype == object:
        return False
    values = np.abs(array.astype(np.float64))
    if array.dtype.kind in "iu" and values.max(initial=0.0) > 2.0**52:
        return False
    nonzero = values[values > 0]
    return not nonzero.size or bool(nonzero.max() < 2.0**60 and nonzero.min() > 2.0**-120)


def _divide(integers: np.ndarray, shift: int) -> np.ndarray:
    """``integers / 2**shift`` correctly rounded to float64."""
    if shift == 0 and integers.dtype != object:
        return integers.astype(np.float64)
    result = np.empty(integers.shape)
    for index, value in np.ndenumerate(integers):
        try:
            result[index] = int(value) / (1 << shift)
        except OverflowError:
            result[index] = math.inf if value > 0 else -math.inf
    return result
