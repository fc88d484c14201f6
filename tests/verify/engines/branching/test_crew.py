"""Several threads on one tree: the same answers, whoever gets which part."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.engines.branching import crew, pursuit
from superproof.verify.engines.branching.pursuit import Pursuit
from superproof.verify.network import Network
from superproof.verify.specification import Specification

FORMULAS = ["x0 & x1 | ~x2 & x3 | x4 & x5 & ~x6", "majority(x0, x1, x2, x3, x4)"]


def problem(seed: int, domain: object = "all") -> tuple[Network, Specification]:
    random = np.random.default_rng(seed)
    shapes = [(9, 10), (6, 9), (2, 6)] if seed % 2 else [(12, 10), (2, 12)]
    network = Network.from_arrays(
        [random.normal(size=shape).astype(np.float32) for shape in shapes],
        [random.normal(size=shape[0]).astype(np.float32) for shape in shapes],
    )
    return network, Specification(10, FORMULAS, domain=domain)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Threads start at once and share out every few nodes; the weights of what they gave away."""
    given: list[float] = []
    plain = Pursuit.split

    def split(self: Pursuit) -> Pursuit | None:
        part = plain(self)
        if part is not None:
            given.append(part.weight)
        return part

    monkeypatch.setattr(Pursuit, "split", split)
    monkeypatch.setattr(crew, "ALONE", -1.0)
    monkeypatch.setattr(crew, "STRETCH", 3)
    monkeypatch.setattr(crew, "FIRST_ROUND", 3)
    for purpose in pursuit.LEAF:
        monkeypatch.setitem(pursuit.LEAF, purpose, 2)
    return given


DOMAINS = ["all", "at most 6", {"one_hot": [["x0", "x1", "x2"], ["x3", "x4"]]}]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_threads_find_the_same(domain: object, parts: list[float]) -> None:
    answers = {}
    for threads in (1, 2, 4):
        for seed in range(6):
            network, specification = problem(seed, domain)
            verdict = check(
                network, specification, engine="tree", count=True, margin=True, threads=threads
            )
            answer = (
                verdict.status,
                verdict.violations,
                verdict.violations_by_output,
                verdict.margin,
            )
            assert answers.setdefault(seed, answer) == answer
            short = check(network, specification, engine="tree", threads=threads)
            assert short.status == verdict.status
    assert parts
    assert all(0 < weight < 1 for weight in parts)


def test_shares_add_up(parts: list[float]) -> None:
    """Progress reaches the whole domain, never more, and every thread is gone at the end."""
    network, specification = problem(0)
    told: list[tuple[int, int]] = []
    before = threading.active_count()
    check(
        network,
        specification,
        engine="tree",
        count=True,
        threads=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert threading.active_count() == before
    assert {total for _, total in told} == {1 << 10}
    assert all(0 <= done <= 1 << 10 for done, _ in told)


def test_a_fault_in_one_thread_ends_all(
    parts: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Pursuit.run

    def run(self: Pursuit, *arguments: object) -> bool:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a thread broke")
        return plain(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Pursuit, "run", run)
    network, specification = problem(0)
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="a thread broke"):
        check(network, specification, engine="tree", count=True, threads=3)
    assert threading.active_count() == before
