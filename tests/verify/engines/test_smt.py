"""The Z3 engine against brute force over all inputs, for every encoding."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from superproof.verify.domain import Ball, Domain
from superproof.verify.engines import smt
from superproof.verify.engines.encodings.presolve import presolve
from superproof.verify.engines.encodings.pseudo_boolean import neuron_levels
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.engines.smt import ENCODINGS, Smt
from superproof.verify.errors import InputError
from superproof.verify.formula import (
    FALSE,
    TRUE,
    And,
    AtLeast,
    AtMost,
    Formula,
    Implies,
    Not,
    Or,
    Variable,
    Xor,
)
from superproof.verify.grammar import parse_formula
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Readout, Threshold
from superproof.verify.specification import Specification

ROOT = Path(__file__).resolve().parents[3]


def run(problem: Problem, encoding: str = "auto", **asked: object) -> Outcome:
    outcome = Outcome()
    Smt(encoding).decide(problem, Request(**asked), outcome)  # type: ignore[arg-type]
    return outcome


# ---------------------------------------------------------------- brute force in plain Fractions


def inside(domain: Domain, bits: tuple[bool, ...]) -> bool:
    if not domain.at_least <= sum(bits) <= domain.at_most:
        return False
    for ball in domain.balls:
        if sum(a != b for a, b in zip(bits, ball.centre, strict=True)) > ball.radius:
            return False
    if any(sum(bits[i] for i in group) != 1 for group in domain.one_hot):
        return False
    if domain.points is not None and bits not in {tuple(map(bool, row)) for row in domain.points}:
        return False
    assignment = dict(zip(domain.names, bits, strict=True))
    return domain.where is None or domain.where.evaluate(assignment) is True


def outputs(network: Network, fed: list[Fraction]) -> list[Fraction]:
    values = fed
    for layer in network.layers:
        rows = layer.exact_weight.fractions(), layer.exact_bias.fractions()
        z = [
            sum((w * v for w, v in zip(row, values, strict=True)), bias)
            for row, bias in zip(*rows, strict=True)
        ]
        if layer.activation == "relu":
            z = [max(v, Fraction(0)) for v in z]
        elif layer.activation == "step":
            z = [Fraction(v > 0) for v in z]
        values = z
    return values


def margin_and_wrong(
    readout: Readout, values: list[Fraction], index: int, expected: bool
) -> tuple[Fraction, bool]:
    value = values[index]
    if isinstance(readout, Threshold):
        above = value - readout.threshold
        return (above, above <= 0) if expected else (-above, above > 0)
    if isinstance(readout, Levels):
        margin = value - readout.true_at_least if expected else readout.false_at_most - value
        return margin, margin < 0
    lead = value - max(v for i, v in enumerate(values) if i != index)
    margin = lead if expected else -lead
    return margin, margin <= 0


class Truth:
    """Violations, counts and margin of a problem, input by input."""

    def __init__(self, problem: Problem) -> None:
        spec = problem.specification
        self.wrong: dict[tuple[bool, ...], list[bool]] = {}
        self.margin: Fraction | None = None
        self.size = 0
        for bits in itertools.product([False, True], repeat=len(spec.inputs)):
            if not inside(spec.domain, bits):
                continue
            self.size += 1
            assignment = dict(zip(spec.inputs, bits, strict=True))
            values = outputs(problem.network, [spec.domain.values[bit] for bit in bits])
            verdicts = []
            for j, formula in enumerate(spec.formulas):
                expected = formula.evaluate(assignment)
                assert expected is not None
                margin, wrong = margin_and_wrong(spec.readout, values, j, expected)
                verdicts.append(wrong)
                self.margin = margin if self.margin is None else min(self.margin, margin)
            if any(verdicts):
                self.wrong[bits] = verdicts

    @property
    def by_output(self) -> list[int] | None:
        return [sum(column) for column in zip(*self.wrong.values(), strict=True)] or None


# ---------------------------------------------------------------- random problems


@st.composite
def numbers(draw: st.DrawFn, style: str, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    if style == "ternary":
        values = draw(st.lists(st.integers(-1, 1), min_size=size, max_size=size))
    elif style == "small":
        values = draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))
    else:
        mantissas = st.sampled_from([0, 0, 1, -1, 3, -5, 7, 1023, -(2**30) + 1])
        exponents = {"dyadic": st.integers(-6, 3), "wild": st.sampled_from([-300, -80, 0, 2, 90])}
        pairs = st.tuples(mantissas, exponents[style])
        drawn = draw(st.lists(pairs, min_size=size, max_size=size))
        values = [float(m) * 2.0**e for m, e in drawn]
    return np.array(
        values, dtype=np.int64 if style in ("ternary", "small") else np.float64
    ).reshape(shape)


@st.composite
def networks(draw: st.DrawFn, inputs: int, outputs: int) -> Network:
    style = draw(st.sampled_from(["ternary", "small", "dyadic", "wild"]))
    hidden = draw(st.lists(st.integers(1, 4), min_size=0, max_size=3))
    widths = [inputs, *hidden, outputs]
    weights = [draw(numbers(style, (b, a))) for a, b in itertools.pairwise(widths)]
    biases = [draw(numbers(style, (b,))) for b in widths[1:]]
    for weight, bias in zip(weights, biases, strict=True):
        if len(weight) > 1 and draw(st.booleans()):  # a repeated row, and a row of zeros
            weight[-1], bias[-1] = weight[0], bias[0]
            if draw(st.booleans()):
                weight[0] = 0
    kinds = st.sampled_from(["relu", "relu", "step", "identity"])
    activations = [draw(kinds) for _ in hidden]
    activations.append(draw(st.sampled_from(["identity"] * 3 + ["relu", "step"])))
    return Network.from_arrays(weights, biases, activations)


def formulas(names: tuple[str, ...]) -> st.SearchStrategy[Formula]:
    """Every connective, counts beyond the number of operands and repeated operands too."""
    leaves = st.sampled_from([*map(Variable, names), *map(Variable, names), TRUE, FALSE])

    def extend(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
        some = st.lists(inner, max_size=4).map(tuple)
        return st.one_of(
            st.builds(Not, inner),
            st.builds(Implies, inner, inner),
            *(st.builds(kind, some) for kind in (And, Or, Xor)),
            *(st.builds(kind, st.integers(0, 5), some) for kind in (AtLeast, AtMost)),
        )

    return st.recursive(leaves, extend, max_leaves=7)


VALUES = [
    (Fraction(0), Fraction(1)),
    (Fraction(-1), Fraction(1)),
    (Fraction(1, 3), Fraction(-2, 7)),
    (Fraction(2), Fraction(2)),
]


@st.composite
def domains(draw: st.DrawFn, names: tuple[str, ...]) -> Domain:
    n = len(names)
    kinds = draw(
        st.lists(
            st.sampled_from(["at_least", "at_most", "ball", "one_hot", "where", "points"]),
            max_size=2,
        )
    )
    chosen: dict[str, object] = {"values": draw(st.sampled_from(VALUES))}
    vectors = st.tuples(*[st.booleans()] * n)
    if "at_least" in kinds:
        chosen["at_least"] = draw(st.integers(0, n))
    if "at_most" in kinds:
        chosen["at_most"] = draw(st.integers(0, n))
    if "ball" in kinds:
        balls = st.builds(Ball, vectors, st.integers(0, n))
        chosen["balls"] = tuple(draw(st.lists(balls, min_size=1, max_size=2)))
    if "one_hot" in kinds:
        order = draw(st.permutations(range(n)))
        cut = draw(st.integers(1, n))
        groups = [order[:cut], order[cut : cut + 2]]
        chosen["one_hot"] = tuple(tuple(sorted(group)) for group in groups if group)
    if "where" in kinds:
        chosen["where"] = draw(formulas(names))
    if "points" in kinds:
        rows = draw(st.lists(vectors, min_size=1, max_size=6, unique=True))
        chosen["points"] = np.array(rows, dtype=bool)
    return Domain(names, **chosen)  # type: ignore[arg-type]


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    n = draw(st.integers(1, 5))
    m = draw(st.integers(1, 3))
    names = tuple(f"x{i}" for i in range(n))
    network = draw(networks(n, m))
    domain = draw(domains(names))
    assume(not domain.is_empty())
    kind = draw(
        st.sampled_from(["threshold", "levels", "argmax"] if m > 1 else ["threshold", "levels"])
    )
    readout: Readout
    if kind == "argmax":
        readout = Argmax()
    else:
        # levels at values that occur give exact ties
        somewhere = draw(st.tuples(*[st.booleans()] * n))
        tie = outputs(network, [domain.values[bit] for bit in somewhere])[0]
        level = draw(st.sampled_from([Fraction(0), tie, Fraction(1, 3)]))
        gap = draw(st.sampled_from([Fraction(1, 7), Fraction(1), Fraction(1 << 40)]))
        readout = Threshold(level) if kind == "threshold" else Levels(level, level - gap)
    texts = [draw(formulas(names)) for _ in range(m)]
    if draw(st.integers(0, 2)) == 0:  # formulas that always hold exercise the proof side
        for j in range(m):
            always = _exact_formula(network, domain, readout, j)
            texts[j] = always if always is not None else texts[j]
    return Problem(network, Specification(list(names), texts, domain=domain, readout=readout))


def _exact_formula(network: Network, domain: Domain, readout: Readout, j: int) -> Formula | None:
    """What output j reads, as a DNF of all minterms; None where it reads as neither."""
    minterms = []
    for bits in itertools.product([False, True], repeat=domain.inputs):
        values = np.array(outputs(network, [domain.values[bit] for bit in bits]), dtype=object)
        reading = readout.reads(values)[j]
        if reading is None:
            return None
        if reading:
            literals = zip(domain.names, bits, strict=True)
            minterms.append("(" + " & ".join(v if bit else f"~{v}" for v, bit in literals) + ")")
    return parse_formula(" | ".join(minterms) or "false")


EVERYTHING = {"count": True, "margin": True, "counterexamples": 5}


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(problems(), st.sampled_from(["auto", *ENCODINGS]))
def test_agrees_with_brute_force(problem: Problem, encoding: str) -> None:
    truth = Truth(problem)
    if encoding == "pseudo-boolean" and neuron_levels(presolve(problem)) is None:
        with pytest.raises(InputError, match="pseudo-boolean"):
            run(problem, encoding)
        return
    assert truth.size > 0
    outcome = run(problem, encoding, **EVERYTHING)
    assert outcome.status == ("violated" if truth.wrong else "holds")
    assert outcome.violations == len(truth.wrong)
    assert outcome.by_output == (truth.by_output or [0] * len(problem.specification.outputs))
    assert outcome.margin == truth.margin
    found = {tuple(map(bool, point)) for point in outcome.points}
    assert len(found) == len(outcome.points) == min(5, len(truth.wrong))
    assert found <= truth.wrong.keys()
    assert outcome.notes == []
    decided = run(problem, encoding)
    assert decided.status == outcome.status
    assert len(decided.points) == min(1, len(truth.wrong))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(problems())
def test_presolve_keeps_the_function(problem: Problem) -> None:
    """Presolved forms, evaluated in integers, are the network; bounds hold on the domain."""
    network = presolve(problem)
    domain = problem.specification.domain
    for bits in itertools.product([False, True], repeat=domain.inputs):
        if not inside(domain, bits):
            continue  # bounds may use the domain
        values = dict(enumerate(map(int, bits)))
        for neuron in network.neurons:
            z = neuron.form.constant + sum(
                c * values[u] for u, c in neuron.form.coefficients.items()
            )
            assert neuron.low <= z <= neuron.high
            values[neuron.unknown] = max(z, 0) if neuron.activation == "relu" else int(z > 0)
        exact = outputs(problem.network, [domain.values[bit] for bit in bits])
        for form, value in zip(network.outputs, exact, strict=True):
            z = form.constant + sum(c * values[u] for u, c in form.coefficients.items())
            low, high = network.bounds.of(form)
            assert low <= z <= high
            assert form.unit * z == value


# ---------------------------------------------------------------- single cases


def pair_network(inputs: int, neurons: int, seed: int) -> tuple[Network, Specification]:
    rng = np.random.default_rng(seed)
    pairs = list(itertools.combinations(range(inputs), 2))
    chosen = [pairs[i] for i in rng.choice(len(pairs), neurons, replace=False)]
    weight = np.zeros((neurons, inputs), dtype=np.int64)
    for row, pair in zip(weight, chosen, strict=True):
        row[list(pair)] = 1
    network = Network.from_arrays(
        [weight, np.ones((1, neurons), dtype=np.int64)],
        [np.full(neurons, -1), np.zeros(1, dtype=np.int64)],
    )
    return network, Specification(inputs, [" | ".join(f"x{a} & x{b}" for a, b in chosen)])


@pytest.mark.parametrize("encoding", ["auto", *ENCODINGS])
def test_pair_network_is_proved_and_its_damage_found(encoding: str) -> None:
    network, specification = pair_network(40, 40, seed=1)
    assert run(Problem(network, specification), encoding).status == "holds"
    weaker = network.layers[1].weight.copy()
    weaker[0, 7] = 0
    damaged = Network.from_arrays(
        [network.layers[0].weight, weaker], [network.layers[0].bias, network.layers[1].bias]
    )
    outcome = run(Problem(damaged, specification), encoding, counterexamples=4)
    assert outcome.status == "violated"
    assert len({point.tobytes() for point in outcome.points}) == 4


def test_auto_chooses_by_the_weights() -> None:
    sparse = Problem(*pair_network(12, 12, seed=0))
    assert "pseudo-boolean" in run(sparse).detail
    rng = np.random.default_rng(0)
    dense = Network.from_arrays([rng.normal(size=(6, 6)), rng.normal(size=(1, 6))])
    problem = Problem(dense, Specification(6, ["x0 & x1"]))
    assert "integer" in run(problem).detail
    with pytest.raises(InputError, match="use encoding 'integer' or 'auto'"):
        run(problem, "pseudo-boolean")


def test_unknown_encoding_is_an_input_error() -> None:
    with pytest.raises(InputError, match="unknown encoding 'bits'; use one of auto, integer"):
        Smt("bits")


def test_duplicate_neurons_share_an_unknown() -> None:
    """relu(3a + 3b - 3), relu((a + b - 1) / 4): one unknown, a third neuron is never on."""
    weight = np.array([[3.0, 3.0], [0.25, 0.25], [1.0, 1.0]])
    network = Network.from_arrays([weight, np.ones((1, 3))], [[-3.0, -0.25, -2.0], [0.0]])
    presolved = presolve(Problem(network, Specification(2, ["x0 & x1"])))
    assert len(presolved.neurons) == 1
    assert presolved.outputs[0].unit == Fraction(13, 4)


def test_numbers_beyond_the_decimal_limit_of_python() -> None:
    """Eight layers that pull two numbers apart: relu(2**8000 a - 2**-8000 b), 4,800 digits."""
    weights = [np.diag([2.0**1000, 2.0**-1000])] * 8 + [np.array([[1.0, -1.0], [-1.0, 1.0]])]
    activations = ["identity"] * 8 + ["relu", "identity"]
    network = Network.from_arrays([*weights, np.ones((1, 2))], None, activations)
    problem = Problem(network, Specification(2, ["x0"]))
    truth = Truth(problem)
    neuron = presolve(problem).neurons[0]
    assert max(neuron.form.coefficients.values()).bit_length() > 16_000
    for encoding in ("integer", "rational"):
        outcome = run(problem, encoding, **EVERYTHING)
        assert outcome.violations == len(truth.wrong) == 1
        assert outcome.margin == truth.margin == Fraction(-1, 2**8000)


def test_no_hidden_neurons_and_bits_that_do_not_matter() -> None:
    network = Network.from_arrays(
        [np.zeros((0, 4)), np.zeros((1, 0))], [np.zeros(0), np.array([1.0])]
    )
    outcome = run(Problem(network, Specification(4, ["x0"])), **EVERYTHING)
    assert (outcome.status, outcome.violations, outcome.by_output) == ("violated", 8, [8])
    assert outcome.margin == -1


def test_an_input_that_breaks_two_outputs_counts_once() -> None:
    network = Network.from_arrays([np.array([[1.0, 0.0], [0.0, 1.0]])], [[-0.5, -0.5]])
    problem = Problem(network, Specification(2, ["false", "false"]))
    for encoding in ENCODINGS:
        outcome = run(problem, encoding, count=True)
        assert (outcome.violations, outcome.by_output) == (3, [2, 2])


def test_count_stops_at_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smt, "COUNT_UP_TO", 10)
    network = Network.from_arrays([np.ones((1, 8))])
    problem = Problem(network, Specification(8, ["false"]))
    outcome = run(problem, count=True, margin=True)
    assert outcome.status == "violated"
    assert outcome.violations is None
    assert outcome.by_output is None
    assert outcome.margin == -8
    assert any("stopped at 10 violating inputs" in note for note in outcome.notes)


def test_empty_domain_that_no_count_notices() -> None:
    names = [f"x{i}" for i in range(30)]
    where = "atleast(20, " + ", ".join(names) + ") & atmost(10, " + ", ".join(names) + ")"
    spec = Specification(30, ["x0"], domain=f"where {where}")
    with pytest.raises(InputError, match="domain: empty"):
        run(Problem(Network.from_arrays([np.ones((1, 30))]), spec))


def test_progress_goes_up_to_the_end() -> None:
    calls: list[tuple[int, int]] = []
    network = Network.from_arrays([np.eye(3)])
    run(
        Problem(network, Specification(3, ["x0", "x1", "x2"])),
        margin=True,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(i, 6) for i in range(1, 7)]


def pigeonhole(holes: int) -> Problem:
    """A formula that is false for no simple reason: holes + 1 pigeons in as many holes."""
    at = [[f"x{p * holes + h}" for h in range(holes)] for p in range(holes + 1)]
    parts = ["(" + " | ".join(row) + ")" for row in at]
    for column in zip(*at, strict=True):
        parts += [f"~({a} & {b})" for a, b in itertools.combinations(column, 2)]
    inputs = holes * (holes + 1)
    network = Network.from_arrays([np.ones((1, inputs))], [[-1000.0]])
    return Problem(network, Specification(inputs, [" & ".join(parts)]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_time_limit_gives_unknown(encoding: str) -> None:
    problem = pigeonhole(12)
    start = time.monotonic()
    outcome = run(problem, encoding, count=True, margin=True, deadline=start + 0.5)
    assert time.monotonic() >= start + 0.5
    assert outcome.status == "unknown"
    assert outcome.violations is None
    assert outcome.margin is None
    assert "time limit while deciding" in outcome.detail
    assert "0 of 1 outputs proved" in outcome.detail
    assert [note.split(":")[0] for note in outcome.notes] == ["count", "margin"]


def test_time_limit_holds_while_encoding_and_in_long_simplex_steps() -> None:
    """Dense deep float64 weights keep Z3 busy inside single steps; the limit still ends it."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(24, 24)) for _ in range(3)] + [rng.normal(size=(1, 24))]
    network = Network.from_arrays(weights, [rng.normal(size=len(w)) for w in weights])
    spec = Specification(24, [" ^ ".join(f"x{i}" for i in range(24))])
    outcome = run(Problem(network, spec), "integer", deadline=time.monotonic() + 0.5)
    assert outcome.status in ("unknown", "violated")
    outcome = run(Problem(network, spec), "integer", deadline=time.monotonic())
    assert (outcome.status, outcome.detail) == ("unknown", "time limit while encoding: encoding")


