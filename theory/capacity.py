"""Capacity laws: an estimate from statistical physics, and constants from measurements.

None of these is a theorem; each says so. See docs/theory.md, section 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition
from .conjunctions import ACTIVE_FITS, PAIRS_FIT
from .enclosure import Enclosure, enclose, endpoints, interval, interval_precision
from .parameters import parameters

_TWO_ACTIVE = Condition(
    "active = 2: the law is about pairs of active inputs", lambda i: i["active"] == 2
)
_THREE_INPUTS = Condition("inputs >= 3", lambda i: i["inputs"] >= 3)
_TWO_OUTPUTS = Condition("outputs >= 2", lambda i: i["outputs"] >= 2)

TRAINED = "superposed, one layer: trained n x n matrix, code and decoder fixed"
#: The optimal threshold is bisected to intervals of 2^-THRESHOLD_BITS.
THRESHOLD_BITS = 32


def density(b: Any) -> Any:
    """The standard normal density at an interval."""
    return iv.exp(-b * b / 2) / iv.sqrt(2 * iv.pi)


def distribution(b: Any) -> Any:
    """The standard normal distribution function at an interval above 0.

    The series ``1/2 + phi(b) (b + b^3/3 + b^5/15 + ...)`` has positive terms; once their ratio
    is below 1/2 the rest is at most the last term.
    """
    term = total = b
    k = 1
    while True:
        k += 2
        term = term * b * b / k
        total += term
        if (b * b / (k + 2)).b < 0.5 and term.b < iv.mpf(2) ** -(iv.prec + 20):
            break
    return iv.mpf(1) / 2 + density(b) * (total + term * iv.mpf([0, 1]))


def _slope(b: Any, share: Any) -> Any:
    """Half the derivative by b of f E(b-t)_+^2 + (1-f) E(t-b)_+^2."""
    phi, cumulative = density(b), distribution(b)
    above = phi - b * (1 - cumulative)
    return share * (b * cumulative + phi) - (1 - share) * above


def _constraint(b: Any, share: Any) -> Any:
    phi, cumulative = density(b), distribution(b)
    below = (1 + b * b) * cumulative + b * phi
    above = (1 + b * b) * (1 - cumulative) - b * phi
    return share * below + (1 - share) * above


@lru_cache(maxsize=256)
def optimal_threshold(patterns: int) -> Fraction:
    """A multiple b of 2^-:data:`THRESHOLD_BITS` with the best threshold in [b, b + 2^-bits].

    ``patterns`` is the number of inputs, 3 or more, of which one makes an output true.
    """
    low, high = Fraction(0), Fraction(1)
    while not _rises(high, patterns):
        low, high = high, 2 * high
    while high - low > Fraction(1, 1 << THRESHOLD_BITS):
        middle = (low + high) / 2
        # the function is convex, so its slope tells the side
        low, high = (low, middle) if _rises(middle, patterns) else (middle, high)
    return low


def _rises(b: Fraction, patterns: int) -> bool:
    """Whether the estimate rises with the threshold at b: proved one way or the other."""
    precision = _precision(patterns)
    while True:
        with interval_precision(precision):
            low, high = endpoints(_slope(interval(b), iv.mpf(1) / patterns))
        if low > 0 or high < 0:
            return low > 0
        precision *= 2  # a rational threshold is never exactly the best one


def _precision(patterns: int) -> int:
    """Bits that keep the tail, some 1/patterns, apart from the rounding."""
    return 128 + 4 * patterns.bit_length()


def gardner_neurons(
    inputs: int, outputs: int, factor: Callable[[], Any] | None = None
) -> Enclosure:
    """The estimated least width ``n^2 = m' P min_b {...}`` for P = C(inputs, 2) patterns.

    ``factor`` makes an interval that multiplies n, for quantised weights.
    Source: docs/theory.md, section 13.1.
    """
    patterns = math.comb(inputs, 2)
    b = optimal_threshold(patterns)

    def compute() -> Any:
        share = iv.mpf(1) / patterns
        # the minimum is attained between b and the next grid point, where the slope is tiny
        step = iv.mpf(2) ** -THRESHOLD_BITS
        at = _constraint(interval(b), share)
        slope = _slope(interval(b) + step * iv.mpf([0, 1]), share)
        least = at + 2 * slope * step * iv.mpf([0, 1])
        found = iv.sqrt(outputs * iv.mpf(patterns) * least)
        return found if factor is None else found * factor()

    return enclose(compute, _precision(patterns))


def _trained_law(low: Fraction, high: Fraction, outputs: int) -> Enclosure:
    """A measured range of c = n / sqrt(m' ln m')."""
    found = enclose(lambda: iv.sqrt(outputs * iv.log(iv.mpf(outputs))))
    return Enclosure(low * found.low, high * found.high)


def _gardner_formula(sp: Any, s: Any, factor: Any = 1) -> Any:
    """With b left as a symbol: the value is the minimum over b."""
    b = sp.Symbol("b", positive=True)
    patterns = sp.binomial(s.inputs, 2)
    phi = sp.exp(-(b**2) / 2) / sp.sqrt(2 * sp.pi)
    tail = sp.erfc(b / sp.sqrt(2)) / 2
    below = (1 + b**2) * (1 - tail) + b * phi
    above = (1 + b**2) * tail - b * phi
    return factor * sp.sqrt(s.outputs * (below + (patterns - 1) * above))


_GARDNER = (
    r"n^2 \approx m' P \min_b \left\{ f\,\mathrm{E}(b-t)_+^2 + (1-f)\,\mathrm{E}(t-b)_+^2 "
    r"\right\}, \quad P = \tbinom m2 = \tfrac1f, \quad t \sim N(0,1)"
)
_ESTIMATES = tuple(
    Bound(
        name=f"pairwise-and-gardner{suffix}",
        title=title,
        subject="capacity laws",
        task="pairwise-and",
        statement=statement,
        latex=latex,
        expression=expression,
        direction="equal",
        quantity="neurons",
        networks=TRAINED + f", {weights}",
        form="superposed",
        weight_bits=bits,
        parameters=parameters("inputs", "outputs", "active"),
        regime=(PAIRS_FIT, ACTIVE_FITS, _TWO_ACTIVE, _THREE_INPUTS),
        exactness="heuristic",
        source="replica-symmetric estimate for independent patterns; own application",
        section="13.1",
        function=function,
    )
    for suffix, title, statement, latex, expression, weights, bits, function in (
        (
            "",
            "capacity law, real weights",
            "The width at which a trained matrix should just fit, if the pair features were "
            "independent and Gaussian.",
            _GARDNER,
            _gardner_formula,
            "real weights",
            None,
            lambda inputs, outputs: gardner_neurons(inputs, outputs),
        ),
        (
            "-one-bit",
            "capacity law, one bit",
            "The same with weights +-1.",
            r"n \approx \sqrt{\pi/2}\; n_{\mathrm{real}}",
            lambda sp, s: _gardner_formula(sp, s, sp.sqrt(sp.pi / 2)),
            "weights +-1",
            lambda: 1,
            lambda inputs, outputs: gardner_neurons(inputs, outputs, lambda: iv.sqrt(iv.pi / 2)),
        ),
        (
            "-ternary",
            "capacity law, ternary",
            "The same with weights -1, 0 and 1.",
            r"n \approx n_{\mathrm{real}} / 0.9",
            lambda sp, s: _gardner_formula(sp, s, sp.Rational(10, 9)),
            "weights -1, 0 and 1",
            lambda: 2,
            lambda inputs, outputs: gardner_neurons(inputs, outputs, lambda: iv.mpf(10) / 9),
        ),
    )
)

_MEASURED = tuple(
    Bound(
        name=f"pairwise-and-trained{suffix}",
        title=f"trained, {weights}",
        subject="capacity laws",
        task="pairwise-and",
        statement=f"Certified widths of trained networks with {weights} on all pairs of active "
        "inputs lay in this range.",
        latex=rf"n \approx c\sqrt{{m' \ln m'}}, \quad {float(low):.4g} \le c \le {float(high):.4g}",
        expression=lambda sp, s: sp.Symbol("c") * sp.sqrt(s.outputs * sp.log(s.outputs)),
        direction="equal",
        quantity="neurons",
        networks=TRAINED + f", {weights}",
        form="superposed",
        weight_bits=bits,
        parameters=parameters("outputs", "active"),
        regime=(_TWO_OUTPUTS, _TWO_ACTIVE),
        exactness="fit",
        mark="measured",
        source=f"{outputs} outputs, complete graph, one seed; measured before this package and "
        "not repeated in it; beyond these sizes an extrapolation",
        section="13.2",
        function=lambda outputs, low=low, high=high: _trained_law(low, high, outputs),
    )
    for suffix, weights, outputs, bits, low, high in (
        (
            "",
            "weights of 14 bits",
            "256 to 8,192",
            (lambda: 14),
            Fraction(1116, 1000),
            Fraction(122, 100),
        ),
        (
            "-ternary",
            "ternary weights",
            "256 to 2,048",
            (lambda: 2),
            Fraction(176, 100),
            Fraction(186, 100),
        ),
        (
            "-one-bit",
            "one-bit weights",
            "256 to 2,048",
            (lambda: 1),
            Fraction(237, 100),
            Fraction(255, 100),
        ),
    )
)


def _key_value_law(low: Fraction, high: Fraction, outputs: int) -> Enclosure:
    """A measured range of n / sqrt(m')."""
    found = enclose(lambda: iv.sqrt(iv.mpf(outputs)))
    return Enclosure(low * found.low, high * found.high)


_KEY_VALUE = tuple(
    Bound(
        name=f"pairwise-and-key-value{suffix}",
        title=f"key-value, {weights}",
        subject="capacity laws",
        task="pairwise-and",
        statement=f"Certified widths of untrained key-value matrices with {weights} lay in this "
        "range.",
        latex=rf"n \approx c\sqrt{{m'}}, \quad {float(low):.4g} \le c \le {float(high):.4g}",
        expression=lambda sp, s: sp.Symbol("c") * sp.sqrt(s.outputs),
        direction="equal",
        quantity="neurons",
        networks=f"superposed, one layer: key-value matrix with {weights}",
        form="superposed",
        weight_bits=bits,
        parameters=parameters("outputs", "active"),
        regime=(_TWO_ACTIVE,),
        exactness="fit",
        mark="measured",
        source="16 to 4,096 outputs, complete graphs and pairs of low influence, one seed; "
        "measured before this package and not repeated in it; beyond these sizes an extrapolation",
        section="13.2",
        function=lambda outputs, low=low, high=high: _key_value_law(low, high, outputs),
    )
    for suffix, weights, bits, low, high in (
        ("", "real weights", None, Fraction(87, 10), Fraction(10)),
        ("-one-bit", "one-bit weights", (lambda: 1), Fraction(135, 10), Fraction(159, 10)),
    )
)

CAPACITY_BOUNDS: tuple[Bound, ...] = _ESTIMATES + _MEASURED + _KEY_VALUE
