"""A second checker of separation certificates, for larger embeddings: one file, numpy.

    python -I recheck_numpy.py problem.json CERTIFICATE

answers as ``recheck.py`` does, and reads the same files, but has no line in common with
it or with what makes certificates. Integer matrices are multiplied as sums of floating point
products of their digits; no sum of such products reaches 2^53, so that every one is exact in
whatever order it is added up. docs/attention-separation.md, section 5.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

BEGINNING = b"superproof-separation-1"
NAME = "superproof-separation-problem-1"
FIELDS = ("edges", "embedding_dim", "embeddings", "exponent", "format", "items")
#: Bytes of a certificate and of its text, hex digits of a multiplier, bits of an embedding's entry.
MOST_BYTES, MOST_TEXT, MOST_HEX, MOST_BITS = 1 << 26, 1 << 26, 1 << 18, 256
#: Lists and objects of a certificate.
MOST_LISTS = 1 << 17
#: Entries of a matrix; floating point multiplications in one product of integers; small products.
ENTRIES, PRODUCTS, SMALL = 1 << 27, 1 << 43, 1 << 32
#: Rows of a product that are added up at once.
BLOCK = 256
#: Bits that a float64 holds exactly, and those of int64 that are used.
FLOAT_BITS, INT_BITS = 53, 62


class Rejected(Exception):  # noqa: N818
    """No proof."""


class NoProblem(Exception):  # noqa: N818
    """Nothing that a proof could be about."""


def reject(reason: str) -> NoReturn:
    raise Rejected(reason)


def bits_of(array: np.ndarray) -> int:
    """Bits of the largest magnitude."""
    if array.size == 0:
        return 0
    return max(int(array.max()), -int(array.min())).bit_length()


def compact(array: np.ndarray) -> np.ndarray:
    """As int64 where it fits."""
    return array.astype(np.int64) if bits_of(array) <= INT_BITS else array.astype(object)


def float_digits(array: np.ndarray, width: int) -> list[np.ndarray]:
    """Signed digits of ``width`` bits, the lowest first, as float64."""
    sign = np.where(array < 0, -1, 1).astype(np.int64)
    rest: Any = abs(array)
    found = []
    for _ in range(max(-(-bits_of(array) // width), 1)):
        found.append((sign * (rest & ((1 << width) - 1)).astype(np.int64)).astype(np.float64))
        rest = rest >> width
    return found


def multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The exact product of two integer matrices; int64 where every sum is sure to fit."""
    inner = left.shape[1].bit_length()
    room = FLOAT_BITS - inner
    wide = bits_of(right)
    # one digit for the right matrix if that leaves a good part to the left one
    right_width = wide if 0 < wide <= room // 2 + 4 else room // 2
    left_width = room - right_width
    upper, lower = float_digits(left, left_width), float_digits(right, right_width)
    cost = len(upper) * len(lower) * left.shape[0] * left.shape[1] * right.shape[1]
    if cost > PRODUCTS:
        reject("it asks for too much")
    fits = bits_of(left) + wide + inner <= INT_BITS
    total = np.zeros((len(left), right.shape[1]), dtype=np.int64 if fits else object)
    for k, a in enumerate(upper):
        for n, b in enumerate(lower):
            part = (a @ b).astype(np.int64)
            total += (part if fits else part.astype(object)) << (k * left_width + n * right_width)
    return total


class Question:
    """The integers x of a problem and the set of its edges as a table of booleans."""

    def __init__(self, data: dict[str, Any]) -> None:
        stated = data.get("sha256")
        if set(data) - {"sha256"} != set(FIELDS) or data["format"] != NAME:
            raise ValueError("its keys or its format are others")
        canonical = json.dumps({f: data[f] for f in FIELDS}, separators=(",", ":"))
        self.name = hashlib.sha256(canonical.encode()).hexdigest()
        if stated not in (None, self.name):
            raise ValueError("the stated hash is another")
        m, d = data["items"], data["embedding_dim"]
        table = whole_table(data["embeddings"])
        edges = whole_table(data["edges"]) if data["edges"] else np.zeros((0, 2), dtype=object)
        if type(m) is not int or type(d) is not int or type(data["exponent"]) is not int:
            raise ValueError("a size is no integer")
        if table.shape != (m, d) or 0 in table.shape or edges.shape[1] != 2:
            raise ValueError("shapes")
        if m * m > ENTRIES or bits_of(table) > MOST_BITS:
            raise ValueError("too large")
        if len(edges) and (min(edges.flat) < 0 or max(edges.flat) >= m):
            raise ValueError("an edge leads to no item")
        places = edges[:, 0] * m + edges[:, 1]
        if (places[1:] <= places[:-1]).any():
            raise ValueError("the edges are not in order or not distinct")
        self.x = compact(table)
        self.edge = np.zeros((m, m), dtype=bool)
        self.edge.flat[places.astype(np.int64)] = True

    def signed(self, places: np.ndarray) -> np.ndarray:
        """1 at edges and -1 elsewhere."""
        return np.where(self.edge.flat[places], 1, -1)

    def places(self, gaps: Any) -> np.ndarray:
        """i * items + j of the pairs, rising."""
        found = from_gaps(gaps, self.edge.size)
        if not len(found):
            reject("there is no pair")
        return found

    def weighted(self, places: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, int]:
        """The sums of weight y x_i x_j^T and of weight y, exactly."""
        i, j = np.divmod(places, len(self.x))
        values = weights.astype(object) * self.signed(places)
        used = np.unique(i)
        limbs = bits_of(values) // 64 + 1
        if (len(places) + len(used) * self.x.shape[1]) * self.x.shape[1] * limbs > SMALL:
            reject("it asks for too much")
        exact = self.x.astype(object)
        sums = []
        for item in used:
            chosen = i == item
            sums.append(values[chosen] @ exact[j[chosen]])
        return exact[used].T @ np.array(sums, dtype=object), int(values.sum())


