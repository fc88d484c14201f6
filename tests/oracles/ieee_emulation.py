"""A slow scalar emulation of floating-point execution, in any order of summation.

Every rounding is computed with Fractions from the definition of IEEE 754 formats, and shares no
code with the package. Each run draws how sums are arranged (left to right, blocks, random
trees), which products are fused into additions, and whether subnormal numbers are flushed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .fraction_oracle import exact

ZERO = Fraction(0)
#: Bits of the significand, exponent of the least normal number, exponent of the overflow.
FORMATS = {
    "float64": (53, -1022, 1024),
    "float32": (24, -126, 128),
    "bfloat16": (8, -126, 128),
    "float16": (11, -14, 16),
}


class OverflowedError(Exception):
    """A result is infinite in the format."""


def rounded(number: Fraction, name: str, flush: bool = False) -> Fraction:
    """The number rounded to nearest, ties to even; subnormal results may be flushed to zero."""
    precision, smallest, limit = FORMATS[name]
    if number == 0:
        return ZERO
    size = abs(number)
    top, bottom = size.numerator.bit_length(), size.denominator.bit_length()
    exponent = top - bottom
    while Fraction(2) ** exponent > size:
        exponent -= 1
    while Fraction(2) ** (exponent + 1) <= size:
        exponent += 1
    unit = Fraction(2) ** (max(exponent, smallest) + 1 - precision)
    quotient, rest = divmod(size, unit)
    if rest * 2 > unit or (rest * 2 == unit and quotient % 2 == 1):
        quotient += 1
    result = quotient * unit
    if result >= Fraction(2) ** limit:
        raise OverflowedError
    if flush and result < Fraction(2) ** smallest:
        return ZERO
    return result if number > 0 else -result


@dataclass(frozen=True)
class Style:
    """One way to execute a network.

    Attributes:
        dtype: number type of weights and activations; 16-bit types are summed in float32.
        seed: draws the order of each sum.
        order: ``left``, ``blocks`` or ``tree``.
        fused: how often a product is added without being rounded first, 0 to 1.
        flush: subnormal numbers become zero wherever they appear.
        bias: ``sum`` adds it among the products, ``after`` to the finished (and stored) sum.
    """

    dtype: str
    seed: int = 0
    order: str = "tree"
    fused: float = 0.5
    flush: bool = False
    bias: str = "sum"


def draw_style(dtype: str, seed: int) -> Style:
    """A random style."""
    rng = random.Random(seed)
    return Style(
        dtype,
        seed,
        rng.choice(("left", "blocks", "tree", "tree")),
        rng.choice((0.0, 0.5, 1.0)),
        rng.random() < 0.2,
        rng.choice(("sum", "after")),
    )


class Machine:
    """Executes networks in one style."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.random = random.Random(style.seed)
        self.storage = style.dtype
        self.sums = "float64" if style.dtype == "float64" else "float32"
        self._weights: dict[int, list[tuple[list[list[Fraction]], list[Fraction], str]]] = {}

    def store(self, number: Fraction) -> Fraction:
        """Round to the type of weights and activations."""
        return rounded(number, self.storage, self.style.flush)

    def add(self, a: Fraction, b: Fraction) -> Fraction:
        """One rounded addition; with an exact product as ``a``, a fused multiply-add."""
        return rounded(a + b, self.sums, self.style.flush)

    def layers(self, network: Any) -> list[tuple[list[list[Fraction]], list[Fraction], str]]:
        """The stored weights, rounded to the type."""
        if id(network) not in self._weights:
            self._weights[id(network)] = [
                (
                    [[self.store(exact(w)) for w in row] for row in layer.weight],
                    [self.store(exact(b)) for b in layer.bias],
                    layer.activation,
                )
                for layer in network.layers
            ]
        return self._weights[id(network)]

    def run(self, network: Any, inputs: Sequence[Fraction]) -> list[Fraction]:
        """The executed outputs. Raises OverflowedError where a number becomes infinite."""
        values = [self.store(value) for value in inputs]
        for weight, bias, activation in self.layers(network):
            values = [
                self.activated(self.row(row, values, offset), activation)
                for row, offset in zip(weight, bias, strict=True)
            ]
        return values

    def row(
        self, weights: Sequence[Fraction], values: Sequence[Fraction], bias: Fraction
    ) -> Fraction:
        products = [w * v for w, v in zip(weights, values, strict=True)]
        if self.style.bias == "sum":
            return self.store(self.total([*map(self._product, products), (bias, True)]))
        total = self.store(self.total([*map(self._product, products)]))
        return self.store(self.add(total, bias))

    def _product(self, product: Fraction) -> tuple[Fraction, bool]:
        """A term, and whether it is a number of the format already (else it will be fused)."""
        if self.random.random() < self.style.fused:
            return product, False
        return rounded(product, self.sums, self.style.flush), True

    def total(self, terms: list[tuple[Fraction, bool]]) -> Fraction:
        """The terms summed in some order."""
        if not terms:
            return ZERO
        self.random.shuffle(terms)
        if self.style.order == "left":
            return self._left(terms)
        if self.style.order == "blocks":
            size = self.random.randint(1, len(terms))
            blocks = [self._left(terms[i : i + size]) for i in range(0, len(terms), size)]
            return self._left([(block, True) for block in blocks])
        while len(terms) > 1:
            a = terms.pop(self.random.randrange(len(terms)))
            b = terms.pop(self.random.randrange(len(terms)))
            terms.append((self._sum(a, b), True))
        return self._finished(terms[0])

    def _left(self, terms: list[tuple[Fraction, bool]]) -> Fraction:
        total = (ZERO, True)
        for term in terms:
            total = (self._sum(term, total), True)
        return total[0]

    def _sum(self, a: tuple[Fraction, bool], b: tuple[Fraction, bool]) -> Fraction:
        """At most one of the two may be an unrounded product."""
        return self.add(a[0], b[0] if a[1] else self._finished(b))

    def _finished(self, term: tuple[Fraction, bool]) -> Fraction:
        return term[0] if term[1] else rounded(term[0], self.sums, self.style.flush)

    def activated(self, z: Fraction, activation: str) -> Fraction:
        if activation == "step":
            return Fraction(int(z > 0))
        return max(z, ZERO) if activation == "relu" else z
