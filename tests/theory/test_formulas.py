"""The sympy expression of every bound says the same as its exact value."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import sympy

from superproof.theory import BOUNDS, Bound, Enclosure
from superproof.theory.capacity import optimal_threshold
from superproof.theory.channel import CLEAN, ONE_SHOT, channel_choice
from superproof.theory.concentration import _imitation, intruders, plain_code_density
from superproof.theory.plain_codes import polynomial_code
from superproof.theory.random_signs import _choice

from .test_catalog import INSTANCE

#: A second instance, so that no formula fits by chance.
OTHER: dict[str, Any] = {
    **INSTANCE,
    "inputs": 12,
    "outputs": 6,
    "active": 3,
    "arity": 3,
    "bits": 3,
    "layers": 2,
    "wrong": 2,
    "failure_odds": 9,
    "neurons": 7,
    "functions": 1000,
    "unserved": 100,
    "items": 9,
    "edges": 20,
    "embedding_dim": 9,
    "key_dim": 3,
    "block": 7,
    "heads": 2,
    "context": 40,
    "degree": 9,
    "factor": 3,
    "clause": 2,
    "features": 17,
    "kept": 3,
    "exponent": Fraction(3, 2),
    "importance": Fraction(2),
    "active_bits": 2,
}


def _extras(bound: Bound, instance: dict[str, Any]) -> dict[str, Any]:
    """Numbers for the symbols that a formula leaves free: what the code optimises over."""
    get = instance.get
    if "plain-code" in bound.name:
        arity = get("arity") or 2
        r = intruders(instance["inputs"], instance["active"], arity)
        p = plain_code_density(r, arity)
        return {"p": sympy.Rational(p), "rho": sympy.Rational(_imitation(p, r))}
    if "polynomial" in bound.name:
        q, g, _ = polynomial_code(instance["inputs"], instance["active"])
        return {"q": q, "g": g}
    if "gardner" in bound.name:
        b = optimal_threshold(math.comb(instance["inputs"], 2)) + Fraction(1, 1 << 33)
        return {"b": sympy.Rational(b)}
    if bound.name == "permutation-random-signs":
        value = bound.evaluate(**instance)
        _, x, s = _choice(value, instance["inputs"], instance["active"])
        return {"x": sympy.Rational(x), "s": sympy.Rational(s)}
    if bound.name in ("single-use-and-one-shot", "single-use-and-clean"):
        clean = bound.name.endswith("clean")
        rows = bound.evaluate(**instance) // (2 if clean else 1)
        sizes = (instance["inputs"], instance["outputs"])
        return {
            "tau": sympy.Rational(channel_choice(rows, *sizes, CLEAN if clean else ONE_SHOT)[1])
        }
    return {}


def _exactly(value: Any) -> Any:
    return sympy.Rational(value.numerator, value.denominator)


@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("bound", [b for b in BOUNDS if b.has_value], ids=lambda b: b.name)
def test_formula_agrees_with_the_value(bound: Bound, which: int) -> None:
    given = (INSTANCE, OTHER)[which]
    only_two = any(c.words.startswith("active = 2") for c in bound.regime)
    if which and only_two:
        given = {**given, "active": 2}
    if which and bound.name == "permutation-bits-subsets":
        given = {**given, "error": Fraction(1, 13)}
    instance = bound.instance(**given)
    value = bound.on(instance)
    symbols = bound.symbols()
    known = {getattr(symbols, name): _exactly(v) for name, v in instance.items()}
    extras = _extras(bound, instance)
    formula = bound.formula()
    unknown = {s for s in formula.free_symbols if s not in known and s != symbols.value}
    if bound.exactness == "fit":  # the constant is a range: its ends give the ends
        (constant,) = unknown
        low, high = (sympy.N(formula.subs({**known, constant: c}), 30) for c in _range_of(bound))
        assert isinstance(value, Enclosure)
        found = sorted((low, high))
        for mine, ours in zip((value.low, value.high), found, strict=True):
            assert abs(_exactly(mine) - ours) < ours / 10**20
        return
    filled = formula.subs({**known, **{s: extras[s.name] for s in unknown}})
    if isinstance(filled, sympy.core.relational.Relational | sympy.logic.boolalg.BooleanAtom):
        assert isinstance(value, int)
        assert bool(filled.subs(symbols.value, value).doit())
        if value > 0 and not extras:  # a grid may lie on the safe side by a neuron
            assert not bool(filled.subs(symbols.value, value - 1).doit())
        return
    number = filled.doit()
    if isinstance(value, Enclosure):
        close = sympy.N(number, 40)
        tolerance = sympy.Rational(1, 10**15) if extras else sympy.Rational(1, 10**24)
        assert abs(close - _exactly(value.middle)) <= tolerance * abs(close)
        if not extras:
            assert value.high - value.low <= value.low / 10**20
    elif isinstance(value, int):
        assert int(sympy.ceiling(number)) == value
    else:
        assert sympy.nsimplify(number) == _exactly(value)


def _range_of(bound: Bound) -> tuple[Any, Any]:
    """The ends of the measured constant, as the formula for readers prints them."""
    import re

    low, high = re.findall(r"(\d+(?:\.\d+)?) \\le c \\le (\d+(?:\.\d+)?)", bound.latex)[0]
    return sympy.Rational(low), sympy.Rational(high)


def test_symbols_carry_their_assumptions() -> None:
    (bound,) = (b for b in BOUNDS if b.name == "permutation-bits-subsets")
    symbols = bound.symbols()
    assert symbols.inputs.is_integer
    assert symbols.inputs.is_positive
    assert symbols.error.is_rational
    assert symbols.error.is_integer is None
