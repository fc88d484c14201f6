"""Bounds from counting against functions that are listed one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from fractions import Fraction

import pytest

from superproof.theory.sign_patterns import affine_cells

from .direct import checks, value


def _bits(count: int) -> int:
    """Bits that tell so many functions apart, by doubling."""
    bits = 0
    while 2**bits < count:
        bits += 1
    return bits


def _least(holds: Callable[[int], bool]) -> int:
    return next(n for n in itertools.count() if holds(n))


def _tables(inputs: int, outputs: int, arity: int, usable: Callable[..., bool]) -> int:
    """Different functions on the inputs with ``arity`` ones, one tuple an output."""
    tested = list(itertools.combinations(range(inputs), arity))
    found = set()
    for chosen in itertools.product(tested, repeat=outputs):
        if len(set(chosen)) == outputs and usable(chosen):
            found.add(tuple(tuple(own == test for own in chosen) for test in tested))
    return len(found)


def _any(_: Iterable[object]) -> bool:
    return True


def _disjoint(chosen: tuple[tuple[int, ...], ...]) -> bool:
    return len({i for pair in chosen for i in pair}) == 2 * len(chosen)


def _star(chosen: tuple[tuple[int, ...], ...]) -> bool:
    return bool(set.intersection(*(set(pair) for pair in chosen)))


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (3, 2), (4, 1), (4, 3), (5, 3), (4, 4)])
@checks("pairwise-and-bits", "pairwise-and-neurons", "pairwise-and-neurons-free")
def test_pairwise_ands(inputs: int, outputs: int) -> None:
    needed = _bits(_tables(inputs, outputs, 2, _any))
    sizes = {"inputs": inputs, "outputs": outputs}
    assert value("pairwise-and-bits", **sizes) == needed
    for bits, layers in ((1, 1), (2, 1), (3, 2)):
        square = _least(lambda n, b=bits, s=layers: b * s * (n * n + n) >= needed)
        assert value("pairwise-and-neurons", **sizes, bits=bits, layers=layers) == square
        weights = _least(lambda n, b=bits: b * (n * inputs + n + outputs * n + outputs) >= needed)
        assert value("pairwise-and-neurons-free", **sizes, bits=bits) == weights


@pytest.mark.parametrize(
    ("inputs", "outputs", "arity"), [(3, 2, 1), (4, 3, 3), (5, 2, 3), (5, 3, 4), (5, 3, 2)]
)
@checks("k-and-bits", "k-and-neurons", "k-and-neurons-free")
def test_wider_ands(inputs: int, outputs: int, arity: int) -> None:
    needed = _bits(_tables(inputs, outputs, arity, _any))
    sizes = {"inputs": inputs, "outputs": outputs, "arity": arity, "active": arity}
    assert value("k-and-bits", **sizes) == needed
    for bits in (1, 2):
        square = _least(lambda n, b=bits: b * (n * n + n) >= needed)
        assert value("k-and-neurons", **sizes, bits=bits) == square
        free = _least(lambda n, b=bits: b * (n * (inputs + outputs + 1) + outputs) >= needed)
        assert value("k-and-neurons-free", **sizes, bits=bits) == free


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (4, 2), (5, 2), (6, 3)])
@checks("single-use-and-bits", "single-use-and-neurons")
def test_single_use(inputs: int, outputs: int) -> None:
    needed = _bits(_tables(inputs, outputs, 2, _disjoint))
    assert value("single-use-and-bits", inputs=inputs, outputs=outputs) == needed
    for bits, layers in ((1, 1), (2, 2)):
        square = _least(lambda n, b=bits, s=layers: b * s * (n * n + n) >= needed)
        sizes = {"inputs": inputs, "outputs": outputs, "bits": bits, "layers": layers}
        assert value("single-use-and-neurons", **sizes) == square


@pytest.mark.parametrize("outputs", [2, 3])
@checks("star-and-bits")
def test_stars(outputs: int) -> None:
    # three pairs of four inputs that meet in one input; a triangle does not
    assert value("star-and-bits", outputs=outputs) == _bits(_tables(outputs + 1, outputs, 2, _star))


@pytest.mark.parametrize(
    ("inputs", "outputs", "wrong"), [(3, 2, 0), (3, 3, 0), (3, 3, 1), (3, 2, 2)]
)
@checks("pairwise-and-bits-relevant")
def test_relevant_pairs(inputs: int, outputs: int, wrong: int) -> None:
    pairs = list(itertools.combinations(range(inputs), 2))
    functions = list(itertools.permutations(range(len(pairs)), outputs))
    answers = list(itertools.product([False, True], repeat=outputs))
    most = 0
    for table in itertools.product(answers, repeat=len(pairs)):
        most = max(
            most,
            sum(
                sum(table[own[j]] != tuple(i == j for i in range(outputs)) for j in range(outputs))
                <= wrong
                for own in functions
            ),
        )
    # so many machines are needed; the bound may be less but never more
    machines = -(-len(functions) // most)
    found = value("pairwise-and-bits-relevant", inputs=inputs, outputs=outputs, wrong=wrong)
    assert found <= _bits(machines)
    if wrong == 0 and outputs == len(pairs):
        assert found == _bits(machines)  # nothing is lost when every pair has its output


@pytest.mark.parametrize("inputs", [1, 2, 3, 4, 5])
@checks("permutation-bits", "permutation-neurons")
def test_permutations(inputs: int) -> None:
    tables = set(itertools.permutations(range(inputs)))
    assert value("permutation-bits", inputs=inputs) == _bits(len(tables))
    for bits in (1, 2):
        square = _least(lambda n, b=bits: b * (n * n + n) >= _bits(len(tables)))
        assert value("permutation-neurons", inputs=inputs, bits=bits) == square
    for wrong in range(inputs + 1) if inputs < 5 else ():
        # greatest number of permutations within reach of one table
        most = max(
            sum(sum(a != b for a, b in zip(table, p, strict=True)) <= wrong for p in tables)
            for table in itertools.product(range(inputs), repeat=inputs)
        )
        machines = -(-len(tables) // most)
        assert value("permutation-bits", inputs=inputs, wrong=wrong) <= _bits(machines)


@checks("permutation-bits-subsets")
def test_permutations_on_subsets() -> None:
    # inputs are the pairs of three items, an answer is any set of outputs: all machines
    subsets = list(itertools.combinations(range(3), 2))
    wanted = [
        tuple(frozenset(p[i] for i in subset) for subset in subsets)
        for p in itertools.permutations(range(3))
    ]
    answers = [frozenset(s) for k in range(4) for s in itertools.combinations(range(3), k)]
    for errors in range(3):
        most = max(
            sum(sum(a != b for a, b in zip(table, p, strict=True)) <= errors for p in wanted)
            for table in itertools.product(answers, repeat=len(subsets))
        )
        found = value(
            "permutation-bits-subsets", inputs=3, active=2, error=Fraction(errors, len(subsets))
        )
        assert found <= _bits(-(-len(wanted) // most))
        if errors == 0:
            assert found == _bits(len(wanted))


@checks("family-bits", "family-neurons")
def test_families() -> None:
    for functions, unserved in ((1, 0), (2, 0), (5, 1), (37, 5), (64, 0), (65, 0)):
        sizes = {"functions": functions, "unserved": unserved}
        needed = _bits(functions - unserved)
        assert value("family-bits", **sizes) == needed
        square = _least(lambda n, r=needed: 2 * (n * n + n) >= r)
        assert value("family-neurons", **sizes, bits=2) == square


@checks("family-nonzeros", "pairwise-and-nonzeros")
def test_matrices_are_listed() -> None:
    # all descriptions of 2 x 2 matrices with b = 1: some places, and a bit for each of them
    most = {
        count: sum(
            1
            for _ in itertools.combinations(range(4), count)
            for _ in itertools.product((0, 1), repeat=count)
        )
        for count in range(5)
    }
    for functions in (1, 2, 7, 9, 16):
        enough = min(p for p in most if most[p] >= functions)
        assert value("family-nonzeros", functions=functions, neurons=2) == enough
    # 3 pairs at 2 labelled outputs are 6 functions
    functions = _tables(3, 2, 2, _any)
    enough = min(p for p in most if most[p] >= functions)
    assert value("pairwise-and-nonzeros", inputs=3, outputs=2, neurons=2) == enough


def _square_patterns(neurons: int, outputs: int, tests: int) -> float:
    """Base-2 logarithm of the exact numbers of cells that section 3.3 estimates from above."""
    unknowns = neurons * neurons + neurons
    hidden, reads = (affine_cells(k * tests, unknowns) for k in (neurons, outputs))
    return math.log2(hidden) + math.log2(reads)


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 2), (6, 10), (12, 60), (20, 190)])
@checks("pairwise-and-neurons-real")
def test_real_weights_are_not_ruled_out_too_early(inputs: int, outputs: int) -> None:
    pairs = math.comb(inputs, 2)
    needed = math.log2(math.perm(pairs, outputs))
    found = value("pairwise-and-neurons-real", inputs=inputs, outputs=outputs)
    # the exact cell count rules out every smaller width too, and it is the sharper of the two
    for neurons in range(1, found):
        assert _square_patterns(neurons, outputs, pairs) < needed


@pytest.mark.parametrize("inputs", [2, 5, 12, 40])
@checks("permutation-neurons-real")
def test_real_weights_for_permutations(inputs: int) -> None:
    needed = math.log2(math.factorial(inputs))
    found = value("permutation-neurons-real", inputs=inputs)
    for neurons in range(1, found):
        assert _square_patterns(neurons, inputs, inputs) < needed


def _graphs(items: int, edges: int, wrong: int) -> int:
    """Layers needed for all graphs, from the most graphs that one report can serve."""
    pairs = range(items * items)
    every = [frozenset(g) for g in itertools.combinations(pairs, edges)]
    most = max(
        sum(len(graph ^ frozenset(report)) <= wrong for graph in every)
        for size in pairs
        for report in itertools.combinations(pairs, size)
    )
    return -(-len(every) // most)


@pytest.mark.parametrize("edges", [1, 2, 4, 8])
@checks("relational-graph-bits", "relational-graph-key-dim")
def test_graphs(edges: int) -> None:
    for wrong in (0, 1, 2):
        found = value("relational-graph-bits", items=3, edges=edges, wrong=wrong)
        machines = _graphs(3, edges, wrong)
        assert found == _bits(machines) if wrong == 0 else found <= _bits(machines)
    for dim, bits in ((1, 1), (2, 1), (3, 2)):
        needed = _bits(_graphs(3, edges, 0))
        least = _least(lambda total, b=bits, d=dim, r=needed: 2 * total * d * b >= r)
        sizes = {"items": 3, "edges": edges, "embedding_dim": dim, "bits": bits}
        assert value("relational-graph-key-dim", **sizes) == least


@pytest.mark.parametrize("items", [1, 2, 4, 6])
@checks("permutation-graph-key-dim")
def test_permutation_graphs(items: int) -> None:
    needed = _bits(len(set(itertools.permutations(range(items)))))
    for dim, bits in ((1, 1), (2, 1), (5, 3)):
        least = _least(lambda total, b=bits, d=dim: 2 * total * d * b >= needed)
        sizes = {"items": items, "embedding_dim": dim, "bits": bits}
        assert value("permutation-graph-key-dim", **sizes) == least


@pytest.mark.parametrize(("items", "heads", "dim"), [(16, 1, 2), (40, 1, 3), (40, 4, 3)])
@checks("relational-graph-key-dim-real", "permutation-graph-key-dim-real")
def test_real_heads_by_the_formula(items: int, heads: int, dim: int) -> None:
    conditions = heads * items * items

    def possible(total: int, functions: int) -> bool:
        unknowns = 2 * total * dim + 1
        logarithm = unknowns * math.log2(8 * math.e * conditions / unknowns)
        return min(conditions, logarithm) >= math.log2(functions)

    edges = 2 * items
    for found, functions in (
        (
            value("permutation-graph-key-dim-real", items=items, embedding_dim=dim, heads=heads),
            math.factorial(items),
        ),
        (
            value(
                "relational-graph-key-dim-real",
                items=items, edges=edges, embedding_dim=dim, heads=heads,
            ),
            math.comb(items * items, edges),
        ),
    ):  # fmt: skip
        assert found == max(1, _least(lambda total, f=functions: possible(total, f)))


@pytest.mark.parametrize("items", [2, 8, 30, 100])
@checks("one-head-embedding-dim")
def test_one_head_is_not_ruled_out_too_early(items: int) -> None:
    found = value("one-head-embedding-dim", items=items)
    for dim in range(1, found):
        cells = affine_cells(items * items, dim * dim + 1)
        assert math.log2(cells) < math.log2(math.factorial(items))
