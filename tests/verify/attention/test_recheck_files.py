"""The checker for attention on hostile files: every rejection in one line, within limits."""

from __future__ import annotations

import copy
import json
import re
import resource
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

from superproof.verify.attention import recheck as checker

from .test_recheck import Data, certificate, content_of, layer_of, packed, problem_of

# two heads, three items; (0, 1) and (2, 2) are the edges
SCORES = [[[-9, 5, 0], [-9, -9, -9], [0, 0, 4]], [[-9, 4, -1], [-9, -9, -9], [0, 1, 0]]]
EDGES = [[0, 1], [2, 2]]
UNIT = {"multipliers": [1, 0]}
TREES = [[UNIT], [UNIT]]


def threshold(level: str | None = "5/2") -> Data:
    return problem_of(layer_of(SCORES), EDGES, {"kind": "threshold", "threshold": level})


def softmax(**changed: Any) -> Data:
    readout = {"kind": "softmax", "temperature": "1", "context": 3, "null": "2", "level": "1/2"}
    return problem_of(layer_of(SCORES), EDGES, readout | changed)


def rejection(data: Data, file: bytes) -> str:
    with pytest.raises(checker.RejectedError) as caught:
        checker.recheck(data, file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def text(content: bytes) -> bytes:
    return checker.MAGIC + zlib.compress(content, 1)


def test_the_examples_are_accepted() -> None:
    right = certificate(threshold(), "holds", {"kind": "scores"}, gap="3", violations=0)
    assert checker.recheck(threshold(), right) == (
        "holds with gap 3 (all 9 pairs evaluated, 0 wrong)"
    )
    right = certificate(softmax(), "holds", {"kind": "contexts", "edges": TREES})
    said = "holds (every context of at most 3, 2 edges by 2 leaves)"
    assert checker.recheck(softmax(), right) == said
    wide = threshold(None)
    wide["graph"]["edges"] = [[0, 0], [0, 1]]
    crossing = {"kind": "crossing", "edge": [0, 0], "other": [2, 2]}
    assert checker.recheck(wide, certificate(wide, "violated", crossing)).startswith("violated (an")
    pair = {"kind": "pair", "pair": [2, 2]}
    high = threshold("9/2")
    said = "violated (pair (2, 2) evaluated)"
    assert checker.recheck(high, certificate(high, "violated", pair)) == said
    high = softmax(null="6")
    context = {"kind": "context", "pair": [0, 1], "context": [0, 1]}
    said = "violated (pair (0, 1) evaluated in a context of 2)"
    assert checker.recheck(high, certificate(high, "violated", context)) == said


def test_damaged_files() -> None:
    good = certificate(threshold(), "holds", {"kind": "scores"})
    content = json.dumps(content_of(good)).encode()
    for file, words in (
        (b"", "does not begin"),
        (b"superproof-certificate-1\n", "does not begin"),
        (checker.MAGIC + b"junk", "damaged"),
        (good[:-3], "cut off|damaged"),
        (good + b"x", "goes on after its end"),
        (text(b" " * (checker.TEXT + 1)), "more than 33,554,432 bytes"),
        (text(b"[" * (checker.BRACKETS + 1)), "too many lists"),
        (text(b"[" * 100_000), "damaged"),
        (text(b'{"a": ' * 100_000), "damaged"),
        (text(b"9" * 40_001), "damaged"),
        (text(b"1.5"), "damaged"),
        (text(b"NaN"), "damaged"),
        (text(b"[Infinity, 1e400]"), "damaged"),
        (text(b'{"claim": 1, "claim": 2}'), "damaged"),
        (text("\u00e9".encode()), "damaged"),
        (text(content.replace(b'"status"', b'"status": "holds", "status"')), "damaged"),
        (text(b"[]"), "its keys are not those"),
        (text(b"{}"), "its keys are not those"),
        (text(b'{"sha256": {}, "claim": {}, "evidence": []}'), "its keys are not those"),
    ):
        assert re.search(words, rejection(threshold(), file)), words


def test_shapes_of_certificates() -> None:
    good = content_of(certificate(threshold(), "holds", {"kind": "scores"}))
    for part, value in (
        ("sha256", {}),
        ("sha256", good["sha256"] | {"more": ""}),
        ("claim", {"status": "holds"}),
        ("claim", good["claim"] | {"more": None}),
        ("evidence", {}),
        ("evidence", {"kind": None}),
        ("evidence", {"kind": []}),
        ("evidence", {"kind": "tree"}),
        ("evidence", {"kind": "scores", "more": 1}),
        ("evidence", {"kind": "pair"}),
        ("evidence", {"kind": "crossing", "edge": [0, 1]}),
        ("evidence", {"kind": "contexts", "edges": [], "pair": [0, 1]}),
    ):
        assert rejection(threshold(), packed(good | {part: value})) == checker.SHAPE
    for part in checker.PARTS:
        other = good | {"sha256": good["sha256"] | {part: "0" * 64}}
        said = f"it is about another {part} (the hashes differ)"
        assert rejection(threshold(), packed(other)) == said
        other = good | {"sha256": good["sha256"] | {part: None}}
        assert rejection(threshold(), packed(other)) == said


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"status": "violated"}, "about status does not follow (all 9 pairs evaluated, 0 wrong)"),
        ({"status": None}, "about status does not follow"),
        ({"status": ["holds"]}, "about status does not follow"),
        ({"gap": "2"}, "about gap does not follow"),
        ({"gap": 3}, "about gap does not follow"),
        ({"gap": "6/2"}, "about gap does not follow"),
        ({"violations": 1}, "about violations does not follow"),
        ({"violations": False}, "about violations does not follow"),
        ({"violations": "0"}, "about violations does not follow"),
    ],
)
def test_claims_that_do_not_follow(claim: Data, words: str) -> None:
    file = certificate(threshold(), evidence={"kind": "scores"}, **{"status": "holds"} | claim)
    assert words in rejection(threshold(), file)


