from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from superproof.verify.attention.files import (
    is_recognition,
    read_embeddings,
    read_recognition,
    write_recognition,
)
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem
from superproof.verify.attention.softmax_readout import SoftmaxReadout
from superproof.verify.errors import InputError

LAYER = AttentionLayer(
    np.eye(3, dtype=np.float32), np.ones((2, 3, 1)), np.ones((2, 3, 1), np.int8), "max",
    Fraction(1, 3),
)  # fmt: skip
GRAPH = RelationalGraph(3, np.array([[0, 1], [2, 2]]))


@pytest.mark.parametrize(
    "softmax",
    [
        None,
        SoftmaxReadout(Fraction(1, 7), 2, Fraction(1, 2)),
        SoftmaxReadout(Fraction(3), 3, None, Fraction(9, 10)),
    ],
)
@pytest.mark.parametrize("threshold", [None, Fraction(-5), Fraction(1, 3)])
def test_round_trip(
    tmp_path: Path, softmax: SoftmaxReadout | None, threshold: Fraction | None
) -> None:
    problem = RecognitionProblem(LAYER.with_threshold(threshold), GRAPH, softmax)
    write_recognition(problem, tmp_path)
    assert is_recognition(tmp_path / "spec.toml")
    again = read_recognition(tmp_path / "layer.safetensors", tmp_path / "spec.toml")
    assert again.canonical() == problem.canonical()
    assert again.sha256 == problem.sha256
    assert again.layer.embeddings.dtype == np.float32
    assert again.layer.threshold == threshold


def test_options_replace_the_file(tmp_path: Path) -> None:
    write_recognition(RecognitionProblem(LAYER, GRAPH), tmp_path)
    files = tmp_path / "layer.safetensors", tmp_path / "spec.toml"
    read = read_recognition(*files, context=2, temperature=Fraction(1, 5))
    # the null key stands at the threshold
    assert read.softmax == SoftmaxReadout(Fraction(1, 5), 2, Fraction(1, 3))
    write_recognition(read, tmp_path)
    again = read_recognition(*files, context=3).softmax
    assert again == replace(read.softmax, context=3)  # type: ignore[type-var]


def test_sums_and_numbers_as_text(tmp_path: Path) -> None:
    layer = AttentionLayer(LAYER.embeddings, LAYER.query, LAYER.key, "sum")
    write_recognition(RecognitionProblem(layer, GRAPH), tmp_path)
    files = tmp_path / "layer.safetensors", tmp_path / "spec.toml"
    assert read_recognition(*files).layer.aggregation == "sum"
    files[1].write_text('graph.edges = "edges.txt"\nreadout.threshold = 0.1\n')
    assert read_recognition(*files).layer.threshold == Fraction(1, 10)


