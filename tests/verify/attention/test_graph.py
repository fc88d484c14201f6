from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.errors import InputError


def test_edges_are_sorted_and_found() -> None:
    graph = RelationalGraph(4, [[2, 1], [0, 3], [2, 0], [3, 3]])  # type: ignore[arg-type]
    assert graph.edges.tolist() == [[0, 3], [2, 0], [2, 1], [3, 3]]
    assert (2, 1) in graph
    assert (1, 2) not in graph
    assert len(graph) == 4
    out, into = graph.degrees
    assert out.tolist() == [1, 0, 2, 1]
    assert into.tolist() == [1, 1, 0, 2]
    table = np.zeros((4, 4), dtype=bool)
    table[tuple(graph.edges.T)] = True
    for start in range(4):
        for stop in range(start, 5):
            part = graph.adjacency(slice(start, stop))
            assert (part == table[start:stop]).all()
    assert repr(graph) == "RelationalGraph(4 items, 4 edges)"


def test_permutation() -> None:
    graph = RelationalGraph.permutation([2, 0, 1])
    assert graph.edges.tolist() == [[0, 2], [1, 0], [2, 1]]
    assert graph.is_permutation
    assert not RelationalGraph(3, np.array([[0, 1], [1, 1], [2, 0]])).is_permutation
    with pytest.raises(InputError, match=r"targets: not a permutation; list each of 0, 1, ... on"):
        RelationalGraph.permutation([0, 0, 1])


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([], "the graph has no edge; give at least one pair of items"),
        ([[0, 1, 2]], r"edges: shape \(1, 3\), not \(edges, 2\): two items a row"),
        ([[0.5, 1]], "edges: values of type float64 are not indices of items"),
        ([[0, 1], [1, 3]], "edge 1, 1 3: items are numbered 0 to 2"),
        ([[0, np.inf]], "edge 0, 0.0 inf: items are numbered 0 to 2"),
        ([[0, 1e30]], "edge 0, 0.0 1e[+]30: items are numbered 0 to 2"),
        ([[0, 1], [-1, 2]], "edge 1, -1 2: items are numbered 0 to 2"),
        ([[0, 1], [2, 2], [0, 1]], "edge 2, 0 1: given before, as edge 0; remove one"),
    ],
)
def test_bad_edges(edges: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        RelationalGraph(3, edges)


def test_no_items() -> None:
    with pytest.raises(InputError, match="a graph has at least one item, not 0"):
        RelationalGraph(0, np.array([[0, 0]]))


def test_whole_floats_are_indices() -> None:
    assert RelationalGraph(3, np.array([[2.0, 1.0]])).edges.dtype == np.int64
