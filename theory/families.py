"""Bounds for any family of functions: bits by counting, and neurons from bits."""

from __future__ import annotations

from . import counting
from .bound import Bound, Condition, Monotone
from .conjunctions import ANY, FEWER_BITS, FEWER_LAYERS, SQUARE
from .parameters import parameters

_SOME_SERVED = Condition("unserved < functions", lambda i: i["unserved"] < i["functions"])
_MORE_FUNCTIONS = Monotone("functions", True, "the logarithm rises with N")
_UNSERVED = Monotone("unserved", False, "fewer functions have to be told apart")


def _bits(functions: int, unserved: int) -> int:
    return max(0, (functions - unserved - 1).bit_length())


FAMILY_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="family-bits",
        title="bits",
        subject="superposition",
        task="family",
        statement="A machine that serves all but u functions of a family of N, on inputs that "
        "tell any two of them apart, takes this many parameter bits.",
        latex=r"B \ge \log_2 (N - u)",
        expression=lambda sp, s: sp.ceiling(sp.log(s.functions - s.unserved, 2)),
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks=ANY,
        parameters=parameters("functions", "unserved"),
        regime=(_SOME_SERVED,),
        monotone=(_MORE_FUNCTIONS, _UNSERVED),
        section="2.5",
        function=_bits,
    ),
    Bound(
        name="family-neurons",
        title="counting, function in n x n",
        subject="superposition",
        task="family",
        statement="A superposed network that serves all but u functions of a family of N has this "
        "many neurons a layer.",
        latex=r"n \ge \frac{-1 + \sqrt{1 + 4B/(bL)}}{2}",
        expression=lambda sp, s: sp.Ge(
            s.bits * s.layers * (s.value**2 + s.value),
            sp.ceiling(sp.log(s.functions - s.unserved, 2)),
        ),
        direction="lower",
        quantity="neurons",
        networks=SQUARE,
        form="superposed",
        parameters=parameters("functions", "unserved", "bits", "layers"),
        regime=(_SOME_SERVED,),
        monotone=(_MORE_FUNCTIONS, _UNSERVED, FEWER_BITS, FEWER_LAYERS),
        section="3.1",
        function=lambda functions, unserved, bits, layers: counting.neurons_square(
            _bits(functions, unserved), bits, layers
        ),
    ),
    Bound(
        name="family-nonzeros",
        title="nonzero weights in n x n",
        subject="superposition",
        task="family",
        statement="An n x n matrix that holds all but u functions of a family of N has this many "
        "nonzero entries.",
        latex=r"\binom{n^2}{P}\, 2^{bP} \ge N - u",
        expression=lambda sp, s: sp.Ge(
            sp.log(sp.binomial(s.neurons**2, s.value) * 2 ** (s.bits * s.value), 2),
            sp.log(s.functions - s.unserved, 2),
        ),
        direction="lower",
        quantity="nonzero weights",
        symbol="P",
        networks="superposed, one layer: the function lives in one n x n matrix",
        form="superposed",
        parameters=parameters("functions", "unserved", "neurons", "bits"),
        regime=(_SOME_SERVED,),
        monotone=(_MORE_FUNCTIONS, _UNSERVED),
        section="3.4",
        function=lambda functions, unserved, neurons, bits: counting.sparse_weights(
            counting.power(functions - unserved, 1), neurons, bits
        ),
    ),
)