def test_the_first_wrong_pair_is_named() -> None:
    file = certificate(threshold("9/2"), "holds", {"kind": "scores"})
    assert "1 wrong as (2, 2))" in rejection(threshold("9/2"), file)
    everything = threshold("-100")
    everything["graph"]["edges"] = [[i, j] for i in range(3) for j in range(3)]
    file = certificate(everything, "holds", {"kind": "scores"}, gap="1")
    assert "about gap does not follow" in rejection(everything, file)


@pytest.mark.parametrize(
    ("level", "evidence", "words"),
    [
        ("5/2", {"kind": "pair", "pair": [0, 3]}, "it names no pair of items"),
        ("5/2", {"kind": "pair", "pair": [-1, 0]}, "it names no pair of items"),
        ("5/2", {"kind": "pair", "pair": [0]}, "it names no pair of items"),
        ("5/2", {"kind": "pair", "pair": [True, 0]}, "it names no pair of items"),
        ("5/2", {"kind": "pair", "pair": {"0": 1}}, "it names no pair of items"),
        ("5/2", {"kind": "pair", "pair": [10**30, 0]}, "it names no pair of items"),
        ("5/2", {"kind": "pair", "pair": [0, 1]}, "the pair reads as it should"),
        ("5/2", {"kind": "pair", "pair": [0, 0]}, "the pair reads as it should"),
        (None, {"kind": "pair", "pair": [0, 0]}, "it names a pair, but there is no threshold"),
        (
            "5/2",
            {"kind": "crossing", "edge": [0, 1], "other": [0, 0]},
            "it names two pairs, but there is a threshold",
        ),
        (
            None,
            {"kind": "crossing", "edge": [0, 1], "other": [0]},
            "it names no pair of items",
        ),
        (
            None,
            {"kind": "crossing", "edge": [0, 0], "other": [0, 2]},
            "it does not name an edge and a pair that is none",
        ),
        (
            None,
            {"kind": "crossing", "edge": [0, 1], "other": [2, 2]},
            "it does not name an edge and a pair that is none",
        ),
        (
            None,
            {"kind": "crossing", "edge": [0, 1], "other": [0, 2]},
            "the edge scores more than the other pair",
        ),
        (None, {"kind": "contexts", "edges": []}, "its evidence is for another read-out"),
        (
            "5/2",
            {"kind": "context", "pair": [0, 1], "context": [0]},
            "its evidence is for another read-out",
        ),
    ],
)
def test_pairs_that_prove_nothing(level: str | None, evidence: Data, words: str) -> None:
    data = threshold(level)
    assert rejection(data, certificate(data, "violated", evidence)) == words


