"""Problems as VNN-LIB 2.0 queries: satisfiable exactly when some input breaks the specification.

The standard: arXiv 2605.07451. A query declares the shape of a network; the ONNX file itself is
named to the solver when it is run, so it lies beside the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..formula import And
from ..problem import Problem
from ..readout import Argmax, Levels, Threshold
from . import located
from .vnnlib_terms import (
    FALSE,
    MAX_COMPARISONS,
    InputTerms,
    Term,
    compared,
    comparison,
    conjunction,
    disjunction,
    rounds_nothing,
)

if TYPE_CHECKING:
    from ..rounding.number_type import Format

#: Names of the network, its input and its output in the query.
NETWORK, INPUT, OUTPUT = "N", "X", "Y"
#: Element types that a query may declare; with the float types every number is one of theirs.
ELEMENT_TYPES = ("real", "float32", "float64")
#: Seconds that the proof of a float statement may take.
PROOF_SECONDS = 300.0


class Shapes(NamedTuple):
    """Shapes of the network's input and output tensors, and their element type in ONNX."""

    input: tuple[int, ...]
    output: tuple[int, ...]
    element_type: str


@dataclass(frozen=True)
class Written:
    """The files of a query.

    Attributes:
        query: the ``.vnnlib`` file.
        network: the ONNX file that it is about, for ``--network N=FILE`` of a solver.
    """

    query: Path
    network: Path


def write_vnnlib(
    problem: Problem,
    path: str | Path,
    element_type: str = "real",
    *,
    network_file: str | Path | None = None,
) -> Written:
    """Write a VNN-LIB 2.0 query: ``unsat`` exactly when the problem holds.

    Args:
        problem: any network that ONNX can hold, any read-out and domain.
        path: the query; the network is written beside it with the suffix ``.onnx``.
        element_type: ``real``, or ``float32`` or ``float64``, for which execution must be proved
            to read the same bits as the exact function on every input of the domain.
        network_file: the ONNX file that the problem's network was read from. It is named in the
            query and nothing is written beside it, where its shapes are stated and fit.

    Raises:
        InputError: a formula that becomes too long without negation and counting, a float type
            for which nothing is proved, weights that ONNX has no type for, or a file that cannot
            be written; one line that starts with the file's name.
    """
    path = Path(path)
    try:
        return _write(problem, path, element_type, network_file)
    except InputError as error:
        raise located(path, error) from None


def _write(
    problem: Problem, path: Path, element_type: str, network_file: str | Path | None
) -> Written:
    from .onnx import onnx_bytes
    from .storage import network_float

    if not path.name:
        raise InputError("cannot be written: Is a directory")
    network, given = path.with_suffix(".onnx"), None
    if path == network:
        raise InputError("the suffix .onnx is for the network beside the query; use .vnnlib")
    sizes = problem.network.input_size, problem.network.output_size
    if network_file is not None:
        given = onnx_shapes(Path(network_file), *sizes)
        if given is None and network.exists() and network.samefile(network_file):
            raise InputError(f"the network would be written over {network}; choose another name")
    if given is not None and network_file is not None:
        network, shapes, data = Path(network_file), given, None
    else:
        dense = problem.dense.network
        shapes = Shapes((1, sizes[0]), (1, sizes[1]), network_float(dense).name)
        data = onnx_bytes(dense)
    lines = list(vnnlib_lines(problem, shapes, element_type, network.name))
    if element_type != "real":
        _require_same_reading(problem, element_type)
    for file, content in ((network, data), (path, "".join(f"{s}\n" for s in lines).encode())):
        try:
            if content is not None:
                file.write_bytes(content)
        except OSError as error:
            joint = "" if file == path else f"{file.name} beside it "
            raise InputError(f"{joint}cannot be written: {error.strerror or error}") from None
    return Written(path, network)


def vnnlib_lines(
    problem: Problem, shapes: Shapes, element_type: str = "real", file_name: str = ""
) -> Iterator[str]:
    """The lines of the query, without line breaks; whether a float type is right is not asked.

    Raises InputError as :func:`write_vnnlib` does, the proof for float types excepted.
    """
    spec = problem.specification
    terms, storage = _input_terms(problem, shapes, element_type)
    yield "; Does a neural network compute its specification on every input of its domain?"
    yield "; sat: no; the values of X are an input where it does not. unsat: yes, on every one."
    if element_type == "real":
        yield "; All numbers are exact; the network is the rational function of its stored weights."
    else:
        yield f"; Every {element_type} execution was proved to read the same bits as the exact"
        yield "; rational function of the stored weights, in every order of summation."
    yield "; SHA-256 of the canonical problem (superproof export MODEL SPEC.toml --out FILE):"
    for part, digest in problem.sha256.items():
        yield f";   {part} {digest}"
    yield f"; To a solver: verify THIS_FILE --network {NETWORK}={_one_line(file_name)}"
    yield "(vnnlib-version <2.0>)"
    yield f"(declare-network {NETWORK}"
    yield f"  (declare-input {INPUT} {element_type} {_shape(shapes.input)})"
    yield f"  (declare-output {OUTPUT} {element_type} {_shape(shapes.output)})"
    yield ")"
    low, high = min(terms.values), max(terms.values)
    yield f"; each input is {terms.values[0]} for false or {terms.values[1]} for true"
    for i, (name, variable) in enumerate(zip(spec.inputs, terms.variables, strict=True)):
        box = conjunction([compared(">=", variable, low), compared("<=", variable, high)])
        either = disjunction([terms.literal(i, False), terms.literal(i, True)])
        yield f"(assert {box.text}) ; {_one_line(name)}"
        yield f"(assert {either.text})"
    yield f"; the domain: {_one_line(str(spec.domain))}"
    for constraint in _domain(problem, terms):
        yield from _assertion(constraint, terms)
    yield f"; some output is wrong; {spec.readout}"
    values = _variables(OUTPUT, shapes.output)
    wrong: list[Term] = []
    for j, name in enumerate(spec.outputs):
        try:
            wrong += _wrong(problem, j, terms, values, storage)
            violation = disjunction(wrong)
        except InputError as error:
            raise InputError(f"output '{name}': {error}") from None
    yield from _assertion(violation, terms)


