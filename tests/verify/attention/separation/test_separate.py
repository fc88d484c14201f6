"""One head for a graph: answers against exact oracles, proofs of both forms, bad input."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from superproof.constructions.attention.construct import construct_attention
from superproof.empirics.separation_curve import instance
from superproof.verify.attention.graph import RelationalGraph
from superproof.verify.attention.separation import hinge_search
from superproof.verify.attention.separation import recheck as recheck_separation
from superproof.verify.attention.separation import recheck_numpy as other_checker
from superproof.verify.attention.separation import separate as separation
from superproof.verify.attention.separation.farkas import krawczyk_evidence, support_of
from superproof.verify.attention.separation.hinge_search import search
from superproof.verify.attention.separation.linear_program import in_reach, linear_program
from superproof.verify.attention.separation.separate import Separation, SeparationProblem, separate
from superproof.verify.errors import InputError, ProofError

from ....oracles.separation_oracle import separable


def both_accept(found: Separation) -> None:
    """Both checkers come to the answer."""
    problem, file = found.problem.canonical(), found.certificate()
    assert recheck_separation.recheck(problem, file).startswith(found.status)
    assert other_checker.check(problem, file).startswith(found.status)


def asked_of_z3(embeddings: np.ndarray, edges: set[tuple[int, int]]) -> bool:
    items, dim = embeddings.shape
    matrix = [[z3.Real(f"m{a},{b}") for b in range(dim)] for a in range(dim)]
    threshold, solver = z3.Real("t"), z3.Solver()
    for i, j in itertools.product(range(items), repeat=2):
        terms = [
            int(embeddings[i, a] * embeddings[j, b]) * matrix[a][b]
            for a in range(dim)
            for b in range(dim)
        ]
        score = z3.Sum(terms)
        solver.add(score > threshold if (i, j) in edges else score <= threshold)
    answer = solver.check()
    assert answer != z3.unknown
    return bool(answer == z3.sat)


@st.composite
def small(draw: st.DrawFn, items: int = 5, dim: int = 3) -> tuple[np.ndarray, list[Any]]:
    """Integer embeddings with many coincidences, and any graph with an edge."""
    m, d = draw(st.integers(1, items)), draw(st.integers(1, dim))
    entry = st.integers(-3, 3)
    x = draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=m, max_size=m))
    pairs = list(itertools.product(range(m), repeat=2))
    edges = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    return np.array(x), edges


@settings(max_examples=150, deadline=None)
@given(small())
def test_small_graphs_against_fractions(case: tuple[np.ndarray, list[Any]]) -> None:
    embeddings, edges = case
    found = separate(embeddings, edges)
    expected = "separable" if separable(embeddings.tolist(), set(edges)) else "impossible"
    assert found.status == expected
    both_accept(found)


@settings(max_examples=60, deadline=None)
@given(small())
def test_small_graphs_against_z3(case: tuple[np.ndarray, list[Any]]) -> None:
    embeddings, edges = case
    expected = "separable" if asked_of_z3(embeddings, set(edges)) else "impossible"
    assert separate(embeddings, edges).status == expected


def test_every_permutation_of_four_items_in_two_dimensions() -> None:
    embeddings = np.array([[3, 1], [1, 2], [-2, 1], [-1, -3]])
    answers = []
    for targets in itertools.permutations(range(4)):
        edges = set(enumerate(targets))
        found = separate(embeddings, sorted(edges))
        assert (found.status == "separable") == separable(embeddings.tolist(), edges)
        both_accept(found)
        answers.append(found.status)
    assert (answers.count("separable"), answers.count("impossible")) == (8, 16)


@pytest.mark.parametrize("dim", [3, 4, 6])
def test_random_permutations_against_a_linear_program(dim: int) -> None:
    seen = set()
    for seed in range(14):
        items = round(dim * (1.6 + 0.12 * seed) / 1.0)
        embeddings, edges = instance(dim, items, seed)
        found = separate(embeddings, edges)
        sign = -np.ones((items, items))
        sign[edges[:, 0], edges[:, 1]] = 1
        rows = np.einsum("ia,jb->ijab", embeddings, embeddings).reshape(items**2, -1)
        rows = np.column_stack([rows, -np.ones(items**2)]) * -sign.reshape(-1, 1)
        solved = linprog(
            np.zeros(rows.shape[1]),
            A_ub=rows,
            b_ub=-np.ones(items**2),
            bounds=(None, None),
            method="highs",
        )
        assert solved.status in (0, 2)
        assert found.status == ("separable" if solved.status == 0 else "impossible")
        seen.add(found.status)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("embeddings", "edges", "status"),
    [
        ([[1, 0], [0, 1], [1, 0]], [[0, 1]], "impossible"),  # items 0 and 2 are the same
        ([[1, 0], [0, 1], [1, 0]], [[0, 1], [2, 1]], "separable"),
        ([[0, 0], [0, 0]], [[0, 1]], "impossible"),
        ([[0, 0], [0, 0]], [[0, 0], [0, 1], [1, 0], [1, 1]], "separable"),
        ([[1, 2], [3, 4]], [[0, 0], [0, 1], [1, 0], [1, 1]], "separable"),
        ([[5]], [[0, 0]], "separable"),
        ([[1], [2], [3]], [[0, 1]], "impossible"),  # scores 1, 2, 3, 4, 6, 9 times M
        ([[1], [2], [3]], [[0, 0]], "separable"),
        # in a plane of three dimensions
        ([[1, 2, 3], [2, -1, 1], [3, 1, 4], [1, -3, -2]], [[0, 1], [1, 0], [2, 2]], "impossible"),
    ],
)
def test_degenerate_embeddings(embeddings: Any, edges: Any, status: str) -> None:
    assert separable(embeddings, {(i, j) for i, j in edges}) == (status == "separable")
    found = separate(embeddings, edges)
    assert found.status == status
    both_accept(found)


def test_answers_do_not_depend_on_scale_mean_or_number_type() -> None:
    for items, seed in ((20, 0), (24, 1)):
        embeddings, edges = instance(8, items, seed)
        status = separate(embeddings, edges).status
        grown = embeddings * 2.0**90
        whole = (embeddings * 1024).astype(np.int32)
        single = embeddings.astype(np.float32)
        fine = np.array([[Fraction(int(v), 3**0) for v in row] for row in whole], dtype=object)
        for variant in (grown, whole, single, fine):
            found = separate(variant, edges)
            assert found.status == status
            both_accept(found)
        # an invertible map of the coordinates changes nothing
        turn = np.eye(8, dtype=np.int64) + np.triu(np.full((8, 8), 3), 1)
        found = separate(whole @ turn, edges)
        assert found.status == status
        both_accept(found)


def test_wide_mantissas() -> None:
    rng = np.random.default_rng(0)
    for items, status in ((6, "impossible"), (2, "separable")):
        embeddings = rng.standard_normal((items, 2)) * 2.0 ** rng.integers(-6, 6, (items, 2))
        edges = {(i, (i + 1) % items) for i in range(items)}
        found = separate(embeddings, sorted(edges))
        whole = found.problem.embeddings.mantissa
        assert abs(whole).max() > 1 << 53
        assert separable(whole.tolist(), edges) == (status == "separable")
        assert found.status == status
        both_accept(found)


@pytest.mark.parametrize("kind", ["float32", "float64", "spread"])
def test_short_proofs_for_floats(kind: str) -> None:
    # the sums of the products of entries do not fit into 64 bits
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((30, 7))
    if kind == "spread":
        embeddings *= 2.0 ** rng.integers(-40, 40, (30, 7))
    else:
        embeddings = embeddings.astype(kind)
    edges = np.column_stack([np.arange(30), rng.permutation(30)])
    found = separate(embeddings, edges, form="krawczyk")
    assert (found.status, found.form) == ("impossible", "krawczyk")
    both_accept(found)


def test_two_small_heads_do_what_no_single_head_can() -> None:
    embeddings, edges = instance(16, 64, 0)
    assert separate(embeddings, edges).status == "impossible"
    built = construct_attention(embeddings, RelationalGraph(64, edges), heads=2, key_dim=6)
    assert np.array_equal(built.layer.embeddings, embeddings)
    assert (built.layer.heads, built.layer.key_dim, built.layer.aggregation) == (2, 6, "max")
    scores = [
        embeddings @ q @ (embeddings @ k).T
        for q, k in zip(built.layer.query, built.layer.key, strict=True)
    ]
    together = np.max(scores, axis=0)
    table = np.zeros((64, 64), dtype=bool)
    table[edges[:, 0], edges[:, 1]] = True
    assert together[table].min() > together[~table].max()


def test_both_sides_of_the_claim_about_one_wide_head() -> None:
    # 64 items, 16 dimensions: no head of any width; in 20 dimensions one will do
    for seed in range(2):
        found = separate(*instance(16, 64, seed))
        assert (found.status, found.form) == ("impossible", "krawczyk")
        both_accept(found)
        assert len(found.certificate()) < 4000
    for dim in (20, 24, 32):
        found = separate(*instance(dim, 64, 0))
        assert (found.status, found.form) == ("separable", "matrix")
        both_accept(found)
        # the matrix and the threshold are for the embeddings as they were given
        embeddings, edges = instance(dim, 64, 0)
        assert found.matrix is not None
        assert found.threshold is not None
        scores = embeddings @ found.matrix @ embeddings.T
        reported = np.argwhere(scores > float(found.threshold))
        assert np.array_equal(reported, edges[np.lexsort(edges.T[::-1])])


@pytest.mark.parametrize("form", ["rational", "krawczyk"])
def test_both_forms_of_the_same_proof(form: Any) -> None:
    embeddings, edges = instance(10, 34, 0)
    found = separate(embeddings, edges, form=form)
    assert (found.status, found.form) == ("impossible", form)
    both_accept(found)
    assert found.matrix is None
    assert found.threshold is None
    assert found.support > 101


def test_forms_by_size() -> None:
    assert separate(*instance(8, 26, 0)).form == "rational"
    assert separate(*instance(9, 34, 0)).form == "krawczyk"
    # embeddings in a subspace have no full basis, and get exact multipliers all the same
    embeddings, edges = instance(8, 26, 0)
    flat = np.concatenate([embeddings, embeddings[:, :2] * 3], axis=1)
    found = separate(flat, edges)
    assert (found.status, found.form) == ("impossible", "rational")
    both_accept(found)
    assert separate(flat, edges, form="krawczyk").status == "undecided"


def test_the_search_ends_where_its_multipliers_prove_it() -> None:
    embeddings, edges = instance(12, 44, 0)
    found = search(embeddings, edges)
    assert not found.separates
    assert found.finished
    assert found.residual < 1e-12
    y = -np.ones((44, 44))
    y[edges[:, 0], edges[:, 1]] = 1
    sums = embeddings.T @ (y * found.multipliers) @ embeddings
    assert np.abs(sums).max() < 1e-10 * found.multipliers.sum()
    assert abs((y * found.multipliers).sum()) < 1e-10 * found.multipliers.sum()
    assert found.multipliers.min() == 0.0
    slack = 1 - y * (embeddings @ found.matrix @ embeddings.T - found.threshold)
    c = np.where(y > 0, 44 / 4, 1.0)
    assert np.allclose(found.multipliers, c * np.maximum(slack, 0), rtol=1e-9, atol=1e-9)


def test_the_linear_program_steps_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hinge_search, "STEPS", 0)
    for items, status in ((14, "separable"), (30, "impossible")):
        found = separate(*instance(8, items, 0))
        assert (found.status, found.method) == (status, "linear program")
        both_accept(found)


def test_undecided_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not in_reach(200, 32)
    found = separate(*instance(32, 200, 0), seconds=0.0)
    assert found.status == "undecided"
    assert found.reason == "the convex solve came to no end; allow more seconds"
    assert (found.form, found.matrix, found.threshold, found.support) == (None, None, None, 0)
    with pytest.raises(ProofError, match="there is no certificate: the convex solve came to no"):
        found.certificate()
    # multipliers that do not hold are no answer
    monkeypatch.setattr(separation, "krawczyk_evidence", lambda *_: None)
    monkeypatch.setattr(separation, "linear_program", lambda *_: linear_program(*_))
    monkeypatch.setattr(separation, "rational_evidence", lambda *_: None)
    found = separate(*instance(8, 30, 0))
    assert found.status == "undecided"
    assert found.reason == "no proposal holds, nor does that of the linear program"


def test_a_wrong_proposal_is_never_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings, edges = instance(8, 14, 0)
    problem = SeparationProblem.from_arrays(embeddings, edges)
    x, table = problem.embeddings.mantissa, problem.table
    rng = np.random.default_rng(0)
    support = support_of(x, table, rng.random((14, 14)))
    assert support is not None
    evidence = krawczyk_evidence(x, table, support)
    assert evidence is None
    monkeypatch.setattr(
        separation,
        "krawczyk_evidence",
        lambda *_: {
            "kind": "krawczyk",
            "pairs": [1] * 196,
            "multipliers": [1] * 196,
            "outside": [0] + [1] * 130,
        },
    )
    monkeypatch.setattr(hinge_search._Hinge, "separates", False)
    found = separate(embeddings, edges, form="krawczyk")
    assert found.status != "impossible"


@pytest.mark.parametrize(
    ("embeddings", "edges", "message"),
    [
        ([[1, 2], [3, 4]], [[0, 1], [1, 0], [0, 1]], "edge 2, 0 1: given before, as edge 0"),
        ([[1, 2], [3, 4]], [[0, 2]], "items are numbered 0 to 1"),
        ([[1, 2], [3, 4]], [[-1, 0]], "items are numbered 0 to 1"),
        ([[1, 2], [3, 4]], np.zeros((0, 2)), "the graph has no edge"),
        ([[1, 2], [3, 4]], [[0, 1, 2]], "two items a row"),
        ([[1, 2], [3, 4]], [[0.5, 1]], "not indices of items"),
        ([1, 2], [[0, 1]], r"shape \(2,\), not \(items, embedding_dim\)"),
        (np.zeros((0, 3)), [[0, 1]], "not .items, embedding_dim"),
        (np.zeros((3, 0)), [[0, 1]], "not .items, embedding_dim"),
        ([[1.0, np.nan], [3, 4]], [[0, 1]], r"entry \[0, 1\] is nan; all must be finite"),
        ([[1.0, 2], [np.inf, 4]], [[0, 1]], r"entry \[1, 0\] is inf; all must be finite"),
        ([["a", "b"]], [[0, 0]], "embeddings: values of type"),
    ],
)
def test_bad_input(embeddings: Any, edges: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        separate(embeddings, edges)


def test_an_unknown_form() -> None:
    with pytest.raises(InputError, match="unknown form 'exact'; use auto, rational or krawczyk"):
        separate([[1]], [[0, 0]], form="exact")  # type: ignore[arg-type]