@pytest.mark.parametrize(
    ("pair", "context", "words"),
    [
        ([0, 3], [0, 1], "it names no pair of items"),
        ([0, 1], [], "it names no context"),
        ([0, 1], [1, 0], "it names no context"),
        ([0, 1], [0, 0, 1], "it names no context"),
        ([0, 1], [0, 1, 3], "it names no context"),
        ([0, 1], [-1, 0, 1], "it names no context"),
        ([0, 1], [False, 1], "it names no context"),
        ([0, 1], "01", "it names no context"),
        ([0, 1], [0, 1, 2, 3], "it names no context"),
        ([0, 1], [0, 2], "its context lacks an item of the pair"),
        ([0, 1], [1, 2], "its context lacks an item of the pair"),
        ([0, 1], [0, 1, 2], "the pair reads as it should in that context"),
        ([1, 0], [0, 1], "the pair reads as it should in that context"),
    ],
)
def test_contexts_that_prove_nothing(pair: Any, context: Any, words: str) -> None:
    evidence = {"kind": "context", "pair": pair, "context": context}
    assert rejection(softmax(), certificate(softmax(), "violated", evidence)) == words


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "is no list"),
        ([], "ends before its nodes do"),
        ([UNIT, UNIT], "has more nodes than it needs"),
        ([{"branch": 2}, UNIT], "ends before its nodes do"),
        ([{"branch": 2}, UNIT, UNIT, UNIT], "has more nodes than it needs"),
        ([{}], "has a node of no meaning"),
        ([1], "has a node of no meaning"),
        ([UNIT | {"branch": 2}], "has a node of no meaning"),
        ([{"branch": 0}, UNIT, UNIT], "branches on no free item"),
        ([{"branch": 1}, UNIT, UNIT], "branches on no free item"),
        ([{"branch": 3}, UNIT, UNIT], "branches on no free item"),
        ([{"branch": -1}, UNIT, UNIT], "branches on no free item"),
        ([{"branch": None}, UNIT, UNIT], "branches on no free item"),
        ([{"branch": True}, UNIT, UNIT], "branches on no free item"),
        ([{"branch": 2}, {"branch": 2}, UNIT, UNIT, UNIT], "branches on no free item"),
        ([{"multipliers": [1]}], "has multipliers of no meaning"),
        ([{"multipliers": [1, 0, 0]}], "has multipliers of no meaning"),
        ([{"multipliers": [0, 0]}], "has multipliers of no meaning"),
        ([{"multipliers": [2, -1]}], "has multipliers of no meaning"),
        ([{"multipliers": [True, 0]}], "has multipliers of no meaning"),
        ([{"multipliers": ["1", 0]}], "has multipliers of no meaning"),
        ([{"multipliers": [2**31 + 1, 0]}], "has multipliers of no meaning"),
        ([{"multipliers": 1}], "has multipliers of no meaning"),
        ([{"multipliers": [0, 1]}], ": leaf 1 proves nothing"),
        ([{"branch": 0}, UNIT, {"multipliers": [0, 1]}], ": leaf 2 proves nothing"),
    ],
)
def test_trees_that_prove_nothing(tree: Any, words: str) -> None:
    """The second edge is a loop, which only the first head reports."""
    number, pair = (1, (2, 2)) if "leaf" in words else (0, (0, 1))
    trees = [[UNIT], [UNIT]]
    trees[number] = tree
    data = softmax()
    said = rejection(data, certificate(data, "holds", {"kind": "contexts", "edges": trees}))
    assert said == f"the tree of edge {pair}{'' if ':' in words else ' '}{words}"


