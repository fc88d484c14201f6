"""Laws of random inputs: how they are written, and what they weigh."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.domain_notation import parse_domain
from superproof.verify.engines.measure import Measure
from superproof.verify.errors import InputError
from superproof.verify.law import Product, Subsets, Uniform, parse_law

NAMES = ("a", "b", "c")
TENTH, HALF = Fraction(1, 10), Fraction(1, 2)
TOML = 'default = 0.1\n[p]\nb = "1/2"\n'


@pytest.mark.parametrize(
    ("written", "law"),
    [
        ("uniform", Uniform()),
        (" uniform ", Uniform()),
        ("1/10", Product((TENTH,) * 3)),
        ("0.1", Product((TENTH,) * 3)),
        ("1e-1", Product((TENTH,) * 3)),
        (".1", Product((TENTH,) * 3)),
        ("0", Product((Fraction(0),) * 3)),
        (1, Product((Fraction(1),) * 3)),
        (0.25, Product((Fraction(1, 4),) * 3)),
        (0.1, Product((Fraction(0.1),) * 3)),
        (TENTH, Product((TENTH,) * 3)),
        ("subsets 2", Subsets(2)),
        ("subsets  0", Subsets(0)),
        ({"default": "1/10", "p": {"b": "1/2"}}, Product((TENTH, HALF, TENTH))),
        ({"p": {"a": 0, "b": 1, "c": HALF}}, Product((Fraction(0), Fraction(1), HALF))),
        (Subsets(1), Subsets(1)),
    ],
)
def test_laws_are_read(written: Any, law: object) -> None:
    assert parse_law(written, NAMES) == law


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_files_hold_exact_decimals(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"law{suffix}"
    path.write_text(TOML if suffix == ".toml" else '{"default": 0.1, "p": {"b": "1/2"}}')
    for given_ in (path, str(path)):
        assert parse_law(given_, NAMES) == Product((TENTH, HALF, TENTH))


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("1.5", "probability: 1.5 is not between 0 and 1"),
        (-0.25, "probability: -0.25 is not between 0 and 1"),
        ("-1/3", "probability: -1/3 is not between 0 and 1"),
        ("1/0", "probability: '1/0' is not a finite number"),
        ("0.1.2", "probability: '0.1.2' is not a finite number"),
        (float("nan"), "probability: nan is not a finite number"),
        (True, "probability: expected a number, found True"),
        ("1e99999", "probability: '1e99999' is too large to be held exactly"),
        ("often", "probability: 'often' is not understood; write 'uniform', a probability"),
        ("", "probability: '' is not understood"),
        ("subsets 4", "probability: 'subsets 4' is out of range; there are 3 inputs"),
        ("subsets -1", "probability: 'subsets' needs a whole number, not '-1'"),
        ("subsets 1.5", "probability: 'subsets' needs a whole number, not '1.5'"),
        ({"p": {"a": 1}}, "probability: input 'b' has no probability; name it below p, or give a"),
        ({"default": 1, "p": {"bb": 1}}, "probability: p: unknown input 'bb'; did you mean 'b'?"),
        ({"default": 1, "p": {"b": 2}}, "probability: p: b: 2 is not between 0 and 1"),
        ({"default": 1, "p": {"b": "x"}}, "probability: p: b: 'x' is not a finite number"),
        ({"default": [1]}, "probability: default: [1] is not a finite number"),
        ({"default": 2}, "probability: default: 2 is not between 0 and 1"),
        ({"defalt": 2}, "probability: unknown key 'defalt'; did you mean 'default'?"),
        ({"z": 2}, "probability: unknown key 'z'; known keys: default, p"),
        ({"a": 2}, "probability: unknown key 'a'; probabilities of inputs stand below p: write"),
        ({"default": 1, "p": 2}, "probability: p is not a table; write [p] with lines such as"),
        (Product((HALF,)), "probability: the law is about 1 inputs, not 3"),
    ],
)
def test_bad_laws_are_refused(written: Any, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_law(written, NAMES)
    assert str(caught.value).startswith(complaint)


def test_precision_is_limited() -> None:
    names = [f"x{i}" for i in range(1000)]
    with pytest.raises(InputError, match="have 6,644,000 bits together; at most 4,194,304 are"):
        parse_law("1e-2000", names)
    assert parse_law("1e-200", names).total(1000) == 10**200_000


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("law.toml", "default = ", "not valid TOML: "),
        ("law.json", "{", "not valid JSON: "),
        ("law.json", '{"p": {"a": 1, "a": 0}}', "not valid JSON: the key 'a' occurs twice"),
        ("law.json", "[" * 100_000, "nested too deeply"),
        ("law.json", "[1]", "expected a table with the keys default and p"),
        ("law.json", '{"default": NaN}', "default: 'NaN' is not a finite number"),
        ("law.toml", "default = 1.5", "default: 1.5 is not between 0 and 1"),
        ("law.toml", "default = inf", "default: 'inf' is not a finite number"),
        ("law.toml", "default = 1_0.5", "default: 1_0.5 is not between 0 and 1"),
        ("law.toml", b"\xff\xfe\x00", "not a text file in UTF-8"),
        ("law.toml", None, "cannot be read: No such file or directory"),
    ],
)
def test_bad_files_are_refused(
    tmp_path: Path, name: str, text: str | bytes | None, complaint: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        parse_law(str(path), NAMES)
    assert str(caught.value).startswith(f"{path}: {complaint}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("law", [Uniform(), Subsets(2), Product((TENTH, HALF, Fraction(1)))])
def test_probabilities_add_up_to_one(law: Any) -> None:
    vectors = list(itertools.product((0, 1), repeat=3))
    assert sum(law.weight(bits) for bits in vectors) == 1
    everywhere = parse_domain("all", NAMES)
    inside = law.restricted(everywhere).contains(np.array(vectors))
    weighed = Measure(law.weights(3))
    total = weighed.sum(weighed.keys(np.array(vectors)[inside]))
    assert total == law.total(3)


def test_a_product_multiplies() -> None:
    law = Product((TENTH, HALF, Fraction(1, 3)))
    assert law.weight((True, False, True)) == Fraction(1, 10) * Fraction(1, 2) * Fraction(1, 3)
    assert law.weight(np.array([0, 1, 0])) == Fraction(9, 10) * Fraction(1, 2) * Fraction(2, 3)


def test_subsets_restrict_the_domain() -> None:
    domain = parse_domain({"at_most": 2, "where": "a"}, NAMES)
    part = Subsets(2).restricted(domain)
    assert (part.at_least, part.at_most, part.where) == (2, 2, domain.where)
    assert Subsets(3).restricted(domain).is_empty()
    assert Subsets(2).weight((1, 1, 0)) == Fraction(1, 3)
    assert Subsets(2).weight((1, 0, 0)) == 0


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (Uniform(), "uniform on the domain"),
        (Subsets(3), "uniform on the inputs with exactly 3 true"),
        (Product((TENTH,) * 3), "each input true with probability 1/10"),
        (
            Product((TENTH, HALF, TENTH)),
            "inputs true independently, with probability 1/10 (2 inputs), 1/2 (1 input)",
        ),
        (
            Product((TENTH, HALF, Fraction(1), Fraction(0))),
            "inputs true independently, with 4 different probabilities",
        ),
    ],
)
def test_laws_in_words(law: object, words: str) -> None:
    assert str(law) == words


_pairs = st.tuples(st.integers(0, 1 << 70), st.integers(0, 9))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_sums_of_many_weights(data: st.DataObject) -> None:
    """Few classes fit one column of keys, many need two, thousands of inputs more."""
    kinds = data.draw(st.lists(_pairs, min_size=1, max_size=30, unique=True))
    inputs = data.draw(st.integers(1, 80))
    weights = data.draw(st.lists(st.sampled_from(kinds), min_size=inputs, max_size=inputs))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    points = rng.integers(0, 2, size=(data.draw(st.integers(0, 40)), inputs), dtype=np.uint8)
    measure = Measure(weights)
    expected = sum(measure.weight_of(enumerate(row)) for row in points.tolist())
    assert measure.sum(measure.keys(points)) == expected


@pytest.mark.parametrize(("inputs", "columns"), [(12, 1), (40, 2), (200, 5), (5000, 2)])
def test_numbers_of_columns(inputs: int, columns: int) -> None:
    weights = [(1, 2 + i * (inputs < 5000)) for i in range(inputs)]
    measure = Measure(weights)
    points = np.random.default_rng(0).integers(0, 2, size=(5, inputs))
    assert measure.keys(points).shape == (5, columns)
    expected = sum(measure.weight_of(enumerate(row)) for row in points.tolist())
    assert measure.sum(measure.keys(points)) == expected


def test_json_files_are_plain_json(tmp_path: Path) -> None:
    """What ``json.dump`` writes of the mapping is read back as the same law."""
    data = {"default": "1/10", "p": {"a": "0.5"}}
    path = tmp_path / "law.json"
    path.write_text(json.dumps(data))
    assert parse_law(path, NAMES) == parse_law(data, NAMES)
