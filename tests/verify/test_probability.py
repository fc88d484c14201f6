"""The exact probability of error: engines against a Fraction for every input, and each other."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.check import check
from superproof.verify.domain_notation import parse_domain
from superproof.verify.engines import enumeration, weighed_scan, weighing
from superproof.verify.engines.branching import pursuit
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.engines.measure import Measure
from superproof.verify.errors import ContradictionError, InputError
from superproof.verify.law import Law, Product, Subsets, Uniform
from superproof.verify.network import Network
from superproof.verify.probability import ErrorQuestion
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification
from superproof.verify.verdict import Verdict

from .. import strategies
from ..oracles import weighted_oracle

profile = settings(deadline=None, suppress_health_check=list(HealthCheck))
_chances = st.sampled_from([Fraction(*p) for p in ((0, 1), (1, 1), (1, 2), (1, 10), (5, 7))])


@st.composite
def laws(draw: st.DrawFn, inputs: int) -> Law:
    """Laws of every kind, with certain inputs among the random ones."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return Uniform()
    if kind == 1:
        return Subsets(draw(st.integers(0, inputs)))
    if kind == 2:
        return Product((draw(_chances),) * inputs)
    return Product(tuple(draw(st.lists(_chances, min_size=inputs, max_size=inputs))))


@st.composite
def questions(draw: st.DrawFn, max_inputs: int = 6) -> tuple[Problem, Law]:
    """A problem of any kind and a law for its inputs."""
    problem = draw(strategies.problems(max_inputs=max_inputs))
    return problem, draw(laws(len(problem.specification.inputs)))


def ask(problem: Problem, law: Any, engine: str = "auto", **options: Any) -> Verdict:
    options = {"threads": 1, "dtypes": (), **options}
    spec = problem.specification
    return check(problem.network, spec, engine=engine, probability=law, **options)


def agree(engine: str, problem: Problem, law: Law) -> None:
    """The engine's probabilities are those of the oracle, and it refuses what it must."""
    expected = weighted_oracle.errors(problem, law)
    if expected is None:
        with pytest.raises(InputError, match="has probability 0 when the law is"):
            ask(problem, law, engine)
        return
    verdict = ask(problem, law, engine)
    found = verdict.probability
    assert found is not None, verdict.notes
    assert (found.error, tuple(found.by_output.values()), found.domain) == expected
    assert tuple(found.by_output) == tuple(problem.specification.outputs)


@pytest.mark.parametrize("engine", ["auto", "enumerate"])
def test_enumeration_agrees_with_the_oracle(engine: str) -> None:
    @settings(profile, max_examples=100)
    @given(questions())
    def agrees(question: tuple[Problem, Law]) -> None:
        agree(engine, *question)

    agrees()


