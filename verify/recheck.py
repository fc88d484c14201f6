"""Checks a certificate against its problem: one file, standard library only, integers only.

    python -I recheck.py problem.json CERTIFICATE

prints one line and exits with 0 (accepted), 1 (rejected) or 2 (no such file, unreadable problem).
``problem.json`` is what ``superproof export`` writes. A certificate is the line MAGIC and then
zlib-compressed JSON: sha256, claim (null: not claimed) and evidence; or parts, a list of such, one
for each of the problem's questions (format QUESTIONS: sentence, problem). The kinds of evidence are
points, wrong inputs and the values of all outputs; table, nothing more, all inputs are evaluated;
tree, the codes of its nodes in preorder, the trees of all regions one after the other, and perhaps
``last``, for each output the cubes of its formula (by number) whose regions come last. A code
i >= 0 splits a node by input i, first 1, then 0. Leaves: EMPTY, no point of the region; BOUND,
linear bounds prove all points right; SMALL, few points, all evaluated; WHOLE, linear bounds prove
all points wrong, and they are counted. No bound is taken from the file. docs/trust.md derives the
rules.

Inside, y_i is 0 or 1: inputs are negated where that turns a Hamming ball into a number of ones,
and what an input feeds to the network is part of the first layer. A literal is 2 i + wanted y_i.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import and_, mul, or_, xor
from typing import Any, NamedTuple

MAGIC = b"superproof-certificate-1\n"
QUESTIONS = "superproof-questions-1"
BOUND, EMPTY, SMALL, WHOLE, FREE = -1, -2, -3, -4, 2
#: Bytes of text, JSON brackets, digits of a number; lanes evaluated at once; points of a table.
TEXT, BRACKETS, DIGITS, LANES, TABLE = 1 << 25, 1 << 20, 40_000, 1 << 12, 1 << 22
#: Cubes and steps of a normal form, powers of two of a weight, entries of a sparse weight.
CUBES, STEPS, EXPONENT, ENTRIES = 64, 2000, 1 << 16, 1 << 22
#: Sets of clauses when counting, literals in all of them; calls within one another, well below
#: the interpreter's limit, so that it does not matter from where this file is called.
COUNTED, LITERALS, DEPTH = 1 << 12, 1 << 20, 400
PARTS, CLAIM = (
    ("network", "specification", "domain"),
    {"status", "violations", "violations_by_output"},
)
EVIDENCE = {"tree": {"codes"}, "table": set[str](), "points": {"inputs", "values"}}
SHAPE = "its keys are not those of a certificate"
#: An input, a Boolean, or [connective, operands ...].
Formula = Any
Cube = frozenset[int]
#: Kind, rows, columns (rows transposed) and bias of kind(rows y + bias).
Layer = tuple[str, list[list[int]], list[list[int]], list[int]]
#: scale; for each neuron lines (slope, offset; above, below) around scale * activation; its range.
Lines = tuple[int, list[tuple[int, int, int, int]], list[tuple[int, int]]]


class RejectedError(Exception):
    """The certificate proves nothing about this problem."""


class UnreadableError(Exception):
    """The data are no problem."""


class Region(NamedTuple):
    """Points of a cube in the domain where no clause is true, the program is, and ``least`` to
    ``most`` inputs are 1. The output must be ``expected`` there.
    """

    output: int
    expected: bool
    cube: Cube
    clauses: list[Cube]
    program: Formula
    least: int
    most: int


class Node(NamedTuple):
    """Inputs fixed (else FREE), number of ones, first layer without the free inputs, and the open
    literals of the clauses that may become true.
    """

    state: bytes
    free: list[int]
    ones: int
    base: list[int]
    alive: list[Cube]


def cubes_of(
    formula: Formula, value: bool, steps: Iterator[int], depth: int = DEPTH
) -> list[Cube] | None:
    """Cubes whose union is where the formula has the value; None when that takes too much."""
    if next(steps, None) is None or not depth:
        return None
    depth -= 1
    if isinstance(formula, bool):
        return [frozenset()] if formula is value else []
    if isinstance(formula, int):
        return [frozenset({2 * formula + value})]
    name, *parts = formula
    if name == "not":
        return cubes_of(parts[0], not value, steps, depth)
    if name == "implies":
        return cubes_of(["or", ["not", parts[0]], parts[1]], value, steps, depth)
    if name == "atmost":
        return cubes_of(["atleast", parts[0] + 1, *parts[1:]], not value, steps, depth)
    if name == "atleast":
        count, *parts = parts
        if count <= 0 or count > len(parts):
            return cubes_of(count <= 0, value, steps, depth)
        with_first = ["and", parts[0], ["atleast", count - 1, *parts[1:]]]
        return cubes_of(["or", with_first, ["atleast", count, *parts[1:]]], value, steps, depth)
    if name == "xor" and parts:
        first, rest = parts[0], ["xor", *parts[1:]]
        halves = ["and", first, ["not", rest]], ["and", ["not", first], rest]
        return cubes_of(["or", *halves], value, steps, depth)
    product = (name == "and") is value
    result: list[Cube] = [frozenset()] if product else []
    for part in parts:
        more = cubes_of(part, value, steps, depth)
        if more is None:
            return None
        result = minimal(a | b for a in result for b in more) if product else result + more
        if product and len(result) > CUBES:
            return None
    return result


def minimal(cubes: Iterable[Cube]) -> list[Cube]:
    """The cubes that are not contradictory and lie in no other; gives up beyond CUBES."""
    kept: list[Cube] = []
    for cube in cubes:
        if not any(part ^ 1 in cube for part in cube) and not any(k <= cube for k in kept):
            kept = [k for k in kept if not cube <= k] + [cube]
            if len(kept) > CUBES:
                break
    return kept


def spread(
    clauses: frozenset[Cube], known: dict[frozenset[Cube], list[int]], depth: int = DEPTH
) -> list[int]:
    """How many assignments of the clauses' inputs make none of them true, by number of ones.

    ``known`` keeps what was found; it begins empty, and at most COUNTED sets of clauses with
    LITERALS literals are counted.
    """
    if clauses not in known and clauses:
        # the literals that are left stand in place of the empty set's count
        left = known.setdefault(frozenset(), [LITERALS])
        left[0] -= sum(map(len, clauses))
        few = len(known) <= COUNTED and left[0] >= 0
        demand(few and depth, "a leaf takes too long to count")
        parts = list(apart(clauses))
        if len(parts) > 1:
            total = [1]
            for part in parts:
                total = product(total, spread(part, known, depth - 1))
            known[clauses] = total
            return total
        often = Counter(part >> 1 for clause in clauses for part in clause)
        i = max(sorted(often), key=often.__getitem__)
        total = [0] * (len(often) + 1)
        for y in (0, 1):
            less = frozenset(c - {2 * i + y} for c in clauses if 2 * i + 1 - y not in c)
            if frozenset() not in less:
                free = len(often) - 1 - len({part >> 1 for clause in less for part in clause})
                for q, count in enumerate(product(spread(less, known, depth - 1), binomials(free))):
                    total[q + y] += count
        known[clauses] = total
    return known[clauses] if clauses else [1]


def apart(clauses: frozenset[Cube]) -> Iterator[frozenset[Cube]]:
    """The clauses in parts that share no inputs."""
    reading: dict[int, list[Cube]] = {}
    for clause in clauses:
        for literal in clause:
            reading.setdefault(literal >> 1, []).append(clause)
    rest = set(clauses)
    while rest:
        todo = [rest.pop()]
        part = set(todo)
        while todo:
            grown = {c for literal in todo.pop() for c in reading.pop(literal >> 1, ())} & rest
            rest -= grown
            part |= grown
            todo += grown
        yield frozenset(part)


def product(a: list[int], b: list[int]) -> list[int]:
    """The product of two polynomials."""
    result = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def binomials(n: int) -> list[int]:
    return [math.comb(n, q) for q in range(n + 1)]


class Lanes(NamedTuple):
    """Integers below 2^(width - 1) side by side in one: number k is multiplied by 2^(width k).

    Sums, and products by constants, work on all lanes at once, for negative numbers too. ``ones``
    has a 1 in every lane; truth values are such integers of 0 and 1.
    """

    width: int
    ones: int

    def at_least(self, total: int, bound: int = 0) -> int:
        """The lanes where the number is at least the bound."""
        half = 1 << (self.width - 1)
        return ((total + (half - bound) * self.ones) >> (self.width - 1)) & self.ones

    def truth(self, formula: Formula, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
        """Where the formula is true, and where false, whatever the unknown inputs are.

        ``known`` says of each input where it is true, and where false.
        """
        if isinstance(formula, bool):
            return (self.ones, 0) if formula else (0, self.ones)
        if isinstance(formula, int):
            return known[formula]
        name, *parts = formula
        count = parts.pop(0) if name in ("atleast", "atmost") else 0
        values = [self.truth(part, known) for part in parts]
        if name == "not":
            ((t, f),) = values
            return f, t
        if name == "implies":
            (a, b), (t, f) = values
            return b | t, a & f
        if name in ("atleast", "atmost"):
            count = min(max(count + (name == "atmost"), 0), len(values) + 1)
            enough = self.at_least(sum(t for t, _ in values), count)
            too_few = self.at_least(sum(f for _, f in values), len(values) + 1 - count)
            return (enough, too_few) if name == "atleast" else (too_few, enough)
        t, f = (self.ones, 0) if name == "and" else (0, self.ones)
        for a, b in values:
            if name == "xor":
                t, f = (t & b) | (f & a), (t & a) | (f & b)
            else:
                t, f = {"and": (t & a, f | b), "or": (t | a, f & b)}[name]
        return t, f


def join(parts: list[int], width: int) -> int:
    """The numbers, each ``width`` bits long, behind one another, the first one lowest."""
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [a + (b << width) for a, b in pairs] + parts[len(parts) & ~1 :]
        width *= 2
    return parts[0]


def relaxed(kind: str, ranges: list[tuple[int, int]]) -> Lines:
    """Lines around neurons whose sums are in the ranges."""
    if kind == "identity":
        return 1, [(1, 0, 1, 0)] * len(ranges), ranges
    lines = []
    if kind == "relu":
        for low, high in ranges:
            up = 0 if high <= 0 else 16 if low >= 0 else (33 * high - low) // (2 * (high - low))
            offset = max(-up * low, (16 - up) * high) if low < 0 < high else 0
            lines.append((up, offset, 16 * (high > max(-low, 0)), 0))
        return 16, lines, [(max(low, 0), max(high, 0)) for low, high in ranges]
    # step: y <= 1 + z / 2^k where z >= -2^k, and y >= z / 2^k where z <= 2^k
    powers = [(max(-low, high) - 1).bit_length() * (low <= 0 < high) for low, high in ranges]
    one = 1 << max(powers, default=0)
    for (low, high), power in zip(ranges, powers, strict=True):
        slope = (one >> power) * (low <= 0 < high)
        lines.append(
            (slope * (-low > high), one * (high > 0), slope * (high > -low), one * (low > 0))
        )
    return one, lines, [(int(low > 0), int(high > 0)) for low, high in ranges]


class Problem:
    """A problem in integers, from its canonical JSON data; raises ValueError and the like."""

    def __init__(self, data: Any) -> None:
        self.sha256 = {part: digest(data[part]) for part in PARTS}
        require(data["format"] == "superproof-problem-1", "unknown format")
        require(data.get("sha256", self.sha256) == self.sha256, "its hashes are not its own")
        specification, domain = data["specification"], data["domain"]
        self.inputs = inputs = len(specification["inputs"])
        family = specification.get("family")
        self.formulas: list[Formula] = (
            specification["formulas"]
            if family is None
            else [
                members[0]
                if len(members) == 1
                else [{"and": "and", "or": "or"}[family["kind"]], *members]
                for members in family["members"]
            ]
        )
        self.readout: dict[str, str] = specification["readout"]
        least_outputs = {"threshold": 1, "levels": 1, "argmax": 2}[self.readout["kind"]]
        listed = domain.get("points")
        self.points = None if listed is None else {text: bits(text, inputs) for text in listed}
        require(inputs > 0 and len(self.formulas) >= least_outputs, "no inputs or outputs")
        self.groups: list[list[int]] = domain.get("one_hot", [])
        self.group_of = {i: group for group in self.groups for i in group}
        apart = len(self.group_of) == sum(map(len, self.groups)) and all(self.groups)
        require(apart and self.group_of.keys() <= set(range(inputs)), "one-hot groups")
        where = domain.get("where", True)
        text = json.dumps([self.formulas, where, domain.get("within")])
        # no connective has more operands, no formula more nodes than characters
        self.digits, self.steps = max(len(text), inputs).bit_length() + 2, len(text) + STEPS
        least, most = domain.get("cardinality", (0, inputs))
        balls = [(bits(centre, inputs), int(radius)) for centre, radius in domain.get("within", [])]
        self.flips = [0] * inputs
        if balls and "cardinality" not in domain and not self.groups:
            self.flips, most = balls.pop(min(range(len(balls)), key=lambda k: balls[k][1]))
        self.least, self.most = max(int(least), 0), min(int(most), inputs)
        outside = self.cubes(where, False)
        self.forbidden = outside or []
        self.program: Formula = ["and", True if outside is not None else where]
        for centre, radius in balls:
            flipped = [["not", i] if bit else i for i, bit in enumerate(centre)]
            self.program.append(["atmost", radius, *flipped])
        for formula in [*self.formulas, where]:
            self.known(Lanes(self.digits, 1), formula, [0] * inputs, [0] * inputs)
        self._read_layers(data["network"]["layers"], *map(rational, domain["values"]))
        require(len(self.formulas) == len(self.layers[-1][1]), "outputs")
        self._packed: tuple[Any, ...] = (None,)

    def _read_layers(self, layers: list[dict[str, Any]], false: Fraction, true: Fraction) -> None:
        common = math.lcm(false.denominator, true.denominator)
        fed = [int(false * common), int(true * common)]
        self.layers: list[Layer] = []
        self.unit, fan_in = Fraction(1, common), self.inputs
        self.width, reach = self.digits, [1] * fan_in
        for data in layers:
            kind, (width, before) = data["activation"], data["shape"]
            require(before == fan_in and kind in ("relu", "step", "identity"), "layer")
            weight, power = matrix(data["weight"], width, fan_in)
            bias, bias_power = array(data["bias"], width)
            (unit, bias_unit), self.unit = scaled(power * self.unit, bias_power)
            rows = [[m * unit for m in weight[j * fan_in : (j + 1) * fan_in]] for j in range(width)]
            bias = [m * bias_unit for m in bias]
            if not self.layers:  # x_i = fed[flip_i] + (fed[1 - flip_i] - fed[flip_i]) y_i
                first = [fed[flip] for flip in self.flips]
                change = [fed[1 - flip] - fed[flip] for flip in self.flips]
                bias = [b + sum(map(mul, row, first)) for b, row in zip(bias, rows, strict=True)]
                rows = [list(map(mul, row, change)) for row in rows]
            columns = [[row[i] for row in rows] for i in range(fan_in)]
            self.layers.append((kind, rows, columns, bias))
            self.unit, fan_in = Fraction(1) if kind == "step" else self.unit, width
            reach = [
                abs(b) + sum(abs(w) * r for w, r in zip(row, reach, strict=True))
                for row, b in zip(rows, bias, strict=True)
            ]
            self.width = max(self.width, max(reach, default=0).bit_length() + 2)
            reach = [1] * width if kind == "step" else reach
        for form in self.forms(0, True)[0] + self.forms(0, False)[0]:
            total = sum(abs(c) * (max(reach) if o >= 0 else 1) for o, c in form.items())
            self.width = max(self.width, total.bit_length() + 2)

    def cubes(self, formula: Formula, value: bool) -> list[Cube] | None:
        """Cubes over y where the formula has the value, None when there are too many."""
        found = cubes_of(formula, value, iter(range(self.steps)))
        flip = self.flips
        return found and [frozenset(part ^ flip[part >> 1] for part in cube) for cube in found]

    def known(
        self, lanes: Lanes, formula: Formula, true: list[int], false: list[int]
    ) -> tuple[int, int]:
        """Where a formula is true, and false; y is known to be 1 and 0 where true and false say."""
        pairs = enumerate(zip(true, false, self.flips, strict=True))
        return lanes.truth(formula, {i: (f, t) if flip else (t, f) for i, (t, f, flip) in pairs})

    def regions(self, output: int, last: Sequence[Any] = ()) -> Iterator[Region]:
        """Disjoint regions that cover the domain, with the formula's value on each.

        Cubes C_0, C_1, ... of the formula, else of its negation: the points in no cube, then for
        each q, those in ``last`` last, those in C_q and no cube before it. If there are too many:
        two ranges of the number of ones where the formula is about that of all inputs, else two
        regions with one value each.
        """
        formula, value = self.formulas[output], True
        rest = (self.program, self.least, self.most)
        for value in (True, False):
            cubes = self.cubes(formula, value)
            if cubes is not None:
                order = sorted(range(len(cubes)), key=set(last).__contains__)
                clauses = self.forbidden + [cubes[q] for q in order]
                yield Region(output, not value, frozenset(), clauses, *rest)
                for q in range(len(self.forbidden), len(clauses)):
                    yield Region(output, value, clauses[q], clauses[:q], *rest)
                return
        whole = Region(output, value, frozenset(), self.forbidden, *rest)
        name, count, *parts = formula
        plain = name in ("atleast", "atmost") and all(type(i) is int for i in parts)
        if plain and sorted(parts) == list(range(self.inputs)) and not any(self.flips):
            count, value = count + (name == "atmost"), name == "atleast"
            yield whole._replace(expected=not value, most=min(self.most, count - 1))
            yield whole._replace(expected=value, least=max(self.least, count))
            return
        yield whole._replace(expected=False, program=[*self.program, ["not", formula]])
        yield whole._replace(expected=True, program=[*self.program, formula])

    def root(self, region: Region) -> Node | None:
        """The region's first node, None where that is plainly empty."""
        free = list(range(self.inputs))
        blank = Node(bytes([FREE]) * len(free), free, 0, self.layers[0][3], region.clauses)
        return self.fixed(region, blank, region.cube)

    def fixed(self, region: Region, node: Node, literals: Iterable[int]) -> Node | None:
        """The node with more inputs fixed, and one-hot groups with them; None: plainly empty."""
        state, base, alive, todo = bytearray(node.state), node.base, node.alive, list(literals)
        while todo:
            part = todo.pop()
            i, value = divmod(part, 2)
            if state[i] == value:
                continue
            if state[i] != FREE:
                return None
            state[i] = value
            # a true literal leaves its clause, a false one takes its clause with it
            alive = [c - {part} if part in c else c for c in alive if part ^ 1 not in c]
            if value:
                base = list(map(int.__add__, base, self.layers[0][2][i]))
                todo += [2 * other for other in self.group_of.get(i, ()) if other != i]
        free = [i for i in node.free if state[i] == FREE]
        ones = state.count(1)
        fits = ones <= region.most and ones + len(free) >= region.least and all(alive)
        fits = fits and all(any(state[i] for i in group) for group in self.groups)
        return Node(bytes(state), free, ones, base, alive) if fits else None

    def status(self, region: Region, node: Node) -> tuple[int, int]:
        """Whether the region's program is true on all points of the node; and whether false."""
        true, false = ([int(s == value) for s in node.state] for value in (1, 0))
        return self.known(Lanes(self.digits, 1), region.program, true, false)

    def open_groups(self, node: Node) -> list[list[int]]:
        """Free members of the one-hot groups that have no true member yet."""
        found = ([i for i in group if node.state[i] == FREE] for group in self.groups)
        return [members for members in found if members]

    def size(self, region: Region, node: Node, clauses: Iterable[Cube] = ()) -> int:
        """Number of points of the node where none of the clauses is true, program aside."""
        groups = self.open_groups(node)
        free, ones = len(node.free) - sum(map(len, groups)), node.ones + len(groups)
        bound = {part >> 1 for clause in clauses for part in clause}
        demand(not bound & self.group_of.keys(), "clauses of one-hot members are not counted")
        try:
            by_ones = product(spread(frozenset(clauses), {}), binomials(free - len(bound)))
        except RecursionError:
            raise RejectedError("a leaf takes too long to count") from None
        span = slice(max(region.least - ones, 0), max(region.most - ones + 1, 0))
        return math.prod(map(len, groups)) * sum(by_ones[span])

    def greatest(self, region: Region, node: Node, values: list[int]) -> int:
        """Upper bound of the sum of value * y over the free inputs, on all points of the node."""
        gain = dict(zip(node.free, values, strict=True))
        bounds = [sum(value for value in values if value > 0)]
        # one of each group, and the best of the others
        groups = self.open_groups(node)
        lone = sorted((v for i, v in gain.items() if i not in self.group_of), reverse=True)
        ones = node.ones + len(groups)
        least, most = max(region.least - ones, 0), max(region.most - ones, 0)
        if groups or least or most < len(lone):
            grouped = sum(max(gain[i] for i in group) for group in groups)
            more = sum(v for v in lone[least:most] if v > 0)
            bounds.append(grouped + sum(lone[:least]) + more)
        # each clause must lose a literal, which costs what that literal gains (local ratio)
        left = {2 * i + (v > 0): abs(v) for i, v in gain.items() if v}
        paying = left.keys()
        for clause in node.alive:
            if paying >= clause:
                cost = min(map(left.__getitem__, clause))
                bounds[0] -= cost
                for part in clause:
                    left[part] -= cost
                    if not left[part]:
                        del left[part]
        return min(bounds)

    def upper(
        self,
        region: Region,
        node: Node,
        known: list[Lines],
        form: list[int],
        constant: int,
        tight: bool = True,
    ) -> int:
        """Upper bound of a form of the activations of the last known layer (or of y)."""
        if known:
            value = constant + sum(c * r[c > 0] for c, r in zip(form, known[-1][2], strict=True))
        else:
            value = constant + sum(c for c in form if c > 0)
        if value < 0 or not tight:
            return value
        total = 1
        for depth in range(len(known) - 1, -1, -1):
            (_, _, columns, bias), (scale, lines, _) = self.layers[depth], known[depth]
            if not depth:
                columns, bias = [columns[i] for i in node.free], node.base
            total, constant = total * scale, constant * scale
            constant += sum(c * e[1 if c > 0 else 3] for c, e in zip(form, lines, strict=True))
            form = [c * e[0 if c > 0 else 2] for c, e in zip(form, lines, strict=True)]
            constant += sum(map(mul, form, bias))
            form = [sum(map(mul, form, column)) for column in columns]
        # the form is an integer on every point: the bound may be rounded down
        return min(value, (constant + self.greatest(region, node, form)) // total)

    def lines(self, region: Region, node: Node) -> list[Lines]:
        """Lines around the neurons of all layers that hold on all points of the node."""
        known: list[Lines] = []
        for kind, rows, _, biases in self.layers:
            ranges = []
            for row, bias in zip(rows, biases if known else node.base, strict=True):
                row = row if known else [row[i] for i in node.free]
                tight = kind != "identity"
                high = self.upper(region, node, known, row, bias, tight)
                low = -self.upper(region, node, known, [-w for w in row], -bias, tight)
                ranges.append((low, high))
            known.append(relaxed(kind, ranges))
        return known

    def forms(self, output: int, expected: bool) -> tuple[list[dict[int, int]], bool, bool]:
        """Forms of the outputs (the constant at -1) that are low where the output is right.

        Also whether all of them must be low (or one), and whether 0 is low.
        """
        sign, kind = -1 if expected else 1, self.readout["kind"]
        if kind == "argmax":
            others = [o for o in range(len(self.formulas)) if o != output]
            return [{output: sign, o: -sign} for o in others], expected, False
        key = (
            "threshold" if kind == "threshold" else "true_at_least" if expected else "false_at_most"
        )
        (weight, level), _ = scaled(self.unit, rational(self.readout[key]))
        return [{output: sign * weight, -1: -sign * level}], True, kind == "levels" or not expected

    def proved(self, region: Region, node: Node, wrong: bool = False) -> bool:
        """True when linear bounds prove all points of the node right, or all wrong."""
        known = self.lines(region, node)
        forms, every, zero = self.forms(region.output, region.expected)
        sign, outputs, low = -1 if wrong else 1, range(len(self.formulas)), []
        for form in forms:
            front = [sign * form.get(o, 0) for o in outputs]
            # wrong: the form is above 0, or it is 0 and that is not low
            low.append(
                self.upper(region, node, known, front, sign * form.get(-1, 0)) < (zero is not wrong)
            )
        return all(low) if every is not wrong else any(low)

    def choices(self, region: Region, node: Node) -> list[list[int]]:
        """Lists of inputs, one of each is 1 (-1: none); all combinations hold all points."""
        groups = self.open_groups(node)
        free = [i for i in node.free if i not in self.group_of]
        room = region.most - node.ones - len(groups)
        return groups + ([[-1, *free]] if room == 1 else [[-1, i] for i in free if room > 0])

    def block(self, region: Region, node: Node) -> tuple[Lanes, list[int], list[int]]:
        """All points of a node: the lanes, every y, and every output."""
        choices, width = self.choices(region, node), self.width
        if self._packed[0] != choices:  # nodes of a table often share them
            true = (i for choice in choices for i in choice if i >= 0)
            units = ((i, [0] * i + [1] + [0] * (self.inputs - i - 1)) for i in true)
            masks = (
                {i: 1 << (k * width) for k, i in enumerate(choices[0])}
                if len(choices) == 1
                else {i: pack(choices, unit, width) for i, unit in units}
            )
            self._packed = choices, masks, [pack(choices, r, width) for r in self.layers[0][1]]
        _, masks, values = self._packed
        ones = join([1] * math.prod(map(len, choices)), width)
        half, top = ones << (width - 1), width - 1
        y = [masks.get(i, 0) if s == FREE else s * ones for i, s in enumerate(node.state)]
        for depth, (kind, rows, _, bias) in enumerate(self.layers):
            if depth:
                values = [sum(map(mul, row, values)) for row in rows]
            values = [
                v + b * ones for v, b in zip(values, bias if depth else node.base, strict=True)
            ]
            if kind == "step":
                values = [((v + half - ones) >> top) & ones for v in values]
            elif kind == "relu":
                signs = [((v + half) >> top) & ones for v in values]
                values = [(v + half) & ((s << top) - s) for v, s in zip(values, signs, strict=True)]
        return Lanes(width, ones), y, values

    def wrong(self, region: Region, node: Node, outputs: Iterable[int]) -> list[int]:
        """For each output the lanes with points of the region where it is wrong."""
        lanes, y, values = self.block(region, node)
        no = [lanes.ones ^ value for value in y]
        inside = self.known(lanes, region.program, y, no)[0]
        inside &= lanes.at_least(sum(y), region.least) & ~lanes.at_least(sum(y), region.most + 1)
        for clause in node.alive:
            inside &= reduce(or_, ((no if part & 1 else y)[part >> 1] for part in clause))
        found, values = [], [*values, lanes.ones]
        for output in outputs:
            total = 0
            true, false = self.known(lanes, self.formulas[output], y, no)
            for expected, where in ((True, true), (False, false)):
                forms, every, zero = self.forms(output, expected)
                sums = (sum(c * values[o] for o, c in form.items()) for form in forms)
                high = (lanes.at_least(form, zero) for form in sums)
                total |= inside & where & reduce(or_ if every else and_, high)
            found.append(total)
        return found

    def leaf(self, region: Region, node: Node | None, code: Any) -> int:
        """Check a leaf of a tree; the number of its wrong points."""
        if node is None or code == EMPTY:
            sound = code == EMPTY and (node is None or bool(self.status(region, node)[1]))
            demand(sound, "a leaf that is not empty is called so, or the reverse")
            return 0
        if code == BOUND:
            demand(self.proved(region, node), "linear bounds do not prove a leaf right")
            return 0
        if code == WHOLE:
            whole = self.status(region, node)[0] and self.proved(region, node, True)
            demand(bool(whole), "linear bounds do not prove a leaf wholly wrong")
            return self.size(region, node, node.alive)
        demand(code == SMALL, "a code of no meaning")
        few = math.prod(map(len, self.choices(region, node))) <= LANES
        demand(few, "a leaf that is called small is not")
        return self.wrong(region, node, [region.output])[0].bit_count()

    def tree(
        self, codes: list[Any], last: list[Any] | None = None
    ) -> tuple[list[int], int | None, str]:
        """Wrong points by output, in all (None: unknown) and what was checked, by a tree."""
        counts, left = [0] * len(self.formulas), iter(codes)
        demand(self.points is None, "a tree for a list of inputs")
        last = [[]] * len(counts) if last is None else last
        demand(len(last) == len(counts) and all(isinstance(one, list) for one in last), SHAPE)
        demand(all(type(q) is int for one in last for q in one), "a clause is no number")
        for output in range(len(counts)):
            for region in self.regions(output, last[output]):
                stack = [self.root(region)]
                while stack:
                    node, code = stack.pop(), next(left, None)
                    if type(code) is not int:
                        raise RejectedError("the tree ends before its nodes do")
                    if node is not None and code >= 0:
                        free = code < self.inputs and node.state[code] == FREE
                        demand(free, "a split by an input that is not free")
                        stack += [self.fixed(region, node, [2 * code + y]) for y in (0, 1)]
                    else:
                        counts[output] += self.leaf(region, node, code)
        demand(next(left, None) is None, "the tree has more codes than nodes")
        wrong = list(filter(None, counts))
        return counts, sum(wrong) if len(wrong) < 2 else None, f"tree of {len(codes):,} nodes"

    def table(self) -> tuple[list[int], int, str]:
        """The same by evaluating every input of the domain."""
        domain = self.domain()
        blank = self.root(domain)
        if self.points is not None:
            stack = [self.point(domain, y) for y in self.points.values()]
        else:
            stack = [blank]
            demand(blank is None or self.size(domain, blank) <= TABLE, "the domain is too large")
        counts, union = [0] * len(self.formulas), 0
        while stack:
            node = stack.pop()
            if node is None or not self.size(domain, node):
                continue
            lanes = math.prod(map(len, self.choices(domain, node)))
            if lanes > min(LANES, 8 * self.size(domain, node)):
                stack += [self.fixed(domain, node, [2 * node.free[0] + y]) for y in (0, 1)]
                continue
            wrong = self.wrong(domain, node, range(len(counts)))
            counts = [count + lanes.bit_count() for count, lanes in zip(counts, wrong, strict=True)]
            union += reduce(or_, wrong).bit_count()
        return counts, union, "all inputs evaluated"

    def domain(self) -> Region:
        """The whole domain; output and value do not matter."""
        return Region(0, True, frozenset(), self.forbidden, self.program, self.least, self.most)

    def point(self, domain: Region, x: list[int]) -> Node | None:
        """The node of one input of the network."""
        root, y = self.root(domain), map(xor, x, self.flips)
        return root and self.fixed(domain, root, [2 * i + value for i, value in enumerate(y)])

    def witnesses(self, inputs: list[Any], values: list[Any]) -> str:
        """Check that inputs of the domain are wrong, and the values of their outputs."""
        demand(len(inputs) == len(values) > 0, "no inputs, or not as many values")
        domain = self.domain()
        for text, given in zip(inputs, values, strict=True):
            good = type(text) is str and re.fullmatch("[01]*", text) and len(text) == self.inputs
            demand(good and (self.points is None or text in self.points), "no input of the domain")
            node = self.point(domain, list(map(int, text)))
            if node is None or not self.status(domain, node)[0]:
                raise RejectedError("no input of the domain")
            outputs = [str(value * self.unit) for value in self.block(domain, node)[2]]
            demand(outputs == given, "an output's value is another one")
            demand(any(self.wrong(domain, node, range(len(outputs)))), "an input is not wrong")
        return f"{len(inputs):,} input{'s' * (len(inputs) > 1)} evaluated"


def recheck(data: Any, certificate: bytes) -> str:
    """Check a certificate against the canonical data of a problem, or of several questions.

    Returns what is proved, a line for each question. Raises RejectedError, and UnreadableError
    for data that are no problem.
    """
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        try:
            if isinstance(data, dict) and data.get("format") == QUESTIONS:
                sentences = [f"{str(one['sentence'])!r}: " for one in data["questions"]]
                problems = [Problem(one["problem"]) for one in data["questions"]]
                require(problems, "no questions")
            else:
                sentences, problems = [""], [Problem(data)]
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UnreadableError(f"{type(error).__name__}: {error}") from None
        parts = read(certificate)
        demand(len(parts) == len(problems), "it is about another number of questions")
        return "\n".join(
            sentence + judged(problem, part)
            for sentence, problem, part in zip(sentences, problems, parts, strict=True)
        )
    except RecursionError:
        raise UnreadableError("a formula is nested too deeply") from None
    finally:
        sys.set_int_max_str_digits(digits)


def judged(problem: Problem, data: dict[str, Any]) -> str:
    """Check one part of what :func:`read` returned."""
    for part, value in problem.sha256.items():
        demand(data["sha256"][part] == value, f"it is about another {part} (the hashes differ)")
    evidence, counts, total = data["evidence"], None, None
    if evidence["kind"] == "tree":
        counts, total, how = problem.tree(evidence["codes"], evidence.get("last"))
    elif evidence["kind"] == "table":
        counts, total, how = problem.table()
    else:
        how = problem.witnesses(evidence["inputs"], evidence["values"])
    status = "violated" if counts is None or any(counts) else "holds"
    found = {"status": status, "violations": total, "violations_by_output": counts}
    for key, value in data["claim"].items():
        # compared as text, for True is equal to 1
        same = json.dumps(value) == json.dumps(found[key])
        demand(
            same or (value is None and key != "status"),
            f"what it claims about {key} does not follow",
        )
    return f"{status} on exactly {total:,} inputs ({how})" if total else f"{status} ({how})"


def read(certificate: bytes) -> list[dict[str, Any]]:
    """The parts of a certificate, within bounded memory."""
    if certificate.startswith(b"superproof-") and not certificate.startswith(MAGIC):
        others = "recheck_sparse, _superposed, _linear, attention/recheck"
        raise RejectedError(f"its first line names another checker: {others}")
    demand(certificate.startswith(MAGIC), "it does not begin as a certificate does")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(certificate[len(MAGIC) :], TEXT)
        demand(not stream.unconsumed_tail, f"it holds more than {TEXT:,} bytes")
        demand(stream.eof and not stream.unused_data, "it is cut off, or goes on after its end")
        demand(text.count(b"[") + text.count(b"{") <= BRACKETS, "it holds too many lists")
        ascii_text = text.decode("ascii")
        data: Any = json.loads(
            ascii_text,
            parse_int=integer,
            parse_float=refuse,
            parse_constant=refuse,
            object_pairs_hook=once,
        )
    except (zlib.error, ValueError, RecursionError) as error:
        raise RejectedError(f"it is damaged ({type(error).__name__})") from None
    several = isinstance(data, dict) and data.keys() == {"parts"}
    parts: list[dict[str, Any]] = data["parts"] if several else [data]
    demand(isinstance(parts, list) and parts, SHAPE)
    for part in parts:
        demand(isinstance(part, dict) and part.keys() == {"sha256", "claim", "evidence"}, SHAPE)
        demand(all(isinstance(value, dict) for value in part.values()), SHAPE)
        evidence = part["evidence"]
        demand(part["sha256"].keys() == set(PARTS) and part["claim"].keys() == CLAIM, SHAPE)
        kind = str(evidence.get("kind"))
        optional = {"kind", "last"} if kind == "tree" else {"kind"}
        demand(evidence.keys() - optional == EVIDENCE.get(kind), SHAPE)
        demand(all(isinstance(v, list) for k, v in evidence.items() if k != "kind"), SHAPE)
    return parts


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


def demand(condition: Any, message: str) -> None:
    if not condition:
        raise RejectedError(message)


def require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)


def digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def rational(text: str) -> Fraction:
    require(re.fullmatch("-?[0-9]+(/[0-9]+)?", text), "rational")
    return Fraction(text)


def scaled(first: Fraction, second: Fraction) -> tuple[tuple[int, int], Fraction]:
    """Both as integers times one positive unit."""
    bottom = math.lcm(first.denominator, second.denominator)
    pair = int(first * bottom), int(second * bottom)
    common = math.gcd(*pair) or 1
    return (pair[0] // common, pair[1] // common), Fraction(common, bottom)


def bits(text: str, size: int) -> list[int]:
    require(len(text) == size and re.fullmatch("[01]*", text), "0s and 1s")
    return list(map(int, text))


def array(data: dict[str, Any], size: int) -> tuple[list[int], Fraction]:
    mantissas, exponent = data["mantissas"], data["exponent"]
    good = len(mantissas) == size and all(type(m) is int for m in (exponent, *mantissas))
    require(good and abs(exponent) <= EXPONENT, "array")
    return mantissas, Fraction(2) ** exponent


def matrix(data: dict[str, Any], height: int, width: int) -> tuple[list[int], Fraction]:
    """All entries row by row, those that are not stored too."""
    if "indptr" not in data:
        return array(data, height * width)
    starts, places = data["indptr"], data["indices"]
    entries, unit = array(data, len(places))
    good = len(starts) == height + 1 and all(type(k) is int for k in starts + places)
    require(good and [starts[0], starts[-1]] == [0, len(places)], "sparse rows")
    require(height * width <= ENTRIES, "a sparse weight too large to be written out")
    dense = [0] * (height * width)
    for row, (start, stop) in enumerate(pairwise(starts)):
        inside = places[start:stop]
        good = start <= stop and inside == sorted(set(inside))
        require(good and all(0 <= place < width for place in inside), "sparse rows")
        for place, entry in zip(inside, entries[start:stop], strict=True):
            dense[row * width + place] = entry
    return dense, unit


def pack(choices: list[list[int]], weights: list[int], width: int) -> int:
    """The sum of weights[i] y_i in every lane (see Problem.choices)."""
    total, size = 0, 1
    for choice in choices:
        ones = join([1] * size, width)
        parts = [total + (weights[i] if i >= 0 else 0) * ones for i in choice]
        total, size = join(parts, width * size), size * len(choice)
    return total


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    if len(arguments) != 2:
        print("usage: python -I recheck.py problem.json CERTIFICATE", file=sys.stderr)
        return 2
    sys.set_int_max_str_digits(0)
    try:
        with open(arguments[0], encoding="ascii") as file:
            data = json.load(
                file, parse_float=unread, parse_constant=unread, object_pairs_hook=once
            )
        with open(arguments[1], "rb") as certificate:
            for line in recheck(data, certificate.read(TEXT)).split("\n"):
                print("accepted:", line)
    except (OSError, ValueError, RecursionError, MemoryError, UnreadableError) as error:
        print("unreadable:", " ".join(str(error).split()) or "too large", file=sys.stderr)
        return 2
    except RejectedError as error:
        print("rejected:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
