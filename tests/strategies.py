"""Hypothesis strategies: awkward networks, formulas with every connective, every domain kind."""

from __future__ import annotations

import itertools
from fractions import Fraction

import ml_dtypes
import numpy as np
from hypothesis import strategies as st

from superproof.verify.domain import Ball, Domain
from superproof.verify.formula import (
    FALSE,
    TRUE,
    And,
    AtLeast,
    AtMost,
    Formula,
    Implies,
    Not,
    Or,
    Variable,
    Xor,
)
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Readout, Threshold
from superproof.verify.specification import Specification

from .oracles import fraction_oracle as oracle

#: Names that formulas can write plainly, and names that need backticks.
PLAIN_NAMES = ("a", "b", "c", "d", "e", "f", "g", "_h1", "Wide_Name")
QUOTED_NAMES = ("x y", "true", "atleast", "1", "é", "a-b", "&", "it's", "[0]")
VALUES = (
    (Fraction(0), Fraction(1)),
    (Fraction(-1), Fraction(1)),
    (Fraction(1, 3), Fraction(5, 7)),
)
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOAT_DTYPES = (*map(np.dtype, ("float64", "float32", "float16")), BFLOAT16)
DTYPES = (*FLOAT_DTYPES, np.dtype("int64"), np.dtype("int8"))

_small = st.integers(-3, 3).map(Fraction)
_halves = st.integers(-5, 5).map(lambda k: Fraction(k, 2))
_fine = st.integers(-2048, 2048).map(lambda k: Fraction(k, 1024))
_tiny = st.integers(-3, 3).map(lambda k: Fraction(k, 1 << 70))
_huge = st.integers(-3, 3).map(lambda k: Fraction(k << 60))
_mixed = st.one_of(_small, _small, _halves, _fine, _tiny, _huge)
#: Dyadic rationals by style; all of them are float64 numbers.
NUMBERS = (_small, _small, _halves, _fine, _tiny, _huge, _mixed)


def _floats(dtype: np.dtype, wild: bool) -> st.SearchStrategy[float]:
    """Finite numbers of a float type: its whole range, subnormals included, or |x| <= 8."""
    if dtype == BFLOAT16:
        # every pattern of 16 bits, as the type's own conversion reads it
        patterns = st.integers(0, 0xFFFF).map(
            lambda bits: float(np.array(bits, dtype=np.uint16).view(BFLOAT16))
        )
        return patterns.filter(lambda x: np.isfinite(x) and (wild or abs(x) <= 8))
    width = dtype.itemsize * 8
    if wild:
        return st.floats(allow_nan=False, allow_infinity=False, width=width)
    return st.floats(-8, 8, width=width)


_FLOATS = {(dtype, wild): _floats(dtype, wild) for dtype in FLOAT_DTYPES for wild in (False, True)}


@st.composite
def arrays(draw: st.DrawFn, shape: tuple[int, ...], wild: bool = False) -> np.ndarray:
    """Stored numbers of the given shape: one style an array, in a type that holds them exactly.

    ``wild`` allows floats of any magnitude that the type can hold.
    """
    size = int(np.prod(shape))
    if draw(st.integers(0, 4)) == 0:
        dtype, loud = draw(st.sampled_from(FLOAT_DTYPES)), wild and draw(st.booleans())
        flat = draw(st.lists(_FLOATS[dtype, loud], min_size=size, max_size=size))
        array = np.array(flat, dtype=np.float64).astype(dtype)
    else:
        numbers = draw(st.lists(draw(st.sampled_from(NUMBERS)), min_size=size, max_size=size))
        array = _stored(numbers, draw(st.sampled_from(DTYPES)))
    array = array.reshape(shape)
    if len(shape) == 2 and shape[0]:
        change = draw(st.sampled_from(("none", "none", "none", "zero", "duplicate", "opposite")))
        row, other = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[0] - 1))
        if change == "zero":
            array[row] = 0
        elif change == "duplicate":
            array[row] = array[other]
        elif change == "opposite":
            array[row] = -array[other]
    return array


def _stored(numbers: list[Fraction], dtype: np.dtype) -> np.ndarray:
    """The numbers in the wanted type if it holds them all exactly, else in float64."""
    exact = np.array([float(number) for number in numbers], dtype=np.float64)
    if dtype.kind == "i":
        limit = 2.0 ** (8 * dtype.itemsize - 1)
        fits = (exact == np.floor(exact)).all() and (np.abs(exact) < limit).all()
        return exact.astype(dtype) if fits else exact
    with np.errstate(over="ignore"):
        narrow = exact.astype(dtype)
    return narrow if (narrow.astype(np.float64) == exact).all() else exact


