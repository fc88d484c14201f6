"""VNN-LIB queries: parsed by the vnnlib package, evaluated, and compared with the oracle."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from superproof.verify.domain import Domain
from superproof.verify.errors import InputError
from superproof.verify.formats import vnnlib as writer
from superproof.verify.formats import vnnlib_terms
from superproof.verify.formats.vnnlib import Shapes, onnx_shapes, vnnlib_lines, write_vnnlib
from superproof.verify.formats.vnnlib_terms import InputTerms, Term, rounds_nothing
from superproof.verify.formula import (
    And,
    AtLeast,
    AtMost,
    Constant,
    Formula,
    Not,
    Or,
    Variable,
    Xor,
)
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels, Threshold
from superproof.verify.specification import Specification

from ... import strategies as own
from ...oracles import fraction_oracle as oracle

#: Element values by tensor and indices, as a solver would assign them.
Assignment = Mapping[tuple[str, tuple[int, ...]], Fraction]
COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "GreaterThan": lambda a, b: a > b,
    "GreaterEqual": lambda a, b: a >= b,
    "LessThan": lambda a, b: a < b,
    "LessEqual": lambda a, b: a <= b,
    "Equal": lambda a, b: a == b,
    "NotEqual": lambda a, b: a != b,
}


def number(node: Any, values: Assignment) -> Fraction:
    """The exact value of a parsed arithmetic expression (literals as written, not as floats)."""
    kind = type(node).__name__
    if kind == "Var":
        return values[node.name, tuple(node.indices)]
    if kind in ("Float", "Int"):
        return Fraction(node.lexeme)
    if kind == "Negate":
        return -number(node.expr, values)
    parts = [number(part, values) for part in node.args]
    if kind == "Plus":
        return sum(parts, Fraction(0))
    assert kind == "Multiply"
    product = Fraction(1)
    for part in parts:
        product *= part
    return product


def holds(node: Any, values: Assignment) -> bool:
    """The value of a parsed Boolean expression."""
    kind = type(node).__name__
    if kind in COMPARE:
        return COMPARE[kind](number(node.lhs, values), number(node.rhs, values))
    assert kind in ("And", "Or")
    return (all if kind == "And" else any)(holds(part, values) for part in node.args)


def readable(problem: Problem) -> bool:
    """Whether the vnnlib package takes the levels: it also converts literals to double."""
    readout = problem.specification.readout
    levels = [v for v in vars(readout).values() if v]
    return all(Fraction(1, 2**900) < abs(v) < 2**900 for v in levels)


def parsed(text: str) -> Any:
    return pytest.importorskip("vnnlib").parse_query_string(text)


def elements(name: str, shape: Sequence[int], flat: Sequence[Fraction]) -> Assignment:
    return {(name, index): v for index, v in zip(np.ndindex(*shape), flat, strict=True)}


def satisfied(query: Any, fed: Sequence[Fraction], out: Sequence[Fraction]) -> bool:
    """Whether the input with these outputs satisfies every assertion."""
    network = query.networks[0]
    values = {
        **elements(network.inputs[0].name, network.inputs[0].shape, fed),
        **elements(network.outputs[0].name, network.outputs[0].shape, out),
    }
    return all(holds(assertion.expr, values) for assertion in query.assertions)


def query_text(problem: Problem, element_type: str = "real", shapes: Shapes | None = None) -> str:
    network = problem.network
    flat = Shapes((1, network.input_size), (1, network.output_size), "float32")
    return "\n".join(vnnlib_lines(problem, shapes or flat, element_type, "network.onnx")) + "\n"


def violating(query: Any, problem: Problem) -> frozenset[str]:
    """Every vector that satisfies the query, found one by one with the oracle's outputs."""
    spec = problem.specification
    found = []
    for bits in itertools.product((False, True), repeat=len(spec.inputs)):
        fed = [spec.domain.values[bit] for bit in bits]
        if satisfied(query, fed, oracle.forward(problem.network, fed)):
            found.append(oracle.text(bits))
    return frozenset(found)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(own.problems(max_inputs=5, max_hidden=2, max_width=3, wild=False))
def test_an_input_satisfies_the_query_exactly_when_it_violates(problem: Problem) -> None:
    assume(readable(problem))
    query = parsed(query_text(problem))
    assert violating(query, problem) == oracle.answer(problem).violating


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(own.problems(max_inputs=4, max_hidden=1), st.data())
def test_no_other_input_satisfies_the_query(problem: Problem, data: st.DataObject) -> None:
    assume(readable(problem))
    query = parsed(query_text(problem))
    spec = problem.specification
    fed = [spec.domain.values[data.draw(st.booleans())] for _ in spec.inputs]
    place = data.draw(st.integers(0, len(fed) - 1))
    low, high = spec.domain.values
    fed[place] += data.draw(st.sampled_from([(high - low) / 2, 3 * (high - low), Fraction(1, 997)]))
    assert not satisfied(query, fed, oracle.forward(problem.network, fed))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(own.loose_domains(("a", "b", "c", "d"), max_parts=4), st.booleans())
