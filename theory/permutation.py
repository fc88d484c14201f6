"""Bounds for permutations of the inputs."""

from __future__ import annotations

from typing import Any

from . import counting, random_signs, sign_patterns
from .bound import Bound, Condition, Monotone
from .conjunctions import ACTIVE_FITS, ANY, FEWER_BITS, FEWER_LAYERS, SQUARE, SQUARE_REAL
from .parameters import parameters

_WRONG_FITS = Condition("wrong <= inputs", lambda i: i["wrong"] <= i["inputs"])
_SUBSETS_MEET = Condition(
    "2 active - 1 <= inputs: two supports can meet in one input alone",
    lambda i: 2 * i["active"] - 1 <= i["inputs"],
)
_ERROR = Condition("error < 1", lambda i: i["error"] < 1)
_MORE_INPUTS = Monotone("inputs", True, "(m-t)! never falls as m grows")

PRODUCT = (
    "superposed, linear: encoder C and decoder D of random signs, "
    "the function in the n x n matrix between them"
)


def _bits(sp: Any, s: Any) -> Any:
    return sp.ceiling(sp.log(sp.factorial(s.inputs - s.wrong), 2))


PERMUTATION_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="permutation-bits",
        title="bits",
        subject="superposition",
        task="permutation",
        statement="Computing every permutation of m inputs, up to t wrong one-hot inputs each, "
        "takes this many parameter bits.",
        latex=r"B \ge \log_2 (m-t)!",
        expression=_bits,
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("inputs", "wrong"),
        regime=(_WRONG_FITS,),
        monotone=(_MORE_INPUTS, Monotone("wrong", False, "(m-t)! never rises with t")),
        source="own derivation of the constants; the order is stated in arXiv 2409.15318, abstract",
        section="2.3",
        confirms=("permutation-order-bits",),
        count=lambda inputs, wrong: counting.permutations(inputs, wrong),
    ),
    Bound(
        name="permutation-bits-subsets",
        title="bits, tested on random v-subsets",
        subject="superposition",
        task="permutation",
        statement="Computing every permutation of m inputs, each with all outputs right on all "
        "but a share of the inputs with exactly v ones, takes this many parameter bits.",
        latex=r"B \ge \log_2 (m - \lfloor 4 \varepsilon m \rfloor)!",
        expression=lambda sp, s: sp.ceiling(
            sp.log(
                sp.factorial(sp.Max(0, s.inputs - sp.floor(4 * s.error * s.inputs))),
                2,
            )
        ),
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("inputs", "active", "error"),
        regime=(ACTIVE_FITS, _SUBSETS_MEET, _ERROR),
        section="2.3",
        count=lambda inputs, error: counting.subset_permutations(inputs, error),
    ),
    Bound(
        name="permutation-neurons",
        title="counting, function in n x n",
        subject="superposition",
        task="permutation",
        statement="A superposed network for permutations of m inputs has this many neurons a "
        "layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        expression=lambda sp, s: sp.Ge(s.bits * s.layers * (s.value**2 + s.value), _bits(sp, s)),
        direction="lower",
        quantity="neurons",
        networks=SQUARE,
        form="superposed",
        parameters=parameters("inputs", "wrong", "bits", "layers"),
        regime=(_WRONG_FITS,),
        monotone=(_MORE_INPUTS, FEWER_BITS, FEWER_LAYERS),
        source="own derivation of the constants; the order is stated in arXiv 2409.15318, abstract",
        section="3.1",
        confirms=("permutation-order-neurons",),
        function=lambda inputs, wrong, bits, layers: counting.neurons_square(
            counting.permutations(inputs, wrong).bits(), bits, layers
        ),
    ),
    Bound(
        name="permutation-neurons-real",
        title="sign patterns, real weights in n x n",
        subject="superposition",
        task="permutation",
        statement="However precise its weights, a superposed network of one layer for permutations "
        "of m inputs has this many neurons.",
        latex=r"m! \le \left(\frac{e\,nm}{P}\right)^P \left(\frac{e\,m^2}{P}\right)^P, "
        r"\quad P = n^2 + n",
        expression=lambda sp, s: sp.Ge(
            sign_patterns.patterns_formula(sp, s.value * s.inputs, s.value**2 + s.value)
            + sign_patterns.patterns_formula(sp, s.inputs**2, s.value**2 + s.value),
            sp.log(sp.factorial(s.inputs), 2),
        ),
        direction="lower",
        quantity="neurons",
        networks=SQUARE_REAL,
        form="superposed",
        parameters=parameters("inputs"),
        section="3.3",
        function=lambda inputs: sign_patterns.superposed_neurons(
            counting.permutations(inputs), inputs, inputs
        ),
    ),
    Bound(
        name="permutation-random-signs",
        title="random signs, proved",
        subject="superposition",
        task="permutation",
        statement="With this many neurons, encoder and decoder of random signs route any one "
        "permutation for all inputs with at most v ones, except with probability 1/K; so some "
        "draw serves a share 1-1/K of all permutations.",
        latex=r"m\sum_{k=1}^{v}\tbinom{m}{k}\, e^{-\frac{xn}{2} + \frac{x^2 n v s(1+s)}{2}}"
        r"(1 - x^2 v s)^{-m/2} + [v>1]\, m(m-1)\, e^{-\frac{n}{2}\left(\frac{s-1}{v-1}\right)^2}"
        r" \le \tfrac1K",
        expression=lambda sp, s: _failure_relation(sp, s),
        direction="upper",
        quantity="neurons",
        networks=PRODUCT,
        form="superposed",
        weight_bits=lambda inputs: inputs.bit_length(),
        parameters=parameters("inputs", "active", "failure_odds"),
        regime=(ACTIVE_FITS,),
        monotone=(
            Monotone("inputs", True, "for fixed x and s the failure bound rises with m"),
            Monotone("failure_odds", True, "for fixed x and s less failure takes more neurons"),
        ),
        section="7.1",
        confirms=("permutation-order-neurons",),
        function=random_signs.proved_neurons,
    ),
    Bound(
        name="permutation-random-signs-estimate",
        title="random signs, Gaussian",
        subject="superposition",
        task="permutation",
        statement="The width at which random signs should route one permutation, if the "
        "interference were Gaussian, for all inputs with exactly v ones.",
        latex=r"n \approx 8\Lambda v + \sqrt{(8\Lambda v)^2 + 8\Lambda v m}, \quad "
        r"\Lambda = \ln\left(2m\tbinom{m}{v}K\right)",
        expression=lambda sp, s: _estimate(sp, s),
        direction="equal",
        quantity="neurons",
        networks=PRODUCT,
        form="superposed",
        weight_bits=lambda inputs: inputs.bit_length(),
        parameters=parameters("inputs", "active", "failure_odds"),
        regime=(ACTIVE_FITS,),
        exactness="heuristic",
        section="7.1",
        function=lambda inputs, active, failure_odds: random_signs.estimated_neurons(
            inputs, active, failure_odds
        ),
    ),
    Bound(
        name="permutation-one-bit-estimate",
        title="signs of the weights",
        subject="superposition",
        task="permutation",
        statement="The same when only the signs of the matrix are kept, one bit a weight.",
        latex=r"n \approx \sqrt{\pi/2}\,\left(8\Lambda v + \sqrt{(8\Lambda v)^2 + 8\Lambda v m}"
        r"\right)",
        expression=lambda sp, s: _estimate(sp, s, one_bit=True),
        direction="equal",
        quantity="neurons",
        networks=PRODUCT,
        form="superposed",
        weight_bits=lambda: 1,
        parameters=parameters("inputs", "active", "failure_odds"),
        regime=(ACTIVE_FITS,),
        exactness="heuristic",
        section="7.1",
        function=lambda inputs, active, failure_odds: random_signs.estimated_neurons(
            inputs, active, failure_odds, one_bit=True
        ),
    ),
)


def _failure_relation(sp: Any, s: Any) -> Any:
    n, m, v = s.value, s.inputs, s.active
    k = sp.Symbol("k", integer=True, positive=True)
    x, spread = sp.Symbol("x", positive=True), sp.Symbol("s", positive=True)
    one = m * sp.Sum(sp.binomial(m, k), (k, 1, v))
    one *= sp.exp(-x * n / 2 + x**2 * n * v * spread * (1 + spread) / 2)
    one *= (1 - x**2 * v * spread) ** (-m / 2)
    many = m * (m - 1) * sp.exp(-n * ((spread - 1) / (v - 1)) ** 2 / 2)
    return sp.Le(one + sp.Piecewise((many, v > 1), (0, True)), 1 / s.failure_odds)


def _estimate(sp: Any, s: Any, one_bit: bool = False) -> Any:
    scale = 8 * s.active
    scale *= sp.log(2 * s.inputs * sp.binomial(s.inputs, s.active) * s.failure_odds)
    found = scale + sp.sqrt(scale**2 + scale * s.inputs)
    return sp.ceiling(found * sp.sqrt(sp.pi / 2) if one_bit else found)
