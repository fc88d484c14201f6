"""Ten thousand damaged and forged certificates: none is accepted for a claim that is false."""

from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

from superproof.verify import recheck
from superproof.verify.network import Layer, Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Readout, Threshold
from superproof.verify.specification import Specification

from ..oracles import fraction_oracle as oracle
from .certificates import canonical, claim_of, file_of, file_with, grown

#: Problems, forged problems for each, and evidence for each of those; bytes are damaged besides.
SEEDS, FORGED, EVIDENCE, DAMAGED = 60, 8, 16, 48
INPUTS = 4


def literal(rng: random.Random, i: int) -> tuple[str, int]:
    """A literal as text, and whether it is positive."""
    positive = rng.random() < 0.7
    return (f"x{i}" if positive else f"~x{i}"), int(positive)


def clause_network(rng: random.Random) -> Problem:
    """An OR of ANDs of two literals, one neuron an AND; often with ties at the threshold."""
    rows, biases, clauses = [], [], []
    for _ in range(rng.randint(2, 3)):
        row, bias, words = [0.0] * INPUTS, -1.0, []
        for i in rng.sample(range(INPUTS), 2):
            word, positive = literal(rng, i)
            row[i] = 1.0 if positive else -1.0
            bias += 0 if positive else 1
            words.append(word)
        rows.append(row)
        biases.append(bias)
        clauses.append(" & ".join(words))
    shift = rng.choice((0.0, 0.0, -0.5))
    network = Network.from_arrays(
        [np.float32(rows), np.ones((1, len(rows)), np.float32)],
        [np.float32(biases), np.float32([shift])],
    )
    readout: Readout = Threshold(Fraction(0))
    if not shift and rng.random() < 0.4:
        readout = Levels(Fraction(1), Fraction(0))
    return problem(rng, network, [" | ".join(clauses)], readout)


def counting_network(rng: random.Random) -> Problem:
    """At least k inputs, as a sum or a step; and its opposite, by the larger one."""
    k = rng.randint(1, INPUTS)
    first = np.ones((1, INPUTS), np.float32)
    names = ", ".join(f"x{i}" for i in range(INPUTS))
    kind = rng.choice(("relu", "step"))
    weights, biases = [first, np.float32([[1], [-1]])], [np.float32([0.5 - k]), np.float32([0, 0])]
    if kind == "step":
        biases[1] = np.float32([0, 1])
        readout: Readout = Argmax()
    else:
        weights[1], biases[1] = np.float32([[1]]), None
        readout = Threshold(Fraction(0))
    formulas = [f"atleast({k}, {names})", f"atmost({k - 1}, {names})"][: len(weights[1])]
    return problem(rng, Network.from_arrays(weights, biases, [kind, "identity"]), formulas, readout)


def parity_network(rng: random.Random) -> Problem:
    """x ^ y of two layers, and an AND beside it."""
    network = Network.from_arrays(
        [
            np.float32([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]]),
            np.float32([[1, -2, 0], [0, 0, 1]]),
            np.float32([[1, 0], [0, 1]]),
        ],
        [np.float32([0, -1, -1]), np.float32([0, 0]), np.float32([0, 0])],
    )
    return problem(rng, network, ["x0 ^ x1", "x2 & x3"], Threshold(Fraction(0)))


def problem(rng: random.Random, network: Network, formulas: list[str], readout: Readout) -> Problem:
    """The problem on a domain of any kind."""
    domain = rng.choice(
        (
            "all",
            "all",
            "at most 2",
            "within 2 of 0110",
            {"one_hot": [["x0", "x2"]]},
            {"where": "x0 | ~x3"},
            {"at_least": 2},
        )
    )
    return Problem(network, Specification(INPUTS, formulas, domain=domain, readout=readout))


# problems that are almost the same


def other_weight(rng: random.Random, given: Problem) -> Problem:
    """One stored number moved by a unit in the last place, or by one."""
    layers = list(given.network.layers)
    k = rng.randrange(len(layers))
    weight, bias = layers[k].weight.copy(), layers[k].bias.copy()
    array = rng.choice((weight, bias))
    place = rng.randrange(array.size)
    value = array.flat[place]
    towards = array.dtype.type(rng.choice((-np.inf, np.inf)))
    array.flat[place] = rng.choice((np.nextafter(value, towards), value + 1, value - 1, -value))
    layers[k] = Layer(weight, bias, layers[k].activation)
    return Problem(Network(tuple(layers)), given.specification)


def other_activation(rng: random.Random, given: Problem) -> Problem:
    """One layer with another activation."""
    layers = list(given.network.layers)
    k = rng.randrange(len(layers))
    kind = rng.choice(("relu", "step", "identity"))
    layers[k] = dataclasses.replace(layers[k], activation=kind)
    return Problem(Network(tuple(layers)), given.specification)


