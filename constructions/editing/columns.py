"""Column edits: literals of the clause are made false for good in the first layer."""

from __future__ import annotations

from fractions import Fraction

from ...verify.network import Network
from ...verify.readout import Levels, Threshold
from .draft import Draft, output_bounds
from .edit import Edit
from .literals import Literal
from .target import Other, RefusedError, Target


def column_edit(network: Network, target: Target) -> Edit:
    """Cut one input of the clause off, the one that fewest other clauses share.

    The network then reads as before with this literal false: the clause is gone, and with it
    every clause that shares the literal. For each of those a neuron is added that is above 0 only
    where the clause is true, and lifts the output there above everything that the network can
    subtract. Right wherever the network computes its specification: derived in docs/unlearning.md.

    Raises:
        RefusedError: every literal of the clause is one whose opposite, or which inside something
            that is no conjunction of literals, occurs in another clause; or there is no place
            for a neuron.
        InputError: numbers that float64 does not hold.
    """
    names = target.specification.inputs
    possible: list[tuple[int, Literal, list[Other]]] = []
    reasons = []
    for literal in sorted(target.literals):
        try:
            sharing = _sharing(target, literal)
        except RefusedError as error:
            reasons.append(str(error))
        else:
            possible.append((len(sharing), literal, sharing))
    if not possible:
        # the first reason stands for all: each literal has its own
        more = f", and likewise {len(reasons) - 1} more" if len(reasons) > 1 else ""
        raise RefusedError((reasons[0] if reasons else "the clause has no literal") + more)
    _, literal, sharing = min(possible, key=lambda found: found[:2])
    return _edit("column", network, target, [literal], sharing, [literal.text(names)])


def all_columns_edit(network: Network, target: Target) -> Edit:
    """Cut all inputs of the clause off.

    As :func:`column_edit`, for every literal: nothing of the clause is left in the first layer but
    in the neurons that are added for other clauses.

    Raises:
        RefusedError: the opposite of some literal occurs in another clause, or the literal inside
            something that is no conjunction of literals; or there is no place for a neuron.
        InputError: numbers that float64 does not hold.
    """
    chosen = sorted(target.literals)
    if not chosen:
        raise RefusedError("the clause has no literal")
    sharing: dict[str, Other] = {}
    for literal in chosen:
        sharing |= {other.name: other for other in _sharing(target, literal)}
    names = target.specification.inputs
    texts = [literal.text(names) for literal in chosen]
    return _edit("columns", network, target, chosen, list(sharing.values()), texts)


def _sharing(target: Target, literal: Literal) -> list[Other]:
    """The other clauses that hold the literal."""
    names = target.specification.inputs
    name = names[literal.input]
    found = []
    for other in target.others():
        if name not in other.formula.names():
            continue
        text = literal.text(names)
        if other.literals is None:
            raise RefusedError(
                f"{text} also occurs in {other.name} ({other.formula}), which is not a conjunction "
                "of literals"
            )
        if literal.opposite in other.literals:
            raise RefusedError(
                f"{literal.opposite.text(names)}, the opposite of {text}, occurs in {other.name} "
                f"({other.formula}), which would become true on more inputs"
            )
        found.append(other)
    return found


def _edit(
    method: str,
    network: Network,
    target: Target,
    chosen: list[Literal],
    sharing: list[Other],
    texts: list[str],
) -> Edit:
    spec = target.specification
    draft = Draft.of(network, spec)
    draft.fix(chosen)
    if sharing:
        bounds = output_bounds(draft.network(), spec)
        for other in sharing:
            assert other.literals is not None
            lift = _true_from(spec.readout) - bounds[other.output][0]
            draft.add_detector(other.literals, {other.output: max(lift, Fraction(1))})
    return Edit(
        method,
        target,
        network,
        draft.network(),
        {"literals_cut": texts, "clauses_added_again": [other.name for other in sharing]},
    )


def _true_from(readout: object) -> Fraction:
    """A value from which on an output reads true."""
    if isinstance(readout, Levels):
        return readout.true_at_least
    assert isinstance(readout, Threshold)
    return readout.threshold + 1
