"""Sizes at which plain networks exist: random codes, polynomial codes, one neuron an output."""

from __future__ import annotations

from typing import Any

from .bound import Bound, Condition, Monotone
from .concentration import intruders, plain_code_neurons
from .conjunctions import (
    ACTIVE_FITS,
    PAIRS_FIT,
    PAIRS_TESTED,
    TUPLES_FIT,
    TUPLES_TESTED,
)
from .parameters import parameters

PLAIN = "plain: ReLU(Tx-(k-1)) with 0/1 code T, read by 0/1 sums K"

_THIRD_INPUT = Condition("inputs >= 3", lambda i: i["inputs"] >= 3)
_OUTSIDER = Condition("inputs > arity", lambda i: i["inputs"] > i["arity"])
#: The bases for which Miller and Rabin's test is a proof below MILLER_RABIN_LIMIT.
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
MILLER_RABIN_LIMIT = 318_665_857_834_031_151_167_461


def is_prime(number: int) -> bool:
    """Whether a number below :data:`MILLER_RABIN_LIMIT` is prime, with certainty.

    Source of the limit: Sorenson and Webster, arXiv 1509.00864.
    """
    if number < 2:
        return False
    if number >= MILLER_RABIN_LIMIT:
        raise ValueError(f"{number} is too large to be tested with certainty")
    for base in _BASES:
        if number % base == 0:
            return number == base
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in _BASES:
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def polynomial_code(inputs: int, active: int) -> tuple[int, int, int]:
    """The narrowest polynomial code for all pairs: (field size q, coefficients g, points L).

    Exact for all C(inputs, 2) ANDs on at most ``active`` ones, with ``L q (q-1) / 2`` neurons,
    where ``L = (2 r + 1)(g - 1) + 1`` for r intruders, and q is a prime, at least L, with
    ``q^g >= inputs``. Source: docs/theory.md, section 4.4.
    """
    r = intruders(inputs, active)
    best: tuple[int, int, int] | None = None
    for g in range(1, inputs.bit_length() + 1):
        points = (2 * r + 1) * (g - 1) + 1
        q = max(points, _root(inputs, g), 2)
        if best is not None and points * q * (q - 1) // 2 >= _size(best):
            continue
        while not is_prime(q):
            q += 1
        if best is None or _size((q, g, points)) < _size(best):
            best = (q, g, points)
    assert best is not None
    return best


def polynomial_code_neurons(inputs: int, active: int) -> int:
    """Neurons of :func:`polynomial_code`."""
    return _size(polynomial_code(inputs, active))


def _size(code: tuple[int, int, int]) -> int:
    q, _, points = code
    return points * q * (q - 1) // 2