@st.composite
def networks(
    draw: st.DrawFn,
    inputs: int | None = None,
    outputs: int | None = None,
    max_hidden: int = 3,
    max_width: int = 5,
    wild: bool = False,
) -> Network:
    """Networks with 0 to ``max_hidden`` hidden layers of 0 to ``max_width`` neurons."""
    sizes = [inputs or draw(st.integers(1, 7))]
    sizes += draw(st.lists(st.integers(0, max_width), max_size=max_hidden))
    sizes += [outputs or draw(st.integers(1, 3))]
    weights, biases, activations = [], [], []
    for fan_in, width in itertools.pairwise(sizes):
        weights.append(draw(arrays((width, fan_in), wild=wild)))
        biases.append(draw(st.none() | arrays((width,), wild=wild)))
        last = len(weights) == len(sizes) - 1
        usual = ("identity",) * 4 if last else ("relu",) * 4
        activations.append(draw(st.sampled_from((*usual, "relu", "step", "identity"))))
    if draw(st.integers(0, 7)) == 0:
        # a constant output
        weights[-1][draw(st.integers(0, sizes[-1] - 1))] = 0
    return Network.from_arrays(weights, biases, activations)


def names(count: int) -> st.SearchStrategy[tuple[str, ...]]:
    """Distinct input names, some of which formulas must write in backticks."""
    pool = st.sampled_from(PLAIN_NAMES + QUOTED_NAMES)
    plain = tuple(f"x{i}" for i in range(count))
    drawn = st.lists(pool, min_size=count, max_size=count, unique=True).map(tuple)
    return st.just(plain) | drawn


#: What a formula is made of; a leaf comes first, as hypothesis reduces towards it.
_KINDS = st.sampled_from(
    ("leaf", "leaf", "not", "and", "or", "xor", "implies", "atleast", "atmost", "majority")
)
_CHAINS = {"and": And, "or": Or, "xor": Xor}


@st.composite
def formulas(
    draw: st.DrawFn, over: tuple[str, ...], max_leaves: int = 8, written: bool = False
) -> Formula:
    """Formulas over the names, with every connective.

    ``max_leaves`` bounds the size roughly. ``written`` keeps to the trees that text can say:
    chains of two operands or more. Draws node by node: much faster than st.recursive.
    """
    leaves = [*map(Variable, over), *map(Variable, over), TRUE, FALSE]
    room = max_leaves

    def several(least: int, most: int) -> tuple[Formula, ...]:
        return tuple(grow() for _ in range(draw(st.integers(least, most))))

    def grow() -> Formula:
        nonlocal room
        room -= 1
        kind = draw(_KINDS) if room > 0 else "leaf"
        if kind == "leaf":
            return leaves[draw(st.integers(0, len(leaves) - 1))]
        if kind == "not":
            return Not(grow())
        if kind == "implies":
            return Implies(grow(), grow())
        if kind in _CHAINS:
            return _CHAINS[kind](several(2 if written else 0, 4))
        parts = several(1, 5)
        if kind == "majority":
            return AtLeast(len(parts) // 2 + 1, parts)
        count = draw(st.integers(0, len(parts)))
        return AtLeast(count, parts) if kind == "atleast" else AtMost(count, parts)

    return grow()


def bits(count: int) -> st.SearchStrategy[tuple[bool, ...]]:
    """One input vector."""
    return st.lists(st.booleans(), min_size=count, max_size=count).map(tuple)


@st.composite
def loose_domains(draw: st.DrawFn, over: tuple[str, ...], max_parts: int = 3) -> Domain:
    """Intersections of 0 to ``max_parts`` constraints of every kind; possibly empty."""
    count = len(over)
    kinds = ("at_least", "at_most", "exactly", "ball", "one_hot", "where", "points")
    at_least, at_most = 0, count
    balls: list[Ball] = []
    groups: list[tuple[int, ...]] = []
    where: Formula | None = None
    points: np.ndarray | None = None
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=max_parts)):
        if kind in ("at_least", "at_most", "exactly"):
            number = draw(st.integers(0, count))
            at_least = at_least if kind == "at_most" else max(at_least, number)
            at_most = at_most if kind == "at_least" else min(at_most, number)
        elif kind == "ball":
            balls.append(Ball(draw(bits(count)), draw(st.integers(0, count))))
        elif kind == "one_hot" and not groups:
            order = draw(st.permutations(range(count)))
            cut = sorted(draw(st.sets(st.integers(1, count), min_size=1, max_size=3)))
            groups = [tuple(order[a:b]) for a, b in zip([0, *cut], cut, strict=False)]
        elif kind == "where":
            formula = draw(formulas(over, max_leaves=5))
            where = formula if where is None else And((where, formula))
        elif kind == "points" and points is None:
            rows = draw(st.lists(bits(count), min_size=1, max_size=12, unique=True))
            points = np.array(rows, dtype=bool)
    values = draw(st.sampled_from((VALUES[0], *VALUES)))
    return Domain(over, values, at_least, at_most, tuple(balls), tuple(groups), where, points)


