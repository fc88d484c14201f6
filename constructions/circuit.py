"""Circuits: layers of gates, each gate a formula over the features of the layer before."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..verify.bitprogram import BitProgram
from ..verify.errors import InputError, require_seed
from ..verify.formula import And, Formula, Variable
from ..verify.grammar import parse_formula, require_known
from .patterns import MOST_INPUTS, as_pairs

#: Longest formulas over the inputs, all outputs together.
MOST_SYMBOLS = 2_000_000
#: Most triples of inputs to draw from.
MOST_TRIPLES = 1 << 22


class Circuit:
    """Layers of gates on the features of the layer before, named x0, x1, ... in every layer.

    Args:
        inputs: number of inputs, the features in front of the first layer.
        layers: for every layer its gates, formulas or their text: ``"x0 & x7"`` is the AND of
            features 0 and 7 of the layer before. Or (gates, 2) integers for a layer of ANDs.

    Raises:
        InputError: no layers, an empty one, or a formula with an error; it names the gate.

    Example:
        >>> circuit = Circuit(3, [["x0 & x1", "x1 & x2"], ["x0 ^ x1"]])
        >>> circuit.sizes
        (3, 2, 1)
        >>> [str(formula) for formula in circuit.formulas]
        ['x0 & x1 ^ x1 & x2']
    """

    def __init__(self, inputs: int, layers: Sequence[Any]) -> None:
        if not 1 <= inputs <= MOST_INPUTS:
            raise InputError(f"a circuit needs inputs, up to {MOST_INPUTS:,}, not {inputs:,}")
        if not len(layers):
            raise InputError("a circuit needs at least one layer of gates")
        self.inputs = inputs
        self.layers: tuple[tuple[Formula, ...], ...] = ()
        for number, layer in enumerate(layers):
            gates = _gates(layer, self.sizes[-1], f"layer {number}")
            self.layers = (*self.layers, gates)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of inputs, then of gates in every layer."""
        return (self.inputs, *(len(layer) for layer in self.layers))

    @cached_property
    def _programs(self) -> tuple[BitProgram, ...]:
        return tuple(
            BitProgram.compile(layer, {f"x{i}": i for i in range(size)})
            for layer, size in zip(self.layers, self.sizes, strict=False)
        )

    def values(self, layer: int, features: np.ndarray) -> np.ndarray:
        """Gates of one layer on the features before it: Booleans (points, gates).

        Args:
            layer: from 0.
            features: Booleans (points, features of the layer before).
        """
        return np.asarray(self._programs[layer].run_points(features.astype(np.uint8)), dtype=bool)

    def trace(self, points: np.ndarray) -> list[np.ndarray]:
        """The points themselves, then the values of every layer on them: Booleans each."""
        values = [points.astype(bool)]
        for layer in range(len(self.layers)):
            values.append(self.values(layer, values[-1]))
        return values

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """The last layer's gates as formulas over the inputs."""
        self._require_short()
        composed: list[Formula] = [Variable(f"x{i}") for i in range(self.inputs)]
        for layer in self.layers:
            known = {f"x{i}": formula for i, formula in enumerate(composed)}
            composed = [_substituted(gate, known) for gate in layer]
        return tuple(composed)

    def _require_short(self) -> None:
        lengths = [1] * self.inputs
        for layer in self.layers:
            known = {f"x{i}": length for i, length in enumerate(lengths)}
            lengths = [sum(known[name] for name in gate._walk_names()) + 1 for gate in layer]
        if sum(lengths) > MOST_SYMBOLS:
            raise InputError(
                f"written over the inputs, the {len(lengths)} outputs of this circuit take "
                f"{sum(lengths):,} symbols; at most {MOST_SYMBOLS:,} are handled: use fewer layers"
            )

    def __repr__(self) -> str:
        return f"Circuit({' -> '.join(map(str, self.sizes))} features)"


def all_states(features: int, active: int) -> np.ndarray:
    """Every set of at most ``active`` features: Booleans (sets, features), smallest first."""
    count = sum(math.comb(features, size) for size in range(active + 1))
    rows = np.zeros((count, features), dtype=bool)
    start = 0
    for size in range(min(active, features) + 1):
        sets = np.array(list(itertools.combinations(range(features), size)), dtype=np.int64)
        lines = np.arange(start, start + len(sets))
        rows[np.repeat(lines, size), sets.ravel()] = True
        start += len(sets)
    return rows


