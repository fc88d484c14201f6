"""Specifications: names, formulas and read-outs, and the errors of each."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from superproof.verify.domain import Domain
from superproof.verify.errors import InputError
from superproof.verify.formula import Variable
from superproof.verify.readout import Argmax, Levels, Threshold
from superproof.verify.specification import Specification


def test_names_by_number_and_outputs_by_position() -> None:
    specification = Specification(3, ["x0", Variable("x2")])
    assert specification.inputs == ("x0", "x1", "x2")
    assert specification.outputs == ("y0", "y1")
    assert [str(f) for f in specification.formulas] == ["x0", "x2"]
    assert specification.readout == Threshold(Fraction(0))
    assert specification.domain.is_all


def test_named_outputs_keep_their_order() -> None:
    specification = Specification(["b", "a"], {"z": "a", "y": "b & a"}, domain="at most 1")
    assert specification.outputs == ("z", "y")
    points = np.array([[1, 0], [0, 1], [1, 1]])
    assert specification.expected(points).tolist() == [[False, False], [True, False], [True, True]]
    assert repr(specification) == (
        "Specification(2 inputs, 2 outputs, domain at most 1, true above 0)"
    )


def test_display_escapes_names() -> None:
    html = Specification(["<b>"], {"<y>": "`<b>` & true"})._repr_html_()
    assert "<b>" not in html
    assert "&lt;y&gt;" in html


@pytest.mark.parametrize(
    ("readout", "expected"),
    [
        (0, Threshold(Fraction(0))),
        (0.5, Threshold(Fraction(1, 2))),
        ("1/3", Threshold(Fraction(1, 3))),
        (Threshold(Fraction(2)), Threshold(Fraction(2))),
        (Levels(Fraction(3, 4), Fraction(1, 4)), Levels(Fraction(3, 4), Fraction(1, 4))),
        ("argmax", Argmax()),
        (Argmax(), Argmax()),
    ],
    ids=str,
)
def test_readouts(readout: Any, expected: Any) -> None:
    specification = Specification(1, ["x0", "~x0"], readout=readout)
    assert specification.readout == expected
    assert specification.canonical()["readout"] == expected.canonical()


def test_levels_given_as_floats_become_exact() -> None:
    """A float left in a read-out would round every margin."""
    readout = Specification(1, ["x0"], readout=Levels(0.1, -0.1)).readout  # type: ignore[arg-type]
    assert isinstance(readout, Levels)
    assert (readout.true_at_least, readout.false_at_most) == (Fraction(0.1), Fraction(-0.1))
    assert isinstance(readout.true_at_least, Fraction)
    threshold = Specification(1, ["x0"], readout=Threshold(0.1)).readout  # type: ignore[arg-type]
    assert isinstance(threshold, Threshold)
    assert isinstance(threshold.threshold, Fraction)


def test_values_reach_the_domain() -> None:
    assert Specification(1, ["x0"], values=[-1, 1]).domain.values == (-1, 1)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, ["true"]), {}, "inputs: a network needs at least one input, not 0"),
        ((-1, ["true"]), {}, "inputs: a network needs at least one input, not -1"),
        ((True, ["true"]), {}, "inputs: give a list of names or a number of inputs"),
        (("abc", ["true"]), {}, "inputs: give a list of names or a number of inputs"),
        (([], ["true"]), {}, "inputs: the list of names is empty"),
        ((["a", "a"], ["a"]), {}, "inputs: the name 'a' is used twice"),
        ((["a", ""], ["a"]), {}, "inputs: '' is not a usable name"),
        ((["a", 3], ["a"]), {}, "inputs: 3 is not a usable name"),
        ((["a`b"], ["true"]), {}, "inputs: 'a`b' is not a usable name"),
        ((1, []), {}, "outputs: a specification needs at least one output"),
        ((1, {}), {}, "outputs: a specification needs at least one output"),
        ((1, "x0"), {}, "outputs: expected a table of formulas, found one text"),
        ((1, {"y": "x0 &"}), {}, "output 'y': formula 'x0 &', column 5: expected an input name"),
        ((1, {"y": 3}), {}, "output 'y': a formula must be text, not int"),
        ((["alpha"], {"y": "~alpah"}), {}, "unknown input 'alpah'; did you mean 'alpha'?"),
        ((1, {"y": "zzz"}), {}, "output 'y': formula 'zzz', column 1: unknown input 'zzz'"),
        ((1, ["x0"]), {"readout": "argmax"}, "readout: argmax needs at least two outputs"),
        ((1, ["x0"]), {"readout": "max"}, "readout: threshold: 'max' is not a finite number"),
        ((1, ["x0"]), {"readout": float("nan")}, "readout: threshold: nan is not a finite number"),
        ((1, ["x0"]), {"readout": True}, "readout: threshold: expected a number, found True"),
        (
            (1, ["x0"]),
            {"readout": Levels(Fraction(1, 4), Fraction(3, 4))},
            "readout: false_at_most (3/4) must be below true_at_least (1/4)",
        ),
        (
            (1, ["x0"]),
            {"readout": Levels(Fraction(1), Fraction(1))},
            "readout: false_at_most (1) must be below true_at_least (1)",
        ),
        (
            (1, ["x0"]),
            {"readout": Levels(float("inf"), Fraction(1))},  # type: ignore[arg-type]
            "readout: true_at_least: inf is not a finite number",
        ),
        ((2, ["x0"]), {"domain": "at most 3"}, "domain: 'at most 3' is out of range"),
        ((2, ["x0"]), {"domain": "where false"}, "domain: empty, no input satisfies"),
        ((1, ["x0"]), {"domain": Domain(("a",))}, "domain: it was made for other input names"),
        (
            (1, ["x0"]),
            {"domain": Domain(("x0",)), "values": [0, 2]},
            "values: the domain given already states them",
        ),
        ((1, ["x0"]), {"values": [0]}, "domain: values needs two numbers"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_errors(arguments: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Specification(*arguments, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_canonical_data_uses_positions() -> None:
    specification = Specification(["b", "a"], {"y": "a | b & true"})
    assert specification.canonical() == {
        "inputs": ["b", "a"],
        "outputs": ["y"],
        "formulas": [["or", 1, ["and", 0, True]]],
        "readout": {"kind": "threshold", "threshold": "0"},
    }
