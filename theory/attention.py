"""Bounds on the total key dimension with which attention scores recognise the edges of a graph.

Items have fixed public vectors x_i; a pair is reported when its largest score over the heads,
``x_i W_Q W_K^T x_j``, exceeds a threshold. See docs/theory.md, section 9.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from . import sign_patterns
from .bound import Bound, Condition, Monotone
from .counting import Cardinality, binomial, power
from .enclosure import Enclosure, enclose
from .parameters import parameters

_EDGES_FIT = Condition(
    "1 <= edges <= items^2: every edge is an ordered pair of items",
    lambda i: i["edges"] <= i["items"] ** 2,
)
_WRONG_FITS = Condition(
    "2 wrong <= items^2: fewer than half of all pairs are wrong",
    lambda i: 2 * i["wrong"] <= i["items"] ** 2,
)
TWO_DIMENSIONS = Condition(
    "embedding_dim >= 2: in one dimension no two unit vectors differ but in sign",
    lambda i: i["embedding_dim"] >= 2,
)
NARROW = Condition(
    "key_dim <= embedding_dim: a wider head computes no more",
    lambda i: i["key_dim"] <= i["embedding_dim"],
)

HEADS = "attention heads with b-bit weights, combined in any way; item vectors and threshold fixed"
HEADS_REAL = "h heads with real weights, combined by their largest score; item vectors fixed"
EXPLICIT = "explicit heads, combined by their largest score"

WIDER_VECTORS = Monotone("embedding_dim", False, "each key dimension has more weights")
MORE_BITS = Monotone("bits", False, "the same bits are held by fewer weights")


def graphs(items: int, edges: int, wrong: int = 0) -> Cardinality:
    """Least number of layers that serve all graphs of ``edges`` edges, ``wrong`` pairs excepted.

    It is ``C(m^2, m') / ((r+1) C(m^2, r))``. Source: docs/theory.md, section 9.1.
    """
    pairs = items * items
    found = binomial(pairs, edges)
    return found / (power(wrong + 1, 1) * binomial(pairs, wrong)) if wrong else found


def key_dim(number: Cardinality, embedding_dim: int, bits: int) -> int:
    return -(-number.bits() // (2 * bits * embedding_dim))


def _graph_bits(sp: Any, s: Any) -> Any:
    pairs = s.items**2
    served = (s.wrong + 1) * sp.binomial(pairs, s.wrong)
    served = sp.Piecewise((1, sp.Eq(s.wrong, 0)), (served, True))
    return sp.Max(0, sp.ceiling(sp.log(sp.binomial(pairs, s.edges) / served, 2)))


def real_key_dim(sp: Any, s: Any, number: Any) -> Any:
    conditions, unknowns = s.heads * s.items**2, 2 * s.value * s.embedding_dim + 1
    return sp.Ge(sign_patterns.patterns_formula(sp, conditions, unknowns, 2), sp.log(number, 2))


def _unit(embedding_dim: int, edges: int) -> Any:
    """The unit of the measured sizes, m' lg m' / d, as an interval."""
    return iv.mpf(edges) * iv.log(iv.mpf(edges)) / iv.log(2) / embedding_dim


def _trained(embedding_dim: int, edges: int) -> Enclosure:
    found = enclose(lambda: _unit(embedding_dim, edges))
    return Enclosure(Fraction(1, 4) * found.low, Fraction(1, 2) * found.high)


_GRAPH = parameters("items", "edges", "embedding_dim")

ATTENTION_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="relational-graph-bits",
        title="bits",
        subject="attention",
        task="relational-graph",
        statement="Recognising every graph of m' edges on m items, all but r pairs right, takes "
        "this many parameter bits.",
        latex=r"B \ge \log_2 \binom{m^2}{m'} - [r>0] \log_2 \left((r+1) \binom{m^2}{r}\right)",
        expression=_graph_bits,
        direction="lower",
        quantity="parameter bits",
        symbol="B",
        networks="any layer that is determined by its parameters; item vectors fixed",
        parameters=parameters("items", "edges", "wrong"),
        regime=(_EDGES_FIT, _WRONG_FITS),
        section="9.1",
        count=lambda items, edges, wrong: graphs(items, edges, wrong),
    ),
    Bound(
        name="relational-graph-key-dim",
        title="counting",
        subject="attention",
        task="relational-graph",
        statement="Recognising every graph of m' edges on m items takes this total key dimension.",
        latex=r"D_K \ge \frac{\log_2 \binom{m^2}{m'}}{2bd}",
        expression=lambda sp, s: sp.ceiling(
            sp.ceiling(sp.log(sp.binomial(s.items**2, s.edges), 2)) / (2 * s.bits * s.embedding_dim)
        ),
        direction="lower",
        quantity="key dimension",
        symbol="D_K",
        networks=HEADS,
        form="heads",
        parameters=(*_GRAPH, *parameters("bits")),
        regime=(_EDGES_FIT,),
        monotone=(WIDER_VECTORS, MORE_BITS),
        source="own derivation of the constants; the order is stated in arXiv 2509.22840, abstract",
        section="9.2",
        confirms=("relational-graph-order-necessary",),
        function=lambda items, edges, embedding_dim, bits: key_dim(
            graphs(items, edges), embedding_dim, bits
        ),
    ),
    Bound(
        name="relational-graph-key-dim-real",
        title="sign patterns, real weights",
        subject="attention",
        task="relational-graph",
        statement="However precise its weights, a layer of h heads that can recognise every graph "
        "of m' edges on m items has this total key dimension.",
        latex=r"P \log_2 \frac{8e\,h m^2}{P} \ge \log_2 \binom{m^2}{m'}, \quad P = 2 D_K d + 1",
        expression=lambda sp, s: real_key_dim(sp, s, sp.binomial(s.items**2, s.edges)),
        direction="lower",
        quantity="key dimension",
        symbol="D_K",
        networks=HEADS_REAL,
        form="heads",
        parameters=(*_GRAPH, *parameters("heads")),
        regime=(_EDGES_FIT,),
        section="9.3",
        function=lambda items, edges, embedding_dim, heads: sign_patterns.key_dim(
            graphs(items, edges), items, embedding_dim, heads
        ),
    ),
    Bound(
        name="relational-graph-one-edge-heads",
        title="one edge a head",
        subject="attention",
        task="relational-graph",
        statement="Heads of key dimension 1, one for each edge, recognise any graph exactly.",
        latex=r"D_K = m'",
        expression=lambda sp, s: s.edges,
        direction="upper",
        quantity="key dimension",
        symbol="D_K",
        networks=EXPLICIT + "; unit vectors of which no two are parallel",
        form="heads",
        heads=lambda edges: int(edges),
        parameters=_GRAPH,
        regime=(_EDGES_FIT, TWO_DIMENSIONS),
        monotone=(Monotone("edges", True, "it is the number of edges"),),
        section="9.4",
        function=lambda edges: int(edges),
    ),
    Bound(
        name="relational-graph-trained",
        title="trained layers, measured range",
        subject="attention",
        task="relational-graph",
        statement="The least total key dimension at which training found error-free layers for "
        "permutations on Gaussian vectors lay in this range.",
        latex=r"D_K \approx c\, \frac{m' \log_2 m'}{d}, \quad 0.25 \le c \le 0.50",
        expression=lambda sp, s: sp.Symbol("c") * s.edges * sp.log(s.edges, 2) / s.embedding_dim,
        direction="equal",
        quantity="key dimension",
        symbol="D_K",
        networks="layers trained with a bracketed squared hinge from a spectral start",
        form="heads",
        parameters=_GRAPH,
        regime=(_EDGES_FIT,),
        exactness="fit",
        mark="measured",
        source="measured on certified layers, (items, embedding_dim) from (64, 16) to (1024, 256), "
        "1 to 20 seeds: benchmarks/attention.py and the experiment attention-constructions",
        section="9.6",
        function=_trained,
    ),
    Bound(
        name="degrees-of-freedom",
        title="degrees of freedom",
        subject="attention",
        task="relational-graph",
        statement="The score matrices of h heads of key dimension d_k have this many degrees of "
        "freedom.",
        latex=r"h\, d_k (2d - d_k)",
        expression=lambda sp, s: s.heads * s.key_dim * (2 * s.embedding_dim - s.key_dim),
        direction="equal",
        quantity="degrees of freedom",
        symbol=r"\nu",
        networks="h heads: d x d matrices of rank at most d_k",
        form="heads",
        parameters=parameters("embedding_dim", "key_dim", "heads"),
        regime=(NARROW,),
        monotone=(
            Monotone("key_dim", True, "d_k (2d - d_k) rises up to d_k = d"),
            Monotone("heads", True, "a multiple of h"),
            Monotone("embedding_dim", True, "linear in d"),
        ),
        section="9.6",
        function=lambda embedding_dim, key_dim, heads: (
            heads * key_dim * (2 * embedding_dim - key_dim)
        ),
    ),
)
