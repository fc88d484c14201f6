"""The two checkers of separation and data that are damaged, hostile or no problem at all."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from superproof.verify.attention.separation import recheck as plain
from superproof.verify.attention.separation import recheck_numpy as arrays

from .separation_certificates import CASES, answers, case, content_of, file_of

DAMAGE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no evidence": lambda d: {"sha256": d["sha256"], "claim": d["claim"]},
    "one key more": lambda d: d | {"more": 1},
    "another kind": lambda d: d | {"evidence": d["evidence"] | {"kind": "values"}},
    "kind is a list": lambda d: d | {"evidence": d["evidence"] | {"kind": []}},
    "no kind": lambda d: d | {"evidence": {"pairs": []}},
    "evidence is a list": lambda d: d | {"evidence": []},
    "a key of evidence more": lambda d: d | {"evidence": d["evidence"] | {"x": 0}},
    "the other claim": lambda d: d | {"claim": {"status": "separable"}},
    "no claim": lambda d: d | {"claim": {}},
    "undecided": lambda d: d | {"claim": {"status": "undecided"}},
    "claim is true": lambda d: d | {"claim": True},
    "sha256 is a number": lambda d: d | {"sha256": 1},
    "pairs are text": lambda d: d | {"evidence": d["evidence"] | {"pairs": "12"}},
    "pairs are true": lambda d: d | {"evidence": d["evidence"] | {"pairs": [True]}},
    "no pairs": lambda d: d | {"evidence": d["evidence"] | {"pairs": [], "multipliers": []}},
    "multipliers are none": lambda d: d | {"evidence": d["evidence"] | {"multipliers": None}},
    "floats": lambda d: d | {"evidence": d["evidence"] | {"multipliers": [0.5]}},
    "not a number": lambda d: d | {"evidence": d["evidence"] | {"multipliers": [float("nan")]}},
    "a list": lambda d: [d],
    "null": lambda d: None,
    "pairs beyond": lambda d: d | {"evidence": d["evidence"] | {"pairs": [10**9]}},
    "deep": lambda d: d | {"evidence": d["evidence"] | {"pairs": [[[[1]]]]}},
}


@pytest.mark.parametrize("kind", ["rational", "krawczyk"])
@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_data(kind: str, name: str) -> None:
    found = case(kind)
    file = file_of(DAMAGE[name](content_of(found)))
    assert answers(found.problem.canonical(), file) == ("rejected", "rejected")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("matrix", []),
        ("matrix", [[1]]),
        ("matrix", [[0.5] * 4] * 4),
        ("matrix", "x"),
        ("matrix", [[1 << 9000] * 4] * 4),
        ("threshold", "0"),
        ("threshold", None),
        ("threshold", True),
    ],
)
def test_damaged_matrices(key: str, value: Any) -> None:
    data = content_of(case("matrix"))
    data["evidence"][key] = value
    said = answers(case("matrix").problem.canonical(), file_of(data))
    assert said == ("rejected", "rejected")


@pytest.mark.parametrize("kind", CASES)
def test_damaged_files(kind: str) -> None:
    found = case(kind)
    problem, file = found.problem.canonical(), found.certificate()
    body = file[len(plain.MAGIC) :]
    text = zlib.decompress(body)
    twice = text.replace(b'"claim":', b'"claim":{},"claim":', 1)
    for bad in (
        b"",
        file[:-3],
        file + b"\0",
        body,
        b"superproof-separation-2\n" + body,
        plain.MAGIC,
        plain.MAGIC + b"abc",
        plain.MAGIC + zlib.compress(text[:-1]),
        plain.MAGIC + zlib.compress("ü".encode() + text),
        plain.MAGIC + zlib.compress(twice),
        plain.MAGIC + zlib.compress(b"[" * 100_000),
        plain.MAGIC + zlib.compress(text[:-1] + b',"more":[' + b"[]," * (1 << 17) + b"0]}"),
        plain.MAGIC + zlib.compress(b'{"a":' + b"9" * 5000 + b"}"),
    ):
        assert answers(problem, bad) == ("rejected", "rejected")


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = case("rational").problem.canonical()
    monkeypatch.setattr(arrays, "MOST_TEXT", plain.TEXT)
    file = plain.MAGIC + zlib.compress(b" " * (plain.TEXT + 1), 1)
    assert answers(problem, file) == ("rejected", "rejected")
    # few multipliers that stand for very long ones
    data = content_of(case("rational"))
    data["evidence"]["unit"] = "f" * (plain.HEX + 1)
    with pytest.raises(plain.RejectedError, match="damaged"):
        plain.recheck(problem, file_of(data))
    data["evidence"]["unit"] = "f" * (arrays.MOST_HEX + 1)
    with pytest.raises(arrays.Rejected, match="too long"):
        arrays.check(problem, file_of(data))


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in CASES:
        found = case(kind)
        with monkeypatch.context() as patch:
            patch.setattr(plain, "WORK", 10)
            with pytest.raises(plain.RejectedError, match="too much to compute"):
                plain.recheck(found.problem.canonical(), found.certificate())
    with monkeypatch.context() as patch:
        patch.setattr(plain, "MEMORY", 1)
        with pytest.raises(plain.RejectedError, match="multipliers are too long"):
            plain.recheck(case("rational").problem.canonical(), case("rational").certificate())
    for kind, name in (("matrix", "PRODUCTS"), ("rational", "SMALL"), ("krawczyk", "PRODUCTS")):
        found = case(kind)
        with monkeypatch.context() as patch:
            patch.setattr(arrays, name, 10)
            with pytest.raises(arrays.Rejected, match="asks for too much"):
                arrays.check(found.problem.canonical(), found.certificate())


PROBLEMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda d: [d],
    "another format": lambda d: d | {"format": "superproof-problem-1"},
    "a key more": lambda d: d | {"more": 1},
    "a key less": lambda d: {k: v for k, v in d.items() if k != "edges"},
    "no items": lambda d: d | {"items": 0, "embeddings": []},
    "fewer items": lambda d: d | {"items": 7},
    "other dimensions": lambda d: d | {"embedding_dim": 5},
    "a text": lambda d: d | {"embeddings": "x"},
    "floats": lambda d: d | {"embeddings": [[0.5] * 4] * 8},
    "true": lambda d: d | {"embeddings": [[True] * 4] * 8},
    "unequal rows": lambda d: d | {"embeddings": [[1] * 4] * 7 + [[1] * 3]},
    "edges outside": lambda d: d | {"edges": [[0, 8]]},
    "negative edges": lambda d: d | {"edges": [[-1, 0]]},
    "edges twice": lambda d: d | {"edges": [[0, 1], [0, 1]]},
    "edges in disorder": lambda d: d | {"edges": [[1, 1], [0, 1]]},
    "edges of three": lambda d: d | {"edges": [[0, 1, 2]]},
    "edges of floats": lambda d: d | {"edges": [[0, 1.0]]},
    "long entries": lambda d: d | {"embeddings": [[1 << 300] * 4] * 8},
    "null": lambda d: None,
    "an exponent of text": lambda d: d | {"exponent": "0"},
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_that_are_none(name: str) -> None:
    found = case("krawczyk")
    data = found.problem.canonical()
    del data["sha256"]
    said = answers(PROBLEMS[name](data), found.certificate())
    assert said == ("unreadable", "unreadable")
