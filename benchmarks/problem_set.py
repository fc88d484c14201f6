"""The problems of the engine benchmark: families of networks, each with a formula and a seed.

Trained networks are loaded from `networks/` (made by train_networks.py); everything else is drawn
from the seed when it is built. All problems have one output, read true above 0, on all inputs.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from superproof import Network, Specification
from superproof.empirics.tasks import random_dnf
from superproof.verify.problem import Problem

from .damage import changed

FOLDER = Path(__file__).with_name("networks")
#: What the families are; ``count`` families ask for the number of violating inputs.
FAMILIES = {
    "trained": "DNF networks trained until exact, float32",
    "quantised": "the same with 8-bit weights, exact or not",
    "sparse": "trained long under a strong penalty: few weights left",
    "thin": "made exact on counterexamples after a short training: thin margins",
    "violated": "trained without counterexamples: wrong somewhere",
    "damaged": "an exact network with one number moved: wrong on few inputs",
    "pairs": "OR of two-input ANDs, one neuron an AND, margin 0",
    "noise": "pairs with threshold 1/2 and Gaussian noise on the weights",
    "dense": "two and three layers trained with a weak penalty",
    "half-trained": "stopped early; count",
    "random": "Gaussian weights; count",
}
COUNTED = ("half-trained", "random")


@dataclass(frozen=True)
class Instance:
    """One problem of the set.

    Attributes:
        name: unique.
        family: a key of FAMILIES.
        inputs, hidden: the network's shape.
        seed: of the training or of the draw.
        count: whether the number of violating inputs is asked for.
        build: makes the problem.
    """

    name: str
    family: str
    inputs: int
    hidden: tuple[int, ...]
    seed: int
    count: bool = False
    build: Callable[[], Problem] = field(repr=False, compare=False, kw_only=True)

    @property
    def shape(self) -> str:
        """For example ``24-32-32``."""
        return "-".join(map(str, (self.inputs, *self.hidden)))


def instances(seed: int = 0) -> list[Instance]:
    """The whole set; ``seed`` shifts the draws of the families that are not trained."""
    return [*_stored(), *_damaged(), *_pairs(), *_noise(seed), *_random(seed)]


def key(instance: Instance, problem: Problem) -> str:
    """Identifies the problem and the question by content."""
    parts = [problem.sha256[part] for part in ("network", "specification", "domain")]
    parts.append("count" if instance.count else "decide")
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def index() -> dict[str, Any]:
    """What train_networks.py wrote about the stored networks."""
    data: dict[str, Any] = json.loads((FOLDER / "index.json").read_text())
    return data


def _stored() -> Iterator[Instance]:
    families = {"half": "half-trained"}
    for name, entry in sorted(index()["networks"].items(), key=lambda item: _order(item[1])):
        family = families.get(entry["kind"], entry["kind"])
        shape = (entry["inputs"], tuple(entry["hidden"]), entry["seed"])
        stored = partial(_stored_problem, name)
        if entry["kind"] == "trained" and entry["status"] == "violated":
            family = "violated"
        yield Instance(name, family, *shape, family in COUNTED, build=stored)
        if family == "trained":
            yield Instance(
                f"{name}-q8", "quantised", *shape, build=partial(_stored_problem, name, True)
            )


def _order(entry: dict[str, Any]) -> tuple[object, ...]:
    return (entry["kind"], entry["inputs"], len(entry["hidden"]), entry["hidden"], entry["seed"])


def _stored_problem(name: str, quantise: bool = False) -> Problem:
    network = Network.load(FOLDER / f"{name}.safetensors")
    if quantise:
        network = quantised(network)
    formula = index()["networks"][name]["formula"]
    return Problem(network, Specification(network.input_size, [formula]))


def quantised(network: Network) -> Network:
    """Weights as 8-bit integers times a power of two a layer, biases on the grid of the sums.

    The powers of two keep the scaling exact; biases have as many bits as they need, as in
    integer inference.
    """
    weights, biases, unit = [], [], 1.0
    for layer in network.layers:
        weight = layer.weight.astype(np.float64)
        # the smallest power of two for which no weight exceeds 127
        scale = 2.0 ** np.ceil(np.log2(np.abs(weight).max() / 127))
        unit *= scale
        weights.append((np.rint(weight / scale) * scale).astype(np.float32))
        biases.append(np.rint(layer.bias.astype(np.float64) / unit) * unit)
    return Network.from_arrays(weights, biases)


def _damaged() -> Iterator[Instance]:
    for name, entry in index().get("damaged", {}).items():
        base = index()["networks"][entry["base"]]
        shape = (base["inputs"], tuple(base["hidden"]), base["seed"])
        yield Instance(name, "damaged", *shape, build=partial(_damaged_problem, entry))


def _damaged_problem(entry: dict[str, Any]) -> Problem:
    whole = _stored_problem(entry["base"])
    network = changed(whole.network, entry["layer"], entry["array"], entry["place"], entry["value"])
    return Problem(network, whole.specification)


def _pairs() -> Iterator[Instance]:
    sizes = ((16, 16), (24, 24), (32, 32), (48, 48), (64, 32), (64, 64), (64, 128))
    for inputs, neurons in (*sizes, (96, 96), (128, 64), (128, 128)):
        yield Instance(
            f"pairs-{inputs}-{neurons}",
            "pairs",
            inputs,
            (neurons,),
            0,
            build=partial(pair_problem, inputs, neurons),
        )


def _noise(seed: int) -> Iterator[Instance]:
    for inputs in (16, 24, 32, 48, 64):
        for sigma in (0.001, 0.002, 0.004):
            yield Instance(
                f"noise-{inputs}-{inputs}-{sigma:g}",
                "noise",
                inputs,
                (inputs,),
                seed,
                build=partial(pair_problem, inputs, inputs, sigma, seed),
            )


def pair_problem(inputs: int, neurons: int, sigma: float = 0.0, seed: int = 0) -> Problem:
    """The OR of ``neurons`` overlapping pairs of inputs, neuron j being the AND of pair j.

    Args:
        inputs: number of inputs; pairs go round them at distance 1, then 2, ...
        neurons: number of pairs.
        sigma: standard deviation of the noise on the first weights; with noise the output's
            threshold is 1/2, without it 0, so that every false input is a tie.
        seed: of the noise.
    """
    weight = np.zeros((neurons, inputs), dtype=np.float32)
    clauses = []
    for j in range(neurons):
        first, second = j % inputs, (j + j // inputs + 1) % inputs
        weight[j, [first, second]] = 1
        clauses.append(f"x{first} & x{second}")
    if sigma:
        noise = np.random.default_rng([seed, inputs]).normal(0, sigma, weight.shape)
        weight += noise.astype(np.float32)
    biases = [np.full(neurons, -1, np.float32), np.full(1, -0.5 if sigma else 0, np.float32)]
    network = Network.from_arrays([weight, np.ones((1, neurons), np.float32)], biases)
    return Problem(network, Specification(inputs, [" | ".join(clauses)]))


def _random(seed: int) -> Iterator[Instance]:
    for inputs, neurons in ((16, 16), (20, 16), (24, 16), (24, 64), (28, 16), (28, 64), (32, 16)):
        yield Instance(
            f"random-{inputs}-{neurons}",
            "random",
            inputs,
            (neurons,),
            seed,
            True,
            build=partial(random_problem, inputs, (neurons,), seed),
        )


def random_problem(inputs: int, hidden: tuple[int, ...], seed: int) -> Problem:
    """Gaussian float32 weights against a random DNF of eight clauses of three literals."""
    rng = np.random.default_rng([seed, inputs, *hidden])
    sizes = list(itertools.pairwise((inputs, *hidden, 1)))
    weights = [rng.normal(size=(b, a)).astype(np.float32) for a, b in sizes]
    biases = [rng.normal(size=b).astype(np.float32) for _, b in sizes]
    task = random_dnf(inputs, 8, 3, seed, disjoint=False, mixed=True)
    return Problem(Network.from_arrays(weights, biases), task.specification)
