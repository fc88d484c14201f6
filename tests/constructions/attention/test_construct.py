"""Trained layers: what is handed over is right, and what cannot be had is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from superproof.constructions.attention import (
    construct_attention,
    embeddings,
    graph,
    smallest_attention,
)
from superproof.constructions.attention.sizing import hinge_size, star_load
from superproof.verify.attention.check import check_recognition
from superproof.verify.attention.files import read_recognition
from superproof.verify.attention.softmax_readout import SoftmaxReadout
from superproof.verify.errors import InputError, ProofError

from .brute_force import reported


@pytest.mark.parametrize(
    ("items", "dim", "name"),
    [
        (32, 16, "permutation"),
        (40, 16, "regular-2"),
        (32, 32, "hubs-4"),
        (48, 24, "zipf"),
        (32, 16, "star"),
    ],
)
def test_trained_layers_report_the_graph(items: int, dim: int, name: str) -> None:
    edges = graph(name, items, 0)
    made = construct_attention(embeddings("gaussian", items, dim, 0), edges)
    assert reported(made.layer) == {tuple(edge) for edge in edges.edges.tolist()}


@pytest.mark.parametrize(
    ("items", "dim", "heads", "key_dim"),
    [(256, 64, 1, 16), (512, 64, 2, 18), (512, 128, 1, 18)],
)
def test_half_of_the_unit_suffices(items: int, dim: int, heads: int, key_dim: int) -> None:
    for seed in range(2):
        made = construct_attention(
            embeddings("gaussian", items, dim, seed), graph("permutation", items, seed),
            heads=heads, key_dim=key_dim,
        )  # fmt: skip
        assert made.unit_share == pytest.approx(0.5)
        assert made.decision.gap > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "dim", "heads", "key_dim"),
    [(256, 64, 1, 16), (512, 64, 2, 18), (512, 128, 1, 18), (1024, 256, 1, 20), (1024, 128, 1, 40)],
)
def test_half_of_the_unit_suffices_for_twenty_seeds(
    items: int, dim: int, heads: int, key_dim: int
) -> None:
    for seed in range(20):
        made = construct_attention(
            embeddings("gaussian", items, dim, seed), graph("permutation", items, seed),
            heads=heads, key_dim=key_dim,
        )  # fmt: skip
        assert made.total_key_dim == heads * key_dim


@pytest.mark.parametrize(
    ("name", "items", "dim"),
    [("regular-2", 256, 128), ("regular-4", 128, 64), ("regular-4", 128, 32),
     ("regular-4", 256, 64), ("hubs-8", 256, 128), ("hubs-16", 512, 256), ("zipf", 512, 128)],
)  # fmt: skip
def test_half_of_the_unit_suffices_for_other_graphs(name: str, items: int, dim: int) -> None:
    made = construct_attention(embeddings("gaussian", items, dim, 0), graph(name, items, 0))
    assert made.unit_share < 0.55
    assert made.decision.gap > 0


def test_the_least_size_of_256_items() -> None:
    made = construct_attention(
        embeddings("gaussian", 256, 64, 0), graph("permutation", 256, 0), heads=1, key_dim=10
    )
    assert made.total_key_dim == 10


def test_training_has_no_random_numbers() -> None:
    points, edges = embeddings("gaussian", 32, 16, 0), graph("permutation", 32, 0)
    one = construct_attention(points, edges, seed=0)
    two = construct_attention(points, edges, seed=5)
    assert (one.layer.query == two.layer.query).all()
    assert (one.layer.key == two.layer.key).all()


@pytest.mark.parametrize(
    ("bits", "key_dim"),
    [
        (2, 32),
        pytest.param(1, 64, marks=pytest.mark.slow),
        pytest.param(3, 18, marks=pytest.mark.slow),
        pytest.param(4, 14, marks=pytest.mark.slow),
    ],
)
def test_few_bits(bits: int, key_dim: int) -> None:
    points, edges = embeddings("gaussian", 256, 64, 0), graph("permutation", 256, 0)
    made = construct_attention(points, edges, bits=bits, heads=1, key_dim=key_dim)
    assert made.weight_bits == bits
    assert made.total_key_dim == key_dim
    for weights in (made.layer.query, made.layer.key):
        assert len(np.unique(weights)) <= 2**bits
    assert made.ratio == pytest.approx(2 * 64 * key_dim * bits / 1684)


def test_a_gap_that_is_asked_for_is_left() -> None:
    made = construct_attention(
        embeddings("gaussian", 128, 64, 0), graph("permutation", 128, 0), gap=0.3
    )
    assert made.relative_gap >= 0.3
    assert float(made.decision.gap / made.decision.weakest.score) == made.relative_gap


@pytest.mark.parametrize("name", ["permutation", "regular-2", "hubs-4"])
def test_softmax_is_chosen_and_proved(name: str) -> None:
    edges = graph(name, 48, 0)
    made = construct_attention(embeddings("gaussian", 48, 32, 0), edges, context=8, gap=0.2)
    assert made.softmax is not None
    assert made.softmax.context == 8
    assert check_recognition(made.problem, dtypes=()).holds
    hot = replace(made.softmax, temperature=made.softmax.temperature * 1000)
    assert not check_recognition(replace(made.problem, softmax=hot), dtypes=()).holds


def test_folder_can_be_read_and_checked(tmp_path) -> None:
    made = construct_attention(
        embeddings("gaussian", 32, 16, 0), graph("regular-2", 32, 0), context=4
    )
    folder = made.write(tmp_path / "layer")
    problem = read_recognition(folder / "layer.safetensors", folder / "spec.toml")
    assert problem.sha256 == made.problem.sha256
    assert check_recognition(problem, dtypes=()).holds
    report = json.loads((folder / "report.json").read_text())
    assert report["kind"] == "attention"
    assert report["certified"] is True
    assert report["total_key_dim"] == report["heads"] * report["key_dim"]
    assert report["total_bits"] >= report["lower_bound"]["bits"]
    assert report["certificate"]["file"] == "certificate"
    assert (folder / "certificate").exists()
    assert {"rho", "mu", "common_mean"} <= set(report["incoherence"])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a file of that name is in the way"):
        made.write(tmp_path / "file")


def test_a_common_mean_is_absorbed_and_reported() -> None:
    points = embeddings("gaussian", 128, 32, 0) + 2 * np.eye(32, dtype=np.float32)[0]
    made = construct_attention(points, graph("permutation", 128, 0))
    assert made.incoherence["common_mean"]
    plain = construct_attention(embeddings("gaussian", 128, 32, 0), graph("permutation", 128, 0))
    assert made.total_key_dim <= 1.3 * plain.total_key_dim + 2


@pytest.mark.parametrize("method", ["pseudo-inverse", "paper", "one-edge-heads"])
def test_closed_forms_absorb_a_common_mean(method: str) -> None:
    plain = embeddings("gaussian", 96, 96, 0)
    edges = graph("permutation", 96, 0)
    shifted = plain + 2 * np.eye(96, dtype=np.float32)[0]
    made = construct_attention(shifted, edges, method=method)
    assert made.parameters["whitened"]
    assert made.incoherence["rho_whitened"] < made.incoherence["rho"] / 4
    other = construct_attention(plain, edges, method=method)
    assert not other.parameters["whitened"]
    assert made.total_key_dim <= 1.3 * other.total_key_dim


def test_largest_temperature_is_that_of_the_check() -> None:
    edges = graph("permutation", 48, 0)
    made = construct_attention(embeddings("gaussian", 48, 24, 0), edges)
    found = made.largest_temperature(12)
    assert found is not None
    problem = replace(made.problem, softmax=SoftmaxReadout(found, 12, made.layer.threshold))
    assert check_recognition(problem, dtypes=()).holds
    hotter = SoftmaxReadout(found * Fraction(12, 10), 12, made.layer.threshold)
    assert not check_recognition(replace(problem, softmax=hotter), dtypes=()).holds
    with pytest.raises(InputError, match="context 49"):
        made.largest_temperature(49)
    two = construct_attention(embeddings("gaussian", 24, 24, 0), graph("regular-2", 24, 0))
    assert two.largest_temperature(8) is None


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_edges_score_near_eight_whatever_the_vectors(factor: float) -> None:
    points = (factor * embeddings("gaussian", 48, 24, 0)).astype(np.float32)
    made = construct_attention(points, graph("permutation", 48, 0))
    assert made.decision.weakest is not None
    assert 2 <= made.decision.weakest.score <= 16


def test_smallest_is_no_larger_than_the_rule() -> None:
    points, edges = embeddings("gaussian", 128, 32, 0), graph("permutation", 128, 0)
    rule = hinge_size(edges, 32)
    made = smallest_attention(points, edges, heads=(2,), seconds=4)
    assert made.total_key_dim <= rule.heads * rule.key_dim
    tried = made.parameters["tried"]
    assert {"heads": made.heads, "key_dim": made.key_dim, "found": True} in tried
    assert all(entry["found"] for entry in tried if entry["key_dim"] > made.key_dim)


def test_bounds_of_a_permutation() -> None:
    made = construct_attention(
        embeddings("gaussian", 64, 32, 0), graph("permutation", 64, 0), bits=8
    )
    assert made.lower_bound["bits"] == 296
    assert made.lower_bound["key_dim"] == -(-296 // (2 * 8 * 32))
    assert made.ratio == made.total_bits / 296


def test_design_rule_takes_more_heads_for_more_load() -> None:
    assert hinge_size(graph("permutation", 256, 0), 64).heads == 1
    assert hinge_size(graph("permutation", 512, 0), 64).heads == 2
    assert star_load(graph("zipf", 512, 0), 128) > 1
    assert hinge_size(graph("permutation", 256, 0), 64, bits=1).key_dim > 50


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"method": "prayer"}, "unknown method 'prayer'; use one of hinge, paper"),
        ({"heads": 0}, "heads must be 1 or more, not 0"),
        ({"key_dim": 0}, "key dimensions must be 1 or more, not 0"),
        ({"bits": 25}, "bits must lie between 1 and 24, not 25"),
        ({"gap": 1.0}, "gap must lie between 0 and 1, not 1"),
        ({"context": 13}, "between 1 and all 12 items"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"seconds": 0}, "seconds must be above 0"),
        ({"draws": 0}, "draws must be 1 or more"),
    ],
)
def test_bad_requests_are_refused(arguments: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        construct_attention(
            embeddings("gaussian", 12, 6, 0), graph("permutation", 12, 0), **arguments
        )


def test_graph_and_embeddings_must_fit() -> None:
    with pytest.raises(InputError, match="12 items, but there are embeddings of 11"):
        construct_attention(embeddings("gaussian", 11, 6, 0), graph("permutation", 12, 0))
    with pytest.raises(InputError, match="heads: give one or more"):
        smallest_attention(embeddings("gaussian", 12, 6, 0), graph("permutation", 12, 0), heads=())


def test_more_heads_than_edges() -> None:
    edges = graph("permutation", 10, 0)
    made = construct_attention(embeddings("gaussian", 10, 8, 0), edges, heads=20, key_dim=2)
    assert (made.heads, len(reported(made.layer))) == (20, 10)
    assert hinge_size(edges, 2).heads == 10


def test_too_small_a_layer_is_a_failed_proof() -> None:
    points, edges = embeddings("gaussian", 64, 16, 0), graph("permutation", 64, 0)
    with pytest.raises(ProofError, match="relative gap of -"):
        construct_attention(points, edges, heads=1, key_dim=2, seconds=1)
    with pytest.raises(ProofError, match=r"wanted: 0\.9"):
        construct_attention(points, edges, heads=2, key_dim=8, gap=0.9, seconds=1)
