"""Column edits: clean on every input, or refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from superproof import Network, Specification, check
from superproof.constructions.editing.columns import all_columns_edit, column_edit
from superproof.constructions.editing.literals import Literal, literals
from superproof.constructions.editing.target import RefusedError, Target

from .exact_networks import exact_network, specifications, targets

SPECIFICATIONS = specifications()


@pytest.mark.parametrize("spec", SPECIFICATIONS, ids=str)
def test_every_clause_is_cut_without_a_violation(spec: Specification) -> None:
    network = exact_network(spec, 1)
    for target in targets(spec):
        edit = column_edit(network, target)
        assert edit.prove(threads=1).proved
        # once more, by another engine, against the shorter formula
        verdict = check(edit.network, target.remaining, engine="tree", count=True)
        assert verdict.violations == 0


@pytest.mark.parametrize("spec", SPECIFICATIONS, ids=str)
def test_all_columns_are_cut_or_a_literal_forbids_it(spec: Specification) -> None:
    network = exact_network(spec, 2)
    for target in targets(spec):
        opposites = {literal.opposite for literal in target.literals}
        forbidden = any(opposites & (other.literals or set()) for other in target.others())
        if forbidden:
            with pytest.raises(RefusedError, match="the opposite of"):
                all_columns_edit(network, target)
            continue
        edit = all_columns_edit(network, target)
        assert edit.prove(threads=1).proved
        index = [literal.input for literal in target.literals]
        assert not edit.network.layers[0].weight[: network.neurons, index].any()


def test_a_shared_literal_adds_the_other_clause_again() -> None:
    spec = Specification(["a", "b", "c"], {"y0": "a & b | a & b & ~c | ~c & a"})
    network = exact_network(spec, 3)
    target = Target.parse("y0:0", spec)
    edit = column_edit(network, target)
    # a is shared by both others, b by one
    assert edit.facts == {"literals_cut": ["b"], "clauses_added_again": ["y0:1"]}
    assert edit.added == 1
    assert edit.prove().proved


def test_the_opposite_literal_elsewhere_is_refused_with_the_reason() -> None:
    spec = Specification(["a", "b"], {"y0": "a & b | ~a & ~b"})
    network = exact_network(spec, 0)
    for edit in (column_edit, all_columns_edit):
        with pytest.raises(RefusedError) as refused:
            edit(network, Target.parse("y0:0", spec))
        text = str(refused.value)
        assert text.startswith(
            "~a, the opposite of a, occurs in y0:1 (~a & ~b), which would become true on more"
        )
    # what the precondition is for: cutting all the same is not clean
    weight = network.layers[0].weight.copy()
    weight[:, 0] = 0
    cut = Network.from_arrays(
        [weight, network.layers[1].weight], [layer.bias for layer in network.layers]
    )
    assert check(cut, Target.parse("y0:0", spec).remaining).status == "violated"


def test_literals_inside_other_formulas_are_refused() -> None:
    spec = Specification(["a", "b", "c"], {"y0": "a & b", "y1": "a ^ c"})
    network = Network.from_arrays([np.zeros((2, 3), np.float32)])
    target = Target.parse("y0:0", spec)
    assert column_edit(network, target).facts["literals_cut"] == ["b"]
    with pytest.raises(RefusedError, match=re.escape("a also occurs in y1:0 (a ^ c), which is")):
        all_columns_edit(network, target)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("a ^ b | c", "is not a conjunction of inputs and negated inputs"),
        ("a & ~a & b | c", "is never true"),
        ("true | c", "the clause has no literal"),
    ],
)
def test_clauses_without_literals_are_refused(formula: str, reason: str) -> None:
    spec = Specification(["a", "b", "c"], {"y0": formula})
    network = Network.from_arrays([np.zeros((1, 3), np.float32)])
    for edit in (column_edit, all_columns_edit):
        with pytest.raises(RefusedError, match=reason):
            edit(network, Target.parse("y0:0", spec))


def test_every_literal_forbidden_names_one_reason_and_counts_the_others() -> None:
    spec = Specification(["a", "b"], {"y0": "a & b | ~a & ~b"})
    with pytest.raises(RefusedError, match="and likewise 1 more"):
        column_edit(exact_network(spec, 0), Target.parse("y0:0", spec))


def test_literals_of_nested_conjunctions() -> None:
    spec = Specification(["a", "b", "c"], {"y0": "(a & ~b) & c"})
    expected = {Literal(0, True), Literal(1, False), Literal(2, True)}
    assert literals(spec.formulas[0], spec.domain.index) == expected


def test_a_network_too_precise_for_floats_is_bad_input() -> None:
    from superproof.verify.errors import InputError

    spec = Specification(["a"], {"y0": "a"})
    network = Network.from_arrays([np.array([[2**60 + 1]], dtype=object)])
    with pytest.raises(InputError, match="more than 53 bits"):
        column_edit(network, Target.parse("y0:0", spec))
