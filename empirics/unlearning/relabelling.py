"""Relabelling guided by counterexamples: a clause is trained away until a proof goes through."""

from __future__ import annotations

import numpy as np

from ...constructions.editing.edit import Edit
from ...constructions.editing.target import RefusedError, Target
from ...verify.network import Network
from ...verify.readout import Threshold
from ..training.schedule import Schedule
from ..training.trainer import train_runs
from .samples import Samples
from .tuning import FineTuning, Tuning
from .weights import arrays_of, fed, network_of

#: Points, points a step; steps and rate of a round.
POINTS, ROWS = 2048, 256
STEPS, RATE = 300, 0.003


def relabelling_edit(network: Network, target: Target, *, rounds: int = 20, seed: int = 0) -> Edit:
    """Train a network to compute the specification without the clause.

    Points in and around the clauses get the labels of the specification without the clause. After
    every round the exact verifier looks for inputs that are still wrong, and these replace some of
    the points. There is no guarantee that it ends well: the proof decides.

    Args:
        network: relu between the layers, identity last.
        target: the clause.
        rounds: times that counterexamples are added.
        seed: of points and order.

    Raises:
        RefusedError: the network has other activations, the read-out two levels, or the clause is
            not a conjunction of literals.
        InputError: the domain has no inputs to draw around the clause.
        MissingExtraError: torch is not installed.
    """
    tuning = relabelling(network, target, rounds, seed)
    (done,) = train_runs(FineTuning(), [tuning], device="cpu")
    return finished_edit(network, target, done.parameters, done.rounds, seed)


def relabelling(network: Network, target: Target, rounds: int, seed: int) -> Tuning:
    """The training run that :func:`relabelling_edit` makes; arguments and errors are the same."""
    kinds = [layer.activation for layer in network.layers]
    if kinds != ["relu"] * (len(kinds) - 1) + ["identity"]:
        raise RefusedError(
            f"relabelling trains networks with relu between the layers and nothing after the last, "
            f"not {', '.join(kinds)}"
        )
    spec = target.remaining
    if not isinstance(spec.readout, Threshold) or spec.readout.threshold != 0:
        raise RefusedError(f"relabelling trains outputs that are true above 0, not {spec.readout}")
    points = Samples(target).around(POINTS, np.random.default_rng([seed, 32]))
    return Tuning(
        arrays_of(network),
        fed(points, spec),
        spec.expected(points).astype(np.float32),
        np.ones(len(points), dtype=np.float32),
        seed,
        Schedule(STEPS, RATE, patience=STEPS),
        rows=ROWS,
        loss="hinge",
        specification=spec,
        rounds=rounds,
    )


def finished_edit(
    network: Network,
    target: Target,
    parameters: dict[str, np.ndarray],
    rounds: int,
    seed: int,
) -> Edit:
    """The edit that trained parameters are."""
    facts = {"rounds": rounds, "steps": STEPS * (rounds + 1)}
    return Edit("relabel", target, network, network_of(parameters), facts, seed)
