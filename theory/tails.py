"""Tail probabilities: the two inequalities that every random construction here rests on."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition, Monotone
from .enclosure import Enclosure, enclose, interval
from .parameters import parameters

_PROBABILITY = Condition("0 < probability < 1", lambda i: 0 < i["probability"] < 1)
_COUNT_FITS = Condition("successes <= length", lambda i: i["successes"] <= i["length"])
_ABOVE_MEAN = Condition(
    "successes >= length * probability: the inequality is about the upper tail",
    lambda i: i["successes"] >= i["length"] * i["probability"],
)
#: Exact tails are sums of so many terms at most.
MOST_TERMS = 5_000
_WRITABLE = Condition(
    f"length <= {MOST_TERMS}: the exact sum is written out", lambda i: i["length"] <= MOST_TERMS
)


def sign_sum_tail(length: int, level: Fraction) -> Fraction:
    """The exact probability that so many fair signs sum to ``level`` or more."""
    # the sum is 2 k - length for k plus signs
    first = max(0, math.ceil((Fraction(level) + length) / 2))
    return Fraction(sum(math.comb(length, k) for k in range(first, length + 1)), 2**length)


def binomial_tail(length: int, probability: Fraction, successes: int) -> Fraction:
    """The exact probability of ``successes`` or more in so many independent trials."""
    good, all_ = Fraction(probability).as_integer_ratio()
    found = sum(
        math.comb(length, k) * good**k * (all_ - good) ** (length - k)
        for k in range(successes, length + 1)
    )
    return Fraction(found, all_**length)


def _hoeffding(length: int, level: Fraction) -> Enclosure:
    return enclose(lambda: iv.exp(-(interval(level) ** 2) / (2 * length)))


def _chernoff(length: int, probability: Fraction, successes: int) -> Enclosure:
    p, share = Fraction(probability), Fraction(successes, length)

    def compute() -> Any:
        divergence = iv.mpf(0)
        for part, base in ((share, p), (1 - share, 1 - p)):
            if part:
                divergence += interval(part) * iv.log(interval(part / base))
        return iv.exp(-length * divergence)

    return enclose(compute)


def _divergence(sp: Any, share: Any, p: Any) -> Any:
    rest = sp.Piecewise((0, sp.Eq(share, 1)), ((1 - share) * sp.log((1 - share) / (1 - p)), True))
    part = sp.Piecewise((0, sp.Eq(share, 0)), (share * sp.log(share / p), True))
    return part + rest


TAIL_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="sign-sum-exact",
        title="exact",
        subject="concentration",
        task="sign-sum",
        statement="The probability that n independent fair signs sum to s or more.",
        latex=r"\Pr\left(\sum \sigma_i \ge s\right) = 2^{-n} \sum_{k \ge (n+s)/2} \binom{n}{k}",
        expression=lambda sp, s: _exact_sign_sum(sp, s),
        direction="equal",
        quantity="probability",
        symbol="P",
        networks="sums of independent fair signs",
        form="sign sum",
        parameters=parameters("length", "level"),
        regime=(_WRITABLE,),
        section="11.1",
        function=sign_sum_tail,
    ),
    Bound(
        name="sign-sum-hoeffding",
        title="Hoeffding",
        subject="concentration",
        task="sign-sum",
        statement="The probability that n independent fair signs sum to s or more is at most this.",
        latex=r"\Pr\left(\sum \sigma_i \ge s\right) \le e^{-s^2/(2n)}",
        expression=lambda sp, s: sp.exp(-(s.level**2) / (2 * s.length)),
        direction="upper",
        quantity="probability",
        symbol="P",
        networks="sums of independent fair signs",
        form="sign sum",
        parameters=parameters("length", "level"),
        monotone=(Monotone("length", True, "the exponent rises with n"),),
        source="Hoeffding (1963); own proof",
        section="11.1",
        function=_hoeffding,
    ),
    Bound(
        name="binomial-exact",
        title="exact",
        subject="concentration",
        task="binomial",
        statement="The probability of s or more successes in n independent trials.",
        latex=r"\Pr(X \ge s) = \sum_{k=s}^{n} \binom{n}{k} p^k (1-p)^{n-k}",
        expression=lambda sp, s: _exact_binomial(sp, s),
        direction="equal",
        quantity="probability",
        symbol="P",
        networks="independent trials",
        form="binomial",
        parameters=parameters("length", "probability", "successes"),
        regime=(_PROBABILITY, _COUNT_FITS, _WRITABLE),
        monotone=(
            Monotone("length", True, "more trials never have fewer successes"),
            Monotone("successes", False, "the sum has fewer terms"),
        ),
        section="11.2",
        function=binomial_tail,
    ),
    Bound(
        name="binomial-chernoff",
        title="Chernoff",
        subject="concentration",
        task="binomial",
        statement="The probability of s or more successes in n independent trials is at most this.",
        latex=r"\Pr(X \ge s) \le e^{-n\,\mathrm{KL}(s/n \,\|\, p)}",
        expression=lambda sp, s: sp.exp(
            -s.length * _divergence(sp, sp.S(s.successes) / s.length, s.probability)
        ),
        direction="upper",
        quantity="probability",
        symbol="P",
        networks="independent trials",
        form="binomial",
        parameters=parameters("length", "probability", "successes"),
        regime=(_PROBABILITY, _COUNT_FITS, _ABOVE_MEAN),
        monotone=(Monotone("successes", False, "the divergence rises with s above the mean n p"),),
        source="Chernoff (1952); own proof",
        section="11.2",
        function=_chernoff,
    ),
)


def _exact_sign_sum(sp: Any, s: Any) -> Any:
    k = sp.Symbol("k", integer=True)
    first = sp.Max(0, sp.ceiling((s.level + s.length) / 2))
    return sp.Sum(sp.binomial(s.length, k), (k, first, s.length)) / 2**s.length


def _exact_binomial(sp: Any, s: Any) -> Any:
    k = sp.Symbol("k", integer=True)
    p = s.probability
    term = sp.binomial(s.length, k) * p**k * (1 - p) ** (s.length - k)
    return sp.Sum(term, (k, s.successes, s.length))
