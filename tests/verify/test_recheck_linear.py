"""The checker of linear read-outs: against enumeration, and against forgeries."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.constructions.permutation import superposed_permutation
from superproof.constructions.representation import represented
from superproof.verify import recheck_linear
from superproof.verify.certificate import Certificate
from superproof.verify.check import check
from superproof.verify.errors import ProofError
from superproof.verify.linear_certificate import certify_linear, linear_form
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels
from superproof.verify.specification import Specification

BUILT = represented(10, 2, 60, draws=9).problem


def linear_problem(rng: np.random.Generator, readout: Any) -> Problem:
    """A random network of three layers whose first is never below 0, about all its inputs."""
    inputs, active = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    first, second, last = (
        rng.integers(-3, 4, shape).astype(np.float32) / 4
        for shape in ((3, inputs), (2, 3), (inputs, 2))
    )
    biases = [
        np.full(3, 3, dtype=np.float32),
        rng.integers(-2, 3, 2).astype(np.float32) / 2,
        rng.integers(-2, 3, inputs).astype(np.float32) / 8,
    ]
    # an identity besides, so that some are right
    code = np.concatenate([first, np.eye(inputs, dtype=np.float32)])
    middle = np.zeros((2 + inputs, 3 + inputs), dtype=np.float32)
    middle[:2, :3], middle[2:, 3:] = second, np.eye(inputs)
    reads = np.concatenate([last * rng.integers(0, 2), 4 * np.eye(inputs)], axis=1)
    zeros = np.zeros(inputs, dtype=np.float32)
    network = Network.from_arrays(
        [code, middle, reads.astype(np.float32)],
        [np.append(biases[0], zeros), np.append(biases[1], zeros), biases[2]],
        ["relu", "identity", "identity"],
    )
    names = [f"x{i}" for i in rng.permutation(inputs)]
    domain = {"at_most": min(active, inputs)}
    return Problem(network, Specification(inputs, names, domain=domain, readout=readout))


@pytest.mark.parametrize("readout", [1.5, Levels(true_at_least=2, false_at_most=1)], ids=str)
def test_it_accepts_exactly_what_holds(readout: Any) -> None:
    rng = np.random.default_rng(5)
    seen = set()
    for _ in range(150):
        problem = linear_problem(rng, readout)
        # most permutations are wrong: half of them are made right
        if rng.integers(0, 2):
            names = list(problem.specification.inputs)
            spec = Specification(
                len(names), names, domain=problem.specification.domain, readout=readout
            )
            problem = Problem(problem.network, spec)
        holds = check(problem.network, problem.specification, engine="enumerate").holds
        seen.add(holds)
        assert linear_form(problem)
        try:
            made = certify_linear(problem)
        except ProofError as error:
            message = str(error)
            assert not holds, message
            assert "can be" in message, message
        else:
            assert holds
            assert made.content == "criterion"
            data = json.loads(json.dumps(problem.canonical()))
            assert recheck_linear.recheck(data, made.to_bytes()).startswith("holds (criterion of")
    assert seen == {True, False}


def test_a_neuron_below_zero_is_no_identity() -> None:
    network = Network.from_arrays([np.eye(2) * -1, np.eye(2) * -1], [[0.5, 1.0], [0.7, 0.7]])
    problem = Problem(network, Specification(2, ["x0", "x1"]))
    with pytest.raises(ProofError, match="neuron 0 can be below 0"):
        certify_linear(problem)


@pytest.mark.parametrize(
    ("kinds", "outputs"),
    [
        (["step", "identity"], ["x0", "x1"]),
        (["relu", "relu"], ["x0", "x1"]),
        (["relu", "identity"], ["x0", "~x1"]),
    ],
)
def test_other_forms_are_left_to_others(kinds: list[str], outputs: list[str]) -> None:
    network = Network.from_arrays([np.eye(2)] * 2, [[0, 0]] * 2, kinds)
    problem = Problem(network, Specification(2, outputs))
    assert not linear_form(problem)
    with pytest.raises(ProofError, match="the checker of linear read-outs"):
        certify_linear(problem)


def test_products_are_exact() -> None:
    rng = np.random.default_rng(2)
    for bits in (3, 40, 90):
        left, right = (
            [
                [int(v) << int(s) for v, s in zip(r, rng.integers(0, bits, 5), strict=True)]
                for r in m
            ]
            for m in (rng.integers(-9, 10, (4, 5)), rng.integers(-9, 10, (5, 5)))
        )
        expected = np.array(left, dtype=object) @ np.array(right, dtype=object)
        assert recheck_linear.product(left, right) == expected.tolist()
    assert recheck_linear.product([[0]], [[0, 0]]) == [[0, 0]]


def test_forgeries_are_rejected() -> None:
    made, data = certify_linear(BUILT), BUILT.canonical()

    def refused(changes: dict[str, Any], words: str) -> None:
        content = copy.deepcopy(made.data) | changes
        packed = recheck_linear.MAGIC + zlib.compress(json.dumps(content).encode())
        with pytest.raises(recheck_linear.RejectedError, match=words):
            recheck_linear.recheck(data, packed)

    refused({"sha256": made.sha256 | {"domain": "0"}}, "it is about another domain")
    refused({"claim": made.claim | {"status": "violated"}}, "what it claims about status")
    refused({"claim": made.claim | {"violations": False}}, "what it claims about violations")
    refused({"claim": {"status": "holds"}}, "its keys are not those")
    refused({"evidence": {"kind": "table"}}, "its keys are not those")
    whole = made.to_bytes()
    for damaged, words in (
        (whole[:-3], "cut off|damaged"),
        (whole + b"x", "goes on after its end"),
        (b"superproof-other-1\n" + whole, "does not begin"),
        (recheck_linear.MAGIC + zlib.compress(b" " * (1 << 17)), "holds more than"),
        (recheck_linear.MAGIC + zlib.compress(b"[1.5]"), "damaged"),
    ):
        with pytest.raises(recheck_linear.RejectedError, match=words):
            recheck_linear.recheck(data, damaged)
    with pytest.raises(recheck_linear.UnreadableError):
        recheck_linear.recheck({"format": "other"}, whole)


def test_it_runs_alone(tmp_path: Path) -> None:
    proof, problem = tmp_path / "proof", tmp_path / "problem.json"
    certify_linear(BUILT).save(proof)
    problem.write_text(json.dumps(BUILT.canonical()), encoding="ascii")

    def run(*words: object) -> tuple[int, str]:
        command = [sys.executable, "-I", recheck_linear.__file__, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert run(problem, proof) == (0, "accepted: holds (criterion of 10 outputs)\n")
    other = superposed_permutation(range(9), 40, draws=9).problem
    problem.write_text(json.dumps(other.canonical()), encoding="ascii")
    assert run(problem, proof) == (1, "rejected: it is about another network (the hashes differ)\n")
    problem.write_text("{}", encoding="ascii")
    assert run(problem, proof)[0] == 2
    assert run(problem)[0] == 2
    assert run(tmp_path / "none", proof)[0] == 2


def test_a_certificate_names_its_checker() -> None:
    made = certify_linear(BUILT)
    assert isinstance(made, Certificate)
    assert made.to_bytes().startswith(recheck_linear.MAGIC)