def test_domains_of_every_kind(domain: Domain, other_way: bool) -> None:
    if other_way:  # false feeds the larger number
        values = domain.values[::-1]
        domain = Domain(
            domain.names, values, domain.at_least, domain.at_most, domain.balls, domain.one_hot,
            domain.where, domain.points,
        )  # fmt: skip
    if not oracle.members(domain):
        return
    # 0 is never above 0: every input of the domain violates
    network = Network.from_arrays([np.zeros((1, 4))])
    problem = Problem(network, Specification(domain.names, ["true"], domain=domain))
    expected = {oracle.text(bits) for bits in oracle.members(domain)}
    assert violating(parsed(query_text(problem)), problem) == expected


def test_the_files_of_a_query(tmp_path: Path) -> None:
    problem = and_problem()
    written = write_vnnlib(problem, tmp_path / "and.vnnlib")
    assert (written.query, written.network) == (tmp_path / "and.vnnlib", tmp_path / "and.onnx")
    text = written.query.read_text(encoding="utf-8")
    for part, digest in problem.sha256.items():
        assert f";   {part} {digest}\n" in text
    assert "--network N=and.onnx\n" in text
    assert "\n(vnnlib-version <2.0>)\n" in text
    again = Problem(Network.load(written.network), problem.specification)
    assert again.sha256 == problem.sha256
    query = pytest.importorskip("vnnlib").parse_query_file(str(written.query))
    (network,) = query.networks
    assert network.name == "N"
    assert (network.inputs[0].shape, network.outputs[0].shape) == ([1, 2], [1, 1])
    assert str(network.inputs[0].dtype) == str(network.outputs[0].dtype) == "DType.Real"


def test_an_onnx_file_that_exists_is_named(tmp_path: Path) -> None:
    problem = and_problem()
    model = problem.network.save(tmp_path / "mine.onnx")
    before = model.read_bytes()
    written = write_vnnlib(problem, tmp_path / "q.vnnlib", network_file=model)
    assert written.network == model
    assert not (tmp_path / "q.onnx").exists()
    assert model.read_bytes() == before
    assert "--network N=mine.onnx\n" in written.query.read_text(encoding="utf-8")


def reshaped(path: Path, shape: list[Any], out: list[Any]) -> Path:
    """A model that flattens its input first, with stated shapes of any kind."""
    float32 = onnx.TensorProto.FLOAT
    weight = onnx.helper.make_tensor("w", float32, [4, 2], np.arange(8.0))
    nodes = [
        onnx.helper.make_node("Flatten", ["in"], ["flat"], axis=1),
        onnx.helper.make_node("MatMul", ["flat", "w"], ["out"]),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "images",
        [onnx.helper.make_tensor_value_info("in", float32, shape)],
        [onnx.helper.make_tensor_value_info("out", float32, out)],
        [weight],
    )
    onnx.save(onnx.helper.make_model(graph), path)
    return path


def test_the_shape_of_a_given_model_is_declared(tmp_path: Path) -> None:
    model = reshaped(tmp_path / "image.onnx", ["batch", 1, 2, 2], ["batch", 2])
    spec = Specification(4, ["x0 & x3", "~x1"], domain="at most 3")
    problem = Problem(Network.load(model), spec)
    written = write_vnnlib(problem, tmp_path / "q.vnnlib", network_file=model)
    query = parsed(written.query.read_text(encoding="utf-8"))
    assert query.networks[0].inputs[0].shape == [1, 1, 2, 2]
    assert written.network == model
    assert violating(query, problem) == oracle.answer(problem).violating


def test_a_model_whose_shapes_do_not_fit_is_written_again(tmp_path: Path) -> None:
    model = reshaped(tmp_path / "image.onnx", ["batch", 1, 2, 2], ["batch", "classes"])
    assert onnx_shapes(model, 4, 2) is None
    problem = Problem(Network.load(model), Specification(4, ["x0", "x1"]))
    written = write_vnnlib(problem, tmp_path / "q.vnnlib", network_file=model)
    assert written.network == tmp_path / "q.onnx"
    before = model.read_bytes()
    with pytest.raises(InputError, match=r"would be written over .*; choose another name"):
        write_vnnlib(problem, tmp_path / "image.vnnlib", network_file=model)
    assert model.read_bytes() == before


def and_problem(bias: float = -1.0, dtype: type = np.float32, **given: Any) -> Problem:
    weight, offset = np.ones((1, 2), dtype=dtype), np.array([bias], dtype=dtype)
    network = Network.from_arrays([weight], [offset])
    return Problem(network, Specification(["a", "b"], ["a & b"], **given))