def respecified(given: Problem, **changes: Any) -> Problem:
    """The problem with another part of its specification."""
    spec = given.specification
    formulas = {n: str(f) for n, f in zip(spec.outputs, spec.formulas, strict=True)}
    parts: dict[str, Any] = {
        "outputs": formulas,
        "domain": spec.domain,
        "readout": spec.readout,
    } | changes
    return Problem(given.network, Specification(INPUTS, **parts))


def other_readout(rng: random.Random, given: Problem) -> Problem:
    """Strictness turned round, or a level moved by next to nothing."""
    readout = given.specification.readout
    small = Fraction(rng.choice((-1, 1)), rng.choice((1, 1 << 40)))
    if isinstance(readout, Threshold):
        level = readout.threshold
        changed: Readout = rng.choice((Threshold(level + small), Levels(level + abs(small), level)))
    elif isinstance(readout, Levels):
        changed = rng.choice((Threshold(readout.false_at_most), Threshold(readout.true_at_least)))
    else:
        changed = Threshold(Fraction(0))
    return respecified(given, readout=changed)


def other_formula(rng: random.Random, given: Problem) -> Problem:
    """A clause removed, a literal exchanged or negated, a connective or a count changed."""
    spec = given.specification
    texts = [str(formula) for formula in spec.formulas]
    j = rng.randrange(len(texts))
    text = texts[j]
    pairs = (("x0", "x1"), ("x1", "~x1"), ("x2", "x3"), ("&", "|"), ("|", "&"), ("(1", "(2"))
    changes: list[Callable[[], str]] = [partial(text.replace, a, b, 1) for a, b in pairs]
    clauses = text.split(" | ")
    changes.append(lambda: " | ".join(clauses[1:]) or "false")
    changes.append(lambda: " | ".join(clauses[:-1]) or "true")
    changes.append(lambda: f"~({text})")
    texts[j] = rng.choice(changes)()
    return respecified(given, outputs=dict(zip(spec.outputs, texts, strict=True)))


def other_domain(rng: random.Random, given: Problem) -> Problem:
    """Another domain."""
    domains = ("all", "at most 3", "at most 1", "within 3 of 0110", "within 2 of 0111", "exactly 2")
    return respecified(given, domain=rng.choice(domains))


ALMOST = (other_weight, other_activation, other_readout, other_formula, other_domain)


# evidence


def subtree_end(codes: list[int], start: int) -> int:
    """Where the subtree that begins at ``start`` ends (or the list)."""
    left = 1
    for position in range(start, len(codes)):
        left += 1 if codes[position] >= 0 else -1
        if not left:
            return position + 1
    return len(codes)


def forged_codes(rng: random.Random, codes: list[int]) -> list[int]:
    """A tree that is almost the same."""
    leaves = (recheck.EMPTY, recheck.BOUND, recheck.SMALL, recheck.WHOLE)
    at = rng.randrange(len(codes))
    end = subtree_end(codes, at)
    kind = rng.randrange(8)
    if kind == 0:
        return codes  # untouched: the problem is another one
    if kind == 1:
        return codes[:at] + codes[end:]
    if kind == 2:
        return [*codes[:at], rng.choice(leaves), *codes[end:]]
    if kind == 3:
        return [*codes[:at], rng.randrange(-5, INPUTS + 1), *codes[at + 1 :]]
    if kind == 4:
        return codes[:at] + codes[at:end] * 2 + codes[end:]
    if kind == 5:
        middle = subtree_end(codes, at + 1)
        if codes[at] < 0 or middle >= end:
            return codes[::-1]
        return [*codes[: at + 1], *codes[middle:end], *codes[at + 1 : middle], *codes[end:]]
    if kind == 6:
        return [rng.choice(leaves) if code < 0 and rng.random() < 0.3 else code for code in codes]
    exchange = dict(zip(range(INPUTS), rng.sample(range(INPUTS), INPUTS), strict=True))
    return [exchange.get(code, code) for code in codes]


def forged_claim(rng: random.Random, claim: dict[str, Any]) -> dict[str, Any]:
    """A claim that is almost the same, or all right, or nothing but a status."""
    kind = rng.randrange(5)
    if kind == 0:
        return claim
    if kind == 1:
        zeros = [0] * len(claim["violations_by_output"])
        return {"status": "holds", "violations": 0, "violations_by_output": zeros}
    if kind == 2:
        status = rng.choice(("holds", "violated"))
        return {"status": status, "violations": None, "violations_by_output": None}
    counts = list(claim["violations_by_output"])
    counts[rng.randrange(len(counts))] += rng.choice((-1, 1, 2))
    total = rng.choice((None, sum(counts), claim["violations"]))
    status = "violated" if any(counts) else "holds"
    return {"status": status, "violations": total, "violations_by_output": counts}