HEAD = '[graph]\nedges = "edges.txt"\n[readout]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("graph = 3\n[readout]\n", r"graph: write a table: \[graph\]"),
        ("[graph]\n", r'graph: names no file of edges; write \[graph\] with edges = "edges.txt"'),
        ('[graph]\nedges = "a\\u0000b"\n', "graph: names no file of edges"),
        ("[grahp]\n", "unknown key 'grahp'; did you mean 'graph'?"),
        (HEAD + "treshold = 1\n", "readout: unknown key 'treshold'; did you mean 'threshold'?"),
        (HEAD + 'threshold = "a"\n', "readout: threshold: 'a' is not a finite number"),
        (HEAD + 'aggregation = "mean"\n', "readout: aggregation = 'mean': use max or sum"),
        (HEAD + "temperature = 1\n", r"a temperature needs a context: --context, or \[readout\] "),
        (HEAD + "context = 2\n", r"a context needs a temperature: --temperature, or \[readout\] t"),
        (HEAD + "context = 2.5\ntemperature = 1\n", "context = 2.5: write a number of items"),
        (HEAD + "context = 2\ntemperature = 1\n", "say the score of the null key: null = 0.5, or"),
        (HEAD + "context = 4\ntemperature = 1\nnull = 1", "context 4: there are only 3 items"),
        (HEAD + "context = 0\ntemperature = 1\nnull = 1", "context 0: a context has at least one"),
        (HEAD + "context = 1\ntemperature = 0\nnull = 1", "temperature 0: must be above 0"),
        (
            HEAD + "context = 1\ntemperature = 1\nnull = 1\nlevel = 1",
            "level 1: a weight lies strictly between 0 and 1",
        ),
        (
            HEAD + "context = 1\ntemperature = 1\nnull = 1\nlevel = 1e-200",
            "level 1e-200: too near to 0 or 1; keep it 2.-500 away",
        ),
        (HEAD + "level = 0.5", "readout: level goes with temperature and context"),
        (
            HEAD + 'context = 2\ntemperature = 1\nnull = 1\naggregation = "sum"\n',
            "the softmax read-out takes each head by itself; aggregation 'sum' has no meaning",
        ),
        (HEAD + "x = [\n", "not valid TOML"),
    ],
)
def test_bad_specifications(tmp_path: Path, text: str, message: str) -> None:
    write_recognition(RecognitionProblem(LAYER, GRAPH), tmp_path)
    path = tmp_path / "spec.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_recognition(tmp_path / "layer.safetensors", path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ("0 1\n0 3\n", r"edges.txt: line 2: indices run from 0 to 2"),
        ("0 1\n0 1\n", "edges.txt: edge 1, 0 1: given before, as edge 0; remove one"),
        ("0 1 2\n", "edges.txt: line 1: expected two item indices such as '3 17', found '0 1 2'"),
        ("# nothing\n", "edges.txt: no pairs; write two item indices a line"),
        (None, "edges.txt: No such file"),
    ],
)
def test_bad_edges(tmp_path: Path, edges: str | None, message: str) -> None:
    write_recognition(RecognitionProblem(LAYER, GRAPH), tmp_path)
    path = tmp_path / "edges.txt"
    if edges is None:
        path.unlink()
    else:
        path.write_text(edges)
    with pytest.raises(InputError, match=message):
        read_recognition(tmp_path / "layer.safetensors", tmp_path / "spec.toml")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "damaged or not a safetensors file"),
        (save({"embeddings": np.ones((3, 2))}), "no tensor 'query'; it holds embeddings"),
        (
            save({n: np.full((3, 2), np.nan) for n in ("embeddings", "query", "key")}),
            r"query: shape \(3, 2\), not \(heads, embedding_dim, key_dim\)",
        ),
        (
            save(
                {
                    "embeddings": np.full((2, 1), np.inf),
                    "query": np.ones((1, 1, 1)),
                    "key": np.ones((1, 1, 1)),
                }
            ),
            r"embeddings: entry \[0, 0\] is inf, not finite",
        ),
    ],
)
def test_bad_layers(tmp_path: Path, data: bytes, message: str) -> None:
    write_recognition(RecognitionProblem(LAYER, GRAPH), tmp_path)
    path = tmp_path / "layer.safetensors"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_recognition(path, tmp_path / "spec.toml")
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_files(tmp_path: Path) -> None:
    write_recognition(RecognitionProblem(LAYER, GRAPH), tmp_path)
    with pytest.raises(InputError, match="none: no such file"):
        read_recognition(tmp_path / "none", tmp_path / "spec.toml")
    with pytest.raises(InputError, match="is a folder; name a layer's file"):
        read_recognition(tmp_path, tmp_path / "spec.toml")
    with pytest.raises(InputError, match=r"none.toml: no such file"):
        read_recognition(tmp_path / "layer.safetensors", tmp_path / "none.toml")
    with pytest.raises(InputError, match="cannot be written"):
        write_recognition(RecognitionProblem(LAYER, GRAPH), tmp_path / "none")
    assert not is_recognition(tmp_path / "none.toml")


def test_numbers_that_no_type_holds(tmp_path: Path) -> None:
    layer = replace(LAYER, embeddings=np.array([[2**70, 0, 0]] * 3, dtype=object))
    with pytest.raises(InputError, match=r"embeddings: no type of a \.safetensors file holds"):
        write_recognition(RecognitionProblem(layer, GRAPH), tmp_path)


def test_items_must_agree() -> None:
    graph = RelationalGraph(4, np.array([[0, 3]]))
    with pytest.raises(InputError, match="the graph has 4 items, but there are embeddings of 3;"):
        RecognitionProblem(LAYER, graph)


def test_embeddings(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.save(tmp_path / "e.npy", matrix)
    assert (read_embeddings(tmp_path / "e.npy") == matrix).all()
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    one.write_bytes(save({"wte": matrix}))
    assert (read_embeddings(one) == matrix).all()
    two.write_bytes(save({"a": matrix, "embeddings": matrix + 1}))
    assert (read_embeddings(two) == matrix + 1).all()
    two.write_bytes(save({"a": matrix, "b": matrix}))
    with pytest.raises(InputError, match=r"holds 2 tensors \(a, b\); name one 'embeddings'"):
        read_embeddings(two)
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"bad\.npy: not a \.npy file of numbers"):
        read_embeddings(tmp_path / "bad.npy")
    with pytest.raises(InputError, match=r"embeddings are read from \.npy or \.safetensors"):
        read_embeddings(tmp_path / "e.csv")
    with pytest.raises(InputError, match=r"none\.npy: No such file"):
        read_embeddings(tmp_path / "none.npy")
