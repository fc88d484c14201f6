"""The quantities that an instance consists of: name, symbol, meaning and range, each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

Kind = Literal["integer", "rational"]


@dataclass(frozen=True)
class Parameter:
    """One number that an instance consists of.

    Attributes:
        name: keyword under which :meth:`Bound.evaluate` takes it.
        meaning: a short phrase.
        symbol: how formulas write it (LaTeX).
        least: the smallest sensible value.
        default: used when the instance does not say; None when it must.
        kind: integers, or any rationals.
    """

    name: str
    meaning: str
    symbol: str
    least: int = 1
    default: int | Fraction | None = None
    kind: Kind = "integer"

    def sympy_symbol(self, sympy: Any) -> Any:
        """The symbol of this quantity in sympy, with what is known about it."""
        known = {"positive": True} if self.least > 0 else {"nonnegative": True}
        if self.kind == "integer":
            known["integer"] = True
        else:
            known["rational"] = True
        return sympy.Symbol(self.symbol, **known)

    def to_json(self) -> dict[str, Any]:
        """All attributes as JSON data; rationals as text."""
        default = str(self.default) if isinstance(self.default, Fraction) else self.default
        return {
            "name": self.name,
            "symbol": self.symbol,
            "meaning": self.meaning,
            "least": self.least,
            "default": default,
            "kind": self.kind,
        }


_ALL = (
    Parameter("inputs", "number of inputs", "m"),
    Parameter("outputs", "number of outputs", "m'"),
    Parameter("active", "largest number of active inputs", "v", default=2),
    Parameter("arity", "inputs of one AND", "k", default=2),
    Parameter("wrong", "answers that may be wrong", "t", least=0, default=0),
    Parameter("bits", "bits a weight", "b", default=1),
    Parameter("layers", "square layers that hold the function", "L", default=1),
    Parameter("neurons", "number of neurons", "n"),
    Parameter("failure_odds", "a random draw may fail 1 time in so many", "K", least=2, default=2),
    Parameter("functions", "number of functions in the family", "N"),
    Parameter("unserved", "functions of the family that need not be served", "u", 0, 0),
    Parameter("items", "number of items", "m"),
    Parameter("edges", "number of edges of the graph", "m'"),
    Parameter("embedding_dim", "dimension of the item vectors", "d"),
    Parameter("key_dim", "key dimension of one head", "d_k"),
    Parameter("heads", "number of heads", "h", default=1),
    Parameter("block", "edges that one head owns", "B"),
    Parameter("context", "most items in a context", "l"),
    Parameter("degree", "most edges of one item", r"\Delta", default=1),
    Parameter("factor", "children of a neuron after expansion", r"\alpha", least=2, default=2),
    Parameter("clause", "literals of a clause", "k", default=4),
    Parameter("parents", "neurons before expansion", "h"),
    Parameter("features", "number of features", "N"),
    Parameter("kept", "features that are represented", "r", least=0),
    Parameter("sides", "vertices of the regular polygon", "k", least=3),
    Parameter("length", "terms of the sum", "n"),
    Parameter("successes", "successes, at least", "s", least=0),
    Parameter("active_bits", "bits that the state of one neuron holds", "b", default=1),
)
_RATIONAL = (
    Parameter("error", "share of inputs answered wrongly", r"\varepsilon", 0, Fraction(0)),
    Parameter("gap", "distance of scores from the threshold", r"\gamma", 0),
    Parameter("temperature", "temperature of the softmax", "T", 0, Fraction(1)),
    Parameter("density", "probability that a feature is present", "q", 0),
    Parameter("importance", "importance of the second feature", "r", 0, Fraction(1)),
    Parameter("exponent", "exponent of the feature frequencies", "a", 0, Fraction(1)),
    Parameter("distortion", "relative error of squared distances", r"\varepsilon", 0),
    Parameter("probability", "success probability of one trial", "p", 0),
    Parameter("level", "level that the sum reaches", "s", 0),
)

#: Every quantity by name.
PARAMETERS: Mapping[str, Parameter] = {p.name: p for p in _ALL} | {
    p.name: Parameter(p.name, p.meaning, p.symbol, p.least, p.default, "rational")
    for p in _RATIONAL
}


def parameters(*names: str) -> tuple[Parameter, ...]:
    """The quantities of these names, in this order."""
    return tuple(PARAMETERS[name] for name in names)