def test_counterexamples_survive_the_time_limit() -> None:
    network = Network.from_arrays([np.ones((1, 60))])
    problem = Problem(network, Specification(60, ["false"]))
    outcome = run(problem, count=True, margin=True, deadline=time.monotonic() + 0.7)
    assert outcome.status == "violated"
    assert len(outcome.points) == 1
    assert outcome.violations is None
    assert any("at least" in note for note in outcome.notes)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_interrupt_is_passed_on_with_what_is_known(encoding: str) -> None:
    problem = pigeonhole(12)
    outcome = Outcome()
    timer = threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            Smt(encoding).decide(
                problem, Request(count=True, deadline=time.monotonic() + 20), outcome
            )
    finally:
        timer.cancel()
    assert outcome.status == "unknown"
    assert outcome.detail.startswith("interrupted while deciding")


def test_the_engine_needs_no_enumeration_code() -> None:
    script = (
        "import sys; import superproof.verify.engines.smt; "
        "print([m for m in sys.modules if 'enumeration' in m or m == 'numba' or m == 'torch'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_variables_are_read_by_name_and_position() -> None:
    """An order of names other than alphabetical must not matter."""
    network = Network.from_arrays([np.array([[1.0, -1.0]])])
    problem = Problem(network, Specification(["b", "a"], {"y": Variable("b") & ~Variable("a")}))
    for encoding in ENCODINGS:
        assert run(problem, encoding).status == "holds"
