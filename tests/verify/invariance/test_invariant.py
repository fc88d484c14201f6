"""Invariance and monotonicity, against brute force over all pairs of inputs."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify import recheck
from superproof.verify.domain import Domain
from superproof.verify.errors import InputError, ReplayError
from superproof.verify.invariance.exchange import read_exchanges, remaining, substituted
from superproof.verify.invariance.invariance import Invariance
from superproof.verify.invariance.invariant import invariant, properties, questions
from superproof.verify.invariance.pairing import FALLS, RISES
from superproof.verify.network import Network
from superproof.verify.question import canonical_questions
from superproof.verify.readout import Argmax
from superproof.verify.specification import Specification

from ... import strategies
from ...oracles import fraction_oracle as oracle

profile = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))


@st.composite
def options(draw: st.DrawFn, domain: Domain) -> tuple[str, str]:
    """An option that can be asked: an input, a member of a group or several of one."""
    kind = draw(st.sampled_from(("flip", "monotone")))
    groups = [group for group in domain.one_hot if len(group) > 1]
    if groups and draw(st.booleans()):
        group = draw(st.sampled_from(groups))
        members = draw(st.lists(st.sampled_from(group), min_size=2, unique=True))
        return kind, ",".join(domain.names[i] for i in members)
    fixed = {g[0] for g in domain.one_hot if len(g) == 1}
    loose = [n for i, n in enumerate(domain.names) if i not in fixed]
    name = draw(st.sampled_from(loose or list(domain.names)))
    backwards = kind == "monotone" and draw(st.booleans())
    return kind, "~" * backwards + name


def pairs(domain: Domain, kind: str, text: str) -> list[tuple[oracle.Bits, oracle.Bits]]:
    """All pairs that an option speaks of, before and after, found by looking at every two."""
    order = list(domain.names)
    name = text.removeprefix("~") if text not in order else text
    backwards = name != text
    group = next((g for g in domain.one_hot if name in [order[i] for i in g]), None)
    listed = None if text in order or "," not in text else [order.index(n) for n in text.split(",")]
    inside = oracle.members(domain)
    found = []
    for x, y in itertools.permutations(inside, 2):
        differ = [i for i in range(len(order)) if x[i] != y[i]]
        if listed is not None:
            if len(differ) != 2 or not set(differ) <= set(listed):
                continue
            before, after = (next(i for i in differ if side[i]) for side in (x, y))
            if listed.index(before) < listed.index(after):
                found.append((x, y))
        elif group is not None:
            if len(differ) == 2 and order.index(name) in differ and set(differ) <= set(group):
                leaves = kind == "flip" or backwards
                if x[order.index(name)] is leaves:
                    found.append((x, y))
        elif differ == [order.index(name)] and x[differ[0]] is backwards:
            found.append((x, y))
    return found


def level(read: bool | None) -> int:
    return {False: 0, None: 1, True: 2}[read]


def broken(
    network: Network, specification: Specification, kind: str, text: str
) -> tuple[int, dict[str, tuple[int, int]], set[tuple[str, str]]]:
    """Number of pairs; for each output how often it falls and rises; the pairs that break it."""
    false, true = specification.domain.values
    counts = {name: [0, 0] for name in specification.outputs}
    wrong = set()
    every = pairs(specification.domain, kind, text)
    for x, y in every:
        values = [oracle.forward(network, [true if b else false for b in side]) for side in (x, y)]
        for j, name in enumerate(specification.outputs):
            one, other = (level(oracle.reading(specification.readout, v, j)) for v in values)
            counts[name][0] += one > other
            counts[name][1] += one < other
            if one > other or (one < other and kind == "flip"):
                wrong.add((oracle.text(x), oracle.text(y)))
    return len(every), {name: (a, b) for name, (a, b) in counts.items()}, wrong


def ask(network: Network, specification: Specification, kind: str, text: str, **more: Any) -> Any:
    flip, monotone = ([text], []) if kind == "flip" else ([], [text])
    return invariant(network, specification, flip=flip, monotone=monotone, threads=1, **more)


@pytest.mark.parametrize(
    ("engine", "examples"), [("enumerate", 250), ("tree", 200), ("z3", 40), ("auto", 60)]
)
def test_every_engine_counts_the_pairs(engine: str, examples: int) -> None:
    @settings(profile, max_examples=examples)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        size = data.draw(st.integers(1, 4 if engine == "z3" else 6))
        network = data.draw(strategies.networks(size, None, 2, 4))
        over = data.draw(strategies.names(size))
        domain = data.draw(strategies.domains(over))
        readout = data.draw(strategies.readouts(network, domain))
        outputs = [f"y{j}" for j in range(network.output_size)]
        specification = Specification(over, dict.fromkeys(outputs), domain=domain, readout=readout)
        kind, text = data.draw(options(domain))
        try:
            said = ask(
                network, specification, kind, text, engine=engine, count=True, counterexamples=500
            )
        except InputError:
            assert not pairs(domain, kind, text)
            return
        total, counts, wrong = broken(network, specification, kind, text)
        (one,) = said.properties
        assert said.status == ("violated" if wrong else "holds")
        assert (one.pairs, one.violations) == (total, len(wrong))
        for name in outputs:
            assert one.count(FALLS, name) == counts[name][0]
            assert one.count(RISES, name) == (counts[name][1] if kind == "flip" else 0)
        assert {tuple(map(oracle.text, (e.before, e.after))) for e in one.examples} == wrong

    agree()


@settings(profile, max_examples=60)
@given(st.data())
def test_certificates_are_accepted(tmp_path: Path, data: st.DataObject) -> None:
    network = data.draw(strategies.networks(5, None, 2, 4))
    over = data.draw(strategies.names(5))
    domain = data.draw(strategies.domains(over))
    readout = data.draw(strategies.readouts(network, domain))
    outputs = [f"y{j}" for j in range(network.output_size)]
    asked = Specification(over, dict.fromkeys(outputs), domain=domain, readout=readout)
    kind, text = data.draw(options(domain))
    flip, monotone = ([text], []) if kind == "flip" else ([], [text])
    try:
        found = questions(network, asked, flip, monotone)
    except InputError:
        assert not pairs(domain, kind, text)
        return
    path = tmp_path / "proof"
    said = ask(network, asked, kind, text, count=data.draw(st.booleans()), certificate=path)
    assert said.certificate is not None
    assert said.certificate.path == str(path)
    exported = json.loads(json.dumps(canonical_questions(found)))
    recheck.recheck(exported, path.read_bytes())


@settings(profile, max_examples=300)
@given(st.data())
def test_the_domain_of_the_other_inputs(data: st.DataObject) -> None:
    """Exactly where both sides belong; and a size wherever the whole domain has one."""
    over = data.draw(strategies.names(data.draw(st.integers(1, 6))))
    domain = data.draw(strategies.domains(over))
    kind, text = data.draw(options(domain))
    try:
        exchanges = read_exchanges(domain, kind, text)
    except InputError:
        assert not pairs(domain, kind, text)
        return
    found = set()
    for exchange in exchanges:
        rest = remaining(domain, exchange)
        members = [] if rest is None else oracle.members(rest)
        assert (None if rest is None else rest.size) == (len(members) or None)
        for bits in members:
            assert rest is not None
            pair = exchange.pair(dict(zip(rest.names, bits, strict=True)), over)
            found.add(tuple(map(tuple, pair)))
    assert found == set(pairs(domain, kind, text))


@settings(profile, max_examples=200)
@given(st.data())
def test_substitution_keeps_the_value(data: st.DataObject) -> None:
    over = tuple(f"x{i}" for i in range(4))
    formula = data.draw(strategies.formulas(over, max_leaves=10))
    fixed = data.draw(st.dictionaries(st.sampled_from(over), st.booleans()))
    left = substituted(formula, fixed)
    assert not set(left.names()) & set(fixed)
    for bits in itertools.product((False, True), repeat=4):
        truth = dict(zip(over, bits, strict=True)) | fixed
        assert oracle.truth(left, truth) == oracle.truth(formula, truth)


GROUPS = {"one_hot": [["low", "mid", "high"], ["one"]]}
NAMES = ("low", "mid", "high", "one", "a", "b, c")


def small(weights: list[int], outputs: int = 1, **more: Any) -> tuple[Network, Specification]:
    """One step from six inputs to outputs with the same weights."""
    network = Network.from_arrays([np.array([weights] * outputs)])
    spec = Specification(NAMES, {f"y{j}": None for j in range(outputs)}, domain=GROUPS, **more)
    return network, spec


def test_a_dead_input_needs_no_search() -> None:
    network, spec = small([1, 2, 3, 0, 0, 5])
    (one,) = invariant(network, spec, flip=["a"], engine="tree").properties
    assert (one.status, one.pairs, one.asked.sentence) == (
        "holds",
        6,
        "setting a from false to true changes no output",
    )
    # both sides are the same neurons: nothing is left of them
    problem = one.asked.parts[0].question.problem
    assert problem.network.widths == (5, 0, 1 + 1)


def test_an_order_of_members() -> None:
    network, spec = small([1, 2, 3, 0, -2, 0], readout=Fraction(1, 2))
    up, down = invariant(
        network, spec, monotone=["low,mid,high", "high,mid,low"], count=True
    ).properties
    assert up.status == "holds"
    assert (down.violations, down.pairs) == (4, 12)
    # with a the sums are -1, 0, 1 and without 1, 2, 3; two more inputs of no weight double each
    assert [answer.verdict.violations for answer in down.answers] == [2, 2, 0]
    assert up.asked.sentence == "going up along low, mid, high lowers no output"
    assert down.asked.opposite == "going up along high, mid, low lowers an output"


def test_a_member_and_the_others() -> None:
    network, spec = small([1, -1, 2, 0, 0, 0])
    flip, joins, leaves = invariant(
        network, spec, flip=["mid"], monotone=["mid", "~mid"], count=True
    ).properties
    assert (flip.pairs, flip.violations) == (8, 8)
    assert (joins.pairs, joins.violations) == (8, 8)
    assert (leaves.pairs, leaves.status) == (8, "holds")
    assert flip.asked.opposite == "exchanging mid for another of its group changes an output"
    assert joins.asked.opposite == "exchanging another of its group for mid lowers an output"


def test_a_name_with_a_comma() -> None:
    network, spec = small([1, 2, 3, 0, 0, -5])
    (one,) = invariant(network, spec, flip=["b, c"], count=True).properties
    assert (one.pairs, one.violations) == (6, 6)


def test_some_outputs_only() -> None:
    network = Network.from_arrays([np.array([[1], [-1], [0]])])
    spec = Specification(1, {"up": None, "down": None, "flat": None}, readout=Fraction(-1, 2))
    for outputs, status in ((["up"], "holds"), (["up", "flat"], "holds"), ([], "violated")):
        answer = invariant(network, spec, monotone=["x0"], outputs=outputs)
        assert answer.status == status
    assert answer.properties[0].examples[0].wrong == ("down",)
    (one,) = invariant(network, spec, flip=["x0"], outputs=["up", "flat"]).properties
    assert one.asked.sentence.endswith("changes none of up, flat")
    (one,) = invariant(network, spec, flip=["x0"], outputs=["flat"]).properties
    assert one.asked.sentence.endswith("does not change flat")


def test_classes_by_the_largest_output() -> None:
    """Equal outputs read as neither, which lies between false and true."""
    network = Network.from_arrays([np.array([[1, 1], [0, 2]])])
    spec = Specification(["a", "b"], {"y0": None, "y1": None}, readout=Argmax())
    (one,) = invariant(network, spec, flip=["b"], count=True).properties
    # a, b: 00 tie, 01 y1, 10 y0, 11 tie
    assert one.violations == 2
    assert (one.count(FALLS, "y0"), one.count(RISES, "y1")) == (2, 2)
    assert invariant(network, spec, monotone=["b"], outputs=["y1"]).holds


def test_pairs_that_no_constraint_allows_are_left_out() -> None:
    network, _ = small([1, 2, 3, 0, 0, 0])
    spec = Specification(NAMES, {"y": None}, domain={**GROUPS, "where": "~high"})
    (one,) = invariant(network, spec, flip=["low,mid,high"]).properties
    assert [e.words for e in one.asked.skipped] == ["low for high", "mid for high"]
    assert one.pairs == 4


def test_a_time_limit() -> None:
    random = np.random.default_rng(0)
    network = Network.from_arrays([random.normal(size=(200, 60)), random.normal(size=(3, 200))])
    spec = Specification(60, dict.fromkeys("abc"))
    answer = invariant(network, spec, flip=["x0"], count=True, timeout=0.01, threads=1)
    (one,) = answer.properties
    assert one.violations is None
    assert answer.to_json()["violations"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to ask: name an input with --flip (flip=), or one with --monotone"),
        ({"flip": ["lo"]}, "flip: unknown input 'lo'; did you mean 'low'?"),
        ({"flip": [""]}, "flip: unknown input ''"),
        ({"flip": ["low,low"]}, "flip: 'low' is listed twice in 'low,low'"),
        ({"monotone": ["low,a"]}, "and 'a' is not in one with the others; repeat --monotone"),
        ({"monotone": ["a,low"]}, "'a' is not in one with the others"),
        ({"monotone": ["~low,mid"]}, "'~' goes before a single name; write the list in reverse"),
        ({"flip": ["~a"]}, "flip: unknown input '~a'"),
        ({"flip": ["one"]}, "'one' is the only member of its one-hot group"),
        ({"flip": ["a"], "outputs": ["z"]}, "output: unknown output 'z'; the outputs are y0"),
        ({"flip": ["a"], "counterexamples": -1}, "counterexamples must be 0 or more, not -1"),
        ({"flip": ["a"], "timeout": 0}, "timeout must be positive, not 0"),
        ({"flip": ["a"], "engine": "oracle"}, "unknown engine 'oracle'"),
        ({"flip": ["a"], "certificate": "/no/where"}, "certificate: there is no folder /no"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    network, spec = small([1, 2, 3, 0, 0, 0])
    with pytest.raises(InputError) as error:
        invariant(network, spec, **options)
    assert message in str(error.value)


def test_refused_without_pairs_or_with_other_sizes() -> None:
    network, spec = small([1, 2, 3, 0, 0, 0])
    exact = Specification(NAMES, {"y": None}, domain="exactly 2")
    with pytest.raises(InputError, match="no two inputs of the domain 'exactly 2' differ only in"):
        invariant(network, exact, flip=["a"])
    other = Network.from_arrays([np.ones((1, 5), dtype=np.int64)])
    with pytest.raises(InputError, match="the network has 5 inputs, but the specification names 6"):
        properties(other, spec, flip=["a"])


def test_an_answer_has_three_values() -> None:
    network, spec = small([1, 2, 3, 0, 0, 0])
    answer = invariant(network, spec, flip=["a"])
    assert isinstance(answer, Invariance)
    with pytest.raises(TypeError, match="three values"):
        bool(answer)


def test_examples_are_evaluated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    network, spec = small([1, -2, 3, 0, 0, 0])
    other, _ = small([1, 2, 3, 0, 0, 0])
    wrong = properties(network, spec, flip=["low,mid"])
    monkeypatch.setattr("superproof.verify.invariance.invariant.properties", lambda *_: wrong)
    with pytest.raises(ReplayError, match="failed its exact replay"):
        invariant(other, spec, flip=["low,mid"])


def test_outputs_by_name_only(tmp_path: Path) -> None:
    _, spec = small([0] * 6, outputs=2)
    with pytest.raises(InputError, match="a list of names says nothing to check"):
        spec.require_formulas()
    again = Specification.load(spec.save(tmp_path / "spec.toml"))
    assert again.canonical() == spec.canonical()
    assert again.outputs == ("y0", "y1")
    assert "y1" in spec._repr_html_()
    with pytest.raises(InputError, match="output 'b': it has no formula, and others have one"):
        Specification(2, {"a": "x0", "b": None})  # type: ignore[dict-item]
