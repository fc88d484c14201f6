"""The independent checker against the Fraction oracle, and against files made to harm it."""

from __future__ import annotations

import ast
import itertools
import json
import random
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify import recheck
from superproof.verify.formula import Formula, Not
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from .. import strategies
from ..oracles import fraction_oracle as oracle
from .certificates import NOTHING, accepts, canonical, claim_of, file_of, file_with, grown

profile = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NAMES = tuple(f"x{i}" for i in range(5))
INDEX = {name: i for i, name in enumerate(NAMES)}


@settings(profile, max_examples=100)
@given(strategies.problems(), st.integers(0, 3), st.randoms(use_true_random=False))
def test_trees_prove_what_the_oracle_knows(problem: Problem, size: int, rng: random.Random) -> None:
    truth = oracle.answer(problem)
    checked = recheck.Problem(canonical(problem))
    if checked.points is not None:
        tree: dict[str, Any] = {"kind": "tree", "codes": [recheck.SMALL]}
        assert not accepts(canonical(problem), file_of(problem, claim_of(truth), tree))
        return
    last = [[q for q in range(4) if rng.random() < 0.5] for _ in checked.formulas]
    codes = grown(checked, (1 << size) - 1, rng, last)
    counts, total, _ = checked.tree(codes, last)
    assert tuple(counts) == truth.violations_by_output
    assert total == (truth.violations if sum(map(bool, counts)) < 2 else None)
    claim = claim_of(truth, union=total is not None)
    tree = {"kind": "tree", "codes": codes, "last": last}
    assert accepts(canonical(problem), file_of(problem, claim, tree))
    for name, other in false_claims(claim):
        assert not accepts(canonical(problem), file_of(problem, other, tree)), name
    for shorter in (codes[:-1], codes[1:], [*codes, recheck.EMPTY]):
        tree = {"kind": "tree", "codes": shorter, "last": last}
        assert not accepts(canonical(problem), file_of(problem, claim, tree))


