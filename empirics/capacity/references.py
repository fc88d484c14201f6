"""What measured capacity is drawn beside: counting bounds, an estimate, certified constructions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from ...constructions.conjunction import plain_pairwise_and
from ...constructions.construction import Construction
from ...constructions.patterns import pattern
from ...constructions.sizing import first_width
from ...constructions.smallest import smallest
from ...constructions.superposed import superposed_pairwise_and
from ...theory.catalog import lookup, middle
from ...theory.counting import labelled_distinct_ands
from ...verify.errors import ProofError
from ..construction_scaling import least_inputs
from ..run_plan import Planned, complete
from ..store import Run, RunStore
from .families import ACTIVE, LEAST_OUTPUTS
from .plan import NAME, CapacityPlan

#: Counting bounds are inverted up to so many ANDs; beyond, they say nothing of interest.
MOST_OUTPUTS = 1 << 20
#: The search for the least width of a construction stops at this relative difference.
RESOLUTION = 0.03
#: Constructions by name, as figures and tables call them.
CONSTRUCTIONS = {
    "plain-code": "certified: plain 0/1 code",
    "key-value": "certified: key-value",
    "least-squares": "certified: key-value, least squares",
}


@dataclass(frozen=True)
class Line:
    """A bound or an estimate of the catalogue, as the most ANDs that it allows.

    Attributes:
        name: short and unique. ``title``: in figures. ``statement``: a sentence.
        bound: its name in the catalogue.
        bits: of a weight; None where it does not matter.
        points: (neurons, ANDs) pairs; ANDs None beyond :data:`MOST_OUTPUTS`.
    """

    name: str
    title: str
    statement: str
    bound: str
    bits: int | None
    points: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True)
class Built:
    """The least width at which a construction was certified, over the seeds.

    Attributes:
        construction, inputs, outputs: what was built.
        neurons: least width.
        parameters: numbers that hold the function.
        bits: of these.
        bound_bits: counting bound on them.
        seeds: number of seeds.
    """

    construction: str
    inputs: int
    outputs: int
    neurons: int
    parameters: int
    bits: int
    bound_bits: int
    seeds: int


def largest_outputs(fits: Callable[[int], bool]) -> int | None:
    """The largest number of ANDs that fits; 0 for none, None beyond :data:`MOST_OUTPUTS`.

    All pairs of m inputs cost least for an AND among the numbers that need m inputs. So the
    largest m of which all pairs fit is found first, and then how many more fit with m + 1: there
    the excess is concave in the number of ANDs and above 0 at its end.
    """
    if not fits(LEAST_OUTPUTS):
        return 0
    low, high = 3, 6
    while fits(math.comb(high, 2)):
        low, high = high, 2 * high
        if math.comb(low, 2) >= MOST_OUTPUTS:
            return None
    while high - low > 1:
        inputs = (low + high) // 2
        low, high = (inputs, high) if fits(math.comb(inputs, 2)) else (low, inputs)
    most, over = math.comb(low, 2), math.comb(low + 1, 2)
    while over - most > 1:
        size = (most + over) // 2
        most, over = (size, over) if fits(size) else (most, size)
    return most


@lru_cache(maxsize=1024)
def allowed(bound: str, neurons: int, bits: int | None = None) -> int | None:
    """The most ANDs for which a bound on neurons is at most ``neurons``, m the least there is."""
    (chosen,) = lookup(bound)
    options: dict[str, Any] = {} if bits is None else {"bits": bits}

    def fits(outputs: int) -> bool:
        value = chosen.evaluate(inputs=least_inputs(outputs), outputs=outputs, **options)
        return middle(value) <= neurons

    return largest_outputs(fits)


@lru_cache(maxsize=4096)
def counted_bits(outputs: int) -> int:
    """lg of the number of functions: so many bits at least, in every form."""
    return labelled_distinct_ands(least_inputs(outputs), outputs).bits()


def allowed_by_bits(bits: float) -> int | None:
    """The most ANDs whose number of functions fits into so many bits."""
    return largest_outputs(lambda outputs: counted_bits(outputs) <= bits)


def lines(neurons: Sequence[int]) -> tuple[Line, ...]:
    """The counting bounds and the capacity estimate, at these widths."""
    chosen = (
        (
            "counting-superposed", "counting bound, n x n weights of 14 bits",
            "no network computes more with the function in one n x n matrix and n biases of 14 "
            "bits, code and decoder fixed",
            "pairwise-and-neurons", 14,
        ),
        (
            "counting-free", "counting bound, free 1-bit weights",
            "no network of one hidden layer computes more with n (m + m' + 1) + m' weights and "
            "biases of 1 bit, all of which may depend on the function",
            "pairwise-and-neurons-free", 1,
        ),
        (
            "estimate", "estimate, n x n weights (no theorem)",
            "replica-symmetric estimate of what a real n x n matrix holds; no theorem",
            "pairwise-and-gardner", None,
        ),
    )  # fmt: skip
    found = [
        Line(name, title, statement, bound, bits,
             tuple((n, allowed(bound, n, bits)) for n in neurons))
        for name, title, statement, bound, bits in chosen
    ]  # fmt: skip
    return (*found, *_orders(neurons))


def _orders(neurons: Sequence[int]) -> Iterator[Line]:
    """What the literature says of growth, drawn with the constant 1, which nobody states."""
    growths: tuple[tuple[str, str, str, str, Callable[[int], float]], ...] = (
        (
            "order-associative", "n²/ln n: associative memories, arXiv 2412.06538, constant 1",
            "the order n^2 / log n that arXiv 2409.15318 gives for superposed ANDs, and "
            "arXiv 2412.06538 for associative memories up to logarithms; the constant 1 is ours",
            "pairwise-and-order-capacity", lambda n: n * n / math.log(n),
        ),
        (
            "order-all-pairs", "all pairs of n^1.5 inputs: arXiv 2408.05451, constant 1",
            "all pairs of m inputs from about m^(2/3) neurons, up to logarithms, the universal AND "
            "of arXiv 2408.05451; the constant 1 is ours",
            "pairwise-and-order-all-pairs", lambda n: math.comb(int(n**1.5), 2),
        ),
    )  # fmt: skip
    for name, title, statement, bound, growth in growths:
        points = tuple((n, int(growth(n))) for n in neurons if n > 1)
        yield Line(name, title, statement, bound, None, points)


def constructions(
    store: RunStore,
    plan: CapacityPlan,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> tuple[tuple[Built, ...], tuple[str, ...]]:
    """Certified widths by construction and size, and a sentence on each that was not found.

    What the store holds is not built again.
    """
    wanted = [
        Planned(
            NAME,
            {"construction": name, "outputs": outputs, "seeds": plan.construction_seeds},
            seed,
        )
        for name, sizes in plan.construction_sizes.items()
        for outputs in sizes
    ]

    def do(some: Sequence[Planned]) -> Iterator[Run]:
        for one in some:
            yield _built(one)
            progress()

    found = complete(store, wanted, do)
    built = tuple(Built(**run.result) for run in found if "neurons" in run.result)
    missing = tuple(str(run.result["missing"]) for run in found if "missing" in run.result)
    return built, missing


def _built(one: Planned) -> Run:
    name, outputs = str(one.configuration["construction"]), int(one.configuration["outputs"])
    count = int(one.configuration["seeds"])
    seeds = range(one.seed, one.seed + count)
    inputs = least_inputs(outputs)
    try:
        found = _smallest(name, inputs, outputs, seeds)
    except ProofError as error:
        missing = f"{CONSTRUCTIONS[name]}, {outputs} ANDs: {error}"
        return Run(NAME, one.configuration, one.seed, result={"missing": missing})
    held = [matrix for matrix in found.matrices if matrix.holds == "function"]
    result: Mapping[str, Any] = {
        "construction": name,
        "inputs": inputs,
        "outputs": outputs,
        "neurons": found.neurons,
        "parameters": sum(math.prod(matrix.shape) for matrix in held),
        "bits": found.total_bits,
        "bound_bits": found.lower_bound["bits"],
        "seeds": count,
    }
    return Run(NAME, one.configuration, one.seed, result=result)


def _smallest(name: str, inputs: int, outputs: int, seeds: Sequence[int]) -> Construction:
    """The narrowest certified network of a construction over some seeds."""
    if name == "plain-code":
        every = (
            plain_pairwise_and(inputs, pattern("random", inputs, outputs, seed), ACTIVE, seed)
            for seed in seeds
        )
        return min(every, key=lambda construction: construction.neurons)
    build = partial(_square, name, inputs, outputs)
    first = first_width(inputs, outputs, ACTIVE, name)
    found = smallest(build, None, first.neurons, seeds, resolution=RESOLUTION)
    return build(found.neurons, found.seed)


def _square(method: str, inputs: int, outputs: int, neurons: int, seed: int) -> Construction:
    pairs = pattern("random", inputs, outputs, seed)
    return superposed_pairwise_and(inputs, pairs, neurons, ACTIVE, seed, method=method)
