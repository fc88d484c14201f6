"""The ledger of claims: well-formed, and every piece of evidence exists."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from superproof.cli import COMMANDS
from superproof.theory.claims import LEDGER, STANDINGS, Claim, missing_evidence, read_claims
from superproof.theory.errors import LedgerError

CHECKOUT = Path(__file__).parents[2]
CLAIMS = read_claims()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_evidence_exists(claim: Claim) -> None:
    assert missing_evidence(claim, CHECKOUT, COMMANDS) == []


def test_the_ledger_is_honest_about_its_size() -> None:
    assert len(CLAIMS) >= 40
    standings = [claim.standing for claim in CLAIMS]
    assert {"proved here", "verified on instances", "false in general", "open"} <= set(standings)
    for claim in CLAIMS:
        if claim.standing == "proved here":
            assert any(reference.startswith("docs:") for reference in claim.evidence), claim.id
        if claim.standing in ("verified on instances", "reproduced", "not reproduced"):
            assert any(r.startswith(("test:", "command:")) for r in claim.evidence), claim.id


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("test:tests/theory/test_nothing.py::test_x", "no such file"),
        ("test:docs/theory.md::test_x", "no such file"),
        ("test:tests/theory/test_claims.py::test_missing", "no such test in that file"),
        ("test:tests/theory/test_claims.py::_not_a_test", "no such test in that file"),
        ("docs:99.9", "no such section in docs/theory.md"),
        ("bound:no-such-bound", "no such bound in the catalogue"),
        ("command:superproof teleport", "not a superproof command"),
        ("command:rm", "not a superproof command"),
    ],
)
def test_missing_evidence_is_noticed(reference: str, reason: str) -> None:
    claim = dataclasses.replace(CLAIMS[0], evidence=(reference,))
    assert missing_evidence(claim, CHECKOUT, COMMANDS) == [f"{reference}: {reason}"]


GOOD = """\
[[claim]]
id = "a-claim"
statement = "Something."
source = "Somewhere."
tested = "Somehow."
standing = "open"
"""


def test_a_ledger_is_read(tmp_path: Path) -> None:
    file = tmp_path / "claims.toml"
    file.write_text(GOOD, encoding="utf-8")
    (claim,) = read_claims(file)
    assert claim.to_json()["standing"] == "open"
    assert claim.evidence == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[claim", "not valid TOML"),
        ("claims = 3", "a list of [[claim]] tables"),
        ("claim = [3]", "claim 1: not a table"),
        (GOOD.replace('source = "Somewhere."\n', ""), "claim 1 ('a-claim'): needs 'source'"),
        (GOOD + "mood = 'good'\n", "unknown field 'mood'"),
        (GOOD.replace("a-claim", "A claim"), "lower-case words"),
        (GOOD.replace('"open"', '"likely"'), "standing 'likely' is none of"),
        (GOOD.replace('"open"', '"proved here"'), "'proved here' needs evidence"),
        (GOOD + "evidence = 'docs:1'\n", "'evidence' is a list of texts"),
        (GOOD + "evidence = ['proof:1']\n", "must begin with one of test:, docs:"),
        (GOOD + "counterexample = 'x'\n", "a counterexample belongs to a claim that is false"),
        (
            GOOD.replace('"open"', '"false in general"') + "evidence = ['docs:1']\n",
            "a counterexample belongs to a claim that is false",
        ),
        (GOOD + GOOD, "two claims are called 'a-claim'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "claims.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match=re.escape(complaint)):
        read_claims(file)


def test_the_ledger_lies_in_the_package() -> None:
    assert LEDGER.parent == Path(read_claims.__code__.co_filename).parent
    assert len(STANDINGS) == 6
