"""Softmax attention: how sharp it must be for its weights to decide like a threshold.

A sink key, with a score of its own, takes the weight where no item deserves it. Proofs are in
docs/theory.md, section 9.7. Source of the question: arXiv 2509.22840 (abstract only).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition, Monotone
from .enclosure import Enclosure, enclose, interval
from .parameters import parameters

_ERROR = Condition("0 < error < 1", lambda i: 0 < i["error"] < 1)
_GAP = Condition("gap > 0", lambda i: i["gap"] > 0)
_TEMPERATURE = Condition("temperature > 0", lambda i: i["temperature"] > 0)
_DEGREE = Condition("degree <= context", lambda i: i["degree"] <= i["context"])

SINK = "softmax over the items of a context and a sink; edges score at least tau + gamma, "
SINK += "other items at most tau - gamma, the sink tau"
HALF = "one head reports an item when its weight is at least 1/2; non-edges score below the sink"


def _sufficient(gap: Fraction, context: int, error: Fraction) -> Enclosure:
    def compute(level: Any, share: int) -> Any:
        return iv.log(interval(Fraction(level) / Fraction(error))) / (share * interval(gap))

    one, many = enclose(lambda: compute(2, 1)), enclose(lambda: compute(2 * context, 2))
    return Enclosure(max(one.low, many.low), max(one.high, many.high))


def _necessary(gap: Fraction, context: int, error: Fraction) -> Enclosure:
    odds = Fraction(error) / (1 - Fraction(error))
    others = context - 1

    def compute() -> Any:
        # 1/x for the positive root of others x^2 + x = odds, without cancellation
        inverse = (1 + iv.sqrt(1 + 4 * others * interval(odds))) / (2 * interval(odds))
        return iv.log(inverse) / interval(gap)

    found = enclose(compute)
    return Enclosure(max(found.low, Fraction(0)), max(found.high, Fraction(0)))


def _degree_gap(context: int, degree: int, temperature: Fraction) -> Enclosure:
    one = enclose(lambda: interval(temperature) * iv.log(iv.mpf(2 * degree)))
    many = enclose(lambda: interval(temperature) * iv.log(iv.mpf(2 * context)) / 2)
    return Enclosure(max(one.low, many.low), max(one.high, many.high))


_SMALLER_GAP = Monotone("context", True, "the logarithm rises with l")

SOFTMAX_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="softmax-scale",
        title="sufficient scale",
        subject="attention",
        task="softmax",
        statement="With scores multiplied by this, the one edge of a context of at most l items "
        "gets weight 1 - epsilon or more.",
        latex=r"\beta \ge \max\left(\frac{\ln(2/\varepsilon)}{\gamma}, "
        r"\frac{\ln(2l/\varepsilon)}{2\gamma}\right)",
        expression=lambda sp, s: sp.Max(
            sp.log(2 / s.error) / s.gap, sp.log(2 * s.context / s.error) / (2 * s.gap)
        ),
        direction="upper",
        quantity="scale of the scores",
        symbol=r"\beta",
        networks=SINK,
        form="sink",
        parameters=parameters("gap", "context", "error"),
        regime=(_GAP, _ERROR),
        monotone=(_SMALLER_GAP,),
        section="9.7",
        function=_sufficient,
    ),
    Bound(
        name="softmax-scale-necessary",
        title="necessary scale",
        subject="attention",
        task="softmax",
        statement="With scores multiplied by less, some context of l items gives its edge a weight "
        "below 1 - epsilon.",
        latex=r"\beta \ge \frac1\gamma \ln \frac{1 + \sqrt{1 + 4(l-1)\,o}}{2\,o}, \quad "
        r"o = \frac{\varepsilon}{1-\varepsilon}",
        expression=lambda sp, s: sp.Max(
            0,
            sp.log(
                (1 + sp.sqrt(1 + 4 * (s.context - 1) * s.error / (1 - s.error)))
                / (2 * s.error / (1 - s.error))
            )
            / s.gap,
        ),
        direction="lower",
        quantity="scale of the scores",
        symbol=r"\beta",
        networks=SINK,
        form="sink",
        parameters=parameters("gap", "context", "error"),
        regime=(_GAP, _ERROR),
        monotone=(_SMALLER_GAP,),
        section="9.7",
        function=_necessary,
    ),
    Bound(
        name="softmax-gap",
        title="gap for one edge",
        subject="attention",
        task="softmax",
        statement="An edge that scores this much above the sink is reported in every context of "
        "at most l items without other edges; less is not enough for all scores.",
        latex=r"g = T \ln l",
        expression=lambda sp, s: s.temperature * sp.log(s.context),
        direction="equal",
        quantity="score gap",
        symbol="g",
        networks=HALF,
        form="threshold one half",
        parameters=parameters("context", "temperature"),
        regime=(_TEMPERATURE,),
        monotone=(_SMALLER_GAP,),
        section="9.7",
        function=lambda context, temperature: enclose(
            lambda: interval(temperature) * iv.log(iv.mpf(context))
        ),
    ),
    Bound(
        name="softmax-gap-degree",
        title="gap for several edges",
        subject="attention",
        task="softmax",
        statement="With all edges at sink + g and non-edges at most sink - g, any larger g lets "
        "one threshold on the weights separate them in every context of at most l items, of which "
        "at most Delta are edges.",
        latex=r"g > T \max\left(\ln 2\Delta,\ \tfrac12 \ln 2l\right)",
        expression=lambda sp, s: (
            s.temperature * sp.Max(sp.log(2 * s.degree), sp.log(2 * s.context) / 2)
        ),
        direction="upper",
        quantity="score gap",
        symbol="g",
        networks="one head; all edges of a query in it score the same, a sink below them",
        form="one threshold",
        parameters=parameters("context", "degree", "temperature"),
        regime=(_TEMPERATURE, _DEGREE),
        monotone=(_SMALLER_GAP, Monotone("degree", True, "the logarithm rises with Delta")),
        section="9.7",
        function=_degree_gap,
    ),
)
