"""``superproof claims``: the whole ledger, one standing, JSON and a mistake."""

from __future__ import annotations

import json

import pytest

from superproof.theory.claims import STANDINGS, read_claims

from .conftest import Run


def test_the_table_shows_every_claim(superproof: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    answer = superproof("claims")
    assert answer.code == 0
    claims = read_claims()
    for claim in claims:
        assert f"{claim.id}:" in answer.out
    last = answer.out.splitlines()[-1]
    assert last.startswith(f"{len(claims)} claims: ")
    for standing in {claim.standing for claim in claims}:
        number = sum(claim.standing == standing for claim in claims)
        assert f"{number} {standing}" in last


def test_a_narrow_terminal_hides_no_column(
    superproof: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wide = superproof("bounds", "pairwise-and", "--inputs", "64", "--outputs", "100").out
    assert "≥ 33" in wide
    monkeypatch.setenv("COLUMNS", "40")
    assert superproof("bounds", "pairwise-and", "--inputs", "64", "--outputs", "100").out == wide


def test_json_and_one_standing(superproof: Run) -> None:
    data = json.loads(superproof("claims", "--json").out)["claims"]
    assert [entry["id"] for entry in data] == [claim.id for claim in read_claims()]
    for standing in STANDINGS:
        chosen = json.loads(superproof("claims", "--standing", standing, "--json").out)["claims"]
        assert chosen == [entry for entry in data if entry["standing"] == standing]


def test_no_claims_of_a_standing(superproof: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superproof.theory.claims.read_claims", lambda: [])
    assert "0 claims: none" in superproof("claims", "--standing", "reproduced").out


def test_refuted_claims_show_their_counterexample(superproof: Run) -> None:
    assert "Counterexample:" in superproof("claims", "--standing", "false in general").out


def test_an_unknown_standing(superproof: Run) -> None:
    answer = superproof("claims", "--standing", "likely")
    assert answer.code == 2
    assert "no standing 'likely'; there are proved here" in answer.complaint
