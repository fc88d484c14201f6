"""Attention: published vectors, layers that meet the bounds, softmax in the worst context."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.theory import Enclosure, RegimeError, lookup, permutations
from superproof.theory.counting import binomial

from .direct import checks


def _bound(name: str):  # type: ignore[no-untyped-def]
    return lookup(name)[0]


@pytest.mark.parametrize(
    ("items", "embedding_dim", "unit", "bits", "graph_bits", "key_dim", "signatures"),
    [
        (64, 16, 24, 296, 471, "9.2", 72.1),  # 9.2498 in full: the notes print 9.3
        (128, 32, 28, 716, 1075, "11.2", 83.2),
        (256, 64, 32, 1684, 2411, "13.2", 94.3),
        (256, 32, 64, 1684, 2411, "26.3", 188.5),
        (512, 64, 72, 3875, 5340, "30.3", 210.7),
        (1024, 128, 80, 8769, 11710, "34.3", 232.9),
        (2048, 128, 176, 19580, 25475, "76.5", 510.2),
    ],
)
@checks("relational-graph-trained", "permutation-graph-signatures")
def test_reference_vectors(
    items: int, embedding_dim: int, unit: int, bits: int, graph_bits: int, key_dim: str,
    signatures: float,
) -> None:  # fmt: skip
    sizes = {"items": items, "embedding_dim": embedding_dim}
    number = permutations(items).log2()[0]
    assert round(number) == bits
    assert round(binomial(items**2, items).log2()[0]) == graph_bits
    assert f"{float(number) / (2 * embedding_dim):.1f}" == key_dim
    counted = _bound("permutation-graph-key-dim").evaluate(**sizes)
    assert counted == math.ceil(math.ceil(number) / (2 * embedding_dim))
    measured = _bound("relational-graph-trained").evaluate(**sizes, edges=items)
    assert abs(float(measured.high) - unit / 2) < 1e-9
    assert abs(float(measured.low) - 0.25 * unit) < 1e-9
    # (m/d) 2 ln 2 m^2 is the estimate for vanishing load
    estimate = _bound("permutation-graph-signatures").evaluate(**sizes, key_dim=1)
    load = 1 / (1 + 2 * math.log(2 * items**2))
    assert abs(float(estimate.middle) * (1 - load) - signatures) < 0.06


@checks("relational-graph-one-edge-heads")
def test_one_edge_heads_recognise_any_graph() -> None:
    generator = np.random.default_rng(4)
    items, dim = 7, 3
    vectors = generator.normal(size=(items, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    edges = [divmod(int(e), items) for e in generator.choice(items**2, size=11, replace=False)]
    assert _bound("relational-graph-one-edge-heads").evaluate(
        items=items, edges=11, embedding_dim=dim
    ) == len(edges)
    scores = np.stack([np.outer(vectors @ vectors[i], vectors @ vectors[j]) for i, j in edges]).max(
        axis=0
    )
    others = [scores[p] for p in itertools.product(range(items), repeat=2) if p not in edges]
    assert min(scores[e] for e in edges) > max(others) + 1e-9


@pytest.mark.parametrize("items", [2, 3, 5, 8, 9, 33])
@checks("permutation-graph-sign-codes")
def test_codes_for_orthonormal_vectors(items: int) -> None:
    permutation = np.random.default_rng(items).permutation(items)
    width = _bound("permutation-graph-sign-codes").evaluate(items=items, embedding_dim=items)
    signs = np.array([[1 if i >> b & 1 else -1 for b in range(width)] for i in range(items)])
    scores = signs[permutation] @ signs.T
    edge = np.zeros((items, items), dtype=bool)
    edge[np.arange(items), permutation] = True
    assert (scores[edge] == width).all()
    assert (scores[~edge] <= width - 2).all()
    if items >= 3:
        assert _bound("permutation-graph-circle").evaluate(items=items, embedding_dim=items) == 2
        angle = 2 * np.pi * np.arange(items) / items
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        scores = circle[permutation] @ circle.T
        gap = scores[edge].min() - scores[~edge].max()
        stated = _bound("permutation-graph-circle-gap").evaluate(items=items)
        assert abs(gap - float(stated.middle)) < 1e-12
    with pytest.raises(RegimeError, match="items = embedding_dim"):
        _bound("permutation-graph-circle").evaluate(items=9, embedding_dim=3)


def test_real_weights_beat_the_order_that_bits_suggest() -> None:
    # docs/theory.md, section 9.5: two dimensions serve every number of items
    for items in (64, 4096, 2**20):
        sizes = {"items": items, "embedding_dim": items}
        circle = _bound("permutation-graph-circle").evaluate(**sizes)
        assert _bound("permutation-graph-key-dim-real").evaluate(**sizes) <= circle == 2
        assert _bound("permutation-graph-key-dim").evaluate(**sizes, bits=1) > circle or items == 64
        one_bit = _bound("permutation-graph-sign-codes").evaluate(**sizes)
        assert _bound("permutation-graph-key-dim").evaluate(**sizes, bits=1) <= one_bit


@checks("degrees-of-freedom")
def test_degrees_of_freedom_are_the_rank_of_the_derivative() -> None:
    dim, key_dim = 5, 2
    generator = np.random.default_rng(6)
    query, key = generator.normal(size=(2, dim, key_dim))
    columns = []
    for matrix, left in ((query, True), (key, False)):
        for i, j in np.ndindex(*matrix.shape):
            step = np.zeros_like(matrix)
            step[i, j] = 1
            columns.append((step @ key.T if left else query @ step.T).ravel())
    rank = np.linalg.matrix_rank(np.array(columns))
    bound = _bound("degrees-of-freedom")
    assert bound.evaluate(embedding_dim=dim, key_dim=key_dim) == rank
    with pytest.raises(RegimeError, match="key_dim <= embedding_dim"):
        bound.evaluate(embedding_dim=3, key_dim=4)


def _weights(scores: list[float], sink: float, scale: float) -> np.ndarray:
    logits = scale * np.array([*scores, sink])
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


@pytest.mark.parametrize(("gap", "context", "error"), [("1/10", 8, "1/100"), ("1/3", 500, "1/4")])
@checks("softmax-scale", "softmax-scale-necessary")
def test_scale_of_the_softmax(gap: str, context: int, error: str) -> None:
    g, e = Fraction(gap), Fraction(error)
    need, enough = (
        _bound(name).evaluate(gap=g, context=context, error=e)
        for name in ("softmax-scale-necessary", "softmax-scale")
    )
    assert isinstance(need, Enclosure)
    assert need.high <= enough.low
    # the worst context: one edge at +gap, everything else at -gap, the sink at 0
    worst = [float(g)] + [-float(g)] * (context - 1)
    assert _weights(worst, 0, float(enough.high))[0] >= 1 - float(e)
    assert math.isclose(_weights(worst, 0, float(need.middle))[0], 1 - float(e), rel_tol=1e-9)


@checks("softmax-gap")
def test_gap_of_one_edge() -> None:
    (bound,) = lookup("softmax-gap")
    for context, temperature in ((2, Fraction(1)), (64, Fraction(1, 3))):
        gap = float(bound.evaluate(context=context, temperature=temperature).middle)
        for close, reported in ((1e-9, True), (0.0, False)):
            # non-edges just below the sink; at the sink itself, a smaller gap fails
            scores = [gap * (1 if reported else 0.999)] + [-close] * (context - 1)
            weight = _weights(scores, 0, 1 / float(temperature))[0]
            assert (weight >= 0.5) == reported


@checks("softmax-gap-degree")
def test_gap_of_several_edges() -> None:
    (bound,) = lookup("softmax-gap-degree")
    for context, degree in ((8, 1), (8, 3), (100, 2), (16, 16)):
        gap = 1.001 * float(bound.evaluate(context=context, degree=degree).middle)
        edge = min(
            _weights([gap] * count + [-gap] * (size - count), 0, 1)[0]
            for size in range(1, context + 1)
            for count in range(1, min(degree, size) + 1)
        )
        other = _weights([-gap], 0, 1)[0]  # alone with the sink a non-edge weighs most
        assert edge > other
    with pytest.raises(RegimeError, match="degree <= context"):
        bound.evaluate(context=3, degree=4)
    with pytest.raises(RegimeError, match="temperature > 0"):
        bound.evaluate(context=3, temperature=0)
    with pytest.raises(RegimeError, match="gap > 0"):
        lookup("softmax-scale")[0].evaluate(gap=0, context=3, error=Fraction(1, 2))
    with pytest.raises(RegimeError, match="0 < error < 1"):
        lookup("softmax-scale")[0].evaluate(gap=1, context=3, error=1)


def test_mistakes() -> None:
    with pytest.raises(RegimeError, match=r"edges <= items\^2"):
        _bound("relational-graph-bits").evaluate(items=3, edges=10)
    with pytest.raises(RegimeError, match=r"2 wrong <= items\^2"):
        _bound("relational-graph-bits").evaluate(items=3, edges=1, wrong=5)
    with pytest.raises(RegimeError, match="embedding_dim >= 2"):
        _bound("permutation-graph-one-edge-heads").evaluate(items=3, embedding_dim=1)
    with pytest.raises(RegimeError, match="items >= 3"):
        _bound("permutation-graph-circle-gap").evaluate(items=2)
