"""The checker for attention: true claims accepted, false ones never, bounds that bound."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
import zlib
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

from superproof.verify.attention import recheck as checker

from ...oracles.recognition_oracle import Recognition

Data = dict[str, Any]


def certificate(data: Data, status: str, evidence: Data, **claim: Any) -> bytes:
    """A certificate with right hashes."""
    return packed(
        {
            "sha256": {part: checker.digest(data[part]) for part in checker.PARTS},
            "claim": checker.HOLDS | {"status": status} | claim,
            "evidence": evidence,
        }
    )


def packed(content: Any) -> bytes:
    return checker.MAGIC + zlib.compress(json.dumps(content).encode(), 1)


def accepted(data: Data, certificate: bytes) -> bool:
    try:
        checker.recheck(data, certificate)
    except (checker.RejectedError, checker.UnreadableError):
        return False
    return True


def layer_of(scores: list[list[list[int]]], exponent: int = 0, aggregation: str = "max") -> Data:
    """A layer whose heads have these scores: embeddings are unit vectors, keys the same."""
    items = len(scores[0])
    identity = [[int(i == j) for j in range(items)] for i in range(items)]
    return {
        "embeddings": {"exponent": 0, "mantissa": identity},
        "query": {"exponent": exponent, "mantissa": scores},
        "key": {"exponent": 0, "mantissa": [identity] * len(scores)},
        "aggregation": aggregation,
    }


def problem_of(layer: Data, edges: list[list[int]], readout: Data) -> Data:
    items = len(layer["embeddings"]["mantissa"])
    graph = {"items": items, "edges": sorted(edges)}
    return {"format": "superproof-attention-1", "layer": layer, "graph": graph, "readout": readout}


def random_layer(rng: random.Random, items: int) -> Data:
    dim, heads, width = rng.randint(1, 4), rng.randint(1, 3), rng.randint(1, 3)
    size = rng.choice([1, 2, 9, 2**31, 2**80])

    def array(*shape: int) -> Any:
        if not shape:
            return rng.randint(-size, size)
        return [array(*shape[1:]) for _ in range(shape[0])]

    return {
        "embeddings": {"exponent": rng.randint(-9, 3), "mantissa": array(items, dim)},
        "query": {"exponent": rng.randint(-9, 3), "mantissa": array(heads, dim, width)},
        "key": {"exponent": rng.randint(-9, 3), "mantissa": array(heads, dim, width)},
        "aggregation": rng.choice(["max", "sum"]),
    }


def threshold_problem(rng: random.Random) -> Data:
    """Edges are what some threshold reports, sometimes with one exchanged."""
    items = rng.randint(1, 6)
    data = problem_of(random_layer(rng, items), [[0, 0]], {"kind": "threshold", "threshold": None})
    truth = Recognition(data)
    values = sorted({truth.combined(pair) for pair in truth.pairs})
    level = rng.choice(values) if len(values) == 1 else rng.choice(values[:-1])
    edges = [list(pair) for pair in truth.pairs if truth.combined(pair) > level]
    if rng.random() < 0.4 or not edges:
        pair = [rng.randrange(items), rng.randrange(items)]
        edges = [e for e in edges if e != pair] or [pair]
    data["graph"]["edges"] = edges
    if rng.random() < 0.7:
        shift = rng.choice([0, 0, Fraction(1, 3), -Fraction(1, 3), 10**30, -(10**30)])
        data["readout"]["threshold"] = str(level + shift)
    return data


def softmax_problem(rng: random.Random, items: int | None = None) -> Data:
    """Scores with many ties; edges high in some head, so that a good part is right."""
    items = items or rng.randint(1, 5)
    heads = rng.randint(1, 3)
    edges = [[i, rng.randrange(items)] for i in range(items) if rng.random() < 0.8] or [[0, 0]]
    if rng.random() < 0.3:
        edges.append([rng.randrange(items), rng.randrange(items)])
    edges = [list(e) for e in {tuple(e) for e in edges}]
    scores = [
        [[rng.randint(-6, 1) for _ in range(items)] for _ in range(items)] for _ in range(heads)
    ]
    least = rng.choice([1, 2, 3, 6])
    for i, j in edges:
        for a in rng.sample(range(heads), rng.randint(1, heads)):
            scores[a][i][j] = rng.randint(least, 7)
    null = rng.choice([None, "2", "2", "5/3", "3", "1"])
    if null is None and rng.random() < 0.8:  # a pair of an item with itself is reported anyway
        edges += [[i, i] for i in range(items) if [i, i] not in edges]
        for i in range(items):
            scores[rng.randrange(heads)][i][i] = rng.randint(-1, 3)
    readout = {
        "kind": "softmax",
        "temperature": rng.choice(["1", "1/2", "3", "7/10", "1/50"]),
        "context": rng.randint(1, items),
        "null": null,
        "level": rng.choice(["1/2", "1/2", "1/2", "1/3", "3/7", "3/4"]),
    }
    return problem_of(layer_of(scores, rng.choice([0, 0, -1])), edges, readout)


def candidates(heads: int) -> list[list[int]]:
    units = [[int(a == b) for b in range(heads)] for a in range(heads)]
    mixed = [[a, b, c][:heads] for a in (0, 1, 2, 3) for b in (1, 2) for c in (0, 1, 3)]
    return units + (mixed if heads > 1 else [])


def proof_of(truth: Recognition) -> Data:
    """Trees for all edges; for those that are missed something that proves nothing."""
    heads = len(truth.scores)
    trees = []
    for pair in sorted(truth.edges):
        try:
            trees.append(truth.tree(pair, candidates(heads)))
        except AssertionError:
            trees.append([{"multipliers": [1] * heads}])
    return {"kind": "contexts", "edges": trees}


def test_thresholds_against_the_oracle() -> None:
    rng, seen = random.Random(1), Counter[str]()
    for _ in range(250):
        data = threshold_problem(rng)
        truth = Recognition(data)
        status = "holds" if truth.holds else "violated"
        other = "violated" if truth.holds else "holds"
        gap = None if truth.gap is None else str(truth.gap)
        open_ = data["readout"]["threshold"] is None
        count = None if open_ else len(truth.wrong())
        seen[f"{status}, {open_}, {data['layer']['aggregation']}"] += 1
        scores = {"kind": "scores"}
        said = checker.recheck(data, certificate(data, status, scores, gap=gap, violations=count))
        assert said.startswith(status + (f" with gap {gap} (" if gap else " ("))
        assert accepted(data, certificate(data, status, scores))
        for claim in (
            {"status": other},
            {"gap": str((truth.gap or 0) + Fraction(1, 10**9))},
            {"gap": 0},
            {"violations": (count or 0) + 1},
            {"violations": False},
            {"violations": 0 if count != 0 else 1},
        ):
            changed = {"status": status} | claim
            assert not accepted(data, certificate(data, evidence=scores, **changed)), claim
        wrong = [] if open_ else truth.wrong()
        for pair in truth.pairs:
            evidence: Data = {"kind": "pair", "pair": list(pair)}
            assert accepted(data, certificate(data, "violated", evidence)) == (pair in wrong)
            assert not accepted(data, certificate(data, "holds", evidence))
            edge = rng.choice(sorted(truth.edges))
            evidence = {"kind": "crossing", "edge": list(edge), "other": list(pair)}
            crosses = pair not in truth.edges and truth.combined(edge) <= truth.combined(pair)
            found = accepted(data, certificate(data, "violated", evidence))
            assert found == (crosses and open_)
            seen[f"crossing {found}"] += 1
    assert len(seen) == 10, seen
    assert min(seen.values()) > 5, seen


def test_softmax_against_all_contexts() -> None:
    rng, seen = random.Random(2), Counter[str]()
    for _ in range(400):
        data = softmax_problem(rng)
        truth = Recognition(data)
        failures = set(truth.failures())
        proof = proof_of(truth)
        right = certificate(data, "holds", proof)
        assert accepted(data, right) == truth.holds, data
        assert not accepted(data, certificate(data, "violated", proof))
        assert not accepted(data, certificate(data, "holds", proof, gap="1"))
        seen["holds" if truth.holds else "violated"] += 1
        places = [(p, c) for c in truth.contexts() for p in truth.pairs if {*p} <= {*c}]
        chosen = {*sorted(failures)[:4], *rng.sample(places, min(5, len(places)))}
        for pair, context in chosen:
            evidence = {"kind": "context", "pair": list(pair), "context": list(context)}
            found = accepted(data, certificate(data, "violated", evidence))
            assert found == ((pair, context) in failures), (data, pair, context)
            assert not accepted(data, certificate(data, "holds", evidence))
            seen[f"context {found}"] += 1
    assert min(seen["holds"], seen["violated"]) > 60, seen
    assert min(seen["context True"], seen["context False"]) > 300, seen


def tight_problem(rng: random.Random) -> tuple[Data, Recognition]:
    """One edge, and items that are heavy in some heads and light in others."""
    items, heads = 9, rng.choice([2, 3])
    i, j = rng.sample(range(items), 2)
    scores = [[[-200] * items for _ in range(items)] for _ in range(heads)]
    for a in range(heads):
        scores[a][i][j] = 64
    for k in {*range(items)} - {i, j}:
        for a in range(heads):
            heavy = rng.random() < 1 / heads
            scores[a][i][k] = rng.randint(33, 39) if heavy else rng.randint(-20, 16)
    readout = {"kind": "softmax", "temperature": "5/2", "context": rng.randint(4, 6), "null": "5",
               "level": "1/2"}  # fmt: skip
    data = problem_of(layer_of(scores, -3), [[i, j]], readout)
    return data, Recognition(data)


def test_leaves_prove_what_they_should_and_no_more() -> None:
    """Trees without branches: accepted exactly where the multipliers' sum bears it out."""
    rng, seen = random.Random(3), Counter[str]()
    for _ in range(30):
        data, truth = tight_problem(rng)
        heads = len(truth.scores)
        [pair] = truth.edges
        others = [k for k in range(truth.items) if k not in pair]
        further = data["readout"]["context"] - 2
        units = candidates(heads)[:heads]
        for n in candidates(heads):
            room = sum(n[a] * truth.room(a, pair, pair) for a in range(heads))
            loads = sorted(
                sum(n[a] * truth.weight(a, pair, k) for a in range(heads)) for k in others
            )
            proves = room >= sum(loads[-further:])
            evidence = {"kind": "contexts", "edges": [[{"multipliers": n}]]}
            assert accepted(data, certificate(data, "holds", evidence)) == proves
            seen[f"{heads} heads, {proves}"] += 1
        try:
            tree = truth.tree(pair, units)
        except AssertionError:
            assert not truth.holds
            seen["missed"] += 1
            continue
        assert accepted(data, certificate(data, "holds", {"kind": "contexts", "edges": [tree]}))
        if len(tree) == 1:
            continue
        seen["branched"] += 1
        for k in range(len(tree)):  # one node less is no tree
            short = {"kind": "contexts", "edges": [tree[:k] + tree[k + 1 :]]}
            assert not accepted(data, certificate(data, "holds", short))
        for k, node in enumerate(tree):  # other multipliers, other items
            mutant = copy.deepcopy(tree)
            mutant[k] = (
                {"multipliers": rng.choice(units)}
                if "multipliers" in node
                else {"branch": rng.choice(others)}
            )
            evidence = {"kind": "contexts", "edges": [mutant]}
            found = accepted(data, certificate(data, "holds", evidence))
            assert found <= truth.holds
            seen[f"mutant {found}"] += 1
    assert min(seen.values()) > 1, seen
    assert len(seen) == 8, seen


