"""``auto``: what it tries, in which order, and that the answers stay the same."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.engines import portfolio, startup, tree
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.engines.enumeration import predicted_seconds
from superproof.verify.engines.portfolio import Portfolio
from superproof.verify.errors import ContradictionError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification
from superproof.verify.verdict import Verdict

FORMULA = "x0 & x1 | ~x2 & x3 | x4 & x5 & x6"


def random_network(inputs: int, hidden: int, seed: int = 0) -> Network:
    random = np.random.default_rng(seed)
    sizes = [(hidden, inputs), (1, hidden)]
    return Network.from_arrays(
        [random.normal(size=size).astype(np.float32) for size in sizes],
        [random.normal(size=size[0]).astype(np.float32) for size in sizes],
    )


def ring(inputs: int, noise: float = 0.0) -> tuple[Network, Specification]:
    """The OR of x_i & x_(i+1), one neuron a pair."""
    weight = np.eye(inputs, dtype=np.float32) + np.roll(np.eye(inputs, dtype=np.float32), 1, 1)
    weight += np.random.default_rng(0).normal(scale=noise, size=weight.shape).astype(np.float32)
    level = -0.5 if noise else 0.0
    network = Network.from_arrays(
        [weight, np.ones((1, inputs))], [-np.ones(inputs), np.full(1, level)]
    )
    clauses = [f"x{i} & x{(i + 1) % inputs}" for i in range(inputs)]
    return network, Specification(inputs, [" | ".join(clauses)])


def engines(verdict: Verdict) -> list[str]:
    return [attempt.engine for attempt in verdict.tried]


@pytest.fixture
def loaded() -> None:
    """The kernels are compiled before anything is timed."""
    startup.load_tree()


@pytest.fixture
def endless(loaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that finds nothing and goes on until it is told to stop."""

    def run(decision: tree.Decision) -> None:
        while not decision.request.expired():
            time.sleep(0.001)

    monkeypatch.setattr(tree.Decision, "run", run)


def test_tiny_domains_are_enumerated() -> None:
    verdict = check(random_network(8, 4), Specification(8, [FORMULA]))
    assert verdict.engine == "enumerate"
    assert engines(verdict) == ["enumerate"]


def test_the_tree_comes_first_once_it_is_loaded(loaded: None) -> None:
    network, specification = ring(18)
    verdict = check(network, specification)
    assert verdict.holds
    assert engines(verdict) == ["tree"]


def test_the_tree_is_loaded_when_it_would_have_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    network, specification = ring(18)
    price = predicted_seconds(Problem(network, specification), 1)
    monkeypatch.setattr(startup, "_loaded", False)
    monkeypatch.setattr(Portfolio, "_regret", 0.0)
    monkeypatch.setattr(portfolio, "LOADING", 2.5 * price)
    monkeypatch.setattr(portfolio, "COMPILING", 2.5 * price)
    # how soon depends on how busy the machine is, and so does which of the two ends first
    first = [engines(check(network, specification, threads=1))[0] for _ in range(30)]
    assert first[0] == "enumerate"
    assert first[-1] == "tree"
    assert first == sorted(first), "once loaded, the tree stays the first choice"


def test_a_hopeless_tree_is_left_for_enumeration(loaded: None) -> None:
    network, specification = random_network(21, 16), Specification(21, [FORMULA])
    verdict = check(network, specification, count=True)
    alone = check(network, specification, count=True, engine="enumerate")
    assert engines(verdict) == ["tree", "enumerate"]
    assert verdict.engine == "enumerate"
    assert "of the search done" in verdict.tried[0].result
    assert verdict.violations == alone.violations
    assert verdict.violations_by_output == alone.violations_by_output
    assert verdict.notes == ()


def test_a_tree_that_never_ends_is_left_for_enumeration(endless: None) -> None:
    network, specification = ring(18)
    verdict = check(network, specification, margin=True)
    assert verdict.holds
    assert engines(verdict) == ["tree", "enumerate"]
    assert verdict.margin == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_z3_decides_where_the_tree_does_not(endless: None, threads: int) -> None:
    network, specification = ring(48)
    verdict = check(network, specification, threads=threads, count=True)
    assert verdict.holds
    assert verdict.violations == 0
    assert verdict.engine == "z3"
    assert engines(verdict) == ["tree", "z3"]
    assert "z3 was first" in verdict.tried[0].result
    assert verdict.notes == ()


@pytest.mark.parametrize("threads", [1, 2])
def test_an_answer_of_z3_is_kept_when_the_count_is_not_finished(
    endless: None, threads: int
) -> None:
    network, _ = ring(48)
    wrong = Specification(48, ["x0 & x1"])
    verdict = check(network, wrong, threads=threads, count=True, timeout=2.0)
    assert verdict.status == "violated"
    assert len(verdict.counterexamples) == 1
    assert verdict.violations is None
    assert verdict.engine == "z3"


@pytest.mark.parametrize("threads", [1, 2])
def test_z3_is_stopped_when_the_tree_is_first(loaded: None, threads: int) -> None:
    """Z3 starts at once and would need hours; the tree takes seconds."""
    network, specification = ring(40, noise=0.003)
    problem, outcome = Problem(network, specification), Outcome()
    before = threading.active_count()
    Portfolio()._beside_z3(problem, Request(threads=threads), outcome)
    assert outcome.status == "holds"
    assert outcome.engine == "tree"
    assert threading.active_count() == before


def test_both_give_up_at_the_deadline(endless: None) -> None:
    random = random_network(64, 64)
    verdict = check(random, Specification(64, ["x0"]), margin=True, timeout=1.0)
    assert verdict.margin is None
    assert engines(verdict) == ["tree", "z3"]


def test_weights_that_no_float_bounds_are_left_to_z3(loaded: None) -> None:
    weight = np.zeros((2, 44), dtype=object)
    weight[0, 0], weight[1, 1] = 10**400, 1
    network = Network.from_arrays([weight, np.array([[1, 10**400]], dtype=object)])
    for threads in (1, 2):
        verdict = check(network, Specification(44, ["x0 | x1"]), threads=threads)
        assert verdict.holds
        assert verdict.engine in ("tree", "z3")


def test_engines_that_disagree_are_an_internal_fault() -> None:
    whole = Outcome(status="holds")
    with pytest.raises(ContradictionError, match="holds and violated"):
        whole.take(Outcome(status="violated"))
    whole = Outcome(violations=3)
    with pytest.raises(ContradictionError, match="violations is 3 and 4"):
        whole.take(Outcome(violations=4))
