"""Bounds of linear functions over a domain, against all of its vectors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from superproof.verify.domain import Domain
from superproof.verify.rounding.reach import extremes, most_ones

from ...oracles import fraction_oracle as oracle
from ...strategies import domains


@given(st.data(), st.integers(1, 6))
def test_nothing_in_the_domain_goes_beyond(data: st.DataObject, count: int) -> None:
    domain = data.draw(domains(tuple("abcdef"[:count])))
    row = st.lists(st.integers(-9, 9), min_size=count, max_size=count)
    gains = np.array(data.draw(st.lists(row, min_size=1, max_size=3)), dtype=np.float64)
    least, most = extremes(gains, domain)
    vectors = np.array(oracle.members(domain), dtype=np.float64)
    values = gains @ vectors.T
    assert (least <= values.min(axis=1)).all()
    assert (most >= values.max(axis=1)).all()
    assert most_ones(domain) >= vectors.sum(axis=1).max()


@given(st.data(), st.integers(1, 6))
def test_single_constraints_are_met_exactly(data: st.DataObject, count: int) -> None:
    domain = data.draw(domains(tuple("abcdef"[:count]), max_parts=1))
    if domain.where is not None:
        return
    gains = np.array(
        [data.draw(st.lists(st.integers(-9, 9), min_size=count, max_size=count))], float
    )
    least, most = extremes(gains, domain)
    values = gains @ np.array(oracle.members(domain), dtype=np.float64).T
    assert least == values.min()
    assert most == values.max()


def test_top_sums_for_cardinality() -> None:
    domain = Domain(tuple("abcd"), at_least=1, at_most=2)
    least, most = extremes(np.array([[5.0, 3.0, -1.0, -2.0], [-4.0, -3.0, -2.0, -1.0]]), domain)
    assert most.tolist() == [8.0, -1.0]
    assert least.tolist() == [-3.0, -7.0]
    assert most_ones(domain) == 2