def random_tree(
    rng: random.Random, truth: Recognition, pair: tuple[int, int]
) -> tuple[list[Data], bool]:
    """A tree that branches anywhere, and whether all of its leaves prove what they should."""
    heads, further = range(len(truth.scores)), truth.readout["context"] - len({*pair})

    def grow(included: tuple[int, ...], free: list[int], depth: int) -> tuple[list[Data], bool]:
        if free and depth and len(included) <= further:
            k = rng.choice(free)
            rest = [other for other in free if other != k]
            parts = grow((*included, k), rest, depth - 1), grow(included, rest, depth - 1)
            return [{"branch": k}, *parts[0][0], *parts[1][0]], parts[0][1] and parts[1][1]
        units = candidates(len(heads))[: len(heads)]
        options = []
        for n in [*units, [1] * len(heads)]:
            room = sum(n[a] * truth.room(a, pair, (*{*pair}, *included)) for a in heads)
            loads = sorted(sum(n[a] * truth.weight(a, pair, k) for a in heads) for k in free)
            most = sum(loads[len(loads) - max(min(further - len(included), len(loads)), 0) :])
            options.append((room >= most or len(included) > further, n))
        proves, n = max(options) if rng.random() < 0.97 else rng.choice(options)
        return [{"multipliers": n}], proves

    free = [k for k in range(truth.items) if k not in pair]
    return grow((), free, rng.randint(1, 6))