def test_a_float_type_that_is_proved(tmp_path: Path) -> None:
    for name, dtype in (("float32", np.float32), ("float64", np.float64)):
        problem = and_problem(dtype=dtype, domain="at most 1", readout=Threshold(Fraction(1, 3)))
        written = write_vnnlib(problem, tmp_path / "q.vnnlib", element_type=name)
        text = written.query.read_text(encoding="utf-8")
        assert f"(declare-input X {name} [1,2])" in text
        assert f"Every {name} execution was proved to read the same bits" in text
        # the level is the nearest number of the type, as an execution compares
        nearest = Fraction(float(np.dtype(dtype).type(1 / 3)))
        (level,) = set(re.findall(r"> Y\[0,0\] ([0-9.]+)", text))
        assert Fraction(level) == nearest
        parsed(text)


def test_a_float_type_that_is_not_proved(tmp_path: Path) -> None:
    # 0.1 + 0.2 + 0.3 - 0.6 in float32: the order of the sum decides on which side of 0 it is
    weight = np.array([[0.1, 0.2, 0.3]], dtype=np.float32)
    bias = -np.array([float(weight.astype(np.float64).sum())], dtype=np.float32)
    network = Network.from_arrays([weight], [bias])
    problem = Problem(network, Specification(3, ["x0 & x1 & x2"]))
    with pytest.raises(InputError) as error:
        write_vnnlib(problem, tmp_path / "q.vnnlib", "float32")
    told = str(error.value)
    assert told.startswith(f"{tmp_path / 'q.vnnlib'}: float32: an execution may read other bits")
    assert "from its level" in told
    assert told.endswith("use the element type real")
    assert "\n" not in told
    assert list(tmp_path.iterdir()) == []


def counting_problem() -> Problem:
    """Counts inputs that feed 2^-20 or 2^20: sums of them need 41 bits."""
    values = [Fraction(1, 1 << 20), 1 << 20]
    spec = Specification(3, ["x0"], domain="exactly 2", values=values)
    return Problem(Network.from_arrays([np.ones((1, 3), dtype=np.float32)]), spec)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (and_problem(dtype=np.float64), "float32: the network's file holds float64; "),
        (and_problem(values=["1/3", "2/3"]), "float32: the input value 1/3 is no float32 number; "),
        (
            counting_problem(),
            "domain: float32: a sum of inputs that the domain or a formula counts may be rounded; ",
        ),
    ],
)
def test_float_types_that_do_not_fit(problem: Problem, told: str, tmp_path: Path) -> None:
    path = tmp_path / "q.vnnlib"
    with pytest.raises(InputError) as error:
        write_vnnlib(problem, path, "float32")
    assert str(error.value) == f"{path}: {told}use the element type real"
    assert list(tmp_path.iterdir()) == []
    write_vnnlib(problem, path, "real")


def test_other_element_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown element type 'float8'; use one of real, float32"):
        write_vnnlib(and_problem(), tmp_path / "q.vnnlib", "float8")


def test_a_formula_that_becomes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"x{i}" for i in range(40))
    pairs = tuple(And((Variable(a), Variable(b))) for a, b in itertools.combinations(names, 2))
    spec = Specification(names, {"half": AtLeast(390, pairs)})
    problem = Problem(Network.from_arrays([np.ones((1, 40))]), spec)
    monkeypatch.setattr(vnnlib_terms, "MAX_COMPARISONS", 20_000)
    with pytest.raises(InputError) as error:
        write_vnnlib(problem, tmp_path / "q.vnnlib")
    assert str(error.value) == (
        f"{tmp_path / 'q.vnnlib'}: output 'half': VNN-LIB has no counting and no names for "
        "subformulas; written out, a formula has more than 20,000 comparisons; use --smtlib"
    )
    assert list(tmp_path.iterdir()) == []
    narrow = Specification(names, ["x0"], domain=Domain(names, where=AtLeast(390, pairs)))
    with pytest.raises(InputError, match=r"q.vnnlib: domain: VNN-LIB has no counting"):
        write_vnnlib(Problem(problem.network, narrow), tmp_path / "q.vnnlib")
    monkeypatch.setattr(writer, "MAX_COMPARISONS", 100)
    listed = Specification(names, ["x0"], domain=Domain(names, points=np.eye(40, dtype=bool)))
    with pytest.raises(InputError, match="40 listed points of 40 inputs are more than 100 compar"):
        write_vnnlib(Problem(problem.network, listed), tmp_path / "q.vnnlib")