def triangle_circuit(inputs: int, triangles: int, depth: int, seed: int = 0) -> Circuit:
    """A circuit of ANDs in which every gate is true for some three active inputs.

    Random triples of inputs are drawn. The first layer has the AND of every pair in one of them;
    every later one, for every triple, the ANDs of the pairs of its three gates before. Three
    active inputs make at most three gates of a layer true, at every depth.

    Args:
        inputs: number of inputs, 3 or more.
        triangles: number of triples; layers have at most three gates a triple.
        depth: number of layers.
        seed: of the triples.

    Raises:
        InputError: sizes that do not fit.
    """
    if inputs < 3 or triangles < 1 or depth < 1:
        raise InputError(
            f"a triangle circuit needs 3 inputs, a triangle and a layer, not {inputs} inputs, "
            f"{triangles} triangles and {depth} layers"
        )
    available = math.comb(inputs, 3)
    if triangles > available:
        raise InputError(f"{inputs} inputs have {available} triangles, not {triangles}")
    require_seed(seed)
    rng = np.random.default_rng(seed)
    triples = _triples(inputs)[np.sort(rng.permutation(available)[:triangles])]
    layers: list[np.ndarray] = []
    for _ in range(depth):
        edges = np.concatenate([triples[:, [0, 1]], triples[:, [0, 2]], triples[:, [1, 2]]])
        pairs, which = np.unique(edges, axis=0, return_inverse=True)
        layers.append(pairs)
        triples = np.sort(which.reshape(3, triangles).T, axis=1)
    return Circuit(inputs, layers)


def triangles_for(inputs: int, gates: int, seed: int = 0) -> int:
    """The fewest triangles whose first layer has so many gates or more.

    Arguments and errors as for :func:`triangle_circuit`, whose triples of the same seed are
    counted; there are never more gates than pairs of inputs.
    """
    pairs = math.comb(inputs, 2)
    if inputs < 3 or not 1 <= gates <= pairs:
        raise InputError(
            f"the first layer of a triangle circuit has ANDs of pairs: {inputs} inputs, of which "
            f"3 or more are needed, have {pairs}, not {gates}"
        )
    require_seed(seed)
    every = _triples(inputs)
    seen: set[tuple[int, int]] = set()
    order = np.random.default_rng(seed).permutation(len(every))
    for number, (a, b, c) in enumerate(every[order].tolist(), 1):
        seen |= {(a, b), (a, c), (b, c)}
        if len(seen) >= gates:
            return number
    raise AssertionError("every pair lies in some triple")


def read_circuit(path: Path) -> Circuit:
    """Read a circuit from TOML: ``inputs = 3``, ``layers = [["x0 & x1", "x2"], ["x0 | x1"]]``.

    Raises InputError with the file, the layer and the gate.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    for key in data:
        if key not in ("inputs", "layers"):
            raise InputError(f"{path}: unknown key '{key}'; a circuit has inputs and layers")
    inputs, layers = data.get("inputs"), data.get("layers")
    if not isinstance(inputs, int) or isinstance(inputs, bool):
        raise InputError(f"{path}: inputs: give their number, such as inputs = 4")
    if not isinstance(layers, list) or not all(isinstance(layer, list) for layer in layers):
        raise InputError(f"{path}: layers: give a list of gates for every layer")
    try:
        return Circuit(inputs, layers)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _triples(inputs: int) -> np.ndarray:
    """All triples of inputs: int64 (triples, 3)."""
    count = math.comb(inputs, 3)
    if count > MOST_TRIPLES:
        raise InputError(
            f"{inputs:,} inputs have {count:,} triples, more than {MOST_TRIPLES:,}: too many to "
            "draw a circuit from"
        )
    return np.array(list(itertools.combinations(range(inputs), 3)))


def _gates(layer: Any, size: int, where: str) -> tuple[Formula, ...]:
    if isinstance(layer, np.ndarray):
        try:
            rows = as_pairs(layer, size).tolist()
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        return tuple(And((Variable(f"x{a}"), Variable(f"x{b}"))) for a, b in rows)
    if isinstance(layer, str) or not len(layer):
        raise InputError(f"{where}: expected a list of gates such as 'x0 & x1'")
    names = frozenset(f"x{i}" for i in range(size))
    gates = []
    for number, gate in enumerate(layer):
        try:
            if isinstance(gate, Formula):
                require_known(gate, names)
                gates.append(gate)
            else:
                gates.append(parse_formula(gate, names))
        except InputError as error:
            raise InputError(f"{where}, gate {number}: {error}") from None
    return tuple(gates)


def _substituted(gate: Formula, known: dict[str, Formula]) -> Formula:
    """The gate with every variable replaced by its formula."""
    if isinstance(gate, Variable):
        return known[gate.name]
    changes: dict[str, Any] = {}
    for field in fields(gate):  # type: ignore[arg-type]
        value = getattr(gate, field.name)
        if isinstance(value, Formula):
            changes[field.name] = _substituted(value, known)
        elif isinstance(value, tuple):
            changes[field.name] = tuple(_substituted(part, known) for part in value)
    return replace(gate, **changes) if changes else gate  # type: ignore[type-var]
