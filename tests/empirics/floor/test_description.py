"""Bits of a form: counted by hand, and against the bound."""

from __future__ import annotations

from math import comb, log2

import numpy as np
import pytest

from superproof.empirics.floor.description import FREE, SUPERPOSED, describe, lg_binomial
from superproof.empirics.floor.form import Form, FreeForm
from superproof.theory.counting import least_nonzeros, power


def test_bits_by_hand() -> None:
    form = FreeForm(
        pairs=np.array([[0, 1]]),
        active=2,
        first=np.array([[1, 1, 0]]),
        shift=np.array([-1]),
        second=np.array([[1]]),
        values={"T": 1, "K": 1},
    )
    about = describe(form)
    # T: 3 places, 2 nonzero: lg 4 + lg 3; K: 1 place, 1 nonzero: lg 2 + 0; one value: nothing
    assert about.place_bits == pytest.approx(log2(4) + log2(3) + 1)
    assert (about.value_bits, about.side_bits) == (0, 0)
    assert (about.places, about.nonzeros) == (4, 3)
    assert about.bound_bits == 2  # lg 3 pairs, whole bits
    assert about.networks == FREE


def test_parts_add_up(form: Form, kind: str) -> None:
    about = describe(form)
    assert about.bits == about.place_bits + about.value_bits + about.side_bits
    assert about.ratio == about.bits / about.bound_bits
    assert about.value_bits == pytest.approx(
        sum(np.count_nonzero(a) * log2(form.values[n]) for n, a in form.arrays.items())
    )
    superposed = kind in ("trained", "key-value", "one-bit")
    assert about.networks == (SUPERPOSED if superposed else FREE)


def test_the_bound_is_the_number_of_functions(form: Form) -> None:
    functions = 1
    for k in range(len(form.pairs)):
        functions *= comb(form.inputs, 2) - k
    assert about_bits(functions) == describe(form).bound_bits


def about_bits(functions: int) -> int:
    """Least whole number of bits that tells so many apart."""
    return (functions - 1).bit_length()


@pytest.mark.parametrize(("things", "chosen"), [(10, 3), (8000, 4001), (5, 0), (5, 5)])
def test_binomials_are_rounded_up(things: int, chosen: int) -> None:
    exact = comb(things, chosen)
    found = lg_binomial(things, chosen)
    assert 0 <= found - (exact.bit_length() - 1) <= 1
    # 2**found >= exact, decided in integers at a scale of 2**-20
    assert exact**64 <= 1 << int(np.ceil(found * 64 + 1e-9))


@pytest.mark.parametrize(
    ("bits", "places", "values"), [(10, 20, 3), (64, 40, 2), (30, 400, 16), (100, 10, 2), (0, 5, 2)]
)
def test_least_nonzeros_by_counting(bits: int, places: int, values: int) -> None:
    # an array with P nonzeros: C(places, P) choices of places, values**P of what stands there
    wanted = next((p for p in range(places + 1) if comb(places, p) * values**p >= 2**bits), None)
    assert least_nonzeros(power(2, bits), places, values) in (
        wanted, None if 2**bits > values**places else wanted
    )  # fmt: skip
