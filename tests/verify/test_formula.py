"""Formulas: the grammar, the printed form, and three-valued evaluation."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify.errors import InputError
from superproof.verify.formula import (
    FALSE,
    TRUE,
    And,
    AtLeast,
    AtMost,
    Formula,
    Implies,
    Not,
    Or,
    Variable,
    Xor,
    quote_name,
)
from superproof.verify.grammar import MAX_DEPTH, parse_formula

from .. import strategies
from ..oracles.fraction_oracle import truth

a, b, c, d = map(Variable, "abcd")
NAMES = ("a", "b", "x y", "true", "é")


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("a", a),
        ("  a  ", a),
        ("true", TRUE),
        ("false", FALSE),
        ("~a & b", And((Not(a), b))),
        ("~(a & b)", Not(And((a, b)))),
        ("~~a", Not(Not(a))),
        ("a & b ^ c", Xor((And((a, b)), c))),
        ("a ^ b | c", Or((Xor((a, b)), c))),
        ("a | b & c", Or((a, And((b, c))))),
        ("a | b >> c", Implies(Or((a, b)), c)),
        ("a >> b >> c", Implies(a, Implies(b, c))),
        ("(a >> b) >> c", Implies(Implies(a, b), c)),
        ("a & b & c", And((a, b, c))),
        ("(a & b) & c", And((And((a, b)), c))),
        ("a ^ b ^ c ^ d", Xor((a, b, c, d))),
        ("atleast(2, a, b, c)", AtLeast(2, (a, b, c))),
        ("atmost(1, a, b | c)", AtMost(1, (a, Or((b, c))))),
        ("atmost(0, a >> b)", AtMost(0, (Implies(a, b),))),
        ("majority(a)", AtLeast(1, (a,))),
        ("majority(a, b)", AtLeast(2, (a, b))),
        ("majority(a, b, c)", AtLeast(2, (a, b, c))),
        ("majority(a, b, c, d)", AtLeast(3, (a, b, c, d))),
        ("`a`", a),
        ("`x y` & `true`", And((Variable("x y"), Variable("true")))),
        ("`a & b`", Variable("a & b")),
        ("_A1", Variable("_A1")),
        ("truea", Variable("truea")),
        ("a\n|\tb", Or((a, b))),
        ("a&~b|~(c^d)>>a", Implies(Or((And((a, Not(b))), Not(Xor((c, d))))), a)),
    ],
)
def test_reading(text: str, formula: Formula) -> None:
    assert parse_formula(text) == formula


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected an input name, '(' or '~', found the end"),
        ("   ", 1, "found the end"),
        ("a &", 4, "expected an input name, '(' or '~', found the end"),
        ("a & & b", 5, "found '&'"),
        ("a b", 3, "expected an operator or the end, found 'b'"),
        ("a)", 2, "expected an operator or the end, found ')'"),
        ("(a | b", 7, "expected ')' to close the one at column 1, found the end"),
        ("a & (b | (c)", 13, "expected ')' to close the one at column 5"),
        ("a $ b", 3, "unexpected character '$'"),
        ("a > b", 3, "unexpected character '>'"),
        ("a & `b", 5, "unexpected character '`'"),
        ("``", 1, "an empty name"),
        ("3", 1, "found '3'"),
        ("é", 1, "unexpected character 'é'"),
        ("a ~b", 3, "expected an operator or the end, found '~'"),
        ("atleast", 8, "expected '(' after atleast, found the end"),
        ("atleast(a, b)", 9, "atleast starts with a whole number, found 'a'"),
        ("atmost(-1, b)", 8, "unexpected character '-'"),
        ("atleast(1)", 10, "expected ',' after the number, found ')'"),
        ("atleast(1,)", 11, "expected an input name"),
        ("atleast(3, a, b)", 9, "atleast(3, ...) has only 2 operands"),
        ("atmost(2, a)", 8, "atmost(2, ...) has only 1 operand"),
        ("majority()", 10, "expected an input name"),
        ("majority(a", 11, "expected ')' to close majority, found the end"),
        ("(" * 101 + "a" + ")" * 101, 101, f"nested deeper than {MAX_DEPTH} levels"),
        ("~" * 101 + "a", 101, f"nested deeper than {MAX_DEPTH} levels"),
        (("~" * 9 + "(") * 11 + "a" + ")" * 11, 101, f"nested deeper than {MAX_DEPTH} levels"),
        ("atleast(" + "9" * 5000 + ", a)", 9, "atleast has a number of 5000 digits"),
    ],
)
def test_errors_name_the_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_formula(text)
    message = str(caught.value)
    assert f"column {column}: " in message
    assert problem in message
    assert "\n" not in message.replace(text, "")


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("a and b", 3, "write & for and"),
        ("a or b", 3, "write | for or"),
        ("not a", 5, "write ~ for not"),
        ("a & not b", 9, "write ~ for not"),
        ("(a or b)", 4, "write | for or"),
        ("a xor b", 3, "write ^ for exclusive or"),
        ("a && b", 3, "'&&' has no meaning here; write & for and"),
        ("a || b", 3, "write | for or"),
        ("!a", 1, "write ~ for not"),
        ("a -> b", 3, "write >> for implies"),
        ("a => b", 3, "write >> for implies"),
        ("a == b", 3, "write ~(a ^ b) for equal values"),
        ("a <-> b", 3, "write ~(a ^ b) for equal values"),
        ("a != b", 3, "write ^ for different values"),
        ("a * b", 3, "write & for and"),
        ("a + b", 3, "write | for or, ^ for exclusive or"),
        ("a & 1", 5, "write true"),
        ("0", 1, "write false"),
    ],
)
def test_other_notations_get_a_hint(text: str, column: int, hint: str) -> None:
    for inputs in (None, ("a", "b", "and", "or", "not", "xor")):
        with pytest.raises(InputError) as caught:
            parse_formula(text, inputs)
        assert str(caught.value).startswith(f"formula '{text}', column {column}: ")
        assert str(caught.value).endswith(hint)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a  &  c", "column 7", "unknown input 'c'"),
        ("a & alhpa", "column 5", "unknown input 'alhpa'; did you mean 'alpha'?"),
        ("a | True", "column 5", "unknown input 'True'; write true"),
        ("False", "column 1", "unknown input 'False'; write false"),
        ("not a", "column 1", "unknown input 'not'; write ~ for not"),
        ("a &\n   `b c`", "line 2, column 5", "unknown input 'b c'"),
    ],
)
def test_unknown_names_have_a_place(text: str, place: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_formula(text, {"a", "alpha"})
    last = text.splitlines()[-1]
    assert str(caught.value) == f"formula '{last}', {place}: {problem}"


def test_the_column_points_into_the_quoted_text() -> None:
    for text, shown in (("a   &\t\t&", "a   &  &"), ("  a  b", "  a  b")):
        with pytest.raises(InputError) as caught:
            parse_formula(text)
        found = re.fullmatch(r"formula '(.*)', column (\d+): .*", str(caught.value))
        assert found is not None
        quoted, column = found.groups()
        assert quoted == shown
        assert quoted[int(column) - 1] == text[int(column) - 1] in "&b"
    long = " & ".join(f"x{i}" for i in range(100)) + " $ " + " & ".join(["y"] * 100)
    with pytest.raises(InputError) as caught:
        parse_formula(long)
    message = str(caught.value)
    assert "x99 $ y" in message
    assert f"column {long.index('$') + 1}: " in message
    assert len(message) < 140


def test_only_text_is_read() -> None:
    with pytest.raises(InputError, match="a formula must be text, not int"):
        parse_formula(3)  # type: ignore[arg-type]


def test_deep_but_legal_nesting() -> None:
    for opening, closing in (("(", ")"), ("atleast(1, ", ")"), ("a >> ", "")):
        text = opening * (MAX_DEPTH - 1) + "a" + closing * (MAX_DEPTH - 1)
        formula = parse_formula(text)
        assert formula.evaluate({"a": True}) is True
        assert parse_formula(str(formula)) == formula


@settings(deadline=None)
@given(strategies.formulas(NAMES, max_leaves=20, written=True))
def test_printing_reads_back_as_the_same_tree(formula: Formula) -> None:
    assert parse_formula(str(formula)) == formula


@settings(deadline=None)
@given(strategies.formulas(("a", "b", "c"), max_leaves=12))
def test_printing_keeps_the_meaning_of_any_tree(formula: Formula) -> None:
    """Also of chains with no operand or one, which text cannot say."""
    again = parse_formula(str(formula))
    for bits in itertools.product((False, True), repeat=3):
        assignment = dict(zip("abc", bits, strict=True))
        assert truth(again, assignment) is truth(formula, assignment)


@settings(deadline=None)
@given(
    strategies.formulas(("a", "b", "c", "d"), max_leaves=12),
    st.fixed_dictionaries({name: st.sampled_from((True, False, None)) for name in "abcd"}),
)
def test_three_valued_answers_are_right_for_every_completion(
    formula: Formula, partial: dict[str, bool | None]
) -> None:
    free = [name for name, value in partial.items() if value is None]
    known = {name: value for name, value in partial.items() if value is not None}
    answer = formula.evaluate(partial)
    assert formula.evaluate(known) is answer
    for bits in itertools.product((False, True), repeat=len(free)):
        completed = {**known, **dict(zip(free, bits, strict=True))}
        assert formula.evaluate(completed) is truth(formula, completed)
        if answer is not None:
            assert truth(formula, completed) is answer


@pytest.mark.parametrize(
    ("text", "partial", "value"),
    [
        ("a & b", {"a": False}, False),
        ("a & b", {"a": True}, None),
        ("a | b", {"b": True}, True),
        ("a ^ b", {"a": True}, None),
        ("a >> b", {"a": False}, True),
        ("a >> b", {"b": True}, True),
        ("a >> b", {"a": True}, None),
        ("atleast(2, a, b, c)", {"a": True, "b": True}, True),
        ("atleast(2, a, b, c)", {"a": False, "b": False}, False),
        ("atmost(1, a, b, c)", {"a": True, "b": True}, False),
        ("atmost(1, a, b, c)", {"a": False, "b": False}, True),
        ("atleast(2, a, b, c)", {"a": True}, None),
        ("a | ~a", {}, None),
    ],
)
def test_kleene_table(text: str, partial: dict[str, bool], value: bool | None) -> None:
    assert parse_formula(text).evaluate(partial) is value


def test_operators_build_the_same_trees() -> None:
    assert ((a & ~b) | (c ^ d)) >> a == parse_formula("(a & ~b | (c ^ d)) >> a")


def test_names_and_clauses() -> None:
    formula = parse_formula("b & a | `x y` | ~b")
    assert formula.names() == ("b", "a", "x y")
    assert [str(clause) for clause in formula.clauses()] == ["b & a", "`x y`", "~b"]
    assert parse_formula("a & (b | c)").clauses() == (parse_formula("a & (b | c)"),)
    assert parse_formula("(a | b) | c").clauses() == (Or((a, b)), c)


@pytest.mark.parametrize(
    ("name", "written"),
    [("a", "a"), ("_9", "_9"), ("9a", "`9a`"), ("majority", "`majority`"), ("é", "`é`")],
)
def test_quoting(name: str, written: str) -> None:
    assert quote_name(name) == written
    assert parse_formula(written) == Variable(name)
