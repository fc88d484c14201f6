"""Families: the same answers as explicit formulas, no object an output, and what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof import InputError, Network, Problem, Specification, check
from superproof.verify.family import Family, MemberFormulas, Numbered
from superproof.verify.formula import Variable

PAIRS = [[0, 1], [2, 0], [1, 2]]


@st.composite
def families(draw: st.DrawFn, inputs: int) -> Family:
    arity = draw(st.integers(1, inputs))
    row = st.permutations(range(inputs)).map(lambda order: order[:arity])
    return Family(draw(st.sampled_from(["and", "or"])), draw(st.lists(row, min_size=1, max_size=5)))


@given(st.data(), st.integers(1, 6))
@settings(deadline=None, max_examples=100)
def test_families_say_what_their_formulas_say(data: st.DataObject, inputs: int) -> None:
    family = data.draw(families(inputs))
    points = np.array(list(itertools.product((0, 1), repeat=inputs)), dtype=np.uint8)
    compact = Specification(inputs, family=family)
    explicit = Specification(inputs, list(compact.formulas))
    assert compact.outputs == explicit.outputs
    assert np.array_equal(compact.expected(points), explicit.expected(points))
    assert np.array_equal(compact.program.run_points(points), explicit.expected(points))


@pytest.mark.parametrize("engine", ["auto", "enumerate", "tree", "z3"])
@pytest.mark.parametrize("kind", ["and", "or"])
def test_every_engine_takes_a_small_family(engine: str, kind: str) -> None:
    compact = Specification(3, family=Family(kind, PAIRS), domain="at most 2")
    explicit = Specification(3, list(compact.formulas), domain="at most 2")
    members = np.zeros((3, 3))
    for row, pair in enumerate(PAIRS):
        members[row, pair] = 1
    for threshold in (0.5, 1.5):
        network = Network.from_arrays([members], [np.full(3, -threshold)])
        ours = check(network, compact, engine=engine, count=True, margin=True)
        theirs = check(network, explicit, engine=engine, count=True, margin=True)
        assert ours.status == theirs.status
        assert ours.holds == ((threshold == 0.5) == (kind == "or"))
        assert (ours.violations_by_output, ours.margin) == (
            theirs.violations_by_output,
            theirs.margin,
        )
        for mine, other in zip(ours.counterexamples, theirs.counterexamples, strict=True):
            assert (mine.bits, dict(mine.outputs)) == (other.bits, dict(other.outputs))


def test_readings_are_found_by_name() -> None:
    network = Network.from_arrays([[[1, 1, 0]] * 3], [[-1.5] * 3])
    verdict = check(network, Specification(3, family=Family("and", PAIRS)))
    readings = verdict.counterexamples[0].outputs
    assert list(readings) == ["y0", "y1", "y2"]
    assert len(readings) == 3
    assert [readings[name] for name in readings] == [reading for _, reading in readings.items()]
    with pytest.raises(KeyError):
        readings["y3"]


def test_formulas_are_made_on_demand() -> None:
    spec = Specification(["a", "b", "c"], family=Family("or", PAIRS))
    assert isinstance(spec.formulas, MemberFormulas)
    assert [str(f) for f in spec.formulas] == ["a | b", "c | a", "b | c"]
    assert [str(f) for f in spec.formulas[1:]] == ["c | a", "b | c"]
    assert str(spec.formulas[-1]) == "b | c"
    with pytest.raises(IndexError):
        spec.formulas[3]
    single = Specification(2, family=Family("and", [[1]]))
    assert list(single.formulas) == [Variable("x1")]


def test_names_behave_like_their_tuple() -> None:
    names, written = Numbered("y", 12), tuple(f"y{i}" for i in range(12))
    assert names == written
    assert written == names
    assert names == Numbered("y", 12)
    assert names != Numbered("z", 12)
    assert names != written[1:]
    assert hash(names) == hash(written)
    assert (tuple(names), names[-1], names[2:4]) == (written, "y11", ("y2", "y3"))
    assert names.index("y10") == 10
    assert "y3" in names
    for stranger in ("y12", "y03", "y", "z1", "y²", "y-1", 3, "y" + "9" * 5000):
        assert stranger not in names
        with pytest.raises(ValueError, match="not among them"):
            names.index(stranger)
    with pytest.raises(ValueError, match="not among them"):
        names.index("y1", 2)
    with pytest.raises(IndexError):
        names[12]
    assert repr(names) == "('y0', 'y1', ..., 'y11')"
    assert repr(Numbered("y", 2)) == "('y0', 'y1')"


def test_the_canonical_form_is_the_array() -> None:
    spec = Specification(3, family=Family("and", np.array(PAIRS, dtype=np.uint8)))
    data = spec.canonical()
    assert data["family"] == {"kind": "and", "members": PAIRS}
    assert sorted(data) == ["family", "inputs", "readout"]
    network = Network.from_arrays([np.ones((3, 3))])
    other = Specification(3, family=Family("or", PAIRS))
    hashes = [Problem(network, s).sha256["specification"] for s in (spec, other)]
    assert hashes[0] != hashes[1]


def test_a_hundred_thousand_outputs_make_no_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither building nor asking for expected values nor hashing needs a formula an output."""
    monkeypatch.setattr(MemberFormulas, "__getitem__", None)
    count = 100_000
    members = np.stack([np.arange(count), (np.arange(count) + 1) % count], axis=1)
    spec = Specification(count, family=Family("and", members), domain="at most 3")
    point = np.zeros((1, count), dtype=np.uint8)
    point[0, [7, 8]] = 1
    assert np.flatnonzero(spec.expected(point)[0]).tolist() == [7]
    assert len(spec.canonical()["family"]["members"]) == count
    assert spec.outputs[-1] == "y99999"


