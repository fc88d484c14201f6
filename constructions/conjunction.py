"""Networks that compute ANDs of inputs in the plain form, delivered with their proof."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..theory.concentration import intruders, plain_code_density, plain_code_neurons
from ..theory.counting import labelled_distinct_ands, neurons_free, neurons_square
from ..verify.engines.criterion import shared_neurons
from ..verify.engines.engine import Progress
from ..verify.engines.plain_code import PlainCode, Rows
from ..verify.errors import InputError, ProofError, require_seed
from ..verify.family import Family
from ..verify.formula import And, Variable
from ..verify.network import Network
from ..verify.sparse_matrix import DENSE_ENTRIES
from ..verify.specification import Specification
from .channel import channel_code, channel_neurons, channel_size
from .codes import Code, repaired_code
from .construction import Construction, Matrix
from .patterns import as_pairs, require_feasible
from .plain_proof import certify_plain

#: The search for a small width stops at this relative difference.
RESOLUTION = 0.02
#: Instances of more overlaps (inputs x outputs) take minutes a width: where nobody gives one, the
#: code is a channel of so many times the neurons that one needs at least.
SEARCHED, ROOMY = 2 * 10**9, 4
#: A drawn code of more ones, expected, does not fit into memory.
MOST_ONES = 1 << 33
#: How a code may be drawn.
CODES = ("auto", "random", "channel")


def plain_pairwise_and(
    inputs: int,
    pairs: Any,
    active: int = 2,
    seed: int = 0,
    neurons: int | None = None,
    density: float | None = None,
    progress: Progress = lambda done, total: None,
    code: str = "auto",
) -> Construction:
    """A network of one hidden layer that computes the AND of every given pair exactly.

    Form: h = ReLU(Tx - 1) with a 0/1 code T, and output j is the sum of h over the neurons K_j
    that both members feed, minus |K_j| - 1/2; it reads true above 0. Exact on all inputs with
    at most ``active`` ones, by the complete criterion (docs/theory.md, section 4), which is
    checked on the stored numbers of the network before it is handed over.

    Args:
        inputs: number of inputs.
        pairs: (outputs, 2) distinct pairs of different input indices.
        active: v, from 2 to ``inputs``.
        seed: of the code; the same arguments give the same network.
        neurons: hidden neurons; None searches for a small width, and settles for one neuron an
            output where no narrower code is found. Beyond :data:`SEARCHED` overlaps the search
            would take long, and the code is a channel.
        density: share of ones in the code; None for the best one in theory.
        progress: called with (rounds of repair done, 0), as nobody knows how many it takes.
        code: ``random``, ``channel`` (see :mod:`.channel`), or ``auto``: random, but channel where
            the network is large and as many neurons are given as a channel needs.

    Raises:
        InputError: pairs or numbers that do not fit.
        ProofError: no exact code with so many neurons was found (there may be one).
    """
    tuples = as_pairs(pairs, inputs)
    require_feasible(inputs, len(tuples))
    if not 2 <= active <= inputs:
        raise InputError(
            f"active must lie between 2 and the {inputs} inputs, not {active}: "
            "with fewer active inputs no AND is ever true"
        )
    require_seed(seed)
    if neurons is not None and neurons < 1:
        raise InputError(f"neurons must be 1 or more, not {neurons}")
    if density is not None and not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    if code not in CODES:
        raise InputError(f"unknown code '{code}'; use one of {', '.join(CODES)}")
    if code == "channel" and density is not None:
        raise InputError("a channel has no density to choose; leave it out, or draw a random code")
    share = _default_density(inputs, active) if density is None else density
    rounds = itertools.count(1)
    draw = partial(
        repaired_code,
        inputs=inputs,
        tuples=tuples,
        active=active,
        density=share,
        seed=seed,
        tick=lambda: progress(next(rounds), 0),
    )
    direct = partial(_one_neuron_each, inputs, tuples, seed)
    theory = _theory_neurons(inputs, len(tuples), active)
    if neurons is not None and neurons * inputs * share > MOST_ONES:
        raise InputError(
            f"{neurons:,} neurons are too many for a code on {inputs:,} inputs; "
            f"{len(tuples):,} always suffice, one an output"
        )
    if code == "auto" and neurons is not None and density is None:
        large = neurons * (inputs + len(tuples)) > DENSE_ENTRIES
        if large and channel_size(neurons, inputs, tuples, active) is not None:
            code = "channel"
    elif code == "auto" and density is None and inputs * len(tuples) > SEARCHED:
        width = ROOMY * channel_neurons(inputs, tuples, active)
        if width < len(tuples):
            code, neurons = "channel", width
    if code == "channel":
        width = channel_neurons(inputs, tuples, active) if neurons is None else neurons
        drawn = channel_code(
            width, inputs, tuples, active, seed, tick=lambda: progress(next(rounds), 0)
        )
    elif neurons is not None:
        drawn = _code_of_width(neurons, draw, len(tuples), direct)
    else:
        drawn = _small_code(theory, draw, len(tuples), direct)
    network = _network(drawn.plain, tuples.shape[1])
    slack = certify_plain(network, tuples, active)
    sparse = network.sparse
    bits = labelled_distinct_ands(inputs, len(tuples)).bits()
    # the code is repaired for the function, and the read-out follows its pairs
    code_shape, read_shape = (drawn.neurons, inputs), (len(tuples), drawn.neurons)
    matrices = (
        Matrix("code T", code_shape, "function", 1, drawn.neurons * inputs),
        Matrix("read-out K", read_shape, "function", 1, drawn.neurons * len(tuples)),
    )
    return Construction(
        kind="pairwise-and",
        form="plain",
        network=network,
        specification=and_specification(inputs, tuples, active, compact=network.sparse),
        active=active,
        seed=seed,
        weight_bits=1,
        total_bits=sum(matrix.bits for matrix in matrices),
        lower_bound={
            "bits": bits,
            "neurons": neurons_free(bits, inputs, len(tuples)),
            "networks": "one hidden layer, every weight may depend on the function",
            "neurons_superposed": neurons_square(bits),
        },
        certified_how="complete criterion on the stored 0/1 weights (docs/theory.md, section 4)",
        parameters={
            "code": drawn.name,
            "density": float(drawn.density),
            "rounds": drawn.rounds,
            "redrawn_columns": drawn.redrawn,
            "least_slack": slack,
            "theory_neurons": theory,
            **({"nonzeros": network.parameters - sum(network.widths[1:])} if sparse else {}),
        },
        matrices=matrices,
        proved_by="sparse",
    )


def plain_network(code: np.ndarray, tuples: np.ndarray) -> Network:
    """The plain network of a 0/1 code (neurons, inputs) for ANDs of ``tuples`` (outputs, arity).

    All numbers are integers or half-integers, held exactly in float32; outputs read true
    strictly above 0.
    """
    shared = shared_neurons(np.asarray(code).astype(bool), tuples)
    neurons, arity = code.shape[0], tuples.shape[1]
    # an integer sum is at least |K_j| exactly when the sum minus |K_j| - 1/2 is positive
    return Network.from_arrays(
        [code.astype(np.float32), shared.astype(np.float32)],
        [
            np.full(neurons, 1 - arity, dtype=np.float32),
            (0.5 - shared.sum(axis=1)).astype(np.float32),
        ],
    )


def _network(plain: PlainCode, arity: int) -> Network:
    """The plain network, with sparse weights where dense ones would be large."""
    neurons = plain.code.height
    if neurons * (plain.inputs + plain.outputs) <= DENSE_ENTRIES:
        code = plain.code.matrix(plain.inputs)
        return plain_network(code, plain.tuples.items.reshape(plain.outputs, arity))
    sizes = plain.shared.sizes.astype(np.float32)
    return Network.from_arrays(
        [_ones(plain.code, plain.inputs), _ones(plain.shared, neurons)],
        [np.full(neurons, 1 - arity, dtype=np.float32), np.float32(0.5) - sizes],
    )


def _ones(rows: Rows, width: int) -> Any:
    from scipy.sparse import csr_array

    data = np.ones(len(rows.items), dtype=np.float32)
    return csr_array((data, rows.items, rows.starts), shape=(rows.height, width))


def and_specification(
    inputs: int, tuples: np.ndarray, active: int, *, compact: bool = False
) -> Specification:
    """Output j is the AND of ``tuples[j]``, on all inputs with at most ``active`` ones.

    ``compact`` makes it a family instead of a formula an output.
    """
    if compact:
        return Specification(inputs, family=Family("and", tuples), domain={"at_most": active})
    variables = [Variable(f"x{i}") for i in range(inputs)]
    formulas = [And(tuple(variables[i] for i in row)) for row in tuples.tolist()]
    return Specification(inputs, formulas, domain={"at_most": active})


def _code_of_width(
    neurons: int, draw: Callable[[int], Code], outputs: int, direct: Callable[[], Code]
) -> Code:
    """A code of exactly this width, or ProofError with what would help."""
    try:
        return draw(neurons)
    except ProofError as error:
        if neurons == outputs:
            return direct()
        if neurons < outputs:
            raise
        raise ProofError(f"{error}; {outputs} neurons always suffice, one an output") from None


def _small_code(
    theory: int, draw: Callable[[int], Code], outputs: int, direct: Callable[[], Code]
) -> Code:
    """The narrowest exact code that bisection over seeded draws comes to.

    The upper end is what theory promises or one neuron fewer than outputs, whatever is less.
    Success is not monotone in the width, so the result is small, not smallest.
    """
    high = min(theory, outputs - 1)
    if high < 1:
        return direct()
    try:
        best = draw(high)
    except ProofError:
        return direct()
    low = 0  # the widest width known to fail
    while best.neurons - low > max(1, int(RESOLUTION * best.neurons)):
        middle = (low + best.neurons) // 2
        try:
            best = draw(middle)
        except ProofError:
            low = middle
    return best


def _one_neuron_each(inputs: int, tuples: np.ndarray, seed: int) -> Code:
    """One neuron an output: exact for every number of active inputs (docs/theory.md, 4.3)."""
    each = Rows.table(np.arange(len(tuples))[:, None])
    plain = PlainCode(inputs, Rows.table(np.sort(tuples, axis=1)), each, Rows.table(tuples))
    return Code(plain, tuples.shape[1] / inputs, seed, 0, 0, "one neuron an output")


def _default_density(inputs: int, active: int) -> float:
    return float(plain_code_density(max(1, intruders(inputs, active))))


def _theory_neurons(inputs: int, outputs: int, active: int) -> int:
    """What a random draw needs by the union bound; one neuron where two inputs are all."""
    return plain_code_neurons(inputs, outputs, active) if inputs > 2 else 1
