"""Bounds as objects, and the counting and concentration arguments behind them.

The public names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:
    from .bound import Bound, Condition, Monotone
    from .catalog import BOUNDS, Row, lookup, subjects, table, tasks
    from .claims import Claim, read_claims
    from .concentration import plain_code_density, plain_code_neurons
    from .counting import (
        Cardinality,
        labelled_distinct_ands,
        neurons_free,
        neurons_square,
        permutations,
        relevant_ands,
    )
    from .enclosure import Enclosure
    from .errors import RegimeError, TheoryError
    from .parameters import PARAMETERS, Parameter

__all__ = [
    "BOUNDS",
    "PARAMETERS",
    "Bound",
    "Cardinality",
    "Claim",
    "Condition",
    "Enclosure",
    "Monotone",
    "Parameter",
    "RegimeError",
    "Row",
    "TheoryError",
    "labelled_distinct_ands",
    "lookup",
    "neurons_free",
    "neurons_square",
    "permutations",
    "plain_code_density",
    "plain_code_neurons",
    "read_claims",
    "relevant_ands",
    "subjects",
    "table",
    "tasks",
]

#: The file in which each public name lives.
_HOMES = {
    name: home
    for home, names in {
        "bound": ("Bound", "Condition", "Monotone"),
        "errors": ("RegimeError", "TheoryError"),
        "catalog": ("BOUNDS", "Row", "lookup", "subjects", "table", "tasks"),
        "claims": ("Claim", "read_claims"),
        "concentration": ("plain_code_density", "plain_code_neurons"),
        "counting": (
            "Cardinality",
            "labelled_distinct_ands",
            "neurons_free",
            "neurons_square",
            "permutations",
            "relevant_ands",
        ),
        "enclosure": ("Enclosure",),
        "parameters": ("PARAMETERS", "Parameter"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> _Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(_import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