def whole_row(data: Any) -> np.ndarray:
    """A list of integers, as objects."""
    if type(data) is not list or any(type(value) is not int for value in data):
        raise ValueError("not a list of integers")
    row = np.empty(len(data), dtype=object)
    row[:] = data
    return row


def from_gaps(gaps: Any, end: int) -> np.ndarray:
    """Strictly rising places below ``end``; a list has the first and then the differences."""
    steps = whole_row(gaps)
    if not len(steps):
        return np.zeros(0, dtype=np.int64)
    if steps[0] < 0 or (steps[1:] < 1).any() or (found := np.cumsum(steps))[-1] >= end:
        reject("places do not rise or lead too far")
    return found.astype(np.int64)


def whole_table(data: Any) -> np.ndarray:
    """A list of rows of integers, as objects."""
    rows = [whole_row(row) for row in data]
    if not rows or len({len(row) for row in rows}) != 1:
        raise ValueError("not a table")
    return np.stack(rows)


def by_matrix(question: Question, evidence: dict[str, Any]) -> str:
    """All scores against the threshold."""
    matrix, level = whole_table(evidence["matrix"]), evidence["threshold"]
    d = question.x.shape[1]
    if matrix.shape != (d, d) or type(level) is not int or bits_of(matrix) > MOST_BITS:
        reject("no matrix of that shape and size, or no threshold")
    inner = compact(multiply(question.x, compact(matrix)))
    for start in range(0, len(inner), BLOCK):
        scores = multiply(inner[start : start + BLOCK], question.x.T)
        above = (scores > level).astype(bool)
        if (above != question.edge[start : start + BLOCK]).any():
            reject("a pair is on the wrong side")
    return f"separable by one head ({question.edge.size:,} pairs)"


