"""Both checkers at their limits: long formulas, large counts, shapes and files made to exhaust."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from superproof.verify import recheck, recheck_sparse
from superproof.verify.check import check
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from ..oracles import fraction_oracle as oracle
from .certificates import canonical, file_of, file_with

HOLDS = {"status": "holds", "violations": 0, "violations_by_output": [0]}
TABLE: dict[str, Any] = {"kind": "table"}
PAIR = Problem(Network.from_arrays([[[1.0, 1.0]]], [[-1.0]]), Specification(2, ["x0 & x1"]))


def deeper(calls: int, task: Callable[[], Any]) -> Any:
    """What the task returns when it is called from within that many calls."""
    return deeper(calls - 1, task) if calls else task()


@pytest.mark.parametrize("text", ["atleast(2, {})", "atmost(1, {})", "xor"])
def test_long_formulas_are_expanded_alike_from_any_depth(text: str) -> None:
    names = [f"x{i}" for i in range(900)]
    written = " ^ ".join(names) if text == "xor" else text.format(", ".join(names))
    network = Network.from_arrays([np.ones((1, 900))], [[-1.5]])
    problem = recheck.Problem(Problem(network, Specification(900, [written])).canonical())
    found = list(problem.regions(0))
    assert deeper(300, lambda: list(problem.regions(0))) == found


def test_a_verdict_on_a_long_formula_is_certified(tmp_path: Path) -> None:
    names = ", ".join(f"x{i}" for i in range(900))
    network = Network.from_arrays([np.ones((1, 900))], [[-1.5]])
    specification = Specification(900, [f"atleast(2, {names})"], domain="at most 3")
    verdict = check(network, specification, certificate=tmp_path / "proof", dtypes=())
    assert verdict.certificate is not None
    assert verdict.certificate.path is not None
    proof = (tmp_path / "proof").read_bytes()
    said = recheck.recheck(canonical(Problem(network, specification)), proof)
    assert said.startswith("holds")


def test_many_separate_clauses_are_counted() -> None:
    clauses = frozenset(frozenset({4 * k + 1, 4 * k + 3}) for k in range(1200))
    assert sum(recheck.spread(clauses, {})) == 3**1200
    assert deeper(300, lambda: sum(recheck.spread(clauses, {}))) == 3**1200


def test_counting_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = frozenset(frozenset({2 * k, 2 * k + 2}) for k in range(recheck.DEPTH * 2))
    star = frozenset(frozenset({0, 2 * k}) for k in range(1, 9))
    assert sum(recheck.spread(star, {})) == 2**8 + 1
    for name, value in (("LITERALS", 16), ("COUNTED", 2)):
        with monkeypatch.context() as patch:
            patch.setattr(recheck, name, value)
            with pytest.raises(recheck.RejectedError, match="too long to count"):
                recheck.spread(star, {})
    with pytest.raises(recheck.RejectedError, match="too long to count"):
        recheck.spread(chain, {})


@pytest.mark.parametrize("domain", ["at most 1", "exactly 1", "at most 2", "within 1 of 011000011"])
def test_a_table_of_few_true_inputs(domain: str) -> None:
    rng = np.random.default_rng(3)
    network = Network.from_arrays([rng.integers(-2, 3, (4, 9)), rng.integers(-2, 3, (2, 4))])
    problem = Problem(network, Specification(9, ["x0 | x1", "x2 >> x3"], domain=domain))
    truth = oracle.answer(problem)
    counts, total, _ = recheck.Problem(canonical(problem)).table()
    assert (tuple(counts), total) == (truth.violations_by_output, truth.violations)


def evidence(text: str) -> bytes:
    """A certificate about PAIR with this evidence, as text."""
    sha256 = json.dumps(PAIR.sha256)
    return f'{{"sha256": {sha256}, "claim": {json.dumps(HOLDS)}, "evidence": {text}}}'.encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"parts": []}', "keys are not those"),
        (evidence('{"kind": "tree", "codes": [-3, -3], "last": [[[]]]}'), "a clause is no number"),
        (evidence('{"kind": "tree", "codes": [-3, -3], "last": [[true]]}'), "is no number"),
        (evidence('{"kind": "tree", "codes": [-3, -3], "last": [["0"]]}'), "is no number"),
        (evidence('{"kind": "table", "kind": "table"}'), "damaged"),
    ],
)
def test_odd_parts_are_rejected(text: bytes, words: str) -> None:
    with pytest.raises(recheck.RejectedError, match=words):
        recheck.recheck(canonical(PAIR), file_with(text))


def test_sparse_weights_too_large_to_write_out_are_refused_at_once() -> None:
    height = recheck.ENTRIES // 1000 + 1
    weights = [scipy.sparse.csr_array((height, 1000)), scipy.sparse.csr_array((1, height))]
    network = Network.from_arrays(weights)
    problem = Problem(network, Specification(1000, ["x0"], domain="at most 1"))
    with pytest.raises(recheck.UnreadableError, match="too large to be written out"):
        recheck.recheck(problem.canonical(), file_of(PAIR, HOLDS, TABLE))


def sparse_file(data: Any, claim: dict[str, Any], given: dict[str, Any]) -> bytes:
    """A certificate for the checker of plain codes with right hashes."""
    hashes = {part: recheck_sparse.digest(data[part]) for part in recheck_sparse.PARTS}
    text = json.dumps({"sha256": hashes, "claim": claim, "evidence": given})
    return recheck_sparse.MAGIC + zlib.compress(text.encode(), 1)


def plain_data() -> Any:
    network = Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[-1.0], [-0.5]])
    data = canonical(Problem(network, Specification(2, ["x0 & x1"], domain="at most 2")))
    del data["sha256"]
    return data


def test_shapes_without_numbers_take_no_memory() -> None:
    for height in (-1, 10**6, 10**12):
        data = plain_data()
        data["network"]["layers"][0]["shape"][0] = height
        with pytest.raises(recheck_sparse.UnreadableError):
            recheck_sparse.recheck(data, sparse_file(data, HOLDS, {"kind": "criterion"}))


def test_values_of_many_digits_are_compared() -> None:
    data = plain_data()
    data["network"]["layers"][1]["bias"] = {"mantissas": [1], "exponent": 40_000}
    claim = {"status": "violated", "violations": None, "violations_by_output": None}
    point = {"kind": "point", "true": [], "output": 0, "value": "1"}
    with pytest.raises(recheck_sparse.RejectedError, match="another one"):
        recheck_sparse.recheck(data, sparse_file(data, claim, point))


@pytest.mark.parametrize("checker", [recheck, recheck_sparse])
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"exponent": 0', '"exponent": 0.0', "no integer"),
        ('"exponent": 0', '"exponent": NaN', "no integer"),
        ('"exponent": 0', '"exponent": -Infinity', "no integer"),
        ('"domain": ', '"domain": {}, "domain": ', "a key stands twice"),
        ('"exponent": 0', '"exponent": ' + "[" * 200_000, "recursion"),
    ],
)
def test_problem_files_that_are_no_problem(
    checker: Any, old: str, new: str, words: str, tmp_path: Path
) -> None:
    text = json.dumps(plain_data())
    assert old in text
    (tmp_path / "problem.json").write_text(text.replace(old, new, 1))
    (tmp_path / "proof").write_bytes(checker.MAGIC)
    command = [sys.executable, "-I", "-S", checker.__file__, "problem.json", "proof"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr
