"""Checks a certificate about inputs read off a linear state: one file, standard library, integers.

    python -I recheck_linear.py problem.json CERTIFICATE

prints one line and exits with 0 (accepted), 1 (rejected) or 2 (no such file, unreadable problem).
``problem.json`` is what ``superproof export`` writes. A certificate is the line MAGIC and then
zlib-compressed JSON: sha256, claim (holds; a count that is null is not claimed) and evidence:
``{"kind": "criterion"}``, for the criterion is computed here (docs/circuits.md, section 4).

Every output should be one input, on "at most v". The first layer is relu and the others identity;
where no neuron of the first can be below 0 it is the identity as well, so output j is
M_j x + c_j. With its own input i active, the least value is c_j + M_ji and the v - 1 least other
entries below 0; without it, the largest is c_j and the v greatest other entries above 0.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from heapq import nlargest, nsmallest
from itertools import pairwise
from operator import mul
from typing import Any, NamedTuple

MAGIC = b"superproof-linear-1\n"
PARTS = ("network", "specification", "domain")
HOLDS = {"status": "holds", "violations": 0, "violations_by_output": None}
#: Bytes of a certificate and of its text; powers of two of a weight.
FILE, TEXT, EXPONENT = 1 << 16, 1 << 16, 1 << 16


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


class Problem:
    """Inputs as outputs on "at most v", and a network; ValueError and the like."""

    def __init__(self, data: Any) -> None:
        self.sha256 = {part: digest(data[part]) for part in PARTS}
        require(data["format"] == "superproof-problem-1", "unknown format")
        require(data.get("sha256", self.sha256) == self.sha256, "its hashes are not its own")
        specification, domain = data["specification"], data["domain"]
        require(type(specification["inputs"]) is list, "no inputs")
        inputs = len(specification["inputs"])
        known = domain.keys() <= {"values", "cardinality"} and domain["values"] == ["0", "1"]
        least, active = numbers(domain.get("cardinality", [0, inputs]), 2)
        require(known and least == 0 < active, "the domain is not 'at most v'")
        self.active = min(active, inputs)
        family = specification.get("family", {"kind": "and"})
        require(family["kind"] in ("and", "or"), "no family of single inputs")
        require(("family" in specification) != ("formulas" in specification), "no single inputs")
        formulas = specification.get("formulas")
        formulas = formulas or [numbers(row, 1)[0] for row in family["members"]]
        self.wanted = numbers(formulas, len(formulas))
        require(all(0 <= i < inputs for i in self.wanted), "no input")
        readout = specification["readout"]
        self.strict = readout["kind"] == "threshold"
        require(self.strict or readout["kind"] == "levels", "the read-out")
        keys = ("threshold", "threshold") if self.strict else ("true_at_least", "false_at_most")
        self.true_from, self.false_to = (rational(readout[key]) for key in keys)
        layers = data["network"]["layers"]
        self.code = read_layer(layers[0], inputs, "relu")
        self.linear = [read_layer(b, a["shape"][0], "identity") for a, b in pairwise(layers)]
        require(bool(self.linear) and len(self.linear[-1].rows) == len(self.wanted), "layers")

    def criterion(self) -> str:
        """Multiply the layers out and compare the extremes of every output with its levels."""
        for i, (row, bias) in enumerate(zip(self.code.rows, self.code.bias, strict=True)):
            low = sum(value for value in nsmallest(self.active, row) if value < 0)
            demand(low * self.code.unit + bias >= 0, f"neuron {i} can be below 0")
        rows, unit, offsets = self.code.rows, self.code.unit, self.code.bias
        for layer in self.linear:
            rows, unit = product(layer.rows, rows), unit * layer.unit
            offsets = affine(layer, offsets)
        for j, (i, row, offset) in enumerate(zip(self.wanted, rows, offsets, strict=True)):
            own, others = row[i], row[:i] + row[i + 1 :]
            low = own + sum(value for value in nsmallest(self.active - 1, others) if value < 0)
            high = sum(value for value in nlargest(self.active, others) if value > 0)
            least, most = low * unit + offset, high * unit + offset
            true = least > self.true_from or (not self.strict and least == self.true_from)
            demand(true, f"output {j} can be {least} where its input is true")
            demand(most <= self.false_to, f"output {j} can be {most} where its input is false")
        return f"criterion of {len(self.wanted):,} outputs"


def affine(layer: Layer, before: list[Fraction]) -> list[Fraction]:
    """The layer at that state."""
    scale = max((value.denominator for value in before), default=1)  # powers of two
    whole = [int(value * scale) for value in before]
    unit = layer.unit / scale
    sums = [sum(map(mul, row, whole)) for row in layer.rows]
    return [unit * total + bias for total, bias in zip(sums, layer.bias, strict=True)]


def product(left: list[list[int]], right: list[list[int]]) -> list[list[int]]:
    """The product of two matrices: rows of the right one are long integers of signed lanes."""
    bound = max(sum(map(abs, row)) for row in left)
    bound *= max(max(map(abs, row)) for row in right)
    size = (2 * bound + 1).bit_length() // 8 + 1  # bytes of a lane: 2^(bits - 1) > bound
    half, width = 1 << (8 * size - 1), len(right[0])
    shift = int.from_bytes(half.to_bytes(size, "little") * width, "little")
    packed = [
        int.from_bytes(b"".join((value + half).to_bytes(size, "little") for value in row), "little")
        - shift
        for row in right
    ]
    return [list(lanes(sum(map(mul, row, packed)) + shift, size, width, half)) for row in left]


def lanes(total: int, size: int, width: int, half: int) -> Iterator[int]:
    """The signed lanes of a long integer to which ``half`` was added in each."""
    data = total.to_bytes(size * width, "little")
    for start in range(0, len(data), size):
        yield int.from_bytes(data[start : start + size], "little") - half


def recheck(data: Any, certificate: bytes) -> str:
    """What is proved, in one line; raises RejectedError and UnreadableError."""
    stated = read(certificate)
    try:
        problem = Problem(data)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from None
    for part, value in problem.sha256.items():
        demand(stated["sha256"][part] == value, f"it is about another {part} (the hashes differ)")
    none = HOLDS | {"violations_by_output": [0] * len(problem.wanted)}
    for key, value in stated["claim"].items():
        fine = [json.dumps(none[key])] + ["null"] * (key != "status")  # as text: False equals 0
        demand(json.dumps(value) in fine, f"what it claims about {key} does not follow")
    return f"holds ({problem.criterion()})"


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
    shaped = shaped and data["evidence"]["kind"] == "criterion"
    demand(shaped, "its keys are not those of such a certificate")
    return dict(data)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a key stands twice in an object")
    return dict(pairs)


# numbers that are no integers are errors of int
READING: Any = {"parse_float": int, "parse_constant": int, "object_pairs_hook": once}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -I recheck_linear.py problem.json CERTIFICATE", file=sys.stderr)
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