def domains(over: tuple[str, ...], max_parts: int = 3) -> st.SearchStrategy[Domain]:
    """Domains of every kind that hold at least one vector, by the oracle's count."""
    return loose_domains(over, max_parts).map(
        # an empty one makes way for all vectors: refusing so many draws would be slow
        lambda domain: domain if oracle.members(domain) else Domain(over, domain.values)
    )


@st.composite
def readouts(draw: st.DrawFn, network: Network, domain: Domain) -> Readout:
    """Read-outs whose levels are often values that the network takes exactly."""
    choices = ["threshold", "threshold", "levels"] + ["argmax"] * (network.output_size > 1)
    kind = draw(st.sampled_from(choices))
    if kind == "argmax":
        return Argmax()
    level = draw(_levels(network, domain))
    if kind == "threshold":
        return Threshold(level)
    other = draw(_levels(network, domain))
    if other == level:
        other = level - draw(st.sampled_from((Fraction(1, 3), Fraction(1, 1 << 80), Fraction(2))))
    return Levels(max(level, other), min(level, other))


@st.composite
def _levels(draw: st.DrawFn, network: Network, domain: Domain) -> Fraction:
    if draw(st.booleans()):
        vector = draw(st.sampled_from(oracle.members(domain)))
        fed = [domain.values[int(bit)] for bit in vector]
        value = draw(st.sampled_from(oracle.forward(network, fed)))
        return value + draw(st.sampled_from((0, 0, 0, Fraction(1, 1 << 90), -Fraction(1, 1 << 90))))
    fixed = (Fraction(0), Fraction(0), Fraction(1, 2), Fraction(1, 3), Fraction(-1), Fraction(1))
    return draw(st.sampled_from(fixed))


@st.composite
def problems(
    draw: st.DrawFn, max_inputs: int = 7, max_hidden: int = 3, max_width: int = 5, wild: bool = True
) -> Problem:
    """Problems of every kind; about half have formulas read off the network itself.

    Those hold, or fail on an input or two: a random formula is wrong nearly everywhere.
    """
    count = draw(st.integers(1, max_inputs))
    network = draw(networks(count, None, max_hidden, max_width, wild))
    over = draw(names(count))
    domain = draw(domains(over))
    readout = draw(readouts(network, domain))
    if count <= 5 and draw(st.booleans()):
        outputs = _tables(network, domain, readout)
        if draw(st.booleans()):
            spoiled = draw(st.integers(0, len(outputs) - 1))
            vector = draw(bits(count))
            outputs[spoiled] = Xor((outputs[spoiled], _minterm(over, vector)))
    else:
        outputs = [draw(formulas(over)) for _ in range(network.output_size)]
    return Problem(network, Specification(over, outputs, domain=domain, readout=readout))


def _tables(network: Network, domain: Domain, readout: Readout) -> list[Formula]:
    """For each output the disjunction of the vectors on which it reads true."""
    terms: list[list[Formula]] = [[] for _ in range(network.output_size)]
    for vector in oracle.members(domain):
        values = oracle.forward(network, [domain.values[int(bit)] for bit in vector])
        for output, clauses in enumerate(terms):
            if oracle.reading(readout, values, output):
                clauses.append(_minterm(domain.names, vector))
    return [Or(tuple(clauses)) for clauses in terms]


def _minterm(over: tuple[str, ...], vector: tuple[bool, ...]) -> Formula:
    literals = [
        Variable(n) if bit else Not(Variable(n)) for n, bit in zip(over, vector, strict=True)
    ]
    return And(tuple(literals))
