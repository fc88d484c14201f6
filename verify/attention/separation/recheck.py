"""Checks whether one head can separate a graph, or none: one file, standard library, integers.

    python -I recheck.py problem.json CERTIFICATE

prints one line and exits with 0 (accepted), 1 (rejected) or 2 (no such file, unreadable problem).
The problem states integers x_i (items of embedding_dim each; a common unit changes nothing) and
directed edges. The question: are there a matrix M and a threshold t with x_i M x_j > t exactly
for the edges (i, j)? A certificate is the line MAGIC and then zlib-compressed JSON: sha256, claim
and evidence,

* ``matrix`` (separable): M and t, in integers. All pairs are computed.
* ``rational`` (impossible): multipliers l > 0 of some pairs, a hexadecimal number or an integer
  times the unit. With y = 1 on edges and -1 elsewhere
  the sums of l y x_i x_j^T and of l y vanish, so no M and t exist.
* ``krawczyk`` (impossible): multipliers for which the sums nearly vanish, and n = d^2 + 1 of the
  pairs. A matrix C, made here in floating point, is checked in integers to be so close to an
  inverse that exact multipliers > 0 exist nearby.

docs/attention-separation.md has the two theorems with their proofs.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import zlib
from array import array
from itertools import accumulate
from operator import mul
from typing import Any, TypeAlias

MAGIC = b"superproof-separation-1\n"
FORMAT = "superproof-separation-problem-1"
STATUS = {"matrix": "separable", "rational": "impossible", "krawczyk": "impossible"}
KEYS = {
    "matrix": {"kind", "matrix", "threshold"},
    "rational": {"kind", "pairs", "multipliers", "unit"},
    "krawczyk": {"kind", "pairs", "multipliers", "outside"},
}
#: Bytes of a certificate and of its text, and its brackets; bits of an entry of the embeddings;
#: hex digits.
FILE, TEXT, BRACKETS, BITS, HEX = 1 << 24, 1 << 25, 1 << 17, 256, 1 << 16
#: Products of 30-bit digits, about: 2^34 are minutes. Digits of all multipliers.
WORK, MEMORY = 1 << 34, 1 << 26


Floats: TypeAlias = "array[float]"


class RejectedError(Exception):
    """The certificate proves nothing about this problem."""


class UnreadableError(Exception):
    """The data are no problem of this kind."""


def demand(condition: bool, message: str) -> None:
    if not condition:
        raise RejectedError(message)


def require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def integers(data: Any) -> list[int]:
    require(type(data) is list and all(type(value) is int for value in data), "no integers")
    return list(data)


def rising(gaps: Any, end: int) -> list[int]:
    """Numbers below ``end``, each above the one before, from their differences."""
    steps = integers(gaps)
    demand(all(s > 0 for s in steps[1:]) and (not steps or steps[0] >= 0), "they do not rise")
    places = list(accumulate(steps))
    demand(not places or places[-1] < end, "a place that is not there")
    return places


def digits(bits: int) -> int:
    return bits // 30 + 1


class Problem:
    """Embeddings and edges; ValueError and the like."""

    def __init__(self, data: Any) -> None:
        require(data["format"] == FORMAT, "unknown format")
        keys = {"format", "items", "embedding_dim", "exponent", "embeddings", "edges"}
        require(data.keys() - {"sha256"} == keys, "unknown or missing keys")
        content = {key: data[key] for key in keys}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        self.sha256 = hashlib.sha256(text.encode("ascii")).hexdigest()
        require(data.get("sha256", self.sha256) == self.sha256, "its hash is not its own")
        self.items, self.dim, _ = integers(
            [data[k] for k in ("items", "embedding_dim", "exponent")]
        )
        require(self.items > 0 and self.dim > 0, "no items or no dimensions")
        self.x = [integers(row) for row in data["embeddings"]]
        shaped = len(self.x) == self.items and all(len(row) == self.dim for row in self.x)
        require(shaped, "the embeddings have another shape")
        edges = [tuple(integers(pair)) for pair in data["edges"]]
        inside = all(len(e) == 2 and min(e) >= 0 and max(e) < self.items for e in edges)
        require(inside, "an edge is no pair of items")
        self.edges = set(edges)
        require(edges == sorted(self.edges), "edges are not in order, or one stands twice")
        self.bits = max(abs(value).bit_length() for row in self.x for value in row)
        require(self.bits <= BITS, f"entries have more than {BITS} bits")

    def sign(self, pair: tuple[int, int]) -> int:
        return 1 if pair in self.edges else -1

    def pairs(self, gaps: Any) -> list[tuple[int, int]]:
        """Pairs in order, from the differences of i * items + j."""
        places = rising(gaps, self.items**2)
        demand(bool(places), "no pair")
        return [divmod(place, self.items) for place in places]

    def sums(self, pairs: list[tuple[int, int]], weights: list[int]) -> list[int]:
        """The entries of the sum of l y x_i x_j^T, and the sum of l y."""
        size = digits(max(weights).bit_length()) * digits(self.bits)
        cost = (len(pairs) + min(len(pairs), self.items) * self.dim) * self.dim * size
        demand(cost <= WORK, "there is too much to compute")
        inner: dict[int, list[int]] = {}
        total = 0
        for (i, j), weight in zip(pairs, weights, strict=True):
            signed = weight * self.sign((i, j))
            total += signed
            row = inner.setdefault(i, [0] * self.dim)
            for b, value in enumerate(self.x[j]):
                row[b] += signed * value
        entries = [0] * self.dim**2
        for i, row in inner.items():
            for a, value in enumerate(self.x[i]):
                if value:
                    start = a * self.dim
                    for b, other in enumerate(row):
                        entries[start + b] += value * other
        return [*entries, total]


class Lanes:
    """Signed integers below 2^bits side by side in one long integer, ``count`` of them."""

    def __init__(self, bits: int, count: int) -> None:
        self.size, self.count = bits // 8 + 1, count  # a lane holds twice the range
        self.half = 1 << (8 * self.size - 1)
        self.offset = int.from_bytes(self.half.to_bytes(self.size, "little") * count, "little")

    def pack(self, values: list[int]) -> int:
        data = b"".join((v + self.half).to_bytes(self.size, "little") for v in values)
        return int.from_bytes(data, "little") - self.offset

    def unpack(self, packed: int) -> list[int]:
        data = (packed + self.offset).to_bytes(self.size * self.count, "little")
        size, half = self.size, self.half
        read = int.from_bytes
        return [read(data[k : k + size], "little") - half for k in range(0, len(data), size)]


def separable(problem: Problem, evidence: dict[str, Any]) -> str:
    """Compute x_i M x_j for all pairs and compare it with the threshold."""
    matrix = [integers(row) for row in evidence["matrix"]]
    threshold = evidence["threshold"]
    dim, items = problem.dim, problem.items
    shaped = len(matrix) == dim and all(len(row) == dim for row in matrix)
    demand(shaped and type(threshold) is int, "a matrix of another shape")
    bits = max(abs(v).bit_length() for row in matrix for v in row) + problem.bits
    bits += dim.bit_length()
    wide = bits + problem.bits + dim.bit_length()
    cost = items * dim * (dim * digits(problem.bits) + items * digits(wide)) * digits(bits)
    demand(cost <= WORK, "there is too much to compute")
    lanes = Lanes(wide, items)
    packed = [lanes.pack([row[b] for row in problem.x]) for b in range(dim)]
    columns = list(zip(*matrix, strict=True))
    for i, row in enumerate(problem.x):
        inner = [sum(map(mul, row, column)) for column in columns]
        for j, score in enumerate(lanes.unpack(sum(map(mul, inner, packed)))):
            demand((score > threshold) == ((i, j) in problem.edges), f"pair {i}, {j} is wrong")
    return f"separable by one head ({items**2:,} pairs computed)"


def rational(problem: Problem, evidence: dict[str, Any]) -> str:
    """Check that the sums vanish."""
    pairs = problem.pairs(evidence["pairs"])
    given, unit = evidence["multipliers"], hexadecimal(evidence["unit"])
    demand(type(given) is list and len(given) == len(pairs), "multipliers")
    room = len(given) * digits(unit.bit_length())
    demand(room <= MEMORY, "its multipliers are too long")
    weights = [v * unit if type(v) is int else hexadecimal(v) for v in given]
    demand(min(weights) > 0, "a multiplier is not positive")
    demand(not any(problem.sums(pairs, weights)), "the weighted sum is not zero")
    return f"impossible for one head ({len(pairs):,} multipliers, exact)"


def hexadecimal(text: Any) -> int:
    require(type(text) is str and len(text) <= HEX, "no hexadecimal number")
    return int(text, 16)


def krawczyk(problem: Problem, evidence: dict[str, Any]) -> str:
    """Check that exact multipliers exist near the stated ones."""
    pairs = problem.pairs(evidence["pairs"])
    weights = integers(evidence["multipliers"])
    outside = set(rising(evidence["outside"], len(pairs)))
    demand(len(weights) == len(pairs) and min(weights) > 0, "multipliers")
    n = problem.dim**2 + 1
    basis = [k for k in range(len(pairs)) if k not in outside]
    demand(len(basis) == n and len(outside) == len(pairs) - n, f"not {n} pairs in the basis")
    wide = 2 * problem.bits
    demand(n**3 * digits(wide) <= WORK, "there is too much to compute")
    # the last coordinate may be any number but 0: one of the usual size
    last = 1 << max(wide - 5, 0)
    rest = problem.sums(pairs, weights)
    rest[-1] *= last
    rows, lower, upper = triangular([feature(problem, pairs[k], last) for k in basis])
    # with rows A = L U the inverse of G = A^T is L^-T U^-T, of which each part is rounded
    outer, inner = inverse_columns(lower), inverse_columns(upper)
    inner = [[inner[c][k - c] for c in range(k + 1)] for k in range(n)]
    most = max(sum(map(abs, row)) for row in outer)
    mass = sum(abs(value) for row in rows for value in row)
    inner_shift = (math.ceil(most) * mass).bit_length() + 3
    outer_shift = math.ceil(sum(sum(map(abs, row)) for row in lower)).bit_length() + 3
    first, second = rounded(inner, inner_shift), rounded(outer, outer_shift)
    bits = [max(abs(v).bit_length() for row in part for v in row) for part in (first, second)]
    lanes = Lanes(sum(bits) + wide + 2 * n.bit_length() + 1, n)
    demand(n**3 * digits(max(bits)) * digits(8 * lanes.size) <= WORK, "too much to compute")
    packed = [lanes.pack(list(column)) for column in zip(*rows, strict=True)]
    packed = [sum(map(mul, row, packed)) for row in first]
    rest = [sum(map(mul, row, rest)) for row in first]
    one, moved = 1 << (inner_shift + outer_shift), 0
    for k, row in enumerate(second):
        product = lanes.unpack(sum(map(mul, row, packed[k:])))
        product[k] -= one
        demand(2 * sum(map(abs, product)) < one, "the basis is too close to singular")
        moved = max(moved, abs(sum(map(mul, row, rest[k:]))))
    least = min(weights[k] for k in basis)
    demand(2 * moved < one * least, "the weighted sum is too far from zero")
    return f"impossible for one head ({len(pairs):,} multipliers, basis of {n:,})"


def feature(problem: Problem, pair: tuple[int, int], last: int) -> list[int]:
    """y (x_i (x) x_j, last)."""
    i, j = pair
    sign = problem.sign(pair)
    return [sign * a * b for a in problem.x[i] for b in problem.x[j]] + [sign * last]


def triangular(rows: list[list[int]]) -> tuple[list[list[int]], list[Floats], list[Floats]]:
    """The rows in another order, and about: rows of L up to the diagonal of 1s, columns of U."""
    rows = list(rows)
    # arrays lie in one piece; lists of floats this long would be read from all over the memory
    work = [array("d", map(float, row)) for row in rows]
    n = len(rows)
    lower = [array("d") for _ in range(n)]
    upper: list[Floats] = []
    for k in range(n):
        column: list[float] = []
        for i in range(k):
            column.append(work[i][k] - sum(map(mul, lower[i], column)))
        tail = [work[i][k] - sum(map(mul, lower[i], column)) for i in range(k, n)]
        best = max(range(n - k), key=lambda i: abs(tail[i]))
        pivot = tail[best]
        demand(pivot != 0.0 and math.isfinite(pivot), "the basis is singular")
        work[k], work[k + best] = work[k + best], work[k]
        rows[k], rows[k + best] = rows[k + best], rows[k]
        lower[k], lower[k + best] = lower[k + best], lower[k]
        tail[0], tail[best] = tail[best], tail[0]
        for i in range(k + 1, n):
            lower[i].append(tail[i - k] / pivot)
        lower[k].append(1.0)
        upper.append(array("d", [*column, pivot]))
    return rows, lower, upper


def inverse_columns(rows: list[Floats]) -> list[list[float]]:
    """Columns, from the diagonal down, of the inverse of a lower triangular matrix, about."""
    columns = []
    for c, top in enumerate(rows):
        values = [1.0 / top[c]]
        for i in range(c + 1, len(rows)):
            values.append(-sum(map(mul, rows[i][c:i], values)) / rows[i][i])
        columns.append(values)
    return columns


def rounded(rows: list[list[float]], shift: int) -> list[list[int]]:
    return [[round(math.ldexp(value, shift)) for value in row] for row in rows]


def recheck(data: Any, certificate: bytes) -> str:
    """What is proved, in one line; raises RejectedError and UnreadableError."""
    stated = read(certificate)
    try:
        problem = Problem(data)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from None
    demand(stated["sha256"] == problem.sha256, "it is about another problem (the hashes differ)")
    evidence = stated["evidence"]
    rules = {"matrix": separable, "rational": rational, "krawczyk": krawczyk}
    try:
        return rules[evidence["kind"]](problem, evidence)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise RejectedError(f"its evidence is damaged ({type(error).__name__})") from None


def read(certificate: bytes) -> dict[str, Any]:
    """The data of a certificate, within bounded memory."""
    demand(certificate.startswith(MAGIC), "it does not begin as such a certificate does")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(certificate[len(MAGIC) :], TEXT)
        demand(not stream.unconsumed_tail, f"it holds more than {TEXT:,} bytes")
        demand(stream.eof and not stream.unused_data, "it is cut off, or goes on after its end")
        demand(text.count(b"[") + text.count(b"{") <= BRACKETS, "it holds too many lists")
        data = json.loads(text.decode("ascii"), **READING)
    except (zlib.error, ValueError, RecursionError) as error:
        raise RejectedError(f"it is damaged ({type(error).__name__})") from None
    shaped = isinstance(data, dict) and data.keys() == {"sha256", "claim", "evidence"}
    shaped = (
        shaped and isinstance(data["evidence"], dict) and data["evidence"].get("kind") in (*KEYS,)
    )
    shaped = shaped and data["evidence"].keys() == KEYS[data["evidence"]["kind"]]
    demand(shaped, "its keys are not those of such a certificate")
    fits = data["claim"] == {"status": STATUS[data["evidence"]["kind"]]}
    demand(fits, "what it claims does not follow from such evidence")
    return dict(data)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a key stands twice in an object")
    return dict(pairs)


# numbers that are no integers are errors of int
READING: Any = {"parse_float": int, "parse_constant": int, "object_pairs_hook": once}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -I recheck.py problem.json CERTIFICATE", file=sys.stderr)
        return 2
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