@pytest.mark.parametrize("leaf", [0, 10])
def test_the_tree_agrees_with_the_oracle(leaf: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small leaves make small problems branch, and close whole cubes."""
    for purpose in pursuit.LEAF:
        monkeypatch.setitem(pursuit.LEAF, purpose, leaf)

    @settings(profile, max_examples=100)
    @given(questions())
    def agrees(question: tuple[Problem, Law]) -> None:
        agree("tree", *question)

    agrees()


def test_z3_agrees_with_the_oracle_through_counts() -> None:
    @settings(profile, max_examples=15)
    @given(questions(max_inputs=4))
    def agrees(question: tuple[Problem, Law]) -> None:
        agree("z3", *question)

    agrees()


DOMAINS = (
    "all",
    "at most 4",
    "within 3 of 01101001101",
    {"one_hot": [["x0", "x1", "x2"], ["x7", "x9"]]},
    {"where": "x0 ^ x1 ^ x2 | x5", "at_least": 3},
)
MIXED = Product(tuple(Fraction(1 + i % 5, 7 + i) for i in range(11)))
READOUTS: tuple[Any, ...] = (0, "argmax")


def _problems(domain: Any, readout: Any) -> Iterator[Problem]:
    rng = np.random.default_rng(7)
    formulas = ["x0 & x1 | ~x2 & x3", "majority(x0, x4, x5, x6, x7)", "x8 ^ x9 ^ x10"]
    for hidden, kind in (((9,), "relu"), ((9,), "step"), ((6, 5), "relu")):
        sizes = (11, *hidden, 3)
        weights = [rng.normal(size=(b, a)).astype(np.float32) for a, b in itertools.pairwise(sizes)]
        biases = [rng.normal(size=b).astype(np.float32) for b in sizes[1:]]
        network = Network.from_arrays(weights, biases, [*[kind] * len(hidden), "identity"])
        spec = Specification(11, formulas, domain=domain, readout=readout)
        yield Problem(network, spec)


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
@pytest.mark.parametrize("readout", READOUTS, ids=str)
def test_tables_batches_and_tree_agree(
    domain: Any, readout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eleven inputs, of which tables make rows and lanes; three outputs that are often wrong."""
    monkeypatch.setitem(pursuit.LEAF, 1, 4)
    for problem in _problems(domain, readout):
        for law in (MIXED, Product((Fraction(1, 10),) * 11)):
            answers = []
            for small in (0, enumeration.SMALL):
                monkeypatch.setattr(weighed_scan, "SMALL", small)
                answers.append(ask(problem, law, "enumerate", threads=2).probability)
            answers.append(ask(problem, law, "tree").probability)
            first, second, third = answers
            assert first is not None
            assert second is not None
            assert third is not None
            for other in (second, third):
                assert first.error == other.error
                assert first.by_output == other.by_output
                assert first.domain == other.domain
            assert first.error > 0


@pytest.mark.parametrize("domain", ["at most 2", {"one_hot": [["x0", "x1"]]}, {"where": "x0"}])
def test_one_probability_for_all_is_a_polynomial_in_counts(domain: Any) -> None:
    """The weights that enumeration sums, against counts for each number of true inputs."""
    for problem in _problems(domain, 0):
        law = Product((Fraction(2, 9),) * 11)
        measure = Measure(law.weights(11))
        request = Request()

        def counts(part: Problem, request: Request) -> Outcome:
            outcome = Outcome(engine="enumerate")
            enumeration.Enumeration().decide(part, request, outcome)
            return outcome

        direct = weighing.weigh(problem, measure, request, "enumerate", counts)
        by_counts = weighing.weigh(problem, measure, request, "z3", counts)
        assert direct[:2] == by_counts[:2]


def test_a_closed_form_at_64_inputs() -> None:
    """The network says true where x0 is; it should say x0 & x1: wrong on x0 & ~x1."""
    weight = np.zeros((1, 64), dtype=np.float32)
    weight[0, 0] = 1
    problem = Problem(Network.from_arrays([weight]), Specification(64, ["x0 & x1"]))
    law = {"default": "1/10", "p": {"x0": "1/3", "x1": "2/7"}}
    found = ask(problem, law).probability
    assert found is not None
    assert found.error == Fraction(1, 3) * Fraction(5, 7)
    assert (found.domain, found.engine) == (1, "tree")
    found = ask(problem, "subsets 5").probability
    assert found is not None
    # x0 is among the five, x1 is not
    assert found.error == Fraction(5, 64) * Fraction(59, 63)


@pytest.mark.parametrize(
    ("domain", "share"),
    [
        ("at most 1", Fraction(9, 10) ** 40 + 40 * Fraction(1, 10) * Fraction(9, 10) ** 39),
        ("within 0 of " + "01" * 20, Fraction(1, 10) ** 20 * Fraction(9, 10) ** 20),
        ({"one_hot": [["x0", "x1", "x2"]]}, 3 * Fraction(1, 10) * Fraction(9, 10) ** 2),
        ({"where": "x0 | x1 & x2"}, 1 - Fraction(9, 10) * Fraction(99, 100)),
        ({"where": "x0 ^ x1 ^ x2 ^ x3 ^ x4 ^ x5 ^ x6 ^ x7"}, (1 - Fraction(4, 5) ** 8) / 2),
        ("where " + " ^ ".join(f"x{i}" for i in range(12)), (1 - Fraction(4, 5) ** 12) / 2),
    ],
    ids=str,
)
def test_probabilities_of_large_domains(domain: Any, share: Fraction) -> None:
    """Products, forbidden cubes, and a parity that only the tree can take apart."""
    parsed = parse_domain(domain, [f"x{i}" for i in range(40)])
    measure = Measure(Product((Fraction(1, 10),) * 40).weights(40))
    weight = weighing.domain_weight(parsed, measure, Request())
    assert Fraction(weight, 10**40) == share


def test_nothing_is_summed_where_the_network_is_right() -> None:
    problem = Problem(Network.from_arrays([np.eye(1, 80)]), Specification(80, ["x0"]))
    found = ask(problem, "1/10").probability
    assert found is not None
    assert (found.error, found.by_output) == (0, {"y0": 0})


def test_many_inputs_have_long_fractions() -> None:
    """5,000 inputs: the exact number has thousands of digits, in the text a few of them."""
    weight = np.zeros((1, 5000), dtype=np.int8)
    domain = "at most 1"
    problem = Problem(Network.from_arrays([weight]), Specification(5000, ["x7"], domain=domain))
    verdict = ask(problem, "1/10")
    found = verdict.probability
    assert found is not None
    # of at most one true input, it is x7
    assert found.error == Fraction(1, 9) / (1 + 5000 * Fraction(1, 9))
    exact = found.to_json()["domain"]["exact"]
    assert len(exact) > 5000
    assert len(str(verdict)) < 2000


def test_the_time_limit() -> None:
    """Forty Gaussian inputs: neither the count nor the weight is found in a quarter second."""
    rng = np.random.default_rng(5)
    weights = [rng.normal(size=(32, 40)), rng.normal(size=(1, 32))]
    problem = Problem(Network.from_arrays(weights), Specification(40, ["x0"]))
    start = time.monotonic()
    for law in ("1/10", "uniform", "subsets 20"):
        verdict = ask(problem, law, timeout=0.25)
        assert verdict.probability is None
        (note,) = (n for n in verdict.notes if "probability" in n)
        assert note.startswith("the probability of error was not found: ")
        assert verdict.to_json()["probability"] is None
        assert verdict.status == "violated"
    assert time.monotonic() - start < 60


def test_the_domain_may_take_too_long() -> None:
    """A chain of sixty inputs that no form of the domain takes apart in a moment."""
    names = [f"x{i}" for i in range(60)]
    parity = " ^ ".join(f"({a} & {b})" for a, b in itertools.pairwise(names))
    network = Network.from_arrays([np.zeros((1, 60))])
    problem = Problem(network, Specification(names, ["x0"], domain={"where": parity}))
    verdict = ask(problem, "1/10", timeout=0.5)
    assert verdict.probability is None
    (note,) = (n for n in verdict.notes if "probability" in n)
    assert note.endswith("not found: the weight of the domain was not found in time")


def test_too_many_classes_for_counts() -> None:
    network = Network.from_arrays([np.zeros((1, 13))])
    problem = Problem(network, Specification(13, ["x0"]))
    law = Product(tuple(Fraction(1, 2 + i) for i in range(13)))
    verdict = ask(problem, law, "z3")
    assert verdict.probability is None
    assert verdict.notes == (
        "the probability of error was not found: 13 different probabilities would take 8,192 "
        "counts; use --engine auto",
    )


def test_the_sparse_engine_sums_no_weights() -> None:
    network = Network.from_arrays([np.zeros((1, 2))])
    measure = Measure(((9, 1), (9, 1)))
    with pytest.raises(weighing.UnfinishedError, match="sums no weights; use --engine auto"):
        weighing.weigh(
            Problem(network, Specification(2, ["x0"])),
            measure,
            Request(),
            "sparse",
            lambda problem, request: Outcome(),
        )


def test_too_large_to_enumerate() -> None:
    network = Network.from_arrays([np.zeros((1, 50))])
    problem = Problem(network, Specification(50, ["x0"]))
    with pytest.raises(weighing.UnfinishedError, match="the domain is too large to be enumerated"):
        weighing.weigh(
            problem,
            Measure(((9, 1),) * 50),
            Request(),
            "enumerate",
            lambda problem, request: Outcome(),
        )


def test_an_interrupt_leaves_the_verdict() -> None:
    def interrupted(problem: Problem, request: Request) -> Outcome:
        raise KeyboardInterrupt

    network = Network.from_arrays([np.zeros((1, 3))])
    problem = Problem(network, Specification(3, ["x0"]))
    question = ErrorQuestion(problem, Subsets(1), Request(), "auto", interrupted)
    verdict = question.answered(ask(problem, None))
    assert (verdict.status, verdict.interrupted) == ("violated", True)
    assert verdict.notes == ("the probability of error was not found: interrupted",)


def test_weights_that_do_not_fit_are_an_internal_error() -> None:
    """More errors than inputs: whoever counts so is wrong."""

    def boasting(problem: Problem, request: Request) -> Outcome:
        return Outcome("violated", violations=9, by_output=[9])

    network = Network.from_arrays([np.zeros((1, 3))])
    problem = Problem(network, Specification(3, ["x0"]))
    question = ErrorQuestion(problem, Subsets(1), Request(), "auto", boasting)
    with pytest.raises(ContradictionError, match="do not fit"):
        question.answered(ask(problem, None))


def test_counts_that_are_there_are_used_again() -> None:
    network = Network.from_arrays([np.zeros((1, 3))])
    problem = Problem(network, Specification(3, ["x0"]))
    calls: list[Problem] = []

    def ask_again(problem: Problem, request: Request) -> Outcome:
        calls.append(problem)
        return Outcome("violated", violations=4, by_output=[4], engine="tree")

    for count in (True, False):
        question = ErrorQuestion(problem, Uniform(), Request(), "auto", ask_again)
        answered = question.answered(ask(problem, None, count=count))
        assert answered.probability is not None
        assert answered.probability.error == Fraction(1, 2)
        assert len(calls) == (not count)


def test_a_probability_in_text_and_json() -> None:
    network = Network.from_arrays([np.zeros((2, 3))])
    problem = Problem(network, Specification(3, ["x0", "x0 & x1"], domain="at most 2"))
    verdict = ask(problem, "1/3")
    lines = str(verdict).splitlines()
    start = lines.index("probability of error: 4/13 (~0.307692)")
    assert lines[start + 1 : start + 5] == [
        "  law: each input true with probability 1/3; the domain has probability 26/27 (~0.962963)",
        "  output   probability of error      decimal",
        "  y0       4/13                    ~0.307692",
        "  y1       1/13                   ~0.0769231",
    ]
    data = verdict.to_json()["probability"]
    assert data["law"] == "each input true with probability 1/3"
    assert (data["exact"], data["value"]) == ("4/13", 4 / 13)
    assert data["by_output"]["y1"] == {"exact": "1/13", "value": 1 / 13}
    assert data["domain"] == {"exact": "26/27", "value": 26 / 27}
    assert "probability of error: 4/13" in verdict._repr_html_()
