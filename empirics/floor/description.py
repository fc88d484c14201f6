"""Bits that describe a form, and the counting bounds on bits and nonzeros beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from ...theory.counting import (
    Cardinality,
    binomial,
    labelled_distinct_ands,
    least_nonzeros,
    power,
)
from .form import Form, SquareForm

#: The networks that a bound is about, by form.
SUPERPOSED = "full superposition: code and decoder fixed before the function is known"
FREE = "free decoders: every weight may depend on the function"


@dataclass(frozen=True)
class Description:
    """What it takes to write down the part of a network that holds its function.

    Attributes:
        places, nonzeros: entries of the arrays that hold the function, and those not 0.
        place_bits: which entries are not 0: their number and lg C(places, nonzeros), by array.
        value_bits: nonzeros times lg of the number of nonzero values an entry may have.
        side_bits: levels, and biases that are no constants.
        bound_bits: every decodable description of all functions takes so many for one of them.
        bound_nonzeros: least nonzeros at these places, values and side bits; None where the
            array cannot hold the functions at all.
        networks: what networks the bounds are about.
    """

    places: int
    nonzeros: int
    place_bits: float
    value_bits: float
    side_bits: float
    bound_bits: int
    bound_nonzeros: int | None
    networks: str

    @property
    def bits(self) -> float:
        """All bits."""
        return self.place_bits + self.value_bits + self.side_bits

    @property
    def ratio(self) -> float:
        """Bits over the counting bound."""
        return self.bits / self.bound_bits


def describe(form: Form) -> Description:
    """Count the bits of a form.

    An array of N entries, P of them nonzero, takes lg (N + 1) bits for P, lg C(N, P) for the
    places, and P times the logarithm of the number of nonzero values. Sizes and ranges are known
    to whoever decodes. Derived in docs/floor.md, section 2.
    """
    place_bits = value_bits = 0.0
    for name, array in form.arrays.items():
        count = int((array != 0).sum())
        place_bits += math.log2(array.size + 1) + lg_binomial(array.size, count)
        value_bits += count * math.log2(form.values[name])
    family = labelled_distinct_ands(form.inputs, len(form.pairs))
    values = max(form.values.values()) + 1
    return Description(
        places=form.places,
        nonzeros=form.nonzeros,
        place_bits=place_bits,
        value_bits=value_bits,
        side_bits=form.side_bits,
        bound_bits=family.bits(),
        bound_nonzeros=_least(
            form.inputs, len(form.pairs), form.places, values, math.ceil(form.side_bits)
        ),
        networks=SUPERPOSED if isinstance(form, SquareForm) else FREE,
    )


def lg_binomial(things: int, chosen: int) -> float:
    """lg C(things, chosen), rounded up to a float."""
    return float(binomial(things, chosen).log2()[1]) if 0 < chosen < things else 0.0


@lru_cache(maxsize=4096)
def _least(inputs: int, outputs: int, places: int, values: int, side_bits: int) -> int | None:
    family: Cardinality = labelled_distinct_ands(inputs, outputs)
    return least_nonzeros(family / power(2, side_bits), places, values)
