"""The capacity estimate: its normal distribution, its minimum, and the published vectors."""

from __future__ import annotations

import math

import pytest
from scipy import optimize, stats

from superproof.theory import RegimeError, lookup
from superproof.theory.capacity import distribution, gardner_neurons, optimal_threshold
from superproof.theory.enclosure import enclose, interval

from .direct import checks


@pytest.mark.parametrize("tenths", [1, 5, 10, 30, 65, 120])
def test_normal_distribution(tenths: int) -> None:
    from fractions import Fraction

    found = enclose(lambda: 1 - distribution(interval(Fraction(tenths, 10))), 400)
    assert math.isclose(float(found.middle), stats.norm.sf(tenths / 10), rel_tol=1e-9)
    assert found.high - found.low < found.low / 10**12


# b and the width as printed in the notes
@pytest.mark.parametrize(
    ("inputs", "outputs", "threshold", "neurons"),
    [(24, 256, 2.05, 41.0), (46, 1024, 2.45, 93.1), (129, 8192, 3.01, 309.3),
     (200, 19900, 3.24, 510.6)],
)  # fmt: skip
def test_reference_estimates(inputs: int, outputs: int, threshold: float, neurons: float) -> None:
    found = gardner_neurons(inputs, outputs)
    assert abs(float(found.middle) - neurons) < 0.05
    assert found.high - found.low < found.low / 10**12
    assert abs(float(optimal_threshold(math.comb(inputs, 2))) - threshold) < 0.005


# sizes 256, 1024, 2048, 4096 on the least complete graphs, rounded as in the notes
@pytest.mark.parametrize(
    ("inputs", "outputs", "one_bit", "ternary"),
    [(24, 256, 51, 46), (46, 1024, 117, 103), (65, 2048, 175, 155), (92, 4096, 261, 232)],
)
@checks("pairwise-and-gardner-one-bit", "pairwise-and-gardner-ternary")
def test_reference_quantised(inputs: int, outputs: int, one_bit: int, ternary: int) -> None:
    for suffix, wanted in (("one-bit", one_bit), ("ternary", ternary)):
        (bound,) = lookup(f"pairwise-and-gardner-{suffix}")
        assert abs(float(bound.evaluate(inputs=inputs, outputs=outputs).middle) - wanted) < 1


@pytest.mark.parametrize("inputs", [3, 10, 300])
@checks("pairwise-and-gardner")
def test_the_threshold_minimises(inputs: int) -> None:
    patterns = math.comb(inputs, 2)
    share = 1 / patterns

    def constraint(b: float) -> float:
        tail, phi = stats.norm.sf(b), stats.norm.pdf(b)
        below = (1 + b * b) * (1 - tail) + b * phi
        return float(share * below + (1 - share) * ((1 + b * b) * tail - b * phi))

    best = optimize.minimize_scalar(constraint, bounds=(0, 20), method="bounded").fun
    expected = math.sqrt(patterns * best)
    (bound,) = lookup("pairwise-and-gardner")
    found = bound.evaluate(inputs=inputs, outputs=1)
    assert math.isclose(float(found.middle), expected, rel_tol=1e-6)


# certified widths by number of outputs, as the notes list them
TRAINED = {
    "pairwise-and-trained": {256: 44, 1024: 94, 2048: 140, 4096: 216, 8192: 331},
    "pairwise-and-trained-ternary": {256: 70, 1024: 148, 2048: 220},
    "pairwise-and-trained-one-bit": {256: 96, 1024: 200, 2048: 296},
}
# (outputs, neurons): pairs of low influence, then complete graphs
KEY_VALUE = {
    "pairwise-and-key-value": [
        (16, 37), (64, 80), (256, 150), (1024, 314), (2048, 446),
        (256, 140), (1024, 297), (4096, 557),
    ],
    "pairwise-and-key-value-one-bit": [
        (16, 54), (64, 115), (256, 254), (1024, 499), (2048, 664),
        (256, 238), (1024, 469), (4096, 880),
    ],
}  # fmt: skip


@checks(*TRAINED, *KEY_VALUE)
def test_fits_are_ranges_of_measured_sizes() -> None:
    points = {name: list(widths.items()) for name, widths in TRAINED.items()} | KEY_VALUE
    for name, widths in points.items():
        (bound,) = lookup(name)
        ends = []
        for outputs, measured in widths:
            found = bound.evaluate(outputs=outputs)
            # the notes round c to three digits, so the ends hold to half a unit of the last one
            assert float(found.low) * 0.997 <= measured <= float(found.high) * 1.005
            ends.append(measured / float(found.low))
        # and the range is no wider than the measurements
        assert min(ends) < 1.01
        assert max(ends) > 0.98 * float(found.high / found.low)


def test_mistakes() -> None:
    (estimate,) = lookup("pairwise-and-gardner")
    with pytest.raises(RegimeError, match="active = 2"):
        estimate.evaluate(inputs=9, outputs=4, active=3)
    with pytest.raises(RegimeError, match="inputs >= 3"):
        estimate.evaluate(inputs=2, outputs=1)
    with pytest.raises(RegimeError, match="outputs >= 2"):
        lookup("pairwise-and-trained")[0].evaluate(outputs=1)
