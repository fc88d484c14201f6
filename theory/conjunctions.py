"""Lower bounds for ANDs: all pairs, relevant pairs, larger arity, single use and stars."""

from __future__ import annotations

import math
from typing import Any

from . import counting, sign_patterns
from .bound import Bound, Condition, Monotone
from .parameters import parameters

PAIRS_FIT = Condition(
    "1 <= outputs <= C(inputs, 2): every output computes its own pair",
    lambda i: i["outputs"] <= math.comb(i["inputs"], 2),
)
TUPLES_FIT = Condition(
    "1 <= outputs <= C(inputs, arity): every output computes its own tuple",
    lambda i: i["outputs"] <= math.comb(i["inputs"], i["arity"]),
)
PAIRS_TESTED = Condition("active >= 2: otherwise no AND is ever true", lambda i: i["active"] >= 2)
TUPLES_TESTED = Condition(
    "active >= arity: otherwise no AND is ever true", lambda i: i["active"] >= i["arity"]
)
ACTIVE_FITS = Condition(
    "active <= inputs: no more inputs are active than there are",
    lambda i: i["active"] <= i["inputs"],
)
_WRONG_FITS = Condition("wrong <= outputs", lambda i: i["wrong"] <= i["outputs"])
_NONE_WRONG = Condition("wrong = 0", lambda i: i["wrong"] == 0)
_SINGLE_USE = Condition(
    "2 outputs <= inputs: no input is used twice", lambda i: 2 * i["outputs"] <= i["inputs"]
)

ANY = "any machine that is determined by its parameters"
SQUARE = (
    "superposed: the function lives in L square n x n matrices with biases; "
    "encoder and decoder do not depend on it"
)
SQUARE_REAL = (
    "superposed, one layer: the function lives in one n x n matrix with biases, of real numbers"
)
FREE = "one hidden layer, every weight and bias may depend on the function"

MORE_OUTPUTS = Monotone(
    "outputs", True, "one more output multiplies the number of functions by an integer above 0"
)
FEWER_BITS = Monotone("bits", False, "the same number of bits is held by fewer entries")
FEWER_LAYERS = Monotone("layers", False, "the same number of bits is held by more matrices")
MORE_INPUTS = Monotone("inputs", True, "M!/(M-m')! is a product of m' factors that rise with M")

_ORDER = "own derivation of the constants; the order is stated in arXiv 2409.15318, abstract"


def _bits(sp: Any, s: Any, arity: Any = 2) -> Any:
    tuples = sp.binomial(s.inputs, arity)
    return sp.ceiling(sp.log(sp.ff(tuples, s.outputs), 2))


def _free(sp: Any, s: Any, arity: Any = 2) -> Any:
    held = s.value * (s.inputs + s.outputs + 1) + s.outputs
    return sp.Ge(s.bits * held, _bits(sp, s, arity))


_PAIR_REGIME = (PAIRS_FIT, PAIRS_TESTED, ACTIVE_FITS)
_TUPLE_REGIME = (TUPLES_FIT, TUPLES_TESTED, ACTIVE_FITS)

