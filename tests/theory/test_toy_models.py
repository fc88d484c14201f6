"""Expansion and toy models: closed forms against enumeration, integration and geometry."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.theory import Enclosure, RegimeError, lookup

from .direct import checks


def _value(name: str, **values: int | Fraction):  # type: ignore[no-untyped-def]
    return lookup(name)[0].evaluate(**values)


@checks("expansion-collision", "expansion-coverage", "expansion-some-parent")
def test_independent_draws_by_enumeration() -> None:
    for factor, clause in ((2, 1), (2, 2), (3, 2)):
        draws = list(itertools.product(range(factor), repeat=2 * clause))
        together = Fraction(sum(len(set(d)) == 1 for d in draws), len(draws))
        assert _value("expansion-collision", factor=factor, clause=clause) == together
        covered = Fraction(sum(len(set(d[:clause])) == 1 for d in draws), len(draws))
        assert _value("expansion-coverage", factor=factor, clause=clause) == covered
        some = _value("expansion-some-parent", factor=factor, clause=clause, parents=3)
        assert some == 1 - (1 - covered) ** 3


@pytest.mark.parametrize(
    ("inputs", "factor", "clause"), [(4, 2, 1), (6, 2, 2), (6, 3, 2), (6, 3, 3)]
)
@checks("expansion-collision-balanced", "expansion-coverage-balanced")
def test_balanced_deals_by_enumeration(inputs: int, factor: int, clause: int) -> None:
    share = inputs // factor
    deals = {
        tuple(sorted(range(inputs), key=order.__getitem__))
        for order in itertools.permutations(range(inputs))
    }
    child = [{i: place // share for place, i in enumerate(deal)} for deal in deals]
    for name, size in (("collision", 2 * clause), ("coverage", clause)):
        if size > inputs:
            continue
        together = sum(len({c[i] for i in range(size)}) == 1 for c in child)
        found = _value(f"expansion-{name}-balanced", inputs=inputs, factor=factor, clause=clause)
        assert found == Fraction(together, len(deals))


@pytest.mark.parametrize(
    ("factor", "collision", "balanced", "coverage", "dealt", "some"),
    [(2, ".0078", ".0024", ".125", ".101", ".656"),
     (4, "6.1e-5", "3.8e-7", ".0156", ".0078", ".118")],
)  # fmt: skip
def test_reference_probabilities(
    factor: int, collision: str, balanced: str, coverage: str, dealt: str, some: str
) -> None:
    sizes = {"factor": factor, "clause": 4, "inputs": 32, "parents": 8}
    for name, printed in (
        ("expansion-collision", collision),
        ("expansion-collision-balanced", balanced),
        ("expansion-coverage", coverage),
        ("expansion-coverage-balanced", dealt),
        ("expansion-some-parent", some),
    ):
        digits = len(printed.split("e")[0].replace(".", "").lstrip("0"))
        assert float(f"{float(_value(name, **sizes)):.{digits}g}") == float(printed), name


def test_expansion_mistakes() -> None:
    with pytest.raises(RegimeError, match="factor divides inputs"):
        _value("expansion-coverage-balanced", inputs=7, factor=2, clause=2)
    with pytest.raises(RegimeError, match="2 clause <= inputs"):
        _value("expansion-collision-balanced", inputs=6, factor=2, clause=4)
    with pytest.raises(RegimeError, match="clause <= inputs"):
        _value("expansion-coverage-balanced", inputs=6, factor=2, clause=7)
    with pytest.raises(RegimeError, match="parents \\* clause <= 100000"):
        _value("expansion-some-parent", factor=2, clause=4, parents=10**6)
    with pytest.raises(RegimeError, match="clause <= 10000"):
        _value("expansion-collision", factor=2, clause=10**6)
    assert _value("expansion-collision-balanced", inputs=8, factor=4, clause=4) == 0


def _dimensionality(vectors: np.ndarray) -> np.ndarray:
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors**2).sum(axis=1) / ((units @ vectors.T) ** 2).sum(axis=1)  # type: ignore[no-any-return]


def _polygon(sides: int) -> np.ndarray:
    angles = 2 * np.pi * np.arange(sides) / sides
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@checks("dimensionality-polygon", "dimensionality-tight-frame")
def test_dimensionality_of_known_shapes() -> None:
    for sides in (3, 4, 5, 6, 11):
        stated = _value("dimensionality-polygon", sides=sides)
        assert np.allclose(_dimensionality(_polygon(sides)), float(stated))
        assert stated == _value("dimensionality-tight-frame", features=sides, neurons=2)
    tetrahedron = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    octahedron = np.vstack([np.eye(3), -np.eye(3)])
    pair = np.array([[1.0], [-1.0]])
    for shape in (tetrahedron, octahedron, pair):
        features, neurons = shape.shape
        stated = _value("dimensionality-tight-frame", features=features, neurons=neurons)
        assert np.allclose(_dimensionality(shape), float(stated))
    with pytest.raises(RegimeError, match="sides must be 3 or more"):
        _value("dimensionality-polygon", sides=2)
    with pytest.raises(RegimeError, match="features >= neurons"):
        _value("dimensionality-tight-frame", features=2, neurons=3)


@checks("dimensionality-sum")
def test_dimensionalities_add_up_to_the_dimension_at_most() -> None:
    generator = np.random.default_rng(5)
    for features, neurons in ((3, 3), (9, 4), (40, 6)):
        vectors = generator.normal(size=(features, neurons)) * generator.exponential(
            size=(features, 1)
        )
        total = _dimensionality(vectors).sum()
        assert total <= _value("dimensionality-sum", neurons=neurons) + 1e-9
    assert math.isclose(_dimensionality(_polygon(7)).sum(), 2)


@checks("two-features-ignore-second", "two-features-antipodal")
def test_losses_of_two_features_by_simulation() -> None:
    generator = np.random.default_rng(7)
    q, r, draws = 0.3, 0.6, 400_000
    x = generator.random((draws, 2)) * (generator.random((draws, 2)) < q)
    importance = np.array([1, r])
    for name, weights, bias in (
        ("two-features-ignore-second", [1, 0], [0, q / 2]),
        ("two-features-antipodal", [1, -1], [0, 0]),
    ):
        w = np.array(weights)
        predicted = np.maximum((x @ w)[:, None] * w + np.array(bias), 0)
        losses = ((x - predicted) ** 2 * importance).sum(axis=1)
        stated = float(_value(name, density=Fraction(3, 10), importance=Fraction(3, 5)))
        assert abs(losses.mean() - stated) < 5 * losses.std() / math.sqrt(draws)


@pytest.mark.parametrize(
    ("importance", "boundary"), [("1/5", 0.267), ("1/2", 0.444), ("1", 0.571), ("2", 0.444)]
)
@checks("two-features-boundary")
def test_phase_boundary(importance: str, boundary: float) -> None:
    r = Fraction(importance)
    found = _value("two-features-boundary", importance=r)
    assert abs(float(found) - boundary) < 5e-4
    both = _value("two-features-antipodal", density=found, importance=r)
    ignore_second = _value("two-features-ignore-second", density=found, importance=r)
    ignore_first = found / 3 - found**2 / 4
    assert both == min(ignore_second, ignore_first)
    with pytest.raises(RegimeError, match="importance > 0"):
        _value("two-features-boundary", importance=0)
    with pytest.raises(RegimeError, match="0 <= density <= 1"):
        _value("two-features-antipodal", density=2, importance=1)


@pytest.mark.parametrize(
    ("exponent", "slope"),
    [("1", -0.295), ("5/4", -0.435), ("3/2", -0.607), ("7/4", -0.805), ("2", -1.021)],
)
def test_reference_slopes_of_the_weak_loss(exponent: str, slope: float) -> None:
    sizes = [10, 16, 25, 40, 63, 100]
    losses = [
        _value("weak-superposition-loss", features=1000, kept=k, exponent=Fraction(exponent))
        for k in sizes
    ]
    assert all(isinstance(loss, Enclosure) for loss in losses)
    fitted = np.polyfit(np.log(sizes), np.log([float(loss.middle) for loss in losses]), 1)[0]
    assert abs(fitted - slope) < 6e-4


@checks("weak-superposition-loss")
def test_weak_loss() -> None:
    assert _value("weak-superposition-loss", features=3, kept=0, exponent=1) == Fraction(4, 3)
    half = _value("weak-superposition-loss", features=3, kept=1, exponent=1)
    assert half == Fraction(4, 3) * Fraction(5, 6) / Fraction(11, 6)
    assert _value("weak-superposition-loss", features=3, kept=3, exponent=1) == 0
    wide = _value("weak-superposition-loss", features=65, kept=7, exponent=2)
    exact = Fraction(4, 3) * sum(Fraction(1, i * i) for i in range(8, 66))
    assert exact / sum(Fraction(1, i * i) for i in range(1, 66)) in wide
    with pytest.raises(RegimeError, match="kept <= features"):
        _value("weak-superposition-loss", features=3, kept=4)
    with pytest.raises(RegimeError, match="features <= 1000000"):
        _value("weak-superposition-loss", features=10**7, kept=4)