def _assertion(term: Term, terms: InputTerms) -> Iterator[str]:
    if term == FALSE:
        # the language has no constants
        first = terms.variables[0]
        yield f"(assert (< {first} {first}))"
    elif term.text is not None:
        yield f"(assert {term.text})"


def _input_terms(
    problem: Problem, shapes: Shapes, element_type: str
) -> tuple[InputTerms, Format | None]:
    """Terms over the inputs and, for a float type, its format."""
    from ..rounding.number_type import number_type

    if element_type not in ELEMENT_TYPES:
        raise InputError(
            f"unknown element type '{element_type}'; use one of {', '.join(ELEMENT_TYPES)}"
        )
    domain = problem.specification.domain
    storage = None
    if element_type != "real":
        storage = number_type(element_type).storage
        if shapes.element_type != element_type:
            raise InputError(
                f"{element_type}: the network's file holds {shapes.element_type}; use the element "
                "type real"
            )
        for value in domain.values:
            if storage.nearest(value) != value:
                raise InputError(
                    f"{element_type}: the input value {value} is no {element_type} number; use "
                    "the element type real"
                )

    def exact_sum(coefficients: Sequence[int]) -> None:
        if storage is None:
            return
        if not rounds_nothing(coefficients, domain.values, storage.precision):
            raise InputError(
                f"{element_type}: a sum of inputs that the domain or a formula counts may be "
                "rounded; use the element type real"
            )

    variables = _variables(INPUT, shapes.input)
    return InputTerms(variables, domain.index, domain.values, exact_sum), storage


def _domain(problem: Problem, terms: InputTerms) -> Iterator[Term]:
    domain = problem.specification.domain
    try:
        constraint = domain.constraint()
        if constraint is not None:
            parts = constraint.parts if isinstance(constraint, And) else (constraint,)
            yield from map(terms.formula, parts)
        if domain.points is not None:
            points = domain.points.astype(bool)
            if points.size > MAX_COMPARISONS:
                raise InputError(
                    f"{len(points):,} listed points of {domain.inputs:,} inputs are more than "
                    f"{MAX_COMPARISONS:,} comparisons; use --smtlib"
                )
            yield disjunction(
                conjunction(terms.literal(i, bool(bit)) for i, bit in enumerate(row))
                for row in points
            )
    except InputError as error:
        raise InputError(f"domain: {error}") from None


def _wrong(
    problem: Problem,
    output: int,
    terms: InputTerms,
    values: Sequence[str],
    storage: Format | None,
) -> list[Term]:
    """The output does not read what its formula says: where that is true, and where false."""
    readout, value = problem.specification.readout, values[output]
    formula = problem.specification.formulas[output]

    def level(relation: str, number: Fraction) -> Term:
        if storage is not None:
            # what the proof is about: an execution compares with the nearest number of its type
            nearest = storage.nearest(number)
            assert nearest is not None  # else it would not have been proved
            number = nearest
        return compared(relation, value, number)

    if isinstance(readout, Argmax):
        others = [other for j, other in enumerate(values) if j != output]
        # a tie for the largest value is wrong on both sides
        if_true = disjunction(comparison("<=", value, other) for other in others)
        if_false = conjunction(comparison(">=", value, other) for other in others)
    elif isinstance(readout, Threshold):
        if_true, if_false = level("<=", readout.threshold), level(">", readout.threshold)
    elif isinstance(readout, Levels):
        if_true, if_false = level("<", readout.true_at_least), level(">", readout.false_at_most)
    else:
        raise TypeError(f"unknown read-out {type(readout).__name__}")
    return [
        conjunction((terms.formula(formula, True), if_true)),
        conjunction((terms.formula(formula, False), if_false)),
    ]


def _require_same_reading(problem: Problem, element_type: str) -> None:
    """Raises InputError unless every execution in the type is proved to read the same bits."""
    from ..check import check

    verdict = check(
        problem.network,
        problem.specification,
        dtypes=[element_type],
        timeout=PROOF_SECONDS,
    )
    execution = next(e for e in verdict.executions if e.dtype == element_type)
    if not execution.guaranteed:
        raise InputError(
            f"{element_type}: an execution may read other bits than the exact function "
            f"({execution.reason}), so this would be another question; use the element type real"
        )


def onnx_shapes(path: Path, inputs: int, outputs: int) -> Shapes | None:
    """The shapes that an ONNX file states, with free dimensions set to 1, or None.

    None when the file is no ONNX file, states no shape, or the sizes do not fit then.
    """
    import onnx

    if path.suffix.lower() != ".onnx":
        return None
    from .onnx_constants import TYPES

    graph = onnx.load_model(path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    sources = [value for value in graph.input if value.name not in constants]
    shapes = []
    for value, size in ((sources[0], inputs), (graph.output[0], outputs)):
        tensor = value.type.tensor_type
        if not tensor.HasField("shape"):
            return None
        shape = tuple(max(d.dim_value, 1) for d in tensor.shape.dim)
        if int(np.prod(shape)) != size:
            return None
        shapes.append(shape)
    kind = TYPES.get(sources[0].type.tensor_type.elem_type)
    return Shapes(shapes[0], shapes[1], "another type" if kind is None else kind.name)


def _variables(name: str, shape: tuple[int, ...]) -> list[str]:
    """The text that refers to each element, in row-major order."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
