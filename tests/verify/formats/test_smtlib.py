"""SMT-LIB scripts: other solvers read them and agree with the slow oracle."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from superproof.verify.check import check
from superproof.verify.errors import InputError
from superproof.verify.formats.numerals import decimal_numeral, integer_numeral
from superproof.verify.formats.smtlib import input_symbol, smtlib_lines, symbol, write_smtlib
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.product import difference
from superproof.verify.specification import Specification

from ... import strategies as own
from ...oracles import fraction_oracle as oracle

AWKWARD = [
    "x y",
    "a|b",
    "a\\b",
    "%7C;",
    "|",
    "true",
    "let",
    "é",
    '"',
    "a;b",
    "(",
    "\x07",
    "@a",
    "0",
]


def script(problem: Problem) -> str:
    return "\n".join(smtlib_lines(problem)) + "\n"


def z3_answer(text: str, names: tuple[str, ...]) -> str | None:
    """None for unsat, else the model as a bit string; read by Z3's own parser."""
    solver = z3.Solver(ctx=z3.Context())
    # the parser takes the assertions; it does not run the commands
    solver.from_string(text)
    result = solver.check()
    if result == z3.unsat:
        return None
    assert result == z3.sat
    model = solver.model()
    return bit_string(names, {str(d): z3.is_true(model[d]) for d in model.decls()})


def cvc5_answer(text: str, names: tuple[str, ...]) -> str | None:
    """None for unsat, else the model as a bit string; every command of the script is run."""
    import cvc5

    terms = cvc5.TermManager()
    solver, symbols = cvc5.Solver(terms), cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "script")
    said = []
    while not (command := parser.nextCommand()).isNull():
        if command.getCommandName() == "get-value" and said[-1].strip() == "unsat":
            break
        said.append(command.invoke(solver, symbols))
    answer = "".join(said).strip()
    if answer == "unsat":
        return None
    first, _, values = answer.partition("\n")
    assert first == "sat"
    read = {}
    for name in names:
        # cvc5 leaves out bars that a symbol does not need; ours all need them
        pair = re.search(rf"\({re.escape(input_symbol(name))} (true|false)\)", values)
        assert pair is not None, values
        read[input_symbol(name)] = pair[1] == "true"
    return bit_string(names, read)


def bit_string(names: tuple[str, ...], model: dict[str, bool]) -> str:
    bare = {name.strip("|"): value for name, value in model.items()}
    return "".join("01"[bare.get(input_symbol(name).strip("|"), False)] for name in names)


def agree(problem: Problem, point: str | None) -> None:
    """The solver's answer against the oracle: unsat exactly when it holds, sat with a witness."""
    answer = oracle.answer(problem)
    assert (point is None) == (answer.status == "holds")
    assert point is None or point in answer.violating


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(own.problems(max_inputs=5, max_hidden=2, max_width=3, wild=False))
def test_z3_reads_the_script_and_agrees(problem: Problem) -> None:
    agree(problem, z3_answer(script(problem), problem.specification.inputs))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(own.problems(max_inputs=5, max_hidden=2, max_width=3, wild=False))
def test_cvc5_reads_the_script_and_agrees(problem: Problem) -> None:
    pytest.importorskip("cvc5")
    agree(problem, cvc5_answer(script(problem), problem.specification.inputs))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(own.problems(max_inputs=3, max_hidden=1, max_width=2, wild=True))
def test_numbers_of_any_size_are_exact(problem: Problem) -> None:
    agree(problem, z3_answer(script(problem), problem.specification.inputs))


def test_numbers_longer_than_python_prints() -> None:
    # 2^-1074 to 2^1000 through eight layers: beyond the 4,300 digits of str(int)
    weight = np.array([[2.0**-1074, 2.0**1000], [1.0, 2.0**-1000]])
    network = Network.from_arrays([weight] * 8 + [np.array([[1.0, -1.0]])])
    for formula in ("a | b", "a & b", "a ^ b", "b"):
        problem = Problem(network, Specification(["a", "b"], [formula]))
        agree(problem, z3_answer(script(problem), ("a", "b")))


def and_problem(bias: float = -1.0, names: tuple[str, ...] = ("a", "b")) -> Problem:
    network = Network.from_arrays([np.ones((1, len(names)))], [np.array([bias])])
    quoted = " & ".join(f"`{name}`" for name in names)
    return Problem(network, Specification(list(names), {"y": quoted}))


def test_the_script_says_what_it_is(tmp_path: Path) -> None:
    problem = and_problem()
    path = write_smtlib(problem, tmp_path / "and.smt2")
    lines = path.read_text(encoding="utf-8").splitlines()
    for part, digest in problem.sha256.items():
        assert f";   {part} {digest}" in lines
    assert any(line.startswith("; unsat: ") for line in lines)
    assert any(line.startswith("; sat: ") for line in lines)
    assert lines.count("(set-logic QF_LRA)") == 1
    assert lines[-2:] == ["(check-sat)", "(get-value (|input a| |input b|))"]
    code = [line for line in lines if not line.startswith(";")]
    assert code == [line for line in smtlib_lines(problem) if not line.startswith(";")]