def _root(number: int, degree: int) -> int:
    """The least whole number whose power of this degree is at least ``number``."""
    low, high = 0, 1 << -(-number.bit_length() // degree)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**degree >= number else (middle, high)
    return high


def _random_code(sp: Any, s: Any, arity: Any) -> Any:
    """The formula of docs/theory.md, section 5, with the density as a function symbol."""
    r = sp.Min(s.active - arity + 1, s.inputs - arity)
    rho, p = sp.Symbol("rho", positive=True), sp.Symbol("p", positive=True)
    events = s.outputs * sp.binomial(s.inputs - arity, r) * s.failure_odds
    return sp.ceiling(sp.log(events) / -sp.log(1 - p**arity * (1 - rho)))


_MORE_OUTPUTS = Monotone("outputs", True, "the logarithm rises with m', nothing else depends on it")
_HIGHER_ODDS = Monotone("failure_odds", True, "the logarithm rises with the odds")
_FORMULA = (
    r"n \ge \frac{\ln\left(m' \binom{m-k}{r} K\right)}"
    r"{-\ln\left(1 - p^k (1 - \rho)\right)}, \quad r = v - k + 1, \quad "
    r"\rho = e^{-r\,\mathrm{KL}(1/r \,\|\, p)}"
)

PLAIN_CODE_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="pairwise-and-plain-code",
        title="random 0/1 code, proved",
        subject="superposition",
        task="pairwise-and",
        statement="A random 0/1 code of this many neurons computes m' ANDs of pairs exactly on at "
        "most v active inputs, except with probability 1/K.",
        latex=_FORMULA.replace("k", "2").replace("v - 2 + 1", "v - 1"),
        expression=lambda sp, s: _random_code(sp, s, 2),
        direction="upper",
        quantity="neurons",
        networks=PLAIN,
        form="free",
        weight_bits=lambda: 1,
        parameters=parameters("inputs", "outputs", "active", "failure_odds"),
        regime=(PAIRS_FIT, PAIRS_TESTED, ACTIVE_FITS, _THIRD_INPUT),
        monotone=(_MORE_OUTPUTS, _HIGHER_ODDS),
        section="5",
        function=lambda inputs, outputs, active, failure_odds: plain_code_neurons(
            inputs, outputs, active, failure_odds=failure_odds
        ),
    ),
    Bound(
        name="pairwise-and-polynomial-code",
        title="polynomial code, all pairs",
        subject="superposition",
        task="pairwise-and",
        statement="A code from polynomials over a prime field computes all ANDs of pairs exactly "
        "on at most v active inputs; nothing is random.",
        latex=r"n = \min_{g,q} L\,\tfrac{q(q-1)}{2}, \quad L = (2r+1)(g-1)+1 \le q, \quad "
        r"q^g \ge m, \quad r = \min(v-1, m-2)",
        expression=lambda sp, s: (
            ((2 * sp.Min(s.active - 1, s.inputs - 2) + 1) * (sp.Symbol("g") - 1) + 1)
            * sp.Symbol("q")
            * (sp.Symbol("q") - 1)
            / 2
        ),
        direction="upper",
        quantity="neurons",
        networks=PLAIN,
        form="free",
        weight_bits=lambda: 1,
        parameters=parameters("inputs", "outputs", "active"),
        regime=(PAIRS_FIT, PAIRS_TESTED, ACTIVE_FITS),
        monotone=(
            Monotone("inputs", True, "for fixed g, both q and L never fall as m grows"),
            Monotone("active", True, "for fixed g, both q and L never fall as v grows"),
        ),
        section="4.4",
        function=polynomial_code_neurons,
    ),
    Bound(
        name="pairwise-and-one-each",
        title="one neuron an AND",
        subject="superposition",
        task="pairwise-and",
        statement="One neuron ReLU(x_a + x_b - 1) an output computes any pairs exactly at any v.",
        latex=r"n = m'",
        expression=lambda sp, s: s.outputs,
        direction="upper",
        quantity="neurons",
        networks=PLAIN,
        form="free",
        weight_bits=lambda: 1,
        parameters=parameters("inputs", "outputs", "active"),
        regime=(PAIRS_FIT, PAIRS_TESTED, ACTIVE_FITS),
        monotone=(Monotone("outputs", True, "it is the number of outputs"),),
        section="4.3",
        function=lambda outputs: int(outputs),
    ),
    Bound(
        name="k-and-plain-code",
        title="random 0/1 code, proved",
        subject="superposition",
        task="k-and",
        statement="A random 0/1 code of this many neurons computes m' ANDs of k inputs exactly on "
        "at most v active inputs, except with probability 1/K.",
        latex=_FORMULA,
        expression=lambda sp, s: _random_code(sp, s, s.arity),
        direction="upper",
        quantity="neurons",
        networks=PLAIN,
        form="free",
        weight_bits=lambda: 1,
        parameters=parameters("inputs", "outputs", "arity", "active", "failure_odds"),
        regime=(TUPLES_FIT, TUPLES_TESTED, ACTIVE_FITS, _OUTSIDER),
        monotone=(_MORE_OUTPUTS, _HIGHER_ODDS),
        section="5",
        function=lambda inputs, outputs, arity, active, failure_odds: plain_code_neurons(
            inputs, outputs, active, arity, failure_odds
        ),
    ),
    Bound(
        name="k-and-one-each",
        title="one neuron an AND",
        subject="superposition",
        task="k-and",
        statement="One neuron ReLU(x_a + ... - (k-1)) an output computes any k-tuples exactly at "
        "any v.",
        latex=r"n = m'",
        expression=lambda sp, s: s.outputs,
        direction="upper",
        quantity="neurons",
        networks=PLAIN,
        form="free",
        weight_bits=lambda: 1,
        parameters=parameters("inputs", "outputs", "arity", "active"),
        regime=(TUPLES_FIT, TUPLES_TESTED, ACTIVE_FITS),
        monotone=(Monotone("outputs", True, "it is the number of outputs"),),
        section="4.3",
        function=lambda outputs: int(outputs),
    ),
)
