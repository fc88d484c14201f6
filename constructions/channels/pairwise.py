"""Pairwise AND through a channel: an own reconstruction of the design of arXiv 2409.15318."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...theory.concentration import plain_code_neurons
from ...theory.counting import labelled_distinct_ands, neurons_free, neurons_square
from ...verify.certificate import ENUMERATED
from ...verify.errors import InputError, ProofError, require_seed
from ...verify.family import Family
from ...verify.network import Network
from ...verify.specification import Specification
from ..construction import Construction, Matrix
from ..patterns import require_feasible
from ..sizing import enlarging, require_width
from .criteria import clean_bound, noise_bound
from .form import Channel, clean_network, draw_channel, one_shot_network
from .influence import Influence, influence
from .reading import reading, stored_products, stored_reading
from .sizing import Plan, plan

#: What the read-out needs: right values, or exact 0/1 states that a layer can follow.
KINDS = ("one-shot", "clean")
#: Inputs times parameters up to which the network is also enumerated when it is written, and has
#: a certificate: a few seconds.
CHECKED = 1 << 29
#: The proof looks at the noise between all inputs, at every neuron.
MOST_INPUTS = 1 << 14


def channel_pairwise_and(
    inputs: int,
    pairs: Any,
    active: int = 2,
    seed: int = 0,
    neurons: int | None = None,
    *,
    kind: str = "one-shot",
    size: int | None = None,
    density: float | None = None,
    threshold: float | None = None,
    draws: int = 3,
    failed: Callable[[int, ProofError], None] = lambda neurons, error: None,
) -> Construction:
    """A network with compressed inputs that computes the AND of every given pair exactly.

    The case follows from the influence of the inputs (docs/channels.md): with low influence every
    output is read from a set of neurons that is drawn before the function is known, and one
    square matrix holds the function; sets of outputs with heavy members lie inside the listening
    sets of these, depend on the function, and are counted.

    Args:
        inputs: number of inputs, m.
        pairs: (outputs, 2) distinct pairs of different input indices.
        active: v, 2 or more; the proof takes seconds for 2 to 4.
        seed: of code, sets and listening sets; the same arguments give the same network.
        neurons: n, rows of the square matrix; None begins at an estimate and widens.
        kind: ``one-shot``: a neuron a row; ``clean``: two neurons a row and exact 0/1 states.
        size: neurons of a set, k; None for the estimate's choice.
        density: share of the neurons that listen to a heavy input; None likewise.
        threshold: inputs of more influence are heavy; None for the fourth root of m'.
        draws: seeds tried at a width, from ``seed`` upwards.
        failed: called with every width that failed, when ``neurons`` is None.

    Raises:
        InputError: pairs or numbers that do not fit.
        ProofError: no draw gave an exact network; it says how far the best one came.
    """
    split = influence(pairs, inputs, threshold)
    require_feasible(inputs, len(split.pairs))
    if inputs > MOST_INPUTS:
        raise InputError(
            f"{inputs:,} inputs are too many for a channel: the noise between all of them is "
            f"looked at, at most {MOST_INPUTS:,} can be handled; use pairwise-and --form plain"
        )
    _require_fitting(split, active, seed, neurons, kind, size, density, draws)
    chosen = plan(split, active, kind == "clean", size, density)
    build = partial(_drawn, split, active, seed, kind, draws)
    if neurons is not None:
        require_width(neurons)
        # sizes of the sets are those that the estimate takes at its own width
        fitted = Plan(chosen.width, min(chosen.size, neurons), chosen.density)
        return build(fitted, "as asked for", neurons)
    require_width(chosen.width.neurons)
    built, width = enlarging(partial(build, chosen, ""), chosen.width, failed)
    return replace(built, parameters={**built.parameters, "width_from": str(width)})


def _drawn(
    split: Influence, active: int, seed: int, kind: str, draws: int, sizes: Plan, source: str,
    neurons: int,
) -> Construction:  # fmt: skip
    """The first of the draws that is proved right."""
    best, best_draw, reason = -math.inf, seed, ""
    for draw in range(seed, seed + draws):
        facts: dict[str, Any] = {"draw": draw, "width_from": source}
        try:
            channel = draw_channel(split, neurons, sizes.size, sizes.density, draw)
        except ProofError as error:
            reason = reason or str(error)
            continue
        apart, network = _judged(channel, active, kind, facts)
        if network is not None:
            facts |= {"set_size": sizes.size, "density": sizes.density}
            return _construction(channel, network, split, active, seed, kind, facts)
        if apart > best:
            best, best_draw = apart, draw
    if best == -math.inf:
        raise ProofError(reason)
    sides = "the sides overlap by" if kind == "one-shot" else "a state or a read is off by"
    raise ProofError(
        f"no exact {kind} channel of {neurons} neurons was found for {len(split.pairs)} ANDs at "
        f"{active} active inputs: in the best of {draws} (seed {best_draw}) {sides} "
        f"{max(-best, 0):.1%} of a true value; give more neurons, another seed or more draws"
    )


def _judged(
    channel: Channel, active: int, kind: str, facts: dict[str, Any]
) -> tuple[float, Network | None]:
    """How far apart the sides are, as a share of a true value, and the network if it is right."""
    n = channel.neurons
    if kind == "clean":
        bound = clean_bound(channel.products, channel, active)
        facts |= {
            "largest_overlap": bound.overlap,
            "least_true": bound.least,
            "largest_false": bound.most,
            "noise": [(bound.least - 2 * n) / n, (bound.most - n) / n],
            "step_above": 3 * n // 2,
        }
        states = min(bound.least - 1.5 * n, 1.5 * n - bound.most) / n
        apart = min(states, (bound.size - 1 - bound.overlap) / bound.size)
        if not bound.proves(3 * n // 2):
            return min(apart, -1e-9), None
        network = clean_network(channel)
        products, _ = stored_products(network)
        again = np.array_equal(products[:n], products[n:])
        if not (again and clean_bound(products[:n], channel, active) == bound):
            raise ProofError("the stored clean channel is not the one that was proved")
        return apart, network
    found = reading(channel.products, channel.sets, channel.pairs, n, active)
    low, high = int(found.low.min()), int(found.high.max())
    size = int(channel.sets.sizes[0])
    facts |= {
        "least_true": low,
        "largest_false": high,
        "reads": [low / (size * n), high / (size * n)],
        "sets_searched": found.visited,
    }
    if low <= high:
        return (low - high) / (size * n), None
    levels = np.full(channel.outputs, (low + high) / 2)
    network = one_shot_network(channel, n, levels)
    true, false = stored_reading(network, channel.pairs, active)
    if min(true, false) <= 0:
        raise ProofError("the stored network does not compute its ANDs")
    if active == 2:
        facts["noise_bound_proves"] = noise_bound(channel, n).proves
    return (low - high) / (size * n), network


def _construction(
    channel: Channel, network: Network, split: Influence, active: int, seed: int, kind: str,
    facts: dict[str, Any],
) -> Construction:  # fmt: skip
    n, outputs, inputs = channel.neurons, channel.outputs, channel.inputs
    spread = int(channel.weights.max()) - int(channel.weights.min())
    entry = max(spread.bit_length(), 1)
    heavy_outputs = int((split.members > 0).sum())
    fixed = bool(split.heavy.all())
    # a set that depends on the function is the list of its neurons
    index = facts["set_size"] * max((n - 1).bit_length(), 1)
    matrices = [
        Matrix("code C", (n, inputs), "seed", 1, 0),
        Matrix("square matrix W", (n, n), "seed" if fixed else "function", entry,
               0 if fixed else entry * n * n),
    ]  # fmt: skip
    if heavy_outputs < outputs:
        shape = (outputs - heavy_outputs, facts["set_size"])
        matrices.append(Matrix("sets of neurons, dealt", shape, "seed", 1, 0))
    if heavy_outputs:
        shape = (heavy_outputs, facts["set_size"])
        matrices.append(
            Matrix("sets inside listening sets", shape, "function", index / shape[1],
                   index * heavy_outputs)
        )  # fmt: skip
    if kind == "one-shot":
        of_level = max((facts["least_true"] + facts["largest_false"]).bit_length(), 1)
        matrices.append(Matrix("level", (), "function", of_level, of_level))
    least = labelled_distinct_ands(inputs, outputs).bits()
    domain = {"at_most": active}
    logarithm = math.log2(max(outputs, 2))
    how = (
        "complete search on the stored integers (docs/channels.md, section 3)"
        if kind == "one-shot"
        else "bounds on the noise and the overlaps, on the stored integers "
        "(docs/channels.md, section 4)"
    )
    return Construction(
        kind="pairwise-and",
        form="plain" if heavy_outputs else "superposition",
        network=network,
        specification=Specification(inputs, family=Family("and", split.pairs), domain=domain),
        active=active,
        seed=seed,
        weight_bits=entry,
        total_bits=sum(matrix.bits for matrix in matrices),
        lower_bound={
            "bits": least,
            "neurons": neurons_free(least, inputs, outputs, entry)
            if heavy_outputs
            else neurons_square(least, entry),
            "networks": "one hidden layer, every weight may depend on the function"
            if heavy_outputs
            else "codes fixed before the function, which one square matrix holds",
        },
        certified_how=how,
        parameters=facts
        | {
            "method": "channel",
            "code": "channel",
            "channel": kind,
            "case": split.case,
            "heavy_inputs": int(split.heavy.sum()),
            "influence_threshold": split.threshold,
            "largest_influence": int(split.counts.max()),
            "bits_an_entry": entry,
            "reconstruction": "own, of the design announced in arXiv 2409.15318",
            "neurons_over_order": network.layers[1].width / (math.sqrt(outputs) * logarithm),
            "c": network.layers[1].width / math.sqrt(outputs * math.log(max(outputs, 2))),
            "theory_neurons": plain_code_neurons(inputs, outputs, active) if inputs > 2 else 1,
            "function_in": "the square matrix and one level" if not heavy_outputs
            else "the square matrix, the sets of outputs with heavy members and one level",
        },
        matrices=tuple(matrices),
        proved_by=prover(network, active),
    )  # fmt: skip


def prover(network: Network, active: int) -> str:
    """``channel`` where a network is too large for enumeration and the independent checker."""
    sizes = range(min(active, network.input_size) + 1)
    points = sum(math.comb(network.input_size, ones) for ones in sizes)
    small = points <= ENUMERATED and points * network.parameters <= CHECKED
    return "" if small else "channel"


def _require_fitting(
    split: Influence, active: int, seed: int, neurons: int | None, kind: str, size: int | None,
    density: float | None, draws: int,
) -> None:  # fmt: skip
    inputs = len(split.counts)
    if kind not in KINDS:
        raise InputError(f"unknown kind '{kind}' of channel; use one of {', '.join(KINDS)}")
    if not 2 <= active <= inputs:
        raise InputError(
            f"active must lie between 2 and the {inputs} inputs, not {active}: "
            "with fewer active inputs no AND is ever true"
        )
    require_seed(seed)
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
    if neurons is not None and neurons < 2:
        raise InputError(f"neurons must be 2 or more, not {neurons}")
    if size is not None and size < 1:
        raise InputError(f"size must be 1 or more, not {size}")
    if size is not None and neurons is not None and size > neurons:
        raise InputError(f"sets of {size} need {size} neurons or more, not {neurons}")
    if density is not None and not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    if density is not None and not split.members.any():
        raise InputError("no input is heavy, so nothing has a listening set: leave the density out")
