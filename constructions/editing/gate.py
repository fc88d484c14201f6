"""The gate: the clause is overruled where it alone is true."""

from __future__ import annotations

from fractions import Fraction

from ...verify.network import Network
from ...verify.readout import Levels, Threshold
from .draft import Draft, output_bounds
from .edit import Edit
from .literals import Literal, contradictory
from .target import RefusedError, Target


def gate_edit(network: Network, target: Target) -> Edit:
    """Pull the output down where the clause is true, and up again where another one is, too.

    One neuron is above 0 only where the clause is true and takes more from the output than the
    network can reach; one for each other clause of the output is above 0 only where both are true
    and gives the same back. Outside the clause nothing changes at all, not even the values. The
    clause stays in the weights: a gate hides, it does not erase. Derived in docs/unlearning.md.

    Raises:
        RefusedError: the clause, or another one of its output that could be true at the same
            time, is not a conjunction of literals; or there is no place for a neuron.
        InputError: numbers that float64 does not hold.
    """
    spec = target.specification
    both: dict[frozenset[Literal], str] = {}
    for other in target.others():
        if other.output != target.output:
            continue
        if other.literals is None:
            raise RefusedError(
                f"{other.name} ({other.formula}) is not a conjunction of literals, so that no "
                "neuron can say where it is true"
            )
        together = other.literals | target.literals
        if not contradictory(together):
            both.setdefault(together, other.name)
    draft = Draft.of(network, spec)
    high = output_bounds(network, spec)[target.output][1]
    drop = max(high - _false_to(spec.readout), Fraction(1))
    draft.add_detector(target.literals, {target.output: -drop})
    for together in both:
        draft.add_detector(together, {target.output: drop})
    return Edit(
        "gate", target, network, draft.network(), {"clauses_kept_by_neurons": list(both.values())}
    )


def _false_to(readout: object) -> Fraction:
    """A value up to which an output reads false."""
    if isinstance(readout, Levels):
        return readout.false_at_most
    assert isinstance(readout, Threshold)
    return readout.threshold