PAIRWISE: tuple[Bound, ...] = (
    Bound(
        name="pairwise-and-bits",
        title="bits, all pairs tested",
        subject="superposition",
        task="pairwise-and",
        statement="Computing m' labelled ANDs of distinct pairs, right on every pair of inputs, "
        "takes this many parameter bits.",
        latex=r"B \ge \log_2 \frac{M!}{(M-m')!}, \quad M = \binom{m}{2}",
        expression=_bits,
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("inputs", "outputs", "active"),
        regime=_PAIR_REGIME,
        monotone=(MORE_OUTPUTS, MORE_INPUTS),
        source=_ORDER,
        section="2.1",
        confirms=("pairwise-and-order-bits",),
        count=lambda inputs, outputs: counting.labelled_distinct_ands(inputs, outputs),
    ),
    Bound(
        name="pairwise-and-bits-relevant",
        title="bits, relevant pairs tested",
        subject="superposition",
        task="pairwise-and",
        statement="The same when only the m' relevant pairs are asked for and t of these answers "
        "may be wrong.",
        latex=r"B \ge \log_2 \frac{M!}{(M-m')!} - \log_2 \binom{m'}{t} - q \log_2 \frac{M}{q}"
        r" - t \log_2 M, \quad q = m' - t",
        expression=lambda sp, s: sp.Max(
            0,
            sp.ceiling(
                sp.log(
                    sp.ff(sp.binomial(s.inputs, 2), s.outputs)
                    * (s.outputs - s.wrong) ** (s.outputs - s.wrong)
                    / sp.binomial(s.outputs, s.wrong)
                    / sp.binomial(s.inputs, 2) ** s.outputs,
                    2,
                )
            ),
        ),
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("inputs", "outputs", "active", "wrong"),
        regime=(*_PAIR_REGIME, _WRONG_FITS),
        monotone=(
            Monotone(
                "outputs",
                True,
                "with t = 0 one more output multiplies the number of functions over the number "
                "that one setting serves by (1 - m'/M)(m'+1)(1+1/m')^m', which is 1 or more",
                _NONE_WRONG,
            ),
        ),
        section="2.2",
        confirms=("pairwise-and-order-bits",),
        count=lambda inputs, outputs, wrong: counting.relevant_ands(inputs, outputs, wrong),
    ),
    Bound(
        name="pairwise-and-neurons",
        title="counting, function in n x n",
        subject="superposition",
        task="pairwise-and",
        statement="A superposed network that computes m' labelled ANDs of distinct pairs has "
        "this many neurons a layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        expression=lambda sp, s: sp.Ge(s.bits * s.layers * (s.value**2 + s.value), _bits(sp, s)),
        direction="lower",
        quantity="neurons",
        networks=SQUARE,
        form="superposed",
        parameters=parameters("inputs", "outputs", "active", "bits", "layers"),
        regime=_PAIR_REGIME,
        monotone=(MORE_OUTPUTS, MORE_INPUTS, FEWER_BITS, FEWER_LAYERS),
        source=_ORDER,
        section="3.1",
        confirms=("pairwise-and-order-neurons",),
        function=lambda inputs, outputs, bits, layers: counting.neurons_square(
            counting.labelled_distinct_ands(inputs, outputs).bits(), bits, layers
        ),
    ),
    Bound(
        name="pairwise-and-neurons-real",
        title="sign patterns, real weights in n x n",
        subject="superposition",
        task="pairwise-and",
        statement="However precise its weights, a superposed network of one layer that computes "
        "m' labelled ANDs of distinct pairs has this many neurons.",
        latex=r"\frac{M!}{(M-m')!} \le \left(\frac{e\,nM}{P}\right)^P"
        r"\left(\frac{e\,m'M}{P}\right)^P, \quad P = n^2 + n",
        expression=lambda sp, s: sp.Ge(
            sign_patterns.patterns_formula(
                sp, s.value * sp.binomial(s.inputs, 2), s.value**2 + s.value
            )
            + sign_patterns.patterns_formula(
                sp, s.outputs * sp.binomial(s.inputs, 2), s.value**2 + s.value
            ),
            sp.log(sp.ff(sp.binomial(s.inputs, 2), s.outputs), 2),
        ),
        direction="lower",
        quantity="neurons",
        networks=SQUARE_REAL,
        form="superposed",
        parameters=parameters("inputs", "outputs", "active"),
        regime=_PAIR_REGIME,
        section="3.3",
        function=lambda inputs, outputs: sign_patterns.superposed_neurons(
            counting.labelled_distinct_ands(inputs, outputs), outputs, math.comb(inputs, 2)
        ),
    ),
    Bound(
        name="pairwise-and-neurons-free",
        title="counting, all weights free",
        subject="superposition",
        task="pairwise-and",
        statement="A network with one hidden layer, all of whose parameters may depend on the "
        "function, has this many hidden neurons.",
        latex=r"n \ge \frac{B/b - m'}{m + m' + 1}",
        expression=_free,
        direction="lower",
        quantity="neurons",
        networks=FREE,
        form="free",
        parameters=parameters("inputs", "outputs", "active", "bits"),
        regime=_PAIR_REGIME,
        monotone=(FEWER_BITS,),
        section="3.2",
        function=lambda inputs, outputs, bits: counting.neurons_free(
            counting.labelled_distinct_ands(inputs, outputs).bits(), inputs, outputs, bits
        ),
    ),
    Bound(
        name="pairwise-and-nonzeros",
        title="nonzero weights in n x n",
        subject="superposition",
        task="pairwise-and",
        statement="An n x n matrix that holds m' labelled ANDs of distinct pairs, its bias fixed, "
        "has this many nonzero entries.",
        latex=r"\binom{n^2}{P}\, 2^{bP} \ge \frac{M!}{(M-m')!}",
        expression=lambda sp, s: sp.Ge(
            sp.log(sp.binomial(s.neurons**2, s.value) * 2 ** (s.bits * s.value), 2),
            sp.log(sp.ff(sp.binomial(s.inputs, 2), s.outputs), 2),
        ),
        direction="lower",
        quantity="nonzero weights",
        symbol="P",
        networks="superposed, one layer: the function lives in one n x n matrix",
        form="superposed",
        parameters=parameters("inputs", "outputs", "active", "neurons", "bits"),
        regime=_PAIR_REGIME,
        monotone=(MORE_OUTPUTS, MORE_INPUTS),
        section="3.4",
        function=lambda inputs, outputs, neurons, bits: counting.sparse_weights(
            counting.labelled_distinct_ands(inputs, outputs), neurons, bits
        ),
    ),
)


