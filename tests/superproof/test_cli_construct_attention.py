"""``superproof construct attention``: layers that recognise a graph, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from .conftest import Run

SMALL = ["--items", "24", "--embedding-dim", "12"]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--graph", "regular-2"],
        ["--graph", "hubs-3", "--context", "6"],
        ["--method", "one-edge-heads"],
        ["--gap", "0.2", "--seed", "3"],
        ["--vectors", "spectrum", "--bits", "8"],
    ],
)
def test_layers_are_proved(superproof: Run, tmp_path: Path, options: list[str]) -> None:
    folder = tmp_path / "layer"
    answer = superproof("construct", "attention", *SMALL, *options, "--out", folder)
    assert answer.code == 0, answer.err
    assert "edges of 24 items in 12 dimensions" in answer.out
    assert f"and: superproof recheck {folder} {folder / 'certificate'}" in answer.out
    report = json.loads((folder / "report.json").read_text())
    assert report["kind"] == "attention"
    assert report["certified"] is True
    assert report["total_key_dim"] <= report["heads"] * report["key_dim"]
    assert {"bits", "key_dim"} <= set(report["lower_bound"])
    assert superproof("check", folder).code == 0
    answer = superproof("recheck", folder, folder / "certificate")
    assert (answer.code, answer.out.startswith("accepted: holds")) == (0, True)
    # the folder's own files may be replaced
    again = superproof("construct", "attention", *SMALL, "--out", folder, "--json")
    assert json.loads(again.out)["folder"] == str(folder)


def test_own_vectors_and_edges(superproof: Run, tmp_path: Path) -> None:
    vectors, edges = tmp_path / "v.npy", tmp_path / "edges.txt"
    generator = np.random.default_rng(0)
    np.save(vectors, (generator.standard_normal((20, 10)) + 3).astype(np.float32))
    edges.write_text("".join(f"{i} {(3 * i + 1) % 20}\n" for i in range(20)))
    folder = tmp_path / "layer"
    answer = superproof(
        "construct", "attention", "--embeddings", vectors, "--edges", edges, "--out", folder
    )
    assert answer.code == 0, answer.err
    text = " ".join(answer.out.split())
    assert "with a common mean of length 0.9" in text
    assert "whitened, which leaves rho" in text
    assert superproof("check", folder).code == 0


def test_vectors_in_safetensors(superproof: Run, tmp_path: Path) -> None:
    vectors = tmp_path / "v.safetensors"
    generator = np.random.default_rng(1)
    save_file({"wte": generator.standard_normal((20, 10)).astype(np.float32)}, vectors)
    folder = tmp_path / "layer"
    answer = superproof("construct", "attention", "--embeddings", vectors, "--out", folder)
    assert answer.code == 0, answer.err
    report = json.loads((folder / "report.json").read_text())
    assert f"incoherence rho {report['incoherence']['rho']:.3g}" in answer.out
    assert superproof("check", folder).code == 0


def test_the_temperature_that_is_named_holds(superproof: Run, tmp_path: Path) -> None:
    folder = tmp_path / "layer"
    answer = superproof("construct", "attention", *SMALL, "--out", folder)
    (line,) = (text for text in answer.out.splitlines() if "--temperature" in text)
    words = line.split("superproof ")[1].split()
    assert words[0] == "check"
    assert words[2:4] == ["--context", "24"]
    assert superproof(*words).code == 0
    hotter = str(1.5 * float(words[-1]))
    assert superproof(*words[:-1], hotter).code == 1
    answer = superproof("construct", "attention", *SMALL, "--graph", "regular-2", "--out", folder)
    assert "not decided; --context L chooses level, temperature and null key" in answer.out


def test_the_size_of_the_documentation(superproof: Run, tmp_path: Path) -> None:
    folder = tmp_path / "layer"
    size = ["--items", "256", "--embedding-dim", "64", "--graph", "permutation"]
    assert superproof("construct", "attention", *size, "--out", folder).code == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["unit_share"] <= 0.5
    answer = superproof("check", folder, "--context", "64", "--temperature", "0.1")
    assert answer.code == 0
    assert "exactly the 256 edges are reported in every context of at most 64" in answer.out
    for options, message in (
        (["--context", "300", "--temperature", "0.1"], "context 300: there are only 256 items"),
        (["--context", "64", "--temperature", "0"], "temperature 0: must be above 0"),
        (["--context", "64", "--temperature", "-1"], "temperature -1: must be above 0"),
    ):
        answer = superproof("check", folder, *options)
        assert answer.code == 2
        assert message in answer.err
        assert answer.err.count("\n") == 1


def test_smallest(superproof: Run, tmp_path: Path) -> None:
    answer = superproof(
        "construct", "attention", *SMALL, "--smallest", "--seconds", "2", "--heads", "1",
        "--out", tmp_path / "layer", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["total_key_dim"] <= 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--items", "9"], "give --items M and --embedding-dim D, or --embeddings FILE"),
        ([*SMALL, "--method", "magic"], "unknown method 'magic'; use one of hinge, "),
        ([*SMALL, "--graph", "tree"], "unknown graph 'tree'; use one of permutation, star, zipf"),
        ([*SMALL, "--vectors", "flat"], "unknown embeddings 'flat'; use one of gaussian, ortho"),
        ([*SMALL, "--context", "99"], "context 99: a context has between 1 and all 24 items"),
        ([*SMALL, "--gap", "2"], "the relative gap must lie between 0 and 1, not 2"),
        ([*SMALL, "--heads", "0"], "heads must be 1 or more, not 0"),
        ([*SMALL, "--smallest", "--key-dim", "3"], "--key-dim goes without --smallest"),
        (
            [*SMALL, "--smallest", "--method", "one-edge-heads"],
            "--smallest is for --method hinge, not o",
        ),
        ([*SMALL, "--vectors", "orthonormal"], "24 items cannot be orthonormal in 12 dimensions"),
        ([*SMALL, "--seed", "-1"], "the seed must be 0 or more, not -1"),
        (["--items", "9", "--embedding-dim", "100000"], "at most 16,384 dimensions"),
        (["--items", "1000000000", "--embedding-dim", "9"], "and 268,435,456 numbers in all"),
    ],
)
def test_bad_options(superproof: Run, tmp_path: Path, options: list[str], message: str) -> None:
    answer = superproof("construct", "attention", "--out", tmp_path / "layer", *options)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_bad_files(superproof: Run, tmp_path: Path) -> None:
    vectors, edges = tmp_path / "v.npy", tmp_path / "edges.txt"
    np.save(vectors, np.eye(4))
    edges.write_text("0 1\n0 1\n")
    outside = tmp_path / "o.txt"
    outside.write_text("0 1\n1 4\n")
    command = ["construct", "attention", "--embeddings", vectors, "--out", tmp_path / "layer"]
    for more, message in (
        (["--embedding-dim", "4"], "says how many dimensions there are; leave --embedding-dim out"),
        (["--items", "9"], "v.npy: holds 4 items, but --items says 9"),
        (["--edges", edges], "edges.txt: edge 1, 0 1: given before, as edge 0; remove one"),
        (["--edges", outside], "o.txt: line 2: indices run from 0 to 3, found '1 4'"),
        (["--vectors", "gaussian"], "give --vectors or --embeddings, not both"),
        (["--edges", edges, "--graph", "star"], "give --graph or --edges, not both"),
    ):
        answer = superproof(*command, *more)
        assert answer.code == 2
        assert message in answer.err
    np.save(vectors, np.array([[1.0, np.nan]]))
    assert "entry [0, 1] is nan, not finite" in superproof(*command).err


def test_folders_of_others_are_left_alone(superproof: Run, tmp_path: Path) -> None:
    folder = tmp_path / "layer"
    folder.mkdir()
    (folder / "spec.toml").write_text("[graph]\n")
    command = ["construct", "attention", *SMALL, "--out", folder]
    assert "holds spec.toml but no report.json" in superproof(*command).err
    (folder / "network.npz").write_text("")
    assert "holds network.npz already; name another folder" in superproof(*command).err
    (folder / "edges.txt").mkdir()
    assert "edges.txt: a folder of that name is in the way" in superproof(*command).err
    (tmp_path / "file").write_text("")
    command[-1] = tmp_path / "file"
    assert "a file of that name is in the way; name a folder" in superproof(*command).err


def test_too_small(superproof: Run, tmp_path: Path) -> None:
    options = ["--heads", "1", "--key-dim", "1", "--seconds", "1"]
    answer = superproof("construct", "attention", *SMALL, *options, "--out", tmp_path / "layer")
    assert answer.code == 3
    assert "error: no exact layer of 1 head with 1 key dimensions" in answer.err
