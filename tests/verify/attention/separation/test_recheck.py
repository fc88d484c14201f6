"""The two checkers of separation: what is proved is accepted, forged evidence is not."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from superproof.verify.attention.separation import recheck as plain
from superproof.verify.attention.separation import recheck_numpy as arrays
from superproof.verify.attention.separation.separate import SeparationProblem, separate
from superproof.verify.problem import digest

from .separation_certificates import CASES, answers, case, content_of, file_of


def true_of(problem: dict[str, Any], status: str) -> bool:
    """What a linear program in floating point says of a claim."""
    x, items = np.array(problem["embeddings"]) / 1024, problem["items"]
    sign = -np.ones((items, items))
    for i, j in problem["edges"]:
        sign[i, j] = 1
    rows = np.einsum("ia,jb->ijab", x, x).reshape(items**2, -1)
    rows = np.column_stack([rows, np.ones(items**2)]) * -sign.reshape(-1, 1)
    solved = linprog(
        np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(items**2), bounds=(None, None)
    )
    assert solved.status in (0, 2)
    return (solved.status == 0) == (status == "separable")


@pytest.mark.parametrize("kind", CASES)
def test_right_ones_are_accepted(kind: str) -> None:
    found = case(kind)
    assert found.form == kind
    problem = found.problem.canonical()
    assert answers(problem, found.certificate()) == ("accepted", "accepted")
    assert true_of(problem, found.status)
    del problem["sha256"]
    assert answers(problem, found.certificate()) == ("accepted", "accepted")


# evidence that is almost right


def other_number(rng: random.Random, value: int) -> int:
    return rng.choice([0, -value, value + 1, value - 1, 2 * value + 3, -1, value ^ 4, 10**30])


def changed_list(rng: random.Random, values: list[Any]) -> list[Any]:
    values = list(values)
    place = rng.randrange(len(values))
    way = rng.randrange(5)
    if way == 0:
        del values[place]
    elif way == 1:
        values.insert(place, values[rng.randrange(len(values))])
    elif way == 2:
        other = rng.randrange(len(values))
        values[place], values[other] = values[other], values[place]
    elif isinstance(values[place], int):
        values[place] = other_number(rng, values[place])
    elif isinstance(values[place], list):
        values[place] = changed_list(rng, values[place])
    else:
        values[place] = f"{max(int(values[place], 16) + rng.choice([-1, 1, 16]), 0):x}"
    return values


def mutant(rng: random.Random, data: dict[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(data)
    evidence = data["evidence"]
    name = rng.choice([key for key in evidence if key != "kind"])
    value = evidence[name]
    if isinstance(value, list):
        evidence[name] = changed_list(rng, value) if value else [0]
    elif isinstance(value, int):
        evidence[name] = other_number(rng, value)
    else:
        evidence[name] = f"{int(value, 16) + rng.choice([-1, 1, 2, 1 << 40]):x}"
    return data


@pytest.mark.parametrize("kind", CASES)
def test_mutants_of_the_evidence(kind: str) -> None:
    found, rng = case(kind), random.Random(1)
    problem, data = found.problem.canonical(), content_of(found)
    seen: Counter[str] = Counter()
    for _ in range(250):
        changed = mutant(rng, data)
        if changed == data:
            continue
        said = answers(problem, file_of(changed))
        # what they accept is true: the claim is still the same, and it holds
        assert said[0] == said[1]
        seen[said[0]] += 1
    assert seen["rejected"] > (170 if kind == "rational" else 60)
    assert set(seen) <= {"accepted", "rejected"}
    if kind == "rational":
        # equal sums are for exact multipliers only
        assert not seen["accepted"]


@pytest.mark.parametrize("kind", CASES)
def test_mutants_of_the_problem(kind: str) -> None:
    found, rng = case(kind), random.Random(2)
    data = content_of(found)
    seen: Counter[tuple[str, bool]] = Counter()
    for _ in range(100):
        problem = found.problem.canonical()
        for _ in range(rng.randrange(1, 8)):
            if rng.random() < 0.3:
                row = rng.choice(problem["embeddings"])
                row[rng.randrange(len(row))] = rng.randrange(-1500, 1500)
            else:
                # mostly an edge less, so that the truth may change
                pairs = {(i, j) for i, j in problem["edges"]}
                pairs ^= {(rng.randrange(problem["items"]), rng.randrange(problem["items"]))}
                pairs -= {rng.choice(sorted(pairs))} if len(pairs) > 1 else set()
                problem["edges"] = sorted(map(list, pairs))
        stated = problem.pop("sha256")
        if digest(problem) == stated:
            continue
        said = answers(problem | {"sha256": stated}, file_of(data))
        assert said == ("unreadable", "unreadable")  # its hash is not its own
        assert answers(problem, file_of(data)) == ("rejected", "rejected")  # another problem
        forged = data | {"sha256": digest(problem)}
        said = answers(problem, file_of(forged))
        assert said[0] == said[1]
        truth = true_of(problem, found.status)
        assert truth or said[0] == "rejected"
        seen[said[0], truth] += 1
    assert seen["rejected", False] > 5


def test_false_claims_about_small_graphs() -> None:
    """Evidence for one graph is offered for all others on the same items."""
    rng = random.Random(3)
    embeddings = [[2, 1], [-1, 3], [1, -2]]
    found = [separate(embeddings, [[i, j]]) for i in range(3) for j in range(3)]
    found += [
        separate(embeddings, [[0, 1], [1, 0], [2, 2]]),
        separate(embeddings, [[0, 0], [1, 2]]),
    ]
    seen: Counter[tuple[str, bool]] = Counter()
    for _ in range(150):
        edges = rng.sample([[i, j] for i in range(3) for j in range(3)], rng.randrange(1, 8))
        problem = SeparationProblem.from_arrays(embeddings, edges).canonical()
        one = rng.choice(found)
        forged = content_of(one) | {"sha256": problem["sha256"]}
        said, again = answers(problem, file_of(forged))
        assert said == again
        truth = true_of(problem, one.status)
        assert truth or said == "rejected"
        seen[said, truth] += 1
    assert seen["rejected", False] > 20


def test_a_basis_that_is_singular_or_nearly_so() -> None:
    # twice the same item: two rows of the basis are the same
    found = case("krawczyk")
    problem, data = found.problem.canonical(), content_of(found)
    problem["embeddings"] = [problem["embeddings"][0]] * 8
    del problem["sha256"]
    data["sha256"] = digest(problem)
    assert answers(problem, file_of(data)) == ("rejected", "rejected")
    with pytest.raises(plain.RejectedError, match="singular"):
        plain.recheck(problem, file_of(data))
    # multipliers rounded to nothing: the criterion is not met
    data = content_of(found)
    data["evidence"]["multipliers"] = [1] * len(data["evidence"]["multipliers"])
    with pytest.raises(plain.RejectedError, match="too far from zero"):
        plain.recheck(found.problem.canonical(), file_of(data))
    with pytest.raises(arrays.Rejected, match="too far from 0"):
        arrays.check(found.problem.canonical(), file_of(data))


def forged(embeddings: Any, edges: Any, **evidence: Any) -> tuple[Any, bytes]:
    """A claim that it is impossible, of a problem that is separable."""
    assert separate(embeddings, edges).status == "separable"
    problem = SeparationProblem.from_arrays(embeddings, edges).canonical()
    claim = {"status": "impossible"}
    return problem, file_of({"sha256": problem["sha256"], "claim": claim, "evidence": evidence})


@pytest.mark.parametrize(
    ("embeddings", "edges", "pairs", "multipliers"),
    [
        ([[1], [2]], [[1, 1]], [1, 1], [1, -1]),  # equal scores with opposite signs
        ([[1], [2]], [[1, 1]], [1, 1], ["1", "-1"]),
        ([[1], [2]], [[1, 1]], [0, 1], [0, 0]),
        ([[0], [1]], [[1, 1]], [0], [1]),  # only the sum of the multipliers is not zero
        ([[1], [2]], [[1, 1]], [0, 3], [4, 1]),  # only that of the products is
    ],
)
def test_sums_that_prove_nothing(
    embeddings: Any, edges: Any, pairs: list[int], multipliers: list[Any]
) -> None:
    case = forged(
        embeddings, edges, kind="rational", pairs=pairs, multipliers=multipliers, unit="1"
    )
    assert answers(*case) == ("rejected", "rejected")


@pytest.mark.parametrize("multipliers", [[1, -1, -1, 1], [0, 0, 0, 0]])
def test_nearby_multipliers_that_are_not_positive(multipliers: list[int]) -> None:
    # 1 - 2 - 3 + 4 = 0 and 1 - 1 - 1 + 1 = 0, with a regular basis
    case = forged(
        [[1], [2], [3]],
        [[2, 2]],
        kind="krawczyk",
        pairs=[0, 1, 1, 2],
        multipliers=multipliers,
        outside=[1, 1],
    )
    assert answers(*case) == ("rejected", "rejected")


def test_an_inverse_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    # with C = 0 nothing moves, and only the first inequality fails
    case = forged(
        [[1], [2], [3]],
        [[2, 2]],
        kind="krawczyk",
        pairs=[0, 1],
        multipliers=[1, 1],
        outside=[],
    )
    assert answers(*case) == ("rejected", "rejected")
    monkeypatch.setattr(plain, "rounded", lambda rows, shift: [[0] * len(row) for row in rows])
    monkeypatch.setattr(arrays, "scaled", lambda values, _: np.zeros(values.shape, dtype=np.int64))
    with pytest.raises(plain.RejectedError, match="too close to singular"):
        plain.recheck(*case)
    with pytest.raises(arrays.Rejected, match="too near to a singular one"):
        arrays.check(*case)


def test_products_of_integers_are_exact() -> None:
    rng = np.random.default_rng(0)
    for bits in (1, 3, 12, 20, 31, 44, 60, 100, 200):
        for inner in (1, 2, 17, 300):
            left, right = (
                np.array(
                    [
                        [random.Random(int(s)).randrange(-(1 << b), 1 << b) for s in row]
                        for row in t
                    ],
                    dtype=object,
                )
                for t, b in (
                    (rng.integers(0, 1 << 40, (5, inner)), bits),
                    (rng.integers(0, 1 << 40, (inner, 4)), 61 - bits // 4),
                )
            )
            left[0, :], right[:, 0] = (1 << bits) - 1, -(1 << (61 - bits // 4)) + 1
            product = arrays.multiply(arrays.compact(left), arrays.compact(right))
            assert (product.astype(object) == left @ right).all()


def test_lanes_hold_their_range() -> None:
    for bits in (1, 7, 8, 9, 31, 64, 100):
        lanes = plain.Lanes(bits, 5)
        values = [-(1 << bits) + 1, -1, 0, 1, (1 << bits) - 1]
        assert lanes.unpack(lanes.pack(values)) == values
        assert lanes.unpack(-lanes.pack(values)) == [-v for v in values]


def test_the_checkers_share_no_code() -> None:
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (plain, arrays)]
    lines = [
        {line.strip() for line in text.splitlines() if len(line.strip()) > 45} for text in sources
    ]
    assert not lines[0] & lines[1]
    for text, allowed in zip(sources, ("", "numpy"), strict=True):
        imported = {
            line.split()[1].split(".")[0]
            for line in text.splitlines()
            if line.startswith(("import ", "from "))
        }
        assert imported - {"__future__", allowed} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", [plain, arrays])
def test_from_the_command_line(module: Any, tmp_path: Path) -> None:
    found = case("krawczyk")
    found.problem.save(tmp_path / "problem.json")
    (tmp_path / "certificate").write_bytes(found.certificate())
    (tmp_path / "other").write_bytes(case("matrix").certificate())
    (tmp_path / "float.json").write_text('{"items": 1.5}')

    def run(*names: str) -> tuple[int, str, str]:
        words = [sys.executable, "-I", module.__file__, *(str(tmp_path / n) for n in names)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    code, out, _ = run("problem.json", "certificate")
    assert (code, out.count("\n")) == (0, 1)
    assert out.startswith("accepted: impossible for one head (")
    code, out, _ = run("problem.json", "other")
    assert code == 1
    assert out.startswith("rejected: it ")
    for names in (("none.json", "certificate"), ("float.json", "certificate"), ("problem.json",)):
        code, out, error = run(*names)
        assert (code, out, error.count("\n")) == (2, "", 1)
        assert error.startswith(("unreadable: ", "usage: "))
