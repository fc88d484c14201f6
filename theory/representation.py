"""Representing features without computing on them: overlaps, reads, states and distances."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition, Monotone
from .conjunctions import ACTIVE_FITS
from .counting import Cardinality, power
from .enclosure import Enclosure, enclose, interval, whole_number
from .parameters import parameters

_TWO_INPUTS = Condition("inputs >= 2", lambda i: i["inputs"] >= 2)
_TWO_FEATURES = Condition("features >= 2", lambda i: i["features"] >= 2)
_CROWDED = Condition(
    "features >= neurons: otherwise the features fit without any overlap",
    lambda i: i["features"] >= i["neurons"],
)
_SMALL_DISTORTION = Condition("0 < distortion < 1", lambda i: 0 < i["distortion"] < 1)
_HIGHER_ODDS = Monotone("failure_odds", True, "the logarithm rises with the odds")

STATES = "states of n neurons, from which every input with at most v ones can be told"
SIGNS = "states that are sums of random sign vectors, read by <c_j, e> / n > 1/2"


def _inputs_served(inputs: int, active: int) -> Cardinality:
    return power(sum(math.comb(inputs, k) for k in range(active + 1)), 1)


def _state_neurons(inputs: int, active: int, active_bits: int) -> int:
    return -(-_inputs_served(inputs, active).bits() // active_bits)


def _one_input(inputs: int, active: int, failure_odds: int) -> int:
    return whole_number(lambda: 8 * active * iv.log(iv.mpf(inputs * failure_odds)), "up")


def _all_inputs(inputs: int, active: int, failure_odds: int) -> int:
    events = inputs * (inputs - 1) * failure_odds
    return whole_number(lambda: 8 * active**2 * iv.log(iv.mpf(events)), "up")


def _distances(inputs: int, distortion: Fraction) -> int:
    eps = Fraction(distortion)
    rate = eps**2 / 2 - eps**3 / 3
    return max(1, whole_number(lambda: 4 * iv.log(iv.mpf(inputs)) / interval(rate), "up"))


def _welch(features: int, neurons: int) -> Fraction:
    return Fraction(features - neurons, neurons * (features - 1))


def _random_overlap(features: int, neurons: int, failure_odds: int) -> Enclosure:
    events = features * (features - 1) * failure_odds

    def compute() -> Any:
        return iv.sqrt(2 * iv.log(iv.mpf(events)) / neurons)

    found = enclose(compute)
    return Enclosure(min(found.low, Fraction(1)), min(found.high, Fraction(1)))


def _served_formula(sp: Any, s: Any) -> Any:
    k = sp.Symbol("k", integer=True, nonnegative=True)
    return sp.Sum(sp.binomial(s.inputs, k), (k, 0, s.active))


REPRESENTATION_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="representation-states",
        title="distinct states",
        subject="representation",
        task="representation",
        statement="Telling all inputs with at most v ones apart from the states of n neurons, "
        "b bits each, takes this many neurons.",
        latex=r"n \ge \frac{\left\lceil \log_2 \sum_{k=0}^{v} \binom{m}{k} \right\rceil}{b}",
        expression=lambda sp, s: sp.ceiling(
            sp.ceiling(sp.log(_served_formula(sp, s), 2)) / s.active_bits
        ),
        direction="lower",
        quantity="neurons",
        networks=STATES,
        form="states",
        parameters=parameters("inputs", "active", "active_bits"),
        regime=(ACTIVE_FITS,),
        monotone=(
            Monotone("inputs", True, "each binomial coefficient rises with m"),
            Monotone("active", True, "the sum has more terms"),
            Monotone("active_bits", False, "the same bits are held by fewer neurons"),
        ),
        section="8.4",
        confirms=("representation-order",),
        function=_state_neurons,
    ),
    Bound(
        name="representation-one-input",
        title="random signs, one input",
        subject="representation",
        task="representation",
        statement="With this many neurons, random sign vectors read all m features of one given "
        "input with at most v ones correctly, except with probability 1/K.",
        latex=r"n \ge 8 v \ln(mK)",
        expression=lambda sp, s: sp.ceiling(8 * s.active * sp.log(s.inputs * s.failure_odds)),
        direction="upper",
        quantity="neurons",
        networks=SIGNS,
        form="one input",
        parameters=parameters("inputs", "active", "failure_odds"),
        regime=(ACTIVE_FITS,),
        monotone=(
            Monotone("inputs", True, "the logarithm rises with m"),
            Monotone("active", True, "it is a multiple of v"),
            _HIGHER_ODDS,
        ),
        section="8.2",
        confirms=("representation-order",),
        function=_one_input,
    ),
    Bound(
        name="representation-all-inputs",
        title="random signs, all inputs",
        subject="representation",
        task="representation",
        statement="With this many neurons, random sign vectors read all m features of every input "
        "with at most v ones correctly, except with probability 1/K.",
        latex=r"n \ge 8 v^2 \ln\left(m(m-1)K\right)",
        expression=lambda sp, s: sp.ceiling(
            8 * s.active**2 * sp.log(s.inputs * (s.inputs - 1) * s.failure_odds)
        ),
        direction="upper",
        quantity="neurons",
        networks=SIGNS,
        form="states",
        weight_bits=lambda active: (2 * active).bit_length(),
        parameters=parameters("inputs", "active", "failure_odds"),
        regime=(ACTIVE_FITS, _TWO_INPUTS),
        monotone=(
            Monotone("inputs", True, "the logarithm rises with m"),
            Monotone("active", True, "it is a multiple of v^2"),
            _HIGHER_ODDS,
        ),
        section="8.2",
        confirms=("representation-order",),
        function=_all_inputs,
    ),
    Bound(
        name="distances",
        title="random projection",
        subject="representation",
        task="distances",
        statement="A Gaussian random projection to this many dimensions keeps all squared "
        "distances of m points within a factor 1 +- epsilon, for some draw.",
        latex=r"n \ge \frac{4 \ln m}{\varepsilon^2/2 - \varepsilon^3/3}",
        expression=lambda sp, s: sp.Max(
            1, sp.ceiling(4 * sp.log(s.inputs) / (s.distortion**2 / 2 - s.distortion**3 / 3))
        ),
        direction="upper",
        quantity="neurons",
        networks="linear maps",
        form="distances",
        parameters=parameters("inputs", "distortion"),
        regime=(_SMALL_DISTORTION,),
        monotone=(Monotone("inputs", True, "the logarithm rises with m"),),
        source="own proof of the lemma of Johnson and Lindenstrauss, with the constant of "
        "Dasgupta and Gupta (2003)",
        section="8.3",
        confirms=("representation-order",),
        function=_distances,
    ),
    Bound(
        name="overlap-mean-square",
        title="Welch, mean square",
        subject="representation",
        task="overlap",
        statement="N unit vectors in n dimensions have at least this mean-square overlap over "
        "pairs.",
        latex=r"\overline{\mu^2} \ge \frac{N-n}{n(N-1)}",
        expression=lambda sp, s: (s.features - s.neurons) / (s.neurons * (s.features - 1)),
        direction="lower",
        quantity="mean-square overlap",
        symbol=r"\overline{\mu^2}",
        networks="unit vectors",
        form="unit vectors",
        parameters=parameters("features", "neurons"),
        regime=(_TWO_FEATURES, _CROWDED),
        monotone=(
            Monotone("features", True, "its derivative by N has the sign of n - 1"),
            Monotone("neurons", False, "it is (N/n - 1)/(N - 1)"),
        ),
        source="Welch (1974); own proof",
        section="8.1",
        function=_welch,
    ),
    Bound(
        name="overlap-largest",
        title="Welch, largest",
        subject="representation",
        task="overlap",
        statement="Among N unit vectors in n dimensions, two have at least this overlap.",
        latex=r"\mu \ge \sqrt{\frac{N-n}{n(N-1)}}",
        expression=lambda sp, s: sp.sqrt((s.features - s.neurons) / (s.neurons * (s.features - 1))),
        direction="lower",
        quantity="overlap",
        symbol=r"\mu",
        networks="unit vectors",
        form="unit vectors",
        parameters=parameters("features", "neurons"),
        regime=(_TWO_FEATURES, _CROWDED),
        monotone=(
            Monotone("features", True, "its square has a derivative by N with the sign of n - 1"),
            Monotone("neurons", False, "its square is (N/n - 1)/(N - 1)"),
        ),
        source="Welch (1974); own proof",
        section="8.1",
        confirms=("linear-read-order-overlap",),
        function=lambda features, neurons: enclose(
            lambda: iv.sqrt(interval(_welch(features, neurons)))
        ),
    ),
    Bound(
        name="overlap-random-signs",
        title="random signs, largest",
        subject="representation",
        task="overlap",
        statement="N random sign vectors of length n, scaled to unit norm, have no larger overlap, "
        "except with probability 1/K.",
        latex=r"\mu \le \min\left(1, \sqrt{\frac{2 \ln(N(N-1)K)}{n}}\right)",
        expression=lambda sp, s: sp.Min(
            1, sp.sqrt(2 * sp.log(s.features * (s.features - 1) * s.failure_odds) / s.neurons)
        ),
        direction="upper",
        quantity="overlap",
        symbol=r"\mu",
        networks="random sign vectors",
        form="unit vectors",
        parameters=parameters("features", "neurons", "failure_odds"),
        regime=(_TWO_FEATURES,),
        monotone=(
            Monotone("features", True, "the logarithm rises with N"),
            Monotone("neurons", False, "it falls like the inverse root of n"),
            _HIGHER_ODDS,
        ),
        section="8.2",
        function=_random_overlap,
    ),
)
