"""Comparisons of two networks: every way of deciding against an oracle, claims and words."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof import Network, Specification, compare
from superproof.verify.comparison import compare as comparing
from superproof.verify.comparison import differences, explanation, inquiry
from superproof.verify.comparison.comparison import Comparison
from superproof.verify.comparison.inquiry import Inquiry
from superproof.verify.comparison.regions import NO_CLAUSE, SEVERAL
from superproof.verify.errors import InputError
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels
from superproof.verify.verdict import Verdict

from ... import strategies
from ...oracles import comparison_oracle as oracle

Pair = tuple[Network, Network, Specification, dict[int, set[int] | None]]
HARD = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


def edited(network: Network, seed: int) -> Network:
    """A few numbers moved, a neuron silenced or an output negated."""
    rng = np.random.default_rng(seed)
    weights = [np.array(layer.weight, dtype=np.float64) for layer in network.layers]
    biases = [np.array(layer.bias, dtype=np.float64) for layer in network.layers]
    layer = int(rng.integers(len(weights)))
    kind = rng.integers(5)
    rows, columns = weights[layer].shape
    if kind == 0 and rows and columns:
        weights[layer][rng.integers(rows), rng.integers(columns)] += rng.choice([-1, 0.5, 2])
    elif kind == 1 and rows:
        row = rng.integers(rows)
        weights[layer][row], biases[layer][row] = 0, 0
    elif kind == 2:
        row = rng.integers(len(biases[-1]))
        weights[-1][row], biases[-1][row] = -weights[-1][row], -biases[-1][row]
    elif kind == 3 and rows:
        biases[layer][rng.integers(rows)] -= 1
    return Network.from_arrays(weights, biases, [one.activation for one in network.layers])


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two networks, a specification, and what was to be forgotten."""
    problem = draw(strategies.problems(max_inputs=5, max_hidden=2, max_width=4, wild=False))
    a, spec = problem.network, problem.specification
    if draw(st.booleans()):
        b = edited(a, draw(st.integers(0, 10**6)))
    else:
        b = draw(strategies.networks(a.input_size, a.output_size, 2, 4))
    if draw(st.booleans()):
        a, b = b, a
    forgotten: dict[int, set[int] | None] = {}
    if not isinstance(spec.readout, Argmax):
        for j in draw(st.sets(st.integers(0, len(spec.outputs) - 1), max_size=2)):
            count = len(spec.formulas[j].clauses())
            chosen = draw(st.sets(st.integers(0, count - 1))) if count else set()
            forgotten[j] = chosen or None
    return a, b, spec, forgotten


def names(spec: Specification, forgotten: dict[int, set[int] | None]) -> list[str]:
    """As the command line has them."""
    return [
        spec.outputs[j] if i is None else f"{spec.outputs[j]}:{i}"
        for j, chosen in forgotten.items()
        for i in (chosen if chosen is not None else [None])
    ]


def agrees(
    found: Comparison, truth: oracle.Answer, spec: Specification, uncounted: bool = False
) -> None:
    """Everything that is said is true, and the status is said."""
    status = "differs" if truth.differing else "equal"
    assert found.status == status or (found.status == "unknown" and uncounted)
    assert found.differing in (None, truth.differing)
    assert found.a_computes == (truth.a_wrong == 0)
    assert found.a.violations in (None, truth.a_wrong)
    for j, name in enumerate(spec.outputs):
        same(found.by_output[name], truth.by_output[j])
    rows = {(row.output, row.clause, row.region): row for row in found.regions}
    assert len(rows) == len(found.regions)
    if found.status == "unknown":
        return
    for j, name in enumerate(spec.outputs):
        clauses = spec.formulas[j].clauses()
        for place, expected in truth.regions[j].items():
            if place == "several" and len(clauses) < 2:
                continue
            key = (name, None, SEVERAL if place == "several" else NO_CLAUSE)
            if isinstance(place, int):
                key = (name, place, str(clauses[place]))
            row = rows.pop(key)
            same(row.change, expected)
            outside = truth.regions[j]["no"]
            right_word(row.status, expected, outside, isinstance(place, int))
    assert not rows
    for example in found.examples:
        reads = [[o.a_read, o.b_read] for o in example.outputs.values()]
        assert any(x is not y for x, y in reads)
    claim = found.claim
    if claim is not None:
        status = "fails" if truth.residual or truth.damage else "holds"
        assert claim.status == status or (claim.status == "unknown" and uncounted)
        assert claim.residual in (None, truth.residual)
        assert claim.damage in (None, truth.damage)
        for j, name in enumerate(spec.outputs):
            assert claim.residual_by_output[name] in (None, truth.residual_by_output[j])
            assert claim.damage_by_output[name] in (None, truth.damage_by_output[j])


