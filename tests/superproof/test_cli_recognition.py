"""Layers of attention on the command line: check, export and recheck."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.verify.attention import recheck as checker
from superproof.verify.attention.files import write_recognition
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.layer import AttentionLayer
from superproof.verify.attention.recognition import RecognitionProblem

from .conftest import Run


def layer(
    folder: Path, threshold: Fraction | None = Fraction(1, 2), extra: tuple[int, int] | None = None
) -> Path:
    """Four orthonormal items, each the neighbour of the one before; one edge more if asked."""
    targets = np.array([1, 2, 3, 0])
    eye = np.eye(4)
    edges = [[i, int(j)] for i, j in enumerate(targets)] + ([list(extra)] if extra else [])
    problem = RecognitionProblem(
        AttentionLayer(eye, eye[None], eye[targets].T[None], threshold=threshold),
        RelationalGraph(4, np.array(edges)),
    )
    folder.mkdir()
    write_recognition(problem, folder)
    return folder


@pytest.fixture
def attention(tmp_path: Path) -> Path:
    return layer(tmp_path / "attention")


def test_a_right_layer_holds(superproof: Run, attention: Path) -> None:
    answer = superproof("check", attention)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "holds: exactly the 4 edges are reported among 16 pairs"
    assert lines[1] == "gap: 1, from (0, 0), no edge, to (0, 1)"
    assert lines[2] == "threshold: 1/2 (0.5)"
    assert lines[3].startswith("embeddings may move by 0.224")
    assert lines[4] == (
        "float32: same in every summation order (every partial sum is a whole number that is held "
        "exactly)"
    )
    files = attention / "layer.safetensors", attention / "spec.toml"
    assert superproof("check", *files).code == 0
    assert superproof("check", attention, "--timeout", "9", "--dtype", "float16").code == 0


def test_a_wrong_layer_is_violated(superproof: Run, tmp_path: Path) -> None:
    wrong = layer(tmp_path / "wrong", extra=(2, 2))
    answer = superproof("check", wrong, "--counterexamples", "3")
    assert answer.code == 1
    assert answer.out.startswith("violated: 1 pair is read wrong among 16 pairs\n")
    assert "(2, 2): edge, not reported, score 0" in answer.out
    open_ended = layer(tmp_path / "open", None, (2, 2))
    answer = superproof("check", open_ended)
    assert answer.code == 1
    assert answer.out.startswith(
        "violated: no threshold reports exactly the 5 edges among 16 pairs\n"
    )


def test_any_threshold(superproof: Run, tmp_path: Path) -> None:
    answer = superproof("check", layer(tmp_path / "any", None))
    assert answer.code == 0
    assert "threshold: 1/2 (0.5), the middle of the gap" in answer.out


def test_softmax(superproof: Run, attention: Path) -> None:
    answer = superproof("check", attention, "--context", "4", "--temperature", "0.1")
    assert answer.code == 0
    assert answer.out.startswith(
        "holds: exactly the 4 edges are reported in every context of at most 4 items\n"
    )
    answer = superproof("check", attention, "--context", "4", "--temperature", "1")
    assert answer.code == 1
    assert answer.out.startswith(
        "violated: 4 pairs are read wrong in some context of at most 4 items\n"
    )
    assert "edge (0, 1) is missed with weight " in answer.out


def test_json(superproof: Run, attention: Path) -> None:
    answer = superproof("check", attention, "--json")
    data = json.loads(answer.out)
    assert data["status"] == "holds"
    assert data["engine"] == "scores"
    answer = superproof("check", attention, "--json", "--context", "2", "--temperature", "1/10")
    assert json.loads(answer.out)["softmax"]["context"] == 2


@pytest.mark.parametrize("softmax", [(), ("--context", "3", "--temperature", "0.1")])
def test_certificate_and_export(
    superproof: Run, attention: Path, tmp_path: Path, softmax: tuple[str, ...]
) -> None:
    proof, problem = tmp_path / "proof", tmp_path / "problem.json"
    answer = superproof("check", attention, "--certificate", proof, *softmax)
    assert f"certificate: {proof}, " in answer.out
    answer = superproof("recheck", attention, proof, *softmax)
    assert (answer.code, answer.out.startswith("accepted: holds")) == (0, True)
    assert superproof("export", attention, "--out", problem, *softmax).code == 0
    alone = [sys.executable, "-I", checker.__file__, problem, proof]
    assert subprocess.run(alone, capture_output=True, check=False).returncode == 0
    if softmax:
        answer = superproof("recheck", attention, proof)
        assert answer.code == 1
        assert answer.out.startswith("rejected: it is about another readout")
        assert "give recheck the --context and --temperature that check had" in answer.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--context", "9", "--temperature", "1"], "spec.toml: context 9: there are only 4 items"),
        (["--context", "2", "--temperature", "0"], "spec.toml: temperature 0: must be above 0"),
        (["--context", "2", "--temperature", "-1"], "spec.toml: temperature -1: must be above 0"),
        (["--context", "2", "--temperature", "x"], "--temperature: 'x' is not a finite number"),
        (["--context", "2", "--temperature", "1e99999"], "--temperature: '1e99999' is beyond powe"),
        (["--context", "2"], "a context needs a temperature: --temperature, or [readout] tempera"),
        (["--engine", "z3"], "--engine is for networks, and this specification asks about a graph"),
        (
            ["--device", "cpu"],
            "--device is for networks, and this specification asks about a graph",
        ),
        (["--probability", "uniform"], "--probability is for networks, and this specification as"),
        (["--timeout", "0"], "timeout must be positive, not 0"),
        (["--timeout", "nan"], "timeout must be positive, not nan"),
        (["--dtype", "float8"], "--dtype float8: unknown number type"),
    ],
)
def test_bad_options(superproof: Run, attention: Path, arguments: list[str], message: str) -> None:
    answer = superproof("check", attention, *arguments)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_softmax_of_a_network(superproof: Run, folder: Path, tmp_path: Path) -> None:
    for command in ("check", "export"):
        answer = superproof(command, folder, "--context", "2")
        assert answer.code == 2
        assert "--context is for layers of attention, and this specification has" in answer.err
    proof = tmp_path / "proof"
    superproof("check", folder, "--certificate", proof)
    answer = superproof("recheck", folder, proof, "--temperature", "2")
    assert "--temperature is for layers of attention" in answer.err


def test_info_says_that_it_is_for_networks(superproof: Run, attention: Path) -> None:
    answer = superproof("info", attention)
    assert answer.code == 2
    assert "holds a layer of attention, and info is for networks" in answer.err


def test_export_in_other_forms_is_refused(superproof: Run, attention: Path, tmp_path: Path) -> None:
    answer = superproof("export", attention, "--smtlib", tmp_path / "a.smt2")
    assert answer.code == 2
    assert "--smtlib and --vnnlib are for networks" in answer.err
    for name in ("spec.toml", "layer.safetensors", "edges.txt"):
        before = (attention / name).read_bytes()
        answer = superproof("export", attention, "--out", attention / name)
        assert "is also the file that is read; name another" in answer.err
        assert (attention / name).read_bytes() == before


def test_questions_about_networks_are_refused(superproof: Run, attention: Path) -> None:
    for options in (["--against", attention], ["--flip", "a"], ["--monotone", "a"]):
        for words in (["export", attention], ["recheck", attention, attention / "spec.toml"]):
            answer = superproof(*words, *options)
            assert answer.code == 2
            assert "are for networks, and this specification asks about a graph" in answer.err


@pytest.mark.parametrize("text", ["", "[readout]\nthreshold = 1\n", "[graph\n"])
def test_a_folder_with_a_layer_asks_about_a_graph(
    superproof: Run, attention: Path, text: str
) -> None:
    (attention / "spec.toml").write_text(text)
    answer = superproof("check", attention)
    assert answer.code == 2
    assert answer.err.startswith(f"error: {attention / 'spec.toml'}: ")
    assert ("[graph] with edges" in answer.err) is (text != "[graph\n")
