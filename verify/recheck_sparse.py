"""Checks a certificate about a plain 0/1 code network: one file, standard library, integers only.

    python -I recheck_sparse.py problem.json CERTIFICATE

prints one line and exits with 0 (accepted), 1 (rejected) or 2 (no such file, unreadable problem).
``problem.json`` is what ``superproof export`` writes. A certificate is the line MAGIC and then
zlib-compressed JSON: sha256, claim (a count that is null is not claimed) and evidence: *criterion*,
nothing more, the criterion is computed; or *point*, the numbers of the true inputs, an output that
is wrong there, and its value. docs/sparse.md states the form of the network and has the proof.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import re
import sys
import zlib
from collections import Counter
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Any, NamedTuple

MAGIC = b"superproof-plain-code-1\n"
PARTS = ("network", "specification", "domain")
SHAPE = "its keys are not those of such a certificate"
EVIDENCE = {"criterion": set[str](), "point": {"true", "output", "value"}}
#: Bytes of a certificate and of its text; powers of two of a weight; digits of a number; bytes of
#: all rows with a bit an input.
FILE, TEXT, EXPONENT, DIGITS, PACKED = 1 << 24, 1 << 24, 1 << 16, 40_000, 1 << 31


class RejectedError(Exception):
    """The certificate proves nothing about this problem."""


class UnreadableError(Exception):
    """The data are no problem of this kind."""


class Layer(NamedTuple):
    """Row i has ``weights[i]`` (integers times ``unit``) in ``columns[i]``, and ``bias[i]``."""

    columns: list[list[int]]
    weights: list[list[int]]
    unit: Fraction
    bias: list[Fraction]


def demand(condition: bool, message: str) -> None:
    if not condition:
        raise RejectedError(message)


def require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def numbers(data: Any, length: int | None = None) -> list[int]:
    """A list of integers, of that length."""
    require(type(data) is list and all(type(value) is int for value in data), "not integers")
    require(length is None or len(data) == length, "a list of another length")
    return list(data)


def power(data: Any) -> Fraction:
    require(type(data) is int and abs(data) <= EXPONENT, "an exponent")
    return Fraction(1 << max(data, 0), 1 << max(-data, 0))


def rational(text: str) -> Fraction:
    require(re.fullmatch("-?[0-9]+(/[0-9]+)?", text) is not None, "a level")
    return Fraction(text)


def read_layer(data: Any, fan_in: int, activation: str) -> Layer:
    """A layer with that many inputs; zero weights are left out."""
    height, width = numbers(data["shape"], 2)
    require(data["activation"] == activation and width == fan_in, "layer")
    weight = data["weight"]
    mantissas = numbers(weight["mantissas"])
    dense = "indptr" not in weight
    require(not dense or len(mantissas) == height * width, "a list of another length")
    require(0 <= height == len(data["bias"]["mantissas"]), "a list of another length")
    starts = [i * width for i in range(height + 1)] if dense else numbers(weight["indptr"])
    places = list(range(width)) * height if dense else numbers(weight["indices"])
    require(len(starts) == height + 1 and starts[0] == 0 <= width, "indptr")
    require(starts[-1] == len(places) == len(mantissas), "indptr")
    columns, weights = [], []
    for start, end in pairwise(starts):
        row = list(zip(places[start:end], mantissas[start:end], strict=True))
        columns.append([c for c, value in row if value])
        weights.append([value for _, value in row if value])
        inside = all(0 <= c < width for c, _ in row) and start <= end
        require(inside and all(a < b for (a, _), (b, _) in pairwise(row)), "indices")
    unit = power(data["bias"]["exponent"])
    bias = [value * unit for value in numbers(data["bias"]["mantissas"], height)]
    return Layer(columns, weights, power(weight["exponent"]), bias)


class Problem:
    """ANDs of inputs on "at most v", and a network of two layers; ValueError and the like."""

    def __init__(self, data: Any) -> None:
        self.sha256 = {part: digest(data[part]) for part in PARTS}
        require(data["format"] == "superproof-problem-1", "unknown format")
        require(data.get("sha256", self.sha256) == self.sha256, "its hashes are not its own")
        specification, domain = data["specification"], data["domain"]
        self.inputs = len(specification["inputs"])
        known = domain.keys() <= {"values", "cardinality"} and domain["values"] == ["0", "1"]
        require(known, "the domain is not 'at most v'")
        least, self.active = numbers(domain.get("cardinality", [0, self.inputs]), 2)
        require(least == 0 <= self.active, "the domain is not 'at most v'")
        family = specification.get("family", {"kind": "and"})
        require(family["kind"] == "and" and type(specification["inputs"]) is list, "no ANDs")
        require(("family" in specification) != ("formulas" in specification), "no ANDs")
        formulas = specification.get("formulas") or [["and", *row] for row in family["members"]]
        self.tuples = [sorted(members(formula, self.inputs)) for formula in formulas]
        readout = specification["readout"]
        self.strict = readout["kind"] == "threshold"
        require(self.strict or readout["kind"] == "levels", "the read-out")
        keys = ("threshold", "threshold") if self.strict else ("true_at_least", "false_at_most")
        self.true_from, self.false_to = (rational(readout[key]) for key in keys)
        hidden, last = data["network"]["layers"]
        self.hidden = read_layer(hidden, self.inputs, "relu")
        rows = self.hidden.weights
        self.feeds = [row[0] if row and row.count(row[0]) == len(row) else 0 for row in rows]
        self.last = read_layer(last, len(self.hidden.bias), "identity")
        require(len(self.last.bias) == len(self.tuples) > 0, "outputs")

    def criterion(self) -> str:
        """Check the form and the criterion of every output."""
        size, neurons = sum(map(len, self.hidden.columns)), len(self.hidden.columns)
        # a step along a list costs about as much as 800 bits of a long integer
        packed = size * 800 > (self.inputs + 20_000) * neurons <= PACKED * 8
        rows = [as_bits(row, self.inputs) for row in self.hidden.columns] if packed else []
        for j, (tuple_, shared) in enumerate(zip(self.tuples, self.last.columns, strict=True)):
            unit = self._unit(j)
            r = max(min(self.active - len(tuple_) + 1, self.inputs - len(tuple_)), 0)
            if packed:
                mask = sum(1 << c for c in tuple_)
                common = reduce(and_, (rows[i] for i in shared), mask)
                demand(common == mask, f"output {j} reads a neuron that not all members feed")
                top = largest([rows[i] for i in shared], r, ((1 << self.inputs) - 1) ^ mask)
            else:
                counts: Counter[int] = Counter()
                for i in shared:
                    counts.update(self.hidden.columns[i])
                every = all(counts.pop(c, 0) == len(shared) for c in tuple_)
                demand(every, f"output {j} reads a neuron that not all members feed")
                top = sum(heapq.nlargest(r, counts.values()))
            bias = self.last.bias[j]
            demand(unit * top + bias <= self.false_to, f"the criterion fails for output {j}")
            true = unit * len(shared) + bias - self.true_from
            right = true > 0 if self.strict else true >= 0
            demand(right or len(tuple_) > self.active, f"output {j} is false on its own tuple")
        return f"criterion of {len(self.tuples):,} output{'s' * (len(self.tuples) > 1)}"

    def _unit(self, j: int) -> Fraction:
        """Check the weights of output j and of its neurons; the value of one in the sum."""
        units = set()
        for i, weight in zip(self.last.columns[j], self.last.weights[j], strict=True):
            a = self.feeds[i]
            demand(a > 0, f"neuron {i} has no equal weights > 0")
            bias = -(len(self.tuples[j]) - 1) * a * self.hidden.unit
            demand(self.hidden.bias[i] == bias, f"neuron {i} has a bias of another form")
            units.add(weight * a)
        demand(len(units) <= 1, f"the weights of output {j} differ")
        unit = units.pop() if units else 1
        demand(unit > 0, f"the weights of output {j} are not positive")
        return unit * self.hidden.unit * self.last.unit

    def point(self, true: Any, j: Any, given: Any) -> str:
        """Check that output j has that value, a wrong one, where these inputs are true."""
        fine = type(true) is list and all(type(c) is int for c in true)
        fine = fine and len(set(true)) == len(true) <= self.active
        demand(fine and all(0 <= c < self.inputs for c in true), "no input of the domain")
        demand(type(j) is int and 0 <= j < len(self.tuples), "no output")
        ones, value = set(true), self.last.bias[j]
        for i, weight in zip(self.last.columns[j], self.last.weights[j], strict=True):
            row = zip(self.hidden.columns[i], self.hidden.weights[i], strict=True)
            total = sum(w for c, w in row if c in ones) * self.hidden.unit + self.hidden.bias[i]
            value += max(total, Fraction(0)) * weight * self.last.unit
        demand(given == str(value), "the output's value is another one")
        if ones.issuperset(self.tuples[j]):
            right = value > self.true_from if self.strict else value >= self.true_from
        else:
            right = value <= self.false_to
        demand(not right, "the output is right there")
        return f"1 input evaluated, output {j} is wrong"


def members(formula: Any, inputs: int) -> set[int]:
    """The inputs of a conjunction in prefix form."""
    found, todo = set[int](), [formula]
    while todo:
        part = todo.pop()
        if type(part) is list and part[:1] == ["and"]:
            todo += part[1:]
        else:
            require(type(part) is int and 0 <= part < inputs, "an output is no AND of inputs")
            found.add(part)
    require(bool(found), "an output is no AND of inputs")
    return found


def as_bits(row: list[int], width: int) -> int:
    data = bytearray(width // 8 + 1)
    for c in row:
        data[c >> 3] |= 1 << (c & 7)
    return int.from_bytes(data, "little")


def largest(rows: list[int], r: int, among: int) -> int:
    """The sum of the r largest counts of rows with a bit, over the inputs in ``among``."""
    levels, planes = [list(rows)], []
    for level in levels:  # adders: a plane holds one bit of every count
        carries = []
        while len(level) > 1:
            a, b, c = level.pop(), level.pop(), level.pop() if level else 0
            odd = a ^ b
            level.append(odd ^ c)
            carries.append(a & b | odd & c)
        planes.append(level[0] if level else 0)
        if carries:
            levels.append(carries)
    total, least = 0, 0
    for p in reversed(range(len(planes))):  # among: the higher bits of the count are ``least``
        above = among & planes[p]
        number = above.bit_count()
        if number >= r:
            among, least = above, least + (1 << p)
        else:  # these are among the largest for certain
            r, among = r - number, among ^ above
            total += number * (least + (1 << p))
            total += sum((above & planes[q]).bit_count() << q for q in range(p) if number)
    return total + r * least


def recheck(data: Any, certificate: bytes) -> str:
    """Check a certificate against the canonical data of a problem.

    Returns what is proved, in one line. Raises RejectedError and UnreadableError.
    """
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        stated = read(certificate)
        try:
            problem = Problem(data)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UnreadableError(f"{type(error).__name__}: {error}") from None
        return judged(problem, stated)
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    finally:
        sys.set_int_max_str_digits(digits)


def judged(problem: Problem, stated: dict[str, Any]) -> str:
    """Check what :func:`read` returned."""
    for part, value in problem.sha256.items():
        demand(stated["sha256"][part] == value, f"it is about another {part} (the hashes differ)")
    claim, evidence = stated["claim"], stated["evidence"]
    status = "holds" if evidence["kind"] == "criterion" else "violated"
    demand(claim["status"] == status, "what it claims does not follow")
    none = {"violations": 0, "violations_by_output": [0] * len(problem.tuples)}
    for key in none:
        # compared as text, for False is equal to 0
        same = status == "holds" and json.dumps(claim[key]) == json.dumps(none[key])
        demand(same or claim[key] is None, f"what it claims about {key} does not follow")
    if status == "holds":
        return f"holds ({problem.criterion()})"
    how = problem.point(evidence["true"], evidence["output"], evidence["value"])
    return f"violated ({how})"


def read(certificate: bytes) -> dict[str, Any]:
    """The data of a certificate, within bounded memory."""
    demand(certificate.startswith(MAGIC), "it does not begin as such a certificate does")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(certificate[len(MAGIC) :], TEXT)
        demand(not stream.unconsumed_tail, f"it holds more than {TEXT:,} bytes")
        demand(stream.eof and not stream.unused_data, "it is cut off, or goes on after its end")
        demand(text.count(b"[") + text.count(b"{") <= 100, "it holds too many lists")
        data = json.loads(
            text.decode("ascii"),
            parse_int=integer,
            parse_float=refuse,
            parse_constant=refuse,
            object_pairs_hook=once,
        )
    except (zlib.error, ValueError, RecursionError) as error:
        raise RejectedError(f"it is damaged ({type(error).__name__})") from None
    shaped = isinstance(data, dict) and data.keys() == {"sha256", "claim", "evidence"}
    demand(shaped and all(isinstance(part, dict) for part in data.values()), SHAPE)
    evidence, claim = data["evidence"], {"status", "violations", "violations_by_output"}
    shaped = data["sha256"].keys() == set(PARTS) and data["claim"].keys() == claim
    known = EVIDENCE.get(str(evidence.get("kind")))
    demand(shaped and evidence.keys() - {"kind"} == known, SHAPE)
    return dict(data)


def integer(text: str) -> int:
    demand(len(text) <= DIGITS, f"it holds a number of more than {DIGITS:,} digits")
    return int(text)


def refuse(text: str) -> None:
    raise RejectedError("it holds a number that is no integer")


def unread(text: str) -> None:
    raise ValueError("a number that is no integer")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names no key twice: readers do not agree on which of the two counts."""
    data = dict(pairs)
    require(len(data) == len(pairs), "a key stands twice in an object")
    return data


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    if len(arguments) != 2:
        print("usage: python -I recheck_sparse.py problem.json CERTIFICATE", file=sys.stderr)
        return 2
    sys.set_int_max_str_digits(0)
    try:
        with open(arguments[0], encoding="ascii") as file:
            data = json.load(
                file, parse_float=unread, parse_constant=unread, object_pairs_hook=once
            )
        with open(arguments[1], "rb") as certificate:
            print("accepted:", recheck(data, certificate.read(FILE)))
    except (OSError, ValueError, RecursionError, MemoryError, UnreadableError) as error:
        print("unreadable:", " ".join(str(error).split()) or "too large", file=sys.stderr)
        return 2
    except RejectedError as error:
        print("rejected:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
