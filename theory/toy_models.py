"""Closed forms of the toy models: feature dimensionality, two features in one neuron, weak loss."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mpmath import iv  # type: ignore[import-untyped]

from .bound import Bound, Condition, Monotone
from .enclosure import Enclosure, enclose, interval
from .parameters import parameters

_TOY = "Toy Models of Superposition (Elhage et al., 2022); closed form: own derivation"
_SCALING = (
    "the model is that of arXiv 2505.10465 (read through its code); closed form: own derivation"
)
_CROWDED = Condition("features >= neurons", lambda i: i["features"] >= i["neurons"])
_DENSITY = Condition("0 <= density <= 1", lambda i: 0 <= i["density"] <= 1)
_IMPORTANT = Condition("importance > 0", lambda i: i["importance"] > 0)
_KEPT_FIT = Condition("kept <= features", lambda i: i["kept"] <= i["features"])
#: Sums over features are written out term by term.
MOST_FEATURES = 1_000_000
_SUMMABLE = Condition(
    f"features <= {MOST_FEATURES}: the sum is taken term by term",
    lambda i: i["features"] <= MOST_FEATURES,
)


def phase_boundary(importance: Fraction) -> Fraction:
    """The density below which two features in one neuron beat leaving one of them out."""
    r = Fraction(importance)
    return 4 * r / (2 + 5 * r) if r <= 1 else 4 / (5 + 2 * r)


def weak_loss(features: int, kept: int, exponent: Fraction) -> Fraction | Enclosure:
    """4/3 of the frequency of the features left out, at frequencies i^-exponent of sum 1."""
    a = Fraction(exponent)
    if a.denominator == 1 and features <= 64:
        weights = [Fraction(1, i ** int(a)) for i in range(1, features + 1)]
        return Fraction(4, 3) * sum(weights[kept:], Fraction(0)) / sum(weights)

    def compute() -> Any:
        power = -interval(a)
        weights = [iv.exp(power * iv.log(iv.mpf(i))) for i in range(1, features + 1)]
        out, total = iv.mpf(0), iv.mpf(0)
        for index, weight in enumerate(weights):
            total += weight
            if index >= kept:
                out += weight
        return 4 * out / (3 * total)

    return enclose(compute, 96)


def _weak_formula(sp: Any, s: Any) -> Any:
    i = sp.Symbol("i", integer=True, positive=True)
    out = sp.Sum(i**-s.exponent, (i, s.kept + 1, s.features))
    return sp.Rational(4, 3) * out / sp.Sum(i**-s.exponent, (i, 1, s.features))


TOY_MODEL_BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="dimensionality-sum",
        title="sum over all features",
        subject="toy models",
        task="feature-dimensionality",
        statement="The feature dimensionalities of any vectors in n dimensions add up to at "
        "most n.",
        latex=r"\sum_i D_i \le n, \quad "
        r"D_i = \frac{\|W_i\|^2}{\sum_j (\hat W_i \cdot W_j)^2}",
        expression=lambda sp, s: s.neurons,
        direction="upper",
        quantity="sum of feature dimensionalities",
        symbol=r"\sum_i D_i",
        networks="any features in n dimensions",
        form="features",
        parameters=parameters("neurons"),
        monotone=(Monotone("neurons", True, "it is n"),),
        source="own derivation",
        section="12.1",
        function=lambda neurons: int(neurons),
    ),
    Bound(
        name="dimensionality-tight-frame",
        title="tight frame",
        subject="toy models",
        task="feature-dimensionality",
        statement="Every feature of a tight frame of N unit vectors in n dimensions has this "
        "feature dimensionality.",
        latex=r"D = \frac{n}{N}",
        expression=lambda sp, s: s.neurons / s.features,
        direction="equal",
        quantity="feature dimensionality",
        symbol="D",
        networks="tight frames of unit vectors: regular polygons, antipodal pairs, tetrahedra",
        form="features",
        parameters=parameters("features", "neurons"),
        regime=(_CROWDED,),
        monotone=(
            Monotone("features", False, "n/N"),
            Monotone("neurons", True, "n/N"),
        ),
        source=_TOY,
        section="12.1",
        function=lambda features, neurons: Fraction(neurons, features),
    ),
    Bound(
        name="dimensionality-polygon",
        title="regular polygon",
        subject="toy models",
        task="feature-dimensionality",
        statement="Every vertex of a regular k-gon has this feature dimensionality.",
        latex=r"D = \frac{2}{k}",
        expression=lambda sp, s: 2 / s.sides,
        direction="equal",
        quantity="feature dimensionality",
        symbol="D",
        networks="k features at the vertices of a regular k-gon",
        form="features",
        parameters=parameters("sides"),
        monotone=(Monotone("sides", False, "2/k"),),
        source=_TOY,
        section="12.1",
        function=lambda sides: Fraction(2, sides),
    ),
    Bound(
        name="two-features-ignore-second",
        title="second feature left out",
        subject="toy models",
        task="two-features",
        statement="One neuron that keeps the first feature and predicts the mean of the second "
        "has this loss.",
        latex=r"r\left(\frac{q}{3} - \frac{q^2}{4}\right)",
        expression=lambda sp, s: s.importance * (s.density / 3 - s.density**2 / 4),
        direction="equal",
        quantity="loss",
        symbol=r"\mathcal{L}",
        networks="x' = ReLU(w w^T x + b), two features, one neuron",
        form="leave one out",
        parameters=parameters("density", "importance"),
        regime=(_DENSITY,),
        source=_TOY,
        section="12.2",
        function=lambda density, importance: (
            Fraction(importance) * (Fraction(density) / 3 - Fraction(density) ** 2 / 4)
        ),
    ),
    Bound(
        name="two-features-antipodal",
        title="both features, opposite signs",
        subject="toy models",
        task="two-features",
        statement="One neuron that holds both features with opposite signs and no bias has this "
        "loss.",
        latex=r"\frac{(1+r)\,q^2}{6}",
        expression=lambda sp, s: (1 + s.importance) * s.density**2 / 6,
        direction="equal",
        quantity="loss",
        symbol=r"\mathcal{L}",
        networks="x' = ReLU(w w^T x + b), two features, one neuron",
        form="superpose",
        parameters=parameters("density", "importance"),
        regime=(_DENSITY,),
        source=_TOY,
        section="12.2",
        function=lambda density, importance: (
            (1 + Fraction(importance)) * Fraction(density) ** 2 / 6
        ),
    ),
    Bound(
        name="two-features-boundary",
        title="phase boundary",
        subject="toy models",
        task="two-features",
        statement="Below this density two features of opposite signs in one neuron beat leaving "
        "one out, among networks with weights 0 and +-1.",
        latex=r"q^* = \frac{4r}{2+5r}\ (r \le 1), \quad q^* = \frac{4}{5+2r}\ (r \ge 1)",
        expression=lambda sp, s: sp.Piecewise(
            (4 * s.importance / (2 + 5 * s.importance), s.importance <= 1),
            (4 / (5 + 2 * s.importance), True),
        ),
        direction="equal",
        quantity="density",
        symbol="q^*",
        networks="x' = ReLU(w w^T x + b), two features, one neuron, weights 0 and +-1",
        form="features",
        parameters=parameters("importance"),
        regime=(_IMPORTANT,),
        source=_TOY,
        section="12.2",
        function=phase_boundary,
    ),
    Bound(
        name="weak-superposition-loss",
        title="weak superposition",
        subject="toy models",
        task="weak-superposition",
        statement="A model that keeps the r most frequent of N features exactly and predicts 0 "
        "for the others has this loss; frequencies fall like i^-a and add up to 1.",
        latex=r"\mathcal{L} = \frac43 \sum_{i>r} p_i, \quad p_i = i^{-a} \Big/ \sum_{j\le N} "
        r"j^{-a}",
        expression=_weak_formula,
        direction="equal",
        quantity="loss",
        symbol=r"\mathcal{L}",
        networks="features u_i v_i, u_i Bernoulli(p_i), v_i uniform on [0, 2]",
        form="features",
        parameters=parameters("features", "kept", "exponent"),
        regime=(_KEPT_FIT, _SUMMABLE),
        monotone=(Monotone("kept", False, "the sum has fewer terms"),),
        source=_SCALING,
        section="12.3",
        function=weak_loss,
    ),
)