def test_random_trees_are_accepted_exactly_where_all_leaves_prove_something() -> None:
    rng, seen = random.Random(7), Counter[bool]()
    for _ in range(120):
        data, truth = tight_problem(rng)
        [pair] = truth.edges
        tree, proves = random_tree(rng, truth, pair)
        proof = {"kind": "contexts", "edges": [tree]}
        assert accepted(data, certificate(data, "holds", proof)) == proves, (data, tree)
        seen[proves] += 1
    assert min(seen[True], seen[False]) > 15, seen


# almost true


def any_problem(rng: random.Random) -> Data:
    return rng.choice([threshold_problem, softmax_problem, softmax_problem])(rng)


def honest(data: Data, rng: random.Random) -> bytes:
    """A true claim with its evidence."""
    truth = Recognition(data)
    if data["readout"]["kind"] == "softmax":
        if truth.holds:
            return certificate(data, "holds", proof_of(truth))
        pair, context = rng.choice(list(truth.failures()))
        evidence: Data = {"kind": "context", "pair": list(pair), "context": list(context)}
        return certificate(data, "violated", evidence)
    status = "holds" if truth.holds else "violated"
    if status == "violated" and data["readout"]["threshold"] and rng.random() < 0.5:
        return certificate(data, status, {"kind": "pair", "pair": list(rng.choice(truth.wrong()))})
    count = None if data["readout"]["threshold"] is None else len(truth.wrong())
    gap = None if truth.gap is None else str(truth.gap)
    return certificate(data, status, {"kind": "scores"}, gap=gap, violations=count)