def refused(found: Comparison) -> bool:
    """Networks of different kinds do not stand side by side on inputs other than 0 and 1."""
    return any("can only be compared on inputs 0 and 1" in note for note in found.notes)


def same(change: object, expected: oracle.Row) -> None:
    """The counts that are given are right."""
    for kind in ("inputs", "both", "lost", "gained", "other", "opposite"):
        assert getattr(change, kind) in (None, expected[kind]), kind


def right_word(word: str, row: oracle.Row, outside: oracle.Row, clause: bool) -> None:
    """The word says what the counts say, where it is said with certainty."""
    differs = row["lost"] + row["gained"] + row["other"]
    if word == "empty":
        assert not row["inputs"]
    elif word == "inverted":
        assert row["opposite"] == row["inputs"]
        assert not clause or outside["opposite"] == outside["inputs"]
    elif word in ("still computed", "still false", "unchanged"):
        assert not differs
        if row["inputs"]:
            assert word != "still computed" or row["both"] == row["inputs"]
            assert word != "still false" or row["both"] == 0
    elif word == "lost":
        assert row["both"] == row["gained"] == 0
        assert row["lost"] or not row["inputs"]
    elif word.startswith("partly lost"):
        assert row["lost"] * row["both"] > 0 == row["gained"]
    elif word.startswith(("gained", "partly gained", "false alarms")):
        assert row["gained"] > 0 == row["lost"]
    elif word.startswith("changed"):
        assert differs
    else:
        assert word == "not decided", word


def complete(found: Comparison) -> None:
    """Nothing is left open."""
    assert found.differing is not None
    assert not found.notes
    assert all(row.change.differing is not None for row in found.regions)
    assert all(row.change.inputs is not None for row in found.regions)


@HARD
@given(pairs())
def test_one_scan_says_everything(pair: Pair) -> None:
    a, b, spec, forgotten = pair
    truth = oracle.answer(a, b, spec, forgotten)
    found = compare(a, b, spec, forgotten=names(spec, forgotten))
    agrees(found, truth, spec)
    complete(found)
    assert found.how == "one scan of the domain"
    if found.claim is not None:
        assert (found.claim.residual, found.claim.damage) == (truth.residual, truth.damage)


#: How the answer is found: by guessed formulas, lists, region by region, or side by side; and
#: region by region where only up to so many inputs are ever counted.
WAYS = ("formulas", "lists", "regions", "side by side", "counting to 2", "counting to 0")