def test_parity_and_counts_stay_small() -> None:
    names = tuple(f"x{i}" for i in range(32))
    index = {name: i for i, name in enumerate(names)}
    terms = InputTerms(names, index, (Fraction(0), Fraction(1)), lambda _: None)
    variables = tuple(map(Variable, names))
    assert terms.formula(Xor(variables)).comparisons == 32**2
    assert terms.formula(AtLeast(16, variables)).comparisons == 1
    # nested constants neither grow nor take long
    formula: Formula = variables[0]
    for _ in range(80):
        formula = Xor((formula, Constant(True)))
    assert terms.formula(formula) == terms.formula(variables[0])


def test_constants_need_no_comparison() -> None:
    terms = InputTerms(["X"], {"x": 0}, (Fraction(0), Fraction(1)), lambda _: None)
    true, false = Constant(True), Constant(False)
    x = Variable("x")
    assert terms.formula(Or((x, true))) == Term(None, 1)
    assert terms.formula(And((x, false))) == Term(None, 0)
    assert terms.formula(AtLeast(0, (x,))) == Term(None, 1)
    assert terms.formula(AtLeast(3, (x, Not(x), x, Not(x)))) == Term(None, 0)
    assert terms.formula(AtLeast(1, (false, x))).text == "(== X 1.0)"


@given(
    st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=5),
    st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_sums_said_to_be_exact_are_exact(
    factors: list[int], numerators: tuple[int, int], places: int, random: Any
) -> None:
    """In any order, with a significand of five bits, by emulation."""
    values = tuple(Fraction(n, 1 << places) for n in numerators)

    def rounded(x: Fraction) -> Fraction:
        if x == 0:
            return x
        exponent = 0
        while abs(x) >= Fraction(2) ** (exponent + 1):
            exponent += 1
        while abs(x) < Fraction(2) ** exponent:
            exponent -= 1
        unit = Fraction(2) ** (exponent - 4)
        return round(x / unit) * unit

    assume(all(rounded(value) == value for value in values))
    assume(rounds_nothing(factors, (values[0], values[1]), 5))
    parts = [f * random.choice(values) for f in factors]
    random.shuffle(parts)
    total = Fraction(0)
    for part in parts:
        assert rounded(part) == part
        total = rounded(total + part)
    assert total == sum(parts)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no/q.vnnlib", "q.onnx beside it cannot be written: No such file or directory"),
        ("folder.vnnlib", "cannot be written: Is a directory"),
        ("/", "cannot be written: Is a directory"),
        ("q.onnx", "the suffix .onnx is for the network beside the query; use .vnnlib"),
    ],
)
def test_files_that_cannot_be_written(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "folder.vnnlib").mkdir()
    with pytest.raises(InputError) as error:
        write_vnnlib(and_problem(), tmp_path / name)
    assert str(error.value) == f"{tmp_path / name}: {why}"


def test_weights_that_onnx_cannot_hold(tmp_path: Path) -> None:
    network = Network.from_arrays([np.array([[Fraction(2**60 + 1), Fraction(1)]], dtype=object)])
    with pytest.raises(InputError, match="not every value fits exactly into float32 or float64"):
        write_vnnlib(Problem(network, Specification(2, ["x0"])), tmp_path / "q.vnnlib")


def test_levels_and_awkward_numbers() -> None:
    readout = Levels(Fraction(2, 3), Fraction(-1, 7))
    problem = and_problem(readout=readout, values=[Fraction(-1, 3), Fraction(5, 7)])
    text = query_text(problem)
    assert "(< (* 3.0 Y[0,0]) 2.0)" in text
    assert "(> (* 7.0 Y[0,0]) -1.0)" in text
    assert "(== (* 3.0 X[0,0]) -1.0) (== (* 7.0 X[0,0]) 5.0)" in text
    assert violating(parsed(text), problem) == oracle.answer(problem).violating


def test_sparse_layers_are_written_as_dense_onnx(tmp_path: Path) -> None:
    weight = np.array([[1.5, 0.0, -2.0]])
    spec = Specification(3, ["x0 & ~x2"])
    written = write_vnnlib(
        Problem(Network.from_arrays([csr_array(weight)]), spec), tmp_path / "q.vnnlib"
    )
    assert (Network.load(written.network).layers[0].weight == weight).all()


@pytest.mark.parametrize("kind", [AtLeast, AtMost])
def test_counts_of_formulas_and_inputs(kind: type[AtLeast] | type[AtMost]) -> None:
    names = ("a", "b", "c", "d")
    a, b, c, d = map(Variable, names)
    parts = (And((a, b)), a, Or((a, c)), And((c, d)), Not(d), Xor((b, d)))
    network = Network.from_arrays([np.zeros((1, 4))])
    for count in range(len(parts) + 1):
        problem = Problem(network, Specification(names, [kind(count, parts)]))
        query = parsed(query_text(problem))
        assert violating(query, problem) == oracle.answer(problem).violating
