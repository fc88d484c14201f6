"""Families of graphs, and graphs from files."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.attention.graphs import graph, read_graph
from superproof.verify.errors import InputError


def test_permutation_has_one_neighbour_each_way() -> None:
    assert graph("permutation", 50, 3).is_permutation


@pytest.mark.parametrize("degree", [1, 2, 4, 7])
def test_regular_graphs_have_their_degree_both_ways(degree: int) -> None:
    made = graph(f"regular-{degree}", 30, 1)
    out, into = made.degrees
    assert (out == degree).all()
    assert (into == degree).all()


def test_dense_regular_graph_is_still_simple() -> None:
    made = graph("regular-8", 16, 0)
    assert len({tuple(edge) for edge in made.edges.tolist()}) == len(made) == 128


@pytest.mark.parametrize("number", [1, 8, 16])
def test_hubs_share_the_items(number: int) -> None:
    out, into = graph(f"hubs-{number}", 64, 2).degrees
    assert sorted(out)[-number:] == [64 // number] * number
    assert out.sum() == 64
    assert (into == 1).all()


def test_star_has_one_centre_and_half_of_the_items() -> None:
    out, into = graph("star", 40, 5).degrees
    assert sorted(out)[-2:] == [0, 20]
    assert into.max() == 1


def test_zipf_targets_are_uneven() -> None:
    out, into = graph("zipf", 400, 0).degrees
    assert (out == 1).all()
    assert into.max() > 25


def test_seeds_decide() -> None:
    one, two = graph("permutation", 30, 1), graph("permutation", 30, 2)
    assert (one.edges == graph("permutation", 30, 1).edges).all()
    assert (one.edges != two.edges).any()


@pytest.mark.parametrize(
    ("name", "items", "seed", "words"),
    [
        ("ring", 10, 0, "unknown graph 'ring'"),
        ("rings-2", 10, 0, "unknown graph 'rings-2'"),
        ("regular-6", 10, 0, "half of the 10 items"),
        ("hubs-0", 10, 0, "between 1 and half"),
        ("permutation", 1, 0, "items must lie between 2"),
        ("permutation", 1 << 20, 0, "items must lie between 2"),
        ("permutation", 10, -1, "seed must be 0 or more"),
    ],
)
def test_bad_graphs_are_refused(name: str, items: int, seed: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        graph(name, items, seed)


def test_edge_files(tmp_path) -> None:
    text = tmp_path / "edges.txt"
    text.write_text("# query key\n0 2\n1,0  # comment\n\n2 2\n")
    made = read_graph(text, 3)
    assert made.edges.tolist() == [[0, 2], [1, 0], [2, 2]]
    np.savez(tmp_path / "edges.npz", edges=made.edges)
    assert (read_graph(tmp_path / "edges.npz", 3).edges == made.edges).all()


def test_bad_edge_files_name_the_place(tmp_path) -> None:
    file = tmp_path / "edges.txt"
    for text, words in (
        ("0 1\n0 1\n", "edges.txt: edge 1, 0 1: given before"),
        ("0 7\n", "line 1: indices run from 0 to 2"),
        ("0\n", "line 1: expected two item indices"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=words):
            read_graph(file, 3)