def changed(part: Any, rng: random.Random) -> Any:
    """JSON data with one place changed."""
    if isinstance(part, dict) and part:
        key = rng.choice(sorted(part))
        return part | {key: changed(part[key], rng)}
    if isinstance(part, list) and part:
        k = rng.randrange(len(part))
        kind = rng.random()
        if kind < 0.06:
            return part[:k] + part[k + 1 :]
        if kind < 0.1:
            return [*part[:k], part[k], *part[k:]]
        if kind < 0.16:
            other = rng.randrange(len(part))
            swapped = list(part)
            swapped[k], swapped[other] = part[other], part[k]
            return swapped
        return [*part[:k], changed(part[k], rng), *part[k + 1 :]]
    if isinstance(part, int):
        return rng.choice([part + 1, part - 1, -part, 0, 1, part * 2, bool(part), None, str(part)])
    if part in ("holds", "violated"):
        return rng.choice(["holds", "violated", None])
    if part in ("max", "sum"):
        return rng.choice(["max", "sum"])
    if isinstance(part, str) and part.lstrip("-").replace("/", "").isdigit():
        value = Fraction(part)
        return rng.choice(
            [str(value + 1), str(value / 2), str(-value), str(1 / (value or 3)), None]
        )
    return rng.choice([None, 0, 1, "1", [], {}])


