"""The checker for superposed networks: true claims accepted, false ones never, hostile files."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from superproof.constructions.superposed import superposed_pairwise_and
from superproof.verify import recheck_superposed as checker
from superproof.verify.certificate import Certificate
from superproof.verify.check import check
from superproof.verify.errors import ProofError
from superproof.verify.network import Layer, Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels
from superproof.verify.specification import Specification
from superproof.verify.superposed_certificate import certify_superposed, in_reach

from ..oracles.fraction_oracle import answer
from .certificates import canonical
from .engines.test_superposed import network as network_of
from .engines.test_superposed import pairs_of, problems, right_network, specification


def file_of(problem: Problem, **claim: Any) -> bytes:
    """A certificate with right hashes that claims ``holds``."""
    return claimed(problem.sha256, checker.HOLDS | claim)


def claimed(sha256: dict[str, str], claim: dict[str, Any]) -> bytes:
    """A certificate that claims this, its evidence left to the checker."""
    return Certificate(sha256, claim, {"kind": "values"}, checker.MAGIC).to_bytes()


def file_with(text: bytes) -> bytes:
    """A certificate with this text."""
    return checker.MAGIC + zlib.compress(text, 1)


def accepted(data: Any, certificate: bytes) -> bool:
    """Whether the checker accepts; problems of another kind are not accepted."""
    try:
        checker.recheck(data, certificate)
    except (checker.RejectedError, checker.UnreadableError):
        return False
    return True


@settings(max_examples=200, deadline=None)
@given(problems())
def test_accepted_exactly_where_the_oracle_says_so(problem: Problem) -> None:
    truth = answer(problem)
    assert accepted(canonical(problem), file_of(problem)) == (truth.status == "holds")


@settings(max_examples=40, deadline=None)
@given(problems())
def test_the_size_of_blocks_changes_nothing(problem: Problem) -> None:
    kept = checker.BLOCK, checker.ROWS, checker.GROUP
    try:
        checker.BLOCK, checker.ROWS, checker.GROUP = 40, 2, 3
        truth = answer(problem).status == "holds"
        assert accepted(canonical(problem), file_of(problem)) == truth
    finally:
        checker.BLOCK, checker.ROWS, checker.GROUP = kept


def test_lanes_at_their_bound() -> None:
    for bound in (0, 1, 63, 64, 127, 2**15 - 1, 2**15, 10**9):
        lanes = checker.Lanes(bound, 3)
        assert lanes.half > 2 * bound + 1
        for value in {-bound, -1, 0, 1, bound} if bound else {0}:
            packed = sum(value << k * lanes.bits for k in range(3))
            for level in {-bound - 1, -bound, 0, bound, bound + 1}:
                most, least = min(level, bound), max(level, -bound)
                assert (lanes.wrong(packed, 0, 0, most, 3) < 0) == (value <= most)
                ones = sum(1 << k * lanes.bits for k in range(3))
                assert (lanes.wrong(packed, ones, least, 0, 3) < 0) == (value >= least)


# networks and questions that are almost the same


def changed_layer(problem: Problem, at: int, weight: Any = None, bias: Any = None) -> Problem:
    layers = list(problem.network.layers)
    old = layers[at]
    weight = old.weight if weight is None else weight
    layers[at] = Layer(weight, old.bias if bias is None else bias, old.activation)
    return Problem(Network(tuple(layers)), problem.specification)


def other_weight(rng: random.Random, problem: Problem) -> Problem:
    at = rng.randrange(3)
    weight = np.array(problem.network.layers[at].weight, dtype=np.float64)
    place = rng.randrange(weight.shape[0]), rng.randrange(weight.shape[1])
    old = float(weight[place])
    steps = (0.0, -old, old + 1, old - 1, 1 - old, float(np.nextafter(old, 9)), 2.0**60)
    weight[place] = rng.choice(steps)
    return changed_layer(problem, at, weight=weight)


def other_bias(rng: random.Random, problem: Problem) -> Problem:
    at = rng.randrange(3)
    bias = np.array(problem.network.layers[at].bias, dtype=np.float64)
    bias[rng.randrange(len(bias))] += rng.choice([-40, -2, -1, -0.5, 0.25, 0.5, 1, 40])
    return changed_layer(problem, at, bias=bias)


def other_pair(rng: random.Random, problem: Problem) -> Problem:
    old = problem.specification
    formulas = list(old.formulas)
    names = rng.sample(list(old.inputs), 2)
    formulas[rng.randrange(len(formulas))] = f"{names[0]} & {names[1]}"  # type: ignore[call-overload]
    new = Specification(list(old.inputs), formulas, domain=old.domain, readout=old.readout)
    return Problem(problem.network, new)


def other_domain(rng: random.Random, problem: Problem) -> Problem:
    old = problem.specification
    active = min(old.domain.at_most + rng.choice((1, 2)), len(old.inputs))
    domain = rng.choice([f"at most {active}", "all", "exactly 2"])
    new = Specification(list(old.inputs), list(old.formulas), domain=domain, readout=old.readout)
    return Problem(problem.network, new)


def other_readout(rng: random.Random, problem: Problem) -> Problem:
    old = problem.specification
    readout = rng.choice([0.5, 1, -1, Levels(Fraction(1), Fraction(-1))])
    new = Specification(list(old.inputs), list(old.formulas), domain=old.domain, readout=readout)
    return Problem(problem.network, new)


ALMOST: tuple[Callable[[random.Random, Problem], Problem], ...] = (
    other_weight,
    other_weight,
    other_bias,
    other_pair,
    other_domain,
    other_readout,
)


def exact_ones() -> list[Problem]:
    """Small problems that hold, built and made by hand, at 2 and 3 active inputs."""
    found = [right_network(5, active) for active in (1, 2, 3)]
    for active, neurons in ((2, 14), (3, 22)):
        rng = np.random.default_rng(active)
        pairs = list(dict.fromkeys(pairs_of(6, 7, rng)))
        built = superposed_pairwise_and(
            6, pairs, neurons, active, method="least-squares", bits=6, draws=40
        )
        specified = specification(6, [tuple(pair) for pair in pairs], active)
        found.append(Problem(built.network, specified))
    return found


def test_no_mutant_is_accepted_for_a_false_claim() -> None:
    outcomes: Counter[str] = Counter()
    for number, honest in enumerate(exact_ones()):
        assert accepted(canonical(honest), file_of(honest))
        rng = random.Random(number)
        for _ in range(120):
            other = rng.choice(ALMOST)(rng, honest)
            right = answer(other).status == "holds"
            data = canonical(other)
            same = other.sha256 == honest.sha256
            assert accepted(data, file_of(honest)) <= same
            found = accepted(data, file_of(other))
            assert found <= right, data
            outcomes[f"right {right}, accepted {found}"] += 1
    assert outcomes["right False, accepted False"] > 200, outcomes
    assert outcomes["right True, accepted True"] > 20, outcomes


def test_what_check_writes_is_accepted(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    problem = right_network(12, 3, outputs=9)
    verdict = check(
        problem.network, problem.specification, engine="superposed", certificate=proof, dtypes=()
    )
    assert verdict.certificate is not None
    assert verdict.certificate.content == "all inputs evaluated"
    said = checker.recheck(canonical(problem), proof.read_bytes())
    assert said == "holds (299 inputs evaluated)"
    for problem_json, code, words in (
        (problem, 0, "accepted: holds (299 inputs"),
        (right_network(12, 2, outputs=9), 1, "rejected: it is about another domain"),
    ):
        (tmp_path / "p.json").write_text(json.dumps(problem_json.canonical()))
        done = alone(tmp_path / "p.json", proof)
        assert (done.returncode, done.stdout[: len(words)]) == (code, words)
        assert done.stdout.count("\n") == 1
    done = alone(tmp_path / "p.json", tmp_path / "none")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    (tmp_path / "p.json").write_text('{"format": 0.5}')
    done = alone(tmp_path / "p.json", proof)
    assert (done.returncode, done.stderr[:12]) == (2, "unreadable: ")
    assert alone(proof).returncode == 2


def alone(*files: Path) -> subprocess.CompletedProcess[str]:
    """The checker as a program of its own."""
    words = [sys.executable, "-I", str(checker.__file__), *map(str, files)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_only_the_standard_library_is_imported() -> None:
    lines = Path(checker.__file__).read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import", "from"))}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_a_wrong_network_is_named_with_its_input(tmp_path: Path) -> None:
    problem = right_network(6, 2)
    bias = np.array(problem.network.layers[2].bias)
    bias[1] = 0.5
    wrong = changed_layer(problem, 2, bias=bias)
    with pytest.raises(checker.RejectedError, match="output 1 is wrong where"):
        checker.recheck(canonical(wrong), file_of(wrong))
    # a violated verdict has its counterexamples, which the general checker evaluates
    verdict = check(wrong.network, wrong.specification, engine="superposed",
                    certificate=tmp_path / "c", dtypes=())  # fmt: skip
    assert verdict.status == "violated"
    assert not (tmp_path / "c").read_bytes().startswith(checker.MAGIC)


def test_odd_files_are_rejected_in_one_line() -> None:
    problem = right_network(5, 2)
    data = canonical(problem)
    good = {"sha256": problem.sha256, "claim": checker.HOLDS, "evidence": {"kind": "values"}}
    odd: list[tuple[bytes, str]] = [
        (b"", "does not begin"),
        (b"superproof-certificate-1\nabc", "does not begin"),
        (checker.MAGIC + b"junk", "damaged"),
        (file_with(b"[" * 50_000), "damaged"),
        (file_with(b" " * (checker.TEXT + 1)), "more than 65,536 bytes"),
        (file_with(b"{}")[:-3], "cut off|damaged"),
        (file_with(b"{}") + b"x", "goes on after its end"),
        (file_with(b"[]"), "keys"),
        (file_with(b'{"sha256": 1}'), "keys"),
        (file_with(b'{"claim": 1.5}'), "damaged"),
        (file_with(b'{"claim": NaN}'), "damaged"),
        (file_with(b'{"claim": 1, "claim": 2}'), "damaged"),
        (file_of(problem, violations=False), "about violations does not follow"),
        (file_of(problem, violations=1), "about violations does not follow"),
        (file_of(problem, violations_by_output=[0]), "violations_by_output does not follow"),
        (file_of(problem, status="violated"), "about status does not follow"),
        (file_of(problem, status=None), "about status does not follow"),
    ]
    for key, value, words in (
        ("evidence", {"kind": "tree"}, "keys"),
        ("evidence", {"kind": "values", "more": 1}, "keys"),
        ("sha256", problem.sha256 | {"network": "0" * 64}, "another network"),
    ):
        odd.append((file_with(json.dumps(good | {key: value}).encode()), words))
    assert accepted(data, file_with(json.dumps(good).encode()))
    assert accepted(data, file_of(problem, violations_by_output=[0, 0, 0]))
    assert accepted(data, file_of(problem, violations=None))
    for certificate, words in odd:
        with pytest.raises(checker.RejectedError, match=words) as caught:
            checker.recheck(data, certificate)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format",), "other"),
        (("domain", "cardinality"), [1, 2]),
        (("domain", "values"), ["0", "2"]),
        (("domain", "points"), []),
        (("specification", "formulas"), [["or", 0, 1]] * 3),
        (("specification", "formulas"), [["and", 0, 0]] * 3),
        (("specification", "formulas"), [["and", 0, 99]] * 3),
        (("specification", "formulas"), [["and", 0, 1]]),
        (("specification", "inputs"), "abcde"),
        (("specification", "readout"), {"kind": "argmax"}),
        (("specification", "readout"), {"kind": "threshold", "threshold": "1e9999"}),
        (("network", "layers"), []),
        (("network", "layers", 0, "activation"), "step"),
        (("network", "layers", 1, "activation"), "relu"),
        (("network", "layers", 0, "weight", "exponent"), 1 << 30),
        (("network", "layers", 0, "weight", "mantissas"), [1]),
        (("network", "layers", 0, "weight", "indptr"), [0]),
        (("network", "layers", 0, "shape"), [-1, 5]),
    ],
)
def test_problems_of_another_kind_are_unreadable(place: tuple[Any, ...], value: Any) -> None:
    data = canonical(right_network(5, 2))
    part = data
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    del data["sha256"]
    hashes = {part: checker.digest(data[part]) for part in checker.PARTS}
    with pytest.raises(checker.UnreadableError):
        checker.recheck(data, claimed(hashes, checker.HOLDS))


@pytest.mark.parametrize(
    ("weight", "bias", "words"),
    [
        ([[1.0, 2.0, 0, 0, 0]], None, "neuron 0 has no equal weights"),
        ([[-1.0, -1.0, 0, 0, 0]], None, "neuron 0 has no equal weights"),
        ([[0.0] * 5], [0.5], "neuron 0 has a bias of another form"),
        ([[1.0, 1.0, 0, 0, 0]], [-1.5], "neuron 0 has a bias of another form"),
    ],
)
def test_neurons_of_another_form(weight: Any, bias: Any, words: str) -> None:
    problem = right_network(5, 2)
    first = problem.network.layers[0]
    rows, shift = np.array(first.weight), np.array(first.bias)
    rows[0], shift[0] = weight[0], -1.0 if bias is None else bias[0]
    other = changed_layer(problem, 0, weight=rows, bias=shift)
    with pytest.raises(checker.RejectedError, match=words):
        checker.recheck(canonical(other), file_of(other))


def test_too_many_values_are_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = right_network(6, 2)
    verdict = check(problem.network, problem.specification, dtypes=())
    with pytest.raises(ProofError, match="the verdict is unknown"):
        certify_superposed(problem, replace(verdict, status="unknown"))
    assert in_reach(problem)
    certificate = certify_superposed(problem, verdict)
    monkeypatch.setattr(checker, "WORK", 900)
    assert not in_reach(problem)
    with pytest.raises(ProofError, match="too many values"):
        certify_superposed(problem, verdict)
    with pytest.raises(checker.RejectedError, match="too many values"):
        checker.recheck(canonical(problem), certificate.to_bytes())


def test_one_linear_layer_and_families_are_read_as_well() -> None:
    rng = np.random.default_rng(1)
    code = (rng.random((5, 4)) < 0.6).astype(float)
    built = network_of(code, np.eye(5), rng.integers(-3, 4, (2, 5)).astype(float), -0.5)
    first, _, last = built.layers
    short = Network((first, last))
    for network in (built, short):
        problem = Problem(network, specification(4, [(0, 1), (2, 3)], 4))
        truth = answer(problem).status == "holds"
        assert accepted(canonical(problem), file_of(problem)) == truth
