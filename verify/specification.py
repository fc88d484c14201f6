"""Specifications: what each output should compute, how it is read, and on which inputs."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .bitprogram import BitProgram
from .domain import Domain, canonical_formula
from .domain_notation import parse_domain, rational
from .errors import InputError
from .family import Family, MemberFormulas, Numbered
from .formula import Formula
from .grammar import parse_formula, require_known
from .readout import Argmax, Levels, Readout, Threshold
from .verdict_text import amount

#: Outputs that the HTML form lists.
SHOWN = 20


class Specification:
    """One formula an output over named inputs, or a family of them, a read-out and a domain.

    Args:
        inputs: input names, or a number n for x0 .. x(n-1).
        outputs: formula (text or Formula) of each named output; a sequence of formulas is
            named y0, y1, ...; None for each formula names outputs of which nothing is said, for
            questions that need no formulas.
        family: instead of ``outputs``, for many outputs of one kind, named y0, y1, ...; the
            attributes ``outputs`` and ``formulas`` are then sequences that make names and
            formulas on demand.
        domain: see :func:`superproof.verify.domain_notation.parse_domain`; default all inputs.
        readout: a Readout, ``"argmax"``, or a number: the threshold above which an output
            reads true (default 0).
        values: what a false and a true input feed to the network, default (0, 1).

    Raises:
        InputError: names that are repeated or unknown, formulas with syntax errors (with the
            column), an empty domain, no outputs, a family with members that are no inputs.

    Example:
        >>> Specification(["a", "b"], {"y0": "a & b"}, domain="at most 2")
        Specification(2 inputs, 1 output, domain all, true above 0)
    """

    def __init__(
        self,
        inputs: int | Sequence[str],
        outputs: Mapping[str, str | Formula]
        | Mapping[str, None]
        | Sequence[str | Formula]
        | None = None,
        *,
        family: Family | None = None,
        domain: Any = None,
        readout: Readout | str | float = 0,
        values: Any = None,
    ) -> None:
        self.inputs = _input_names(inputs)
        if (outputs is None) == (family is None):
            raise InputError("outputs: give either a formula for each output or a family")
        self.family = family
        self.outputs: Sequence[str]
        self.formulas: Sequence[Formula]
        if family is not None:
            family.require_inputs(len(self.inputs))
            self.outputs = Numbered("y", family.outputs)
            self.formulas = MemberFormulas(family, self.inputs)
        elif outputs is not None:
            self._read_outputs(outputs)
        self.readout = _readout(readout)
        if isinstance(self.readout, Argmax) and len(self.outputs) < 2:
            raise InputError("readout: argmax needs at least two outputs")
        if isinstance(domain, Domain):
            if domain.names != self.inputs:
                raise InputError("domain: it was made for other input names")
            if values is not None:
                raise InputError("values: the domain given already states them")
            if domain.is_empty():
                raise InputError(f"domain: empty, no input satisfies '{domain}'")
            self.domain = domain
        else:
            self.domain = parse_domain(domain, self.inputs, values)

    def _read_outputs(
        self,
        outputs: Mapping[str, str | Formula] | Mapping[str, None] | Sequence[str | Formula],
    ) -> None:
        if not isinstance(outputs, Mapping):
            if isinstance(outputs, str):
                raise InputError("outputs: expected a table of formulas, found one text")
            outputs = {f"y{i}": formula for i, formula in enumerate(outputs)}
        if not outputs:
            raise InputError("outputs: a specification needs at least one output")
        self.outputs = tuple(outputs)
        for name in self.outputs:
            if isinstance(name, str) and not _usable(name):
                raise InputError(f"outputs: {name!r} is not a usable name")
        if all(formula is None for formula in outputs.values()):
            self.formulas = ()
            return
        self.formulas = tuple(self._formula(name, text) for name, text in outputs.items())

    def require_formulas(self) -> None:
        """Raise InputError where the outputs are only named."""
        if not self.formulas:
            raise InputError(
                "outputs: a list of names says nothing to check; write a table: [outputs] with "
                'lines such as y0 = "a & b"'
            )

    @classmethod
    def load(cls, path: str | Path) -> Specification:
        """Read a TOML file. Raises InputError naming the file, the key and the mend."""
        from .formats.toml import read_specification

        return read_specification(Path(path))

    def save(self, path: str | Path) -> Path:
        """Write the TOML file that :meth:`load` reads back, a family's members beside it."""
        from .formats.toml import write_specification

        return write_specification(self, Path(path))

    def _formula(self, name: str, text: str | Formula | None) -> Formula:
        try:
            if text is None:
                raise InputError("it has no formula, and others have one")
            if not isinstance(text, Formula):
                return parse_formula(text, self._known_inputs)
            require_known(text, self._known_inputs)
        except InputError as error:
            raise InputError(f"output '{name}': {error}") from None
        return text

    def read_by(self, readout: Readout | str | float) -> Specification:
        """The same specification with another read-out."""
        other = copy.copy(self)
        other.readout = _readout(readout)
        return other

    @cached_property
    def _known_inputs(self) -> frozenset[str]:
        return frozenset(self.inputs)

    @cached_property
    def program(self) -> BitProgram:
        """The formulas as one bit-parallel program, one result an output."""
        return BitProgram.compile(self.formulas, self.domain.index)

    def expected(self, points: np.ndarray) -> np.ndarray:
        """What the formulas say on a 0/1 matrix (points, inputs): Booleans (points, outputs)."""
        if self.family is not None:
            return self.family.expected(points)
        return self.program.run_points(points)

    def canonical(self) -> dict[str, Any]:
        """Names, formulas in prefix form (or the family) and read-out as plain JSON data."""
        data: dict[str, Any] = {"inputs": list(self.inputs), "readout": self.readout.canonical()}
        if self.family is not None:
            return data | {"family": self.family.canonical()}
        data["outputs"] = list(self.outputs)
        data["formulas"] = [canonical_formula(f, self.domain.index) for f in self.formulas]
        return data

    def __repr__(self) -> str:
        return (
            f"Specification({amount(len(self.inputs), 'input')}, "
            f"{amount(len(self.outputs), 'output')}, "
            f"domain {self.domain}, {self.readout})"
        )

    def _repr_html_(self) -> str:
        import html

        blank = [""] * min(len(self.outputs), SHOWN)
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td><code>{html.escape(str(f))}</code></td></tr>"
            for name, f in zip(self.outputs[:SHOWN], self.formulas[:SHOWN] or blank, strict=True)
        )
        hidden = len(self.outputs) - SHOWN
        more = f"<p>and {amount(hidden, 'more output')}</p>" if hidden > 0 else ""
        return (
            f"<table><tr><th>output</th><th>formula</th></tr>{rows}</table>{more}"
            f"<p>domain: {html.escape(str(self.domain))}; {self.readout}</p>"
        )


