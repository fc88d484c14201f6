"""Checks a certificate about a layer of attention: one file, standard library, integers only.

    python -I recheck.py problem.json CERTIFICATE

prints one line and exits with 0 (accepted), 1 (rejected) or 2 (no such file, unreadable problem).
``problem.json`` is the canonical form of a recognition problem. A certificate is the line MAGIC
and then zlib-compressed JSON: sha256, claim (null: not claimed) and evidence. Scores against a
threshold: *scores*, nothing more, all of them are computed; *pair*, one that reads wrongly;
*crossing*, an edge and a pair that is none with at least its score. Softmax: *contexts*, for every
edge a tree of multipliers and branches; *context*, a pair and items among which it reads wrongly.
No score, bound or weight is taken from the file. docs/attention-trust.md derives the rules.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence, Set
from fractions import Fraction
from functools import cache
from itertools import pairwise
from operator import add, mul
from typing import Any

MAGIC = b"superproof-attention-certificate-1\n"
PARTS = ("layer", "graph", "readout")
HOLDS: dict[str, Any] = {"status": "holds", "gap": None, "violations": None}
VIOLATED = HOLDS | {"status": "violated"}
SHAPE = "its keys are not those of such a certificate"
#: Bytes of a file's text, its brackets, digits of a number; powers of two of an entry; bits of a
#: multiplier and of 1 / level; weights that all nodes of all trees read.
TEXT, BRACKETS, DIGITS, EXPONENT, MULTIPLIER, LEVEL = 1 << 25, 1 << 20, 40_000, 1 << 16, 31, 1024
WORK = 1 << 32
#: Bits after the point of an exponential, guard bits, bits of the error that they hide, bits before
#: the point: larger ones are cut to that, which is above all they are compared with.
PRECISION, GUARD, SLACK, CAP, COARSE, NEAR = (128, 512, 2048), 64, 20, 2048, 10, 64


#: A head and its multiplier.
Used = tuple[int, int]


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


def digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def whole(data: Any, length: int | None = None) -> bool:
    """Whether it is a list of integers, of that length."""
    return type(data) is list and set(map(type, data)) <= {int} and length in (None, len(data))


def power(exponent: int) -> Fraction:
    return Fraction(1 << max(exponent, 0), 1 << max(-exponent, 0))


def rational(text: Any) -> Fraction:
    fine = type(text) is str and len(text) <= DIGITS
    require(fine and re.fullmatch("-?[0-9]+(/[0-9]+)?", text) is not None, "no fraction")
    return Fraction(text)


class Lanes:
    """Long integers of ``count`` lanes, |lane| <= bound, wide enough for 2 bound + 2 and a sign."""

    def __init__(self, bound: int, count: int) -> None:
        self.size = 8 * ((2 * bound + 3).bit_length() // 64 + 1)
        self.count, self.half = count, 1 << (8 * self.size - 1)
        self.ones = int.from_bytes(b"\1".ljust(self.size, b"\0") * count, "little")
        self.tops = self.ones * self.half

    def pack(self, values: Sequence[int]) -> int:
        """The sum of values[k] times 2^(bits k)."""
        shifted = ((v + self.half).to_bytes(self.size, "little") for v in values)
        return int.from_bytes(b"".join(shifted), "little") - self.tops

    def values(self, packed: int) -> list[int]:
        """The lanes, each plus ``half``: 0 occurs in none."""
        data = (packed + self.tops).to_bytes(self.size * self.count, "little")
        if self.size == 8 and sys.byteorder == "little":
            return memoryview(data).cast("Q").tolist()
        starts = range(0, len(data), self.size)
        return [int.from_bytes(data[k : k + self.size], "little") for k in starts]

    def above(self, packed: int, level: int) -> int:
        """The top bits of the lanes that are above the level, |level| <= bound + 1."""
        return (packed + self.ones * (self.half - 1 - level)) & self.tops

    def at(self, places: Sequence[int]) -> int:
        """The top bits of these lanes."""
        data = bytearray(self.size * self.count)
        for k in places:
            data[(k + 1) * self.size - 1] = 128
        return int.from_bytes(data, "little")


def series(y: int, scale: int) -> int:
    """About exp(y / 2^scale), for y of less than 2^scale, in units of 2^-scale."""
    total = term = 1 << scale
    n = 0
    while term:
        n += 1
        term = (term * y >> scale) // n
        total += term
    return total


@cache
def tables(bits: int) -> tuple[int, list[list[int]]]:
    """A number n, n <= log(2) 2^scale < n + 2, and exp(k / 2^s) for s = 8, 16, 24, k < 256."""
    scale, total, n = bits + GUARD, 0, 1
    power = (2 << (scale + 32)) // 3
    while power:  # log(2) = 2 (1/3 + 1/3^3/3 + 1/3^5/5 + ...)
        total, n, power = total + power // n, n + 2, power // 9
    return total >> 32, [[series(k << (scale - s), scale) for k in range(256)] for s in (8, 16, 24)]


@cache
def roots(bits: int) -> list[int]:
    """At least 2^((j + 3) / 2^COARSE)."""
    log = Fraction(tables(bits)[0] + 2, 1 << (bits + GUARD + COARSE))
    return [Exponential(log, bits).bounds(j + 3)[1] for j in range(1 << COARSE)]


class Exponential:
    """Bounds on exp(D unit) for integers D, in units of 2^-bits."""

    def __init__(self, unit: Fraction, bits: int) -> None:
        self.unit, self.bits, self.scale = unit, bits, bits + GUARD

    def bounds(self, difference: int) -> tuple[int, int]:
        """At least, at most; cut at 2^CAP."""
        if not difference:
            return 1 << self.bits, 1 << self.bits
        scale, (log, (first, second, third)) = self.scale, tables(self.bits)
        x = (difference * self.unit.numerator << scale) // self.unit.denominator
        k, y = divmod(x, log)
        if k > CAP:
            return 1 << (CAP + self.bits), 1 << (CAP + self.bits)
        if k < -2 * self.bits:
            return 0, 1
        value = first[y >> (scale - 8)] * second[(y >> (scale - 16)) & 255] >> scale
        value = value * third[(y >> (scale - 24)) & 255] >> scale
        value = value * series(y & ((1 << (scale - 24)) - 1), scale) >> scale
        shift, slack = GUARD - k, 1 << SLACK
        if shift < 0:
            return (value - slack) << -shift, (value + slack) << -shift
        return (value - slack) >> shift, -((-value - slack) >> shift)

    def coarse(self, values: list[int], base: int, largest: int) -> list[int]:
        """At least exp((value - base) unit), quickly; no difference is above ``largest``."""
        table, shift, mask = roots(self.bits), largest.bit_length(), (1 << COARSE) - 1
        slope = self.unit * (1 << (self.scale + COARSE + shift)) // tables(self.bits)[0]
        logs = [(value - base) * slope >> shift for value in values]  # at most 3 too small
        least, most = -2 * self.bits << COARSE, CAP << COARSE
        if min(logs) < least or max(logs) > most:
            logs = [min(max(u, least), most) for u in logs]
        return [
            (table[u & mask] >> -(u >> COARSE)) + 1 if u < 0 else table[u & mask] << (u >> COARSE)
            for u in logs
        ]


class Problem:
    """A layer, a graph and a read-out; ValueError and the like for anything else."""

    def __init__(self, data: Any) -> None:
        require(data["format"] == "superproof-attention-1", "unknown format")
        require(data.keys() - {"sha256"} == {"format", *PARTS}, "unknown or missing keys")
        self.sha256 = {part: digest(data[part]) for part in PARTS}
        require(data.get("sha256", self.sha256) == self.sha256, "its hashes are not its own")
        layer, graph, readout = (data[part] for part in PARTS)
        require(layer.keys() == {"embeddings", "query", "key", "aggregation"}, "a layer's keys")
        parts = [layer["embeddings"], layer["query"], layer["key"]]
        require(all(part.keys() == {"exponent", "mantissa"} for part in parts), "an array's keys")
        exponents = [part["exponent"] for part in parts]
        require(whole(exponents) and max(map(abs, exponents)) <= EXPONENT, "an exponent")
        self.unit = power(2 * exponents[0] + exponents[1] + exponents[2])
        self.embeddings, query, key = (part["mantissa"] for part in parts)
        self.items, dim = len(self.embeddings), len(self.embeddings[0])
        self.heads, width = len(query), len(query[0][0])
        require(len(key) == self.heads and all(len(w) == dim for w in query + key), "a shape")
        rows = [row for weights in query + key for row in weights]
        require(all(whole(row, width) for row in rows) and width > 0, "query or key")
        require(all(whole(row, dim) for row in self.embeddings) and dim > 0, "embeddings")
        #: by dimension what it feeds: queries of all heads, then keys
        self.weights = [[v for w in query + key for v in w[c]] for c in range(dim)]
        require(layer["aggregation"] in ("max", "sum"), "the aggregation")
        self.width = width
        if layer["aggregation"] == "sum":  # the same as one head with all dimensions
            self.heads, self.width = 1, self.heads * width
        require(graph.keys() == {"items", "edges"} and graph["items"] == self.items, "the graph")
        require(all(self.is_pair(edge) for edge in graph["edges"]), "an edge")
        require(all(a < b for a, b in pairwise(graph["edges"])), "edges that are not in order")
        self.targets: list[list[int]] = [[] for _ in range(self.items)]
        for i, j in graph["edges"]:
            self.targets[i].append(j)
        self.edges = len(graph["edges"])
        require(self.edges > 0, "a graph without edges")
        self.kind = readout["kind"]
        if self.kind == "threshold":
            require(readout.keys() == {"kind", "threshold"}, "the read-out's keys")
            given = readout["threshold"]
            self.threshold = None if given is None else rational(given)
            return
        keys = {"kind", "temperature", "context", "null", "level"}
        require(self.kind == "softmax" and readout.keys() == keys, "the read-out's keys")
        require(layer["aggregation"] == "max", "a softmax of a sum of heads")
        level, temperature = rational(readout["level"]), rational(readout["temperature"])
        require(0 < level < 1 and temperature > 0, "level or temperature")
        require(min(level, 1 - level) * (1 << LEVEL) >= 1, "a level too near to 0 or 1")
        self.odds, self.slope = 1 / level - 1, self.unit / temperature
        self.context = readout["context"]
        require(whole([self.context]) and 1 <= self.context <= self.items, "context")
        null = readout["null"]
        self.null = None if null is None else rational(null) / self.unit
        self._exponentials: dict[tuple[int, int], Exponential] = {}

    def is_pair(self, data: Any) -> bool:
        return whole(data, 2) and 0 <= min(data) <= max(data) < self.items

    def images(self, items: Sequence[int]) -> list[list[int]]:
        """Queries of all heads, then keys, of these items."""
        longest = max(sum(map(abs, self.embeddings[i])) for i in items)
        largest = max(max(map(abs, row)) for row in self.weights)
        # the weights are packed as well, also where all of these items are 0
        lanes = Lanes(max(longest, 1) * largest, len(self.weights[0]))
        packed = [lanes.pack(row) for row in self.weights]
        half, images = lanes.half, []
        for i in items:
            total = sum(map(mul, self.embeddings[i], packed))
            images.append([value - half for value in lanes.values(total)])
        return images

    def head(self, image: list[int], a: int, key: bool = False) -> list[int]:
        """The query or key of one head."""
        start = (a + self.heads * key) * self.width
        return image[start : start + self.width]

    def score(self, query: list[int], key: list[int], a: int) -> int:
        """From the images of two items."""
        return sum(map(mul, self.head(query, a), self.head(key, a, True)))

    def exponential(self, bits: int, over: int = 1) -> Exponential:
        """Of differences of scores in units of 1/over, over the temperature."""
        if (bits, over) not in self._exponentials:
            self._exponentials[bits, over] = Exponential(self.slope / over, bits)
        return self._exponentials[bits, over]

    def nothing(self, score: int, bits: int) -> tuple[int, int]:
        """Bounds on what the null key weighs over a pair with that score."""
        if self.null is None:
            return 0, 0
        over = self.null.denominator
        return self.exponential(bits, over).bounds(self.null.numerator - score * over)

    def reports(self, score: int, others: Sequence[int]) -> bool:
        """Whether a head reports a pair with that score in a context with these others.

        It does where they and the null key, over the pair, weigh at most 1 / level - 1.
        """
        for bits in PRECISION:
            both = [self.nothing(score, bits)]
            both += (self.exponential(bits).bounds(other - score) for other in others)
            level = self.odds * (1 << bits)
            low, high = (sum(bound) for bound in zip(*both, strict=True))
            if high <= level:
                return True
            # a bound that is not exact is not reached
            if low > level or low == level < high:
                return False
        raise RejectedError("a weight is too near to the level to be told from it")


class Table:
    """All scores of a problem, row by row."""

    def __init__(self, problem: Problem) -> None:
        images, heads = problem.images(range(problem.items)), range(problem.heads)
        self.queries = [[problem.head(image, a) for image in images] for a in heads]
        keys = [[problem.head(image, a, True) for image in images] for a in heads]
        self.bound = max(map(largest_product, self.queries, keys))
        self.lanes = Lanes(self.bound, problem.items)
        self.columns = [[self.lanes.pack(column) for column in zip(*k, strict=True)] for k in keys]

    def row(self, i: int) -> list[int]:
        """The scores of item i with all others, packed, of every head."""
        return [sum(map(mul, q[i], c)) for q, c in zip(self.queries, self.columns, strict=True)]

    def scores(self, i: int) -> list[list[int]]:
        """The same as lists."""
        half = self.lanes.half
        return [[value - half for value in self.lanes.values(row)] for row in self.row(i)]


def largest_product(left: list[list[int]], right: list[list[int]]) -> int:
    """No product of two rows is larger, nor an entry of ``right``: 1-norm times largest entry."""
    norms = [max(sum(map(abs, row)) for row in side) for side in (left, right)]
    entries = [max(max(map(abs, row)) for row in side) for side in (left, right)]
    return max(min(norms[0] * entries[1], norms[1] * entries[0]), entries[1])


def all_scores(problem: Problem) -> tuple[dict[str, Any], str]:
    """Evaluate every pair against the threshold, if there is one; what is found, and in words."""
    table = Table(problem)
    lanes, level, open_ = table.lanes, 0, problem.threshold is None
    if problem.threshold is not None:
        level = math.floor(problem.threshold / problem.unit)
        level = min(max(level, -table.bound - 1), table.bound + 1)
    weakest, strongest, count, first = 1 << (8 * lanes.size), 0, 0, ""
    for i, targets in enumerate(problem.targets):
        best, reported = [0] * len(targets), 0
        for row in table.row(i):
            values = lanes.values(row)
            best = list(map(max, best, [values[j] for j in targets]))
            for j in targets:
                values[j] = 0
            strongest = max(strongest, *values)
            reported |= 0 if open_ else lanes.above(row, level)
        weakest = min([weakest, *best])
        wrong = 0 if open_ else lanes.at(targets) ^ reported
        if wrong and not count:
            first = f" as ({i}, {(wrong.bit_length() - 1) // (8 * lanes.size)})"
        count += wrong.bit_count()
    gap = (weakest - strongest) * problem.unit
    status = "violated" if count or (open_ and strongest and gap <= 0) else "holds"
    found = {"status": status, "gap": str(gap) if strongest else None}
    words = f"all {problem.items**2:,} pairs evaluated"
    words += "" if open_ else f", {count:,} wrong{first}"
    return found | {"violations": None if open_ else count}, words


def named(problem: Problem, pair: Any) -> tuple[bool, Fraction]:
    """Whether a pair that a certificate names is an edge, and its exact score."""
    demand(problem.is_pair(pair), "it names no pair of items")
    query, key = problem.images(pair)
    score = max(problem.score(query, key, a) for a in range(problem.heads))
    return pair[1] in problem.targets[pair[0]], score * problem.unit


def one_pair(problem: Problem, pair: Any) -> tuple[dict[str, Any], str]:
    """Check that the pair reads wrongly at the threshold."""
    edge, score = named(problem, pair)
    if problem.threshold is None:
        raise RejectedError("it names a pair, but there is no threshold")
    demand(edge is (score <= problem.threshold), "the pair reads as it should")
    return VIOLATED, f"pair ({pair[0]}, {pair[1]}) evaluated"


def crossing(problem: Problem, edge: Any, other: Any) -> tuple[dict[str, Any], str]:
    """Check that no threshold separates these two pairs."""
    (first, low), (second, high) = named(problem, edge), named(problem, other)
    demand(problem.threshold is None, "it names two pairs, but there is a threshold")
    demand(first and not second, "it does not name an edge and a pair that is none")
    demand(low <= high, "the edge scores more than the other pair")
    return VIOLATED, "an edge scores no more than another pair"


def one_context(problem: Problem, pair: Any, context: Any) -> tuple[dict[str, Any], str]:
    """Check that the pair reads wrongly in that context."""
    edge, _ = named(problem, pair)
    fine = whole(context) and 0 < len(context) <= problem.context
    fine = fine and all(a < b for a, b in pairwise(context))
    demand(fine and 0 <= context[0] <= context[-1] < problem.items, "it names no context")
    i, j = pair
    demand(i in context and j in context, "its context lacks an item of the pair")
    images = dict(zip(context, problem.images(context), strict=True))
    found = False
    for a in range(problem.heads):
        scores = {k: problem.score(images[i], images[k], a) for k in context}
        found = found or problem.reports(scores.pop(j), list(scores.values()))
    demand(found is not edge, "the pair reads as it should in that context")
    return VIOLATED, f"pair ({i}, {j}) evaluated in a context of {len(context):,}"


class Edge:
    """An edge (i, j) in the contexts of at most so many items, by the scores of item i."""

    def __init__(self, problem: Problem, rows: list[list[int]], bound: int, i: int, j: int) -> None:
        self.problem, self.rows, self.bound, self.i, self.j = problem, rows, bound, i, j
        self.further = problem.context - len({i, j})
        self.coarse: dict[tuple[int, int], list[int]] = {}

    def leaf(self, multipliers: list[int], included: frozenset[int], out: Set[int]) -> bool:
        """Whether some head reports the edge in all contexts with the included items and without
        those that are out: multipliers make one inequality of those of the heads.
        """
        used = [(a, n) for a, n in enumerate(multipliers) if n]
        known = included | out | {self.i, self.j}
        room = self.further - len(included)
        for bits in PRECISION:
            left = 0 if room < 0 else self.left(used, included, known, room, bits)
            if left >= 0:
                return True
            if -left >> (bits - NEAR) > sum(multipliers):  # more bits will not do
                return False
        return False

    def left(
        self,
        used: list[Used],
        included: frozenset[int],
        known: frozenset[int],
        room: int,
        bits: int,
    ) -> int:
        """What the level lets beyond those items and ``room`` more, not known; 2^-bits, at least
        where it is not negative.
        """
        exponential = self.problem.exponential(bits)

        def weight(k: int) -> int:
            scores = ((n, self.rows[a]) for a, n in used)
            return sum(n * exponential.bounds(row[k] - row[self.j])[1] for n, row in scores)

        left = math.floor(self.problem.odds * sum(n for _, n in used) * (1 << bits))
        left -= sum(n * self.problem.nothing(self.rows[a][self.j], bits)[1] for a, n in used)
        left -= sum(map(weight, included | {self.i} - {self.j}))
        if left < 0 or not room:
            return left
        total = [0] * self.problem.items
        for a, n in used:
            if (a, bits) not in self.coarse:
                row = self.rows[a]
                self.coarse[a, bits] = exponential.coarse(row, row[self.j], 2 * self.bound)
            total = list(map(add, total, map(n.__mul__, self.coarse[a, bits])))
        for k in known:
            total[k] = 0
        rough = left - sum(sorted(total, reverse=True)[:room])
        if rough >= 0:
            return rough
        heap = [(-value, k, False) for k, value in enumerate(total) if value]
        heapq.heapify(heap)
        while heap and room and left >= 0:
            value, k, exact = heapq.heappop(heap)
            if exact:
                left, room = left + value, room - 1
            else:
                heapq.heappush(heap, (-weight(k), k, True))
        return left

    def tree(self, nodes: Any, budget: Iterator[int]) -> int:
        """Check a tree over the contexts of the edge; the number of its leaves."""
        name, heads = f"the tree of edge ({self.i}, {self.j})", self.problem.heads
        demand(type(nodes) is list, f"{name} is no list")
        # items that are in or out on the way to a node, and the last of them for nodes to come
        state: dict[int, bool] = {}
        stack, leaves = [(0, -1, False)], 0
        for node in nodes:
            demand(bool(stack), f"{name} has more nodes than it needs")
            demand(next(budget, None) is not None, "its trees are too large to check")
            depth, item, inside = stack.pop()
            while len(state) > depth:
                state.popitem()
            if item >= 0:
                state[item] = inside
            keys = node.keys() if type(node) is dict else set()
            demand(keys in ({"branch"}, {"multipliers"}), f"{name} has a node of no meaning")
            if "branch" in node:
                k = node["branch"]
                fine = whole([k]) and 0 <= k < self.problem.items
                fine = fine and k not in state and k not in (self.i, self.j)
                demand(fine, f"{name} branches on no free item")
                stack += [(len(state), k, False), (len(state), k, True)]
                continue
            n = node["multipliers"]
            fine = whole(n, heads) and min(n) >= 0 < max(n) <= 1 << MULTIPLIER
            demand(fine, f"{name} has multipliers of no meaning")
            leaves += 1
            included = frozenset(k for k, inside in state.items() if inside)
            demand(
                self.leaf(n, included, state.keys() - included),
                f"{name}: leaf {leaves} proves nothing",
            )
        demand(not stack, f"{name} ends before its nodes do")
        return leaves


def threshold_of(check: Callable[[int], bool], bound: int) -> int:
    """The largest d up to bound with check(d), or -bound - 1; for monotone checks."""
    low, high = -bound - 1, bound
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if check(middle) else (low, middle - 1)
    return low


def all_contexts(problem: Problem, edges: Any) -> tuple[dict[str, Any], str]:
    """Check that every pair reads as it should in every context, edges by trees."""
    demand(type(edges) is list and len(edges) == problem.edges, "not as many trees as edges")
    table, trees, leaves = Table(problem), iter(edges), 0
    budget = iter(range(WORK // (problem.items * problem.heads)))
    bits = PRECISION[0]
    level = problem.odds * (1 << bits)
    # scores that are no more above that of the pair (i, i), or the null key's, are never reported
    by_self = threshold_of(
        lambda d: problem.exponential(bits).bounds(-d)[0] > level, 2 * table.bound + 1
    )
    by_null = -table.bound - 1
    if problem.null is not None:
        by_null = threshold_of(lambda d: problem.nothing(d, bits)[0] > level, table.bound)
    for i, targets in enumerate(problem.targets):
        rows, right = table.scores(i), set(targets)
        for a, row in enumerate(rows):
            quiet = max(row[i] + by_self, by_null)
            pairs = [k for k, score in enumerate(row) if score > quiet and k != i]
            for k in [i] + pairs * (problem.context > 1):
                if k not in right:
                    wrong = problem.reports(row[k], [] if k == i else [row[i]])
                    demand(not wrong, f"head {a} reports ({i}, {k}), which is no edge")
        for j in targets:
            edge = Edge(problem, rows, table.bound, i, j)
            leaves += edge.tree(next(trees), budget)
    words = f"every context of at most {problem.context:,}, {problem.edges:,} edges by {leaves:,} "
    return HOLDS, words + ("leaf" if leaves == 1 else "leaves")


KINDS: dict[str, tuple[str, set[str], Callable[..., tuple[dict[str, Any], str]]]] = {
    "scores": ("threshold", set(), all_scores),
    "pair": ("threshold", {"pair"}, one_pair),
    "crossing": ("threshold", {"edge", "other"}, crossing),
    "contexts": ("softmax", {"edges"}, all_contexts),
    "context": ("softmax", {"pair", "context"}, one_context),
}


def recheck(data: Any, certificate: bytes) -> str:
    """Check a certificate against the canonical data of a recognition problem.

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
    readout, keys, check = KINDS[stated["evidence"]["kind"]]
    demand(readout == problem.kind, "its evidence is for another read-out")
    found, how = check(problem, **{key: stated["evidence"][key] for key in keys})
    for key, value in stated["claim"].items():
        # compared as text, for True is equal to 1
        same = json.dumps(value) == json.dumps(found[key]) or (value is None and key != "status")
        demand(same, f"what it claims about {key} does not follow ({how})")
    gap = f" with gap {found['gap']}" if stated["claim"]["gap"] else ""
    return f"{found['status']}{gap} ({how})"


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
    fine = isinstance(data, dict) and data.keys() == {"sha256", "claim", "evidence"}
    fine = fine and all(isinstance(part, dict) for part in data.values())
    fine = fine and (data["sha256"].keys(), data["claim"].keys()) == (set(PARTS), HOLDS.keys())
    kind = str(data["evidence"].get("kind")) if fine else ""
    demand(kind in KINDS and data["evidence"].keys() == KINDS[kind][1] | {"kind"}, SHAPE)
    return dict(data)


def integer(text: str) -> int:
    require(len(text) <= DIGITS, f"a number of more than {DIGITS:,} digits")
    return int(text)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names no key twice: readers do not agree on which of the two counts."""
    require(len(dict(pairs)) == len(pairs), "a key stands twice in an object")
    return dict(pairs)


# numbers that are no integers are errors of int
READING: Any = {
    "parse_int": integer,
    "parse_float": int,
    "parse_constant": int,
    "object_pairs_hook": once,
}


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    if len(arguments) != 2:
        print("usage: python -I recheck.py problem.json CERTIFICATE", file=sys.stderr)
        return 2
    sys.set_int_max_str_digits(0)
    try:
        with open(arguments[0], encoding="ascii") as file, open(arguments[1], "rb") as given:
            data = json.load(file, **READING)
            print("accepted:", recheck(data, given.read(TEXT)))
    except (OSError, ValueError, RecursionError, MemoryError, UnreadableError) as error:
        print("unreadable:", " ".join(str(error).split()) or "too large", file=sys.stderr)
        return 2
    except RejectedError as error:
        print("rejected:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