def test_other_rejections_of_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    data = softmax()
    for trees in (None, [], [[UNIT]], [[UNIT]] * 3, {}):
        said = rejection(data, certificate(data, "holds", {"kind": "contexts", "edges": trees}))
        assert said == "not as many trees as edges"
    good = {"kind": "contexts", "edges": TREES}
    assert checker.recheck(data, certificate(data, "holds", good))
    said = rejection(data, certificate(data, "holds", good, gap="3"))
    assert said.startswith("what it claims about gap does not follow (every context")
    low = softmax(null="0")
    said = rejection(low, certificate(low, "holds", good))
    assert said == "head 1 reports (2, 1), which is no edge"
    monkeypatch.setattr(checker, "WORK", 6)
    said = rejection(data, certificate(data, "holds", good))
    assert said == "its trees are too large to check"


def test_a_context_of_one_item_has_loops_only() -> None:
    data = softmax(context=1)
    for first in ([UNIT], [{"multipliers": [0, 1]}]):  # (0, 1) is in no context
        good = {"kind": "contexts", "edges": [first, [UNIT]]}
        assert checker.recheck(data, certificate(data, "holds", good))
    none = softmax(context=1, null=None)
    said = rejection(none, certificate(none, "holds", good))
    assert said == "head 0 reports (0, 0), which is no edge"


@pytest.mark.parametrize(("score", "temperature"), [(3, "1"), (3, "100"), (4, "1"), (2, "1")])
def test_a_pair_as_high_as_that_of_the_item_with_itself(score: int, temperature: str) -> None:
    """Without a null key (0, 1) has weight 1/2 at least if it scores as much as (0, 0)."""
    readout = {"kind": "softmax", "temperature": temperature, "context": 2, "null": None,
               "level": "1/2"}  # fmt: skip
    layer = layer_of([[[3, score], [-1, 3]]])
    data = problem_of(layer, [[0, 0], [1, 1]], readout)
    proof = {"kind": "contexts", "edges": [[{"multipliers": [1]}]] * 2}
    file = certificate(data, "holds", proof)
    if score < 3:
        assert checker.recheck(data, file).startswith("holds")
    else:
        assert rejection(data, file) == "head 0 reports (0, 1), which is no edge"


def changed(data: Data, place: tuple[Any, ...], value: Any) -> Data:
    data = copy.deepcopy(data)
    part = data
    for key in place[:-1]:
        part = part[key]
    if value is KeyError:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return data


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format",), "superproof-problem-1"),
        (("more",), 1),
        (("sha256",), {}),
        (("layer", "more"), 1),
        (("layer", "aggregation"), "mean"),
        (("layer", "aggregation"), "sum"),
        (("layer", "query", "exponent"), 1 << 17),
        (("layer", "query", "exponent"), True),
        (("layer", "query", "more"), 0),
        (("layer", "query", "mantissa"), []),
        (("layer", "query", "mantissa", 0), []),
        (("layer", "key", "mantissa", 0), []),
        (("layer", "key", "mantissa", 0, 0), [1, 0]),
        (("layer", "key", "mantissa", 0, 0, 0), None),
        (("layer", "key", "mantissa", 0, 0, 0), True),
        (("layer", "embeddings", "mantissa"), []),
        (("layer", "embeddings", "mantissa", 0), []),
        (("layer", "embeddings", "mantissa", 2), [1, 0]),
        (("layer", "embeddings", "mantissa", 0, 0), 0.5),
        (("graph", "items"), 4),
        (("graph", "more"), 4),
        (("graph", "edges"), []),
        (("graph", "edges"), [[0, 3]]),
        (("graph", "edges"), [[0, 1], [0, 1]]),
        (("graph", "edges"), [[2, 2], [0, 1]]),
        (("graph", "edges"), [[0, 1, 2]]),
        (("graph", "edges"), [[0, False]]),
        (("readout", "kind"), "argmax"),
        (("readout", "kind"), "threshold"),
        (("readout", "null"), KeyError),
        (("readout", "null"), 2),
        (("readout", "null"), "nan"),
        (("readout", "temperature"), "0"),
        (("readout", "temperature"), "-1"),
        (("readout", "temperature"), "1e3"),
        (("readout", "temperature"), "1/0"),
        (("readout", "temperature"), "9" * 40_001),
        (("readout", "level"), "1"),
        (("readout", "level"), "0"),
        (("readout", "level"), f"1/{2**1024 + 1}"),
        (("readout", "level"), f"{2**1024}/{2**1024 + 1}"),
        (("readout", "context"), 0),
        (("readout", "context"), 4),
        (("readout", "context"), True),
        (("readout", "context"), "3"),
    ],
)
def test_problems_of_another_kind_are_unreadable(place: tuple[Any, ...], value: Any) -> None:
    data = changed(softmax(), place, value)
    file = certificate(data, "holds", {"kind": "contexts", "edges": TREES})
    with pytest.raises(checker.UnreadableError):
        checker.recheck(data, file)


