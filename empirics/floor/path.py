"""A path: one network after the other, each decided exactly, until the first violation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...verify.check import check
from ...verify.errors import ContradictionError
from ...verify.verdict import Verdict
from .description import Description, describe
from .form import Form


@dataclass(frozen=True)
class Candidate:
    """The next network of a path.

    Attributes:
        form: the network.
        change: what was done to the start, in words.
        amount: how much of it: a share of the weights, bits of an entry, or hidden neurons.
        others: further networks for the same step; the step is exact where one of all is.
        promised: exact arithmetic on the way already said whether it is exact.
    """

    form: Form
    change: str
    amount: float
    others: Iterable[Form] = ()
    promised: bool | None = None


@dataclass(frozen=True)
class Step:
    """A network of a path with its verdict.

    Attributes:
        change, amount: as in :class:`Candidate`.
        neurons: hidden neurons.
        description: its bits and nonzeros with the bounds beside them.
        exact: right on every input of the domain.
        violations: number of inputs on which it is wrong.
        counterexample: one of them, as 0 and 1, with the wrong outputs; None for an exact one.
    """

    change: str
    amount: float
    neurons: int
    description: Description
    exact: bool
    violations: int
    counterexample: dict[str, Any] | None

    @property
    def share(self) -> float:
        """Nonzeros among the places."""
        return self.description.nonzeros / self.description.places


@dataclass(frozen=True)
class Path:
    """What a path came to.

    Attributes:
        steps: all networks in order; only the last one of a way may be wrong.
        last: the last exact network, with its verdict.
        first_wrong: the one that ended the last way; None where that came to its end without.
    """

    steps: tuple[Step, ...]
    last: tuple[Form, Verdict]
    first_wrong: tuple[Form, Verdict] | None


def walk(
    begin: Form,
    candidates: Iterable[Candidate],
    tick: Callable[[], None] = lambda: None,
) -> Path:
    """Decide the start and every candidate until one violates the specification.

    Args:
        begin: an exact network.
        candidates: what comes after it.
        tick: called after every verdict.

    Raises:
        ContradictionError: the verifier says another thing than the exact arithmetic on the way.
    """
    verdict = decide(begin)
    if not verdict.holds:
        raise ContradictionError(f"a path begins at an exact network, and this is {verdict.status}")
    steps, last = [_step(Candidate(begin, "start", 0.0), begin, verdict)], (begin, verdict)
    for candidate in candidates:
        form, verdict = candidate.form, decide(candidate.form)
        for other in () if verdict.holds else candidate.others:
            another = decide(other)
            if another.holds:
                form, verdict = other, another
                break
        tick()
        if candidate.promised is not None and candidate.promised is not verdict.holds:
            raise ContradictionError(
                f"{candidate.change}: the verifier says {verdict.status}, the integers otherwise"
            )
        steps.append(_step(candidate, form, verdict))
        if not verdict.holds:
            return Path(tuple(steps), last, (form, verdict))
        last = form, verdict
    return Path(tuple(steps), last, None)


def in_turn(
    begin: Form,
    ways: Sequence[Callable[[Form], Iterable[Candidate]]],
    tick: Callable[[], None] = lambda: None,
) -> Path:
    """Walk several ways, each from the last exact network of the one before.

    Args:
        begin: an exact network.
        ways: candidates that follow a network; one or more.
        tick: called after every verdict.
    """
    form, steps = begin, list[Step]()
    for way in ways:
        path = walk(form, way(form), tick)
        steps += path.steps[1:] if steps else path.steps
        form = path.last[0]
    return Path(tuple(steps), path.last, path.first_wrong)


def decide(form: Form) -> Verdict:
    """The exact verdict, violations counted. Raises ContradictionError where there is none."""
    verdict = check(form.network(), form.specification, count=True, threads=1, dtypes=())
    if verdict.status == "unknown" or verdict.violations is None:
        raise ContradictionError("the domain was not gone through to its end")
    return verdict


def _step(candidate: Candidate, form: Form, verdict: Verdict) -> Step:
    found = None
    if verdict.counterexamples:
        one = verdict.counterexamples[0]
        wrong = {name: str(reading) for name, reading in one.outputs.items() if reading.wrong}
        found = {"input": one.text, "outputs": wrong}
    assert verdict.violations is not None
    return Step(
        candidate.change,
        candidate.amount,
        form.neurons,
        describe(form),
        verdict.holds,
        verdict.violations,
        found,
    )
