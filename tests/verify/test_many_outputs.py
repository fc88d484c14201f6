"""Verdicts on problems with more outputs than a person reads: what is listed, and what is not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse

from superproof import Network, Specification, check
from superproof.verify.family import Family
from superproof.verify.verdict import LISTED_OUTPUTS


def problem(outputs: int, wrong: int) -> tuple[Network, Specification]:
    """Outputs x0 | x1, the first ``wrong`` of which are computed as ANDs."""
    members = np.tile([0, 1], (outputs, 1))
    bias = np.full(outputs, -0.5)
    bias[:wrong] = -1.5
    network = Network.from_arrays([sparse.csr_array(np.ones((outputs, 2)))], [bias])
    return network, Specification(2, family=Family("or", members))


@pytest.mark.parametrize("outputs", [LISTED_OUTPUTS, LISTED_OUTPUTS + 1])
def test_json_lists_wrong_outputs_only_where_there_are_many(outputs: int) -> None:
    verdict = check(*problem(outputs, 30), count=True)
    data = json.loads(json.dumps(verdict.to_json()))
    assert verdict.violations == 2
    listed = 30 if outputs > LISTED_OUTPUTS else outputs
    assert len(data["violations_by_output"]) == listed
    assert data["violations_by_output"]["y29"] == 2
    assert len(data["counterexamples"][0]["outputs"]) == listed
    assert data["counterexamples"][0]["outputs"]["y29"]["read"] is False
    assert len(verdict.counterexamples[0].outputs) == outputs
    assert verdict.violations_by_output is not None
    assert len(verdict.violations_by_output) == outputs
    holding = check(*problem(outputs, 0)).to_json()["violations_by_output"]
    assert holding == ({} if outputs > LISTED_OUTPUTS else dict.fromkeys(map(str, holding), 0))


def test_printed_verdicts_stay_short(capsys: pytest.CaptureFixture[str]) -> None:
    from superproof.cli.verdict_table import print_verdict

    network, specification = problem(5000, 30)
    verdict = check(network, specification, count=True)
    print_verdict(verdict, specification)
    printed = capsys.readouterr().out
    for text in (printed, str(verdict)):
        assert len(text.splitlines()) < 60
        assert "10 more wrong outputs" in text
        assert "4,970 right outputs" in text
        assert "y29" not in text
    assert "5,000 outputs, y0 to y4999: 30 wrong" in printed
    assert "x0 | x1" in printed
    assert verdict._repr_html_().count("<tr>") < 60
