"""The catalogue of bounds: list them, look one up, evaluate a whole family on one instance."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from . import counting
from .bound import Bound, Condition, Parameter, RegimeError
from .concentration import plain_code_neurons

_INPUTS = Parameter("inputs", "number of inputs m")
_OUTPUTS = Parameter("outputs", "number of outputs m'")
_ACTIVE = Parameter("active", "largest number of active inputs v", default=2)
_WRONG = Parameter("wrong", "answers that may be wrong, t", least=0, default=0)
_BITS = Parameter("bits", "bits a weight, b", default=1)
_LAYERS = Parameter("layers", "square layers that hold the function, L", default=1)
_ODDS = Parameter(
    "failure_odds", "a random draw may fail with probability 1/odds", least=2, default=2
)

_PAIRS_FIT = Condition(
    "1 <= outputs <= C(inputs, 2): every output computes its own pair",
    lambda i: i["outputs"] <= math.comb(i["inputs"], 2),
)
_PAIRS_TESTED = Condition("active >= 2: otherwise no AND is ever true", lambda i: i["active"] >= 2)
_WRONG_OUTPUTS = Condition("wrong <= outputs", lambda i: i["wrong"] <= i["outputs"])
_WRONG_INPUTS = Condition("wrong <= inputs", lambda i: i["wrong"] <= i["inputs"])
_THIRD_INPUT = Condition("inputs >= 3", lambda i: i["inputs"] >= 3)

_ANY = "any machine that is determined by its parameters"
_SQUARE = (
    "superposed: the function lives in L square n x n matrices with biases; "
    "encoder and decoder do not depend on it"
)
_FREE = "one hidden layer, every weight and bias may depend on the function"
_PLAIN = "plain: ReLU(Tx-1) with 0/1 code T, read by 0/1 sums K"
_OWN = "own derivation; order Omega(m' lg m') bits: arXiv 2409.15318"
_OWN_NEURONS = "own derivation; order Omega(sqrt(m' lg m')) neurons: arXiv 2409.15318"

BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="pairwise-and-bits",
        family="pairwise-and",
        statement="Computing m' labelled ANDs of distinct pairs, right on every pair of inputs, "
        "takes this many parameter bits.",
        latex=r"B \ge \log_2 \frac{M!}{(M-m')!}, \quad M = \binom{m}{2}",
        direction="lower",
        quantity="parameter bits",
        networks=_ANY,
        parameters=(_INPUTS, _OUTPUTS, _ACTIVE),
        regime=(_PAIRS_FIT, _PAIRS_TESTED),
        source=_OWN,
        derived="docs/theory.md, section 2.1",
        function=lambda inputs, outputs, active: counting.labelled_distinct_ands(
            inputs, outputs
        ).bits(),
    ),
    Bound(
        name="pairwise-and-bits-relevant",
        family="pairwise-and",
        statement="The same when only the m' relevant pairs are asked for and t of these answers "
        "may be wrong.",
        latex=r"B \ge \log_2 \frac{M!}{(M-m')!} - \log_2 \binom{m'}{t} - q \log_2 \frac{M}{q}"
        r" - t \log_2 M, \quad q = m' - t",
        direction="lower",
        quantity="parameter bits",
        networks=_ANY,
        parameters=(_INPUTS, _OUTPUTS, _ACTIVE, _WRONG),
        regime=(_PAIRS_FIT, _PAIRS_TESTED, _WRONG_OUTPUTS),
        source="own derivation",
        derived="docs/theory.md, section 2.2",
        function=lambda inputs, outputs, active, wrong: counting.relevant_ands(
            inputs, outputs, wrong
        ).bits(),
    ),
    Bound(
        name="pairwise-and-neurons",
        family="pairwise-and",
        statement="A superposed network that computes m' labelled ANDs of distinct pairs has "
        "this many neurons a layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        direction="lower",
        quantity="neurons",
        networks=_SQUARE,
        parameters=(_INPUTS, _OUTPUTS, _ACTIVE, _BITS, _LAYERS),
        regime=(_PAIRS_FIT, _PAIRS_TESTED),
        source=_OWN_NEURONS,
        derived="docs/theory.md, section 3.1",
        function=lambda inputs, outputs, active, bits, layers: counting.neurons_square(
            counting.labelled_distinct_ands(inputs, outputs).bits(), bits, layers
        ),
    ),
    Bound(
        name="pairwise-and-neurons-free",
        family="pairwise-and",
        statement="A network with one hidden layer, all of whose parameters may depend on the "
        "function, has this many hidden neurons.",
        latex=r"n \ge \frac{B/b - m'}{m + m' + 1}",
        direction="lower",
        quantity="neurons",
        networks=_FREE,
        parameters=(_INPUTS, _OUTPUTS, _ACTIVE, _BITS),
        regime=(_PAIRS_FIT, _PAIRS_TESTED),
        source="own derivation",
        derived="docs/theory.md, section 3.2",
        function=lambda inputs, outputs, active, bits: counting.neurons_free(
            counting.labelled_distinct_ands(inputs, outputs).bits(), inputs, outputs, bits
        ),
    ),
    Bound(
        name="pairwise-and-plain-code",
        family="pairwise-and",
        statement="A random 0/1 code of this many neurons computes m' ANDs of pairs exactly on at "
        "most v active inputs, except with probability 1/odds.",
        latex=r"n \ge \frac{\ln\left(m' \binom{m-2}{r} / \delta\right)}"
        r"{-\ln\left(1 - p^2 (1 - \rho)\right)}, \quad r = v - 1, \quad"
        r"\rho = e^{-r\,\mathrm{KL}(1/r \,\|\, p)}",
        direction="upper",
        quantity="neurons",
        networks=_PLAIN,
        parameters=(_INPUTS, _OUTPUTS, _ACTIVE, _ODDS),
        regime=(_PAIRS_FIT, _PAIRS_TESTED, _THIRD_INPUT),
        source="own derivation",
        derived="docs/theory.md, section 5",
        function=lambda inputs, outputs, active, failure_odds: plain_code_neurons(
            inputs, outputs, active, failure_odds=failure_odds
        ),
    ),
    Bound(
        name="pairwise-and-one-each",
        family="pairwise-and",
        statement="One neuron ReLU(x_a + x_b - 1) an output computes any pairs exactly at any v.",
        latex=r"n = m'",
        direction="upper",
        quantity="neurons",
        networks=_PLAIN,
        parameters=(_INPUTS, _OUTPUTS, _ACTIVE),
        regime=(_PAIRS_FIT, _PAIRS_TESTED),
        source="own derivation",
        derived="docs/theory.md, section 4.3",
        function=lambda inputs, outputs, active: int(outputs),
    ),
    Bound(
        name="permutation-bits",
        family="permutation",
        statement="Computing every permutation of m inputs, up to t wrong one-hot inputs each, "
        "takes this many parameter bits.",
        latex=r"B \ge \log_2 (m-t)!",
        direction="lower",
        quantity="parameter bits",
        networks=_ANY,
        parameters=(_INPUTS, _WRONG),
        regime=(_WRONG_INPUTS,),
        source=_OWN,
        derived="docs/theory.md, section 2.3",
        function=lambda inputs, wrong: counting.permutations(inputs, wrong).bits(),
    ),
    Bound(
        name="permutation-neurons",
        family="permutation",
        statement="A superposed network for permutations of m inputs has this many neurons a "
        "layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        direction="lower",
        quantity="neurons",
        networks=_SQUARE,
        parameters=(_INPUTS, _WRONG, _BITS, _LAYERS),
        regime=(_WRONG_INPUTS,),
        source=_OWN_NEURONS,
        derived="docs/theory.md, section 3.1",
        function=lambda inputs, wrong, bits, layers: counting.neurons_square(
            counting.permutations(inputs, wrong).bits(), bits, layers
        ),
    ),
)


def families() -> tuple[str, ...]:
    """The families of functions that the catalogue has bounds for."""
    return tuple(dict.fromkeys(bound.family for bound in BOUNDS))


def lookup(name: str) -> tuple[Bound, ...]:
    """The bound of that name, or all bounds of that family.

    Raises RegimeError that lists the known names when there is none.
    """
    found = tuple(bound for bound in BOUNDS if name in (bound.name, bound.family))
    if not found:
        known = [*families(), *(bound.name for bound in BOUNDS)]
        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise RegimeError(f"unknown bound '{name}'{hint}; the known ones are {', '.join(known)}")
    return found


@dataclass(frozen=True)
class Row:
    """One bound on one instance: its exact value, or why it says nothing there."""

    bound: Bound
    instance: dict[str, int]
    value: int | None
    reason: str = ""


def table(name: str, **values: int | None) -> list[Row]:
    """Every bound called ``name``, or of that family, on the instance ``values``.

    Rows out of their regime carry the reason instead of a value. Raises RegimeError for an
    unknown name, and when no bound at all says anything (with the first reason).
    """
    rows = []
    for bound in lookup(name):
        try:
            instance = bound.instance(**values)
            rows.append(Row(bound, instance, bound.function(**instance)))
        except RegimeError as error:
            rows.append(Row(bound, {}, None, str(error)))
    if all(row.value is None for row in rows):
        raise RegimeError(rows[0].reason)
    return rows
