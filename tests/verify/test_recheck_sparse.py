"""The checker for plain code networks: true claims accepted, false ones never, hostile files."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.verify import recheck_sparse as checker
from superproof.verify.certificate import Certificate
from superproof.verify.check import check
from superproof.verify.engines.plain_network import UnrecognisedError, plain_network
from superproof.verify.errors import ProofError
from superproof.verify.network import Layer, Network
from superproof.verify.plain_certificate import certify_plain
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from .certificates import canonical
from .engines.test_sparse import by_definition, one_neuron_each
from .plain_codes import random_problem

HOLDS = {"status": "holds", "violations": 0, "violations_by_output": None}
VIOLATED = {"status": "violated", "violations": None, "violations_by_output": None}
CRITERION: dict[str, Any] = {"kind": "criterion"}


def file_of(problem: Problem, claim: dict[str, Any], evidence: dict[str, Any]) -> bytes:
    """A certificate with right hashes."""
    return Certificate(problem.sha256, claim, evidence, checker.MAGIC).to_bytes()


def file_with(text: bytes) -> bytes:
    """A certificate with this text."""
    return checker.MAGIC + zlib.compress(text, 1)


def accepted(data: Any, certificate: bytes) -> bool:
    """Whether the checker accepts; anything but a rejection is an error."""
    try:
        checker.recheck(data, certificate)
    except checker.RejectedError:
        return False
    return True


def test_every_true_claim_is_accepted_and_its_opposite_is_not() -> None:
    seen: Counter[str] = Counter()
    for seed in range(400):
        problem = random_problem(seed)
        right, _, _ = by_definition(problem)
        verdict = check(problem.network, problem.specification, engine="sparse", dtypes=())
        certificate = certify_plain(problem, verdict)
        said = checker.recheck(canonical(problem), certificate.to_bytes())
        assert said.startswith("holds" if right else "violated")
        opposite = file_of(problem, HOLDS, CRITERION)
        assert accepted(canonical(problem), opposite) == right
        seen[verdict.status] += 1
    assert min(seen.values()) > 30


def test_both_ways_of_counting_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    for trial in range(40):
        neurons, inputs, active = 14, 40, int(rng.integers(1, 5))
        rows = [int.from_bytes(rng.bytes(inputs // 8), "little") for _ in range(neurons)]
        mask = (1 << 3) + (1 << 17)
        counts = [sum(row >> c & 1 for row in rows) for c in range(inputs) if c not in (3, 17)]
        best = sum(sorted(counts)[-active:])
        among = ((1 << inputs) - 1) ^ mask
        assert checker.largest(rows, active, among) == best, trial
        assert checker.largest(rows, 0, among) == 0
    for seed in range(60):
        problem = random_problem(seed)
        answers = set()
        for size in (1 << 31, -1):
            monkeypatch.setattr(checker, "PACKED", size)
            answers.add(accepted(canonical(problem), file_of(problem, HOLDS, CRITERION)))
        assert len(answers) == 1


# problems that are almost the same


def other_weight(rng: random.Random, problem: Problem) -> Problem:
    """A weight put in, taken out or changed a little, in either layer."""
    layers = list(problem.network.dense.layers)
    at = rng.randrange(2)
    weight = np.array(layers[at].weight)
    place = rng.randrange(weight.shape[0]), rng.randrange(weight.shape[1])
    value = float(weight[place])
    old = float(np.abs(weight).max()) or 1.0
    weight[place] = rng.choice([0.0 if value else old, float(np.nextafter(value, 9)), 2 * value])
    layers[at] = Layer(weight, layers[at].bias, layers[at].activation)
    return Problem(Network(tuple(layers)), problem.specification)


def other_bias(rng: random.Random, problem: Problem) -> Problem:
    """A threshold shifted by one unit."""
    layers = list(problem.network.layers)
    at = rng.randrange(2)
    bias = np.array(layers[at].bias, dtype=np.float64)
    place = rng.randrange(len(bias))
    weight = np.abs(np.array(problem.network.dense.layers[at].weight)[place])
    bias[place] += rng.choice([-1, 1]) * float(weight.max() or 1.0)
    layers[at] = replace(layers[at], bias=bias)
    return Problem(Network(tuple(layers)), problem.specification)


def respecified(
    problem: Problem, rows: list[list[int]] | None = None, domain: Any = None
) -> Problem:
    """The same network, other members or another domain."""
    old = problem.specification
    given = old.domain if domain is None else domain
    if rows is None:
        formulas = list(old.formulas)
    else:
        formulas = [" & ".join(f"x{c}" for c in row) for row in rows]  # type: ignore[misc]
    specification = Specification(list(old.inputs), formulas, domain=given, readout=old.readout)
    return Problem(problem.network, specification)


def other_member(rng: random.Random, problem: Problem) -> Problem:
    """A member exchanged for another input."""
    rows = [list(row) for row in members(problem)]
    row = rng.choice(rows)
    row[rng.randrange(len(row))] = rng.randrange(problem.network.input_size)
    return respecified(problem, rows)


def other_domain(rng: random.Random, problem: Problem) -> Problem:
    """One more active input, or one less."""
    most = problem.specification.domain.at_most + rng.choice((-1, 1))
    return respecified(problem, domain=f"at most {min(max(most, 0), problem.network.input_size)}")


def members(problem: Problem) -> list[list[int]]:
    """The tuples."""
    plain = plain_network(problem)
    return [plain.code.tuples.row(j).tolist() for j in range(plain.code.outputs)]


ALMOST: tuple[Callable[[random.Random, Problem], Problem], ...] = (
    other_weight,
    other_bias,
    other_member,
    other_domain,
)


def test_no_mutant_is_accepted_for_a_false_claim() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(250):
        rng = random.Random(seed)
        honest = random_problem(seed)
        right, _, _ = by_definition(honest)
        evidence, claim = CRITERION, HOLDS
        if not right:
            verdict = check(honest.network, honest.specification, engine="sparse", dtypes=())
            certificate = certify_plain(honest, verdict)
            evidence, claim = certificate.evidence, certificate.claim
        for _ in range(6):
            other = rng.choice(ALMOST)(rng, honest)
            truth, _, wrong = by_definition(other)
            data = canonical(other)
            # the honest file names other hashes, unless the problem is the same
            same = other.sha256 == honest.sha256
            assert accepted(data, file_of(honest, claim, evidence)) <= same
            assert accepted(data, file_of(other, VIOLATED, evidence)) <= (not truth)
            recognised = is_plain(other)
            found = readable(data, file_of(other, HOLDS, CRITERION))
            assert found <= truth, (seed, data)
            # whatever is right and of the form is accepted as well
            assert found >= (truth and recognised), (seed, data)
            outcomes[f"holds {found}"] += 1
            bits = [rng.randrange(2) for _ in range(other.network.input_size)]
            j = rng.randrange(other.network.output_size)
            value = other.network.evaluate(bits)[j]
            point = {
                "kind": "point",
                "true": [i for i, bit in enumerate(bits) if bit],
                "output": j,
                "value": str(value + rng.choice((0, 0, 1))),
            }
            found = readable(data, file_of(other, VIOLATED, point))
            assert found <= (bytes(bits) in wrong)
            outcomes[f"point {found}"] += 1
    assert min(outcomes.values()) > 50, outcomes


def is_plain(problem: Problem) -> bool:
    """Whether the engine recognises the problem."""
    try:
        plain_network(problem)
    except UnrecognisedError:
        return False
    return True


def readable(data: Any, certificate: bytes) -> bool:
    """Whether the checker accepts; problems of another kind are not accepted."""
    try:
        return accepted(data, certificate)
    except checker.UnreadableError:
        return False


def test_damaged_files() -> None:
    problem = next(p for p in map(random_problem, range(99)) if by_definition(p)[0])
    file, data = file_of(problem, HOLDS, CRITERION), canonical(problem)
    rng = random.Random(0)
    assert accepted(data, file)
    for _ in range(2000):
        place, bit = rng.randrange(len(file)), 1 << rng.randrange(8)
        damaged = file[:place] + bytes([file[place] ^ bit]) + file[place + 1 :]
        if rng.random() < 0.2:
            damaged = file[:place]
        # a flipped bit in zlib's header may change nothing
        assert not accepted(data, damaged) or checker.read(damaged) == checker.read(file)


def lines() -> list[tuple[bytes, str]]:
    problem = one_neuron_each(False, 100)
    good = {"sha256": problem.sha256, "claim": HOLDS, "evidence": CRITERION}
    odd: list[tuple[bytes, str]] = [
        (b"", "does not begin"),
        (b"superproof-certificate-1\nabc", "does not begin"),
        (checker.MAGIC + b"junk", "damaged"),
        (file_with(b"[" * 100_000), "too many lists"),
        (file_with(b"0" * (checker.TEXT + 1)), "more than"),
        (file_with(b"{}")[:-3], "cut off|damaged"),
        (file_with(b"{}") + b"x", "goes on after its end"),
        (file_with(b"[]"), "keys"),
        (file_with(b'{"sha256": 1}'), "keys"),
        (file_with(b'{"claim": 1.5}'), "no integer"),
        (file_with(b"9" * (checker.DIGITS + 1)), "digits"),
    ]
    for key, value, words in (
        ("evidence", {"kind": "tree", "codes": []}, "keys"),
        ("evidence", {"kind": "point", "true": [0], "output": 0, "value": "0"}, "not follow"),
        ("claim", VIOLATED, "does not follow"),
        ("claim", HOLDS | {"violations": False}, "violations does not follow"),
        ("claim", HOLDS | {"violations": 1}, "violations does not follow"),
        ("claim", HOLDS | {"violations_by_output": [0]}, "violations_by_output does not follow"),
        ("sha256", problem.sha256 | {"domain": "0" * 64}, "another domain"),
    ):
        odd.append((file_with(json.dumps(good | {key: value}).encode()), words))
    for point, words in (
        ({"true": [0, 0], "output": 0, "value": "0"}, "no input of the domain"),
        ({"true": [-1], "output": 0, "value": "0"}, "no input of the domain"),
        ({"true": [True], "output": 0, "value": "0"}, "no input of the domain"),
        ({"true": [0, 1, 2, 3, 4, 5], "output": 0, "value": "0"}, "no input of the domain"),
        ({"true": [0], "output": 100, "value": "0"}, "no output"),
        ({"true": [0], "output": 0, "value": "1/2"}, "another one"),
        ({"true": [0, 1], "output": 0, "value": "1/2"}, "is right there"),
    ):
        evidence = {"kind": "point"} | point
        text = json.dumps(good | {"claim": VIOLATED, "evidence": evidence})
        odd.append((file_with(text.encode()), words))
    return odd


def test_odd_files_are_rejected_in_one_line() -> None:
    data = canonical(one_neuron_each(False, 100))
    for certificate, words in lines():
        with pytest.raises(checker.RejectedError, match=words) as caught:
            checker.recheck(data, certificate)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format",), "other"),
        (("domain", "cardinality"), [1, 5]),
        (("domain", "values"), ["0", "2"]),
        (("domain", "points"), []),
        (("specification", "family", "kind"), "or"),
        (("specification", "family", "members"), [[0, 99_999]]),
        (("specification", "family", "members"), [[]]),
        (("specification", "formulas"), [["or", 0, 1]]),
        (("specification", "inputs"), "abc"),
        (("specification", "readout"), {"kind": "argmax"}),
        (("specification", "readout"), {"kind": "threshold", "threshold": "1e999999999"}),
        (("network", "layers"), []),
        (("network", "layers", 0, "activation"), "step"),
        (("network", "layers", 0, "weight", "exponent"), 1 << 30),
        (("network", "layers", 0, "weight", "indptr"), [0]),
        (("network", "layers", 0, "weight", "indices"), [1.5]),
        (("network", "layers", 0, "shape"), [-1, 200]),
    ],
)
def test_problems_of_another_kind_are_unreadable(place: tuple[Any, ...], value: Any) -> None:
    data = canonical(one_neuron_each(False, 100))
    part = data
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    del data["sha256"]
    hashes = {part: checker.digest(data[part]) for part in checker.PARTS}
    with pytest.raises(checker.UnreadableError):
        checker.recheck(data, Certificate(hashes, HOLDS, CRITERION, checker.MAGIC).to_bytes())


def test_columns_must_ascend() -> None:
    data = canonical(one_neuron_each(False, 100))
    weight = data["network"]["layers"][0]["weight"]
    weight["indices"][:2] = weight["indices"][1::-1]
    with pytest.raises(checker.UnreadableError, match="own"):
        checker.recheck(data, file_of(one_neuron_each(False, 100), HOLDS, CRITERION))
    del data["sha256"]
    with pytest.raises(checker.UnreadableError, match="indices"):
        checker.recheck(data, file_of(one_neuron_each(False, 100), HOLDS, CRITERION))


def test_nothing_is_certified_without_evidence() -> None:
    problem = one_neuron_each(False, 100)
    verdict = check(problem.network, problem.specification)
    with pytest.raises(ProofError, match="unknown"):
        certify_plain(problem, replace(verdict, status="unknown"))
    with pytest.raises(ProofError, match="no counterexample"):
        certify_plain(problem, replace(verdict, status="violated"))


def test_the_file_alone(tmp_path: Path) -> None:
    checks = Path(checker.__file__)
    imported = {
        line.split()[1]
        for line in checks.read_text().splitlines()
        if line.startswith(("import", "from"))
    }
    assert imported <= set(sys.stdlib_module_names) | {"collections", "__future__"}
    for damage, code, words in ((False, 0, "accepted: holds"), (True, 0, "accepted: violated")):
        problem = one_neuron_each(damage, 100)
        verdict = check(
            problem.network, problem.specification, certificate=tmp_path / "c", dtypes=()
        )
        assert verdict.certificate is not None
        assert verdict.certificate.size < 1000
        (tmp_path / "p.json").write_text(json.dumps(problem.canonical()))
        done = run(checks, tmp_path / "p.json", tmp_path / "c")
        assert (done.returncode, done.stdout[: len(words)]) == (code, words), done
    forged = file_of(one_neuron_each(True, 100), HOLDS, CRITERION)
    (tmp_path / "c").write_bytes(forged)
    done = run(checks, tmp_path / "p.json", tmp_path / "c")
    assert (done.returncode, done.stdout) == (1, "rejected: the criterion fails for output 17\n")
    (tmp_path / "p.json").write_text("[]")
    done = run(checks, tmp_path / "p.json", tmp_path / "c")
    assert done.returncode == 2
    assert done.stderr.startswith("unreadable")
    assert run(checks, tmp_path / "none", tmp_path / "c").returncode == 2
    assert run(checks).stderr.startswith("usage")


def run(*arguments: Path) -> subprocess.CompletedProcess[str]:
    """The checker in an interpreter of its own, with nothing installed in sight."""
    command = [sys.executable, "-I", "-S", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
