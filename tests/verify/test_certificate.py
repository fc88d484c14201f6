"""Certificates as the builder makes them, for every kind of verdict."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify import certificate as builder
from superproof.verify import recheck
from superproof.verify.certificate import certify
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.question import Question, canonical_questions
from superproof.verify.specification import Specification
from superproof.verify.verdict import Verdict

from .. import strategies
from ..oracles import fraction_oracle as oracle
from .certificates import accepts, canonical, file_of

profile = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


def decided(problem: Problem, **options: Any) -> Verdict:
    return check(problem.network, problem.specification, dtypes=(), threads=1, **options)


@pytest.mark.parametrize("cheap", [0, 2, builder.CHEAP])
def test_every_verdict_on_a_small_problem_has_one(
    monkeypatch: pytest.MonkeyPatch, cheap: int
) -> None:
    """Trees where nothing is evaluated as a whole, bounded rather than evaluated."""
    monkeypatch.setattr(builder, "ENUMERATED", 0)
    monkeypatch.setattr(builder, "CHEAP", cheap)

    @settings(profile, max_examples=100)
    @given(strategies.problems(), st.booleans())
    def certified(problem: Problem, count: bool) -> None:
        truth = oracle.answer(problem)
        certificate = certify(problem, decided(problem, count=count))
        assert accepts(canonical(problem), certificate.to_bytes())
        claim = certificate.claim
        assert claim["status"] == truth.status
        if truth.status == "violated" and not count:
            assert certificate.evidence["kind"] == "points"
            assert set(certificate.evidence["inputs"]) <= truth.violating
            return
        assert tuple(claim["violations_by_output"]) == truth.violations_by_output
        wrong_outputs = sum(map(bool, truth.violations_by_output))
        listed = problem.specification.domain.points is not None
        if wrong_outputs > 1 or listed:
            assert certificate.evidence == {"kind": "table"}
        else:
            assert certificate.evidence["kind"] == "tree"
        assert claim["violations"] == truth.violations

    certified()


@settings(profile, max_examples=60)
@given(strategies.problems())
def test_small_domains_are_evaluated(problem: Problem) -> None:
    verdict = decided(problem, count=True)
    certificate = certify(problem, verdict)
    assert certificate.evidence == {"kind": "table"}
    assert certificate.claim["violations"] == verdict.violations
    assert accepts(canonical(problem), certificate.to_bytes())


@settings(profile, max_examples=100)
@given(strategies.problems())
def test_what_is_built_for_a_wrong_verdict_is_rejected(problem: Problem) -> None:
    """The builder believes the verdict where the checker will evaluate everything."""
    truth = oracle.answer(problem)
    wrong = Verdict("holds", "auto", None, 0, dict.fromkeys(problem.specification.outputs, 0))
    try:
        certificate = certify(problem, wrong)
    except ProofError:
        return
    assert accepts(canonical(problem), certificate.to_bytes()) is (truth.status == "holds")


def pairs(inputs: int, threshold: float = 0.0, **options: Any) -> Problem:
    """The OR of the ANDs of neighbours on a ring."""
    weight = np.zeros((inputs, inputs), dtype=np.float32)
    for j in range(inputs):
        weight[j, [j, (j + 1) % inputs]] = 1
    network = Network.from_arrays(
        [weight, np.ones((1, inputs), np.float32)],
        [np.full(inputs, -1, np.float32), np.float32([-threshold])],
    )
    clauses = (f"x{j} & x{(j + 1) % inputs}" for j in range(inputs))
    return Problem(network, Specification(inputs, [" | ".join(clauses)], **options))


def test_one_node_a_region_proves_a_ring_of_pairs() -> None:
    problem = pairs(40)
    certificate = certify(problem, decided(problem))
    # the last pair closes the ring, so that its region is bounded as well
    assert certificate.evidence["codes"] == [recheck.BOUND] * 41
    assert certificate.content == "tree of 41 nodes"
    assert len(certificate.to_bytes()) < 400
    assert accepts(canonical(problem), certificate.to_bytes())


@pytest.mark.parametrize(
    "domain",
    [
        "at most 3",
        "within 3 of " + "01" * 20,
        {"one_hot": [[f"x{i}" for i in range(5)], [f"x{i}" for i in range(5, 9)]]},
        {"where": "atmost(1, x0, x1, x2) & (x3 | ~x5)"},
        {"where": "(x0 ^ x1 ^ x2 ^ x3 ^ x4 ^ x5 ^ x6 ^ x7 ^ x8)"},
    ],
    ids=["at most", "ball", "one-hot", "clauses", "program"],
)
def test_every_kind_of_domain_has_trees(domain: Any) -> None:
    problem = pairs(40, domain=domain)
    certificate = certify(problem, decided(problem))
    if certificate.evidence["kind"] == "tree":
        assert len(certificate.evidence["codes"]) < 2000
    assert accepts(canonical(problem), certificate.to_bytes())


@pytest.mark.parametrize(
    "formula",
    ["atleast(20, {all})", "atmost(11, {all})", "{ands}", "{ors}"],
    ids=["at least", "at most", "and", "or"],
)
def test_one_neuron_that_counts(formula: str) -> None:
    inputs = 40
    names = [f"x{i}" for i in range(inputs)]
    text = formula.format(all=", ".join(names), ands=" & ".join(names), ors=" | ".join(names))
    level = {"atleast(": 20, "atmost(1": 12, "x0 & x1 ": 40, "x0 | x1 ": 1}[text[:8]]
    sign = -1 if text.startswith("atmost") else 1
    network = Network.from_arrays(
        [np.full((1, inputs), sign, np.float32)], [np.float32([sign * (0.5 - level)])]
    )
    problem = Problem(network, Specification(inputs, [text]))
    certificate = certify(problem, decided(problem))
    assert len(certificate.evidence["codes"]) <= 41
    assert accepts(canonical(problem), certificate.to_bytes())


def test_counts_beyond_any_list_are_proved() -> None:
    """A pair that the network misses: the points where it alone is true."""
    right = pairs(15)
    weight = right.network.layers[0].weight.copy()
    weight[0] = 0
    network = Network.from_arrays(
        [weight, right.network.layers[1].weight], [right.network.layers[0].bias, None]
    )
    problem = Problem(network, right.specification)
    verdict = decided(problem, count=True)
    # x0 and x1 true, x2 and x14 false, no neighbours among the eleven others
    assert verdict.violations == 233
    certificate = certify(problem, verdict)
    assert certificate.evidence["kind"] == "tree"
    assert certificate.claim["violations"] == verdict.violations
    assert accepts(canonical(problem), certificate.to_bytes())
    claim = certificate.claim | {"violations": verdict.violations + 1}
    assert not accepts(canonical(problem), file_of(problem, claim, certificate.evidence))


def test_whole_cubes_count_big_numbers() -> None:
    """A network that always reads true is wrong on exactly half of 2^60 inputs."""
    network = Network.from_arrays([np.zeros((1, 60), np.float32)], [np.float32([1])])
    problem = Problem(network, Specification(60, ["x7"]))
    certificate = certify(problem, decided(problem, count=True))
    assert certificate.claim["violations"] == 1 << 59
    assert certificate.evidence["codes"].count(recheck.WHOLE) >= 1
    assert recheck.recheck(canonical(problem), certificate.to_bytes()).startswith(
        f"violated on exactly {1 << 59:,} inputs"
    )


def test_a_search_that_leads_nowhere_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "NODES", 20)
    problem = pairs(40)
    with pytest.raises(ProofError, match="no tree within 20 nodes"):
        certify(problem, decided(problem))


def test_no_time_is_no_tree() -> None:
    start = time.monotonic()
    problem = pairs(40)
    with pytest.raises(ProofError, match=r"no tree within .* s, and .* inputs are too many"):
        certify(problem, decided(problem), seconds=0)
    assert start <= time.monotonic()


def test_a_table_replaces_a_tree_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "NODES", 1)
    problem = pairs(14)
    certificate = certify(problem, decided(problem))
    assert certificate.evidence == {"kind": "table"}
    assert accepts(canonical(problem), certificate.to_bytes())


def test_weights_beyond_float64_are_grown_without_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(builder, "ENUMERATED", 0)
    small, large = 2.0**-1000, 2.0**1000
    network = Network.from_arrays(
        [np.array([[large] * 21 + [small]]), np.array([[large]])], [np.array([-small]), None]
    )
    names = " | ".join(f"x{i}" for i in range(21))
    problem = Problem(network, Specification(22, [names]))
    verdict = Verdict("holds", "auto", None, 0, {"y0": 0})
    certificate = certify(problem, verdict)
    assert certificate.evidence["kind"] == "tree"
    assert accepts(canonical(problem), certificate.to_bytes())


def test_unknown_verdicts_and_missing_examples_have_none() -> None:
    problem = pairs(6, threshold=0.5)
    with pytest.raises(ProofError, match="unknown"):
        certify(problem, Verdict("unknown", "auto", None))
    wrong = pairs(6, threshold=1.5)
    with pytest.raises(ProofError, match="no counterexample"):
        certify(wrong, decided(wrong, counterexamples=0))


def test_check_writes_the_file(tmp_path: Path) -> None:
    problem = pairs(30)
    path = tmp_path / "proof"
    verdict = check(problem.network, problem.specification, certificate=path)
    assert verdict.certificate is not None
    size = path.stat().st_size
    assert str(verdict.certificate) == f"{path}, {size:,} bytes, tree of 31 nodes"
    assert verdict.to_json()["certificate"] == {
        "file": str(path),
        "bytes": size,
        "evidence": "tree of 31 nodes",
    }
    assert accepts(canonical(problem), path.read_bytes())
    with pytest.raises(InputError, match="no folder"):
        check(problem.network, problem.specification, certificate=tmp_path / "no" / "proof")


def test_check_says_why_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "NODES", 20)
    problem = pairs(30)
    verdict = check(problem.network, problem.specification, certificate=tmp_path / "proof")
    assert verdict.holds
    assert verdict.certificate is not None
    assert str(verdict.certificate).startswith("none (no tree within 20 nodes")
    assert verdict.to_json()["certificate"]["file"] is None
    assert not (tmp_path / "proof").exists()
    assert decided(problem).to_json()["certificate"] is None


def test_the_file_is_as_documented() -> None:
    problem = pairs(5)
    data = certify(problem, decided(problem)).to_bytes()
    assert data.startswith(b"superproof-certificate-1\n")
    assert recheck.read(data)[0]["sha256"] == problem.sha256


def test_an_older_certificate_does_not_stay_where_there_is_no_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "NODES", 20)
    problem = pairs(30)
    ours, theirs = tmp_path / "proof", tmp_path / "letter"
    ours.write_bytes(certify(pairs(5), decided(pairs(5))).to_bytes())
    theirs.write_text("not a certificate")
    for path in (ours, theirs):
        written = builder.write_certificate(problem, decided(problem), path)
        assert written.path is None
    assert not ours.exists()
    assert theirs.read_text() == "not a certificate"


def test_a_folder_is_no_destination(tmp_path: Path) -> None:
    problem = pairs(5)
    with pytest.raises(InputError, match="is a folder; name a file"):
        check(problem.network, problem.specification, certificate=tmp_path)


def test_only_certificates_are_written_over(tmp_path: Path) -> None:
    problem = pairs(5)
    model = tmp_path / "network.npz"
    model.write_bytes(b"a model")
    with pytest.raises(InputError, match="exists and is no certificate; name another file"):
        check(problem.network, problem.specification, certificate=model)
    assert model.read_bytes() == b"a model"
    for start in (b"", recheck.MAGIC, b"superproof-plain-code-1\n"):
        proof = tmp_path / "proof"
        proof.write_bytes(start)
        check(problem.network, problem.specification, certificate=proof)
        assert len(proof.read_bytes()) > len(recheck.MAGIC)


def two_questions() -> list[Question]:
    return [Question("the first", pairs(5)), Question("the second", pairs(6, threshold=1.5))]


def certified(questions: list[Question], path: Path) -> Any:
    parts = [(text, problem, decided(problem)) for text, problem in questions]
    written = builder.write_certificates(parts, path)
    assert written.path == str(path)
    assert written.content.startswith(f"{len(questions)} parts: all inputs evaluated")
    return json.loads(json.dumps(canonical_questions(questions)))


def test_several_questions_in_one_file(tmp_path: Path) -> None:
    data = certified(two_questions(), tmp_path / "proof")
    file = (tmp_path / "proof").read_bytes()
    first, second = recheck.recheck(data, file).split("\n")
    assert first == "'the first': holds (all inputs evaluated)"
    assert second.startswith("'the second': violated")
    # neither fewer questions, nor another order, nor a single problem
    for questions in (data["questions"][:1], data["questions"][::-1]):
        assert not accepts(data | {"questions": questions}, file)
    assert not accepts(data["questions"][0]["problem"], file)
    single = certify(pairs(5), decided(pairs(5))).to_bytes()
    assert accepts(data | {"questions": data["questions"][:1]}, single)
    with pytest.raises(recheck.UnreadableError, match="no questions"):
        recheck.recheck(data | {"questions": []}, file)


def test_a_sentence_cannot_pose_as_an_answer(tmp_path: Path) -> None:
    questions = [Question("x\naccepted: all is well", pairs(5)), *two_questions()]
    data = certified(questions, tmp_path / "proof")
    answer = recheck.recheck(data, (tmp_path / "proof").read_bytes())
    assert answer.startswith(r"'x\naccepted: all is well': holds")
    assert len(answer.split("\n")) == 3


def test_all_questions_have_evidence_or_none_has(tmp_path: Path) -> None:
    (text, problem), (other, wrong) = two_questions()
    parts = [(text, problem, decided(problem)), (other, wrong, Verdict("unknown", "auto", None))]
    written = builder.write_certificates(parts, tmp_path / "proof")
    assert str(written) == "none ('the second': the verdict is unknown)"
    assert not (tmp_path / "proof").exists()


def test_building_takes_what_the_time_limit_leaves() -> None:
    assert builder.seconds_left(None) == builder.SECONDS
    now = time.monotonic()
    assert builder.seconds_left(now - 5) == builder.LEAST_SECONDS
    assert builder.seconds_left(now + 1e6) == builder.SECONDS
    assert 10 < builder.seconds_left(now + 20) <= 20


def without_one(inputs: int, lost: int) -> Problem:
    """The pairs of neighbouring inputs, one neuron a pair, with one neuron cut off."""
    whole = pairs(inputs)
    first, second = whole.network.layers
    read = second.weight.copy()
    read[0, lost] = 0
    network = Network.from_arrays([first.weight, read], [first.bias, second.bias])
    return Problem(network, whole.specification)


@pytest.mark.parametrize("lost", [0, 3])
def test_a_lost_clause_is_counted_with_a_proof(lost: int) -> None:
    problem = without_one(60, lost)
    verdict = decided(problem, count=True, engine="tree")
    assert verdict.violations is not None
    assert verdict.violations > 10**6
    certificate = certify(problem, verdict)
    assert certificate.claim["violations"] == verdict.violations
    assert certificate.evidence["last"] == [[lost]]
    assert len(certificate.evidence["codes"]) < 200
    data, file = canonical(problem), certificate.to_bytes()
    assert f"{verdict.violations:,} inputs" in recheck.recheck(data, file)
    for claim in (verdict.violations - 1, verdict.violations + 1):
        other = certificate.claim | {"violations": claim}
        assert not accepts(data, file_of(problem, other, certificate.evidence))
    for last in ([[]], [[lost + 1]], [[str(lost)]], [], [lost], [[lost], []]):
        other = certificate.evidence | {"last": last}
        assert not accepts(data, file_of(problem, certificate.claim, other))


def test_clauses_are_counted_as_by_hand() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = int(rng.integers(1, 7))
        clauses = set()
        for _ in range(rng.integers(0, 6)):
            members = rng.choice(n, rng.integers(1, min(3, n) + 1), replace=False)
            clauses.add(frozenset(int(2 * v + rng.integers(2)) for v in members))
        used = sorted({part >> 1 for clause in clauses for part in clause})
        expected = [0] * (len(used) + 1)
        for bits in itertools.product((0, 1), repeat=len(used)):
            value = dict(zip(used, bits, strict=True))
            if not any(all(value[p >> 1] == p & 1 for p in clause) for clause in clauses):
                expected[sum(bits)] += 1
        assert recheck.spread(frozenset(clauses), {}) == expected


def test_counting_that_takes_too_long_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = without_one(40, 0)
    certificate = certify(problem, decided(problem, count=True, engine="tree"))
    monkeypatch.setattr(recheck, "COUNTED", 3)
    with pytest.raises(recheck.RejectedError, match="too long to count"):
        recheck.recheck(canonical(problem), certificate.to_bytes())
    monkeypatch.undo()
    monkeypatch.setattr(recheck, "spread", endless)
    with pytest.raises(recheck.RejectedError, match="too long to count"):
        recheck.recheck(canonical(problem), certificate.to_bytes())


def endless(clauses: frozenset[frozenset[int]], known: Any) -> list[int]:
    return endless(clauses, known)
