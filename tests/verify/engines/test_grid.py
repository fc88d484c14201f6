"""Rows times lanes hold every input of a domain exactly once."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.bitprogram import pack_bits
from superproof.verify.domain import Domain
from superproof.verify.domain_notation import parse_domain
from superproof.verify.engines.grid import (
    FEWEST_ROWS,
    WORD,
    BallGrid,
    Grid,
    ProductGrid,
    make_grid,
)

from ... import strategies
from ...oracles import fraction_oracle as oracle


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    """Domains of every kind that grids serve, empty ones too."""
    over = tuple(f"x{i}" for i in range(draw(st.integers(1, 8))))
    return dataclasses.replace(draw(strategies.loose_domains(over)), points=None)


@st.composite
def grids(draw: st.DrawFn) -> tuple[Domain, Grid]:
    """A domain in either shape, cut into lanes and runs of any length."""
    domain = draw(domains())
    lanes, run = draw(st.sampled_from((1, 2, 3, 8, 64, 300))), draw(st.integers(1, 64))
    rows = draw(st.sampled_from((1, 5, 1 << 62)))
    kinds = (
        ProductGrid(domain, lanes, run, rows),
        BallGrid(domain, run, rows),
        make_grid(domain, lanes, run, rows),
    )
    return domain, kinds[draw(st.integers(0, 2))]


def visited(grid: Grid) -> list[tuple[bool, ...]]:
    """All points of the grid in order, before the remaining constraint filters them."""
    points = []
    for rows in grid.rows(np.zeros((len(grid.flip), 0), dtype=np.int64)):
        for bits, start, stop in zip(rows.bits, rows.start, rows.stop, strict=True):
            lanes = np.arange(start, stop)
            block = grid.points(np.tile(bits, (len(lanes), 1)), lanes)
            points += [tuple(bool(bit) for bit in point) for point in block]
    return points


def inside(domain: Domain, grid: Grid, points: list[tuple[bool, ...]]) -> list[tuple[bool, ...]]:
    """The points that satisfy what the grid leaves to be checked."""
    if grid.remaining is None:
        return points
    names = domain.names
    return [p for p in points if oracle.truth(grid.remaining, dict(zip(names, p, strict=True)))]


@settings(deadline=None, max_examples=400)
@given(grids())
def test_every_input_of_the_domain_is_visited_once(drawn: tuple[Domain, Grid]) -> None:
    domain, grid = drawn
    points = visited(grid)
    assert len(points) == grid.candidates
    assert max(Counter(points).values(), default=1) == 1
    chosen = Counter(inside(domain, grid, points))
    chunks = [chunk.astype(bool) for chunk in domain.chunks(7)]
    assert chosen == Counter(tuple(row) for chunk in chunks for row in chunk.tolist())
    assert chosen == Counter(oracle.members(domain))


@settings(deadline=None, max_examples=200)
@given(grids(), st.data())
def test_row_sums_and_reaches(drawn: tuple[Domain, Grid], data: st.DataObject) -> None:
    """The sums are those of the bits, and the reaches bound them for rows and for lanes."""
    domain, grid = drawn
    entries = st.lists(st.integers(-100, 100), min_size=2, max_size=2)
    weights = np.array(
        data.draw(st.lists(entries, min_size=domain.inputs, max_size=domain.inputs)), dtype=np.int64
    )
    row_reach, lane_reach = grid.row_reach(np.abs(weights)), grid.lane_reach(np.abs(weights))
    assert (np.abs(grid.lane_bits.astype(np.int64) @ weights) <= lane_reach).all()
    for rows in grid.rows(weights):
        assert (rows.sums == rows.bits.astype(np.int64) @ weights).all()
        assert (np.abs(rows.sums) <= row_reach).all()
        # relative to the flip, a row and its lanes never set the same input
        for bits, start, stop in zip(rows.bits, rows.start, rows.stop, strict=True):
            assert not (grid.lane_bits[start:stop] & bits).any()


@settings(deadline=None, max_examples=100)
@given(grids())
def test_lanes_come_in_whole_words(drawn: tuple[Domain, Grid]) -> None:
    _, grid = drawn
    assert len(grid.lane_bits) % WORD == 0
    assert len(grid.lane_bits) - grid.lanes < WORD
    assert not grid.lane_bits[grid.lanes :].any()
    assert (grid.lane_words == pack_bits(grid.lane_bits)).all()


@settings(deadline=None, max_examples=100)
@given(domains(), st.integers(1, 100))
def test_the_cheaper_shape_is_chosen(domain: Domain, lanes: int) -> None:
    both = ProductGrid(domain, lanes, 64).candidates, BallGrid(domain, 64).candidates
    assert make_grid(domain, lanes, 64).candidates == min(both) == domain.candidates


@pytest.mark.parametrize(
    ("notation", "kind", "candidates"),
    [
        ("all", ProductGrid, 2**6),
        ("at most 0", BallGrid, 1),
        ("at most 2", BallGrid, 1 + 6 + 15),
        ("exactly 6", BallGrid, 1),
        ("exactly 1", BallGrid, 6),
        ("within 1 of 010011", BallGrid, 7),
        ("within 0 of 111111", BallGrid, 1),
        ({"one_hot": [["x0", "x5"], ["x1", "x2", "x3"]]}, ProductGrid, 2 * 3 * 2),
        ({"one_hot": [["x0", "x5"]], "at_most": 1}, BallGrid, 7),
        ("where x0 & ~x3", ProductGrid, 2**6),
    ],
)
def test_shape_of_each_kind(notation: object, kind: type[Grid], candidates: int) -> None:
    domain = parse_domain(notation, tuple(f"x{i}" for i in range(6)))
    grid = make_grid(domain, 8, 32)
    assert type(grid) is kind
    assert grid.candidates == candidates
    assert Counter(inside(domain, grid, visited(grid))) == Counter(oracle.members(domain))


@pytest.mark.parametrize("notation", ["all", "at most 4", {"one_hot": [["x3", "x4", "x5"]]}])
def test_runs_are_as_short_as_wanted(notation: object) -> None:
    domain = parse_domain(notation, tuple(f"x{i}" for i in range(16)))
    for wanted in (1, 100):
        grid = make_grid(domain, 64, 1 << 16, wanted)
        runs = [len(rows.bits) for rows in grid.rows(np.zeros((16, 0), dtype=np.int64))]
        assert len(runs) > 1
        assert max(runs) <= 4 * max(wanted, FEWEST_ROWS)


def test_large_groups_do_not_make_long_tables() -> None:
    names = tuple(f"x{i}" for i in range(900))
    groups = [names[:300], names[300:600], names[600:]]
    grid = make_grid(parse_domain({"one_hot": groups}, names), 1000, 1 << 20, 1000)
    assert grid.lanes == 300
    assert {len(rows.bits) for rows in itertools.islice(grid.rows(np.eye(900)), 2)} == {300}
    assert grid.candidates == 300**3