def test_the_members_are_kept_safe() -> None:
    given_members = np.array(PAIRS)
    family = Family("and", given_members)
    given_members[0, 0] = 2
    assert family.members[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        family.members[0, 0] = 1


@pytest.mark.parametrize(
    ("kind", "members", "words"),
    [
        ("xor", PAIRS, "unknown kind 'xor'; use one of and, or"),
        ("and", [0, 1], "has shape (2,)"),
        ("and", np.zeros((0, 2), dtype=int), "has shape (0, 2)"),
        ("and", np.zeros((2, 0), dtype=int), "has shape (2, 0)"),
        ("and", [[0, 1], [2]], "rows of members have different lengths"),
        ("and", [[0.0, 1.0]], "has type float64; it must hold integers"),
        ("and", [[True, False]], "has type bool"),
        ("and", [[0, 1], [-1, 2]], "row 1 has a negative input number"),
        ("and", [[0, 1], [2, 2]], "row 1 names an input twice: [2, 2]"),
    ],
)
def test_bad_families_are_refused(kind: str, members: Any, words: str) -> None:
    with pytest.raises(InputError, match="family: ") as error:
        Family(kind, members)
    assert words in str(error.value)


def test_members_must_be_inputs() -> None:
    with pytest.raises(InputError, match=r"row 1 names input 2, but there are 2 inputs"):
        Specification(2, family=Family("and", [[0, 1], [2, 0]]))
    with pytest.raises(InputError, match="family: there is no input 18446744073709551615"):
        Family("and", np.array([[0, 2**64 - 1]], dtype=np.uint64))


def test_formulas_or_a_family() -> None:
    for arguments in ({}, {"outputs": ["x0"], "family": Family("and", [[0]])}):
        with pytest.raises(InputError, match="either a formula for each output or a family"):
            Specification(2, **arguments)


@pytest.mark.parametrize("domain", [None, "at most 2", ["at most 2", "where x0 | x2"]])
def test_files_read_back_the_same(tmp_path: Path, domain: Any) -> None:
    spec = Specification(3, family=Family("or", PAIRS), domain=domain, readout="argmax")
    path = spec.save(tmp_path / "pairs.toml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pairs.members.npz", "pairs.toml"]
    again = Specification.load(path)
    assert again.canonical() == spec.canonical()
    assert again.domain.canonical() == spec.domain.canonical()


def saved(folder: Path, family: str, **arrays: Any) -> Path:
    """A specification whose TOML has the given value of ``family``."""
    if arrays:
        np.savez(folder / "m.npz", **arrays)
    path = folder / "spec.toml"
    path.write_text(f"inputs = 3\nfamily = {family}\n")
    return path


MEMBERS = '{ kind = "and", members = "m.npz" }'


@pytest.mark.parametrize(
    ("family", "arrays", "words"),
    [
        ("'and'", {}, 'write family = { kind = "and", members = "pairs.npz" }'),
        ('{ kind = "and" }', {}, 'write family = { kind = "and", members = "pairs.npz" }'),
        ('{ kind = "xor", members = "m.npz" }', {}, "unknown kind 'xor'; use one of and, or"),
        ('{ kind = "and", members = "m.csv" }', {}, "members must name an .npz file"),
        ('{ kind = "and", members = 3 }', {}, "members must name an .npz file"),
        (MEMBERS, {}, "there is no file"),
        (MEMBERS, {"pairs": PAIRS}, "must hold one array, 'members' of shape (outputs, arity)"),
        (MEMBERS, {"members": [[0.5, 1]]}, "has type float64"),
        (MEMBERS, {"members": [[0, 3]]}, "row 0 names input 3, but there are 3 inputs"),
    ],
)
def test_bad_files_are_refused(
    tmp_path: Path, family: str, arrays: dict[str, Any], words: str
) -> None:
    path = saved(tmp_path, family, **arrays)
    with pytest.raises(InputError) as error:
        Specification.load(path)
    assert str(error.value).startswith(f"{path}: family: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_damaged_members_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, MEMBERS)
    (tmp_path / "m.npz").write_bytes(b"PK\3\4 nothing")
    with pytest.raises(InputError, match=r"m\.npz: damaged or not an npz file"):
        Specification.load(path)
    (tmp_path / "m.npz").unlink()
    (tmp_path / "m.npz").mkdir()
    with pytest.raises(InputError, match=r"m\.npz cannot be read: Is a directory"):
        Specification.load(path)


def test_a_family_beside_outputs_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, MEMBERS, members=PAIRS)
    path.write_text(path.read_text() + '[outputs]\ny0 = "x0"\n')
    with pytest.raises(InputError, match=r"give \[outputs\] or a family, not both"):
        Specification.load(path)
    path.write_text(f"inputs = 3\n[outputs]\nfamily = {MEMBERS}\n")
    with pytest.raises(InputError, match=r"'family' stands below \[outputs\]: write it above"):
        Specification.load(path)


def test_the_html_form_lists_twenty_outputs() -> None:
    members = np.array(list(itertools.combinations(range(8), 2)))
    text = Specification(8, family=Family("and", members))._repr_html_()
    assert "<td>y19</td>" in text
    assert "<td>y20</td>" not in text
    assert "and 8 more outputs" in text