def only(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a comparison from using the ways before this one."""
    monkeypatch.setattr(comparing, "QUICK", 0)
    if way == "formulas":
        return
    monkeypatch.setattr(
        differences, "computed_formulas", lambda a, spec, *rest: [None] * len(spec.outputs)
    )
    if way == "lists":
        return
    monkeypatch.setattr(explanation, "SCANNED", 0)
    monkeypatch.setattr(inquiry, "LISTED", 1)
    if way == "side by side":
        monkeypatch.setattr(differences, "complete_list", lambda *given: None)
    if way.startswith("counting"):
        counting = Inquiry.count
        most = int(way[-1])

        def count(
            self: Inquiry, problem: Problem, listed: int = 1, *, brief: bool = False
        ) -> Verdict:
            verdict = counting(self, problem, 2, brief=brief)
            small = verdict.violations is not None and verdict.violations <= most
            return verdict if small else self.decide(problem, brief=brief)

        monkeypatch.setattr(Inquiry, "count", count)
        monkeypatch.setattr(Inquiry, "size", lambda self, spec, formula: None)


def checked(way: str, pair: Pair) -> None:
    """A comparison by one way says what is true, or that it cannot be done."""
    a, b, spec, forgotten = pair
    truth = oracle.answer(a, b, spec, forgotten)
    with pytest.MonkeyPatch.context() as monkeypatch:
        only(way, monkeypatch)
        found = compare(a, b, spec, forgotten=names(spec, forgotten), engine="enumerate")
    agrees(found, truth, spec, uncounted=way.startswith("counting") or refused(found))


@pytest.mark.parametrize("way", WAYS)
@settings(parent=HARD, max_examples=40)
@given(pairs())
def test_every_way_agrees(way: str, pair: Pair) -> None:
    checked(way, pair)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@settings(parent=HARD, max_examples=400)
@given(pairs())
def test_every_way_agrees_often(way: str, pair: Pair) -> None:
    checked(way, pair)


@pytest.mark.parametrize(("engine", "examples"), [("tree", 60), ("z3", 15)])
def test_every_engine_agrees(engine: str, examples: int) -> None:
    @settings(parent=HARD, max_examples=examples)
    @given(pairs())
    def agreeing(pair: Pair) -> None:
        a, b, spec, forgotten = pair
        truth = oracle.answer(a, b, spec, forgotten)
        found = compare(a, b, spec, forgotten=names(spec, forgotten), engine=engine)
        agrees(found, truth, spec, uncounted=refused(found))

    agreeing()


def ring(size: int, weight: float = 1.0) -> tuple[Network, Specification]:
    """The OR of all ANDs of neighbours on a ring; ``weight`` is that of the third one."""
    first = np.zeros((size, size), dtype=np.float32)
    for i in range(size):
        first[i, [i, (i + 1) % size]] = 1
    second = np.ones((1, size), dtype=np.float32)
    second[0, 2] = weight
    network = Network.from_arrays([first, second], [np.full(size, -1, np.float32), None])
    clauses = [f"x{i} & x{(i + 1) % size}" for i in range(size)]
    return network, Specification(size, [" | ".join(clauses)])


def alone(size: int) -> int:
    """Subsets of a ring with exactly one neighbouring pair, and that a given one.

    The places beside the pair are empty; the rest of the path has no neighbours: Fibonacci.
    """
    counts = [1, 2]
    while len(counts) <= size:
        counts.append(counts[-1] + counts[-2])
    return counts[size - 4]


@pytest.mark.parametrize("size", [8, 12, 30, 64])
def test_a_clause_without_its_neuron_is_lost_and_nothing_else(size: int) -> None:
    a, spec = ring(size)
    b, _ = ring(size, 0)
    found = compare(a, b, spec, forgotten=["y0:2"])
    assert found.differing == found.by_output["y0"].lost == alone(size)
    status = {row.clause: row.status for row in found.regions if row.clause is not None}
    assert status == {i: "lost" if i == 2 else "still computed" for i in range(size)}
    assert [row.status for row in found.regions[-2:]] == ["still computed", "still false"]
    assert found.claim is not None
    assert found.claim.status == "holds"
    assert found.claim.inputs == {"y0": alone(size)}


def test_a_negated_output_is_inverted() -> None:
    a, spec = ring(30)
    # above 0 where the sum is 0
    b = Network.from_arrays([a.layers[0].weight, -a.layers[1].weight], [a.layers[0].bias, [0.5]])
    found = compare(a, b, spec)
    assert found.differing == 2**30
    assert {row.status for row in found.regions} == {"inverted"}
    assert "y0 inverted" in str(found)


def test_a_wider_and_deeper_network_is_equal() -> None:
    a, spec = ring(20)
    last = a.layers[1]
    twice = np.concatenate([last.weight, last.weight])
    b = Network.from_arrays([a.layers[0].weight, twice, [[1, 0]]], [a.layers[0].bias, [0, 0], None])
    for engine in ("auto", "tree"):
        found = compare(a, b, spec, engine=engine)
        assert found.equal
        assert found.differing == 0
    with pytest.raises(TypeError, match="three answers"):
        bool(found)


def test_networks_that_are_both_wrong_can_be_equal() -> None:
    a, spec = ring(26, 0)
    turned = np.roll(np.arange(26), 3)
    first, second = a.layers
    b = Network.from_arrays(
        [first.weight[turned], second.weight[:, turned]], [first.bias[turned], None]
    )
    found = compare(a, b, spec)
    assert found.equal
    assert found.a_computes is False


def test_residual_and_damage_are_told_apart() -> None:
    """y0 still says the second clause where e is true; y1 is lost where it was not asked for."""
    spec = Specification(
        ["a", "b", "c", "d", "e"], {"y0": "a & b | c & d", "y1": "e"}, domain="all"
    )
    first = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 1, 1, 1]]
    a = Network.from_arrays([first, [[1, 1, 0, 0], [0, 0, 1, 0]]], [[-1, -1, 0, -2], [0, 0]])
    b = Network.from_arrays([first, [[1, 0, 0, 1], [0, -1, 1, 0]]], [[-1, -1, 0, -2], [0, 0]])
    for engine in ("auto", "tree", "z3"):
        found = compare(a, b, spec, forgotten=["y0:1"], engine=engine, counterexamples=9)
        claim = found.claim
        assert claim is not None
        assert claim.status == "fails"
        # c & d & e without a & b; y1 where c & d & e
        assert (claim.residual, claim.damage) == (3, 4)
        assert claim.residual_by_output == {"y0": 3, "y1": 0}
        assert claim.damage_by_output == {"y0": 0, "y1": 4}
        assert {e.text[2:] for e in claim.residual_examples} == {"111"}
        assert all(e.shown == ("y1",) for e in claim.damage_examples)
        words = str(found)
        assert "residual on 3 inputs" in words
        assert "damage on 4 inputs" in words
        assert claim.inputs == {"y0": 6}


def test_a_whole_output_is_forgotten() -> None:
    a, spec = ring(9)
    nothing = Network.from_arrays([np.zeros((1, 9))], [[-1]])
    found = compare(a, nothing, spec, forgotten=["y0"])
    assert found.claim is not None
    assert found.claim.status == "holds"
    assert found.claim.inputs == {"y0": 512}
    some = Network.from_arrays([np.eye(9)[:1]], [[0]])
    failed = compare(a, some, spec, forgotten=["y0", "y0:3"]).claim
    assert failed is not None
    assert failed.forgotten == ("y0",)
    assert (failed.residual, failed.damage) == (256, 0)


def test_neither_is_no_true_and_no_false() -> None:
    spec = Specification(["a", "b"], ["a | b"], readout=Levels(Fraction(1), Fraction(0)))
    a = Network.from_arrays([[[1, 1]]])
    b = Network.from_arrays([[[0.5, 1]]])
    for engine in ("auto", "tree", "z3"):
        found = compare(a, b, spec, engine=engine)
        change = found.by_output["y0"]
        assert (change.lost, change.gained, change.other, change.opposite) == (1, 0, 0, 0)
        assert found.regions[0].status == "lost"
    assert "neither at 0.5" in str(found)


def test_an_unfinished_comparison_says_so() -> None:
    a, spec = ring(40)
    b, _ = ring(40, 0)
    found = compare(a, b, spec, timeout=1e-9, forgotten=["y0:2"], engine="tree")
    assert found.status == "unknown"
    assert found.claim is not None
    assert found.claim.status == "unknown"
    assert any("was not decided" in note for note in found.notes)
    assert str(found).startswith("unknown: it was not decided whether B forgot clause 2 of y0")


def test_a_person_can_stop_it() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    a, spec = ring(12)
    found = compare(a, ring(12, 0)[0], spec, progress=stop)
    assert found.interrupted
    assert found.status == "unknown"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"forgotten": ["y0:5"]}, "--forgotten y0:5: y0 has 5 clauses, numbered from 0"),
        ({"forgotten": ["z"]}, "--forgotten z: write OUTPUT or OUTPUT:CLAUSE; .* outputs are y0"),
        ({"engine": "guess"}, "unknown engine 'guess'; use one of"),
        ({"timeout": 0}, "timeout must be positive, not 0"),
        ({"threads": 0}, "threads must be 1 or more, not 0"),
        ({"counterexamples": -1}, "counterexamples must be 0 or more, not -1"),
        ({"certificate": "/nowhere/at/all"}, "there is no folder"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    a, spec = ring(5)
    with pytest.raises(InputError, match=message):
        compare(a, a, spec, **change)  # type: ignore[arg-type]


def test_networks_that_do_not_fit_are_refused() -> None:
    a, spec = ring(5)
    with pytest.raises(InputError, match="network B has 6 inputs, but the specification names 5"):
        compare(a, ring(6)[0], spec)
    with pytest.raises(InputError, match="network A has 2 outputs, but the specification names 1"):
        compare(Network.from_arrays([np.zeros((2, 5))]), a, spec)
    two = Specification(2, ["x0 & ~x1", "x1 & ~x0"], readout="argmax")
    same = Network.from_arrays([np.eye(2)])
    with pytest.raises(InputError, match="--forgotten: with an argmax read-out"):
        compare(same, same, two, forgotten=["y0"])
    many = Specification(1, ["x0"] * 4097)
    wide = Network.from_arrays([np.ones((4097, 1))])
    with pytest.raises(InputError, match="4,097 outputs cannot be compared, only with up to 4,096"):
        compare(wide, wide, many)