def by_sum(question: Question, evidence: dict[str, Any]) -> str:
    """Positive multipliers with a weighted sum of zero."""
    places, texts = question.places(evidence["pairs"]), evidence["multipliers"]
    if type(texts) is not list or len(texts) != len(places):
        reject("not one multiplier a pair")
    if not all(len(t) <= MOST_HEX for t in [*texts, evidence["unit"]] if type(t) is not int):
        reject("a multiplier is too long")
    unit = int(evidence["unit"], 16)
    if len(texts) * (unit.bit_length() // 64 + 1) > ENTRIES:
        reject("the multipliers are too long")
    weights = whole_row([t * unit if type(t) is int else int(t, 16) for t in texts])
    if min(weights) < 1:
        reject("a multiplier is not above 0")
    entries, balance = question.weighted(places, weights)
    if balance != 0 or any(value != 0 for value in entries.flat):
        reject("the sum is not 0")
    return f"impossible for one head ({len(places):,} exact multipliers)"


def by_inverse(question: Question, evidence: dict[str, Any]) -> str:
    """Multipliers near the stated ones exist, for an approximate inverse is good enough."""
    places, weights = question.places(evidence["pairs"]), whole_row(evidence["multipliers"])
    left_out = from_gaps(evidence["outside"], len(places))
    if len(weights) != len(places) or min(weights) < 1:
        reject("the multipliers are not one a pair and above 0")
    inside = np.ones(len(places), dtype=bool)
    inside[left_out] = False
    d = question.x.shape[1]
    size = d * d + 1
    if inside.sum() != size:
        reject("the basis has another size")
    if size * size > ENTRIES:
        reject("it asks for too much")
    entries, balance = question.weighted(places, weights)
    i, j = np.divmod(places[inside], len(question.x))
    wide = 2 * bits_of(question.x) > INT_BITS
    x = question.x.astype(object) if wide else question.x
    unit = 1 << max(2 * bits_of(x) - 4, 0)
    signs = question.signed(places[inside])[:, None]
    # G = A_B^T: a column of G for each pair of the basis
    features = (x[i][:, :, None] * x[j][:, None, :]).reshape(size, -1) * signs
    g = np.concatenate([features, signs * (unit if not wide else np.array(unit, dtype=object))], 1)
    g = g.T
    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(g.astype(np.float64))
        except np.linalg.LinAlgError:
            reject("the basis is singular")
    if not np.isfinite(inverse).all():
        reject("the basis is singular")
    exponent = int(np.abs(g).sum(dtype=object)).bit_length() + 3
    c = scaled(inverse, exponent)
    one = 1 << exponent
    for start in range(0, size, BLOCK):
        part = multiply(c[start : start + BLOCK], g)
        rows = np.arange(len(part))
        part[rows, start + rows] -= one
        # a sum of up to `size` entries may pass 64 bits
        if bits_of(part) + size.bit_length() > INT_BITS:
            part = part.astype(object)
        if (2 * abs(part).sum(axis=1) >= one).any():
            reject("the basis is too near to a singular one")
    rest = np.append(entries.reshape(-1), balance * unit)
    shift = max(abs(value) for value in c.astype(object) @ rest.astype(object))
    if 2 * shift >= one * min(weights[inside]):
        reject("the sum is too far from 0")
    return f"impossible for one head ({len(places):,} multipliers near a basis of {size:,})"


def scaled(values: np.ndarray, exponent: int) -> np.ndarray:
    """round(2^exponent * values) as integers; how exactly does not matter."""
    mantissas, powers = np.frexp(values)
    if int(powers.max()) + exponent < INT_BITS:
        small: np.ndarray = np.rint(np.ldexp(values, exponent)).astype(np.int64)
        return small
    whole = np.ldexp(mantissas, FLOAT_BITS).astype(np.int64).astype(object)
    moves = powers.astype(object) - FLOAT_BITS + exponent
    up = np.where(moves > 0, moves, 0)
    down = np.where(moves < 0, -moves, 0)
    large: np.ndarray = (whole << up) >> down
    return large


RULES = {
    "matrix": ("separable", by_matrix, {"matrix", "threshold"}),
    "rational": ("impossible", by_sum, {"pairs", "multipliers", "unit"}),
    "krawczyk": ("impossible", by_inverse, {"pairs", "multipliers", "outside"}),
}


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is repeated")
    return dict(pairs)


def no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")


def parsed(text: str) -> Any:
    """JSON without floats and without repeated keys."""
    return json.loads(
        text, parse_float=no_number, parse_constant=no_number, object_pairs_hook=unique
    )


def opened(file: bytes) -> dict[str, Any]:
    """The JSON of a certificate."""
    head, _, body = file.partition(b"\n")
    if head != BEGINNING:
        reject("the first line is not that of such a certificate")
    if len(file) > MOST_BYTES:
        reject("it is too long")
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(body, MOST_TEXT)
        if not inflate.eof or inflate.unconsumed_tail or inflate.unused_data:
            reject("its compressed part does not end where the file ends, or is too long")
        if text.count(b"[") + text.count(b"{") > MOST_LISTS:
            reject("it has too many lists")
        data = parsed(text.decode("ascii"))
        if set(data) != {"sha256", "claim", "evidence"}:
            reject("it has other parts")
        return dict(data)
    except (zlib.error, ValueError, TypeError, RecursionError):
        reject("its text is damaged")


def check(problem: Any, certificate: bytes) -> str:
    """What the certificate proves about the problem, in words; raises Rejected and NoProblem."""
    data = opened(certificate)
    try:
        question = Question(problem)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError) as error:
        raise NoProblem(str(error)) from None
    if data["sha256"] != question.name:
        reject("it belongs to another problem, the hash says")
    try:
        evidence = dict(data["evidence"])
        status, rule, keys = RULES[evidence.pop("kind")]
        if set(evidence) != keys or data["claim"] != {"status": status}:
            reject("claim and evidence do not belong together")
        return rule(question, evidence)
    except (ValueError, TypeError, KeyError, OverflowError, IndexError) as error:
        reject(f"its evidence is not of the form ({type(error).__name__})")


def main(words: list[str]) -> int:
    if len(words) != 2:
        sys.stderr.write(f"usage: python -I {Path(__file__).name} problem.json CERTIFICATE\n")
        return 2
    try:
        problem = parsed(Path(words[0]).read_text(encoding="ascii"))
        with Path(words[1]).open("rb") as file:
            certificate = file.read(MOST_BYTES + 1)
        answer = check(problem, certificate)
    except Rejected as refusal:
        print(f"rejected: {refusal}")
        return 1
    except (OSError, ValueError, NoProblem, RecursionError, MemoryError) as error:
        sys.stderr.write(f"unreadable: {' '.join(str(error).split()) or 'too large'}\n")
        return 2
    print(f"accepted: {answer}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
