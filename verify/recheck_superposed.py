"""Checks a certificate about pairwise ANDs in superposition: one file, standard library, integers.

    python -I recheck_superposed.py problem.json CERTIFICATE

prints one line and exits with 0 (accepted), 1 (rejected) or 2 (no such file, unreadable problem).
``problem.json`` is what ``superproof export`` writes. A certificate is the line MAGIC and then
zlib-compressed JSON: sha256, claim (holds; a count that is null is not claimed) and evidence:
``{"kind": "values"}``, for the values of all outputs on all inputs are computed here.

A long integer holds the values of one neuron on many inputs, a lane of some bits each.
docs/constructions.md, section 5, states the form of the network and says why no lane runs over.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import chain, combinations, islice, pairwise
from operator import mul
from typing import Any, NamedTuple

MAGIC = b"superproof-superposed-1\n"
PARTS = ("network", "specification", "domain")
HOLDS = {"status": "holds", "violations": 0, "violations_by_output": None}
#: Bytes of a certificate and of its text; powers of two of a weight; inputs x outputs x neurons.
FILE, TEXT, EXPONENT, WORK = 1 << 16, 1 << 16, 1 << 16, 1 << 41
#: Bytes of a long integer, and of one for every input; rows taken together; entries compared.
BLOCK, MEMORY, ROWS, GROUP = 1 << 14, 1 << 27, 1024, 8


class RejectedError(Exception):
    """The certificate proves nothing about this problem."""


class UnreadableError(Exception):
    """The data are no problem of this kind."""


class Layer(NamedTuple):
    """Rows of integers times ``unit``, and the bias of each."""

    rows: list[list[int]]
    unit: Fraction
    bias: list[Fraction]


def demand(condition: bool, message: str, error: type[Exception] = RejectedError) -> None:
    if not condition:
        raise error(message)


require = partial(demand, error=ValueError)


def digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def numbers(data: Any, length: int) -> list[int]:
    require(type(data) is list and len(data) == length, "a list of another length")
    require(all(type(value) is int for value in data), "not integers")
    return list(data)


def power(data: Any) -> Fraction:
    require(type(data) is int and abs(data) <= EXPONENT, "an exponent")
    return Fraction(1 << max(data, 0), 1 << max(-data, 0))


def rational(text: str) -> Fraction:
    require(re.fullmatch("-?[0-9]+(/[0-9]+)?", text) is not None, "a level")
    return Fraction(text)


def read_layer(data: Any, fan_in: int, activation: str) -> Layer:
    """A dense layer with that many inputs."""
    height, width = numbers(data["shape"], 2)
    require(data["activation"] == activation and width == fan_in and height > 0, "layer")
    require("indptr" not in data["weight"], "sparse")
    entries = numbers(data["weight"]["mantissas"], height * width)
    rows = [entries[i * width : (i + 1) * width] for i in range(height)]
    unit = power(data["bias"]["exponent"])
    bias = [value * unit for value in numbers(data["bias"]["mantissas"], height)]
    return Layer(rows, power(data["weight"]["exponent"]), bias)


def members(formula: Any, inputs: int) -> tuple[int, int]:
    """The two inputs of a conjunction."""
    require(type(formula) is list and len(formula) == 3 and formula[0] == "and", "no pair")
    a, b = numbers(formula[1:], 2)
    require(0 <= a < inputs and 0 <= b < inputs and a != b, "no pair of inputs")
    return a, b


class Problem:
    """ANDs of two inputs on "at most v", and a network; ValueError and the like."""

    def __init__(self, data: Any) -> None:
        self.sha256 = {part: digest(data[part]) for part in PARTS}
        require(data["format"] == "superproof-problem-1", "unknown format")
        require(data.get("sha256", self.sha256) == self.sha256, "its hashes are not its own")
        specification, domain = data["specification"], data["domain"]
        self.inputs = len(specification["inputs"])
        known = domain.keys() <= {"values", "cardinality"} and domain["values"] == ["0", "1"]
        least, self.active = numbers(domain.get("cardinality", [0, self.inputs]), 2)
        require(known and least == 0 <= self.active, "the domain is not 'at most v'")
        family = specification.get("family", {"kind": "and"})
        require(family["kind"] == "and" and type(specification["inputs"]) is list, "no ANDs")
        require(("family" in specification) != ("formulas" in specification), "no ANDs")
        formulas = specification.get("formulas") or [["and", *row] for row in family["members"]]
        self.pairs = [members(formula, self.inputs) for formula in formulas]
        readout = specification["readout"]
        self.strict = readout["kind"] == "threshold"
        require(self.strict or readout["kind"] == "levels", "the read-out")
        keys = ("threshold", "threshold") if self.strict else ("true_at_least", "false_at_most")
        self.true_from, self.false_to = (rational(readout[key]) for key in keys)
        layers = data["network"]["layers"]
        self.hidden = read_layer(layers[0], self.inputs, "relu")
        linear = [read_layer(b, a["shape"][0], "identity") for a, b in pairwise(layers)]
        require(bool(linear) and len(linear[-1].rows) == len(self.pairs), "layers")
        self.linear = linear

    def values(self) -> str:
        """Compute all outputs on all inputs of the domain and compare them with their levels."""
        most = min(self.active, self.inputs)
        cost, total = len(self.pairs) * len(self.hidden.rows), 0
        for size in range(most + 1):
            total += math.comb(self.inputs, size)
            demand(total * cost <= WORK, "there are too many values to compute")
        scales = [self._scale(i) for i in range(len(self.hidden.rows))]
        scaled = [list(map(mul, row, scales)) for row in self.linear[0].rows]
        matrices = [scaled, *(layer.rows for layer in self.linear[1:])]
        unit, offsets = self.hidden.unit, [Fraction(0)] * len(scales)
        bound = most
        for layer, rows in zip(self.linear, matrices, strict=True):
            unit *= layer.unit
            offsets = affine(layer, offsets)
            bound *= max(1, *(sum(map(abs, row)) for row in rows))
        limits = [self._limits(unit, offset, bound) for offset in offsets]
        lanes = Lanes(bound, self.inputs)
        sets = chain.from_iterable(combinations(range(self.inputs), k) for k in range(most + 1))
        while block := list(islice(sets, lanes.count)):
            holds = lanes.members(block, self.inputs)
            state = [lanes.beyond_one(row, holds) for row in self.hidden.rows]
            for rows in matrices[:-1]:
                state = list(products(rows, state))
            for j, value in enumerate(products(matrices[-1], state)):
                a, b = self.pairs[j]
                place = lanes.wrong(value, holds[a] & holds[b], *limits[j], len(block))
                demand(place < 0, f"output {j} is wrong where {block[place]} are true")
        return f"{total:,} inputs evaluated"

    def _scale(self, i: int) -> int:
        """Check that neuron i is relu(a (N - 1)) where N of its inputs are true; returns a."""
        weights, bias = set(self.hidden.rows[i]) - {0}, self.hidden.bias[i]
        a = max(weights, default=0)
        demand(len(weights) <= 1 and a >= 0, f"neuron {i} has no equal weights > 0")
        fits = bias == -a * self.hidden.unit if a else bias <= 0
        demand(fits, f"neuron {i} has a bias of another form")
        return a

    def _limits(self, unit: Fraction, offset: Fraction, bound: int) -> tuple[int, int]:
        """The least lane that reads true and the largest that reads false, cut to the bound."""
        true = (self.true_from - offset) / unit
        least = math.floor(true) + 1 if self.strict else math.ceil(true)
        most = math.floor((self.false_to - offset) / unit)
        return min(max(least, -bound), bound + 1), min(max(most, -bound - 1), bound)


def affine(layer: Layer, before: list[Fraction]) -> list[Fraction]:
    """The layer at that state."""
    some = [(k, value) for k, value in enumerate(before) if value]
    sums = [sum((row[k] * value for k, value in some), Fraction(0)) for row in layer.rows]
    return [layer.unit * total + bias for total, bias in zip(sums, layer.bias, strict=True)]


class Lanes:
    """Long integers with ``count`` lanes of so many bits that |lane| <= bound leaves room."""

    def __init__(self, bound: int, inputs: int) -> None:
        size = (2 * bound + 1).bit_length() // 8 + 1  # 2^(bits - 1) > 2 bound + 1
        self.size, self.bits = size, 8 * size
        self.count = max(min(BLOCK, MEMORY // inputs) // size, 1)
        self.ones = int.from_bytes(b"\1".ljust(size, b"\0") * self.count, "little")
        self.half, self.top = 1 << (self.bits - 1), self.ones << (self.bits - 1)

    def members(self, block: list[tuple[int, ...]], inputs: int) -> list[int]:
        """By input, 1 in the lanes of the sets that hold it."""
        rows = [bytearray(self.size * len(block)) for _ in range(inputs)]
        for lane, held in enumerate(block):
            for c in held:
                rows[c][lane * self.size] = 1
        return [int.from_bytes(row, "little") for row in rows]

    def beyond_one(self, row: list[int], holds: list[int]) -> int:
        """max(0, N - 1) by lane, N the inputs of the set that feed the row."""
        count = sum(held for weight, held in zip(row, holds, strict=True) if weight)
        # N + half - 1 reaches half exactly where N >= 1
        return count - (((count + self.top - self.ones) & self.top) >> (self.bits - 1))

    def wrong(self, value: int, true: int, least: int, most: int, count: int) -> int:
        """A lane, of the first ``count``, where the value is on the wrong side; -1 for none."""
        true <<= self.bits - 1
        # the upper bits of lanes that are fine
        small = self.ones * (self.half + most) - value
        large = value + self.ones * (self.half - least) if true else 0
        bad = self.top & ~(small & ~true | large & true) & ((1 << count * self.bits) - 1)
        return (bad.bit_length() - 1) // self.bits if bad else -1


def products(rows: list[list[int]], state: list[int]) -> Iterator[int]:
    """The product of the rows with the state."""
    for start in range(0, len(rows), ROWS):
        totals = [0] * len(part := rows[start : start + ROWS])
        for k in range(0, len(state), GROUP):
            known = {(): 0}
            for i, row in enumerate(part):
                totals[i] += combined(tuple(row[k : k + GROUP]), state, k, known)
        yield from totals


def combined(weights: tuple[int, ...], state: list[int], k: int, known: dict[Any, int]) -> int:
    """The sum of weights times state from k on; rows that begin alike share its beginning."""
    if weights not in known:
        before, value = combined(weights[:-1], state, k, known), state[k + len(weights) - 1]
        known[weights] = before + weights[-1] * value
    return known[weights]


def recheck(data: Any, certificate: bytes) -> str:
    """What is proved, in one line; raises RejectedError and UnreadableError."""
    stated = read(certificate)
    try:
        problem = Problem(data)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from None
    for part, value in problem.sha256.items():
        demand(stated["sha256"][part] == value, f"it is about another {part} (the hashes differ)")
    none = HOLDS | {"violations_by_output": [0] * len(problem.pairs)}
    for key, value in stated["claim"].items():
        fine = [json.dumps(none[key])] + ["null"] * (key != "status")  # as text: False equals 0
        demand(json.dumps(value) in fine, f"what it claims about {key} does not follow")
    return f"holds ({problem.values()})"


def read(certificate: bytes) -> dict[str, Any]:
    """The data of a certificate, within bounded memory."""
    demand(certificate.startswith(MAGIC), "it does not begin as such a certificate does")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(certificate[len(MAGIC) :], TEXT)
        demand(not stream.unconsumed_tail, f"it holds more than {TEXT:,} bytes")
        demand(stream.eof and not stream.unused_data, "it is cut off, or goes on after its end")
        data = json.loads(text.decode("ascii"), **READING)
    except (zlib.error, ValueError, RecursionError) as error:
        raise RejectedError(f"it is damaged ({type(error).__name__})") from None
    shape = {"sha256": set(PARTS), "claim": HOLDS.keys(), "evidence": {"kind"}}
    shaped = isinstance(data, dict) and all(isinstance(part, dict) for part in data.values())
    shaped = shaped and {name: part.keys() for name, part in data.items()} == shape
    shaped = shaped and data["evidence"]["kind"] == "values"
    demand(shaped, "its keys are not those of such a certificate")
    return dict(data)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a key stands twice in an object")
    return dict(pairs)


# numbers that are no integers are errors of int
READING: Any = {"parse_float": int, "parse_constant": int, "object_pairs_hook": once}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -I recheck_superposed.py problem.json CERTIFICATE", file=sys.stderr)
        return 2
    sys.set_int_max_str_digits(0)
    try:
        with open(arguments[0], encoding="ascii") as file, open(arguments[1], "rb") as given:
            print("accepted:", recheck(json.load(file, **READING), given.read(FILE)))
    except (OSError, ValueError, RecursionError, MemoryError, UnreadableError) as error:
        print("unreadable:", " ".join(str(error).split()) or "too large", file=sys.stderr)
        return 2
    except RejectedError as error:
        print("rejected:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
