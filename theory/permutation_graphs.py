"""Bounds for attention layers that recognise permutations, and what one head can do.

See docs/theory.md, section 9.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from . import sign_patterns
from .attention import (
    EXPLICIT,
    HEADS,
    HEADS_REAL,
    MORE_BITS,
    NARROW,
    TWO_DIMENSIONS,
    WIDER_VECTORS,
    key_dim,
    real_key_dim,
)
from .bound import Bound, Condition, Monotone
from .counting import permutations
from .enclosure import Enclosure, enclose, interval
from .parameters import parameters

_UNCOMPRESSED = Condition(
    "items = embedding_dim: the item vectors are an orthonormal basis",
    lambda i: i["items"] == i["embedding_dim"],
)
_THREE_ITEMS = Condition("items >= 3", lambda i: i["items"] >= 3)
_TWO_ITEMS = Condition("items >= 2", lambda i: i["items"] >= 2)

ONE_HEAD = "one head of any key dimension with real weights, or any number of heads added up"

_MORE_ITEMS = Monotone("items", True, "m! rises with m")
_PERMUTATION = parameters("items", "embedding_dim")


def _permutation_bits(sp: Any, s: Any) -> Any:
    return sp.ceiling(sp.log(sp.factorial(s.items), 2))


def _signatures(items: int, embedding_dim: int, key_dim: int) -> Enclosure:
    def compute() -> Any:
        noise = 2 * iv.log(iv.mpf(2 * items * items))
        load = key_dim / (key_dim + noise)
        return interval(Fraction(items, embedding_dim)) * noise / (1 - load)

    return enclose(compute)


def _half_point(items: int) -> Enclosure:
    def dimension(constant: Fraction) -> Enclosure:
        return enclose(lambda: iv.sqrt(items * iv.log(iv.mpf(items)) / interval(constant)))

    return Enclosure(dimension(Fraction(96, 100)).low, dimension(Fraction(9, 10)).high)


PERMUTATION_GRAPH_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="permutation-graph-key-dim",
        title="counting",
        subject="attention",
        task="permutation-graph",
        statement="Recognising every permutation of m items takes this total key dimension.",
        latex=r"D_K \ge \frac{\log_2 m!}{2bd}",
        expression=lambda sp, s: sp.ceiling(
            _permutation_bits(sp, s) / (2 * s.bits * s.embedding_dim)
        ),
        direction="lower",
        quantity="key dimension",
        symbol="D_K",
        networks=HEADS,
        form="heads",
        parameters=(*_PERMUTATION, *parameters("bits")),
        monotone=(_MORE_ITEMS, WIDER_VECTORS, MORE_BITS),
        source="own derivation of the constants; the order is stated in arXiv 2509.22840, abstract",
        section="9.2",
        confirms=("relational-graph-order-necessary",),
        function=lambda items, embedding_dim, bits: key_dim(
            permutations(items), embedding_dim, bits
        ),
    ),
    Bound(
        name="permutation-graph-key-dim-real",
        title="sign patterns, real weights",
        subject="attention",
        task="permutation-graph",
        statement="However precise its weights, a layer of h heads that can recognise every "
        "permutation of m items has this total key dimension.",
        latex=r"P \log_2 \frac{8e\,h m^2}{P} \ge \log_2 m!, \quad P = 2 D_K d + 1",
        expression=lambda sp, s: real_key_dim(sp, s, sp.factorial(s.items)),
        direction="lower",
        quantity="key dimension",
        symbol="D_K",
        networks=HEADS_REAL,
        form="heads",
        parameters=(*_PERMUTATION, *parameters("heads")),
        section="9.3",
        function=lambda items, embedding_dim, heads: sign_patterns.key_dim(
            permutations(items), items, embedding_dim, heads
        ),
    ),
    Bound(
        name="permutation-graph-one-edge-heads",
        title="one edge a head",
        subject="attention",
        task="permutation-graph",
        statement="Heads of key dimension 1, one for each item, recognise any permutation exactly.",
        latex=r"D_K = m",
        expression=lambda sp, s: s.items,
        direction="upper",
        quantity="key dimension",
        symbol="D_K",
        networks=EXPLICIT + "; unit vectors of which no two are parallel",
        form="heads",
        heads=lambda items: int(items),
        parameters=_PERMUTATION,
        regime=(TWO_DIMENSIONS,),
        monotone=(Monotone("items", True, "it is the number of items"),),
        section="9.4",
        function=lambda items: int(items),
    ),
    Bound(
        name="permutation-graph-sign-codes",
        title="sign codes, one head",
        subject="attention",
        task="permutation-graph",
        statement="With orthonormal item vectors, one head of signs recognises any permutation "
        "exactly.",
        latex=r"D_K = \lceil \log_2 m \rceil",
        expression=lambda sp, s: sp.ceiling(sp.log(s.items, 2)),
        direction="upper",
        quantity="key dimension",
        symbol="D_K",
        networks="one head with weights +-1 in the basis of the item vectors",
        form="heads",
        heads=lambda: 1,
        weight_bits=lambda: 1,
        parameters=_PERMUTATION,
        regime=(_UNCOMPRESSED, _TWO_ITEMS),
        section="9.5",
        function=lambda items: (items - 1).bit_length(),
    ),
    Bound(
        name="permutation-graph-circle",
        title="points on a circle, one head",
        subject="attention",
        task="permutation-graph",
        statement="With orthonormal item vectors and real weights, one head of key dimension 2 "
        "recognises any permutation exactly.",
        latex=r"D_K = 2",
        expression=lambda sp, s: sp.Integer(2),
        direction="upper",
        quantity="key dimension",
        symbol="D_K",
        networks="one head with real weights",
        form="heads",
        heads=lambda: 1,
        parameters=_PERMUTATION,
        regime=(_UNCOMPRESSED, _THREE_ITEMS),
        section="9.5",
        function=lambda: 2,
    ),
    Bound(
        name="permutation-graph-circle-gap",
        title="gap of the circle",
        subject="attention",
        task="permutation-graph",
        statement="The scores of that head leave this gap between edges and other pairs.",
        latex=r"1 - \cos \frac{2\pi}{m}",
        expression=lambda sp, s: 1 - sp.cos(2 * sp.pi / s.items),
        direction="equal",
        quantity="score gap",
        symbol="g",
        networks="one head with real weights, orthonormal item vectors",
        form="heads",
        parameters=parameters("items"),
        regime=(_THREE_ITEMS,),
        monotone=(Monotone("items", False, "the angle 2 pi/m falls from 2 pi/3"),),
        section="9.5",
        function=lambda items: enclose(lambda: 1 - iv.cos(2 * iv.pi / items)),
    ),
    Bound(
        name="permutation-graph-signatures",
        title="pseudo-inverse signatures",
        subject="attention",
        task="permutation-graph",
        statement="The total key dimension at which pseudo-inverse signatures should recognise a "
        "permutation on Gaussian vectors, if the scores off the edges were Gaussian.",
        latex=r"D_K \approx \frac{m}{d} \cdot \frac{2 \ln 2m^2}{1-\beta}, \quad "
        r"\beta = \frac{d_k}{d_k + 2 \ln 2m^2}",
        expression=lambda sp, s: (
            s.items
            / s.embedding_dim
            * 2
            * sp.log(2 * s.items**2)
            / (1 - s.key_dim / (s.key_dim + 2 * sp.log(2 * s.items**2)))
        ),
        direction="equal",
        quantity="key dimension",
        symbol="D_K",
        networks=EXPLICIT + "; m/d times noise, blocks of equal size",
        form="heads",
        parameters=(*_PERMUTATION, *parameters("key_dim")),
        regime=(_TWO_ITEMS, NARROW),
        exactness="heuristic",
        section="9.6",
        function=_signatures,
    ),
    Bound(
        name="one-head-embedding-dim",
        title="one head, necessary",
        subject="attention",
        task="one-head",
        statement="Vectors of a smaller dimension leave some permutation of m items out of reach "
        "of one head of any key dimension.",
        latex=r"P \log_2 \frac{e\,m^2}{P} \ge \log_2 m!, \quad P = d^2 + 1",
        expression=lambda sp, s: sp.Ge(
            sign_patterns.patterns_formula(sp, s.items**2, s.value**2 + 1),
            sp.log(sp.factorial(s.items), 2),
        ),
        direction="lower",
        quantity="embedding dimension",
        symbol="d",
        networks=ONE_HEAD,
        form="one head",
        parameters=parameters("items"),
        section="9.3",
        function=lambda items: sign_patterns.one_head_embedding_dim(permutations(items), items),
    ),
    Bound(
        name="one-head-half-point",
        title="one head, measured half point",
        subject="attention",
        task="one-head",
        statement="The dimension of Gaussian vectors at which half of the permutations were within "
        "reach of one head lay in this range.",
        latex=r"d \approx \sqrt{\frac{m \ln m}{c}}, \quad 0.90 \le c \le 0.96",
        expression=lambda sp, s: sp.sqrt(s.items * sp.log(s.items) / sp.Symbol("c")),
        direction="equal",
        quantity="embedding dimension",
        symbol="d",
        networks=ONE_HEAD,
        form="one head",
        parameters=parameters("items"),
        regime=(_TWO_ITEMS,),
        exactness="fit",
        mark="measured",
        source="d = 12, 16, 24, 32, 4 to 10 seeds a size; measured before this package and not "
        "repeated in it",
        section="9.6",
        function=_half_point,
    ),
)
