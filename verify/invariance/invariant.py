"""Does exchanging one input for another ever change, or lower, what a network says?

A pair of inputs that differ in one place becomes one input of a smaller problem: the inputs that
stay are its inputs, and the network stands in it twice, with either setting of the others folded
into the first layer. Its violations are the pairs that read differently. docs/invariants.md says
what is counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..certificate import check_destination, seconds_left, write_certificates
from ..check import check
from ..engines.engine import Progress
from ..errors import InputError, ReplayError
from ..network import Network
from ..problem import canonical_network, digest, require_fit
from ..question import Question
from ..specification import Specification
from ..verdict import Verdict
from .exchange import Exchange, Kind, read_exchanges, remaining
from .invariance import Answer, Example, Invariance, Part, Property, PropertyAnswer, Reading
from .pairing import FALLS, RISES, pair_problem


def properties(
    network: Network,
    specification: Specification,
    flip: Sequence[str] = (),
    monotone: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> list[Property]:
    """The claims as problems that every engine decides.

    Args:
        network: takes the inputs and has the outputs of the specification.
        specification: its names, domain and read-out are used; formulas are not needed.
        flip, monotone: as :func:`.exchange.read_exchanges` reads them.
        outputs: names of the outputs that the claims are about, default all.

    Raises:
        InputError: nothing asked, unknown names, sizes that do not fit, or no pair in the domain.
    """
    chosen = _chosen(specification, outputs)
    require_fit(network, specification)
    options: list[tuple[Kind, str]] = [("flip", text) for text in dict.fromkeys(flip)]
    options += [("monotone", text) for text in dict.fromkeys(monotone)]
    if not options:
        raise InputError(
            "nothing to ask: name an input with --flip (flip=), or one with --monotone (monotone=)"
        )
    return [_property(network, specification, kind, text, chosen) for kind, text in options]


def questions(
    network: Network,
    specification: Specification,
    flip: Sequence[str] = (),
    monotone: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> list[Question]:
    """The questions of :func:`properties`, one after the other, as certificates number them."""
    found = properties(network, specification, flip, monotone, outputs)
    return [part.question for one in found for part in one.parts]


def _chosen(specification: Specification, outputs: Sequence[str]) -> list[int]:
    for name in outputs:
        if name not in specification.outputs:
            known = ", ".join(specification.outputs[:10])
            raise InputError(f"output: unknown output '{name}'; the outputs are {known}")
    names = specification.outputs
    return [j for j, name in enumerate(names) if not outputs or name in outputs]


def _property(
    network: Network, specification: Specification, kind: Kind, text: str, chosen: list[int]
) -> Property:
    parts, skipped = [], []
    claim, opposite = _claims(specification, kind, chosen)
    exchanges = read_exchanges(specification.domain, kind, text)
    for exchange in exchanges:
        rest = remaining(specification.domain, exchange)
        if rest is None:
            skipped.append(exchange)
            continue
        problem = pair_problem(network, specification, exchange, rest, chosen)
        sentence = f"{exchange.verb} {exchange.words} {claim}"
        parts.append(Part(exchange, Question(sentence, problem)))
    if not parts:
        raise InputError(
            f"{kind} {text}: no two inputs of the domain '{specification.domain}' differ only "
            "in this way"
        )
    doing = f"{exchanges[0].verb} {exchanges[0].words}"
    if len(exchanges) > 1:
        doing = _doing(exchanges)
    return Property(
        kind, text, f"{doing} {claim}", f"{doing} {opposite}", tuple(parts), tuple(skipped)
    )


def _doing(exchanges: Sequence[Exchange]) -> str:
    """Several exchanges of one group in words."""
    sides = [(exchange.before, exchange.after) for exchange in exchanges]
    first, second = (
        list(dict.fromkeys(name for side in column for name, bit in side.items() if bit))
        for column in zip(*sides, strict=True)
    )
    if len(first) == 1:
        return f"exchanging {first[0]} for another of its group"
    if len(second) == 1:
        return f"exchanging another of its group for {second[0]}"
    names = ", ".join(dict.fromkeys([*first, *second]))
    if exchanges[0].kind == "flip":
        return f"exchanging any two of {names}"
    return f"going up along {names}"


def _claims(specification: Specification, kind: Kind, chosen: list[int]) -> tuple[str, str]:
    """What is claimed of the outputs, and its opposite."""
    names = [specification.outputs[j] for j in chosen]
    verb = "change" if kind == "flip" else "lower"
    if len(names) == len(specification.outputs):
        return f"{verb}s no output", f"{verb}s an output"
    if len(names) == 1:
        return f"does not {verb} {names[0]}", f"{verb}s {names[0]}"
    listed = ", ".join(names)
    return f"{verb}s none of {listed}", f"{verb}s one of {listed}"


def invariant(
    network: Network | str | Path,
    specification: Specification | str | Path,
    *,
    flip: Sequence[str] = (),
    monotone: Sequence[str] = (),
    outputs: Sequence[str] = (),
    engine: str = "auto",
    count: bool = False,
    counterexamples: int = 1,
    timeout: float | None = None,
    threads: int | None = None,
    certificate: str | Path | None = None,
    progress: Progress | None = None,
) -> Invariance:
    """Decide whether flips change no output, and whether no output falls.

    Args:
        network, specification: or their files. Formulas are not needed.
        flip: inputs that must not matter; members of a one-hot group separated by commas.
        monotone: inputs in which no output may fall; members in rising order.
        outputs: names of the outputs in question, default all.
        engine: as for :func:`.check.check`.
        count: count the pairs that break a property.
        counterexamples: at most this many examples of each property.
        timeout: seconds for everything, certificates aside; what is open then is ``unknown``.
        threads: processor threads, default all.
        certificate: write evidence for all parts to this file.
        progress: called with (done, total) of the exchange at hand.

    Raises:
        InputError: see :func:`properties` and :func:`.check.check`.
        ReplayError: an example that the network does not confirm (an internal fault).
    """
    if isinstance(network, str | Path):
        network = Network.load(network)
    if isinstance(specification, str | Path):
        specification = Specification.load(specification)
    if counterexamples < 0:
        raise InputError(f"counterexamples must be 0 or more, not {counterexamples}")
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout must be positive, not {timeout}")
    if certificate is not None:
        check_destination(certificate)
    start = time.monotonic()
    deadline = None if timeout is None else start + timeout
    asked = properties(network, specification, flip, monotone, outputs)
    stopped, found = False, []
    for one in asked:
        answers, wanted = [], counterexamples
        for part in one.parts:
            if stopped:
                answers.append(Answer(part, _not_asked()))
                continue
            problem = part.question.problem
            verdict = check(
                problem.network,
                problem.specification,
                engine=engine,
                count=count,
                # a certificate shows a pair for every part
                counterexamples=wanted if certificate is None else max(wanted, 1),
                timeout=None if deadline is None else max(deadline - time.monotonic(), 1e-3),
                threads=threads,
                progress=progress,
                dtypes=(),
            )
            stopped = verdict.interrupted
            examples = _replayed(network, specification, part.exchange, verdict)[:wanted]
            wanted -= len(examples)
            answers.append(Answer(part, verdict, examples))
        found.append(PropertyAnswer(one, tuple(answers)))
    chosen = tuple(specification.outputs[j] for j in _chosen(specification, outputs))
    domain = specification.domain.canonical()
    sha256 = {
        "network": digest(canonical_network(network)),
        "specification": digest(specification.canonical()),
        "domain": digest(domain),
    }
    answer = Invariance(chosen, tuple(found), time.monotonic() - start, sha256)
    if certificate is None:
        return answer
    parts = [
        (one.part.question.sentence, one.part.question.problem, one.verdict)
        for group in found
        for one in group.answers
    ]
    written = write_certificates(parts, certificate, seconds=seconds_left(deadline))
    return replace(answer, certificate=written)


def _replayed(
    network: Network, specification: Specification, exchange: Exchange, verdict: Verdict
) -> tuple[Example, ...]:
    """The pairs, read by the network itself and not by the product."""
    names, domain = specification.inputs, specification.domain
    examples = []
    for point in verdict.counterexamples:
        sides = exchange.pair(point.assignment, names)
        fed = [[domain.values[bit] for bit in side] for side in sides]
        values = network.evaluate(np.array(fed, dtype=object))
        before, after = (specification.readout.reads(row) for row in values)
        readings = {
            name: Reading(before[j], after[j], *values[:, j])
            for j, name in enumerate(specification.outputs)
        }
        claimed = {name for name, output in point.outputs.items() if output.wrong}
        fallen = {n: _level(r.before) - _level(r.after) for n, r in readings.items()}
        told = {FALLS.format(n) for n, fall in fallen.items() if fall > 0}
        told |= {RISES.format(n) for n, fall in fallen.items() if fall < 0}
        inside = domain.contains(np.array(sides, dtype=np.uint8)).all()
        if not inside or not claimed or claimed != told & set(point.outputs):
            raise ReplayError(f"the pair {point.text} ({exchange.words}) failed its exact replay")
        wrong = tuple(n for n in readings if claimed & {FALLS.format(n), RISES.format(n)})
        one, other = map(tuple, sides)
        examples.append(Example(exchange, names, one, other, readings, wrong))
    return tuple(examples)


def _level(read: bool | None) -> int:
    """False is below neither, and neither below true."""
    return 1 if read is None else 2 * read


def _not_asked() -> Verdict:
    return Verdict("unknown", "none", None, interrupted=True)