def test_a_tie_with_the_threshold_reads_false() -> None:
    # a + b - 2 = 0 where a and b: not above 0
    assert z3_answer(script(and_problem(-2.0)), ("a", "b")) == "11"
    assert z3_answer(script(and_problem(-1.0)), ("a", "b")) is None


def test_the_verdict_of_the_engines_is_the_same_on_a_trained_shape() -> None:
    generator = np.random.default_rng(5)
    weights = [generator.normal(size=s).astype(np.float32) for s in ((6, 7), (2, 6))]
    network = Network.from_arrays(weights)
    for k in range(4):
        spec = Specification(
            7, ["x0 & x1 | x2", "atleast(3, x3, x4, x5, x6)"], domain=f"exactly {k}"
        )
        problem = Problem(network, spec)
        verdict = check(network, spec)
        point = z3_answer(script(problem), spec.inputs)
        assert (point is None) == verdict.holds


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_names_with_any_character(solver: str) -> None:
    pytest.importorskip(solver)
    names = tuple(AWKWARD)
    answer = z3_answer if solver == "z3" else cvc5_answer
    problem = and_problem(0.5 - len(names), names)
    assert answer(script(problem), names) is None
    one_off = and_problem(1.5 - len(names), names)
    point = answer(script(one_off), names)
    assert point is not None
    assert point.count("0") == 1


@given(st.lists(st.text(max_size=4), min_size=2, max_size=2, unique=True))
def test_symbols_are_legal_and_differ(pair: list[str]) -> None:
    first, second = (symbol("input", name) for name in pair)
    assert first != second
    for text in (first, second):
        assert re.fullmatch(r"\|[^|\\]*\|", text)
        assert text.isprintable()


@given(st.integers(), st.integers(0, 80))
def test_numerals_are_exact(numerator: int, places: int) -> None:
    value = Fraction(numerator, 1 << places)
    text = decimal_numeral(value)
    assert re.fullmatch(r"-?\d+\.\d+", text)
    assert Fraction(text) == value
    assert integer_numeral(numerator) == str(numerator)


def test_numerals_without_a_finite_decimal_are_refused() -> None:
    with pytest.raises(ValueError, match="1/3 is not a dyadic rational"):
        decimal_numeral(Fraction(1, 3))


def test_long_numerals() -> None:
    for value in (10**4000, -(10**9000) - 7, 10**8000 - 1):
        text = integer_numeral(value)
        digits = text.lstrip("-")
        rebuilt = 0
        for start in range(0, len(digits), 1000):
            block = digits[start : start + 1000]
            rebuilt = rebuilt * 10 ** len(block) + int(block)
        assert rebuilt == abs(value)
        assert text.startswith("-") == (value < 0)


@pytest.mark.parametrize(
    ("name", "why"), [("no/such/q.smt2", "No such file or directory"), ("", "Is a directory")]
)
def test_files_that_cannot_be_written(tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / name
    with pytest.raises(InputError) as error:
        write_smtlib(and_problem(), path)
    assert str(error.value) == f"{path}: cannot be written: {why}"


def test_an_empty_domain_that_nobody_noticed_is_unsat() -> None:
    # unsat says that no input of the domain is wrong, which an empty one cannot contradict
    names = [f"x{i}" for i in range(30)]
    spec = Specification(names, ["x0"], domain="where (x0 & ~x0) | (x29 & ~x29)")
    network = Network.from_arrays([np.zeros((1, 30))])
    assert z3_answer(script(Problem(network, spec)), spec.inputs) is None


def test_sparse_layers_are_written_like_dense_ones() -> None:
    weights = [np.array([[1.5, 0.0, -2.0], [0.0, 0.0, 0.0]]), np.array([[1.0, 0.25]])]
    spec = Specification(3, ["x0 & ~x2"], values=[-1, 1])
    dense = Problem(Network.from_arrays(weights), spec)
    sparse = Problem(Network.from_arrays([csr_array(w) for w in weights]), spec)
    # the hash of a network says how it is stored; the rest is the same
    lines = [[line for line in smtlib_lines(p) if "network " not in line] for p in (dense, sparse)]
    assert lines[0] == lines[1]
    agree(dense, z3_answer(script(dense), spec.inputs))


def test_the_difference_of_two_networks() -> None:
    """A question without formulas of its own is a problem like any other."""
    weights = [np.array([[1.0, 1.0]]), np.array([[1.0]])]
    both, either = (Network.from_arrays(weights, [[-b], [0.0]]) for b in (1.0, 0.0))
    spec = Specification(["a", "b"], ["a & b"])
    for other, expected in ((both, set()), (either, {"01", "10"})):
        problem = difference(both, other, spec)
        point = z3_answer(script(problem), spec.inputs)
        assert {point} - {None} <= expected
        assert (point is None) == (not expected)