@pytest.mark.parametrize(
    ("embeddings", "query", "key"),
    [
        ([[0], [0]], [[[1 << 200]]], [[[-1 << 200]]]),
        ([[1], [1]], [[[0]], [[1]]], [[[-1 << 200]], [[1]]]),
        ([[1], [1]], [[[1 << 200]], [[1]]], [[[0]], [[1]]]),
    ],
)
def test_zeros_beside_wide_numbers(embeddings: Any, query: Any, key: Any) -> None:
    """Lanes hold what is packed into them, also where everything computed is small."""
    arrays = {"embeddings": embeddings, "query": query, "key": key}
    layer: Data = {name: {"exponent": 0, "mantissa": array} for name, array in arrays.items()}
    readout = {"kind": "threshold", "threshold": "9"}
    data = problem_of(layer | {"aggregation": "max"}, [[0, 0], [1, 1]], readout)
    said = checker.recheck(data, certificate(data, "violated", {"kind": "scores"}))
    assert said == "violated (all 4 pairs evaluated, 2 wrong as (0, 0))"
    file = certificate(data, "violated", {"kind": "pair", "pair": [0, 0]})
    assert checker.recheck(data, file) == "violated (pair (0, 0) evaluated)"


def test_long_branches_take_little_memory() -> None:
    items = 2_000
    layer: Data = {name: {"exponent": 0, "mantissa": [[[1]]]} for name in ("query", "key")}
    layer["embeddings"] = {"exponent": 0, "mantissa": [[1]] * items}
    readout = {"kind": "softmax", "temperature": "1", "context": items, "null": "9",
               "level": "1/2"}  # fmt: skip
    data = problem_of(layer | {"aggregation": "max"}, [[0, 1]], readout)
    tree = [{"branch": k} for k in range(2, items)]
    file = certificate(data, "holds", {"kind": "contexts", "edges": [tree]})
    tracemalloc.start()
    said = rejection(data, file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said == "the tree of edge (0, 1) ends before its nodes do"
    assert peak < 20 << 20


def test_hostile_files_stay_within_memory_and_time(tmp_path: Path) -> None:
    problem, file = tmp_path / "problem.json", tmp_path / "certificate"
    data = softmax()
    problem.write_text(json.dumps(data))
    good = content_of(certificate(data, "holds", {"kind": "contexts", "edges": TREES}))
    trees = json.dumps(good["evidence"]["edges"]).encode()
    whole = json.dumps(good).encode()
    bombs = [
        text(b"0" * (1 << 27)),
        text(b"[" * checker.BRACKETS),
        text(b"[" + b"0," * (checker.TEXT // 2 - 2) + b"0]"),
        text(whole.replace(trees, b"[[" + b'{"branch":2},' * 400_000 + b"{}],[]]")),
        text(whole.replace(b"[1, 0]", b"[" + b"1," * 1_000_000 + b"0]")),
        text(whole.replace(b"[1, 0]", b"[1" + b"0" * 39_000 + b",0]")),
    ]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (768 << 20, 768 << 20))

    for bomb in bombs:
        file.write_bytes(bomb)
        words = [sys.executable, "-I", str(checker.__file__), str(problem), str(file)]
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=60, preexec_fn=limit
        )
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith("rejected: ")