def is_true(data: Data, claim: Data) -> bool:
    """Whether what is claimed is so, by the oracle."""
    truth = Recognition(data)
    if claim["status"] != ("holds" if truth.holds else "violated"):
        return False
    if claim["gap"] is not None and claim["gap"] != str(truth.gap):
        return False
    return claim["violations"] is None or claim["violations"] == len(truth.wrong())


def content_of(file: bytes) -> Any:
    return json.loads(zlib.decompress(file[len(checker.MAGIC) :]))


def test_no_mutant_is_accepted_for_a_false_claim() -> None:
    rng, seen = random.Random(4), Counter[str]()
    for _ in range(130):
        data = any_problem(rng)
        file = honest(data, rng)
        assert accepted(data, file)
        content = content_of(file)
        for _ in range(8):  # another certificate
            mutant = copy.deepcopy(content)
            mutant[rng.choice(["claim", "evidence", "evidence"])] = None
            for part in ("claim", "evidence"):
                if mutant[part] is None:
                    mutant[part] = changed(content[part], rng)
            if accepted(data, packed(mutant)):
                assert is_true(data, mutant["claim"]), (data, mutant)
                seen["certificate accepted"] += 1
            else:
                seen["certificate rejected"] += 1
        for _ in range(8):  # another problem, whose hashes are right
            part = rng.choice(checker.PARTS)
            other = data | {part: changed(data[part], rng)}
            fresh = content | {"sha256": {p: checker.digest(other[p]) for p in checker.PARTS}}
            if accepted(other, packed(fresh)):
                assert is_true(other, content["claim"]), (other, content)
                seen["problem accepted"] += 1
            else:
                seen["problem rejected"] += 1
            same = checker.digest(other[part]) == checker.digest(data[part])
            assert accepted(other, file) <= same
        broken = bytearray(file)
        broken[rng.randrange(len(file))] ^= 1 << rng.randrange(8)
        if accepted(data, bytes(broken)):
            assert content_of(bytes(broken))["claim"] == content["claim"]
        assert not accepted(data, file[: rng.randrange(len(file))])
    assert seen.total() > 2000, seen
    assert min(seen.values()) > 40, seen


# programs and files


def alone(*files: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-I", str(checker.__file__), *map(str, files)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_it_runs_by_itself(tmp_path: Path) -> None:
    rng = random.Random(6)
    problem, file = tmp_path / "problem.json", tmp_path / "certificate"
    codes = Counter[int]()
    for _ in range(12):
        data = any_problem(rng)
        right = honest(data, rng)
        wrong = content_of(right)
        wrong["claim"]["status"] = {"holds": "violated", "violated": "holds"}[
            wrong["claim"]["status"]
        ]
        problem.write_text(json.dumps(data))
        for content, code, word in ((right, 0, "accepted: "), (packed(wrong), 1, "rejected: ")):
            file.write_bytes(content)
            done = alone(problem, file)
            assert (done.returncode, done.stderr) == (code, "")
            assert done.stdout.startswith(word)
            assert done.stdout.count("\n") == 1
            codes[code] += 1
    problem.write_text(json.dumps(data | {"format": 0.5}))
    for files in ((problem, file), (problem, tmp_path / "none"), (file, problem)):
        done = alone(*files)
        assert (done.returncode, done.stdout, done.stderr[:12]) == (2, "", "unreadable: ")
        assert done.stderr.count("\n") == 1
    assert alone(problem).returncode == 2


def test_only_the_standard_library_is_imported() -> None:
    lines = Path(checker.__file__).read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import", "from"))}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)