def is_true(claim: dict[str, Any], truth: oracle.Answer) -> bool:
    """Whether the oracle says the same."""
    knows = claim_of(truth)
    return all(value in (None, knows[key]) for key, value in claim.items())


class Court:
    """Hands certificates to the checker and holds accepted ones to the oracle."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()

    def judge(self, data: Any, certificate: bytes, truth: oracle.Answer) -> None:
        """One certificate; fails when a false claim is accepted."""
        try:
            recheck.recheck(data, certificate)
        except recheck.RejectedError:
            self.outcomes["rejected"] += 1
            return
        claim = recheck.read(certificate)[0]["claim"]
        assert is_true(claim, truth), (claim, truth, recheck.read(certificate)[0]["evidence"], data)
        self.outcomes["accepted"] += 1

    def count(self, problem: recheck.Problem, codes: list[int], truth: oracle.Answer) -> None:
        """One tree without a claim; fails when it is taken for a proof of other counts."""
        try:
            counts, total, _ = problem.tree(codes)
        except recheck.RejectedError:
            return
        assert tuple(counts) == truth.violations_by_output, (codes, truth)
        assert total in (None, truth.violations)
        self.outcomes["counted"] += 1


@pytest.mark.parametrize("make", [clause_network, counting_network, parity_network])
def test_no_mutant_is_accepted_for_a_false_claim(
    make: Callable[[random.Random], Problem],
) -> None:
    court, false = Court(), 0
    for seed in range(SEEDS // 3):
        rng = random.Random(f"{make.__name__} {seed}")
        honest = make(rng)
        truth = oracle.answer(honest)
        codes = grown(recheck.Problem(canonical(honest)), rng.choice((0, 1, 4)), rng)
        claim = claim_of(truth, union=sum(map(bool, truth.violations_by_output)) < 2)
        file = file_of(honest, claim, {"kind": "tree", "codes": codes})
        before = court.outcomes["accepted"]
        court.judge(canonical(honest), file, truth)
        assert court.outcomes["accepted"] == before + 1, "the honest one"
        for damaged in damaged_files(rng, file):
            court.judge(canonical(honest), damaged, truth)
        for _ in range(FORGED):
            other = rng.choice(ALMOST)(rng, honest)
            other_truth = oracle.answer(other)
            data = canonical(other)
            court.judge(data, file, other_truth)
            for _ in range(EVIDENCE):
                evidence = forged_evidence(rng, codes, honest, other, truth)
                stated = forged_claim(rng, claim)
                false += not is_true(stated, other_truth)
                court.judge(data, file_of(other, stated, evidence), other_truth)
                # whatever is claimed: a tree that stands gives the right counts
                if evidence["kind"] == "tree":
                    court.count(recheck.Problem(data), evidence["codes"], other_truth)
    assert court.outcomes["accepted"] + court.outcomes["rejected"] > 3400
    # the attempt was serious: many claims were false, and many mutants were still true
    assert false > 1000
    assert court.outcomes["accepted"] > 100
    assert court.outcomes["counted"] > 300


def damaged_files(rng: random.Random, file: bytes) -> list[bytes]:
    """Flipped bits, missing ends, and flipped characters of the text inside."""
    found = []
    for _ in range(DAMAGED // 2):
        place, bit = rng.randrange(len(file)), 1 << rng.randrange(8)
        found.append(file[:place] + bytes([file[place] ^ bit]) + file[place + 1 :])
    for _ in range(DAMAGED // 8):
        found.append(file[: rng.randrange(len(file))])
    text = json.dumps(recheck.read(file)[0]).encode()
    for _ in range(DAMAGED - len(found)):
        place, bit = rng.randrange(len(text)), 1 << rng.randrange(7)
        found.append(file_with(text[:place] + bytes([text[place] ^ bit]) + text[place + 1 :]))
    return found


def forged_evidence(
    rng: random.Random, codes: list[int], honest: Problem, other: Problem, truth: oracle.Answer
) -> dict[str, Any]:
    """Evidence for the other problem, made from what holds for the honest one."""
    kind = rng.randrange(10)
    if kind == 0:
        return {"kind": "table"}
    if kind == 1:
        text = "".join(rng.choice("01") for _ in range(INPUTS))
        source = rng.choice((honest, other))
        values = oracle.outputs(source, tuple(bit == "1" for bit in text))
        return {"kind": "points", "inputs": [text], "values": [[str(v) for v in values]]}
    if kind == 2:
        leaf = rng.choice((recheck.BOUND, recheck.EMPTY, recheck.SMALL, recheck.WHOLE))
        checked = recheck.Problem(canonical(other))
        regions = sum(len(list(checked.regions(o))) for o in range(len(checked.formulas)))
        return {"kind": "tree", "codes": [leaf] * regions}
    return {"kind": "tree", "codes": forged_codes(rng, list(codes))}