def false_claims(claim: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Claims that differ from one that says all there is to say."""
    status = {"holds": "violated", "violated": "holds"}[claim["status"]]
    counts = claim["violations_by_output"]
    found = [
        ("status", claim | {"status": status}),
        ("bare status", {"status": status, **NOTHING}),
        ("no status", claim | {"status": None}),
        ("count", claim | {"violations": (claim["violations"] or 0) + 1}),
        ("truth for a count", claim | {"violations_by_output": [*map(bool, counts)]}),
        ("text", claim | {"violations_by_output": [*map(str, counts)]}),
        ("fewer outputs", claim | {"violations_by_output": counts[1:]}),
    ]
    for j, count in enumerate(counts):
        other = [*counts[:j], count + 1, *counts[j + 1 :]]
        found.append((f"count of output {j}", claim | {"violations_by_output": other}))
    return found


@settings(profile, max_examples=120)
@given(strategies.problems())
def test_tables_prove_what_the_oracle_knows(problem: Problem) -> None:
    truth = oracle.answer(problem)
    claim, table = claim_of(truth), {"kind": "table"}
    assert accepts(canonical(problem), file_of(problem, claim, dict(table)))
    for name, other in false_claims(claim):
        assert not accepts(canonical(problem), file_of(problem, other, dict(table))), name


@settings(profile, max_examples=120)
@given(strategies.problems())
def test_inputs_are_accepted_where_the_oracle_finds_them_wrong(problem: Problem) -> None:
    truth = oracle.answer(problem)
    data = canonical(problem)
    claim = {"status": "violated", **NOTHING}
    count = len(problem.specification.inputs)
    for bits in itertools.islice(itertools.product((False, True), repeat=count), 32):
        text = oracle.text(bits)
        values = [str(value) for value in oracle.outputs(problem, bits)]
        points = {"kind": "points", "inputs": [text], "values": [values]}
        assert accepts(data, file_of(problem, claim, points)) is (text in truth.violating)
    if truth.violating:
        text = min(truth.violating)
        values = [str(value) for value in oracle.outputs(problem, tuple(b == "1" for b in text))]
        for inputs, given_values in (
            ([text[:-1]], [values]),
            ([text + "0"], [values]),
            ([text.replace("0", "x", 1) + "x"], [values]),
            ([7], [values]),
            ([text], [values[1:]]),
            ([text], [["1/0"] * len(values)]),
            ([text], []),
            ([], []),
            ([text, text], [values]),
        ):
            points = {"kind": "points", "inputs": inputs, "values": given_values}
            assert not accepts(data, file_of(problem, claim, points))
        points = {"kind": "points", "inputs": [text], "values": [values]}
        exact = claim | {"violations": 1}
        assert not accepts(data, file_of(problem, exact, points)), "points do not count"


@settings(profile, max_examples=300)
@given(strategies.formulas(NAMES, max_leaves=12), st.booleans())
def test_normal_forms_are_equal_to_the_formula(formula: Formula, value: bool) -> None:
    data = Specification(NAMES, [formula]).canonical()["formulas"][0]
    cubes = recheck.cubes_of(data, value, iter(range(recheck.STEPS)))
    if cubes is None:
        return
    for bits in itertools.product((False, True), repeat=len(NAMES)):
        inside = any(all(bits[part >> 1] == part & 1 for part in cube) for cube in cubes)
        truth = oracle.truth(formula, dict(zip(NAMES, bits, strict=True)))
        assert inside is (truth is value)


@settings(profile, max_examples=300)
@given(strategies.formulas(NAMES), st.lists(st.sampled_from((None, False, True)), min_size=5))
def test_known_values_are_those_of_all_completions(
    formula: Formula, partial: list[bool | None]
) -> None:
    data = Specification(NAMES, [formula]).canonical()["formulas"][0]
    known = {i: (int(partial[i] is True), int(partial[i] is False)) for i in range(5)}
    true, false = recheck.Lanes(8, 1).truth(data, known)
    assert not (true and false)
    for bits in itertools.product((False, True), repeat=5):
        if all(p in (None, b) for p, b in zip(partial, bits, strict=False)):
            truth = oracle.truth(formula, dict(zip(NAMES, bits, strict=True)))
            assert not (true if truth is False else false)


@st.composite
def regions(draw: st.DrawFn) -> tuple[Problem, recheck.Problem, recheck.Region]:
    """A region of a problem whose domain has constraints of every kind."""
    names = tuple(f"x{i}" for i in range(6))
    network = Network.from_arrays([np.ones((1, 6), dtype=np.int64)])
    domain = draw(strategies.domains(names))
    formula = draw(strategies.formulas(names))
    problem = Problem(network, Specification(names, [formula], domain=domain))
    checked = recheck.Problem(canonical(problem))
    return problem, checked, draw(st.sampled_from(list(checked.regions(0))))


@settings(profile, max_examples=300)
@given(regions(), st.lists(st.integers(-5, 5), min_size=6, max_size=6))
def test_no_point_of_a_region_exceeds_the_greatest_value(
    given_region: tuple[Problem, recheck.Problem, recheck.Region], values: list[int]
) -> None:
    problem, checked, region = given_region
    node = checked.root(region)
    if node is None:
        return
    bound = checked.greatest(region, node, [values[i] for i in node.free])
    sums = []
    for y in itertools.product((0, 1), repeat=6):
        point = checked.fixed(region, node, [2 * i + bit for i, bit in enumerate(y)])
        if point is not None and checked.status(region, point)[0]:
            sums.append(sum(values[i] * y[i] for i in node.free))
    assert all(total <= bound for total in sums)
    domain = problem.specification.domain
    if sums and not node.alive and not domain.balls and region.program == ["and", True]:
        assert bound == max(sums)


def test_a_whole_leaf_counts_its_region_and_not_its_cube() -> None:
    """Every input of the region is wrong, but the region is not the whole cube."""
    network = Network.from_arrays([np.zeros((1, 12), np.float32)], [np.float32([1])])
    for formula in ("x0 & x1", "x0 ^ x1 ^ x2 ^ x3 ^ x4 ^ x5 ^ x6 ^ x7 ^ x8"):
        problem = Problem(network, Specification(12, [formula]))
        checked = recheck.Problem(canonical(problem))
        truth = oracle.answer(problem).violations_by_output
        codes = [recheck.WHOLE, recheck.BOUND]
        if formula == "x0 & x1":
            assert tuple(checked.tree(codes)[0]) == truth
        else:  # a program cannot be counted
            with pytest.raises(recheck.RejectedError, match="wholly wrong"):
                checked.tree(codes)
        codes = [recheck.SMALL] * len(list(checked.regions(0)))
        assert tuple(checked.tree(codes)[0]) == truth


def test_clauses_of_one_hot_members_are_not_counted() -> None:
    network = Network.from_arrays([np.zeros((1, 3), np.float32)], [np.float32([1])])
    domain = {"one_hot": [["x0", "x1"]]}
    for formula, counted in (("x0 & x2", False), ("x2", True)):
        problem = Problem(network, Specification(3, [formula], domain=domain))
        checked = recheck.Problem(canonical(problem))
        if counted:
            assert checked.tree([recheck.WHOLE, recheck.BOUND])[0] == [2]
        else:
            with pytest.raises(recheck.RejectedError, match="one-hot members are not counted"):
                checked.tree([recheck.WHOLE, recheck.BOUND])


@settings(profile, max_examples=80)
@given(strategies.problems(max_inputs=5, wild=False), st.randoms(use_true_random=False))
def test_lines_enclose_every_neuron(problem: Problem, rng: random.Random) -> None:
    """The ranges that bounds rest on hold on all points of random nodes."""
    checked = recheck.Problem(canonical(problem))
    for output in range(len(checked.formulas)):
        for region in checked.regions(output):
            node = checked.root(region)
            while node is not None and node.free and rng.random() < 0.6:
                step = [2 * rng.choice(node.free) + rng.randrange(2)]
                node = checked.fixed(region, node, step)
            if node is None:
                continue
            known = checked.lines(region, node)
            for text in itertools.product((0, 1), repeat=checked.inputs):
                point = checked.fixed(region, node, [2 * i + y for i, y in enumerate(text)])
                if point is None or not checked.status(region, point)[0]:
                    continue
                values, sums = list(text), []
                for kind, rows, _, bias in checked.layers:
                    sums = [
                        b + sum(w * v for w, v in zip(row, values, strict=True))
                        for row, b in zip(rows, bias, strict=True)
                    ]
                    step_values = [int(z > 0) for z in sums]
                    relu_values = [max(z, 0) for z in sums]
                    values = {"relu": relu_values, "step": step_values}.get(kind, sums)
                    scale, lines, ranges = known[len(checked.layers) - checked_depth(checked, rows)]
                    for z, v, line, (low, high) in zip(sums, values, lines, ranges, strict=True):
                        assert low <= v <= high
                        assert line[2] * z + line[3] <= scale * v <= line[0] * z + line[1]


@pytest.mark.parametrize("kind", ["relu", "step", "identity"])
def test_lines_enclose_the_activation_on_every_interval(kind: str) -> None:
    ends = range(-20, 21)
    intervals = [(low, high) for low in ends for high in ends if low <= high]
    # all at once, and one by one: neurons of a layer share their scale
    for group in [intervals, *([interval] for interval in intervals)]:
        scale, lines, ranges = recheck.relaxed(kind, group)
        for (low, high), line, (least, most) in zip(group, lines, ranges, strict=True):
            for z in range(low, high + 1):
                value = {"relu": max(z, 0), "step": int(z > 0), "identity": z}[kind]
                assert line[2] * z + line[3] <= scale * value <= line[0] * z + line[1]
                assert least <= value <= most


def test_a_tree_for_a_list_of_inputs_is_refused() -> None:
    """Even one that would prove all inputs right: counts are those of the list."""
    domain = {"points": ["00", "11"]}
    problem = Problem(SMALL_PROBLEM.network, Specification(2, ["x0 & x1"], domain=domain))
    tree = {"kind": "tree", "codes": [recheck.SMALL, recheck.SMALL]}
    claim = {"status": "holds", "violations": 0, "violations_by_output": [0]}
    assert accepts(canonical(SMALL_PROBLEM), file_of(SMALL_PROBLEM, claim, tree))
    assert not accepts(canonical(problem), file_of(problem, claim, tree))
    assert accepts(canonical(problem), file_of(problem, claim, {"kind": "table"}))


def checked_depth(checked: recheck.Problem, rows: Any) -> int:
    """Layers from this one to the last."""
    return next(k for k, layer in enumerate(reversed(checked.layers), 1) if layer[1] is rows)


@pytest.mark.parametrize(
    "domain",
    [
        "all",
        "at most 2",
        "exactly 1",
        "within 2 of 0110100",
        {"one_hot": [["x0", "x1", "x2"], ["x4", "x6"]]},
        {"one_hot": [["x0", "x1", "x2"]], "at_most": 2},
        {"at_least": 5},
        {"at_most": 1, "where": "x3 >> x1"},
        {"where": "atmost(2, x0, x1, x2, x3) ^ x4"},
        ["within 3 of 0110100", "within 2 of 1110000"],
        ["within 3 of 0110100", "at most 2"],
    ],
)
def test_choices_and_sizes_are_those_of_the_domain(domain: Any) -> None:
    network = Network.from_arrays([np.ones((1, 7), dtype=np.int64)])
    names = [f"x{i}" for i in range(7)]
    problem = Problem(network, Specification(names, ["x0"], domain=domain))
    checked = recheck.Problem(canonical(problem))
    whole = checked.domain()
    root = checked.root(whole)
    assert root is not None
    truth = oracle.answer(problem)
    plain = not checked.forbidden and checked.status(whole, root)[0]
    if plain:
        assert checked.size(whole, root) == truth.domain_size
    assert checked.size(whole, root) >= truth.domain_size
    assert checked.table()[:2] == (list(truth.violations_by_output), truth.violations)


# files

SMALL_PROBLEM = Problem(
    Network.from_arrays([[[1.0, 1.0]]], [[-1.0]]), Specification(2, ["x0 & x1"])
)
HOLDS = {"status": "holds", "violations": 0, "violations_by_output": [0]}
TABLE = {"kind": "table"}


def hashed(**changes: Any) -> dict[str, Any]:
    """The data of a right certificate with some parts replaced."""
    return {"sha256": SMALL_PROBLEM.sha256, "claim": HOLDS, "evidence": TABLE} | changes


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"{" * 100,
        b"[" * 500_000,
        b'{"a":' * 500_000,
        b"[" * 3_000_000,
        b"[1e999]",
        b"NaN",
        b"9" * 50_000,
        json.dumps(hashed(more=1)).encode(),
        json.dumps(hashed(claim=None)).encode(),
        json.dumps(hashed(claim={"status": "holds"})).encode(),
        json.dumps(hashed(evidence=[])).encode(),
        json.dumps(hashed(evidence={"kind": ["tree"]})).encode(),
        json.dumps(hashed(evidence={"kind": "tree"})).encode(),
        json.dumps(hashed(evidence={"kind": "tree", "codes": {"0": -3}})).encode(),
        json.dumps(hashed(evidence={"kind": "tree", "codes": ["-3"]})).encode(),
        json.dumps(hashed(evidence={"kind": "tree", "codes": [True, -3]})).encode(),
        json.dumps(hashed(evidence={"kind": "tree", "codes": [None]})).encode(),
        json.dumps(hashed(evidence={"kind": "tree", "codes": [-5, -3]})).encode(),
        json.dumps(hashed(evidence={"kind": "tree", "codes": [10**30]})).encode(),
        json.dumps(hashed(evidence={"kind": "table", "codes": []})).encode(),
        json.dumps(hashed(evidence={"kind": "points", "inputs": [], "values": 3})).encode(),
        json.dumps(hashed(sha256={})).encode(),
        json.dumps(hashed(sha256=dict.fromkeys(recheck.PARTS))).encode(),
    ],
    ids=range(28),
)
def test_malformed_files_are_rejected(text: bytes) -> None:
    assert not accepts(canonical(SMALL_PROBLEM), file_with(text))


def test_the_right_file_is_accepted_and_its_fragments_are_not() -> None:
    good = file_of(SMALL_PROBLEM, HOLDS, TABLE)
    data = canonical(SMALL_PROBLEM)
    assert accepts(data, good)
    for cut in range(len(good)):
        assert not accepts(data, good[:cut])
    assert not accepts(data, good + b"\n")
    assert not accepts(data, good[len(recheck.MAGIC) :])


@pytest.mark.parametrize("part", recheck.PARTS)
def test_the_part_that_differs_is_named(part: str) -> None:
    other = hashed(sha256=SMALL_PROBLEM.sha256 | {part: "0" * 64})
    with pytest.raises(recheck.RejectedError, match=f"another {part}"):
        recheck.recheck(canonical(SMALL_PROBLEM), file_with(json.dumps(other).encode()))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("domain"),
        lambda data: data.update(format="superproof-problem-0"),
        lambda data: data["sha256"].update(network="0" * 64),
        lambda data: data["network"]["layers"][0].update(activation="tanh"),
        lambda data: data["network"]["layers"][0]["weight"]["mantissas"].pop(),
        lambda data: data["network"]["layers"][0]["weight"].update(exponent=10**9),
        lambda data: data["network"]["layers"][0]["bias"].update(mantissas=[0.5]),
        lambda data: data["network"].update(layers=[]),
        lambda data: data["specification"].update(formulas=[["and", 0, 2]]),
        lambda data: data["specification"].update(formulas=[["and", 0, -1]]),
        lambda data: data["specification"].update(formulas=[["nand", 0, 1]]),
        lambda data: data["specification"].update(formulas=[["not", 0, 1]]),
        lambda data: data["specification"].update(formulas=[["atleast", "1", 1]]),
        lambda data: data["specification"].update(formulas=[]),
        lambda data: data["specification"].update(readout={"kind": "argmax"}),
        lambda data: data["specification"].update(readout={"kind": "threshold", "threshold": "x"}),
        lambda data: data["specification"].update(readout={"kind": "softmax"}),
        lambda data: data["domain"].update(values=["0", "1e1000000"]),
        lambda data: data["domain"].update(one_hot=[[0, 1], [1]]),
        lambda data: data["domain"].update(one_hot=[[0, 2]]),
        lambda data: data["domain"].update(within=[["012", 1]]),
        lambda data: data["domain"].update(points=["0"]),
    ],
    ids=range(22),
)
def test_data_that_are_no_problem_are_refused(change: Any) -> None:
    data = canonical(SMALL_PROBLEM)
    change(data)
    if data["sha256"]["network"] != "0" * 64:
        del data["sha256"]
    with pytest.raises(recheck.UnreadableError):
        recheck.recheck(data, file_of(SMALL_PROBLEM, HOLDS, TABLE))


def standalone(*words: Any, megabytes: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the one file alone, isolated from this environment, perhaps in little memory."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes << 20},) * 2); "
    run = f"import runpy, sys; sys.argv = {[recheck.__file__, *map(str, words)]!r}; " + (
        f"{limit if megabytes else ''}runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", run], capture_output=True, text=True, timeout=100
    )


def test_the_file_runs_alone(tmp_path: Path) -> None:
    problem, certificate = tmp_path / "problem.json", tmp_path / "certificate"
    problem.write_text(json.dumps(SMALL_PROBLEM.canonical()))
    certificate.write_bytes(file_of(SMALL_PROBLEM, HOLDS, TABLE))
    done = standalone(problem, certificate)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "accepted: holds (all inputs evaluated)\n",
        "",
    )
    certificate.write_bytes(file_of(SMALL_PROBLEM, HOLDS | {"status": "violated"}, TABLE))
    done = standalone(problem, certificate)
    assert (done.returncode, done.stdout) == (
        1,
        "rejected: what it claims about status does not follow\n",
    )
    for words in ([problem], [problem, tmp_path / "none"], [certificate, certificate]):
        done = standalone(*words)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


def test_only_the_standard_library_is_imported() -> None:
    tree = ast.parse(Path(recheck.__file__).read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(str(node.module).split(".")[0])
    assert found <= sys.stdlib_module_names


def bomb(text: bytes, times: int) -> bytes:
    """A certificate's file with megabytes of this text, repeated: blocks that know no others."""
    stream = zlib.compressobj(9)
    header = stream.compress(b" ") + stream.flush(zlib.Z_FULL_FLUSH)
    block = stream.compress(text * ((1 << 20) // len(text))) + stream.flush(zlib.Z_FULL_FLUSH)
    return recheck.MAGIC + header + block * times


def hostile_files() -> dict[str, bytes]:
    """Small files that hold much."""
    return {
        "gigabytes of zeros": bomb(b"0", 1 << 12),
        "gigabytes of brackets": bomb(b"[", 1 << 12),
        "numbers until the limit": bomb(b"300,", 31),
        "empty lists": file_with(b"[" + b"[]," * (1 << 23)),
        "numbers": file_with(b"[" + b"300," * ((1 << 23) - 9) + b"1]"),
        "texts": file_with(b'["' + b'","'.join(b"%x" % k for k in range(1 << 21)) + b'"]'),
        "digits": file_with(b"9" * (1 << 24)),
        "keys": file_with(b"{" + b",".join(b'"%x":0' % k for k in range(1 << 21)) + b"}"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_hostile_files_are_rejected_in_little_memory(tmp_path: Path) -> None:
    problem, certificate = tmp_path / "problem.json", tmp_path / "certificate"
    problem.write_text(json.dumps(SMALL_PROBLEM.canonical()))
    for name, data in hostile_files().items():
        certificate.write_bytes(data)
        done = standalone(problem, certificate, megabytes=768)
        assert done.returncode == 1, (name, done.stderr)
        assert done.stdout.startswith("rejected: "), name
        assert len(done.stdout.splitlines()) == 1


def test_negation_of_a_normal_form_is_found() -> None:
    """A conjunction of many disjunctions has a small normal form of its negation only."""
    formula = Specification(40, [" & ".join(f"(x{2 * i} | x{2 * i + 1})" for i in range(20))])
    data = formula.canonical()["formulas"][0]
    assert recheck.cubes_of(data, True, iter(range(10_000))) is None
    cubes = recheck.cubes_of(data, False, iter(range(10_000)))
    assert cubes is not None
    assert len(cubes) == 20
    negated = Specification(40, [Not(formula.formulas[0])]).canonical()["formulas"][0]
    assert recheck.cubes_of(negated, True, iter(range(10_000))) == cubes


def test_a_certificate_of_another_checker_is_called_so() -> None:
    data = canonical(SMALL_PROBLEM)
    with pytest.raises(recheck.RejectedError, match="names another checker"):
        recheck.recheck(data, b"superproof-plain-code-1\n" + b"x")
    with pytest.raises(recheck.RejectedError, match="does not begin as a certificate does"):
        recheck.recheck(data, b"superproof")