WIDER: tuple[Bound, ...] = (
    Bound(
        name="k-and-bits",
        title="bits, all tuples tested",
        subject="superposition",
        task="k-and",
        statement="Computing m' labelled ANDs of distinct k-tuples of inputs, right on every "
        "k-tuple, takes this many parameter bits.",
        latex=r"B \ge \log_2 \frac{M!}{(M-m')!}, \quad M = \binom{m}{k}",
        expression=lambda sp, s: _bits(sp, s, s.arity),
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("inputs", "outputs", "arity", "active"),
        regime=_TUPLE_REGIME,
        monotone=(MORE_OUTPUTS, MORE_INPUTS),
        section="2.1",
        count=lambda inputs, outputs, arity: counting.labelled_distinct_ands(
            inputs, outputs, arity
        ),
    ),
    Bound(
        name="k-and-neurons",
        title="counting, function in n x n",
        subject="superposition",
        task="k-and",
        statement="A superposed network that computes m' labelled ANDs of distinct k-tuples has "
        "this many neurons a layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        expression=lambda sp, s: sp.Ge(
            s.bits * s.layers * (s.value**2 + s.value), _bits(sp, s, s.arity)
        ),
        direction="lower",
        quantity="neurons",
        networks=SQUARE,
        form="superposed",
        parameters=parameters("inputs", "outputs", "arity", "active", "bits", "layers"),
        regime=_TUPLE_REGIME,
        monotone=(MORE_OUTPUTS, MORE_INPUTS, FEWER_BITS, FEWER_LAYERS),
        section="3.1",
        function=lambda inputs, outputs, arity, bits, layers: counting.neurons_square(
            counting.labelled_distinct_ands(inputs, outputs, arity).bits(), bits, layers
        ),
    ),
    Bound(
        name="k-and-neurons-free",
        title="counting, all weights free",
        subject="superposition",
        task="k-and",
        statement="A network with one hidden layer and free weights that computes m' labelled "
        "ANDs of distinct k-tuples has this many hidden neurons.",
        latex=r"n \ge \frac{B/b - m'}{m + m' + 1}",
        expression=lambda sp, s: _free(sp, s, s.arity),
        direction="lower",
        quantity="neurons",
        networks=FREE,
        form="free",
        parameters=parameters("inputs", "outputs", "arity", "active", "bits"),
        regime=_TUPLE_REGIME,
        monotone=(FEWER_BITS,),
        section="3.2",
        function=lambda inputs, outputs, arity, bits: counting.neurons_free(
            counting.labelled_distinct_ands(inputs, outputs, arity).bits(), inputs, outputs, bits
        ),
    ),
    Bound(
        name="single-use-and-bits",
        title="bits, no input used twice",
        subject="superposition",
        task="single-use-and",
        statement="Computing m' labelled ANDs of disjoint pairs, right on every pair of inputs, "
        "takes this many parameter bits.",
        latex=r"B \ge \log_2 \frac{m!}{(m-2m')!\,2^{m'}}",
        expression=lambda sp, s: sp.ceiling(
            sp.log(sp.ff(s.inputs, 2 * s.outputs) / 2**s.outputs, 2)
        ),
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("inputs", "outputs"),
        regime=(_SINGLE_USE,),
        monotone=(
            Monotone("inputs", True, "m!/(m-2m')! is a product of factors that rise with m"),
            MORE_OUTPUTS,
        ),
        section="2.4",
        count=lambda inputs, outputs: counting.single_use_ands(inputs, outputs),
    ),
    Bound(
        name="single-use-and-neurons",
        title="counting, function in n x n",
        subject="superposition",
        task="single-use-and",
        statement="A superposed network that computes m' labelled ANDs of disjoint pairs has this "
        "many neurons a layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        expression=lambda sp, s: sp.Ge(
            s.bits * s.layers * (s.value**2 + s.value),
            sp.ceiling(sp.log(sp.ff(s.inputs, 2 * s.outputs) / 2**s.outputs, 2)),
        ),
        direction="lower",
        quantity="neurons",
        networks=SQUARE,
        form="superposed",
        parameters=parameters("inputs", "outputs", "bits", "layers"),
        regime=(_SINGLE_USE,),
        monotone=(MORE_OUTPUTS, FEWER_BITS, FEWER_LAYERS),
        section="3.1",
        function=lambda inputs, outputs, bits, layers: counting.neurons_square(
            counting.single_use_ands(inputs, outputs).bits(), bits, layers
        ),
    ),
    Bound(
        name="star-and-bits",
        title="bits, one input in all pairs",
        subject="superposition",
        task="star-and",
        statement="Computing the ANDs of one unknown hub with each of the m' other inputs, at "
        "unknown outputs, takes this many parameter bits.",
        latex=r"B \ge \log_2 \left( (m'+1)\, m'! \right), \quad m' \ge 2",
        expression=lambda sp, s: sp.ceiling(sp.log((s.outputs + 1) * sp.factorial(s.outputs), 2)),
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("outputs"),
        regime=(Condition("outputs >= 2", lambda i: i["outputs"] >= 2),),
        monotone=(MORE_OUTPUTS,),
        section="2.4",
        count=lambda outputs: counting.star_ands(outputs),
    ),
)

CONJUNCTION_BOUNDS = PAIRWISE + WIDER