def _input_names(inputs: int | Sequence[str]) -> tuple[str, ...]:
    if isinstance(inputs, bool) or not isinstance(inputs, int | list | tuple):
        raise InputError("inputs: give a list of names or a number of inputs")
    if isinstance(inputs, int):
        if inputs < 1:
            raise InputError(f"inputs: a network needs at least one input, not {inputs}")
        return tuple(f"x{i}" for i in range(inputs))
    names = tuple(inputs)
    if not names:
        raise InputError("inputs: the list of names is empty")
    for name in names:
        if not isinstance(name, str) or not _usable(name) or "`" in name:
            raise InputError(f"inputs: {name!r} is not a usable name")
    if len(set(names)) < len(names):
        counts = Counter(names)
        repeated = next(name for name in names if counts[name] > 1)
        raise InputError(f"inputs: the name '{repeated}' is used twice")
    return names


def _usable(name: str) -> bool:
    """True for names that are not empty and stay on one line."""
    return bool(name.strip()) and name.splitlines() == [name]


def _readout(readout: Readout | str | float) -> Readout:
    if isinstance(readout, Levels):
        # floats become exact rationals here: a float in a margin would round it
        true = rational(readout.true_at_least, "readout: true_at_least")
        false = rational(readout.false_at_most, "readout: false_at_most")
        if false >= true:
            raise InputError(
                f"readout: false_at_most ({false}) must be below true_at_least ({true})"
            )
        return Levels(true, false)
    if isinstance(readout, Threshold):
        return Threshold(rational(readout.threshold, "readout: threshold"))
    if isinstance(readout, Readout):
        return readout
    if readout == "argmax":
        return Argmax()
    return Threshold(rational(readout, "readout: threshold"))
